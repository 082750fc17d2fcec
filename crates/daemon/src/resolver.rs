//! Telling the machine where names are looked up: systemd-resolved if it runs, else `resolvconf` if it is
//! there, else a file of our own.

use crate::netconf::Resolver;
use crate::settings::NameService;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;
use tracing::warn;

/// The file of our own in the runtime directory.
pub const FILE: &str = "resolv.conf";

/// How long the program may take for what it is told at the end.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// The program, and where it is looked for behind the folders of `PATH`.
const PROGRAM: &str = "resolvconf";
const FOLDERS: [&str; 2] = ["/sbin", "/usr/sbin"];

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
        let program = || program(&std::env::var_os("PATH").unwrap_or_default()).map(Self::Program);
        let file = || Self::File(runtime.join(FILE));
        match service {
            NameService::Automatic => resolved().or_else(program).unwrap_or_else(file),
            // It may be started later, or by the bus.
            NameService::Systemd if bus => Self::Resolved,
            NameService::Systemd | NameService::Resolvconf => program().unwrap_or_else(file),
            NameService::None => Self::Nowhere,
        }
    }
}

/// The program in the folders of a `PATH`, if anybody may run it.
fn program(path: &OsStr) -> Option<PathBuf> {
    let is_program = |path: &PathBuf| {
        fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    // One of a folder without a root is whatever stands where the daemon was started.
    let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    folders.chain(FOLDERS.map(PathBuf::from)).map(|folder| folder.join(PROGRAM)).find(is_program)
}

/// Tells a program or a file. The bus is somebody else's to speak on.
#[derive(Debug)]
pub struct Teller {
    place: Place,
    /// What the program has been told of.
    registered: BTreeSet<String>,
    program: Option<Queue>,
}

/// Calls of the program, one after the other: two at once could end in the wrong order. Nothing waits for them, since it
/// runs other programs, some of them slow.
#[derive(Debug)]
struct Queue {
    calls: mpsc::Sender<Call>,
    /// Nothing comes of it but its end, which is that of the last call.
    end: mpsc::Receiver<Infallible>,
}

/// A call of the program.
#[derive(Debug)]
struct Call {
    program: PathBuf,
    /// The interface, and what it is about.
    name: String,
    /// What is to be registered; nothing any more if none.
    text: Option<String>,
}

impl Teller {
    /// One for this place, which nobody has been told anything of.
    #[must_use]
    pub const fn new(place: Place) -> Self {
        Self { place, registered: BTreeSet::new(), program: None }
    }

    /// Tells the name servers of an interface, or that there are none any more.
    ///
    /// # Errors
    /// Those of writing the file. What becomes of the program is for the log.
    pub fn set(&mut self, interface: &str, resolver: Option<&Resolver>) -> io::Result<()> {
        match self.place.clone() {
            Place::Program(program) => {
                self.register(&program, interface, resolver);
                Ok(())
            }
            Place::File(path) => match resolver {
                Some(resolver) => {
                    crate::networks::store::replace(&path, text(interface, resolver).as_bytes(), 0o644)
                }
                None => match fs::remove_file(path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                    _ => Ok(()),
                },
            },
            Place::Resolved | Place::Nowhere => Ok(()),
        }
    }

    /// Has the program register name servers and domains, each under a name of its own as iwd has it: what is configured
    /// for `wlan0.dns` (the order of interfaces, for one) goes on to hold.
    fn register(&mut self, program: &Path, interface: &str, resolver: Option<&Resolver>) {
        let servers = resolver.map(|resolver| servers_text(interface, resolver)).unwrap_or_default();
        // A line for each: some programs read lines of one domain only.
        let domains = resolver.map(|resolver| resolver.search.as_slice()).unwrap_or_default();
        let domains: String = domains.iter().map(|domain| format!("search {domain}\n")).collect();
        for (kind, text) in [("dns", servers), ("domain", domains)] {
            let name = format!("{interface}.{kind}");
            let text = Some(text).filter(|text| !text.is_empty());
            let is_news = if text.is_some() {
                self.registered.insert(name.clone());
                true
            } else {
                self.registered.remove(&name)
            };
            if is_news {
                self.call(Call { program: program.to_owned(), name, text });
            }
        }
    }

    fn call(&mut self, call: Call) {
        let queue = self.program.get_or_insert_with(|| {
            let (calls, queued) = mpsc::channel::<Call>();
            let (kept, end) = mpsc::channel();
            thread::spawn(move || {
                let _kept = kept;
                for call in queued {
                    if let Err(error) = call.run() {
                        warn!("{} cannot be told of {}: {error}", call.program.display(), call.name);
                    }
                }
            });
            Queue { calls, end }
        });
        // The other end stays as long as this one.
        let _sent = queue.calls.send(call);
    }
}

impl Drop for Teller {
    /// What was to be said is said, since the last of it undoes the rest, but no program keeps the daemon from ending.
    fn drop(&mut self) {
        if let Some(Queue { calls, end }) = self.program.take() {
            drop(calls);
            if end.recv_timeout(LAST_WORDS) == Err(RecvTimeoutError::Timeout) {
                warn!("the program that keeps name servers does not end: what it was told last may be lost");
            }
        }
    }
}

impl Call {
    fn run(&self) -> io::Result<()> {
        let mut command = Command::new(&self.program);
        command.args([if self.text.is_some() { "-a" } else { "-d" }, &self.name]).stdout(Stdio::null());
        command.stdin(if self.text.is_some() { Stdio::piped() } else { Stdio::null() });
        let mut child = command.spawn()?;
        let written = match (child.stdin.take(), &self.text) {
            (Some(mut input), Some(text)) => input.write_all(text.as_bytes()),
            _ => Ok(()),
        };
        // Its end is waited for in any case, so that no dead process stays.
        let status = child.wait()?;
        written?;
        if status.success() { Ok(()) } else { Err(io::Error::other(status.to_string())) }
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
    let mut text = servers_text(interface, resolver);
    if !resolver.search.is_empty() {
        text.push_str(&format!("search {}\n", resolver.search.join(" ")));
    }
    text
}

/// Its lines of name servers.
fn servers_text(interface: &str, resolver: &Resolver) -> String {
    let line = |server: &IpAddr| match server {
        // Only on this link: a router that names itself.
        IpAddr::V6(six) if six.is_unicast_link_local() => format!("nameserver {six}%{interface}\n"),
        _ => format!("nameserver {server}\n"),
    };
    resolver.servers.iter().map(line).collect()
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
        let mut teller = Teller::new(Place::File(path.clone()));
        teller.set("wlan0", Some(&resolver())).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), TEXT);
        for _ in 0..2 {
            teller.set("wlan0", None).unwrap();
        }
        assert!(!path.exists());
    }

    /// A program that writes down how it is called, and what it is given.
    fn scribe(folder: &Path) -> PathBuf {
        let program = folder.join(PROGRAM);
        let script = format!(
            "#!/bin/sh\n(echo \"$@\"; [ \"$1\" = -a ] && cat) >> {}\ntrue\n",
            folder.join("seen").display()
        );
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        program
    }

    #[test]
    fn a_program_is_told_of_servers_and_domains_in_order() {
        let base = std::env::temp_dir().join(format!("lapwing-resolvconf-{}", std::process::id()));
        fs::create_dir_all(&base).unwrap();
        let mut teller = Teller::new(Place::Program(scribe(&base)));
        teller.set("wlan0", None).unwrap();
        teller.set("wlan0", Some(&resolver())).unwrap();
        let alone = Resolver { search: Vec::new(), ..resolver() };
        teller.set("wlan0", Some(&alone)).unwrap();
        teller.set("wlan0", None).unwrap();
        // All of it is said before it goes.
        drop(teller);
        let servers =
            "-a wlan0.dns\nnameserver 192.0.2.53\nnameserver 2001:db8::53\nnameserver fe80::1%wlan0\n";
        let domains = "-a wlan0.domain\nsearch example.org\nsearch example.net\n";
        assert_eq!(
            fs::read_to_string(base.join("seen")).unwrap(),
            format!("{servers}{domains}{servers}-d wlan0.domain\n-d wlan0.dns\n")
        );
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn a_program_that_fails_holds_up_nothing() {
        let mut teller = Teller::new(Place::Program(PathBuf::from("/bin/false")));
        teller.set("wlan0", Some(&resolver())).unwrap();
        let mut teller = Teller::new(Place::Program(PathBuf::from("/nowhere/resolvconf")));
        teller.set("wlan0", Some(&resolver())).unwrap();
    }

    #[test]
    fn a_program_that_does_not_end_keeps_nobody() {
        let base = std::env::temp_dir().join(format!("lapwing-hangs-{}", std::process::id()));
        fs::create_dir_all(&base).unwrap();
        let program = base.join(PROGRAM);
        fs::write(&program, "#!/bin/sh\nwhile [ -e \"$0\" ]; do sleep 0.1; done\n").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let mut teller = Teller::new(Place::Program(program));
        teller.set("wlan0", Some(&resolver())).unwrap();
        drop(teller);
        // It runs on until now: its own end is what it waits for.
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn the_program_is_the_first_of_the_path_that_can_be_run() {
        let base = std::env::temp_dir().join(format!("lapwing-path-{}", std::process::id()));
        let folders = ["none", "text", "first", "second"].map(|name| base.join(name));
        folders.iter().for_each(|folder| fs::create_dir_all(folder).unwrap());
        let [_, text, first, second] = &folders;
        fs::write(text.join(PROGRAM), "").unwrap();
        let expected = scribe(first);
        scribe(second);
        let path = std::env::join_paths([PathBuf::new()].iter().chain(&folders)).unwrap();
        assert_eq!(program(&path), Some(expected));
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
