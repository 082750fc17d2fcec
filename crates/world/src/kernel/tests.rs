//! The kernel by its commands and events, with an access point in the tests' hands.

mod scanning;
mod world;
