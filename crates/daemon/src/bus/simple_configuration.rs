//! `net.connman.iwd.SimpleConfiguration`: a network by a push of a button or a PIN.

use super::errors::{dbus, iwd};
use super::message::Error;
use super::value::Value;
use crate::control::Call;
use lapwing_core::wsc::{Failure, Password, Pin, Troubles};

/// What a call leads to.
pub(super) fn call(ifindex: u32, member: &str, arguments: &[Value]) -> Result<Call, Error> {
    match (member, arguments) {
        ("PushButton", []) => Ok(Call::Enrol { ifindex, password: Password::PushButton }),
        ("GeneratePin", []) => Ok(Call::GeneratePin),
        ("StartPin", [Value::Text(text)]) => {
            let pin =
                Pin::new(text).ok_or_else(|| iwd("InvalidFormat", "A PIN has four or eight digits."))?;
            Ok(Call::Enrol { ifindex, password: Password::Pin(pin) })
        }
        ("Cancel", []) => Ok(Call::CancelEnrol { ifindex }),
        _ => Err(dbus("UnknownMethod", format_args!("There is no such method {member}."))),
    }
}

/// What becomes of a call to which no network was handed over.
pub(super) fn describe(troubles: &Troubles) -> Error {
    let (name, next) = match troubles {
        Troubles::Overlap => ("SimpleConfiguration.SessionOverlap", "Wait two minutes, and push one button."),
        Troubles::WalkTimeOver => (
            "SimpleConfiguration.WalkTimerExpired",
            "Push the button of the access point, or tell it the PIN, and ask again.",
        ),
        Troubles::NotReached => ("SimpleConfiguration.NotReachable", "Move closer, and ask again."),
        Troubles::Exchange(Failure::NoCredentials) => {
            ("SimpleConfiguration.NoCredentials", "Enter the passphrase of the network instead.")
        }
        Troubles::Exchange(Failure::WrongPassword) => {
            ("SimpleConfiguration.NoCredentials", "Tell the access point the PIN anew.")
        }
        Troubles::Exchange(_) => ("SimpleConfiguration.NoCredentials", "Ask again."),
        Troubles::Cancelled => ("Aborted", "Ask again if you still want it."),
        Troubles::Unavailable => ("NotAvailable", "Switch Wi-Fi on, and ask again."),
        Troubles::Kernel(..) => ("Failed", "Ask again; if that does not help, enter the passphrase instead."),
    };
    let text = troubles.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    iwd(name, format_args!("{first}{}. {next}", letters.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_names_of_iwd() {
        let overlap = describe(&Troubles::Overlap);
        assert_eq!(overlap.name, "net.connman.iwd.SimpleConfiguration.SessionOverlap");
        assert!(overlap.text.starts_with("The buttons of several"), "{}", overlap.text);
        assert_eq!(describe(&Troubles::Cancelled).name, "net.connman.iwd.Aborted");
    }

    #[test]
    fn a_pin_is_checked_before_anything_begins() {
        let pin = |text: &str| call(1, "StartPin", &[Value::text(text)]);
        assert!(pin("12345670").is_ok());
        assert_eq!(
            pin("1234567").map_err(|error| error.name),
            Err("net.connman.iwd.InvalidFormat".to_owned())
        );
        assert_eq!(call(1, "GeneratePin", &[]), Ok(Call::GeneratePin));
    }
}
