//! What a network needs before its hosts have addresses: ARP, UDP in IPv4, and DHCP messages.

pub mod arp;
pub mod dhcp;
pub mod udp;
