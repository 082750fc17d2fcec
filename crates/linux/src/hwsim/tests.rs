use super::*;
use crate::netlink::{Builder, Errno, KernelError, ReplyError};

const RADIO: MacAddr = MacAddr([0x42, 0, 0, 0, 1, 0]);

fn payload(fill: impl FnOnce(&mut Builder), command: u8) -> Vec<u8> {
    let mut message = Builder::generic(0x20, command);
    fill(&mut message);
    message.finish().unwrap().payload().to_vec()
}

fn frame(message: &mut Builder) {
    message
        .mac(attr::ADDR_TRANSMITTER, RADIO)
        .bytes(attr::FRAME, &[0x80; 30])
        .u32(attr::FLAGS, flags::WANTS_STATUS)
        .u32(attr::FREQ, 2412)
        .bytes(attr::TX_INFO, &[3, 1, 0xff, 0, 0xff, 0, 0xff, 0])
        .bytes(attr::TX_INFO_FLAGS, &[3, 8, 1, 0xff, 0, 0, 0xff, 0, 0, 0xff, 0, 0])
        .u64(attr::COOKIE, 7);
}

#[test]
fn a_frame_comes_with_its_rates() {
    let Event::Frame(frame) = Event::decode(&payload(frame, command::FRAME)).unwrap() else { panic!() };
    assert_eq!((frame.transmitter, frame.octets.len(), frame.frequency, frame.cookie), (RADIO, 30, 2412, 7));
    assert_eq!(frame.rates[0], Rate { index: 3, count: 1, flags: 0x0108 });
    assert_eq!(frame.rates[1..], [Rate::NONE; 3]);
}

#[test]
fn every_part_of_a_frame_is_needed() {
    for cut in 1..payload(frame, command::FRAME).len() {
        let whole = payload(frame, command::FRAME);
        // The last attribute is the cookie: whatever is cut off, it is missing.
        assert!(Event::decode(&whole[..cut]).is_err(), "{cut}");
    }
    let long = payload(
        |message| {
            message.bytes(attr::FRAME, &[0; 2353]);
        },
        command::FRAME,
    );
    assert!(Event::decode(&long).is_err());
}

#[test]
fn addresses_and_radios() {
    let address = MacAddr([2, 0, 0, 0, 0, 9]);
    let both = |message: &mut Builder| {
        message.mac(attr::ADDR_TRANSMITTER, RADIO).mac(attr::ADDR_RECEIVER, address);
    };
    let heard = |command| Event::decode(&payload(both, command)).unwrap();
    assert_eq!(heard(command::ADD_MAC_ADDR), Event::AddressAdded { radio: RADIO, address });
    assert_eq!(heard(command::DEL_MAC_ADDR), Event::AddressRemoved { radio: RADIO, address });
    let added = payload(
        |message| {
            message.u32(attr::RADIO_ID, 4).text(attr::RADIO_NAME, "phy4").u32(attr::CHANNELS, 3);
        },
        command::NEW_RADIO,
    );
    let radio = Radio { id: 4, name: "phy4".into(), channels: 3, p2p: false };
    assert_eq!(Event::decode(&added).unwrap(), Event::RadioAdded(radio));
    let removed = payload(
        |message| {
            message.u32(attr::RADIO_ID, 4);
        },
        command::DEL_RADIO,
    );
    assert_eq!(Event::decode(&removed).unwrap(), Event::RadioRemoved(4));
    assert_eq!(Event::decode(&[9, 1, 0, 0]).unwrap(), Event::Other(9));
    assert!(Event::decode(&[]).is_err());
}

#[test]
fn what_is_delivered_and_reported() {
    let deliver =
        Request::Deliver { receiver: RADIO, octets: vec![1; 24], frequency: 5180, rate: 2, signal: -70 };
    let message = deliver.encode(0x20).unwrap();
    assert_eq!(message.payload()[0], command::FRAME);
    let find = |kind| message.attributes().find(kind).unwrap();
    assert_eq!(find(attr::ADDR_RECEIVER).mac().unwrap(), RADIO);
    assert_eq!(find(attr::FRAME).payload, [1; 24]);
    assert_eq!(find(attr::SIGNAL).i32().unwrap(), -70);
    assert_eq!((find(attr::RX_RATE).u32().unwrap(), find(attr::FREQ).u32().unwrap()), (2, 5180));
    let rates = [Rate { index: 3, count: 2, flags: 0 }, Rate::NONE, Rate::NONE, Rate::NONE];
    let report =
        Request::Report { transmitter: RADIO, cookie: 7, flags: flags::ACKNOWLEDGED, signal: -30, rates };
    let message = report.encode(0x20).unwrap();
    let find = |kind| message.attributes().find(kind).unwrap();
    assert_eq!(find(attr::TX_INFO).payload, [3, 2, 0xff, 0, 0xff, 0, 0xff, 0]);
    assert_eq!(find(attr::COOKIE).u64().unwrap(), 7);
    assert_eq!(find(attr::FLAGS).u32().unwrap(), flags::ACKNOWLEDGED);
}

#[test]
fn a_radio_is_made_as_told() {
    let radio = NewRadio {
        name: Some("rad0".into()),
        channels: Some(3),
        multi_link: true,
        no_interface: true,
        ciphers: Some(vec![0x000f_ac04]),
        ..NewRadio::default()
    };
    let message = Request::NewRadio(radio).encode(0x20).unwrap();
    let find = |kind| message.attributes().find(kind);
    assert_eq!(find(attr::RADIO_NAME).unwrap().payload, b"rad0\0");
    assert_eq!(find(attr::CHANNELS).unwrap().u32().unwrap(), 3);
    assert!(find(attr::MLO_SUPPORT).is_some() && find(attr::NO_VIF).is_some());
    assert!(find(attr::SUPPORT_P2P_DEVICE).is_none() && find(attr::DESTROY_RADIO_ON_CLOSE).is_none());
    assert_eq!(find(attr::CIPHER_SUPPORT).unwrap().u32_list().collect::<Vec<_>>(), [0x000f_ac04]);
}

#[test]
fn the_number_of_a_radio_comes_as_an_error_that_is_none() {
    let error = |number| Err(ReplyError::Kernel(KernelError::plain(Errno(number))));
    assert_eq!(driver::number(Ok(Vec::new())), Ok(0));
    assert_eq!(driver::number(error(-12)), Ok(12));
    assert_eq!(driver::number(error(22)), Err(ReplyError::Kernel(KernelError::plain(Errno::EINVAL))));
}
