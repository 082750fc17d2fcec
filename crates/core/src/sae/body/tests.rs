use super::*;
use std::vec;

fn commits(group: Group) -> Vec<(Method, Commit)> {
    let octets = group.octets();
    let plain = Commit {
        group,
        token: None,
        scalar: (1..).take(octets).collect(),
        element: (7..).take(2 * octets).collect(),
        password_identifier: None,
        rejected_groups: None,
        akm: None,
        other: vec![],
    };
    let full = Commit {
        token: Some(vec![5; 33]),
        password_identifier: Some(b"guest".to_vec()),
        rejected_groups: Some(vec![19, 20]),
        akm: Some(Akm::SaeExtKey),
        other: vec![255, 2, 200, 9, 1],
        ..plain.clone()
    };
    let token = Commit { token: Some(vec![6; 40]), ..plain.clone() };
    let linked = Commit { other: [&[0xff, 0x0a, 0x6b][..], &[0; 9]].concat(), ..token.clone() };
    vec![
        (Method::HuntingAndPecking, plain.clone()),
        (Method::HuntingAndPecking, token),
        (Method::HuntingAndPecking, linked),
        (Method::HashToElement, plain),
        (Method::HashToElement, full),
    ]
}

#[test]
fn commits_both_ways() {
    for (method, commit) in Group::ALL.into_iter().flat_map(commits) {
        let octets = commit.write(method);
        assert!(Commit::parse(&octets, method, true).unwrap() == commit);
        assert_eq!(Commit::group_number(&octets), Ok(commit.group.number()));
    }
}

#[test]
fn known_octets_of_a_commit() {
    let (method, commit) = commits(Group::P256).pop().unwrap();
    let octets = commit.write(method);
    assert_eq!(&octets[..4], &[19, 0, 1, 2]);
    let identifier = [&[255, 6, 33][..], b"guest"].concat();
    let rejected = [255, 5, 92, 19, 0, 20, 0];
    let token = [&[255, 34, 93][..], &[5; 33]].concat();
    let akm = [255, 5, 114, 0, 0x0f, 0xac, 24];
    let elements = [&identifier[..], &rejected, &token, &akm, &commit.other].concat();
    assert_eq!(octets[98..], elements);
    // Any order of elements is understood.
    let shuffled = [&octets[..98], &akm, &token, &rejected, &identifier, &commit.other].concat();
    assert!(Commit::parse(&shuffled, method, true).unwrap() == commit);
}

#[test]
fn truncation_at_every_length() {
    for (method, commit) in Group::ALL.into_iter().flat_map(commits) {
        let octets = commit.write(method);
        for length in 0..octets.len() {
            match Commit::parse(&octets[..length], method, true) {
                Ok(shorter) => {
                    assert!(length >= 2 + 3 * commit.group.octets());
                    assert_eq!(shorter.write(method).len(), length);
                }
                Err(error) => assert!(error.at <= length),
            }
        }
    }
}

#[test]
fn a_station_takes_nothing_for_a_token() {
    let (method, commit) = commits(Group::P256).swap_remove(0);
    let octets = [commit.write(method), vec![221, 38, 0], vec![1; 37]].concat();
    let parsed = Commit::parse(&octets, method, false).unwrap();
    assert!(parsed.scalar == commit.scalar && parsed.token.is_none());
    assert_eq!(parsed.other.len(), 40);
}

#[test]
fn what_the_standard_forbids() {
    let (_, commit) = commits(Group::P256).swap_remove(0);
    let with = |method: Method, element: &[u8]| {
        Commit::parse(&[&commit.write(method)[..], element].concat(), method, true)
    };
    assert!(with(Method::HashToElement, &[255, 2, 92, 19]).is_err(), "half a group");
    assert!(with(Method::HashToElement, &[255, 1, 93]).is_err(), "empty token");
    assert!(with(Method::HashToElement, &[255, 4, 114, 0, 0x0f, 0xac]).is_err(), "short AKM");
    assert!(with(Method::HashToElement, &[255, 6, 114, 0, 0x0f, 0xac, 8, 0]).is_err(), "long AKM");
    for id in [33, 92, 93] {
        assert!(
            with(Method::HuntingAndPecking, &[255, 3, id, 19, 0]).is_err(),
            "element {id} of the other method"
        );
    }
    assert!(Commit::parse(&[22, 0], Method::HashToElement, true).is_err(), "a group that is not ours");
}

#[test]
fn tokens_both_ways() {
    for method in [Method::HuntingAndPecking, Method::HashToElement] {
        let octets = request_for_token(Group::P384, method, &[9; 32]);
        assert_eq!(octets[..2], [20, 0]);
        assert_eq!(requested_token(&octets, method).unwrap(), [9; 32]);
        for length in 0..=2 {
            assert!(requested_token(&octets[..length], method).is_err());
        }
    }
    assert!(requested_token(&[19, 0, 255, 1, 93], Method::HashToElement).is_err());
}

#[test]
fn confirms_both_ways_and_cut() {
    let confirm = Confirm { send_confirm: 0x1234, confirm: vec![7; 48], other: vec![1, 2, 3] };
    let octets = confirm.write();
    assert_eq!(octets[..3], [0x34, 0x12, 7]);
    assert!(Confirm::parse(&octets, 48).unwrap() == confirm);
    for length in 0..octets.len() {
        assert_eq!(Confirm::parse(&octets[..length], 48).is_ok(), length >= 50);
    }
}
