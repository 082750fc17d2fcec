//! Reading back what the kernel believes, when our own belief is in doubt.

use super::context::Turn;
use crate::{
    attempt::Ticket,
    kernel::{InterfaceState, Refusal, Reply, Request, StationState},
    time::{Duration, Instant},
};
use alloc::vec::Vec;
use lapwing_frames::{LinkId, MacAddr};

/// How long the kernel may take for the three answers.
const LIMIT: Duration = Duration::from_secs(5);

/// What the kernel believes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Picture {
    /// The interface; none if it could not be read.
    pub interface: Option<InterfaceState>,
    /// The peers; none if they could not be read, which says nothing about them.
    pub stations: Option<Vec<StationState>>,
}

impl Picture {
    /// A peer that the kernel is connected to.
    pub(super) fn peer(&self) -> Option<MacAddr> {
        self.stations.as_ref()?.first().map(|station| station.address)
    }

    /// The links that the kernel's entry of this peer has, where it says so.
    pub(super) fn links_of(&self, peer: MacAddr) -> impl Iterator<Item = LinkId> {
        let of_peer = self.stations.iter().flatten().filter(move |station| station.address == peer);
        of_peer.flat_map(|station| station.links.iter().copied())
    }

    /// Whether the port to this peer is open.
    pub(super) fn has_authorized(&self, peer: MacAddr) -> bool {
        self.stations.iter().flatten().any(|station| station.address == peer && station.authorized)
    }
}

/// The reading that is under way, or not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Resync {
    #[default]
    Resting,
    Reading {
        /// The requests that are not answered yet.
        waiting: Vec<Ticket>,
        picture: Picture,
        until: Instant,
    },
}

impl Resync {
    pub(super) const fn deadline(&self) -> Option<(Instant, &'static str)> {
        match self {
            Self::Resting => None,
            Self::Reading { until, .. } => Some((*until, "the kernel's view of the interface")),
        }
    }
}

impl Turn<'_> {
    /// Begins to read back, anew if a reading is under way: an older answer may be out of date.
    pub(super) fn resync(&mut self) {
        let waiting = [Request::ReadInterface, Request::ReadStations].map(|request| self.ask(None, request));
        self.context.resync = Resync::Reading {
            waiting: waiting.to_vec(),
            picture: Picture::default(),
            until: self.now + LIMIT,
        };
        self.read_table(None);
    }

    /// The peer that the kernel is connected to. A firmware that is connecting to one that it does not name, and
    /// that nobody waits for, is held to have one too.
    pub(super) fn held(&self, picture: &Picture) -> Option<MacAddr> {
        let interface = picture.interface.as_ref().filter(|_| self.is_fullmac());
        let nameless = interface.and_then(|interface| interface.ssid.as_ref()).map(|_| MacAddr::default());
        picture.peer().or(nameless)
    }

    /// Takes the completion of a reading. `Err` gives it back if it is not one.
    pub(super) fn resync_completed(
        &mut self,
        ticket: Ticket,
        outcome: Result<Reply, Refusal>,
    ) -> Result<Option<Picture>, Result<Reply, Refusal>> {
        let Resync::Reading { waiting, picture, .. } = &mut self.context.resync else { return Err(outcome) };
        let Some(place) = waiting.iter().position(|&ours| ours == ticket) else { return Err(outcome) };
        waiting.remove(place);
        match outcome {
            Ok(Reply::Interface(interface)) => picture.interface = Some(interface),
            Ok(Reply::Stations(stations)) => picture.stations = Some(stations),
            // An interface that is gone has no peers; nothing else refuses to be read.
            Ok(Reply::Done | Reply::Sent { .. } | Reply::Scan(_)) | Err(_) => {}
        }
        if !waiting.is_empty() {
            return Ok(None);
        }
        let picture = core::mem::take(picture);
        self.context.resync = Resync::Resting;
        Ok(Some(picture))
    }

    /// The kernel did not answer.
    pub(super) fn resync_overdue(&mut self) -> Picture {
        self.context.resync = Resync::Resting;
        Picture::default()
    }
}
