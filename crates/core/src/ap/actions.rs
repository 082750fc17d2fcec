//! Action frames of clients (802.11-2020 9.6): what is obeyed, what is refused, what is given back.

use super::{AccessPoint, At, client::Association};
use crate::{Instant, rsn::operating_channel::reaches};
use alloc::vec::Vec;
use lapwing_frames::{
    MacAddr,
    element::{Elements, OperatingChannel},
    kde,
    management::{
        Action, Body, StatusCode,
        action::{Category, MappingResponse},
    },
};

/// In a category: the frame is one that its sender got back.
const GIVEN_BACK: u8 = 0x80;

impl AccessPoint {
    /// Only a client with keys is listened to, and only under them: nothing that stands in clear is of use to us.
    pub(super) fn on_action(&mut self, now: Instant, at: &At, action: Action) {
        let from = at.header.transmitter;
        let station = self.associated_at(from);
        let association = station.and_then(|station| Some((station, self.association(station)?)));
        let Some((station, association)) = association else {
            return self.ignore(from, "it is not associated");
        };
        // Where frames are not protected, this one is not either.
        if let Action::FastTransitionRequest(question) = action {
            return match association.port.is_open() && at.protected == association.frame_protection {
                true => self.relay(station, question),
                false => self.ignore(from, "its action is not protected"),
            };
        }
        if !(association.is_protected() && at.protected) {
            return self.ignore(from, "its action is not protected");
        }
        let is_mld = association.authentication.is_mld;
        match action {
            Action::SaQueryRequest(query) if self.is_here(at, association, &query.elements) => {
                self.answer_query(station, query);
            }
            Action::SaQueryResponse(query) if self.is_here(at, association, &query.elements) => {
                self.on_query_answered(station, &query);
            }
            Action::SaQueryRequest(_) | Action::SaQueryResponse(_) => {
                self.ignore(station, "it is on another channel");
            }
            Action::LinkReconfigurationRequest(request) => {
                self.on_reconfiguration(now, at, station, &request);
            }
            // All TIDs are on all links: our capabilities say that this is not negotiated.
            Action::MappingRequest(request) if is_mld => {
                let (dialog_token, status) = (request.dialog_token, StatusCode::DeniedTidToLinkMapping);
                let response = MappingResponse { dialog_token, status, elements: Vec::new() };
                self.send_to(station, Body::Action(Action::MappingResponse(response)));
            }
            // An answer to nothing, or a frame that we sent and that comes back.
            Action::MappingResponse(_) | Action::MappingTeardown(_) | Action::TransitionResponse(_) => {
                self.ignore(station, "nothing was asked");
            }
            action => self.give_back(station, &action),
        }
    }

    /// Gives back an action that we do not know (802.11-2020 10.28.4): its sender need not wait for an answer.
    fn give_back(&mut self, station: MacAddr, action: &Action) {
        let mut octets = Vec::new();
        action.write(&mut octets);
        match octets.split_first_chunk() {
            Some((&[category, action], octets)) if category & GIVEN_BACK == 0 => {
                let category = Category(category | GIVEN_BACK);
                let back = Action::Other { category, action, octets: octets.to_vec() };
                self.send_to(station, Body::Action(back));
            }
            // Not again, or the two would never come to an end.
            _ => self.ignore(station, "it gives a frame back"),
        }
    }

    /// Whether a client that validates the operating channel says that it is on ours.
    pub(super) fn is_here(&self, at: &At, association: &Association, elements: &[u8]) -> bool {
        let validates =
            association.port.authenticator().is_some_and(|keys| keys.validates_operating_channel());
        let own = self.bss.get(&at.link).and_then(|bss| bss.channel.operating_channel());
        let told = Elements::new(elements).find::<OperatingChannel>().ok().flatten();
        let told = told.map(|told| kde::OperatingChannel {
            operating_class: told.operating_class,
            primary: told.primary_channel,
            segment1: told.segment1,
        });
        !validates || matches!((own, told), (Some(own), Some(told)) if reaches(told, own))
    }
}
