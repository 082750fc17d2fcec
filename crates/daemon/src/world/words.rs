//! What happens in a world, as lines for those who watch.

use crate::flight::json::Object;
use lapwing_core::Instant;
use lapwing_frames::eapol::{KeyInformation, Packet};
use lapwing_frames::management::{
    Action, Authentication, AuthenticationAlgorithm, Body, Management, StatusCode,
};
use lapwing_frames::{LinkId, MacAddr};
use lapwing_world::air::{Content, Transmission};
use lapwing_world::happening::{Happening, Lane, What};
use lapwing_world::scenario::Scenario;
use std::collections::BTreeMap;

/// The Ethernet types that have words here.
const EAPOL: u16 = 0x888e;
const IPV4: u16 = 0x0800;
const ARP: u16 = 0x0806;

/// Which BSS belongs to which access point, as which link.
pub(super) struct Places(BTreeMap<MacAddr, (u8, Option<LinkId>)>);

impl Places {
    pub(super) fn of(scenario: &Scenario) -> Self {
        let aps = (0_u8..).zip(&scenario.aps);
        let bsss =
            aps.flat_map(|(ap, setup)| setup.links.iter().map(move |(link, bss)| (bss.bssid, (ap, link))));
        Self(bsss.collect())
    }
}

/// What happened, as a line; none if nobody needs to be told.
pub(super) fn line(places: &Places, at: Instant, happening: &Happening) -> Option<String> {
    let object = |event: &str| {
        let object = Object::new().seconds("at", at.since_start()).text("event", event);
        match happening.lane {
            Lane::Ap(ap) => object.text("lane", "access-point").number("ap", ap),
            lane => object.text("lane", lane_name(lane)),
        }
    };
    let frame = |transmission: &Transmission, event: &str| {
        let what = words(transmission)?;
        let object = object(event).text("what", what).number("frequency", transmission.frequency.0);
        let place =
            [transmission.transmitter, transmission.receiver].iter().find_map(|side| places.0.get(side));
        let link = place.and_then(|(_, link)| *link);
        Some(
            object
                .optional_number("link", link.map(LinkId::get))
                .boolean("protected", is_protected(transmission)),
        )
    };
    Some(
        match &happening.what {
            What::Sent(transmission) => frame(transmission, "frame")?,
            What::Lost(transmission) => frame(transmission, "frame-lost")?,
            What::Console(text) => object("console").text("text", text),
            What::Note(text) => object("note").text("text", text),
            What::Refused { command, refusal, .. } => {
                object("kernel-refused").text("command", command).text("why", refusal)
            }
            What::Missed(_) | What::Asked { .. } | What::Told(_) | What::Reported(_) => return None,
        }
        .finish(),
    )
}

const fn lane_name(lane: Lane) -> &'static str {
    match lane {
        Lane::Person => "person",
        Lane::Station => "station",
        Lane::Kernel => "kernel",
        Lane::Firmware => "firmware",
        Lane::Attacker => "attacker",
        Lane::Ap(_) => "access-point",
    }
}

const fn is_protected(transmission: &Transmission) -> bool {
    match &transmission.content {
        Content::Management { protection, .. } | Content::Data { protection, .. } => protection.is_some(),
    }
}

/// What a frame is; none for those that only a packet capture should show.
fn words(transmission: &Transmission) -> Option<String> {
    match &transmission.content {
        Content::Management { frame, .. } => Some(management(frame)),
        Content::Data { ethertype: EAPOL, payload, .. } => Some(key_frame(payload).to_owned()),
        Content::Data { ethertype: IPV4, payload, .. } => Some(ip(payload).to_owned()),
        Content::Data { ethertype: ARP, .. } => Some("ARP".to_owned()),
        Content::Data { .. } => None,
    }
}

fn management(frame: &[u8]) -> String {
    let Ok(frame) = Management::parse_decrypted(frame) else {
        return "malformed management frame".to_owned();
    };
    match frame.body {
        Body::Authentication(body) => authentication(&body),
        Body::AssociationRequest(_) => "association request".to_owned(),
        Body::ReassociationRequest(_) => "reassociation request".to_owned(),
        Body::AssociationResponse(body) | Body::ReassociationResponse(body) => match body.status {
            StatusCode::Success => "association response, accepted".to_owned(),
            status => format!("association response, status {status}"),
        },
        Body::Deauthentication(body) => format!("deauthentication, reason {}", body.reason),
        Body::Disassociation(body) => format!("disassociation, reason {}", body.reason),
        Body::Action(body) | Body::ActionNoAck(body) => action(&body),
        other => format!("{}", other.subtype()),
    }
}

fn action(body: &Action) -> String {
    match body {
        Action::SaQueryRequest(_) => "SA Query request".to_owned(),
        Action::SaQueryResponse(_) => "SA Query response".to_owned(),
        Action::TransitionRequest(_) => "BSS transition request".to_owned(),
        Action::LinkReconfigurationNotify(_) => "link reconfiguration notification".to_owned(),
        Action::LinkReconfigurationRequest(_) => "link reconfiguration request".to_owned(),
        Action::LinkReconfigurationResponse(_) => "link reconfiguration response".to_owned(),
        Action::Other { category, action, .. } => format!("action {action}, {category}"),
        _ => "action".to_owned(),
    }
}

fn authentication(body: &Authentication) -> String {
    let what = match (body.algorithm, body.transaction) {
        (AuthenticationAlgorithm::Sae, 1) => {
            let group = body.payload.first_chunk().map(|group| u16::from_le_bytes(*group));
            let group = group.map(|group| format!(", group {group}")).unwrap_or_default();
            format!("SAE commit{group}")
        }
        (AuthenticationAlgorithm::Sae, 2) => "SAE confirm".to_owned(),
        (AuthenticationAlgorithm::Open, 1) => "authentication request".to_owned(),
        (AuthenticationAlgorithm::Open, _) => "authentication response".to_owned(),
        (algorithm, transaction) => format!("authentication {algorithm}, frame {transaction}"),
    };
    match body.status {
        StatusCode::Success => what,
        StatusCode::SaeHashToElement => format!("{what}, hash-to-element"),
        status => format!("{what}, status {status}"),
    }
}

/// Which message of which handshake an EAPOL frame is, by its Key Information (802.11-2020 12.7.6, 12.7.7).
fn key_frame(octets: &[u8]) -> &'static str {
    let information = Packet::parse(octets).ok().and_then(|packet| {
        let field = packet.body.get(1..3)?.first_chunk()?;
        Some(KeyInformation(u16::from_be_bytes(*field)))
    });
    let Some(information) = information else { return "EAPOL frame" };
    let has = |bits| information.contains(bits);
    match (has(KeyInformation::PAIRWISE), has(KeyInformation::ACK)) {
        (false, true) => "group handshake, message 1",
        (false, false) => "group handshake, message 2",
        (true, true) if has(KeyInformation::MIC) => "4-way handshake, message 3",
        (true, true) => "4-way handshake, message 1",
        (true, false) if has(KeyInformation::SECURE) => "4-way handshake, message 4",
        (true, false) => "4-way handshake, message 2",
    }
}

/// What an IPv4 packet is, as far as it matters here: the ports of DHCP are 67 and 68.
fn ip(octets: &[u8]) -> &'static str {
    let header = usize::from(octets.first().copied().unwrap_or_default() & 0xf) * 4;
    let is_udp = octets.get(9) == Some(&17);
    let port = octets.get(header..).and_then(|rest| rest.get(2..4)).and_then(|port| port.first_chunk());
    match port.map(|port| u16::from_be_bytes(*port)) {
        Some(67) if is_udp => "DHCP, from the client",
        Some(68) if is_udp => "DHCP, from the server",
        _ => "IPv4",
    }
}
