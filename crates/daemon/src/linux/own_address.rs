//! Addresses of the interfaces themselves: one that is drawn at the start, and those with which networks are joined.
//!
//! Most drivers want the interface down while its address changes; clients that saw it go down would take the radio
//! for switched off, and what follows is known here: so nobody is told of it.

use super::{Change, Linux};
use crate::kernel::Heard;
use crate::settings::OwnAddress;
use lapwing_core::address::AddressPolicy;
use lapwing_core::attempt::Ticket;
use lapwing_core::entropy::random;
use lapwing_core::kernel::{Errno, KernelEvent, Refusal, Reply};
use lapwing_frames::MacAddr;
use lapwing_linux::entropy::OsEntropy;
use lapwing_linux::nl80211::Wiphy;
use lapwing_linux::rtnetlink;
use std::fs;
use std::path::PathBuf;

/// An interface that is being given another address.
#[derive(Debug)]
pub(super) struct Readdressing {
    ticket: Ticket,
    address: MacAddr,
    /// The first refusal.
    refused: Option<Refusal>,
    /// Whether the interface is set down for it.
    down: bool,
}

/// A step on the way to another address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// While the interface is up.
    Live,
    /// The interface goes down, or its address changes while it is.
    Down,
    /// It is up again.
    Up,
}

impl Linux {
    /// Gives an interface an address; the answer comes when it is up again.
    pub(super) fn readdress(&mut self, ifindex: u32, ticket: Ticket, address: MacAddr) {
        // A later process that is to leave addresses alone finds the one that is not to be left.
        if let Err(error) = fs::write(self.address_mark(ifindex), address.to_string()) {
            self.trouble(format!("cannot note that {} gets another address: {error}", self.name(ifindex)));
        }
        self.readdressing.insert(ifindex, Readdressing { ticket, address, refused: None, down: false });
        let wiphy = self.interfaces.get(&ifindex).map(|info| info.interface.wiphy);
        let radio = wiphy.and_then(|wiphy| self.radios.get(&wiphy));
        if radio.is_some_and(Wiphy::changes_address_while_up) {
            let request = rtnetlink::Request::SetMacAddress { ifindex, address };
            return self.change(&request, Change::Address { ifindex, step: Step::Live });
        }
        self.readdress_down(ifindex, address);
    }

    fn readdress_down(&mut self, ifindex: u32, address: MacAddr) {
        if let Some(readdressing) = self.readdressing.get_mut(&ifindex) {
            readdressing.down = true;
        }
        // Whatever becomes of one, the next is asked too: at the end the interface has to be up.
        for (request, step) in [
            (rtnetlink::Request::SetUp { ifindex, up: false }, Step::Down),
            (rtnetlink::Request::SetMacAddress { ifindex, address }, Step::Down),
            (rtnetlink::Request::SetUp { ifindex, up: true }, Step::Up),
        ] {
            self.change(&request, Change::Address { ifindex, step });
        }
    }

    pub(super) fn address_step(&mut self, ifindex: u32, step: Step, outcome: Result<(), Refusal>) {
        let Some(readdressing) = self.readdressing.get_mut(&ifindex) else { return };
        let busy = |refusal: &Refusal| matches!(refusal.errno, Errno::EBUSY | Errno::EOPNOTSUPP);
        if step == Step::Live && outcome.as_ref().is_err_and(busy) {
            let address = readdressing.address;
            return self.readdress_down(ifindex, address);
        }
        let failed = outcome.is_err();
        if let Err(refusal) = outcome {
            readdressing.refused.get_or_insert(refusal);
        }
        if step == Step::Down {
            return;
        }
        let Some(Readdressing { ticket, refused, .. }) = self.readdressing.remove(&ifindex) else { return };
        if step == Step::Up && failed {
            // Nobody was told that it went down.
            let event = KernelEvent::InterfaceDown;
            self.heard.push_back(Heard::Station { ifindex: Some(ifindex), event });
        }
        let outcome = refused.map_or(Ok(Reply::Done), Err);
        self.heard.push_back(Heard::Answered { ifindex, ticket, outcome });
    }

    /// Whether an interface goes down and up because it is being given another address.
    pub(super) fn is_own_doing(&self, ifindex: u32) -> bool {
        self.readdressing.get(&ifindex).is_some_and(|readdressing| readdressing.down)
    }

    /// Gives an interface that is run from now on an address of its own, if that is wanted: it has it until it goes.
    /// Else the permanent one again, if it has one of a network from an earlier process.
    pub(super) fn draw_address(&mut self, ifindex: u32) {
        let Some(link) = self.links.get(&ifindex) else { return };
        let Some(before) = link.address else { return };
        let (permanent, is_up) = (link.permanent, link.is_up());
        let address = match (self.settings.own_address, self.settings.station.addresses) {
            (OwnAddress::Drawn(range), _) if self.drawn.insert(ifindex) => {
                range.address(permanent.unwrap_or(before), random(&mut OsEntropy))
            }
            (OwnAddress::Kept, AddressPolicy::Kept) => {
                let noted = fs::read_to_string(self.address_mark(ifindex)).ok();
                if noted.is_none_or(|noted| noted != before.to_string()) {
                    return;
                }
                // The note stays: if this fails, the next process tries it again, and after that it fits no more.
                let Some(permanent) = permanent else { return };
                permanent
            }
            _ => return,
        };
        let what = format!("give {} another address", self.name(ifindex));
        // Drivers want it down.
        if is_up {
            self.change(&rtnetlink::Request::SetUp { ifindex, up: false }, Change::Told(what.clone()));
        }
        self.change(&rtnetlink::Request::SetMacAddress { ifindex, address }, Change::Told(what));
    }

    fn address_mark(&self, ifindex: u32) -> PathBuf {
        self.runtime.join(format!("address.{}", self.name(ifindex)))
    }
}
