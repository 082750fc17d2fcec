//! Frames of strangers, old frames, and frames with an octet changed, at every moment.

use super::air::{Air, HOME, address, network};
use lapwing_core::{
    Duration,
    dpp::{Bootstrapping, Event, Part, Session},
};
use lapwing_frames::MacAddr;

const MINUTE: Duration = Duration::from_secs(60);

fn begin(with: &Session) -> Bootstrapping {
    Bootstrapping::Begin(with.uri(), vec![HOME])
}

fn air(seed: u64) -> Air {
    let parts = [(Part::Enrollee, None), (Part::Configurator(network()), Some(HOME))];
    Air::new(seed, parts, Bootstrapping::Announce(vec![HOME]), begin)
}

/// The frames of a good run.
fn recorded() -> Vec<super::air::Sent> {
    let mut air = air(1);
    air.run(MINUTE);
    air.assert_handed_over();
    air.log
}

/// A world in which each frame is followed by what `spoil` makes of it.
fn disturbed(from: Option<MacAddr>, spoil: impl Fn(&[u8]) -> Vec<Vec<u8>>) {
    for side in [0, 1] {
        let mut air = air(1);
        // Before, between and behind.
        for _ in 0..8 {
            for sent in recorded() {
                for body in spoil(&sent.body) {
                    let from = from.unwrap_or_else(|| address(1 - side));
                    air.give(side, &Event::Frame { from, frequency: Some(HOME), body: &body });
                }
            }
            let at = air.sides.iter().filter_map(|side| side.session.next_deadline()).min();
            air.run(at.map_or(Duration::ZERO, |at| at.since(air.now)));
        }
        air.log.clear();
        air.run(2 * MINUTE);
        assert_eq!(air.sides[0].provisioned, [network()], "side {side}");
    }
}

#[test]
fn frames_of_another_exchange_change_nothing() {
    // The same octets, drawn from another seed, are what somebody else's exchange looks like.
    let mut other = air(99);
    other.run(MINUTE);
    let old: Vec<_> = other.log.into_iter().map(|sent| sent.body).collect();
    for from in [None, Some(MacAddr([2, 9, 9, 9, 9, 9]))] {
        disturbed(from, |_| old.clone());
    }
}

#[test]
fn a_frame_with_another_octet_is_as_good_as_lost() {
    let log = recorded();
    for (number, sent) in log.iter().enumerate() {
        for at in (2..sent.body.len()).step_by(11) {
            let mut air = air(1);
            air.forges = Some((number + 1, at));
            air.run(3 * MINUTE);
            assert_eq!(air.sides[0].provisioned, [network()], "frame {number}, octet {at}");
        }
    }
}

#[test]
fn cut_frames_and_groups_as_senders_change_nothing() {
    disturbed(None, |body| (0..body.len()).step_by(9).map(|length| body[..length].to_vec()).collect());
    disturbed(Some(MacAddr::BROADCAST), |body| vec![body.to_vec()]);
}
