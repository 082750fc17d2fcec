//! The whole session, against a kernel and an access point.

use super::{
    OURS,
    choosing::{announces, entry},
    device,
    registrar::{Fault, Registrar, credential},
    seeded,
};
use lapwing_core::{
    Duration, Instant,
    attempt::Ticket,
    kernel::{Connection, Errno, KernelEvent, Refusal, Reply, Request, ScanEntry},
    wsc::{Action, Credential, Event, Failure, Password, Pin, Session, Troubles, WALK_TIME},
};
use lapwing_frames::{
    MacAddr,
    eapol::{Packet, PacketType},
    management::{Authentication, AuthenticationAlgorithm, Body, Header, Management, StatusCode},
    wsc::DevicePasswordId,
};
use std::collections::VecDeque;

struct World {
    now: Instant,
    session: Session,
    entries: Vec<ScanEntry>,
    registrar: Registrar,
    /// Whether the access point answers an authentication.
    answers: bool,
    events: VecDeque<Event>,
    asked: Vec<&'static str>,
    ended: Option<Result<Vec<Credential>, Troubles>>,
    associated: Option<MacAddr>,
}

impl World {
    fn new(password: Password, full_mac: bool, entries: Vec<ScanEntry>, fault: Fault) -> Self {
        let now = Instant::after_start(Duration::from_secs(1000));
        Self {
            now,
            session: Session::new(device(), password.clone(), full_mac, now),
            entries,
            registrar: Registrar::new(password, credential(b"home", 0x20, 8, b"12345678"), fault),
            answers: true,
            events: VecDeque::new(),
            asked: Vec::new(),
            ended: None,
            associated: None,
        }
    }

    fn give(&mut self, event: Event) {
        self.events.push_back(event);
        while let Some(event) = self.events.pop_front() {
            let actions = seeded(4, |means| self.session.turn(self.now, event, means));
            for action in actions {
                match action {
                    Action::Ask { ticket, request } => self.answer(ticket, request),
                    Action::Ended(result) => {
                        assert!(self.ended.replace(result).is_none(), "it ended twice");
                    }
                }
            }
        }
        let over = self.ended.is_some();
        assert_eq!((self.session.is_over(), self.session.next_deadline().is_none()), (over, over));
    }

    fn key_frame(&self, packet: &[u8]) -> Event {
        let mut bytes = vec![2, PacketType::Eap.0];
        bytes.extend(u16::try_from(packet.len()).unwrap().to_be_bytes());
        bytes.extend(packet);
        let from = self.associated.unwrap();
        Event::Kernel(KernelEvent::KeyFrame { from, bytes, in_clear: true })
    }

    fn answer(&mut self, ticket: Ticket, request: Request) {
        assert!(self.ended.is_none() || matches!(request, Request::AbortScan));
        assert!(Session::is_ticket(ticket));
        self.asked.push(request.name());
        let mut reply = Reply::Done;
        let mut events = Vec::new();
        match request {
            Request::TriggerScan(request) => {
                assert!(!request.elements.is_empty());
                events.push(KernelEvent::ScanDone { frequencies: Vec::new() });
            }
            Request::ReadScan => reply = Reply::Scan(self.entries.clone()),
            Request::Authenticate(request) if self.answers => {
                let header = Header::new(OURS, request.bssid, request.bssid);
                let body = Body::Authentication(Authentication {
                    algorithm: AuthenticationAlgorithm::Open,
                    transaction: 2,
                    status: StatusCode::Success,
                    payload: Vec::new(),
                });
                let mut frame = Vec::new();
                Management { header, body }.write(&mut frame);
                events.push(KernelEvent::Authentication { frame });
            }
            Request::Associate(request) => {
                assert!(request.security.is_none() && !request.elements.is_empty());
                events.push(self.connected(request.peer.address()));
            }
            Request::Connect(request) => {
                assert!(request.security.is_none() && !request.elements.is_empty());
                events.push(self.connected(request.bssid.unwrap()));
            }
            Request::SendKeyFrame { to, bytes, .. } => {
                assert_eq!(Some(to), self.associated);
                let packet = Packet::parse(&bytes).unwrap();
                let next = match packet.kind {
                    PacketType::Start => Some(self.registrar.identity()),
                    _ => self.registrar.receive(packet.body),
                };
                self.events.extend(next.map(|next| self.key_frame(&next)));
            }
            Request::Deauthenticate { .. } | Request::Disconnect { .. } => self.associated = None,
            _ => {}
        }
        self.events.push_back(Event::Completed { ticket, outcome: Ok(reply) });
        self.events.extend(events.into_iter().map(Event::Kernel));
    }

    fn connected(&mut self, peer: MacAddr) -> KernelEvent {
        self.associated = Some(peer);
        KernelEvent::Connected(Connection {
            peer,
            status: StatusCode::Success,
            timed_out: false,
            request_elements: Vec::new(),
            response_elements: Vec::new(),
            links: Vec::new(),
        })
    }

    /// Goes on until it has ended: how long that took.
    fn run(&mut self) -> Duration {
        let begun = self.now;
        for _ in 0..1000 {
            let Some(at) = self.session.next_deadline() else { break };
            assert!(at >= self.now || at == begun, "a deadline that is over");
            self.now = self.now.max(at);
            self.give(Event::Tick);
        }
        assert!(self.ended.is_some(), "it never ends");
        assert_eq!(self.associated, None, "nothing is left behind");
        self.now.since(begun)
    }
}

fn pushed() -> Vec<ScanEntry> {
    vec![entry(1, 2412, -4000, Some(&announces(DevicePasswordId::PushButton, Some(1), None)))]
}

#[test]
fn a_button_is_pushed_and_the_networks_are_there() {
    for full_mac in [false, true] {
        let mut world = World::new(Password::PushButton, full_mac, pushed(), Fault::None);
        let took = world.run();
        let credentials = world.ended.unwrap().unwrap();
        assert_eq!(credentials[0].ssid.octets(), b"home");
        assert!(took < Duration::from_secs(3));
        let associate: &[&str] = if full_mac { &["CONNECT"] } else { &["AUTHENTICATE", "ASSOCIATE"] };
        assert!(world.asked.starts_with(&[&["TRIGGER_SCAN", "GET_SCAN"], associate].concat()));
    }
}

#[test]
fn a_pin_without_an_access_point_that_waits_takes_two_minutes_and_no_more() {
    let pin = Password::Pin(Pin::new("12345670").unwrap());
    let mut world = World::new(pin, false, pushed(), Fault::None);
    let took = world.run();
    assert_eq!(world.ended, Some(Err(Troubles::WalkTimeOver)));
    assert!(took >= WALK_TIME && took < WALK_TIME + Duration::from_secs(5), "{took:?}");
}

#[test]
fn two_pushed_buttons_end_it_at_once() {
    let mut entries = pushed();
    entries.push(entry(2, 2437, -4000, Some(&announces(DevicePasswordId::PushButton, Some(2), None))));
    let mut world = World::new(Password::PushButton, false, entries, Fault::None);
    world.run();
    assert_eq!(world.ended, Some(Err(Troubles::Overlap)));
    assert_eq!(world.asked, ["TRIGGER_SCAN", "GET_SCAN"]);
}

#[test]
fn an_access_point_that_does_not_answer_is_asked_again_until_the_time_is_over() {
    let mut world = World::new(Password::PushButton, false, pushed(), Fault::None);
    world.answers = false;
    let took = world.run();
    assert_eq!(world.ended, Some(Err(Troubles::NotReached)));
    assert!(took < WALK_TIME + Duration::from_secs(10));
}

#[test]
fn what_fails_for_good_ends_it_and_what_may_pass_is_tried_again() {
    let mut world = World::new(Password::PushButton, false, pushed(), Fault::Empty);
    assert!(world.run() < Duration::from_secs(10));
    assert_eq!(world.ended, Some(Err(Troubles::Exchange(Failure::NoCredentials))));
    let mut world = World::new(Password::PushButton, false, pushed(), Fault::Unauthentic);
    world.run();
    assert_eq!(world.ended, Some(Err(Troubles::Exchange(Failure::EndedEarly))));
}

#[test]
fn it_can_be_cancelled_at_every_moment_and_leaves_nothing_behind() {
    for moment in 0..40 {
        let mut world = World::new(Password::PushButton, false, pushed(), Fault::None);
        let mut events = VecDeque::from([Event::Tick]);
        let mut left = moment;
        while let Some(event) = events.pop_front() {
            if left == 0 {
                break;
            }
            left -= 1;
            // One event at a time: what it leads to waits.
            let actions = seeded(4, |means| world.session.turn(world.now, event, means));
            for action in actions {
                match action {
                    Action::Ask { ticket, request } => world.answer(ticket, request),
                    Action::Ended(result) => world.ended = Some(result),
                }
            }
            events.append(&mut world.events);
        }
        if world.ended.is_none() {
            world.give(Event::Cancel);
            world.run();
            assert_eq!(world.ended, Some(Err(Troubles::Cancelled)), "moment {moment}");
        }
    }
}

#[test]
fn refusals_and_an_interface_that_goes_away_end_it() {
    let mut world = World::new(Password::PushButton, false, pushed(), Fault::None);
    let actions = seeded(4, |means| world.session.turn(world.now, Event::Tick, means));
    let [Action::Ask { ticket, .. }] = &actions[..] else { panic!("{actions:?}") };
    let refusal = Refusal { errno: Errno::ENETDOWN, message: None };
    let mut other = world.session.clone();
    world.give(Event::Completed { ticket: *ticket, outcome: Err(refusal.clone()) });
    assert_eq!(world.ended, Some(Err(Troubles::Kernel("a scan", refusal))));
    let down = Event::Kernel(KernelEvent::InterfaceDown);
    let actions = seeded(4, |means| other.turn(world.now, down, means));
    assert_eq!(actions, [Action::Ended(Err(Troubles::Unavailable))]);
}
