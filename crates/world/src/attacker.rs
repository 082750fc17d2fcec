//! Somebody in range who holds no key: everything heard can be sent again, and everything unprotected forged.

use crate::air::{Content, Transmission};
use core::fmt;
use lapwing_core::kernel::Frequency;
use lapwing_frames::MacAddr;
use lapwing_frames::eapol::{KeyFrame, KeyInformation};
use lapwing_frames::management::{
    AssociationId, AssociationResponse, Authentication, AuthenticationAlgorithm, Body, CapabilityInformation,
    Departure, Header, Management, ReasonCode, StatusCode,
};
use std::collections::VecDeque;
use std::sync::Arc;

/// What an outsider can do at any moment. Each frame reaches its victim at once: the moment is the choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attack {
    /// Sends a frame again that was heard: this one of those that are remembered, 0 is the oldest.
    Replay(u8),
    /// Deauthenticates the station in an access point's name.
    Deauthenticate {
        /// The access point.
        ap: u8,
        /// The link.
        link: u8,
    },
    /// Disassociates the station in an access point's name.
    Disassociate {
        /// The access point.
        ap: u8,
        /// The link.
        link: u8,
    },
    /// Deauthenticates the station at an access point, in the station's name.
    DeauthenticateAp {
        /// The access point.
        ap: u8,
        /// The link.
        link: u8,
    },
    /// Refuses an authentication in an access point's name.
    RefuseAuthentication {
        /// The access point.
        ap: u8,
        /// The link.
        link: u8,
    },
    /// Refuses an association in an access point's name.
    RefuseAssociation {
        /// The access point.
        ap: u8,
        /// The link.
        link: u8,
    },
    /// Begins a 4-way handshake in an access point's name, in clear.
    Message1 {
        /// The access point.
        ap: u8,
        /// The link.
        link: u8,
    },
}

/// The attacks that name a BSS, with the word for each.
type At = fn(u8, u8) -> Attack;
const WORDS: [(&str, At); 6] = [
    ("deauthenticate", |ap, link| Attack::Deauthenticate { ap, link }),
    ("disassociate", |ap, link| Attack::Disassociate { ap, link }),
    ("deauthenticate-ap", |ap, link| Attack::DeauthenticateAp { ap, link }),
    ("refuse-authentication", |ap, link| Attack::RefuseAuthentication { ap, link }),
    ("refuse-association", |ap, link| Attack::RefuseAssociation { ap, link }),
    ("message-1", |ap, link| Attack::Message1 { ap, link }),
];

impl Attack {
    /// The attack of a text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (word, place) = text.rsplit_once('-')?;
        if word == "replay" {
            return place.parse().ok().map(Self::Replay);
        }
        let (ap, link) = place.split_once('.')?;
        let (ap, link) = (ap.parse().ok()?, link.parse().ok()?);
        WORDS.iter().find(|(name, _)| *name == word).map(|(_, at)| at(ap, link))
    }

    /// All forgeries in the name of a BSS, or towards it.
    pub fn forgeries(ap: u8, link: u8) -> impl Iterator<Item = Self> {
        WORDS.iter().map(move |(_, at)| at(ap, link))
    }
}

impl fmt::Display for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, ap, link) = match self {
            Self::Replay(place) => return write!(f, "replay-{place}"),
            Self::Deauthenticate { ap, link } => ("deauthenticate", ap, link),
            Self::Disassociate { ap, link } => ("disassociate", ap, link),
            Self::DeauthenticateAp { ap, link } => ("deauthenticate-ap", ap, link),
            Self::RefuseAuthentication { ap, link } => ("refuse-authentication", ap, link),
            Self::RefuseAssociation { ap, link } => ("refuse-association", ap, link),
            Self::Message1 { ap, link } => ("message-1", ap, link),
        };
        write!(f, "{word}-{ap}.{link}")
    }
}

/// What the attacker may do in a scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Powers {
    /// How many of the last frames are remembered, to be sent again.
    pub memory: u8,
    /// Whether frames are forged.
    pub forges: bool,
}

/// What the attacker has heard: the last frames, the oldest first, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Attacker {
    heard: VecDeque<Arc<Transmission>>,
}

/// The two ends that a forged frame is between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    /// The channel.
    pub(crate) frequency: Frequency,
    /// The BSS.
    pub(crate) bssid: MacAddr,
    /// The station's address there.
    pub(crate) station: MacAddr,
}

impl Attacker {
    /// Hears a frame.
    pub(crate) fn hear(&mut self, transmission: &Transmission, powers: Powers) {
        let known = || self.heard.iter().any(|heard| **heard == *transmission);
        if powers.memory == 0 || known() {
            return;
        }
        if self.heard.len() >= usize::from(powers.memory) {
            self.heard.pop_front();
        }
        self.heard.push_back(Arc::new(transmission.clone()));
    }

    /// How many frames are remembered.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.heard.len()
    }

    /// A frame that is remembered.
    #[must_use]
    pub fn remembered(&self, place: u8) -> Option<&Transmission> {
        self.heard.get(usize::from(place)).map(|heard| &**heard)
    }
}

/// The frame of a forgery.
pub(crate) fn forge(attack: Attack, ends: Ends, protected: bool) -> Option<Transmission> {
    let Ends { frequency, bssid, station } = ends;
    let to_station = Header::new(station, bssid, bssid);
    let goodbye = |reason| Departure { reason, elements: Vec::new() };
    let (header, body) = match attack {
        Attack::Replay(_) => return None,
        Attack::Deauthenticate { .. } => {
            (to_station, Body::Deauthentication(goodbye(ReasonCode::NotAuthenticated)))
        }
        Attack::Disassociate { .. } => (to_station, Body::Disassociation(goodbye(ReasonCode::Inactivity))),
        Attack::DeauthenticateAp { .. } => (
            Header::new(bssid, station, bssid),
            Body::Deauthentication(goodbye(ReasonCode::LeavingDeauthenticated)),
        ),
        Attack::RefuseAuthentication { .. } => {
            let algorithm =
                if protected { AuthenticationAlgorithm::Sae } else { AuthenticationAlgorithm::Open };
            let transaction = if protected { 1 } else { 2 };
            let status = StatusCode::UnspecifiedFailure;
            let payload = Vec::new();
            (to_station, Body::Authentication(Authentication { algorithm, transaction, status, payload }))
        }
        Attack::RefuseAssociation { .. } => {
            let response = AssociationResponse {
                capabilities: CapabilityInformation(1),
                status: StatusCode::UnspecifiedFailure,
                association_id: AssociationId::new(0),
                elements: Vec::new(),
            };
            (to_station, Body::AssociationResponse(response))
        }
        Attack::Message1 { .. } => {
            let bits = KeyInformation::default().with(KeyInformation::PAIRWISE).with(KeyInformation::ACK);
            let message = KeyFrame { nonce: FORGED_NONCE, key_length: 16, ..KeyFrame::new(bits, 1, 16) };
            let payload = message.to_octets();
            let content = Content::Data {
                source: bssid,
                destination: station,
                ethertype: EAPOL,
                payload,
                protection: None,
            };
            return Some(Transmission { frequency, transmitter: bssid, receiver: station, content });
        }
    };
    let (transmitter, receiver) = (header.transmitter, header.receiver);
    let mut frame = Vec::new();
    Management { header, body }.write(&mut frame);
    let content = Content::Management { frame, protection: None };
    Some(Transmission { frequency, transmitter, receiver, content })
}

const EAPOL: u16 = 0x888e;
/// Any nonce will do: nobody who chose it knows the PMK.
const FORGED_NONCE: [u8; 32] = [0xaa; 32];
