//! TOML with a memory for places: every error names file, line and key.

use core::fmt;
use std::collections::VecDeque;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What is wrong with a scenario file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The key, with those that it is in; empty if the file is no TOML.
    pub key: String,
    /// What is wrong.
    pub problem: String,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.problem)
    }
}

impl std::error::Error for ScenarioError {}

/// A file.
#[derive(Clone, Copy)]
pub(super) struct File<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

impl File<'_> {
    fn error(&self, at: usize, key: &str, problem: impl Into<String>) -> ScenarioError {
        let before = self.text.as_bytes().get(..at).unwrap_or(self.text.as_bytes());
        let line = 1 + before.iter().filter(|octet| **octet == b'\n').count();
        ScenarioError { file: self.name.to_owned(), line, key: key.to_owned(), problem: problem.into() }
    }
}

/// A table whose keys are taken out one by one; in the end none may be left.
pub(super) struct Table<'a> {
    file: File<'a>,
    key: String,
    at: usize,
    entries: Vec<(String, usize, Spanned<DeValue<'a>>)>,
}

/// A value and where it is.
pub(super) struct Value<'a> {
    file: File<'a>,
    key: String,
    at: usize,
    value: DeValue<'a>,
}

impl<'a> Table<'a> {
    /// The whole file.
    pub(super) fn parse(file: File<'a>) -> Result<Self, ScenarioError> {
        let table = DeTable::parse(file.text).map_err(|error| {
            let at = error.span().map_or(0, |span: Range<usize>| span.start);
            file.error(at, "", error.message())
        })?;
        Ok(Self::new(file, String::new(), 0, table.into_inner()))
    }

    fn new(file: File<'a>, key: String, at: usize, table: DeTable<'a>) -> Self {
        let entries = table.into_iter().map(|(key, value)| {
            let at = key.span().start;
            (key.into_inner().into_owned(), at, value)
        });
        Self { file, key, at, entries: entries.collect() }
    }

    fn below(&self, key: &str) -> String {
        if self.key.is_empty() { key.to_owned() } else { format!("{}.{key}", self.key) }
    }

    /// The value of a key, if it is there.
    pub(super) fn take(&mut self, key: &str) -> Option<Value<'a>> {
        let place = self.entries.iter().position(|(name, _, _)| name == key)?;
        let (_, at, value) = self.entries.swap_remove(place);
        Some(Value { file: self.file, key: self.below(key), at, value: value.into_inner() })
    }

    /// The value of a key that must be there.
    pub(super) fn need(&mut self, key: &str) -> Result<Value<'a>, ScenarioError> {
        let missing = self.file.error(self.at, &self.below(key), "is missing");
        self.take(key).ok_or(missing)
    }

    /// The value of a key, read by a function.
    pub(super) fn read<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(Value<'a>) -> Result<T, ScenarioError>,
    ) -> Result<Option<T>, ScenarioError> {
        self.take(key).map(read).transpose()
    }

    /// Something is wrong with a key, or with all of it.
    pub(super) fn error(&self, key: &str, problem: impl Into<String>) -> ScenarioError {
        let key = if key.is_empty() { self.key.clone() } else { self.below(key) };
        self.file.error(self.at, &key, problem)
    }

    /// No key may be left.
    pub(super) fn finish(self) -> Result<(), ScenarioError> {
        match self.entries.iter().min_by_key(|(_, at, _)| *at) {
            Some((key, at, _)) => Err(self.file.error(*at, &self.below(key), "there is no such key here")),
            None => Ok(()),
        }
    }
}

impl<'a> Value<'a> {
    pub(super) fn error(&self, problem: impl Into<String>) -> ScenarioError {
        self.file.error(self.at, &self.key, problem)
    }

    fn expected(&self, what: &str) -> ScenarioError {
        self.error(format!("{what} is expected, not {}", self.value.type_str()))
    }

    pub(super) fn table(self) -> Result<Table<'a>, ScenarioError> {
        match self.value {
            DeValue::Table(table) => Ok(Table::new(self.file, self.key, self.at, table)),
            _ => Err(self.expected("a table")),
        }
    }

    /// The values of an array, with their places as keys.
    pub(super) fn list(self) -> Result<VecDeque<Value<'a>>, ScenarioError> {
        let DeValue::Array(array) = self.value else { return Err(self.expected("an array")) };
        let values = array.into_iter().enumerate().map(|(place, value)| Value {
            file: self.file,
            key: format!("{}[{place}]", self.key),
            at: value.span().start,
            value: value.into_inner(),
        });
        Ok(values.collect())
    }

    pub(super) fn string(self) -> Result<String, ScenarioError> {
        match self.value {
            DeValue::String(text) => Ok(text.into_owned()),
            _ => Err(self.expected("a string")),
        }
    }

    /// A string that is read as something.
    pub(super) fn text<T, E: fmt::Display>(
        self,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, ScenarioError> {
        match &self.value {
            DeValue::String(text) => read(text).map_err(|problem| self.error(problem.to_string())),
            _ => Err(self.expected("a string")),
        }
    }

    /// A string that is the name of one of some things.
    pub(super) fn one_of<T>(self, choices: &[(&str, T)]) -> Result<T, ScenarioError>
    where
        T: Clone,
    {
        self.text(|text| {
            choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| choice.clone()).ok_or_else(
                || {
                    let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
                    format!("{text:?} is none of: {}", names.join(", "))
                },
            )
        })
    }

    pub(super) fn boolean(self) -> Result<bool, ScenarioError> {
        match self.value {
            DeValue::Boolean(value) => Ok(value),
            _ => Err(self.expected("true or false")),
        }
    }

    /// A whole number in a range.
    pub(super) fn number<T: TryFrom<i64>>(self, range: Range<i64>) -> Result<T, ScenarioError> {
        let DeValue::Integer(number) = &self.value else { return Err(self.expected("a number")) };
        let number = i64::from_str_radix(number.as_str(), number.radix()).ok();
        let fitting = number.filter(|number| range.contains(number));
        fitting.and_then(|number| T::try_from(number).ok()).ok_or_else(|| {
            self.error(format!("a number from {} to {} is expected", range.start, range.end - 1))
        })
    }
}
