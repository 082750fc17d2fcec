//! Opportunistic wireless encryption (RFC 8110): a Diffie-Hellman exchange inside the association, for
//! open networks.

use crate::{
    Means, Secret,
    curve::{Curves, Group, Scalar},
};
use alloc::vec::Vec;
use core::fmt;
use lapwing_frames::{element::OweDhParameter, management::StatusCode};
use subtle::Choice;

/// Why OWE failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OweFailure {
    /// The AP refused every group of ours, or we have none.
    NoCommonGroup,
    /// The response has neither a public value nor our PMKID.
    NoPublicValue,
    /// The public value is of another group.
    GroupMismatch(u16),
    /// The public value is no coordinate of a point of the group.
    InvalidPublicValue,
    /// The AP refused the association for another reason.
    Refused(StatusCode),
    /// A response came before a request was made.
    NotStarted,
}

impl fmt::Display for OweFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCommonGroup => f.write_str("the AP accepts none of our groups"),
            Self::NoPublicValue => f.write_str("the AP sent no public value"),
            Self::GroupMismatch(group) => write!(f, "the AP's public value is of group {group}"),
            Self::InvalidPublicValue => f.write_str("the AP's public value is invalid"),
            Self::Refused(status) => write!(f, "the AP refused the association: {status}"),
            Self::NotStarted => f.write_str("a response without a request"),
        }
    }
}

impl core::error::Error for OweFailure {}

/// What comes of a response.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum OweProgress {
    /// Associate again, with this element: the AP wants another group.
    Retry(OweDhParameter),
    /// The keys of a fresh exchange.
    Accepted(OweKeys),
    /// The AP took up the PMKSA that our request named; its PMK is still the one.
    PmksaAccepted,
    /// It failed.
    Failed(OweFailure),
}

/// The result of an exchange.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct OweKeys {
    /// The pairwise master key, as long as the hash of the group.
    pub pmk: Secret,
    /// Its identifier.
    pub pmkid: [u8; 16],
    /// The group.
    pub group: Group,
}

/// A key pair of one exchange.
#[derive(Clone, PartialEq, Eq, Hash)]
struct KeyPair {
    private: Scalar,
    public: Vec<u8>,
}

impl KeyPair {
    fn new(means: &mut Means<'_>, group: Group) -> Option<Self> {
        let private = Scalar::random(group, means.entropy);
        let public = means.curves.multiply_generator(&private)?.x().to_vec();
        Some(Self { private, public })
    }

    const fn group(&self) -> Group {
        self.private.group()
    }

    fn parameter(&self) -> OweDhParameter {
        OweDhParameter { group: self.group().number(), public_key: self.public.clone() }
    }

    /// The keys, given both public values in their roles (RFC 8110 4.4).
    fn keys(&self, curves: &dyn Curves, peer: &[u8], we_are_station: bool) -> Option<OweKeys> {
        let group = self.group();
        // Only x travels; both points of it give the same x in the end.
        let point = curves.point_with_x(group, peer, Choice::from(0))?;
        let shared = curves.multiply(&self.private, &point)?;
        let (station, ap) = if we_are_station { (&self.public[..], peer) } else { (peer, &self.public[..]) };
        let hash = group.hash();
        let salt = [station, ap, &group.number().to_le_bytes()].concat();
        let key = hash.hkdf_extract(&salt, &[shared.x()]);
        let length = u8::try_from(hash.output_length()).unwrap_or(u8::MAX);
        let pmk = hash.hkdf_expand(&key, b"OWE Key Generation", length);
        let pmkid = *hash.digest(&[station, ap]).first_chunk()?;
        Some(OweKeys { pmk, pmkid, group })
    }
}

/// The machine of a station.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Owe {
    /// The groups still to try, the next one first.
    groups: Vec<Group>,
    pair: Option<KeyPair>,
}

impl fmt::Debug for Owe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owe").field("groups", &self.groups).finish_non_exhaustive()
    }
}

impl Owe {
    /// A machine that has not begun; the preferred group comes first.
    #[must_use]
    pub const fn new(groups: Vec<Group>) -> Self {
        Self { groups, pair: None }
    }

    /// Begins, or begins anew, with a fresh key pair: the element for the association request.
    ///
    /// # Errors
    /// If no group is left.
    pub fn start(&mut self, means: &mut Means<'_>) -> Result<OweDhParameter, OweFailure> {
        self.pair = None;
        let pair = self.groups.first().and_then(|&group| KeyPair::new(means, group));
        Ok(self.pair.insert(pair.ok_or(OweFailure::NoCommonGroup)?).parameter())
    }

    /// Takes the association response: its status, its element, and whether its RSNE repeats the PMKID that
    /// our request named.
    pub fn handle(
        &mut self,
        means: &mut Means<'_>,
        status: StatusCode,
        parameter: Option<&OweDhParameter>,
        pmkid_repeated: bool,
    ) -> OweProgress {
        match self.take_response(means, status, parameter, pmkid_repeated) {
            Ok(progress) => progress,
            Err(failure) => OweProgress::Failed(failure),
        }
    }

    fn take_response(
        &mut self,
        means: &mut Means<'_>,
        status: StatusCode,
        parameter: Option<&OweDhParameter>,
        pmkid_repeated: bool,
    ) -> Result<OweProgress, OweFailure> {
        let pair = self.pair.take().ok_or(OweFailure::NotStarted)?;
        match status {
            StatusCode::Success => {}
            StatusCode::UnsupportedFiniteCyclicGroup => {
                self.groups.retain(|&group| group != pair.group());
                return self.start(means).map(OweProgress::Retry);
            }
            status => return Err(OweFailure::Refused(status)),
        }
        if pmkid_repeated {
            return Ok(OweProgress::PmksaAccepted);
        }
        let parameter = parameter.ok_or(OweFailure::NoPublicValue)?;
        if parameter.group != pair.group().number() {
            return Err(OweFailure::GroupMismatch(parameter.group));
        }
        let keys = pair.keys(means.curves, &parameter.public_key, true);
        keys.map(OweProgress::Accepted).ok_or(OweFailure::InvalidPublicValue)
    }
}

/// The side of an AP, which keeps no state: the status for the response and, if it is success, the element
/// and the keys.
///
/// # Errors
/// The status to refuse with.
pub fn answer(
    means: &mut Means<'_>,
    groups: &[Group],
    request: &OweDhParameter,
) -> Result<(OweDhParameter, OweKeys), StatusCode> {
    let group = Group::from_number(request.group)
        .filter(|group| groups.contains(group))
        .ok_or(StatusCode::UnsupportedFiniteCyclicGroup)?;
    let pair = KeyPair::new(means, group).ok_or(StatusCode::UnspecifiedFailure)?;
    let keys = pair.keys(means.curves, &request.public_key, false).ok_or(StatusCode::UnspecifiedFailure)?;
    Ok((pair.parameter(), keys))
}
