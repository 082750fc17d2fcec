//! Where it is shown: lines for a person, at a pace to read, or JSON for a program.

use super::facts::{Line, lines};
use super::feed::Fact;
use crate::commands::print;
use crate::failure::Failure;
use crate::terminal::{shortened, width};
use crate::text::{self, Paint, Style};
use serde_json::Value;
use std::time::Duration;
use tokio::time::sleep;

/// How long a line has the eye to itself.
const LINE: Duration = Duration::from_millis(15);
/// How long a thought takes.
const THOUGHT: Duration = Duration::from_millis(700);

/// Where it is shown.
pub(super) struct Screen {
    style: Style,
    json: bool,
    fast: bool,
}

impl Screen {
    pub(super) const fn new(style: Style, json: bool, fast: bool) -> Self {
        Self { style, json, fast }
    }

    pub(super) const fn style(&self) -> Style {
        self.style
    }

    /// Shows a fact; the time is since `begun`.
    pub(super) async fn fact(&self, fact: &Fact, begun: f64) -> Result<(), Failure> {
        if self.json {
            return print(&(text::json(&fact.event.json()) + "\n"));
        }
        for line in lines(fact, self.style) {
            self.line(fact.at - begun, &line).await?;
        }
        Ok(())
    }

    async fn line(&self, at: f64, line: &Line) -> Result<(), Failure> {
        let style = self.style;
        let head = format!("{at:8.3}  {:<7} ", line.who);
        let room = width().saturating_sub(head.chars().count()).max(20);
        let text = shortened(&style.text(&line.text), room);
        print(&format!("{}{}\n", style.paint(Paint::Faint, &head), style.paint(line.paint, &text)))?;
        self.pause(LINE).await;
        Ok(())
    }

    /// Says something that a program is told as well, by these members.
    pub(super) fn say(&self, human: &str, json: &Value) -> Result<(), Failure> {
        if self.json {
            return print(&(text::json(&json.to_string()) + "\n"));
        }
        print(human)
    }

    /// Says something that no program needs.
    pub(super) fn hint(&self, human: &str) -> Result<(), Failure> {
        if self.json { Ok(()) } else { print(&format!("\n{}\n", self.style.paint(Paint::Faint, human))) }
    }

    /// A new part of the story begins.
    pub(super) fn chapter(&self, title: &str, json: &Value) -> Result<(), Failure> {
        let title = self.style.paint(Paint::Strong, title);
        self.say(&format!("\n{title}\n"), json)
    }

    /// Leaves the reader time.
    pub(super) async fn think(&self) {
        self.pause(THOUGHT).await;
    }

    async fn pause(&self, time: Duration) {
        if !self.fast && !self.json {
            sleep(time).await;
        }
    }
}
