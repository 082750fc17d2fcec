//! What is done for programs that show the signal, set addresses, or stay with an access point; and for developers.

use super::*;
use crate::control::{Addressed, ConfigurationId, Family, Unneeded};
use crate::netconf::Lifetimes;

const CAFE: [(&str, &str); 1] = [("cafe.open", "")];
const OWN: std::net::IpAddr = std::net::IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

fn call(run: &mut Run, call: Call) -> Result<Answer, CallError> {
    run.daemon.call(run.now, CallId(77), call);
    let is_it = |news: News| match news {
        News::Answered { call: CallId(77), outcome } => Some(outcome),
        _ => None,
    };
    // What else is told belongs to the test.
    let (answers, others): (Vec<_>, Vec<_>) =
        run.daemon.take_news().into_iter().partition(|news| matches!(news, News::Answered { .. }));
    others.into_iter().for_each(|news| run.daemon.desk.tell(news));
    answers.into_iter().find_map(is_it).unwrap()
}

/// Connects, with these calls before.
fn connected(name: &str, calls: impl IntoIterator<Item = Call>) -> Run {
    let mut run = Run::new(name, &CAFE, true);
    for it in calls {
        assert_eq!(call(&mut run, it), Ok(Answer::Done));
    }
    run.hear(Heard::Appeared(Run::found(3, 0)));
    run.pass(Duration::from_secs(3));
    assert!(run.daemon.interfaces[&3].station.connection().is_some());
    run
}

type Orders = Vec<(ConfigurationId, Addressed)>;

/// What was ordered, and what was taken back.
fn orders(run: &mut Run) -> (Orders, Vec<(ConfigurationId, Unneeded)>) {
    let (mut orders, mut unwanted) = (Vec::new(), Vec::new());
    for news in run.daemon.take_news() {
        match news {
            News::Configure { id, ifindex: 3, addressed } => orders.push((id, *addressed)),
            News::ConfigureUnwanted { id, why } => unwanted.push((id, why)),
            _ => {}
        }
    }
    (orders, unwanted)
}

fn sets(run: &Run) -> usize {
    run.performed(|command| {
        matches!(command, Command::SetAddress { .. } | Command::SetRoute { .. } | Command::Resolve { .. })
    })
}

fn is_online(run: &Run) -> bool {
    run.daemon.interfaces[&3].latest_timeline().contains("online")
}

#[test]
fn addresses_are_handed_over_and_the_connection_is_online_when_they_are_set() {
    let mut run = connected("handed", [Call::HandOver { on: true }]);
    let (handed, unwanted) = orders(&mut run);
    assert_eq!((handed.len(), unwanted.len(), sets(&run)), (1, 0, 0));
    let (id, addressed) = &handed[0];
    assert_eq!((addressed.family, addressed.fixed), (Family::V4, false));
    let address = Prefix { address: OWN, length: 24 };
    assert!(matches!(&addressed.addresses[..], [(one, Lifetimes { valid: Some(time), .. })]
            if *one == address && time.as_secs() == 3600));
    let routers: Vec<_> = addressed.routes.iter().map(|route| route.router).collect();
    assert_eq!(routers, [None, Some(std::net::IpAddr::from(SERVER))]);
    assert_eq!(addressed.servers, [std::net::IpAddr::from(SERVER)]);
    assert!(!is_online(&run));
    run.daemon.addressed(run.now, ConfigurationId(999), true);
    assert!(!is_online(&run));
    run.daemon.addressed(run.now, *id, true);
    assert!(is_online(&run));
    // Whoever sets them takes them away, too.
    run.daemon.call(run.now, CallId(1), Call::Disconnect { ifindex: 3 });
    let now = run.now;
    run.daemon.listen(|| now).unwrap();
    let (handed, _) = orders(&mut run);
    assert!(handed.iter().all(|(_, it)| it.addresses.is_empty() && it.routes.is_empty()), "{handed:?}");
    assert_eq!((handed.len(), sets(&run)), (1, 0));
    assert_eq!(run.performed(|command| matches!(command, Command::RemoveAddress { .. })), 0);
}

#[test]
fn a_program_that_dies_leaves_the_addresses_to_us() {
    let mut run = connected("took-over", [Call::HandOver { on: true }]);
    assert!(!is_online(&run));
    assert_eq!(call(&mut run, Call::HandOver { on: false }), Ok(Answer::Done));
    let address = Prefix { address: OWN, length: 24 };
    let set =
        |command: &Command| matches!(command, Command::SetAddress { address: it, .. } if *it == address);
    assert_eq!(run.performed(set), 1);
    assert!(is_online(&run));
}

#[test]
fn a_program_that_never_answers_or_refuses_ends_the_connection() {
    for refuses in [false, true] {
        let mut run = connected(&format!("unset-{refuses}"), [Call::HandOver { on: true }]);
        let (handed, _) = orders(&mut run);
        let id = handed[0].0;
        if refuses {
            run.daemon.addressed(run.now, id, false);
            let now = run.now;
            run.daemon.listen(|| now).unwrap();
        } else {
            run.pass(Duration::from_secs(20));
            assert!(run.daemon.interfaces[&3].station.connection().is_some());
            run.pass(Duration::from_secs(6));
        }
        let (_, unwanted) = orders(&mut run);
        let taken_back = unwanted.contains(&(id, Unneeded::TimedOut));
        assert_eq!(taken_back, !refuses);
        assert!(run.daemon.interfaces[&3].station.connection().is_none());
        // And it is not tried again and again.
        run.pass(Duration::from_secs(60));
        assert!(run.daemon.interfaces[&3].station.connection().is_none());
    }
}

#[test]
fn without_network_configuration_nothing_is_handed_over() {
    let mut run = Run::new("nothing-handed", &CAFE, false);
    let answer = call(&mut run, Call::HandOver { on: true });
    assert!(matches!(answer, Err(CallError::NotSupported(_))), "{answer:?}");
}

fn levels(run: &mut Run) -> Vec<u8> {
    let level = |news| match news {
        News::SignalLevel { ifindex: 3, level } => Some(level),
        _ => None,
    };
    run.daemon.take_news().into_iter().filter_map(level).collect()
}

#[test]
fn the_signal_is_asked_for_only_while_somebody_wants_it_and_there_is_a_connection() {
    let mut run = connected("signal", []);
    let asked = |run: &Run| run.performed(|command| matches!(command, Command::Diagnose { ifindex: 3 }));
    run.pass(Duration::from_secs(5));
    assert_eq!(asked(&run), 0);
    let nobody = call(&mut run, Call::WatchSignal { ifindex: 9, levels: vec![-40] });
    assert!(matches!(nobody, Err(CallError::NotFound(_))));
    assert_eq!(call(&mut run, Call::WatchSignal { ifindex: 3, levels: vec![-40, -60] }), Ok(Answer::Done));
    run.pass(Duration::from_secs(3));
    let after = asked(&run);
    assert!((3..=4).contains(&after), "{after}");
    let heard = |run: &mut Run, address, dbm| {
        let figures = StationFigures { address, average_signal_dbm: Some(dbm), ..StationFigures::default() };
        run.hear(Heard::Diagnosed { ifindex: 3, outcome: Ok(Some(Box::new(figures))) });
        levels(run)
    };
    assert_eq!(heard(&mut run, AP, -50), [1]);
    assert!(heard(&mut run, AP, -55).is_empty());
    assert!(heard(&mut run, WE, -90).is_empty());
    assert_eq!(heard(&mut run, AP, -70), [2]);
    run.daemon.call(run.now, CallId(1), Call::Disconnect { ifindex: 3 });
    let now = run.now;
    run.daemon.listen(|| now).unwrap();
    let before = asked(&run);
    run.pass(Duration::from_secs(5));
    assert_eq!(asked(&run), before);
}

#[test]
fn an_affinity_is_with_the_access_point_and_ends_with_the_connection() {
    let mut run = connected("affinity", []);
    let affinity = |run: &Run| run.daemon.view(run.now).devices[0].affinity;
    let other = Call::SetAffinity { ifindex: 3, bssid: Some(WE) };
    assert!(matches!(call(&mut run, other), Err(CallError::InvalidArguments(_))));
    let ours = Call::SetAffinity { ifindex: 3, bssid: Some(AP) };
    assert_eq!(call(&mut run, ours.clone()), Ok(Answer::Done));
    assert_eq!(affinity(&run), Some(AP));
    assert_eq!(call(&mut run, Call::SetAffinity { ifindex: 3, bssid: None }), Ok(Answer::Done));
    assert_eq!(affinity(&run), None);
    assert_eq!(call(&mut run, ours.clone()), Ok(Answer::Done));
    run.daemon.call(run.now, CallId(1), Call::Disconnect { ifindex: 3 });
    let now = run.now;
    run.daemon.listen(|| now).unwrap();
    assert_eq!(affinity(&run), None);
    assert_eq!(call(&mut run, ours), Err(CallError::NotConnected));
}

#[test]
fn an_affinity_is_not_carried_over_to_the_access_point_of_a_roam() {
    let mut run = connected("affinity-roam", []);
    assert_eq!(call(&mut run, Call::SetAffinity { ifindex: 3, bssid: Some(AP) }), Ok(Answer::Done));
    let roamed = run.daemon.interfaces[&3].station.connection().unwrap().clone();
    let now = run.now;
    run.daemon.reported(now, 3, &Report::Roamed(roamed));
    assert_eq!(run.daemon.view(run.now).devices[0].affinity, None);
    assert!(run.daemon.take_news().contains(&News::Passed { ifindex: 3, what: Passed::Way }));
}

#[test]
fn developers_see_each_step_and_begin_it_themselves() {
    let mut run = Run::new("developer", &CAFE, true);
    run.daemon.options.developer = true;
    run.hear(Heard::Appeared(Run::found(3, 0)));
    run.pass(Duration::from_secs(3));
    assert!(!run.daemon.view(run.now).devices[0].autoconnects);
    assert_eq!(run.daemon.interfaces[&3].station.summary(), Summary::Disconnected);
    run.daemon.take_news();
    assert_eq!(call(&mut run, Call::SetStationAutoconnect { ifindex: 3, on: true }), Ok(Answer::Done));
    assert!(run.daemon.view(run.now).devices[0].autoconnects);
    let now = run.now;
    run.daemon.listen(|| now).unwrap();
    run.pass(Duration::from_secs(3));
    let told = |news| match news {
        News::Debugged { ifindex: 3, what } => Some(what),
        _ => None,
    };
    let told: Vec<_> = run.daemon.take_news().into_iter().filter_map(told).collect();
    assert_eq!(
        told,
        [
            "autoconnect_quick",
            "authenticating",
            "connecting (auto)",
            "associating",
            "connecting (netconfig)",
            "connected"
        ]
    );
}

#[test]
fn developers_see_the_end_of_a_connection_that_is_made_again_at_once() {
    let mut run = connected("ends", []);
    run.daemon.options.developer = true;
    run.daemon.take_news();
    run.daemon.kernel.connected = false;
    let event = KernelEvent::Disconnected { reason: ReasonCode(2), by_ap: true };
    run.hear(Heard::Station { ifindex: Some(3), event });
    run.pass(Duration::from_secs(60));
    let told = run.daemon.take_news().into_iter().find_map(|news| match news {
        News::Debugged { what, .. } => Some(what),
        _ => None,
    });
    assert_eq!(told, Some("disconnected"));
    assert!(run.is_connected());
}

#[test]
fn networks_are_told_to_developers_with_their_access_points() {
    let mut run = connected("heard", []);
    let heard = call(&mut run, Call::HeardNetworks { ifindex: 3 });
    let Ok(Answer::Heard(heard)) = heard else { panic!("{heard:?}") };
    let [(name, bsss)] = &heard.networks[..] else { panic!("{heard:?}") };
    assert_eq!((name.ssid.octets(), bsss.len()), (&b"cafe"[..], 1));
    assert_eq!((bsss[0].bssid, bsss[0].frequency, bsss[0].signal_mbm), (AP, Frequency(2412), -4000));
    assert!(bsss[0].rank > 0 && bsss[0].mobility_domain.is_none());
    assert!(matches!(call(&mut run, Call::HeardNetworks { ifindex: 9 }), Err(CallError::NotFound(_))));
}
