//! Ad-hoc networks: no access point, and all members are alike. Those with a passphrase have a 4-way handshake with each other
//! in each direction. With others we meet in open ones: iwd's beacons do not say that a network is encrypted, so that the kernel
//! keeps it apart from ours, and wpa_supplicant knows but CCMP there, where we take the strongest cipher that the radio has.

use super::{PASSWORD, SOON, Scenario, scenario};
use crate::failure::{Failure, Result};
use crate::guest::process::wait;
use crate::guest::{Kind, Lab, Member, Station};
use std::net::Ipv4Addr;
use std::time::Duration;

/// The network.
const NAME: &str = "meeting";

/// Their addresses.
const OURS: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 1);
const THEIRS: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 2);

/// How long members may take to find each other.
const MET: Duration = Duration::from_secs(60);

/// The kernel misses a member that has not been heard for a minute: nobody says goodbye.
const MISSED: Duration = Duration::from_secs(100);

pub(super) const SCENARIOS: &[Scenario] = &[
    ad_hoc("ad-hoc-open", "an open ad-hoc network of two: data crosses, and one leaves", |lab| {
        meet(lab, Kind::Lapwing, None)
    }),
    ad_hoc("ad-hoc-protected", "an ad-hoc network with a passphrase: data crosses, and one leaves", |lab| {
        meet(lab, Kind::Lapwing, Some(PASSWORD))
    }),
    ad_hoc("ad-hoc-iwd", "an open ad-hoc network with iwd: data crosses, and it leaves", |lab| {
        meet(lab, Kind::Iwd, None)
    }),
    ad_hoc("ad-hoc-wpa-supplicant", "an open ad-hoc network with wpa_supplicant: data crosses", |lab| {
        lab.only_lapwing("is not what is shown")?;
        let mut own = lab.member()?;
        own.be_ad_hoc()?;
        own.begin(NAME, None)?;
        let other = lab.supplicant_in("elsewhere")?;
        let number = other.ask("ADD_NETWORK")?;
        for (key, value) in
            [("ssid", "\"meeting\""), ("mode", "1"), ("frequency", "2437"), ("key_mgmt", "NONE")]
        {
            other.ask(&format!("SET_NETWORK {number} {key} {value}"))?;
        }
        other.ask(&format!("SELECT_NETWORK {number}"))?;
        own.wait_peers(&[&other.radio().address], MET)?;
        own.set_address(OURS)?;
        other.radio().set_address(THEIRS)?;
        own.ping(THEIRS)
    }),
    ad_hoc(
        "ad-hoc-wrong-passphrase",
        "one knows another passphrase: no member, and nothing crosses",
        |lab| {
            let (mut own, mut other) = two(lab, Kind::Lapwing)?;
            own.begin(NAME, Some(PASSWORD))?;
            other.begin(NAME, Some("another-lapwing-18"))?;
            std::thread::sleep(MET);
            own.wait_peers(&[], Duration::ZERO)?;
            match own.ping(THEIRS) {
                Ok(()) => Err(Failure::unmet("nothing crosses", "an answer to a ping")),
                Err(_) => Ok(()),
            }
        },
    ),
];

const fn ad_hoc(name: &'static str, about: &'static str, run: fn(&mut Lab) -> Result<()>) -> Scenario {
    scenario(name, about, run).with_simple_radios()
}

/// Two that are ready.
fn two(lab: &mut Lab, kind: Kind) -> Result<(Member, Member)> {
    lab.only_lapwing("is not what is shown")?;
    let mut own = lab.member()?;
    let mut other = lab.member_elsewhere(kind)?;
    for (member, address) in [(&mut own, OURS), (&mut other, THEIRS)] {
        member.be_ad_hoc()?;
        member.set_address(address)?;
    }
    Ok((own, other))
}

/// Two meet, and one of them leaves.
fn meet(lab: &mut Lab, kind: Kind, passphrase: Option<&str>) -> Result<()> {
    let (mut own, mut other) = two(lab, kind)?;
    own.begin(NAME, passphrase)?;
    other.begin(NAME, passphrase)?;
    own.wait_peers(&[&other.hardware_address()], MET)?;
    other.wait_peers(&[&own.hardware_address()], MET)?;
    own.ping(THEIRS)?;
    other.ping(OURS)?;
    other.end()?;
    own.wait_peers(&[], MISSED)?;
    // And once more.
    other.begin(NAME, passphrase)?;
    own.wait_peers(&[&other.hardware_address()], MET)?;
    let answered = wait(SOON, || own.ping(THEIRS).ok());
    answered.ok_or_else(|| Failure::unmet("data crosses again", own.last_words() + &other.last_words()))?;
    own.end()
}
