//! The connection to the bus. Only this module knows the library that speaks the protocol.

use super::BUS;
use super::message::{Incoming, MethodCall, Origin, Outgoing};
use super::value::Value;
use std::future::{Future, poll_fn};
use std::num::{NonZeroU32, NonZeroUsize};
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use zbus::conn::AuthMechanism;
use zbus::export::futures_core::Stream;
use zbus::message::{Builder, Flags, Message, Type};
use zbus::{Array, Dict, MessageStream, ObjectPath, Signature, Structure, Variant};

/// The longest body that is read, in octets. What our methods take is shorter; the bus lets 32 MiB through.
const LONGEST_BODY: usize = 64 << 10;
/// How many messages wait to be read by us; more wait at the bus, which bounds them itself.
const WAITING: NonZeroUsize = NonZeroUsize::new(16).expect("16 is not 0");
/// How many messages are read in one turn, so that the rest of the daemon has its turns too.
const AT_ONCE: usize = 32;
/// How many octets wait to be sent. A bus that lets more pile up does not read any more.
const UNSENT: usize = 8 << 20;

type Sending = Pin<Box<dyn Future<Output = zbus::Result<()>> + Send>>;

/// A connection to the bus.
pub struct Connection(Pipe);

impl Connection {
    /// Connects to the bus at this address, or else to the system bus, which is where
    /// `$DBUS_SYSTEM_BUS_ADDRESS` says if that is set.
    ///
    /// # Errors
    /// If there is no bus, or it does not let us in.
    pub async fn open(address: Option<String>) -> Result<Self, String> {
        let builder = || match address.as_deref() {
            Some(address) => zbus::connection::Builder::address(address),
            None => zbus::connection::Builder::system(),
        };
        let connection = match builder().max_queued(WAITING).build().await {
            // A bus of a test may want to know nobody: then whoever we are is no way in.
            Err(zbus::Error::Handshake(_)) => {
                builder().auth_mechanism(AuthMechanism::Anonymous).max_queued(WAITING).build().await
            }
            connection => connection,
        };
        let connection = connection.map_err(|error| error.to_string())?;
        Ok(Self(Pipe::new(MessageStream::from(&connection))))
    }

    /// Puts a message behind those that are to be sent.
    ///
    /// # Errors
    /// If it cannot be written down: a name or path in it is none.
    pub fn push(&mut self, message: &Outgoing) -> Result<(), String> {
        self.0.push(encode(message, None).map_err(|error| format!("{error}: {message:?}"))?);
        Ok(())
    }

    /// Sends what the socket takes now. The rest is sent by [`Self::wait`].
    ///
    /// # Errors
    /// If the connection is lost.
    pub async fn flush(&mut self) -> Result<(), String> {
        poll_fn(|context| Poll::Ready(self.0.flush(context))).await
    }

    /// Waits for messages, and goes on sending meanwhile. Nothing is lost when this is dropped.
    ///
    /// # Errors
    /// If the connection is lost.
    pub async fn wait(&mut self) -> Result<Vec<Incoming>, String> {
        poll_fn(|context| {
            let heard: Vec<_> = match self.0.hear(context) {
                // The bus names the sender of everything.
                Ok(heard) => heard.iter().filter_map(|message| decode(message, None)).collect(),
                Err(error) => return Poll::Ready(Err(error)),
            };
            if heard.is_empty() { Poll::Pending } else { Poll::Ready(Ok(heard)) }
        })
        .await
    }
}

/// Messages both ways. Whoever polls it is woken when there is more to be done.
pub(super) struct Pipe {
    connection: zbus::Connection,
    stream: MessageStream,
    unsent: Vec<Message>,
    /// How many octets `unsent` has.
    octets: usize,
    /// What is being sent. A message that was begun has to be ended, so this is never dropped half-way.
    sending: Option<Sending>,
}

impl Pipe {
    fn new(stream: MessageStream) -> Self {
        let connection = zbus::Connection::from(&stream);
        Self { connection, stream, unsent: Vec::new(), octets: 0, sending: None }
    }

    /// Lets a client in that has connected: it proves to be the user that the kernel says it is.
    pub(super) async fn accept(socket: UnixStream, guid: String) -> Result<Self, String> {
        let stream = zbus::connection::Builder::unix_stream(socket)
            .server(guid.as_str())
            .p2p()
            .max_queued(WAITING)
            .build_message_stream()
            .await;
        stream.map(Self::new).map_err(|error| error.to_string())
    }

    /// Puts a message behind those that are to be sent.
    pub(super) fn push(&mut self, message: Message) {
        self.octets += message.data().len();
        self.unsent.push(message);
    }

    /// Sends what the socket takes now.
    pub(super) fn flush(&mut self, context: &mut Context<'_>) -> Result<(), String> {
        match self.send(context) {
            Poll::Ready(result) => result,
            Poll::Pending if self.octets > UNSENT => Err("it does not read what is sent to it".to_owned()),
            Poll::Pending => Ok(()),
        }
    }

    /// The messages that are there, after sending what can be sent.
    pub(super) fn hear(&mut self, context: &mut Context<'_>) -> Result<Vec<Message>, String> {
        if let Poll::Ready(Err(error)) = self.send(context) {
            return Err(error);
        }
        let mut heard = Vec::new();
        while heard.len() < AT_ONCE {
            match Pin::new(&mut self.stream).poll_next(context) {
                Poll::Ready(Some(Ok(message))) => heard.push(message),
                // What came before the end is still heard.
                Poll::Ready(end) if heard.is_empty() => {
                    let closed = || "it was closed by the other side".to_owned();
                    return Err(end.and_then(Result::err).map_or_else(closed, |error| error.to_string()));
                }
                Poll::Ready(_) => {
                    context.waker().wake_by_ref();
                    return Ok(heard);
                }
                Poll::Pending => return Ok(heard),
            }
        }
        context.waker().wake_by_ref();
        Ok(heard)
    }

    /// Ready when everything is sent.
    fn send(&mut self, context: &mut Context<'_>) -> Poll<Result<(), String>> {
        loop {
            if let Some(sending) = &mut self.sending {
                let result = ready!(sending.as_mut().poll(context));
                self.sending = None;
                if let Err(error) = result {
                    return Poll::Ready(Err(error.to_string()));
                }
            }
            if self.unsent.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let messages = std::mem::take(&mut self.unsent);
            self.octets = 0;
            let connection = self.connection.clone();
            self.sending = Some(Box::pin(async move { connection.send_all(&messages).await }));
        }
    }
}

/// A message as a value; none if it is nothing for us. Without a name for the sender, the message has it.
#[must_use]
pub fn decode(message: &Message, sender: Option<&str>) -> Option<Incoming> {
    let header = message.header();
    let sender = match sender {
        Some(sender) => sender.to_owned(),
        None => header.sender()?.to_string(),
    };
    let reply_serial = || header.reply_serial().map(NonZeroU32::get);
    match message.message_type() {
        Type::MethodCall => {
            let primary = header.primary();
            let origin = Origin {
                sender,
                serial: primary.serial_num().get(),
                wants_reply: !primary.flags().contains(Flags::NO_REPLY_EXPECTED),
            };
            Some(match body(message) {
                Ok(body) => Incoming::Call(MethodCall {
                    origin,
                    path: header.path()?.to_string(),
                    interface: header.interface().map(ToString::to_string),
                    member: header.member()?.to_string(),
                    body,
                }),
                Err(why) => Incoming::BadCall(origin, why),
            })
        }
        // What cannot be read is not one string either.
        Type::MethodReturn => Some(Incoming::Reply {
            serial: reply_serial()?,
            sender,
            outcome: Ok(body(message).unwrap_or_default()),
        }),
        Type::Error => Some(Incoming::Reply {
            serial: reply_serial()?,
            sender,
            outcome: Err(header.error_name()?.to_string()),
        }),
        Type::Signal => {
            let is_owner = sender == BUS && header.member()?.as_str() == "NameOwnerChanged";
            match (is_owner, body(message).as_deref()) {
                (true, Ok([Value::Text(name), Value::Text(_), Value::Text(owner)])) => {
                    Some(Incoming::NameOwnerChanged { name: name.clone(), owner: owner.clone() })
                }
                _ => None,
            }
        }
    }
}

fn body(message: &Message) -> Result<Vec<Value>, &'static str> {
    let body = message.body();
    if body.len() > LONGEST_BODY {
        return Err("The arguments are too long. No method here takes so much.");
    }
    let signature = match body.signature() {
        Signature::Unit => return Ok(Vec::new()),
        several @ Signature::Structure(_) => several.clone(),
        one => Signature::structure(vec![one.clone()]),
    };
    let read = body.data().deserialize_for_dynamic_signature::<_, Structure<'_>>(signature);
    match read {
        Ok((structure, _)) => Ok(structure.into_fields().into_iter().map(from_wire).collect()),
        Err(_) => Err("The arguments are not as their signature says."),
    }
}

fn from_wire(value: Variant<'_>) -> Value {
    match value {
        Variant::Bool(value) => Value::Boolean(value),
        Variant::U8(value) => Value::Byte(value),
        Variant::I16(value) => Value::Int16(value),
        Variant::U16(value) => Value::Uint16(value),
        Variant::I32(value) => Value::Int32(value),
        Variant::U32(value) => Value::Uint32(value),
        Variant::U64(value) => Value::Uint64(value),
        Variant::Str(value) => Value::Text(value.into()),
        Variant::ObjectPath(value) => Value::Path(value.to_string()),
        Variant::Variant(value) => from_wire(*value).in_variant(),
        // The only ones of these that a method takes: texts, paths, octets, levels, channels, and options.
        Variant::Array(array) if *array.element_signature() == Signature::Str => elements("s", &array),
        Variant::Array(array) if *array.element_signature() == Signature::ObjectPath => elements("o", &array),
        Variant::Array(array) if *array.element_signature() == Signature::U8 => elements("y", &array),
        Variant::Array(array) if *array.element_signature() == Signature::I16 => elements("n", &array),
        Variant::Array(array) if *array.element_signature() == Signature::U16 => elements("q", &array),
        Variant::Dict(options) if options.signature().to_string() == "a{sv}" => {
            let entries = options.iter().filter_map(|(key, value)| {
                Some((from_wire(key.try_clone().ok()?), from_wire(value.try_clone().ok()?)))
            });
            Value::Dictionary("s", "v", entries.collect())
        }
        other => Value::Other(other.value_signature().to_string()),
    }
}

/// A value as a message of the bus. The bus says who sends it, unless it is given here.
///
/// # Errors
/// If a name or a path in it is none.
pub fn encode(message: &Outgoing, sender: Option<&str>) -> zbus::Result<Message> {
    let build = |message: Builder<'_>, body: &[Value]| {
        let message = match sender {
            Some(sender) => message.sender(sender.to_owned()),
            None => message,
        };
        if body.is_empty() { message.build(&()) } else { message.build(&structure(body)?) }
    };
    match message {
        Outgoing::Return(origin, body) => build(Message::method_return(&call_of(origin)?.header()), body),
        Outgoing::Error(origin, error) => {
            let call = call_of(origin)?;
            build(Message::error(&call.header(), error.name.as_str()), &[Value::text(&error.text)])
        }
        Outgoing::Signal { destination, path, interface, member, body } => {
            let signal = Message::signal(path.as_str(), *interface, *member);
            match destination {
                Some(destination) => build(signal.destination(destination.as_str()), body),
                None => build(signal, body),
            }
        }
        Outgoing::Call { serial, destination, path, interface, member, body } => {
            let call = Message::method_call(path.as_str(), *member)
                .destination(destination.as_str())
                .interface(*interface);
            let call = match serial.and_then(NonZeroU32::new) {
                Some(serial) => call.serial(serial),
                None => call.with_flags(Flags::NO_REPLY_EXPECTED),
            };
            build(call, body)
        }
    }
}

/// A stand-in for a call, from which the library takes what a reply needs: the caller and the number.
fn call_of(origin: &Origin) -> zbus::Result<Message> {
    let call = Message::method_call("/", "Call").sender(origin.sender.as_str());
    match NonZeroU32::new(origin.serial) {
        Some(serial) => call.serial(serial),
        None => call,
    }
    .build(&())
}

fn elements(signature: &'static str, array: &Array<'_>) -> Value {
    let elements = array.iter().filter_map(|element| element.try_clone().ok());
    Value::Array(signature, elements.map(from_wire).collect())
}

fn structure(fields: &[Value]) -> zbus::Result<Structure<'_>> {
    let mut builder = Structure::builder();
    for field in fields {
        builder.push_value(to_wire(field)?);
    }
    builder.build()
}

fn to_wire(value: &Value) -> zbus::Result<Variant<'_>> {
    let signature = |text: &str| Signature::try_from(text).map_err(zbus::Error::from);
    Ok(match value {
        Value::Boolean(value) => Variant::Bool(*value),
        Value::Byte(value) => Variant::U8(*value),
        Value::Int16(value) => Variant::I16(*value),
        Value::Uint16(value) => Variant::U16(*value),
        Value::Int32(value) => Variant::I32(*value),
        Value::Uint32(value) => Variant::U32(*value),
        Value::Uint64(value) => Variant::U64(*value),
        Value::Text(text) => Variant::Str(text.as_str().into()),
        Value::Path(path) => Variant::ObjectPath(ObjectPath::try_from(path.as_str())?),
        Value::Array(element, elements) => {
            let mut array = Array::new(&signature(element)?);
            for element in elements {
                array.append(to_wire(element)?)?;
            }
            Variant::Array(array)
        }
        Value::Dictionary(key, value, entries) => {
            let mut dictionary = Dict::new(&signature(key)?, &signature(value)?);
            for (key, value) in entries {
                dictionary.append(to_wire(key)?, to_wire(value)?)?;
            }
            Variant::Dict(dictionary)
        }
        Value::Variant(value) => Variant::Variant(Box::new(to_wire(value)?)),
        Value::Structure(fields) => Variant::Structure(structure(fields)?),
        // Nothing of ours is of such a type.
        Value::Other(_) => return Err(zbus::Error::Unsupported),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::UnixListener;
    use zbus::{Guid, conn};

    /// A bus that lets in only who does not say who it is.
    async fn anonymous_bus(listener: UnixListener) {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let guid = Guid::generate();
            let server = conn::Builder::unix_stream(socket.into_std().unwrap()).server(guid);
            let stream = server.p2p().auth_mechanism(AuthMechanism::Anonymous).build_message_stream().await;
            let Ok(mut stream) = stream else { continue };
            let hello = poll_fn(|context| Pin::new(&mut stream).poll_next(context)).await.unwrap().unwrap();
            let connection = zbus::Connection::from(&stream);
            connection.reply(&hello.header(), &":1.1").await.unwrap();
            poll_fn(|context| Pin::new(&mut stream).poll_next(context)).await;
        }
    }

    #[test]
    fn a_bus_that_knows_only_strangers_lets_us_in() {
        let place = std::env::temp_dir().join(format!("lapwing-anonymous-{}", std::process::id()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let _ = std::fs::remove_file(&place);
            let listener = UnixListener::bind(&place).unwrap();
            let server = tokio::spawn(anonymous_bus(listener));
            let opened = Connection::open(Some(format!("unix:path={}", place.display()))).await;
            server.abort();
            assert!(opened.is_ok(), "{:?}", opened.err());
        });
        std::fs::remove_file(&place).unwrap();
    }
}
