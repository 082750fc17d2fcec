//! SAE by the firmware itself. What takes arithmetic on curves is put off until somebody who can do it comes by.

use super::handshake::Key;
use super::join::{Step, TIMEOUT};
use super::{Dice, Firmware, Phase};
use crate::kernel::driver::Context;
use lapwing_core::crypto::keys::Pmk;
use lapwing_core::curve::{Curves, Group};
use lapwing_core::kernel::Offload;
use lapwing_core::means::Means;
use lapwing_core::rsn::plan::SaeMethod;
use lapwing_core::sae::{Method, Password, Progress, Sae, SaeFailure, Setup, station::Accepted};
use lapwing_frames::management::{Authentication, Body, StatusCode};
use lapwing_frames::suite::Akm;

/// A calculation that waits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Calculation {
    /// The first commit.
    Start,
    /// The answer to a frame.
    Frame(Authentication),
}

impl Firmware {
    pub(super) fn start_sae(&mut self) {
        self.calculation = Some(Calculation::Start);
        if let Phase::Joining(joining) = &mut self.phase {
            joining.until = None;
        }
    }

    /// A frame of SAE from the AP.
    pub(super) fn sae_received(&mut self, body: &Authentication) {
        if let Phase::Joining(joining) = &self.phase
            && let Step::Sae(_) = joining.step
        {
            self.calculation = Some(Calculation::Frame(body.clone()));
        }
    }

    pub(super) fn do_calculation(&mut self, curves: &dyn Curves, context: &mut Context<'_>) {
        let Some(calculation) = self.calculation.take() else { return };
        let Phase::Joining(joining) = &mut self.phase else { return };
        let own = context.address;
        if calculation == Calculation::Start
            && let Offload::Sae(password) = &joining.request.offload
        {
            let setup = Setup {
                own,
                peer: joining.bssid,
                akm: joining.request.security.map_or(Akm::Sae, |security| security.akm),
                method: match joining.request.sae {
                    Some(SaeMethod::HuntingAndPecking) => Method::HuntingAndPecking,
                    Some(SaeMethod::HashToElement) | None => Method::HashToElement,
                },
                groups: Group::ALL.to_vec(),
            };
            let password = Password::new(joining.request.ssid.octets(), password.expose(), None);
            joining.step = Step::Sae(Box::new(Sae::new(setup, password)));
        }
        let Step::Sae(machine) = &mut joining.step else { return };
        let mut dice = Dice(context);
        let mut means = Means { entropy: &mut dice, curves };
        let progress = match &calculation {
            Calculation::Start => machine.start(&mut means),
            Calculation::Frame(frame) => machine.handle(&mut means, frame),
        };
        self.sae_goes_on(progress, context);
    }

    /// Nothing came of the last frame.
    pub(super) fn repeat_sae(&mut self, context: &mut Context<'_>) {
        let Phase::Joining(joining) = &mut self.phase else { return };
        let Step::Sae(machine) = &mut joining.step else { return };
        let progress = machine.repeat();
        self.sae_goes_on(progress, context);
    }

    fn sae_goes_on(&mut self, progress: Progress, context: &mut Context<'_>) {
        let Phase::Joining(joining) = &mut self.phase else { return };
        match progress {
            Progress::Send(body) => {
                joining.until = Some(context.now + TIMEOUT);
                joining.transmit(Body::Authentication(body), context);
            }
            Progress::Ignored(_) => {}
            Progress::Accepted(Accepted { pmk, pmkid, .. }) => {
                let key = Pmk::new(pmk).map(Key);
                self.associate_with(Some(pmkid), key, context);
            }
            Progress::Failed(failure) => {
                let status = match failure {
                    SaeFailure::WrongPassword(_) => StatusCode::ChallengeFailure,
                    SaeFailure::Refused { status, .. } => status,
                    _ => StatusCode::SequenceTimeout,
                };
                self.failed(status, context);
            }
        }
    }
}
