//! Authenticating: an Authentication frame is out, of the open kind or one of SAE.

use super::{
    Footing, LATE, State,
    associating::Keys,
    context::{Journey, Turn},
    interference,
    scanning::Scanning,
};
use crate::{
    attempt::{Entry, Phase, Ticket},
    crypto::keys::{Pmk, Pmkid},
    failure::Code,
    kernel::{AuthenticateRequest, Errno, KernelEvent, Refusal, Reply, Request},
    network::{Credentials, Network},
    owe::Owe,
    rsn::{Candidate, Plan, plan::SaeMethod},
    sae::{self, Sae, SaeFailure, multi_link_address_of},
    select::Target,
    time::{Duration, Instant},
};
use alloc::{boxed::Box, vec::Vec};
use lapwing_frames::{
    MacAddr,
    management::{Authentication, AuthenticationAlgorithm, Body, Management, StatusCode},
    suite::Akm,
};

/// How long the kernel may take to say what became of an Authentication frame. It sends a frame up to
/// three times and waits 200 ms (of SAE: 2 s) for each answer.
const WORD_LIMIT: Duration = Duration::from_secs(8);

/// An Authentication frame is out.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Authenticating {
    pub journey: Journey,
    pub target: Target,
    method: Method,
    /// The last request, until the kernel has taken it.
    ticket: Option<Ticket>,
    until: Instant,
    /// An exchange of SAE with the same AP was given up a moment ago.
    crossed: bool,
}

/// An AP that answers a commit answers it within this time, however many others it has to answer.
pub(super) const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// A commit that is not answered within this time may have been sent again since: the kernel does so after two
/// seconds.
const REPEATED: Duration = Duration::from_secs(1);
/// It is no word about the password.
pub(super) const CROSSED: Code = Code::Sae("the access point may have answered the exchange before this one");

/// It may be the password. It may as well be an AP that was switched off and on since the commit.
pub(super) const UNEXPLAINED: Code = Code::Sae("a confirm did not match, for the first time");

/// How to authenticate.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Method {
    /// By asking. What protects the connection comes later, and is ready.
    Open(Keys),
    /// By SAE.
    Sae(Box<Sae>),
}

impl core::fmt::Debug for Authenticating {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let method = match &self.method {
            Method::Open(_) => "open",
            Method::Sae(_) => "SAE",
        };
        f.debug_struct("Authenticating")
            .field("journey", &self.journey)
            .field("target", &self.target)
            .field("method", &method)
            .field("ticket", &self.ticket)
            .field("until", &self.until)
            .finish()
    }
}

impl Turn<'_> {
    /// Begins to authenticate with the AP that was chosen, by a cached PMKSA if there is one and it may be
    /// used.
    pub(super) fn authenticate(
        &mut self,
        mut journey: Journey,
        target: Target,
        may_use_cache: bool,
    ) -> State {
        if let Some(address) = self.other_address(&mut journey) {
            return self.readdress(journey, target, may_use_cache, address);
        }
        let offers = may_use_cache && self.may_offer();
        let plan = target.plan().filter(|_| offers);
        let candidate =
            plan.and_then(|plan| self.cached(&target, plan).or_else(|| self.shared(&journey, &target, plan)));
        let bss = target.bss();
        self.log(
            Some(journey.id),
            Entry::Chosen {
                bssid: bss.bssid,
                frequency: bss.frequency,
                signal_dbm: bss.signal_dbm(),
                akm: target.plan().map(Plan::named_akm),
                pairwise: target.plan().map(Plan::pairwise),
                links: target.mld().into_iter().flat_map(|mld| mld.links.keys().copied()).collect(),
                cached_pmksa: candidate.is_some(),
            },
        );
        if self.is_fullmac() {
            return self.connect(journey, target, candidate);
        }
        journey.enter(self, Phase::Authenticate);
        let keys = match (target.plan(), &journey.network.credentials) {
            (None, _) => Keys::Open,
            (Some(plan), _) if plan.akm() == Akm::Owe => Keys::Owe {
                machine: Box::new(Owe::new(self.groups(&journey.network).to_vec())),
                cached: candidate,
            },
            (Some(_), _) if let Some(candidate) = candidate => Keys::Cached(candidate),
            (Some(plan), Credentials::Personal(_)) if plan.akm().is_psk() => {
                match self.pre_shared(&journey.network).and_then(Pmk::new) {
                    Some(pmk) => Keys::PreShared(pmk),
                    None => return self.failed(journey, Some(&target), Code::NoneSuitable, Footing::Clean),
                }
            }
            (Some(plan), _) => match self.start_sae(&journey.network, target.address(), plan) {
                Ok((machine, frame)) => {
                    let peer = target.address();
                    let before = self.context.committed.replace((peer, self.now));
                    let crossed =
                        before.is_some_and(|(bssid, at)| bssid == peer && self.now.since(at) < ANSWER_LIMIT);
                    let ticket = self.send_authentication(&journey, &target, &frame);
                    return State::Authenticating(Box::new(Authenticating {
                        journey,
                        target,
                        method: Method::Sae(machine),
                        ticket: Some(ticket),
                        until: self.now + WORD_LIMIT,
                        crossed,
                    }));
                }
                Err(code) => return self.failed(journey, Some(&target), code, Footing::Clean),
            },
        };
        self.authenticate_open(journey, target, keys)
    }

    /// Begins to authenticate by asking.
    pub(super) fn authenticate_open(&mut self, journey: Journey, target: Target, keys: Keys) -> State {
        let open = Authentication {
            algorithm: AuthenticationAlgorithm::Open,
            transaction: 1,
            status: StatusCode::Success,
            payload: Vec::new(),
        };
        let ticket = self.send_authentication(&journey, &target, &open);
        let until = self.now + WORD_LIMIT;
        let method = Method::Open(keys);
        State::Authenticating(Box::new(Authenticating {
            journey,
            target,
            method,
            ticket: Some(ticket),
            until,
            crossed: false,
        }))
    }

    pub(super) fn start_sae(
        &mut self,
        network: &Network,
        peer: MacAddr,
        plan: &Plan,
    ) -> Result<(Box<Sae>, Authentication), Code> {
        let Some(password) = self.password(network) else { return Err(Code::NoneSuitable) };
        let setup = sae::Setup {
            own: self.context.address,
            peer,
            akm: plan.akm(),
            method: match plan.sae() {
                Some(SaeMethod::HuntingAndPecking) => sae::Method::HuntingAndPecking,
                Some(SaeMethod::HashToElement) | None => sae::Method::HashToElement,
            },
            groups: self.groups(network).into_iter().filter(|group| password.serves(*group)).collect(),
        };
        let mut machine = Box::new(Sae::new(setup, password));
        let progress = machine.start(&mut self.means.lend());
        self.keep_password(network, machine.password());
        match progress {
            sae::Progress::Send(frame) => Ok((machine, frame)),
            sae::Progress::Failed(failure) => Err(sae_code(&failure)),
            sae::Progress::Ignored(_) | sae::Progress::Accepted(_) => Err(Code::Sae("it did not begin")),
        }
    }

    /// SAE has failed. That the AP had our confirm shows that it has nothing more to say about our commit; any other
    /// refusal may be forged, and the AP's own answer still on its way.
    pub(super) fn sae_failed(&mut self, failure: &SaeFailure) {
        if let SaeFailure::WrongPassword(_) = failure {
            self.context.committed = None;
        }
    }

    /// Whether the AP may have had the commit of the moment more than once, and answered each differently: it
    /// does if it was switched off and on between, and goes by its last answer where we go by the first.
    pub(super) fn may_have_repeated(&self) -> bool {
        self.context.committed.is_some_and(|(_, at)| self.now.since(at) >= REPEATED)
    }

    /// What to say of a failure of SAE.
    pub(super) fn sae_verdict(&mut self, network: &Network, failure: &SaeFailure, crossed: bool) -> Code {
        match sae_code(failure) {
            Code::WrongPassword if crossed => CROSSED,
            Code::WrongPassword => self.mismatched(network),
            code => code,
        }
    }

    /// What to say of a confirm that does not match. That the password is wrong ends all attempts until a person
    /// comes: so it is said only if the same has happened in two exchanges in a row.
    pub(super) fn mismatched(&mut self, network: &Network) -> Code {
        let again = self.context.history.suspect(&network.ssid, &network.credentials);
        if again { Code::WrongPassword } else { UNEXPLAINED }
    }

    fn send_authentication(&mut self, journey: &Journey, target: &Target, frame: &Authentication) -> Ticket {
        let bss = target.bss();
        let data = match frame.algorithm {
            AuthenticationAlgorithm::Sae => sae::authentication_data(frame),
            _ => Vec::new(),
        };
        self.ask(
            Some(journey.id),
            Request::Authenticate(AuthenticateRequest {
                bssid: bss.bssid,
                frequency: bss.frequency,
                ssid: bss.ssid.clone(),
                algorithm: frame.algorithm,
                data,
                elements: Vec::new(),
                mld: target.mld().map(|mld| (mld.association_link, mld.address)),
            }),
        )
    }
}

/// Whether an AP MLD's frame bears its address as it must. A refusal may come from whoever knows nothing of
/// links.
fn names(frame: &Authentication, mld: MacAddr) -> bool {
    let told = match frame.algorithm {
        AuthenticationAlgorithm::Sae => sae::multi_link_address(frame),
        _ => frame.elements().and_then(multi_link_address_of),
    };
    match frame.status {
        StatusCode::Success | StatusCode::SaeHashToElement => told == Some(mld),
        _ => told.is_none_or(|told| told == mld),
    }
}

/// A failure of SAE in the catalogue.
pub(super) fn sae_code(failure: &SaeFailure) -> Code {
    match failure {
        SaeFailure::WrongPassword(_) => Code::WrongPassword,
        SaeFailure::UnknownPasswordIdentifier => Code::UnknownPasswordIdentifier,
        SaeFailure::Refused { status, .. } => Code::AuthenticationRefused(*status),
        SaeFailure::Downgrade(_) => Code::Downgrade("it names an SAE group as refused that we would take"),
        SaeFailure::NoAnswer => Code::AuthenticationTimedOut,
        SaeFailure::NoCommonGroup => Code::Sae("the access point takes none of our groups"),
        SaeFailure::MethodMismatch(_) => Code::Sae("the access point answered with another method"),
        SaeFailure::GroupMismatch(_) => Code::Sae("the access point answered in another group"),
        SaeFailure::AkmMismatch(_) => Code::Sae("the access point answered for another AKM"),
        SaeFailure::IdentifierMismatch => Code::Sae("the access point left out the password identifier"),
        SaeFailure::InvalidElement => Code::Sae("the access point sent an invalid scalar or element"),
        SaeFailure::TooManyTokens => Code::Sae("the access point asked for a token again and again"),
        SaeFailure::Malformed(_) => Code::Sae("the access point sent a frame that cannot be read"),
        SaeFailure::NeedsHashToElement => Code::Sae("hash-to-element is needed"),
        SaeFailure::NoPasswordElement => Code::Sae("the password leads to no element"),
    }
}

impl Authenticating {
    pub(super) fn peer(&self) -> MacAddr {
        self.target.address()
    }

    pub(super) const fn deadline(&self) -> (Instant, &'static str) {
        (self.until, "the kernel's word about the authentication")
    }

    pub(super) fn completed(
        mut self: Box<Self>,
        turn: &mut Turn<'_>,
        ticket: Ticket,
        outcome: Result<Reply, Refusal>,
    ) -> State {
        let Some(awaited) = self.ticket.take_if(|ours| *ours == ticket) else {
            return self.ignore(turn, LATE);
        };
        let Some(refusal) = turn.refusal((awaited, "AUTHENTICATE"), ticket, outcome) else {
            return State::Authenticating(self);
        };
        let Self { journey, target, .. } = *self;
        if refusal.errno == Errno::ENOENT && !journey.rescanned && journey.leaving.is_none() {
            // The kernel has forgotten the BSS. One look at its channel brings it back, or not.
            turn.context.table.remove(target.bss().bssid);
            return Scanning::rescan(turn, journey, target.bss().frequency);
        }
        let code = Code::Refused { command: "AUTHENTICATE", refusal };
        turn.failed(journey, Some(&target), code, Footing::Doubt)
    }

    /// What the kernel holds after a refusal of the AP: nothing, unless a request of ours is still on its way, with which the
    /// kernel begins anew.
    fn refused_footing(&self) -> Footing {
        match self.ticket {
            Some(_) => Footing::Halfway(self.peer()),
            None => Footing::Clean,
        }
    }

    /// The AP does not want this authentication: with a cached PMKSA, a full one comes at once.
    fn refused(self, turn: &mut Turn<'_>, code: Code, footing: Footing) -> State {
        let Self { journey, target, method, .. } = self;
        match method {
            Method::Open(keys) if keys.is_cached() => turn.without_pmksa(journey, target, footing),
            Method::Open(_) | Method::Sae(_) => turn.failed(journey, Some(&target), code, footing),
        }
    }

    pub(super) fn overdue(self: Box<Self>, turn: &mut Turn<'_>) -> State {
        let peer = self.peer();
        self.refused(turn, Code::KernelSilent("AUTHENTICATE"), Footing::Halfway(peer))
    }

    pub(super) fn heard(self: Box<Self>, turn: &mut Turn<'_>, event: KernelEvent) -> State {
        match event {
            KernelEvent::Authentication { frame } => match Management::parse(&frame) {
                Ok(Management { header, body: Body::Authentication(body) })
                    if self.target.has_address(header.transmitter) =>
                {
                    self.answered(turn, &body)
                }
                Ok(_) => self.ignore(turn, "an authentication of another access point"),
                Err(_) => self.ignore(turn, "an authentication that cannot be read"),
            },
            KernelEvent::AuthenticationTimedOut { peer: from } if self.target.has_address(from) => {
                self.refused(turn, Code::AuthenticationTimedOut, Footing::Clean)
            }
            KernelEvent::Deauthentication { frame } if self.target.is_concerned(&frame) => {
                match self.target.farewell(&frame) {
                    Some(reason) => {
                        turn.log(Some(self.journey.id), Entry::Farewell { reason, by_ap: true });
                        self.refused(turn, Code::EndedByAccessPoint(reason), Footing::Doubt)
                    }
                    // Sent by us: the end of what was before, or another program's doing. The kernel's
                    // word about the authentication tells.
                    None => self.ignore(turn, "a deauthentication that was sent from here"),
                }
            }
            // The kernel leaves the AP of before for this one.
            KernelEvent::Disconnected { .. } if self.journey.leaving.is_some() => {
                let mut state = self;
                state.journey.leaving.iter_mut().for_each(|leaving| leaving.left());
                State::Authenticating(state)
            }
            KernelEvent::Connected(connection) if interference::is_made(&connection) => {
                let code = turn.interfered(interference::connected(connection.peer));
                let Self { journey, target, .. } = *self;
                turn.failed(journey, Some(&target), code, Footing::Doubt)
            }
            event => self.ignore(turn, event.name()),
        }
    }

    fn ignore(self: Box<Self>, turn: &mut Turn<'_>, why: &'static str) -> State {
        turn.ignore(Some(self.journey.id), why);
        State::Authenticating(self)
    }

    /// An Authentication frame of the AP.
    fn answered(mut self: Box<Self>, turn: &mut Turn<'_>, body: &Authentication) -> State {
        turn.answered(self.journey.id, &self.journey.network.ssid, "authentication", body.status);
        if let Some(mld) = self.target.mld().filter(|mld| !names(body, mld.address)) {
            let footing = Footing::Halfway(mld.address);
            let code = Code::MultiLink("the authentication is another multi-link device's, or nobody's");
            return self.refused(turn, code, footing);
        }
        let progress = match &mut self.method {
            Method::Open(_) => None,
            Method::Sae(machine) => Some(machine.handle(&mut turn.means.lend(), body)),
        };
        match progress {
            None if body.algorithm != AuthenticationAlgorithm::Open => {
                self.ignore(turn, "an authentication of another kind")
            }
            None if body.status == StatusCode::Success => {
                let Self { journey, target, method, .. } = *self;
                match method {
                    Method::Open(keys) => turn.associate(journey, target, keys),
                    Method::Sae(_) => {
                        let code = Code::Sae("an answer of another kind");
                        turn.failed(journey, Some(&target), code, Footing::Doubt)
                    }
                }
            }
            None => {
                let footing = self.refused_footing();
                self.refused(turn, Code::AuthenticationRefused(body.status), footing)
            }
            Some(sae::Progress::Send(frame)) => {
                self.crossed |= turn.may_have_repeated();
                self.ticket = Some(turn.send_authentication(&self.journey, &self.target, &frame));
                self.until = turn.now + WORD_LIMIT;
                State::Authenticating(self)
            }
            Some(sae::Progress::Ignored(_)) => self.ignore(turn, "an SAE frame out of order"),
            Some(sae::Progress::Accepted(accepted)) => {
                let Self { mut journey, target, method, .. } = *self;
                turn.context.committed = None;
                if let Method::Sae(machine) = method {
                    // Another group than the first may have been needed.
                    turn.keep_password(&journey.network, machine.password());
                }
                let Some(pmk) = Pmk::new(accepted.pmk) else {
                    let footing = Footing::Halfway(target.address());
                    return turn.failed(journey, Some(&target), Code::Sae("a key of no use"), footing);
                };
                let candidate = Candidate { pmkid: Some(Pmkid(accepted.pmkid)), pmk };
                if let Some(plan) = target.plan() {
                    turn.proved(&mut journey.network, plan.proves());
                }
                turn.associate(journey, target, Keys::Fresh(candidate))
            }
            Some(sae::Progress::Failed(failure)) => {
                let peer = self.peer();
                turn.sae_failed(&failure);
                // A refusal ends it in the kernel too; a failure that only we see does not.
                let footing = match body.status {
                    StatusCode::Success
                    | StatusCode::SaeHashToElement
                    | StatusCode::AntiCloggingTokenRequired => Footing::Halfway(peer),
                    _ => self.refused_footing(),
                };
                let code = turn.sae_verdict(&self.journey.network, &failure, self.crossed);
                self.refused(turn, code, footing)
            }
        }
    }
}
