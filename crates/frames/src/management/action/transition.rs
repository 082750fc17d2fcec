//! BSS Transition Management: an AP's wish that a station goes to another one.

use crate::{
    address::MacAddr,
    element::{Counted, Element, NeighborReport, layout::Field},
    reader::{ParseError, Reader},
};
use alloc::vec::Vec;

crate::open_enum! {
    /// Why a station asks where to go (802.11-2020 table 9-198).
    pub enum TransitionReason: u8 {
        /// Unspecified.
        Unspecified = 0,
        /// Too many frames are lost.
        ExcessiveFrameLoss = 1,
        /// Too much delay for the traffic.
        ExcessiveDelay = 2,
        /// Too little capacity.
        InsufficientQos = 3,
        /// First association to the ESS.
        FirstAssociation = 4,
        /// Load balance.
        LoadBalance = 5,
        /// A better AP was found.
        BetterApFound = 6,
        /// The AP deauthenticated or disassociated the station.
        Deauthenticated = 7,
        /// The signal is too weak.
        LowRssi = 16,
    }
}

crate::open_enum! {
    /// What a station answers to the wish (802.11-2020 table 9-428).
    pub enum TransitionStatus: u8 {
        /// Accepted.
        Accept = 0,
        /// Rejected, unspecified.
        Reject = 1,
        /// Rejected: too few beacons or probe responses were received from the candidates.
        RejectInsufficientBeacons = 2,
        /// Rejected: the candidates have too little capacity.
        RejectInsufficientCapacity = 3,
        /// Rejected: the BSS should not end.
        RejectTerminationUndesired = 4,
        /// Rejected: the BSS should end later.
        RejectTerminationDelay = 5,
        /// Rejected: the station sends candidates of its own.
        RejectCandidatesProvided = 6,
        /// Rejected: no candidate suits.
        RejectNoSuitableCandidates = 7,
        /// Rejected: the station leaves the ESS.
        RejectLeavingEss = 8,
    }
}

bit_set! {
    /// The Request Mode field. The bits that announce a BSS termination and a session URL are left to the
    /// fields of [`TransitionRequest`].
    pub struct TransitionMode: u8 {
        /// There are candidates, in order of preference.
        PREFERRED_CANDIDATES = 1 << 0,
        /// Only the candidates are recommended; otherwise others are as good.
        ABRIDGED = 1 << 1,
        /// The AP will disassociate the station.
        DISASSOCIATION_IMMINENT = 1 << 2,
        /// The link of the frame will be removed (802.11be).
        LINK_REMOVAL_IMMINENT = 1 << 5,
    }
}

fields! {
    /// The body of a BSS Transition Management Query.
    pub struct TransitionQuery {
        /// What tells one query from another, not 0.
        dialog_token: u8,
        /// Why the station asks.
        reason: TransitionReason,
        /// Neighbor Report elements: candidates that the station found.
        elements: Vec<u8>,
    }
}

/// The BSS Termination Duration field: the subelement of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BssTermination {
    /// When the BSS ends, by its TSF timer in µs; 0 if the time does not matter.
    pub tsf: u64,
    /// For how many minutes.
    pub minutes: u16,
}

impl Field for BssTermination {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        if reader.peek().first_chunk() != Some(&Self::HEADER) {
            return Err(reader.invalid("the subelement BSS Termination Duration, 10 octets, is expected"));
        }
        reader.take(Self::HEADER.len())?;
        Ok(Self { tsf: Field::read(reader)?, minutes: Field::read(reader)? })
    }

    fn write(&self, out: &mut Vec<u8>) {
        Self::HEADER.write(out);
        self.tsf.write(out);
        self.minutes.write(out);
    }
}

impl BssTermination {
    const HEADER: [u8; 2] = [NeighborReport::TERMINATION, 10];
}

/// The body of a BSS Transition Management Request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TransitionRequest {
    /// That of the query, or 0 for a wish of the AP's own accord.
    pub dialog_token: u8,
    /// What it is about.
    pub mode: TransitionMode,
    /// After how many TBTTs the AP disassociates the station; 0 if it does not say.
    pub disassociation_timer: u16,
    /// For how many TBTTs the candidates are valid.
    pub validity_interval: u8,
    /// When the BSS ends.
    pub termination: Option<BssTermination>,
    /// The ESS will be disassociated: where a person can read more.
    pub session_url: Option<Counted>,
    /// Neighbor Report elements: candidates.
    pub elements: Vec<u8>,
}

impl TransitionRequest {
    const TERMINATION: TransitionMode = TransitionMode(1 << 3);
    const SESSION_URL: TransitionMode = TransitionMode(1 << 4);
}

impl Field for TransitionRequest {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let dialog_token = reader.u8()?;
        let mode = TransitionMode(reader.u8()?);
        Ok(Self {
            dialog_token,
            mode: mode.without(Self::TERMINATION | Self::SESSION_URL),
            disassociation_timer: Field::read(reader)?,
            validity_interval: Field::read(reader)?,
            termination: mode.contains(Self::TERMINATION).then(|| Field::read(reader)).transpose()?,
            session_url: mode.contains(Self::SESSION_URL).then(|| Field::read(reader)).transpose()?,
            elements: Field::read(reader)?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        let mut mode = self.mode.without(Self::TERMINATION | Self::SESSION_URL);
        if self.termination.is_some() {
            mode = mode.with(Self::TERMINATION);
        }
        if self.session_url.is_some() {
            mode = mode.with(Self::SESSION_URL);
        }
        out.extend([self.dialog_token, mode.0]);
        self.disassociation_timer.write(out);
        self.validity_interval.write(out);
        self.termination.write(out);
        self.session_url.write(out);
        self.elements.write(out);
    }
}

/// The body of a BSS Transition Management Response.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TransitionResponse {
    /// That of the request.
    pub dialog_token: u8,
    /// The answer.
    pub status: TransitionStatus,
    /// By how many minutes the end of the BSS should be delayed.
    pub termination_delay: u8,
    /// Where the station goes: there if it accepted.
    pub target: Option<MacAddr>,
    /// Neighbor Report elements: candidates of the station.
    pub elements: Vec<u8>,
}

impl Field for TransitionResponse {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let dialog_token = reader.u8()?;
        let status = TransitionStatus(reader.u8()?);
        Ok(Self {
            dialog_token,
            status,
            termination_delay: reader.u8()?,
            target: (status == TransitionStatus::Accept).then(|| Field::read(reader)).transpose()?,
            elements: Field::read(reader)?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend([self.dialog_token, self.status.0, self.termination_delay]);
        self.target.write(out);
        self.elements.write(out);
    }
}

wrapped_field! { TransitionReason }
has_elements!(TransitionQuery, TransitionRequest, TransitionResponse);

macro_rules! candidates {
    ($($name:ty),*) => { $(
        impl $name {
            /// The candidates in their order. One that is malformed is an error of its own.
            pub fn candidates(&self) -> impl Iterator<Item = Result<NeighborReport, ParseError>> {
                let elements = self.elements().iter();
                elements.filter(|raw| raw.id == NeighborReport::ID).map(|raw| NeighborReport::parse(&raw.body))
            }
        }
    )* };
}
candidates!(TransitionQuery, TransitionRequest, TransitionResponse);
