//! Where to look for another AP: few channels at a time, so that traffic has its turn in between, and the likely
//! ones first.

use crate::{kernel::Frequency, radio::Radio};
use alloc::{
    collections::{BTreeSet, VecDeque},
    vec::Vec,
};

/// How many channels are scanned at a time where we may send: some 120 ms without traffic, as with one passive channel.
const ACTIVE_AT_ONCE: usize = 4;

/// The channels that are to be scanned, in steps.
pub(super) type Steps = VecDeque<Vec<Frequency>>;

/// The steps: first these channels in their order, then all others of the radio if that is wanted.
pub(super) fn steps(likely: &[Frequency], others: bool, radio: &Radio) -> Steps {
    let mut seen = BTreeSet::new();
    let channel = |frequency: &Frequency| radio.channels.iter().find(|it| it.frequency == *frequency);
    let mut order: Vec<_> = likely.iter().filter_map(channel).collect();
    if others {
        // Those of 6 GHz last: where an AP has one, its other bands name it.
        let mut rest: Vec<_> = radio.channels.iter().filter(|it| it.frequency.band().is_some()).collect();
        rest.sort_by_key(|it| (it.frequency.band(), it.radar, it.no_initiating_radiation, it.frequency));
        order.extend(rest);
    }
    let mut steps = Steps::new();
    let mut room = 0;
    for channel in order.into_iter().filter(|it| !it.disabled && seen.insert(it.frequency)) {
        let cost = if channel.no_initiating_radiation || channel.radar { ACTIVE_AT_ONCE } else { 1 };
        match steps.back_mut().filter(|_| room >= cost) {
            Some(step) => {
                step.push(channel.frequency);
                room -= cost;
            }
            None => {
                steps.push_back(Vec::from([channel.frequency]));
                room = ACTIVE_AT_ONCE - cost;
            }
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::radio::Channel;

    fn channels() -> Vec<Channel> {
        let channel = |frequency: u32| Channel {
            frequency: Frequency(frequency),
            disabled: frequency == 2472,
            no_initiating_radiation: frequency == 5955,
            radar: (5260..5720).contains(&frequency),
        };
        [5955, 2412, 2437, 2462, 2472, 5180, 5200, 5260, 5280, 5745].map(channel).to_vec()
    }

    fn steps_of(likely: &[u32], others: bool) -> Vec<Vec<u32>> {
        let radio = Radio { channels: channels(), ..crate::fixtures::radio(&[]) };
        let likely: Vec<_> = likely.iter().copied().map(Frequency).collect();
        steps(&likely, others, &radio)
            .into_iter()
            .map(|step| step.into_iter().map(|it| it.0).collect())
            .collect()
    }

    #[test]
    fn likely_channels_come_first_few_at_a_time_and_each_once() {
        assert_eq!(steps_of(&[5180, 2412, 5180], false), [[5180, 2412]]);
        assert_eq!(
            steps_of(&[5260, 5745], true),
            [&[5260][..], &[5745, 2412, 2437, 2462], &[5180, 5200], &[5280], &[5955]]
        );
    }

    #[test]
    fn a_channel_that_the_radio_does_not_have_or_must_not_use_is_not_scanned() {
        assert_eq!(steps_of(&[2472, 5825, 1], false), Vec::<Vec<u32>>::new());
    }
}
