//! The file tree and the kernels that the virtual machine boots: built once, kept in a cache.
//!
//! A finished image is a folder with the kernels, an `initrd` with the modules of all of them, and `versions`. The
//! initrd is a whole small Debian in memory: with a tree on a shared folder, the guest's virtual clock runs away
//! whenever a file is looked up. The image is built beside its final place and renamed when complete, under a lock,
//! so a half-built one is never used and two runs do not clash.

use super::kernel::{self, Kernel};
use super::{initrd, modules};
use crate::command::{Step, command, exists, output, run};
use crate::failure::{Doing, Failure, Result};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Raised when the way an image is built changes.
const FORMAT: u32 = 3;

/// What the guest needs beyond Debian's smallest system.
const PACKAGES: &[&str] = &[
    "busybox-static",
    "dbus",
    "dnsmasq-base",
    "hostapd",
    "iproute2",
    "iputils-ping",
    "iw",
    "iwd",
    "kmod",
    "strace",
    "tcpdump",
    "wireless-regdb",
    "wpasupplicant",
];

/// What iwd's public tests need beyond that: see `cargo xtask autotests`.
const FOR_PUBLIC_TESTS: &[&str] = &[
    "haveged",
    "isc-dhcp-client",
    "isc-dhcp-server",
    "procps",
    "python3-dbus",
    "python3-gi",
    "python3-packaging",
    "python3-prettytable",
    "python3-scapy",
    "python3-termcolor",
    "radvd",
];

/// What it needs for the programs that manage a machine's networks: see `scenarios/managers`.
const FOR_MANAGERS: &[&str] =
    &["connman", "network-manager", "nftables", "python3-dbus", "python3-gi", "systemd"];

/// What an image is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Our own scenarios.
    #[default]
    Scenarios,
    /// Those of our own scenarios that have other programs of a system in them.
    Managers,
    /// iwd's public tests.
    PublicTests,
}

impl Purpose {
    /// What the guest needs for it beyond what every guest needs.
    const fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Scenarios => &[],
            Self::Managers => FOR_MANAGERS,
            Self::PublicTests => FOR_PUBLIC_TESTS,
        }
    }

    /// The kernel's modules that are wanted for it beyond what every guest may want.
    const fn modules(self) -> &'static [&'static str] {
        match self {
            // A cable to another machine.
            Self::Managers => &["kernel/drivers/net/veth."],
            Self::Scenarios | Self::PublicTests => &[],
        }
    }

    /// Packages whose versions a run reports beyond those that it always does.
    const fn reported(self) -> &'static [&'static str] {
        match self {
            Self::Managers => &["network-manager", "connman", "systemd"],
            Self::Scenarios | Self::PublicTests => &[],
        }
    }
}

/// Packages whose versions a run reports.
const REPORTED: &[&str] = &["hostapd", "wpasupplicant", "iwd", "dnsmasq-base", "iw"];

/// Programs of this machine, and the packages that bring them.
const HOST_PROGRAMS: &[(&str, &str)] =
    &[("qemu-system-x86_64", "qemu-system-x86"), ("debootstrap", "debootstrap"), ("xz", "xz-utils")];

/// A complete image.
#[derive(Debug)]
pub(crate) struct Image {
    directory: PathBuf,
}

impl Image {
    /// The image of this month; built if it is not there. A month whose image cannot be built (no network) falls
    /// back to the newest one with the same packages.
    pub(crate) fn obtain(purpose: Purpose) -> Result<Self> {
        install_host_programs()?;
        let cache = cache_directory();
        fs::create_dir_all(&cache).doing(|| format!("create {}", cache.display()))?;
        let lock =
            File::create(cache.join("lock")).doing(|| format!("open the lock in {}", cache.display()))?;
        lock.lock().doing(|| "wait for the lock of the image".into())?;

        let family = family(purpose);
        let month = output(&mut command("date", ["-u", "+%Y-%m"]))?;
        let wanted = Self { directory: cache.join(format!("{family}-{}", month.trim())) };
        if wanted.directory.is_dir() {
            return Ok(wanted);
        }
        clear_remains(&cache);
        match wanted.build(&cache, purpose) {
            Ok(()) => Ok(wanted),
            Err(failure) => match newest(&cache, &family) {
                Some(directory) => {
                    eprintln!("the image of this month cannot be built, an older one serves: {failure}");
                    Ok(Self { directory })
                }
                None => Err(failure),
            },
        }
    }

    /// The file of a kernel to boot.
    pub(crate) fn kernel(&self, kernel: Kernel) -> PathBuf {
        self.directory.join(kernel.file())
    }

    /// The guest's file tree.
    pub(crate) fn initrd(&self) -> PathBuf {
        self.directory.join("initrd")
    }

    /// One line with the versions of the kernels and of the peers.
    pub(crate) fn versions(&self) -> String {
        let kernels = Kernel::ALL.map(|kernel| format!("kernel {}, ", self.kernel_version(kernel))).concat();
        kernels + &self.text("versions")
    }

    /// The version of a kernel.
    pub(crate) fn kernel_version(&self, kernel: Kernel) -> String {
        self.text(&kernel.version_file())
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.directory.join(name)).unwrap_or_default().trim().to_owned()
    }

    fn build(&self, cache: &Path, purpose: Purpose) -> Result<()> {
        if !is_root() {
            return Err(Failure::Usage(format!(
                "The lab's image is not in {} yet, and only root can build it: run this command once as root, \
                 with LAPWING_LAB_CACHE={} to share the result.",
                cache.display(),
                cache.display()
            )));
        }
        let step = Step::begin("building the lab's image (Debian unstable, once a month)");
        let temporary = cache.join(format!("building-{}", std::process::id()));
        let built = build_in(&temporary, purpose);
        if let Err(failure) = built {
            clear_remains(cache);
            return Err(failure);
        }
        fs::rename(&temporary, &self.directory).doing(|| "move the finished image to its place".into())?;
        step.done();
        Ok(())
    }
}

/// Builds everything in a folder that nobody uses yet.
fn build_in(directory: &Path, purpose: Purpose) -> Result<()> {
    let root = directory.join("root");
    fs::create_dir_all(directory).doing(|| format!("create {}", directory.display()))?;

    eprintln!("    debootstrap: {}", PACKAGES.join(" "));
    let log = directory.join("debootstrap.log");
    let mut debootstrap = command("debootstrap", ["--variant=minbase"]);
    debootstrap.arg(format!("--include={}", PACKAGES.join(","))).arg("sid").arg(&root);
    if let Some(mirror) = mirror() {
        debootstrap.arg(mirror);
    }
    if let Some(proxy) = apt_setting("Acquire::http::Proxy") {
        debootstrap.env("http_proxy", proxy);
    }
    let copy = File::create(&log).doing(|| format!("create {}", log.display()))?;
    debootstrap.stdout(copy.try_clone().doing(|| "share the log".into())?).stderr(copy);
    if let Err(failure) = run(&mut debootstrap) {
        let text = fs::read_to_string(&log).unwrap_or_default();
        eprint!("{}", crate::command::last_lines(&text, 20));
        return Err(failure);
    }

    let settings = output(&mut command("apt-config", ["dump"])).unwrap_or_default();
    let settings: String = settings
        .lines()
        .filter(|line| line.starts_with("Acquire::"))
        .map(|line| format!("{line}\n"))
        .collect();
    let place = root.join("etc/apt/apt.conf.d/90host");
    fs::write(&place, settings).doing(|| format!("write {}", place.display()))?;
    output(&mut in_tree(&root, &["sh", "-c", kernel::ADD_SOURCES]))?;
    if !purpose.packages().is_empty() {
        eprintln!("    further packages: {}", purpose.packages().join(" "));
        // Nothing is started in the tree.
        let place = root.join("usr/sbin/policy-rc.d");
        fs::write(&place, "#!/bin/sh\nexit 101\n").doing(|| format!("write {}", place.display()))?;
        output(&mut in_tree(&root, &["chmod", "755", "/usr/sbin/policy-rc.d"]))?;
        let mut install = in_tree(&root, &["apt-get", "-qq", "install", "--yes", "--no-install-recommends"]);
        output(install.args(purpose.packages()).env("DEBIAN_FRONTEND", "noninteractive"))?;
    }
    for kernel in Kernel::ALL {
        eprintln!("    {} kernel: {} and what it depends on", kernel.name(), kernel::PACKAGE);
        output(&mut in_tree(&root, &["sh", "-c", &kernel.download()]))?;
        let unpacked = directory.join("unpacked");
        for package in list(&root.join("kernel"))? {
            // Apart: a package that holds `lib` itself would replace the link of that name in the tree.
            output(command("dpkg-deb", ["--extract"]).arg(&package).arg(&unpacked))?;
        }
        remove(&root.join("kernel"))?;
        let version = place_kernel(&unpacked, &root, &directory.join(kernel.file()))?;
        remove(&unpacked)?;
        output(&mut in_tree(&root, &["depmod", &version]))?;
        modules::prune(&root.join("usr/lib/modules").join(&version), purpose.modules())?;
        output(&mut in_tree(&root, &["depmod", &version]))?;
        fs::write(directory.join(kernel.version_file()), version).doing(|| "write a version".into())?;
    }

    let mut versions = Vec::new();
    for package in REPORTED.iter().chain(purpose.reported()) {
        let found = output(&mut in_tree(&root, &["dpkg-query", "-W", "-f", "${Version}", package]))?;
        versions.push(format!("{package} {found}"));
    }
    fs::write(directory.join("versions"), versions.join(", ")).doing(|| "write the versions".into())?;
    initrd::write(&root, &directory.join("initrd"))?;
    remove(&root)
}

/// Moves the modules into the tree and the kernel to its place, wherever the packages have put them. Returns the version.
fn place_kernel(unpacked: &Path, root: &Path, to: &Path) -> Result<String> {
    let modules =
        ["usr/lib/modules", "lib/modules"].into_iter().map(|place| unpacked.join(place)).find(|p| p.is_dir());
    let modules = modules.ok_or_else(|| Failure::unmet("modules in the kernel's packages", "none"))?;
    let source = list(&modules)?.pop().ok_or_else(|| Failure::unmet("one kernel version", "none"))?;
    let version = source.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let images = [source.join("vmlinuz"), unpacked.join(format!("boot/vmlinuz-{version}"))];
    let image = images.into_iter().find(|image| image.is_file());
    let image = image.ok_or_else(|| Failure::unmet("a kernel image in its packages", "none"))?;
    fs::copy(&image, to).doing(|| format!("copy {}", image.display()))?;
    let home = root.join("usr/lib/modules");
    fs::create_dir_all(&home).doing(|| format!("create {}", home.display()))?;
    fs::rename(&source, home.join(&version)).doing(|| format!("move {}", source.display()))?;
    Ok(version)
}

/// Installs the programs that this machine lacks, or names the packages.
fn install_host_programs() -> Result<()> {
    let packages: Vec<_> =
        HOST_PROGRAMS.iter().filter(|(program, _)| !exists(program)).map(|(_, package)| *package).collect();
    if packages.is_empty() {
        return Ok(());
    }
    let install = format!("apt-get install --no-install-recommends {}", packages.join(" "));
    if !is_root() || !exists("apt-get") {
        return Err(Failure::Usage(format!("The lab needs programs that are not here. As root: {install}")));
    }
    let step = Step::begin(install);
    output(&mut command("apt-get", ["-qq", "update"]))?;
    let mut apt = command("apt-get", ["-qq", "install", "--yes", "--no-install-recommends"]);
    output(apt.args(&packages).env("DEBIAN_FRONTEND", "noninteractive"))?;
    step.done();
    Ok(())
}

/// Where images are kept: they outlive the target folder, so that a fresh clone needs no new one.
fn cache_directory() -> PathBuf {
    if let Some(chosen) = std::env::var_os("LAPWING_LAB_CACHE") {
        return chosen.into();
    }
    if is_root() {
        return "/var/cache/lapwing-lab".into();
    }
    match (std::env::var_os("XDG_CACHE_HOME"), std::env::home_dir()) {
        (Some(cache), _) => PathBuf::from(cache).join("lapwing-lab"),
        (None, Some(home)) => home.join(".cache/lapwing-lab"),
        (None, None) => crate::command::target_directory().join("lab/cache"),
    }
}

/// A name that changes with the list of packages and the way of building (FNV-1a, stable over releases of Rust).
fn family(purpose: Purpose) -> String {
    let further = purpose.packages().iter().chain(purpose.modules());
    let further: String = further.map(|name| format!(" {name}")).collect();
    let text = format!("{FORMAT} {} {}{further}", kernel::PACKAGE, PACKAGES.join(" "));
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("sid-{hash:016x}")
}

/// The newest image of a family: the month ends its name.
fn newest(cache: &Path, family: &str) -> Option<PathBuf> {
    let entries = list(cache).ok()?;
    entries
        .into_iter()
        .rfind(|path| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(family)))
}

/// Removes what an interrupted run has left, after taking down what it had mounted.
fn clear_remains(cache: &Path) {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    for remains in list(cache).unwrap_or_default() {
        if !remains.file_name().is_some_and(|name| name.to_string_lossy().starts_with("building-")) {
            continue;
        }
        let below = |place: &&str| Path::new(place).starts_with(&remains);
        let mounted: Vec<_> =
            mounts.lines().filter_map(|line| line.split(' ').nth(1)).filter(below).collect();
        let freed = mounted.iter().rev().all(|place| output(&mut command("umount", [place])).is_ok());
        match freed.then(|| remove(&remains)) {
            Some(Ok(())) => {}
            Some(Err(failure)) => eprintln!("{failure}"),
            None => eprintln!("{} has mounts that cannot be taken down; left alone", remains.display()),
        }
    }
}

/// The mirror of Debian that this machine's own apt uses.
fn mirror() -> Option<String> {
    let format = "$(LABEL)|$(COMPONENT)|$(REPO_URI)";
    let targets =
        output(&mut command("apt-get", ["indextargets", "--format", format, "Created-By: Packages"])).ok()?;
    targets.lines().find_map(|line| line.strip_prefix("Debian|main|")).map(str::to_owned)
}

/// One setting of this machine's apt.
fn apt_setting(name: &str) -> Option<String> {
    let text = output(&mut command("apt-config", ["shell", "VALUE", name])).ok()?;
    let value = text.trim().strip_prefix("VALUE='")?.strip_suffix('\'')?;
    (!value.is_empty()).then(|| value.to_owned())
}

fn in_tree(root: &Path, words: &[&str]) -> std::process::Command {
    let mut chroot = command("chroot", [root]);
    chroot.args(words).env("LC_ALL", "C.UTF-8").env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    chroot
}

fn remove(directory: &Path) -> Result<()> {
    fs::remove_dir_all(directory).doing(|| format!("remove {}", directory.display()))
}

/// The entries of a folder, in the order of their names.
fn list(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory).doing(|| format!("list {}", directory.display()))?;
    let mut paths: Vec<_> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.sort();
    Ok(paths)
}

/// Whether we may build and install: the owner of our own process folder says it without a system call of our own.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
