//! What beacons say of the links of a connection: links that go, channels that change, and that the AP is there.

use super::{Associated, Loss, Mac80211, Phase, mask, time_units};
use crate::habit::Habit;
use crate::kernel::driver::Denial;
use crate::kernel::driver::{Context, Indication};
use core::cmp::Ordering;
use lapwing_core::Instant;
use lapwing_core::kernel::{Errno, Frequency, Quality};
use lapwing_frames::element::channel::{ChannelSwitch, ExtendedChannelSwitch};
use lapwing_frames::element::multi_link::{Reconfiguration, ReconfigurationOperation};
use lapwing_frames::element::{Elements, MultiLink};
use lapwing_frames::{Channel, LinkId, MacAddr};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How many beacons in a row are missed before anybody worries.
const MISSED: u64 = 7;
/// How long the AP is probed then: twice 500 ms.
const PROBING: Duration = Duration::from_secs(1);

/// The coming channel and the beacons until then.
fn channel_switch(elements: Elements<'_>, current: Frequency) -> Option<(Option<Frequency>, u8)> {
    if let Ok(Some(switch)) = elements.find::<ExtendedChannelSwitch>() {
        let channel = Channel::in_operating_class(switch.operating_class, switch.channel);
        return Some((channel.map(|channel| Frequency(channel.frequency())), switch.count));
    }
    let switch = elements.find::<ChannelSwitch>().ok()??;
    let band = Channel::from_frequency(current.0).map(Channel::band);
    let channel = band.and_then(|band| Channel::new(band, switch.channel));
    Some((channel.map(|channel| Frequency(channel.frequency())), switch.count))
}

/// The links that the AP removes, with the time that is left.
fn announced(elements: Elements<'_>) -> Option<Reconfiguration> {
    let found = elements.iter().filter_map(|element| element.parse_as::<MultiLink>());
    found.flatten().find_map(|element| match element {
        MultiLink::Reconfiguration(reconfiguration) => Some(reconfiguration),
        _ => None,
    })
}

/// How many thresholds a signal is below, in dBm.
fn below(thresholds: &[i8], dbm: i32) -> usize {
    thresholds.iter().filter(|threshold| dbm < i32::from(**threshold)).count()
}

impl Associated {
    /// `ieee80211_ml_reconfiguration`: the least time of all links that go is that of all of them; a beacon that
    /// does not say so any more cancels it.
    fn announce_removal(&mut self, now: Instant, announced: Option<&Reconfiguration>) {
        let mut timers: BTreeMap<LinkId, u16> = BTreeMap::new();
        for profile in announced.into_iter().flat_map(Reconfiguration::profiles) {
            if let (Some(id), ReconfigurationOperation::ApRemoval, Some(timer)) =
                (profile.link(), profile.operation, profile.info.removal_timer)
            {
                timers.insert(id, timer);
            }
        }
        let going = timers.into_iter().filter_map(|(id, timer)| {
            let link = self.links.get(&Some(id))?;
            Some((id, time_units(u64::from(link.interval) * u64::from(timer.saturating_sub(1)))))
        });
        let going: BTreeMap<LinkId, Duration> = going.collect();
        let delay = going.values().min().copied();
        self.removal = delay.map(|delay| (now + delay, going.into_keys().collect()));
    }
}

impl Mac80211 {
    /// The beacon of a BSS was heard.
    pub(super) fn beacon(&mut self, bssid: MacAddr, frequency: Frequency, context: &mut Context<'_>) {
        let Phase::Associated(associated) = &mut self.phase else { return };
        let mut links = associated.links.iter_mut();
        let Some((id, link)) = links.find(|(_, link)| link.bssid == bssid && link.frequency == frequency)
        else {
            return;
        };
        link.silent = false;
        associated.loss = None;
        let id = *id;
        let Some(bss) = context.table.on(bssid, frequency).cloned() else { return };
        let elements = Elements::new(bss.beacon_elements.as_ref().unwrap_or(&bss.elements));
        if id.is_some() {
            associated.announce_removal(context.now, announced(elements).as_ref());
        }
        let dbm = bss.signal_mbm / 100;
        self.announce_switch(id, channel_switch(elements, frequency), context);
        self.follow_signal(dbm, context);
    }

    /// `ieee80211_set_cqm_rssi_config`: refused, as there, for an AP MLD, whose entry is not found at a link's address.
    pub(super) fn watch_signal(
        &mut self,
        thresholds: Vec<i8>,
        context: &mut Context<'_>,
    ) -> Result<(), Denial> {
        let Phase::Associated(associated) = &mut self.phase else { return Err(Errno::ENOTCONN.into()) };
        let Some(link) = associated.links.get(&None) else { return Err(Errno::ENOENT.into()) };
        let heard = context.table.on(link.bssid, link.frequency).map(|bss| bss.signal_mbm / 100);
        let below = heard.map_or(0, |dbm| below(&thresholds, dbm));
        associated.watched = Some((thresholds, below));
        Ok(())
    }

    /// Tells when the signal has crossed a threshold.
    fn follow_signal(&mut self, dbm: i32, context: &mut Context<'_>) {
        let Phase::Associated(associated) = &mut self.phase else { return };
        let Some((thresholds, before)) = &mut associated.watched else { return };
        let now = below(thresholds, dbm);
        let quality = match now.cmp(before) {
            Ordering::Greater => Quality::Low(Some(dbm)),
            Ordering::Less => Quality::High(Some(dbm)),
            Ordering::Equal => return,
        };
        *before = now;
        context.say(Indication::Quality(quality));
    }

    fn announce_switch(
        &mut self,
        id: Option<LinkId>,
        announced: Option<(Option<Frequency>, u8)>,
        context: &mut Context<'_>,
    ) {
        let Phase::Associated(associated) = &mut self.phase else { return };
        let peer = associated.peer;
        let Some(link) = associated.links.get_mut(&id) else { return };
        match (announced, link.switching) {
            (None, _) => link.switching = None,
            (Some(_), Some(_)) => {}
            (Some((Some(target), count)), None) if context.allows(target) => {
                let wait = time_units(u64::from(link.interval) * u64::from(count.max(1) - 1));
                link.switching = Some((context.now + wait, target));
                context.say(Indication::ChannelSwitchStarted { link: id, frequency: target });
            }
            (Some(_), None) => {
                context.log(|| format!("AP {peer} switches to unsupported channel, disconnecting"));
                self.lose(context);
            }
        }
    }

    pub(super) fn switch_channels(&mut self, context: &mut Context<'_>) {
        let Phase::Associated(associated) = &mut self.phase else { return };
        for (id, link) in &mut associated.links {
            if let Some((until, frequency)) = link.switching
                && until <= context.now
            {
                link.switching = None;
                link.frequency = frequency;
                context.say(Indication::ChannelSwitched { link: *id, frequency });
            }
        }
    }

    /// `ieee80211_ml_reconf_work`.
    pub(super) fn removal_due(&mut self, context: &mut Context<'_>) {
        let Phase::Associated(associated) = &mut self.phase else { return };
        let Some((_, removed)) = associated.removal.take_if(|(until, _)| *until <= context.now) else {
            return;
        };
        let before = associated.link_ids();
        context.log(|| {
            let (valid, removed) = (mask(&before), mask(&removed));
            format!("MLO Reconfiguration: work: valid={valid:#x}, removed={removed:#x}")
        });
        if before.is_subset(&removed) {
            context.log(|| String::from("No valid links after reconfiguration"));
            return self.lose(context);
        }
        let keeps = context.setup.habits.has(Habit::KernelKeepsRemovedStationLinks);
        associated.remove_links(context.now, &removed, keeps);
        context.say(Indication::LinksRemoved(removed.intersection(&before).copied().collect()));
    }

    /// Beacons of a link stop coming.
    pub(super) fn beacons_lost(&mut self, bssid: MacAddr, context: &mut Context<'_>) {
        let Phase::Associated(associated) = &mut self.phase else { return };
        let Some(link) = associated.links.values_mut().find(|link| link.bssid == bssid) else { return };
        link.silent = true;
        associated.miss_beacons(context.now);
    }

    pub(super) fn loss_due(&mut self, context: &mut Context<'_>) {
        let Phase::Associated(associated) = &mut self.phase else { return };
        let peer = associated.peer;
        match associated.loss {
            Some(Loss::Missing(until)) if until <= context.now => {
                associated.loss = Some(Loss::Probing(context.now + PROBING));
                context.say(Indication::Quality(Quality::BeaconLoss));
            }
            Some(Loss::Probing(until)) if until <= context.now => {
                context.log(|| format!("Connection to AP {peer} lost"));
                self.lose(context);
            }
            _ => {}
        }
    }
}

impl Associated {
    /// Begins to miss beacons once no link has any.
    fn miss_beacons(&mut self, now: Instant) {
        if self.loss.is_none() && self.links.values().all(|link| link.silent) {
            let interval = self.links.values().map(|link| link.interval).max().unwrap_or_default();
            self.loss = Some(Loss::Missing(now + time_units(u64::from(interval) * MISSED)));
        }
    }

    /// Drops links with all that is theirs. By a bad habit the entry of the peer keeps them.
    pub(super) fn remove_links(&mut self, now: Instant, removed: &BTreeSet<LinkId>, station_keeps: bool) {
        let gone = |id: &Option<LinkId>| id.is_some_and(|id| removed.contains(&id));
        self.links.retain(|id, _| !gone(id));
        self.group.retain(|(id, _), _| !gone(id));
        if !station_keeps {
            self.station_links.retain(|id| !removed.contains(id));
        }
        if let Some((_, going)) = &mut self.removal {
            going.retain(|id| !removed.contains(id));
        }
        self.removal.take_if(|(_, going)| going.is_empty());
        self.miss_beacons(now);
    }
}
