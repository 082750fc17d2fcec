//! The dice of a timed world: delay and loss.

use super::flight::{Fate, Plan};
use crate::scenario::AirSetup;
use crate::step::Channel;
use lapwing_core::Entropy;
use lapwing_core::entropy::SeededEntropy;
use lapwing_core::{Duration, Instant};

/// The seed of a part: each has its own, so that what one draws changes nothing for the others.
#[must_use]
pub fn seed_of(seed: u64, part: &str) -> u64 {
    let salt = crate::air::KeyPrint::of(part.as_bytes()).0;
    let mut octets = [0; 8];
    SeededEntropy(seed ^ salt).fill(&mut octets);
    u64::from_le_bytes(octets)
}

/// What decides in a timed world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Timing {
    dice: SeededEntropy,
    /// How many of a hundred frames are lost from now on, if a fault has said so.
    pub(super) loss: Option<u8>,
}

impl Timing {
    pub(super) const fn new(seed: u64) -> Self {
        Self { dice: SeededEntropy(seed), loss: None }
    }

    /// A number below `below`.
    pub(super) fn roll(&mut self, below: u64) -> u64 {
        let mut octets = [0; 8];
        self.dice.fill(&mut octets);
        u64::from_le_bytes(octets) % below.max(1)
    }

    fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let span = most.saturating_sub(least).as_micros();
        least + Duration::from_micros(self.roll(u64::try_from(span).unwrap_or(u64::MAX)))
    }

    /// Whether one of so many of a hundred.
    pub(super) fn is_one_of(&mut self, percent: u8) -> bool {
        percent > 0 && self.roll(100) < u64::from(percent)
    }

    /// How many of a hundred frames are lost now.
    pub(super) fn loss(&self, now: Instant, air: &AirSetup) -> u8 {
        if is_calm(now, air) { 0 } else { self.loss.unwrap_or(air.loss) }
    }

    /// When something arrives that goes out now, and whether.
    pub(super) fn plan(
        &mut self,
        now: Instant,
        last: Option<Instant>,
        channel: Channel,
        air: &AirSetup,
    ) -> Plan {
        let micros = Duration::from_micros;
        let (least, most) = match channel {
            Channel::Commands => (micros(5), micros(40)),
            Channel::Socket | Channel::Packets => (micros(20), micros(150)),
            Channel::Distribution => (micros(100), micros(800)),
            Channel::ToAp { .. } | Channel::FromAp { .. } => (air.delay_least, air.delay_most),
        };
        let arrival = now + self.between(least, most);
        let due = last.map_or(arrival, |last| last.max(arrival));
        let loss = self.loss(now, air);
        let fate = if !channel.is_air() {
            Fate::Arrives
        } else if self.is_one_of(loss) {
            Fate::Lost
        } else if !is_calm(now, air) && self.is_one_of(air.duplicates) {
            Fate::Doubled
        } else {
            Fate::Arrives
        };
        Plan { due, fate }
    }
}

fn is_calm(now: Instant, air: &AirSetup) -> bool {
    air.calm_after.is_some_and(|calm| now >= super::START + calm)
}
