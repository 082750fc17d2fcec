//! Events in an access point's words.

use super::super::event::{Event, EventKind};
use lapwing_core::ap;
use lapwing_core::kernel::KernelEvent;
use lapwing_frames::management::FrameFlags;

/// An event of an access point's interface in its words; nothing if it has none for it.
#[must_use]
pub fn access_point_event(event: Event) -> Option<ap::KernelEvent> {
    let link = event.origin.link;
    Some(match event.kind {
        EventKind::Station(KernelEvent::Frame { bytes, .. }) => {
            // The kernel decrypts and lets the bit stand. Of a frame that it cannot decrypt it says nothing.
            let protected =
                bytes.get(1).is_some_and(|flags| FrameFlags(*flags).contains(FrameFlags::PROTECTED));
            ap::KernelEvent::Frame { link, bytes, protected }
        }
        EventKind::Station(KernelEvent::KeyFrame { from, bytes, in_clear }) => {
            ap::KernelEvent::KeyFrame { from, bytes, protected: !in_clear }
        }
        EventKind::Station(KernelEvent::ChannelSwitched { .. }) => {
            ap::KernelEvent::ChannelSwitched { link, channel: event.channel? }
        }
        EventKind::Stranger(from) => ap::KernelEvent::Stranger { link, from },
        EventKind::ApStopped => ap::KernelEvent::Stopped,
        _ => return None,
    })
}
