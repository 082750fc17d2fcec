//! The Wi-Fi station daemon.
#![forbid(unsafe_code)]
fn main() {}
