//! The programs that show how strong a signal is: one for each station, as with iwd.

use super::errors::iwd;
use super::interfaces::SIGNAL_AGENT;
use super::message::{Error, Outgoing};
use super::value::Value;
use crate::control::Party;
use std::collections::BTreeMap;

/// How many thresholds an agent may name: as many as with iwd.
const LEVELS: usize = 16;

/// The agents by the interface of their station.
#[derive(Debug, Default)]
pub struct SignalAgents(BTreeMap<u32, Agent>);

#[derive(Debug)]
struct Agent {
    party: Party,
    /// The path of the interface.
    device: String,
}

impl SignalAgents {
    /// Adds an agent, and gives the thresholds that it wants to hear of.
    ///
    /// # Errors
    /// If the station has one, or the thresholds are none.
    pub fn register(
        &mut self,
        (ifindex, device): (u32, &str),
        owner: &str,
        path: &str,
        levels: &[Value],
    ) -> Result<Vec<i8>, Error> {
        if self.0.contains_key(&ifindex) {
            return Err(iwd(
                "AlreadyExists",
                "The signal of this interface is told to a program already. It has to unregister first.",
            ));
        }
        let level = |value: &Value| match value {
            Value::Int16(level @ -127..=127) => i8::try_from(*level).ok(),
            _ => None,
        };
        let levels: Option<Vec<i8>> = levels.iter().map(level).collect();
        let levels = levels.filter(|levels| {
            (1..=LEVELS).contains(&levels.len()) && levels.is_sorted_by(|one, next| one > next)
        });
        let levels = levels.ok_or_else(|| {
            iwd(
                "InvalidArguments",
                format_args!(
                    "There are 1 to {LEVELS} levels from -127 to 127 dBm, each below the one before."
                ),
            )
        })?;
        let [owner, path, device] = [owner, path, device].map(str::to_owned);
        self.0.insert(ifindex, Agent { party: Party { owner, path }, device });
        Ok(levels)
    }

    /// Removes the agent that a client has at this path.
    ///
    /// # Errors
    /// If there is none, or it is another one.
    pub fn unregister(&mut self, ifindex: u32, owner: &str, path: &str) -> Result<(), Error> {
        match self.0.get(&ifindex) {
            None => Err(iwd("Failed", "No program is told of the signal of this interface.")),
            Some(Agent { party, .. }) if party.owner != owner || party.path != path => {
                Err(iwd("NotFound", "You have no such agent here. Register it first."))
            }
            Some(_) => {
                self.0.remove(&ifindex);
                Ok(())
            }
        }
    }

    /// The call that tells an agent the range of the signal.
    #[must_use]
    pub fn tell(&self, ifindex: u32, level: u8) -> Option<Outgoing> {
        Some(self.0.get(&ifindex)?.call("Changed", Some(Value::Byte(level))))
    }

    /// Says goodbye to the agents whose station goes. Gives their interfaces and the calls.
    pub fn release(&mut self, mut goes: impl FnMut(u32) -> bool) -> Vec<(u32, Outgoing)> {
        let gone = self.0.extract_if(.., |&ifindex, _| goes(ifindex));
        gone.map(|(ifindex, agent)| (ifindex, agent.call("Release", None))).collect()
    }

    /// Forgets the agents of a client, and gives their interfaces.
    pub fn left(&mut self, owner: &str) -> Vec<u32> {
        let gone = self.0.extract_if(.., |_, agent| agent.party.owner == owner);
        gone.map(|(ifindex, _)| ifindex).collect()
    }

    /// Whose agents there are.
    pub fn owners(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(|agent| agent.party.owner.as_str())
    }
}

impl Agent {
    fn call(&self, member: &'static str, further: Option<Value>) -> Outgoing {
        let body = [Value::Path(self.device.clone())].into_iter().chain(further).collect();
        Outgoing::call(&self.party, SIGNAL_AGENT, None, member, body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(levels: &[i16]) -> Vec<Value> {
        levels.iter().copied().map(Value::Int16).collect()
    }

    #[test]
    fn levels_fall_and_are_not_too_many() {
        let many: Vec<i16> = (0..17).map(|number| -20 - number).collect();
        for wrong in [&[][..], &[-60, -40], &[-40, -40], &[-128], &[200], &many] {
            let mut agents = SignalAgents::default();
            let error = agents.register((3, "/d"), ":1.1", "/a", &levels(wrong)).unwrap_err();
            assert_eq!(error.name, "net.connman.iwd.InvalidArguments", "{wrong:?}");
        }
        let mut agents = SignalAgents::default();
        assert!(agents.register((3, "/d"), ":1.1", "/a", &[Value::text("loud")]).is_err());
        assert_eq!(agents.register((3, "/d"), ":1.1", "/a", &levels(&many[..16])).unwrap().len(), 16);
    }

    #[test]
    fn each_station_has_one_and_it_is_its_owners() {
        let mut agents = SignalAgents::default();
        let name = |result: Result<(), Error>| result.unwrap_err().name;
        assert_eq!(name(agents.unregister(3, ":1.1", "/a")), "net.connman.iwd.Failed");
        agents.register((3, "/d"), ":1.1", "/a", &levels(&[-40, -60])).unwrap();
        agents.register((4, "/d"), ":1.1", "/a", &levels(&[-40])).unwrap();
        let second = agents.register((3, "/d"), ":1.2", "/b", &levels(&[-40])).unwrap_err();
        assert_eq!(second.name, "net.connman.iwd.AlreadyExists");
        assert_eq!(name(agents.unregister(3, ":1.2", "/a")), "net.connman.iwd.NotFound");
        assert_eq!(name(agents.unregister(3, ":1.1", "/b")), "net.connman.iwd.NotFound");
        assert!(matches!(agents.tell(3, 2), Some(Outgoing::Call { member: "Changed", body, .. })
            if body == [Value::Path("/d".to_owned()), Value::Byte(2)]));
        assert!(agents.tell(5, 2).is_none());
        let released = agents.release(|ifindex| ifindex == 4);
        assert!(matches!(&released[..], [(4, Outgoing::Call { member: "Release", .. })]));
        agents.unregister(3, ":1.1", "/a").unwrap();
        agents.register((3, "/d"), ":1.2", "/b", &levels(&[-40])).unwrap();
        assert_eq!(agents.left(":1.2"), [3]);
        assert_eq!(agents.owners().count(), 0);
    }
}
