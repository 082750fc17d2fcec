//! Interfaces that become access points and stations again, whatever the kernel answers and whoever interferes.

mod air;
mod modes;

use super::*;
use crate::bus::service::{Facts, Service};
use crate::hotspot::{Failure, Order, Phase};
use crate::kernel::{Mode, Regulatory, SurveyEvent};
use crate::networks::profile::{Place, Profile, Protection};
use lapwing_core::Secret;
use lapwing_core::ap::{self, KernelEvent as ApEvent};
use lapwing_core::kernel::{Band, ChannelDefinition, ChannelWidth, InterfaceLink, InterfaceState};
use lapwing_core::radio::{AccessPointRadio, BandCapabilities};
use lapwing_frames::channel;
use lapwing_frames::element::{ElementId, Elements};
use lapwing_frames::suite::Cipher;
use lapwing_linux::nl80211::RegulatoryRule;

const ALL: [&str; 3] = ["StartBss", "InstallKey", "UseGroupKey"];

/// A radio that can be an access point, with two bands and links.
fn able() -> Found {
    let mut found = Run::found(3, 0);
    let channel = |frequency| Channel {
        frequency: Frequency(frequency),
        disabled: false,
        no_initiating_radiation: false,
        radar: false,
    };
    found.radio.channels = [2412, 2437, 2462, 5180, 5200, 5220, 5240].map(channel).to_vec();
    found.radio.ciphers = vec![Cipher::Ccmp128, Cipher::BipCmac128];
    found.radio.multi_link = true;
    let capabilities = BandCapabilities {
        rates: vec![12, 24, 48],
        ht: Some([0; 26]),
        vht: Some([0; 12]),
        ..BandCapabilities::default()
    };
    let bands = BTreeMap::from([(Band::Band2, capabilities.clone()), (Band::Band5, capabilities)]);
    found.radio.access_point = Some(AccessPointRadio { bands, ..AccessPointRadio::UNKNOWN });
    found
}

fn settings() -> Profile {
    let ssid = Ssid::new(b"mine").unwrap();
    Profile::new(ssid, Protection::Transition(Secret::new(b"correct horse battery")))
}

fn mld() -> Profile {
    let links = vec![
        Place::Band(channel::Band::Ghz2),
        Place::Channel(lapwing_frames::Channel::from_frequency(5180).unwrap()),
    ];
    let protection = Protection::Wpa3(Secret::new(b"correct horse battery"));
    Profile { links, protection, ..settings() }
}

/// A daemon, and the calls that were made.
struct Bench {
    run: Run,
    next: u64,
    answers: BTreeMap<u64, Result<Answer, CallError>>,
}

impl Bench {
    /// In the network "cafe" if there is a file of it.
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        Self::with(name, files, false)
    }

    fn with(name: &str, files: &[(&str, &str)], network_configuration: bool) -> Self {
        let mut run = Run::new(&format!("hotspot-{name}"), files, network_configuration);
        run.hear(Heard::Appeared(able()));
        run.pass(Duration::from_secs(30));
        assert_eq!(run.is_connected(), !files.is_empty());
        Self { run, next: 0, answers: BTreeMap::new() }
    }

    /// With a hotspot on the air.
    fn started(name: &str, profile: Profile) -> Self {
        let mut bench = Self::new(name, &[]);
        assert_eq!(bench.ask(Call::SetMode { ifindex: 3, mode: Mode::AccessPoint }), Some(Ok(Answer::Done)));
        assert_eq!(bench.start(profile), Some(Ok(Answer::Done)));
        assert_eq!(bench.phase(), Some(Phase::Started));
        bench.run.daemon.kernel.performed.clear();
        bench
    }

    fn settle(&mut self) {
        let now = self.run.now;
        self.run.daemon.listen(|| now).unwrap();
        self.run.daemon.settle(now);
        for news in self.run.daemon.take_news() {
            if let News::Answered { call, outcome } = news {
                assert!(self.answers.insert(call.0, outcome).is_none(), "two answers to {call:?}");
            }
        }
    }

    fn begin(&mut self, call: Call) -> u64 {
        self.next += 1;
        self.run.daemon.call(self.run.now, CallId(self.next), call);
        self.next
    }

    /// Makes a call; the answer if there is one at once.
    fn ask(&mut self, call: Call) -> Option<Result<Answer, CallError>> {
        let id = self.begin(call);
        self.settle();
        self.answers.get(&id).cloned()
    }

    fn start(&mut self, profile: Profile) -> Option<Result<Answer, CallError>> {
        self.ask(Call::StartAccessPoint { ifindex: 3, profile: Box::new(profile) })
    }

    fn pass(&mut self, seconds: u64) {
        self.run.pass(Duration::from_secs(seconds));
        self.settle();
    }

    fn hear(&mut self, heard: Heard) {
        self.run.hear(heard);
        self.settle();
    }

    fn link(&mut self, event: KernelEvent) {
        self.hear(Heard::Station { ifindex: Some(3), event });
    }

    fn phase(&self) -> Option<Phase> {
        let view = self.run.daemon.view(self.run.now);
        Some(view.devices.first()?.access_point.as_ref()?.phase)
    }

    fn mode(&self) -> Mode {
        self.run.daemon.view(self.run.now).devices[0].mode
    }

    fn served(&self, wanted: impl Fn(&ap::Request) -> bool) -> usize {
        self.run.performed(|command| matches!(command, Command::Serve { request, .. } if wanted(request)))
    }

    fn position(&self, wanted: impl Fn(&Command) -> bool) -> Option<usize> {
        self.run.daemon.kernel.performed.iter().position(wanted)
    }
}

fn failed(outcome: Option<Result<Answer, CallError>>) -> Failure {
    match outcome {
        Some(Err(CallError::HotspotFailed(failure))) => failure,
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_has_started_when_the_kernel_has_done_all_that_belongs_to_the_bss_and_not_before() {
    for name in ALL {
        let mut bench = Bench::new(&format!("late-{name}"), &[]);
        bench.ask(Call::SetMode { ifindex: 3, mode: Mode::AccessPoint });
        bench.run.daemon.kernel.unanswered = Some(name);
        assert_eq!(bench.start(mld()), None, "{name}");
        assert_eq!(bench.phase(), Some(Phase::Starting), "{name}");
        bench.run.daemon.kernel.unanswered = None;
        let late: Vec<_> = bench
            .run
            .daemon
            .kernel
            .performed
            .iter()
            .filter_map(|command| match command {
                Command::Serve { number, request, .. } if format!("{request:?}").starts_with(name) => {
                    Some(*number)
                }
                _ => None,
            })
            .collect();
        assert!(late.len() > 1, "{name}: {late:?}");
        let (last, others) = late.split_last().unwrap();
        let done = |number| Heard::Served { ifindex: 3, number, outcome: Ok(ap::Reply::Done) };
        for number in others {
            bench.hear(done(*number));
        }
        assert_eq!(bench.phase(), Some(Phase::Starting), "{name}");
        bench.hear(done(*last));
        assert_eq!(bench.phase(), Some(Phase::Started), "{name}");
        assert_eq!(bench.answers[&bench.next], Ok(Answer::Done));
    }
}

#[test]
fn whatever_the_kernel_refuses_at_the_start_ends_it_with_the_reason() {
    for (name, command) in [
        ("AddLink", "ADD_LINK"),
        ("StartBss", "START_AP"),
        ("InstallKey", "NEW_KEY"),
        ("UseGroupKey", "SET_KEY"),
    ] {
        let mut bench = Bench::new(&format!("refused-{name}"), &[]);
        bench.ask(Call::SetMode { ifindex: 3, mode: Mode::AccessPoint });
        bench.run.daemon.kernel.refused = Some(name);
        let failure = failed(bench.start(mld()));
        assert!(matches!(failure, Failure::Refused { command: is, .. } if is == command), "{failure:?}");
        assert_eq!(bench.phase(), Some(Phase::Stopped));
        assert!(bench.served(|request| matches!(request, ap::Request::StopBss { .. })) >= 1, "{name}");
        let view = bench.run.daemon.view(bench.run.now);
        let seen = view.devices[0].access_point.as_ref().unwrap();
        assert_eq!(seen.last_failure.as_ref(), Some(&failure));
        // And it can be tried again.
        bench.run.daemon.kernel.refused = None;
        assert_eq!(bench.start(mld()), Some(Ok(Answer::Done)), "{name}");
    }
}

#[test]
fn a_hotspot_goes_on_without_a_link_that_the_kernel_refuses_and_says_which_and_why() {
    for (name, command) in [("AddLink", "ADD_LINK"), ("StartBss", "START_AP")] {
        for refused in [0, 1].map(|id| LinkId::new(id).unwrap()) {
            let mut bench = Bench::new(&format!("missing-{name}-{refused}"), &[]);
            bench.ask(Call::SetMode { ifindex: 3, mode: Mode::AccessPoint });
            bench.run.daemon.kernel.refused = Some(name);
            bench.run.daemon.kernel.refused_link = Some(refused);
            assert_eq!(bench.start(mld()), Some(Ok(Answer::Done)), "{name}");
            assert_eq!(bench.phase(), Some(Phase::Started));
            let view = |bench: &Bench| {
                let view = bench.run.daemon.view(bench.run.now).devices[0].access_point.clone().unwrap();
                (view.bsss.len(), view.missing, view.last_failure)
            };
            let (links, missing, failure) = view(&bench);
            assert_eq!((links, failure), (1, None));
            let refusal = Refusal { errno: Errno::EBUSY, message: None };
            assert_eq!(missing, [(refused, Failure::Refused { command, refusal })].into());
            let removed = ap::Request::RemoveLink { link: refused };
            assert_eq!(bench.served(|request| *request == removed), 1);
            // Tried again, and this time it is taken.
            bench.run.daemon.kernel.refused = None;
            bench.ask(Call::AccessPointOrder { ifindex: 3, order: Order::AddLink(refused) });
            assert_eq!(view(&bench), (2, [].into(), None));
        }
    }
}

#[test]
fn a_kernel_that_does_not_answer_is_not_waited_for_for_ever() {
    for name in ALL.into_iter().chain(["AddLink"]) {
        let mut bench = Bench::new(&format!("silent-{name}"), &[]);
        bench.ask(Call::SetMode { ifindex: 3, mode: Mode::AccessPoint });
        bench.run.daemon.kernel.unanswered = Some(name);
        assert_eq!(bench.start(mld()), None);
        let id = bench.next;
        bench.pass(30);
        assert!(matches!(failed(bench.answers.get(&id).cloned()), Failure::Silent(_)), "{name}");
        assert_eq!(bench.phase(), Some(Phase::Stopped));
    }
    let mut bench = Bench::started("silent-end", mld());
    bench.run.daemon.kernel.unanswered = Some("StopBss");
    assert_eq!(bench.ask(Call::StopAccessPoint { ifindex: 3 }), None);
    assert!(matches!(bench.start(mld()), Some(Err(CallError::Busy(_)))));
    let id = bench.next - 1;
    bench.pass(10);
    assert_eq!(failed(bench.answers.get(&id).cloned()), Failure::Silent("the end"));
    assert_eq!(bench.phase(), Some(Phase::Stopped));
}

#[test]
fn a_stop_while_it_starts_takes_its_place() {
    let mut bench = Bench::new("stop-start", &[]);
    bench.ask(Call::SetMode { ifindex: 3, mode: Mode::AccessPoint });
    bench.run.daemon.kernel.unanswered = Some("StartBss");
    assert_eq!(bench.start(settings()), None);
    let start = bench.next;
    assert_eq!(bench.ask(Call::StopAccessPoint { ifindex: 3 }), None);
    let stop = bench.next;
    bench.hear(Heard::Served { ifindex: 3, number: 1, outcome: Ok(ap::Reply::Done) });
    assert_eq!(bench.answers[&start], Err(CallError::Aborted));
    assert_eq!(bench.answers[&stop], Ok(Answer::Done));
    assert_eq!(bench.phase(), Some(Phase::Stopped));
    assert_eq!(bench.ask(Call::StopAccessPoint { ifindex: 3 }), Some(Ok(Answer::Done)), "it is so already");
}

#[test]
fn an_interface_that_was_down_brings_its_hotspot_back() {
    for is_told_by_the_kernel in [false, true] {
        let mut bench = Bench::started(&format!("down-{is_told_by_the_kernel}"), mld());
        let view =
            |bench: &Bench| bench.run.daemon.view(bench.run.now).devices[0].access_point.clone().unwrap();
        let before = view(&bench).bsss;
        if is_told_by_the_kernel {
            bench.hear(Heard::AccessPoint { ifindex: 3, event: ApEvent::Stopped });
            assert_eq!(view(&bench).last_failure, Some(Failure::EndedByKernel));
        }
        bench.link(KernelEvent::InterfaceDown);
        bench.pass(1);
        assert_eq!(bench.phase(), Some(Phase::Stopped));
        assert_eq!(view(&bench).last_failure, Some(Failure::InterfaceDown));
        assert!(matches!(bench.start(mld()), Some(Err(CallError::NotAvailable(_)))));
        bench.link(KernelEvent::InterfaceUp);
        assert_eq!(bench.phase(), Some(Phase::Started));
        assert_eq!((view(&bench).bsss, view(&bench).last_failure), (before, None), "the same addresses");
    }
}

#[test]
fn one_that_was_stopped_while_its_interface_was_down_stays_stopped() {
    let mut bench = Bench::started("stopped-down", settings());
    bench.link(KernelEvent::InterfaceDown);
    bench.pass(1);
    assert_eq!(bench.ask(Call::StopAccessPoint { ifindex: 3 }), Some(Ok(Answer::Done)));
    bench.link(KernelEvent::InterfaceUp);
    assert_eq!(bench.phase(), Some(Phase::Stopped));
}

#[test]
fn calls_end_with_the_interface() {
    let mut bench = Bench::started("gone", settings());
    let diagnose = bench.begin(Call::AccessPointDiagnostics { ifindex: 3 });
    bench.run.daemon.kernel.unanswered = Some("StopBss");
    let stop = bench.begin(Call::StopAccessPoint { ifindex: 3 });
    let mode = bench.begin(Call::SetMode { ifindex: 3, mode: Mode::Station });
    bench.hear(Heard::Gone { ifindex: 3 });
    for id in [diagnose, stop, mode] {
        assert!(matches!(bench.answers[&id], Err(CallError::NotFound(_))), "{:?}", bench.answers[&id]);
    }
    assert!(bench.run.daemon.view(bench.run.now).devices.is_empty());
    // What comes late is nobody's.
    bench.hear(Heard::Served { ifindex: 3, number: 1, outcome: Ok(ap::Reply::Done) });
    bench.hear(Heard::ModeSet { ifindex: 3, outcome: Ok(()) });
    bench.hear(Heard::AccessPoint { ifindex: 3, event: ApEvent::Stopped });
    bench.hear(Heard::Appeared(able()));
    assert_eq!(bench.mode(), Mode::Station);
}

#[test]
fn orders_are_checked_and_done() {
    let mut bench = Bench::started("orders", mld());
    let link = |number| LinkId::new(number).unwrap();
    let mut order = |order| bench.ask(Call::AccessPointOrder { ifindex: 3, order });
    let remove = |number| Order::RemoveLink { link: link(number), beacons: 2 };
    assert!(matches!(order(remove(7)), Some(Err(CallError::NotFound(_)))));
    assert!(matches!(order(Order::AddLink(link(1))), Some(Err(CallError::AlreadyExists(_)))));
    assert!(matches!(order(Order::AddLink(link(7))), Some(Err(CallError::NotFound(_)))));
    let nobody = Order::ThrowOut(Some(MacAddr([2; 6])));
    assert!(matches!(order(nobody), Some(Err(CallError::NotFound(_)))));
    for simple in [Order::ForgetPmksas, Order::RenewGroupKeys, Order::ThrowOut(None), remove(1)] {
        assert_eq!(order(simple), Some(Ok(Answer::Done)), "{simple:?}");
    }
    bench.pass(1);
    let on_air = |bench: &Bench| {
        bench.run.daemon.view(bench.run.now).devices[0].access_point.as_ref().unwrap().bsss.len()
    };
    assert_eq!(on_air(&bench), 1);
    let last = bench.ask(Call::AccessPointOrder { ifindex: 3, order: remove(0) });
    assert!(matches!(last, Some(Err(CallError::InvalidArguments(_)))), "{last:?}");
    let back = bench.ask(Call::AccessPointOrder { ifindex: 3, order: Order::AddLink(link(1)) });
    assert_eq!((back, on_air(&bench)), (Some(Ok(Answer::Done)), 2));
}

#[test]
fn a_restart_without_goodbye_sends_nothing_to_clients() {
    for goodbye in [false, true] {
        let mut bench = Bench::started(&format!("restart-{goodbye}"), mld());
        let order = Order::Restart { goodbye, forget: true };
        let outcome = bench.ask(Call::AccessPointOrder { ifindex: 3, order });
        assert_eq!((outcome, bench.phase()), (Some(Ok(Answer::Done)), Some(Phase::Started)));
        assert_eq!(bench.served(|request| matches!(request, ap::Request::StopBss { .. })), 2);
        assert_eq!(bench.served(|request| matches!(request, ap::Request::RemoveLink { .. })), 2);
        assert_eq!(bench.served(|request| matches!(request, ap::Request::StartBss(_))), 2);
        assert_eq!(bench.served(|request| matches!(request, ap::Request::SendFrame { .. })), 0);
    }
}

#[test]
fn a_hotspot_without_room_for_a_network_of_its_own_is_not_started() {
    let mut bench = Bench::with("room", &[], true);
    let block = Prefix { address: [192, 168, 80, 0].into(), length: 28 };
    bench.run.daemon.options.hotspot_blocks = vec![block];
    let mut other = able();
    other.interface = Run::found(4, 1).interface;
    other.name = "wlan4".to_owned();
    bench.hear(Heard::Appeared(other));
    for ifindex in [3, 4] {
        assert_eq!(bench.ask(Call::SetMode { ifindex, mode: Mode::AccessPoint }), Some(Ok(Answer::Done)));
    }
    assert_eq!(bench.start(settings()), Some(Ok(Answer::Done)));
    let mut second = |profile| bench.ask(Call::StartAccessPoint { ifindex: 4, profile: Box::new(profile) });
    assert!(matches!(second(settings()), Some(Err(CallError::AlreadyExists(_)))));
    // One that gives no addresses needs none.
    assert_eq!(second(Profile { addresses: None, ..settings() }), Some(Ok(Answer::Done)));
}

#[test]
fn clients_are_served_as_long_as_the_hotspot_is_on_the_air() {
    let serves = |command: &Command| {
        matches!(
            command,
            Command::SetAddress { .. } | Command::ListenForClients { on: true, .. } | Command::Share { .. }
        )
    };
    let undoes = |command: &Command| {
        matches!(
            command,
            Command::RemoveAddress { .. }
                | Command::ListenForClients { on: false, .. }
                | Command::Unshare { .. }
        )
    };
    let mut bench = Bench::with("serving", &[], true);
    bench.ask(Call::SetMode { ifindex: 3, mode: Mode::AccessPoint });
    assert_eq!(bench.run.performed(serves), 0, "nothing is on the air");
    bench.start(settings());
    assert_eq!((bench.run.performed(serves), bench.run.performed(undoes)), (3, 0));
    // It goes on while the hotspot begins anew, and ends with it, however that ends.
    let order = Order::Restart { goodbye: false, forget: false };
    bench.ask(Call::AccessPointOrder { ifindex: 3, order });
    assert_eq!((bench.run.performed(serves), bench.run.performed(undoes)), (3, 0));
    bench.hear(Heard::AccessPoint { ifindex: 3, event: ApEvent::Stopped });
    assert_eq!((bench.run.performed(serves), bench.run.performed(undoes)), (3, 3));
    bench.link(KernelEvent::InterfaceUp);
    assert_eq!((bench.run.performed(serves), bench.run.performed(undoes)), (6, 3));
    bench.hear(Heard::Gone { ifindex: 3 });
    assert_eq!((bench.run.performed(serves), bench.run.performed(undoes)), (6, 6));

    let mut bench = Bench::with("not-serving", &[], true);
    bench.ask(Call::SetMode { ifindex: 3, mode: Mode::AccessPoint });
    bench.start(Profile { addresses: None, ..settings() });
    assert_eq!((bench.phase(), bench.run.performed(serves)), (Some(Phase::Started), 0));
}
