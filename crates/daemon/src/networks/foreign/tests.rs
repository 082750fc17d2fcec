//! What is carried over, and what is said of the rest.

use super::*;
use crate::netconf::settings::{Prefix, StaticIpv4};

const WPA: &[u8] = br#"ctrl_interface=/run/wpa_supplicant
update_config=1
country=DE
# home
network={
	ssid="ho#me"   # with a comment
	psk="cor\rect # horse"
	priority=5
	scan_ssid=1
	disabled=1
	wep_tx_keyidx=0
}
network={
	ssid=636166c3a9
	key_mgmt=OWE
}
network={
	ssid=P"tab\tx\x41"
	key_mgmt=SAE
	sae_password="x"
	sae_password_id="me"
}
network={
	ssid="key"
	psk=00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF
}
cred={
	domain="example.com"
	password="secret"
}
network={
	ssid="work"
	key_mgmt=WPA-EAP
	eap=PEAP
	password="secret789"
}
network={
	ssid="old"
	key_mgmt=NONE
	wep_key0="abcde"
}
network={
	psk="nameless"
}
network={
	ssid="mine"
	mode=2
	psk="abcdefgh"
}
nonsense
}
network={
"#;

fn carried(foreign: &Foreign) -> &Carried {
    foreign.outcome.as_ref().unwrap()
}

fn passphrase(carried: &Carried) -> &[u8] {
    carried.secret().unwrap().passphrase.as_ref().unwrap().expose()
}

#[test]
fn the_networks_of_wpa_supplicant() {
    let (networks, mistakes) = wpa_supplicant::read(WPA);
    let names: Vec<_> = networks.iter().map(|network| network.name.as_str()).collect();
    let expected =
        ["ho#me", "caf\u{e9}", "=746162097841", "key", "work", "old", "a network without a name", "mine"];
    assert_eq!(names, expected);
    let home = carried(&networks[0]);
    assert_eq!(
        (home.name.to_string().as_str(), home.hidden, home.autoconnect),
        ("=686f236d65.psk", true, false)
    );
    assert_eq!(passphrase(home), br"cor\rect # horse");
    assert_eq!(home.left_out.len(), 2, "{:?}", home.left_out);
    assert!(home.left_out[0].starts_with("priority: ") && home.left_out[1].starts_with("wep_tx_keyidx: "));
    assert_eq!(carried(&networks[1]).name.security, Security::Open);
    let sae = carried(&networks[2]);
    assert_eq!(
        (passphrase(sae), sae.secret().unwrap().password_identifier.as_deref()),
        (&b"x"[..], Some(&b"me"[..]))
    );
    let key = carried(&networks[3]).secret().unwrap();
    assert_eq!(key.psk.as_ref().unwrap().expose()[..2], [0, 0x11]);
    for (index, word) in [(4, "802.1X"), (5, "WEP"), (6, "no ssid"), (7, "access point")] {
        assert!(networks[index].outcome.as_ref().unwrap_err().contains(word), "{word}");
    }
    assert_eq!(mistakes.len(), 3, "{mistakes:?}");
    assert!(mistakes[0].starts_with("line 50: ") && mistakes[2].contains("no end"), "{mistakes:?}");
    let text = format!("{networks:?} {mistakes:?}");
    assert!(!text.contains("horse") && !text.contains("secret"), "{text}");
}

const MANAGED: &[u8] = br"[connection]
id=Home
uuid=5d3b6d2e-0000-4000-8000-000000000000
type=wifi
autoconnect=false
autoconnect-priority=7
interface-name=wlan0

[wifi]
mode=infrastructure
ssid=ho\\me\;
hidden=true
cloned-mac-address=random

[wifi-security]
key-mgmt=wpa-psk
psk=\sspaced\\out

[ipv4]
address1=192.0.2.7/24,192.0.2.1
dns=192.0.2.53;198.51.100.1;
dns-search=example.com;example.net;
method=manual
route1=198.51.100.0/24

[ipv6]
method=disabled
dns=2001:db8::53;
";

#[test]
fn a_network_of_network_manager() {
    let home = network_manager::read("home.nmconnection", MANAGED).unwrap();
    let home = carried(&home);
    assert_eq!((home.name.ssid.octets(), passphrase(home)), (&b"ho\\me;"[..], &b" spaced\\out"[..]));
    assert!(home.hidden && !home.autoconnect && !home.addressing.ipv6_enabled);
    let address = Prefix { address: [192, 0, 2, 7].into(), length: 24 };
    assert_eq!(home.addressing.ipv4, Some(StaticIpv4 { address, gateway: Some([192, 0, 2, 1].into()) }));
    assert_eq!((home.addressing.dns.len(), home.addressing.domain.as_deref()), (3, Some("example.com")));
    let told = home.left_out.join("\n");
    for word in ["autoconnect-priority", "interface-name", "cloned-mac-address", "dns-search", "route1"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    let text = String::from_utf8(home.document().unwrap().octets().expose().to_vec()).unwrap();
    assert_eq!(
        text,
        "[Security]\nPassphrase=\\sspaced\\\\out\n\n[Settings]\nHidden=true\nAutoConnect=false\n\n[IPv4]\n\
         Address=192.0.2.7\nNetmask=255.255.255.0\nGateway=192.0.2.1\nDNS=192.0.2.53 198.51.100.1\n\
         DomainName=example.com\n\n[IPv6]\nEnabled=false\nDNS=2001:db8::53\n"
    );
}

#[test]
fn what_is_no_network_and_what_cannot_be_carried_over() {
    let read = |text: &str| network_manager::read("x.nmconnection", text.as_bytes());
    assert_eq!(read("[connection]\ntype=ethernet\n"), None);
    assert_eq!(read(""), None);
    let octets = read("[connection]\ntype=802-11-wireless\n[802-11-wireless]\nssid=99;97;255;\n").unwrap();
    assert_eq!(octets.name, "=6361ff");
    let wifi = "[connection]\ntype=wifi\n[wifi]\nssid=home\n";
    for (text, word) in [
        ("[wifi-security]\nkey-mgmt=wpa-psk\npsk-flags=1\n", "keyring"),
        ("[wifi-security]\nkey-mgmt=sae\n", "no psk"),
        ("[wifi-security]\nkey-mgmt=none\nwep-key0=abcde\n", "WEP"),
        ("[wifi-security]\nkey-mgmt=wpa-eap\n", "802.1X"),
        ("[wifi]\nmode=ap\nssid=home\n", "hotspot"),
        ("garbage\n", "line 5"),
    ] {
        let outcome = read(&format!("{wifi}{text}")).unwrap().outcome;
        assert!(outcome.as_ref().unwrap_err().contains(word), "{outcome:?}");
    }
    assert!(read("[connection]\ntype=wifi\n").unwrap().outcome.unwrap_err().contains("no ssid"));
}

/// Every kind of network, through each format and back.
#[test]
fn what_is_written_is_read_again() {
    let mut networks = Vec::new();
    for name in [&b"home"[..], b"caf\xc3\xa9 #1\"", b"\xff\x00;", b" x;"] {
        let ssid = Ssid::new(name).unwrap();
        networks.push(Carried { hidden: true, ..Carried::new(ssid.clone(), Security::Open) });
        for secret in [&b"correct \"horse\" #\\n"[..], b" short", &[b'x'; 70], b"tab\tand\\"] {
            let secret = secret_of(secret);
            networks.push(Carried {
                credentials: Credentials::Personal(secret),
                autoconnect: false,
                ..Carried::new(ssid.clone(), Security::Personal)
            });
        }
        networks.push(Carried {
            credentials: Credentials::Personal(Personal {
                psk: Some(Secret::new(&[7; 32])),
                ..Personal::default()
            }),
            ..Carried::new(ssid, Security::Personal)
        });
    }
    let (file, left_out) = wpa_supplicant::write(&networks);
    assert!(left_out.is_empty());
    let (again, mistakes) = wpa_supplicant::read(file.expose());
    assert_eq!(mistakes, [] as [String; 0]);
    assert_eq!(again.len(), networks.len());
    for (network, again) in networks.iter().zip(&again) {
        assert_eq!(again.outcome.as_ref().unwrap(), network);
        let file = network_manager::write(network, [0xff; 16]);
        let text = String::from_utf8_lossy(file.expose()).into_owned();
        let again = network_manager::read("x", file.expose()).unwrap();
        assert_eq!(again.outcome.as_ref(), Ok(network), "{text}");
        assert!(text.contains("uuid=ffffffff-ffff-4fff-bfff-ffffffffffff"), "{text}");
        let document = network.document().unwrap();
        let known = KnownNetwork::read(network.name.clone(), &document).unwrap();
        assert_eq!(&Carried::of(&known), network);
    }
    let managed = network_manager::read("x", MANAGED).unwrap().outcome.unwrap();
    let again = network_manager::read("x", network_manager::write(&managed, [0; 16]).expose()).unwrap();
    assert_eq!(again.outcome.unwrap(), Carried { left_out: Vec::new(), ..managed.clone() });
    assert_eq!(wpa_supplicant::write(&[managed]).1.len(), 1);
}

fn secret_of(text: &[u8]) -> Personal {
    Personal { passphrase: Some(Secret::new(text)), ..Personal::default() }
}
