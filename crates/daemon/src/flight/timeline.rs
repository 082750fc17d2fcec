//! The timeline of attempts for a person: what happened, and how long each phase took.

use lapwing_core::attempt::{AttemptId, Cause, Difference, Entry, Phase, Record};
use lapwing_core::{Duration, Instant};
use std::fmt::Write;

/// The width of the longest bar, in characters.
const BAR: u128 = 40;

/// Why an attempt was begun, in words.
#[must_use]
pub const fn cause(cause: &Cause) -> &'static str {
    match cause {
        Cause::Asked => "asked for",
        Cause::Automatic => "by itself",
        Cause::Lost => "after a loss",
        Cause::Retry(difference) => match difference {
            Difference::WithoutPmksa => "again, without the cached key",
            Difference::OtherAccessPoint => "again, with another access point",
            Difference::FreshScan => "again, after a fresh scan",
            Difference::AfterFarewell => "again, after saying goodbye",
            Difference::FewerLinks => "again, with one link",
            Difference::WithoutLinks => "again, without multi-link operation",
            Difference::Later => "again, some time later",
        },
    }
}

/// A table for each attempt in these records: its phases with their durations, and how it ended.
///
/// ```text
/// attempt 1: "home", by itself
///   scan            33.1 ms  ######################
///   authenticate    11.9 ms  ########
///   …
///   online after    58.7 ms
/// ```
#[must_use]
pub fn render(records: &[Record]) -> String {
    let mut attempts: Vec<AttemptId> = Vec::new();
    for attempt in records.iter().filter_map(|record| record.attempt) {
        if !attempts.contains(&attempt) {
            attempts.push(attempt);
        }
    }
    let mut text = String::new();
    for attempt in attempts {
        let of_attempt: Vec<_> = records.iter().filter(|record| record.attempt == Some(attempt)).collect();
        render_attempt(&mut text, attempt, &of_attempt);
    }
    text
}

/// A phase and when it was entered and left.
struct Span {
    phase: Phase,
    from: Instant,
    to: Option<Instant>,
}

impl Span {
    fn duration(&self) -> Duration {
        self.to.map(|to| to.since(self.from)).unwrap_or_default()
    }
}

fn render_attempt(text: &mut String, attempt: AttemptId, records: &[&Record]) {
    let Some(first) = records.first() else { return };
    let mut spans: Vec<Span> = Vec::new();
    let mut ending = None;
    let mut title = format!("{attempt}");
    for record in records {
        match &record.entry {
            Entry::Began { ssid, cause: why } => title = format!("{attempt}: \"{ssid}\", {}", cause(why)),
            Entry::Entered(phase) => {
                leave(&mut spans, record.at);
                spans.push(Span { phase: *phase, from: record.at, to: None });
            }
            Entry::Failed(failure) => {
                leave(&mut spans, record.at);
                ending = Some((record.at, format!("failed: {failure}. {}", failure.next_step())));
            }
            Entry::Ended(failure) => {
                leave(&mut spans, record.at);
                ending = Some((record.at, format!("ended: {failure}")));
            }
            Entry::Scanning { .. }
            | Entry::Judged(_)
            | Entry::Chosen { .. }
            | Entry::Asked { .. }
            | Entry::Refused { .. }
            | Entry::Answered { .. }
            | Entry::Handshake(_)
            | Entry::Ignored(_)
            | Entry::Farewell { .. }
            | Entry::Link { .. }
            | Entry::Links { .. }
            | Entry::Rekeyed(_)
            | Entry::Configuration(_) => {}
        }
    }
    // Writing into a text does not fail.
    let _done = writeln!(text, "{title}");
    let online = spans.iter().find(|span| span.phase == Phase::Online).map(|span| span.from);
    spans.retain(|span| span.phase != Phase::Online && span.to.is_some());
    let longest = spans.iter().map(Span::duration).max().unwrap_or_default().as_micros().max(1);
    for span in &spans {
        let micros = span.duration().as_micros();
        // Rounded up, so that a phase that took any time at all has a mark.
        let length = usize::try_from((micros.saturating_mul(BAR)).div_ceil(longest)).unwrap_or(0);
        let bar = "#".repeat(length);
        let row = format!("  {:<14}{:>9}  {bar}", span.phase.name(), milliseconds(span.duration()));
        let _done = writeln!(text, "{}", row.trim_end());
    }
    if let Some(online) = online {
        let _done = writeln!(text, "  {:<14}{:>9}", "online after", milliseconds(online.since(first.at)));
    }
    if let Some((at, how)) = ending {
        let _done = writeln!(text, "  after {}: {how}", milliseconds(at.since(first.at)));
    }
}

/// The phase that was entered last ends here, unless it has ended.
fn leave(spans: &mut [Span], at: Instant) {
    if let Some(span) = spans.last_mut() {
        span.to.get_or_insert(at);
    }
}

/// A duration as people compare them: milliseconds, and seconds from ten on.
#[must_use]
pub fn milliseconds(duration: Duration) -> String {
    let micros = duration.as_micros();
    if duration >= Duration::from_secs(10) {
        format!("{}.{} s", duration.as_secs(), duration.subsec_millis() / 100)
    } else {
        format!("{}.{} ms", micros / 1000, micros % 1000 / 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lapwing_core::failure::{Code, Failure};
    use lapwing_frames::Ssid;

    fn record(attempt: u32, micros: u64, entry: Entry) -> Record {
        let at = Instant::after_start(Duration::from_micros(5_000_000 + micros));
        Record { at, attempt: Some(AttemptId(attempt)), entry }
    }

    fn began(attempt: u32, cause: Cause) -> Record {
        record(attempt, 0, Entry::Began { ssid: Ssid::new(b"home\x1b").unwrap(), cause })
    }

    #[test]
    fn a_connection() {
        let records = [
            began(1, Cause::Automatic),
            record(1, 0, Entry::Entered(Phase::Scan)),
            record(1, 33_100, Entry::Entered(Phase::Select)),
            record(1, 33_110, Entry::Entered(Phase::Authenticate)),
            record(1, 40_000, Entry::Handshake("commit")),
            record(1, 45_060, Entry::Entered(Phase::Associate)),
            record(1, 47_060, Entry::Entered(Phase::Handshake)),
            record(1, 52_060, Entry::Entered(Phase::Secure)),
            record(1, 53_060, Entry::Entered(Phase::Address)),
            record(1, 12_053_060, Entry::Entered(Phase::Online)),
        ];
        let expected = "\
attempt 1: \"home\\u{1b}\", by itself
  scan            33.1 ms  #
  select           0.0 ms  #
  authenticate    11.9 ms  #
  associate        2.0 ms  #
  handshake        5.0 ms  #
  secure           1.0 ms  #
  address          12.0 s  ########################################
  online after     12.0 s
";
        assert_eq!(render(&records), expected);
    }

    #[test]
    fn a_failure_and_the_next_attempt() {
        let failure = Failure { phase: Phase::Authenticate, code: Code::WrongPassword };
        let records = [
            began(4, Cause::Asked),
            record(4, 0, Entry::Entered(Phase::Authenticate)),
            record(4, 20_000, Entry::Failed(failure.clone())),
            began(5, Cause::Retry(Difference::FreshScan)),
            record(5, 30_000, Entry::Entered(Phase::Scan)),
            record(5, 35_000, Entry::Entered(Phase::Online)),
            record(5, 99_000, Entry::Ended(Failure { phase: Phase::Online, code: Code::Asked })),
        ];
        let expected = "\
attempt 4: \"home\\u{1b}\", asked for
  authenticate    20.0 ms  ########################################
  after 20.0 ms: failed: the passphrase is wrong. Enter the passphrase again.
attempt 5: \"home\\u{1b}\", again, after a fresh scan
  scan             5.0 ms  ########################################
  online after    35.0 ms
  after 99.0 ms: ended: it was asked for
";
        assert_eq!(render(&records), expected);
        assert_eq!(render(&[]), "");
    }
}
