//! Key data of EAPOL-Key frames: elements, and key data encapsulations (KDEs, 802.11-2020 table 12-9).
//!
//! [`KeyData`] walks octets that somebody else owns, because after decryption they are keys: nothing here
//! copies them, and no `Debug` prints them.

use crate::{
    address::{LinkId, MacAddr},
    reader::{ParseError, Reader},
    suite::{OUI_IEEE, OUI_WFA},
};
use alloc::vec::Vec;
use core::fmt;

/// Octets of a key, borrowed; its `Debug` tells only the length.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyOctets<'a>(pub &'a [u8]);

impl fmt::Debug for KeyOctets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key of {} octets", self.0.len())
    }
}

/// What a group key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupKeyKind {
    /// GTK: group addressed data. Key IDs 1 to 3.
    Data,
    /// IGTK: group addressed management frames. Key IDs 4 and 5.
    Integrity,
    /// BIGTK: beacons. Key IDs 6 and 7.
    Beacon,
}

/// A GTK, IGTK or BIGTK KDE, of a BSS or of one link of an MLD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupKey<'a> {
    /// Which key.
    pub kind: GroupKeyKind,
    /// The link it belongs to, in the MLO forms of the KDE.
    pub link: Option<LinkId>,
    /// The key ID.
    pub key_id: u16,
    /// The Tx bit of a GTK; false for the others.
    pub transmit: bool,
    /// The last packet number used, little endian. The GTK KDE without link has none: its number is in
    /// the frame's receive sequence.
    pub packet_number: Option<[u8; 6]>,
    /// The key.
    pub key: KeyOctets<'a>,
}

/// Operating channel information (802.11-2020 9.4.2.236).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperatingChannel {
    /// The global operating class (annex E).
    pub operating_class: u8,
    /// The primary channel number.
    pub primary: u8,
    /// The centre of the second 80 MHz segment, or zero.
    pub segment1: u8,
}

/// Key data with a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kde<'a> {
    /// A group key: GTK, IGTK, BIGTK and their MLO forms.
    GroupKey(GroupKey<'a>),
    /// MAC Address: of an MLD.
    MacAddress(MacAddr),
    /// PMKID.
    Pmkid([u8; 16]),
    /// Key lifetime in seconds.
    Lifetime(u32),
    /// Key ID: which of the two pairwise keys this is (Extended Key ID).
    KeyId(u8),
    /// Operating channel information.
    OperatingChannel(OperatingChannel),
    /// MLO Link: an affiliated AP or station, with the elements that its beacons carry.
    MloLink {
        /// The link.
        link: LinkId,
        /// The link's address.
        address: MacAddr,
        /// The whole RSNE, if there is one.
        rsne: Option<&'a [u8]>,
        /// The whole RSNXE, if there is one.
        rsnxe: Option<&'a [u8]>,
    },
    /// SAE password identifiers for later use, undecoded.
    SaePasswordIds(&'a [u8]),
    /// Transition Disable of the Wi-Fi Alliance: its bitmap, at least one octet.
    TransitionDisable(&'a [u8]),
    /// DPP of the Wi-Fi Alliance, undecoded.
    Dpp(&'a [u8]),
    /// RSN Override Link of the Wi-Fi Alliance: whole override elements of one link.
    RsnOverrideLink {
        /// The link.
        link: LinkId,
        /// The elements.
        elements: &'a [u8],
    },
    /// An element, or a vendor's KDE that has no meaning here: ID and body.
    Element {
        /// The element ID; 221 for vendors.
        id: u8,
        /// The body, behind the length.
        body: &'a [u8],
    },
}

/// One piece of key data and its octets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Datum<'a> {
    /// What it says.
    pub kde: Kde<'a>,
    /// The whole piece, header included.
    pub octets: &'a [u8],
}

impl fmt::Debug for Datum<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kde.fmt(f)
    }
}

/// The key data of a frame, decrypted.
#[derive(Clone, Copy)]
pub struct KeyData<'a> {
    octets: &'a [u8],
    at: usize,
}

impl fmt::Debug for KeyData<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(*self).finish()
    }
}

impl<'a> KeyData<'a> {
    /// Key data in these octets.
    #[must_use]
    pub const fn new(octets: &'a [u8]) -> Self {
        Self { octets, at: 0 }
    }

    /// The octets that were not walked yet: the padding, once the walk has ended.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.octets.get(self.at..).unwrap_or_default()
    }

    fn step(&mut self) -> Result<Option<Datum<'a>>, ParseError> {
        let start = self.rest();
        // Padding is one octet 0xdd and zeros (12.7.2 j); a lone octet can be nothing else.
        if matches!(start, [] | [_] | [0xdd, 0, ..]) {
            return Ok(None);
        }
        let mut reader = Reader::new("key data", start);
        let (id, length) = (reader.u8()?, reader.u8()?);
        let body = reader.take(usize::from(length))?;
        let octets = start.get(..reader.position()).unwrap_or(start);
        let kde = Kde::of_element(id, body)?;
        self.at = self.at.saturating_add(octets.len());
        Ok(Some(Datum { kde, octets }))
    }
}

impl<'a> Iterator for KeyData<'a> {
    type Item = Result<Datum<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step().map_err(|error| {
            let at = self.at.saturating_add(error.at);
            self.at = self.octets.len();
            ParseError { at, ..error }
        });
        step.transpose()
    }
}

const GTK: u8 = 1;
const MAC_ADDRESS: u8 = 3;
const PMKID: u8 = 4;
const LIFETIME: u8 = 7;
const IGTK: u8 = 9;
const KEY_ID: u8 = 10;
const OCI: u8 = 13;
const BIGTK: u8 = 14;
const MLO_GTK: u8 = 16;
const MLO_IGTK: u8 = 17;
const MLO_BIGTK: u8 = 18;
const MLO_LINK: u8 = 19;
const SAE_PASSWORD_IDS: u8 = 25;
const WFA_TRANSITION_DISABLE: u8 = 0x20;
const WFA_DPP: u8 = 0x21;
const WFA_RSN_OVERRIDE_LINK: u8 = 0x2d;

const RSNE: u8 = 48;
const RSNXE: u8 = 244;

/// Bits of the Link Information field of an MLO Link KDE.
const HAS_RSNE: u8 = 1 << 4;
const HAS_RSNXE: u8 = 1 << 5;

impl<'a> Kde<'a> {
    fn of_element(id: u8, body: &'a [u8]) -> Result<Self, ParseError> {
        let unknown = Self::Element { id, body };
        let (0xdd, Some((&[a, b, c, kind], content))) = (id, body.split_first_chunk()) else {
            return Ok(unknown);
        };
        // Places in errors count from the ID.
        let mut reader = Shifted::new(content);
        let kde = match ([a, b, c], kind) {
            (OUI_IEEE, GTK | IGTK | BIGTK | MLO_GTK | MLO_IGTK | MLO_BIGTK) => {
                Self::GroupKey(GroupKey::read(kind, &mut reader)?)
            }
            (OUI_IEEE, MAC_ADDRESS) => Self::MacAddress(MacAddr(reader.array()?)),
            (OUI_IEEE, PMKID) => Self::Pmkid(reader.array()?),
            (OUI_IEEE, LIFETIME) => Self::Lifetime(u32::from_be_bytes(reader.array()?)),
            (OUI_IEEE, KEY_ID) => {
                let [key_id, _] = reader.array()?;
                Self::KeyId(key_id & 3)
            }
            (OUI_IEEE, OCI) => {
                let [operating_class, primary, segment1] = reader.array()?;
                Self::OperatingChannel(OperatingChannel { operating_class, primary, segment1 })
            }
            (OUI_IEEE, MLO_LINK) => {
                let [info] = reader.array()?;
                let link = reader.link(info & 0x0f)?;
                let address = MacAddr(reader.array()?);
                let mut element = |bit, id| (info & bit != 0).then(|| reader.element(id)).transpose();
                let (rsne, rsnxe) = (element(HAS_RSNE, RSNE)?, element(HAS_RSNXE, RSNXE)?);
                Self::MloLink { link, address, rsne, rsnxe }
            }
            (OUI_IEEE, SAE_PASSWORD_IDS) => Self::SaePasswordIds(reader.rest()),
            (OUI_WFA, WFA_TRANSITION_DISABLE) => match content {
                [] => return Err(reader.invalid("a Transition Disable KDE needs an octet")),
                _ => Self::TransitionDisable(reader.rest()),
            },
            (OUI_WFA, WFA_DPP) => Self::Dpp(reader.rest()),
            (OUI_WFA, WFA_RSN_OVERRIDE_LINK) => {
                let [link] = reader.array()?;
                Self::RsnOverrideLink { link: reader.link(link)?, elements: reader.rest() }
            }
            _ => return Ok(unknown),
        };
        reader.finish()?;
        Ok(kde)
    }

    /// Appends the KDE with its header.
    ///
    /// Lengths beyond 255 octets cannot be said in the format: such a body is cut off.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut body = Vec::new();
        let mut kde = |oui: [u8; 3], kind: u8, parts: &[&[u8]]| {
            body.extend(oui);
            body.push(kind);
            parts.iter().for_each(|part| body.extend(*part));
        };
        let mut id = 0xdd;
        match *self {
            Self::GroupKey(key) => key.write(&mut kde),
            Self::MacAddress(address) => kde(OUI_IEEE, MAC_ADDRESS, &[&address.0]),
            Self::Pmkid(pmkid) => kde(OUI_IEEE, PMKID, &[&pmkid]),
            Self::Lifetime(seconds) => kde(OUI_IEEE, LIFETIME, &[&seconds.to_be_bytes()]),
            Self::KeyId(key_id) => kde(OUI_IEEE, KEY_ID, &[&[key_id & 3, 0]]),
            Self::OperatingChannel(OperatingChannel { operating_class, primary, segment1 }) => {
                kde(OUI_IEEE, OCI, &[&[operating_class, primary, segment1]]);
            }
            Self::MloLink { link, address, rsne, rsnxe } => {
                let has = |element: Option<&[u8]>, bit| if element.is_some() { bit } else { 0 };
                let info = link.get() | has(rsne, HAS_RSNE) | has(rsnxe, HAS_RSNXE);
                let (rsne, rsnxe) = (rsne.unwrap_or_default(), rsnxe.unwrap_or_default());
                kde(OUI_IEEE, MLO_LINK, &[&[info], &address.0, rsne, rsnxe]);
            }
            Self::SaePasswordIds(octets) => kde(OUI_IEEE, SAE_PASSWORD_IDS, &[octets]),
            Self::TransitionDisable(bitmap) => kde(OUI_WFA, WFA_TRANSITION_DISABLE, &[bitmap]),
            Self::Dpp(octets) => kde(OUI_WFA, WFA_DPP, &[octets]),
            Self::RsnOverrideLink { link, elements } => {
                kde(OUI_WFA, WFA_RSN_OVERRIDE_LINK, &[&[link.get()], elements]);
            }
            Self::Element { id: other, body: octets } => {
                id = other;
                body.extend(octets);
            }
        }
        body.truncate(255);
        out.push(id);
        out.push(u8::try_from(body.len()).unwrap_or(u8::MAX));
        out.append(&mut body);
    }
}

impl<'a> GroupKey<'a> {
    fn read(number: u8, reader: &mut Shifted<'a>) -> Result<Self, ParseError> {
        let kind = match number {
            GTK | MLO_GTK => GroupKeyKind::Data,
            IGTK | MLO_IGTK => GroupKeyKind::Integrity,
            _ => GroupKeyKind::Beacon,
        };
        let mut key =
            Self { kind, link: None, key_id: 0, transmit: false, packet_number: None, key: KeyOctets(&[]) };
        match number {
            GTK | MLO_GTK => {
                let [info] = reader.array()?;
                (key.key_id, key.transmit) = (u16::from(info & 3), info & 4 != 0);
                if number == GTK {
                    let [_reserved] = reader.array()?;
                } else {
                    key.link = Some(reader.link(info >> 4)?);
                    key.packet_number = Some(reader.array()?);
                }
            }
            _ => {
                key.key_id = u16::from_le_bytes(reader.array()?);
                key.packet_number = Some(reader.array()?);
                if matches!(number, MLO_IGTK | MLO_BIGTK) {
                    let [info] = reader.array()?;
                    key.link = Some(reader.link(info >> 4)?);
                }
            }
        }
        key.key = KeyOctets(reader.rest());
        Ok(key)
    }

    fn write(&self, kde: &mut impl FnMut([u8; 3], u8, &[&[u8]])) {
        let number = self.packet_number.unwrap_or_default();
        let key_id = self.key_id.to_le_bytes();
        let gtk = key_id[0] & 3 | u8::from(self.transmit) << 2;
        let link = self.link.map(|link| [link.get() << 4]);
        let plain = |of_bss, of_link| if link.is_some() { of_link } else { of_bss };
        match self.kind {
            GroupKeyKind::Data => match link {
                None => kde(OUI_IEEE, GTK, &[&[gtk, 0], self.key.0]),
                Some([link]) => kde(OUI_IEEE, MLO_GTK, &[&[gtk | link], &number, self.key.0]),
            },
            GroupKeyKind::Integrity | GroupKeyKind::Beacon => {
                let kind = match self.kind {
                    GroupKeyKind::Beacon => plain(BIGTK, MLO_BIGTK),
                    _ => plain(IGTK, MLO_IGTK),
                };
                let link = link.as_ref().map_or(&[][..], |link| link);
                kde(OUI_IEEE, kind, &[&key_id, &number, link, self.key.0]);
            }
        }
    }
}

/// A reader whose places count from the header of the KDE.
struct Shifted<'a>(Reader<'a>);

impl<'a> Shifted<'a> {
    /// ID, length, OUI and type.
    const HEADER: usize = 6;

    const fn new(content: &'a [u8]) -> Self {
        Self(Reader::new("key data encapsulation", content))
    }

    const fn shift(error: ParseError) -> ParseError {
        ParseError { at: error.at.saturating_add(Self::HEADER), ..error }
    }

    const fn invalid(&self, why: &'static str) -> ParseError {
        Self::shift(self.0.invalid(why))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ParseError> {
        self.0.array().map_err(Self::shift)
    }

    fn rest(&mut self) -> &'a [u8] {
        self.0.rest()
    }

    fn link(&self, number: u8) -> Result<LinkId, ParseError> {
        LinkId::new(number).ok_or(self.invalid("link 15 is no link"))
    }

    /// A whole element with this ID.
    fn element(&mut self, id: u8) -> Result<&'a [u8], ParseError> {
        let whole = self.0.peek();
        if whole.first().is_some_and(|&first| first != id) {
            return Err(self.invalid("the link info announces another element here"));
        }
        let mut ahead = self.0.clone();
        let length = ahead.array::<2>().map(|[_, length]| usize::from(length)).map_err(Self::shift)?;
        self.0.take(length.saturating_add(2)).map_err(Self::shift)
    }

    fn finish(self) -> Result<(), ParseError> {
        self.0.finish().map_err(Self::shift)
    }
}

/// Appends the padding that AES key wrap needs: one octet 0xdd, then zeros, to a multiple of eight octets
/// and at least sixteen (802.11-2020 12.7.2 j).
pub fn pad(data: &mut Vec<u8>) {
    let target = data.len().next_multiple_of(8).max(16);
    if data.len() < target {
        data.push(0xdd);
        data.resize(target, 0);
    }
}

#[cfg(test)]
mod tests;
