//! Interfaces that are access points: what is asked of them, and what they hear.

mod frames;
mod leftover;
mod mode;
mod queue;
mod silence;
mod survey;

use super::ad_hoc::Member;
use super::{Linux, Purpose, key_frames};
use crate::kernel::Heard;
use frames::Frames;
use lapwing_core::ap::{self, KernelEvent};
use lapwing_core::kernel::{Errno, Frequency, KernelEvent as StationEvent, Refusal, Reply};
use lapwing_frames::{LinkId, MacAddr};
use lapwing_linux::netlink::ReplyError;
use lapwing_linux::nl80211::{self, EventKind, iftype};
use lapwing_linux::packet::PacketSocket;
use mode::Switch;
use queue::Queue;
use silence::Silence;
use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::OwnedFd;
use survey::Survey;

/// All access points, and the interfaces that are about to become one or cease to be.
#[derive(Debug, Default)]
pub(super) struct AccessPoints {
    switching: BTreeMap<u32, Switch>,
    running: BTreeMap<u32, Running>,
    /// Those that are of the ad-hoc type instead.
    pub(super) ad_hoc: BTreeMap<u32, Member>,
    /// Those that are access points without our doing and were looked at.
    looked_at: BTreeSet<u32>,
    /// Goes off when it is time to look for clients that are gone.
    timer: Option<OwnedFd>,
}

impl AccessPoints {
    /// Whether an interface is an access point, or changes what it is for: nothing that happens to it is a
    /// station's.
    pub(super) fn has(&self, ifindex: u32) -> bool {
        self.running.contains_key(&ifindex)
            || self.ad_hoc.contains_key(&ifindex)
            || self.switching.contains_key(&ifindex)
    }
}

/// An interface that is an access point.
#[derive(Debug, Default)]
struct Running {
    /// EAPOL frames are packets.
    packets: Option<PacketSocket>,
    queue: Queue,
    frames: Frames,
    silence: Silence,
    /// Whether it looks for other networks.
    survey: Survey,
    /// Its BSSs with their addresses and channels, to tell where a frame came in when the kernel does not say.
    links: BTreeMap<Option<LinkId>, (MacAddr, Frequency)>,
    /// The clients of one link that have no links of their own.
    plain_clients: BTreeMap<MacAddr, LinkId>,
}

impl Running {
    /// Notes what a request does to the links.
    fn note(&mut self, request: &ap::Request) {
        match request {
            ap::Request::StartBss(announcement) => {
                self.links.insert(announcement.link, (announcement.bssid, announcement.channel.primary));
            }
            ap::Request::StopBss { link } => {
                self.links.remove(link);
            }
            ap::Request::RemoveLink { link } => {
                self.links.remove(&Some(*link));
            }
            ap::Request::AddStation(new) if new.link_address.is_none() => {
                self.plain_clients.extend(new.link.map(|link| (new.station, link)));
            }
            ap::Request::RemoveStation { station } => {
                self.plain_clients.remove(station);
            }
            _ => {}
        }
    }

    /// Does what a request has to do with packets. The outcome, if there is nothing more to be done for it.
    fn by_packet(&mut self, request: &ap::Request) -> Option<Result<ap::Reply, Refusal>> {
        let ap::Request::SendKeyFrame { to, bytes, .. } = request else { return None };
        let sent = self.packets.as_ref()?.send(*to, bytes);
        Some(sent.map(|()| ap::Reply::Done).map_err(|error| key_frames::refusal(&error)))
    }

    /// The link that a frame came in on: by its receiver, else by the channel that it was heard on.
    fn link_of(&self, frame: &[u8], frequency: Option<Frequency>) -> Option<LinkId> {
        let receiver = frame.get(4..10).and_then(<[u8]>::first_chunk).map(|octets| MacAddr(*octets));
        let by_address = self.links.iter().find(|(_, (address, _))| Some(*address) == receiver);
        let by_channel = || self.links.iter().find(|(_, (_, on))| Some(*on) == frequency);
        *by_address.or_else(by_channel)?.0
    }

    /// The event with its link, where there are links.
    fn placed(&self, event: KernelEvent, frequency: Option<Frequency>) -> KernelEvent {
        match event {
            KernelEvent::Frame { link: None, bytes, protected } => {
                KernelEvent::Frame { link: self.link_of(&bytes, frequency), bytes, protected }
            }
            event => event,
        }
    }
}

impl Linux {
    pub(super) fn serve(&mut self, ifindex: u32, number: u64, request: ap::Request) {
        let control_port = self.has_control_port(ifindex);
        let Some(running) = self.access_points.running.get_mut(&ifindex) else {
            let message = Some("the interface is no access point".to_owned());
            let outcome = Err(Refusal { errno: Errno::EOPNOTSUPP, message });
            self.heard.push_back(Heard::Served { ifindex, number, outcome });
            return;
        };
        running.queue.asked(number);
        running.note(&request);
        if !control_port {
            if matches!(request, ap::Request::StartBss(_)) && running.packets.is_none() {
                match key_frames::listen(&self.epoll, ifindex) {
                    Ok(socket) => running.packets = Some(socket),
                    Err(refusal) => return self.served(ifindex, number, Err(refusal)),
                }
            }
            if let Some(outcome) = running.by_packet(&request) {
                return self.served(ifindex, number, outcome);
            }
        }
        let is_frame = matches!(request, ap::Request::SendFrame { .. });
        let request = nl80211::Request::AccessPoint { ifindex, control_port, request };
        self.ask(&request, Purpose::Serve { ifindex, number, is_frame });
    }

    pub(super) fn has_control_port(&self, ifindex: u32) -> bool {
        let wiphy = self.interfaces.get(&ifindex).map(|info| info.interface.wiphy);
        let radio = wiphy.and_then(|wiphy| self.radios.get(&wiphy));
        radio.is_some_and(|wiphy| self.limited(wiphy).control_port)
    }

    /// The outcome of a request is there; it is told when those of all earlier ones have been.
    pub(super) fn served(&mut self, ifindex: u32, number: u64, outcome: Result<ap::Reply, Refusal>) {
        let Some(running) = self.access_points.running.get_mut(&ifindex) else {
            self.heard.push_back(Heard::Served { ifindex, number, outcome });
            return;
        };
        running.queue.answered(number, outcome);
        while let Some((number, outcome)) = running.queue.next() {
            self.heard.push_back(Heard::Served { ifindex, number, outcome });
        }
        let told = running.frames.told();
        self.heard.extend(told.into_iter().map(|(number, acknowledged)| Heard::FrameServed {
            ifindex,
            number,
            acknowledged,
        }));
    }

    /// Nl80211 has answered.
    pub(super) fn answered_access_point(
        &mut self,
        (ifindex, number, is_frame): (u32, u64, bool),
        result: Result<nl80211::Reply, ReplyError>,
    ) {
        let outcome = match result {
            Ok(nl80211::Reply::Station(Reply::Sent { cookie })) => {
                if is_frame && let Some(running) = self.access_points.running.get_mut(&ifindex) {
                    running.frames.sent(cookie, number);
                }
                Ok(ap::Reply::Done)
            }
            Ok(nl80211::Reply::KeySequence([a, b, c, d, e, f])) => {
                Ok(ap::Reply::PacketNumber(u64::from_le_bytes([a, b, c, d, e, f, 0, 0])))
            }
            Ok(_) => Ok(ap::Reply::Done),
            Err(error) => Err(Refusal::from(error)),
        };
        self.served(ifindex, number, outcome);
    }

    /// Something happened to an interface that is an access point, or changes what it is for. Returns what is
    /// nothing of an access point.
    pub(super) fn happened_to_access_point(
        &mut self,
        ifindex: u32,
        event: nl80211::Event,
    ) -> Option<nl80211::Event> {
        match &event.kind {
            EventKind::NewInterface(info) => {
                let is_ad_hoc =
                    info.iftype == iftype::ADHOC && self.access_points.ad_hoc.contains_key(&ifindex);
                let is_ours = info.iftype == iftype::AP || is_ad_hoc;
                if is_ours || self.access_points.switching.contains_key(&ifindex) {
                    self.interfaces.insert(ifindex, info.clone());
                    return None;
                }
                // Somebody else wants it for something else: to us it is gone, and perhaps comes back as that.
                self.stopped(ifindex);
                self.gone(ifindex);
                self.read_links();
                return Some(event);
            }
            EventKind::Station(StationEvent::InterfaceRemoved | StationEvent::RegulatoryChanged) => {
                return Some(event);
            }
            _ => {}
        }
        if self.access_points.switching.contains_key(&ifindex) {
            // It is our own doing.
            return None;
        }
        if self.access_points.ad_hoc.contains_key(&ifindex) {
            self.happened_to_ad_hoc(ifindex, event.kind);
            return None;
        }
        let running = self.access_points.running.get_mut(&ifindex)?;
        match event.kind {
            EventKind::Station(StationEvent::FrameStatus { cookie, acknowledged }) => {
                if running.silence.status(cookie, acknowledged) {
                    return None;
                }
                let told = running.frames.status(cookie, acknowledged);
                self.heard.extend(told.map(|number| Heard::FrameServed { ifindex, number, acknowledged }));
            }
            EventKind::Station(StationEvent::ScanDone { .. } | StationEvent::ScanAborted) => {
                self.survey_done(ifindex);
            }
            EventKind::ClientProbed { cookie, acknowledged } => {
                running.silence.status(cookie, acknowledged);
            }
            _ => {
                let frequency = event.channel.map(|channel| channel.primary);
                if let Some(event) = nl80211::access_point_event(event) {
                    let event = running.placed(event, frequency);
                    self.heard.push_back(Heard::AccessPoint { ifindex, event });
                }
            }
        }
        None
    }

    /// EAPOL frames that are packets.
    pub(super) fn heard_clients_key_frames(&mut self) {
        for (&ifindex, running) in &mut self.access_points.running {
            while let Some(Ok(Some(packet))) = running.packets.as_mut().map(PacketSocket::receive) {
                // Nobody says whether it came in clear; who made it, its MIC says.
                let (from, bytes, protected) = (packet.source, packet.octets, true);
                let event = KernelEvent::KeyFrame { from, bytes, protected };
                self.heard.push_back(Heard::AccessPoint { ifindex, event });
            }
        }
    }

    /// The interface of an access point went down, or is no access point any more.
    pub(super) fn stopped(&mut self, ifindex: u32) {
        if self.access_points.switching.contains_key(&ifindex) {
            // It is our own doing.
            return;
        }
        if let Some(running) = self.access_points.running.get_mut(&ifindex) {
            running.links.clear();
            running.plain_clients.clear();
            running.silence = Silence::default();
            let event = KernelEvent::Stopped;
            self.heard.push_back(Heard::AccessPoint { ifindex, event });
        }
    }

    /// The interface is gone.
    pub(super) fn forget_access_point(&mut self, ifindex: u32) {
        self.end_switch(ifindex);
        self.access_points.ad_hoc.remove(&ifindex);
        if let Some(mut running) = self.access_points.running.remove(&ifindex) {
            while let Some((number, outcome)) = running.queue.last() {
                self.heard.push_back(Heard::Served { ifindex, number, outcome });
            }
        }
    }
}
