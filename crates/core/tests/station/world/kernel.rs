//! The kernel's side of the world: what it answers to requests, and what it does with what it hears.

use super::{
    super::{
        ap::{Ap, Said},
        fixtures,
    },
    Held, OWN, Thing, World,
};
use lapwing_core::{
    Duration, Instant,
    attempt::Ticket,
    kernel::{
        Connection, Errno, Frequency, InterfaceState, KernelEvent, KeyKind, Refusal, Reply, Request,
        ScanEntry, StationState,
    },
    radio::SignalWatch,
    sae,
    station::Event,
};
use lapwing_frames::{
    MacAddr, Ssid,
    element::{ElementId, Elements},
    management::{
        Action as Action80211, AssociationRequest, Authentication, AuthenticationAlgorithm, Body,
        CapabilityInformation, Departure, Header, Management, ReasonCode, StatusCode,
    },
};

impl World {
    pub(super) fn management(from: MacAddr, to: MacAddr, bssid: MacAddr, body: Body) -> Vec<u8> {
        let mut octets = vec![];
        Management { header: Header::new(to, from, bssid), body }.write(&mut octets);
        octets
    }

    /// The kernel hears an AP.
    pub(super) fn receive(&mut self, bssid: MacAddr, said: Said) {
        match (said, self.held.clone()) {
            (Said::Authentication(frame), Held::Authenticating { bssid: ours, number })
                if ours == bssid && frame.transaction == self.expected =>
            {
                let sae = frame.algorithm == AuthenticationAlgorithm::Sae;
                let done = frame.status == StatusCode::Success && (!sae || frame.transaction == 2);
                let goes_on = matches!(frame.status.0, 0 | 76 | 126 | 127);
                let octets = Self::management(bssid, OWN, bssid, Body::Authentication(frame));
                if done {
                    self.held = Held::Authenticated { bssid, number };
                    self.later(Duration::from_secs(5), Thing::Impatience { number });
                } else if goes_on {
                    // Two seconds for the next frame, then it is all forgotten without a word.
                    self.held = Held::Authenticated { bssid, number };
                    self.later(Duration::from_secs(2), Thing::Impatience { number });
                } else {
                    self.held = Held::Nothing;
                }
                self.event(KernelEvent::Authentication { frame: octets });
            }
            (Said::Association(response), Held::Associating { bssid: ours, .. }) if ours == bssid => {
                let status = response.status;
                if status == StatusCode(30)
                    && let Some(interval) = Elements::new(&response.elements)
                        .iter()
                        .find(|element| element.id == ElementId::Plain(56))
                    && let [3, a, b, c, d] = interval.body[..]
                {
                    // The kernel asks again by itself.
                    let after = Duration::from_micros(1024 * u64::from(u32::from_le_bytes([a, b, c, d])));
                    self.event(KernelEvent::AssociationComeback { peer: bssid, after });
                    self.count += 1;
                    let number = self.count;
                    self.held = Held::Associating { bssid, number };
                    let request = self.association.clone().unwrap();
                    self.later(after, Thing::Association { bssid, request });
                    self.later(after + Duration::from_millis(600), Thing::Impatience { number });
                    return;
                }
                let response_elements = response.elements.clone();
                let octets = Self::management(bssid, OWN, bssid, Body::AssociationResponse(response));
                self.held = match status {
                    StatusCode::Success => Held::Connected { bssid, authorized: false },
                    _ => Held::Nothing,
                };
                self.installed.clear();
                self.event(KernelEvent::Association { frame: octets });
                self.event(KernelEvent::Connected(Connection {
                    peer: bssid,
                    status,
                    timed_out: false,
                    request_elements: vec![],
                    response_elements,
                    links: vec![],
                }));
            }
            (Said::Deauthentication(reason), held) => {
                let body = Body::Deauthentication(Departure { reason, elements: vec![] });
                let frame = Self::management(bssid, OWN, bssid, body);
                match held {
                    Held::Connected { bssid: ours, .. } if ours == bssid => {
                        self.held = Held::Nothing;
                        self.event(KernelEvent::Deauthentication { frame });
                        self.event(KernelEvent::Disconnected { reason, by_ap: true });
                    }
                    Held::Associating { bssid: ours, .. } if ours == bssid => {
                        self.held = Held::Nothing;
                        self.event(KernelEvent::Deauthentication { frame });
                    }
                    _ => {}
                }
            }
            (Said::KeyFrame { octets, in_clear }, Held::Connected { bssid: ours, .. }) if ours == bssid => {
                self.event(KernelEvent::KeyFrame { from: bssid, bytes: octets, in_clear });
            }
            (Said::KeyFrame { octets, in_clear }, Held::Associating { bssid: ours, .. })
                if ours == bssid && self.faults.early_key_frames =>
            {
                self.event(KernelEvent::KeyFrame { from: bssid, bytes: octets, in_clear });
            }
            _ => {}
        }
    }

    /// The kernel ends a connection by itself.
    pub(crate) fn kernel_disconnects(&mut self, reason: ReasonCode) {
        if let Held::Connected { bssid, .. } = self.held {
            self.held = Held::Nothing;
            let body = Body::Deauthentication(Departure { reason, elements: vec![] });
            let frame = Self::management(OWN, bssid, bssid, body);
            self.event(KernelEvent::Deauthentication { frame });
            self.event(KernelEvent::Disconnected { reason, by_ap: false });
        }
    }

    /// Another program connects the interface, without asking what was before.
    pub(crate) fn another_program_connects(&mut self, bssid: MacAddr) {
        self.kernel_disconnects(ReasonCode::LeavingDeauthenticated);
        self.held = Held::Connected { bssid, authorized: true };
        self.event(KernelEvent::Connected(Connection {
            peer: bssid,
            status: StatusCode::Success,
            timed_out: false,
            request_elements: vec![],
            response_elements: vec![],
            links: vec![],
        }));
    }

    /// What the kernel's table has of an AP. One that hides its name is in it twice: without name from the
    /// beacons, and by its name from the answer to a probe, if that was not long ago.
    fn listed(&self, ap: &Ap) -> Vec<ScanEntry> {
        let bssid = ap.setup.bssid;
        let entry = |at: Option<&Instant>, named| {
            let age = self.now.since(*at?);
            (age < Duration::from_secs(30)).then(|| ScanEntry {
                capability: if ap.setup.akms.is_empty() { 1 } else { 0x11 },
                signal_mbm: Some(ap.setup.signal_mbm),
                age,
                ..fixtures::entry(bssid, ap.setup.frequency.0, ap.elements(named))
            })
        };
        let revealed = self.revealed.get(&bssid).filter(|_| ap.setup.hidden);
        if matches!(self.held, Held::Connected { bssid: held, .. } if held == bssid && ap.present)
            && self.station.radio().signal_watch != SignalWatch::Nobody
        {
            // The kernel hears the beacons of the AP of the connection.
            return entry(Some(&self.now), true).into_iter().collect();
        }
        [entry(self.heard.get(&bssid), false), entry(revealed, true)].into_iter().flatten().collect()
    }

    /// The signal of an AP in dBm, as measured here.
    fn signal(&self, bssid: MacAddr) -> Option<i8> {
        let ap = self.aps.iter().find(|ap| ap.setup.bssid == bssid && ap.present)?;
        i8::try_from(ap.setup.signal_mbm / 100).ok()
    }

    /// The kernel takes a request.
    pub(super) fn perform(&mut self, ticket: Ticket, request: Request) {
        if !self.awaiting.insert(ticket) {
            self.violations.push("a ticket was used twice".into());
        }
        let name = request.name();
        self.requests.push(request.clone());
        match name {
            "ASSOCIATE" => self.securing.clear(),
            "NEW_KEY" | "SET_STATION" | "CONTROL_PORT_FRAME" => {
                self.securing.insert(ticket, (name, None));
            }
            _ => {}
        }
        let forced = self.refuse.iter().position(|(command, _)| *command == name);
        let outcome = match forced {
            Some(place) => Err(self.refuse.remove(place).unwrap().1),
            None if !self.up && !name.starts_with("GET") => Err(Errno::ENETDOWN),
            None => self.execute(request),
        };
        if let Err(errno) = &outcome {
            self.refusals.push((name, *errno));
        }
        let outcome = outcome.map_err(|errno| Refusal { errno, message: None });
        self.tell(Event::Completed { ticket, outcome });
    }

    fn execute(&mut self, request: Request) -> Result<Reply, Errno> {
        match request {
            Request::TriggerScan(scan) => {
                if self.scanning.is_some() {
                    return Err(Errno::EBUSY);
                }
                if scan.frequencies.is_empty() {
                    self.violations.push("a scan of all channels at once".into());
                }
                let passive = |frequency: &&Frequency| {
                    self.station.radio().channels.iter().any(|channel| {
                        channel.frequency == **frequency && (channel.no_initiating_radiation || channel.radar)
                    })
                };
                let slow = scan.frequencies.iter().filter(passive).count() as u64;
                let quick = scan.frequencies.len() as u64 - slow;
                self.scanning = Some(scan.frequencies);
                self.probes = scan.ssids;
                self.event(KernelEvent::ScanStarted);
                self.count += 1;
                self.scan_number = self.count;
                let number = self.count;
                self.later(Duration::from_millis(33 * quick + 110 * slow), Thing::ScanEnds { number });
            }
            Request::AbortScan => {
                self.scanning.take().ok_or(Errno::ENOENT)?;
                self.event(KernelEvent::ScanAborted);
            }
            Request::ReadScan => {
                let mut entries: Vec<_> = self.aps.iter().flat_map(|ap| self.listed(ap)).collect();
                // In no order that anybody could rely on.
                let turn = usize::try_from(self.roll(entries.len() as u64)).unwrap();
                entries.rotate_left(turn);
                return Ok(Reply::Scan(entries));
            }
            Request::Authenticate(request) => {
                if let Held::Connected { bssid, .. } = self.held {
                    // Only on the way to another AP of the network, and where the kernel does not let go, however often
                    // it is asked.
                    let roams =
                        matches!(self.station.summary(), lapwing_core::station::Summary::Roaming { .. });
                    if !roams
                        && !self
                            .refusals
                            .iter()
                            .any(|(command, _)| ["DEAUTHENTICATE", "GET_STATION"].contains(command))
                    {
                        self.violations.push("authentication while connected".into());
                    }
                    if bssid == request.bssid {
                        return Err(Errno::EALREADY);
                    }
                    self.kernel_disconnects(ReasonCode::Unspecified);
                }
                let listed = self.aps.iter().flat_map(|ap| self.listed(ap)).any(|entry| {
                    let ssid = Elements::new(&entry.elements).iter().find(|it| it.id == ElementId::Plain(0));
                    entry.bssid == request.bssid && ssid.is_some_and(|it| it.body == request.ssid.octets())
                });
                if !listed || self.forgotten.contains(&request.bssid) {
                    return Err(Errno::ENOENT);
                }
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
                let sae = frame.algorithm == AuthenticationAlgorithm::Sae;
                self.expected = if sae { frame.transaction } else { 2 };
                self.count += 1;
                let (number, bssid) = (self.count, request.bssid);
                self.held = Held::Authenticating { bssid, number };
                let tries = if frame.algorithm == AuthenticationAlgorithm::Sae { 1 } else { 3 };
                self.later(
                    Duration::from_millis(if tries == 1 { 2000 } else { 600 }),
                    Thing::Impatience { number },
                );
                for attempt in 0..tries {
                    if !self.lost() {
                        let after = Duration::from_millis(200 * attempt);
                        self.send(after, Thing::Authentication { bssid, frame });
                        break;
                    }
                }
            }
            Request::Associate(request) => {
                let bssid = request.peer.address();
                match self.held {
                    Held::Authenticated { bssid: ours, .. } if ours == bssid => {}
                    Held::Connected { .. } => return Err(Errno::EALREADY),
                    // The authentication was forgotten: the AP will not like it.
                    _ => {}
                }
                self.count += 1;
                let number = self.count;
                self.held = Held::Associating { bssid, number };
                self.later(Duration::from_millis(600), Thing::Impatience { number });
                let request = AssociationRequest {
                    capabilities: CapabilityInformation(1),
                    listen_interval: 1,
                    elements: request.elements,
                };
                self.association = Some(request.clone());
                for attempt in 0..3 {
                    if !self.lost() {
                        let after = Duration::from_millis(200 * attempt);
                        self.send(after, Thing::Association { bssid, request });
                        break;
                    }
                }
            }
            Request::Deauthenticate { peer, reason, .. } => {
                let (bssid, connected) = match self.held {
                    Held::Nothing => return Err(Errno::ENOTCONN),
                    Held::Authenticating { bssid, .. }
                    | Held::Authenticated { bssid, .. }
                    | Held::Associating { bssid, .. } => (bssid, false),
                    Held::Connected { bssid, .. } => (bssid, true),
                };
                if bssid != peer {
                    return Err(Errno::ENOTCONN);
                }
                self.held = Held::Nothing;
                let body = Body::Deauthentication(Departure { reason, elements: vec![] });
                let frame = Self::management(OWN, bssid, bssid, body);
                self.event(KernelEvent::Deauthentication { frame });
                if connected {
                    self.event(KernelEvent::Disconnected { reason, by_ap: false });
                }
                if !self.lost() {
                    self.send(Duration::ZERO, Thing::Farewell { bssid });
                }
            }
            Request::SendKeyFrame { to, bytes, in_clear } => {
                let Held::Connected { bssid, .. } = self.held else { return Err(Errno::ENOTCONN) };
                if bssid != to {
                    return Err(Errno::ENOTCONN);
                }
                self.count += 1;
                let cookie = self.count;
                let acknowledged = !self.lost() && self.ap(bssid).is_some();
                if acknowledged {
                    self.send(Duration::ZERO, Thing::KeyFrame { bssid, octets: bytes, in_clear });
                }
                self.event(KernelEvent::KeyFrameStatus { cookie, acknowledged });
                return Ok(Reply::Sent { cookie });
            }
            Request::InstallKey(key) => {
                let Held::Connected { .. } = self.held else { return Err(Errno::ENOLINK) };
                if key.link.is_some() {
                    return Err(Errno::EINVAL);
                }
                if !self.installed.insert((key.kind, key.index, key.key.expose().to_vec())) {
                    self.violations.push("a key was installed twice".into());
                }
            }
            Request::UseKey { .. } => return Err(Errno::EOPNOTSUPP),
            Request::AuthorizePort { peer } => {
                let installed =
                    self.installed.iter().any(|(kind, ..)| matches!(kind, KeyKind::Pairwise { .. }));
                match &mut self.held {
                    Held::Connected { bssid, authorized } if *bssid == peer => {
                        // Requests are not held back for the answers to those before them: the port may
                        // be asked for though a key was refused, and the station leaves at the answer.
                        if !installed && !self.refusals.iter().any(|(command, _)| *command == "NEW_KEY") {
                            self.violations.push("the port was opened before the key".into());
                        }
                        *authorized = true;
                    }
                    _ => return Err(Errno::ENOENT),
                }
            }
            Request::SendFrame { bytes, .. } => {
                let Held::Connected { bssid, .. } = self.held else { return Err(Errno::ENOTCONN) };
                self.count += 1;
                // An SA Query: whoever has the keys answers it.
                let mut answer = Management::parse(&bytes).map_err(|_| Errno::EINVAL)?;
                if let Some([8, 0, low, high]) = bytes.get(24..28)
                    && self.agrees()
                    && let Some(elements) = self.aps.iter().find_map(|ap| ap.vouches(bssid, &bytes[28..]))
                {
                    answer.header = Header::new(OWN, bssid, bssid);
                    let body = [&[8, 1, *low, *high][..], &elements].concat();
                    answer.body = Body::Action(Action80211::parse(&body).unwrap());
                    let mut bytes = vec![];
                    answer.write(&mut bytes);
                    self.event(KernelEvent::Frame { frequency: None, bytes });
                }
                return Ok(Reply::Sent { cookie: self.count });
            }
            Request::SetAddress { address } => {
                assert_eq!(self.held, Held::Nothing);
                self.event(KernelEvent::AddressChanged { address });
            }
            Request::WatchSignal { .. } if self.station.radio().signal_watch != SignalWatch::Asked => {}
            Request::ReadInterface => {
                let place = match self.held {
                    Held::Connected { bssid, .. } | Held::Associating { bssid, .. } => {
                        self.aps.iter().position(|ap| ap.setup.bssid == bssid)
                    }
                    _ => None,
                };
                let ssid: Option<Ssid> = place.map(|place| self.aps[place].setup.ssid.clone());
                let channel = place.map(|place| self.channel.unwrap_or(self.aps[place].channel()));
                return Ok(Reply::Interface(InterfaceState { address: OWN, ssid, channel, links: vec![] }));
            }
            Request::ReadStations => {
                let station = match self.held {
                    Held::Connected { bssid, authorized } => {
                        let open =
                            self.aps.iter().any(|ap| ap.setup.bssid == bssid && ap.setup.akms.is_empty());
                        vec![StationState {
                            address: bssid,
                            authorized: authorized || open,
                            signal_dbm: self.signal(bssid),
                            transmit_rate: None,
                            inactive_ms: None,
                            links: Vec::new(),
                        }]
                    }
                    _ => vec![],
                };
                return Ok(Reply::Stations(station));
            }
            // A SoftMAC radio's driver has no operation for these.
            _ => return Err(Errno::EOPNOTSUPP),
        }
        Ok(Reply::Done)
    }
}
