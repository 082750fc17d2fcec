use super::*;
use crate::fixtures::{channel, open, radio};
use std::vec;

fn known(name: &[u8], hidden: bool, known: &[u32]) -> Network {
    Network { hidden, known_frequencies: known.to_vec(), ..open(name) }
}

fn search<'a>(networks: &'a [Network], known: &'a [Network]) -> Search<'a> {
    Search { networks: networks.iter().collect(), known, round: 0, random_address: true }
}

/// The channels of a stage.
fn channels(search: &Search<'_>, stage: Stage, radio: &Radio) -> Vec<u32> {
    let request = search.stage(stage, radio);
    request.map_or(vec![], |request| request.frequencies.iter().map(|frequency| frequency.0).collect())
}

/// A radio with the channels of a country: 12 and 13 passive, radar detection from 52 to 144, no channel 14,
/// two of 6 GHz, one of a band without networks for us.
fn radio_abroad() -> Radio {
    let mut radio = radio(&[]);
    let band2 = (0..13).map(|step| 2412 + 5 * step).chain([2484]);
    let band5 = (0..8).map(|step| 5180 + 20 * step).chain((0..12).map(|step| 5500 + 20 * step));
    let upper = (0..5).map(|step| 5745 + 20 * step);
    for frequency in band2.chain(band5).chain(upper).chain([5955, 5975, 902]) {
        radio.channels.push(Channel {
            disabled: frequency == 2484,
            no_initiating_radiation: matches!(frequency, 2467 | 2472 | 5955),
            radar: (5260..=5720).contains(&frequency),
            ..channel(frequency)
        });
    }
    radio
}

#[test]
fn the_stages_of_a_survey_are_all_channels_once() {
    let radio = radio_abroad();
    let search = search(&[], &[]);
    let mut all = vec![];
    for stage in Stage::SURVEY {
        all.extend(channels(&search, stage, &radio));
    }
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
    let usable = radio.channels.iter().filter(|it| !it.disabled && it.frequency.0 != 902);
    assert_eq!(all.len(), usable.count());
    assert_eq!(channels(&search, Stage::Common, &radio), [2412, 2437, 2462, 5180, 5200, 5220, 5240]);
    assert_eq!(channels(&search, Stage::Upper, &radio), [5745, 5765, 5785, 5805, 5825]);
    assert_eq!(channels(&search, Stage::Passive, &radio), [2467, 2472]);
    assert_eq!(channels(&search, Stage::Radar, &radio).len(), 16);
    assert_eq!(channels(&search, Stage::Band6, &radio), [5955, 5975]);
    let colocated = |stage| search.stage(stage, &radio).unwrap().colocated_6ghz;
    assert!(colocated(Stage::Band6) && !colocated(Stage::Active));
}

#[test]
fn each_stage_is_followed_by_the_next() {
    let mut stages = vec![Stage::Known];
    while let Some(next) = stages.last().and_then(|stage| stage.next()) {
        stages.push(next);
    }
    assert_eq!(stages[1..], Stage::SURVEY);
}

#[test]
fn a_radio_that_names_no_channels_scans_them_all() {
    let radio = radio(&[]);
    let search = search(&[], &[]);
    let requests: Vec<_> = Stage::SURVEY.iter().filter_map(|stage| search.stage(*stage, &radio)).collect();
    assert_eq!(requests.len(), 1);
    assert!(requests[0].frequencies.is_empty());
}

#[test]
fn known_channels_come_in_the_order_of_networks_and_only_usable_ones() {
    let mut radio = radio(&[2412, 5180, 5500, 5745]);
    radio.channels[2].disabled = true;
    radio.random_scan_address = true;
    let networks =
        [known(b"a", false, &[5180, 2412]), known(b"b", true, &[5500, 9999]), known(b"c", false, &[5745])];
    let request = search(&networks, &[]).stage(Stage::Known, &radio).unwrap();
    assert_eq!(request.frequencies, [Frequency(5180), Frequency(5745), Frequency(2412)]);
    assert_eq!(request.ssids, [Ssid::default(), Ssid::new(b"b").unwrap()]);
    assert!(request.random_address && !request.colocated_6ghz);
    assert_eq!(search(&networks[1..2], &[]).stage(Stage::Known, &radio), None);
    let wide = crate::fixtures::radio(&(1..100).collect::<Vec<_>>());
    let many = [known(b"a", false, &(1..100).collect::<Vec<_>>())];
    assert_eq!(channels(&search(&many, &[]), Stage::Known, &wide).len(), MAX_KNOWN);
}

#[test]
fn a_network_never_joined_is_looked_for_where_others_are() {
    let mut radio = radio(&[2412, 2437, 5180, 5500]);
    radio.channels[3].radar = true;
    let others =
        [known(b"a", false, &[5180]), known(b"b", false, &[5500, 2412]), known(b"c", false, &[5500, 5180])];
    let new = [open(b"new")];
    assert_eq!(channels(&search(&new, &others), Stage::Known, &radio), [5180, 2412]);
    // Its own channels are better than those of others.
    let own = [known(b"own", false, &[5500])];
    assert_eq!(channels(&search(&own, &others), Stage::Known, &radio), [5500]);
    assert_eq!(search(&new, &[]).stage(Stage::Known, &radio), None);
}

#[test]
fn hidden_names_take_turns() {
    let radio = |fit| Radio { max_scan_ssids: fit, ..radio(&[2412]) };
    let networks: Vec<_> = (0..5).map(|number| known(&[number], true, &[])).collect();
    let names = |networks: &[Network], round, fit| {
        let search = Search { round, ..search(networks, &[]) };
        let request = search.stage(Stage::Common, &radio(fit)).unwrap();
        request.ssids.iter().map(|ssid| ssid.octets().to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(names(&networks, 0, 3), [vec![], vec![0], vec![1]]);
    assert_eq!(names(&networks, 1, 3), [vec![], vec![2], vec![3]]);
    assert_eq!(names(&networks, 2, 3), [vec![], vec![4], vec![0]]);
    assert_eq!(names(&networks, 0, 20).len(), 6);
    // Where one fits, it is the name that is looked for; among networks that announce theirs, in turn.
    for fit in [0, 1] {
        assert_eq!(names(&networks[1..2], 0, fit), [[1]]);
        let mixed = [open(b"open"), networks[1].clone(), networks[2].clone()];
        assert_eq!(
            (0..4).map(|round| names(&mixed, round, fit)).collect::<Vec<_>>(),
            [[vec![]], [vec![1]], [vec![]], [vec![2]]]
        );
        assert_eq!(names(&[], 0, fit), [vec![0_u8; 0]]);
    }
    let twin = search(&[], &[]).channel(Frequency(2412), Ssid::new(b"twin").ok(), &radio(1));
    assert_eq!((twin.ssids, twin.frequencies), (vec![Ssid::new(b"twin").unwrap()], vec![Frequency(2412)]));
}
