//! Access points: the machine of `lapwing_core` that decides, and the kernel and radio below it.
//!
//! The habits of an access point stand around the machine, not in it.

mod habits;
mod radio;
mod setup;

pub use setup::{ApBss, ApDomain, ApLinks, ApSecurity, ApSetup};

use crate::air::{Beacon, Content, KeyPrint, Transmission};
use crate::parts::{ApInput, ApOrder, ApOutput};
use lapwing_core::ap::{AccessPoint, Action, Announcement, Event, Order, Reply, Report, Request, Setup};
use lapwing_core::curve::{Curves, sham::ShamCurves};
use lapwing_core::entropy::SeededEntropy;
use lapwing_core::kernel::{ChannelDefinition, KeyKind, KeyRequest};
use lapwing_core::{Duration, Instant, Means, Shared};
use lapwing_frames::management::action::{TransitionMode, TransitionRequest};
use lapwing_frames::management::{Action as ActionFrame, Body, Header, Management, Subtype};
use lapwing_frames::{LinkId, MacAddr};
use radio::{RadioBss, Station, Switch};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

/// The Ethernet type of EAPOL.
const EAPOL: u16 = 0x888e;
/// How many beacons announce a channel switch.
const SWITCH_BEACONS: u8 = 3;

/// What an access point knows of one client, for checkers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ApTruth {
    /// Whether the client is associated.
    pub associated: bool,
    /// Whether its port is open.
    pub authorized: bool,
    /// Its links; none without an AP MLD.
    pub links: BTreeSet<LinkId>,
    /// The pairwise key that frames to it are protected by.
    pub pairwise: Option<KeyPrint>,
    /// The group keys that are sent with, of its links, by link and key index. A client may have others, which
    /// were used before or will be.
    pub group: BTreeMap<(Option<LinkId>, u8), KeyPrint>,
}

/// Whether an access point can be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Power {
    Off,
    On,
    /// On, and too far away.
    Faded,
}

/// What the kernel below an access point says to a request.
enum Word {
    /// The packet number.
    Read(u64),
    /// Whether the frame was acknowledged.
    Sent(bool),
}

/// An access point.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Ap {
    setup: Shared<ApSetup>,
    settings: Shared<Setup>,
    machine: Arc<AccessPoint>,
    entropy: SeededEntropy,
    power: Power,
    bss: BTreeMap<Option<LinkId>, RadioBss>,
    stations: BTreeMap<MacAddr, Station>,
    /// The clients that get no key frames.
    neglected: BTreeSet<MacAddr>,
    /// How strong the station hears it, in hundredths of a dBm.
    signal_mbm: i32,
    /// The dialog token of its last wish.
    wishes: u8,
}

impl fmt::Debug for Ap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ap")
            .field("setup", &*self.setup)
            .field("power", &self.power)
            .field("stations", &self.stations)
            .finish_non_exhaustive()
    }
}

impl Ap {
    /// An access point that is on.
    #[must_use]
    pub fn new(setup: ApSetup) -> Self {
        let settings = Shared::new(setup.settings());
        let mut ap = Self {
            machine: Arc::new(AccessPoint::new(settings.clone())),
            entropy: SeededEntropy(setup.entropy),
            settings,
            power: Power::On,
            bss: BTreeMap::new(),
            stations: BTreeMap::new(),
            neglected: BTreeSet::new(),
            signal_mbm: setup.signal_mbm,
            wishes: 0,
            setup: Shared::new(setup),
        };
        // Nothing is calculated on curves before somebody comes.
        ap.hand(Instant::default(), Event::Start, &ShamCurves, &mut Vec::new());
        ap
    }

    /// How it was set up.
    #[must_use]
    pub fn setup(&self) -> &ApSetup {
        &self.setup
    }

    /// Lets it take something in. What it does is appended in order.
    ///
    /// Its random numbers are its own: of `means` only the curves are used.
    pub fn turn(&mut self, now: Instant, input: ApInput, means: &mut Means<'_>, out: &mut Vec<ApOutput>) {
        let curves = means.curves;
        self.count_switches_down(now, curves, out);
        match input {
            ApInput::Received(transmission) if self.power == Power::On => {
                self.receive(now, transmission, curves, out);
            }
            ApInput::Send { source, destination, ethertype, payload } if self.power == Power::On => {
                self.send_data(source, destination, ethertype, &payload, out);
            }
            ApInput::Told(message) if self.power != Power::Off => {
                self.hand(now, Event::Told(&message), curves, out);
            }
            ApInput::Received(_) | ApInput::Send { .. } | ApInput::Told(_) => {}
            ApInput::Order(order) => self.obey(now, order, curves, out),
            ApInput::Tick => self.hand(now, Event::Tick, curves, out),
        }
    }

    /// When [`Self::turn`] has work without being told anything.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let switches = self.bss.values().filter_map(|bss| Some(bss.switch.as_ref()?.next));
        switches.chain(self.machine.deadline()).min()
    }

    /// What is on the air now: a beacon for each BSS.
    #[must_use]
    pub fn beacons(&self) -> Vec<Beacon> {
        match self.power {
            Power::On => self.bss.values().map(|bss| (*bss.beacon).clone()).collect(),
            Power::Off | Power::Faded => Vec::new(),
        }
    }

    /// What it knows of a client: by its MLD address if it uses links.
    #[must_use]
    pub fn truth(&self, station: MacAddr) -> Option<ApTruth> {
        let client = self.machine.client(station)?;
        let mut truth = ApTruth {
            associated: client.associated,
            authorized: client.authorized,
            links: client.links.keys().copied().collect(),
            ..ApTruth::default()
        };
        let Some(known) = self.stations.get(&station).filter(|_| client.associated) else {
            return Some(truth);
        };
        truth.pairwise = known.print();
        for link in known.links.keys() {
            let Some(bss) = self.bss.get(link) else { continue };
            let keys = bss.prints().filter(|(index, _)| known.frame_protection || *index < 4);
            truth.group.extend(keys.map(|(index, print)| ((link.filter(|_| known.is_mld), index), print)));
        }
        if truth.pairwise.is_none() {
            truth.group.clear();
        }
        Some(truth)
    }

    /// The clients, by the addresses that they are known by.
    pub fn clients(&self) -> impl Iterator<Item = MacAddr> {
        self.machine.clients()
    }

    /// Hands the machine an event and does what it wants.
    fn hand(&mut self, now: Instant, event: Event<'_>, curves: &dyn Curves, out: &mut Vec<ApOutput>) {
        let mut said = self.turn_machine(now, &event, curves, out);
        while let Some((request, word)) = said.pop_front() {
            let event = match word {
                Word::Read(number) => {
                    Event::Answered { request: &request, reply: Reply::PacketNumber(number) }
                }
                Word::Sent(acknowledged) => Event::Sent { request: &request, acknowledged },
            };
            said.extend(self.turn_machine(now, &event, curves, out));
        }
    }

    /// One turn of the machine; what its kernel says to it at once.
    ///
    /// A response counts as acknowledged if it is on the air: what is lost of it is lost between the radio of the
    /// station and the station, after the acknowledgement. That is the harder case for both, and no state of its own.
    fn turn_machine(
        &mut self,
        now: Instant,
        event: &Event<'_>,
        curves: &dyn Curves,
        out: &mut Vec<ApOutput>,
    ) -> VecDeque<(Request, Word)> {
        let mut means = Means { entropy: &mut self.entropy, curves };
        let mut actions = Vec::new();
        Arc::make_mut(&mut self.machine).turn(now, event.clone(), &mut means, |action| actions.push(action));
        let mut said = VecDeque::new();
        for action in actions {
            match action {
                Action::Request(request) => {
                    match &request {
                        Request::ReadPacketNumber { link, index } => {
                            let number = self.bss.get(link).map_or(0, |bss| bss.packet_number(*index));
                            said.push_back((request, Word::Read(number)));
                            continue;
                        }
                        Request::SendFrame { bytes, .. } if is_association_response(bytes) => {
                            said.push_back((request.clone(), Word::Sent(self.power == Power::On)));
                        }
                        _ => {}
                    }
                    self.perform(now, request, out);
                }
                Action::Tell(message) => out.push(ApOutput::Tell(message)),
                Action::Report(report) => {
                    if self.setup.notes {
                        out.push(ApOutput::Note(words(&report)));
                    }
                }
            }
        }
        said
    }

    fn obey(&mut self, now: Instant, order: ApOrder, curves: &dyn Curves, out: &mut Vec<ApOutput>) {
        let order = match (order, self.power) {
            (ApOrder::PowerOff, _) => {
                self.silence(out);
                self.machine = Arc::new(AccessPoint::new(self.settings.clone()));
                (self.bss, self.stations) = (BTreeMap::new(), BTreeMap::new());
                self.neglected.clear();
                self.power = Power::Off;
                return;
            }
            // Out of range it has its power, and runs.
            (ApOrder::PowerOn, Power::Faded) => return,
            (ApOrder::PowerOn, _) => {
                self.power = Power::On;
                return self.hand(now, Event::Start, curves, out);
            }
            (ApOrder::Fade(true), Power::On) => {
                self.silence(out);
                self.power = Power::Faded;
                return;
            }
            (ApOrder::Fade(false), Power::Faded) => {
                self.power = Power::On;
                return out.extend(self.beacons().into_iter().map(ApOutput::Beacon));
            }
            (ApOrder::Signal(dbm), _) => return self.is_heard_with(dbm, out),
            (ApOrder::Fade(_), _) | (_, Power::Off) => return,
            (ApOrder::SendAway { leaves }, _) => return self.send_away(leaves, out),
            (ApOrder::Stop, _) => Order::Stop,
            (ApOrder::ForgetPmksas, _) => Order::ForgetPmksas,
            (ApOrder::ThrowOut(reason), _) => Order::ThrowOut(reason),
            (ApOrder::RenewGroupKeys, _) => Order::RenewGroupKeys,
            (ApOrder::SwitchChannel { link, to }, _) => {
                let to = ChannelDefinition::narrow(to);
                Order::SwitchChannel { link, to, beacons: SWITCH_BEACONS }
            }
            (ApOrder::RemoveLink { link, beacons }, _) => Order::RemoveLink { link, beacons },
            (ApOrder::AddLink(link), _) => Order::AddLink(link),
        };
        self.hand(now, Event::Order(order), curves, out);
    }

    fn is_heard_with(&mut self, dbm: i8, out: &mut Vec<ApOutput>) {
        self.signal_mbm = i32::from(dbm) * 100;
        for bss in self.bss.values_mut() {
            bss.beacon = Shared::new(Beacon { signal_mbm: self.signal_mbm, ..(*bss.beacon).clone() });
        }
        if self.power == Power::On {
            out.extend(self.beacons().into_iter().map(ApOutput::Beacon));
        }
    }

    /// Wishes that every client goes elsewhere, without saying where.
    fn send_away(&mut self, leaves: bool, out: &mut Vec<ApOutput>) {
        self.wishes = self.wishes.wrapping_add(1);
        let request = TransitionRequest {
            dialog_token: self.wishes,
            mode: if leaves { TransitionMode::DISASSOCIATION_IMMINENT } else { TransitionMode::default() },
            disassociation_timer: 0,
            validity_interval: 255,
            termination: None,
            session_url: None,
            elements: Vec::new(),
        };
        let authorized = self.stations.iter().filter(|(_, station)| station.authorized);
        let clients: Vec<_> = authorized.map(|(address, station)| (*address, station.own)).collect();
        for (client, own) in clients {
            let body = Body::Action(ActionFrame::TransitionRequest(request.clone()));
            let mut frame = Vec::new();
            Management { header: Header::new(client, own, own), body }.write(&mut frame);
            self.send_frame(None, frame, out);
        }
    }

    fn silence(&self, out: &mut Vec<ApOutput>) {
        if self.power == Power::On {
            out.extend(self.bss.values().map(|bss| ApOutput::Silence(bss.bssid)));
        }
    }

    /// Does what the machine asks of its kernel.
    fn perform(&mut self, now: Instant, request: Request, out: &mut Vec<ApOutput>) {
        match request {
            // The BSSs are made by StartBss.
            Request::AddLink { .. } | Request::RemoveLink { .. } => {}
            // The one was answered; the distribution asks the setup for the other.
            Request::ReadPacketNumber { .. } | Request::IsolateClients { .. } => {}
            Request::StartBss(announcement) => {
                let link = announcement.link;
                let beacon = radio::beacon(*announcement, self.signal_mbm);
                self.bss.insert(link, RadioBss::new(beacon));
                self.on_air(link, out);
            }
            Request::SetBeacon(announcement) => self.set_beacon(*announcement, out),
            Request::StopBss { link } => {
                if let Some(bss) = self.bss.remove(&link)
                    && self.power == Power::On
                {
                    out.push(ApOutput::Silence(bss.bssid));
                }
            }
            Request::SwitchChannel { to, beacons, during, after } => {
                let link = during.link;
                let next = now + interval(during.interval);
                let after = Shared::new(radio::beacon(*after, self.signal_mbm));
                self.set_beacon(*during, out);
                if let Some(bss) = self.bss.get_mut(&link) {
                    bss.switch = Some(Switch { to, left: beacons, next, after });
                }
            }
            Request::AddStation(new) => {
                let own = match new.link_address {
                    Some(_) => self.setup.links.address(),
                    None => self.bss.get(&new.link).map_or(MacAddr::default(), |bss| bss.bssid),
                };
                let address = new.link_address.unwrap_or(new.station);
                let is_mld = new.link_address.is_some();
                let station = Station::new(own, (new.link, address), is_mld, new.frame_protection);
                self.stations.insert(new.station, station);
            }
            Request::AddLinkStation { station, link, address, .. } => {
                if let Some(known) = self.stations.get_mut(&station) {
                    known.links.insert(Some(link), address);
                }
            }
            Request::RemoveLinkStation { station, link } => {
                if let Some(known) = self.stations.get_mut(&station) {
                    known.links.remove(&Some(link));
                }
            }
            Request::AuthorizeStation { station } => {
                if let Some(known) = self.stations.get_mut(&station) {
                    known.authorized = true;
                }
            }
            Request::RemoveStation { station } => {
                self.stations.remove(&station);
                self.neglected.remove(&station);
            }
            Request::InstallKey(key) => self.install(&key),
            Request::UseGroupKey { link, index } => {
                if let Some(bss) = self.bss.get_mut(&link) {
                    bss.send_with(index);
                }
            }
            Request::SendFrame { link, bytes } => self.send_frame(link, bytes, out),
            Request::SendKeyFrame { to, link: _, bytes, in_clear } => {
                if self.neglected.contains(&to) {
                    return;
                }
                let Some(station) = self.stations.get_mut(&to) else { return };
                let protection = if in_clear { None } else { station.protect() };
                let content = Content::Data {
                    source: station.own,
                    destination: to,
                    ethertype: EAPOL,
                    payload: bytes,
                    protection,
                };
                self.transmit(to, content, out);
            }
        }
    }

    fn install(&mut self, key: &KeyRequest) {
        match key.kind {
            KeyKind::Pairwise { peer, .. } => {
                if let Some(station) = self.stations.get_mut(&peer) {
                    station.install(key);
                }
            }
            KeyKind::Group | KeyKind::Integrity | KeyKind::Beacon => {
                if let Some(bss) = self.bss.get_mut(&key.link) {
                    bss.install(key);
                }
            }
        }
    }

    fn set_beacon(&mut self, announcement: Announcement, out: &mut Vec<ApOutput>) {
        let (link, signal) = (announcement.link, self.signal_mbm);
        if let Some(bss) = self.bss.get_mut(&link) {
            let beacon = radio::beacon(announcement, signal);
            if beacon == *bss.beacon {
                return;
            }
            bss.beacon = Shared::new(beacon);
            if let Some(left) = bss.switch.as_ref().map(|switch| switch.left) {
                bss.count_down(left);
            }
            self.on_air(link, out);
        }
    }

    fn on_air(&self, link: Option<LinkId>, out: &mut Vec<ApOutput>) {
        if let (Power::On, Some(bss)) = (self.power, self.bss.get(&link)) {
            out.push(ApOutput::Beacon((*bss.beacon).clone()));
        }
    }

    fn count_switches_down(&mut self, now: Instant, curves: &dyn Curves, out: &mut Vec<ApOutput>) {
        let beacon_time = interval(self.settings.beacon_interval);
        for link in self.bss.keys().copied().collect::<Vec<_>>() {
            let Some(bss) = self.bss.get_mut(&link) else { continue };
            let Some(switch) = bss.switch.as_mut().filter(|switch| now >= switch.next) else { continue };
            switch.left = switch.left.saturating_sub(1);
            switch.next = now + beacon_time;
            if switch.left > 0 {
                let left = switch.left;
                bss.count_down(left);
                self.on_air(link, out);
            } else if let Some(Switch { to, after, .. }) = bss.switch.take() {
                (bss.frequency, bss.beacon) = (to.primary, after);
                self.on_air(link, out);
                self.hand(now, Event::ChannelSwitched { link, channel: to }, curves, out);
            }
        }
    }

    fn receive(&mut self, now: Instant, heard: Transmission, curves: &dyn Curves, out: &mut Vec<ApOutput>) {
        let Some((link, bss)) = self.bss.iter().find(|(_, bss)| bss.bssid == heard.receiver) else { return };
        let (link, bssid) = (*link, bss.bssid);
        let from = heard.transmitter;
        let known = self.stations.iter_mut().find(|(_, station)| station.links.get(&link) == Some(&from));
        let (protection, robust) = match &heard.content {
            Content::Management { frame, protection } => (*protection, is_robust(frame)),
            Content::Data { protection, .. } => (*protection, false),
        };
        let protected = match (&known, protection) {
            (_, None) => false,
            (None, Some(_)) => {
                // Only who is associated has keys.
                if matches!(heard.content, Content::Data { .. }) {
                    self.hand(now, Event::Stranger { link, from }, curves, out);
                }
                return;
            }
            (Some(_), Some(_)) => true,
        };
        let mut station = None;
        if let Some((address, known)) = known {
            if let Some(protection) = protection
                && !known.open(protection)
            {
                return self.note(out, "it cannot read the frame");
            }
            if robust && known.frame_protection && known.has_key() && !protected {
                return self.note(out, "it does not obey a frame without protection");
            }
            known.heard_on = link;
            station = Some((*address, known.own, known.is_mld, known.authorized, known.has_key()));
        }
        match heard.content {
            Content::Management { mut frame, .. } => {
                if let Some((address, own, true, ..)) = station {
                    // As mac80211 does for the stations that it knows.
                    set_addresses(&mut frame, [own, address, own]);
                }
                if self.takes_by_habit(now, (link, bssid), &mut frame, curves, out) {
                    return;
                }
                self.hand(now, Event::Frame { link, bytes: &frame, protected }, curves, out);
            }
            Content::Data { source, destination, ethertype, payload, .. } => {
                let Some((address, own, is_mld, authorized, has_key)) = station else {
                    return self.hand(now, Event::Stranger { link, from }, curves, out);
                };
                if is_mld && source != address {
                    return;
                }
                if ethertype == EAPOL {
                    if destination == own {
                        let event = Event::KeyFrame { from: address, bytes: &payload, protected };
                        self.hand(now, event, curves, out);
                    }
                } else if authorized && (protected || !has_key) {
                    out.push(ApOutput::Deliver { source, destination, ethertype, payload });
                }
            }
        }
    }

    /// A packet from the distribution system.
    fn send_data(
        &mut self,
        source: MacAddr,
        destination: MacAddr,
        ethertype: u16,
        payload: &[u8],
        out: &mut Vec<ApOutput>,
    ) {
        if !destination.is_group() {
            let Some(station) = self.stations.get_mut(&destination).filter(|station| station.authorized)
            else {
                return;
            };
            let protection = station.protect();
            let content =
                Content::Data { source, destination, ethertype, payload: payload.to_vec(), protection };
            return self.transmit(destination, content, out);
        }
        // A group frame goes out on every link that somebody listens on.
        for (link, bss) in &mut self.bss {
            let listens = |station: &Station| station.authorized && station.links.contains_key(link);
            if !self.stations.values().any(listens) {
                continue;
            }
            let protection = bss.protect();
            let content =
                Content::Data { source, destination, ethertype, payload: payload.to_vec(), protection };
            out.push(ApOutput::Transmit(Transmission {
                frequency: bss.frequency,
                transmitter: bss.bssid,
                receiver: destination,
                content,
            }));
        }
    }

    /// Sends something to a station on a link of its.
    fn transmit(&self, station: MacAddr, content: Content, out: &mut Vec<ApOutput>) {
        let link = self.stations.get(&station).and_then(|known| known.link(known.heard_on));
        let Some((link, receiver)) = link else { return };
        let Some(bss) = self.bss.get(&link) else { return };
        self.emit(bss, receiver, content, out);
    }

    fn send_frame(&mut self, link: Option<LinkId>, mut frame: Vec<u8>, out: &mut Vec<ApOutput>) {
        let Some(receiver) = receiver_of(&frame) else { return };
        let robust = is_robust(&frame);
        let reached = self.stations.get_mut(&receiver).and_then(|station| {
            let (link, address) = station.link(link)?;
            let protection = if robust && station.frame_protection { station.protect() } else { None };
            Some((link, address, protection))
        });
        let (link, receiver, protection) = reached.unwrap_or((link, receiver, None));
        let Some(bss) = self.bss.get(&link) else { return };
        set_addresses(&mut frame, [receiver, bss.bssid, bss.bssid]);
        self.emit(bss, receiver, Content::Management { frame, protection }, out);
    }

    fn emit(&self, bss: &RadioBss, receiver: MacAddr, content: Content, out: &mut Vec<ApOutput>) {
        if self.power == Power::On {
            out.push(ApOutput::Transmit(Transmission {
                frequency: bss.frequency,
                transmitter: bss.bssid,
                receiver,
                content,
            }));
        }
    }

    fn note(&self, out: &mut Vec<ApOutput>, text: &str) {
        if self.setup.notes {
            out.push(ApOutput::Note(text.to_owned()));
        }
    }
}

/// So many time units.
const fn interval(units: u16) -> Duration {
    Duration::from_micros(units as u64 * 1024)
}

/// The receiver of a management frame.
fn receiver_of(frame: &[u8]) -> Option<MacAddr> {
    Some(MacAddr(*frame.get(4..)?.first_chunk()?))
}

/// Puts other addresses into a management frame: receiver, transmitter and BSSID.
fn set_addresses(frame: &mut [u8], addresses: [MacAddr; 3]) {
    if let Some(header) = frame.get_mut(4..22) {
        for (place, address) in header.chunks_exact_mut(6).zip(addresses) {
            place.copy_from_slice(&address.0);
        }
    }
}

/// Whether a frame is a response that makes a client's association.
fn is_association_response(frame: &[u8]) -> bool {
    let subtype = frame.first().map(|first| Subtype(first >> 4));
    matches!(subtype, Some(Subtype::AssociationResponse | Subtype::ReassociationResponse))
}

/// Whether a frame is protected between those who protect management frames (802.11-2020 table 9-51).
fn is_robust(frame: &[u8]) -> bool {
    /// Public, HT, unprotected WNM, self-protected, VHT, S1G, HE, EHT and vendors' actions are not.
    const NOT_ROBUST: [u8; 9] = [4, 7, 11, 15, 21, 22, 30, 36, 127];
    match frame.first().map(|first| Subtype(first >> 4)) {
        Some(Subtype::Deauthentication | Subtype::Disassociation) => true,
        Some(Subtype::Action | Subtype::ActionNoAck) => {
            frame.get(24).is_some_and(|category| !NOT_ROBUST.contains(category))
        }
        _ => false,
    }
}

/// A report, for the lane of the access point.
fn words(report: &Report) -> String {
    match report {
        Report::Authenticated(station) => format!("{station} authenticated"),
        Report::Associated { station, links: 0 } => format!("{station} is associated"),
        Report::Associated { station, links } => format!("{station} is associated with {links} links"),
        Report::Authorized(station) => format!("the port of {station} is open"),
        Report::Left { station, why } => format!("{station} is gone: {why}"),
        Report::Ignored { from, why } => format!("passes a frame of {from} over: {why}"),
        Report::Broken(what) => (*what).to_owned(),
        Report::PacketNumbersUnread(station) => {
            format!("the kernel does not tell how far the group keys of {station} are")
        }
        Report::GroupKeysRenewed => String::from("the new group keys are in use"),
        Report::LinkRefused(link) => format!("the kernel does not take link {link}: it goes on without"),
        Report::LinksChanged => String::from("other links"),
    }
}

#[cfg(test)]
mod tests;
