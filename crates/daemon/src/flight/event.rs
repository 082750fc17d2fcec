//! What happened, as an object for the flight recorder and as a sentence for the log.
//!
//! The names are described in `docs/flight-recorder.md` and do not change. Nothing here sees a secret: the
//! reports of a station have none but [`Learned`], of which only the kinds are told.

use super::json::Object;
use super::status;
use super::timeline::{cause, milliseconds};
use crate::hotspot;
use crate::netconf::{Configured, serving};
use crate::networks::profile::Profile;
use lapwing_core::Instant;
use lapwing_core::ap;
use lapwing_core::attempt::{AttemptId, Entry, Record, Way};
use lapwing_core::failure::Failure;
use lapwing_core::rsn::plan::Weakness;
use lapwing_core::select::{Judged, JudgedLink, LeftOut, Verdict};
use lapwing_core::station::{Connected, Learned, Report, RoamStep};
use lapwing_frames::{LinkId, MacAddr};

/// How loud an event is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loudness {
    /// What somebody should see.
    Warning,
    /// What somebody may want to see.
    Info,
    /// What explains.
    Debug,
}

/// An event, ready to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The object for the flight recorder.
    pub object: Object,
    /// The sentence for the log.
    pub sentence: String,
    /// How loud.
    pub loudness: Loudness,
}

/// Where and when something happened.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// When.
    pub at: Instant,
    /// The interface's name.
    pub interface: &'a str,
}

impl Place<'_> {
    /// An object with the members that every event has.
    fn object(self, attempt: Option<AttemptId>, event: &str) -> Object {
        let object = Object::new().seconds("at", self.at.since_start()).text("interface", self.interface);
        object.optional_number("attempt", attempt.map(|attempt| attempt.0)).text("event", event)
    }
}

/// A report of a station.
#[must_use]
pub fn report(place: Place<'_>, report: &Report) -> Told {
    match report {
        Report::Timeline(line) => record(Place { at: line.at, ..place }, line),
        Report::State(summary) => {
            let name = status::state(summary);
            let object = place.object(None, "state").text("state", name);
            told(object, format!("the state is {name}"), Loudness::Debug)
        }
        Report::Connected(connected) => {
            let object = place.object(Some(connected.attempt), "connected").text("ssid", &connected.ssid);
            let sentence = format!(
                "connected to \"{}\" at {} on {} MHz{}",
                connected.ssid,
                connected.peer,
                connected.frequency,
                connected.akm.map(|akm| format!(", {akm}")).unwrap_or_default()
            );
            told(connection(object, connected), sentence, Loudness::Info)
        }
        Report::Roamed(connected) => {
            let object = place.object(Some(connected.attempt), "roamed").text("ssid", &connected.ssid);
            let sentence = format!("at {} on {} MHz now", connected.peer, connected.frequency);
            told(connection(object, connected), sentence, Loudness::Info)
        }
        Report::RoamFailed { attempt, bssid, why } => {
            let object = failure(place.object(Some(*attempt), "roam-failed").text("bssid", bssid), why);
            let sentence = format!("could not go to {bssid}: {why}; going back");
            told(object, sentence, Loudness::Warning)
        }
        Report::Disconnected { attempt, why, .. } => {
            let object = place.object(Some(*attempt), "disconnected");
            told(failure(object, why), format!("disconnected: {why}"), Loudness::Info)
        }
        Report::Failed { attempt, ssid, why, next_try } => {
            let object = failure(place.object(Some(*attempt), "attempt-failed").text("ssid", ssid), why);
            let object = match next_try {
                Some(next) => object.seconds("next_try", *next),
                None => object.optional("next_try", None::<&str>),
            };
            let next =
                next_try.map_or("".to_owned(), |next| format!(" (next try in {})", milliseconds(next)));
            let sentence = format!("\"{ssid}\": {why}. {}{next}", why.next_step());
            told(object, sentence, Loudness::Warning)
        }
        Report::Learned(learned) => {
            let object = place.object(None, "learned").text("ssid", &learned.ssid);
            told(
                kinds(object, learned),
                format!("\"{}\" was joined on {} MHz", learned.ssid, learned.frequency),
                Loudness::Debug,
            )
        }
        Report::Interfered { what } => {
            let object = place.object(None, "interfered").text("what", what);
            told(object, format!("another program interfered: {what}"), Loudness::Warning)
        }
        Report::NetworkEnds { url } => {
            let more = url.as_ref().map(|url| format!("; {url} tells more")).unwrap_or_default();
            let sentence = format!(
                "the access point says that the whole network is about to end the connection: it is joined again later{more}"
            );
            let object = place.object(None, "network-ends").optional("url", url.as_ref());
            told(object.text("sentence", &sentence), sentence, Loudness::Warning)
        }
        Report::Heard { bsss } => {
            let object = place.object(None, "heard").number("bsss", *bsss);
            told(object, format!("{bsss} BSSs are in the table"), Loudness::Debug)
        }
        Report::Scanned => {
            told(place.object(None, "scanned"), "the scan has ended".to_owned(), Loudness::Debug)
        }
        Report::ScanFailed(refusal) => {
            let object = place.object(None, "scan-failed").text("refusal", refusal);
            told(object, format!("the scan could not be done: {refusal}"), Loudness::Warning)
        }
    }
}

/// A connection that got an address.
#[must_use]
pub fn configured(place: Place<'_>, attempt: AttemptId, configured: &Configured) -> Told {
    let object = addresses(place.object(Some(attempt), "configured"), configured);
    let list: Vec<_> = configured.addresses.iter().map(ToString::to_string).collect();
    let sentence = format!("addresses {} after {}", list.join(", "), milliseconds(configured.duration));
    told(object.seconds("duration", configured.duration), sentence, Loudness::Info)
}

/// What the machine of a hotspot says; nothing of what strangers can cause as often as they like.
#[must_use]
pub fn hotspot(place: Place<'_>, report: &ap::Report) -> Option<Told> {
    let of = |event, station: &MacAddr| place.object(None, event).text("client", station);
    Some(match report {
        ap::Report::Authenticated(_) | ap::Report::Ignored { .. } => return None,
        ap::Report::Associated { station, links } => {
            let links = u32::try_from(*links).unwrap_or(u32::MAX);
            let object = of("client-associated", station).number("links", links);
            told(object, format!("{station} is associated"), Loudness::Debug)
        }
        ap::Report::Authorized(station) => {
            told(of("client-joined", station), format!("{station} has joined"), Loudness::Info)
        }
        ap::Report::Left { station, why } => {
            let object = of("client-left", station).text("why", why);
            told(object, format!("{station} has left: {why}"), Loudness::Info)
        }
        ap::Report::Broken(what) => {
            let object = place.object(None, "hotspot-broken").text("what", what);
            told(object, format!("the hotspot is not as it should be: {what}"), Loudness::Warning)
        }
        ap::Report::LinkRefused(link) => {
            let object = place.object(None, "hotspot-link-refused").number("link", link.get());
            let sentence = format!("the kernel did not take link {link}: the hotspot goes on without");
            told(object, sentence, Loudness::Warning)
        }
        ap::Report::PacketNumbersUnread(station) => {
            let object = of("packet-numbers-unread", station);
            told(
                object,
                format!("the kernel did not tell {station}'s group keys' packet numbers in time"),
                Loudness::Debug,
            )
        }
        ap::Report::GroupKeysRenewed => {
            let object = place.object(None, "group-keys-renewed");
            told(object, "the group keys were renewed".to_owned(), Loudness::Debug)
        }
        ap::Report::LinksChanged => {
            let object = place.object(None, "hotspot-links-changed");
            told(object, "the links of the hotspot have changed".to_owned(), Loudness::Info)
        }
    })
}

/// A hotspot is on the air.
#[must_use]
pub fn hotspot_started(place: Place<'_>, profile: &Profile, bsss: &[(Option<LinkId>, ap::Bss)]) -> Told {
    let object = place
        .object(None, "hotspot-started")
        .text("ssid", &profile.ssid)
        .text("security", profile.protection.name())
        .objects(
            "bsss",
            bsss.iter().map(|(link, bss)| {
                Object::new()
                    .optional_number("link", link.map(LinkId::get))
                    .text("bssid", bss.bssid)
                    .number("frequency", bss.channel.primary.0)
            }),
        );
    let channels: Vec<_> = bsss.iter().map(|(_, bss)| bss.channel.primary.to_string()).collect();
    let sentence = format!("the hotspot \"{}\" is on the air: {}", profile.ssid, channels.join(", "));
    told(object, sentence, Loudness::Info)
}

/// What became of the network of a hotspot's clients; nothing of what the machine does for it.
#[must_use]
pub fn serving(place: Place<'_>, action: &serving::Action) -> Option<Told> {
    use serving::Action;
    let warned = |sentence: String| warning(place, &sentence);
    Some(match action {
        Action::Perform(_) => return None,
        Action::Began(own) => {
            let object = place.object(None, "hotspot-addresses").text("address", own);
            told(object, format!("clients get addresses; ours is {own}"), Loudness::Info)
        }
        Action::NoRoom => warned(
            "No network is free for the clients of the hotspot: they get no addresses. Name another with --subnet."
                .to_owned(),
        ),
        Action::NotShared(why) => warned(format!("Clients of the hotspot reach this machine only: {why}.")),
        Action::Shared => {
            let object = place.object(None, "hotspot-shared");
            told(object, "clients reach what this machine reaches".to_owned(), Loudness::Debug)
        }
        Action::Leased(lease) => {
            let object = place
                .object(None, "client-leased")
                .text("client", lease.client)
                .text("address", lease.address)
                .optional("name", lease.name.as_ref());
            told(object, format!("{} has the address {}", lease.client, lease.address), Loudness::Info)
        }
        Action::Released { client } => {
            let object = place.object(None, "client-released").text("client", client);
            told(object, format!("{client} has given its address back"), Loudness::Debug)
        }
        Action::Note(sentence) => {
            let object = place.object(None, "hotspot-note").text("sentence", sentence);
            told(object, sentence.clone(), Loudness::Debug)
        }
    })
}

/// Something that a person should know of a hotspot that goes on.
#[must_use]
pub fn hotspot_noted(place: Place<'_>, note: &hotspot::Note) -> Told {
    let name = match note {
        hotspot::Note::Narrowed(_) => "hotspot-narrowed",
        hotspot::Note::LostAsleep => "hotspot-lost-asleep",
    };
    told(place.object(None, name).text("sentence", note), note.to_string(), Loudness::Warning)
}

/// A hotspot has ended, or did not begin.
#[must_use]
pub fn hotspot_stopped(place: Place<'_>, why: Option<&hotspot::Failure>) -> Told {
    let object = place.object(None, "hotspot-stopped");
    match why {
        None => told(object, "the hotspot has ended".to_owned(), Loudness::Info),
        Some(why) => {
            let object =
                object.text("code", why.name()).text("sentence", why).text("next_step", why.next_step());
            told(object, format!("the hotspot has ended: {why}. {}", why.next_step()), Loudness::Warning)
        }
    }
}

/// What a person should know though no attempt failed.
#[must_use]
pub fn warning(place: Place<'_>, sentence: &str) -> Told {
    let object = place.object(None, "warning").text("sentence", sentence);
    told(object, sentence.to_owned(), Loudness::Warning)
}

/// A sentence about network configuration.
#[must_use]
pub fn configuration(place: Place<'_>, attempt: AttemptId, sentence: &str) -> Told {
    let object = place.object(Some(attempt), "configuration").text("sentence", sentence);
    told(object, sentence.to_owned(), Loudness::Debug)
}

/// The timeline of an attempt as a table for a person.
#[must_use]
pub fn timeline(place: Place<'_>, attempt: AttemptId, text: &str) -> Told {
    let object = place.object(Some(attempt), "timeline").text("text", text);
    told(object, text.to_owned(), Loudness::Debug)
}

/// Adds what a connection is.
#[must_use]
pub fn connection(object: Object, connected: &Connected) -> Object {
    object
        .text("peer", connected.peer)
        .number("frequency", connected.frequency)
        .optional("akm", connected.akm)
        .optional("pairwise", connected.pairwise)
        .optional("group_management", connected.group_management)
        .optional("weakness", connected.weakness.map(Weakness::name))
        .numbers("links", connected.links.iter().map(|link| link.get()))
        .boolean("cached_pmksa", connected.cached_pmksa)
        .boolean("beacon_protection", connected.beacon_protection)
}

/// Adds what addresses there are.
#[must_use]
pub fn addresses(object: Object, configured: &Configured) -> Object {
    object
        .texts("addresses", &configured.addresses)
        .texts("routers", &configured.routers)
        .texts("dns", &configured.resolver.servers)
}

const fn told(object: Object, sentence: String, loudness: Loudness) -> Told {
    Told { object, sentence, loudness }
}

fn failure(object: Object, failure: &Failure) -> Object {
    object
        .text("phase", failure.phase)
        .text("code", failure.name())
        .text("whose", failure.whose())
        .text("sentence", failure)
        .text("next_step", failure.next_step())
}

/// What was learned: never the secrets themselves.
fn kinds(object: Object, learned: &Learned) -> Object {
    object
        .number("frequency", learned.frequency)
        .boolean("psk", learned.psk.is_some())
        .numbers("password_elements", learned.password_elements.iter().map(|(group, _)| *group))
        .number("transition_disable", learned.transition_disable.0)
}

/// A line of a timeline.
fn record(place: Place<'_>, record: &Record) -> Told {
    let object = |event| place.object(record.attempt, event);
    let debug = |object: Object, sentence: String| told(object, sentence, Loudness::Debug);
    match &record.entry {
        Entry::Began { ssid, cause: why } => {
            let object = object("began").text("ssid", ssid).text("cause", cause(why));
            told(object, format!("joining \"{ssid}\", {}", cause(why)), Loudness::Info)
        }
        Entry::Entered(phase) => debug(object("entered").text("phase", phase), format!("phase {phase}")),
        Entry::Scanning { frequencies } => {
            let channels = match frequencies.len() {
                0 => "all channels".to_owned(),
                count => format!("{count} channels"),
            };
            let frequencies = frequencies.iter().map(|frequency| frequency.0);
            debug(object("scanning").numbers("frequencies", frequencies), format!("scanning {channels}"))
        }
        Entry::Judged(list) => {
            let usable = list.iter().filter(|bss| matches!(bss.verdict, Verdict::Usable { .. })).count();
            let sentence = format!("{usable} of {} access points can be used", list.len());
            debug(object("judged").objects("list", list.iter().map(judged)), sentence)
        }
        Entry::Chosen { bssid, frequency, signal_dbm, akm, pairwise, links, cached_pmksa } => {
            let object = object("chosen")
                .text("bssid", bssid)
                .number("frequency", frequency.0)
                .optional_number("signal_dbm", *signal_dbm)
                .optional("akm", *akm)
                .optional("pairwise", *pairwise)
                .numbers("links", links.iter().map(|link| link.get()))
                .boolean("cached_pmksa", *cached_pmksa);
            debug(object, format!("{bssid} on {frequency} was chosen"))
        }
        Entry::Way { to, by } => {
            let name = match by {
                Way::FastOverAir => "fast-over-air",
                Way::FastOverDs => "fast-over-ds",
                Way::Reassociation => "reassociation",
            };
            debug(object("way").text("bssid", to).text("by", name), format!("to {to} {by}"))
        }
        Entry::Asked { command, detail } => {
            let object = object("asked").text("command", command).text("detail", detail);
            debug(object, format!("{command} {detail}"))
        }
        Entry::Refused { command, refusal } => {
            let object = object("refused")
                .text("command", command)
                .text("errno", refusal.errno)
                .optional("message", refusal.message.as_ref());
            told(object, format!("the kernel refused {command}: {refusal}"), Loudness::Warning)
        }
        Entry::Answered { frame, status } => {
            let object = object("answered").text("frame", frame).number("status", status.0);
            debug(object, format!("the access point answered {frame} with status {status}"))
        }
        Entry::Handshake(what) => debug(object("handshake").text("what", what), (*what).to_owned()),
        Entry::Weak(weakness) => {
            let object = object("weak").text("name", weakness.name()).text("sentence", weakness.text());
            told(object, weakness.text().to_owned(), Loudness::Warning)
        }
        Entry::Ignored(why) => debug(object("ignored").text("why", why), format!("ignored: {why}")),
        Entry::Farewell { reason, by_ap } => {
            let object = object("farewell").number("reason", reason.0).boolean("by_ap", *by_ap);
            let who = if *by_ap { "the access point" } else { "the kernel" };
            told(object, format!("{who} disconnected with reason {reason}"), Loudness::Info)
        }
        Entry::Links { links, removed, added } => {
            let numbers = |links: &[LinkId]| links.iter().map(|link| link.get()).collect::<Vec<_>>();
            let object = object("links")
                .numbers("links", numbers(links))
                .numbers("removed", numbers(removed))
                .numbers("added", numbers(added));
            let names = links.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            told(object, format!("the links are {names} now"), Loudness::Info)
        }
        Entry::Link { id, state } => {
            let object = object("link").number("link", id.get()).text("state", state.name());
            told(object.text("what", state), format!("link {id}: {state}"), Loudness::Info)
        }
        Entry::Rekeyed(what) => {
            debug(object("rekeyed").text("what", what), format!("keys were renewed: {what}"))
        }
        Entry::Roam(step) => {
            let loudness = match step {
                RoamStep::Polls | RoamStep::SignalRose { .. } | RoamStep::Neighbors(_) => Loudness::Debug,
                _ => Loudness::Info,
            };
            told(object("roam").text("step", step.name()).text("sentence", step), step.to_string(), loudness)
        }
        Entry::Configuration(sentence) => {
            debug(object("configuration").text("sentence", sentence), sentence.clone())
        }
        Entry::Failed(why) => debug(failure(object("failed"), why), format!("failed: {why}")),
        Entry::Ended(why) => debug(failure(object("ended"), why), format!("ended: {why}")),
    }
}

fn judged(bss: &Judged) -> Object {
    let object = Object::new()
        .text("bssid", bss.bssid)
        .optional("mld", bss.mld)
        .number("frequency", bss.frequency.0)
        .optional_number("signal_dbm", bss.signal_dbm);
    let object =
        if bss.links.is_empty() { object } else { object.objects("links", bss.links.iter().map(link)) };
    match &bss.verdict {
        Verdict::Usable { score } => object.number("score", *score),
        Verdict::Rejected(rejection) => {
            let (name, detail) = super::rejection::describe(rejection);
            object.text("rejected", name).text("reason", detail)
        }
    }
}

/// A link of an AP MLD, and why it is left out, if it is.
fn link(link: &JudgedLink) -> Object {
    let object = Object::new().number("link", link.id.get()).text("bssid", link.bssid);
    object.optional("left_out", link.left_out.map(LeftOut::text))
}

#[cfg(test)]
mod tests;
