//! Published and recorded exchanges: inner values here, what the machines make of them in `tests/`.

use super::{
    body::{Commit, Confirm, Method},
    exchange::{Keys, Rejected, Subject},
    password::Password,
};
use crate::{
    Entropy, Means,
    curve::{Curves, Group, PureCurves, Scalar},
};
use lapwing_frames::{MacAddr, suite::Akm};
use serde_json::Value;
use std::vec::Vec;

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn address(value: &Value) -> MacAddr {
    MacAddr(hex(value).try_into().unwrap())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

struct Zeros;

impl Entropy for Zeros {
    fn fill(&mut self, octets: &mut [u8]) {
        octets.fill(0);
    }
}

#[test]
fn password_elements_of_the_vectors() {
    let h2e = json(include_str!("../../tests/data/vectors/sae_h2e.json"));
    for vector in h2e["vectors"].as_array().unwrap() {
        let group = Group::from_number(u16::try_from(vector["group"].as_u64().unwrap()).unwrap()).unwrap();
        let text = |name: &str| vector[name].as_str().map(|text| text.as_bytes().to_vec());
        let (ssid, password) = (text("ssid").unwrap(), text("password").unwrap());
        let password = Password::new(&ssid, &password, text("password_identifier").as_deref());
        let addresses = [address(&vector["mac1"]), address(&vector["mac2"])];
        let mut means = Means { entropy: &mut Zeros, curves: &PureCurves };
        let element = password.element(&mut means, group, Method::HashToElement, addresses).unwrap();
        assert_eq!(element.base.octets(), hex(&vector["PT"]), "{group}");
        assert_eq!(element.factor.octets(), hex(&vector["val"]), "{group}");
        let product = PureCurves.multiply(&element.factor, &element.base).unwrap();
        assert_eq!(product.octets(), hex(&vector["PWE"]), "{group}");
        let two = Scalar::reduce(group, &[2]);
        for (value, image) in [("u1", "P1"), ("u2", "P2"), ("pwd_value1", "P1"), ("pwd_value2", "P2")] {
            let value = hex(&vector[value]);
            let image = PureCurves.point(group, &hex(&vector[image])).unwrap();
            let twice = PureCurves.map_to_curve(group, &value, &value).unwrap();
            assert!(twice == PureCurves.multiply(&two, &image).unwrap(), "{group}");
        }
    }

    let hunted = json(include_str!("../../tests/data/vectors/sae_hnp_group19.json"));
    let password = Password::new(b"", hunted["password"].as_str().unwrap().as_bytes(), None);
    let addresses = [address(&hunted["mac1"]), address(&hunted["mac2"])];
    let mut means = Means { entropy: &mut Zeros, curves: &PureCurves };
    let element = password.element(&mut means, Group::P256, Method::HuntingAndPecking, addresses).unwrap();
    assert_eq!(element.base.octets(), hex(&hunted["pwe"]));
}

#[test]
fn hunting_finds_points_in_every_group() {
    for group in Group::ALL {
        let password = Password::new(b"", b"password", None);
        let addresses = [MacAddr([2; 6]), MacAddr([4; 6])];
        let mut means = Means { entropy: &mut Zeros, curves: &PureCurves };
        let element = |means: &mut Means<'_>, addresses| {
            password.element(means, group, Method::HuntingAndPecking, addresses).unwrap()
        };
        let one = element(&mut means, addresses);
        assert!(PureCurves.point(group, one.base.octets()).is_some());
        assert!(one == element(&mut means, [addresses[1], addresses[0]]), "both sides find the same");
    }
}

#[test]
fn the_map_of_rfc_9380() {
    let file = json(include_str!("../../tests/data/vectors/sswu_rfc9380.json"));
    for vector in file["vectors"].as_array().unwrap() {
        let group = Group::from_number(u16::try_from(vector["group"].as_u64().unwrap()).unwrap()).unwrap();
        let point = PureCurves.map_to_curve(group, &hex(&vector["u0"]), &hex(&vector["u1"])).unwrap();
        assert_eq!(point.x(), hex(&vector["P_x"]), "{group}");
        assert_eq!(point.y(), hex(&vector["P_y"]), "{group}");
    }
}

/// Everything that follows from a shared coordinate, for connections that others made.
#[test]
fn recorded_exchanges() {
    let file = json(include_str!("../../tests/data/sae_captures.json"));
    for connection in file["sae"].as_array().unwrap() {
        let name = connection["name"].as_str().unwrap();
        let method = match connection["method"].as_str() {
            Some("h2e") => Method::HashToElement,
            _ => Method::HuntingAndPecking,
        };
        let akm = Akm([0, 0x0f, 0xac, u8::try_from(connection["akm"].as_u64().unwrap()).unwrap()]);
        for point in connection["PT"].as_array().unwrap() {
            let point = hex(point);
            let group = Group::ALL.into_iter().find(|group| 2 * group.octets() == point.len()).unwrap();
            let mut password = Password::new(b"plain", b"password12", None);
            password.prepare(&PureCurves, group);
            let mut means = Means { entropy: &mut Zeros, curves: &PureCurves };
            let addresses = [MacAddr([2; 6]), MacAddr([4; 6])];
            let element = password.element(&mut means, group, method, addresses).unwrap();
            assert_eq!(element.base.octets(), point, "{name}");
        }

        let frames: Vec<(MacAddr, Vec<u8>)> = connection["frames"]
            .as_array()
            .unwrap()
            .iter()
            .map(|frame| (address(&frame[0]), hex(&frame[1])))
            .collect();
        // The exchange that succeeded is the last four frames.
        let [.., commit, answer, confirm, confirmed] = &frames[..] else { panic!("{name}") };
        let (station, ap) = (commit.0, answer.0);
        let parsed = [commit, answer].map(|(_, octets)| {
            let frame = super::from_authentication_data(octets).unwrap();
            assert_eq!(frame.status, method.status(), "{name}");
            let parsed = Commit::parse(&frame.payload, method, true).unwrap();
            assert_eq!(parsed.write(method), frame.payload, "{name}: rebuilt byte for byte");
            assert!(parsed.token.is_none() && parsed.other.is_empty(), "{name}");
            assert_eq!(super::authentication_data(&frame), *octets);
            parsed
        });
        let [own, peer] = &parsed;
        let values = [own, peer].map(|commit| [&commit.scalar[..], &commit.element].concat());
        let rejected =
            Rejected { own: own.rejected_groups.as_deref(), peer: peer.rejected_groups.as_deref() };
        let shared = hex(&connection["k"]);
        let subject = Subject { own: station, peer: ap, akm, method };
        let keys = Keys::derive(own.group, &subject, &shared, values.clone(), rejected).unwrap();
        assert_eq!(keys.kck.expose(), hex(&connection["kck"]), "{name}");
        assert_eq!(keys.pmk.expose(), hex(&connection["pmk"]), "{name}");
        assert_eq!(keys.pmkid.to_vec(), hex(&connection["pmkid"]), "{name}");

        let confirms = [confirm, confirmed].map(|(_, octets)| {
            let frame = super::from_authentication_data(octets).unwrap();
            let parsed = Confirm::parse(&frame.payload, keys.confirm_length()).unwrap();
            assert_eq!(parsed.write(), frame.payload, "{name}");
            parsed
        });
        assert_eq!(keys.confirm(confirms[0].send_confirm).to_vec(), confirms[0].confirm, "{name}");
        assert!(keys.verify(confirms[1].send_confirm, &confirms[1].confirm), "{name}");

        // The other way round it is the AP's view.
        let [own, peer] = values;
        let rejected = Rejected { own: rejected.peer, peer: rejected.own };
        let subject = Subject { own: ap, peer: station, ..subject };
        let mirrored = Keys::derive(parsed[1].group, &subject, &shared, [peer, own], rejected).unwrap();
        assert!(mirrored.pmk == keys.pmk, "{name}");
        assert!(mirrored.verify(confirms[0].send_confirm, &confirms[0].confirm), "{name}");
    }
}

#[test]
fn stored_elements_are_points_of_the_curve() {
    for group in Group::ALL {
        let mut password = Password::new(b"net", b"secret", None);
        password.prepare(&PureCurves, group);
        let elements: Vec<_> = password.elements().collect();
        let [(found, octets)] = &elements[..] else { panic!("{group}") };
        assert_eq!((*found, octets.len()), (group, 2 * group.octets()));
        let mut stored = Password::of_elements(b"net", None);
        assert!(!stored.serves(group));
        assert!(stored.store(&PureCurves, group, octets.expose()) && stored.serves(group));
        assert!(stored.elements().eq(elements.clone()));
        // Neither another point nor another length.
        let mut other = Password::of_elements(b"net", None);
        let mut wrong = octets.expose().to_vec();
        wrong[2 * group.octets() - 1] ^= 1;
        assert!(!other.store(&PureCurves, group, &wrong));
        for length in 0..octets.len() {
            assert!(!other.store(&PureCurves, group, &octets.expose()[..length]), "{length}");
        }
        assert!(!other.serves(group));
    }
}
