//! Telling the machine where names are looked up: systemd-resolved if it runs, else `resolvconf` if it is
//! there, else a file of our own.

use crate::netconf::Resolver;
use crate::settings::NameService;
use std::fmt::{self, Write as _};
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The file of our own in the runtime directory.
pub const FILE: &str = "resolv.conf";

/// Where `resolvconf` may be.
const PROGRAMS: [&str; 4] =
    ["/usr/sbin/resolvconf", "/sbin/resolvconf", "/usr/bin/resolvconf", "/bin/resolvconf"];

/// systemd-resolved's own directory: it is there while it runs.
const RESOLVED: &str = "/run/systemd/resolve";

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// systemd-resolved, over the bus.
    Resolved,
    /// This program, which is openresolv's, Debian's, or systemd's under its name.
    Program(PathBuf),
    /// This file, which something else has to read.
    File(PathBuf),
    /// Nobody.
    Nowhere,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolved => f.write_str("systemd-resolved"),
            Self::Program(path) | Self::File(path) => write!(f, "{}", path.display()),
            Self::Nowhere => f.write_str("nobody"),
        }
    }
}

impl Place {
    /// Who is told on this machine now. `bus` says whether we are to be on the bus at all.
    #[must_use]
    pub fn find(service: NameService, bus: bool, runtime: &Path) -> Self {
        let resolved = || (bus && Path::new(RESOLVED).is_dir()).then_some(Self::Resolved);
        let program = || PROGRAMS.iter().map(PathBuf::from).find(|path| path.exists()).map(Self::Program);
        let file = || Self::File(runtime.join(FILE));
        match service {
            NameService::Automatic => resolved().or_else(program).unwrap_or_else(file),
            // It may be started later, or by the bus.
            NameService::Systemd if bus => Self::Resolved,
            NameService::Systemd | NameService::Resolvconf => program().unwrap_or_else(file),
            NameService::None => Self::Nowhere,
        }
    }

    /// Tells a program or a file the name servers of an interface, or that there are none any more. The bus is
    /// somebody else's to speak on.
    ///
    /// # Errors
    /// Those of starting the program or writing the file.
    pub fn set(&self, interface: &str, resolver: Option<&Resolver>) -> io::Result<()> {
        let text = resolver.map(|resolver| text(interface, resolver));
        match (self, text) {
            (Self::Program(program), text) => register(program, interface, text.as_deref()),
            (Self::File(path), Some(text)) => crate::networks::store::replace(path, text.as_bytes(), 0o644),
            (Self::File(path), None) => match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
            (Self::Resolved | Self::Nowhere, _) => Ok(()),
        }
    }
}

/// Where the name servers of this machine's connections may be written down. A local resolver stands in
/// `/etc/resolv.conf` in their place; those who run one write them elsewhere.
const SERVERS: [&str; 3] =
    ["/run/systemd/resolve/resolv.conf", "/run/NetworkManager/no-stub-resolv.conf", "/etc/resolv.conf"];
/// As much of such a file as is read: far more than it has.
const LONGEST: u64 = 64 * 1024;

/// The name servers that this machine uses and that others can reach: those of the first file that has some. None if
/// only a resolver on this machine is known.
#[must_use]
pub fn servers(runtime: &Path) -> Vec<Ipv4Addr> {
    let ours = runtime.join(FILE);
    let files = SERVERS.map(PathBuf::from).into_iter().chain([ours]);
    let read = |path: PathBuf| {
        let mut octets = Vec::new();
        fs::File::open(path).ok()?.take(LONGEST).read_to_end(&mut octets).ok()?;
        Some(reachable(&String::from_utf8_lossy(&octets)))
    };
    files.filter_map(read).find(|servers| !servers.is_empty()).unwrap_or_default()
}

/// The servers in the text of a `resolv.conf(5)` that another machine can reach over IPv4.
fn reachable(text: &str) -> Vec<Ipv4Addr> {
    let server = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let address: Ipv4Addr =
            words.next().filter(|word| *word == "nameserver").and(words.next())?.parse().ok()?;
        let fits = !address.is_loopback() && !address.is_unspecified() && !address.is_link_local();
        fits.then_some(address)
    };
    text.lines().filter_map(server).collect()
}

/// `resolv.conf(5)`.
fn text(interface: &str, resolver: &Resolver) -> String {
    let mut text = String::new();
    // Writing into a text does not fail.
    for server in &resolver.servers {
        let _done = match server {
            // Only on this link: a router that names itself.
            IpAddr::V6(six) if six.is_unicast_link_local() => writeln!(text, "nameserver {six}%{interface}"),
            _ => writeln!(text, "nameserver {server}"),
        };
    }
    if !resolver.search.is_empty() {
        let _done = writeln!(text, "search {}", resolver.search.join(" "));
    }
    text
}

/// Hands the text to `resolvconf`. It is not waited for: it runs other programs, some of them slow.
fn register(program: &Path, interface: &str, text: Option<&str>) -> io::Result<()> {
    let name = format!("{interface}.lapwing");
    let mut command = Command::new(program);
    command.args([if text.is_some() { "-a" } else { "-d" }, &name]).stdout(Stdio::null());
    command.stdin(if text.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = command.spawn()?;
    if let (Some(mut input), Some(text)) = (child.stdin.take(), text) {
        // It fits into the pipe, so this does not wait.
        input.write_all(text.as_bytes())?;
    }
    // Its end is waited for elsewhere, so that no dead process stays.
    std::thread::spawn(move || child.wait());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_others_can_reach() {
        let text = "# nameserver 192.0.2.9\nnameserver 127.0.0.53\nnameserver\t192.0.2.53 \nnameserver 2001:db8::53\n\
                    search example.org\nnameserver 169.254.1.1\nnameserver x\nnameserver\nnameserver 192.0.2.54\n";
        assert_eq!(reachable(text), [[192, 0, 2, 53], [192, 0, 2, 54]].map(Ipv4Addr::from));
        assert_eq!(reachable("nameserver 127.0.0.1\n"), [Ipv4Addr::LOCALHOST; 0]);
    }

    fn resolver() -> Resolver {
        Resolver {
            servers: ["192.0.2.53", "2001:db8::53", "fe80::1"].map(|text| text.parse().unwrap()).to_vec(),
            search: vec!["example.org".to_owned(), "example.net".to_owned()],
        }
    }

    const TEXT: &str = "nameserver 192.0.2.53\nnameserver 2001:db8::53\nnameserver fe80::1%wlan0\n\
        search example.org example.net\n";

    #[test]
    fn a_file_that_resolvers_understand() {
        assert_eq!(text("wlan0", &resolver()), TEXT);
        let path = std::env::temp_dir().join(format!("lapwing-resolv-{}", std::process::id()));
        let place = Place::File(path.clone());
        place.set("wlan0", Some(&resolver())).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), TEXT);
        for _ in 0..2 {
            place.set("wlan0", None).unwrap();
        }
        assert!(!path.exists());
    }

    #[test]
    fn a_program_is_told_which_interface_it_is() {
        use std::os::unix::fs::PermissionsExt;
        let base = std::env::temp_dir().join(format!("lapwing-resolvconf-{}", std::process::id()));
        fs::create_dir_all(&base).unwrap();
        let (program, seen) = (base.join("resolvconf"), base.join("seen"));
        let script =
            format!("#!/bin/sh\necho \"$@\" > {0}.new\ncat >> {0}.new\nmv {0}.new {0}\n", seen.display());
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let place = Place::Program(program);
        for (resolver, expected) in
            [(Some(resolver()), format!("-a wlan0.lapwing\n{TEXT}")), (None, "-d wlan0.lapwing\n".to_owned())]
        {
            place.set("wlan0", resolver.as_ref()).unwrap();
            let mut waited = 0;
            while !seen.exists() {
                std::thread::sleep(std::time::Duration::from_millis(10));
                waited += 1;
                assert!(waited < 1000, "the program was not run");
            }
            assert_eq!(fs::read_to_string(&seen).unwrap(), expected);
            fs::remove_file(&seen).unwrap();
        }
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn settings_decide_who_is_told() {
        let runtime = Path::new("/run/somewhere");
        assert_eq!(Place::find(NameService::Systemd, true, runtime), Place::Resolved);
        assert_eq!(Place::find(NameService::None, true, runtime), Place::Nowhere);
        for service in [NameService::Systemd, NameService::Resolvconf, NameService::Automatic] {
            let place = Place::find(service, false, runtime);
            assert!(matches!(place, Place::Program(_) | Place::File(_)), "{place:?}");
        }
    }
}
