//! `net.connman.hwsim` on D-Bus: radios, their interfaces and rules as objects.
//!
//! The names, paths, signatures and units are those of the tool of that name in iwd's sources, for which its public
//! tests are written. A rule there begins without being in force. More than there: `CreateRadio` takes `Channels` (u) and
//! `MultiLink` (b); a rule has `FrameKind` (s), `Loss` (y, percent), `Duplicate` and `Corrupt` (b).
//!
//! [`service`] turns calls into effects and has no socket.

pub mod objects;
pub mod service;

/// Our name on the bus.
pub const NAME: &str = "net.connman.hwsim";
/// The name of the bus itself, which is its interface too.
pub const BUS: &str = lapwingd::bus::BUS;
