//! How a world is at this moment: what the kernel and the access points hold, side by side.

use crate::flight::json::Object;
use crate::netconf::settings::Prefix;
use lapwing_core::Instant;
use lapwing_frames::LinkId;
use lapwing_world::air::KeyPrint;
use lapwing_world::ap::{ApSecurity, ApTruth};
use lapwing_world::scenario::Scenario;
use lapwing_world::world::World;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What a world consists of.
pub(super) fn world(scenario: &Scenario) -> String {
    let aps = (0_u8..).zip(&scenario.aps).map(|(ap, setup)| {
        let links = setup.links.iter().map(|(link, bss)| {
            let object = Object::new().optional_number("link", link.map(LinkId::get));
            object.text("bssid", bss.bssid).number("frequency", bss.frequency.0)
        });
        let object =
            Object::new().number("ap", ap).text("ssid", &setup.ssid).text("address", setup.links.address());
        // It is the scenario's, which anybody can read.
        let passphrase = String::from_utf8_lossy(setup.passphrase.expose()).into_owned();
        object.text("type", kind(setup.security)).text("passphrase", passphrase).objects("links", links)
    });
    let object =
        Object::new().text("event", "world").text("name", &scenario.name).text("about", &scenario.about);
    object.objects("aps", aps).finish()
}

/// The kind of a network, in iwd's words.
const fn kind(security: ApSecurity) -> &'static str {
    match security {
        ApSecurity::Open | ApSecurity::Owe => "open",
        ApSecurity::Wpa2 | ApSecurity::Wpa3 | ApSecurity::Wpa3ExtendedKey | ApSecurity::Transition => "psk",
    }
}

/// How it is now.
pub(super) fn truth(at: Instant, world: &World, addresses: &[Prefix<IpAddr>]) -> String {
    let kernel = world.kernel().truth();
    let object =
        Object::new().seconds("at", at.since_start()).text("event", "truth").boolean("up", kernel.up);
    let object = object.texts("addresses", addresses);
    let Some(held) = kernel.held else { return object.boolean("connected", false).finish() };
    let links = held.links.iter().map(|(id, link)| {
        let frequency = world.scenario().aps.iter().flat_map(|setup| setup.links.iter());
        let frequency =
            frequency.filter(|(_, bss)| bss.bssid == link.bssid).map(|(_, bss)| bss.frequency.0).next();
        let object = Object::new().number("link", id.get()).text("address", link.address);
        object.text("bssid", link.bssid).optional_number("frequency", frequency)
    });
    let pairwise = held.pairwise.iter().map(|(index, print)| key(None, *index, *print));
    let object = object
        .boolean("connected", true)
        .text("peer", held.peer)
        .text("ssid", &held.ssid)
        .boolean("authorized", held.authorized)
        .objects("links", links)
        .objects("pairwise", pairwise)
        .objects("group", group(&held.group));
    let station = world.scenario().radio.address;
    let ap = world.aps().find(|ap| ap.setup().links.address() == held.peer).and_then(|ap| ap.truth(station));
    match ap {
        Some(ap) => object.object("access_point", access_point(&ap)),
        None => object,
    }
    .finish()
}

/// What the access point holds of the station.
fn access_point(truth: &ApTruth) -> Object {
    let object =
        Object::new().boolean("associated", truth.associated).boolean("authorized", truth.authorized);
    let object = object.numbers("links", truth.links.iter().map(|link| link.get()));
    let pairwise = truth.pairwise.iter().map(|print| key(None, 0, *print));
    object.objects("pairwise", pairwise).objects("group", group(&truth.group))
}

fn group(keys: &BTreeMap<(Option<LinkId>, u8), KeyPrint>) -> impl Iterator<Item = Object> {
    keys.iter().map(|((link, index), print)| key(*link, *index, *print))
}

/// A key by its name, which is no part of it.
fn key(link: Option<LinkId>, index: u8, print: KeyPrint) -> Object {
    let object = Object::new().optional_number("link", link.map(LinkId::get));
    object.number("index", index).text("key", format_args!("{:016x}", print.0))
}
