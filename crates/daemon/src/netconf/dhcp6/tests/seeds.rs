//! Many made worlds, each from one number.

use super::*;

/// Whether something that happens so many times in a hundred happens now.
fn happens(entropy: &mut SeededEntropy, percent: u8) -> bool {
    let [chance] = random(entropy);
    u16::from(chance) * 100 / 256 < u16::from(percent)
}

/// A network for some hours: packets are lost, repeated, late and garbled, servers forget, access points change, connections are lost. Then
/// calm, in which all must be well.
fn world(seed: u64) {
    let mut line = SeededEntropy(seed ^ 0x5eed);
    let rapid = happens(&mut line, 50);
    let mut run = Run::of(seed, Six::new(Managed::Addresses, rapid));
    run.begin();
    let mut flying: BTreeSet<(Instant, bool, Vec<u8>)> = BTreeSet::new();
    let calm = START + Duration::from_secs(4 * 3600);
    let end = calm + Duration::from_secs(2 * 3600);
    let mut packets = run.sent.iter().map(|(_, message)| client_packet(message)).collect::<Vec<_>>();
    let mut to_server = true;
    let mut turns = 0_u32;
    loop {
        turns += 1;
        assert!(turns < 5000, "seed {seed}: it never rests");
        let storm = run.now < calm;
        for mut octets in packets.drain(..) {
            if storm && happens(&mut line, 30) {
                continue;
            }
            if storm && happens(&mut line, 5) {
                let [at, value] = random(&mut line);
                let length = octets.len();
                octets[usize::from(at) % length] ^= value;
            }
            let late = if storm { u64::from(random::<1>(&mut line)[0]) * 20 } else { 1 };
            if storm && happens(&mut line, 10) {
                flying.insert((run.now + Duration::from_millis(2 * late + 1), to_server, octets.clone()));
            }
            flying.insert((run.now + Duration::from_millis(late), to_server, octets));
        }
        let due = run.client.next_deadline();
        let arrives = flying.first().map(|(at, _, _)| *at);
        let Some(next) = due.into_iter().chain(arrives).min().filter(|next| *next < end) else { break };
        run.now = next;
        if arrives == Some(next) {
            let (_, for_server, octets) = flying.pop_first().expect("it was just looked at");
            if for_server {
                if storm && happens(&mut line, 3) {
                    run.server = Six::new(Managed::Addresses, rapid);
                }
                packets.extend(run.server.turn(run.now, &octets));
                to_server = false;
                continue;
            }
            packets = run.turn(Event::Packet(&octets));
        } else {
            if storm && happens(&mut line, 5) {
                run.client.moved(run.now);
            }
            packets = run.turn(Event::Tick);
        }
        if storm && happens(&mut line, 3) {
            let taken = run.client.addresses().next();
            if let Some(address) = taken {
                packets.extend(run.turn(Event::Taken(address)));
            }
        }
        if storm && happens(&mut line, 2) {
            // The connection is lost, and is back at once.
            let settings = Settings { hardware: WE };
            let kept = run.client.kept();
            run.client = kept.map_or_else(|| Client::new(settings), |kept| Client::back(settings, kept));
            run.uses.clear();
            packets.extend(run.turn(Event::LinkLocal(Some(SOURCE))));
            packets.extend(run.turn(Event::Wished(Wish::Addresses)));
        }
        to_server = true;
    }
    let has: Vec<_> = run.uses.keys().copied().collect();
    assert_eq!(has.first().copied(), run.server.address_of(run.now, &DUID), "seed {seed}: {:?}", run.notes);
    assert_eq!(has.len(), 1, "seed {seed}: {:?}", run.notes);
    run.now = end;
    run.live(Duration::ZERO);
    let left = run.client.leave(run.now, &mut run.entropy);
    for octets in run.done(left) {
        let _acknowledged = run.server.turn(run.now, &octets);
    }
    assert_eq!((run.uses.len(), run.server.address_of(run.now, &DUID)), (0, None), "seed {seed}");
}

/// The packet that a message of the client was in.
fn client_packet(message: &Message) -> Vec<u8> {
    Datagram {
        source: SOURCE,
        destination: SERVERS,
        source_port: 546,
        destination_port: 547,
        payload: &message.build(),
    }
    .build()
}

#[test]
fn whatever_the_line_does_there_is_one_address_in_the_end() {
    for seed in 0..300 {
        world(seed);
    }
}
