//! What is told: the log, the flight recorder, the status file and the timeline.

pub mod event;
pub mod json;
pub mod recorder;
pub mod rejection;
pub mod status;
pub mod timeline;

pub use event::Told;
pub use recorder::Recorder;
