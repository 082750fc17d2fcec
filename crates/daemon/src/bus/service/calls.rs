//! The methods: what each does with its arguments, and what it gives.

use super::{Service, access_point};
use crate::bus::device_provisioning;
use crate::bus::errors::{dbus, iwd};
use crate::bus::interfaces::{self, Interface};
use crate::bus::message::{Error, MethodCall};
use crate::bus::path;
use crate::bus::simple_configuration;
use crate::bus::tree::{Object, Thing, connected_bss};
use crate::bus::value::{self, Value};
use crate::control::{Call, DeviceView, Diagnostics, Figures, HeardBss, HeardNetworks, RateView, SecretId};
use crate::flight::rejection;
use crate::flight::status;
use crate::kernel::Mode;
use crate::networks::FileName;
use lapwing_core::kernel::Frequency;
use lapwing_core::select::{Judged, Verdict};
use lapwing_frames::suite::Akm;
use lapwing_frames::{Channel, MacAddr, Ssid};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many channels may be named: more than there are.
const CHANNELS: usize = 128;

/// What a call leads to.
#[derive(Debug)]
pub(super) enum Response {
    /// An answer.
    Now(Vec<Value>),
    /// A call of the daemon, whose answer is the answer.
    Later(Call),
    /// The caller has no agent any more; these questions are left.
    Withdrawn(Vec<SecretId>),
}

pub(super) type Outcome = Result<Response, Error>;

impl Service {
    pub(super) fn dispatch(&mut self, call: MethodCall) -> Outcome {
        let method = self.method(&call)?;
        let taken: String = method.1.takes.iter().map(|(_, signature)| *signature).collect();
        let given = value::signature(&call.body);
        if taken != given {
            let name = method.1.name;
            return Err(dbus("InvalidArgs", format_args!("{name} takes '{taken}', not '{given}'.")));
        }
        let (interface, member) = (method.0.name, method.1.name);
        match interface {
            interfaces::PEER => Ok(Response::Now(match member {
                "GetMachineId" => match &self.facts.machine_id {
                    Some(id) => vec![Value::text(id)],
                    None => return Err(dbus("Failed", "This machine has no /etc/machine-id.")),
                },
                _ => Vec::new(),
            })),
            interfaces::INTROSPECTABLE => {
                Ok(Response::Now(vec![Value::Text(self.introspection(&call.path))]))
            }
            interfaces::PROPERTIES => self.properties(&call, member),
            interfaces::OBJECT_MANAGER => Ok(Response::Now(vec![self.objects()])),
            interfaces::AGENT_MANAGER => self.agent_manager(&call, member),
            interfaces::DAEMON => Ok(Response::Now(vec![self.info()])),
            interfaces::LAPWING_DAEMON => self.of_lapwing(&call.origin.sender, member),
            _ => self.of_a_thing(&call, interface, member),
        }
    }

    /// The interface and the method that are called.
    fn method(&self, call: &MethodCall) -> Result<(&'static Interface, &'static interfaces::Method), Error> {
        let object = self.tree.get(&call.path);
        let has = |interface: &Interface| match interface.name {
            // Every object is asked for itself; what has none is asked for what is below it.
            interfaces::PEER => true,
            interfaces::INTROSPECTABLE => object.is_some() || self.children(&call.path).next().is_some(),
            interfaces::PROPERTIES => object.is_some(),
            name => object.is_some_and(|object| object.interfaces.contains_key(name)),
        };
        let path = &call.path;
        match &call.interface {
            Some(name) => {
                let interface =
                    interfaces::find(name).filter(|interface| has(interface)).ok_or_else(|| {
                        if object.is_none() {
                            dbus("UnknownObject", format_args!("There is no object {path} (any more)."))
                        } else {
                            dbus("UnknownInterface", format_args!("{path} has no interface {name} (now)."))
                        }
                    })?;
                let method = interface.method(&call.member).ok_or_else(|| {
                    dbus("UnknownMethod", format_args!("{name} has no method {}.", call.member))
                })?;
                Ok((interface, method))
            }
            None => interfaces::ALL
                .iter()
                .filter(|interface| has(interface))
                .find_map(|interface| Some((interface, interface.method(&call.member)?)))
                .ok_or_else(|| match object {
                    None => dbus("UnknownObject", format_args!("There is no object {path} (any more).")),
                    Some(_) => dbus("UnknownMethod", format_args!("{path} has no method {}.", call.member)),
                }),
        }
    }

    /// The next elements of the paths below this one.
    fn children<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a str> {
        let below = move |other: &'a String| {
            let rest = other.strip_prefix(path)?;
            let rest = if path == path::ROOT { rest } else { rest.strip_prefix('/')? };
            rest.split('/').next().filter(|element| !element.is_empty())
        };
        self.tree.keys().filter_map(below)
    }

    fn introspection(&self, path: &str) -> String {
        let object = self.tree.get(path);
        let has = |interface: &&Interface| match interface.name {
            interfaces::PEER | interfaces::INTROSPECTABLE => true,
            name => object.is_some_and(|object| object.interfaces.contains_key(name)),
        };
        let children: BTreeSet<_> = self.children(path).collect();
        interfaces::introspect(interfaces::ALL.iter().filter(has), children)
    }

    fn objects(&self) -> Value {
        let object = |(path, object): (&String, &Arc<Object>)| {
            (Value::Path(path.clone()), Value::Interfaces(object.interfaces.clone()))
        };
        Value::Dictionary("o", "a{sa{sv}}", self.tree.iter().map(object).collect())
    }

    fn properties(&mut self, call: &MethodCall, member: &str) -> Outcome {
        let path = &call.path;
        let Some(object) = self.tree.get(path) else {
            return Err(dbus("UnknownObject", format_args!("There is no object {path} (any more).")));
        };
        let interface = |name: &str| {
            let known = interfaces::find(name).filter(|known| object.interfaces.contains_key(known.name));
            known.ok_or_else(|| {
                dbus("UnknownInterface", format_args!("{path} has no interface {name} (now)."))
            })
        };
        match (member, &*call.body) {
            ("GetAll", [Value::Text(name)]) => {
                // An empty name asks for the properties of all interfaces, as the specification has it.
                let properties: Vec<_> = if name.is_empty() {
                    object.interfaces.values().flatten().collect()
                } else {
                    let interface = interface(name)?;
                    object.interfaces.get(interface.name).into_iter().flatten().collect()
                };
                let entries = properties.into_iter().map(|(name, value)| (name, value.clone()));
                Ok(Response::Now(vec![Value::options(entries)]))
            }
            ("Get", [Value::Text(of), Value::Text(name)]) => {
                let interface = interface(of)?;
                let unknown = |why| dbus("UnknownProperty", format_args!("{of}.{name} {why}."));
                let property = interface.property(name).ok_or_else(|| unknown("does not exist"))?;
                let properties = object.interfaces.get(interface.name);
                let value = properties
                    .and_then(|properties| properties.get(property.name))
                    .ok_or_else(|| unknown("has no value now"))?;
                Ok(Response::Now(vec![value.clone().in_variant()]))
            }
            ("Set", [Value::Text(of), Value::Text(name), Value::Variant(value)]) => {
                let interface = interface(of)?;
                let Some(property) = interface.property(name) else {
                    return Err(dbus("UnknownProperty", format_args!("{of}.{name} does not exist.")));
                };
                if !property.writable {
                    return Err(dbus("PropertyReadOnly", format_args!("{of}.{name} cannot be set.")));
                }
                let (wanted, given) = (property.signature, value.signature());
                if wanted != given {
                    let text = format!("{of}.{name} is of type '{wanted}', not '{given}'.");
                    return Err(dbus("InvalidArgs", text));
                }
                let thing = object.thing.clone();
                match (&thing, property.name, &**value) {
                    (&Thing::Device(ifindex), "Affinities", Value::Array("o", paths)) => {
                        self.set_affinities(ifindex, &call.origin.sender, paths)
                    }
                    _ => set(&thing, interface.name, property.name, value),
                }
            }
            _ => Err(dbus("InvalidArgs", "The arguments are of wrong types.")),
        }
    }

    fn agent_manager(&mut self, call: &MethodCall, member: &str) -> Outcome {
        let [Value::Path(path)] = &*call.body else {
            return Err(iwd("InvalidArguments", "The argument is the path of an object."));
        };
        let sender = &call.origin.sender;
        match member {
            "RegisterAgent" => self.agents.register(sender, path).map(|()| Response::Now(Vec::new())),
            "UnregisterAgent" => match self.agents.remove(sender) {
                Some(questions) => Ok(Response::Withdrawn(questions)),
                None => Err(iwd("NotFound", "You have no agent here. Register one first.")),
            },
            _ if !self.facts.network_configuration => Err(iwd(
                "NotSupported",
                "Network configuration is switched off: addresses are another program's already.",
            )),
            "RegisterNetworkConfigurationAgent" => {
                self.configurator.register(sender, path)?;
                Ok(Response::Later(Call::HandOver { on: true }))
            }
            _ => {
                self.configurator.unregister(sender, path)?;
                Ok(Response::Later(Call::HandOver { on: false }))
            }
        }
    }

    /// Of whoever wants to stay with an access point: which, and whether it may.
    fn set_affinities(&mut self, ifindex: u32, sender: &str, paths: &[Value]) -> Outcome {
        let device = self.device(ifindex);
        let connected = device.and_then(|device| Some((device.chosen?, connected_bss(device)?)));
        let Some((bssid, connected)) = connected else {
            return Err(iwd("NotConnected", "The interface is in no network. Connect to one first."));
        };
        if self.affinities.get(&ifindex).is_some_and(|owner| owner != sender) {
            return Err(iwd("PermissionDenied", "Another program has set the affinities of this interface."));
        }
        let bssid = match paths {
            [] => None,
            [Value::Path(path)] if *path == connected => Some(bssid),
            _ => {
                return Err(iwd(
                    "InvalidArguments",
                    "An affinity is with ConnectedAccessPoint, and with no other.",
                ));
            }
        };
        match bssid {
            Some(_) => self.affinities.insert(ifindex, sender.to_owned()),
            None => self.affinities.remove(&ifindex),
        };
        Ok(Response::Later(Call::SetAffinity { ifindex, bssid }))
    }

    /// Of whoever shows the signal: that it wants to be told, or not any more.
    fn signal_agent(&mut self, ifindex: u32, call: &MethodCall) -> Outcome {
        let sender = &call.origin.sender;
        let levels = match &*call.body {
            [Value::Path(path), Value::Array("n", levels)] => {
                self.signal_agents.register((ifindex, &call.path), sender, path, levels)?
            }
            [Value::Path(path)] => {
                self.signal_agents.unregister(ifindex, sender, path)?;
                Vec::new()
            }
            _ => return Err(iwd("InvalidArguments", "The arguments are a path, and levels to register.")),
        };
        Ok(Response::Later(Call::WatchSignal { ifindex, levels }))
    }

    fn of_lapwing(&mut self, sender: &str, member: &str) -> Outcome {
        match member {
            // Who watches already goes on.
            "Watch" => self.watchers.add(sender).map(|_| Response::Now(Vec::new())),
            "Unwatch" => {
                self.watchers.remove(sender);
                Ok(Response::Now(Vec::new()))
            }
            // The same line as in the status file.
            _ => Ok(Response::Now(vec![Value::Text(status::render(&self.view.devices))])),
        }
    }

    fn info(&self) -> Value {
        let credential = self.facts.credential.as_deref().map(|path| ("Credential", Value::text(path)));
        let always = [
            ("Version", Value::text(env!("CARGO_PKG_VERSION"))),
            ("StateDirectory", Value::text(&self.facts.state_directory)),
            ("NetworkConfigurationEnabled", Value::Boolean(self.facts.network_configuration)),
        ];
        Value::options(always.into_iter().chain(credential))
    }

    pub(super) fn device(&self, ifindex: u32) -> Option<&DeviceView> {
        self.view.devices.iter().find(|device| device.ifindex == ifindex)
    }

    fn of_a_thing(&mut self, call: &MethodCall, interface: &str, member: &str) -> Outcome {
        let thing = self.tree.get(&call.path).map(|object| &object.thing);
        let later = |call| Ok(Response::Later(call));
        match (thing, interface, member) {
            (Some(&Thing::Device(ifindex)), interfaces::STATION, "Scan") => later(Call::Scan { ifindex }),
            (Some(&Thing::Device(ifindex)), interfaces::STATION, "Disconnect") => {
                later(Call::Disconnect { ifindex })
            }
            (Some(&Thing::Device(ifindex)), interfaces::STATION, "ConnectHiddenNetwork") => {
                let name = match &*call.body {
                    [Value::Text(name)] => name.as_bytes(),
                    _ => &[],
                };
                match Ssid::new(name) {
                    Ok(ssid) if !ssid.is_hidden() => later(Call::ConnectHidden { ifindex, ssid }),
                    Ok(_) | Err(_) => {
                        Err(iwd("InvalidArguments", "The name of a network has 1 to 32 octets. Check it."))
                    }
                }
            }
            (
                Some(&Thing::Device(ifindex)),
                interfaces::STATION,
                "RegisterSignalLevelAgent" | "UnregisterSignalLevelAgent",
            ) => self.signal_agent(ifindex, call),
            (Some(&Thing::Device(ifindex)), interfaces::DEBUG, "Scan") => {
                later(Call::ScanOn { ifindex, frequencies: frequencies(call)? })
            }
            (Some(&Thing::Device(ifindex)), interfaces::DEBUG, "GetNetworks") => {
                later(Call::HeardNetworks { ifindex })
            }
            (
                Some(&Thing::Device(ifindex)),
                interfaces::DEBUG | interfaces::LAPWING_STATION,
                "ConnectBssid" | "ConnectTo",
            ) => address(call).map(|bssid| Response::Later(Call::ConnectTo { ifindex, bssid })),
            (Some(&Thing::Device(ifindex)), interfaces::DEBUG | interfaces::LAPWING_STATION, "Roam") => {
                address(call).map(|bssid| Response::Later(Call::Roam { ifindex, bssid }))
            }
            (Some(&Thing::Device(ifindex)), interfaces::STATION, "GetOrderedNetworks") => {
                let device = self.view.devices.iter().find(|device| device.ifindex == ifindex);
                let list = device.map(|device| self.lists.of(device)).transpose()?;
                Ok(Response::Now(vec![list.unwrap_or(Value::Array("(on)", Vec::new()))]))
            }
            (Some(&Thing::Device(ifindex)), interfaces::STATION, "GetHiddenAccessPoints") => {
                let hidden = self.device(ifindex).map_or_else(Vec::new, |device| {
                    let hidden = device.hidden.iter();
                    hidden
                        .map(|bss| {
                            let kind = Value::text(path::kind(bss.security));
                            Value::Structure(vec![Value::text(bss.bssid), hundredths(bss.signal_mbm), kind])
                        })
                        .collect()
                });
                Ok(Response::Now(vec![Value::Array("(sns)", hidden)]))
            }
            (Some(&Thing::Device(ifindex)), interfaces::DIAGNOSTIC, "GetDiagnostics") => {
                later(Call::Diagnose { ifindex })
            }
            (Some(&Thing::Device(ifindex)), interfaces::LAPWING_STATION, "GetLinks") => {
                later(Call::Links { ifindex })
            }
            (Some(&Thing::Device(ifindex)), interfaces::LAPWING_STATION, "GetTimeline") => {
                later(Call::Timeline { ifindex })
            }
            (Some(&Thing::Device(ifindex)), interfaces::LAPWING_STATION, "GetNetworks") => {
                let known: BTreeSet<_> = self.view.known.iter().map(|known| &known.name).collect();
                let networks = self.device(ifindex).map_or_else(Vec::new, |device| networks(device, &known));
                Ok(Response::Now(vec![Value::Array("a{sv}", networks)]))
            }
            (Some(Thing::Network(ifindex, network)), interfaces::NETWORK, "Connect") => {
                later(Call::Connect { ifindex: *ifindex, network: network.clone() })
            }
            (Some(Thing::Known(network)), interfaces::KNOWN, "Forget") => {
                later(Call::Forget { network: network.clone() })
            }
            (Some(&Thing::Passpoint(id)), interfaces::KNOWN, "Forget") => later(Call::ForgetPasspoint { id }),
            (
                Some(&Thing::Device(ifindex)),
                interfaces::DEVICE_PROVISIONING | interfaces::SHARED_CODE,
                member,
            ) => {
                let sender = &call.origin.sender;
                device_provisioning::call(ifindex, sender, interface, member, &call.body).map(Response::Later)
            }
            (Some(&Thing::Device(ifindex)), interfaces::SIMPLE_CONFIGURATION, member) => {
                simple_configuration::call(ifindex, member, &call.body).map(Response::Later)
            }
            (Some(&Thing::Device(ifindex)), interface, member) => {
                let device = self.device(ifindex);
                access_point::call(ifindex, device, interface, member, &call.body)
            }
            _ => Err(dbus("UnknownMethod", format_args!("{} has no method {member}.", call.path))),
        }
    }
}

/// The address that a call is about.
fn address(call: &MethodCall) -> Result<MacAddr, Error> {
    let octets = match &*call.body {
        [Value::Array(_, octets)] => octets.as_slice(),
        _ => &[],
    };
    let octets: Vec<u8> = octets
        .iter()
        .filter_map(|octet| match octet {
            Value::Byte(octet) => Some(*octet),
            _ => None,
        })
        .collect();
    let address = <[u8; 6]>::try_from(octets).map(MacAddr);
    address.map_err(|_| iwd("InvalidArguments", "The address of an access point has six octets."))
}

/// The channels that a call is about.
fn frequencies(call: &MethodCall) -> Result<Vec<Frequency>, Error> {
    let channel = |value: &Value| match value {
        Value::Uint16(frequency) => Channel::from_frequency((*frequency).into()),
        _ => None,
    };
    let frequencies = match &*call.body {
        [Value::Array("q", frequencies)] if (1..=CHANNELS).contains(&frequencies.len()) => frequencies,
        _ => &Vec::new(),
    };
    let channels: Option<BTreeSet<_>> = frequencies.iter().map(channel).collect();
    let channels = channels.filter(|channels| !channels.is_empty());
    let frequencies =
        channels.map(|channels| channels.into_iter().map(|channel| Frequency(channel.frequency())).collect());
    frequencies.ok_or_else(|| iwd("InvalidArguments", "The argument is frequencies of channels in MHz."))
}

fn set(thing: &Thing, interface: &str, property: &str, value: &Value) -> Outcome {
    match (thing, interface, property, value) {
        (&Thing::Device(ifindex), interfaces::DEVICE, "Powered", &Value::Boolean(on)) => {
            Ok(Response::Later(Call::SetPowered { ifindex, on }))
        }
        (&Thing::Radio(wiphy), interfaces::ADAPTER, "Powered", &Value::Boolean(on)) => {
            Ok(Response::Later(Call::SetRadioPowered { wiphy, on }))
        }
        (&Thing::Device(ifindex), interfaces::DEBUG, "AutoConnect", &Value::Boolean(on)) => {
            Ok(Response::Later(Call::SetStationAutoconnect { ifindex, on }))
        }
        (Thing::Known(network), interfaces::KNOWN, "AutoConnect", &Value::Boolean(on)) => {
            Ok(Response::Later(Call::SetAutoconnect { network: network.clone(), on }))
        }
        (&Thing::Passpoint(id), interfaces::KNOWN, "AutoConnect", &Value::Boolean(on)) => {
            Ok(Response::Later(Call::SetPasspointAutoconnect { id, on }))
        }
        (&Thing::Device(ifindex), interfaces::DEVICE, "Mode", Value::Text(mode)) => match mode.as_str() {
            "station" => Ok(Response::Later(Call::SetMode { ifindex, mode: Mode::Station })),
            "ap" => Ok(Response::Later(Call::SetMode { ifindex, mode: Mode::AccessPoint })),
            "ad-hoc" => Ok(Response::Later(Call::SetMode { ifindex, mode: Mode::AdHoc })),
            _ => Err(iwd("InvalidArguments", "A mode is 'station', 'ap' or 'ad-hoc'. Check its spelling.")),
        },
        _ => Err(dbus("PropertyReadOnly", format_args!("{interface}.{property} cannot be set."))),
    }
}

/// The networks that are heard with their BSSs, for developers, under iwd's names.
pub(super) fn heard(heard: &HeardNetworks) -> Value {
    let device = path::device(heard.wiphy, heard.ifindex);
    let bss = |bss: &HeardBss| {
        Value::options([
            ("Address", Value::text(bss.bssid)),
            ("Frequency", Value::Uint32(bss.frequency.0)),
            ("RSSI", Value::Int32(bss.signal_mbm / 100)),
            ("Rank", Value::Uint16(bss.rank)),
            // iwd says of those that are in no domain that theirs is all zeros.
            ("MDE", Value::octets(&bss.mobility_domain.unwrap_or_default())),
        ])
    };
    let network = |(name, bsss): &(FileName, Vec<HeardBss>)| {
        let bsss = Value::Array("a{sv}", bsss.iter().map(bss).collect());
        (Value::Path(path::network(&device, name)), bsss)
    };
    Value::Dictionary("o", "aa{sv}", heard.networks.iter().map(network).collect())
}

/// In hundredths of dBm, from 0 to -10000.
pub(super) fn hundredths(mbm: i32) -> Value {
    Value::Int16(level(mbm))
}

/// The same as a number.
pub(super) fn level(mbm: i32) -> i16 {
    // The clamped number fits.
    i16::try_from(mbm.clamp(-10_000, 0)).unwrap_or_default()
}

fn networks(device: &DeviceView, known: &BTreeSet<&FileName>) -> Vec<Value> {
    let at = path::device(device.wiphy, device.ifindex);
    let current = device.connected.as_ref().and(device.network.as_ref());
    let network = |heard: &crate::control::NetworkView| {
        let name = &heard.name;
        Value::options([
            ("Path", Value::Path(path::network(&at, name))),
            ("SSID", Value::octets(name.ssid.octets())),
            ("Name", Value::Text(path::label(&name.ssid))),
            ("Type", Value::text(path::kind(name.security))),
            ("Signal", hundredths(heard.signal_mbm)),
            ("Known", Value::Boolean(known.contains(name))),
            ("Connected", Value::Boolean(current == Some(name))),
            ("BSSs", Value::Array("a{sv}", heard.bsss.iter().map(bss).collect())),
        ])
    };
    device.networks.iter().map(network).collect()
}

fn bss(bss: &Judged) -> Value {
    let (usable, score, reason) = match &bss.verdict {
        Verdict::Usable { score } => (true, *score, String::new()),
        Verdict::Rejected(rejection) => (false, 0, rejection::describe(rejection).1),
    };
    let mut entries = vec![
        ("BSSID", Value::text(bss.bssid)),
        ("Frequency", Value::Uint32(bss.frequency.0)),
        ("Usable", Value::Boolean(usable)),
        ("Score", Value::Uint32(score)),
        ("Reason", Value::Text(reason)),
    ];
    let signal = bss.signal_dbm.and_then(|signal| i16::try_from(signal).ok());
    entries.extend(signal.map(|signal| ("Signal", Value::Int16(signal))));
    Value::options(entries)
}

/// The figures of a connection under iwd's names.
pub(super) fn diagnostics(diagnostics: &Diagnostics) -> Value {
    let connected = &diagnostics.connected;
    let mut entries = vec![
        ("ConnectedBss", Value::text(connected.peer)),
        ("Frequency", Value::Uint32(connected.frequency)),
        ("Security", Value::text(security(connected.akm))),
    ];
    let mut optional = |name, value: Option<Value>| entries.extend(value.map(|value| (name, value)));
    let channel = Channel::from_frequency(connected.frequency);
    optional("Channel", channel.map(|channel| Value::Uint16(u16::from(channel.number()))));
    optional("PairwiseCipher", connected.pairwise.map(Value::text));
    entries.extend(figures(&diagnostics.figures));
    Value::options(entries)
}

/// What is counted and measured of a peer, under iwd's names.
pub(super) fn figures(figures: &Figures) -> Vec<(&'static str, Value)> {
    let mut entries = Vec::new();
    let mut optional = |name, value: Option<Value>| entries.extend(value.map(|value| (name, value)));
    optional("RSSI", figures.signal_dbm.map(|dbm| Value::Int16(dbm.into())));
    optional("AverageRSSI", figures.average_signal_dbm.map(|dbm| Value::Int16(dbm.into())));
    optional("ExpectedThroughput", figures.expected_kbps.map(Value::Uint32));
    optional("InactiveTime", figures.inactive_ms.map(Value::Uint32));
    optional("ConnectedTime", figures.connected_s.map(Value::Uint32));
    let sides = [
        ("RxBitrate", "RxMode", "RxMCS", figures.receive),
        ("TxBitrate", "TxMode", "TxMCS", figures.transmit),
    ];
    for (bitrate, mode, mcs, rate) in sides {
        let Some(RateView { bitrate: kbit100, mode: name, mcs: index, .. }) = rate else { continue };
        entries.push((bitrate, Value::Uint32(kbit100)));
        entries.extend(index.map(|_| (mode, Value::text(name))));
        entries.extend(index.map(|index| (mcs, Value::Byte(index))));
    }
    entries
}

/// The security of a connection in iwd's words.
fn security(akm: Option<Akm>) -> &'static str {
    match akm {
        None => "Open",
        Some(Akm::WpaPsk) => "WPA1-Personal",
        Some(Akm::Psk | Akm::PskSha256 | Akm::PskSha384) => "WPA2-Personal",
        Some(Akm::FtPsk | Akm::FtPskSha384) => "WPA2-Personal + FT",
        Some(Akm::Sae | Akm::SaeExtKey) => "WPA3-Personal",
        Some(Akm::FtSae | Akm::FtSaeExtKey) => "WPA3-Personal + FT",
        Some(Akm::Owe) => "OWE",
        Some(_) => "Unknown",
    }
}
