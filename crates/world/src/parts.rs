//! What the parts say to each other. Each part has the core's shape: `turn(now, input, out)` and a deadline.

use crate::air::{Beacon, Transmission};
use lapwing_core::ap::mobility;
use lapwing_core::attempt::Ticket;
use lapwing_core::kernel::{Frequency, KernelEvent, Refusal, Reply, Request};
use lapwing_core::radio::Channel;
use lapwing_frames::management::ReasonCode;
use lapwing_frames::{LinkId, MacAddr, Ssid};
use std::fmt;
use std::time::Duration;

/// The EtherType of EAPOL.
pub(crate) const EAPOL: u16 = 0x888e;

/// What a party asks of the kernel: a station's request, or one of those that Lapwing never makes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// A request that the product has a word for.
    Request(Request),
    /// `DEL_KEY`: other supplicants delete keys; the kernel does so by itself on every disconnection.
    DeleteKey {
        /// The peer of a pairwise key; none for a group key.
        peer: Option<MacAddr>,
        /// The link, if one is named (`NL80211_ATTR_MLO_LINK_ID`).
        link: Option<LinkId>,
        /// The key index.
        index: u8,
    },
}

impl Command {
    /// The name of the nl80211 command.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Request(request) => request.name(),
            Self::DeleteKey { .. } => "DEL_KEY",
        }
    }
}

/// What comes out of the kernel's socket, in this order; on radios that do not carry EAPOL over it, key frames come
/// from a socket of their own, in no order with the rest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// The answer to a command.
    Completed {
        /// Which.
        ticket: Ticket,
        /// With what.
        outcome: Result<Reply, Refusal>,
    },
    /// An event.
    Event(KernelEvent),
    /// The socket had no room (ENOBUFS): events were lost.
    EventsLost,
}

/// What happens to the kernel (and the radio below it).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KernelInput {
    /// The party asks for something.
    Command {
        /// The request's number.
        ticket: Ticket,
        /// The command.
        command: Command,
    },
    /// Another program on the machine asks for something: nobody here reads the answer.
    Rival(Command),
    /// A frame was received: the air has checked the channel, not the address.
    Received(Transmission),
    /// What became of a transmission that wanted to know.
    Transmitted {
        /// The number of [`KernelOutput::Transmit`].
        number: u64,
        /// Whether the receiver acknowledged it.
        acknowledged: bool,
    },
    /// What was heard on the channels of [`KernelOutput::Listen`]; the scan ends with it.
    Heard(Vec<Beacon>),
    /// The beacon of a BSS has changed (or is heard again). Said of BSSs on channels that the radio is on.
    Beacon(Beacon),
    /// No beacons of this BSS come any more.
    BeaconsLost(MacAddr),
    /// Packets in a row are not acknowledged, so many that the driver counts them.
    PacketsLost,
    /// The host's network stack sends a packet.
    Send {
        /// To whom.
        destination: MacAddr,
        /// Its Ethernet type.
        ethertype: u16,
        /// From the network header on.
        payload: Vec<u8>,
    },
    /// The interface is set up or down.
    SetUp(bool),
    /// The radio is blocked (rfkill), or no longer.
    Block(bool),
    /// The machine sleeps for so long: no part of the kernel runs meanwhile.
    Sleep(Duration),
    /// The regulatory rules changed: these are the channels now.
    Regulatory(Vec<Channel>),
    /// The interface has another name.
    Rename(String),
    /// The interface, which is down, gets another address.
    SetAddress(MacAddr),
    /// The interface is taken away.
    Remove,
    /// The party's socket closed: it is gone.
    OwnerGone,
    /// The socket overflows: what is on its way to the party is lost.
    Overflow,
    /// The firmware moves to another BSS, if it can.
    Roam(MacAddr),
    /// Nothing but time.
    Tick,
}

/// What the kernel does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KernelOutput {
    /// To the party, over its one socket.
    Message(Message),
    /// Into the air.
    Transmit {
        /// A number for its status, if that is wanted.
        number: Option<u64>,
        /// The frame.
        transmission: Transmission,
    },
    /// The radio visits channels: [`KernelInput::Heard`] follows when it has.
    Listen {
        /// Which.
        frequencies: Vec<Frequency>,
        /// Which names it probes for; none: it only listens.
        ssids: Vec<Ssid>,
    },
    /// A packet for the host's network stack.
    Deliver {
        /// From whom.
        source: MacAddr,
        /// Its Ethernet type.
        ethertype: u16,
        /// From the network header on.
        payload: Vec<u8>,
    },
    /// A line of the kernel's log (`dmesg`).
    Console(String),
}

/// What happens to an access point.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ApInput {
    /// A frame was received on one of its links.
    Received(Transmission),
    /// The distribution system sends a packet to a client.
    Send {
        /// From whom.
        source: MacAddr,
        /// To which client, or a group.
        destination: MacAddr,
        /// Its Ethernet type.
        ethertype: u16,
        /// From the network header on.
        payload: Vec<u8>,
    },
    /// Another access point of its mobility domain says something.
    Told(Box<mobility::Message>),
    /// Its administrator wants something.
    Order(ApOrder),
    /// Nothing but time.
    Tick,
}

/// What an access point's administrator, or its fate, wants of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ApOrder {
    /// The power fails: no goodbye, and all is forgotten but the configuration.
    PowerOff,
    /// The power is back.
    PowerOn,
    /// A proper end: every client is deauthenticated, then silence.
    Stop,
    /// It forgets its PMKSAs.
    ForgetPmksas,
    /// It throws its clients out, with this reason.
    ThrowOut(ReasonCode),
    /// It renews its group keys.
    RenewGroupKeys,
    /// It changes its channel (of one link, or of the only BSS), with an announcement.
    SwitchChannel {
        /// The link, of an AP MLD.
        link: Option<LinkId>,
        /// The coming channel.
        to: Frequency,
    },
    /// It removes a link, announced for so many beacons.
    RemoveLink {
        /// Which.
        link: LinkId,
        /// The countdown, in beacons.
        beacons: u16,
    },
    /// It adds a link that it had before.
    AddLink(LinkId),
    /// It can no longer be heard (or no longer hear): its state stays.
    Fade(bool),
    /// The station hears it as strong as this from now on, in dBm.
    Signal(i8),
    /// It asks its clients to go elsewhere (BSS transition management), and perhaps says that it is about to end their
    /// connections.
    SendAway {
        /// Whether it says so.
        leaves: bool,
    },
}

impl fmt::Display for ApOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PowerOff => f.write_str("loses its power"),
            Self::PowerOn => f.write_str("has power again"),
            Self::Stop => f.write_str("is shut down"),
            Self::ForgetPmksas => f.write_str("forgets its PMKSAs"),
            Self::ThrowOut(reason) => write!(f, "throws its clients out, reason {reason}"),
            Self::RenewGroupKeys => f.write_str("renews its group keys"),
            Self::SwitchChannel { link: Some(link), to } => write!(f, "moves link {link} to {to}"),
            Self::SwitchChannel { link: None, to } => write!(f, "moves to {to}"),
            Self::RemoveLink { link, beacons } => write!(f, "removes link {link}, in {beacons} beacons"),
            Self::AddLink(link) => write!(f, "adds link {link}"),
            Self::Fade(true) => f.write_str("is out of range"),
            Self::Fade(false) => f.write_str("is within range again"),
            Self::Signal(dbm) => write!(f, "is heard with {dbm} dBm"),
            Self::SendAway { leaves: false } => f.write_str("asks its clients to go elsewhere"),
            Self::SendAway { leaves: true } => f.write_str("tells its clients that it is about to end"),
        }
    }
}

/// What an access point does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ApOutput {
    /// Into the air.
    Transmit(Transmission),
    /// Its beacon on a link is another one from now on.
    Beacon(Beacon),
    /// It stopped beaconing on a link.
    Silence(MacAddr),
    /// To the distribution system: a client sends a packet.
    Deliver {
        /// The client.
        source: MacAddr,
        /// For whom.
        destination: MacAddr,
        /// Its Ethernet type.
        ethertype: u16,
        /// From the network header on.
        payload: Vec<u8>,
    },
    /// To the other access points of its mobility domain.
    Tell(mobility::Message),
    /// A line for its lane in the timeline.
    Note(String),
}
