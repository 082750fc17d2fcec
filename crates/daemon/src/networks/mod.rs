//! The networks that are known, as files in iwd's format in the state directory.

pub mod document;
pub mod error;
pub mod file;
pub mod memory;
pub mod name;
pub mod profile;
pub mod store;

pub use error::FileError;
pub use file::KnownNetwork;
pub use name::FileName;
pub use profile::Profile;
pub use store::Store;
