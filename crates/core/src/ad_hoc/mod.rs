//! A network without access points whose members know a passphrase (an IBSS with RSN, 802.11-2020 4.10.4.3, 12.6.10).
//!
//! Nobody is the access point: each member does the 4-way handshake with each other one twice, once as the
//! authenticator and once as the supplicant. The pairwise key of two members is that of the handshake which the one
//! with the greater address began. Each has a group key of its own for what it sends to all, and gives it away in the
//! handshake that it begins.
//!
//! Two things are not as with an access point. A member may leave and come back without a word: its message 1 in clear
//! is answered beside the keys in use, which are given up only when a new handshake has proved the passphrase. And
//! nobody can be sent away: with one who does not know the passphrase it is tried again from time to time, and its
//! port stays closed.

mod peer;
mod vocabulary;

pub use crate::ap::Reply;
pub use vocabulary::{Action, Event, Report, Request, Setup, Trouble};

use crate::{
    Entropy, Instant, Secret,
    kernel::{KeyKind, KeyRequest},
};
use alloc::{collections::BTreeMap, vec, vec::Vec};
use lapwing_frames::MacAddr;
use peer::{Peer, Wish};

/// How many members are known: as many as mac80211 keeps in such a network.
const MAX_PEERS: usize = 128;

/// The index of our group key. It stays: who sent what is told by the sender's address.
const GROUP_KEY: u8 = 1;

/// What a request was for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Asked {
    /// Our group key.
    GroupKey,
    /// Of a peer: a refusal ends the try.
    Key(MacAddr),
    /// How far our group key is, for a peer.
    PacketNumber(MacAddr),
    /// The peer's port.
    Port(MacAddr),
}

impl Asked {
    fn is_of(self, peer: MacAddr) -> bool {
        match self {
            Self::GroupKey => false,
            Self::Key(of) | Self::PacketNumber(of) | Self::Port(of) => of == peer,
        }
    }
}

/// Whether the network is there yet.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Phase {
    /// The kernel has not said that we are in it.
    Joining,
    /// We are.
    Joined,
}

/// A member of a protected network without access points.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AdHoc {
    setup: Setup,
    group_key: KeyRequest,
    phase: Phase,
    peers: BTreeMap<MacAddr, Peer>,
    /// What is not answered yet.
    asked: BTreeMap<u64, Asked>,
    number: u64,
}

impl AdHoc {
    /// A member that has heard of nobody; nothing if the cipher is none for data.
    #[must_use]
    pub fn new(setup: Setup, entropy: &mut dyn Entropy) -> Option<Self> {
        let mut key = vec![0; setup.cipher.key_length()?];
        entropy.fill(&mut key);
        let group_key = KeyRequest {
            kind: KeyKind::Group,
            link: None,
            index: GROUP_KEY,
            cipher: setup.cipher,
            key: Secret::from_vec(key),
            sequence: [0; 6],
        };
        let (peers, asked) = (BTreeMap::new(), BTreeMap::new());
        Some(Self { setup, group_key, phase: Phase::Joining, peers, asked, number: 0 })
    }

    /// Those with whom everything is agreed, and whose ports are open.
    pub fn connected(&self) -> impl Iterator<Item = MacAddr> {
        self.peers.iter().filter(|(_, peer)| peer.is_connected()).map(|(address, _)| *address)
    }

    /// When [`Event::Tick`] is due, if it is.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.peers.values().filter_map(Peer::deadline).min()
    }

    /// Takes an event and says what is to be done, in this order.
    pub fn turn(&mut self, now: Instant, event: Event<'_>, entropy: &mut dyn Entropy) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::Joined if self.phase == Phase::Joining => {
                self.phase = Phase::Joined;
                let key = self.group_key.clone();
                self.ask(Request::InstallGroupKey { peer: None, key }, Some(Asked::GroupKey), &mut actions);
                self.ask(Request::UseGroupKey { index: GROUP_KEY }, Some(Asked::GroupKey), &mut actions);
                for address in self.peers.keys().copied().collect::<Vec<_>>() {
                    self.with(address, &mut actions, |peer, wishes| peer.begin(now, entropy, wishes));
                }
            }
            Event::Joined => {}
            Event::PeerCame(address) => self.came(now, address, entropy, &mut actions),
            Event::PeerLeft(address) => {
                self.asked.retain(|_, asked| !asked.is_of(address));
                if self.peers.remove(&address).is_some_and(|peer| peer.is_connected()) {
                    actions.push(Action::Report(Report::Disconnected(address)));
                }
            }
            Event::KeyFrame { from, bytes, protected } => {
                self.with(from, &mut actions, |peer, wishes| {
                    peer.heard(now, bytes, protected, entropy, wishes);
                });
            }
            Event::Answered { number, outcome } => self.answered(now, number, outcome, &mut actions),
            Event::Tick => {
                for address in self.peers.keys().copied().collect::<Vec<_>>() {
                    self.with(address, &mut actions, |peer, wishes| peer.tick(now, entropy, wishes));
                }
            }
        }
        actions
    }

    fn came(&mut self, now: Instant, address: MacAddr, entropy: &mut dyn Entropy, actions: &mut Vec<Action>) {
        let is_possible = address != self.setup.address && !address.is_group();
        if !is_possible || self.peers.len() >= MAX_PEERS || self.peers.contains_key(&address) {
            return;
        }
        self.peers.insert(address, Peer::new(&self.setup, address, &self.group_key));
        if self.phase == Phase::Joined {
            self.with(address, actions, |peer, wishes| peer.begin(now, entropy, wishes));
        }
    }

    /// Lets a peer do something, and does what it wants.
    fn with(
        &mut self,
        address: MacAddr,
        actions: &mut Vec<Action>,
        act: impl FnOnce(&mut Peer, &mut Vec<Wish>),
    ) {
        let Some(peer) = self.peers.get_mut(&address) else { return };
        let mut wishes = Vec::new();
        act(peer, &mut wishes);
        for wish in wishes {
            let (request, asked) = match wish {
                Wish::Report(report) => {
                    actions.push(Action::Report(report));
                    continue;
                }
                Wish::Forget => {
                    self.asked.retain(|_, asked| !asked.is_of(address));
                    continue;
                }
                Wish::Send { bytes, in_clear } => {
                    (Request::SendKeyFrame { to: address, bytes, in_clear }, None)
                }
                Wish::PairwiseKey(key) => (Request::InstallKey(key), Some(Asked::Key(address))),
                Wish::GroupKey(key) => {
                    (Request::InstallGroupKey { peer: Some(address), key }, Some(Asked::Key(address)))
                }
                Wish::PacketNumber => {
                    (Request::ReadPacketNumber { index: GROUP_KEY }, Some(Asked::PacketNumber(address)))
                }
                Wish::OpenPort => (Request::AuthorizePeer { peer: address }, Some(Asked::Port(address))),
            };
            self.ask(request, asked, actions);
        }
    }

    fn ask(&mut self, request: Request, asked: Option<Asked>, actions: &mut Vec<Action>) {
        self.number = self.number.saturating_add(1);
        self.asked.extend(asked.map(|asked| (self.number, asked)));
        actions.push(Action::Request { number: self.number, request });
    }

    fn answered(&mut self, now: Instant, number: u64, outcome: Result<Reply, ()>, actions: &mut Vec<Action>) {
        let Some(asked) = self.asked.remove(&number) else { return };
        match (asked, outcome) {
            (Asked::GroupKey, Err(())) => actions.push(Action::Report(Report::NoGroupKey)),
            (Asked::PacketNumber(peer), outcome) => {
                if let Ok(Reply::PacketNumber(number)) = outcome {
                    let [a, b, c, d, e, f, ..] = number.to_le_bytes();
                    self.group_key.sequence = [a, b, c, d, e, f];
                }
                // One that is not told stays as it was known last: a kernel that cannot say it sends all the same.
                let key = self.group_key.clone();
                self.with(peer, actions, |peer, wishes| peer.give_group_key(now, key, wishes));
            }
            (Asked::Key(peer) | Asked::Port(peer), Err(())) => {
                self.with(peer, actions, |peer, wishes| peer.refused(now, wishes));
            }
            (Asked::Port(peer), Ok(_)) => self.with(peer, actions, Peer::opened),
            (Asked::GroupKey | Asked::Key(_), Ok(_)) => {}
        }
    }
}
