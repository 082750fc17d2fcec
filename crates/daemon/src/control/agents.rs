//! What is asked of programs that act for a person or an administrator.

use crate::netconf::Lifetimes;
use crate::netconf::configuration::Route;
use crate::netconf::settings::Prefix;
use std::net::IpAddr;

/// What is asked of whoever made a call, before a network can be joined.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Secrets {
    /// The network's passphrase.
    Passphrase,
    /// The passphrase of a private key.
    PrivateKeyPassphrase,
    /// The name of a user, and the password.
    UserNameAndPassword,
    /// The password of this user.
    UserPassword(String),
}

/// The number of a question for the code of a device; the daemon counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeId(pub u64);

/// A program that can be asked: whose it is, and where, in the surface's words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Party {
    /// Whose.
    pub owner: String,
    /// Where.
    pub path: String,
}

/// The number of an order to set addresses; the daemon counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigurationId(pub u64);

/// A version of the Internet Protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of an address.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

/// All that is to be there of one family. It takes the place of what was ordered before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    /// Which.
    pub family: Family,
    /// Whether it is as the network's file says, and not as a server said.
    pub fixed: bool,
    /// The addresses, and how long each still holds.
    pub addresses: Vec<(Prefix<IpAddr>, Lifetimes)>,
    /// The routes.
    pub routes: Vec<Route>,
    /// Where names are looked up.
    pub servers: Vec<IpAddr>,
    /// The domains of the network.
    pub domains: Vec<String>,
}

/// Why nobody waits for an answer any more, as `net.connman.iwd.NetworkConfigurationAgent.CancelIPv4` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unneeded {
    /// The connection has ended.
    Aborted,
    /// Another order takes its place.
    Superseded,
    /// The program took too long.
    TimedOut,
}
