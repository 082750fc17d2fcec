//! What is sent: the network stack's packets, EAPOL, and the party's own frames.

use super::frame;
use super::{Associated, Awaited, Link, Mac80211, Phase};
use crate::air::{Content, Protection, Transmission};
use crate::kernel::driver::{Completion, Context, Denial, Indication};
use lapwing_core::kernel::{Errno, Frequency};
use lapwing_frames::MacAddr;
use lapwing_frames::management::action::Category;
use lapwing_frames::management::{Action, Body, Management};

/// EAPOL.
pub(super) const EAPOL: u16 = 0x888e;

impl Associated {
    /// A data frame to the peer, on the first link.
    fn data(
        &self,
        source: MacAddr,
        destination: MacAddr,
        ethertype: u16,
        payload: Vec<u8>,
        protection: Option<Protection>,
    ) -> Option<Transmission> {
        let link = self.links.values().next()?;
        Some(Transmission {
            frequency: link.frequency,
            transmitter: link.address,
            receiver: link.bssid,
            content: Content::Data { source, destination, ethertype, payload, protection },
        })
    }
}

/// Whether an action is robust: protected where management frames are.
pub(super) fn is_robust(body: &Body) -> bool {
    match body {
        Body::Deauthentication(_) | Body::Disassociation(_) => true,
        Body::Action(action) => {
            let mut octets = Vec::new();
            action.write(&mut octets);
            let category = octets.first().copied().map(Category);
            !matches!(
                category,
                Some(
                    Category::Public
                        | Category::Ht
                        | Category::UnprotectedWnm
                        | Category::Vht
                        | Category::He
                        | Category::Eht
                        | Category::VendorSpecific
                )
            )
        }
        _ => false,
    }
}

impl Mac80211 {
    /// The network stack sends a packet: nothing passes a closed port but EAPOL.
    pub(super) fn send(
        &mut self,
        destination: MacAddr,
        ethertype: u16,
        payload: Vec<u8>,
        context: &mut Context<'_>,
    ) {
        let Phase::Associated(associated) = &mut self.phase else { return };
        if !associated.authorized && ethertype != EAPOL {
            return;
        }
        let protection = associated.protect();
        if let Some(transmission) =
            associated.data(context.address, destination, ethertype, payload, protection)
        {
            context.say(Indication::Transmit { number: None, transmission });
        }
    }

    /// `ieee80211_tx_control_port`.
    pub(super) fn send_key_frame(
        &mut self,
        to: MacAddr,
        payload: Vec<u8>,
        in_clear: bool,
        context: &mut Context<'_>,
    ) -> Completion {
        let cookie = self.number(Awaited::KeyFrame);
        if let Phase::Associated(associated) = &mut self.phase {
            let protection = if in_clear { None } else { associated.protect() };
            if let Some(transmission) = associated.data(context.address, to, EAPOL, payload, protection) {
                context.say(Indication::Transmit { number: Some(cookie), transmission });
            }
        }
        Completion::Sent { cookie }
    }

    /// `ieee80211_mgmt_tx`.
    pub(super) fn send_frame(
        &mut self,
        frequency: Option<Frequency>,
        frame: Vec<u8>,
        context: &mut Context<'_>,
    ) -> Result<Completion, Denial> {
        let management = Management::parse(&frame).map_err(|_| Errno::EINVAL)?;
        let known = match &mut self.phase {
            Phase::Associated(associated) if management.header.receiver == associated.peer => {
                let links = associated.links.values();
                let link =
                    links.copied().find(|link| frequency.is_none_or(|frequency| frequency == link.frequency));
                let protects = matches!(management.body, Body::Action(Action::SaQueryRequest(_)))
                    || is_robust(&management.body);
                let protection = if protects { associated.protect_management() } else { None };
                link.map(|link| (link, protection))
            }
            _ => None,
        };
        let (link, protection) = match (known, frequency) {
            (Some(known), _) => known,
            (None, Some(frequency)) => {
                let address = management.header.transmitter;
                let bssid = management.header.receiver;
                (Link { address, bssid, frequency, interval: 100, switching: None, silent: false }, None)
            }
            (None, None) => return Err(Errno::EINVAL.into()),
        };
        let cookie = self.number(Awaited::Frame);
        context.say(frame::transmit(&frame, &link, protection, Some(cookie)));
        Ok(Completion::Sent { cookie })
    }
}
