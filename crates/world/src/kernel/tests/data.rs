//! Data and EAPOL: what passes, in which protection.

use super::world::{AP, Bench, MLD, State, key, pairwise, sent};
use crate::air::{Content, Protection};
use crate::habit::Habits;
use crate::parts::{Command, KernelInput, KernelOutput};
use lapwing_core::kernel::{
    AssociateRequest, AssociateSecurity, Errno, KernelEvent, KeyKind, Reply, Request,
};

const IP: (u16, &[u8]) = (0x0800, b"packet");
const EAPOL: (u16, &[u8]) = (0x888e, b"key");

fn packet(bench: &mut Bench) -> Option<Option<Protection>> {
    let out = bench.turn(KernelInput::Send { destination: AP, ethertype: 0x0800, payload: b"x".to_vec() });
    sent(&out).first().map(|(transmission, _)| match transmission.content {
        Content::Data { protection, .. } => protection,
        Content::Management { .. } => panic!(),
    })
}

fn delivered(out: &[KernelOutput]) -> usize {
    out.iter().filter(|output| matches!(output, KernelOutput::Deliver { .. })).count()
}

#[test]
fn nothing_but_eapol_passes_a_closed_port() {
    let mut bench = Bench::at(State::Connected, Habits::NONE);
    assert_eq!(packet(&mut bench), None);
    assert_eq!(delivered(&bench.receive_data(0, IP, None)), 0);
    let out = bench.receive_data(0, EAPOL, None);
    let [KernelEvent::KeyFrame { from, bytes, in_clear }] = &super::world::events(&out)[..] else { panic!() };
    assert_eq!((*from, &bytes[..], *in_clear), (AP, EAPOL.1, true));
    let request = Request::SendKeyFrame { to: AP, bytes: b"answer".to_vec(), in_clear: true };
    let out = bench.command(Command::Request(request));
    let (transmission, number) = sent(&out).remove(0);
    assert!(matches!(transmission.content, Content::Data { ethertype: 0x888e, protection: None, .. }));
    let cookie = number.unwrap();
    assert_eq!(super::world::outcome(out), Ok(Reply::Sent { cookie }));
    let out = bench.turn(KernelInput::Transmitted { number: cookie, acknowledged: true });
    let status = KernelEvent::KeyFrameStatus { cookie, acknowledged: true };
    assert_eq!(super::world::events(&out), [status]);
    assert_eq!(bench.turn(KernelInput::Transmitted { number: cookie, acknowledged: true }), []);
}

#[test]
fn each_packet_has_a_number_of_its_own_and_none_is_believed_twice() {
    let mut bench = Bench::at(State::ConnectedMlo, Habits::NONE);
    bench.ask(Request::InstallKey(pairwise(MLD))).unwrap();
    bench.ask(Request::InstallKey(key(KeyKind::Group, Some(0), 1))).unwrap();
    bench.ask(Request::AuthorizePort { peer: MLD }).unwrap();
    let numbers: Vec<_> = (0..3).map(|_| packet(&mut bench).unwrap().unwrap().packet_number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    let print = bench.held().pairwise[&0];
    let with = |packet_number| Some(Protection { key: print, packet_number });
    // One space of numbers for all links; frames on different links overtake each other.
    for (on, number, fresh) in [(0, 1, 1), (1, 3, 1), (0, 2, 1), (1, 2, 0), (0, 3, 0), (0, 1, 0)] {
        assert_eq!(delivered(&bench.receive_data(on, IP, with(number))), fresh, "{number}");
    }
    assert_eq!(delivered(&bench.receive_data(0, IP, None)), 0, "in clear");
    let strange = Protection { key: crate::KeyPrint(1), packet_number: 9 };
    assert_eq!(delivered(&bench.receive_data(0, IP, Some(strange))), 0, "a key that we do not hold");
    let out = bench.receive_data(0, EAPOL, None);
    assert!(matches!(super::world::events(&out)[..], [KernelEvent::KeyFrame { in_clear: true, .. }]));
    let out = bench.receive_data(0, EAPOL, with(9));
    assert!(matches!(super::world::events(&out)[..], [KernelEvent::KeyFrame { in_clear: false, .. }]));
}

#[test]
fn an_open_network_has_an_open_port() {
    let mut bench = Bench::at(State::Authenticated, Habits::NONE);
    let open = AssociateRequest { security: None, ..super::world::associate(false) };
    bench.ask(Request::Associate(open)).unwrap();
    bench.receive(0, super::world::accepted(false, 0, 0), None);
    assert!(bench.held().authorized);
    assert_eq!(packet(&mut bench), Some(None));
    assert_eq!(delivered(&bench.receive_data(0, IP, None)), 1);
}

#[test]
fn eapol_for_a_connection_without_owner_goes_to_the_network_stack() {
    let mut bench = Bench::at(State::Connected, Habits::NONE);
    bench.turn(KernelInput::OwnerGone);
    assert_eq!(delivered(&bench.receive_data(0, EAPOL, None)), 1);
}

#[test]
fn without_a_control_port_eapol_is_a_packet_in_both_directions() {
    let mut setup = super::world::setup(Habits::NONE);
    setup.radio.control_port = false;
    let mut bench = Bench::with(setup);
    bench.reach(State::Authenticated);
    let wants = super::world::associate(false);
    let refused = bench.ask(Request::Associate(wants.clone())).unwrap_err();
    assert_eq!(refused.errno, Errno::EOPNOTSUPP);
    let send = || Request::SendKeyFrame { to: AP, bytes: b"answer".to_vec(), in_clear: true };
    // Nobody says of a packet that it went nowhere.
    let out = bench.command(Command::Request(send()));
    assert_eq!((sent(&out).len(), super::world::outcome(out)), (0, Ok(Reply::Sent { cookie: 0 })));
    let security = wants.security.map(|security| AssociateSecurity { control_port: false, ..security });
    bench.ask(Request::Associate(AssociateRequest { security, ..wants })).unwrap();
    bench.receive(0, super::world::accepted(false, 0, 0), None);
    let out = bench.receive_data(0, EAPOL, None);
    assert_eq!((delivered(&out), super::world::events(&out)), (1, vec![]));
    for protected in [false, true] {
        let out = bench.command(Command::Request(send()));
        let (transmission, number) = sent(&out).remove(0);
        let Content::Data { ethertype: 0x888e, protection, .. } = transmission.content else { panic!() };
        assert_eq!((protection.is_some(), number), (protected, None));
        if !protected {
            bench.ask(Request::InstallKey(pairwise(AP))).unwrap();
        }
    }
}
