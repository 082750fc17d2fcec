//! The station's side of the 4-way handshake and the group key handshake (802.11-2020 12.7.6, 12.7.7).
//!
//! A key frame passes four gates in this order: it is *structurally valid*, its *MIC is right*
//! (`Authentic`), its key data are *decrypted*, they are *checked* (`Checked`). Nothing is decrypted
//! before the MIC, nothing is answered or installed before all checks, and what is installed leaves in the
//! order message 4, pairwise key, group keys, [`Output::Secured`].
//!
//! Only what the AP proves to have sent can break a handshake. A frame that anybody could have sent is
//! [`Ignored`], with its reason.
//!
//! The supplicant's nonce is the same for every message 1 until a handshake completes. That is safe because
//! no key derived from it is in use before message 3, which only the holder of the PMK can have made; and
//! it keeps a forged message 1 from spoiling the handshake, since an earlier one stays answerable.

mod check;
mod outcome;
mod transition;

pub use outcome::{HandshakeFailure, Ignored, Output, Rekeyed, Waiting};

use super::{Candidate, Link, Peer, Plan, contents::Contents, ft::Membership, ledger::Ledger};
use crate::{
    Entropy, Secret,
    crypto::{
        kdf::Hash,
        keys::{KeySchedule, Pmk, Pmkid, Ptk, PtkInput},
    },
    entropy::random,
    kernel::KeyRequest,
    network::TransitionDisable,
};
use alloc::{boxed::Box, collections::BTreeMap, sync::Arc, vec::Vec};
use lapwing_frames::{
    LinkId, Ssid,
    eapol::{KeyFrame, KeyInformation as Info},
    kde::{Kde, OperatingChannel},
    suite::Akm,
};
use transition::Rooted;

/// What an association starts the supplicant with.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Setup {
    /// The network's name.
    pub ssid: Ssid,
    /// The AP and its links.
    pub peer: Peer,
    /// What was negotiated, with the PMKIDs as they were in the association request.
    pub plan: Plan,
    /// The PMKs, the most likely first: the one this association was made with. Only PMKs of this
    /// network, AKM and pair of addresses belong here.
    pub candidates: Vec<Candidate>,
    /// Whether the pairwise key can be replaced while it is in use. With Extended Key ID it always can.
    pub can_replace_pairwise: bool,
    /// Whether it is known of a frame that it came encrypted. Where it is not, a frame in clear is taken for one
    /// that was encrypted: group keys and message 3 prove by their MIC and replay counter where they are from.
    /// Message 1 proves nothing, and leads to nothing but an answer.
    pub protection_is_told: bool,
    /// What the association response said of the mobility domain, if the AKM is one of fast transition.
    pub membership: Option<Membership>,
}

/// How many different message 1 are kept answerable. An honest AP sends one; more are forged, or an AP's
/// that begins anew.
const MAX_OFFERS: usize = 4;

/// The end of every SNonce of a station that knows RSN overriding: an AP must not be made to believe that
/// it does not.
pub(super) const OVERRIDING_COOKIE: [u8; 6] = [0x50, 0x6f, 0x9a, 0, 0, 0x29];

/// A handshake between message 2 and message 3.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Exchange {
    snonce: [u8; 32],
    /// How many message 1 were answered, up to 255.
    answered: u8,
    /// What was offered, the latest last.
    offers: Vec<Offer>,
}

/// What a message 1 offers.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Offer {
    anonce: [u8; 32],
    /// The keys it leads to.
    ptk: Ptk,
    /// Where they come from, in a mobility domain.
    rooted: Option<Box<Rooted>>,
}

/// The keys of a completed handshake; the temporal key is the radio's alone.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Established {
    anonce: [u8; 32],
    ptk: Ptk,
    /// The hash of the temporal key: it is never handed out again.
    print: Vec<u8>,
    /// The index of the temporal key.
    key_id: u8,
    /// The keys of the mobility domain, in one.
    rooted: Option<Box<Rooted>>,
}

/// Whether the keys are complete.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Port {
    /// The first WPA brings the group key in a handshake of its own, which has not come yet.
    AwaitsGroupKey,
    /// They are.
    Open,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum State {
    /// For message 1.
    First,
    /// For message 3.
    Third(Exchange),
    /// The keys of the 4-way handshake are out; a rekeying may be under way.
    Established { keys: Established, rekeying: Option<Exchange>, port: Port },
    /// It failed.
    Broken(HandshakeFailure),
}

/// The station's key machine, from association to the end of it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Supplicant {
    /// Shared by the copies until it changes.
    setup: Arc<Setup>,
    state: State,
    /// The replay counter of the last frame whose MIC was right.
    replay_counter: Option<u64>,
    /// How many requests were sent: their replay counter.
    requests: u64,
    ledger: Ledger,
}

/// A key frame whose MIC was right under these keys. Only [`Authentic::verify`] makes one.
struct Authentic<'a> {
    frame: &'a KeyFrame,
    ptk: &'a Ptk,
}

impl<'a> Authentic<'a> {
    fn verify(frame: &'a KeyFrame, ptk: &'a Ptk) -> Result<Self, Ignored> {
        if ptk.verify(&frame.to_octets_without_mic(), &frame.mic) {
            Ok(Self { frame, ptk })
        } else {
            Err(Ignored::Mic)
        }
    }

    fn decrypt(&self) -> Option<Secret> {
        self.ptk.decrypt(&self.frame.iv, &self.frame.key_data)
    }
}

impl Supplicant {
    /// A supplicant that waits for message 1.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        Self {
            setup: Arc::new(setup),
            state: State::First,
            replay_counter: None,
            requests: 0,
            ledger: Ledger::default(),
        }
    }

    /// What it waits for: the reason, if nothing comes.
    #[must_use]
    pub fn waiting_for(&self) -> Waiting {
        match &self.state {
            State::First => Waiting::MessageOne,
            State::Third(exchange) => Waiting::MessageThree { answered: exchange.answered },
            State::Established { rekeying: Some(_), .. } => Waiting::MessageThreeOfRekeying,
            State::Established { port: Port::AwaitsGroupKey, .. } => Waiting::GroupKey,
            State::Established { rekeying: None, .. } => Waiting::Nothing,
            State::Broken(why) => Waiting::Broken(*why),
        }
    }

    /// Whether the 4-way handshake was completed.
    #[must_use]
    pub const fn is_established(&self) -> bool {
        matches!(self.state, State::Established { .. })
    }

    /// The report of a frame that failed TKIP's integrity check, for the AP (802.11-2020 12.5.2.4): whether it came
    /// under the pairwise key. Nothing if there are no keys.
    pub fn report_mic_failure(&mut self, pairwise: bool) -> Option<Output> {
        let State::Established { keys, .. } = &self.state else { return None };
        let kind = if pairwise { Info::PAIRWISE } else { Info(0) };
        let schedule = &keys.ptk.schedule;
        let bits = kind.with(Info::REQUEST).with(Info::ERROR).with(Info::SECURE).with(Info::MIC);
        let mut frame =
            KeyFrame::new(bits.with_version(schedule.version), self.requests, schedule.mic_length());
        frame.descriptor = self.setup.plan.descriptor();
        frame.mic = keys.ptk.mic(&frame.to_octets())?;
        self.requests = self.requests.saturating_add(1);
        Some(Output::SendKeyFrame { octets: frame.to_octets(), in_clear: false })
    }

    /// What it was set up with.
    #[must_use]
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Takes another PMK that message 1 may ask for, before those it has: SAE was done once more.
    pub fn offer(&mut self, candidate: Candidate) {
        let candidates = &mut Arc::make_mut(&mut self.setup).candidates;
        candidates.retain(|known| known.pmkid != candidate.pmkid);
        candidates.truncate(MAX_OFFERS);
        candidates.insert(0, candidate);
    }

    /// The links in use, if there are links.
    pub fn links(&self) -> impl Iterator<Item = LinkId> {
        self.setup.peer.accepted().filter_map(|(id, _)| id)
    }

    /// Forgets a link that was removed: keys for it are ignored from now on, and another one is the link of the
    /// association if it was that.
    pub fn remove_link(&mut self, link: LinkId) {
        Arc::make_mut(&mut self.setup).peer.remove(link);
        self.ledger.forget_link(link);
    }

    /// Takes up links that were added by a reconfiguration, which brought these key data in clear, and says which
    /// keys to install: those of the new links and no others.
    ///
    /// # Errors
    /// The rule that the key data break; then nothing has changed.
    pub fn add_links(
        &mut self,
        links: BTreeMap<LinkId, Link>,
        key_data: &Secret,
    ) -> Result<Vec<KeyRequest>, HandshakeFailure> {
        let keys = self.check_added(links.keys().copied(), key_data)?;
        Arc::make_mut(&mut self.setup).peer.add(links);
        Ok(keys.into_iter().filter(|key| self.ledger.enter(key)).collect())
    }

    /// Takes the operating channel of the association (of one of its links), for its validation.
    pub fn set_channel(&mut self, link: Option<LinkId>, channel: Option<OperatingChannel>) {
        match (&mut Arc::make_mut(&mut self.setup).peer, link) {
            (Peer::Bss(bss), None) => bss.channel = channel,
            (Peer::Mld { links, .. }, Some(id)) => {
                if let Some(link) = links.get_mut(&id) {
                    link.channel = channel;
                }
            }
            (Peer::Bss(_), Some(_)) | (Peer::Mld { .. }, None) => {}
        }
    }

    /// The operating channel of the association (of the link that carries it), if it is known.
    #[must_use]
    pub fn channel(&self) -> Option<OperatingChannel> {
        self.setup.peer.channel()
    }

    /// Takes an EAPOL frame of the AP, from the 802.1X header on. The caller has checked that it is from
    /// the peer's address.
    ///
    /// `encrypted` says whether it came under the pairwise key, unless [`Setup::protection_is_told`] says that it
    /// says nothing. What is to be done is appended to `out` in the order in which it must happen.
    pub fn handle(
        &mut self,
        entropy: &mut (impl Entropy + ?Sized),
        octets: &[u8],
        encrypted: bool,
        out: &mut Vec<Output>,
    ) {
        let encrypted = encrypted || !self.setup.protection_is_told;
        if let Err(why) = self.dispatch(entropy, octets, encrypted, out) {
            out.push(Output::Ignored(why));
        }
    }

    fn dispatch(
        &mut self,
        entropy: &mut (impl Entropy + ?Sized),
        octets: &[u8],
        encrypted: bool,
        out: &mut Vec<Output>,
    ) -> Result<(), Ignored> {
        if matches!(self.state, State::Broken(_)) {
            return Err(Ignored::AfterFailure);
        }
        let frame = self.parse(octets)?;
        let info = frame.information;
        let plan = &self.setup.plan;
        if frame.descriptor != plan.descriptor() || info.contains(Info::SMK) {
            return Err(Ignored::Descriptor);
        }
        if !info.contains(Info::ACK) || info.contains(Info::REQUEST) || info.contains(Info::ERROR) {
            return Err(Ignored::NotForSupplicant);
        }
        if info.contains(Info::ENCRYPTED) && !info.contains(Info::MIC) {
            return Err(Ignored::EncryptedWithoutMic);
        }
        // In the first WPA it is that of the group key.
        if info.index() != 0 && (!plan.is_first_wpa() || info.contains(Info::PAIRWISE)) {
            return Err(Ignored::KeyIndex);
        }
        match (info.contains(Info::PAIRWISE), info.contains(Info::MIC)) {
            (true, false) => self.on_first(entropy, &frame, encrypted, out),
            (true, true) => self.on_third(&frame, encrypted, out),
            (false, true) => self.on_group(&frame, encrypted, out),
            (false, false) => Err(Ignored::GroupWithoutMic),
        }
    }

    /// Parses with the length of the MIC that the keys in use have, or may have.
    fn parse(&self, octets: &[u8]) -> Result<KeyFrame, Ignored> {
        let mut lengths: Vec<usize> = match &self.state {
            State::Established { keys, .. } => Vec::from([keys.ptk.schedule.mic_length()]),
            State::Third(exchange) => {
                exchange.offers.iter().rev().map(|offer| offer.ptk.schedule.mic_length()).collect()
            }
            State::First | State::Broken(_) => {
                let candidates = self.setup.candidates.iter();
                candidates.filter_map(|candidate| Some(self.schedule(&candidate.pmk)?.mic_length())).collect()
            }
        };
        lengths.dedup();
        let mut found: Result<KeyFrame, Ignored> = Err(Ignored::NoKey);
        for length in lengths {
            match KeyFrame::parse(octets, length) {
                // A wrong length leaves octets over or runs out.
                Ok(frame) if frame.tail.is_empty() => return Ok(frame),
                Ok(frame) => found = found.or(Ok(frame)),
                Err(error) if found.is_err() => found = Err(Ignored::Malformed(error)),
                Err(_) => {}
            }
        }
        found
    }

    fn schedule(&self, pmk: &Pmk) -> Option<KeySchedule> {
        let plan = &self.setup.plan;
        Some(KeySchedule::of(plan.akm(), pmk.expose().len())?.with_pairwise(plan.pairwise()))
    }

    /// A frame with a MIC must be newer than the last one.
    fn check_replay(&self, frame: &KeyFrame) -> Result<(), Ignored> {
        match self.replay_counter {
            Some(last) if frame.replay_counter <= last => Err(Ignored::Replayed),
            _ => Ok(()),
        }
    }

    /// Whether another pairwise key can be installed while one is in use.
    fn can_rekey(&self) -> bool {
        self.setup.can_replace_pairwise || self.setup.plan.extended_key_id()
    }

    /// The PMK that message 1 is about.
    fn candidate(&self, asked: Option<[u8; 16]>) -> Result<&Candidate, Ignored> {
        let candidates = &self.setup.candidates;
        // Some APs send a PMKID of zeros where they mean none.
        let asked = asked.filter(|pmkid| *pmkid != [0; 16]).map(Pmkid);
        let named = |candidate: &&Candidate| asked.is_some() && candidate.pmkid == asked;
        let found = candidates.iter().find(named);
        // A pre-shared key is the only one there is, whatever an AP calls it.
        let psk = matches!(self.setup.plan.akm(), Akm::Psk | Akm::PskSha256);
        let first = || if asked.is_none() || psk { candidates.first() } else { None };
        found.or_else(first).ok_or(Ignored::UnknownPmkid)
    }

    fn on_first(
        &mut self,
        entropy: &mut (impl Entropy + ?Sized),
        frame: &KeyFrame,
        encrypted: bool,
        out: &mut Vec<Output>,
    ) -> Result<(), Ignored> {
        let established = self.is_established();
        if established {
            if !encrypted {
                return Err(Ignored::Unencrypted);
            }
            self.check_replay(frame)?;
        }
        let contents = Contents::gather(&frame.key_data).map_err(Ignored::KeyData)?;
        if let Peer::Mld { address, .. } = &self.setup.peer
            && contents.mac_address != Some(*address)
        {
            return Err(Ignored::OtherMld);
        }
        let plan = &self.setup.plan;
        let candidate = self.candidate(contents.pmkid);
        let rooted = self.rooted(candidate.as_ref().ok().map(|candidate| &candidate.pmk));
        // In a mobility domain, the key is that of the AP.
        let pmk = match &rooted {
            Some(rooted) => &rooted.key.key,
            None if plan.akm().is_ft() => return Err(candidate.err().unwrap_or(Ignored::NoKey)),
            None => &candidate?.pmk,
        };
        let schedule = self.schedule(pmk).ok_or(Ignored::NoKey)?;
        if frame.information.version() != schedule.version {
            return Err(Ignored::DescriptorVersion);
        }
        // Anybody can send a message 1 in clear, and may not end the connection with it.
        if established && !self.can_rekey() && self.setup.protection_is_told {
            out.push(Output::RekeyByReconnect);
            return Ok(());
        }
        let mut exchange = match &self.state {
            State::Third(exchange) => exchange.clone(),
            State::Established { rekeying: Some(exchange), .. } => exchange.clone(),
            _ => {
                let mut snonce = random(entropy);
                if plan.overriding {
                    let cookie = snonce.iter_mut().rev().zip(OVERRIDING_COOKIE.iter().rev());
                    cookie.for_each(|(octet, value)| *octet = *value);
                }
                Exchange { snonce, answered: 0, offers: Vec::new() }
            }
        };
        let input = PtkInput {
            authenticator: self.setup.peer.address(),
            supplicant: self.setup.peer.station(),
            anonce: frame.nonce,
            snonce: exchange.snonce,
        };
        let ptk = Ptk::derive(plan.akm(), pmk, plan.pairwise(), &input, false).ok_or(Ignored::NoKey)?;
        let offer = Offer { anonce: frame.nonce, ptk, rooted };
        let message = self.second_message(frame, &exchange, &offer, established)?;
        exchange.answered = exchange.answered.saturating_add(1);
        exchange.offers.retain(|offer| offer.anonce != frame.nonce);
        if exchange.offers.len() >= MAX_OFFERS {
            exchange.offers.remove(0);
        }
        exchange.offers.push(offer);
        match &mut self.state {
            State::Established { rekeying, .. } => *rekeying = Some(exchange),
            state => *state = State::Third(exchange),
        }
        out.push(Output::SendKeyFrame { octets: message, in_clear: !established });
        Ok(())
    }

    fn second_message(
        &self,
        first: &KeyFrame,
        exchange: &Exchange,
        Offer { ptk, rooted, .. }: &Offer,
        established: bool,
    ) -> Result<Vec<u8>, Ignored> {
        let plan = &self.setup.plan;
        let mut data = self.own_elements(rooted.as_deref());
        if plan.operating_channel_validation() {
            Kde::OperatingChannel(self.setup.peer.channel().ok_or(Ignored::NoChannel)?).write(&mut data);
        }
        if let Peer::Mld { station, association_link, links, .. } = &self.setup.peer {
            Kde::MacAddress(*station).write(&mut data);
            // Rejected links too: the AP counts what was asked for.
            for (id, link) in links.iter().filter(|(id, _)| *id != association_link) {
                Kde::MloLink { link: *id, address: link.station, rsne: None, rsnxe: None }.write(&mut data);
            }
        }
        // The first WPA has the bit in the group key handshake only.
        let is_secure = established && !plan.is_first_wpa();
        let information = if is_secure { Info::PAIRWISE.with(Info::SECURE) } else { Info::PAIRWISE };
        answer(first, information, exchange.snonce, data, ptk)
    }

    fn on_third(&mut self, frame: &KeyFrame, encrypted: bool, out: &mut Vec<Output>) -> Result<(), Ignored> {
        self.check_replay(frame)?;
        let offered =
            |exchange: &Exchange| exchange.offers.iter().find(|offer| offer.anonce == frame.nonce).cloned();
        let (Offer { ptk, mut rooted, .. }, previous, repeated) = match &self.state {
            State::First | State::Broken(_) => return Err(Ignored::TooEarly),
            State::Third(exchange) => (offered(exchange).ok_or(Ignored::OtherAnonce)?, None, false),
            State::Established { keys, rekeying, .. } => {
                // Anybody can have offered the ANonce in use once more: the MIC tells which one it is.
                let is_meant = |offer: &Offer| {
                    keys.anonce != frame.nonce || Authentic::verify(frame, &offer.ptk).is_ok()
                };
                match rekeying.as_ref().and_then(offered).filter(is_meant) {
                    Some(_) if !encrypted => return Err(Ignored::Unencrypted),
                    Some(offer) => (offer, Some(keys.clone()), false),
                    None if keys.anonce == frame.nonce => {
                        let Established { anonce, ptk, rooted, .. } = keys.clone();
                        (Offer { anonce, ptk, rooted }, Some(keys.clone()), true)
                    }
                    None => return Err(Ignored::OtherAnonce),
                }
            }
        };
        if frame.information.version() != ptk.schedule.version {
            return Err(Ignored::DescriptorVersion);
        }
        let authentic = Authentic::verify(frame, &ptk)?;
        self.replay_counter = Some(frame.replay_counter);
        if previous.is_some() && !repeated && !self.can_rekey() {
            out.push(Output::RekeyByReconnect);
            return Ok(());
        }
        let checked = match self.check_third(&authentic, &mut rooted, repeated) {
            Ok(checked) => checked,
            Err(why) => {
                self.state = State::Broken(why);
                out.push(Output::Broken(why));
                return Ok(());
            }
        };
        let fourth = self.fourth_message(frame, &ptk)?;
        // A repeated message 3 is answered the way it came: an AP that missed message 4 has no key yet.
        let in_clear = if repeated { !encrypted } else { previous.is_none() };
        let print = Hash::Sha256.digest(&[ptk.tk.expose()]).to_vec();
        // Never twice: neither for a repeated message 3, nor if two handshakes led to the same key.
        let used = repeated || previous.as_ref().is_some_and(|keys| keys.print == print);
        let pairwise = (!used).then(|| self.pairwise_key(&ptk, checked.key_id));
        let message = Output::SendKeyFrame { octets: fourth, in_clear };
        match pairwise.map(Output::InstallKey) {
            None => out.push(message),
            // Extended Key ID: receiving under the new key is possible before the AP may send under it.
            Some(install) if self.setup.plan.extended_key_id() => {
                out.extend([install, message, Output::UseKey { index: checked.key_id }]);
            }
            Some(install) => out.extend([message, install]),
        }
        for key in checked.group_keys {
            if self.ledger.enter(&key) {
                out.push(Output::InstallKey(key));
            }
        }
        if repeated {
            return Ok(());
        }
        let may_close = TransitionDisable::may_be_set_by(self.setup.plan.akm());
        if let Some(bitmap) = checked.transition_disable.map(|told| told & may_close)
            && bitmap != 0
        {
            out.push(Output::TransitionDisable(bitmap));
        }
        let keys = Established {
            anonce: frame.nonce,
            // The temporal key is the radio's from here on.
            ptk: Ptk { tk: Secret::default(), ..ptk },
            print,
            key_id: checked.key_id,
            rooted,
        };
        let port = match &self.state {
            State::Established { port, .. } => *port,
            _ if self.setup.plan.is_first_wpa() => Port::AwaitsGroupKey,
            _ => Port::Open,
        };
        match previous {
            None if port == Port::Open => out.push(Output::Secured),
            None => {}
            Some(_) => out.push(Output::Rekeyed(Rekeyed::Pairwise)),
        }
        self.state = State::Established { keys, rekeying: None, port };
        Ok(())
    }

    fn fourth_message(&self, third: &KeyFrame, ptk: &Ptk) -> Result<Vec<u8>, Ignored> {
        let mut data = Vec::new();
        if let Peer::Mld { station, .. } = &self.setup.peer {
            Kde::MacAddress(*station).write(&mut data);
        }
        // The first WPA has the bit Secure in the group key handshake only; RSN was checked to have it.
        let secure = Info(third.information.0 & Info::SECURE.0);
        answer(third, Info::PAIRWISE.with(secure), [0; 32], data, ptk)
    }

    fn on_group(&mut self, frame: &KeyFrame, encrypted: bool, out: &mut Vec<Output>) -> Result<(), Ignored> {
        let State::Established { keys, port, .. } = &self.state else { return Err(Ignored::TooEarly) };
        let (ptk, port) = (keys.ptk.clone(), *port);
        if !encrypted {
            return Err(Ignored::Unencrypted);
        }
        if frame.information.version() != ptk.schedule.version {
            return Err(Ignored::DescriptorVersion);
        }
        self.check_replay(frame)?;
        let authentic = Authentic::verify(frame, &ptk)?;
        self.replay_counter = Some(frame.replay_counter);
        let (group_keys, other) = self.check_group(&authentic).map_err(Ignored::Group)?;
        out.extend(other.then_some(Output::Ignored(Ignored::OtherLink)));
        let mut data = Vec::new();
        if self.setup.plan.operating_channel_validation() {
            Kde::OperatingChannel(self.setup.peer.channel().ok_or(Ignored::NoChannel)?).write(&mut data);
        }
        // In the first WPA the index is that of the key, and repeated; in RSN it is zero.
        let information = Info::SECURE.with_index(frame.information.index());
        let second = answer(frame, information, [0; 32], data, &ptk)?;
        let before = out.len();
        for key in group_keys {
            if self.ledger.enter(&key) {
                out.push(Output::InstallKey(key));
            }
        }
        let renewed = out.len() > before;
        out.push(Output::SendKeyFrame { octets: second, in_clear: false });
        match (port, &mut self.state) {
            (Port::AwaitsGroupKey, State::Established { port, .. }) => {
                *port = Port::Open;
                out.push(Output::Secured);
            }
            _ if renewed => out.push(Output::Rekeyed(Rekeyed::Group)),
            _ => {}
        }
        Ok(())
    }
}

/// The answer to a frame, with its MIC: version and replay counter are the AP's.
fn answer(
    to: &KeyFrame,
    information: Info,
    nonce: [u8; 32],
    key_data: Vec<u8>,
    ptk: &Ptk,
) -> Result<Vec<u8>, Ignored> {
    let information = information.with(Info::MIC).with_version(ptk.schedule.version);
    let mut frame = KeyFrame::new(information, to.replay_counter, ptk.schedule.mic_length());
    (frame.version, frame.descriptor) = (to.version, to.descriptor);
    (frame.nonce, frame.key_data) = (nonce, key_data);
    frame.mic = ptk.mic(&frame.to_octets()).ok_or(Ignored::NoKey)?;
    Ok(frame.to_octets())
}
