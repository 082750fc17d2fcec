//! The guest's file tree as the archive that the kernel unpacks into memory.

use crate::failure::{Doing, Result};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What no guest needs.
const LEFT_OUT: &[&str] = &[
    "dev",
    "usr/lib/apt",
    "usr/lib/x86_64-linux-gnu/gconv",
    "usr/lib/x86_64-linux-gnu/perl-base",
    "usr/share/doc",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/perl5",
    "usr/share/zoneinfo",
    "var/cache",
    "var/lib/apt",
    "var/lib/dpkg",
];

/// The first process: mounts what must be, fetches the programs to test, runs the scenarios.
const INIT: &str = "#!/bin/sh
export PATH=/run/bin:/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
exec > /dev/console 2>&1
modprobe -a virtio_pci 9pnet_virtio 9p
mkdir -p /job
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=none job /job || busybox poweroff -f
cp -r /job/bin /run/bin
xtask guest
busybox poweroff -f
";

/// Writes the archive.
pub(crate) fn write(root: &Path, to: &Path) -> Result<()> {
    let mut archive = Archive::default();
    archive.entry(b"dev", DIRECTORY | 0o755, &[]);
    archive.entry(b"init", FILE | 0o755, INIT.as_bytes());
    add(root, root, &mut archive)?;
    fs::write(to, archive.finish()).doing(|| format!("write {}", to.display()))
}

fn add(root: &Path, directory: &Path, archive: &mut Archive) -> Result<()> {
    let reading = || format!("read {}", directory.display());
    for entry in fs::read_dir(directory).doing(reading)? {
        let path = entry.doing(reading)?.path();
        let doing = || format!("read {}", path.display());
        let name = path.strip_prefix(root).unwrap_or(&path);
        if LEFT_OUT.iter().any(|left_out| name == Path::new(left_out)) {
            continue;
        }
        let about = fs::symlink_metadata(&path).doing(doing)?;
        let (mode, name) = (about.permissions().mode(), name.as_os_str().as_bytes());
        if about.is_dir() {
            archive.entry(name, mode, &[]);
            add(root, &path, archive)?;
        } else if about.is_symlink() {
            archive.entry(name, mode, fs::read_link(&path).doing(doing)?.as_os_str().as_bytes());
        } else if about.is_file() {
            archive.entry(name, mode, &fs::read(&path).doing(doing)?);
        }
    }
    Ok(())
}

/// `S_IFDIR` and `S_IFREG`.
const DIRECTORY: u32 = 0o040_000;
const FILE: u32 = 0o100_000;

/// A cpio archive in the "newc" form that the kernel unpacks.
#[derive(Default)]
struct Archive {
    bytes: Vec<u8>,
    entries: u32,
}

impl Archive {
    fn finish(mut self) -> Vec<u8> {
        self.entry(b"TRAILER!!!", 0, &[]);
        self.bytes
    }

    fn entry(&mut self, name: &[u8], mode: u32, content: &[u8]) {
        self.entries += 1;
        // Inode, mode, owner, group, links, time, size, device (two numbers), special device (two), length of the name
        // with its final zero, checksum.
        let fields =
            [self.entries as usize, mode as usize, 0, 0, 1, 0, content.len(), 0, 0, 0, 0, name.len() + 1, 0];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            self.bytes.extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(name);
        self.bytes.push(0);
        self.align();
        self.bytes.extend_from_slice(content);
        self.align();
    }

    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archive_has_the_layout_of_the_kernels_documentation() {
        let mut archive = Archive::default();
        archive.entry(b"a", FILE | 0o644, b"xyz");
        let bytes = archive.finish();
        assert!(bytes.starts_with(b"07070100000001000081a4"));
        // 110 bytes of header, the name and its zero, aligned to 112; then the content, aligned to 116.
        assert_eq!(bytes.get(110..116), Some(b"a\0xyz\0".as_slice()));
        assert_eq!(bytes.len() % 4, 0);
    }
}
