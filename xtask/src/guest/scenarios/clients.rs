//! Programs on the bus that are hasty, rude, forbidden or gone.

use super::{PASSWORD, SOON, SSID, Scenario, connected, expect_online, scenario};
use crate::command::command;
use crate::failure::{Failure, Result};
use crate::guest::client::{Answer, NETWORK, STATION, refused, wait_heard};
use crate::guest::process::wait;
use crate::guest::terminal::Terminal;
use crate::guest::{AccessPoint, Argument, Client, Hostapd, Kind, Lab, Network, Policy, Station};
use std::time::Duration;

/// Requests of somebody who does not wait.
const WISHES: u64 = 30;

/// A daemon may wait this long for a person who thinks.
pub(super) const THOUGHT: Duration = Duration::from_secs(400);

/// What many calls may cost in memory, in KiB.
const GROWTH: u64 = 4096;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "haste",
        "30 random requests to connect and disconnect without waiting: the last wish holds",
        |lab| {
            let (ap, mut station) = connected(lab)?;
            let mut client = lab.client()?;
            let paths = (station.path()?, station.network_path(&network())?);
            for (seed, connect) in [(7, true), (11, false), (13, true)] {
                hurry(&mut client, &paths, seed, connect)?;
                match connect {
                    true => expect_online(&mut *station, &ap)?,
                    false => {
                        station.wait_disconnected(SOON)?;
                        std::thread::sleep(SOON);
                        station.wait_disconnected(Duration::ZERO)?;
                    }
                }
            }
            Ok(())
        },
    ),
    scenario(
        "agent-dies",
        "an agent goes away while it is asked: the next one is asked in its place",
        |lab| {
            let (ap, mut station) = seen(lab)?;
            let mut agent = lab.client()?;
            agent.register_agent()?;
            agent.send(&station.network_path(&network())?, NETWORK, "Connect", &[])?;
            agent.asked(SOON)?;
            drop(agent);
            joins_after(lab, &mut *station, &ap)
        },
    ),
    scenario("agent-silent", "an agent never answers: the request ends, and another one works", |lab| {
        let (ap, mut station) = seen(lab)?;
        let mut agent = lab.client()?;
        agent.register_agent()?;
        let call = agent.send(&station.network_path(&network())?, NETWORK, "Connect", &[])?;
        agent.asked(SOON)?;
        expect_refused(agent.answer_to(call, THOUGHT)?)?;
        // As a person closes a window that nobody answered.
        drop(agent);
        joins_after(lab, &mut *station, &ap)
    }),
    scenario(
        "agent-garbage",
        "an agent answers nonsense: refused each time, and the right answer works",
        |lab| {
            let (ap, mut station) = seen(lab)?;
            let mut agent = lab.client()?;
            agent.register_agent()?;
            let path = station.network_path(&network())?;
            let long = "x".repeat(100_000);
            let nonsense: [&[Argument<'_>]; 6] = [
                &[],
                &[Argument::Number(7)],
                &[Argument::Path("/")],
                &[Argument::Text("")],
                &[Argument::Text("short")],
                &[Argument::Text(&long)],
            ];
            for answer in nonsense {
                let call = agent.send(&path, NETWORK, "Connect", &[])?;
                let asked = agent.asked(SOON)?;
                agent.reply(&asked, answer)?;
                expect_refused(agent.answer_to(call, SOON * 2)?)?;
            }
            drop(agent);
            joins_after(lab, &mut *station, &ap)
        },
    ),
    scenario("bulk", "thousands of calls, sensible and not, some of them never waited for", |lab| {
        let (ap, mut station) = connected(lab)?;
        let mut client = lab.client()?;
        let path = station.path()?;
        bulk(&mut client, &path, 20)?;
        let before = station.memory()?;
        bulk(&mut client, &path, 200)?;
        let mut deaf = lab.client()?;
        for _ in 0..2000 {
            deaf.send("/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", &[])?;
        }
        drop(deaf);
        client.objects()?;
        let after = station.memory()?;
        if after > before + GROWTH {
            return Err(Failure::unmet(format!("at most {GROWTH} KiB more"), format!("{before} to {after}")));
        }
        station.stays_connected(SOON)?;
        expect_online(&mut *station, &ap)
    }),
    scenario("policy", "the shipped policy: root may, nobody may not", |lab| {
        let policy = match lab.kind() {
            Kind::Lapwing => SHIPPED.to_owned(),
            _ => std::fs::read_to_string("/usr/share/dbus-1/system.d/iwd-dbus.conf").unwrap_or_default(),
        };
        lab.set_bus(Some((Policy::Closed, Some(&policy))))?;
        let (ap, mut station) = connected(lab)?;
        let interface = station.radio().interface.clone();
        for words in [["station", &interface, "disconnect"], ["known-networks", SSID, "forget"]] {
            let mut nobody =
                command("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "iwctl"]);
            let (status, shown) = Terminal::start(nobody.args(words))?.end(SOON * 4)?;
            if status.success() {
                return Err(Failure::unmet(format!("nobody is refused {words:?}"), shown));
            }
        }
        station.stays_connected(SOON)?;
        lab.expect_stored(&network(), true)?;
        expect_online(&mut *station, &ap)
    }),
    scenario("bus-restarts", "the bus goes away and comes back: the connection stays", |lab| {
        let (ap, mut station) = connected(lab)?;
        lab.client()?;
        if lab.kind() == Kind::Iwd {
            return Err(Failure::Unable("iwd ends with the bus".into()));
        }
        lab.set_bus(None)?;
        station.stays_connected(SOON)?;
        lab.set_bus(Some((Policy::Open, None)))?;
        lab.client()?.wait_service(SOON * 2)?;
        station.stays_connected(SOON)?;
        expect_online(&mut *station, &ap)
    }),
    scenario("without-bus", "no bus at all: a network with a file is joined", |lab| {
        let ap = lab.access_point(Hostapd::wpa3(SSID, PASSWORD))?;
        if lab.kind() == Kind::Iwd {
            return Err(Failure::Unable("iwd needs a bus".into()));
        }
        lab.set_bus(None)?;
        let mut station = lab.station(network().by_file())?;
        expect_online(&mut *station, &ap)
    }),
    scenario(
        "second-supplicant",
        "wpa_supplicant on the same interface: the person is told its name",
        |lab| {
            lab.only_lapwing("does not look for others")?;
            let (_ap, station) = connected(lab)?;
            let _other = lab.second_supplicant(&station.radio().interface)?;
            let mut client = lab.client()?;
            let path = station.path()?;
            let mut warning = String::new();
            let told = wait(SOON * 2, || {
                let value = client.property(&path, "org.lapwing.Station1", "Warning").ok()??;
                value.as_str()?.clone_into(&mut warning);
                warning.contains("wpa_supplicant").then_some(())
            });
            told.ok_or_else(|| Failure::unmet("a warning that names wpa_supplicant", warning))
        },
    ),
];

/// The D-Bus policy that is installed with the daemon.
pub(super) const SHIPPED: &str = include_str!("../../../../packaging/net.connman.iwd.conf");

fn network() -> Network {
    Network::psk(SSID, PASSWORD)
}

/// A station that hears a network and knows none.
fn seen(lab: &mut Lab) -> Result<(AccessPoint, Box<dyn Station>)> {
    let ap = lab.access_point(Hostapd::wpa2(SSID, PASSWORD))?;
    let station = lab.idle_station()?;
    let mut client = lab.client()?;
    wait_heard(&mut client, &station.path()?, &station.network_path(&network())?)?;
    Ok((ap, station))
}

/// Nothing was stored, and a person joins as if nothing had been.
fn joins_after(lab: &Lab, station: &mut dyn Station, ap: &AccessPoint) -> Result<()> {
    lab.expect_stored(&network(), false)?;
    if let Some(complaint) = station.join(&network())? {
        return Err(Failure::unmet("the network is joined", complaint));
    }
    lab.expect_stored(&network(), true)?;
    expect_online(station, ap)
}

fn expect_refused(answer: Answer) -> Result<()> {
    match answer {
        Err(refused) if refused.name.starts_with("net.connman.iwd.") => Ok(()),
        other => Err(Failure::unmet("one of iwd's errors", format!("{other:?}"))),
    }
}

/// Random wishes, then a last one. Each gets an answer.
fn hurry(client: &mut Client, paths: &(String, String), seed: u64, connect: bool) -> Result<()> {
    let (device, network) = paths;
    let mut state = seed;
    let mut random = || {
        // The constants of Knuth's MMIX.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let mut calls = Vec::new();
    for wish in 0..WISHES {
        let wants = if wish + 1 == WISHES { connect } else { random() % 2 == 0 };
        calls.push(match wants {
            true => client.send(network, NETWORK, "Connect", &[])?,
            false => client.send(device, STATION, "Disconnect", &[])?,
        });
        if random() % 3 == 0 {
            std::thread::sleep(Duration::from_millis(random() % 60));
        }
    }
    for call in calls {
        // Which of them succeed depends on the moment.
        let _ = client.answer_to(call, SOON * 4)?;
    }
    Ok(())
}

/// Calls of every kind, `count` of each, all sent before the first answer is read.
pub(super) fn bulk(client: &mut Client, device: &str, count: usize) -> Result<()> {
    let properties = "org.freedesktop.DBus.Properties";
    let kinds: [(&str, &str, &str, &[Argument<'_>]); 8] = [
        ("/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", &[]),
        (device, STATION, "Scan", &[]),
        (device, STATION, "NoSuchMethod", &[]),
        ("/no/such/object", STATION, "Scan", &[]),
        (device, "no.such.Interface", "Scan", &[Argument::Number(1)]),
        (device, STATION, "ConnectHiddenNetwork", &[Argument::Number(1)]),
        (
            device,
            properties,
            "Set",
            &[Argument::Text(STATION), Argument::Text("State"), Argument::Switch(true)],
        ),
        (device, properties, "GetAll", &[Argument::Text("no.such.Interface")]),
    ];
    let mut calls = Vec::new();
    for _ in 0..count {
        for (path, interface, member, arguments) in kinds {
            calls.push(client.send(path, interface, member, arguments)?);
        }
    }
    for call in calls {
        let _ = client.answer_to(call, SOON * 4)?;
    }
    client.objects().map(drop)?;
    client
        .call(device, properties, "Get", &[Argument::Text(STATION), Argument::Text("State")])?
        .map(drop)
        .map_err(refused("Get"))
}
