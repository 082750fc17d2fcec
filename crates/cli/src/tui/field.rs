//! A line of text that is typed. What is secret is wiped when it goes.

use super::app::Key;
use crate::secret::Secret;
use crate::terminal::LONGEST;
use zeroize::Zeroizing;

/// The line.
pub(super) struct Field {
    /// It never grows beyond the room that is made at the beginning: growing would leave copies behind.
    text: Zeroizing<String>,
    /// How it is shown.
    shown: Shown,
}

/// How what is typed is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// As it is.
    Plainly,
    /// By a point for each character.
    AsPoints,
    /// As it is, though it is secret: a person wants to see it.
    Revealed,
}

impl Field {
    pub(super) fn plain() -> Self {
        Self { text: Zeroizing::new(String::with_capacity(LONGEST)), shown: Shown::Plainly }
    }

    pub(super) fn secret() -> Self {
        Self { shown: Shown::AsPoints, ..Self::plain() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn into_secret(self) -> Secret {
        self.text
    }

    /// What is shown of it.
    pub(super) fn shown(&self) -> Zeroizing<String> {
        match self.shown {
            Shown::AsPoints => Zeroizing::new("*".repeat(self.text.chars().count())),
            Shown::Plainly | Shown::Revealed => self.text.clone(),
        }
    }

    /// Takes a key.
    pub(super) fn typed(&mut self, key: Key) {
        match key {
            Key::Character(character)
                if !character.is_control() && self.text.len() + character.len_utf8() <= LONGEST =>
            {
                self.text.push(character);
            }
            Key::Erase => {
                let _erased = self.text.pop();
            }
            Key::Reveal => {
                self.shown = match self.shown {
                    Shown::AsPoints => Shown::Revealed,
                    Shown::Revealed => Shown::AsPoints,
                    Shown::Plainly => Shown::Plainly,
                }
            }
            _ => {}
        }
    }
}
