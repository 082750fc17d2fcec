//! The settings of the machine: a `main.conf` with the keys of iwd that concern addresses and EAPOL.
//!
//! Two defaults differ from iwd's. Addresses are given unless the file says otherwise: iwd leaves them to
//! another program by default, and whoever forgets that has a connection without an address, which is the
//! question that its users ask most. A machine where NetworkManager or networkd gives addresses says
//! `EnableNetworkConfiguration=false`. And routes have the metric that other programs give to Wi-Fi. Under the name
//! `iwd` both are as with iwd, so that nothing changes on a machine where Lapwing takes its place.

use crate::netconf::settings::Prefix;
use crate::networks::document::{Document, MAX_OCTETS, Malformed, Value};
use crate::networks::profile;
use crate::options::Program;
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
        }
    }
}

impl Settings {
    /// What holds without a file.
    #[must_use]
    pub fn of(program: Program) -> Self {
        match program {
            Program::Lapwingd => Self::default(),
            Program::Iwd => Self { network_configuration: false, metric: IWD_METRIC, ..Self::default() },
        }
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
                let (settings, mistakes) = understand(program, &octets);
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

/// What the octets of a file mean, and what in them means nothing. Other keys belong to iwd and are
/// passed over.
#[must_use]
pub fn understand(program: Program, octets: &[u8]) -> (Settings, Vec<Mistake>) {
    let mut settings = Settings::of(program);
    let document = match Document::parse(octets) {
        Ok(document) => document,
        Err(Malformed { line, problem }) => return (settings, vec![format!("line {line}: {problem}")]),
    };
    let mut mistakes = Vec::new();
    let mut take = |group, key, put: &mut dyn FnMut(&Value<'_>) -> Result<(), String>| {
        if let Some(value) = document.value(group, key)
            && let Err(problem) = put(&value)
        {
            mistakes.push(format!("line {}: {key}: {problem}", value.line));
        }
    };
    let boolean = |value: &Value<'_>| value.boolean().map_err(|error| error.problem.to_string());
    take("General", "EnableNetworkConfiguration", &mut |value| {
        settings.network_configuration = boolean(value)?;
        Ok(())
    });
    take("General", "ControlPortOverNL80211", &mut |value| {
        settings.control_port = boolean(value)?;
        Ok(())
    });
    take("Network", "EnableIPv6", &mut |value| {
        settings.ipv6 = boolean(value)?;
        Ok(())
    });
    take("Network", "NameResolvingService", &mut |value| {
        settings.name_service = match value.plain().unwrap_or_default().as_str() {
            "systemd" => NameService::Systemd,
            "resolvconf" => NameService::Resolvconf,
            "none" => NameService::None,
            _ => return Err("'systemd', 'resolvconf' or 'none' is expected".to_owned()),
        };
        Ok(())
    });
    take("Network", "RoutePriorityOffset", &mut |value| {
        let number = value.plain().unwrap_or_default().parse::<u32>();
        // The kernel takes 0 for IPv6's default, which is 1024: the opposite of what is meant.
        settings.metric =
            number.ok().filter(|&metric| metric > 0).ok_or("a number from 1 to 4294967295 is expected")?;
        Ok(())
    });
    // The second name is that of iwd before 1.11.
    for key in ["APAddressPool", "APRanges"] {
        take("IPv4", key, &mut |value| {
            settings.hotspots = profile::pool(value).map_err(|error| error.problem.to_string())?;
            Ok(())
        });
    }
    (settings, mistakes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_iwd() {
        let text = b"[General]\nEnableNetworkConfiguration=false\nCountry=DE\nControlPortOverNL80211=false\n\
            [Network]\nEnableIPv6=false\nNameResolvingService=resolvconf\nRoutePriorityOffset=300\n\
            [IPv4]\nAPAddressPool=192.168.80.0/22, 10.0.0.0/8\n";
        let expected = Settings {
            network_configuration: false,
            ipv6: false,
            name_service: NameService::Resolvconf,
            metric: 300,
            control_port: false,
            hotspots: [([192, 168, 80, 0], 22), ([10, 0, 0, 0], 8)]
                .map(|(octets, length)| Prefix { address: octets.into(), length })
                .to_vec(),
        };
        assert_eq!(understand(Program::Lapwingd, text), (expected, Vec::new()));
        assert_eq!(understand(Program::Lapwingd, b""), (Settings::default(), Vec::new()));
        assert!(Settings::default().network_configuration);
        // As iwd's users know it, under its name.
        let settings = understand(Program::Iwd, b"[General]\n").0;
        assert_eq!((settings.network_configuration, settings.metric), (false, 300));
        assert!(
            understand(Program::Iwd, b"[General]\nEnableNetworkConfiguration=1\n").0.network_configuration
        );
    }

    #[test]
    fn a_mistake_is_told_and_the_rest_counts() {
        let text = b"[General]\nEnableNetworkConfiguration=perhaps\n[Network]\nNameResolvingService=bind\n\
            RoutePriorityOffset=0\nEnableIPv6=false\n[IPv4]\nAPRanges=192.168.80.0\n";
        let (settings, mistakes) = understand(Program::Lapwingd, text);
        assert_eq!(settings, Settings { ipv6: false, ..Settings::default() });
        assert_eq!(mistakes.len(), 4);
        assert!(mistakes[0].starts_with("line 2: EnableNetworkConfiguration: 'true'"), "{mistakes:?}");
        assert_eq!(understand(Program::Lapwingd, b"garbage\n").1.len(), 1);
    }

    #[test]
    fn the_first_file_that_is_there() {
        let base = std::env::temp_dir().join(format!("lapwing-settings-{}", std::process::id()));
        let (one, two) = (base.join("one"), base.join("two"));
        for directory in [&one, &two] {
            std::fs::create_dir_all(directory).unwrap();
        }
        std::fs::write(two.join(FILE), "[Network]\nRoutePriorityOffset=7\n").unwrap();
        let list = std::env::join_paths([&one, &two]).unwrap();
        assert_eq!(load(Program::Lapwingd, Some(&list)).0.metric, 7);
        std::fs::write(one.join(FILE), "[Network]\nRoutePriorityOffset=x\n").unwrap();
        let (settings, mistakes) = load(Program::Lapwingd, Some(&list));
        assert_eq!(settings, Settings::default());
        assert!(mistakes[0].contains("one/main.conf: line 2"), "{mistakes:?}");
        std::fs::remove_dir_all(base).unwrap();
    }
}
