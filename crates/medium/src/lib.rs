//! The air between virtual radios (`mac80211_hwsim`), for tests: who hears which frame, how strong, how late, twice,
//! damaged, or not at all.
//!
//! [`machine`] decides, by [`rule`]s, and knows neither socket nor clock; [`mod@file`] reads rules, [`bus`] offers them on
//! D-Bus as `net.connman.hwsim`, the interface for which iwd's own tests are written; [`run`] holds the sockets.
#![forbid(unsafe_code)]

pub mod bus;
pub mod file;
pub mod kind;
pub mod machine;
pub mod options;
pub mod radios;
pub mod rule;
pub mod run;
