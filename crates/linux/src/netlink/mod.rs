//! Netlink as such: attributes, messages, requests in flight, and the socket.
//!
//! Three layers, each usable without the next: [`Attributes`] and [`Builder`] are bytes and nothing else;
//! [`Exchange`] knows which message answers which request, without a socket; [`Socket`] is the socket.
//! Numbers are in the byte order of the host unless a name says otherwise.

mod attribute;
mod builder;
mod connection;
mod error;
mod exchange;
mod message;
mod socket;

pub use attribute::{Attribute, Attributes};
pub use builder::{Builder, Outline, Request};
pub use connection::Connection;
pub use error::{DecodeError, KernelError, ReplyError};
pub use exchange::{Answer, Exchange, Expect, Heard};
pub use lapwing_core::kernel::Errno;
pub use message::{Header, Message, Messages, flags, kind};
pub use socket::{Received, Socket};

#[cfg(test)]
mod tests;
