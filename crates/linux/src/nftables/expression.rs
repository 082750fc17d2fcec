//! The expressions that rules consist of. Each is evaluated if those before it matched.

use crate::netlink::Builder;
use core::net::Ipv4Addr;

/// Attributes of an expression (`enum nft_expr_attributes`), of the list of them, and of data.
mod attr {
    pub(super) const ELEMENT: u16 = 1;
    pub(super) const NAME: u16 = 1;
    pub(super) const DATA: u16 = 2;
    pub(super) const VALUE: u16 = 1;
    pub(super) const VERDICT: u16 = 2;
    pub(super) const VERDICT_CODE: u16 = 1;
}

/// The register of verdicts, and the first one for data.
const VERDICT_REGISTER: u32 = 0;
const REGISTER: u32 = 1;
/// The network header (`NFT_PAYLOAD_NETWORK_HEADER`).
const NETWORK_HEADER: u32 = 1;
/// `NFT_CT_STATE`.
const CONNECTION_STATE: u32 = 0;
/// The bits of established and related connections.
const ANSWERS: u32 = 2 | 4;

/// Which interface of a packet is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The one it came in by (`NFT_META_IIF`).
    Input,
    /// The one it leaves by (`NFT_META_OIF`).
    Output,
}

impl Side {
    const fn key(self) -> u32 {
        match self {
            Self::Input => 4,
            Self::Output => 5,
        }
    }
}

/// Which address of a packet is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The sender's.
    Source,
    /// The receiver's.
    Destination,
}

impl End {
    /// Where it is in the header of IPv4 (RFC 791 3.1).
    const fn offset(self) -> u32 {
        match self {
            Self::Source => 12,
            Self::Destination => 16,
        }
    }
}

/// A part of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expression {
    /// The interface is this one, or is not.
    Interface(Side, bool, u32),
    /// The address is of this network, or is not.
    Network(End, bool, Ipv4Addr, u8),
    /// The packet belongs to a connection that began before, or to one that such a connection caused.
    Answer,
    /// Leave it to nobody else: through.
    Accept,
    /// Not through.
    Drop,
    /// Through, with the address of the interface that it leaves by.
    Masquerade,
}

impl Expression {
    pub(super) fn write(self, list: &mut Builder) {
        match self {
            Self::Interface(side, is, ifindex) => {
                // enum nft_meta_attributes: the destination register, the key.
                expression(list, "meta", |data| {
                    number(data, 1, REGISTER);
                    number(data, 2, side.key());
                });
                compare(list, is, &ifindex.to_ne_bytes());
            }
            Self::Network(end, is, address, length) => {
                let mask = u32::MAX.checked_shr(length.into()).map_or(u32::MAX, |host| !host);
                // enum nft_payload_attributes: destination register, base, offset, length.
                expression(list, "payload", |data| {
                    number(data, 1, REGISTER);
                    number(data, 2, NETWORK_HEADER);
                    number(data, 3, end.offset());
                    number(data, 4, 4);
                });
                mask_register(list, &mask.to_be_bytes());
                compare(list, is, &(address.to_bits() & mask).to_be_bytes());
            }
            Self::Answer => {
                // enum nft_ct_attributes: the destination register, the key.
                expression(list, "ct", |data| {
                    number(data, 1, REGISTER);
                    number(data, 2, CONNECTION_STATE);
                });
                mask_register(list, &ANSWERS.to_ne_bytes());
                compare(list, false, &[0; 4]);
            }
            Self::Accept => verdict(list, 1),
            Self::Drop => verdict(list, 0),
            Self::Masquerade => expression(list, "masq", |_| {}),
        }
    }
}

fn expression(list: &mut Builder, name: &str, fill: impl FnOnce(&mut Builder)) {
    list.nest(attr::ELEMENT, |element| {
        element.text(attr::NAME, name).nest(attr::DATA, fill);
    });
}

/// Keeps these bits of the register (`enum nft_bitwise_attributes`: source and destination register, length, mask
/// and what to flip).
fn mask_register(list: &mut Builder, mask: &[u8; 4]) {
    expression(list, "bitwise", |data| {
        number(data, 1, REGISTER);
        number(data, 2, REGISTER);
        number(data, 3, 4);
        value(data, 4, mask);
        value(data, 5, &[0; 4]);
    });
}

/// Goes on if the register is this, or is not (`enum nft_cmp_attributes`: source register, operation, data).
fn compare(list: &mut Builder, is: bool, with: &[u8]) {
    expression(list, "cmp", |data| {
        number(data, 1, REGISTER);
        number(data, 2, u32::from(!is));
        value(data, 3, with);
    });
}

/// Ends the chain (`enum nft_immediate_attributes`: destination register, data).
fn verdict(list: &mut Builder, code: u32) {
    expression(list, "immediate", |data| {
        number(data, 1, VERDICT_REGISTER);
        data.nest(2, |data| {
            data.nest(attr::VERDICT, |verdict| number(verdict, attr::VERDICT_CODE, code));
        });
    });
}

fn value(data: &mut Builder, kind: u16, octets: &[u8]) {
    data.nest(kind, |data| {
        data.bytes(attr::VALUE, octets);
    });
}

/// An attribute with a number in network byte order.
pub(super) fn number(builder: &mut Builder, kind: u16, value: u32) {
    builder.bytes(kind, &value.to_be_bytes());
}
