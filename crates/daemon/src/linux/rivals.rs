//! Watching out for other programs that run the same radio.
//!
//! They are looked for when an interface is adopted and when something happens to it that we did not ask for;
//! once there are some, again and again, so that the warning ends with them.

use super::{Linux, Source, watch};
use crate::kernel::{Heard, Rival};
use lapwing_core::kernel::{Errno, KernelEvent, Request};
use lapwing_core::{Duration, Instant};
use lapwing_frames::management::StatusCode;
use lapwing_linux::clock;
use lapwing_linux::nl80211::iftype;
use lapwing_linux::rivals::rivals;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// How often to look again while there are some, in seconds.
const AGAIN: i64 = 5;
/// How long after a look the next one may be: whoever makes the kernel noisy must not make us busy.
const PAUSE: Duration = Duration::from_secs(1);

/// What is known of them.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Goes off every few seconds while there are some.
    timer: Option<OwnedFd>,
    looked: Option<Instant>,
    found: BTreeMap<u32, Vec<Rival>>,
    /// The interfaces that we have joined something on, or try to.
    joined: BTreeMap<u32, Joined>,
}

/// How far an interface is by what we asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Joined {
    /// It was asked to join.
    Asked,
    /// The kernel says that it has.
    There,
    /// It was asked to join another access point, for which the kernel ends what was before.
    Moving,
}

/// Whether a request makes a connection.
pub(super) const fn joins(request: &Request) -> bool {
    matches!(request, Request::Authenticate(_) | Request::Associate(_))
}

/// Whether the kernel refuses to join for somebody else's sake.
pub(super) fn is_suspicious_refusal(errno: Errno) -> bool {
    [Errno::EBUSY, Errno::EALREADY, Errno::EPERM].contains(&errno)
}

impl Watch {
    /// We ask for something.
    pub(super) fn asked(&mut self, ifindex: u32, request: &Request) {
        match request {
            request if joins(request) => {
                let next = match self.joined.get(&ifindex) {
                    None | Some(Joined::Asked) => Joined::Asked,
                    Some(Joined::There | Joined::Moving) => Joined::Moving,
                };
                self.joined.insert(ifindex, next);
            }
            Request::Deauthenticate { .. } => {
                self.joined.remove(&ifindex);
            }
            _ => {}
        }
    }

    /// Whether we did not ask for what happened, and the AP is not its cause either.
    pub(super) fn is_suspicious(&mut self, ifindex: u32, event: &KernelEvent) -> bool {
        match event {
            KernelEvent::Authentication { .. } | KernelEvent::Association { .. } => {
                !self.joined.contains_key(&ifindex)
            }
            KernelEvent::Connected(connection) => match self.joined.get_mut(&ifindex) {
                Some(joined) => {
                    if connection.status == StatusCode::Success && !connection.timed_out {
                        *joined = Joined::There;
                    }
                    false
                }
                None => true,
            },
            KernelEvent::Disconnected { by_ap, .. } => match self.joined.remove(&ifindex) {
                None => false,
                Some(Joined::Moving) => {
                    self.joined.insert(ifindex, Joined::Asked);
                    false
                }
                Some(Joined::Asked | Joined::There) => !by_ap,
            },
            _ => false,
        }
    }

    /// The interface is gone.
    pub(super) fn forget(&mut self, ifindex: u32) {
        self.joined.remove(&ifindex);
        self.found.remove(&ifindex);
    }

    /// Takes what was found on an interface. Returns what to tell, if it is news.
    fn found(&mut self, ifindex: u32, rivals: Vec<Rival>) -> Option<Heard> {
        let before = self.found.get(&ifindex).map(Vec::as_slice).unwrap_or_default();
        if before == rivals {
            return None;
        }
        if rivals.is_empty() {
            self.found.remove(&ifindex);
        } else {
            self.found.insert(ifindex, rivals.clone());
        }
        Some(Heard::Rivals { ifindex, rivals })
    }
}

impl Linux {
    /// Looks, unless it was done just now.
    pub(super) fn look_for_rivals(&mut self) {
        let now = clock::now();
        if self.rivals.looked.is_none_or(|looked| now.since(looked) >= PAUSE) {
            self.rivals.looked = Some(now);
            self.look();
        }
    }

    /// The timer went off.
    pub(super) fn heard_timer(&mut self) {
        let Some(timer) = &self.rivals.timer else { return };
        let mut count = [0; 8];
        if rustix::io::read(timer, &mut count).is_ok() {
            self.look();
        }
    }

    fn look(&mut self) {
        for ifindex in self.adopted.clone() {
            let Some(wiphy) = self.interfaces.get(&ifindex).map(|info| info.interface.wiphy) else {
                continue;
            };
            let of_radio = self
                .interfaces
                .iter()
                .filter(|(_, info)| info.interface.wiphy == wiphy && info.iftype == iftype::STATION);
            let names = of_radio.map(|(&ifindex, _)| (ifindex, self.name(ifindex))).collect();
            // A machine without /proc shows none.
            let found = rivals(Path::new("/proc"), std::process::id(), &names).unwrap_or_default();
            self.heard.extend(self.rivals.found(ifindex, found));
        }
        if self.rivals.found.is_empty() {
            self.rivals.timer = None;
        } else if self.rivals.timer.is_none() {
            match timer(AGAIN) {
                Ok(timer) => {
                    if let Err(error) = watch(&self.epoll, &timer, Source::Timer) {
                        self.trouble(format!("a timer cannot be waited for: {error}"));
                    }
                    self.rivals.timer = Some(timer);
                }
                Err(error) => self.trouble(format!("a timer cannot be made: {error}")),
            }
        }
    }
}

/// A timer that goes off every so many seconds.
pub(super) fn timer(seconds: i64) -> io::Result<OwnedFd> {
    let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
    let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
    let again = Timespec { tv_sec: seconds, tv_nsec: 0 };
    let every = Itimerspec { it_interval: again, it_value: again };
    timerfd_settime(&timer, TimerfdTimerFlags::empty(), &every)?;
    Ok(timer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lapwing_core::kernel::{AuthenticateRequest, Connection};
    use lapwing_frames::MacAddr;
    use lapwing_frames::management::{AuthenticationAlgorithm, ReasonCode};
    use lapwing_linux::rivals::Program;

    fn disconnected(by_ap: bool) -> KernelEvent {
        KernelEvent::Disconnected { reason: ReasonCode(3), by_ap }
    }

    fn authenticate() -> Request {
        Request::Authenticate(AuthenticateRequest {
            bssid: MacAddr::default(),
            frequency: lapwing_core::kernel::Frequency(2412),
            ssid: lapwing_frames::Ssid::new(b"x").unwrap(),
            algorithm: AuthenticationAlgorithm::Sae,
            data: vec![],
            elements: vec![],
            mld: None,
        })
    }

    fn connected(status: StatusCode) -> KernelEvent {
        KernelEvent::Connected(Connection {
            peer: MacAddr::default(),
            status,
            timed_out: false,
            request_elements: vec![],
            response_elements: vec![],
            links: vec![],
        })
    }

    #[test]
    fn whoever_asks_for_another_access_point_ends_the_connection_of_before() {
        let mut watch = Watch::default();
        watch.asked(3, &authenticate());
        assert!(!watch.is_suspicious(3, &connected(StatusCode::Success)));
        watch.asked(3, &authenticate());
        assert!(!watch.is_suspicious(3, &disconnected(false)), "we, by going elsewhere");
        assert!(!watch.is_suspicious(3, &connected(StatusCode::Success)), "there");
        assert!(watch.is_suspicious(3, &disconnected(false)), "not we: nothing was asked for since");
        // Where there was no connection, none is left by asking again.
        watch.asked(3, &authenticate());
        assert!(!watch.is_suspicious(3, &connected(StatusCode::UnspecifiedFailure)));
        watch.asked(3, &authenticate());
        assert!(watch.is_suspicious(3, &disconnected(false)));
    }

    #[test]
    fn what_we_ask_for_is_not_suspicious_and_the_rest_is() {
        let mut watch = Watch::default();
        let authentication = KernelEvent::Authentication { frame: vec![] };
        assert!(watch.is_suspicious(3, &authentication), "nobody asked");
        assert!(!watch.is_suspicious(3, &KernelEvent::ScanStarted), "scans disturb nobody");
        let request = authenticate();
        assert!(joins(&request) && !joins(&Request::ReadScan));
        watch.asked(3, &request);
        assert!(!watch.is_suspicious(3, &authentication));
        assert!(watch.is_suspicious(4, &authentication), "the other interface");
        assert!(watch.is_suspicious(3, &disconnected(false)), "not the AP and not we");
        assert!(!watch.is_suspicious(3, &disconnected(false)), "it was told once");
        watch.asked(3, &request);
        assert!(!watch.is_suspicious(3, &disconnected(true)), "the AP");
        watch.asked(3, &request);
        let farewell =
            Request::Deauthenticate { peer: MacAddr::default(), reason: ReasonCode(3), local_only: false };
        watch.asked(3, &farewell);
        assert!(!watch.is_suspicious(3, &disconnected(false)), "we");
        assert!(is_suspicious_refusal(Errno::EALREADY) && !is_suspicious_refusal(Errno::ENETDOWN));
    }

    #[test]
    fn news_are_told_once_and_so_is_the_end() {
        let mut watch = Watch::default();
        let rivals = vec![Rival { program: Program::Iwd, process: 7 }];
        assert_eq!(watch.found(3, vec![]), None);
        let told = Heard::Rivals { ifindex: 3, rivals: rivals.clone() };
        assert_eq!(watch.found(3, rivals.clone()), Some(told));
        assert_eq!(watch.found(3, rivals.clone()), None);
        assert_eq!(watch.found(3, vec![]), Some(Heard::Rivals { ifindex: 3, rivals: vec![] }));
        watch.found(3, rivals.clone());
        watch.forget(3);
        assert!(watch.found.is_empty());
    }

    #[test]
    fn the_timer_can_be_made() {
        timer(AGAIN).unwrap();
    }
}
