//! A bus of our own, with one service on it: us. Where no bus daemon is, clients connect to this socket as to a
//! system bus, unchanged: what they ask of the bus itself is answered here.
//!
//! It lets in whoever runs as the same user as the daemon, or as root, and nobody else. Match rules are not read:
//! whoever has one is told everything, and sorts it out as it has to anyway.

use super::connection::{Pipe, next};
use super::errors::dbus;
use super::message::{Incoming, MethodCall, Outgoing};
use super::value::Value;
use super::wire::{Message, encode};
use super::{BUS, NAME};
use std::fs::{self, Permissions};
use std::future::{Future, poll_fn};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;
use tracing::debug;

/// Our unique name here.
const US: &str = ":1.0";
/// How many clients there may be: each has some buffers.
const CLIENTS: usize = 64;
/// How long a client may take to say who it is.
const GREETING: Duration = Duration::from_secs(5);

type Arriving = Pin<Box<dyn Future<Output = Result<Pipe, String>> + Send>>;

/// The bus. Its socket goes with it.
pub struct Private {
    listener: UnixListener,
    path: PathBuf,
    guid: String,
    arriving: Vec<Arriving>,
    clients: Vec<Client>,
    /// The number of the client that came last.
    last: u64,
    /// Answers to what we asked of the bus.
    answers: Vec<Incoming>,
    /// The number of the last message that has none of its own.
    serial: u32,
}

/// A client.
struct Client {
    name: String,
    pipe: Pipe,
    /// Whether it has said hello.
    is_greeted: bool,
    /// How many match rules it has.
    rules: usize,
}

impl Private {
    /// Listens at this path. The folder should let in nobody else either.
    ///
    /// # Errors
    /// If that is not possible, or another program listens there.
    pub fn listen(path: &Path, guid: [u8; 16]) -> io::Result<Self> {
        let bind = || UnixListener::bind(path);
        let listener = match bind() {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                let is_socket = fs::symlink_metadata(path)?.file_type().is_socket();
                if !is_socket || net::UnixStream::connect(path).is_ok() {
                    return Err(error);
                }
                // What is left of one that ended without saying so.
                fs::remove_file(path)?;
                bind()?
            }
            other => other?,
        };
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        Ok(Self {
            listener,
            path: path.to_owned(),
            guid: guid.iter().map(|octet| format!("{octet:02x}")).collect(),
            arriving: Vec::new(),
            clients: Vec::new(),
            last: 0,
            answers: Vec::new(),
            serial: 0,
        })
    }

    /// Puts a message behind those that are to be sent.
    ///
    /// # Errors
    /// If it cannot be written down: a name or path in it is none.
    pub fn push(&mut self, message: &Outgoing) -> Result<(), String> {
        let to = match message {
            Outgoing::Call { serial, destination, member, body, .. } if destination == BUS => {
                self.ask_ourselves(*serial, member, body);
                return Ok(());
            }
            Outgoing::Call { serial: Some(serial), destination, .. } if self.find(destination).is_none() => {
                let unknown = "org.freedesktop.DBus.Error.ServiceUnknown".to_owned();
                self.answers.push(reply(*serial, Err(unknown)));
                return Ok(());
            }
            Outgoing::Call { destination, .. } => Some(destination),
            Outgoing::Signal { destination, .. } => destination.as_ref(),
            Outgoing::Return(origin, _) | Outgoing::Error(origin, _) => Some(&origin.sender),
        };
        let encoded = encode(message, Some(US), next(&mut self.serial));
        let encoded = encoded.map_err(|error| format!("{error}: {message:?}"))?;
        for client in &mut self.clients {
            if to.map_or(client.rules > 0, |to| client.name == *to) {
                client.pipe.push(&encoded);
            }
        }
        Ok(())
    }

    /// Sends what the sockets take now. The rest is sent by [`Self::wait`].
    pub async fn flush(&mut self) {
        poll_fn(|context| {
            for client in &mut self.clients {
                // One that is gone is noticed when it is heard next.
                let _sent = client.pipe.flush(context);
            }
            Poll::Ready(())
        })
        .await;
    }

    /// Waits for messages, and goes on sending meanwhile. Nothing is lost when this is dropped.
    pub async fn wait(&mut self) -> Vec<Incoming> {
        poll_fn(|context| {
            self.welcome(context);
            let mut heard = std::mem::take(&mut self.answers);
            self.hear(context, &mut heard);
            if heard.is_empty() { Poll::Pending } else { Poll::Ready(heard) }
        })
        .await
    }

    fn find(&self, name: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.name == name)
    }

    /// Lets clients in.
    fn welcome(&mut self, context: &mut Context<'_>) {
        while self.arriving.len() + self.clients.len() < CLIENTS {
            match self.listener.poll_accept(context) {
                Poll::Ready(Ok((socket, _))) => match admit(socket) {
                    Ok(socket) => {
                        let guid = self.guid.clone();
                        self.arriving.push(Box::pin(async move {
                            let accepted = timeout(GREETING, Pipe::accept(socket, guid)).await;
                            accepted.unwrap_or_else(|_| Err("it did not say who it is in time".to_owned()))
                        }));
                    }
                    Err(error) => debug!("a client is not let in: {error}"),
                },
                Poll::Ready(Err(error)) => {
                    debug!("a client cannot be let in: {error}");
                    break;
                }
                Poll::Pending => break,
            }
        }
        let mut there = Vec::new();
        self.arriving.retain_mut(|arriving| match arriving.as_mut().poll(context) {
            Poll::Ready(pipe) => {
                there.push(pipe);
                false
            }
            Poll::Pending => true,
        });
        for pipe in there {
            match pipe {
                Ok(pipe) => {
                    self.last += 1;
                    let name = format!(":1.{}", self.last);
                    self.clients.push(Client { name, pipe, is_greeted: false, rules: 0 });
                }
                Err(error) => debug!("a client was not let in: {error}"),
            }
        }
    }

    /// Hears the clients.
    fn hear(&mut self, context: &mut Context<'_>, heard: &mut Vec<Incoming>) {
        let mut index = 0;
        while let Some(client) = self.clients.get_mut(index) {
            let stays = match client.pipe.hear(context, Some(&client.name)) {
                Ok(messages) => messages.into_iter().all(|message| self.take(index, message, heard)),
                Err(error) => {
                    debug!("{} has left: {error}", client.name);
                    false
                }
            };
            if stays {
                index += 1;
            } else {
                let name = self.clients.remove(index).name;
                heard.push(Incoming::NameOwnerChanged { name, owner: String::new() });
            }
        }
        for client in &mut self.clients {
            // One that is gone is noticed when it is heard next.
            let _sent = client.pipe.flush(context);
        }
    }

    /// Takes a message of a client. Returns whether the client may stay.
    fn take(&mut self, index: usize, message: Message, heard: &mut Vec<Incoming>) -> bool {
        let Some(client) = self.clients.get_mut(index) else { return false };
        let Message { destination, incoming } = message;
        if !client.is_greeted && destination.as_deref() != Some(BUS) {
            return false;
        }
        match (destination.as_deref(), incoming) {
            (Some(BUS), Incoming::Call(call)) => self.answer(index, call),
            (Some(US | NAME) | None, incoming) => {
                heard.push(incoming);
                true
            }
            (Some(other), Incoming::Call(call)) => {
                let error = dbus("ServiceUnknown", format_args!("There is nobody named {other} here."));
                respond(client, &Outgoing::Error(call.origin, error), next(&mut self.serial))
            }
            (Some(_), Incoming::BadCall(origin, why)) => {
                respond(client, &Outgoing::Error(origin, dbus("InvalidArgs", why)), next(&mut self.serial))
            }
            (Some(_), _) => true,
        }
    }

    /// Answers a call of the bus. Returns whether the client may stay.
    fn answer(&mut self, index: usize, call: MethodCall) -> bool {
        let name = match &*call.body {
            [Value::Text(name), ..] => name.as_str(),
            _ => "",
        };
        let owner = match name {
            NAME | US => Some(US),
            BUS => Some(BUS),
            other => self.find(other).map(|client| client.name.as_str()),
        };
        let values = match call.member.as_str() {
            "GetNameOwner" => owner
                .map(Value::text)
                .ok_or_else(|| dbus("NameHasNoOwner", format_args!("There is nobody named {name} here."))),
            "NameHasOwner" => Ok(Value::Boolean(owner.is_some())),
            "ListNames" => {
                let clients = self.clients.iter().map(|client| client.name.as_str());
                Ok(Value::texts([BUS, NAME, US].into_iter().chain(clients)))
            }
            "ListActivatableNames" => Ok(Value::texts([BUS, NAME])),
            // It runs already.
            "StartServiceByName" if owner.is_some() => Ok(Value::Uint32(2)),
            "GetConnectionUnixProcessID" if owner == Some(US) => Ok(Value::Uint32(std::process::id())),
            "GetConnectionUnixUser" if owner.is_some() => {
                Ok(Value::Uint32(rustix::process::geteuid().as_raw()))
            }
            "GetId" => Ok(Value::text(&self.guid)),
            "RequestName" => Err(dbus("AccessDenied", "There is one service here, and it runs.")),
            other => Err(dbus("UnknownMethod", format_args!("There is no {other} of this bus."))),
        };
        let Some(client) = self.clients.get_mut(index) else { return false };
        let outcome = match (client.is_greeted, call.member.as_str()) {
            (false, "Hello") => {
                client.is_greeted = true;
                Ok(vec![Value::text(&client.name)])
            }
            (false, _) => return false,
            (true, "Hello") => Err(dbus("Failed", "You have said hello before.")),
            (true, "AddMatch") => {
                client.rules = client.rules.saturating_add(1);
                Ok(Vec::new())
            }
            (true, "RemoveMatch") => {
                client.rules = client.rules.saturating_sub(1);
                Ok(Vec::new())
            }
            (true, "Ping") => Ok(Vec::new()),
            (true, _) => values.map(|value| vec![value]),
        };
        let origin = call.origin;
        if !origin.wants_reply {
            return true;
        }
        let answer = match outcome {
            Ok(values) => Outgoing::Return(origin, values),
            Err(error) => Outgoing::Error(origin, error),
        };
        respond(client, &answer, next(&mut self.serial))
    }

    /// Answers what we ask of the bus.
    fn ask_ourselves(&mut self, serial: Option<u32>, member: &str, body: &[Value]) {
        let Some(serial) = serial else { return };
        let is_there = |name: &String| name == NAME || self.find(name).is_some();
        let outcome = match (member, body) {
            // The name is ours.
            ("RequestName", _) => Ok(vec![Value::Uint32(1)]),
            ("NameHasOwner", [Value::Text(name)]) => Ok(vec![Value::Boolean(is_there(name))]),
            _ => Err("org.freedesktop.DBus.Error.UnknownMethod".to_owned()),
        };
        self.answers.push(reply(serial, outcome));
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        let _removed = fs::remove_file(&self.path);
    }
}

/// Lets a client of our own user, or root, in.
fn admit(socket: UnixStream) -> io::Result<UnixStream> {
    let peer = socket.peer_cred()?.uid();
    if peer != 0 && peer != rustix::process::geteuid().as_raw() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("it is user {peer}")));
    }
    Ok(socket)
}

/// Answers a client in the name of the bus. Returns whether the client may stay.
fn respond(client: &mut Client, message: &Outgoing, serial: u32) -> bool {
    match encode(message, Some(BUS), serial) {
        Ok(message) => {
            client.pipe.push(&message);
            true
        }
        Err(error) => {
            debug!("{} cannot be answered: {error}", client.name);
            false
        }
    }
}

fn reply(serial: u32, outcome: Result<Vec<Value>, String>) -> Incoming {
    Incoming::Reply { serial, sender: BUS.to_owned(), outcome: outcome.map(Into::into) }
}
