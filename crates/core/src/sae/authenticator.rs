//! SAE on an infrastructure AP: many stations, and no memory spent on those that prove nothing.

use super::{
    COMMIT, CONFIRM,
    body::{Commit, Confirm, Method, request_for_token},
    exchange::{Keys, OwnCommit, PeerCommit, Rejected, Subject},
    frame,
    instances::Instances,
    password::Password,
    station::announced,
};
use crate::{Duration, Instant, Means, Secret, Shared, crypto::kdf::Hash, curve::Group, entropy::random};
use alloc::{vec, vec::Vec};
use lapwing_frames::{
    MacAddr,
    management::{Authentication, AuthenticationAlgorithm, StatusCode},
    suite::Akm,
};
use subtle::ConstantTimeEq;

/// How many times frames of one instance may be out of step (dot11RSNASAESync).
const SYNC_LIMIT: u8 = 3;
/// How long an unfinished instance is kept.
const UNFINISHED: Duration = Duration::from_secs(5);
/// How long an accepted instance is kept, to answer a station that missed our confirm.
const FINISHED: Duration = Duration::from_secs(60);
/// How long a token key is used; a token lives up to twice as long.
const TOKEN_KEY: Duration = Duration::from_secs(60);
/// Instances of all kinds: as many as a BSS has association IDs.
const INSTANCES: usize = 2007;

/// How an AP does SAE.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Configuration {
    /// The AP's address; that of the MLD if there are links.
    pub own: MacAddr,
    /// The SAE AKMs it offers. A commit without an AKM Suite Selector is for the first of those that a commit never
    /// names: clients that are older than the selector know no other (12.4.7.4).
    pub akms: Vec<Akm>,
    /// The groups it accepts.
    pub groups: Vec<Group>,
    /// The methods it accepts.
    pub methods: Vec<Method>,
    /// The passwords, told apart by their identifiers.
    pub passwords: Vec<Password>,
    /// From how many unfinished instances on it asks for tokens.
    pub token_threshold: usize,
}

/// What the AP is to do.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Action {
    /// Send a frame to this station.
    Send(MacAddr, Authentication),
    /// This station knows the password.
    Accepted {
        /// Who.
        peer: MacAddr,
        /// The AKM of the exchange.
        akm: Akm,
        /// The pairwise master key.
        pmk: Secret,
        /// Its identifier.
        pmkid: [u8; 16],
    },
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum State {
    /// Both commits are known, the station's confirm is awaited.
    Committed { received: Vec<u8>, reply: Authentication, keys: Keys, akm: Akm, sync: u8 },
    /// Both confirms are known.
    Accepted { keys: Keys, last_confirm: u16, sync: u8 },
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Instance {
    state: State,
    pub(super) expires: Instant,
    /// The keys of the exchange before this one: its scalar must not come again (12.4.8.6.6), and its
    /// PMK stays in use until the new exchange is complete.
    earlier: Option<Keys>,
}

impl Instance {
    pub(super) const fn is_open(&self) -> bool {
        matches!(self.state, State::Committed { .. })
    }

    /// The keys of the last exchange that was accepted.
    fn accepted(self) -> Option<Keys> {
        match self.state {
            State::Accepted { keys, .. } => Some(keys),
            State::Committed { .. } => self.earlier,
        }
    }
}

/// The machine of an AP for all its stations.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SaeAuthenticator {
    configuration: Shared<Configuration>,
    instances: Instances,
    /// The key of tokens and the one before it.
    token_keys: [Option<[u8; 32]>; 2],
    /// Until when the newest one is used, once there is one.
    token_key_until: Option<Instant>,
}

impl SaeAuthenticator {
    /// An AP that nobody has talked to.
    #[must_use]
    pub fn new(configuration: Configuration) -> Self {
        Self {
            configuration: Shared::new(configuration),
            instances: Instances::default(),
            token_keys: [None; 2],
            token_key_until: None,
        }
    }

    /// Takes a frame of a station.
    pub fn handle(
        &mut self,
        now: Instant,
        means: &mut Means<'_>,
        from: MacAddr,
        received: &Authentication,
    ) -> Vec<Action> {
        self.expire(now);
        if received.algorithm != AuthenticationAlgorithm::Sae {
            return Vec::new();
        }
        match received.transaction {
            COMMIT => self.on_commit(now, means, from, received),
            CONFIRM => self.on_confirm(now, from, received),
            transaction => {
                let reply =
                    frame(transaction.wrapping_add(1), StatusCode::TransactionSequenceError, Vec::new());
                vec![Action::Send(from, reply)]
            }
        }
    }

    /// Drops what has outlived its time.
    pub fn expire(&mut self, now: Instant) {
        while let Some((_, peer)) = self.instances.first().filter(|(expires, _)| *expires <= now) {
            self.instances.remove(peer);
        }
    }

    /// When [`SaeAuthenticator::expire`] has work.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.instances.first().map(|(expires, _)| expires)
    }

    /// Drops everything about a station.
    pub fn forget(&mut self, peer: MacAddr) {
        self.instances.remove(peer);
    }

    /// How many instances are kept: unfinished, and finished ones.
    #[must_use]
    pub fn instances(&self) -> (usize, usize) {
        let open = self.instances.open();
        (open, self.instances.len().saturating_sub(open))
    }

    fn on_commit(
        &mut self,
        now: Instant,
        means: &mut Means<'_>,
        from: MacAddr,
        received: &Authentication,
    ) -> Vec<Action> {
        let refuse = |status, payload| vec![Action::Send(from, frame(COMMIT, status, payload))];
        let method = match received.status {
            StatusCode::Success => Method::HuntingAndPecking,
            StatusCode::SaeHashToElement => Method::HashToElement,
            _ => return refuse(StatusCode::UnspecifiedFailure, Vec::new()),
        };
        let payload = &received.payload;
        let Ok(number) = Commit::group_number(payload) else {
            return refuse(StatusCode::UnspecifiedFailure, Vec::new());
        };
        if !self.configuration.methods.contains(&method) {
            return refuse(StatusCode::UnspecifiedFailure, Vec::new());
        }
        let accepted =
            |number| Group::from_number(number).filter(|group| self.configuration.groups.contains(group));
        let Some(group) = accepted(number) else {
            return refuse(StatusCode::UnsupportedFiniteCyclicGroup, number.to_le_bytes().to_vec());
        };
        let Ok(commit) = Commit::parse(payload, method, true) else {
            return refuse(StatusCode::UnspecifiedFailure, Vec::new());
        };
        if commit.rejected_groups.iter().flatten().any(|&number| accepted(number).is_some()) {
            return refuse(StatusCode::UnspecifiedFailure, Vec::new());
        }

        match self.instances.get_mut(from).map(|instance| &mut instance.state) {
            // The same commit again: our answer was lost.
            Some(State::Committed { received, reply, sync, .. }) if received == payload => {
                *sync += 1;
                if *sync > SYNC_LIMIT {
                    self.instances.remove(from);
                    return Vec::new();
                }
                return vec![Action::Send(from, reply.clone())];
            }
            // A replay of the exchange that was accepted.
            Some(State::Accepted { keys, .. }) if keys.is_peer_scalar(&commit.scalar) => return Vec::new(),
            _ => {}
        }
        let replayed = self.instances.get(from).and_then(|instance| instance.earlier.as_ref());
        if replayed.is_some_and(|keys| keys.is_peer_scalar(&commit.scalar)) {
            return Vec::new();
        }

        let (open, _) = self.instances();
        let must_have_token = open >= self.configuration.token_threshold;
        match &commit.token {
            None if must_have_token => {
                self.renew_token_key(now, means);
                let token =
                    self.token_keys.iter().flatten().next().map(|key| token(key, from)).unwrap_or_default();
                let payload = request_for_token(group, method, &token);
                return refuse(StatusCode::AntiCloggingTokenRequired, payload);
            }
            Some(shown) if must_have_token => {
                let right = |key| bool::from(token(key, from).ct_eq(shown));
                if !self.token_keys.iter().flatten().any(right) {
                    return Vec::new();
                }
            }
            _ => {}
        }

        let identifier = commit.password_identifier.as_deref();
        let Some(password) =
            self.configuration.passwords.iter().find(|password| password.identifier() == identifier)
        else {
            return match identifier {
                Some(_) => refuse(StatusCode::UnknownPasswordIdentifier, Vec::new()),
                None => refuse(StatusCode::UnspecifiedFailure, Vec::new()),
            };
        };
        let akms = &self.configuration.akms;
        let unnamed = akms.iter().copied().find(|akm| announced(*akm).is_none());
        let akm = commit.akm.or(unnamed).filter(|akm| akms.contains(akm));
        let (Some(akm), Some(peer)) = (akm, PeerCommit::check(means.curves, &commit)) else {
            return refuse(StatusCode::UnspecifiedFailure, Vec::new());
        };
        let own = self.configuration.own;
        let Some(own_commit) = password
            .element(means, group, method, [own, from])
            .and_then(|element| OwnCommit::new(means, element))
        else {
            return refuse(StatusCode::UnspecifiedFailure, Vec::new());
        };
        if own_commit.is_reflected_in(&commit) {
            return Vec::new();
        }
        let rejected = Rejected { own: None, peer: commit.rejected_groups.as_deref() };
        let subject = Subject { own, peer: from, akm, method };
        let Some(keys) = own_commit.keys(means.curves, &subject, &peer, rejected) else {
            return refuse(StatusCode::UnspecifiedFailure, Vec::new());
        };
        let answer = Commit {
            password_identifier: commit.password_identifier,
            akm: announced(akm),
            ..own_commit.to_commit()
        };
        let reply = frame(COMMIT, method.status(), answer.write(method));
        let state = State::Committed { received: payload.clone(), reply: reply.clone(), keys, akm, sync: 0 };
        self.make_room(from);
        let earlier = self.instances.remove(from).and_then(Instance::accepted);
        self.instances.insert(from, Instance { state, expires: now + UNFINISHED, earlier });
        vec![Action::Send(from, reply)]
    }

    fn on_confirm(&mut self, now: Instant, from: MacAddr, received: &Authentication) -> Vec<Action> {
        let Some(instance) = self.instances.get_mut(from) else {
            return vec![Action::Send(from, frame(CONFIRM, StatusCode::UnspecifiedFailure, Vec::new()))];
        };
        let length = match &instance.state {
            State::Committed { keys, .. } | State::Accepted { keys, .. } => keys.confirm_length(),
        };
        let Ok(confirm) = Confirm::parse(&received.payload, length) else { return Vec::new() };
        if received.status != StatusCode::Success {
            return Vec::new();
        }
        let answer = |keys: &Keys, send_confirm| {
            let confirm =
                Confirm { send_confirm, confirm: keys.confirm(send_confirm).to_vec(), other: Vec::new() };
            Action::Send(from, frame(CONFIRM, StatusCode::Success, confirm.write()))
        };
        match &mut instance.state {
            State::Committed { keys, .. } if !keys.verify(confirm.send_confirm, &confirm.confirm) => {
                let refusal = frame(CONFIRM, StatusCode::ChallengeFailure, Vec::new());
                // What was accepted before stays: whoever fails here may be somebody else.
                let earlier = self.instances.remove(from).and_then(|instance| instance.earlier);
                if let Some(keys) = earlier {
                    let state = State::Accepted { keys, last_confirm: u16::MAX, sync: 0 };
                    self.instances.insert(from, Instance { state, expires: now + FINISHED, earlier: None });
                }
                vec![Action::Send(from, refusal)]
            }
            State::Committed { keys, akm, .. } => {
                let (keys, akm) = (keys.clone(), *akm);
                let reply = answer(&keys, 1);
                let (pmk, pmkid) = (keys.pmk.clone(), keys.pmkid);
                let state = State::Accepted { keys, last_confirm: confirm.send_confirm, sync: 0 };
                self.instances.insert(from, Instance { state, expires: now + FINISHED, earlier: None });
                vec![reply, Action::Accepted { peer: from, akm, pmk, pmkid }]
            }
            // Our confirm was lost (802.11-2020 12.4.8.6.6); only a higher counter shows that this is new.
            State::Accepted { keys, last_confirm, sync } => {
                let counter = confirm.send_confirm;
                if counter <= *last_confirm || counter == u16::MAX || !keys.verify(counter, &confirm.confirm)
                {
                    return Vec::new();
                }
                *sync += 1;
                if *sync > SYNC_LIMIT {
                    self.instances.remove(from);
                    return Vec::new();
                }
                *last_confirm = counter;
                vec![answer(keys, u16::MAX)]
            }
        }
    }

    /// Drops the instance that expires first if there is no room for one of this station.
    fn make_room(&mut self, from: MacAddr) {
        if self.instances.len() >= INSTANCES
            && self.instances.get(from).is_none()
            && let Some((_, oldest)) = self.instances.first()
        {
            self.instances.remove(oldest);
        }
    }

    fn renew_token_key(&mut self, now: Instant, means: &mut Means<'_>) {
        if self.token_key_until.is_none_or(|until| now >= until) {
            let [newest, _] = self.token_keys;
            self.token_keys = [Some(random(means.entropy)), newest];
            self.token_key_until = Some(now + TOKEN_KEY);
        }
    }
}

/// The token of a station: nothing has to be remembered to recognise it.
fn token(key: &[u8; 32], station: MacAddr) -> Vec<u8> {
    Hash::Sha256.hmac(key, &[&station.0]).to_vec()
}
