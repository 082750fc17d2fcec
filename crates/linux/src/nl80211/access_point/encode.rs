//! Requests of an access point, attribute by attribute.

use super::super::constants::{attr, chan, hidden_ssid, key as key_attr, key_default, sta_flag, wpa_version};
use super::super::encode::{ETHERTYPE_EAPOL, fill_key};
use super::client;
use crate::netlink::Builder;
use lapwing_core::ap::{Announcement, DTIM_PERIOD, NewStation, Request};
use lapwing_core::kernel::{ChannelDefinition, ChannelWidth};
use lapwing_frames::element::{ElementId, Elements, Rsn};
use lapwing_frames::management::{Beacon, Body, CapabilityInformation, Header, Management};
use lapwing_frames::suite::{Akm, Cipher};
use lapwing_frames::{LinkId, MacAddr};

/// How many AKMs every kernel takes; only firmware that does the handshake itself needs to know them.
const AKMS: usize = 2;
/// Octets of a probe response in front of its elements: 24 of header, then timestamp, interval and capabilities.
const FIXED: usize = 36;
/// The elements that announce a channel switch, with the place of the counter in their octets, header included.
const COUNTERS: [(ElementId, usize); 2] = [(ElementId::Plain(37), 4), (ElementId::Plain(60), 5)];

/// Fills a message; the interface is in it already.
pub(in super::super) fn fill(message: &mut Builder, request: &Request, control_port: bool) {
    match request {
        Request::AddLink { link, address } => {
            message.u8(attr::MLO_LINK_ID, link.get()).mac(attr::MAC, *address);
        }
        Request::RemoveLink { link } => fill_link(message, Some(*link)),
        Request::StopBss { link } => fill_link(message, *link),
        Request::StartBss(announcement) => fill_start(message, announcement, control_port),
        Request::SetBeacon(announcement) => {
            fill_link(message, announcement.link);
            fill_beacon(message, announcement);
        }
        Request::SwitchChannel { to, beacons, during, after } => {
            fill_link(message, after.link);
            message.u32(attr::CH_SWITCH_COUNT, (*beacons).into());
            fill_channel(message, *to, &after.tail);
            fill_beacon(message, after);
            message.nest(attr::CSA_IES, |nest| {
                fill_beacon(nest, during);
                nest.bytes(attr::CNTDWN_OFFS_BEACON, &counters(&during.tail, 0));
                nest.bytes(attr::CNTDWN_OFFS_PRESP, &counters(&during.probe_response, FIXED));
            });
        }
        Request::AddStation(new) => fill_new_station(message, new),
        Request::AddLinkStation { station, link, address, elements } => {
            message.mac(attr::MLD_ADDR, *station).mac(attr::MAC, *address);
            fill_link(message, Some(*link));
            client::Capabilities::read(Elements::new(elements)).fill(message);
        }
        Request::RemoveLinkStation { station, link } => {
            message.mac(attr::MLD_ADDR, *station);
            fill_link(message, Some(*link));
        }
        Request::AuthorizeStation { station } => {
            message.mac(attr::MAC, *station);
            fill_flags(message, [sta_flag::AUTHORIZED]);
        }
        Request::RemoveStation { station } => {
            message.mac(attr::MAC, *station);
        }
        Request::InstallKey(key) => fill_key(message, key),
        Request::UseGroupKey { link, index } => {
            fill_link(message, *link);
            message.nest(attr::KEY, |nest| {
                nest.u8(key_attr::IDX, *index).flag(match index {
                    0..=3 => key_attr::DEFAULT,
                    4..=5 => key_attr::DEFAULT_MGMT,
                    _ => key_attr::DEFAULT_BEACON,
                });
                nest.nest(key_attr::DEFAULT_TYPES, |types| {
                    types.flag(key_default::MULTICAST);
                });
            });
        }
        Request::ReadPacketNumber { link, index } => {
            fill_link(message, *link);
            // The one key command whose index the kernel reads outside the nest only.
            message.u8(attr::KEY_IDX, *index);
        }
        Request::IsolateClients { link, isolate } => {
            fill_link(message, *link);
            message.u8(attr::AP_ISOLATE, (*isolate).into());
        }
        Request::SendFrame { link, bytes } => {
            fill_link(message, *link);
            message.bytes(attr::FRAME, bytes);
        }
        Request::SendKeyFrame { to, link, bytes, in_clear } => {
            fill_link(message, *link);
            message.u16(attr::CONTROL_PORT_ETHERTYPE, ETHERTYPE_EAPOL).mac(attr::MAC, *to);
            message.bytes(attr::FRAME, bytes).flag_if(attr::CONTROL_PORT_NO_ENCRYPT, *in_clear);
        }
    }
}

fn fill_link(message: &mut Builder, link: Option<LinkId>) {
    if let Some(link) = link {
        message.u8(attr::MLO_LINK_ID, link.get());
    }
}

/// Flags to set, and no others to change.
fn fill_flags(message: &mut Builder, flags: impl IntoIterator<Item = u32>) {
    let bits = flags.into_iter().fold(0_u32, |bits, flag| bits | 1 << flag).to_ne_bytes();
    message.bytes(attr::STA_FLAGS2, &[bits, bits].concat());
}

fn fill_start(message: &mut Builder, announcement: &Announcement, control_port: bool) {
    fill_link(message, announcement.link);
    message
        .u32(attr::BEACON_INTERVAL, announcement.interval.into())
        .u32(attr::DTIM_PERIOD, DTIM_PERIOD.into());
    fill_beacon(message, announcement);
    message.bytes(attr::SSID, announcement.ssid.octets());
    let hidden = if announcement.hidden { hidden_ssid::ZERO_LEN } else { hidden_ssid::NOT_IN_USE };
    message.u32(attr::HIDDEN_SSID, hidden);
    fill_channel(message, announcement.channel, &announcement.tail);
    // All links have to name the same owner; with it the kernel ends the BSS when the socket closes.
    message.flag(attr::SOCKET_OWNER);
    message.flag_if(attr::PRIVACY, announcement.capability.contains(CapabilityInformation::PRIVACY));
    if let Ok(Some(rsn)) = Elements::new(&announcement.tail).find::<Rsn>() {
        fill_security(message, &rsn, control_port);
    }
}

/// What the RSNE says, again: firmware and the kernel's port do not read it there.
fn fill_security(message: &mut Builder, rsn: &Rsn, control_port: bool) {
    let akms = rsn.akms();
    let versions = akms.iter().fold(0, |versions, akm| {
        versions | if akm.is_sae() { wpa_version::WPA_VERSION_3 } else { wpa_version::WPA_VERSION_2 }
    });
    message.u32(attr::WPA_VERSIONS, versions);
    message.u32_list(attr::AKM_SUITES, akms.iter().take(AKMS).copied().map(Akm::to_u32));
    message.u32_list(attr::CIPHER_SUITES_PAIRWISE, rsn.pairwise().iter().copied().map(Cipher::to_u32));
    message.u32(attr::CIPHER_SUITE_GROUP, rsn.group().to_u32());
    message.u16(attr::CONTROL_PORT_ETHERTYPE, ETHERTYPE_EAPOL);
    if control_port {
        message.flag(attr::CONTROL_PORT_OVER_NL80211).flag(attr::CONTROL_PORT_NO_PREAUTH);
    }
}

/// The beacon in front of the TIM and behind it, and the probe response for firmware that answers by itself.
fn fill_beacon(message: &mut Builder, announcement: &Announcement) {
    let head = frame(announcement, Body::Beacon, MacAddr::BROADCAST, &announcement.head);
    message.bytes(attr::BEACON_HEAD, &head).bytes(attr::BEACON_TAIL, &announcement.tail);
    message.bytes(attr::PROBE_RESP, &probe_response(announcement));
}

/// The probe response. Who sends it fills in to whom.
fn probe_response(announcement: &Announcement) -> Vec<u8> {
    frame(announcement, Body::ProbeResponse, MacAddr::default(), &announcement.probe_response)
}

fn frame(
    announcement: &Announcement,
    body: fn(Beacon) -> Body,
    receiver: MacAddr,
    elements: &[u8],
) -> Vec<u8> {
    let beacon = Beacon {
        timestamp: 0,
        beacon_interval: announcement.interval,
        capabilities: announcement.capability,
        elements: elements.to_vec(),
    };
    let header = Header::new(receiver, announcement.bssid, announcement.bssid);
    let mut octets = Vec::new();
    Management { header, body: body(beacon) }.write(&mut octets);
    octets
}

/// Where the counters of a channel switch are, as a list of numbers of 16 bits.
fn counters(elements: &[u8], before: usize) -> Vec<u8> {
    let mut at = before;
    let mut found = Vec::new();
    for element in Elements::new(elements) {
        let place = COUNTERS.iter().find(|(id, _)| *id == element.id);
        let counter = place.and_then(|(_, place)| u16::try_from(at.saturating_add(*place)).ok());
        found.extend(counter.into_iter().flat_map(u16::to_ne_bytes));
        at = at.saturating_add(element.octets.len());
    }
    found
}

fn fill_channel(message: &mut Builder, channel: ChannelDefinition, elements: &[u8]) {
    /// HT Capabilities, and HE Capabilities for 6 GHz, where there is no HT.
    const SINCE_HT: [ElementId; 2] = [ElementId::Plain(45), ElementId::Extended(35)];
    let since_ht = Elements::new(elements).iter().any(|element| SINCE_HT.contains(&element.id));
    let width = match channel.width {
        ChannelWidth::Mhz20 if since_ht => chan::WIDTH_20,
        ChannelWidth::Mhz20 => chan::WIDTH_20_NOHT,
        ChannelWidth::Mhz40 => chan::WIDTH_40,
        ChannelWidth::Mhz80 => chan::WIDTH_80,
        ChannelWidth::Mhz80Plus80 => chan::WIDTH_80P80,
        ChannelWidth::Mhz160 => chan::WIDTH_160,
        ChannelWidth::Mhz320 => chan::WIDTH_320,
        ChannelWidth::Other(number) => number,
    };
    message.u32(attr::WIPHY_FREQ, channel.primary.0).u32(attr::CHANNEL_WIDTH, width);
    message.u32(attr::CENTER_FREQ1, channel.center1.0);
    if let Some(center2) = channel.center2 {
        message.u32(attr::CENTER_FREQ2, center2.0);
    }
}

fn fill_new_station(message: &mut Builder, new: &NewStation) {
    match new.link_address {
        Some(address) => message.mac(attr::MAC, address).mac(attr::MLD_ADDR, new.station),
        None => message.mac(attr::MAC, new.station),
    };
    fill_link(message, new.link);
    message.u16(attr::STA_AID, new.association_id.number());
    message.u16(attr::STA_CAPABILITY, new.capability.0);
    message.u16(attr::STA_LISTEN_INTERVAL, new.listen_interval);
    let capabilities = client::Capabilities::read(Elements::new(&new.elements));
    capabilities.fill(message);
    capabilities.fill_of_client(message);
    // Without a word on authentication and association the kernel takes it for associated, whether or not the
    // driver knows other clients.
    let short_preamble = new.capability.contains(CapabilityInformation::SHORT_PREAMBLE);
    let flags = [
        (short_preamble, sta_flag::SHORT_PREAMBLE),
        (capabilities.wme.is_some(), sta_flag::WME),
        (new.frame_protection, sta_flag::MFP),
    ];
    fill_flags(message, flags.into_iter().filter_map(|(set, flag)| set.then_some(flag)));
}
