//! What becomes of frames: a machine without clock and sockets. Everything that happens goes in as an [`Event`], and
//! what is to be done comes out as [`Action`]s.
//!
//! A frame to one radio is acknowledged if that radio took it (the driver says so: one on another channel does not)
//! and no rule loses the acknowledgement. Who has which address is told by the driver for interfaces, and learned from
//! what radios send for links of multi-link devices, of which the driver says nothing: each frame from the address that
//! it is sent from, association requests from their Per-STA Profiles. A frame to an address that nobody is known to have
//! is heard by all, and acknowledged by none.

mod addresses;
mod chance;

use crate::rule::{Effect, LATEST, Rules, Way};
use addresses::Addresses;
use chance::Chance;
use lapwing_core::Instant;
use lapwing_frames::MacAddr;
use lapwing_linux::hwsim::{Frame, RATES, Rate, Request, flags};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many copies may be on their way late. More are lost: the driver of a radio holds a hundred frames itself.
const LATE: usize = 4096;
/// How many frames may wait for what comes of them. The driver forgets those of a radio beyond a hundred.
const FLYING: usize = 4096;
/// The shortest frame that the driver takes back, in octets: others are control frames that it does not let through.
const SHORTEST: usize = 24;
/// The lowest rate index that is no rate of every band.
const RATES_OF_EVERY_BAND: i8 = 8;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A radio sends a frame.
    Sent(Frame),
    /// What became of an [`Action::Deliver`] with a number.
    Taken {
        /// The number.
        arrival: u64,
        /// Whether the radio took it.
        accepted: bool,
    },
    /// There is a radio, with these two addresses.
    RadioAdded {
        /// The one by which the driver knows it.
        radio: MacAddr,
        /// The one that its first interface begins with.
        address: MacAddr,
    },
    /// A radio is gone.
    RadioRemoved(MacAddr),
    /// A radio hears an address.
    AddressAdded {
        /// The radio.
        radio: MacAddr,
        /// The address.
        address: MacAddr,
    },
    /// A radio does not hear an address any more.
    AddressRemoved {
        /// The radio.
        radio: MacAddr,
        /// The address.
        address: MacAddr,
    },
    /// Time has passed.
    Tick,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Have a radio hear a frame.
    Deliver {
        /// By which an [`Event::Taken`] is to say what became of it; none if nobody wants to know.
        arrival: Option<u64>,
        /// The radio.
        receiver: MacAddr,
        /// The octets.
        octets: Arc<[u8]>,
        /// The channel, in MHz.
        frequency: u32,
        /// The rate's index in its band.
        rate: u32,
        /// How strong it arrives, in dBm.
        signal: i32,
    },
    /// Tell a radio what came of its frame.
    Report {
        /// The radio.
        transmitter: MacAddr,
        /// The frame's number.
        cookie: u64,
        /// See [`flags`].
        flags: u32,
        /// How strong the acknowledgement arrived, in dBm.
        signal: i32,
        /// What was tried.
        rates: [Rate; RATES],
    },
}

impl Action {
    /// As a request to the driver.
    #[must_use]
    pub fn request(&self) -> Request {
        match self {
            Self::Deliver { arrival: _, receiver, octets, frequency, rate, signal } => Request::Deliver {
                receiver: *receiver,
                octets: octets.to_vec(),
                frequency: *frequency,
                rate: *rate,
                signal: *signal,
            },
            Self::Report { transmitter, cookie, flags, signal, rates } => Request::Report {
                transmitter: *transmitter,
                cookie: *cookie,
                flags: *flags,
                signal: *signal,
                rates: *rates,
            },
        }
    }
}

/// The medium.
#[derive(Clone, Debug)]
pub struct Medium {
    /// The rules.
    pub rules: Rules,
    addresses: Addresses,
    chance: Chance,
    /// Frames of which it is not known yet what became of them, by number.
    flying: BTreeMap<u64, Flight>,
    /// Copies that arrive later.
    late: BTreeMap<(Instant, u64), Copy>,
    /// The frame to which an arrival belongs.
    arrivals: BTreeMap<u64, (u64, MacAddr)>,
    next: u64,
}

/// A frame in flight.
#[derive(Clone, Debug)]
struct Flight {
    frame: Frame,
    /// How many copies have not arrived, or have and nobody said what became of them.
    open: usize,
    /// Who took it.
    taken_by: Option<MacAddr>,
}

/// A frame on its way to one radio.
#[derive(Clone, Debug)]
struct Copy {
    flight: u64,
    receiver: MacAddr,
    octets: Arc<[u8]>,
    frequency: u32,
    rate: u32,
    signal: i32,
    /// Whether it matters who takes it.
    asked: bool,
}

impl Medium {
    /// A medium that knows no radio and no rule. The number decides what is lost by chance.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            rules: Rules::default(),
            addresses: Addresses::default(),
            chance: Chance::new(seed),
            flying: BTreeMap::new(),
            late: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            next: 0,
        }
    }

    /// When [`Event::Tick`] is wanted: something arrives late.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.late.first_key_value().map(|((when, _), _)| *when)
    }

    /// The addresses that a radio is known to have, its own two first.
    #[must_use]
    pub fn addresses(&self, radio: MacAddr) -> Vec<MacAddr> {
        self.addresses.of(radio)
    }

    /// The radio that has an address.
    #[must_use]
    pub fn owner(&self, address: MacAddr) -> Option<MacAddr> {
        self.addresses.owner(address)
    }

    /// Takes what happened.
    pub fn turn(&mut self, now: Instant, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::Sent(frame) => self.sent(now, frame, &mut actions),
            Event::Taken { arrival, accepted } => self.taken(arrival, accepted, &mut actions),
            Event::RadioAdded { radio, address } => self.addresses.add_radio(radio, address),
            Event::RadioRemoved(radio) => self.addresses.remove_radio(radio),
            Event::AddressAdded { radio, address } => self.addresses.add(radio, address),
            Event::AddressRemoved { radio, address } => self.addresses.remove(radio, address),
            Event::Tick => {}
        }
        while let Some(entry) = self.late.first_entry().filter(|entry| entry.key().0 <= now) {
            let copy = entry.remove();
            self.arrives(copy, &mut actions);
        }
        actions
    }

    fn sent(&mut self, now: Instant, frame: Frame, actions: &mut Vec<Action>) {
        let to = address(&frame.octets, 4);
        self.addresses.learn(frame.transmitter, &frame.octets);
        let group = to.is_none_or(MacAddr::is_group);
        let owner = to.filter(|_| !group).and_then(|to| self.addresses.owner(to));
        let wants_acknowledgement = frame.flags & flags::NO_ACKNOWLEDGEMENT == 0;
        let asked = wants_acknowledgement && owner.is_some();
        let flight = self.number();
        let receivers: Vec<MacAddr> = match owner {
            _ if frame.octets.len() < SHORTEST => Vec::new(),
            Some(owner) => vec![owner],
            None => self.addresses.radios().collect(),
        };
        let from = self.addresses.of(frame.transmitter);
        let (mut about, mut all) = (Vec::new(), Effect::default());
        if group {
            about.extend(self.judge(&frame, &from, None, false, &mut all));
        }
        let octets: Arc<[u8]> = frame.octets.as_slice().into();
        let mut open = 0;
        for receiver in receivers.into_iter().filter(|receiver| *receiver != frame.transmitter) {
            // What was said of the whole group holds for each unless a rule says otherwise of that one.
            let mut effect = all.clone();
            let hearer = self.addresses.of(receiver);
            about.extend(self.judge(&frame, &from, Some(&hearer), false, &mut effect));
            if effect.drop || self.chance.happens(effect.loss) {
                continue;
            }
            let octets = if effect.corrupt { damaged(&octets) } else { octets.clone() };
            for _ in 0..if effect.duplicate { 2 } else { 1 } {
                let copy = Copy {
                    flight,
                    receiver,
                    octets: octets.clone(),
                    frequency: frame.frequency,
                    rate: rate(&frame.rates),
                    signal: i32::from(effect.signal) / 100,
                    asked,
                };
                open += usize::from(asked);
                let delay = effect.delay.min(LATEST);
                if delay.is_zero() || self.late.len() >= LATE {
                    self.arrives(copy, actions);
                } else {
                    let number = self.number();
                    self.late.insert((now + delay, number), copy);
                }
            }
        }
        about.sort_unstable();
        about.dedup();
        self.rules.count(&about);
        let ended = Flight { frame, open, taken_by: None };
        if open == 0 {
            return self.land(ended, actions);
        }
        self.flying.insert(flight, ended);
        if self.flying.len() > FLYING
            && let Some((_, oldest)) = self.flying.pop_first()
        {
            self.land(oldest, actions);
        }
    }

    fn arrives(&mut self, copy: Copy, actions: &mut Vec<Action>) {
        let arrival = copy.asked.then(|| self.number());
        if let Some(arrival) = arrival {
            self.arrivals.insert(arrival, (copy.flight, copy.receiver));
        }
        let Copy { receiver, octets, frequency, rate, signal, .. } = copy;
        actions.push(Action::Deliver { arrival, receiver, octets, frequency, rate, signal });
    }

    fn taken(&mut self, arrival: u64, accepted: bool, actions: &mut Vec<Action>) {
        let Some((number, receiver)) = self.arrivals.remove(&arrival) else { return };
        let Some(flight) = self.flying.get_mut(&number) else { return };
        flight.open = flight.open.saturating_sub(1);
        if accepted {
            flight.taken_by = Some(receiver);
        }
        if flight.open == 0
            && let Some(flight) = self.flying.remove(&number)
        {
            self.land(flight, actions);
        }
    }

    /// Nothing more becomes of a frame: its sender is told.
    fn land(&mut self, flight: Flight, actions: &mut Vec<Action>) {
        let Flight { frame, taken_by, .. } = flight;
        let mut effect = Effect::default();
        let acknowledged = taken_by.is_some_and(|receiver| {
            let (back, sender) = (self.addresses.of(receiver), self.addresses.of(frame.transmitter));
            let about = self.judge(&frame, &back, Some(&sender), true, &mut effect);
            self.rules.count(&about);
            !effect.drop && !self.chance.happens(effect.loss)
        });
        let mut rates = frame.rates;
        if acknowledged || frame.flags & flags::NO_ACKNOWLEDGEMENT != 0 {
            // It was sent once, at the first rate.
            rates = [Rate::NONE; RATES];
            if let (Some(first), Some(tried)) = (rates.first_mut(), frame.rates.first()) {
                *first = Rate { count: 1, ..*tried };
            }
        }
        actions.push(Action::Report {
            transmitter: frame.transmitter,
            cookie: frame.cookie,
            flags: frame.flags | if acknowledged { flags::ACKNOWLEDGED } else { 0 },
            signal: i32::from(effect.signal) / 100,
            rates,
        });
    }

    fn judge(
        &self,
        frame: &Frame,
        from: &[MacAddr],
        to: Option<&[MacAddr]>,
        acknowledgement: bool,
        effect: &mut Effect,
    ) -> Vec<u32> {
        let way = Way { from, to, octets: &frame.octets, frequency: frame.frequency, acknowledgement };
        self.rules.judge(&way, effect)
    }

    fn number(&mut self) -> u64 {
        self.next = self.next.wrapping_add(1);
        self.next
    }
}

/// The address at a place of a frame.
fn address(octets: &[u8], at: usize) -> Option<MacAddr> {
    octets.get(at..)?.first_chunk().copied().map(MacAddr)
}

/// The frame with a bit of its last octet changed.
fn damaged(octets: &[u8]) -> Arc<[u8]> {
    let mut octets = octets.to_vec();
    if let Some(last) = octets.last_mut() {
        *last ^= 1;
    }
    octets.into()
}

/// The index of the first rate, where it is one that every band has and no MCS.
fn rate(rates: &[Rate; RATES]) -> u32 {
    let plain = |rate: &&Rate| rate.flags & Rate::MCS == 0 && rate.index < RATES_OF_EVERY_BAND;
    rates.first().filter(plain).and_then(|rate| u32::try_from(rate.index).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
