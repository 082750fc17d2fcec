//! Writing JSON, in the order in which it is written.

use std::fmt::{Display, Write};

/// An object that is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object(String);

impl Default for Object {
    fn default() -> Self {
        Self(String::from("{"))
    }
}

impl Object {
    /// An empty object.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text.
    #[must_use]
    pub fn text(self, key: &str, value: impl Display) -> Self {
        let value = quoted(&value.to_string());
        self.raw(key, &value)
    }

    /// Adds a text if there is one, else `null`.
    #[must_use]
    pub fn optional(self, key: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.text(key, value),
            None => self.raw(key, "null"),
        }
    }

    /// Adds a number.
    #[must_use]
    pub fn number(self, key: &str, value: impl Into<i64>) -> Self {
        self.raw(key, &value.into().to_string())
    }

    /// Adds a number if there is one, else `null`.
    #[must_use]
    pub fn optional_number(self, key: &str, value: Option<impl Into<i64>>) -> Self {
        match value {
            Some(value) => self.number(key, value),
            None => self.raw(key, "null"),
        }
    }

    /// Adds seconds, to the microsecond.
    #[must_use]
    pub fn seconds(self, key: &str, value: std::time::Duration) -> Self {
        self.raw(key, &format!("{}.{:06}", value.as_secs(), value.subsec_micros()))
    }

    /// Adds true or false.
    #[must_use]
    pub fn boolean(self, key: &str, value: bool) -> Self {
        self.raw(key, if value { "true" } else { "false" })
    }

    /// Adds a list of texts.
    #[must_use]
    pub fn texts(self, key: &str, values: impl IntoIterator<Item: Display>) -> Self {
        self.list(key, values.into_iter().map(|value| quoted(&value.to_string())))
    }

    /// Adds a list of numbers.
    #[must_use]
    pub fn numbers(self, key: &str, values: impl IntoIterator<Item: Into<i64>>) -> Self {
        self.list(key, values.into_iter().map(|value| value.into().to_string()))
    }

    /// Adds an object.
    #[must_use]
    pub fn object(self, key: &str, value: Self) -> Self {
        self.raw(key, &value.finish())
    }

    /// Adds a list of objects.
    #[must_use]
    pub fn objects(self, key: &str, values: impl IntoIterator<Item = Self>) -> Self {
        self.list(key, values.into_iter().map(Self::finish))
    }

    /// The object's text, on one line.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }

    fn list(self, key: &str, values: impl Iterator<Item = String>) -> Self {
        let values: Vec<_> = values.collect();
        self.raw(key, &format!("[{}]", values.join(",")))
    }

    fn raw(mut self, key: &str, value: &str) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&quoted(key));
        self.0.push(':');
        self.0.push_str(value);
        self
    }
}

/// A text in quotation marks (RFC 8259 section 7).
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len().saturating_add(2));
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            // Also what is allowed but would confuse a terminal or a reader of lines.
            character if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') => {
                // Writing into a text does not fail; all of these have four digits.
                let _done = write!(quoted, "\\u{:04x}", u32::from(character));
            }
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_object_of_everything() {
        let text = Object::new()
            .text("name", "a \"b\"\n\u{7f}")
            .optional("none", None::<&str>)
            .number("count", -3)
            .seconds("at", std::time::Duration::from_micros(1_000_005))
            .boolean("yes", true)
            .texts("list", ["x", "y"])
            .numbers("numbers", [1_u32, 2])
            .object("inner", Object::new())
            .finish();
        assert_eq!(
            text,
            "{\"name\":\"a \\\"b\\\"\\n\\u007f\",\"none\":null,\"count\":-3,\"at\":1.000005,\"yes\":true,\
             \"list\":[\"x\",\"y\"],\"numbers\":[1,2],\"inner\":{}}"
        );
    }

    proptest! {
        #[test]
        fn any_text_survives(text in any::<String>()) {
            let line = Object::new().text("text", &text).finish();
            prop_assert!(!line.contains('\n'));
            let parsed: serde_json::Value = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(parsed["text"].as_str().unwrap(), text);
        }
    }
}
