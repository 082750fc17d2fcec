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

/// The kernel said that the interface is up while a scan was asked for that it then refused, as the interface was down. The
/// station waited for a word that it had heard already.
#[test]
fn the_word_that_the_interface_is_up_is_not_missed() {
    let schedule = "start commands commands person socket fault:3 socket commands commands commands socket socket \
                    socket commands time socket socket commands";
    holds_by("walk", 4486, schedule, true);
}

/// Firmware that does not know SET_PMKSA kept the name of the key that came with the answer to its wish for SAE. The access
/// point refused that key from then on, and nothing could make the firmware forget it.
#[test]
fn firmware_that_cannot_be_made_to_forget_a_key_is_not_told_its_name() {
    let schedule = "start commands commands commands socket socket commands socket socket commands socket time socket \
                    socket commands socket commands socket time socket commands socket to-0.0 from-0.0 socket socket \
                    commands socket time to-0.0 commands time commands time";
    holds_by("walk", 12490, schedule, true);
}

/// An AP MLD that had missed the goodbye failed in each manner. Joined without links, each of its BSSs counted as another
/// access point, so that the one that was there was not looked for.
#[test]
fn another_link_of_an_access_point_is_no_other_access_point() {
    let schedule = "start commands socket commands socket commands fault:8 socket commands socket socket time socket \
                    commands socket commands socket socket time socket commands socket person person commands commands \
                    socket socket time socket socket commands socket commands socket to-0.2 from-0.2 socket commands \
                    socket to-0.2 from-0.2 socket commands to-0.2 from-0.2 socket from-0.2 socket socket socket \
                    commands double:to-0.0 from-0.0 socket socket commands commands to-0.0 commands commands commands \
                    to-0.0 commands commands commands commands commands commands commands time commands lose:to-0.0";
    holds_by("walk", 1554, schedule, true);
}

/// Somebody near replayed answers to SAE, and spoiled two exchanges in a row. The station took the password for wrong and
/// waited for a person.
#[test]
fn replayed_answers_do_not_keep_the_station_out_for_good() {
    let schedule = "start commands commands socket commands commands time socket socket socket commands socket time \
                    socket time socket commands time socket commands time socket time time to-0.0 time to-0.0 from-0.0 \
                    double:to-0.0 double:to-0.0 time to-0.0 to-0.0 attack:replay-4 time socket commands to-0.0 \
                    from-0.0 from-0.0 socket from-0.0 from-0.0 lose:from-0.0 time socket time time socket commands \
                    time socket commands time time to-0.0 attack:replay-3";
    holds_by("walk", 19707, schedule, true);
}

/// The access point had missed the goodbye, refused the association for a second to look whether the station is still there,
/// and was asked again a minute later.
#[test]
fn an_access_point_that_looks_for_us_is_asked_again_soon() {
    let schedule = "start commands commands socket commands socket socket commands socket commands time time socket \
                    commands socket socket socket commands time socket to-0.0 from-0.0 to-0.0 time from-0.0 from-0.0 \
                    to-0.0 lose:from-0.0 from-0.0 time person socket commands socket to-0.0 fault:1 time time time \
                    socket commands time socket time commands socket commands socket socket time time socket commands \
                    socket commands socket socket time socket commands socket time commands time time socket commands \
                    time time socket commands socket commands time time";
    holds_by("walk", 9134, schedule, true);
}

/// Firmware used a key of before that the access point did not know. It was made to forget it, and was asked again only a
/// minute later.
#[test]
fn a_key_that_the_firmware_has_forgotten_is_no_reason_to_wait() {
    let schedule = "start commands commands person socket socket commands commands socket commands socket socket \
                    socket time time socket commands socket commands time socket socket commands socket socket to-0.0 \
                    from-0.0 socket commands socket socket to-0.0 fault:2 from-0.0 socket commands socket to-0.0 time \
                    to-0.0 time to-0.0 time time socket person commands time socket time socket socket person commands \
                    time time socket commands socket commands socket socket time time socket commands socket commands \
                    socket socket time time socket commands socket commands socket socket time socket commands socket \
                    time commands time socket time commands time time socket commands socket commands socket socket \
                    time time socket commands socket commands time time";
    holds_by("walk", 6779, schedule, true);
}

/// The machine went to sleep while the firmware had not said what became of a frame: the command was never answered, and no
/// other one after it. That was the virtual firmware's mistake: a driver waits with a limit.
#[test]
fn a_command_that_firmware_blocks_is_answered_when_the_machine_sleeps() {
    let schedule = "start commands socket commands socket commands socket commands socket commands person commands \
                    socket socket socket socket commands socket commands socket time socket commands person";
    holds_by("walk", 11473, schedule, true);
}

/// The word that the interface is down was among events that were lost, and an attempt found it out. A scan that a person
/// waited for was not ended, and would have been waited for until somebody sets the interface up.
#[test]
fn a_scan_of_a_person_ends_when_the_interface_is_found_to_be_down() {
    let schedule = "start commands commands socket commands socket socket commands socket person socket time socket \
                    person socket person commands commands socket socket commands socket commands person socket";
    holds_by("walk", 74579, schedule, false);
}

/// The kernel had forgotten the BSS when it was asked to associate. It keeps the authentication for a while after it has
/// refused, which reading its state does not show, and the station took it for free.
#[test]
fn an_association_that_the_kernel_refuses_is_left_with_a_goodbye() {
    let schedule = "start commands socket commands socket commands socket commands socket socket time time commands \
                    socket time socket time commands socket commands socket commands socket socket time socket \
                    commands socket socket time time socket commands socket commands socket time to-0.0 time from-0.0 \
                    time socket commands to-0.0 to-0.0 time from-0.0 socket to-0.0 from-0.0 from-0.0 time commands \
                    socket time commands socket commands socket socket commands socket commands socket time socket \
                    time socket commands socket commands socket time time lose:to-0.0 socket to-0.0 from-0.0 to-0.0 \
                    from-0.0 time commands time socket commands time socket commands time time socket commands socket \
                    socket socket socket time time socket commands socket commands socket time to-0.0 to-0.0 from-0.0 \
                    socket commands to-0.0 time to-0.0 socket from-0.0 lose:from-0.0 time to-0.0 time socket commands \
                    time socket commands socket socket time time socket commands socket commands time socket to-1.0 \
                    from-1.0 socket commands time to-1.0 from-1.0 socket to-1.0 from-1.0 socket to-1.0 commands socket \
                    commands socket commands commands socket socket person";
    holds_by("walk", 44216, schedule, false);
}

/// The access point removes a link, and the station drops it from its picture.
#[test]
fn a_removed_link_is_gone_from_the_picture() {
    holds("small-links+connected", "fault:0 time socket time", false);
}

/// The kernel worked off the end of an attempt after it had begun the next one: nobody was there any more of whom the
/// firmware could want SAE, and it waited for ever. It refused every scan, and the kernel handed it no goodbye, as it
/// believed that there is no connection.
#[test]
fn firmware_that_waits_for_nobody_is_told_to_connect() {
    let schedules = [
        (
            32_076,
            "start commands commands socket socket commands socket commands socket commands socket socket \
                    time socket commands socket commands socket time socket commands person commands commands time \
                    commands commands person commands time person socket time socket time commands commands socket \
                    socket socket commands time socket socket commands socket socket commands commands time socket \
                    time time commands socket",
        ),
        (
            35_057,
            "start commands socket commands socket commands socket commands commands socket socket socket \
                    time socket commands socket commands socket time time socket commands socket commands socket \
                    fault:5 fault:2 socket commands socket person commands commands socket socket commands time time",
        ),
        (
            62_036,
            "start commands commands commands commands socket socket socket socket commands socket socket \
                    fault:1 time time commands socket socket commands time socket socket person commands person \
                    commands commands person time commands person commands commands time socket socket socket socket \
                    socket person socket socket commands time time",
        ),
        (
            97_879,
            "start commands commands commands commands socket socket socket socket commands socket time \
                    socket socket commands fault:7 socket socket commands commands person socket socket person \
                    fault:4 person socket commands socket commands commands socket socket commands time time time",
        ),
    ];
    for (seed, schedule) in schedules {
        holds_by("walk", seed, schedule, true);
    }
}

/// Firmware kept to a key that the access point had lost in a restart. It was made to forget it at once, and the next
/// attempt came half a minute later all the same.
#[test]
fn firmware_that_has_forgotten_a_refused_key_is_asked_again_soon() {
    let schedule = "start commands commands commands socket socket commands socket commands time socket socket \
                    socket time socket commands time socket commands time time socket socket commands to-0.0 socket \
                    from-0.0 socket commands socket to-0.0 from-0.0 socket socket commands time socket to-0.0 socket \
                    from-0.0 from-0.0 packets time socket commands to-0.0 from-0.0 packets commands socket to-0.0 \
                    commands commands socket socket commands commands socket socket time time commands socket time \
                    time commands socket fault:0 commands socket commands socket person person person time socket \
                    time socket commands socket time time socket time socket commands time socket commands socket \
                    time socket time socket commands time socket time commands time socket socket time time socket \
                    commands time socket commands socket time socket time socket commands time socket time commands \
                    time time socket time commands time time socket time commands time time socket time commands \
                    time socket commands time time time";
    holds_by("walk", 49_430, schedule, true);
}

/// The access point refused a confirm before the kernel had taken up the station's own: the kernel began with that anew
/// what the station took for over, and nobody ended it.
#[test]
fn a_confirm_that_is_on_its_way_to_the_kernel_is_followed_by_a_goodbye() {
    let schedule = "start commands socket person commands commands time socket socket commands socket commands \
                    socket fault:0 commands socket commands socket time socket socket commands socket commands \
                    socket to-0.0 from-0.0 socket commands socket to-0.0 time to-0.0 time to-0.0 lose:from-0.0 time \
                    socket commands socket socket time time socket commands socket commands socket to-0.0 from-0.0 \
                    socket attack:replay-2 from-0.0 socket commands person to-0.0 socket";
    holds_by("walk", 47_450, schedule, false);
}

/// An access point out of reach cannot hear a goodbye: a fault of the rule.
#[test]
fn an_access_point_out_of_reach_may_keep_what_it_has() {
    let schedule = "start commands socket commands socket commands commands socket socket commands time socket \
                    socket socket commands socket commands time socket to-0.0 from-0.0 to-0.0 from-0.0 to-0.0 \
                    from-0.0 from-0.0 time to-0.0 socket commands socket from-0.0 time to-0.0 socket to-0.0 network \
                    from-0.0 fault:0 time time socket person commands socket";
    holds_by("walk", 110_974, schedule, false);
}

/// The kernel loses an event in every attempt: each was followed by a minute's wait, though the network had done nothing.
#[test]
fn lost_events_are_no_reason_to_wait_long() {
    let schedule = "start commands socket fault:0 commands socket commands commands socket socket commands socket \
                    socket time socket commands socket commands fault:7 socket socket commands socket time socket \
                    commands socket socket time socket commands socket time commands socket commands socket time \
                    person socket commands socket commands time socket commands time time time commands socket \
                    socket socket socket socket commands socket socket time socket commands socket time commands \
                    socket socket time time socket commands socket commands socket socket time time commands socket \
                    socket time commands socket commands socket socket time time socket commands socket commands \
                    time time socket commands socket socket socket time commands socket commands socket socket time \
                    time socket commands socket commands socket socket time socket commands socket time commands \
                    socket commands socket socket time time socket commands socket socket time socket commands time \
                    socket time commands socket commands socket socket time time socket commands socket commands \
                    time socket socket socket commands socket time commands socket commands time time socket socket \
                    socket commands socket commands time time commands socket socket socket socket time commands \
                    socket commands socket time socket time socket commands time socket time commands socket \
                    commands socket socket time time socket commands socket commands socket socket time socket \
                    commands socket time commands socket commands socket socket time time socket commands socket \
                    commands socket socket time socket commands socket time commands socket commands socket socket \
                    time time socket commands socket commands socket socket time socket commands socket time \
                    commands socket commands socket socket commands socket time time socket commands socket socket \
                    time socket commands socket socket time socket commands socket commands socket socket time \
                    socket commands socket time commands socket commands socket socket time time socket commands \
                    socket commands socket socket time socket commands socket socket time socket commands socket \
                    time commands socket commands socket socket time time socket commands socket commands socket \
                    socket commands socket time socket commands socket socket time socket commands socket time \
                    commands socket commands socket socket time time socket commands socket commands socket socket \
                    time socket commands socket time commands socket commands socket socket time time socket \
                    commands socket commands socket socket time socket commands socket time commands socket commands \
                    time time";
    holds_by("walk", 84_219, schedule, true);
}
