//! What earlier attempts taught.

use crate::{
    failure::Failure,
    network::Credentials,
    time::{Duration, Instant},
};
use alloc::collections::BTreeMap;
use lapwing_frames::{MacAddr, Ssid};

/// How many BSSs and networks are remembered.
const BOUND: usize = 256;
/// The times to wait after the second failure of a network in a row, and each that follows. Two of the longest fit into
/// the time within which a connection must be back when all is well again.
const BACKOFF: [u64; 6] = [1, 2, 5, 10, 20, 30];
/// How long a secret that an AP has refused is not tried without being asked, the first time in a row; each time four
/// times as long. Whoever is near can make a right one look wrong, and must not keep us out for good.
const BARRED_FOR: Duration = Duration::from_secs(30);
/// The longest of these: an AP that counts wrong secrets is not to lock us out.
const BARRED_AT_MOST: Duration = Duration::from_secs(3600);

/// What earlier attempts taught about a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Lessons {
    /// Failures in a row.
    failures: u32,
    /// The secret that was wrong, or probably wrong.
    wrong: Option<Wrong>,
    /// A secret with which an AP did not go on, once: it may be wrong, or something was lost.
    suspected: Option<Credentials>,
    /// An attempt that began with a stronger group than it need was refused or failed.
    wants_cheapest_group: bool,
}

/// A secret that was wrong, or probably wrong.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Wrong {
    credentials: Credentials,
    /// How long it was not to be tried the last time, and until when that is.
    barred_for: Duration,
    until: Instant,
}

/// What earlier attempts taught: which BSS has to wait, which secret is wrong, what has worked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct History {
    setbacks: BTreeMap<MacAddr, Instant>,
    /// When a BSS last gave no answer: it has to be heard again before it is tried again.
    silences: BTreeMap<MacAddr, Instant>,
    networks: BTreeMap<Ssid, Lessons>,
    /// The AP MLDs that failed since they were last joined with all their links.
    mlds: BTreeMap<MacAddr, Failures>,
}

/// What is remembered of an AP MLD that failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Failures {
    count: u8,
    /// Until when it counts.
    until: Instant,
    /// The last one.
    why: Failure,
}

/// In which manner an AP MLD is joined: one that fails with many links may not with fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Manner {
    /// With all links that can be used.
    AllLinks,
    /// With the association link alone.
    OneLink,
    /// As if its BSSs were no links.
    Plain,
}

impl Manner {
    const fn after(failures: u8) -> Self {
        match failures {
            // Once may be chance, or the AP still holds us: the same again, after a goodbye.
            0 | 1 => Self::AllLinks,
            2 => Self::OneLink,
            _ => Self::Plain,
        }
    }
}

/// How long the failures of an AP MLD count.
const MLD_REMEMBERED: Duration = Duration::from_secs(600);

impl History {
    /// In which manner an AP MLD is to be joined.
    #[must_use]
    pub fn manner(&self, mld: MacAddr, now: Instant) -> Manner {
        let failures = self.mlds.get(&mld).filter(|failures| now < failures.until);
        Manner::after(failures.map_or(0, |failures| failures.count))
    }

    /// Why an AP MLD is not joined with all its links, if it is not.
    #[must_use]
    pub fn fell_back(&self, mld: MacAddr, now: Instant) -> Option<&Failure> {
        (self.manner(mld, now) != Manner::AllLinks)
            .then(|| self.mlds.get(&mld))?
            .map(|failures| &failures.why)
    }

    /// Notes a failure of an AP MLD that was joined with so many links, and says in which manner it comes next.
    pub fn mld_failed(&mut self, mld: MacAddr, links: usize, why: Failure, now: Instant) -> Manner {
        self.mlds.retain(|_, failures| now < failures.until);
        if self.mlds.len() >= BOUND && !self.mlds.contains_key(&mld) {
            self.mlds.pop_first();
        }
        let mut count = self.mlds.get(&mld).map_or(0, |before| before.count).saturating_add(1);
        if links < 2 && Manner::after(count) == Manner::OneLink {
            // It had but one.
            count = count.saturating_add(1);
        }
        self.mlds.insert(mld, Failures { count, until: now + MLD_REMEMBERED, why });
        Manner::after(count)
    }

    /// Notes that a connection with an AP MLD by several links has lasted.
    pub fn mld_joined(&mut self, mld: MacAddr, now: Instant) {
        if self.manner(mld, now) == Manner::AllLinks {
            self.mlds.remove(&mld);
        }
    }

    /// Whether a BSS has to wait as it failed a moment ago.
    #[must_use]
    pub fn has_to_wait(&self, bssid: MacAddr, now: Instant) -> bool {
        self.setbacks.get(&bssid).is_some_and(|&until| now < until)
    }

    /// Whether a BSS that was heard at that moment has given no answer since.
    #[must_use]
    pub fn is_silent(&self, bssid: MacAddr, heard: Instant) -> bool {
        self.silences.get(&bssid).is_some_and(|&since| heard <= since)
    }

    /// Until when this secret of the network is not to be tried without being asked, if it was wrong.
    #[must_use]
    pub fn barred_until(&self, ssid: &Ssid, credentials: &Credentials) -> Option<Instant> {
        let wrong = self.networks.get(ssid)?.wrong.as_ref()?;
        wrong.credentials.is_same_secret(credentials).then_some(wrong.until)
    }

    /// Notes a failure of a BSS, which has to wait for so long.
    pub fn set_back(&mut self, bssid: MacAddr, now: Instant, wait: Duration) {
        self.setbacks.retain(|_, until| now < *until);
        if self.setbacks.len() < BOUND {
            self.setbacks.insert(bssid, now + wait);
        }
    }

    /// A BSS that failed has waited long enough, as there is no other. Whether it had to wait.
    pub fn forgive(&mut self, address: MacAddr) -> bool {
        self.setbacks.remove(&address).is_some()
    }

    /// Nobody who failed has to wait any longer.
    pub fn forgive_all(&mut self) {
        self.setbacks.clear();
    }

    /// Notes that a BSS gave no answer.
    pub fn silent(&mut self, bssid: MacAddr, now: Instant) {
        if self.silences.len() >= BOUND && !self.silences.contains_key(&bssid) {
            self.silences.pop_first();
        }
        self.silences.insert(bssid, now);
    }

    /// Notes a failure of a network, and says how many there have been in a row.
    pub fn failed(&mut self, ssid: &Ssid) -> u32 {
        let lessons = self.lessons(ssid);
        lessons.failures = lessons.failures.saturating_add(1);
        lessons.failures
    }

    /// Notes that an AP did not go on with this secret, which may have another reason. Whether the attempt
    /// before went the same way.
    pub fn suspect(&mut self, ssid: &Ssid, credentials: &Credentials) -> bool {
        let before = self.lessons(ssid).suspected.replace(credentials.clone());
        before.is_some_and(|before| before.is_same_secret(credentials))
    }

    /// Notes an attempt that ended in another way: nothing speaks against the secret.
    pub fn acquit(&mut self, ssid: &Ssid) {
        if let Some(lessons) = self.networks.get_mut(ssid) {
            lessons.suspected = None;
        }
    }

    /// Notes that the secret of a network is wrong.
    pub fn wrong(&mut self, ssid: &Ssid, credentials: &Credentials, now: Instant) {
        let lessons = self.lessons(ssid);
        let before = lessons.wrong.take().filter(|wrong| wrong.credentials.is_same_secret(credentials));
        let longer = |wrong: Wrong| Duration::from_secs(wrong.barred_for.as_secs() * 4).min(BARRED_AT_MOST);
        let barred_for = before.map_or(BARRED_FOR, longer);
        lessons.wrong = Some(Wrong { credentials: credentials.clone(), barred_for, until: now + barred_for });
    }

    /// The network has been joined: its secret is right, and this BSS need not wait.
    ///
    /// An AP MLD has another address than the BSS of the link through which it was joined.
    pub fn joined(&mut self, ssid: &Ssid, address: MacAddr, bssid: MacAddr) {
        let lessons = self.lessons(ssid);
        (lessons.wrong, lessons.suspected) = (None, None);
        self.setbacks.remove(&address);
        self.silences.remove(&bssid);
    }

    /// Notes that a network did not take a stronger group than it need, or that an attempt with one failed.
    pub fn refused_group(&mut self, ssid: &Ssid) {
        self.lessons(ssid).wants_cheapest_group = true;
    }

    /// Whether a network is better begun with the group that every AP has.
    #[must_use]
    pub fn wants_cheapest_group(&self, ssid: &Ssid) -> bool {
        self.networks.get(ssid).is_some_and(|lessons| lessons.wants_cheapest_group)
    }

    /// The connection has lasted: earlier failures are forgotten.
    pub fn settled(&mut self, ssid: &Ssid) {
        self.lessons(ssid).failures = 0;
    }

    /// Somebody asked for the network: nothing has to wait any more.
    pub fn asked(&mut self, ssid: &Ssid) {
        let lessons = self.lessons(ssid);
        lessons.failures = 0;
        (lessons.wrong, lessons.suspected) = (None, None);
        self.setbacks.clear();
        self.mlds.clear();
    }

    fn lessons(&mut self, ssid: &Ssid) -> &mut Lessons {
        if self.networks.len() >= BOUND && !self.networks.contains_key(ssid) {
            self.networks.pop_first();
        }
        self.networks.entry(ssid.clone()).or_default()
    }
}

/// How long to wait after so many failures in a row.
#[must_use]
pub fn backoff(failures: u32) -> Duration {
    let step = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
    Duration::from_secs(BACKOFF.get(step).copied().unwrap_or(60))
}
