//! The program that sets addresses in our place, if there is one.

use super::errors::iwd;
use super::interfaces::NETWORK_CONFIGURATION_AGENT;
use super::message::{Error, Outgoing};
use super::value::Value;
use crate::control::{Addressed, ConfigurationId, Family, Party, Unneeded};
use crate::netconf::Lifetimes;
use crate::netconf::configuration::Route;
use crate::netconf::settings::Prefix;
use lapwing_core::Duration;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The agent and what it was asked.
#[derive(Debug, Default)]
pub struct Configurator {
    agent: Option<Party>,
    /// The orders without an answer, by the serial number of the call.
    open: BTreeMap<u32, Order>,
}

#[derive(Debug)]
struct Order {
    id: ConfigurationId,
    device: String,
    family: Family,
}

impl Configurator {
    /// Takes the agent of a client.
    ///
    /// # Errors
    /// If there is one.
    pub fn register(&mut self, owner: &str, path: &str) -> Result<(), Error> {
        if self.agent.is_some() {
            return Err(iwd(
                "AlreadyExists",
                "Another program sets addresses already. It has to unregister first.",
            ));
        }
        self.agent = Some(Party { owner: owner.to_owned(), path: path.to_owned() });
        Ok(())
    }

    /// Removes the agent that a client has at this path.
    ///
    /// # Errors
    /// If there is none, or it is another one.
    pub fn unregister(&mut self, owner: &str, path: &str) -> Result<(), Error> {
        if self.agent.as_ref().is_some_and(|agent| agent.owner == owner && agent.path == path) {
            self.clear();
            return Ok(());
        }
        Err(iwd("NotFound", "You have no such agent here. Register it first."))
    }

    /// A client has left the bus. Returns whether it was the one that sets addresses.
    pub fn left(&mut self, owner: &str) -> bool {
        let is_its = self.owner() == Some(owner);
        if is_its {
            self.clear();
        }
        is_its
    }

    /// Whose agent it is.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.agent.as_ref().map(|agent| agent.owner.as_str())
    }

    /// Forgets the agent. Returns whether there was one.
    pub fn clear(&mut self) -> bool {
        self.open.clear();
        self.agent.take().is_some()
    }

    /// The call that gives an order; none if there is no agent.
    pub fn order(
        &mut self,
        serial: u32,
        id: ConfigurationId,
        device: &str,
        addressed: &Addressed,
        metric: u32,
    ) -> Option<Outgoing> {
        let agent = self.agent.as_ref()?;
        let member = match addressed.family {
            Family::V4 => "ConfigureIPv4",
            Family::V6 => "ConfigureIPv6",
        };
        let body = vec![Value::Path(device.to_owned()), told(addressed, metric)];
        self.open.insert(serial, Order { id, device: device.to_owned(), family: addressed.family });
        Some(Outgoing::call(agent, NETWORK_CONFIGURATION_AGENT, Some(serial), member, body))
    }

    /// Takes the answer to an order, if it is one: which, and whether it was done.
    pub fn answered(
        &mut self,
        serial: u32,
        sender: &str,
        outcome: Result<&[Value], &String>,
    ) -> Option<(ConfigurationId, bool)> {
        if self.owner() != Some(sender) && sender != super::BUS {
            return None;
        }
        let order = self.open.remove(&serial)?;
        // As with iwd, an answer that is not empty is none.
        Some((order.id, outcome.is_ok_and(<[Value]>::is_empty)))
    }

    /// Takes an order back, and tells the agent.
    pub fn unwanted(&mut self, id: ConfigurationId, why: Unneeded) -> Option<Outgoing> {
        let serial = self.open.iter().find(|(_, order)| order.id == id).map(|(serial, _)| *serial)?;
        let order = self.open.remove(&serial)?;
        let why = match why {
            Unneeded::Aborted => "aborted",
            Unneeded::Superseded => "superseded",
            Unneeded::TimedOut => "timed-out",
        };
        let member = match order.family {
            Family::V4 => "CancelIPv4",
            Family::V6 => "CancelIPv6",
        };
        let body = vec![Value::Path(order.device), Value::text(why)];
        Some(Outgoing::call(self.agent.as_ref()?, NETWORK_CONFIGURATION_AGENT, None, member, body))
    }

    /// Says goodbye.
    pub fn release(&mut self) -> Option<Outgoing> {
        self.open.clear();
        let agent = self.agent.take()?;
        Some(Outgoing::call(&agent, NETWORK_CONFIGURATION_AGENT, None, "Release", Vec::new()))
    }
}

/// An order under iwd's names.
fn told(addressed: &Addressed, metric: u32) -> Value {
    let addresses = addressed.addresses.iter().map(|(prefix, time)| address(*prefix, *time));
    let routes = addressed.routes.iter().map(|it| route(it, metric));
    let mut entries = vec![
        ("Method", Value::text(if addressed.fixed { "static" } else { "auto" })),
        ("Addresses", Value::Array("a{sv}", addresses.collect())),
        ("Routes", Value::Array("a{sv}", routes.collect())),
    ];
    if !addressed.servers.is_empty() {
        entries.push(("DomainNameServers", Value::texts(&addressed.servers)));
    }
    if !addressed.domains.is_empty() {
        entries.push(("DomainNames", Value::texts(&addressed.domains)));
    }
    Value::options(entries)
}

fn address(prefix: Prefix<IpAddr>, time: Lifetimes) -> Value {
    let mut entries = vec![("Address", Value::text(prefix.address))];
    if let IpAddr::V4(address) = prefix.address {
        entries.push(("PrefixLength", Value::Byte(prefix.length)));
        if prefix.length < 31 {
            let hosts = u32::MAX.checked_shr(prefix.length.into()).unwrap_or(0);
            let broadcast = std::net::Ipv4Addr::from_bits(address.to_bits() | hosts);
            entries.push(("Broadcast", Value::text(broadcast)));
        }
    }
    for (name, time) in [("ValidLifetime", time.valid), ("PreferredLifetime", time.preferred)] {
        let seconds = |time: Duration| Value::Uint32(u32::try_from(time.as_secs()).unwrap_or(u32::MAX));
        entries.extend(time.map(|time| (name, seconds(time))));
    }
    Value::options(entries)
}

fn route(route: &Route, metric: u32) -> Value {
    let mut entries = vec![("Priority", Value::Uint32(metric))];
    let Prefix { address, length } = route.destination;
    if length > 0 {
        let destination = Value::Structure(vec![Value::text(address), Value::Byte(length)]);
        entries.push(("Destination", destination));
    }
    entries.extend(route.router.map(|router| ("Router", Value::text(router))));
    entries.extend(route.source.map(|source| ("PreferredSource", Value::text(source))));
    entries.extend(route.mtu.map(|mtu| ("MTU", Value::Uint32(mtu.into()))));
    Value::options(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leased() -> Addressed {
        let own: IpAddr = [192, 0, 2, 7].into();
        let any = Prefix { address: IpAddr::from([0, 0, 0, 0]), length: 0 };
        let router: IpAddr = [192, 0, 2, 1].into();
        Addressed {
            family: Family::V4,
            fixed: false,
            addresses: vec![(
                Prefix { address: own, length: 24 },
                Lifetimes::lasting(Some(Duration::from_secs(3600))),
            )],
            routes: vec![Route { destination: any, router: Some(router), source: Some(own), mtu: None }],
            servers: vec![router],
            domains: vec!["example.org".to_owned()],
        }
    }

    #[test]
    fn an_order_is_in_iwds_words() {
        let mut configurator = Configurator::default();
        assert!(configurator.order(5, ConfigurationId(1), "/d", &leased(), 300).is_none());
        configurator.register(":1.1", "/agent").unwrap();
        assert!(configurator.register(":1.1", "/agent").unwrap_err().name.ends_with(".AlreadyExists"));
        let call = configurator.order(5, ConfigurationId(1), "/d", &leased(), 300).unwrap();
        let Outgoing::Call { member: "ConfigureIPv4", body, .. } = call else { panic!("{call:?}") };
        assert_eq!(super::super::value::signature(&body), "oa{sv}");
        let text = format!("{body:?}");
        for expected in [
            "\"Method\": <\"auto\">",
            "\"Address\": <\"192.0.2.7\">, \"PrefixLength\": <24y>, \"Broadcast\": <\"192.0.2.255\">",
            "\"ValidLifetime\": <3600u>, \"PreferredLifetime\": <3600u>",
            "{\"Priority\": <300u>, \"Router\": <\"192.0.2.1\">, \"PreferredSource\": <\"192.0.2.7\">}",
            "\"DomainNameServers\": <[\"192.0.2.1\"]>, \"DomainNames\": <[\"example.org\"]>",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
    }

    #[test]
    fn only_the_agent_answers_and_once() {
        let mut configurator = Configurator::default();
        configurator.register(":1.1", "/agent").unwrap();
        for (serial, outcome, expected) in [
            (5, Ok(Vec::new()), true),
            (6, Ok(vec![Value::text("surplus")]), false),
            (7, Err("net.connman.iwd.Agent.Error.Failed".to_owned()), false),
        ] {
            let id = ConfigurationId(serial.into());
            configurator.order(serial, id, "/d", &leased(), 300);
            assert_eq!(configurator.answered(serial, ":1.9", outcome.as_deref()), None);
            assert_eq!(configurator.answered(serial, ":1.1", outcome.as_deref()), Some((id, expected)));
            assert_eq!(configurator.answered(serial, ":1.1", outcome.as_deref()), None);
        }
        configurator.order(8, ConfigurationId(8), "/d", &leased(), 300);
        let cancel = configurator.unwanted(ConfigurationId(8), Unneeded::Superseded).unwrap();
        assert!(matches!(cancel, Outgoing::Call { serial: None, member: "CancelIPv4", body, .. }
            if body[1] == Value::text("superseded")));
        assert_eq!(configurator.answered(8, ":1.1", Ok(&[])), None);
        assert!(configurator.unregister(":1.1", "/other").is_err());
        assert!(configurator.unregister(":1.2", "/agent").is_err());
        assert!(!configurator.left(":1.2") && configurator.left(":1.1"));
        assert!(configurator.release().is_none());
    }
}
