//! What follows a failure: the next attempt always differs from the one that failed.

use super::{
    Footing, State,
    authenticating::UNEXPLAINED,
    context::{Journey, Turn},
    departure::{Next, Then},
    disconnecting::Disconnecting,
    roam::Offence,
    securing::NOT_HEEDED,
};
use crate::{
    attempt::{Cause, Difference, Entry},
    failure::Code,
    kernel::Frequency,
    select::{self, Manner, Target},
    time::Duration,
};
use alloc::boxed::Box;
use lapwing_frames::{MacAddr, management::StatusCode, suite::Akm};

impl Turn<'_> {
    /// An attempt has failed: reports it, decides what comes next, and leaves the kernel clean for it.
    pub(super) fn failed(
        &mut self,
        mut journey: Journey,
        target: Option<&Target>,
        code: Code,
        footing: Footing,
    ) -> State {
        if let Some(leaving) = journey.leaving.take() {
            return self.astray(journey, leaving, target, code, footing);
        }
        if matches!(code, Code::Firmware(_) | Code::HandshakeSilent) {
            // It may be using a key that the AP, or we, do not know.
            self.flush_firmware();
        }
        if let (Some(_), Some(target)) = (journey.roam, target) {
            self.roam_failed(target.address(), Offence::by(&code));
        }
        let (then, next_try) = self.after_failure(&journey, target, &code, footing);
        self.gave_up(&journey, code, next_try);
        self.tidy(footing, then)
    }

    /// A connection got no address: as an attempt that failed, so that another AP of the network comes next. With the
    /// same one only time can help; whoever asked for the network is told by then.
    pub(super) fn unaddressed(&mut self, journey: Journey, peer: MacAddr, code: Code) -> State {
        let failures = self.context.history.failed(&journey.network.ssid);
        let wait = select::backoff(failures.max(1));
        self.context.history.set_back(peer, self.now, wait + SET_ASIDE);
        let (difference, wait) = match self.has_another(&journey, HEARD_BEFORE) {
            true => (Difference::OtherAccessPoint, Duration::ZERO),
            false => (Difference::Later, wait),
        };
        let then = self.retry(&journey, None, difference, wait);
        self.log(Some(journey.id), Entry::Failed(journey.failure(code.clone())));
        self.ended_until(&journey, code, Some(wait));
        self.tidy(Footing::Connected(peer), then)
    }

    /// The AP refused the cached PMKSA, in whichever way: at once a full authentication with the same BSS,
    /// in the same attempt. That is no failure to be reported.
    pub(super) fn without_pmksa(&mut self, journey: Journey, target: Target, footing: Footing) -> State {
        let gone = self.context.pmksa.refused(target.address(), &target.bss().ssid);
        if gone.is_empty()
            && let Some(plan) = target.plan()
        {
            // It was not its own.
            let key = self.pmksa_key(&target, plan.akm());
            self.context.pmksa.keep_apart(&key);
        }
        self.forgotten(gone);
        self.log(Some(journey.id), Entry::Failed(journey.failure(Code::PmksaRefused)));
        let cause = Cause::Retry(Difference::WithoutPmksa);
        self.log(Some(journey.id), Entry::Began { ssid: journey.network.ssid.clone(), cause });
        self.tidy(footing, Then::Again(Box::new((journey, target))))
    }

    /// Leaves nothing in the kernel, then goes on.
    pub(super) fn tidy(&mut self, footing: Footing, then: Then) -> State {
        self.end_external();
        match footing {
            Footing::Clean => then.follow(self),
            Footing::Halfway(peer) => Disconnecting::begin(self, peer, false, then),
            Footing::Connected(peer) => Disconnecting::begin(self, peer, true, then),
            Footing::Doubt => Disconnecting::doubt(self, then),
        }
    }

    fn after_failure(
        &mut self,
        journey: &Journey,
        target: Option<&Target>,
        code: &Code,
        footing: Footing,
    ) -> (Then, Option<Duration>) {
        let network = &journey.network;
        if *code != NOT_HEEDED && *code != UNEXPLAINED {
            self.context.history.acquit(&network.ssid);
        }
        if matches!(code, Code::WrongPassword | Code::WrongPasswordLikely | Code::UnknownPasswordIdentifier) {
            // Asking again and again with the same secret would only lock us out: another secret or a person is needed.
            self.context.history.wrong(&network.ssid, &network.credentials, self.now);
            return (Then::Seek, None);
        }
        if target.and_then(Target::plan).is_some_and(|plan| plan.akm().is_sae() || plan.akm() == Akm::Owe) {
            self.group_failed(&network.ssid);
        }
        if let Some(target) = target
            && matches!(
                code,
                Code::AuthenticationTimedOut | Code::AssociationTimedOut | Code::KernelSilent(_)
            )
        {
            self.context.history.silent(target.bss().bssid, self.now);
        }
        let manner = target.and_then(|target| self.mld_failed(journey, target, code));
        let failures = self.context.history.failed(&network.ssid);
        let wait = match failures {
            0 | 1 => Duration::ZERO,
            more => select::backoff(more - 1),
        };
        let wait = match code {
            // That the kernel had no room for its events is nothing that the network did.
            Code::StateLost => wait.min(HEARS_AGAIN),
            _ if self.is_passing(code) => wait.min(PASSES_AFTER),
            _ => wait,
        };
        if let Code::OtherProgram(_) = code {
            // Whoever does it again and again shall not be fought with.
            let wait = wait.max(self.context.interference.patience());
            if let Some(target) = target {
                self.context.history.set_back(target.address(), self.now, wait);
            }
            return (self.retry(journey, target, Difference::Later, wait), Some(wait));
        }
        if let Some(target) = target {
            // Long enough that others come first now, short enough that it is there again next time.
            let aside = match failures {
                _ if wait.is_zero() => SET_ASIDE,
                // By now another may be there, whom nobody has looked for: first everywhere, and this one if there is none.
                FAILS_AGAIN.. => wait + SET_ASIDE,
                _ => wait,
            };
            self.context.history.set_back(target.address(), self.now, aside);
            if let Some(apart) = target.apart().filter(|_| failures >= FAILS_AGAIN) {
                self.context.history.set_back(apart.address, self.now, aside);
            }
            if self.has_other(journey) {
                let difference = Difference::OtherAccessPoint;
                return (self.retry(journey, Some(target), difference, Duration::ZERO), Some(Duration::ZERO));
            }
        }
        if let (Some(manner @ (Manner::OneLink | Manner::Plain)), Some(target)) = (manner, target) {
            // That differs enough to be tried as soon as it may.
            let difference =
                if manner == Manner::OneLink { Difference::FewerLinks } else { Difference::WithoutLinks };
            if failures < FAILS_AGAIN {
                self.context.history.set_back(target.address(), self.now, wait);
            }
            return (self.retry(journey, Some(target), difference, wait), Some(wait));
        }
        // Every channel has just been scanned in vain: only time can help.
        let searched = matches!(code, Code::NotFound | Code::NoneSuitable | Code::Downgrade(_));
        if wait.is_zero() && !searched {
            let difference = match footing {
                Footing::Doubt => Difference::AfterFarewell,
                Footing::Clean | Footing::Halfway(_) | Footing::Connected(_) => Difference::FreshScan,
            };
            if let Some(target) = target {
                self.context.history.set_back(target.address(), self.now, Duration::ZERO);
            }
            return (self.retry(journey, target, difference, Duration::ZERO), Some(Duration::ZERO));
        }
        let wait = wait.max(select::backoff(1));
        (self.retry(journey, target, Difference::Later, wait), Some(wait))
    }

    /// Whether an AP refused what it will not refuse the next time: it looks whether an association of ours is still
    /// there, or did not know the key that is forgotten by now, perhaps by the firmware, whose word for it is another.
    /// Twice in a row it is a refusal as any other.
    fn is_passing(&self, code: &Code) -> bool {
        let passing =
            [StatusCode::RefusedTemporarily, StatusCode::InvalidPmkid].map(Code::AssociationRefused);
        let is_firmwares = self.is_fullmac() && matches!(code, Code::AssociationRefused(_));
        (is_firmwares || passing.contains(code))
            && self.context.last_failure.as_ref().is_none_or(|last| last.code != *code)
    }

    /// Notes what a failure says about an AP MLD: in which manner it is joined next. Nothing if it says nothing.
    fn mld_failed(&mut self, journey: &Journey, target: &Target, code: &Code) -> Option<Manner> {
        let mld = target.mld()?;
        let says_nothing = matches!(
            code,
            Code::OtherProgram(_) | Code::StateLost | Code::InterfaceDown | Code::InterfaceRemoved
        );
        let why = journey.failure(code.clone());
        let manner = || self.context.history.mld_failed(mld.address, mld.links.len(), why, self.now);
        (!says_nothing).then(manner)
    }

    /// The next attempt: at the same network if somebody asked for it or it follows at once, else at
    /// whichever known network is there by then.
    fn retry(
        &self,
        journey: &Journey,
        target: Option<&Target>,
        difference: Difference,
        wait: Duration,
    ) -> Then {
        let at = self.now + wait;
        if !journey.asked && !wait.is_zero() {
            return Then::SeekLater { at, after: journey.network.ssid.clone() };
        }
        let mut network = journey.network.clone();
        if let Some(target) = target {
            // That is where it is: a fresh scan begins there.
            let Frequency(frequency) = target.bss().frequency;
            network.known_frequencies.retain(|known| *known != frequency);
            network.known_frequencies.insert(0, frequency);
        }
        // A choice that was in vain is not insisted on: the person wants to be in the network.
        let chosen = journey.chosen.filter(|_| wait.is_zero());
        Then::Try(Box::new(Next {
            network,
            chosen,
            asked: journey.asked,
            cause: Cause::Retry(difference),
            at,
        }))
    }
}

/// While an address is waited for nothing looks around: what was heard before counts as long. If it is gone by then, the
/// scan that follows finds out.
const HEARD_BEFORE: Duration = Duration::from_secs(60);
/// How long a BSS that failed comes after the others.
const SET_ASIDE: Duration = Duration::from_secs(10);
/// How long what made an AP refuse an association for a while lasts: SA Query takes a second.
const PASSES_AFTER: Duration = Duration::from_secs(2);
/// How long a machine that could not keep up with the kernel's events is left in peace, however often that happens.
const HEARS_AGAIN: Duration = Duration::from_secs(10);
/// So many failures in a row are no chance.
const FAILS_AGAIN: u32 = 3;
