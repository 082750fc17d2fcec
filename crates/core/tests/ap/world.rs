//! An access point and its clients, with nothing between them but order.

use super::client::{Client, Heard, Known, Outcome, PASSPHRASE, Sent};
use lapwing_core::{
    Duration, Instant, Means, Secret, Shared,
    ap::{AccessPoint, Action, Bss, Event, Order, Reply, Report, Request, Security, Setup, Structure},
    curve::sham::ShamCurves,
    entropy::SeededEntropy,
    kernel::{ChannelDefinition, Frequency, KeyKind, KeyRequest},
    radio::AccessPointRadio,
};
use lapwing_frames::{
    LinkId, MacAddr, Ssid,
    management::{Body, Management},
    suite::Akm,
};
use std::collections::BTreeMap;

pub(crate) const MLD: MacAddr = MacAddr([2, 0, 0, 0, 0xa0, 0xff]);

pub(crate) fn link(number: u8) -> LinkId {
    LinkId::new(number).unwrap()
}

pub(crate) fn bss(number: u8, frequency: u32) -> Bss {
    Bss {
        bssid: MacAddr([2, 0, 0, 0, 0xa0, number]),
        channel: ChannelDefinition::narrow(Frequency(frequency)),
    }
}

pub(crate) fn ssid() -> Ssid {
    Ssid::new(b"net").unwrap()
}

pub(crate) fn security(akms: &[Akm]) -> Option<Security> {
    let security = Security::new(akms.to_vec());
    (!akms.is_empty()).then(|| security.with_passphrase(&ssid(), &Secret::new(PASSPHRASE)))
}

pub(crate) fn single(akms: &[Akm]) -> Setup {
    setup(Structure::Single(bss(0, 5180)), akms)
}

pub(crate) fn mld(akms: &[Akm]) -> Setup {
    let links = [(0, 2412), (1, 5180), (2, 5955)];
    let links = links.into_iter().map(|(id, frequency)| (link(id), bss(id, frequency))).collect();
    setup(Structure::Mld { address: MLD, links }, akms)
}

fn setup(structure: Structure, akms: &[Akm]) -> Setup {
    Setup { radio: AccessPointRadio::simulated(), ..Setup::new(ssid(), structure, security(akms)) }
}

/// Whether a frame is an association response.
fn is_response(bytes: &[u8]) -> bool {
    let frame = Management::parse_decrypted(bytes).map(|frame| frame.body);
    matches!(frame, Ok(Body::AssociationResponse(_) | Body::ReassociationResponse(_)))
}

/// The world.
pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) entropy: SeededEntropy,
    pub(crate) setup: Shared<Setup>,
    pub(crate) ap: AccessPoint,
    pub(crate) beacons: BTreeMap<Option<LinkId>, Heard>,
    pub(crate) keys: Vec<KeyRequest>,
    pub(crate) using: Vec<(Option<LinkId>, u8)>,
    pub(crate) requests: Vec<Request>,
    /// Whether association responses are acknowledged; nothing: nobody says.
    pub(crate) acknowledges: Option<bool>,
    /// How far the kernel says that the group keys are; nothing: it does not answer.
    pub(crate) packet_number: Option<u64>,
    pub(crate) reports: Vec<Report>,
}

impl World {
    pub(crate) fn new(setup: Setup) -> Self {
        let setup = Shared::new(setup);
        let mut world = Self {
            now: Instant::after_start(Duration::from_secs(100)),
            entropy: SeededEntropy(7),
            ap: AccessPoint::new(setup.clone()),
            setup,
            beacons: BTreeMap::new(),
            keys: vec![],
            using: vec![],
            requests: vec![],
            acknowledges: Some(true),
            packet_number: Some(0),
            reports: vec![],
        };
        world.turn(Event::Start);
        world
    }

    /// What a client hears.
    pub(crate) fn known(&self) -> Known {
        Known { ssid: ssid(), bss: self.beacons.clone(), mld_address: self.setup.structure.mld_address() }
    }

    pub(crate) fn turn(&mut self, event: Event<'_>) -> Vec<Request> {
        let mut means = Means { entropy: &mut self.entropy, curves: &ShamCurves };
        let mut requests = vec![];
        let mut reports = vec![];
        self.ap.turn(self.now, event, &mut means, |action| match action {
            Action::Tell(_) => panic!("there is no mobility domain here"),
            Action::Request(request) => requests.push(request),
            Action::Report(report) => reports.push(report),
        });
        self.reports.extend(reports);
        for request in &requests {
            match request {
                Request::StartBss(announcement) | Request::SetBeacon(announcement) => {
                    let elements = [announcement.head.clone(), announcement.tail.clone()].concat();
                    self.beacons.insert(announcement.link, Heard { bssid: announcement.bssid, elements });
                }
                Request::StopBss { link } => drop(self.beacons.remove(link)),
                Request::InstallKey(key) => self.keys.push(key.clone()),
                Request::UseGroupKey { link, index } => self.using.push((*link, *index)),
                _ => {}
            }
        }
        self.requests.extend(requests.clone());
        let mut all = vec![];
        for request in requests {
            let of_kernel = match (&request, self.packet_number, self.acknowledges) {
                (Request::ReadPacketNumber { .. }, Some(number), _) => {
                    let reply = Reply::PacketNumber(number);
                    self.turn(Event::Answered { request: &request, reply })
                }
                (Request::SendFrame { bytes, .. }, _, Some(acknowledged)) if is_response(bytes) => {
                    self.turn(Event::Sent { request: &request, acknowledged })
                }
                _ => vec![],
            };
            all.push(request);
            all.extend(of_kernel);
        }
        all
    }

    pub(crate) fn order(&mut self, order: Order) -> Vec<Request> {
        self.turn(Event::Order(order))
    }

    /// Lets clients and AP talk until all is said. Frames of the AP that are nobody's stay unheard.
    pub(crate) fn settle(&mut self, clients: &mut [&mut Client], mut requests: Vec<Request>) {
        for _ in 0..1000 {
            for request in std::mem::take(&mut requests) {
                for client in clients.iter_mut() {
                    self.deliver(client, &request);
                }
            }
            for client in clients.iter_mut() {
                for sent in std::mem::take(&mut client.sent) {
                    let address = client.address;
                    requests.extend(match &sent {
                        Sent::Frame { link, bytes, protected } => {
                            self.turn(Event::Frame { link: *link, bytes, protected: *protected })
                        }
                        Sent::KeyFrame { bytes, in_clear } => {
                            self.turn(Event::KeyFrame { from: address, bytes, protected: !in_clear })
                        }
                    });
                }
            }
            if requests.is_empty() {
                return;
            }
        }
        panic!("they never stop talking");
    }

    pub(crate) fn deliver_all(&mut self, client: &mut Client, requests: &[Request]) {
        requests.iter().for_each(|request| self.deliver(client, request));
    }

    fn deliver(&mut self, client: &mut Client, request: &Request) {
        let mut means = Means { entropy: &mut self.entropy, curves: &ShamCurves };
        match request {
            Request::SendFrame { bytes, .. } => {
                let to = Management::parse_decrypted(bytes).unwrap().header.receiver;
                if to == client.address || client.links.values().any(|own| *own == to) {
                    client.on_frame(&mut means, bytes);
                }
            }
            Request::SendKeyFrame { to, bytes, in_clear, .. } if *to == client.address => {
                client.on_key_frame(&mut means, bytes, !in_clear && client.has_key);
            }
            _ => {}
        }
    }

    /// Has a client join from the beginning, and says what came of it.
    pub(crate) fn join(&mut self, client: &mut Client) -> Vec<Outcome> {
        client.outcomes.clear();
        self.with_means(|means| client.authenticate(means));
        self.settle(&mut [client], vec![]);
        if client.outcomes.last() == Some(&Outcome::Authenticated) {
            self.with_means(|means| client.associate(means));
            self.settle(&mut [client], vec![]);
        }
        client.outcomes.clone()
    }

    pub(crate) fn with_means<T>(&mut self, run: impl FnOnce(&mut Means<'_>) -> T) -> T {
        run(&mut Means { entropy: &mut self.entropy, curves: &ShamCurves })
    }

    /// Lets time pass to the next deadline.
    pub(crate) fn next(&mut self) -> Vec<Request> {
        self.now = self.ap.deadline().expect("there is something to wait for");
        self.turn(Event::Tick)
    }

    pub(crate) fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        while self.ap.deadline().is_some_and(|deadline| deadline <= until) {
            self.next();
        }
        self.now = until;
    }

    /// The pairwise key that was installed last for a client.
    pub(crate) fn pairwise(&self, station: MacAddr) -> Option<Secret> {
        let of = |key: &&KeyRequest| matches!(key.kind, KeyKind::Pairwise { peer, .. } if peer == station);
        self.keys.iter().rev().find(of).map(|key| key.key.clone())
    }
}
