//! nf_tables: the rules by which this machine passes a network's packets on under its own addresses.
//!
//! One [`Sharing`] is one table, made whole or not at all: the kernel takes a batch of messages as one
//! transaction. Facts: `linux/netfilter/nf_tables.h`; its numbers are big endian, except what an expression
//! compares, which is as the packet or the host has it.

mod driver;
mod expression;
mod message;

pub use driver::{make, remove, tables};
pub use message::Sharing;

/// What the names of our tables begin with, by which a later process finds them.
pub const PREFIX: &str = "lapwing-";

#[cfg(test)]
mod tests;
