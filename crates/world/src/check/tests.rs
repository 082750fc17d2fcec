//! Each rule lets pass what is right, and holds what is not.

use super::*;
use crate::air::{Content, KeyPrint, Protection, Transmission};
use crate::happening::Lane;
use crate::kernel::Held;
use crate::parts::Command;
use lapwing_core::attempt::{AttemptId, Cause, Difference, Entry, Phase, Record, Ticket, Way};
use lapwing_core::failure::{Code, Failure};
use lapwing_core::kernel::{
    AssociateRequest, AssociateSecurity, AssociationPeer, AuthenticateRequest, Connection, Errno,
    ExternalAuthentication, Frequency, KeyKind, KeyRequest, Refusal, Reply, Request,
};
use lapwing_core::station::Report;
use lapwing_core::{Duration, Secret};
use lapwing_frames::element::{Element, rsn::Rsn, rsn::RsnCapabilities};
use lapwing_frames::management::{
    AssociationRequest, Authentication, AuthenticationAlgorithm, Body, CapabilityInformation, Header,
    Management, ReasonCode, StatusCode,
};
use lapwing_frames::suite::{Akm, Cipher};
use lapwing_frames::{LinkId, Ssid};
use std::collections::{BTreeMap, BTreeSet};

const AP: MacAddr = MacAddr([2, 0, 0, 0, 1, 0]);
const OTHER: MacAddr = MacAddr([2, 0, 0, 0, 2, 0]);
const US: MacAddr = MacAddr([2, 0, 0, 0, 0, 9]);

fn ssid() -> Ssid {
    Ssid::new(b"home").unwrap()
}

/// Feeds a whole story to all rules, and says which is broken.
#[derive(Default)]
struct Story {
    rules: Rules,
    now: Instant,
    asked: u64,
    broken: Option<&'static str>,
}

impl Story {
    fn happened(mut self, lane: Lane, what: What) -> Self {
        let happening = Happening { at: self.now, lane, what };
        let result = self.rules.happened(&happening);
        self.broken = self.broken.or(result.err().map(|violation| violation.rule));
        self
    }

    fn told(self, event: KernelEvent) -> Self {
        self.happened(Lane::Kernel, What::Told(Message::Event(event)))
    }

    fn said(self, report: Report) -> Self {
        self.happened(Lane::Station, What::Reported(report))
    }

    fn logged(self, entry: Entry) -> Self {
        let at = self.now;
        self.said(Report::Timeline(Record { at, attempt: None, entry }))
    }

    /// The station makes a request; the kernel takes it up later.
    fn wishes(mut self, command: &'static str) -> Self {
        self.asked += 1;
        self.logged(Entry::Asked { command, detail: String::new() })
    }

    /// The kernel takes up the last request.
    fn asks(self, request: Request) -> Self {
        let ticket = Ticket { attempt: None, number: self.asked };
        self.happened(Lane::Station, What::Asked { ticket, command: Command::Request(request) })
    }

    fn refused(self, errno: Errno) -> Self {
        let ticket = Ticket { attempt: None, number: self.asked };
        let refusal = Refusal { errno, message: None };
        let what = What::Refused { ticket, command: "NEW_KEY", refusal: refusal.clone() };
        self.happened(Lane::Kernel, what)
            .happened(Lane::Kernel, What::Told(Message::Completed { ticket, outcome: Err(refusal) }))
    }

    fn accepted(self) -> Self {
        let ticket = Ticket { attempt: None, number: self.asked };
        self.happened(Lane::Kernel, What::Told(Message::Completed { ticket, outcome: Ok(Reply::Done) }))
    }

    fn later(mut self, time: Duration) -> Self {
        self.now = self.now + time;
        self
    }

    fn sees(mut self, sight: impl FnOnce(Sight<'static>) -> Sight<'static>) -> Self {
        let plain = Sight {
            now: self.now,
            kernel: Truth { up: true, busy: false, ending: false, held: None },
            access_points: Vec::new(),
            links: Vec::new(),
            summary: Summary::Disconnected,
            connection: None,
            is_scanning: false,
            has_deadline: false,
            at_rest: false,
            is_online: false,
            undisturbed: false,
            late: false,
            asleep: false,
            checks_beacons: true,
        };
        let result = self.rules.seen(&sight(plain));
        self.broken = self.broken.or(result.err().map(|violation| violation.rule));
        self
    }

    #[track_caller]
    fn holds(self) {
        assert_eq!(self.broken, None);
    }

    #[track_caller]
    fn breaks(self, rule: &str) {
        assert_eq!(self.broken, Some(rule));
    }
}

fn held() -> Held {
    Held {
        peer: AP,
        ssid: ssid(),
        authorized: true,
        links: BTreeMap::new(),
        station_links: BTreeSet::new(),
        pairwise: [(0, KeyPrint(1))].into(),
        group: [((None, 1), KeyPrint(2))].into(),
    }
}

fn holding(held: Held) -> impl FnOnce(Sight<'static>) -> Sight<'static> {
    |sight| Sight { kernel: Truth { held: Some(held), ..sight.kernel }, ..sight }
}

fn connected() -> &'static Connected {
    Box::leak(Box::new(Connected {
        attempt: AttemptId(1),
        ssid: ssid(),
        peer: AP,
        frequency: 5180,
        akm: Some(Akm::Sae),
        pairwise: Some(Cipher::Ccmp128),
        group_management: None,
        weakness: None,
        beacon_protection: false,
        cached_pmksa: false,
        links: Vec::new(),
    }))
}

fn key(link: Option<u8>, octet: u8) -> Request {
    let kind = match link {
        None => KeyKind::Pairwise { peer: AP, receive_only: false },
        Some(_) => KeyKind::Group,
    };
    let link = link.map(|link| LinkId::new(link).unwrap());
    let key = Secret::new(&[octet; 16]);
    Request::InstallKey(KeyRequest { kind, link, index: 1, cipher: Cipher::Ccmp128, key, sequence: [0; 6] })
}

fn gone() -> KernelEvent {
    KernelEvent::Disconnected { reason: ReasonCode(3), by_ap: true }
}

fn links_removed(link: u8) -> KernelEvent {
    KernelEvent::LinksRemoved { links: vec![LinkId::new(link).unwrap()] }
}

#[test]
fn a_refused_key_is_excused_only_if_the_station_could_not_know() {
    let wish = || Story::default().wishes("NEW_KEY");
    wish().asks(key(None, 1)).accepted().holds();
    wish().asks(key(None, 1)).refused(Errno::EINVAL).breaks("no-refused-key");
    wish().asks(key(None, 1)).told(gone()).refused(Errno::ENOLINK).holds();
    wish().told(gone()).asks(key(None, 1)).refused(Errno::ENOLINK).holds();
    let after = Story::default().told(gone()).wishes("NEW_KEY").asks(key(None, 1));
    after.refused(Errno::ENOLINK).breaks("no-refused-key");
    let lost = |sight: Sight<'static>| Sight { kernel: Truth { ending: true, ..sight.kernel }, ..sight };
    wish().sees(lost).asks(key(None, 1)).refused(Errno::ENOENT).holds();
    let after = wish().sees(lost).told(gone()).wishes("NEW_KEY").asks(key(None, 1));
    after.refused(Errno::ENOENT).breaks("no-refused-key");
    wish().told(links_removed(1)).asks(key(Some(1), 1)).refused(Errno::EINVAL).holds();
    wish().told(links_removed(2)).asks(key(Some(1), 1)).refused(Errno::EINVAL).breaks("no-refused-key");
    let after = Story::default().told(links_removed(1)).wishes("NEW_KEY").asks(key(Some(1), 1));
    after.refused(Errno::EINVAL).breaks("no-refused-key");
}

#[test]
fn a_key_is_installed_once_for_each_association() {
    let once = || Story::default().wishes("NEW_KEY").asks(key(None, 1)).accepted().sees(holding(held()));
    once().wishes("NEW_KEY").asks(key(Some(0), 1)).sees(holding(held())).holds();
    once().wishes("NEW_KEY").asks(key(None, 2)).sees(holding(held())).holds();
    once().wishes("NEW_KEY").asks(key(None, 1)).breaks("no-key-twice");
    once().sees(|sight| sight).wishes("NEW_KEY").asks(key(None, 1)).holds();
}

fn data(ethertype: u16, protection: Option<Protection>) -> What {
    What::Sent(Transmission {
        frequency: Frequency(5180),
        transmitter: US,
        receiver: AP,
        content: Content::Data { source: US, destination: AP, ethertype, payload: Vec::new(), protection },
    })
}

#[test]
fn a_packet_number_is_used_once() {
    let sent =
        |key: u64, packet_number: u64| data(0x888e, Some(Protection { key: KeyPrint(key), packet_number }));
    let story = || Story::default().happened(Lane::Kernel, sent(1, 1)).happened(Lane::Kernel, sent(1, 2));
    story().happened(Lane::Ap(0), sent(1, 1)).happened(Lane::Kernel, sent(2, 1)).holds();
    story().happened(Lane::Attacker, sent(1, 2)).holds();
    story().happened(Lane::Kernel, sent(1, 2)).breaks("no-nonce-twice");
    story().happened(Lane::Firmware, sent(1, 1)).breaks("no-nonce-twice");
}

#[test]
fn data_waits_for_the_port_and_for_the_key() {
    let protected = || data(0x0800, Some(Protection { key: KeyPrint(1), packet_number: 1 }));
    let closed = || holding(Held { authorized: false, ..held() });
    Story::default().happened(Lane::Kernel, data(0x888e, None)).sees(closed()).holds();
    Story::default().happened(Lane::Kernel, protected()).sees(holding(held())).holds();
    Story::default().happened(Lane::Kernel, protected()).sees(closed()).breaks("no-data-before-port");
    let open = || Story::default().sees(holding(held()));
    open().happened(Lane::Kernel, protected()).sees(|sight| sight).holds();
    open().happened(Lane::Kernel, data(0x0800, None)).sees(holding(held())).breaks("no-data-before-port");
}

fn commit(scalar: u8) -> Vec<u8> {
    let mut body = vec![19, 0];
    body.extend([&[scalar; 32][..], &[7; 64]].concat());
    body
}

/// SAE with an access point, which makes a PMKSA whose name begins with the sum of both scalars.
fn sae(story: Story, peer: MacAddr) -> Story {
    let data = [&[1, 0, 126, 0][..], &commit(1)].concat();
    let answer = Authentication {
        algorithm: AuthenticationAlgorithm::Sae,
        transaction: 1,
        status: StatusCode::SaeHashToElement,
        payload: commit(2),
    };
    let mut frame = Vec::new();
    Management { header: Header::new(US, peer, peer), body: Body::Authentication(answer) }.write(&mut frame);
    let request = AuthenticateRequest {
        bssid: peer,
        frequency: Frequency(5180),
        ssid: ssid(),
        algorithm: AuthenticationAlgorithm::Sae,
        data,
        elements: vec![],
        mld: None,
    };
    story.asks(Request::Authenticate(request)).told(KernelEvent::Authentication { frame })
}

fn associate(peer: MacAddr, name: &[u8], pmkid: [u8; 16], akm: Akm) -> Request {
    let mut rsn = Rsn::new(Cipher::Ccmp128, vec![Cipher::Ccmp128], vec![akm], RsnCapabilities::default());
    rsn.set_pmkids(vec![pmkid]);
    let mut elements = Vec::new();
    rsn.write(&mut elements);
    Request::Associate(AssociateRequest {
        peer: AssociationPeer::Bss { bssid: peer, frequency: Frequency(5180) },
        ssid: Ssid::new(name).unwrap(),
        elements,
        security: Some(AssociateSecurity {
            akm,
            pairwise: Cipher::Ccmp128,
            group: Cipher::Ccmp128,
            management_frame_protection: true,
            control_port: true,
        }),
        previous: None,
    })
}

#[test]
fn a_pmksa_stays_where_it_was_made() {
    let name = [3; 16];
    let made = || sae(Story::default(), AP);
    made().asks(associate(AP, b"home", name, Akm::Sae)).holds();
    made().asks(associate(OTHER, b"home", name, Akm::Sae)).breaks("no-foreign-pmksa");
    made().asks(associate(AP, b"work", name, Akm::Sae)).breaks("no-foreign-pmksa");
    made().asks(associate(AP, b"home", [4; 16], Akm::Sae)).breaks("no-foreign-pmksa");
    let on_the_way = |to, name: &[u8]| {
        let Request::Associate(request) = associate(to, name, [3; 16], Akm::Sae) else { unreachable!() };
        Request::Associate(AssociateRequest { previous: Some(AP), ..request })
    };
    let roams = || made().asks(on_the_way(OTHER, b"home"));
    roams().holds();
    made().asks(on_the_way(OTHER, b"work")).breaks("no-foreign-pmksa");
    let answered = |status| {
        let (request_elements, response_elements, links) = (Vec::new(), Vec::new(), Vec::new());
        KernelEvent::Connected(Connection {
            peer: OTHER,
            status,
            timed_out: false,
            request_elements,
            response_elements,
            links,
        })
    };
    // Who has taken it has it; who has refused it is not offered it once more.
    let taken = || roams().told(answered(StatusCode::Success));
    taken().asks(associate(OTHER, b"home", name, Akm::Sae)).holds();
    let refused = || roams().told(answered(StatusCode::InvalidPmkid));
    refused().asks(on_the_way(OTHER, b"home")).breaks("no-foreign-pmksa");
    refused().asks(associate(OTHER, b"home", name, Akm::Sae)).breaks("no-foreign-pmksa");
    let used = made().asks(associate(AP, b"home", name, Akm::Sae));
    used.asks(associate(AP, b"home", name, Akm::SaeExtKey)).breaks("no-foreign-pmksa");
}

#[test]
fn each_wish_for_sae_has_one_answer() {
    let wish = |start| {
        KernelEvent::ExternalAuthentication(ExternalAuthentication {
            start,
            bssid: AP,
            ssid: None,
            akm: None,
            mld_address: None,
        })
    };
    let answer = || Request::AnswerExternalAuthentication {
        bssid: AP,
        ssid: ssid(),
        status: StatusCode::Success,
        pmkid: None,
    };
    let long = Duration::from_secs(20);
    let wished = || Story::default().told(wish(true));
    wished().asks(answer()).later(long).sees(|sight| sight).holds();
    wished().told(wish(false)).later(long).sees(|sight| sight).holds();
    wished().told(wish(false)).asks(answer()).holds();
    wished().asks(answer()).asks(answer()).breaks("one-reply");
    wished().later(long).sees(|sight| sight).breaks("one-reply");
    let slept = || wished().sees(|sight| Sight { asleep: true, ..sight }).later(long).sees(|sight| sight);
    slept().holds();
    slept().later(long).sees(|sight| sight).breaks("one-reply");
    Story::default().asks(answer()).breaks("one-reply");
}

#[test]
fn a_failed_attempt_is_not_repeated_as_it_was() {
    let choose = |story: Story, cached_pmksa| {
        story.logged(Entry::Chosen {
            bssid: AP,
            frequency: Frequency(5180),
            signal_dbm: None,
            akm: Some(Akm::Sae),
            pairwise: None,
            links: Vec::new(),
            cached_pmksa,
        })
    };
    let failed = |story: Story, code| {
        let story = story.logged(Entry::Failed(Failure { phase: Phase::Associate, code }));
        let cause = Cause::Retry(Difference::Later);
        story.logged(Entry::Began { ssid: ssid(), cause })
    };
    let first = |cached| failed(choose(Story::default(), cached), Code::AssociationTimedOut);
    choose(first(false), false).breaks("no-same-input");
    choose(first(true), false).holds();
    choose(first(false).later(Duration::from_secs(1)), false).holds();
    choose(first(false).asks(Request::TriggerScan(Default::default())), false).holds();
    let refused = || failed(choose(Story::default(), true), Code::PmksaRefused);
    choose(refused(), false).holds();
    choose(refused().later(Duration::from_secs(60)), true).breaks("no-same-input");
    let joined = choose(refused(), false).said(Report::Connected(connected().clone()));
    choose(joined.later(Duration::from_secs(60)).sees(holding(held())), true).breaks("no-false-connected");
}

#[test]
fn connected_is_said_while_the_port_is_open_and_no_longer() {
    let says = || Report::Connected(connected().clone());
    let open = || Story::default().sees(holding(held()));
    open().said(says()).holds();
    Story::default().said(says()).breaks("no-false-connected");
    open().told(gone()).said(says()).breaks("no-false-connected");
    let believes = |sight: Sight<'static>| Sight { connection: Some(connected()), ..sight };
    open().sees(believes).holds();
    open().told(gone()).sees(believes).breaks("no-false-connected");
    // The kernel's word counts, of a port that was open for a moment only.
    let word = || Story::default().told(KernelEvent::PortAuthorized { peer: AP });
    word().said(says()).holds();
    word().told(gone()).said(says()).breaks("no-false-connected");
    let associated = |status| {
        Story::default().told(KernelEvent::Connected(Connection {
            peer: AP,
            status,
            timed_out: false,
            request_elements: Vec::new(),
            response_elements: Vec::new(),
            links: Vec::new(),
        }))
    };
    let open = || Report::Connected(Connected { akm: None, ..connected().clone() });
    associated(StatusCode::Success).said(open()).holds();
    associated(StatusCode::Success).said(says()).breaks("no-false-connected");
    associated(StatusCode::UnspecifiedFailure).said(open()).breaks("no-false-connected");
    associated(StatusCode::Success).told(gone()).said(open()).breaks("no-false-connected");
}

#[test]
fn a_roam_ends_no_connection_whose_access_point_is_there() {
    let way = |to| Entry::Way { to, by: Way::Reassociation };
    let open = || Story::default().sees(holding(held())).said(Report::Connected(connected().clone()));
    let there = || open().logged(way(OTHER));
    let ended = |story: Story, code| {
        let why = Failure { phase: Phase::Associate, code };
        story.said(Report::Disconnected { attempt: connected().attempt, why, next_try: None })
    };
    let lost = |story| ended(story, Code::AssociationTimedOut);
    lost(open()).sees(|sight| sight).holds();
    lost(there()).sees(|sight| sight).breaks("kept-by-roam");
    lost(there().logged(way(AP))).sees(|sight| sight).breaks("kept-by-roam");
    ended(there(), Code::Asked).sees(|sight| sight).holds();
    lost(there()).sees(|sight| Sight { late: true, ..sight }).holds();
    lost(there().happened(Lane::Kernel, What::Told(Message::EventsLost))).sees(|sight| sight).holds();
    // What befalls the other one is no excuse.
    let frame = |transmitter| {
        let content = Content::Management { frame: Vec::new(), protection: None };
        let frequency = Frequency(5180);
        Transmission { frequency, transmitter, receiver: US, content }
    };
    let befalls = |ap| {
        let sent = |story: Story, place, from| story.happened(Lane::Ap(place), What::Sent(frame(from)));
        let story = sent(sent(there(), 0, AP), 1, OTHER);
        lost(story.happened(Lane::Ap(ap), What::Note(String::from("loses its power")))).sees(|sight| sight)
    };
    befalls(0).holds();
    befalls(1).breaks("kept-by-roam");
    lost(there().happened(Lane::Ap(0), What::Lost(frame(AP)))).sees(|sight| sight).holds();
    lost(there().happened(Lane::Ap(1), What::Lost(frame(OTHER)))).sees(|sight| sight).breaks("kept-by-roam");
    // One at a time, and the same attempt.
    there().logged(way(OTHER)).logged(way(AP)).holds();
    there().logged(way(US)).breaks("kept-by-roam");
    let roamed = |attempt| there().said(Report::Roamed(Connected { attempt, ..connected().clone() }));
    roamed(connected().attempt).holds();
    roamed(AttemptId(77)).breaks("kept-by-roam");
}

#[test]
fn pictures_agree_at_rest() {
    let at_rest = |held: Option<Held>, truth: Option<ApTruth>| {
        move |sight: Sight<'static>| Sight {
            kernel: Truth { held, ..sight.kernel },
            access_points: vec![(AP, truth)],
            summary: Summary::Connected { ssid: ssid(), attempt: AttemptId(1) },
            connection: Some(connected()),
            at_rest: true,
            ..sight
        }
    };
    let truth = ApTruth {
        associated: true,
        authorized: true,
        pairwise: Some(KeyPrint(1)),
        group: [((None, 1), KeyPrint(2))].into(),
        ..ApTruth::default()
    };
    Story::default().sees(at_rest(Some(held()), Some(truth.clone()))).holds();
    Story::default().sees(at_rest(Some(held()), None)).holds();
    Story::default().sees(at_rest(None, None)).breaks("same-picture");
    let elsewhere = Held { peer: OTHER, ..held() };
    Story::default().sees(at_rest(Some(elsewhere), None)).breaks("same-picture");
    let other_key = ApTruth { pairwise: Some(KeyPrint(9)), ..truth.clone() };
    Story::default().sees(at_rest(Some(held()), Some(other_key))).breaks("same-keys");
    let other_group = ApTruth { group: [((None, 1), KeyPrint(9))].into(), ..truth.clone() };
    Story::default().sees(at_rest(Some(held()), Some(other_group))).breaks("same-keys");
    let of_beacons = ApTruth { group: [((None, 6), KeyPrint(3))].into(), ..truth };
    let with_radio = |checks_beacons| {
        let sees = at_rest(Some(held()), Some(of_beacons.clone()));
        Story::default().sees(move |sight| Sight { checks_beacons, ..sees(sight) })
    };
    with_radio(true).breaks("same-keys");
    with_radio(false).holds();
}

#[test]
fn a_disconnected_station_has_left_nothing_behind() {
    let rest = |truth: Option<ApTruth>| {
        |sight: Sight<'static>| Sight { access_points: vec![(AP, truth)], at_rest: true, ..sight }
    };
    let associated = || Some(ApTruth { associated: true, ..ApTruth::default() });
    Story::default().sees(rest(None)).holds();
    Story::default().sees(rest(associated())).breaks("nothing-left-behind");
    let What::Sent(farewell) = data(0x888e, None) else { unreachable!() };
    let left = || Story::default().happened(Lane::Kernel, What::Lost(farewell.clone()));
    left().sees(rest(associated())).holds();
    // Another attempt alone does not tell the access point anything; that it asks to associate does.
    let begins = || sae(left(), AP).asks(associate(AP, b"home", [3; 16], Akm::Sae));
    begins().sees(rest(associated())).holds();
    let mut frame = Vec::new();
    let body = AssociationRequest {
        capabilities: CapabilityInformation(0),
        listen_interval: 1,
        elements: Vec::new(),
    };
    let header = Header::new(AP, US, AP);
    Management { header, body: Body::AssociationRequest(body) }.write(&mut frame);
    let content = Content::Management { frame, protection: None };
    let asks = What::Sent(Transmission { content, ..farewell.clone() });
    begins().happened(Lane::Kernel, asks).sees(rest(associated())).breaks("nothing-left-behind");
    let connected = |sight: Sight<'static>| Sight { at_rest: true, ..holding(held())(sight) };
    Story::default().sees(connected).breaks("nothing-left-behind");
    let busy = |sight: Sight<'static>| Sight {
        kernel: Truth { busy: true, ..sight.kernel },
        at_rest: true,
        ..sight
    };
    Story::default().sees(busy).breaks("nothing-left-behind");
}

#[test]
fn nobody_waits_for_ever() {
    let connecting = |has_deadline| {
        move |sight: Sight<'static>| Sight {
            summary: Summary::Connecting { ssid: ssid(), attempt: AttemptId(1) },
            has_deadline,
            ..sight
        }
    };
    Story::default().sees(connecting(true)).holds();
    Story::default().sees(connecting(false)).breaks("no-endless-wait");
    Story::default().sees(|sight| Sight { is_scanning: true, ..sight }).breaks("no-endless-wait");
}

#[test]
fn every_rule_has_a_name_and_a_sentence() {
    let names: BTreeSet<_> = Rules::CATALOGUE.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), Rules::CATALOGUE.len());
    assert!(Rules::CATALOGUE.iter().all(|(_, sentence)| !sentence.is_empty()));
}
