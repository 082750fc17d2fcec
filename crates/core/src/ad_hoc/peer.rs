//! One other member: the two handshakes with it, and what has come of them.

use super::vocabulary::{Report, Setup, Trouble};
use crate::{
    Duration, Entropy, Instant,
    kernel::{KeyKind, KeyRequest},
    rsn::{
        Authenticator, Candidate, Supplicant,
        authenticator::{self, Output as Ours},
        supplicant::{self, Ignored, Output as Theirs},
    },
};
use alloc::vec::Vec;
use lapwing_frames::{MacAddr, eapol::KeyInformation};

/// How long both handshakes may take: longer than an authenticator repeats its messages.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long after a failed try the next one begins. Both sides try: one of them is understood.
const REST: Duration = Duration::from_secs(10);

/// A member that begins anew because the other one did does so at once: what proves the passphrase anew this soon after
/// our own handshake is the answer to it, and begins nothing. Without this the two would go on without end.
const ECHO: Duration = Duration::from_secs(2);
/// Where the key information is in an EAPOL-Key frame, from the 802.1X header on.
const KEY_INFORMATION: core::ops::Range<usize> = 5..7;

/// What a peer wants done.
pub(super) enum Wish {
    Send {
        bytes: Vec<u8>,
        in_clear: bool,
    },
    PairwiseKey(KeyRequest),
    /// The peer's own.
    GroupKey(KeyRequest),
    /// How far our group key is.
    PacketNumber,
    OpenPort,
    /// What was asked before is of no matter any more.
    Forget,
    Report(Report),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Stage {
    /// We are not in the network yet.
    Waiting,
    /// The handshakes are under way.
    Handshakes { until: Instant },
    /// Both are done; the kernel was asked to open the port.
    Opening { until: Instant },
    /// The port is open.
    Connected,
    /// A try failed; what the peer begins is answered.
    Resting { until: Instant },
}

/// Another member.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Peer {
    setup: Setup,
    address: MacAddr,
    group_key: KeyRequest,
    /// The handshake that the peer began.
    supplicant: Supplicant,
    /// A handshake that one begins in the peer's name though there are keys: it proves nothing before message 3.
    newcomer: Option<Supplicant>,
    /// The handshake that we began.
    authenticator: Authenticator,
    /// When it was done.
    done: Option<Instant>,
    stage: Stage,
    /// What was seen of a wrong passphrase in this try.
    suspicion: Option<Trouble>,
    /// Whether a failure was reported since the peer came or was connected.
    complained: bool,
}

impl Peer {
    pub(super) fn new(setup: &Setup, address: MacAddr, group_key: &KeyRequest) -> Self {
        Self {
            setup: setup.clone(),
            address,
            group_key: group_key.clone(),
            supplicant: supplicant(setup, address),
            newcomer: None,
            authenticator: authenticator(setup, address, group_key),
            done: None,
            stage: Stage::Waiting,
            suspicion: None,
            complained: false,
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.stage == Stage::Connected
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let own = match self.stage {
            Stage::Waiting | Stage::Connected => None,
            Stage::Handshakes { until } | Stage::Opening { until } | Stage::Resting { until } => Some(until),
        };
        own.into_iter().chain(self.authenticator.deadline()).min()
    }

    /// Begins our handshake; that of the peer goes on.
    pub(super) fn begin(&mut self, now: Instant, entropy: &mut dyn Entropy, wishes: &mut Vec<Wish>) {
        self.authenticator = authenticator(&self.setup, self.address, &self.group_key);
        self.done = None;
        self.stage = Stage::Handshakes { until: now + PATIENCE };
        self.suspicion = None;
        let mut outputs = Vec::new();
        self.authenticator.start(now, entropy, &mut outputs);
        self.did(now, outputs, wishes);
    }

    /// An EAPOL frame of the peer.
    pub(super) fn heard(
        &mut self,
        now: Instant,
        bytes: &[u8],
        protected: bool,
        entropy: &mut dyn Entropy,
        wishes: &mut Vec<Wish>,
    ) {
        if self.stage == Stage::Waiting {
            return;
        }
        let mut outputs = Vec::new();
        if is_answer(bytes) {
            self.authenticator.handle(now, bytes, protected, &mut outputs);
            return self.did(now, outputs, wishes);
        }
        let mut outputs = Vec::new();
        self.supplicant.handle(entropy, bytes, protected, &mut outputs);
        let is_of_another = matches!(
            outputs[..],
            [Theirs::Ignored(Ignored::Unencrypted | Ignored::OtherAnonce | Ignored::Replayed)]
        );
        let may_be_in_clear = !protected || !self.setup.protection_is_told;
        if self.supplicant.is_established() && is_of_another && may_be_in_clear {
            return self.heard_newcomer(now, bytes, entropy, wishes);
        }
        for output in outputs {
            match output {
                Theirs::Secured => self.proved(now, entropy, wishes),
                Theirs::Broken(_) => {
                    self.supplicant = supplicant(&self.setup, self.address);
                    self.fail(now, Trouble::Rule, wishes);
                }
                // The next message 1 finds one without keys.
                Theirs::RekeyByReconnect => self.supplicant = supplicant(&self.setup, self.address),
                output => self.pass_on(output, wishes),
            }
        }
    }

    /// A frame of a handshake that begins anew, in clear: who sent it may be the peer, which has forgotten us.
    fn heard_newcomer(
        &mut self,
        now: Instant,
        bytes: &[u8],
        entropy: &mut dyn Entropy,
        wishes: &mut Vec<Wish>,
    ) {
        let mut newcomer = self.newcomer.take().unwrap_or_else(|| supplicant(&self.setup, self.address));
        let mut outputs = Vec::new();
        newcomer.handle(entropy, bytes, false, &mut outputs);
        if outputs.iter().any(|output| matches!(output, Theirs::Broken(_))) {
            return;
        }
        if !newcomer.is_established() {
            outputs.into_iter().for_each(|output| self.pass_on(output, wishes));
            self.newcomer = Some(newcomer);
            return;
        }
        self.supplicant = newcomer;
        let is_forgotten = self.done.is_some_and(|done| done + ECHO <= now);
        if is_forgotten {
            // It is the peer, and it has none of our keys: ours begins anew too.
            wishes.push(Wish::Forget);
            if self.is_connected() {
                wishes.push(Wish::Report(Report::Disconnected(self.address)));
            }
        }
        outputs.into_iter().for_each(|output| self.pass_on(output, wishes));
        if is_forgotten {
            self.begin(now, entropy, wishes);
        } else {
            self.proved(now, entropy, wishes);
        }
    }

    /// Frames and keys of the peer's handshake.
    fn pass_on(&self, output: Theirs, wishes: &mut Vec<Wish>) {
        match output {
            Theirs::SendKeyFrame { octets, in_clear } => wishes.push(Wish::Send { bytes: octets, in_clear }),
            Theirs::InstallKey(key) => self.install(key, self.address, wishes),
            _ => {}
        }
    }

    /// The peer's handshake is done: it knows the passphrase.
    fn proved(&mut self, now: Instant, entropy: &mut dyn Entropy, wishes: &mut Vec<Wish>) {
        if !self.authenticator.is_established() && matches!(self.stage, Stage::Resting { .. }) {
            self.begin(now, entropy, wishes);
        }
        self.finish(now, wishes);
    }

    pub(super) fn give_group_key(&mut self, now: Instant, key: KeyRequest, wishes: &mut Vec<Wish>) {
        self.group_key = key.clone();
        let mut outputs = Vec::new();
        self.authenticator.give_group_keys(now, Vec::from([key]), &mut outputs);
        self.did(now, outputs, wishes);
    }

    pub(super) fn tick(&mut self, now: Instant, entropy: &mut dyn Entropy, wishes: &mut Vec<Wish>) {
        let mut outputs = Vec::new();
        self.authenticator.tick(now, &mut outputs);
        self.did(now, outputs, wishes);
        match self.stage {
            Stage::Handshakes { until } if until <= now => self.fail(now, Trouble::Silent, wishes),
            Stage::Opening { until } if until <= now => self.refused(now, wishes),
            Stage::Resting { until } if until <= now => self.begin(now, entropy, wishes),
            _ => {}
        }
    }

    /// The kernel opened the port.
    pub(super) fn opened(&mut self, wishes: &mut Vec<Wish>) {
        if matches!(self.stage, Stage::Opening { .. }) {
            self.stage = Stage::Connected;
            self.complained = false;
            wishes.push(Wish::Report(Report::Connected(self.address)));
        }
    }

    /// The kernel refused a key or the port, or says nothing.
    pub(super) fn refused(&mut self, now: Instant, wishes: &mut Vec<Wish>) {
        self.supplicant = supplicant(&self.setup, self.address);
        self.fail(now, Trouble::Kernel, wishes);
    }

    /// What our own handshake did.
    fn did(&mut self, now: Instant, outputs: Vec<Ours>, wishes: &mut Vec<Wish>) {
        for output in outputs {
            match output {
                Ours::SendKeyFrame { octets, in_clear } => {
                    wishes.push(Wish::Send { bytes: octets, in_clear })
                }
                Ours::InstallKey(key) => self.install(key, self.setup.address, wishes),
                Ours::Secured { .. } => {
                    self.done = Some(now);
                    self.finish(now, wishes);
                }
                Ours::WantsPacketNumbers => wishes.push(Wish::PacketNumber),
                Ours::Disconnect(_) => self.fail(now, Trouble::Silent, wishes),
                Ours::Ignored(why) => {
                    if why == authenticator::WRONG_KEY {
                        self.suspicion = Some(Trouble::Passphrase);
                    }
                }
                Ours::GroupKeysTaken => {}
            }
        }
    }

    /// A key of the handshake that this one began.
    fn install(&self, key: KeyRequest, authenticator: MacAddr, wishes: &mut Vec<Wish>) {
        match key.kind {
            KeyKind::Pairwise { .. } if authenticator == self.address.max(self.setup.address) => {
                wishes.push(Wish::PairwiseKey(key));
            }
            KeyKind::Group => wishes.push(Wish::GroupKey(key)),
            KeyKind::Pairwise { .. } | KeyKind::Integrity | KeyKind::Beacon => {}
        }
    }

    /// Opens the port if both handshakes are done.
    fn finish(&mut self, now: Instant, wishes: &mut Vec<Wish>) {
        let is_done = self.supplicant.is_established() && self.authenticator.is_established();
        if is_done && !matches!(self.stage, Stage::Opening { .. } | Stage::Connected) {
            self.stage = Stage::Opening { until: now + PATIENCE };
            wishes.push(Wish::OpenPort);
        }
    }

    fn fail(&mut self, now: Instant, why: Trouble, wishes: &mut Vec<Wish>) {
        wishes.push(Wish::Forget);
        if self.is_connected() {
            wishes.push(Wish::Report(Report::Disconnected(self.address)));
        }
        self.authenticator = authenticator(&self.setup, self.address, &self.group_key);
        self.done = None;
        self.stage = Stage::Resting { until: now + REST };
        if !self.complained {
            self.complained = true;
            let why = self.suspicion.unwrap_or(why);
            wishes.push(Wish::Report(Report::Failed { peer: self.address, why }));
        }
    }
}

/// Whether an EAPOL-Key frame is of a supplicant: an authenticator asks for an answer in all of its own.
fn is_answer(bytes: &[u8]) -> bool {
    let information = bytes.get(KEY_INFORMATION).and_then(<[u8]>::first_chunk);
    information
        .is_some_and(|octets| !KeyInformation(u16::from_be_bytes(*octets)).contains(KeyInformation::ACK))
}

fn candidate(setup: &Setup) -> Vec<Candidate> {
    Vec::from([Candidate { pmkid: None, pmk: setup.pmk.clone() }])
}

fn supplicant(setup: &Setup, peer: MacAddr) -> Supplicant {
    Supplicant::new(supplicant::Setup {
        ssid: setup.ssid.clone(),
        peer: setup.between(peer, setup.address),
        plan: setup.plan(),
        candidates: candidate(setup),
        can_replace_pairwise: false,
        protection_is_told: setup.protection_is_told,
        membership: None,
    })
}

fn authenticator(setup: &Setup, peer: MacAddr, group_key: &KeyRequest) -> Authenticator {
    Authenticator::with_packet_numbers(authenticator::Setup {
        ssid: setup.ssid.clone(),
        peer: setup.between(setup.address, peer),
        akm: setup.plan().akm(),
        pairwise: setup.cipher,
        rsne: setup.rsne(),
        rsnxe: None,
        selection: None,
        candidates: candidate(setup),
        announced: None,
        operating_channel_validation: false,
        ssid_protection: false,
        extended_key_id: false,
        transition_disable: None,
        group_keys: Vec::from([group_key.clone()]),
        membership: None,
    })
}
