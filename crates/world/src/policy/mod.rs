//! Policies of other supplicants: machines that may sit in the station's place, so that failures that they had
//! can be seen as they happen, and compared.
//!
//! Each is as much of its original as it takes to join networks that are open, WPA2- or WPA3-Personal, to leave
//! them, to come back, and to fail as the original was reported to; its file says what is modelled and what is
//! not. What is no policy (SAE, the handshakes, the cache of PMKSAs) is the core's. Nothing of the originals'
//! code is here: what they do was read in it, and is said anew.

mod handshake;
pub mod iwd;
mod search;
mod target;
pub mod wpa_supplicant;

pub use iwd::Iwd;
pub use wpa_supplicant::WpaSupplicant;

use crate::parts::Command;
use crate::party::{PartyOutput, Seat};
use crate::pre_shared::pre_shared_key;
use lapwing_core::attempt::{AttemptId, Ticket};
use lapwing_core::crypto::keys::Pmk;
use lapwing_core::curve::Group;
use lapwing_core::kernel::{AssociateSecurity, Connection, KernelEvent, Request};
use lapwing_core::network::{Credentials, Network};
use lapwing_core::radio::Radio;
use lapwing_core::rsn::Plan;
use lapwing_core::rsn::plan::SaeMethod;
use lapwing_core::sae::{self, Password};
use lapwing_core::station::{Connected, Report, Summary};
use lapwing_core::{Instant, Means, Secret};
use lapwing_frames::management::{Body, Management, ReasonCode};
use lapwing_frames::{MacAddr, Ssid};
use target::Target;

/// The numbers of requests and attempts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Numbers {
    ticket: u64,
    attempt: u32,
}

/// What a turn works with.
struct Turn<'a, 'm> {
    now: Instant,
    seat: &'a Seat,
    numbers: &'a mut Numbers,
    means: &'a mut Means<'m>,
    out: &'a mut Vec<PartyOutput>,
}

impl Turn<'_, '_> {
    fn command(&mut self, command: Command) -> Ticket {
        self.numbers.ticket += 1;
        let attempt = Some(AttemptId(self.numbers.attempt));
        let ticket = Ticket { attempt, number: self.numbers.ticket };
        self.out.push(PartyOutput::Ask { ticket, command });
        ticket
    }

    fn ask(&mut self, request: Request) -> Ticket {
        self.command(Command::Request(request))
    }

    /// A line of the supplicant's log.
    fn note(&mut self, text: impl Into<String>) {
        self.out.push(PartyOutput::Note(text.into()));
    }

    fn report(&mut self, report: Report) {
        self.out.push(PartyOutput::Report(report));
    }

    /// Another attempt begins.
    fn attempt(&mut self) -> AttemptId {
        self.numbers.attempt += 1;
        AttemptId(self.numbers.attempt)
    }

    /// What SAE with a target begins with.
    fn sae(&self, target: &Target, plan: &Plan, groups: Vec<Group>) -> sae::Setup {
        sae::Setup {
            own: self.seat.address,
            peer: target.authenticator(),
            akm: plan.akm(),
            method: match plan.sae() {
                Some(SaeMethod::HuntingAndPecking) => sae::Method::HuntingAndPecking,
                Some(SaeMethod::HashToElement) | None => sae::Method::HashToElement,
            },
            groups,
        }
    }

    /// The port is open.
    fn connected(&mut self, target: &Target, cached_pmksa: bool) {
        let plan = target.plan.as_ref();
        self.report(Report::Connected(Connected {
            attempt: AttemptId(self.numbers.attempt),
            ssid: target.ssid.clone(),
            peer: target.authenticator(),
            frequency: target.frequency.0,
            akm: plan.map(|plan| plan.akm()),
            pairwise: plan.map(|plan| plan.pairwise()),
            group_management: plan.and_then(|plan| plan.group_management()),
            weakness: plan.and_then(|plan| plan.weakness()),
            beacon_protection: plan.is_some_and(|plan| plan.beacon_protection()),
            cached_pmksa,
            links: target.links().collect(),
        }));
    }
}

/// What was calculated from the secret of a network: it takes long.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Secrets {
    of: Option<Network>,
    password: Option<Password>,
    psk: Option<Secret>,
}

impl Secrets {
    fn passphrase(&mut self, network: &Network) -> Option<Secret> {
        if self.of.as_ref().is_none_or(|of| !of.is_same(network)) {
            *self = Self { of: Some(network.clone()), ..Self::default() };
        }
        match &network.credentials {
            Credentials::Personal(personal) => personal.passphrase.clone(),
            Credentials::Open => None,
        }
    }

    /// The password of SAE.
    fn password(&mut self, network: &Network) -> Option<Password> {
        let passphrase = self.passphrase(network)?;
        if self.password.is_none() {
            self.password = Some(Password::new(network.ssid.octets(), passphrase.expose(), None));
        }
        self.password.clone()
    }

    /// Keeps a password with the elements that were calculated meanwhile.
    fn keep(&mut self, password: &Password) {
        self.password = Some(password.clone());
    }

    /// The pre-shared key of WPA2.
    fn pre_shared(&mut self, network: &Network) -> Option<Pmk> {
        let passphrase = self.passphrase(network)?;
        let stored = match &network.credentials {
            Credentials::Personal(personal) => personal.psk.clone(),
            Credentials::Open => None,
        };
        let calculated = || pre_shared_key(passphrase.expose(), network.ssid.octets());
        let psk = self.psk.get_or_insert_with(|| stored.unwrap_or_else(calculated));
        Pmk::new(psk.clone())
    }
}

/// A goodbye in an event: who sent it, and why.
fn farewell(event: &KernelEvent) -> Option<(MacAddr, ReasonCode)> {
    let (KernelEvent::Deauthentication { frame } | KernelEvent::Disassociation { frame }) = event else {
        return None;
    };
    match Management::parse_decrypted(frame).ok()? {
        Management { header, body: Body::Deauthentication(body) | Body::Disassociation(body) } => {
            Some((header.transmitter, body.reason))
        }
        _ => None,
    }
}

/// The suites of an association, and how EAPOL travels on this radio.
fn security(target: &Target, radio: &Radio) -> Option<AssociateSecurity> {
    target.plan.as_ref().map(|plan| AssociateSecurity {
        akm: plan.akm(),
        pairwise: plan.pairwise(),
        group: plan.group(),
        management_frame_protection: plan.protects_management_frames(),
        control_port: radio.control_port,
    })
}

/// Whether the kernel says that a connection was made.
fn is_made(connection: &Connection) -> bool {
    connection.status.0 == 0 && !connection.timed_out
}

/// The summary of a state: on the way in.
fn connecting(ssid: &Ssid, numbers: &Numbers) -> Summary {
    Summary::Connecting { ssid: ssid.clone(), attempt: AttemptId(numbers.attempt) }
}
