//! The medium of virtual radios.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    lapwing_medium::run::main(std::env::args_os().skip(1))
}
