//! NetworkManager's keyfiles (`*.nmconnection`): the network in one, and one made of ours.
//!
//! Facts: nm-settings-keyfile(5), and GLib's key files: groups, `key=value`, `#` comments; in values `\s`, `\n`, `\t`, `\r`,
//! `\\` and, in lists, `\;`. An SSID is a text, or the numbers of its octets with `;` behind each.

use super::{Carried, Foreign, MAX_OCTETS, digits, secret, shown};
use crate::netconf::settings::{Addressing, Prefix, StaticIpv4, StaticIpv6, is_domain};
use crate::networks::document::hex;
use crate::networks::name::Security;
use lapwing_core::Secret;
use lapwing_core::network::{Credentials, Personal};
use lapwing_frames::Ssid;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The most keys of a file.
const MAX_KEYS: usize = 2000;

/// The network of a file; none if it is of another kind of connection. `file` is its name, for one without an SSID.
#[must_use]
pub fn read(file: &str, octets: &[u8]) -> Option<Foreign> {
    let fail = |why: &str| Some(Foreign { name: file.to_owned(), outcome: Err(why.to_owned()) });
    if octets.len() > MAX_OCTETS {
        return fail("it is too long for a connection");
    }
    let file = match File::parse(octets) {
        Ok(file) => file,
        Err(line) => return fail(&format!("line {line} is no [group] and no key=value")),
    };
    let kind = file.plain("connection", "type").unwrap_or_default();
    if !matches!(kind.as_str(), "wifi" | "802-11-wireless") {
        return None;
    }
    let ssid = file.wifi("ssid").and_then(ssid);
    let Some(ssid) = ssid.filter(|ssid| !ssid.octets().is_empty()) else {
        return fail("it has no ssid of 1 to 32 octets");
    };
    Some(Foreign { name: shown(ssid.octets()), outcome: carried(&file, ssid) })
}

/// The groups and what stands in them, with escapes. Secrets are in it.
struct File<'a>(BTreeMap<(&'a [u8], &'a [u8]), &'a [u8]>);

impl<'a> File<'a> {
    /// Or the line that is nothing.
    fn parse(octets: &'a [u8]) -> Result<Self, usize> {
        let mut group: &[u8] = b"";
        let mut keys = BTreeMap::new();
        for (index, line) in octets.split(|&octet| octet == b'\n').enumerate() {
            let line = line.trim_ascii_start();
            match line {
                [] | [b'#', ..] => {}
                [b'[', rest @ ..] => {
                    group = rest.trim_ascii_end().strip_suffix(b"]").ok_or(index.saturating_add(1))?;
                }
                _ => {
                    let equals = line.iter().position(|&octet| octet == b'=');
                    let (key, value) = line.split_at(equals.ok_or(index.saturating_add(1))?);
                    let value = value.get(1..).unwrap_or_default().trim_ascii_start();
                    if keys.len() < MAX_KEYS {
                        keys.insert((group, key.trim_ascii_end()), value);
                    }
                }
            }
        }
        Ok(Self(keys))
    }

    fn raw(&self, group: &str, key: &str) -> Option<&'a [u8]> {
        self.0.get(&(group.as_bytes(), key.as_bytes())).copied()
    }

    /// A text of one of the groups of Wi-Fi, which have older names.
    fn wifi(&self, key: &str) -> Option<&'a [u8]> {
        self.raw("wifi", key).or_else(|| self.raw("802-11-wireless", key))
    }

    fn security(&self, key: &str) -> Option<&'a [u8]> {
        self.raw("wifi-security", key).or_else(|| self.raw("802-11-wireless-security", key))
    }

    fn plain(&self, group: &str, key: &str) -> Option<String> {
        plain(self.raw(group, key)?)
    }

    fn has_group(&self, groups: &[&str]) -> bool {
        self.0.keys().any(|(group, _)| groups.iter().any(|known| known.as_bytes() == *group))
    }
}

/// A value that is no secret, without escapes.
fn plain(raw: &[u8]) -> Option<String> {
    let text = unescape(raw)?;
    Some(std::str::from_utf8(text.expose()).ok()?.trim_end().to_owned())
}

fn unescape(raw: &[u8]) -> Option<Secret> {
    let mut octets = Vec::with_capacity(raw.len());
    let mut rest = raw.iter();
    while let Some(&octet) = rest.next() {
        octets.push(match octet {
            b'\\' => match rest.next()? {
                b's' => b' ',
                b'n' => b'\n',
                b't' => b'\t',
                b'r' => b'\r',
                octet @ (b'\\' | b';') => *octet,
                _ => return None,
            },
            octet => octet,
        });
    }
    Some(Secret::from_vec(octets))
}

fn ssid(raw: &[u8]) -> Option<Ssid> {
    let is_list = raw.ends_with(b";") && !raw.ends_with(b"\\;");
    let list = || -> Option<Vec<u8>> {
        let text = std::str::from_utf8(raw.strip_suffix(b";")?).ok()?;
        text.split(';').map(|number| number.trim().parse().ok()).collect()
    };
    match is_list.then(list).flatten() {
        Some(octets) => Ssid::new(&octets).ok(),
        None => Ssid::new(unescape(raw)?.expose()).ok(),
    }
}

fn carried(file: &File<'_>, ssid: Ssid) -> Result<Carried, String> {
    match file.wifi("mode").and_then(plain).as_deref() {
        None | Some("infrastructure") => {}
        Some("ap") => {
            return Err("it is a hotspot of this machine: `lapwing hotspot start` makes one".to_owned());
        }
        Some(_) => return Err("it is no network with an access point".to_owned()),
    }
    let management = file.security("key-mgmt").and_then(plain);
    let mut carried = match management.as_deref() {
        None if !file.has_group(&["wifi-security", "802-11-wireless-security"]) => {
            Carried::new(ssid, Security::Open)
        }
        Some("owe") => Carried::new(ssid, Security::Open),
        Some("wpa-psk" | "sae") => {
            let mut carried = Carried::new(ssid, Security::Personal);
            carried.credentials = Credentials::Personal(personal(file)?);
            carried
        }
        Some("none") => return Err("it uses WEP, which protects nothing".to_owned()),
        Some("wpa-eap" | "wpa-eap-suite-b-192" | "ieee8021x") => {
            return Err("it is an 802.1X network, which is not joined yet".to_owned());
        }
        _ => return Err("its key-mgmt is not known here".to_owned()),
    };
    let is = |text: Option<String>, expected: &str| text.as_deref() == Some(expected);
    carried.hidden = is(file.wifi("hidden").and_then(plain), "true");
    carried.autoconnect = !is(file.plain("connection", "autoconnect"), "false");
    let mut addressing = Addressing::default();
    four(file, &mut addressing, &mut carried);
    six(file, &mut addressing, &mut carried);
    carried.addressing = addressing;
    say_what_is_left_out(file, &mut carried);
    Ok(carried)
}

fn personal(file: &File<'_>) -> Result<Personal, String> {
    match (file.security("psk"), file.security("psk-flags").and_then(plain).as_deref()) {
        (Some(psk), _) => secret(unescape(psk).ok_or("its psk has an unknown escape")?.expose()),
        (None, Some("1")) => {
            Err("its passphrase is in a user's keyring and not in the file (psk-flags=1)".to_owned())
        }
        (None, Some("2")) => Err("its passphrase is not stored (psk-flags=2)".to_owned()),
        (None, _) => Err("it has no psk".to_owned()),
    }
}

fn four(file: &File<'_>, addressing: &mut Addressing, carried: &mut Carried) {
    let group = "ipv4";
    match file.plain(group, "method").as_deref() {
        None | Some("auto") => {}
        Some("manual") => match address::<Ipv4Addr>(file, group, 32) {
            Some((address, gateway)) => addressing.ipv4 = Some(StaticIpv4 { address, gateway }),
            None => {
                carried.leave_out("ipv4.address1: no address with the length of its prefix; DHCP is used")
            }
        },
        Some(other) => {
            carried.leave_out(format!("ipv4.method={other}: DHCP is used, as nothing else is known"))
        }
    }
    names(file, group, addressing, carried);
    addressing.send_hostname = addressing.ipv4.is_none() && file.plain(group, "dhcp-hostname").is_some();
}

fn six(file: &File<'_>, addressing: &mut Addressing, carried: &mut Carried) {
    let group = "ipv6";
    match file.plain(group, "method").as_deref() {
        None | Some("auto") => {}
        Some("disabled" | "ignore") => addressing.ipv6_enabled = false,
        Some("manual") => match address::<Ipv6Addr>(file, group, 128) {
            Some((address, gateway)) => addressing.ipv6 = Some(StaticIpv6 { address, gateway }),
            None => carried.leave_out("ipv6.address1: no address with the length of its prefix"),
        },
        Some(other) => {
            carried.leave_out(format!("ipv6.method={other}: the kernel follows router advertisements"))
        }
    }
    names(file, group, addressing, carried);
}

/// The first address, and the router behind it or in a key of its own.
fn address<A: FromStr>(file: &File<'_>, group: &str, longest: u8) -> Option<(Prefix<A>, Option<A>)> {
    let text = ["address1", "addresses1", "address"].iter().find_map(|key| file.plain(group, key))?;
    let mut parts = text.split([',', ';']);
    let (address, length) = parts.next()?.trim().split_once('/')?;
    let length = length.parse().ok().filter(|length| *length <= longest)?;
    let own = file.plain(group, "gateway");
    let gateway = parts.next().map(str::trim).filter(|text| !text.is_empty()).or(own.as_deref());
    let gateway = gateway.and_then(|gateway| gateway.parse().ok());
    Some((Prefix { address: address.parse().ok()?, length }, gateway))
}

fn names(file: &File<'_>, group: &str, addressing: &mut Addressing, carried: &mut Carried) {
    for server in file.plain(group, "dns").unwrap_or_default().split([';', ',']).map(str::trim) {
        match server.parse::<IpAddr>() {
            Ok(server) => addressing.dns.push(server),
            Err(_) if server.is_empty() => {}
            Err(_) => carried.leave_out(format!("{group}.dns: {server} is no IP address")),
        }
    }
    let search = file.plain(group, "dns-search").unwrap_or_default();
    let mut domains = search.split([';', ',']).map(str::trim).filter(|domain| !domain.is_empty());
    if let Some(domain) = domains.next().filter(|domain| is_domain(domain.as_bytes())) {
        addressing.domain.get_or_insert_with(|| domain.to_owned());
    }
    if domains.next().is_some() {
        carried.leave_out(format!("{group}.dns-search: a network has one domain here"));
    }
}

fn say_what_is_left_out(file: &File<'_>, carried: &mut Carried) {
    for (group, key) in file.0.keys() {
        let (group, key) = (String::from_utf8_lossy(group), String::from_utf8_lossy(key));
        let why = match (&*group, &*key) {
            ("connection", "autoconnect-priority") => "the network that was joined last is joined first",
            ("connection", "permissions") => "every user of the machine uses its networks here",
            ("connection", "interface-name") => "any device joins it",
            ("connection", "metered" | "zone" | "mdns" | "llmnr" | "dns-over-tls" | "secondaries") => {
                "it has no counterpart here"
            }
            ("wifi" | "802-11-wireless", "bssid") => {
                "access points are chosen by what they offer; `lapwing connect --bssid` chooses one"
            }
            ("wifi" | "802-11-wireless", "cloned-mac-address" | "assigned-mac-address") => {
                "an own address for each network is not made yet"
            }
            (
                "wifi" | "802-11-wireless",
                "band" | "channel" | "mac-address" | "powersave" | "mtu" | "ap-isolation",
            ) => "it has no counterpart here",
            ("ipv4" | "ipv6", key) if key.starts_with("route") => "routes are those of the network",
            (
                "ipv4" | "ipv6",
                "address2" | "never-default" | "ignore-auto-dns" | "ignore-auto-routes" | "may-fail",
            ) => "it has no counterpart here",
            ("proxy", _) => "proxies are not a matter of the connection here",
            _ => continue,
        };
        carried.leave_out(format!("{group}.{key}: {why}"));
    }
}

/// A keyfile of this network with this UUID.
#[must_use]
pub fn write(network: &Carried, uuid: [u8; 16]) -> Secret {
    let octets = network.name.ssid.octets();
    let is_text = std::str::from_utf8(octets)
        .is_ok_and(|text| !text.contains(|letter: char| letter.is_control()))
        && !octets.ends_with(b";");
    let ssid = if is_text {
        escape(octets)
    } else {
        Secret::from_vec(octets.iter().flat_map(|octet| format!("{octet};").into_bytes()).collect())
    };
    let mut uuid = uuid;
    // A UUID that was drawn (RFC 9562 5.4).
    uuid[6] = uuid[6] & 0x0f | 0x40;
    uuid[8] = uuid[8] & 0x3f | 0x80;
    let digits = digits(&uuid);
    let part = |range| digits.get(range).unwrap_or_default();
    let uuid = [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-");
    let mut file = Vec::with_capacity(4096);
    let mut put = |parts: &[&[u8]]| parts.iter().for_each(|part| file.extend_from_slice(part));
    let id = escape(shown(octets).as_bytes());
    put(&[b"[connection]\nid=", id.expose(), b"\nuuid=", uuid.as_bytes(), b"\ntype=wifi\n"]);
    if !network.autoconnect {
        put(&[b"autoconnect=false\n"]);
    }
    put(&[b"\n[wifi]\nmode=infrastructure\nssid=", ssid.expose(), b"\n"]);
    if network.hidden {
        put(&[b"hidden=true\n"]);
    }
    if let Some(secret) = network.secret() {
        // WPA2's key cannot be used for SAE; a passphrase that WPA2 cannot use can be for nothing else.
        let fits = |passphrase: &Secret| (8..=63).contains(&passphrase.len());
        let is_sae = secret.passphrase.as_ref().is_some_and(|passphrase| !fits(passphrase));
        let psk = match (&secret.passphrase, &secret.psk) {
            (Some(passphrase), _) => escape(passphrase.expose()),
            (None, Some(psk)) => hex(psk.expose()),
            (None, None) => Secret::default(),
        };
        let management: &[u8] = if is_sae { b"sae" } else { b"wpa-psk" };
        put(&[b"\n[wifi-security]\nkey-mgmt=", management, b"\npsk=", psk.expose(), b"\n"]);
    }
    let addressing = &network.addressing;
    let address = |address: &dyn Display, gateway: Option<String>| {
        let gateway = gateway.map(|gateway| format!(",{gateway}")).unwrap_or_default();
        format!("method=manual\naddress1={address}{gateway}\n")
    };
    let names = |is: fn(&IpAddr) -> bool, domain: Option<&String>| {
        let servers: String = addressing.dns.iter().filter(|it| is(it)).map(|it| format!("{it};")).collect();
        let servers = if servers.is_empty() { servers } else { format!("dns={servers}\n") };
        servers + &domain.map(|domain| format!("dns-search={domain};\n")).unwrap_or_default()
    };
    let four = addressing.ipv4.as_ref().map_or_else(
        || "method=auto\n".to_owned(),
        |four| address(&four.address, four.gateway.map(|it| it.to_string())),
    );
    let six = match &addressing.ipv6 {
        _ if !addressing.ipv6_enabled => "method=disabled\n".to_owned(),
        None => "method=auto\n".to_owned(),
        Some(six) => address(&six.address, six.gateway.map(|it| it.to_string())),
    };
    let four = format!("\n[ipv4]\n{four}{}", names(IpAddr::is_ipv4, addressing.domain.as_ref()));
    let six = format!("\n[ipv6]\n{six}{}", names(IpAddr::is_ipv6, None));
    put(&[four.as_bytes(), six.as_bytes()]);
    Secret::from_vec(file)
}

fn escape(text: &[u8]) -> Secret {
    let mut value = Vec::with_capacity(text.len().saturating_mul(2));
    for (index, &octet) in text.iter().enumerate() {
        match octet {
            b' ' if index == 0 || index.saturating_add(1) == text.len() => value.extend(b"\\s"),
            b'\n' => value.extend(b"\\n"),
            b'\t' => value.extend(b"\\t"),
            b'\r' => value.extend(b"\\r"),
            b'\\' => value.extend(b"\\\\"),
            octet => value.push(octet),
        }
    }
    Secret::from_vec(value)
}
