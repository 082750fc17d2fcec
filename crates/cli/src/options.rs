//! The command line.

use crate::hotspot::Hotspot;
use crate::migrate::{Export, Import};
use crate::world::options::World;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use lapwing_frames::MacAddr;
use std::ffi::OsString;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  lapwing try                              See it all on a virtual radio, without root or hardware
  lapwing                                  What every device does
  lapwing scan                             Look around, then list the networks
  lapwing connect 'My Network'             Join; asks for the passphrase if it is needed
  lapwing connect Cafe --type open         Of two networks with one name, the open one
  lapwing connect =c3a9ff                  A network whose name is these octets
  pass wifi/home | lapwing connect home --passphrase-fd 0
  lapwing networks --bss                   Every access point, and why it is not used
  lapwing why                              How the last attempt went, phase by phase
  lapwing tui                              All of it on one screen
  lapwing monitor --json                   Events as they come, for a program
  lapwing hotspot start                    Let others use this machine's connection
  sudo lapwing import /etc/NetworkManager/system-connections --dry-run
                                           What would be taken over from there
  lapwing world run mlo-loop --policy wpa_supplicant-2.11
                                           A failure as it happens, in a world that is not there

Exit status:
  0  done
  1  it failed
  2  the command line cannot be understood, or does not say enough
  3  no daemon answers
  4  not allowed
  5  no such network or device
  6  connected, but no address came in time
  7  the daemon's answer makes no sense
  128 + n  ended by signal n (130 by Ctrl-C)

The daemon is sought at --address, or where $DBUS_SYSTEM_BUS_ADDRESS says, or on the system bus.
Colours are used on a terminal, unless $NO_COLOR is set.";

const CONNECT: &str = "\
Joins a network and waits until it has an address.

The passphrase is asked for on the terminal, without echo, and only if the daemon does not know it. It is \
never taken from the command line: what stands there can be read by every program of this machine, and the \
shell keeps it in its history. A script hands it over through a descriptor or a file.";

const ROAM: &str = "\
Goes to another access point of the network, or to the same again.

The connection is left with a goodbye and made anew by the access point with this BSSID. The address of a multi-link \
device, or of one of its links, means that device; that of a link, that the association goes through it. An access \
point that was not heard lately, or cannot be joined, changes nothing: scan first.";

const WPS: &str = "\
Has an access point hand over its network, without anybody typing its passphrase (Wi-Fi Protected Setup).

\
It is weak: for two minutes after the push of a button whoever asks is let in, and a PIN that an access point keeps \
can be guessed. Nothing of it begins unless it is asked for here, and an access point on which it can be switched off \
is better without it. The network of before is left first.";

const DPP: &str = "\
Hands a network with a passphrase over, without anybody typing it (Wi-Fi Easy Connect, DPP).

One device shows a QR code and the other reads it, or both are told a code of one's own choice within two minutes; \
unlike WPS, nobody else is let in. This machine has a network handed over (enroll), which is stored and joined, or \
hands the network of its connection over to another device (configure). A shared code is never taken from the \
command line, as passphrases are not.";

const TUI: &str = "\
Shows everything on one screen, and does what keys say.

Networks, known networks, the connection with its links and the signal over time, the hotspot and who has joined it, \
and what happens. The key ? tells what the others do. Who leaves leaves the connections as they are.";

const SHARE: &str = "\
Shows a known network as a QR code: whoever points a telephone at it joins.

The daemon tells nobody a passphrase; it is read from the network's file, which is for root alone. With --json the \
text of the code is printed instead.";

const COMPLETIONS: &str = "\
Prints what a shell needs to complete this command.

  lapwing completions bash > /usr/share/bash-completion/completions/lapwing
  lapwing completions zsh > /usr/share/zsh/vendor-completions/_lapwing
  lapwing completions fish > /usr/share/fish/vendor_completions.d/lapwing.fish";

const IMPORT: &str = "\
Takes over the networks of wpa_supplicant or NetworkManager.

Each network becomes a file in the state directory, where the daemon notices it. What cannot be carried over is said \
for each network. Networks that are known already stay as they are, and nothing is ever deleted.";

const TRY: &str = "\
Shows the daemon at work, on a virtual world.

The daemon is the real one, D-Bus included, in a process of its own that ends with this. Only the radio, the kernel \
below it, the air and the access points are made of software. It needs no root, and touches nothing of the machine. \
One sees the scan, the choice and its reasons, the frames, the keys and the links as the daemon and as the kernel \
hold them, and the address. Then the access point removes a link, reboots, and comes back.";

/// See and change Wi-Fi connections.
#[derive(Clone, Debug, PartialEq, Eq, Parser)]
#[command(name = "lapwing", version, about = "See and change Wi-Fi connections", after_help = EXAMPLES, max_term_width = 100)]
pub struct Options {
    /// Print JSON, as docs/command-line.md describes it
    #[arg(long, global = true)]
    pub json: bool,

    /// The device, if there are several
    #[arg(short, long, global = true, value_name = "NAME")]
    pub device: Option<String>,

    /// Where the daemon is, if it is not on the system bus: a D-Bus address such as unix:path=/a/socket
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub address: Option<String>,

    /// What to do; without a command: status
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// How a network is handed over.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Wps {
    /// The button of the access point is pushed within two minutes
    PushButton,
    /// The access point is told a PIN: this one, or one that is made and shown
    Pin {
        /// Four or eight digits
        #[arg(value_name = "PIN")]
        pin: Option<String>,
    },
    /// End what was begun elsewhere
    Cancel,
}

/// How a network is handed over by a QR code or a shared code.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Dpp {
    /// Have a network handed over to this machine, and join it
    Enroll(SharedCode),
    /// Hand the network of the connection over to another device
    Configure {
        /// What the other device's QR code says; without, ours is shown to it
        #[arg(value_name = "URI", conflicts_with_all = ["shared_code", "code_fd", "code_file"])]
        uri: Option<String>,
        /// Or the code that both were told.
        #[command(flatten)]
        code: SharedCode,
    },
    /// End what was begun elsewhere
    Stop,
}

/// How two devices find each other that show no QR code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct SharedCode {
    /// Find each other by a code that both are told; it is asked for
    #[arg(long)]
    pub shared_code: bool,

    /// Read the code from this open descriptor
    #[arg(long, value_name = "N", conflicts_with = "code_file")]
    pub code_fd: Option<u32>,

    /// Read the code from this file
    #[arg(long, value_name = "FILE")]
    pub code_file: Option<PathBuf>,

    /// What the code is called, if the other device is told that too
    #[arg(long, value_name = "NAME")]
    pub identifier: Option<String>,
}

impl SharedCode {
    /// Whether a code is to be used.
    #[must_use]
    pub const fn is_wanted(&self) -> bool {
        self.shared_code || self.code_fd.is_some() || self.code_file.is_some() || self.identifier.is_some()
    }
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Show what every device does, its connection, and what failed last
    Status,
    /// List devices and their radios
    Devices,
    /// Look for networks on all channels, then list them
    Scan(Listing),
    /// List the networks that were heard
    Networks(Listing),
    /// Join a network
    #[command(long_about = CONNECT)]
    Connect(Connect),
    /// Go to another access point of the network, or to the same again
    #[command(long_about = ROAM)]
    Roam {
        /// A BSSID, or the address of a multi-link device
        #[arg(value_name = "ADDRESS")]
        bssid: MacAddr,
    },
    /// Join a network by a push of a button or a PIN
    #[command(subcommand, long_about = WPS)]
    Wps(Wps),
    /// Hand a network over by a QR code or a shared code, to this machine or by it
    #[command(subcommand, long_about = DPP)]
    Dpp(Dpp),
    /// Leave the network and stay away until asked otherwise
    Disconnect,
    /// Forget a known network: its passphrase and all that was learned of it
    Forget(Choice),
    /// List the known networks
    Known,
    /// Print events as they come, until interrupted
    Monitor,
    /// Show each link of the connection, as the daemon and as the kernel sees it
    Links,
    /// Show how the last attempt went, phase by phase
    #[command(visible_alias = "why")]
    Timeline,
    /// Make a device an access point that others join, and see who has
    Hotspot(Hotspot),
    /// Show everything on one screen, and do what keys say
    #[command(long_about = TUI)]
    Tui,
    /// Show a known network as a QR code, for a telephone
    #[command(long_about = SHARE)]
    Share {
        /// The network; without, the one that is connected
        #[command(flatten)]
        network: Option<Choice>,
    },
    /// Print what a shell needs to complete this command
    #[command(long_about = COMPLETIONS)]
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Take over the networks of wpa_supplicant or NetworkManager
    #[command(long_about = IMPORT)]
    Import(Import),
    /// Write the known networks for another program
    Export(Export),
    /// Run stories in a virtual world: no daemon, no radio, no root
    World(World),
    /// See it work on a virtual radio: no root, no hardware, nothing to install
    #[command(long_about = TRY)]
    Try(Try),
    /// Run the daemon in place of lapwingd, with the options that stand behind `--`
    #[command(disable_help_flag = true)]
    Daemon(Daemon),
}

/// The options of `try`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Try {
    /// Do not wait for the reader
    #[arg(long)]
    pub fast: bool,

    /// The world: a built-in one, or a scenario file
    #[arg(long, value_name = "NAME", default_value = "tour")]
    pub world: String,

    /// What is drawn in the world follows from this number
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

/// The daemon's own command line.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Daemon {
    /// It ends with who started it.
    #[arg(long, hide = true)]
    pub with_parent: bool,

    /// Its options: see them with `lapwing daemon -- --help`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTION")]
    pub arguments: Vec<OsString>,
}

/// How networks are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct Listing {
    /// List each access point too, and the reason for each that cannot be used
    #[arg(long)]
    pub bss: bool,
}

/// Which network.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Choice {
    /// Its name as it is, or as it is shown; or =HEX, its octets in hexadecimal
    #[arg(value_name = "NETWORK")]
    pub name: String,

    /// NETWORK is in hexadecimal, with or without '='
    #[arg(long)]
    pub hex: bool,

    /// Its kind, if there are several of that name
    #[arg(long = "type", value_name = "TYPE", value_enum)]
    pub kind: Option<Kind>,
}

/// The options of `connect`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Connect {
    /// Which network.
    #[command(flatten)]
    pub network: Choice,

    /// The network does not announce its name
    #[arg(long)]
    pub hidden: bool,

    /// Join it by this access point and no other: a BSSID, or the address of a multi-link device
    #[arg(long, value_name = "ADDRESS", conflicts_with = "hidden")]
    pub bssid: Option<MacAddr>,

    /// Read the passphrase from this open descriptor
    #[arg(long, value_name = "N", conflicts_with = "passphrase_file")]
    pub passphrase_fd: Option<u32>,

    /// Read the passphrase from this file
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,

    /// Do not wait for an address longer than the daemon does
    #[arg(long)]
    pub no_wait: bool,

    /// How long to wait for an address
    #[arg(long, value_name = "SECONDS", default_value_t = 30, conflicts_with = "no_wait")]
    pub timeout: u32,
}

/// The kinds of networks, in iwd's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// No passphrase: open, or encrypted by OWE
    Open,
    /// A passphrase: WPA2- or WPA3-Personal
    #[value(alias = "personal")]
    Psk,
    /// Accounts: WPA-Enterprise
    #[value(name = "8021x", alias = "enterprise")]
    Enterprise,
    /// The broken one of 1999
    Wep,
}

impl Kind {
    /// As the bus says it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Psk => "psk",
            Self::Enterprise => "8021x",
            Self::Wep => "wep",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(line: &str) -> Result<Options, clap::error::ErrorKind> {
        Options::try_parse_from(line.split(' ').filter(|word| !word.is_empty())).map_err(|error| error.kind())
    }

    fn choice(name: &str) -> Choice {
        Choice { name: name.to_owned(), hex: false, kind: None }
    }

    fn connect(name: &str) -> Connect {
        Connect {
            network: choice(name),
            hidden: false,
            bssid: None,
            passphrase_fd: None,
            passphrase_file: None,
            no_wait: false,
            timeout: 30,
        }
    }

    #[test]
    fn the_definition_holds_together() {
        Options::command().debug_assert();
    }

    #[test]
    fn where_the_daemon_is_says_nothing_of_a_hotspots_address() {
        use crate::hotspot::Action;
        let options = parse("lapwing --address unix:path=/a hotspot start home").unwrap();
        assert_eq!(options.address.as_deref(), Some("unix:path=/a"));
        let Some(Command::Hotspot(hotspot)) = options.command else { panic!("{options:?}") };
        let Some(Action::Start(start)) = hotspot.action else { panic!("{hotspot:?}") };
        assert_eq!(start.subnet, None);
    }

    #[test]
    fn what_is_understood() {
        let plain = |command| Options { json: false, device: None, address: None, command: Some(command) };
        for (line, expected) in [
            ("lapwing", Options { json: false, device: None, address: None, command: None }),
            ("lapwing status", plain(Command::Status)),
            ("lapwing --json status", Options { json: true, ..plain(Command::Status) }),
            ("lapwing status --json", Options { json: true, ..plain(Command::Status) }),
            (
                "lapwing -d wlan1 scan",
                Options { device: Some("wlan1".to_owned()), ..plain(Command::Scan(Listing { bss: false })) },
            ),
            ("lapwing networks --bss", plain(Command::Networks(Listing { bss: true }))),
            ("lapwing connect home", plain(Command::Connect(connect("home")))),
            (
                "lapwing connect =00ff --hidden",
                plain(Command::Connect(Connect { hidden: true, ..connect("=00ff") })),
            ),
            (
                "lapwing connect home --passphrase-fd 3 --no-wait",
                plain(Command::Connect(Connect { passphrase_fd: Some(3), no_wait: true, ..connect("home") })),
            ),
            (
                "lapwing connect home --passphrase-file /run/secret",
                plain(Command::Connect(Connect {
                    passphrase_file: Some("/run/secret".into()),
                    ..connect("home")
                })),
            ),
            (
                "lapwing forget --hex 00ff --type 8021x",
                plain(Command::Forget(Choice { hex: true, kind: Some(Kind::Enterprise), ..choice("00ff") })),
            ),
            ("lapwing forget -- -odd", plain(Command::Forget(choice("-odd")))),
            (
                "lapwing connect home --timeout 5",
                plain(Command::Connect(Connect { timeout: 5, ..connect("home") })),
            ),
            ("lapwing why", plain(Command::Timeline)),
            ("lapwing timeline", plain(Command::Timeline)),
            (
                "lapwing --address unix:path=/x status",
                Options { address: Some("unix:path=/x".to_owned()), ..plain(Command::Status) },
            ),
            ("lapwing dpp enroll", plain(Command::Dpp(Dpp::Enroll(SharedCode::default())))),
            (
                "lapwing dpp configure DPP:K:x;;",
                plain(Command::Dpp(Dpp::Configure {
                    uri: Some("DPP:K:x;;".to_owned()),
                    code: SharedCode::default(),
                })),
            ),
            (
                "lapwing dpp configure --code-fd 0 --identifier shelf",
                plain(Command::Dpp(Dpp::Configure {
                    uri: None,
                    code: SharedCode {
                        code_fd: Some(0),
                        identifier: Some("shelf".to_owned()),
                        ..SharedCode::default()
                    },
                })),
            ),
            ("lapwing try", plain(Command::Try(Try { fast: false, world: "tour".to_owned(), seed: 1 }))),
            (
                "lapwing try --fast --world x.toml --seed 7",
                plain(Command::Try(Try { fast: true, world: "x.toml".to_owned(), seed: 7 })),
            ),
            (
                "lapwing daemon -- -d --world home",
                plain(Command::Daemon(Daemon {
                    with_parent: false,
                    arguments: ["-d", "--world", "home"].into_iter().map(OsString::from).collect(),
                })),
            ),
        ] {
            assert_eq!(parse(line), Ok(expected), "{line}");
        }
    }

    #[test]
    fn what_is_not_understood() {
        use clap::error::ErrorKind;
        for (line, kind) in [
            ("lapwing conect home", ErrorKind::InvalidSubcommand),
            ("lapwing connect", ErrorKind::MissingRequiredArgument),
            // A passphrase has no place here.
            ("lapwing connect home secret", ErrorKind::UnknownArgument),
            ("lapwing connect home --passphrase secret", ErrorKind::UnknownArgument),
            ("lapwing connect home --passphrase-fd x", ErrorKind::ValueValidation),
            ("lapwing connect home --passphrase-fd -1", ErrorKind::UnknownArgument),
            ("lapwing connect home --passphrase-fd 3 --passphrase-file f", ErrorKind::ArgumentConflict),
            ("lapwing connect home --no-wait --timeout 3", ErrorKind::ArgumentConflict),
            ("lapwing forget home --type wpa", ErrorKind::InvalidValue),
            ("lapwing status --bss", ErrorKind::UnknownArgument),
            ("lapwing --version", ErrorKind::DisplayVersion),
            ("lapwing connect --help", ErrorKind::DisplayHelp),
        ] {
            assert_eq!(parse(line), Err(kind), "{line}");
        }
    }
}
