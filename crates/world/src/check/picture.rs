//! What the station believes, what the kernel holds, and what the access point knows: one picture.

use super::{Rule, Sight, told};
use crate::air::{Content, Transmission};
use crate::happening::{Happening, Lane, What};
use crate::parts::Message;
use lapwing_core::kernel::KernelEvent;
use lapwing_core::station::{Report, Summary};
use lapwing_frames::management::{ReasonCode, StatusCode};
use lapwing_frames::{LinkId, MacAddr};
use std::collections::BTreeSet;

/// A station that is on its way somewhere waits for something until a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Deadlines;

impl Rule for Deadlines {
    const NAME: &'static str = "no-endless-wait";
    const SENTENCE: &'static str = "the station waits for nothing without a deadline";

    fn seen(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        let is_moving = matches!(
            sight.summary,
            Summary::Connecting { .. } | Summary::Roaming { .. } | Summary::Disconnecting
        );
        if (is_moving || sight.is_scanning) && !sight.has_deadline {
            return Err(format!("{:?}, without a deadline", sight.summary));
        }
        Ok(())
    }
}

/// The station says "connected" only when the kernel has opened the port, and not after it was told of the end.
///
/// A port can be open for so short that nobody sees it between two steps: the kernel's word counts too. That a port is
/// open is such a word, and that an association without protection is complete.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FalseConnected {
    /// With whom the port was open, until the station was told of the end.
    opened: Option<MacAddr>,
    /// With whom the station was told that it is associated, until it was told of the end.
    associated: Option<MacAddr>,
    /// The station was told of an end in this step.
    ended: bool,
}

impl Rule for FalseConnected {
    const NAME: &'static str = "no-false-connected";
    const SENTENCE: &'static str = "the station is never connected when it is not";

    fn happened(&mut self, happening: &Happening) -> Result<(), String> {
        match told(happening) {
            Some(KernelEvent::Disconnected { .. } | KernelEvent::InterfaceDown) => {
                (self.opened, self.associated, self.ended) = (None, None, true);
            }
            Some(KernelEvent::Connected(connection) | KernelEvent::Roamed(connection))
                if connection.status == StatusCode::Success && !connection.timed_out =>
            {
                self.associated = Some(connection.peer);
            }
            Some(KernelEvent::PortAuthorized { peer }) => self.opened = Some(*peer),
            _ => {}
        }
        match &happening.what {
            What::Reported(Report::Connected(connected) | Report::Roamed(connected))
                if self.opened != Some(connected.peer)
                    && !(connected.akm.is_none() && self.associated == Some(connected.peer)) =>
            {
                Err(format!("it says so of {}, and the port was never open", connected.peer))
            }
            _ => Ok(()),
        }
    }

    fn seen(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        if let Some(held) = sight.kernel.held.as_ref().filter(|held| held.authorized) {
            self.opened = Some(held.peer);
        }
        match sight.connection {
            Some(connection) if std::mem::take(&mut self.ended) => {
                Err(format!("it was told of the end and is still connected to {}", connection.peer))
            }
            _ => {
                self.ended = false;
                Ok(())
            }
        }
    }
}

/// At rest, the kernel and the access point hold the same keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeysAgree;

impl Rule for KeysAgree {
    const NAME: &'static str = "same-keys";
    const SENTENCE: &'static str = "at rest both sides hold the same keys";

    fn seen(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        let Some(held) = sight.kernel.held.as_ref().filter(|held| sight.at_rest && held.authorized) else {
            return Ok(());
        };
        let known = sight.access_points.iter().find(|(address, _)| *address == held.peer);
        let Some((_, Some(truth))) = known else { return Ok(()) };
        if !truth.authorized {
            return Ok(());
        }
        if let Some(pairwise) = truth.pairwise
            && !held.pairwise.values().any(|key| *key == pairwise)
        {
            return Err(format!("the access point's pairwise key {:x} is not the station's", pairwise.0));
        }
        if truth.pairwise.is_none() && !held.pairwise.is_empty() {
            return Err(String::from("only the station has a pairwise key"));
        }
        for ((link, index), key) in &truth.group {
            let is_ours = link.is_none_or(|link| held.links.contains_key(&link));
            // A radio that cannot check beacons takes no key for them (6 and 7).
            let is_of_no_use = *index >= 6 && !sight.checks_beacons;
            if is_ours && !is_of_no_use && held.group.get(&(*link, *index)) != Some(key) {
                return Err(format!("the group key {index} of link {link:?} is not the station's"));
            }
        }
        Ok(())
    }
}

/// At rest, the station's connection is the kernel's: the same peer, the same links, the port open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PicturesAgree;

impl Rule for PicturesAgree {
    const NAME: &'static str = "same-picture";
    const SENTENCE: &'static str = "at rest the station's picture is the kernel's";

    fn seen(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        if !sight.at_rest {
            return Ok(());
        }
        let held = sight.kernel.held.as_ref();
        let Some(connection) = sight.connection else { return Ok(()) };
        let Some(held) = held else {
            return Err(format!("the station is connected to {}, the kernel to nobody", connection.peer));
        };
        let links: Vec<LinkId> = held.links.keys().copied().collect();
        if !held.authorized || held.peer != connection.peer || held.ssid != connection.ssid {
            return Err(format!(
                "the station is connected to {}, the kernel holds {held:?}",
                connection.peer
            ));
        }
        if links != connection.links {
            return Err(format!("the station has the links {:?}, the kernel {links:?}", connection.links));
        }
        Ok(())
    }
}

/// At rest, the access point's links of the station are the kernel's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LinksAgree;

impl Rule for LinksAgree {
    const NAME: &'static str = "same-links";
    const SENTENCE: &'static str = "at rest the kernel and the access point have the same links";

    fn seen(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        let Some(held) = sight.kernel.held.as_ref().filter(|held| sight.at_rest && held.authorized) else {
            return Ok(());
        };
        let known = sight.access_points.iter().find(|(address, _)| *address == held.peer);
        let Some((_, Some(truth))) = known else { return Ok(()) };
        if truth.authorized && !truth.links.iter().eq(held.links.keys()) {
            let links: Vec<_> = held.links.keys().collect();
            return Err(format!("the kernel has the links {links:?}, the access point {:?}", truth.links));
        }
        Ok(())
    }
}

/// At rest, a station that is disconnected has left nothing behind: no connection and no attempt in the kernel or
/// the firmware, and no association at an access point that could hear it leave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LeftBehind {
    missed: Missed,
    /// With whom the station was connected last.
    peer: Option<MacAddr>,
}

/// Which BSSs may have missed something since the station last asked them to associate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Missed {
    /// These.
    By(BTreeSet<MacAddr>),
    /// All but these.
    ByAllBut(BTreeSet<MacAddr>),
}

impl Default for Missed {
    fn default() -> Self {
        Self::By(BTreeSet::new())
    }
}

impl Missed {
    /// One may have missed something now, or what it missed before does not matter any more.
    fn set(&mut self, bssid: MacAddr, missed: bool) {
        let (set, inside) = match self {
            Self::By(set) => (set, missed),
            Self::ByAllBut(set) => (set, !missed),
        };
        match inside {
            true => drop(set.insert(bssid)),
            false => drop(set.remove(&bssid)),
        }
    }

    fn has(&self, bssid: MacAddr) -> bool {
        match self {
            Self::By(set) => set.contains(&bssid),
            Self::ByAllBut(set) => !set.contains(&bssid),
        }
    }
}

impl Rule for LeftBehind {
    const NAME: &'static str = "nothing-left-behind";
    const SENTENCE: &'static str = "a disconnected station has left nothing behind";

    fn happened(&mut self, happening: &Happening) -> Result<(), String> {
        match &happening.what {
            What::Lost(frame) | What::Missed(frame) => {
                let of_ap = matches!(happening.lane, Lane::Ap(_));
                self.missed.set(if of_ap { frame.transmitter } else { frame.receiver }, true);
            }
            What::Told(Message::EventsLost)
            | What::Told(Message::Event(KernelEvent::InterfaceDown | KernelEvent::InterfaceRemoved)) => {
                self.missed = Missed::ByAllBut(BTreeSet::new());
            }
            // Firmware that hears nothing of an access point any more has nobody to say goodbye to, and knows no reason.
            What::Told(Message::Event(
                KernelEvent::Connected(connection) | KernelEvent::Roamed(connection),
            )) => self.peer = Some(connection.peer),
            What::Told(Message::Event(KernelEvent::Disconnected { reason: ReasonCode(0), .. })) => {
                self.peer.into_iter().for_each(|peer| self.missed.set(peer, true));
            }
            // The kernel has nothing left by which to leave an access point whose answer came too late.
            What::Told(Message::Event(KernelEvent::AssociationTimedOut { peer })) => {
                self.missed.set(*peer, true);
            }
            // Only this replaces an association: an attempt that ends before it changes nothing at the access point.
            What::Sent(sent) if asks_to_associate(sent) => self.missed.set(sent.receiver, false),
            _ => {}
        }
        Ok(())
    }

    fn seen(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        if !sight.at_rest || sight.summary != Summary::Disconnected {
            return Ok(());
        }
        if let Some(held) = &sight.kernel.held {
            return Err(format!("the kernel is connected to {}", held.peer));
        }
        if sight.kernel.busy {
            return Err(String::from("the kernel is busy with something"));
        }
        let associated = |(address, truth): &(MacAddr, Option<_>)| {
            let truth: &Option<crate::ap::ApTruth> = truth;
            truth.as_ref().is_some_and(|truth| truth.associated).then_some(*address)
        };
        let excused = |address: &MacAddr| {
            let links = sight.links.iter().filter(|(_, of)| of == address).map(|(bssid, _)| *bssid);
            links.chain([*address]).any(|bssid| self.missed.has(bssid))
        };
        match sight.access_points.iter().filter_map(associated).find(|address| !excused(address)) {
            Some(address) => Err(format!("{address} still holds it")),
            None => Ok(()),
        }
    }
}

/// Whether this is an Association Request or a Reassociation Request.
fn asks_to_associate(sent: &Transmission) -> bool {
    let Content::Management { frame, .. } = &sent.content else { return false };
    // The first octet of Frame Control, version 0 and type management (9.2.4.1): subtypes 0 and 2.
    matches!(frame.first(), Some(0x00 | 0x20))
}
