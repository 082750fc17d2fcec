//! The commands of nl80211 with their checks, in the kernel's order.

use super::driver::{Completion, Denial, Operation, Stimulus};
use super::{Kernel, Power, Socket, Wdev};
use crate::parts::{Command, EAPOL, KernelOutput};
use lapwing_core::Instant;
use lapwing_core::kernel::{
    AssociateRequest, AssociateSecurity, AssociationLink, AssociationPeer, AuthenticateRequest,
    ConnectRequest, Errno, Frequency, Offload, Reply, Request,
};
use lapwing_core::radio::{Radio, RadioKind, SignalWatch};
use lapwing_frames::element::multi_link::{Basic, MultiLink};
use lapwing_frames::management::{AuthenticationAlgorithm, Body, Management, ReasonCode};
use lapwing_frames::{LinkId, MacAddr, Ssid};
use std::collections::{BTreeMap, BTreeSet};

/// The answer to a command; nothing if it is to come later.
type Answer = Result<Option<Reply>, Denial>;

const fn said(errno: Errno, words: &'static str) -> Denial {
    Denial(errno, Some(words))
}

impl Kernel {
    pub(super) fn perform(
        &mut self,
        now: Instant,
        socket: Socket,
        command: Command,
        out: &mut Vec<KernelOutput>,
    ) -> Answer {
        if self.power == Power::Gone {
            return Err(Errno::ENODEV.into());
        }
        let request = match command {
            Command::Request(Request::ReadScan) => return Ok(Some(Reply::Scan(self.read_scan(now)))),
            Command::Request(Request::ReadInterface) => {
                return Ok(Some(Reply::Interface(self.read_interface())));
            }
            Command::Request(Request::ReadStations) => {
                return Ok(Some(Reply::Stations(self.read_stations())));
            }
            _ if self.power != Power::Up => return Err(Errno::ENETDOWN.into()),
            Command::DeleteKey { peer, link, index } => {
                let operation = self.check_delete_key(peer, link, index)?;
                return self.ask(now, operation, out);
            }
            Command::Request(request) => request,
        };
        let softmac = self.is_softmac();
        match request {
            Request::TriggerScan(scan) => self.trigger_scan(now, scan, out)?,
            Request::AbortScan => self.abort_scan(out)?,
            Request::Authenticate(_) | Request::Associate(_) | Request::Deauthenticate { .. } if !softmac => {
                return Err(Errno::EOPNOTSUPP.into());
            }
            Request::Authenticate(request) => {
                self.check_authenticate(&request)?;
                return self.ask(now, Operation::Authenticate(request), out);
            }
            Request::Associate(request) => return self.associate(now, socket, request, out),
            Request::Deauthenticate { peer, reason, local_only } => {
                self.check_owner(socket)?;
                check_reason(reason)?;
                if self.connected() != Some(peer) && local_only {
                    return Ok(Some(Reply::Done));
                }
                if self.wdev.concerns(peer) {
                    self.owner = None;
                }
                return self.ask(now, Operation::Deauthenticate { peer, reason, local_only }, out);
            }
            Request::InstallKey(key) => {
                let operation = self.check_install_key(&key)?;
                // The kernel says which step it was only if the driver itself has no words.
                let added = self.ask(now, operation, out);
                return added
                    .map_err(|Denial(errno, words)| Denial(errno, words.or(Some("key addition failed"))));
            }
            Request::UseKey { peer, index } => {
                if !self.setup.radio.extended_key_id || index > 1 {
                    return Err(Errno::EINVAL.into());
                }
                return self.ask(now, Operation::UseKey { peer, index }, out);
            }
            Request::AuthorizePort { peer } => return self.ask(now, Operation::Authorize(peer), out),
            Request::SendKeyFrame { to, bytes, .. } if !self.setup.radio.control_port => {
                // No command, but a packet: whatever becomes of it, the network stack has taken it.
                self.stimulate(
                    now,
                    Stimulus::Send { destination: to, ethertype: EAPOL, payload: bytes },
                    out,
                );
                return Ok(Some(Reply::Sent { cookie: 0 }));
            }
            Request::SendKeyFrame { to, bytes, in_clear } => {
                if self.connected().is_none() {
                    return Err(Errno::ENOTCONN.into());
                }
                return self.ask(now, Operation::SendKeyFrame { to, bytes, in_clear }, out);
            }
            Request::SendFrame { frequency, bytes } => {
                self.check_frame(&bytes)?;
                if frequency.is_some_and(|frequency| !self.allows(frequency)) {
                    return Err(Errno::EINVAL.into());
                }
                return self.ask(now, Operation::SendFrame { frequency, frame: bytes }, out);
            }
            Request::Connect(request) => return self.connect(now, socket, request, out),
            Request::Disconnect { reason } => {
                self.check_owner(socket)?;
                check_reason(reason)?;
                self.disconnect(now, reason, out)?;
            }
            Request::AnswerExternalAuthentication { bssid, ssid, status, pmkid } => {
                if softmac {
                    return Err(Errno::EOPNOTSUPP.into());
                }
                let operation = Operation::AnswerExternalAuthentication { bssid, ssid, status, pmkid };
                return self.ask(now, operation, out);
            }
            Request::SetPmksa(pmksa) => return self.ask(now, Operation::SetPmksa(pmksa), out),
            Request::DeletePmksa { peer, pmkid } => {
                return self.ask(now, Operation::DeletePmksa { peer, pmkid }, out);
            }
            Request::FlushPmksas => return self.ask(now, Operation::FlushPmksas, out),
            Request::ReconfigureLinks { add, remove } => {
                self.check_owner(socket)?;
                let operation = self.check_reconfigure(&add, &remove)?;
                return self.ask(now, operation, out);
            }
            Request::WatchSignal { thresholds_dbm, .. } => {
                if self.setup.radio.signal_watch != SignalWatch::Thresholds {
                    return Err(Errno::EOPNOTSUPP.into());
                }
                return self.ask(now, Operation::WatchSignal(thresholds_dbm), out);
            }
            // As most drivers, this one can while it is up.
            Request::SetAddress { .. } if self.wdev != Wdev::Idle => return Err(Errno::EBUSY.into()),
            Request::SetAddress { address } => self.readdress(address, out),
            // Answered above, whether the interface is up or not.
            Request::ReadScan | Request::ReadInterface | Request::ReadStations => {}
        }
        Ok(Some(Reply::Done))
    }

    fn ask(&mut self, now: Instant, operation: Operation, out: &mut Vec<KernelOutput>) -> Answer {
        Ok(match self.operate(now, operation, out)? {
            Completion::Done => Some(Reply::Done),
            Completion::Sent { cookie } => Some(Reply::Sent { cookie }),
            Completion::Blocked => None,
        })
    }

    /// Another socket's connection is not this one's to touch.
    fn check_owner(&self, socket: Socket) -> Result<(), Denial> {
        match self.owner {
            Some(owner) if owner != socket => Err(Errno::EPERM.into()),
            _ => Ok(()),
        }
    }

    fn check_authenticate(&self, request: &AuthenticateRequest) -> Result<(), Denial> {
        let radio = &self.setup.radio;
        if !self.allows(request.frequency) {
            return Err(Errno::EINVAL.into());
        }
        let sae = request.algorithm == AuthenticationAlgorithm::Sae;
        let known = request.algorithm == AuthenticationAlgorithm::Open
            || request.algorithm == AuthenticationAlgorithm::FastTransition
            || sae && radio.sae;
        // SAE needs its data, the others have none.
        if !known || sae && request.data.len() < 4 || !sae && !request.data.is_empty() {
            return Err(Errno::EINVAL.into());
        }
        if request
            .mld
            .is_some_and(|(_, address)| !radio.multi_link || address.is_group() || address.is_zero())
        {
            return Err(Errno::EINVAL.into());
        }
        self.table.find(request.bssid, request.frequency, &request.ssid).ok_or(Errno::ENOENT)?;
        if self.connected() == Some(request.bssid) {
            return Err(Errno::EALREADY.into());
        }
        let ours = |address| address == self.address;
        if ours(request.bssid) || request.mld.is_some_and(|(_, address)| ours(address)) {
            return Err(Errno::EINVAL.into());
        }
        Ok(())
    }

    fn associate(
        &mut self,
        now: Instant,
        socket: Socket,
        request: AssociateRequest,
        out: &mut Vec<KernelOutput>,
    ) -> Answer {
        self.check_owner(socket)?;
        let holding = match &request.peer {
            AssociationPeer::Bss { bssid, frequency } => {
                if !self.allows(*frequency) {
                    return Err(Errno::EINVAL.into());
                }
                self.table.find(*bssid, *frequency, &request.ssid).ok_or(Errno::ENOENT)?;
                BTreeSet::from([*bssid])
            }
            AssociationPeer::Mld { association_link, links, .. } => {
                if !self.setup.radio.multi_link {
                    return Err(Errno::EINVAL.into());
                }
                let links = self.find_links(links, &request.ssid)?;
                if !links.contains_key(association_link) {
                    return Err(Errno::EINVAL.into());
                }
                self.check_security(request.security.as_ref())?;
                self.check_mld(*association_link, &links, &request.ssid)?;
                links.values().map(|(bssid, _)| *bssid).collect()
            }
        };
        self.check_security(request.security.as_ref())?;
        if let Some(connected) = self.connected()
            && request.previous != Some(connected)
        {
            return Err(Errno::EALREADY.into());
        }
        if request.peer.address() == self.address || holding.contains(&self.address) {
            return Err(Errno::EINVAL.into());
        }
        let (peer, ssid) = (request.peer.address(), request.ssid.clone());
        let answer = self.ask(now, Operation::Associate(request), out)?;
        self.owner = Some(socket);
        self.wdev = Wdev::Connecting { peer: Some(peer), ssid, holding };
        Ok(answer)
    }

    /// `nl80211_crypto_settings`.
    fn check_security(&self, security: Option<&AssociateSecurity>) -> Result<(), Denial> {
        let Radio { ciphers, control_port, .. } = &self.setup.radio;
        match security {
            Some(security) if security.control_port && !control_port => Err(Errno::EOPNOTSUPP.into()),
            Some(security) if !ciphers.contains(&security.pairwise) || !ciphers.contains(&security.group) => {
                Err(Errno::EINVAL.into())
            }
            _ => Ok(()),
        }
    }

    /// The BSSs of links (`nl80211_process_links`).
    fn find_links(
        &self,
        wanted: &[AssociationLink],
        ssid: &Ssid,
    ) -> Result<BTreeMap<LinkId, (MacAddr, Frequency)>, Denial> {
        let mut links = BTreeMap::new();
        for link in wanted {
            if links.insert(link.id, (link.bssid, link.frequency)).is_some() {
                return Err(Errno::EINVAL.into());
            }
            let errno = if !self.allows(link.frequency) {
                Some(Errno::EINVAL)
            } else if self.table.find(link.bssid, link.frequency, ssid).is_none() {
                Some(Errno::ENOENT)
            } else {
                None
            };
            if let Some(errno) = errno {
                return Err(said(errno, "Error fetching BSS for link"));
            }
        }
        Ok(links)
    }

    /// Whether the BSSs are links of one AP MLD (`cfg80211_mlme_check_mlo`).
    fn check_mld(
        &self,
        association_link: LinkId,
        links: &BTreeMap<LinkId, (MacAddr, Frequency)>,
        ssid: &Ssid,
    ) -> Result<(), Denial> {
        let mut elements: BTreeMap<LinkId, Basic> = BTreeMap::new();
        for (id, (bssid, frequency)) in links {
            if *bssid == self.address {
                return Err(said(Errno::EINVAL, "BSSID must not be our address"));
            }
            let bss = self.table.find(*bssid, *frequency, ssid).ok_or(Errno::ENOENT)?;
            let raw = bss.elements().find_raw::<MultiLink>();
            let raw = raw.ok_or(said(Errno::EINVAL, "MLO BSS w/o ML element"))?;
            let Some(Ok(MultiLink::Basic(basic))) = raw.parse_as::<MultiLink>() else {
                return Err(said(Errno::EINVAL, "BSS with invalid ML element"));
            };
            if basic.common.link_id.and_then(|link| link.link()) != Some(*id) {
                return Err(said(Errno::EINVAL, "link ID mismatch"));
            }
            elements.insert(*id, basic);
        }
        let Some(first) = elements.get(&association_link) else { return Err(Errno::EINVAL.into()) };
        for other in elements.values() {
            let (a, b) = (&first.common, &other.common);
            let words = if a.mld_address != b.mld_address {
                "AP MLD address mismatch"
            } else if a.eml_capabilities != b.eml_capabilities {
                "link EML capabilities mismatch"
            } else if a.mld_capabilities != b.mld_capabilities {
                "link MLD capabilities/ops mismatch"
            } else if a.extended_mld_capabilities != b.extended_mld_capabilities {
                "extended link MLD capabilities/ops mismatch"
            } else {
                continue;
            };
            return Err(said(Errno::EINVAL, words));
        }
        Ok(())
    }

    /// `cfg80211_connect`.
    fn connect(
        &mut self,
        now: Instant,
        socket: Socket,
        request: Box<ConnectRequest>,
        out: &mut Vec<KernelOutput>,
    ) -> Answer {
        let kind = self.setup.radio.kind;
        let sae = request.algorithm == AuthenticationAlgorithm::Sae;
        let offered = match request.offload {
            Offload::None | Offload::Psk(_) => true,
            Offload::ExternalSae => kind == RadioKind::FullMacExternalSae,
            Offload::Sae(_) => kind == RadioKind::FullMacSaeOffload,
        };
        if kind == RadioKind::SoftMac {
            // mac80211 would be driven by cfg80211's own machine, which knows no SAE: no station of ours asks.
            return Err(Errno::EOPNOTSUPP.into());
        }
        if !offered || sae && kind == RadioKind::FullMac {
            return Err(Errno::EINVAL.into());
        }
        self.check_security(request.security.as_ref())?;
        if request.frequency.is_some_and(|frequency| !self.allows(frequency)) {
            return Err(Errno::EINVAL.into());
        }
        let holding: BTreeSet<_> = request.bssid.into_iter().collect();
        match &self.wdev {
            Wdev::Connected { ssid, .. } | Wdev::Connecting { ssid, .. } if *ssid != request.ssid => {
                return Err(Errno::EALREADY.into());
            }
            Wdev::Connected { .. } if request.previous.is_none() => return Err(Errno::EALREADY.into()),
            Wdev::Connected { peer, .. } if request.previous != Some(*peer) => {
                return Err(Errno::ENOTCONN.into());
            }
            _ => {}
        }
        let before = self.wdev.clone();
        if !matches!(self.wdev, Wdev::Connected { .. }) {
            self.wdev = Wdev::Connecting { peer: request.bssid, ssid: request.ssid.clone(), holding };
        }
        match self.ask(now, Operation::Connect(request), out) {
            Ok(answer) => {
                // Only now: what the firmware asks of the owner before that, it asks of nobody.
                self.owner = Some(socket);
                Ok(answer)
            }
            Err(denial) => {
                if !matches!(before, Wdev::Connected { .. }) {
                    self.wdev = Wdev::Idle;
                }
                Err(denial)
            }
        }
    }

    /// `cfg80211_disconnect`.
    pub(super) fn disconnect(
        &mut self,
        now: Instant,
        reason: ReasonCode,
        out: &mut Vec<KernelOutput>,
    ) -> Result<(), Denial> {
        self.owner = None;
        match (&self.wdev, self.is_softmac()) {
            (Wdev::Connected { peer, .. }, true) => {
                let operation = Operation::Deauthenticate { peer: *peer, reason, local_only: false };
                self.operate(now, operation, out)?;
            }
            (Wdev::Idle, _) | (_, true) => {}
            (Wdev::Connecting { .. } | Wdev::Connected { .. }, false) => {
                self.operate(now, Operation::Disconnect(reason), out)?;
                if matches!(self.wdev, Wdev::Connecting { .. }) {
                    self.wdev = Wdev::Idle;
                }
            }
        }
        Ok(())
    }

    /// `cfg80211_mlme_mgmt_tx`.
    fn check_frame(&self, frame: &[u8]) -> Result<(), Denial> {
        const PUBLIC: u8 = 4;
        let management = Management::parse(frame).map_err(|_| Errno::EINVAL)?;
        let header = &management.header;
        let category = frame.get(24).copied();
        if matches!(management.body, Body::Action(_)) && category != Some(PUBLIC) {
            let connected = self.connected().ok_or(Errno::ENOTCONN)?;
            if header.bssid != connected || header.receiver != connected {
                return Err(Errno::ENOTCONN.into());
            }
        }
        if header.transmitter != self.address {
            return Err(Errno::EINVAL.into());
        }
        Ok(())
    }

    fn check_reconfigure(&self, add: &[AssociationLink], remove: &[LinkId]) -> Result<Operation, Denial> {
        let links = self.links();
        let Wdev::Connected { ssid, .. } = &self.wdev else { return Err(Errno::EINVAL.into()) };
        if links.is_empty() {
            return Err(Errno::EINVAL.into());
        }
        let add = self.find_links(add, ssid)?;
        let remove: BTreeSet<_> = remove.iter().copied().collect();
        let overlap = add.keys().any(|id| links.contains_key(id) || remove.contains(id));
        let stranger = remove.iter().any(|id| !links.contains_key(id));
        if overlap || stranger || remove.len() == links.len() || add.is_empty() && remove.is_empty() {
            return Err(Errno::EINVAL.into());
        }
        // The new links must be of the same AP MLD as an old one that stays.
        let kept = links.iter().find(|(id, _)| !remove.contains(id));
        let (kept_id, kept) = kept.ok_or(Errno::EINVAL)?;
        if !add.is_empty() {
            let mut all = add.clone();
            all.insert(*kept_id, (kept.bssid, kept.frequency));
            self.check_mld(*kept_id, &all, ssid)?;
        }
        Ok(Operation::Reconfigure { add, remove })
    }
}

impl Wdev {
    /// Whether a farewell to this peer concerns the connection or the attempt.
    fn concerns(&self, address: MacAddr) -> bool {
        match self {
            Self::Idle => false,
            Self::Connecting { peer, .. } => *peer == Some(address),
            Self::Connected { peer, .. } => *peer == address,
        }
    }
}

fn check_reason(reason: ReasonCode) -> Result<(), Denial> {
    if reason.0 == 0 { Err(Errno::EINVAL.into()) } else { Ok(()) }
}
