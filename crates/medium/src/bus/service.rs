//! Calls of clients, and what is told to them.

mod properties;
mod wishes;

use super::objects::{self, ALL, INTERFACE, RADIO, RADIO_MANAGER, RULE, RULE_MANAGER, Tree, Values};
use super::{BUS, NAME};
use crate::radios::Interface as Netdev;
use crate::rule::{Rule, Rules};
use lapwing_frames::MacAddr;
use lapwing_linux::hwsim::{NewRadio, Radio};
use lapwingd::bus::interfaces::{INTROSPECTABLE, Interface, OBJECT_MANAGER, PROPERTIES, introspect};
use lapwingd::bus::message::{Error, Incoming, MethodCall, Origin, Outgoing};
use lapwingd::bus::value::{Value, signature};
use std::collections::{BTreeMap, BTreeSet};

/// The serial number of our only call.
const REQUEST_NAME: u32 = 1;

/// A radio that clients see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// What the driver tells of it.
    pub radio: Radio,
    /// The address that interfaces begin with, and the driver's.
    pub addresses: [MacAddr; 2],
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send a message.
    Send(Outgoing),
    /// Make a radio, then answer with [`Service::created`].
    Create(Origin, NewRadio),
    /// Remove a radio, then answer with [`answer`].
    Destroy(Origin, u32),
    /// Have whoever has the address hear a frame, then answer with [`answer`].
    SendFrame {
        /// Who asks.
        origin: Origin,
        /// Who is to hear it.
        station: MacAddr,
        /// The channel, in MHz.
        frequency: u32,
        /// How strong it arrives, in dBm.
        signal: i32,
        /// The frame.
        octets: Vec<u8>,
    },
    /// The name is somebody else's: we are of no use.
    NameTaken,
    /// The name is ours: clients find us.
    Ready,
}

/// The service.
#[derive(Debug, Default)]
pub struct Service {
    /// The radios that clients see, by their numbers.
    pub radios: BTreeMap<u32, Known>,
    /// The interfaces that clients see.
    pub interfaces: Vec<Netdev>,
    tree: Tree,
}

/// The error of iwd's tool for arguments that are wrong.
fn invalid(text: &str) -> Error {
    Error { name: format!("{NAME}.InvalidArgs"), text: text.to_owned() }
}

/// The error of iwd's tool for what the kernel does not do.
#[must_use]
pub fn failed(text: String) -> Error {
    Error { name: format!("{NAME}.Failed"), text }
}

fn unknown(what: &str, text: &str) -> Error {
    Error { name: format!("org.freedesktop.DBus.Error.Unknown{what}"), text: text.to_owned() }
}

/// The answer to a call.
#[must_use]
pub fn answer(origin: Origin, outcome: Result<Vec<Value>, Error>) -> Option<Effect> {
    let wanted = origin.wants_reply;
    let message = match outcome {
        Ok(values) => Outgoing::Return(origin, values),
        Err(error) => Outgoing::Error(origin, error),
    };
    wanted.then_some(Effect::Send(message))
}

/// What a call comes to at once.
enum Outcome {
    Answer(Vec<Value>),
    Later(Effect),
}

impl Service {
    /// What is said first.
    #[must_use]
    pub fn begin(&self) -> Outgoing {
        /// Fail at once if the name is taken, instead of waiting for it.
        const DO_NOT_QUEUE: u32 = 4;
        Outgoing::Call {
            serial: Some(REQUEST_NAME),
            destination: BUS.to_owned(),
            path: "/org/freedesktop/DBus".to_owned(),
            interface: BUS,
            member: "RequestName",
            body: vec![Value::text(NAME), Value::Uint32(DO_NOT_QUEUE)],
        }
    }

    /// Takes a message.
    pub fn receive(&mut self, incoming: Incoming, rules: &mut Rules) -> Vec<Effect> {
        match incoming {
            Incoming::Call(call) => {
                let origin = call.origin.clone();
                match self.called(call, rules) {
                    Ok(Outcome::Later(effect)) => vec![effect],
                    Ok(Outcome::Answer(values)) => answer(origin, Ok(values)).into_iter().collect(),
                    Err(error) => answer(origin, Err(error)).into_iter().collect(),
                }
            }
            Incoming::BadCall(origin, why) => answer(origin, Err(invalid(why))).into_iter().collect(),
            Incoming::Reply { serial: REQUEST_NAME, outcome, .. } => match outcome.as_deref() {
                Ok([Value::Uint32(1 | 4)]) => vec![Effect::Ready],
                _ => vec![Effect::NameTaken],
            },
            Incoming::Reply { .. } | Incoming::NameOwnerChanged { .. } => Vec::new(),
        }
    }

    /// The answer to who wanted a radio.
    #[must_use]
    pub fn created(&self, origin: Origin, number: u32) -> Option<Effect> {
        let path = objects::radio_path(number);
        let outcome = match self.radios.contains_key(&number) {
            true => Ok(vec![Value::Path(path)]),
            false => Err(failed(format!("The kernel has made {path} and does not show it."))),
        };
        answer(origin, outcome)
    }

    /// What there is to tell since the last time.
    pub fn settle(&mut self, rules: &Rules) -> Vec<Outgoing> {
        let after = objects::tree(&self.radios, &self.interfaces, rules);
        let before = std::mem::replace(&mut self.tree, after);
        let mut signals = Vec::new();
        let root = |member, body| signal("/".to_owned(), OBJECT_MANAGER, member, body);
        for (path, interfaces) in before.iter().filter(|(path, _)| !self.tree.contains_key(*path)) {
            let body = vec![Value::Path(path.clone()), Value::texts(interfaces.keys())];
            signals.push(root("InterfacesRemoved", body));
        }
        for (path, interfaces) in &self.tree {
            let Some(old) = before.get(path) else {
                signals.push(root("InterfacesAdded", vec![Value::Path(path.clone()), shown(interfaces)]));
                continue;
            };
            for (interface, values) in interfaces {
                let changed = values.iter().filter(|(name, value)| {
                    old.get(interface).and_then(|old| old.get(*name)).is_some_and(|old| old != *value)
                });
                let changed: Vec<_> = changed.map(|(name, value)| (*name, value.clone())).collect();
                if !changed.is_empty() {
                    let body =
                        vec![Value::text(interface), Value::options(changed), Value::texts::<&str>([])];
                    signals.push(signal(path.clone(), PROPERTIES, "PropertiesChanged", body));
                }
            }
        }
        signals
    }

    fn called(&mut self, call: MethodCall, rules: &mut Rules) -> Result<Outcome, Error> {
        let tree = objects::tree(&self.radios, &self.interfaces, rules);
        let there = tree.get(&call.path);
        let nothing = || unknown("Object", "There is no such object: it may have been removed.");
        let has = |name: &str| {
            name == INTROSPECTABLE || there.is_some_and(|interfaces| interfaces.contains_key(name))
        };
        let offered = |interface: &&Interface| {
            let wanted = call.interface.as_deref().is_none_or(|wanted| wanted == interface.name);
            wanted && has(interface.name) && interface.method(&call.member).is_some()
        };
        let Some(interface) = ALL.iter().find(offered) else {
            return Err(if there.is_none() {
                nothing()
            } else {
                unknown("Method", "There is no such method.")
            });
        };
        let takes = interface.method(&call.member).map_or(&[][..], |method| method.takes);
        let expected: String = takes.iter().map(|(_, signature)| *signature).collect();
        if signature(&call.body) != expected {
            return Err(invalid(&format!("The arguments are to be ({expected}).")));
        }
        match (interface.name, call.member.as_str(), &*call.body) {
            (INTROSPECTABLE, ..) => Ok(Outcome::Answer(vec![introspection(&call.path, &tree)])),
            (OBJECT_MANAGER, ..) => Ok(Outcome::Answer(vec![managed(&tree)])),
            (PROPERTIES, member, body) => {
                let interfaces = there.ok_or_else(nothing)?;
                Self::property(&call.path, member, body, interfaces, rules).map(Outcome::Answer)
            }
            (RADIO_MANAGER, _, [Value::Dictionary(_, _, wishes)]) => {
                let radio = wishes::radio(wishes).map_err(|what| invalid(&what))?;
                Ok(Outcome::Later(Effect::Create(call.origin, radio)))
            }
            (RULE_MANAGER, ..) => {
                let number = rules.add(Rule { enabled: false, ..Rule::default() });
                let number = number.ok_or_else(|| failed("There are too many rules.".to_owned()))?;
                Ok(Outcome::Answer(vec![Value::Path(objects::rule_path(number))]))
            }
            (RULE, ..) => {
                let removed = number(&call.path, "/rule").is_some_and(|number| rules.remove(number));
                if removed { Ok(Outcome::Answer(Vec::new())) } else { Err(nothing()) }
            }
            (RADIO, ..) => {
                let number = number(&call.path, "/radio").ok_or_else(nothing)?;
                Ok(Outcome::Later(Effect::Destroy(call.origin, number)))
            }
            (INTERFACE, _, body) => wishes::frame(call.origin.clone(), body)
                .map(Outcome::Later)
                .ok_or_else(|| invalid("A station has six octets.")),
            _ => Err(unknown("Method", "There is no such method.")),
        }
    }

    fn property(
        path: &str,
        member: &str,
        body: &[Value],
        interfaces: &BTreeMap<&'static str, Values>,
        rules: &mut Rules,
    ) -> Result<Vec<Value>, Error> {
        let Some(Value::Text(interface)) = body.first() else {
            return Err(invalid("An interface is expected."));
        };
        let values = interfaces.get(interface.as_str());
        let values = values.ok_or_else(|| unknown("Interface", "The object has no such interface."))?;
        let no_property = || unknown("Property", "There is no such property.");
        match (member, body) {
            ("GetAll", _) => Ok(vec![Value::options(values.clone())]),
            ("Get", [_, Value::Text(name)]) => {
                let value = values.get(name.as_str()).ok_or_else(no_property)?;
                Ok(vec![value.clone().in_variant()])
            }
            ("Set", [_, Value::Text(name), Value::Variant(value)]) => {
                let property = objects::find(interface).and_then(|interface| interface.property(name));
                let property = property.ok_or_else(no_property)?;
                let number = number(path, "/rule").filter(|_| property.writable);
                let number = number.ok_or_else(|| Error {
                    name: "org.freedesktop.DBus.Error.PropertyReadOnly".to_owned(),
                    text: "It cannot be set.".to_owned(),
                })?;
                let mut fits = false;
                rules.change(number, |rule| fits = properties::set(rule, name, value).is_some());
                if fits { Ok(Vec::new()) } else { Err(invalid(&format!("{name} cannot be {value:?}."))) }
            }
            _ => Err(invalid("Two texts are expected.")),
        }
    }
}

fn number(path: &str, start: &str) -> Option<u32> {
    path.strip_prefix(start)?.parse().ok()
}

fn introspection(path: &str, tree: &Tree) -> Value {
    let interfaces = tree.get(path).into_iter().flat_map(BTreeMap::keys);
    let interfaces: Vec<&Interface> =
        interfaces.copied().chain([INTROSPECTABLE]).filter_map(objects::find).collect();
    let below = format!("{}/", path.trim_end_matches('/'));
    let children: BTreeSet<&str> = tree
        .keys()
        .filter_map(|other| other.strip_prefix(below.as_str())?.split('/').next())
        .filter(|child| !child.is_empty())
        .collect();
    Value::text(introspect(interfaces, children))
}

fn signal(path: String, interface: &'static str, member: &'static str, body: Vec<Value>) -> Outgoing {
    Outgoing::Signal { destination: None, path, interface, member, body }
}

fn shown(interfaces: &BTreeMap<&'static str, Values>) -> Value {
    let entry =
        |(name, values): (&&'static str, &Values)| (Value::text(name), Value::options(values.clone()));
    Value::Dictionary("s", "a{sv}", interfaces.iter().map(entry).collect())
}

fn managed(tree: &Tree) -> Value {
    let entries = tree.iter().map(|(path, interfaces)| (Value::Path(path.clone()), shown(interfaces)));
    Value::Dictionary("o", "a{sa{sv}}", entries.collect())
}

#[cfg(test)]
mod tests;
