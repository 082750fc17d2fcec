//! What the daemon does to the machine and what it hears from it, as one narrow trait.
//!
//! The product's implementation is [`crate::linux::Linux`]; tests script their own. Both ends are values,
//! so that a whole run of the daemon can be written down.

use crate::netconf::configuration::Route;
use crate::netconf::dhcp6::Wish;
use crate::netconf::settings::Prefix;
use crate::netconf::{Advertised, Lifetimes, Resolver};
use lapwing_core::Duration;
use lapwing_core::attempt::Ticket;
use lapwing_core::kernel::{
    Frequency, Interface, InterfaceState, KernelEvent, Refusal, Reply, Request, ScanEntry,
};
use lapwing_core::radio::Radio;
use lapwing_core::{ad_hoc, ap};
use lapwing_frames::{MacAddr, Ssid};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use lapwing_linux::hardware::Hardware;
pub use lapwing_linux::nl80211::{Regulatory, StationFigures};
pub use lapwing_linux::packet::PacketKind;
pub use lapwing_linux::rivals::Rival;

/// An interface of station type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it is.
    pub interface: Interface,
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: MacAddr,
    /// The one that it has from its maker.
    pub permanent: MacAddr,
    /// What its radio can do.
    pub radio: Radio,
    /// Whether its radio can be in ad-hoc networks.
    pub ad_hoc: bool,
    /// Whether it is up.
    pub up: bool,
    /// Its radio's name, such as `phy0`.
    pub radio_name: String,
    /// The maker and the model of its radio, as far as the hardware tells.
    pub hardware: Hardware,
}

/// What keeps a radio silent (rfkill).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Block {
    /// A soft block: [`Command::SetRadioBlocked`] lifts it.
    Soft,
    /// A switch on the machine, or its firmware: only a hand lifts it.
    Hard,
}

/// What an interface is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// It joins networks.
    Station,
    /// It is a network.
    AccessPoint,
    /// It is in a network without access points.
    AdHoc,
}

/// Why a network cannot use this machine's connections. Its hosts reach this machine and, unless they are kept apart,
/// each other all the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotShared {
    /// The kernel has no nf_tables, or not what translates addresses.
    #[error(
        "the kernel cannot translate addresses ({0}): load or enable nf_tables, nft_chain_nat, nft_masq and nft_ct"
    )]
    NoTranslation(Refusal),
    /// The kernel refuses the rules.
    #[error("the kernel refuses the rules that translate addresses: {0}")]
    Refused(Refusal),
    /// The kernel does not pass packets on.
    #[error("net.ipv4.ip_forward cannot be set ({0}): set it to 1 by hand where /proc/sys is read-only")]
    NoForwarding(Refusal),
}

/// What an address is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It can be used.
    Usable,
    /// It is not there, or not yet known to be ours alone.
    Unusable,
    /// Somebody else has it (RFC 4862 5.4.5).
    Taken,
}

/// Something to be done. Nothing waits for it; what comes of it is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Run this interface from now on: register for its frames, and set it up.
    Adopt(Interface),
    /// Make an interface of station type, which goes when this program ends; it appears as any other. Nothing is done
    /// for a radio that has one by now.
    MakeInterface {
        /// The radio.
        wiphy: u32,
        /// The interface's name.
        name: String,
    },
    /// Ask for a station; [`Heard::Answered`] follows, once.
    Ask {
        /// The interface.
        interface: Interface,
        /// The request's number.
        ticket: Ticket,
        /// The request.
        request: Request,
    },
    /// Use an interface for something else; [`Heard::ModeSet`] follows, once. It is up then, without BSS or links.
    /// An access point is registered for the frames of its clients.
    SetMode {
        /// The interface.
        ifindex: u32,
        /// What for.
        mode: Mode,
    },
    /// Ask for an access point; [`Heard::Served`] follows, once, in the order of the requests.
    Serve {
        /// The interface.
        ifindex: u32,
        /// The request's number.
        number: u64,
        /// The request.
        request: ap::Request,
    },
    /// Have an access point look for other networks; [`Heard::Surveyed`] follows, once to begin, and once more if it
    /// began.
    ScanAsAccessPoint {
        /// The interface.
        ifindex: u32,
    },
    /// Join an ad-hoc network, or begin it; [`Heard::AdHoc`] follows, and [`AdHocEvent::Answered`] once.
    JoinAdHoc {
        /// The interface.
        ifindex: u32,
        /// The network's name.
        ssid: Ssid,
        /// On which channel.
        frequency: Frequency,
        /// The RSNE of its beacons, whole, if it is protected.
        rsne: Option<Vec<u8>>,
    },
    /// Ask for a member of a protected ad-hoc network; [`AdHocEvent::Done`] follows, once.
    AskAdHoc {
        /// The interface.
        ifindex: u32,
        /// The request's number.
        number: u64,
        /// The request.
        request: ad_hoc::Request,
    },
    /// Leave it; [`AdHocEvent::Answered`] follows, once.
    LeaveAdHoc {
        /// The interface.
        ifindex: u32,
    },
    /// Do something on whichever channel, beside what the interface does.
    OffChannel {
        /// The interface.
        ifindex: u32,
        /// What.
        what: OffChannel,
    },
    /// Read the kernel's side of an interface; [`Heard::InterfaceRead`] follows, once.
    ReadInterface {
        /// The interface.
        ifindex: u32,
    },
    /// Read the figures of a link; [`Heard::Diagnosed`] follows, once.
    Diagnose {
        /// The interface.
        ifindex: u32,
    },
    /// Read the figures of the clients of an access point; [`Heard::ClientsDiagnosed`] follows, once.
    DiagnoseClients {
        /// The interface.
        ifindex: u32,
    },
    /// Set an interface up or down; [`Heard::Powered`] follows, once. It stays down until it is set up again,
    /// whatever becomes of the radio's block meanwhile.
    SetPowered {
        /// The interface.
        ifindex: u32,
        /// Up or down.
        on: bool,
    },
    /// Block a radio softly, or lift its soft block; [`Heard::RadioSwitched`] follows, once.
    SetRadioBlocked {
        /// The radio.
        wiphy: u32,
        /// Whether to block it.
        blocked: bool,
    },
    /// Tell the network stack whether the port is open.
    SetPort {
        /// The interface.
        ifindex: u32,
        /// Whether it is.
        open: bool,
    },
    /// Listen for DHCP, DHCPv6 and ARP; what is heard after it was to stop means nothing.
    Listen {
        /// The interface.
        ifindex: u32,
        /// Whether to.
        on: bool,
    },
    /// Listen for the messages of DHCP clients too, where this machine is their server; what is heard after it was
    /// to stop means nothing.
    ListenForClients {
        /// The interface.
        ifindex: u32,
        /// Whether to.
        on: bool,
    },
    /// Say what the interface has of IPv6: its addresses, and what routers say is to be had; [`Heard::LinkLocal`],
    /// [`Heard::Address6`] and [`Heard::Routers`] follow as far as there is something to be said.
    ReadIpv6 {
        /// The interface.
        ifindex: u32,
    },
    /// Say what a network of our own has to fit into; [`Heard::Surroundings`] follows, once.
    ReadSurroundings,
    /// Let the hosts of a network behind an interface use this machine's other connections, by its addresses (NAT);
    /// [`Heard::Shared`] follows, once.
    Share {
        /// The interface.
        ifindex: u32,
        /// The network.
        network: Prefix<Ipv4Addr>,
    },
    /// Let them no longer. What an earlier process has shared has ended when this one starts.
    Unshare {
        /// The interface.
        ifindex: u32,
    },
    /// Send a packet.
    Send {
        /// The interface.
        ifindex: u32,
        /// Of what kind.
        kind: PacketKind,
        /// To which link address.
        to: MacAddr,
        /// From the network header on.
        octets: Vec<u8>,
    },
    /// Add an address, or renew its lifetime.
    SetAddress {
        /// The interface.
        ifindex: u32,
        /// The address.
        address: Prefix<IpAddr>,
        /// How long it holds.
        lifetimes: Lifetimes,
    },
    /// Remove an address.
    RemoveAddress {
        /// The interface.
        ifindex: u32,
        /// The address.
        address: Prefix<IpAddr>,
    },
    /// Add a route.
    SetRoute {
        /// The interface.
        ifindex: u32,
        /// The route.
        route: Route,
    },
    /// Remove a route.
    RemoveRoute {
        /// The interface.
        ifindex: u32,
        /// The route.
        route: Route,
    },
    /// Switch IPv6 off, or leave it as the administrator set it.
    EnableIpv6 {
        /// The interface's name.
        name: String,
        /// On or off.
        on: bool,
    },
    /// Use these name servers for the interface; none of it any more if nothing.
    Resolve {
        /// The interface's name.
        name: String,
        /// The name servers.
        resolver: Option<Resolver>,
    },
}

/// What is done on whichever channel, for device provisioning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OffChannel {
    /// Be told of the protocol's frames from now on.
    Hear {
        /// Whether of those that are sent to groups too, if the radio can.
        groups: bool,
    },
    /// Send a frame; [`Heard::OffChannelSent`] follows, once.
    Send {
        /// The request's number.
        number: u64,
        /// The channel.
        frequency: Frequency,
        /// How long to stay there; nothing on the channel where the interface is.
        wait: Duration,
        /// The whole frame with its header, without FCS.
        bytes: Vec<u8>,
    },
    /// Listen on a channel.
    Listen {
        /// The channel.
        frequency: Frequency,
        /// How long.
        wait: Duration,
    },
    /// Stay no longer where a frame was sent.
    Return {
        /// The kernel's name for it.
        cookie: u64,
    },
}

/// What becomes of [`Command::ScanAsAccessPoint`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SurveyEvent {
    /// Whether it has begun. `EOPNOTSUPP`: the radio cannot.
    Begun(Result<(), Refusal>),
    /// It has ended: all that the kernel knows.
    Ended(Result<Vec<ScanEntry>, Refusal>),
}

/// What is heard of an ad-hoc network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdHocEvent {
    /// The answer to [`Command::JoinAdHoc`] or [`Command::LeaveAdHoc`], whichever was asked.
    Answered(Result<(), Refusal>),
    /// The interface is in the network.
    Joined,
    /// Another one is in it.
    PeerCame(MacAddr),
    /// Another one is not in it any more.
    PeerLeft(MacAddr),
    /// An EAPOL frame came.
    KeyFrame {
        /// Who sent it.
        from: MacAddr,
        /// The frame from the 802.1X header on.
        bytes: Vec<u8>,
        /// Whether it was protected by the pairwise key.
        protected: bool,
    },
    /// The answer to [`Command::AskAdHoc`].
    Done {
        /// The request's number.
        number: u64,
        /// What came of it.
        outcome: Result<ad_hoc::Reply, Refusal>,
    },
}

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// An interface of station type is there.
    Appeared(Found),
    /// An interface is gone.
    Gone {
        /// Its index.
        ifindex: u32,
    },
    /// A radio has no interface; said once.
    BareRadio {
        /// The radio.
        wiphy: u32,
        /// Its name.
        radio_name: String,
        /// The name that an interface of it could have.
        name: String,
        /// Whether it has just come: its driver may be about to make one.
        fresh: bool,
    },
    /// An interface was renamed.
    Renamed {
        /// Its index.
        ifindex: u32,
        /// Its name now.
        name: String,
    },
    /// A radio's capabilities or channels changed.
    RadioChanged {
        /// The radio.
        wiphy: u32,
        /// What it can do now.
        radio: Radio,
    },
    /// The answer to [`Command::Ask`].
    Answered {
        /// The interface.
        ifindex: u32,
        /// The request's number.
        ticket: Ticket,
        /// What came of it.
        outcome: Result<Reply, Refusal>,
    },
    /// The answer to [`Command::SetMode`].
    ModeSet {
        /// The interface.
        ifindex: u32,
        /// What came of it; it is of the old type still if it was refused.
        outcome: Result<(), Refusal>,
    },
    /// The answer to [`Command::Serve`].
    Served {
        /// The interface.
        ifindex: u32,
        /// The request's number.
        number: u64,
        /// What came of it.
        outcome: Result<ap::Reply, Refusal>,
    },
    /// The answer to [`Command::ReadSurroundings`].
    Surroundings {
        /// The networks that this machine reaches, but for the default route.
        networks: Vec<Prefix<Ipv4Addr>>,
        /// The name servers that it uses and that other machines can reach too; none if none are known.
        name_servers: Vec<Ipv4Addr>,
    },
    /// The answer to [`Command::Share`].
    Shared {
        /// The interface.
        ifindex: u32,
        /// Nothing of it is left if it could not be done.
        outcome: Result<(), NotShared>,
    },
    /// What became of a frame of [`Command::Serve`].
    FrameServed {
        /// The interface.
        ifindex: u32,
        /// The request's number.
        number: u64,
        /// Whether its receiver acknowledged it.
        acknowledged: bool,
    },
    /// Something for an access point.
    AccessPoint {
        /// The interface.
        ifindex: u32,
        /// What.
        event: ap::KernelEvent,
    },
    /// What becomes of [`Command::ScanAsAccessPoint`].
    Surveyed {
        /// The interface.
        ifindex: u32,
        /// What.
        event: SurveyEvent,
    },
    /// Something for an interface in an ad-hoc network.
    AdHoc {
        /// The interface.
        ifindex: u32,
        /// What.
        event: AdHocEvent,
    },
    /// What the country's rules are for a radio; told unasked, and again when they change.
    Regulatory {
        /// The radio.
        wiphy: u32,
        /// The rules.
        rules: Regulatory,
    },
    /// The answer to [`OffChannel::Send`].
    OffChannelSent {
        /// The interface.
        ifindex: u32,
        /// The request's number.
        number: u64,
        /// The kernel's name for the frame, by which its fate is told.
        outcome: Result<u64, Refusal>,
    },
    /// The answer to [`Command::ReadInterface`].
    InterfaceRead {
        /// The interface.
        ifindex: u32,
        /// What it is in the kernel.
        outcome: Result<Box<InterfaceState>, Refusal>,
    },
    /// The answer to [`Command::Diagnose`].
    Diagnosed {
        /// The interface.
        ifindex: u32,
        /// The figures of its peer; none if it has no peer.
        outcome: Result<Option<Box<StationFigures>>, Refusal>,
    },
    /// The answer to [`Command::DiagnoseClients`].
    ClientsDiagnosed {
        /// The interface.
        ifindex: u32,
        /// The figures of each.
        outcome: Result<Vec<StationFigures>, Refusal>,
    },
    /// Which other programs run an interface that is run, or another one of its radio, has changed.
    Rivals {
        /// The interface.
        ifindex: u32,
        /// All of them; none if the last one ended.
        rivals: Vec<Rival>,
    },
    /// The answer to [`Command::SetPowered`].
    Powered {
        /// The interface.
        ifindex: u32,
        /// What came of it.
        outcome: Result<(), Refusal>,
    },
    /// The answer to [`Command::SetRadioBlocked`]. `EOPNOTSUPP`: the radio has no switch.
    RadioSwitched {
        /// The radio.
        wiphy: u32,
        /// What came of it.
        outcome: Result<(), Refusal>,
    },
    /// A radio is blocked, or no longer; not said of one that was never blocked.
    RadioBlocked {
        /// The radio.
        wiphy: u32,
        /// By what, a switch of hardware before a soft block; by nothing any more if none.
        by: Option<Block>,
    },
    /// Something for a station; for all of them without an interface.
    Station {
        /// The interface.
        ifindex: Option<u32>,
        /// What.
        event: KernelEvent,
    },
    /// Events were lost.
    EventsLost,
    /// A packet came.
    Packet {
        /// The interface.
        ifindex: u32,
        /// Of what kind.
        kind: PacketKind,
        /// The sender's link address.
        source: MacAddr,
        /// From the network header on.
        octets: Vec<u8>,
    },
    /// What an IPv6 address of global scope is good for has changed, perhaps.
    Address6 {
        /// The interface.
        ifindex: u32,
        /// The address.
        address: Ipv6Addr,
        /// What it is good for now.
        standing: Standing,
    },
    /// The interface's own address on the link can be used, or no longer.
    LinkLocal {
        /// The interface.
        ifindex: u32,
        /// The address.
        address: Option<Ipv6Addr>,
    },
    /// What routers say is to be had of DHCPv6 servers.
    Routers {
        /// The interface.
        ifindex: u32,
        /// What.
        wish: Wish,
    },
    /// A router said where names are looked up.
    Advertised {
        /// The interface.
        ifindex: u32,
        /// What it said.
        advertised: Advertised,
    },
    /// Something worth a line in the log.
    Trouble(String),
}

/// The machine.
pub trait Kernel {
    /// Does something.
    fn perform(&mut self, command: Command);

    /// What was heard next; nothing if nothing is there now.
    ///
    /// # Errors
    /// If the kernel cannot be heard any more.
    fn receive(&mut self) -> io::Result<Option<Heard>>;
}
