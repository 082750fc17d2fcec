//! Keys: none is refused by the kernel, and none is installed twice.

use super::{Rule, Sight, told};
use crate::air::KeyPrint;
use crate::happening::{Happening, What};
use crate::parts::{Command, Message};
use lapwing_core::attempt::Entry;
use lapwing_core::kernel::{Errno, KernelEvent, KeyKind, KeyRequest, Request};
use lapwing_core::station::Report;
use lapwing_frames::LinkId;
use std::collections::{BTreeMap, BTreeSet};

/// No key command is refused by the kernel.
///
/// Two races are nobody's fault, and excepted. A key is asked for, and before the kernel takes that up the
/// connection ends there (or the firmware moves it, or the interface goes down): the kernel says so, and its word
/// is still on the way when the key is refused. The same for a link that the access point removes. In both cases
/// the kernel's word reaches the station before the refusal does, since there is one socket, and the station
/// asked before it came. A station that asks after it was told has no excuse.
///
/// Firmware that has lost the connection refuses keys before the kernel itself takes note of that, in a work item: what
/// was asked for until then was asked for in time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RefusedKey {
    /// How many requests the station has made: the number of the last.
    asked: u64,
    /// Key commands that have no answer yet.
    open: BTreeMap<u64, (&'static str, Option<LinkId>)>,
    /// Requests up to this number were made before the station was told of an end.
    outdated: u64,
    /// The same for single links that were removed.
    outdated_links: BTreeMap<LinkId, u64>,
}

impl Rule for RefusedKey {
    const NAME: &'static str = "no-refused-key";
    const SENTENCE: &'static str =
        "the kernel refuses no key command, unless it was made before the station could know of an end";

    fn happened(&mut self, happening: &Happening) -> Result<(), String> {
        match &happening.what {
            What::Reported(Report::Timeline(record)) if matches!(record.entry, Entry::Asked { .. }) => {
                self.asked += 1;
            }
            What::Asked { ticket, command } => {
                let link = match command {
                    Command::Request(Request::InstallKey(key)) => key.link,
                    Command::Request(Request::UseKey { .. }) => None,
                    Command::DeleteKey { link, .. } => *link,
                    Command::Request(_) => return Ok(()),
                };
                self.open.insert(ticket.number, (command.name(), link));
            }
            What::Told(Message::Completed { ticket, outcome }) => {
                let Some((command, link)) = self.open.remove(&ticket.number) else { return Ok(()) };
                let Err(refusal) = outcome else { return Ok(()) };
                let link_gone = link.and_then(|link| self.outdated_links.get(&link)).copied().unwrap_or(0);
                let is_of_link = refusal.errno == Errno::EINVAL || refusal.errno == Errno::ENOLINK;
                let excused = ticket.number <= self.outdated || is_of_link && ticket.number <= link_gone;
                if !excused {
                    return Err(format!("{command} was refused: {refusal}"));
                }
            }
            What::Told(Message::EventsLost) => {
                self.outdated = self.asked;
                self.open.clear();
            }
            What::Told(Message::Event(event)) => match event {
                KernelEvent::Disconnected { .. }
                | KernelEvent::Deauthentication { .. }
                | KernelEvent::Disassociation { .. }
                | KernelEvent::Roamed(_)
                | KernelEvent::InterfaceDown
                | KernelEvent::InterfaceRemoved => self.outdated = self.asked,
                KernelEvent::LinksRemoved { links } => {
                    self.outdated_links.extend(links.iter().map(|link| (*link, self.asked)));
                }
                _ => {}
            },
            _ => {}
        }
        Ok(())
    }

    fn seen(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        if sight.kernel.ending {
            self.outdated = self.asked;
        }
        Ok(())
    }
}

/// No key is installed twice in one association: that would begin its packet numbers anew.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeyTwice {
    installed: BTreeSet<Installed>,
    /// What is asked for while the kernel decides, and the number of the request.
    asked: Option<(u64, Installed)>,
}

/// A key by its link, whether it is a pairwise one, and its name.
type Installed = (Option<LinkId>, bool, KeyPrint);

impl Rule for KeyTwice {
    const NAME: &'static str = "no-key-twice";
    const SENTENCE: &'static str = "no key is installed twice in one association";

    fn happened(&mut self, happening: &Happening) -> Result<(), String> {
        match &happening.what {
            What::Asked { ticket, command: Command::Request(Request::InstallKey(key)) } => {
                let KeyRequest { kind, link, key, .. } = key;
                let pairwise = matches!(kind, KeyKind::Pairwise { .. });
                let name = (*link, pairwise, KeyPrint::of(key.expose()));
                if !self.installed.insert(name) {
                    return Err(format!("{kind:?}, link {link:?}, key {:x}", name.2.0));
                }
                self.asked = Some((ticket.number, name));
            }
            What::Refused { ticket, .. } => {
                if let Some((_, name)) = self.asked.take_if(|(number, _)| *number == ticket.number) {
                    self.installed.remove(&name);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn seen(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        self.asked = None;
        if sight.kernel.held.is_none() && !self.installed.is_empty() {
            self.installed.clear();
        }
        Ok(())
    }
}

/// Whether the station was told with this that it holds no connection.
pub(super) fn is_end(happening: &Happening) -> bool {
    matches!(
        told(happening),
        Some(
            KernelEvent::Disconnected { .. }
                | KernelEvent::Deauthentication { .. }
                | KernelEvent::Disassociation { .. }
                | KernelEvent::InterfaceDown
                | KernelEvent::InterfaceRemoved
        )
    )
}
