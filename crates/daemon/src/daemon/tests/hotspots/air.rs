//! Where a hotspot is on the air, how widely, and what it hears there.

use super::*;

#[test]
fn channels_are_chosen_as_the_rules_allow() {
    let bench = Bench::started("channel", settings());
    let view = bench.run.daemon.view(bench.run.now);
    let [bss] = view.devices[0].access_point.as_ref().unwrap().bsss.as_slice() else { panic!() };
    assert_eq!((bss.channel.primary, bss.channel.width), (Frequency(5180), ChannelWidth::Mhz80));
    assert_eq!((bss.bssid, bss.link), (WE, None));

    let bench = Bench::started("channels", mld());
    let view = bench.run.daemon.view(bench.run.now);
    let hotspot = view.devices[0].access_point.as_ref().unwrap();
    assert_eq!(hotspot.mld, Some(WE));
    let [low, high] = hotspot.bsss.as_slice() else { panic!() };
    assert_eq!((low.channel.width, high.channel.primary), (ChannelWidth::Mhz20, Frequency(5180)));
    for bss in [low, high] {
        assert_eq!(bss.bssid.0[0] & 3, 2, "locally administered, of one");
        assert_ne!(bss.bssid, WE);
    }
    assert_ne!(low.bssid, high.bssid);
}

#[test]
fn a_width_that_the_kernel_refuses_is_given_up_for_20_mhz_once() {
    let mut bench = Bench::new("narrow", &[]);
    bench.ask(Call::SetMode { ifindex: 3, mode: Mode::AccessPoint });
    bench.run.daemon.kernel.narrow = true;
    assert_eq!(bench.start(settings()), Some(Ok(Answer::Done)));
    let view = bench.run.daemon.view(bench.run.now).devices[0].access_point.clone().unwrap();
    assert_eq!((view.bsss.len(), view.last_failure), (1, None));
    assert_eq!(view.bsss[0].channel, ChannelDefinition::narrow(view.bsss[0].channel.primary));
    assert_eq!(bench.served(|request| matches!(request, ap::Request::StartBss(_))), 2);
    // What is not for its width is refused once more, and that is the end.
    assert_eq!(bench.ask(Call::StopAccessPoint { ifindex: 3 }), Some(Ok(Answer::Done)));
    bench.run.daemon.kernel.performed.clear();
    bench.run.daemon.kernel.refused = Some("StartBss");
    let failure = failed(bench.start(settings()));
    assert!(matches!(failure, Failure::Refused { command: "START_AP", .. }), "{failure:?}");
    assert_eq!(bench.served(|request| matches!(request, ap::Request::StartBss(_))), 2);
}

#[test]
fn a_hotspot_that_the_kernel_lost_while_the_machine_slept_begins_anew() {
    let link = |number: u8, frequency: Option<u32>| InterfaceLink {
        id: LinkId::new(number).unwrap(),
        address: MacAddr([2, 0, 0, 0, 1, number]),
        channel: frequency.map(|mhz| ChannelDefinition::narrow(Frequency(mhz))),
    };
    let state = |ssid: Option<&str>, links| InterfaceState {
        address: WE,
        ssid: ssid.map(|name| Ssid::new(name.as_bytes()).unwrap()),
        channel: None,
        links,
    };
    for (name, profile, state, is_lost) in [
        ("here", settings(), state(Some("mine"), vec![]), false),
        ("gone", settings(), state(None, vec![]), true),
        ("other", settings(), state(Some("yours"), vec![]), true),
        ("links-here", mld(), state(None, vec![link(0, Some(2412)), link(1, Some(5180))]), false),
        ("link-gone", mld(), state(Some("mine"), vec![link(0, Some(2412))]), true),
        ("link-off", mld(), state(Some("mine"), vec![link(0, Some(2412)), link(1, None)]), true),
    ] {
        let mut bench = Bench::started(&format!("asleep-{name}"), profile);
        bench.run.daemon.kernel.interface = Some(state);
        bench.run.daemon.resumed(bench.run.now, Duration::from_secs(3600));
        bench.settle();
        let begun = bench.served(|request| matches!(request, ap::Request::StartBss(_)));
        assert_eq!(begun > 0, is_lost, "{name}");
        assert_eq!(bench.phase(), Some(Phase::Started), "{name}");
    }
}

#[test]
fn a_hotspot_says_in_which_country_it_is_by_the_rules_of_its_own_radio() {
    let country_of = |rules: &[(u32, &str)]| {
        let mut bench = Bench::new("country", &[]);
        for &(wiphy, country) in rules {
            let rule = RegulatoryRule {
                start_khz: 5_170_000,
                end_khz: 5_250_000,
                max_eirp_mbm: 2_000,
                ..RegulatoryRule::default()
            };
            let rules =
                Regulatory { country: country.to_owned(), rules: vec![rule], ..Regulatory::default() };
            bench.hear(Heard::Regulatory { wiphy, rules });
        }
        bench.ask(Call::SetMode { ifindex: 3, mode: Mode::AccessPoint });
        assert_eq!(bench.start(settings()), Some(Ok(Answer::Done)));
        let begun = bench.run.daemon.kernel.performed.iter().find_map(|command| match command {
            Command::Serve { request: ap::Request::StartBss(announcement), .. } => Some(announcement),
            _ => None,
        });
        let beacon = begun.unwrap().tail.clone();
        let element = Elements::new(&beacon).iter().find(|element| element.id == ElementId::Plain(7));
        element.map(|element| element.body.to_vec())
    };
    let told = |country: &str| Some([country.as_bytes(), b" \x24\x04\x14"].concat());
    assert_eq!(country_of(&[]), None);
    assert_eq!(country_of(&[(0, "00")]), None);
    assert_eq!(country_of(&[(0, "DE"), (1, "US")]), told("DE"));
    // The last word counts.
    assert_eq!(country_of(&[(0, "DE"), (0, "FR")]), told("FR"));
}

#[test]
fn an_access_point_looks_for_networks_and_shows_what_it_finds() {
    let mut bench = Bench::new("survey", &[]);
    let scan = || Call::ScanAsAccessPoint { ifindex: 3 };
    assert!(matches!(bench.ask(scan()), Some(Err(CallError::NotAvailable(_)))));
    assert_eq!(bench.ask(Call::SetMode { ifindex: 3, mode: Mode::AccessPoint }), Some(Ok(Answer::Done)));
    assert!(matches!(bench.ask(scan()), Some(Err(CallError::NotAvailable(_)))), "it is not on the air");
    assert_eq!(bench.start(settings()), Some(Ok(Answer::Done)));
    let scanning = |bench: &Bench| {
        let view = bench.run.daemon.view(bench.run.now);
        view.devices[0].access_point.as_ref().is_some_and(|view| view.scanning)
    };
    let tell = |bench: &mut Bench, event| bench.hear(Heard::Surveyed { ifindex: 3, event });
    assert_eq!(bench.ask(scan()), None);
    assert_eq!(bench.ask(scan()), Some(Err(CallError::InProgress)));
    assert!(!scanning(&bench), "by the kernel's word alone");
    tell(&mut bench, SurveyEvent::Begun(Ok(())));
    assert!(scanning(&bench));
    let heard = |name: &[u8], last, age| {
        let mut elements = Vec::new();
        lapwing_frames::element::write_raw(ElementId::Plain(0), name, &mut elements);
        ScanEntry {
            bssid: MacAddr([2, 0, 0, 0, 7, last]),
            frequency: Frequency(2412),
            beacon_interval: 100,
            capability: 1,
            signal_mbm: Some(-4000),
            age,
            elements,
            beacon_elements: None,
            beacon_is_newer: false,
            associated: false,
            mld: None,
        }
    };
    bench.run.pass(Duration::from_secs(2));
    // Of the second it is not known whether it is there still.
    let entries =
        vec![heard(b"neighbour", 7, Duration::from_secs(1)), heard(b"of before", 8, Duration::from_secs(3))];
    tell(&mut bench, SurveyEvent::Ended(Ok(entries)));
    assert!(!scanning(&bench));
    let names = |bench: &Bench| {
        let networks = &bench.run.daemon.view(bench.run.now).devices[0].networks;
        networks.iter().map(|network| network.name.ssid.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(&bench), ["neighbour"]);
    // What is not there any more is not shown, and a radio that cannot is no error of ours.
    assert_eq!(bench.ask(scan()), None);
    tell(&mut bench, SurveyEvent::Begun(Ok(())));
    tell(&mut bench, SurveyEvent::Ended(Ok(vec![])));
    assert!(names(&bench).is_empty());
    let call = bench.begin(scan());
    tell(&mut bench, SurveyEvent::Begun(Err(Refusal { errno: Errno::EOPNOTSUPP, message: None })));
    bench.settle();
    assert!(matches!(bench.answers.remove(&call), Some(Err(CallError::NotSupported(_)))));
    // One that the kernel never ends is not waited for without end.
    assert_eq!(bench.ask(scan()), None);
    tell(&mut bench, SurveyEvent::Begun(Ok(())));
    bench.run.pass(Duration::from_secs(31));
    assert!(!scanning(&bench));
}
