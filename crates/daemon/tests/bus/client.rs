//! A client of the kind of iwctl: it calls, listens to signals, and has an agent.

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use zbus::export::futures_core::Stream;
use zbus::message::{Message, Type};
use zbus::{Connection, DynamicType, MessageStream, Structure};

/// What the agent does when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agent {
    /// There is none.
    None,
    /// It says this.
    Says(&'static str),
    /// It says a number.
    SaysNumber,
    /// It says that the person does not want to.
    Cancels,
    /// It says nothing.
    Hangs,
    /// It leaves the bus.
    Dies,
}

pub(crate) struct Client {
    connection: Connection,
    heard: Arc<Mutex<Heard>>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Heard {
    signals: Vec<String>,
    asked: usize,
}

async fn next(stream: &mut MessageStream) -> Option<Message> {
    std::future::poll_fn(|context| Pin::new(&mut *stream).poll_next(context)).await?.ok()
}

impl Client {
    pub(crate) async fn new(address: &str, agent: Agent) -> Self {
        let connection = zbus::connection::Builder::address(address).build().await.unwrap();
        let rule = "type='signal',sender='net.connman.iwd'";
        let bus = Some("org.freedesktop.DBus");
        connection.call_method(bus, "/org/freedesktop/DBus", bus, "AddMatch", &rule).await.unwrap();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let mut stream = MessageStream::from(&connection);
        let (inner, shared) = (connection.clone(), Arc::clone(&heard));
        let task = tokio::spawn(async move {
            while let Some(message) = next(&mut stream).await {
                match message.message_type() {
                    Type::Signal => shared.lock().unwrap().signals.extend(word(&message)),
                    Type::MethodCall
                        if ["RequestPassphrase", "RequestSharedCode"]
                            .contains(&message.header().member().unwrap().as_str()) =>
                    {
                        shared.lock().unwrap().asked += 1;
                        let header = message.header();
                        match agent {
                            Agent::None | Agent::Hangs => {}
                            Agent::Says(text) => inner.reply(&header, &text).await.unwrap(),
                            Agent::SaysNumber => inner.reply(&header, &5_u32).await.unwrap(),
                            Agent::Cancels => {
                                let error = "net.connman.iwd.Agent.Error.Canceled";
                                inner.reply_error(&header, error, &"no").await.unwrap();
                            }
                            Agent::Dies => drop(inner.clone().close().await),
                        }
                    }
                    _ => {}
                }
            }
        });
        Self { connection, heard, task }
    }

    /// Calls a method without arguments. The result is readable; an error is its name and its text.
    pub(crate) async fn call(&self, path: &str, interface: &str, method: &str) -> Result<String, String> {
        self.say(path, interface, method, &()).await
    }

    /// Calls a method.
    pub(crate) async fn say<B>(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Result<String, String>
    where
        B: zbus::export::serde::Serialize + DynamicType,
    {
        self.say_to("net.connman.iwd", path, interface, method, body).await
    }

    /// Asks the bus itself.
    pub(crate) async fn ask_bus(&self, method: &str, name: &str) -> Result<String, String> {
        let (bus, path) = ("org.freedesktop.DBus", "/org/freedesktop/DBus");
        match method {
            "ListNames" => self.say_to(bus, path, bus, method, &()).await,
            "RequestName" => self.say_to(bus, path, bus, method, &(name, 0_u32)).await,
            _ => self.say_to(bus, path, bus, method, &name).await,
        }
    }

    /// Calls a method of somebody.
    pub(crate) async fn say_to<B>(
        &self,
        whom: &str,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Result<String, String>
    where
        B: zbus::export::serde::Serialize + DynamicType,
    {
        match self.connection.call_method(Some(whom), path, Some(interface), method, body).await {
            Ok(message) => Ok(readable(&message)),
            Err(zbus::Error::MethodError(name, text, _)) => {
                Err(format!("{name}: {}", text.unwrap_or_default()))
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// The value of a property.
    pub(crate) async fn get(&self, path: &str, interface: &str, property: &str) -> String {
        self.say(path, "org.freedesktop.DBus.Properties", "Get", &(interface, property)).await.unwrap()
    }

    pub(crate) async fn objects(&self) -> String {
        self.call("/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects").await.unwrap()
    }

    pub(crate) async fn register(&self) -> Result<String, String> {
        let path = zbus::ObjectPath::try_from("/agent").unwrap();
        self.say("/net/connman/iwd", "net.connman.iwd.AgentManager", "RegisterAgent", &path).await
    }

    /// Its own name on the bus.
    pub(crate) fn name(&self) -> String {
        self.connection.unique_name().unwrap().to_string()
    }

    /// Whether somebody has our name.
    pub(crate) async fn is_named(&self) -> bool {
        let bus = Some("org.freedesktop.DBus");
        let answer = self.connection.call_method(
            bus,
            "/org/freedesktop/DBus",
            bus,
            "NameHasOwner",
            &"net.connman.iwd",
        );
        answer.await.unwrap().body().deserialize().unwrap()
    }

    /// Waits for a signal in whose word this is the last, or which is this.
    pub(crate) async fn until(&self, wanted: &str) {
        let is_it = |word: &String| word == wanted || word.rsplit(' ').next() == Some(wanted);
        while !self.heard.lock().unwrap().signals.iter().any(is_it) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// The signals since this was called last.
    pub(crate) fn take_signals(&self) -> Vec<String> {
        std::mem::take(&mut self.heard.lock().unwrap().signals)
    }

    /// How often the agent was asked.
    pub(crate) fn asked(&self) -> usize {
        self.heard.lock().unwrap().asked
    }

    pub(crate) async fn leave(self) {
        // It may have left by itself.
        drop(self.connection.close().await);
        self.task.abort();
    }
}

/// A signal in a word or two; none if it is a property that we added to iwd's.
fn word(message: &Message) -> Option<String> {
    let text = readable(message);
    let state = ["disconnecting", "disconnected", "connecting", "connected"];
    match message.header().member()?.as_str() {
        "PropertiesChanged" => {
            let interface = text.split('"').nth(1)?.rsplit('.').next()?;
            let what = match interface {
                "Station" if text.contains("\"State\"") => {
                    state.iter().find(|state| text.contains(&format!("\"{state}\"")))?
                }
                "Station" => "Scanning",
                "Network" if text.contains("\"KnownNetwork\"") => "Known",
                "Network" => "Connected",
                _ => return None,
            };
            Some(format!("{interface} {what}"))
        }
        "InterfacesAdded" | "InterfacesRemoved" => {
            let sign = if message.header().member()? == "InterfacesAdded" { '+' } else { '-' };
            let what = [("StationDiagnostic", "Diagnostic"), ("KnownNetwork", "Known")];
            let (_, short) = what.iter().find(|(name, _)| text.contains(name))?;
            Some(format!("{sign}{short}"))
        }
        "Happened" => Some(format!("Happened {}", text.contains("scanned"))),
        _ => None,
    }
}

fn readable(message: &Message) -> String {
    match message.body().deserialize::<Structure<'_>>() {
        Ok(body) => body.to_string(),
        // One value alone is no structure.
        Err(_) => match message.body().signature().to_string().as_str() {
            "" => String::new(),
            signature => {
                let signature = zbus::Signature::structure(vec![signature.try_into().unwrap()]);
                let body = message.body();
                let read = body.data().deserialize_for_dynamic_signature::<_, Structure<'_>>(signature);
                read.unwrap().0.to_string()
            }
        },
    }
}
