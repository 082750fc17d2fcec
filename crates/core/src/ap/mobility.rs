//! The mobility domain (802.11-2020 clause 13): the keys of its stations, which its access points share, and fast
//! transitions to this one, over the air or by way of another.
//!
//! Who carries [`Message`]s from one access point to another is not decided here; they carry keys.

use super::{
    AccessPoint, At,
    authentication::Whom,
    client::{Client, Proof},
    vocabulary::{Action, Report},
};
use crate::{
    Instant, Means,
    rsn::{
        Candidate,
        ft::{
            Hierarchy,
            authenticator::{Asked, Offer},
        },
    },
    time::Duration,
};
use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use lapwing_frames::{
    MacAddr,
    management::{
        self, Authentication, AuthenticationAlgorithm, Body, StatusCode,
        action::{TransitionAnswered, TransitionAsked},
    },
    suite::Akm,
};

/// What one access point of a network or mobility domain tells the others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// The keys of a station, good for so long.
    Keys {
        /// The keys.
        hierarchy: Box<Hierarchy>,
        /// How long they are good.
        lifetime: Duration,
    },
    /// A key that SAE made with a station.
    Pmksa {
        /// The station.
        station: MacAddr,
        /// The AKM.
        akm: Akm,
        /// The key and its name.
        candidate: Candidate,
    },
    /// A station asks another access point for a transition.
    Asked {
        /// The access point that it is with.
        by: MacAddr,
        /// What it asks, and whom.
        question: TransitionAsked,
    },
    /// The answer to that.
    Answered {
        /// The access point that the station is with.
        by: MacAddr,
        /// The answer.
        answer: TransitionAnswered,
    },
}

/// The keys of the stations of the domain, the latest of each, until they expire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Roots(BTreeMap<MacAddr, (Hierarchy, Instant)>);

impl Roots {
    fn insert(&mut self, now: Instant, hierarchy: Hierarchy, lifetime: Duration, capacity: usize) {
        self.0.retain(|_, (_, until)| now < *until);
        let station = hierarchy.holder().station;
        if self.0.len() >= capacity && !self.0.contains_key(&station) {
            let first = self.0.iter().min_by_key(|(_, (_, until))| *until).map(|(station, _)| *station);
            first.and_then(|first| self.0.remove(&first));
        }
        self.0.insert(station, (hierarchy, now + lifetime));
    }

    fn find(&self, now: Instant, station: MacAddr) -> Option<&Hierarchy> {
        self.0.get(&station).filter(|(_, until)| now < *until).map(|(hierarchy, _)| hierarchy)
    }
}

impl AccessPoint {
    /// A client has proved the keys of the domain: the other access points are told.
    pub(super) fn share_keys(&mut self, now: Instant, station: MacAddr) {
        let Some(member) = &self.setup.mobility else { return };
        let lifetime = Duration::from_secs(member.key_lifetime.into());
        let Some(association) = self.association(station) else { return };
        let hierarchy = association.port.authenticator().and_then(|authenticator| authenticator.hierarchy());
        let Some(hierarchy) = hierarchy.cloned() else { return };
        self.roots.insert(now, hierarchy.clone(), lifetime, self.setup.capacity());
        self.out.push(Action::Tell(Message::Keys { hierarchy: Box::new(hierarchy), lifetime }));
    }

    /// Another access point of the domain says something.
    pub(super) fn on_message(&mut self, now: Instant, means: &mut Means<'_>, message: &Message) {
        if self.bss.is_empty() {
            return;
        }
        match message {
            Message::Pmksa { station, akm, candidate } => {
                if let (true, Some(own), Some(pmkid)) =
                    (self.setup.shares_pmksas, self.bssid(None), candidate.pmkid)
                {
                    self.remember(now, self.pmksa_key(*station, own, *akm), pmkid, candidate.pmk.clone());
                }
            }
            _ if self.setup.mobility.is_none() => {}
            Message::Keys { hierarchy, lifetime } => {
                self.roots.insert(now, (**hierarchy).clone(), *lifetime, self.setup.capacity());
            }
            Message::Asked { by, question } => {
                let Some(own) = self.bssid(None).filter(|own| *own == question.target) else { return };
                let station = question.station;
                let (status, elements) = match self.agree(now, means, (own, station), &question.elements) {
                    Ok((offer, elements)) => {
                        let whom = Whom { own, is_mld: false, link: None, address: station };
                        self.authenticated(station, whom.proved(now, Proof::Fast(Box::new(offer))));
                        (StatusCode::Success, elements)
                    }
                    Err(status) => (status, Vec::new()),
                };
                let answer = TransitionAnswered { station, target: own, status, elements };
                self.out.push(Action::Tell(Message::Answered { by: *by, answer }));
            }
            Message::Answered { by, answer } => {
                if self.bssid(None) == Some(*by) && self.association(answer.station).is_some() {
                    let action = management::Action::FastTransitionResponse(answer.clone());
                    self.send_to(answer.station, Body::Action(action));
                }
            }
        }
    }

    /// A client asks another access point by way of us.
    pub(super) fn relay(&mut self, station: MacAddr, question: TransitionAsked) {
        let serves = self.setup.mobility.as_ref().is_some_and(|member| member.over_ds);
        match self.bssid(None).filter(|_| serves && question.station == station) {
            Some(by) => self.out.push(Action::Tell(Message::Asked { by, question })),
            None => self.ignore(station, "there is no way to another access point here"),
        }
    }

    /// A station asks for a transition over the air.
    pub(super) fn on_transition(
        &mut self,
        now: Instant,
        means: &mut Means<'_>,
        at: &At,
        (station, whom): (MacAddr, &Whom),
        frame: &Authentication,
    ) {
        let (status, payload) = match self.agree(now, means, (whom.own, station), &frame.payload) {
            Ok((offer, elements)) => {
                self.authenticated(station, whom.proved(now, Proof::Fast(Box::new(offer))));
                (StatusCode::Success, elements)
            }
            Err(status) => {
                self.report(Report::Ignored { from: station, why: "its transition is refused" });
                (status, Vec::new())
            }
        };
        let algorithm = AuthenticationAlgorithm::FastTransition;
        self.reply(at, Body::Authentication(Authentication { algorithm, transaction: 2, status, payload }));
    }

    fn agree(
        &self,
        now: Instant,
        means: &mut Means<'_>,
        (own, station): (MacAddr, MacAddr),
        elements: &[u8],
    ) -> Result<(Offer, Vec<u8>), StatusCode> {
        let member = self.setup.mobility.as_ref().ok_or(StatusCode::UnsupportedAuthenticationAlgorithm)?;
        let asked = Asked::read(member, elements)?;
        let hierarchy = self.roots.find(now, station).cloned().ok_or(StatusCode::InvalidPmkid)?;
        Offer::make(member, (own, station), &asked, hierarchy, &self.advertised(), means.entropy)
    }

    /// Whether a client has begun a transition to us, of which its reassociation brings the proof.
    pub(super) fn transits(&self, station: MacAddr) -> bool {
        match self.clients.get(station) {
            Some(Client::Authenticated(authentication)) => matches!(authentication.proof, Proof::Fast(_)),
            Some(Client::Associated(association)) => {
                association.again.as_ref().is_some_and(|again| matches!(again.proof, Proof::Fast(_)))
            }
            None => false,
        }
    }
}
