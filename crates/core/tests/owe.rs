//! OWE: vectors, a recorded exchange, and a station against an AP.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail by panicking"
)]

use lapwing_core::{
    Entropy, Means,
    curve::{Curves, Group, PureCurves, ShamCurves},
    entropy::SeededEntropy,
    owe::{Owe, OweFailure, OweKeys, OweProgress, answer},
};
use lapwing_frames::{
    element::{Element, OweDhParameter},
    management::StatusCode,
};
use serde_json::Value;

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// Gives a number, aligned to the end of whatever is asked for.
struct Fixed(Vec<u8>);

impl Entropy for Fixed {
    fn fill(&mut self, octets: &mut [u8]) {
        octets.fill(0);
        let start = octets.len() - self.0.len();
        octets[start..].copy_from_slice(&self.0);
    }
}

fn accepted(progress: OweProgress) -> OweKeys {
    match progress {
        OweProgress::Accepted(keys) => keys,
        OweProgress::Failed(why) => panic!("{why}"),
        _ => panic!("neither accepted nor failed"),
    }
}

#[test]
fn vectors_of_all_groups_from_both_sides() {
    let file: Value = serde_json::from_str(include_str!("data/vectors/owe.json")).unwrap();
    for vector in file["vectors"].as_array().unwrap() {
        let group = Group::from_number(u16::try_from(vector["group"].as_u64().unwrap()).unwrap()).unwrap();
        let mut entropy = Fixed(hex(&vector["sta_private"]));
        let mut means = Means { entropy: &mut entropy, curves: &PureCurves };
        let mut station = Owe::new(vec![group]);
        let request = station.start(&mut means).unwrap();
        assert_eq!(request.public_key, hex(&vector["sta_dh_x"]), "{group}");
        let mut entropy = Fixed(hex(&vector["ap_private"]));
        let mut means = Means { entropy: &mut entropy, curves: &PureCurves };
        let (response, ap) = answer(&mut means, &Group::ALL, &request).unwrap();
        assert_eq!(response.public_key, hex(&vector["ap_dh_x"]), "{group}");
        let keys = accepted(station.handle(&mut means, StatusCode::Success, Some(&response), false));
        assert_eq!(keys.pmk.expose(), hex(&vector["pmk"]), "{group}");
        assert_eq!(keys.pmkid.to_vec(), hex(&vector["pmkid"]), "{group}");
        assert!(keys == ap);
    }
}

#[test]
fn a_recorded_exchange() {
    let file: Value = serde_json::from_str(include_str!("data/sae_captures.json")).unwrap();
    let elements = ["request", "response"].map(|name| {
        let body = hex(&file["owe"][name]);
        let element = OweDhParameter::parse(&body).unwrap();
        let mut rebuilt = Vec::new();
        element.write_body(&mut rebuilt);
        assert_eq!(rebuilt, body);
        element
    });
    // The private keys are not known; the PMKID needs none of them.
    let digest = Group::P256.hash().digest(&[&elements[0].public_key, &elements[1].public_key]);
    assert_eq!(digest[..16], hex(&file["owe"]["pmkid"]));
    assert!(
        elements
            .iter()
            .all(|element| { PureCurves.point_with_x(Group::P256, &element.public_key, 0.into()).is_some() })
    );
}

#[test]
fn the_next_group_after_a_refusal() {
    let mut entropy = SeededEntropy(3);
    let mut means = Means { entropy: &mut entropy, curves: &ShamCurves };
    let mut station = Owe::new(Group::ALL.to_vec());
    let mut request = station.start(&mut means).unwrap();
    for expected in [19, 20] {
        assert_eq!(request.group, expected);
        let refusal = answer(&mut means, &[Group::P521], &request).err().unwrap();
        request = match station.handle(&mut means, refusal, None, false) {
            OweProgress::Retry(request) => request,
            _ => panic!("no retry"),
        };
    }
    let (response, ap) = answer(&mut means, &[Group::P521], &request).unwrap();
    assert!(accepted(station.handle(&mut means, StatusCode::Success, Some(&response), false)) == ap);
    assert_eq!(ap.pmk.len(), 64);

    let mut station = Owe::new(vec![Group::P256]);
    station.start(&mut means).unwrap();
    let end = station.handle(&mut means, StatusCode::UnsupportedFiniteCyclicGroup, None, false);
    assert!(end == OweProgress::Failed(OweFailure::NoCommonGroup));
    let again = station.handle(&mut means, StatusCode::Success, None, false);
    assert!(again == OweProgress::Failed(OweFailure::NotStarted));
}

#[test]
fn every_wrong_answer_is_refused() {
    let mut entropy = SeededEntropy(4);
    for curves in [&PureCurves as &dyn Curves, &ShamCurves] {
        let mut means = Means { entropy: &mut entropy, curves };
        let mut try_answer = |status, parameter: Option<OweDhParameter>, pmkid| {
            let mut station = Owe::new(vec![Group::P256]);
            station.start(&mut means).unwrap();
            station.handle(&mut means, status, parameter.as_ref(), pmkid)
        };
        let parameter = |group, public: &[u8]| Some(OweDhParameter { group, public_key: public.to_vec() });
        let ok = StatusCode::Success;
        let failed = OweProgress::Failed;
        assert!(try_answer(ok, None, true) == OweProgress::PmksaAccepted);
        assert!(try_answer(ok, None, false) == failed(OweFailure::NoPublicValue));
        assert!(try_answer(ok, parameter(20, &[1; 48]), false) == failed(OweFailure::GroupMismatch(20)));
        for public in [&[][..], &[0xff; 32], &[2; 31], &[2; 33]] {
            assert!(try_answer(ok, parameter(19, public), false) == failed(OweFailure::InvalidPublicValue));
        }
        let refused = StatusCode::UnspecifiedFailure;
        assert!(try_answer(refused, None, false) == failed(OweFailure::Refused(refused)));
        for public in [&[0xff; 32][..], &[2; 31]] {
            let request = OweDhParameter { group: 19, public_key: public.to_vec() };
            assert!(answer(&mut means, &Group::ALL, &request).is_err());
        }
    }
}
