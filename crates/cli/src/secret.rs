//! Where a passphrase comes from.

use crate::failure::{Failure, Kind};
use crate::terminal::{self, LONGEST};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// A passphrase. It is wiped when it goes.
pub type Secret = Zeroizing<String>;

/// Reads the passphrase that the command line points to; none if it points to none.
///
/// # Errors
/// If it cannot be read or is none.
pub fn given(descriptor: Option<u32>, file: Option<&Path>) -> Result<Option<Secret>, Failure> {
    let (what, octets) = match (descriptor, file) {
        (Some(0), _) => ("descriptor 0".to_owned(), read(std::io::stdin().lock())),
        (Some(number), _) => {
            // The way to a descriptor by its number without trusting that it is nobody else's.
            (format!("descriptor {number}"), File::open(format!("/proc/self/fd/{number}")).and_then(read))
        }
        (None, Some(path)) => (path.display().to_string(), File::open(path).and_then(read)),
        (None, None) => return Ok(None),
    };
    let mut octets = octets.map_err(|error| {
        Failure::new(Kind::Usage, format!("The passphrase cannot be read from {what}: {error}."))
            .code("unreadable")
    })?;
    for end in [b'\n', b'\r'] {
        if octets.last() == Some(&end) {
            octets.pop();
        }
    }
    check(octets).map(Some)
}

/// Asks a person.
///
/// # Errors
/// If there is no terminal, nothing was said, or it can be no passphrase.
pub async fn asked(network: &str) -> Result<Secret, Failure> {
    check(terminal::ask(&format!("Passphrase of {network}: ")).await?)
}

/// Asks a person for a code that two devices share.
///
/// # Errors
/// As [`asked`].
pub async fn code() -> Result<Secret, Failure> {
    check(terminal::ask("Shared code: ").await?)
}

fn read(source: impl Read) -> std::io::Result<Zeroizing<Vec<u8>>> {
    // One octet more than allowed, so that too much is noticed. The room is made once: growing would leave
    // copies behind that nobody wipes.
    let mut octets = Zeroizing::new(Vec::with_capacity(LONGEST + 64));
    source.take(LONGEST as u64 + 1).read_to_end(&mut octets)?;
    Ok(octets)
}

/// What the bus can carry. Whether it fits the network is for the daemon to say.
fn check(octets: Zeroizing<Vec<u8>>) -> Result<Secret, Failure> {
    let bad = |what: &str| {
        Err(Failure::new(Kind::Usage, format!("That is no passphrase: {what}.")).code("bad-passphrase"))
    };
    if octets.is_empty() {
        return bad("it is empty");
    }
    if octets.len() > LONGEST {
        return bad("it is far too long");
    }
    match std::str::from_utf8(&octets) {
        Ok(text) if text.contains(['\0', '\n']) => bad("it has more than one line, or a zero octet"),
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => bad("it is not UTF-8"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_a_passphrase() {
        let check = |octets: &[u8]| check(Zeroizing::new(octets.to_vec()));
        assert_eq!(check("correct horse é".as_bytes()).unwrap().as_str(), "correct horse é");
        for bad in [&b""[..], b"a\0b", b"a\nb", b"\xff", &[b'a'; LONGEST + 1]] {
            assert_eq!(check(bad).unwrap_err().kind, Kind::Usage);
        }
    }
}
