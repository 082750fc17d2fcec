//! Stations that know no network.

use super::*;

fn scans(run: &Run) -> usize {
    run.performed(|command| matches!(command, Command::Ask { request: Request::TriggerScan(_), .. }))
}

#[test]
fn a_station_that_knows_no_network_listens_around_ever_more_rarely() {
    // A client that never asks for a scan sees the networks nevertheless: ConnMan is one.
    let mut run = Run::new("looks", &[], false);
    run.hear(Heard::Appeared(Run::found(3, 0)));
    run.pass(Duration::from_secs(3));
    assert_eq!(scans(&run), 1);
    assert_eq!(run.daemon.view(run.now).devices[0].networks.len(), 1);
    run.pass(Duration::from_secs(57));
    assert!((3..=6).contains(&scans(&run)), "{}", scans(&run));
    run.daemon.kernel.performed.clear();
    run.pass(Duration::from_secs(3600));
    assert!((55..=62).contains(&scans(&run)), "{}", scans(&run));
}

#[test]
fn who_is_told_to_stay_away_or_not_to_search_does_not_listen_around() {
    let mut run = Run::new("looks-not", &[], false);
    run.hear(Heard::Appeared(Run::found(3, 0)));
    run.daemon.call(run.now, CallId(1), Call::Disconnect { ifindex: 3 });
    run.pass(Duration::from_secs(10));
    run.daemon.kernel.performed.clear();
    run.pass(Duration::from_secs(600));
    assert_eq!(scans(&run), 0);

    let mut run = Run::new("looks-never", &[], false);
    run.daemon.options.station.search = None;
    run.hear(Heard::Appeared(Run::found(3, 0)));
    run.pass(Duration::from_secs(600));
    assert_eq!(scans(&run), 0);
}
