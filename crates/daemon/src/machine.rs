//! The machine that the daemon runs on: this one, or a virtual one.
//!
//! An enum and not a second daemon: the whole of it would be compiled twice.

use crate::kernel::{Command, Heard, Kernel};
use crate::linux::Linux;
use crate::world::Virtual;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// A machine.
pub enum Machine {
    /// This one.
    Real(Box<Linux>),
    /// One of a world.
    Virtual(Box<Virtual>),
}

impl Kernel for Machine {
    fn perform(&mut self, command: Command) {
        match self {
            Self::Real(linux) => linux.perform(command),
            Self::Virtual(world) => world.perform(command),
        }
    }

    fn receive(&mut self) -> io::Result<Option<Heard>> {
        match self {
            Self::Real(linux) => linux.receive(),
            Self::Virtual(world) => world.receive(),
        }
    }
}

impl AsFd for Machine {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Real(linux) => linux.as_fd(),
            Self::Virtual(world) => world.as_fd(),
        }
    }
}
