//! The settings of the machine: a `main.conf` with the keys of iwd, and some of our own. [`keys::KEYS`] says what each
//! does here.
//!
//! Two defaults differ from iwd's. Addresses are given unless the file says otherwise: iwd leaves them to
//! another program by default, and whoever forgets that has a connection without an address, which is the
//! question that its users ask most. A machine where NetworkManager or networkd gives addresses says
//! `EnableNetworkConfiguration=false`. And routes have the metric that other programs give to Wi-Fi. Under the name
//! `iwd` both are as with iwd, so that nothing changes on a machine where Lapwing takes its place.

pub mod keys;
#[cfg(test)]
mod tests;

use crate::choice::Patterns;
use crate::netconf::settings::Prefix;
use crate::networks::document::MAX_OCTETS;
use crate::options::Program;
use lapwing_core::address::AddressRange;
use lapwing_core::kernel::Band;
use lapwing_core::radio::{Radio, RadioKind};
use lapwing_core::station;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

/// The name of the file.
pub const FILE: &str = "main.conf";

/// Where it is looked for, unless `$CONFIGURATION_DIRECTORY` says where: ours first, then iwd's, so that what
/// was set there holds when Lapwing takes its place.
const fn directories(program: Program) -> &'static [&'static str] {
    match program {
        Program::Lapwingd => &["/etc/lapwing", "/etc/iwd"],
        Program::Iwd => &["/etc/iwd"],
    }
}

/// The metric of routes: a cable (100 with most programs) goes before, a modem behind.
pub const METRIC: u32 = 600;
/// That of iwd.
const IWD_METRIC: u32 = 300;

/// Who is told of name servers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NameService {
    /// The first of these that is there.
    #[default]
    Automatic,
    /// systemd-resolved.
    Systemd,
    /// resolvconf.
    Resolvconf,
    /// Nobody: somebody else takes care of it.
    None,
}

/// The settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether connections are given addresses.
    pub network_configuration: bool,
    /// Whether IPv6 is used; a network's file can say no in any case.
    pub ipv6: bool,
    /// Who is told of name servers.
    pub name_service: NameService,
    /// The metric of routes.
    pub metric: u32,
    /// Whether EAPOL frames travel over nl80211 where the radio can do that.
    pub control_port: bool,
    /// The blocks of addresses in which hotspots have their networks; as usual if none.
    pub hotspots: Vec<Prefix<Ipv4Addr>>,
    /// What stations are told.
    pub station: station::Settings,
    /// Whether management frames are protected where that is offered.
    pub management_frame_protection: bool,
    /// Whether the operating channel is validated.
    pub operating_channel_validation: bool,
    /// The bands that are not used.
    pub unused: Vec<Band>,
    /// The country that the kernel is asked for.
    pub country: Option<[u8; 2]>,
    /// The interface's own address.
    pub own_address: OwnAddress,
    /// The name of systemd's credential with which network files are encrypted.
    pub credential: Option<String>,
    /// What is done otherwise with some drivers.
    pub quirks: Quirks,
}

/// An interface's own address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OwnAddress {
    /// As the kernel has it.
    #[default]
    Kept,
    /// Drawn once for each interface.
    Drawn(AddressRange),
}

/// What is done otherwise with the drivers that a pattern fits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// EAPOL frames are packets of the interface.
    pub key_frames_by_packet: Patterns,
    /// The radio does not save power.
    pub no_power_save: Patterns,
    /// SAE is not used.
    pub no_sae: Patterns,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            network_configuration: true,
            ipv6: true,
            name_service: NameService::Automatic,
            metric: METRIC,
            control_port: true,
            hotspots: Vec::new(),
            station: station::Settings::default(),
            management_frame_protection: true,
            operating_channel_validation: true,
            unused: Vec::new(),
            country: None,
            own_address: OwnAddress::Kept,
            credential: None,
            quirks: Quirks::default(),
        }
    }
}

impl Settings {
    /// What holds without a file.
    #[must_use]
    pub fn of(program: Program) -> Self {
        match program {
            Program::Lapwingd => Self::default(),
            Program::Iwd => {
                let mut settings =
                    Self { network_configuration: false, metric: IWD_METRIC, ..Self::default() };
                settings.station.preferences.tkip = true;
                settings.station.preferences.stronger_group = true;
                settings
            }
        }
    }
}

impl Settings {
    /// What a radio with this driver can do, of which the settings may want less: it is as if the radio could not.
    #[must_use]
    pub fn limit(&self, radio: Radio, driver: Option<&str>) -> Radio {
        let is = |patterns: &Patterns| driver.is_some_and(|driver| patterns.fit(driver));
        let mut radio = radio;
        radio.control_port &= self.control_port && !is(&self.quirks.key_frames_by_packet);
        radio.operating_channel_validation &= self.operating_channel_validation;
        if is(&self.quirks.no_sae) {
            radio.sae = false;
            if radio.kind != RadioKind::SoftMac {
                radio.kind = RadioKind::FullMac;
            }
        }
        if !self.management_frame_protection {
            radio.ciphers.retain(|cipher| !cipher.is_bip());
        }
        for channel in &mut radio.channels {
            channel.disabled |= channel.frequency.band().is_some_and(|band| self.unused.contains(&band));
        }
        radio
    }
}

/// A mistake in the file, as a sentence. The rest of the file counts.
pub type Mistake = String;

/// Reads the file of the machine; `named` is `$CONFIGURATION_DIRECTORY`. Without a file all is as by
/// default.
#[must_use]
pub fn load(program: Program, named: Option<&OsStr>) -> (Settings, Vec<Mistake>) {
    let named: Vec<PathBuf> =
        named.filter(|list| !list.is_empty()).map(std::env::split_paths).into_iter().flatten().collect();
    let usual = directories(program).iter().map(PathBuf::from);
    let list: Vec<_> = if named.is_empty() { usual.collect() } else { named };
    for path in list.iter().map(|directory| directory.join(FILE)) {
        match read(&path) {
            Ok(octets) => {
                let (settings, mistakes) = keys::understand(program, &octets);
                let told = mistakes.into_iter().map(|mistake| format!("{}: {mistake}", path.display()));
                return (settings, told.collect());
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return (Settings::of(program), vec![format!("{}: {error}", path.display())]),
        }
    }
    (Settings::of(program), Vec::new())
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    let most = u64::try_from(MAX_OCTETS).unwrap_or(u64::MAX);
    File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut octets)?;
    Ok(octets)
}
