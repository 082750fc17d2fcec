//! The whole way, from the command to the air and back: the daemon on a virtual world, without a bus, without root.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests; helpers are tests too"
)]

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A folder of its own, in which daemons make theirs; it goes with this.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let place = std::env::temp_dir().join(format!("lapwing-virtual-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&place).unwrap();
        Self(place)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lapwing"));
        command
            .args(arguments)
            .env_clear()
            .env("XDG_RUNTIME_DIR", &self.0)
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// What daemons made and did not remove.
    fn left_behind(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_dir()).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "it does not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A daemon on a world.
struct Daemon {
    child: Child,
    place: PathBuf,
}

impl Daemon {
    fn start(place: &Place, world: &str) -> Self {
        let child = place.command(&["daemon", "--", "--world", world]).stderr(Stdio::null()).spawn().unwrap();
        let own = place.0.join(format!("lapwing-world-{}", child.id()));
        let control = own.join("run/world");
        until(|| UnixStream::connect(&control).ok());
        Self { child, place: own }
    }

    fn address(&self) -> String {
        format!("unix:path={}", self.place.join("bus").display())
    }

    /// Asks the world, and returns the answer.
    fn ask(&self, what: &str) -> Value {
        let mut stream = UnixStream::connect(self.place.join("run/world")).unwrap();
        writeln!(stream, "{what}").unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn end(mut self) {
        let process = rustix::process::Pid::from_raw(self.child.id().cast_signed()).unwrap();
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
        assert!(!self.place.exists(), "it takes its directory with it");
    }
}

const CAFE: &str = "
about = \"A coffee house.\"

[[ap]]
ssid = \"cafe\"
security = \"open\"
frequency = 2437

[[network]]
ssid = \"cafe\"
";

#[test]
fn the_whole_daemon_runs_on_a_world_and_the_command_finds_it() {
    let place = Place::new();
    let daemon = Daemon::start(&place, &place.file("cafe.toml", CAFE));
    let address = daemon.address();
    let lapwing = |arguments: &[&str]| {
        let output = place.run(&[&["--address", &address, "--json"], arguments].concat());
        let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        (output.status.code(), json)
    };
    let (status, json) = lapwing(&["scan"]);
    assert_eq!((status, &json["networks"][0]["name"]), (Some(0), &"cafe".into()), "{json}");
    let (status, json) = lapwing(&["connect", "cafe"]);
    assert_eq!(status, Some(0), "{json}");
    let address_there = json["addresses"]["addresses"][0].as_str().unwrap().to_owned();
    assert!(address_there.ends_with("/24"), "{json}");
    // The world knows the same.
    let truth = daemon.ask("truth");
    assert_eq!(truth["addresses"][0], address_there.as_str(), "{truth}");
    assert!(truth["connected"] == true && truth["access_point"]["authorized"] == true, "{truth}");
    let (_, json) = lapwing(&["status"]);
    assert_eq!(json["devices"][0]["state"], "connected", "{json}");
    let (_, json) = lapwing(&["why"]);
    assert!(json["timeline"].as_str().unwrap().contains("online after"), "{json}");
    // Nothing of it is this machine's.
    let addresses = std::fs::read_to_string("/proc/net/fib_trie").unwrap_or_default();
    assert!(!addresses.contains(address_there.trim_end_matches("/24")), "{addresses}");
    // The access point sends everybody away, with the reason for that.
    assert_eq!(daemon.ask("order 0 throw-out 5")["event"], "done");
    until(|| {
        let why = text(&place.run(&["--address", &address, "why"]).stdout);
        why.contains("attempt 2").then_some(())
    });
    assert_eq!(daemon.ask("order 1 power-off")["event"], "refused");
    daemon.end();
}

const THREE: &str = "
about = \"Three radios in one box.\"
autoconnect = false

[radio]
multi_link = true
frequencies = [2412, 5180, 5955]

[[ap]]
ssid = \"home\"
security = \"wpa3\"

[[ap.link]]
id = 0
frequency = 2412

[[ap.link]]
id = 1
frequency = 5180

[[ap.link]]
id = 2
frequency = 5955

[[network]]
ssid = \"home\"
passphrase = \"correct horse battery\"
";

#[test]
fn a_removed_link_is_seen_by_both_sides() {
    let place = Place::new();
    let daemon = Daemon::start(&place, &place.file("three.toml", THREE));
    let address = daemon.address();
    let ask = |arguments: &[&str]| place.run(&[&["--address", &address], arguments].concat());
    let links = || -> Value { serde_json::from_slice(&ask(&["links", "--json"]).stdout).unwrap() };
    let output = ask(&["links"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let secret = place.file("secret", "correct horse battery");
    assert!(ask(&["scan"]).status.success());
    let output = ask(&["connect", "home", "--passphrase-file", &secret]);
    assert!(output.status.success(), "{output:?}");
    let all = links();
    assert_eq!(all["connection"]["verdict"], "3 of 3 links in use; daemon and kernel agree.", "{all}");
    for link in all["connection"]["links"].as_array().unwrap() {
        assert_eq!((&link["state"], &link["kernel"]), (&"used".into(), &"used".into()), "{all}");
        assert!(link["width_mhz"] == 20 && link["figures"]["signal_dbm"].is_i64(), "{all}");
        assert_eq!(link["frequency"], link["kernel_frequency"], "{all}");
    }
    assert_eq!(daemon.ask("order 0 remove-link 1 3")["event"], "done");
    let fewer = until(|| Some(links()).filter(|all| all["connection"]["links"][1]["state"] == "removed"));
    assert_eq!(fewer["connection"]["links"][1]["kernel"], "absent", "{fewer}");
    assert_eq!(
        fewer["connection"]["verdict"],
        "2 of 3 links in use; link 1: the access point has removed it; daemon and kernel agree.",
        "{fewer}"
    );
    let shown = text(&ask(&["links"]).stdout);
    assert!(shown.contains("removed") && shown.contains("36 (5 GHz)"), "{shown}");
    let why = text(&ask(&["why"]).stdout);
    assert!(why.contains("without 1: the links are 0, 2 now"), "{why}");
    daemon.end();
}

#[test]
fn a_scenario_with_an_error_names_line_and_key() {
    let place = Place::new();
    let wrong = place.file("wrong.toml", &CAFE.replace("frequency = 2437", "frequency = \"high\""));
    for command in [&["try", "--world", &wrong][..], &["daemon", "--", "--world", &wrong]] {
        let output = place.run(command);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("wrong.toml:7") && told.contains("frequency"), "{told}");
    }
    let output = place.run(&["try", "--world", "atlantis"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("built in are open, home, tour"), "{output:?}");
    assert_eq!(place.left_behind(), Vec::<PathBuf>::new());
}

#[test]
fn who_interrupts_leaves_nothing_behind() {
    let place = Place::new();
    for (signal, status) in [("INT", Some(130)), ("KILL", None)] {
        let mut shown = place.command(&["try"]).spawn().unwrap();
        // It is in the middle of it.
        let mut lines = BufReader::new(shown.stdout.take().unwrap()).lines();
        until(|| lines.next().unwrap().unwrap().contains("scanning").then_some(()));
        assert!(!place.left_behind().is_empty());
        let process = rustix::process::Pid::from_raw(shown.id().cast_signed()).unwrap();
        let signal =
            if signal == "INT" { rustix::process::Signal::INT } else { rustix::process::Signal::KILL };
        rustix::process::kill_process(process, signal).unwrap();
        drop(lines);
        let mut errors = String::new();
        shown.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        assert_eq!(shown.wait().unwrap().code(), status, "{errors}");
        until(|| place.left_behind().is_empty().then_some(()));
    }
}

/// The first place where a line has these members: exactly, or for `what` beginning so.
fn find(lines: &[Value], members: &[(&str, &str)]) -> usize {
    let has = |line: &Value, key: &str, value: &str| match (line[key].as_str(), key) {
        (Some(text), "what") => text.starts_with(value),
        (text, _) => text == Some(value),
    };
    let is_it = |line: &Value| members.iter().all(|(key, value)| has(line, key, value));
    lines.iter().position(is_it).unwrap_or_else(|| panic!("nothing has {members:?} among\n{}", all(lines)))
}

fn all(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn it_is_shown_from_the_scan_to_the_return() {
    let place = Place::new();
    let output = place.run(&["try", "--fast", "--json"]);
    let lines: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(output.status.code(), Some(0), "{}{}", all(&lines), text(&output.stderr));
    // Each tells in its order; what two tell of one moment may come either way.
    let events = |list: &[&[(&str, &str)]]| {
        let order: Vec<usize> = list.iter().map(|members| find(&lines, members)).collect();
        assert!(order.windows(2).all(|pair| pair[0] < pair[1]), "{list:?} {order:?}\n{}", all(&lines));
    };
    events(&[
        &[("event", "chapter"), ("name", "scan")],
        &[("event", "networks")],
        &[("event", "chapter"), ("name", "join")],
        &[("event", "online")],
        &[("event", "stand")],
        &[("event", "chapter"), ("name", "remove-link")],
        &[("event", "chapter"), ("name", "reboot")],
        &[("event", "disconnected")],
        &[("event", "chapter"), ("name", "return")],
        &[("event", "end")],
    ]);
    events(&[
        &[("event", "began")],
        &[("event", "judged")],
        &[("event", "chosen"), ("akm", "SAE")],
        &[("event", "asked"), ("command", "NEW_KEY")],
        &[("event", "connected")],
        &[("event", "configured")],
        &[("event", "disconnected")],
    ]);
    events(&[
        &[("event", "frame"), ("what", "SAE commit"), ("lane", "kernel")],
        &[("event", "frame"), ("what", "SAE confirm"), ("lane", "access-point")],
        &[("event", "frame"), ("what", "association response, accepted")],
        &[("event", "frame"), ("what", "4-way handshake, message 1")],
        &[("event", "frame"), ("what", "4-way handshake, message 4")],
        &[("event", "frame"), ("what", "DHCP, from the server")],
    ]);
    let stands: Vec<&Value> = lines.iter().filter(|line| line["event"] == "stand").collect();
    let links = |stand: &Value| stand["links"].as_array().unwrap().len();
    assert_eq!(stands.iter().map(|stand| links(stand)).collect::<Vec<_>>(), [3, 2, 2]);
    for stand in stands {
        assert_eq!(stand["links"], stand["daemon_links"]);
        assert_eq!(stand["disagreements"].as_array().unwrap().len(), 0, "{stand}");
    }
    // The impostor was seen, and the reason is told for which it was not taken.
    let judged = &lines[find(&lines, &[("event", "judged")])];
    let list = judged["list"].as_array().unwrap();
    assert!(
        list.iter().any(|bss| bss["score"].is_number()) && list.iter().any(|bss| bss["reason"].is_string())
    );
    let end = lines.last().unwrap();
    assert_eq!((&end["online"], &end["link_removed"]), (&true.into(), &true.into()));
    // It is below a second on an idle machine; this one may be anything but idle.
    assert!(end["seconds_to_online"].as_f64().unwrap() < 30.0, "{end}");
    assert_eq!(place.left_behind(), Vec::<PathBuf>::new());
    the_guide_knows_every_event(&lines);
}

fn the_guide_knows_every_event(lines: &[Value]) {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let guide = ["command-line.md", "flight-recorder.md", "virtual-radio.md"]
        .map(|page| std::fs::read_to_string(guide.join(page)).unwrap())
        .concat();
    for line in lines {
        let event = line["event"].as_str().unwrap();
        assert!(guide.contains(&format!("`{event}`")), "{event} is in no guide");
    }
}
