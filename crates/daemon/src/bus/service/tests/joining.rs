//! What is told of a connection, from the call to its end.

use super::*;

const ENDED: News = News::Passed { ifindex: 3, what: Passed::End };

#[test]
fn the_end_of_a_connection_is_seen_though_it_is_made_again_at_once() {
    let mut service = service();
    let seen = |state| View { devices: vec![device(state)], ..view() };
    let ssid = || Ssid::new(b"home").unwrap();
    service.settle(vec![], Some(seen(Summary::Connected { ssid: ssid(), attempt: AttemptId(1) })));
    let again = seen(Summary::Connecting { ssid: ssid(), attempt: AttemptId(2) });
    let lines = order(&service.settle(vec![ENDED], Some(again)));
    let expected = [
        format!("-{DEVICE} [\"net.connman.iwd.StationDiagnostic\"]"),
        "Station State=<disconnected> -Affinities -ConnectedAccessPoint -ConnectedNetwork".to_owned(),
        "Network Connected=<false>".to_owned(),
        format!("Station Affinities=<[]> ConnectedNetwork=<{HOME}> State=<connecting>"),
        "Network Connected=<true>".to_owned(),
    ];
    assert_eq!(lines, expected);
    // One that nobody saw does not end.
    assert!(order(&service.settle(vec![ENDED], None)).is_empty());
}

#[test]
fn the_end_of_a_connection_on_its_way_to_another_access_point_is_seen_too() {
    let mut service = service();
    let seen = |state| View { devices: vec![device(state)], ..view() };
    let ssid = || Ssid::new(b"home").unwrap();
    let mut roaming = device(Summary::Roaming { ssid: ssid(), attempt: AttemptId(1) });
    roaming.connected = None;
    service.settle(vec![], Some(View { devices: vec![roaming], ..view() }));
    let again = seen(Summary::Connecting { ssid: ssid(), attempt: AttemptId(2) });
    let lines = order(&service.settle(vec![ENDED], Some(again)));
    assert!(lines.iter().any(|line| line.starts_with("Station State=<disconnected>")), "{lines:?}");
}

#[test]
fn the_way_to_another_access_point_is_seen_though_it_was_gone_in_one_turn() {
    let mut service = for_developers();
    let ssid = || Ssid::new(b"home").unwrap();
    let connected = || device(Summary::Connected { ssid: ssid(), attempt: AttemptId(1) });
    service.settle(vec![], Some(View { devices: vec![connected()], ..view() }));
    let word = |what| News::Debugged { ifindex: 3, what };
    let way = News::Passed { ifindex: 3, what: Passed::Way };
    let news = vec![word("roaming"), way.clone(), word("connected")];
    let there = View { devices: vec![connected()], ..view() };
    let event = format!("{DEVICE} Event");
    // Whoever hears of the way looks at the state next.
    let [on_the_way, there_again] = ["roaming", "connected"].map(|state| format!("Station State=<{state}>"));
    let lines = order(&service.settle(news, Some(there.clone())));
    assert_eq!(lines.iter().collect::<Vec<_>>(), [&on_the_way, &event, &there_again, &event]);
    // What was seen on its way is so once.
    let mut roaming = connected();
    roaming.state = Summary::Roaming { ssid: ssid(), attempt: AttemptId(1) };
    assert_eq!(order(&service.settle(vec![], Some(View { devices: vec![roaming], ..view() }))), [on_the_way]);
    let lines = order(&service.settle(vec![way, word("connected")], Some(there)));
    assert_eq!(lines, [there_again, event]);
}

#[test]
fn a_station_is_connected_once_it_has_an_address_if_that_is_ours_to_get() {
    let state = |state, awaits_address| {
        let mut service = service();
        let device = DeviceView { awaits_address, ..device(state) };
        service.settle(vec![], Some(View { devices: vec![device], ..view() }));
        let body = vec![Value::text(interfaces::STATION), Value::text("State")];
        format!(
            "{:?}",
            reply(&ask(&mut service, DEVICE, "org.freedesktop.DBus.Properties.Get", body)).unwrap()
        )
    };
    let ssid = || Ssid::new(b"home").unwrap();
    let connected = || Summary::Connected { ssid: ssid(), attempt: AttemptId(1) };
    let roaming = || Summary::Roaming { ssid: ssid(), attempt: AttemptId(1) };
    assert!(state(connected(), true).contains("\"connecting\""));
    assert!(state(roaming(), true).contains("\"connecting\""));
    assert!(state(connected(), false).contains("\"connected\""));
    assert!(state(roaming(), false).contains("\"roaming\""));
}

/// As in the traces of iwd: passphrase asked, then connecting, then the network is known, then the reply, then
/// connected.
#[test]
fn a_connect_as_iwd_does_it() {
    let mut service = service();
    let effects = ask(
        &mut service,
        "/net/connman/iwd",
        "net.connman.iwd.AgentManager.RegisterAgent",
        vec![Value::Path("/agent".to_owned())],
    );
    assert_eq!(reply(&effects), Ok(vec![]));
    let effects = ask(&mut service, HOME, "net.connman.iwd.Network.Connect", vec![]);
    let call = Call::Connect { ifindex: 3, network: home() };
    assert_eq!(effects, [Effect::Call(CallId(1), call)]);
    let wanted = News::SecretWanted {
        secret: SecretId(9),
        call: CallId(1),
        ifindex: 3,
        network: home(),
        secrets: Secrets::Passphrase,
    };
    let effects = service.settle(vec![wanted], None);
    let [
        Effect::Send(Outgoing::Call {
            serial: Some(serial),
            destination,
            member: "RequestPassphrase",
            body,
            ..
        }),
    ] = effects.as_slice()
    else {
        panic!("{effects:?}")
    };
    assert_eq!((destination.as_str(), body.as_slice()), (":1.7", &[Value::Path(HOME.to_owned())][..]));
    let outcome = Ok(vec![Value::text("secret123456")]);
    let effects = service.receive(Incoming::Reply {
        serial: *serial,
        sender: ":1.7".to_owned(),
        outcome: outcome.map(Into::into),
    });
    let answer = SecretAnswer::Passphrase(Secret::new(b"secret123456"));
    assert_eq!(effects, [Effect::Secret(SecretId(9), answer)]);

    let ssid = Ssid::new(b"home").unwrap();
    let connecting = View {
        devices: vec![device(Summary::Connecting { ssid: ssid.clone(), attempt: AttemptId(1) })],
        ..view()
    };
    assert_eq!(
        order(&service.settle(Vec::new(), Some(connecting))),
        [
            format!("Station Affinities=<[]> ConnectedNetwork=<{HOME}> State=<connecting>"),
            "Network Connected=<true>".to_owned()
        ]
    );
    let connected = View {
        devices: vec![device(Summary::Connected { ssid, attempt: AttemptId(1) })],
        known: vec![KnownView { name: home(), hidden: false, autoconnect: true, last_joined: Some(0) }],
        ..view()
    };
    let done = News::Answered { call: CallId(1), outcome: Ok(Answer::Done) };
    assert_eq!(
        order(&service.settle(vec![done], Some(connected))),
        [
            format!("+{KNOWN}"),
            format!("Network KnownNetwork=<{KNOWN}>"),
            "reply".to_owned(),
            format!("+{DEVICE}"),
            format!("Station ConnectedAccessPoint=<{HOME}/0200000000fe> State=<connected>"),
        ]
    );
    // And out again.
    let effects = ask(&mut service, DEVICE, "net.connman.iwd.Station.Disconnect", vec![]);
    assert_eq!(effects, [Effect::Call(CallId(2), Call::Disconnect { ifindex: 3 })]);
    let known = vec![KnownView { name: home(), hidden: false, autoconnect: true, last_joined: Some(0) }];
    let leaving = View { devices: vec![device(Summary::Disconnecting)], known: known.clone(), ..view() };
    assert_eq!(
        order(&service.settle(Vec::new(), Some(leaving))),
        [
            format!("-{DEVICE} [\"net.connman.iwd.StationDiagnostic\"]"),
            "Station State=<disconnecting> -Affinities -ConnectedAccessPoint -ConnectedNetwork".to_owned(),
            "Network Connected=<false>".to_owned(),
        ]
    );
    let left = View { devices: vec![device(Summary::Disconnected)], known, ..view() };
    let done = News::Answered { call: CallId(2), outcome: Ok(Answer::Done) };
    assert_eq!(
        order(&service.settle(vec![done], Some(left))),
        ["reply".to_owned(), "Station State=<disconnected>".to_owned()]
    );
    // Forgotten: no reference stays behind.
    ask(&mut service, KNOWN, "net.connman.iwd.KnownNetwork.Forget", vec![]);
    let done = News::Answered { call: CallId(3), outcome: Ok(Answer::Done) };
    let names = "[\"net.connman.iwd.KnownNetwork\", \"org.freedesktop.DBus.Properties\"]";
    assert_eq!(
        order(&service.settle(vec![done], Some(view()))),
        ["reply".to_owned(), "Network -KnownNetwork".to_owned(), format!("-{KNOWN} {names}")]
    );
}

#[test]
fn a_station_that_goes_down_takes_its_networks_with_it() {
    let mut service = service();
    let mut down = view();
    down.radios[0].powered = false;
    down.devices[0].powered = false;
    down.devices[0].state = Summary::Unavailable;
    let names = |names: &[&str]| format!("{names:?}");
    assert_eq!(
        order(&service.settle(Vec::new(), Some(down))),
        [
            format!(
                "-{DEVICE} {}",
                names(&[
                    "net.connman.iwd.DeviceProvisioning",
                    "net.connman.iwd.SharedCodeDeviceProvisioning",
                    "net.connman.iwd.SimpleConfiguration",
                    "net.connman.iwd.Station"
                ])
            ),
            format!(
                "-{HOME}/0200000000fe {}",
                names(&["net.connman.iwd.BasicServiceSet", "org.freedesktop.DBus.Properties"])
            ),
            format!("-{HOME} {}", names(&["net.connman.iwd.Network", "org.freedesktop.DBus.Properties"])),
            "Device Powered=<false>".to_owned(),
            "Adapter Powered=<false>".to_owned(),
        ]
    );
    let effects = service.settle(Vec::new(), Some(view()));
    assert_eq!(
        order(&effects),
        [
            format!("+{HOME}"),
            format!("+{HOME}/0200000000fe"),
            format!("+{DEVICE}"),
            "Device Powered=<true>".to_owned(),
            "Adapter Powered=<true>".to_owned(),
        ]
    );
}

#[test]
fn agents_that_fail() {
    let mut service = service();
    let wanted = |secret, call| News::SecretWanted {
        secret: SecretId(secret),
        call: CallId(call),
        ifindex: 3,
        network: home(),
        secrets: Secrets::Passphrase,
    };
    // None.
    ask(&mut service, HOME, "net.connman.iwd.Network.Connect", vec![]);
    let effects = service.settle(vec![wanted(1, 1)], None);
    assert_eq!(effects, [Effect::Secret(SecretId(1), SecretAnswer::NoAgent)]);
    let failed = News::Answered { call: CallId(1), outcome: Err(CallError::NoAgent) };
    assert_eq!(error(&service.settle(vec![failed], None)), "net.connman.iwd.NoAgent");
    // One that leaves.
    let path = vec![Value::Path("/agent".to_owned())];
    let effects =
        ask(&mut service, "/net/connman/iwd", "net.connman.iwd.AgentManager.RegisterAgent", path.clone());
    let watched: Vec<_> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send(Outgoing::Call { member, .. }) => Some(*member),
            _ => None,
        })
        .collect();
    assert_eq!(watched, ["AddMatch", "NameHasOwner"]);
    ask(&mut service, HOME, "net.connman.iwd.Network.Connect", vec![]);
    assert_eq!(service.settle(vec![wanted(2, 2)], None).len(), 1);
    let gone = Incoming::NameOwnerChanged { name: ":1.7".to_owned(), owner: String::new() };
    let effects = service.receive(gone.clone());
    assert!(effects.contains(&Effect::Secret(SecretId(2), SecretAnswer::NoAgent)), "{effects:?}");
    assert!(service.receive(gone).is_empty());
    // One that had left before the bus knew that we care.
    let effects =
        ask(&mut service, "/net/connman/iwd", "net.connman.iwd.AgentManager.RegisterAgent", path.clone());
    let serial = effects
        .iter()
        .find_map(|effect| match effect {
            Effect::Send(Outgoing::Call { serial, .. }) => *serial,
            _ => None,
        })
        .unwrap();
    let not_there = |sender: &str| Incoming::Reply {
        serial,
        sender: sender.to_owned(),
        outcome: Ok(vec![Value::Boolean(false)].into()),
    };
    // Only the bus is believed.
    assert!(service.receive(not_there(":1.9")).is_empty());
    assert!(!service.receive(not_there(BUS)).is_empty());
    assert_eq!(
        error(&ask(
            &mut service,
            "/net/connman/iwd",
            "net.connman.iwd.AgentManager.UnregisterAgent",
            path.clone()
        )),
        "net.connman.iwd.NotFound"
    );
    // One that takes too long, and one that is removed while it thinks.
    ask(&mut service, "/net/connman/iwd", "net.connman.iwd.AgentManager.RegisterAgent", path.clone());
    service.settle(vec![wanted(3, 2)], None);
    let unwanted = News::SecretUnwanted { secret: SecretId(3), why: Unwanted::TimedOut };
    let timed_out = News::Answered { call: CallId(2), outcome: Err(CallError::AgentTimedOut) };
    let effects = service.settle(vec![unwanted, timed_out], None);
    assert!(matches!(&effects[0], Effect::Send(Outgoing::Call { member: "Cancel", serial: None, .. })));
    assert_eq!(error(&effects), "net.connman.iwd.Timeout");
    ask(&mut service, HOME, "net.connman.iwd.Network.Connect", vec![]);
    service.settle(vec![wanted(4, 3)], None);
    let effects = ask(&mut service, "/net/connman/iwd", "net.connman.iwd.AgentManager.UnregisterAgent", path);
    assert!(effects.contains(&Effect::Secret(SecretId(4), SecretAnswer::Canceled)));
}

#[test]
fn a_failure_is_told_in_full() {
    let mut service = service();
    ask(&mut service, HOME, "net.connman.iwd.Network.Connect", vec![]);
    let failure = Failure { phase: Phase::Authenticate, code: Code::WrongPassword };
    let failed = News::Answered { call: CallId(1), outcome: Err(CallError::Failed(failure.clone())) };
    let mut after = view();
    after.devices[0].last_failure = Some(failure);
    let effects = service.settle(vec![failed], Some(after));
    let Effect::Send(Outgoing::Error(origin, told)) = &effects[0] else { panic!("{effects:?}") };
    assert_eq!((origin.sender.as_str(), told.name.as_str()), (":1.7", "net.connman.iwd.Failed"));
    let Effect::Send(Outgoing::Signal { body, .. }) = &effects[1] else { panic!("{effects:?}") };
    let text = format!("{body:?}");
    assert!(
        text.contains("\"Code\": <\"wrong-password\">") && text.contains("\"Whose\": <\"user\">"),
        "{text}"
    );
}
