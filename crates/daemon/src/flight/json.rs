//! Writing JSON, in the order in which it is written.

use std::fmt::{self, Display, Write};

/// The length of most lines.
const USUAL: usize = 256;

/// An object that is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object(String);

impl Default for Object {
    fn default() -> Self {
        // Room for a line of the usual length, so that it need not grow.
        let mut text = String::with_capacity(USUAL);
        text.push('{');
        Self(text)
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
        self.member(key, |text| quote(text, &value))
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
        self.member(key, |text| put(text, format_args!("{}", value.into())))
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
        self.member(key, |text| put(text, format_args!("{}.{:06}", value.as_secs(), value.subsec_micros())))
    }

    /// Adds true or false.
    #[must_use]
    pub fn boolean(self, key: &str, value: bool) -> Self {
        self.raw(key, if value { "true" } else { "false" })
    }

    /// Adds a list of texts.
    #[must_use]
    pub fn texts(self, key: &str, values: impl IntoIterator<Item: Display>) -> Self {
        self.list(key, values, |text, value| quote(text, &value))
    }

    /// Adds a list of numbers.
    #[must_use]
    pub fn numbers(self, key: &str, values: impl IntoIterator<Item: Into<i64>>) -> Self {
        self.list(key, values, |text, value| put(text, format_args!("{}", value.into())))
    }

    /// Adds an object.
    #[must_use]
    pub fn object(self, key: &str, value: Self) -> Self {
        self.raw(key, &value.finish())
    }

    /// Adds a list of objects.
    #[must_use]
    pub fn objects(self, key: &str, values: impl IntoIterator<Item = Self>) -> Self {
        self.list(key, values, |text, value| text.push_str(&value.finish()))
    }

    /// The object's text, on one line.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }

    fn list<T>(
        self,
        key: &str,
        values: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut String, T),
    ) -> Self {
        self.member(key, |text| {
            text.push('[');
            for (number, value) in values.into_iter().enumerate() {
                if number > 0 {
                    text.push(',');
                }
                write(text, value);
            }
            text.push(']');
        })
    }

    fn raw(self, key: &str, value: &str) -> Self {
        self.member(key, |text| text.push_str(value))
    }

    fn member(mut self, key: &str, write: impl FnOnce(&mut String)) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        quote(&mut self.0, &key);
        self.0.push(':');
        write(&mut self.0);
        self
    }
}

/// Writing into a text does not fail.
fn put(text: &mut impl Write, what: fmt::Arguments<'_>) {
    let _done = text.write_fmt(what);
}

/// Writes something in quotation marks (RFC 8259 section 7).
fn quote(text: &mut String, value: &dyn Display) {
    text.push('"');
    put(&mut Escaped(text), format_args!("{value}"));
    text.push('"');
}

/// What goes between quotation marks.
struct Escaped<'a>(&'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // As good as always; an attempt has some thousand of them.
        let is_plain = |octet: u8| (b' '..0x7f).contains(&octet) && octet != b'"' && octet != b'\\';
        if text.bytes().all(is_plain) {
            self.0.push_str(text);
            return Ok(());
        }
        for character in text.chars() {
            match character {
                '"' => self.0.push_str("\\\""),
                '\\' => self.0.push_str("\\\\"),
                '\n' => self.0.push_str("\\n"),
                // Also what is allowed but would confuse a terminal or a reader of lines. All of these have four digits.
                character if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') => {
                    write!(self.0, "\\u{:04x}", u32::from(character))?;
                }
                character => self.0.push(character),
            }
        }
        Ok(())
    }
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
