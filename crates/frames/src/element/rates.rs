//! Supported Rates (1), Extended Supported Rates (50) and the demands that hide among them.

use super::ElementId;
use alloc::vec::Vec;
use core::fmt;

/// One octet of a list of rates: a rate, or a demand on whoever wants to join.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(pub u8);

open_enum! {
    /// A BSS membership selector: what a station must be able to do to join (802.11-2020 9.4.2.3, table
    /// 9-92), as the low seven bits of the octet.
    pub enum MembershipSelector: u8 {
        /// Extremely high throughput (802.11be).
        EhtPhy = 121,
        /// High efficiency (802.11ax).
        HePhy = 122,
        /// SAE with hash-to-element only.
        SaeH2eOnly = 123,
        /// EtherType protocol discrimination.
        Epd = 124,
        /// General links.
        Glk = 125,
        /// Very high throughput (802.11ac).
        VhtPhy = 126,
        /// High throughput (802.11n).
        HtPhy = 127,
    }
}

impl Rate {
    /// Hash-to-element is the only way to do SAE here.
    pub const SAE_H2E_ONLY: Self = Self(0x80 | MembershipSelector::SaeH2eOnly.0);

    /// Whether all members of the BSS must have it.
    #[must_use]
    pub const fn is_basic(self) -> bool {
        self.0 & 0x80 != 0
    }

    /// The rate in units of 500 kb/s, if it is one.
    #[must_use]
    pub const fn half_megabits(self) -> Option<u8> {
        if self.selector().is_some() { None } else { Some(self.0 & 0x7f) }
    }

    /// The demand, if it is one.
    #[must_use]
    pub const fn selector(self) -> Option<MembershipSelector> {
        let number = MembershipSelector(self.0 & 0x7f);
        // Real rates end at 54 Mb/s; a selector always is in the basic set.
        if self.is_basic() && number.0 >= MembershipSelector::EhtPhy.0 { Some(number) } else { None }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(selector) = self.selector() {
            return write!(f, "{selector}");
        }
        let half = self.0 & 0x7f;
        write!(
            f,
            "{}{}{}",
            half / 2,
            if half & 1 == 1 { ".5" } else { "" },
            if self.is_basic() { "*" } else { "" }
        )
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
wrapped_field! { Rate }

fields! {
    /// Supported Rates and BSS Membership Selectors. The standard has 1 to 8; more are taken, as all do.
    pub struct SupportedRates {
        /// The rates in Mb/s, basic ones with a star.
        rates: Vec<Rate>,
    }
}
element!(SupportedRates, "Supported Rates", ElementId::Plain(1));

fields! {
    /// Extended Supported Rates and BSS Membership Selectors: those beyond eight.
    pub struct ExtendedSupportedRates {
        /// The rates in Mb/s, basic ones with a star.
        rates: Vec<Rate>,
    }
}
element!(ExtendedSupportedRates, "Extended Supported Rates", ElementId::Plain(50));
