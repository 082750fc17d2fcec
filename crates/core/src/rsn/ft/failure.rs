//! Why a transition cannot go on.

use super::super::supplicant::HandshakeFailure;
use core::fmt;

/// Which rule of the exchange was broken, or what cannot be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransitionFailure {
    /// The Mobility Domain element is missing, or is not that of the beacons.
    MobilityDomain,
    /// The Fast BSS Transition element is missing or cannot be read.
    Element,
    /// The station's nonce is another one.
    StationNonce,
    /// The AP's nonce is missing or another one.
    ApNonce,
    /// The holder of PMK-R0 is missing or another one.
    R0Holder,
    /// The holder of PMK-R1 is missing or another one.
    R1Holder,
    /// The RSNE is missing, or is not that of the beacons.
    Rsne,
    /// The RSNXE is not that of the beacons.
    Rsnxe,
    /// The key that is named is another one.
    KeyName,
    /// The number of elements under the integrity code is wrong.
    Count,
    /// The integrity code is wrong.
    Mic,
    /// A group key cannot be decrypted.
    KeyUnwrap,
    /// A key breaks a rule.
    Keys(HandshakeFailure),
    /// There is no key for this AKM and cipher.
    NoKey,
    /// An answer came before or after its time.
    OutOfOrder,
}

impl TransitionFailure {
    /// The rule in words.
    #[must_use]
    pub const fn text(&self) -> &'static str {
        match self {
            Self::MobilityDomain => "the mobility domain is not that of the beacons",
            Self::Element => "the Fast BSS Transition element is missing or cannot be read",
            Self::StationNonce => "the access point does not repeat our nonce",
            Self::ApNonce => "the access point's nonce is missing, or is another than before",
            Self::R0Holder => "the holder of the root key is missing, or is another than before",
            Self::R1Holder => {
                "the access point's name in the mobility domain is missing, or is another than before"
            }
            Self::Rsne => "the RSNE differs from that of the beacon",
            Self::Rsnxe => "the RSNXE differs from that of the beacon",
            Self::KeyName => "the access point names another key",
            Self::Count => "the number of protected elements is wrong",
            Self::Mic => "the integrity code of the response is wrong",
            Self::KeyUnwrap => "a group key could not be decrypted",
            Self::Keys(why) => why.text(),
            Self::NoKey => "there is no key for this kind of protection",
            Self::OutOfOrder => "an answer came out of order",
        }
    }
}

impl fmt::Display for TransitionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl core::error::Error for TransitionFailure {}

impl From<HandshakeFailure> for TransitionFailure {
    fn from(why: HandshakeFailure) -> Self {
        Self::Keys(why)
    }
}
