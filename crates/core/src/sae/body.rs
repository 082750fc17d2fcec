//! The bodies of commit and confirm (802.11-2020 9.3.3.11, 9.4.1.40 to 9.4.1.43).

use crate::curve::Group;
use alloc::vec::Vec;
use lapwing_frames::{
    ParseError, Reader,
    element::{ElementId, Elements, write_raw},
    management::StatusCode,
    suite::Akm,
};

const PASSWORD_IDENTIFIER: ElementId = ElementId::Extended(33);
const REJECTED_GROUPS: ElementId = ElementId::Extended(92);
const TOKEN_CONTAINER: ElementId = ElementId::Extended(93);
const AKM_SUITE_SELECTOR: ElementId = ElementId::Extended(114);

/// How the password element is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Hunting and pecking: hash until a coordinate of a point is found. The older one.
    HuntingAndPecking,
    /// Hash to element: one calculation, ready in advance for a network.
    HashToElement,
}

impl Method {
    /// The status code of a commit that uses the method.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::HuntingAndPecking => StatusCode::Success,
            Self::HashToElement => StatusCode::SaeHashToElement,
        }
    }
}

/// A commit, as it stands behind the status code.
///
/// Scalar and element are not checked yet: they have the right lengths, no more.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Commit {
    /// The group of scalar and element.
    pub group: Group,
    /// The anti-clogging token.
    pub token: Option<Vec<u8>>,
    /// The scalar, big endian.
    pub scalar: Vec<u8>,
    /// The element: x then y, big endian.
    pub element: Vec<u8>,
    /// Which password is meant (only with hash-to-element).
    pub password_identifier: Option<Vec<u8>>,
    /// The groups that the other side refused before (only with hash-to-element).
    pub rejected_groups: Option<Vec<u16>>,
    /// The AKM, which AKM 24 and 25 announce.
    pub akm: Option<Akm>,
    /// Elements of no meaning here, and what follows the last whole one.
    pub other: Vec<u8>,
}

/// Where the raw token of a commit with hunting-and-pecking stands: between group and scalar.
///
/// Its length follows only from that of the frame. A shorter surplus is no token but elements; of a
/// multi-link device a Basic Multi-Link element of twelve octets follows the element.
fn raw_token(after_group: &[u8], group: Group) -> usize {
    const SHORTEST: usize = 32;
    const MULTI_LINK: usize = 12;
    let end = after_group.len().saturating_sub(MULTI_LINK);
    let multi_link = after_group.get(end..).is_some_and(|last| last.starts_with(&[0xff, 0x0a, 0x6b]));
    let length = if multi_link { end } else { after_group.len() };
    let surplus = length.saturating_sub(3 * group.octets());
    if surplus >= SHORTEST { surplus } else { 0 }
}

impl Commit {
    /// The group of a commit, of a request for a token or of a refusal of the group.
    ///
    /// # Errors
    /// If there is none.
    pub fn group_number(payload: &[u8]) -> Result<u16, ParseError> {
        Reader::new("SAE commit", payload).u16_le()
    }

    /// Parses a commit. Only an AP gets tokens: `may_have_token` is false for a station, so that nothing an
    /// AP appends can be mistaken for one.
    ///
    /// # Errors
    /// If the group is not ours, a field is missing, an element is malformed, or one that belongs to
    /// hash-to-element comes without it.
    pub fn parse(payload: &[u8], method: Method, may_have_token: bool) -> Result<Self, ParseError> {
        let mut reader = Reader::new("SAE commit", payload);
        let group = Group::from_number(reader.u16_le()?).ok_or(reader.invalid("unsupported group"))?;
        let token = match method {
            Method::HuntingAndPecking if may_have_token => raw_token(reader.peek(), group),
            _ => 0,
        };
        let token = Some(reader.take(token)?.to_vec()).filter(|token| !token.is_empty());
        let scalar = reader.take(group.octets())?.to_vec();
        let element = reader.take(2 * group.octets())?.to_vec();
        let mut commit = Self {
            group,
            token,
            scalar,
            element,
            password_identifier: None,
            rejected_groups: None,
            akm: None,
            other: Vec::new(),
        };
        let elements = Elements::new(reader.peek());
        for raw in elements {
            let body = &raw.body;
            match raw.id {
                PASSWORD_IDENTIFIER | REJECTED_GROUPS | TOKEN_CONTAINER
                    if method == Method::HuntingAndPecking =>
                {
                    return Err(reader.invalid("element of hash-to-element without it"));
                }
                PASSWORD_IDENTIFIER if commit.password_identifier.is_none() => {
                    commit.password_identifier = Some(body.to_vec());
                }
                REJECTED_GROUPS if commit.rejected_groups.is_none() => {
                    let (groups, rest) = body.as_chunks();
                    if !rest.is_empty() {
                        return Err(reader.invalid("half a rejected group"));
                    }
                    commit.rejected_groups =
                        Some(groups.iter().map(|&octets| u16::from_le_bytes(octets)).collect());
                }
                TOKEN_CONTAINER if commit.token.is_none() => {
                    if body.is_empty() {
                        return Err(reader.invalid("empty token"));
                    }
                    commit.token = Some(body.to_vec());
                }
                AKM_SUITE_SELECTOR if commit.akm.is_none() => {
                    let mut reader = Reader::new("AKM Suite Selector element", body);
                    commit.akm = Some(Akm::read(&mut reader)?);
                    reader.finish()?;
                }
                _ => commit.other.extend_from_slice(raw.octets),
            }
        }
        commit.other.extend_from_slice(elements.tail());
        Ok(commit)
    }

    /// The payload of the frame.
    #[must_use]
    pub fn write(&self, method: Method) -> Vec<u8> {
        let mut out = self.group.number().to_le_bytes().to_vec();
        if let (Method::HuntingAndPecking, Some(token)) = (method, &self.token) {
            out.extend_from_slice(token);
        }
        out.extend_from_slice(&self.scalar);
        out.extend_from_slice(&self.element);
        if let Some(identifier) = &self.password_identifier {
            write_raw(PASSWORD_IDENTIFIER, identifier, &mut out);
        }
        if let Some(groups) = &self.rejected_groups {
            write_raw(REJECTED_GROUPS, &list(groups), &mut out);
        }
        if let (Method::HashToElement, Some(token)) = (method, &self.token) {
            write_raw(TOKEN_CONTAINER, token, &mut out);
        }
        if let Some(akm) = self.akm {
            write_raw(AKM_SUITE_SELECTOR, &akm.0, &mut out);
        }
        out.extend_from_slice(&self.other);
        out
    }
}

/// Groups as they stand in the Rejected Groups element and in the salt.
pub(super) fn list(groups: &[u16]) -> Vec<u8> {
    groups.iter().flat_map(|group| group.to_le_bytes()).collect()
}

/// A request for a token, or a refusal of a group: what a commit with status 76 or 77 carries.
pub(super) fn request_for_token(group: Group, method: Method, token: &[u8]) -> Vec<u8> {
    let mut out = group.number().to_le_bytes().to_vec();
    match method {
        Method::HuntingAndPecking => out.extend_from_slice(token),
        Method::HashToElement => write_raw(TOKEN_CONTAINER, token, &mut out),
    }
    out
}

/// The token in a request for one.
///
/// # Errors
/// If there is none.
pub(super) fn requested_token(payload: &[u8], method: Method) -> Result<Vec<u8>, ParseError> {
    let mut reader = Reader::new("SAE anti-clogging token", payload);
    reader.u16_le()?;
    let token = match method {
        Method::HuntingAndPecking => reader.peek().to_vec(),
        Method::HashToElement => {
            let mut elements = Elements::new(reader.peek()).iter();
            elements.find(|raw| raw.id == TOKEN_CONTAINER).map_or_else(Vec::new, |raw| raw.body.to_vec())
        }
    };
    if token.is_empty() { Err(reader.invalid("no token")) } else { Ok(token) }
}

/// A confirm, as it stands behind the status code.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Confirm {
    /// How often the sender has confirmed; 0xffff once it has accepted.
    pub send_confirm: u16,
    /// The MAC over the exchange.
    pub confirm: Vec<u8>,
    /// What follows: elements.
    pub other: Vec<u8>,
}

impl Confirm {
    /// Parses a confirm whose MAC is this long.
    ///
    /// # Errors
    /// If it ends early.
    pub fn parse(payload: &[u8], length: usize) -> Result<Self, ParseError> {
        let mut reader = Reader::new("SAE confirm", payload);
        Ok(Self {
            send_confirm: reader.u16_le()?,
            confirm: reader.take(length)?.to_vec(),
            other: reader.rest().to_vec(),
        })
    }

    /// The payload of the frame.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        [&self.send_confirm.to_le_bytes()[..], &self.confirm, &self.other].concat()
    }
}

#[cfg(test)]
mod tests;
