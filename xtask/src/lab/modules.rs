//! The kernel's modules: only those that a guest may want, uncompressed.

use crate::command::{command, output};
use crate::failure::{Doing, Result};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What may be wanted: the radios, the cryptography that the kernel asks for by itself, sockets, the shared folder,
/// translation of addresses.
const WANTED: &[&str] = &[
    "kernel/arch/x86/crypto/",
    "kernel/crypto/",
    "kernel/drivers/net/nlmon.",
    "kernel/drivers/net/wireless/virtual/",
    "kernel/drivers/virtio/virtio_pci.",
    "kernel/fs/9p/",
    "kernel/lib/crypto/",
    "kernel/net/9p/9pnet_virtio.",
    "kernel/net/ipv6/ipv6.",
    "kernel/net/mac80211/",
    "kernel/net/netfilter/nf_tables.",
    "kernel/net/netfilter/nft_",
    "kernel/net/packet/",
    "kernel/net/rfkill/",
    "kernel/net/wireless/",
];

/// Removes the modules that nobody wants from the folder of a kernel version and unpacks the others. Some may be wanted
/// beyond the usual ones.
pub(crate) fn prune(home: &Path, further: &[&str]) -> Result<()> {
    let dependencies = home.join("modules.dep");
    let dependencies =
        fs::read_to_string(&dependencies).doing(|| format!("read {}", dependencies.display()))?;
    let kept = closure(&dependencies, further);
    for path in dependencies.lines().filter_map(|line| Some(line.split_once(':')?.0)) {
        let file = home.join(path);
        if !kept.contains(path) {
            fs::remove_file(&file).doing(|| format!("remove {}", file.display()))?;
        } else if let Some(program) = unpacker(path) {
            output(command(program, ["-d", "-q"]).arg(&file))?;
        }
    }
    Ok(())
}

/// The wanted modules and all that they depend on, as `modules.dep` lists it.
fn closure<'a>(dependencies: &'a str, further: &[&str]) -> BTreeSet<&'a str> {
    let named = |path: &str| WANTED.iter().chain(further).any(|prefix| path.starts_with(prefix));
    let wanted = dependencies.lines().filter_map(|line| line.split_once(':'));
    let wanted = wanted.filter(|(path, _)| named(path));
    wanted.flat_map(|(path, needs)| needs.split_whitespace().chain([path])).collect()
}

fn unpacker(path: &str) -> Option<&'static str> {
    match path.rsplit_once('.')?.1 {
        "xz" => Some("xz"),
        "zst" => Some("unzstd"),
        "gz" => Some("gunzip"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_brings_what_it_needs() {
        let text = "kernel/fs/9p/9p.ko.xz: kernel/net/9p/9pnet.ko.xz kernel/fs/netfs/netfs.ko.xz\n\
                    kernel/net/9p/9pnet.ko.xz: kernel/fs/netfs/netfs.ko.xz\n\
                    kernel/net/9p/9pnet_rdma.ko.xz: kernel/net/9p/9pnet.ko.xz\n";
        let kept: Vec<_> = closure(text, &[]).into_iter().collect();
        let expected = ["kernel/fs/9p/9p.ko.xz", "kernel/fs/netfs/netfs.ko.xz", "kernel/net/9p/9pnet.ko.xz"];
        assert_eq!(kept, expected);
        assert_eq!(closure(text, &["kernel/net/9p/9pnet_rdma."]).len(), 4);
        assert_eq!(unpacker("a/b.ko.xz"), Some("xz"));
        assert_eq!(unpacker("a/b.ko"), None);
    }
}
