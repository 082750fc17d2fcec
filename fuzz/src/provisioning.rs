//! Wi-Fi Simple Configuration and Device Provisioning: frames, attributes, texts, and the machines.

use crate::Target;
use lapwing_core::{
    Duration, Instant, Means,
    curve::ShamCurves,
    dpp::{self, Bootstrapping, Configuration, ConfigurationRequest, Part},
    entropy::SeededEntropy,
    kernel::Frequency,
    wsc::{Credential, Device, Enrollee, MAX_MESSAGE, Outcome, Password},
};
use lapwing_frames::{
    MacAddr,
    dpp::{Frame, Gas, PublicKey, Uri},
    eap::{Expanded, Packet},
    wsc::{AssociationRequest, Attributes, Beacon, M1, M2, M3, M4, M5, M6, M7, M8, ProbeRequest, Wsc},
};

const OURS: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const THEIRS: MacAddr = MacAddr([2, 0, 0, 0, 0, 2]);

/// A packet that is read is written as it was, up to its padding.
fn eap_packet(octets: &[u8]) {
    let Ok(packet) = Packet::parse(octets) else { return };
    assert!(octets.starts_with(&packet.to_octets()));
    let Some((_, data)) = packet.method() else { return };
    let Ok(expanded) = Expanded::parse(data) else { return };
    let Ok(wsc) = Wsc::parse(&expanded) else { return };
    let payload = wsc.to_payload();
    let again = Expanded::parse(&payload[1..]).expect("what was written");
    assert_eq!(Wsc::parse(&again).map(|again| again.data), Ok(wsc.data));
}

/// What a view takes of attributes, it takes of its own words too.
fn wsc_attributes(octets: &[u8]) {
    macro_rules! views {
        ($($view:ty,)*) => { $(
            if let Ok(view) = <$view>::parse(octets) {
                assert_eq!(<$view>::parse(&view.to_octets()), Ok(view));
            }
        )* };
    }
    views! { M1, M2, M3, M4, M5, M6, M7, M8, Beacon, ProbeRequest, AssociationRequest, }
    if let Ok(attributes) = Attributes::parse(octets) {
        assert!(Credential::all(attributes, OURS).len() <= 8);
        assert_eq!(attributes.iter().map(|one| one.value.len() + 4).sum::<usize>(), octets.len());
    }
}

/// Packets to an enrollee: whatever they are, no network is taken from who does not know the keys.
fn wsc_enrollee(octets: &[u8]) {
    let mut enrollee = Enrollee::new(Device::computer(OURS, "fuzz"), Password::PushButton);
    let mut entropy = SeededEntropy(1);
    let mut means = Means { entropy: &mut entropy, curves: &ShamCurves };
    let mut rest = octets;
    let start = [1, 1, 0, 14, 0xfe, 0, 0x37, 0x2a, 0, 0, 0, 1, 1, 0];
    assert!(enrollee.receive(&start, &mut means).response.is_some());
    for _ in 0..32 {
        let Some((&[high, low], after)) = rest.split_first_chunk() else { break };
        let (packet, after) = after.split_at(usize::from(u16::from_be_bytes([high, low])).min(after.len()));
        let said = enrollee.receive(packet, &mut means);
        assert!(said.response.is_none_or(|response| response.len() < MAX_MESSAGE));
        assert!(!matches!(said.outcome, Some(Outcome::Configured(_))), "a network without keys");
        rest = after;
    }
}

fn dpp_frame(octets: &[u8]) {
    if let Ok(frame) = Frame::parse(octets) {
        assert_eq!(Frame::write(frame.kind, frame.attributes.octets()), octets);
        if let Some((wrapped, before)) = frame.attributes.wrapped() {
            assert_eq!(8 + before.len() + 4 + wrapped.len(), octets.len());
        }
    }
    if let Ok(gas) = Gas::parse(octets) {
        let written = gas.to_octets();
        assert_eq!(written.len(), octets.len());
        assert!(Gas::parse(&written).is_ok_and(|again| again == gas));
    }
}

fn dpp_uri(octets: &[u8]) {
    if let Ok(key) = PublicKey::from_der(octets) {
        assert_eq!(key.to_der(), octets);
    }
    let Ok(text) = core::str::from_utf8(octets) else { return };
    if let Ok(uri) = Uri::parse(text) {
        let again = Uri::parse(&uri.to_string()).expect("what was written");
        assert_eq!((again.key, again.address, again.version), (uri.key, uri.address, uri.version));
    }
}

fn dpp_configuration(octets: &[u8]) {
    if let Some(configuration) = Configuration::parse(octets) {
        assert!(Configuration::parse(configuration.to_json().expose()) == Some(configuration));
    }
    if let Some(request) = ConfigurationRequest::parse(octets) {
        assert_eq!(ConfigurationRequest::parse(request.to_json().as_bytes()), Some(request));
    }
}

/// Frames to an enrollee that announces itself: no network is taken from who does not know its key, and it never
/// waits without a deadline.
fn dpp_session(octets: &[u8]) {
    let mut entropy = SeededEntropy(1);
    let mut means = Means { entropy: &mut entropy, curves: &ShamCurves };
    let mut now = Instant::default();
    let setup = dpp::Setup { address: OURS, name: "fuzz".to_owned(), home: None };
    let channels = vec![Frequency(2437)];
    let way = Bootstrapping::Announce(channels);
    let Some(mut session) = dpp::Session::new(setup, Part::Enrollee, way, now, &mut means) else { return };
    let mut rest = octets;
    for _ in 0..32 {
        let Some((&[what, high, low], after)) = rest.split_first_chunk() else { break };
        let (body, after) = after.split_at(usize::from(u16::from_be_bytes([high, low])).min(after.len()));
        let frequency = Some(Frequency(2437));
        let event = match what % 4 {
            0 => dpp::Event::Tick,
            1 => dpp::Event::Transmitted { acknowledged: what & 4 != 0 },
            _ => dpp::Event::Frame { from: THEIRS, frequency, body },
        };
        for action in session.turn(now, &event, &mut means) {
            assert!(!matches!(action, dpp::Action::Provisioned(_)), "a network without keys");
        }
        let next = session.next_deadline().expect("it goes on announcing itself");
        now = if what & 8 == 0 { now + Duration::from_millis(50) } else { now.max(next) };
        rest = after;
    }
}

/// The targets of this module.
pub const TARGETS: &[Target] = &[
    ("eap_packet", eap_packet),
    ("wsc_attributes", wsc_attributes),
    ("wsc_enrollee", wsc_enrollee),
    ("dpp_frame", dpp_frame),
    ("dpp_uri", dpp_uri),
    ("dpp_configuration", dpp_configuration),
    ("dpp_session", dpp_session),
];
