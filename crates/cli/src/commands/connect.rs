//! Joining a network: the request, the passphrase when it is asked for, the address, and the way back.

use super::{Output, Surroundings, changed, happened, is_meant, octets_meant, one_device, scan, several};
use crate::bus::{Bus, DAEMON, Incoming, decode};
use crate::events::Event;
use crate::failure::{CallError, Failure, Kind};
use crate::model::{Device, LastFailure, Name, Network, STATION, Snapshot, Station, Status};
use crate::options::{self, Connect, Options};
use crate::secret::{self, Secret};
use crate::terminal::Progress;
use crate::text::Style;
use crate::view;
use lapwing_frames::MacAddr;
use serde_json::json;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::Instant;
use zbus::{Message, OwnedObjectPath};

/// Our object that is asked for passphrases.
const AGENT: &str = "/org/lapwing/agent";

/// How long nothing may be heard of the daemon, which tells of every phase and bounds each.
const SILENCE: Duration = Duration::from_secs(60);

/// What an agent says that has no secret.
const CANCELED: &str = "net.connman.iwd.Agent.Error.Canceled";

/// What is called.
enum Target {
    /// A network that was heard.
    Heard(Network),
    /// One that does not announce its name.
    Hidden(Name),
}

impl Target {
    const fn name(&self) -> &Name {
        match self {
            Self::Heard(network) => &network.name,
            Self::Hidden(name) => name,
        }
    }
}

/// Joins a network.
pub(super) async fn run(
    bus: &Bus,
    options: &Options,
    connect: &Connect,
    around: &mut Surroundings,
) -> Result<Output, Failure> {
    let Surroundings { style, progress, secret, signals, .. } = around;
    let secret = secret.take();
    let snapshot = Snapshot::take(bus).await?;
    let device = one_device(&snapshot, options)?;
    let target = tokio::select! {
        target = find(bus, &device, connect, progress) => target?,
        signal = signals.next() => return Err(signal),
    };
    let is_known = matches!(&target, Target::Heard(network) if network.known);
    if is_known && secret.is_some() {
        let name = progress.style().title(&target.name().octets);
        progress.note(&format!(
            "{name} is known: its stored passphrase is used, not the given one. To replace it, forget it first."
        ));
    }
    let incoming = bus.listen().await?;
    // Who is not told how it goes on joins all the same.
    let _watched = bus.watch().await;
    let needs_agent = match &target {
        Target::Heard(network) => network.name.kind != "open" && !network.known,
        Target::Hidden(_) => true,
    };
    if needs_agent {
        let path = OwnedObjectPath::try_from(AGENT).map_err(CallError::from)?;
        bus.call(DAEMON, "net.connman.iwd.AgentManager", "RegisterAgent", &(path,)).await?;
    }
    let owner = bus.owner().await?;
    let bssid = connect.bssid;
    let mut attempt =
        Attempt { bus, device: &device, owner, secret, incoming, bssid, asked_for: Duration::ZERO };
    let begun = Instant::now();
    let joined = tokio::select! {
        joined = attempt.join(&target, progress) => joined,
        signal = signals.next() => Err(signal),
    };
    if let Err(failure) = joined {
        if let Kind::Interrupted(_) = failure.kind {
            // The attempt ends with us. Whatever the answer is, there is nothing more to be done.
            let _answer = bus.call(&device.path, "net.connman.iwd.Station", "Disconnect", &()).await;
        }
        return Err(failure);
    }
    if !connect.no_wait && snapshot.gives_addresses().await != Some(false) {
        // Who interrupts now gives up waiting, not the connection.
        tokio::select! {
            outcome = attempt.address(&target, connect.timeout, progress) => outcome?,
            signal = signals.next() => return Err(signal),
        }
    }
    let seconds = begun.elapsed().saturating_sub(attempt.asked_for).as_secs_f64();
    progress.clear();
    let status = current(bus, &device).await?;
    let name = status.network.clone().unwrap_or_else(|| target.name().clone());
    Ok(told(*style, &device, &name, seconds, &status))
}

/// Goes to another access point of the network, or to the same again.
pub(super) async fn roam(
    bus: &Bus,
    options: &Options,
    MacAddr(octets): MacAddr,
    around: &mut Surroundings,
) -> Result<Output, Failure> {
    let Surroundings { style, progress, signals, .. } = around;
    let snapshot = Snapshot::take(bus).await?;
    let device = one_device(&snapshot, options)?;
    let begun = Instant::now();
    progress.show("joining the network there");
    let wish = (octets.to_vec(),);
    tokio::select! {
        answer = bus.call_patiently(&device.path, STATION, "Roam", &wish) => answer?,
        // Who interrupts gives up waiting, not the connection.
        signal = signals.next() => return Err(signal),
    };
    let seconds = begun.elapsed().as_secs_f64();
    progress.clear();
    let status = current(bus, &device).await?;
    match status.network.clone() {
        Some(name) => Ok(told(*style, &device, &name, seconds, &status)),
        None => Err(Failure::new(Kind::Failed, "The connection was lost again.").code("lost")),
    }
}

/// What to say of a connection that was made.
pub(super) fn told(style: Style, device: &Device, name: &Name, seconds: f64, status: &Status) -> Output {
    let human = view::connected(style, &device.name, name, seconds, status);
    let json = json!({
        "device": device.name,
        "network": name,
        "seconds": (seconds * 1000.0).round() / 1000.0,
        "connection": status.connection,
        "addresses": status.addresses,
    });
    Output::new(json, human)
}

/// The device as it is now.
pub(super) async fn current(bus: &Bus, device: &Device) -> Result<Status, Failure> {
    let snapshot = Snapshot::take(bus).await?;
    match snapshot.devices()?.into_iter().find(|now| now.path == device.path) {
        Some(now) => snapshot.status(now).await,
        None => Err(Failure::new(Kind::NotFound, format!("{} is gone.", device.name))),
    }
}

/// The network that is meant. If it was not heard, it is looked for once.
async fn find(
    bus: &Bus,
    device: &Device,
    connect: &Connect,
    progress: &mut Progress,
) -> Result<Target, Failure> {
    let choice = &connect.network;
    let octets = octets_meant(choice)?;
    if connect.hidden {
        if std::str::from_utf8(&octets).is_err() {
            return Err(Failure::new(
                Kind::Usage,
                "A hidden network can be asked for by a name in UTF-8 only.",
            )
            .code("bad-name")
            .next("Write its network file by hand, as docs/network-files.md says."));
        }
        return Ok(Target::Hidden(Name::new(octets, choice.kind.map_or("psk", options::Kind::name))));
    }
    for has_looked in [false, true] {
        let networks = Snapshot::take(bus).await?.networks(device).await?;
        let mut meant: Vec<Network> =
            networks.into_iter().filter(|network| is_meant(&network.name, choice, &octets)).collect();
        match meant.len() {
            0 if has_looked => {}
            0 => scan::scan(bus, device, progress).await?,
            1 => return meant.pop().map(Target::Heard).ok_or_else(|| Failure::garbage("one is none")),
            _ => {
                let kinds: Vec<&str> = meant.iter().map(|network| network.name.kind.as_str()).collect();
                return Err(several(&choice.name, &kinds));
            }
        }
    }
    Err(Failure::new(Kind::NotFound, format!("No network named {} is heard.", choice.name))
        .whose("circumstances")
        .next("See what is: lapwing networks. If it does not announce its name, add --hidden."))
}

/// A question of the daemon, and the person who thinks about it.
struct Question {
    call: Message,
    since: Instant,
    answer: Pin<Box<dyn Future<Output = Result<Secret, Failure>>>>,
}

async fn answered(question: &mut Option<Question>) -> Result<Secret, Failure> {
    match question {
        Some(question) => (&mut question.answer).await,
        None => std::future::pending().await,
    }
}

/// An attempt to be connected.
struct Attempt<'a> {
    bus: &'a Bus,
    device: &'a Device,
    /// The daemon's connection: nobody else is told a secret.
    owner: String,
    /// What the command line gave; it is handed over once.
    secret: Option<Secret>,
    incoming: Incoming,
    /// By which access point alone.
    bssid: Option<MacAddr>,
    /// How long a person took to answer, which is not the daemon's time.
    asked_for: Duration,
}

impl Attempt<'_> {
    /// Asks the daemon to join, and answers its question.
    async fn join(&mut self, target: &Target, progress: &mut Progress) -> Result<(), Failure> {
        let bus = self.bus;
        let name = String::from_utf8_lossy(&target.name().octets).into_owned();
        let mut call: Pin<Box<dyn Future<Output = Result<Message, CallError>> + '_>> = match target {
            Target::Heard(network) => match self.bssid {
                None => {
                    Box::pin(bus.call_patiently(&network.path, "net.connman.iwd.Network", "Connect", &()))
                }
                Some(MacAddr(octets)) => {
                    let path = &self.device.path;
                    Box::pin(async move {
                        bus.call_patiently(path, STATION, "ConnectTo", &(octets.to_vec(),)).await
                    })
                }
            },
            Target::Hidden(_) => {
                let (path, name) = (&self.device.path, &name);
                Box::pin(async move {
                    let interface = "net.connman.iwd.Station";
                    bus.call_patiently(path, interface, "ConnectHiddenNetwork", &(name.as_str(),)).await
                })
            }
        };
        let title = progress.style().title(&target.name().octets);
        progress.show(&format!("joining {title}"));
        let mut question: Option<Question> = None;
        let mut unsaid: Option<Failure> = None;
        loop {
            tokio::select! {
                outcome = &mut call => {
                    // What was told before the answer is shown before it.
                    while let Some(message) = self.incoming.waiting().await {
                        if let Some(told) = happened(&message) {
                            self.tell(&told?.0, progress);
                        }
                    }
                    return match (outcome, unsaid) {
                        (Ok(_), _) => Ok(()),
                        (Err(_), Some(failure)) => Err(failure),
                        (Err(error), None) => Err(self.explain(error, &title).await),
                    };
                }
                answer = answered(&mut question) => if let Some(Question { call, since, .. }) = question.take() {
                    self.asked_for = self.asked_for.saturating_add(since.elapsed());
                    match answer {
                        Ok(secret) => bus.reply(&call, &(secret.as_str(),)).await,
                        Err(failure) => {
                            bus.refuse(&call, CANCELED, "No passphrase was given.").await;
                            unsaid = Some(failure);
                        }
                    }
                },
                message = self.incoming.next() => {
                    self.heard(&message?, &title, &mut question, progress).await?;
                }
                () = tokio::time::sleep(SILENCE), if question.is_none() => {
                    let sentence = format!("Nothing was heard of the daemon for {} s.", SILENCE.as_secs());
                    return Err(Failure::new(Kind::Failed, sentence).code("timeout").whose("daemon"));
                }
            }
        }
    }

    /// Something came in while we join.
    async fn heard(
        &mut self,
        message: &Message,
        title: &str,
        question: &mut Option<Question>,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        if let Some(told) = happened(message) {
            self.tell(&told?.0, progress);
            return Ok(());
        }
        let header = message.header();
        if header.message_type() != zbus::message::Type::MethodCall {
            return Ok(());
        }
        let bus = self.bus;
        let is_daemon = header.sender().is_some_and(|sender| sender.as_str() == self.owner);
        let is_agent = header.path().is_some_and(|path| path.as_str() == AGENT)
            && header.interface().is_none_or(|interface| interface.as_str() == "net.connman.iwd.Agent");
        match header.member().map(zbus::names::MemberName::as_str) {
            _ if !is_daemon => {
                bus.refuse(message, "org.freedesktop.DBus.Error.AccessDenied", "Only the daemon may ask.")
                    .await;
            }
            Some("RequestPassphrase") if is_agent => match self.secret.take() {
                Some(secret) => bus.reply(message, &(secret.as_str(),)).await,
                None => {
                    progress.clear();
                    let title = title.to_owned();
                    *question = Some(Question {
                        call: message.clone(),
                        since: Instant::now(),
                        answer: Box::pin(async move { secret::asked(&title).await }),
                    });
                }
            },
            Some("Cancel") if is_agent => {
                let reason: String = decode(&message.body(), "Cancel")?;
                *question = None;
                progress.note(&format!("The passphrase is not wanted any more ({reason})."));
                bus.reply(message, &()).await;
            }
            Some("Release") if is_agent => bus.reply(message, &()).await,
            Some("RequestUserNameAndPassword" | "RequestUserPassword" | "RequestPrivateKeyPassphrase")
                if is_agent =>
            {
                progress.note("The network wants an account; this command can give a passphrase only.");
                bus.refuse(message, CANCELED, "Only passphrases can be given.").await;
            }
            _ => {
                bus.refuse(message, "org.freedesktop.DBus.Error.UnknownMethod", "There is no such method.")
                    .await
            }
        }
        Ok(())
    }

    fn tell(&self, event: &Event, progress: &mut Progress) {
        if event.text("interface") == Some(&self.device.name)
            && let Some(text) = event.progress()
        {
            progress.show(&text);
        }
    }

    /// Waits for an address.
    async fn address(
        &mut self,
        target: &Target,
        seconds: u32,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let title = progress.style().title(&target.name().octets);
        let deadline = Instant::now() + Duration::from_secs(seconds.into());
        loop {
            // Another daemon does not tell.
            let Some(properties) = self.bus.properties(&self.device.path, STATION).await? else {
                return Ok(());
            };
            let station = Station::read(&properties)?;
            if station.addresses.is_some() {
                return Ok(());
            }
            if matches!(station.state.as_deref(), Some("disconnected" | "disconnecting" | "unavailable")) {
                let failure = Failure::new(Kind::Failed, format!("The connection to {title} was lost."));
                return Err(match station.last_failure {
                    Some(last) => failed(last, format!("The connection to {title} was lost")),
                    None => failure.code("lost"),
                });
            }
            if Instant::now() >= deadline {
                return Err(Failure::new(
                    Kind::NoAddress,
                    format!("Connected to {title}, but no address came within {seconds} s."),
                )
                .whose("access point")
                .next(
                    "Check the DHCP server of the network; the radio link itself works. The daemon tries on.",
                ));
            }
            progress.show("getting an address");
            self.change(deadline, progress).await?;
        }
    }

    /// Waits until a property of the device has changed, or a while.
    async fn change(&mut self, deadline: Instant, progress: &mut Progress) -> Result<(), Failure> {
        loop {
            let Ok(message) = tokio::time::timeout_at(deadline, self.incoming.next()).await else {
                return Ok(());
            };
            let message = message?;
            match happened(&message) {
                Some(told) => self.tell(&told?.0, progress),
                None if changed(&message).is_some_and(|path| path == self.device.path) => return Ok(()),
                None => {}
            }
        }
    }

    /// What an error of the daemon means, with what it says besides about the attempt.
    async fn explain(&self, error: CallError, title: &str) -> Failure {
        let CallError::Refused(name, sentence) = error else { return error.into() };
        if let Ok(Some(properties)) = self.bus.properties(&self.device.path, STATION).await
            && let Ok(Station { last_failure: Some(last), .. }) = Station::read(&properties)
            // It may be of an attempt before.
            && sentence.to_lowercase().contains(&last.sentence.to_lowercase())
        {
            return failed(last, format!("Could not join {title}"));
        }
        let next = match name.as_str() {
            "NotHidden" => "Leave --hidden out.",
            "InvalidFormat" => "A passphrase has 8 to 63 characters, or is a key of 64 hexadecimal digits.",
            "NotConfigured" => "Write its network file first, as docs/network-files.md says.",
            // iwd does not tell why.
            "Failed" if !sentence.contains(' ') || sentence == "Operation failed" => {
                "Check the passphrase. If it is stored and wrong: lapwing forget NETWORK, then connect again."
            }
            _ => return CallError::Refused(name, sentence).into(),
        };
        Failure::from(CallError::Refused(name, sentence)).next(next)
    }
}

/// A failure in the daemon's words.
fn failed(last: LastFailure, what: String) -> Failure {
    let kind = if last.code == "no-address" { Kind::NoAddress } else { Kind::Failed };
    Failure {
        code: last.code.into(),
        phase: last.phase,
        whose: last.whose,
        next_step: last.next_step,
        ..Failure::new(kind, format!("{what}: {}.", last.sentence.trim_end_matches('.')))
    }
}
