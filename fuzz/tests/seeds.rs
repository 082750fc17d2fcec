//! Every target on every seed, on each of its beginnings and with each octet changed. No libFuzzer needed.

use std::{collections::BTreeSet, fs, path::Path};

#[test]
fn targets_hold_on_their_seeds_and_what_is_near_them() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, target) in lapwing_fuzz::targets() {
        let mut seeds = 0;
        for file in fs::read_dir(corpus.join(name)).unwrap_or_else(|error| panic!("seeds of {name}: {error}"))
        {
            let path = file.unwrap().path();
            if path.is_dir() {
                continue;
            }
            let seed = fs::read(path).unwrap();
            seeds += 1;
            for length in 0..=seed.len() {
                target(&seed[..length]);
            }
            let mut changed = seed.clone();
            for at in 0..seed.len() {
                for value in [0, 1, 0x7f, 0x80, 0xff, !seed[at], seed[at] ^ 1] {
                    changed[at] = value;
                    target(&changed);
                }
                changed[at] = seed[at];
            }
            changed.extend_from_slice(&seed);
            target(&changed);
        }
        assert!(seeds > 0, "{name} has no seeds");
    }
}

#[test]
fn names_are_unique_and_every_folder_of_seeds_has_a_target() {
    let names: BTreeSet<_> = lapwing_fuzz::targets().map(|target| target.0.to_owned()).collect();
    assert_eq!(names.len(), lapwing_fuzz::targets().count());
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for folder in fs::read_dir(corpus).unwrap() {
        let folder = folder.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&folder), "{folder} is no target");
    }
}
