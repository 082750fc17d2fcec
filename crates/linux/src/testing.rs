//! What several tests need: recorded netlink traffic, and network namespaces.

use crate::netlink::{Header, Message, Messages};
use std::io::Read;
use std::process::Command;

/// The recorded files: all of `tests/data`.
pub(crate) const CAPTURES: [&str; 13] = [
    "mlo-kernel6",
    "mlo-kernel7",
    "mlo-link-removal-kernel6",
    "mlo-link-removal-kernel7",
    "mlo-pmksa-kernel6",
    "mlo-pmksa-kernel7",
    "mlo-reassociate-kernel6",
    "mlo-reassociate-kernel7",
    "owe",
    "sae-ext-key-group20-gcmp256",
    "sae-h2e",
    "sae-loop",
    "wpa2-psk",
];

/// One recorded message.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    /// The netlink protocol: 0 is rtnetlink, 16 generic netlink.
    pub(crate) protocol: u16,
    pub(crate) header: Header,
    pub(crate) payload: Vec<u8>,
}

impl Recorded {
    /// Whether a program sent it, not the kernel.
    pub(crate) fn is_request(&self) -> bool {
        self.header.flags & crate::netlink::flags::REQUEST != 0
    }
}

/// The path of a file of `tests/data`.
pub(crate) fn data(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// The datagrams of a capture (pcap, LINKTYPE_NETLINK, gzip), each with its protocol.
pub(crate) fn datagrams(name: &str) -> Vec<(u16, Vec<u8>)> {
    let file = std::fs::File::open(data(&format!("{name}-netlink.pcap.gz"))).unwrap();
    let mut octets = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut octets).unwrap();
    assert_eq!(octets[20..24], 253_u32.to_le_bytes());
    let mut rest = &octets[24..];
    let mut datagrams = Vec::new();
    while !rest.is_empty() {
        let length = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        // 16 octets of record header, 16 of cooked header that ends with the protocol.
        let protocol = u16::from_be_bytes(rest[30..32].try_into().unwrap());
        datagrams.push((protocol, rest[32..16 + length].to_vec()));
        rest = &rest[16 + length..];
    }
    datagrams
}

/// The messages of a capture.
pub(crate) fn messages(name: &str) -> Vec<Recorded> {
    let mut all = Vec::new();
    for (protocol, datagram) in datagrams(name) {
        for message in Messages::new(&datagram) {
            let Message { header, payload } = message.unwrap();
            all.push(Recorded { protocol, header, payload: payload.to_vec() });
        }
    }
    all
}

/// Runs `test` on a thread inside a new network namespace with the interfaces `left0` and `right0`, two
/// ends of one cable. Says so and returns if this is not root.
pub(crate) fn in_namespace(name: &str, test: impl FnOnce() + Send) {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: making network namespaces needs root");
        return;
    }
    let ip = |arguments: &str| {
        let status = Command::new("ip").args(arguments.split(' ')).status().unwrap();
        assert!(status.success(), "ip {arguments}");
    };
    let namespace = format!("lapwing-{name}-{}", std::process::id());
    ip(&format!("netns add {namespace}"));
    let result = std::thread::scope(|scope| {
        scope
            .spawn(|| {
                let file = std::fs::File::open(format!("/run/netns/{namespace}")).unwrap();
                let kind = Some(rustix::thread::LinkNameSpaceType::Network);
                rustix::thread::move_into_link_name_space(std::os::fd::AsFd::as_fd(&file), kind).unwrap();
                ip("link add left0 type veth peer name right0");
                test();
            })
            .join()
    });
    ip(&format!("netns del {namespace}"));
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}
