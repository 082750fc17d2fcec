mod crowd;

use super::*;
use crate::air::Protection;
use crate::habit::{Habit, Habits};
use client::{Client, Heard, Known, Outcome, Sent};
use lapwing_core::kernel::Frequency;
use lapwing_frames::Ssid;
use lapwing_frames::management::{Action as ActionBody, Body, Management, ReasonCode, StatusCode};
use lapwing_frames::suite::Akm;

#[path = "../../../core/tests/common/client.rs"]
mod client;

fn link(number: u8) -> LinkId {
    LinkId::new(number).unwrap()
}

fn ssid() -> Ssid {
    Ssid::new(b"net").unwrap()
}

fn bss(number: u8, frequency: u32) -> ApBss {
    ApBss { bssid: MacAddr([2, 0, 0, 0, 0xa0, number]), frequency: Frequency(frequency) }
}

fn mld() -> ApLinks {
    let links = [(0, 2412), (1, 5180), (2, 5955)];
    let links = links.into_iter().map(|(id, frequency)| (link(id), bss(id, frequency))).collect();
    ApLinks::Mld { address: MacAddr([2, 0, 0, 0, 0xa0, 0xff]), links }
}

/// An access point and a client with a radio that knows one key.
struct World {
    now: Instant,
    entropy: SeededEntropy,
    ap: Ap,
    client: Client,
    key: Option<KeyPrint>,
    sent: u64,
    delivered: Vec<Vec<u8>>,
    received: Vec<(MacAddr, Option<Protection>)>,
}

impl World {
    fn new(setup: ApSetup, akm: Option<Akm>, with_links: bool) -> Self {
        let ap = Ap::new(setup);
        let of = |beacon: &Beacon| Heard {
            bssid: beacon.bssid,
            elements: beacon.probe_elements.clone().unwrap_or(beacon.elements.clone()),
        };
        let beacons = ap.beacons();
        let heard = ap.setup().links.iter().zip(&beacons).map(|((id, _), beacon)| (id, of(beacon)));
        let mld_address = match &ap.setup().links {
            ApLinks::Single(_) => None,
            ApLinks::Mld { address, .. } => Some(*address),
        };
        let known = Known { ssid: ssid(), bss: heard.collect(), mld_address };
        let client = Client::new(1, known, akm);
        let client = if with_links { client.with_links() } else { client };
        Self {
            now: Instant::default(),
            entropy: SeededEntropy(3),
            ap,
            client,
            key: None,
            sent: 0,
            delivered: vec![],
            received: vec![],
        }
    }

    fn turn(&mut self, input: ApInput) -> Vec<ApOutput> {
        let mut out = vec![];
        let mut means = Means { entropy: &mut self.entropy, curves: &ShamCurves };
        self.ap.turn(self.now, input, &mut means, &mut out);
        out
    }

    fn transmission(&mut self, sent: Sent) -> Transmission {
        let on = self.client.on;
        let frequency = self.ap.setup().links.iter().find(|(id, _)| *id == on).unwrap().1.frequency;
        let receiver = self.client.bssid();
        let own = on.and_then(|on| self.client.links.get(&on)).copied();
        let transmitter = own.unwrap_or(self.client.address);
        let mut protection = |wanted: bool| {
            let key = self.key.filter(|_| wanted)?;
            self.sent += 1;
            Some(Protection { key, packet_number: self.sent })
        };
        let content = match sent {
            Sent::Frame { bytes, protected, .. } => {
                Content::Management { frame: bytes, protection: protection(protected) }
            }
            Sent::KeyFrame { bytes, in_clear } => Content::Data {
                source: self.client.address,
                destination: self.client.peer_address(),
                ethertype: EAPOL,
                payload: bytes,
                protection: protection(!in_clear),
            },
        };
        Transmission { frequency, transmitter, receiver, content }
    }

    fn data(&mut self, protected: bool) -> Transmission {
        let mut transmission =
            self.transmission(Sent::KeyFrame { bytes: b"hello".to_vec(), in_clear: !protected });
        if let Content::Data { ethertype, destination, .. } = &mut transmission.content {
            (*ethertype, *destination) = (0x0800, MacAddr([2, 9, 9, 9, 9, 9]));
        }
        transmission
    }

    fn settle(&mut self, out: Vec<ApOutput>) {
        let mut out = out;
        for _ in 0..200 {
            for output in std::mem::take(&mut out) {
                match output {
                    ApOutput::Transmit(transmission) => self.hear(transmission),
                    ApOutput::Deliver { payload, .. } => self.delivered.push(payload),
                    _ => {}
                }
            }
            let pairwise = (None, client::KeyKindName::Pairwise, 0);
            for sent in std::mem::take(&mut self.client.sent) {
                let transmission = self.transmission(sent);
                out.extend(self.turn(ApInput::Received(transmission)));
            }
            self.key = self.client.keys.get(&pairwise).map(|key| KeyPrint::of(key.expose()));
            if out.is_empty() {
                return;
            }
        }
        panic!("they never stop talking");
    }

    fn hear(&mut self, transmission: Transmission) {
        let own = self.client.links.values().chain([&self.client.address]);
        if !own.copied().any(|own| own == transmission.receiver) && !transmission.receiver.is_group() {
            return;
        }
        let mut means = Means { entropy: &mut self.entropy, curves: &ShamCurves };
        match transmission.content {
            Content::Management { frame, protection } => {
                assert!(protection.is_none_or(|protection| Some(protection.key) == self.key));
                self.client.on_frame(&mut means, &frame);
            }
            Content::Data { ethertype: EAPOL, payload, protection, .. } => {
                self.client.on_key_frame(&mut means, &payload, protection.is_some());
            }
            Content::Data { destination, protection, .. } => self.received.push((destination, protection)),
        }
    }

    fn join(&mut self) -> Option<Outcome> {
        self.client.outcomes.clear();
        let mut means = Means { entropy: &mut self.entropy, curves: &ShamCurves };
        self.client.authenticate(&mut means);
        self.key = None;
        self.settle(vec![]);
        if self.client.outcomes.last() == Some(&Outcome::Authenticated) {
            let mut means = Means { entropy: &mut self.entropy, curves: &ShamCurves };
            self.client.associate(&mut means);
            self.settle(vec![]);
        }
        self.client.outcomes.last().cloned()
    }

    fn order(&mut self, order: ApOrder) -> Vec<ApOutput> {
        self.turn(ApInput::Order(order))
    }

    fn truth(&self) -> Option<ApTruth> {
        self.ap.truth(self.client.address)
    }

    fn tick(&mut self) -> Vec<ApOutput> {
        self.now = self.ap.deadline().unwrap();
        self.turn(ApInput::Tick)
    }
}

fn setup(security: ApSecurity) -> ApSetup {
    ApSetup::new(ssid(), security, ApLinks::Single(bss(0, 5180)))
}

#[test]
fn data_passes_when_the_port_is_open_and_only_under_the_key() {
    for (security, akm) in [
        (ApSecurity::Wpa2, Akm::Psk),
        (ApSecurity::Wpa3, Akm::Sae),
        (ApSecurity::Wpa3ExtendedKey, Akm::SaeExtKey),
        (ApSecurity::Transition, Akm::Psk),
        (ApSecurity::Owe, Akm::Owe),
    ] {
        let mut world = World::new(setup(security), Some(akm), false);
        assert_eq!(world.join(), Some(Outcome::Secured), "{security:?}");
        let truth = world.truth().unwrap();
        assert!(truth.associated && truth.authorized);
        assert_eq!(truth.pairwise, world.key);
        for ((link, index), print) in &truth.group {
            let held = world.client.keys.iter().find(|((of, _, number), _)| (of, number) == (link, index));
            assert_eq!(KeyPrint::of(held.unwrap().1.expose()), *print);
        }
        let clear = world.data(false);
        let out = world.turn(ApInput::Received(clear));
        assert_eq!(out, [], "in clear");
        let protected = world.data(true);
        let out = world.turn(ApInput::Received(protected.clone()));
        assert!(matches!(&out[..], [ApOutput::Deliver { .. }]), "{out:?}");
        assert_eq!(world.turn(ApInput::Received(protected)), [], "a second time");
        for destination in [world.client.address, MacAddr::BROADCAST] {
            let source = MacAddr([2, 9, 9, 9, 9, 9]);
            let out = world.turn(ApInput::Send { source, destination, ethertype: 0x0800, payload: vec![1] });
            assert_eq!(out.len(), 1);
            world.settle(out);
            let (to, protection) = world.received.pop().unwrap();
            let expected = if to.is_group() { truth.group[&(None, 1)] } else { truth.pairwise.unwrap() };
            assert_eq!(protection.map(|protection| protection.key), Some(expected));
        }
    }
}

#[test]
fn an_ap_mld_is_joined_with_its_links_and_sends_group_frames_on_each() {
    let setup = ApSetup { links: mld(), beacon_protection: true, ..setup(ApSecurity::Wpa3) };
    let mut world = World::new(setup, Some(Akm::Sae), true);
    assert_eq!(world.join(), Some(Outcome::Secured));
    let truth = world.truth().unwrap();
    assert_eq!(truth.links, [link(0), link(1), link(2)].into());
    assert_eq!(truth.group.len(), 9);
    let source = MacAddr([2, 9, 9, 9, 9, 9]);
    let broadcast =
        ApInput::Send { source, destination: MacAddr::BROADCAST, ethertype: 0x0800, payload: vec![] };
    let out = world.turn(broadcast.clone());
    let channels: Vec<u32> = out
        .iter()
        .map(|output| match output {
            ApOutput::Transmit(transmission) => transmission.frequency.0,
            _ => panic!("{output:?}"),
        })
        .collect();
    assert_eq!(channels, [2412, 5180, 5955]);
    let out = world.order(ApOrder::RenewGroupKeys);
    world.settle(out);
    assert!(world.truth().unwrap().group.keys().all(|(_, index)| [2, 5, 7].contains(index)));

    // A link goes: nothing is sent on it any more.
    world.order(ApOrder::RemoveLink { link: link(1), beacons: 2 });
    world.tick();
    let out = world.tick();
    assert!(out.contains(&ApOutput::Silence(bss(1, 0).bssid)), "{out:?}");
    assert_eq!(world.ap.beacons().len(), 2);
    assert_eq!(world.truth().unwrap().links, [link(0), link(2)].into());
    assert_eq!(world.turn(broadcast).len(), 2);

    // And comes back, with keys of its own.
    world.order(ApOrder::AddLink(link(1)));
    assert_eq!(world.ap.beacons().len(), 3);
    let address = MacAddr([2, 7, 7, 7, 7, 7]);
    world.client.reconfigure(&[(link(1), address)], &[]);
    world.settle(vec![]);
    let expected = Outcome::Reconfigured(vec![(link(1), StatusCode::Success)]);
    assert_eq!(world.client.outcomes.last(), Some(&expected));
    let print = world.truth().unwrap().group[&(Some(link(1)), 1)];
    let own = &world.client.keys[&(Some(link(1)), client::KeyKindName::Group, 1)];
    assert_eq!(KeyPrint::of(own.expose()), print);
}

#[test]
fn who_comes_later_is_told_how_far_the_group_keys_are() {
    for links in [ApLinks::Single(bss(0, 5180)), mld()] {
        let with_links = links.address() != bss(0, 0).bssid;
        let setup = ApSetup { links, ..setup(ApSecurity::Wpa3) };
        let mut world = World::new(setup, Some(Akm::Sae), with_links);
        assert_eq!(world.join(), Some(Outcome::Secured));
        assert!(world.client.packet_numbers.values().all(|number| *number == 0));
        let (source, destination) = (MacAddr([2, 9, 9, 9, 9, 9]), MacAddr::BROADCAST);
        for _ in 0..3 {
            world.turn(ApInput::Send { source, destination, ethertype: 0x0800, payload: vec![1] });
        }
        world.client.deauthenticate(true);
        world.settle(vec![]);
        assert_eq!(world.join(), Some(Outcome::Secured));
        for ((link, kind, index), number) in &world.client.packet_numbers {
            let expected = if *kind == client::KeyKindName::Group { 3 } else { 0 };
            assert_eq!(*number, expected, "{link:?} {kind:?} {index}");
        }
    }
}

#[test]
fn an_unprotected_goodbye_is_not_obeyed_and_after_a_reboot_everybody_is_a_stranger() {
    let mut world = World::new(setup(ApSecurity::Wpa3), Some(Akm::Sae), false);
    world.join();
    world.client.deauthenticate(false);
    world.settle(vec![]);
    assert!(world.truth().unwrap().authorized);
    let out = world.order(ApOrder::PowerOff);
    assert_eq!(out, [ApOutput::Silence(bss(0, 0).bssid)]);
    assert_eq!(world.ap.beacons(), []);
    let data = world.data(true);
    assert_eq!(world.turn(ApInput::Received(data)), []);
    assert!(matches!(&world.order(ApOrder::PowerOn)[..], [ApOutput::Beacon(_)]));
    assert_eq!(world.truth(), None);
    let data = world.data(true);
    let out = world.turn(ApInput::Received(data));
    world.settle(out);
    assert_eq!(world.client.outcomes.last(), Some(&Outcome::ThrownOut(ReasonCode::InvalidClass3Frame)));
    // Its memory is gone, and with it the PMKSA.
    assert_eq!(world.join(), Some(Outcome::Refused(StatusCode::InvalidPmkid)));
}

#[test]
fn habits_with_a_cached_pmksa() {
    for (habit, expected) in [
        (Habit::ApForgetsPmksa, Outcome::Refused(StatusCode::InvalidPmkid)),
        (Habit::ApStatus53OnCachedPmksa, Outcome::Refused(StatusCode::InvalidPmkid)),
        (Habit::ApDeauth9OnCachedPmksa, Outcome::ThrownOut(ReasonCode::NotAuthenticated)),
        (Habit::ApSilentOnCachedPmksa, Outcome::Authenticated),
        (Habit::ApNoHandshakeOnCachedPmksa, Outcome::Associated),
    ] {
        for links in [ApLinks::Single(bss(0, 5180)), mld()] {
            let with_links = links != ApLinks::Single(bss(0, 5180));
            let habits = Habits::NONE.with(habit);
            let setup = ApSetup { links, habits, ..setup(ApSecurity::Wpa3) };
            let mut world = World::new(setup, Some(Akm::Sae), with_links);
            assert_eq!(world.join(), Some(Outcome::Secured), "{habit}");
            world.client.deauthenticate(true);
            world.settle(vec![]);
            assert_eq!(world.join(), Some(expected.clone()), "{habit}");
            // A full authentication works again, whatever is left of the attempt.
            world.client.cached = None;
            assert_eq!(world.join(), Some(Outcome::Secured), "{habit}");
        }
    }
}

#[test]
fn an_ap_mld_with_the_habit_answers_where_the_station_was_before() {
    for habits in [Habits::NONE, Habits::NONE.with(Habit::ApAnswersOldLinkAddress)] {
        let setup = ApSetup { links: mld(), habits, ..setup(ApSecurity::Wpa3) };
        let mut world = World::new(setup, Some(Akm::Sae), true);
        world.join();
        let before = world.client.links[&link(0)];
        world.client.links.values_mut().for_each(|address| address.0[3] = 0x55);
        let mut means = Means { entropy: &mut world.entropy, curves: &ShamCurves };
        world.client.authenticate(&mut means);
        let sent = world.client.sent.pop().unwrap();
        let after = world.client.links[&link(0)];
        world.key = None;
        let heard = world.transmission(sent);
        let out = world.turn(ApInput::Received(heard));
        let [ApOutput::Transmit(answer)] = &out[..] else { panic!("{out:?}") };
        let bad = habits.has(Habit::ApAnswersOldLinkAddress);
        assert_eq!(answer.receiver, if bad { before } else { after });
        let Content::Management { frame, protection: None } = &answer.content else { panic!() };
        let frame = Management::parse(frame).unwrap();
        assert_eq!(frame.header.receiver, answer.receiver);
        assert!(matches!(frame.body, Body::Authentication(_)));
    }
}

#[test]
fn a_query_reaches_the_station_under_its_key() {
    let setup = ApSetup { links: mld(), ..setup(ApSecurity::Wpa3) };
    let mut world = World::new(setup, Some(Akm::Sae), true);
    world.join();
    world.client.query();
    let sent = world.client.sent.pop().unwrap();
    let heard = world.transmission(sent);
    let out = world.turn(ApInput::Received(heard));
    let [ApOutput::Transmit(answer)] = &out[..] else { panic!("{out:?}") };
    let Content::Management { frame, protection: Some(protection) } = &answer.content else { panic!() };
    assert_eq!(Some(protection.key), world.key);
    let frame = Management::parse_decrypted(frame).unwrap();
    assert_eq!(frame.header.receiver, world.client.links[&link(0)]);
    assert_eq!(frame.header.transmitter, bss(0, 0).bssid);
    assert!(matches!(frame.body, Body::Action(ActionBody::SaQueryResponse(_))));
}

#[test]
fn a_channel_switch_is_counted_down_and_done() {
    let mut world = World::new(setup(ApSecurity::Wpa2), Some(Akm::Psk), false);
    world.join();
    let to = Frequency(5220);
    let mut counts = vec![];
    let mut out = world.order(ApOrder::SwitchChannel { link: None, to });
    for _ in 0..3 {
        let Some(ApOutput::Beacon(beacon)) = out.first() else { panic!("{out:?}") };
        assert_eq!(beacon.frequency, Frequency(5180));
        let elements = lapwing_frames::element::Elements::new(&beacon.elements);
        let announced = elements.find::<lapwing_frames::element::ChannelSwitch>().unwrap().unwrap();
        counts.push((announced.channel, announced.count));
        out = world.tick();
    }
    assert_eq!(counts, [(44, 3), (44, 2), (44, 1)]);
    let [ApOutput::Beacon(beacon)] = &out[..] else { panic!("{out:?}") };
    assert_eq!((beacon.frequency, world.ap.beacons()), (to, vec![beacon.clone()]));
    let source = MacAddr([2, 9, 9, 9, 9, 9]);
    let destination = world.client.address;
    let out = world.turn(ApInput::Send { source, destination, ethertype: 0x0800, payload: vec![] });
    assert!(matches!(&out[..], [ApOutput::Transmit(sent)] if sent.frequency == to));
}

#[test]
fn who_fades_keeps_his_memory() {
    let mut world = World::new(setup(ApSecurity::Wpa2), Some(Akm::Psk), false);
    world.join();
    assert_eq!(world.order(ApOrder::Fade(true)), [ApOutput::Silence(bss(0, 0).bssid)]);
    let data = world.data(true);
    assert_eq!((world.turn(ApInput::Received(data)), world.ap.beacons()), (vec![], vec![]));
    // It has its power: more of it does not bring it nearer, nor keeps it from coming back.
    assert_eq!((world.order(ApOrder::PowerOn), world.ap.beacons()), (vec![], vec![]));
    assert!(matches!(&world.order(ApOrder::Fade(false))[..], [ApOutput::Beacon(_)]));
    let data = world.data(true);
    assert!(matches!(&world.turn(ApInput::Received(data))[..], [ApOutput::Deliver { .. }]));
}

#[test]
fn a_hidden_name_is_in_the_answer_to_a_probe_alone() {
    let habits = Habits::NONE.with(Habit::ApHidesName);
    let ap = Ap::new(ApSetup { habits, ..setup(ApSecurity::Wpa3) });
    let [beacon] = &ap.beacons()[..] else { panic!() };
    let name =
        |elements: &[u8]| lapwing_frames::element::Elements::new(elements).find::<Ssid>().unwrap().unwrap();
    assert!(name(&beacon.elements).is_hidden());
    assert_eq!(name(beacon.probe_elements.as_ref().unwrap()), ssid());
}
