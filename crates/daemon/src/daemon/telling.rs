//! What is told: the log, the flight recorder, the status file.

use super::{Daemon, Now};
use crate::flight::event::{self, Loudness, Place, Told};
use crate::flight::status;
use crate::kernel::Kernel;
use lapwing_core::attempt::AttemptId;
use rustix::fs::OFlags;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use tracing::{debug, info, warn};

impl<K: Kernel> Daemon<K> {
    /// Tells the timeline of an attempt that is at its end, or connected.
    pub(super) fn tell_timeline(&mut self, now: Now, ifindex: u32, attempt: AttemptId) {
        self.tell_rest();
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

    /// Tells what was left of the way of a connection, in the order in which it happened. To put it into words takes half
    /// as long as the access point needs for its answer, so it is done when nothing more is heard from there.
    pub fn tell_rest(&mut self) {
        while let Some((at, name, report)) = self.untold.pop_front() {
            self.tell_now(&name, event::report(Place { at, interface: &name }, &report));
        }
    }

    pub(super) fn tell(&mut self, name: &str, told: Told) {
        self.tell_rest();
        self.tell_now(name, told);
    }

    fn tell_now(&mut self, name: &str, told: Told) {
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
        let noted = self.recorder.note(&line);
        self.told_recorder(noted);
    }

    /// Writes what the recorder has been told.
    pub(super) fn write_record(&mut self) {
        let written = self.recorder.flush();
        self.told_recorder(written);
    }

    fn told_recorder(&mut self, outcome: io::Result<usize>) {
        match outcome {
            Ok(0) => {}
            Ok(_) => self.recording = true,
            Err(error) if std::mem::take(&mut self.recording) => {
                warn!("the flight recorder cannot write: {error}");
            }
            Err(_) => {}
        }
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
            if let Err(error) = show(&self.options.runtime.join(status::FILE), &text) {
                debug!("the status file cannot be written: {error}");
            }
            self.status = text;
        }
    }
}

/// Replaces a file that does not outlive the machine: whole, but without waiting for a disk.
fn show(path: &Path, text: &str) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    // Whatever else lies under the name is not written, and a pipe is not waited for.
    const FLAGS: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK);
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).custom_flags(FLAGS.bits().cast_signed());
    options.mode(0o644).open(&temporary)?.write_all(text.as_bytes())?;
    fs::rename(temporary, path)
}
