//! `lapwing tui`: everything on one screen. The state and what keys do are in `app`, what is shown in `draw`; here are
//! the terminal, the bus and the clock.

mod app;
mod draw;
mod field;
mod front;
mod graph;

use crate::bus::{Bus, DAEMON, Incoming, decode};
use crate::commands::{Surroundings, happened};
use crate::failure::{CallError, Failure, Kind};
use crate::hotspot::{self, Client, Start};
use crate::model::{Device, Snapshot};
use crate::options::Options;
use crate::secret::Secret;
use crate::share;
use crate::text::Style;
use app::{Action, App, Event, Key, Picture, View};
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::io::IsTerminal;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use zbus::zvariant::DynamicType;
use zbus::{Message, OwnedObjectPath, Variant};

/// Our object that is asked for passphrases.
const AGENT: &str = "/org/lapwing/agent";
/// What an agent says that has no secret.
const CANCELED: &str = "net.connman.iwd.Agent.Error.Canceled";
/// How often the daemon is looked at: the signal has no signal.
const LOOK: Duration = Duration::from_secs(1);
/// How soon after it told something: what comes together is looked at once.
const SOON: Duration = Duration::from_millis(120);

/// The terminal, which is as before when this goes.
struct Screen(DefaultTerminal);

impl Screen {
    fn open() -> std::io::Result<Self> {
        ratatui::try_init().map(Self)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

/// What a task brings back.
enum Outcome {
    /// For the state.
    Event(Event),
    /// The daemon was looked at.
    Look(Result<Box<View>, Failure>),
    /// A hotspot began: with this passphrase, if it has one.
    Begun(String, Option<Secret>),
}

/// Shows everything until a person leaves.
///
/// # Errors
/// If there is no terminal or no daemon, or the bus is lost.
pub(crate) async fn run(bus: &Bus, options: &Options, around: &mut Surroundings) -> Result<(), Failure> {
    if options.json || !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(Failure::new(Kind::Usage, "There is no terminal to draw on.")
            .code("no-terminal")
            .next("For a program, there is: lapwing monitor --json."));
    }
    // Who is not there, or does not let us in, is told before the screen changes.
    Snapshot::take(bus).await?;
    let incoming = bus.listen().await?;
    around.progress.clear();
    let screen = Screen::open().map_err(terminal)?;
    let driver = Driver {
        bus: bus.clone(),
        app: App::new(),
        watched: options.device.clone(),
        question: None,
        tasks: JoinSet::new(),
        look_at: Instant::now(),
        looks: false,
    };
    driver.run(screen, incoming, around.style).await
}

fn terminal(error: std::io::Error) -> Failure {
    Failure::new(Kind::Failed, format!("The terminal cannot be used: {error}.")).code("terminal")
}

/// Keys as they come.
type Keys = mpsc::UnboundedReceiver<std::io::Result<Key>>;

/// Reads keys on a thread of its own: the terminal library waits, and says nothing to a loop of events.
fn keys() -> Keys {
    let (sender, keys) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        loop {
            let key = match event::read() {
                Ok(event::Event::Key(key)) => key_of(key).map(Ok),
                // Whatever the size is now: it is drawn anew.
                Ok(event::Event::Resize(..)) => Some(Ok(Key::Redraw)),
                Ok(_) => None,
                Err(error) => Some(Err(error)),
            };
            let Some(key) = key else { continue };
            let is_over = key.is_err();
            if sender.send(key).is_err() || is_over {
                return;
            }
        }
    });
    keys
}

fn key_of(key: KeyEvent) -> Option<Key> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    Some(match (key.code, key.modifiers.contains(KeyModifiers::CONTROL)) {
        (KeyCode::Char('c'), true) => Key::Interrupt,
        (KeyCode::Char('t'), true) => Key::Reveal,
        (KeyCode::Char('h'), true) | (KeyCode::Backspace, _) => Key::Erase,
        (KeyCode::Char(_), true) => return None,
        (KeyCode::Char(character), false) => Key::Character(character),
        (KeyCode::Up, _) => Key::Up,
        (KeyCode::Down, _) => Key::Down,
        (KeyCode::Home | KeyCode::PageUp, _) => Key::Top,
        (KeyCode::End | KeyCode::PageDown, _) => Key::Bottom,
        (KeyCode::Tab | KeyCode::Right, _) => Key::Next,
        (KeyCode::BackTab | KeyCode::Left, _) => Key::Back,
        (KeyCode::Enter, _) => Key::Enter,
        (KeyCode::Esc, _) => Key::Escape,
        _ => return None,
    })
}

/// What carries events to the state and its actions to the daemon.
struct Driver {
    bus: Bus,
    app: App,
    /// The name of the device that is looked at; without, the first.
    watched: Option<String>,
    /// The daemon's question that has no answer yet.
    question: Option<Message>,
    tasks: JoinSet<Outcome>,
    /// When the daemon is looked at next.
    look_at: Instant,
    /// Whether it is being looked at.
    looks: bool,
}

impl Driver {
    async fn run(mut self, mut screen: Screen, mut incoming: Incoming, style: Style) -> Result<(), Failure> {
        self.introduce().await;
        let mut keys = keys();
        loop {
            screen.0.draw(|frame| draw::draw(frame, &self.app, style)).map_err(terminal)?;
            let event = loop {
                if let Some(event) = self.next(&mut keys, &mut incoming).await? {
                    break event;
                }
            };
            for action in self.app.take(event) {
                if matches!(action, Action::Quit) {
                    return Ok(());
                }
                self.act(action).await;
            }
        }
    }

    /// Waits for what comes next; none if it changes nothing that is shown.
    async fn next(&mut self, keys: &mut Keys, incoming: &mut Incoming) -> Result<Option<Event>, Failure> {
        Ok(tokio::select! {
            key = keys.recv() => match key {
                Some(Ok(key)) => Some(Event::Key(key)),
                Some(Err(error)) => return Err(terminal(error)),
                None => return Err(Failure::new(Kind::Failed, "The terminal is gone.").code("terminal")),
            },
            message = incoming.next() => self.heard(message?).await,
            Some(outcome) = self.tasks.join_next() => match outcome {
                Ok(outcome) => self.came(outcome),
                Err(_) => {
                    let failure = Failure::new(Kind::Failed, "A task of this program ended badly.");
                    Some(Event::Ended(Err(failure)))
                }
            },
            () = sleep_until(self.look_at), if !self.looks => {
                self.look();
                None
            }
        })
    }

    /// Tells the daemon who may be asked for passphrases, and that we want to hear what happens. Who is not heard
    /// can be looked at all the same.
    async fn introduce(&mut self) {
        let _watched = self.bus.watch().await;
        let Ok(path) = OwnedObjectPath::try_from(AGENT) else { return };
        let registered =
            self.bus.call(DAEMON, "net.connman.iwd.AgentManager", "RegisterAgent", &(path,)).await;
        if let Err(error) = registered {
            let _actions = self.app.take(Event::Unseen(error.into()));
        }
    }

    /// A message came in.
    async fn heard(&mut self, message: Message) -> Option<Event> {
        if let Some(told) = happened(&message) {
            self.soon();
            return told.ok().map(|(event, _)| Event::Told(event));
        }
        let header = message.header();
        if header.message_type() == zbus::message::Type::Signal {
            if header.member().is_some_and(|member| member.as_str() == "NameOwnerChanged") {
                self.question = None;
                self.introduce().await;
            }
            self.soon();
            return None;
        }
        if header.message_type() != zbus::message::Type::MethodCall {
            return None;
        }
        let owner = self.bus.owner().await.ok();
        let is_daemon = header.sender().is_some_and(|sender| Some(sender.as_str()) == owner.as_deref());
        match header.member().map(zbus::names::MemberName::as_str) {
            Some("RequestPassphrase") if is_daemon => {
                let path: OwnedObjectPath = decode(&message.body(), "RequestPassphrase").ok()?;
                self.question = Some(message.clone());
                Some(Event::Asked(path.to_string()))
            }
            Some("Cancel" | "Release") if is_daemon => {
                self.bus.reply(&message, &()).await;
                self.question.take().map(|_| Event::Withdrawn)
            }
            _ if is_daemon => {
                self.bus.refuse(&message, CANCELED, "Only passphrases can be given.").await;
                None
            }
            _ => {
                let error = "org.freedesktop.DBus.Error.AccessDenied";
                self.bus.refuse(&message, error, "Only the daemon may ask.").await;
                None
            }
        }
    }

    /// Something happened: look soon.
    fn soon(&mut self) {
        self.look_at = self.look_at.min(Instant::now() + SOON);
    }

    fn look(&mut self) {
        self.looks = true;
        let (bus, watched) = (self.bus.clone(), self.watched.clone());
        self.tasks.spawn(async move { Outcome::Look(look(&bus, watched.as_deref()).await.map(Box::new)) });
    }

    fn came(&mut self, outcome: Outcome) -> Option<Event> {
        match outcome {
            Outcome::Event(event) => {
                self.soon();
                Some(event)
            }
            Outcome::Look(outcome) => {
                self.looks = false;
                self.look_at = Instant::now() + LOOK;
                Some(outcome.map_or_else(Event::Unseen, Event::Seen))
            }
            Outcome::Begun(name, passphrase) => {
                if let Some(passphrase) = passphrase {
                    self.app.invited(name, passphrase);
                }
                self.soon();
                Some(Event::Ended(Ok(Some("The hotspot has begun.".to_owned()))))
            }
        }
    }

    async fn act(&mut self, action: Action) {
        let bus = self.bus.clone();
        match action {
            Action::Quit => {}
            Action::Watch(name) => {
                self.watched = Some(name);
                self.look_at = Instant::now();
            }
            Action::Answer(secret) => {
                let Some(question) = self.question.take() else { return };
                match secret {
                    Some(secret) => bus.reply(&question, &(secret.as_str(),)).await,
                    None => bus.refuse(&question, CANCELED, "No passphrase was given.").await,
                }
            }
            Action::Abandon { device } => {
                // Whatever the answer is, there is nothing more to be done.
                let _answer = bus.call(&device, "net.connman.iwd.Station", "Disconnect", &()).await;
            }
            Action::Scan { device } => self.ask(async move {
                match bus.call(&device, "net.connman.iwd.Station", "Scan", &()).await {
                    // One runs already.
                    Err(CallError::Refused(name, _)) if matches!(name.as_str(), "InProgress" | "Busy") => {
                        Ok(None)
                    }
                    other => done(other, "Looking around."),
                }
            }),
            Action::Connect { network } => {
                self.patiently(network, "net.connman.iwd.Network", "Connect", (), "Connected.");
            }
            Action::ConnectHidden { device, name } => {
                let interface = "net.connman.iwd.Station";
                self.patiently(device, interface, "ConnectHiddenNetwork", (name,), "Connected.");
            }
            Action::Disconnect { device } => {
                self.patiently(device, "net.connman.iwd.Station", "Disconnect", (), "Disconnected.");
            }
            Action::Forget { known } => {
                self.patiently(known, "net.connman.iwd.KnownNetwork", "Forget", (), "It is forgotten.");
            }
            Action::SetAutoconnect { known, on } => {
                let body = ("net.connman.iwd.KnownNetwork", "AutoConnect", Variant::Bool(on));
                let said = if on { "It is joined by itself." } else { "It is joined when asked for." };
                self.patiently(known, "org.freedesktop.DBus.Properties", "Set", body, said);
            }
            Action::Share(name) => {
                self.tasks.spawn(async move {
                    let drawn = share::draw(&bus, &name).await;
                    Outcome::Event(match drawn {
                        Ok(drawing) => Event::Drawn(name, Picture(drawing)),
                        Err(failure) => Event::Ended(Err(failure)),
                    })
                });
            }
            Action::StartHotspot { name, passphrase } => {
                let Some(device) = self.app.view.device().cloned() else { return };
                self.tasks.spawn(async move {
                    let start = Start::named(name.clone());
                    match hotspot::begin(&bus, &device, &start, passphrase, |_| {}).await {
                        Ok((_, passphrase)) => Outcome::Begun(name, passphrase),
                        Err(failure) => Outcome::Event(Event::Ended(Err(failure))),
                    }
                });
            }
            Action::StopHotspot => {
                let Some(device) = self.app.view.device().cloned() else { return };
                self.ask(async move {
                    hotspot::end(&bus, &device).await.map(|()| Some("The hotspot has ended.".to_owned()))
                });
            }
        }
    }

    fn ask(&mut self, work: impl Future<Output = Result<Option<String>, Failure>> + Send + 'static) {
        self.tasks.spawn(async move { Outcome::Event(Event::Ended(work.await)) });
    }

    /// Calls a method that takes as long as it takes.
    fn patiently<B>(
        &mut self,
        path: String,
        interface: &'static str,
        method: &'static str,
        body: B,
        said: &'static str,
    ) where
        B: serde::Serialize + DynamicType + Send + Sync + 'static,
    {
        let bus = self.bus.clone();
        self.ask(async move { done(bus.call_patiently(&path, interface, method, &body).await, said) });
    }
}

fn done(answer: Result<Message, CallError>, said: &str) -> Result<Option<String>, Failure> {
    answer.map(|_| Some(said.to_owned())).map_err(Into::into)
}

/// Looks at everything that is shown.
async fn look(bus: &Bus, watched: Option<&str>) -> Result<View, Failure> {
    let snapshot = Snapshot::take(bus).await?;
    let devices = snapshot.devices()?;
    let is_watched = |device: &&Device| watched.is_none_or(|name| device.name == name);
    let Some(device) = devices.iter().find(is_watched).or(devices.first()).cloned() else {
        return Ok(View { known: snapshot.known()?, ..View::default() });
    };
    let networks = snapshot.networks(&device).await?;
    // There is a connection or none, and it may end while we ask.
    let links = match device.state.as_str() {
        "connected" | "roaming" => snapshot.links(&device.path).await.ok().flatten(),
        _ => None,
    };
    let status = snapshot.status(device.clone()).await?;
    let clients = match &status.hotspot {
        Some(hotspot) if hotspot.state == "started" => Client::read(bus, &device).await.unwrap_or_default(),
        _ => Vec::new(),
    };
    Ok(View { devices, status: Some(status), networks, known: snapshot.known()?, links, clients })
}
