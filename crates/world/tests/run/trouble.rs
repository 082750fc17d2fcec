//! Bad days: people, access points and an attacker who do what they want at any moment; then calm, and all settles.

use super::*;
use lapwing_core::failure::Code;
use lapwing_core::station::Report;
use std::fmt::Write;

/// What can befall an access point, the kernel and the machine.
const FAULTS: [&str; 12] = [
    "does = \"throw-out\"\nap = AP\nreason = 2",
    "does = \"throw-out\"\nap = AP\nreason = 6",
    "does = \"throw-out\"\nap = AP\nreason = 15",
    "does = \"forget-pmksas\"\nap = AP",
    "does = \"renew-group-keys\"\nap = AP",
    "does = \"overflow\"",
    "does = \"loss\"\npercent = 40",
    "does = \"attack\"\nattack = \"deauthenticate-AP.0\"",
    "does = \"attack\"\nattack = \"deauthenticate-ap-AP.0\"",
    "does = \"attack\"\nattack = \"message-1-AP.0\"",
    "does = \"attack\"\nattack = \"refuse-association-AP.0\"",
    "does = \"attack\"\nattack = \"replay-3\"",
];
const DEEDS: [&str; 8] = [
    "does = \"connect\"\nnetwork = \"home\"",
    "does = \"connect\"\nnetwork = \"work\"",
    "does = \"connect\"\nnetwork = \"cafe\"",
    "does = \"disconnect\"",
    "does = \"autoconnect-on\"",
    "does = \"scan\"",
    "does = \"sleep\"\nfor_ms = 60000",
    "does = \"connect\"\nnetwork = \"open\"",
];
const CACHED: [&str; 5] = [
    "",
    "\"ap.forgets-pmksa\"",
    "\"ap.deauth9-on-cached-pmksa\"",
    "\"ap.status53-on-cached-pmksa\"",
    "\"ap.silent-on-cached-pmksa\"",
];

fn day(seed: u64) -> Scenario {
    let mut dice = Dice::new(seed);
    let mut text = format!(
        "about = \"a bad day\"\nhabits = [{}]\n[attacker]\nmemory = 8\n[air]\nloss = {}\nduplicates = {}\n\
         delay_most_us = {}\ncalm_after_ms = 60000\n",
        CACHED[dice.roll(CACHED.len())],
        dice.roll(30),
        dice.roll(10),
        1000 + dice.roll(40_000),
    );
    let home = ["wpa3", "transition", "wpa3-extended-key", "wpa3"][dice.roll(4)];
    let aps = [
        ("home", home, 5180),
        ("home", home, 2412),
        ("work", "wpa2", 2437),
        ("cafe", "owe", 5200),
        ("open", "open", 2412),
    ];
    for (ssid, security, frequency) in aps {
        writeln!(text, "[[ap]]\nssid = \"{ssid}\"\nsecurity = \"{security}\"\nfrequency = {frequency}")
            .unwrap();
    }
    for (ssid, secret) in [("home", true), ("work", true), ("cafe", false), ("open", false)] {
        writeln!(text, "[[network]]\nssid = \"{ssid}\"").unwrap();
        if secret {
            writeln!(text, "passphrase = \"correct horse battery\"").unwrap();
        }
    }
    let mut now = 0;
    for _ in 0..20 {
        now += [50, 500, 5000][dice.roll(3)] * (1 + dice.roll(100)) / 100;
        match dice.roll(3) {
            0 => {
                let deed = DEEDS[dice.roll(DEEDS.len())];
                writeln!(text, "[[person]]\nat_ms = {now}\n{deed}").unwrap();
            }
            1 => {
                let fault = FAULTS[dice.roll(FAULTS.len())].replace("AP", &dice.roll(5).to_string());
                writeln!(text, "[[fault]]\nat_ms = {now}\n{fault}").unwrap();
            }
            _ => {
                let (ap, back) = (dice.roll(5), now + 10 + dice.roll(4000));
                let (off, on) = [("power-off", "power-on"), ("fade", "return")][dice.roll(2)];
                writeln!(text, "[[fault]]\nat_ms = {now}\ndoes = \"{off}\"\nap = {ap}").unwrap();
                writeln!(text, "[[fault]]\nat_ms = {back}\ndoes = \"{on}\"\nap = {ap}").unwrap();
            }
        }
    }
    now += 50;
    for off in ["radio-off", "radio-on", "interface-down", "interface-up", "autoconnect-on"] {
        now += dice.roll(2000);
        writeln!(text, "[[person]]\nat_ms = {now}\ndoes = \"{off}\"").unwrap();
    }
    Scenario::parse("day", &text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn no_day_is_too_bad() {
    for seed in seeds(100) {
        let scenario = day(seed);
        let mut run = Run::new(&scenario, seed);
        let mut wrong = None;
        let mut tell = |happening: Happening| {
            if let What::Reported(Report::Failed { why, .. }) = &happening.what
                && matches!(why.code, Code::WrongPassword | Code::WrongPasswordLikely)
            {
                wrong = Some(happening.at.since(START));
            }
            watch(happening);
        };
        let calm = run.calm_from();
        run.run_to(calm, &ShamCurves, &mut tell);
        let settled = run.run_until(calm + scenario.bound, &ShamCurves, &mut tell, Run::is_as_expected);
        assert!(settled, "seed {seed}: {:?}, {:?}", run.party().summary(), run.world().kernel().truth());
        // It stays so.
        run.run_to(run.now() + Duration::from_secs(10), &ShamCurves, &mut tell);
        assert!(run.is_as_expected(), "seed {seed}: {:?}", run.party().summary());
        assert_eq!(wrong, None, "seed {seed}: a right passphrase was called wrong");
    }
}
