//! What is told: the log, the flight recorder, the status file.

use super::{Daemon, Now};
use crate::flight::event::{self, Loudness, Place, Told};
use crate::flight::status;
use crate::kernel::Kernel;
use crate::networks::store;
use lapwing_core::attempt::AttemptId;
use tracing::{debug, info, warn};

impl<K: Kernel> Daemon<K> {
    /// Tells the timeline of an attempt that is at its end, or connected.
    pub(super) fn tell_timeline(&mut self, now: Now, ifindex: u32, attempt: AttemptId) {
        let Some(interface) = self.interfaces.get(&ifindex) else { return };
        let text = interface.timeline(attempt);
        if text.is_empty() {
            return;
        }
        for line in text.lines() {
            info!("{}: {line}", interface.name);
        }
        let name = interface.name.clone();
        let place = Place { at: now.clock, interface: &name };
        self.record(&event::timeline(place, attempt, &text));
    }

    pub(super) fn tell(&mut self, name: &str, told: Told) {
        match told.loudness {
            Loudness::Warning => warn!("{name}: {}", told.sentence),
            Loudness::Info => info!("{name}: {}", told.sentence),
            Loudness::Debug => debug!("{name}: {}", told.sentence),
        }
        self.record(&told);
    }

    fn record(&mut self, told: &Told) {
        let line = told.object.clone().finish();
        self.desk.happened(&line);
        match self.recorder.write(&line) {
            Ok(()) => self.recording = true,
            Err(error) => {
                if std::mem::take(&mut self.recording) {
                    warn!("the flight recorder cannot write: {error}");
                }
            }
        }
    }

    /// The content of the status file: the state of every interface.
    #[must_use]
    pub fn status(&self) -> &str {
        &self.status
    }

    pub(super) fn write_status(&mut self) {
        let seen = Some(self.generation);
        if self.status_of == seen {
            return;
        }
        self.status_of = seen;
        let devices: Vec<_> = self.interfaces.values().map(|interface| self.device(interface)).collect();
        let text = status::render(&devices);
        if text != self.status {
            if let Err(error) =
                store::replace(&self.options.runtime.join(status::FILE), text.as_bytes(), 0o644)
            {
                debug!("the status file cannot be written: {error}");
            }
            self.status = text;
        }
    }
}
