//! Networks that nobody types: by a button or a PIN.

use super::{PASSWORD, SSID, Scenario, expect_online, scenario};
use crate::failure::{Failure, Result};
use crate::guest::client::{Answer, refused};
use crate::guest::{AccessPoint, Argument, Hostapd, Lab, Station};
use std::time::Duration;

const SIMPLE: &str = "net.connman.iwd.SimpleConfiguration";

/// A scan of all channels, the exchange, a scan for the network, and the joining.
const HANDED_OVER: Duration = Duration::from_secs(120);
/// The two minutes of a session, and what it has begun by then.
const GIVEN_UP: Duration = Duration::from_secs(240);

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("wps-push-button", "a button is pushed at the access point, and one here", |lab| {
        let (ap, mut station) = with_wps(lab)?;
        ap.push_button()?;
        enrol(lab, &*station, "PushButton", &[])?.map_err(refused("the push of a button"))?;
        expect_online(&mut *station, &ap)
    })
    .on_both_kernels(),
    scenario("wps-pin", "the access point is told a PIN that was made here", |lab| {
        let (ap, mut station) = with_wps(lab)?;
        let made = lab.client()?.call(&station.path()?, SIMPLE, "GeneratePin", &[])?;
        let made = made.map_err(refused("GeneratePin"))?;
        let pin = made.first().and_then(|value| value.as_str()).unwrap_or_default().to_owned();
        ap.expect_pin(&pin)?;
        enrol(lab, &*station, "StartPin", &[Argument::Text(&pin)])?.map_err(refused("the PIN"))?;
        expect_online(&mut *station, &ap)
    }),
    scenario("wps-wrong-pin", "the access point was told another PIN: nothing is handed over", |lab| {
        let (ap, station) = with_wps(lab)?;
        ap.expect_pin("12345670")?;
        let answer = enrol(lab, &*station, "StartPin", &[Argument::Text("24681353")])?;
        match answer.map_err(|refused| refused.name) {
            Err(name) if name == format!("{SIMPLE}.NoCredentials") => Ok(()),
            other => Err(Failure::unmet("the error NoCredentials", format!("{other:?}"))),
        }
    }),
    scenario("wps-nobody", "nobody pushed a button: it ends by itself", |lab| {
        let (_ap, station) = with_wps(lab)?;
        let answer = enrol(lab, &*station, "PushButton", &[])?;
        match answer.map_err(|refused| refused.name) {
            Err(name) if name == format!("{SIMPLE}.WalkTimerExpired") => Ok(()),
            other => Err(Failure::unmet("the error WalkTimerExpired", format!("{other:?}"))),
        }
    }),
];

/// An access point whose registrar is hostapd itself, and a station that knows no network.
fn with_wps(lab: &mut Lab) -> Result<(AccessPoint, Box<dyn Station>)> {
    let config = Hostapd::wpa2(SSID, PASSWORD)
        .set("wps_state", 2)
        .set("eap_server", 1)
        .set("ap_setup_locked", 1)
        .set("config_methods", "virtual_push_button keypad virtual_display");
    let ap = lab.access_point(config)?;
    let station = lab.idle_station()?;
    lab.client()?.wait_service(HANDED_OVER)?;
    Ok((ap, station))
}

/// Asks for a network, and waits for the answer.
fn enrol(lab: &Lab, station: &dyn Station, member: &str, arguments: &[Argument<'_>]) -> Result<Answer> {
    let mut client = lab.client()?;
    let call = client.send(&station.path()?, SIMPLE, member, arguments)?;
    client.answer_to(call, if member == "PushButton" { GIVEN_UP } else { HANDED_OVER })
}
