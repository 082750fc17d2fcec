//! What the daemon shows of a hotspot, checked; and at the same time what `--json` prints.

use crate::bus::{Bus, Properties, decode};
use crate::failure::{Failure, Kind};
use crate::model::{Device, LastFailure, last_failure};
use crate::qr::{Invitation, Protection};
use crate::text::Style;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use zbus::OwnedVariant;

/// iwd's interface of access points.
pub(super) const ACCESS_POINT: &str = "net.connman.iwd.AccessPoint";
/// Ours, with what that does not tell.
pub(crate) const LAPWING: &str = "org.lapwing.AccessPoint1";

/// A list of dictionaries.
type List = Vec<HashMap<String, OwnedVariant>>;

/// A hotspot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Status {
    /// The device.
    pub(crate) device: String,
    /// `stopped`, `starting`, `started` or `stopping`.
    pub(crate) state: String,
    /// The octets of its name.
    #[serde(skip)]
    pub(crate) octets: Vec<u8>,
    /// Its name as it is shown; none while it is stopped.
    pub(crate) name: Option<String>,
    /// The octets in hexadecimal.
    pub(crate) ssid: Option<String>,
    /// `wpa2`, `wpa3`, `transition`, `owe` or `open`.
    pub(crate) security: Option<String>,
    /// Whether its name is not announced.
    pub(crate) hidden: bool,
    /// Its address, if it has several links.
    pub(crate) mld: Option<String>,
    /// What is on the air.
    pub(crate) links: Vec<Link>,
    /// The links that the kernel refused.
    pub(crate) missing: Vec<Missing>,
    /// Its clients.
    pub(crate) clients: Vec<String>,
    /// Why it did not begin, or has ended.
    pub(crate) last_failure: Option<LastFailure>,
}

/// What is on the air: the only BSS, or a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Link {
    /// The number, of one of several.
    pub(crate) link: Option<u8>,
    /// Its address.
    pub(crate) bssid: String,
    /// Its channel, in MHz.
    pub(crate) frequency: u32,
    /// Its width, in MHz.
    pub(crate) width: u32,
}

/// A link that the kernel refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Missing {
    /// The number.
    pub(crate) link: u8,
    /// Why.
    pub(crate) sentence: String,
}

/// A client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Client {
    /// Its address.
    pub(crate) address: String,
    /// Whether it has got in.
    pub(crate) authorized: bool,
    /// The address that it was given.
    pub(crate) ipv4_address: Option<String>,
    /// Its address on each link that it uses.
    pub(crate) links: BTreeMap<u8, String>,
    /// The signal of its last frame in dBm.
    pub(crate) signal_dbm: Option<i16>,
    /// What was last received of it, in kbit/s.
    pub(crate) receive_kbps: Option<u64>,
    /// What was last sent to it, in kbit/s.
    pub(crate) transmit_kbps: Option<u64>,
    /// How long it has been there.
    pub(crate) connected_seconds: Option<u32>,
}

impl Status {
    /// Asks the daemon.
    ///
    /// # Errors
    /// If the answer is not as it must be.
    pub(super) async fn read(bus: &Bus, device: &Device) -> Result<Self, Failure> {
        let Some(properties) = bus.properties(&device.path, LAPWING).await? else {
            return Err(Failure::new(Kind::Failed, "The daemon that answers has no hotspots of this kind.")
                .code("other-daemon")
                .next("See which it is: busctl status net.connman.iwd."));
        };
        Self::of(&device.name, &properties)
    }

    /// What a telephone has to know to join; none if the passphrase that it needs is not given.
    pub(crate) fn invitation<'a>(&'a self, passphrase: Option<&'a [u8]>) -> Option<Invitation<'a>> {
        let protection = match (self.security.as_deref(), passphrase) {
            (Some("wpa3"), Some(passphrase)) => Protection::Wpa3 { passphrase },
            (Some("wpa2" | "transition"), Some(passphrase)) => Protection::Personal { passphrase },
            (Some("open" | "owe"), None) => Protection::None,
            // The profile has the passphrase, and does not tell.
            _ => return None,
        };
        Some(Invitation { ssid: &self.octets, protection, hidden: self.hidden })
    }

    /// From the properties of our interface.
    ///
    /// # Errors
    /// If they are not as they must be.
    pub(crate) fn of(device: &str, properties: &Properties) -> Result<Self, Failure> {
        let octets: Vec<u8> = properties.require("SSID")?;
        let is_named = !octets.is_empty();
        let links = properties.list("Links")?.into_iter().map(|link| {
            Ok(Link {
                link: link.get("Link")?,
                bssid: link.require("BSSID")?,
                frequency: link.require("Frequency")?,
                width: link.require("Width")?,
            })
        });
        // An older daemon does not say.
        let missing = properties.list("MissingLinks")?.into_iter().map(|missing| {
            Ok(Missing { link: missing.require("Link")?, sentence: missing.require("Sentence")? })
        });
        Ok(Self {
            device: device.to_owned(),
            state: properties.require("State")?,
            name: is_named.then(|| Style::PLAIN.name(&octets)),
            ssid: is_named.then(|| octets.iter().map(|octet| format!("{octet:02x}")).collect()),
            octets,
            security: properties.text("Security")?,
            hidden: properties.require("Hidden")?,
            mld: properties.text("MLD")?,
            links: links.collect::<Result<_, Failure>>()?,
            missing: missing.collect::<Result<_, Failure>>()?,
            clients: properties.require("Clients")?,
            last_failure: properties
                .dictionary("LastFailure")?
                .filter(|members| !members.is_empty())
                .map(|members| last_failure(&members))
                .transpose()?,
        })
    }
}

impl Client {
    /// Asks the daemon for all of them.
    ///
    /// # Errors
    /// If the answer is not as it must be.
    pub(crate) async fn read(bus: &Bus, device: &Device) -> Result<Vec<Self>, Failure> {
        let reply = bus.call(&device.path, LAPWING, "GetClients", &()).await?;
        let clients: List = decode(&reply.body(), "GetClients")?;
        let diagnostic = "net.connman.iwd.AccessPointDiagnostic";
        let reply = bus.call(&device.path, diagnostic, "GetDiagnostics", &()).await?;
        let figures: List = decode(&reply.body(), "GetDiagnostics")?;
        let figures = figures.into_iter().map(|members| {
            let figures = Properties::new("the figures of a client", members);
            Ok((figures.require::<String>("Address")?, figures))
        });
        let figures: HashMap<String, Properties> = figures.collect::<Result<_, Failure>>()?;
        let client = |members| {
            let client = Properties::new("a client", members);
            let address: String = client.require("Address")?;
            let figures = figures.get(&address);
            let rate = |key| {
                let rate = figures.map(|figures| figures.get::<u32>(key)).transpose()?.flatten();
                Ok::<_, Failure>(rate.map(|rate| u64::from(rate) * 100))
            };
            Ok(Self {
                authorized: client.require("Authorized")?,
                ipv4_address: client.text("IPv4Address")?,
                links: client
                    .list("Links")?
                    .iter()
                    .map(|link| Ok((link.require("Link")?, link.require("Address")?)))
                    .collect::<Result<_, Failure>>()?,
                signal_dbm: figures.map(|figures| figures.get("RSSI")).transpose()?.flatten(),
                receive_kbps: rate("RxBitrate")?,
                transmit_kbps: rate("TxBitrate")?,
                connected_seconds: figures.map(|it| it.get("ConnectedTime")).transpose()?.flatten(),
                address,
            })
        };
        clients.into_iter().map(client).collect()
    }
}
