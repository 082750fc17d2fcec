//! SA Query on the AP's side (802.11-2020 11.13): a client with protected frames that seems to come anew is asked
//! whether it still has its keys, and keeps its association until it does not answer.

use super::{
    AUTHENTICATED, AccessPoint, At,
    client::{Client, SaQuery},
    vocabulary::{Report, Request},
};
use crate::{Duration, Instant, Means, entropy::random};
use alloc::{vec, vec::Vec};
use lapwing_frames::{
    MacAddr,
    element::{Element, OperatingChannel, TimeoutInterval, bss::TimeoutKind},
    management::{
        Action, AssociationId, AssociationResponse, Body, StatusCode, action::SaQuery as SaQueryBody,
    },
};

/// A time unit of 802.11.
const TIME_UNIT: Duration = Duration::from_micros(1024);
/// The time from one query to the next (dot11AssociationSAQueryRetryTimeout, as hostapd has it).
const RETRY: Duration = Duration::from_micros(201 * 1024);
/// The time until an unanswered client is given up (dot11AssociationSAQueryMaximumTimeout).
const PATIENCE: Duration = Duration::from_micros(1000 * 1024);

impl AccessPoint {
    /// Refuses an association for now, and asks the client that stands in its way.
    pub(super) fn query(
        &mut self,
        now: Instant,
        means: &mut Means<'_>,
        at: &At,
        station: MacAddr,
        reassociation: bool,
    ) {
        let Some(Client::Associated(association)) = self.clients.get_mut(station) else { return };
        let query = match association.query {
            Some(query) => query,
            None => {
                let transaction = random(means.entropy);
                let query = SaQuery { transaction, next: now + RETRY, until: now + PATIENCE };
                association.query = Some(query);
                // It has to be there when the time is up.
                if let Some(again) = &mut association.again {
                    again.until = query.until + AUTHENTICATED;
                }
                self.ask_client(station, transaction);
                query
            }
        };
        let left = query.until.since(now).as_micros().div_ceil(TIME_UNIT.as_micros()).max(1);
        let mut elements = Vec::new();
        TimeoutInterval {
            kind: TimeoutKind::AssociationComeback,
            value: u32::try_from(left).unwrap_or(u32::MAX),
            tail: vec![],
        }
        .write(&mut elements);
        let response = AssociationResponse {
            capabilities: self.capability(),
            status: StatusCode::RefusedTemporarily,
            association_id: AssociationId::new(0),
            elements,
        };
        self.reply(
            at,
            match reassociation {
                true => Body::ReassociationResponse(response),
                false => Body::AssociationResponse(response),
            },
        );
    }

    /// Asks again, or gives the client up.
    pub(super) fn continue_query(&mut self, now: Instant, station: MacAddr) {
        let Some(Client::Associated(association)) = self.clients.get_mut(station) else { return };
        let Some(query) = &mut association.query else { return };
        if now >= query.until {
            let again = association.again.take();
            self.ask(Request::RemoveStation { station });
            self.report(Report::Left { station, why: "it did not answer an SA Query" });
            match again {
                Some(mut again) => {
                    again.until = now + AUTHENTICATED;
                    self.clients.insert(station, Client::Authenticated(again));
                }
                None => drop(self.clients.remove(station)),
            }
            self.has_group_keys(station);
        } else if now >= query.next {
            query.next = now + RETRY;
            let transaction = query.transaction;
            self.ask_client(station, transaction);
        }
    }

    /// The client has its keys: whoever authenticated was somebody else.
    pub(super) fn on_query_answered(&mut self, station: MacAddr, answer: &SaQueryBody) {
        let Some(Client::Associated(association)) = self.clients.get_mut(station) else { return };
        let asked = association.query.is_some_and(|query| query.transaction == answer.transaction);
        if asked {
            (association.query, association.again) = (None, None);
        } else {
            self.ignore(station, "nothing was asked");
        }
    }

    /// Answers a client's query: it may have heard a farewell that was not ours.
    pub(super) fn answer_query(&mut self, station: MacAddr, query: SaQueryBody) {
        let elements = self.operating_channel_of(station);
        let answer = SaQueryBody { transaction: query.transaction, elements };
        self.send_to(station, Body::Action(Action::SaQueryResponse(answer)));
    }

    fn ask_client(&mut self, station: MacAddr, transaction: [u8; 2]) {
        let elements = self.operating_channel_of(station);
        let query = SaQueryBody { transaction, elements };
        self.send_to(station, Body::Action(Action::SaQueryRequest(query)));
    }

    /// The Operating Channel Information element, if the client validates it.
    pub(super) fn operating_channel_of(&self, station: MacAddr) -> Vec<u8> {
        let mut elements = Vec::new();
        let channel = self.association(station).and_then(|association| {
            association.port.authenticator().filter(|keys| keys.validates_operating_channel())?;
            self.bss.get(&association.link)?.channel.operating_channel()
        });
        if let Some(channel) = channel {
            OperatingChannel {
                operating_class: channel.operating_class,
                primary_channel: channel.primary,
                segment1: channel.segment1,
                tail: vec![],
            }
            .write(&mut elements);
        }
        elements
    }
}
