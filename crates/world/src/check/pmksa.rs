//! A PMKSA is used where it was made, and on a way from there.

use super::{Rule, told};
use crate::happening::{Happening, What};
use crate::parts::Command;
use lapwing_core::curve::Scalar;
use lapwing_core::kernel::{AssociateSecurity, KernelEvent, Request};
use lapwing_core::sae::{Commit, Method};
use lapwing_frames::element::Elements;
use lapwing_frames::element::rsn::{Pmkid, Rsn};
use lapwing_frames::management::{Authentication, AuthenticationAlgorithm, Body, Management, StatusCode};
use lapwing_frames::suite::Akm;
use lapwing_frames::{MacAddr, Ssid};

/// How many PMKSAs are remembered: more than are made in one schedule.
const MOST: usize = 64;

/// A commit: with whom, and the scalar.
type Committed = (MacAddr, Scalar);

/// Where a PMKSA was made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Made {
    pmkid: Pmkid,
    peer: MacAddr,
    ssid: Ssid,
    /// The AKM that it was first used with.
    akm: Option<Akm>,
    /// The access points that may have taken it, beside that one.
    shared: Vec<MacAddr>,
}

impl Made {
    fn new(pmkid: Pmkid, peer: MacAddr, ssid: &Ssid, akm: Option<Akm>) -> Self {
        Self { pmkid, peer, ssid: ssid.clone(), akm, shared: Vec::new() }
    }

    /// Whether it is at home there.
    fn is_of(&self, peer: MacAddr) -> bool {
        self.peer == peer || self.shared.contains(&peer)
    }
}

/// No PMKSA is offered in another network or with another AKM than it was made with, nor to another access point; but
/// one of SAE may be, in a reassociation from an access point that knows it, and not again to one that refused such a
/// one. Firmware is never told.
///
/// Where one was made follows from the two commits of SAE: its name is the sum of their scalars
/// (802.11-2020 12.4.5.4). For other AKMs the first use counts.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct PmksaScope {
    ssid: Option<Ssid>,
    ours: Option<Committed>,
    theirs: Option<Committed>,
    made: Vec<Made>,
    /// It is offered in a reassociation to this access point, which did not make it.
    offered: Option<(Pmkid, MacAddr)>,
    /// The access points that refused one that they did not make.
    apart: Vec<MacAddr>,
}

impl std::fmt::Debug for PmksaScope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PmksaScope").field("made", &self.made).finish_non_exhaustive()
    }
}

impl PmksaScope {
    /// One of the two has sent a commit: with the other's there is a PMKSA.
    fn committed(&mut self, peer: MacAddr, body: &[u8], status: StatusCode, is_ours: bool) {
        let method = match status {
            StatusCode::SaeHashToElement => Method::HashToElement,
            StatusCode::Success => Method::HuntingAndPecking,
            _ => return,
        };
        let Ok(commit) = Commit::parse(body, method, is_ours) else { return };
        let Some(scalar) = Scalar::from_octets(commit.group, &commit.scalar) else { return };
        let place = if is_ours { &mut self.ours } else { &mut self.theirs };
        *place = Some((peer, scalar));
        if let (Some((one, ours)), Some((other, theirs)), Some(ssid)) = (&self.ours, &self.theirs, &self.ssid)
            && one == other
            && ours.group() == theirs.group()
            && let Some(pmkid) = (ours + theirs).octets().first_chunk::<16>()
            && !self.made.iter().any(|made| made.pmkid == *pmkid)
        {
            if self.made.len() >= MOST {
                self.made.remove(0);
            }
            self.made.push(Made::new(*pmkid, peer, ssid, None));
        }
    }

    fn frame(&mut self, octets: &[u8], is_ours: bool) {
        let Ok(Management { header, body: Body::Authentication(frame) }) = Management::parse(octets) else {
            return;
        };
        let Authentication { algorithm, transaction, status, payload } = frame;
        if algorithm == AuthenticationAlgorithm::Sae && transaction == 1 {
            let peer = if is_ours { header.receiver } else { header.transmitter };
            self.committed(peer, &payload, status, is_ours);
        }
    }

    /// These PMKSAs are offered.
    fn offered(
        &mut self,
        (peer, previous): (Option<MacAddr>, Option<MacAddr>),
        ssid: &Ssid,
        elements: &[u8],
        security: Option<&AssociateSecurity>,
    ) -> Result<(), String> {
        self.offered = None;
        let Ok(Some(rsn)) = Elements::new(elements).find::<Rsn>() else { return Ok(()) };
        let (Some(peer), Some(security)) = (peer, security) else { return Ok(()) };
        rsn.pmkids()
            .iter()
            .try_for_each(|pmkid| self.used(*pmkid, (peer, previous), Some(ssid), Some(security.akm)))
    }

    /// What became of the association in which one was offered.
    fn answered(&mut self, status: StatusCode) {
        let Some((pmkid, peer)) = self.offered.take() else { return };
        if status != StatusCode::Success {
            self.apart.push(peer);
        } else if let Some(made) = self.made.iter_mut().find(|made| made.pmkid == pmkid) {
            made.shared.push(peer);
        }
    }

    fn used(
        &mut self,
        pmkid: Pmkid,
        (peer, previous): (MacAddr, Option<MacAddr>),
        ssid: Option<&Ssid>,
        akm: Option<Akm>,
    ) -> Result<(), String> {
        let is_sae = matches!(akm, Some(Akm::Sae | Akm::SaeExtKey));
        let Some(made) = self.made.iter_mut().find(|made| made.pmkid == pmkid) else {
            if is_sae {
                return Err(format!("{peer} is offered a PMKSA that was never made"));
            }
            if let (Some(ssid), Some(_)) = (ssid, akm) {
                self.made.push(Made::new(pmkid, peer, ssid, akm));
            }
            return Ok(());
        };
        let on_the_way = is_sae && previous.is_some_and(|previous| made.is_of(previous));
        if !made.is_of(peer) && !on_the_way || ssid.is_some_and(|ssid| made.ssid != *ssid) {
            return Err(format!("{peer} is offered a PMKSA made with {} in {}", made.peer, made.ssid));
        }
        if !made.is_of(peer) {
            if self.apart.contains(&peer) {
                return Err(format!("{peer} is offered the PMKSA of another access point once more"));
            }
            self.offered = Some((pmkid, peer));
        }
        match (made.akm, akm) {
            (Some(first), Some(now)) if first != now => {
                Err(format!("a PMKSA of {first} is offered with {now}"))
            }
            (_, now) => {
                made.akm = made.akm.or(now);
                Ok(())
            }
        }
    }
}

impl Rule for PmksaScope {
    const NAME: &'static str = "no-foreign-pmksa";
    const SENTENCE: &'static str = "no PMKSA is offered to another network or AKM than it was made with, nor, but from one that knows it, to another access point";

    fn happened(&mut self, happening: &Happening) -> Result<(), String> {
        match &happening.what {
            What::Asked { command: Command::Request(request), .. } => match request {
                Request::Authenticate(request) => {
                    let peer = request.mld.map_or(request.bssid, |(_, address)| address);
                    self.ssid = Some(request.ssid.clone());
                    // Transaction and status stand before the commit, little endian.
                    if let Some(([1, 0, low, high], body)) = request.data.split_first_chunk::<4>() {
                        let status = StatusCode(u16::from_le_bytes([*low, *high]));
                        self.committed(peer, body, status, true);
                    }
                }
                Request::SendFrame { bytes, .. } => self.frame(bytes, true),
                Request::Associate(request) => {
                    let peer = Some(request.peer.address());
                    let security = request.security.as_ref();
                    return self.offered(
                        (peer, request.previous),
                        &request.ssid,
                        &request.elements,
                        security,
                    );
                }
                Request::Connect(request) => {
                    self.ssid = Some(request.ssid.clone());
                    let security = request.security.as_ref();
                    return self.offered((request.bssid, None), &request.ssid, &request.elements, security);
                }
                Request::SetPmksa(pmksa) => return self.used(pmksa.pmkid, (pmksa.peer, None), None, None),
                _ => {}
            },
            _ => match told(happening) {
                Some(KernelEvent::Authentication { frame }) => self.frame(frame, false),
                Some(KernelEvent::Frame { bytes, .. }) => self.frame(bytes, false),
                Some(KernelEvent::Connected(connection)) => self.answered(connection.status),
                _ => {}
            },
        }
        Ok(())
    }
}
