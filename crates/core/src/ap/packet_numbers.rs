//! How far group keys are: message 3 and group message 1 say it, so that nothing that was sent before can be sent
//! again to who comes now (802.11-2020 12.7.6.4). The kernel counts; it is asked each time, and is not waited for long.

use super::{
    AccessPoint,
    client::{Association, Client, Reading, Reconfiguration},
    vocabulary::{Reply, Report, Request},
};
use crate::{Duration, Instant, kernel::KeyKind};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use lapwing_frames::{LinkId, MacAddr};

/// How long the kernel is waited for. It answers at once; a station that asked for links gives up after 100 ms.
const PATIENCE: Duration = Duration::from_millis(50);

/// A group key in use.
pub(super) type GroupKeyName = (Option<LinkId>, u8);

/// Who waits for the packet number of which key: each is asked for once at a time, whoever waits.
pub(super) type Reads = BTreeMap<GroupKeyName, BTreeSet<MacAddr>>;

impl AccessPoint {
    /// Asks how far the keys are that a client is about to get: those in use of these links. Keys that nothing was
    /// sent with yet need no question.
    fn ask_packet_numbers(
        &mut self,
        now: Instant,
        station: MacAddr,
        wanted: BTreeSet<GroupKeyName>,
    ) -> Reading {
        for name in &wanted {
            let waiting = self.reads.entry(*name).or_default();
            let asked = !waiting.is_empty();
            waiting.insert(station);
            if !asked {
                self.ask(Request::ReadPacketNumber { link: name.0, index: name.1 });
            }
        }
        Reading { wanted, until: now + PATIENCE }
    }

    /// The keys in use that a client has or gets; of one link or of all.
    fn keys_in_use(&self, association: &Association, of: impl Fn(LinkId) -> bool) -> BTreeSet<GroupKeyName> {
        let mut links: Vec<Option<LinkId>> =
            association.links.keys().copied().filter(|link| of(*link)).map(Some).collect();
        if !association.authentication.is_mld {
            links = Vec::from([association.link]);
        }
        let in_use = links.into_iter().filter(|link| !self.is_renewed(*link));
        let keys = in_use.filter_map(|link| self.bss.get(&link)).flat_map(|bss| &bss.keys);
        let own = keys.filter(|key| association.frame_protection || key.kind == KeyKind::Group);
        own.map(|key| (key.link, key.index)).collect()
    }

    /// A client is about to get the group keys.
    pub(super) fn read_for_handshake(&mut self, now: Instant, station: MacAddr) {
        let Some(association) = self.association(station) else { return };
        let wanted = self.keys_in_use(association, |_| true);
        let reading = self.ask_packet_numbers(now, station, wanted);
        if let Some(association) = self.association_mut(station) {
            association.reading = Some(reading);
        }
        self.finish_readings(now, station);
    }

    /// A client is about to get the group keys of links that it added.
    pub(super) fn read_for_links(&mut self, now: Instant, station: MacAddr, answer: Reconfiguration) {
        let Some(association) = self.association(station) else { return };
        let wanted = self.keys_in_use(association, |link| answer.added.contains(&link));
        let reading = self.ask_packet_numbers(now, station, wanted);
        if let Some(association) = self.association_mut(station) {
            association.reconfiguration = Some(Reconfiguration { reading, ..answer });
        }
        self.finish_readings(now, station);
    }

    /// The kernel did what it was asked for.
    pub(super) fn on_answered(&mut self, now: Instant, request: &Request, reply: Reply) {
        let (Request::ReadPacketNumber { link, index }, Reply::PacketNumber(number)) = (request, reply)
        else {
            return;
        };
        let keys = self.bss.get_mut(link).into_iter().flat_map(|bss| &mut bss.keys);
        for key in keys.filter(|key| key.index == *index) {
            let [a, b, c, d, e, f, ..] = number.to_le_bytes();
            key.sequence = [a, b, c, d, e, f];
        }
        self.key_was_read(now, (*link, *index));
    }

    /// The kernel cannot say it, or does not any more.
    pub(super) fn on_unread(&mut self, now: Instant, name: GroupKeyName) {
        for station in self.reads.get(&name).into_iter().flatten().copied().collect::<Vec<_>>() {
            self.report(Report::PacketNumbersUnread(station));
        }
        self.key_was_read(now, name);
    }

    fn key_was_read(&mut self, now: Instant, name: GroupKeyName) {
        for station in self.reads.remove(&name).unwrap_or_default() {
            if let Some(association) = self.association_mut(station) {
                for reading in association.readings() {
                    reading.wanted.remove(&name);
                }
            }
            self.finish_readings(now, station);
        }
    }

    /// Nothing more is waited for of a client whose time is up.
    pub(super) fn end_readings(&mut self, now: Instant, station: MacAddr) {
        let Some(association) = self.association_mut(station) else { return };
        let mut late = false;
        for reading in association.readings().filter(|reading| now >= reading.until) {
            late |= !reading.wanted.is_empty();
            reading.wanted.clear();
        }
        if late {
            self.report(Report::PacketNumbersUnread(station));
            if self
                .association_mut(station)
                .is_some_and(|known| known.readings().all(|left| left.wanted.is_empty()))
            {
                self.forget_reads(station);
            }
            self.finish_readings(now, station);
        }
    }

    /// A client waits for nothing any more.
    pub(super) fn forget_reads(&mut self, station: MacAddr) {
        self.reads.retain(|_, waiting| {
            waiting.remove(&station);
            !waiting.is_empty()
        });
    }

    /// Goes on with what has waited for numbers that are there now.
    fn finish_readings(&mut self, now: Instant, station: MacAddr) {
        let Some(association) = self.association_mut(station) else { return };
        let handshake = association.reading.take_if(|reading| reading.wanted.is_empty());
        let links = association.reconfiguration.take_if(|answer| answer.reading.wanted.is_empty());
        if handshake.is_some() {
            let keys = self.association(station).map(|association| self.keys_for(association));
            let mut outputs = Vec::new();
            if let (Some(Client::Associated(association)), Some(keys)) = (self.clients.get_mut(station), keys)
                && let Some(authenticator) = association.port.authenticator_mut()
            {
                authenticator.give_group_keys(now, keys, &mut outputs);
            }
            self.follow(now, station, outputs);
        }
        if let Some(answer) = links {
            self.answer_reconfiguration(station, answer);
        }
    }
}
