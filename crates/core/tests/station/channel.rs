//! Operating channel validation, from the read-back to the SA Query after a switch.

use super::{
    ap::Setup,
    joining::{SECOND, joined, personal},
    world::{Faults, OWN, World},
};
use lapwing_core::{
    Duration,
    failure::Code,
    kernel::{ChannelDefinition, ChannelWidth, Errno, Frequency, KernelEvent, Refusal, Request},
    station::Event,
};
use lapwing_frames::{
    element::{Elements, Rsn, RsnCapabilities},
    suite::Akm,
};

fn setup(width: ChannelWidth) -> Setup {
    Setup { validates_channel: true, width, ..Setup::new(b"home", 1, &[Akm::Sae]) }
}

fn elsewhere() -> ChannelDefinition {
    ChannelDefinition::narrow(Frequency(2412))
}

/// Whether the last association announced the validation.
fn announced(world: &World) -> bool {
    let elements = world.requests.iter().rev().find_map(|request| match request {
        Request::Associate(request) => Some(request.elements.clone()),
        _ => None,
    });
    let rsn = Elements::new(&elements.unwrap()).find::<Rsn>().unwrap().unwrap();
    rsn.capabilities().contains(RsnCapabilities::OCVC)
}

fn names(world: &World) -> Vec<&'static str> {
    world.requests.iter().map(Request::name).collect()
}

fn switched(world: &mut World) {
    let frequency = world.aps[0].setup.frequency;
    world.event(KernelEvent::ChannelSwitched { link: None, frequency });
}

#[test]
fn the_channel_is_read_between_connection_and_message_2() {
    for width in [ChannelWidth::Mhz20, ChannelWidth::Mhz40, ChannelWidth::Mhz80] {
        let mut world = joined(vec![setup(width)], personal(b"home"));
        let names = names(&world);
        let place = |name| names.iter().rposition(|ours| *ours == name).unwrap();
        let first_key_frame = names.iter().position(|name| *name == "CONTROL_PORT_FRAME").unwrap();
        assert!(place("ASSOCIATE") < place("GET_INTERFACE") && place("GET_INTERFACE") < first_key_frame);
        assert!(announced(&world));
        world.run(SECOND);
        assert!(world.agrees() && world.failures().is_empty() && world.refusals.is_empty());
    }
    // Nothing of it without the AP's wish.
    let world = joined(vec![Setup::new(b"home", 1, &[Akm::Sae])], personal(b"home"));
    assert!(!announced(&world));
    assert_eq!(world.count("GET_INTERFACE"), 1);
}

#[test]
fn a_narrower_station_is_in_order() {
    let mut world = World::new(1, vec![setup(ChannelWidth::Mhz80)]);
    world.channel = Some(ChannelDefinition::narrow(world.aps[0].setup.frequency));
    world.give(Event::Networks(vec![personal(b"home")]));
    assert!(world.run_until(10 * SECOND, World::is_connected), "{:?}", world.failures());
    assert!(world.failures().is_empty());
}

#[test]
fn a_key_frame_waits_for_the_channel() {
    let mut world = World::new(1, vec![setup(ChannelWidth::Mhz20)]);
    world.faults = Faults { early_key_frames: true, ..world.faults };
    world.give(Event::Networks(vec![personal(b"home")]));
    assert!(world.run_until(10 * SECOND, World::is_connected));
    // Message 1 was not asked for again.
    assert_eq!(world.count("CONTROL_PORT_FRAME"), 2);
    assert!(world.failures().is_empty());
    world.check();
}

#[test]
fn an_ap_on_another_channel_is_a_failure_of_its_own() {
    let mut world = World::new(1, vec![setup(ChannelWidth::Mhz20)]);
    world.give(Event::Networks(vec![personal(b"home")]));
    assert!(world.run_until(10 * SECOND, |world| world.count("CONTROL_PORT_FRAME") == 1));
    world.channel = Some(elsewhere());
    switched(&mut world);
    assert!(world.run_until(SECOND, |world| !world.failures().is_empty()));
    let code = Code::OperatingChannel("the operating channel is not the one we are on");
    assert_eq!(world.failures(), [code]);
    // Nothing of it was installed.
    assert_eq!((world.count("NEW_KEY"), world.count("SET_STATION")), (0, 0));
    world.channel = None;
    assert!(world.run_until(30 * SECOND, World::is_connected));
    world.check();
}

#[test]
fn a_kernel_that_does_not_tell_the_channel() {
    // Once: another try.
    let mut world = World::new(1, vec![setup(ChannelWidth::Mhz20)]);
    world.give(Event::Networks(vec![personal(b"home")]));
    assert!(world.run_until(10 * SECOND, |world| world.count("ASSOCIATE") == 1));
    world.refuse.push_back(("GET_INTERFACE", Errno::EIO));
    assert!(world.run_until(10 * SECOND, World::is_connected));
    let refusal = Refusal { errno: Errno::EIO, message: None };
    assert_eq!(world.failures(), [Code::Refused { command: "GET_INTERFACE", refusal }]);
    assert!(announced(&world));
    // A channel that frames have no name for: not promised again.
    let mut world = World::new(1, vec![setup(ChannelWidth::Mhz20)]);
    world.channel = Some(ChannelDefinition { width: ChannelWidth::Other(6), ..elsewhere() });
    world.give(Event::Networks(vec![personal(b"home")]));
    assert!(world.run_until(10 * SECOND, World::is_connected));
    assert!(matches!(world.failures()[..], [Code::OperatingChannel(_)]), "{:?}", world.failures());
    assert!(!announced(&world));
    world.check();
}

/// The last management frame that was sent, from its body on.
fn last_frame(world: &World) -> Vec<u8> {
    let frame = world.requests.iter().rev().find_map(|request| match request {
        Request::SendFrame { bytes, .. } => Some(bytes[24..].to_vec()),
        _ => None,
    });
    frame.unwrap()
}

#[test]
fn after_a_switch_the_ap_proves_where_it_is() {
    let mut world = joined(vec![setup(ChannelWidth::Mhz20)], personal(b"home"));
    world.run(20 * SECOND);
    world.aps[0].setup.width = ChannelWidth::Mhz40;
    switched(&mut world);
    world.run(5 * SECOND);
    assert!(world.is_connected() && world.ends().is_empty());
    assert_eq!(world.count("FRAME"), 1);
    // Category, request, transaction, OCI: element, length, its extension, class of 40 MHz, channel 36.
    let frame = last_frame(&world);
    assert_eq!((&frame[..2], &frame[4..]), (&[8, 0][..], &[255, 4, 54, 116, 36, 0][..]));
    // It is not where we are.
    world.channel = Some(elsewhere());
    let began = world.now;
    switched(&mut world);
    assert!(world.run_until(5 * SECOND, |world| !world.ends().is_empty()));
    assert!(world.now.since(began) < Duration::from_millis(1100));
    assert!(matches!(world.ends()[..], [Code::OperatingChannel(_)]), "{:?}", world.ends());
    world.channel = None;
    assert!(world.run_until(30 * SECOND, |world| world.is_connected() && world.agrees()));
    world.check();
}

#[test]
fn a_key_frame_after_a_switch_waits_for_the_channel() {
    let mut world = joined(vec![setup(ChannelWidth::Mhz20)], personal(b"home"));
    world.run(SECOND);
    let frames = world.count("CONTROL_PORT_FRAME");
    switched(&mut world);
    let now = world.now;
    let said = world.aps[0].rekey_group(now);
    world.speak(0, said);
    world.run(5 * SECOND);
    assert_eq!(world.count("CONTROL_PORT_FRAME"), frames + 1);
    assert!(world.is_connected() && world.agrees());
    world.check();
}

#[test]
fn a_query_is_answered_with_the_channel_and_only_if_it_names_it() {
    let mut world = joined(vec![setup(ChannelWidth::Mhz20)], personal(b"home"));
    let bssid = world.aps[0].setup.bssid;
    let header = [&[0xd0, 0, 0, 0][..], &OWN.0, &bssid.0, &bssid.0, &[0, 0]].concat();
    let ask = |world: &mut World, elements: &[u8]| {
        let bytes = [&header[..], &[8, 0, 0x34, 0x12], elements].concat();
        world.event(KernelEvent::Frame { frequency: None, bytes });
        world.run(SECOND);
        world.count("FRAME")
    };
    for wrong in [&[][..], &[255, 4, 54, 115, 40, 0], &[255, 3, 54, 115, 36], &[255, 4, 55, 115, 36, 0]] {
        assert_eq!(ask(&mut world, wrong), 0, "{wrong:?}");
    }
    assert_eq!(ask(&mut world, &[255, 4, 54, 115, 36, 0]), 1);
    assert_eq!(last_frame(&world), [8, 1, 0x34, 0x12, 255, 4, 54, 115, 36, 0]);
}
