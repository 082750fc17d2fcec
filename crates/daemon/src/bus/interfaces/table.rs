//! The interfaces, each with all that it has.

use super::{
    ACCESS_POINT, ACCESS_POINT_DIAGNOSTIC, AD_HOC, ADAPTER, AGENT_MANAGER, BSS, DAEMON, DEBUG, DEVICE,
    DEVICE_PROVISIONING, DIAGNOSTIC, INTROSPECTABLE, Interface, KNOWN, LAPWING_ACCESS_POINT, LAPWING_DAEMON,
    LAPWING_STATION, Method, NETWORK, OBJECT_MANAGER, PEER, PROPERTIES, Property, SHARED_CODE,
    SIMPLE_CONFIGURATION, STATION, Signal,
};

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
            method("RegisterSignalLevelAgent", &[("path", "o"), ("levels", "an")], &[]),
            method("UnregisterSignalLevelAgent", &[("path", "o")], &[]),
        ],
        signals: &[],
        properties: &[
            readable("ConnectedNetwork", "o"),
            readable("ConnectedAccessPoint", "o"),
            readable("Scanning", "b"),
            readable("State", "s"),
            writable("Affinities", "ao"),
        ],
    },
    Interface {
        name: DIAGNOSTIC,
        methods: &[method("GetDiagnostics", &[], &[("diagnostics", "a{sv}")])],
        signals: &[],
        properties: &[],
    },
    Interface {
        name: DEVICE_PROVISIONING,
        methods: &[
            method("StartEnrollee", &[], &[("uri", "s")]),
            method("StartConfigurator", &[], &[("uri", "s")]),
            // It gives our URI, as with iwd, whose introspection does not say so either.
            method("ConfigureEnrollee", &[("uri", "s")], &[]),
            method("Stop", &[], &[]),
        ],
        signals: &[],
        properties: &[readable("Started", "b"), readable("Role", "s"), readable("URI", "s")],
    },
    Interface {
        name: SHARED_CODE,
        methods: &[
            method("StartEnrollee", &[("args", "a{sv}")], &[]),
            method("ConfigureEnrollee", &[("args", "a{sv}")], &[]),
            method("StartConfigurator", &[("path", "o")], &[]),
            method("Stop", &[], &[]),
        ],
        signals: &[],
        properties: &[readable("Started", "b"), readable("Role", "s")],
    },
    Interface {
        name: SIMPLE_CONFIGURATION,
        methods: &[
            method("PushButton", &[], &[]),
            method("GeneratePin", &[], &[("pin", "s")]),
            method("StartPin", &[("pin", "s")], &[]),
            method("Cancel", &[], &[]),
        ],
        signals: &[],
        properties: &[],
    },
    Interface {
        name: DEBUG,
        methods: &[
            method("ConnectBssid", &[("mac", "ay")], &[]),
            method("Roam", &[("mac", "ay")], &[]),
            method("Scan", &[("frequencies", "aq")], &[]),
            method("GetNetworks", &[], &[("networks", "a{oaa{sv}}")]),
        ],
        signals: &[Signal { name: "Event", carries: &[("name", "s"), ("data", "av")] }],
        properties: &[writable("AutoConnect", "b")],
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
        name: AD_HOC,
        methods: &[
            method("Start", &[("ssid", "s"), ("wpa2_psk", "s")], &[]),
            method("Stop", &[], &[]),
            method("StartOpen", &[("ssid", "s")], &[]),
        ],
        signals: &[],
        properties: &[readable("ConnectedPeers", "as"), readable("Started", "b")],
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
            method("ConnectTo", &[("address", "ay")], &[]),
            method("Roam", &[("address", "ay")], &[]),
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
            readable("Provisioned", "a{sv}"),
            readable("Addresses", "a{sv}"),
        ],
    },
];
