//! A network as the station is told of it.

/// What somebody knows of a network before joining it.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub(crate) ssid: String,
    pub(crate) secret: Secret,
    /// The network does not tell its name.
    pub(crate) hidden: bool,
}

/// What the network asks for.
#[derive(Clone, Debug)]
pub(crate) enum Secret {
    /// Nothing: an open network.
    Nothing,
    /// Nothing: a network with OWE. Only the peer has to be told.
    NothingButOwe,
    /// A passphrase, for WPA2 and WPA3 alike, with the identifier under which the AP knows it.
    Passphrase { passphrase: String, identifier: Option<String> },
}

impl Network {
    /// A network that asks for nothing.
    pub(crate) fn open(ssid: &str) -> Self {
        Self { ssid: ssid.into(), secret: Secret::Nothing, hidden: false }
    }

    /// A network that asks for nothing and encrypts.
    pub(crate) fn owe(ssid: &str) -> Self {
        Self { secret: Secret::NothingButOwe, ..Self::open(ssid) }
    }

    /// A network with a passphrase.
    pub(crate) fn psk(ssid: &str, passphrase: &str) -> Self {
        let secret = Secret::Passphrase { passphrase: passphrase.into(), identifier: None };
        Self { ssid: ssid.into(), secret, hidden: false }
    }

    /// Gives the passphrase the identifier under which the AP knows it.
    pub(crate) fn password_identifier(mut self, name: &str) -> Self {
        if let Secret::Passphrase { identifier, .. } = &mut self.secret {
            *identifier = Some(name.into());
        }
        self
    }

    /// Says that the network does not tell its name.
    pub(crate) fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }
}
