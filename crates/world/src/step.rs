//! What can happen next, as a value: a schedule is a list of these.

use crate::attacker::Attack;
use core::fmt;
use core::str::FromStr;

/// A way on which things travel in order. Nothing orders two of them: what is on one overtakes what is on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// The party's commands, on their way into the kernel.
    Commands,
    /// The kernel's one socket to the party.
    Socket,
    /// The party's packet socket for EAPOL, on radios that do not carry it over the other one.
    Packets,
    /// From the station to a BSS of an access point (a link of an AP MLD).
    ToAp {
        /// The access point, by its place in the scenario.
        ap: u8,
        /// The number of the link; 0 if it is no MLD.
        link: u8,
    },
    /// From a BSS of an access point to the station.
    FromAp {
        /// The access point, by its place in the scenario.
        ap: u8,
        /// The number of the link; 0 if it is no MLD.
        link: u8,
    },
    /// From the network behind the access points to its clients.
    Distribution,
}

impl Channel {
    /// Whether it is the air, where things are lost and doubled.
    #[must_use]
    pub const fn is_air(self) -> bool {
        matches!(self, Self::ToAp { .. } | Self::FromAp { .. })
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commands => f.write_str("commands"),
            Self::Socket => f.write_str("socket"),
            Self::Packets => f.write_str("packets"),
            Self::ToAp { ap, link } => write!(f, "to-{ap}.{link}"),
            Self::FromAp { ap, link } => write!(f, "from-{ap}.{link}"),
            Self::Distribution => f.write_str("network"),
        }
    }
}

/// Something that can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The party starts: it hears of its networks. The first step of every run, and the only one that can be.
    Start,
    /// What is first on a channel arrives.
    Deliver(Channel),
    /// The time of the next deadline of any part comes, before what is under way arrives.
    Advance,
    /// The person does what is next in the script.
    Person,
    /// A fault of the scenario happens, by its place in the list.
    Fault(u8),
    /// What is first on a channel is lost.
    Lose(Channel),
    /// What is first on a channel arrives and will arrive again. With a loss after it: only the
    /// acknowledgement was lost.
    Duplicate(Channel),
    /// The attacker sends something.
    Attack(Attack),
}

/// What a step costs an explorer: how far it is from what happens on a good day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// What is under way goes on.
    Progress,
    /// Time passes.
    Time,
    /// Somebody wants something.
    Wish,
    /// Something goes wrong.
    Trouble,
}

impl Step {
    /// What kind of step it is.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Start | Self::Deliver(_) => Kind::Progress,
            Self::Advance => Kind::Time,
            Self::Person => Kind::Wish,
            Self::Fault(_) | Self::Lose(_) | Self::Duplicate(_) | Self::Attack(_) => Kind::Trouble,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("start"),
            Self::Deliver(channel) => write!(f, "{channel}"),
            Self::Advance => f.write_str("time"),
            Self::Person => f.write_str("person"),
            Self::Fault(place) => write!(f, "fault:{place}"),
            Self::Lose(channel) => write!(f, "lose:{channel}"),
            Self::Duplicate(channel) => write!(f, "double:{channel}"),
            Self::Attack(attack) => write!(f, "attack:{attack}"),
        }
    }
}

/// A text that is no step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownStep(pub String);

impl fmt::Display for UnknownStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no step of a schedule", self.0)
    }
}

impl std::error::Error for UnknownStep {}

impl FromStr for Step {
    type Err = UnknownStep;

    fn from_str(text: &str) -> Result<Self, UnknownStep> {
        let unknown = || UnknownStep(text.to_owned());
        Ok(match text {
            "start" => Self::Start,
            "time" => Self::Advance,
            "person" => Self::Person,
            _ => match text.split_once(':') {
                None => Self::Deliver(channel(text).ok_or_else(unknown)?),
                Some(("fault", place)) => Self::Fault(place.parse().map_err(|_| unknown())?),
                Some(("lose", name)) => Self::Lose(channel(name).ok_or_else(unknown)?),
                Some(("double", name)) => Self::Duplicate(channel(name).ok_or_else(unknown)?),
                Some(("attack", attack)) => Self::Attack(Attack::parse(attack).ok_or_else(unknown)?),
                Some(_) => return Err(unknown()),
            },
        })
    }
}

fn channel(name: &str) -> Option<Channel> {
    Some(match name {
        "commands" => Channel::Commands,
        "socket" => Channel::Socket,
        "packets" => Channel::Packets,
        "network" => Channel::Distribution,
        _ => {
            let (way, place) = name.split_once('-')?;
            let (ap, link) = place.split_once('.')?;
            let (ap, link) = (ap.parse().ok()?, link.parse().ok()?);
            match way {
                "to" => Channel::ToAp { ap, link },
                "from" => Channel::FromAp { ap, link },
                _ => return None,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_steps() {
        let from = Channel::FromAp { ap: 1, link: 2 };
        let steps = [
            Step::Start,
            Step::Deliver(Channel::Commands),
            Step::Deliver(Channel::Socket),
            Step::Deliver(Channel::Packets),
            Step::Deliver(Channel::Distribution),
            Step::Deliver(from),
            Step::Deliver(Channel::ToAp { ap: 12, link: 14 }),
            Step::Advance,
            Step::Person,
            Step::Fault(7),
            Step::Lose(from),
            Step::Duplicate(from),
            Step::Attack(Attack::Replay(3)),
            Step::Attack(Attack::Deauthenticate { ap: 1, link: 0 }),
            Step::Attack(Attack::DeauthenticateAp { ap: 1, link: 0 }),
            Step::Attack(Attack::Message1 { ap: 0, link: 3 }),
        ];
        for step in steps {
            assert_eq!(step.to_string().parse(), Ok(step), "{step}");
        }
        for wrong in
            ["", "lose:", "to-1", "from-1.x", "fault:256", "attack:replay", "attack:laugh-1.0", "x:y"]
        {
            assert_eq!(wrong.parse::<Step>(), Err(UnknownStep(wrong.to_owned())));
        }
    }
}
