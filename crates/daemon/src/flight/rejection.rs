//! Why a BSS was rejected, with a name that does not change and a sentence.

use lapwing_core::rsn::Unsuitable;
use lapwing_core::select::Rejection;

/// The name and the sentence of a rejection.
#[must_use]
pub fn describe(rejection: &Rejection) -> (&'static str, String) {
    let (name, sentence) = match rejection {
        Rejection::ChannelDisabled => ("channel-disabled", "its channel is forbidden here"),
        Rejection::OtherBssidWanted => ("other-bssid-wanted", "another access point is asked for"),
        Rejection::FailedRecently => ("failed-recently", "it failed a moment ago"),
        Rejection::Stale => ("stale", "it was heard too long ago"),
        Rejection::OpenTwin => ("open-twin", "its encrypted twin is used instead"),
        Rejection::Downgrade => ("downgrade", "it offers less protection than the network did before"),
        Rejection::Outdone => ("outdone", "another access point of the network offers better protection"),
        Rejection::BeingRemoved => ("being-removed", "its access point is about to remove it"),
        Rejection::Contradicts => ("contradicts", "what it says of its links contradicts itself"),
        Rejection::OwnAddress => ("own-address", "it claims this station's own address"),
        Rejection::Unsuitable(unsuitable) => return (name(unsuitable), unsuitable.to_string()),
    };
    (name, sentence.to_owned())
}

const fn name(unsuitable: &Unsuitable) -> &'static str {
    match unsuitable {
        Unsuitable::Malformed(_) => "malformed",
        Unsuitable::Version(_) => "unknown-rsn-version",
        Unsuitable::Wep => "wep",
        Unsuitable::FirstWpa => "first-wpa",
        Unsuitable::Tkip => "tkip",
        Unsuitable::Unprotected => "unprotected",
        Unsuitable::OpenForbidden => "open-forbidden",
        Unsuitable::SecretMissing => "secret-missing",
        Unsuitable::Enterprise => "enterprise",
        Unsuitable::NoCommonAkm(_) => "no-common-akm",
        Unsuitable::TransitionDisabled => "transition-disabled",
        Unsuitable::SaeUnsupported => "sae-unsupported",
        Unsuitable::PassphraseMissing => "passphrase-missing",
        Unsuitable::HashToElementMissing => "hash-to-element-missing",
        Unsuitable::PairwiseCipher(_) => "pairwise-cipher",
        Unsuitable::GroupCipher(_) => "group-cipher",
        Unsuitable::GroupManagementCipher(_) => "group-management-cipher",
        Unsuitable::NoManagementFrameProtection => "no-management-frame-protection",
        Unsuitable::Contradiction => "contradiction",
    }
}
