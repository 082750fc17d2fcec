//! The kernel by its commands and events, with an access point in the tests' hands.

mod commands;
mod data;
mod joining;
mod keys;
mod links;
mod power;
mod recorded;
mod scanning;
mod world;
