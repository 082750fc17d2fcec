//! Encoding: requests to messages.

use super::constants::{
    attr, auth_type, cqm, key as key_attr, key_mode, mfp, power_save, sae_pwe, scan_flag, sta_flag,
    wpa_version,
};
use super::request::{EncodeError, KeyName, Request};
use super::{access_point, ad_hoc};
use crate::netlink::{self, Builder};
use lapwing_core::kernel::{
    self, AssociateRequest, AssociateSecurity, AssociationLink, AssociationPeer, AuthenticateRequest,
    ConnectRequest, KeyKind, KeyRequest, Offload, ScanRequest,
};
use lapwing_core::rsn::plan::SaeMethod;
use lapwing_frames::Ssid;
use lapwing_frames::element::{Element, Elements, RmEnabledCapabilities};
use lapwing_frames::management::AuthenticationAlgorithm;
use lapwing_frames::suite::Akm;

/// The Ethernet type of EAPOL.
pub(super) const ETHERTYPE_EAPOL: u16 = 0x888e;

impl Request {
    /// The message, for the family with this number.
    ///
    /// # Errors
    /// If the request cannot be said in nl80211.
    pub fn encode(&self, family: u16) -> Result<netlink::Request, EncodeError> {
        let mut message = Builder::generic(family, self.command().0.0);
        self.fill(&mut message)?;
        message.finish().ok_or(EncodeError::TooLong)
    }

    fn fill(&self, message: &mut Builder) -> Result<(), EncodeError> {
        match self {
            Self::Station { ifindex, request } => {
                fill_station(message.u32(attr::IFINDEX, *ifindex), request)?;
            }
            Self::AccessPoint { ifindex, control_port, request } => {
                access_point::fill(message.u32(attr::IFINDEX, *ifindex), request, *control_port);
            }
            Self::Fence | Self::ReadInterfaces => {}
            Self::ReadRadios => {
                message.flag(attr::SPLIT_WIPHY_DUMP);
            }
            Self::ReadRegulatory { wiphy } => {
                if let Some(wiphy) = wiphy {
                    message.u32(attr::WIPHY, *wiphy);
                }
            }
            Self::SetCountry { country: [first, second] } => {
                message.bytes(attr::REG_ALPHA2, &[*first, *second, 0]);
            }
            Self::SetInterfaceType { ifindex, iftype } => {
                message.u32(attr::IFINDEX, *ifindex).u32(attr::IFTYPE, (*iftype).into());
            }
            Self::NewInterface { wiphy, name, iftype, address, owned } => {
                message.u32(attr::WIPHY, *wiphy).text(attr::IFNAME, name);
                message.u32(attr::IFTYPE, (*iftype).into()).flag_if(attr::SOCKET_OWNER, *owned);
                if let Some(address) = address {
                    message.mac(attr::MAC, *address);
                }
            }
            Self::AdHoc { ifindex, request } => {
                ad_hoc::fill(message.u32(attr::IFINDEX, *ifindex), request);
            }
            Self::ScanAsAccessPoint { ifindex } => {
                let wildcard = ScanRequest { ssids: vec![Ssid::default()], ..ScanRequest::default() };
                fill_scan(message.u32(attr::IFINDEX, *ifindex), &wildcard);
                message.u32(attr::SCAN_FLAGS, scan_flag::AP);
            }
            Self::JoinIbss { ifindex, ibss } => {
                ad_hoc::fill_join(message.u32(attr::IFINDEX, *ifindex), ibss);
            }
            Self::DelInterface { ifindex }
            | Self::LeaveIbss { ifindex }
            | Self::ReadFigures { ifindex }
            | Self::RegisterStrangers { ifindex } => {
                message.u32(attr::IFINDEX, *ifindex);
            }
            Self::ProbeClient { ifindex, client } => {
                message.u32(attr::IFINDEX, *ifindex).mac(attr::MAC, *client);
            }
            Self::Disassociate { ifindex, peer, reason } => {
                message.u32(attr::IFINDEX, *ifindex).u16(attr::REASON_CODE, reason.0).mac(attr::MAC, *peer);
            }
            Self::DeleteKey(key) => {
                fill_key_name(message, key);
                message.nest(attr::KEY, |nest| {
                    nest.u8(key_attr::IDX, key.index);
                });
            }
            Self::ReadKey(key) => {
                fill_key_name(message, key);
                // The one key command whose index the kernel reads outside the nest only.
                message.u8(attr::KEY_IDX, key.index);
            }
            Self::RegisterFrame { ifindex, frame_type, prefix, groups } => {
                message.u32(attr::IFINDEX, *ifindex).u16(attr::FRAME_TYPE, *frame_type);
                message.bytes(attr::FRAME_MATCH, prefix).flag_if(attr::RECEIVE_MULTICAST, *groups);
            }
            Self::SendOffChannel { ifindex, frequency, wait, bytes } => {
                message.u32(attr::IFINDEX, *ifindex).u32(attr::WIPHY_FREQ, frequency.0);
                if *wait > 0 {
                    message.u32(attr::DURATION, *wait).flag(attr::OFFCHANNEL_TX_OK);
                }
                message.bytes(attr::FRAME, bytes);
            }
            Self::RemainOnChannel { ifindex, frequency, duration } => {
                message.u32(attr::IFINDEX, *ifindex).u32(attr::WIPHY_FREQ, frequency.0);
                message.u32(attr::DURATION, *duration);
            }
            Self::CancelFrameWait { ifindex, cookie } => {
                message.u32(attr::IFINDEX, *ifindex).u64(attr::COOKIE, *cookie);
            }
            Self::SetPowerSave { ifindex, enabled } => {
                let state = if *enabled { power_save::ENABLED } else { power_save::DISABLED };
                message.u32(attr::IFINDEX, *ifindex).u32(attr::PS_STATE, state);
            }
        }
        Ok(())
    }
}

fn fill_station(message: &mut Builder, request: &kernel::Request) -> Result<(), EncodeError> {
    match request {
        kernel::Request::TriggerScan(scan) => fill_scan(message, scan),
        kernel::Request::AbortScan
        | kernel::Request::ReadScan
        | kernel::Request::ReadInterface
        | kernel::Request::ReadStations
        | kernel::Request::FlushPmksas => {}
        kernel::Request::SetAddress { .. } => return Err(EncodeError::Elsewhere),
        kernel::Request::Authenticate(request) => fill_authenticate(message, request)?,
        kernel::Request::Associate(request) => fill_associate(message, request),
        kernel::Request::Deauthenticate { peer, reason, local_only } => {
            message.u16(attr::REASON_CODE, reason.0).mac(attr::MAC, *peer);
            message.flag_if(attr::LOCAL_STATE_CHANGE, *local_only);
        }
        kernel::Request::SendKeyFrame { to, bytes, in_clear } => {
            message.u16(attr::CONTROL_PORT_ETHERTYPE, ETHERTYPE_EAPOL).mac(attr::MAC, *to);
            message.bytes(attr::FRAME, bytes).flag_if(attr::CONTROL_PORT_NO_ENCRYPT, *in_clear);
        }
        kernel::Request::InstallKey(request) => fill_key(message, request),
        kernel::Request::UseKey { peer, index } => {
            message.mac(attr::MAC, *peer).nest(attr::KEY, |nest| {
                nest.u8(key_attr::IDX, *index).u8(key_attr::MODE, key_mode::SET_TX);
            });
        }
        kernel::Request::AuthorizePort { peer } => {
            let authorized = (1_u32 << sta_flag::AUTHORIZED).to_ne_bytes();
            message.mac(attr::MAC, *peer).bytes(attr::STA_FLAGS2, &[authorized, authorized].concat());
        }
        kernel::Request::SendFrame { frequency, bytes } => {
            if let Some(frequency) = frequency {
                message.u32(attr::WIPHY_FREQ, frequency.0);
            }
            message.bytes(attr::FRAME, bytes);
        }
        kernel::Request::WatchSignal { thresholds_dbm, hysteresis_db } => {
            message.nest(attr::CQM, |nest| {
                // A single zero turns it off.
                let off: &[i8] = &[0];
                let thresholds = if thresholds_dbm.is_empty() { off } else { thresholds_dbm };
                let octets: Vec<u8> =
                    thresholds.iter().flat_map(|dbm| i32::from(*dbm).to_ne_bytes()).collect();
                nest.bytes(cqm::RSSI_THOLD, &octets).u32(cqm::RSSI_HYST, u32::from(*hysteresis_db));
            });
        }
        kernel::Request::Connect(request) => fill_connect(message, request)?,
        kernel::Request::Disconnect { reason } => {
            message.u16(attr::REASON_CODE, reason.0);
        }
        kernel::Request::AnswerExternalAuthentication { bssid, ssid, status, pmkid } => {
            message.u16(attr::STATUS_CODE, status.0);
            message.bytes(attr::SSID, ssid.octets()).mac(attr::BSSID, *bssid);
            if let Some(pmkid) = pmkid {
                message.bytes(attr::PMKID, pmkid);
            }
        }
        kernel::Request::SetPmksa(pmksa) => {
            message.bytes(attr::PMKID, &pmksa.pmkid).mac(attr::MAC, pmksa.peer);
            if let Some(seconds) = pmksa.lifetime_seconds {
                message.u32(attr::PMK_LIFETIME, seconds);
            }
            if let Some(pmk) = &pmksa.pmk {
                message.bytes(attr::PMK, pmk.expose());
            }
        }
        kernel::Request::DeletePmksa { peer, pmkid } => {
            message.bytes(attr::PMKID, pmkid).mac(attr::MAC, *peer);
        }
        kernel::Request::ReconfigureLinks { add, remove } => {
            if !add.is_empty() {
                fill_links(message, add);
            }
            if !remove.is_empty() {
                let mask = remove.iter().fold(0_u16, |mask, link| mask | 1 << link.get());
                message.u16(attr::MLO_RECONF_REM_LINKS, mask);
            }
        }
    }
    Ok(())
}

fn fill_scan(message: &mut Builder, scan: &ScanRequest) {
    if !scan.ssids.is_empty() {
        message.list(attr::SCAN_SSIDS, &scan.ssids, |nest, number, ssid| {
            nest.bytes(number, ssid.octets());
        });
    }
    if !scan.elements.is_empty() {
        message.bytes(attr::IE, &scan.elements);
    }
    if let Some(bssid) = scan.bssid {
        message.mac(attr::BSSID, bssid);
    }
    if !scan.frequencies.is_empty() {
        message.list(attr::SCAN_FREQUENCIES, &scan.frequencies, |nest, number, frequency| {
            nest.u32(number, frequency.0);
        });
    }
    let flags = [
        (scan.flush, scan_flag::FLUSH),
        (scan.random_address, scan_flag::RANDOM_ADDR),
        (scan.colocated_6ghz, scan_flag::COLOCATED_6GHZ),
    ];
    let flags = flags.iter().filter(|(set, _)| *set).fold(0, |all, (_, flag)| all | flag);
    if flags != 0 {
        message.u32(attr::SCAN_FLAGS, flags);
    }
}

fn authentication_type(algorithm: AuthenticationAlgorithm) -> Result<u32, EncodeError> {
    match algorithm {
        AuthenticationAlgorithm::Open => Ok(auth_type::OPEN_SYSTEM),
        AuthenticationAlgorithm::SharedKey => Ok(auth_type::SHARED_KEY),
        AuthenticationAlgorithm::FastTransition => Ok(auth_type::FT),
        AuthenticationAlgorithm::Sae => Ok(auth_type::SAE),
        AuthenticationAlgorithm::FilsSharedKey => Ok(auth_type::FILS_SK),
        AuthenticationAlgorithm::FilsSharedKeyPfs => Ok(auth_type::FILS_SK_PFS),
        AuthenticationAlgorithm::FilsPublicKey => Ok(auth_type::FILS_PK),
        other => Err(EncodeError::Algorithm(other)),
    }
}

fn fill_authenticate(message: &mut Builder, request: &AuthenticateRequest) -> Result<(), EncodeError> {
    message.mac(attr::MAC, request.bssid).u32(attr::WIPHY_FREQ, request.frequency.0);
    message.bytes(attr::SSID, request.ssid.octets());
    // The kernel wants it for SAE and FILS, and refuses it for others.
    if !request.data.is_empty() {
        message.bytes(attr::AUTH_DATA, &request.data);
    }
    if !request.elements.is_empty() {
        message.bytes(attr::IE, &request.elements);
    }
    message.u32(attr::AUTH_TYPE, authentication_type(request.algorithm)?);
    if let Some((link, address)) = request.mld {
        message.u8(attr::MLO_LINK_ID, link.get()).mac(attr::MLD_ADDR, address);
    }
    Ok(())
}

fn fill_associate(message: &mut Builder, request: &AssociateRequest) {
    message.flag(attr::SOCKET_OWNER);
    match &request.peer {
        AssociationPeer::Bss { bssid, frequency } => {
            message.mac(attr::MAC, *bssid).u32(attr::WIPHY_FREQ, frequency.0);
        }
        AssociationPeer::Mld { address, association_link, links } => {
            message.mac(attr::MLD_ADDR, *address).u8(attr::MLO_LINK_ID, association_link.get());
            fill_links(message, links);
        }
    }
    message.bytes(attr::SSID, request.ssid.octets()).bytes(attr::IE, &request.elements);
    if let Some(previous) = request.previous {
        message.mac(attr::PREV_BSSID, previous);
    }
    if Elements::new(&request.elements).iter().any(|element| element.id == RmEnabledCapabilities::ID) {
        // The bit of the Capability Information field that goes with it.
        message.flag(attr::USE_RRM);
    }
    if let Some(security) = &request.security {
        fill_security(message, security);
    }
}

fn fill_links(message: &mut Builder, links: &[AssociationLink]) {
    message.list(attr::MLO_LINKS, links, |list, number, link| {
        list.nest(number, |nest| {
            nest.u8(attr::MLO_LINK_ID, link.id.get()).mac(attr::MAC, link.bssid);
            nest.u32(attr::WIPHY_FREQ, link.frequency.0);
        });
    });
}

/// The suites, that the port is ours to open, and whether EAPOL travels over this socket. To ask for that a driver
/// that cannot do it is an error.
fn fill_security(message: &mut Builder, security: &AssociateSecurity) {
    let (version, akm) = match security.akm {
        // The kernel knows one name for it.
        Akm::WpaPsk => (wpa_version::WPA_VERSION_1, Akm::Psk),
        akm if akm.is_sae() => (wpa_version::WPA_VERSION_3, akm),
        akm => (wpa_version::WPA_VERSION_2, akm),
    };
    message.u32(attr::WPA_VERSIONS, version);
    message.u32(attr::CIPHER_SUITES_PAIRWISE, security.pairwise.to_u32());
    message.u32(attr::CIPHER_SUITE_GROUP, security.group.to_u32());
    message.u32(attr::AKM_SUITES, akm.to_u32());
    message.flag(attr::CONTROL_PORT).u16(attr::CONTROL_PORT_ETHERTYPE, ETHERTYPE_EAPOL);
    if security.control_port {
        message.flag(attr::CONTROL_PORT_OVER_NL80211).flag(attr::CONTROL_PORT_NO_PREAUTH);
    }
    if security.management_frame_protection {
        message.u32(attr::USE_MFP, mfp::REQUIRED);
    }
}

fn fill_connect(message: &mut Builder, request: &ConnectRequest) -> Result<(), EncodeError> {
    message.flag(attr::SOCKET_OWNER).bytes(attr::SSID, request.ssid.octets());
    if let Some(bssid) = request.bssid {
        message.mac(attr::MAC, bssid);
    }
    if let Some(frequency) = request.frequency {
        message.u32(attr::WIPHY_FREQ, frequency.0);
    }
    message.bytes(attr::IE, &request.elements);
    message.u32(attr::AUTH_TYPE, authentication_type(request.algorithm)?);
    if let Some(method) = request.sae {
        let method = match method {
            SaeMethod::HuntingAndPecking => sae_pwe::HUNT_AND_PECK,
            SaeMethod::HashToElement => sae_pwe::HASH_TO_ELEMENT,
        };
        message.u8(attr::SAE_PWE, method);
    }
    if let Some(previous) = request.previous {
        message.mac(attr::PREV_BSSID, previous);
    }
    if let Some(security) = &request.security {
        message.flag(attr::PRIVACY);
        fill_security(message, security);
    }
    match &request.offload {
        Offload::None => {}
        Offload::ExternalSae => {
            message.flag(attr::EXTERNAL_AUTH_SUPPORT);
        }
        Offload::Sae(password) => {
            message.bytes(attr::SAE_PASSWORD, password.expose());
        }
        Offload::Psk(pmk) => {
            message.bytes(attr::PMK, pmk.expose());
        }
    }
    message.flag_if(attr::MLO_SUPPORT, request.multi_link);
    Ok(())
}

/// The kernel takes a key with an address for a pairwise key and one without for a group key.
pub(super) fn fill_key(message: &mut Builder, request: &KeyRequest) {
    let mode = match request.kind {
        KeyKind::Pairwise { peer, receive_only } => {
            message.mac(attr::MAC, peer);
            receive_only.then_some(key_mode::NO_TX)
        }
        KeyKind::Group | KeyKind::Integrity | KeyKind::Beacon => None,
    };
    message.nest(attr::KEY, |nest| {
        key_contents(nest, request);
        if let Some(mode) = mode {
            nest.u8(key_attr::MODE, mode);
        }
    });
    if let Some(link) = request.link {
        message.u8(attr::MLO_LINK_ID, link.get());
    }
}

/// What is said of a key of any kind.
pub(super) fn key_contents(nest: &mut Builder, request: &KeyRequest) {
    nest.bytes(key_attr::DATA, request.key.expose()).u32(key_attr::CIPHER, request.cipher.to_u32());
    nest.bytes(key_attr::SEQ, &request.sequence).u8(key_attr::IDX, request.index);
}

fn fill_key_name(message: &mut Builder, key: &KeyName) {
    message.u32(attr::IFINDEX, key.ifindex);
    if let Some(peer) = key.peer {
        message.mac(attr::MAC, peer);
    }
    if let Some(link) = key.link {
        message.u8(attr::MLO_LINK_ID, link.get());
    }
}
