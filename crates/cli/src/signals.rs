//! The signals that end the program.

use crate::failure::{Failure, Kind};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// They are caught, so that the terminal and the daemon can be left in order.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    quit: Signal,
}

impl Signals {
    /// Catches them from now on.
    ///
    /// # Errors
    /// If the system does not let us.
    pub fn catch() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            quit: signal(SignalKind::quit())?,
        })
    }

    /// Waits for one, which is the failure with which the program ends.
    pub async fn next(&mut self) -> Failure {
        let kind = tokio::select! {
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.hang_up.recv() => SignalKind::hangup(),
            _ = self.quit.recv() => SignalKind::quit(),
        };
        let number = u8::try_from(kind.as_raw_value()).unwrap_or(0);
        Failure::new(Kind::Interrupted(number), "Interrupted.").whose("user")
    }
}
