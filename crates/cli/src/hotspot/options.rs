//! The command line of hotspots.

use crate::failure::Failure;
use crate::secret::{self, Secret};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

const START: &str = "\
Makes a device an access point, and gives who joins an address and the way on.

Without a passphrase one is made, and shown. It is never taken from the command line: what stands there can be read \
by every program of this machine, and the shell keeps it in its history. A script hands it over through a descriptor \
or a file.

While the device is a hotspot it joins no network: lapwing hotspot stop makes it a station again.";

/// The options of `hotspot`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Hotspot {
    /// What to do; without a command: status
    #[command(subcommand)]
    pub action: Option<Action>,
}

impl Hotspot {
    /// The passphrase that the command line points to; none if it points to none.
    ///
    /// # Errors
    /// If it cannot be read or is none.
    pub fn passphrase(&self) -> Result<Option<Secret>, Failure> {
        match &self.action {
            Some(Action::Start(start)) => {
                secret::given(start.passphrase_fd, start.passphrase_file.as_deref())
            }
            _ => Ok(None),
        }
    }
}

/// What to do with a hotspot.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Action {
    /// Make a device a hotspot
    #[command(long_about = START)]
    Start(Start),
    /// End the hotspot; the device joins networks again
    Stop,
    /// Show the hotspot
    Status,
    /// List who has joined
    Clients,
    /// Throw out a client; without an address, all of them
    ThrowOut {
        /// The client's address
        #[arg(value_name = "ADDRESS")]
        client: Option<String>,
    },
    /// Take a link of a hotspot with several from the air
    RemoveLink {
        /// Its number
        #[arg(value_name = "LINK")]
        link: u8,
        /// In how many beacons it is announced
        #[arg(long, value_name = "N", default_value_t = 10)]
        beacons: u16,
    },
    /// Bring a link back that was removed
    AddLink {
        /// Its number
        #[arg(value_name = "LINK")]
        link: u8,
    },
    /// Renew the keys of what is sent to all clients
    RenewKeys,
    /// Forget the cached keys of clients: each has to prove anew that it knows the passphrase
    ForgetPmksas,
    /// Go off the air and onto it again
    Restart(Restart),
}

/// The options of `hotspot restart`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub struct Restart {
    /// Do not tell the clients, as if the power had failed
    #[arg(long)]
    pub silently: bool,
    /// Forget the cached keys of clients too
    #[arg(long)]
    pub forget: bool,
}

/// The options of `hotspot start`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Start {
    /// Its name; without, the machine's
    #[arg(value_name = "NAME")]
    pub name: Option<String>,

    /// Take everything else from the profile of NAME, a file: docs/hotspot.md
    #[arg(long, requires = "name", conflicts_with_all = [
        "security", "passphrase_fd", "passphrase_file", "links", "hidden", "isolate", "client_limit",
        "group_key_lifetime", "subnet", "no_addresses", "no_nat",
    ])]
    pub profile: bool,

    /// How it is protected
    #[arg(long, value_enum, default_value_t = Security::Transition)]
    pub security: Security,

    /// Read the passphrase from this open descriptor: 0 is standard input
    #[arg(long, value_name = "N", conflicts_with = "passphrase_file")]
    pub passphrase_fd: Option<u32>,

    /// Read the passphrase from this file
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,

    /// Where it is: a band (2.4, 5, 6) or a frequency in MHz; given several times, the links of Wi-Fi 7
    #[arg(long = "link", value_name = "BAND|MHZ")]
    pub links: Vec<String>,

    /// Do not announce the name
    #[arg(long)]
    pub hidden: bool,

    /// Keep clients from reaching each other
    #[arg(long)]
    pub isolate: bool,

    /// How many clients there may be
    #[arg(long, value_name = "N")]
    pub client_limit: Option<u16>,

    /// How often the keys of what is sent to all clients are renewed
    #[arg(long, value_name = "SECONDS")]
    pub group_key_lifetime: Option<u32>,

    /// This machine's address in the hotspot, such as 192.168.77.1/24
    #[arg(long, value_name = "ADDRESS", conflicts_with = "no_addresses")]
    pub subnet: Option<String>,

    /// Give clients no addresses: another program does
    #[arg(long)]
    pub no_addresses: bool,

    /// Do not pass on what clients send elsewhere
    #[arg(long)]
    pub no_nat: bool,
}

impl Start {
    /// A hotspot of this name, and otherwise as it is without options.
    #[must_use]
    pub fn named(name: String) -> Self {
        Self {
            name: Some(name),
            profile: false,
            security: Security::Transition,
            passphrase_fd: None,
            passphrase_file: None,
            links: Vec::new(),
            hidden: false,
            isolate: false,
            client_limit: None,
            group_key_lifetime: None,
            subnet: None,
            no_addresses: false,
            no_nat: false,
        }
    }
}

/// How a hotspot is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Security {
    /// WPA2 alone
    Wpa2,
    /// WPA3 alone
    Wpa3,
    /// WPA2 and WPA3
    Transition,
    /// Encrypted, without a passphrase
    Owe,
    /// Not at all
    Open,
}

impl Security {
    /// As the bus says it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wpa2 => "wpa2",
            Self::Wpa3 => "wpa3",
            Self::Transition => "transition",
            Self::Owe => "owe",
            Self::Open => "open",
        }
    }

    /// Whether there is a passphrase.
    #[must_use]
    pub const fn has_passphrase(self) -> bool {
        matches!(self, Self::Wpa2 | Self::Wpa3 | Self::Transition)
    }
}
