//! Networks that change hands by a QR code or a shared code: wpa_supplicant is the other device.
//!
//! By a code, and by their announcements, they find each other on radios of one channel: those of several channels are on one
//! for each purpose, and wpa_supplicant's answer waits until it has stopped listening there, which is too late for anybody; its
//! announcements stay for longer on a channel than these radios allow.

use super::{PASSWORD, SOON, SSID, Scenario, expect_online, scenario};
use crate::failure::{Failure, Result};
use crate::guest::client::refused;
use crate::guest::process::wait;
use crate::guest::{AccessPoint, Argument, Hostapd, Lab, Network, Station, Tool, WpaSupplicant};
use std::time::Duration;

const BY_URI: &str = "net.connman.iwd.DeviceProvisioning";
const BY_CODE: &str = "net.connman.iwd.SharedCodeDeviceProvisioning";

/// The devices find each other on some channels, and say what they have to say several times.
const HANDED_OVER: Duration = Duration::from_secs(90);
/// A code, and what it is called.
const CODE: &str = "crested-lapwing-3";
const NAME: &str = "shelf";
/// Where both look first, in MHz.
const MEETING: u32 = 2437;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("dpp-enrollee", "another device reads our QR code and hands its network over", |lab| {
        let (ap, mut station, peer) = strangers(lab)?;
        let uri = ask(lab, &*station, BY_URI, "StartEnrollee", &[])?;
        peer.ask("DPP_CONFIGURATOR_ADD")?;
        let read = peer.ask(&format!("DPP_QR_CODE {uri}"))?;
        peer.ask(&format!("DPP_AUTH_INIT peer={read} configurator=1 {}", handed_over()))?;
        station.wait_connected(HANDED_OVER)?;
        expect_online(&mut *station, &ap)?;
        lab.expect_stored(&Network::psk(SSID, PASSWORD), true)
    })
    .on_both_kernels(),
    scenario("dpp-enrollee-moves", "the other device wants to go on, on its own channel", |lab| {
        let (ap, mut station, peer) = strangers(lab)?;
        let uri = ask(lab, &*station, BY_URI, "StartEnrollee", &[])?;
        peer.ask("DPP_CONFIGURATOR_ADD")?;
        let read = peer.ask(&format!("DPP_QR_CODE {uri}"))?;
        let moves = format!("DPP_AUTH_INIT peer={read} configurator=1 neg_freq=2462 {}", handed_over());
        peer.ask(&moves)?;
        station.wait_connected(HANDED_OVER)?;
        expect_online(&mut *station, &ap)
    }),
    scenario("dpp-configurator", "another device reads our QR code and is handed our network", |lab| {
        let (ap, station, peer) = acquaintances(lab)?;
        let uri = ask(lab, &*station, BY_URI, "StartConfigurator", &[])?;
        let read = peer.ask(&format!("DPP_QR_CODE {uri}"))?;
        peer.ask(&format!("DPP_AUTH_INIT peer={read} role=enrollee"))?;
        expect_handed_over(lab, (&*station, &ap), &peer, BY_URI)
    }),
    scenario("dpp-configure", "we read the QR code of another device, and find it on its channel", |lab| {
        let (ap, station, peer) = acquaintances(lab)?;
        let uri = chirp(&peer, "")?;
        let ours = ask(lab, &*station, BY_URI, "ConfigureEnrollee", &[Argument::Text(&uri)])?;
        if !ours.starts_with("DPP:") {
            return Err(Failure::unmet("our own URI is the answer", ours));
        }
        expect_handed_over(lab, (&*station, &ap), &peer, BY_URI)
    })
    .with_simple_radios(),
    scenario("pkex-enrollee", "both are told a code, and we are handed a network", |lab| {
        let (ap, mut station, peer) = strangers(lab)?;
        peer.ask("DPP_CONFIGURATOR_ADD")?;
        peer.ask(&format!("SET dpp_configurator_params  {}", handed_over()))?;
        let own = peer.ask("DPP_BOOTSTRAP_GEN type=pkex")?;
        peer.ask(&format!("DPP_PKEX_ADD own={own} identifier={NAME} code={CODE}"))?;
        peer.ask(&format!("DPP_LISTEN {MEETING}"))?;
        let on = station.radio().interface.clone();
        // iwd's own client: what is typed there needs no agent.
        station.iwctl()?.shows(&["pkex", &on, "enroll", CODE, NAME], None, &[])?;
        station.wait_connected(HANDED_OVER * 2)?;
        expect_online(&mut *station, &ap)
    })
    .with_simple_radios()
    .on_both_kernels(),
    scenario("pkex-configurator", "both are told a code, and we hand our network over", |lab| {
        let (ap, station, peer) = acquaintances(lab)?;
        let on = station.radio().interface.clone();
        station.iwctl()?.shows(&["pkex", &on, "configure", CODE, NAME], None, &[])?;
        station.iwctl()?.shows(&["pkex", &on, "show"], None, &["configurator", "yes"])?;
        enrol_by_code(&peer)?;
        expect_handed_over(lab, (&*station, &ap), &peer, BY_CODE)
    })
    .with_simple_radios(),
    scenario("pkex-agent", "a program knows the code of a device by its name", |lab| {
        let (ap, station, peer) = acquaintances(lab)?;
        let mut agent = lab.client()?;
        let path = station.path()?;
        let begun = agent.call(&path, BY_CODE, "StartConfigurator", &[Argument::Path("/lab/codes")])?;
        begun.map_err(refused("StartConfigurator"))?;
        enrol_by_code(&peer)?;
        let asked = agent.wait_for(HANDED_OVER, |message| message.member == "RequestSharedCode")?;
        let asked = asked.ok_or_else(|| Failure::unmet("the agent is asked for a code", "it is not"))?;
        if asked.values() != [NAME] {
            return Err(Failure::unmet("the agent is told the code's name", format!("{:?}", asked.values())));
        }
        agent.reply(&asked, &[Argument::Text(CODE)])?;
        expect_handed_over(lab, (&*station, &ap), &peer, BY_CODE)?;
        let released = agent.wait_for(SOON, |message| message.member == "Release")?;
        released.map(drop).ok_or_else(|| Failure::unmet("the agent is released", "it is not"))
    })
    .with_simple_radios(),
    scenario("iwctl-dpp", "every command of iwctl's dpp, unmodified", |lab| {
        let (_ap, mut station, _peer) = acquaintances(lab)?;
        let on = station.radio().interface.clone();
        let iwctl = station.iwctl()?;
        let shows = |words: &[&str], texts: &[&str]| iwctl.shows(words, None, texts).map(drop);
        shows(&["dpp", "list"], &[&on])?;
        shows(&["pkex", "list"], &[&on])?;
        shows(&["dpp", &on, "start-configurator"], &["DPP:"])?;
        shows(&["dpp", &on, "show"], &["configurator", "DPP:"])?;
        shows(&["dpp", &on, "stop"], &[])?;
        shows(&["dpp", &on, "start-enrollee"], &["DPP:"])?;
        station.wait_disconnected(SOON)?;
        shows(&["dpp", &on, "show"], &["enrollee"])?;
        shows(&["dpp", &on, "stop"], &[])?;
        // What was before is so again: the network is known.
        station.wait_connected(HANDED_OVER)
    }),
    scenario("lapwing-dpp", "lapwing hands its network over, and tells how it went", |lab| {
        lab.only_lapwing("has another command")?;
        let (_ap, _station, peer) = acquaintances(lab)?;
        let address = peer.radio().address.replace(':', "");
        let uri = chirp(&peer, &format!(" mac={address}"))?;
        let lapwing = Tool::lapwing(lab.directory());
        lapwing.shows(&["dpp", "configure", &uri], None, &[SSID])?;
        expect_word(&peer, "DPP-CONF-RECEIVED")
    })
    .with_simple_radios(),
];

/// What wpa_supplicant is told of the network that it hands over.
fn handed_over() -> String {
    format!("conf=sta-psk ssid={} pass={}", hexadecimal(SSID), hexadecimal(PASSWORD))
}

fn hexadecimal(text: &str) -> String {
    text.bytes().map(|octet| format!("{octet:02x}")).collect()
}

/// A network, and two devices that do not know it.
fn strangers(lab: &mut Lab) -> Result<(AccessPoint, Box<dyn Station>, WpaSupplicant)> {
    let ap = lab.access_point(Hostapd::wpa2(SSID, PASSWORD))?;
    let peer = lab.supplicant()?;
    let station = lab.idle_station()?;
    lab.client()?.wait_service(SOON)?;
    Ok((ap, station, peer))
}

/// A station in a network, and another device that does not know it.
fn acquaintances(lab: &mut Lab) -> Result<(AccessPoint, Box<dyn Station>, WpaSupplicant)> {
    // Where those look who have a code.
    let ap = lab.access_point(Hostapd::wpa2(SSID, PASSWORD).channel(6))?;
    let mut station = lab.station(Network::psk(SSID, PASSWORD))?;
    expect_online(&mut *station, &ap)?;
    let peer = lab.supplicant()?;
    Ok((ap, station, peer))
}

/// wpa_supplicant says that it is there, on channel 11. Returns what its QR code says.
fn chirp(peer: &WpaSupplicant, further: &str) -> Result<String> {
    let own = peer.ask(&format!("DPP_BOOTSTRAP_GEN type=qrcode chan=81/11{further}"))?;
    peer.ask(&format!("DPP_CHIRP own={own} iter=100"))?;
    peer.ask(&format!("DPP_BOOTSTRAP_GET_URI {own}"))
}

/// wpa_supplicant looks for whoever has its code.
fn enrol_by_code(peer: &WpaSupplicant) -> Result<()> {
    let own = peer.ask("DPP_BOOTSTRAP_GEN type=pkex")?;
    peer.ask(&format!("DPP_PKEX_ADD own={own} identifier={NAME} init=1 role=enrollee code={CODE}")).map(drop)
}

/// Asks for something whose answer is a text.
fn ask(
    lab: &Lab,
    station: &dyn Station,
    interface: &str,
    member: &str,
    arguments: &[Argument<'_>],
) -> Result<String> {
    let answer = lab.client()?.call(&station.path()?, interface, member, arguments)?;
    let answer = answer.map_err(refused(member))?;
    Ok(answer.first().and_then(|value| value.as_str()).unwrap_or_default().to_owned())
}

fn expect_word(peer: &WpaSupplicant, word: &str) -> Result<()> {
    let found = wait(HANDED_OVER, || peer.has_said(word).then_some(()));
    found.ok_or_else(|| Failure::unmet(format!("wpa_supplicant says {word}"), "it does not"))
}

/// wpa_supplicant was handed the network, and here it is over, and the connection goes on.
fn expect_handed_over(
    lab: &Lab,
    (station, ap): (&dyn Station, &AccessPoint),
    peer: &WpaSupplicant,
    interface: &str,
) -> Result<()> {
    expect_word(peer, "DPP-CONF-RECEIVED")?;
    expect_word(peer, &format!("DPP-CONFOBJ-SSID {SSID}"))?;
    let (mut client, path) = (lab.client()?, station.path()?);
    let over = wait(SOON, || {
        let started = client.property(&path, interface, "Started").ok()??;
        (started == false).then_some(())
    });
    over.ok_or_else(|| Failure::unmet("it is over here", "it goes on"))?;
    station.ping(ap.address())
}
