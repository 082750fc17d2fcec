//! Scenario files, good and bad.

use super::*;
use crate::habit::Habit;

#[test]
fn what_is_built_in_can_be_read() {
    for name in Scenario::names() {
        let text = builtin::FILES.iter().find(|(known, _)| *known == name).unwrap().1;
        let scenario = Scenario::parse(name, text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(Scenario::named(name), Some(scenario.clone()));
        assert_eq!(scenario.name, name);
        assert!(!scenario.aps.is_empty() && !scenario.networks.is_empty() && !scenario.about.is_empty());
    }
    assert_eq!(Scenario::named("nowhere"), None);
}

#[test]
fn everything_that_can_be_said_is_understood() {
    let text = r#"
        about = "all of it"
        policy = "lapwing"
        habits = ["kernel.old-words", "ap.forgets-pmksa"]
        autoconnect = false
        bound_ms = 5000
        expect = "connected"
        expect_network = "home"
        [radio]
        kind = "softmac"
        frequencies = [2412, 5180]
        address = "02:11:22:33:44:55"
        interface = "wifi7"
        multi_link = true
        [air]
        delay_least_us = 10
        delay_most_us = 20
        loss = 3
        duplicates = 4
        calm_after_ms = 1000
        [attacker]
        memory = 4
        forges = true
        [explore]
        losses = 1
        duplicates = 2
        delays = 3
        faults = 4
        attacks = 5
        [[ap]]
        ssid = "home"
        security = "wpa3"
        passphrase = "another horse"
        signal_dbm = -60
        client_limit = 2
        groups = [19, 20]
        habits = ["ap.deauth9-on-cached-pmksa"]
        mld_address = "02:00:00:00:99:00"
        link = [{ id = 0, frequency = 2412 }, { id = 3, bssid = "02:00:00:00:99:03", frequency = 5180 }]
        [[network]]
        ssid = "home"
        passphrase = "another horse"
        known_frequencies = [5180]
        [[person]]
        at_ms = 5
        does = "connect"
        network = "home"
        [[person]]
        at_ms = 7
        does = "sleep"
        for_ms = 60000
        [[fault]]
        at_ms = 9
        does = "remove-link"
        ap = 0
        link = 3
        beacons = 5
        [[fault]]
        at_ms = 3
        does = "attack"
        attack = "deauthenticate-0.3"
    "#;
    let scenario = Scenario::parse("all.toml", text).unwrap();
    assert_eq!(scenario.name, "all");
    assert_eq!(scenario.habits.iter().collect::<Vec<_>>(), [Habit::KernelOldWords]);
    let ap = &scenario.aps[0];
    assert!(ap.habits.has(Habit::ApForgetsPmksa) && ap.habits.has(Habit::ApDeauth9OnCachedPmksa));
    assert_eq!((ap.links.iter().count(), ap.signal_mbm, ap.groups.len()), (2, -6000, 2));
    assert_eq!(scenario.person[0].what, Deed::Connect(0));
    assert_eq!(scenario.person[1].what, Deed::Sleep(Duration::from_secs(60)));
    assert_eq!(scenario.faults.len(), 2);
    assert_eq!(scenario.budget, Budget { losses: 1, duplicates: 2, delays: 3, faults: 4, attacks: 5 });
    assert_eq!(scenario.radio.interface, "wifi7");
    assert_eq!(scenario.bound, Duration::from_secs(5));
}

/// A file with an access point, and a line more in it or behind it.
fn with(more: &str) -> String {
    format!(
        "about = \"x\"\n[radio]\nfrequencies = [2412]\n[[ap]]\nssid = \"a\"\nsecurity = \"wpa3\"\n{more}\n"
    )
}

#[test]
fn an_error_names_file_line_and_key() {
    let here = "frequency = 2412\n";
    let wrong = [
        // (what is added, where the error is, what it says)
        ("frequency = 2412\ncolour = \"red\"", "8: ap[0].colour: there is no such key here"),
        ("", "4: ap[0].frequency: is missing"),
        ("frequency = \"2412\"", "7: ap[0].frequency: a number is expected, not string"),
        ("frequency = 2413", "7: ap[0].frequency: no channel has this frequency (in MHz)"),
        ("frequency = 5180", "7: ap[0].frequency: the radio does not have this channel (radio.frequencies)"),
        (
            "link = [{ id = 1, frequency = 2412 }, { id = 1, frequency = 2412 }]",
            "7: ap[0].link[1].id: the link is there twice",
        ),
        ("link = [{ id = 15, frequency = 2412 }]", "7: ap[0].link[0].id: a number from 0 to 14 is expected"),
        ("link = []", "4: ap[0].link: an AP MLD has at least one link"),
        (&format!("{here}bssid = \"02:00:00:00:00:01\""), "8: ap[0].bssid: the address is somebody else's"),
        (&format!("{here}bssid = \"03:00:00:00:00:02\""), "8: ap[0].bssid: a group has this address"),
        (
            &format!("{here}habits = [\"kernel.old-words\"]"),
            "8: ap[0].habits[0]: kernel.old-words is the habit of another part",
        ),
        (&format!("{here}habits = [\"ap.smokes\"]"), "8: ap[0].habits[0]: there is no habit named ap.smokes"),
        (&format!("{here}passphrase = \"short\""), "8: ap[0].passphrase: a passphrase has 8 to 63 octets"),
        (
            &format!("{here}[[network]]\nssid = \"a\"\n[[network]]\nssid = \"a\""),
            "11: network[1].ssid: the network is there twice",
        ),
        (
            &format!("{here}[[person]]\nat_ms = 1\ndoes = \"laugh\""),
            "10: person[0].does: \"laugh\" is none of: connect,",
        ),
        (
            &format!("{here}[[person]]\nat_ms = 1\ndoes = \"connect\"\nnetwork = \"b\""),
            "11: person[0].network: no known network has this name",
        ),
        (
            &format!("{here}[[person]]\nat_ms = 2\ndoes = \"scan\"\n[[person]]\nat_ms = 1\ndoes = \"scan\""),
            "11: person[1]: comes before what stands above it",
        ),
        (
            &format!("{here}[[fault]]\nat_ms = 1\ndoes = \"power-off\"\nap = 1"),
            "11: fault[0].ap: there is no such access point",
        ),
        (
            &format!("{here}[[fault]]\nat_ms = 1\ndoes = \"remove-link\"\nap = 0\nlink = 0"),
            "12: fault[0].link: the access point has no such link",
        ),
        (&format!("{here}[air]\nloss = 101"), "9: air.loss: a number from 0 to 100 is expected"),
        (
            &format!("{here}[air]\ndelay_least_us = 9\ndelay_most_us = 8"),
            "8: air.delay_least_us: is more than delay_most_us",
        ),
        (&format!("{here}[radio]"), "8: "),
        (&format!("{here}ssid"), "8: "),
    ];
    for (more, expected) in wrong {
        let error = Scenario::parse("bad.toml", &with(more)).unwrap_err().to_string();
        let expected = format!("bad.toml:{expected}");
        assert!(error.starts_with(&expected), "{more}\n{error}\n{expected}");
    }
    let error =
        Scenario::parse("bad.toml", "about = \"x\"\nexpect = \"disconnected\"\nexpect_network = \"a\"");
    assert!(error.unwrap_err().to_string().contains("expect_network"));
}

/// Files with octets changed and lines left out, doubled or cut off: each is read or refused by a line that it has, and
/// what is read can be run.
#[test]
fn spoilt_files_are_refused_by_line_or_run() {
    use lapwing_core::Entropy;
    use lapwing_core::curve::ShamCurves;
    let mut dice = lapwing_core::entropy::SeededEntropy(4);
    let mut roll = |below: usize| {
        let mut octets = [0; 8];
        dice.fill(&mut octets);
        usize::try_from(u64::from_le_bytes(octets) % below.max(1) as u64).unwrap()
    };
    let (mut refused, mut read) = (0, 0);
    for (name, text) in builtin::FILES {
        for _ in 0..60 {
            let mut lines: Vec<String> = text.lines().map(String::from).collect();
            let place = roll(lines.len());
            match roll(4) {
                0 => drop(lines.remove(place)),
                1 => lines.insert(place, lines[place].clone()),
                2 => {
                    let length = roll(lines[place].len() + 1);
                    lines[place] = lines[place].chars().take(length).collect();
                }
                _ => {
                    let at = roll(lines[place].chars().count());
                    let other = char::from(b' ' + u8::try_from(roll(95)).unwrap());
                    let line = lines[place].chars().enumerate();
                    lines[place] = line.map(|(number, old)| if number == at { other } else { old }).collect();
                }
            }
            match Scenario::parse(name, &lines.join("\n")) {
                Err(error) => {
                    assert!((1..=lines.len() + 1).contains(&error.line), "{error}");
                    refused += 1;
                }
                Ok(scenario) => {
                    read += 1;
                    let mut run = crate::run::Run::new(&scenario, 1);
                    for _ in 0..40 {
                        let Some(step) = run.next() else { break };
                        run.take(&step, &ShamCurves, &mut |_| {});
                    }
                }
            }
        }
    }
    assert!(refused > 100 && read > 100, "{refused} {read}");
}
