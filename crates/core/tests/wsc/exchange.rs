//! The enrollee against a registrar: every fault, every order, every octet.

use super::{
    device,
    registrar::{Fault, Registrar, credential},
    seeded,
};
use lapwing_core::{
    network::Credentials,
    wsc::{Enrollee, Failure, MAX_MESSAGE, Outcome, Password, Pin, Said},
};
use lapwing_frames::{
    eap::{Code, Packet},
    wsc::{ConfigurationError, Flags, OpCode, Wsc},
};

fn personal() -> Vec<u8> {
    credential(b"home", 0x22, 0x0c, b"correct horse")
}

fn pin(text: &str) -> Password {
    Password::Pin(Pin::new(text).unwrap())
}

fn give(enrollee: &mut Enrollee, packet: &[u8]) -> Said {
    seeded(9, |means| enrollee.receive(packet, means))
}

/// Both run until nobody says anything.
fn run(enrollee: &mut Enrollee, registrar: &mut Registrar) -> Option<Outcome> {
    let mut request = Some(registrar.identity());
    let mut outcome = None;
    for _ in 0..2000 {
        let Some(packet) = request.take() else { break };
        let said = give(enrollee, &packet);
        assert!(outcome.is_none() || said.outcome.is_none(), "two outcomes");
        outcome = outcome.or(said.outcome);
        request = said.response.and_then(|response| registrar.receive(&response));
    }
    outcome
}

fn between(ours: Password, theirs: Password, fault: Fault) -> (Option<Outcome>, Registrar) {
    let mut enrollee = Enrollee::new(device(), ours);
    let mut registrar = Registrar::new(theirs, personal(), fault);
    let outcome = run(&mut enrollee, &mut registrar);
    (outcome, registrar)
}

#[test]
fn a_button_and_pins_of_both_lengths() {
    for password in [Password::PushButton, pin("1234"), pin("12345670"), pin("12345678")] {
        let (outcome, registrar) = between(password.clone(), password, Fault::None);
        let Some(Outcome::Configured(credentials)) = outcome else { panic!("{outcome:?}") };
        let network = credentials[0].network().unwrap();
        assert_eq!(network.ssid.octets(), b"home");
        let Credentials::Personal(personal) = network.credentials else { panic!() };
        assert_eq!(personal.passphrase.unwrap().expose(), b"correct horse");
        assert!(registrar.done);
        assert_eq!(registrar.proven, [true; 2]);
    }
}

#[test]
fn a_wrong_first_half_gives_nothing_of_the_second_away() {
    let (outcome, registrar) = between(pin("12345678"), pin("99995678"), Fault::None);
    assert_eq!(outcome, Some(Outcome::Failed(Failure::WrongPassword)));
    assert_eq!(registrar.refused, Some(ConfigurationError::DevicePasswordAuthFailure));
    assert_eq!(registrar.proven, [false; 2], "M5 never came");
}

#[test]
fn a_wrong_second_half_is_never_opened() {
    let (outcome, registrar) = between(pin("12345678"), pin("12349998"), Fault::None);
    assert_eq!(outcome, Some(Outcome::Failed(Failure::WrongPassword)));
    assert_eq!(registrar.proven, [true, false], "M7 never came");
}

#[test]
fn what_a_registrar_does_wrong_has_its_own_end() {
    let ends = [
        (Fault::Nobody, Some(Failure::NoRegistrar(ConfigurationError::DeviceBusy))),
        (Fault::BreaksOff, Some(Failure::Refused(ConfigurationError::DeviceBusy))),
        (Fault::ForeignSettings, Some(Failure::Refused(ConfigurationError::DecryptionCrcFailure))),
        (Fault::Empty, Some(Failure::NoCredentials)),
        // Not authentic, so that it may be from anybody: the right one may still come.
        (Fault::Unauthentic, None),
        (Fault::GuessableSecret, None),
    ];
    for (fault, end) in ends {
        let (outcome, _) = between(Password::PushButton, Password::PushButton, fault);
        assert_eq!(outcome, end.map(Outcome::Failed), "{fault:?}");
    }
}

#[test]
fn fragments_of_every_size_are_put_together() {
    for size in [1, 2, 7, 100, 207, 208, 209, 1000] {
        let (outcome, _) = between(Password::PushButton, Password::PushButton, Fault::Fragments(size));
        assert!(matches!(outcome, Some(Outcome::Configured(_))), "{size}");
    }
}

#[test]
fn a_fragment_without_end_is_given_up() {
    let mut enrollee = Enrollee::new(device(), Password::PushButton);
    let piece = [0; 1000];
    let mut acknowledged = 0;
    for identifier in 0..20 {
        let flags = Flags::MORE;
        let wsc = Wsc { operation: OpCode::Message, flags, length: None, data: &piece };
        let payload = wsc.to_payload();
        let packet = Packet { code: Code::Request, identifier, payload: &payload }.to_octets();
        acknowledged += usize::from(give(&mut enrollee, &packet).response.is_some());
    }
    assert!((MAX_MESSAGE / 1000..20).contains(&acknowledged));
}

#[test]
fn networks_of_kinds_that_are_not_joined_are_no_networks() {
    let kinds = [
        (credential(b"wep", 1, 2, b"12345"), false),
        (credential(b"work", 0x10, 8, b""), false),
        (credential(b"open", 1, 1, b""), true),
        (credential(b"short", 0x20, 8, b"1234567"), false),
        (credential(b"long", 0x20, 8, &[b'a'; 65]), false),
        (credential(b"no digits", 0x20, 8, &[b'x'; 64]), false),
        (credential(b"zero", 0x20, 8, b"12345678\0"), true),
        (credential(b"", 0x20, 8, b"12345678"), false),
        (credential(&[b's'; 33], 0x20, 8, b"12345678"), false),
        (credential(b"control", 0x20, 8, b"1234567\n"), false),
    ];
    for (octets, good) in kinds {
        let mut enrollee = Enrollee::new(device(), Password::PushButton);
        let mut registrar = Registrar::new(Password::PushButton, octets, Fault::None);
        let outcome = run(&mut enrollee, &mut registrar).unwrap();
        assert_eq!(matches!(outcome, Outcome::Configured(_)), good, "{outcome:?}");
    }
    let both = [credential(b"wep", 1, 2, b"12345"), personal(), credential(b"guests", 1, 1, b"")].concat();
    let mut enrollee = Enrollee::new(device(), Password::PushButton);
    let outcome = run(&mut enrollee, &mut Registrar::new(Password::PushButton, both, Fault::None));
    let Some(Outcome::Configured(credentials)) = outcome else { panic!() };
    assert_eq!(credentials.iter().filter_map(|credential| credential.network()).count(), 2);
}

/// All requests of a good exchange, the end included.
fn requests() -> Vec<Vec<u8>> {
    let mut enrollee = Enrollee::new(device(), Password::PushButton);
    let mut registrar = Registrar::new(Password::PushButton, personal(), Fault::None);
    let mut all = vec![registrar.identity()];
    while let Some(response) = give(&mut enrollee, all.last().unwrap()).response {
        all.extend(registrar.receive(&response));
    }
    all
}

#[test]
fn a_request_that_comes_again_has_the_same_answer() {
    let mut enrollee = Enrollee::new(device(), Password::PushButton);
    for request in requests() {
        let first = give(&mut enrollee, &request);
        let again = give(&mut enrollee, &request);
        assert_eq!(again.response, first.response);
        assert_eq!(again.outcome, None);
    }
}

#[test]
fn what_does_not_belong_to_a_state_changes_nothing() {
    let requests = requests();
    for place in 0..requests.len() - 1 {
        let mut enrollee = Enrollee::new(device(), Password::PushButton);
        requests[..place].iter().for_each(|request| drop(give(&mut enrollee, request)));
        for (number, other) in requests.iter().enumerate().skip(2) {
            if number == place || number + 1 == requests.len() {
                continue;
            }
            // With an identifier of its own, so that it is not taken for a repetition.
            let mut other = other.clone();
            other[1] = 200 + u8::try_from(number).unwrap();
            let said = give(&mut enrollee, &other);
            assert_eq!(said, Said::default(), "request {number} in place of {place}");
        }
        let rest: Vec<_> =
            requests[place..].iter().filter_map(|one| give(&mut enrollee, one).outcome).collect();
        assert!(matches!(rest[..], [Outcome::Configured(_)]), "after {place}: {rest:?}");
    }
}

#[test]
fn no_octet_of_a_message_can_be_changed() {
    let requests = requests();
    // M2, M4, M6 and M8.
    for place in 2..6 {
        let request = &requests[place];
        let mut before = Enrollee::new(device(), Password::PushButton);
        requests[..place].iter().for_each(|request| drop(give(&mut before, request)));
        // Behind the operation, which makes of it something else. A changed public value costs an exponentiation.
        for at in (14..request.len()).filter(|at| place > 2 || at % 8 == 0 || at + 20 > request.len()) {
            let mut enrollee = before.clone();
            let mut forged = request.clone();
            forged[at] ^= 0x10;
            forged[1] = 99;
            assert_eq!(give(&mut enrollee, &forged), Said::default(), "message {place}, octet {at}");
            assert!(!enrollee.is_over());
        }
    }
}

#[test]
fn an_end_before_the_beginning_is_a_leftover_and_later_the_end() {
    let mut enrollee = Enrollee::new(device(), Password::PushButton);
    let failure = [4, 1, 0, 4];
    assert_eq!(give(&mut enrollee, &failure), Said::default());
    for request in &requests()[..3] {
        give(&mut enrollee, request);
    }
    assert_eq!(give(&mut enrollee, &failure).outcome, Some(Outcome::Failed(Failure::EndedEarly)));
    assert!(enrollee.is_over());
}

#[test]
fn another_method_is_answered_with_the_only_one() {
    let mut enrollee = Enrollee::new(device(), Password::PushButton);
    let said = give(&mut enrollee, &[1, 7, 0, 6, 25, 0]);
    assert_eq!(said.response.unwrap(), [2, 7, 0, 6, 3, 254]);
}
