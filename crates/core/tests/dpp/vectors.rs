//! The vectors of the specification.

use lapwing_core::{
    Secret,
    curve::{Curves, Group, Point, PureCurves, Scalar},
    dpp::keys::{
        Code, KeyPair, Points, Side, bootstrapping_hash, common, first_key, from_public_key, initiator_l,
        proof, responder_l, second_key, session_key, to_public_key,
    },
};
use lapwing_frames::{MacAddr, dpp::PublicKey};
use serde_json::Value;
use subtle::Choice;

const GROUP: Group = Group::P256;
const CURVES: PureCurves = PureCurves;

fn octets(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("../data/vectors/dpp.json")).unwrap()
}

fn point(value: &Value) -> Point {
    CURVES.point(GROUP, &octets(value)).unwrap()
}

/// One of the two points with this x, where only x counts.
fn with_x(value: &Value) -> Point {
    CURVES.point_with_x(GROUP, &octets(value), Choice::from(0)).unwrap()
}

fn pair(value: &Value) -> KeyPair {
    KeyPair::of(Scalar::from_octets(GROUP, &octets(value)).unwrap(), &CURVES).unwrap()
}

fn same(secret: &Secret, value: &Value) {
    assert!(secret.expose() == octets(value), "{value}");
}

fn authentication(vector: &Value) {
    let has = |name: &str| vector.get(name).is_some();
    let responder = pair(&vector["r_boot_private"]);
    let responder_protocol = pair(&vector["r_proto_private"]);
    let initiator_protocol = point(&vector["i_proto_public"]);
    assert!(*responder.public() == point(&vector["r_boot_public"]));
    assert!(*responder_protocol.public() == point(&vector["r_proto_public"]));
    let der = octets(&vector["r_asn1"]);
    assert_eq!(to_public_key(responder.public()).to_der(), der);
    let read = from_public_key(&PublicKey::from_der(&der).unwrap(), &CURVES).unwrap();
    assert!(read == *responder.public());

    let (m, k1) = first_key(&CURVES, &responder, &initiator_protocol).unwrap();
    same(&m, &vector["mx"]);
    same(&k1, &vector["k1"]);
    let (n, k2) = second_key(&CURVES, &responder_protocol, &initiator_protocol).unwrap();
    same(&n, &vector["nx"]);
    same(&k2, &vector["k2"]);

    let mutual = has("i_boot_private").then(|| pair(&vector["i_boot_private"]));
    let l = mutual.as_ref().map(|initiator| {
        let protocol = responder_protocol.public();
        let one = initiator_l(&CURVES, initiator, responder.public(), protocol).unwrap();
        let other = responder_l(&CURVES, &responder, &responder_protocol, initiator.public()).unwrap();
        assert!(one == other);
        same(&one, &vector["lx"]);
        one
    });
    let nonces = [octets(&vector["i_nonce"]), octets(&vector["r_nonce"])];
    let nonces = [&nonces[0][..], &nonces[1][..]];
    same(&session_key(GROUP, nonces, &m, &n, l.as_ref()), &vector["ke"]);
    let points = Points {
        initiator_protocol: &initiator_protocol,
        responder_protocol: responder_protocol.public(),
        initiator: mutual.as_ref().map(KeyPair::public),
        responder: responder.public(),
    };
    assert_eq!(points.responder_tag(nonces), octets(&vector["r_auth"]));
    assert_eq!(points.initiator_tag(nonces), octets(&vector["i_auth"]));
    if has("i_proto_private") {
        let initiator_protocol = pair(&vector["i_proto_private"]);
        let (_, ours) = first_key(&CURVES, &initiator_protocol, responder.public()).unwrap();
        assert!(ours == k1);
        let (_, ours) = second_key(&CURVES, &initiator_protocol, responder_protocol.public()).unwrap();
        assert!(ours == k2);
    }
}

#[test]
fn authentication_of_both_and_of_the_responder_alone() {
    let vectors = vectors();
    authentication(&vectors["mutual"]);
    authentication(&vectors["responder_only"]);
}

#[test]
fn keys_by_a_code() {
    let vector = &vectors()["pkex"];
    let address = |name: &str| MacAddr(octets(&vector[name]).try_into().unwrap());
    let (initiator, responder) = (address("mac_i"), address("mac_r"));
    let code = Code {
        code: Secret::new(vector["key"].as_str().unwrap().as_bytes()),
        identifier: vector["identifier"].as_str().map(Into::into),
    };
    assert_eq!(code.mask(&CURVES, Side::Initiator, initiator).unwrap().x(), octets(&vector["qix"]));
    assert_eq!(code.mask(&CURVES, Side::Responder, responder).unwrap().x(), octets(&vector["qrx"]));
    let [m, n] = ["mx", "nx"].map(|name| with_x(&vector[name]));
    let k = Secret::from_vec(octets(&vector["k"]));
    same(&code.wrapping_key([initiator, responder], [&m, &n], &k), &vector["z"]);
    let [a, b, x, y] = ["ax", "bx", "xx", "yx"].map(|name| with_x(&vector[name]));
    let [j, l] = ["j", "lx"].map(|name| Secret::from_vec(octets(&vector[name])));
    assert_eq!(proof(&j, initiator, [&a, &y, &x]), octets(&vector["u"]));
    assert_eq!(proof(&l, responder, [&b, &x, &y]), octets(&vector["v"]));
    let [a, b] = ["i_boot", "r_boot"].map(|name| {
        let pair = pair(&vector[format!("{name}_private")]);
        assert!(*pair.public() == point(&vector[format!("{name}_public")]));
        pair
    });
    same(&common(&CURVES, &a, &y).unwrap(), &vector["j"]);
    same(&common(&CURVES, &b, &x).unwrap(), &vector["lx"]);
}

#[test]
fn a_hash_of_an_announcement_is_another_than_that_of_the_key() {
    assert_ne!(bootstrapping_hash(b"key", true), bootstrapping_hash(b"key", false));
    assert_eq!(bootstrapping_hash(b"key", true), bootstrapping_hash(b"chirpkey", false));
}
