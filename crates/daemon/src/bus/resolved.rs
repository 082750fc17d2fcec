//! systemd-resolved: told over the bus where names are looked up on each interface
//! (`org.freedesktop.resolve1.Manager`).

use super::message::Outgoing;
use super::value::Value;
use crate::control::View;
use crate::netconf::Resolver;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

const NAME: &str = "org.freedesktop.resolve1";
const PATH: &str = "/org/freedesktop/resolve1";
const MANAGER: &str = "org.freedesktop.resolve1.Manager";

/// What it was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    told: BTreeMap<u32, Resolver>,
    /// The calls that it has not answered yet.
    asked: BTreeSet<u32>,
}

impl Resolved {
    /// The calls that make what it knows what is in the view.
    pub fn tell(&mut self, view: &View, mut serial: impl FnMut() -> u32) -> Vec<Outgoing> {
        let wanted: BTreeMap<u32, Resolver> = view
            .devices
            .iter()
            .filter_map(|device| Some((device.ifindex, device.configured.as_ref()?.resolver.clone())))
            .filter(|(_, resolver)| *resolver != Resolver::default())
            .collect();
        let gone = self.told.keys().filter(|ifindex| !wanted.contains_key(ifindex));
        let mut calls: Vec<_> = gone.map(|&ifindex| ("RevertLink", vec![index(ifindex)])).collect();
        for (&ifindex, resolver) in &wanted {
            let before = self.told.get(&ifindex);
            if before.is_none_or(|before| before.servers != resolver.servers) {
                let servers = resolver.servers.iter().map(|&server| address(server)).collect();
                calls.push(("SetLinkDNS", vec![index(ifindex), Value::Array("(iay)", servers)]));
            }
            // Domains to search, not to route by: so the interface stays one for all names, as it is by default.
            if before.is_none_or(|before| before.search != resolver.search) {
                let domain = |name| Value::Structure(vec![Value::text(name), Value::Boolean(false)]);
                let domains = resolver.search.iter().map(domain).collect();
                calls.push(("SetLinkDomains", vec![index(ifindex), Value::Array("(sb)", domains)]));
            }
        }
        self.told = wanted;
        let call = |(member, body)| {
            let serial = serial();
            self.asked.insert(serial);
            let (destination, path) = (NAME.to_owned(), PATH.to_owned());
            Outgoing::Call { serial: Some(serial), destination, path, interface: MANAGER, member, body }
        };
        calls.into_iter().map(call).collect()
    }

    /// Takes the answer to a call: the warning that comes of it, if it is one of ours.
    pub fn answered(&mut self, serial: u32, error: Option<&str>) -> Option<Option<String>> {
        self.asked.remove(&serial).then(|| {
            error.map(|error| {
                format!(
                    "systemd-resolved did not take the name servers ({error}): names may not be found. See \
                     'resolvectl status', or set NameResolvingService in main.conf"
                )
            })
        })
    }

    /// The connection is gone: on the next one it is told all again.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

/// An interface's number, which is signed there.
fn index(ifindex: u32) -> Value {
    Value::Int32(i32::try_from(ifindex).unwrap_or(i32::MAX))
}

/// The family (`AF_INET`, `AF_INET6`) and the octets of an address.
fn address(address: IpAddr) -> Value {
    let (family, octets) = match address {
        IpAddr::V4(address) => (2, Value::octets(&address.octets())),
        IpAddr::V6(address) => (10, Value::octets(&address.octets())),
    };
    Value::Structure(vec![Value::Int32(family), octets])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{device, view};
    use super::super::value::signature;
    use super::*;
    use crate::netconf::Configured;
    use lapwing_core::Duration;
    use lapwing_core::station::Summary;

    fn with(resolver: Option<Resolver>) -> View {
        let mut device = device(Summary::Disconnected);
        device.configured = resolver.map(|resolver| Configured {
            addresses: Vec::new(),
            routers: Vec::new(),
            resolver,
            duration: Duration::ZERO,
        });
        View { devices: vec![device], ..view() }
    }

    fn resolver(server: &str, search: &[&str]) -> Resolver {
        let search = search.iter().map(ToString::to_string).collect();
        Resolver { servers: vec![server.parse().unwrap()], search }
    }

    /// The calls in words, with the signatures of what they carry.
    fn told(resolved: &mut Resolved, view: &View) -> Vec<String> {
        let mut serial = 100;
        let calls = resolved.tell(view, || {
            serial += 1;
            serial
        });
        let word = |call: Outgoing| match call {
            Outgoing::Call { destination, interface, member, body, serial: Some(_), .. } => {
                assert_eq!((destination.as_str(), interface), (NAME, MANAGER));
                format!("{member} {} {body:?}", signature(&body))
            }
            other => panic!("{other:?}"),
        };
        calls.into_iter().map(word).collect()
    }

    #[test]
    fn it_is_told_what_changes_and_no_more() {
        let mut resolved = Resolved::default();
        assert_eq!(told(&mut resolved, &with(None)), [] as [&str; 0]);
        let first = with(Some(resolver("192.0.2.53", &["example.org"])));
        let calls = told(&mut resolved, &first);
        assert_eq!(
            calls,
            [
                "SetLinkDNS ia(iay) [3i, [{2i, [192y, 0y, 2y, 53y]}]]",
                "SetLinkDomains ia(sb) [3i, [{\"example.org\", false}]]",
            ]
        );
        assert_eq!(told(&mut resolved, &first), [] as [&str; 0]);
        let calls = told(&mut resolved, &with(Some(resolver("2001:db8::53", &["example.org"]))));
        assert_eq!(calls.len(), 1);
        assert!(calls[0].starts_with("SetLinkDNS ia(iay) [3i, [{10i, [32y, 1y, 13y, 184y,"), "{calls:?}");
        // Nothing to say any more, or no interface.
        for view in [with(Some(Resolver::default())), with(None), View { devices: Vec::new(), ..view() }] {
            let mut resolved = resolved.clone();
            assert_eq!(told(&mut resolved, &view), ["RevertLink i [3i]"]);
            assert_eq!(told(&mut resolved, &view), [] as [&str; 0]);
        }
        // On a new connection all is told again.
        resolved.forget();
        assert_eq!(told(&mut resolved, &first).len(), 2);
    }

    #[test]
    fn a_refusal_is_a_warning() {
        let mut resolved = Resolved::default();
        told(&mut resolved, &with(Some(resolver("192.0.2.53", &[]))));
        assert_eq!(resolved.answered(99, Some("x")), None, "of somebody else");
        assert_eq!(resolved.answered(101, None), Some(None));
        let warning =
            resolved.answered(102, Some("org.freedesktop.DBus.Error.AccessDenied")).unwrap().unwrap();
        assert!(warning.contains("AccessDenied"), "{warning}");
        assert_eq!(resolved.answered(102, None), None, "once");
    }
}
