//! The three stories, by their mechanism: with the policies of those that had the failures, and with Lapwing's.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests too")]

use lapwing_core::Duration;
use lapwing_core::curve::PureCurves;
use lapwing_core::kernel::Request;
use lapwing_frames::MacAddr;
use lapwing_frames::management::{Body, Management};
use lapwing_world::kernels::NamedKernel;
use lapwing_world::lanes::{Cast, Paper, Timeline, named};
use lapwing_world::parts::Command;
use lapwing_world::verdict::{Verdict, Witness};
use lapwing_world::world::START;
use lapwing_world::{Content, Habit, Happening, Lane, Policy, Run, Scenario, What};
use std::collections::BTreeSet;

/// A story that was told.
struct Told {
    happenings: Vec<Happening>,
    verdict: Verdict,
    timeline: String,
}

fn tell(mut scenario: Scenario, policy: Policy, seed: u64) -> Told {
    scenario.policy = policy;
    let mut run = Run::new(&scenario, seed);
    let (mut witness, mut timeline) = (Witness::default(), Timeline::new(Cast::of(&scenario)));
    let mut happenings = Vec::new();
    let end = run.calm_from() + scenario.bound;
    let settled = run.calm_from() + Duration::from_secs(20);
    while run.now() < settled || (run.now() < end && !run.is_as_expected()) {
        let to = run.now() + Duration::from_secs(1);
        run.run_to(to, &PureCurves, &mut |happening| {
            witness.take(&happening);
            timeline.take(&happening);
            happenings.push(happening);
        });
        witness.look(&run);
    }
    Told { happenings, verdict: witness.verdict(&run), timeline: timeline.draw(&Paper::default()) }
}

fn story(name: &str, policy: Policy) -> Told {
    tell(Scenario::named(name).unwrap(), policy, 1)
}

impl Told {
    /// The kernel's words to refused commands of this name.
    fn refusals(&self, name: &str) -> Vec<String> {
        let refusals = self.happenings.iter().filter_map(|happening| match &happening.what {
            What::Refused { command, refusal, .. } if *command == name => Some(refusal.to_string()),
            _ => None,
        });
        refusals.collect()
    }

    /// The frames with this name that were sent from a moment on, each with its transmitter.
    fn sent(&self, name: &str, after: Duration) -> Vec<(Lane, MacAddr)> {
        let frames = self.happenings.iter().filter(|happening| happening.at >= START + after);
        let frames = frames.filter_map(|happening| match &happening.what {
            What::Sent(frame) if named(frame).starts_with(name) => Some((happening.lane, frame.transmitter)),
            _ => None,
        });
        frames.collect()
    }

    fn missed(&self) -> usize {
        self.happenings.iter().filter(|happening| matches!(happening.what, What::Missed(_))).count()
    }

    fn console(&self, part: &str) -> usize {
        let has =
            |happening: &&Happening| matches!(&happening.what, What::Console(line) if line.contains(part));
        self.happenings.iter().filter(has).count()
    }

    fn asked(&self, wanted: impl Fn(&Command) -> bool) -> usize {
        let asked = |happening: &&Happening| matches!(&happening.what, What::Asked { command, .. } if wanted(command));
        self.happenings.iter().filter(asked).count()
    }
}

/// When the person of `mlo-loop` asks for the network anew.
const ANEW: Duration = Duration::from_secs(10);

#[test]
fn mlo_loop_goes_on_for_ever_with_wpa_supplicant() {
    let told = story("mlo-loop", Policy::WpaSupplicant211);
    assert!(!told.verdict.passed && !told.verdict.connected, "{}", told.verdict);
    // GTK 1 and IGTK 4 of all links, and index 0, which the pairwise key has.
    let refused: Vec<String> =
        told.refusals("DEL_KEY").into_iter().filter(|words| words.starts_with("EINVAL")).collect();
    assert_eq!(refused, vec!["EINVAL (link ID must for MLO group key)"; 3]);
    // No goodbye, another random address for each try, and the answers go to the one of before.
    assert_eq!(told.sent("Deauthentication", ANEW), []);
    let tries: BTreeSet<MacAddr> = told
        .sent("Authentication", ANEW)
        .into_iter()
        .filter(|(lane, _)| *lane == Lane::Kernel)
        .map(|(_, from)| from)
        .collect();
    assert!(tries.len() > 10, "{} addresses", tries.len());
    assert!(told.missed() >= 3 * tries.len(), "{} answers for {} tries", told.missed(), tries.len());
    assert!(told.verdict.failed > 10);
    assert!(told.timeline.contains("at last every 91 s"), "{}", told.timeline);
    assert!(told.timeline.contains("\"link ID must for MLO group key\""));
}

#[test]
fn mlo_loop_goes_on_in_the_words_of_a_newer_kernel() {
    let mut scenario = Scenario::named("mlo-loop").unwrap();
    scenario.habits = "7.2".parse::<NamedKernel>().unwrap().habits(scenario.habits);
    let told = tell(scenario, Policy::WpaSupplicant211, 1);
    assert!(!told.verdict.passed);
    assert!(told.timeline.contains("\"link ID must be set for MLO group key\""), "{}", told.timeline);
}

#[test]
fn mlo_loop_is_silent_with_hostap_master_and_goes_on_all_the_same() {
    let told = story("mlo-loop", Policy::HostapMaster);
    assert!(!told.verdict.passed && !told.verdict.connected, "{}", told.verdict);
    assert!(told.refusals("DEL_KEY").iter().all(|words| !words.contains("EINVAL")), "{}", told.timeline);
    assert!(told.asked(|command| matches!(command, Command::DeleteKey { link: Some(_), .. })) > 0);
    assert_eq!(told.sent("Deauthentication", ANEW), []);
    assert!(told.missed() > 30);
}

#[test]
fn mlo_loop_does_not_begin_with_lapwing() {
    for seed in 1..6 {
        let told = tell(Scenario::named("mlo-loop").unwrap(), Policy::Lapwing, seed);
        assert!(told.verdict.passed && told.verdict.connected, "{}\n{}", told.timeline, told.verdict);
        assert_eq!(told.refusals("DEL_KEY").len() + told.refusals("NEW_KEY").len(), 0);
        assert_eq!(told.asked(|command| matches!(command, Command::DeleteKey { .. })), 0);
        let [(Lane::Kernel, _)] = told.sent("Deauthentication", ANEW)[..] else {
            panic!("{}", told.timeline)
        };
        // The goodbye and the authentication may go over two links, and either can be faster.
        assert!(told.missed() <= 1, "{}", told.timeline);
    }
}

#[test]
fn a_cached_pmksa_answered_by_deauthentication_is_offered_again_by_those_that_do_not_learn() {
    let told = story("mlo-pmksa", Policy::WpaSupplicant211);
    assert!(!told.verdict.passed, "{}", told.timeline);
    assert!(told.sent("Deauthentication, reason 9", Duration::ZERO).len() > 10);
    for policy in [Policy::HostapMaster, Policy::Lapwing] {
        let told = story("mlo-pmksa", policy);
        assert!(told.verdict.passed, "{policy}\n{}", told.timeline);
        assert_eq!(told.sent("Deauthentication, reason 9", Duration::ZERO).len(), 1, "{policy}");
    }
}

#[test]
fn a_removed_link_breaks_the_connection_when_it_comes_back() {
    let mut scenario = Scenario::named("removed-link").unwrap();
    let kernel: NamedKernel = "6.12-before-fix".parse().unwrap();
    scenario.habits = kernel.habits(scenario.habits);
    let told = tell(scenario.clone(), kernel.told_with.unwrap(), 1);
    assert!(!told.verdict.passed, "{}", told.timeline);
    assert_eq!(told.console("MLO Reconfiguration: work: valid=0x3, removed=0x2"), 2);
    assert_eq!(told.console("ieee80211_sta_allocate_link"), 2, "{}", told.timeline);

    // The same on a kernel with the fix.
    let told = tell(Scenario::named("removed-link").unwrap(), kernel.told_with.unwrap(), 1);
    assert!(told.verdict.passed, "{}\n{}", told.timeline, told.verdict);
    assert_eq!(told.console("WARNING"), 0);

    // Lapwing on the kernel without it: connected, and it is said what the kernel kept.
    let told = tell(scenario, Policy::Lapwing, 1);
    assert!(told.verdict.passed && told.verdict.connected, "{}\n{}", told.timeline, told.verdict);
    assert_eq!(told.console("WARNING"), 0, "{}", told.timeline);
    let text = told.verdict.to_string();
    assert!(text.contains("The kernel kept link 1") && text.contains("Whose doing: the kernel."), "{text}");
}

#[test]
fn external_sae_waits_for_ever_with_iwd() {
    let told = story("external-sae", Policy::Iwd33);
    assert!(!told.verdict.passed && !told.verdict.connected, "{}", told.timeline);
    assert_eq!(told.console("External authentication failed: status=1"), 1, "{}", told.timeline);
    assert!(told.timeline.contains("EXTERNAL_AUTH: status 1"), "{}", told.timeline);
    // One wish, one answer, and then nothing more is asked.
    let answers =
        |command: &Command| matches!(command, Command::Request(Request::AnswerExternalAuthentication { .. }));
    assert_eq!(told.asked(answers), 2, "one for each connection");
}

#[test]
fn external_sae_is_done_again_by_lapwing() {
    for seed in 1..6 {
        let told = tell(Scenario::named("external-sae").unwrap(), Policy::Lapwing, seed);
        assert!(told.verdict.passed && told.verdict.connected, "{}\n{}", told.timeline, told.verdict);
    }
}

#[test]
fn the_others_join_what_they_are_said_to_join() {
    for (name, policies) in [
        ("home", &[Policy::WpaSupplicant211, Policy::HostapMaster, Policy::Iwd33][..]),
        ("mlo", &[Policy::WpaSupplicant211, Policy::HostapMaster, Policy::Iwd33]),
        ("mlo-three", &[Policy::WpaSupplicant211, Policy::HostapMaster]),
        ("fullmac-external-sae", &[Policy::Iwd33]),
        ("fullmac-wpa2", &[Policy::Iwd33]),
    ] {
        for policy in policies {
            let told = story(name, *policy);
            assert!(told.verdict.passed, "{name}, {policy}\n{}\n{}", told.timeline, told.verdict);
        }
    }
}

#[test]
fn the_same_seed_tells_the_same_story() {
    for policy in Policy::ALL {
        let tell = |seed| tell(Scenario::named("mlo-loop").unwrap(), *policy, seed);
        let (one, again, other) = (tell(7), tell(7), tell(8));
        assert_eq!(one.happenings, again.happenings, "{policy}");
        assert_ne!(one.happenings, other.happenings, "{policy}");
    }
}

#[test]
fn whoever_leaves_first_is_not_caught_by_the_old_link_address() {
    // The habit alone is no failure: it needs somebody who comes back without a goodbye.
    let mut scenario = Scenario::named("mlo-pmksa").unwrap();
    for ap in &mut scenario.aps {
        ap.habits = ap.habits.without(Habit::ApDeauth9OnCachedPmksa).with(Habit::ApAnswersOldLinkAddress);
    }
    let told = tell(scenario, Policy::WpaSupplicant211, 1);
    assert!(told.verdict.passed, "{}", told.timeline);
    let goodbyes = told.happenings.iter().filter(|happening| match &happening.what {
        What::Sent(frame) => match &frame.content {
            Content::Management { frame, .. } => matches!(
                Management::parse_decrypted(frame),
                Ok(Management { body: Body::Deauthentication(_), .. })
            ),
            Content::Data { .. } => false,
        },
        _ => false,
    });
    assert_eq!(goodbyes.count(), 1);
}

#[test]
fn a_strict_kernel_takes_both_links_of_our_ap_mld() {
    let mut scenario = Scenario::named("mlo").unwrap();
    scenario.habits = "7.2".parse::<NamedKernel>().unwrap().habits(scenario.habits);
    assert!(scenario.habits.has(Habit::KernelStrictVht));
    let told = tell(scenario, Policy::Lapwing, 1);
    assert!(told.verdict.passed, "{}", told.timeline);
    assert!(told.timeline.contains("CONNECT: associated, links 0 and 1"), "{}", told.timeline);
    assert_eq!(told.console("VHT capabilities mismatch"), 0);
}

#[test]
fn a_restarted_ap_mld_is_joined_again_without_a_person() {
    for (name, in_need) in [("restart-silent", &[Policy::Iwd33][..]), ("restart-goodbye", &[])] {
        for policy in Policy::ALL {
            let told = story(name, *policy);
            let needs_person = !told.verdict.connected;
            assert_eq!(needs_person, in_need.contains(policy), "{name}, {policy}\n{}", told.timeline);
        }
    }
}
