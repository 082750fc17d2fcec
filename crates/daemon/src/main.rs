//! The Wi-Fi station daemon.
#![forbid(unsafe_code)]

use lapwingd::options::Program;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut words = std::env::args_os();
    let program = Program::named(words.next().as_deref());
    lapwingd::start::main(program, words)
}
