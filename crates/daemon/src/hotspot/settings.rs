//! What a hotspot is to be.

use crate::netconf::settings::Prefix;
use lapwing_core::kernel::{Band, Frequency};
use lapwing_core::{Duration, Secret};
use lapwing_frames::Ssid;
use std::fmt;
use std::net::Ipv4Addr;

/// What a hotspot is to be, as a person or a profile says it. Whether the radio can is seen when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Its name.
    pub ssid: Ssid,
    /// How it is protected.
    pub protection: Protection,
    /// Its channels: with several it is an AP MLD, whose links they are; without any, one is chosen.
    pub links: Vec<LinkWish>,
    /// Whether beacons leave the name out.
    pub hidden: bool,
    /// How many clients there may be; as many as usual if none.
    pub client_limit: Option<u16>,
    /// Whether clients are kept from reaching each other.
    pub isolate: bool,
    /// How often the group keys are renewed; as usual if none.
    pub group_key_lifetime: Option<Duration>,
    /// What clients get besides the link; they, or another program, see to it themselves if nothing.
    pub sharing: Option<Sharing>,
}

impl Settings {
    /// The usual settings: one link on a channel that is chosen, addresses, and the way on.
    #[must_use]
    pub const fn new(ssid: Ssid, protection: Protection) -> Self {
        Self {
            ssid,
            protection,
            links: Vec::new(),
            hidden: false,
            client_limit: None,
            isolate: false,
            group_key_lifetime: None,
            sharing: Some(Sharing { subnet: None, forward: true }),
        }
    }
}

/// What clients get besides the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sharing {
    /// Our address in their network; one that is free is chosen if none.
    pub subnet: Option<Prefix<Ipv4Addr>>,
    /// Whether what they send elsewhere is passed on, with our address in place of theirs (NAT).
    pub forward: bool,
}

/// How a hotspot is protected.
#[derive(Clone, PartialEq, Eq)]
pub enum Protection {
    /// Not at all.
    Open,
    /// Encrypted without a passphrase (OWE).
    Owe,
    /// WPA2-Personal alone.
    Wpa2(Secret),
    /// WPA2-Personal and WPA3-Personal: clients of either join.
    Transition(Secret),
    /// WPA3-Personal alone.
    Wpa3(Secret),
}

impl Protection {
    /// Its name in the command line and on D-Bus.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Owe => "owe",
            Self::Wpa2(_) => "wpa2",
            Self::Transition(_) => "transition",
            Self::Wpa3(_) => "wpa3",
        }
    }
}

impl fmt::Debug for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where a link is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkWish {
    /// On a channel of this band.
    Band(Band),
    /// With this primary channel of 20 MHz.
    Channel(Frequency),
}
