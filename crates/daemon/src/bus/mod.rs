//! The daemon on the system bus, as `net.connman.iwd`: the API of iwd, and more under `org.lapwing`.
//!
//! Objects are data: [`tree`] makes them from the daemon's view, [`diff`] finds what has to be told, and
//! [`service`] turns calls into replies and into calls of the daemon; [`agents`] are asked for passphrases,
//! [`signal_agents`] are told of the signal, the [`configurator`] sets addresses, and [`watchers`] are told what happens. None of these has a socket. [`wire`] and [`handshake`] alone know the protocol, and [`Bus`]
//! keeps a connection to the bus open. Where no bus is, [`private`] is one.

pub mod agents;
pub mod configurator;
pub mod connection;
mod device_provisioning;
pub mod diff;
pub mod errors;
pub mod few;
pub mod handshake;
pub mod interfaces;
mod links;
pub mod message;
pub mod path;
pub mod private;
pub mod resolved;
pub mod service;
mod shared_codes;
pub mod signal_agents;
mod simple_configuration;
#[cfg(test)]
mod testing;
pub mod time;
pub mod tree;
pub mod value;
pub mod watchers;
pub mod wire;

use crate::control::{Call, CallId, CodeId, ConfigurationId, News, SecretAnswer, SecretId, View};
use crate::daemon::{Daemon, Now};
use crate::kernel::Kernel;
use connection::Connection;
use message::{Incoming, Outgoing};
use private::Private;
use service::{Effect, Facts, Service};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{debug, info, warn};

/// Our name on the bus.
pub const NAME: &str = "net.connman.iwd";
/// The name of the bus itself, which is its interface too.
pub const BUS: &str = "org.freedesktop.DBus";

/// How long the start waits for the bus. It answers in a millisecond or two, or much later on a machine that is
/// overloaded; whether another supplicant runs is worth knowing before anything is begun.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long until the bus is tried again: at first, and at most.
const AGAIN: Duration = Duration::from_secs(1);
const AGAIN_AT_MOST: Duration = Duration::from_secs(30);
/// How often the daemon's news may lead to more news in one turn. A question that nobody can answer takes two.
const ROUNDS: usize = 8;

/// What a surface asks of the daemon.
pub trait Control {
    /// Asks for something; one [`News::Answered`] follows.
    fn call(&mut self, now: Now, id: CallId, call: Call);
    /// Answers a question.
    fn secret(&mut self, now: Now, id: SecretId, answer: SecretAnswer);
    /// Says whether an order to set addresses was carried out.
    fn addressed(&mut self, now: Now, id: ConfigurationId, is_done: bool);
    /// Answers a question for the code of a device.
    fn code(&mut self, now: Now, id: CodeId, answer: SecretAnswer);
    /// What there is to tell.
    fn take_news(&mut self) -> Vec<News>;
    /// What can be seen.
    fn view(&mut self, now: Now) -> View;
    /// A number that grows whenever the view may have changed.
    fn generation(&self) -> u64;
}

impl<K: Kernel> Control for Daemon<K> {
    fn call(&mut self, now: Now, id: CallId, call: Call) {
        Self::call(self, now, id, call);
    }

    fn secret(&mut self, now: Now, id: SecretId, answer: SecretAnswer) {
        Self::secret(self, now, id, answer);
    }

    fn addressed(&mut self, now: Now, id: ConfigurationId, is_done: bool) {
        Self::addressed(self, now, id, is_done);
    }

    fn code(&mut self, now: Now, id: CodeId, answer: SecretAnswer) {
        Self::code(self, now, id, answer);
    }

    fn take_news(&mut self) -> Vec<News> {
        Self::take_news(self)
    }

    fn view(&mut self, now: Now) -> View {
        Self::view(self, now)
    }

    fn generation(&self) -> u64 {
        Self::generation(self)
    }
}

/// Another program has our name on the bus.
#[derive(Debug)]
pub struct NameTaken {
    process: Option<u32>,
}

impl fmt::Display for NameTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let command = self.process.and_then(|process| {
            let command = std::fs::read_to_string(format!("/proc/{process}/comm")).ok()?;
            Some(command.trim().to_owned())
        });
        let who = match (&command, self.process) {
            (Some(command), Some(process)) => format!("{command} (process {process})"),
            (None, Some(process)) => format!("process {process}"),
            (_, None) => "another program".to_owned(),
        };
        write!(
            f,
            "{who} has the name {NAME} on the system bus, so another supplicant runs already. Stop it, or run this \
             one with --no-dbus if the two have different interfaces"
        )
    }
}

impl std::error::Error for NameTaken {}

type Opening = Pin<Box<dyn Future<Output = Result<Connection, String>> + Send>>;

/// Which bus is used.
pub enum Wanted {
    /// None.
    Nothing,
    /// The system bus.
    System,
    /// The one at this address.
    At(String),
    /// One of our own.
    Private(Box<Private>),
}

enum State {
    /// Not wanted.
    Off,
    /// On the way.
    Opening(Opening),
    /// There.
    Open(Box<Connection>),
    /// Our own, which does not get lost.
    Private(Box<Private>),
    /// To be tried again.
    Waiting(Instant),
}

/// The surface: the service, and the connection that it has when there is a bus.
pub struct Bus {
    service: Service,
    address: Option<String>,
    state: State,
    inbox: Vec<Incoming>,
    again: Duration,
    /// The generation of the view that the service shows.
    shown: Option<u64>,
    /// Whether a newer view waits until the bus has taken what was said.
    is_put_off: bool,
    is_named: bool,
    /// That a bus is missing is told once, until it was there.
    is_told: bool,
}

impl Bus {
    /// A surface that is on its way to the bus, if that is wanted.
    #[must_use]
    pub fn new(facts: Facts, wanted: Wanted) -> Self {
        let open = |address: &Option<String>| State::Opening(Box::pin(Connection::open(address.clone())));
        let (state, address) = match wanted {
            Wanted::Nothing => (State::Off, None),
            Wanted::System => (open(&None), None),
            Wanted::At(address) => {
                let address = Some(address);
                (open(&address), address)
            }
            Wanted::Private(private) => (State::Private(private), None),
        };
        let is_private = matches!(state, State::Private(_));
        let mut this = Self {
            service: Service::new(facts),
            address,
            state,
            inbox: Vec::new(),
            again: AGAIN,
            shown: None,
            is_put_off: false,
            is_named: false,
            is_told: false,
        };
        if is_private {
            this.begin();
        }
        this
    }

    /// Says what has to be said first on a new connection.
    fn begin(&mut self) {
        (self.shown, self.is_put_off) = (None, false);
        for message in self.service.begin() {
            self.send(&message);
        }
    }

    /// Takes the name before anything else is begun, so that clients which wait for it wait no longer than
    /// needed: their calls are answered once the daemon runs. Without a bus the daemon starts without.
    ///
    /// # Errors
    /// If the name is taken: then nothing may be begun, since two programs would run the same radio.
    pub async fn start(&mut self) -> Result<(), NameTaken> {
        let named = async {
            let is_on_the_way =
                |state: &State| matches!(state, State::Opening(_) | State::Open(_) | State::Private(_));
            while is_on_the_way(&self.state) && !self.is_named {
                self.wait().await;
                // What clients send already is kept: there is nothing to answer it with yet.
                let is_reply = |incoming: &mut Incoming| matches!(incoming, Incoming::Reply { .. });
                let replies: Vec<_> = self.inbox.extract_if(.., is_reply).collect();
                for reply in replies {
                    for effect in self.service.receive(reply) {
                        self.perform_alone(effect)?;
                    }
                }
                self.flush().await;
            }
            Ok(())
        };
        match timeout(PATIENCE, named).await {
            Ok(result) => result,
            Err(_) => {
                warn!("the system bus has not given us our name yet: going on meanwhile");
                Ok(())
            }
        }
    }

    /// Whether the name is ours.
    #[must_use]
    pub const fn is_named(&self) -> bool {
        self.is_named
    }

    /// Waits until there is something to do in [`Self::turn`]. Nothing is lost when this is dropped.
    pub async fn wait(&mut self) {
        let lost = match &mut self.state {
            State::Off => std::future::pending().await,
            State::Opening(opening) => match opening.await {
                Ok(connection) => {
                    self.state = State::Open(Box::new(connection));
                    self.begin();
                    return self.flush().await;
                }
                Err(error) => format!("there is no system bus: {error}"),
            },
            State::Open(connection) => match connection.wait(self.is_put_off).await {
                Ok(heard) => return self.inbox.extend(heard),
                Err(error) => format!("the connection to the system bus is lost: {error}"),
            },
            State::Private(private) => return self.inbox.extend(private.wait().await),
            State::Waiting(until) => {
                sleep_until(*until).await;
                self.state = State::Opening(Box::pin(Connection::open(self.address.clone())));
                return;
            }
        };
        self.lose(&lost);
    }

    /// Does what was heard, and gives the answers that need no daemon. [`Self::turn`] belongs behind it.
    pub async fn hear<C: Control>(&mut self, now: Now, daemon: &mut C) {
        self.take(now, daemon);
        self.flush().await;
    }

    fn take<C: Control>(&mut self, now: Now, daemon: &mut C) {
        for incoming in std::mem::take(&mut self.inbox) {
            for effect in self.service.receive(incoming) {
                self.perform(now, daemon, effect);
            }
        }
        if matches!(self.state, State::Waiting(_)) {
            for effect in self.service.end() {
                self.perform(now, daemon, effect);
            }
        }
    }

    /// Does what was heard, tells what the daemon has to tell, and shows what has changed.
    pub async fn turn<C: Control>(&mut self, now: Now, daemon: &mut C) {
        self.take(now, daemon);
        for _ in 0..ROUNDS {
            let news = daemon.take_news();
            let is_open = matches!(self.state, State::Open(_) | State::Private(_));
            let is_seen = !is_open || self.shown == Some(daemon.generation());
            // A bus that has not taken yet what was shown is shown the rest at once, when it has: after a scan of thousands
            // that would be the same again with other signals. Whoever waits for an answer gets it.
            let is_quiet = news.iter().all(|news| matches!(news, News::Happened(_)));
            let is_behind = matches!(&self.state, State::Open(connection) if connection.is_behind());
            self.is_put_off = !is_seen && is_quiet && is_behind;
            if news.is_empty() && (is_seen || self.is_put_off) {
                break;
            }
            let view = if is_seen || self.is_put_off {
                None
            } else {
                self.shown = Some(daemon.generation());
                Some(daemon.view(now))
            };
            let effects = self.service.settle(news, view);
            let is_answer =
                |effect: &Effect| matches!(effect, Effect::Send(Outgoing::Return(..) | Outgoing::Error(..)));
            let last = effects.iter().rposition(is_answer);
            for (number, effect) in effects.into_iter().enumerate() {
                self.perform(now, daemon, effect);
                // Nobody waits for an answer until all others have been told.
                if last == Some(number) {
                    self.flush().await;
                }
            }
        }
        self.flush().await;
    }

    /// Says goodbye to those who would wait otherwise.
    pub async fn shut_down(&mut self) {
        for message in self.service.shut_down() {
            self.send(&message);
        }
        self.flush().await;
    }

    fn perform<C: Control>(&mut self, now: Now, daemon: &mut C, effect: Effect) {
        match effect {
            Effect::Call(id, call) => {
                debug!("the bus asks for {call:?}");
                daemon.call(now, id, call);
            }
            Effect::Code(id, answer) => daemon.code(now, id, answer),
            Effect::Secret(id, answer) => daemon.secret(now, id, answer),
            Effect::Addressed(id, is_done) => daemon.addressed(now, id, is_done),
            other => {
                if let Err(taken) = self.perform_alone(other) {
                    self.lose(&taken.to_string());
                }
            }
        }
    }

    /// Does what needs no daemon.
    fn perform_alone(&mut self, effect: Effect) -> Result<(), NameTaken> {
        match effect {
            Effect::Send(message) => self.send(&message),
            Effect::Named => {
                self.is_named = true;
                self.is_told = false;
                self.again = AGAIN;
                let is_private = matches!(self.state, State::Private(_));
                info!("on {} as {NAME}", if is_private { "a bus of our own" } else { "the system bus" });
            }
            Effect::NameTaken(process) => return Err(NameTaken { process }),
            Effect::NameRefused(error) => self.lose(&format!(
                "the system bus does not let us have the name {NAME} ({error}): is the policy net.connman.iwd.conf in \
                 /usr/share/dbus-1/system.d, and do we run as root?"
            )),
            Effect::Warn(text) => warn!("{text}"),
            // Replies of the bus lead to none of these.
            Effect::Call(..) | Effect::Secret(..) | Effect::Code(..) | Effect::Addressed(..) => {}
        }
        Ok(())
    }

    fn send(&mut self, message: &Outgoing) {
        let pushed = match &mut self.state {
            State::Open(connection) => connection.push(message),
            State::Private(private) => private.push(message),
            State::Off | State::Opening(_) | State::Waiting(_) => Ok(()),
        };
        if let Err(error) = pushed {
            warn!("a message cannot be sent: {error}");
        }
    }

    async fn flush(&mut self) {
        let flushed = match &mut self.state {
            State::Open(connection) => connection.flush().await,
            State::Private(private) => {
                private.flush().await;
                Ok(())
            }
            State::Off | State::Opening(_) | State::Waiting(_) => Ok(()),
        };
        if let Err(error) = flushed {
            self.lose(&format!("the connection to the system bus is lost: {error}"));
        }
    }

    fn lose(&mut self, why: &str) {
        self.is_named = false;
        self.inbox.clear();
        if std::mem::replace(&mut self.is_told, true) {
            debug!("{why}");
        } else {
            warn!("{why}; going on without, and trying again");
        }
        self.state = State::Waiting(Instant::now() + self.again);
        self.again = (self.again * 2).min(AGAIN_AT_MOST);
    }
}
