//! What some access points do instead of what they should.

use super::{Ap, set_addresses};
use crate::air::{Content, Transmission};
use crate::habit::Habit;
use crate::parts::ApOutput;
use lapwing_core::Instant;
use lapwing_core::ap::{Event, Order, mld_address};
use lapwing_core::curve::Curves;
use lapwing_frames::element::{Elements, Rsn};
use lapwing_frames::management::{
    AssociationId, AssociationResponse, Body, CapabilityInformation, Departure, Header, Management,
    ReasonCode, StatusCode,
};
use lapwing_frames::{LinkId, MacAddr};

impl Ap {
    /// Whether a habit takes a frame from the machine. It may also change the frame.
    pub(super) fn takes_by_habit(
        &mut self,
        now: Instant,
        at: (Option<LinkId>, MacAddr),
        frame: &mut [u8],
        curves: &dyn Curves,
        out: &mut Vec<ApOutput>,
    ) -> bool {
        let habits = self.setup.habits;
        if habits.iter().next().is_none() {
            return false;
        }
        let Ok(Management { header, body }) = Management::parse_decrypted(frame) else { return false };
        match body {
            Body::Authentication(authentication) if habits.has(Habit::ApAnswersOldLinkAddress) => {
                if let Some(station) = mld_address(&authentication)
                    && let Some(known) = self.stations.get(&station).filter(|known| known.is_mld)
                {
                    // It is looked up by its MLD address, and so spoken to where it was before.
                    set_addresses(frame, [known.own, station, known.own]);
                }
                false
            }
            Body::AssociationRequest(request) => {
                self.meets_cached_pmksa(now, at, &header, (&request.elements, false), curves, out)
            }
            Body::ReassociationRequest(request) => {
                self.meets_cached_pmksa(now, at, &header, (&request.elements, true), curves, out)
            }
            _ => false,
        }
    }

    /// An association request: does it name a cached PMKSA, and is there a habit for that?
    fn meets_cached_pmksa(
        &mut self,
        now: Instant,
        (link, bssid): (Option<LinkId>, MacAddr),
        header: &Header,
        (elements, reassociation): (&[u8], bool),
        curves: &dyn Curves,
        out: &mut Vec<ApOutput>,
    ) -> bool {
        let Some(station) = self.machine.whose(header.transmitter) else { return false };
        self.neglected.remove(&station);
        let rsn = Elements::new(elements).find::<Rsn>().ok().flatten();
        let names_one = rsn.is_some_and(|rsn| !rsn.pmkids().is_empty());
        if !names_one || self.machine.proved_by_sae(station) {
            return false;
        }
        let habits = self.setup.habits;
        let answer = if habits.has(Habit::ApDeauth9OnCachedPmksa) {
            let reason = ReasonCode::NotAuthenticated;
            Body::Deauthentication(Departure { reason, elements: Vec::new() })
        } else if habits.has(Habit::ApStatus53OnCachedPmksa) {
            let response = AssociationResponse {
                capabilities: CapabilityInformation::ESS,
                status: StatusCode::InvalidPmkid,
                association_id: AssociationId::new(0),
                elements: Vec::new(),
            };
            match reassociation {
                true => Body::ReassociationResponse(response),
                false => Body::AssociationResponse(response),
            }
        } else if habits.has(Habit::ApSilentOnCachedPmksa) {
            return true;
        } else {
            if habits.has(Habit::ApNoHandshakeOnCachedPmksa) {
                self.neglected.insert(station);
            }
            if habits.has(Habit::ApForgetsPmksa) {
                self.hand(now, Event::Order(Order::ForgetPmksas), curves, out);
            }
            return false;
        };
        let receiver = self
            .stations
            .get(&header.transmitter)
            .and_then(|known| known.links.get(&link))
            .copied()
            .unwrap_or(header.transmitter);
        let mut frame = Vec::new();
        Management { header: Header::new(receiver, bssid, bssid), body: answer }.write(&mut frame);
        if let Some(bss) = self.bss.get(&link) {
            out.push(ApOutput::Transmit(Transmission {
                frequency: bss.frequency,
                transmitter: bssid,
                receiver,
                content: Content::Management { frame, protection: None },
            }));
        }
        true
    }
}
