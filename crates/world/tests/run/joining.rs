//! Every kind of network is joined, with faults and without.

use super::*;

const SECURITIES: [&str; 6] = ["open", "wpa2", "wpa3", "wpa3-extended-key", "transition", "owe"];

fn scenario(security: &str, air: &str) -> Scenario {
    let passphrase = match security {
        "open" | "owe" => "",
        _ => "passphrase = \"correct horse battery\"",
    };
    let text = format!(
        r#"
        about = "one access point"
        [[ap]]
        ssid = "home"
        security = "{security}"
        frequency = 5180
        [[network]]
        ssid = "home"
        {passphrase}
        [air]
        {air}
        "#
    );
    Scenario::parse(security, &text).unwrap()
}

#[test]
fn every_kind_of_network_is_joined() {
    for security in SECURITIES {
        let scenario = scenario(security, "");
        for seed in seeds(20) {
            let (run, refused) = settle(&scenario, seed);
            assert!(run.now() < at(3000), "{security}, seed {seed}: {:?}", run.now().since(START));
            assert_eq!(refused, [""; 0], "{security}, seed {seed}");
        }
    }
}

#[test]
fn every_kind_of_network_is_joined_at_last_through_a_bad_air() {
    for security in SECURITIES {
        let air = "loss = 25\nduplicates = 10\ndelay_most_us = 40000\ncalm_after_ms = 8000";
        let scenario = scenario(security, air);
        for seed in seeds(40) {
            settle(&scenario, seed);
        }
    }
}
#[test]
fn what_is_built_in_ends_as_it_says() {
    for scenario in Scenario::names().filter_map(Scenario::named) {
        for seed in seeds(5) {
            settle(&scenario, seed);
        }
    }
}
