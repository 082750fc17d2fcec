//! The known networks: their files, and what clients do with them.

use super::calls::First;
use super::{Daemon, Now};
use crate::control::{Answer, CallError};
use crate::kernel::Kernel;
use crate::networks::FileName;
use crate::networks::name::Security;
use lapwing_core::network::Network;
use lapwing_core::station::Event;
use std::collections::BTreeMap;
use tracing::{info, warn};

const NO_PROFILE: CallError = CallError::NotFound("There is no such hotspot profile.");

impl<K: Kernel> Daemon<K> {
    /// Reads the network files. Returns whether the networks differ from before.
    pub(super) fn load(&mut self) -> bool {
        let loaded = self.store.load();
        for error in &loaded.errors {
            warn!("not used: {error}");
        }
        let broken = loaded.unreadable.iter().filter(|(name, _)| name.security != Security::Enterprise);
        let mut broken: Vec<_> = broken.map(|(_, why)| why).collect();
        let first = (!broken.is_empty()).then(|| broken.remove(0));
        let warning = first.map(|first| match broken.len() {
            0 => format!("The file of a known network cannot be used: {first}."),
            more => format!("The files of {} known networks cannot be used; the first: {first}.", more + 1),
        });
        if (&warning, &loaded.unreadable) != (&self.file_warning, &self.unreadable) {
            self.file_warning = warning;
            self.unreadable = loaded.unreadable;
            self.changed();
        }
        if (&loaded.lacking, &loaded.locked) != (&self.lacking, &self.locked) {
            (self.lacking, self.locked) = (loaded.lacking, loaded.locked);
            self.changed();
        }
        if loaded.passpoints != self.passpoints {
            self.passpoints = loaded.passpoints;
            self.changed();
        }
        let networks: BTreeMap<_, _> =
            loaded.networks.into_iter().map(|known| (known.name.clone(), known)).collect();
        if networks == self.networks {
            return false;
        }
        info!("{} networks are known", networks.len());
        let before = std::mem::replace(&mut self.networks, networks);
        // Another secret is not known to be wrong.
        let same = |name: &FileName| {
            let secrets = (before.get(name), self.networks.get(name));
            matches!(secrets, (Some(before), Some(now)) if before.network.is_same(&now.network))
        };
        self.wrong.retain(same);
        self.changed();
        true
    }

    /// The networks as the stations get them. A secret that was wrong is theirs to remember: whoever is near can make a
    /// right one look so, and it is tried again now and then.
    pub(super) fn for_stations(&self) -> Vec<Network> {
        self.networks.values().map(|known| known.network.clone()).collect()
    }

    /// The network files may have changed.
    pub fn reload(&mut self, now: Now) {
        self.store_lessons(now);
        self.networks_changed |= self.load();
        self.follow(now);
    }

    /// Gives the stations the networks of now. Those whose network is not known any more leave it; while its
    /// file only cannot be read, they stay.
    pub(super) fn give_networks(&mut self, now: Now) {
        let networks = self.for_stations();
        let ifindices: Vec<_> = self.interfaces.keys().copied().collect();
        for ifindex in ifindices {
            let lost = self.interfaces.get(&ifindex).is_some_and(|interface| {
                let is_lost = |name: &FileName| !self.has_file(name);
                // What is being joined for the first time, or could not be stored, is not known either.
                !self.is_unstored(ifindex) && interface.network().as_ref().is_some_and(is_lost)
            });
            self.turn(now, ifindex, Event::Networks(networks.clone()));
            if lost {
                // Its file is gone: so is the wish to be there.
                for event in super::joining::GIVE_UP {
                    self.turn(now, ifindex, event);
                }
            }
        }
    }

    /// A connection has ended. Even if somebody asked for it, it is not made again while the network's file cannot
    /// be used: what the file said before may be what was wrong. Returns what the station is to know.
    pub(super) fn lost(&self, ifindex: u32) -> Vec<Event> {
        let network = self.interfaces.get(&ifindex).and_then(super::interface::Interface::network);
        let is_broken =
            network.is_some_and(|name| self.has_file(&name) && !self.networks.contains_key(&name));
        if is_broken && !self.is_unstored(ifindex) {
            return super::joining::GIVE_UP.to_vec();
        }
        Vec::new()
    }

    pub(super) fn forget(&mut self, now: Now, name: &FileName) -> First {
        self.find(name)?;
        // What was learned before is written before, not after it.
        self.store_lessons(now);
        self.store.forget(name).map_err(|error| CallError::NotStored(format!("Not forgotten: {error}.")))?;
        // The file is gone, and that is what was asked for.
        self.store.forget_memory(name);
        self.networks.remove(name);
        self.unreadable.remove(name);
        self.lacking.remove(name);
        self.wrong.remove(name);
        self.networks_changed = true;
        self.changed();
        self.follow(now);
        Ok(Some(Answer::Done))
    }

    pub(super) fn set_autoconnect(&mut self, now: Now, name: &FileName, on: bool) -> First {
        self.find(name)?;
        self.store_lessons(now);
        let stored = self.store.set_autoconnect(name, on);
        stored.map_err(|error| CallError::NotStored(format!("Not changed: {error}.")))?;
        if let Some(known) = self.networks.get_mut(name)
            && known.network.autoconnect != on
        {
            known.network.autoconnect = on;
            self.networks_changed = true;
            self.changed();
        }
        Ok(Some(Answer::Done))
    }

    pub(super) fn forget_passpoint(&mut self, id: u32) -> First {
        let profile = self.passpoints.get(&id).ok_or(NO_PROFILE)?;
        let forgotten = self.store.forget_passpoint(profile);
        forgotten.map_err(|error| CallError::NotStored(format!("Not forgotten: {error}.")))?;
        self.passpoints.remove(&id);
        self.changed();
        Ok(Some(Answer::Done))
    }

    pub(super) fn set_passpoint_autoconnect(&mut self, id: u32, on: bool) -> First {
        let profile = self.passpoints.get_mut(&id).ok_or(NO_PROFILE)?;
        if profile.autoconnect != on {
            let stored = self.store.set_passpoint_autoconnect(profile, on);
            stored.map_err(|error| CallError::NotStored(format!("Not changed: {error}.")))?;
            profile.autoconnect = on;
            self.changed();
        }
        Ok(Some(Answer::Done))
    }

    /// Whether a network has a file, whatever is in it.
    pub(super) fn has_file(&self, name: &FileName) -> bool {
        self.networks.contains_key(name) || self.unreadable.contains_key(name) || self.lacking.contains(name)
    }

    fn find(&self, name: &FileName) -> Result<(), CallError> {
        if self.has_file(name) { Ok(()) } else { Err(CallError::NotFound("There is no such known network.")) }
    }
}
