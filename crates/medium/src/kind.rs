//! What kind a frame is, told by its first octets.

use core::fmt;
use core::str::FromStr;

/// A kind of frames that a rule may be about. A frame may be of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// All of management.
    Management,
    /// One of management: the subtype.
    Subtype(u8),
    /// All with data, EAPOL among them.
    Data,
    /// EAPOL in clear: the first handshake of a connection. Later ones are encrypted and cannot be told from data.
    Eapol,
    /// Control, as far as it reaches the medium: acknowledgements do not.
    Control,
}

/// The subtypes of management by name (802.11-2024 table 9-1).
const SUBTYPES: &[(&str, u8)] = &[
    ("association-request", 0),
    ("association-response", 1),
    ("reassociation-request", 2),
    ("reassociation-response", 3),
    ("probe-request", 4),
    ("probe-response", 5),
    ("beacon", 8),
    ("disassociation", 10),
    ("authentication", 11),
    ("deauthentication", 12),
    ("action", 13),
];

/// Type field of the frame control field.
const MANAGEMENT: u8 = 0;
const CONTROL: u8 = 1;
const DATA: u8 = 2;
/// Bits of the second octet of the frame control field.
const BOTH_DS: u8 = 0x03;
const PROTECTED: u8 = 0x40;
/// The bit of a data frame's subtype that says that it has a QoS Control field.
const QOS: u8 = 0x8;
/// LLC and SNAP before an EAPOL frame.
const EAPOL_SNAP: [u8; 8] = [0xaa, 0xaa, 3, 0, 0, 0, 0x88, 0x8e];

impl FrameKind {
    /// Whether a frame is of this kind.
    #[must_use]
    pub fn fits(self, octets: &[u8]) -> bool {
        let &[control, flags, ..] = octets else { return false };
        let (kind, subtype) = (control >> 2 & 3, control >> 4);
        match self {
            Self::Management => kind == MANAGEMENT,
            Self::Subtype(wanted) => kind == MANAGEMENT && subtype == wanted,
            Self::Data => kind == DATA,
            Self::Control => kind == CONTROL,
            Self::Eapol => {
                let fourth_address = if flags & BOTH_DS == BOTH_DS { 6 } else { 0 };
                let qos = if subtype & QOS != 0 { 2 } else { 0 };
                let body = octets.get(24 + fourth_address + qos..).unwrap_or_default();
                kind == DATA && flags & PROTECTED == 0 && body.starts_with(&EAPOL_SNAP)
            }
        }
    }
}

impl fmt::Display for FrameKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Management => f.write_str("management"),
            Self::Data => f.write_str("data"),
            Self::Eapol => f.write_str("eapol"),
            Self::Control => f.write_str("control"),
            Self::Subtype(wanted) => match SUBTYPES.iter().find(|(_, subtype)| subtype == wanted) {
                Some((name, _)) => f.write_str(name),
                None => write!(f, "management-{wanted}"),
            },
        }
    }
}

/// A text that names no kind of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchKind;

impl fmt::Display for NoSuchKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a kind of frames is one of management, data, eapol, control")?;
        SUBTYPES.iter().try_for_each(|(name, _)| write!(f, ", {name}"))
    }
}

impl std::error::Error for NoSuchKind {}

impl FromStr for FrameKind {
    type Err = NoSuchKind;

    fn from_str(text: &str) -> Result<Self, NoSuchKind> {
        let subtype = || SUBTYPES.iter().find(|(name, _)| *name == text).map(|&(_, number)| number);
        match text {
            "management" => Ok(Self::Management),
            "data" => Ok(Self::Data),
            "eapol" => Ok(Self::Eapol),
            "control" => Ok(Self::Control),
            _ => subtype().map(Self::Subtype).ok_or(NoSuchKind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_names() {
        for (name, _) in SUBTYPES {
            assert_eq!(name.parse::<FrameKind>().unwrap().to_string(), *name);
        }
        assert_eq!("eapol".parse(), Ok(FrameKind::Eapol));
        assert!("beacons".parse::<FrameKind>().unwrap_err().to_string().contains("beacon"));
    }

    #[test]
    fn frames_are_told_by_their_first_octets() {
        assert!(FrameKind::Subtype(8).fits(&[0x80, 0]));
        assert!(FrameKind::Management.fits(&[0xc0, 0]) && !FrameKind::Subtype(8).fits(&[0xc0, 0]));
        assert!(FrameKind::Control.fits(&[0xa4, 0]));
        assert!(!FrameKind::Data.fits(&[]));
    }

    #[test]
    fn eapol_is_found_behind_every_header() {
        let eapol = |control: [u8; 2], header: usize| {
            let mut octets = control.to_vec();
            octets.resize(header, 0);
            octets.extend(EAPOL_SNAP);
            octets
        };
        assert!(FrameKind::Eapol.fits(&eapol([0x08, 0x01], 24)));
        assert!(FrameKind::Eapol.fits(&eapol([0x88, 0x01], 26)));
        assert!(FrameKind::Eapol.fits(&eapol([0x88, 0x03], 32)));
        assert!(!FrameKind::Eapol.fits(&eapol([0x88, 0x01], 24)));
        assert!(!FrameKind::Eapol.fits(&eapol([0x08, 0x41], 24)));
        assert!(FrameKind::Data.fits(&eapol([0x08, 0x41], 24)));
    }
}
