//! What a run comes to: what happened, whose doing it was, and what Lapwing does instead.
//!
//! A witness sees what happens and nothing else; what it says follows from that, not from the scenario's name.

use crate::air::{Content, Transmission};
use crate::happening::{Happening, Lane, What};
use crate::lanes::is_idle;
use crate::parts::{Command, Message};
use crate::party::Policy;
use crate::run::Run;
use core::fmt;
use lapwing_core::kernel::{Connection, KernelEvent, Refusal, Request};
use lapwing_core::station::Report;
use lapwing_frames::element::{Elements, Rsn};
use lapwing_frames::management::{Body, Management, ReasonCode, StatusCode};
use lapwing_frames::{LinkId, MacAddr};
use std::collections::{BTreeMap, BTreeSet};

/// Sees what happens.
#[derive(Clone, Debug, Default)]
pub struct Witness {
    /// The peer of the connection that the kernel has.
    held: Option<MacAddr>,
    /// A goodbye went out since the kernel has it.
    goodbye: bool,
    /// How often an authentication was asked for while the kernel had a connection, without a goodbye.
    without_goodbye: u32,
    /// Key commands that the kernel refused: how often, in its words.
    refused_keys: BTreeMap<(&'static str, String), u32>,
    /// Frames that reached no one at their address.
    missed: u32,
    /// Attempts that failed since the last connection.
    failed: u32,
    /// How often the port was opened.
    opened: u32,
    /// The last association offered a cached PMKSA.
    offered: bool,
    /// How often an access point answered that with a deauthentication, reason 9.
    thrown_out: u32,
    /// It did so a moment ago.
    warned: bool,
    /// How often a PMKSA was offered again after that.
    insisted: u32,
    /// The party asked for links again that had been removed.
    removed: BTreeSet<LinkId>,
    added_again: bool,
    /// How often the connection broke since the kernel could not add a link again.
    broken_by_link: u32,
    /// The firmware was told that SAE failed, and nothing was heard since.
    firmware_waits: bool,
    /// How often it was.
    failed_external: u32,
    /// Links that the kernel had in its entry of the access point, and not on the interface.
    leaked: BTreeSet<LinkId>,
}

impl Witness {
    /// Takes what happened.
    pub fn take(&mut self, happening: &Happening) {
        match &happening.what {
            What::Asked { command: Command::Request(request), .. } => self.asked(request),
            What::Refused { command, refusal, .. } => self.refused(command, refusal),
            What::Told(Message::Event(event)) => self.told(event),
            What::Sent(frame) => self.sent(happening.lane, frame),
            What::Missed(_) => self.missed += 1,
            What::Reported(Report::Connected(_)) => {
                self.opened += 1;
                self.failed = 0;
            }
            _ => {}
        }
    }

    fn asked(&mut self, request: &Request) {
        match request {
            Request::Authenticate(request)
                if self.held == Some(request.mld.map_or(request.bssid, |(_, address)| address))
                    && !self.goodbye =>
            {
                self.without_goodbye += 1;
            }
            Request::Associate(request) => self.offers(&request.elements),
            Request::Connect(request) => {
                self.offers(&request.elements);
                self.firmware_waits = false;
            }
            Request::ReconfigureLinks { add, .. } => {
                self.added_again = add.iter().any(|link| self.removed.contains(&link.id));
            }
            Request::AnswerExternalAuthentication { status, .. } if *status != StatusCode::Success => {
                self.firmware_waits = true;
                self.failed_external += 1;
            }
            _ => {}
        }
    }

    fn offers(&mut self, elements: &[u8]) {
        self.offered = names_pmksa(elements);
        if self.offered && self.warned {
            self.insisted += 1;
        }
        self.warned = false;
    }

    fn refused(&mut self, command: &'static str, refusal: &Refusal) {
        if matches!(command, "DEL_KEY" | "NEW_KEY" | "SET_KEY") && !is_idle(command, refusal) {
            *self.refused_keys.entry((command, refusal.to_string())).or_default() += 1;
        }
    }

    fn told(&mut self, event: &KernelEvent) {
        match event {
            KernelEvent::Connected(Connection {
                peer,
                status: StatusCode::Success,
                timed_out: false,
                ..
            }) => {
                (self.held, self.goodbye, self.firmware_waits) = (Some(*peer), false, false);
                self.removed.clear();
            }
            KernelEvent::Connected(_) => {
                self.failed += 1;
                self.firmware_waits = false;
            }
            KernelEvent::AuthenticationTimedOut { .. } | KernelEvent::AssociationTimedOut { .. } => {
                self.failed += 1;
            }
            KernelEvent::Disconnected { by_ap, .. } => {
                if self.added_again && !*by_ap {
                    self.broken_by_link += 1;
                }
                (self.held, self.goodbye, self.added_again) = (None, false, false);
                self.firmware_waits = false;
            }
            KernelEvent::LinksRemoved { links } => self.removed.extend(links.iter().copied()),
            KernelEvent::LinksReconfigured { .. } => self.added_again = false,
            _ => {}
        }
    }

    fn sent(&mut self, lane: Lane, frame: &Transmission) {
        let Content::Management { frame, .. } = &frame.content else { return };
        let Ok(Management { body: Body::Deauthentication(body) | Body::Disassociation(body), .. }) =
            Management::parse_decrypted(frame)
        else {
            return;
        };
        match lane {
            Lane::Ap(_)
                if self.offered && self.held.is_none() && body.reason == ReasonCode::NotAuthenticated =>
            {
                self.thrown_out += 1;
                self.warned = true;
                self.failed += 1;
                self.offered = false;
            }
            Lane::Kernel | Lane::Firmware => self.goodbye = true,
            _ => {}
        }
    }

    /// Looks at what the kernel keeps to itself.
    pub fn look(&mut self, run: &Run) {
        if let Some(held) = run.world().kernel().truth().held {
            let kept = held.station_links.iter().filter(|link| !held.links.contains_key(link));
            self.leaked.extend(kept);
        }
    }

    /// What the run has come to.
    #[must_use]
    pub fn verdict(&self, run: &Run) -> Verdict {
        let policy = run.scenario().policy;
        let connected = run.is_as_expected();
        let mut findings = Vec::new();
        for ((command, words), times) in &self.refused_keys {
            findings.push(Finding {
                blame: true,
                what: format!(
                    "{times} key commands ({command}) were refused: {words}. They name no link, or not one that \
                     the kernel has: the supplicant took the links of its target for those of the connection, which \
                     the kernel still had."
                ),
                whose: "the supplicant",
                instead: "deletes no keys: the kernel does so when it disconnects. A key command names the link, \
                          from the set that the kernel has reported.",
            });
        }
        if self.without_goodbye > 0 && (!connected || self.failed > 0) {
            let answers = match self.missed {
                0 => String::new(),
                missed => format!(
                    " The access point, which was never told, still holds the station and answers at the link \
                     address that it knows: {missed} answers reached nobody."
                ),
            };
            findings.push(Finding {
                blame: true,
                what: format!(
                    "It went to its own access point anew without a goodbye: the kernel ended the old connection by \
                     itself, sent no frame, and came back with a new random link address.{answers}"
                ),
                whose: "the supplicant",
                instead: "says goodbye with a frame, waits for the kernel's word that the old connection is \
                          gone, and authenticates then.",
            });
        }
        if self.insisted > 0 {
            findings.push(Finding {
                blame: true,
                what: format!(
                    "The access point answered a cached PMKSA with a deauthentication (reason 9), {} times, and \
                     was offered the same PMKSA again.",
                    self.thrown_out
                ),
                whose: "the access point's, and the supplicant's, which learns nothing from it",
                instead: "drops a PMKSA at the first refusal, and does SAE at once.",
            });
        }
        if self.failed_external > 0 {
            let waits = if self.firmware_waits {
                " The firmware says nothing more, and there is no limit to the wait for it."
            } else {
                ""
            };
            findings.push(Finding {
                blame: true,
                what: format!(
                    "The firmware had forgotten the PMKSA and asked for SAE; there was none to begin, so the answer \
                     was status 1.{waits}"
                ),
                whose: "the supplicant, and the firmware, which should say that it gave up",
                instead: "has SAE ready whenever the firmware may ask for it, whatever it offered, and waits for \
                          nothing without a limit.",
            });
        }
        if self.broken_by_link > 0 {
            findings.push(Finding {
                blame: self.broken_by_link > 1 || policy != Policy::Lapwing,
                what: format!(
                    "The access point removed a link and added it again. The kernel still had the old link in its \
                     entry of the access point, could not add it, and ended the connection: {}.",
                    times(self.broken_by_link)
                ),
                whose: "the kernel",
                instead: "asks for a removed link only where the kernel shows that its entry let go of it; else it leaves, and has \
                          the link with the next connection.",
            });
        }
        if !self.leaked.is_empty() {
            let links: Vec<String> = self.leaked.iter().map(ToString::to_string).collect();
            findings.push(Finding {
                blame: false,
                what: format!(
                    "The kernel kept link {} in its entry of the access point after the access point had removed \
                     it, as mac80211 did before the fix of 2026.",
                    links.join(" and ")
                ),
                whose: "the kernel",
                instead: "goes by the links of the interface, not by those of the entry, and leaves the access \
                          point before it joins it with that link again: the entry goes with the connection.",
            });
        }
        let failed = self.failed;
        Verdict {
            policy,
            passed: connected && !findings.iter().any(|finding| finding.blame),
            connected,
            failed,
            findings,
        }
    }
}

fn times(number: u32) -> String {
    match number {
        1 => String::from("once"),
        2 => String::from("twice"),
        number => format!("{number} times"),
    }
}

fn names_pmksa(elements: &[u8]) -> bool {
    matches!(Elements::new(elements).find::<Rsn>(), Ok(Some(rsn)) if !rsn.pmkids().is_empty())
}

/// Something that a witness has found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether it is what makes a run fail.
    pub blame: bool,
    /// What happened.
    pub what: String,
    /// Whose doing it was.
    pub whose: &'static str,
    /// What Lapwing does instead.
    pub instead: &'static str,
}

/// What a run has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whose policy it was.
    pub policy: Policy,
    /// Whether all is well.
    pub passed: bool,
    /// Whether that is so at the end which the scenario expects.
    pub connected: bool,
    /// How many attempts have failed since the last connection.
    pub failed: u32,
    /// What was found out.
    pub findings: Vec<Finding>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = match (self.connected, self.passed) {
            (true, true) => "connected",
            (true, false) => "connected, but see what happened on the way",
            (false, _) => "not connected",
        };
        let result = if self.passed { "It went well" } else { "It failed" };
        write!(f, "{result} with the policy of {}: at the end it is {end}", self.policy)?;
        match self.failed {
            0 => writeln!(f, ".")?,
            failed => writeln!(f, ", and {} since it last was.", attempts(failed))?,
        }
        for finding in &self.findings {
            writeln!(f, "\nWhat happened: {}", finding.what)?;
            writeln!(f, "Whose doing: {}.", finding.whose)?;
            writeln!(f, "Lapwing {}", finding.instead)?;
        }
        Ok(())
    }
}

fn attempts(number: u32) -> String {
    match number {
        1 => String::from("one attempt has failed"),
        number => format!("{number} attempts have failed"),
    }
}
