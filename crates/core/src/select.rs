//! The choice of an access point: a pure function from what was heard to an order and its reasons.

mod history;
pub(crate) mod mld;
mod score;

pub use history::{History, Manner, backoff};
pub use mld::{JudgedLink, LeftOut, Mld, MldLink};

use crate::{
    kernel::{Band, Frequency},
    network::{Credentials, Network, Proven},
    radio::{Radio, RadioKind},
    rsn::{
        Advertised, Plan, Unsuitable,
        negotiate::{self, Capabilities, Offer, Security},
        plan::Weakness,
    },
    scan::{Bss, Table},
    time::{Duration, Instant},
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    vec::Vec,
};
use core::cmp::Reverse;
use lapwing_frames::{
    MacAddr, Ssid,
    channel::Channel,
    element::{Elements, OweTransition, rsn::RsnChoice},
    suite::Akm,
};

/// One BSS (or AP MLD) of a network and what was thought of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Judged {
    /// The BSSID (of an AP MLD: of the link that would carry the association).
    pub bssid: MacAddr,
    /// The AP MLD's address, if it is one.
    pub mld: Option<MacAddr>,
    /// The links of an AP MLD that can be used as one; none if it is taken for a single BSS.
    pub links: Vec<JudgedLink>,
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
    /// It offers no SAE (or OWE, or nothing better than TKIP), while the network has been joined by it before.
    Downgrade,
    /// It has nothing better than TKIP, and another BSS of the network has.
    Outdone,
    /// It is a link that its AP MLD is about to remove.
    BeingRemoved,
    /// It says to be of two AP MLDs, or to be two links.
    Contradicts,
    /// Its BSSID is our own address: nobody can answer there.
    OwnAddress,
}

/// What a choice has to respect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    /// The moment.
    pub now: Instant,
    /// What was heard longer ago is not used.
    pub fresh_for: Duration,
    /// Our own address: no BSS that is joined may have it.
    pub own: Option<MacAddr>,
    /// What the machine's owner prefers.
    pub preferences: Preferences,
}

/// What the machine's owner prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Preferences {
    /// What the estimate of a BSS is multiplied with, in hundredths, in 2.4, 5 and 6 GHz.
    pub bands: [u16; 3],
    /// In 2.4 GHz, and above: with this signal in dBm or less the estimate of a BSS counts half. From there another is
    /// looked for as soon as it is joined: these are the thresholds of [`RoamPolicy`](crate::station::RoamPolicy).
    pub weak: [i8; 2],
    /// Protected networks without protected management frames are not joined.
    pub protection_required: bool,
    /// TKIP and the first WPA, which are broken, are put up with where there is nothing better.
    pub tkip: bool,
    /// SAE and OWE begin with group 20 instead of 19, until a network does not take it.
    pub stronger_group: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self::NONE
    }
}

impl Preferences {
    /// None.
    pub const NONE: Self = Self {
        bands: [100; 3],
        weak: [-70, -76],
        protection_required: false,
        tkip: false,
        stronger_group: false,
    };

    /// The estimate of a BSS as it is preferred.
    fn score(&self, bss: &Bss) -> u32 {
        let [two, five, six] = self.bands;
        let hundredths = match bss.frequency.band() {
            Some(Band::Band2) => two,
            Some(Band::Band5) | None => five,
            Some(Band::Band6) => six,
        };
        let [low, high] = self.weak;
        let weak = if bss.frequency.band() == Some(Band::Band2) { low } else { high };
        let part = if bss.signal_dbm().is_some_and(|signal| signal <= weak.into()) { 200 } else { 100 };
        let score = u64::from(score::score(bss)) * u64::from(hundredths) / part;
        u32::try_from(score).unwrap_or(u32::MAX)
    }
}

impl Policy {
    /// How long an entry may be used: the kernel forgets it after 30 seconds, and some are for the way.
    pub const FRESH_FOR: Duration = Duration::from_secs(25);

    /// The usual policy at this moment.
    #[must_use]
    pub const fn at(now: Instant) -> Self {
        Self { now, fresh_for: Self::FRESH_FOR, own: None, preferences: Preferences::NONE }
    }
}

/// A BSS or an AP MLD to be joined, and how. Only this module makes one.
///
/// It does not change, and its copies share it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target(Arc<Aim>);

/// What a target consists of.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Aim {
    bss: Bss,
    advertised: Advertised,
    plan: Option<Plan>,
    mld: Option<Mld>,
    apart: Option<mld::Apart>,
}

impl Target {
    /// The BSS; of an AP MLD the one of the association link.
    #[must_use]
    pub fn bss(&self) -> &Bss {
        &self.0.bss
    }

    /// Its security elements, octet for octet.
    #[must_use]
    pub fn advertised(&self) -> &Advertised {
        &self.0.advertised
    }

    /// How it is protected; none if it is open.
    #[must_use]
    pub fn plan(&self) -> Option<&Plan> {
        self.0.plan.as_ref()
    }

    /// The AP MLD and its links, if it is joined as one.
    #[must_use]
    pub fn mld(&self) -> Option<&Mld> {
        self.0.mld.as_ref()
    }

    /// The AP MLD that the BSS belongs to, if it is joined by itself all the same.
    pub(crate) fn apart(&self) -> Option<&mld::Apart> {
        self.0.apart.as_ref()
    }

    /// The address that keys are made with and that the kernel knows the peer by: the BSSID, or that of the
    /// AP MLD.
    #[must_use]
    pub fn address(&self) -> MacAddr {
        match &self.0.mld {
            Some(mld) => mld.address,
            None => self.0.bss.bssid,
        }
    }

    /// Whether an address is the target's: frames of an AP MLD may still bear that of the association link.
    #[must_use]
    pub fn has_address(&self, address: MacAddr) -> bool {
        address == self.address() || address == self.0.bss.bssid
    }
}

/// An estimate that was made of a BSS, as it were with this signal in dBm.
pub(crate) fn rescore(preferences: &Preferences, bss: &Bss, score: u32, signal: i32) -> u32 {
    let now = Bss { signal_mbm: Some(signal.saturating_mul(100)), ..bss.clone() };
    let (before, after) = (u64::from(preferences.score(bss).max(1)), u64::from(preferences.score(&now)));
    u32::try_from(u64::from(score) * after / before).unwrap_or(u32::MAX)
}

/// The address of the AP MLD that a BSS says to be a link of.
#[must_use]
pub fn mld_address(bss: &Bss) -> Option<MacAddr> {
    mld::Announced::of(bss).map(|said| said.address)
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
    judge_among(&of_network(table, network), table, network, radio, history, policy)
}

/// As [`judge`], for who knows already which BSSs bear the network's name.
#[must_use]
pub fn judge_among(
    heard: &[&Bss],
    table: &Table,
    network: &Network,
    radio: &Radio,
    history: &History,
    policy: &Policy,
) -> Vec<Judged> {
    let choice = Choice::among(heard, table, network, radio, history, policy);
    candidates(heard, choice).into_iter().map(|(judged, _)| judged).collect()
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
    let heard = of_network(table, network);
    let choice = Choice::among(&heard, table, network, radio, history, policy);
    let (judged, mut targets): (Vec<_>, Vec<_>) = candidates(&heard, choice).into_iter().unzip();
    let best = if targets.is_empty() { None } else { targets.swap_remove(0) };
    (judged, best)
}

/// The hidden names that have to be probed for before the network can be judged: those of encrypted
/// twins that open BSSs announce and that were not heard under their name, or gave no answer since; each with a
/// channel to try.
#[must_use]
pub fn twins_to_probe(
    table: &Table,
    network: &Network,
    history: &History,
    policy: &Policy,
) -> BTreeMap<Ssid, Frequency> {
    if network.credentials != Credentials::Open {
        return BTreeMap::new();
    }
    let of_network = table.iter().filter(|bss| bss.ssid == network.ssid && policy.is_fresh(bss));
    of_network
        .filter_map(|bss| transition(bss).map(|twin| (bss, twin)))
        .filter(|(_, twin)| !is_here(table, twin, history, policy))
        .map(|(bss, twin)| {
            let beacons = table.get(twin.bssid).filter(|bss| policy.is_here(bss, history));
            let named = twin.channel.as_ref().and_then(|at| {
                Channel::in_operating_class(at.operating_class, at.channel)
                    .map(|channel| Frequency(channel.frequency()))
            });
            (twin.ssid, beacons.map(|bss| bss.frequency).or(named).unwrap_or(bss.frequency))
        })
        .collect()
}

/// Whether an encrypted twin was heard under its name. What was heard of it long ago, or before it gave no answer, does
/// not keep anybody from the open half.
fn is_here(table: &Table, twin: &OweTransition, history: &History, policy: &Policy) -> bool {
    table.get(twin.bssid).is_some_and(|bss| bss.ssid == twin.ssid && policy.is_here(bss, history))
}

impl Policy {
    fn is_fresh(&self, bss: &Bss) -> bool {
        self.now.since(bss.heard) <= self.fresh_for
    }

    /// Whether a BSS was heard lately, and not in vain asked for something since.
    fn is_here(&self, bss: &Bss, history: &History) -> bool {
        self.is_fresh(bss) && !history.is_silent(bss.bssid, bss.heard)
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

/// The BSSs that bear a network's name.
fn of_network<'t>(table: &'t Table, network: &Network) -> Vec<&'t Bss> {
    table.iter().filter(|bss| bss.ssid == network.ssid).collect()
}

fn candidates(heard: &[&Bss], choice: Choice<'_>) -> Vec<(Judged, Option<Target>)> {
    let Choice { table, network, radio, history, policy, .. } = choice;
    let of_network = || heard.iter().copied();
    let mut bsss: Vec<(&Bss, bool)> = of_network().map(|bss| (bss, false)).collect();
    if network.credentials == Credentials::Open {
        // Others that give a twin another name do not hide it.
        let twins: BTreeSet<_> =
            of_network().filter_map(transition).map(|twin| (twin.bssid, twin.ssid)).collect();
        let heard =
            twins.iter().filter_map(|(bssid, ssid)| table.get(*bssid).filter(|bss| bss.ssid == *ssid));
        bsss.extend(heard.filter(|bss| bss.ssid != network.ssid).map(|bss| (bss, true)));
    }
    let mut judged = Vec::new();
    // Firmware that connects by itself chooses the links too.
    if radio.multi_link && radio.kind == RadioKind::SoftMac {
        for (address, members) in mld::group(of_network()) {
            if history.manner(address, policy.now) == Manner::Plain {
                continue;
            }
            if let Some(one) = choice.judge_mld(address, &members) {
                bsss.retain(|(bss, _)| members.iter().all(|(member, _)| member.bssid != bss.bssid));
                judged.push(one);
            }
        }
    }
    judged.extend(bsss.into_iter().map(|(bss, is_twin)| choice.judge_bss(bss, is_twin)));
    // Protection first: a transition network is not entered by its weaker door because that is nearer.
    judged.sort_by_key(|(judged, target)| {
        let score = match judged.verdict {
            Verdict::Usable { score } => Some(score),
            Verdict::Rejected(_) => None,
        };
        let strength = target.as_ref().map(|target| target.plan().map_or(0, strength));
        Reverse((score.is_some(), strength, score))
    });
    judged
}

/// How much a plan protects: SAE and OWE more than a pre-shared key, and that more than TKIP.
fn strength(plan: &Plan) -> u8 {
    match plan.weakness() {
        Some(weakness) if weakness.is_pairwise() => 1,
        Some(_) => 2,
        None if plan.akm().is_psk() => 3,
        None => 4,
    }
}

/// Whether a BSS offers with the same secret what TKIP would be a step back from: CCMP or better. It need not be one
/// that can be joined now.
fn offers_better(bss: &Bss, network: &Network) -> bool {
    let Credentials::Personal(personal) = &network.credentials else { return false };
    let advertised = Advertised::of(Elements::new(&bss.elements));
    let choices = [RsnChoice::Override2, RsnChoice::Override, RsnChoice::Rsn];
    choices.into_iter().filter_map(|choice| advertised.rsn(choice)?.ok()).any(|(rsn, _)| {
        let takes = |akm: &Akm| akm.is_psk() || akm.is_sae() && personal.passphrase.is_some();
        rsn.pairwise().iter().any(|cipher| negotiate::PAIRWISE.contains(cipher))
            && rsn.akms().iter().any(takes)
    })
}

/// A network that is looked for, and what there is to look at.
#[derive(Clone, Copy)]
struct Choice<'a> {
    table: &'a Table,
    network: &'a Network,
    radio: &'a Radio,
    history: &'a History,
    policy: &'a Policy,
    /// Whether a BSS of the network offers what TKIP would be a step back from.
    better_than_tkip: bool,
}

impl<'a> Choice<'a> {
    /// What there is to look at among the BSSs that bear the network's name.
    fn among(
        heard: &[&Bss],
        table: &'a Table,
        network: &'a Network,
        radio: &'a Radio,
        history: &'a History,
        policy: &'a Policy,
    ) -> Self {
        let better_than_tkip = policy.preferences.tkip && heard.iter().any(|bss| offers_better(bss, network));
        Self { table, network, radio, history, policy, better_than_tkip }
    }
}

/// What a BSS is considered as.
#[derive(Clone, Copy)]
enum As<'a> {
    /// The only one of its association.
    Bss,
    /// The encrypted half of an open network.
    Twin,
    /// The association link of an AP MLD with these BSSs.
    Link(&'a [(&'a Bss, mld::Announced)]),
}

impl Choice<'_> {
    fn judge_bss(&self, bss: &Bss, is_twin: bool) -> (Judged, Option<Target>) {
        let (verdict, target) = match self.consider(bss, if is_twin { As::Twin } else { As::Bss }) {
            Ok(plan) => {
                let advertised = Advertised::of(Elements::new(&bss.elements));
                let apart = self.apart(bss);
                let target = Aim { bss: bss.clone(), advertised, plan, mld: None, apart };
                let target = Target(Arc::new(target));
                (Verdict::Usable { score: self.policy.preferences.score(bss) }, Some(target))
            }
            Err(rejection) => (Verdict::Rejected(rejection), None),
        };
        let judged = Judged {
            bssid: bss.bssid,
            mld: bss.mld.map(|(_, address)| address),
            links: Vec::new(),
            frequency: bss.frequency,
            signal_dbm: bss.signal_dbm(),
            verdict,
        };
        (judged, target)
    }

    /// The AP MLD of a BSS that is judged by itself, and why it is.
    fn apart(&self, bss: &Bss) -> Option<mld::Apart> {
        let manner = |address| self.history.manner(address, self.policy.now);
        let manner = mld::Announced::of(bss).map(|said| manner(said.address))?;
        let by_links = self.radio.multi_link && self.radio.kind == RadioKind::SoftMac;
        let why = match manner {
            _ if !by_links => LeftOut::NotByRadio,
            Manner::Plain => LeftOut::FellBack,
            Manner::AllLinks | Manner::OneLink => LeftOut::NotTogether,
        };
        mld::Apart::of(bss, Manner::Plain, why)
    }

    /// The BSSs of one AP MLD as one candidate; nothing if they cannot be used together, but perhaps each for
    /// itself.
    fn judge_mld(
        &self,
        address: MacAddr,
        members: &[(&Bss, mld::Announced)],
    ) -> Option<(Judged, Option<Target>)> {
        if self.policy.own == Some(address) {
            return None;
        }
        let considered: Vec<_> = members
            .iter()
            .map(|(bss, said)| {
                let score = self.policy.preferences.score(bss);
                (*bss, said, score, self.consider(bss, As::Link(members)))
            })
            .collect();
        let best = considered.iter().filter_map(|(bss, said, score, outcome)| {
            let plan = outcome.as_ref().ok()?.as_ref()?;
            Some((*bss, *said, *score, plan))
        });
        let judged = |bss: &Bss, links, verdict| Judged {
            bssid: bss.bssid,
            mld: Some(address),
            links,
            frequency: bss.frequency,
            signal_dbm: bss.signal_dbm(),
            verdict,
        };
        let rank = |bss: &Bss, score: u32| (score, bss.signal_mbm, Reverse(bss.bssid));
        let Some((bss, said, score, plan)) =
            best.max_by_key(|(bss, _, score, plan)| (strength(plan), rank(bss, *score)))
        else {
            // The reason of the best of them, unless it is one that concerns only links together.
            let says = |outcome: &Result<_, _>| *outcome != Err(Rejection::OtherBssidWanted);
            let (bss, .., outcome) = considered
                .into_iter()
                .max_by_key(|(bss, _, score, outcome)| (says(outcome), rank(bss, *score)))?;
            let rejection = outcome.err().filter(|why| !matches!(why, Rejection::Unsuitable(_)))?;
            return Some((judged(bss, Vec::new(), Verdict::Rejected(rejection)), None));
        };
        let view = mld::View::new(bss, said.clone());
        let alone = self.history.manner(address, self.policy.now) == Manner::OneLink;
        let own = view.own_link();
        let mut told = Vec::from([JudgedLink {
            id: said.link,
            bssid: bss.bssid,
            frequency: Some(bss.frequency),
            left_out: None,
        }]);
        let mut fit = Vec::new();
        let mut taken = BTreeSet::from([bss.bssid]);
        for (id, bssid) in view.others(members.iter().map(|(bss, said)| (*bss, said))) {
            let link = match view.link(id, self.table, self.radio, self.policy, plan) {
                Ok(_) if alone => Err(LeftOut::FellBack),
                Ok(link) if !taken.insert(link.bssid) => Err(LeftOut::AddressTaken),
                link => link,
            };
            let left_out = link.as_ref().err().copied();
            told.push(JudgedLink { id, bssid, frequency: view.frequency(id), left_out });
            fit.extend(link.map(|link| (id, self.table.get(bssid).map_or(0, score::score), link)));
        }
        let mut links = BTreeMap::from([(said.link, own.clone())]);
        let (most, why) = said.most_links(self.radio);
        let mut score = score;
        while links.len() < most && !fit.is_empty() {
            let Some((id, worth, link)) = mld::take_best(&mut fit, &links) else { break };
            // More links are better, but a good one is better than many poor ones.
            score = score.saturating_add(worth / 8);
            links.insert(id, link);
        }
        for (id, ..) in fit {
            told.iter_mut().filter(|link| link.id == id).for_each(|link| link.left_out = Some(why));
        }
        told.sort();
        let mld = Mld {
            address,
            association_link: said.link,
            links,
            manner: if alone { Manner::OneLink } else { Manner::AllLinks },
            left_out: told.iter().filter(|link| link.left_out.is_some()).copied().collect(),
            reconfigurable: said.reconfigurable,
        };
        let target = Aim {
            bss: bss.clone(),
            advertised: own.advertised,
            plan: Some(plan.clone()),
            mld: Some(mld),
            apart: None,
        };
        Some((judged(bss, told, Verdict::Usable { score }), Some(Target(Arc::new(target)))))
    }

    /// Whether and how a BSS can be joined.
    fn consider(&self, bss: &Bss, role: As<'_>) -> Result<Option<Plan>, Rejection> {
        let Self { table, network, radio, history, policy, better_than_tkip } = *self;
        if policy.own == Some(bss.bssid) {
            return Err(Rejection::OwnAddress);
        }
        let members: &[(&Bss, mld::Announced)] = match role {
            As::Link(members) => members,
            As::Bss | As::Twin => &[],
        };
        let mld = members.first().map(|(_, said)| said.address).or(bss.mld.map(|(_, address)| address));
        // Of an AP MLD, the address of a link asks for the association through that link.
        let is_wanted = |wanted: MacAddr| wanted == bss.bssid || mld == Some(wanted);
        if network.bssid.is_some_and(|wanted| !is_wanted(wanted)) {
            return Err(Rejection::OtherBssidWanted);
        }
        let channel = radio.channels.iter().find(|channel| channel.frequency == bss.frequency);
        if channel.is_none_or(|channel| channel.disabled) {
            return Err(Rejection::ChannelDisabled);
        }
        if !policy.is_here(bss, history) {
            return Err(Rejection::Stale);
        }
        let said = members.iter().find(|(member, _)| member.bssid == bss.bssid).map(|(_, said)| said);
        if said.is_some_and(mld::Announced::is_leaving) {
            return Err(Rejection::BeingRemoved);
        }
        if said.is_some_and(|said| said.contradicts) {
            return Err(Rejection::Contradicts);
        }
        let advertised = Advertised::of(Elements::new(&bss.elements));
        let offer = Offer {
            advertised: &advertised,
            privacy: bss.capability & PRIVACY != 0,
            band: bss.frequency.band(),
            multi_link: matches!(role, As::Link(_)),
        };
        let capabilities = Capabilities { tkip: policy.preferences.tkip, ..Capabilities::of(radio) };
        let is_twin = matches!(role, As::Twin);
        // The twin's name is not the network's: only encryption makes it the other half of it.
        let allowed =
            if is_twin { negotiate::Policy::Open { owe_only: true } } else { negotiate::Policy::of(network) };
        let security = negotiate::negotiate(&offer, &capabilities, &allowed);
        let plan = match security.map_err(Rejection::Unsuitable)? {
            Security::Protected(plan) if plan.akm().is_psk() && network.proven.has(Proven::SAE) => {
                return Err(Rejection::Downgrade);
            }
            Security::Protected(plan)
                if plan.weakness().is_some_and(Weakness::is_pairwise)
                    && (network.proven.has(Proven::RSN) || better_than_tkip) =>
            {
                let before = network.proven.has(Proven::RSN);
                return Err(if before { Rejection::Downgrade } else { Rejection::Outdone });
            }
            Security::Protected(plan)
                if policy.preferences.protection_required && plan.group_management().is_none() =>
            {
                return Err(Rejection::Unsuitable(Unsuitable::NoManagementFrameProtection));
            }
            Security::Protected(plan) => Some(plan),
            Security::Open => {
                if !is_twin && transition(bss).is_some_and(|twin| is_here(table, &twin, history, policy)) {
                    return Err(Rejection::OpenTwin);
                }
                if network.proven.has(Proven::OWE) {
                    return Err(Rejection::Downgrade);
                }
                None
            }
        };
        let address = if members.is_empty() { bss.bssid } else { mld.unwrap_or(bss.bssid) };
        // One that fails however it is joined has to wait as a whole: another link of it is no other AP.
        let waits = |address| history.has_to_wait(address, policy.now);
        if waits(address) || members.is_empty() && mld_address(bss).is_some_and(waits) {
            return Err(Rejection::FailedRecently);
        }
        Ok(plan)
    }
}

/// The bit of the Capability Information field.
const PRIVACY: u16 = 1 << 4;
