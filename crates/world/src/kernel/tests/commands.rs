//! Each command in each state: what is refused, and how.

use super::world::{
    AP, Bench, CHANNEL, MLD, OWN, SECURITY, State, associate, authenticate, beacon, bssid, channel,
    deauthenticate, link, mld_elements, named, outcome, sae, ssid,
};
use crate::habit::Habits;
use crate::parts::{Command, KernelInput};
use lapwing_core::Duration;
use lapwing_core::kernel::{
    AssociateRequest, AssociateSecurity, AssociationLink, AssociationPeer, AuthenticateRequest, Errno,
    Frequency, Reply, Request,
};
use lapwing_frames::element::channel::ChannelSwitch;
use lapwing_frames::element::channel::SwitchMode;
use lapwing_frames::element::multi_link::{Basic, BasicCommon, LinkIdInfo, MldCapabilities};
use lapwing_frames::element::{Element, MultiLink};
use lapwing_frames::management::{
    Action, AuthenticationAlgorithm, Body, Header, Management, ReasonCode, action::SaQuery,
};
use lapwing_frames::suite::Cipher;
use lapwing_frames::{LinkId, MacAddr};

fn errno(bench: &Bench, request: &Request) -> Option<Errno> {
    bench.clone().ask(request.clone()).err().map(|refusal| refusal.errno)
}

fn words(bench: &Bench, request: Request) -> (Errno, Option<String>) {
    let refusal = bench.clone().ask(request).unwrap_err();
    (refusal.errno, refusal.message)
}

fn sa_query(to: MacAddr) -> Request {
    let body = Body::Action(Action::SaQueryRequest(SaQuery { transaction: [1, 2], elements: vec![] }));
    let mut bytes = vec![];
    Management { header: Header::new(to, OWN, to), body }.write(&mut bytes);
    Request::SendFrame { frequency: None, bytes }
}

#[test]
fn each_command_in_each_state() {
    use Errno as E;
    let other = MacAddr([2, 0, 0, 0, 9, 7]);
    let elsewhere = AuthenticateRequest { bssid: other, ..authenticate(false) };
    let key_frame = |to| Request::SendKeyFrame { to, bytes: vec![2, 3, 0, 0], in_clear: true };
    let (no, yes) = (None, Some);
    // Idle, authenticating, authenticated, associating, connected, connected with links.
    let table: [(Request, [Option<Errno>; 6]); 14] = [
        (Request::Authenticate(authenticate(false)), [no, no, no, yes(E::EBUSY), yes(E::EALREADY), no]),
        (Request::Authenticate(authenticate(true)), [no, no, no, yes(E::EBUSY), no, no]),
        (Request::Authenticate(elsewhere), [yes(E::ENOENT); 6]),
        (
            Request::Associate(associate(false)),
            [no, yes(E::EBUSY), no, yes(E::EBUSY), yes(E::EALREADY), yes(E::EALREADY)],
        ),
        (
            Request::Associate(associate(true)),
            [no, yes(E::EBUSY), no, yes(E::EBUSY), yes(E::EALREADY), yes(E::EALREADY)],
        ),
        (deauthenticate(AP), [yes(E::ENOTCONN), no, no, no, no, yes(E::ENOTCONN)]),
        (
            deauthenticate(MLD),
            [yes(E::ENOTCONN), yes(E::ENOTCONN), yes(E::ENOTCONN), yes(E::ENOTCONN), yes(E::ENOTCONN), no],
        ),
        (
            Request::AuthorizePort { peer: AP },
            [yes(E::ENOENT), yes(E::EINVAL), yes(E::EINVAL), yes(E::EINVAL), no, yes(E::ENOENT)],
        ),
        (key_frame(AP), [yes(E::ENOTCONN), yes(E::ENOTCONN), yes(E::ENOTCONN), yes(E::ENOTCONN), no, no]),
        (
            sa_query(AP),
            [yes(E::ENOTCONN), yes(E::ENOTCONN), yes(E::ENOTCONN), yes(E::ENOTCONN), no, yes(E::ENOTCONN)],
        ),
        (Request::UseKey { peer: AP, index: 0 }, [yes(E::EINVAL); 6]),
        (Request::Disconnect { reason: ReasonCode::LeavingDeauthenticated }, [no; 6]),
        (Request::FlushPmksas, [yes(E::EOPNOTSUPP); 6]),
        (
            Request::ReconfigureLinks { add: vec![], remove: vec![link(1)] },
            [yes(E::EINVAL), yes(E::EINVAL), yes(E::EINVAL), yes(E::EINVAL), yes(E::EINVAL), no],
        ),
    ];
    for (request, expected) in table {
        for (state, expected) in State::ALL.into_iter().zip(expected) {
            let bench = Bench::at(state, Habits::NONE);
            assert_eq!(errno(&bench, &request), expected, "{} {state:?} {request:?}", request.name());
        }
    }
}

#[test]
fn nothing_but_reading_is_possible_while_the_interface_is_down_or_gone() {
    let mut bench = Bench::new();
    bench.turn(KernelInput::SetUp(false));
    let requests = [Request::AbortScan, Request::Authenticate(authenticate(false)), deauthenticate(AP)];
    for (input, down, reading) in [
        (KernelInput::Tick, Errno::ENETDOWN, None),
        (KernelInput::Block(true), Errno::ENETDOWN, None),
        (KernelInput::Remove, Errno::ENODEV, Some(Errno::ENODEV)),
    ] {
        bench.turn(input);
        for request in &requests {
            assert_eq!(errno(&bench, request), Some(down));
        }
        for request in [Request::ReadScan, Request::ReadInterface, Request::ReadStations] {
            assert_eq!(errno(&bench, &request), reading);
        }
        assert!(!bench.kernel.truth().up);
    }
}

#[test]
fn an_authentication_that_makes_no_sense_is_refused() {
    let bench = Bench::at(State::Idle, Habits::NONE);
    let own = AuthenticateRequest { mld: Some((link(0), OWN)), ..authenticate(true) };
    let forbidden = AuthenticateRequest { frequency: Frequency(5500), ..authenticate(false) };
    let elsewhere = AuthenticateRequest { frequency: Frequency(2462), ..authenticate(false) };
    let other_name = AuthenticateRequest { ssid: ssid("other"), ..authenticate(false) };
    let data = AuthenticateRequest { data: vec![1, 0, 0, 0], ..authenticate(false) };
    let no_data = AuthenticateRequest { data: vec![], ..sae(false, 1) };
    let fils =
        AuthenticateRequest { algorithm: AuthenticationAlgorithm::FilsSharedKey, ..authenticate(false) };
    for (request, expected) in [
        (own, Errno::EINVAL),
        (forbidden, Errno::EINVAL),
        (elsewhere, Errno::ENOENT),
        (other_name, Errno::ENOENT),
        (data, Errno::EINVAL),
        (no_data, Errno::EINVAL),
        (fils, Errno::EINVAL),
    ] {
        assert_eq!(words(&bench, Request::Authenticate(request)), (expected, None));
    }
    let mut old = bench;
    old.pass(Duration::from_secs(31));
    assert_eq!(words(&old, Request::Authenticate(authenticate(false))), (Errno::ENOENT, None));
}

#[test]
fn an_ap_that_is_about_to_change_its_channel_is_not_joined() {
    let mut bench = Bench::at(State::Authenticated, Habits::NONE);
    let mut elements = named("net");
    let switch = ChannelSwitch { mode: SwitchMode::NoRestriction, channel: 6, count: 3, tail: vec![] };
    switch.write(&mut elements);
    bench.turn(KernelInput::Beacon(beacon(AP, CHANNEL, elements)));
    for (request, line) in [
        (Request::Authenticate(authenticate(false)), "wlan0: AP is in CSA process, reject auth"),
        (Request::Associate(associate(false)), "wlan0: AP is in CSA process, reject assoc"),
    ] {
        let out = bench.clone().command(Command::Request(request));
        assert_eq!(super::world::lines(&out), [line]);
        assert_eq!(outcome(out).unwrap_err().errno, Errno::EINVAL);
    }
}

/// The elements of a link's beacon, spoiled.
fn spoiled(number: u8, spoil: impl FnOnce(&mut BasicCommon)) -> Vec<u8> {
    let mut common = BasicCommon {
        mld_address: MLD,
        link_id: Some(LinkIdInfo(number)),
        bss_parameters_change_count: Some(0),
        mld_capabilities: Some(MldCapabilities(1 << 13 | 2)),
        ..BasicCommon::default()
    };
    spoil(&mut common);
    let mut elements = named("net");
    MultiLink::Basic(Basic { common, links: vec![], reserved: 0 }).write(&mut elements);
    elements
}

#[test]
fn links_must_be_of_one_ap_mld() {
    use lapwing_frames::element::multi_link::{EmlCapabilities, ExtendedMldCapabilities};
    let broken = [named("net"), vec![255, 3, 107, 1, 0]].concat();
    let cases = [
        (named("net"), "MLO BSS w/o ML element"),
        (broken, "BSS with invalid ML element"),
        (spoiled(2, |_| ()), "link ID mismatch"),
        (spoiled(1, |common| common.mld_address = AP), "AP MLD address mismatch"),
        (
            spoiled(1, |common| common.eml_capabilities = Some(EmlCapabilities(1))),
            "link EML capabilities mismatch",
        ),
        (
            spoiled(1, |common| common.mld_capabilities = Some(MldCapabilities(2))),
            "link MLD capabilities/ops mismatch",
        ),
        (
            spoiled(1, |common| common.extended_mld_capabilities = Some(ExtendedMldCapabilities(1))),
            "extended link MLD capabilities/ops mismatch",
        ),
    ];
    for (elements, expected) in cases {
        let mut bench = Bench::at(State::Idle, Habits::NONE);
        bench.turn(KernelInput::Beacon(beacon(bssid(1), channel(1), elements)));
        let refused = words(&bench, Request::Associate(associate(true)));
        assert_eq!(refused, (Errno::EINVAL, Some(expected.to_owned())));
    }
}

fn with_links(association_link: LinkId, links: Vec<AssociationLink>) -> Request {
    let peer = AssociationPeer::Mld { address: MLD, association_link, links };
    Request::Associate(AssociateRequest { peer, ..associate(true) })
}

#[test]
fn an_association_that_makes_no_sense_is_refused() {
    let mut bench = Bench::at(State::Idle, Habits::NONE);
    let bss =
        |number, mhz| AssociationLink { id: link(number), bssid: bssid(number), frequency: Frequency(mhz) };
    let fetching = Some(String::from("Error fetching BSS for link"));
    for (request, errno, message) in [
        (with_links(link(0), vec![bss(0, 2412), bss(1, 2462)]), Errno::ENOENT, fetching.clone()),
        (with_links(link(0), vec![bss(0, 2412), bss(1, 5500)]), Errno::EINVAL, fetching.clone()),
        (with_links(link(0), vec![bss(0, 2412), bss(0, 2412)]), Errno::EINVAL, None),
        (with_links(link(2), vec![bss(0, 2412), bss(1, 2437)]), Errno::EINVAL, None),
        (
            Request::Associate(AssociateRequest {
                security: Some(AssociateSecurity { pairwise: Cipher::Gcmp128, ..SECURITY }),
                ..associate(false)
            }),
            Errno::EINVAL,
            None,
        ),
    ] {
        assert_eq!(words(&bench, request), (errno, message));
    }
    // Half a minute later the partner link is unknown.
    bench.pass(Duration::from_secs(20));
    bench.turn(KernelInput::Beacon(beacon(bssid(0), channel(0), mld_elements(0))));
    bench.pass(Duration::from_secs(11));
    assert_eq!(words(&bench, Request::Associate(associate(true))), (Errno::ENOENT, fetching));
}

#[test]
fn another_program_may_not_touch_a_connection_that_has_an_owner() {
    let mut bench = Bench::at(State::Connected, Habits::NONE);
    let before = bench.kernel.clone();
    for request in [deauthenticate(AP), Request::Disconnect { reason: ReasonCode::LeavingDeauthenticated }] {
        assert_eq!(bench.turn(KernelInput::Rival(Command::Request(request))), []);
    }
    assert_eq!(bench.kernel, before);
    // What it may do is authenticate: and that ends the connection.
    let rival = KernelInput::Rival(Command::Request(Request::Authenticate(authenticate(true))));
    let out = bench.turn(rival);
    assert_eq!(super::world::order(&out), ["a deauthentication", "the end of a connection"]);
    // The other way round: what a rival owns is refused here.
    let mut bench = Bench::at(State::Authenticated, Habits::NONE);
    bench.turn(KernelInput::Rival(Command::Request(Request::Associate(associate(false)))));
    assert_eq!(errno(&bench, &deauthenticate(AP)), Some(Errno::EPERM));
    assert_eq!(errno(&bench, &Request::Associate(associate(false))), Some(Errno::EPERM));
}

#[test]
fn a_farewell_needs_a_reason_and_a_local_one_to_nobody_is_nothing() {
    let mut bench = Bench::at(State::Connected, Habits::NONE);
    let without = Request::Deauthenticate { peer: AP, reason: ReasonCode(0), local_only: false };
    assert_eq!(errno(&bench, &without), Some(Errno::EINVAL));
    let before = bench.kernel.clone();
    let reason = ReasonCode::LeavingDeauthenticated;
    let nobody = Request::Deauthenticate { peer: MLD, reason, local_only: true };
    assert_eq!(bench.ask(nobody), Ok(Reply::Done));
    assert_eq!(bench.kernel, before);
    let local = Request::Deauthenticate { peer: AP, reason, local_only: true };
    let out = bench.command(Command::Request(local));
    assert_eq!(super::world::sent(&out), []);
    assert_eq!(super::world::order(&out), ["a deauthentication", "the end of a connection", "="]);
}
