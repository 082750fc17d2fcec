//! The way of a connection to another AP of its network, and back if that AP does not want us.
//!
//! It is one journey, with one number: network configuration goes on as it was, and a person sees one roam, which
//! succeeded or failed. The ways, in this order:
//!
//! 1. a fast transition, over the distribution system if the AP offers that, else over the air: no handshake;
//! 2. a reassociation with a cached PMKSA, or with the pre-shared key;
//! 3. a reassociation after a full authentication.
//!
//! The kernel leaves the AP of before when it authenticates with another. So when that one refuses, the same ways
//! lead back. Only if the way back fails too, the connection has ended.
//!
//! The PMKSA is that AP's own or, of SAE, that of the AP of before: APs with one controller share them, and none says
//! so. One that does not know it refuses it, and is authenticated with in full in the same journey; it is not
//! asked so again.

mod exchange;

pub(super) use exchange::Transitioning;

use super::{
    Footing, State,
    connected::Connected,
    context::{Journey, Turn},
    departure::{Next, Then},
    roam::{Offence, RoamStep},
    vocabulary::Report,
};
use crate::{
    attempt::{Cause, Entry, Phase, Way},
    failure::{Code, Failure},
    rsn::ft::{self, Transition},
    select::Target,
    time::Instant,
};
use alloc::boxed::Box;
use lapwing_frames::{MacAddr, management::StatusCode};

/// The connection that a journey leaves, and where it is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Leaving {
    /// The connection as it was left.
    connection: Box<Connected>,
    /// Whether the kernel still has it.
    hold: Hold,
    heading: Heading,
    way: Way,
}

/// Whether the kernel has the connection that is being left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Hold {
    /// Nothing was heard of its end.
    Held,
    /// It has ended.
    Left,
}

/// Where a journey goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Heading {
    /// To the other AP.
    There,
    /// Back to the AP of before.
    Back,
}

impl Leaving {
    /// The AP of before.
    pub(super) fn from(&self) -> MacAddr {
        self.connection.peer()
    }

    /// The kernel has ended the connection of before.
    pub(super) const fn left(&mut self) {
        self.hold = Hold::Left;
    }

    /// The connection of before got an address: it has it wherever the way ends, and says so there.
    pub(super) const fn configured(&mut self) {
        self.connection.journey.phase = Phase::Online;
    }

    /// The connection of before has no address (any more). Whether that ends it is to be seen where the way ends: by
    /// another AP the server may be reached.
    pub(super) fn unconfigured(&mut self, turn: &mut Turn<'_>, why: Failure) {
        self.connection.journey.phase = Phase::Address;
        turn.log(Some(self.connection.journey.id), Entry::Failed(why));
    }

    /// The phase in which the connection was: it goes on in it.
    pub(super) const fn phase(&self) -> Phase {
        self.connection.journey.phase
    }

    /// Until when the keys of the mobility domain are good, if they came from before.
    pub(super) const fn keys_until(&self) -> Option<Instant> {
        match self.way {
            Way::FastOverAir | Way::FastOverDs => self.connection.keys_until(),
            Way::Reassociation => None,
        }
    }
}

impl Turn<'_> {
    /// Whether a connection can go to this AP without a goodbye. An AP MLD is entered the full way, and so is the same
    /// AP; a firmware goes its own ways.
    pub(super) fn can_transit(&self, from: &Connected, target: &Target) -> bool {
        !self.is_fullmac()
            && from.is_held()
            && from.connection.links.is_empty()
            && target.mld().is_none()
            && target.address() != from.peer()
    }

    /// Begins the way of a connection to another AP.
    pub(super) fn transit(&mut self, mut from: Box<Connected>, target: Target, cause: Cause) -> State {
        let mut journey = from.journey.clone();
        let ssid = journey.network.ssid.clone();
        self.log(Some(journey.id), Entry::Began { ssid, cause });
        journey.chosen = Some(target.address());
        journey.rescanned = false;
        from.end_transition();
        if let Some((exchange, elements)) = self.exchange(&from, &target) {
            if target.plan().is_some_and(over_ds) {
                self.log(Some(journey.id), Entry::Way { to: target.address(), by: Way::FastOverDs });
                return from.ask_over_ds(self, target, exchange, elements);
            }
            return self.transit_over_air(from, journey, target, exchange, elements);
        }
        journey.leaving = Some(Box::new(Leaving {
            connection: from,
            hold: Hold::Held,
            heading: Heading::There,
            way: Way::Reassociation,
        }));
        self.reassociate(journey, target)
    }

    /// The beginning of a fast transition, if the keys of the connection lead to this AP.
    fn exchange(&mut self, from: &Connected, target: &Target) -> Option<(Transition, alloc::vec::Vec<u8>)> {
        let hierarchy =
            from.hierarchy(self.now).filter(|_| self.context.without_keys != Some(target.address()))?;
        let plan = target.plan()?;
        let (ssid, station) = (target.bss().ssid.clone(), self.context.address);
        if !Transition::is_possible(hierarchy, &ssid, plan, station) {
            return None;
        }
        let setup = ft::Setup {
            ssid,
            hierarchy: hierarchy.clone(),
            plan: plan.clone(),
            advertised: target.advertised().clone(),
            bssid: target.address(),
            station,
        };
        Transition::begin(setup, &mut *self.means.entropy)
    }

    /// The AP did not answer by way of the other: it is asked itself.
    pub(super) fn transit_without_ds(&mut self, from: Box<Connected>, target: Target) -> State {
        let mut journey = from.journey.clone();
        journey.chosen = Some(target.address());
        match self.exchange(&from, &target) {
            Some((exchange, elements)) => self.transit_over_air(from, journey, target, exchange, elements),
            None => State::Connected(from),
        }
    }

    fn transit_over_air(
        &mut self,
        from: Box<Connected>,
        mut journey: Journey,
        target: Target,
        exchange: Transition,
        elements: alloc::vec::Vec<u8>,
    ) -> State {
        let way = Way::FastOverAir;
        journey.leaving =
            Some(Box::new(Leaving { connection: from, hold: Hold::Held, heading: Heading::There, way }));
        Transitioning::ask(self, journey, target, exchange, elements)
    }

    /// The AP has agreed by way of the other: the reassociation follows at once.
    pub(super) fn transit_agreed(
        &mut self,
        from: Box<Connected>,
        target: Target,
        exchange: Transition,
        elements: alloc::vec::Vec<u8>,
    ) -> State {
        let mut journey = from.journey.clone();
        journey.chosen = Some(target.address());
        let way = Way::FastOverDs;
        journey.leaving =
            Some(Box::new(Leaving { connection: from, hold: Hold::Held, heading: Heading::There, way }));
        Transitioning::reassociate(self, journey, target, exchange, elements)
    }

    /// By a cached PMKSA, the pre-shared key, or a full authentication.
    fn reassociate(&mut self, journey: Journey, target: Target) -> State {
        self.log(Some(journey.id), Entry::Way { to: target.address(), by: Way::Reassociation });
        self.authenticate(journey, target, true)
    }

    /// Something went wrong on the way to another AP, or on the way back: another way, or the way back, or the end.
    pub(super) fn astray(
        &mut self,
        mut journey: Journey,
        mut leaving: Box<Leaving>,
        target: Option<&Target>,
        code: Code,
        footing: Footing,
    ) -> State {
        let at = target.map_or(leaving.from(), Target::address);
        if let (Some(target), Way::FastOverAir | Way::FastOverDs, true) =
            (target, leaving.way, is_about_keys(&code))
        {
            // It is there, and does not take these keys.
            let why = journey.failure(code);
            self.log(Some(journey.id), Entry::Failed(why));
            self.log(Some(journey.id), Entry::Roam(RoamStep::FallsBack(target.address())));
            leaving.way = Way::Reassociation;
            journey.leaving = Some(leaving);
            return self.tidy(footing, Then::Go(Box::new((journey, target.clone()))));
        }
        if leaving.heading == Heading::Back {
            return self.lost_on_the_way(journey, code, footing);
        }
        let why = self.failure(&journey, code);
        self.log(Some(journey.id), Entry::Failed(why.clone()));
        self.report(Report::RoamFailed { attempt: journey.id, bssid: at, why: why.clone() });
        if leaving.way == Way::FastOverAir && why.code == Code::AuthenticationTimedOut {
            // It may have no way to the keys. The kernel has forgotten it with its silence, so that it can only be asked
            // otherwise once it is heard again.
            self.log(Some(journey.id), Entry::Roam(RoamStep::FallsBack(at)));
            self.context.without_keys = Some(at);
            // Others that are as strong come first.
            self.roam_failed(at, Offence::Busy);
        } else {
            self.roam_failed(at, Offence::by(&why.code));
        }
        if leaving.hold == Hold::Held && matches!(why.code, Code::Refused { .. }) {
            // The kernel has not begun: the connection stands, if it says so too.
            self.resync();
            self.log(Some(journey.id), Entry::Entered(leaving.phase()));
            return State::Connected(leaving.connection);
        }
        let Some(back) = self.target_at(&journey.network, leaving.from()) else {
            return self.lost_on_the_way(journey, why.code, footing);
        };
        leaving.heading = Heading::Back;
        leaving.way = match self.exchange(&leaving.connection, &back) {
            Some(_) => Way::FastOverAir,
            None => Way::Reassociation,
        };
        journey.chosen = Some(back.address());
        journey.rescanned = false;
        journey.leaving = Some(leaving);
        self.tidy(footing, Then::Go(Box::new((journey, back))))
    }

    /// Goes on with the way that was decided, now that the kernel holds nothing halfway.
    pub(super) fn go(&mut self, journey: Journey, target: Target) -> State {
        let fast = journey.leaving.as_ref().filter(|leaving| leaving.way != Way::Reassociation);
        match fast.and_then(|leaving| self.exchange(&leaving.connection.clone(), &target)) {
            Some((exchange, elements)) => Transitioning::ask(self, journey, target, exchange, elements),
            None => self.reassociate(journey, target),
        }
    }

    /// Neither there nor back: the connection has ended, and is made anew.
    fn lost_on_the_way(&mut self, journey: Journey, code: Code, footing: Footing) -> State {
        self.ended(&journey, code);
        let next = Next {
            network: journey.network,
            chosen: None,
            asked: journey.asked,
            cause: Cause::Lost,
            at: self.now,
        };
        self.tidy(footing, Then::Try(Box::new(next)))
    }
}

/// Whether the AP offers transitions by way of others.
fn over_ds(plan: &crate::rsn::Plan) -> bool {
    use lapwing_frames::element::ft::FtCapabilities;
    plan.mobility_domain().is_some_and(|domain| domain.capabilities.contains(FtCapabilities::OVER_DS))
}

/// Whether an AP has answered, and only the keys of the mobility domain are no good.
const fn is_about_keys(code: &Code) -> bool {
    match code {
        Code::FastTransition(_) => true,
        Code::AuthenticationRefused(status) | Code::AssociationRefused(status) => matches!(
            *status,
            StatusCode::InvalidPmkid
                | StatusCode::InvalidMde
                | StatusCode::InvalidFte
                | StatusCode::R0khUnreachable
                | StatusCode::UnsupportedAuthenticationAlgorithm
                | StatusCode::InvalidElement
                | StatusCode::InvalidAkm
        ),
        _ => false,
    }
}
