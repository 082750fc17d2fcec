//! The firmware's copy of the PMKSA cache: it is told what the station knows, and made to forget what the station
//! forgets. On SoftMAC radios there is none, and nothing here asks for anything.

use super::context::Turn;
use crate::{
    attempt::{AttemptId, Entry, Ticket},
    kernel::{Errno, Pmksa, Refusal, Reply, Request},
    pmksa,
    radio::RadioKind,
    secret::Secret,
};
use alloc::vec::Vec;
use lapwing_frames::{Ssid, management::ReasonCode};

/// How many answers are waited for at once: the keys of a few APs.
const BOUND: usize = 8;

/// What is known of the firmware's cache.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Mirror {
    /// Whether it has one, as far as is known.
    caching: bool,
    errands: Vec<Errand>,
}

/// A request to the cache that is not answered yet.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Errand {
    ticket: Ticket,
    /// The key that it is told, and the network.
    told: Option<(Pmksa, Ssid)>,
}

impl Default for Mirror {
    fn default() -> Self {
        Self { caching: true, errands: Vec::new() }
    }
}

/// The firmware has answered to a key.
pub(super) struct Told {
    /// The answered request.
    pub ticket: Ticket,
    /// What it will be answered by, if it was asked once more.
    pub again: Option<Ticket>,
    /// Whether the firmware knows the key now.
    pub known: bool,
}

impl Turn<'_> {
    /// Whether the firmware connects by itself.
    pub(super) fn is_fullmac(&self) -> bool {
        self.context.radio.kind != RadioKind::SoftMac
    }

    /// Whether a disconnection for this reason, by nobody else, means that the AP is gone. Firmware gives none.
    pub(super) fn is_loss(&self, reason: ReasonCode) -> bool {
        reason == ReasonCode::Inactivity || self.is_fullmac() && reason == ReasonCode(0)
    }

    /// Whether keys of earlier connections may be offered with this radio, and named to it. What was made is kept all the
    /// same: nobody knows what firmware that cannot be told a key does by itself.
    pub(super) fn may_offer(&self) -> bool {
        !self.is_fullmac() || self.context.mirror.caching
    }

    fn errand(
        &mut self,
        attempt: Option<AttemptId>,
        request: Request,
        told: Option<(Pmksa, Ssid)>,
    ) -> Ticket {
        let ticket = self.ask(attempt, request);
        let errands = &mut self.context.mirror.errands;
        if errands.len() >= BOUND {
            errands.remove(0);
        }
        errands.push(Errand { ticket, told });
        ticket
    }

    /// Tells the firmware a key.
    pub(super) fn tell_firmware(&mut self, attempt: Option<AttemptId>, entry: &pmksa::Entry) -> Ticket {
        let seconds = entry.expires().since(self.now).as_secs();
        let pmksa = Pmksa {
            peer: entry.key.authenticator,
            pmkid: entry.pmkid.0,
            pmk: Some(Secret::new(entry.pmk.expose())),
            lifetime_seconds: u32::try_from(seconds).ok(),
        };
        self.errand(attempt, Request::SetPmksa(pmksa.clone()), Some((pmksa, entry.key.ssid.clone())))
    }

    /// Has the firmware forget keys that have left the cache.
    pub(super) fn forgotten(&mut self, gone: Vec<pmksa::Entry>) {
        if !self.is_fullmac() || !self.context.mirror.caching {
            return;
        }
        for pmksa::Entry { key, pmkid, .. } in gone {
            self.errand(None, Request::DeletePmksa { peer: key.authenticator, pmkid: pmkid.0 }, None);
        }
    }

    /// Has the firmware forget every key: it is told again what is to be used. That it may know nothing else is
    /// what the start, another address of ours, and a connection by a key that is not ours ask for.
    pub(super) fn flush_firmware(&mut self) {
        if self.is_fullmac() && self.context.mirror.caching {
            self.errand(None, Request::FlushPmksas, None);
        }
    }

    /// Takes the completion of a request to the firmware's cache. `Err` gives it back if it is not one.
    pub(super) fn mirror_completed(
        &mut self,
        ticket: Ticket,
        outcome: Result<Reply, Refusal>,
    ) -> Result<Option<Told>, Result<Reply, Refusal>> {
        let errands = &mut self.context.mirror.errands;
        let Some(place) = errands.iter().position(|errand| errand.ticket == ticket) else {
            return Err(outcome);
        };
        let Errand { told, .. } = errands.remove(place);
        let Some((pmksa, ssid)) = told else {
            // What cannot be made to forget a key cannot be told one either: it would keep to it for ever.
            if outcome.is_err_and(|refusal| refusal.errno == Errno::EOPNOTSUPP) {
                self.context.mirror.caching = false;
            }
            return Ok(None);
        };
        let Err(refusal) = outcome else { return Ok(Some(Told { ticket, again: None, known: true })) };
        let errno = refusal.errno;
        self.log(ticket.attempt, Entry::Refused { command: "SET_PMKSA", refusal });
        if errno == Errno::ERANGE && pmksa.pmk.is_some() {
            // Kernels of before want no key, or none of this length; the name alone may do.
            let pmksa = Pmksa { pmk: None, ..pmksa };
            let again = self.errand(ticket.attempt, Request::SetPmksa(pmksa.clone()), Some((pmksa, ssid)));
            return Ok(Some(Told { ticket, again: Some(again), known: false }));
        }
        if matches!(errno, Errno::EOPNOTSUPP | Errno::ERANGE) {
            // A firmware that cannot be told a key would be surprised by its name.
            self.context.mirror.caching = false;
        } else {
            self.context.pmksa.refused(pmksa.peer, &ssid);
        }
        Ok(Some(Told { ticket, again: None, known: false }))
    }
}
