//! The ini dialect of iwd's network files, read and written without losing an octet.
//!
//! Facts: `iwd.network(5)`, "File format". A document keeps every line as it was read; changing a value
//! changes only the octets of that value, and a new key is added behind the last one of its group. What
//! is not understood (other keys, other groups, comments, certificates) stays as it is.

use super::error::Problem;
use lapwing_core::Secret;
use std::ops::Range;

/// The largest document that is read. A network file with a chain of certificates has some 10 kB.
pub const MAX_OCTETS: usize = 256 * 1024;

/// A document, as lines. The lines may hold secrets, so they are wiped when dropped and never printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Document {
    lines: Vec<Line>,
}

/// One line with its newline (the last may have none), and what it is.
#[derive(Clone, PartialEq, Eq)]
struct Line {
    raw: Secret,
    kind: Kind,
}

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    /// Blank, or a comment.
    Other,
    /// Part of an embedded group.
    Embedded,
    /// A group header.
    Group(String),
    /// A key and where in the line its value is.
    Pair { key: String, value: Range<usize> },
}

/// What is wrong with a document, and in which line (from 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: Problem,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document").field("lines", &self.lines.len()).finish_non_exhaustive()
    }
}

/// A value in a document.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    /// The line it stands in, from 1.
    pub line: usize,
    /// Its text, with escapes.
    raw: &'a [u8],
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// The first line that does not fit the dialect.
    pub fn parse(octets: &[u8]) -> Result<Self, Malformed> {
        if octets.len() > MAX_OCTETS {
            return Err(Malformed { line: 1, problem: Problem::TooLong });
        }
        let mut lines: Vec<Line> = Vec::new();
        let mut in_group = false;
        let mut rest = octets.split_inclusive(|&octet| octet == b'\n').peekable();
        while let Some(raw) = rest.next() {
            let line = lines.len().saturating_add(1);
            let fail = |problem| Malformed { line, problem };
            let kind = parse_line(raw, in_group).map_err(fail)?;
            let embedded = matches!(kind, Parsed::Embedded);
            lines.push(Line {
                raw: Secret::new(raw),
                kind: match kind {
                    Parsed::Line(kind) => kind,
                    Parsed::Embedded => Kind::Embedded,
                },
            });
            if embedded {
                // The payload: blank lines and PEM blocks, up to the first line that is neither.
                let mut in_block = false;
                while let Some(&raw) = rest.peek() {
                    let text = trim(raw);
                    let begins = raw.starts_with(b"-----BEGIN ");
                    if !in_block && !text.is_empty() && !begins {
                        break;
                    }
                    in_block = begins || in_block && !raw.starts_with(b"-----END ");
                    lines.push(Line { raw: Secret::new(raw), kind: Kind::Embedded });
                    rest.next();
                }
                if in_block {
                    return Err(fail(Problem::UnterminatedPem));
                }
            }
            in_group |= lines.iter().next_back().is_some_and(|line| matches!(line.kind, Kind::Group(_)));
        }
        Ok(Self { lines })
    }

    /// The document's octets.
    #[must_use]
    pub fn octets(&self) -> Secret {
        let length = self.lines.iter().map(|line| line.raw.len()).sum();
        // Room for everything at once: a buffer that grows would leave copies of secrets behind.
        let mut octets = Vec::with_capacity(length);
        for line in &self.lines {
            octets.extend_from_slice(line.raw.expose());
        }
        Secret::from_vec(octets)
    }

    /// The value of a key: of the first such key in the first group of that name, as in iwd.
    #[must_use]
    pub fn value(&self, group: &str, key: &str) -> Option<Value<'_>> {
        let (index, range) = self.find(group, key)?;
        let raw = self.lines.get(index)?.raw.expose().get(range)?;
        Some(Value { line: index.saturating_add(1), raw })
    }

    /// Whether there is a group of that name.
    #[must_use]
    pub fn has_group(&self, group: &str) -> bool {
        self.body(group).is_some()
    }

    /// The names of all groups in their order.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter_map(|line| match &line.kind {
            Kind::Group(name) => Some(name.as_str()),
            Kind::Other | Kind::Embedded | Kind::Pair { .. } => None,
        })
    }

    /// All keys with their values and the group in which they stand, in their order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str, Value<'_>)> {
        let mut group = "";
        self.lines.iter().enumerate().filter_map(move |(index, line)| match &line.kind {
            Kind::Group(name) => {
                group = name;
                None
            }
            Kind::Pair { key, value } => {
                let raw = line.raw.expose().get(value.clone())?;
                Some((group, key.as_str(), Value { line: index.saturating_add(1), raw }))
            }
            Kind::Other | Kind::Embedded => None,
        })
    }

    /// Sets a key to a text, which is escaped as needed. Everything else stays as it is. Group and key are
    /// names that the dialect can hold.
    pub fn set(&mut self, group: &str, key: &str, text: &[u8]) {
        let value = escape(text);
        if let Some((index, range)) = self.find(group, key) {
            if let Some(line) = self.lines.get_mut(index) {
                let raw = line.raw.expose();
                let before = raw.get(..range.start).unwrap_or_default();
                let after = raw.get(range.end..).unwrap_or_default();
                *line = pair(before, key, value.expose(), after);
            }
            return;
        }
        let new = pair(format!("{key}=").as_bytes(), key, value.expose(), b"\n");
        let at = match self.body(group) {
            // Behind the last key, so that comments that introduce the next group stay with it.
            Some(body) => body
                .clone()
                .rev()
                .find(|&index| {
                    self.lines.get(index).is_some_and(|line| matches!(line.kind, Kind::Pair { .. }))
                })
                .map_or(body.start, |index| index.saturating_add(1)),
            None => {
                self.end_last_line();
                if !self.lines.is_empty() {
                    self.lines.push(Line { raw: Secret::new(b"\n"), kind: Kind::Other });
                }
                let raw = Secret::from_vec(format!("[{group}]\n").into_bytes());
                self.lines.push(Line { raw, kind: Kind::Group(group.to_owned()) });
                self.lines.len()
            }
        };
        if at == self.lines.len() {
            self.end_last_line();
        }
        self.lines.insert(at, new);
    }

    /// Removes a key, if it is there.
    pub fn remove(&mut self, group: &str, key: &str) {
        if let Some((index, _)) = self.find(group, key) {
            self.lines.remove(index);
        }
    }

    /// Removes all groups of that name with what stands in them. Returns whether there were any.
    pub fn remove_group(&mut self, group: &str) -> bool {
        let before = self.lines.len();
        while let Some(body) = self.body(group) {
            self.lines.drain(body.start.saturating_sub(1)..body.end);
        }
        self.lines.len() != before
    }

    /// The document without the groups of that name and without embedded groups, and these.
    #[must_use]
    pub fn split(&self, group: &str) -> (Self, Self) {
        let (mut rest, mut taken) = (Self::default(), Self::default());
        let mut is_within = false;
        for line in &self.lines {
            if let Kind::Group(name) = &line.kind {
                is_within = name == group;
            }
            let is_taken = is_within || line.kind == Kind::Embedded;
            if is_taken { &mut taken } else { &mut rest }.lines.push(line.clone());
        }
        (rest, taken)
    }

    /// Adds the lines of another document behind the last.
    pub fn append(&mut self, other: &Self) {
        self.end_last_line();
        self.lines.extend(other.lines.iter().cloned());
    }

    /// Gives the last line the newline that it may lack.
    fn end_last_line(&mut self) {
        if let Some(line) = self.lines.last_mut() {
            let raw = line.raw.expose();
            if raw.last() != Some(&b'\n') {
                line.raw = joined(&[raw, b"\n"]);
            }
        }
    }

    /// The lines behind the first header of this group, up to the next header.
    fn body(&self, group: &str) -> Option<Range<usize>> {
        let mut headers = self.lines.iter().enumerate().filter_map(|(index, line)| match &line.kind {
            Kind::Group(name) => Some((index, name)),
            Kind::Other | Kind::Embedded | Kind::Pair { .. } => None,
        });
        let (start, _) = headers.find(|(_, name)| *name == group)?;
        let end = headers.next().map_or(self.lines.len(), |(index, _)| index);
        Some(start.saturating_add(1)..end)
    }

    fn find(&self, group: &str, wanted: &str) -> Option<(usize, Range<usize>)> {
        let body = self.body(group)?;
        let start = body.start;
        self.lines.get(body)?.iter().enumerate().find_map(|(offset, line)| match &line.kind {
            Kind::Pair { key, value } if key == wanted => Some((start.saturating_add(offset), value.clone())),
            Kind::Other | Kind::Embedded | Kind::Group(_) | Kind::Pair { .. } => None,
        })
    }
}

impl Value<'_> {
    /// The text with its escapes resolved.
    ///
    /// # Errors
    /// If a backslash is followed by anything but `s`, `n`, `t`, `r` or a backslash.
    pub fn text(&self) -> Result<Secret, Malformed> {
        let mut text = Vec::with_capacity(self.raw.len());
        let mut rest = self.raw.iter();
        while let Some(&octet) = rest.next() {
            text.push(match octet {
                b'\\' => match rest.next() {
                    Some(b's') => b' ',
                    Some(b'n') => b'\n',
                    Some(b't') => b'\t',
                    Some(b'r') => b'\r',
                    Some(b'\\') => b'\\',
                    _ => {
                        drop(Secret::from_vec(text));
                        return Err(self.wrong(Problem::BadEscape));
                    }
                },
                octet => octet,
            });
        }
        Ok(Secret::from_vec(text))
    }

    /// The text of a value that holds no secret.
    ///
    /// # Errors
    /// As [`Self::text`].
    pub fn plain(&self) -> Result<String, Malformed> {
        let text = self.text()?;
        // Values were checked to be UTF-8, and unescaping makes only ASCII.
        Ok(String::from_utf8_lossy(text.expose()).trim_end().to_owned())
    }

    /// A boolean: `true`, `false` (in any case), `1` or `0`.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn boolean(&self) -> Result<bool, Malformed> {
        let text = self.plain()?;
        if text.eq_ignore_ascii_case("true") || text == "1" {
            Ok(true)
        } else if text.eq_ignore_ascii_case("false") || text == "0" {
            Ok(false)
        } else {
            Err(self.wrong(Problem::NotABoolean))
        }
    }

    /// Octets as hexadecimal digits, any case.
    ///
    /// # Errors
    /// If there is anything but pairs of digits.
    pub fn octets(&self) -> Result<Secret, Malformed> {
        let digits = trim(self.raw);
        let mut octets = Vec::with_capacity(digits.len() / 2);
        for pair in digits.chunks(2) {
            let value = match pair {
                &[high, low] => hex_digit(high).zip(hex_digit(low)).map(|(high, low)| high << 4 | low),
                _ => None,
            };
            match value {
                Some(value) => octets.push(value),
                None => {
                    drop(Secret::from_vec(octets));
                    return Err(self.wrong(Problem::NotHexadecimal));
                }
            }
        }
        Ok(Secret::from_vec(octets))
    }

    /// This problem, in the line of this value.
    #[must_use]
    pub const fn wrong(&self, problem: Problem) -> Malformed {
        Malformed { line: self.line, problem }
    }
}

/// The value of a hexadecimal digit.
#[must_use]
pub const fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Octets as lower-case hexadecimal digits.
#[must_use]
pub fn hex(octets: &[u8]) -> Secret {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or_default();
    let mut digits = Vec::with_capacity(octets.len().saturating_mul(2));
    for octet in octets {
        digits.extend([digit(octet >> 4), digit(octet & 15)]);
    }
    Secret::from_vec(digits)
}

enum Parsed {
    Line(Kind),
    Embedded,
}

fn is_blank(octet: &u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

/// Without blanks around it and without its newline.
fn trim(raw: &[u8]) -> &[u8] {
    let raw = raw.strip_suffix(b"\n").unwrap_or(raw);
    let start = raw.iter().position(|octet| !is_blank(octet)).unwrap_or(raw.len());
    let end = raw.iter().rposition(|octet| !is_blank(octet)).map_or(start, |last| last.saturating_add(1));
    raw.get(start..end).unwrap_or_default()
}

fn parse_line(raw: &[u8], in_group: bool) -> Result<Parsed, Problem> {
    let text = trim(raw);
    match text {
        [] | [b'#', ..] => Ok(Parsed::Line(Kind::Other)),
        [b'[', b'@', embedded @ ..] => parse_embedded(embedded).map(|()| Parsed::Embedded),
        [b'[', header @ ..] => parse_group(header).map(|name| Parsed::Line(Kind::Group(name))),
        _ if !in_group => Err(Problem::NoGroup),
        _ => parse_pair(raw).map(Parsed::Line),
    }
}

fn parse_embedded(header: &[u8]) -> Result<(), Problem> {
    let mut parts = header.splitn(2, |&octet| octet == b'@');
    match (parts.next(), parts.next().and_then(|rest| rest.strip_suffix(b"]"))) {
        (Some(b"pem"), Some(name)) if is_group_name(name) => Ok(()),
        _ => Err(Problem::BadEmbeddedGroup),
    }
}

fn is_group_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|octet| matches!(octet, b' '..=b'~') && !matches!(octet, b'[' | b']'))
}

fn parse_group(header: &[u8]) -> Result<String, Problem> {
    let name = header.strip_suffix(b"]").filter(|name| is_group_name(name)).ok_or(Problem::BadGroup)?;
    String::from_utf8(name.to_vec()).map_err(|_| Problem::BadGroup)
}

fn parse_pair(raw: &[u8]) -> Result<Kind, Problem> {
    let equals = raw.iter().position(|&octet| octet == b'=').ok_or(Problem::NoEquals)?;
    let (before, after) = raw.split_at_checked(equals).ok_or(Problem::NoEquals)?;
    let key = trim(before);
    let is_key = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'-' | b'.');
    if key.is_empty() || !key.iter().all(is_key) {
        return Err(Problem::BadKey);
    }
    let key = String::from_utf8(key.to_vec()).map_err(|_| Problem::BadKey)?;
    let blanks = after.iter().skip(1).take_while(|octet| is_blank(octet)).count();
    let start = equals.saturating_add(1).saturating_add(blanks);
    let end = raw.strip_suffix(b"\n").unwrap_or(raw).len();
    let value = raw.get(start..end).unwrap_or_default();
    if value.contains(&0) || value.contains(&b'\r') || std::str::from_utf8(value).is_err() {
        return Err(Problem::NotText);
    }
    Ok(Kind::Pair { key, value: start..end.max(start) })
}

/// A text as a value: blanks in front and what would end the line are escaped.
fn escape(text: &[u8]) -> Secret {
    let mut value = Vec::with_capacity(text.len().saturating_mul(2));
    let mut leading = true;
    for &octet in text {
        match octet {
            b' ' if leading => value.extend(b"\\s"),
            b'\t' if leading => value.extend(b"\\t"),
            b'\n' => value.extend(b"\\n"),
            b'\r' => value.extend(b"\\r"),
            b'\\' => value.extend(b"\\\\"),
            octet => value.push(octet),
        }
        leading &= is_blank(&octet);
    }
    Secret::from_vec(value)
}

fn joined(parts: &[&[u8]]) -> Secret {
    let mut octets = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        octets.extend_from_slice(part);
    }
    Secret::from_vec(octets)
}

fn pair(before: &[u8], key: &str, value: &[u8], after: &[u8]) -> Line {
    let range = before.len()..before.len().saturating_add(value.len());
    Line { raw: joined(&[before, value, after]), kind: Kind::Pair { key: key.to_owned(), value: range } }
}

#[cfg(test)]
mod tests;
