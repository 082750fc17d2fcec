use super::*;
use crate::networks::name::Parsed;
use proptest::prelude::*;

fn name(text: &str) -> FileName {
    match FileName::parse(std::ffi::OsStr::new(text)) {
        Parsed::Network(name) => name,
        other => panic!("{other:?}"),
    }
}

fn read(file: &str, text: &str) -> Result<KnownNetwork, Unfit> {
    KnownNetwork::read(name(file), &Document::parse(text.as_bytes()).unwrap())
}

fn secret(network: &KnownNetwork) -> &Personal {
    match &network.network.credentials {
        Credentials::Personal(personal) => personal,
        Credentials::Open => panic!("open"),
    }
}

#[test]
fn a_full_file() {
    let text = format!(
        "[Security]\nPassphrase=secret123\nPreSharedKey={}\nPasswordIdentifier=me\nSAE-PT-Group19={}\n\
         SAE-PT-Group21={}\n[Settings]\nHidden=true\nAutoConnect=FALSE\nTransitionDisable=1\n\
         DisabledTransitionModes=personal,open\n[IPv4]\nAddress=192.0.2.7\nNetmask=255.255.254.0\n\
         Gateway=192.0.2.1\nDNS=192.0.2.53 192.0.2.54\nDomainName=example.org\n[IPv6]\n\
         Address=2001:db8::7/64\nGateway=fe80::1\nDNS=2001:db8::53\n",
        "ab".repeat(32),
        "01".repeat(64),
        "02".repeat(132),
    );
    let known = read("home.psk", &text).unwrap();
    assert!(known.network.hidden && !known.network.autoconnect);
    assert_eq!(known.network.transition_disable.0, 0b1001);
    let personal = secret(&known);
    assert_eq!(personal.passphrase.as_ref().unwrap().expose(), b"secret123");
    assert_eq!(personal.psk.as_ref().unwrap().expose(), [0xab; 32]);
    assert_eq!(personal.password_identifier.as_deref(), Some(&b"me"[..]));
    let groups: Vec<_> =
        personal.password_elements.iter().map(|(group, point)| (*group, point.len())).collect();
    assert_eq!(groups, [(19, 64), (21, 132)]);
    let four = known.addressing.ipv4.unwrap();
    assert_eq!(
        (four.address.to_string(), four.gateway.unwrap().to_string()),
        ("192.0.2.7/23".into(), "192.0.2.1".into())
    );
    let six = known.addressing.ipv6.unwrap();
    assert_eq!(
        (six.address.to_string(), six.gateway.unwrap().to_string()),
        ("2001:db8::7/64".into(), "fe80::1".into())
    );
    assert_eq!(known.addressing.dns.len(), 3);
    assert_eq!(known.addressing.domain.as_deref(), Some("example.org"));
}

#[test]
fn the_first_group_is_the_usual_one_unless_the_file_wants_another() {
    for (line, first) in [
        ("", FirstGroup::Usual),
        ("UseDefaultEccGroup=true", FirstGroup::Cheapest),
        ("UseDefaultEccGroup=false", FirstGroup::Strongest),
    ] {
        let known = read("home.open", &format!("[Settings]\n{line}\n")).unwrap();
        assert_eq!(known.network.first_group, first, "{line}");
    }
}

#[test]
fn an_empty_open_file_is_enough() {
    let known = read("cafe.open", "").unwrap();
    assert_eq!(known.network.credentials, Credentials::Open);
    assert!(known.network.autoconnect && !known.network.hidden && known.addressing.ipv6_enabled);
}

#[test]
fn what_does_not_fit_is_told_with_its_line() {
    for (text, line, problem) in [
        ("[Security]\n", None, Problem::NoSecret),
        ("[Security]\nEncryptedSalt=00\nEncryptedSecurity=00\n", None, Problem::Encrypted),
        ("[Security]\nPassphrase=\n", Some(2), Problem::BadPassphrase),
        ("[Security]\nPreSharedKey=abcd\n", Some(2), Problem::BadPreSharedKey),
        ("[Security]\nPassphrase=secret123\nSAE-PT-Group20=00\n", Some(3), Problem::BadPasswordElement),
        ("[Security]\nPassphrase=secret123\n[Settings]\nHidden=perhaps\n", Some(4), Problem::NotABoolean),
        ("[Security]\nPassphrase=secret123\n[IPv4]\nGateway=192.0.2.1\n", Some(4), Problem::NoAddress),
        ("[Security]\nPassphrase=secret123\n[IPv4]\nAddress=192.0.2\n", Some(4), Problem::BadAddress),
        ("[Security]\nPassphrase=secret123\n[IPv4]\nAddress=192.0.2.1/33\n", Some(4), Problem::BadPrefix),
        (
            "[Security]\nPassphrase=a\n[IPv4]\nAddress=1.2.3.4\nNetmask=255.0.255.0\n",
            Some(5),
            Problem::BadPrefix,
        ),
        ("[Security]\nPassphrase=a\n[IPv6]\nDNS=x\n", Some(4), Problem::BadAddress),
        // Behind an escaped line end, it would be a name server in the resolver's configuration.
        (
            "[Security]\nPassphrase=a\n[IPv4]\nDomainName=lan\\nnameserver 192.0.2.66\n",
            Some(4),
            Problem::BadDomain,
        ),
        ("[Security]\nPassphrase=a\n[Settings]\nAddressOverride=x\n", Some(4), Problem::BadMacAddress),
        (
            // Of a group.
            "[Security]\nPassphrase=a\n[Settings]\nAddressOverride=03:00:00:00:00:01\n",
            Some(4),
            Problem::BadMacAddress,
        ),
        (
            "[Security]\nPassphrase=a\n[Settings]\nTransitionDisable=true\nDisabledTransitionModes=wep\n",
            Some(5),
            Problem::BadTransitionMode,
        ),
    ] {
        assert_eq!(read("home.psk", text), Err(Unfit { line, problem }), "{text}");
    }
}

#[test]
fn the_address_of_ours_that_a_network_wants() {
    let of = |settings: &str| {
        let known = read("home.psk", &format!("[Security]\nPassphrase=secret123\n[Settings]\n{settings}"));
        known.unwrap().network.address
    };
    let fixed = OwnAddress::Fixed(MacAddr([0xe6, 0xf6, 0x38, 0xa9, 2, 2]));
    assert_eq!(of(""), OwnAddress::OfName);
    assert_eq!(of("AlwaysRandomizeAddress=true\n"), OwnAddress::Drawn);
    assert_eq!(of("AddressOverride=e6:f6:38:a9:02:02\n"), fixed);
    assert_eq!(of("AddressOverride=e6:f6:38:a9:02:02\nAlwaysRandomizeAddress=true\n"), fixed);
}

fn learned() -> Learned {
    Learned {
        ssid: Ssid::new(b"home").unwrap(),
        frequency: 5180,
        psk: Some(Secret::new(&[7; 32])),
        password_elements: vec![(19, Secret::new(&[8; 64])), (99, Secret::new(&[9; 4]))],
        transition_disable: TransitionDisable(TransitionDisable::WPA3_PERSONAL),
        proven: Proven::default(),
    }
}

#[test]
fn what_was_learned_is_read_again_and_the_rest_stays() {
    let text = "# mine\n[Security]\nPassphrase=secret123\nEAP-Method=PWD # odd\n";
    let mut document = Document::parse(text.as_bytes()).unwrap();
    assert!(learn(&mut document, &name("home.psk"), &learned()));
    assert!(!learn(&mut document, &name("home.psk"), &learned()), "the same again changes nothing");
    assert!(document.octets().expose().starts_with(text.as_bytes()));
    let known = KnownNetwork::read(name("home.psk"), &document).unwrap();
    assert_eq!(secret(&known).psk.as_ref().unwrap().expose(), [7; 32]);
    assert_eq!(secret(&known).password_elements.len(), 1);
    assert_eq!(known.network.transition_disable.0, 1);

    // The bits add up.
    let more =
        Learned { transition_disable: TransitionDisable(TransitionDisable::ENHANCED_OPEN), ..learned() };
    assert!(learn(&mut document, &name("home.psk"), &more));
    let known = KnownNetwork::read(name("home.psk"), &document).unwrap();
    assert_eq!(known.network.transition_disable.0, 0b1001);

    // Another passphrase makes the derived keys worthless.
    document.set("Security", "Passphrase", b"secret124");
    let known = KnownNetwork::read(name("home.psk"), &document).unwrap();
    assert!(secret(&known).psk.is_none() && secret(&known).password_elements.is_empty());
}

#[test]
fn an_open_network_gets_no_secret() {
    let mut document = Document::default();
    assert!(learn(&mut document, &name("home.open"), &learned()));
    assert!(!document.has_group("Security"));
}

proptest! {
    #[test]
    fn any_octets_are_a_network_or_a_typed_error(octets in proptest::collection::vec(any::<u8>(), 0..100)) {
        let mut text = b"[Security]\nPassphrase=".to_vec();
        text.extend(octets);
        if let Ok(document) = Document::parse(&text) {
            let _typed = KnownNetwork::read(name("home.psk"), &document);
        }
    }

    #[test]
    fn any_passphrase_survives(passphrase in "[^\0]{1,60}") {
        let mut document = Document::default();
        document.set("Security", "Passphrase", passphrase.as_bytes());
        let written = Document::parse(document.octets().expose()).unwrap();
        let known = KnownNetwork::read(name("home.psk"), &written).unwrap();
        prop_assert_eq!(secret(&known).passphrase.as_ref().unwrap().expose(), passphrase.as_bytes());
    }
}
