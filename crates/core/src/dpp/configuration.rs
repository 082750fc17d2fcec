//! The configuration: the enrollee's request and the object that the configurator hands over
//! (Easy Connect 3.0 4.3 and 4.5).

use super::json::{Json, object};
use crate::{
    Secret,
    network::{Credentials, Network, Personal},
};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::{self, Write as _};
use lapwing_frames::{
    Ssid,
    dpp::base64::{self, Alphabet},
};
use zeroize::Zeroize;

/// How a network authenticates, of those kinds that need nothing but a shared secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Akms {
    /// WPA2-Personal.
    pub psk: bool,
    /// WPA3-Personal.
    pub sae: bool,
}

/// A network and how to get in.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Configuration {
    /// Its name.
    pub ssid: Ssid,
    /// How it authenticates.
    pub akms: Akms,
    /// The passphrase, or the key of WPA2.
    pub secret: Personal,
    /// Whether it does not announce its name.
    pub hidden: bool,
    /// Whether the host name is told to its DHCP server.
    pub send_hostname: bool,
}

impl fmt::Debug for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Configuration")
            .field("ssid", &self.ssid)
            .field("akms", &self.akms)
            .finish_non_exhaustive()
    }
}

/// Where iwd puts what the protocol has no place for; it and we understand it of each other.
const EXTRA: &str = "/net/connman/iwd";

impl Configuration {
    /// Reads a configuration object; nothing if it is malformed, or of a network that needs more than a shared
    /// secret.
    #[must_use]
    pub fn parse(octets: &[u8]) -> Option<Self> {
        let json = Json::parse(octets)?;
        if json.get("wi-fi_tech")?.text()? != "infra" {
            return None;
        }
        let discovery = json.get("discovery")?;
        let ssid = match (discovery.get("ssid"), discovery.get("ssid64")) {
            (Some(ssid), None) => Ssid::new(ssid.text()?.as_bytes()),
            (None, Some(encoded)) => Ssid::new(&base64::decode(Alphabet::Url, encoded.text()?)?),
            _ => return None,
        };
        let ssid = ssid.ok().filter(|ssid| !ssid.is_hidden())?;
        let credential = json.get("cred")?;
        let mut akms = Akms::default();
        for akm in credential.get("akm")?.text()?.split('+') {
            match akm {
                "psk" => akms.psk = true,
                "sae" => akms.sae = true,
                // A better way that we do not know is no reason not to take the others.
                _ => {}
            }
        }
        let member = |name| credential.get(name).and_then(Json::text);
        let secret = match (member("pass"), member("psk_hex").or_else(|| member("psk"))) {
            (Some(passphrase), _) if is_passphrase(passphrase, akms) => {
                Personal { passphrase: Some(Secret::new(passphrase.as_bytes())), ..Personal::default() }
            }
            (None, Some(key)) if akms.psk => {
                Personal { psk: Some(Secret::from_vec(from_hex(key)?)), ..Personal::default() }
            }
            _ => return None,
        };
        let extra = |name| json.get(EXTRA).and_then(|extra| extra.get(name)).and_then(Json::boolean);
        (akms.psk || akms.sae).then(|| Self {
            ssid,
            akms,
            secret,
            hidden: extra("hidden").unwrap_or(false),
            send_hostname: extra("send_hostname").unwrap_or(false),
        })
    }

    /// The configuration object.
    #[must_use]
    pub fn to_json(&self) -> Secret {
        let ssid = match core::str::from_utf8(self.ssid.octets()) {
            Ok(text) => ("ssid", Json::from(text)),
            Err(_) => ("ssid64", Json::Text(base64::encode(Alphabet::Url, self.ssid.octets()))),
        };
        let akm = match self.akms {
            Akms { psk: true, sae: true } => "psk+sae",
            Akms { sae: true, .. } => "sae",
            Akms { .. } => "psk",
        };
        let key = match (&self.secret.passphrase, &self.secret.psk) {
            (Some(passphrase), _) => {
                ("pass", Json::Text(String::from_utf8_lossy(passphrase.expose()).into_owned()))
            }
            (None, psk) => {
                let mut text = String::new();
                for octet in psk.iter().flat_map(|psk| psk.expose()) {
                    // Writing to a string does not fail.
                    let _ = write!(text, "{octet:02x}");
                }
                ("psk_hex", Json::Text(text))
            }
        };
        let mut out = String::new();
        object([
            ("wi-fi_tech", Json::from("infra")),
            ("discovery", object([ssid])),
            ("cred", object([("akm", Json::from(akm)), key])),
            (
                EXTRA,
                object([
                    ("send_hostname", Json::Boolean(self.send_hostname)),
                    ("hidden", Json::Boolean(self.hidden)),
                ]),
            ),
        ])
        .write(&mut out);
        Secret::from_vec(out.into_bytes())
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> Network {
        Network {
            hidden: self.hidden,
            ..Network::new(self.ssid.clone(), Credentials::Personal(self.secret.clone()))
        }
    }
}

/// WPA2 counts the characters; SAE takes what a file can hold.
fn is_passphrase(text: &str, akms: Akms) -> bool {
    let printable = text.bytes().all(|octet| (0x20..0x7f).contains(&octet));
    match akms {
        Akms { psk: true, .. } => printable && (8..=63).contains(&text.len()),
        _ => (1..=63).contains(&text.len()) && !text.chars().any(char::is_control),
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.bytes().all(|octet| octet.is_ascii_hexdigit()) {
        return None;
    }
    let octets = (0..64).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok());
    let mut octets: Vec<Option<u8>> = octets.collect();
    let all = octets.iter().copied().collect();
    octets.iter_mut().for_each(|octet| octet.zeroize());
    all
}

/// What an enrollee says it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConfigurationRequest {
    /// Its name, for people.
    pub name: String,
    /// `infra` for networks with access points.
    pub technology: String,
    /// `sta` for a station.
    pub role: String,
}

impl ConfigurationRequest {
    /// A station of this name.
    #[must_use]
    pub fn station(name: &str) -> Self {
        Self { name: name.to_string(), technology: "infra".to_string(), role: "sta".to_string() }
    }

    /// Reads it; nothing if it is malformed, or a member is missing.
    #[must_use]
    pub fn parse(octets: &[u8]) -> Option<Self> {
        let json = Json::parse(octets)?;
        let member = |name| Some(json.get(name)?.text()?.to_string());
        Some(Self { name: member("name")?, technology: member("wi-fi_tech")?, role: member("netRole")? })
    }

    /// Whether what we have is for such.
    #[must_use]
    pub fn is_station(&self) -> bool {
        self.technology == "infra" && self.role == "sta"
    }

    /// It in JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        object([
            ("name", Json::from(self.name.as_str())),
            ("wi-fi_tech", Json::from(self.technology.as_str())),
            ("netRole", Json::from(self.role.as_str())),
        ])
        .write(&mut out);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(akm: &str, rest: &str) -> Option<Configuration> {
        let text = alloc::format!(
            r#"{{"wi-fi_tech":"infra","discovery":{{"ssid":"home"}},"cred":{{"akm":"{akm}",{rest}}}}}"#
        );
        Configuration::parse(text.as_bytes())
    }

    #[test]
    fn objects_of_other_configurators_are_read() {
        let read = of("psk", r#""pass":"correct horse""#).unwrap();
        assert_eq!((read.ssid.octets(), read.akms), (&b"home"[..], Akms { psk: true, sae: false }));
        assert_eq!(read.secret.passphrase.unwrap().expose(), b"correct horse");
        assert!(of("sae", r#""pass":"x""#).is_some());
        assert_eq!(
            of("dpp+psk+sae", r#""pass":"correct horse""#).unwrap().akms,
            Akms { psk: true, sae: true }
        );
        let key = "0f".repeat(32);
        for name in ["psk", "psk_hex"] {
            let read = of("psk", &alloc::format!(r#""{name}":"{key}""#)).unwrap();
            assert_eq!(read.secret.psk.unwrap().expose(), [0x0f; 32]);
        }
        let named =
            br#"{"wi-fi_tech":"infra","discovery":{"ssid64":"_w"},"cred":{"akm":"psk","pass":"12345678"}}"#;
        assert_eq!(Configuration::parse(named).unwrap().ssid.octets(), [0xff]);
    }

    #[test]
    fn objects_without_a_usable_secret_are_refused() {
        for (akm, rest) in [
            ("psk", r#""pass":"short""#),
            ("psk", r#""psk_hex":"00""#),
            ("sae", r#""psk_hex":"0000000000000000000000000000000000000000000000000000000000000000""#),
            ("dpp", r#""signedConnector":"a.b.c""#),
            ("dot1x", r#""pass":"correct horse""#),
            ("psk", r#""pass":"tab\tinside""#),
            ("psk", r#""nothing":0"#),
        ] {
            assert!(of(akm, rest).is_none(), "{akm} {rest}");
        }
        assert!(Configuration::parse(b"{}").is_none());
        let long = "x".repeat(33);
        let text = alloc::format!(
            r#"{{"wi-fi_tech":"infra","discovery":{{"ssid":"{long}"}},"cred":{{"akm":"psk","pass":"12345678"}}}}"#
        );
        assert!(Configuration::parse(text.as_bytes()).is_none());
    }

    #[test]
    fn what_is_written_is_read_again() {
        for (ssid, passphrase, akms) in [
            (&b"home"[..], Some("quote\" and \\"), Akms { psk: true, sae: true }),
            (b"\xff\x00", None, Akms { psk: true, sae: false }),
            (b"{}", Some("correct horse"), Akms { psk: false, sae: true }),
        ] {
            let secret = Personal {
                passphrase: passphrase.map(|text| Secret::new(text.as_bytes())),
                psk: passphrase.is_none().then(|| Secret::new(&[7; 32])),
                ..Personal::default()
            };
            let ssid = Ssid::new(ssid).unwrap();
            let ours = Configuration { ssid, akms, secret, hidden: true, send_hostname: false };
            assert_eq!(Configuration::parse(ours.to_json().expose()), Some(ours));
        }
        let request = ConfigurationRequest::station("my \"laptop\"");
        assert_eq!(ConfigurationRequest::parse(request.to_json().as_bytes()), Some(request.clone()));
        assert!(request.is_station());
    }
}
