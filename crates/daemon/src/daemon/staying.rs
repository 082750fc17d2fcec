//! Whether a station joins by itself, and with which access point it is to stay.

use super::calls::{First, NO_INTERFACE};
use super::{Daemon, Now};
use crate::control::{Answer, CallError};
use crate::kernel::Kernel;
use lapwing_core::station::Event;
use lapwing_frames::MacAddr;

impl<K: Kernel> Daemon<K> {
    /// Joins known networks without being asked, or no longer.
    pub(super) fn set_autoconnects(&mut self, now: Now, ifindex: u32, on: bool) -> First {
        if !self.interfaces.contains_key(&ifindex) {
            return Err(NO_INTERFACE);
        }
        self.turn(now, ifindex, Event::Autoconnect(on));
        self.changed();
        Ok(Some(Answer::Done))
    }

    /// A client wants to stay with the access point of the connection, or does not mind any more.
    pub(super) fn set_affinity(&mut self, now: Now, ifindex: u32, bssid: Option<MacAddr>) -> First {
        let interface = self.interfaces.get_mut(&ifindex).ok_or(NO_INTERFACE)?;
        let Some(connected) = interface.station.connection() else {
            // Without a connection there is none any more.
            return if bssid.is_none() { Ok(Some(Answer::Done)) } else { Err(CallError::NotConnected) };
        };
        let is_ours = |bssid: MacAddr| {
            let table = interface.station.table();
            bssid == connected.peer
                || table.get(bssid).and_then(lapwing_core::select::mld_address) == Some(connected.peer)
        };
        if bssid.is_some_and(|bssid| !is_ours(bssid)) {
            return Err(CallError::InvalidArguments(
                "An affinity is with the access point of the connection, and with no other.",
            ));
        }
        if std::mem::replace(&mut interface.affinity, bssid) != bssid {
            self.turn(now, ifindex, Event::Affinities(bssid.into_iter().collect()));
            self.changed();
        }
        Ok(Some(Answer::Done))
    }

    /// The access point is another one, or there is none any more: an affinity was with the one before.
    pub(super) fn end_affinity(&mut self, ifindex: u32) {
        let affinity = self.interfaces.get_mut(&ifindex).and_then(|interface| interface.affinity.take());
        if affinity.is_some() {
            self.changed();
        }
    }
}
