//! The clients that want to hear what happens.

use super::errors::dbus;
use super::message::Error;

/// How many clients may watch: a person at each of a few terminals, and some to spare. Each costs a message for
/// every event.
pub const WATCHERS: usize = 32;

/// The clients that watch, in the order in which they came.
#[derive(Debug, Default)]
pub struct Watchers(Vec<String>);

impl Watchers {
    /// Adds a client. Returns whether it did not watch before.
    ///
    /// # Errors
    /// If there are too many.
    pub fn add(&mut self, client: &str) -> Result<bool, Error> {
        if self.iter().any(|watcher| watcher == client) {
            return Ok(false);
        }
        if self.0.len() >= WATCHERS {
            return Err(dbus("LimitsExceeded", "Too many programs watch. End some of them first."));
        }
        self.0.push(client.to_owned());
        Ok(true)
    }

    /// Removes a client. Returns whether it watched.
    pub fn remove(&mut self, client: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|watcher| watcher != client);
        self.0.len() < before
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}
