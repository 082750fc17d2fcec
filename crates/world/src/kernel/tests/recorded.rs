//! The order of answers and events that real kernels gave to the same commands (`recorded/README.md`).

use super::world::{
    AP, Bench, CHANNEL, MLD, State, accepted, associate, authenticate, beacon, bssid, channel,
    deauthenticate, key, link, mld_elements, named, response, sae, setup,
};
use crate::habit::{Habit, Habits};
use crate::kernel::KernelSetup;
use crate::parts::{Command, KernelInput, KernelOutput, Message};
use lapwing_core::Duration;
use lapwing_core::kernel::{KernelEvent, KeyKind, KeyRequest, Request, ScanRequest};
use lapwing_frames::management::AuthenticationAlgorithm;
use std::collections::VecDeque;

/// The name of an event's nl80211 command, if the recordings have it.
fn name(event: &KernelEvent) -> Option<&'static str> {
    Some(match event {
        KernelEvent::ScanStarted => "TRIGGER_SCAN",
        KernelEvent::Authentication { .. } => "AUTHENTICATE",
        KernelEvent::AuthenticationTimedOut { .. } => "AUTHENTICATE timed out",
        KernelEvent::Association { .. } => "ASSOCIATE",
        KernelEvent::Connected(_) => "CONNECT",
        KernelEvent::Deauthentication { .. } => "DEAUTHENTICATE",
        KernelEvent::Disconnected { .. } => "DISCONNECT",
        KernelEvent::KeyFrame { .. } => "CONTROL_PORT_FRAME",
        _ => return None,
    })
}

fn told(out: Vec<KernelOutput>) -> Vec<String> {
    let told = out.into_iter().filter_map(|output| match output {
        KernelOutput::Message(Message::Event(event)) => name(&event).map(|name| format!("< {name}")),
        KernelOutput::Message(Message::Completed { outcome, .. }) => Some(match outcome {
            Ok(_) => String::from("= 0"),
            Err(refusal) => {
                let words = refusal.message.map(|words| format!(" {words}")).unwrap_or_default();
                format!("= {}{words}", refusal.errno.0)
            }
        }),
        _ => None,
    });
    told.collect()
}

/// A replay of a recording.
struct Replay {
    bench: Bench,
    mlo: bool,
    /// The last number of an SAE frame, and of any.
    transaction: u8,
    sae: bool,
    associating: bool,
    told: VecDeque<String>,
}

impl Replay {
    fn hear(&mut self) -> Vec<KernelOutput> {
        let mut beacons = vec![beacon(AP, CHANNEL, named("net"))];
        beacons.extend((0..2).map(|number| beacon(bssid(number), channel(number), mld_elements(number))));
        self.bench.turn(KernelInput::Heard(beacons))
    }

    fn key(&self, words: &[&str]) -> (Option<lapwing_frames::MacAddr>, Option<u8>, u8) {
        let value = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)).unwrap();
        // wpa_supplicant names the BSS that it wants next.
        let wanted = if self.mlo { bssid(0) } else { AP };
        let peer = (words[1] == "pairwise").then_some(wanted);
        (peer, value("link=").parse().ok(), value("index=").parse().unwrap())
    }

    fn command(&mut self, words: &[&str]) -> Command {
        let peer = if self.mlo { MLD } else { AP };
        Command::Request(match words[0] {
            "DEL_KEY" => {
                let (peer, on, index) = self.key(words);
                return Command::DeleteKey { peer, link: on.map(link), index };
            }
            "NEW_KEY" => {
                let (pair, on, index) = self.key(words);
                let kind = match (pair, index) {
                    (Some(_), _) => KeyKind::Pairwise { peer, receive_only: false },
                    (None, 0..=3) => KeyKind::Group,
                    (None, 4 | 5) => KeyKind::Integrity,
                    (None, _) => KeyKind::Beacon,
                };
                let integrity = key(KeyKind::Integrity, on, index);
                let key = KeyRequest { kind, ..key(kind, on, index) };
                Request::InstallKey(if index > 3 { KeyRequest { kind, ..integrity } } else { key })
            }
            "TRIGGER_SCAN" => Request::TriggerScan(ScanRequest::default()),
            "AUTHENTICATE" => {
                self.sae = words[1] == "type=4";
                self.transaction = if self.sae && self.transaction == 1 { 2 } else { 1 };
                Request::Authenticate(if self.sae {
                    sae(self.mlo, self.transaction)
                } else {
                    authenticate(self.mlo)
                })
            }
            "ASSOCIATE" => {
                self.associating = true;
                self.transaction = 0;
                Request::Associate(associate(self.mlo))
            }
            "DEAUTHENTICATE" => deauthenticate(peer),
            "CONTROL_PORT_FRAME" => Request::SendKeyFrame { to: peer, bytes: vec![2, 3], in_clear: true },
            "SET_STATION" => Request::AuthorizePort { peer },
            other => panic!("{other}"),
        })
    }

    /// What the air must have brought for this line to be next.
    fn provoke(&mut self, line: &str) -> Vec<KernelOutput> {
        match line {
            "< AUTHENTICATE" if self.sae => {
                let transaction = u16::from(self.transaction);
                self.bench.receive(0, response(AuthenticationAlgorithm::Sae, transaction, 0), None)
            }
            "< AUTHENTICATE" => self.bench.receive(0, response(AuthenticationAlgorithm::Open, 2, 0), None),
            "< AUTHENTICATE timed out" => self.bench.pass(Duration::from_millis(600)),
            "< ASSOCIATE" | "< CONTROL_PORT_FRAME" if self.associating => {
                self.associating = false;
                let mut out = self.bench.receive(0, accepted(self.mlo, 0, 0), None);
                if line == "< ASSOCIATE" {
                    out.extend(self.bench.pass(Duration::ZERO));
                } else {
                    out.extend(self.bench.receive_data(0, (0x888e, b"key"), None));
                    out.extend(self.bench.pass(Duration::ZERO));
                }
                out
            }
            "< CONTROL_PORT_FRAME" => self.bench.receive_data(0, (0x888e, b"key"), None),
            _ => self.bench.pass(Duration::ZERO),
        }
    }
}

fn replay(recording: &str, mlo: bool, connected: bool, habits: Habits) {
    let habits = habits.with(Habit::KernelLateReplies).with(Habit::KernelEarlyKeyFrames);
    let mut bench = Bench::with(KernelSetup { words: false, ..setup(habits) });
    if connected {
        bench.reach(State::ConnectedMlo);
        bench.pass(Duration::ZERO);
    }
    let mut replay =
        Replay { bench, mlo, transaction: 0, sae: false, associating: false, told: VecDeque::new() };
    let mut lines = recording.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        match line.strip_prefix("> ") {
            Some("SET_STATION 0200000000000000") => {
                // The port is closed again: nobody asks that of the virtual kernel.
                assert_eq!(lines.next().map(|(_, line)| line), Some("= 0"));
            }
            Some(command) => {
                assert_eq!(replay.told, VecDeque::<String>::new(), "before line {}", number + 1);
                let words: Vec<_> = command.split(' ').collect();
                let command = replay.command(&words);
                let out = replay.bench.command(command);
                replay.told.extend(told(out));
            }
            None => {
                if replay.told.is_empty() {
                    let out = replay.provoke(line);
                    replay.told.extend(told(out));
                }
                assert_eq!(replay.told.pop_front().as_deref(), Some(line), "line {}", number + 1);
                if line == "= 0" && !replay.bench.kernel.frequencies().is_empty() && replay.told.is_empty() {
                    replay.hear();
                }
            }
        }
    }
}

#[test]
fn answers_and_events_come_in_the_order_of_kernel_6_12() {
    let habits = Habits::NONE.with(Habit::KernelOldWords);
    replay(include_str!("recorded/mlo-kernel6.txt"), true, false, habits);
    replay(include_str!("recorded/mlo-pmksa-kernel6.txt"), true, true, habits);
    replay(include_str!("recorded/mlo-reassociate-kernel6.txt"), true, true, habits);
}

#[test]
fn answers_and_events_come_in_the_order_of_kernel_7_2() {
    let habits = Habits::NONE.with(Habit::KernelKeysBeforeConnection);
    replay(include_str!("recorded/wpa2-psk.txt"), false, false, habits);
    replay(include_str!("recorded/sae-h2e.txt"), false, false, habits);
    replay(include_str!("recorded/mlo-kernel7.txt"), true, false, habits);
    replay(include_str!("recorded/mlo-pmksa-kernel7.txt"), true, true, habits);
    replay(include_str!("recorded/mlo-reassociate-kernel7.txt"), true, true, habits);
}
