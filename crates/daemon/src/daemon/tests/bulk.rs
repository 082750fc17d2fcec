//! Calls in any order and in bulk: each gets one answer, and nothing grows without bound.

use super::super::*;
use super::desk::{Desk, setups};
use crate::control::{Call, News, SecretAnswer};
use crate::hotspot::Order;
use crate::kernel::Heard;
use crate::kernel::Mode;
use crate::networks::name::Security;
use crate::networks::profile::{Profile, Protection};
use lapwing_core::Secret;
use lapwing_core::kernel::{Frequency, Reply};
use lapwing_frames::management::ReasonCode;
use lapwing_frames::{MacAddr, Ssid};

/// A sequence of numbers that looks random and is the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn call(dice: &mut Dice) -> Call {
    let names = ["cafe", "home", "secret", "work", "nobody"];
    let ssid = Ssid::new(names[usize::try_from(dice.roll(5)).unwrap()].as_bytes()).unwrap();
    let kinds = [Security::Open, Security::Personal, Security::Enterprise];
    let network = FileName { ssid: ssid.clone(), security: kinds[usize::try_from(dice.roll(3)).unwrap()] };
    let ifindex = 3 + u32::from(dice.roll(20) == 0);
    let on = dice.roll(3) != 0;
    let bssid = MacAddr([2, 0, 0, 0, 0, 0xfe]);
    match dice.roll(16) {
        12 if on => Call::ScanOn { ifindex, frequencies: vec![Frequency(2412), Frequency(4000)] },
        12 => Call::HeardNetworks { ifindex },
        13 => Call::SetStationAutoconnect { ifindex, on },
        14 if dice.roll(2) == 0 => Call::SetAffinity { ifindex, bssid: on.then_some(bssid) },
        14 if on => Call::ConnectTo { ifindex, bssid },
        14 => Call::Roam { ifindex, bssid },
        15 if dice.roll(2) == 0 => Call::HandOver { on },
        15 if on => Call::WatchSignal { ifindex, levels: vec![-40, -60] },
        15 => Call::WatchSignal { ifindex, levels: Vec::new() },

        0 | 1 => Call::Scan { ifindex },
        2..=5 => Call::Connect { ifindex, network },
        6 => Call::ConnectHidden { ifindex, ssid },
        7 => Call::Disconnect { ifindex },
        8 => Call::Forget { network },
        9 => Call::SetAutoconnect { network, on },
        10 if dice.roll(2) == 0 => Call::SetPowered { ifindex, on },
        10 => Call::SetRadioPowered { wiphy: 0, on },
        11 if dice.roll(6) == 0 => {
            let mode =
                [Mode::AccessPoint, Mode::AdHoc, Mode::Station][usize::try_from(dice.roll(3)).unwrap()];
            Call::SetMode { ifindex, mode }
        }
        11 if dice.roll(3) == 0 => match dice.roll(8) {
            7 => Call::ScanAsAccessPoint { ifindex },
            5 => Call::StartAdHoc { ifindex, ssid, passphrase: None },
            6 => Call::StopAdHoc { ifindex },
            0 => Call::StartProfile { ifindex, ssid },
            1 => Call::StopAccessPoint { ifindex },
            2 => Call::AccessPointDiagnostics { ifindex },
            3 => Call::AccessPointOrder { ifindex, order: Order::RenewGroupKeys },
            _ => {
                let protection = Protection::Transition(Secret::new(b"correct horse battery"));
                Call::StartAccessPoint { ifindex, profile: Box::new(Profile::new(ssid, protection)) }
            }
        },
        _ if dice.roll(2) == 0 => Call::Diagnose { ifindex },
        _ if dice.roll(2) == 0 => Call::Links { ifindex },
        _ => Call::Timeline { ifindex },
    }
}

#[test]
fn each_call_gets_one_answer_whatever_happens() {
    for seed in 0..12 {
        let mut dice = Dice(seed);
        let mut desk = Desk::new(&format!("bulk-{seed}"), setups(), &[("cafe.open", "")]);
        let mut made = BTreeSet::new();
        let mut answered = BTreeMap::<u64, u32>::new();
        let mut secrets = Vec::new();
        let mut number = 1000;
        for _ in 0..250 {
            match dice.roll(10) {
                0..=4 => {
                    number += 1;
                    made.insert(number);
                    let call = call(&mut dice);
                    desk.daemon.call(desk.now, CallId(number), call);
                }
                5 => {
                    if let Some(secret) = secrets.pop() {
                        let passphrase: &[u8] =
                            if dice.roll(2) == 0 { b"correct horse battery" } else { b"no" };
                        let answer = match dice.roll(4) {
                            0 => SecretAnswer::Canceled,
                            1 => SecretAnswer::NoAgent,
                            _ => SecretAnswer::Passphrase(Secret::new(passphrase)),
                        };
                        desk.daemon.secret(desk.now, secret, answer);
                    }
                }
                6 => {
                    let event = match dice.roll(4) {
                        0 => KernelEvent::InterfaceDown,
                        1 => KernelEvent::InterfaceUp,
                        2 => KernelEvent::ScanAborted,
                        _ => KernelEvent::Disconnected { reason: ReasonCode(3), by_ap: true },
                    };
                    desk.daemon.hear(desk.now, Heard::Station { ifindex: Some(3), event });
                }
                7 => {
                    let ticket = super::air::FOREIGN;
                    let outcome = Ok(Reply::Stations(Vec::new()));
                    desk.daemon.hear(desk.now, Heard::Answered { ifindex: 3, ticket, outcome });
                    desk.daemon.reload(desk.now);
                }
                8 => desk.daemon.kernel.silent = dice.roll(4) == 0,
                _ => {
                    let time = Duration::from_millis(dice.roll(4000));
                    pass(&mut desk, time);
                }
            }
            let now = desk.now;
            desk.daemon.kernel.now = now.clock;
            if dice.roll(3) != 0 {
                desk.daemon.listen(|| now).unwrap();
            }
            if dice.roll(2) != 0 {
                desk.daemon.settle(now);
            }
            let view = desk.daemon.view(now);
            assert!(view.devices.len() <= 1 && view.known.len() <= 5);
            note(&mut desk, &mut answered, &mut secrets);
        }
        desk.daemon.kernel.silent = false;
        pass(&mut desk, Duration::from_secs(200));
        note(&mut desk, &mut answered, &mut secrets);
        desk.daemon.shut_down(desk.now);
        note(&mut desk, &mut answered, &mut secrets);
        assert!(answered.values().all(|&count| count == 1), "seed {seed}: {answered:?}");
        let missing: Vec<_> = made.iter().filter(|id| !answered.contains_key(id)).collect();
        assert!(missing.is_empty(), "seed {seed}: {missing:?}");
    }
}

fn pass(desk: &mut Desk, time: Duration) {
    let end = desk.now.clock + time;
    while let Some(deadline) = desk.daemon.next_deadline().filter(|&deadline| deadline <= end) {
        desk.now.clock = deadline.max(desk.now.clock);
        desk.daemon.kernel.now = desk.now.clock;
        desk.daemon.tick(desk.now);
        let now = desk.now;
        desk.daemon.listen(|| now).unwrap();
    }
    desk.now.clock = end;
}

fn note(desk: &mut Desk, answered: &mut BTreeMap<u64, u32>, secrets: &mut Vec<crate::control::SecretId>) {
    for news in desk.daemon.take_news() {
        match news {
            News::Answered { call, .. } => *answered.entry(call.0).or_default() += 1,
            News::SecretWanted { secret, .. } => secrets.push(secret),
            _ => {}
        }
    }
}

#[test]
fn a_flood_is_refused_and_news_that_nobody_fetches_is_bounded() {
    let mut desk = Desk::new("flood", setups(), &[]);
    desk.daemon.kernel.silent = true;
    let mut busy = 0;
    for id in 0..500 {
        // Each with a question of its own to the kernel, which does not answer.
        desk.daemon.call(desk.now, CallId(5000 + id), Call::Scan { ifindex: 3 });
        desk.daemon.call(desk.now, CallId(9000 + id), Call::SetPowered { ifindex: 3, on: true });
    }
    for news in desk.daemon.take_news() {
        busy += u32::from(matches!(news, News::Answered { outcome: Err(_), .. }));
    }
    assert!(busy >= 998, "{busy}");
    desk.daemon.kernel.silent = false;
    for _ in 0..2000 {
        let event = KernelEvent::ScanDone { frequencies: Vec::new() };
        desk.daemon.hear(desk.now, Heard::Station { ifindex: Some(3), event });
        let now = desk.now;
        desk.daemon.listen(|| now).unwrap();
    }
    assert!(desk.daemon.take_news().len() <= 1100);
}
