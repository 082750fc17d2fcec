//! Access points that go, come back, and come back as something else.

use super::{
    LATER, PASSWORD, SOON, SSID, Scenario, connected, expect_frequency, expect_online, expect_suites,
    joins_now, sae_exchanges, scenario,
};
use crate::failure::{Failure, Result};
use crate::guest::{AccessPoint, Goodbye, Hostapd, Lab, Network, Station, Trouble};
use std::time::{Duration, Instant};

/// How long nobody may be there.
const AWAY: Duration = Duration::from_secs(60);

/// Long enough for a station that knocks again and again to be seen doing it.
const WATCHED: Duration = Duration::from_secs(180);

/// How often a passphrase that was right may be tried while it is watched that the AP refuses: once, and once more in
/// case the air was to blame, each with a way back; and twice again after half a minute and after two more, since a
/// stranger who spoils two exchanges must not keep anybody out for good.
const TRIES: usize = 8;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "restart-with-goodbye",
        "the AP restarts, says so, and has lost its PMKSA: back by itself",
        |lab| restarts(lab, Goodbye::Said),
    ),
    scenario("restart-without-goodbye", "the AP restarts without a word and has lost its PMKSA", |lab| {
        restarts(lab, Goodbye::Unsaid)
    }),
    scenario("out-of-range", "the AP is out of range for a minute: noticed, and back by itself", |lab| {
        let (ap, mut station) = connected(lab)?;
        ap.in_range(false)?;
        station.wait_disconnected(SOON * 2)?;
        std::thread::sleep(AWAY);
        ap.in_range(true)?;
        station.wait_connected(LATER)?;
        expect_online(&mut *station, &ap)
    })
    .with_simple_radios(),
    scenario("other-channel", "the AP comes back on another channel", |lab| {
        let (mut ap, mut station) = connected(lab)?;
        comes_back_as(&mut ap, &mut *station, &Hostapd::wpa3(SSID, PASSWORD).channel(11))?;
        expect_frequency(&*station, 2462)
    }),
    scenario("wpa2-becomes-wpa3", "the AP comes back with WPA3 alone: joined without asking", |lab| {
        let mut ap = lab.access_point(Hostapd::wpa2(SSID, PASSWORD))?;
        let mut station = lab.station(Network::psk(SSID, PASSWORD))?;
        expect_online(&mut *station, &ap)?;
        expect_suites(&*station, &ap, 2, 4)?;
        comes_back_as(&mut ap, &mut *station, &Hostapd::wpa3(SSID, PASSWORD))?;
        expect_suites(&*station, &ap, 8, 4)
    }),
    scenario(
        "other-passphrase",
        "the AP comes back with another passphrase: said, no storm, and joined anew",
        |lab| {
            let (mut ap, mut station) = connected(lab)?;
            let network = Network::psk(SSID, "another-lapwing-18");
            ap.stop(Goodbye::Said)?;
            station.wait_disconnected(SOON)?;
            let before = lab.air()?.attempts(&station.hardware_address());
            ap.start_again(&Hostapd::wpa3(SSID, "another-lapwing-18"))?;
            match station.wait_trouble(Trouble::WrongPassphrase, LATER) {
                // One that cannot say so can still be seen not to storm.
                Ok(()) | Err(Failure::Unable(_)) => {}
                Err(failure) => return Err(failure),
            }
            std::thread::sleep(WATCHED);
            expect_few(lab, &*station, before + TRIES)?;
            station.forget()?;
            joins_now(&mut *station, &network)?;
            expect_online(&mut *station, &ap)
        },
    ),
    scenario("channel-switch", "the AP announces another channel: the station goes with it", |lab| {
        let (ap, mut station) = connected(lab)?;
        let before = sae_exchanges(&ap);
        ap.switch_channel(2437)?;
        let until = Instant::now() + SOON;
        while expect_frequency(&*station, 2437).is_err() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(200));
        }
        expect_frequency(&*station, 2437)?;
        station.stays_connected(SOON)?;
        station.ping(ap.address())?;
        match sae_exchanges(&ap) {
            count if count == before => Ok(()),
            _ => Err(Failure::unmet("one connection all the time", "another SAE exchange")),
        }
    }),
    scenario("wrong-passphrase-psk", "WPA2: said at once, tried no more, never saved", |lab| {
        wrong_passphrase(lab, Hostapd::wpa2(SSID, PASSWORD))
    }),
    scenario("wrong-passphrase-sae", "WPA3: said at once, tried no more, never saved", |lab| {
        wrong_passphrase(lab, Hostapd::wpa3(SSID, PASSWORD))
    }),
];

fn restarts(lab: &mut Lab, goodbye: Goodbye) -> Result<()> {
    let (mut ap, mut station) = connected(lab)?;
    ap.stop(goodbye)?;
    ap.start_again(&Hostapd::wpa3(SSID, PASSWORD))?;
    if goodbye == Goodbye::Unsaid {
        // Only who says something learns that nobody knows him any more.
        let until = Instant::now() + LATER;
        while ap.count("AP-STA-CONNECTED") == 0 && Instant::now() < until {
            let _ = station.ping(ap.address());
        }
    }
    ap.wait_for("AP-STA-CONNECTED", 1, LATER)?;
    expect_online(&mut *station, &ap)?;
    match sae_exchanges(&ap) {
        1 => Ok(()),
        other => Err(Failure::unmet("one full SAE", format!("{other} SAE exchanges"))),
    }
}

/// The AP goes, and is something else a while later.
fn comes_back_as(ap: &mut AccessPoint, station: &mut dyn Station, config: &Hostapd) -> Result<()> {
    ap.stop(Goodbye::Said)?;
    station.wait_disconnected(SOON)?;
    ap.start_again(config)?;
    station.wait_connected(LATER)?;
    expect_online(station, ap)
}

fn wrong_passphrase(lab: &mut Lab, config: Hostapd) -> Result<()> {
    let ap = lab.access_point(config)?;
    let mut station = lab.idle_station()?;
    let network = Network::psk(SSID, "not the passphrase");
    let begun = Instant::now();
    station.join(&network)?;
    let told = station.wait_trouble(Trouble::WrongPassphrase, SOON.saturating_sub(begun.elapsed()));
    std::thread::sleep(WATCHED);
    expect_few(lab, &*station, TRIES)?;
    lab.expect_stored(&network, false)?;
    drop(ap);
    told
}

/// The station did not begin more often to authenticate.
fn expect_few(lab: &Lab, station: &dyn Station, most: usize) -> Result<()> {
    match lab.air()?.attempts(&station.hardware_address()) {
        count if count <= most => Ok(()),
        count => Err(Failure::unmet(format!("at most {most} authentications"), count.to_string())),
    }
}
