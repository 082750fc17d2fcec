//! Events: what nl80211 says unasked, always with where it happened.

use super::constants::{Command, attr, cqm, cqm_event, key_type, pmksa_candidate, rekey};
use super::state::{ChannelFields, InterfaceInfo, link_id, ssid};
use crate::netlink::{Attribute, Attributes, DecodeError};
use core::mem::take;
use core::time::Duration;
use lapwing_core::kernel::{
    ChannelDefinition, Connection, ConnectionLink, ExternalAuthentication, Frequency, KernelEvent, Quality,
};
use lapwing_frames::management::{ReasonCode, StatusCode};
use lapwing_frames::suite::Akm;
use lapwing_frames::{LinkId, MacAddr, Ssid};

/// Where an event happened, as far as the kernel says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The radio.
    pub wiphy: Option<u32>,
    /// The interface's index.
    pub ifindex: Option<u32>,
    /// The wireless device.
    pub wdev: Option<u64>,
    /// The link.
    pub link: Option<LinkId>,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Where.
    pub origin: Origin,
    /// The channel, with its width as far as the kernel tells it.
    pub channel: Option<ChannelDefinition>,
    /// What.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// Something that the station of the origin's interface must know; without an interface, every station.
    Station(KernelEvent),
    /// An interface was made, or changed its type or settings.
    NewInterface(InterfaceInfo),
    /// A radio appeared, or changed its settings.
    NewWiphy,
    /// A radio is gone.
    DelWiphy,
    /// The kernel knows a peer: for a station its AP or AP MLD.
    NewPeer(MacAddr),
    /// The kernel forgot a peer.
    DelPeer(MacAddr),
    /// Somebody sent an access point a frame that only an associated client may send.
    Stranger(MacAddr),
    /// The kernel ended a BSS by itself.
    ApStopped,
    /// An ad-hoc network was joined or begun, or another part of it found: with this BSSID.
    IbssJoined(MacAddr),
    /// A client was asked to show that it is there ([`Request::ProbeClient`](super::Request::ProbeClient)).
    ClientProbed {
        /// The request's cookie.
        cookie: u64,
        /// Whether it did.
        acknowledged: bool,
    },
    /// The firmware found an AP to authenticate with in advance.
    PmksaCandidate {
        /// The AP.
        bssid: MacAddr,
        /// Whether it allows preauthentication.
        preauthentication: bool,
    },
    /// A frame's time on another channel began.
    OffChannelBegan {
        /// The request's cookie.
        cookie: u64,
    },
    /// A frame's time on another channel ended, or its transmission was given up waiting for.
    OffChannelEnded {
        /// The request's cookie.
        cookie: u64,
    },
    /// Radar, or a step of looking for it (`enum nl80211_radar_event`).
    Radar(u32),
    /// The driver renewed keys while the machine slept.
    RekeyOffload {
        /// The replay counter now, big endian.
        replay_counter: [u8; 8],
    },
    /// A driver's own message.
    Vendor,
    /// An event that Lapwing has no use for, as it came.
    Other {
        /// The command.
        command: Command,
        /// The attributes.
        attributes: Vec<u8>,
    },
}

/// The attributes that events use, collected once: each is what its name in nl80211 says.
#[derive(Default)]
struct Fields<'a> {
    mac: Option<MacAddr>,
    frame: Option<&'a [u8]>,
    frequency: Option<Frequency>,
    cookie: u64,
    ack: bool,
    timed_out: bool,
    status: Option<u16>,
    reason: Option<u16>,
    by_ap: bool,
    clear: bool,
    request_elements: Vec<u8>,
    response_elements: Vec<u8>,
    scan_frequencies: Vec<Frequency>,
    links: Vec<ConnectionLink>,
    timeout: u32,
    radar: Option<u32>,
    quality: Option<Quality>,
    external: ExternalFields,
    candidate: Option<(MacAddr, bool)>,
    replay_counter: Option<[u8; 8]>,
    key_type: Option<u32>,
}

#[derive(Default)]
struct ExternalFields {
    action: Option<u32>,
    bssid: Option<MacAddr>,
    ssid: Option<Ssid>,
    akm: Option<Akm>,
    mld_address: Option<MacAddr>,
}

impl Event {
    /// Decodes an event, from the generic netlink header on.
    ///
    /// # Errors
    /// The first attribute that does not decode, or the one that the event cannot be without.
    pub fn decode(message: &[u8]) -> Result<Self, DecodeError> {
        let command = super::command(message)?;
        let attributes = super::attributes(command.name().unwrap_or("event"), message)?;
        let mut origin = Origin::default();
        let mut fields = Fields::default();
        let mut channel = ChannelFields::default();
        for attribute in attributes {
            let attribute = attribute?;
            match attribute.kind {
                attr::WIPHY => origin.wiphy = Some(attribute.u32()?),
                attr::IFINDEX => origin.ifindex = Some(attribute.u32()?),
                attr::WDEV => origin.wdev = Some(attribute.u64()?),
                attr::MLO_LINK_ID => origin.link = Some(link_id(&attribute)?),
                _ => {
                    channel.take(&attribute)?;
                    fields.take(&attribute)?;
                }
            }
        }
        let kind = match fields.station_event(command, origin.link)? {
            Some(event) => EventKind::Station(event),
            None => fields.other_event(command, attributes, message)?,
        };
        Ok(Self { origin, channel: channel.definition(), kind })
    }
}

impl<'a> Fields<'a> {
    fn take(&mut self, attribute: &Attribute<'a>) -> Result<(), DecodeError> {
        match attribute.kind {
            attr::MAC => self.mac = Some(attribute.mac()?),
            attr::FRAME => self.frame = Some(attribute.payload),
            attr::WIPHY_FREQ => self.frequency = Some(Frequency(attribute.u32()?)),
            attr::COOKIE => self.cookie = attribute.u64()?,
            attr::ACK => self.ack = true,
            attr::TIMED_OUT => self.timed_out = true,
            attr::STATUS_CODE => self.status = Some(attribute.u16()?),
            attr::REASON_CODE => self.reason = Some(attribute.u16()?),
            attr::DISCONNECTED_BY_AP => self.by_ap = true,
            attr::CONTROL_PORT_NO_ENCRYPT => self.clear = true,
            attr::REQ_IE => self.request_elements = attribute.payload.to_vec(),
            attr::RESP_IE => self.response_elements = attribute.payload.to_vec(),
            attr::SCAN_FREQUENCIES => {
                for frequency in attribute.nested("scanned frequencies") {
                    self.scan_frequencies.push(Frequency(frequency?.u32()?));
                }
            }
            attr::MLO_LINKS => {
                for link in attribute.nested("links") {
                    self.links.extend(connection_link(link?)?);
                }
            }
            attr::TIMEOUT => self.timeout = attribute.u32()?,
            attr::KEY_TYPE => self.key_type = Some(attribute.u32()?),
            attr::RADAR_EVENT => self.radar = Some(attribute.u32()?),
            attr::CQM => self.quality = quality(*attribute)?,
            attr::EXTERNAL_AUTH_ACTION => self.external.action = Some(attribute.u32()?),
            attr::BSSID => self.external.bssid = Some(attribute.mac()?),
            attr::SSID => self.external.ssid = Some(ssid(attribute)?),
            // One number here; a list in the capabilities, which are no event.
            attr::AKM_SUITES => self.external.akm = attribute.u32_list().next().map(external_akm),
            attr::MLD_ADDR => self.external.mld_address = Some(attribute.mac()?),
            attr::PMKSA_CANDIDATE => self.candidate = candidate(*attribute)?,
            attr::REKEY_DATA => {
                let counter = attribute.nested("rekey data").find(rekey::REPLAY_CTR);
                self.replay_counter = counter.map(|counter| counter.array()).transpose()?;
            }
            _ => {}
        }
        Ok(())
    }

    fn frame(&self, command: Command) -> Result<Vec<u8>, DecodeError> {
        self.frame.map(<[u8]>::to_vec).ok_or_else(|| missing(command, "no frame"))
    }

    fn peer(&self, command: Command) -> Result<MacAddr, DecodeError> {
        self.mac.ok_or_else(|| missing(command, "no address"))
    }

    /// The event in the station's words; nothing if the station has none for it.
    fn station_event(
        &mut self,
        command: Command,
        link: Option<LinkId>,
    ) -> Result<Option<KernelEvent>, DecodeError> {
        Ok(Some(match command {
            Command::TRIGGER_SCAN => KernelEvent::ScanStarted,
            Command::MICHAEL_MIC_FAILURE => {
                let pairwise = self.key_type == Some(key_type::PAIRWISE);
                KernelEvent::MicFailure { from: self.peer(command)?, pairwise }
            }
            Command::NEW_SCAN_RESULTS => {
                KernelEvent::ScanDone { frequencies: take(&mut self.scan_frequencies) }
            }
            Command::SCAN_ABORTED => KernelEvent::ScanAborted,
            Command::AUTHENTICATE if self.timed_out => {
                KernelEvent::AuthenticationTimedOut { peer: self.peer(command)? }
            }
            Command::AUTHENTICATE => KernelEvent::Authentication { frame: self.frame(command)? },
            Command::ASSOCIATE if self.timed_out => {
                KernelEvent::AssociationTimedOut { peer: self.peer(command)? }
            }
            Command::ASSOCIATE => KernelEvent::Association { frame: self.frame(command)? },
            Command::ASSOC_COMEBACK => KernelEvent::AssociationComeback {
                peer: self.peer(command)?,
                // In time units of 1,024 µs.
                after: Duration::from_micros(u64::from(self.timeout).saturating_mul(1024)),
            },
            Command::CONNECT => KernelEvent::Connected(self.connection()),
            Command::ROAM => KernelEvent::Roamed(self.connection()),
            Command::DEAUTHENTICATE => KernelEvent::Deauthentication { frame: self.frame(command)? },
            Command::DISASSOCIATE => KernelEvent::Disassociation { frame: self.frame(command)? },
            Command::DISCONNECT => KernelEvent::Disconnected {
                reason: ReasonCode(self.reason.unwrap_or_default()),
                by_ap: self.by_ap,
            },
            Command::UNPROT_DEAUTHENTICATE | Command::UNPROT_DISASSOCIATE => {
                KernelEvent::UnprotectedFarewell { frame: self.frame(command)? }
            }
            Command::CONTROL_PORT_FRAME => KernelEvent::KeyFrame {
                from: self.peer(command)?,
                bytes: self.frame(command)?,
                in_clear: self.clear,
            },
            Command::CONTROL_PORT_FRAME_TX_STATUS => {
                KernelEvent::KeyFrameStatus { cookie: self.cookie, acknowledged: self.ack }
            }
            Command::FRAME => KernelEvent::Frame { frequency: self.frequency, bytes: self.frame(command)? },
            Command::FRAME_TX_STATUS => {
                KernelEvent::FrameStatus { cookie: self.cookie, acknowledged: self.ack }
            }
            Command::PORT_AUTHORIZED => KernelEvent::PortAuthorized { peer: self.peer(command)? },
            Command::CH_SWITCH_STARTED_NOTIFY | Command::CH_SWITCH_NOTIFY => {
                let frequency = self.frequency.ok_or_else(|| missing(command, "no frequency"))?;
                if command == Command::CH_SWITCH_NOTIFY {
                    KernelEvent::ChannelSwitched { link, frequency }
                } else {
                    KernelEvent::ChannelSwitchStarted { link, frequency }
                }
            }
            Command::LINKS_REMOVED => {
                KernelEvent::LinksRemoved { links: self.links.iter().map(|link| link.id).collect() }
            }
            Command::ASSOC_MLO_RECONF => KernelEvent::LinksReconfigured { frame: self.frame(command)? },
            Command::NOTIFY_CQM => match self.quality {
                Some(quality) => KernelEvent::Quality(quality),
                // Kinds of change that Lapwing has no use for (transmission errors).
                None => return Ok(None),
            },
            Command::UNPROT_BEACON => KernelEvent::UnprotectedBeacon { frame: self.frame(command)? },
            Command::REG_CHANGE | Command::WIPHY_REG_CHANGE | Command::REG_BEACON_HINT => {
                KernelEvent::RegulatoryChanged
            }
            Command::DEL_INTERFACE => KernelEvent::InterfaceRemoved,
            _ => return Ok(None),
        }))
    }

    fn connection(&mut self) -> Connection {
        Connection {
            // A timeout may come without an address when the kernel chose the AP.
            peer: self.mac.unwrap_or_default(),
            status: StatusCode(self.status.unwrap_or_default()),
            timed_out: self.timed_out,
            request_elements: take(&mut self.request_elements),
            response_elements: take(&mut self.response_elements),
            links: take(&mut self.links),
        }
    }

    fn other_event(
        self,
        command: Command,
        attributes: Attributes<'_>,
        message: &[u8],
    ) -> Result<EventKind, DecodeError> {
        Ok(match command {
            Command::NEW_INTERFACE | Command::SET_INTERFACE => {
                EventKind::NewInterface(InterfaceInfo::from_attributes(attributes)?)
            }
            Command::NEW_WIPHY => EventKind::NewWiphy,
            Command::DEL_WIPHY => EventKind::DelWiphy,
            Command::NEW_STATION => EventKind::NewPeer(self.peer(command)?),
            Command::DEL_STATION => EventKind::DelPeer(self.peer(command)?),
            Command::UNEXPECTED_FRAME | Command::UNEXPECTED_4ADDR_FRAME => {
                EventKind::Stranger(self.peer(command)?)
            }
            Command::STOP_AP => EventKind::ApStopped,
            Command::JOIN_IBSS => EventKind::IbssJoined(self.peer(command)?),
            Command::PROBE_CLIENT => EventKind::ClientProbed { cookie: self.cookie, acknowledged: self.ack },
            Command::EXTERNAL_AUTH => {
                EventKind::Station(KernelEvent::ExternalAuthentication(ExternalAuthentication {
                    start: self.external.action == Some(0),
                    bssid: self.external.bssid.ok_or_else(|| missing(command, "no BSSID"))?,
                    ssid: self.external.ssid,
                    akm: self.external.akm,
                    mld_address: self.external.mld_address,
                }))
            }
            Command::PMKSA_CANDIDATE => {
                let (bssid, preauthentication) =
                    self.candidate.ok_or_else(|| missing(command, "no candidate"))?;
                EventKind::PmksaCandidate { bssid, preauthentication }
            }
            Command::REMAIN_ON_CHANNEL => EventKind::OffChannelBegan { cookie: self.cookie },
            Command::CANCEL_REMAIN_ON_CHANNEL | Command::FRAME_WAIT_CANCEL => {
                EventKind::OffChannelEnded { cookie: self.cookie }
            }
            Command::RADAR_DETECT => {
                EventKind::Radar(self.radar.ok_or_else(|| missing(command, "no radar event"))?)
            }
            Command::SET_REKEY_OFFLOAD => EventKind::RekeyOffload {
                replay_counter: self.replay_counter.ok_or_else(|| missing(command, "no replay counter"))?,
            },
            Command::VENDOR => EventKind::Vendor,
            _ => EventKind::Other { command, attributes: message.get(4..).unwrap_or_default().to_vec() },
        })
    }
}

fn missing(command: Command, why: &'static str) -> DecodeError {
    DecodeError::invalid(command.name().unwrap_or("event"), why)
}

fn connection_link(attribute: Attribute<'_>) -> Result<Option<ConnectionLink>, DecodeError> {
    let mut id = None;
    let (mut bssid, mut address, mut status) = (MacAddr::default(), MacAddr::default(), 0);
    for field in attribute.nested("link") {
        let field = field?;
        match field.kind {
            attr::MLO_LINK_ID => id = Some(link_id(&field)?),
            attr::BSSID => bssid = field.mac()?,
            attr::MAC => address = field.mac()?,
            attr::STATUS_CODE => status = field.u16()?,
            _ => {}
        }
    }
    Ok(id.map(|id| ConnectionLink { id, bssid, address, status: StatusCode(status) }))
}

fn quality(attribute: Attribute<'_>) -> Result<Option<Quality>, DecodeError> {
    let (mut threshold, mut level, mut found) = (None, None, None);
    for field in attribute.nested("connection quality") {
        let field = field?;
        match field.kind {
            cqm::RSSI_THRESHOLD_EVENT => threshold = Some(field.u32()?),
            cqm::RSSI_LEVEL => level = Some(field.i32()?),
            cqm::BEACON_LOSS_EVENT => found = Some(Quality::BeaconLoss),
            cqm::PKT_LOSS_EVENT => found = Some(Quality::PacketLoss(field.u32()?)),
            _ => {}
        }
    }
    Ok(match threshold {
        Some(cqm_event::THRESHOLD_EVENT_LOW) => Some(Quality::Low(level)),
        Some(cqm_event::THRESHOLD_EVENT_HIGH) => Some(Quality::High(level)),
        Some(cqm_event::BEACON_LOSS_EVENT) => Some(Quality::BeaconLoss),
        _ => found,
    })
}

fn candidate(attribute: Attribute<'_>) -> Result<Option<(MacAddr, bool)>, DecodeError> {
    let (mut bssid, mut preauthentication) = (None, false);
    for field in attribute.nested("PMKSA candidate") {
        let field = field?;
        match field.kind {
            pmksa_candidate::BSSID => bssid = Some(field.mac()?),
            pmksa_candidate::PREAUTH => preauthentication = true,
            _ => {}
        }
    }
    Ok(bssid.map(|bssid| (bssid, preauthentication)))
}

/// Kernels send SAE's number in network byte order here and all others in the host's: both are accepted.
fn external_akm(number: u32) -> Akm {
    let akm = Akm::from_u32(number);
    if akm.name().is_some() { akm } else { Akm::from_u32(number.swap_bytes()) }
}
