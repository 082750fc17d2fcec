//! The double as an access point.

use super::REFUSED;
use super::client::{Members, dictionary, members, text};
use std::collections::{BTreeMap, HashMap};
use zbus::message::Message;
use zbus::{OwnedVariant, Variant};

/// The interface of hotspots that is ours.
pub(super) const LAPWING: &str = "org.lapwing.AccessPoint1";

/// What is on the air.
#[derive(Clone, Debug)]
pub(super) enum Hotspot {
    /// Nothing: the device is an access point without a hotspot.
    Stopped,
    /// A network with two links.
    Mld,
    /// What somebody started.
    Asked { ssid: Vec<u8>, security: String, hidden: bool },
}

impl Hotspot {
    /// What `StartAs` was asked for, and how it is told in the log.
    pub(super) fn asked(call: &Message) -> (Self, String) {
        let wishes: BTreeMap<String, OwnedVariant> = call.body().deserialize().unwrap();
        let told: Vec<String> = wishes.iter().map(|(key, value)| format!("{key}={}", plain(value))).collect();
        let get = |key: &str| wishes.get(key).unwrap().try_clone().unwrap();
        let asked = Self::Asked {
            ssid: get("SSID").try_into().unwrap(),
            security: get("Security").try_into().unwrap(),
            hidden: get("Hidden").try_into().unwrap(),
        };
        (asked, told.join(" "))
    }

    pub(super) fn is_refused(&self) -> bool {
        matches!(self, Self::Asked { ssid, .. } if ssid == REFUSED.as_bytes())
    }

    /// The properties of our interface.
    pub(super) fn lapwing(&self, is_garbage: bool) -> Members {
        let (state, ssid, security, hidden) = match self {
            Self::Stopped => ("stopped", Vec::new(), String::new(), false),
            Self::Mld => ("started", b"caf\xc3\xa9\x1b[2J".to_vec(), "wpa3".to_owned(), true),
            Self::Asked { ssid, security, hidden } => ("started", ssid.clone(), security.clone(), *hidden),
        };
        let link = |number: Option<u8>, bssid: &str, mhz: u32, width: u32| {
            let mut link = members([
                ("BSSID", text(bssid)),
                ("Frequency", Variant::from(mhz)),
                ("Width", Variant::from(width)),
                ("CenterFrequency", Variant::from(mhz)),
            ]);
            link.extend(number.map(|number| ("Link", Variant::from(number))));
            link
        };
        let (links, clients) = match self {
            Self::Stopped => (vec![], vec![]),
            Self::Mld => (
                vec![
                    link(Some(0), "02:00:00:00:0a:00", 2412, 20),
                    link(Some(1), "02:00:00:00:0a:01", 5180, 80),
                ],
                vec!["02:00:00:00:0c:01".to_owned(), "02:00:00:00:0c:02".to_owned()],
            ),
            Self::Asked { .. } => (vec![link(None, "02:00:00:00:02:00", 5180, 80)], vec![]),
        };
        let missing = match self {
            Self::Mld => vec![members([
                ("Link", Variant::from(2_u8)),
                ("Sentence", text("the kernel refused START_AP: Invalid argument")),
            ])],
            Self::Stopped | Self::Asked { .. } => vec![],
        };
        let failure = match self {
            Self::Stopped => members([
                ("Code", text("interface-down")),
                ("Sentence", text("the interface was set down or the radio was blocked")),
                ("NextStep", text("Switch Wi-Fi on.")),
            ]),
            Self::Mld | Self::Asked { .. } => Members::new(),
        };
        members([
            ("State", if is_garbage { Variant::from(1_u8) } else { text(state) }),
            ("SSID", Variant::from(ssid)),
            ("Security", text(&security)),
            ("Hidden", Variant::from(hidden)),
            ("MLD", text(if matches!(self, Self::Mld) { "02:00:00:00:02:00" } else { "" })),
            ("Links", list(links)),
            ("MissingLinks", list(missing)),
            ("Clients", Variant::from(clients)),
            ("LastFailure", dictionary(failure)),
        ])
    }

    /// What `GetClients` tells.
    pub(super) fn clients(&self) -> Vec<Members> {
        if !matches!(self, Self::Mld) {
            return Vec::new();
        }
        let link = |number: u8, address: &str| {
            members([("Link", Variant::from(number)), ("Address", text(address))])
        };
        let both = vec![link(0, "02:00:00:00:0c:a0"), link(1, "02:00:00:00:0c:a1")];
        let client = |address: &str, authorized: bool, links| {
            members([
                ("Address", text(address)),
                ("Authorized", Variant::from(authorized)),
                ("ManagementFrameProtection", Variant::from(true)),
                ("Links", list(links)),
            ])
        };
        let mut first = client("02:00:00:00:0c:01", true, both);
        first.insert("IPv4Address", text("192.168.77.2"));
        vec![first, client("02:00:00:00:0c:02", false, vec![])]
    }

    /// What `GetDiagnostics` tells.
    pub(super) fn figures(&self) -> Vec<Members> {
        if !matches!(self, Self::Mld) {
            return Vec::new();
        }
        vec![members([
            ("Address", text("02:00:00:00:0c:01")),
            ("RSSI", Variant::from(-51_i16)),
            ("RxBitrate", Variant::from(8667_u32)),
            ("TxBitrate", Variant::from(540_u32)),
            ("ConnectedTime", Variant::from(65_u32)),
        ])]
    }
}

fn list(list: Vec<Members>) -> Variant<'static> {
    let list: Vec<HashMap<String, Variant<'static>>> = list
        .into_iter()
        .map(|members| members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
        .collect();
    Variant::from(list)
}

/// A wish in the log.
fn plain(value: &Variant<'_>) -> String {
    match value {
        Variant::Bool(value) => value.to_string(),
        Variant::U16(value) => value.to_string(),
        Variant::U32(value) => value.to_string(),
        Variant::Str(text) => text.to_string(),
        Variant::Array(array) if array.element_signature().to_string() == "y" => {
            let octets: Vec<u8> = value.try_clone().unwrap().try_into().unwrap();
            String::from_utf8_lossy(&octets).into_owned()
        }
        other => {
            let texts: Vec<String> = other.try_clone().unwrap().try_into().unwrap();
            texts.join(",")
        }
    }
}
