//! What is received: whether it is for us, whether it may be believed, and who handles it.

use super::transmit::{EAPOL, is_robust};
use super::{Associated, Mac80211, Phase, frame, reason_name};
use crate::air::{Content, Protection, Transmission};
use crate::kernel::driver::{Context, Indication};
use lapwing_frames::management::{Action, Body, Management};
use lapwing_frames::{LinkId, MacAddr};

/// A data frame that was received.
struct Data<'a> {
    source: MacAddr,
    destination: MacAddr,
    ethertype: u16,
    payload: &'a [u8],
    protection: Option<Protection>,
}

impl Mac80211 {
    pub(super) fn receive(&mut self, transmission: &Transmission, context: &mut Context<'_>) {
        let ours = |address, bssid| {
            transmission.transmitter == bssid
                && (transmission.receiver == address || transmission.receiver.is_group())
        };
        let (peer, link) = match &mut self.phase {
            Phase::Idle => return,
            Phase::Authenticating(it) if ours(it.address, it.bssid) => (it.peer, it.link),
            Phase::Joining(it) => match it.association_link() {
                Some(link) if ours(link.address, link.bssid) => (it.peer, None),
                _ => return,
            },
            Phase::Associated(it) => {
                let mut links = it.links.iter();
                match links.find(|(_, link)| ours(link.address, link.bssid)) {
                    Some((id, _)) => (it.peer, *id),
                    None => return,
                }
            }
            Phase::Authenticating(_) => return,
        };
        let group = transmission.receiver.is_group();
        match &transmission.content {
            Content::Management { frame, protection } => {
                self.management(frame, *protection, peer, (link, group), context);
            }
            Content::Data { source, destination, ethertype, payload, protection } => {
                let data = Data {
                    source: *source,
                    destination: *destination,
                    ethertype: *ethertype,
                    payload,
                    protection: *protection,
                };
                if let Phase::Associated(associated) = &mut self.phase {
                    associated.data_received(&data, (link, group), context);
                }
            }
        }
    }

    fn management(
        &mut self,
        frame: &[u8],
        protection: Option<Protection>,
        peer: MacAddr,
        (link, group): (Option<LinkId>, bool),
        context: &mut Context<'_>,
    ) {
        let frame = frame::received(frame, context.address, peer);
        let Ok(Management { body, .. }) = Management::parse_decrypted(&frame) else { return };
        let believed = match (&mut self.phase, protection) {
            (Phase::Associated(associated), Some(protection)) => associated.admits(link, group, protection),
            (Phase::Associated(associated), None) => {
                let keyed = group || !associated.pairwise.is_empty();
                !(associated.protects_management && keyed && is_robust(&body))
            }
            // Before there is an association there are no keys.
            (_, protection) => protection.is_none(),
        };
        if !believed {
            if protection.is_none() && matches!(body, Body::Deauthentication(_) | Body::Disassociation(_)) {
                context.say(Indication::UnprotectedFarewell(frame));
            }
            return;
        }
        match body {
            Body::Authentication(body) if !group => self.authentication_received(frame, &body, context),
            Body::AssociationResponse(body) | Body::ReassociationResponse(body) if !group => {
                self.association_received(frame, body, context);
            }
            Body::Deauthentication(body) => self.farewell_received(frame, body.reason, context),
            Body::Disassociation(body) => {
                if let Phase::Associated(_) = self.phase {
                    let reason = body.reason;
                    context.log(|| {
                        format!("disassociated from {peer} (Reason: {}={})", reason.0, reason_name(reason))
                    });
                    self.phase = Phase::Idle;
                    context.say(Indication::Disassociation { frame, peer, reason });
                }
            }
            Body::Action(Action::LinkReconfigurationResponse(body)) if protection.is_some() => {
                self.reconfiguration_received(frame, &body, context);
            }
            Body::Action(_) => {
                if let Phase::Associated(associated) = &self.phase {
                    let frequency = associated.links.get(&link).map(|link| link.frequency);
                    context.say(Indication::Frame { frequency, frame });
                }
            }
            _ => {}
        }
    }
}

impl Associated {
    fn data_received(
        &mut self,
        data: &Data<'_>,
        (link, group): (Option<LinkId>, bool),
        context: &mut Context<'_>,
    ) {
        if let Some(protection) = data.protection
            && !self.admits(link, group, protection)
        {
            return;
        }
        let payload = data.payload.to_vec();
        if data.ethertype == EAPOL {
            if data.destination == context.address {
                let in_clear = data.protection.is_none();
                context.say(Indication::KeyFrame { from: data.source, bytes: payload, in_clear });
            }
            return;
        }
        // What has a key must come with it.
        let keyed =
            if group { self.group.keys().any(|(on, _)| *on == link) } else { !self.pairwise.is_empty() };
        let ours = data.destination == context.address || data.destination.is_group();
        if self.authorized && ours && (data.protection.is_some() || !keyed) && data.source != context.address
        {
            context.say(Indication::Deliver { source: data.source, ethertype: data.ethertype, payload });
        }
    }
}
