//! What each command does.

mod connect;
mod dpp;
mod monitor;
mod scan;
mod tryout;
mod wps;

use crate::bus::Bus;
use crate::events::Event;
use crate::failure::{CallError, Failure, Kind};
use crate::model::{self, Device, Known, Name, STATION, Snapshot, Status};
use crate::options::{Choice, Command, Listing, Options};
use crate::secret::Secret;
use crate::signals::Signals;
use crate::terminal::Progress;
use crate::text::{self, Style};
use crate::view;
use serde::Serialize;
use serde_json::{Value, json};
use std::io::Write;

/// What a command needs besides the bus.
pub struct Surroundings {
    /// How standard output is written to.
    pub style: Style,
    /// What is told while one waits.
    pub progress: Progress,
    /// Whether that is a terminal.
    pub is_terminal: bool,
    /// The passphrase that the command line pointed to.
    pub secret: Option<Secret>,
    /// The signals that end the program.
    pub signals: Signals,
}

/// The result of a command, for a person and for a program.
#[derive(Debug)]
pub(crate) struct Output {
    human: String,
    json: Value,
}

impl Output {
    pub(crate) fn new(json: impl Serialize, human: String) -> Self {
        // What we print has text keys only, which is all that could fail.
        Self { human, json: serde_json::to_value(json).unwrap_or_default() }
    }
}

/// Runs the command and prints its result.
///
/// # Errors
/// If it failed.
pub async fn run(options: &Options, around: &mut Surroundings) -> Result<(), Failure> {
    let style = around.style;
    let command = options.command.as_ref().unwrap_or(&Command::Status);
    if let Command::Try(wish) = command {
        return tryout::run(options, wish, around).await;
    }
    let bus = Bus::open(options.address.as_deref()).await?;
    let output = match command {
        Command::Status => status(&bus, options, style).await?,
        Command::Devices => devices(&bus, options, style).await?,
        Command::Networks(listing) => networks(&bus, options, listing, style).await?,
        Command::Scan(listing) => {
            let snapshot = Snapshot::take(&bus).await?;
            let device = one_device(&snapshot, options)?;
            scan::scan(&bus, &device, &mut around.progress).await?;
            networks(&bus, options, listing, style).await?
        }
        Command::Known => {
            let known = Snapshot::take(&bus).await?.known()?;
            Output::new(json!({ "known": known }), view::known(style, &known))
        }
        Command::Connect(connect) => connect::run(&bus, options, connect, around).await?,
        Command::Roam { bssid } => connect::roam(&bus, options, *bssid, around).await?,
        Command::Dpp(wish) => dpp::run(&bus, options, wish, around).await?,
        Command::Wps(wish) => wps::run(&bus, options, wish, around).await?,
        Command::Disconnect => disconnect(&bus, options, style).await?,
        Command::Forget(choice) => forget(&bus, choice, style).await?,
        Command::Links => links(&bus, options, style).await?,
        Command::Timeline => timeline(&bus, options, style).await?,
        Command::Hotspot(hotspot) => crate::hotspot::run(&bus, options, hotspot, around).await?,
        Command::Monitor => return monitor::run(&bus, options, style).await,
        Command::Tui => return crate::tui::run(&bus, options, around).await,
        Command::Share { network } => share(&bus, options, network.as_ref(), around).await?,
        // These ask no daemon: whoever reads the command line runs them without a bus.
        Command::Import(import) => {
            return crate::migrate::import(import, options.json, style).map(|_| ());
        }
        Command::Export(export) => {
            return crate::migrate::export(export, options.json, style).map(|_| ());
        }
        Command::World(world) => return crate::world::world(world, options.json, style).map(|_| ()),
        // Neither asks a daemon that runs.
        Command::Try(_) | Command::Daemon(_) | Command::Completions { .. } => return Ok(()),
    };
    around.progress.clear();
    print(&if options.json { text::json(&output.json.to_string()) + "\n" } else { output.human })
}

/// Writes to standard output. Who closed it has seen enough.
///
/// # Errors
/// If it cannot be written to.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut output = std::io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Kind::Interrupted(13), "Nobody reads the output.").code("broken-pipe"))
        }
        Err(error) => Err(Failure::new(Kind::Failed, format!("The output cannot be written: {error}."))),
        Ok(()) => Ok(()),
    }
}

/// The devices that are meant: the one that is named, or all.
pub(crate) fn devices_meant(snapshot: &Snapshot<'_>, options: &Options) -> Result<Vec<Device>, Failure> {
    let devices = snapshot.devices()?;
    let Some(name) = &options.device else { return Ok(devices) };
    let names = listed(&devices);
    let found: Vec<Device> = devices.into_iter().filter(|device| device.name == *name).collect();
    if found.is_empty() {
        let failure = Failure::new(Kind::NotFound, format!("There is no device {name}."));
        return Err(if names.is_empty() { no_device() } else { failure.next(format!("There is: {names}.")) });
    }
    Ok(found)
}

/// The one device that is meant.
fn one_device(snapshot: &Snapshot<'_>, options: &Options) -> Result<Device, Failure> {
    let mut devices = devices_meant(snapshot, options)?;
    let names = listed(&devices);
    // One that is no station is never meant if another is.
    if devices.iter().any(is_station) {
        devices.retain(is_station);
    }
    match devices.len() {
        0 => Err(no_device()),
        1 => devices.pop().ok_or_else(no_device),
        _ => Err(Failure::new(Kind::Usage, "There are several devices.")
            .code("several-devices")
            .next(format!("Say which with --device: {names}."))),
    }
}

fn is_station(device: &Device) -> bool {
    device.state != "unavailable" && device.mode.as_deref().is_none_or(|mode| mode == "station")
}

pub(crate) fn listed(devices: &[Device]) -> String {
    devices.iter().map(|device| device.name.as_str()).collect::<Vec<_>>().join(", ")
}

pub(crate) fn no_device() -> Failure {
    Failure::new(Kind::NotFound, "The daemon has no Wi-Fi device.")
        .code("no-device")
        .next("See whether the kernel has one (ip link) and whether it is blocked (rfkill).")
}

async fn status(bus: &Bus, options: &Options, style: Style) -> Result<Output, Failure> {
    let snapshot = Snapshot::take(bus).await?;
    let mut list: Vec<Status> = Vec::new();
    for device in devices_meant(&snapshot, options)? {
        list.push(snapshot.status(device).await?);
    }
    if list.is_empty() {
        return Err(no_device());
    }
    Ok(Output::new(json!({ "devices": list }), view::status(style, &list)))
}

async fn devices(bus: &Bus, options: &Options, style: Style) -> Result<Output, Failure> {
    let devices = devices_meant(&Snapshot::take(bus).await?, options)?;
    if devices.is_empty() {
        return Err(no_device());
    }
    Ok(Output::new(json!({ "devices": devices }), view::devices(style, &devices)))
}

async fn networks(bus: &Bus, options: &Options, listing: &Listing, style: Style) -> Result<Output, Failure> {
    let snapshot = Snapshot::take(bus).await?;
    let device = one_device(&snapshot, options)?;
    let list = snapshot.networks(&device).await?;
    let human = view::networks(style, &device.name, &list, listing.bss);
    Ok(Output::new(json!({ "device": device.name, "networks": list }), human))
}

async fn disconnect(bus: &Bus, options: &Options, style: Style) -> Result<Output, Failure> {
    let snapshot = Snapshot::take(bus).await?;
    let device = one_device(&snapshot, options)?;
    let was_connected = match bus.call(&device.path, "net.connman.iwd.Station", "Disconnect", &()).await {
        Ok(_) => true,
        Err(CallError::Refused(name, _)) if name == "NotConnected" => false,
        Err(other) => return Err(other.into()),
    };
    let what = if was_connected { "has left the network" } else { "was in no network" };
    Ok(Output::new(
        json!({ "device": device.name, "was_connected": was_connected }),
        format!("{} {what}; none is joined until you ask.\n", style.text(&device.name)),
    ))
}

/// Whether a network is the one that is meant: by its octets, or by its name as it is shown.
fn is_meant(name: &Name, choice: &Choice, octets: &[u8]) -> bool {
    let by_look = !choice.hex && name.name == choice.name;
    (name.octets == octets || by_look) && choice.kind.is_none_or(|kind| kind.name() == name.kind)
}

/// The octets of the name that is meant.
fn octets_meant(choice: &Choice) -> Result<Vec<u8>, Failure> {
    let octets = match (choice.hex, choice.name.strip_prefix('=')) {
        (true, None) => model::octets(&choice.name),
        (_, Some(digits)) => model::octets(digits),
        (false, None) => Some(choice.name.clone().into_bytes()),
    };
    match octets {
        Some(octets) if (1..=32).contains(&octets.len()) => Ok(octets),
        Some(_) => Err(Failure::new(Kind::Usage, "A network's name has 1 to 32 octets.").code("bad-name")),
        None => Err(Failure::new(Kind::Usage, "The network's name is not in pairs of hexadecimal digits.")
            .code("bad-name")
            .next("A name that begins with '=' is written in hexadecimal as well: its first octet is 3d.")),
    }
}

/// Of several that are meant, which?
fn several(name: &str, kinds: &[&str]) -> Failure {
    Failure::new(Kind::Usage, format!("There are several networks named {name}."))
        .code("several-networks")
        .next(format!("Say which with --type: {}.", kinds.join(", ")))
}

/// A known network as a QR code.
async fn share(
    bus: &Bus,
    options: &Options,
    choice: Option<&Choice>,
    around: &Surroundings,
) -> Result<Output, Failure> {
    let snapshot = Snapshot::take(bus).await?;
    let name = match choice {
        Some(choice) => known_network(&snapshot.known()?, choice)?.name.clone(),
        None => {
            let device = one_device(&snapshot, options)?;
            snapshot.status(device).await?.network.ok_or_else(|| {
                Failure::new(Kind::NotFound, "There is no connection whose network could be shared.")
                    .next("Say which network: lapwing share NETWORK.")
            })?
        }
    };
    let shared = crate::share::read(bus, &name).await?;
    let invitation = shared.invitation();
    let uri = invitation.uri().ok_or_else(crate::share::no_text)?;
    if !(options.json || around.is_terminal && around.style.unicode) {
        let next = "For a program, there is --json.";
        return Err(Failure::new(Kind::Usage, "There is no terminal to draw on.")
            .code("no-terminal")
            .next(next));
    }
    let drawing = invitation.draw(around.style.colour).ok_or_else(crate::share::no_text)?;
    let human = format!("{}\n{}", around.style.title(&name.octets), *drawing);
    Ok(Output::new(json!({ "network": name, "uri": *uri }), human))
}

/// The known network that is meant.
fn known_network<'a>(known: &'a [Known], choice: &Choice) -> Result<&'a Known, Failure> {
    let octets = octets_meant(choice)?;
    let meant: Vec<&Known> = known.iter().filter(|known| is_meant(&known.name, choice, &octets)).collect();
    match *meant.as_slice() {
        [known] => Ok(known),
        [] => Err(Failure::new(Kind::NotFound, format!("No network named {} is known.", choice.name))
            .next("See which are: lapwing known.")),
        _ => {
            let kinds: Vec<&str> = meant.iter().map(|known| known.name.kind.as_str()).collect();
            Err(several(&choice.name, &kinds))
        }
    }
}

async fn forget(bus: &Bus, choice: &Choice, style: Style) -> Result<Output, Failure> {
    let list = Snapshot::take(bus).await?.known()?;
    let known = known_network(&list, choice)?;
    bus.call(&known.path, "net.connman.iwd.KnownNetwork", "Forget", &()).await?;
    Ok(Output::new(
        json!({ "forgotten": known.name }),
        format!("{} is forgotten.\n", style.title(&known.name.octets)),
    ))
}

async fn links(bus: &Bus, options: &Options, style: Style) -> Result<Output, Failure> {
    let snapshot = Snapshot::take(bus).await?;
    let device = one_device(&snapshot, options)?;
    let Some(links) = snapshot.links(&device.path).await? else {
        return Err(other_daemon("tells nothing of links"));
    };
    let human = view::links(style, &device.name, &links);
    Ok(Output::new(json!({ "device": device.name, "connection": links }), human))
}

async fn timeline(bus: &Bus, options: &Options, style: Style) -> Result<Output, Failure> {
    let snapshot = Snapshot::take(bus).await?;
    let device = one_device(&snapshot, options)?;
    let reply = bus.call(&device.path, STATION, "GetTimeline", &()).await;
    let Some(reply) = crate::bus::present(reply)? else { return Err(other_daemon("keeps no timelines")) };
    let timeline: String = crate::bus::decode(&reply.body(), "GetTimeline")?;
    let human = match timeline.trim() {
        "" => format!("{} has not tried to join a network yet.\n", style.text(&device.name)),
        _ => style.lines(&timeline),
    };
    Ok(Output::new(json!({ "device": device.name, "timeline": timeline }), human))
}

/// The daemon is another one, which cannot do this.
fn other_daemon(what: &str) -> Failure {
    Failure::new(Kind::Failed, format!("The daemon that answers {what}: it is not lapwingd."))
        .code("other-daemon")
        .next("See which it is: busctl status net.connman.iwd.")
}

/// The event of a signal of ours; none if it is another signal.
pub(crate) fn happened(message: &zbus::Message) -> Option<Result<(Event, String), Failure>> {
    let header = message.header();
    let is_ours = header.interface().is_some_and(|interface| interface.as_str() == "org.lapwing.Daemon1")
        && header.member().is_some_and(|member| member.as_str() == "Happened");
    if !is_ours {
        return None;
    }
    Some(crate::bus::decode::<String>(&message.body(), "Happened").and_then(|line| {
        match Event::parse(&line) {
            Some(event) => Ok((event, line)),
            None => Err(Failure::garbage("an event is no JSON object")),
        }
    }))
}

/// The object whose properties a signal says have changed, if it says so.
fn changed(message: &zbus::Message) -> Option<String> {
    let header = message.header();
    let is_change = header.message_type() == zbus::message::Type::Signal
        && header.member().is_some_and(|member| member.as_str() == "PropertiesChanged");
    is_change.then(|| header.path().map(ToString::to_string)).flatten()
}
