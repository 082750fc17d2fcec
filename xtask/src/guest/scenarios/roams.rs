//! A station that goes from one access point of a network to another by itself: as the signal falls, or as the
//! access point wishes it. Wherever it looks, it is never without a connection.

use super::transitions::{Walk, connected_to, expect, now, psk, sae};
use super::{PASSWORD, SSID, Scenario, scenario};
use crate::command::output;
use crate::failure::{Failure, Result};
use crate::guest::flight::Record;
use crate::guest::process::wait;
use crate::guest::{Hostapd, Lab};
use serde_json::json;
use std::time::Duration;

pub(super) const SCENARIOS: &[Scenario] = &[
    roaming("roam-signal", "the signal falls: another access point is looked for, and gone to", |lab| {
        signal_falls(lab, &psk(), 0)
    }),
    roaming("roam-signal-sae", "the same on WPA3 without fast transitions", |lab| {
        signal_falls(lab, &Hostapd::wpa3(SSID, PASSWORD), 1)
    }),
    roaming(
        "roam-to-and-fro",
        "there and back, as the signal of one falls and that of the other rises",
        to_and_fro,
    ),
    roaming("roam-stays", "a weak signal and nothing better: the connection stays", stays),
    roaming("roam-btm", "what an access point wishes is always answered, and done where it can be", wishes),
    roaming("roam-neighbors", "only the channel that the access point names is scanned", neighbors),
    roaming("roam-loss", "frames to the access point are lost, though its beacons come", losses),
];

/// All of them are on radios whose beacons the kernel watches.
const fn roaming(name: &'static str, about: &'static str, run: fn(&mut Lab) -> Result<()>) -> Scenario {
    scenario(name, about, run).with_simple_radios().on_medium()
}

/// Signals in dBm: a good one, and one that is too weak in any band.
const GOOD: f64 = -50.0;
const WEAK: f64 = -84.0;

/// How long a station may take to be elsewhere: in the first 5 s of a connection the signal is no reason, and it has to
/// be weak for 5 s, and then come scans.
const ELSEWHERE: Duration = Duration::from_secs(60);

/// How long one that must not go is watched.
const WATCHED: Duration = Duration::from_secs(40);

/// What hostapd says of a 4-way handshake, and of an answer to its wish.
const HANDSHAKE: &str = "sending 1/4 msg of 4-Way Handshake";
const ANSWER: &str = "BSS-TM-RESP";

/// How strong the two access points are heard.
fn set_signals(lab: &mut Lab, walk: &Walk, signals: [f64; 2]) -> Result<()> {
    let station = walk.station.hardware_address();
    for (bssid, signal) in walk.domain.bssids().iter().zip(signals) {
        lab.medium()?.set_signal(&station, bssid, signal)?;
    }
    Ok(())
}

fn signal_falls(lab: &mut Lab, config: &Hostapd, handshakes: usize) -> Result<()> {
    let mut walk = Walk::begin(lab, config, false)?;
    set_signals(lab, &walk, [GOOD, WEAK])?;
    let before = walk.domain.count(HANDSHAKE);
    set_signals(lab, &walk, [WEAK, GOOD])?;
    drifts_to(&mut walk, 1, ELSEWHERE)?;
    expect_said(lab, "the signal is weak: ")?;
    expect(walk.domain.count(HANDSHAKE) - before, handshakes, "4-way handshakes")?;
    end(lab, &mut walk)
}

fn to_and_fro(lab: &mut Lab) -> Result<()> {
    let mut walk = Walk::begin(lab, &sae(), false)?;
    set_signals(lab, &walk, [GOOD, WEAK])?;
    let before = walk.domain.count(HANDSHAKE);
    for round in 0..lab.rounds(2) {
        let to = (round + 1) % 2;
        set_signals(lab, &walk, if to == 1 { [WEAK, GOOD] } else { [GOOD, WEAK] })?;
        drifts_to(&mut walk, to, ELSEWHERE)?;
    }
    expect(walk.domain.count(HANDSHAKE), before, "4-way handshakes")?;
    end(lab, &mut walk)
}

fn stays(lab: &mut Lab) -> Result<()> {
    let mut walk = Walk::begin(lab, &psk(), false)?;
    set_signals(lab, &walk, [WEAK, WEAK])?;
    walk.station.stays_connected(WATCHED)?;
    expect(connected_to(&*walk.station, &walk.domain)?, 0, "the access point")?;
    expect_said(lab, "staying, though the signal is weak")?;
    end(lab, &mut walk)
}

fn wishes(lab: &mut Lab) -> Result<()> {
    let mut walk = Walk::begin(lab, &psk().set("bss_transition", 1), false)?;
    let second = walk.domain.bssids().get(1).cloned().unwrap_or_default();
    // A candidate that can be used.
    wish(&walk, &format!("pref=1 neighbor={second},0x0000,81,{},7", walk.domain.channel(1)))?;
    expect_answer(&walk, 1, &[&format!("status_code=0 bss_termination_delay=0 target_bssid={second}")])?;
    drifts_to(&mut walk, 1, ELSEWHERE)?;
    // One that nobody is, and no other is to be looked for.
    wish(&walk, "pref=1 abridged=1 neighbor=02:00:00:00:77:77,0x0000,81,11,7")?;
    // None that is suitable, or none that is heard: that hangs on how long ago the other one was.
    expect_answer(&walk, 2, &["status_code=7 ", "status_code=2 "])?;
    expect(connected_to(&*walk.station, &walk.domain)?, 1, "the access point")?;
    // The connection is about to end, and the only other access point has sent us away a moment ago.
    wish(&walk, "disassoc_imminent=1 disassoc_timer=50")?;
    expect_answer(&walk, 3, &["status_code=0 "])?;
    drifts_to(&mut walk, 0, ELSEWHERE)?;
    end(lab, &mut walk)
}

/// The access point of the connection says that we shall go elsewhere.
fn wish(walk: &Walk, how: &str) -> Result<()> {
    walk.domain.order(walk.at, &format!("BSS_TM_REQ {} {how}", walk.station.hardware_address()))
}

/// The answer to the so manieth wish: one of these.
fn expect_answer(walk: &Walk, count: usize, wanted: &[&str]) -> Result<()> {
    let answers = wait(ELSEWHERE, || {
        let answers = walk.domain.lines(ANSWER);
        (answers.len() >= count).then_some(answers)
    });
    match answers.as_ref().and_then(|answers| answers.last()) {
        Some(answer) if wanted.iter().any(|holds| answer.contains(holds)) => Ok(()),
        other => Err(Failure::unmet(format!("answer {count} with one of {wanted:?}"), format!("{other:?}"))),
    }
}

fn neighbors(lab: &mut Lab) -> Result<()> {
    let mut walk = Walk::begin(lab, &psk().set("rrm_neighbor_report", 1), false)?;
    walk.go(1)?;
    let second = walk.domain.bssids().get(1).cloned().unwrap_or_default();
    let report = format!("{}8f0000005106{:02x}", second.replace(':', ""), 7);
    walk.domain.order(0, &format!("SET_NEIGHBOR {second} ssid=\"{SSID}\" nr={report}"))?;
    walk.go(0)?;
    expect_said(lab, "the access point names 1 neighbor")?;
    let from = now();
    set_signals(lab, &walk, [WEAK, GOOD])?;
    drifts_to(&mut walk, 1, ELSEWHERE)?;
    match lab.netlink()?.scans(from, now()).as_slice() {
        [channels] if channels == &[2437] => end(lab, &mut walk),
        other => Err(Failure::unmet("one scan, of the channel that was named", format!("{other:?}"))),
    }
}

fn losses(lab: &mut Lab) -> Result<()> {
    // Of frames that are sent in one go the virtual radio does not tell the kernel that they were lost.
    let mut walk = Walk::begin(lab, &psk().set("ieee80211n", 0), false)?;
    let first = walk.domain.bssids().first().cloned().unwrap_or_default();
    let station = walk.station.hardware_address();
    lab.medium()?.add(json!({ "source": station, "destination": first, "frame": "data", "drop": true }))?;
    let radio = walk.station.radio();
    let (interface, router) = (&radio.interface, walk.domain.address());
    // Without an answer it would not be known where to send anything, and nothing be sent.
    let line = format!("ip neigh replace {router} lladdr {first} dev {interface} nud permanent");
    output(&mut radio.command(&line))?;
    let pings = format!("ping -c 30 -i 0.01 -W 0.1 -I {interface} {router}");
    let moved = wait(ELSEWHERE, || {
        // Nobody answers them.
        let _ = output(&mut radio.command(&pings));
        (connected_to(&*walk.station, &walk.domain).ok()? == 1).then_some(())
    });
    moved.ok_or_else(|| Failure::unmet("the station goes elsewhere", said(lab).join("\n")))?;
    output(&mut radio.command(&format!("ip neigh del {router} dev {interface}")))?;
    drifts_to(&mut walk, 1, ELSEWHERE)?;
    expect_said(lab, "packets are lost")?;
    end(lab, &mut walk)
}

/// By itself the station goes to one of them, and data crosses there.
fn drifts_to(walk: &mut Walk, to: usize, within: Duration) -> Result<()> {
    let there = wait(within, || (connected_to(&*walk.station, &walk.domain).ok()? == to).then_some(()));
    if there.is_none() {
        return Err(Failure::unmet(format!("the station goes to {to}"), walk.station.last_words()));
    }
    walk.station.wait_connected(within)?;
    walk.at = to;
    walk.follow()?;
    walk.expect_there()
}

/// What the flight recorder tells of roaming, in words.
fn said(lab: &Lab) -> Vec<String> {
    lab.records().iter().filter(|record| record.event() == "roam").map(Record::line).collect()
}

fn expect_said(lab: &Lab, text: &str) -> Result<()> {
    let said = said(lab);
    match said.iter().any(|line| line.contains(text)) {
        true => Ok(()),
        false => Err(Failure::unmet(format!("\"{text}\" in the records"), said.join("\n"))),
    }
}

/// There was always a connection, and the kernel refused nothing.
fn end(lab: &Lab, walk: &mut Walk) -> Result<()> {
    walk.expect_no_end(lab)?;
    walk.expect_no_refusals(lab)
}
