use super::*;
use crate::netconf::Resolver;
use crate::netconf::settings::Prefix;
use lapwing_core::Secret;
use lapwing_core::attempt::{Cause, Phase};
use lapwing_core::failure::Code;
use lapwing_core::kernel::{Errno, Frequency, Refusal};
use lapwing_core::network::{Proven, TransitionDisable};
use lapwing_core::rsn::plan::Weakness;
use lapwing_core::select::Rejection;
use lapwing_core::station::{RoamStep, Summary};
use lapwing_frames::management::{ReasonCode, StatusCode};
use lapwing_frames::suite::{Akm, Cipher};
use lapwing_frames::{LinkId, MacAddr, Ssid};
use std::time::Duration;

const AT: Instant = Instant::after_start(Duration::from_micros(12_345_678));
const PEER: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);

fn ssid() -> Ssid {
    Ssid::new(b"home\n").unwrap()
}

fn line(told: Told) -> String {
    let line = told.object.finish();
    let _valid: serde_json::Value = serde_json::from_str(&line).unwrap();
    line
}

fn entry(entry: Entry) -> String {
    let record = Record { at: AT, attempt: Some(AttemptId(3)), entry };
    line(report(Place { at: AT, interface: "wlan0" }, &Report::Timeline(record)))
}

/// The members behind those that every line has.
fn members(line: &str) -> &str {
    let start = r#"{"at":12.345678,"interface":"wlan0","attempt":3,"event":"#;
    line.strip_prefix(start).unwrap_or_else(|| panic!("{line}")).strip_suffix('}').unwrap()
}

#[test]
fn every_entry_has_its_line() {
    let failure = Failure { phase: Phase::Authenticate, code: Code::WrongPassword };
    let why = r#""phase":"authenticate","code":"wrong-password","whose":"user","sentence":"the passphrase is wrong","next_step":"Enter the passphrase again.""#;
    let refusal = Refusal { errno: Errno::EINVAL, message: Some("no".to_owned()) };
    let judged = |verdict| Judged {
        bssid: PEER,
        mld: None,
        links: vec![],
        frequency: Frequency(2412),
        signal_dbm: Some(-40),
        verdict,
    };
    let cases = [
        (
            Entry::Began { ssid: ssid(), cause: Cause::Asked },
            r#""began","ssid":"home\\u{a}","cause":"asked for""#.to_owned(),
        ),
        (Entry::Entered(Phase::Scan), r#""entered","phase":"scan""#.to_owned()),
        (
            Entry::Roam(RoamStep::SignalFell { dbm: -80, threshold: -76 }),
            r#""roam","step":"signal-fell","sentence":"the signal is weak: -80 dBm, below -76 dBm""#.to_owned(),
        ),
        (
            Entry::Scanning { frequencies: vec![Frequency(2412), Frequency(5180)] },
            r#""scanning","frequencies":[2412,5180]"#.to_owned(),
        ),
        (
            Entry::Judged(vec![
                judged(Verdict::Usable { score: 7 }),
                judged(Verdict::Rejected(Rejection::FailedRecently)),
            ]),
            concat!(
                r#""judged","list":[{"bssid":"02:00:00:00:00:01","mld":null,"frequency":2412,"signal_dbm":-40,"score":7},"#,
                r#"{"bssid":"02:00:00:00:00:01","mld":null,"frequency":2412,"signal_dbm":-40,"rejected":"failed-recently","#,
                r#""reason":"it failed a moment ago"}]"#
            )
            .to_owned(),
        ),
        (
            Entry::Chosen {
                bssid: PEER,
                frequency: Frequency(5180),
                signal_dbm: None,
                akm: None,
                pairwise: None,
                links: vec![LinkId::new(1).unwrap()],
                cached_pmksa: true,
            },
            concat!(
                r#""chosen","bssid":"02:00:00:00:00:01","frequency":5180,"signal_dbm":null,"akm":null,"#,
                r#""pairwise":null,"links":[1],"cached_pmksa":true"#
            )
            .to_owned(),
        ),
        (
            Entry::Asked { command: "NEW_KEY", detail: "group key 1".to_owned() },
            r#""asked","command":"NEW_KEY","detail":"group key 1""#.to_owned(),
        ),
        (
            Entry::Refused { command: "NEW_KEY", refusal },
            r#""refused","command":"NEW_KEY","errno":"EINVAL","message":"no""#.to_owned(),
        ),
        (
            Entry::Answered { frame: "Association Response", status: StatusCode(0) },
            r#""answered","frame":"Association Response","status":0"#.to_owned(),
        ),
        (Entry::Handshake("message 1"), r#""handshake","what":"message 1""#.to_owned()),
        (
            Entry::Weak(Weakness::Tkip),
            r#""weak","name":"tkip","sentence":"TKIP protects it, which is broken: others can forge frames""#
                .to_owned(),
        ),
        (Entry::Ignored("late"), r#""ignored","why":"late""#.to_owned()),
        (
            Entry::Farewell { reason: ReasonCode(3), by_ap: true },
            r#""farewell","reason":3,"by_ap":true"#.to_owned(),
        ),
        (Entry::Rekeyed("group"), r#""rekeyed","what":"group""#.to_owned()),
        (Entry::Configuration("a".to_owned()), r#""configuration","sentence":"a""#.to_owned()),
        (Entry::Failed(failure.clone()), format!(r#""failed",{why}"#)),
        (Entry::Ended(failure), format!(r#""ended",{why}"#)),
    ];
    for (value, expected) in cases {
        assert_eq!(members(&entry(value)), expected);
    }
}

#[test]
fn every_report_has_its_line_and_no_secret() {
    let connected = Connected {
        attempt: AttemptId(3),
        ssid: ssid(),
        peer: PEER,
        frequency: 5180,
        akm: Some(Akm::Sae),
        pairwise: Some(Cipher::Ccmp128),
        group_management: None,
        weakness: None,
        beacon_protection: true,
        cached_pmksa: false,
        links: Vec::new(),
    };
    let learned = Learned {
        ssid: ssid(),
        frequency: 5180,
        psk: Some(Secret::new(b"SECRETSECRETSECRETSECRETSECRETXX")),
        password_elements: vec![(19, Secret::new(b"SECRET"))],
        transition_disable: TransitionDisable(1),
        proven: Proven::default(),
    };
    let why = Failure { phase: Phase::Online, code: Code::Asked };
    let next_try = Some(Duration::from_secs(2));
    let failed = Report::Failed { attempt: AttemptId(3), ssid: ssid(), why: why.clone(), next_try };
    for (value, expected) in [
        (Report::State(Summary::Searching), r#""state","state":"searching""#),
        (Report::Connected(connected), r#""frequency":5180,"akm":"#),
        (
            Report::Disconnected { attempt: AttemptId(3), why, next_try: None },
            r#""disconnected","phase":"online","code":"asked""#,
        ),
        (failed, r#""next_try":2.000000"#),
        (
            Report::Learned(learned),
            r#""frequency":5180,"psk":true,"password_elements":[19],"transition_disable":1"#,
        ),
        (
            Report::NetworkEnds { url: Some("https://example.org/".to_owned()) },
            r#""network-ends","url":"https://example.org/""#,
        ),
        (Report::Scanned, r#""scanned""#),
        (
            Report::ScanFailed(Refusal { errno: Errno::EBUSY, message: None }),
            r#""scan-failed","refusal":"EBUSY""#,
        ),
    ] {
        let told = report(Place { at: AT, interface: "wlan0" }, &value);
        assert!(!told.sentence.contains("SECRET"));
        let line = line(told);
        assert!(line.contains(expected), "{line}");
        for secret in ["SECRET", "534543", "53, 45"] {
            assert!(!line.contains(secret), "{line}");
        }
    }
}

#[test]
fn an_address_has_its_line() {
    let address = |text: &str| text.parse().unwrap();
    let done = Configured {
        addresses: vec![Prefix { address: address("192.0.2.7"), length: 24 }],
        routers: vec![address("192.0.2.1")],
        resolver: Resolver { servers: vec![address("192.0.2.53")], search: Vec::new() },
        duration: Duration::from_millis(203),
    };
    assert_eq!(
        members(&line(configured(Place { at: AT, interface: "wlan0" }, AttemptId(3), &done))),
        concat!(
            r#""configured","addresses":["192.0.2.7/24"],"routers":["192.0.2.1"],"dns":["192.0.2.53"],"#,
            r#""duration":0.203000"#
        )
    );
}
