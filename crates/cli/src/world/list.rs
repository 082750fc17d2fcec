//! `lapwing world list`.

use crate::text::{self, Cell, Paint, Style};
use lapwing_world::Habit;
use lapwing_world::kernels::KERNELS;
use lapwing_world::party::Policy;
use lapwing_world::scenario::Scenario;
use serde_json::json;

/// Scenarios, policies, kernels and habits with what they mean.
pub(super) fn list(json: bool, style: Style) -> String {
    let scenarios =
        Scenario::names().filter_map(|name| Some((name.to_owned(), Scenario::named(name)?.about)));
    let policies = Policy::ALL.iter().map(|policy| (policy.name().to_owned(), policy.meaning().to_owned()));
    let kernels = KERNELS.iter().map(|kernel| (kernel.name.to_owned(), kernel.about.to_owned()));
    let habits = Habit::ALL.iter().map(|habit| (habit.name().to_owned(), habit.meaning().to_owned()));
    let sections: [(&str, Vec<(String, String)>); 4] = [
        ("scenarios", scenarios.collect()),
        ("policies", policies.collect()),
        ("kernels", kernels.collect()),
        ("habits", habits.collect()),
    ];
    if json {
        let members = sections.into_iter().map(|(title, entries)| {
            let entries = entries.into_iter().map(|(name, about)| json!({ "name": name, "about": about }));
            (title.to_owned(), entries.collect())
        });
        let object = serde_json::Value::Object(members.collect());
        return text::json(&object.to_string()) + "\n";
    }
    let mut out = String::new();
    for (title, entries) in sections {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&style.paint(Paint::Strong, title));
        out.push('\n');
        let rows = entries.into_iter().map(|(name, about)| {
            vec![
                Cell::new(format!("  {}", style.text(&name))),
                Cell::new(style.text(&about)).paint(Paint::Faint),
            ]
        });
        out.push_str(&text::table(style, &rows.collect::<Vec<_>>()));
    }
    out
}
