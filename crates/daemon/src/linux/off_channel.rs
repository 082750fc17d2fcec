//! What is done on whichever channel, for device provisioning: frames, and listening for them.

use super::{Linux, Purpose};
use crate::kernel::{Heard, OffChannel};
use lapwing_core::Duration;
use lapwing_core::kernel::Refusal;
use lapwing_frames::dpp::{Frame, Gas};
use lapwing_linux::nl80211::{Request, extended};

/// Action frames, as in the Frame Control field.
const ACTION: u16 = 0x00d0;
/// The shortest time for which the kernel goes to a channel (`NL80211_MIN_REMAIN_ON_CHANNEL_TIME`).
const SHORTEST: u32 = 10;

impl Linux {
    pub(super) fn off_channel(&mut self, ifindex: u32, what: OffChannel) {
        match what {
            OffChannel::Hear { groups } => self.hear_provisioning(ifindex, groups),
            OffChannel::Send { number, frequency, wait, bytes } => {
                let wait = if wait.is_zero() { 0 } else { self.stay(ifindex, wait) };
                let request = Request::SendOffChannel { ifindex, frequency, wait, bytes };
                self.ask(&request, Purpose::OffChannel { ifindex, number: Some(number) });
            }
            OffChannel::Listen { frequency, wait } => {
                let duration = self.stay(ifindex, wait);
                let request = Request::RemainOnChannel { ifindex, frequency, duration };
                self.ask(&request, Purpose::OffChannel { ifindex, number: None });
            }
            OffChannel::Return { cookie } => {
                let request = Request::CancelFrameWait { ifindex, cookie };
                self.ask(&request, Purpose::OffChannel { ifindex, number: None });
            }
        }
    }

    /// What came of it. That a radio is busy elsewhere is no trouble: whoever listens in vain tries again.
    pub(super) fn off_channel_sent(
        &mut self,
        ifindex: u32,
        number: Option<u64>,
        outcome: Result<u64, Refusal>,
    ) {
        if let Some(number) = number {
            self.heard.push_back(Heard::OffChannelSent { ifindex, number, outcome });
        }
    }

    /// For how long a radio goes to a channel, in ms.
    fn stay(&self, ifindex: u32, wait: Duration) -> u32 {
        let wiphy = self.interfaces.get(&ifindex).and_then(|info| self.radios.get(&info.interface.wiphy));
        let longest = wiphy.and_then(|wiphy| wiphy.max_remain_on_channel).unwrap_or(u32::MAX);
        u32::try_from(wait.as_millis()).unwrap_or(u32::MAX).min(longest).max(SHORTEST)
    }

    /// Registers for the frames. The kernel keeps that as long as the interface has its type.
    fn hear_provisioning(&mut self, ifindex: u32, groups: bool) {
        let wiphy = self.interfaces.get(&ifindex).and_then(|info| self.radios.get(&info.interface.wiphy));
        let groups = groups && wiphy.is_some_and(|wiphy| wiphy.has(extended::MULTICAST_REGISTRATIONS));
        let before = self.provisions.insert(ifindex, groups);
        let changes = before != Some(groups);
        let own = changes.then(|| (Frame::PREFIX.to_vec(), groups));
        let gas =
            Gas::PREFIXES.into_iter().filter(|_| before.is_none()).map(|prefix| (prefix.to_vec(), false));
        for (prefix, groups) in own.into_iter().chain(gas) {
            let request = Request::RegisterFrame { ifindex, frame_type: ACTION, prefix, groups };
            self.ask(&request, Purpose::Registration);
        }
    }
}
