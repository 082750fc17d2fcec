//! A device that becomes an access point, and a station again.

use super::*;

/// The interfaces of a device in its two uses.
const INTERFACES: [&str; 2] = ["net.connman.iwd.Station", "net.connman.iwd.AccessPoint"];

fn powered(on: bool) -> String {
    format!("\"Powered\": <{on}>")
}

/// What shows the daemon on a bus.
fn surface() -> Service {
    Service::new(Facts {
        state_directory: String::new(),
        developer: false,
        network_configuration: true,
        route_metric: 300,
        resolved: false,
        machine_id: None,
        credential: None,
    })
}

#[test]
fn a_station_leaves_its_network_before_it_becomes_an_access_point_and_returns_to_it_after() {
    let mut bench = Bench::new("way", &CAFE);
    bench.run.daemon.kernel.performed.clear();
    assert_eq!(bench.ask(Call::SetMode { ifindex: 3, mode: Mode::AccessPoint }), Some(Ok(Answer::Done)));
    let goodbye = bench
        .position(|command| matches!(command, Command::Ask { request: Request::Deauthenticate { .. }, .. }));
    let change =
        bench.position(|command| matches!(command, Command::SetMode { mode: Mode::AccessPoint, .. }));
    assert!(goodbye.is_some() && goodbye < change, "{:?}", bench.run.daemon.kernel.performed);
    assert_eq!((bench.mode(), bench.phase()), (Mode::AccessPoint, Some(Phase::Stopped)));
    // Nothing is asked for the station any more, whatever time passes.
    bench.run.daemon.kernel.performed.clear();
    bench.link(KernelEvent::InterfaceDown);
    bench.link(KernelEvent::InterfaceUp);
    bench.pass(600);
    assert_eq!(bench.run.performed(|command| matches!(command, Command::Ask { .. })), 0);
    let scan = bench.ask(Call::Scan { ifindex: 3 });
    assert!(matches!(scan, Some(Err(CallError::NotAvailable(_)))), "{scan:?}");

    assert_eq!(bench.start(settings()), Some(Ok(Answer::Done)));
    assert_eq!(bench.phase(), Some(Phase::Started));
    assert!(matches!(bench.start(settings()), Some(Err(CallError::AlreadyExists(_)))));

    assert_eq!(bench.ask(Call::SetMode { ifindex: 3, mode: Mode::Station }), Some(Ok(Answer::Done)));
    let end = bench
        .position(|command| matches!(command, Command::Serve { request: ap::Request::StopBss { .. }, .. }));
    let change = bench.position(|command| matches!(command, Command::SetMode { mode: Mode::Station, .. }));
    assert!(end.is_some() && end < change);
    assert_eq!((bench.mode(), bench.phase()), (Mode::Station, None));
    bench.pass(60);
    assert!(bench.run.is_connected(), "it joins known networks again");
}

#[test]
fn a_device_is_off_while_the_kernel_changes_its_mode_and_on_when_its_new_interface_is_there() {
    // NetworkManager looks for the interface of the new mode when it hears that the device is on again.
    let mut bench = Bench::new("off-and-on", &[]);
    let mut service = surface();
    let mut told = |bench: &Bench| {
        let effects = service.settle(Vec::new(), Some(bench.run.daemon.view(bench.run.now)));
        effects.iter().map(|effect| format!("{effect:?}\n")).collect::<String>()
    };
    told(&bench);
    for (mode, before, after) in [(Mode::AccessPoint, 0, 1), (Mode::Station, 1, 0)] {
        bench.run.daemon.kernel.unanswered = Some("SetMode");
        assert_eq!(bench.ask(Call::SetMode { ifindex: 3, mode }), None);
        let text = told(&bench);
        let [gone, off] = ["InterfacesRemoved", &powered(false)].map(|part| text.find(part));
        assert!(text.contains(INTERFACES[before]) && gone.is_some() && gone < off, "{text}");
        assert!(!text.contains("InterfacesAdded"), "{text}");
        bench.hear(Heard::ModeSet { ifindex: 3, outcome: Ok(()) });
        let text = told(&bench);
        let [come, on] = ["InterfacesAdded", &powered(true)].map(|part| text.find(part));
        assert!(text.contains(INTERFACES[after]) && come.is_some() && come < on, "{text}");
    }
}

#[test]
fn a_device_is_seen_off_and_on_again_though_the_kernel_changes_its_mode_at_once() {
    let mut bench = Bench::new("off-and-on-at-once", &[]);
    let mut service = surface();
    service.settle(Vec::new(), Some(bench.run.daemon.view(bench.run.now)));
    bench.run.daemon.take_news();
    for (mode, before, after) in [(Mode::AccessPoint, 0, 1), (Mode::Station, 1, 0)] {
        bench.begin(Call::SetMode { ifindex: 3, mode });
        let now = bench.run.now;
        bench.run.daemon.listen(|| now).unwrap();
        let news = bench.run.daemon.take_news();
        let effects = service.settle(news, Some(bench.run.daemon.view(now)));
        let lines: Vec<_> = effects.iter().map(|effect| format!("{effect:?}")).collect();
        let place = |signal: &str, of: &str| {
            lines.iter().position(|line| line.contains(signal) && line.contains(of)).ok_or(&lines)
        };
        let gone = place("InterfacesRemoved", INTERFACES[before]).unwrap();
        let off = place("PropertiesChanged", &powered(false)).unwrap();
        let come = place("InterfacesAdded", INTERFACES[after]).unwrap();
        let on = place("PropertiesChanged", &powered(true)).unwrap();
        assert!(gone < off && off < come && come < on, "{lines:#?}");
    }
}

#[test]
fn a_refused_change_of_mode_leaves_a_station_that_works() {
    let mut bench = Bench::new("refused-mode", &CAFE);
    bench.run.daemon.kernel.refused = Some("SetMode");
    let outcome = bench.ask(Call::SetMode { ifindex: 3, mode: Mode::AccessPoint });
    assert!(matches!(outcome, Some(Err(CallError::Failed(_)))), "{outcome:?}");
    assert_eq!(bench.mode(), Mode::Station);
    bench.pass(60);
    assert!(bench.run.is_connected());
}

#[test]
fn a_change_of_mode_that_the_kernel_does_not_answer_is_told_and_counts_when_it_comes_after_all() {
    let mut bench = Bench::new("silent-mode", &[]);
    bench.run.daemon.kernel.unanswered = Some("SetMode");
    let first = bench.begin(Call::SetMode { ifindex: 3, mode: Mode::AccessPoint });
    let second = bench.begin(Call::SetMode { ifindex: 3, mode: Mode::AccessPoint });
    let back = bench.ask(Call::SetMode { ifindex: 3, mode: Mode::Station });
    assert!(matches!(back, Some(Err(CallError::Busy(_)))), "{back:?}");
    bench.pass(20);
    for id in [first, second] {
        let text = format!("{:?}", bench.answers[&id]);
        assert!(text.contains("KernelSilent"), "{text}");
    }
    assert_eq!(bench.mode(), Mode::Station);
    bench.hear(Heard::ModeSet { ifindex: 3, outcome: Ok(()) });
    assert_eq!(bench.mode(), Mode::AccessPoint);
    // A word that nobody waits for changes nothing.
    bench.hear(Heard::ModeSet { ifindex: 3, outcome: Ok(()) });
    assert_eq!(bench.mode(), Mode::AccessPoint);
}

#[test]
fn a_radio_that_cannot_is_not_asked() {
    let mut run = Run::new("hotspot-unable", &[], false);
    run.hear(Heard::Appeared(Run::found(3, 0)));
    let mut bench = Bench { run, next: 0, answers: BTreeMap::new() };
    let outcome = bench.ask(Call::SetMode { ifindex: 3, mode: Mode::AccessPoint });
    assert!(matches!(outcome, Some(Err(CallError::NotSupported(_)))), "{outcome:?}");
    let outcome = bench.start(settings());
    assert!(matches!(outcome, Some(Err(CallError::NotAvailable(_)))), "{outcome:?}");
    assert_eq!(bench.run.performed(|command| matches!(command, Command::SetMode { .. })), 0);
}

#[test]
fn late_word_of_the_change_of_mode_ends_nothing() {
    let mut bench = Bench::started("late-word", settings());
    bench.link(KernelEvent::InterfaceDown);
    bench.link(KernelEvent::InterfaceUp);
    bench.pass(5);
    assert_eq!(bench.phase(), Some(Phase::Started));
    assert_eq!(bench.served(|_| true), 0);
}

#[test]
fn the_daemon_ends_its_hotspot_and_leaves_a_station() {
    let mut bench = Bench::started("shutdown", mld());
    bench.run.daemon.shut_down(bench.run.now);
    assert!(!bench.run.daemon.is_quiet());
    bench.settle();
    assert!(bench.run.daemon.is_quiet());
    assert_eq!(bench.served(|request| matches!(request, ap::Request::StopBss { .. })), 2);
    assert_eq!(bench.mode(), Mode::Station);
    assert_eq!(bench.run.performed(|command| matches!(command, Command::Ask { .. })), 0, "nothing is begun");
}
