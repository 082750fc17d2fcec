//! What a hotspot is made of.

use super::plan::{self, Neighbour};
use super::*;
use crate::kernel::Regulatory;
use crate::networks::profile::{Key, Place, Protection};
use lapwing_core::Secret;
use lapwing_core::ap::{FrameProtection, Structure};
use lapwing_core::entropy::SeededEntropy;
use lapwing_core::kernel::{Band, ChannelWidth, Frequency};
use lapwing_core::radio::{AccessPointRadio, BandCapabilities, Channel, Radio, RadioKind, SignalWatch};
use lapwing_frames::Ssid;
use lapwing_frames::channel;
use lapwing_frames::element::Element as _;
use lapwing_frames::suite::{Akm, Cipher};
use lapwing_linux::nl80211::RegulatoryRule;
use std::collections::BTreeMap;

const ADDRESS: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);

fn radio() -> Radio {
    let channel = |frequency| Channel {
        frequency: Frequency(frequency),
        disabled: false,
        no_initiating_radiation: false,
        radar: (5260..5745).contains(&frequency),
    };
    let five = (5180..=5320).step_by(20).chain((5745..=5825).step_by(20));
    let all = (2412..=2472).step_by(5).chain(five).chain((5955..=6095).step_by(20));
    let old = BandCapabilities { ht: Some([0; 26]), ..BandCapabilities::default() };
    let new = BandCapabilities { vht: Some([0; 12]), he: Some(vec![0; 20]), ..old.clone() };
    let bands = BTreeMap::from([(Band::Band2, old), (Band::Band5, new.clone()), (Band::Band6, new)]);
    Radio {
        kind: RadioKind::SoftMac,
        ciphers: vec![Cipher::Ccmp128, Cipher::BipCmac128],
        akms: None,
        channels: all.map(channel).collect(),
        max_scan_ssids: 4,
        max_scan_elements: 1000,
        radio_measurement: true,
        signal_watch: SignalWatch::Nobody,
        sae: true,
        psk_offload: false,
        control_port: true,
        beacon_protection: true,
        extended_key_id: false,
        can_replace_pairwise_key: false,
        operating_channel_validation: false,
        multi_link: true,
        random_scan_address: false,
        spp_amsdu: false,
        extended_capabilities: Vec::new(),
        channels_at_once: 3,
        access_point: Some(AccessPointRadio { bands, ..AccessPointRadio::UNKNOWN }),
    }
}

fn wpa2() -> Protection {
    Protection::Wpa2(Key::Passphrase(secret()))
}

fn at_frequency(mhz: u32) -> Place {
    Place::Channel(lapwing_frames::Channel::from_frequency(mhz).unwrap())
}

fn secret() -> Secret {
    Secret::new(b"correct horse battery")
}

fn settings(links: Vec<Place>, protection: Protection) -> Profile {
    Profile { links, ..Profile::new(Ssid::new(b"mine").unwrap(), protection) }
}

fn plan(settings: &Profile, radio: &Radio, heard: &[Neighbour]) -> Result<Setup, Failure> {
    plan::setup(settings, radio, ADDRESS, heard, &mut SeededEntropy(1))
}

fn channel_of(settings: &Profile, radio: &Radio, heard: &[Neighbour]) -> (u32, ChannelWidth, u32) {
    let setup = plan(settings, radio, heard).unwrap();
    let channel = setup.structure.iter().next().unwrap().1.channel;
    (channel.primary.0, channel.width, channel.center1.0)
}

fn neighbour(frequency: u32, dbm: i32) -> Neighbour {
    Neighbour { frequency: Frequency(frequency), signal_mbm: Some(dbm * 100) }
}

#[test]
fn the_quietest_channel_is_chosen() {
    let two = settings(vec![Place::Band(channel::Band::Ghz2)], wpa2());
    let any = settings(Vec::new(), wpa2());
    assert_eq!(channel_of(&two, &radio(), &[]), (2412, ChannelWidth::Mhz20, 2412));
    // One that is near takes both channels that it overlaps.
    assert_eq!(channel_of(&two, &radio(), &[neighbour(2427, -40)]).0, 2462);
    let everywhere = [neighbour(2412, -40), neighbour(2437, -80), neighbour(2462, -60)];
    assert_eq!(channel_of(&two, &radio(), &everywhere).0, 2437);
    // Not where radar would have to be looked for; and the whole width counts.
    assert_eq!(channel_of(&any, &radio(), &[]), (5180, ChannelWidth::Mhz80, 5210));
    assert_eq!(channel_of(&any, &radio(), &[neighbour(5240, -50)]), (5745, ChannelWidth::Mhz80, 5775));
    // Where nobody may begin in 5 GHz, there is 2.4 GHz.
    let mut world = radio();
    let is_high = |channel: &&mut Channel| channel.frequency.0 > 5000;
    world.channels.iter_mut().filter(is_high).for_each(|channel| channel.no_initiating_radiation = true);
    assert_eq!(channel_of(&any, &world, &[]).0, 2412);
    let five = settings(vec![Place::Band(channel::Band::Ghz5)], wpa2());
    assert_eq!(plan(&five, &world, &[]).err(), Some(Failure::NoChannel));
}

#[test]
fn a_channel_is_as_wide_as_rules_and_radio_allow() {
    let at = |mhz| settings(vec![at_frequency(mhz)], Protection::Wpa3(secret()));
    for (mhz, expected) in [
        (2437, (2437, ChannelWidth::Mhz20, 2437)),
        (5200, (5200, ChannelWidth::Mhz80, 5210)),
        (5785, (5785, ChannelWidth::Mhz80, 5775)),
        (5825, (5825, ChannelWidth::Mhz20, 5825)),
        (5975, (5975, ChannelWidth::Mhz80, 5985)),
    ] {
        assert_eq!(channel_of(&at(mhz), &radio(), &[]), expected, "{mhz}");
    }
    let mut narrow = radio();
    let has = |mhz: u32| move |channel: &&mut Channel| channel.frequency.0 == mhz;
    narrow.channels.iter_mut().filter(has(5240)).for_each(|channel| channel.disabled = true);
    assert_eq!(channel_of(&at(5200), &narrow, &[]), (5200, ChannelWidth::Mhz40, 5190));
    assert_eq!(channel_of(&at(5220), &narrow, &[]), (5220, ChannelWidth::Mhz20, 5220));
    for (mhz, why) in [(5240, "rules"), (5260, "radar"), (5300, "radar"), (5500, "have it")] {
        let failure = plan(&at(mhz), &narrow, &[]).err().unwrap();
        assert!(failure.to_string().contains(why), "{mhz}: {failure}");
    }
}

#[test]
fn protection_is_what_its_name_says() {
    let security =
        |protection, links| plan(&settings(links, protection), &radio(), &[]).map(|setup| setup.security);
    let two = || vec![Place::Band(channel::Band::Ghz2), Place::Band(channel::Band::Ghz5)];
    for (protection, links, akms, frames) in [
        (wpa2(), Vec::new(), vec![Akm::Psk], FrameProtection::Optional),
        (Protection::Transition(secret()), Vec::new(), vec![Akm::Sae, Akm::Psk], FrameProtection::Optional),
        (Protection::Wpa3(secret()), Vec::new(), vec![Akm::Sae], FrameProtection::Required),
        (Protection::Wpa3(secret()), two(), vec![Akm::SaeExtKey, Akm::Sae], FrameProtection::Required),
        (Protection::Owe, Vec::new(), vec![Akm::Owe], FrameProtection::Required),
    ] {
        let security = security(protection.clone(), links).unwrap().unwrap();
        assert_eq!((security.akms, security.frame_protection), (akms, frames), "{protection:?}");
    }
    assert!(security(Protection::Open, Vec::new()).unwrap().is_none());
    let six = || vec![Place::Band(channel::Band::Ghz6)];
    for (protection, links) in [
        (Protection::Open, two()),
        (wpa2(), two()),
        (Protection::Transition(secret()), six()),
        (Protection::Open, six()),
    ] {
        let outcome = security(protection.clone(), links);
        assert!(matches!(outcome.err(), Some(Failure::Contradiction(_))), "{protection:?}");
    }
}

#[test]
fn what_the_radio_cannot_is_said() {
    let two = vec![Place::Band(channel::Band::Ghz2), Place::Band(channel::Band::Ghz5)];
    let settings = settings(two.clone(), Protection::Wpa3(secret()));
    let refused = |radio: &Radio| plan(&settings, radio, &[]).err().map(|failure| failure.name());
    assert_eq!(refused(&radio()), None);
    assert_eq!(refused(&Radio { access_point: None, ..radio() }), Some("no-access-point"));
    assert_eq!(refused(&Radio { multi_link: false, ..radio() }), Some("unsupported"));
    assert_eq!(refused(&Radio { channels_at_once: 1, ..radio() }), Some("unsupported"));
    assert_eq!(refused(&Radio { ciphers: vec![Cipher::Ccmp128], ..radio() }), Some("unsupported"));
    let same = Profile { links: vec![at_frequency(5180); 2], ..settings };
    assert_eq!(plan(&same, &radio(), &[]).err().map(|failure| failure.name()), Some("contradiction"));
}

#[test]
fn the_addresses_of_links_are_random_and_their_own() {
    let three = [channel::Band::Ghz2, channel::Band::Ghz5, channel::Band::Ghz6].map(Place::Band).to_vec();
    let setup = plan(&settings(three, Protection::Wpa3(secret())), &radio(), &[]).unwrap();
    let Structure::Mld { address, links } = setup.structure else { panic!() };
    let mut all: Vec<_> = links.values().map(|bss| bss.bssid).chain([address]).collect();
    assert!(links.values().all(|bss| bss.bssid.0[0] & 3 == 2), "{all:?}");
    all.sort();
    all.dedup();
    assert_eq!((address, all.len(), links.len()), (ADDRESS, 4, 3));
}

#[test]
fn secrets_are_not_shown() {
    let settings = settings(Vec::new(), Protection::Wpa3(secret()));
    assert!(!format!("{settings:?}").contains("horse"));
}

#[test]
fn the_country_is_what_the_kernel_says_and_nothing_where_it_is_not_known() {
    let rule = |start: u32, end: u32, dbm: u32| RegulatoryRule {
        start_khz: start * 1000,
        end_khz: end * 1000,
        max_eirp_mbm: dbm * 100,
        ..RegulatoryRule::default()
    };
    let rules = |country: &str| Regulatory {
        country: country.to_owned(),
        rules: vec![rule(2400, 2484, 20), rule(5150, 5250, 23), rule(5250, 5350, 20), rule(5945, 6425, 23)],
        ..Regulatory::default()
    };
    for unknown in ["00", "99", "98", "", "de", "DEU"] {
        assert!(plan::country(&rules(unknown), &radio()).is_empty(), "{unknown}");
    }
    let told = plan::country(&rules("DE"), &radio());
    let bytes = |band| {
        let mut out = Vec::new();
        told[&band].write(&mut out);
        out
    };
    // 5 GHz: 36 to 48 with 23 dBm, 52 to 64 with 20; above 5.35 GHz no rule holds.
    assert_eq!(bytes(Band::Band2), b"\x07\x06DE \x01\x0d\x14");
    assert_eq!(bytes(Band::Band5), b"\x07\x0aDE \x24\x04\x17\x34\x04\x14\0");
    assert_eq!(told.len(), 2);
}
