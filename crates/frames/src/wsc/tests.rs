use super::*;
use crate::{MacAddr, eap, element::Elements};
use std::{fmt::Debug, vec, vec::Vec};

fn m1() -> M1 {
    M1 {
        uuid: [1; 16],
        address: MacAddr([2, 0, 0, 0, 0, 1]),
        nonce: [3; 16],
        public_key: [4; 192],
        authentication: AuthenticationTypes::OPEN.with(AuthenticationTypes::WPA2_PERSONAL),
        encryption: EncryptionTypes::NONE.with(EncryptionTypes::AES),
        connection: 1,
        methods: ConfigurationMethods::VIRTUAL_DISPLAY.with(ConfigurationMethods::KEYPAD),
        state: State::NotConfigured,
        manufacturer: Text::from("maker"),
        model_name: Text::from("model"),
        model_number: Text::from("7"),
        serial_number: Text::from("8"),
        device_type: DeviceType { category: 1, oui: [0, 0x50, 0xf2, 4], subcategory: 1 },
        device_name: Text::from("name"),
        bands: RfBands::BAND_2_4_GHZ.with(RfBands::BAND_5_GHZ),
        association: AssociationState::NotAssociated,
        password_id: DevicePasswordId::PushButton,
        error: ConfigurationError::None,
        os_version: 0x8000_0000,
        extension: Extension::ours(),
    }
}

fn m2(octets: &M1) -> M2 {
    M2 {
        enrollee_nonce: octets.nonce,
        registrar_nonce: [5; 16],
        uuid: [6; 16],
        public_key: [7; 192],
        authentication: Some(octets.authentication),
        encryption: None,
        connection: Some(1),
        methods: Some(octets.methods),
        manufacturer: Some(octets.manufacturer.clone()),
        model_name: None,
        model_number: None,
        serial_number: None,
        device_type: Some(octets.device_type),
        device_name: None,
        bands: Some(octets.bands),
        association: None,
        error: Some(ConfigurationError::None),
        password_id: DevicePasswordId::PushButton,
        os_version: Some(1),
        extension: Extension::ours(),
        authenticator: [8; 8],
    }
}

/// What a view writes it reads again, and nothing that is cut off anywhere.
fn whole<T: Debug + PartialEq, E: Debug + PartialEq>(
    value: &T,
    octets: &[u8],
    parse: impl Fn(&[u8]) -> Result<T, E>,
) {
    assert_eq!(&parse(octets).unwrap(), value);
    // The last attribute is needed by all messages that are tested here.
    for length in 0..octets.len() {
        assert!(parse(&octets[..length]).is_err(), "{length} octets of {value:?}");
    }
}

#[test]
fn messages_are_read_as_they_were_written_and_never_cut_short() {
    let one = m1();
    assert_eq!(M1::parse(&one.to_octets()).unwrap(), one);
    let two = m2(&one);
    whole(&two, &two.to_octets(), M2::parse);
    let three = M3 {
        registrar_nonce: [1; 16],
        hash1: [2; 32],
        hash2: [3; 32],
        extension: Extension::ours(),
        authenticator: [4; 8],
    };
    whole(&three, &three.to_octets(), M3::parse);
    let four = M4 {
        enrollee_nonce: [1; 16],
        hash1: [2; 32],
        hash2: [3; 32],
        settings: vec![4; 64],
        extension: Extension::ours(),
        authenticator: [5; 8],
    };
    whole(&four, &four.to_octets(), M4::parse);
    let eight = M8 {
        enrollee_nonce: [1; 16],
        settings: vec![2; 300],
        extension: Extension::default(),
        authenticator: [3; 8],
    };
    whole(&eight, &eight.to_octets(), M8::parse);
    let nack = Nack {
        enrollee_nonce: [1; 16],
        registrar_nonce: [2; 16],
        error: ConfigurationError::DevicePasswordAuthFailure,
        extension: Extension::default(),
    };
    whole(&nack, &nack.to_octets(), Nack::parse);
}

#[test]
fn one_message_is_not_taken_for_another() {
    let octets = m1().to_octets();
    assert!(M2::parse(&octets).is_err());
    let five = M5 {
        registrar_nonce: [1; 16],
        settings: vec![],
        extension: Extension::ours(),
        authenticator: [0; 8],
    };
    assert!(M7::parse(&five.to_octets()).is_err());
    assert!(M5::parse(&five.to_octets()).is_ok());
}

#[test]
fn an_attribute_of_another_length_is_refused_and_an_unknown_one_skipped() {
    let one = m1();
    let mut octets = one.to_octets();
    octets.extend([0xff, 0x01, 0, 2, 1, 2]);
    assert_eq!(M1::parse(&octets).unwrap(), one);
    let mut long = Vec::new();
    [0u8; 17].to_vec().put(Type::EnrolleeNonce, &mut long);
    let attributes = Attributes::parse(&long).unwrap();
    assert!(attributes.get::<[u8; 16]>(Type::EnrolleeNonce).is_err());
    assert!(attributes.get::<Vec<u8>>(Type::EnrolleeNonce).is_ok());
    assert_eq!(attributes.get::<Option<u8>>(Type::State), Ok(None));
    let mut text = Vec::new();
    vec![b'a'; 65].put(Type::Manufacturer, &mut text);
    assert!(Attributes::parse(&text).unwrap().get::<Text>(Type::Manufacturer).is_err());
}

#[test]
fn the_extension_is_that_of_the_alliance_among_those_of_all_vendors() {
    let extension = Extension {
        version2: Some(VERSION2),
        authorized: Some(vec![MacAddr::BROADCAST, MacAddr([2, 0, 0, 0, 0, 9])]),
        key_shareable: Some(true),
        request_to_enroll: Some(false),
        others: vec![(5, vec![0x12, 0x34])],
    };
    let mut octets = Vec::new();
    vec![0, 0, 1, 9, 9].put(Type::VendorExtension, &mut octets);
    extension.put(Type::VendorExtension, &mut octets);
    let read = Attributes::parse(&octets).unwrap().get::<Extension>(Type::VendorExtension);
    assert_eq!(read, Ok(extension));
    for cut in [&[0x00, 0x37, 0x2a, 0][..], &[0, 0x37, 0x2a, 1, 5, 1, 2, 3, 4, 5], &[0, 0x37, 0x2a, 0, 0]] {
        let mut octets = Vec::new();
        cut.to_vec().put(Type::VendorExtension, &mut octets);
        assert!(Attributes::parse(&octets).unwrap().get::<Extension>(Type::VendorExtension).is_err());
    }
}

#[test]
fn a_long_announcement_is_several_elements() {
    let beacon = Beacon {
        state: State::Configured,
        locked: Some(true),
        selected: Some(true),
        password_id: Some(DevicePasswordId::PushButton),
        selected_methods: Some(ConfigurationMethods::PUSH_BUTTON),
        response: Some(ResponseType::AccessPoint),
        uuid: Some([9; 16]),
        bands: None,
        extension: Extension { others: vec![(9, vec![1; 240])], ..Extension::ours() },
    };
    let octets = to_elements(&beacon.to_octets());
    assert_eq!(Elements::new(&octets).iter().count(), 2);
    let joined = SimpleConfiguration::join(Elements::new(&octets)).unwrap();
    assert_eq!(Beacon::parse(&joined), Ok(beacon));
    assert_eq!(SimpleConfiguration::join(Elements::new(&[0, 1, 65])), None);
}

#[test]
fn requests_both_ways() {
    let request = AssociationRequest { request: RequestType::Enrollee, extension: Extension::ours() };
    assert_eq!(AssociationRequest::parse(&request.to_octets()), Ok(request));
    let one = m1();
    let probe = ProbeRequest {
        request: RequestType::Enrollee,
        methods: one.methods,
        uuid: one.uuid,
        device_type: one.device_type,
        bands: one.bands,
        association: one.association,
        error: one.error,
        password_id: one.password_id,
        manufacturer: Some(one.manufacturer),
        model_name: None,
        model_number: None,
        device_name: None,
        extension: one.extension,
    };
    assert_eq!(ProbeRequest::parse(&probe.to_octets()), Ok(probe));
}

#[test]
fn a_fragment_says_that_more_follow_and_the_first_how_long_the_whole_is() {
    let first = Wsc {
        operation: OpCode::Message,
        flags: Flags(Flags::MORE.0 | Flags::LENGTH.0),
        length: Some(600),
        data: &[1, 2, 3],
    };
    let payload = first.to_payload();
    let packet = eap::Packet { code: eap::Code::Request, identifier: 1, payload: &payload };
    let octets = packet.to_octets();
    let (_, data) = eap::Packet::parse(&octets).unwrap().method().unwrap();
    let expanded = eap::Expanded::parse(data).unwrap();
    assert_eq!(Wsc::parse(&expanded), Ok(first));
    let foreign = eap::Expanded { vendor: [0, 0, 9], ..expanded };
    assert!(Wsc::parse(&foreign).is_err());
    for length in 0..4 {
        let cut = eap::Expanded { data: &expanded.data[..length], ..expanded };
        assert!(Wsc::parse(&cut).is_err(), "{length}");
    }
}

#[test]
fn a_text_is_shown_without_control_characters() {
    assert_eq!(std::format!("{}", Text::new(b"a\x1b[31m\n\0\0")), "a\u{fffd}[31m\u{fffd}");
    assert_eq!(Text::new(&[b'x'; 99]).octets().len(), 64);
}
