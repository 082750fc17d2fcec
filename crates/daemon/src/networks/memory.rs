//! What is remembered of networks beside their files: channels, when they were joined, the last lease.
//!
//! It is a file of its own, `.lapwing.memory`, in the same dialect, with a group for each network file. It
//! is ours alone: if it cannot be read it is begun anew, since nothing in it was written by a person.

use super::document::Document;
use super::name::FileName;
use crate::netconf::Remembered;
use lapwing_core::network::Proven;
use std::ffi::OsStr;
use std::path::Path;

/// The name of the file.
pub const FILE: &str = ".lapwing.memory";

/// The name of iwd's file of channels, which is read and never written.
pub const IWD_FREQUENCIES: &str = ".known_network.freq";

/// How many channels are kept for a network.
const FREQUENCIES: usize = 5;

/// The names of the stronger ways.
const WAYS: [(&str, u8); 2] = [("sae", Proven::SAE), ("owe", Proven::OWE)];

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    document: Document,
    iwd: Vec<(FileName, Vec<u32>)>,
}

impl Memory {
    /// From the octets of our file and of iwd's, as far as they can be read.
    #[must_use]
    pub fn read(own: &[u8], iwd: &[u8]) -> Self {
        Self {
            document: Document::parse(own).unwrap_or_default(),
            iwd: Document::parse(iwd).map(|document| iwd_frequencies(&document)).unwrap_or_default(),
        }
    }

    /// The document to write.
    #[must_use]
    pub const fn document(&self) -> &Document {
        &self.document
    }

    /// The channels on which a network was heard, in MHz, the latest first.
    #[must_use]
    pub fn frequencies(&self, name: &FileName) -> Vec<u32> {
        match self.text(name, "Frequencies") {
            Some(list) => frequencies(&list),
            None => self
                .iwd
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, list)| list.clone())
                .unwrap_or_default(),
        }
    }

    /// When a network was last joined: greater is later.
    #[must_use]
    pub fn last_joined(&self, name: &FileName) -> Option<u64> {
        self.text(name, "LastJoined")?.parse().ok()
    }

    /// The stronger ways by which a network has been joined.
    #[must_use]
    pub fn proven(&self, name: &FileName) -> Proven {
        let words = self.text(name, "Proven").unwrap_or_default();
        let ways = WAYS.iter().filter(|(word, _)| words.split_ascii_whitespace().any(|known| known == *word));
        Proven(ways.fold(0, |bits, (_, bit)| bits | bit))
    }

    /// Notes by which stronger ways a network has been joined. Returns whether that is news.
    pub fn prove(&mut self, name: &FileName, proven: Proven) -> bool {
        if self.proven(name) == proven {
            return false;
        }
        let words: Vec<_> = WAYS.iter().filter(|(_, bit)| proven.has(*bit)).map(|&(word, _)| word).collect();
        if words.is_empty() {
            self.document.remove(&name.to_string(), "Proven");
        } else {
            self.document.set(&name.to_string(), "Proven", words.join(" ").as_bytes());
        }
        true
    }

    /// The last lease in a network.
    #[must_use]
    pub fn lease(&self, name: &FileName) -> Option<Remembered> {
        self.text(name, "Lease")?.parse().ok()
    }

    /// Notes that a network was joined on this channel at this time (seconds since 1970). A clock that went
    /// back does not change the order: the number rises in any case.
    pub fn joined(&mut self, name: &FileName, frequency: u32, now: u64) {
        let mut list = self.frequencies(name);
        list.retain(|&known| known != frequency);
        list.insert(0, frequency);
        list.truncate(FREQUENCIES);
        let list: Vec<_> = list.iter().map(ToString::to_string).collect();
        let group = name.to_string();
        self.document.set(&group, "Frequencies", list.join(" ").as_bytes());
        let latest = self
            .document
            .groups()
            .filter_map(|group| self.document.value(group, "LastJoined")?.plain().ok()?.parse::<u64>().ok());
        let number = latest.max().map_or(now, |latest| now.max(latest.saturating_add(1)));
        self.document.set(&group, "LastJoined", number.to_string().as_bytes());
    }

    /// Notes a lease, or that there is none any more. Returns whether that is news.
    pub fn leased(&mut self, name: &FileName, lease: Option<&Remembered>) -> bool {
        if self.lease(name).as_ref() == lease {
            return false;
        }
        match lease {
            Some(lease) => self.document.set(&name.to_string(), "Lease", lease.to_string().as_bytes()),
            None => self.document.remove(&name.to_string(), "Lease"),
        }
        true
    }

    /// Forgets a network. Returns whether anything was known of it.
    pub fn forget(&mut self, name: &FileName) -> bool {
        self.document.remove_group(&name.to_string())
    }

    fn text(&self, name: &FileName, key: &str) -> Option<String> {
        self.document.value(&name.to_string(), key)?.plain().ok()
    }
}

/// The channels in a list, as far as they are numbers.
fn frequencies(list: &str) -> Vec<u32> {
    list.split_ascii_whitespace().filter_map(|word| word.parse().ok()).take(FREQUENCIES).collect()
}

/// iwd has a group per network, named by a UUID, with the path of the network file and a list of channels.
fn iwd_frequencies(document: &Document) -> Vec<(FileName, Vec<u32>)> {
    let entry = |group: &str| {
        let path = document.value(group, "name")?.plain().ok()?;
        let file = Path::new(&path).file_name().unwrap_or(OsStr::new(""));
        let super::name::Parsed::Network(name) = FileName::parse(file) else { return None };
        Some((name, frequencies(&document.value(group, "list")?.plain().ok()?)))
    };
    document.groups().filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::name::Security;
    use lapwing_frames::Ssid;

    fn name(ssid: &str) -> FileName {
        FileName { ssid: Ssid::new(ssid.as_bytes()).unwrap(), security: Security::Personal }
    }

    #[test]
    fn channels_of_iwd_until_there_are_own() {
        let iwd = b"[4d9ad3b8-8fd6-4df0-8f0b-1b9e3b0f5c34]\nname=/var/lib/iwd/home.psk\nlist= 5180 2412\n";
        let mut memory = Memory::read(b"garbage", iwd);
        assert_eq!(memory.frequencies(&name("home")), [5180, 2412]);
        assert_eq!(memory.frequencies(&name("work")), [] as [u32; 0]);
        memory.joined(&name("home"), 2412, 1000);
        memory.joined(&name("work"), 6115, 900);
        let again = Memory::read(memory.document().octets().expose(), iwd);
        assert_eq!(again.frequencies(&name("home")), [2412, 5180]);
        assert!(
            again.last_joined(&name("work")) > again.last_joined(&name("home")),
            "even if the clock went back"
        );
        assert!(memory.prove(&name("home"), Proven(Proven::SAE)));
        assert!(!memory.prove(&name("home"), Proven(Proven::SAE)));
        let again = Memory::read(memory.document().octets().expose(), iwd);
        assert_eq!(again.proven(&name("home")), Proven(Proven::SAE));
        assert!(memory.prove(&name("home"), Proven::default()) && memory.forget(&name("work")));
        assert_eq!((memory.proven(&name("home")), memory.last_joined(&name("work"))), (Proven(0), None));
        for frequency in 1..20 {
            memory.joined(&name("home"), frequency, 2000);
        }
        assert_eq!(memory.frequencies(&name("home")), [19, 18, 17, 16, 15]);
    }
}
