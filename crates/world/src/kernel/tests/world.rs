//! A kernel, the party at its socket, and frames from an access point.

use crate::air::Beacon;
use crate::habit::Habits;
use crate::kernel::{Kernel, KernelSetup};
use crate::parts::{Command, KernelInput, KernelOutput, Message};
use lapwing_core::attempt::Ticket;
use lapwing_core::kernel::{Frequency, Interface, KernelEvent, Refusal, Reply, Request};
use lapwing_core::radio::{Channel, Radio, RadioKind};
use lapwing_core::{Duration, Instant};
use lapwing_frames::element::Element;
use lapwing_frames::suite::Cipher;
use lapwing_frames::{MacAddr, Ssid};

pub(super) const OWN: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
pub(super) const AP: MacAddr = MacAddr([2, 0, 0, 0, 9, 1]);
pub(super) const CHANNEL: Frequency = Frequency(2412);

pub(super) fn ssid(name: &str) -> Ssid {
    Ssid::new(name.as_bytes()).unwrap()
}

pub(super) fn radio() -> Radio {
    let channel = |frequency| Channel {
        frequency: Frequency(frequency),
        disabled: frequency == 5500,
        no_initiating_radiation: frequency == 5180,
        radar: false,
    };
    Radio {
        kind: RadioKind::SoftMac,
        ciphers: vec![Cipher::Ccmp128, Cipher::Gcmp256, Cipher::BipCmac128, Cipher::BipGmac256],
        akms: None,
        channels: [2412, 2437, 2462, 5180, 5500].map(channel).to_vec(),
        max_scan_ssids: 4,
        max_scan_elements: 2048,
        sae: true,
        control_port: true,
        beacon_protection: true,
        extended_key_id: false,
        can_replace_pairwise_key: true,
        operating_channel_validation: true,
        multi_link: true,
        random_scan_address: true,
        spp_amsdu: false,
        psk_offload: false,
        extended_capabilities: vec![],
    }
}

pub(super) fn setup(habits: Habits) -> KernelSetup {
    KernelSetup {
        interface: Interface { wiphy: 0, ifindex: 3, wdev: 1 },
        name: "wlan0".into(),
        address: OWN,
        radio: radio(),
        habits,
        entropy: 1,
        words: true,
    }
}

pub(super) fn named(name: &str) -> Vec<u8> {
    let mut elements = vec![];
    ssid(name).write(&mut elements);
    elements
}

pub(super) fn beacon(bssid: MacAddr, frequency: Frequency, elements: Vec<u8>) -> Beacon {
    Beacon {
        bssid,
        frequency,
        interval: 100,
        capability: 0x11,
        signal_mbm: -4200,
        elements,
        probe_elements: None,
    }
}

/// A kernel with a clock.
#[derive(Clone)]
pub(super) struct Bench {
    pub(super) now: Instant,
    pub(super) kernel: Kernel,
    number: u64,
}

impl Bench {
    pub(super) fn with(setup: KernelSetup) -> Self {
        Self { now: Instant::default() + Duration::from_secs(1000), kernel: Kernel::new(setup), number: 0 }
    }

    pub(super) fn new() -> Self {
        Self::with(setup(Habits::NONE))
    }

    pub(super) fn turn(&mut self, input: KernelInput) -> Vec<KernelOutput> {
        let mut out = vec![];
        self.kernel.turn(self.now, input, &mut out);
        out
    }

    /// A command with all that comes of it.
    pub(super) fn command(&mut self, command: Command) -> Vec<KernelOutput> {
        self.number += 1;
        let ticket = Ticket { attempt: None, number: self.number };
        self.turn(KernelInput::Command { ticket, command })
    }

    /// A request's outcome alone.
    pub(super) fn ask(&mut self, request: Request) -> Result<Reply, Refusal> {
        outcome(self.command(Command::Request(request)))
    }

    /// Lets time pass, with a tick at every deadline.
    pub(super) fn pass(&mut self, time: Duration) -> Vec<KernelOutput> {
        let end = self.now + time;
        let mut out = vec![];
        while let Some(deadline) = self.kernel.deadline().filter(|deadline| *deadline <= end) {
            self.now = self.now.max(deadline);
            out.extend(self.turn(KernelInput::Tick));
        }
        self.now = end;
        out
    }
}

pub(super) fn outcome(out: Vec<KernelOutput>) -> Result<Reply, Refusal> {
    let mut outcomes = out.into_iter().filter_map(|output| match output {
        KernelOutput::Message(Message::Completed { outcome, .. }) => Some(outcome),
        _ => None,
    });
    outcomes.next().expect("every command is answered")
}

pub(super) fn events(out: &[KernelOutput]) -> Vec<KernelEvent> {
    out.iter()
        .filter_map(|output| match output {
            KernelOutput::Message(Message::Event(event)) => Some(event.clone()),
            _ => None,
        })
        .collect()
}
