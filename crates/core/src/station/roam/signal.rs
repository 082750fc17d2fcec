//! The signal of the connection: its average, and since when it is too weak.

use crate::time::{Duration, Instant};

/// How much above the threshold the signal must be before it is no longer low, in dB.
pub(in crate::station) const HYSTERESIS: i8 = 3;
/// How long the signal must be low before anything is done: it falls for a moment when somebody walks past.
const LOW_FOR: Duration = Duration::from_secs(5);
/// The same when it is below the critical threshold.
const CRITICAL_FOR: Duration = Duration::from_secs(2);
/// After how long what was measured before counts for nothing.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(4);
/// How finely the average is kept: sixteenths of a dB.
const FINE: i32 = 16;

/// Below what a signal is too weak, in dBm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::station) struct Thresholds {
    /// Another AP is looked for.
    pub low: i8,
    /// It is urgent.
    pub critical: i8,
}

/// The signal of the connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::station) struct Signal {
    /// In sixteenths of a dBm, and when it was measured last.
    average: Option<(i32, Instant)>,
    low_since: Option<Instant>,
}

/// What a measurement has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::station) enum Change {
    /// It is low from now on.
    Fell,
    /// It is no longer.
    Rose,
    /// Nothing.
    None,
}

impl Signal {
    /// Takes a measurement. A measurement counts the more the longer ago the one before it was.
    pub(in crate::station) fn measured(&mut self, dbm: i8, thresholds: Thresholds, now: Instant) -> Change {
        let sample = i32::from(dbm) * FINE;
        let average = match self.average {
            Some((average, at)) if now.since(at) < FORGOTTEN_AFTER => {
                let share = i32::try_from(now.since(at).as_millis()).unwrap_or(i32::MAX);
                let all = i32::try_from(FORGOTTEN_AFTER.as_millis()).unwrap_or(i32::MAX);
                average + (sample - average) * share / all
            }
            _ => sample,
        };
        self.take(average, thresholds, now)
    }

    /// Takes an average of the kernel's.
    pub(in crate::station) fn averaged(&mut self, dbm: i8, thresholds: Thresholds, now: Instant) -> Change {
        self.take(i32::from(dbm) * FINE, thresholds, now)
    }

    fn take(&mut self, average: i32, thresholds: Thresholds, now: Instant) -> Change {
        self.average = Some((average, now));
        let (low, high) = (i32::from(thresholds.low), i32::from(thresholds.low) + i32::from(HYSTERESIS));
        match self.low_since {
            None if average < low * FINE => {
                self.low_since = Some(now);
                Change::Fell
            }
            Some(_) if average >= high * FINE => {
                self.low_since = None;
                Change::Rose
            }
            None | Some(_) => Change::None,
        }
    }

    /// The average in dBm, if something was measured.
    pub(in crate::station) fn dbm(&self) -> Option<i8> {
        let (average, _) = self.average?;
        i8::try_from(average.div_euclid(FINE)).ok()
    }

    /// Whether it is low.
    pub(in crate::station) const fn is_low(&self) -> bool {
        self.low_since.is_some()
    }

    /// When it has been low for long enough to do something about it; never, if it is not.
    pub(in crate::station) fn acts_at(&self, thresholds: Thresholds) -> Option<Instant> {
        let wait =
            if self.dbm().is_some_and(|dbm| dbm < thresholds.critical) { CRITICAL_FOR } else { LOW_FOR };
        Some(self.low_since? + wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Thresholds = Thresholds { low: -70, critical: -80 };

    fn at(milliseconds: u64) -> Instant {
        Instant::after_start(Duration::from_millis(milliseconds))
    }

    #[test]
    fn one_bad_measurement_among_good_ones_is_not_a_low_signal() {
        let mut signal = Signal::default();
        for second in 0..10 {
            assert_eq!(signal.measured(-60, AT, at(1000 * second)), Change::None);
        }
        assert_eq!(signal.measured(-85, AT, at(10_000)), Change::None);
        assert!(!signal.is_low());
        assert_eq!(signal.measured(-60, AT, at(11_000)), Change::None);
        // After a long time without any, it is all that is known.
        assert_eq!(signal.measured(-85, AT, at(20_000)), Change::Fell);
        assert_eq!(signal.dbm(), Some(-85));
    }

    #[test]
    fn a_signal_around_the_threshold_falls_once() {
        let mut signal = Signal::default();
        assert_eq!(signal.averaged(-71, AT, at(0)), Change::Fell);
        for second in 1..20 {
            let dbm = if second % 2 == 0 { -72 } else { -68 };
            assert_eq!(signal.averaged(dbm, AT, at(1000 * second)), Change::None, "{second}");
        }
        assert_eq!(signal.acts_at(AT), Some(at(5000)));
        assert_eq!(signal.averaged(-67, AT, at(20_000)), Change::Rose);
        assert_eq!(signal.acts_at(AT), None);
    }

    #[test]
    fn a_critical_signal_is_acted_on_sooner() {
        let mut signal = Signal::default();
        signal.averaged(-81, AT, at(0));
        assert_eq!(signal.acts_at(AT), Some(at(2000)));
    }
}
