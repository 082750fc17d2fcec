//! What can be seen of the daemon: values that a surface shows.

use super::{LinksView, ProvisionedView, ProvisioningView};
use crate::hotspot;
use crate::kernel::{Mode, StationFigures};
use crate::netconf::Configured;
use crate::networks::FileName;
use crate::networks::name::Security;
use lapwing_core::failure::Failure;
use lapwing_core::kernel::{ChannelDefinition, Frequency};
use lapwing_core::select::Judged;
use lapwing_core::station::{Connected, Summary};
use lapwing_frames::{LinkId, MacAddr, Ssid};
use lapwing_linux::nl80211::Rate;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All that can be seen. Two views are compared, and the difference is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The radios, by their number.
    pub radios: Vec<RadioView>,
    /// The interfaces that are run, by their index.
    pub devices: Vec<DeviceView>,
    /// The known networks, by name.
    pub known: Vec<KnownView>,
    /// The profiles of others' hotspots.
    pub passpoints: Vec<PasspointView>,
}

/// A radio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RadioView {
    /// Its number.
    pub wiphy: u32,
    /// Its name, such as `phy0`.
    pub name: String,
    /// Whether it is not blocked and has an interface that is up.
    pub powered: bool,
    /// The model, if the hardware tells.
    pub model: Option<String>,
    /// The vendor, if the hardware tells.
    pub vendor: Option<String>,
    /// Whether it can be an access point.
    pub access_point: bool,
    /// Whether it can be in ad-hoc networks.
    pub ad_hoc: bool,
}

/// An interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceView {
    /// Its index.
    pub ifindex: u32,
    /// Its radio.
    pub wiphy: u32,
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: MacAddr,
    /// Whether it is up.
    pub powered: bool,
    /// What it is used for; while that changes, what it was used for before.
    pub mode: Mode,
    /// Its hotspot, while it is an access point.
    pub access_point: Option<AccessPointView>,
    /// Its ad-hoc network, while it is of that kind.
    pub ad_hoc: Option<AdHocView>,
    /// What the station does; unavailable while the interface is an access point.
    pub state: Summary,
    /// Whether a scan runs.
    pub scanning: bool,
    /// The network that it is in, or on the way into.
    pub network: Option<FileName>,
    /// The BSS that is being joined, once one is chosen; the access point that was joined.
    pub chosen: Option<MacAddr>,
    /// Whether known networks are joined without being asked.
    pub autoconnects: bool,
    /// The access point that a client wants to stay with.
    pub affinity: Option<MacAddr>,
    /// The connection, while the port is open.
    pub connected: Option<Connected>,
    /// The links of the connection and those that its access point has besides, while the port is open.
    pub links: Option<LinksView>,
    /// Its addresses, while there are some.
    pub configured: Option<Configured>,
    /// Whether the connection waits for its first address, which is ours to get.
    pub awaits_address: bool,
    /// Why the last attempt or connection failed, until the next one succeeds.
    pub last_failure: Option<Failure>,
    /// What a person should know of this interface though no attempt failed: that a network could not be
    /// stored, or that another program runs this radio.
    pub warning: Option<String>,
    /// The networks that were heard, the best first: the one it is in, then known ones, then the others, each
    /// kind by signal.
    pub networks: Arc<Vec<NetworkView>>,
    /// The BSSs that do not announce their name and whose name is not known, the strongest first.
    pub hidden: Vec<HiddenView>,
    /// A network that is being handed over by device provisioning.
    pub provisioning: Option<ProvisioningView>,
    /// What came of it the last time.
    pub provisioned: Option<ProvisionedView>,
}

/// The hotspot of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessPointView {
    /// How far it is.
    pub phase: hotspot::Phase,
    /// Its name, unless it is stopped.
    pub ssid: Option<Ssid>,
    /// How it is protected, in our words; of one that is stopped, empty.
    pub protection: &'static str,
    /// Its pairwise ciphers in iwd's words.
    pub pairwise_ciphers: Vec<String>,
    /// Its group cipher in iwd's words; none if it is open or stopped.
    pub group_cipher: Option<String>,
    /// Whether its beacons leave the name out.
    pub hidden: bool,
    /// Its address as an AP MLD, if it is one.
    pub mld: Option<MacAddr>,
    /// What is on the air.
    pub bsss: Vec<AccessPointBss>,
    /// The links that the kernel refused, and why.
    pub missing: BTreeMap<LinkId, hotspot::Failure>,
    /// Its clients that are associated.
    pub clients: Vec<ClientView>,
    /// Why it did not begin or has ended, until it begins again.
    pub last_failure: Option<hotspot::Failure>,
    /// Whether a scan runs.
    pub scanning: bool,
}

/// The ad-hoc network of an interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdHocView {
    /// Whether the interface is in it.
    pub started: bool,
    /// The others in it.
    pub peers: BTreeSet<MacAddr>,
}

/// A BSS of a hotspot: the only one, or a link of an AP MLD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessPointBss {
    /// The link, of an AP MLD.
    pub link: Option<LinkId>,
    /// Its address.
    pub bssid: MacAddr,
    /// Its channel.
    pub channel: ChannelDefinition,
}

/// A client of a hotspot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientView {
    /// Its address; its MLD address if it uses links.
    pub address: MacAddr,
    /// Whether its port is open.
    pub authorized: bool,
    /// Whether its management frames are protected.
    pub frame_protection: bool,
    /// Its links with its address on each; none of a plain client.
    pub links: BTreeMap<LinkId, MacAddr>,
    /// The IPv4 address that it was given, if it was.
    pub leased: Option<std::net::Ipv4Addr>,
}

/// The figures of a client of a hotspot at a moment, as the kernel gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFigures {
    /// Its address.
    pub address: MacAddr,
    /// The figures.
    pub figures: Figures,
}

/// A BSS that does not announce its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HiddenView {
    /// Its BSSID.
    pub bssid: MacAddr,
    /// Its signal, in hundredths of dBm.
    pub signal_mbm: i32,
    /// How its network is protected.
    pub security: Security,
}

/// The networks that an interface hears, for developers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardNetworks {
    /// The radio.
    pub wiphy: u32,
    /// The interface.
    pub ifindex: u32,
    /// Each with its BSSs.
    pub networks: Vec<(FileName, Vec<HeardBss>)>,
}

/// A BSS, for developers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardBss {
    /// Its address.
    pub bssid: MacAddr,
    /// Its channel.
    pub frequency: Frequency,
    /// Its signal in hundredths of dBm.
    pub signal_mbm: i32,
    /// How good it is thought to be; 0 if it cannot be joined.
    pub rank: u16,
    /// The body of its Mobility Domain element, if it has one.
    pub mobility_domain: Option<[u8; 3]>,
}

/// A network that was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkView {
    /// Its name and kind.
    pub name: FileName,
    /// The signal of the strongest BSS, in hundredths of dBm.
    pub signal_mbm: i32,
    /// Its BSSs with what is thought of each, in the order in which they would be tried.
    pub bsss: Vec<Judged>,
    /// The number of the profile of others' hotspots that it belongs to, as far as its beacons tell.
    pub passpoint: Option<u32>,
}

/// A known network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownView {
    /// Its name and kind.
    pub name: FileName,
    /// Whether it does not announce its name.
    pub hidden: bool,
    /// Whether it is joined without being asked.
    pub autoconnect: bool,
    /// When it was last joined, in seconds since 1970.
    pub last_joined: Option<u64>,
}

/// A profile of others' hotspots (Passpoint).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasspointView {
    /// The number by which clients know it.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// Whether its networks do not announce their names.
    pub hidden: bool,
    /// Whether they are to be joined without being asked.
    pub autoconnect: bool,
}

/// The figures of a link at a moment, as the kernel gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    /// The connection.
    pub connected: Connected,
    /// The figures.
    pub figures: Figures,
}

/// What the kernel counts and measures of a peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The signal of the last frame in dBm.
    pub signal_dbm: Option<i8>,
    /// The average signal in dBm.
    pub average_signal_dbm: Option<i8>,
    /// What was last received.
    pub receive: Option<RateView>,
    /// What was last sent.
    pub transmit: Option<RateView>,
    /// How long nothing was heard, in ms.
    pub inactive_ms: Option<u32>,
    /// How long connected, in s.
    pub connected_s: Option<u32>,
    /// The throughput to expect, in kbit/s.
    pub expected_kbps: Option<u32>,
}

impl Figures {
    pub(crate) fn of(figures: &StationFigures) -> Self {
        Self {
            signal_dbm: figures.signal_dbm,
            average_signal_dbm: figures.average_signal_dbm,
            receive: figures.receive.and_then(RateView::of),
            transmit: figures.transmit.and_then(RateView::of),
            inactive_ms: figures.inactive_ms,
            connected_s: figures.connected_s,
            expected_kbps: figures.expected_kbps,
        }
    }
}

/// A rate and how it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateView {
    /// In units of 100 kbit/s.
    pub bitrate: u32,
    /// `802.11a/b/g`, `802.11n`, `802.11ac`, `802.11ax` or `802.11be`.
    pub mode: &'static str,
    /// The index of modulation and coding; none for the oldest modes.
    pub mcs: Option<u8>,
    /// The number of spatial streams, where the mode counts them.
    pub streams: Option<u8>,
}

impl RateView {
    /// A rate as it is shown; one that the kernel cannot put into a number is not.
    pub(crate) fn of(rate: Rate) -> Option<Self> {
        let modulation = rate.modulation;
        Some(Self {
            bitrate: rate.bitrate?,
            mode: modulation.name(),
            mcs: modulation.mcs(),
            streams: modulation.streams(),
        })
    }
}
