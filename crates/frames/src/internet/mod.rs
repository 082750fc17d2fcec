//! What a network needs before its hosts have addresses: ARP, UDP in IPv4 and IPv6, and the messages of DHCP for
//! both.

pub mod arp;
pub mod dhcp;
pub mod dhcp6;
pub mod udp;
pub mod udp6;
mod udp_header;
