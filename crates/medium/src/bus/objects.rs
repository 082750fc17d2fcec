//! What clients see: interfaces with their members, and objects with their values.

use super::service::Known;
use crate::radios::Interface as Netdev;
use crate::rule::{Rule, Rules};
use lapwingd::bus::interfaces::{
    INTROSPECTABLE, Interface, Method, OBJECT_MANAGER, PROPERTIES, Property, Signal,
};
use lapwingd::bus::value::Value;
use std::collections::BTreeMap;

/// Makes radios.
pub const RADIO_MANAGER: &str = "net.connman.hwsim.RadioManager";
/// A radio.
pub const RADIO: &str = "net.connman.hwsim.Radio";
/// An interface of a radio.
pub const INTERFACE: &str = "net.connman.hwsim.Interface";
/// Makes rules.
pub const RULE_MANAGER: &str = "net.connman.hwsim.RuleManager";
/// A rule.
pub const RULE: &str = "net.connman.hwsim.Rule";

/// The values of one interface of an object.
pub type Values = BTreeMap<&'static str, Value>;
/// The objects by their paths.
pub type Tree = BTreeMap<String, BTreeMap<&'static str, Values>>;

const fn readable(name: &'static str, signature: &'static str) -> Property {
    Property { name, signature, writable: false }
}

const fn writable(name: &'static str, signature: &'static str) -> Property {
    Property { name, signature, writable: true }
}

const fn method(
    name: &'static str,
    takes: &'static [(&'static str, &'static str)],
    gives: &'static [(&'static str, &'static str)],
) -> Method {
    Method { name, takes, gives }
}

/// All interfaces that our objects may have.
pub static ALL: &[Interface] = &[
    Interface {
        name: INTROSPECTABLE,
        methods: &[method("Introspect", &[], &[("xml", "s")])],
        signals: &[],
        properties: &[],
    },
    Interface {
        name: PROPERTIES,
        methods: &[
            method("Get", &[("interface", "s"), ("name", "s")], &[("value", "v")]),
            method("GetAll", &[("interface", "s")], &[("properties", "a{sv}")]),
            method("Set", &[("interface", "s"), ("name", "s"), ("value", "v")], &[]),
        ],
        signals: &[Signal {
            name: "PropertiesChanged",
            carries: &[("interface", "s"), ("changed", "a{sv}"), ("invalidated", "as")],
        }],
        properties: &[],
    },
    Interface {
        name: OBJECT_MANAGER,
        methods: &[method("GetManagedObjects", &[], &[("objects", "a{oa{sa{sv}}}")])],
        signals: &[
            Signal { name: "InterfacesAdded", carries: &[("path", "o"), ("interfaces", "a{sa{sv}}")] },
            Signal { name: "InterfacesRemoved", carries: &[("path", "o"), ("interfaces", "as")] },
        ],
        properties: &[],
    },
    Interface {
        name: RADIO_MANAGER,
        methods: &[method("CreateRadio", &[("properties", "a{sv}")], &[("path", "o")])],
        signals: &[],
        properties: &[],
    },
    Interface {
        name: RULE_MANAGER,
        methods: &[method("AddRule", &[], &[("path", "o")])],
        signals: &[],
        properties: &[],
    },
    Interface {
        name: RADIO,
        methods: &[method("Destroy", &[], &[])],
        signals: &[],
        properties: &[
            readable("Name", "s"),
            readable("Addresses", "as"),
            readable("Channels", "q"),
            readable("P2PDevice", "b"),
        ],
    },
    Interface {
        name: INTERFACE,
        methods: &[method(
            "SendFrame",
            &[("station", "ay"), ("frequency", "u"), ("signal", "i"), ("frame", "ay")],
            &[],
        )],
        signals: &[],
        properties: &[readable("Name", "s"), readable("Address", "s")],
    },
    Interface {
        name: RULE,
        methods: &[method("Remove", &[], &[])],
        signals: &[],
        properties: &[
            writable("Source", "s"),
            writable("Destination", "s"),
            writable("Bidirectional", "b"),
            writable("Frequency", "u"),
            writable("Priority", "n"),
            writable("SignalStrength", "n"),
            writable("Drop", "b"),
            writable("Delay", "u"),
            writable("Prefix", "ay"),
            writable("MatchBytes", "ay"),
            writable("MatchBytesOffset", "q"),
            writable("Enabled", "b"),
            writable("MatchTimes", "q"),
            writable("DropAck", "b"),
            writable("FrameKind", "s"),
            writable("Loss", "y"),
            writable("Duplicate", "b"),
            writable("Corrupt", "b"),
        ],
    },
];

/// An interface by its name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Interface> {
    ALL.iter().find(|interface| interface.name == name)
}

/// The path of a radio.
#[must_use]
pub fn radio_path(number: u32) -> String {
    format!("/radio{number}")
}

/// The path of a rule.
#[must_use]
pub fn rule_path(number: u32) -> String {
    format!("/rule{number}")
}

/// The path of an interface.
#[must_use]
pub fn interface_path(radio: u32, interface: u32) -> String {
    format!("/radio{radio}/{interface}")
}

/// All objects.
#[must_use]
pub fn tree(radios: &BTreeMap<u32, Known>, interfaces: &[Netdev], rules: &Rules) -> Tree {
    let mut tree = Tree::new();
    let mut put = |path: String, interface: &'static str, values: Values| {
        let object = BTreeMap::from([(interface, values), (PROPERTIES, Values::new())]);
        tree.insert(path, object);
    };
    for (number, known) in radios {
        put(radio_path(*number), RADIO, radio(known));
        for interface in interfaces.iter().filter(|interface| interface.radio == known.radio.name) {
            let values = Values::from([
                ("Name", Value::text(&interface.name)),
                ("Address", Value::text(interface.address)),
            ]);
            put(interface_path(*number, interface.number), INTERFACE, values);
        }
    }
    for (number, found) in rules.iter() {
        put(rule_path(number), RULE, rule(found));
    }
    let managers = [RADIO_MANAGER, RULE_MANAGER, OBJECT_MANAGER];
    tree.insert("/".to_owned(), managers.map(|manager| (manager, Values::new())).into());
    tree
}

fn radio(known: &Known) -> Values {
    Values::from([
        ("Name", Value::text(&known.radio.name)),
        ("Addresses", Value::texts(known.addresses)),
        ("Channels", Value::Uint16(u16::try_from(known.radio.channels).unwrap_or(u16::MAX))),
        ("P2PDevice", Value::Boolean(known.radio.p2p)),
    ])
}

fn rule(rule: &Rule) -> Values {
    let delay = u32::try_from(rule.delay.as_millis()).unwrap_or(u32::MAX);
    Values::from([
        ("Source", Value::text(rule.source)),
        ("Destination", Value::text(rule.destination)),
        ("Bidirectional", Value::Boolean(rule.bidirectional)),
        ("Frequency", Value::Uint32(rule.frequency.unwrap_or(0))),
        ("Priority", Value::Int16(rule.priority)),
        ("SignalStrength", Value::Int16(rule.signal.unwrap_or(0))),
        ("Drop", Value::Boolean(rule.drop)),
        ("Delay", Value::Uint32(delay)),
        ("Prefix", Value::octets(&rule.prefix)),
        ("MatchBytes", Value::octets(&rule.bytes)),
        ("MatchBytesOffset", Value::Uint16(rule.offset)),
        ("Enabled", Value::Boolean(rule.enabled)),
        ("MatchTimes", Value::Uint16(rule.times.unwrap_or(u16::MAX))),
        ("DropAck", Value::Boolean(rule.drop_acknowledgement)),
        ("FrameKind", rule.kind.map_or_else(|| Value::text(""), Value::text)),
        ("Loss", Value::Byte(rule.loss)),
        ("Duplicate", Value::Boolean(rule.duplicate)),
        ("Corrupt", Value::Boolean(rule.corrupt)),
    ])
}
