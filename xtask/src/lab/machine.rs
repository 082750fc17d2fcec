//! One virtual machine: how it is started, and how we notice that it has stopped.

use super::image::Image;
use super::kernel::Kernel;
use crate::failure::{Doing, Result};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// How time passes in the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// Time counts instructions, one nanosecond each, and jumps over idle time: waiting costs nothing, the load of
    /// the host changes nothing.
    Virtual,
    /// The host's time, with the processor's help where the machine has it.
    Real,
}

/// A running virtual machine; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Machine {
    process: Child,
    console: PathBuf,
}

impl Machine {
    /// Boots the image with one of its kernels. `number` tells machines of one run apart; `job` is the folder shared with the guest.
    pub(crate) fn boot(
        image: &Image,
        kernel: Kernel,
        number: usize,
        job: &Path,
        clock: Clock,
    ) -> Result<Self> {
        let console = job.join(format!("console-{number}.log"));
        let log = File::create(&console).doing(|| format!("create {}", console.display()))?;
        let mut qemu = Command::new("qemu-system-x86_64");
        match clock {
            Clock::Virtual => {
                qemu.args(["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-rtc", "clock=vm"])
            }
            Clock::Real => qemu.args(["-accel", "kvm", "-accel", "tcg"]),
        };
        qemu.args(["-smp", "1", "-cpu", "max", "-m", "1024", "-display", "none", "-serial", "stdio"]);
        qemu.args(["-nic", "none", "-no-reboot", "-kernel"])
            .arg(image.kernel(kernel))
            .arg("-initrd")
            .arg(image.initrd());
        let line = format!("console=ttyS0 rdinit=/init panic=-1 quiet mitigations=off LAB_MACHINE={number}");
        qemu.args(["-append", &line]);
        let share = format!("local,path={},mount_tag=job,security_model=none,multidevs=remap", job.display());
        qemu.args(["-virtfs", &share]);
        let errors = log.try_clone().doing(|| "share the console's log".into())?;
        let process =
            qemu.stdin(Stdio::null()).stdout(log).stderr(errors).spawn().doing(|| "start qemu".into())?;
        Ok(Self { process, console })
    }

    /// Whether the machine still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// What the console showed.
    pub(crate) fn console(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.console).unwrap_or_default()).into_owned()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // A process that has ended by itself cannot be killed, and that is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
