//! A kernel, the party at its socket, and frames from an access point.

use crate::air::{Beacon, Content, Protection, Transmission};
use crate::habit::Habits;
use crate::kernel::{Below, Held, Kernel, KernelSetup};
use crate::parts::{Command, KernelInput, KernelOutput, Message};
use lapwing_core::attempt::Ticket;
use lapwing_core::kernel::{
    AssociateRequest, AssociateSecurity, AssociationLink, AssociationPeer, AuthenticateRequest, Frequency,
    Interface, KernelEvent, KeyKind, KeyRequest, Refusal, Reply, Request,
};
use lapwing_core::radio::{Channel, Radio, RadioKind, SignalWatch};
use lapwing_core::secret::Secret;
use lapwing_core::{Duration, Instant};
use lapwing_frames::element::multi_link::{
    Basic, BasicCommon, LinkIdInfo, MldCapabilities, PerStaProfile, StaInfo, Subelement,
};
use lapwing_frames::element::{Element, MultiLink};
use lapwing_frames::management::{
    AssociationId, AssociationResponse, Authentication, AuthenticationAlgorithm, Body, CapabilityInformation,
    Departure, Header, Management, ReasonCode, StatusCode,
};
use lapwing_frames::suite::{Akm, Cipher};
use lapwing_frames::{LinkId, MacAddr, Ssid};

pub(super) const OWN: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
pub(super) const AP: MacAddr = MacAddr([2, 0, 0, 0, 9, 1]);
pub(super) const CHANNEL: Frequency = Frequency(2412);

pub(super) fn ssid(name: &str) -> Ssid {
    Ssid::new(name.as_bytes()).unwrap()
}

pub(super) fn radio() -> Radio {
    let channel = |frequency| Channel {
        frequency: Frequency(frequency),
        disabled: frequency == 5500,
        no_initiating_radiation: frequency == 5180,
        radar: false,
    };
    Radio {
        kind: RadioKind::SoftMac,
        ciphers: vec![Cipher::Ccmp128, Cipher::Gcmp256, Cipher::BipCmac128, Cipher::BipGmac256],
        akms: None,
        channels: [2412, 2437, 2462, 5180, 5500].map(channel).to_vec(),
        max_scan_ssids: 4,
        max_scan_elements: 2048,
        radio_measurement: true,
        signal_watch: SignalWatch::Nobody,
        sae: true,
        control_port: true,
        beacon_protection: true,
        extended_key_id: false,
        can_replace_pairwise_key: true,
        operating_channel_validation: true,
        multi_link: true,
        random_scan_address: true,
        spp_amsdu: false,
        psk_offload: false,
        extended_capabilities: vec![],
        channels_at_once: 2,
        access_point: None,
    }
}

pub(super) fn setup(habits: Habits) -> KernelSetup {
    KernelSetup {
        interface: Interface { wiphy: 0, ifindex: 3, wdev: 1 },
        name: "wlan0".into(),
        address: OWN,
        radio: radio(),
        habits,
        entropy: 1,
        words: true,
    }
}

pub(super) fn named(name: &str) -> Vec<u8> {
    let mut elements = vec![];
    ssid(name).write(&mut elements);
    elements
}

pub(super) fn beacon(bssid: MacAddr, frequency: Frequency, elements: Vec<u8>) -> Beacon {
    Beacon {
        bssid,
        frequency,
        interval: 100,
        capability: 0x11,
        signal_mbm: -4200,
        elements,
        probe_elements: None,
    }
}

/// A kernel with a clock.
#[derive(Clone)]
pub(super) struct Bench {
    pub(super) now: Instant,
    pub(super) kernel: Kernel,
    number: u64,
}

impl Bench {
    pub(super) fn with(setup: KernelSetup) -> Self {
        Self { now: Instant::default() + Duration::from_secs(1000), kernel: Kernel::new(setup), number: 0 }
    }

    pub(super) fn new() -> Self {
        Self::with(setup(Habits::NONE))
    }

    pub(super) fn turn(&mut self, input: KernelInput) -> Vec<KernelOutput> {
        let mut out = vec![];
        self.kernel.turn(self.now, input, &mut out);
        out
    }

    /// A command with all that comes of it.
    pub(super) fn command(&mut self, command: Command) -> Vec<KernelOutput> {
        self.number += 1;
        let ticket = Ticket { attempt: None, number: self.number };
        self.turn(KernelInput::Command { ticket, command })
    }

    /// A request's outcome alone.
    pub(super) fn ask(&mut self, request: Request) -> Result<Reply, Refusal> {
        let mut out = self.command(Command::Request(request));
        if self.kernel.deadline() == Some(self.now) {
            out.extend(self.pass(Duration::ZERO));
        }
        outcome(out)
    }

    /// Lets time pass, with a tick at every deadline.
    pub(super) fn pass(&mut self, time: Duration) -> Vec<KernelOutput> {
        let end = self.now + time;
        let mut out = vec![];
        while let Some(deadline) = self.kernel.deadline().filter(|deadline| *deadline <= end) {
            self.now = self.now.max(deadline);
            out.extend(self.turn(KernelInput::Tick));
        }
        self.now = end;
        out
    }
}

pub(super) fn outcome(out: Vec<KernelOutput>) -> Result<Reply, Refusal> {
    let mut outcomes = out.into_iter().filter_map(|output| match output {
        KernelOutput::Message(Message::Completed { outcome, .. }) => Some(outcome),
        _ => None,
    });
    outcomes.next().expect("every command is answered")
}

pub(super) fn events(out: &[KernelOutput]) -> Vec<KernelEvent> {
    out.iter()
        .filter_map(|output| match output {
            KernelOutput::Message(Message::Event(event)) => Some(event.clone()),
            _ => None,
        })
        .collect()
}

/// The AP MLD.
pub(super) const MLD: MacAddr = MacAddr([2, 0, 0, 0, 8, 0]);

pub(super) fn link(number: u8) -> LinkId {
    LinkId::new(number).unwrap()
}

/// The BSSID of a link of the AP MLD.
pub(super) fn bssid(number: u8) -> MacAddr {
    MacAddr([2, 0, 0, 0, 8, 0x10 + number])
}

pub(super) fn channel(number: u8) -> Frequency {
    Frequency([2412, 2437, 2462][usize::from(number)])
}

/// The elements of a link's beacon.
pub(super) fn mld_elements(number: u8) -> Vec<u8> {
    let common = BasicCommon {
        mld_address: MLD,
        link_id: Some(LinkIdInfo(number)),
        bss_parameters_change_count: Some(0),
        mld_capabilities: Some(MldCapabilities(1 << 13 | 2)),
        ..BasicCommon::default()
    };
    let mut elements = named("net");
    MultiLink::Basic(Basic { common, links: vec![], reserved: 0 }).write(&mut elements);
    elements
}

/// How far a bench has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Idle,
    Authenticating,
    Authenticated,
    Associating,
    Connected,
    /// Connected with links 0 and 1.
    ConnectedMlo,
}

impl State {
    pub(super) const ALL: [Self; 6] = [
        Self::Idle,
        Self::Authenticating,
        Self::Authenticated,
        Self::Associating,
        Self::Connected,
        Self::ConnectedMlo,
    ];
}

pub(super) const SECURITY: AssociateSecurity = AssociateSecurity {
    akm: Akm::Sae,
    pairwise: Cipher::Ccmp128,
    group: Cipher::Ccmp128,
    management_frame_protection: true,
    control_port: true,
};

pub(super) fn authenticate(mlo: bool) -> AuthenticateRequest {
    AuthenticateRequest {
        bssid: if mlo { bssid(0) } else { AP },
        frequency: CHANNEL,
        ssid: ssid("net"),
        algorithm: AuthenticationAlgorithm::Open,
        data: vec![],
        elements: vec![],
        mld: mlo.then(|| (link(0), MLD)),
    }
}

/// SAE's commit (1) or confirm (2).
pub(super) fn sae(mlo: bool, transaction: u8) -> AuthenticateRequest {
    let data = vec![transaction, 0, 0, 0, 9, 9];
    AuthenticateRequest { algorithm: AuthenticationAlgorithm::Sae, data, ..authenticate(mlo) }
}

pub(super) fn associate(mlo: bool) -> AssociateRequest {
    let bss = |number| AssociationLink { id: link(number), bssid: bssid(number), frequency: channel(number) };
    AssociateRequest {
        peer: if mlo {
            let links = vec![bss(0), bss(1)];
            AssociationPeer::Mld { address: MLD, association_link: link(0), links }
        } else {
            AssociationPeer::Bss { bssid: AP, frequency: CHANNEL }
        },
        ssid: ssid("net"),
        elements: vec![48, 2, 1, 0],
        security: Some(SECURITY),
        previous: None,
    }
}

pub(super) fn deauthenticate(peer: MacAddr) -> Request {
    Request::Deauthenticate { peer, reason: ReasonCode::LeavingDeauthenticated, local_only: false }
}

pub(super) fn key(kind: KeyKind, on: Option<u8>, index: u8) -> KeyRequest {
    let cipher = if kind == KeyKind::Integrity { Cipher::BipCmac128 } else { Cipher::Ccmp128 };
    KeyRequest {
        kind,
        link: on.map(link),
        index,
        cipher,
        key: Secret::new(&[index + 1; 16]),
        sequence: [0; 6],
    }
}

pub(super) fn pairwise(peer: MacAddr) -> KeyRequest {
    key(KeyKind::Pairwise { peer, receive_only: false }, None, 0)
}

pub(super) fn response(algorithm: AuthenticationAlgorithm, transaction: u16, status: u16) -> Body {
    let status = StatusCode(status);
    Body::Authentication(Authentication { algorithm, transaction, status, payload: vec![] })
}

/// An association response; for an AP MLD with the profile of link 1.
pub(super) fn accepted(mlo: bool, status: u16, second: u16) -> Body {
    let mut elements = vec![];
    if mlo {
        let profile = PerStaProfile {
            number: 1,
            complete: true,
            info: StaInfo { address: Some(bssid(1)), ..StaInfo::default() },
            reserved: 0,
            profile: [&[0x11, 0][..], &second.to_le_bytes()].concat(),
        };
        let common = BasicCommon { mld_address: MLD, link_id: Some(LinkIdInfo(0)), ..BasicCommon::default() };
        let links = vec![Subelement::PerSta(profile)];
        MultiLink::Basic(Basic { common, links, reserved: 0 }).write(&mut elements);
    }
    Body::AssociationResponse(AssociationResponse {
        capabilities: CapabilityInformation(0x11),
        status: StatusCode(status),
        association_id: AssociationId(0xc001),
        elements,
    })
}

pub(super) fn farewell(reason: u16) -> Body {
    Body::Deauthentication(Departure { reason: ReasonCode(reason), elements: vec![] })
}

impl Bench {
    /// One that has heard the AP and the AP MLD, and has come so far.
    pub(super) fn at(state: State, habits: Habits) -> Self {
        let mut bench = Self::with(setup(habits));
        bench.reach(state);
        bench
    }

    pub(super) fn hear(&mut self) {
        self.turn(KernelInput::Beacon(beacon(AP, CHANNEL, named("net"))));
        for number in 0..3 {
            self.turn(KernelInput::Beacon(beacon(bssid(number), channel(number), mld_elements(number))));
        }
    }

    pub(super) fn reach(&mut self, state: State) {
        self.hear();
        let mlo = state == State::ConnectedMlo;
        if state == State::Idle {
            return;
        }
        self.ask(Request::Authenticate(authenticate(mlo))).unwrap();
        if state == State::Authenticating {
            return;
        }
        self.receive(0, response(AuthenticationAlgorithm::Open, 2, 0), None);
        if state == State::Authenticated {
            return;
        }
        self.ask(Request::Associate(associate(mlo))).unwrap();
        if state == State::Associating {
            return;
        }
        self.receive(0, accepted(mlo, 0, 0), None);
    }

    /// The peer's address.
    pub(super) fn peer(state: State) -> MacAddr {
        if state == State::ConnectedMlo { MLD } else { AP }
    }

    /// Where the kernel listens: its own address and the AP's, on a link of the AP MLD or (link 0) on the BSS.
    pub(super) fn addresses(&self, number: u8) -> (MacAddr, MacAddr, Frequency) {
        let Below::Mac80211(driver) = &self.kernel.below else { panic!("a radio with firmware") };
        driver.addresses(Some(link(number))).or(driver.addresses(None)).unwrap()
    }

    /// A frame from the AP to us.
    pub(super) fn receive(
        &mut self,
        number: u8,
        body: Body,
        protection: Option<Protection>,
    ) -> Vec<KernelOutput> {
        let (own, bssid, frequency) = self.addresses(number);
        let mut frame = vec![];
        Management { header: Header::new(own, bssid, bssid), body }.write(&mut frame);
        self.turn(KernelInput::Received(Transmission {
            frequency,
            transmitter: bssid,
            receiver: own,
            content: Content::Management { frame, protection },
        }))
    }

    /// A data frame from the AP to us.
    pub(super) fn receive_data(
        &mut self,
        number: u8,
        (ethertype, payload): (u16, &[u8]),
        protection: Option<Protection>,
    ) -> Vec<KernelOutput> {
        let (own, bssid, frequency) = self.addresses(number);
        self.turn(KernelInput::Received(Transmission {
            frequency,
            transmitter: bssid,
            receiver: own,
            content: Content::Data {
                source: bssid,
                destination: OWN,
                ethertype,
                payload: payload.to_vec(),
                protection,
            },
        }))
    }

    pub(super) fn held(&self) -> Held {
        self.kernel.truth().held.unwrap()
    }
}

/// The management frames that were sent, with their protection and status numbers.
pub(super) fn sent(out: &[KernelOutput]) -> Vec<(Transmission, Option<u64>)> {
    out.iter()
        .filter_map(|output| match output {
            KernelOutput::Transmit { number, transmission } => Some((transmission.clone(), *number)),
            _ => None,
        })
        .collect()
}

pub(super) fn lines(out: &[KernelOutput]) -> Vec<&str> {
    out.iter()
        .filter_map(|output| match output {
            KernelOutput::Console(line) => Some(&**line),
            _ => None,
        })
        .collect()
}

/// The names of the events, and `=` for the answer to a command.
pub(super) fn order(out: &[KernelOutput]) -> Vec<&'static str> {
    out.iter()
        .filter_map(|output| match output {
            KernelOutput::Message(Message::Event(event)) => Some(event.name()),
            KernelOutput::Message(Message::Completed { .. }) => Some("="),
            _ => None,
        })
        .collect()
}
