//! Radios without an interface get one, if they are to be run: who takes over from iwd finds such ones.

use super::{Daemon, Now};
use crate::kernel::{Command, Kernel};
use lapwing_core::{Duration, Instant};
use tracing::info;

/// How long the driver of a radio that has just come has to make an interface by itself.
const DRIVER: Duration = Duration::from_secs(2);

impl<K: Kernel> Daemon<K> {
    /// A radio has no interface.
    pub(super) fn radio_is_bare(&mut self, now: Now, wiphy: u32, radio: &str, name: String, fresh: bool) {
        let choice = &self.options.choice;
        if !choice.has_radio(radio) || !choice.has_interface(&name, true) {
            return;
        }
        if fresh {
            self.bare.insert(wiphy, (now.clock + DRIVER, name));
        } else {
            self.furnish(wiphy, name);
        }
    }

    /// Radios whose driver has made no interface get one.
    pub(super) fn furnish_radios(&mut self, now: Now) {
        let due: Vec<_> =
            self.bare.iter().filter(|(_, (until, _))| *until <= now.clock).map(|(&wiphy, _)| wiphy).collect();
        for wiphy in due {
            if let Some((_, name)) = self.bare.remove(&wiphy) {
                self.furnish(wiphy, name);
            }
        }
    }

    /// When that is due.
    pub(super) fn furnishing_deadline(&self) -> Option<Instant> {
        self.bare.values().map(|(until, _)| *until).min()
    }

    fn furnish(&mut self, wiphy: u32, name: String) {
        info!("radio {wiphy} has no interface: it gets {name}");
        self.kernel.perform(Command::MakeInterface { wiphy, name });
    }
}
