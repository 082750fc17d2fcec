//! A connection: its keys, and the packets that they let through.

use super::handshake::Handshake;
use crate::air::{Content, KeyPrint, Protection, Transmission};
use crate::kernel::driver::{Association, Context, Denial, Indication, Key};
use lapwing_core::Instant;
use lapwing_core::kernel::{ConnectRequest, Errno, Frequency, KeyKind};
use lapwing_frames::MacAddr;
use lapwing_frames::management::action::SaQuery;
use lapwing_frames::management::{Action, Body, Departure, Header, Management, ReasonCode};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// EAPOL.
pub(super) const EAPOL: u16 = 0x888e;

/// A key with its packet numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Counted {
    print: KeyPrint,
    sent: u64,
    received: u64,
}

impl Counted {
    /// Whether a packet is newer than all before.
    const fn admits(&mut self, number: u64) -> bool {
        let fresh = number > self.received;
        if fresh {
            self.received = number;
        }
        fresh
    }
}

/// A connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Link {
    pub(super) request: Arc<ConnectRequest>,
    own: MacAddr,
    pub(super) bssid: MacAddr,
    pub(super) frequency: Frequency,
    pub(super) authorized: bool,
    pairwise: BTreeMap<u8, Counted>,
    sending: u8,
    group: BTreeMap<u8, Counted>,
    /// When the AP, whose beacons are missed, counts as gone.
    pub(super) loss: Option<Instant>,
    pub(super) handshake: Handshake,
    /// The word of the connection, that waits for the port.
    pub(super) word: Option<Indication>,
    /// It asks the AP whether it still knows it.
    query: Option<Query>,
}

/// How often it asks the AP whether it knows it, and how long it waits each time (dot11AssociationSAQueryRetryTimeout and
/// dot11AssociationSAQueryMaximumTimeout are 201 and 1000 TU as a rule).
const MOST_QUERIES: u8 = 5;
const QUERY_PATIENCE: Duration = Duration::from_millis(205);

/// SA Queries under way (11.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Query {
    transaction: [u8; 2],
    /// How many there are yet to be sent.
    left: u8,
    until: Instant,
}

/// A data frame that was received.
pub(super) struct Data<'a> {
    pub(super) source: MacAddr,
    pub(super) destination: MacAddr,
    pub(super) ethertype: u16,
    pub(super) payload: &'a [u8],
    pub(super) protection: Option<Protection>,
    pub(super) group: bool,
}

impl Link {
    pub(super) fn new(
        request: Arc<ConnectRequest>,
        own: MacAddr,
        bssid: MacAddr,
        frequency: Frequency,
    ) -> Self {
        Self {
            request,
            own,
            bssid,
            frequency,
            authorized: false,
            pairwise: BTreeMap::new(),
            sending: 0,
            group: BTreeMap::new(),
            loss: None,
            handshake: Handshake::Above,
            word: None,
            query: None,
        }
    }

    pub(super) fn association(&self) -> Association {
        let prints = |keys: &BTreeMap<u8, Counted>| -> BTreeMap<u8, KeyPrint> {
            keys.iter().map(|(index, key)| (*index, key.print)).collect()
        };
        Association {
            peer: self.bssid,
            authorized: self.authorized,
            links: BTreeMap::from([(None, (self.own, self.bssid, self.frequency))]),
            station_links: BTreeSet::new(),
            pairwise: prints(&self.pairwise),
            group: prints(&self.group).into_iter().map(|(index, print)| ((None, index), print)).collect(),
        }
    }

    /// Whether management frames have to be protected by now.
    pub(super) fn protects_management(&self) -> bool {
        let agreed = self.request.security.is_some_and(|security| security.management_frame_protection);
        agreed && !self.pairwise.is_empty()
    }

    /// Protection for a frame to the AP; none as long as there is no key.
    pub(super) fn protect(&mut self) -> Option<Protection> {
        let key = self.pairwise.get_mut(&self.sending)?;
        key.sent += 1;
        Some(Protection { key: key.print, packet_number: key.sent })
    }

    /// Whether a protected frame can be read: we hold its key, and it is no repetition.
    pub(super) fn admits(&mut self, group: bool, protection: Protection) -> bool {
        let keys = if group { &mut self.group } else { &mut self.pairwise };
        let mut keys = keys.values_mut().filter(|key| key.print == protection.key);
        keys.next().is_some_and(|key| key.admits(protection.packet_number))
    }

    pub(super) fn transmit(&self, number: Option<u64>, content: Content, context: &mut Context<'_>) {
        let transmission = Transmission {
            frequency: self.frequency,
            transmitter: context.address,
            receiver: self.bssid,
            content,
        };
        context.say(Indication::Transmit { number, transmission });
    }

    /// A management frame to the AP, protected if that was agreed.
    pub(super) fn manage(&mut self, body: Body, context: &mut Context<'_>) {
        let mut frame = Vec::new();
        Management { header: Header::new(self.bssid, context.address, self.bssid), body }.write(&mut frame);
        let protection = if self.protects_management() { self.protect() } else { None };
        self.transmit(None, Content::Management { frame, protection }, context);
    }

    /// Somebody says in clear, maybe in the name of the AP, that it does not know us: it is asked, if it is not being asked
    /// (11.13).
    pub(super) fn doubted(&mut self, context: &mut Context<'_>) {
        if self.query.is_none() {
            let [first, second, ..] = context.random().to_le_bytes();
            let query = Query { transaction: [first, second], left: MOST_QUERIES, until: context.now };
            self.query = Some(query);
            self.ask(context);
        }
    }

    /// Asks once more; says whether there was an occasion left.
    pub(super) fn ask(&mut self, context: &mut Context<'_>) -> bool {
        let Some(query) = self.query.as_mut().filter(|query| query.left > 0) else { return false };
        query.left -= 1;
        query.until = context.now + QUERY_PATIENCE;
        let request = SaQuery { transaction: query.transaction, elements: Vec::new() };
        self.manage(Body::Action(Action::SaQueryRequest(request)), context);
        true
    }

    /// The AP answers that it knows us.
    pub(super) fn assured(&mut self, transaction: [u8; 2]) {
        self.query = self.query.filter(|query| query.transaction != transaction);
    }

    /// Until when the AP is to answer.
    pub(super) fn query_until(&self) -> Option<Instant> {
        self.query.map(|query| query.until)
    }

    /// Says goodbye.
    pub(super) fn leave(&mut self, reason: ReasonCode, context: &mut Context<'_>) {
        self.manage(Body::Deauthentication(Departure { reason, elements: Vec::new() }), context);
    }

    /// Sends an EAPOL frame.
    pub(super) fn send_key_frame(
        &mut self,
        number: Option<u64>,
        destination: MacAddr,
        payload: Vec<u8>,
        in_clear: bool,
        context: &mut Context<'_>,
    ) {
        let protection = if in_clear { None } else { self.protect() };
        let source = context.address;
        self.transmit(
            number,
            Content::Data { source, destination, ethertype: EAPOL, payload, protection },
            context,
        );
    }

    /// The network stack sends a packet: nothing passes a closed port but EAPOL.
    pub(super) fn send(
        &mut self,
        destination: MacAddr,
        ethertype: u16,
        payload: Vec<u8>,
        context: &mut Context<'_>,
    ) {
        if self.authorized || ethertype == EAPOL {
            let protection = self.protect();
            let source = context.address;
            let content = Content::Data { source, destination, ethertype, payload, protection };
            self.transmit(None, content, context);
        }
    }

    /// Whether a data frame that is not EAPOL goes to the network stack.
    pub(super) fn lets_in(&self, data: &Data<'_>, own: MacAddr) -> bool {
        // What has a key must come with it.
        let keyed = if data.group { !self.group.is_empty() } else { !self.pairwise.is_empty() };
        let ours = data.destination == own || data.destination.is_group();
        self.authorized && ours && (data.protection.is_some() || !keyed) && data.source != own
    }

    pub(super) fn add_key(&mut self, key: &Key) -> Result<(), Denial> {
        let counted = Counted { print: key.print, sent: 0, received: key.sequence };
        match key.kind {
            KeyKind::Pairwise { peer, .. } if peer != self.bssid => return Err(Errno::ENOENT.into()),
            KeyKind::Pairwise { receive_only, .. } => {
                // The same key again goes on where it was.
                if self.pairwise.get(&key.index).is_none_or(|held| held.print != key.print) {
                    self.pairwise.insert(key.index, counted);
                    if !receive_only {
                        self.sending = key.index;
                    }
                }
            }
            KeyKind::Group | KeyKind::Integrity | KeyKind::Beacon => {
                if self.group.get(&key.index).is_none_or(|held| held.print != key.print) {
                    self.group.insert(key.index, counted);
                }
            }
        }
        Ok(())
    }

    pub(super) fn delete_key(&mut self, peer: Option<MacAddr>, index: u8) -> Result<(), Denial> {
        let keys = if peer.is_some() { &mut self.pairwise } else { &mut self.group };
        keys.remove(&index).map(|_| ()).ok_or_else(|| Errno::ENOENT.into())
    }

    pub(super) fn use_key(&mut self, peer: MacAddr, index: u8) -> Result<(), Denial> {
        if peer != self.bssid || !self.pairwise.contains_key(&index) {
            return Err(Errno::EINVAL.into());
        }
        self.sending = index;
        Ok(())
    }

    pub(super) fn authorize(&mut self, peer: MacAddr) -> Result<(), Denial> {
        if peer != self.bssid {
            return Err(Errno::ENOENT.into());
        }
        self.authorized = true;
        Ok(())
    }
}
