//! The choice of an access point: a pure function from what was heard to an order and its reasons.

mod history;
mod score;

pub use history::{History, backoff};

use crate::{
    kernel::Frequency,
    network::{Credentials, Network, Proven},
    radio::Radio,
    rsn::{
        Advertised, Plan, Unsuitable,
        negotiate::{self, Capabilities, Offer, Security},
    },
    scan::{Bss, Table},
    time::{Duration, Instant},
};
use alloc::{collections::BTreeMap, vec::Vec};
use lapwing_frames::{
    MacAddr, Ssid,
    element::{Elements, OweTransition},
};

/// One BSS (or AP MLD) of a network and what was thought of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Judged {
    /// The BSSID (of an AP MLD: of the link that would carry the association).
    pub bssid: MacAddr,
    /// The AP MLD's address, if it is one.
    pub mld: Option<MacAddr>,
    /// The channel.
    pub frequency: Frequency,
    /// The signal in dBm, if known.
    pub signal_dbm: Option<i32>,
    /// Usable, and how good; or why not.
    pub verdict: Verdict,
}

/// What was thought of a BSS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It can be used; a greater score is better.
    Usable {
        /// An estimate of the throughput in kbit/s, weighed by band and load.
        score: u32,
    },
    /// It cannot be used.
    Rejected(Rejection),
}

/// Why a BSS was rejected.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Rejection {
    /// The channel is disabled by the regulatory rules in force.
    ChannelDisabled,
    /// The network file names another BSSID.
    OtherBssidWanted,
    /// It failed a moment ago and has to wait.
    FailedRecently,
    /// It was heard too long ago: the kernel has forgotten it by now, or it gave no answer since.
    Stale,
    /// Its security and ours do not meet.
    Unsuitable(Unsuitable),
    /// It is the open half of a network with opportunistic encryption; the encrypted half is used.
    OpenTwin,
    /// It offers no SAE (or OWE), while the network has been joined by it before.
    Downgrade,
}

/// What a choice has to respect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    /// The moment.
    pub now: Instant,
    /// What was heard longer ago is not used.
    pub fresh_for: Duration,
}

impl Policy {
    /// How long an entry may be used: the kernel forgets it after 30 seconds, and some are for the way.
    pub const FRESH_FOR: Duration = Duration::from_secs(25);

    /// The usual policy at this moment.
    #[must_use]
    pub const fn at(now: Instant) -> Self {
        Self { now, fresh_for: Self::FRESH_FOR }
    }
}

/// A BSS to be joined, and how. Only this module makes one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    bss: Bss,
    advertised: Advertised,
    plan: Option<Plan>,
}

impl Target {
    /// The BSS.
    #[must_use]
    pub const fn bss(&self) -> &Bss {
        &self.bss
    }

    /// Its security elements, octet for octet.
    #[must_use]
    pub const fn advertised(&self) -> &Advertised {
        &self.advertised
    }

    /// How it is protected; none if it is open.
    #[must_use]
    pub const fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }
}

/// The BSSs of a network in the order in which to try them, and behind them the rejected ones.
#[must_use]
pub fn judge(
    table: &Table,
    network: &Network,
    radio: &Radio,
    history: &History,
    policy: &Policy,
) -> Vec<Judged> {
    candidates(table, network, radio, history, policy).into_iter().map(|(judged, _)| judged).collect()
}

/// As [`judge`], with the best BSS as a target if one can be used.
#[must_use]
pub fn choose(
    table: &Table,
    network: &Network,
    radio: &Radio,
    history: &History,
    policy: &Policy,
) -> (Vec<Judged>, Option<Target>) {
    let (judged, mut targets): (Vec<_>, Vec<_>) =
        candidates(table, network, radio, history, policy).into_iter().unzip();
    let best = if targets.is_empty() { None } else { targets.swap_remove(0) };
    (judged, best)
}

/// The hidden names that have to be probed for before the network can be judged: those of encrypted
/// twins that open BSSs announce and that were not heard under their name; each with a channel to try.
#[must_use]
pub fn twins_to_probe(table: &Table, network: &Network, policy: &Policy) -> BTreeMap<Ssid, Frequency> {
    if network.credentials != Credentials::Open {
        return BTreeMap::new();
    }
    let of_network = table.iter().filter(|bss| bss.ssid == network.ssid && policy.is_fresh(bss));
    of_network
        .filter_map(|bss| transition(bss).map(|twin| (bss, twin)))
        // What was heard of the twin long ago does not keep anybody from the open half.
        .filter(|(_, twin)| {
            table.get(twin.bssid).is_none_or(|bss| bss.ssid != twin.ssid || !policy.is_fresh(bss))
        })
        .map(|(bss, twin)| (twin.ssid, table.get(twin.bssid).map_or(bss.frequency, |bss| bss.frequency)))
        .collect()
}

impl Policy {
    fn is_fresh(&self, bss: &Bss) -> bool {
        self.now.since(bss.heard) <= self.fresh_for
    }
}

/// The encrypted twin that an open BSS announces.
fn transition(bss: &Bss) -> Option<OweTransition> {
    let elements = Elements::new(&bss.elements);
    if Advertised::of(elements).rsne.is_some() {
        return None;
    }
    elements.find::<OweTransition>().ok().flatten()
}

fn candidates(
    table: &Table,
    network: &Network,
    radio: &Radio,
    history: &History,
    policy: &Policy,
) -> Vec<(Judged, Option<Target>)> {
    let of_network = || table.iter().filter(|bss| bss.ssid == network.ssid);
    let mut bsss: Vec<(&Bss, bool)> = of_network().map(|bss| (bss, false)).collect();
    if network.credentials == Credentials::Open {
        let twins: BTreeMap<_, _> =
            of_network().filter_map(transition).map(|twin| (twin.bssid, twin.ssid)).collect();
        let heard =
            twins.iter().filter_map(|(&bssid, ssid)| table.get(bssid).filter(|bss| bss.ssid == *ssid));
        bsss.extend(heard.filter(|bss| bss.ssid != network.ssid).map(|bss| (bss, true)));
    }
    let mut judged: Vec<_> = bsss
        .into_iter()
        .map(|(bss, is_twin)| {
            let outcome = consider(table, bss, is_twin, network, radio, history, policy);
            let (verdict, target) = match outcome {
                Ok(plan) => {
                    let advertised = Advertised::of(Elements::new(&bss.elements));
                    let target = Target { bss: bss.clone(), advertised, plan };
                    (Verdict::Usable { score: score::score(bss) }, Some(target))
                }
                Err(rejection) => (Verdict::Rejected(rejection), None),
            };
            let judged = Judged {
                bssid: bss.bssid,
                mld: bss.mld.map(|(_, address)| address),
                frequency: bss.frequency,
                signal_dbm: bss.signal_dbm(),
                verdict,
            };
            (judged, target)
        })
        .collect();
    // Protection first: a transition network is not entered by its weaker door because that is nearer.
    judged.sort_by_key(|(judged, target)| {
        let score = match judged.verdict {
            Verdict::Usable { score } => Some(score),
            Verdict::Rejected(_) => None,
        };
        let strength = target.as_ref().map(|target| target.plan().map_or(0, strength));
        core::cmp::Reverse((score.is_some(), strength, score))
    });
    judged
}

/// How much a plan protects: SAE and OWE more than a pre-shared key.
fn strength(plan: &Plan) -> u8 {
    if plan.akm().is_psk() { 1 } else { 2 }
}

fn consider(
    table: &Table,
    bss: &Bss,
    is_twin: bool,
    network: &Network,
    radio: &Radio,
    history: &History,
    policy: &Policy,
) -> Result<Option<Plan>, Rejection> {
    if network.bssid.is_some_and(|wanted| wanted != bss.bssid && bss.mld.is_none_or(|(_, mld)| mld != wanted))
    {
        return Err(Rejection::OtherBssidWanted);
    }
    let channel = radio.channels.iter().find(|channel| channel.frequency == bss.frequency);
    if channel.is_none_or(|channel| channel.disabled) {
        return Err(Rejection::ChannelDisabled);
    }
    if !policy.is_fresh(bss) {
        return Err(Rejection::Stale);
    }
    if history.is_silent(bss.bssid, bss.heard) {
        return Err(Rejection::Stale);
    }
    let advertised = Advertised::of(Elements::new(&bss.elements));
    let offer = Offer {
        advertised: &advertised,
        privacy: bss.capability & PRIVACY != 0,
        band: bss.frequency.band(),
        multi_link: false,
    };
    let capabilities = Capabilities::of(radio);
    // The twin's name is not the network's: only encryption makes it the other half of it.
    let allowed =
        if is_twin { negotiate::Policy::Open { owe_only: true } } else { negotiate::Policy::of(network) };
    let security = negotiate::negotiate(&offer, &capabilities, &allowed);
    let plan = match security.map_err(Rejection::Unsuitable)? {
        Security::Protected(plan) if plan.akm().is_psk() && network.proven.has(Proven::SAE) => {
            return Err(Rejection::Downgrade);
        }
        Security::Protected(plan) => Some(plan),
        Security::Open => {
            let twin =
                transition(bss).and_then(|twin| table.get(twin.bssid).filter(|bss| bss.ssid == twin.ssid));
            if !is_twin && twin.is_some_and(|twin| policy.is_fresh(twin)) {
                return Err(Rejection::OpenTwin);
            }
            if network.proven.has(Proven::OWE) {
                return Err(Rejection::Downgrade);
            }
            None
        }
    };
    if history.has_to_wait(bss.bssid, policy.now) {
        return Err(Rejection::FailedRecently);
    }
    Ok(plan)
}

/// The bit of the Capability Information field.
const PRIVACY: u16 = 1 << 4;
