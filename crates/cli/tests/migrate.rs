//! `lapwing import` and `lapwing export`, as a person and as a program use them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests too")]

use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

/// A directory that goes away with the test.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lapwing-migrate-{}-{name}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn put(&self, name: &str, text: &str) {
        fs::create_dir_all(self.0.join(name).parent().unwrap()).unwrap();
        fs::write(self.0.join(name), text).unwrap();
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn names(&self, directory: &str) -> Vec<String> {
        let entries = fs::read_dir(self.0.join(directory)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Runs the command here: the exit status, standard output, standard error.
    fn run(&self, line: &str) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lapwing"));
        command.args(line.split(' ')).current_dir(&self.0).env_clear().env("LANG", "C.UTF-8");
        let output = command.output().unwrap();
        let text = |octets| String::from_utf8(octets).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

const CONF: &str = "network={\n\tssid=\"home\"\n\tpsk=\"secret123\"\n\tpriority=3\n}\n\
    network={\n\tssid=\"work\"\n\tkey_mgmt=WPA-EAP\n\teap=TLS\n}\nnetwork={\n\tssid=\"cafe\"\n\tkey_mgmt=NONE\n}\n";
const KEYFILE: &str = "[connection]\ntype=wifi\nautoconnect=false\n[wifi]\nssid=d\u{e4}heim\n\
    [wifi-security]\nkey-mgmt=sae\npsk=secret456\n";

#[test]
fn networks_come_and_what_does_not_is_said() {
    let place = Place::new("import");
    place.put("wpa.conf", CONF);
    place.put("nm/one.nmconnection", KEYFILE);
    place.put("nm/cable.nmconnection", "[connection]\ntype=ethernet\n");
    place.put("state/cafe.open", "[Settings]\nHidden=true\n");
    let (status, out, err) = place.run("import wpa.conf nm --dry-run --state-directory state");
    assert_eq!((status, err.as_str()), (0, ""));
    assert!(out.contains("2 would be written, 1 kept as they are, 1 not carried over"), "{out}");
    assert_eq!(place.names("state"), ["cafe.open"]);

    let (status, out, _) = place.run("import wpa.conf nm --state-directory state");
    assert_eq!(status, 0);
    for part in
        ["home  written: home.psk", "without priority: ", "work  not carried over: ", "802.1X", "cafe  kept"]
    {
        assert!(out.contains(part), "{part}: {out}");
    }
    assert!(!out.contains("secret"), "{out}");
    assert_eq!(place.names("state"), ["=64c3a46865696d.psk", "cafe.open", "home.psk"]);
    assert_eq!(place.text("state/home.psk"), "[Security]\nPassphrase=secret123\n");
    assert!(place.text("state/=64c3a46865696d.psk").contains("AutoConnect=false"));
    let mode = fs::metadata(place.0.join("state/home.psk")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(place.text("state/cafe.open"), "[Settings]\nHidden=true\n");

    // Nothing is lost when something is replaced.
    let (_, out, _) = place.run("import wpa.conf --replace --state-directory state --json");
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["networks"][2]["outcome"], "replaced");
    assert_eq!(json["networks"][0]["left_out"].as_array().unwrap().len(), 1);
    assert_eq!(json["networks"][1]["outcome"], "refused");
    assert_eq!((place.text("state/cafe.open"), json["dry_run"].as_bool()), (String::new(), Some(false)));
    assert_eq!(place.text("state/cafe.open.before-1"), "[Settings]\nHidden=true\n");
}

#[test]
fn what_is_no_file_of_a_network_is_said() {
    let place = Place::new("wrong");
    place.put("notes/notes.txt", "hello\n");
    place.put("notes/wpa.conf", CONF);
    let (status, out, _) = place.run("import notes --state-directory state");
    assert_eq!(status, 1);
    assert!(out.contains("notes.txt: this is neither") && out.contains("2 written"), "{out}");
    let (status, _, err) = place.run("import nowhere --state-directory state");
    assert_eq!(status, 5);
    assert!(err.contains("nowhere cannot be read"), "{err}");
    assert_eq!(place.run("import").0, 2);
}

#[test]
fn networks_go_to_each_program_and_come_back_the_same() {
    let place = Place::new("export");
    place.put("wpa.conf", CONF);
    place.put("one.nmconnection", KEYFILE);
    assert_eq!(place.run("import wpa.conf one.nmconnection --state-directory state").0, 0);
    place.put(
        "state/corp.8021x",
        "[Security]\nEAP-Method=PWD\n[@pem@ca]\n-----BEGIN X-----\n-----END X-----\n",
    );
    let mut marked = place.text("state/home.psk");
    marked += "\n[Lapwing]\nDerivedFrom=0011\n";
    place.put("state/home.psk", &marked);
    for (to, target) in [("wpa-supplicant", "out.conf"), ("networkmanager", "out-nm"), ("iwd", "out-iwd")] {
        let (status, out, err) = place.run(&format!("export --to {to} {target} --state-directory state"));
        assert_eq!((status, err.as_str()), (0, ""), "{out}");
        assert!(!out.contains("secret"), "{out}");
    }
    let (_, out, _) = place.run("export --to networkmanager out-nm --state-directory state --json");
    let json: Value = serde_json::from_str(&out).unwrap();
    let rows = json["networks"].as_array().unwrap();
    let reason = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap()["reason"].to_string();
    assert!(reason("corp").contains("802.1X") && reason("home").contains("--replace"), "{out}");
    assert_eq!(place.text("out-iwd/corp.8021x"), place.text("state/corp.8021x"));
    assert!(!place.text("out-iwd/home.psk").contains("Lapwing"));
    let mode = fs::metadata(place.0.join("out.conf")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let (status, _, err) = place.run("export --to wpa-supplicant out.conf --state-directory state");
    assert!(status == 1 && err.contains("--replace"), "{err}");

    fs::rename(place.0.join("state/corp.8021x"), place.0.join("corp.8021x")).unwrap();
    place.put("state/home.psk", "[Security]\nPassphrase=secret123\n");
    for target in ["out.conf", "out-nm"] {
        let again = format!("again-{target}");
        assert_eq!(place.run(&format!("import {target} --state-directory {again}")).0, 0);
        for name in place.names("state") {
            assert_eq!(
                place.text(&format!("{again}/{name}")),
                place.text(&format!("state/{name}")),
                "{target}"
            );
        }
    }
}
