//! The security elements of a beacon, as they were heard.

use alloc::vec::Vec;
use lapwing_frames::{
    ParseError,
    element::{
        Element, Elements, MobilityDomain,
        rsn::{Rsn, RsnChoice, RsnOverride, RsnOverride2, RsnxOverride},
        rsnx::Rsnx,
        wpa::Wpa,
    },
};

/// The security elements of a BSS, each whole and octet for octet, because message 3 of the 4-way
/// handshake must repeat them exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Advertised {
    /// The RSNE.
    pub rsne: Option<Vec<u8>>,
    /// The RSNXE.
    pub rsnxe: Option<Vec<u8>>,
    /// The RSNE Override of the Wi-Fi Alliance.
    pub rsne_override: Option<Vec<u8>>,
    /// The RSNE Override 2 of the Wi-Fi Alliance.
    pub rsne_override2: Option<Vec<u8>>,
    /// The RSNXE Override of the Wi-Fi Alliance.
    pub rsnxe_override: Option<Vec<u8>>,
    /// The element of the first WPA.
    pub wpa: Option<Vec<u8>>,
    /// The Mobility Domain element.
    pub mobility_domain: Option<Vec<u8>>,
}

impl Advertised {
    /// The security elements among those of a frame.
    #[must_use]
    pub fn of(elements: Elements<'_>) -> Self {
        fn whole<E: Element>(elements: Elements<'_>) -> Option<Vec<u8>> {
            elements.find_raw::<E>().map(|element| element.octets.to_vec())
        }
        Self {
            rsne: whole::<Rsn>(elements),
            rsnxe: whole::<Rsnx>(elements),
            rsne_override: whole::<RsnOverride>(elements),
            rsne_override2: whole::<RsnOverride2>(elements),
            rsnxe_override: whole::<RsnxOverride>(elements),
            wpa: whole::<Wpa>(elements),
            mobility_domain: whole::<MobilityDomain>(elements),
        }
    }

    /// Whether the AP knows RSN overriding.
    #[must_use]
    pub const fn has_overrides(&self) -> bool {
        self.rsne_override.is_some() || self.rsne_override2.is_some() || self.rsnxe_override.is_some()
    }

    /// The RSN element of a choice and the RSNXE that goes with it, parsed; nothing if it is not there.
    ///
    /// # Errors
    /// What the parser of the element says.
    pub fn rsn(&self, choice: RsnChoice) -> Option<Result<(Rsn, Option<Rsnx>), ParseError>> {
        let (rsn, overriding) = match choice {
            RsnChoice::Override => (parse::<RsnOverride>(&self.rsne_override).map(|e| e.map(|e| e.0)), true),
            RsnChoice::Override2 => {
                (parse::<RsnOverride2>(&self.rsne_override2).map(|e| e.map(|e| e.0)), true)
            }
            _ => (parse::<Rsn>(&self.rsne), false),
        };
        let rsnx = match parse::<RsnxOverride>(&self.rsnxe_override) {
            Some(rsnx) if overriding => Some(rsnx.map(|element| element.0)),
            _ => parse::<Rsnx>(&self.rsnxe),
        };
        Some(rsn?.and_then(|rsn| Ok((rsn, rsnx.transpose()?))))
    }
}

fn parse<E: Element>(element: &Option<Vec<u8>>) -> Option<Result<E, ParseError>> {
    Elements::new(element.as_deref()?).find::<E>().transpose()
}
