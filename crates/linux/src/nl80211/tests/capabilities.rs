use super::super::constants::{extended, feature, four_way};
use super::super::reply::Shape;
use super::*;
use lapwing_core::kernel::{self, Band, ChannelDefinition, ChannelWidth, Frequency};
use lapwing_core::radio::RadioKind;
use lapwing_frames::suite::{Akm, Cipher};
use lapwing_frames::{LinkId, MacAddr, Ssid};
use std::collections::{BTreeMap, BTreeSet};

/// The messages that answer each request for `command`, one list for each request.
pub(super) fn answers(name: &str, wanted: Command) -> Vec<Vec<Vec<u8>>> {
    let mut found = BTreeMap::<(u32, u32), Vec<Vec<u8>>>::new();
    let all = recorded(name);
    let asked: Vec<_> = all
        .iter()
        .filter(|message| message.is_request() && command(&message.payload) == Ok(wanted))
        .map(|message| (message.header.port, message.header.sequence))
        .collect();
    for message in all.iter().filter(|message| !message.is_request()) {
        let key = (message.header.port, message.header.sequence);
        if asked.contains(&key) {
            found.entry(key).or_default().push(message.payload.clone());
        }
    }
    found.into_values().collect()
}

/// Replies to `wanted` in every capture.
fn replies(wanted: Command, shape: Shape) -> Vec<Reply> {
    CAPTURES
        .iter()
        .flat_map(|name| answers(name, wanted))
        .map(|messages| shape.decode(&messages, None).unwrap())
        .collect()
}

#[test]
fn a_radio_of_hwsim() {
    let dumps = answers("sae-h2e", Command::GET_WIPHY);
    let radios = Wiphy::decode_dump(dumps[0].iter().map(Vec::as_slice)).unwrap();
    let wiphy = radios.values().next().unwrap();
    assert!(wiphy.name.starts_with("phy"));
    assert_eq!(wiphy.bands.keys().copied().collect::<Vec<_>>(), [0, 1, 3, 4]);
    assert_eq!(wiphy.bands[&0].channels.len(), 14);
    assert_eq!(wiphy.bands[&0].rates[0], 10);
    assert_eq!(wiphy.bands[&0].ht_capabilities.unwrap() & 2, 2, "40 MHz");
    assert_eq!(wiphy.bands[&0].ht_mcs.unwrap()[..2], [0xff, 0xff]);
    assert!(wiphy.bands[&1].vht_capabilities.is_some() && wiphy.bands[&1].vht_mcs.is_some());
    let station = wiphy.bands[&1]
        .iftype_capabilities
        .values()
        .find(|found| found.interface_types.contains(&iftype::STATION))
        .unwrap();
    assert_eq!((station.he_mac.len(), station.he_phy.len()), (6, 11));
    assert_eq!((station.eht_mac.len(), station.eht_phy.len()), (2, 9));
    assert!(wiphy.interface_types.contains(&iftype::STATION));
    assert!(wiphy.commands.contains(&Command::AUTHENTICATE));
    assert_eq!(wiphy.max_scan_ssids, 4);
    assert!(wiphy.max_scan_elements > 2000);
    assert_ne!(wiphy.features & feature::SAE, 0);
    assert!(wiphy.has(extended::CONTROL_PORT_OVER_NL80211));
    assert!(!wiphy.has(60_000));
    let channel_14 = wiphy.bands[&0].channels.values().find(|channel| channel.frequency == 2484).unwrap();
    assert!(channel_14.disabled || channel_14.no_initiating_radiation);
}

#[test]
fn every_recorded_radio_as_the_station_sees_it() {
    for name in CAPTURES {
        for dump in answers(name, Command::GET_WIPHY) {
            for wiphy in Wiphy::decode_dump(dump.iter().map(Vec::as_slice)).unwrap().values() {
                let radio = wiphy.radio();
                assert_eq!(radio.kind, RadioKind::SoftMac);
                for cipher in [Cipher::Ccmp128, Cipher::Gcmp256, Cipher::BipCmac128, Cipher::BipGmac256] {
                    assert!(radio.ciphers.contains(&cipher), "{cipher} {:?}", radio.ciphers);
                }
                assert!(radio.sae && radio.control_port && radio.beacon_protection);
                assert_eq!(radio.multi_link, name.starts_with("mlo"), "{name}");
                for band in [Band::Band2, Band::Band5, Band::Band6] {
                    let count = radio
                        .channels
                        .iter()
                        .filter(|channel| channel.frequency.band() == Some(band))
                        .count();
                    assert!(count >= 10, "{band:?} {count}");
                }
                assert!(radio.channels.iter().any(|channel| channel.radar || channel.disabled));
                assert!(radio.extended_capabilities.len() >= 8, "{:?}", radio.extended_capabilities);
            }
        }
    }
}

#[test]
fn kinds_of_radio() {
    let kind = |commands: &[Command], features, extended_feature: Option<u16>| {
        let mut wiphy = Wiphy { commands: commands.iter().copied().collect(), features, ..Wiphy::default() };
        wiphy.extended_features = vec![0; 10];
        if let Some(bit) = extended_feature {
            wiphy.extended_features[usize::from(bit / 8)] |= 1 << (bit % 8);
        }
        let radio = wiphy.radio();
        assert_eq!(radio.psk_offload, extended_feature == Some(four_way::STA_PSK) && commands.len() == 1);
        radio.kind
    };
    let soft = [Command::AUTHENTICATE, Command::ASSOCIATE, Command::CONNECT];
    assert_eq!(kind(&soft, feature::SAE, None), RadioKind::SoftMac);
    assert_eq!(kind(&[Command::CONNECT], feature::SAE, None), RadioKind::FullMacExternalSae);
    let offload = Some(extended::SAE_OFFLOAD);
    assert_eq!(kind(&[Command::CONNECT], feature::SAE, offload), RadioKind::FullMacSaeOffload);
    assert_eq!(kind(&[Command::CONNECT], 0, None), RadioKind::FullMac);
    assert_eq!(kind(&[Command::CONNECT], 0, Some(four_way::STA_PSK)), RadioKind::FullMac);
    assert_eq!(kind(&soft, feature::SAE, Some(four_way::STA_PSK)), RadioKind::SoftMac);
}

#[test]
fn akms_by_interface_type_come_first() {
    let mut wiphy = Wiphy { akms: Some(vec![Akm::Psk]), ..Wiphy::default() };
    assert_eq!(wiphy.radio().akms, Some(vec![Akm::Psk]));
    wiphy.iftype_akms.insert(iftype::STATION, vec![Akm::Sae]);
    assert_eq!(wiphy.radio().akms, Some(vec![Akm::Sae]));
}

#[test]
fn every_recorded_scan() {
    let scans = replies(Command::GET_SCAN, Shape::Scan);
    assert!(scans.len() > 10);
    let mut links = Vec::new();
    let mut associated = 0;
    for reply in scans {
        let Reply::Station(kernel::Reply::Scan(entries)) = reply else { panic!("{reply:?}") };
        for entry in entries {
            assert!(!entry.bssid.is_zero() && entry.frequency.band().is_some());
            assert_eq!(entry.beacon_interval, 100);
            assert!(entry.signal_mbm.is_some_and(|signal| (-10_000..0).contains(&signal)));
            assert!(entry.elements.starts_with(&[0]), "the first element is the SSID");
            associated += u32::from(entry.associated);
            links.extend(entry.mld);
        }
    }
    assert!(associated > 5, "{associated}");
    assert!(links.contains(&(LinkId::new(1).unwrap(), MacAddr([2, 0, 0, 0, 0, 0]))), "{links:?}");
}

#[test]
fn every_recorded_interface() {
    let interfaces = replies(Command::GET_INTERFACE, Shape::Interfaces);
    assert!(interfaces.len() > 100);
    let mut with_links = 0;
    let mut channels = BTreeSet::new();
    for reply in interfaces {
        let Reply::Interfaces(found) = reply else { panic!("{reply:?}") };
        let [info] = &found[..] else { panic!("{found:?}") };
        assert!(info.name.starts_with("wlan") && info.interface.wdev != 0);
        assert!(info.interface.ifindex > 1);
        if !info.state.links.is_empty() {
            with_links += 1;
            assert!(info.state.links.iter().all(|link| !link.address.is_zero()));
        }
        let links = info.state.links.iter().map(|link| link.channel);
        channels.extend([info.state.channel].into_iter().chain(links).flatten());
    }
    assert!(with_links > 0);
    for channel in &channels {
        assert_eq!((channel.width, channel.center1), (ChannelWidth::Mhz20, channel.primary), "{channel:?}");
    }
    assert!(channels.len() > 1, "{channels:?}");
}

#[test]
fn the_other_replies() {
    for reply in replies(Command::GET_PROTOCOL_FEATURES, Shape::Fence) {
        assert_eq!(reply, Reply::Fence { split_dump: true });
    }
    let rules = replies(Command::GET_REG, Shape::Regulatory);
    let Reply::Regulatory(regulatory) = &rules[0] else { panic!("{rules:?}") };
    assert_eq!(regulatory.country.len(), 2);
    assert!(regulatory.rules.iter().all(|rule| rule.start_khz < rule.end_khz && rule.max_eirp_mbm > 0));
    for reply in replies(Command::GET_KEY, Shape::KeySequence) {
        assert!(matches!(reply, Reply::KeySequence([_, _, 0, 0, 0, 0])), "{reply:?}");
    }
    for reply in replies(Command::FRAME, Shape::Sent) {
        let Reply::Station(kernel::Reply::Sent { .. }) = reply else { panic!("{reply:?}") };
    }
}

#[test]
fn a_frame_is_named_by_its_cookie() {
    // The cookie of EAPOL is in the acknowledgement.
    let sent = |cookie| Reply::Station(kernel::Reply::Sent { cookie });
    assert_eq!(Shape::Sent.decode(&[], Some(6)).unwrap(), sent(6));
    let mut message = crate::netlink::Builder::generic(0x25, Command::FRAME.0);
    message.u64(super::super::constants::attr::COOKIE, 9);
    let message = message.finish().unwrap().payload().to_vec();
    assert_eq!(Shape::Sent.decode(&[message], None).unwrap(), sent(9));
    assert_eq!(Shape::Sent.decode(&[], None).unwrap(), sent(0), "a driver that gives none");
    assert!(Shape::Interface.decode(&[], None).is_err());
}

#[test]
fn replies_cut_at_every_length_never_panic() {
    let shapes = [
        (Command::GET_WIPHY, Shape::Radios),
        (Command::GET_SCAN, Shape::Scan),
        (Command::GET_INTERFACE, Shape::Interfaces),
        (Command::GET_REG, Shape::Regulatory),
        (Command::GET_KEY, Shape::KeySequence),
        (Command::GET_STATION, Shape::Figures),
        (Command::GET_PROTOCOL_FEATURES, Shape::Fence),
    ];
    for (wanted, shape) in shapes {
        for message in answers("mlo-kernel7", wanted).concat().iter().take(60) {
            for length in 0..message.len() {
                drop(shape.decode(&[message[..length].to_vec()], None));
            }
        }
    }
}

#[test]
fn wide_channels() {
    use super::super::constants::{attr, chan};
    let decoded = |fields: &[(u16, u32)]| {
        let mut message = crate::netlink::Builder::generic(0x25, Command::NEW_INTERFACE.0);
        for (kind, value) in fields {
            message.u32(*kind, *value);
        }
        InterfaceInfo::decode(message.finish().unwrap().payload()).unwrap().state.channel
    };
    let expected = |width, center1, center2: Option<u32>| {
        let (primary, center1) = (Frequency(5180), Frequency(center1));
        Some(ChannelDefinition { primary, width, center1, center2: center2.map(Frequency) })
    };
    let primary = (attr::WIPHY_FREQ, 5180);
    for (width, ours) in [
        (chan::WIDTH_20, ChannelWidth::Mhz20),
        (chan::WIDTH_40, ChannelWidth::Mhz40),
        (chan::WIDTH_80, ChannelWidth::Mhz80),
        (chan::WIDTH_160, ChannelWidth::Mhz160),
        (chan::WIDTH_320, ChannelWidth::Mhz320),
        (6, ChannelWidth::Other(6)),
    ] {
        let fields =
            [primary, (attr::CHANNEL_WIDTH, width), (attr::CENTER_FREQ1, 5210), (attr::CENTER_FREQ2, 0)];
        assert_eq!(decoded(&fields), expected(ours, 5210, None));
    }
    let both = [
        primary,
        (attr::CHANNEL_WIDTH, chan::WIDTH_80P80),
        (attr::CENTER_FREQ1, 5210),
        (attr::CENTER_FREQ2, 5775),
    ];
    assert_eq!(decoded(&both), expected(ChannelWidth::Mhz80Plus80, 5210, Some(5775)));
    assert_eq!(decoded(&[primary]), expected(ChannelWidth::Mhz20, 5180, None));
    assert_eq!(decoded(&[(attr::CHANNEL_WIDTH, chan::WIDTH_80)]), None);
}

#[test]
fn an_ssid_that_is_too_long_is_named() {
    use super::super::constants::attr;
    let mut message = crate::netlink::Builder::generic(0x25, Command::NEW_INTERFACE.0);
    message.bytes(attr::SSID, &[b'x'; 33]);
    let error = InterfaceInfo::decode(message.finish().unwrap().payload()).unwrap_err();
    assert_eq!((error.what, error.attribute), ("NEW_INTERFACE", Some(attr::SSID)));
    assert!(Ssid::new(&[b'x'; 32]).is_ok());
}
