//! The first WPA and RSN with TKIP: a supplicant whose access point says what it likes, behind the MIC too.

use crate::Target;
use lapwing_core::{
    entropy::SeededEntropy,
    kernel::{KeyKind, KeyRequest},
    rsn::{Supplicant, supplicant::Output},
};
use old::{CASES, OldAp, Step, pmk};

// The old access point's own tests need more of it.
#[allow(dead_code)]
#[path = "../../crates/core/tests/handshake/first_wpa/old_ap.rs"]
mod old;

/// No input makes more moves: what takes longer is several inputs.
const MOVES: usize = 24;
/// No frame is answered by more than this.
const OUTPUTS: usize = 16;

struct Pair {
    station: Supplicant,
    ap: OldAp,
    entropy: SeededEntropy,
    installed: Vec<KeyRequest>,
}

impl Pair {
    /// A frame reaches the station; its answers.
    fn give(&mut self, octets: &[u8], encrypted: bool) -> Vec<Vec<u8>> {
        let mut outputs = Vec::new();
        self.station.handle(&mut self.entropy, octets, encrypted, &mut outputs);
        assert!(outputs.len() <= OUTPUTS, "a frame without end");
        let mut answers = Vec::new();
        for output in outputs {
            match output {
                Output::SendKeyFrame { octets, .. } => answers.push(octets),
                Output::InstallKey(key) => {
                    assert!(self.ap.ptk.is_some(), "a key that nobody could have agreed on");
                    let again = self.installed.iter().any(|before| {
                        before.kind == key.kind && before.index == key.index && before.key == key.key
                    });
                    assert!(!again, "a key is installed twice");
                    self.installed.push(key);
                }
                Output::Secured => {
                    let has = |group| self.installed.iter().any(|key| (key.kind == KeyKind::Group) == group);
                    assert!(has(true) && has(false), "the port is open before there are keys");
                }
                _ => {}
            }
        }
        answers
    }

    fn step(&mut self, what: u8, how: u8, octets: &[u8]) {
        let knows = self.ap.ptk.is_some();
        match what & 7 {
            0 | 1 => {
                let Some((message, encrypted)) = self.ap.message() else { return };
                for answer in self.give(&message, encrypted) {
                    self.ap.handle(&answer);
                }
            }
            2 => {
                let Some((mut message, encrypted)) = self.ap.message() else { return };
                for (octet, change) in message.iter_mut().skip(usize::from(how)).zip(octets) {
                    *octet ^= change;
                }
                self.give(&message, encrypted);
            }
            3 => drop(self.give(octets, how & 1 != 0)),
            4 if knows => {
                let message = self.ap.third(Some(octets.to_vec()));
                self.give(&message, how & 1 != 0);
            }
            5 if knows => {
                self.ap.gtk = octets.to_vec();
                self.ap.index = how & 3;
                let message = self.ap.group();
                self.give(&message, how & 4 == 0);
            }
            6 => self.ap.step = Step::Second,
            _ => self.ap.counter = self.ap.counter.saturating_sub(u64::from(how)),
        }
    }
}

fn first_wpa(octets: &[u8]) {
    let Some((&what, mut rest)) = octets.split_first() else { return };
    let case = CASES[usize::from(what) % CASES.len()];
    let (station, ap) = (case.station(&pmk()), OldAp::new(case));
    let mut pair = Pair { station, ap, entropy: SeededEntropy(u64::from(what)), installed: Vec::new() };
    for _ in 0..MOVES {
        let Some((&[what, how, length], after)) = rest.split_first_chunk::<3>() else { break };
        let (octets, after) = after.split_at_checked(usize::from(length)).unwrap_or((after, &[]));
        rest = after;
        pair.step(what, how, octets);
    }
}

/// The targets.
pub const TARGETS: &[Target] = &[("first_wpa", first_wpa)];
