//! From a target to an open port.

use super::{Going, Inner, Phase};
use crate::policy::handshake::Handshake;
use crate::policy::target::Target;
use crate::policy::{Turn, is_made, security};
use lapwing_core::attempt::Ticket;
use lapwing_core::crypto::keys::{Pmk, Pmkid};
use lapwing_core::curve::Group;
use lapwing_core::kernel::{
    AssociateRequest, AuthenticateRequest, ConnectRequest, Connection, Offload, Request,
};
use lapwing_core::network::Network;
use lapwing_core::pmksa;
use lapwing_core::radio::RadioKind;
use lapwing_core::rsn::{Candidate, Plan};
use lapwing_core::sae::{self, Sae};
use lapwing_frames::management::{Authentication, AuthenticationAlgorithm, StatusCode};

impl Inner {
    fn pmksa_key(turn: &Turn<'_, '_>, target: &Target, plan: &Plan) -> pmksa::Key {
        let (station, authenticator) = (turn.seat.address, target.authenticator());
        pmksa::Key { station, authenticator, ssid: target.ssid.clone(), akm: plan.akm() }
    }

    pub(super) fn connect(&mut self, turn: &mut Turn<'_, '_>, network: &Network, target: Target) {
        turn.attempt();
        let is_soft = turn.seat.radio.kind == RadioKind::SoftMac;
        let (mut plan, mut candidate, mut sae, mut cached) = (target.plan.clone(), None, None, false);
        if let Some(ours) = &target.plan {
            let key = Self::pmksa_key(turn, &target, ours);
            let entry = self.pmksa.find(turn.now, &key).filter(|_| ours.akm().is_sae()).cloned();
            if let Some(entry) = entry {
                turn.note("has a cached PMKSA: does without SAE");
                // It is out of the cache while it is in use.
                self.pmksa.refused(key.authenticator, &key.ssid);
                plan = Some(ours.clone().with_pmkid(entry.pmkid));
                candidate = Some(Candidate { pmkid: Some(entry.pmkid), pmk: entry.pmk });
                cached = true;
            } else if ours.akm().is_sae() {
                sae = self.machine(turn, network, &target, ours);
            } else {
                let pmk = self.secrets.pre_shared(network);
                candidate = pmk.map(|pmk| Candidate { pmkid: None, pmk });
            }
        }
        let ticket = Ticket { attempt: None, number: 0 };
        let mut going = Box::new(Going { target, plan, candidate, cached, sae, repeat: None, ticket });
        if is_soft {
            let first = going.sae.as_mut().map(|machine| machine.start(&mut turn.means.lend()));
            let frame = match first {
                Some(sae::Progress::Send(frame)) => Some(frame),
                Some(_) => return self.later(turn),
                None => None,
            };
            going.ticket = send_authentication(turn, &going.target, frame.as_ref());
            self.phase = Phase::Authenticating(going);
        } else {
            let (target, needs_sae) = (&going.target, going.sae.is_some());
            going.ticket = turn.ask(Request::Connect(Box::new(ConnectRequest {
                ssid: target.ssid.clone(),
                bssid: Some(target.bssid),
                frequency: Some(target.frequency),
                elements: going.plan.as_ref().map(Plan::association_elements).unwrap_or_default(),
                algorithm: if needs_sae {
                    AuthenticationAlgorithm::Sae
                } else {
                    AuthenticationAlgorithm::Open
                },
                security: security(target, &turn.seat.radio),
                sae: target.plan.as_ref().filter(|_| needs_sae).and_then(Plan::sae),
                previous: None,
                offload: Offload::ExternalSae,
                multi_link: false,
            })));
            self.phase = Phase::Connecting(going);
        }
    }

    fn machine(
        &mut self,
        turn: &mut Turn<'_, '_>,
        network: &Network,
        target: &Target,
        plan: &Plan,
    ) -> Option<Box<Sae>> {
        let setup = turn.sae(target, plan, vec![Group::P256]);
        let mut password = self.secrets.password(network)?;
        password.prepare(turn.means.curves, Group::P256);
        self.secrets.keep(&password);
        Some(Box::new(Sae::new(setup, password)))
    }

    /// An Authentication frame of the access point (SoftMAC).
    pub(super) fn authenticated(&mut self, turn: &mut Turn<'_, '_>, body: &Authentication) {
        let Phase::Authenticating(going) = &mut self.phase else { return };
        let progress = going.sae.as_mut().map(|machine| machine.handle(&mut turn.means.lend(), body));
        match progress {
            None if body.status != StatusCode::Success => return self.failed(turn),
            Some(sae::Progress::Send(frame)) => {
                going.ticket = send_authentication(turn, &going.target, Some(&frame));
                return;
            }
            Some(sae::Progress::Ignored(_)) => return,
            Some(sae::Progress::Failed(_)) => return self.failed(turn),
            Some(sae::Progress::Accepted(accepted)) => {
                let pmkid = Some(Pmkid(accepted.pmkid));
                going.candidate = Pmk::new(accepted.pmk).map(|pmk| Candidate { pmkid, pmk });
            }
            None => {}
        }
        let Phase::Authenticating(mut going) = core::mem::replace(&mut self.phase, Phase::Idle) else {
            return;
        };
        going.ticket = turn.ask(Request::Associate(AssociateRequest {
            peer: going.target.peer(),
            ssid: going.target.ssid.clone(),
            elements: going.plan.as_ref().map(Plan::association_elements).unwrap_or_default(),
            security: security(&going.target, &turn.seat.radio),
            previous: None,
        }));
        self.phase = Phase::Connecting(going);
    }

    /// The kernel's word about the connection.
    pub(super) fn connected(&mut self, turn: &mut Turn<'_, '_>, connection: &Connection) {
        let Phase::Connecting(going) = &mut self.phase else { return };
        if !is_made(connection) {
            return self.failed(turn);
        }
        let candidates = going.candidate.iter().cloned().collect();
        let handshake = Handshake::new(turn, &going.target, going.plan.clone(), connection, candidates);
        let Phase::Connecting(going) = core::mem::replace(&mut self.phase, Phase::Idle) else { return };
        match handshake {
            Some(handshake) => self.phase = Phase::Handshaking(going, Box::new(handshake)),
            None => {
                turn.connected(&going.target, false);
                self.phase = Phase::Connected(Box::new(going.target), None);
                self.succeeded();
            }
        }
    }

    /// All keys are in, and the port is open.
    pub(super) fn secured(&mut self, turn: &mut Turn<'_, '_>) {
        match core::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Handshaking(going, handshake) => {
                turn.connected(&going.target, going.cached);
                if let (Some(plan), Some(candidate)) = (&going.target.plan, &going.candidate)
                    && let Some(pmkid) = candidate.pmkid
                {
                    let key = Self::pmksa_key(turn, &going.target, plan);
                    self.pmksa.insert(turn.now, key, pmkid, candidate.pmk.clone(), pmksa::LIFETIME);
                }
                self.phase = Phase::Connected(Box::new(going.target), Some(handshake));
                self.succeeded();
            }
            other => self.phase = other,
        }
    }
}

/// Sends an Authentication frame: of SAE if there is one, else an open one.
fn send_authentication(turn: &mut Turn<'_, '_>, target: &Target, sae: Option<&Authentication>) -> Ticket {
    turn.ask(Request::Authenticate(AuthenticateRequest {
        bssid: target.bssid,
        frequency: target.frequency,
        ssid: target.ssid.clone(),
        algorithm: sae.map_or(AuthenticationAlgorithm::Open, |frame| frame.algorithm),
        data: sae.map(sae::authentication_data).unwrap_or_default(),
        elements: vec![],
        mld: None,
    }))
}
