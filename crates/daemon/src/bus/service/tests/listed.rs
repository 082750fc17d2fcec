//! The list of networks.

use super::*;
use crate::bus::wire::encode;

/// The octets of the answer to `GetOrderedNetworks`, and of one with these networks in it.
fn answers(service: &mut Service, networks: &[(String, i16)]) -> (Vec<u8>, Vec<u8>) {
    let effects = ask(service, DEVICE, "net.connman.iwd.Station.GetOrderedNetworks", vec![]);
    let [Effect::Send(answer @ Outgoing::Return(origin, _))] = effects.as_slice() else {
        panic!("{effects:?}")
    };
    let network = |(path, level): &(String, i16)| {
        Value::Structure(vec![Value::Path(path.clone()), Value::Int16(*level)])
    };
    let list = Value::Array("(on)", networks.iter().map(network).collect());
    let wanted = Outgoing::Return(origin.clone(), vec![list]);
    (encode(answer, None, 1).unwrap(), encode(&wanted, None, 1).unwrap())
}

#[test]
fn the_list_of_networks_is_that_of_the_moment() {
    let mut service = service();
    for _ in 0..2 {
        let (answer, wanted) = answers(&mut service, &[(HOME.to_owned(), -4000)]);
        assert_eq!(answer, wanted);
    }
    let mut seen = view();
    let other = FileName { ssid: Ssid::new(b"other").unwrap(), security: Security::Open };
    let networks = Arc::make_mut(&mut seen.devices[0].networks);
    let strong =
        crate::control::NetworkView { name: other, signal_mbm: 300, bsss: Vec::new(), passpoint: None };
    networks.insert(0, strong);
    service.settle(vec![], Some(seen));
    let listed = [(format!("{DEVICE}/6f74686572_open"), 0), (HOME.to_owned(), -4000)];
    let (answer, wanted) = answers(&mut service, &listed);
    assert_eq!(answer, wanted);
    let mut empty = view();
    empty.devices[0].networks = Arc::default();
    service.settle(vec![], Some(empty));
    let (answer, wanted) = answers(&mut service, &[]);
    assert_eq!(answer, wanted);
}
