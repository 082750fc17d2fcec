//! From one network to another and back, many times: what is counted is the same for every program.

use super::multi_link::{MLO, TWO_BANDS, expect_no_refusals};
use super::{PASSWORD, SOON, SSID, Scenario, joins_now, scenario};
use crate::failure::{Failure, Result};
use crate::guest::process::wait;
use crate::guest::radio::{Radio, words};
use crate::guest::{AccessPoint, Argument, Attempts, Client, Hostapd, Hotspot, Kind, Lab, LapwingAp, Link};
use crate::guest::{Network, Ports, Station};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("switches", "plain, an AP MLD, and another link of it: all nine ways, each counted", |lab| {
        lab.only_lapwing("is not told which BSS to take")?;
        let rounds = lab.rounds(ROUNDS);
        let mut tour = Tour::begin(lab)?;
        for _ in 0..rounds {
            for to in TOUR {
                tour.switch(*to)?;
            }
        }
        let counted = tour.count(lab)?;
        lab.record("switches", counted.iter().map(Count::to_json).collect());
        expect_first_attempts(&counted)?;
        expect_no_refusals(lab, &tour.mld)
    })
    .on_both_kernels(),
    scenario(
        "switches-interrupted",
        "another network is asked for while the last one is half joined",
        |lab| {
            lab.only_lapwing("is not told which BSS to take")?;
            let rounds = lab.rounds(ROUNDS);
            let mut tour = Tour::begin(lab)?;
            let mut interrupted = 0;
            for round in 0..rounds {
                for (number, first) in TOUR.iter().enumerate() {
                    let then = TOUR.get((number + 1) % TOUR.len()).copied().unwrap_or(Place::Plain);
                    let moment = MOMENTS.get((round + number) % MOMENTS.len()).copied().unwrap_or_default();
                    tour.interrupt(*first, then, moment)?;
                    interrupted += 1;
                }
            }
            lab.record("interrupted", interrupted.into());
            expect_no_refusals(lab, &tour.mld)
        },
    )
    .on_both_kernels(),
    scenario(
        "reassociate",
        "connect again, and to an own link: wpa_supplicant's refusals beside ours",
        |lab| {
            let rounds = lab.rounds(ROUNDS);
            let ap = lab.hotspot(&Hotspot::multi_link(MLO, PASSWORD, TWO_BANDS))?;
            let mut rows = Vec::new();
            supplicant_reassociates(lab, &ap, rounds, &mut rows)?;
            let own = lab.kind() == Kind::Lapwing;
            if own {
                lapwing_reassociates(lab, &ap, rounds, &mut rows)?;
            }
            let shown = rows.iter().map(Row::to_json).collect();
            lab.record("reassociate", shown);
            match rows.iter().find(|row| row.program == Kind::Lapwing.name() && !row.is_clean()) {
                Some(row) => Err(Failure::unmet(
                    "no refusal, and each first attempt connects",
                    row.to_json().to_string(),
                )),
                None => ap.expect_no_refusals(),
            }
        },
    )
    .on_both_kernels(),
];

/// How often it is all done when nobody says how often.
const ROUNDS: usize = 2;

/// How soon data must cross after the connection.
const TRAFFIC: Duration = Duration::from_secs(1);

/// How long after one request the next one comes.
const MOMENTS: &[Duration] = &[
    Duration::from_millis(1),
    Duration::from_millis(3),
    Duration::from_millis(6),
    Duration::from_millis(9),
    Duration::from_millis(13),
    Duration::from_millis(40),
];

/// Where a station may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// The network without links.
    Plain,
    /// The AP MLD, associated through its first link.
    First,
    /// The AP MLD, associated through its second link.
    Second,
}

impl Place {
    const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::First => "MLO, first link",
            Self::Second => "MLO, second link",
        }
    }
}

/// A way that begins and ends at the plain network and has each of the nine switches once.
const TOUR: &[Place] = &[
    Place::Plain,
    Place::First,
    Place::First,
    Place::Second,
    Place::Second,
    Place::Plain,
    Place::Second,
    Place::First,
    Place::Plain,
];

/// The networks, and the station on its way among them.
struct Tour {
    plain: AccessPoint,
    mld: LapwingAp,
    station: Box<dyn Station>,
    client: Client,
    /// The BSSID of each place.
    bssids: Vec<(Place, String)>,
    at: Place,
    done: Vec<Switch>,
}

/// One switch: when it was asked for, and how long it took from the connection to an answered ping.
struct Switch {
    from: Place,
    to: Place,
    asked: Duration,
    over: Duration,
    /// When the first ping was answered, since 1970.
    answered: Duration,
}

impl Tour {
    /// Joins both networks, so that everything is known of them, and ends at the plain one.
    fn begin(lab: &mut Lab) -> Result<Self> {
        let plain = lab.access_point(Hostapd::wpa3(SSID, PASSWORD).channel(6))?;
        let mld = lab.hotspot(&Hotspot::multi_link(MLO, PASSWORD, TWO_BANDS))?;
        let links = mld.links()?;
        let address = |number: usize| links.get(number).map(|link| link.address.clone()).unwrap_or_default();
        let bssids =
            vec![(Place::Plain, plain.bssid()), (Place::First, address(0)), (Place::Second, address(1))];
        let mut station = lab.station(Network::psk(MLO, PASSWORD))?;
        station.wait_connected(SOON)?;
        joins_now(&mut *station, &Network::psk(SSID, PASSWORD))?;
        station.wait_connected(SOON)?;
        let client = lab.client()?;
        let mut tour = Self { plain, mld, station, client, bssids, at: Place::Plain, done: Vec::new() };
        // Each way in once, so that every place has its PMKSA.
        for place in [Place::First, Place::Second, Place::Plain] {
            tour.go(place)?;
        }
        Ok(tour)
    }

    fn bssid(&self, place: Place) -> Result<[u8; 6]> {
        let text = self.bssids.iter().find(|(known, _)| *known == place).map(|(_, bssid)| bssid.as_str());
        octets(text.unwrap_or_default())
    }

    fn router(&self, place: Place) -> Ipv4Addr {
        match place {
            Place::Plain => self.plain.address(),
            Place::First | Place::Second => self.mld.address(),
        }
    }

    /// Asks for a place and does not wait. Returns the number of the call.
    fn ask(&mut self, place: Place) -> Result<u32> {
        let path = self.station.path()?;
        let bssid = self.bssid(place)?;
        self.client.send(&path, OUR_STATION, "ConnectTo", &[Argument::Octets(&bssid)])
    }

    /// Goes to a place, and waits until data crosses. Returns when it was asked for, and when a ping was answered.
    fn go(&mut self, place: Place) -> Result<(Duration, Duration)> {
        let asked = now();
        let call = self.ask(place)?;
        let answer = self.client.answer_to(call, SOON * 2)?;
        answer.map_err(crate::guest::client::refused("ConnectTo"))?;
        self.at = place;
        self.expect_there()?;
        Ok((asked, now()))
    }

    /// Waits until data crosses at the place where the station should be.
    fn expect_there(&mut self) -> Result<()> {
        let router = self.router(self.at);
        self.station.await_address(SOON)?;
        match wait(SOON, || self.station.is_answered(router).then_some(())) {
            Some(()) => Ok(()),
            None => Err(Failure::unmet(
                format!("data crosses at {:?}", self.at),
                self.station.iw()? + &self.station.last_words(),
            )),
        }
    }

    fn switch(&mut self, to: Place) -> Result<()> {
        let from = self.at;
        let (asked, answered) = self.go(to)?;
        self.done.push(Switch { from, to, asked, over: now(), answered });
        Ok(())
    }

    /// Asks for one place, and some time later for another, where it must end.
    fn interrupt(&mut self, first: Place, then: Place, after: Duration) -> Result<()> {
        let abandoned = self.ask(first)?;
        std::thread::sleep(after);
        let call = self.ask(then)?;
        let answer = self.client.answer_to(call, SOON * 2)?;
        answer.map_err(crate::guest::client::refused("ConnectTo"))?;
        // It may have been in time, or have been given up: either is an answer.
        let _ = self.client.answer_to(abandoned, SOON * 2)?;
        self.at = then;
        self.expect_there()
    }

    /// Counts, by the kernel's own words.
    fn count(&mut self, lab: &Lab) -> Result<Vec<Count>> {
        let capture = lab.netlink()?;
        let program = Ports::of(self.station.process().id())?;
        let (_, interface) = self.station.radio().numbers()?;
        let mut counts: Vec<Count> = Vec::new();
        for switch in &self.done {
            let attempts = capture.attempts(interface, switch.asked, switch.over);
            let refused = capture.refusals_to(&program, switch.asked, switch.over).len();
            let at = match counts.iter().position(|count| (count.from, count.to) == (switch.from, switch.to))
            {
                Some(at) => at,
                None => {
                    counts.push(Count::new(switch.from, switch.to));
                    counts.len() - 1
                }
            };
            if let Some(count) = counts.get_mut(at) {
                count.add(switch, &attempts, refused);
            }
        }
        counts.sort_by_key(|count| (count.from, count.to));
        Ok(counts)
    }
}

/// Our interface that takes a BSSID.
const OUR_STATION: &str = "org.lapwing.Station1";

/// What came of one kind of switch.
struct Count {
    from: Place,
    to: Place,
    rounds: usize,
    /// The very first attempt connected.
    first: usize,
    /// Without SAE, by the PMKSA.
    cached: usize,
    refused: usize,
    /// From the moment when the kernel lets data through until a ping was answered.
    delays: Vec<Duration>,
}

impl Count {
    const fn new(from: Place, to: Place) -> Self {
        Self { from, to, rounds: 0, first: 0, cached: 0, refused: 0, delays: Vec::new() }
    }

    fn add(&mut self, switch: &Switch, attempts: &Attempts, refused: usize) {
        self.rounds += 1;
        self.first += usize::from(attempts.first_connected());
        self.cached += usize::from(attempts.authentications == 1);
        self.refused += refused;
        if let Some(connected) = attempts.authorized.first() {
            self.delays.push(switch.answered.saturating_sub(*connected));
        }
        self.delays.sort();
    }

    fn to_json(&self) -> Value {
        let milliseconds = |delay: Option<&Duration>| delay.map(|delay| delay.as_secs_f64() * 1e3);
        json!({
            "from": self.from.name(),
            "to": self.to.name(),
            "rounds": self.rounds,
            "first_attempt_connected": self.first,
            "by_pmksa": self.cached,
            "refused_commands": self.refused,
            "traffic_median_ms": milliseconds(self.delays.get(self.delays.len() / 2)),
            "traffic_greatest_ms": milliseconds(self.delays.last()),
        })
    }
}

/// Every switch must succeed at the first attempt, without a refused command, and carry data within a second.
fn expect_first_attempts(counts: &[Count]) -> Result<()> {
    let bad = |count: &&Count| {
        count.first != count.rounds
            || count.refused != 0
            || count.delays.len() != count.rounds
            || count.delays.last().is_some_and(|delay| *delay > TRAFFIC)
    };
    let bad: Vec<_> = counts.iter().filter(bad).map(|count| count.to_json().to_string()).collect();
    match bad.is_empty() && counts.len() == TOUR.len() {
        true => Ok(()),
        false => Err(Failure::unmet("each first attempt connects, without a refusal", bad.join("\n    "))),
    }
}

/// What came of one kind of order to one program.
struct Row {
    program: &'static str,
    order: &'static str,
    rounds: usize,
    /// Deletions of keys that the kernel refused.
    refused_deletions: usize,
    refused_others: usize,
    failed_authentications: usize,
    first: usize,
    /// Connected in the end, however.
    connected: usize,
}

/// `NL80211_CMD_DEL_KEY`.
const DELETE_KEY: u8 = 12;

impl Row {
    const fn new(program: &'static str, order: &'static str) -> Self {
        Self {
            program,
            order,
            rounds: 0,
            refused_deletions: 0,
            refused_others: 0,
            failed_authentications: 0,
            first: 0,
            connected: 0,
        }
    }

    fn is_clean(&self) -> bool {
        self.refused_deletions == 0 && self.refused_others == 0 && self.first == self.rounds
    }

    fn to_json(&self) -> Value {
        json!({
            "program": self.program,
            "order": self.order,
            "rounds": self.rounds,
            "refused_deletions": self.refused_deletions,
            "other_refusals": self.refused_others,
            "failed_authentications": self.failed_authentications,
            "first_attempt_connected": self.first,
            "connected_in_the_end": self.connected,
        })
    }

    /// Counts what came of the orders that were given at these times.
    fn count(
        mut self,
        lab: &Lab,
        process: u32,
        radio: &Radio,
        orders: &[(Duration, Duration, bool)],
    ) -> Result<Self> {
        let capture = lab.netlink()?;
        let program = Ports::of(process)?;
        let (_, interface) = radio.numbers()?;
        for (from, to, connected) in orders {
            let attempts = capture.attempts(interface, *from, *to);
            let refusals = capture.refusals_to(&program, *from, *to);
            let deletions = refusals.iter().filter(|refusal| refusal.command == DELETE_KEY).count();
            self.rounds += 1;
            self.refused_deletions += deletions;
            self.refused_others += refusals.len() - deletions;
            self.failed_authentications += attempts.failed_authentications;
            self.first += usize::from(attempts.first_connected());
            self.connected += usize::from(*connected);
        }
        Ok(self)
    }
}

/// Both orders to wpa_supplicant. It is not its fault that a scenario fails: what it does is only counted.
fn supplicant_reassociates(lab: &mut Lab, ap: &LapwingAp, rounds: usize, rows: &mut Vec<Row>) -> Result<()> {
    let mut client = lab.supplicant()?;
    client.provide(&Network::psk(MLO, PASSWORD))?;
    super::multi_link::data_crosses(&mut client, ap)?;
    let links = ap.links()?;
    for order in ["reassociate", "roam to an own link"] {
        let mut orders = Vec::new();
        for round in 0..rounds {
            <dyn Station>::wait_connected(&mut client, SOON * 4)?;
            // Not in the same moment as what was before.
            std::thread::sleep(Duration::from_secs(1));
            let (from, before) = (now(), client.connections());
            match order {
                "reassociate" => client.reassociate()?,
                _ => client.roam(&roam_to(&links, round))?,
            }
            // It looks around on all channels first.
            let again = wait(SOON * 4, || (client.connections() > before).then_some(()));
            std::thread::sleep(Duration::from_secs(1));
            orders.push((from, now(), again.is_some()));
        }
        let process = Station::process(&mut client).id();
        let row = Row::new(Kind::WpaSupplicant.name(), order);
        rows.push(row.count(lab, process, Station::radio(&client), &orders)?);
    }
    client.disconnect()?;
    <dyn Station>::wait_disconnected(&mut client, SOON)?;
    // Nobody else takes it away, and the next station is in the same network.
    words(&format!("ip address flush dev {}", Station::radio(&client).interface))
}

/// The same orders to our daemon.
fn lapwing_reassociates(lab: &mut Lab, ap: &LapwingAp, rounds: usize, rows: &mut Vec<Row>) -> Result<()> {
    let mut station = lab.station(Network::psk(MLO, PASSWORD))?;
    super::multi_link::data_crosses(&mut *station, ap)?;
    let links = ap.links()?;
    let mut client = lab.client()?;
    let device = station.path()?;
    for order in ["reassociate", "roam to an own link"] {
        let mut orders = Vec::new();
        for round in 0..rounds {
            std::thread::sleep(Duration::from_secs(1));
            let from = now();
            // To connect again is to go to the link that it began with.
            let to = roam_to(&links, if order == "reassociate" { 0 } else { round });
            let bssid = octets(&to)?;
            let answer = client.call(&device, OUR_STATION, "ConnectTo", &[Argument::Octets(&bssid)])?;
            answer.map_err(crate::guest::client::refused(order))?;
            let connected = station.wait_connected(SOON).is_ok();
            std::thread::sleep(Duration::from_secs(1));
            orders.push((from, now(), connected));
        }
        let process = station.process().id();
        let row = Row::new(Kind::Lapwing.name(), order);
        rows.push(row.count(lab, process, station.radio(), &orders)?);
    }
    Ok(())
}

/// The links in turn.
fn roam_to(links: &[Link], round: usize) -> String {
    links.get(round % links.len().max(1)).map(|link| link.address.clone()).unwrap_or_default()
}

/// A hardware address in bytes.
fn octets(address: &str) -> Result<[u8; 6]> {
    let bytes: Vec<u8> = address.split(':').filter_map(|byte| u8::from_str_radix(byte, 16).ok()).collect();
    bytes.try_into().map_err(|_| Failure::unmet("a hardware address", address))
}

/// Since 1970, as the captures count.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
