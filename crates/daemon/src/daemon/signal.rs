//! The signal of a connection for those who show it: told when it goes from one range to another.
//!
//! The kernel is asked once a second, and only while somebody wants to know: every driver can say it, and what the
//! station itself wants to be told of the signal stays its own.

use super::calls::{First, NO_INTERFACE};
use super::{Daemon, Now};
use crate::control::{Answer, News};
use crate::kernel::{Command, Kernel, StationFigures};
use lapwing_core::{Duration, Instant};

/// How often the kernel is asked.
const PERIOD: Duration = Duration::from_secs(1);
/// How far beyond a threshold the signal has to be, in dB, so that one that stays about there is not told again and
/// again.
const HYSTERESIS: i8 = 1;

/// Who wants to know the signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SignalWatch {
    /// Where the ranges meet, in dBm, falling.
    levels: Vec<i8>,
    /// The range that was told last.
    told: Option<u8>,
    /// When to ask again; nothing while there is no connection.
    next: Option<Instant>,
}

impl SignalWatch {
    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.next
    }

    /// The range of a signal, if it is not the one that was told.
    fn crossed(&mut self, dbm: i8) -> Option<u8> {
        let range = |dbm: i8| {
            let below = self.levels.iter().filter(|level| dbm < **level).count();
            u8::try_from(below).unwrap_or(u8::MAX)
        };
        // As if it were nearer to where it was: only what is further away is a change.
        let range = match self.told {
            Some(told) if range(dbm) > told => range(dbm.saturating_add(HYSTERESIS)).max(told),
            Some(told) => range(dbm.saturating_sub(HYSTERESIS)).min(told),
            None => range(dbm),
        };
        (self.told.replace(range) != Some(range)).then_some(range)
    }
}

impl<K: Kernel> Daemon<K> {
    pub(super) fn watch_signal(&mut self, now: Now, ifindex: u32, levels: Vec<i8>) -> First {
        let interface = self.interfaces.get_mut(&ifindex).ok_or(NO_INTERFACE)?;
        interface.signal = (!levels.is_empty()).then_some(SignalWatch { levels, told: None, next: None });
        self.follow_signal(now, ifindex);
        Ok(Some(Answer::Done))
    }

    /// A connection was made, or has ended: there is something to ask for, or not.
    pub(super) fn follow_signal(&mut self, now: Now, ifindex: u32) {
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        let is_connected = interface.station.connection().is_some();
        let Some(watch) = &mut interface.signal else { return };
        watch.next = match (watch.next, is_connected) {
            (Some(next), true) => Some(next),
            (None, true) => {
                watch.told = None;
                Some(now.clock)
            }
            (_, false) => None,
        };
    }

    /// Asks for the signals that are due.
    pub(super) fn ask_signals(&mut self, now: Now) {
        let mut due = Vec::new();
        for (&ifindex, interface) in &mut self.interfaces {
            let Some(watch) = &mut interface.signal else { continue };
            if watch.next.is_some_and(|next| next <= now.clock) {
                watch.next = Some(now.clock + PERIOD);
                due.push(ifindex);
            }
        }
        for ifindex in due {
            self.kernel.perform(Command::Diagnose { ifindex });
        }
    }

    /// The kernel has said how strong the signal is.
    pub(super) fn signal_heard(&mut self, ifindex: u32, figures: &StationFigures) {
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        let is_ours = interface.station.connection().is_some_and(|it| it.peer == figures.address);
        let signal = figures.beacon_signal_dbm.or(figures.average_signal_dbm).or(figures.signal_dbm);
        let Some(dbm) = signal.filter(|_| is_ours) else { return };
        if let Some(level) = interface.signal.as_mut().and_then(|watch| watch.crossed(dbm)) {
            self.desk.tell(News::SignalLevel { ifindex, level });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_about_a_threshold_is_told_once() {
        let mut watch = SignalWatch { levels: vec![-40, -60, -80], told: None, next: None };
        let heard = [-50, -59, -60, -61, -62, -61, -60, -59, -58, -20, -95, -81, -80, -79, -78, -128, 127];
        let told: Vec<_> = heard.iter().filter_map(|&dbm| Some((dbm, watch.crossed(dbm)?))).collect();
        assert_eq!(told, [(-50, 1), (-62, 2), (-59, 1), (-20, 0), (-95, 3), (-79, 2), (-128, 3), (127, 0)]);
    }
}
