//! Elements of SAE, OWE, fast transitions and frame protection.

use crate::common::{both_ways, is_written, refuses};
use lapwing_frames::{
    MacAddr, Ssid,
    element::{
        AkmSuiteSelector, AntiCloggingToken, FastTransition, ManagementMic, MobilityDomain, OperatingChannel,
        OweDhParameter, OweTransition, PasswordIdentifier, RejectedGroups, Subelement, TransitionDisable,
        ft::{FtCapabilities, FtControl, FtGtk, FtIgtk, FtMic, FtMloGtk, FtMloIgtk, FtSubelement},
        security::{Mic, OweTransitionChannel},
    },
    suite::Akm,
};

#[test]
fn sae() {
    is_written(&PasswordIdentifier::new(b"guest").unwrap(), "ff 06 21 6775657374");
    assert!(PasswordIdentifier::new(&[0; 255]).is_err());
    assert_eq!(PasswordIdentifier::new(b"a\n\xff").unwrap().to_string(), "a\\n\\xff");
    is_written(&RejectedGroups { groups: vec![19, 21] }, "ff 05 5c 1300 1500");
    refuses::<RejectedGroups>("1300 15");
    is_written(&AntiCloggingToken { token: vec![1, 2, 3] }, "ff 04 5d 010203");
    is_written(&AkmSuiteSelector { akm: Akm::SaeExtKey, tail: vec![] }, "ff 05 72 000fac18");
    refuses::<AkmSuiteSelector>("000fac");
}

#[test]
fn owe() {
    is_written(&OweDhParameter { group: 19, public_key: vec![0x5c; 4] }, "ff 07 20 1300 5c5c5c5c");
    refuses::<OweDhParameter>("13");
    let mut transition = OweTransition {
        bssid: MacAddr([2, 0, 0, 0, 3, 0]),
        ssid: Ssid::new(b"hidden").unwrap(),
        channel: None,
        tail: vec![],
    };
    is_written(&transition, "dd 11 506f9a1c 020000000300 06 68696464656e");
    transition.channel = Some(OweTransitionChannel { operating_class: 81, channel: 6 });
    is_written(&transition, "dd 13 506f9a1c 020000000300 06 68696464656e 51 06");
    assert_eq!(
        transition.to_string(),
        "bssid=02:00:00:00:03:00 ssid=\"hidden\" channel=(operating_class=81 channel=6)"
    );
    refuses::<OweTransition>(&format!("020000000300 21 {}", "61".repeat(33)));
    refuses::<OweTransition>("020000000300 06 6869");
}

#[test]
fn management_mic_of_both_lengths() {
    // Of a beacon on the air, protected by BIP-CMAC-128.
    let mic = both_ways::<ManagementMic>("4c 10 0600 290000000000 c0cea5abfa5feb4a");
    assert_eq!((mic.key_id, mic.ipn), (6, [0x29, 0, 0, 0, 0, 0]));
    assert_eq!(mic.mic.octets().len(), 8);
    let long = ManagementMic { key_id: 4, ipn: [0; 6], mic: Mic::Octets16([7; 16]) };
    is_written(&long, &format!("4c 18 0400 000000000000 {}", "07".repeat(16)));
    for length in [0, 7, 9, 15, 17] {
        refuses::<ManagementMic>(&format!("0400 000000000000 {}", "07".repeat(length)));
    }
}

#[test]
fn transition_disable_names_its_bits() {
    assert_eq!(TransitionDisable(0x11).to_string(), "0x11 WPA3_PERSONAL");
}

#[test]
fn mobility_domain() {
    let domain = MobilityDomain { id: [0xa1, 0xb2], capabilities: FtCapabilities::OVER_DS, tail: vec![] };
    is_written(&domain, "36 03 a1b2 01");
    refuses::<MobilityDomain>("a1b2");
}

#[test]
fn fast_transition_with_every_subelement_and_each_length_of_mic() {
    let nonces = format!("{}{}", "aa".repeat(32), "55".repeat(32));
    let mics = [
        (FtMic::Octets16([9; 16]), "01"),
        (FtMic::Octets24([9; 24]), "03"),
        (FtMic::Octets32([9; 32]), "05"),
    ];
    for (mic, control) in mics {
        let bare = FastTransition {
            control: FtControl::RSNXE_USED,
            element_count: 4,
            mic,
            anonce: [0xaa; 32],
            snonce: [0x55; 32],
            subelements: vec![],
        };
        is_written(&bare, &format!("37 .. {control} 04 {} {nonces}", "09".repeat(mic.octets().len())));
        assert_eq!(mic.zeroed().octets(), vec![0; mic.octets().len()]);
    }
    refuses::<FastTransition>(&format!("06 00 {} {nonces}", "00".repeat(40)));

    let igtk = FtIgtk { key_id: 4, ipn: [1, 0, 0, 0, 0, 0], key_length: 1, wrapped_key: vec![0xee] };
    let bigtk = FtIgtk { key_id: 6, ..igtk.clone() };
    let mlo_igtk =
        FtMloIgtk { key_id: 5, ipn: [2, 0, 0, 0, 0, 0], link_id: 1, key_length: 1, wrapped_key: vec![0xee] };
    let mlo_bigtk = FtMloIgtk { key_id: 7, ..mlo_igtk.clone() };
    let full = FastTransition {
        control: FtControl(0xc0),
        element_count: 3,
        mic: FtMic::Octets16([0; 16]),
        anonce: [0xaa; 32],
        snonce: [0x55; 32],
        subelements: vec![
            FtSubelement::R1kh([2, 0, 0, 0, 1, 0]),
            FtSubelement::Gtk(FtGtk {
                key_info: 1,
                key_length: 16,
                rsc: [7, 0, 0, 0, 0, 0, 0, 0],
                wrapped_key: vec![0xee],
            }),
            FtSubelement::R0kh(b"nas".to_vec()),
            FtSubelement::Igtk(igtk),
            FtSubelement::OperatingChannel(OperatingChannel {
                operating_class: 81,
                primary_channel: 1,
                segment1: 0,
                tail: vec![],
            }),
            FtSubelement::Bigtk(bigtk),
            FtSubelement::MloGtk(FtMloGtk {
                key_info: 2,
                link_id: 1,
                key_length: 16,
                rsc: [0; 8],
                wrapped_key: vec![0xee],
            }),
            FtSubelement::MloIgtk(mlo_igtk),
            FtSubelement::MloBigtk(mlo_bigtk),
            FtSubelement::Unknown(Subelement::new(77, vec![1]).unwrap()),
        ],
    };
    is_written(
        &full,
        &format!(
            "37 .. c0 03 {} {nonces} 01 06 020000000100 02 0c 0100 10 0700000000000000 ee 03 03 6e6173 \
             04 0a 0400 010000000000 01 ee 05 03 510100 06 0a 0600 010000000000 01 ee \
             08 0d 0200 01 10 0000000000000000 ee 09 0b 0500 020000000000 01 01 ee 0a 0b 0700 020000000000 01 01 ee \
             4d 01 01",
            "00".repeat(16)
        ),
    );
    // Half a subelement, and a subelement that is too short for what it says it is.
    for wrong in ["01", "01 06 0200", "01 05 0200000001", "01 07 02000000010000", "04 03 040001"] {
        refuses::<FastTransition>(&format!("00 00 {} {nonces} {wrong}", "00".repeat(16)));
    }
}
