//! Reading the kernel's state back, when it is in doubt.
//!
//! There is no atomic picture: the interface is read before and after the rest, and the whole is repeated
//! until both readings agree and no event came between. When to do it, and what follows, is the core's.

use lapwing_core::kernel::{InterfaceState, Reply, Request, ScanEntry, StationState};

/// How often the reading starts again before what there is must do.
const TRIES: u8 = 8;

/// The kernel's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The interface.
    pub interface: InterfaceState,
    /// The BSSs that it is associated with: one, or one for each link.
    pub associated: Vec<ScanEntry>,
    /// Its peers.
    pub stations: Vec<StationState>,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Send this request for the interface and hand in the reply.
    Ask(Request),
    /// The state. False if it kept changing to the last try, so that the parts may not fit together.
    Done(Box<Snapshot>, bool),
}

/// Reads the state of one interface. Start with [`Resync::start`], hand in each reply and event.
///
/// The requests are answered in order after every event of earlier requests, so the first of them is the
/// fence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resync {
    step: Step,
    tries: u8,
    disturbed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Interface,
    Scan(InterfaceState),
    Stations(InterfaceState, Vec<ScanEntry>),
    Again(InterfaceState, Vec<ScanEntry>, Vec<StationState>),
}

impl Resync {
    /// Starts: the first request is to be sent.
    #[must_use]
    pub const fn start() -> (Self, Request) {
        (Self { step: Step::Interface, tries: 1, disturbed: false }, Request::ReadInterface)
    }

    /// An event of the interface came (frames and their status do not count).
    pub const fn disturb(&mut self) {
        // Before the first reading an event changes nothing: it is the past.
        if !matches!(self.step, Step::Interface) {
            self.disturbed = true;
        }
    }

    /// The reply to the request asked for last came; other replies are ignored.
    pub fn reply(&mut self, reply: Reply) -> Option<Progress> {
        let step = core::mem::replace(&mut self.step, Step::Interface);
        let (step, request) = match (step, reply) {
            (Step::Interface, Reply::Interface(state)) => (Step::Scan(state), Request::ReadScan),
            (Step::Scan(state), Reply::Scan(entries)) => {
                let associated = entries.into_iter().filter(|entry| entry.associated).collect();
                (Step::Stations(state, associated), Request::ReadStations)
            }
            (Step::Stations(state, associated), Reply::Stations(stations)) => {
                (Step::Again(state, associated, stations), Request::ReadInterface)
            }
            (Step::Again(before, associated, stations), Reply::Interface(interface)) => {
                let stable = !self.disturbed && before == interface;
                if stable || self.tries >= TRIES {
                    return Some(Progress::Done(
                        Box::new(Snapshot { interface, associated, stations }),
                        stable,
                    ));
                }
                self.tries = self.tries.saturating_add(1);
                self.disturbed = false;
                (Step::Scan(interface), Request::ReadScan)
            }
            (step, _) => {
                self.step = step;
                return None;
            }
        };
        self.step = step;
        Some(Progress::Ask(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lapwing_frames::MacAddr;

    fn interface(last: u8) -> Reply {
        let address = MacAddr([2, 0, 0, 0, 0, last]);
        Reply::Interface(InterfaceState { address, ssid: None, channel: None, links: vec![] })
    }

    /// Answers each request in turn, the interface as the function says; how many requests it took.
    fn run(mut answer: impl FnMut(u32) -> Reply, mut disturb: impl FnMut(u32) -> bool) -> (u32, bool) {
        let (mut resync, mut request) = Resync::start();
        for count in 1.. {
            let reply = match request {
                Request::ReadInterface => answer(count),
                Request::ReadScan => Reply::Scan(vec![]),
                _ => Reply::Stations(vec![]),
            };
            assert_eq!(resync.reply(Reply::Done), None, "a foreign reply changes nothing");
            match resync.reply(reply).unwrap() {
                Progress::Ask(next) => request = next,
                Progress::Done(_, stable) => return (count, stable),
            }
            if disturb(count) {
                resync.disturb();
            }
        }
        unreachable!()
    }

    #[test]
    fn four_requests_when_nothing_moves() {
        assert_eq!(run(|_| interface(1), |_| false), (4, true));
    }

    #[test]
    fn once_more_after_an_event_or_a_change() {
        assert_eq!(run(|_| interface(1), |count| count == 2), (7, true));
        assert_eq!(run(|count| interface(u8::from(count > 1)), |_| false), (7, true));
    }

    #[test]
    fn ends_even_if_the_kernel_never_rests() {
        assert_eq!(run(|_| interface(1), |_| true), (1 + 3 * u32::from(TRIES), false));
    }
}
