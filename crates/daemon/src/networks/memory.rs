//! What is remembered of networks beside their files: channels, when they were joined, the last lease.
//!
//! It is a file of its own, `.lapwing.memory`, in the same dialect, with a group for each network file. It
//! is ours alone: if it cannot be read it is begun anew, since nothing in it was written by a person. iwd's file of
//! channels is read and kept up beside it, so that both can take over from each other.

use super::document::{Document, MAX_OCTETS, hex};
use super::name::FileName;
use crate::netconf::Remembered;
use lapwing_core::Secret;
use lapwing_core::entropy::random;
use lapwing_core::network::Proven;
use lapwing_linux::entropy::OsEntropy;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;

/// The name of the file.
pub const FILE: &str = ".lapwing.memory";

/// The name of iwd's file of channels, which is kept up for it.
pub const IWD_FREQUENCIES: &str = ".known_network.freq";

/// The keys of iwd's file: the path of a network file, and its channels.
const NAME: &str = "name";
const LIST: &str = "list";

/// How many channels are kept for a network.
const FREQUENCIES: usize = 5;

/// The names of the stronger ways.
const WAYS: [(&str, u8); 3] = [("sae", Proven::SAE), ("owe", Proven::OWE), ("rsn", Proven::RSN)];

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// As it is written: with the order, and with what is not understood.
    document: Document,
    /// The same to look things up in: the values of each group.
    groups: BTreeMap<String, BTreeMap<String, String>>,
    /// iwd's file: as it is written, and what it has of each network.
    iwd: Document,
    iwd_groups: BTreeMap<FileName, IwdGroup>,
    /// Whether iwd's file does not have all that is known.
    iwd_changed: bool,
}

/// What iwd's file has of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct IwdGroup {
    name: String,
    /// The channels, as they are written.
    list: String,
}

impl Memory {
    /// From the octets of our file and of iwd's, as far as they can be read.
    #[must_use]
    pub fn read(own: &[u8], iwd: &[u8]) -> Self {
        let document = Document::parse(own).unwrap_or_default();
        let mut groups = BTreeMap::<String, BTreeMap<String, String>>::new();
        for (group, key, value) in document.pairs() {
            if let Ok(text) = value.plain() {
                groups.entry(group.to_owned()).or_default().entry(key.to_owned()).or_insert(text);
            }
        }
        let iwd = Document::parse(iwd).unwrap_or_default();
        let iwd_groups = iwd_groups(&iwd);
        Self { document, groups, iwd, iwd_groups, iwd_changed: false }
    }

    /// The octets to write. What would not be read again is forgotten: the networks that were joined longest ago.
    pub fn octets(&mut self) -> Secret {
        loop {
            let octets = self.document.octets();
            if octets.len() <= MAX_OCTETS {
                return octets;
            }
            let oldest = self.groups.iter().min_by_key(|(_, values)| last_joined(Some(values)));
            let Some(oldest) = oldest.map(|(group, _)| group.clone()) else { return octets };
            self.groups.remove(&oldest);
            self.document.remove_group(&oldest);
        }
    }

    /// The channels on which a network was heard, in MHz, the latest first.
    #[must_use]
    pub fn frequencies(&self, name: &FileName) -> Vec<u32> {
        // iwd's file first: it may have run since. Where it has not, the lists are the same.
        let iwd = self.iwd_groups.get(name).map_or("", |group| &group.list);
        let mut list = frequencies(iwd);
        for known in frequencies(&self.text(name, "Frequencies").unwrap_or_default()) {
            if !list.contains(&known) {
                list.push(known);
            }
        }
        list.truncate(FREQUENCIES);
        list
    }

    /// The octets to write into iwd's file, for the networks of this directory; none if it has them. What would not
    /// be read again is forgotten: as a whole, since the channels are in our own file too.
    pub fn iwd_octets(&mut self, directory: &Path) -> Option<Secret> {
        if !self.iwd_changed {
            return None;
        }
        for (name, group) in &self.iwd_groups {
            let path = directory.join(name.to_string());
            self.iwd.set(&group.name, NAME, path.as_os_str().as_encoded_bytes());
        }
        let octets = self.iwd.octets();
        if octets.len() > MAX_OCTETS {
            self.iwd = Document::default();
            self.iwd_groups.clear();
            return Some(Secret::default());
        }
        Some(octets)
    }

    /// iwd's file has all that is known.
    pub const fn iwd_written(&mut self) {
        self.iwd_changed = false;
    }

    /// When a network was last joined: greater is later.
    #[must_use]
    pub fn last_joined(&self, name: &FileName) -> Option<u64> {
        last_joined(self.groups.get(&name.to_string()))
    }

    /// The stronger ways by which a network has been joined with the secret that has this mark; open networks
    /// have none.
    #[must_use]
    pub fn proven(&self, name: &FileName, mark: Option<&str>) -> Proven {
        if self.text(name, "ProvenFor").as_deref() != mark {
            return Proven::default();
        }
        let words = self.text(name, "Proven").unwrap_or_default();
        let ways = WAYS.iter().filter(|(word, _)| words.split_ascii_whitespace().any(|known| known == *word));
        Proven(ways.fold(0, |bits, (_, bit)| bits | bit))
    }

    /// Notes by which stronger ways a network has been joined with the secret that has this mark. Returns whether
    /// that is news.
    pub fn prove(&mut self, name: &FileName, mark: Option<&str>, proven: Proven) -> bool {
        let words: Vec<_> = WAYS.iter().filter(|(_, bit)| proven.has(*bit)).map(|&(word, _)| word).collect();
        let words = (!words.is_empty()).then(|| words.join(" "));
        let mark = mark.filter(|_| words.is_some());
        let is_marked = self.put(name, "ProvenFor", mark);
        self.put(name, "Proven", words.as_deref()) || is_marked
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
        self.put(name, "Frequencies", Some(&list.join(" ")));
        let list = list.join(" ");
        let new = || IwdGroup { name: group_name(), list: String::new() };
        let group = self.iwd_groups.entry(name.clone()).or_insert_with(new);
        if group.list != list {
            self.iwd.set(&group.name, LIST, list.as_bytes());
            group.list = list;
            self.iwd_changed = true;
        }
        let latest = self.groups.values().filter_map(|group| last_joined(Some(group))).max();
        let number = latest.map_or(now, |latest| now.max(latest.saturating_add(1)));
        self.put(name, "LastJoined", Some(&number.to_string()));
    }

    /// Notes a lease, or that there is none any more. Returns whether that is news.
    pub fn leased(&mut self, name: &FileName, lease: Option<&Remembered>) -> bool {
        self.put(name, "Lease", lease.map(ToString::to_string).as_deref())
    }

    /// Forgets a network. Returns whether anything was known of it.
    pub fn forget(&mut self, name: &FileName) -> bool {
        if let Some(group) = self.iwd_groups.remove(name) {
            self.iwd_changed |= self.iwd.remove_group(&group.name);
        }
        self.groups.remove(&name.to_string());
        self.document.remove_group(&name.to_string())
    }

    fn text(&self, name: &FileName, key: &str) -> Option<String> {
        self.groups.get(&name.to_string())?.get(key).cloned()
    }

    /// Sets a value, or removes it. Returns whether that changed anything.
    fn put(&mut self, name: &FileName, key: &str, text: Option<&str>) -> bool {
        let group = name.to_string();
        if self.groups.get(&group).and_then(|values| values.get(key)).map(String::as_str) == text {
            return false;
        }
        match text {
            Some(text) => {
                self.document.set(&group, key, text.as_bytes());
                self.groups.entry(group).or_default().insert(key.to_owned(), text.to_owned());
            }
            None => {
                self.document.remove(&group, key);
                if let Some(values) = self.groups.get_mut(&group) {
                    values.remove(key);
                }
            }
        }
        true
    }
}

/// When the network of a group was last joined.
fn last_joined(group: Option<&BTreeMap<String, String>>) -> Option<u64> {
    group?.get("LastJoined")?.parse().ok()
}

/// The channels in a list, as far as they are numbers.
fn frequencies(list: &str) -> Vec<u32> {
    list.split_ascii_whitespace().filter_map(|word| word.parse().ok()).take(FREQUENCIES).collect()
}

/// iwd has a group per network, named by a UUID, with the path of the network file and a list of channels.
fn iwd_groups(document: &Document) -> BTreeMap<FileName, IwdGroup> {
    // One look at each line: there may be hundreds of groups.
    let mut values = BTreeMap::<(&str, &str), String>::new();
    for (group, key, value) in document.pairs() {
        if let Ok(text) = value.plain() {
            values.entry((group, key)).or_insert(text);
        }
    }
    let mut groups = BTreeMap::new();
    for group in document.groups() {
        let path = values.remove(&(group, NAME)).unwrap_or_default();
        let file = Path::new(&path).file_name().unwrap_or(OsStr::new(""));
        if let super::name::Parsed::Network(name) = FileName::parse(file) {
            let list = values.remove(&(group, LIST)).unwrap_or_default();
            groups.insert(name, IwdGroup { name: group.to_owned(), list });
        }
    }
    groups
}

/// A name for a group of iwd's file: a UUID that was drawn (RFC 9562 5.4).
fn group_name() -> String {
    let mut octets: [u8; 16] = random(&mut OsEntropy);
    octets[6] = octets[6] & 0x0f | 0x40;
    octets[8] = octets[8] & 0x3f | 0x80;
    let digits = hex(&octets);
    let digits = String::from_utf8_lossy(digits.expose());
    let part = |range| digits.get(range).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32))
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
        let kept = memory.iwd_octets(Path::new("/state")).unwrap();
        // Until it is written, it is tried again.
        assert!(memory.iwd_octets(Path::new("/state")).unwrap() == kept);
        memory.iwd_written();
        assert!(memory.iwd_octets(Path::new("/state")).is_none());
        let again = Memory::read(memory.octets().expose(), kept.expose());
        assert_eq!(again.frequencies(&name("home")), [2412, 5180]);
        // iwd has run since.
        assert_eq!(Memory::read(memory.octets().expose(), iwd).frequencies(&name("home")), [5180, 2412]);
        let text = String::from_utf8(kept.expose().to_vec()).unwrap();
        let mine = "[4d9ad3b8-8fd6-4df0-8f0b-1b9e3b0f5c34]\nname=/state/home.psk\nlist= 2412 5180\n";
        assert!(text.starts_with(mine) && text.contains("\nname=/state/work.psk\n"), "{text}");
        let uuid = text.lines().rfind(|line| line.starts_with('[')).unwrap();
        assert_eq!((uuid.len(), uuid.get(15..16)), (38, Some("4")), "{uuid}");
        assert!(
            again.last_joined(&name("work")) > again.last_joined(&name("home")),
            "even if the clock went back"
        );
        assert!(memory.prove(&name("home"), Some("a1"), Proven(Proven::SAE)));
        assert!(!memory.prove(&name("home"), Some("a1"), Proven(Proven::SAE)));
        let again = Memory::read(memory.octets().expose(), iwd);
        assert_eq!(again.proven(&name("home"), Some("a1")), Proven(Proven::SAE));
        assert_eq!(again.proven(&name("home"), Some("b2")), Proven(0), "another secret has proven nothing");
        assert_eq!(again.proven(&name("home"), None), Proven(0));
        assert!(memory.prove(&name("home"), Some("a1"), Proven::default()) && memory.forget(&name("work")));
        let kept = memory.iwd_octets(Path::new("/state")).unwrap();
        assert!(!String::from_utf8_lossy(kept.expose()).contains("work"));
        assert_eq!(memory.proven(&name("home"), Some("a1")), Proven(0));
        assert_eq!(memory.last_joined(&name("work")), None);
        assert!(!String::from_utf8_lossy(memory.octets().expose()).contains("Proven"));
        for frequency in 1..20 {
            memory.joined(&name("home"), frequency, 2000);
        }
        assert_eq!(memory.frequencies(&name("home")), [19, 18, 17, 16, 15]);
    }

    #[test]
    fn what_others_wrote_stays_and_the_oldest_goes_when_there_is_too_much() {
        let own =
            b"# theirs\n[first.psk]\nUnknown=kept\nLastJoined=7\n\n[second.psk]\n# more\nLease=garbage\n";
        let mut memory = Memory::read(own, b"");
        memory.joined(&name("second"), 2412, 5);
        assert_eq!(memory.last_joined(&name("second")), Some(8));
        let text = String::from_utf8(memory.octets().expose().to_vec()).unwrap();
        let wanted = "# theirs\n[first.psk]\nUnknown=kept\nLastJoined=7\n\n[second.psk]\n# more\nLease=garbage\n\
            Frequencies=2412\nLastJoined=8\n";
        assert_eq!(text, wanted);
        let many =
            |number| format!("[network number {number}.psk]\nFrequencies=2412\nLastJoined=1{number}\n");
        let own = (1000..5000).map(many).collect::<String>();
        assert!(own.len() < MAX_OCTETS && own.len() > MAX_OCTETS - 29_000);
        let mut memory = Memory::read(own.as_bytes(), b"");
        for number in 0..400 {
            memory.joined(&name(&format!("{}{number}", "x".repeat(29))), 2412, 100);
        }
        let octets = memory.octets();
        let again = Memory::read(octets.expose(), b"");
        assert!(octets.len() > MAX_OCTETS - 200);
        assert_eq!(again.last_joined(&name("network number 1000")), None);
        assert_eq!(again.frequencies(&name("network number 4999")), [2412]);
        assert_eq!(again.groups, memory.groups);
    }
}
