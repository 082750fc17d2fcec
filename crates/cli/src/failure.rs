//! What went wrong: what, whose doing it is, what to do next; and the status with which the program ends.

use crate::text::{Paint, Style};
use serde::Serialize;
use zbus::fdo;

/// The kind of a failure: what the program's exit status tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What was asked for failed.
    Failed,
    /// The command line does not say enough, or something that cannot be.
    Usage,
    /// No daemon answers.
    NoDaemon,
    /// The caller is not allowed to.
    NotAllowed,
    /// There is no such network or device.
    NotFound,
    /// Connected, but no address came in time.
    NoAddress,
    /// The daemon's answer makes no sense.
    Garbage,
    /// Ended by this signal.
    Interrupted(u8),
}

impl Kind {
    /// The exit status.
    #[must_use]
    pub const fn status(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NoDaemon => 3,
            Self::NotAllowed => 4,
            Self::NotFound => 5,
            Self::NoAddress => 6,
            Self::Garbage => 7,
            Self::Interrupted(signal) => signal.saturating_add(128),
        }
    }

    /// The name of a failure that has no better one.
    const fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::NoDaemon => "no-daemon",
            Self::NotAllowed => "not-allowed",
            Self::NotFound => "not-found",
            Self::NoAddress => "no-address",
            Self::Garbage => "garbage",
            Self::Interrupted(_) => "interrupted",
        }
    }
}

/// A failure, as a person and as a program are told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The exit status' kind.
    #[serde(skip)]
    pub kind: Kind,
    /// A name that does not change: the daemon's name of the failure if it gave one.
    pub code: Box<str>,
    /// What happened.
    pub sentence: String,
    /// The phase of the attempt in which it happened.
    pub phase: Option<String>,
    /// Whose doing it is.
    pub whose: Option<String>,
    /// What to do next.
    pub next_step: Option<String>,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(kind: Kind, sentence: impl Into<String>) -> Self {
        Self {
            kind,
            code: kind.name().into(),
            sentence: sentence.into(),
            phase: None,
            whose: None,
            next_step: None,
        }
    }

    /// With another name.
    #[must_use]
    pub fn code(self, code: impl Into<Box<str>>) -> Self {
        Self { code: code.into(), ..self }
    }

    /// With what to do next.
    #[must_use]
    pub fn next(self, step: impl Into<String>) -> Self {
        Self { next_step: Some(step.into()), ..self }
    }

    /// With whose doing it is.
    #[must_use]
    pub fn whose(self, whose: impl Into<String>) -> Self {
        Self { whose: Some(whose.into()), ..self }
    }

    /// Something of the daemon's answer is not what it must be.
    #[must_use]
    pub fn garbage(what: impl std::fmt::Display) -> Self {
        Self::new(Kind::Garbage, format!("The daemon's answer makes no sense: {what}.")).whose("daemon").next(
            "See whether the daemon and this command are of the same version, and report it if they are.",
        )
    }

    /// No daemon answers.
    #[must_use]
    pub fn no_daemon() -> Self {
        Self::new(Kind::NoDaemon, "No Wi-Fi daemon answers on the system bus.")
            .next("Start it: sudo systemctl start lapwing. If it ended by itself: journalctl -u lapwing.")
    }

    /// The system bus cannot be reached.
    #[must_use]
    pub fn no_bus(why: impl std::fmt::Display) -> Self {
        Self::new(Kind::NoDaemon, format!("The system bus cannot be reached: {why}."))
            .code("no-bus")
            .next("Start it: sudo systemctl start dbus. In a container, its socket must be handed in.")
    }

    /// Two lines at most for a person: what, and what next.
    #[must_use]
    pub fn render(&self, style: Style) -> String {
        let mut text =
            format!("{} {}\n", style.paint(Paint::Bad, "lapwing:"), style.text(self.sentence.trim_end()));
        for (title, value) in [("whose doing", &self.whose), ("next", &self.next_step)] {
            if let Some(value) = value {
                text.push_str(&format!(
                    "  {} {}\n",
                    style.paint(Paint::Faint, &format!("{title}:")),
                    style.text(value)
                ));
            }
        }
        text
    }

    /// The same for a program.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        #[derive(Serialize)]
        struct Outer<'a> {
            error: Inner<'a>,
        }
        #[derive(Serialize)]
        struct Inner<'a> {
            exit_status: u8,
            #[serde(flatten)]
            failure: &'a Failure,
        }
        let outer = Outer { error: Inner { exit_status: self.kind.status(), failure: self } };
        serde_json::to_value(outer).unwrap_or_default()
    }
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The object, the interface or the method is not there: the daemon is another one than ours, or the object
    /// is gone.
    Missing(String),
    /// The daemon refused it with one of iwd's errors: the last part of its name, and its sentence.
    Refused(String, String),
    /// Everything else.
    Other(Failure),
}

impl From<zbus::Error> for CallError {
    fn from(error: zbus::Error) -> Self {
        match error {
            zbus::Error::FDO(error) => Self::from(*error),
            zbus::Error::MethodError(name, sentence, _) => {
                let sentence = sentence.unwrap_or_default();
                match name.as_str().strip_prefix("net.connman.iwd.") {
                    Some(name) => Self::Refused(name.to_owned(), sentence),
                    None => Self::Other(Failure::new(
                        Kind::Failed,
                        format!("The daemon says: {sentence} ({name})"),
                    )),
                }
            }
            zbus::Error::InputOutput(error) => Self::Other(Failure::no_bus(error)),
            zbus::Error::Handshake(why) => Self::Other(Failure::no_bus(why)),
            other => Self::Other(Failure::garbage(other)),
        }
    }
}

impl From<fdo::Error> for CallError {
    fn from(error: fdo::Error) -> Self {
        use fdo::Error as E;
        match error {
            E::ServiceUnknown(_)
            | E::NameHasNoOwner(_)
            | E::SpawnExecFailed(_)
            | E::SpawnForkFailed(_)
            | E::SpawnChildExited(_)
            | E::SpawnChildSignaled(_)
            | E::SpawnFailed(_)
            | E::SpawnServiceNotFound(_) => Self::Other(Failure::no_daemon()),
            E::NoReply(_) | E::Disconnected(_) => Self::Other(
                Failure::new(Kind::NoDaemon, "The daemon ended before it answered.")
                    .code("daemon-ended")
                    .whose("daemon")
                    .next("See why: journalctl -u lapwing. Then try again."),
            ),
            E::AccessDenied(sentence) | E::AuthFailed(sentence) => Self::Other(not_allowed(&sentence)),
            E::UnknownMethod(what)
            | E::UnknownObject(what)
            | E::UnknownInterface(what)
            | E::UnknownProperty(what) => Self::Missing(what),
            E::ZBus(error) => Self::from(error),
            other => Self::Other(Failure::new(Kind::Failed, format!("The daemon says: {other}"))),
        }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Other(failure) => failure,
            CallError::Missing(what) => {
                Self::new(Kind::NotFound, format!("The daemon does not know it: {what}"))
                    .next("It may have just gone; look again: lapwing status.")
            }
            CallError::Refused(name, sentence) => refused(&name, sentence),
        }
    }
}

/// One of iwd's errors.
fn refused(name: &str, sentence: String) -> Failure {
    let kind = match name {
        "NotFound" => Kind::NotFound,
        "PermissionDenied" => return not_allowed(&sentence),
        _ => Kind::Failed,
    };
    // iwd's own messages are a word or two: its error name says more.
    let sentence = match sentence.trim() {
        "" => format!("The daemon refused it: {name}."),
        sentence if sentence.ends_with('.') => sentence.to_owned(),
        sentence => format!("The daemon refused it: {sentence} ({name})."),
    };
    let failure = Failure::new(kind, sentence).code(kebab(name));
    match name {
        "Aborted" => failure.next("Another request took its place; ask again if it is still wanted."),
        "Busy" | "InProgress" => failure.next("Wait a moment and ask again."),
        "NotAvailable" => failure.next("Switch Wi-Fi on: rfkill unblock wifi, or set the interface up."),
        _ => failure,
    }
}

/// `InProgress` as `in-progress`.
fn kebab(name: &str) -> String {
    let mut text = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.push(character.to_ascii_lowercase());
    }
    text
}

fn not_allowed(sentence: &str) -> Failure {
    let groups = std::fs::read_to_string("/etc/group").unwrap_or_default();
    // The bus does not say which rule refused; its sentence names the message in all detail.
    let detail = if sentence.len() > 80 { "" } else { sentence };
    let what = "You are not allowed to control Wi-Fi.";
    let sentence = if detail.is_empty() { what.to_owned() } else { format!("{what} ({detail})") };
    Failure::new(Kind::NotAllowed, sentence).whose("user").next(way_in(&groups))
}

/// How to be allowed: by which of the groups that the bus' policy names and the machine has.
fn way_in(groups: &str) -> String {
    let exists = |group: &&&str| groups.lines().any(|line| line.split(':').next() == Some(**group));
    match ["netdev", "wheel"].iter().find(exists) {
        Some(group) => {
            format!("Join the group {group} (sudo usermod -aG {group} $USER) and log in again, or use sudo.")
        }
        None => "Use sudo; members of the groups netdev and wheel would be allowed, but there are none here."
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_become_failures() {
        let failure = |error: fdo::Error| Failure::from(CallError::from(error));
        for (error, kind, code) in [
            (fdo::Error::ServiceUnknown("x".into()), Kind::NoDaemon, "no-daemon"),
            (fdo::Error::NoReply("x".into()), Kind::NoDaemon, "daemon-ended"),
            (fdo::Error::AccessDenied("x".into()), Kind::NotAllowed, "not-allowed"),
            (fdo::Error::UnknownMethod("x".into()), Kind::NotFound, "not-found"),
            (fdo::Error::LimitsExceeded("x".into()), Kind::Failed, "failed"),
            (fdo::Error::ZBus(zbus::Error::IncorrectType), Kind::Garbage, "garbage"),
            (fdo::Error::ZBus(zbus::Error::Handshake("x".into())), Kind::NoDaemon, "no-bus"),
        ] {
            let failure = failure(error);
            assert_eq!((failure.kind, &*failure.code), (kind, code), "{failure:?}");
        }
        let refused = |name: &str, sentence: &str| {
            Failure::from(CallError::Refused(name.to_owned(), sentence.to_owned()))
        };
        assert_eq!(refused("InProgress", "").sentence, "The daemon refused it: InProgress.");
        assert_eq!(
            refused("Failed", "Operation failed").sentence,
            "The daemon refused it: Operation failed (Failed)."
        );
        assert_eq!(refused("NotFound", "It is gone.").kind, Kind::NotFound);
        assert_eq!(&*refused("InProgress", "").code, "in-progress");
        assert_eq!(refused("PermissionDenied", "").kind, Kind::NotAllowed);
    }

    #[test]
    fn the_way_in_is_a_group_that_exists() {
        assert!(way_in("root:x:0:\nnetdev:x:101:ada\n").starts_with("Join the group netdev "));
        assert!(way_in("root:x:0:\nwheel:x:10:\n").starts_with("Join the group wheel "));
        assert!(way_in("root:x:0:\n").starts_with("Use sudo"));
    }

    #[test]
    fn told_to_a_person_and_to_a_program() {
        let failure = Failure::new(Kind::Failed, "It failed: \u{1b}[2J").whose("user").next("Try again.");
        assert_eq!(
            failure.render(Style::PLAIN),
            "lapwing: It failed: \\u{1b}[2J\n  whose doing: user\n  next: Try again.\n"
        );
        assert_eq!(
            failure.json().to_string(),
            "{\"error\":{\"code\":\"failed\",\"exit_status\":1,\"next_step\":\"Try again.\",\"phase\":null,\
             \"sentence\":\"It failed: \\u001b[2J\",\"whose\":\"user\"}}"
        );
        assert_eq!(Kind::Interrupted(2).status(), 130);
    }
}
