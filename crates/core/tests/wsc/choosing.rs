//! Which access point is meant.

use super::OURS;
use lapwing_core::{
    Instant,
    kernel::{Frequency, ScanEntry},
    scan::Bss,
    time::Duration,
    wsc::{Choice, Password, Pin, choose},
};
use lapwing_frames::{
    MacAddr,
    wsc::{Beacon, DevicePasswordId, Extension, State, to_elements},
};

pub(crate) fn announces(
    password: DevicePasswordId,
    uuid: Option<u8>,
    authorized: Option<Vec<MacAddr>>,
) -> Beacon {
    Beacon {
        state: State::Configured,
        locked: None,
        selected: Some(true),
        password_id: Some(password),
        selected_methods: None,
        response: None,
        uuid: uuid.map(|octet| [octet; 16]),
        bands: None,
        extension: Extension { authorized, ..Extension::ours() },
    }
}

pub(crate) fn entry(last: u8, frequency: u32, signal_mbm: i32, beacon: Option<&Beacon>) -> ScanEntry {
    let mut elements = vec![0, 4, b'h', b'o', b'm', b'e'];
    elements.extend(beacon.into_iter().flat_map(|beacon| to_elements(&beacon.to_octets())));
    ScanEntry {
        bssid: MacAddr([2, 0, 0, 0, 1, last]),
        frequency: Frequency(frequency),
        beacon_interval: 100,
        capability: 0x11,
        signal_mbm: Some(signal_mbm),
        age: Duration::ZERO,
        elements,
        beacon_elements: None,
        beacon_is_newer: false,
        associated: false,
        mld: None,
    }
}

fn chosen(entries: &[ScanEntry], password: &Password) -> Result<Vec<u8>, Choice> {
    let bsss: Vec<_> =
        entries.iter().map(|entry| Bss::read(entry.clone(), Instant::default()).unwrap()).collect();
    match choose(bsss.iter(), password, OURS) {
        Choice::These(list) => Ok(list.iter().map(|candidate| candidate.bssid.0[5]).collect()),
        other => Err(other),
    }
}

#[test]
fn one_pushed_button_on_two_bands_is_one_and_of_two_devices_too_many() {
    let pushed = |uuid| announces(DevicePasswordId::PushButton, uuid, None);
    let button = Password::PushButton;
    assert_eq!(chosen(&[entry(1, 2412, -3000, None)], &button), Err(Choice::Nobody));
    let one = entry(1, 2412, -5000, Some(&pushed(Some(7))));
    assert_eq!(chosen(&[one.clone(), entry(9, 2412, -3000, None)], &button), Ok(vec![1]));
    let other_band = entry(2, 5180, -4000, Some(&pushed(Some(7))));
    assert_eq!(chosen(&[one.clone(), other_band], &button), Ok(vec![2, 1]));
    let stranger = entry(3, 5180, -9000, Some(&pushed(Some(8))));
    assert_eq!(chosen(&[one.clone(), stranger], &button), Err(Choice::Overlap));
    let unknown = entry(4, 5180, -9000, Some(&pushed(None)));
    assert_eq!(chosen(&[one, unknown], &button), Err(Choice::Overlap), "who does not say may be anybody");
}

#[test]
fn with_a_pin_those_that_name_us_come_first_and_those_that_name_others_not_at_all() {
    let pin = Password::Pin(Pin::new("12345670").unwrap());
    let waits = |list| announces(DevicePasswordId::Default, None, list);
    let other = MacAddr([2, 0, 0, 0, 0, 0x99]);
    let entries = [
        entry(1, 2412, -2000, Some(&waits(None))),
        entry(2, 2412, -3000, Some(&waits(Some(vec![MacAddr::BROADCAST])))),
        entry(3, 2412, -8000, Some(&waits(Some(vec![other, OURS])))),
        entry(4, 2412, -1000, Some(&waits(Some(vec![other])))),
        entry(5, 2412, -1000, Some(&announces(DevicePasswordId::PushButton, None, None))),
        entry(6, 2412, -1000, Some(&Beacon { selected: Some(false), ..waits(None) })),
    ];
    assert_eq!(chosen(&entries, &pin), Ok(vec![3, 2, 1]));
    assert_eq!(chosen(&entries, &Password::PushButton), Ok(vec![5]));
}
