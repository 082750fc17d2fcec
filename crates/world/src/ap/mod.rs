//! Access points: the machines of `lapwing_core` that decide, and the kernel and radio below them.

mod setup;

pub use setup::{ApBss, ApLinks, ApSecurity, ApSetup};

use crate::air::{Beacon, Content, KeyPrint, Transmission};
use crate::parts::{ApInput, ApOrder, ApOutput};
use lapwing_core::{Instant, Means};
use lapwing_frames::element::{Element, ElementId, write_raw};
use lapwing_frames::management::{
    AssociationId, AssociationResponse, Authentication, AuthenticationAlgorithm, Body, CapabilityInformation,
    Header, Management, StatusCode,
};
use lapwing_frames::{LinkId, MacAddr};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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
    /// The group keys that frames to it are protected by, by link and key index.
    pub group: BTreeMap<(Option<LinkId>, u8), KeyPrint>,
}

/// An access point.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ap {
    setup: Arc<ApSetup>,
    powered: bool,
    faded: bool,
    /// The clients, and whether they are associated.
    clients: BTreeMap<MacAddr, bool>,
}

impl Ap {
    /// An access point that is on.
    #[must_use]
    pub fn new(setup: ApSetup) -> Self {
        Self { setup: Arc::new(setup), powered: true, faded: false, clients: BTreeMap::new() }
    }

    /// How it was set up.
    #[must_use]
    pub fn setup(&self) -> &ApSetup {
        &self.setup
    }

    /// Lets it take something in. What it does is appended in order.
    pub fn turn(&mut self, _now: Instant, input: ApInput, _means: &mut Means<'_>, out: &mut Vec<ApOutput>) {
        match input {
            ApInput::Order(order) => self.obey(order, out),
            ApInput::Received(transmission) if self.powered && !self.faded => self.receive(transmission, out),
            ApInput::Send { source, destination, ethertype, payload } => {
                if self.clients.get(&destination) == Some(&true)
                    && let Some((_, bss)) = self.setup.links.iter().next()
                {
                    let content = Content::Data { source, destination, ethertype, payload, protection: None };
                    out.push(ApOutput::Transmit(Transmission {
                        frequency: bss.frequency,
                        transmitter: bss.bssid,
                        receiver: destination,
                        content,
                    }));
                }
            }
            ApInput::Received(_) | ApInput::Tick => {}
        }
    }

    /// When [`Self::turn`] has work without being told anything.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        None
    }

    /// What is on the air now: a beacon for each BSS.
    #[must_use]
    pub fn beacons(&self) -> Vec<Beacon> {
        if !self.powered || self.faded {
            return Vec::new();
        }
        self.setup.links.iter().map(|(_, bss)| self.beacon(bss)).collect()
    }

    /// What it knows of a client: by its MLD address if it uses links.
    #[must_use]
    pub fn truth(&self, station: MacAddr) -> Option<ApTruth> {
        let associated = *self.clients.get(&station)?;
        Some(ApTruth { associated, authorized: associated, ..ApTruth::default() })
    }

    fn beacon(&self, bss: ApBss) -> Beacon {
        let mut elements = Vec::new();
        self.setup.ssid.write(&mut elements);
        write_raw(ElementId::Plain(1), &[0x8c, 0x12, 0x98, 0x24], &mut elements);
        Beacon {
            bssid: bss.bssid,
            frequency: bss.frequency,
            interval: 100,
            capability: 1,
            signal_mbm: self.setup.signal_mbm,
            elements,
            probe_elements: None,
        }
    }

    fn obey(&mut self, order: ApOrder, out: &mut Vec<ApOutput>) {
        match order {
            ApOrder::PowerOff | ApOrder::Stop => {
                (self.powered, self.clients) = (false, BTreeMap::new());
            }
            ApOrder::PowerOn => self.powered = true,
            ApOrder::Fade(faded) => self.faded = faded,
            _ => return,
        }
        let on = self.powered && !self.faded;
        out.extend(self.setup.links.iter().map(|(_, bss)| {
            if on { ApOutput::Beacon(self.beacon(bss)) } else { ApOutput::Silence(bss.bssid) }
        }));
    }

    fn receive(&mut self, transmission: Transmission, out: &mut Vec<ApOutput>) {
        let Some((_, bss)) = self.setup.links.iter().find(|(_, bss)| bss.bssid == transmission.receiver)
        else {
            return;
        };
        let from = transmission.transmitter;
        match transmission.content {
            Content::Management { frame, .. } => {
                let Ok(frame) = Management::parse(&frame) else { return };
                let Some(body) = self.answer(from, frame.body) else { return };
                let mut octets = Vec::new();
                Management { header: Header::new(from, bss.bssid, bss.bssid), body }.write(&mut octets);
                out.push(ApOutput::Transmit(Transmission {
                    frequency: bss.frequency,
                    transmitter: bss.bssid,
                    receiver: from,
                    content: Content::Management { frame: octets, protection: None },
                }));
            }
            Content::Data { source, destination, ethertype, payload, .. } => {
                if self.clients.get(&from) == Some(&true) {
                    out.push(ApOutput::Deliver { source, destination, ethertype, payload });
                }
            }
        }
    }

    fn answer(&mut self, from: MacAddr, body: Body) -> Option<Body> {
        match body {
            Body::Authentication(frame) if frame.algorithm == AuthenticationAlgorithm::Open => {
                self.clients.insert(from, false);
                Some(Body::Authentication(Authentication {
                    transaction: 2,
                    status: StatusCode::Success,
                    payload: Vec::new(),
                    ..frame
                }))
            }
            Body::AssociationRequest(_) if self.setup.security == ApSecurity::Open => {
                let known = self.clients.get_mut(&from)?;
                *known = true;
                Some(Body::AssociationResponse(AssociationResponse {
                    capabilities: CapabilityInformation(1),
                    status: StatusCode::Success,
                    association_id: AssociationId::new(1),
                    elements: Vec::new(),
                }))
            }
            Body::Deauthentication(_) | Body::Disassociation(_) => {
                self.clients.remove(&from);
                None
            }
            _ => None,
        }
    }
}
