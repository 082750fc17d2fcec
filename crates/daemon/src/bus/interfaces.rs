//! The interfaces: one table of their methods, signals and properties, from which calls are checked and the
//! introspection is written.

use std::fmt::Write;

/// An interface.
#[derive(Debug)]
pub struct Interface {
    /// Its name.
    pub name: &'static str,
    /// Its methods.
    pub methods: &'static [Method],
    /// Its signals.
    pub signals: &'static [Signal],
    /// Its properties.
    pub properties: &'static [Property],
}

/// A method: its name, what it takes and what it gives, each a name and a signature.
#[derive(Debug)]
pub struct Method {
    /// The name.
    pub name: &'static str,
    /// What it takes.
    pub takes: &'static [(&'static str, &'static str)],
    /// What it gives.
    pub gives: &'static [(&'static str, &'static str)],
}

/// A signal and what it carries.
#[derive(Debug)]
pub struct Signal {
    /// The name.
    pub name: &'static str,
    /// What it carries.
    pub carries: &'static [(&'static str, &'static str)],
}

/// A property.
#[derive(Debug)]
pub struct Property {
    /// The name.
    pub name: &'static str,
    /// The signature.
    pub signature: &'static str,
    /// Whether it can be set.
    pub writable: bool,
}

/// `org.freedesktop.DBus.Peer`, which every object has, even those that are not there.
pub const PEER: &str = "org.freedesktop.DBus.Peer";
/// `org.freedesktop.DBus.Introspectable`, which every object and every path above one has.
pub const INTROSPECTABLE: &str = "org.freedesktop.DBus.Introspectable";
/// `org.freedesktop.DBus.Properties`, on all objects with properties.
pub const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
/// `org.freedesktop.DBus.ObjectManager`, on the root.
pub const OBJECT_MANAGER: &str = "org.freedesktop.DBus.ObjectManager";
/// The agents.
pub const AGENT_MANAGER: &str = "net.connman.iwd.AgentManager";
/// The daemon, as iwd tells of itself.
pub const DAEMON: &str = "net.connman.iwd.Daemon";
/// A radio.
pub const ADAPTER: &str = "net.connman.iwd.Adapter";
/// An interface.
pub const DEVICE: &str = "net.connman.iwd.Device";
/// The station of an interface that is up.
pub const STATION: &str = "net.connman.iwd.Station";
/// The figures of a connection.
pub const DIAGNOSTIC: &str = "net.connman.iwd.StationDiagnostic";
/// The choice of an access point, as developers of iwd have it.
pub const DEBUG: &str = "net.connman.iwd.StationDebug";
/// A network that is heard.
pub const NETWORK: &str = "net.connman.iwd.Network";
/// A BSS of a network.
pub const BSS: &str = "net.connman.iwd.BasicServiceSet";
/// A known network.
pub const KNOWN: &str = "net.connman.iwd.KnownNetwork";
/// What clients give us for passphrases.
pub const AGENT: &str = "net.connman.iwd.Agent";
/// What more there is to know of the daemon.
pub const LAPWING_DAEMON: &str = "org.lapwing.Daemon1";
/// The hotspot of an interface that is an access point.
pub const ACCESS_POINT: &str = "net.connman.iwd.AccessPoint";
/// The figures of the clients of a hotspot.
pub const ACCESS_POINT_DIAGNOSTIC: &str = "net.connman.iwd.AccessPointDiagnostic";
/// What more there is to know and to do of a hotspot.
pub const LAPWING_ACCESS_POINT: &str = "org.lapwing.AccessPoint1";
/// What more there is to know of an interface.
pub const LAPWING_STATION: &str = "org.lapwing.Station1";

const fn method(
    name: &'static str,
    takes: &'static [(&'static str, &'static str)],
    gives: &'static [(&'static str, &'static str)],
) -> Method {
    Method { name, takes, gives }
}

const fn readable(name: &'static str, signature: &'static str) -> Property {
    Property { name, signature, writable: false }
}

const fn writable(name: &'static str, signature: &'static str) -> Property {
    Property { name, signature, writable: true }
}

/// All interfaces that our objects may have.
pub const ALL: &[Interface] = &[
    Interface {
        name: PEER,
        methods: &[method("Ping", &[], &[]), method("GetMachineId", &[], &[("machine_uuid", "s")])],
        signals: &[],
        properties: &[],
    },
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
            Signal { name: "InterfacesAdded", carries: &[("object", "o"), ("interfaces", "a{sa{sv}}")] },
            Signal { name: "InterfacesRemoved", carries: &[("object", "o"), ("interfaces", "as")] },
        ],
        properties: &[],
    },
    Interface {
        name: AGENT_MANAGER,
        methods: &[
            method("RegisterAgent", &[("path", "o")], &[]),
            method("UnregisterAgent", &[("path", "o")], &[]),
            method("RegisterNetworkConfigurationAgent", &[("path", "o")], &[]),
            method("UnregisterNetworkConfigurationAgent", &[("path", "o")], &[]),
        ],
        signals: &[],
        properties: &[],
    },
    Interface {
        name: DAEMON,
        methods: &[method("GetInfo", &[], &[("info", "a{sv}")])],
        signals: &[],
        properties: &[],
    },
    Interface {
        name: ADAPTER,
        methods: &[],
        signals: &[],
        properties: &[
            writable("Powered", "b"),
            readable("Name", "s"),
            readable("Model", "s"),
            readable("Vendor", "s"),
            readable("SupportedModes", "as"),
        ],
    },
    Interface {
        name: DEVICE,
        methods: &[],
        signals: &[],
        properties: &[
            readable("Name", "s"),
            readable("Address", "s"),
            writable("Powered", "b"),
            readable("Adapter", "o"),
            writable("Mode", "s"),
        ],
    },
    Interface {
        name: STATION,
        methods: &[
            method("ConnectHiddenNetwork", &[("name", "s")], &[]),
            method("Disconnect", &[], &[]),
            method("GetOrderedNetworks", &[], &[("networks", "a(on)")]),
            method("GetHiddenAccessPoints", &[], &[("accesspoints", "a(sns)")]),
            method("Scan", &[], &[]),
        ],
        signals: &[],
        properties: &[
            readable("ConnectedNetwork", "o"),
            readable("ConnectedAccessPoint", "o"),
            readable("Scanning", "b"),
            readable("State", "s"),
        ],
    },
    Interface {
        name: DIAGNOSTIC,
        methods: &[method("GetDiagnostics", &[], &[("diagnostics", "a{sv}")])],
        signals: &[],
        properties: &[],
    },
    Interface {
        name: DEBUG,
        methods: &[
            method("ConnectBssid", &[("address", "ay")], &[]),
            method("Roam", &[("address", "ay")], &[]),
        ],
        signals: &[],
        properties: &[],
    },
    Interface {
        name: ACCESS_POINT,
        methods: &[
            method("Start", &[("ssid", "s"), ("wpa2_passphrase", "s")], &[]),
            method("Stop", &[], &[]),
            method("StartProfile", &[("ssid", "s")], &[]),
            method("Scan", &[], &[]),
            method("GetOrderedNetworks", &[], &[("networks", "aa{sv}")]),
        ],
        signals: &[],
        properties: &[
            readable("Started", "b"),
            readable("Name", "s"),
            readable("Scanning", "b"),
            readable("Frequency", "u"),
            readable("PairwiseCiphers", "as"),
            readable("GroupCipher", "s"),
        ],
    },
    Interface {
        name: ACCESS_POINT_DIAGNOSTIC,
        methods: &[method("GetDiagnostics", &[], &[("diagnostic", "aa{sv}")])],
        signals: &[],
        properties: &[],
    },
    Interface {
        name: NETWORK,
        methods: &[method("Connect", &[], &[])],
        signals: &[],
        properties: &[
            readable("Name", "s"),
            readable("Connected", "b"),
            readable("Device", "o"),
            readable("Type", "s"),
            readable("KnownNetwork", "o"),
            readable("ExtendedServiceSet", "ao"),
        ],
    },
    Interface { name: BSS, methods: &[], signals: &[], properties: &[readable("Address", "s")] },
    Interface {
        name: KNOWN,
        methods: &[method("Forget", &[], &[])],
        signals: &[],
        properties: &[
            readable("Name", "s"),
            readable("Type", "s"),
            readable("Hidden", "b"),
            readable("LastConnectedTime", "s"),
            writable("AutoConnect", "b"),
        ],
    },
    Interface {
        name: LAPWING_DAEMON,
        methods: &[
            method("GetStatus", &[], &[("status", "s")]),
            method("Watch", &[], &[]),
            method("Unwatch", &[], &[]),
        ],
        signals: &[Signal { name: "Happened", carries: &[("line", "s")] }],
        properties: &[readable("Version", "s")],
    },
    Interface {
        name: LAPWING_ACCESS_POINT,
        methods: &[
            method("StartAs", &[("options", "a{sv}")], &[]),
            method("GetClients", &[], &[("clients", "aa{sv}")]),
            method("RemoveLink", &[("link", "y"), ("beacons", "q")], &[]),
            method("AddLink", &[("link", "y")], &[]),
            method("ForgetPmksas", &[], &[]),
            method("RenewGroupKeys", &[], &[]),
            method("ThrowOut", &[("client", "s")], &[]),
            method("Restart", &[("options", "a{sv}")], &[]),
        ],
        signals: &[],
        properties: &[
            readable("State", "s"),
            readable("SSID", "ay"),
            readable("Security", "s"),
            readable("Hidden", "b"),
            readable("MLD", "s"),
            readable("Links", "aa{sv}"),
            readable("MissingLinks", "aa{sv}"),
            readable("Clients", "as"),
            readable("LastFailure", "a{sv}"),
        ],
    },
    Interface {
        name: LAPWING_STATION,
        methods: &[
            method("GetLinks", &[], &[("links", "aa{sv}"), ("summary", "a{sv}")]),
            method("GetNetworks", &[], &[("networks", "aa{sv}")]),
            method("GetTimeline", &[], &[("timeline", "s")]),
        ],
        signals: &[],
        properties: &[
            readable("State", "s"),
            readable("LastFailure", "a{sv}"),
            readable("Warning", "s"),
            readable("Connection", "a{sv}"),
            readable("Links", "aa{sv}"),
            readable("FellBack", "s"),
            readable("Addresses", "a{sv}"),
        ],
    },
];

/// The interface of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Interface> {
    ALL.iter().find(|interface| interface.name == name)
}

impl Interface {
    /// The method of this name.
    #[must_use]
    pub fn method(&self, name: &str) -> Option<&'static Method> {
        self.methods.iter().find(|method| method.name == name)
    }

    /// The property of this name.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&'static Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    fn describe(&self, xml: &mut String) {
        let mut line = |indent: usize, text: std::fmt::Arguments<'_>| {
            // Writing to a string does not fail.
            let _ = writeln!(xml, "{:indent$}{text}", "");
        };
        line(1, format_args!("<interface name=\"{}\">", self.name));
        for method in self.methods {
            line(2, format_args!("<method name=\"{}\">", method.name));
            for (direction, arguments) in [("in", method.takes), ("out", method.gives)] {
                for (name, signature) in arguments {
                    line(
                        3,
                        format_args!("<arg name=\"{name}\" type=\"{signature}\" direction=\"{direction}\"/>"),
                    );
                }
            }
            line(2, format_args!("</method>"));
        }
        for signal in self.signals {
            line(2, format_args!("<signal name=\"{}\">", signal.name));
            for (name, signature) in signal.carries {
                line(3, format_args!("<arg name=\"{name}\" type=\"{signature}\"/>"));
            }
            line(2, format_args!("</signal>"));
        }
        for property in self.properties {
            let access = if property.writable { "readwrite" } else { "read" };
            let (name, signature) = (property.name, property.signature);
            line(2, format_args!("<property name=\"{name}\" type=\"{signature}\" access=\"{access}\"/>"));
        }
        line(1, format_args!("</interface>"));
    }
}

/// The introspection of an object with these interfaces and these elements below it.
pub fn introspect<'a>(
    interfaces: impl IntoIterator<Item = &'a Interface>,
    children: impl IntoIterator<Item = &'a str>,
) -> String {
    let mut xml = concat!(
        "<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n",
        " \"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n<node>\n"
    )
    .to_owned();
    for interface in interfaces {
        interface.describe(&mut xml);
    }
    for child in children {
        // Writing to a string does not fail; paths need no escape.
        let _ = writeln!(xml, " <node name=\"{child}\"/>");
    }
    xml.push_str("</node>\n");
    xml
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique() {
        let names: BTreeSet<_> = ALL.iter().map(|interface| interface.name).collect();
        assert_eq!(names.len(), ALL.len());
        for interface in ALL {
            let mut members = BTreeSet::new();
            let methods = interface.methods.iter().map(|method| method.name);
            let signals = interface.signals.iter().map(|signal| signal.name);
            for member in methods.chain(signals) {
                assert!(members.insert(member), "{member}");
            }
        }
    }

    #[test]
    fn introspection_tells_all() {
        let xml = introspect(ALL, ["iwd"]);
        for expected in [
            "<interface name=\"net.connman.iwd.Station\">",
            "<arg name=\"networks\" type=\"a(on)\" direction=\"out\"/>",
            "<arg name=\"path\" type=\"o\" direction=\"in\"/>",
            "<property name=\"AutoConnect\" type=\"b\" access=\"readwrite\"/>",
            "<property name=\"Address\" type=\"s\" access=\"read\"/>",
            "<signal name=\"Happened\">",
            "<node name=\"iwd\"/>",
        ] {
            assert!(xml.contains(expected), "{expected}\n{xml}");
        }
        assert_eq!(xml.matches("<method ").count(), xml.matches("</method>").count());
    }
}
