//! The station: what goes in, what comes out.

mod vocabulary;

pub use vocabulary::{Action, Connected, Event, Learned, Report, Summary};
