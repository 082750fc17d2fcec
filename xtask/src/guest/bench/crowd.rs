//! Access points by the thousand that only answer probes: said to the radio by the driver's own medium, since as many
//! radios would be too much for any machine.

use crate::failure::{Failure, Result};
use crate::guest::netlink::{CONTROLLER, FAMILY_ID, FAMILY_NAME, value};
use rustix::net::netlink::{GENERIC, SocketAddrNetlink};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType, bind, recv, send, socket};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// The channels they are on, in MHz, one after another.
pub(super) const CHANNELS: [u32; 4] = [2412, 2437, 2452, 2462];

/// `CTRL_CMD_GETFAMILY`.
const GET_FAMILY: u8 = 3;

/// Commands and attributes of `MAC80211_HWSIM`.
const REGISTER: u8 = 1;
const FRAME: u8 = 2;
const RECEIVER: u16 = 1;
const TRANSMITTER: u16 = 2;
const OCTETS: u16 = 3;
const RATE: u16 = 5;
const SIGNAL: u16 = 6;
const FREQUENCY: u16 = 19;

/// The first octet of a probe request, and of its answer.
const PROBE_REQUEST: u8 = 0x40;
const PROBE_RESPONSE: u8 = 0x50;

/// How many octets of messages are handed over at once.
const BATCH: usize = 32 << 10;
/// How soon the end of the crowd is noticed.
const LOOK_UP: Duration = Duration::from_millis(500);

/// The access points; they are silent when it is dropped.
#[derive(Debug)]
pub(super) struct Crowd {
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Crowd {
    /// Has an access point with a passphrase for each name. The driver allows no medium over radios of several
    /// channels.
    pub(super) fn gather(names: &[String]) -> Result<Self> {
        let medium = Medium::open().map_err(|error| Failure::System {
            doing: "become the medium of the radios".into(),
            error: error.into(),
        })?;
        let end = Arc::new(AtomicBool::new(false));
        let (seen, names) = (end.clone(), names.to_vec());
        let thread = std::thread::spawn(move || medium.serve(&names, &seen));
        Ok(Self { end, thread: Some(thread) })
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        // A thread that broke is as silent.
        self.thread.take().map(JoinHandle::join);
    }
}

/// The driver's socket.
struct Medium {
    socket: OwnedFd,
    family: u16,
}

impl Medium {
    fn open() -> rustix::io::Result<Self> {
        let socket = socket(AddressFamily::NETLINK, SocketType::RAW, Some(GENERIC))?;
        bind(&socket, &SocketAddrNetlink::new(0, 0))?;
        set_socket_timeout(&socket, Timeout::Recv, Some(LOOK_UP))?;
        let name = attribute(FAMILY_NAME, b"MAC80211_HWSIM\0");
        send(&socket, &message(CONTROLLER, GET_FAMILY, &name), SendFlags::empty())?;
        let mut buffer = vec![0; 1 << 16];
        let (length, _) = recv(&socket, &mut buffer[..], RecvFlags::empty())?;
        let family = messages(buffer.get(..length).unwrap_or_default())
            .find_map(|(_, _, attributes)| value(attributes, FAMILY_ID)?.first_chunk().copied())
            .map(u16::from_ne_bytes)
            .ok_or(rustix::io::Errno::NOENT)?;
        send(&socket, &message(family, REGISTER, &[]), SendFlags::empty())?;
        Ok(Self { socket, family })
    }

    /// Answers every probe with all access points of its channel. What is sent otherwise nobody hears: the driver
    /// forgets it in time.
    fn serve(&self, names: &[String], end: &AtomicBool) {
        let mut buffer = vec![0; 1 << 16];
        while !end.load(Ordering::Relaxed) {
            // Nothing for a while, or so much that some was lost: there will be more.
            let Ok((length, _)) = recv(&self.socket, &mut buffer[..], RecvFlags::empty()) else { continue };
            for (family, command, attributes) in messages(buffer.get(..length).unwrap_or_default()) {
                let probe = (family == self.family && command == FRAME).then(|| probe(attributes)).flatten();
                if let Some((radio, station, frequency)) = probe {
                    self.answer(names, radio, station, frequency);
                }
            }
        }
    }

    fn answer(&self, names: &[String], radio: &[u8], station: &[u8], frequency: u32) {
        let mut batch = Vec::new();
        for (number, name) in names.iter().enumerate() {
            if CHANNELS.get(number % CHANNELS.len()) != Some(&frequency) {
                continue;
            }
            let mut attributes = attribute(RECEIVER, radio);
            attributes.extend(attribute(OCTETS, &probe_response(number, name, station, frequency)));
            attributes.extend(attribute(RATE, &0_u32.to_ne_bytes()));
            attributes.extend(attribute(SIGNAL, &signal(number).to_ne_bytes()));
            attributes.extend(attribute(FREQUENCY, &frequency.to_ne_bytes()));
            batch.extend(message(self.family, FRAME, &attributes));
            if batch.len() > BATCH {
                // A radio that has left the channel hears the rest next time.
                let _ = send(&self.socket, &batch, SendFlags::empty());
                batch.clear();
            }
        }
        let _ = send(&self.socket, &batch, SendFlags::empty());
    }
}

/// Of a frame that is a probe request: the radio that sends it, the address it sends from, and the channel.
fn probe(attributes: &[u8]) -> Option<(&[u8], &[u8], u32)> {
    let octets = value(attributes, OCTETS)?;
    let frequency = u32::from_ne_bytes(*value(attributes, FREQUENCY)?.first_chunk()?);
    let is_probe = octets.first() == Some(&PROBE_REQUEST);
    is_probe.then_some((value(attributes, TRANSMITTER)?, octets.get(10..16)?, frequency))
}

/// How strong an access point is heard, in dBm.
fn signal(number: usize) -> i32 {
    -30 - i32::try_from(number % 60).unwrap_or_default()
}

/// The answer of an access point: WPA2 with a passphrase (802.11-2020 9.3.3.10).
fn probe_response(number: usize, name: &str, station: &[u8], frequency: u32) -> Vec<u8> {
    let [.., high, low] = number.to_be_bytes();
    let bssid = [0x02, 0xc0, 0xff, 0xee, high, low];
    let mut octets = vec![PROBE_RESPONSE, 0, 0, 0];
    octets.extend(station);
    octets.extend(bssid);
    octets.extend(bssid);
    // Sequence, and the time that a beacon counts.
    octets.extend([0; 10]);
    octets.extend(100_u16.to_le_bytes());
    // An ESS, with protection, short preamble and slots.
    octets.extend(0x0431_u16.to_le_bytes());
    let channel = u8::try_from((frequency - 2407) / 5).unwrap_or_default();
    let rsn = [1, 0, 0, 0x0f, 0xac, 4, 1, 0, 0, 0x0f, 0xac, 4, 1, 0, 0, 0x0f, 0xac, 2, 0, 0];
    let rates = [0x82, 0x84, 0x8b, 0x96, 12, 18, 24, 36];
    let elements: [(u8, &[u8]); 4] = [(0, name.as_bytes()), (1, &rates), (3, &[channel]), (48, &rsn)];
    for (id, body) in elements {
        octets.extend([id, u8::try_from(body.len()).unwrap_or_default()]);
        octets.extend(body);
    }
    octets
}

/// A request of generic netlink without an answer but to bad news.
fn message(family: u16, command: u8, attributes: &[u8]) -> Vec<u8> {
    const REQUEST: u16 = 1;
    let length = u32::try_from(20 + attributes.len()).unwrap_or_default();
    let mut octets = length.to_ne_bytes().to_vec();
    octets.extend(family.to_ne_bytes());
    octets.extend(REQUEST.to_ne_bytes());
    octets.extend([0; 8]);
    octets.extend([command, 1, 0, 0]);
    octets.extend(attributes);
    octets
}

fn attribute(kind: u16, payload: &[u8]) -> Vec<u8> {
    let mut octets = u16::try_from(4 + payload.len()).unwrap_or_default().to_ne_bytes().to_vec();
    octets.extend(kind.to_ne_bytes());
    octets.extend(payload);
    octets.resize(octets.len().next_multiple_of(4), 0);
    octets
}

/// The messages of a datagram: family, command and attributes.
fn messages(mut octets: &[u8]) -> impl Iterator<Item = (u16, u8, &[u8])> {
    std::iter::from_fn(move || {
        let length = u32::from_ne_bytes(*octets.first_chunk()?) as usize;
        let family = u16::from_ne_bytes(*octets.get(4..)?.first_chunk()?);
        let (command, attributes) = (*octets.get(16)?, octets.get(20..length)?);
        octets = octets.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((family, command, attributes))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_is_found_in_what_the_driver_says() {
        let mut octets = vec![PROBE_REQUEST, 0, 0, 0];
        octets.extend([0xff; 6]);
        octets.extend([2, 0, 0, 0, 0, 9]);
        let frame = |octets: &[u8]| {
            let mut attributes = attribute(TRANSMITTER, &[0x42, 0, 0, 0, 0, 0]);
            attributes.extend(attribute(OCTETS, octets));
            attributes.extend(attribute(FREQUENCY, &2437_u32.to_ne_bytes()));
            message(30, FRAME, &attributes)
        };
        let both = [frame(&octets), frame(&[0x80; 40])].concat();
        let heard: Vec<_> = messages(&both).collect();
        assert!(heard.iter().all(|(family, command, _)| (*family, *command) == (30, FRAME)));
        let seen = (&[0x42, 0, 0, 0, 0, 0][..], &[2, 0, 0, 0, 0, 9][..], 2437);
        let probes: Vec<_> = heard.iter().map(|(_, _, attributes)| probe(attributes)).collect();
        assert_eq!(probes, [Some(seen), None]);
    }

    #[test]
    fn an_answer_has_its_name_and_channel() {
        let octets = probe_response(258, "known-1", &[2, 0, 0, 0, 0, 9], 2437);
        assert_eq!(octets.get(16..22), Some(&[0x02, 0xc0, 0xff, 0xee, 1, 2][..]));
        assert_eq!(octets.get(36..45), Some(&b"\x00\x07known-1"[..]));
        assert_eq!(octets.get(55..58), Some(&[3, 1, 6][..]));
        assert!(octets.len() < 100);
    }
}
