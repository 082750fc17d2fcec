//! The RSN element (48), and its overrides by the Wi-Fi Alliance.

use super::{Element, ElementId, layout::Field, rsnx::Rsnx};
use crate::{
    reader::{ParseError, Reader},
    suite::{Akm, Cipher},
};
use alloc::{vec, vec::Vec};
use core::fmt;

/// The name of a PMK that both sides may still have.
pub type Pmkid = [u8; 16];

bit_set! {
    /// The RSN Capabilities field (802.11-2020 9.4.2.24.4).
    pub struct RsnCapabilities: u16 {
        /// The AP takes pre-authentication.
        PREAUTHENTICATION = 1,
        /// The station cannot hold a WEP default key and a pairwise key at once.
        NO_PAIRWISE = 1 << 1,
        /// Management frame protection is required.
        MFPR = 1 << 6,
        /// Management frame protection is there.
        MFPC = 1 << 7,
        /// Joint RSNA over several bands.
        JOINT_MULTI_BAND = 1 << 8,
        /// Obsolete: PeerKey handshake.
        PEERKEY = 1 << 9,
        /// Signalling and payload protected A-MSDUs are there.
        SPP_AMSDU_CAPABLE = 1 << 10,
        /// Only signalling and payload protected A-MSDUs.
        SPP_AMSDU_REQUIRED = 1 << 11,
        /// Protected block acknowledgement agreements.
        PBAC = 1 << 12,
        /// Extended Key ID: individually addressed frames may use key 0 or 1.
        EXTENDED_KEY_ID = 1 << 13,
        /// Operating channel validation.
        OCVC = 1 << 14,
    }
}
wrapped_field! { RsnCapabilities }

impl RsnCapabilities {
    /// How many replay counters a pairwise key has: 1, 2, 4 or 16.
    #[must_use]
    pub const fn pairwise_replay_counters(self) -> u8 {
        replay_counters(self.0 >> 2)
    }

    /// How many replay counters a group key has: 1, 2, 4 or 16.
    #[must_use]
    pub const fn group_replay_counters(self) -> u8 {
        replay_counters(self.0 >> 4)
    }
}

/// The meaning of the two low bits.
const fn replay_counters(bits: u16) -> u8 {
    match bits & 3 {
        0 => 1,
        1 => 2,
        2 => 4,
        _ => 16,
    }
}

/// What an RSNE ends after. The standard lets it end after any field, and a handshake compares RSNEs
/// octet by octet, so a value has to remember it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum End {
    Version,
    Group,
    Pairwise,
    Akms,
    Capabilities,
    Pmkids,
    GroupManagement,
}

/// The RSN element: which ciphers, authentications and protections a network has or a station chose
/// (802.11-2020 9.4.2.24).
///
/// Fields that are absent read as what the standard says for their absence.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rsn {
    version: u16,
    group: Cipher,
    pairwise: Vec<Cipher>,
    akms: Vec<Akm>,
    capabilities: RsnCapabilities,
    pmkids: Vec<Pmkid>,
    /// Read through [`Rsn::group_management`]; means nothing if `end` is before it.
    group_management: Cipher,
    end: End,
    tail: Vec<u8>,
}

impl Rsn {
    /// The version there is.
    pub const VERSION: u16 = 1;

    /// An RSNE of version 1 that ends after its capabilities.
    #[must_use]
    pub const fn new(
        group: Cipher,
        pairwise: Vec<Cipher>,
        akms: Vec<Akm>,
        capabilities: RsnCapabilities,
    ) -> Self {
        Self {
            version: Self::VERSION,
            group,
            pairwise,
            akms,
            capabilities,
            pmkids: Vec::new(),
            group_management: Cipher::BipCmac128,
            end: End::Capabilities,
            tail: Vec::new(),
        }
    }

    /// The version; anything but [`Self::VERSION`] is from the future.
    #[must_use]
    pub const fn version(&self) -> u16 {
        self.version
    }

    /// The cipher of group frames; CCMP-128 if absent.
    #[must_use]
    pub const fn group(&self) -> Cipher {
        self.group
    }

    /// The ciphers of pairwise keys; CCMP-128 if the list is absent.
    #[must_use]
    pub fn pairwise(&self) -> &[Cipher] {
        &self.pairwise
    }

    /// The authentication and key management suites; 802.1X if the list is absent.
    #[must_use]
    pub fn akms(&self) -> &[Akm] {
        &self.akms
    }

    /// The capabilities; none if absent.
    #[must_use]
    pub const fn capabilities(&self) -> RsnCapabilities {
        self.capabilities
    }

    /// The PMKIDs; none if absent.
    #[must_use]
    pub fn pmkids(&self) -> &[Pmkid] {
        &self.pmkids
    }

    /// The cipher of group management frames: the one that is there, else BIP-CMAC-128 if management
    /// frame protection is, else nothing.
    #[must_use]
    pub fn group_management(&self) -> Option<Cipher> {
        (self.end == End::GroupManagement || self.capabilities.contains(RsnCapabilities::MFPC))
            .then_some(self.group_management)
    }

    /// The octets after the last field that we know.
    #[must_use]
    pub fn tail(&self) -> &[u8] {
        &self.tail
    }

    /// Sets the capabilities.
    pub fn set_capabilities(&mut self, capabilities: RsnCapabilities) {
        self.capabilities = capabilities;
        self.reach(End::Capabilities);
    }

    /// Sets the PMKIDs; the fields in front of them are written too from now on.
    pub fn set_pmkids(&mut self, pmkids: Vec<Pmkid>) {
        self.pmkids = pmkids;
        self.reach(End::Pmkids);
    }

    /// Sets the cipher of group management frames; the fields in front of it are written too from now on.
    pub fn set_group_management(&mut self, cipher: Cipher) {
        self.group_management = cipher;
        self.reach(End::GroupManagement);
    }

    /// Moves the end behind a field. Octets that followed the old end followed it only.
    fn reach(&mut self, end: End) {
        if self.end < end {
            self.end = end;
            self.tail.clear();
        }
    }

    /// Reads the body, called `what` in errors.
    fn read(what: &'static str, body: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(what, body);
        let mut rsn = Self::new(
            Cipher::Ccmp128,
            vec![Cipher::Ccmp128],
            vec![Akm::Ieee8021x],
            RsnCapabilities::default(),
        );
        rsn.version = reader.u16_le()?;
        rsn.end = End::Version;
        // From the capabilities on, octets too few for a field are a tail: such elements are in the air.
        for (end, least) in [
            (End::Group, 1),
            (End::Pairwise, 1),
            (End::Akms, 1),
            (End::Capabilities, 2),
            (End::Pmkids, 2),
            (End::GroupManagement, 4),
        ] {
            if reader.remaining() < least {
                break;
            }
            match end {
                End::Version => {}
                End::Group => rsn.group = Cipher::read(&mut reader)?,
                End::Pairwise => rsn.pairwise = read_list(&mut reader)?,
                End::Akms => rsn.akms = read_list(&mut reader)?,
                End::Capabilities => rsn.capabilities = Field::read(&mut reader)?,
                End::Pmkids => rsn.pmkids = read_list(&mut reader)?,
                End::GroupManagement => rsn.group_management = Cipher::read(&mut reader)?,
            }
            rsn.end = end;
        }
        rsn.tail = reader.rest().to_vec();
        Ok(rsn)
    }
}

/// Reads a count of 16 bits and so many items.
pub(crate) fn read_list<T: Field>(reader: &mut Reader<'_>) -> Result<Vec<T>, ParseError> {
    let count = reader.u16_le()?;
    let mut list = Vec::new();
    for _ in 0..count {
        list.push(T::read(reader)?);
    }
    Ok(list)
}

/// Appends a list that [`read_list`] reads. The count is of 16 bits; nothing of that size fits a frame.
pub(crate) fn write_list<T: Field>(list: &[T], out: &mut Vec<u8>) {
    let count = u16::try_from(list.len()).unwrap_or(u16::MAX);
    count.write(out);
    list.iter().take(usize::from(count)).for_each(|item| item.write(out));
}

impl Element for Rsn {
    const ID: ElementId = ElementId::Plain(48);

    fn parse(body: &[u8]) -> Result<Self, ParseError> {
        Self::read("RSNE", body)
    }

    fn write_body(&self, out: &mut Vec<u8>) {
        self.version.write(out);
        if self.end >= End::Group {
            self.group.write(out);
        }
        if self.end >= End::Pairwise {
            write_list(&self.pairwise, out);
        }
        if self.end >= End::Akms {
            write_list(&self.akms, out);
        }
        if self.end >= End::Capabilities {
            self.capabilities.write(out);
        }
        if self.end >= End::Pmkids {
            write_list(&self.pmkids, out);
        }
        if self.end >= End::GroupManagement {
            self.group_management.write(out);
        }
        out.extend_from_slice(&self.tail);
    }
}

impl fmt::Display for Rsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version {}, group {}, pairwise", self.version, self.group)?;
        self.pairwise.iter().try_for_each(|cipher| write!(f, " {cipher}"))?;
        f.write_str(", AKM")?;
        self.akms.iter().try_for_each(|akm| write!(f, " {akm}"))?;
        write!(f, ", capabilities {}", self.capabilities)?;
        if let Some(cipher) = self.group_management() {
            write!(f, ", group management {cipher}")?;
        }
        for pmkid in &self.pmkids {
            f.write_str(", PMKID ")?;
            pmkid.iter().try_for_each(|octet| write!(f, "{octet:02x}"))?;
        }
        Ok(())
    }
}

/// A vendor element of the Wi-Fi Alliance whose body is that of another element.
macro_rules! override_of {
    ($( $(#[$meta:meta])* $name:ident($inner:ident) = $kind:literal, $parse:expr; )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name(pub $inner);

        impl Element for $name {
            const ID: ElementId = ElementId::VENDOR;
            const PREFIX: &'static [u8] = &[0x50, 0x6f, 0x9a, $kind];

            fn parse(body: &[u8]) -> Result<Self, ParseError> {
                $parse(body).map(Self)
            }

            fn write_body(&self, out: &mut Vec<u8>) {
                self.0.write_body(out);
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    )* };
}

override_of! {
    /// RSNE Override: an RSNE for stations that know RSN overriding, hidden from those that do not
    /// (Wi-Fi Alliance, WPA3 Specification, RSN overriding).
    RsnOverride(Rsn) = 0x29, |body| Rsn::read("RSNE Override", body);
    /// RSNE Override 2: the same for stations that associate as multi-link devices.
    RsnOverride2(Rsn) = 0x2a, |body| Rsn::read("RSNE Override 2", body);
    /// RSNXE Override: the RSNXE that goes with the overrides.
    RsnxOverride(Rsnx) = 0x2b, Rsnx::parse;
}

open_enum! {
    /// Which of the AP's RSN elements a station took.
    pub enum RsnChoice: u8 {
        /// The RSNE.
        Rsn = 0,
        /// The RSNE Override.
        Override = 1,
        /// The RSNE Override 2.
        Override2 = 2,
    }
}
wrapped_field! { RsnChoice }

fields! {
    /// RSN Selection: says in an association request and in message 2 which of the AP's RSN elements
    /// the station's own answers.
    pub struct RsnSelection {
        /// Which.
        choice: RsnChoice,
        /// What a later version appends.
        tail: Vec<u8>,
    }
}
element!(RsnSelection, "RSN Selection", ElementId::VENDOR, prefix & [0x50, 0x6f, 0x9a, 0x2c]);
