//! SAE on an infrastructure station: it commits first, confirms first, and gives up rather than guess.
//!
//! ```text
//! Idle ──start──▶ Committed ──commit of the AP──▶ Confirmed ──confirm of the AP──▶ accepted
//!                  │    ▲ token wanted: same commit again with it
//!                  └────┘ group refused: fresh commit in the next group
//! ```

use super::{
    COMMIT, CONFIRM,
    body::{Commit, Confirm, Method, requested_token},
    exchange::{Keys, OwnCommit, PeerCommit, Rejected, Subject},
    frame,
    password::Password,
};
use crate::{Means, Secret, curve::Group};
use alloc::vec::Vec;
use core::fmt;
use lapwing_frames::{
    MacAddr, ParseError,
    management::{Authentication, AuthenticationAlgorithm, StatusCode},
    suite::Akm,
};

/// How many tokens an AP may ask for in one exchange. One is usual, a second one if the first has expired.
const TOKEN_ROUNDS: u8 = 3;
/// How often a frame is sent again before the exchange is given up (dot11RSNASAESync as peers have it).
const SYNC_LIMIT: u8 = 3;

/// What an exchange is to be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Setup {
    /// Our address; that of the MLD if there are links.
    pub own: MacAddr,
    /// The AP's address; that of its MLD if there are links.
    pub peer: MacAddr,
    /// One of the SAE AKMs.
    pub akm: Akm,
    /// How the password element is found.
    pub method: Method,
    /// The groups we accept, the preferred one first.
    pub groups: Vec<Group>,
}

/// Why an exchange failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SaeFailure {
    /// The confirms do not agree: the passwords differ. Found by us, or by the AP (its status is given).
    WrongPassword(Option<StatusCode>),
    /// The AP knows no password with our identifier.
    UnknownPasswordIdentifier,
    /// The AP refused every group of ours, or we have none.
    NoCommonGroup,
    /// Something between us and the AP has made us use a group that both of us would not have chosen: it
    /// names this group as rejected by us.
    Downgrade(u16),
    /// The AP answered with another method to find the password element.
    MethodMismatch(StatusCode),
    /// The AP answered in another group.
    GroupMismatch(u16),
    /// The AP answered for another AKM.
    AkmMismatch(Akm),
    /// The AP did not repeat our password identifier.
    IdentifierMismatch,
    /// The AP's scalar or element is out of range, or off the curve, or leads to no secret.
    InvalidElement,
    /// The AP asked for a token again and again.
    TooManyTokens,
    /// A frame that cannot be read.
    Malformed(ParseError),
    /// Any other refusal by the AP.
    Refused {
        /// The transaction it refused.
        transaction: u16,
        /// Its reason.
        status: StatusCode,
    },
    /// The AKM or the password identifier needs hash-to-element, and the setup is without it.
    NeedsHashToElement,
    /// The password leads to no element; the chance of that is 1 in 2²⁰⁰ at the most.
    NoPasswordElement,
    /// No answer however often the frame was sent again.
    NoAnswer,
}

impl fmt::Display for SaeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongPassword(None) => f.write_str("the AP's confirm is wrong: the passwords differ"),
            Self::WrongPassword(Some(status)) => {
                write!(f, "the AP refused our confirm ({status}): wrong password")
            }
            Self::UnknownPasswordIdentifier => f.write_str("the AP knows no password with this identifier"),
            Self::NoCommonGroup => f.write_str("the AP accepts none of our groups"),
            Self::Downgrade(group) => {
                write!(f, "the AP says that we rejected group {group}, which we accept")
            }
            Self::MethodMismatch(status) => write!(f, "the AP's commit is of another method ({status})"),
            Self::GroupMismatch(group) => write!(f, "the AP's commit is in group {group}"),
            Self::AkmMismatch(akm) => write!(f, "the AP's commit is for {akm}"),
            Self::IdentifierMismatch => f.write_str("the AP's commit has another password identifier"),
            Self::InvalidElement => f.write_str("the AP's commit has an invalid scalar or element"),
            Self::TooManyTokens => write!(f, "the AP asked for more than {TOKEN_ROUNDS} tokens"),
            Self::Malformed(error) => write!(f, "the AP's frame is malformed: {error}"),
            Self::Refused { transaction, status } => {
                write!(f, "the AP refused transaction {transaction}: {status}")
            }
            Self::NeedsHashToElement => f.write_str("AKM or password identifier need hash-to-element"),
            Self::NoPasswordElement => f.write_str("the password leads to no element"),
            Self::NoAnswer => f.write_str("the AP does not answer"),
        }
    }
}

impl core::error::Error for SaeFailure {}

/// Why a frame changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ignored {
    /// Our own commit came back (802.11-2020 12.4.8.6.4): somebody reflects it.
    Reflection,
    /// Not what the state waits for: late, repeated or overtaken.
    OutOfOrder,
    /// It refuses a group, or asks for a token, but not for the group we use now.
    OtherGroup,
    /// Not a frame of SAE.
    NotSae,
}

/// What comes of an input.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Progress {
    /// Send this frame.
    Send(Authentication),
    /// Nothing to do.
    Ignored(Ignored),
    /// The exchange is complete.
    Accepted(Accepted),
    /// The exchange has failed; a new [`Sae::start`] may follow.
    Failed(SaeFailure),
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(frame) => write!(f, "Send({}, {})", frame.transaction, frame.status),
            Self::Ignored(why) => write!(f, "Ignored({why:?})"),
            Self::Accepted(_) => f.write_str("Accepted"),
            Self::Failed(why) => write!(f, "Failed({why:?})"),
        }
    }
}

/// The result of an exchange.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Accepted {
    /// The pairwise master key: 32 octets, or as many as the hash has for AKM 24 and 25.
    pub pmk: Secret,
    /// Its identifier.
    pub pmkid: [u8; 16],
    /// The group it came from.
    pub group: Group,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum State {
    Idle,
    /// Our commit is out.
    Committed {
        own: OwnCommit,
        token: Option<Vec<u8>>,
        token_rounds: u8,
        sync: u8,
    },
    /// The AP's commit is in, our confirm is out.
    Confirmed {
        keys: Keys,
        group: Group,
        send_confirm: u16,
        sync: u8,
    },
}

/// The machine of a station for one AP and one password.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Sae {
    setup: Setup,
    password: Password,
    /// The groups that the AP refused, in that order; kept across the tries of one association.
    rejected: Vec<Group>,
    state: State,
}

impl fmt::Debug for Sae {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Idle => "Idle",
            State::Committed { .. } => "Committed",
            State::Confirmed { .. } => "Confirmed",
        };
        f.debug_struct("Sae").field("setup", &self.setup).field("state", &state).finish_non_exhaustive()
    }
}

impl Sae {
    /// A machine that has not begun.
    #[must_use]
    pub const fn new(setup: Setup, password: Password) -> Self {
        Self { setup, password, rejected: Vec::new(), state: State::Idle }
    }

    /// The password, with all that was calculated from it.
    #[must_use]
    pub const fn password(&self) -> &Password {
        &self.password
    }

    /// Begins an exchange, or begins anew, with fresh secrets, in the first group that the AP has not refused.
    pub fn start(&mut self, means: &mut Means<'_>) -> Progress {
        self.state = State::Idle;
        let hash_to_element = self.setup.method == Method::HashToElement;
        let needed = matches!(self.setup.akm, Akm::SaeExtKey | Akm::FtSaeExtKey)
            || self.password.identifier().is_some();
        if needed && !hash_to_element {
            return Progress::Failed(SaeFailure::NeedsHashToElement);
        }
        let Some(&group) = self.setup.groups.iter().find(|group| !self.rejected.contains(group)) else {
            return Progress::Failed(SaeFailure::NoCommonGroup);
        };
        if hash_to_element {
            // It stays ready for the next exchange.
            self.password.prepare(means.curves, group);
        }
        let addresses = [self.setup.own, self.setup.peer];
        let element = self.password.element(means, group, self.setup.method, addresses);
        let Some(own) = element.and_then(|element| OwnCommit::new(means, element)) else {
            return Progress::Failed(SaeFailure::NoPasswordElement);
        };
        self.state = State::Committed { own, token: None, token_rounds: 0, sync: 0 };
        self.send()
    }

    /// Takes a frame of the AP.
    pub fn handle(&mut self, means: &mut Means<'_>, received: &Authentication) -> Progress {
        if received.algorithm != AuthenticationAlgorithm::Sae {
            return Progress::Ignored(Ignored::NotSae);
        }
        let progress = match (&self.state, received.transaction) {
            (State::Committed { .. }, COMMIT) => self.on_commit(means, received),
            (State::Confirmed { .. }, CONFIRM) => self.on_confirm(received),
            _ => Progress::Ignored(Ignored::OutOfOrder),
        };
        if matches!(progress, Progress::Accepted(_) | Progress::Failed(_)) {
            self.state = State::Idle;
        }
        progress
    }

    /// Sends the last frame again, for transports that do not repeat by themselves (external
    /// authentication). A confirm gets the next counter.
    pub fn repeat(&mut self) -> Progress {
        match &mut self.state {
            State::Idle => Progress::Ignored(Ignored::OutOfOrder),
            State::Committed { sync, .. } | State::Confirmed { sync, .. } if *sync >= SYNC_LIMIT => {
                self.state = State::Idle;
                Progress::Failed(SaeFailure::NoAnswer)
            }
            State::Committed { sync, .. } => {
                *sync += 1;
                self.send()
            }
            State::Confirmed { sync, send_confirm, .. } => {
                *sync += 1;
                *send_confirm += 1;
                self.send()
            }
        }
    }

    /// The groups that the AP has refused so far.
    #[must_use]
    pub fn rejected(&self) -> &[Group] {
        &self.rejected
    }

    /// Forgets which groups the AP refused: the association is made, or the next one is another matter.
    pub fn forget_rejected(&mut self) {
        self.rejected.clear();
    }

    /// The Rejected Groups element of our commit, if there is one.
    fn own_list(&self) -> Option<Vec<u16>> {
        let wanted = self.setup.method == Method::HashToElement && !self.rejected.is_empty();
        wanted.then(|| self.rejected.iter().map(|group| group.number()).collect())
    }

    /// The frame of the state.
    fn send(&self) -> Progress {
        match &self.state {
            State::Idle => Progress::Ignored(Ignored::OutOfOrder),
            State::Committed { own, token, .. } => {
                let method = self.setup.method;
                let commit = Commit {
                    token: token.clone(),
                    password_identifier: self.password.identifier().map(<[u8]>::to_vec),
                    rejected_groups: self.own_list(),
                    akm: announced(self.setup.akm),
                    ..own.to_commit()
                };
                Progress::Send(frame(COMMIT, method.status(), commit.write(method)))
            }
            State::Confirmed { keys, send_confirm, .. } => {
                let send_confirm = *send_confirm;
                let confirm =
                    Confirm { send_confirm, confirm: keys.confirm(send_confirm).to_vec(), other: Vec::new() };
                Progress::Send(frame(CONFIRM, StatusCode::Success, confirm.write()))
            }
        }
    }

    /// In `Committed`: the AP's commit, or its refusal of ours.
    fn on_commit(&mut self, means: &mut Means<'_>, received: &Authentication) -> Progress {
        let State::Committed { own, token, token_rounds, .. } = &mut self.state else {
            return Progress::Ignored(Ignored::OutOfOrder);
        };
        let group = own.group();
        let method = self.setup.method;
        let named = Commit::group_number(&received.payload);
        match received.status {
            StatusCode::AntiCloggingTokenRequired | StatusCode::UnsupportedFiniteCyclicGroup
                if named.is_ok_and(|named| named != group.number()) =>
            {
                Progress::Ignored(Ignored::OtherGroup)
            }
            StatusCode::AntiCloggingTokenRequired if *token_rounds >= TOKEN_ROUNDS => {
                Progress::Failed(SaeFailure::TooManyTokens)
            }
            StatusCode::AntiCloggingTokenRequired => match requested_token(&received.payload, method) {
                Ok(wanted) => {
                    *token = Some(wanted);
                    *token_rounds += 1;
                    self.send()
                }
                Err(error) => Progress::Failed(SaeFailure::Malformed(error)),
            },
            StatusCode::UnsupportedFiniteCyclicGroup => match named {
                Ok(_) => {
                    self.rejected.push(group);
                    self.start(means)
                }
                Err(error) => Progress::Failed(SaeFailure::Malformed(error)),
            },
            StatusCode::UnknownPasswordIdentifier => Progress::Failed(SaeFailure::UnknownPasswordIdentifier),
            status if status == method.status() => match self.process(means, &received.payload) {
                Ok(Some(keys)) => {
                    self.state = State::Confirmed { keys, group, send_confirm: 1, sync: 0 };
                    self.send()
                }
                Ok(None) => Progress::Ignored(Ignored::Reflection),
                Err(failure) => Progress::Failed(failure),
            },
            // 127 is SAE-PK, which we do not ask for.
            status @ (StatusCode::Success | StatusCode::SaeHashToElement | StatusCode(127)) => {
                Progress::Failed(SaeFailure::MethodMismatch(status))
            }
            status => Progress::Failed(SaeFailure::Refused { transaction: COMMIT, status }),
        }
    }

    /// Checks the AP's commit and calculates the keys; nothing if it is our own one reflected.
    fn process(&self, means: &mut Means<'_>, payload: &[u8]) -> Result<Option<Keys>, SaeFailure> {
        let State::Committed { own, .. } = &self.state else { return Ok(None) };
        let Setup { akm, method, own: address, peer, ref groups } = self.setup;
        let named = Commit::group_number(payload).map_err(SaeFailure::Malformed)?;
        if named != own.group().number() {
            return Err(SaeFailure::GroupMismatch(named));
        }
        let commit = Commit::parse(payload, method, false).map_err(SaeFailure::Malformed)?;
        if own.is_reflected_in(&commit) {
            return Ok(None);
        }
        if commit.password_identifier.as_deref() != self.password.identifier() {
            return Err(SaeFailure::IdentifierMismatch);
        }
        if let Some(other) = commit.akm.filter(|&other| other != akm) {
            return Err(SaeFailure::AkmMismatch(other));
        }
        let accepted =
            |&number: &u16| Group::from_number(number).is_some_and(|group| groups.contains(&group));
        if let Some(group) = commit.rejected_groups.iter().flatten().copied().find(accepted) {
            return Err(SaeFailure::Downgrade(group));
        }
        let checked = PeerCommit::check(means.curves, &commit).ok_or(SaeFailure::InvalidElement)?;
        let own_list = self.own_list();
        let rejected = Rejected { own: own_list.as_deref(), peer: commit.rejected_groups.as_deref() };
        let subject = Subject { own: address, peer, akm, method };
        own.keys(means.curves, &subject, &checked, rejected).ok_or(SaeFailure::InvalidElement).map(Some)
    }

    /// In `Confirmed`: the AP's confirm, or its refusal of ours.
    fn on_confirm(&self, received: &Authentication) -> Progress {
        let State::Confirmed { keys, group, .. } = &self.state else {
            return Progress::Ignored(Ignored::OutOfOrder);
        };
        match received.status {
            StatusCode::Success => match Confirm::parse(&received.payload, keys.confirm_length()) {
                Ok(confirm) if keys.verify(confirm.send_confirm, &confirm.confirm) => {
                    Progress::Accepted(Accepted { pmk: keys.pmk.clone(), pmkid: keys.pmkid, group: *group })
                }
                Ok(_) => Progress::Failed(SaeFailure::WrongPassword(None)),
                Err(error) => Progress::Failed(SaeFailure::Malformed(error)),
            },
            // An AP with many passwords answers 1 when none of them fits.
            status @ (StatusCode::ChallengeFailure | StatusCode::UnspecifiedFailure) => {
                Progress::Failed(SaeFailure::WrongPassword(Some(status)))
            }
            status => Progress::Failed(SaeFailure::Refused { transaction: CONFIRM, status }),
        }
    }
}

/// The AKM Suite Selector element of a commit: only the AKMs of 802.11be announce themselves.
pub(super) fn announced(akm: Akm) -> Option<Akm> {
    matches!(akm, Akm::SaeExtKey | Akm::FtSaeExtKey).then_some(akm)
}
