//! Frames: written with the addresses of MLDs, sent with those of a link, and read the other way round.

use super::Link;
use crate::air::{Content, Protection, Transmission};
use crate::kernel::driver::Indication;
use lapwing_frames::MacAddr;
use lapwing_frames::management::{Body, Departure, Header, Management, ReasonCode};

/// The octets of the header up to the sequence number.
const ADDRESSES: usize = 4;

/// A frame with a new header.
pub(super) fn management(receiver: MacAddr, transmitter: MacAddr, bssid: MacAddr, body: Body) -> Vec<u8> {
    let mut frame = Vec::new();
    Management { header: Header::new(receiver, transmitter, bssid), body }.write(&mut frame);
    frame
}

/// A Deauthentication frame of ours.
pub(super) fn deauthentication(peer: MacAddr, address: MacAddr, reason: ReasonCode) -> Vec<u8> {
    management(peer, address, peer, Body::Deauthentication(Departure { reason, elements: Vec::new() }))
}

fn set_addresses(frame: &mut [u8], addresses: [Option<MacAddr>; 3]) {
    if let Some(octets) = frame.get_mut(ADDRESSES..) {
        for (place, address) in octets.chunks_exact_mut(6).zip(addresses) {
            if let Some(address) = address {
                place.copy_from_slice(&address.0);
            }
        }
    }
}

/// Sends a frame on a link, with the addresses of that.
pub(super) fn transmit(
    frame: &[u8],
    link: &Link,
    protection: Option<Protection>,
    number: Option<u64>,
) -> Indication {
    let mut frame = frame.to_vec();
    set_addresses(&mut frame, [Some(link.bssid), Some(link.address), Some(link.bssid)]);
    let transmission = Transmission {
        frequency: link.frequency,
        transmitter: link.address,
        receiver: link.bssid,
        content: Content::Management { frame, protection },
    };
    Indication::Transmit { number, transmission }
}

/// A frame that was received, with the addresses of MLDs in place of those of the link.
pub(super) fn received(frame: &[u8], address: MacAddr, peer: MacAddr) -> Vec<u8> {
    let mut frame = frame.to_vec();
    let group = frame.get(ADDRESSES).is_some_and(|octet| octet & 1 != 0);
    set_addresses(&mut frame, [(!group).then_some(address), Some(peer), Some(peer)]);
    frame
}
