//! All that can be seen of the daemon.

use super::interface::{Interface, Shown};
use super::{Daemon, links};
use crate::control::{
    Answer, HeardBss, HeardNetworks, HiddenView, KnownView, NetworkView, PasspointView, RadioView, View,
};
use crate::kernel::Kernel;
use crate::networks::FileName;
use crate::networks::name::Security;
use crate::networks::passpoint::Profile;
use lapwing_core::network::{Credentials, Network, Personal};
use lapwing_core::rsn::Advertised;
use lapwing_core::scan::Bss;
use lapwing_core::select::{self, Judged, Rejection, Verdict};
use lapwing_core::{Duration, Instant, Secret};
use lapwing_frames::element::{ElementId, Elements, MobilityDomain, OweTransition, rsn::RsnChoice, wpa::Wpa};
use lapwing_frames::suite::Akm;
use lapwing_frames::{MacAddr, Ssid};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many hidden BSSs a view of an interface shows: more than a person reads.
const MAX_HIDDEN: usize = 256;
/// How long the networks of a view hold though nothing of them changed: what was heard ages.
const HOLDS: Duration = Duration::from_secs(10);
/// What a signal counts that the radio does not measure: less than any other, in hundredths of dBm.
const UNMEASURED: i32 = -12_000;
/// The bit of the Capability Information field.
const PRIVACY: u16 = 1 << 4;

/// What a network that is heard takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    /// Why none of its BSSs can be joined, if it is so.
    pub(super) unsuitable: Option<String>,
    /// Whether one of them takes a pre-shared key.
    pub(super) takes_psk: bool,
    /// Whether one of them announces the name.
    pub(super) announced: bool,
}

/// A network that was heard, before it is judged.
#[derive(Clone, Debug, Default)]
struct Group {
    bssids: BTreeSet<MacAddr>,
    signal_mbm: Option<i32>,
    takes_psk: bool,
    announced: bool,
}

impl<K: Kernel> Daemon<K> {
    /// A number that has grown whenever the view may have changed.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The view may have changed.
    pub(super) fn changed(&mut self) {
        self.generation = self.generation.saturating_add(1);
        self.interfaces.values_mut().for_each(|interface| *interface.shown.get_mut() = None);
    }

    /// All that can be seen.
    #[must_use]
    pub fn view(&self, now: super::Now) -> View {
        let devices = self.interfaces.values().map(|interface| {
            let mut device = self.device(interface);
            device.links = links::links(interface, now.clock);
            device.networks = self.shown(interface, now.clock);
            device.hidden = hidden(interface);
            device
        });
        let told = self.unreadable.keys().filter(|name| !self.locked.contains(*name));
        let others = told.chain(&self.lacking);
        let unusable = others.filter(|name| !self.networks.contains_key(*name));
        let unusable = unusable.map(|name| KnownView {
            name: name.clone(),
            hidden: false,
            autoconnect: false,
            last_joined: self.store.last_joined(name),
        });
        let known = self.networks.values().map(|known| KnownView {
            name: known.name.clone(),
            hidden: known.network.hidden,
            autoconnect: known.network.autoconnect,
            last_joined: self.store.last_joined(&known.name),
        });
        let mut known: Vec<_> = known.chain(unusable).collect();
        known.sort_by(|one, other| one.name.cmp(&other.name));
        let passpoints = self.passpoints.iter().map(|(&id, profile)| PasspointView {
            id,
            name: profile.name.clone(),
            hidden: profile.hidden,
            autoconnect: profile.autoconnect,
        });
        let passpoints = passpoints.collect();
        View { radios: self.radio_views(), devices: devices.collect(), known, passpoints }
    }

    /// An interface without the networks that were heard.
    pub(super) fn device(&self, interface: &Interface) -> crate::control::DeviceView {
        let mut device = interface.view();
        if let Some(warning) = &self.file_warning {
            let before = device.warning.take().map(|before| before + " ").unwrap_or_default();
            device.warning = Some(before + warning);
        }
        device
    }

    fn radio_views(&self) -> Vec<RadioView> {
        let shown = self.radios.iter().filter_map(|(&wiphy, radio)| {
            let mut interfaces =
                self.interfaces.values().filter(|interface| interface.wiphy() == wiphy).peekable();
            let name = radio.name.clone()?;
            let access_point = interfaces.peek()?.station.radio().access_point.is_some();
            Some(RadioView {
                wiphy,
                name,
                powered: radio.block.is_none() && interfaces.any(|interface| interface.up),
                model: radio.hardware.model.clone(),
                vendor: radio.hardware.vendor.clone(),
                access_point,
                ad_hoc: radio.ad_hoc,
            })
        });
        shown.collect()
    }

    /// The networks that an interface hears, of the last time if nothing of them has changed. There may be thousands,
    /// and a connection changes many things else.
    fn shown(&self, interface: &Interface, now: Instant) -> Arc<Vec<NetworkView>> {
        let current = interface.network();
        let mut shown = interface.shown.borrow_mut();
        if let Some(shown) = &*shown
            && shown.current == current
            && now.since(shown.at) < HOLDS
        {
            return shown.networks.clone();
        }
        let mut networks = Arc::new(self.networks_of(interface, now));
        if let Some(shown) = shown.take().filter(|shown| shown.networks == networks) {
            networks = shown.networks;
        }
        shown.insert(Shown { at: now, current, networks }).networks.clone()
    }

    fn networks_of(&self, interface: &Interface, now: Instant) -> Vec<NetworkView> {
        let current = interface.network();
        let mut groups: Vec<_> = groups(interface, None).into_iter().collect();
        groups.sort_by_cached_key(|(name, group)| {
            let is_known = self.networks.contains_key(name);
            Reverse((Some(name) == current.as_ref(), is_known, group.signal_mbm, Reverse(name.clone())))
        });
        let mut by_name = BTreeMap::<&Ssid, Vec<&Bss>>::new();
        for bss in interface.station.table().iter() {
            by_name.entry(&bss.ssid).or_default().push(bss);
        }
        let view = |(name, group): (FileName, Group)| {
            let known = self.networks.get(&name).map(|known| &known.network);
            let heard = by_name.get(&name.ssid).map(Vec::as_slice).unwrap_or_default();
            let bsss = judge(interface, heard, &name, known, &group, now);
            let passpoint = self.passpoint_of(&name, heard);
            NetworkView { name, signal_mbm: group.signal_mbm.unwrap_or(UNMEASURED), bsss, passpoint }
        };
        groups.into_iter().map(view).collect()
    }
}

impl<K: Kernel> Daemon<K> {
    /// The profile of others' hotspots that one of the BSSs of this network belongs to. All of them want accounts.
    fn passpoint_of(&self, name: &FileName, heard: &[&Bss]) -> Option<u32> {
        if name.security != Security::Enterprise || self.has_file(name) {
            return None;
        }
        let is_of = |profile: &Profile| heard.iter().any(|bss| profile.matches(&bss.elements));
        self.passpoints.iter().find(|(_, profile)| is_of(profile)).map(|(&id, _)| id)
    }

    /// What an interface hears, for developers.
    pub(super) fn heard_networks(&self, now: super::Now, ifindex: u32) -> super::calls::First {
        let interface = self.interfaces.get(&ifindex).ok_or(super::calls::NO_INTERFACE)?;
        let table = interface.station.table();
        let bss = |judged: Judged| {
            let heard = table.get(judged.bssid);
            let signal_mbm = heard.and_then(|bss| bss.signal_mbm).unwrap_or(UNMEASURED);
            let rank = match judged.verdict {
                Verdict::Usable { score } => u16::try_from(score).unwrap_or(u16::MAX),
                Verdict::Rejected(_) => 0,
            };
            let domain =
                heard.and_then(|bss| Elements::new(&bss.elements).find::<MobilityDomain>().ok().flatten());
            let mobility_domain =
                domain.map(|MobilityDomain { id: [first, second], capabilities, .. }| {
                    [first, second, capabilities.0]
                });
            HeardBss { bssid: judged.bssid, frequency: judged.frequency, signal_mbm, rank, mobility_domain }
        };
        let networks = self.networks_of(interface, now.clock).into_iter();
        let networks = networks.map(|network| (network.name, network.bsss.into_iter().map(bss).collect()));
        Ok(Some(Answer::Heard(Box::new(HeardNetworks {
            wiphy: interface.wiphy(),
            ifindex,
            networks: networks.collect(),
        }))))
    }
}

/// The network of this name, if it is heard.
pub(super) fn heard(interface: &Interface, name: &FileName, now: Instant) -> Option<Heard> {
    let group = groups(interface, Some(&name.ssid)).remove(name)?;
    let heard: Vec<_> = interface.station.table().iter().filter(|bss| bss.ssid == name.ssid).collect();
    let judged = judge(interface, &heard, name, None, &group, now);
    let reasons = judged.iter().map(|judged| match &judged.verdict {
        Verdict::Rejected(Rejection::Unsuitable(why)) => Some(why.to_string()),
        Verdict::Rejected(_) | Verdict::Usable { .. } => None,
    });
    let unsuitable: Option<Vec<_>> = reasons.collect();
    let unsuitable = unsuitable.and_then(|reasons| reasons.into_iter().next());
    Some(Heard { unsuitable, takes_psk: group.takes_psk, announced: group.announced })
}

/// The network that a BSS belongs to, or an AP MLD or a link of one, if it is heard.
pub(super) fn network_of(interface: &Interface, address: MacAddr) -> Option<FileName> {
    let groups = groups(interface, None);
    let table = interface.station.table();
    let is_it = |bssid: &MacAddr| {
        *bssid == address || table.get(*bssid).and_then(select::mld_address) == Some(address)
    };
    groups.into_iter().find(|(_, group)| group.bssids.iter().any(is_it)).map(|(name, _)| name)
}

/// What is thought of the BSSs of a network, which are among those that bear its name; of one that is not known, what
/// would be with some secret.
fn judge(
    interface: &Interface,
    heard: &[&Bss],
    name: &FileName,
    known: Option<&Network>,
    group: &Group,
    now: Instant,
) -> Vec<Judged> {
    let any;
    let network = match known {
        Some(network) => network,
        None => {
            let credentials = match name.security {
                Security::Open => Credentials::Open,
                Security::Personal | Security::Enterprise => Credentials::Personal(Personal {
                    passphrase: Some(Secret::new(b"a passphrase")),
                    ..Personal::default()
                }),
            };
            any = Network::new(name.ssid.clone(), credentials);
            &any
        }
    };
    let mut judged = interface.station.judge_among(heard, network, now);
    // Others of the same name are another network; the encrypted halves of open BSSs belong to this one.
    let own = |judged: &Judged| {
        let bss = interface.station.table().get(judged.bssid);
        group.bssids.contains(&judged.bssid) || bss.is_some_and(|bss| bss.ssid != name.ssid)
    };
    judged.retain(own);
    judged
}

/// The networks that are heard, by name and kind: all, or those of one name.
fn groups(interface: &Interface, only: Option<&Ssid>) -> BTreeMap<FileName, Group> {
    let mut groups = BTreeMap::<FileName, Group>::new();
    let wanted = |bss: &&Bss| !bss.ssid.is_hidden() && only.is_none_or(|only| bss.ssid == *only);
    for bss in interface.station.table().iter().filter(wanted) {
        let akms = akms(bss);
        let Some(security) = security(bss, &akms) else { continue };
        if akms.contains(&Akm::Owe) && is_twin(bss) {
            continue;
        }
        let group = groups.entry(FileName { ssid: bss.ssid.clone(), security }).or_default();
        group.bssids.insert(bss.bssid);
        group.signal_mbm = group.signal_mbm.max(bss.signal_mbm);
        group.announced |= announces(bss);
        group.takes_psk |= akms.iter().any(|akm| akm.is_psk());
    }
    groups
}

/// Whether the beacons of a BSS have its name. Of one whose beacons were not heard nothing else is known than
/// what it answered.
fn announces(bss: &Bss) -> bool {
    let name = |elements| {
        let mut elements = Elements::new(elements).iter();
        elements.find(|element| element.id == ElementId::Plain(0)).map(|element| element.body.to_vec())
    };
    let beacon = bss.beacon_elements.as_deref().and_then(name);
    beacon.is_some_and(|beacon| beacon == bss.ssid.octets())
}

/// The BSSs whose name is not known.
fn hidden(interface: &Interface) -> Vec<HiddenView> {
    let nameless = interface.station.table().iter().filter(|bss| bss.ssid.is_hidden());
    let mut hidden: Vec<_> = nameless
        .filter_map(|bss| {
            let security = security(bss, &akms(bss))?;
            let signal_mbm = bss.signal_mbm.unwrap_or(UNMEASURED);
            Some(HiddenView { bssid: bss.bssid, signal_mbm, security })
        })
        .collect();
    hidden.sort_by_key(|hidden| (Reverse(hidden.signal_mbm), hidden.bssid));
    hidden.truncate(MAX_HIDDEN);
    hidden
}

/// Whether a BSS is the encrypted half of an open network: it names the open half, and its own name is not meant
/// for people.
fn is_twin(bss: &Bss) -> bool {
    let twin = Elements::new(&bss.elements).find::<OweTransition>().ok().flatten();
    twin.is_some_and(|twin| twin.ssid != bss.ssid)
}

/// Whether all that bears a name is encrypted halves of open networks, even if they give their own name as the open one:
/// they are joined by what the open half says of them.
pub(super) fn is_half(interface: &Interface, ssid: &Ssid) -> bool {
    let half = |bss: &Bss| {
        akms(bss).contains(&Akm::Owe)
            && Elements::new(&bss.elements).find::<OweTransition>().is_ok_and(|it| it.is_some())
    };
    interface.station.table().iter().filter(|bss| bss.ssid == *ssid).all(half)
}

/// The AKMs that a BSS offers, in whichever element, by their names of RSN.
fn akms(bss: &Bss) -> Vec<Akm> {
    let advertised = Advertised::of(Elements::new(&bss.elements));
    let choices = [RsnChoice::Rsn, RsnChoice::Override, RsnChoice::Override2];
    let rsns = choices.into_iter().filter_map(|choice| advertised.rsn(choice)?.ok());
    let first_wpa = Elements::new(advertised.wpa.as_deref().unwrap_or_default()).find::<Wpa>();
    let first_wpa = first_wpa.ok().flatten().map(|wpa| wpa.akms).unwrap_or_default();
    let renamed = first_wpa.into_iter().filter_map(|akm| match akm {
        Akm::WpaPsk => Some(Akm::Psk),
        Akm::Wpa8021x => Some(Akm::Ieee8021x),
        _ => None,
    });
    rsns.flat_map(|(rsn, _)| rsn.akms().to_vec()).chain(renamed).collect()
}

/// How a BSS is protected, as far as the kinds of networks tell; none for WEP.
fn security(bss: &Bss, akms: &[Akm]) -> Option<Security> {
    if akms.iter().any(|akm| akm.is_psk() || akm.is_sae()) {
        return Some(Security::Personal);
    }
    if akms.contains(&Akm::Owe) {
        return Some(Security::Open);
    }
    if !akms.is_empty() {
        return Some(Security::Enterprise);
    }
    let advertised = Advertised::of(Elements::new(&bss.elements));
    // The first WPA, or an RSNE that cannot be read: it is shown, with the reason why it is not joined.
    if advertised.wpa.is_some() || advertised.rsne.is_some() {
        return Some(Security::Personal);
    }
    (bss.capability & PRIVACY == 0).then_some(Security::Open)
}
