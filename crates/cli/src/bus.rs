//! The bus: calls, and values that are checked before they are believed.

use crate::failure::{CallError, Failure, Kind};
use std::collections::{BTreeMap, HashMap};
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::mpsc;
use zbus::connection::Builder;
use zbus::message::{Body, Message};
use zbus::{Connection, DynamicType, MessageStream, OwnedObjectPath, OwnedVariant, Type, Variant};

/// The name of the daemon on the bus.
pub const NAME: &str = "net.connman.iwd";

/// The object that stands for the daemon.
pub const DAEMON: &str = "/net/connman/iwd";

/// How long an ordinary call may take. The daemon answers at once; it may have to be started.
const PATIENCE: Duration = Duration::from_secs(25);

/// How many messages may wait to be looked at.
const QUEUE: usize = 1024;

/// A connection to the bus.
#[derive(Clone, Debug)]
pub struct Bus(Connection);

impl Bus {
    /// Connects to the bus at this address, or else to the system bus.
    ///
    /// # Errors
    /// If there is none.
    pub async fn open(address: Option<&str>) -> Result<Self, Failure> {
        let builder = match address {
            Some(address) => Builder::address(address),
            None => Builder::system(),
        };
        match tokio::time::timeout(PATIENCE, builder.build()).await {
            Ok(Ok(connection)) => Ok(Self(connection)),
            Ok(Err(zbus::Error::Connection(error, _))) => Err(Failure::no_bus(error)),
            Ok(Err(error)) => Err(Failure::no_bus(error)),
            Err(_) => Err(Failure::no_bus("it does not answer")),
        }
    }

    /// Calls a method of the daemon and waits a moment for its answer.
    ///
    /// # Errors
    /// What came instead of an answer.
    pub async fn call<B>(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Result<Message, CallError>
    where
        B: serde::Serialize + DynamicType,
    {
        let call = self.call_patiently(path, interface, method, body);
        match tokio::time::timeout(PATIENCE, call).await {
            Ok(result) => result,
            Err(_) => {
                let sentence = format!("The daemon did not answer {method} within {} s.", PATIENCE.as_secs());
                Err(CallError::Other(
                    Failure::new(Kind::Failed, sentence)
                        .code("timeout")
                        .whose("daemon")
                        .next("See what it does: journalctl -u lapwing."),
                ))
            }
        }
    }

    /// As [`Bus::call`], as long as it takes.
    ///
    /// # Errors
    /// What came instead of an answer.
    pub async fn call_patiently<B>(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Result<Message, CallError>
    where
        B: serde::Serialize + DynamicType,
    {
        Ok(self.0.call_method(Some(NAME), path, Some(interface), method, body).await?)
    }

    /// All objects of the daemon with their properties.
    ///
    /// # Errors
    /// If they cannot be had.
    pub async fn objects(&self) -> Result<Objects, Failure> {
        let reply = self.call("/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", &()).await?;
        type Raw = HashMap<OwnedObjectPath, HashMap<String, HashMap<String, OwnedVariant>>>;
        let raw: Raw = decode(&reply.body(), "the list of objects")?;
        let objects = raw.into_iter().map(|(path, interfaces)| {
            let interfaces = interfaces.into_iter().map(|(name, members)| {
                let place = format!("{} of {path}", name.rsplit('.').next().unwrap_or_default());
                (name, Properties::new(place, members))
            });
            (path.to_string(), interfaces.collect())
        });
        Ok(Objects(objects.collect()))
    }

    /// The properties of one interface; none if the daemon does not have it.
    ///
    /// # Errors
    /// If they cannot be had for another reason.
    pub async fn properties(&self, path: &str, interface: &str) -> Result<Option<Properties>, Failure> {
        let reply = self.call(path, "org.freedesktop.DBus.Properties", "GetAll", &(interface,)).await;
        let Some(reply) = present(reply)? else { return Ok(None) };
        let place = format!("{} of {path}", interface.rsplit('.').next().unwrap_or_default());
        let members = decode(&reply.body(), &place)?;
        Ok(Some(Properties::new(place, members)))
    }

    /// Everything that comes in from now on: the daemon's signals, and calls to us. It has to be read.
    ///
    /// # Errors
    /// If the bus refuses.
    pub async fn listen(&self) -> Result<Incoming, Failure> {
        let stream = MessageStream::from(&self.0);
        let (sender, queue) = mpsc::channel(QUEUE);
        // A stream that is not read would hold up answers too.
        tokio::spawn(pump(stream, sender));
        for rule in [
            format!("type='signal',sender='{NAME}'"),
            format!(
                "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',\
                 member='NameOwnerChanged',arg0='{NAME}'"
            ),
        ] {
            self.0
                .call_method(
                    Some("org.freedesktop.DBus"),
                    "/org/freedesktop/DBus",
                    Some("org.freedesktop.DBus"),
                    "AddMatch",
                    &(rule.as_str(),),
                )
                .await
                .map_err(CallError::from)?;
        }
        Ok(Incoming(queue))
    }

    /// Asks the daemon to tell us what happens, which it tells only those who ask. Returns whether it knows how to.
    ///
    /// # Errors
    /// If it refuses.
    pub async fn watch(&self) -> Result<bool, Failure> {
        let reply = self.call(DAEMON, "org.lapwing.Daemon1", "Watch", &()).await;
        Ok(present(reply)?.is_some())
    }

    /// The name of the daemon's connection.
    ///
    /// # Errors
    /// If there is no daemon.
    pub async fn owner(&self) -> Result<String, Failure> {
        let reply = self
            .0
            .call_method(
                Some("org.freedesktop.DBus"),
                "/org/freedesktop/DBus",
                Some("org.freedesktop.DBus"),
                "GetNameOwner",
                &(NAME,),
            )
            .await
            .map_err(CallError::from)?;
        decode(&reply.body(), "the owner of its name")
    }

    /// Answers a call. That the caller is gone by now is no error.
    pub async fn reply<B>(&self, call: &Message, body: &B)
    where
        B: serde::Serialize + DynamicType,
    {
        let _sent = self.0.reply(&call.header(), body).await;
    }

    /// Answers a call with an error.
    pub async fn refuse(&self, call: &Message, name: &str, sentence: &str) {
        let _sent = self.0.reply_error(&call.header(), name, &(sentence,)).await;
    }
}

async fn pump(mut stream: MessageStream, sender: mpsc::Sender<Message>) {
    use futures_core::Stream;
    while let Some(item) = poll_fn(|context| Pin::new(&mut stream).poll_next(context)).await {
        let Ok(message) = item else { return };
        if sender.send(message).await.is_err() {
            return;
        }
    }
}

/// What comes in.
#[derive(Debug)]
pub struct Incoming(mpsc::Receiver<Message>);

impl Incoming {
    /// The next message.
    ///
    /// # Errors
    /// If the connection to the bus has ended.
    pub async fn next(&mut self) -> Result<Message, Failure> {
        self.0.recv().await.ok_or_else(|| Failure::no_bus("it closed the connection"))
    }

    /// The next of those that have come; none if there is none left.
    pub async fn waiting(&mut self) -> Option<Message> {
        // The task that reads the bus has its turn first.
        tokio::task::yield_now().await;
        self.0.try_recv().ok()
    }
}

/// The reply of a method that the daemon may not have.
///
/// # Errors
/// Every error but that one.
pub fn present(reply: Result<Message, CallError>) -> Result<Option<Message>, Failure> {
    match reply {
        Ok(reply) => Ok(Some(reply)),
        Err(CallError::Missing(_)) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// The content of a message.
///
/// # Errors
/// If it is of another type.
pub fn decode<'b, T>(body: &'b Body, what: &str) -> Result<T, Failure>
where
    T: serde::Deserialize<'b> + Type,
{
    body.deserialize().map_err(|_| {
        Failure::garbage(format_args!(
            "{what} is of type \"{}\", expected is \"{}\"",
            body.signature(),
            T::SIGNATURE.to_string_no_parens()
        ))
    })
}

/// The daemon's objects, by path; their interfaces, by name.
#[derive(Debug, Default)]
pub struct Objects(BTreeMap<String, BTreeMap<String, Properties>>);

impl Objects {
    /// The objects that have an interface, with its properties.
    pub fn with<'a>(&'a self, interface: &'a str) -> impl Iterator<Item = (&'a str, &'a Properties)> {
        self.0.iter().filter_map(move |(path, interfaces)| Some((path.as_str(), interfaces.get(interface)?)))
    }

    /// The properties of an object's interface.
    #[must_use]
    pub fn get(&self, path: &str, interface: &str) -> Option<&Properties> {
        self.0.get(path)?.get(interface)
    }
}

/// Members of a dictionary, and where it stands.
#[derive(Debug)]
pub struct Properties {
    place: String,
    members: HashMap<String, OwnedVariant>,
}

impl Properties {
    /// The members of what stands there.
    #[must_use]
    pub fn new(place: impl Into<String>, members: HashMap<String, OwnedVariant>) -> Self {
        Self { place: place.into(), members }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// A member.
    ///
    /// # Errors
    /// If it is of another type.
    pub fn get<T>(&self, key: &str) -> Result<Option<T>, Failure>
    where
        T: TryFrom<Variant<'static>> + Type,
    {
        let Some(value) = self.members.get(key) else { return Ok(None) };
        let wrong = || {
            let (found, expected) = (value.value_signature(), T::SIGNATURE);
            Failure::garbage(format_args!(
                "{key} in {} is of type \"{found}\", expected is \"{expected}\"",
                self.place
            ))
        };
        let value = value.try_clone().map_err(|_| wrong())?;
        T::try_from(Variant::from(value)).map(Some).map_err(|_| wrong())
    }

    /// A member that has to be there.
    ///
    /// # Errors
    /// If it is not, or is of another type.
    pub fn require<T>(&self, key: &str) -> Result<T, Failure>
    where
        T: TryFrom<Variant<'static>> + Type,
    {
        self.get(key)?.ok_or_else(|| Failure::garbage(format_args!("{key} is missing in {}", self.place)))
    }

    /// A text that is there and not empty.
    ///
    /// # Errors
    /// If it is of another type.
    pub fn text(&self, key: &str) -> Result<Option<String>, Failure> {
        Ok(self.get::<String>(key)?.filter(|text| !text.is_empty()))
    }

    /// A list of dictionaries; none if it is not there.
    ///
    /// # Errors
    /// If it is of another type.
    pub fn list(&self, key: &str) -> Result<Vec<Self>, Failure> {
        let list: Vec<HashMap<String, Variant<'static>>> = self.get(key)?.unwrap_or_default();
        let place = format!("{key} in {}", self.place);
        let entry = |members: HashMap<String, Variant<'static>>| {
            let members = members.into_iter();
            let members: Result<_, _> =
                members.map(|(key, value)| OwnedVariant::try_from(value).map(|value| (key, value))).collect();
            let members = members.map_err(|_| Failure::garbage("a value holds a descriptor"))?;
            Ok(Self { members, place: place.clone() })
        };
        list.into_iter().map(entry).collect()
    }

    /// A dictionary.
    ///
    /// # Errors
    /// If it is of another type.
    pub fn dictionary(&self, key: &str) -> Result<Option<Self>, Failure> {
        let Some(value) = self.members.get(key) else { return Ok(None) };
        let place = format!("{key} in {}", self.place);
        let wrong = || Failure::garbage(format_args!("{place} is of type \"{}\"", value.value_signature()));
        let value = Variant::from(value.try_clone().map_err(|_| wrong())?);
        let members: HashMap<String, Variant<'static>> = value.try_into().map_err(|_| wrong())?;
        let members: Result<_, _> = members
            .into_iter()
            .map(|(key, value)| OwnedVariant::try_from(value).map(|value| (key, value)))
            .collect();
        Ok(Some(Self { members: members.map_err(|_| wrong())?, place }))
    }
}
