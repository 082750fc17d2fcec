//! What a file means.

use super::*;
use keys::{KEYS, Use, understand};
use lapwing_core::Duration;
use lapwing_core::address::{AddressPolicy, AddressRange};
use lapwing_core::kernel::Frequency;
use lapwing_core::radio::Channel;
use lapwing_core::select::Preferences;
use lapwing_frames::suite::Cipher;

/// Every key that acts, as another value than the default.
const FULL: &[u8] = b"[General]
EnableNetworkConfiguration=false
AddressRandomization=once
AddressRandomizationRange=nic
RoamThreshold=-60
RoamThreshold5G=-61
CriticalRoamThreshold=-62
CriticalRoamThreshold5G=-63
RoamRetryInterval=64
ManagementFrameProtection=2
ControlPortOverNL80211=false
DisableOCV=true
SystemdEncrypt=lapwing
Country=de
DisablePMKSA=true
[Network]
EnableIPv6=false
NameResolvingService=resolvconf
RoutePriorityOffset=300
[Blacklist]
InitialTimeout=1
InitialRoamRequestedTimeout=9
InitialAccessPointBusyTimeout=2
Multiplier=3
MaximumTimeout=4
[Rank]
BandModifier2_4GHz=0.0
BandModifier5GHz=1.255
BandModifier6GHz=2
[Scan]
InitialPeriodicScanInterval=70
MaximumPeriodicScanInterval=700
DisableRoamingScan=true
DisableMacAddressRandomization=1
[IPv4]
APAddressPool=192.168.80.0/22, 10.0.0.0/8
[DriverQuirks]
ForcePae=brcm*,a
PowerSaveDisable=rtw88*
SaeDisable=ath6kl
[Security]
AllowTkip=true
";

#[test]
fn the_keys_of_iwd() {
    let (settings, mistakes) = understand(Program::Lapwingd, FULL);
    assert_eq!(mistakes, [] as [String; 0]);
    let seconds = Duration::from_secs;
    let blocking =
        station::Blocking { initial: seconds(1), busy: seconds(2), multiplier: 3, maximum: seconds(4) };
    let roam = station::RoamPolicy {
        threshold: -60,
        threshold_5ghz: -61,
        critical: -62,
        critical_5ghz: -63,
        retry_interval: seconds(64),
        scan: false,
        blocking,
    };
    let expected = Settings {
        network_configuration: false,
        ipv6: false,
        name_service: NameService::Resolvconf,
        metric: 300,
        control_port: false,
        hotspots: [([192, 168, 80, 0], 22), ([10, 0, 0, 0], 8)]
            .map(|(octets, length)| Prefix { address: octets.into(), length })
            .to_vec(),
        station: station::Settings {
            random_scan_address: false,
            roam,
            search: Some(station::Pauses { first: seconds(70), longest: seconds(700) }),
            reuses_keys: false,
            preferences: Preferences {
                bands: [0, 126, 200],
                weak: [-60, -61],
                protection_required: true,
                tkip: true,
                stronger_group: false,
            },
            ..station::Settings::default()
        },
        management_frame_protection: true,
        operating_channel_validation: false,
        unused: vec![Band::Band2],
        country: Some(*b"DE"),
        own_address: OwnAddress::Drawn(AddressRange::Nic),
        credential: Some("lapwing".to_owned()),
        quirks: Quirks {
            key_frames_by_packet: "brcm*,a".into(),
            no_power_save: "rtw88*".into(),
            no_sae: "ath6kl".into(),
        },
    };
    assert_eq!(settings, expected);
    assert_eq!(understand(Program::Lapwingd, b""), (Settings::default(), Vec::new()));
    assert!(Settings::default().network_configuration);
    // As iwd's users know it, under its name.
    let settings = understand(Program::Iwd, b"[General]\n").0;
    assert_eq!((settings.network_configuration, settings.metric), (false, 300));
    assert!(understand(Program::Iwd, b"[General]\nEnableNetworkConfiguration=1\n").0.network_configuration);
    let tkip = |program, text: &str| understand(program, text.as_bytes()).0.station.preferences.tkip;
    assert!(!tkip(Program::Lapwingd, "") && tkip(Program::Iwd, ""));
    assert!(!tkip(Program::Iwd, "[Security]\nAllowTkip=false\n"));
    let begins_with_20 = |program| understand(program, b"").0.station.preferences.stronger_group;
    assert!(!begins_with_20(Program::Lapwingd) && begins_with_20(Program::Iwd));
    let of = |text: &str| {
        let settings = understand(Program::Iwd, format!("[General]\n{text}").as_bytes()).0;
        (settings.own_address, settings.station.addresses)
    };
    let per_network = |range| (OwnAddress::Kept, AddressPolicy::PerNetwork(range));
    assert_eq!(of("AddressRandomization=network\n"), per_network(AddressRange::Full));
    let nic = "AddressRandomization=network\nAddressRandomizationRange=nic\n";
    assert_eq!(of(nic), per_network(AddressRange::Nic));
    assert_eq!(of("AddressRandomization=disabled\n"), (OwnAddress::Kept, AddressPolicy::Kept));
    let once = understand(Program::Iwd, b"[Scan]\nDisablePeriodicScan=true\n").0;
    assert_eq!(once.station.search, None);
}

#[test]
fn every_key_is_said_to_act_where_it_does_and_stands_in_the_documentation() {
    let text = include_str!("../../../../docs/settings.md");
    for (group, key, what) in KEYS {
        let row = text.lines().find(|line| line.contains(&format!("`[{group}]` `{key}`")));
        let row = row.unwrap_or_else(|| panic!("[{group}] {key} is not in docs/settings.md"));
        let (acts, why) = match what {
            Use::Acts => ("acts", ""),
            Use::Ignored(why) => ("ignored", *why),
        };
        assert!(row.contains(&format!("| {acts} |")) && row.contains(why), "{row}");
        // What acts changes something, or is told to be wrong.
        let wrong = format!("[{group}]\n{key}=\\x\n");
        let (settings, mistakes) = understand(Program::Lapwingd, wrong.as_bytes());
        assert_eq!(settings, Settings::default(), "{key}");
        assert_eq!(mistakes.is_empty(), *what != Use::Acts, "{key}: {mistakes:?}");
    }
}

#[test]
fn what_the_settings_want_a_radio_not_to_do() {
    let channel = |frequency| Channel {
        frequency: Frequency(frequency),
        disabled: false,
        no_initiating_radiation: false,
        radar: false,
    };
    let radio = Radio {
        channels: vec![channel(2412), channel(5180)],
        ..crate::daemon::tests::Run::found(3, 0).radio
    };
    let radio = Radio {
        ciphers: vec![Cipher::Ccmp128, Cipher::BipCmac128],
        operating_channel_validation: true,
        ..radio
    };
    assert_eq!(Settings::default().limit(radio.clone(), Some("iwlwifi")), radio);
    let settings = understand(Program::Lapwingd, FULL).0;
    let limited = settings.limit(radio.clone(), Some("ath6kl"));
    assert!(!limited.control_port && !limited.operating_channel_validation && !limited.sae);
    assert_eq!(limited.channels.iter().map(|channel| channel.disabled).collect::<Vec<_>>(), [true, false]);
    let external = Radio { kind: RadioKind::FullMacExternalSae, ..radio.clone() };
    assert_eq!(settings.limit(external.clone(), Some("ath6kl")).kind, RadioKind::FullMac);
    assert_eq!(settings.limit(external, Some("brcmfmac")).kind, RadioKind::FullMacExternalSae);
    let settings = understand(Program::Lapwingd, b"[DriverQuirks]\nForcePae=brcm*\n").0;
    assert!(!settings.limit(radio.clone(), Some("brcmfmac")).control_port);
    assert!(settings.limit(radio.clone(), None).control_port);
    let settings = understand(Program::Lapwingd, b"[General]\nManagementFrameProtection=0\n").0;
    assert_eq!(settings.limit(radio, None).ciphers, [Cipher::Ccmp128]);
}

#[test]
fn keys_that_nobody_knows_and_lines_that_are_nothing_are_told_and_the_rest_counts() {
    let text = b"[General]\nCountrie=DE\nnonsense\nCountry=AT\n[Nothing]\nKey=1\n\xff=2\n[Network]\n\
        EnableIPv6=false\n";
    let (settings, mistakes) = understand(Program::Lapwingd, text);
    let expected = Settings { country: Some(*b"AT"), ipv6: false, ..Settings::default() };
    assert_eq!(settings, expected);
    let all = mistakes.join("\n");
    for word in ["line 2: [General] Countrie", "line 3: ", "line 6: [Nothing] Key", "line 7: "] {
        assert!(all.contains(word), "{all}");
    }
    assert_eq!(mistakes.len(), 4);
    // A file of nothing but nonsense ends somewhere.
    let (settings, mistakes) = understand(Program::Lapwingd, &b"nonsense\n".repeat(5000));
    assert_eq!((settings, mistakes.len()), (Settings::default(), 100));
}

#[test]
fn a_mistake_is_told_and_the_rest_counts() {
    let text = b"[General]\nEnableNetworkConfiguration=perhaps\n[Network]\nNameResolvingService=bind\n\
        RoutePriorityOffset=0\nEnableIPv6=false\n[IPv4]\nAPRanges=192.168.80.0\n";
    let (settings, mistakes) = understand(Program::Lapwingd, text);
    assert_eq!(settings, Settings { ipv6: false, ..Settings::default() });
    assert_eq!(mistakes.len(), 4);
    assert!(mistakes[0].starts_with("line 2: EnableNetworkConfiguration: 'true'"), "{mistakes:?}");
    assert_eq!(understand(Program::Lapwingd, b"garbage\n").1.len(), 1);
}

#[test]
fn the_first_file_that_is_there() {
    let base = std::env::temp_dir().join(format!("lapwing-settings-{}", std::process::id()));
    let (one, two) = (base.join("one"), base.join("two"));
    for directory in [&one, &two] {
        std::fs::create_dir_all(directory).unwrap();
    }
    std::fs::write(two.join(FILE), "[Network]\nRoutePriorityOffset=7\n").unwrap();
    let list = std::env::join_paths([&one, &two]).unwrap();
    assert_eq!(load(Program::Lapwingd, Some(&list)).0.metric, 7);
    std::fs::write(one.join(FILE), "[Network]\nRoutePriorityOffset=x\n").unwrap();
    let (settings, mistakes) = load(Program::Lapwingd, Some(&list));
    assert_eq!(settings, Settings::default());
    assert!(mistakes[0].contains("one/main.conf: line 2"), "{mistakes:?}");
    std::fs::remove_dir_all(base).unwrap();
}
