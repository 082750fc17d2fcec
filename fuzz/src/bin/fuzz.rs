//! libFuzzer around the target that the environment variable `LAPWING_FUZZ` names.
//!
//! One program for all targets: a link each would take longer than the fuzzing in CI.
#![no_main]

use std::sync::OnceLock;

static TARGET: OnceLock<fn(&[u8])> = OnceLock::new();

/// Looks the target up, or ends the process with the names there are, each with what it reads.
fn choose() -> fn(&[u8]) {
    let name = std::env::var("LAPWING_FUZZ").unwrap_or_default();
    lapwing_fuzz::find(&name).unwrap_or_else(|| {
        eprintln!("set LAPWING_FUZZ to a target:");
        for (reads, targets) in lapwing_fuzz::GROUPS {
            targets.iter().for_each(|target| println!("{}\t{reads}", target.0));
        }
        std::process::exit(2)
    })
}

libfuzzer_sys::fuzz_target!(
    init: { TARGET.get_or_init(choose); },
    |data: &[u8]| TARGET.get_or_init(choose)(data)
);
