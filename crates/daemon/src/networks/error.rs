//! What can be wrong with a file of the state directory.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// A file that cannot be used: which, where in it, and why. It is left as it is.
#[derive(Debug, thiserror::Error)]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1, if the problem is in one.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: FileProblem,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A file name may hold anything; its debug form is safe to print.
        write!(f, "{:?}", self.path)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum FileProblem {
    /// The operating system says so.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Its content does not fit.
    #[error("{0}")]
    Content(#[from] Problem),
    /// The name is no network's.
    #[error("{0}")]
    Name(&'static str),
}

/// What is wrong with the content of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// More than 256 KiB.
    #[error("the file is too long for a network file")]
    TooLong,
    /// A key before the first group.
    #[error("a [Group] is expected before the first key")]
    NoGroup,
    /// A line that starts with `[` and is no group header.
    #[error("a group header has the form [Group], with printable characters and nothing behind it")]
    BadGroup,
    /// A line that starts with `[@` and is no embedded group.
    #[error("an embedded group has the form [@pem@name]")]
    BadEmbeddedGroup,
    /// A PEM block that does not end.
    #[error("the embedded PEM block has no END line")]
    UnterminatedPem,
    /// A line that is nothing.
    #[error("a line is a [Group], a Key=value or a # comment")]
    NoEquals,
    /// A key with other characters.
    #[error("a key has only letters, digits, '_', '-' and '.'")]
    BadKey,
    /// A value with octets that are no text.
    #[error("the value is not UTF-8 text, or the line ends in a carriage return")]
    NotText,
    /// An unknown escape.
    #[error("a backslash is followed by s, n, t, r or another backslash")]
    BadEscape,
    /// Not `true` or `false`.
    #[error("'true' or 'false' is expected")]
    NotABoolean,
    /// Not pairs of hexadecimal digits.
    #[error("pairs of hexadecimal digits are expected")]
    NotHexadecimal,
    /// A passphrase without octets, or a very long one.
    #[error("a passphrase has 1 to 255 octets (8 to 63 for WPA2)")]
    BadPassphrase,
    /// A pre-shared key of another length.
    #[error("a pre-shared key has 64 hexadecimal digits")]
    BadPreSharedKey,
    /// A password element of another length.
    #[error("a password element has 128 (group 19), 192 (group 20) or 264 (group 21) hexadecimal digits")]
    BadPasswordElement,
    /// Neither passphrase nor key.
    #[error("[Security] needs Passphrase or PreSharedKey")]
    NoSecret,
    /// The group is encrypted, and there is no key.
    #[error(
        "[Security] is encrypted: SystemdEncrypt in main.conf names the credential, and its service gets it"
    )]
    Encrypted,
    /// What is encrypted has another key.
    #[error("[Security] was changed, or encrypted with another credential or for another network")]
    OtherKey,
    /// One of two keys is missing.
    #[error("[Security] needs both EncryptedSalt and EncryptedSecurity")]
    HalfEncrypted,
    /// A network with accounts.
    #[error("802.1X networks are not supported yet")]
    Enterprise,
    /// An address that is none.
    #[error("an IP address is expected")]
    BadAddress,
    /// A domain that a resolver's configuration cannot hold.
    #[error("a domain has letters, digits, '-', '.' and '_', at most 253")]
    BadDomain,
    /// A netmask or prefix that is none.
    #[error("a netmask or prefix length is expected")]
    BadPrefix,
    /// A static address without the rest.
    #[error("static configuration needs an Address")]
    NoAddress,
    /// A BSSID or address that is none.
    #[error("a MAC address has six pairs of hexadecimal digits with colons")]
    BadMacAddress,
    /// A mode that is unknown.
    #[error("the modes are personal, enterprise and open")]
    BadTransitionMode,
    /// A channel that no band has.
    #[error("a channel of the 2.4 or the 5 GHz band is expected")]
    BadChannel,
    /// A link that no band has, or two in one band.
    #[error("links are like 2.4GHz, 5GHz/36, 6GHz/37: a band, perhaps a channel of it, each band once")]
    BadLink,
    /// A cipher that is unknown or too weak.
    #[error("the ciphers are CCMP-128, GCMP-128, CCMP-256 and GCMP-256")]
    BadCipher,
    /// A kind of protection that is unknown.
    #[error("the kinds of security are wpa2, transition, wpa3, owe and open")]
    BadProtection,
    /// A number out of its bounds.
    #[error("a number is expected: of clients up to 2007, of seconds from 60 on (LeaseTime: from 1 on)")]
    BadNumber,
    /// A range that is none.
    #[error("the first and the last address are expected, with a comma between them")]
    BadRange,
    /// A hotspot profile without a name.
    #[error("[Hotspot] needs Name")]
    NoName,
    /// A hotspot profile that fits no network.
    #[error("[Hotspot] needs HESSID, NAIRealmNames or RoamingConsortium")]
    NoMatch,
    /// A value of a hotspot profile that is too long, too short or none.
    #[error("a name has 1 to 256 octets, a roaming consortium 6 or 10 hexadecimal digits")]
    BadProfile,
    /// A protection that needs a passphrase without one.
    #[error("[Security] needs Passphrase: WPA3 cannot use a PreSharedKey")]
    NoPassphrase,
}
