//! SAE: its frame bodies, and both machines on whatever the air brings. The curves are sham, so that a run is
//! spent on the machines.

use crate::Target;
use lapwing_core::{
    Instant, Means,
    curve::{Group, ShamCurves},
    entropy::SeededEntropy,
    sae::{
        Commit, Confirm, Method, Password, Progress, Sae, SaeAuthenticator, Setup, authentication_data,
        authenticator::{Action, Configuration},
        from_authentication_data,
    },
};
use lapwing_frames::{MacAddr, suite::Akm};

const STATION: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 9]);
const METHODS: [Method; 2] = [Method::HashToElement, Method::HuntingAndPecking];

/// A commit that is accepted parses to the same value when it is written back.
fn commit(octets: &[u8]) {
    for method in METHODS {
        let _ = Commit::parse(octets, method, true);
        let Ok(commit) = Commit::parse(octets, method, false) else { continue };
        // A stray fragment may stand first among the rest, where it would join the element before it.
        if !commit.other.starts_with(&[242]) {
            assert!(Commit::parse(&commit.write(method), method, false) == Ok(commit));
        }
    }
}

/// A confirm that is accepted is written back octet for octet.
fn confirm(octets: &[u8]) {
    for group in Group::ALL {
        if let Ok(confirm) = Confirm::parse(octets, group.hash().output_length()) {
            assert_eq!(confirm.write(), octets);
        }
    }
}

/// A station that knows another password than the AP hears pieces of the input and the AP's answers, and
/// the AP hears the same pieces and the station's frames. Nothing in it may make one accept the other.
fn machines(octets: &[u8]) {
    let Some((&kind, mut rest)) = octets.split_first() else { return };
    let method = METHODS[usize::from(kind & 1)];
    let akm = if kind & 3 == 2 { Akm::SaeExtKey } else { Akm::Sae };
    let groups = Group::ALL.to_vec();
    let setup = Setup { own: STATION, peer: AP, akm, method, groups: groups.clone() };
    let identifier = (kind & 5 == 4).then_some(&b"guest"[..]);
    let mut station = Sae::new(setup, Password::new(b"net", b"wrong", identifier));
    let mut ap = SaeAuthenticator::new(Configuration {
        own: AP,
        akms: vec![Akm::Sae, Akm::SaeExtKey],
        groups,
        methods: METHODS.to_vec(),
        passwords: vec![
            Password::new(b"net", b"right", None),
            Password::new(b"net", b"guest", Some(b"guest")),
        ],
        token_threshold: usize::from(kind >> 7),
    });
    let mut entropy = SeededEntropy(1);
    let mut means = Means { entropy: &mut entropy, curves: &ShamCurves };
    let mut to_ap = Vec::new();
    let hear = |progress| match progress {
        Progress::Send(frame) => Some(frame),
        Progress::Accepted(_) => panic!("accepted without the password"),
        Progress::Ignored(_) | Progress::Failed(_) => None,
    };
    to_ap.extend(hear(station.start(&mut means)));
    for _ in 0..8 {
        let Some((&[length, what], after)) = rest.split_first_chunk::<2>() else { break };
        let (piece, after) = after.split_at_checked(usize::from(length)).unwrap_or((after, &[]));
        rest = after;
        let mut answers: Vec<_> = to_ap.pop().into_iter().collect();
        if let Ok(frame) = from_authentication_data(piece) {
            assert_eq!(authentication_data(&frame), piece);
            if what & 1 == 0 {
                to_ap.extend(hear(station.handle(&mut means, &frame)));
            }
            if what & 2 == 0 {
                answers.push(frame);
            }
        }
        for frame in answers {
            for action in ap.handle(Instant::default(), &mut means, STATION, &frame) {
                match action {
                    Action::Send(_, answer) if what & 4 == 0 => {
                        to_ap.extend(hear(station.handle(&mut means, &answer)));
                    }
                    Action::Send(..) => {}
                    Action::Accepted { .. } => panic!("accepted without the password"),
                }
            }
        }
        if what & 8 == 0 {
            to_ap.extend(hear(station.repeat()));
        }
        if what & 16 == 0 {
            to_ap.extend(hear(station.start(&mut means)));
        }
    }
    assert!(ap.instances().0 <= 1);
}

/// The targets.
pub const TARGETS: &[Target] =
    &[("sae_commit", commit), ("sae_confirm", confirm), ("sae_machines", machines)];
