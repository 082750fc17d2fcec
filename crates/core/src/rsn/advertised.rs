//! The security elements of a beacon, as they were heard.

use alloc::vec::Vec;
use lapwing_frames::{
    ParseError,
    element::{
        Element, Elements, MobilityDomain, RawElement,
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
        fn keep<E: Element>(place: &mut Option<Vec<u8>>, element: &RawElement<'_>) {
            if place.is_none() && element.is::<E>() {
                *place = Some(element.octets.to_vec());
            }
        }
        let mut this = Self::default();
        // One look at each: this is asked of thousands of BSSs after a scan.
        for element in elements {
            let element = &element;
            match element.id {
                Rsn::ID => keep::<Rsn>(&mut this.rsne, element),
                Rsnx::ID => keep::<Rsnx>(&mut this.rsnxe, element),
                MobilityDomain::ID => keep::<MobilityDomain>(&mut this.mobility_domain, element),
                Wpa::ID => {
                    keep::<Wpa>(&mut this.wpa, element);
                    keep::<RsnOverride>(&mut this.rsne_override, element);
                    keep::<RsnOverride2>(&mut this.rsne_override2, element);
                    keep::<RsnxOverride>(&mut this.rsnxe_override, element);
                }
                _ => {}
            }
        }
        this
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
