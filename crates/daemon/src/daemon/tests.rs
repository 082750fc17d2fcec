//! The whole daemon against a scripted kernel.

mod ad_hoc_networks;
mod air;
// The access point of the station's tests, of which not all is needed here.
#[allow(dead_code)]
#[path = "../../../core/tests/station/ap.rs"]
mod ap;
mod appointed;
mod bare;
mod bulk;
mod calls;
mod desk;
mod enrolling;
mod fake;
mod files;
mod hotspots;
mod leases;
mod looking;
mod passpoints;
mod provisioning;
mod roaming;

use super::*;
use crate::control::{Answer, Call, CallError, CallId, News, Passed, RateView};
use crate::kernel::{Hardware, Heard, PacketKind, Rival, Standing, StationFigures};
use fake::Fake;
use lapwing_core::attempt::Ticket;
use lapwing_core::curve::PureCurves;
use lapwing_core::entropy::SeededEntropy;
use lapwing_core::kernel::{self, Errno, Frequency, Refusal, Reply, Request, ScanEntry};
use lapwing_core::radio::{Channel, Radio, RadioKind, SignalWatch};
use lapwing_frames::internet::dhcp::{Kind, Message};
use lapwing_frames::internet::udp::Datagram;
use lapwing_frames::management::ReasonCode;
use lapwing_frames::{LinkId, MacAddr, Ssid};
use lapwing_linux::nl80211::{Modulation, Rate};
use lapwing_linux::rivals::Program;
use std::{fs, io};

const WE: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 0xfe]);
const SERVER: [u8; 4] = [192, 0, 2, 1];

/// A daemon with its clock and its directory.
pub(crate) struct Run {
    daemon: Daemon<Fake>,
    now: Now,
    directory: PathBuf,
}

impl Run {
    fn new(name: &str, networks: &[(&str, &str)], network_configuration: bool) -> Self {
        let directory = std::env::temp_dir().join(format!("lapwing-daemon-{}-{name}", std::process::id()));
        drop(fs::remove_dir_all(&directory));
        fs::create_dir(&directory).unwrap();
        for (file, text) in networks {
            fs::write(directory.join(file), text).unwrap();
        }
        let options = Options {
            choice: Choice::default(),
            developer: false,
            network_configuration,
            ipv6: true,
            runtime: directory.clone(),
            hostname: None,
            hotspot_blocks: Vec::new(),
            station: station::Settings::default(),
        };
        let store = Store::new(directory.clone());
        let entropy = Box::new(SeededEntropy(1));
        let daemon = Daemon::new(Fake::new(), options, store, entropy, Box::new(PureCurves));
        let clock = Instant::after_start(Duration::from_secs(100));
        Self { daemon, now: Now { clock, wall: 1_000_000 }, directory }
    }

    pub(crate) fn found(ifindex: u32, wiphy: u32) -> Found {
        let channel = Channel {
            frequency: Frequency(2412),
            disabled: false,
            no_initiating_radiation: false,
            radar: false,
        };
        Found {
            interface: kernel::Interface { wiphy, ifindex, wdev: u64::from(ifindex) },
            name: format!("wlan{ifindex}"),
            address: WE,
            permanent: WE,
            radio: Radio {
                kind: RadioKind::SoftMac,
                ciphers: Vec::new(),
                akms: None,
                channels: vec![channel],
                max_scan_ssids: 4,
                max_scan_elements: 1000,
                radio_measurement: true,
                signal_watch: SignalWatch::Nobody,
                sae: true,
                psk_offload: false,
                control_port: true,
                beacon_protection: false,
                extended_key_id: false,
                can_replace_pairwise_key: false,
                operating_channel_validation: false,
                multi_link: false,
                random_scan_address: false,
                spp_amsdu: false,
                extended_capabilities: Vec::new(),
                channels_at_once: 2,
                access_point: None,
            },
            ad_hoc: true,
            up: true,
            radio_name: format!("phy{wiphy}"),
            hardware: Hardware::default(),
        }
    }

    fn hear(&mut self, heard: Heard) {
        self.daemon.hear(self.now, heard);
        let now = self.now;
        self.daemon.listen(|| now).unwrap();
        self.daemon.settle(now);
    }

    /// Lets time pass, from deadline to deadline.
    fn pass(&mut self, time: Duration) {
        let end = self.now.clock + time;
        while let Some(deadline) = self.daemon.next_deadline().filter(|&deadline| deadline <= end) {
            self.now.clock = deadline.max(self.now.clock);
            self.daemon.tick(self.now);
            let now = self.now;
            self.daemon.listen(|| now).unwrap();
            self.daemon.settle(now);
        }
        self.now.clock = end;
    }

    fn summary(&self, ifindex: u32) -> Summary {
        self.daemon.interfaces[&ifindex].station.summary()
    }

    fn is_connected(&self) -> bool {
        matches!(self.summary(3), Summary::Connected { .. })
    }

    fn performed(&self, wanted: impl Fn(&Command) -> bool) -> usize {
        self.daemon.kernel.performed.iter().filter(|command| wanted(command)).count()
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.directory.join(file)).unwrap_or_default()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.directory));
    }
}

const CAFE: [(&str, &str); 1] = [("cafe.open", "# mine\n")];

fn connected(name: &str) -> Run {
    let mut run = Run::new(name, &CAFE, true);
    run.hear(Heard::Appeared(Run::found(3, 0)));
    run.pass(Duration::from_secs(30));
    assert!(run.is_connected(), "{:?}\n{}", run.summary(3), run.text("flight.jsonl"));
    run
}

#[test]
fn from_an_interface_to_an_address() {
    let run = connected("address");
    assert!(!run.daemon.view(run.now).devices[0].awaits_address);
    let first = &run.daemon.kernel.performed[0];
    assert!(matches!(first, Command::Adopt(interface) if interface.ifindex == 3));
    let port = run
        .daemon
        .kernel
        .performed
        .iter()
        .position(|command| *command == Command::SetPort { ifindex: 3, open: true });
    let listen = run
        .daemon
        .kernel
        .performed
        .iter()
        .position(|command| matches!(command, Command::Listen { on: true, .. }));
    let address =
        run.daemon.kernel.performed.iter().position(|command| matches!(command, Command::SetAddress { .. }));
    assert!(port < listen && listen < address && port.is_some());
    assert_eq!(run.performed(|command| matches!(command, Command::SetRoute { .. })), 1);

    let status: serde_json::Value = serde_json::from_str(&run.text("status.json")).unwrap();
    let interface = &status["interfaces"][0];
    assert_eq!(interface["state"], "connected");
    assert_eq!(interface["online"], true);
    assert_eq!(interface["addresses"][0], "192.0.2.7/24");

    let flight = run.text("flight.jsonl");
    let events: Vec<String> = flight
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["event"].as_str().unwrap().to_owned()
        })
        .collect();
    for wanted in ["began", "entered", "judged", "chosen", "connected", "configured", "learned", "timeline"] {
        assert!(events.iter().any(|event| event == wanted), "{wanted}: {events:?}");
    }
    assert!(flight.contains("online after"));

    // What was learned is remembered, and the file is as it was.
    assert_eq!(run.text("cafe.open"), "# mine\n");
    let memory = run.text(".lapwing.memory");
    assert!(memory.contains("[cafe.open]") && memory.contains("Frequencies=2412"), "{memory}");
    assert!(memory.contains("Lease=192.0.2.7/24 02:00:00:00:00:01 192.0.2.1 02:00:00:00:00:fe ends=1003600"));
}

#[test]
fn nothing_is_addressed_if_another_program_does_it() {
    let mut run = Run::new("unaddressed", &CAFE, false);
    run.hear(Heard::Appeared(Run::found(3, 0)));
    run.pass(Duration::from_secs(30));
    assert!(run.is_connected());
    assert_eq!(
        run.performed(|command| matches!(command, Command::Listen { .. } | Command::SetAddress { .. })),
        0
    );
    assert!(run.text("flight.jsonl").contains("online after"));
}

#[test]
fn a_clean_end() {
    let mut run = connected("end");
    assert!(!run.daemon.is_quiet());
    run.daemon.shut_down(run.now);
    let now = run.now;
    run.daemon.listen(|| now).unwrap();
    assert!(run.daemon.is_quiet());
    run.daemon.finish(run.now);
    assert!(!run.daemon.kernel.connected);
    let performed = &run.daemon.kernel.performed;
    let count = |wanted: fn(&Command) -> bool| performed.iter().filter(|command| wanted(command)).count();
    assert_eq!(count(|command| matches!(command, Command::RemoveAddress { .. })), 1);
    assert_eq!(count(|command| matches!(command, Command::RemoveRoute { .. })), 1);
    assert_eq!(count(|command| matches!(command, Command::Resolve { resolver: None, .. })), 1);
    assert_eq!(count(|command| matches!(command, Command::SetPort { open: false, .. })), 1);
    assert_eq!(run.text("status.json"), "{\"interfaces\":[]}\n");
}

#[test]
fn a_silent_kernel_does_not_hold_up_the_end() {
    let mut run = connected("silent");
    run.daemon.kernel.silent = true;
    run.daemon.shut_down(run.now);
    assert!(!run.daemon.is_quiet());
    // After its time the loop finishes anyway: the addresses go.
    run.daemon.finish(run.now);
    assert_eq!(run.performed(|command| matches!(command, Command::RemoveAddress { .. })), 1);
}

#[test]
fn an_interface_that_vanishes_takes_its_addresses_along_and_another_takes_its_place() {
    let mut run = connected("vanish");
    run.hear(Heard::Appeared(Run::found(4, 0)));
    run.hear(Heard::Appeared(Run::found(5, 1)));
    assert_eq!(run.daemon.interfaces.keys().copied().collect::<Vec<_>>(), [3, 5], "one of each radio");
    run.daemon.kernel.connected = false;
    run.hear(Heard::Gone { ifindex: 3 });
    assert_eq!(run.daemon.interfaces.keys().copied().collect::<Vec<_>>(), [4, 5]);
    assert_eq!(run.performed(|command| matches!(command, Command::RemoveAddress { ifindex: 3, .. })), 1);
    // Late answers of the one that is gone change nothing.
    let ticket = Ticket { attempt: None, number: 1 };
    run.hear(Heard::Answered { ifindex: 3, ticket, outcome: Ok(Reply::Done) });
    run.pass(Duration::from_secs(30));
    assert!(matches!(run.summary(4), Summary::Connected { .. }));
}

#[test]
fn only_named_interfaces_are_run() {
    let mut run = Run::new("named", &CAFE, true);
    run.daemon.options.choice.interfaces = "wlan4,home".into();
    for ifindex in [3, 4, 6] {
        run.hear(Heard::Appeared(Run::found(ifindex, 0)));
    }
    assert_eq!(run.daemon.interfaces.keys().copied().collect::<Vec<_>>(), [4]);
    run.hear(Heard::Renamed { ifindex: 6, name: "home".to_owned() });
    assert_eq!(run.daemon.interfaces.keys().copied().collect::<Vec<_>>(), [4, 6]);
    run.hear(Heard::Renamed { ifindex: 4, name: "desk".to_owned() });
    assert!(run.text("status.json").contains("\"interface\":\"desk\""));
}

#[test]
fn radios_that_are_not_asked_for_are_not_touched() {
    let mut run = Run::new("radios", &CAFE, true);
    run.daemon.options.choice.radios = "phy[12]".into();
    run.daemon.options.choice.not_radios = "phy2".into();
    for wiphy in [1, 2, 3] {
        let mut found = Run::found(10 + wiphy, wiphy);
        found.radio_name = format!("phy{wiphy}");
        run.hear(Heard::Appeared(found));
    }
    assert_eq!(run.daemon.interfaces.keys().copied().collect::<Vec<_>>(), [11]);
    assert_eq!(run.performed(|command| matches!(command, Command::Adopt(_))), 1);
    // Not even when the interface that is run goes.
    run.hear(Heard::Gone { ifindex: 11 });
    run.hear(Heard::Renamed { ifindex: 12, name: "desk".to_owned() });
    run.hear(Heard::Gone { ifindex: 12 });
    assert!(run.daemon.interfaces.is_empty());
}

#[test]
fn lost_events_are_answered_by_reading_back() {
    let mut run = connected("lost");
    let before =
        run.performed(|command| matches!(command, Command::Ask { request: Request::ReadInterface, .. }));
    // The kernel has lost the connection, and so was the event of it.
    run.daemon.kernel.connected = false;
    run.hear(Heard::EventsLost);
    let after =
        run.performed(|command| matches!(command, Command::Ask { request: Request::ReadInterface, .. }));
    assert!(after > before);
    assert_eq!(run.performed(|command| matches!(command, Command::RemoveAddress { .. })), 1);
    run.pass(Duration::from_secs(60));
    assert!(run.is_connected(), "{:?}", run.summary(3));
}

#[test]
fn a_kernel_that_has_ever_more_to_tell_leaves_others_their_turn() {
    let mut run = connected("flood");
    let more = (0..1000).map(|number| Heard::Renamed { ifindex: 9, name: format!("wlan{number}") });
    run.daemon.kernel.heard.extend(more);
    let now = run.now;
    let mut turns = 0;
    while run.daemon.listen_to_answer(|| now).unwrap() == Listened::ToTheEnd {
        turns += 1;
    }
    assert_eq!((turns, run.daemon.kernel.heard.len()), (4, 0), "at most 256 at once");
}

#[test]
fn the_access_point_ends_it_and_the_station_comes_back_with_its_lease() {
    let mut run = connected("back");
    run.daemon.kernel.connected = false;
    run.daemon.kernel.performed.clear();
    let event = KernelEvent::Disconnected { reason: ReasonCode(3), by_ap: true };
    run.hear(Heard::Station { ifindex: Some(3), event });
    run.pass(Duration::from_secs(60));
    assert!(run.is_connected());
    let kinds: Vec<_> = run
        .daemon
        .kernel
        .performed
        .iter()
        .filter_map(|command| match command {
            Command::Send { kind: PacketKind::Dhcp, octets, .. } => {
                Message::parse(Datagram::parse(octets).unwrap().payload).unwrap().kind()
            }
            _ => None,
        })
        .collect();
    assert_eq!(kinds, [Kind::Request], "the address of before is asked for at once");
}

#[test]
fn what_a_connection_leaves_is_cleared_away_before_the_next_is_begun() {
    let mut run = connected("order");
    run.daemon.kernel.connected = false;
    run.daemon.kernel.performed.clear();
    let event = KernelEvent::Disconnected { reason: ReasonCode(3), by_ap: true };
    run.hear(Heard::Station { ifindex: Some(3), event });
    let performed = &run.daemon.kernel.performed;
    let place = |wanted: fn(&Command) -> bool| performed.iter().position(wanted);
    let cleared = place(|command| matches!(command, Command::RemoveAddress { .. })).unwrap();
    let begun = place(|command| matches!(command, Command::Ask { .. })).unwrap();
    assert!(cleared < begun, "{cleared} {begun}");
}

#[test]
fn files_come_and_go() {
    let mut run = Run::new("files", &[], true);
    run.hear(Heard::Appeared(Run::found(3, 0)));
    run.pass(Duration::from_secs(10));
    assert!(!run.is_connected());
    fs::write(run.directory.join("cafe.open"), "").unwrap();
    fs::write(run.directory.join("broken.psk"), "nonsense").unwrap();
    run.daemon.reload(run.now);
    run.pass(Duration::from_secs(60));
    assert!(run.is_connected(), "{:?}", run.summary(3));
    // Its file goes, and with it the connection; it comes back, and so does the station.
    fs::remove_file(run.directory.join("cafe.open")).unwrap();
    run.daemon.reload(run.now);
    run.pass(Duration::from_secs(5));
    assert!(!run.daemon.kernel.connected);
    fs::write(run.directory.join("cafe.open"), "").unwrap();
    run.daemon.reload(run.now);
    run.pass(Duration::from_secs(60));
    assert!(run.is_connected(), "{:?}", run.summary(3));
    assert_eq!(run.text("broken.psk"), "nonsense");
}

#[test]
fn without_an_address_the_network_is_left_and_tried_again() {
    let mut run = Run::new("noaddress", &CAFE, true);
    run.daemon.kernel.server = false;
    run.hear(Heard::Appeared(Run::found(3, 0)));
    let awaits_address = |run: &Run| run.daemon.view(run.now).devices[0].awaits_address;
    while !run.is_connected() {
        assert!(!awaits_address(&run));
        run.pass(Duration::from_millis(10));
    }
    assert!(awaits_address(&run));
    let mut ways = 0;
    let mut connected = true;
    for _ in 0..1200 {
        run.pass(Duration::from_millis(100));
        ways += u32::from(connected && !run.is_connected());
        connected = run.is_connected();
        assert!(!connected || awaits_address(&run));
    }
    assert!((2..=4).contains(&ways), "{ways}");
    assert!(run.text("flight.jsonl").contains("no-address"));
    // IPv6 alone is an address, a while after there could have been another.
    for wanted in [false, true] {
        while run.is_connected() != wanted {
            run.pass(Duration::from_millis(10));
        }
    }
    let address = "2001:db8::1".parse().unwrap();
    run.hear(Heard::Address6 { ifindex: 3, address, standing: Standing::Usable });
    assert!(awaits_address(&run));
    run.pass(Duration::from_secs(5));
    assert!(!awaits_address(&run));
    assert!(run.text("status.json").contains("2001:db8::1/64"));
    run.pass(Duration::from_secs(60));
    assert!(run.is_connected());
}

#[test]
fn figures_of_the_link_are_read_for_all_who_ask() {
    let mut run = connected("figures");
    let now = run.now;
    for id in [1, 2] {
        run.daemon.call(now, CallId(id), Call::Diagnose { ifindex: 3 });
    }
    assert_eq!(run.performed(|command| *command == Command::Diagnose { ifindex: 3 }), 2);
    let rate = Rate {
        bitrate: Some(1441),
        modulation: Modulation::He { mcs: 11, streams: Some(1), dual_carrier: false, resource_unit: None },
        width_mhz: 20,
        guard_interval_ns: Some(800),
    };
    let figures = StationFigures {
        address: AP,
        average_signal_dbm: Some(-61),
        connected_s: Some(7),
        receive: Some(Rate { bitrate: None, ..rate }),
        transmit: Some(rate),
        ..StationFigures::default()
    };
    run.daemon.take_news();
    run.hear(Heard::Diagnosed { ifindex: 3, outcome: Ok(Some(Box::new(figures))) });
    let told = answers(&mut run);
    assert_eq!(told.len(), 2);
    for (_, outcome) in told {
        let Ok(Answer::Diagnostics(told)) = outcome else { panic!("{outcome:?}") };
        let told = told.figures;
        assert_eq!((told.average_signal_dbm, told.connected_s, told.receive), (Some(-61), Some(7), None));
        let transmit = RateView { bitrate: 1441, mode: "802.11ax", mcs: Some(11), streams: Some(1) };
        assert_eq!(told.transmit, Some(transmit));
    }
    // Figures of another peer are of another connection.
    run.daemon.call(now, CallId(3), Call::Diagnose { ifindex: 3 });
    let other = StationFigures { address: WE, ..StationFigures::default() };
    run.hear(Heard::Diagnosed { ifindex: 3, outcome: Ok(Some(Box::new(other))) });
    assert_eq!(answers(&mut run), [(CallId(3), Err(CallError::NotConnected))]);
}

fn answers(run: &mut Run) -> Vec<(CallId, Result<Answer, CallError>)> {
    let answered = |news| match news {
        News::Answered { call, outcome } => Some((call, outcome)),
        _ => None,
    };
    run.daemon.take_news().into_iter().filter_map(answered).collect()
}

#[test]
fn interference_is_a_warning_until_we_are_connected() {
    let mut run = connected("interfered");
    let warning = |run: &Run| run.daemon.view(run.now).devices[0].warning.clone();
    let connection = run.daemon.interfaces[&3].station.connection().cloned().unwrap();
    let interfered =
        Report::Interfered { what: "the interface was connected to 02:00:00:00:ee:01".to_owned() };
    let now = run.now;
    run.daemon.reported(now, 3, &interfered);
    let text = "Another program uses this interface, too: the interface was connected to 02:00:00:00:ee:01. Stop it, \
                or leave the interface to it with lapwing disconnect.";
    assert_eq!(warning(&run).as_deref(), Some(text));
    run.daemon.reported(now, 3, &Report::Connected(connection));
    assert_eq!(warning(&run), None);
    run.daemon.reported(now, 3, &interfered);
    run.hear(Heard::Rivals { ifindex: 3, rivals: vec![] });
    assert_eq!(warning(&run), None);
}

#[test]
fn a_rival_is_a_warning_until_it_ends() {
    let mut run = connected("rival");
    let warning = |run: &Run| run.daemon.view(run.now).devices[0].warning.clone();
    assert_eq!(warning(&run), None);
    let rival = Rival { program: Program::WpaSupplicant, process: 123 };
    run.hear(Heard::Rivals { ifindex: 3, rivals: vec![rival] });
    assert_eq!(
        warning(&run).as_deref(),
        Some(
            "wpa_supplicant (process 123) runs this radio, too: stop it with systemctl stop wpa_supplicant."
        )
    );
    run.hear(Heard::Rivals { ifindex: 3, rivals: vec![] });
    run.hear(Heard::Rivals { ifindex: 9, rivals: vec![] });
    assert_eq!(warning(&run), None);
}
