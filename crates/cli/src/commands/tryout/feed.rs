//! What happens, as the daemon and as its world tell it, in the order in which it happened.

use super::super::{happened, monitor::now};
use crate::bus::Bus;
use crate::events::Event;
use crate::failure::Failure;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

/// How long is waited for what happened earlier and is told later.
const LAG: Duration = Duration::from_millis(8);
/// How many facts may wait.
const QUEUE: usize = 4096;

/// Who tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The daemon, on its bus.
    Daemon,
    /// The world, of what is in the air.
    World,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fact {
    /// Who tells.
    pub(super) source: Source,
    /// When, on the machine's clock.
    pub(super) at: f64,
    /// What.
    pub(super) event: Event,
}

impl Fact {
    pub(super) fn of_world(event: Event) -> Self {
        Self { source: Source::World, at: event.at().unwrap_or_else(now), event }
    }

    fn of_daemon(event: Event) -> Self {
        Self { source: Source::Daemon, at: event.at().unwrap_or_else(now), event }
    }

    /// Whether it is this event of the daemon.
    pub(super) fn is(&self, name: &str) -> bool {
        self.source == Source::Daemon && self.event.text("event") == Some(name)
    }
}

pub(super) type Sender = mpsc::Sender<Fact>;

/// Both streams as one.
pub(super) struct Feed {
    sender: Sender,
    receiver: mpsc::Receiver<Fact>,
    /// What was told and may still be preceded by something, by when it is shown.
    pending: Vec<(Instant, Fact)>,
}

impl Feed {
    pub(super) fn new() -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        Self { sender, receiver, pending: Vec::new() }
    }

    pub(super) fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// Has the daemon tell what happens from now on.
    pub(super) async fn listen(&self, bus: &Bus) -> Result<(), Failure> {
        let mut incoming = bus.listen().await?;
        bus.watch().await?;
        let sender = self.sender();
        tokio::spawn(async move {
            while let Ok(message) = incoming.next().await {
                let Some(Ok((event, _))) = happened(&message) else { continue };
                if sender.send(Fact::of_daemon(event)).await.is_err() {
                    return;
                }
            }
        });
        Ok(())
    }

    /// The next that happened.
    pub(super) async fn next(&mut self) -> Fact {
        loop {
            while let Ok(fact) = self.receiver.try_recv() {
                self.pending.push((Instant::now() + LAG, fact));
            }
            let first = self.pending.iter().enumerate();
            let first = first.min_by(|(_, (_, one)), (_, (_, other))| one.at.total_cmp(&other.at));
            let Some((place, due)) = first.map(|(place, (due, _))| (place, *due)) else {
                // We hold a sender ourselves, so that this never ends.
                if let Some(fact) = self.receiver.recv().await {
                    self.pending.push((Instant::now() + LAG, fact));
                }
                continue;
            };
            if due <= Instant::now() {
                return self.pending.remove(place).1;
            }
            tokio::select! {
                () = tokio::time::sleep_until(due) => {}
                Some(fact) = self.receiver.recv() => self.pending.push((Instant::now() + LAG, fact)),
            }
        }
    }

    /// What is left when nothing more is waited for.
    pub(super) async fn rest(&mut self) -> Vec<Fact> {
        sleep(LAG).await;
        while let Ok(fact) = self.receiver.try_recv() {
            self.pending.push((Instant::now(), fact));
        }
        self.pending.sort_by(|(_, one), (_, other)| one.at.total_cmp(&other.at));
        self.pending.drain(..).map(|(_, fact)| fact).collect()
    }
}
