//! Where to look for another AP: few channels at a time, so that traffic has its turn in between, and the likely
//! ones first.

use crate::{
    kernel::Frequency,
    radio::{Channel, Radio},
};
use alloc::{
    collections::{BTreeSet, VecDeque},
    vec::Vec,
};

/// How many channels are scanned at a time where we may send: some 120 ms without traffic, as with one passive channel.
const ACTIVE_AT_ONCE: usize = 4;

/// Channels that are to be scanned, in steps.
pub(super) type Steps = VecDeque<Vec<Frequency>>;

/// Where to look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Places {
    /// The likely channels.
    pub likely: Steps,
    /// All others, for when nothing is found there.
    pub others: Steps,
}

impl Places {
    /// The channels that an AP named, those where the network was heard, and all others of the radio if that is wanted.
    /// Where channels were named, all that were not are others.
    pub(super) fn new(named: &[Frequency], heard: &[Frequency], others: bool, radio: &Radio) -> Self {
        let mut seen = BTreeSet::new();
        let channel = |frequency: &Frequency| radio.channels.iter().find(|it| it.frequency == *frequency);
        let mut add = |to: &mut Steps, channels: Vec<&Channel>| {
            let mut room = 0;
            for channel in channels.into_iter().filter(|it| !it.disabled && seen.insert(it.frequency)) {
                let cost = if channel.no_initiating_radiation || channel.radar { ACTIVE_AT_ONCE } else { 1 };
                match to.back_mut().filter(|_| room >= cost) {
                    Some(step) => {
                        step.push(channel.frequency);
                        room -= cost;
                    }
                    None => {
                        to.push_back(Vec::from([channel.frequency]));
                        room = ACTIVE_AT_ONCE - cost;
                    }
                }
            }
        };
        let mut places = Self::default();
        add(&mut places.likely, named.iter().filter_map(channel).collect());
        if others {
            let heard = heard.iter().filter_map(channel).collect();
            let is_narrow = !places.likely.is_empty();
            add(if is_narrow { &mut places.others } else { &mut places.likely }, heard);
            // Those of 6 GHz last: where an AP has one, its other bands name it.
            let mut rest: Vec<_> = radio.channels.iter().filter(|it| it.frequency.band().is_some()).collect();
            rest.sort_by_key(|it| (it.frequency.band(), it.radar, it.no_initiating_radiation, it.frequency));
            add(if is_narrow { &mut places.others } else { &mut places.likely }, rest);
        }
        places
    }

    /// Once no likely channel is left, the others take their place: those that do.
    pub(super) fn widen(&mut self) -> Option<Vec<Frequency>> {
        if !self.likely.is_empty() || self.others.is_empty() {
            return None;
        }
        self.likely = core::mem::take(&mut self.others);
        Some(self.likely.iter().flatten().copied().collect())
    }

    /// Whether there is nothing more to look at.
    pub(super) fn is_empty(&self) -> bool {
        self.likely.is_empty() && self.others.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    fn channels() -> Vec<Channel> {
        let channel = |frequency: u32| Channel {
            frequency: Frequency(frequency),
            disabled: frequency == 2472,
            no_initiating_radiation: frequency == 5955,
            radar: (5260..5720).contains(&frequency),
        };
        [5955, 2412, 2437, 2462, 2472, 5180, 5200, 5260, 5280, 5745].map(channel).to_vec()
    }

    fn lists(steps: Steps) -> Vec<Vec<u32>> {
        steps.into_iter().map(|step| step.into_iter().map(|it| it.0).collect()).collect()
    }

    fn places(named: &[u32], heard: &[u32], others: bool) -> [Vec<Vec<u32>>; 2] {
        let radio = Radio { channels: channels(), ..crate::fixtures::radio(&[]) };
        let frequencies = |list: &[u32]| list.iter().copied().map(Frequency).collect::<Vec<_>>();
        let places = Places::new(&frequencies(named), &frequencies(heard), others, &radio);
        [lists(places.likely), lists(places.others)]
    }

    #[test]
    fn what_an_ap_names_comes_first_few_at_a_time_and_each_once() {
        assert_eq!(places(&[5180, 2412, 5180], &[2437], false), [vec![vec![5180, 2412]], vec![]]);
        assert_eq!(
            places(&[5260, 5745], &[5745, 5200], true),
            [
                vec![vec![5260], vec![5745]],
                vec![vec![5200], vec![2412, 2437, 2462, 5180], vec![5280], vec![5955]]
            ]
        );
    }

    #[test]
    fn where_an_ap_names_nothing_the_places_where_it_was_heard_come_first() {
        let [likely, others] = places(&[], &[5200, 2437], true);
        assert_eq!(likely, [&[5200, 2437][..], &[2412, 2462, 5180, 5745], &[5260], &[5280], &[5955]]);
        assert!(others.is_empty());
    }

    #[test]
    fn others_come_once_and_only_when_nothing_likely_is_left() {
        let step = |frequency| Steps::from([Vec::from([Frequency(frequency)])]);
        let mut places = Places { likely: step(2412), others: step(2437) };
        assert_eq!(places.widen(), None);
        places.likely.clear();
        assert_eq!(places.widen(), Some(Vec::from([Frequency(2437)])));
        assert_eq!((places.likely.len(), places.widen()), (1, None));
        places.likely.clear();
        assert!(places.is_empty());
    }

    #[test]
    fn a_channel_that_the_radio_does_not_have_or_must_not_use_is_not_scanned() {
        assert_eq!(places(&[2472, 5825, 1], &[], false), [Vec::<Vec<u32>>::new(), vec![]]);
    }
}
