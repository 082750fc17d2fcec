//! The programs that ask people for passphrases, and the questions they have been asked.

use super::errors::iwd;
use super::interfaces::AGENT;
use super::message::{Error, Outgoing};
use super::value::Value;
use crate::control::{Party, SecretAnswer, SecretId, Secrets, Unwanted};
use lapwing_core::Secret;

/// How many agents there may be: one for each program that shows a window, and some to spare.
const AGENTS: usize = 32;

/// The agents and what they have been asked.
#[derive(Debug, Default)]
pub struct Agents {
    /// In the order in which they came.
    registered: Vec<Party>,
    /// In the order in which they were put. An agent is asked one question at a time, as iwd does: it has one
    /// window.
    questions: Vec<Question>,
}

#[derive(Debug)]
struct Question {
    secret: SecretId,
    /// Who is asked.
    owner: String,
    network: String,
    secrets: Secrets,
    /// The serial number of the call, once it was made.
    asked: Option<u32>,
}

impl Agents {
    /// Adds the agent of a client.
    ///
    /// # Errors
    /// If it has one, or there are too many.
    pub fn register(&mut self, owner: &str, path: &str) -> Result<(), Error> {
        if self.find(owner).is_some() {
            return Err(iwd("AlreadyExists", "You have an agent already. Unregister it first."));
        }
        if self.registered.len() >= AGENTS {
            return Err(iwd(
                "Failed",
                "There are too many agents. Close some programs that ask for passphrases.",
            ));
        }
        self.registered.push(Party { owner: owner.to_owned(), path: path.to_owned() });
        Ok(())
    }

    /// Removes the agent of a client, and returns the questions that it leaves open; none if it had no agent.
    pub fn remove(&mut self, owner: &str) -> Option<Vec<SecretId>> {
        let at = self.registered.iter().position(|agent| agent.owner == owner)?;
        self.registered.remove(at);
        let open = self.questions.extract_if(.., |question| question.owner == owner);
        Some(open.map(|question| question.secret).collect())
    }

    /// Puts a question to the caller's own agent, or else to the one that is there longest, as iwd does.
    /// Returns whether there is one.
    pub fn put(&mut self, caller: &str, secret: SecretId, network: String, secrets: Secrets) -> bool {
        let Some(agent) = self.find(caller).or_else(|| self.registered.first()) else { return false };
        let owner = agent.owner.clone();
        self.questions.push(Question { secret, owner, network, secrets, asked: None });
        true
    }

    /// The calls that are due: to each agent that has a question and is not busy with another.
    pub fn ask(&mut self, mut serial: impl FnMut() -> u32) -> Vec<Outgoing> {
        let mut calls = Vec::new();
        for agent in &self.registered {
            let mut own = self.questions.iter_mut().filter(|question| question.owner == agent.owner);
            let Some(first) = own.next() else { continue };
            if first.asked.is_some() {
                continue;
            }
            let serial = serial();
            first.asked = Some(serial);
            let mut body = vec![Value::Path(first.network.clone())];
            let member = match &first.secrets {
                Secrets::Passphrase => "RequestPassphrase",
                Secrets::PrivateKeyPassphrase => "RequestPrivateKeyPassphrase",
                Secrets::UserNameAndPassword => "RequestUserNameAndPassword",
                Secrets::UserPassword(user) => {
                    body.push(Value::text(user));
                    "RequestUserPassword"
                }
            };
            calls.push(Outgoing::call(agent, AGENT, Some(serial), member, body));
        }
        calls
    }

    /// Takes the answer to a call, if it is one of ours.
    pub fn answered(
        &mut self,
        serial: u32,
        sender: &str,
        outcome: Result<&[Value], &String>,
    ) -> Option<(SecretId, SecretAnswer)> {
        let at = self.questions.iter().position(|question| question.asked == Some(serial))?;
        if self.questions.get(at)?.owner != sender && sender != super::BUS {
            return None;
        }
        let question = self.questions.remove(at);
        let answer = match outcome {
            Ok(values) => understood(&question.secrets, values),
            // Of these the bus or the agent's library says that nobody was there to hear the question.
            Err(name)
                if ["NoReply", "ServiceUnknown", "UnknownMethod", "UnknownObject", "UnknownInterface"]
                    .iter()
                    .any(|known| name.strip_prefix("org.freedesktop.DBus.Error.") == Some(known)) =>
            {
                SecretAnswer::NoAgent
            }
            // `net.connman.iwd.Agent.Error.Canceled`, or whatever else a person's "no" is called there.
            Err(_) => SecretAnswer::Canceled,
        };
        Some((question.secret, answer))
    }

    /// Whether a client has an agent.
    #[must_use]
    pub fn has(&self, owner: &str) -> bool {
        self.find(owner).is_some()
    }

    /// Whose agents there are.
    pub fn owners(&self) -> impl Iterator<Item = &str> {
        self.registered.iter().map(|agent| agent.owner.as_str())
    }

    /// Takes a question back, and tells the agent if it was asked.
    pub fn unwanted(&mut self, secret: SecretId, why: Unwanted) -> Option<Outgoing> {
        let at = self.questions.iter().position(|question| question.secret == secret)?;
        let question = self.questions.remove(at);
        question.asked?;
        let agent = self.find(&question.owner)?;
        Some(Outgoing::call(agent, AGENT, None, "Cancel", vec![Value::text(why.word())]))
    }

    /// Says goodbye to all agents.
    pub fn release(&mut self) -> Vec<Outgoing> {
        let open: Vec<_> = self.questions.iter().map(|question| question.secret).collect();
        let cancelled = open.into_iter().filter_map(|secret| self.unwanted(secret, Unwanted::Shutdown));
        let mut calls: Vec<_> = cancelled.collect();
        let goodbye = |agent| Outgoing::call(&agent, AGENT, None, "Release", Vec::new());
        calls.extend(self.registered.drain(..).map(goodbye));
        calls
    }

    /// Forgets all agents, and returns the questions that were open.
    pub fn clear(&mut self) -> Vec<SecretId> {
        self.registered.clear();
        self.questions.drain(..).map(|question| question.secret).collect()
    }

    fn find(&self, owner: &str) -> Option<&Party> {
        self.registered.iter().find(|agent| agent.owner == owner)
    }
}

/// What an agent has answered.
fn understood(secrets: &Secrets, values: &[Value]) -> SecretAnswer {
    let secret = |text: &str| Secret::new(text.as_bytes());
    match (secrets, values) {
        (Secrets::UserNameAndPassword, [Value::Text(user), Value::Text(password)]) => {
            SecretAnswer::UserNameAndPassword(user.clone(), secret(password))
        }
        (Secrets::UserNameAndPassword, ..) => {
            SecretAnswer::Garbage("the agent did not answer with a name and a password")
        }
        (_, [Value::Text(text)]) => SecretAnswer::Passphrase(secret(text)),
        _ => SecretAnswer::Garbage("the agent did not answer with one string"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(calls: &[Outgoing]) -> Vec<(&str, &str, Option<u32>)> {
        calls
            .iter()
            .map(|call| match call {
                Outgoing::Call { destination, member, serial, .. } => {
                    (destination.as_str(), *member, *serial)
                }
                other => panic!("{other:?}"),
            })
            .collect()
    }

    fn passphrase(text: &str) -> Result<Vec<Value>, String> {
        Ok(vec![Value::text(text)])
    }

    #[test]
    fn the_own_agent_is_asked_or_the_oldest() {
        let mut agents = Agents::default();
        assert!(!agents.put(":1.1", SecretId(1), "/n".to_owned(), Secrets::Passphrase));
        agents.register(":1.1", "/one").unwrap();
        agents.register(":1.2", "/two").unwrap();
        assert!(agents.register(":1.2", "/other").unwrap_err().name.ends_with(".AlreadyExists"));
        assert!(agents.put(":1.2", SecretId(1), "/n".to_owned(), Secrets::Passphrase));
        assert!(agents.put(":1.9", SecretId(2), "/n".to_owned(), Secrets::Passphrase));
        let mut serial = 10;
        let mut next = || {
            serial += 1;
            serial
        };
        let calls = agents.ask(&mut next);
        assert_eq!(
            asked(&calls),
            [(":1.1", "RequestPassphrase", Some(11)), (":1.2", "RequestPassphrase", Some(12))]
        );
        // Nobody else can answer, and nobody twice.
        assert!(agents.answered(12, ":1.1", passphrase("x").as_deref()).is_none());
        let (secret, answer) = agents.answered(12, ":1.2", passphrase("secret123").as_deref()).unwrap();
        assert_eq!(secret, SecretId(1));
        assert!(answer == SecretAnswer::Passphrase(Secret::new(b"secret123")));
        assert!(agents.answered(12, ":1.2", passphrase("secret123").as_deref()).is_none());
        // The one that leaves leaves its question open.
        assert_eq!(agents.remove(":1.1"), Some(vec![SecretId(2)]));
        assert_eq!(agents.remove(":1.1"), None);
    }

    #[test]
    fn one_question_at_a_time() {
        let mut agents = Agents::default();
        agents.register(":1.1", "/one").unwrap();
        for number in 1..=3 {
            assert!(agents.put(":1.1", SecretId(number), "/n".to_owned(), Secrets::Passphrase));
        }
        assert_eq!(agents.ask(|| 1).len(), 1);
        assert!(agents.ask(|| 2).is_empty());
        // The second was not asked yet: there is nothing to cancel.
        assert!(agents.unwanted(SecretId(2), Unwanted::TimedOut).is_none());
        let cancel = agents.unwanted(SecretId(1), Unwanted::TimedOut).unwrap();
        assert!(matches!(cancel, Outgoing::Call { serial: None, member: "Cancel", body, .. }
            if body == [Value::text("timed-out")]));
        // Its late answer is nobody's.
        assert!(agents.answered(1, ":1.1", passphrase("x").as_deref()).is_none());
        assert_eq!(asked(&agents.ask(|| 3)), [(":1.1", "RequestPassphrase", Some(3))]);
        let goodbye = agents.release();
        assert_eq!(asked(&goodbye), [(":1.1", "Cancel", None), (":1.1", "Release", None)]);
    }

    #[test]
    fn answers_of_every_kind() {
        let fdo = |name: &str| Err(format!("org.freedesktop.DBus.Error.{name}"));
        for (outcome, expected) in [
            (Ok(Vec::new()), "Garbage"),
            (Ok(vec![Value::Uint32(1)]), "Garbage"),
            (Ok(vec![Value::text("a"), Value::text("b")]), "Garbage"),
            (passphrase("12345678"), "Passphrase"),
            (Err("net.connman.iwd.Agent.Error.Canceled".to_owned()), "Canceled"),
            (Err("org.example.Weird".to_owned()), "Canceled"),
            (fdo("NoReply"), "NoAgent"),
            (fdo("UnknownObject"), "NoAgent"),
            (fdo("AccessDenied"), "Canceled"),
        ] {
            let mut agents = Agents::default();
            agents.register(":1.1", "/one").unwrap();
            agents.put(":1.1", SecretId(1), "/n".to_owned(), Secrets::Passphrase);
            agents.ask(|| 5);
            let (_, answer) = agents.answered(5, super::super::BUS, outcome.as_deref()).unwrap();
            assert_eq!(format!("{answer:?}"), expected);
        }
    }

    #[test]
    fn there_are_not_too_many() {
        let mut agents = Agents::default();
        for number in 0..AGENTS {
            agents.register(&format!(":1.{number}"), "/").unwrap();
        }
        assert!(agents.register(":2.1", "/").is_err());
        assert!(agents.clear().is_empty());
        assert!(agents.register(":2.1", "/").is_ok());
    }

    #[test]
    fn each_kind_of_secret_has_its_question_and_its_answer() {
        let text = Value::text;
        let network = Value::Path("/n".to_owned());
        for (secrets, member, body, answer, expected) in [
            (
                Secrets::PrivateKeyPassphrase,
                "RequestPrivateKeyPassphrase",
                vec![network.clone()],
                vec![text("key")],
                "Passphrase",
            ),
            (
                Secrets::UserPassword("ann".to_owned()),
                "RequestUserPassword",
                vec![network.clone(), text("ann")],
                vec![text("x")],
                "Passphrase",
            ),
            (
                Secrets::UserNameAndPassword,
                "RequestUserNameAndPassword",
                vec![network.clone()],
                vec![text("ann"), text("x")],
                "UserNameAndPassword",
            ),
            (
                Secrets::UserNameAndPassword,
                "RequestUserNameAndPassword",
                vec![network.clone()],
                vec![text("x")],
                "Garbage",
            ),
            (
                Secrets::Passphrase,
                "RequestPassphrase",
                vec![network.clone()],
                vec![text("ann"), text("x")],
                "Garbage",
            ),
        ] {
            let mut agents = Agents::default();
            agents.register(":1.1", "/one").unwrap();
            agents.put(":1.1", SecretId(1), "/n".to_owned(), secrets);
            let calls = agents.ask(|| 5);
            assert!(
                matches!(&calls[..], [Outgoing::Call { member: asked, body: with, .. }]
                    if *asked == member && *with == body),
                "{calls:?}"
            );
            let (_, answered) = agents.answered(5, ":1.1", Ok(&answer)).unwrap();
            assert_eq!(format!("{answered:?}"), expected);
        }
    }
}
