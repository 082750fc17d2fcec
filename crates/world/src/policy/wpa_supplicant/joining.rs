//! From a target to an open port: links, keys, authentication, association, handshake.

use super::{CLEARED, Going, HANDSHAKE_LIMIT, Inner, Phase, SME_LIMIT, Search, Version};
use crate::parts::Command;
use crate::policy::handshake::Handshake;
use crate::policy::target::Target;
use crate::policy::{Turn, is_made, security};
use lapwing_core::Duration;
use lapwing_core::attempt::Ticket;
use lapwing_core::crypto::keys::{Pmk, Pmkid};
use lapwing_core::curve::Group;
use lapwing_core::kernel::{AssociateRequest, AuthenticateRequest, Connection, Request};
use lapwing_core::network::Network;
use lapwing_core::pmksa;
use lapwing_core::rsn::{Candidate, Plan};
use lapwing_core::sae::{self, Sae};
use lapwing_frames::management::{Authentication, AuthenticationAlgorithm, ReasonCode, StatusCode};
use lapwing_frames::{LinkId, MacAddr};

impl Inner {
    fn pmksa_key(turn: &Turn<'_, '_>, target: &Target, plan: &Plan) -> pmksa::Key {
        let (station, authenticator) = (turn.seat.address, target.authenticator());
        pmksa::Key { station, authenticator, ssid: target.ssid.clone(), akm: plan.akm() }
    }

    /// Goes to a target, whatever there is: the new target's links first, then the keys, then the request.
    pub(super) fn authenticate(
        &mut self,
        version: Version,
        turn: &mut Turn<'_, '_>,
        network: &Network,
        target: Target,
    ) {
        turn.attempt();
        self.valid_links = target.links().collect();
        let mut sae = None;
        let mut going = Going { plan: target.plan.clone(), target, candidates: Vec::new(), cached: false };
        if let Some(plan) = &going.target.plan {
            let entry = self.pmksa.find(turn.now, &Self::pmksa_key(turn, &going.target, plan));
            if let Some(entry) = entry.filter(|_| plan.akm().is_sae()) {
                going.plan = Some(plan.clone().with_pmkid(entry.pmkid));
                going.candidates.push(Candidate { pmkid: Some(entry.pmkid), pmk: entry.pmk.clone() });
                going.cached = true;
            } else if plan.akm().is_sae() {
                sae = self.start_sae(turn, network, &going.target, plan);
                if sae.is_none() {
                    return self.connection_failed(turn);
                }
            } else {
                let Some(pmk) = self.secrets.pre_shared(network) else { return };
                going.candidates.push(Candidate { pmkid: None, pmk });
            }
        }
        turn.note(format!(
            "goes to {} at {}{}",
            going.target.bssid,
            going.target.frequency,
            if going.cached { ", with a cached PMKSA" } else { "" }
        ));
        let bssid = going.target.bssid;
        self.clear_keys(version, turn, Some(bssid));
        let ticket = send_authentication(turn, &going.target, sae.as_ref().map(|(_, frame)| frame));
        let until = turn.now + SME_LIMIT;
        let sae = sae.map(|(machine, _)| machine);
        self.phase = Phase::Authenticating { going: Box::new(going), sae, ticket, until };
    }

    fn start_sae(
        &mut self,
        turn: &mut Turn<'_, '_>,
        network: &Network,
        target: &Target,
        plan: &Plan,
    ) -> Option<(Box<Sae>, Authentication)> {
        let setup = turn.sae(target, plan, Group::ALL.to_vec());
        let mut machine = Box::new(Sae::new(setup, self.secrets.password(network)?));
        let progress = machine.start(&mut turn.means.lend());
        self.secrets.keep(machine.password());
        match progress {
            sae::Progress::Send(frame) => Some((machine, frame)),
            _ => None,
        }
    }

    /// Deletes the keys that may be there.
    pub(super) fn clear_keys(&mut self, version: Version, turn: &mut Turn<'_, '_>, peer: Option<MacAddr>) {
        let beyond = matches!(self.phase, Phase::Handshaking { .. } | Phase::Completed { .. });
        let links: Vec<Option<LinkId>> = match version {
            Version::Master if beyond && !self.valid_links.is_empty() => {
                self.valid_links.iter().copied().map(Some).collect()
            }
            _ => vec![None],
        };
        for link in links {
            for index in CLEARED.filter(|index| self.keys.contains(index)) {
                turn.command(Command::DeleteKey { peer: None, link, index });
            }
        }
        if self.keys.contains(&0) && peer.is_some() {
            turn.command(Command::DeleteKey { peer, link: None, index: 0 });
        }
        self.keys.clear();
    }

    /// An Authentication frame of the access point.
    pub(super) fn authenticated(&mut self, version: Version, turn: &mut Turn<'_, '_>, body: &Authentication) {
        let Phase::Authenticating { going, sae, ticket, until } = &mut self.phase else { return };
        let Some(machine) = sae else {
            if body.status == StatusCode::Success {
                self.associate(turn);
            } else {
                turn.note(format!("the authentication was refused, status {}", body.status.0));
                self.connection_failed(turn);
            }
            return;
        };
        match machine.handle(&mut turn.means.lend(), body) {
            sae::Progress::Send(frame) => {
                *ticket = send_authentication(turn, &going.target, Some(&frame));
                *until = turn.now + SME_LIMIT;
            }
            sae::Progress::Ignored(_) => {}
            sae::Progress::Accepted(accepted) => {
                let Some(pmk) = Pmk::new(accepted.pmk) else { return };
                let pmkid = Pmkid(accepted.pmkid);
                going.candidates.push(Candidate { pmkid: Some(pmkid), pmk: pmk.clone() });
                if let Some(plan) = &going.target.plan {
                    // Before any handshake proves it.
                    let key = Self::pmksa_key(turn, &going.target, plan);
                    self.pmksa.insert(turn.now, key, pmkid, pmk, pmksa::LIFETIME);
                }
                self.associate(turn);
            }
            sae::Progress::Failed(why) => {
                turn.note(why.to_string());
                self.give_up(version, turn);
            }
        }
    }

    fn associate(&mut self, turn: &mut Turn<'_, '_>) {
        let Phase::Authenticating { going, .. } = core::mem::replace(&mut self.phase, Phase::Idle) else {
            return;
        };
        let ticket = turn.ask(Request::Associate(AssociateRequest {
            peer: going.target.peer(),
            ssid: going.target.ssid.clone(),
            elements: going.plan.as_ref().map(Plan::association_elements).unwrap_or_default(),
            security: security(&going.target, &turn.seat.radio),
            previous: None,
        }));
        self.phase = Phase::Associating { going, ticket, until: turn.now + SME_LIMIT };
    }

    /// The kernel's word about the association.
    pub(super) fn associated(&mut self, version: Version, turn: &mut Turn<'_, '_>, connection: &Connection) {
        let Phase::Associating { going, .. } = &mut self.phase else { return };
        if !is_made(connection) {
            turn.note(format!("the association was refused, status {}", connection.status.0));
            if !going.cached {
                return self.give_up(version, turn);
            }
            let target = going.target.clone();
            turn.note("drops the PMKSA, and does SAE");
            self.pmksa.refused(target.authenticator(), &target.ssid);
            turn.ask(deauthenticate(target.authenticator()));
            self.phase = Phase::Idle;
            if let Some(network) = self.wanted.clone() {
                self.authenticate(version, turn, &network, target);
            }
            return;
        }
        let plan = going.plan.clone();
        let candidates = core::mem::take(&mut going.candidates);
        let handshake = Handshake::new(turn, &going.target, plan, connection, candidates);
        let Phase::Associating { going, .. } = core::mem::replace(&mut self.phase, Phase::Idle) else {
            return;
        };
        match handshake {
            Some(handshake) => {
                let (handshake, until) = (Box::new(handshake), turn.now + HANDSHAKE_LIMIT);
                self.phase = Phase::Handshaking { going, handshake, until };
            }
            None => {
                let target = Box::new(going.target);
                turn.connected(&target, false);
                self.phase = Phase::Completed { target, handshake: None };
                self.succeeded();
            }
        }
    }

    /// All keys are in, and the port is open.
    pub(super) fn complete(&mut self, turn: &mut Turn<'_, '_>) {
        match core::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Handshaking { going, handshake, .. } => {
                turn.connected(&going.target, going.cached);
                let target = Box::new(going.target);
                self.phase = Phase::Completed { target, handshake: Some(handshake) };
                self.succeeded();
            }
            other => self.phase = other,
        }
    }

    fn succeeded(&mut self) {
        (self.failures, self.long_failures, self.left_alone_until) = (0, 0, None);
        (self.reassociate, self.search) = (false, Search::No);
    }

    /// The access point throws us out before there is a connection.
    pub(super) fn thrown_out(&mut self, version: Version, turn: &mut Turn<'_, '_>, reason: ReasonCode) {
        turn.note(format!("the access point says goodbye, reason {}", reason.0));
        if let Phase::Associating { going, .. } = &self.phase
            && going.cached
            && version == Version::Master
            && reason == ReasonCode::NotAuthenticated
        {
            turn.note("drops the PMKSA");
            self.pmksa.refused(going.target.authenticator(), &going.target.ssid);
        }
        self.connection_failed(turn);
    }

    /// Ends what is under way, with a frame.
    pub(super) fn give_up(&mut self, version: Version, turn: &mut Turn<'_, '_>) {
        if let Some(peer) = self.peer() {
            turn.ask(deauthenticate(peer));
        }
        self.phase = Phase::Idle;
        self.clear_keys(version, turn, None);
        self.connection_failed(turn);
    }

    /// Puts off the next try.
    pub(super) fn connection_failed(&mut self, turn: &mut Turn<'_, '_>) {
        self.phase = Phase::Idle;
        self.failures = self.failures.saturating_add(1);
        if self.failures > 3 {
            self.long_failures = self.long_failures.saturating_add(1);
            let seconds = match self.long_failures {
                0 | 1 => 10,
                2 => 20,
                3 => 30,
                4 | 5 => 60,
                6..=10 => 90,
                11..=50 => 120,
                _ => 300,
            };
            turn.note(format!("leaves the network alone for {seconds} s"));
            self.left_alone_until = Some(turn.now + Duration::from_secs(seconds));
        }
        let delay = match self.failures {
            0 | 1 => 100,
            2 => 500,
            3 => 1_000,
            4 => 5_000,
            _ => 10_000,
        };
        let at = turn.now + Duration::from_millis(delay);
        self.search = Search::At(self.left_alone_until.map_or(at, |until| until.max(at)));
    }
}

/// Says goodbye, with a frame.
pub(super) fn deauthenticate(peer: MacAddr) -> Request {
    Request::Deauthenticate { peer, reason: ReasonCode::LeavingDeauthenticated, local_only: false }
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
        mld: target.mld.as_ref().map(|mld| (mld.association_link, mld.address)),
    }))
}
