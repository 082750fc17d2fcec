//! What the explorer has found in the product: each schedule by which it broke a rule, and holds it now.

use lapwing_world::Step;
use lapwing_world::explore::scene::Scene;
use lapwing_world::explore::{Schedule, run};

/// Lets a schedule happen in a scene; what of it cannot happen any more is left out.
#[track_caller]
fn holds(scene: &str, schedule: &str, settles: bool) {
    let steps = schedule.split_whitespace().map(|step| step.parse::<Step>().unwrap()).collect();
    let scene = Scene::named(scene, 7).unwrap();
    let failure = run(&scene, &Schedule { steps, settles });
    assert!(failure.is_none(), "{}", failure.unwrap().violation);
}

/// The access point was switched off and on between commit and confirm. It knew nothing of the commit, said so with
/// status 1, and the station took that for a word about the password: it never tried again.
#[test]
fn an_access_point_that_restarts_within_sae_is_no_wrong_password() {
    holds(
        "small-two+connected",
        "fault:0 lose:from-0.0 time time socket socket socket commands to-1.0 fault:2",
        true,
    );
}

/// The access point removes a link, and the station drops it from its picture.
#[test]
fn a_removed_link_is_gone_from_the_picture() {
    holds("small-links+connected", "fault:0 time socket time", false);
}
