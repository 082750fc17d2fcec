//! Radios whose firmware connects by itself, with every bad habit, in whole worlds.
// A test may fail by panicking; the configuration's exception is for functions with #[test] only.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use lapwing_core::Duration;
use lapwing_core::curve::ShamCurves;
use lapwing_core::kernel::{KernelEvent, Request};
use lapwing_world::parts::{ApOrder, Command, Message};
use lapwing_world::person::{At, Fault};
use lapwing_world::world::START;
use lapwing_world::{Habit, Happening, Run, Scenario, What};

/// Two comings and goings of a person, and at last a stay.
fn scenario(kind: &str, security: &str, habits: &[Habit]) -> Scenario {
    let habits: Vec<String> = habits.iter().map(|habit| format!("\"{}\"", habit.name())).collect();
    let text = format!(
        r#"
        about = "firmware"
        habits = [{}]
        bound_ms = 60_000
        [radio]
        kind = "{kind}"
        [[ap]]
        ssid = "home"
        security = "{security}"
        frequency = 5180
        [[network]]
        ssid = "home"
        {}
        [[person]]
        at_ms = 20_000
        does = "disconnect"
        [[person]]
        at_ms = 24_000
        does = "connect"
        network = "home"
        [[person]]
        at_ms = 44_000
        does = "disconnect"
        [[person]]
        at_ms = 48_000
        does = "connect"
        network = "home"
        "#,
        habits.join(", "),
        if security == "open" || security == "owe" { "" } else { "passphrase = \"correct horse battery\"" },
    );
    Scenario::parse("firmware", &text).unwrap()
}

/// What a run has shown.
#[derive(Default)]
struct Seen {
    wishes: usize,
    answers: usize,
    refused: Vec<(&'static str, String)>,
    console: Vec<String>,
    cached: usize,
}

fn run(scenario: &Scenario, seed: u64) -> Seen {
    let mut seen = Seen::default();
    let mut run = Run::new(scenario, seed);
    let mut tell = |happening: Happening| {
        if std::env::var_os("LAPWING_TRACE").is_some() {
            println!("{:?} {:?} {:.400?}", happening.at.since(START), happening.lane, happening.what);
        }
        match happening.what {
            What::Told(Message::Event(KernelEvent::ExternalAuthentication(wish))) if wish.start => {
                seen.wishes += 1;
            }
            What::Asked {
                command: Command::Request(Request::AnswerExternalAuthentication { .. }), ..
            } => seen.answers += 1,
            What::Asked { command: Command::Request(Request::Connect(request)), .. } => {
                let named = lapwing_frames::element::Elements::new(&request.elements)
                    .find::<lapwing_frames::element::Rsn>();
                seen.cached += usize::from(matches!(named, Ok(Some(rsn)) if !rsn.pmkids().is_empty()));
            }
            What::Refused { command, refusal, .. } => seen.refused.push((command, refusal.to_string())),
            What::Console(line) => seen.console.push(line),
            _ => {}
        }
    };
    for arrives in [19_000, 43_000] {
        run.run_to(START + Duration::from_millis(arrives), &ShamCurves, &mut tell);
        assert!(
            run.is_online(),
            "seed {seed}, {arrives}: {:?} {:?}",
            run.party().summary(),
            run.world().kernel().truth()
        );
    }
    let calm = run.calm_from();
    run.run_to(calm, &ShamCurves, &mut tell);
    let met = run.run_until(calm + scenario.bound, &ShamCurves, &mut tell, Run::is_as_expected);
    assert!(met, "seed {seed}: {:?} {:?}", run.party().summary(), run.world().kernel().truth());
    seen
}

#[test]
fn every_firmware_is_connected_every_time() {
    for (kind, security) in [
        ("fullmac-external-sae", "wpa3"),
        ("fullmac-external-sae", "wpa2"),
        ("fullmac-sae-offload", "wpa3"),
        ("fullmac-sae-offload", "wpa2"),
        ("fullmac", "wpa2"),
        ("fullmac", "open"),
        ("fullmac", "owe"),
    ] {
        for seed in 0..3 {
            let seen = run(&scenario(kind, security, &[]), seed);
            assert_eq!(seen.refused, [], "{kind} {security}");
            let external = kind == "fullmac-external-sae" && security == "wpa3";
            // The second and the third time, the firmware knows the key.
            assert_eq!(
                (seen.wishes, seen.answers),
                if external { (1, 1) } else { (0, 0) },
                "{kind} {security}"
            );
            if external {
                assert_eq!(seen.cached, 2);
            }
        }
    }
}

#[test]
fn every_bad_habit_is_lived_with() {
    use Habit::{
        FirmwareAsksAtOnce, FirmwareBlockingTransmit, FirmwareForgetsPmkid, FirmwareNoPmksa,
        FirmwareNoPortAuthorized, FirmwareSilentAfterFailure, FirmwareZeroCookies,
    };
    let raspberry_pi =
        [FirmwareForgetsPmkid, FirmwareSilentAfterFailure, FirmwareZeroCookies, FirmwareBlockingTransmit];
    for seed in 0..5 {
        let seen = run(&scenario("fullmac-external-sae", "wpa3", &raspberry_pi), seed);
        assert_eq!((seen.wishes, seen.answers), (3, 3));
        let seen = run(&scenario("fullmac-external-sae", "wpa3", &[FirmwareNoPmksa]), seed);
        // Nobody can make it forget a key: it is told the name of none, and asks for SAE each time.
        assert_eq!((seen.wishes, seen.cached), (3, 0));
        for (kind, security) in [("fullmac", "wpa2"), ("fullmac-sae-offload", "wpa3")] {
            run(&scenario(kind, security, &[FirmwareNoPortAuthorized]), seed);
        }
    }
    // What asks nobody can not be answered; all that helps is a bounded patience.
    let mut scenario = scenario("fullmac-external-sae", "wpa3", &[FirmwareAsksAtOnce]);
    scenario.expect = lapwing_world::scenario::Expectation::Disconnected;
    let mut run = Run::new(&scenario, 1);
    let mut gave_up = 0;
    let mut lines = 0;
    run.run_to(START + Duration::from_secs(19), &ShamCurves, &mut |happening| match happening.what {
        What::Asked { command: Command::Request(Request::Disconnect { .. }), .. } => gave_up += 1,
        What::Console(line) if line.contains("Ext Auth request to supplicant failed (-22)") => lines += 1,
        _ => {}
    });
    assert!(gave_up > 0 && lines > 0, "{gave_up} {lines}");
}

#[test]
fn an_ap_that_lost_its_memory_is_left_though_it_can_say_so_only_in_clear() {
    for kind in ["fullmac-external-sae", "fullmac-sae-offload"] {
        let mut scenario = scenario(kind, "wpa3", &[]);
        let order = |order| Fault::Ap { ap: 0, order };
        scenario.faults = vec![
            At { after: Duration::from_millis(9_000), what: order(ApOrder::PowerOff) },
            At { after: Duration::from_millis(9_300), what: order(ApOrder::PowerOn) },
        ];
        let mut run = Run::new(&scenario, 1);
        let mut ends = 0;
        run.run_to(START + Duration::from_secs(19), &ShamCurves, &mut |happening| {
            if let What::Told(Message::Event(KernelEvent::Disconnected { .. })) = happening.what {
                ends += 1;
            }
        });
        assert_eq!((run.is_online(), ends), (true, 1), "{kind}: {:?}", run.party().summary());
    }
}

#[test]
fn a_key_that_nobody_can_delete_is_not_insisted_on_when_the_ap_has_forgotten_it() {
    let mut scenario = scenario("fullmac-external-sae", "wpa3", &[Habit::FirmwareNoPmksa]);
    let order = ApOrder::ForgetPmksas;
    let after = Duration::from_secs(22);
    scenario.faults = vec![At { after, what: Fault::Ap { ap: 0, order } }];
    // It was told the name of none: there is nothing to insist on.
    assert_eq!(run(&scenario, 1).wishes, 3);
}
