//! The AP's side of the 4-way handshake and the group key handshake (802.11-2020 12.7.6, 12.7.7): one
//! machine for each associated station.
//!
//! Message 4 counts only after message 2 proved the PMK; an answer counts only with a replay counter that
//! was sent in the exchange under way.

use super::{
    Candidate, Link, Peer,
    contents::Contents,
    ft::{self, Hierarchy, Membership, authenticator::Member},
    operating_channel::reaches,
};
use crate::{
    Duration, Entropy, Instant,
    crypto::{
        ft::PmkR1,
        keys::{KeySchedule, Pmk, Pmkid, Ptk, PtkInput},
        keywrap,
    },
    entropy::random,
    kernel::{KeyKind, KeyRequest},
};
use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use lapwing_frames::{
    LinkId, Ssid,
    eapol::{DescriptorType, KeyFrame, KeyInformation as Info},
    element::{ElementId, write_raw},
    kde::{self, GroupKey, GroupKeyKind, Kde, KeyOctets},
    management::ReasonCode,
    suite::{Akm, Cipher},
};

/// What the authenticator of a station is set up with.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Setup {
    /// The network's name.
    pub ssid: Ssid,
    /// The AP, the station and their links.
    pub peer: Peer,
    /// The AKM that the station chose.
    pub akm: Akm,
    /// The pairwise cipher that the station chose.
    pub pairwise: Cipher,
    /// The RSNE of the association request, whole.
    pub rsne: Vec<u8>,
    /// Its RSNXE, whole.
    pub rsnxe: Option<Vec<u8>>,
    /// Its RSN Selection element, whole.
    pub selection: Option<Vec<u8>>,
    /// The PMKs that the station may have, the most likely first.
    pub candidates: Vec<Candidate>,
    /// The PMKID to name in message 1.
    pub announced: Option<Pmkid>,
    /// Whether both sides tell and check the operating channel.
    pub operating_channel_validation: bool,
    /// Whether message 3 repeats the SSID.
    pub ssid_protection: bool,
    /// Whether pairwise keys alternate between the indices 0 and 1.
    pub extended_key_id: bool,
    /// The bitmap of the Transition Disable KDE, if it is to be sent.
    pub transition_disable: Option<u8>,
    /// The group keys in use, of every link.
    pub group_keys: Vec<KeyRequest>,
    /// The mobility domain and what the response said of it, if the AKM is one of fast transition.
    pub membership: Option<(Member, Membership)>,
}

/// Something to be done or to be known, in the order in which it must happen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Output {
    /// Send an EAPOL frame to the station.
    SendKeyFrame {
        /// The frame from the 802.1X header on.
        octets: Vec<u8>,
        /// Not under the pairwise key.
        in_clear: bool,
    },
    /// Install the pairwise key.
    InstallKey(KeyRequest),
    /// The 4-way handshake is complete: open the port.
    Secured {
        /// The place of the PMK among the candidates.
        candidate: usize,
    },
    /// The station has the new group keys.
    GroupKeysTaken,
    /// Say how far the group keys in use are, by [`Authenticator::give_group_keys`]: the next message brings them, and
    /// waits until then. Only of an authenticator [made for it](Authenticator::with_packet_numbers).
    WantsPacketNumbers,
    /// Disconnect the station.
    Disconnect(ReasonCode),
    /// A frame was passed over, for this reason.
    Ignored(&'static str),
}

/// Why a message 2 was passed over that was made with another key ([`Output::Ignored`]).
pub const WRONG_KEY: &str = "its integrity code fits no key: the passphrase is wrong";

/// How often a message is sent before the station is given up.
const TRIES: u8 = 4;
/// The time until the first repetition: a station that sleeps or missed one message answers soon.
const FIRST_PATIENCE: Duration = Duration::from_millis(100);
/// The time until every other one.
const PATIENCE: Duration = Duration::from_secs(1);

/// A message that waits for its answer.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Pending {
    /// The replay counters under which it was sent, at most [`TRIES`].
    counters: Vec<u64>,
    deadline: Instant,
}

/// The keys of a mobility domain, and that of us in it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Rooted {
    hierarchy: Hierarchy,
    key: PmkR1,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Step {
    Second,
    /// Message 2 proved the PMK; message 3 waits for packet numbers.
    Third {
        ptk: Ptk,
        rooted: Option<Box<Rooted>>,
        candidate: usize,
        overriding: bool,
    },
    Fourth {
        ptk: Ptk,
        rooted: Option<Box<Rooted>>,
        candidate: usize,
        overriding: bool,
        /// Whether the group keys were renewed after message 3 was sent: it may have brought the old ones.
        outdated: bool,
    },
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum State {
    Idle,
    /// A 4-way handshake, the first or one that renews the keys of `old`.
    Handshake {
        anonce: [u8; 32],
        step: Step,
        pending: Pending,
        old: Option<Ptk>,
    },
    Established {
        ptk: Ptk,
    },
    /// A group key handshake.
    Group {
        ptk: Ptk,
        pending: Pending,
    },
    Ended,
}

/// Where the packet numbers of group keys come from.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum PacketNumbers {
    /// They are as they were given.
    Given,
    /// They are asked for when a message that brings keys in use is about to be sent.
    Asked,
}

/// The AP's key machine for one station.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Authenticator {
    setup: Setup,
    state: State,
    replay_counter: u64,
    /// The index of the pairwise key, 0 unless Extended Key ID is used.
    key_id: u8,
    packet_numbers: PacketNumbers,
    /// The keys of the mobility domain that a handshake or a transition proved.
    rooted: Option<Box<Rooted>>,
}

impl Authenticator {
    /// An authenticator that has sent nothing yet.
    #[must_use]
    pub const fn new(setup: Setup) -> Self {
        let packet_numbers = PacketNumbers::Given;
        Self { setup, state: State::Idle, replay_counter: 0, key_id: 0, packet_numbers, rooted: None }
    }

    /// An authenticator of a station that came by a transition, with the keys of it, which the radio has by now.
    #[must_use]
    pub fn transitioned(setup: Setup, ptk: Ptk, hierarchy: Hierarchy) -> Self {
        let mut authenticator = Self::with_packet_numbers(setup);
        let r1kh = authenticator.setup.membership.as_ref().map(|(_, membership)| membership.r1kh);
        let key = r1kh.and_then(|r1kh| hierarchy.key_for(r1kh));
        authenticator.rooted = key.map(|key| Box::new(Rooted { hierarchy, key }));
        authenticator.state = State::Established { ptk };
        authenticator
    }

    /// The keys of the mobility domain, once the station has proved them.
    #[must_use]
    pub fn hierarchy(&self) -> Option<&Hierarchy> {
        self.rooted.as_ref().map(|rooted| &rooted.hierarchy)
    }

    /// The keys that the station may have, each with its place among the candidates.
    fn keys(&self) -> Vec<(usize, Pmk, Option<Box<Rooted>>)> {
        let Setup { akm, ssid, peer, candidates, membership, .. } = &self.setup;
        if let Some(rooted) = &self.rooted {
            return Vec::from([(0, rooted.key.key.clone(), Some(rooted.clone()))]);
        }
        let keys = candidates.iter().enumerate().filter_map(|(place, candidate)| {
            let Some((_, membership)) = membership else { return Some((place, candidate.pmk.clone(), None)) };
            let hierarchy = Hierarchy::new(*akm, &candidate.pmk, ssid, membership, peer.station())?;
            let key = hierarchy.key_for(membership.r1kh)?;
            Some((place, key.key.clone(), Some(Box::new(Rooted { hierarchy, key }))))
        });
        keys.collect()
    }

    /// An authenticator that asks how far group keys in use are before it gives them away. Whoever drives it sees to
    /// it that an answer comes in time.
    #[must_use]
    pub fn with_packet_numbers(setup: Setup) -> Self {
        let mut authenticator = Self::new(setup);
        authenticator.packet_numbers = PacketNumbers::Asked;
        authenticator
    }

    /// When [`tick`](Self::tick) is due, if it is.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Handshake { step: Step::Third { .. }, .. } => None,
            State::Handshake { pending, .. } | State::Group { pending, .. } => Some(pending.deadline),
            State::Idle | State::Established { .. } | State::Ended => None,
        }
    }

    /// Whether a 4-way handshake was completed and none is under way.
    #[must_use]
    pub const fn is_established(&self) -> bool {
        matches!(self.state, State::Established { .. } | State::Group { .. })
    }

    /// Begins a 4-way handshake: after the association, or to renew the pairwise key.
    pub fn start(&mut self, now: Instant, entropy: &mut (impl Entropy + ?Sized), out: &mut Vec<Output>) {
        let old = match core::mem::replace(&mut self.state, State::Ended) {
            State::Ended => return,
            State::Idle => None,
            State::Handshake { old, .. } => old,
            State::Established { ptk } | State::Group { ptk, .. } => Some(ptk),
        };
        if old.is_some() && self.setup.extended_key_id {
            self.key_id ^= 1;
        }
        let pending = Pending { counters: Vec::new(), deadline: now };
        self.state = State::Handshake { anonce: random(entropy), step: Step::Second, pending, old };
        self.transmit(now, out);
    }

    /// Whether both sides tell and check the operating channel.
    #[must_use]
    pub const fn validates_operating_channel(&self) -> bool {
        self.setup.operating_channel_validation
    }

    /// The links of the association are other ones from now on, and so are the group keys that the station has.
    pub fn set_links(&mut self, links: BTreeMap<LinkId, Link>, keys: Vec<KeyRequest>) {
        if let Peer::Mld { links: known, association_link, .. } = &mut self.setup.peer {
            if !links.contains_key(association_link)
                && let Some(first) = links.keys().next()
            {
                *association_link = *first;
            }
            (*known, self.setup.group_keys) = (links, keys);
        }
    }

    /// Gives the station new group keys. They are remembered for message 3 if no handshake can be begun now, and
    /// given after the handshake if message 3 was sent already.
    pub fn renew_group_keys(&mut self, now: Instant, keys: Vec<KeyRequest>, out: &mut Vec<Output>) {
        self.setup.group_keys = keys;
        if let State::Handshake { step: Step::Fourth { outdated, .. }, .. } = &mut self.state {
            *outdated = true;
        }
        if let State::Established { ptk } | State::Group { ptk, .. } = &self.state {
            let pending = Pending { counters: Vec::new(), deadline: now };
            self.state = State::Group { ptk: ptk.clone(), pending };
            self.transmit(now, out);
        }
    }

    /// The group keys with their packet numbers, after [`Output::WantsPacketNumbers`].
    pub fn give_group_keys(&mut self, now: Instant, keys: Vec<KeyRequest>, out: &mut Vec<Output>) {
        if !matches!(self.state, State::Handshake { .. }) {
            return self.renew_group_keys(now, keys, out);
        }
        self.setup.group_keys = keys;
        if let State::Handshake { step, pending, .. } = &mut self.state
            && let Step::Third { ptk, rooted, candidate, overriding } = step
        {
            let (ptk, candidate, overriding) = (ptk.clone(), *candidate, *overriding);
            *step = Step::Fourth { ptk, rooted: rooted.take(), candidate, overriding, outdated: false };
            *pending = Pending { counters: Vec::new(), deadline: now };
            self.transmit(now, out);
        }
    }

    /// Lets time pass: repeats a message, or gives the station up.
    pub fn tick(&mut self, now: Instant, out: &mut Vec<Output>) {
        let (pending, reason) = match &self.state {
            State::Handshake { step: Step::Third { .. }, .. } => return,
            State::Handshake { pending, .. } => (pending, ReasonCode::FourWayHandshakeTimeout),
            State::Group { pending, .. } => (pending, ReasonCode::GroupKeyHandshakeTimeout),
            State::Idle | State::Established { .. } | State::Ended => return,
        };
        if now < pending.deadline {
            return;
        }
        if pending.counters.len() >= usize::from(TRIES) {
            self.state = State::Ended;
            out.push(Output::Disconnect(reason));
        } else {
            self.transmit(now, out);
        }
    }

    /// Takes an EAPOL frame of the station, from the 802.1X header on.
    pub fn handle(&mut self, now: Instant, octets: &[u8], encrypted: bool, out: &mut Vec<Output>) {
        if let Err(why) = self.dispatch(now, octets, encrypted, out) {
            out.push(Output::Ignored(why));
        }
    }

    /// Sends the message of the state, for the first time or again.
    fn transmit(&mut self, now: Instant, out: &mut Vec<Output>) {
        self.replay_counter = self.replay_counter.saturating_add(1);
        let counter = self.replay_counter;
        let (pending, in_clear) = match &mut self.state {
            State::Handshake { pending, old, .. } => (pending, old.is_none()),
            State::Group { pending, .. } => (pending, false),
            State::Idle | State::Established { .. } | State::Ended => return,
        };
        let patience = if pending.counters.is_empty() { FIRST_PATIENCE } else { PATIENCE };
        pending.counters.push(counter);
        pending.deadline = now + patience;
        match self.message(counter) {
            Some(octets) => out.push(Output::SendKeyFrame { octets, in_clear }),
            None => {
                self.state = State::Ended;
                out.push(Output::Disconnect(ReasonCode::Unspecified));
            }
        }
    }

    fn message(&self, counter: u64) -> Option<Vec<u8>> {
        let pairwise_length = u16::try_from(self.setup.pairwise.key_length()?).ok()?;
        match &self.state {
            State::Handshake { anonce, step: Step::Second, .. } => {
                let keys = self.keys();
                let (_, first, _) = keys.first()?;
                let schedule = KeySchedule::of(self.setup.akm, first.expose().len())?;
                let information = Info::PAIRWISE.with(Info::ACK).with_version(schedule.version);
                let mut frame = KeyFrame::new(information, counter, schedule.mic_length());
                (frame.nonce, frame.key_length) = (*anonce, pairwise_length);
                if let Some(pmkid) = self.setup.announced {
                    Kde::Pmkid(pmkid.0).write(&mut frame.key_data);
                }
                if let Peer::Mld { address, .. } = &self.setup.peer {
                    Kde::MacAddress(*address).write(&mut frame.key_data);
                }
                Some(frame.to_octets())
            }
            State::Handshake { anonce, step: Step::Fourth { ptk, overriding, rooted, .. }, .. } => {
                let bits = Info::PAIRWISE.with(Info::INSTALL);
                let frame = KeyFrame {
                    nonce: *anonce,
                    key_length: pairwise_length,
                    receive_sequence: self.group_sequence(),
                    ..new(bits, counter, ptk)
                };
                seal(frame, self.third_data(*overriding, rooted.as_deref())?, ptk)
            }
            State::Group { ptk, .. } => {
                let frame =
                    KeyFrame { receive_sequence: self.group_sequence(), ..new(Info(0), counter, ptk) };
                seal(frame, self.group_data(), ptk)
            }
            State::Handshake { step: Step::Third { .. }, .. }
            | State::Idle
            | State::Established { .. }
            | State::Ended => None,
        }
    }

    fn third_data(&self, overriding: bool, rooted: Option<&Rooted>) -> Option<Vec<u8>> {
        let setup = &self.setup;
        let mut data = Vec::new();
        let overrides = |link: &Link| {
            let advertised = &link.advertised;
            let elements =
                [&advertised.rsne_override, &advertised.rsne_override2, &advertised.rsnxe_override];
            elements.into_iter().flatten().flatten().copied().collect::<Vec<u8>>()
        };
        match &setup.peer {
            Peer::Bss(link) => {
                match rooted {
                    Some(rooted) => {
                        data.extend(ft::with_name(link.advertised.rsne.as_deref()?, rooted.key.name)?);
                    }
                    None => data.extend(link.advertised.rsne.iter().flatten()),
                }
                if let Some((member, membership)) = &setup.membership {
                    data.extend_from_slice(&membership.mobility_domain);
                    data.extend_from_slice(&membership.fast_transition);
                    data.extend(member.timeouts());
                }
                data.extend(link.advertised.rsnxe.iter().flatten());
                if overriding {
                    data.extend(overrides(link));
                }
            }
            Peer::Mld { address, links, .. } => {
                Kde::MacAddress(*address).write(&mut data);
                for (id, link) in links {
                    let (rsne, rsnxe) = (link.advertised.rsne.as_deref(), link.advertised.rsnxe.as_deref());
                    Kde::MloLink { link: *id, address: link.bssid, rsne, rsnxe }.write(&mut data);
                    if overriding && link.advertised.has_overrides() {
                        Kde::RsnOverrideLink { link: *id, elements: &overrides(link) }.write(&mut data);
                    }
                }
            }
        }
        if setup.extended_key_id {
            Kde::KeyId(self.key_id).write(&mut data);
        }
        if setup.ssid_protection {
            write_raw(ElementId::Plain(0), setup.ssid.octets(), &mut data);
        }
        if let Some(bitmap) = setup.transition_disable {
            Kde::TransitionDisable(&[bitmap]).write(&mut data);
        }
        data.extend(self.group_data());
        Some(data)
    }

    fn group_data(&self) -> Vec<u8> {
        let setup = &self.setup;
        let mut data = Vec::new();
        for key in &setup.group_keys {
            let kind = match key.kind {
                KeyKind::Group => GroupKeyKind::Data,
                KeyKind::Integrity => GroupKeyKind::Integrity,
                KeyKind::Beacon => GroupKeyKind::Beacon,
                KeyKind::Pairwise { .. } => continue,
            };
            let packet_number = (kind != GroupKeyKind::Data || key.link.is_some()).then_some(key.sequence);
            let key_id = u16::from(key.index);
            let octets = KeyOctets(key.key.expose());
            let kde = GroupKey { kind, link: key.link, key_id, transmit: false, packet_number, key: octets };
            Kde::GroupKey(kde).write(&mut data);
        }
        if let (true, Some(channel)) = (setup.operating_channel_validation, setup.peer.channel()) {
            Kde::OperatingChannel(channel).write(&mut data);
        }
        data
    }

    /// The field for how far the GTK is. With links each key data element has its own number, and this is 0.
    fn group_sequence(&self) -> [u8; 8] {
        let plain = |key: &&KeyRequest| key.kind == KeyKind::Group && key.link.is_none();
        let [a, b, c, d, e, f] = self.setup.group_keys.iter().find(plain).map_or([0; 6], |key| key.sequence);
        [a, b, c, d, e, f, 0, 0]
    }

    fn dispatch(
        &mut self,
        now: Instant,
        octets: &[u8],
        encrypted: bool,
        out: &mut Vec<Output>,
    ) -> Result<(), &'static str> {
        let (pending, old) = match &self.state {
            State::Handshake { pending, old, .. } => (pending, old.is_some()),
            State::Group { pending, .. } => (pending, true),
            State::Idle | State::Established { .. } | State::Ended => return Err("nothing was asked"),
        };
        if old && !encrypted {
            return Err("it came in clear, though there is a key");
        }
        let frame = self.parse(octets).ok_or("it cannot be read")?;
        let info = frame.information;
        if frame.descriptor != DescriptorType::Rsn || info.contains(Info::ACK) || info.contains(Info::REQUEST)
        {
            return Err("it is no answer");
        }
        if !info.contains(Info::MIC) || info.contains(Info::ENCRYPTED) {
            return Err("its key information is wrong");
        }
        if !pending.counters.contains(&frame.replay_counter) {
            return Err("its replay counter was not sent");
        }
        match (&self.state, info.contains(Info::PAIRWISE)) {
            (State::Handshake { step: Step::Second, .. }, true) => self.on_second(now, &frame, out),
            (State::Handshake { step: Step::Fourth { .. }, .. }, true) => self.on_fourth(now, &frame, out),
            (State::Group { ptk, .. }, false) => {
                verify(&frame, ptk)?;
                self.state = State::Established { ptk: ptk.clone() };
                out.push(Output::GroupKeysTaken);
                Ok(())
            }
            _ => Err("it is of another handshake"),
        }
    }

    fn parse(&self, octets: &[u8]) -> Option<KeyFrame> {
        let keys = self.keys();
        let lengths = keys.iter().filter_map(|(_, key, _)| {
            Some(KeySchedule::of(self.setup.akm, key.expose().len())?.mic_length())
        });
        let mut frames = lengths.filter_map(|length| KeyFrame::parse(octets, length).ok());
        frames.find(|frame| frame.tail.is_empty())
    }

    fn on_second(
        &mut self,
        now: Instant,
        frame: &KeyFrame,
        out: &mut Vec<Output>,
    ) -> Result<(), &'static str> {
        let keys = self.keys();
        let State::Handshake { anonce, step, pending, .. } = &mut self.state else {
            return Err("no handshake");
        };
        let setup = &self.setup;
        let input = PtkInput {
            authenticator: setup.peer.address(),
            supplicant: setup.peer.station(),
            anonce: *anonce,
            snonce: frame.nonce,
        };
        let proved = keys.into_iter().find_map(|(place, key, rooted)| {
            let ptk = Ptk::derive(setup.akm, &key, setup.pairwise, &input, false)?;
            verify(frame, &ptk).ok().map(|()| (place, ptk, rooted))
        });
        let (candidate, ptk, rooted) = proved.ok_or(WRONG_KEY)?;
        let overriding = match check_second(setup, rooted.as_deref(), frame) {
            Ok(overriding) => overriding,
            Err(_) => {
                self.state = State::Ended;
                out.push(Output::Disconnect(ReasonCode::InvalidAuthentication));
                return Ok(());
            }
        };
        // Until message 3 is sent, nothing is an answer.
        *step = Step::Third { ptk, rooted, candidate, overriding };
        *pending = Pending { counters: Vec::new(), deadline: now };
        match self.packet_numbers {
            PacketNumbers::Asked => out.push(Output::WantsPacketNumbers),
            PacketNumbers::Given => self.give_group_keys(now, self.setup.group_keys.clone(), out),
        }
        Ok(())
    }

    fn on_fourth(
        &mut self,
        now: Instant,
        frame: &KeyFrame,
        out: &mut Vec<Output>,
    ) -> Result<(), &'static str> {
        let State::Handshake { step: Step::Fourth { ptk, rooted, candidate, outdated, .. }, .. } =
            &self.state
        else {
            return Err("no message 3 was sent");
        };
        verify(frame, ptk)?;
        let contents = Contents::gather(&frame.key_data).map_err(|_| "its key data cannot be read")?;
        if contents.security.rsne.is_some() {
            return Err("it is message 2 again");
        }
        if let Peer::Mld { station, .. } = &self.setup.peer
            && contents.mac_address != Some(*station)
        {
            return Err("it names another device");
        }
        out.push(Output::InstallKey(KeyRequest {
            kind: KeyKind::Pairwise { peer: self.setup.peer.station(), receive_only: false },
            link: None,
            index: self.key_id,
            cipher: self.setup.pairwise,
            key: ptk.tk.clone(),
            sequence: [0; 6],
        }));
        out.push(Output::Secured { candidate: *candidate });
        let outdated = *outdated;
        self.rooted = rooted.clone();
        self.state = State::Established { ptk: ptk.clone() };
        match self.packet_numbers {
            _ if !outdated => {}
            // They may be in use by now.
            PacketNumbers::Asked => out.push(Output::WantsPacketNumbers),
            PacketNumbers::Given => self.renew_group_keys(now, self.setup.group_keys.clone(), out),
        }
        Ok(())
    }
}

/// Checks what message 2 tells; whether the station knows RSN overriding.
fn check_second(setup: &Setup, rooted: Option<&Rooted>, frame: &KeyFrame) -> Result<bool, &'static str> {
    let contents = Contents::gather(&frame.key_data).map_err(|_| "its key data cannot be read")?;
    // In a mobility domain, it names the key; the request did not.
    let named = rooted.and_then(|rooted| ft::with_name(&setup.rsne, rooted.key.name));
    if let Some((_, membership)) = &setup.membership
        && (contents.mobility_domain != Some(&membership.mobility_domain[..])
            || contents.fast_transition != Some(&membership.fast_transition[..]))
    {
        return Err("its mobility domain is not that of the association");
    }
    if contents.security.rsne != Some(named.as_deref().unwrap_or(&setup.rsne))
        || contents.security.rsnxe != setup.rsnxe.as_deref()
    {
        return Err("its elements are not those of the association");
    }
    if contents.selection != setup.selection.as_deref() {
        return Err("its RSN Selection is not that of the association");
    }
    let overriding = frame.nonce.ends_with(&super::supplicant::OVERRIDING_COOKIE);
    let has_overrides = match &setup.peer {
        Peer::Bss(link) => link.advertised.has_overrides(),
        Peer::Mld { links, .. } => links.values().any(|link| link.advertised.has_overrides()),
    };
    if has_overrides && overriding != contents.selection.is_some() {
        return Err("somebody hid the override elements from the station");
    }
    // A station may be narrower than the AP, not elsewhere.
    let same_channel = || match (setup.peer.channel(), contents.operating_channel) {
        (Some(own), Some(told)) => reaches(told, own),
        _ => false,
    };
    if setup.operating_channel_validation && !same_channel() {
        return Err("it is on another channel");
    }
    if let Peer::Mld { station, association_link, links, .. } = &setup.peer {
        let others = links.iter().filter(|(id, _)| *id != association_link);
        let told: Vec<_> = contents.links.iter().map(|(id, link)| (*id, link.address)).collect();
        let expected: Vec<_> = others.map(|(id, link)| (*id, Some(link.station))).collect();
        if contents.mac_address != Some(*station) || told != expected {
            return Err("its links are not those of the association");
        }
    }
    Ok(overriding)
}

fn verify(frame: &KeyFrame, ptk: &Ptk) -> Result<(), &'static str> {
    if frame.information.version() != ptk.schedule.version {
        return Err("its version is not that of the authentication");
    }
    if !ptk.verify(&frame.to_octets_without_mic(), &frame.mic) {
        return Err("its integrity code is wrong");
    }
    Ok(())
}

/// A frame under the keys of `ptk`, still without data and MIC.
fn new(bits: Info, counter: u64, ptk: &Ptk) -> KeyFrame {
    let bits = bits.with(Info::ACK).with(Info::MIC).with(Info::SECURE).with(Info::ENCRYPTED);
    KeyFrame::new(bits.with_version(ptk.schedule.version), counter, ptk.schedule.mic_length())
}

/// The frame with encrypted data and MIC.
fn seal(mut frame: KeyFrame, mut data: Vec<u8>, ptk: &Ptk) -> Option<Vec<u8>> {
    kde::pad(&mut data);
    frame.key_data = keywrap::wrap(ptk.kek.expose(), &data)?;
    zeroize::Zeroize::zeroize(&mut data);
    frame.mic = ptk.mic(&frame.to_octets_without_mic())?;
    Some(frame.to_octets())
}
