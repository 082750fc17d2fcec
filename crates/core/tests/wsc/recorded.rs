//! A recorded exchange, octet for octet.

use super::with;
use lapwing_core::{
    Entropy, Secret,
    crypto::modp::KeyPair,
    network::Credentials,
    wsc::{Credential, Device, Enrollee, Outcome, Password},
};
use lapwing_frames::{
    MacAddr,
    eapol::Packet,
    wsc::{
        AuthenticationTypes, Beacon, ConfigurationMethods, DeviceType, EncryptionTypes, M1, M2, M3, M4, M5,
        M6, M7, M8, ProbeRequest, RfBands, Text,
    },
};
use serde_json::Value;
use std::collections::VecDeque;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../data/vectors/wsc.json")).unwrap()
}

pub(crate) fn octets(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// The octets that were drawn then, in their order.
struct Drawn(VecDeque<u8>);

impl Entropy for Drawn {
    fn fill(&mut self, octets: &mut [u8]) {
        octets.iter_mut().for_each(|octet| *octet = self.0.pop_front().unwrap());
    }
}

#[test]
fn public_values_are_those_of_the_private_ones() {
    let vectors = vectors();
    for number in [1, 2] {
        let private = octets(&vectors[format!("dh_private_key_{number}")]);
        let public = octets(&vectors[format!("dh_public_key_{number}")]);
        assert_eq!(KeyPair::of(Secret::from_vec(private)).public()[..], public);
    }
}

#[test]
fn messages_are_written_as_they_were_read() {
    let vectors = vectors();
    // EAPOL, EAP, the expanded type, the operation and the flags.
    let message = |name: &str| octets(&vectors[name])[18..].to_vec();
    for name in ["m1_1", "m1_2"] {
        assert_eq!(M1::parse(&message(name)).unwrap().to_octets(), message(name), "{name}");
    }
    for name in ["m2_1", "m2_2"] {
        let read = M2::parse(&message(name)).unwrap();
        assert_eq!(M2::parse(&read.to_octets()).unwrap(), read, "{name}");
    }
    assert_eq!(M3::parse(&message("m3")).unwrap().to_octets(), message("m3"));
    assert_eq!(M4::parse(&message("m4")).unwrap().to_octets(), message("m4"));
    assert_eq!(M5::parse(&message("m5")).unwrap().to_octets(), message("m5"));
    assert_eq!(M6::parse(&message("m6")).unwrap().to_octets(), message("m6"));
    assert_eq!(M7::parse(&message("m7")).unwrap().to_octets(), message("m7"));
    assert_eq!(M8::parse(&message("m8")).unwrap().to_octets(), message("m8"));
    assert!(Beacon::parse(&message("m3")).is_err(), "no state");
    let probe = octets(&vectors["probe_request1"]);
    assert_eq!(ProbeRequest::parse(&probe).map(|read| read.bands.has(RfBands::BAND_2_4_GHZ)), Ok(true));
}

#[test]
fn a_recorded_exchange_is_repeated_octet_for_octet() {
    let vectors = vectors();
    let address = MacAddr(octets(&vectors["address"]).try_into().unwrap());
    let device = Device {
        methods: ConfigurationMethods::VIRTUAL_DISPLAY
            .with(ConfigurationMethods::KEYPAD)
            .with(ConfigurationMethods::DISPLAY)
            .with(ConfigurationMethods::NFC_INTERFACE),
        manufacturer: Text::from(" "),
        model_name: Text::from(" "),
        model_number: Text::from(" "),
        serial_number: Text::from(" "),
        device_type: DeviceType { category: 0, oui: [0; 4], subcategory: 0 },
        name: Text::from(" "),
        bands: RfBands::BAND_2_4_GHZ,
        ..Device::computer(address, "")
    };
    assert_eq!(device.uuid[..], octets(&vectors["uuid"]));
    let drawn = [
        &vectors["enrollee_nonce"],
        &vectors["dh_private_key_2"],
        &vectors["secret_nonces"][0],
        &vectors["secret_nonces"][1],
        &vectors["vectors_iv"][0],
        &vectors["vectors_iv"][1],
    ];
    let mut drawn = Drawn(drawn.into_iter().flat_map(octets).collect());
    let mut enrollee = Enrollee::new(device, Password::PushButton);
    let mut outcome = None;
    let steps = [
        ("eap_identity_req", "eap_identity_resp"),
        ("start", "m1_2"),
        ("m2_2", "m3"),
        ("m4", "m5"),
        ("m6", "m7"),
        ("m8", "done"),
    ];
    for (request, response) in steps {
        let request = octets(&vectors[request]);
        let packet = Packet::parse(&request).unwrap();
        let said = with(&mut drawn, |means| enrollee.receive(packet.body, means));
        let expected = octets(&vectors[response]);
        assert_eq!(said.response.unwrap(), Packet::parse(&expected).unwrap().body, "{response}");
        outcome = outcome.or(said.outcome);
    }
    let Some(Outcome::Configured(credentials)) = outcome else { panic!("{outcome:?}") };
    let [Credential { ssid, authentication, encryption, key, address: whose }] = &credentials[..] else {
        panic!("{credentials:?}")
    };
    assert_eq!((ssid.octets(), *whose), (&b"TestWPA"[..], Some(address)));
    assert_eq!(*authentication, AuthenticationTypes::WPA2_PERSONAL);
    assert_eq!(*encryption, EncryptionTypes::AES);
    assert_eq!(key.len(), 64);
    let Credentials::Personal(personal) = credentials[0].network().unwrap().credentials else { panic!() };
    assert_eq!(personal.psk.unwrap().len(), 32);
    let end = octets(&vectors["eap_fail"]);
    let said = with(&mut drawn, |means| enrollee.receive(Packet::parse(&end).unwrap().body, means));
    assert_eq!(said.outcome, None, "the end of what has ended");
}
