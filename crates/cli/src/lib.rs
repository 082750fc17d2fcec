//! The command that a person uses: it shows what the daemon tells on D-Bus and asks it for what is wanted.
//!
//! It speaks iwd's interface, and ours where they are there; it decides nothing about Wi-Fi. What it prints is
//! described in `docs/command-line.md`.
#![forbid(unsafe_code)]

pub mod bus;
pub mod commands;
pub mod events;
pub mod failure;
pub mod hotspot;
pub mod migrate;
pub mod model;
pub mod options;
pub mod qr;
pub mod radio;
pub mod secret;
pub(crate) mod share;
pub mod signals;
pub mod terminal;
pub mod text;
pub(crate) mod tui;
pub mod view;
pub mod world;
