//! What the suite's runner prints, read.

use serde_json::{Value, json};

/// How a function ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Failed,
    Skipped,
}

/// A function of the tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    /// The file and the function.
    pub(crate) name: String,
    pub(crate) outcome: Outcome,
    /// The last line of what it complained of.
    pub(crate) why: String,
}

impl Function {
    pub(crate) fn to_json(&self) -> Value {
        let outcome: &str = self.outcome.into();
        json!({ "name": self.name, "outcome": outcome, "why": self.why })
    }

    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        let text = |name: &str| Some(value.get(name)?.as_str()?.to_owned());
        let outcome = match text("outcome")?.as_str() {
            "passed" => Outcome::Passed,
            "skipped" => Outcome::Skipped,
            _ => Outcome::Failed,
        };
        Some(Self { name: text("name")?, outcome, why: text("why")? })
    }
}

/// What follows a function's name when it begins.
const BEGINS: &str = " RUNNING";
/// How the ends are printed: in colour, so that no log looks like one.
const ENDS: [(&str, Outcome); 3] = [
    ("m PASSED\u{1b}[", Outcome::Passed),
    ("m FAILED\u{1b}[", Outcome::Failed),
    ("m SKIPPED\u{1b}[", Outcome::Skipped),
];

/// The functions that began, in their order. One that never ended has failed.
pub(crate) fn functions(text: &str) -> Vec<Function> {
    let mut functions: Vec<Function> = Vec::new();
    let mut file = "";
    let mut open = false;
    for line in text.lines() {
        let word = line.trim();
        if word.ends_with(".py") && !word.contains(char::is_whitespace) {
            file = word;
        }
        if let Some((name, _)) = line.split_once(BEGINS)
            && line.starts_with('\t')
        {
            let name = format!("{file}: {}", name.trim());
            let why = "it never ended".to_owned();
            functions.push(Function { name, outcome: Outcome::Failed, why });
            open = true;
        }
        let Some(last) = functions.last_mut() else { continue };
        let end = ENDS.iter().find(|(mark, _)| line.contains(mark));
        match end {
            Some((_, outcome)) if open => {
                (last.outcome, last.why) = (*outcome, String::new());
                open = false;
            }
            // A traceback follows, and its last line that is not empty says what it was.
            _ if !open && last.outcome == Outcome::Failed && complains(line) => last.why = word.to_owned(),
            _ => {}
        }
    }
    functions
}

/// Whether a line is the last one of a traceback: an error's name at its beginning.
fn complains(line: &str) -> bool {
    let name = line.split([':', ' ']).next().unwrap_or_default();
    !line.starts_with(char::is_whitespace)
        && (name.ends_with("Error")
            || name.ends_with("Exception")
            || name.ends_with("Ex")
            || name.contains(".Error."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_each_function_is_found() {
        let text = "\nStarting testX\nconnection_test.py\n\ttest_one RUNNING\u{1b}[32m PASSED\u{1b}[0m\n\
            \ttest_two RUNNINGsome log\nmore PASSED\n\u{1b}[31m FAILED\u{1b}[0m\nTraceback\n  File\n\
            iwd.NotConnectedEx: net.connman.iwd.NotConnected\n\nagent_test.py\n\ttest_three RUNNING\
            \u{1b}[36m SKIPPED\u{1b}[0m\n\ttest_four RUNNING\n";
        let seen: Vec<_> = functions(text)
            .into_iter()
            .map(|function| (function.name, function.outcome, function.why))
            .collect();
        let expected = [
            ("connection_test.py: test_one", Outcome::Passed, ""),
            (
                "connection_test.py: test_two",
                Outcome::Failed,
                "iwd.NotConnectedEx: net.connman.iwd.NotConnected",
            ),
            ("agent_test.py: test_three", Outcome::Skipped, ""),
            ("agent_test.py: test_four", Outcome::Failed, "it never ended"),
        ];
        assert_eq!(seen, expected.map(|(name, outcome, why)| (name.to_owned(), outcome, why.to_owned())));
    }

    #[test]
    fn functions_travel_as_json() {
        let function = Function { name: "a".into(), outcome: Outcome::Skipped, why: "no such thing".into() };
        assert_eq!(Function::from_json(&function.to_json()), Some(function));
    }
}
