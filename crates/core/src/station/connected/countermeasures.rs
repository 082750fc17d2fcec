//! What is done against whoever tries out forged frames on TKIP: its integrity check is weak, and few tries are enough.

use super::{Connected, KERNEL_LIMIT};
use crate::{
    attempt::Entry,
    failure::Code,
    rsn::supplicant::Output,
    station::{Footing, State, context::Turn},
    time::Duration,
};
use alloc::boxed::Box;

/// Two frames that fail TKIP's integrity check within this time end the connection, for as long (802.11-2020 12.5.2.4).
pub(super) const PERIOD: Duration = Duration::from_secs(60);

impl Connected {
    /// A frame failed TKIP's integrity check: the AP is told, and after the second the connection ends.
    pub(super) fn mic_failed(mut self: Box<Self>, turn: &mut Turn<'_>, pairwise: bool) -> State {
        let report = self.supplicant.as_mut().and_then(|supplicant| supplicant.report_mic_failure(pairwise));
        let Some(Output::SendKeyFrame { octets, in_clear }) = report else {
            return self.ignore(turn, "a frame that fails an integrity check, without a key");
        };
        turn.log(Some(self.journey.id), Entry::Handshake("a frame failed TKIP's integrity check: reported"));
        let peer = self.peer;
        let ticket = turn.send_key_frame(&self.journey, peer, octets, in_clear);
        self.outstanding.push(ticket, "CONTROL_PORT_FRAME");
        self.outstanding_until = turn.now + KERNEL_LIMIT;
        let before = self.mic_failed.replace(turn.now);
        if before.is_some_and(|before| turn.now.since(before) < PERIOD) {
            return self.lost(turn, Code::MicFailures, Footing::Connected(peer));
        }
        State::Connected(self)
    }
}
