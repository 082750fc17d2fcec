//! The radio switches: `/dev/rfkill` (`include/uapi/linux/rfkill.h`).

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

lapwing_frames::open_enum! {
    /// What kind of radio a switch is for.
    pub enum RadioKind: u8 {
        /// All of them; only in requests.
        All = 0,
        /// Wi-Fi.
        Wlan = 1,
        /// Bluetooth.
        Bluetooth = 2,
    }
}

lapwing_frames::open_enum! {
    /// What happened to a switch.
    pub enum Operation: u8 {
        /// It is there: new, or at the time of opening.
        Add = 0,
        /// It is gone.
        Delete = 1,
        /// It changed.
        Change = 2,
        /// All of a kind change; only in requests.
        ChangeAll = 3,
    }
}

/// One event: the state of one switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RfkillEvent {
    /// The switch: the number in `/sys/class/rfkill/rfkillN`.
    pub index: u32,
    /// What it switches.
    pub kind: RadioKind,
    /// What happened.
    pub operation: Operation,
    /// Blocked by software; can be undone by software.
    pub soft: bool,
    /// Blocked by hardware: a switch on the machine, or the firmware.
    pub hard: bool,
}

impl RfkillEvent {
    /// Reads an event. Newer kernels append octets; they are ignored.
    #[must_use]
    pub fn decode(octets: &[u8]) -> Option<Self> {
        let (&[a, b, c, d, kind, operation, soft, hard], _newer) = octets.split_first_chunk::<8>()?;
        Some(Self {
            index: u32::from_ne_bytes([a, b, c, d]),
            kind: RadioKind(kind),
            operation: Operation(operation),
            soft: soft != 0,
            hard: hard != 0,
        })
    }
}

/// Sets a switch's soft block, or lifts it.
///
/// # Errors
/// Those of the system calls: `NotFound` on a machine without rfkill.
pub fn set_soft(index: u32, blocked: bool) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(DEVICE)?;
    file.write_all(&request(index, blocked))
}

/// The request to change one switch (`struct rfkill_event`).
fn request(index: u32, blocked: bool) -> [u8; 8] {
    let [a, b, c, d] = index.to_ne_bytes();
    [a, b, c, d, RadioKind::Wlan.0, Operation::Change.0, u8::from(blocked), 0]
}

/// The name of the radio that a switch belongs to, such as `phy0`.
#[must_use]
pub fn radio_of(index: u32) -> Option<String> {
    let device = std::fs::read_link(format!("/sys/class/rfkill/rfkill{index}/device")).ok()?;
    Some(device.file_name()?.to_str()?.to_owned())
}

const DEVICE: &str = "/dev/rfkill";

/// The reader of `/dev/rfkill`. On opening, the kernel first tells of each switch as [`Operation::Add`].
#[derive(Debug)]
pub struct Rfkill {
    file: File,
}

impl Rfkill {
    /// Opens `/dev/rfkill`.
    ///
    /// # Errors
    /// That of the system call: `NotFound` on a machine without rfkill, which then blocks nothing.
    pub fn open() -> io::Result<Self> {
        Self::open_path(Path::new(DEVICE))
    }

    fn open_path(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
        Ok(Self { file })
    }

    /// The next event; nothing if there is none now.
    ///
    /// # Errors
    /// That of the system call.
    pub fn receive(&mut self) -> io::Result<Option<RfkillEvent>> {
        let mut octets = [0; 64];
        match self.file.read(&mut octets) {
            // Each read gives exactly one event.
            Ok(count) => Ok(octets.get(..count).and_then(RfkillEvent::decode)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl AsFd for Rfkill {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_new_events() {
        let [a, b, c, d] = 3_u32.to_ne_bytes();
        let octets = [a, b, c, d, 1, 2, 0, 1, 0xff];
        let event = RfkillEvent::decode(&octets).unwrap();
        assert_eq!(event, RfkillEvent::decode(&octets[..8]).unwrap());
        assert_eq!(
            event,
            RfkillEvent {
                index: 3,
                kind: RadioKind::Wlan,
                operation: Operation::Change,
                soft: false,
                hard: true
            }
        );
        for length in 0..8 {
            assert_eq!(RfkillEvent::decode(&octets[..length]), None);
        }
        let asked = RfkillEvent::decode(&request(7, true)).unwrap();
        assert_eq!((asked.index, asked.kind, asked.operation), (7, RadioKind::Wlan, Operation::Change));
        assert!(asked.soft && !asked.hard);
    }

    #[test]
    fn reads_from_a_descriptor_without_blocking() {
        let path = std::env::temp_dir().join(format!("lapwing-rfkill-{}", std::process::id()));
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        let mut rfkill = Rfkill::open_path(&path).unwrap();
        let mut writer = OpenOptions::new().write(true).open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(rfkill.receive().unwrap(), None);
        Write::write_all(&mut writer, &[0, 0, 0, 0, 1, 0, 1, 0]).unwrap();
        assert!(rfkill.receive().unwrap().unwrap().soft);
    }
}
