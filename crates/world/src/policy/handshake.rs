//! From the kernel's word of the association to the open port: the core's supplicant, and what it wants done.

use super::Turn;
use super::target::Target;
use lapwing_core::attempt::Ticket;
use lapwing_core::kernel::{Connection, Request};
use lapwing_core::rsn::supplicant::{Output, Setup};
use lapwing_core::rsn::{Candidate, Link, Peer, Plan, Supplicant};
use lapwing_frames::management::StatusCode;

/// The handshakes of a connection.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Handshake {
    supplicant: Supplicant,
    /// What the kernel must still accept before the port counts as open.
    outstanding: Vec<Ticket>,
    /// The port was asked for.
    asked: bool,
    /// The indices of the keys that were installed since somebody looked.
    pub(super) installed: Vec<u8>,
}

/// What became of a key frame, or of a completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It goes on.
    Going,
    /// The port is open.
    Open,
    /// It failed.
    Failed,
}

impl Handshake {
    /// The handshake of an association as the kernel reports it; none if there are no keys to make.
    pub(super) fn new(
        turn: &Turn<'_, '_>,
        target: &Target,
        plan: Option<Plan>,
        connection: &Connection,
        candidates: Vec<Candidate>,
    ) -> Option<Self> {
        let station = turn.seat.address;
        let peer = match &target.mld {
            None => Peer::Bss(Link {
                bssid: connection.peer,
                station,
                advertised: target.advertised.clone(),
                channel: None,
                accepted: true,
            }),
            Some(mld) => Peer::Mld {
                address: mld.address,
                station,
                association_link: mld.association_link,
                links: connection
                    .links
                    .iter()
                    .filter_map(|link| {
                        let told = mld.links.get(&link.id)?;
                        let made = Link {
                            bssid: link.bssid,
                            station: link.address,
                            advertised: told.advertised.clone(),
                            channel: None,
                            accepted: link.status == StatusCode::Success,
                        };
                        Some((link.id, made))
                    })
                    .collect(),
            },
        };
        let can_replace_pairwise = turn.seat.radio.can_replace_pairwise_key;
        let ssid = target.ssid.clone();
        let plan = plan?;
        let protection_is_told = turn.seat.radio.control_port;
        let membership = None;
        let setup =
            Setup { ssid, peer, plan, candidates, can_replace_pairwise, protection_is_told, membership };
        let supplicant = Supplicant::new(setup);
        Some(Self { supplicant, outstanding: Vec::new(), asked: false, installed: Vec::new() })
    }

    /// Takes a key frame of the access point.
    pub(super) fn take(&mut self, turn: &mut Turn<'_, '_>, bytes: &[u8], in_clear: bool) -> Progress {
        let peer = self.supplicant.setup().peer.address();
        let mut outputs = Vec::new();
        self.supplicant.handle(&mut *turn.means.entropy, bytes, !in_clear, &mut outputs);
        for output in outputs {
            match output {
                Output::SendKeyFrame { octets, in_clear } => {
                    turn.ask(Request::SendKeyFrame { to: peer, bytes: octets, in_clear });
                }
                Output::InstallKey(key) => {
                    self.installed.push(key.index);
                    self.outstanding.push(turn.ask(Request::InstallKey(key)));
                }
                Output::UseKey { index } => {
                    self.outstanding.push(turn.ask(Request::UseKey { peer, index }));
                }
                Output::Secured => {
                    self.outstanding.push(turn.ask(Request::AuthorizePort { peer }));
                    self.asked = true;
                }
                Output::Broken(_) | Output::RekeyByReconnect => return Progress::Failed,
                Output::Rekeyed(_) | Output::TransitionDisable(_) | Output::Ignored(_) => {}
            }
        }
        Progress::Going
    }

    /// Takes the kernel's answer to one of the requests.
    pub(super) fn completed(&mut self, ticket: Ticket, accepted: bool) -> Progress {
        let Some(place) = self.outstanding.iter().position(|ours| *ours == ticket) else {
            return Progress::Going;
        };
        self.outstanding.remove(place);
        match (accepted, self.asked && self.outstanding.is_empty()) {
            (false, _) => Progress::Failed,
            (true, true) => {
                self.asked = false;
                Progress::Open
            }
            (true, false) => Progress::Going,
        }
    }

    /// Links that are gone.
    pub(super) fn remove_link(&mut self, link: lapwing_frames::LinkId) {
        self.supplicant.remove_link(link);
    }
}
