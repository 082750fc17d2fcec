//! The firmware's wishes for SAE: each is answered once.

use super::keys::is_end;
use super::{Rule, Sight, told};
use crate::happening::{Happening, What};
use crate::parts::{Command, Message};
use lapwing_core::kernel::{KernelEvent, Request};
use lapwing_core::{Duration, Instant};
use lapwing_frames::MacAddr;

/// How long the station may take for an answer: an SAE exchange with all its repetitions.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// Each start of an external authentication that the station hears of is answered, within 15 seconds,
/// and once. One that the firmware takes back, or that ends with the connection or with the
/// station's own wish to end it, may go without.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct OneReply {
    open: Option<(MacAddr, Instant)>,
    /// The last that was open, until its answer: it was taken back while the answer was on its way.
    taken_back: Option<MacAddr>,
    /// Whether the machine was asleep when this was last looked at.
    asleep: bool,
}

impl OneReply {
    fn take_back(&mut self) {
        if let Some((bssid, _)) = self.open.take() {
            self.taken_back = Some(bssid);
        }
    }
}

impl Rule for OneReply {
    const NAME: &'static str = "one-reply";
    const SENTENCE: &'static str = "each EXTERNAL_AUTH is answered exactly once, within 15 s";

    fn happened(&mut self, happening: &Happening) -> Result<(), String> {
        if let Some(KernelEvent::ExternalAuthentication(wish)) = told(happening) {
            self.take_back();
            if wish.start {
                self.open = Some((wish.bssid, happening.at));
            }
        } else if is_end(happening) || matches!(happening.what, What::Told(Message::EventsLost)) {
            self.take_back();
        }
        match &happening.what {
            What::Told(Message::Event(KernelEvent::Connected(_))) => self.take_back(),
            What::Asked { command: Command::Request(Request::Disconnect { .. }), .. } => self.take_back(),
            What::Asked { command: Command::Request(request), .. } => {
                let Request::AnswerExternalAuthentication { bssid, .. } = request else { return Ok(()) };
                let open = self.open.take_if(|(of, _)| of == bssid).is_some();
                let taken_back = self.taken_back.take_if(|of| of == bssid).is_some();
                if !open && !taken_back {
                    return Err(format!("an answer for {bssid} that nobody waits for"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn seen(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        let has_slept = std::mem::replace(&mut self.asleep, sight.asleep);
        if has_slept && let Some((_, since)) = &mut self.open {
            // Nobody could answer, and the kernel's word that the connection is over waits to be read.
            *since = sight.now;
        }
        match self.open {
            Some((bssid, since)) if sight.now.since(since) > ANSWER_WITHIN => {
                Err(format!("no answer for {bssid}"))
            }
            _ => Ok(()),
        }
    }
}
