//! Our requests beside those that wpa_supplicant sent for the same step.

use super::super::constants::{attr, key as key_attr, key_mode};
use super::*;
use crate::netlink::{Attributes, Expect};
use lapwing_core::kernel::{
    self, AssociateRequest, AssociateSecurity, AssociationLink, AssociationPeer, AuthenticateRequest,
    ConnectRequest, Frequency, KeyKind, KeyRequest, Offload, Pmksa, ScanRequest,
};
use lapwing_core::rsn::plan::SaeMethod;
use lapwing_core::{Secret, ad_hoc};
use lapwing_frames::management::{AuthenticationAlgorithm, ReasonCode, StatusCode};
use lapwing_frames::suite::{Akm, Cipher};
use lapwing_frames::{LinkId, MacAddr, Ssid};

const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 0]);
const STATION: u32 = 3;

pub(super) type Tree = Vec<(u16, Vec<u8>)>;

/// The attributes, sorted by kind; what is nested is cut out and compared by its own test.
pub(super) fn tree(what: &'static str, octets: &[u8]) -> Tree {
    let mut all: Tree = Attributes::new(what, octets)
        .map(|attribute| attribute.map(|attribute| (attribute.kind, attribute.payload.to_vec())).unwrap())
        .collect();
    all.sort();
    all.dedup();
    all
}

/// The requests of the station (interface 3) with this command in a capture.
pub(super) fn sent(name: &str, wanted: Command) -> Vec<Vec<u8>> {
    recorded(name)
        .into_iter()
        .filter(|message| message.is_request() && command(&message.payload) == Ok(wanted))
        .map(|message| message.payload)
        .filter(|payload| {
            let ifindex = Attributes::new("request", &payload[4..]).find(attr::IFINDEX);
            ifindex.and_then(|ifindex| ifindex.u32().ok()) == Some(STATION)
        })
        .collect()
}

pub(super) fn ours(request: &Request) -> Vec<u8> {
    let (command, _) = request.command();
    let encoded = request.encode(0x25).unwrap();
    assert_eq!(encoded.payload()[0], command.0);
    encoded.payload().to_vec()
}

fn has(message: &[u8], kind: u16) -> bool {
    Attributes::new("request", &message[4..]).find(kind).is_some()
}

pub(super) fn station(request: kernel::Request) -> Vec<u8> {
    ours(&Request::Station { ifindex: STATION, request })
}

/// Compares our message with a recorded one but for the attributes left out.
pub(super) fn assert_same(ours: &[u8], theirs: &[u8], left_out: &[u16]) {
    let without = |octets: &[u8]| -> Tree {
        tree("request", &octets[4..]).into_iter().filter(|(kind, _)| !left_out.contains(kind)).collect()
    };
    assert_eq!(ours[0], theirs[0], "command");
    assert_eq!(without(ours), without(theirs));
}

pub(super) fn find(message: &[u8], kind: u16) -> &[u8] {
    Attributes::new("request", &message[4..]).find(kind).unwrap().payload
}

#[test]
fn scan() {
    let theirs = &sent("mlo-kernel7", Command::TRIGGER_SCAN)[0];
    let message = station(kernel::Request::TriggerScan(ScanRequest {
        frequencies: vec![Frequency(2412), Frequency(2437)],
        ssids: vec![Ssid::default()],
        elements: find(theirs, attr::IE).to_vec(),
        colocated_6ghz: true,
        ..ScanRequest::default()
    }));
    assert_same(&message, theirs, &[]);
    // A passive scan of everything says nothing but the interface.
    let passive = station(kernel::Request::TriggerScan(ScanRequest::default()));
    assert_eq!(tree("request", &passive[4..]).len(), 1);
    let flags = station(kernel::Request::TriggerScan(ScanRequest {
        flush: true,
        random_address: true,
        ..ScanRequest::default()
    }));
    assert_eq!(find(&flags, attr::SCAN_FLAGS), 10_u32.to_ne_bytes());
    let directed = ScanRequest { bssid: Some(AP), ..ScanRequest::default() };
    let directed = station(kernel::Request::TriggerScan(directed));
    assert_eq!(find(&directed, attr::BSSID), AP.0);
}

#[test]
fn authenticate() {
    let plain = AuthenticateRequest {
        bssid: AP,
        frequency: Frequency(2412),
        ssid: Ssid::new(b"plain").unwrap(),
        algorithm: AuthenticationAlgorithm::Open,
        data: vec![],
        elements: vec![],
        mld: None,
    };
    let message = station(kernel::Request::Authenticate(plain.clone()));
    assert_same(&message, &sent("wpa2-psk", Command::AUTHENTICATE)[0], &[]);
    for theirs in sent("mlo-kernel7", Command::AUTHENTICATE) {
        let message = station(kernel::Request::Authenticate(AuthenticateRequest {
            bssid: "02:00:00:79:4c:15".parse().unwrap(),
            frequency: Frequency(2412),
            ssid: Ssid::new(b"mlo").unwrap(),
            algorithm: AuthenticationAlgorithm::Sae,
            data: find(&theirs, attr::AUTH_DATA).to_vec(),
            elements: vec![],
            mld: Some((LinkId::new(0).unwrap(), AP)),
        }));
        assert_same(&message, &theirs, &[]);
    }
    let foreign = AuthenticationAlgorithm(4711);
    let request = kernel::Request::Authenticate(AuthenticateRequest { algorithm: foreign, ..plain });
    let request = Request::Station { ifindex: STATION, request };
    assert_eq!(request.encode(0x25).unwrap_err(), EncodeError::Algorithm(foreign));
}

/// wpa_supplicant always sends overrides of HT and VHT capabilities; without them the kernel uses its own.
pub(super) const OVERRIDES: [u16; 4] = [31, 148, 157, 176];

#[test]
fn associate() {
    for (name, akm, mfp) in [
        ("wpa2-psk", Akm::Psk, false),
        ("sae-h2e", Akm::Sae, true),
        ("owe", Akm::Owe, true),
        ("sae-ext-key-group20-gcmp256", Akm::SaeExtKey, true),
    ] {
        let theirs = recorded(name)
            .into_iter()
            .filter(|message| message.is_request())
            .find(|message| command(&message.payload) == Ok(Command::ASSOCIATE))
            .unwrap()
            .payload;
        let cipher = if akm == Akm::SaeExtKey { Cipher::Gcmp256 } else { Cipher::Ccmp128 };
        let message = station(kernel::Request::Associate(AssociateRequest {
            peer: AssociationPeer::Bss { bssid: AP, frequency: Frequency(2412) },
            ssid: Ssid::new(b"plain").unwrap(),
            elements: find(&theirs, attr::IE).to_vec(),
            security: Some(AssociateSecurity {
                akm,
                pairwise: cipher,
                group: cipher,
                management_frame_protection: mfp,
                control_port: true,
            }),
            previous: None,
        }));
        assert_same(&message, &theirs, &OVERRIDES);
    }
}

/// The kernel has its own names for the suites of the first WPA: those of RSN.
#[test]
fn associate_with_the_first_wpa() {
    let message = station(kernel::Request::Associate(AssociateRequest {
        peer: AssociationPeer::Bss { bssid: AP, frequency: Frequency(2412) },
        ssid: Ssid::new(b"old").unwrap(),
        elements: Vec::new(),
        security: Some(AssociateSecurity {
            akm: Akm::WpaPsk,
            pairwise: Cipher::Tkip,
            group: Cipher::Tkip,
            management_frame_protection: false,
            control_port: true,
        }),
        previous: None,
    }));
    let number = |kind| u32::from_ne_bytes(find(&message, kind).try_into().unwrap());
    assert_eq!(number(attr::WPA_VERSIONS), 1);
    assert_eq!(number(attr::AKM_SUITES), 0x000f_ac02);
    assert_eq!(number(attr::CIPHER_SUITES_PAIRWISE), 0x000f_ac02);
    assert_eq!(number(attr::CIPHER_SUITE_GROUP), 0x000f_ac02);
}

#[test]
fn associate_with_links() {
    let theirs = &sent("mlo-kernel7", Command::ASSOCIATE)[0];
    let link = |number, bssid: &str, frequency| AssociationLink {
        id: LinkId::new(number).unwrap(),
        bssid: bssid.parse().unwrap(),
        frequency: Frequency(frequency),
    };
    let request = AssociateRequest {
        peer: AssociationPeer::Mld {
            address: AP,
            association_link: LinkId::new(0).unwrap(),
            links: vec![link(0, "02:00:00:79:4c:15", 2412), link(1, "02:00:00:ff:39:fc", 2437)],
        },
        ssid: Ssid::new(b"mlo").unwrap(),
        elements: find(theirs, attr::IE).to_vec(),
        security: Some(AssociateSecurity {
            akm: Akm::Sae,
            pairwise: Cipher::Ccmp128,
            group: Cipher::Ccmp128,
            management_frame_protection: true,
            control_port: true,
        }),
        previous: None,
    };
    let message = station(kernel::Request::Associate(request.clone()));
    // The links are numbered from 1 here and from 0 there; nobody reads the numbers.
    assert_same(&message, theirs, &[OVERRIDES.as_slice(), &[attr::MLO_LINKS]].concat());
    let links = |message: &[u8]| -> Vec<Tree> {
        let links = Attributes::new("links", find(message, attr::MLO_LINKS));
        links.map(|link| tree("link", link.unwrap().payload)).collect()
    };
    assert_eq!(links(&message), links(theirs));
    // Without a control port over nl80211 only that is missing: the port is ours to open all the same.
    let over_nl80211 = [attr::CONTROL_PORT_OVER_NL80211, attr::CONTROL_PORT_NO_PREAUTH];
    let plain = AssociateRequest {
        security: request.security.map(|security| AssociateSecurity { control_port: false, ..security }),
        ..request.clone()
    };
    let plain = station(kernel::Request::Associate(plain));
    assert_same(&plain, &message, &over_nl80211);
    let has = |kind| Attributes::new("request", &plain[4..]).find(kind).is_some();
    assert!(
        has(attr::CONTROL_PORT)
            && has(attr::CONTROL_PORT_ETHERTYPE)
            && !over_nl80211.map(has).contains(&true)
    );
    // An open network has neither suites nor a control port; a reassociation names the AP it leaves.
    let open = AssociateRequest {
        peer: AssociationPeer::Bss { bssid: AP, frequency: Frequency(2412) },
        security: None,
        previous: Some(AP),
        ..request
    };
    let kinds: Vec<_> = tree("request", &station(kernel::Request::Associate(open))[4..])
        .into_iter()
        .map(|(kind, _)| kind)
        .collect();
    let expected = [
        attr::IFINDEX,
        attr::MAC,
        attr::WIPHY_FREQ,
        attr::IE,
        attr::SSID,
        attr::PREV_BSSID,
        attr::SOCKET_OWNER,
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn keys() {
    for name in CAPTURES {
        for theirs in sent(name, Command::NEW_KEY) {
            let nest = find(&theirs, attr::KEY);
            let field = |kind| Attributes::new("key", nest).find(kind).unwrap().payload.to_vec();
            let all = Attributes::new("request", &theirs[4..]);
            let peer = all.find(attr::MAC).map(|attribute| attribute.mac().unwrap());
            let link = all.find(attr::MLO_LINK_ID).map(|link| LinkId::new(link.u8().unwrap()).unwrap());
            let index = field(key_attr::IDX)[0];
            let kind = match (peer, index) {
                (Some(peer), _) => KeyKind::Pairwise { peer, receive_only: false },
                (None, 0..=3) => KeyKind::Group,
                (None, 4 | 5) => KeyKind::Integrity,
                (None, _) => KeyKind::Beacon,
            };
            assert_eq!(peer.is_none() && name.starts_with("mlo"), link.is_some(), "{name}");
            let message = station(kernel::Request::InstallKey(KeyRequest {
                kind,
                link,
                index,
                cipher: Cipher::from_u32(u32::from_ne_bytes(field(key_attr::CIPHER).try_into().unwrap())),
                key: Secret::from_vec(field(key_attr::DATA)),
                sequence: field(key_attr::SEQ).try_into().unwrap(),
            }));
            assert_same(&message, &theirs, &[attr::KEY]);
            assert_eq!(tree("key", find(&message, attr::KEY)), tree("key", nest));
        }
    }
    // Extended Key ID: install for reception, then switch transmission.
    let message = station(kernel::Request::InstallKey(KeyRequest {
        kind: KeyKind::Pairwise { peer: AP, receive_only: true },
        link: None,
        index: 1,
        cipher: Cipher::Ccmp128,
        key: Secret::new(&[7; 16]),
        sequence: [0; 6],
    }));
    let mode = |message: &[u8]| {
        Attributes::new("key", find(message, attr::KEY)).find(key_attr::MODE).unwrap().u8().unwrap()
    };
    assert_eq!(mode(&message), key_mode::NO_TX);
    let message = station(kernel::Request::UseKey { peer: AP, index: 1 });
    assert_eq!(mode(&message), key_mode::SET_TX);
    assert_eq!(find(&message, attr::MAC), AP.0);
}

#[test]
fn eapol_port_and_farewell() {
    for theirs in sent("mlo-kernel7", Command::CONTROL_PORT_FRAME) {
        let in_clear = Attributes::new("request", &theirs[4..]).find(attr::CONTROL_PORT_NO_ENCRYPT).is_some();
        let message = station(kernel::Request::SendKeyFrame {
            to: AP,
            bytes: find(&theirs, attr::FRAME).to_vec(),
            in_clear,
        });
        assert_same(&message, &theirs, &[]);
    }
    let port = station(kernel::Request::AuthorizePort { peer: AP });
    assert_same(&port, &sent("wpa2-psk", Command::SET_STATION)[0], &[]);
    let theirs = recorded("wpa2-psk")
        .into_iter()
        .find(|message| message.is_request() && command(&message.payload) == Ok(Command::DEAUTHENTICATE))
        .unwrap();
    let reason = ReasonCode::LeavingDeauthenticated;
    let farewell = |local_only| station(kernel::Request::Deauthenticate { peer: AP, reason, local_only });
    assert_same(&farewell(false), &theirs.payload, &[]);
    assert_same(&farewell(true), &theirs.payload, &[attr::LOCAL_STATE_CHANGE]);
    assert!(find(&farewell(true), attr::LOCAL_STATE_CHANGE).is_empty());
}

#[test]
fn the_daemons_requests() {
    let theirs = recorded("mlo-kernel7");
    let theirs = |wanted: Command| {
        let mut found = theirs.iter().filter(|message| message.is_request());
        found.find(|message| command(&message.payload) == Ok(wanted)).unwrap().payload.clone()
    };
    assert_same(&ours(&Request::Fence), &theirs(Command::GET_PROTOCOL_FEATURES), &[]);
    // Theirs asks for one radio by its interface, ours for all.
    assert_same(&ours(&Request::ReadRadios), &theirs(Command::GET_WIPHY), &[attr::IFINDEX]);
    let read = station(kernel::Request::ReadInterface);
    assert_same(&read, &theirs(Command::GET_INTERFACE), &[]);
    assert_eq!(
        ours(&Request::ReadFigures { ifindex: STATION }),
        station(kernel::Request::ReadStations),
        "the same request, but for what is read in the answer"
    );
    assert_same(&ours(&Request::ReadRegulatory { wiphy: None }), &theirs(Command::GET_REG), &[]);
    assert_same(&ours(&Request::SetCountry { country: *b"US" }), &theirs(Command::REQ_SET_REG), &[]);
    let request = Request::SetInterfaceType { ifindex: STATION, iftype: iftype::STATION };
    assert_same(&ours(&request), &theirs(Command::SET_INTERFACE), &[]);
    let request = Request::RegisterFrame {
        ifindex: STATION,
        frame_type: 0x00d0,
        prefix: vec![0x01, 0x04],
        groups: false,
    };
    assert_same(&ours(&request), &theirs(Command::REGISTER_FRAME), &[]);
    assert_same(&station(kernel::Request::FlushPmksas), &theirs(Command::FLUSH_PMKSA), &[]);
    let request = Request::DeleteKey(KeyName { ifindex: STATION, peer: None, link: None, index: 0 });
    assert_same(&ours(&request), &theirs(Command::DEL_KEY), &[attr::KEY]);
    assert_eq!(
        tree("key", find(&ours(&request), attr::KEY)),
        tree("key", find(&theirs(Command::DEL_KEY), attr::KEY))
    );
    let set = theirs(Command::SET_PMKSA);
    let request = kernel::Request::SetPmksa(Pmksa {
        peer: AP,
        pmkid: find(&set, attr::PMKID).try_into().unwrap(),
        pmk: Some(Secret::new(find(&set, attr::PMK))),
        lifetime_seconds: Some(43_200),
    });
    // They also say when to renew it, which only 802.1X can.
    assert_same(&station(request), &set, &[288]);
    let key = KeyName { ifindex: 2, peer: None, link: LinkId::new(0), index: 2 };
    assert_same(&ours(&Request::ReadKey(key)), &theirs(Command::GET_KEY), &[]);
}

#[test]
fn requests_for_firmware() {
    let request = |offload| {
        kernel::Request::Connect(Box::new(ConnectRequest {
            sae: Some(SaeMethod::HashToElement),
            ssid: Ssid::new(b"plain").unwrap(),
            bssid: Some(AP),
            frequency: Some(Frequency(2412)),
            elements: vec![1, 2],
            algorithm: AuthenticationAlgorithm::Sae,
            security: Some(AssociateSecurity {
                akm: Akm::Sae,
                pairwise: Cipher::Ccmp128,
                group: Cipher::Ccmp128,
                management_frame_protection: true,
                control_port: true,
            }),
            previous: None,
            offload,
            multi_link: true,
        }))
    };
    let has = |offload, kind| {
        let message = station(request(offload));
        Attributes::new("request", &message[4..]).find(kind).map(|found| found.payload.to_vec())
    };
    for always in [attr::SOCKET_OWNER, attr::PRIVACY, attr::MLO_SUPPORT, attr::CONTROL_PORT_OVER_NL80211] {
        assert_eq!(has(Offload::None, always), Some(vec![]));
    }
    assert_eq!(has(Offload::None, attr::AUTH_TYPE), Some(4_u32.to_ne_bytes().to_vec()));
    assert_eq!(has(Offload::None, attr::SAE_PWE), Some(vec![2]));
    assert_eq!(has(Offload::None, attr::EXTERNAL_AUTH_SUPPORT), None);
    assert_eq!(has(Offload::ExternalSae, attr::EXTERNAL_AUTH_SUPPORT), Some(vec![]));
    assert_eq!(has(Offload::Sae(Secret::new(b"pass")), attr::SAE_PASSWORD), Some(b"pass".to_vec()));
    assert_eq!(has(Offload::Psk(Secret::new(&[9; 32])), attr::PMK), Some(vec![9; 32]));
    let reply = station(kernel::Request::AnswerExternalAuthentication {
        bssid: AP,
        ssid: Ssid::new(b"plain").unwrap(),
        status: StatusCode(0),
        pmkid: Some([3; 16]),
    });
    assert_eq!(find(&reply, attr::BSSID), AP.0);
    assert_eq!((find(&reply, attr::STATUS_CODE), find(&reply, attr::PMKID)), (&[0, 0][..], &[3; 16][..]));
    let leave = station(kernel::Request::Disconnect { reason: ReasonCode(3) });
    assert_eq!(find(&leave, attr::REASON_CODE), 3_u16.to_ne_bytes());
    let watch = |thresholds_dbm| kernel::Request::WatchSignal { thresholds_dbm, hysteresis_db: 4 };
    let (off, on) = (watch(vec![]), watch(vec![-80, -70]));
    for (request, expected) in [(off, vec![0_i32]), (on, vec![-80, -70])] {
        let message = station(request);
        let thresholds = Attributes::new("cqm", find(&message, attr::CQM)).find(1).unwrap().payload.to_vec();
        assert_eq!(thresholds, expected.iter().flat_map(|dbm| dbm.to_ne_bytes()).collect::<Vec<u8>>());
    }
}

#[test]
fn an_ad_hoc_network_is_joined_on_its_channel_and_ends_with_us() {
    let ssid = Ssid::new(b"mesh").unwrap();
    let ibss = Ibss { ssid, frequency: Frequency(2437), protection: None };
    let message = ours(&Request::JoinIbss { ifindex: STATION, ibss: ibss.clone() });
    assert_eq!(message[0], Command::JOIN_IBSS.0);
    assert_eq!(find(&message, attr::SSID), b"mesh");
    for (number, expected) in
        [(attr::WIPHY_FREQ, 2437_u32), (attr::CENTER_FREQ1, 2437), (attr::CHANNEL_WIDTH, 1)]
    {
        assert_eq!(find(&message, number), expected.to_ne_bytes());
    }
    assert_eq!(find(&message, attr::SOCKET_OWNER), b"");
    assert!(!has(&message, attr::PRIVACY) && !has(&message, attr::CONTROL_PORT));
    for control_port in [false, true] {
        let protection = Some(IbssProtection { rsne: vec![48, 1, 2], control_port });
        let ibss = Ibss { protection, ..ibss.clone() };
        let message = ours(&Request::JoinIbss { ifindex: STATION, ibss });
        assert_eq!(find(&message, attr::IE), [48, 1, 2]);
        assert!(has(&message, attr::PRIVACY) && has(&message, attr::CONTROL_PORT));
        assert_eq!(has(&message, attr::CONTROL_PORT_OVER_NL80211), control_port);
    }
    assert_eq!(ours(&Request::LeaveIbss { ifindex: STATION })[0], Command::LEAVE_IBSS.0);
}

#[test]
fn an_access_point_scans_by_its_own_flag() {
    let message = ours(&Request::ScanAsAccessPoint { ifindex: STATION });
    assert_eq!(
        (message[0], find(&message, attr::SCAN_FLAGS)),
        (Command::TRIGGER_SCAN.0, &4_u32.to_ne_bytes()[..])
    );
    assert_eq!(find(&message, attr::SCAN_SSIDS).len(), 4, "the wildcard");
}

#[test]
fn a_group_key_of_another_member_is_not_taken_for_a_pairwise_one() {
    let message = |request| ours(&Request::AdHoc { ifindex: STATION, request });
    let key = KeyRequest {
        kind: KeyKind::Group,
        link: None,
        index: 1,
        cipher: Cipher::Ccmp128,
        key: Secret::new(&[7; 16]),
        sequence: [1, 0, 0, 0, 0, 0],
    };
    let theirs = message(ad_hoc::Request::InstallGroupKey { peer: Some(AP), key: key.clone() });
    assert_eq!((theirs[0], find(&theirs, attr::MAC)), (Command::NEW_KEY.0, &AP.0[..]));
    let inside = |message: &[u8]| {
        Attributes::new("key", find(message, attr::KEY)).map(|it| it.unwrap().kind).collect::<Vec<_>>()
    };
    assert_eq!(inside(&theirs).last(), Some(&key_attr::TYPE));
    let ours = message(ad_hoc::Request::InstallGroupKey { peer: None, key: key.clone() });
    assert!(!has(&ours, attr::MAC) && !inside(&ours).contains(&key_attr::TYPE));
    let kind = KeyKind::Pairwise { peer: AP, receive_only: false };
    let pairwise = message(ad_hoc::Request::InstallKey(KeyRequest { kind, index: 0, ..key }));
    assert_eq!(find(&pairwise, attr::MAC), AP.0);
    let frame = message(ad_hoc::Request::SendKeyFrame { to: AP, bytes: vec![1, 2], in_clear: true });
    assert_eq!((frame[0], find(&frame, attr::FRAME)), (Command::CONTROL_PORT_FRAME.0, &[1, 2][..]));
    assert!(has(&frame, attr::CONTROL_PORT_NO_ENCRYPT));
    let others = [
        (ad_hoc::Request::UseGroupKey { index: 1 }, Command::SET_KEY),
        (ad_hoc::Request::ReadPacketNumber { index: 1 }, Command::GET_KEY),
        (ad_hoc::Request::AuthorizePeer { peer: AP }, Command::SET_STATION),
    ];
    for (request, command) in others {
        assert_eq!(message(request)[0], command.0);
    }
}

#[test]
fn what_answers_what() {
    let asked = |request| Request::Station { ifindex: STATION, request }.command().1;
    assert_eq!(asked(kernel::Request::ReadScan), Expect::Dump);
    assert_eq!(asked(kernel::Request::AbortScan), Expect::Acknowledgement);
    assert_eq!(asked(kernel::Request::ReadInterface), Expect::Messages);
    // No debug output of a request shows a key.
    let pmksa =
        Pmksa { peer: AP, pmkid: [0xab; 16], pmk: Some(Secret::new(&[0xcd; 32])), lifetime_seconds: None };
    let request = Request::Station { ifindex: 1, request: kernel::Request::SetPmksa(pmksa) };
    let text = format!("{request:?} {:?}", request.encode(1).unwrap());
    assert!(!text.contains("205") && !text.contains("171"), "{text}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let request =
        Request::RegisterFrame { ifindex: 1, frame_type: 0, prefix: vec![0; 70_000], groups: false };
    assert_eq!(request.encode(1).unwrap_err(), EncodeError::TooLong);
}

/// Whether a message has an attribute.
fn flagged(message: &[u8], kind: u16) -> bool {
    Attributes::new("request", &message[4..]).find(kind).is_some()
}

#[test]
fn frames_on_other_channels() {
    let frequency = Frequency(2437);
    let send = |wait| ours(&Request::SendOffChannel { ifindex: 3, frequency, wait, bytes: vec![0xd0, 0] });
    let away = send(1000);
    assert_eq!(command(&away), Ok(Command::FRAME));
    assert_eq!(find(&away, attr::WIPHY_FREQ), 2437_u32.to_ne_bytes());
    assert_eq!(find(&away, attr::DURATION), 1000_u32.to_ne_bytes());
    assert!(flagged(&away, attr::OFFCHANNEL_TX_OK));
    assert_eq!(find(&away, attr::FRAME), [0xd0, 0]);
    // On its own channel an interface need not wait, and does not go away.
    let home = send(0);
    assert!(!flagged(&home, attr::DURATION) && !flagged(&home, attr::OFFCHANNEL_TX_OK));
    let listen = ours(&Request::RemainOnChannel { ifindex: 3, frequency, duration: 500 });
    assert_eq!(command(&listen), Ok(Command::REMAIN_ON_CHANNEL));
    assert_eq!(find(&listen, attr::DURATION), 500_u32.to_ne_bytes());
    let cancel = ours(&Request::CancelFrameWait { ifindex: 3, cookie: 7 });
    assert_eq!(command(&cancel), Ok(Command::FRAME_WAIT_CANCEL));
    assert_eq!(find(&cancel, attr::COOKIE), 7_u64.to_ne_bytes());
    let register =
        |groups| ours(&Request::RegisterFrame { ifindex: 3, frame_type: 0x00d0, prefix: vec![4, 9], groups });
    assert!(
        flagged(&register(true), attr::RECEIVE_MULTICAST)
            && !flagged(&register(false), attr::RECEIVE_MULTICAST)
    );
}
