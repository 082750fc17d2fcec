//! Joining a network because somebody asked: the secret, the attempt, and what is stored once it was joined.

use super::calls::{First, NO_INTERFACE, UNAVAILABLE, Wish, refused};
use super::view::{self, Heard};
use super::{Daemon, Now};
use crate::control::{Answer, CallError, CallId, News, SecretAnswer, SecretId, Secrets, Unwanted};
use crate::kernel::Kernel;
use crate::networks::FileName;
use crate::networks::name::Security;
use lapwing_core::attempt::{AttemptId, Entry, Phase, Record};
use lapwing_core::failure::{Code, Failure};
use lapwing_core::kernel::Refusal;
use lapwing_core::network::{Credentials, Network, Personal, Proven};
use lapwing_core::select::Rejection;
use lapwing_core::station::{Connected, Event, Summary};
use lapwing_core::{Duration, Secret};
use lapwing_frames::{MacAddr, Ssid};

/// What ends an attempt that somebody asked for, so that known networks are joined as before.
pub(super) const GIVE_UP: [Event; 2] = [Event::Disconnect, Event::Autoconnect(true)];

/// The kinds that a network of some name may be of.
const KINDS: [Security; 3] = [Security::Open, Security::Personal, Security::Enterprise];

/// The longest secret that SAE is given.
const MAX_SECRET: usize = 255;

/// A network that somebody wants to join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Join {
    /// The network.
    pub(super) network: Network,
    /// Where it is from.
    pub(super) origin: Origin,
    /// By which BSS alone to join it this time.
    pub(super) chosen: Option<MacAddr>,
}

/// A network that is not known yet.
#[derive(Debug)]
pub(super) struct New {
    /// The network.
    name: FileName,
    /// Whether it does not announce its name.
    hidden: bool,
    /// As in [`Join`].
    chosen: Option<MacAddr>,
}

/// What is to be joined as soon as it is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sought {
    /// A network that does not announce its name.
    Hidden(Ssid),
    /// The network of a BSS, by that BSS.
    Bss(MacAddr),
}

/// The answer where a BSS was not heard lately.
const UNHEARD: CallError = CallError::NotFound(
    "No access point of this address is heard. Scan, and try again when it is in the list.",
);

/// Where a network that is to be joined is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// It is known.
    Known,
    /// It becomes known when it was joined.
    New,
    /// It is known, but its secret was wrong: another one takes its place when it was joined.
    OtherSecret,
}

impl Join {
    fn name(&self) -> FileName {
        FileName::of(&self.network)
    }
}

impl<K: Kernel> Daemon<K> {
    pub(super) fn connect(
        &mut self,
        now: Now,
        id: CallId,
        ifindex: u32,
        name: FileName,
        chosen: Option<MacAddr>,
    ) -> First {
        // Who has just written a file means what it says, as NetworkManager, which gives no time to hear of it.
        if !self.store.is_as_read(&name) {
            self.reload(now);
        }
        let interface = self.interfaces.get(&ifindex).ok_or(NO_INTERFACE)?;
        match interface.station.summary() {
            Summary::Unavailable => return Err(UNAVAILABLE),
            Summary::Connected { .. } if chosen.is_none() && interface.network().as_ref() == Some(&name) => {
                self.supersede(ifindex);
                return Ok(Some(Answer::Done));
            }
            _ => {}
        }
        for other in self.desk.which(|wish| wish.ifindex() == Some(ifindex)) {
            match self.desk.wish(other) {
                // There is a question on somebody's screen already.
                Some(Wish::Secret { join, .. }) if join.name() == name && join.chosen == chosen => {
                    return Err(CallError::InProgress);
                }
                // The attempt goes on, for the newer call.
                Some(Wish::Join { join, .. }) if join.name() == name && join.chosen == chosen => {
                    let Some(wish) = self.desk.take(other) else { continue };
                    self.desk.tell(News::Answered { call: other, outcome: Err(CallError::Aborted) });
                    self.desk.open(now, id, wish);
                    return Ok(None);
                }
                _ => {}
            }
        }
        let Some(heard) = view::heard(interface, &name, now.clock) else {
            return Err(CallError::NotFound(
                "The network is not heard. Scan, and try again when it is in the list.",
            ));
        };
        if let Some(why) = self.unreadable.get(&name).filter(|_| name.security != Security::Enterprise) {
            return Err(CallError::NotSupported(format!("The network's file cannot be used: {why}.")));
        }
        match self.networks.get(&name).map(|known| known.network.clone()) {
            Some(network) if self.wrong.contains(&name) => {
                let join = Join { network, origin: Origin::OtherSecret, chosen };
                self.ask(now, id, ifindex, join);
            }
            Some(network) => self.join(now, id, ifindex, Join { network, origin: Origin::Known, chosen }),
            None => self.connect_new(now, id, ifindex, New { name, hidden: false, chosen }, heard)?,
        }
        Ok(None)
    }

    /// Joins the network of a BSS by that BSS. One that was not heard lately is looked for once.
    pub(super) fn connect_to(&mut self, now: Now, id: CallId, ifindex: u32, bssid: MacAddr) -> First {
        let interface = self.interfaces.get(&ifindex).ok_or(NO_INTERFACE)?;
        if interface.station.summary() == Summary::Unavailable {
            return Err(UNAVAILABLE);
        }
        if view::network_of(interface, bssid).is_some() {
            return self.connect_to_heard(now, id, ifindex, bssid);
        }
        if self.is_seeking(ifindex) {
            return Err(CallError::InProgress);
        }
        self.desk.open(now, id, Wish::Find { ifindex, what: Sought::Bss(bssid) });
        self.turn(now, ifindex, Event::Scan);
        Ok(None)
    }

    fn connect_to_heard(&mut self, now: Now, id: CallId, ifindex: u32, bssid: MacAddr) -> First {
        let interface = self.interfaces.get(&ifindex).ok_or(NO_INTERFACE)?;
        let name = view::network_of(interface, bssid).ok_or(UNHEARD)?;
        self.connect(now, id, ifindex, name, Some(bssid))
    }

    /// Whether something is looked for that is to be joined.
    fn is_seeking(&self, ifindex: u32) -> bool {
        let is_search = |wish: &Wish| matches!(wish, Wish::Find { ifindex: other, .. } if *other == ifindex);
        !self.desk.which(is_search).is_empty()
    }

    /// Goes to another access point of the network, or to the same again.
    pub(super) fn roam(&mut self, now: Now, id: CallId, ifindex: u32, bssid: MacAddr) -> First {
        let interface = self.interfaces.get(&ifindex).ok_or(NO_INTERFACE)?;
        let station = &interface.station;
        let network = station.connection().and_then(|_| station.network()).ok_or(CallError::NotConnected)?;
        match station.could_roam(bssid, now.clock) {
            Ok(()) => {}
            Err(None | Some(Rejection::Stale)) => return Err(UNHEARD),
            Err(Some(why)) => {
                let (_, why) = crate::flight::rejection::describe(&why);
                return Err(CallError::NotSupported(format!("It cannot be joined: {why}.")));
            }
        }
        // What was to be stored of the network still is.
        let before = interface.unstored.clone();
        let join =
            before.unwrap_or_else(|| Join { network: network.clone(), origin: Origin::Known, chosen: None });
        self.join_by(now, id, ifindex, Join { chosen: Some(bssid), ..join }, Event::Roam { bssid });
        Ok(None)
    }

    /// Joins a network that is not known yet; the secret is asked for first, if there is one.
    pub(super) fn connect_new(
        &mut self,
        now: Now,
        id: CallId,
        ifindex: u32,
        New { name, hidden, chosen }: New,
        heard: Heard,
    ) -> Result<(), CallError> {
        if name.security == Security::Enterprise {
            let text = "Networks with accounts (802.1X) cannot be joined yet.";
            return Err(CallError::NotSupported(text.to_owned()));
        }
        if let Some(why) = heard.unsuitable {
            let text = format!("None of the network's access points can be joined: {why}.");
            return Err(CallError::NotSupported(text));
        }
        let credentials = match name.security {
            Security::Open | Security::Enterprise => Credentials::Open,
            Security::Personal => Credentials::Personal(Personal::default()),
        };
        let network = Network { hidden, ..Network::new(name.ssid, credentials) };
        let join = Join { network, origin: Origin::New, chosen };
        match name.security {
            Security::Personal => self.ask(now, id, ifindex, join),
            Security::Open | Security::Enterprise => self.join(now, id, ifindex, join),
        }
        Ok(())
    }

    pub(super) fn connect_hidden(&mut self, now: Now, id: CallId, ifindex: u32, ssid: Ssid) -> First {
        let interface = self.interfaces.get(&ifindex).ok_or(NO_INTERFACE)?;
        if ssid.is_hidden() {
            return Err(CallError::InvalidArguments("The name of a hidden network has to be given."));
        }
        if interface.station.summary() == Summary::Unavailable {
            return Err(UNAVAILABLE);
        }
        if self.is_seeking(ifindex) {
            return Err(CallError::InProgress);
        }
        let names = KINDS.map(|security| FileName { ssid: ssid.clone(), security });
        if names.iter().any(|name| self.has_file(name)) {
            return Err(CallError::AlreadyProvisioned);
        }
        let mut heard = names.iter().filter_map(|name| view::heard(interface, name, now.clock));
        if heard.any(|heard| heard.announced) {
            return Err(CallError::NotHidden);
        }
        self.desk.open(now, id, Wish::Find { ifindex, what: Sought::Hidden(ssid.clone()) });
        self.turn(now, ifindex, Event::ScanFor(ssid));
        Ok(None)
    }

    /// A scan has ended: perhaps the one for what is to be joined.
    pub(super) fn sought(&mut self, ifindex: u32, outcome: Result<(), &Refusal>) {
        let is_search = |wish: &Wish| matches!(wish, Wish::Find { ifindex: other, .. } if *other == ifindex);
        for id in self.desk.which(is_search) {
            match outcome {
                Ok(()) => self.found.push(id),
                Err(refusal) => self.desk.close(id, Err(refused(Phase::Scan, "TRIGGER_SCAN", refusal))),
            }
        }
    }

    /// Goes on with the calls whose scan has ended.
    pub(super) fn join_found(&mut self, now: Now) {
        for id in std::mem::take(&mut self.found) {
            let Some(Wish::Find { ifindex, what }) = self.desk.take(id) else { continue };
            let outcome = match what {
                Sought::Hidden(ssid) => self.join_hidden(now, id, ifindex, &ssid).map(|()| None),
                Sought::Bss(bssid) => self.connect_to_heard(now, id, ifindex, bssid),
            };
            match outcome {
                Ok(None) => {}
                Ok(Some(answer)) => self.desk.tell(News::Answered { call: id, outcome: Ok(answer) }),
                Err(error) => self.desk.tell(News::Answered { call: id, outcome: Err(error) }),
            }
        }
    }

    fn join_hidden(&mut self, now: Now, id: CallId, ifindex: u32, ssid: &Ssid) -> Result<(), CallError> {
        let interface = self.interfaces.get(&ifindex).ok_or(NO_INTERFACE)?;
        let names = KINDS.map(|security| FileName { ssid: ssid.clone(), security });
        let mut heard =
            names.into_iter().filter_map(|name| Some((view::heard(interface, &name, now.clock)?, name)));
        match (heard.next(), heard.next()) {
            (Some((heard, name)), None) if !view::is_half(interface, ssid) => {
                self.connect_new(now, id, ifindex, New { name, hidden: true, chosen: None }, heard)
            }
            (Some(_), Some(_)) => Err(CallError::ServiceSetOverlap),
            _ => Err(CallError::NotFound(
                "No access point answered to this name. Check how it is spelt, and move closer.",
            )),
        }
    }

    /// Asks for the secret of a network before it is joined. What the interface does goes on meanwhile.
    fn ask(&mut self, now: Now, id: CallId, ifindex: u32, join: Join) {
        let is_question =
            |wish: &Wish| matches!(wish, Wish::Secret { ifindex: other, .. } if *other == ifindex);
        for other in self.desk.which(is_question) {
            self.desk.withdraw(other, CallError::Aborted, Unwanted::UserCanceled);
        }
        let secret = self.desk.new_secret();
        let network = join.name();
        self.desk.open(now, id, Wish::Secret { ifindex, secret, join });
        let secrets = Secrets::Passphrase;
        self.desk.tell(News::SecretWanted { secret, call: id, ifindex, network, secrets });
    }

    /// Takes the answer to [`News::SecretWanted`]. One that nothing waits for any more changes nothing.
    pub fn secret(&mut self, now: Now, id: SecretId, answer: SecretAnswer) {
        let is_it = |wish: &Wish| matches!(wish, Wish::Secret { secret, .. } if *secret == id);
        let Some(call) = self.desk.which(is_it).first().copied() else { return };
        let passphrase = match answer {
            SecretAnswer::Passphrase(passphrase) => Ok(passphrase),
            SecretAnswer::UserNameAndPassword(..) => Err(CallError::BadSecret("A passphrase was asked for.")),
            SecretAnswer::Canceled => Err(CallError::Aborted),
            SecretAnswer::NoAgent => Err(CallError::NoAgent),
            SecretAnswer::Garbage(how) => Err(CallError::BadSecret(how)),
        };
        let outcome = passphrase.and_then(|passphrase| self.use_secret(now, call, passphrase));
        if let Err(error) = outcome {
            self.desk.close(call, Err(error));
        }
        self.follow(now);
    }

    fn use_secret(&mut self, now: Now, call: CallId, passphrase: Secret) -> Result<(), CallError> {
        let Some(Wish::Secret { ifindex, join, .. }) = self.desk.wish(call) else { return Ok(()) };
        let (ifindex, mut join) = (*ifindex, join.clone());
        let interface = self.interfaces.get(&ifindex).ok_or(NO_INTERFACE)?;
        if interface.station.summary() == Summary::Unavailable {
            return Err(UNAVAILABLE);
        }
        let heard = view::heard(interface, &join.name(), now.clock);
        check(&passphrase, heard.is_none_or(|heard| heard.takes_psk)).map_err(CallError::BadSecret)?;
        if let Credentials::Personal(personal) = &mut join.network.credentials {
            let password_identifier = personal.password_identifier.take();
            *personal = Personal { passphrase: Some(passphrase), password_identifier, ..Personal::default() };
        }
        // What the old secret proved is not said of the new one.
        join.network.proven = Proven::default();
        self.desk.take(call);
        self.join(now, call, ifindex, join);
        Ok(())
    }

    pub(super) fn join(&mut self, now: Now, id: CallId, ifindex: u32, join: Join) {
        let network = join.network.clone();
        let event = match join.chosen {
            Some(bssid) => Event::ConnectTo { network, bssid },
            None => Event::Connect(network),
        };
        self.join_by(now, id, ifindex, join, event);
    }

    fn join_by(&mut self, now: Now, id: CallId, ifindex: u32, join: Join, event: Event) {
        let is_search = |wish: &Wish| matches!(wish, Wish::Find { ifindex: other, .. } if *other == ifindex);
        for search in self.desk.which(is_search) {
            self.desk.close(search, Err(CallError::Overtaken));
        }
        self.supersede(ifindex);
        self.desk.open(now, id, Wish::Join { ifindex, join, attempt: None });
        self.turn(now, ifindex, event);
        // It was being joined already: that attempt is the one.
        let going = match self.interfaces.get(&ifindex).map(|interface| interface.station.summary()) {
            Some(Summary::Connecting { attempt, .. } | Summary::Roaming { attempt, .. }) => Some(attempt),
            _ => None,
        };
        if let Some(Wish::Join { attempt, .. }) = self.desk.wish_mut(id) {
            *attempt = attempt.or(going);
        }
        // As in iwd: who asks for a network wants to be connected from now on.
        self.turn(now, ifindex, Event::Autoconnect(true));
    }

    /// A line of a station's timeline: perhaps the beginning of an attempt that a call waits for.
    pub(super) fn join_began(&mut self, ifindex: u32, record: &Record) {
        let (Some(began), Entry::Began { ssid, .. }) = (record.attempt, &record.entry) else { return };
        for (_, wish) in self.desk.wishes_mut() {
            if let Wish::Join { ifindex: ours, join, attempt } = wish
                && *ours == ifindex
                && join.network.ssid == *ssid
            {
                *attempt = Some(began);
            }
        }
    }

    /// Whether the interface is in, or on the way into, a network that is not stored.
    pub(super) fn is_unstored(&self, ifindex: u32) -> bool {
        let is_new = |wish: &Wish| matches!(wish, Wish::Join { ifindex: ours, join, .. } if *ours == ifindex && join.origin != Origin::Known);
        let joined = self.interfaces.get(&ifindex).is_some_and(|interface| interface.unstored.is_some());
        joined || !self.desk.which(is_new).is_empty()
    }

    /// Whether a call waits for a network to be joined.
    pub(super) fn is_joining(&self, ifindex: u32) -> bool {
        let is_it = |wish: &Wish| matches!(wish, Wish::Join { ifindex: ours, .. } if *ours == ifindex);
        !self.desk.which(is_it).is_empty()
    }

    /// The call that waits for this attempt, and for what.
    fn joining(&mut self, ifindex: u32, attempt: AttemptId) -> Option<(CallId, &Join)> {
        self.desk.wishes_mut().find_map(|(id, wish)| match wish {
            Wish::Join { ifindex: ours, join, attempt: Some(began) }
                if *ours == ifindex && *began == attempt =>
            {
                Some((id, &*join))
            }
            _ => None,
        })
    }

    /// An attempt has failed. Returns what the station is to know.
    pub(super) fn join_failed(
        &mut self,
        ifindex: u32,
        attempt: AttemptId,
        ssid: &Ssid,
        why: &Failure,
        next_try: Option<Duration>,
    ) -> Vec<Event> {
        let is_wrong = matches!(
            why.code,
            Code::WrongPassword | Code::WrongPasswordLikely | Code::UnknownPasswordIdentifier
        );
        let name = FileName { ssid: ssid.clone(), security: Security::Personal };
        if is_wrong && self.networks.contains_key(&name) {
            self.wrong.insert(name);
        }
        let Some((id, join)) = self.joining(ifindex, attempt) else { return Vec::new() };
        let is_other_secret = join.origin == Origin::OtherSecret;
        if why.code == Code::Asked {
            self.desk.close(id, Err(CallError::Aborted));
            return Vec::new();
        }
        if next_try.is_some_and(|wait| wait.is_zero()) {
            // Another try follows at once, by another way.
            return Vec::new();
        }
        self.desk.close(id, Err(CallError::Failed(why.clone())));
        if next_try.is_some() || matches!(why.code, Code::InterfaceDown | Code::InterfaceRemoved) {
            // The station would try again for ever; who asked has been told that it failed.
            return GIVE_UP.to_vec();
        }
        // The stored secret is wrong as well: nobody tries it because another was wrong meanwhile.
        if is_other_secret { vec![Event::Networks(self.for_stations())] } else { Vec::new() }
    }

    /// A connection got no address, and the next attempt begins after this time. Returns what the station is to know.
    pub(super) fn join_was_of_no_use(
        &mut self,
        ifindex: u32,
        attempt: AttemptId,
        why: &Failure,
        next_try: Duration,
    ) -> Vec<Event> {
        match self.joining(ifindex, attempt).map(|(id, _)| id) {
            // Another access point is tried at once.
            Some(id) if !next_try.is_zero() => {
                self.desk.close(id, Err(CallError::Failed(why.clone())));
                GIVE_UP.to_vec()
            }
            Some(_) | None => Vec::new(),
        }
    }

    /// The connection is with another access point, or with the one of before again.
    pub(super) fn roam_ended_well(&mut self, ifindex: u32, connected: &Connected) {
        if let Some((id, join)) = self.joining(ifindex, connected.attempt)
            && join.chosen == Some(connected.peer)
        {
            self.desk.close(id, Ok(Answer::Done));
        }
    }

    /// The connection could not go to another access point; it goes back. For one that has
    /// ended without an address another access point may be tried at once.
    pub(super) fn roam_failed(&mut self, ifindex: u32, attempt: AttemptId, why: &Failure) {
        if matches!(why.code, Code::NoAddress | Code::AddressTaken { .. }) {
            return;
        }
        if let Some((id, _)) = self.joining(ifindex, attempt) {
            let aborted = why.code == Code::Asked;
            self.desk
                .close(id, Err(if aborted { CallError::Aborted } else { CallError::Failed(why.clone()) }));
        }
    }

    /// The connection has an address, if that is ours to get: whoever asked for it has it.
    pub(super) fn join_is_online(&mut self, ifindex: u32, attempt: AttemptId) {
        if let Some((id, _)) = self.joining(ifindex, attempt) {
            self.desk.close(id, Ok(Answer::Done));
        }
    }

    /// The port is open.
    pub(super) fn join_ended_well(&mut self, ifindex: u32, connected: &Connected) {
        let joined = self.joining(ifindex, connected.attempt).map(|(id, join)| (id, join.clone()));
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        let name = interface.network();
        match joined {
            Some((id, join)) => {
                interface.unstored = (join.origin != Origin::Known).then_some(join);
                // Where somebody else gives the addresses, whoever asked waits for nothing more.
                if !self.options.network_configuration {
                    self.desk.close(id, Ok(Answer::Done));
                }
            }
            // One that could not be stored is tried again when it is joined again.
            None => interface.unstored = interface.unstored.take().filter(|join| Some(join.name()) == name),
        }
        if let Some(name) = name {
            self.wrong.remove(&name);
        }
    }
}

/// Whether these octets can be the passphrase of a network.
fn check(passphrase: &Secret, takes_psk: bool) -> Result<(), &'static str> {
    let text = std::str::from_utf8(passphrase.expose()).map_err(|_| "A passphrase is text in UTF-8.")?;
    if text.chars().any(char::is_control) {
        return Err("A passphrase has no control characters.");
    }
    match (text.len(), takes_psk) {
        (8..=63, _) | (1..=MAX_SECRET, false) => Ok(()),
        (_, true) => Err("A passphrase has 8 to 63 characters."),
        (_, false) => Err("A passphrase has 1 to 255 octets."),
    }
}
