//! JSON (RFC 8259) as far as configuration objects need it: read within bounds, written with escapes.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

/// The longest text that is read, in octets.
pub const MAX_TEXT: usize = 8192;
/// Objects and arrays inside each other.
const MAX_DEPTH: u8 = 8;

/// A value. Numbers keep their text: nobody here calculates with them.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Json {
    Null,
    Boolean(bool),
    Number(String),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a whole text; nothing if it is malformed, too long or too deep.
    pub(super) fn parse(octets: &[u8]) -> Option<Self> {
        let text = core::str::from_utf8(octets).ok().filter(|text| text.len() <= MAX_TEXT)?;
        let mut rest = Rest(text);
        let value = rest.value(MAX_DEPTH)?;
        rest.skip_space();
        rest.0.is_empty().then_some(value)
    }

    /// The member of an object; nothing if it is there twice.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        let mut named = members.iter().filter(|(key, _)| key == name);
        let (_, value) = named.next()?;
        named.next().is_none().then_some(value)
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) const fn boolean(&self) -> Option<bool> {
        match self {
            Self::Boolean(value) => Some(*value),
            _ => None,
        }
    }

    /// Appends the value.
    pub(super) fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(text) => out.push_str(text),
            Self::Text(text) => quote(text, out),
            Self::Array(values) => {
                out.push('[');
                for (number, value) in values.iter().enumerate() {
                    out.push_str(if number == 0 { "" } else { "," });
                    value.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (number, (name, value)) in members.iter().enumerate() {
                    out.push_str(if number == 0 { "" } else { "," });
                    quote(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_string())
    }
}

/// An object of these members.
pub(super) fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if u32::from(c) < 0x20 => {
                out.push_str("\\u00");
                let code = u32::from(c);
                out.extend(
                    [code >> 4, code & 15].into_iter().filter_map(|digit| char::from_digit(digit, 16)),
                );
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn skip_space(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn take(&mut self, what: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(what)?;
        Some(())
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.0.chars();
        let next = chars.next()?;
        self.0 = chars.as_str();
        Some(next)
    }

    fn value(&mut self, depth: u8) -> Option<Json> {
        self.skip_space();
        let value = match self.0.chars().next()? {
            '"' => Json::Text(self.string()?),
            '{' => Json::Object(self.list(depth, '{', '}', |rest, depth| {
                rest.skip_space();
                let name = rest.string()?;
                rest.skip_space();
                rest.take(":")?;
                Some((name, rest.value(depth)?))
            })?),
            '[' => Json::Array(self.list(depth, '[', ']', Self::value)?),
            't' => self.take("true").map(|()| Json::Boolean(true))?,
            'f' => self.take("false").map(|()| Json::Boolean(false))?,
            'n' => self.take("null").map(|()| Json::Null)?,
            _ => self.number()?,
        };
        Some(value)
    }

    fn list<T>(
        &mut self,
        depth: u8,
        open: char,
        close: char,
        item: impl Fn(&mut Self, u8) -> Option<T>,
    ) -> Option<Vec<T>> {
        let depth = depth.checked_sub(1)?;
        let mut items = Vec::new();
        if self.next()? != open {
            return None;
        }
        self.skip_space();
        if self.0.starts_with(close) {
            self.next()?;
            return Some(items);
        }
        loop {
            items.push(item(self, depth)?);
            self.skip_space();
            match self.next()? {
                ',' => {}
                end if end == close => return Some(items),
                _ => return None,
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        self.take("\"")?;
        let mut text = String::new();
        loop {
            match self.next()? {
                '"' => return Some(text),
                '\\' => text.push(match self.next()? {
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'u' => self.escaped()?,
                    same @ ('"' | '\\' | '/') => same,
                    _ => return None,
                }),
                c if u32::from(c) < 0x20 => return None,
                c => text.push(c),
            }
        }
    }

    /// The character of `\u` and perhaps of another one behind it.
    fn escaped(&mut self) -> Option<char> {
        let first = self.unit()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        self.take("\\u")?;
        let second = self.unit()?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
        char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + second)
    }

    fn unit(&mut self) -> Option<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            unit = unit << 4 | self.next()?.to_digit(16)?;
        }
        Some(unit)
    }

    fn number(&mut self) -> Option<Json> {
        let end = self.0.find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'));
        let (number, rest) = self.0.split_at_checked(end.unwrap_or(self.0.len()))?;
        let digits = number.strip_prefix('-').unwrap_or(number);
        if !digits.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        self.0 = rest;
        Some(Json::Number(number.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Option<String> {
        let mut out = String::new();
        Json::parse(text.as_bytes())?.write(&mut out);
        Some(out)
    }

    #[test]
    fn texts_both_ways() {
        for text in [
            r#"{"a":[1,-2.5e+3,true,false,null],"b":{"c":"d"},"":[]}"#,
            r#""quote \" backslash \\ nul \u0000 umlaut ü""#,
            "{}",
        ] {
            assert_eq!(written(text).as_deref(), Some(text));
        }
        assert_eq!(written(" { \"a\" : [ 1 , 2 ] } \n").as_deref(), Some(r#"{"a":[1,2]}"#));
        assert_eq!(written(r#""\u00fc\ud83d\ude00\/""#).as_deref(), Some("\"ü😀/\""));
    }

    #[test]
    fn what_is_malformed_is_refused() {
        for text in [
            "",
            "{",
            "}",
            "[1,]",
            "{\"a\"}",
            "{\"a\":1,}",
            "{a:1}",
            "\"\n\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\ud800\"",
            "\"\\ud800\\u0041\"",
            "\"\\udc00\"",
            "truee",
            "1 2",
            "-",
            "+1",
            "\"",
            "[[[[[[[[[1]]]]]]]]]",
        ] {
            assert_eq!(written(text), None, "{text}");
        }
        assert!(written(&"[".repeat(MAX_TEXT)).is_none());
        assert!(Json::parse(&[b'"', 0xff, b'"']).is_none());
    }

    #[test]
    fn a_member_that_is_there_twice_is_not_there() {
        let json = Json::parse(br#"{"a":1,"a":2,"b":"x"}"#).unwrap_or(Json::Null);
        assert!(json.get("a").is_none());
        assert_eq!(json.get("b").and_then(Json::text), Some("x"));
    }
}
