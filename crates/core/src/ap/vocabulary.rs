//! What an access point hears, what it asks of the kernel, and what it reports.

use super::mobility::Message;
use crate::kernel::{ChannelDefinition, KeyRequest};
use alloc::{boxed::Box, vec::Vec};
use lapwing_frames::{
    LinkId, MacAddr, Ssid,
    management::{AssociationId, CapabilityInformation, ReasonCode},
};

/// What happens to an access point.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event<'a> {
    /// The interface is up, and has no links: begin.
    Start,
    /// The interface was set down, or the radio is gone: the kernel has forgotten everything.
    Down,
    /// A management frame came. The kernel has put the MLD's addresses in place of those of a link where it
    /// knows the client, and has decrypted it.
    Frame {
        /// The link that it came on, of an AP MLD.
        link: Option<LinkId>,
        /// The whole frame with its header, without FCS.
        bytes: &'a [u8],
        /// Whether it was protected by the client's key.
        protected: bool,
    },
    /// An EAPOL frame came over the control port.
    KeyFrame {
        /// The client: its MLD address if it uses links.
        from: MacAddr,
        /// The frame from the 802.1X header on.
        bytes: &'a [u8],
        /// Whether it was protected by the client's key.
        protected: bool,
    },
    /// A frame came that only an associated client may send, from somebody who is none
    /// (`NL80211_CMD_UNEXPECTED_FRAME`).
    Stranger {
        /// The link that it came on, of an AP MLD.
        link: Option<LinkId>,
        /// Who sent it.
        from: MacAddr,
    },
    /// Nothing was heard of a client for longer than the driver waits (the inactive time of `GET_STATION`), and it
    /// did not answer a probe.
    Silent {
        /// The client.
        station: MacAddr,
    },
    /// A channel switch is complete.
    ChannelSwitched {
        /// The link, of an AP MLD.
        link: Option<LinkId>,
        /// The channel now.
        channel: ChannelDefinition,
    },
    /// The kernel did not do what was asked: a request that serves a client ends with the client.
    Refused(&'a Request),
    /// The kernel did what was asked.
    Answered {
        /// What.
        request: &'a Request,
        /// What it said to it.
        reply: Reply,
    },
    /// A frame of [`Request::SendFrame`] went out.
    Sent {
        /// The request.
        request: &'a Request,
        /// Whether its receiver acknowledged it.
        acknowledged: bool,
    },
    /// Another access point of the network or mobility domain says something.
    Told(&'a Message),
    /// The administrator wants something.
    Order(Order),
    /// Nothing but time.
    Tick,
}

/// What the kernel answers to a request that it has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// It is done.
    Done,
    /// To [`Request::ReadPacketNumber`]: the number of the last packet that was sent with the key; 0 if none was.
    PacketNumber(u64),
}

/// What the kernel tells of an access point unasked, by a value that owns what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KernelEvent {
    /// See [`Event::Frame`].
    Frame {
        /// The link that it came on, of an AP MLD.
        link: Option<LinkId>,
        /// The whole frame with its header, without FCS.
        bytes: Vec<u8>,
        /// Whether it was protected by the client's key.
        protected: bool,
    },
    /// See [`Event::KeyFrame`].
    KeyFrame {
        /// The client.
        from: MacAddr,
        /// The frame from the 802.1X header on.
        bytes: Vec<u8>,
        /// Whether it was protected by the client's key.
        protected: bool,
    },
    /// See [`Event::Stranger`].
    Stranger {
        /// The link that it came on, of an AP MLD.
        link: Option<LinkId>,
        /// Who sent it.
        from: MacAddr,
    },
    /// See [`Event::Silent`].
    Silent {
        /// The client.
        station: MacAddr,
    },
    /// See [`Event::ChannelSwitched`].
    ChannelSwitched {
        /// The link, of an AP MLD.
        link: Option<LinkId>,
        /// The channel now.
        channel: ChannelDefinition,
    },
    /// The kernel ended a BSS by itself (`NL80211_CMD_STOP_AP`), or the interface went down: see [`Event::Down`].
    Stopped,
}

impl KernelEvent {
    /// The event for [`AccessPoint::turn`](super::AccessPoint::turn).
    #[must_use]
    pub fn event(&self) -> Event<'_> {
        match self {
            Self::Frame { link, bytes, protected } => {
                Event::Frame { link: *link, bytes, protected: *protected }
            }
            Self::KeyFrame { from, bytes, protected } => {
                Event::KeyFrame { from: *from, bytes, protected: *protected }
            }
            Self::Stranger { link, from } => Event::Stranger { link: *link, from: *from },
            Self::Silent { station } => Event::Silent { station: *station },
            Self::ChannelSwitched { link, channel } => {
                Event::ChannelSwitched { link: *link, channel: *channel }
            }
            Self::Stopped => Event::Down,
        }
    }
}

/// What the administrator wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Say goodbye to everybody and end. [`Event::Start`] begins anew.
    Stop,
    /// Forget the PMKSAs.
    ForgetPmksas,
    /// Throw out every client.
    ThrowOut(ReasonCode),
    /// Throw out one client.
    Expel {
        /// The client, by any address of it.
        station: MacAddr,
        /// The reason that it is told.
        reason: ReasonCode,
    },
    /// Renew the group keys of all links.
    RenewGroupKeys,
    /// Renew the pairwise key of a client.
    RenewPairwiseKey(MacAddr),
    /// Go to another channel.
    SwitchChannel {
        /// The link, of an AP MLD.
        link: Option<LinkId>,
        /// The coming channel.
        to: ChannelDefinition,
        /// The announcement, in beacons.
        beacons: u8,
    },
    /// Remove a link. The last one stays.
    RemoveLink {
        /// Which.
        link: LinkId,
        /// The announcement, in beacons.
        beacons: u16,
    },
    /// Add a link of the setup that was removed.
    AddLink(LinkId),
}

/// What an access point does, in the order in which it must happen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Ask this of the kernel.
    Request(Request),
    /// Something worth knowing.
    Report(Report),
    /// Tell the other access points of the network or mobility domain. It carries keys: nobody else may hear it.
    Tell(Message),
}

/// What a BSS has in its beacons (`START_AP`, `SET_BEACON`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Announcement {
    /// The link, of an AP MLD.
    pub link: Option<LinkId>,
    /// Its address.
    pub bssid: MacAddr,
    /// Its channel.
    pub channel: ChannelDefinition,
    /// The beacon interval, in time units of 1,024 µs.
    pub interval: u16,
    /// The Capability Information field.
    pub capability: CapabilityInformation,
    /// The network's name, hidden or not.
    pub ssid: Ssid,
    /// Whether the beacon leaves the name out.
    pub hidden: bool,
    /// The elements of the beacon in front of the TIM, which the kernel makes.
    pub head: Vec<u8>,
    /// The elements behind it.
    pub tail: Vec<u8>,
    /// The elements of a probe response.
    pub probe_response: Vec<u8>,
}

/// A client for the kernel (`NEW_STATION`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NewStation {
    /// Its address; its MLD address if it uses links.
    pub station: MacAddr,
    /// The link that the association is for, of an AP MLD: of a plain client too.
    pub link: Option<LinkId>,
    /// Its address on that link, if it uses links.
    pub link_address: Option<MacAddr>,
    /// Its association ID.
    pub association_id: AssociationId,
    /// What its request says of itself in front of the elements.
    pub capability: CapabilityInformation,
    /// How often it wakes up, in beacon intervals.
    pub listen_interval: u16,
    /// What it says of itself: rates, HT, VHT, HE, EHT …
    pub elements: Vec<u8>,
    /// Whether management frames are protected.
    pub frame_protection: bool,
}

/// A request to the kernel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// Add a link to the interface (`ADD_LINK`).
    AddLink {
        /// Which.
        link: LinkId,
        /// Its address.
        address: MacAddr,
    },
    /// Take a link from the interface (`REMOVE_LINK`).
    RemoveLink {
        /// Which.
        link: LinkId,
    },
    /// Begin to send beacons (`START_AP`).
    StartBss(Box<Announcement>),
    /// Send other beacons (`SET_BEACON`).
    SetBeacon(Box<Announcement>),
    /// End sending beacons (`STOP_AP`).
    StopBss {
        /// The link, of an AP MLD.
        link: Option<LinkId>,
    },
    /// Switch the channel (`CHANNEL_SWITCH`). [`Event::ChannelSwitched`] follows.
    SwitchChannel {
        /// The coming channel.
        to: ChannelDefinition,
        /// How many beacons announce it; the kernel counts down in them.
        beacons: u8,
        /// The beacon until then.
        during: Box<Announcement>,
        /// The beacon from then on.
        after: Box<Announcement>,
    },
    /// Add a client (`NEW_STATION`), associated, before it is told so: whatever it sends next is of a station that the
    /// kernel knows. Every driver takes it like that, those that could have it earlier too
    /// (`NL80211_FEATURE_FULL_AP_CLIENT_STATE`), if neither the authenticated nor the associated flag is in the mask;
    /// and a stranger who only authenticates costs the kernel nothing.
    AddStation(Box<NewStation>),
    /// Add a link of a client (`ADD_LINK_STA`).
    AddLinkStation {
        /// The client's MLD address.
        station: MacAddr,
        /// The link.
        link: LinkId,
        /// Its address there.
        address: MacAddr,
        /// What it says of itself there, with what it inherits from the frame around its profile.
        elements: Vec<u8>,
    },
    /// Take a link from a client (`REMOVE_LINK_STA`).
    RemoveLinkStation {
        /// The client's MLD address.
        station: MacAddr,
        /// The link.
        link: LinkId,
    },
    /// Open a client's port (`SET_STATION`).
    AuthorizeStation {
        /// The client.
        station: MacAddr,
    },
    /// Remove a client with its links and keys (`DEL_STATION`).
    RemoveStation {
        /// The client.
        station: MacAddr,
    },
    /// Install a key (`NEW_KEY`). A group key is not sent with before [`Self::UseGroupKey`].
    InstallKey(KeyRequest),
    /// Send with a group key from now on (`SET_KEY`).
    UseGroupKey {
        /// The link, of an AP MLD.
        link: Option<LinkId>,
        /// The key index.
        index: u8,
    },
    /// Read the packet number of a group key (`GET_KEY`): [`Reply::PacketNumber`].
    ReadPacketNumber {
        /// The link, of an AP MLD.
        link: Option<LinkId>,
        /// The key index.
        index: u8,
    },
    /// Keep clients from reaching each other, or let them (`SET_BSS` with `AP_ISOLATE`).
    IsolateClients {
        /// The link, of an AP MLD.
        link: Option<LinkId>,
        /// Whether to.
        isolate: bool,
    },
    /// Send a management frame (`FRAME`). The addresses are those of a link, or of the MLDs.
    SendFrame {
        /// The link, of an AP MLD.
        link: Option<LinkId>,
        /// The whole frame with its header, without FCS.
        bytes: Vec<u8>,
    },
    /// Send an EAPOL frame (`CONTROL_PORT_FRAME`).
    SendKeyFrame {
        /// The client.
        to: MacAddr,
        /// The link that a plain client of an AP MLD is on: without it the kernel sends nothing. None for a client
        /// with links, of which the kernel chooses one.
        link: Option<LinkId>,
        /// The frame from the 802.1X header on.
        bytes: Vec<u8>,
        /// Whether it goes out in clear, although there may be a key.
        in_clear: bool,
    },
}

/// Something worth knowing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Report {
    /// A client authenticated.
    Authenticated(MacAddr),
    /// A client was associated, with so many links.
    Associated {
        /// The client.
        station: MacAddr,
        /// How many links; 0 without links.
        links: usize,
    },
    /// A client's port is open.
    Authorized(MacAddr),
    /// A client is gone.
    Left {
        /// The client.
        station: MacAddr,
        /// Why.
        why: &'static str,
    },
    /// Something was passed over.
    Ignored {
        /// Whose.
        from: MacAddr,
        /// Why.
        why: &'static str,
    },
    /// The kernel refused what the BSS cannot do without.
    Broken(&'static str),
    /// The kernel did not take a link, or did not begin it: the AP MLD goes on without. [`Order::AddLink`] tries again.
    LinkRefused(LinkId),
    /// The kernel did not tell in time how far the group keys of a client are: it gets the numbers known last.
    PacketNumbersUnread(MacAddr),
    /// Every client has the new group keys: they are in use.
    GroupKeysRenewed,
    /// A link is removed or added.
    LinksChanged,
}
