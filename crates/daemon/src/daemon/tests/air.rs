//! A kernel with access points made of the real machines of their side. It does what it is asked at once.

use super::super::*;
use super::ap::{Ap, Said};
use crate::kernel::Heard;
use crate::kernel::{OffChannel, StationFigures};
use lapwing_core::attempt::Ticket;
use lapwing_core::curve::PureCurves;
use lapwing_core::entropy::SeededEntropy;
use lapwing_core::kernel::{Connection, Errno, InterfaceState, Refusal, Request, ScanEntry, StationState};
use lapwing_core::sae;
use lapwing_frames::management::{
    AssociationRequest, Authentication, AuthenticationAlgorithm, Body, CapabilityInformation, Departure,
    Header, Management, StatusCode,
};
use lapwing_frames::{MacAddr, Ssid};
use std::io;

/// Our address.
pub(super) const WE: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);

/// The kernel.
pub(super) struct Air {
    pub(super) aps: Vec<Ap>,
    pub(super) heard: VecDeque<Heard>,
    pub(super) performed: Vec<Command>,
    pub(super) now: Instant,
    /// It answers nothing.
    pub(super) silent: bool,
    /// The radio is blocked: interfaces cannot be set up.
    pub(super) blocked: bool,
    /// The AP with which there is a connection.
    pub(super) peer: Option<MacAddr>,
    probed: BTreeSet<Ssid>,
    entropy: SeededEntropy,
}

impl Air {
    pub(super) fn new(aps: Vec<Ap>) -> Self {
        Self {
            aps,
            heard: VecDeque::new(),
            performed: Vec::new(),
            now: Instant::after_start(Duration::from_secs(100)),
            silent: false,
            blocked: false,
            peer: None,
            probed: BTreeSet::new(),
            entropy: SeededEntropy(2),
        }
    }

    fn event(&mut self, ifindex: u32, event: KernelEvent) {
        self.heard.push_back(Heard::Station { ifindex: Some(ifindex), event });
    }

    fn management(from: MacAddr, to: MacAddr, bssid: MacAddr, body: Body) -> Vec<u8> {
        let mut octets = vec![];
        Management { header: Header::new(to, from, bssid), body }.write(&mut octets);
        octets
    }

    fn with_ap(
        &mut self,
        ifindex: u32,
        bssid: MacAddr,
        act: impl FnOnce(&mut Ap, Instant, &mut Means<'_>) -> Vec<Said>,
    ) {
        let now = self.now;
        let mut means = Means { entropy: &mut self.entropy, curves: &PureCurves };
        let ap = self.aps.iter_mut().find(|ap| ap.setup.bssid == bssid && ap.present);
        for said in ap.map(|ap| act(ap, now, &mut means)).unwrap_or_default() {
            self.receive(ifindex, bssid, said);
        }
    }

    fn receive(&mut self, ifindex: u32, bssid: MacAddr, said: Said) {
        match said {
            Said::Authentication(frame) => {
                let frame = Self::management(bssid, WE, bssid, Body::Authentication(frame));
                self.event(ifindex, KernelEvent::Authentication { frame });
            }
            Said::Association(response) => {
                let (status, elements) = (response.status, response.elements.clone());
                let frame = Self::management(bssid, WE, bssid, Body::AssociationResponse(response));
                self.peer = (status == StatusCode::Success).then_some(bssid);
                self.event(ifindex, KernelEvent::Association { frame });
                self.event(
                    ifindex,
                    KernelEvent::Connected(Connection {
                        peer: bssid,
                        status,
                        timed_out: false,
                        request_elements: vec![],
                        response_elements: elements,
                        links: vec![],
                    }),
                );
            }
            Said::Deauthentication(reason) => {
                let body = Body::Deauthentication(Departure { reason, elements: vec![] });
                let frame = Self::management(bssid, WE, bssid, body);
                if self.peer.take().is_some() {
                    self.event(ifindex, KernelEvent::Deauthentication { frame });
                    self.event(ifindex, KernelEvent::Disconnected { reason, by_ap: true });
                }
            }
            Said::KeyFrame { octets, in_clear } => {
                self.event(ifindex, KernelEvent::KeyFrame { from: bssid, bytes: octets, in_clear });
            }
        }
    }

    fn execute(&mut self, ifindex: u32, request: Request) -> Result<Reply, Errno> {
        match request {
            Request::TriggerScan(scan) => {
                self.probed.extend(scan.ssids);
                self.event(ifindex, KernelEvent::ScanStarted);
                self.event(ifindex, KernelEvent::ScanDone { frequencies: scan.frequencies });
            }
            Request::ReadScan => {
                let entry = |ap: &Ap| ScanEntry {
                    bssid: ap.setup.bssid,
                    frequency: ap.setup.frequency,
                    beacon_interval: 100,
                    capability: if ap.setup.akms.is_empty() { 1 } else { 0x11 },
                    signal_mbm: Some(ap.setup.signal_mbm),
                    age: Duration::ZERO,
                    elements: ap.elements(self.probed.contains(&ap.setup.ssid)),
                    beacon_elements: Some(ap.elements(false)),
                    beacon_is_newer: false,
                    associated: false,
                    mld: None,
                };
                let present = self.aps.iter().filter(|ap| ap.present);
                return Ok(Reply::Scan(present.map(entry).collect()));
            }
            Request::Authenticate(request) => {
                let frame = if request.algorithm == AuthenticationAlgorithm::Sae {
                    sae::from_authentication_data(&request.data).map_err(|_| Errno::EINVAL)?
                } else {
                    Authentication {
                        algorithm: request.algorithm,
                        transaction: 1,
                        status: StatusCode::Success,
                        payload: vec![],
                    }
                };
                self.with_ap(ifindex, request.bssid, |ap, now, means| {
                    ap.authentication(now, means, WE, &frame)
                });
            }
            Request::Associate(request) => {
                let frame = AssociationRequest {
                    capabilities: CapabilityInformation(1),
                    listen_interval: 1,
                    elements: request.elements,
                };
                let bssid = request.peer.address();
                self.with_ap(ifindex, bssid, |ap, now, means| ap.association(now, means, WE, &frame));
            }
            Request::Deauthenticate { peer, reason, .. } => {
                let body = Body::Deauthentication(Departure { reason, elements: vec![] });
                let frame = Self::management(WE, peer, peer, body);
                self.event(ifindex, KernelEvent::Deauthentication { frame });
                if self.peer.take().is_some() {
                    self.event(ifindex, KernelEvent::Disconnected { reason, by_ap: false });
                }
                for ap in self.aps.iter_mut().filter(|ap| ap.setup.bssid == peer) {
                    ap.client = None;
                    ap.sae.forget(WE);
                }
            }
            Request::SendKeyFrame { to, bytes, in_clear } => {
                self.with_ap(ifindex, to, |ap, now, _| ap.key_frame(now, &bytes, !in_clear));
                return Ok(Reply::Sent { cookie: 1 });
            }
            Request::SendFrame { .. } => return Ok(Reply::Sent { cookie: 2 }),
            Request::InstallKey(_) | Request::AuthorizePort { .. } | Request::AbortScan => {}
            Request::UseKey { .. } => return Err(Errno::EOPNOTSUPP),
            Request::ReadInterface => {
                let ap = self.aps.iter().find(|ap| Some(ap.setup.bssid) == self.peer);
                let ssid = ap.map(|ap| ap.setup.ssid.clone());
                let channel = ap.map(Ap::channel);
                return Ok(Reply::Interface(InterfaceState { address: WE, ssid, channel, links: vec![] }));
            }
            Request::ReadStations => {
                let station = |address| StationState {
                    address,
                    authorized: true,
                    signal_dbm: Some(-41),
                    transmit_rate: Some(540),
                    inactive_ms: Some(7),
                    links: Vec::new(),
                };
                return Ok(Reply::Stations(self.peer.into_iter().map(station).collect()));
            }
            _ => return Err(Errno::EOPNOTSUPP),
        }
        Ok(Reply::Done)
    }
}

impl Kernel for Air {
    fn perform(&mut self, command: Command) {
        self.performed.push(command.clone());
        if self.silent {
            return;
        }
        match command {
            Command::Ask { interface, ticket, request } => {
                let place = self.heard.len();
                let outcome = self.execute(interface.ifindex, request);
                let outcome = outcome.map_err(|errno| Refusal { errno, message: None });
                // The answer to a request comes before what it leads to.
                let answer = Heard::Answered { ifindex: interface.ifindex, ticket, outcome };
                self.heard.insert(place, answer);
            }
            Command::ReadInterface { ifindex } => {
                let outcome = match self.execute(ifindex, Request::ReadInterface) {
                    Ok(Reply::Interface(state)) => Ok(Box::new(state)),
                    Ok(_) => Err(Refusal { errno: Errno::EIO, message: None }),
                    Err(errno) => Err(Refusal { errno, message: None }),
                };
                self.heard.push_back(Heard::InterfaceRead { ifindex, outcome });
            }
            Command::Diagnose { ifindex } => {
                let figures = |address| {
                    let signal_dbm = Some(-41);
                    Box::new(StationFigures { address, signal_dbm, ..StationFigures::default() })
                };
                self.heard.push_back(Heard::Diagnosed { ifindex, outcome: Ok(self.peer.map(figures)) });
            }
            Command::SetPowered { ifindex, on } => {
                let refusal = Refusal { errno: Errno::ERFKILL, message: None };
                let outcome = if on && self.blocked { Err(refusal) } else { Ok(()) };
                if outcome.is_ok() {
                    self.peer = None;
                    self.event(
                        ifindex,
                        if on { KernelEvent::InterfaceUp } else { KernelEvent::InterfaceDown },
                    );
                }
                self.heard.push_back(Heard::Powered { ifindex, outcome });
            }
            Command::SetRadioBlocked { wiphy, blocked } => {
                self.blocked = blocked;
                let by = blocked.then_some(crate::kernel::Block::Soft);
                self.heard.push_back(Heard::RadioBlocked { wiphy, by });
                if blocked {
                    self.peer = None;
                    self.event(3, KernelEvent::InterfaceDown);
                }
                self.heard.push_back(Heard::RadioSwitched { wiphy, outcome: Ok(()) });
            }
            Command::OffChannel { ifindex, what: OffChannel::Send { number, bytes, .. } } => {
                // Their names are others than those of the frames of stations.
                let cookie = number + (1 << 32);
                self.heard.push_back(Heard::OffChannelSent { ifindex, number, outcome: Ok(cookie) });
                // Whoever is meant hears it; nobody acknowledges what is for all.
                let acknowledged = bytes.get(4).is_some_and(|octet| octet & 1 == 0);
                self.event(ifindex, KernelEvent::FrameStatus { cookie, acknowledged });
            }
            _ => {}
        }
    }

    fn receive(&mut self) -> io::Result<Option<Heard>> {
        Ok(self.heard.pop_front())
    }
}

/// A ticket that nobody gave.
pub(super) const FOREIGN: Ticket = Ticket { attempt: None, number: u64::MAX };
