//! What a supplicant says: what to do, what it passed over, and why it gave up.

use crate::kernel::KeyRequest;
use alloc::vec::Vec;
use core::fmt;
use lapwing_frames::{LinkId, ParseError, kde::GroupKeyKind, management::ReasonCode};

/// Something to be done or to be known, in the order in which it must happen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Output {
    /// Send an EAPOL frame to the peer.
    SendKeyFrame {
        /// The frame from the 802.1X header on.
        octets: Vec<u8>,
        /// Not under the pairwise key, though there may be one.
        in_clear: bool,
    },
    /// Install a key.
    InstallKey(KeyRequest),
    /// Send under this pairwise key, installed before for reception (Extended Key ID).
    UseKey {
        /// Its index.
        index: u8,
    },
    /// The 4-way handshake is complete and every key is in front of this: open the port.
    Secured,
    /// Keys were renewed.
    Rekeyed(Rekeyed),
    /// The AP renews the pairwise key, which the radio cannot do safely: connect anew.
    RekeyByReconnect,
    /// The AP announced which weaker ways are closed for good: the bitmap of the Transition Disable KDE.
    TransitionDisable(u8),
    /// A frame was passed over.
    Ignored(Ignored),
    /// The AP broke a rule: disconnect with the failure's reason code.
    Broken(HandshakeFailure),
}

/// Which keys were renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rekeyed {
    /// The pairwise key.
    Pairwise,
    /// Group keys.
    Group,
}

/// What a supplicant waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Waiting {
    /// Message 1: the AP has not begun.
    MessageOne,
    /// Message 3: the AP did not accept message 2 yet. With a pre-shared key, silence or repetition means
    /// that the passphrase is probably wrong.
    MessageThree {
        /// How many message 1 were answered, up to 255.
        answered: u8,
    },
    /// The group key, which the first WPA brings in a handshake of its own.
    GroupKey,
    /// Message 3 of a rekeying.
    MessageThreeOfRekeying,
    /// Nothing: the keys are in use.
    Nothing,
    /// Nothing: it failed.
    Broken(HandshakeFailure),
}

/// Why a frame was passed over. Whatever anybody in range could have sent is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ignored {
    /// It cannot be read.
    Malformed(ParseError),
    /// Its key data, in clear, cannot be read.
    KeyData(ParseError),
    /// It has another descriptor than that of the association.
    Descriptor,
    /// Its descriptor version is not the AKM's.
    DescriptorVersion,
    /// It is a request, an error or an answer: nothing that an authenticator sends.
    NotForSupplicant,
    /// It has encrypted key data and no MIC.
    EncryptedWithoutMic,
    /// It is of the group handshake and has no MIC.
    GroupWithoutMic,
    /// It has a key index, which it must not have.
    KeyIndex,
    /// It came in clear, though there is a pairwise key.
    Unencrypted,
    /// Its replay counter was used before.
    Replayed,
    /// Its MIC is wrong.
    Mic,
    /// It names another MLD, or none.
    OtherMld,
    /// It names a PMK that is not ours.
    UnknownPmkid,
    /// Its ANonce is not that of a message 1.
    OtherAnonce,
    /// It comes before its time.
    TooEarly,
    /// It comes after the handshake failed.
    AfterFailure,
    /// There is no key for this AKM.
    NoKey,
    /// The operating channel is to be told, and is not known.
    NoChannel,
    /// It has a group key of a link that is not in use, which is not taken; the others are.
    OtherLink,
    /// It is of the group handshake, authentic, and breaks a rule; it is not answered.
    Group(HandshakeFailure),
}

impl Ignored {
    /// The reason in words, for timelines.
    #[must_use]
    pub const fn text(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "a key frame that cannot be read",
            Self::KeyData(_) => "a key frame whose key data cannot be read",
            Self::Descriptor => "a key frame of another generation",
            Self::DescriptorVersion => "a key frame whose version is not that of its authentication",
            Self::NotForSupplicant => "a key frame that no access point sends",
            Self::EncryptedWithoutMic => "a key frame with encrypted data and no integrity code",
            Self::GroupWithoutMic => "a group key frame without an integrity code",
            Self::KeyIndex => "a key frame with a key index that it must not have",
            Self::Unencrypted => "a key frame in clear, though there is a key",
            Self::Replayed => "a key frame with a replay counter used before",
            Self::Mic => "a key frame whose integrity code is wrong",
            Self::OtherMld => "a message 1 that names another device, or none",
            Self::UnknownPmkid => "a message 1 about a key that is not ours",
            Self::OtherAnonce => "a message 3 with a nonce that no message 1 had",
            Self::TooEarly => "a key frame before its time",
            Self::AfterFailure => "a key frame after the handshake failed",
            Self::NoKey => "a key frame for which there is no key",
            Self::NoChannel => "a key frame whose answer must name the channel, which is not known",
            Self::OtherLink => "a group key of a link that is not in use",
            Self::Group(_) => "a group key frame that breaks a rule",
        }
    }
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) | Self::KeyData(error) => write!(f, "{}: {error}", self.text()),
            Self::Group(why) => write!(f, "{}: {why}", self.text()),
            _ => f.write_str(self.text()),
        }
    }
}

/// Which rule the AP broke, in a frame that it proves to have sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HandshakeFailure {
    /// Message 3 lacks one of the bits Install, Secure and Encrypted Key Data.
    KeyInformation,
    /// The key data do not unwrap.
    KeyUnwrap,
    /// The key data cannot be read.
    KeyData(ParseError),
    /// The key length is not that of the pairwise cipher.
    KeyLength,
    /// The RSNE is not that of the beacon.
    Rsne(Option<LinkId>),
    /// The element of the first WPA is not that of the beacon.
    FirstWpa,
    /// The RSNXE is not that of the beacon.
    Rsnxe(Option<LinkId>),
    /// An override element is not that of the beacon.
    Override(Option<LinkId>),
    /// There is a second RSNE: the AP would change the pairwise cipher.
    SecondRsne,
    /// The MLD address is another, or missing.
    OtherMld,
    /// A link that was asked for is missing.
    LinkMissing(LinkId),
    /// A link has another address than its beacons.
    LinkAddress(LinkId),
    /// The operating channel is another, or missing.
    OperatingChannel,
    /// The SSID is another, or missing.
    Ssid,
    /// A group key is missing.
    GroupKeyMissing(GroupKeyKind, Option<LinkId>),
    /// A group key has a length that its cipher has not.
    GroupKeyLength(GroupKeyKind, Option<LinkId>),
    /// A group key has an index that its kind has not.
    GroupKeyIndex(GroupKeyKind, Option<LinkId>),
    /// The index of the pairwise key is missing, or is the one in use.
    PairwiseIndex,
    /// What was said of the mobility domain is another, or missing.
    MobilityDomain,
}

impl HandshakeFailure {
    /// The reason code to disconnect with.
    #[must_use]
    pub const fn reason(&self) -> ReasonCode {
        match self {
            Self::Rsne(_)
            | Self::FirstWpa
            | Self::Rsnxe(_)
            | Self::Override(_)
            | Self::Ssid
            | Self::MobilityDomain => ReasonCode::HandshakeElementMismatch,
            Self::SecondRsne => ReasonCode::InvalidPairwiseCipher,
            Self::GroupKeyMissing(..) | Self::GroupKeyLength(..) | Self::GroupKeyIndex(..) => {
                ReasonCode::InvalidGroupCipher
            }
            _ => ReasonCode::Unspecified,
        }
    }

    /// The rule in words, for failures and timelines.
    #[must_use]
    pub const fn text(&self) -> &'static str {
        match self {
            Self::KeyInformation => "message 3 lacks bits that it must have",
            Self::KeyUnwrap => "the key data could not be decrypted",
            Self::KeyData(_) => "the key data could not be read",
            Self::KeyLength => "the length of the pairwise key is not that of its cipher",
            Self::Rsne(_) => "the RSNE differs from that of the beacon",
            Self::FirstWpa => "the element of the first WPA differs from that of the beacon",
            Self::Rsnxe(_) => "the RSNXE differs from that of the beacon",
            Self::Override(_) => "an RSN override element differs from that of the beacon",
            Self::SecondRsne => "the access point would change the pairwise cipher",
            Self::OtherMld => "the access point names another multi-link device, or none",
            Self::LinkMissing(_) => "the access point leaves out a link",
            Self::LinkAddress(_) => "a link has another address than its beacons",
            Self::OperatingChannel => "the operating channel is not the one we are on",
            Self::Ssid => "the network's name is not the one of the beacon",
            Self::GroupKeyMissing(..) => "a group key is missing",
            Self::GroupKeyLength(..) => "the length of a group key is not that of its cipher",
            Self::GroupKeyIndex(..) => "a group key has an index that it must not have",
            Self::PairwiseIndex => "the index of the pairwise key is missing or in use",
            Self::MobilityDomain => "the mobility domain is not that of the association",
        }
    }
}

impl fmt::Display for HandshakeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())?;
        match self {
            Self::KeyData(error) => write!(f, ": {error}"),
            Self::Rsne(Some(link))
            | Self::Rsnxe(Some(link))
            | Self::Override(Some(link))
            | Self::LinkMissing(link)
            | Self::LinkAddress(link)
            | Self::GroupKeyMissing(_, Some(link))
            | Self::GroupKeyLength(_, Some(link))
            | Self::GroupKeyIndex(_, Some(link)) => write!(f, " ({link:?})"),
            _ => Ok(()),
        }
    }
}

impl core::error::Error for HandshakeFailure {}
