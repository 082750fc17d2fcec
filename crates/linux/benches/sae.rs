//! What SAE costs, with RustCrypto's curves and with the product's: `cargo bench -p lapwing-linux --bench sae`.
//!
//! A party is everything a station calculates in one exchange, its password prepared: commit, the peer's
//! commit, both confirms. The table in front compares the backends; divan's tree has the distributions.
#![allow(clippy::panic, reason = "a benchmark may fail by panicking")]

use divan::Bencher;
use lapwing_core::{
    Instant, Means,
    curve::{Curves, Group, PureCurves},
    entropy::SeededEntropy,
    sae::{
        Method, Password, Progress, Sae, SaeAuthenticator, Setup,
        authenticator::{Action, Configuration},
    },
};
use lapwing_frames::{MacAddr, management::Authentication, suite::Akm};
use lapwing_linux::curves::AwsLcCurves;
use std::{hint::black_box, time};

const STATION: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 9]);

/// One exchange, from the station's side: the AP's frames are the same each time, because the station's
/// random octets are.
struct Party {
    station: Sae,
    answers: [Authentication; 2],
}

impl Party {
    fn new(group: Group, method: Method) -> Self {
        let mut password = Password::new(b"network", b"correct horse", None);
        password.prepare(&AwsLcCurves, group);
        let setup = Setup { own: STATION, peer: AP, akm: Akm::Sae, method, groups: vec![group] };
        let station = Sae::new(setup, password.clone());
        let mut ap = SaeAuthenticator::new(Configuration {
            own: AP,
            akms: vec![Akm::Sae],
            groups: vec![group],
            methods: vec![method],
            passwords: vec![password],
            token_threshold: 5,
        });
        let (mut own, mut peer) = (SeededEntropy(1), SeededEntropy(2));
        let mut means = Means { entropy: &mut own, curves: &AwsLcCurves };
        let mut ap_means = Means { entropy: &mut peer, curves: &AwsLcCurves };
        let mut machine = station.clone();
        let mut progress = machine.start(&mut means);
        let answers = [(); 2].map(|()| {
            let Progress::Send(frame) = &progress else { panic!("nothing to send: {progress:?}") };
            let actions = ap.handle(Instant::default(), &mut ap_means, STATION, frame);
            let Some(Action::Send(_, answer)) = actions.into_iter().next() else { panic!("no answer") };
            progress = machine.handle(&mut means, &answer);
            answer
        });
        assert!(matches!(progress, Progress::Accepted(_)), "{progress:?}");
        Self { station, answers }
    }

    fn run(&self, curves: &dyn Curves) -> Progress {
        let mut station = self.station.clone();
        let mut means = Means { entropy: &mut SeededEntropy(1), curves };
        station.start(&mut means);
        let [commit, confirm] = &self.answers;
        station.handle(&mut means, commit);
        station.handle(&mut means, confirm)
    }
}

fn prepare(curves: &dyn Curves, group: Group) -> Password {
    let mut password = Password::new(b"network", b"correct horse", None);
    password.prepare(curves, group);
    password
}

#[divan::bench(types = [PureCurves, AwsLcCurves], args = Group::ALL)]
fn party_hash_to_element<C: Curves + Default>(bencher: Bencher<'_, '_>, group: Group) {
    let party = Party::new(group, Method::HashToElement);
    bencher.bench_local(|| party.run(&C::default()));
}

#[divan::bench(types = [PureCurves, AwsLcCurves], args = Group::ALL)]
fn party_hunting_and_pecking<C: Curves + Default>(bencher: Bencher<'_, '_>, group: Group) {
    let party = Party::new(group, Method::HuntingAndPecking);
    bencher.bench_local(|| party.run(&C::default()));
}

#[divan::bench(types = [PureCurves, AwsLcCurves], args = Group::ALL)]
fn password_to_pt<C: Curves + Default>(group: Group) -> Password {
    prepare(&C::default(), group)
}

/// The median of some hundred runs, in microseconds.
fn median<T>(mut run: impl FnMut() -> T) -> f64 {
    let mut times: Vec<_> = (0..301)
        .map(|_| {
            let start = time::Instant::now();
            black_box(run());
            start.elapsed()
        })
        .collect();
    times.sort();
    times.get(times.len() / 2).map_or(0.0, |median| median.as_secs_f64() * 1e6)
}

fn main() {
    println!("{:<34}{:>14}{:>14}{:>8}", "median, µs", "RustCrypto", "product", "ratio");
    let line = |what: &str, group: Group, run: &dyn Fn(&dyn Curves)| {
        let [pure, fast] = [&PureCurves as &dyn Curves, &AwsLcCurves].map(|curves| median(|| run(curves)));
        println!("{:<34}{pure:>14.1}{fast:>14.1}{:>8.2}", format!("{what}, {group}"), pure / fast);
    };
    for (what, method) in
        [("party, hash-to-element", Method::HashToElement), ("party, hunting", Method::HuntingAndPecking)]
    {
        for group in Group::ALL {
            let party = Party::new(group, method);
            line(what, group, &|curves| drop(black_box(party.run(curves))));
        }
    }
    for group in Group::ALL {
        line("password to PT", group, &|curves| drop(black_box(prepare(curves, group))));
    }
    println!();
    divan::main();
}
