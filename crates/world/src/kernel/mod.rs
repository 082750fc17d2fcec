//! The kernel: cfg80211 with the BSS table and every check of a command, above a driver: mac80211, or one of
//! firmware that connects by itself.
//!
//! A command is performed whole, under the wiphy's mutex, so that it sees each state before or after a change, never
//! between. On the one socket the answers and events stand in the order in which they came to be. What a driver of
//! firmware reports is put on a list, and a work item takes note of it later: that is a [`KernelInput::Tick`], which
//! may come before or after other inputs of the same moment.

mod cfg80211;
pub mod driver;
mod events;
pub mod firmware;
mod keys;
pub mod mac80211;
mod power;
mod read;
mod scan;
pub mod shared;
pub mod table;

#[cfg(test)]
mod tests;

pub use driver::{Denial, Driver};

use crate::air::KeyPrint;
use crate::habit::{Habit, Habits};
use crate::parts::{Command, KernelInput, KernelOutput, Message};
use driver::{Completion, Context, Operation, Stimulus};
use lapwing_core::Instant;
use lapwing_core::attempt::Ticket;
use lapwing_core::curve::Curves;
use lapwing_core::kernel::{Connection, Frequency, Interface, KernelEvent, Refusal, Reply};
use lapwing_core::radio::{Channel, Radio, RadioKind};
use lapwing_frames::element::ElementId;
use lapwing_frames::management::ReasonCode;
use lapwing_frames::{LinkId, MacAddr, Ssid};
use shared::Shared;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use table::Table;

/// What a kernel and its radio are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KernelSetup {
    /// The interface.
    pub interface: Interface,
    /// Its name at first.
    pub name: String,
    /// Its address at first.
    pub address: MacAddr,
    /// What the radio can do.
    pub radio: Radio,
    /// The habits of kernel and firmware.
    pub habits: Habits,
    /// Where random numbers start.
    pub entropy: u64,
    /// Whether the lines of the kernel's log are wanted ([`KernelOutput::Console`]).
    pub words: bool,
}

/// What is the case in the kernel, for checkers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Truth {
    /// Whether the interface is there, and up.
    pub up: bool,
    /// Whether something is under way: a scan, an attempt to connect, a command that blocks, work for later.
    pub busy: bool,
    /// Whether the firmware has lost or left the connection, and the kernel has not taken note of that yet.
    pub ending: bool,
    /// The connection.
    pub held: Option<Held>,
}

/// A connection as the kernel holds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    /// The AP, or the AP MLD.
    pub peer: MacAddr,
    /// The network.
    pub ssid: Ssid,
    /// Whether the port is open.
    pub authorized: bool,
    /// The links; none unless it is a multi-link connection.
    pub links: BTreeMap<LinkId, HeldLink>,
    /// The links that the kernel's entry of the AP has: the same, in a kernel without bad habits.
    pub station_links: BTreeSet<LinkId>,
    /// The pairwise keys by their index.
    pub pairwise: BTreeMap<u8, KeyPrint>,
    /// The group keys by link and index.
    pub group: BTreeMap<(Option<LinkId>, u8), KeyPrint>,
}

/// A link of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HeldLink {
    /// Our address on it.
    pub address: MacAddr,
    /// The AP's address on it.
    pub bssid: MacAddr,
}

/// Whether the interface is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Power {
    Up,
    Down,
    Blocked,
    Gone,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Socket {
    /// The party.
    Party,
    /// Another program.
    Rival,
}

/// A link of the current connection, as cfg80211 knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Current {
    address: MacAddr,
    bssid: MacAddr,
    frequency: Frequency,
}

/// How far the wireless device has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Wdev {
    /// Nothing.
    Idle,
    /// An association (SoftMAC) or connection (FullMAC) is under way: these BSSs stay in the table.
    Connecting { peer: Option<MacAddr>, ssid: Ssid, holding: BTreeSet<MacAddr> },
    /// Connected; without link number if it is no multi-link connection.
    Connected { peer: MacAddr, ssid: Ssid, links: BTreeMap<Option<LinkId>, Current> },
}

/// A command that waits for a driver that blocks, or for the machine to wake up.
type Waiting = (Socket, Ticket, Command);

/// What is put off to a work item.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Later {
    /// By the habit of telling EAPOL first.
    Association {
        frame: Vec<u8>,
        connection: Connection,
        channels: BTreeMap<Option<LinkId>, Frequency>,
    },
    ConnectDone(Connection),
    Roamed(Connection),
    Disconnected {
        reason: ReasonCode,
        by_ap: bool,
    },
    PortAuthorized(MacAddr),
    OwnerGone,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Scan {
    frequencies: Vec<Frequency>,
    ssids: Vec<Ssid>,
    /// When it began, if what was heard before is to be forgotten.
    flush: Option<Instant>,
}

/// The driver below.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Below {
    Mac80211(mac80211::Mac80211),
    Firmware(firmware::Firmware),
}

impl Below {
    fn driver(&self) -> &dyn Driver {
        match self {
            Self::Mac80211(driver) => driver,
            Self::Firmware(driver) => driver,
        }
    }

    fn driver_mut(&mut self) -> &mut dyn Driver {
        match self {
            Self::Mac80211(driver) => driver,
            Self::Firmware(driver) => driver,
        }
    }
}

/// The kernel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kernel {
    setup: Shared<KernelSetup>,
    name: Shared<String>,
    address: MacAddr,
    channels: Shared<Vec<Channel>>,
    power: Power,
    /// Until when the machine sleeps.
    asleep: Option<Instant>,
    table: Table,
    scan: Option<Scan>,
    wdev: Wdev,
    /// Whose connection it is (`conn_owner_nlportid`).
    owner: Option<Socket>,
    /// Whether somebody reads the party's socket.
    listening: bool,
    /// Links of a connection that is over, by the habit of clearing them late, and until when.
    late: Option<(Instant, BTreeMap<LinkId, Current>)>,
    /// When channels are left that the regulatory rules forbid by now.
    grace: Option<Instant>,
    /// Work for later, and since when.
    work: Option<(Instant, VecDeque<Later>)>,
    /// An answer that comes late by habit, and since when.
    reply: Option<(Instant, Ticket, Result<Reply, Denial>)>,
    /// The command that the driver blocks on.
    blocking: Option<(Socket, Ticket)>,
    waiting: VecDeque<Waiting>,
    below: Below,
    entropy: u64,
}

/// How long a kernel with that habit keeps the links of a connection that is over.
const LATE: Duration = Duration::from_millis(50);
/// How long a connection stays on a channel that was forbidden (`REG_ENFORCE_GRACE_MS`).
const REGULATORY_GRACE: Duration = Duration::from_secs(60);
/// The most commands that wait: more than any party has under way.
const MOST_WAITING: usize = 256;

/// Whether an element announces a channel switch.
fn is_channel_switch(id: ElementId) -> bool {
    matches!(id, ElementId::Plain(37 | 60))
}

impl Kernel {
    /// A kernel with the interface up.
    #[must_use]
    pub fn new(setup: KernelSetup) -> Self {
        let below = match setup.radio.kind {
            RadioKind::SoftMac => Below::Mac80211(mac80211::Mac80211::default()),
            _ => Below::Firmware(firmware::Firmware::default()),
        };
        Self {
            name: Shared::new(setup.name.clone()),
            address: setup.address,
            channels: Shared::new(setup.radio.channels.clone()),
            power: Power::Up,
            asleep: None,
            table: Table::default(),
            scan: None,
            wdev: Wdev::Idle,
            owner: None,
            listening: true,
            late: None,
            grace: None,
            work: None,
            reply: None,
            blocking: None,
            waiting: VecDeque::new(),
            below,
            entropy: setup.entropy,
            setup: Shared::new(setup),
        }
    }

    /// Something happens at this moment; what comes of it is appended.
    pub fn turn(&mut self, now: Instant, input: KernelInput, out: &mut Vec<KernelOutput>) {
        if self.table.has_expired(now) {
            self.table.expire(now, &self.held_bssids());
        }
        if let Some(until) = self.asleep {
            match input {
                KernelInput::Tick if until <= now => {
                    self.asleep = None;
                    self.resume(now, out);
                }
                KernelInput::Command { ticket, command } => self.wait((Socket::Party, ticket, command), out),
                KernelInput::Overflow => self.message(Message::EventsLost, out),
                KernelInput::OwnerGone => self.owner_gone(now),
                KernelInput::Block(_) | KernelInput::Remove | KernelInput::SetUp(_) => {
                    self.administer(now, input, out);
                }
                _ => {}
            }
            return;
        }
        match input {
            KernelInput::Command { ticket, command } => {
                self.listening = true;
                self.take(now, (Socket::Party, ticket, command), out);
            }
            KernelInput::Rival(command) => {
                let ticket = Ticket { attempt: None, number: u64::MAX };
                self.take(now, (Socket::Rival, ticket, command), out);
            }
            KernelInput::Heard(beacons) => self.heard(now, &beacons, out),
            KernelInput::Beacon(beacon) => {
                self.table.hear(now, &beacon, &[]);
                let (bssid, frequency) = (beacon.bssid, beacon.frequency);
                self.stimulate(now, Stimulus::Beacon { bssid, frequency }, out);
            }
            KernelInput::Received(transmission) => self.stimulate(now, Stimulus::Received(transmission), out),
            KernelInput::Transmitted { number, acknowledged } => {
                self.stimulate(now, Stimulus::Transmitted { number, acknowledged }, out);
            }
            KernelInput::PacketsLost => self.stimulate(now, Stimulus::PacketsLost, out),
            KernelInput::BeaconsLost(bssid) => self.stimulate(now, Stimulus::BeaconsLost(bssid), out),
            KernelInput::Send { destination, ethertype, payload } => {
                self.stimulate(now, Stimulus::Send { destination, ethertype, payload }, out);
            }
            KernelInput::Roam(bssid) => self.stimulate(now, Stimulus::Roam(bssid), out),
            KernelInput::OwnerGone => self.owner_gone(now),
            KernelInput::Overflow => self.message(Message::EventsLost, out),
            KernelInput::Tick => self.tick(now, out),
            input => {
                self.settle(now, out);
                self.administer(now, input, out);
            }
        }
    }

    /// Whether there is something to be calculated on curves, by whoever can.
    #[must_use]
    pub fn wants_curves(&self) -> bool {
        self.below.driver().wants_curves()
    }

    /// Calculates it.
    pub fn calculate(&mut self, now: Instant, curves: &dyn Curves, out: &mut Vec<KernelOutput>) {
        self.drive(now, out, |driver, context| driver.calculate(curves, context));
    }

    /// When it wants a [`KernelInput::Tick`].
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        if self.asleep.is_some() {
            return self.asleep;
        }
        let own = [
            self.late.as_ref().map(|(until, _)| *until),
            self.grace,
            self.work.as_ref().map(|(at, _)| *at),
            self.reply.as_ref().map(|(at, ..)| *at),
        ];
        own.into_iter().flatten().chain(self.below.driver().deadline()).min()
    }

    /// The channels that the radio is on or visits.
    #[must_use]
    pub fn frequencies(&self) -> BTreeSet<Frequency> {
        let mut frequencies = self.below.driver().frequencies();
        if let Some(scan) = &self.scan {
            frequencies.extend(&scan.frequencies);
        }
        frequencies
    }

    /// The interface's address now.
    #[must_use]
    pub const fn address(&self) -> MacAddr {
        self.address
    }

    fn tick(&mut self, now: Instant, out: &mut Vec<KernelOutput>) {
        self.reply_now(out);
        if self.late.as_ref().is_some_and(|(until, _)| *until <= now) {
            self.late = None;
        }
        if self.grace.is_some_and(|until| until <= now) {
            self.grace = None;
            self.leave_forbidden_channels(now, out);
        }
        self.do_work(now, out);
        if self.below.driver().deadline().is_some_and(|deadline| deadline <= now) {
            self.stimulate(now, Stimulus::Tick, out);
        }
    }

    /// Takes up a command, or lets it wait.
    fn take(&mut self, now: Instant, waiting: Waiting, out: &mut Vec<KernelOutput>) {
        // The command before was answered when this one was sent, and what runs under the mutex is over.
        self.reply_now(out);
        self.settle(now, out);
        if self.blocking.is_some() {
            return self.wait(waiting, out);
        }
        let (socket, ticket, command) = waiting;
        match self.perform(now, socket, command, out) {
            Ok(Some(reply)) => self.answer(now, (socket, ticket), Ok(reply), out),
            Ok(None) => self.blocking = Some((socket, ticket)),
            Err(denial) => self.answer(now, (socket, ticket), Err(denial), out),
        }
    }

    fn wait(&mut self, waiting: Waiting, out: &mut Vec<KernelOutput>) {
        if self.waiting.len() < MOST_WAITING {
            self.waiting.push_back(waiting);
        } else {
            self.message(Message::EventsLost, out);
        }
    }

    /// Takes up what waited.
    fn resume(&mut self, now: Instant, out: &mut Vec<KernelOutput>) {
        while self.blocking.is_none()
            && let Some(waiting) = self.waiting.pop_front()
        {
            self.take(now, waiting, out);
        }
    }

    fn answer(
        &mut self,
        now: Instant,
        (socket, ticket): (Socket, Ticket),
        outcome: Result<Reply, Denial>,
        out: &mut Vec<KernelOutput>,
    ) {
        if socket == Socket::Party {
            self.reply_now(out);
            self.reply = Some((now, ticket, outcome));
            if !self.setup.habits.has(Habit::KernelLateReplies) {
                self.reply_now(out);
            }
        }
    }

    fn reply_now(&mut self, out: &mut Vec<KernelOutput>) {
        if let Some((_, ticket, outcome)) = self.reply.take() {
            let outcome = outcome.map_err(Refusal::from);
            self.message(Message::Completed { ticket, outcome }, out);
        }
    }

    fn message(&self, message: Message, out: &mut Vec<KernelOutput>) {
        if self.listening {
            out.push(KernelOutput::Message(message));
        }
    }

    fn event(&mut self, event: KernelEvent, out: &mut Vec<KernelOutput>) {
        if self.setup.habits.has(Habit::KernelLosesEvents) && self.random().is_multiple_of(32) {
            self.message(Message::EventsLost, out);
        } else {
            self.message(Message::Event(event), out);
        }
    }

    /// Something happens to the driver.
    fn stimulate(&mut self, now: Instant, stimulus: Stimulus, out: &mut Vec<KernelOutput>) {
        self.drive(now, out, |driver, context| driver.happen(stimulus, context));
        self.resume(now, out);
    }

    /// Asks the driver for something.
    fn operate(
        &mut self,
        now: Instant,
        operation: Operation,
        out: &mut Vec<KernelOutput>,
    ) -> Result<Completion, Denial> {
        self.drive(now, out, |driver, context| driver.operate(operation, context))
    }

    fn drive<T>(
        &mut self,
        now: Instant,
        out: &mut Vec<KernelOutput>,
        run: impl FnOnce(&mut dyn Driver, &mut Context<'_>) -> T,
    ) -> T {
        let mut said = Vec::new();
        let mut context = Context {
            now,
            setup: &self.setup,
            name: &self.name,
            address: self.address,
            channels: &self.channels,
            table: &self.table,
            entropy: &mut self.entropy,
            said: &mut said,
        };
        let answer = run(self.below.driver_mut(), &mut context);
        for indication in said {
            self.indicated(now, indication, out);
        }
        answer
    }

    fn random(&mut self) -> u64 {
        driver::random(&mut self.entropy)
    }

    fn is_softmac(&self) -> bool {
        self.setup.radio.kind == RadioKind::SoftMac
    }
}
