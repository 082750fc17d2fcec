//! What the double does for one client.

mod shown;

use super::hotspot::{Hotspot, LAPWING};
use super::{DAEMON, DEVICE, Flavour, Log, PASSPHRASE};
use shown::{NETWORKS, addresses, links};
use std::collections::{BTreeMap, HashMap};
use std::future::poll_fn;
use std::pin::Pin;
use zbus::message::{Message, Type};
use zbus::{Connection, MessageStream, ObjectPath, OwnedVariant, Variant};

pub(super) type Members = BTreeMap<&'static str, Variant<'static>>;
type Objects = BTreeMap<String, BTreeMap<&'static str, Members>>;

pub(super) fn members(list: impl IntoIterator<Item = (&'static str, Variant<'static>)>) -> Members {
    list.into_iter().collect()
}

pub(super) fn text(text: &str) -> Variant<'static> {
    Variant::from(text.to_owned())
}

fn object(path: &str) -> Variant<'static> {
    Variant::from(ObjectPath::try_from(path.to_owned()).unwrap())
}

pub(super) fn dictionary(members: Members) -> Variant<'static> {
    let members: HashMap<String, Variant<'static>> =
        members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Variant::from(members)
}

fn digits(ssid: &[u8]) -> String {
    ssid.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// One client of the double.
pub(super) struct Client {
    flavour: Flavour,
    connection: Connection,
    stream: MessageStream,
    log: Log,
    agent: Option<String>,
    /// A Connect that was not answered yet, with the network's path, and the number of our question.
    connecting: Option<(Message, String, Option<u32>)>,
    connected: Option<String>,
    has_address: bool,
    failure: Option<(&'static str, &'static str, &'static str, &'static str, &'static str)>,
    scanning: bool,
    /// Whether this client has asked whether there are events.
    listens: bool,
    /// Whether it wants to hear what happens: nobody else is told.
    watches: bool,
    /// What is on the air, if the device is an access point.
    hotspot: Option<Hotspot>,
    /// Where the network files are.
    state_directory: String,
}

impl Client {
    pub(super) fn new(flavour: Flavour, stream: MessageStream, log: Log, state_directory: String) -> Self {
        Self {
            flavour,
            connection: Connection::from(&stream),
            stream,
            log,
            agent: None,
            connecting: None,
            connected: None,
            has_address: false,
            failure: None,
            scanning: false,
            state_directory,
            listens: false,
            watches: false,
            hotspot: match flavour {
                Flavour::Hotspot | Flavour::Garbage(11 | 12) => Some(Hotspot::Mld),
                Flavour::IdleHotspot => Some(Hotspot::Stopped),
                _ => None,
            },
        }
    }

    pub(super) async fn serve(&mut self) {
        use futures_core::Stream;
        while let Some(Ok(message)) = poll_fn(|context| Pin::new(&mut self.stream).poll_next(context)).await {
            match message.message_type() {
                Type::MethodCall => self.call(&message).await,
                Type::MethodReturn | Type::Error => self.answer(&message).await,
                Type::Signal => {}
            }
        }
    }

    fn is_ours(&self) -> bool {
        self.flavour != Flavour::Iwd
    }

    fn is_garbage(&self, number: usize) -> bool {
        self.flavour == Flavour::Garbage(number)
    }

    async fn reply<B: serde::Serialize + zbus::DynamicType>(&self, call: &Message, body: &B) {
        let reply = Message::method_return(&call.header()).sender(DAEMON).build(body).unwrap();
        self.connection.send(&reply).await.unwrap();
    }

    async fn refuse(&self, call: &Message, name: &str, sentence: &str) {
        let reply = Message::error(&call.header(), name).sender(DAEMON).build(&(sentence,)).unwrap();
        self.connection.send(&reply).await.unwrap();
    }

    async fn happened(&self, line: &str) {
        if self.watches {
            let line = format!("{{\"at\":1.0,\"interface\":\"wlan0\",\"attempt\":1,{line}}}");
            let signal =
                Message::signal("/net/connman/iwd", "org.lapwing.Daemon1", "Happened").sender(DAEMON);
            let signal = if self.is_garbage(7) { signal.build(&(7_u32,)) } else { signal.build(&(line,)) };
            self.connection.send(&signal.unwrap()).await.unwrap();
        }
    }

    async fn changed(&self, interface: &str, changed: Members) {
        let signal = Message::signal(DEVICE, "org.freedesktop.DBus.Properties", "PropertiesChanged")
            .sender(DAEMON)
            .build(&(interface, changed, Vec::<String>::new()))
            .unwrap();
        self.connection.send(&signal).await.unwrap();
    }

    async fn call(&mut self, call: &Message) {
        let header = call.header();
        let path = header.path().unwrap().to_string();
        let interface = header.interface().unwrap().to_string();
        let member = header.member().unwrap().to_string();
        if header.destination().unwrap().as_str() == "org.freedesktop.DBus" {
            match member.as_str() {
                "Hello" => self.reply(call, &":1.9").await,
                "GetNameOwner" if self.flavour != Flavour::Absent => self.reply(call, &DAEMON).await,
                "GetNameOwner" => {
                    self.refuse(call, "org.freedesktop.DBus.Error.NameHasNoOwner", "none").await
                }
                _ => self.reply(call, &()).await,
            }
            return;
        }
        self.log(format!("{}.{member}", interface.rsplit('.').next().unwrap()));
        match self.flavour {
            Flavour::Absent => {
                let why = "The name net.connman.iwd was not provided by any .service files";
                return self.refuse(call, "org.freedesktop.DBus.Error.ServiceUnknown", why).await;
            }
            Flavour::Denied => {
                let why = "Rejected send message, 2 matched rules; type=\"method_call\", sender=\":1.9\" (uid=1000 \
                           pid=1 comm=\"lapwing\") interface=\"x\"";
                return self.refuse(call, "org.freedesktop.DBus.Error.AccessDenied", why).await;
            }
            _ => {}
        }
        match (interface.as_str(), member.as_str()) {
            ("org.freedesktop.DBus.ObjectManager", "GetManagedObjects") if self.is_garbage(0) => {
                self.reply(call, &vec![1_u32]).await;
            }
            ("org.freedesktop.DBus.ObjectManager", "GetManagedObjects") => {
                let objects: BTreeMap<_, _> = self
                    .objects()
                    .into_iter()
                    .map(|(path, object)| (ObjectPath::try_from(path).unwrap(), object))
                    .collect();
                self.reply(call, &objects).await;
            }
            ("org.freedesktop.DBus.Properties", "GetAll") => {
                let wanted: String = call.body().deserialize().unwrap();
                let objects = self.objects();
                match objects.get(&path).and_then(|object| object.get(wanted.as_str())) {
                    Some(members) => self.reply(call, members).await,
                    None => {
                        self.refuse(call, "org.freedesktop.DBus.Error.UnknownInterface", "No such interface.")
                            .await
                    }
                }
                self.scanning = false;
                if wanted == "org.lapwing.Daemon1" {
                    // Who asks for this is going to listen; it has to ask us for more first.
                    self.listens = true;
                    if !self.is_ours() {
                        self.events().await;
                    }
                }
                // The address comes when somebody waits for it.
                if self.connected.is_some() && !self.has_address && self.flavour != Flavour::NoAddress {
                    self.has_address = true;
                    self.changed("org.lapwing.Station1", members([("Addresses", dictionary(addresses()))]))
                        .await;
                }
            }
            ("net.connman.iwd.Station", "GetOrderedNetworks") => {
                let list: Vec<(ObjectPath<'_>, i16)> = NETWORKS
                    .iter()
                    .map(|(ssid, kind, dbm, _)| {
                        (
                            ObjectPath::try_from(format!("{DEVICE}/{}_{kind}", digits(ssid))).unwrap(),
                            dbm * 100,
                        )
                    })
                    .collect();
                self.reply(call, &list).await;
            }
            ("org.lapwing.Station1", "GetNetworks") if self.is_garbage(1) => self.reply(call, &"none").await,
            ("org.lapwing.Station1", "GetNetworks") if self.is_ours() => {
                let list: Vec<Members> = NETWORKS.iter().map(|network| self.network(network)).collect();
                self.reply(call, &list).await;
            }
            ("org.lapwing.Station1", "GetLinks") if self.is_garbage(10) => self.reply(call, &"none").await,
            ("org.lapwing.Station1", "GetLinks") if self.is_ours() => self.reply(call, &links()).await,
            ("org.lapwing.Station1", "GetTimeline") if self.is_garbage(2) => self.reply(call, &9_u8).await,
            ("org.lapwing.Station1", "GetTimeline") if self.is_ours() => {
                self.reply(
                    call,
                    &"attempt 1: \"home\", asked for\n  scan   33.1 ms  ####\n  \u{1b}]0;evil\u{7}\n",
                )
                .await;
            }
            ("org.lapwing.Daemon1", "Watch") if self.is_ours() => {
                self.watches = true;
                self.reply(call, &()).await;
                if std::mem::take(&mut self.listens) {
                    self.events().await;
                } else {
                    self.happened("\"event\":\"scanned\"").await;
                }
            }
            ("net.connman.iwd.StationDiagnostic", "GetDiagnostics") => self.diagnostics(call).await,
            ("net.connman.iwd.Station", "Scan") => {
                self.scanning = true;
                self.reply(call, &()).await;
                self.happened("\"event\":\"scanned\"").await;
                self.changed("net.connman.iwd.Station", members([("Scanning", Variant::from(false))])).await;
            }
            ("net.connman.iwd.Station", "Disconnect") => self.disconnect(call).await,
            ("net.connman.iwd.Daemon", "GetInfo") => {
                let mut info = members([
                    ("Version", text("0.1")),
                    ("NetworkConfigurationEnabled", Variant::from(true)),
                    ("StateDirectory", text(&self.state_directory)),
                ]);
                // As soon as a test has put one there.
                let credential = std::path::Path::new(&self.state_directory).join("credential");
                if credential.exists() {
                    info.extend(members([("Credential", text(&credential.display().to_string()))]));
                }
                self.reply(call, &info).await;
            }
            ("net.connman.iwd.AgentManager", "RegisterAgent") => {
                let path: ObjectPath<'_> = call.body().deserialize::<ObjectPath<'_>>().unwrap().to_owned();
                self.agent = Some(path.to_string());
                self.reply(call, &()).await;
            }
            ("net.connman.iwd.Network", "Connect") => self.connect(call, path).await,
            ("net.connman.iwd.Station", "ConnectHiddenNetwork") => {
                let name: String = call.body().deserialize().unwrap();
                match name.as_str() {
                    "home" => self.refuse(call, "net.connman.iwd.NotHidden", "It announces its name.").await,
                    "nowhere" => {
                        self.refuse(call, "net.connman.iwd.NotFound", "No such network was heard.").await
                    }
                    name => {
                        let path = format!("{DEVICE}/{}_psk", digits(name.as_bytes()));
                        self.connect(call, path).await;
                    }
                }
            }
            ("org.freedesktop.DBus.Properties", "Set") => {
                let (_, name, value): (String, String, OwnedVariant) = call.body().deserialize().unwrap();
                let mode: String = value.try_into().unwrap();
                self.log(format!("{name} {mode}"));
                self.hotspot = (mode == "ap").then_some(Hotspot::Stopped);
                self.reply(call, &()).await;
            }
            _ if self.hotspot.is_some() => self.hotspot(call, &interface, &member).await,
            ("net.connman.iwd.KnownNetwork", "Forget") => self.reply(call, &()).await,
            _ => self.refuse(call, "org.freedesktop.DBus.Error.UnknownMethod", "No such method.").await,
        }
    }

    fn log(&self, entry: String) {
        self.log.lock().unwrap().push(entry);
    }

    /// What a device does that is an access point.
    async fn hotspot(&mut self, call: &Message, interface: &str, member: &str) {
        let Some(hotspot) = &self.hotspot else { return };
        match (interface, member) {
            (LAPWING, "StartAs") => {
                let (asked, told) = Hotspot::asked(call);
                self.log(told);
                if asked.is_refused() {
                    let why = "The kernel refused START_AP: EBUSY. Another program uses the radio.";
                    return self.refuse(call, "net.connman.iwd.Failed", why).await;
                }
                self.hotspot = Some(asked);
            }
            ("net.connman.iwd.AccessPoint", "StartProfile") => {
                let name: String = call.body().deserialize().unwrap();
                self.log(format!("profile {name}"));
                self.hotspot = Some(Hotspot::Mld);
            }
            ("net.connman.iwd.AccessPoint", "Stop") => self.hotspot = Some(Hotspot::Stopped),
            (LAPWING, "GetClients") if self.is_garbage(12) => return self.reply(call, &"none").await,
            (LAPWING, "GetClients") => return self.reply(call, &hotspot.clients()).await,
            ("net.connman.iwd.AccessPointDiagnostic", "GetDiagnostics") => {
                return self.reply(call, &hotspot.figures()).await;
            }
            (LAPWING, "RemoveLink") => {
                let (link, beacons): (u8, u16) = call.body().deserialize().unwrap();
                if link > 1 {
                    let why = "The hotspot has no such link on the air.";
                    return self.refuse(call, "net.connman.iwd.NotFound", why).await;
                }
                self.log(format!("link {link} in {beacons}"));
            }
            (LAPWING, "AddLink") => {
                let link: u8 = call.body().deserialize().unwrap();
                self.log(format!("link {link}"));
            }
            (LAPWING, "ThrowOut") => {
                let client: String = call.body().deserialize().unwrap();
                self.log(format!("client {client:?}"));
            }
            (LAPWING, "Restart") => {
                let wishes: BTreeMap<String, OwnedVariant> = call.body().deserialize().unwrap();
                let wish = |key: &str| bool::try_from(wishes.get(key).unwrap().try_clone().unwrap()).unwrap();
                self.log(format!("goodbye {} forget {}", wish("Goodbye"), wish("ForgetPmksas")));
            }
            (LAPWING, "ForgetPmksas" | "RenewGroupKeys") => {}
            _ => {
                let why = "No such method.";
                return self.refuse(call, "org.freedesktop.DBus.Error.UnknownMethod", why).await;
            }
        }
        self.reply(call, &()).await;
    }

    /// What happens while one listens.
    async fn events(&mut self) {
        self.happened("\"event\":\"entered\",\"phase\":\"associate\"").await;
        self.happened("\"event\":\"connected\",\"ssid\":\"\u{202e}x\",\"peer\":\"02:00\",\"akm\":\"SAE\"")
            .await;
        self.changed("net.connman.iwd.Station", members([("State", text("connected"))])).await;
        // It ends and is started again, and knows nobody then.
        self.watches = false;
        for (before, after) in [(DAEMON, ""), ("", DAEMON)] {
            let signal = Message::signal("/org/freedesktop/DBus", "org.freedesktop.DBus", "NameOwnerChanged")
                .sender("org.freedesktop.DBus")
                .build(&("net.connman.iwd", before, after))
                .unwrap();
            self.connection.send(&signal).await.unwrap();
        }
    }

    async fn diagnostics(&self, call: &Message) {
        if self.is_garbage(3) {
            return self.reply(call, &members([("RSSI", text("strong"))])).await;
        }
        let mut figures = members([
            ("ConnectedBss", text("02:00:00:00:00:01")),
            ("Frequency", Variant::from(5180_u32)),
            ("RSSI", Variant::from(-44_i16)),
            ("RxBitrate", Variant::from(8667_u32)),
            ("TxBitrate", Variant::from(540_u32)),
            ("ConnectedTime", Variant::from(3725_u32)),
        ]);
        if !self.is_ours() {
            figures.insert("Security", text("WPA3-Personal"));
        }
        self.reply(call, &figures).await;
    }

    async fn disconnect(&mut self, call: &Message) {
        if let Some((pending, ..)) = self.connecting.take() {
            self.refuse(&pending, "net.connman.iwd.Aborted", "It was cancelled.").await;
        }
        match self.connected.take() {
            Some(_) => self.reply(call, &()).await,
            None => self.refuse(call, "net.connman.iwd.NotConnected", "wlan0 is in no network.").await,
        }
    }

    async fn connect(&mut self, call: &Message, path: String) {
        self.happened("\"event\":\"began\",\"ssid\":\"home\",\"cause\":\"asked for\"").await;
        if self.flavour == Flavour::Slow {
            self.happened("\"event\":\"entered\",\"phase\":\"scan\"").await;
            self.connecting = Some((call.clone(), path, None));
            return;
        }
        if path.ends_with("_open") {
            return self.joined(call, path).await;
        }
        let Some(agent) = self.agent.clone() else {
            return self.refuse(call, "net.connman.iwd.NoAgent", "No agent is there.").await;
        };
        let ask = |path: String| {
            Message::method_call(agent.as_str(), "RequestPassphrase")
                .interface("net.connman.iwd.Agent")
                .destination(":1.9")
                .build(&(ObjectPath::try_from(path).unwrap(),))
        };
        // Somebody else asks first. Nobody may hear the passphrase but the daemon.
        let stranger = ask(path.clone()).unwrap().with_sender(&":1.66".try_into().unwrap()).unwrap();
        self.connection.send(&stranger).await.unwrap();
        let question = ask(path.clone()).unwrap().with_sender(&DAEMON.try_into().unwrap()).unwrap();
        let number = question.primary_header().serial_num().get();
        self.connecting = Some((call.clone(), path, Some(number)));
        self.connection.send(&question).await.unwrap();
    }

    /// An answer to one of our questions.
    async fn answer(&mut self, reply: &Message) {
        let header = reply.header();
        let number = header.reply_serial().unwrap().get();
        let body = reply.body();
        let secret: Result<String, _> = body.deserialize();
        let Some((_, _, asked)) = &self.connecting else { return };
        if *asked != Some(number) {
            assert_eq!(header.message_type(), Type::Error, "a stranger was told {secret:?}");
            self.log.lock().unwrap().push("stranger refused".to_owned());
            return;
        }
        let Some((call, path, _)) = self.connecting.take() else { return };
        match secret {
            _ if header.message_type() == Type::Error => {
                let name = header.error_name().unwrap().to_string();
                self.log.lock().unwrap().push(name);
                self.refuse(&call, "net.connman.iwd.Aborted", "It was cancelled.").await;
            }
            Ok(secret) if secret == PASSPHRASE => self.joined(&call, path).await,
            Ok(secret) if secret.len() < 8 => {
                let why = "A passphrase has 8 to 63 characters. Enter the passphrase again.";
                self.refuse(&call, "net.connman.iwd.InvalidFormat", why).await;
            }
            _ if self.is_ours() => {
                self.happened("\"event\":\"entered\",\"phase\":\"authenticate\"").await;
                self.failure = Some((
                    "wrong-password",
                    "authenticate",
                    "user",
                    "the passphrase is wrong",
                    "Enter the passphrase again.",
                ));
                let why = "The passphrase is wrong. Enter the passphrase again.";
                self.refuse(&call, "net.connman.iwd.Failed", why).await;
            }
            _ => self.refuse(&call, "net.connman.iwd.Failed", "Operation failed").await,
        }
    }

    async fn joined(&mut self, call: &Message, path: String) {
        for phase in ["scan", "authenticate", "associate", "handshake"] {
            self.happened(&format!("\"event\":\"entered\",\"phase\":\"{phase}\"")).await;
        }
        self.connected = Some(path);
        self.failure = None;
        self.reply(call, &()).await;
        if self.is_garbage(8) {
            self.failure = Some(("", "", "", "", ""));
        }
    }
}
