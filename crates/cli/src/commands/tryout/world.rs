//! The wheels of the daemon's world: `docs/virtual-radio.md` has what is said.

use super::feed::{Fact, Sender};
use crate::events::Event;
use crate::failure::{Failure, Kind};
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many answers may wait; we ask one thing at a time.
const ANSWERS: usize = 4;

/// The way to it.
pub(super) struct World {
    asks: OwnedWriteHalf,
    answers: mpsc::Receiver<Event>,
}

impl World {
    /// Connects, and has all that happens told to `facts` from now on.
    pub(super) async fn open(path: &Path, facts: Sender) -> Result<Self, Failure> {
        let stream = UnixStream::connect(path).await.map_err(|error| lost(&error.to_string()))?;
        let (heard, asks) = stream.into_split();
        let (answered, answers) = mpsc::channel(ANSWERS);
        tokio::spawn(async move {
            let mut lines = BufReader::new(heard).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let Some(event) = Event::parse(&line) else { continue };
                let is_taken = match event.text("event") {
                    Some("world" | "truth" | "done" | "refused") => answered.send(event).await.is_ok(),
                    _ => facts.send(Fact::of_world(event)).await.is_ok(),
                };
                if !is_taken {
                    return;
                }
            }
        });
        let mut this = Self { asks, answers };
        this.ask("watch").await?;
        Ok(this)
    }

    /// Asks for something, and waits for the answer.
    pub(super) async fn ask(&mut self, what: &str) -> Result<Event, Failure> {
        let line = format!("{what}\n");
        self.asks.write_all(line.as_bytes()).await.map_err(|error| lost(&error.to_string()))?;
        let answer = timeout(PATIENCE, self.answers.recv()).await;
        let answer = answer.ok().flatten().ok_or_else(|| lost("it does not answer"))?;
        match answer.text("why") {
            Some(why) if answer.text("event") == Some("refused") => {
                Err(Failure::new(Kind::Failed, format!("The world does not do {what:?}: {why}.")))
            }
            _ => Ok(answer),
        }
    }
}

fn lost(why: &str) -> Failure {
    Failure::new(Kind::Failed, format!("The world cannot be reached: {why}."))
}
