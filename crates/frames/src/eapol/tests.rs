use super::*;
use std::vec;

/// Message 1, 2 and 3 of a WPA2 handshake; the MIC is 16 octets.
const M1: &str = "0203005f02008a001000000000000000012b5852b88e4ca34dc599ed202c63957c535e3efa9289873411127cbaf35884250000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000";
const M2: &str = "0203007302010a00000000000000000001727c656c5ed642d7f47f484351d808945118da6a4933ac7e293f2f2ac088348c00000000000000000000000000000000000000000000000000000000000000007d7c45989f492b4a36583529282d8fed001430120100000fac040100000fac040100000fac02";

fn octets(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn the_first_message_both_ways() {
    let received = octets(M1);
    let frame = KeyFrame::parse(&received, 16).unwrap();
    assert_eq!(frame.descriptor, DescriptorType::Rsn);
    assert_eq!(frame.information, KeyInformation::PAIRWISE.with(KeyInformation::ACK).with_version(2));
    assert_eq!(frame.information.version(), 2);
    assert_eq!((frame.key_length, frame.replay_counter), (16, 1));
    assert_eq!(frame.nonce[..2], [0x2b, 0x58]);
    assert!(frame.key_data.is_empty());
    assert_eq!(frame.to_octets(), received);
    let built = KeyFrame { key_length: 16, nonce: frame.nonce, ..KeyFrame::new(frame.information, 1, 16) };
    assert_eq!(built, frame);
}

#[test]
fn padding_of_ethernet_is_no_part_of_the_frame() {
    let received = octets(M2);
    let mut padded = received.clone();
    padded.extend([0; 7]);
    let packet = Packet::parse(&padded).unwrap();
    assert_eq!((packet.octets, packet.padding), (&received[..], &[0; 7][..]));
    assert_eq!(KeyFrame::parse(&padded, 16).unwrap().to_octets(), received);
}

#[test]
fn octets_behind_the_key_data_are_kept() {
    let mut received = octets(M2);
    received.extend([1, 2, 3]);
    received[3] += 3;
    let frame = KeyFrame::parse(&received, 16).unwrap();
    assert_eq!(frame.tail, [1, 2, 3]);
    assert_eq!(frame.to_octets(), received);
}

#[test]
fn truncation_at_every_length_is_an_error() {
    for hex in [M1, M2] {
        let received = octets(hex);
        for length in 0..received.len() {
            assert!(KeyFrame::parse(&received[..length], 16).is_err(), "{length}");
            // With a header that says the same, the key frame itself ends early.
            let mut short = received[..length].to_vec();
            if let Some(low) = short.get_mut(3) {
                *low = u8::try_from(length - 4).unwrap();
                assert!(KeyFrame::parse(&short, 16).is_err(), "{length}");
            }
        }
    }
}

#[test]
fn the_length_of_the_mic_moves_what_follows() {
    for length in [0, 16, 24, 32] {
        let mut frame = KeyFrame::new(KeyInformation(0x030a), 7, length);
        frame.key_data = vec![0xdd, 0];
        frame.mic.fill(0xee);
        let sent = frame.to_octets();
        assert_eq!(sent.len(), 83 + length + 2);
        assert_eq!(KeyFrame::parse(&sent, length).unwrap(), frame);
        let without = KeyFrame::parse(&frame.to_octets_without_mic(), length).unwrap();
        assert_eq!(without.mic, vec![0; length]);
        assert_eq!(KeyFrame { mic: frame.mic.clone(), ..without }, frame);
    }
}

#[test]
fn other_types_are_no_key_frames() {
    let mut received = octets(M1);
    received[1] = 0;
    assert_eq!(KeyFrame::parse(&received, 16).unwrap_err().at, 1);
    assert_eq!(Packet::parse(&received).unwrap().kind, PacketType::Eap);
}
