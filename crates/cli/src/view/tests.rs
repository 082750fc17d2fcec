use super::*;

const COLOUR: Style = Style { colour: true, unicode: true };

fn device(state: &str) -> Device {
    Device {
        path: "/".to_owned(),
        name: "wlan0".to_owned(),
        address: Some("02:00:00:00:02:00".to_owned()),
        powered: true,
        mode: Some("station".to_owned()),
        state: state.to_owned(),
        scanning: false,
        radio: None,
    }
}

fn bare(device: Device) -> Status {
    Status {
        device,
        network: None,
        connection: None,
        addresses: None,
        last_failure: None,
        warning: None,
        hotspot: None,
    }
}

#[test]
fn states() {
    let home = Some(Name::new(b"home".to_vec(), "psk"));
    for (state, network, expected) in [
        ("disconnected", None, "● wlan0  disconnected\n"),
        ("connecting", home.clone(), "● wlan0  connecting to home\n"),
        ("roaming", home.clone(), "● wlan0  roaming in home\n"),
        ("connected", home, "● wlan0  connected to home\n"),
        ("unavailable", None, "● wlan0  unavailable\n"),
        ("odd\u{1b}", None, "● wlan0  odd\\u{1b}\n"),
    ] {
        assert_eq!(status(Style::PLAIN, &[Status { network, ..bare(device(state)) }]), expected);
    }
    let off = Device { powered: false, ..device("unavailable") };
    assert_eq!(status(Style::PLAIN, &[bare(off)]), "● wlan0  switched off\n");
    let busy = Device { scanning: true, ..device("disconnected") };
    assert_eq!(status(Style::PLAIN, &[bare(busy)]), "● wlan0  disconnected, scanning\n");
}

#[test]
fn colours_say_how_it_is() {
    let status = status(COLOUR, &[bare(device("connected"))]);
    assert_eq!(status, "\x1b[32m●\x1b[0m \x1b[1mwlan0\x1b[0m  \x1b[32mconnected\x1b[0m\n");
}

#[test]
fn how_a_connection_is_protected() {
    let with = |connection| security(&connection).unwrap_or_default();
    assert_eq!(with(Connection::default()), "");
    let open = Connection { security: Some("open".to_owned()), ..Connection::default() };
    assert_eq!(with(open), "open");
    let cached = Connection {
        security: Some("WPA3-Personal".to_owned()),
        akm: Some("SAE".to_owned()),
        cached_pmksa: Some(true),
        group_management_cipher: Some("BIP-GMAC-256".to_owned()),
        ..Connection::default()
    };
    assert_eq!(with(cached), "WPA3-Personal, SAE with a cached key, management frames by BIP-GMAC-256");
    let broken = Connection {
        security: Some("WPA-Personal".to_owned()),
        akm: Some("WPA-PSK".to_owned()),
        pairwise_cipher: Some("TKIP".to_owned()),
        weakness: Some("that is broken".to_owned()),
        ..Connection::default()
    };
    assert_eq!(with(broken), "WPA-Personal, WPA-PSK, TKIP; that is broken");
}

#[test]
fn durations() {
    for (seconds, text) in [(59, "59 s"), (61, "1 min 1 s"), (3600, "1 h 0 min"), (90_061, "1 d 1 h")] {
        assert_eq!(duration(seconds), text);
    }
}

#[test]
fn frequencies() {
    assert_eq!(place(Some(5955)).unwrap(), "channel 1 (6 GHz, 5955 MHz)");
    assert_eq!(place(Some(58320)).unwrap(), "58320 MHz");
    assert_eq!(place(None), None);
}

#[test]
fn empty_lists_say_what_to_do() {
    assert!(networks(Style::PLAIN, "wlan0", &[], false).contains("lapwing scan"));
    assert!(known(Style::PLAIN, &[]).contains("lapwing connect"));
}
