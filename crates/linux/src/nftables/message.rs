//! Messages, and transactions of them.

use super::PREFIX;
use super::expression::{End, Expression, Side, number};
use crate::netlink::{Builder, Request, flags};
use core::net::Ipv4Addr;

/// `NFNL_SUBSYS_NFTABLES`.
const SUBSYSTEM: u16 = 10;
/// The messages around a transaction (`NFNL_MSG_BATCH_BEGIN` and `_END`).
const BEGIN: u16 = 0x10;
const END: u16 = 0x11;

/// Kinds of message of nf_tables (`enum nf_tables_msg_types`).
mod kind {
    pub(super) const NEW_TABLE: u16 = 0;
    pub(super) const GET_TABLE: u16 = 1;
    pub(super) const DEL_TABLE: u16 = 2;
    pub(super) const NEW_CHAIN: u16 = 3;
    pub(super) const NEW_RULE: u16 = 6;
}

/// Attributes of tables, chains, their hooks, and rules.
pub(super) mod attr {
    pub(in super::super) const TABLE_NAME: u16 = 1;
    pub(super) const CHAIN_TABLE: u16 = 1;
    pub(super) const CHAIN_NAME: u16 = 3;
    pub(super) const CHAIN_HOOK: u16 = 4;
    pub(super) const CHAIN_TYPE: u16 = 7;
    pub(super) const HOOK_NUMBER: u16 = 1;
    pub(super) const HOOK_PRIORITY: u16 = 2;
    pub(super) const RULE_TABLE: u16 = 1;
    pub(super) const RULE_CHAIN: u16 = 2;
    pub(super) const RULE_EXPRESSIONS: u16 = 4;
}

/// `NFPROTO_IPV4`: known to every kernel, where one table for both protocols translates only since 5.2.
const IPV4: u8 = 2;
/// `NLM_F_APPEND`: behind the rules that are there.
const APPEND: u16 = 0x800;

/// A place where packets come by.
struct Hook {
    chain: &'static str,
    kind: &'static str,
    /// `enum nf_inet_hooks`.
    number: u32,
    /// Among the chains of the place.
    priority: i32,
}

/// Where what passes through is let through.
const FORWARD: Hook = Hook { chain: "forward", kind: "filter", number: 2, priority: 0 };
/// Where what leaves gets another sender (`NF_IP_PRI_NAT_SRC`).
const LEAVING: Hook = Hook { chain: "postrouting", kind: "nat", number: 4, priority: 100 };

/// A network whose hosts use this machine's other connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sharing {
    /// The name of the interface that the network is behind: the table is named after it.
    pub interface: String,
    /// Its index.
    pub ifindex: u32,
    /// The network.
    pub network: Ipv4Addr,
    /// The length of its prefix.
    pub prefix: u8,
}

/// Messages that the kernel obeys all or none of.
#[derive(Debug, Default)]
pub(super) struct Batch(Vec<(Request, u16)>);

impl Sharing {
    /// The name of the table.
    #[must_use]
    pub fn table(&self) -> String {
        format!("{PREFIX}{}", self.interface)
    }

    /// What makes the table; nothing if the interface's name is longer than one can be.
    pub(super) fn make(&self) -> Option<Batch> {
        let (here, network, prefix) = (self.ifindex, self.network, self.prefix);
        let from = |is| Expression::Network(End::Source, is, network, prefix);
        let to = |is| Expression::Network(End::Destination, is, network, prefix);
        let (enters, leaves) = (Side::Input, Side::Output);
        let mut batch = Batch::default();
        batch.table(kind::NEW_TABLE, flags::CREATE | flags::EXCLUSIVE, &self.table())?;
        batch.chain(&self.table(), &LEAVING)?;
        batch.chain(&self.table(), &FORWARD)?;
        let rules: [(&Hook, &[Expression]); 5] = [
            (
                &LEAVING,
                &[from(true), to(false), Expression::Interface(leaves, false, here), Expression::Masquerade],
            ),
            (&FORWARD, &[Expression::Interface(enters, true, here), from(true), Expression::Accept]),
            (
                &FORWARD,
                &[
                    Expression::Interface(leaves, true, here),
                    to(true),
                    Expression::Answer,
                    Expression::Accept,
                ],
            ),
            // Nobody there sends in another's name, and nobody elsewhere reaches them by himself.
            (&FORWARD, &[Expression::Interface(enters, true, here), Expression::Drop]),
            (&FORWARD, &[Expression::Interface(leaves, true, here), Expression::Drop]),
        ];
        for (hook, expressions) in rules {
            batch.rule(&self.table(), hook, expressions)?;
        }
        Some(batch)
    }

    /// What removes this table with all that is in it; nothing if the name is longer than one can be.
    pub(super) fn unmake(table: &str) -> Option<Batch> {
        let mut batch = Batch::default();
        batch.table(kind::DEL_TABLE, 0, table)?;
        Some(batch)
    }
}

/// The request for the names of all tables.
pub(super) fn read_tables() -> Option<Request> {
    message(kind::GET_TABLE).finish()
}

impl Batch {
    fn table(&mut self, kind: u16, flags: u16, table: &str) -> Option<()> {
        let mut message = message(kind);
        message.text(attr::TABLE_NAME, table);
        self.push(message, flags)
    }

    fn chain(&mut self, table: &str, hook: &Hook) -> Option<()> {
        let mut message = message(kind::NEW_CHAIN);
        message.text(attr::CHAIN_TABLE, table).text(attr::CHAIN_NAME, hook.chain);
        message.nest(attr::CHAIN_HOOK, |nest| {
            number(nest, attr::HOOK_NUMBER, hook.number);
            nest.bytes(attr::HOOK_PRIORITY, &hook.priority.to_be_bytes());
        });
        message.text(attr::CHAIN_TYPE, hook.kind);
        self.push(message, flags::CREATE)
    }

    fn rule(&mut self, table: &str, hook: &Hook, expressions: &[Expression]) -> Option<()> {
        let mut message = message(kind::NEW_RULE);
        message.text(attr::RULE_TABLE, table).text(attr::RULE_CHAIN, hook.chain);
        message.nest(attr::RULE_EXPRESSIONS, |list| {
            expressions.iter().for_each(|expression| expression.write(list));
        });
        self.push(message, flags::CREATE | APPEND)
    }

    fn push(&mut self, message: Builder, flags: u16) -> Option<()> {
        self.0.push((message.finish()?, flags));
        Some(())
    }

    /// The datagram, its messages numbered from 1 on; and the number of the last one that is acknowledged.
    pub(super) fn datagram(self) -> Option<(Vec<u8>, u32)> {
        // `res_id` of these two names the subsystem, in network byte order.
        let around = |kind| {
            let [high, low] = SUBSYSTEM.to_be_bytes();
            Builder::new(kind, &[0, 0, high, low]).finish()
        };
        let mut octets = Vec::new();
        let mut last = 0;
        let inner = self.0.into_iter().map(|(message, flags)| (message, flags | flags::ACK));
        let all = [(around(BEGIN)?, 0)].into_iter().chain(inner).chain([(around(END)?, 0)]);
        for (number, (mut message, flags)) in (1..).zip(all) {
            message.address(flags, number);
            octets.extend_from_slice(message.octets());
            if flags & flags::ACK != 0 {
                last = number;
            }
        }
        Some((octets, last))
    }
}

/// A message of nf_tables, with `struct nfgenmsg`.
fn message(kind: u16) -> Builder {
    Builder::new(SUBSYSTEM << 8 | kind, &[IPV4, 0, 0, 0])
}
