//! A PMKSA is used where it was made, and nowhere else.

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
}

/// No PMKSA is offered to another access point, in another network or with another AKM than it was made with.
///
/// Where one was made follows from the two commits of SAE: its name is the sum of their scalars
/// (802.11-2020 12.4.5.4). For other AKMs the first use counts.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct PmksaScope {
    ssid: Option<Ssid>,
    ours: Option<Committed>,
    theirs: Option<Committed>,
    made: Vec<Made>,
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
            self.made.push(Made { pmkid: *pmkid, peer, ssid: ssid.clone(), akm: None });
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
        peer: Option<MacAddr>,
        ssid: &Ssid,
        elements: &[u8],
        security: Option<&AssociateSecurity>,
    ) -> Result<(), String> {
        let Ok(Some(rsn)) = Elements::new(elements).find::<Rsn>() else { return Ok(()) };
        let (Some(peer), Some(security)) = (peer, security) else { return Ok(()) };
        rsn.pmkids().iter().try_for_each(|pmkid| self.used(*pmkid, peer, Some(ssid), Some(security.akm)))
    }

    fn used(
        &mut self,
        pmkid: Pmkid,
        peer: MacAddr,
        ssid: Option<&Ssid>,
        akm: Option<Akm>,
    ) -> Result<(), String> {
        let is_sae = matches!(akm, Some(Akm::Sae | Akm::SaeExtKey));
        let Some(made) = self.made.iter_mut().find(|made| made.pmkid == pmkid) else {
            if is_sae {
                return Err(format!("{peer} is offered a PMKSA that was never made"));
            }
            if let (Some(ssid), Some(_)) = (ssid, akm) {
                self.made.push(Made { pmkid, peer, ssid: ssid.clone(), akm });
            }
            return Ok(());
        };
        if made.peer != peer || ssid.is_some_and(|ssid| made.ssid != *ssid) {
            return Err(format!("{peer} is offered a PMKSA made with {} in {}", made.peer, made.ssid));
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
    const SENTENCE: &'static str =
        "no PMKSA is offered to another access point, network or AKM than it was made with";

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
                    return self.offered(peer, &request.ssid, &request.elements, security);
                }
                Request::Connect(request) => {
                    self.ssid = Some(request.ssid.clone());
                    let security = request.security.as_ref();
                    return self.offered(request.bssid, &request.ssid, &request.elements, security);
                }
                Request::SetPmksa(pmksa) => return self.used(pmksa.pmkid, pmksa.peer, None, None),
                _ => {}
            },
            _ => match told(happening) {
                Some(KernelEvent::Authentication { frame }) => self.frame(frame, false),
                Some(KernelEvent::Frame { bytes, .. }) => self.frame(bytes, false),
                _ => {}
            },
        }
        Ok(())
    }
}
