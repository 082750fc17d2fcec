//! Radios without an interface.

use super::*;

fn bare(wiphy: u32, fresh: bool) -> Heard {
    Heard::BareRadio { wiphy, radio_name: format!("phy{wiphy}"), name: format!("wlan{wiphy}"), fresh }
}

fn made(run: &Run) -> Vec<u32> {
    let wiphy = |command: &Command| match command {
        Command::MakeInterface { wiphy, .. } => Some(*wiphy),
        _ => None,
    };
    run.daemon.kernel.performed.iter().filter_map(wiphy).collect()
}

#[test]
fn a_radio_that_iwd_left_without_an_interface_gets_one() {
    let mut run = Run::new("bare", &[], false);
    run.hear(bare(7, false));
    assert_eq!(made(&run), [7]);
}

#[test]
fn the_driver_of_a_new_radio_comes_first() {
    let mut run = Run::new("bare-fresh", &[], false);
    run.hear(bare(7, true));
    run.pass(Duration::from_millis(1_900));
    assert!(made(&run).is_empty());
    run.pass(Duration::from_millis(200));
    assert_eq!(made(&run), [7]);
    run.pass(Duration::from_secs(60));
    assert_eq!(made(&run), [7], "once");
}

#[test]
fn a_radio_that_is_left_alone_gets_no_interface() {
    let mut run = Run::new("bare-not", &[], false);
    run.daemon.options.choice.not_radios = "phy7".into();
    run.daemon.options.choice.not_interfaces = "wlan8".into();
    for wiphy in [7, 8, 9] {
        run.hear(bare(wiphy, false));
    }
    assert_eq!(made(&run), [9]);
}
