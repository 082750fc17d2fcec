//! The edge to the kernel: nl80211, rtnetlink and packet sockets as typed messages. And, because only this crate
//! may speak to what is not Rust, to a C library: [`curves`].
//!
//! Nothing here blocks and nothing here decides. Each driver is a non-blocking descriptor (`AsFd`) that the
//! daemon's loop polls; what was read comes back as values, what is to be done is sent as values. The
//! translations between bytes and values are free functions, so that they are tested without a kernel.

pub mod clock;
pub mod curves;
pub mod entropy;
pub mod hardware;
pub mod hwsim;
pub mod memory;
pub mod netlink;
pub mod nftables;
pub mod nl80211;
pub mod packet;
pub mod rfkill;
pub mod rivals;
pub mod routes;
pub mod rtnetlink;
pub mod sysctl;

#[cfg(test)]
mod testing;
