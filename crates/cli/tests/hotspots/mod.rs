//! `lapwing hotspot` from end to end.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use crate::double::{Double, Flavour, PASSPHRASE, REFUSED};

/// What was called beyond what every command looks at.
fn orders(double: &Double) -> Vec<String> {
    let looks = ["ObjectManager.", "Properties.", "AccessPointDiagnostic.", "AccessPoint1.GetClients"];
    double.calls().into_iter().filter(|call| !looks.iter().any(|look| call.starts_with(look))).collect()
}

const SHOWN: &str = "\
● wlan0  is the hotspot café\\u{1b}[2J
  security  WPA3, its name is not announced
  address   02:00:00:00:02:00
  link 0    channel 1 (2.4 GHz, 2412 MHz), 20 MHz wide, 02:00:00:00:0a:00
  link 1    channel 36 (5 GHz, 5180 MHz), 80 MHz wide, 02:00:00:00:0a:01
  link 2    is missing: the kernel refused START_AP: Invalid argument
  clients   2
";

#[test]
fn a_hotspot_for_a_person() {
    let double = Double::start(Flavour::Hotspot);
    for arguments in [&["hotspot"][..], &["hotspot", "status"], &["status"]] {
        let outcome = double.run(arguments);
        assert_eq!((outcome.status, outcome.out.as_str(), outcome.err.as_str()), (0, SHOWN, ""));
    }
    assert_eq!(
        Double::start(Flavour::IdleHotspot).run(&["hotspot"]).out,
        "\
● wlan0  is an access point without a hotspot
  last failure  the interface was set down or the radio was blocked
  next          Switch Wi-Fi on.
"
    );
    let outcome = Double::start(Flavour::Lapwing).run(&["hotspot"]);
    assert_eq!(outcome.status, 5);
    assert!(outcome.err.contains("No device is a hotspot.\n  next: Start one"), "{}", outcome.err);
}

#[test]
fn who_has_joined() {
    assert_eq!(
        Double::start(Flavour::Hotspot).run(&["hotspot", "clients"]).out,
        "\
client             address       signal           received      sent         links  for
02:00:00:00:0c:01  192.168.77.2  ▂▄▆█    -51 dBm  866.7 Mbit/s  54.0 Mbit/s  0, 1   1 min 5 s
02:00:00:00:0c:02
"
    );
    assert_eq!(
        Double::start(Flavour::IdleHotspot).run(&["hotspot", "clients"]).out,
        "Nobody has joined the hotspot.\n"
    );
}

#[test]
fn a_hotspot_is_started_as_asked() {
    let double = Double::start(Flavour::Lapwing);
    let file = double.file(PASSPHRASE.as_bytes());
    let outcome = double.run(&["hotspot", "start", "mine", "--passphrase-file", &file]);
    assert_eq!(
        outcome.out,
        "\
● wlan0  is the hotspot mine
  security  WPA2 and WPA3
  channel   channel 36 (5 GHz, 5180 MHz), 80 MHz wide, 02:00:00:00:02:00
  clients   0
  passphrase  correct horse battery
"
    );
    assert_eq!(outcome.err, "making the device an access point\nbringing the hotspot onto the air\n");
    let wishes = "Addresses=true Forward=true Hidden=false Isolate=false Links= \
                  Passphrase=correct horse battery SSID=mine Security=transition";
    assert_eq!(orders(&double), ["Mode ap", "AccessPoint1.StartAs", wishes]);

    let double = Double::start(Flavour::IdleHotspot);
    let all = [
        &["hotspot", "start", "mine", "--security", "owe", "--link", "2.4", "--link", "5180", "--hidden"][..],
        &["--isolate", "--client-limit", "7", "--group-key-lifetime", "600"],
        &["--subnet", "192.168.77.1/24", "--no-nat"],
    ];
    let json = double.run(&[&all.concat()[..], &["--json"]].concat()).json();
    assert_eq!(json["hotspot"]["security"], "owe");
    assert_eq!(json["passphrase"], serde_json::Value::Null);
    let wishes = "Address=192.168.77.1/24 Addresses=true ClientLimit=7 Forward=false GroupKeyLifetime=600 \
                  Hidden=true Isolate=true Links=2.4,5180 SSID=mine Security=owe";
    assert_eq!(orders(&double), ["AccessPoint1.StartAs", wishes], "it is an access point already");
}

#[test]
fn a_passphrase_is_made_where_one_belongs_to_it() {
    let double = Double::start(Flavour::IdleHotspot);
    let made = |arguments: &[&str]| {
        let json = double.run(&[&["hotspot", "start", "mine", "--json"], arguments].concat()).json();
        json["passphrase"].as_str().map(str::to_owned)
    };
    let (first, second) = (made(&[]).unwrap(), made(&["--security", "wpa3"]).unwrap());
    assert_eq!((first.len(), second.len()), (16, 16));
    assert_ne!(first, second);
    assert_eq!(made(&["--security", "open"]), None);
    assert_eq!(made(&["--profile"]), None);
    let file = double.file(PASSPHRASE.as_bytes());
    let outcome = double.run(&["hotspot", "start", "mine", "--security", "open", "--passphrase-file", &file]);
    assert_eq!(outcome.status, 2);
    assert!(outcome.err.contains("has no passphrase"), "{}", outcome.err);
    for both in [&["--profile", "--hidden"][..], &["--profile", "--subnet", "192.168.77.1/24"]] {
        assert_eq!(double.run(&[&["hotspot", "start", "mine"], both].concat()).status, 2, "{both:?}");
    }
}

#[test]
fn a_profile_is_started_by_its_name() {
    let double = Double::start(Flavour::Lapwing);
    let outcome = double.run(&["hotspot", "start", "mine", "--profile"]);
    assert_eq!((outcome.status, outcome.out.as_str()), (0, SHOWN));
    assert_eq!(orders(&double), ["Mode ap", "AccessPoint.StartProfile", "profile mine"]);
}

#[test]
fn a_device_whose_hotspot_is_refused_is_a_station_again() {
    let double = Double::start(Flavour::Lapwing);
    let outcome = double.run(&["hotspot", "start", REFUSED, "--security", "open"]);
    assert_eq!(outcome.status, 1);
    assert!(outcome.err.contains("The kernel refused START_AP"), "{}", outcome.err);
    assert_eq!(orders(&double).last().unwrap(), "Mode station");
    // What was an access point before stays one.
    let double = Double::start(Flavour::IdleHotspot);
    assert_eq!(double.run(&["hotspot", "start", REFUSED, "--security", "open"]).status, 1);
    assert!(!double.calls().iter().any(|call| call.starts_with("Mode")), "{:?}", double.calls());
}

#[test]
fn what_a_person_wants_of_a_hotspot() {
    let double = Double::start(Flavour::Hotspot);
    for (arguments, said, called) in [
        (&["throw-out"][..], "Every client is thrown out.", "client \"\""),
        (
            &["throw-out", "02:00:00:00:0c:01"],
            "02:00:00:00:0c:01 is thrown out.",
            "client \"02:00:00:00:0c:01\"",
        ),
        (&["remove-link", "1"], "Link 1 goes after 10 beacons.", "link 1 in 10"),
        (&["remove-link", "0", "--beacons", "3"], "Link 0 goes after 3 beacons.", "link 0 in 3"),
        (&["add-link", "1"], "Link 1 is back.", "link 1"),
        (&["renew-keys"], "The group keys are being renewed.", "AccessPoint1.RenewGroupKeys"),
        (&["forget-pmksas"], "The cached keys of clients are forgotten.", "AccessPoint1.ForgetPmksas"),
        (&["restart"], "The hotspot has begun anew.", "goodbye true forget false"),
        (&["restart", "--silently", "--forget"], "The hotspot has begun anew.", "goodbye false forget true"),
        (&["stop"], "The hotspot has ended; wlan0 joins networks again.", "Mode station"),
    ] {
        let arguments = [&["hotspot"], arguments].concat();
        let outcome = double.run(&arguments);
        assert_eq!((outcome.status, outcome.out), (0, format!("{said}\n")), "{arguments:?}: {}", outcome.err);
        assert_eq!(orders(&double).last().unwrap(), called, "{arguments:?}");
    }
    let outcome = double.run(&["hotspot", "remove-link", "7"]);
    assert_eq!(outcome.status, 5);
    assert!(outcome.err.contains("no such link"), "{}", outcome.err);
    let json = double.run(&["hotspot", "remove-link", "7", "--json"]).json();
    assert_eq!(json["error"]["code"], "not-found");
    assert!(orders(&double).contains(&"AccessPoint.Stop".to_owned()));
}
