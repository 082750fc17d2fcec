//! The programs that know the codes of devices by their names, and what they have been asked.

use super::interfaces::SHARED_CODE_AGENT;
use super::message::Outgoing;
use super::value::Value;
use crate::control::{CodeId, Party, SecretAnswer, Unwanted};
use lapwing_core::Secret;
use std::collections::BTreeMap;

/// The questions without an answer, by the serial number of the call.
#[derive(Debug, Default)]
pub(super) struct SharedCodes(BTreeMap<u32, (CodeId, Party)>);

impl SharedCodes {
    /// The call that asks an agent for a code.
    pub(super) fn ask(&mut self, serial: u32, code: CodeId, agent: Party, identifier: &str) -> Outgoing {
        let body = vec![Value::text(identifier)];
        let call = Outgoing::call(&agent, SHARED_CODE_AGENT, Some(serial), "RequestSharedCode", body);
        self.0.insert(serial, (code, agent));
        call
    }

    /// Takes the answer to a question, if it is one.
    pub(super) fn answered(
        &mut self,
        serial: u32,
        sender: &str,
        outcome: Result<&[Value], &String>,
    ) -> Option<(CodeId, SecretAnswer)> {
        if self.0.get(&serial)?.1.owner != sender && sender != super::BUS {
            return None;
        }
        let (question, _) = self.0.remove(&serial)?;
        let code = match outcome {
            Ok([Value::Text(code)]) if !code.is_empty() => {
                SecretAnswer::Passphrase(Secret::new(code.as_bytes()))
            }
            Ok(_) => SecretAnswer::Garbage("the agent did not answer with one string"),
            Err(_) => SecretAnswer::Canceled,
        };
        Some((question, code))
    }

    /// Takes a question back, and tells the agent.
    pub(super) fn unwanted(&mut self, code: CodeId, why: Unwanted) -> Option<Outgoing> {
        let serial = self.0.iter().find(|(_, (question, _))| *question == code).map(|(serial, _)| *serial)?;
        let (_, agent) = self.0.remove(&serial)?;
        let body = vec![Value::text(why.word())];
        Some(Outgoing::call(&agent, SHARED_CODE_AGENT, None, "Cancel", body))
    }

    /// Forgets all questions.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// Says to an agent that it is not needed any more.
#[must_use]
pub(super) fn release(agent: &Party) -> Outgoing {
    Outgoing::call(agent, SHARED_CODE_AGENT, None, "Release", Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent() -> Party {
        Party { owner: ":1.1".to_owned(), path: "/codes".to_owned() }
    }

    #[test]
    fn only_the_agent_answers_and_once_and_with_a_code() {
        let mut codes = SharedCodes::default();
        for (serial, outcome, expected) in [
            (5, Ok(vec![Value::text("secret")]), "Passphrase"),
            (6, Ok(vec![Value::text("")]), "Garbage"),
            (7, Ok(vec![Value::Uint32(4)]), "Garbage"),
            (8, Ok(Vec::new()), "Garbage"),
            (9, Err("net.connman.iwd.SharedCodeAgent.Error.NotFound".to_owned()), "Canceled"),
        ] {
            let question = CodeId(serial.into());
            let call = codes.ask(serial, question, agent(), "shelf");
            assert!(matches!(call, Outgoing::Call { member: "RequestSharedCode", body, .. }
                if body == [Value::text("shelf")]));
            assert!(codes.answered(serial, ":1.9", outcome.as_deref()).is_none());
            let (answered, answer) = codes.answered(serial, ":1.1", outcome.as_deref()).unwrap();
            assert_eq!((answered, format!("{answer:?}").as_str()), (question, expected));
            assert!(codes.answered(serial, ":1.1", outcome.as_deref()).is_none());
        }
        codes.ask(10, CodeId(10), agent(), "shelf");
        assert!(codes.unwanted(CodeId(9), Unwanted::TimedOut).is_none());
        let cancel = codes.unwanted(CodeId(10), Unwanted::TimedOut);
        assert!(matches!(cancel, Some(Outgoing::Call { serial: None, member: "Cancel", body, .. })
            if body == [Value::text("timed-out")]));
        assert!(codes.answered(10, ":1.1", Ok(&[Value::text("late")])).is_none());
    }
}
