use super::*;
use crate::bus::BUS;
use crate::bus::message::{Error, Incoming, MethodCall, Origin, Outgoing};
use crate::bus::value::Value;
use proptest::prelude::*;
use std::collections::HashMap;
use zbus::message::{Flags, Message as Theirs};
use zbus::{ObjectPath, Variant};

fn origin() -> Origin {
    Origin { sender: ":1.7".to_owned(), serial: 9, wants_reply: true }
}

fn call(serial: Option<u32>, body: Vec<Value>) -> Outgoing {
    let (destination, path) = (":1.9".to_owned(), "/net/connman".to_owned());
    Outgoing::Call { serial, destination, path, interface: "a.b", member: "C", body }
}

/// What comes of these octets, in pieces of this length.
fn read(octets: &[u8], piece: usize) -> Vec<Message> {
    let mut inbox = Inbox::new();
    let mut messages = Vec::new();
    for piece in octets.chunks(piece) {
        inbox.extend(piece);
        while let Some(message) = inbox.next(None).unwrap() {
            messages.push(message);
        }
    }
    assert!(inbox.rest().is_empty(), "{:?}", inbox.rest());
    messages
}

/// What another implementation writes.
fn theirs(message: zbus::Result<Theirs>) -> Vec<u8> {
    message.unwrap().data().to_vec()
}

#[test]
fn what_another_writes_is_read() {
    let method = || {
        let method = Theirs::method_call("/a/b_1", "Go").sender(":1.7").interface("net.x");
        method.destination(":1.0").serial(9.try_into().unwrap())
    };
    let options: HashMap<&str, Variant<'_>> = HashMap::from([("k", Variant::from("v"))]);
    let path = ObjectPath::try_from("/p").unwrap();
    let body = (true, 7_u8, -3_i16, 4_u16, -5_i32, 6_u32, 8_u64, "text", path, Variant::from(1_u32), options);
    let more =
        (vec!["a", ""], b"xy".to_vec(), vec![-70_i16], vec![2412_u16], (1_i32, 2_i32), 1.5_f64, vec![9_i64]);
    let octets = [
        theirs(method().build(&body)),
        theirs(method().with_flags(Flags::NO_REPLY_EXPECTED).build(&more)),
        theirs(method().build(&())),
    ]
    .concat();
    let values = [
        vec![
            Value::Boolean(true),
            Value::Byte(7),
            Value::Int16(-3),
            Value::Uint16(4),
            Value::Int32(-5),
            Value::Uint32(6),
            Value::Uint64(8),
            Value::text("text"),
            Value::Path("/p".to_owned()),
            Value::Uint32(1).in_variant(),
            Value::options([("k", Value::text("v"))]),
        ],
        vec![
            Value::texts(["a", ""]),
            Value::octets(b"xy"),
            Value::Array("n", vec![Value::Int16(-70)]),
            Value::Array("q", vec![Value::Uint16(2412)]),
            Value::Other("(ii)".to_owned()),
            Value::Other("d".to_owned()),
            Value::Other("ax".to_owned()),
        ],
        vec![],
    ];
    for piece in [1, 7, octets.len()] {
        let messages = read(&octets, piece);
        assert_eq!(messages.len(), values.len());
        for (number, (message, body)) in messages.into_iter().zip(&values).enumerate() {
            let origin = Origin { wants_reply: number != 1, ..origin() };
            let (interface, member) = (Some("net.x".to_owned()), "Go".to_owned());
            let call = MethodCall {
                origin,
                path: "/a/b_1".to_owned(),
                interface,
                member,
                body: body.clone().into(),
            };
            let destination = Some(":1.0".to_owned());
            assert_eq!(message, Message { destination, incoming: Incoming::Call(call) });
        }
    }
}

#[test]
fn answers_and_leavers_are_read() {
    let to = Theirs::method_call("/", "X").sender(":1.1").serial(77.try_into().unwrap()).build(&()).unwrap();
    let good = theirs(Theirs::method_return(&to.header()).sender(":1.7").build(&"x"));
    let bad = theirs(Theirs::error(&to.header(), "a.b.C").sender(":1.7").build(&"why"));
    let signal = |sender: &str| {
        let signal = Theirs::signal("/", "a.b", "NameOwnerChanged").sender(sender.to_owned());
        theirs(signal.build(&(":1.5", ":1.5", "")))
    };
    let octets = [good, bad, signal(":1.7"), signal(BUS)].concat();
    let heard: Vec<_> = read(&octets, 64).into_iter().map(|message| message.incoming).collect();
    let reply = |outcome: Result<Vec<Value>, String>| Incoming::Reply {
        serial: 77,
        sender: ":1.7".to_owned(),
        outcome: outcome.map(Into::into),
    };
    let left = Incoming::NameOwnerChanged { name: ":1.5".to_owned(), owner: String::new() };
    assert_eq!(heard, [reply(Ok(vec![Value::text("x")])), reply(Err("a.b.C".to_owned())), left]);
}

#[test]
fn octets_of_a_message_are_those_of_the_specification() {
    let network = Value::Structure(vec![Value::Path("/a".to_owned()), Value::Int16(-2)]);
    let answer = Outgoing::Return(origin(), vec![Value::Array("(on)", vec![network.clone(), network])]);
    let mut wanted = b"l\x02\x01\x01\x22\0\0\0\x05\0\0\0\x23\0\0\0".to_vec();
    wanted.extend(b"\x05\x01u\0\x09\0\0\0\x06\x01s\0\x04\0\0\0:1.7\0\0\0\0\x08\x01g\0\x05a(on)\0\0\0\0\0\0");
    wanted.extend(b"\x1a\0\0\0\0\0\0\0\x02\0\0\0/a\0\0\xfe\xff\0\0\0\0\0\0\x02\0\0\0/a\0\0\xfe\xff");
    assert_eq!(encode(&answer, None, 5).unwrap(), wanted);
}

#[test]
fn elements_that_are_aligned_to_less_are_not_written_down_beforehand() {
    let texts = Value::Written("s", [1, 0, 0, 0, b'a', 0][..].into());
    let answer = Outgoing::Return(origin(), vec![texts]);
    assert_eq!(encode(&answer, None, 5), Err(Unwritable::Type));
    assert_eq!(numbered([("no path".to_owned(), 1)]), Err(Unwritable::Path));
}

#[test]
fn big_endian_is_read_too() {
    let mut octets = b"B\x02\x01\x01\0\0\0\x04\0\0\0\x01\0\0\0\x1f".to_vec();
    octets.extend(b"\x05\x01u\0\0\0\0\x07\x07\x01s\0\0\0\0\x04:1.7\0\0\0\0\x08\x01g\0\x01u\0\0\0\0\0\x2a");
    let outcome = Ok(vec![Value::Uint32(42)]);
    let incoming = Incoming::Reply { serial: 7, sender: ":1.7".to_owned(), outcome: outcome.map(Into::into) };
    assert_eq!(read(&octets, 3), [Message { destination: None, incoming }]);
}

#[test]
fn a_call_that_is_too_long_is_refused_and_what_follows_is_heard() {
    let method = || Theirs::method_call("/a", "Go").sender(":1.7");
    let long = theirs(method().build(&"x".repeat(1 << 20)));
    let name = "x".repeat(100_000);
    let strange = theirs(Theirs::method_call(format!("/{name}").as_str(), "Go").sender(":1.7").build(&()));
    let octets = [long, strange, theirs(method().build(&1_u32))].concat();
    let messages = read(&octets, 4096);
    let [Message { incoming: Incoming::BadCall(bad, _), .. }, Message { incoming: Incoming::Call(good), .. }] =
        messages.as_slice()
    else {
        panic!("{messages:?}");
    };
    assert!(bad.wants_reply && *good.body == [Value::Uint32(1)]);
}

#[test]
fn what_cannot_be_is_not_written() {
    let error = |name: &str| Outgoing::Error(origin(), Error { name: name.to_owned(), text: String::new() });
    let of = |value: Value| encode(&call(None, vec![value]), None, 1);
    assert_eq!(encode(&error(""), None, 1), Err(Unwritable::Name));
    assert_eq!(encode(&error("a b"), None, 1), Err(Unwritable::Name));
    assert_eq!(of(Value::text("a\0b")), Err(Unwritable::Nul));
    for path in ["", "a", "/a/", "//", "/a-b"] {
        assert_eq!(of(Value::Path(path.to_owned())), Err(Unwritable::Path));
    }
    assert_eq!(of(Value::Array("s", vec![Value::Byte(1)])), Err(Unwritable::Type));
    assert_eq!(of(Value::Other("d".to_owned())), Err(Unwritable::Type));
}

#[test]
fn what_is_no_protocol_ends_the_connection() {
    for octets in
        [&b"x\x01\0\x01000000000000"[..], b"l\x01\0\x02000000000000", b"l\x01\0\x01\xff\xff\xff\xff00000000"]
    {
        let mut inbox = Inbox::new();
        inbox.extend(octets);
        assert!(inbox.next(None).is_err(), "{octets:?}");
        // However often it is asked.
        assert!(inbox.next(None).is_err());
    }
}

fn value() -> impl Strategy<Value = Value> {
    let plain = prop_oneof![
        any::<bool>().prop_map(Value::Boolean),
        any::<u8>().prop_map(Value::Byte),
        any::<i16>().prop_map(Value::Int16),
        any::<u16>().prop_map(Value::Uint16),
        any::<i32>().prop_map(Value::Int32),
        any::<u32>().prop_map(Value::Uint32),
        any::<u64>().prop_map(Value::Uint64),
        "[a-zä]{0,9}".prop_map(Value::Text),
        "(/[a-z_0-9]{1,5}){1,3}".prop_map(Value::Path),
        any::<Vec<u8>>().prop_map(|octets| Value::octets(&octets)),
        prop::collection::vec("[a-z]{0,3}", 0..4).prop_map(Value::texts),
    ];
    plain.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(Value::in_variant),
            prop::collection::vec(("[a-z]{0,4}", inner), 0..3).prop_map(Value::options),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(body in prop::collection::vec(value(), 0..4), piece in 1_usize..50) {
        let octets = encode(&call(Some(3), body.clone()), Some(":1.7"), 1).unwrap();
        let messages = read(&octets, piece);
        let [Message { destination, incoming: Incoming::Call(call) }] = messages.as_slice() else {
            panic!("{messages:?}");
        };
        prop_assert_eq!(destination.as_deref(), Some(":1.9"));
        prop_assert_eq!(&*call.body, &body[..]);
        prop_assert_eq!(call.origin.serial, 3);
    }

    #[test]
    fn any_octets_are_read_or_not(octets: Vec<u8>, cut in 0_usize..300, wrong: u8) {
        let mut message = encode(&call(Some(3), vec![Value::options([("a", Value::octets(&octets))])]), Some(":1.7"), 1).unwrap();
        let cut = cut % message.len();
        message[cut] ^= wrong;
        let mut inbox = Inbox::new();
        inbox.extend(&message);
        // A message may be lost or the connection, and no more.
        while let Ok(Some(_)) = inbox.next(None) {}
    }
}
