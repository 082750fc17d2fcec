//! SAE in the firmware's name.

use super::{Going, REPEAT};
use crate::policy::Turn;
use crate::policy::target::Target;
use lapwing_core::crypto::keys::{Pmk, Pmkid};
use lapwing_core::kernel::{ExternalAuthentication, Request};
use lapwing_core::rsn::Candidate;
use lapwing_core::sae;
use lapwing_frames::management::{Authentication, Body, Header, Management, StatusCode};

/// The firmware wants SAE, or no longer.
pub(super) fn asked(turn: &mut Turn<'_, '_>, going: &mut Going, wish: &ExternalAuthentication) {
    let is_ours = wish.start
        && wish.bssid == going.target.bssid
        && wish.ssid.as_ref().is_none_or(|ssid| *ssid == going.target.ssid);
    let first = match &mut going.sae {
        Some(machine) if is_ours => Some(machine.start(&mut turn.means.lend())),
        _ => None,
    };
    match first {
        Some(sae::Progress::Send(frame)) => {
            going.repeat = Some(turn.now + REPEAT);
            send_frame(turn, &going.target, frame);
        }
        _ => {
            turn.note("has no SAE to begin");
            answer(turn, &going.target, StatusCode::UnspecifiedFailure);
        }
    }
}

/// A management frame while the firmware waits for SAE.
pub(super) fn frame(turn: &mut Turn<'_, '_>, going: &mut Going, bytes: &[u8]) {
    let Ok(Management { header, body: Body::Authentication(body) }) = Management::parse(bytes) else {
        return;
    };
    let Some(machine) = going.sae.as_mut().filter(|_| header.transmitter == going.target.bssid) else {
        return;
    };
    match machine.handle(&mut turn.means.lend(), &body) {
        sae::Progress::Send(frame) => {
            going.repeat = Some(turn.now + REPEAT);
            send_frame(turn, &going.target, frame);
        }
        sae::Progress::Ignored(_) => {}
        sae::Progress::Accepted(accepted) => {
            let pmkid = Some(Pmkid(accepted.pmkid));
            going.candidate = Pmk::new(accepted.pmk).map(|pmk| Candidate { pmkid, pmk });
            going.repeat = None;
            answer(turn, &going.target, StatusCode::Success);
        }
        sae::Progress::Failed(_) => {
            going.repeat = None;
            let status =
                if body.status == StatusCode::Success { StatusCode::UnspecifiedFailure } else { body.status };
            answer(turn, &going.target, status);
        }
    }
}

/// Answers the firmware's wish.
pub(super) fn answer(turn: &mut Turn<'_, '_>, target: &Target, status: StatusCode) {
    let (bssid, ssid) = (target.bssid, target.ssid.clone());
    turn.ask(Request::AnswerExternalAuthentication { bssid, ssid, status, pmkid: None });
}

/// Sends an Authentication frame in the firmware's name.
pub(super) fn send_frame(turn: &mut Turn<'_, '_>, target: &Target, body: Authentication) {
    let header = Header::new(target.bssid, turn.seat.address, target.bssid);
    let mut bytes = Vec::new();
    Management { header, body: Body::Authentication(body) }.write(&mut bytes);
    turn.ask(Request::SendFrame { frequency: Some(target.frequency), bytes });
}
