//! Interfaces and radios, on and off.

use super::calls::{First, NO_INTERFACE, Wish, refused};
use super::interface::Warning;
use super::{Daemon, Now};
use crate::control::{Answer, CallError, CallId};
use crate::kernel::{Block, Command, Hardware, Kernel, Rival};
use lapwing_core::attempt::Phase;
use lapwing_core::kernel::{Errno, Refusal};
use std::collections::BTreeSet;
use tracing::{info, warn};

/// A radio, whose interfaces may be run or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RadioState {
    /// Its name, once an interface of it was found.
    pub(super) name: Option<String>,
    /// What it is.
    pub(super) hardware: Hardware,
    /// Whether it can be in ad-hoc networks.
    pub(super) ad_hoc: bool,
    /// What blocks it.
    pub(super) block: Option<Block>,
}

impl<K: Kernel> Daemon<K> {
    pub(super) fn set_powered(&mut self, now: Now, id: CallId, ifindex: u32, on: bool) -> First {
        let interface = self.interfaces.get(&ifindex).ok_or(NO_INTERFACE)?;
        if self.is_switching(interface.wiphy()) {
            return Err(CallError::InProgress);
        }
        self.desk.open(now, id, Wish::Power { ifindex });
        self.kernel.perform(Command::SetPowered { ifindex, on });
        Ok(None)
    }

    pub(super) fn set_radio_powered(&mut self, now: Now, id: CallId, wiphy: u32, on: bool) -> First {
        if !self.radios.contains_key(&wiphy) {
            return Err(CallError::NotFound("There is no such radio."));
        }
        if self.is_switching(wiphy) {
            return Err(CallError::InProgress);
        }
        self.desk.open(now, id, Wish::Radio { wiphy, on, left: BTreeSet::new() });
        self.kernel.perform(Command::SetRadioBlocked { wiphy, blocked: !on });
        Ok(None)
    }

    /// Whether the radio or an interface of it is being switched: another word would cross the first.
    fn is_switching(&self, wiphy: u32) -> bool {
        let of =
            |ifindex: &u32| self.interfaces.get(ifindex).is_some_and(|interface| interface.wiphy() == wiphy);
        let crosses = |wish: &Wish| match wish {
            Wish::Power { ifindex } => of(ifindex),
            Wish::Radio { wiphy: other, .. } => *other == wiphy,
            _ => false,
        };
        !self.desk.which(crosses).is_empty()
    }

    /// The kernel's answer to setting an interface up or down.
    pub(super) fn switched(&mut self, ifindex: u32, outcome: &Result<(), Refusal>) {
        let mut answers = Vec::new();
        for (id, wish) in self.desk.wishes_mut() {
            let is_all = match wish {
                Wish::Power { ifindex: ours } => *ours == ifindex,
                Wish::Radio { left, .. } => left.remove(&ifindex) && (left.is_empty() || outcome.is_err()),
                _ => false,
            };
            if is_all {
                answers.push(id);
            }
        }
        for id in answers {
            let done = outcome.clone().map(|()| Answer::Done);
            self.desk.close(id, done.map_err(|refusal| refused(Phase::Scan, "SETLINK", &refusal)));
        }
    }

    /// The kernel's answer to blocking a radio or lifting its block.
    pub(super) fn radio_switched(&mut self, wiphy: u32, outcome: Result<(), Refusal>) {
        let interfaces = self.interfaces.iter().filter(|(_, interface)| interface.wiphy() == wiphy);
        let interfaces: BTreeSet<_> = interfaces.map(|(&ifindex, _)| ifindex).collect();
        let mut wanted = None;
        for (id, wish) in self.desk.wishes_mut() {
            if let Wish::Radio { wiphy: ours, on, left } = wish
                && *ours == wiphy
            {
                wanted = Some((id, *on));
                left.clone_from(&interfaces);
            }
        }
        let Some((id, on)) = wanted else { return };
        let has_switch = match &outcome {
            Ok(()) => true,
            // Without a switch, its interfaces are all there is.
            Err(Refusal { errno: Errno::EOPNOTSUPP, .. }) if !interfaces.is_empty() => false,
            Err(refusal) => return self.desk.close(id, Err(refused(Phase::Scan, "RFKILL", refusal))),
        };
        // Blocked, the kernel sets the interfaces down by itself.
        if has_switch && !on || interfaces.is_empty() {
            return self.desk.close(id, Ok(Answer::Done));
        }
        for ifindex in interfaces {
            self.kernel.perform(Command::SetPowered { ifindex, on });
        }
    }

    /// A radio is blocked, or no longer.
    pub(super) fn radio_blocked(&mut self, wiphy: u32, by: Option<Block>) {
        match by {
            None => info!("radio {wiphy} is not blocked any more"),
            Some(Block::Soft) => warn!("radio {wiphy} is blocked by software"),
            Some(Block::Hard) => warn!("radio {wiphy} is blocked by a switch"),
        }
        self.radios.entry(wiphy).or_default().block = by;
        self.changed();
    }

    /// Another program did something to an interface, and ended nothing of ours.
    pub(super) fn interfered(&mut self, ifindex: u32, what: &str) {
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        let text = format!(
            "Another program uses this interface, too: {what}. Stop it, or leave the interface to it with lapwing \
             disconnect."
        );
        interface.warnings.insert(Warning::Interfered, text);
        self.changed();
    }

    /// An interface is connected by us: what another program did before is over.
    pub(super) fn undisturbed(&mut self, ifindex: u32) {
        let before =
            self.interfaces.get_mut(&ifindex).and_then(|it| it.warnings.remove(&Warning::Interfered));
        if before.is_some() {
            self.changed();
        }
    }

    /// Other programs run an interface or its radio, or no longer.
    pub(super) fn rivals(&mut self, ifindex: u32, rivals: &[Rival]) {
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        let sentences: Vec<_> = rivals.iter().map(|rival| format!("{rival}.")).collect();
        if sentences.is_empty() {
            info!("{}: no other program runs this radio any more", interface.name);
            interface.warnings.remove(&Warning::Rival);
            interface.warnings.remove(&Warning::Interfered);
        } else {
            let text = sentences.join(" ");
            warn!("{}: {text}", interface.name);
            interface.warnings.insert(Warning::Rival, text);
        }
        self.changed();
    }
}
