//! What is shown, in its order: joining, then what access points do to those who have joined.

use super::feed::{Fact, Feed};
use super::screen::Screen;
use super::truth::Truth;
use super::world::World;
use crate::bus::{Bus, DAEMON, decode};
use crate::commands::{Surroundings, connect, monitor::now, one_device, scan};
use crate::events::Event;
use crate::failure::{Failure, Kind};
use crate::model::{Device, Network, Snapshot};
use crate::options::{self, Choice, Connect, Options};
use crate::secret::Secret;
use crate::signals::Signals;
use crate::terminal::Progress;
use crate::text::{Cell, Paint, table};
use crate::{radio, view};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long joining may take, and coming back: a station that was thrown out waits longer with each try.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the address may take of it, in s.
const ADDRESS: u32 = 30;
/// How long links may take to be gone everywhere, or a disconnection to be noticed.
const NOTICE: Duration = Duration::from_secs(20);
/// How often is looked how it stands.
const LOOK: Duration = Duration::from_millis(20);
/// How many beacons before it goes a link is announced to go.
const COUNTDOWN: u16 = 3;
/// How long a reboot takes.
const REBOOT: Duration = Duration::from_millis(800);

/// Whose story it is.
pub(super) struct Story {
    /// When the daemon was started, on the machine's clock.
    pub(super) begun: f64,
    /// Where its clients find it.
    pub(super) address: String,
    pub(super) bus: Bus,
    pub(super) world: World,
    pub(super) feed: Feed,
    pub(super) screen: Screen,
}

/// The access point that is joined.
struct Ap {
    place: u64,
    ssid: String,
    kind: options::Kind,
    passphrase: String,
    address: String,
}

impl Story {
    /// Tells it, to the end.
    pub(super) async fn tell(mut self) -> Result<(), Failure> {
        let world = self.world.ask("world").await?;
        let about = world.text("about").unwrap_or_default().to_owned();
        self.screen.say(
            &format!(
                "{}\n{}\n",
                self.screen.style().paint(Paint::Strong, "The real lapwingd, on a radio made of software."),
                self.screen.style().text(&about),
            ),
            &json!({ "event": "world", "name": world.text("name"), "about": about }),
        )?;
        let aps = access_points(&world);
        let first = aps.first().ok_or_else(|| strange("has no access point"))?;
        let device = self.look_around().await?;
        let online = self.join(first).await?;
        self.stand().await?;
        let truth = self.truth().await?;
        let ap = aps.iter().find(|ap| Some(&ap.address) == truth.peer.as_ref()).unwrap_or(first);
        let links = truth.links();
        let last = links.last().filter(|_| links.len() > 1);
        if let Some(link) = last {
            self.remove(ap, *link).await?;
        }
        let back = self.reboot(ap).await?;
        self.farewell(&device, online, last.is_some(), back).await
    }

    /// Scans, and lists what is there.
    async fn look_around(&mut self) -> Result<Device, Failure> {
        self.chapter("scan", "What is in reach?")?;
        let bus = self.bus.clone();
        let work = async {
            // The daemon tells of its radio a moment after it can be talked to.
            let device = loop {
                match one_device(&Snapshot::take(&bus).await?, &plain()) {
                    Err(failure) if failure.kind == Kind::NotFound => tokio::time::sleep(LOOK).await,
                    found => break found?,
                }
            };
            scan::scan(&bus, &device, &mut Progress::new(true, |_| None)).await?;
            let networks = Snapshot::take(&bus).await?.networks(&device).await?;
            Ok((device, networks))
        };
        let (device, networks) = self.meanwhile(work).await?;
        let list = self.networks(&networks);
        self.screen.say(&list, &json!({ "event": "networks", "at": now(), "networks": networks }))?;
        Ok(device)
    }

    fn networks(&self, networks: &[Network]) -> String {
        let style = self.screen.style();
        let row = |network: &Network| {
            let (bar, paint) = network.signal_dbm.map_or((String::new(), Paint::Plain), |dbm| style.bar(dbm));
            let bsss = match network.bsss.len() {
                1 => "1 access point".to_owned(),
                count => format!("{count} access points"),
            };
            vec![
                Cell::new(" ".repeat(17)),
                Cell::new(bar).paint(paint),
                Cell::new(network.signal_dbm.map(|dbm| format!("{dbm} dBm")).unwrap_or_default()).right(),
                Cell::new(style.title(&network.name.octets)).paint(Paint::Strong),
                Cell::new(style.text(radio::kind(&network.name.kind))),
                Cell::new(bsss).paint(Paint::Faint),
            ]
        };
        table(style, &networks.iter().map(row).collect::<Vec<_>>())
    }

    /// Joins, and waits until it is online. Returns how long after the start that was.
    async fn join(&mut self, ap: &Ap) -> Result<f64, Failure> {
        self.chapter("join", &format!("Joining {}", self.screen.style().title(ap.ssid.as_bytes())))?;
        let bus = Bus::open(Some(&self.address)).await?;
        let network = Choice { name: ap.ssid.clone(), hex: false, kind: Some(ap.kind) };
        let wish = Connect {
            network,
            hidden: false,
            bssid: None,
            passphrase_fd: None,
            passphrase_file: None,
            no_wait: false,
            timeout: ADDRESS,
        };
        let mut around = Surroundings {
            style: self.screen.style(),
            progress: Progress::new(true, |_| None),
            is_terminal: false,
            secret: Some(Secret::new(ap.passphrase.clone())),
            signals: Signals::catch().map_err(|error| Failure::new(Kind::Failed, error.to_string()))?,
        };
        let asked = plain();
        let mut online = None;
        let joined = connect::run(&bus, &asked, &wish, &mut around);
        let seen = |fact: &Fact| {
            if fact.is("configured") {
                online = online.or(Some(fact.at));
            }
        };
        self.until(joined, seen).await?;
        let seconds = online.unwrap_or_else(now) - self.begun;
        let style = self.screen.style();
        self.screen.say(
            &format!(
                "{} {}\n",
                style.paint(Paint::Good, style.dot()),
                style.paint(Paint::Good, &format!("online {seconds:.3} s after the daemon was started")),
            ),
            &json!({ "event": "online", "at": now(), "seconds": thousandths(seconds) }),
        )?;
        self.screen.think().await;
        Ok(seconds)
    }

    /// Shows links and keys, and whether all agree.
    async fn stand(&mut self) -> Result<(), Failure> {
        let truth = self.truth().await?;
        let known = self.known_links().await?;
        let quarrels = truth.quarrels(&known);
        let style = self.screen.style();
        let verdict = match quarrels.as_slice() {
            [] => style.paint(Paint::Good, "daemon, kernel and access point agree about links and keys"),
            quarrels => style.paint(Paint::Bad, &quarrels.join("; ")),
        };
        self.screen.say(
            &format!("{}    {verdict}\n", truth.table(style)),
            &json!({
                "event": "stand", "at": now(), "links": truth.links(), "daemon_links": known, "disagreements": quarrels,
            }),
        )?;
        self.screen.think().await;
        Ok(())
    }

    /// The access point removes a link.
    async fn remove(&mut self, ap: &Ap, link: u64) -> Result<(), Failure> {
        self.chapter("remove-link", &format!("The access point removes link {link}"))?;
        self.world.ask(&format!("order {} remove-link {link} {COUNTDOWN}", ap.place)).await?;
        let deadline = Instant::now() + NOTICE;
        loop {
            self.meanwhile(rest(LOOK)).await?;
            let (truth, known) = (self.truth().await?, self.known_links().await?);
            // The kernel is first, a beacon or two before the access point.
            if !truth.links().contains(&link) && truth.quarrels(&known).is_empty() {
                break;
            }
            if Instant::now() >= deadline {
                return Err(strange("does not agree about the link that its access point removed"));
            }
        }
        self.drain().await?;
        self.stand().await
    }

    /// The access point reboots. Returns how long after its return all is well again.
    async fn reboot(&mut self, ap: &Ap) -> Result<f64, Failure> {
        self.chapter("reboot", "The access point loses its power")?;
        self.world.ask(&format!("order {} power-off", ap.place)).await?;
        if !self.see(NOTICE, |fact| fact.is("disconnected")).await? {
            return Err(strange("does not notice that its access point is gone"));
        }
        self.meanwhile(rest(REBOOT)).await?;
        self.chapter("return", "The access point is back; nobody does anything")?;
        self.world.ask(&format!("order {} power-on", ap.place)).await?;
        let back = now();
        let mut online = back;
        // Another access point may have taken over.
        if self.status().await?.pointer("/interfaces/0/online") != Some(&Value::Bool(true)) {
            let seen = self.see(PATIENCE, |fact| {
                online = fact.at;
                fact.is("configured")
            });
            if !seen.await? {
                return Err(strange("has not come back by itself"));
            }
        }
        self.drain().await?;
        self.stand().await?;
        Ok(online - back)
    }

    /// Says how it ended. It went well if it is online.
    async fn farewell(
        &mut self,
        device: &Device,
        online: f64,
        was_removed: bool,
        back: f64,
    ) -> Result<(), Failure> {
        let snapshot = Snapshot::take(&self.bus).await?;
        let device = snapshot.devices()?.into_iter().find(|now| now.path == device.path);
        let status = snapshot.status(device.ok_or_else(|| strange("has lost its device"))?).await?;
        let is_online = status.addresses.is_some() && status.device.state == "connected";
        let style = self.screen.style();
        let mut parts = vec![format!("online in {online:.2} s")];
        if was_removed {
            parts.push("a link went and the connection stayed".to_owned());
        }
        parts.push(format!("{back:.2} s after the reboot all was well again"));
        self.screen.say(
            &format!(
                "\n{}\n{}",
                style.paint(Paint::Strong, &parts.join("; ")),
                view::status(style, &[status]),
            ),
            &json!({
                "event": "end",
                "at": now(),
                "online": is_online,
                "seconds_to_online": thousandths(online),
                "link_removed": was_removed,
                "seconds_to_return": thousandths(back),
            }),
        )?;
        if is_online {
            return self.screen.hint(
                "The same daemon to play with: lapwing daemon -- --world tour. On a real kernel: cargo xtask demo.",
            );
        }
        Err(strange("is not online at the end"))
    }

    fn chapter(&self, name: &str, title: &str) -> Result<(), Failure> {
        let json = json!({ "event": "chapter", "at": now(), "name": name, "title": title });
        self.screen.chapter(title, &json)
    }

    /// How it stands, as the world has it.
    async fn truth(&mut self) -> Result<Truth, Failure> {
        Ok(Truth::read(&self.world.ask("truth").await?))
    }

    /// The links that the daemon knows of.
    async fn known_links(&self) -> Result<BTreeSet<u64>, Failure> {
        let status = self.status().await?;
        let links = status.pointer("/interfaces/0/links").and_then(Value::as_array);
        Ok(links.into_iter().flatten().filter_map(Value::as_u64).collect())
    }

    /// The daemon's status file.
    async fn status(&self) -> Result<Value, Failure> {
        let reply = self.bus.call(DAEMON, "org.lapwing.Daemon1", "GetStatus", &()).await?;
        let status: String = decode(&reply.body(), "GetStatus")?;
        serde_json::from_str(&status).map_err(|_| Failure::garbage("its status is no JSON"))
    }

    /// Shows what happens while something is done.
    async fn meanwhile<T>(&mut self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        self.until(work, |_| {}).await
    }

    async fn until<T>(
        &mut self,
        work: impl Future<Output = Result<T, Failure>>,
        mut seen: impl FnMut(&Fact),
    ) -> Result<T, Failure> {
        let mut work = std::pin::pin!(work);
        let mut is_late = std::pin::pin!(tokio::time::sleep(PATIENCE));
        let done = loop {
            tokio::select! {
                done = &mut work => break done?,
                fact = self.feed.next() => {
                    seen(&fact);
                    self.screen.fact(&fact, self.begun).await?;
                }
                () = &mut is_late => return Err(strange("takes too long")),
            }
        };
        for fact in self.feed.rest().await {
            seen(&fact);
            self.screen.fact(&fact, self.begun).await?;
        }
        Ok(done)
    }

    /// Shows what happens until this is seen. Returns whether it was.
    async fn see(
        &mut self,
        patience: Duration,
        mut wanted: impl FnMut(&Fact) -> bool,
    ) -> Result<bool, Failure> {
        let (feed, screen, begun) = (&mut self.feed, &self.screen, self.begun);
        let watch = async {
            loop {
                let fact = feed.next().await;
                screen.fact(&fact, begun).await?;
                if wanted(&fact) {
                    return Ok(());
                }
            }
        };
        match timeout(patience, watch).await {
            Ok(seen) => seen.map(|()| true),
            Err(_) => Ok(false),
        }
    }

    /// Shows what was told so far.
    async fn drain(&mut self) -> Result<(), Failure> {
        for fact in self.feed.rest().await {
            self.screen.fact(&fact, self.begun).await?;
        }
        Ok(())
    }
}

async fn rest(time: Duration) -> Result<(), Failure> {
    tokio::time::sleep(time).await;
    Ok(())
}

/// The options of the commands that the story consists of.
const fn plain() -> Options {
    Options { json: false, device: None, address: None, command: None }
}

fn access_points(world: &Event) -> Vec<Ap> {
    let list = world.member("aps").and_then(Value::as_array).into_iter().flatten();
    let ap = |ap: &Value| {
        let text = |key: &str| Some(ap.get(key)?.as_str()?.to_owned());
        let place = ap.get("ap")?.as_u64()?;
        let kind = if text("type")? == "open" { options::Kind::Open } else { options::Kind::Psk };
        Some(Ap {
            place,
            ssid: text("ssid")?,
            kind,
            passphrase: text("passphrase")?,
            address: text("address")?,
        })
    };
    list.filter_map(ap).collect()
}

fn thousandths(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

/// It did not go as it should.
fn strange(what: &str) -> Failure {
    Failure::new(Kind::Failed, format!("The daemon in this world {what}."))
        .whose("daemon")
        .next("Run it again with --json and report what it prints.")
}
