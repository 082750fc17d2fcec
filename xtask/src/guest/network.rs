//! A network as the station is told of it.

use std::fmt::Write;

/// What somebody knows of a network before joining it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    pub(crate) ssid: Vec<u8>,
    pub(crate) secret: Secret,
    /// The network does not tell its name.
    pub(crate) hidden: bool,
    /// The station finds a file of it, where otherwise somebody types what it needs.
    pub(crate) by_file: bool,
    /// What else the file says.
    further: &'static str,
}

/// What the network asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Secret {
    /// Nothing: an open network.
    Nothing,
    /// Nothing: a network with OWE. Only wpa_supplicant has to be told.
    NothingButOwe,
    /// A passphrase, for WPA2 and WPA3 alike, with the identifier under which the AP knows it.
    Passphrase { passphrase: String, identifier: Option<String> },
}

impl Network {
    /// A network that asks for nothing.
    pub(crate) fn open(ssid: impl AsRef<[u8]>) -> Self {
        Self {
            ssid: ssid.as_ref().to_owned(),
            secret: Secret::Nothing,
            hidden: false,
            by_file: false,
            further: "",
        }
    }

    /// A network that asks for nothing and encrypts.
    pub(crate) fn owe(ssid: impl AsRef<[u8]>) -> Self {
        Self { secret: Secret::NothingButOwe, ..Self::open(ssid) }
    }

    /// A network with a passphrase.
    pub(crate) fn psk(ssid: impl AsRef<[u8]>, passphrase: &str) -> Self {
        let secret = Secret::Passphrase { passphrase: passphrase.into(), identifier: None };
        Self { secret, ..Self::open(ssid) }
    }

    /// Gives the passphrase the identifier under which the AP knows it. Only a file can.
    pub(crate) fn password_identifier(mut self, name: &str) -> Self {
        if let Secret::Passphrase { identifier, .. } = &mut self.secret {
            *identifier = Some(name.into());
        }
        self.by_file()
    }

    /// Says that the network does not tell its name.
    pub(crate) fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Says that the station finds a file of it.
    pub(crate) fn by_file(mut self) -> Self {
        self.by_file = true;
        self
    }

    /// Says what else there is in the file, which the station finds.
    pub(crate) fn further(mut self, lines: &'static str) -> Self {
        self.further = lines;
        self.by_file()
    }

    /// The name as a person types it, where that is possible.
    pub(crate) fn name(&self) -> String {
        String::from_utf8_lossy(&self.ssid).into_owned()
    }

    /// What a person types when asked.
    pub(crate) fn passphrase(&self) -> Option<&str> {
        match &self.secret {
            Secret::Passphrase { passphrase, .. } => Some(passphrase),
            Secret::Nothing | Secret::NothingButOwe => None,
        }
    }

    /// The last part of iwd's D-Bus path for it: the name in hexadecimal, and the kind.
    pub(crate) fn path_element(&self) -> String {
        format!("{}_{}", hexadecimal(&self.ssid), self.kind())
    }

    /// iwd's way to name a file: the network's name itself where it is harmless, else its bytes in hexadecimal.
    pub(crate) fn file_name(&self) -> String {
        let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_ ".contains(byte);
        match self.ssid.iter().all(harmless) {
            true => format!("{}.{}", self.name(), self.kind()),
            false => format!("={}.{}", hexadecimal(&self.ssid), self.kind()),
        }
    }

    /// What the file says.
    pub(crate) fn file_text(&self) -> String {
        let mut text = String::new();
        if let Secret::Passphrase { passphrase, identifier } = &self.secret {
            text = format!("[Security]\nPassphrase={passphrase}\n");
            if let Some(identifier) = identifier {
                text = format!("{text}PasswordIdentifier={identifier}\n");
            }
        }
        if self.hidden {
            text += "[Settings]\nHidden=true\n";
        }
        text + self.further
    }

    const fn kind(&self) -> &'static str {
        match self.secret {
            Secret::Nothing | Secret::NothingButOwe => "open",
            Secret::Passphrase { .. } => "psk",
        }
    }
}

/// Bytes in hexadecimal, without anything between them.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_and_written_as_iwd_does() {
        let network = Network::psk("plain", "secret 12").password_identifier("me").hidden();
        assert_eq!(network.file_name(), "plain.psk");
        let text = "[Security]\nPassphrase=secret 12\nPasswordIdentifier=me\n[Settings]\nHidden=true\n";
        assert_eq!(network.file_text(), text);
        assert_eq!(
            network.further("[IPv6]\nEnabled=false\n").file_text(),
            format!("{text}[IPv6]\nEnabled=false\n")
        );
        assert_eq!(Network::open("a/é").file_name(), "=612fc3a9.open");
        assert_eq!(Network::open([0xff, 0]).path_element(), "ff00_open");
    }
}
