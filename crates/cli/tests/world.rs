//! `lapwing world`, as a person and as a program use it: the built command, its output and its exit status.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests too")]

use serde_json::Value;
use std::process::Command;

struct Outcome {
    status: i32,
    out: String,
    err: String,
}

fn run(arguments: &[&str]) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lapwing"));
    // No bus is needed, and none is there.
    command
        .args(arguments)
        .env_clear()
        .env("LANG", "C.UTF-8")
        .env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere");
    let output = command.output().unwrap();
    Outcome {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

#[test]
fn the_stories_fail_with_the_policies_that_had_them_and_pass_with_ours() {
    for (line, status, parts) in [
        (
            "world run mlo-loop --policy wpa_supplicant-2.11",
            1,
            &[
                "wpa_supplicant-2.11",
                "AP home",
                "DEL_KEY refused: EINVAL, \"link ID must for MLO group key\"",
                "console: wlan0: disconnect from AP 02:00:00:00:01:ff for new auth to 02:00:00:00:01:ff",
                "no longer has",
                "at last every 91 s",
                "not connected",
                "Whose doing: the supplicant.",
                "Lapwing says goodbye with a frame",
            ][..],
        ),
        (
            "world run mlo-loop --policy wpa_supplicant-2.11 --kernel 7.2",
            1,
            &["\"link ID must be set for MLO group key\""],
        ),
        (
            "world run mlo-loop --policy hostap-master",
            1,
            &["DEL_KEY group key 1, link 0", "no longer has", "not connected"],
        ),
        ("world run mlo-loop --policy lapwing", 0, &["Deauthentication, reason 3", "It went well"]),
        ("world run mlo-loop", 0, &["Policy lapwing", "It went well"]),
        (
            "world run removed-link --kernel 6.12-before-fix",
            1,
            &[
                "Policy hostap-master on kernel 6.12-before-fix",
                "MLO Reconfiguration: work: valid=0x3, removed=0x2",
                "ieee80211_sta_allocate_link",
                "Link Reconfiguration Request",
                "Whose doing: the kernel.",
            ],
        ),
        (
            "world run removed-link --kernel 6.12-before-fix --policy lapwing",
            0,
            &["Policy lapwing on kernel 6.12-before-fix", "It went well", "The kernel kept link 1"],
        ),
        ("world run removed-link", 0, &["It went well"]),
        (
            "world run external-sae --policy iwd-3.3",
            1,
            &["External authentication failed: status=1", "EXTERNAL_AUTH: status 1", "not connected"],
        ),
        ("world run external-sae", 0, &["It went well"]),
        (
            "world run mlo-pmksa --policy wpa_supplicant-2.11",
            1,
            &["Deauthentication, reason 9", "offered the same PMKSA again"],
        ),
        ("world run home --habit ap.status53-on-cached-pmksa --seed 99", 0, &["seed 99"]),
    ] {
        let outcome = run(&words(line));
        assert_eq!(outcome.status, status, "{line}\n{}{}", outcome.out, outcome.err);
        for part in parts {
            // A sentence may be folded anywhere.
            let found = outcome.out.contains(part) || outcome.out.replace('\n', " ").contains(part);
            assert!(found, "{line}: {part}\n{}", outcome.out);
        }
        assert_eq!(outcome.err, "", "{line}");
        assert!(outcome.out.is_ascii() || outcome.out.contains('│'), "{line}");
        assert!(!outcome.out.contains('\x1b'), "colours on something that is no terminal");
    }
}

#[test]
fn hostap_master_has_nothing_refused_but_what_is_not_there() {
    let outcome = run(&words("world run mlo-loop --policy hostap-master --json"));
    let refused = outcome.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let refused: Vec<Value> = refused.filter(|line| line["kind"] == "refused").collect();
    assert!(refused.iter().all(|line| line["errno"] != "EINVAL"), "{refused:?}");
}

#[test]
fn a_story_looks_like_this() {
    let outcome = run(&words("world run external-sae --policy iwd-3.3"));
    let expected = include_str!("world/external-sae.txt");
    assert!(
        outcome.out == expected,
        "this is another story than tests/world/external-sae.txt:\n{}",
        outcome.out
    );
    let again = run(&words("world run external-sae --policy iwd-3.3"));
    assert_eq!(outcome.out, again.out, "the same seed, the same story");
}

#[test]
fn programs_read_a_line_for_each_happening() {
    let outcome = run(&words("world run mlo-loop --json"));
    assert_eq!(outcome.status, 0);
    let lines: Vec<Value> = outcome.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (verdict, happenings) = lines.split_last().unwrap();
    assert_eq!(
        (&verdict["kind"], &verdict["passed"], &verdict["seed"]),
        (&"verdict".into(), &true.into(), &1.into())
    );
    let mut before = 0;
    for line in happenings {
        let at = line["at_us"].as_u64().unwrap();
        assert!(at >= before && line["lane"].is_string() && line["kind"].is_string(), "{line}");
        before = at;
    }
    // What the station reports is what a flight recorder would have.
    let reports = || happenings.iter().filter(|line| line["kind"] == "reported").map(|line| &line["report"]);
    assert!(reports().all(|report| report["event"].is_string() && report["interface"] == "station"));
    assert!(reports().any(|report| report["event"] == "connected" && report["links"].is_array()));
    assert!(happenings.iter().any(|line| line["frame"] == "EAPOL message 4" && line["protected"] == false));
}

#[test]
fn everything_that_has_a_name_is_listed() {
    let outcome = run(&["world", "list"]);
    assert_eq!(outcome.status, 0);
    for name in [
        "mlo-loop",
        "removed-link",
        "external-sae",
        "lapwing",
        "wpa_supplicant-2.11",
        "hostap-master",
        "iwd-3.3",
        "6.12-before-fix",
        "7.2",
        "kernel.keeps-removed-station-links",
        "firmware.forgets-pmkid",
        "ap.deauth9-on-cached-pmksa",
    ] {
        assert!(outcome.out.lines().any(|line| line.trim_start().starts_with(name)), "{name}");
    }
    let json: Value = serde_json::from_str(&run(&["world", "list", "--json"]).out).unwrap();
    for section in ["scenarios", "policies", "kernels", "habits"] {
        let entries = json[section].as_array().unwrap();
        assert!(!entries.is_empty() && entries.iter().all(|entry| entry["about"].is_string()), "{section}");
    }
}

#[test]
fn what_cannot_be_run_says_why() {
    let folder = std::env::temp_dir().join(format!("lapwing-world-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("wrong.toml");
    std::fs::write(&file, "about = \"It has an error.\"\n\n[[ap]]\nssid = \"home\"\nsecurity = \"wpa9\"\n")
        .unwrap();
    let file = file.to_str().unwrap();
    for (arguments, parts) in [
        (&["world", "run", "nothing"][..], &["no file named nothing", "lapwing world list"][..]),
        (&["world", "run", file], &[file, ":5:", "security", "wpa9"]),
        (&["world", "run", "home", "--policy", "nobody"], &["there is no policy named nobody"]),
        (&["world", "run", "home", "--kernel", "2.4"], &["there is no kernel named 2.4"]),
        (&["world", "run", "home", "--habit", "ap.kind"], &["there is no habit named ap.kind"]),
        (&["world", "run", "home", "--seed", "x"], &["--seed"]),
        (&["world"], &["Usage"]),
    ] {
        let outcome = run(arguments);
        assert_eq!(outcome.status, 2, "{arguments:?}: {}{}", outcome.out, outcome.err);
        for part in parts {
            assert!(outcome.err.contains(part), "{arguments:?}: {part}: {}", outcome.err);
        }
        assert_eq!(outcome.out, "");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_file_is_a_scenario_too() {
    let folder = std::env::temp_dir().join(format!("lapwing-world-file-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("cafe.toml");
    let text = "about = \"A cafe.\"\n[[ap]]\nssid = \"cafe\"\nsecurity = \"open\"\nfrequency = 2412\n[[network]]\nssid = \"cafe\"\n";
    std::fs::write(&file, text).unwrap();
    let outcome = run(&["world", "run", file.to_str().unwrap()]);
    assert_eq!(outcome.status, 0, "{}", outcome.out);
    assert!(outcome.out.contains("connected, without protection"), "{}", outcome.out);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_help_says_whose_policy_a_story_is_told_with() {
    let help = run(&words("world run --help")).out.replace('\n', " ");
    assert!(help.contains("removed-link --kernel 6.12-before-fix --policy lapwing"), "{help}");
}
