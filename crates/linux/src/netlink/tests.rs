use super::*;
use lapwing_core::entropy::{SeededEntropy, random};
use lapwing_frames::MacAddr;

fn attributes_of(request: &Request) -> Vec<(u16, Vec<u8>)> {
    request
        .attributes()
        .map(|attribute| attribute.map(|attribute| (attribute.kind, attribute.payload.to_vec())).unwrap())
        .collect()
}

fn frame(kind: u16, flags: u16, sequence: u32, port: u32, payload: &[u8]) -> Vec<u8> {
    let mut octets = (16 + u32::try_from(payload.len()).unwrap()).to_ne_bytes().to_vec();
    octets.extend(kind.to_ne_bytes());
    octets.extend(flags.to_ne_bytes());
    octets.extend(sequence.to_ne_bytes());
    octets.extend(port.to_ne_bytes());
    octets.extend(payload);
    octets.resize(octets.len().next_multiple_of(4), 0);
    octets
}

#[test]
fn known_bytes() {
    let mut builder = Builder::generic(0x25, 33);
    builder.u32(3, 7).bytes(52, b"abc").flag(204).nest(45, |nest| {
        nest.u8(1, 9);
    });
    let mut request = builder.finish().unwrap();
    request.address(flags::ACK, 0x0102_0304);
    let mut expected = 52_u32.to_ne_bytes().to_vec();
    expected.extend([0x25, 0, 5, 0, 4, 3, 2, 1, 0, 0, 0, 0, 33, 1, 0, 0]);
    expected.extend([8, 0, 3, 0, 7, 0, 0, 0]);
    expected.extend([7, 0, 52, 0, b'a', b'b', b'c', 0]);
    expected.extend([4, 0, 204, 0]);
    expected.extend([12, 0, 45, 0x80, 5, 0, 1, 0, 9, 0, 0, 0]);
    if cfg!(target_endian = "little") {
        assert_eq!(request.octets(), expected);
    }
    assert_eq!(request.kind(), 0x25);
    let message = Messages::new(request.octets()).next().unwrap().unwrap();
    assert_eq!(message.header, Header { kind: 0x25, flags: 5, sequence: 0x0102_0304, port: 0 });
    assert_eq!(message.payload, request.payload());
}

#[test]
fn numbers_and_addresses_both_ways() {
    let mut builder = Builder::new(16, &[]);
    builder.u8(1, 200).u16(2, 60_000).u32(3, 4_000_000_000).u64(4, u64::MAX - 1).i32(5, -70);
    builder.mac(6, MacAddr([1, 2, 3, 4, 5, 6])).text(7, "phy0").u32_list(8, [1, 2]);
    let request = builder.finish().unwrap();
    let find = |kind| request.attributes().find(kind).unwrap();
    assert_eq!(find(1).u8(), Ok(200));
    assert_eq!(find(1).i8(), Ok(-56));
    assert_eq!(find(2).u16(), Ok(60_000));
    assert_eq!(find(3).u32(), Ok(4_000_000_000));
    assert_eq!(find(4).u64(), Ok(u64::MAX - 1));
    assert_eq!(find(5).i32(), Ok(-70));
    assert_eq!(find(6).mac(), Ok(MacAddr([1, 2, 3, 4, 5, 6])));
    assert_eq!(find(7).text(), "phy0");
    assert_eq!(find(8).u32_list().collect::<Vec<_>>(), [1, 2]);
    let error = find(3).u16().unwrap_err();
    assert_eq!(error.attribute, Some(3));
    assert_eq!(error.to_string(), "request, attribute 3: 2 octets too many");
    assert_eq!(find(3).u64().unwrap_err().to_string(), "request, attribute 3: needs 8 octets, 4 left");
}

#[test]
fn random_attributes_both_ways_and_cut_at_every_length() {
    let mut entropy = SeededEntropy(1);
    for _ in 0..200 {
        let wanted: Vec<(u16, Vec<u8>)> = (0..random::<1>(&mut entropy)[0] % 6)
            .map(|_| {
                let [a, b, length] = random(&mut entropy);
                let mut payload = vec![0; usize::from(length % 40)];
                lapwing_core::Entropy::fill(&mut entropy, &mut payload);
                (u16::from_ne_bytes([a, b]) & 0x3fff, payload)
            })
            .collect();
        let mut builder = Builder::generic(20, 1);
        for (number, (kind, payload)) in wanted.iter().enumerate() {
            // Nested or not makes no difference to the reader.
            if number % 2 == 0 {
                builder.bytes(*kind, payload);
            } else {
                builder.bytes(*kind | 0x8000, payload);
            }
        }
        let request = builder.finish().unwrap();
        assert_eq!(attributes_of(&request), wanted);
        let octets = &request.payload()[4..];
        for length in 0..octets.len() {
            let cut: Vec<_> = Attributes::new("cut", &octets[..length]).collect();
            let whole = cut.iter().filter(|attribute| attribute.is_ok()).count();
            assert!(cut.len() - whole <= 1, "one error at most, and it is the last");
            for (attribute, (kind, payload)) in cut.iter().flatten().zip(&wanted) {
                assert_eq!((attribute.kind, attribute.payload), (*kind, &payload[..]));
            }
        }
    }
}

#[test]
fn malformed_attributes_end_the_walk() {
    for octets in [&[1, 0, 0, 0][..], &[3, 0, 1, 0, 0], &[0, 0, 0, 0], &[5, 0, 1, 0], &[4]] {
        let mut walk = Attributes::new("attributes", octets);
        assert!(walk.next().unwrap().is_err(), "{octets:?}");
        assert!(walk.next().is_none());
    }
    // The padding of the last attribute may be missing.
    assert_eq!(Attributes::new("attributes", &[5, 0, 1, 0, 9]).flatten().count(), 1);
}

#[test]
fn what_is_too_long_is_refused() {
    let mut builder = Builder::new(16, &[]);
    builder.bytes(1, &vec![0; 65_532]);
    assert!(builder.finish().is_none());
    let mut builder = Builder::new(16, &[]);
    builder.nest(1, |nest| {
        nest.bytes(1, &[0; 40_000]).bytes(2, &[0; 40_000]);
    });
    assert!(builder.finish().is_none());
    let mut builder = Builder::new(16, &[]);
    builder.bytes(1, &vec![0; 65_531]);
    assert!(builder.finish().is_some());
}

#[test]
fn messages_cut_at_every_length() {
    let mut datagram = frame(20, 0, 1, 2, b"abcde");
    datagram.extend(frame(21, 0, 1, 2, b"fg"));
    assert_eq!(Messages::new(&datagram).flatten().count(), 2);
    for length in 0..datagram.len() {
        let whole = Messages::new(&datagram[..length]).flatten().count();
        // The padding at the end (2 octets) may be missing.
        assert_eq!(whole, usize::from(length >= 21) + usize::from(length >= datagram.len() - 2), "{length}");
    }
    assert!(Messages::new(&[0; 16]).next().unwrap().is_err());
}

fn hear(exchange: &mut Exchange, datagram: &[u8]) -> Vec<Heard> {
    let mut heard = Vec::new();
    exchange.hear(datagram, |one| heard.push(one));
    heard
}

fn ask(exchange: &mut Exchange, expect: Expect) -> u32 {
    let mut builder = Builder::generic(0x25, 5);
    builder.u32(3, 1).bytes(42, b"abc").u32(60, 7);
    exchange.submit(builder.finish().unwrap(), expect, 0)
}

fn done(sequence: u32) -> Vec<u8> {
    let mut payload = vec![0; 4];
    payload.extend([28, 0, 0, 0, 0x25, 0, 5, 0]);
    payload.extend(sequence.to_ne_bytes());
    payload.extend([0; 4]);
    frame(kind::ERROR, 0x100, sequence, 7, &payload)
}

fn answer(heard: &[Heard]) -> &Answer {
    match heard {
        [Heard::Answer(answer)] => answer,
        other => panic!("not one answer: {other:?}"),
    }
}

#[test]
fn a_refusal_in_the_kernels_words() {
    let mut exchange = Exchange::new(7);
    let sequence = ask(&mut exchange, Expect::Acknowledgement);
    let (sent, request) = exchange.outgoing().unwrap();
    assert_eq!(sent, sequence);
    // Offset 28 is the second attribute, 42.
    let mut extended = Builder::new(0, &[]);
    extended.text(1, "link ID must be set for MLO group key").u32(2, 28).u32(5, 313);
    let extended = extended.finish().unwrap().payload().to_vec();
    for capped in [true, false] {
        let mut exchange = Exchange::new(7);
        let sequence = ask(&mut exchange, Expect::Acknowledgement);
        let mut payload = (-22_i32).to_ne_bytes().to_vec();
        let quoted = if capped { &request.octets()[..16] } else { request.octets() };
        payload.extend(quoted);
        payload.extend(&extended);
        let flags = if capped { 0x300 } else { 0x200 };
        let datagram = frame(kind::ERROR, flags, sequence, 7, &payload);
        let expected = KernelError {
            errno: Errno::EINVAL,
            text: Some("link ID must be set for MLO group key".into()),
            attribute: Some(42),
            missing: Some(313),
        };
        assert_eq!(answer(&hear(&mut exchange, &datagram)).result, Err(ReplyError::Kernel(expected.clone())));
        assert_eq!(
            expected.to_string(),
            "EINVAL: link ID must be set for MLO group key (attribute 42) (attribute 313 is missing)"
        );
        for length in 16..datagram.len() {
            let mut cut = datagram[..length].to_vec();
            cut[..4].copy_from_slice(&u32::try_from(length).unwrap().to_ne_bytes());
            let mut exchange = Exchange::new(7);
            ask(&mut exchange, Expect::Acknowledgement);
            assert!(answer(&hear(&mut exchange, &cut)).result.is_err(), "{length}");
        }
    }
    for (errno, hint) in [(Errno::EPERM, true), (Errno::EALREADY, true), (Errno::EINVAL, false)] {
        assert_eq!(KernelError::plain(errno).hints_at_another_user(), hint);
    }
}

#[test]
fn a_cookie_in_the_acknowledgement() {
    // As recorded: status 0, capped request header, cookie 6.
    let mut payload = vec![0; 4];
    payload.extend([0xc8, 0, 0, 0, 0x23, 0, 5, 0, 1, 0, 0, 0, 7, 0, 0, 0]);
    payload.extend([12, 0, 3, 0, 6, 0, 0, 0, 0, 0, 0, 0]);
    let mut exchange = Exchange::new(7);
    let sequence = ask(&mut exchange, Expect::Messages);
    let heard = hear(&mut exchange, &frame(kind::ERROR, 0x300, sequence, 7, &payload));
    assert_eq!(answer(&heard).cookie, Some(6));
    assert_eq!(answer(&heard).result, Ok(vec![]));
}

#[test]
fn messages_belong_to_their_request() {
    let mut exchange = Exchange::new(7);
    let read = ask(&mut exchange, Expect::Messages);
    let set = ask(&mut exchange, Expect::Acknowledgement);
    // Another program's request, which happens to have the same number; and the kernel's own event.
    for (sequence, port) in [(read, 8), (0, 0)] {
        let heard = hear(&mut exchange, &frame(0x25, 0, sequence, port, b"evnt"));
        assert_eq!(heard, [Heard::Event(0x25, b"evnt".to_vec())]);
    }
    assert_eq!(hear(&mut exchange, &frame(0x25, 0, read, 7, b"repl")), []);
    let heard = hear(&mut exchange, &done(read));
    assert_eq!(answer(&heard).result, Ok(vec![b"repl".to_vec()]));
    // rtnetlink tells the one who made a change by an event with its own number.
    assert_eq!(hear(&mut exchange, &frame(16, 0, set, 7, b"link")), [Heard::Event(16, b"link".to_vec())]);
    let heard = hear(&mut exchange, &done(set));
    assert_eq!(answer(&heard).sequence, set);
    assert_eq!(exchange.in_flight(), 0);
    assert_eq!(hear(&mut exchange, &done(set)), [], "nothing waits for it any more");
}

#[test]
fn an_answer_shows_that_older_ones_are_lost() {
    let mut exchange = Exchange::new(7);
    let lost = ask(&mut exchange, Expect::Acknowledgement);
    let dump = ask(&mut exchange, Expect::Dump);
    let fence = ask(&mut exchange, Expect::Messages);
    let heard = hear(&mut exchange, &done(fence));
    let [Heard::Answer(first), Heard::Answer(second)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!((first.sequence, &first.result), (lost, &Err(ReplyError::Lost)));
    assert_eq!((second.sequence, second.result.is_ok()), (fence, true));
    // The dump goes on while the socket is read: it is not lost.
    assert_eq!(exchange.in_flight(), 1);
    let heard = hear(&mut exchange, &frame(kind::DONE, 2, dump, 7, &[0; 4]));
    assert_eq!(answer(&heard).result, Ok(vec![]));
}

#[test]
fn dumps_go_one_by_one_and_again_when_disturbed() {
    let mut exchange = Exchange::new(7);
    let first = ask(&mut exchange, Expect::Dump);
    let second = ask(&mut exchange, Expect::Dump);
    let (sequence, request) = exchange.outgoing().unwrap();
    assert_eq!(sequence, first);
    let header = |request: &Request| Messages::new(request.octets()).next().unwrap().unwrap().header;
    assert_eq!(header(&request).flags, flags::REQUEST | flags::DUMP);
    assert!(exchange.outgoing().is_none(), "the second one waits");
    assert_eq!(hear(&mut exchange, &frame(0x25, 0x12, first, 7, b"old.")), []);
    assert_eq!(hear(&mut exchange, &frame(kind::DONE, 2, first, 7, &[0; 4])), [], "disturbed");
    let (sequence, request) = exchange.outgoing().unwrap();
    let again = header(&request).sequence;
    assert_eq!(sequence, first);
    assert_ne!(again, first, "what is left of the first try cannot be taken for the second");
    assert_eq!(hear(&mut exchange, &frame(0x25, 2, again, 7, b"new.")), []);
    // The kernel may put the last entries and the end into one datagram; the end may have no number.
    let heard = hear(&mut exchange, &frame(kind::DONE, 2, again, 7, &[]));
    assert_eq!(answer(&heard), &Answer { sequence: first, result: Ok(vec![b"new.".to_vec()]), cookie: None });
    assert_eq!(exchange.outgoing().unwrap().0, second);
    // Refused at the start: an error in place of the end.
    let mut payload = (-95_i32).to_ne_bytes().to_vec();
    payload.extend([0; 16]);
    let heard = hear(&mut exchange, &frame(kind::ERROR, 0x100, second, 7, &payload));
    assert_eq!(answer(&heard).result, Err(ReplyError::Kernel(KernelError::plain(Errno::EOPNOTSUPP))));
    assert_eq!(exchange.in_flight(), 0);
}

#[test]
fn a_dump_that_never_rests_is_given_up() {
    let mut exchange = Exchange::new(7);
    let dump = ask(&mut exchange, Expect::Dump);
    for tries in 1.. {
        let (_, request) = exchange.outgoing().unwrap();
        let sequence = Messages::new(request.octets()).next().unwrap().unwrap().header.sequence;
        let heard = hear(&mut exchange, &frame(kind::DONE, 0x12, sequence, 7, &[0; 4]));
        if !heard.is_empty() {
            let expected = Answer { sequence: dump, result: Err(ReplyError::Inconsistent), cookie: None };
            assert_eq!((tries, answer(&heard)), (5, &expected));
            break;
        }
    }
}

#[test]
fn a_request_that_was_not_sent_is_withdrawn() {
    let mut exchange = Exchange::new(7);
    let first = ask(&mut exchange, Expect::Dump);
    let second = ask(&mut exchange, Expect::Dump);
    let third = ask(&mut exchange, Expect::Messages);
    assert!(exchange.withdraw(first));
    assert!(exchange.withdraw(third));
    assert!(!exchange.withdraw(third));
    let sent: Vec<_> = std::iter::from_fn(|| exchange.outgoing()).map(|(sequence, _)| sequence).collect();
    assert!(sent.contains(&second));
    assert_eq!(exchange.in_flight(), 1);
}

#[test]
fn random_datagrams_never_panic() {
    let mut entropy = SeededEntropy(2);
    let mut exchange = Exchange::new(7);
    for _ in 0..5_000 {
        let expect = [Expect::Acknowledgement, Expect::Messages, Expect::Dump];
        let [choice, kind, flags, sequence, length] = random(&mut entropy);
        if choice < 60 {
            ask(&mut exchange, expect[usize::from(choice % 3)]);
        }
        let mut payload = vec![0; usize::from(length % 64)];
        lapwing_core::Entropy::fill(&mut entropy, &mut payload);
        let flags = u16::from(flags) << 2;
        hear(&mut exchange, &frame((kind % 24).into(), flags, sequence.into(), 7, &payload));
        hear(&mut exchange, &payload);
        while exchange.outgoing().is_some() {}
    }
}

/// The real kernel's controller of generic netlink: every Linux has it, and anybody may ask it.
#[test]
fn the_real_kernel_answers_and_refuses() {
    let mut connection = Connection::open(16).unwrap();
    let limit = lapwing_core::Duration::from_secs(5);
    let mut get = Builder::generic(0x10, 3);
    get.text(2, "nlctrl");
    let answer = connection
        .ask(get.finish().unwrap(), Expect::Messages, 0, limit, |other| panic!("{other:?}"))
        .unwrap();
    let messages = answer.result.unwrap();
    let name = Attributes::new("family", &messages[0][4..]).find(2).unwrap();
    assert_eq!(name.text(), "nlctrl");
    let mut get = Builder::generic(0x10, 3);
    get.text(2, "no-such-family");
    let answer = connection.ask(get.finish().unwrap(), Expect::Messages, 0, limit, drop).unwrap();
    let Err(ReplyError::Kernel(error)) = answer.result else { panic!("{answer:?}") };
    assert_eq!(error.errno, Errno::ENOENT);
    // An attribute of the wrong length is refused with its name and a text.
    let mut get = Builder::generic(0x10, 3);
    get.bytes(1, &[]);
    let answer = connection.ask(get.finish().unwrap(), Expect::Messages, 0, limit, drop).unwrap();
    let Err(ReplyError::Kernel(error)) = answer.result else { panic!("{answer:?}") };
    assert_eq!(error.attribute, Some(1), "{error:?}");
    assert!(error.text.is_some());
    // All families: a dump of several messages.
    let dump = Builder::generic(0x10, 3).finish().unwrap();
    let answer = connection.ask(dump, Expect::Dump, 0, limit, drop).unwrap();
    assert!(answer.result.unwrap().len() > 1);
    assert_eq!(connection.receive().unwrap(), None);
}

#[test]
fn what_another_process_says_is_not_the_kernels() {
    let mut socket = Socket::open(16).unwrap();
    let stranger = netlink_sys::Socket::new(16).unwrap();
    let forged = frame(0x25, 0, 0, 0, &[46, 1, 0, 0]);
    match stranger.send_to(&forged, &netlink_sys::SocketAddr::new(socket.port(), 0), 0) {
        Ok(_) => assert_eq!(socket.receive().unwrap(), Received::Nothing),
        Err(error) => println!("skipped: only root may even try ({error})"),
    }
}
