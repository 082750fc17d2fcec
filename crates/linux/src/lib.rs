//! The edge to the kernel: nl80211, rtnetlink and packet sockets as typed messages.
