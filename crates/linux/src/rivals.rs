//! Other programs that run the radio: two of them take each other's connections down.
//!
//! Read from `/proc`, without special rights: the table of netlink sockets says whose sockets may speak to
//! nl80211, the process's name says what it is, its arguments and the table of packet sockets say which
//! interfaces it runs. `NetworkManager` and `ConnMan` only steer such a program; `hostapd` runs interfaces of
//! another type, where it counts.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::Path;

/// `NETLINK_GENERIC`.
const GENERIC: u8 = 16;
/// `ETH_P_PAE`: EAPOL frames.
const EAPOL: u16 = 0x888e;
/// A process has its first socket's port number from its own number, and libnl counts the others in the bits
/// above these.
const PROCESS: u32 = (1 << 22) - 1;
/// A table longer than this is read in part: a machine has some hundred sockets of these kinds.
const LONGEST_TABLE: u64 = 1024 * 1024;
/// Arguments longer than this are read in part.
const LONGEST_ARGUMENTS: u64 = 16 * 1024;

/// A program that joins networks, as we do, or makes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Program {
    /// hostap's station.
    WpaSupplicant,
    /// Intel's.
    Iwd,
    /// Another one of us.
    Lapwing,
    /// hostap's access point.
    Hostapd,
}

impl Program {
    /// By the name that the kernel keeps for the process.
    fn of_process(name: &str) -> Option<Self> {
        let all = [Self::WpaSupplicant, Self::Iwd, Self::Lapwing, Self::Hostapd];
        all.into_iter().find(|program| program.name() == name)
    }

    /// The name of its process.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WpaSupplicant => "wpa_supplicant",
            Self::Iwd => "iwd",
            Self::Lapwing => "lapwingd",
            Self::Hostapd => "hostapd",
        }
    }
}

/// Which interfaces a program runs.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reach {
    /// Those whose names match one of the patterns, and none of the others.
    Names { only: Vec<String>, not: Vec<String> },
    /// Those that it listens for EAPOL on.
    Listening,
}

/// Another program that runs wireless interfaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rival {
    /// What it is.
    pub program: Program,
    /// Its process.
    pub process: u32,
}

impl fmt::Display for Rival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {}) runs this radio, too: ", self.program.name(), self.process)?;
        match self.program {
            Program::WpaSupplicant | Program::Iwd | Program::Hostapd => {
                write!(f, "stop it with systemctl stop {}", self.program.name())
            }
            Program::Lapwing => f.write_str("end one of the two"),
        }
    }
}

/// A line of `/proc/net/netlink`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NetlinkSocket {
    /// The netlink protocol; 16 is generic netlink.
    pub protocol: u8,
    /// The port number; 0 is the kernel's own socket.
    pub port: u32,
    /// The first 32 multicast groups that it is in, as bits.
    pub groups: u32,
}

impl NetlinkSocket {
    /// Reads a line; nothing for the headline, and what is none.
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split_ascii_whitespace().skip(1);
        Some(Self {
            protocol: fields.next()?.parse().ok()?,
            port: fields.next()?.parse().ok()?,
            groups: u32::from_str_radix(fields.next()?, 16).ok()?,
        })
    }

    /// Reads `/proc/net/netlink`.
    pub fn table(text: &str) -> impl Iterator<Item = Self> {
        text.lines().filter_map(Self::parse)
    }
}

/// The interfaces that somebody listens for EAPOL on, from `/proc/net/packet`. 0 is all of them.
pub fn eapol_listeners(text: &str) -> BTreeSet<u32> {
    let parse = |line: &str| {
        let mut fields = line.split_ascii_whitespace().skip(3);
        let protocol = u16::from_str_radix(fields.next()?, 16).ok()?;
        let interface = fields.next()?.parse().ok()?;
        (protocol == EAPOL).then_some(interface)
    };
    text.lines().filter_map(parse).collect()
}

/// The programs that run these interfaces (by index, with their names) as stations, but for the process `own`.
///
/// `proc` is where the kernel's files are: `/proc`.
///
/// # Errors
/// If the table of netlink sockets cannot be read. A process that ends meanwhile is none.
pub fn rivals(proc: &Path, own: u32, interfaces: &BTreeMap<u32, String>) -> io::Result<Vec<Rival>> {
    let all = rivals_of_access_point(proc, own, interfaces)?;
    Ok(all.into_iter().filter(|rival| rival.program != Program::Hostapd).collect())
}

/// The programs that run these interfaces, which are access points: those of [`rivals`], and hostapd.
///
/// # Errors
/// As those of [`rivals`].
pub fn rivals_of_access_point(
    proc: &Path,
    own: u32,
    interfaces: &BTreeMap<u32, String>,
) -> io::Result<Vec<Rival>> {
    let table = read(&proc.join("net/netlink"), LONGEST_TABLE)?;
    let processes: BTreeSet<u32> = NetlinkSocket::table(&table)
        .filter(|socket| socket.protocol == GENERIC)
        .map(|socket| socket.port & PROCESS)
        .filter(|&process| process != 0 && process != own)
        .collect();
    let mut found = Vec::new();
    let mut listeners = None;
    for process in processes {
        let place = proc.join(process.to_string());
        let Ok(name) = read(&place.join("comm"), 64) else { continue };
        let Some(program) = Program::of_process(name.trim_end()) else { continue };
        let arguments = read(&place.join("cmdline"), LONGEST_ARGUMENTS).unwrap_or_default();
        let arguments: Vec<_> = arguments.split('\0').skip(1).collect();
        let runs = match reach(program, &arguments) {
            Reach::Names { only, not } => interfaces.values().any(|name| {
                (only.is_empty() || only.iter().any(|pattern| matches(pattern, name)))
                    && !not.iter().any(|pattern| matches(pattern, name))
            }),
            Reach::Listening => {
                let listeners = listeners.get_or_insert_with(|| {
                    let table = read(&proc.join("net/packet"), LONGEST_TABLE);
                    eapol_listeners(&table.unwrap_or_default())
                });
                interfaces.keys().any(|ifindex| listeners.contains(ifindex))
            }
        };
        if runs {
            found.push(Rival { program, process });
        }
    }
    Ok(found)
}

/// Which interfaces a program with these arguments runs.
fn reach(program: Program, arguments: &[&str]) -> Reach {
    let list = |short: &str, long: &str| -> Vec<String> {
        let mut values = Vec::new();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let value = if *argument == short || *argument == long {
                arguments.next().copied()
            } else if let Some(value) = argument.strip_prefix(long) {
                value.strip_prefix('=')
            } else {
                argument.strip_prefix(short).filter(|_| !argument.starts_with("--"))
            };
            values.extend(value.into_iter().flat_map(|value| value.split(',')).map(str::to_owned));
        }
        values
    };
    match program {
        // Its interfaces come and go over its bus and its control socket.
        Program::WpaSupplicant => Reach::Listening,
        Program::Iwd => Reach::Names { only: list("-i", "--interfaces"), not: list("-I", "--nointerfaces") },
        // Of hostapd, where they are in its files only, every one.
        Program::Lapwing | Program::Hostapd => {
            Reach::Names { only: list("-i", "--interface"), not: Vec::new() }
        }
    }
}

/// Whether a name matches a pattern in which `*` is anything and `?` any one octet.
fn matches(pattern: &str, name: &str) -> bool {
    fn go(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern, name) {
            ([], []) => true,
            ([b'*', rest @ ..], []) => go(rest, name),
            ([b'*', rest @ ..], [_, shorter @ ..]) => go(rest, name) || go(pattern, shorter),
            ([b'?', pattern @ ..], [_, name @ ..]) => go(pattern, name),
            ([one, pattern @ ..], [other, name @ ..]) => one == other && go(pattern, name),
            ([], [_, ..]) | ([_, ..], []) => false,
        }
    }
    // A name has at most 15 octets: with so few stars this ends soon.
    let stars = pattern.bytes().filter(|&octet| octet == b'*').count();
    stars <= 4 && go(pattern.as_bytes(), name.as_bytes())
}

/// A file of the kernel, up to a length.
fn read(path: &Path, longest: u64) -> io::Result<String> {
    let mut octets = Vec::new();
    fs::File::open(path)?.take(longest).read_to_end(&mut octets)?;
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

#[cfg(test)]
mod tests;
