//! `wpa_supplicant.conf`: the networks in it, and one made of ours.
//!
//! Facts: wpa_supplicant.conf(5) and its `config_file.c`. A network is a block `network={`, a `key=value` on each line, `}`.
//! A text is `"…"` up to the last quote of the line, `P"…"` with escapes, or pairs of hexadecimal digits.

use super::{Carried, Foreign, MAX_NETWORKS, MAX_OCTETS, digits, octets, secret, shown};
use crate::networks::name::Security;
use lapwing_core::Secret;
use lapwing_core::network::{Credentials, Personal};
use lapwing_frames::Ssid;

/// Keys that say nothing else than what is done anyway, or that stand only for the program's own bookkeeping.
const NEEDLESS: [&str; 12] = [
    "proto",
    "pairwise",
    "group",
    "group_mgmt",
    "auth_alg",
    "ieee80211w",
    "id_str",
    "sae_pwe",
    "proactive_key_caching",
    "ocv",
    "beacon_int",
    "mem_only_psk",
];

/// The networks of a file, in its order; and lines outside of them that are nothing, as sentences.
#[must_use]
pub fn read(file: &[u8]) -> (Vec<Foreign>, Vec<String>) {
    let (mut networks, mut mistakes) = (Vec::new(), Vec::new());
    if file.len() > MAX_OCTETS {
        return (networks, vec![format!("the file has more than {MAX_OCTETS} octets")]);
    }
    let mut block: Option<Block<'_>> = None;
    let mut is_other = false;
    for (index, line) in file.split(|&octet| octet == b'\n').enumerate() {
        let line = without_comment(line.trim_ascii());
        let number = index.saturating_add(1);
        match (line, &mut block) {
            ([], _) => {}
            (b"}", open) => {
                match open.take() {
                    Some(open) => networks.push(open.network()),
                    None if !is_other => mistakes.push(format!("line {number}: nothing is open here")),
                    None => {}
                }
                is_other = false;
            }
            (_, Some(block)) => block.take(line, number),
            (b"network={", None) if networks.len() < MAX_NETWORKS => block = Some(Block::default()),
            // Credentials of Hotspot 2.0, certificates.
            (line, None) if line.ends_with(b"={") => is_other = true,
            (line, None) if is_other || line.contains(&b'=') => {}
            (_, None) => mistakes.push(format!("line {number}: no key=value")),
        }
    }
    if block.is_some() {
        mistakes.push("the last network has no end".to_owned());
    }
    mistakes.truncate(MAX_NETWORKS);
    (networks, mistakes)
}

/// Without a comment, which may stand behind anything but within quotes.
fn without_comment(line: &[u8]) -> &[u8] {
    let quoted = line.iter().rposition(|&octet| octet == b'"').unwrap_or(0);
    let first = line.iter().position(|&octet| octet == b'"').unwrap_or(line.len());
    let is_outside = |(index, octet): (usize, &u8)| *octet == b'#' && (index < first || index > quoted);
    let end = line.iter().enumerate().position(is_outside).unwrap_or(line.len());
    line.get(..end).unwrap_or_default().trim_ascii_end()
}

/// What stands in a block, with the lines; a key that stands there again counts.
#[derive(Default)]
struct Block<'a> {
    lines: Vec<(&'a [u8], &'a [u8])>,
    wrong: Vec<String>,
}

impl<'a> Block<'a> {
    fn take(&mut self, line: &'a [u8], number: usize) {
        match line.iter().position(|&octet| octet == b'=') {
            Some(equals) => {
                let (key, value) = line.split_at(equals);
                let value = value.get(1..).unwrap_or_default();
                self.lines.retain(|(before, _)| *before != key);
                self.lines.push((key, value));
            }
            None => self.wrong.push(format!("line {number} is no key=value")),
        }
    }

    fn value(&self, key: &str) -> Option<&'a [u8]> {
        self.lines.iter().find(|(known, _)| *known == key.as_bytes()).map(|(_, value)| *value)
    }

    fn is_set(&self, key: &str) -> bool {
        self.value(key).is_some_and(|value| value != b"0")
    }

    fn network(self) -> Foreign {
        let ssid = self.value("ssid").and_then(text);
        let name =
            ssid.as_ref().map_or_else(|| "a network without a name".to_owned(), |it| shown(it.expose()));
        let outcome = match ssid.and_then(|ssid| Ssid::new(ssid.expose()).ok()) {
            Some(ssid) if !ssid.octets().is_empty() => self.carried(ssid),
            _ => Err("it has no ssid of 1 to 32 octets".to_owned()),
        };
        Foreign { name, outcome }
    }

    fn carried(self, ssid: Ssid) -> Result<Carried, String> {
        match self.value("mode") {
            None | Some(b"0") => {}
            Some(b"2") => return Err("it is an access point of this machine (mode=2)".to_owned()),
            Some(_) => return Err("it is no network with an access point (mode)".to_owned()),
        }
        let management = String::from_utf8_lossy(self.value("key_mgmt").unwrap_or(b"WPA-PSK WPA-EAP"));
        let ways: Vec<&str> = management.split_ascii_whitespace().collect();
        let is_personal = |way: &&str| way.contains("PSK") || way.contains("SAE");
        let has_secret = ["psk", "sae_password"].iter().any(|key| self.value(key).is_some());
        let mut carried = if ways.iter().any(is_personal) && has_secret {
            let mut carried = Carried::new(ssid, Security::Personal);
            carried.credentials = Credentials::Personal(self.personal()?);
            carried
        } else if ways.iter().any(|way| way.contains("EAP") || way.contains("8021X"))
            && self.value("eap").is_some()
        {
            return Err("it is an 802.1X network, which is not joined yet".to_owned());
        } else if ways.iter().any(is_personal) {
            return Err("it has neither psk nor sae_password".to_owned());
        } else if ways.contains(&"NONE") && self.lines.iter().any(|(key, _)| key.starts_with(b"wep_key")) {
            return Err("it uses WEP, which protects nothing".to_owned());
        } else if ways.iter().all(|way| matches!(*way, "NONE" | "OWE")) {
            Carried::new(ssid, Security::Open)
        } else {
            return Err(format!("its key_mgmt is not known here: {management}"));
        };
        carried.hidden = self.is_set("scan_ssid");
        carried.autoconnect = !self.is_set("disabled");
        self.say_what_is_left_out(&mut carried);
        Ok(carried)
    }

    fn personal(&self) -> Result<Personal, String> {
        let quoted = |value: &[u8]| text(value).filter(|_| value.contains(&b'"'));
        let of = |key| match self.value(key) {
            Some(value) if value.starts_with(b"ext:") => Err(format!("its {key} is kept elsewhere (ext:)")),
            Some(value) => {
                let key = quoted(value).or_else(|| (value.len() == 64).then(|| Secret::new(value)));
                key.map(Some).ok_or_else(|| "its passphrase has no quotes and is no key".to_owned())
            }
            None => Ok(None),
        };
        // SAE prefers its own.
        let (sae, psk) = (of("sae_password")?, of("psk")?);
        let mut personal = secret(sae.or(psk).unwrap_or_default().expose())?;
        let identifier = self.value("sae_password_id").and_then(text);
        personal.password_identifier = identifier.map(|identifier| identifier.expose().to_vec());
        Ok(personal)
    }

    fn say_what_is_left_out(&self, carried: &mut Carried) {
        for sentence in &self.wrong {
            carried.leave_out(sentence.as_str());
        }
        if let (Some(one), Some(other)) = (self.value("sae_password"), self.value("psk"))
            && one != other
        {
            carried.leave_out("psk: sae_password is another, and a network has one passphrase here");
        }
        for &(key, value) in &self.lines {
            let key = String::from_utf8_lossy(key);
            let why = match &*key {
                "ssid" | "psk" | "sae_password" | "sae_password_id" | "key_mgmt" | "scan_ssid"
                | "disabled" => continue,
                "mode" => continue,
                needless if NEEDLESS.contains(&needless) => continue,
                "priority" => "the network that was joined last is joined first",
                "bssid" | "bssid_accept" | "bssid_ignore" | "bssid_whitelist" | "bssid_blacklist"
                | "bssid_hint" => {
                    "access points are chosen by what they offer; `lapwing connect --bssid` chooses one"
                }
                "mac_addr" if value == b"0" => continue,
                "mac_addr" | "mac_value" => "an own address for each network is not made yet",
                "freq_list" | "scan_freq" => "channels are learned",
                "bgscan" => "when to roam is a setting of the machine (main.conf)",
                _ => "it has no counterpart here",
            };
            carried.leave_out(format!("{key}: {why}"));
        }
    }
}

/// The octets of a value.
fn text(value: &[u8]) -> Option<Secret> {
    match value {
        [b'"', rest @ ..] => {
            let end = rest.iter().rposition(|&octet| octet == b'"')?;
            Some(Secret::new(rest.get(..end)?))
        }
        [b'P', b'"', rest @ ..] => {
            let end = rest.iter().rposition(|&octet| octet == b'"')?;
            unescape(rest.get(..end)?)
        }
        digits if !digits.is_empty() => octets(digits),
        _ => None,
    }
}

/// A text with the escapes of `printf`.
fn unescape(text: &[u8]) -> Option<Secret> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.iter().copied();
    while let Some(octet) = rest.next() {
        let octet = match octet {
            b'\\' => match rest.next()? {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'e' => 0x1b,
                b'x' => {
                    let digit = crate::networks::document::hex_digit;
                    digit(rest.next()?)? << 4 | digit(rest.next()?)?
                }
                other => other,
            },
            octet => octet,
        };
        octets.push(octet);
    }
    Some(Secret::from_vec(octets))
}

/// A file with these networks, and what of them it cannot say.
#[must_use]
pub fn write(networks: &[Carried]) -> (Secret, Vec<(String, String)>) {
    let mut left_out = Vec::new();
    let room = networks.len().saturating_mul(1024);
    // Room for everything at once: a buffer that grows would leave copies of secrets behind.
    let mut file = Vec::with_capacity(room);
    let say = |file: &mut Vec<u8>, parts: &[&[u8]]| {
        for part in parts {
            file.extend_from_slice(part);
        }
    };
    for network in networks {
        let name = shown(network.name.ssid.octets());
        let mut leave_out = |sentence: &str| left_out.push((name.clone(), sentence.to_owned()));
        let ssid = format!("\tssid={}\n", digits(network.name.ssid.octets()));
        say(&mut file, &[b"network={\n", ssid.as_bytes()]);
        match network.secret() {
            None => say(&mut file, &[b"\tkey_mgmt=OWE NONE\n"]),
            Some(secret) => write_secret(&mut file, secret),
        }
        if network.hidden {
            say(&mut file, &[b"\tscan_ssid=1\n"]);
        }
        if !network.autoconnect {
            say(&mut file, &[b"\tdisabled=1\n"]);
        }
        say(&mut file, &[b"}\n\n"]);
        if network.addressing != crate::netconf::settings::Addressing::default() {
            leave_out("addresses, name servers and domain: wpa_supplicant gives none");
        }
    }
    (Secret::from_vec(file), left_out)
}

fn write_secret(file: &mut Vec<u8>, secret: &Personal) {
    let quotable = |octets: &[u8]| octets.iter().all(|&octet| octet != b'\n' && octet != b'\r' && octet != 0);
    let mut put = |parts: &[&[u8]]| parts.iter().for_each(|part| file.extend_from_slice(part));
    match (&secret.passphrase, &secret.psk) {
        (Some(passphrase), _) if (8..=63).contains(&passphrase.len()) && quotable(passphrase.expose()) => {
            put(&[
                b"\tkey_mgmt=SAE WPA-PSK-SHA256 WPA-PSK\n\tieee80211w=1\n\tpsk=\"",
                passphrase.expose(),
                b"\"\n",
            ]);
        }
        (Some(passphrase), _) => {
            // What WPA2 cannot use is SAE's.
            let octets: Vec<u8> = passphrase
                .expose()
                .iter()
                .flat_map(|octet| match octet {
                    b'\n' => b"\\n".to_vec(),
                    b'\r' => b"\\r".to_vec(),
                    b'"' | b'\\' => vec![b'\\', *octet],
                    octet => vec![*octet],
                })
                .collect();
            let octets = Secret::from_vec(octets);
            put(&[b"\tkey_mgmt=SAE\n\tieee80211w=2\n\tsae_password=P\"", octets.expose(), b"\"\n"]);
        }
        (None, Some(psk)) => {
            let psk = crate::networks::document::hex(psk.expose());
            put(&[b"\tkey_mgmt=WPA-PSK-SHA256 WPA-PSK\n\tieee80211w=1\n\tpsk=", psk.expose(), b"\n"]);
        }
        (None, None) => put(&[b"\tkey_mgmt=NONE\n\tdisabled=1\n"]),
    }
    if let Some(identifier) = &secret.password_identifier {
        let digits = digits(identifier);
        put(&[b"\tsae_password_id=", digits.as_bytes(), b"\n"]);
    }
}
