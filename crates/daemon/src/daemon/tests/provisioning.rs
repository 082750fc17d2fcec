//! A network by a QR code or a shared code: what is seen of it, what is sent, and how it ends.

use super::super::*;
use super::air::WE;
use super::desk::{Desk, setups};
use crate::control::{
    Answer, Call, CallError, CodeId, FoundBy, Party, Provision, ProvisionedView, ProvisioningView,
    SecretAnswer,
};
use crate::kernel::Heard;
use crate::kernel::OffChannel;
use crate::networks::name::Security;
use lapwing_core::Secret;
use lapwing_core::curve::PureCurves;
use lapwing_core::dpp::keys::Code;
use lapwing_core::dpp::{Action as Done, Akms, Bootstrapping, Part, Session, Setup, Troubles};
use lapwing_core::entropy::SeededEntropy;
use lapwing_core::kernel::{Errno, Frequency, Refusal};
use lapwing_core::network::Personal;
use lapwing_core::radio::Channel;
use lapwing_frames::dpp::{Frame, FrameType, Uri};
use lapwing_frames::management::{Body, Header, Management, Subtype};
use lapwing_frames::suite::Cipher;
use lapwing_frames::{MacAddr, Ssid};

const STOP: Call = Call::StopProvisioning { ifindex: 3, by_code: false };
const STOP_CODE: Call = Call::StopProvisioning { ifindex: 3, by_code: true };
const HOME: (&str, &str) = ("home.psk", "[Security]\nPassphrase=correct horse battery\n");
const THEM: MacAddr = MacAddr([2, 0, 0, 0, 0, 0x77]);
const CHANNEL: Frequency = Frequency(2437);

/// A daemon whose radio has the channels on which networks are handed over.
fn bench(name: &str, files: &[(&str, &str)]) -> Desk {
    let mut desk = Desk::new(name, setups(), files);
    let mut radio = super::Run::found(3, 0).radio;
    radio.ciphers = vec![Cipher::Ccmp128, Cipher::BipCmac128];
    let first = radio.channels[0];
    radio.channels.extend([2437, 5220].map(|mhz| Channel { frequency: Frequency(mhz), ..first }));
    let now = desk.now;
    desk.daemon.hear(now, Heard::RadioChanged { wiphy: 0, radio });
    desk
}

fn start(wish: Provision) -> Call {
    Call::Provision { ifindex: 3, wish }
}

fn code() -> Code {
    Code { code: Secret::new(b"a shared code"), identifier: Some("shelf".to_owned()) }
}

fn by_code() -> Call {
    start(Provision::EnrolByCode { code: code(), address: None, frequency: None })
}

fn shown(desk: &Desk) -> Option<ProvisioningView> {
    desk.view().devices[0].provisioning.clone()
}

fn outcome(desk: &Desk) -> Option<Result<(), Troubles>> {
    desk.view().devices[0].provisioned.map(|provisioned| provisioned.outcome)
}

fn is_connected(desk: &Desk) -> bool {
    desk.view().devices[0].connected.is_some()
}

/// What was sent: bodies, and on which channels.
fn sent(desk: &Desk) -> Vec<(Vec<u8>, Frequency)> {
    let commands = desk.daemon.kernel.performed.iter();
    commands
        .filter_map(|command| match command {
            Command::OffChannel { what: OffChannel::Send { bytes, frequency, .. }, .. } => {
                Some((bytes[24..].to_vec(), *frequency))
            }
            _ => None,
        })
        .collect()
}

fn kinds(desk: &Desk) -> Vec<FrameType> {
    sent(desk).iter().filter_map(|(body, _)| Some(Frame::parse(body).ok()?.kind)).collect()
}

/// A frame from the other.
fn frame(body: Vec<u8>) -> Heard {
    let header = Header::new(WE, THEM, MacAddr::BROADCAST);
    let mut bytes = Vec::new();
    Management { header, body: Body::Other { subtype: Subtype::Action, octets: body } }.write(&mut bytes);
    let event = KernelEvent::Frame { frequency: Some(CHANNEL), bytes };
    Heard::Station { ifindex: Some(3), event }
}

/// The other device, which hears all that we send.
struct Other {
    session: Session,
    entropy: SeededEntropy,
    heard: usize,
    ended: Option<Result<(), Troubles>>,
}

impl Other {
    fn new(desk: &Desk, part: Part, home: Option<Frequency>, way: Bootstrapping) -> Self {
        let mut entropy = SeededEntropy(77);
        let mut means = Means { entropy: &mut entropy, curves: &PureCurves };
        let setup = Setup { address: THEM, name: "other".to_owned(), home };
        let session = Session::new(setup, part, way, desk.now.clock, &mut means).unwrap();
        Self { session, entropy, heard: sent(desk).len(), ended: None }
    }

    fn turn(&mut self, desk: &mut Desk, event: &dpp::Event<'_>) {
        let mut told = false;
        let mut means = Means { entropy: &mut self.entropy, curves: &PureCurves };
        for action in self.session.turn(desk.now.clock, event, &mut means) {
            match action {
                Done::Transmit { body, .. } => {
                    let now = desk.now;
                    desk.daemon.hear(now, frame(body));
                    told = true;
                }
                Done::Ended(result) => self.ended = Some(result),
                _ => {}
            }
        }
        if told {
            self.turn(desk, &dpp::Event::Transmitted { acknowledged: true });
        }
    }

    /// Lets time pass for both.
    fn run(&mut self, desk: &mut Desk, seconds: u64) {
        for _ in 0..seconds * 10 {
            desk.pass(Duration::from_millis(100));
            for (body, frequency) in sent(desk).split_off(self.heard) {
                self.heard += 1;
                let event = dpp::Event::Frame { from: WE, frequency: Some(frequency), body: &body };
                self.turn(desk, &event);
            }
            self.turn(desk, &dpp::Event::Tick);
        }
    }
}

fn network() -> dpp::Configuration {
    dpp::Configuration {
        ssid: Ssid::new(b"home").unwrap(),
        akms: Akms { psk: false, sae: true },
        secret: Personal { passphrase: Some(Secret::new(b"correct horse battery")), ..Personal::default() },
        hidden: false,
        send_hostname: true,
    }
}

#[test]
fn an_enrollee_shows_its_uri_announces_itself_and_is_stopped() {
    let mut desk = bench("dpp-enrol", &[]);
    let Some(Ok(Answer::Uri(uri))) = desk.ask(start(Provision::Enrol)) else { panic!() };
    let read = Uri::parse(&uri).unwrap();
    assert_eq!(read.address, Some(WE));
    let channels: Vec<_> = read.channels.iter().map(|channel| channel.frequency()).collect();
    assert_eq!(channels, [2437]);
    assert_eq!(shown(&desk), Some(ProvisioningView { enrollee: true, by: FoundBy::Uri(uri) }));
    assert!(!desk.view().devices[0].autoconnects);
    desk.pass(Duration::from_secs(10));
    assert!(sent(&desk).iter().all(|(_, frequency)| *frequency == CHANNEL));
    let kinds = kinds(&desk);
    assert!(
        (8..=14).contains(&kinds.len()) && kinds.iter().all(|kind| *kind == FrameType::PresenceAnnouncement),
        "{kinds:?}"
    );
    for busy in [start(Provision::Enrol), by_code(), start(Provision::Configure)] {
        assert!(matches!(desk.ask(busy), Some(Err(CallError::Busy(_)))));
    }
    let push = Call::Enrol { ifindex: 3, password: wsc::Password::PushButton };
    assert!(matches!(desk.ask(push), Some(Err(CallError::Busy(_)))));
    assert!(matches!(desk.ask(STOP_CODE), Some(Err(CallError::NotFound(_)))), "begun in the other way");
    assert_eq!(desk.ask(STOP), Some(Ok(Answer::Done)));
    assert_eq!((shown(&desk), outcome(&desk)), (None, Some(Err(Troubles::Cancelled))));
    assert!(desk.view().devices[0].autoconnects, "as before");
    assert!(matches!(desk.ask(STOP), Some(Err(CallError::NotFound(_)))));
    let count = sent(&desk).len();
    desk.pass(Duration::from_secs(10));
    assert_eq!(sent(&desk).len(), count);
}

#[test]
fn a_network_that_is_handed_over_is_stored_and_joined() {
    let mut desk = bench("dpp-handed", &[("cafe.open", "")]);
    desk.pass(Duration::from_secs(20));
    assert!(is_connected(&desk));
    let Some(Ok(Answer::Uri(uri))) = desk.ask(start(Provision::Enrol)) else { panic!() };
    assert!(!is_connected(&desk), "it leaves its network first");
    let uri = Uri::parse(&uri).unwrap();
    let way = Bootstrapping::Begin(uri, vec![CHANNEL]);
    let mut other = Other::new(&desk, Part::Configurator(network()), Some(CHANNEL), way);
    other.run(&mut desk, 10);
    assert_eq!((other.ended, outcome(&desk)), (Some(Ok(())), Some(Ok(()))));
    assert_eq!(shown(&desk), None);
    let file = std::fs::read_to_string(desk.directory.join("state/home.psk")).unwrap();
    assert!(
        file.contains("Passphrase=correct horse battery") && file.contains("SendHostname=true"),
        "{file}"
    );
    assert!(is_connected(&desk));
    assert_eq!(desk.view().devices[0].network.as_ref().unwrap().to_string(), "home.psk");
    assert!(desk.view().devices[0].autoconnects);
}

#[test]
fn the_rest_of_a_scan_waits_until_the_network_was_handed_over() {
    // The radio was on other channels when the other device spoke.
    let mut desk = bench("dpp-scan", &[HOME]);
    desk.pass(Duration::from_secs(20));
    assert_eq!(desk.ask(Call::Disconnect { ifindex: 3 }), Some(Ok(Answer::Done)));
    desk.begin(Call::Scan { ifindex: 3 });
    desk.connect("home", Security::Personal);
    desk.pass(Duration::from_secs(1));
    assert!(is_connected(&desk));
    let is_to_come = |desk: &Desk| desk.view().devices[0].scanning;
    assert!(is_to_come(&desk));
    assert!(matches!(desk.ask(start(Provision::Configure)), Some(Ok(Answer::Uri(_)))));
    desk.pass(Duration::from_secs(60));
    assert!(is_to_come(&desk));
    assert_eq!(desk.ask(STOP), Some(Ok(Answer::Done)));
    desk.pass(Duration::from_secs(20));
    assert!(!is_to_come(&desk) && is_connected(&desk));
}

#[test]
fn the_network_of_the_connection_is_handed_over_by_a_code_that_an_agent_knows() {
    let mut desk = bench("dpp-agent", &[HOME]);
    desk.pass(Duration::from_secs(20));
    let agent = Party { owner: ":1.7".to_owned(), path: "/codes".to_owned() };
    let wish = Provision::ConfigureByAgent(agent.clone());
    assert_eq!(desk.ask(start(wish)), Some(Ok(Answer::Done)));
    let by = FoundBy::Agent(agent.clone());
    assert_eq!(shown(&desk), Some(ProvisioningView { enrollee: false, by }));
    let home = Frequency(desk.view().devices[0].connected.as_ref().unwrap().frequency);
    let way = Bootstrapping::Code(code(), None, vec![home]);
    let mut other = Other::new(&desk, Part::Enrollee, None, way);
    other.run(&mut desk, 1);
    assert_eq!(desk.codes, [(CodeId(1), agent, "shelf".to_owned())]);
    let now = desk.now;
    // An answer to another question is none to this one.
    desk.daemon.code(now, CodeId(9), SecretAnswer::Passphrase(Secret::new(b"another code")));
    desk.daemon.code(now, CodeId(1), SecretAnswer::Passphrase(Secret::new(b"a shared code")));
    other.run(&mut desk, 10);
    assert_eq!((other.ended, outcome(&desk)), (Some(Ok(())), Some(Ok(()))));
    assert!(is_connected(&desk));
}

#[test]
fn an_agent_that_does_not_answer_is_told_so_and_another_question_may_come() {
    let mut desk = bench("dpp-agent-silent", &[HOME]);
    desk.pass(Duration::from_secs(20));
    let agent = Party { owner: ":1.7".to_owned(), path: "/codes".to_owned() };
    desk.ask(start(Provision::ConfigureByAgent(agent)));
    let home = Frequency(desk.view().devices[0].connected.as_ref().unwrap().frequency);
    let way = Bootstrapping::Code(code(), None, vec![home]);
    let mut other = Other::new(&desk, Part::Enrollee, None, way);
    other.run(&mut desk, 15);
    assert_eq!(desk.codes.len(), 2, "one question at a time");
    assert_eq!(desk.unwanted_codes, [(CodeId(1), crate::control::Unwanted::TimedOut)]);
    assert_eq!(desk.ask(STOP_CODE), Some(Ok(Answer::Done)));
    assert_eq!(desk.unwanted_codes.last(), Some(&(desk.codes[1].0, crate::control::Unwanted::UserCanceled)));
}

#[test]
fn who_is_in_no_network_has_none_to_hand_over() {
    let mut desk = bench("dpp-none", &[]);
    assert_eq!(desk.ask(start(Provision::Configure)), Some(Err(CallError::NotConnected)));
    let mut desk = bench("dpp-open", &[("cafe.open", "")]);
    desk.pass(Duration::from_secs(20));
    for wish in [Provision::Configure, Provision::ConfigureByCode(code())] {
        let open = desk.ask(start(wish));
        assert!(matches!(open, Some(Err(CallError::NotSupported(_)))), "{open:?}");
    }
    desk.ask(Call::SetPowered { ifindex: 3, on: false });
    assert!(matches!(desk.ask(start(Provision::Enrol)), Some(Err(CallError::NotAvailable(_)))));
}

#[test]
fn a_configurator_waits_on_its_channel_and_ends_with_the_connection() {
    let mut desk = bench("dpp-configure", &[HOME]);
    desk.pass(Duration::from_secs(20));
    let Some(Ok(Answer::Uri(uri))) = desk.ask(start(Provision::Configure)) else { panic!() };
    assert_eq!(Uri::parse(&uri).unwrap().channels.len(), 1);
    assert!(sent(&desk).is_empty(), "it waits");
    assert_eq!(desk.ask(Call::Disconnect { ifindex: 3 }), Some(Ok(Answer::Done)));
    let ended = ProvisionedView { enrollee: false, outcome: Err(Troubles::Cancelled) };
    assert_eq!((shown(&desk), desk.view().devices[0].provisioned), (None, Some(ended)));
    let hears = desk.daemon.kernel.performed.iter().filter_map(|command| match command {
        Command::OffChannel { what: OffChannel::Hear { groups }, .. } => Some(*groups),
        _ => None,
    });
    assert_eq!(hears.collect::<Vec<_>>(), [true, false]);
}

#[test]
fn the_radio_returns_to_its_channel_for_all_frames_that_were_to_have_it_stay_elsewhere() {
    let mut desk = bench("dpp-returns", &[HOME]);
    desk.pass(Duration::from_secs(20));
    let home = Frequency(desk.view().devices[0].connected.as_ref().unwrap().frequency);
    assert_ne!(home, CHANNEL);
    let mut other = Other::new(&desk, Part::Enrollee, Some(CHANNEL), Bootstrapping::Announce(vec![CHANNEL]));
    // It may be anybody's.
    let uri = Uri { address: None, ..other.session.uri() };
    assert!(matches!(desk.ask(start(Provision::ConfigureWith(Box::new(uri)))), Some(Ok(Answer::Uri(_)))));
    // Nobody is there yet: it calls, and each call has the radio stay for a second.
    desk.pass(Duration::from_millis(700));
    other.heard = sent(&desk).len();
    assert!(other.heard > 2);
    other.run(&mut desk, 10);
    assert_eq!((other.ended, outcome(&desk)), (Some(Ok(())), Some(Ok(()))));
    let performed = &desk.daemon.kernel.performed;
    let mut stay = BTreeSet::new();
    for command in performed {
        match command {
            Command::OffChannel { what: OffChannel::Send { number, wait, .. }, .. } if !wait.is_zero() => {
                stay.insert(number + (1 << 32));
            }
            Command::OffChannel { what: OffChannel::Send { frequency, .. }, .. } => {
                assert_eq!(*frequency, home);
                assert_eq!(stay, BTreeSet::new(), "what is sent at home waits for these");
            }
            Command::OffChannel { what: OffChannel::Return { cookie }, .. } => drop(stay.remove(cookie)),
            _ => {}
        }
    }
}

#[test]
fn whoever_joins_a_network_by_hand_wants_none_handed_over() {
    let mut desk = bench("dpp-joins", &[]);
    desk.ask(Call::Scan { ifindex: 3 });
    desk.ask(start(Provision::Enrol));
    let call = desk.connect("cafe", Security::Open);
    desk.pass(Duration::from_secs(5));
    assert_eq!(desk.answer(call), Some(Ok(Answer::Done)));
    assert_eq!(shown(&desk), None);
    assert!(is_connected(&desk));
}

#[test]
fn a_shared_code_has_no_uri_and_ends_after_two_minutes() {
    let mut desk = bench("dpp-code", &[]);
    assert_eq!(desk.ask(by_code()), Some(Ok(Answer::Done)));
    assert_eq!(shown(&desk), Some(ProvisioningView { enrollee: true, by: FoundBy::Code }));
    assert!(matches!(desk.ask(STOP), Some(Err(CallError::NotFound(_)))), "begun in the other way");
    desk.pass(Duration::from_secs(60));
    let channels: BTreeSet<_> = sent(&desk).into_iter().map(|(_, frequency)| frequency.0).collect();
    assert!(channels == [2412, 2437, 5220].into(), "and where access points were heard: {channels:?}");
    desk.pass(Duration::from_secs(65));
    assert_eq!((shown(&desk), outcome(&desk)), (None, Some(Err(Troubles::TimedOut))));
    assert!(kinds(&desk).iter().all(|kind| *kind == FrameType::PkexVersion1ExchangeRequest));
    let one = Provision::EnrolByCode { code: code(), address: Some(THEM), frequency: Some(CHANNEL) };
    let before = sent(&desk).len();
    desk.ask(start(one));
    desk.pass(Duration::from_secs(10));
    let after = sent(&desk).split_off(before);
    assert!(after.len() > 3 && after.iter().all(|(_, frequency)| *frequency == CHANNEL), "{after:?}");
}

#[test]
fn a_kernel_that_sends_nothing_is_told_of() {
    let mut desk = bench("dpp-refused", &[]);
    let call = desk.begin(start(Provision::Enrol));
    let refusal = |errno| Refusal { errno, message: None };
    let now = desk.now;
    let sent = |outcome| Heard::OffChannelSent { ifindex: 3, number: 1, outcome };
    desk.daemon.kernel.heard.retain(|heard| !matches!(heard, Heard::OffChannelSent { .. }));
    desk.daemon.hear(now, sent(Err(refusal(Errno::EOPNOTSUPP))));
    assert!(matches!(desk.answer(call), Some(Err(CallError::Failed(_)))));
    // One whose radio is busy elsewhere tries again.
    desk.ask(STOP);
    desk.ask(start(Provision::Enrol));
    let (now, number) = (desk.now, desk.daemon.numbers);
    desk.daemon.hear(now, Heard::OffChannelSent { ifindex: 3, number, outcome: Err(refusal(Errno::EBUSY)) });
    desk.pass(Duration::from_secs(5));
    assert!(shown(&desk).is_some());
}

#[test]
fn what_becomes_of_a_frame_may_be_told_before_its_name() {
    let mut desk = bench("dpp-early", &[]);
    desk.ask(start(Provision::Enrol));
    let now = desk.now;
    desk.daemon.kernel.silent = true;
    desk.pass(Duration::from_secs(2));
    let number = desk.daemon.numbers;
    let event = KernelEvent::FrameStatus { cookie: 7, acknowledged: false };
    desk.daemon.hear(now, Heard::Station { ifindex: Some(3), event });
    desk.daemon.hear(now, Heard::OffChannelSent { ifindex: 3, number, outcome: Ok(7) });
    desk.pass(Duration::from_secs(2));
    assert!(desk.daemon.numbers > number, "the next announcement does not wait for what was told already");
}

#[test]
fn the_end_of_the_daemon_is_its_end() {
    let mut desk = bench("dpp-end", &[]);
    desk.ask(start(Provision::Enrol));
    let now = desk.now;
    desk.daemon.shut_down(now);
    desk.pass(Duration::from_secs(5));
    assert_eq!(shown(&desk), None);
    assert!(desk.daemon.is_quiet());
}
