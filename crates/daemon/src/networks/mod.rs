//! The networks that are known, as files in iwd's format in the state directory.

pub mod document;
pub mod error;
pub mod file;
pub mod foreign;
pub mod memory;
pub mod name;
pub mod passpoint;
pub mod profile;
pub mod sealing;
pub mod store;

pub use error::FileError;
pub use file::KnownNetwork;
pub use name::FileName;
pub use profile::Profile;
pub use sealing::Seal;
pub use store::Store;
