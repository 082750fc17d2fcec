//! The daemon's flight records: one JSON object per line, read as they are, whatever fields they have.

use serde_json::Value;
use std::fs;
use std::path::Path;

/// One record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record(Value);

/// All complete records of a file; a line that is no JSON (one being written, say) is left out.
pub(crate) fn read(path: &Path) -> Vec<Record> {
    let text = String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).map(Record).collect()
}

impl Record {
    /// What happened.
    pub(crate) fn event(&self) -> &str {
        self.0.get("event").and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether any text in the record holds a word, in letters of either case.
    pub(crate) fn mentions(&self, word: &str) -> bool {
        fn look(value: &Value, word: &str) -> bool {
            match value {
                Value::String(text) => text.to_lowercase().contains(word),
                Value::Array(values) => values.iter().any(|value| look(value, word)),
                Value::Object(fields) => fields.values().any(|value| look(value, word)),
                Value::Null | Value::Bool(_) | Value::Number(_) => false,
            }
        }
        look(&self.0, &word.to_lowercase())
    }

    /// The record as one line.
    pub(crate) fn line(&self) -> String {
        self.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_at_any_depth_and_in_any_case() {
        let record =
            Record(serde_json::json!({"event": "failed", "failure": {"hints": ["Wrong Passphrase?"]}}));
        assert_eq!(record.event(), "failed");
        assert!(record.mentions("passphrase"));
        assert!(!record.mentions("timeout"));
    }
}
