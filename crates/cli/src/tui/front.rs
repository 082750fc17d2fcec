//! What stands in front of everything and takes the keys: questions, pictures, help.

use super::app::{Key, Picture};
use super::field::Field;
use crate::model::{Known, Name};

/// What stands in front.
pub(super) enum Front {
    /// The daemon wants a passphrase.
    Question(Question),
    /// The name of a network that does not announce it.
    Hidden(Field),
    /// Is this network to be forgotten?
    Forget(Known),
    /// What the hotspot is to be.
    Hotspot {
        /// Its name.
        name: Field,
        /// Its passphrase; empty for one that is made.
        passphrase: Field,
        /// Which of them is being typed.
        at: Entry,
    },
    /// Is the hotspot to end?
    EndHotspot,
    /// A network as a QR code.
    Picture(Name, Picture),
    /// What the keys do.
    Help,
}

/// What is asked for.
pub(super) struct Question {
    /// The network; none if it was not heard.
    pub(super) name: Option<Name>,
    /// The answer.
    pub(super) typed: Field,
}

/// A line of the form for hotspots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Name,
    Passphrase,
}

impl Front {
    /// The form for hotspots.
    pub(super) fn hotspot() -> Self {
        Self::Hotspot { name: Field::plain(), passphrase: Field::secret(), at: Entry::Name }
    }

    /// A key that is typed into it.
    pub(super) fn typed(&mut self, key: Key) {
        match self {
            Self::Question(Question { typed, .. }) | Self::Hidden(typed) => typed.typed(key),
            Self::Hotspot { name, passphrase, at } => match (key, *at) {
                (Key::Next | Key::Back | Key::Up | Key::Down, Entry::Name) => *at = Entry::Passphrase,
                (Key::Next | Key::Back | Key::Up | Key::Down, Entry::Passphrase) => *at = Entry::Name,
                (Key::Reveal, _) => passphrase.typed(key),
                (_, Entry::Name) => name.typed(key),
                (_, Entry::Passphrase) => passphrase.typed(key),
            },
            Self::Forget(_) | Self::EndHotspot | Self::Picture(..) | Self::Help => {}
        }
    }
}
