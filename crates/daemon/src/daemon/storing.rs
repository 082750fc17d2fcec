//! What was learned, into the state directory. It is written after those who wait were told: a disk takes its
//! time, and the connection does not depend on it.

use super::interface::Warning;
use super::joining::Join;
use super::{Daemon, Now};
use crate::flight::event::{self, Place};
use crate::kernel::Kernel;
use crate::networks::{FileError, FileName, KnownNetwork};
use lapwing_core::station::Learned;
use std::collections::BTreeMap;
use tracing::warn;

/// What was learned of a network and is not written yet.
#[derive(Debug)]
pub(super) struct Lesson {
    ifindex: u32,
    name: FileName,
    /// The network as somebody entered it, if it has no file of that kind yet.
    join: Option<Join>,
    /// What was known of it before: so it is again if its file cannot be written.
    before: Option<KnownNetwork>,
    learned: Learned,
}

impl<K: Kernel> Daemon<K> {
    /// A network was joined: what is worth keeping of it is stored soon.
    pub(super) fn learned(&mut self, ifindex: u32, learned: &Learned) {
        let Some(interface) = self.interfaces.get(&ifindex) else { return };
        let Some(name) = interface.network() else { return };
        let join = interface.unstored.clone();
        let earlier = self.lessons.iter().find(|lesson| lesson.name == name);
        let before = match earlier {
            Some(lesson) => lesson.before.clone(),
            None => self.networks.get(&name).cloned(),
        };
        // Who joins a new network is told that it is known before being told that it is joined.
        let soon = join.as_ref().and_then(|join| self.store.preview(&name, &join.network, learned).ok());
        if let Some(known) = soon {
            self.networks.insert(name.clone(), known);
            self.changed();
        }
        self.lessons.push(Lesson { ifindex, name, join, before, learned: learned.clone() });
    }

    /// Writes what was learned. A disk may be full or read-only; a person is told then.
    pub(super) fn store_lessons(&mut self, now: Now) {
        let mut stored = BTreeMap::new();
        for lesson in std::mem::take(&mut self.lessons) {
            let outcome = self.store_lesson(now, &lesson).map_err(|error| error.to_string());
            stored.insert(lesson.ifindex, (lesson.name, outcome));
        }
        let remembered = self.store.flush().map_err(|error| error.to_string());
        if let Err(error) = &remembered
            && stored.is_empty()
        {
            warn!("what is remembered of networks could not be written: {error}");
        }
        for (ifindex, (name, outcome)) in stored {
            self.stored(now, ifindex, &name, outcome.and_then(|()| remembered.clone()));
        }
    }

    fn store_lesson(&mut self, now: Now, lesson: &Lesson) -> Result<(), FileError> {
        let Lesson { ifindex, name, join, before, learned } = lesson;
        let known = match join {
            Some(join) => {
                let provisioned = self.store.provision(name, &join.network, learned, now.wall);
                if provisioned.is_err() {
                    match before {
                        Some(before) => self.networks.insert(name.clone(), before.clone()),
                        None => self.networks.remove(name),
                    };
                }
                let known = provisioned?;
                self.networks_changed = true;
                if let Some(interface) = self.interfaces.get_mut(ifindex)
                    && interface.unstored.as_ref() == Some(join)
                {
                    interface.unstored = None;
                }
                Some(known)
            }
            None => match self.networks.get(name) {
                Some(known) => self.store.learn(name, &known.network, learned, now.wall)?,
                None => None,
            },
        };
        if let Some(known) = known
            && self.networks.get(name) != Some(&known)
        {
            self.networks.insert(name.clone(), known);
            self.networks_changed = true;
        }
        Ok(())
    }

    fn stored(&mut self, now: Now, ifindex: u32, name: &FileName, outcome: Result<(), String>) {
        self.changed();
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        let Err(error) = outcome else {
            interface.warnings.remove(&Warning::NotStored);
            return;
        };
        let text = format!(
            "The connection works, but what belongs to the network \"{}\" could not be saved: {error}.",
            name.ssid
        );
        interface.warnings.insert(Warning::NotStored, text.clone());
        let name = interface.name.clone();
        let place = Place { at: now.clock, interface: &name };
        self.tell(&name, event::warning(place, &text));
    }
}
