//! `net.connman.iwd.DeviceProvisioning` and `SharedCodeDeviceProvisioning`: a network by a QR code or a shared code.

use super::errors::{dbus, iwd};
use super::interfaces::{DEVICE_PROVISIONING, SHARED_CODE};
use super::message::Error;
use super::tree::{Interfaces, Properties};
use super::value::Value;
use crate::control::{Call, FoundBy, Party, Provision, ProvisionedView, ProvisioningView};
use lapwing_core::Secret;
use lapwing_core::dpp::Troubles;
use lapwing_core::dpp::keys::Code;
use lapwing_core::kernel::Frequency;
use lapwing_frames::dpp::Uri;
use lapwing_frames::{Channel, MacAddr};
use std::str::FromStr;

/// The longest identifier of a code, in octets.
const MAX_IDENTIFIER: usize = 80;

/// What a call of this client leads to.
pub(super) fn call(
    ifindex: u32,
    sender: &str,
    interface: &str,
    member: &str,
    arguments: &[Value],
) -> Result<Call, Error> {
    let provision = |wish| Ok(Call::Provision { ifindex, wish });
    match (interface, member, arguments) {
        (DEVICE_PROVISIONING, "StartEnrollee", []) => provision(Provision::Enrol),
        (DEVICE_PROVISIONING, "StartConfigurator", []) => provision(Provision::Configure),
        (DEVICE_PROVISIONING, "ConfigureEnrollee", [Value::Text(text)]) => match Uri::parse(text) {
            Ok(uri) => provision(Provision::ConfigureWith(Box::new(uri))),
            Err(error) => Err(iwd("InvalidArguments", format_args!("The code cannot be read: {error}."))),
        },
        (DEVICE_PROVISIONING, "Stop", []) => Ok(Call::StopProvisioning { ifindex, by_code: false }),
        (SHARED_CODE, "StartEnrollee", [Value::Dictionary(_, _, options)]) => {
            let Told { code, address, frequency } = told(options)?;
            provision(Provision::EnrolByCode { code, address, frequency })
        }
        (SHARED_CODE, "ConfigureEnrollee", [Value::Dictionary(_, _, options)]) => {
            provision(Provision::ConfigureByCode(told(options)?.code))
        }
        (SHARED_CODE, "StartConfigurator", [Value::Path(path)]) => {
            let agent = Party { owner: sender.to_owned(), path: path.clone() };
            provision(Provision::ConfigureByAgent(agent))
        }
        (SHARED_CODE, "Stop", []) => Ok(Call::StopProvisioning { ifindex, by_code: true }),
        _ => Err(dbus("UnknownMethod", format_args!("There is no such method {member}."))),
    }
}

/// What a client says of a code; a channel and an address are no part of iwd's documentation, but of iwd.
struct Told {
    code: Code,
    address: Option<MacAddr>,
    frequency: Option<Frequency>,
}

fn told(options: &[(Value, Value)]) -> Result<Told, Error> {
    let invalid = |text: &str| Err(iwd("InvalidArguments", text));
    let (mut code, mut identifier, mut address, mut frequency) = (None, None, None, None);
    for (name, value) in options {
        let (Value::Text(name), Value::Variant(value)) = (name, value) else { continue };
        match (name.as_str(), &**value) {
            ("Code", Value::Text(text)) => code = Some(text),
            ("Identifier", Value::Text(text)) => identifier = Some(text),
            ("Address", Value::Text(text)) => match MacAddr::from_str(text) {
                Ok(one) if !one.is_group() => address = Some(one),
                Ok(_) | Err(_) => return invalid("The Address is not that of a device."),
            },
            ("Frequency", Value::Uint32(mhz)) => match Channel::from_frequency(*mhz) {
                Some(channel) => frequency = Some(Frequency(channel.frequency())),
                None => return invalid("The Frequency is not that of a channel, in MHz."),
            },
            ("Code" | "Identifier" | "Address" | "Frequency", _) => {
                return invalid("Code, Identifier and Address are strings, and Frequency is a number.");
            }
            // As with iwd, what is not known is for others.
            _ => {}
        }
    }
    let Some(code) = code.filter(|code| !code.is_empty()) else { return invalid("The Code is missing.") };
    if identifier.is_some_and(|identifier| identifier.len() > MAX_IDENTIFIER) {
        return invalid("An Identifier has at most 80 octets.");
    }
    let code = Code { code: Secret::new(code.as_bytes()), identifier: identifier.cloned() };
    Ok(Told { code, address, frequency })
}

/// Adds the interfaces of a station.
pub(super) fn add(interfaces: &mut Interfaces, view: Option<&ProvisioningView>) {
    let is_shown = |view: &&ProvisioningView| matches!(view.by, FoundBy::Uri(_));
    let (by_uri, by_code) = (view.filter(is_shown), view.filter(|view| !is_shown(view)));
    for (name, view) in [(DEVICE_PROVISIONING, by_uri), (SHARED_CODE, by_code)] {
        let mut properties = Properties::from([("Started", Value::Boolean(view.is_some()))]);
        if let Some(view) = view {
            properties.insert("Role", Value::text(role(view.enrollee)));
            if let FoundBy::Uri(uri) = &view.by {
                properties.insert("URI", Value::text(uri));
            }
        }
        interfaces.insert(name, properties);
    }
}

/// What came of the last time, for `org.lapwing.Station1`.
pub(super) fn outcome(view: Option<&ProvisionedView>) -> Vec<(&'static str, Value)> {
    let Some(ProvisionedView { enrollee, outcome }) = view else { return Vec::new() };
    let sentence = match outcome {
        Ok(()) => "The network was handed over.".to_owned(),
        Err(troubles) => describe(*troubles).text,
    };
    vec![
        ("Role", Value::text(role(*enrollee))),
        ("Done", Value::Boolean(outcome.is_ok())),
        ("Sentence", Value::Text(sentence)),
    ]
}

/// What becomes of a call that waited for it to begin.
pub(super) fn describe(troubles: Troubles) -> Error {
    let (name, next) = match troubles {
        Troubles::TimedOut => ("Timeout", "Bring the devices closer together, and begin anew on both."),
        Troubles::NotCompatible => ("Failed", "Let one be the enrollee, and the other the configurator."),
        Troubles::Refused(_) => ("Failed", "Begin anew on both."),
        Troubles::NoConfiguration => ("NotSupported", "Enter the passphrase of the network instead."),
        Troubles::WrongCode => ("Failed", "Check the code and its identifier on both, and begin anew."),
        Troubles::Cancelled => ("Aborted", "Begin anew if you still want it."),
    };
    iwd(name, format_args!("{troubles}. {next}"))
}

const fn role(enrollee: bool) -> &'static str {
    if enrollee { "enrollee" } else { "configurator" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(entries: &[(&str, &str)]) -> Value {
        Value::options(entries.iter().map(|(name, text)| (*name, Value::text(text))))
    }

    #[test]
    fn a_code_its_name_and_its_place_are_taken() {
        let start =
            |entries: &[(&str, &str)]| call(1, ":1.1", SHARED_CODE, "StartEnrollee", &[options(entries)]);
        let Ok(Call::Provision { wish: Provision::EnrolByCode { code, .. }, .. }) =
            start(&[("Code", "secret"), ("Identifier", "shelf")])
        else {
            panic!()
        };
        assert_eq!((code.code.expose(), code.identifier.as_deref()), (&b"secret"[..], Some("shelf")));
        for bad in [
            &[][..],
            &[("Identifier", "shelf")],
            &[("Code", "")],
            &[("Code", "x"), ("Address", "ff:ff:ff:ff:ff:ff")],
            &[("Code", "x"), ("Frequency", "2437")],
        ] {
            assert_eq!(
                start(bad).map_err(|error| error.name),
                Err("net.connman.iwd.InvalidArguments".to_owned())
            );
        }
        assert!(start(&[("Code", "x"), ("Else", "y")]).is_ok(), "as with iwd");
        let place = Value::options([
            ("Code", Value::text("x")),
            ("Address", Value::text("02:00:00:00:00:09")),
            ("Frequency", Value::Uint32(2437)),
        ]);
        let started = call(1, ":1.1", SHARED_CODE, "StartEnrollee", &[place]);
        let Ok(Call::Provision { wish: Provision::EnrolByCode { address, frequency, .. }, .. }) = started
        else {
            panic!("{started:?}")
        };
        assert_eq!((address, frequency), (Some(MacAddr([2, 0, 0, 0, 0, 9])), Some(Frequency(2437))));
        let long = "x".repeat(81);
        assert!(start(&[("Code", "secret"), ("Identifier", &long)]).is_err());
    }

    #[test]
    fn a_uri_is_checked_before_anything_begins() {
        let configure =
            |text: &str| call(1, ":1.1", DEVICE_PROVISIONING, "ConfigureEnrollee", &[Value::text(text)]);
        assert_eq!(
            configure("DPP:nothing").map_err(|error| error.name),
            Err("net.connman.iwd.InvalidArguments".to_owned())
        );
        let key = "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgADURzxmttZoIRIPWGoQMV00XHWCAQIhXruVWOz0NjlkIA=";
        assert!(configure(&format!("DPP:K:{key};;")).is_ok());
    }

    #[test]
    fn what_runs_is_seen_on_its_own_interface_alone() {
        let mut interfaces = Interfaces::new();
        let view = ProvisioningView { enrollee: true, by: FoundBy::Uri("DPP:K:x;;".to_owned()) };
        add(&mut interfaces, Some(&view));
        assert_eq!(interfaces[DEVICE_PROVISIONING]["Role"], Value::text("enrollee"));
        assert_eq!(interfaces[SHARED_CODE].len(), 1);
    }
}
