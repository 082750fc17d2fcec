//! The links of the AP MLD that a connection is with, for a person: those in use, and why each other one is not.

use super::Station;
use crate::{
    failure::Failure,
    kernel::Frequency,
    select::{JudgedLink, LeftOut, Manner, Mld, mld::Apart},
    time::Instant,
};
use alloc::{collections::BTreeMap, vec::Vec};
use core::fmt;
use lapwing_frames::{LinkId, MacAddr, management::StatusCode};

/// An AP MLD and what is made of its links.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MultiLink {
    /// Its MLD address.
    pub address: MacAddr,
    /// In which manner it was joined.
    pub manner: Manner,
    /// Why not with all its links, if it failed with them and that is still remembered.
    pub fell_back: Option<Failure>,
    /// Its links by their number, those in use and all others that are known.
    pub links: Vec<LinkView>,
}

/// One link of an AP MLD.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LinkView {
    /// Its number.
    pub id: LinkId,
    /// The AP's address on it.
    pub bssid: MacAddr,
    /// Its channel, if it is known.
    pub frequency: Option<Frequency>,
    /// Our own address on it, while the connection has it.
    pub own: Option<MacAddr>,
    /// Whether it carried the association, or has taken the place of a link that did.
    pub association: bool,
    /// What is made of it.
    pub state: LinkState,
}

impl LinkView {
    /// A link that the connection has not.
    pub(super) const fn outside(
        id: LinkId,
        bssid: MacAddr,
        frequency: Option<Frequency>,
        state: LinkState,
    ) -> Self {
        Self { id, bssid, frequency, own: None, association: false, state }
    }
}

/// What is made of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkState {
    /// It is part of the connection.
    Used,
    /// It is part of the connection, and the AP has disabled it for the moment: nothing is sent on it.
    Disabled,
    /// It was asked for, and the AP refused it.
    Refused(StatusCode),
    /// It was part of the connection, and the AP has removed it.
    Removed,
    /// It is being added to the connection.
    BeingAdded,
    /// It was not asked for.
    LeftOut(LeftOut),
}

impl LinkState {
    /// The state in a word, which does not change: for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Disabled => "disabled",
            Self::Refused(_) => "refused",
            Self::Removed => "removed",
            Self::BeingAdded => "being-added",
            Self::LeftOut(_) => "left-out",
        }
    }
}

impl fmt::Display for LinkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Used => f.write_str("in use"),
            Self::Disabled => f.write_str("the access point has disabled it for the moment"),
            Self::Refused(status) => write!(f, "the access point refused it with status {status}"),
            Self::Removed => f.write_str("the access point has removed it"),
            Self::BeingAdded => f.write_str("it is being added"),
            Self::LeftOut(why) => f.write_str(why.text()),
        }
    }
}

/// What was known of an AP MLD when the connection was made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    pub address: MacAddr,
    pub manner: Manner,
    /// The number of the BSS that was joined by itself, if one was.
    pub alone: Option<LinkId>,
    pub left_out: Vec<JudgedLink>,
    /// The links that the AP refused: where they are, and what it said.
    pub refused: BTreeMap<LinkId, (MacAddr, Frequency, StatusCode)>,
}

impl Origin {
    /// Of an AP MLD that is joined as one, and has refused these links.
    pub(super) fn of(mld: &Mld, refused: &BTreeMap<LinkId, StatusCode>) -> Self {
        let refused = refused.iter().filter_map(|(id, status)| {
            let link = mld.links.get(id)?;
            Some((*id, (link.bssid, link.frequency, *status)))
        });
        Self {
            address: mld.address,
            manner: mld.manner,
            alone: None,
            left_out: mld.left_out.clone(),
            refused: refused.collect(),
        }
    }

    /// Of an AP MLD one of whose BSSs is joined by itself.
    pub(super) fn apart(apart: &Apart) -> Self {
        Self {
            address: apart.address,
            manner: apart.manner,
            alone: Some(apart.link),
            left_out: apart.left_out.clone(),
            refused: BTreeMap::new(),
        }
    }
}

impl Station {
    /// The AP MLD that the connection is with, and its links; nothing without a connection, and with an AP that
    /// is none.
    #[must_use]
    pub fn multi_link(&self, now: Instant) -> Option<MultiLink> {
        let super::State::Connected(state) = &self.state else { return None };
        state.multi_link(&self.context, now)
    }
}
