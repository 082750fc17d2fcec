//! What the explorer has found in the product: each schedule by which it broke a rule, and holds it now.
// A test may fail by panicking; the configuration's exception is for functions with #[test] only.
#![allow(clippy::unwrap_used)]

use lapwing_world::Step;
use lapwing_world::explore::scene::Scene;
use lapwing_world::explore::{Schedule, run};

/// Lets a schedule happen in a scene; what of it cannot happen any more is left out.
#[track_caller]
fn holds(scene: &str, schedule: &str, settles: bool) {
    holds_by(scene, 7, schedule, settles);
}

/// The same with other random numbers.
#[track_caller]
fn holds_by(scene: &str, seed: u64, schedule: &str, settles: bool) {
    let steps = schedule.split_whitespace().map(|step| step.parse::<Step>().unwrap()).collect();
    let scene = Scene::named(scene, seed).unwrap();
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

/// A commit was sent twice, the access point was switched off and on between the two, and so answered each
/// otherwise. The station went by the first answer, the access point by its second, and the confirm was refused:
/// that is no word about the password either.
#[test]
fn a_commit_that_was_answered_twice_is_no_wrong_password() {
    let schedule = "fault:0 lose:from-0.0 time socket time socket socket commands time to-1.0 fault:2";
    holds("small-two+connected", schedule, true);
}

/// The person left while a commit was under way. The access point answered it five seconds later, in the midst of
/// the next exchange.
#[test]
fn an_answer_to_the_exchange_before_is_no_wrong_password() {
    let to_the_commit = "start commands socket commands socket commands socket commands socket socket time socket \
                         commands socket commands to-0.0";
    holds("small-attacker", &format!("{to_the_commit} person commands socket socket socket time"), true);
}

/// Somebody near refused an authentication in the access point's name. Its own answer to the commit came in the midst
/// of the next exchange, and made the station believe for good that the password is wrong.
#[test]
fn a_forged_refusal_is_no_wrong_password() {
    let schedule = "start commands socket commands socket commands socket commands time socket socket socket commands \
                    socket commands attack:refuse-authentication-0.0 socket socket person person";
    holds_by("small-attacker", 1, schedule, true);
}

/// Firmware had learned the name of a key by the station's answer to its wish for SAE, and the connection came to
/// nothing before the station kept that key. The access point refused the key from then on, the firmware offered it each
/// time and never asked for SAE again, and the station had it forget nothing, since it had told it nothing.
#[test]
fn firmware_that_keeps_to_a_refused_key_is_made_to_forget_it() {
    let schedule = "start commands commands socket socket commands socket commands socket commands time socket time \
                    commands socket socket socket commands socket time socket commands to-0.0 socket from-0.0 socket \
                    socket commands socket to-0.0 from-0.0 socket socket commands socket to-0.0 from-0.0 from-0.0 \
                    socket time socket commands socket to-0.0 from-0.0 socket socket commands to-0.0 commands \
                    commands commands commands time";
    holds_by("walk", 4, schedule, true);
}

/// Messages 1 of the access point that had been on their way for long came in a row after it had acknowledged message 2:
/// the station took each for a sign that the key in it is wrong, and gave the network up for a wrong passphrase.
#[test]
fn messages_1_that_were_on_their_way_are_no_wrong_passphrase() {
    let schedule = "start commands commands commands socket commands socket socket commands socket socket socket time \
                    socket commands socket commands socket time time time time time to-0.0 socket to-0.0 to-0.0 commands \
                    time time socket socket socket commands socket commands time from-0.0 socket from-0.0 time from-0.0 \
                    time to-0.0 from-0.0 to-0.0 to-0.0 time from-0.0 to-0.0 time time socket from-0.0 socket commands \
                    socket from-0.0 time from-0.0 from-0.0 from-0.0 socket commands to-0.0";
    holds_by("walk", 0x34, schedule, true);
    let schedule = "start commands socket commands commands commands socket socket socket commands socket time socket \
                    socket commands socket commands socket time to-0.0 from-0.0 time to-0.0 time from-0.0 time socket \
                    to-0.0 time from-0.0 time socket commands to-0.0 from-0.0 socket from-0.0 socket";
    holds_by("walk", 0x429, schedule, true);
}

/// The AP MLD had not heard the goodbye, and answered for as long as it held the station at the link address of before.
/// Each retry began with the access point that failed, and another one of the network was not looked for.
#[test]
fn who_fails_again_and_again_is_no_reason_not_to_look_for_another() {
    let schedule = "start commands commands socket socket commands socket commands time socket socket socket fault:2 \
                    commands socket commands socket to-0.1 from-0.1 socket commands socket fault:1 to-0.1 from-0.1 \
                    socket commands socket to-0.1 time from-0.1 from-0.1 socket time from-0.1 socket socket commands \
                    to-0.0 socket commands to-0.0 socket from-0.0 socket person time time time socket socket time socket \
                    commands commands commands to-0.0 commands commands commands commands time commands time person \
                    lose:to-0.0 commands commands commands time commands commands commands time commands person commands \
                    time time commands time commands time time";
    holds_by("walk", 0x705, schedule, true);
}

/// The access point removes a link, and the station drops it from its picture.
#[test]
fn a_removed_link_is_gone_from_the_picture() {
    holds("small-links+connected", "fault:0 time socket time", false);
}
