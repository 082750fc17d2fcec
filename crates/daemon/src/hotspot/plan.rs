//! From what a person wants to what the radio can be: addresses, channels, and how it is protected.

use super::Failure;
use crate::kernel::Regulatory;
use crate::networks::profile::{Key, Place, Profile, Protection};
use lapwing_core::ap::{Bss, FrameProtection, Security, Setup, Structure};
use lapwing_core::crypto::keys::Pmk;
use lapwing_core::kernel::{Band, ChannelDefinition, ChannelWidth, Frequency};
use lapwing_core::radio::{AccessPointRadio, BandCapabilities, Channel, Radio};
use lapwing_core::sae::Method;
use lapwing_core::{Duration, Entropy, Secret};
use lapwing_frames::element::Country;
use lapwing_frames::element::country::{CountryCode, CountryTriplet, CountryTriplets};
use lapwing_frames::suite::{Akm, Cipher};
use lapwing_frames::{LinkId, MacAddr, channel};
use lapwing_linux::nl80211::RegulatoryRule;
use std::collections::{BTreeMap, BTreeSet};

/// How many clients there may be if nobody says otherwise: more than a radio serves well.
const CLIENTS: u16 = 64;
/// How often the group keys are renewed if nobody says otherwise, as other access points do.
const GROUP_KEYS: Duration = Duration::from_secs(24 * 3600);
/// The channels of 2.4 GHz that do not overlap.
const APART: [u32; 3] = [2412, 2437, 2462];
/// How far a channel of 2.4 GHz reaches, in MHz.
const REACH: u32 = 25;

/// A BSS that was heard, as far as it matters for the choice of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Its primary channel.
    pub frequency: Frequency,
    /// Its signal in hundredths of dBm, if the radio measures it.
    pub signal_mbm: Option<i32>,
}

/// What the hotspot is made of.
///
/// # Errors
/// If the radio, or the rules, do not let it be so.
pub fn setup(
    profile: &Profile,
    radio: &Radio,
    address: MacAddr,
    heard: &[Neighbour],
    entropy: &mut dyn Entropy,
) -> Result<Setup, Failure> {
    let mut can = radio.access_point.clone().ok_or(Failure::NoAccessPoint)?;
    if profile.legacy {
        for band in can.bands.values_mut() {
            *band =
                BandCapabilities { rates: std::mem::take(&mut band.rates), ..BandCapabilities::default() };
        }
    }
    let channels = channels(profile, radio, &can, heard)?;
    let is_mld = profile.links.len() > 1;
    let is_on_6 = channels.iter().any(|channel| channel.primary.band() == Some(Band::Band6));
    let security = security(profile, radio, is_mld, is_on_6)?;
    let structure = match channels.as_slice() {
        [channel] if !is_mld => Structure::Single(Bss { bssid: address, channel: *channel }),
        several => Structure::Mld { address, links: links(address, several, entropy) },
    };
    Ok(Setup {
        hidden: profile.hidden,
        client_limit: profile.client_limit.unwrap_or(CLIENTS),
        isolate_clients: profile.isolate,
        radio: can,
        group_key_lifetime: Some(profile.group_key_lifetime.unwrap_or(GROUP_KEYS)),
        ..Setup::new(profile.ssid.clone(), structure, security)
    })
}

/// What the Country element of each band says; nothing if it is not known where we are. In 6 GHz the limits depend on
/// more than the rules tell.
#[must_use]
pub fn country(rules: &Regulatory, radio: &Radio) -> BTreeMap<Band, Country> {
    let [first @ b'A'..=b'Z', second @ b'A'..=b'Z'] = *rules.country.as_bytes() else {
        return BTreeMap::new();
    };
    // The last octet: these rules hold in every environment.
    let code = CountryCode([first, second, b' ']);
    let element = |(band, step): (Band, u8)| {
        let triplets = subbands(rules, radio, band, step);
        // An even length, with a zero.
        let padding = if triplets.len().is_multiple_of(2) { vec![0] } else { Vec::new() };
        let channels = CountryTriplets { triplets, padding };
        (!channels.triplets.is_empty()).then_some((band, Country { code, channels }))
    };
    [(Band::Band2, 1), (Band::Band5, 4)].into_iter().filter_map(element).collect()
}

/// The channels that may be used, those side by side with the same limit together.
fn subbands(rules: &Regulatory, radio: &Radio, band: Band, step: u8) -> Vec<CountryTriplet> {
    let mut triplets: Vec<CountryTriplet> = Vec::new();
    let of_band = |channel: &&Channel| !channel.disabled && channel.frequency.band() == Some(band);
    for channel in radio.channels.iter().filter(of_band) {
        let (from, to) = span(&ChannelDefinition::narrow(channel.frequency));
        let holds = |rule: &&RegulatoryRule| rule.start_khz <= from * 1000 && to * 1000 <= rule.end_khz;
        let power = rules.rules.iter().find(holds).map(|rule| rule.max_eirp_mbm / 100);
        let Some(power) = power.and_then(|dbm| u8::try_from(dbm).ok()).filter(|dbm| *dbm <= 127) else {
            continue;
        };
        let Some(number) =
            channel::Channel::from_frequency(channel.frequency.0).map(channel::Channel::number)
        else {
            continue;
        };
        match triplets.last_mut() {
            Some(CountryTriplet::Subband { first_channel, channels, maximum_power })
                if *maximum_power == power
                    && first_channel.checked_add(channels.saturating_mul(step)) == Some(number) =>
            {
                *channels += 1;
            }
            _ => triplets.push(CountryTriplet::Subband {
                first_channel: number,
                channels: 1,
                maximum_power: power,
            }),
        }
    }
    triplets
}

/// The links with addresses of their own: random ones that are locally administered, since the interface's is the
/// AP MLD's.
fn links(
    address: MacAddr,
    channels: &[ChannelDefinition],
    entropy: &mut dyn Entropy,
) -> BTreeMap<LinkId, Bss> {
    let mut taken = BTreeSet::from([address]);
    let ids = (0..LinkId::COUNT).filter_map(LinkId::new);
    let mut link = |channel: &ChannelDefinition| {
        loop {
            let [first, rest @ ..] = lapwing_core::entropy::random::<6>(entropy);
            let [second, third, fourth, fifth, sixth] = rest;
            let bssid = MacAddr([(first & 0xfc) | 0x02, second, third, fourth, fifth, sixth]);
            if taken.insert(bssid) {
                return Bss { bssid, channel: *channel };
            }
        }
    };
    ids.zip(channels).map(|(id, channel)| (id, link(channel))).collect()
}

fn security(
    profile: &Profile,
    radio: &Radio,
    is_mld: bool,
    is_on_6: bool,
) -> Result<Option<Security>, Failure> {
    let has = |cipher| radio.ciphers.contains(&cipher);
    let mut sae = vec![Akm::Sae];
    if is_mld {
        // What 802.11be wants of multi-link clients; older ones take the other.
        sae.insert(0, Akm::SaeExtKey);
    }
    let mut key = None;
    let (akms, passphrase): (Vec<Akm>, Option<&Secret>) = match &profile.protection {
        Protection::Open => (Vec::new(), None),
        Protection::Owe => (vec![Akm::Owe], None),
        Protection::Wpa2(Key::Passphrase(passphrase)) => (vec![Akm::Psk], Some(passphrase)),
        Protection::Wpa2(Key::PreShared(octets)) => {
            key = Some(octets);
            (vec![Akm::Psk], None)
        }
        Protection::Transition(passphrase) => (sae.into_iter().chain([Akm::Psk]).collect(), Some(passphrase)),
        Protection::Wpa3(passphrase) => (sae, Some(passphrase)),
    };
    let is_modern = matches!(profile.protection, Protection::Owe | Protection::Wpa3(_));
    if is_on_6 && !is_modern {
        return Err(Failure::Contradiction("in 6 GHz there is WPA3 and OWE alone"));
    }
    if is_mld && !is_modern && !matches!(profile.protection, Protection::Transition(_)) {
        return Err(Failure::Contradiction("several links need WPA3 or OWE"));
    }
    if akms.is_empty() {
        return Ok(None);
    }
    if !has(Cipher::Ccmp128) {
        return Err(Failure::Unsupported("it has no CCMP"));
    }
    let can_protect = has(Cipher::BipCmac128);
    if !can_protect && (is_modern || is_mld || akms.iter().any(|akm| akm.is_sae())) {
        return Err(Failure::Unsupported("it cannot protect management frames, which WPA3 and OWE need"));
    }
    let mut security = Security::new(akms);
    security.beacon_protection = is_modern && radio.beacon_protection;
    if !can_protect {
        security.frame_protection = FrameProtection::No;
    }
    if !is_mld && !is_on_6 {
        // Clients of the first years of WPA3 know no other.
        security.methods.push(Method::HuntingAndPecking);
    }
    if !profile.pairwise.is_empty() {
        security.pairwise.clone_from(&profile.pairwise);
    }
    security.group = profile.group.unwrap_or(security.group);
    if !security.pairwise.iter().chain([&security.group]).all(|cipher| has(*cipher)) {
        return Err(Failure::Unsupported("it does not have all of the ciphers"));
    }
    if let Some(passphrase) = passphrase {
        security = security.with_passphrase(&profile.ssid, passphrase);
    }
    if let Some(key) = key {
        security.psk = Pmk::new(key.clone());
    }
    Ok(Some(security))
}

fn channels(
    profile: &Profile,
    radio: &Radio,
    can: &AccessPointRadio,
    heard: &[Neighbour],
) -> Result<Vec<ChannelDefinition>, Failure> {
    let count = profile.links.len();
    if count > 1 && !radio.multi_link {
        return Err(Failure::Unsupported("it has no multi-link operation"));
    }
    if count > radio.channels_at_once.max(1) {
        return Err(Failure::Unsupported("it cannot be on so many channels at once"));
    }
    if profile.links.is_empty() {
        // The faster band first; in 2.4 GHz every client joins, and nearly every country allows it.
        let bands = [Band::Band5, Band::Band2].into_iter().filter(|band| can.bands.contains_key(band));
        let channel = bands.filter_map(|band| best(radio, can, band, heard, &[])).next();
        return Ok(vec![channel.ok_or(Failure::NoChannel)?]);
    }
    // Those that are named first, so that a choice goes around them.
    let mut chosen = vec![None; count];
    for (place, wish) in chosen.iter_mut().zip(&profile.links) {
        if let Place::Channel(channel) = wish {
            *place = Some(named(radio, can, Frequency(channel.frequency()))?);
        }
    }
    for (index, wish) in profile.links.iter().enumerate() {
        if let Place::Band(band) = wish {
            let taken: Vec<_> = chosen.iter().flatten().copied().collect();
            let channel = best(radio, can, kernel_band(*band), heard, &taken).ok_or(Failure::NoChannel)?;
            if let Some(place) = chosen.get_mut(index) {
                *place = Some(channel);
            }
        }
    }
    let chosen: Vec<_> = chosen.into_iter().flatten().collect();
    let primaries: BTreeSet<_> = chosen.iter().map(|channel| channel.primary).collect();
    if primaries.len() < chosen.len() {
        return Err(Failure::Contradiction("two links cannot share a channel"));
    }
    Ok(chosen)
}

const fn kernel_band(band: channel::Band) -> Band {
    match band {
        channel::Band::Ghz2 => Band::Band2,
        channel::Band::Ghz5 => Band::Band5,
        channel::Band::Ghz6 => Band::Band6,
    }
}

/// The channel that somebody names.
fn named(radio: &Radio, can: &AccessPointRadio, frequency: Frequency) -> Result<ChannelDefinition, Failure> {
    let unusable = |why| Err(Failure::Channel(frequency, why));
    let Some(channel) = radio.channels.iter().find(|channel| channel.frequency == frequency) else {
        return unusable("the radio does not have it");
    };
    let Some(band) = frequency.band().and_then(|band| can.bands.get(&band)) else {
        return unusable("the radio cannot be an access point there");
    };
    if channel.disabled {
        return unusable("the country's rules forbid it");
    }
    if channel.radar {
        return unusable("radar would have to be looked for first");
    }
    if channel.no_initiating_radiation {
        return unusable("the country's rules let nobody begin there");
    }
    Ok(widened(radio, band, frequency))
}

/// The quietest channel of a band that may be used, around those that are taken.
fn best(
    radio: &Radio,
    can: &AccessPointRadio,
    band: Band,
    heard: &[Neighbour],
    taken: &[ChannelDefinition],
) -> Option<ChannelDefinition> {
    let capabilities = can.bands.get(&band)?;
    let usable = || radio.channels.iter().filter(|channel| is_usable(channel, band));
    let is_preferred = |frequency: Frequency| match band {
        Band::Band2 => APART.contains(&frequency.0),
        Band::Band5 => true,
        // Where clients look for 6 GHz (802.11-2024 27.17.2.3.3): the preferred scanning channels.
        Band::Band6 => frequency.0 % 80 == 5975 % 80,
    };
    let preferred: Vec<_> =
        usable().map(|channel| channel.frequency).filter(|channel| is_preferred(*channel)).collect();
    let candidates =
        if preferred.is_empty() { usable().map(|channel| channel.frequency).collect() } else { preferred };
    candidates
        .into_iter()
        .map(|frequency| widened(radio, capabilities, frequency))
        .filter(|channel| taken.iter().all(|taken| !overlap(taken, channel)))
        // The first of those that are equally quiet, with the widest before.
        .min_by_key(|channel| (std::cmp::Reverse(channel.width), load(channel, heard), channel.primary))
}

const fn is_free(channel: &Channel) -> bool {
    !(channel.disabled || channel.radar || channel.no_initiating_radiation)
}

fn is_usable(channel: &Channel, band: Band) -> bool {
    is_free(channel) && channel.frequency.band() == Some(band)
}

/// From where to where a channel reaches, in MHz.
fn span(channel: &ChannelDefinition) -> (u32, u32) {
    let half = match channel.width {
        ChannelWidth::Mhz40 => 20,
        ChannelWidth::Mhz80 => 40,
        ChannelWidth::Mhz160 => 80,
        ChannelWidth::Mhz320 => 160,
        ChannelWidth::Mhz20 | ChannelWidth::Mhz80Plus80 | ChannelWidth::Other(_) => 10,
    };
    (channel.center1.0.saturating_sub(half), channel.center1.0 + half)
}

fn overlap(one: &ChannelDefinition, other: &ChannelDefinition) -> bool {
    let (one, other) = (span(one), span(other));
    one.0 < other.1 && other.0 < one.1
}

/// How much is heard on a channel: the stronger and the more, the worse.
fn load(channel: &ChannelDefinition, heard: &[Neighbour]) -> i64 {
    let (from, to) = span(channel);
    let reach = if channel.primary.band() == Some(Band::Band2) { REACH - 10 } else { 0 };
    let is_near = |neighbour: &&Neighbour| {
        let at = neighbour.frequency.0;
        at + reach > from && at < to + reach
    };
    let weight = |neighbour: &Neighbour| {
        i64::from(neighbour.signal_mbm.unwrap_or(-9_000)).saturating_add(10_000).max(100)
    };
    heard.iter().filter(is_near).map(weight).sum()
}

/// As wide as is sensible: in 2.4 GHz 20 MHz, elsewhere 80 if all of it may be used and the radio can, else 40.
fn widened(radio: &Radio, capabilities: &BandCapabilities, primary: Frequency) -> ChannelDefinition {
    let narrow = ChannelDefinition::narrow(primary);
    let first = match (primary.band(), primary.0) {
        (Some(Band::Band5), 5180..=5320) => 5180,
        (Some(Band::Band5), 5500..=5720) => 5500,
        (Some(Band::Band5), 5745..) => 5745,
        (Some(Band::Band6), 5955..) => 5955,
        _ => return narrow,
    };
    let is_free = |frequency: u32| {
        radio.channels.iter().any(|channel| channel.frequency.0 == frequency && is_free(channel))
    };
    let can = |width: u32| match (width, primary.band()) {
        (80, Some(Band::Band5)) => capabilities.vht.is_some(),
        (_, Some(Band::Band6)) => capabilities.he.is_some(),
        _ => capabilities.ht.is_some(),
    };
    for (width, named) in [(80, ChannelWidth::Mhz80), (40, ChannelWidth::Mhz40)] {
        let start = primary.0 - (primary.0 - first) % width;
        if can(width) && (0..width / 20).all(|step| is_free(start + 20 * step)) {
            let center1 = Frequency(start + width / 2 - 10);
            return ChannelDefinition { primary, width: named, center1, center2: None };
        }
    }
    narrow
}
