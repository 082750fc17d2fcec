//! The surface on a real bus, a private `dbus-daemon` (Debian: `dbus-daemon`), and on the bus of our own: our end of
//! it in front of a scripted daemon, and a client of the kind of iwctl.
// A test may stop at what it did not expect; its helpers are part of it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod broker;
mod client;
mod double;
mod packaging;

use broker::Broker;
use client::{Agent, Client};
use double::{Double, PASSPHRASE, facts};
use lapwing_core::Instant;
use lapwingd::bus::private::Private;
use lapwingd::bus::{Bus, Wanted};
use lapwingd::daemon::Now;
use std::future::Future;
use std::io::ErrorKind;
use std::time::Duration;

const DEVICE: &str = "/net/connman/iwd/0/3";
const HOME: &str = "/net/connman/iwd/0/3/686f6d65_psk";
const CAFE: &str = "/net/connman/iwd/0/3/63616665_open";
const KNOWN: &str = "/net/connman/iwd/686f6d65_psk";

fn now() -> Now {
    Now { clock: Instant::after_start(Duration::from_secs(1)), wall: 1_795_241_473 }
}

/// Runs our end, until what the test does with the other ends is done.
async fn serve<F: Future>(bus: &mut Bus, double: &mut Double, test: F) -> F::Output {
    let mut test = std::pin::pin!(test);
    loop {
        bus.turn(now(), double).await;
        // The scripted daemon does one thing after the other, and each is told.
        while double.step() {
            bus.turn(now(), double).await;
        }
        tokio::select! {
            output = &mut test => return output,
            () = bus.wait() => {}
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
        }
    }
}

fn run<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let limited = async { tokio::time::timeout(Duration::from_secs(30), test).await };
    runtime.block_on(limited).expect("it is done in time")
}

/// Whose bus it is.
enum Ground {
    /// A broker's.
    Broker(Broker),
    /// Our own.
    Own(String),
}

impl Ground {
    fn address(&self) -> &str {
        match self {
            Self::Broker(broker) => &broker.address,
            Self::Own(address) => address,
        }
    }
}

/// A broker, our end on it with the name, and the daemon behind.
async fn start() -> (Ground, Bus, Double) {
    let broker = Broker::start(broker::OPEN);
    let mut bus = Bus::new(facts(), Wanted::At(broker.address.clone()));
    bus.start().await.unwrap();
    (Ground::Broker(broker), bus, Double::default())
}

/// The same without a broker.
async fn start_own() -> (Ground, Bus, Double) {
    let path = broker::place().join("bus");
    let private = Private::listen(&path, [7; 16]).unwrap();
    let mut bus = Bus::new(facts(), Wanted::Private(Box::new(private)));
    bus.start().await.unwrap();
    assert!(bus.is_named());
    (Ground::Own(format!("unix:path={}", path.display())), bus, Double::default())
}

/// Does a test on both.
fn on_each(test: impl AsyncFn(Ground, Bus, Double)) {
    run(async {
        let (ground, bus, double) = start().await;
        test(ground, bus, double).await;
    });
    run(async {
        let (ground, bus, double) = start_own().await;
        test(ground, bus, double).await;
    });
}

#[test]
fn list_scan_connect_disconnect_forget() {
    on_each(async |ground, mut bus, mut double| {
        let test = async {
            let client = Client::new(ground.address(), Agent::Says(PASSPHRASE)).await;
            let objects = client.objects().await;
            for path in ["/", "/net/connman/iwd", "/net/connman/iwd/0", DEVICE, HOME, CAFE] {
                assert!(objects.contains(path), "{path}\n{objects}");
            }
            client.call(DEVICE, "net.connman.iwd.Station", "Scan").await.unwrap();
            client.until("Scanning").await;
            let networks =
                client.call(DEVICE, "net.connman.iwd.Station", "GetOrderedNetworks").await.unwrap();
            assert!(networks.contains(HOME) && networks.contains("-4000"), "{networks}");
            client.register().await.unwrap();
            client.take_signals();
            client.call(HOME, "net.connman.iwd.Network", "Connect").await.unwrap();
            client.until("connected").await;
            assert_eq!(
                client.take_signals(),
                [
                    "Station connecting",
                    "Network Connected",
                    "+Known",
                    "Network Known",
                    "+Diagnostic",
                    "Station connected"
                ]
            );
            let figures =
                client.call(DEVICE, "net.connman.iwd.StationDiagnostic", "GetDiagnostics").await.unwrap();
            assert!(figures.contains("WPA3-Personal") && figures.contains("ConnectedBss"), "{figures}");
            client.call(DEVICE, "net.connman.iwd.Station", "Disconnect").await.unwrap();
            client.until("disconnected").await;
            assert_eq!(
                client.take_signals(),
                ["-Diagnostic", "Station disconnecting", "Network Connected", "Station disconnected"]
            );
            // Known by now: nobody is asked.
            client.call(HOME, "net.connman.iwd.Network", "Connect").await.unwrap();
            assert_eq!(client.asked(), 1);
            client.call(KNOWN, "net.connman.iwd.KnownNetwork", "Forget").await.unwrap();
            client.until("-Known").await;
            assert!(!client.objects().await.contains(KNOWN));
        };
        serve(&mut bus, &mut double, test).await;
    });
}

#[test]
fn what_happens_is_told_to_watchers_alone() {
    on_each(async |ground, mut bus, mut double| {
        let test = async {
            let watcher = Client::new(ground.address(), Agent::None).await;
            let other = Client::new(ground.address(), Agent::None).await;
            let lapwing = async |client: &Client, method| {
                client.call("/net/connman/iwd", "org.lapwing.Daemon1", method).await.unwrap();
            };
            // How often each is told of a scan. All hear that it begins and ends; what a client was sent before an
            // answer, it has by then.
            let scan = async || {
                let count =
                    |signals: &[String], wanted| signals.iter().filter(|word| *word == wanted).count();
                other.take_signals();
                watcher.take_signals();
                other.call(DEVICE, "net.connman.iwd.Station", "Scan").await.unwrap();
                let mut heard = Vec::new();
                while count(&heard, "Station Scanning") < 2 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    heard.extend(other.take_signals());
                }
                lapwing(&other, "GetStatus").await;
                lapwing(&watcher, "GetStatus").await;
                heard.extend(other.take_signals());
                let told = "Happened true";
                (count(&watcher.take_signals(), told), count(&heard, told))
            };
            assert_eq!(scan().await, (0, 0));
            lapwing(&watcher, "Watch").await;
            assert_eq!(scan().await, (1, 0));
            lapwing(&watcher, "Unwatch").await;
            assert_eq!(scan().await, (0, 0));
            // Who leaves is told nothing any more, and nobody minds.
            let leaver = Client::new(ground.address(), Agent::None).await;
            lapwing(&leaver, "Watch").await;
            leaver.leave().await;
            assert_eq!(scan().await, (0, 0));
        };
        serve(&mut bus, &mut double, test).await;
    });
}

#[test]
fn passphrases_that_are_no_use() {
    on_each(async |ground, mut bus, mut double| {
        let test = async {
            for (agent, error) in [
                (
                    Agent::Says("wrong horse"),
                    "net.connman.iwd.Failed: The passphrase is wrong. Enter the passphrase again.",
                ),
                (Agent::Cancels, "net.connman.iwd.Aborted: "),
                (Agent::SaysNumber, "net.connman.iwd.InvalidFormat: "),
                (Agent::Hangs, "net.connman.iwd.Timeout: "),
                (Agent::Dies, "net.connman.iwd.NoAgent: "),
            ] {
                let asker = Client::new(ground.address(), agent).await;
                asker.register().await.unwrap();
                // Another client connects, and the only agent there is is asked for it.
                let client = Client::new(ground.address(), Agent::None).await;
                let told = client.call(HOME, "net.connman.iwd.Network", "Connect").await.unwrap_err();
                assert!(told.starts_with(error), "{told}");
                asker.leave().await;
            }
            let client = Client::new(ground.address(), Agent::None).await;
            let told = client.call(HOME, "net.connman.iwd.Network", "Connect").await.unwrap_err();
            assert!(told.starts_with("net.connman.iwd.NoAgent: "), "{told}");
            assert!(!client.objects().await.contains(KNOWN));
            // An open network needs none.
            client.call(CAFE, "net.connman.iwd.Network", "Connect").await.unwrap();
        };
        serve(&mut bus, &mut double, test).await;
    });
}

#[test]
fn agents_that_know_the_codes_of_devices_or_do_not() {
    const SHARED: &str = "net.connman.iwd.SharedCodeDeviceProvisioning";
    on_each(async |ground, mut bus, mut double| {
        let test = async {
            let watcher = Client::new(ground.address(), Agent::None).await;
            // Whether it has ended after a while.
            let ends = async || {
                for _ in 0..50 {
                    if !watcher.get(DEVICE, SHARED, "Started").await.contains("true") {
                        return true;
                    }
                    tokio::time::sleep(Duration::from_millis(4)).await;
                }
                false
            };
            let path = zbus::ObjectPath::try_from("/codes").unwrap();
            for (agent, is_over) in [
                (Agent::Says(PASSPHRASE), true),
                (Agent::Says("another"), false),
                (Agent::SaysNumber, false),
                (Agent::Cancels, false),
                (Agent::Hangs, false),
                (Agent::Dies, true),
            ] {
                let client = Client::new(ground.address(), agent).await;
                client.say(DEVICE, SHARED, "StartConfigurator", &path).await.unwrap();
                while client.asked() == 0 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                assert_eq!(ends().await, is_over, "{agent:?}");
                // Whoever leaves lets nobody in any more.
                client.leave().await;
                assert!(ends().await, "{agent:?}");
            }
        };
        serve(&mut bus, &mut double, test).await;
    });
}

#[test]
fn a_name_that_is_taken_stops_the_start_and_names_who_has_it() {
    run(async {
        let (ground, _first, _) = start().await;
        let mut second = Bus::new(facts(), Wanted::At(ground.address().to_owned()));
        let taken = second.start().await.unwrap_err().to_string();
        // The other is this test itself.
        assert!(taken.contains(&format!("(process {})", std::process::id())), "{taken}");
        assert!(taken.contains("--no-dbus"), "{taken}");
    });
}

#[test]
fn a_bus_that_refuses_the_name_is_no_reason_to_stop() {
    run(async {
        let broker = Broker::start(&broker::OPEN.replace("<allow own", "<deny own"));
        let mut bus = Bus::new(facts(), Wanted::At(broker.address.clone()));
        bus.start().await.unwrap();
        assert!(!bus.is_named());
    });
}

#[test]
fn a_bus_that_comes_late_and_goes_away() {
    run(async {
        let place = broker::place();
        let address = format!("unix:path={}", place.join("socket").display());
        let mut bus = Bus::new(facts(), Wanted::At(address.clone()));
        // Without a bus the start is not delayed.
        bus.start().await.unwrap();
        let mut double = Double::default();
        for _ in 0..2 {
            let broker = Broker::start_in(&place, broker::OPEN);
            let test = async {
                let client = loop {
                    let client = Client::new(&address, Agent::None).await;
                    if client.is_named().await {
                        break client;
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                };
                assert!(client.objects().await.contains(HOME));
            };
            serve(&mut bus, &mut double, test).await;
            drop(broker);
            // It is noticed, and the daemon goes on.
            bus.wait().await;
            bus.turn(now(), &mut double).await;
        }
    });
}

#[test]
fn garbage_is_answered_and_nothing_breaks() {
    on_each(async |ground, mut bus, mut double| {
        let test = async {
            let client = Client::new(ground.address(), Agent::None).await;
            let long = "x".repeat(1 << 20);
            let told = client.say(DEVICE, "net.connman.iwd.Station", "ConnectHiddenNetwork", &long).await;
            assert!(
                told.unwrap_err()
                    .starts_with("org.freedesktop.DBus.Error.InvalidArgs: The arguments are too long")
            );
            let told =
                client.say(DEVICE, "net.connman.iwd.Station", "ConnectHiddenNetwork", &"x".repeat(33)).await;
            assert!(told.unwrap_err().starts_with("net.connman.iwd.InvalidArguments"));
            let told = client.say("/a/b", "a.b", "C", &(1_u8, 2.5_f64, vec![("a", 1_i32)])).await;
            assert!(told.unwrap_err().starts_with("org.freedesktop.DBus.Error.UnknownObject"));
            let told = client.say(DEVICE, "net.connman.iwd.Station", "Scan", &(1_i64, vec!["a"])).await;
            assert!(told.unwrap_err().contains("takes '', not 'xas'"));
            assert!(client.objects().await.contains(HOME));
        };
        serve(&mut bus, &mut double, test).await;
    });
}

#[test]
fn a_bus_of_our_own_is_for_its_user_alone_and_leaves_nothing() {
    run(async {
        use std::os::unix::fs::PermissionsExt;
        let path = broker::place().join("bus");
        // What a daemon left that was killed is no hindrance; anything else is.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let private = Private::listen(&path, [7; 16]).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Private::listen(&path, [8; 16]).err().unwrap().kind(), ErrorKind::AddrInUse);
        drop(private);
        assert!(!path.exists());
        std::fs::write(&path, "precious").unwrap();
        assert_eq!(Private::listen(&path, [7; 16]).err().unwrap().kind(), ErrorKind::AddrInUse);
        assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    });
}

#[test]
fn a_bus_of_our_own_answers_as_a_bus() {
    run(async {
        let (ground, mut bus, mut double) = start_own().await;
        let test = async {
            let first = Client::new(ground.address(), Agent::None).await;
            let second = Client::new(ground.address(), Agent::None).await;
            assert!(first.is_named().await);
            let names = first.ask_bus("ListNames", "").await.unwrap();
            for name in ["org.freedesktop.DBus", "net.connman.iwd", ":1.0", ":1.1", ":1.2"] {
                assert!(names.contains(&format!("\"{name}\"")), "{names}");
            }
            assert!(first.ask_bus("GetNameOwner", "net.connman.iwd").await.unwrap().contains(":1.0"));
            assert!(first.ask_bus("NameHasOwner", ":1.2").await.unwrap().contains("true"));
            second.leave().await;
            while first.ask_bus("NameHasOwner", ":1.2").await.unwrap().contains("true") {}
            let refused = first.ask_bus("RequestName", "net.connman.iwd").await.unwrap_err();
            assert!(refused.starts_with("org.freedesktop.DBus.Error.AccessDenied"), "{refused}");
            let nobody = first.ask_bus("GetNameOwner", "a.b").await.unwrap_err();
            assert!(nobody.starts_with("org.freedesktop.DBus.Error.NameHasNoOwner"), "{nobody}");
            let nobody = first.say_to("a.b", "/", "a.b", "C", &()).await.unwrap_err();
            assert!(nobody.starts_with("org.freedesktop.DBus.Error.ServiceUnknown"), "{nobody}");
        };
        serve(&mut bus, &mut double, test).await;
    });
}
