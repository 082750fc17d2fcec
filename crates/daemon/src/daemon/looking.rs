//! Stations that have no network to look for listen around all the same, ever more rarely: so people see what there is,
//! and so do clients that never ask for a scan, as ConnMan, because iwd does this.

use super::interface::Interface;
use super::{Daemon, Now};
use crate::kernel::Kernel;
use lapwing_core::Instant;
use lapwing_core::station::{Event, Summary};

/// When a station that rests listens around next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    at: Instant,
    /// How often it has by now.
    round: u32,
}

impl Look {
    pub(super) const fn deadline(self) -> Instant {
        self.at
    }
}

impl Interface {
    /// Whether its station would join a network, and knows none that it could look for.
    fn is_at_rest(&self) -> bool {
        let is_free = self.is_plain_station() && self.enrolling.is_none();
        is_free && self.station.autoconnects() && self.station.summary() == Summary::Disconnected
    }
}

impl<K: Kernel> Daemon<K> {
    /// Has each station listen around whose time it is. One that is told not to search by itself does not.
    pub(super) fn look_around(&mut self, now: Now) {
        let Some(pauses) = self.options.station.search.filter(|_| !self.is_closing()) else { return };
        let mut due = Vec::new();
        for (&ifindex, interface) in &mut self.interfaces {
            if !interface.is_at_rest() {
                interface.look = None;
                continue;
            }
            let Look { at, round } = interface.look.unwrap_or(Look { at: now.clock, round: 0 });
            if at <= now.clock {
                due.push(ifindex);
                let next = now.clock + pauses.after(round);
                interface.look = Some(Look { at: next, round: round.saturating_add(1) });
            }
        }
        for ifindex in due {
            self.turn(now, ifindex, Event::Scan);
        }
    }
}
