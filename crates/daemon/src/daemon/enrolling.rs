//! A network handed over by a push of a button or a PIN (Wi-Fi Simple Configuration).
//!
//! The session has the interface to itself: the station leaves its network first, and hears nothing meanwhile. What
//! was handed over is joined as a network that a person has entered.

use super::calls::{First, NO_INTERFACE, UNAVAILABLE, Wish};
use super::interface::Interface;
use super::joining::{GIVE_UP, Join, Origin};
use super::{Daemon, Now};
use crate::control::{Answer, CallError, CallId};
use crate::kernel::{Command, Kernel};
use crate::networks::FileName;
use lapwing_core::attempt::Ticket;
use lapwing_core::kernel::{KernelEvent, Refusal, Reply};
use lapwing_core::means::Means;
use lapwing_core::network::Network;
use lapwing_core::radio::RadioKind;
use lapwing_core::station::{Event, Summary};
use lapwing_core::wsc::{self, Credential, Device, Password, Pin, Session, Troubles};
use lapwing_core::{Duration, Instant};
use tracing::info;

/// How long the station may take to leave its network.
const LEAVING: Duration = Duration::from_secs(6);
/// Somebody asks for something else meanwhile.
const ENROLLING: CallError = CallError::Busy(
    "A network is being handed over by a button or a PIN. Wait until that has ended, or cancel it.",
);

/// That a network is being handed over.
#[derive(Debug)]
pub(super) enum Enrolling {
    /// The station leaves its network.
    Leaving {
        /// With what to begin then.
        password: Password,
        /// When to begin in any case.
        until: Instant,
    },
    /// The session runs.
    Running(Box<Session>),
}

impl Enrolling {
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Leaving { until, .. } => Some(*until),
            Self::Running(session) => session.next_deadline(),
        }
    }

    const fn is_running(&self) -> bool {
        matches!(self, Self::Running(_))
    }
}

impl Interface {
    /// Whether what the kernel says of it is for a session.
    pub(super) fn is_enrolling(&self) -> bool {
        self.enrolling.as_ref().is_some_and(Enrolling::is_running)
    }
}

impl<K: Kernel> Daemon<K> {
    /// Whether an interface is free for a call that moves its station.
    pub(super) fn check_enrolling(&self, ifindex: u32) -> Result<(), CallError> {
        match self.interfaces.get(&ifindex) {
            Some(Interface { enrolling: Some(_), .. }) => Err(ENROLLING),
            Some(_) | None => Ok(()),
        }
    }

    pub(super) fn generate_pin(&mut self) -> First {
        Ok(Some(Answer::Pin(Pin::random(&mut *self.entropy))))
    }

    pub(super) fn enrol(&mut self, now: Now, id: CallId, ifindex: u32, password: Password) -> First {
        let interface = self.interfaces.get_mut(&ifindex).ok_or(NO_INTERFACE)?;
        if interface.station.summary() == Summary::Unavailable {
            return Err(UNAVAILABLE);
        }
        interface.enrolling = Some(Enrolling::Leaving { password, until: now.clock + LEAVING });
        self.supersede(ifindex);
        self.desk.open(now, id, Wish::Enrol { ifindex });
        self.turn(now, ifindex, Event::Disconnect);
        Ok(None)
    }

    pub(super) fn cancel_enrolling(&mut self, now: Now, ifindex: u32) -> First {
        let interface = self.interfaces.get_mut(&ifindex).ok_or(NO_INTERFACE)?;
        match interface.enrolling {
            None => return Err(CallError::NotAvailable("No network is being handed over.")),
            Some(Enrolling::Leaving { .. }) => self.enrolled(now, ifindex, Err(Troubles::Cancelled)),
            Some(Enrolling::Running(_)) => self.enrolling_hears(now, ifindex, wsc::Event::Cancel),
        }
        Ok(Some(Answer::Done))
    }

    /// The daemon ends.
    pub(super) fn cancel_all_enrolling(&mut self, now: Now) {
        let enrolling = self.interfaces.iter().filter(|(_, interface)| interface.enrolling.is_some());
        for ifindex in enrolling.map(|(&ifindex, _)| ifindex).collect::<Vec<_>>() {
            // It answers the call, which has been answered already.
            let _ = self.cancel_enrolling(now, ifindex);
        }
    }

    /// Begins the sessions whose stations are out of the way.
    pub(super) fn begin_enrolling(&mut self, now: Now) {
        for ifindex in self.interfaces.keys().copied().collect::<Vec<_>>() {
            let Some(interface) = self.interfaces.get_mut(&ifindex) else { continue };
            let Some(Enrolling::Leaving { until, .. }) = interface.enrolling else { continue };
            let station = &interface.station;
            let at_rest = station.summary() == Summary::Disconnected && !station.is_scanning();
            if station.summary() == Summary::Unavailable {
                self.enrolled(now, ifindex, Err(Troubles::Unavailable));
            } else if at_rest || until <= now.clock {
                let name = self.options.hostname.as_deref().unwrap_or("Lapwing");
                let device = Device::computer(interface.address, name);
                let full_mac = station.radio().kind != RadioKind::SoftMac;
                let Some(Enrolling::Leaving { password, .. }) = interface.enrolling.take() else { continue };
                info!("{}: looking for an access point that hands over its network", interface.name);
                let session = Session::new(device, password, full_mac, now.clock);
                interface.enrolling = Some(Enrolling::Running(Box::new(session)));
                self.enrolling_hears(now, ifindex, wsc::Event::Tick);
            }
        }
    }

    /// An answer of the kernel: whether it was for a session.
    pub(super) fn enrolling_answered(
        &mut self,
        now: Now,
        ifindex: u32,
        ticket: Ticket,
        outcome: &Result<Reply, Refusal>,
    ) -> bool {
        let is_ours = Session::is_ticket(ticket);
        if is_ours {
            self.enrolling_hears(now, ifindex, wsc::Event::Completed { ticket, outcome: outcome.clone() });
        }
        is_ours
    }

    /// What the kernel says of an interface, while it is the session's: whether the station hears it too.
    pub(super) fn enrolling_heard(&mut self, now: Now, ifindex: u32, event: &KernelEvent) -> bool {
        let Some(interface) = self.interfaces.get(&ifindex) else { return true };
        if !interface.is_enrolling() {
            return true;
        }
        self.enrolling_hears(now, ifindex, wsc::Event::Kernel(event.clone()));
        matches!(
            event,
            KernelEvent::InterfaceDown
                | KernelEvent::InterfaceUp
                | KernelEvent::InterfaceRemoved
                | KernelEvent::AddressChanged { .. }
                | KernelEvent::RegulatoryChanged
        )
    }

    /// Gives a session an event, and does what it wants.
    pub(super) fn enrolling_hears(&mut self, now: Now, ifindex: u32, event: wsc::Event) {
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        let Some(Enrolling::Running(session)) = &mut interface.enrolling else { return };
        let mut means = Means { entropy: &mut *self.entropy, curves: &*self.curves };
        let place = interface.station.interface();
        for action in session.turn(now.clock, event, &mut means) {
            match action {
                wsc::Action::Ask { ticket, request } => {
                    self.kernel.perform(Command::Ask { interface: place, ticket, request });
                }
                wsc::Action::Ended(result) => return self.enrolled(now, ifindex, result),
            }
        }
    }

    /// It has ended: the station has its interface again.
    pub(super) fn enrolled(&mut self, now: Now, ifindex: u32, result: Result<Vec<Credential>, Troubles>) {
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        if interface.enrolling.take().is_none_or(|enrolling| !enrolling.is_running()) {
            info!("{}: nothing was handed over", interface.name);
        } else {
            // It has not heard what the kernel said meanwhile.
            self.turn(now, ifindex, Event::EventsLost);
        }
        let is_it = |wish: &Wish| matches!(wish, Wish::Enrol { ifindex: ours } if *ours == ifindex);
        let call = self.desk.which(is_it).first().copied();
        let networks = result
            .map(|credentials| credentials.iter().filter_map(Credential::network).collect::<Vec<Network>>());
        match (networks, call) {
            (Ok(networks), Some(id)) => {
                // Of several names of one access point, the first is the one that it would have us join.
                let mut networks = networks.into_iter();
                let Some(network) = networks.next() else { return };
                for other in networks.filter(|other| FileName::of(other) != FileName::of(&network)) {
                    self.keep(now, ifindex, &other, false);
                }
                let known = self.networks.contains_key(&FileName::of(&network));
                let origin = if known { Origin::OtherSecret } else { Origin::New };
                info!("the network \"{}\" was handed over", network.ssid);
                self.desk.take(id);
                self.join(now, id, ifindex, Join { network, origin, chosen: None });
            }
            (outcome, call) => {
                if let (Err(troubles), Some(id)) = (outcome, call) {
                    self.desk.close(id, Err(CallError::NotHandedOver(troubles)));
                }
                // Known networks are joined as before.
                if !self.is_closing() {
                    for event in GIVE_UP {
                        self.turn(now, ifindex, event);
                    }
                }
            }
        }
    }
}
