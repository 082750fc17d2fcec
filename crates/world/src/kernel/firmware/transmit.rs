//! Frames of the party's own making, what becomes of them, and what is received.

use super::join::Step;
use super::link::Data;
use super::{Firmware, Phase};
use crate::air::{Content, Protection, Transmission};
use crate::habit::Habit;
use crate::kernel::driver::{Completion, Context, Denial, Indication};
use lapwing_core::Instant;
use lapwing_core::kernel::{Errno, Frequency};
use lapwing_frames::MacAddr;
use lapwing_frames::management::action::SaQuery;
use lapwing_frames::management::{
    Action, AuthenticationAlgorithm, Body, Header, Management, ReasonCode, StatusCode,
};
use std::time::Duration;

/// How long the driver waits for the firmware's word about a frame, with the wiphy's mutex held.
const BLOCKS_FOR: Duration = Duration::from_millis(4100);
/// The most frames whose status is waited for: the oldest is given up.
const MOST_AWAITED: usize = 16;

/// What a frame was whose status is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Awaited {
    KeyFrame,
    Frame,
}

/// A command that waits for the status of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Blocked {
    number: u64,
    pub(super) until: Instant,
}

impl Firmware {
    fn number(&mut self, what: Awaited) -> u64 {
        if self.awaited.len() >= MOST_AWAITED {
            self.awaited.pop_first();
        }
        let number = (1..).find(|number| !self.awaited.contains_key(number)).unwrap_or(1);
        self.awaited.insert(number, what);
        number
    }

    /// Sends a management frame.
    pub(super) fn send_frame(
        &mut self,
        frequency: Option<Frequency>,
        frame: Vec<u8>,
        context: &mut Context<'_>,
    ) -> Result<Completion, Denial> {
        let management = Management::parse(&frame).map_err(|_| Errno::EINVAL)?;
        let receiver = management.header.receiver;
        let here = match &self.phase {
            Phase::Joining(joining) => Some(joining.frequency),
            Phase::Joined(link) => Some(link.frequency),
            Phase::Idle | Phase::Stuck => None,
        };
        let frequency = frequency.or(here).ok_or(Errno::EINVAL)?;
        let protection = match &mut self.phase {
            Phase::Joined(link) if link.bssid == receiver && link.protects_management() => {
                match management.body {
                    Body::Authentication(_) => None,
                    _ => link.protect(),
                }
            }
            _ => None,
        };
        let habits = context.setup.habits;
        let number = self.number(Awaited::Frame);
        context.say(Indication::Transmit {
            number: Some(number),
            transmission: Transmission {
                frequency,
                transmitter: context.address,
                receiver,
                content: Content::Management { frame, protection },
            },
        });
        if habits.has(Habit::FirmwareBlockingTransmit) {
            self.blocked = Some(Blocked { number, until: context.now + BLOCKS_FOR });
            return Ok(Completion::Blocked);
        }
        if habits.has(Habit::FirmwareZeroCookies) {
            self.awaited.remove(&number);
            context.say(Indication::FrameStatus { cookie: 0, acknowledged: true });
            return Ok(Completion::Sent { cookie: 0 });
        }
        Ok(Completion::Sent { cookie: number })
    }

    /// Sends an EAPOL frame.
    pub(super) fn send_key_frame(
        &mut self,
        to: MacAddr,
        bytes: Vec<u8>,
        in_clear: bool,
        context: &mut Context<'_>,
    ) -> Completion {
        let zero = context.setup.habits.has(Habit::FirmwareZeroCookies);
        let number = if zero { 0 } else { self.number(Awaited::KeyFrame) };
        if let Phase::Joined(link) = &mut self.phase {
            link.send_key_frame((!zero).then_some(number), to, bytes, in_clear, context);
        }
        Completion::Sent { cookie: number }
    }

    pub(super) fn transmitted(&mut self, number: u64, acknowledged: bool, context: &mut Context<'_>) {
        if self.blocked.is_some_and(|blocked| blocked.number == number) {
            // Of a frame that is not acknowledged the firmware says nothing: it tries on.
            if acknowledged {
                self.unblock(true, context);
            }
            return;
        }
        let cookie = number;
        match self.awaited.remove(&number) {
            Some(Awaited::Frame) => context.say(Indication::FrameStatus { cookie, acknowledged }),
            Some(Awaited::KeyFrame) => context.say(Indication::KeyFrameStatus { cookie, acknowledged }),
            None => {}
        }
    }

    /// The command that blocks is over.
    pub(super) fn unblock(&mut self, acknowledged: bool, context: &mut Context<'_>) {
        let Some(Blocked { number, .. }) = self.blocked.take() else { return };
        self.awaited.remove(&number);
        let cookie = if context.setup.habits.has(Habit::FirmwareZeroCookies) { 0 } else { number };
        context.say(Indication::FrameStatus { cookie, acknowledged });
        context.say(Indication::Completed(Ok(Completion::Sent { cookie })));
    }

    pub(super) fn receive(&mut self, transmission: &Transmission, context: &mut Context<'_>) {
        let bssid = match &self.phase {
            Phase::Joining(joining) => joining.bssid,
            Phase::Joined(link) => link.bssid,
            Phase::Idle | Phase::Stuck => return,
        };
        let group = transmission.receiver.is_group();
        if transmission.transmitter != bssid || !(group || transmission.receiver == context.address) {
            return;
        }
        match &transmission.content {
            Content::Management { frame, protection } => {
                self.management(frame, *protection, group, transmission.frequency, context);
            }
            Content::Data { source, destination, ethertype, payload, protection } => {
                let data = Data {
                    source: *source,
                    destination: *destination,
                    ethertype: *ethertype,
                    payload,
                    protection: *protection,
                    group,
                };
                self.data_received(&data, context);
            }
        }
    }

    fn management(
        &mut self,
        frame: &[u8],
        protection: Option<Protection>,
        group: bool,
        frequency: Frequency,
        context: &mut Context<'_>,
    ) {
        let Ok(Management { header, body }) = Management::parse_decrypted(frame) else { return };
        let robust = matches!(body, Body::Deauthentication(_) | Body::Disassociation(_) | Body::Action(_));
        let believed = match (&mut self.phase, protection) {
            (Phase::Joined(link), Some(protection)) => link.admits(group, protection),
            (Phase::Joined(link), None) => !(link.protects_management() && robust),
            (_, protection) => protection.is_none(),
        };
        if !believed {
            // An AP without our keys can say in clear alone that it does not know us.
            if let (Phase::Joined(link), None, Body::Deauthentication(body) | Body::Disassociation(body)) =
                (&mut self.phase, protection, &body)
                && matches!(body.reason, ReasonCode::InvalidClass2Frame | ReasonCode::InvalidClass3Frame)
                && !group
            {
                link.doubted(context);
            }
            return;
        }
        match (&mut self.phase, body) {
            (Phase::Joining(joining), Body::Authentication(body)) => match joining.step {
                Step::External if body.algorithm == AuthenticationAlgorithm::Sae => {
                    // The driver puts the header together anew, from what it knows.
                    let mut octets = Vec::new();
                    let header = Header::new(context.address, header.transmitter, header.transmitter);
                    Management { header, body: Body::Authentication(body) }.write(&mut octets);
                    context.say(Indication::Frame { frequency: Some(frequency), frame: octets });
                }
                Step::Open(_) => self.open_authenticated(&body, context),
                Step::Sae(_) => self.sae_received(&body),
                Step::Beginning | Step::External | Step::Associating { .. } => {}
            },
            (Phase::Joining(_), Body::AssociationResponse(body) | Body::ReassociationResponse(body)) => {
                self.associated(body, context);
            }
            (Phase::Joining(joining), Body::Deauthentication(_) | Body::Disassociation(_))
                if matches!(joining.step, Step::Open(_) | Step::Associating { .. }) =>
            {
                self.failed(StatusCode::UnspecifiedFailure, context);
            }
            (Phase::Joined(_), Body::Deauthentication(body) | Body::Disassociation(body)) => {
                self.lost(body.reason, true, context);
            }
            (Phase::Joined(link), Body::Action(Action::SaQueryRequest(query))) => {
                let SaQuery { transaction, .. } = query;
                let answer = SaQuery { transaction, elements: Vec::new() };
                link.manage(Body::Action(Action::SaQueryResponse(answer)), context);
            }
            (Phase::Joined(link), Body::Action(Action::SaQueryResponse(answer))) => {
                link.assured(answer.transaction);
            }
            (Phase::Joined(_), Body::Action(_)) => {
                context.say(Indication::Frame { frequency: Some(frequency), frame: frame.to_vec() });
            }
            _ => {}
        }
    }
}
