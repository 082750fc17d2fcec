//! The interfaces: one table of their methods, signals and properties, from which calls are checked and the
//! introspection is written.

mod table;
#[cfg(test)]
mod tests;

pub use table::ALL;

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
/// The ad-hoc network of an interface that is of that kind.
pub const AD_HOC: &str = "net.connman.iwd.AdHoc";
/// What clients give us to be told of the signal.
pub const SIGNAL_AGENT: &str = "net.connman.iwd.SignalLevelAgent";
/// What a client gives us to set addresses in our place.
pub const NETWORK_CONFIGURATION_AGENT: &str = "net.connman.iwd.NetworkConfigurationAgent";
/// The figures of the clients of a hotspot.
pub const ACCESS_POINT_DIAGNOSTIC: &str = "net.connman.iwd.AccessPointDiagnostic";
/// What more there is to know and to do of a hotspot.
pub const LAPWING_ACCESS_POINT: &str = "org.lapwing.AccessPoint1";
/// A network by a QR code.
pub const DEVICE_PROVISIONING: &str = "net.connman.iwd.DeviceProvisioning";
/// A network by a shared code.
pub const SHARED_CODE: &str = "net.connman.iwd.SharedCodeDeviceProvisioning";
/// What programs offer that know the codes of devices.
pub const SHARED_CODE_AGENT: &str = "net.connman.iwd.SharedCodeAgent";
/// A network by a push of a button or a PIN.
pub const SIMPLE_CONFIGURATION: &str = "net.connman.iwd.SimpleConfiguration";
/// What more there is to know of an interface.
pub const LAPWING_STATION: &str = "org.lapwing.Station1";

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
