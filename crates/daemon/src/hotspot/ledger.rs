//! What was asked of the kernel and is not answered yet.

use lapwing_core::ap::Request;
use lapwing_core::kernel::KeyKind;
use lapwing_core::{Duration, Instant};
use lapwing_frames::LinkId;
use std::collections::BTreeMap;

/// How long the kernel may take for an answer: it gives one within milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// Of how many frames the fate is waited for. The radio tells it in the order in which they went out; of one that it
/// never tells, nothing is kept once as many others went out after it.
const FRAMES: usize = 128;

/// What was asked and is not answered, and the frames whose fate is not known.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    next: u64,
    asked: BTreeMap<u64, (Instant, Request)>,
    frames: BTreeMap<u64, Request>,
}

impl Ledger {
    pub(super) const fn new() -> Self {
        Self { next: 1, asked: BTreeMap::new(), frames: BTreeMap::new() }
    }

    /// Notes a request. Returns its number, which no other ever has.
    pub(super) fn ask(&mut self, now: Instant, request: Request) -> u64 {
        let number = self.next;
        self.next += 1;
        if let Request::SendFrame { .. } = request {
            if self.frames.len() >= FRAMES {
                self.frames.pop_first();
            }
            self.frames.insert(number, request.clone());
        }
        self.asked.insert(number, (now + PATIENCE, request));
        number
    }

    /// Strikes out what was answered. Returns it, unless it is nobody's any more.
    pub(super) fn answered(&mut self, number: u64, done: bool) -> Option<Request> {
        if !done {
            self.frames.remove(&number);
        }
        self.asked.remove(&number).map(|(_, request)| request)
    }

    /// The frame whose fate is known now.
    pub(super) fn sent(&mut self, number: u64) -> Option<Request> {
        self.frames.remove(&number)
    }

    /// What should have been answered by now.
    pub(super) fn overdue(&self, now: Instant) -> Option<&'static str> {
        let late = self.asked.values().find(|(until, _)| *until <= now);
        late.map(|(_, request)| command(request))
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.asked.values().next().map(|(until, _)| *until)
    }

    /// Whether every answer has come.
    pub(super) fn is_clear(&self) -> bool {
        self.asked.is_empty()
    }

    /// Nobody waits for what is not answered.
    pub(super) fn clear(&mut self) {
        self.asked.clear();
        self.frames.clear();
    }
}

/// Whether a BSS is not on the air as it should be while this is not done.
pub(super) const fn belongs_to_bss(request: &Request) -> bool {
    match request {
        Request::AddLink { .. }
        | Request::StartBss(_)
        | Request::SetBeacon(_)
        | Request::UseGroupKey { .. }
        | Request::IsolateClients { .. } => true,
        Request::InstallKey(key) => !matches!(key.kind, KeyKind::Pairwise { .. }),
        Request::RemoveLink { .. }
        | Request::StopBss { .. }
        | Request::SwitchChannel { .. }
        | Request::AddStation(_)
        | Request::AddLinkStation { .. }
        | Request::RemoveLinkStation { .. }
        | Request::AuthorizeStation { .. }
        | Request::RemoveStation { .. }
        | Request::ReadPacketNumber { .. }
        | Request::SendFrame { .. }
        | Request::SendKeyFrame { .. } => false,
    }
}

/// The link of which a request is that makes it.
pub(super) fn link(request: &Request) -> Option<LinkId> {
    match request {
        Request::AddLink { link, .. } => Some(*link),
        Request::StartBss(announcement) | Request::SetBeacon(announcement) => announcement.link,
        Request::UseGroupKey { link, .. } | Request::IsolateClients { link, .. } => *link,
        Request::InstallKey(key) => key.link,
        _ => None,
    }
}

/// The name of the command that a request becomes.
pub(super) const fn command(request: &Request) -> &'static str {
    match request {
        Request::AddLink { .. } => "ADD_LINK",
        Request::RemoveLink { .. } => "REMOVE_LINK",
        Request::StartBss(_) => "START_AP",
        Request::SetBeacon(_) => "SET_BEACON",
        Request::StopBss { .. } => "STOP_AP",
        Request::SwitchChannel { .. } => "CHANNEL_SWITCH",
        Request::AddStation(_) => "NEW_STATION",
        Request::AddLinkStation { .. } => "ADD_LINK_STA",
        Request::RemoveLinkStation { .. } => "REMOVE_LINK_STA",
        Request::AuthorizeStation { .. } => "SET_STATION",
        Request::RemoveStation { .. } => "DEL_STATION",
        Request::InstallKey(_) => "NEW_KEY",
        Request::UseGroupKey { .. } => "SET_KEY",
        Request::ReadPacketNumber { .. } => "GET_KEY",
        Request::IsolateClients { .. } => "SET_BSS",
        Request::SendFrame { .. } => "FRAME",
        Request::SendKeyFrame { .. } => "CONTROL_PORT_FRAME",
    }
}
