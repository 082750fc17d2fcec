//! Messages as values: what comes from the bus, and what goes to it.

use super::value::Value;
use crate::control::Party;
use std::fmt;
use std::ops::Deref;

/// A call of one of our methods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodCall {
    /// Who called, and by which number the answer is known.
    pub origin: Origin,
    /// The object.
    pub path: String,
    /// The interface; without, any interface of the object that has the method.
    pub interface: Option<String>,
    /// The method.
    pub member: String,
    /// The arguments.
    pub body: Body,
}

/// The values of a message that came. They may hold a passphrase: when they are done with, they are wiped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body(Vec<Value>);

impl From<Vec<Value>> for Body {
    fn from(values: Vec<Value>) -> Self {
        Self(values)
    }
}

impl Deref for Body {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.0
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(Value::wipe);
    }
}

/// Where a call came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The unique name of the caller.
    pub sender: String,
    /// The serial number of the call.
    pub serial: u32,
    /// Whether the caller wants to hear of it.
    pub wants_reply: bool,
}

/// What comes from the bus.
#[derive(Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A call.
    Call(MethodCall),
    /// A call whose body is too long or not well-formed.
    BadCall(Origin, &'static str),
    /// The answer to a call of ours: to which, from whom, and the values or the name of the error. It may hold
    /// a secret.
    Reply {
        /// The serial number of the call.
        serial: u32,
        /// Who answers.
        sender: String,
        /// The values, or the error's name.
        outcome: Result<Body, String>,
    },
    /// A name has another owner, or none.
    NameOwnerChanged {
        /// The name.
        name: String,
        /// The new owner; empty if there is none.
        owner: String,
    },
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(call) => write!(f, "{call:?}"),
            Self::BadCall(origin, why) => write!(f, "bad call {origin:?}: {why}"),
            Self::Reply { serial, sender, outcome } => {
                write!(f, "reply to {serial} from {sender}, success: {}", outcome.is_ok())
            }
            Self::NameOwnerChanged { name, owner } => write!(f, "{name} is now owned by {owner:?}"),
        }
    }
}

/// What goes to the bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// The answer to a call.
    Return(Origin, Vec<Value>),
    /// The answer to a call that was not done.
    Error(Origin, Error),
    /// A signal.
    Signal {
        /// To whom alone; without, to all who listen.
        destination: Option<String>,
        /// The object.
        path: String,
        /// The interface.
        interface: &'static str,
        /// The signal.
        member: &'static str,
        /// The values.
        body: Vec<Value>,
    },
    /// A call of somebody else.
    Call {
        /// By which number the answer is known; none if no answer is wanted.
        serial: Option<u32>,
        /// Whom.
        destination: String,
        /// The object.
        path: String,
        /// The interface.
        interface: &'static str,
        /// The method.
        member: &'static str,
        /// The arguments.
        body: Vec<Value>,
    },
}

impl Outgoing {
    /// A call of a program that can be asked.
    pub fn call(
        party: &Party,
        interface: &'static str,
        serial: Option<u32>,
        member: &'static str,
        body: Vec<Value>,
    ) -> Self {
        let Party { owner, path } = party.clone();
        Self::Call { serial, destination: owner, path, interface, member, body }
    }
}

/// Why a call was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The name of the error.
    pub name: String,
    /// What happened and what to do next, in sentences.
    pub text: String,
}
