//! What the double shows on the bus.

use super::super::hotspot::LAPWING;
use super::super::{DEVICE, Flavour};
use super::{Client, Members, Objects, dictionary, digits, members, object, text};
use std::collections::HashMap;
use zbus::{ObjectPath, Variant};

/// A network of the double: name, kind, signal in dBm, known.
pub(super) const NETWORKS: &[(&[u8], &str, i16, bool)] = &[
    (b"home", "psk", -44, false),
    (b"guest", "open", -62, true),
    (b"twins", "open", -70, false),
    (b"twins", "psk", -71, false),
    (b"\x1b[2Jevil\xe2\x80\xae", "psk", -80, false),
    (b"caf\xc3\xa9 \xff", "psk", -88, false),
    (b"old", "wep", -90, false),
];

impl Client {
    pub(super) fn network(&self, (ssid, kind, dbm, known): &(&[u8], &str, i16, bool)) -> Members {
        let path = format!("{DEVICE}/{}_{kind}", digits(ssid));
        let is_usable = *kind != "wep";
        let mut bss = members([
            ("BSSID", text("02:00:00:00:00:01")),
            ("Frequency", Variant::from(5180_u32)),
            ("Signal", Variant::from(*dbm)),
            ("Usable", Variant::from(is_usable)),
        ]);
        if is_usable {
            bss.insert("Score", Variant::from(90_000_u32));
        } else {
            bss.insert("Reason", text("it uses WEP, which protects nothing"));
        }
        if self.is_garbage(4) {
            bss.insert("Signal", text("weak"));
        }
        let other = members([
            ("BSSID", text("02:00:00:00:00:02")),
            ("Frequency", Variant::from(2437_u32)),
            ("Signal", Variant::from(dbm - 9)),
            ("Usable", Variant::from(false)),
            ("Reason", text("it was heard too long ago")),
        ]);
        let bsss: Vec<HashMap<String, Variant<'static>>> = [bss, other]
            .into_iter()
            .map(|bss| bss.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            .collect();
        members([
            ("Path", object(&path)),
            ("SSID", Variant::from(ssid.to_vec())),
            ("Name", text(&String::from_utf8_lossy(ssid))),
            ("Type", text(kind)),
            ("Signal", Variant::from(dbm * 100)),
            ("Known", Variant::from(*known)),
            ("Connected", Variant::from(self.connected.as_ref() == Some(&path))),
            ("BSSs", Variant::from(bsss)),
        ])
    }

    pub(super) fn objects(&self) -> Objects {
        let mut objects = Objects::new();
        let mut add = |path: &str, interface, members| {
            objects.entry(path.to_owned()).or_default().insert(interface, members);
        };
        let mut radio = members([
            ("Name", text("phy0")),
            ("Powered", Variant::from(true)),
            ("Model", text("Model 7")),
            ("Vendor", text("Vendor")),
        ]);
        if self.is_ours() {
            let modes = vec!["ap".to_owned(), "station".to_owned()];
            radio.insert("SupportedModes", Variant::from(modes));
        }
        add("/net/connman/iwd/0", "net.connman.iwd.Adapter", radio);
        if self.is_ours() {
            add("/net/connman/iwd", "org.lapwing.Daemon1", members([("Version", text("0.1.0"))]));
        }
        let devices: &[(&str, &str)] = match self.flavour {
            Flavour::Two => &[(DEVICE, "wlan0"), ("/net/connman/iwd/0/4", "wlan1")],
            Flavour::Bare => &[],
            _ => &[(DEVICE, "wlan0")],
        };
        for (path, name) in devices {
            let device = members([
                ("Name", if self.is_garbage(5) { Variant::from(3_u8) } else { text(name) }),
                ("Address", text("02:00:00:00:02:00")),
                ("Powered", Variant::from(true)),
                ("Mode", text(if self.hotspot.is_some() { "ap" } else { "station" })),
                ("Adapter", object("/net/connman/iwd/0")),
            ]);
            add(path, "net.connman.iwd.Device", device);
            if let Some(hotspot) = &self.hotspot {
                add(path, LAPWING, hotspot.lapwing(self.is_garbage(11)));
                continue;
            }
            let connected = self.connected.as_ref().filter(|_| *path == DEVICE);
            // The first command that looks finds a connection, if it only looks.
            let state = if connected.is_some() || self.shows() { "connected" } else { "disconnected" };
            let mut station = members([("State", text(state)), ("Scanning", Variant::from(self.scanning))]);
            let shown = format!("{DEVICE}/{}_psk", digits(b"home"));
            if let Some(network) = connected.or(self.shows().then_some(&shown)) {
                station.insert("ConnectedNetwork", object(network));
            }
            if self.is_garbage(6) {
                station.insert("State", Variant::from(vec![1_i16]));
                station.insert("Scanning", text("maybe"));
            }
            add(path, "net.connman.iwd.Station", station);
            if self.is_ours() {
                add(path, "org.lapwing.Station1", self.station(state));
            }
        }
        for (ssid, kind, _, known) in NETWORKS {
            let path = format!("{DEVICE}/{}_{kind}", digits(ssid));
            let mut network = members([
                ("Name", text(&String::from_utf8_lossy(ssid).replace('\0', ""))),
                ("Type", text(kind)),
                ("Device", object(DEVICE)),
                ("Connected", Variant::from(self.connected.as_ref() == Some(&path))),
                (
                    "ExtendedServiceSet",
                    Variant::from(vec![ObjectPath::try_from(format!("{path}/020000000001")).unwrap()]),
                ),
            ]);
            let stored = format!("/net/connman/iwd/{}_{kind}", digits(ssid));
            if *known {
                network.insert("KnownNetwork", object(&stored));
                let known = members([
                    ("Name", text(&String::from_utf8_lossy(ssid))),
                    ("Type", text(kind)),
                    ("Hidden", Variant::from(false)),
                    ("AutoConnect", Variant::from(true)),
                    ("LastConnectedTime", text("2026-11-20T09:30:00Z")),
                ]);
                add(&stored, "net.connman.iwd.KnownNetwork", known);
            }
            let bss = members([("Address", text("02:00:00:00:00:01"))]);
            add(&format!("{path}/020000000001"), "net.connman.iwd.BasicServiceSet", bss);
            add(&path, "net.connman.iwd.Network", network);
        }
        let far = members([
            ("Name", text("far away")),
            ("Type", text("psk")),
            ("Hidden", Variant::from(true)),
            ("AutoConnect", Variant::from(false)),
        ]);
        add(&format!("/net/connman/iwd/{}_psk", digits(b"far away")), "net.connman.iwd.KnownNetwork", far);
        objects
    }

    /// Whether the double shows a connection that nobody made: as long as it was asked for nothing.
    pub(super) fn shows(&self) -> bool {
        let log = self.log.lock().unwrap();
        !log.iter().any(|call| call.starts_with("Network.") || call == "Station.ConnectHiddenNetwork")
            && !matches!(self.flavour, Flavour::Two)
    }

    pub(super) fn station(&self, state: &str) -> Members {
        let mut station = members([
            ("State", text(state)),
            ("Warning", text("home could not be stored: the disk is full")),
            ("Connection", dictionary(Members::new())),
            ("Addresses", dictionary(Members::new())),
            ("LastFailure", dictionary(Members::new())),
        ]);
        if state == "connected" {
            let connection = members([
                ("Attempt", Variant::from(1_u64)),
                ("SSID", Variant::from(b"home".to_vec())),
                ("BSSID", text("02:00:00:00:00:01")),
                ("Frequency", Variant::from(5180_u32)),
                ("AKM", text("SAE")),
                ("PairwiseCipher", text("CCMP-128")),
                ("GroupManagementCipher", text("BIP-CMAC-128")),
                ("BeaconProtection", Variant::from(true)),
                ("CachedPMKSA", Variant::from(false)),
            ]);
            station.insert("Connection", dictionary(connection));
            if self.has_address || self.shows() {
                station.insert("Addresses", dictionary(addresses()));
            }
        }
        let shown = (
            "no-address",
            "address",
            "access point",
            "no DHCP server or router answered",
            "Check the DHCP server.",
        );
        if let Some((code, phase, whose, sentence, next)) = self.failure.or(self.shows().then_some(shown)) {
            let failure = members([
                ("Code", text(code)),
                ("Phase", text(phase)),
                ("Whose", text(whose)),
                ("Sentence", text(sentence)),
                ("NextStep", text(next)),
            ]);
            station.insert("LastFailure", dictionary(failure));
        }
        if self.is_garbage(9) {
            station.insert("Connection", dictionary(members([("Frequency", text("high"))])));
        }
        if self.is_garbage(8) {
            station.insert("Addresses", dictionary(members([("Addresses", Variant::from(4_u32))])));
        }
        station
    }
}

/// An AP MLD with a link that is used and one that is not.
pub(super) fn links() -> (Vec<Members>, Members) {
    let side = |number: u8, mhz: u32, state, kernel| {
        members([
            ("Link", Variant::from(number)),
            ("BSSID", text("02:00:00:00:00:01")),
            ("Frequency", Variant::from(mhz)),
            ("Association", Variant::from(number == 0)),
            ("State", text(state)),
            ("Kernel", text(kernel)),
            ("Agree", Variant::from(true)),
            ("BeaconSignal", Variant::from(-48_i16)),
        ])
    };
    let figures = members([
        ("RSSI", Variant::from(-44_i16)),
        ("RxBitrate", Variant::from(8667_u32)),
        ("TxBitrate", Variant::from(540_u32)),
        ("RxBytes", Variant::from(7_000_000_u64)),
        ("TxBytes", Variant::from(900_u64)),
        ("TxRetries", Variant::from(17_u32)),
        ("TxFailed", Variant::from(3_u32)),
    ]);
    let mut used = side(0, 2412, "used", "used");
    used.extend(members([
        ("Reason", text("")),
        ("Address", text("02:00:00:00:02:00")),
        ("KernelFrequency", Variant::from(2412_u32)),
        ("Width", Variant::from(40_u16)),
    ]));
    used.extend(figures.clone());
    let mut left = side(1, 5180, "left-out", "absent");
    left.insert("Reason", text("it was not \u{1b}[2Jheard"));
    let verdict = "1 of 2 links in use; link 1 left out: it was not heard; daemon and kernel agree.";
    let mut summary = members([
        ("Peer", text("02:00:00:00:00:0a")),
        ("MultiLink", Variant::from(true)),
        ("Verdict", text(verdict)),
        ("Agree", Variant::from(true)),
        ("NextStep", text("Nothing.")),
    ]);
    summary.extend(figures);
    (vec![used, left], summary)
}

pub(super) fn addresses() -> Members {
    members([
        ("Addresses", Variant::from(vec!["192.0.2.7/24".to_owned(), "2001:db8::7/64".to_owned()])),
        ("Router", text("192.0.2.1")),
        ("NameServers", Variant::from(vec!["192.0.2.1".to_owned()])),
    ])
}
