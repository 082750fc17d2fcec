//! Telling the machine where names are looked up: `resolvconf` if it is there, else a file of our own.

use crate::netconf::Resolver;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

/// The file of our own in the runtime directory.
pub const FILE: &str = "resolv.conf";

/// Where `resolvconf` may be.
const PROGRAMS: [&str; 4] =
    ["/usr/sbin/resolvconf", "/sbin/resolvconf", "/usr/bin/resolvconf", "/bin/resolvconf"];

/// Sets the name servers of an interface, or takes them away.
///
/// # Errors
/// Those of starting the program or writing the file.
pub fn set(runtime: &Path, interface: &str, resolver: Option<&Resolver>) -> io::Result<()> {
    let text = resolver.map(text);
    match PROGRAMS.iter().find(|program| Path::new(program).exists()) {
        Some(program) => register(program, interface, text.as_deref()),
        None => match text {
            Some(text) => crate::networks::store::replace(&runtime.join(FILE), text.as_bytes(), 0o644),
            None => match fs::remove_file(runtime.join(FILE)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
        },
    }
}

/// `resolv.conf(5)`.
fn text(resolver: &Resolver) -> String {
    let mut text = String::new();
    // Writing into a text does not fail.
    for server in &resolver.servers {
        let _done = writeln!(text, "nameserver {server}");
    }
    if !resolver.search.is_empty() {
        let _done = writeln!(text, "search {}", resolver.search.join(" "));
    }
    text
}

/// Hands the text to `resolvconf`. It is not waited for: it runs other programs, some of them slow.
fn register(program: &str, interface: &str, text: Option<&str>) -> io::Result<()> {
    let name = format!("{interface}.lapwing");
    let mut command = Command::new(program);
    command.args([if text.is_some() { "-a" } else { "-d" }, &name]).stdout(Stdio::null());
    command.stdin(if text.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = command.spawn()?;
    if let (Some(mut input), Some(text)) = (child.stdin.take(), text) {
        // It fits into the pipe, so this does not wait.
        input.write_all(text.as_bytes())?;
    }
    // Its end is waited for elsewhere, so that no dead process stays.
    std::thread::spawn(move || child.wait());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_resolvers_understand() {
        let resolver = Resolver {
            servers: vec!["192.0.2.53".parse().unwrap(), "2001:db8::53".parse().unwrap()],
            search: vec!["example.org".to_owned(), "example.net".to_owned()],
        };
        assert_eq!(
            text(&resolver),
            "nameserver 192.0.2.53\nnameserver 2001:db8::53\nsearch example.org example.net\n"
        );
    }
}
