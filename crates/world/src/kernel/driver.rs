//! What cfg80211 and a driver below it say to each other: mac80211, or a driver of firmware that connects by itself.
//!
//! An operation is answered at once, as in the kernel, where it runs under the wiphy's mutex. What the driver has to
//! say meanwhile ([`Indication`]) is heard in its order before the answer goes to the party.

use super::KernelSetup;
use super::table::Table;
use crate::air::{KeyPrint, Transmission};
use lapwing_core::Instant;
use lapwing_core::curve::Curves;
use lapwing_core::kernel::{
    AssociateRequest, AuthenticateRequest, ConnectRequest, Connection, Errno, ExternalAuthentication,
    Frequency, KeyKind, Pmksa, Quality, Refusal, ScanRequest,
};
use lapwing_core::radio::Channel;
use lapwing_frames::management::{ReasonCode, StatusCode};
use lapwing_frames::suite::Cipher;
use lapwing_frames::{LinkId, MacAddr, Ssid};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Why something was refused: the error number, and the kernel's words if it has any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Denial(pub Errno, pub Option<&'static str>);

impl From<Errno> for Denial {
    fn from(errno: Errno) -> Self {
        Self(errno, None)
    }
}

impl From<Denial> for Refusal {
    fn from(Denial(errno, words): Denial) -> Self {
        Self { errno, message: words.map(str::to_owned) }
    }
}

/// A key as a driver gets it: by name, since nothing in the world enciphers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// What it protects.
    pub kind: KeyKind,
    /// The link of a group key.
    pub link: Option<LinkId>,
    /// The key index.
    pub index: u8,
    /// The cipher.
    pub cipher: Cipher,
    /// Which key.
    pub print: KeyPrint,
    /// The receive sequence counter to start from.
    pub sequence: u64,
}

/// What cfg80211 wants of a driver.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Tell when the signal of the connection crosses one of these thresholds, in dBm (SoftMAC).
    WatchSignal(Vec<i8>),
    /// May a scan begin? cfg80211 then runs it.
    Scan(ScanRequest),
    /// Authenticate (SoftMAC). The BSS is in the table.
    Authenticate(AuthenticateRequest),
    /// Associate (SoftMAC). The BSSs are in the table.
    Associate(AssociateRequest),
    /// Leave the peer, whatever was reached with it (SoftMAC).
    Deauthenticate {
        /// The AP, or the AP MLD.
        peer: MacAddr,
        /// The reason that the frame carries.
        reason: ReasonCode,
        /// Send no frame.
        local_only: bool,
    },
    /// Add and remove links (SoftMAC). The BSSs of those to add are in the table.
    Reconfigure {
        /// The links to add.
        add: BTreeMap<LinkId, (MacAddr, Frequency)>,
        /// The links to remove.
        remove: BTreeSet<LinkId>,
    },
    /// Connect (FullMAC).
    Connect(Box<ConnectRequest>),
    /// Disconnect, or give up connecting (FullMAC).
    Disconnect(ReasonCode),
    /// The answer to an external authentication (FullMAC).
    AnswerExternalAuthentication {
        /// The BSS.
        bssid: MacAddr,
        /// The network.
        ssid: Ssid,
        /// 0, or why it failed.
        status: StatusCode,
        /// The PMKSA's name.
        pmkid: Option<[u8; 16]>,
    },
    /// An external authentication reached nobody, as the connection has no owner: the return value of
    /// `cfg80211_external_auth_request` (FullMAC).
    ExternalAuthenticationRefused(Errno),
    /// Learn a PMKSA (FullMAC).
    SetPmksa(Pmksa),
    /// Forget a PMKSA (FullMAC).
    DeletePmksa {
        /// The AP, or the AP MLD.
        peer: MacAddr,
        /// The PMKSA's name.
        pmkid: [u8; 16],
    },
    /// Forget all PMKSAs (FullMAC).
    FlushPmksas,
    /// Install a key.
    AddKey(Key),
    /// Delete a key: of a peer, or a group key.
    DeleteKey {
        /// The peer of a pairwise key.
        peer: Option<MacAddr>,
        /// The link of a group key.
        link: Option<LinkId>,
        /// The key index.
        index: u8,
    },
    /// Send with this pairwise key from now on.
    UseKey {
        /// The AP, or the AP MLD.
        peer: MacAddr,
        /// The key index.
        index: u8,
    },
    /// Open the port.
    Authorize(MacAddr),
    /// Send a management frame.
    SendFrame {
        /// The channel, if not the current one.
        frequency: Option<Frequency>,
        /// The frame with its header.
        frame: Vec<u8>,
    },
    /// Send an EAPOL frame.
    SendKeyFrame {
        /// The AP, or the AP MLD.
        to: MacAddr,
        /// From the 802.1X header on.
        bytes: Vec<u8>,
        /// Without protection, whatever keys there are.
        in_clear: bool,
    },
}

/// What a driver answers to an operation that it accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Completion {
    /// Done, or begun.
    Done,
    /// A frame is on its way.
    Sent {
        /// Its name in a status; 0 if the driver gives none.
        cookie: u64,
    },
    /// Not yet: every command waits until [`Indication::Completed`].
    Blocked,
}

/// What happens to a driver, other than by command.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Stimulus {
    /// A frame was received; the air has checked the channel.
    Received(Transmission),
    /// What became of a transmission with a number.
    Transmitted {
        /// The number.
        number: u64,
        /// Whether the receiver acknowledged it.
        acknowledged: bool,
    },
    /// The beacon of a BSS was heard; the table has it already.
    Beacon {
        /// Whose.
        bssid: MacAddr,
        /// Where.
        frequency: Frequency,
    },
    /// No beacons of a BSS come any more.
    BeaconsLost(MacAddr),
    /// Packets in a row are not acknowledged.
    PacketsLost,
    /// The network stack sends a packet.
    Send {
        /// To whom.
        destination: MacAddr,
        /// Its Ethernet type.
        ethertype: u16,
        /// From the network header on.
        payload: Vec<u8>,
    },
    /// The firmware moves to another BSS, if it can.
    Roam(MacAddr),
    /// The interface goes down; cfg80211 has disconnected it already.
    Stop,
    /// The machine goes to sleep; cfg80211 has disconnected the interface already.
    Suspend,
    /// A deadline passed.
    Tick,
}

/// What a driver says to cfg80211, and what it does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Indication {
    /// The answer to an operation that blocked.
    Completed(Result<Completion, Denial>),
    /// An Authentication frame (SoftMAC).
    Authentication(Vec<u8>),
    /// No Authentication frame in time (SoftMAC).
    AuthenticationTimedOut(MacAddr),
    /// A (Re)Association Response with what follows from it (SoftMAC).
    Association {
        /// The frame.
        frame: Vec<u8>,
        /// The outcome.
        connection: Connection,
        /// The channels of its links.
        channels: BTreeMap<Option<LinkId>, Frequency>,
    },
    /// No (Re)Association Response in time, or none that was understood (SoftMAC).
    AssociationTimedOut(MacAddr),
    /// The association was given up (SoftMAC).
    AssociationAbandoned,
    /// The AP wants to be asked again later (SoftMAC).
    AssociationComeback {
        /// The AP.
        peer: MacAddr,
        /// How long.
        after: Duration,
    },
    /// A Deauthentication frame was received or sent (SoftMAC): the connection with its peer is over.
    Deauthentication {
        /// The frame.
        frame: Vec<u8>,
        /// The peer.
        peer: MacAddr,
        /// The reason.
        reason: ReasonCode,
        /// Whether the peer sent it.
        by_peer: bool,
    },
    /// A Disassociation frame was received (SoftMAC).
    Disassociation {
        /// The frame.
        frame: Vec<u8>,
        /// The peer.
        peer: MacAddr,
        /// The reason.
        reason: ReasonCode,
    },
    /// A farewell without protection, which is not obeyed.
    UnprotectedFarewell(Vec<u8>),
    /// Links are gone.
    LinksRemoved(BTreeSet<LinkId>),
    /// The AP MLD answered and links were added.
    LinksAdded {
        /// The frame.
        frame: Vec<u8>,
        /// The links: our address, the AP's, the channel.
        links: BTreeMap<LinkId, (MacAddr, MacAddr, Frequency)>,
    },
    /// The BSS is out of reach: it leaves the table.
    Unlink(MacAddr),
    /// What runs now comes before a scan: that ends.
    AbortScan,
    /// The firmware connected, or failed to. cfg80211 takes note in a later work item.
    ConnectDone(Connection),
    /// The firmware moved. Later, as above.
    Roamed(Connection),
    /// The firmware lost or left the connection. Later, as above.
    Disconnected {
        /// The reason.
        reason: ReasonCode,
        /// Whether the AP ended it.
        by_ap: bool,
    },
    /// The firmware opened the port of this peer. Later, as above.
    PortAuthorized(MacAddr),
    /// The firmware wants SAE done, or no longer: for the owner of the connection alone.
    ExternalAuthentication(ExternalAuthentication),
    /// An EAPOL frame: for the owner of the connection alone.
    KeyFrame {
        /// From whom.
        from: MacAddr,
        /// From the 802.1X header on.
        bytes: Vec<u8>,
        /// Whether it came in clear.
        in_clear: bool,
    },
    /// What became of an EAPOL frame.
    KeyFrameStatus {
        /// Which.
        cookie: u64,
        /// Whether the AP acknowledged it.
        acknowledged: bool,
    },
    /// A management frame that nobody in the kernel handles.
    Frame {
        /// Its channel.
        frequency: Option<Frequency>,
        /// The frame.
        frame: Vec<u8>,
    },
    /// What became of a management frame.
    FrameStatus {
        /// Which.
        cookie: u64,
        /// Whether it was acknowledged.
        acknowledged: bool,
    },
    /// The AP announced a channel switch.
    ChannelSwitchStarted {
        /// The link.
        link: Option<LinkId>,
        /// The coming channel.
        frequency: Frequency,
    },
    /// The channel was switched.
    ChannelSwitched {
        /// The link.
        link: Option<LinkId>,
        /// The channel now.
        frequency: Frequency,
    },
    /// The connection's quality changed.
    Quality(Quality),
    /// Into the air.
    Transmit {
        /// A number, if its status is wanted.
        number: Option<u64>,
        /// The frame.
        transmission: Transmission,
    },
    /// A packet for the network stack.
    Deliver {
        /// From whom.
        source: MacAddr,
        /// Its Ethernet type.
        ethertype: u16,
        /// From the network header on.
        payload: Vec<u8>,
    },
    /// A line of the kernel's log.
    Console(String),
}

/// What a driver may look at and what it says.
pub struct Context<'a> {
    /// The time.
    pub now: Instant,
    /// What never changes.
    pub setup: &'a KernelSetup,
    /// The interface's name.
    pub name: &'a str,
    /// The interface's address.
    pub address: MacAddr,
    /// The channels under the regulatory rules in force.
    pub channels: &'a [Channel],
    /// The BSS table.
    pub table: &'a Table,
    /// The state of the kernel's random numbers.
    pub(super) entropy: &'a mut u64,
    /// What the driver says, in order.
    pub(super) said: &'a mut Vec<Indication>,
}

impl Context<'_> {
    /// Says something to cfg80211, or does something.
    pub fn say(&mut self, indication: Indication) {
        self.said.push(indication);
    }

    /// Writes a line about the interface to the kernel's log, if anybody reads that.
    pub fn log(&mut self, line: impl FnOnce() -> String) {
        if self.setup.words {
            self.said.push(Indication::Console(format!("{}: {}", self.name, line())));
        }
    }

    /// Writes a warning with the place in the source (`WARN_ON`) to the kernel's log, if anybody reads that.
    pub fn warn(&mut self, file: &str, function: &str) {
        if self.setup.words {
            self.said.push(Indication::Console(format!("WARNING: at {file} {function} [mac80211]")));
        }
    }

    /// Whether the radio may use this channel.
    #[must_use]
    pub fn allows(&self, frequency: Frequency) -> bool {
        self.channels.iter().any(|channel| channel.frequency == frequency && !channel.disabled)
    }

    /// The next random number.
    pub fn random(&mut self) -> u64 {
        random(self.entropy)
    }

    /// A random, locally administered address (`eth_random_addr`).
    pub fn random_address(&mut self) -> MacAddr {
        let [a, b, c, d, e, f, ..] = self.random().to_le_bytes();
        MacAddr([a & 0xfe | 2, b, c, d, e, f])
    }
}

/// The next random number (SplitMix64).
pub(super) fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut word = *state;
    word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}

/// What a driver holds of a connection, for truth and for reading back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Association {
    /// The AP, or the AP MLD.
    pub peer: MacAddr,
    /// Whether the port is open.
    pub authorized: bool,
    /// Each link: our address, the AP's, the channel. One without number if it is no multi-link connection.
    pub links: BTreeMap<Option<LinkId>, (MacAddr, MacAddr, Frequency)>,
    /// The links that the entry of the peer has.
    pub station_links: BTreeSet<LinkId>,
    /// The pairwise keys.
    pub pairwise: BTreeMap<u8, KeyPrint>,
    /// The group keys.
    pub group: BTreeMap<(Option<LinkId>, u8), KeyPrint>,
}

/// A driver below cfg80211.
pub trait Driver {
    /// Performs an operation.
    ///
    /// # Errors
    /// What the party gets to read.
    fn operate(&mut self, operation: Operation, context: &mut Context<'_>) -> Result<Completion, Denial>;

    /// Something happens.
    fn happen(&mut self, stimulus: Stimulus, context: &mut Context<'_>);

    /// When it wants a [`Stimulus::Tick`].
    fn deadline(&self) -> Option<Instant>;

    /// The channels that it is on.
    fn frequencies(&self) -> BTreeSet<Frequency>;

    /// What it holds, once it is associated.
    fn association(&self) -> Option<Association>;

    /// Whether something is under way.
    fn busy(&self) -> bool;

    /// Whether there is something to be calculated on curves: firmware that does SAE by itself.
    fn wants_curves(&self) -> bool {
        false
    }

    /// Calculates it.
    fn calculate(&mut self, _curves: &dyn Curves, _context: &mut Context<'_>) {}
}
