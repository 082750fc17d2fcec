//! The parts of the Wi-Fi station daemon, as a library so that tests and fuzz targets reach them.
#![forbid(unsafe_code)]

pub mod netconf;
pub mod networks;
