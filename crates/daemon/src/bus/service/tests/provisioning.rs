//! Networks handed over by a QR code or a shared code, and the agents that know such codes.

use super::*;
use crate::control::{FoundBy, Party, Provision, ProvisionedView, ProvisioningView};
use lapwing_core::dpp::Troubles;

const AGENT: &str = "/codes";

fn party() -> Party {
    Party { owner: ":1.7".to_owned(), path: AGENT.to_owned() }
}

fn with(provisioning: Option<ProvisioningView>) -> View {
    let device = DeviceView { provisioning, ..device(Summary::Disconnected) };
    View { devices: vec![device], ..view() }
}

fn by_agent() -> View {
    with(Some(ProvisioningView { enrollee: false, by: FoundBy::Agent(party()) }))
}

/// The calls of somebody else but the bus.
fn said(effects: &[Effect]) -> Vec<(&str, &str, &[Value], Option<u32>)> {
    let mut said = Vec::new();
    for effect in effects {
        if let Effect::Send(Outgoing::Call { destination, member, body, serial, .. }) = effect
            && destination != BUS
        {
            said.push((destination.as_str(), *member, body.as_slice(), *serial));
        }
    }
    said
}

#[test]
fn what_ends_with_a_connection_is_over_when_its_end_is_told() {
    let mut service = service();
    let connected = Summary::Connected { ssid: Ssid::new(b"home").unwrap(), attempt: AttemptId(1) };
    for by in [FoundBy::Uri("DPP:K:x;;".to_owned()), FoundBy::Agent(party())] {
        let provisioning = Some(ProvisioningView { enrollee: false, by });
        let device = DeviceView { provisioning, ..device(connected.clone()) };
        service.settle(Vec::new(), Some(View { devices: vec![device], ..view() }));
        let lines = order(&service.settle(Vec::new(), Some(with(None))));
        let place = |of: &str| lines.iter().position(|line| line.contains(of)).ok_or(&lines);
        assert!(place("Started=<false>").unwrap() < place("State=<disconnected>").unwrap(), "{lines:?}");
    }
}

#[test]
fn what_runs_is_seen_and_a_uri_is_given() {
    let mut service = service();
    let effects = ask(&mut service, DEVICE, "net.connman.iwd.DeviceProvisioning.StartEnrollee", vec![]);
    let [Effect::Call(id, Call::Provision { ifindex: 3, wish: Provision::Enrol })] = effects.as_slice()
    else {
        panic!("{effects:?}")
    };
    let uri = "DPP:K:x;;".to_owned();
    let news = vec![News::Answered { call: *id, outcome: Ok(Answer::Uri(uri.clone())) }];
    let view = with(Some(ProvisioningView { enrollee: true, by: FoundBy::Uri(uri.clone()) }));
    let effects = service.settle(news, Some(view));
    assert_eq!(reply(&effects), Ok(vec![Value::Text(uri.clone())]));
    let text = format!("{effects:?}");
    for changed in ["Started", "Role", "enrollee", "URI", "DPP:K:x;;"] {
        assert!(text.contains(changed), "{changed}: {text}");
    }
    let ended = ProvisionedView { enrollee: true, outcome: Err(Troubles::TimedOut) };
    let device = DeviceView { provisioned: Some(ended), ..device(Summary::Disconnected) };
    let effects = service.settle(Vec::new(), Some(View { devices: vec![device], ..super::view() }));
    let text = format!("{effects:?}");
    assert!(text.contains("Provisioned") && text.contains("did not answer in time"), "{text}");
    let call = ask(&mut service, DEVICE, "net.connman.iwd.DeviceProvisioning.Stop", vec![]);
    assert!(matches!(call[..], [Effect::Call(_, Call::StopProvisioning { ifindex: 3, by_code: false })]));
}

#[test]
fn an_agent_is_asked_for_codes_by_their_names_and_released_in_the_end() {
    let mut service = service();
    let method = "net.connman.iwd.SharedCodeDeviceProvisioning.StartConfigurator";
    let effects = ask(&mut service, DEVICE, method, vec![Value::Path(AGENT.to_owned())]);
    let [Effect::Call(id, Call::Provision { wish: Provision::ConfigureByAgent(agent), .. })] =
        effects.as_slice()
    else {
        panic!("{effects:?}")
    };
    assert_eq!(*agent, party());
    let news = vec![News::Answered { call: *id, outcome: Ok(Answer::Done) }];
    let effects = service.settle(news, Some(by_agent()));
    assert!(format!("{effects:?}").contains("arg0=':1.7'"), "whether it leaves is told: {effects:?}");
    let wanted =
        |code| News::CodeWanted { code: CodeId(code), agent: party(), identifier: "shelf".to_owned() };
    let effects = service.settle(vec![wanted(1)], None);
    let [(":1.7", "RequestSharedCode", [Value::Text(name)], Some(serial))] = said(&effects)[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(name, "shelf");
    let outcome = Ok(vec![Value::text("secret123")]);
    let effects = service.receive(Incoming::Reply {
        serial,
        sender: ":1.7".to_owned(),
        outcome: outcome.map(Into::into),
    });
    assert!(matches!(&effects[..], [Effect::Code(CodeId(1), SecretAnswer::Passphrase(code))]
            if code.expose() == b"secret123"));
    // One that takes too long, and the end.
    let effects = service.settle(vec![wanted(2)], None);
    assert_eq!(said(&effects).len(), 1);
    let news = vec![News::CodeUnwanted { code: CodeId(2), why: Unwanted::TimedOut }];
    let effects = service.settle(news, Some(view()));
    let said: Vec<_> = said(&effects).iter().map(|(_, member, ..)| *member).collect();
    assert_eq!(said, ["Cancel", "Release"]);
    assert!(format!("{effects:?}").contains("RemoveMatch"));
}

#[test]
fn an_agent_that_leaves_ends_it() {
    let mut service = service();
    service.settle(Vec::new(), Some(by_agent()));
    let gone = Incoming::NameOwnerChanged { name: ":1.7".to_owned(), owner: String::new() };
    let effects = service.receive(gone);
    let stops = |effect: &Effect| {
        matches!(effect, Effect::Call(_, Call::StopProvisioning { ifindex: 3, by_code: true }))
    };
    assert_eq!(effects.iter().filter(|effect| stops(effect)).count(), 1, "{effects:?}");
}

#[test]
fn the_end_of_the_daemon_is_said_to_agents() {
    let mut service = service();
    service.settle(Vec::new(), Some(by_agent()));
    let goodbye: Vec<_> = service.shut_down().into_iter().map(Effect::Send).collect();
    assert!(matches!(said(&goodbye)[..], [(":1.7", "Release", [], None)]));
}
