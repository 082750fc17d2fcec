//! What the kernel refuses and what cannot be decoded.

use core::fmt;
use lapwing_core::kernel::{Errno, Refusal};
use lapwing_frames::Problem;

/// A request that the kernel refused, in its own words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KernelError {
    /// The error number.
    pub errno: Errno,
    /// The text of the extended acknowledgement, if the kernel gave one.
    pub text: Option<String>,
    /// The kind of the top-level attribute that the kernel objects to, if it named one.
    pub attribute: Option<u16>,
    /// The kind of the attribute that the kernel misses, if it named one.
    pub missing: Option<u16>,
}

impl KernelError {
    /// An error without an extended acknowledgement.
    #[must_use]
    pub const fn plain(errno: Errno) -> Self {
        Self { errno, text: None, attribute: None, missing: None }
    }

    /// Whether it can mean that somebody else uses the interface: another supplicant that owns the
    /// connection, is scanning, or has connected it.
    #[must_use]
    pub const fn hints_at_another_user(&self) -> bool {
        matches!(self.errno, Errno::EPERM | Errno::EBUSY | Errno::EALREADY)
    }
}

impl fmt::Display for KernelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.errno)?;
        if let Some(text) = &self.text {
            write!(f, ": {text}")?;
        }
        if let Some(attribute) = self.attribute {
            write!(f, " (attribute {attribute})")?;
        }
        if let Some(missing) = self.missing {
            write!(f, " (attribute {missing} is missing)")?;
        }
        Ok(())
    }
}

impl std::error::Error for KernelError {}

impl From<KernelError> for Refusal {
    fn from(error: KernelError) -> Self {
        Self { errno: error.errno, message: error.text }
    }
}

/// A message of the kernel that does not decode: what, where, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DecodeError {
    /// The message or nest that was being read.
    pub what: &'static str,
    /// The kind of the attribute that was being read, if one was.
    pub attribute: Option<u16>,
    /// What was wrong.
    pub problem: Problem,
}

impl DecodeError {
    /// Something that the format forbids.
    #[must_use]
    pub const fn invalid(what: &'static str, why: &'static str) -> Self {
        Self { what, attribute: None, problem: Problem::Invalid(why) }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)?;
        if let Some(attribute) = self.attribute {
            write!(f, ", attribute {attribute}")?;
        }
        match self.problem {
            Problem::Truncated { needed, left } => write!(f, ": needs {needed} octets, {left} left"),
            Problem::TrailingOctets { count } => write!(f, ": {count} octets too many"),
            Problem::Invalid(why) => write!(f, ": {why}"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Why a request has no reply.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ReplyError {
    /// The kernel refused it.
    Kernel(KernelError),
    /// The reply was lost because the socket's buffer was full: whether the kernel did it is unknown.
    Lost,
    /// The dump was disturbed by changes again and again.
    Inconsistent,
    /// The reply does not decode.
    Malformed(DecodeError),
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kernel(error) => fmt::Display::fmt(error, f),
            Self::Lost => f.write_str("the kernel's reply was lost in a full socket buffer"),
            Self::Inconsistent => f.write_str("the kernel's list kept changing while it was read"),
            Self::Malformed(error) => write!(f, "the kernel's reply does not decode: {error}"),
        }
    }
}

impl std::error::Error for ReplyError {}

impl From<ReplyError> for Refusal {
    fn from(error: ReplyError) -> Self {
        let text = error.to_string();
        match error {
            ReplyError::Kernel(error) => error.into(),
            ReplyError::Lost => Self { errno: Errno::ENOBUFS, message: Some(text) },
            ReplyError::Inconsistent => Self { errno: Errno::EINTR, message: Some(text) },
            ReplyError::Malformed(_) => Self { errno: Errno::EIO, message: Some(text) },
        }
    }
}

impl From<DecodeError> for ReplyError {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}
