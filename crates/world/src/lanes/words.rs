//! What happens in a world, in words.

use super::{Cast, Tone};
use crate::air::{Content, Transmission};
use crate::happening::{Happening, Lane, What};
use crate::parts::{Command, Message};
use lapwing_core::kernel::{Errno, KernelEvent, KeyKind, Offload, Refusal, Request};
use lapwing_core::station::Report;
use lapwing_frames::eapol::KeyInformation;
use lapwing_frames::element::{Elements, MultiLink, Rsn};
use lapwing_frames::management::{
    Action, Authentication, AuthenticationAlgorithm, Body, Management, StatusCode,
};

/// A happening in words: from which lane to which (none: it stays there), what, and how it is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) from: Lane,
    pub(super) to: Option<Lane>,
    pub(super) text: String,
    pub(super) tone: Tone,
}

/// Says what happened; nothing if a timeline is better without it.
pub(super) fn said(cast: &Cast, happening: &Happening) -> Option<Said> {
    let lane = happening.lane;
    let say = |from, to, text, tone| Some(Said { from, to, text, tone });
    match &happening.what {
        What::Asked { command, .. } => {
            let text = asked(command)?;
            say(Lane::Station, Some(Lane::Kernel), text, Tone::Plain)
        }
        What::Refused { command, refusal, .. } => {
            // There is nothing to delete: nobody minds.
            let tone = if is_idle(command, refusal) { Tone::Faint } else { Tone::Bad };
            say(Lane::Kernel, Some(Lane::Station), refused(command, refusal), tone)
        }
        What::Told(message) => {
            let (text, tone) = told(message)?;
            say(Lane::Kernel, Some(Lane::Station), text, tone)
        }
        What::Sent(frame) => {
            let name = named(frame);
            let tone = if name == "data" { Tone::Faint } else { Tone::Plain };
            say(lane, cast.receiver(lane, frame), name, tone)
        }
        What::Lost(frame) => {
            let from = cast.transmitter(lane, frame);
            let text = format!("{}: lost on the way", named(frame));
            say(from, cast.receiver(from, frame), text, Tone::Fair)
        }
        What::Missed(frame) => {
            let hearer = Cast::hearer(cast.transmitter(lane, frame));
            let text = format!("no longer has {}: nobody hears that", frame.receiver);
            say(hearer, None, text, Tone::Bad)
        }
        What::Reported(report) => {
            let (text, tone) = reported(report)?;
            say(Lane::Station, None, text, tone)
        }
        What::Console(line) => say(lane, None, format!("console: {line}"), console(line)?),
        What::Note(text) => say(lane, None, text.clone(), Tone::Faint),
    }
}

/// Whether a deletion was refused since there is no connection, and so nothing to delete.
pub(crate) fn is_idle(command: &str, refusal: &Refusal) -> bool {
    command == "DEL_KEY" && matches!(refusal.errno, Errno::ENOLINK | Errno::ENOENT)
}

fn refused(command: &str, refusal: &Refusal) -> String {
    match &refusal.message {
        Some(words) => format!("{command} refused: {}, \"{words}\"", refusal.errno),
        None => format!("{command} refused: {}", refusal.errno),
    }
}

/// How a line of the kernel's log is to be read; not at all, if it says what frames and answers say.
fn console(line: &str) -> Option<Tone> {
    const ECHOES: [&str; 6] = [
        ": send auth to ",
        ": authenticated",
        ": associate with ",
        ": RX ",
        ": associated",
        ": deauthenticating from ",
    ];
    match line {
        line if ECHOES.iter().any(|echo| line.contains(echo)) => None,
        // It says from which address.
        line if line.contains(": authenticate with ") => Some(Tone::Faint),
        _ => Some(Tone::Console),
    }
}

/// A command, unless what it leads to says the same.
fn asked(command: &Command) -> Option<String> {
    let name = command.name();
    let detail = match command {
        Command::DeleteKey { peer: Some(_), index, .. } => format!(" pairwise key {index}"),
        Command::DeleteKey { link: Some(link), index, .. } => format!(" group key {index}, link {link}"),
        Command::DeleteKey { link: None, index, .. } => format!(" group key {index}, no link"),
        Command::Request(request) => match request {
            Request::ReadScan
            | Request::ReadInterface
            | Request::ReadStations
            | Request::SendKeyFrame { .. }
            | Request::SendFrame { .. } => return None,
            Request::Authenticate(request) => match (request.algorithm, request.mld) {
                (AuthenticationAlgorithm::Sae, Some((link, _))) => format!(" by SAE, link {link}"),
                (AuthenticationAlgorithm::Sae, None) => String::from(" by SAE"),
                (_, Some((link, _))) => format!(" open, link {link}"),
                (_, None) => String::from(" open"),
            },
            Request::Associate(request) => with_pmkid(&request.elements).to_owned(),
            Request::Connect(request) => {
                let offload = match request.offload {
                    Offload::None => "",
                    Offload::ExternalSae => " by SAE of ours",
                    Offload::Sae(_) => " by SAE of the firmware",
                    Offload::Psk(_) => " with the key",
                };
                let algorithm =
                    if request.algorithm == AuthenticationAlgorithm::Sae { offload } else { " open" };
                format!("{algorithm}{}", with_pmkid(&request.elements))
            }
            Request::InstallKey(key) => {
                let kind = match key.kind {
                    KeyKind::Pairwise { .. } => "pairwise key",
                    KeyKind::Group => "group key",
                    KeyKind::Integrity => "key for group management frames",
                    KeyKind::Beacon => "key for beacons",
                };
                match key.link {
                    Some(link) => format!(" {kind} {}, link {link}", key.index),
                    None => format!(" {kind} {}", key.index),
                }
            }
            Request::AuthorizePort { .. } => String::from(": open the port"),
            Request::AnswerExternalAuthentication { status, .. } => format!(": status {}", status.0),
            Request::ReconfigureLinks { add, remove } => {
                let add = add.iter().map(|link| format!(" add link {}", link.id));
                let remove = remove.iter().map(|link| format!(" remove link {link}"));
                add.chain(remove).collect()
            }
            _ => String::new(),
        },
    };
    Some(format!("{name}{detail}"))
}

fn with_pmkid(elements: &[u8]) -> &'static str {
    match Elements::new(elements).find::<Rsn>() {
        Ok(Some(rsn)) if !rsn.pmkids().is_empty() => " with a cached PMKSA",
        _ => "",
    }
}

/// A message of the kernel, unless a frame or an answer says the same.
fn told(message: &Message) -> Option<(String, Tone)> {
    let event = match message {
        Message::Completed { .. } => return None,
        Message::EventsLost => return Some((String::from("events were lost"), Tone::Bad)),
        Message::Event(event) => event,
    };
    let said = |text: &str, tone| Some((text.to_owned(), tone));
    match event {
        KernelEvent::ScanStarted
        | KernelEvent::ScanDone { .. }
        | KernelEvent::Authentication { .. }
        | KernelEvent::Association { .. }
        | KernelEvent::Deauthentication { .. }
        | KernelEvent::Disassociation { .. }
        | KernelEvent::KeyFrame { .. }
        | KernelEvent::KeyFrameStatus { .. }
        | KernelEvent::Frame { .. }
        | KernelEvent::FrameStatus { .. } => None,
        KernelEvent::Connected(connection) if connection.timed_out => said("CONNECT: no answer", Tone::Bad),
        KernelEvent::Connected(connection) if connection.status != StatusCode::Success => {
            Some((format!("CONNECT: status {}", connection.status.0), Tone::Bad))
        }
        KernelEvent::Connected(connection) if connection.links.is_empty() => {
            said("CONNECT: associated", Tone::Plain)
        }
        KernelEvent::Connected(connection) => {
            let taken = connection.links.iter().filter(|link| link.status == StatusCode::Success);
            let links: Vec<String> = taken.map(|link| link.id.to_string()).collect();
            Some((format!("CONNECT: associated, links {}", links.join(" and ")), Tone::Plain))
        }
        KernelEvent::Disconnected { reason, by_ap } => {
            let whose = if *by_ap { "by the access point" } else { "by this side" };
            Some((format!("DISCONNECT: {whose}, reason {}", reason.0), Tone::Fair))
        }
        KernelEvent::ExternalAuthentication(wish) if wish.start => {
            said("EXTERNAL_AUTH: the firmware wants SAE", Tone::Plain)
        }
        KernelEvent::LinksRemoved { links } => {
            let links: Vec<String> = links.iter().map(ToString::to_string).collect();
            Some((format!("LINKS_REMOVED: link {}", links.join(" and ")), Tone::Fair))
        }
        KernelEvent::AuthenticationTimedOut { .. } | KernelEvent::AssociationTimedOut { .. } => {
            said(event.name(), Tone::Bad)
        }
        event => said(event.name(), Tone::Plain),
    }
}

fn reported(report: &Report) -> Option<(String, Tone)> {
    match report {
        Report::Connected(connected) => {
            let how = match connected.akm {
                None => String::from(", without protection"),
                Some(akm) => format!(" by {akm}"),
            };
            let cached = if connected.cached_pmksa { " and a cached PMKSA" } else { "" };
            Some((format!("connected{how}{cached}"), Tone::Good))
        }
        Report::Roamed(connected) => Some((format!("at {} now", connected.peer), Tone::Good)),
        Report::RoamFailed { bssid, why, .. } => {
            Some((format!("not to {bssid}: {why}; going back"), Tone::Fair))
        }
        Report::Disconnected { why, .. } => Some((format!("disconnected: {why}"), Tone::Fair)),
        Report::Failed { why, .. } => Some((format!("attempt failed: {why}"), Tone::Bad)),
        Report::NetworkEnds { .. } => Some((String::from("the network is about to end"), Tone::Fair)),
        Report::Interfered { what } => Some((what.clone(), Tone::Fair)),
        Report::Timeline(_)
        | Report::State(_)
        | Report::Learned(_)
        | Report::Heard { .. }
        | Report::Scanned
        | Report::ScanFailed(_) => None,
    }
}

/// The name of a frame, with what matters in it.
#[must_use]
pub fn named(frame: &Transmission) -> String {
    match &frame.content {
        Content::Management { frame, .. } => match Management::parse_decrypted(frame) {
            Ok(management) => management_frame(&management.body),
            Err(_) => String::from("a management frame"),
        },
        Content::Data { ethertype: 0x888e, payload, .. } => eapol(payload),
        Content::Data { ethertype: 0x0806, .. } => String::from("ARP"),
        Content::Data { ethertype: 0x0800, payload, .. } => {
            dhcp(payload).unwrap_or_else(|| String::from("data"))
        }
        Content::Data { .. } => String::from("data"),
    }
}

fn management_frame(body: &Body) -> String {
    let links = |elements: &[u8]| match Elements::new(elements).find::<MultiLink>() {
        Ok(Some(MultiLink::Basic(basic))) if !basic.links.is_empty() => {
            format!(", {} links", basic.links.len() + 1)
        }
        _ => String::new(),
    };
    let request = |what: &str, elements: &[u8]| format!("{what}{}{}", with_pmkid(elements), links(elements));
    let response = |what: &str, status: StatusCode, elements: &[u8]| match status {
        StatusCode::Success => format!("{what}{}", links(elements)),
        status => format!("{what}: status {}", status.0),
    };
    match body {
        Body::Authentication(body) => authentication(body),
        Body::AssociationRequest(body) => request("Association Request", &body.elements),
        Body::ReassociationRequest(body) => request("Reassociation Request", &body.elements),
        Body::AssociationResponse(body) => response("Association Response", body.status, &body.elements),
        Body::ReassociationResponse(body) => response("Reassociation Response", body.status, &body.elements),
        Body::Deauthentication(body) => format!("Deauthentication, reason {}", body.reason.0),
        Body::Disassociation(body) => format!("Disassociation, reason {}", body.reason.0),
        Body::Action(action) | Body::ActionNoAck(action) => action_frame(action).to_owned(),
        Body::ProbeRequest(_) => String::from("Probe Request"),
        Body::ProbeResponse(_) => String::from("Probe Response"),
        Body::Beacon(_) => String::from("Beacon"),
        Body::Other { .. } | Body::Protected { .. } => String::from("a management frame"),
    }
}

fn authentication(body: &Authentication) -> String {
    let which = match (body.algorithm, body.transaction) {
        (AuthenticationAlgorithm::Sae, 1) => "SAE commit",
        (AuthenticationAlgorithm::Sae, _) => "SAE confirm",
        (AuthenticationAlgorithm::Open, 1) => "open",
        (AuthenticationAlgorithm::Open, _) => "open, answer",
        _ => "another kind",
    };
    match body.status {
        StatusCode::Success | StatusCode::SaeHashToElement => format!("Authentication ({which})"),
        status => format!("Authentication ({which}): status {}", status.0),
    }
}

const fn action_frame(action: &Action) -> &'static str {
    match action {
        Action::SaQueryRequest(_) => "SA Query Request",
        Action::SaQueryResponse(_) => "SA Query Response",
        Action::LinkReconfigurationNotify(_) => "Link Reconfiguration Notify",
        Action::LinkReconfigurationRequest(_) => "Link Reconfiguration Request",
        Action::LinkReconfigurationResponse(_) => "Link Reconfiguration Response",
        _ => "Action",
    }
}

/// Which message of a handshake it is. Messages 2 and 4 differ in the nonce.
fn eapol(octets: &[u8]) -> String {
    let (Some([high, low]), Some(nonce)) = (octets.get(5..7), octets.get(17..49)) else {
        return String::from("EAPOL");
    };
    let information = KeyInformation(u16::from_be_bytes([*high, *low]));
    let has = |bit| information.contains(bit);
    let pairwise = has(KeyInformation::PAIRWISE);
    let asks = has(KeyInformation::ACK);
    let blank = nonce.iter().all(|octet| *octet == 0);
    String::from(match (pairwise, asks) {
        (true, true) if has(KeyInformation::MIC) => "EAPOL message 3",
        (true, true) => "EAPOL message 1",
        (true, false) if blank => "EAPOL message 4",
        (true, false) => "EAPOL message 2",
        (false, true) => "EAPOL group message 1",
        (false, false) => "EAPOL group message 2",
    })
}

/// The kind of a DHCP message, by its option 53.
fn dhcp(packet: &[u8]) -> Option<String> {
    const COOKIE: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
    let cookie = packet.windows(4).position(|window| window == COOKIE)?;
    let mut options = packet.get(cookie + 4..)?;
    while let [kind, length, rest @ ..] = options {
        let (value, after) = rest.split_at_checked(usize::from(*length))?;
        if *kind == 53 {
            let name = match value.first()? {
                1 => "discover",
                2 => "offer",
                3 => "request",
                5 => "acknowledgement",
                6 => "refusal",
                _ => return Some(String::from("DHCP")),
            };
            return Some(format!("DHCP {name}"));
        }
        options = after;
    }
    None
}
