//! Ad-hoc networks: open ones, which the kernel runs by itself, and those with a passphrase, whose members have keys
//! with each other ([`lapwing_core::ad_hoc`]).

use super::calls::{First, NO_INTERFACE, UNAVAILABLE, Wish, refused};
use super::modes::{Role, SWITCHING};
use super::{Daemon, Now};
use crate::control::{AdHocPassphrase, AdHocView, Answer, CallError, CallId};
use crate::kernel::{AdHocEvent, Command, Kernel};
use lapwing_core::Instant;
use lapwing_core::ad_hoc::{self, Action, Event, Report, Setup, Trouble};
use lapwing_core::attempt::Phase as Attempted;
use lapwing_core::crypto::kdf::passphrase_to_psk;
use lapwing_core::crypto::keys::Pmk;
use lapwing_core::kernel::Frequency;
use lapwing_core::{Secret, radio::Radio};
use lapwing_frames::suite::Cipher;
use lapwing_frames::{MacAddr, Ssid};
use std::collections::BTreeSet;
use tracing::{debug, info, warn};

/// Channel 6, where iwd has its networks: those who want to meet have to be on one channel.
const CHANNEL: Frequency = Frequency(2437);

/// The ciphers of protected networks in the order in which iwd chooses: all members have to have the same.
const CIPHERS: [Cipher; 4] = [Cipher::Gcmp256, Cipher::Ccmp256, Cipher::Gcmp128, Cipher::Ccmp128];

/// The interface is in another mode.
const NO_AD_HOC: CallError =
    CallError::NotAvailable("The interface is not in the ad-hoc mode. Set its Mode to 'ad-hoc' first.");

/// Who else is in a network.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Members {
    /// It is open: whoever the kernel knows.
    Open(BTreeSet<MacAddr>),
    /// It has a passphrase: who knows it too.
    Protected(Box<ad_hoc::AdHoc>),
}

/// An ad-hoc network, or that there is none.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) enum AdHoc {
    /// There is none.
    #[default]
    Stopped,
    /// The kernel was asked to join it.
    Asked(Members),
    /// The kernel joins it.
    Joining(Members),
    /// The interface is in it.
    Started(Members),
    /// The kernel was asked to leave it.
    Leaving,
}

impl std::fmt::Debug for AdHoc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Stopped => "Stopped",
            Self::Asked(_) => "Asked",
            Self::Joining(_) => "Joining",
            Self::Started(_) => "Started",
            Self::Leaving => "Leaving",
        })
    }
}

impl AdHoc {
    pub(super) fn view(&self) -> AdHocView {
        match self {
            Self::Started(members) => {
                let peers = match members {
                    Members::Open(peers) => peers.clone(),
                    Members::Protected(machine) => machine.connected().collect(),
                };
                AdHocView { started: true, peers }
            }
            Self::Stopped | Self::Asked(_) | Self::Joining(_) | Self::Leaving => AdHocView::default(),
        }
    }

    /// The members of a network that the kernel has taken.
    fn members(&mut self) -> Option<&mut Members> {
        match self {
            Self::Joining(members) | Self::Started(members) => Some(members),
            Self::Stopped | Self::Asked(_) | Self::Leaving => None,
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        match self {
            Self::Joining(Members::Protected(machine)) | Self::Started(Members::Protected(machine)) => {
                machine.next_deadline()
            }
            _ => None,
        }
    }
}

impl<K: Kernel> Daemon<K> {
    fn ad_hoc(&mut self, ifindex: u32) -> Result<&mut AdHoc, CallError> {
        let interface = self.interfaces.get_mut(&ifindex).ok_or(NO_INTERFACE)?;
        if interface.switching.is_some() {
            return Err(SWITCHING);
        }
        let is_up = interface.up;
        match &mut interface.role {
            Role::AdHoc(_) if !is_up => Err(UNAVAILABLE),
            Role::AdHoc(ad_hoc) => Ok(ad_hoc),
            Role::Station | Role::AccessPoint { .. } => Err(NO_AD_HOC),
        }
    }

    pub(super) fn start_ad_hoc(
        &mut self,
        now: Now,
        id: CallId,
        ifindex: u32,
        ssid: Ssid,
        passphrase: Option<AdHocPassphrase>,
    ) -> First {
        match self.ad_hoc(ifindex)? {
            AdHoc::Stopped => {}
            AdHoc::Joining(_) | AdHoc::Started(_) => {
                return Err(CallError::AlreadyExists("An ad-hoc network was begun already. Stop it first."));
            }
            AdHoc::Asked(_) | AdHoc::Leaving => return Err(CallError::InProgress),
        }
        let interface = self.interfaces.get(&ifindex).ok_or(NO_INTERFACE)?;
        let setup = passphrase.map(|AdHocPassphrase(passphrase)| {
            setup(interface.address, &ssid, &passphrase, interface.station.radio()).ok_or_else(|| {
                CallError::NotSupported("The radio has no cipher for a protected ad-hoc network.".to_owned())
            })
        });
        let setup = setup.transpose()?;
        let rsne = setup.as_ref().map(Setup::rsne);
        let machine = setup.and_then(|setup| ad_hoc::AdHoc::new(setup, &mut *self.entropy));
        let members =
            machine.map_or_else(|| Members::Open(BTreeSet::new()), |it| Members::Protected(Box::new(it)));
        *self.ad_hoc(ifindex)? = AdHoc::Asked(members);
        self.desk.open(now, id, Wish::AdHoc { ifindex });
        self.kernel.perform(Command::JoinAdHoc { ifindex, ssid, frequency: CHANNEL, rsne });
        Ok(None)
    }

    pub(super) fn stop_ad_hoc(&mut self, now: Now, id: CallId, ifindex: u32) -> First {
        match self.ad_hoc(ifindex)? {
            AdHoc::Stopped => return Ok(Some(Answer::Done)),
            AdHoc::Asked(_) | AdHoc::Leaving => return Err(CallError::InProgress),
            AdHoc::Joining(_) | AdHoc::Started(_) => {}
        }
        self.desk.open(now, id, Wish::AdHoc { ifindex });
        self.leave_ad_hoc(ifindex);
        Ok(None)
    }

    /// Leaves the ad-hoc network, if there is one.
    pub(super) fn leave_ad_hoc(&mut self, ifindex: u32) {
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        let Role::AdHoc(ad_hoc) = &mut interface.role else { return };
        if !matches!(ad_hoc, AdHoc::Stopped | AdHoc::Leaving) {
            *ad_hoc = AdHoc::Leaving;
            self.kernel.perform(Command::LeaveAdHoc { ifindex });
            self.changed();
        }
    }

    /// The interface went down: the kernel has left the network.
    pub(super) fn end_ad_hoc(&mut self, ifindex: u32) {
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        if let Role::AdHoc(ad_hoc) = &mut interface.role {
            *ad_hoc = AdHoc::Stopped;
            self.changed();
        }
    }

    /// Something was heard of an ad-hoc network.
    pub(super) fn ad_hoc_heard(&mut self, now: Now, ifindex: u32, event: AdHocEvent) {
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        let name = &interface.name;
        let Role::AdHoc(ad_hoc) = &mut interface.role else { return };
        match event {
            AdHocEvent::Answered(outcome) => match std::mem::take(ad_hoc) {
                AdHoc::Asked(members) => {
                    if outcome.is_ok() {
                        *ad_hoc = AdHoc::Joining(members);
                    }
                    self.answer_ad_hoc(ifindex, outcome, "JOIN_IBSS");
                }
                // Whatever it says, nothing is left to be left.
                AdHoc::Leaving => self.answer_ad_hoc(ifindex, outcome, "LEAVE_IBSS"),
                before => *ad_hoc = before,
            },
            AdHocEvent::Joined => match std::mem::take(ad_hoc) {
                AdHoc::Joining(members) => {
                    info!("{name} is in an ad-hoc network");
                    *ad_hoc = AdHoc::Started(members);
                    self.turn_ad_hoc(now, ifindex, Event::Joined);
                }
                before => *ad_hoc = before,
            },
            AdHocEvent::PeerCame(peer) => match ad_hoc.members() {
                Some(Members::Open(peers)) => {
                    peers.insert(peer);
                }
                _ => self.turn_ad_hoc(now, ifindex, Event::PeerCame(peer)),
            },
            AdHocEvent::PeerLeft(peer) => match ad_hoc.members() {
                Some(Members::Open(peers)) => {
                    peers.remove(&peer);
                }
                _ => self.turn_ad_hoc(now, ifindex, Event::PeerLeft(peer)),
            },
            AdHocEvent::KeyFrame { from, bytes, protected } => {
                self.turn_ad_hoc(now, ifindex, Event::KeyFrame { from, bytes: &bytes, protected });
            }
            AdHocEvent::Done { number, outcome } => {
                if let Err(refusal) = &outcome {
                    debug!("{name}: the kernel refuses what its ad-hoc network needs: {refusal}");
                }
                let outcome = outcome.map_err(|_| ());
                self.turn_ad_hoc(now, ifindex, Event::Answered { number, outcome });
            }
        }
        self.changed();
    }

    /// Lets time pass for an ad-hoc network with a passphrase.
    pub(super) fn tick_ad_hoc(&mut self, now: Now, ifindex: u32) {
        self.turn_ad_hoc(now, ifindex, Event::Tick);
        self.changed();
    }

    /// Lets the machine of a network with a passphrase turn, if there is one, and does what it wants.
    fn turn_ad_hoc(&mut self, now: Now, ifindex: u32, event: Event<'_>) {
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        let Role::AdHoc(ad_hoc) = &mut interface.role else { return };
        let Some(Members::Protected(machine)) = ad_hoc.members() else { return };
        for action in machine.turn(now.clock, event, &mut *self.entropy) {
            match action {
                Action::Request { number, request } => {
                    self.kernel.perform(Command::AskAdHoc { ifindex, number, request });
                }
                Action::Report(report) => tell(&interface.name, report),
            }
        }
    }

    fn answer_ad_hoc(
        &mut self,
        ifindex: u32,
        outcome: Result<(), lapwing_core::kernel::Refusal>,
        command: &'static str,
    ) {
        let is_it = |wish: &Wish| matches!(wish, Wish::AdHoc { ifindex: ours } if *ours == ifindex);
        let outcome = outcome.map(|()| Answer::Done);
        let outcome = outcome.map_err(|refusal| refused(Attempted::Associate, command, &refusal));
        for id in self.desk.which(is_it) {
            self.desk.close(id, outcome.clone());
        }
    }
}

fn setup(address: MacAddr, ssid: &Ssid, passphrase: &Secret, radio: &Radio) -> Option<Setup> {
    let cipher = CIPHERS.into_iter().find(|cipher| radio.ciphers.contains(cipher))?;
    let pmk = Pmk::new(passphrase_to_psk(passphrase.expose(), ssid.octets()))?;
    Some(Setup { address, ssid: ssid.clone(), pmk, cipher, protection_is_told: radio.control_port })
}

fn tell(name: &str, report: Report) {
    match report {
        Report::Connected(peer) => info!("{name}: {peer} is in the ad-hoc network too"),
        Report::Disconnected(peer) => info!("{name}: {peer} is not in the ad-hoc network any more"),
        Report::Failed { peer, why } => {
            let why = match why {
                Trouble::Passphrase => "its passphrase is another one; compare the two",
                Trouble::Silent => "it does not answer; it may be out of reach, or know another passphrase",
                Trouble::Rule => "it breaks a rule of the handshake; its radio may have other ciphers",
                Trouble::Kernel => "the kernel refuses its keys; see the kernel's log",
            };
            info!("{name}: {peer} is not let into the ad-hoc network yet: {why}");
        }
        Report::NoGroupKey => {
            warn!("{name}: the kernel does not take a group key: nothing can be sent to all at once");
        }
    }
}
