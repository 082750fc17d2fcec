//! SAE: published exchanges through both machines, and a station against an AP on a bad day.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail by panicking"
)]

use lapwing_core::{
    Duration, Entropy, Instant, Means,
    curve::{Curves, Group, PureCurves, ShamCurves},
    entropy::SeededEntropy,
    sae::{
        COMMIT, CONFIRM, Commit, Method, Password, Progress, Sae, SaeAuthenticator, SaeFailure, Setup,
        authenticator::{Action, Configuration},
        frame, from_authentication_data,
        station::{Accepted, Ignored},
    },
};
use lapwing_frames::{
    MacAddr,
    management::{Authentication, AuthenticationAlgorithm, StatusCode},
    suite::Akm,
};
use serde_json::Value;

const STATION: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 9]);

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn address(value: &Value) -> MacAddr {
    MacAddr(hex(value).try_into().unwrap())
}

/// Gives these numbers one after the other, each aligned to the end of what is asked for.
struct Script(Vec<Vec<u8>>);

impl Entropy for Script {
    fn fill(&mut self, octets: &mut [u8]) {
        let number = self.0.remove(0);
        octets.fill(0);
        let start = octets.len() - number.len();
        octets[start..].copy_from_slice(&number);
    }
}

fn password(identifier: Option<&[u8]>) -> Password {
    Password::new(b"net", b"correct horse", identifier)
}

fn setup(akm: Akm, method: Method, groups: &[Group]) -> Setup {
    Setup { own: STATION, peer: AP, akm, method, groups: groups.to_vec() }
}

fn configuration(groups: &[Group]) -> Configuration {
    Configuration {
        own: AP,
        akms: vec![Akm::Sae, Akm::SaeExtKey],
        groups: groups.to_vec(),
        methods: vec![Method::HashToElement, Method::HuntingAndPecking],
        passwords: vec![password(None), password(Some(b"guest"))],
        token_threshold: 5,
    }
}

fn sent(progress: Progress) -> Authentication {
    match progress {
        Progress::Send(frame) => frame,
        other => panic!("{other:?}"),
    }
}

fn only_frame(mut actions: Vec<Action>) -> Authentication {
    assert_eq!(actions.len(), 1);
    match actions.remove(0) {
        Action::Send(_, frame) => frame,
        Action::Accepted { .. } => panic!("accepted"),
    }
}

fn failure(progress: Progress) -> SaeFailure {
    match progress {
        Progress::Failed(why) => why,
        other => panic!("{other:?}"),
    }
}

/// A station and an AP on sham curves, in step.
struct Pair {
    entropy: SeededEntropy,
    station: Sae,
    ap: SaeAuthenticator,
}

impl Pair {
    fn new(setup: Setup, password: Password, configuration: Configuration) -> Self {
        Self {
            entropy: SeededEntropy(7),
            station: Sae::new(setup, password),
            ap: SaeAuthenticator::new(configuration),
        }
    }

    fn usual() -> Self {
        let setup = setup(Akm::Sae, Method::HashToElement, &[Group::P256]);
        Self::new(setup, password(None), configuration(&[Group::P256]))
    }

    fn start(&mut self) -> Progress {
        self.station.start(&mut Means { entropy: &mut self.entropy, curves: &ShamCurves })
    }

    fn station_hears(&mut self, frame: &Authentication) -> Progress {
        self.station.handle(&mut Means { entropy: &mut self.entropy, curves: &ShamCurves }, frame)
    }

    fn ap_hears(&mut self, from: MacAddr, frame: &Authentication) -> Vec<Action> {
        let mut means = Means { entropy: &mut self.entropy, curves: &ShamCurves };
        self.ap.handle(Instant::default(), &mut means, from, frame)
    }

    /// Runs until the station is done. The frames that each sent, and how it ended for both.
    fn run(&mut self) -> (Result<Accepted, SaeFailure>, Option<Action>) {
        let mut progress = self.start();
        let mut at_ap = None;
        for _ in 0..20 {
            let frame = match progress {
                Progress::Send(frame) => frame,
                Progress::Accepted(accepted) => return (Ok(accepted), at_ap),
                Progress::Failed(why) => return (Err(why), at_ap),
                Progress::Ignored(why) => panic!("{why:?}"),
            };
            let mut actions = self.ap_hears(STATION, &frame);
            at_ap = actions.pop_if(|action| matches!(action, Action::Accepted { .. })).or(at_ap);
            progress = self.station_hears(&only_frame(actions));
        }
        panic!("no end")
    }

    fn succeed(&mut self) -> Accepted {
        let (station, ap) = self.run();
        let station = station.unwrap_or_else(|why| panic!("{why}"));
        let Some(Action::Accepted { peer, pmk, pmkid, .. }) = ap else { panic!("the AP is not done") };
        assert!(peer == STATION && pmk == station.pmk && pmkid == station.pmkid);
        station
    }
}

#[test]
fn hash_to_element_vectors_through_both_machines() {
    let file: Value = serde_json::from_str(include_str!("data/vectors/sae_h2e.json")).unwrap();
    let mut exchanges = 0;
    for vector in file["vectors"].as_array().unwrap() {
        let group = Group::from_number(u16::try_from(vector["group"].as_u64().unwrap()).unwrap()).unwrap();
        let text = |name: &str| vector[name].as_str().map(|text| text.as_bytes().to_vec());
        let identifier = text("password_identifier");
        let secret = Password::new(&text("ssid").unwrap(), &text("password").unwrap(), identifier.as_deref());
        let (own, peer) = (address(&vector["mac1"]), address(&vector["mac2"]));
        let exchange = &vector["exchange"];
        for result in exchange["results"].as_array().unwrap() {
            let akm = if result["akm"] == "00-0F-AC:8" { Akm::Sae } else { Akm::SaeExtKey };
            let rejected = result.get("rejected_groups_salt").is_some();
            let mut groups = vec![group];
            let mut numbers = vec![hex(&exchange["rand_A"]), hex(&exchange["mask_A"])];
            if rejected {
                groups.insert(0, Group::P256);
                numbers.splice(0..0, [vec![5], vec![6]]);
            }
            let mut station_entropy = Script(numbers);
            let mut means = Means { entropy: &mut station_entropy, curves: &PureCurves };
            let method = Method::HashToElement;
            let mut station = Sae::new(Setup { own, peer, akm, method, groups }, secret.clone());
            let mut commit = sent(station.start(&mut means));
            if rejected {
                let refusal = frame(COMMIT, StatusCode::UnsupportedFiniteCyclicGroup, vec![19, 0]);
                commit = sent(station.handle(&mut means, &refusal));
            }
            let expected = hex(&exchange["commit_A"]);
            assert!(commit.payload.starts_with(&expected), "{group}");
            let parsed = Commit::parse(&commit.payload, method, true).unwrap();
            assert_eq!(parsed.password_identifier, identifier);
            assert_eq!(parsed.rejected_groups, rejected.then(|| vec![19]));
            assert_eq!(parsed.akm, (akm == Akm::SaeExtKey).then_some(akm));

            let mut ap = SaeAuthenticator::new(Configuration {
                own: peer,
                akms: vec![akm],
                groups: vec![group],
                passwords: vec![secret.clone()],
                ..configuration(&[])
            });
            let mut ap_entropy = Script(vec![hex(&exchange["rand_B"]), hex(&exchange["mask_B"])]);
            let mut ap_means = Means { entropy: &mut ap_entropy, curves: &PureCurves };
            let now = Instant::default();
            let answer = only_frame(ap.handle(now, &mut ap_means, own, &commit));
            assert!(answer.payload.starts_with(&hex(&exchange["commit_B"])), "{group}");

            let confirm = sent(station.handle(&mut means, &answer));
            if let Some(expected) = result.get("confirm_A") {
                assert_eq!(confirm.payload, [&[1, 0], &hex(expected)[..]].concat(), "{group}");
            }
            let mut actions = ap.handle(now, &mut ap_means, own, &confirm);
            let Some(Action::Accepted { pmk, pmkid, .. }) = actions.pop() else { panic!("{group}") };
            assert_eq!(pmk.expose(), hex(&result["pmk"]), "{group} {akm}");
            let confirmed = only_frame(actions);
            if let Some(expected) = result.get("confirm_B") {
                assert_eq!(confirmed.payload, [&[1, 0], &hex(expected)[..]].concat(), "{group}");
            }
            let Progress::Accepted(accepted) = station.handle(&mut means, &confirmed) else {
                panic!("{group}")
            };
            assert!(accepted.pmk == pmk && accepted.group == group);
            assert_eq!(accepted.pmkid.to_vec(), hex(&result["pmkid"]));
            assert_eq!(accepted.pmkid, pmkid);
            exchanges += 1;
        }
    }
    assert_eq!(exchanges, 14);
}

#[test]
fn a_commit_that_names_no_akm_is_for_the_one_that_never_names_itself() {
    let setup = setup(Akm::Sae, Method::HashToElement, &[Group::P256]);
    let configuration =
        Configuration { akms: vec![Akm::SaeExtKey, Akm::Sae], ..configuration(&[Group::P256]) };
    let mut pair = Pair::new(setup, password(None), configuration);
    let (station, ap) = pair.run();
    assert!(station.is_ok());
    let Some(Action::Accepted { akm, .. }) = ap else { panic!("not accepted") };
    assert_eq!(akm, Akm::Sae, "whatever the AP likes better");
}

#[test]
fn the_hunting_and_pecking_vector() {
    let vector: Value = serde_json::from_str(include_str!("data/vectors/sae_hnp_group19.json")).unwrap();
    let mut numbers = vec![vec![3]; 40];
    numbers.extend([hex(&vector["rand"]), hex(&vector["mask"])]);
    let mut entropy = Script(numbers);
    let mut means = Means { entropy: &mut entropy, curves: &PureCurves };
    let setup = Setup {
        own: address(&vector["mac1"]),
        peer: address(&vector["mac2"]),
        akm: Akm::Sae,
        method: Method::HuntingAndPecking,
        groups: vec![Group::P256],
    };
    let secret = Password::new(b"byteme", vector["password"].as_str().unwrap().as_bytes(), None);
    let mut station = Sae::new(setup, secret);
    let commit = sent(station.start(&mut means));
    assert_eq!(commit.payload, hex(&vector["own_commit_body"]));
    let confirm = sent(
        station.handle(&mut means, &frame(COMMIT, StatusCode::Success, hex(&vector["peer_commit_body"]))),
    );
    let body = |name: &str| [&[1, 0], &hex(&vector[name]["confirm"])[..]].concat();
    assert_eq!(confirm.payload, body("own_confirm"));
    let confirmed = frame(CONFIRM, StatusCode::Success, body("peer_confirm"));
    let Progress::Accepted(accepted) = station.handle(&mut means, &confirmed) else { panic!("not accepted") };
    assert_eq!(accepted.pmk.expose(), hex(&vector["pmk"]));
    assert_eq!(accepted.pmkid.to_vec(), hex(&vector["pmkid"]));
}

#[test]
fn every_method_akm_group_and_identifier_on_real_and_sham_curves() {
    for group in Group::ALL {
        for (akm, method, identifier) in [
            (Akm::Sae, Method::HuntingAndPecking, None),
            (Akm::Sae, Method::HashToElement, None),
            (Akm::Sae, Method::HashToElement, Some(&b"guest"[..])),
            (Akm::SaeExtKey, Method::HashToElement, None),
        ] {
            let mut secret = password(identifier);
            if method == Method::HashToElement {
                secret.prepare(&ShamCurves, group);
            }
            let mut pair = Pair::new(setup(akm, method, &[group]), secret, configuration(&[group]));
            let accepted = pair.succeed();
            assert_eq!(accepted.group, group);
            let expected = if akm == Akm::SaeExtKey { group.hash().output_length() } else { 32 };
            assert_eq!(accepted.pmk.len(), expected);
            let again = pair.succeed();
            assert!(again.pmk != accepted.pmk, "fresh secrets each time");
        }
    }
    let mut entropy = SeededEntropy(1);
    let mut means = Means { entropy: &mut entropy, curves: &PureCurves };
    let setup = setup(Akm::Sae, Method::HuntingAndPecking, &[Group::P521]);
    let mut station = Sae::new(setup, password(None));
    let mut ap = SaeAuthenticator::new(configuration(&Group::ALL));
    let commit = sent(station.start(&mut means));
    let answer = only_frame(ap.handle(Instant::default(), &mut means, STATION, &commit));
    let confirm = sent(station.handle(&mut means, &answer));
    assert_eq!(ap.handle(Instant::default(), &mut means, STATION, &confirm).len(), 2);
}

#[test]
fn a_wrong_password_is_named_at_once() {
    let wrong = Password::new(b"net", b"wrong horse", None);
    for method in [Method::HashToElement, Method::HuntingAndPecking] {
        let mut pair =
            Pair::new(setup(Akm::Sae, method, &[Group::P256]), wrong.clone(), configuration(&[Group::P256]));
        let (station, ap) = pair.run();
        assert_eq!(station.err(), Some(SaeFailure::WrongPassword(Some(StatusCode::ChallengeFailure))));
        assert!(ap.is_none());
        assert_eq!(pair.ap.instances(), (0, 0));
    }
    // Found by ourselves: the AP's confirm is wrong.
    let mut pair = Pair::usual();
    let commit = sent(pair.start());
    let answer = only_frame(pair.ap_hears(STATION, &commit));
    sent(pair.station_hears(&answer));
    let forged = frame(CONFIRM, StatusCode::Success, [&[1, 0][..], &[7; 32]].concat());
    assert_eq!(failure(pair.station_hears(&forged)), SaeFailure::WrongPassword(None));
}

#[test]
fn refused_groups_lead_to_the_next_one_and_are_told() {
    for method in [Method::HashToElement, Method::HuntingAndPecking] {
        let mut pair =
            Pair::new(setup(Akm::Sae, method, &Group::ALL), password(None), configuration(&[Group::P521]));
        assert_eq!(pair.succeed().group, Group::P521);
        assert_eq!(pair.station.rejected(), [Group::P256, Group::P384]);
        // The next try begins where this one ended, until the list is forgotten.
        let Progress::Send(commit) = pair.start() else { panic!("no commit") };
        assert_eq!(Commit::group_number(&commit.payload), Ok(21));
        let parsed = Commit::parse(&commit.payload, method, true).unwrap();
        assert_eq!(parsed.rejected_groups.is_some(), method == Method::HashToElement);
        pair.station.forget_rejected();
        assert_eq!(Commit::group_number(&sent(pair.start()).payload), Ok(19));
    }
    let mut pair = Pair::new(
        setup(Akm::Sae, Method::HashToElement, &[Group::P256]),
        password(None),
        configuration(&[Group::P384]),
    );
    assert_eq!(pair.run().0.err(), Some(SaeFailure::NoCommonGroup));
}

#[test]
fn a_forged_refusal_of_a_group_is_found_out() {
    // Somebody answers 77 in the AP's place: the AP sees the list and refuses.
    let groups = [Group::P256, Group::P384];
    let mut pair =
        Pair::new(setup(Akm::Sae, Method::HashToElement, &groups), password(None), configuration(&groups));
    sent(pair.start());
    let forged = frame(COMMIT, StatusCode::UnsupportedFiniteCyclicGroup, vec![19, 0]);
    let commit = sent(pair.station_hears(&forged));
    let refusal = only_frame(pair.ap_hears(STATION, &commit));
    assert_eq!(refusal.status, StatusCode::UnspecifiedFailure);
    let expected = SaeFailure::Refused { transaction: COMMIT, status: StatusCode::UnspecifiedFailure };
    assert_eq!(failure(pair.station_hears(&refusal)), expected);
    // And the list taken out on the way: the keys differ.
    sent(pair.start());
    pair.station.forget_rejected();
    sent(pair.start());
    let commit = sent(pair.station_hears(&forged));
    let mut parsed = Commit::parse(&commit.payload, Method::HashToElement, true).unwrap();
    parsed.rejected_groups = None;
    let stripped = frame(COMMIT, commit.status, parsed.write(Method::HashToElement));
    let answer = only_frame(pair.ap_hears(STATION, &stripped));
    let confirm = sent(pair.station_hears(&answer));
    assert_eq!(only_frame(pair.ap_hears(STATION, &confirm)).status, StatusCode::ChallengeFailure);
}

type Change = Box<dyn FnOnce(&mut Commit, &mut StatusCode)>;

/// What a station makes of one changed answer to its commit.
fn after_change(change: impl FnOnce(&mut Commit, &mut StatusCode)) -> Progress {
    let mut pair = Pair::usual();
    let commit = sent(pair.start());
    let mut answer = only_frame(pair.ap_hears(STATION, &commit));
    let mut parsed = Commit::parse(&answer.payload, Method::HashToElement, false).unwrap();
    change(&mut parsed, &mut answer.status);
    answer.payload = parsed.write(Method::HashToElement);
    pair.station_hears(&answer)
}

#[test]
fn every_check_of_a_commit() {
    use SaeFailure as F;
    let table: Vec<(&str, Change, F)> = vec![
        ("scalar 0", Box::new(|commit, _| commit.scalar = vec![0; 32]), F::InvalidElement),
        (
            "scalar 1",
            Box::new(|commit, _| commit.scalar = [vec![0; 31], vec![1]].concat()),
            F::InvalidElement,
        ),
        ("scalar above the order", Box::new(|commit, _| commit.scalar = vec![0xff; 32]), F::InvalidElement),
        ("element off the curve", Box::new(|commit, _| commit.element[5] ^= 1), F::InvalidElement),
        ("element zero", Box::new(|commit, _| commit.element = vec![0; 64]), F::InvalidElement),
        (
            "status 0",
            Box::new(|_, status| *status = StatusCode::Success),
            F::MethodMismatch(StatusCode::Success),
        ),
        ("status 127", Box::new(|_, status| *status = StatusCode(127)), F::MethodMismatch(StatusCode(127))),
        ("unknown identifier", Box::new(|_, status| *status = StatusCode(123)), F::UnknownPasswordIdentifier),
        (
            "identifier",
            Box::new(|commit, _| commit.password_identifier = Some(vec![1])),
            F::IdentifierMismatch,
        ),
        ("AKM", Box::new(|commit, _| commit.akm = Some(Akm::SaeExtKey)), F::AkmMismatch(Akm::SaeExtKey)),
        (
            "rejected group",
            Box::new(|commit, _| commit.rejected_groups = Some(vec![22, 19])),
            F::Downgrade(19),
        ),
        (
            "group",
            Box::new(|commit, _| {
                commit.group = Group::P384;
                (commit.scalar, commit.element) = (vec![1; 48], vec![1; 96]);
            }),
            F::GroupMismatch(20),
        ),
        (
            "another refusal",
            Box::new(|_, status| *status = StatusCode::DeniedNoMoreStas),
            F::Refused { transaction: COMMIT, status: StatusCode::DeniedNoMoreStas },
        ),
    ];
    for (name, change, expected) in table {
        assert_eq!(failure(after_change(change)), expected, "{name}");
    }
    // The same things changed so that they are right again.
    sent(after_change(|commit, _| commit.akm = Some(Akm::Sae)));
    sent(after_change(|commit, _| commit.rejected_groups = Some(vec![22])));
    sent(after_change(|commit, _| commit.other = vec![255, 3, 107, 0, 0, 9]));
}

#[test]
fn what_needs_hash_to_element_does_not_go_without() {
    for (akm, identifier) in [(Akm::SaeExtKey, None), (Akm::Sae, Some(&b"guest"[..]))] {
        let setup = setup(akm, Method::HuntingAndPecking, &[Group::P256]);
        let mut pair = Pair::new(setup, password(identifier), configuration(&[Group::P256]));
        assert_eq!(failure(pair.start()), SaeFailure::NeedsHashToElement);
    }
}

#[test]
fn identifiers_of_an_ap() {
    let setup = setup(Akm::Sae, Method::HashToElement, &[Group::P256]);
    let mut pair = Pair::new(setup.clone(), password(Some(b"nobody")), configuration(&[Group::P256]));
    assert_eq!(pair.run().0.err(), Some(SaeFailure::UnknownPasswordIdentifier));
    let mut strict = configuration(&[Group::P256]);
    strict.methods = vec![Method::HashToElement];
    let mut pair = Pair::new(Setup { method: Method::HuntingAndPecking, ..setup }, password(None), strict);
    assert!(matches!(pair.run().0, Err(SaeFailure::Refused { transaction: COMMIT, .. })));
}

#[test]
fn reflection_and_order() {
    let mut pair = Pair::usual();
    let commit = sent(pair.start());
    assert_eq!(pair.station_hears(&commit), Progress::Ignored(Ignored::Reflection));
    let early = frame(CONFIRM, StatusCode::Success, vec![0; 34]);
    assert_eq!(pair.station_hears(&early), Progress::Ignored(Ignored::OutOfOrder));
    let open = Authentication { algorithm: AuthenticationAlgorithm::Open, ..commit.clone() };
    assert_eq!(pair.station_hears(&open), Progress::Ignored(Ignored::NotSae));
    for status in [StatusCode::AntiCloggingTokenRequired, StatusCode::UnsupportedFiniteCyclicGroup] {
        let other = frame(COMMIT, status, vec![20, 0, 1, 2]);
        assert_eq!(pair.station_hears(&other), Progress::Ignored(Ignored::OtherGroup));
    }
    let answer = only_frame(pair.ap_hears(STATION, &commit));
    let confirm = sent(pair.station_hears(&answer));
    assert_eq!(pair.station_hears(&answer), Progress::Ignored(Ignored::OutOfOrder));
    assert_eq!(
        pair.station_hears(&confirm),
        Progress::Failed(SaeFailure::WrongPassword(None)),
        "reflected confirm"
    );
}

#[test]
fn repeated_frames_are_bounded() {
    let mut pair = Pair::usual();
    let commit = sent(pair.start());
    for _ in 0..3 {
        assert_eq!(sent(pair.station.repeat()), commit);
    }
    assert_eq!(failure(pair.station.repeat()), SaeFailure::NoAnswer);

    let mut pair = Pair::usual();
    let commit = sent(pair.start());
    let answer = only_frame(pair.ap_hears(STATION, &commit));
    assert_eq!(only_frame(pair.ap_hears(STATION, &commit)), answer, "the same answer to the same commit");
    let confirm = sent(pair.station_hears(&answer));
    assert_eq!(pair.ap_hears(STATION, &confirm).len(), 2);
    assert!(pair.ap_hears(STATION, &confirm).is_empty(), "a counter that is not higher");
    assert!(pair.ap_hears(STATION, &commit).is_empty(), "a replayed commit");
    let again = sent(pair.station.repeat());
    assert_eq!(again.payload[..2], [2, 0]);
    let confirmed = only_frame(pair.ap_hears(STATION, &again));
    assert_eq!(confirmed.payload[..2], [0xff, 0xff]);
    assert!(matches!(pair.station_hears(&confirmed), Progress::Accepted(_)));
}

#[test]
fn tokens_when_the_ap_is_crowded() {
    for method in [Method::HashToElement, Method::HuntingAndPecking] {
        let setup = setup(Akm::Sae, method, &[Group::P256]);
        let mut pair = Pair::new(setup.clone(), password(None), configuration(&[Group::P256]));
        for number in 0..5 {
            let own = MacAddr([2, 1, 0, 0, 0, number]);
            let mut other = Sae::new(Setup { own, ..setup.clone() }, password(None));
            let mut means = Means { entropy: &mut pair.entropy, curves: &ShamCurves };
            let commit = sent(other.start(&mut means));
            only_frame(pair.ap_hears(own, &commit));
        }
        assert_eq!(pair.ap.instances(), (5, 0));
        let commit = sent(pair.start());
        let request = only_frame(pair.ap_hears(STATION, &commit));
        assert_eq!(request.status, StatusCode::AntiCloggingTokenRequired);
        assert_eq!(pair.ap.instances(), (5, 0), "nothing is kept for it");
        let second = sent(pair.station_hears(&request));
        let (old, new) = (
            Commit::parse(&commit.payload, method, true).unwrap(),
            Commit::parse(&second.payload, method, true).unwrap(),
        );
        assert!(old.scalar == new.scalar && old.element == new.element && new.token.is_some());
        assert!(pair.ap_hears(MacAddr([2, 2, 0, 0, 0, 0]), &second).is_empty(), "a token of somebody else");
        let answer = only_frame(pair.ap_hears(STATION, &second));
        assert_eq!(answer.status, method.status());
        // Again and again.
        let mut pair = Pair::new(setup.clone(), password(None), configuration(&[Group::P256]));
        sent(pair.start());
        for _ in 0..3 {
            sent(pair.station_hears(&request));
        }
        assert_eq!(failure(pair.station_hears(&request)), SaeFailure::TooManyTokens);
        sent(pair.start());
        let empty = frame(COMMIT, StatusCode::AntiCloggingTokenRequired, vec![19, 0]);
        assert!(matches!(failure(pair.station_hears(&empty)), SaeFailure::Malformed(_)));
    }
}

#[test]
fn an_ap_keeps_nothing_for_nothing() {
    let mut pair = Pair::usual();
    let confirm = frame(CONFIRM, StatusCode::Success, vec![0; 34]);
    assert_eq!(only_frame(pair.ap_hears(STATION, &confirm)).status, StatusCode::UnspecifiedFailure);
    let third = frame(3, StatusCode::Success, vec![]);
    assert_eq!(only_frame(pair.ap_hears(STATION, &third)).status, StatusCode::TransactionSequenceError);
    for garbage in [vec![], vec![19], vec![19, 0], vec![22, 0], vec![19, 0, 1, 2, 3]] {
        for status in [0, 126, 127, 1] {
            only_frame(pair.ap_hears(STATION, &frame(COMMIT, StatusCode(status), garbage.clone())));
        }
    }
    assert_eq!(pair.ap.instances(), (0, 0));
    let commit = sent(pair.start());
    pair.ap_hears(STATION, &commit);
    assert_eq!(pair.ap.next_deadline(), Some(Instant::default() + Duration::from_secs(5)));
    pair.ap.expire(Instant::default() + Duration::from_secs(5));
    assert_eq!((pair.ap.instances(), pair.ap.next_deadline()), ((0, 0), None));
}

/// A failed attempt in the name of a station takes nothing from it.
#[test]
fn an_accepted_station_survives_an_impostor() {
    let mut pair = Pair::usual();
    pair.succeed();
    let setup = setup(Akm::Sae, Method::HashToElement, &[Group::P256]);
    let mut impostor = Pair::new(setup, Password::new(b"net", b"guess", None), configuration(&[Group::P256]));
    impostor.entropy = SeededEntropy(99);
    let commit = sent(impostor.start());
    let answer = only_frame(pair.ap_hears(STATION, &commit));
    let confirm = sent(impostor.station_hears(&answer));
    assert_eq!(only_frame(pair.ap_hears(STATION, &confirm)).status, StatusCode::ChallengeFailure);
    assert_eq!(pair.ap.instances(), (0, 1), "the accepted one is still there");
}

#[test]
fn garbage_never_panics() {
    let mut entropy = SeededEntropy(5);
    for _ in 0..2000 {
        let mut pair = Pair::usual();
        pair.entropy = entropy;
        sent(pair.start());
        for _ in 0..4 {
            let mut octets = vec![0; 160];
            entropy.fill(&mut octets);
            let length = usize::from(octets[0]) % 160;
            let mut garbage = from_authentication_data(&octets[1..][..length.max(4)]).unwrap();
            garbage.transaction = 1 + u16::from(octets[1] & 1);
            garbage.status = StatusCode([0, 126, 76, 77][usize::from(octets[2] % 4)]);
            if let [group, zero, ..] = &mut garbage.payload[..] {
                (*group, *zero) = (19, 0);
            }
            pair.station_hears(&garbage);
            pair.ap_hears(STATION, &garbage);
        }
    }
}

/// A link that loses, doubles and reorders, and a station that repeats and starts anew.
#[test]
fn random_runs_end_well_or_not_at_all() {
    let mut successes = 0;
    for seed in 0..5000 {
        let mut choice = SeededEntropy(seed);
        let mut below = move |limit: u8| {
            let mut octets = [0; 1];
            choice.fill(&mut octets);
            octets[0] % limit
        };
        let right = below(4) != 0;
        let method = if below(16) == 0 { Method::HuntingAndPecking } else { Method::HashToElement };
        let own_groups = &Group::ALL[..1 + usize::from(below(3))];
        let ap_groups = &Group::ALL[usize::from(below(3))..];
        let secret = if right { password(None) } else { Password::new(b"net", b"wrong", None) };
        let mut configuration = configuration(ap_groups);
        configuration.token_threshold = usize::from(below(2));
        let mut pair = Pair::new(setup(Akm::Sae, method, own_groups), secret, configuration);
        pair.entropy = SeededEntropy(!seed);
        let common = own_groups.iter().any(|group| ap_groups.contains(group));
        let faults_until = u16::from(below(100));

        let mut air: Vec<(bool, Authentication)> = Vec::new();
        let mut keys = Vec::new();
        let mut result = None;
        let mut progress = Some(pair.start());
        let (mut failures, patience) = (0, if right && common { 50 } else { 3 });
        for step in 0..400 {
            match progress.take() {
                Some(Progress::Send(frame)) => air.push((true, frame)),
                Some(Progress::Accepted(accepted)) => {
                    result = Some(accepted);
                    break;
                }
                Some(Progress::Failed(_)) => {
                    failures += 1;
                    if failures > patience {
                        break;
                    }
                    pair.station.forget_rejected();
                    progress = Some(pair.start());
                    continue;
                }
                Some(Progress::Ignored(_)) | None => {}
            }
            if air.is_empty() {
                progress = Some(pair.station.repeat());
                if matches!(progress, Some(Progress::Ignored(_))) {
                    progress = Some(pair.start());
                }
                continue;
            }
            let faulty = step < faults_until;
            let at = if faulty { usize::from(below(255)) % air.len() } else { 0 };
            let (to_ap, frame) = air.remove(at);
            if faulty {
                match below(5) {
                    0 => continue,
                    1 => air.push((to_ap, frame.clone())),
                    _ => {}
                }
            }
            if to_ap {
                for action in pair.ap_hears(STATION, &frame) {
                    match action {
                        Action::Send(_, frame) => air.push((false, frame)),
                        Action::Accepted { pmk, pmkid, .. } => keys.push((pmk, pmkid)),
                    }
                }
            } else {
                progress = Some(pair.station_hears(&frame));
            }
        }
        if !right {
            assert!(result.is_none() && keys.is_empty(), "seed {seed}");
        } else if common {
            let accepted = result.unwrap_or_else(|| panic!("seed {seed}: no success"));
            assert!(keys.contains(&(accepted.pmk, accepted.pmkid)), "seed {seed}: the keys differ");
            successes += 1;
        } else {
            assert!(result.is_none(), "seed {seed}");
        }
    }
    assert!(successes > 1500, "{successes}");
}

#[test]
fn backends_are_means_not_state() {
    // The whole state is a value: a copy goes on alone and comes to the same end.
    let mut pair = Pair::usual();
    let commit = sent(pair.start());
    let answer = only_frame(pair.ap_hears(STATION, &commit));
    let mut copy = pair.station.clone();
    assert!(copy == pair.station);
    let curves: &dyn Curves = &ShamCurves;
    let one = copy.handle(&mut Means { entropy: &mut SeededEntropy(0), curves }, &answer);
    assert_eq!(one, pair.station_hears(&answer));
    assert!(copy == pair.station);
}
