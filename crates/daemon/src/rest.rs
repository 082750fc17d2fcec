//! When much has been done and nothing more comes: the moment to give back what that took.

use lapwing_core::{Duration, Instant};

/// Rounds of hearing and telling that are much. A scan takes four and a connection thirty; a look at the signal takes
/// two, so that every other one is followed by a rest.
const MUCH: u32 = 4;
/// Quiet for so long is a pause: longer than any answer takes that is waited for.
const PAUSE: Duration = Duration::from_millis(500);

/// Counts what the loop does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// All is given back, and nothing has been done since.
    Rested,
    /// So many rounds since, and when the last was.
    Working { rounds: u32, last: Instant },
}

impl Rest {
    /// Much was done until now.
    pub(crate) const fn after_much(now: Instant) -> Self {
        Self::Working { rounds: MUCH, last: now }
    }

    /// So many rounds were made.
    pub(crate) fn turn(&mut self, now: Instant, count: u32) {
        let before = match *self {
            Self::Working { rounds, .. } => rounds,
            Self::Rested => 0,
        };
        *self = Self::Working { rounds: before.saturating_add(count), last: now };
    }

    /// When to give back, if nothing more comes.
    pub(crate) fn due(&self) -> Option<Instant> {
        match *self {
            Self::Working { rounds: MUCH.., last } => Some(last + PAUSE),
            Self::Working { .. } | Self::Rested => None,
        }
    }

    /// Whether it is time; then it is taken for done.
    pub(crate) fn is_due(&mut self, now: Instant) -> bool {
        let is_due = self.due().is_some_and(|due| due <= now);
        if is_due {
            *self = Self::Rested;
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: Instant = Instant::after_start(Duration::from_secs(7));

    fn after(rest: &mut Rest, rounds: u32, apart: Duration) -> Instant {
        (0..rounds).fold(BEGIN, |now, _| {
            rest.turn(now, 1);
            now + apart
        })
    }

    #[test]
    fn much_is_followed_by_one_rest() {
        let mut rest = Rest::Rested;
        let end = after(&mut rest, MUCH, PAUSE / 2);
        let due = rest.due().unwrap();
        assert_eq!(due, end + PAUSE / 2);
        assert!(!rest.is_due(end));
        assert!(rest.is_due(due));
        assert_eq!((rest, rest.due()), (Rest::Rested, None));
        assert!(!rest.is_due(due + PAUSE));
    }

    #[test]
    fn little_is_not_worth_it_until_it_has_become_much() {
        let mut rest = Rest::Rested;
        let end = after(&mut rest, MUCH - 1, 10 * PAUSE);
        assert_eq!(rest.due(), None);
        rest.turn(end, 1);
        assert_eq!(rest.due(), Some(end + PAUSE));
    }

    #[test]
    fn a_rest_that_something_came_before_is_put_off_not_lost() {
        let mut rest = Rest::after_much(BEGIN);
        assert_eq!(rest.due(), Some(BEGIN + PAUSE));
        rest.turn(BEGIN + PAUSE, 1);
        assert_eq!(rest.due(), Some(BEGIN + PAUSE + PAUSE));
    }
}
