//! The Wi-Fi station daemon.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    lapwingd::start::main(std::env::args_os().skip(1))
}
