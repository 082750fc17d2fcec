//! Cipher suite and AKM suite selectors (802.11-2020 9.4.2.24.2 and 9.4.2.24.3).

use crate::reader::{ParseError, Reader};
use core::fmt;

/// The OUI of the standard's own suites, 00-0F-AC.
pub const OUI_IEEE: [u8; 3] = [0x00, 0x0f, 0xac];
/// The OUI of the Wi-Fi Alliance, 50-6F-9A.
pub const OUI_WFA: [u8; 3] = [0x50, 0x6f, 0x9a];
/// The OUI of the first WPA and of WMM, 00-50-F2.
pub const OUI_MICROSOFT: [u8; 3] = [0x00, 0x50, 0xf2];

macro_rules! suite {
    ($(#[$meta:meta])* $name:ident { $( $(#[$vmeta:meta])* $variant:ident = $oui:ident $number:literal $text:literal ),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 4]);

        #[allow(non_upper_case_globals)]
        impl $name {
            $( $(#[$vmeta])* pub const $variant: Self = Self([$oui[0], $oui[1], $oui[2], $number]); )*

            /// The field's usual name, if the suite is one that we know.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self { $( Self::$variant => Some($text), )* _ => None }
            }

            /// Reads a selector: three octets of OUI and one of type.
            ///
            /// # Errors
            /// If fewer than four octets are left.
            pub fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
                reader.array().map(Self)
            }

            /// The number that nl80211 uses: the four octets read as a big-endian number.
            #[must_use]
            pub const fn to_u32(self) -> u32 {
                u32::from_be_bytes(self.0)
            }

            /// The suite of a number of nl80211.
            #[must_use]
            pub const fn from_u32(number: u32) -> Self {
                Self(number.to_be_bytes())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => { let [a, b, c, d] = self.0; write!(f, "{a:02x}-{b:02x}-{c:02x}:{d}") }
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

suite! {
    /// A cipher suite.
    Cipher {
        /// "Use group cipher suite".
        UseGroup = OUI_IEEE 0 "use-group",
        /// WEP with 40-bit keys. Recognised, never used.
        Wep40 = OUI_IEEE 1 "WEP-40",
        /// TKIP. It is broken, and used only where somebody puts up with that.
        Tkip = OUI_IEEE 2 "TKIP",
        /// CCMP with 128-bit keys.
        Ccmp128 = OUI_IEEE 4 "CCMP-128",
        /// WEP with 104-bit keys. Recognised, never used.
        Wep104 = OUI_IEEE 5 "WEP-104",
        /// BIP-CMAC-128, for group management frames.
        BipCmac128 = OUI_IEEE 6 "BIP-CMAC-128",
        /// Group addressed traffic is not allowed.
        GroupNotAllowed = OUI_IEEE 7 "group-not-allowed",
        /// GCMP with 128-bit keys.
        Gcmp128 = OUI_IEEE 8 "GCMP-128",
        /// GCMP with 256-bit keys.
        Gcmp256 = OUI_IEEE 9 "GCMP-256",
        /// CCMP with 256-bit keys.
        Ccmp256 = OUI_IEEE 10 "CCMP-256",
        /// BIP-GMAC-128, for group management frames.
        BipGmac128 = OUI_IEEE 11 "BIP-GMAC-128",
        /// BIP-GMAC-256, for group management frames.
        BipGmac256 = OUI_IEEE 12 "BIP-GMAC-256",
        /// BIP-CMAC-256, for group management frames.
        BipCmac256 = OUI_IEEE 13 "BIP-CMAC-256",
        /// TKIP as the first WPA names it.
        WpaTkip = OUI_MICROSOFT 2 "WPA-TKIP",
        /// CCMP as the first WPA names it.
        WpaCcmp = OUI_MICROSOFT 4 "WPA-CCMP",
    }
}

suite! {
    /// An authentication and key management suite.
    Akm {
        /// 802.1X with SHA-1.
        Ieee8021x = OUI_IEEE 1 "802.1X",
        /// WPA2-Personal: pre-shared key with SHA-1.
        Psk = OUI_IEEE 2 "PSK",
        /// Fast transition with 802.1X.
        Ft8021x = OUI_IEEE 3 "FT-802.1X",
        /// Fast transition with a pre-shared key.
        FtPsk = OUI_IEEE 4 "FT-PSK",
        /// 802.1X with SHA-256.
        Ieee8021xSha256 = OUI_IEEE 5 "802.1X-SHA256",
        /// Pre-shared key with SHA-256.
        PskSha256 = OUI_IEEE 6 "PSK-SHA256",
        /// TDLS.
        Tdls = OUI_IEEE 7 "TDLS",
        /// WPA3-Personal: SAE with a PMK of 256 bits.
        Sae = OUI_IEEE 8 "SAE",
        /// Fast transition with SAE.
        FtSae = OUI_IEEE 9 "FT-SAE",
        /// 802.1X, Suite B.
        SuiteB = OUI_IEEE 11 "802.1X-SUITE-B",
        /// 802.1X, Suite B with 192 bits.
        SuiteB192 = OUI_IEEE 12 "802.1X-SUITE-B-192",
        /// Fast transition with 802.1X and SHA-384.
        Ft8021xSha384 = OUI_IEEE 13 "FT-802.1X-SHA384",
        /// FILS with SHA-256.
        FilsSha256 = OUI_IEEE 14 "FILS-SHA256",
        /// FILS with SHA-384.
        FilsSha384 = OUI_IEEE 15 "FILS-SHA384",
        /// Fast transition with FILS and SHA-256.
        FtFilsSha256 = OUI_IEEE 16 "FT-FILS-SHA256",
        /// Fast transition with FILS and SHA-384.
        FtFilsSha384 = OUI_IEEE 17 "FT-FILS-SHA384",
        /// Opportunistic wireless encryption.
        Owe = OUI_IEEE 18 "OWE",
        /// Fast transition with a pre-shared key and SHA-384.
        FtPskSha384 = OUI_IEEE 19 "FT-PSK-SHA384",
        /// Pre-shared key with SHA-384.
        PskSha384 = OUI_IEEE 20 "PSK-SHA384",
        /// Pre-association security negotiation.
        Pasn = OUI_IEEE 21 "PASN",
        /// 802.1X with SHA-384.
        Ieee8021xSha384 = OUI_IEEE 23 "802.1X-SHA384",
        /// SAE with a hash and PMK by the size of the group.
        SaeExtKey = OUI_IEEE 24 "SAE-EXT-KEY",
        /// Fast transition with SAE-EXT-KEY.
        FtSaeExtKey = OUI_IEEE 25 "FT-SAE-EXT-KEY",
        /// Device provisioning protocol.
        Dpp = OUI_WFA 2 "DPP",
        /// 802.1X of the first WPA. Recognised, never used.
        Wpa8021x = OUI_MICROSOFT 1 "WPA-802.1X",
        /// Pre-shared key of the first WPA.
        WpaPsk = OUI_MICROSOFT 2 "WPA-PSK",
    }
}

impl Cipher {
    /// The length of a key for this cipher in octets, if it is one that Lapwing installs.
    #[must_use]
    pub const fn key_length(self) -> Option<usize> {
        match self {
            Self::Ccmp128 | Self::Gcmp128 | Self::BipCmac128 | Self::BipGmac128 => Some(16),
            Self::Ccmp256 | Self::Gcmp256 | Self::BipCmac256 | Self::BipGmac256 => Some(32),
            // The key of the cipher itself is 16 octets long; those of Michael follow, one for each direction.
            Self::Tkip => Some(32),
            _ => None,
        }
    }

    /// The same cipher as the first WPA names it, if it has it.
    #[must_use]
    pub const fn of_first_wpa(self) -> Option<Self> {
        match self {
            Self::Tkip => Some(Self::WpaTkip),
            Self::Ccmp128 => Some(Self::WpaCcmp),
            _ => None,
        }
    }

    /// Whether it protects group management frames (one of the BIP suites).
    #[must_use]
    pub const fn is_bip(self) -> bool {
        matches!(self, Self::BipCmac128 | Self::BipGmac128 | Self::BipGmac256 | Self::BipCmac256)
    }
}

impl Akm {
    /// Whether the authentication is SAE.
    #[must_use]
    pub const fn is_sae(self) -> bool {
        matches!(self, Self::Sae | Self::FtSae | Self::SaeExtKey | Self::FtSaeExtKey)
    }

    /// Whether it is one of fast BSS transition.
    #[must_use]
    pub const fn is_ft(self) -> bool {
        matches!(
            self,
            Self::Ft8021x
                | Self::FtPsk
                | Self::FtSae
                | Self::Ft8021xSha384
                | Self::FtFilsSha256
                | Self::FtFilsSha384
                | Self::FtPskSha384
                | Self::FtSaeExtKey
        )
    }

    /// Whether the key is a pre-shared one (not SAE).
    #[must_use]
    pub const fn is_psk(self) -> bool {
        matches!(self, Self::Psk | Self::PskSha256 | Self::FtPsk | Self::FtPskSha384 | Self::PskSha384)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn numbers_of_nl80211() {
        assert_eq!(Akm::Sae.to_u32(), 0x000f_ac08);
        assert_eq!(Akm::from_u32(0x000f_ac18), Akm::SaeExtKey);
        assert_eq!(Cipher::Gcmp256.to_string(), "GCMP-256");
        assert_eq!(Cipher([1, 2, 3, 4]).to_string(), "01-02-03:4");
    }

    #[test]
    fn ciphers_of_the_first_wpa() {
        assert_eq!(Cipher::Tkip.of_first_wpa(), Some(Cipher([0x00, 0x50, 0xf2, 2])));
        assert_eq!(Cipher::Ccmp128.of_first_wpa(), Some(Cipher([0x00, 0x50, 0xf2, 4])));
        for cipher in [Cipher::Wep40, Cipher::Gcmp128, Cipher::WpaTkip, Cipher::BipCmac128] {
            assert_eq!(cipher.of_first_wpa(), None, "{cipher}");
        }
    }
}
