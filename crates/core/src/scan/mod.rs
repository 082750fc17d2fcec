//! Scanning: what to listen for, and the table of what was heard.

mod plan;
mod table;

pub use plan::{Search, Stage};
pub use table::{Bss, Table};
