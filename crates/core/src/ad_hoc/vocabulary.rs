//! What a member of an ad-hoc network hears, what it asks of the kernel, and what it reports.

use crate::{
    ap::Reply,
    crypto::keys::Pmk,
    kernel::KeyRequest,
    rsn::{Link, Peer, Plan},
};
use alloc::vec::Vec;
use lapwing_frames::{
    MacAddr, Ssid,
    element::{
        Element,
        rsn::{Rsn, RsnCapabilities},
    },
    suite::{Akm, Cipher},
};

/// A network, and who we are in it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Setup {
    /// Our address.
    pub address: MacAddr,
    /// The network's name.
    pub ssid: Ssid,
    /// The key that all members know: that of the passphrase.
    pub pmk: Pmk,
    /// The cipher of all keys. All members have to have the same: there is nobody to negotiate with before
    /// the handshakes, which must repeat what the beacons say.
    pub cipher: Cipher,
    /// Whether it is known of a frame that it came encrypted (see
    /// [`supplicant::Setup`](crate::rsn::supplicant::Setup)).
    pub protection_is_told: bool,
}

impl Setup {
    /// The RSNE of the network's beacons, whole: the same octets that iwd announces with this cipher.
    #[must_use]
    pub fn rsne(&self) -> Vec<u8> {
        let rsn = Rsn::new(
            self.cipher,
            Vec::from([self.cipher]),
            Vec::from([Akm::Psk]),
            RsnCapabilities::default(),
        );
        let mut octets = Vec::new();
        rsn.write(&mut octets);
        octets
    }

    pub(super) fn plan(&self) -> Plan {
        Plan::of_ad_hoc(self.cipher, self.rsne())
    }

    /// A handshake between two members.
    pub(super) fn between(&self, authenticator: MacAddr, supplicant: MacAddr) -> Peer {
        let advertised = crate::rsn::Advertised { rsne: Some(self.rsne()), ..Default::default() };
        let (bssid, station) = (authenticator, supplicant);
        Peer::Bss(Link { bssid, station, advertised, channel: None, accepted: true })
    }
}

/// What happens to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event<'a> {
    /// The interface is in the network.
    Joined,
    /// The kernel knows another member (`NL80211_CMD_NEW_STATION`).
    PeerCame(MacAddr),
    /// The kernel has forgotten it, and its keys.
    PeerLeft(MacAddr),
    /// An EAPOL frame came.
    KeyFrame {
        /// Who sent it.
        from: MacAddr,
        /// The frame from the 802.1X header on.
        bytes: &'a [u8],
        /// Whether it was protected by the pairwise key.
        protected: bool,
    },
    /// The kernel did what was asked, or not.
    Answered {
        /// The request's number.
        number: u64,
        /// What it said.
        outcome: Result<Reply, ()>,
    },
    /// Nothing but time.
    Tick,
}

/// What is asked of the kernel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// Send an EAPOL frame.
    SendKeyFrame {
        /// To whom.
        to: MacAddr,
        /// The frame from the 802.1X header on.
        bytes: Vec<u8>,
        /// Not under the pairwise key, though there may be one.
        in_clear: bool,
    },
    /// Install a pairwise key.
    InstallKey(KeyRequest),
    /// Install a group key.
    InstallGroupKey {
        /// Whose: a peer's, to read what it sends to all; our own if none.
        peer: Option<MacAddr>,
        /// The key.
        key: KeyRequest,
    },
    /// Send to all under this group key.
    UseGroupKey {
        /// Its index.
        index: u8,
    },
    /// Say how far our group key is: [`Reply::PacketNumber`].
    ReadPacketNumber {
        /// Its index.
        index: u8,
    },
    /// Let data of a peer pass.
    AuthorizePeer {
        /// Whose.
        peer: MacAddr,
    },
}

/// What a member does, in the order in which it must happen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Ask this of the kernel; [`Event::Answered`] follows.
    Request {
        /// Its number.
        number: u64,
        /// What.
        request: Request,
    },
    /// Tell this.
    Report(Report),
}

/// What a member reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Report {
    /// With this peer everything is agreed, and its port is open.
    Connected(MacAddr),
    /// Not any more: it left, or begins anew.
    Disconnected(MacAddr),
    /// A try failed; there will be another one. Said once of each peer until it is connected.
    Failed {
        /// With whom.
        peer: MacAddr,
        /// Why.
        why: Trouble,
    },
    /// The kernel did not take our group key: what we send to all is not sent.
    NoGroupKey,
}

/// Why a try failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// It answers, with another key: one of the two passphrases is wrong.
    Passphrase,
    /// It does not answer, or does not begin its own handshake.
    Silent,
    /// It broke a rule of the handshake, or has other ciphers.
    Rule,
    /// The kernel refused a key or the port.
    Kernel,
}
