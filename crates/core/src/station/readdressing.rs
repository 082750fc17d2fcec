//! Readdressing: the interface is given the address with which the network is to be joined, before the network hears
//! anything of it.
//!
//! Nothing is sent with another address until the kernel has said both that it is done and which address there is.
//! A driver that cannot change it is no reason to do without the network: as with iwd, the timeline tells.

use super::{
    Footing, State,
    context::{Journey, Turn},
};
use crate::{
    address::AddressPolicy,
    attempt::Ticket,
    entropy::random,
    failure::Code,
    kernel::{Refusal, Reply, Request},
    network::OwnAddress,
    select::Target,
    time::{Duration, Instant},
};
use alloc::boxed::Box;
use lapwing_frames::MacAddr;

/// How long the kernel may take: most drivers want the interface down meanwhile, and start the radio anew.
const LIMIT: Duration = Duration::from_secs(5);

/// The interface is given another address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Readdressing {
    pub journey: Journey,
    pub target: Target,
    may_use_cache: bool,
    address: MacAddr,
    /// The request, until it is answered.
    ticket: Option<Ticket>,
    until: Instant,
}

impl Turn<'_> {
    /// The address with which the network of an attempt is to be joined, if the interface has another one and was not
    /// asked for it yet. On the way from one AP to another the address stays, and so do the addresses of IP.
    pub(super) fn other_address(&mut self, journey: &mut Journey) -> Option<MacAddr> {
        let AddressPolicy::PerNetwork(range) = self.context.settings.addresses else { return None };
        if journey.leaving.is_some() || core::mem::replace(&mut journey.addressed, true) {
            return None;
        }
        let permanent = self.context.permanent;
        let address = match journey.network.address {
            OwnAddress::OfName => range.of_name(permanent, &journey.network.ssid),
            OwnAddress::Drawn => range.address(permanent, random(&mut self.means.entropy)),
            OwnAddress::Fixed(address) => address,
        };
        (address != self.context.address).then_some(address)
    }

    pub(super) fn readdress(
        &mut self,
        journey: Journey,
        target: Target,
        may_use_cache: bool,
        address: MacAddr,
    ) -> State {
        let ticket = self.ask(Some(journey.id), Request::SetAddress { address });
        let until = self.now + LIMIT;
        let ticket = Some(ticket);
        State::Readdressing(Box::new(Readdressing { journey, target, may_use_cache, address, ticket, until }))
    }
}

impl Readdressing {
    pub(super) const fn deadline(&self) -> (Instant, &'static str) {
        (self.until, "the interface to have another address")
    }

    pub(super) fn completed(
        mut self: Box<Self>,
        turn: &mut Turn<'_>,
        ticket: Ticket,
        outcome: Result<Reply, Refusal>,
    ) -> State {
        let Some(ours) = self.ticket else {
            turn.ignore(ticket.attempt, super::LATE);
            return State::Readdressing(self);
        };
        let refused = turn.refusal((ours, "RTM_SETLINK"), ticket, outcome).is_some();
        if ours == ticket {
            self.ticket = None;
        }
        if refused { self.go_on(turn) } else { self.settled(turn) }
    }

    /// Goes on once the request is answered and the address is there.
    pub(super) fn settled(self: Box<Self>, turn: &mut Turn<'_>) -> State {
        if self.ticket.is_some() || turn.context.address != self.address {
            return State::Readdressing(self);
        }
        self.go_on(turn)
    }

    fn go_on(self: Box<Self>, turn: &mut Turn<'_>) -> State {
        let Self { journey, target, may_use_cache, .. } = *self;
        turn.authenticate(journey, target, may_use_cache)
    }

    pub(super) fn overdue(self: Box<Self>, turn: &mut Turn<'_>) -> State {
        turn.failed(self.journey, Some(&self.target), Code::KernelSilent("RTM_SETLINK"), Footing::Doubt)
    }
}
