//! The command from end to end, against a daemon for tests.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod double;
mod hotspots;

use double::{Double, Flavour, GARBAGE, PASSPHRASE, finish};
use lapwing_frames::Ssid;
use lapwingd::networks::Seal;
use lapwingd::networks::document::Document;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::Duration;

fn is_harmless(text: &str) -> bool {
    !text.chars().any(|character| character != '\n' && (character.is_control() || character == '\u{202e}'))
}

#[test]
fn the_status_for_a_person() {
    let outcome = Double::start(Flavour::Lapwing).run(&["status"]);
    assert_eq!(
        outcome.out,
        "\
● wlan0  connected to home
  signal        ▂▄▆█  -44 dBm
  access point  02:00:00:00:00:01 on channel 36 (5 GHz, 5180 MHz)
  security      WPA3-Personal, SAE, CCMP-128, management frames and beacons by BIP-CMAC-128
  rate          866.7 Mbit/s received, 54.0 Mbit/s sent
  for           1 h 2 min
  address       192.0.2.7/24
  address       2001:db8::7/64
  router        192.0.2.1
  name server   192.0.2.1
  last failure  no DHCP server or router answered
  whose doing   access point, phase address
  next          Check the DHCP server.
  warning       home could not be stored: the disk is full
"
    );
    assert_eq!((outcome.status, outcome.err.as_str()), (0, ""));
}

#[test]
fn another_daemon_shows_what_it_can() {
    let double = Double::start(Flavour::Iwd);
    assert_eq!(
        double.run(&[]).out,
        "\
● wlan0  connected to home
  signal        ▂▄▆█  -44 dBm
  access point  02:00:00:00:00:01 on channel 36 (5 GHz, 5180 MHz)
  security      WPA3-Personal
  rate          866.7 Mbit/s received, 54.0 Mbit/s sent
  for           1 h 2 min
"
    );
    let networks = double.run(&["networks", "--json"]).json();
    assert_eq!(networks["networks"][0]["name"], "home");
    assert_eq!(networks["networks"][0]["bsss"][0]["usable"], serde_json::Value::Null);
    // The octets are those of the path; the name on the bus has lost some.
    assert_eq!(networks["networks"][5]["ssid"], "636166c3a920ff");
    for command in ["why", "links"] {
        let outcome = double.run(&[command]);
        assert_eq!((outcome.status, outcome.out.as_str()), (1, ""));
        assert!(outcome.err.contains("it is not lapwingd"), "{}", outcome.err);
    }
    let outcome = double.run(&["connect", "home", "--passphrase-file", &double.file(PASSPHRASE.as_bytes())]);
    assert_eq!(outcome.status, 0, "{outcome:?}");
    assert!(outcome.out.starts_with("● wlan0  connected to home in "), "{}", outcome.out);
    let outcome = double.run(&["connect", "home", "--passphrase-file", &double.file(b"wrong passphrase")]);
    assert_eq!(outcome.status, 1);
    assert!(outcome.err.contains("next: Check the passphrase"), "{}", outcome.err);
}

#[test]
fn lists() {
    let double = Double::start(Flavour::Lapwing);
    assert_eq!(
        double.run(&["networks"]).out,
        "  network                signal           type      known
  home                   ▂▄▆█    -44 dBm  personal
  guest                  ▂▄▆·    -62 dBm  open      yes
  twins                  ▂▄··    -70 dBm  open
  twins                  ▂▄··    -71 dBm  personal
  \\u{1b}[2Jevil\\u{202e}  ▂···    -80 dBm  personal
  café \\xff              ····    -88 dBm  personal
  old                    ····    -90 dBm  wep              it uses WEP, which protects nothing
"
    );
    let bss = double.run(&["networks", "--bss"]).out;
    let row = bss.lines().find(|row| row.contains("02:00:00:00:00:02")).unwrap();
    let words: Vec<&str> = row.split("  ").map(str::trim).filter(|word| !word.is_empty()).collect();
    assert_eq!(words, ["02:00:00:00:00:02", "-53 dBm", "6 (2.4 GHz)", "it was heard too long ago"], "{bss}");
    assert_eq!(
        double.run(&["known"]).out,
        "network   type      last joined           in range
far away  personal  never                           hidden, not joined by itself
guest     open      2026-11-20T09:30:00Z  yes
"
    );
    assert_eq!(
        double.run(&["devices"]).out,
        "device  state      mode     address            radio
wlan0   connected  station  02:00:00:00:02:00  phy0 Vendor Model 7
"
    );
    assert_eq!(
        double.run(&["links"]).out,
        "\
● wlan0  1 of 2 links in use; link 1 left out: it was not heard; daemon and kernel agree.
   link  channel      width   signal   daemon    kernel  received              sent                retries
●  0     1 (2.4 GHz)  40 MHz  -44 dBm  used      used    866.7 Mbit/s, 7.0 MB  54.0 Mbit/s, 900 B  17, 3 given up
   1     36 (5 GHz)           -48 dBm  left-out  absent
   all                        -44 dBm                    866.7 Mbit/s, 7.0 MB  54.0 Mbit/s, 900 B  17, 3 given up
  link 1: it was not \\u{1b}[2Jheard
  next: Nothing.
"
    );
    let outcome = double.run(&["scan"]);
    assert_eq!((outcome.status, outcome.err.as_str()), (0, "scanning\n"));
    assert!(outcome.out.contains("home"), "{}", outcome.out);
    assert_eq!(
        double.run(&["why"]).out,
        "attempt 1: \"home\", asked for\n  scan   33.1 ms  ####\n  \\u{1b}]0;evil\\u{7}\n"
    );
}

#[test]
fn without_unicode_everything_is_ascii() {
    let double = Double::start(Flavour::Lapwing);
    for arguments in [&["networks", "--bss"][..], &["status"], &["known"], &["links"], &["why"]] {
        let mut command = double.command(arguments);
        command.env("LANG", "C");
        let outcome = finish(command);
        assert!(
            outcome.out.bytes().all(|octet| octet == b'\n' || (b' '..=b'~').contains(&octet)),
            "{}",
            outcome.out
        );
    }
}

#[test]
fn connecting_with_a_passphrase() {
    let double = Double::start(Flavour::Lapwing);
    let mut command = double.command(&["connect", "home", "--passphrase-fd", "0"]);
    command.stdin(Stdio::piped());
    // The passphrase goes through a pipe, as from another program.
    let (reader, mut writer) = std::io::pipe().unwrap();
    command.stdin(reader);
    writeln!(writer, "{PASSPHRASE}").unwrap();
    drop(writer);
    let outcome = finish(command);
    assert_eq!(outcome.status, 0, "{outcome:?}");
    let (first, rest) = outcome.out.split_once('\n').unwrap();
    assert!(first.starts_with("● wlan0  connected to home in ") && first.ends_with('s'), "{first}");
    assert_eq!(
        rest,
        "  signal        ▂▄▆█  -44 dBm
  access point  02:00:00:00:00:01 on channel 36 (5 GHz, 5180 MHz)
  security      WPA3-Personal, SAE, CCMP-128, management frames and beacons by BIP-CMAC-128
  address       192.0.2.7/24
  address       2001:db8::7/64
  router        192.0.2.1
  name server   192.0.2.1
"
    );
    assert_eq!(
        outcome.err,
        "joining home\nscanning\nauthenticating\nassociating\nagreeing on keys\ngetting an address\n"
    );
    assert!(double.calls().contains(&"stranger refused".to_owned()), "{:?}", double.calls());
}

#[test]
fn an_open_network_needs_no_agent() {
    let double = Double::start(Flavour::Lapwing);
    assert_eq!(double.run(&["connect", "guest"]).status, 0);
    assert!(!double.calls().contains(&"AgentManager.RegisterAgent".to_owned()));
}

#[test]
fn names_that_need_more() {
    let double = Double::start(Flavour::Lapwing);
    let file = double.file(PASSPHRASE.as_bytes());
    let with = |arguments: &[&str]| {
        let mut all = vec!["connect", "--passphrase-file", &file];
        all.extend(arguments);
        let outcome = double.run(&all);
        (outcome.status, outcome.err)
    };
    let (status, error) = with(&["twins"]);
    assert_eq!(status, 2);
    assert!(error.contains("Say which with --type: open, psk."), "{error}");
    assert_eq!(with(&["twins", "--type", "psk"]).0, 0);
    // By its octets, with and without the mark; and as it is shown.
    for name in ["=636166c3a920ff", "café \\xff", "\\u{1b}[2Jevil\\u{202e}"] {
        assert_eq!(with(&[name]).0, 0, "{name}");
    }
    assert_eq!(with(&["--hex", "686f6d65"]).0, 0);
    assert_eq!(with(&["hidden one", "--hidden"]).0, 0);
    for (arguments, expected, word) in [
        (&["=63616"][..], 2, "pairs of hexadecimal digits"),
        (&["=ff", "--hidden"], 2, "UTF-8"),
        (&["nowhere"], 5, "lapwing networks"),
        (&["nowhere", "--hidden"], 5, "No such network was heard."),
        (&["home", "--hidden"], 1, "Leave --hidden out."),
        (&["a name with more than thirty-two octets"], 2, "1 to 32"),
    ] {
        let (status, error) = with(arguments);
        assert_eq!(status, expected, "{arguments:?}: {error}");
        assert!(error.contains(word), "{arguments:?}: {error}");
    }
}

#[test]
fn a_wrong_passphrase() {
    let double = Double::start(Flavour::Lapwing);
    let file = double.file(b"wrong horse battery\n");
    let outcome = double.run(&["connect", "home", "--passphrase-file", &file]);
    assert_eq!(outcome.status, 1);
    assert_eq!(
        outcome.err.split_once("lapwing:").unwrap().1,
        " Could not join home: the passphrase is wrong.\n  whose doing: user\n  next: Enter the passphrase again.\n"
    );
    let error = double.run(&["connect", "home", "--json", "--passphrase-file", &file]).json();
    assert_eq!(error["error"]["code"], "wrong-password");
    assert_eq!(error["error"]["phase"], "authenticate");
    assert_eq!(error["error"]["exit_status"], 1);
    // What cannot be one.
    for bad in [&b"\n"[..], b"\xff\xff\xff\xff\xff\xff\xff\xff", &[b'a'; 5000]] {
        assert_eq!(double.run(&["connect", "home", "--passphrase-file", &double.file(bad)]).status, 2);
    }
    assert_eq!(double.run(&["connect", "home", "--passphrase-file", "/nonexistent"]).status, 2);
    assert_eq!(double.run(&["connect", "home", "--passphrase-fd", "77"]).status, 2);
    let short = double.run(&["connect", "home", "--passphrase-file", &double.file(b"short")]);
    assert_eq!(short.status, 1);
    assert!(short.err.contains("8 to 63"), "{}", short.err);
}

#[test]
fn no_daemon_and_no_bus() {
    for arguments in [&["status"][..], &["networks"], &["connect", "home"], &["forget", "home"], &["why"]] {
        let outcome = Double::start(Flavour::Absent).run(arguments);
        assert_eq!(outcome.status, 3, "{outcome:?}");
        assert!(outcome.err.contains("systemctl start lapwing"), "{}", outcome.err);
    }
    let double = Double::start(Flavour::Absent);
    let mut command = double.command(&["status", "--json"]);
    command.env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus");
    let outcome = finish(command);
    assert_eq!((outcome.status, outcome.err.as_str()), (3, ""));
    assert_eq!(outcome.json()["error"]["code"], "no-bus");
}

#[test]
fn not_allowed() {
    let outcome = Double::start(Flavour::Denied).run(&["connect", "home"]);
    assert_eq!(outcome.status, 4);
    assert!(outcome.err.contains("You are not allowed to control Wi-Fi."), "{}", outcome.err);
    assert!(outcome.err.contains("netdev") && !outcome.err.contains("matched rules"), "{}", outcome.err);
}

#[test]
fn garbage_is_an_error_and_no_panic() {
    let commands: &[&[&str]] = &[
        &["status"],
        &["devices"],
        &["networks", "--bss"],
        &["scan"],
        &["known"],
        &["links"],
        &["why"],
        &["connect", "guest"],
        &["disconnect"],
        &["hotspot"],
        &["hotspot", "clients"],
    ];
    for number in 0..GARBAGE {
        let mut caught = 0;
        for command in commands {
            // A fresh one for each, as the double changes what it shows.
            let outcome = Double::start(Flavour::Garbage(number)).run(command);
            assert!(!outcome.err.contains("panicked"), "{number} {command:?}: {}", outcome.err);
            if outcome.status == 7 {
                assert!(outcome.err.contains("The daemon's answer makes no sense: "), "{}", outcome.err);
                caught += 1;
            }
            assert!(is_harmless(&outcome.out) && is_harmless(&outcome.err));
        }
        assert!(caught > 0, "garbage {number} was not noticed by any command");
    }
}

#[test]
fn devices_that_are_meant() {
    let two = Double::start(Flavour::Two);
    let outcome = two.run(&["networks"]);
    assert_eq!(outcome.status, 2);
    assert!(outcome.err.contains("Say which with --device: wlan0, wlan1."), "{}", outcome.err);
    assert_eq!(two.run(&["networks", "--device", "wlan0"]).status, 0);
    assert_eq!(
        two.run(&["status"]).out,
        "● wlan0  disconnected\n  warning  home could not be stored: the disk is full\n\n● wlan1  disconnected\n  warning  home could not be stored: the disk is full\n"
    );
    let outcome = two.run(&["status", "-d", "wlan7"]);
    assert_eq!(outcome.status, 5);
    assert!(outcome.err.contains("There is: wlan0, wlan1."), "{}", outcome.err);
    assert_eq!(Double::start(Flavour::Bare).run(&["status"]).status, 5);
}

#[test]
fn leaving_and_forgetting() {
    let double = Double::start(Flavour::Lapwing);
    let outcome = double.run(&["disconnect"]);
    assert_eq!(
        (outcome.status, outcome.out.as_str()),
        (0, "wlan0 was in no network; none is joined until you ask.\n")
    );
    assert_eq!(double.run(&["forget", "guest"]).out, "guest is forgotten.\n");
    assert_eq!(double.run(&["forget", "guest", "--type", "psk"]).status, 5);
    assert_eq!(double.run(&["forget", "home"]).status, 5);
}

#[test]
fn no_address_in_time() {
    let outcome = Double::start(Flavour::NoAddress).run(&["connect", "guest", "--timeout", "0"]);
    assert_eq!(outcome.status, 6, "{outcome:?}");
    assert!(outcome.err.contains("Connected to guest, but no address came within 0 s."), "{}", outcome.err);
}

#[test]
fn no_wait_does_not_wait() {
    let outcome = Double::start(Flavour::NoAddress).run(&["connect", "guest", "--no-wait"]);
    assert_eq!(outcome.status, 0, "{outcome:?}");
    assert!(!outcome.out.contains("address  "), "{}", outcome.out);
}

#[test]
fn a_signal_cancels_the_attempt() {
    let double = Double::start(Flavour::Slow);
    let mut child = double.command(&["connect", "guest"]).spawn().unwrap();
    while !double.calls().contains(&"Network.Connect".to_owned()) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(double.calls().last().unwrap(), "Station.Disconnect");
}

/// Lines of the monitor, which is then ended by a signal.
fn monitored(flavour: Flavour, arguments: &[&str], count: usize) -> Vec<String> {
    let double = Double::start(flavour);
    let mut child = double.command(&[&["monitor"], arguments].concat()).spawn().unwrap();
    let lines =
        BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap).take(count).collect();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    lines
}

#[test]
fn events_as_they_come() {
    let json = monitored(Flavour::Lapwing, &["--json"], 5);
    assert_eq!(
        json.first().unwrap(),
        r#"{"at":1.0,"interface":"wlan0","attempt":1,"event":"entered","phase":"associate"}"#
    );
    assert!(json.get(1).unwrap().contains(r#""ssid":"\u202ex""#), "{json:?}");
    for (line, is_running) in json.iter().skip(2).zip([false, true]) {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!((&event["event"], &event["running"]), (&"daemon".into(), &is_running.into()));
    }
    let human = monitored(Flavour::Lapwing, &[], 5);
    let said: Vec<&str> =
        human.iter().map(|line| line.split_once("  wlan0  ").map_or("", |(_, said)| said)).collect();
    // The daemon that is started then tells as well.
    assert_eq!(
        said,
        ["associating", "connected to \"\\u{202e}x\" at 02:00, SAE", "", "", "the scan has ended"]
    );
    assert!(human.get(2).unwrap().ends_with("  -  the daemon has ended"), "{human:?}");
    assert!(human.get(3).unwrap().ends_with("  -  the daemon was started"), "{human:?}");
    // Of another device there is nothing to tell but that.
    assert_eq!(Double::start(Flavour::Lapwing).run(&["monitor", "--device", "wlan9"]).status, 5);
}

#[test]
fn another_daemon_is_watched_for_its_states() {
    let lines = monitored(Flavour::Iwd, &["--json"], 3);
    let state: serde_json::Value = serde_json::from_str(lines.first().unwrap()).unwrap();
    assert_eq!(
        (&state["event"], &state["state"], &state["interface"]),
        (&"state".into(), &"connected".into(), &"wlan0".into())
    );
}

#[test]
fn a_known_network_is_shared_by_who_may_read_its_file() {
    let double = Double::start(Flavour::Lapwing);
    let share = |arguments: &[&str]| double.run(&[&["share", "--json"], arguments].concat());
    let outcome = share(&["far away"]);
    assert_eq!(outcome.json()["error"]["code"], "not-known", "{outcome:?}");
    double.network_file("far away.psk", "[Security]\nPassphrase=correct; horse\n[Settings]\nHidden=true\n");
    let outcome = share(&["far away"]);
    assert_eq!(outcome.json()["uri"], r"WIFI:T:WPA;S:far away;P:correct\; horse;H:true;;", "{outcome:?}");
    double.network_file("guest.open", "");
    assert_eq!(share(&["guest"]).json()["uri"], "WIFI:T:nopass;S:guest;;");
    // What is stored cannot always be said.
    let key = "0123456789abcdef".repeat(4);
    for (content, code) in [
        (format!("[Security]\nPreSharedKey={key}\n"), "not-shareable"),
        ("[Settings]\nHidden=maybe\n[Security]\nPassphrase=correct horse\n".to_owned(), "unreadable"),
        ("[Security\n".to_owned(), "unreadable"),
    ] {
        double.network_file("far away.psk", &content);
        let outcome = share(&["far away"]);
        assert_eq!((outcome.status, &outcome.json()["error"]["code"]), (1, &code.into()), "{outcome:?}");
    }
    assert_eq!(share(&["home"]).status, 5, "it is not known");
    // A drawing needs somebody who looks at it.
    let outcome = double.run(&["share", "guest"]);
    assert!(outcome.status == 2 && outcome.err.contains("--json"), "{outcome:?}");
}

#[test]
fn an_encrypted_network_is_shared_by_who_may_read_the_credential() {
    let double = Double::start(Flavour::Lapwing);
    let share = || double.run(&["share", "--json", "far away"]);
    let seal = |credential: &[u8]| Seal::of_credential(credential).unwrap();
    let document = Document::parse(b"[Security]\nPassphrase=correct horse\n").unwrap();
    let ssid = Ssid::new(b"far away").unwrap();
    let closed = seal(b"a credential").close(&document, &ssid, [7; 32]).unwrap().octets();
    let closed = std::str::from_utf8(closed.expose()).unwrap();
    assert!(!closed.contains("horse"));
    double.network_file("far away.psk", closed);
    let refused = |what: &str| {
        let outcome = share();
        let error = &outcome.json()["error"];
        assert_eq!((outcome.status, &error["code"]), (1, &"encrypted".into()), "{outcome:?}");
        assert!(error["sentence"].as_str().unwrap().contains(what), "{outcome:?}");
        error["next_step"].as_str().map(str::to_owned)
    };
    assert!(refused("the daemon has no credential").unwrap().contains("SystemdEncrypt"));
    double.network_file("credential", "");
    assert_eq!(refused("is empty"), None);
    double.network_file("credential", "another");
    let outcome = share();
    assert_eq!((outcome.status, &outcome.json()["error"]["code"]), (1, &"unreadable".into()), "{outcome:?}");
    double.network_file("credential", "a credential");
    let outcome = share();
    assert_eq!(outcome.json()["uri"], "WIFI:T:WPA;S:far away;P:correct horse;;", "{outcome:?}");
}

#[test]
fn each_shell_gets_its_completions_without_a_daemon() {
    let double = Double::start(Flavour::Absent);
    for shell in ["bash", "zsh", "fish"] {
        let outcome = double.run(&["completions", shell]);
        assert_eq!(outcome.status, 0, "{outcome:?}");
        assert!(outcome.out.contains("hotspot") && outcome.out.contains("timeline"), "{shell}");
    }
    assert_eq!(double.run(&["completions", "ksh93"]).status, 2);
    assert!(double.calls().is_empty());
}
