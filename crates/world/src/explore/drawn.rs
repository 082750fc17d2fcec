//! Scenarios drawn by a number: a built-in world, with habits, troubles and wishes by chance.

use super::walk::Draw;
use crate::ap::{ApLinks, ApSecurity};
use crate::attacker::Powers;
use crate::habit::{Habit, Habits};
use crate::parts::ApOrder;
use crate::person::{At, Deed, Fault};
use crate::scenario::{Budget, Expectation, Scenario};
use lapwing_core::Duration;
use lapwing_core::radio::RadioKind;
use lapwing_frames::management::ReasonCode;

/// The worlds that are drawn from.
const BASES: &[&str] = &[
    "home",
    "crowd",
    "mlo",
    "mlo-three",
    "fullmac-external-sae",
    "fullmac-sae-offload",
    "fullmac-psk-offload",
    "fullmac-wpa2",
];

/// Of so many habits, one is had.
const RARE: u64 = 6;

/// The firmware asks nobody for SAE and waits for ever: no station can get connected, while that it does is expected here.
const UNANSWERABLE: Habit = Habit::FirmwareAsksAtOnce;

/// This trouble does not end: an attempt that it spoils is made again a minute later, which is granted three times.
const FOR_LOST_EVENTS: Duration = Duration::from_secs(180);

/// It came later than the numbers, which go on to stand for the same worlds.
const NOT_DRAWN: Habit = Habit::KernelStrictVht;

/// The most wishes of the person, and troubles, in a drawn scenario.
const MOST_DEEDS: u64 = 6;
const MOST_FAULTS: u64 = 12;

/// The scenario of a number; none if the built-in worlds are not as they should be.
#[must_use]
pub fn drawn(seed: u64) -> Option<Scenario> {
    // Far from the numbers that the parts of the world draw with the same seed.
    let mut draw = Draw(seed ^ 0x6c61_7077_696e_6721);
    let mut scenario = Scenario::named(one_of(&mut draw, BASES)?)?;
    scenario.name = String::from(WALK);
    let habits: Habits = {
        let all = Habit::ALL.iter().copied().filter(|habit| *habit != NOT_DRAWN);
        all.filter(|_| draw.below(RARE) == 0).collect()
    };
    let habits = habits.without(UNANSWERABLE);
    let is_ap = |habit: &Habit| habit.name().starts_with("ap.");
    scenario.habits = habits.iter().filter(|habit| !is_ap(habit)).collect();
    for ap in &mut scenario.aps {
        ap.habits = habits.iter().filter(is_ap).filter(|_| draw.below(2) == 0).collect();
        if ap.security == ApSecurity::Wpa3 && draw.below(3) == 0 {
            ap.security = ApSecurity::Wpa3ExtendedKey;
        }
        ap.beacon_protection = draw.below(2) == 0;
    }
    // A hidden name is found only by who knows that it is hidden.
    for network in &mut scenario.networks {
        let mut aps = scenario.aps.iter().filter(|ap| ap.ssid == network.ssid);
        network.hidden |= aps.any(|ap| ap.habits.has(Habit::ApHidesName));
    }
    scenario.faults =
        (0..draw.below(MOST_FAULTS + 1)).filter_map(|_| fault(&mut draw, &scenario)).map(at).collect();
    scenario.person = (0..draw.below(MOST_DEEDS + 1)).map(|_| at(deed(&mut draw, &scenario))).collect();
    // The last word is that one wants to be in a network.
    scenario.person.extend([at(Deed::Block(false)), at(Deed::SetUp(true)), at(Deed::Autoconnect(true))]);
    scenario.autoconnect = true;
    scenario.attacker = Powers { memory: 8, forges: draw.below(2) == 0 };
    let mut up_to = |most: u64| draw.below(most + 1) as u8;
    scenario.budget = Budget {
        losses: up_to(8),
        duplicates: up_to(4),
        delays: up_to(30),
        faults: up_to(MOST_FAULTS),
        attacks: up_to(6),
    };
    scenario.expect = Expectation::Connected(None);
    if scenario.habits.has(Habit::KernelLosesEvents) {
        scenario.bound += FOR_LOST_EVENTS;
    }
    Some(scenario)
}

/// The name of all scenarios that are drawn.
pub const WALK: &str = "walk";

fn one_of<'a, T>(draw: &mut Draw, list: &'a [T]) -> Option<&'a T> {
    list.get(draw.below(list.len().max(1) as u64) as usize)
}

/// When does not matter: an explorer chooses.
const fn at<T>(what: T) -> At<T> {
    At { after: Duration::ZERO, what }
}

fn deed(draw: &mut Draw, scenario: &Scenario) -> Deed {
    match draw.below(9) {
        0..4 => Deed::Connect(draw.below(scenario.networks.len().max(1) as u64) as u8),
        4 | 5 => Deed::Disconnect,
        6 => Deed::Autoconnect(draw.below(2) == 0),
        7 => Deed::Scan,
        _ => match draw.below(3) {
            0 => Deed::Sleep(Duration::from_secs(1 + draw.below(60))),
            1 => Deed::Block(draw.below(2) == 0),
            _ => Deed::SetUp(draw.below(2) == 0),
        },
    }
}

fn fault(draw: &mut Draw, scenario: &Scenario) -> Option<Fault> {
    let place = draw.below(scenario.aps.len().max(1) as u64) as u8;
    let ap = scenario.aps.get(usize::from(place))?;
    let order = match draw.below(12) {
        0 => return Some(Fault::Overflow),
        1 if scenario.radio.kind != RadioKind::SoftMac => {
            let (_, bss) = ap.links.iter().next()?;
            return Some(Fault::Roam(bss.bssid));
        }
        2 | 3 => ApOrder::PowerOff,
        4 => ApOrder::PowerOn,
        5 => ApOrder::ForgetPmksas,
        6 => ApOrder::ThrowOut(ReasonCode(1 + draw.below(9) as u16)),
        7 => ApOrder::RenewGroupKeys,
        8 => ApOrder::Fade(true),
        9 => ApOrder::Stop,
        _ => match &ap.links {
            ApLinks::Single(_) => ApOrder::Fade(false),
            ApLinks::Mld { links, .. } => {
                let links: Vec<_> = links.keys().copied().collect();
                let link = *one_of(draw, &links)?;
                match draw.below(3) {
                    0 => ApOrder::AddLink(link),
                    _ => ApOrder::RemoveLink { link, beacons: draw.below(10) as u16 },
                }
            }
        },
    };
    Some(Fault::Ap { ap: place, order })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_number_always_draws_the_same_and_numbers_draw_all() {
        let (mut kinds, mut habits) = (BTreeSet::new(), Habits::NONE);
        for seed in 0..200 {
            let scenario = drawn(seed).unwrap();
            assert_eq!(drawn(seed), Some(scenario.clone()));
            let hides = |ap: &&crate::ap::ApSetup| ap.habits.has(Habit::ApHidesName);
            for ap in scenario.aps.iter().filter(hides) {
                assert!(scenario.networks.iter().all(|network| network.ssid != ap.ssid || network.hidden));
            }
            kinds.insert(format!("{:?} {}", scenario.radio.kind, scenario.radio.multi_link));
            let of_aps = scenario.aps.iter().flat_map(|ap| ap.habits.iter());
            habits = of_aps.chain(scenario.habits.iter()).fold(habits, Habits::with);
        }
        assert!(!habits.has(UNANSWERABLE));
        assert_eq!(habits.with(UNANSWERABLE).with(NOT_DRAWN).iter().count(), Habit::ALL.len());
        assert!(kinds.len() >= 5, "{kinds:?}");
    }
}
