//! The command line.

use core::fmt;
use lexopt::prelude::*;
use std::ffi::OsString;
use std::path::PathBuf;

/// What `--help` prints.
pub const HELP: &str = "\
The air between virtual radios (mac80211_hwsim): who hears which frame, how strong, how late, and who does not.

Usage: lapwing-medium [OPTIONS]

  --rules FILE      read rules from a file (JSON), and again on SIGHUP
  --radios N        make so many radios with an interface each; they go with this program
  --channels N      on how many channels at once these can be
  --mlo             these can do multi-link operation
  --no-register     leave frames to the kernel: radios can be made and frames sent, but no rule has an effect
  --no-bus          do not be net.connman.hwsim on D-Bus
  --bus ADDRESS     on this bus instead of the system's
  --seed N          begin the sequence of chance with this number (default: 1)
  --help            print this

Radios of several channels must be made by this program: with one that was there before, the kernel allows no medium.
";

/// How many radios may be made.
const MOST: usize = 100;

/// What the program is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where rules are.
    pub rules: Option<PathBuf>,
    /// How many radios to make.
    pub radios: usize,
    /// On how many channels these can be.
    pub channels: Option<u32>,
    /// Whether they can do multi-link operation.
    pub multi_link: bool,
    /// Whether to be the medium.
    pub register: bool,
    /// Whether to be on a bus, and on which.
    pub bus: Bus,
    /// The number with which chance begins.
    pub seed: u64,
}

/// Which bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bus {
    /// None.
    Without,
    /// The system's.
    System,
    /// The one with this address.
    At(String),
}

impl Default for Options {
    fn default() -> Self {
        let (rules, radios, channels, multi_link) = (None, 0, None, false);
        Self { rules, radios, channels, multi_link, register: true, bus: Bus::System, seed: 1 }
    }
}

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invocation {
    /// To run.
    Run(Options),
    /// To say how it is used.
    Help,
}

/// A command line that cannot be understood.
#[derive(Debug)]
pub struct Misuse(String);

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misuse {}

impl From<lexopt::Error> for Misuse {
    fn from(error: lexopt::Error) -> Self {
        Self(error.to_string())
    }
}

/// Reads the command line, without the program's name.
///
/// # Errors
/// If it cannot be understood.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Invocation, Misuse> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut options = Options::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("rules") => options.rules = Some(parser.value()?.into()),
            Long("radios") => options.radios = parser.value()?.parse()?,
            Long("channels") => options.channels = Some(parser.value()?.parse()?),
            Long("mlo") => options.multi_link = true,
            Long("no-register") => options.register = false,
            Long("no-bus") => options.bus = Bus::Without,
            Long("bus") => options.bus = Bus::At(parser.value()?.string()?),
            Long("seed") => options.seed = parser.value()?.parse()?,
            Short('h') | Long("help") => return Ok(Invocation::Help),
            other => return Err(other.unexpected().into()),
        }
    }
    if options.radios > MOST {
        return Err(Misuse(format!("{MOST} radios can be made at most")));
    }
    Ok(Invocation::Run(options))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Invocation, Misuse> {
        parse(words.iter().map(OsString::from))
    }

    #[test]
    fn options() {
        assert_eq!(read(&[]).unwrap(), Invocation::Run(Options::default()));
        let words =
            ["--rules", "f", "--radios", "3", "--channels", "2", "--mlo", "--no-register", "--no-bus"];
        let expected = Options {
            rules: Some("f".into()),
            radios: 3,
            channels: Some(2),
            multi_link: true,
            register: false,
            bus: Bus::Without,
            seed: 1,
        };
        assert_eq!(read(&words).unwrap(), Invocation::Run(expected));
        assert_eq!(read(&["-h"]).unwrap(), Invocation::Help);
    }

    #[test]
    fn misuse_is_told() {
        for words in [&["--radios", "101"][..], &["--nothing"], &["file"]] {
            assert!(read(words).is_err(), "{words:?}");
        }
    }
}
