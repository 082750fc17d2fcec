//! When a message is sent again (RFC 8415 15 and 7.6).

use lapwing_core::entropy::random;
use lapwing_core::{Duration, Entropy, Instant};

/// How a kind of message is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    /// The first wait (IRT).
    pub(super) first: Duration,
    /// The longest wait (MRT).
    pub(super) longest: Duration,
    /// How often it is sent at most (MRC).
    pub(super) most: Option<u32>,
    /// How long after the first the last wait is over (MRD).
    pub(super) lasts: Option<Duration>,
    /// Whether the first wait is no shorter than it is said to be: what is heard in it is compared (RFC 8415 18.2.1).
    pub(super) collects: bool,
}

/// A message that is repeated until it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exchange {
    pace: Pace,
    /// Drawn with the first message.
    transaction: Option<[u8; 3]>,
    began: Instant,
    sent: u32,
    /// The wait after the last message (RT).
    wait: Duration,
    next: Instant,
}

impl Pace {
    pub(super) const fn new(first: u64, longest: u64) -> Self {
        let (first, longest) = (Duration::from_secs(first), Duration::from_secs(longest));
        Self { first, longest, most: None, lasts: None, collects: false }
    }
}

impl Exchange {
    /// One that is to begin now.
    pub(super) const fn new(now: Instant, pace: Pace) -> Self {
        Self { pace, transaction: None, began: now, sent: 0, wait: Duration::ZERO, next: now }
    }

    /// When the next message is due, or the exchange is over.
    pub(super) const fn next(&self) -> Instant {
        self.next
    }

    /// How many messages were sent.
    pub(super) const fn sent(&self) -> u32 {
        self.sent
    }

    /// Whether a message with this transaction belongs to it.
    pub(super) fn is_of(&self, transaction: [u8; 3]) -> bool {
        self.transaction == Some(transaction)
    }

    /// Whether it is repeated no more.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        let often = self.pace.most.is_some_and(|most| self.sent >= most);
        let long = self.pace.lasts.is_some_and(|lasts| now >= self.began + lasts);
        self.sent > 0 && (often || long)
    }

    /// A message is sent now: its transaction, and for how long we have been at it, in hundredths of a second.
    pub(super) fn send(&mut self, now: Instant, entropy: &mut dyn Entropy) -> ([u8; 3], u16) {
        let transaction = *self.transaction.get_or_insert_with(|| random(&mut *entropy));
        if self.sent == 0 {
            self.began = now;
        }
        let [chance] = random(&mut *entropy);
        self.wait = if self.sent == 0 {
            let first = self.pace.first;
            // Strictly more than it, where it has to be.
            if self.pace.collects {
                first + first * u32::from(chance).saturating_add(1) / 2560
            } else {
                near(first, chance)
            }
        } else {
            let doubled = self.wait + near(self.wait, chance);
            if doubled > self.pace.longest { near(self.pace.longest, chance) } else { doubled }
        };
        self.sent = self.sent.saturating_add(1);
        self.next = now + self.wait;
        if let Some(lasts) = self.pace.lasts {
            self.next = self.next.min(self.began + lasts);
        }
        let elapsed = now.since(self.began).as_millis() / 10;
        (transaction, u16::try_from(elapsed).unwrap_or(u16::MAX))
    }
}

/// A tenth more or less.
fn near(wait: Duration, chance: u8) -> Duration {
    wait - wait / 10 + wait * u32::from(chance) / 1275
}

#[cfg(test)]
mod tests {
    use super::*;
    use lapwing_core::entropy::SeededEntropy;

    const NOW: Instant = Instant::after_start(Duration::from_secs(100));

    /// The waits of an exchange that nobody answers.
    fn waits(pace: Pace, seed: u64) -> Vec<Duration> {
        let (mut exchange, mut entropy) = (Exchange::new(NOW, pace), SeededEntropy(seed));
        let mut now = NOW;
        let mut waits = Vec::new();
        while !exchange.is_over(now) && waits.len() < 30 {
            exchange.send(now, &mut entropy);
            waits.push(exchange.next().since(now));
            now = exchange.next();
        }
        waits
    }

    #[test]
    fn waits_double_up_to_the_longest_and_are_never_quite_the_same() {
        for seed in 0..200 {
            let waits = waits(Pace { collects: true, ..Pace::new(1, 120) }, seed);
            let first = waits[0].as_micros();
            assert!(first > 1_000_000 && first <= 1_100_000, "{waits:?}");
            for pair in waits.windows(2) {
                let doubles =
                    pair[0] * 19 / 10 <= pair[1] && pair[1] <= pair[0] * 21 / 10 + Duration::from_millis(1);
                let at_most = (108_000..=132_000).contains(&pair[1].as_millis());
                assert!(doubles || at_most, "{waits:?}");
            }
            assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(132)));
        }
    }

    #[test]
    fn it_ends_after_a_count_or_a_time() {
        for seed in 0..200 {
            assert_eq!(waits(Pace { most: Some(4), ..Pace::new(1, 30) }, seed).len(), 4);
            let lasts = Duration::from_secs(10);
            let waits = waits(Pace { lasts: Some(lasts), ..Pace::new(1, 4) }, seed);
            assert_eq!(waits.iter().sum::<Duration>(), lasts, "{waits:?}");
        }
    }

    #[test]
    fn a_transaction_stays_and_the_time_counts() {
        let mut exchange = Exchange::new(NOW, Pace::new(1, 30));
        let mut entropy = SeededEntropy(1);
        let later = NOW + Duration::from_secs(3);
        let (first, elapsed) = exchange.send(later, &mut entropy);
        assert_eq!(elapsed, 0, "it begins with the first message");
        assert!(exchange.is_of(first) && !exchange.is_of([0; 3]));
        assert_eq!(exchange.send(later + Duration::from_millis(1234), &mut entropy), (first, 123));
        assert_eq!(exchange.send(later + Duration::from_secs(4000), &mut entropy), (first, u16::MAX));
    }
}
