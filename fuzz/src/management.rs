//! Management and data frames: whatever is accepted is written back octet for octet.

use crate::Target;
use lapwing_frames::{
    data::{CipherHeader, Data},
    management::{Action, Body, Management},
};

/// A frame as it comes from the air.
fn management(octets: &[u8]) {
    for parse in [Management::parse, Management::parse_decrypted] {
        let Ok(frame) = parse(octets) else { continue };
        let mut written = Vec::new();
        frame.write(&mut written);
        assert_eq!(written, octets, "{frame:?}");
        match &frame.body {
            Body::Action(action) | Body::ActionNoAck(action) => candidates(action),
            Body::Authentication(body) => {
                body.elements().into_iter().flatten().for_each(drop);
            }
            Body::Protected { octets, .. } => {
                if let Ok((header, rest)) = CipherHeader::split(octets) {
                    assert!(header.packet_number() < 1 << 48 && header.key_id() < 4);
                    assert_eq!(rest.len(), octets.len() - header.0.len());
                }
            }
            _ => {}
        }
    }
}

/// The body of an Action frame.
fn action(octets: &[u8]) {
    let Ok(action) = Action::parse(octets) else { return };
    let mut written = Vec::new();
    action.write(&mut written);
    assert_eq!(written, octets, "{action:?}");
    candidates(&action);
}

/// Neighbors in an action are no more than its octets can hold.
fn candidates(action: &Action) {
    let (count, room) = match action {
        Action::TransitionQuery(body) => (body.candidates().count(), body.elements.len()),
        Action::TransitionRequest(body) => (body.candidates().count(), body.elements.len()),
        Action::TransitionResponse(body) => (body.candidates().count(), body.elements.len()),
        Action::NeighborReportResponse(body) => (body.neighbors().count(), body.elements.len()),
        _ => return,
    };
    assert!(count * 2 <= room);
}

/// A data frame as it comes from the air.
fn data(octets: &[u8]) {
    let Ok(frame) = Data::parse(octets) else { return };
    let mut written = Vec::new();
    frame.write(&mut written);
    assert_eq!(written, octets, "{frame:?}");
    assert!(!(frame.is_protected() && frame.ethernet().is_some()));
}

/// Targets of frames.
pub const TARGETS: &[Target] = &[("management", management), ("action", action), ("data", data)];
