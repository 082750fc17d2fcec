//! The policy that is shipped: on a broker that denies everything else, as the system bus does.

use crate::broker::Broker;
use crate::client::{Agent, Client};
use crate::double::facts;
use lapwingd::bus::{Bus, Wanted};
use std::process::Command;

const POLICY: &str = include_str!("../../../../packaging/net.connman.iwd.conf");
const ACTIVATION: &str = include_str!("../../../../packaging/net.connman.iwd.service");
const UNIT: &str = include_str!("../../../../packaging/lapwing.service");
const IWD_UNIT: &str = include_str!("../../../../packaging/iwd.service");

/// What the system bus allows before the policies of services: everything but names and method calls.
const DEFAULT: &str = r#"<policy context="default"><allow user="*"/><deny own="*"/><deny send_type="method_call"/>
<allow send_type="signal"/><allow send_requested_reply="true" send_type="method_return"/>
<allow send_requested_reply="true" send_type="error"/><allow receive_type="method_call"/>
<allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/>
<allow send_destination="org.freedesktop.DBus"/></policy>"#;

/// The rules between these tags.
fn rules(policy: &str) -> Vec<&'static str> {
    let start = POLICY.find(&format!("<policy {policy}>")).unwrap_or_else(|| panic!("{policy}"));
    let text = &POLICY[start..];
    let text = &text[..text.find("</policy>").unwrap()];
    text.lines().skip(1).map(str::trim).filter(|line| !line.is_empty()).collect()
}

#[test]
fn the_policy_lets_in_root_and_two_groups_and_nobody_else() {
    assert_eq!(
        rules("user=\"root\""),
        [
            "<allow own=\"net.connman.iwd\"/>",
            "<allow send_destination=\"net.connman.iwd\"/>",
            "<allow send_interface=\"net.connman.iwd.Agent\"/>",
            "<allow send_interface=\"net.connman.iwd.NetworkConfigurationAgent\"/>",
            "<allow send_interface=\"net.connman.iwd.SharedCodeAgent\"/>",
            "<allow send_interface=\"net.connman.iwd.SignalLevelAgent\"/>",
        ]
    );
    for group in ["netdev", "wheel"] {
        assert_eq!(rules(&format!("group=\"{group}\"")), ["<allow send_destination=\"net.connman.iwd\"/>"]);
    }
    assert_eq!(rules("context=\"default\""), ["<deny send_destination=\"net.connman.iwd\"/>"]);
    assert_eq!(POLICY.matches("<policy ").count(), 4);
}

#[test]
fn activation_starts_the_unit() {
    for line in ["Name=net.connman.iwd", "User=root", "SystemdService=lapwing.service"] {
        assert!(ACTIVATION.lines().any(|other| other == line), "{line}");
    }
    for line in ["BusName=net.connman.iwd", "Type=notify", "RestartPreventExitStatus=3"] {
        assert!(UNIT.lines().any(|other| other == line), "{line}");
    }
}

/// The lines of a unit, and of the other in its place.
#[test]
fn the_unit_in_the_place_of_iwds_differs_where_it_has_to() {
    let other: Vec<_> = IWD_UNIT.lines().collect();
    let ours: Vec<_> = UNIT.lines().collect();
    let only = |one: &[&'static str], other: &[&str]| {
        let lines = one.iter().filter(|line| !other.contains(line)).copied();
        lines.map(|line| line.split_once('=').map_or(line, |(key, _)| key)).collect::<Vec<_>>()
    };
    let expected = ["Description", "Conflicts", "ExecStart", "StateDirectory", "ConfigurationDirectory"];
    assert_eq!(only(&other, &ours), expected);
    assert_eq!(only(&ours, &other), expected[..4]);
    for line in ["ExecStart=/usr/libexec/iwd", "StateDirectory=iwd", "ConfigurationDirectory=iwd"] {
        assert!(other.contains(&line), "{line}");
    }
}

/// Where the tool is, which is on Debian and its kin.
#[test]
fn a_package_takes_the_place_of_iwd() {
    if Command::new("dpkg-deb").arg("--version").output().is_err() {
        eprintln!("there is no dpkg-deb");
        return;
    }
    let place = std::env::temp_dir().join(format!("lapwing-package-{}", std::process::id()));
    std::fs::create_dir_all(place.join("programs")).unwrap();
    for program in ["lapwing", "lapwingd"] {
        std::fs::write(place.join("programs").join(program), "#!/bin/sh\n").unwrap();
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/debian/build");
    let made = Command::new(script).args([place.join("programs"), place.join("out")]).arg("1.2.3").output();
    let made = made.unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let names = String::from_utf8(made.stdout).unwrap();
    let ask = |package: &str, arguments: &[&str]| {
        let name = names.lines().find(|name| name.starts_with(&format!("{package}_1.2.3_"))).unwrap();
        let mut words = arguments.to_vec();
        let file = place.join("out").join(name);
        words.insert(1, file.to_str().unwrap());
        String::from_utf8(Command::new("dpkg-deb").args(words).output().unwrap().stdout).unwrap()
    };
    for (field, value) in [("Provides", "iwd (= 3.12)"), ("Conflicts", "iwd"), ("Replaces", "iwd")] {
        assert_eq!(ask("lapwing-iwd", &["--field", field]).trim(), value, "{field}");
        assert_eq!(ask("lapwing", &["--field", field]).trim(), "", "{field}");
    }
    let contents = ask("lapwing-iwd", &["--contents"]);
    for part in [
        "./usr/libexec/iwd -> ../sbin/lapwingd",
        "system/iwd.service",
        "system-services/net.connman.iwd.service",
    ] {
        assert!(contents.contains(part), "{part}: {contents}");
    }
    let contents = ask("lapwing", &["--contents"]);
    for part in ["./usr/sbin/lapwingd", "./usr/bin/lapwing", "system.d/net.connman.iwd.conf", "lapwingd.8.gz"]
    {
        assert!(contents.contains(part), "{part}: {contents}");
    }
    assert!(!contents.contains("iwd.service"), "iwd itself has these files");
    let unpacked = place.join("unpacked");
    ask("lapwing-iwd", &["--extract", unpacked.to_str().unwrap()]);
    let file = unpacked.join("usr/share/dbus-1/system-services/net.connman.iwd.service");
    assert!(std::fs::read_to_string(file).unwrap().contains("\nSystemdService=iwd.service\n"));
    std::fs::remove_dir_all(place).unwrap();
}

/// What somebody without rights might try, in any order: to look, to change, to be asked, to be in the way.
const FORBIDDEN: &[&[&str]] = &[
    &["/", "org.freedesktop.DBus.Peer.Ping"],
    &["/", "org.freedesktop.DBus.ObjectManager.GetManagedObjects"],
    &["/net/connman/iwd", "net.connman.iwd.AgentManager.RegisterAgent", "objpath:/agent"],
    &["/net/connman/iwd", "net.connman.iwd.AgentManager.RegisterNetworkConfigurationAgent", "objpath:/agent"],
    &["/net/connman/iwd/0/3", "net.connman.iwd.Station.Disconnect"],
    &[
        "/net/connman/iwd/0/3",
        "net.connman.iwd.Station.RegisterSignalLevelAgent",
        "objpath:/agent",
        "array:int16:-40,-60",
    ],
    &["/net/connman/iwd/0/3", "net.connman.iwd.StationDebug.Scan", "array:uint16:2412"],
    &["/net/connman/iwd/0/3", "net.connman.iwd.AccessPoint.Start", "string:mine", "string:secret123"],
    &["/net/connman/iwd/0/3", "net.connman.iwd.AdHoc.StartOpen", "string:mesh"],
    &["/net/connman/iwd/0/3", "net.connman.iwd.DeviceProvisioning.StartConfigurator"],
    &[
        "/net/connman/iwd/0/3",
        "net.connman.iwd.SharedCodeDeviceProvisioning.StartConfigurator",
        "objpath:/agent",
    ],
    &[
        "/net/connman/iwd/0/3",
        "org.freedesktop.DBus.Properties.Set",
        "string:net.connman.iwd.Device",
        "string:Mode",
        "variant:string:ap",
    ],
    &["/net/connman/iwd/686f6d65_psk", "net.connman.iwd.KnownNetwork.Forget"],
    &["/net/connman/iwd", "org.lapwing.Daemon1.Watch"],
];

/// Makes a call in the name of a user, and gives what was said to that.
fn send(address: &str, user: u32, whom: &str, call: &[&str]) -> String {
    use std::os::unix::process::CommandExt;
    let output = Command::new("dbus-send")
        .arg(format!("--bus={address}"))
        .args(["--print-reply", "--reply-timeout=300", &format!("--dest={whom}")])
        .args(call)
        .uid(user)
        .gid(user)
        .output()
        .expect("dbus-send is needed: as root on Debian, apt-get install dbus-bin");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Only root can be somebody else; whoever else runs this is refused the name itself.
#[test]
fn the_policy_holds_on_a_broker() {
    crate::run(async {
        let policy = POLICY.split_once("<busconfig>").unwrap().1.replace("</busconfig>", "");
        let broker = Broker::start(&format!("{DEFAULT}{policy}"));
        let mut bus = Bus::new(facts(), Wanted::At(broker.address.clone()));
        let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| {
            use std::os::unix::fs::MetadataExt;
            own.uid() == 0
        });
        // Who is refused the name goes on without, and is not told that another has it.
        bus.start().await.unwrap();
        assert_eq!(bus.is_named(), is_root);
        if !is_root {
            return;
        }
        let nobody = 65534;
        let ask = |user, call: &[&str]| send(&broker.address, user, "net.connman.iwd", call);
        // Nobody serves here: what root asks reaches us and has no answer; what others ask does not.
        for call in FORBIDDEN {
            let told = ask(nobody, call);
            assert!(told.contains("org.freedesktop.DBus.Error.AccessDenied"), "{call:?}: {told}");
        }
        let told = ask(0, &["/", "org.freedesktop.DBus.Peer.Ping"]);
        assert!(
            told.contains("org.freedesktop.DBus.Error.NoReply") || told.contains("Did not receive a reply"),
            "{told}"
        );
        // We may say to agents what there is to say, and nothing else to anybody.
        let agent = Client::new(&broker.address, Agent::None).await;
        for (interface, may) in [
            ("net.connman.iwd.Agent", true),
            ("net.connman.iwd.SharedCodeAgent", true),
            ("net.connman.iwd.SignalLevelAgent", true),
            ("net.connman.iwd.NetworkConfigurationAgent", true),
            ("net.connman.iwd.Station", false),
        ] {
            let call = ["/agent", &format!("{interface}.Release")];
            let told = send(&broker.address, 0, &agent.name(), &call);
            assert_eq!(!told.contains("org.freedesktop.DBus.Error.AccessDenied"), may, "{interface}: {told}");
            let told = send(&broker.address, nobody, &agent.name(), &call);
            assert!(told.contains("org.freedesktop.DBus.Error.AccessDenied"), "{interface}: {told}");
        }
    });
}
