//! What an interface is for: from a station to an access point and back.
//!
//! One step after the other, each when the last is answered. If one is refused, what was done is taken back.

use super::{Linux, Member, leftover};
use crate::kernel::{Heard, Mode};
use crate::linux::{Change, Purpose};
use lapwing_core::kernel::{Errno, Refusal};
use lapwing_linux::nl80211::{self, iftype};
use lapwing_linux::rtnetlink::{self, LinkMode, OperState};
use std::collections::VecDeque;

/// What an access point's clients send: association and reassociation requests, probe requests, disassociation,
/// authentication, deauthentication, actions.
const FRAMES: [u16; 7] = [0x0000, 0x0020, 0x0040, 0x00a0, 0x00b0, 0x00c0, 0x00d0];

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    SetUp(bool),
    SetType(u16),
    RegisterFrame(u16),
    /// Drivers without it do not tell of strangers, and somebody who was here before may be us.
    RegisterStrangers,
}

/// An interface on its way.
#[derive(Debug)]
pub(super) struct Switch {
    to: Mode,
    from: u16,
    /// The step that is being taken.
    step: Step,
    /// Those to be taken.
    next: VecDeque<Step>,
    /// Why it goes back.
    refused: Option<Refusal>,
}

const fn number(mode: Mode) -> u16 {
    match mode {
        Mode::Station => iftype::STATION,
        Mode::AccessPoint => iftype::AP,
        Mode::AdHoc => iftype::ADHOC,
    }
}

impl Switch {
    /// The way, and its first step.
    fn new(from: u16, to: Mode) -> (Self, Step) {
        let mut next = VecDeque::from([Step::SetType(number(to)), Step::SetUp(true)]);
        if to == Mode::AccessPoint {
            next.extend(FRAMES.map(Step::RegisterFrame));
            next.push_back(Step::RegisterStrangers);
        }
        let step = Step::SetUp(false);
        (Self { to, from, step, next, refused: None }, step)
    }

    /// The way of an interface that a killed daemon left as an access point, and its first step. It is set up when it
    /// is adopted.
    pub(super) fn back() -> (Self, Step) {
        let (mut switch, step) = Self::new(iftype::AP, Mode::Station);
        switch.next = VecDeque::from([Step::SetType(iftype::STATION)]);
        (switch, step)
    }

    /// The step was taken, or not: what comes next; nothing at the end.
    fn taken(&mut self, outcome: Result<(), Refusal>) -> Option<Step> {
        match outcome {
            Err(refusal) if self.refused.is_none() && self.step != Step::RegisterStrangers => {
                self.refused = Some(refusal);
                let changed = !matches!(self.step, Step::SetUp(false) | Step::SetType(_));
                let back = changed.then_some([Step::SetUp(false), Step::SetType(self.from)]);
                self.next = back.into_iter().flatten().chain([Step::SetUp(true)]).collect();
            }
            _ => {}
        }
        self.step = self.next.pop_front()?;
        Some(self.step)
    }
}

impl Linux {
    pub(in crate::linux) fn set_mode(&mut self, ifindex: u32, mode: Mode) {
        let refused = |errno, text: &str| Refusal { errno, message: Some(text.to_owned()) };
        let outcome = match self.interfaces.get(&ifindex) {
            None => Err(refused(Errno::ENODEV, "there is no such interface")),
            Some(_) if self.access_points.switching.contains_key(&ifindex) => {
                Err(refused(Errno::EBUSY, "the mode is being changed"))
            }
            Some(info) => Ok(info.iftype),
        };
        match outcome {
            Err(refusal) => self.heard.push_back(Heard::ModeSet { ifindex, outcome: Err(refusal) }),
            Ok(from) => {
                self.off.remove(&ifindex);
                let (switch, first) = Switch::new(from, mode);
                self.access_points.switching.insert(ifindex, switch);
                self.take(ifindex, first);
            }
        }
    }

    pub(super) fn take(&mut self, ifindex: u32, step: Step) {
        // First the mark: without the rest it does no harm.
        if matches!(step, Step::SetType(iftype::AP | iftype::ADHOC))
            && let Err(error) = leftover::mark(&self.runtime, ifindex)
        {
            self.trouble(format!("cannot mark {} as our access point: {error}", self.name(ifindex)));
        }
        let request = match step {
            Step::SetUp(up) => {
                return self.change(&rtnetlink::Request::SetUp { ifindex, up }, Change::Mode { ifindex });
            }
            Step::SetType(iftype) => nl80211::Request::SetInterfaceType { ifindex, iftype },
            Step::RegisterFrame(frame_type) => {
                nl80211::Request::RegisterFrame { ifindex, frame_type, prefix: vec![], groups: false }
            }
            Step::RegisterStrangers => nl80211::Request::RegisterStrangers { ifindex },
        };
        self.ask(&request, Purpose::Mode { ifindex });
    }

    /// The step under way is answered.
    pub(in crate::linux) fn step_taken(&mut self, ifindex: u32, outcome: Result<(), Refusal>) {
        let Some(switch) = self.access_points.switching.get_mut(&ifindex) else { return };
        if let (Step::SetType(iftype), Ok(()), Some(info)) =
            (switch.step, &outcome, self.interfaces.get_mut(&ifindex))
        {
            info.iftype = iftype;
            // The kernel forgets what an interface of another type was registered for.
            self.provisions.remove(&ifindex);
        }
        if let Some(next) = switch.taken(outcome) {
            return self.take(ifindex, next);
        }
        let Some(Switch { to, refused, .. }) = self.access_points.switching.remove(&ifindex) else { return };
        let now = self.interfaces.get(&ifindex).map(|info| (info.interface, info.iftype));
        if !self.announced.contains(&ifindex) {
            // Nobody has heard of it yet.
            if let Some(refusal) = refused {
                self.trouble(format!("cannot make {} a station again: {refusal}", self.name(ifindex)));
            }
            return self.announce();
        }
        self.access_points.ad_hoc.remove(&ifindex);
        match now {
            Some((_, iftype::ADHOC)) => {
                self.access_points.running.remove(&ifindex);
                self.access_points.ad_hoc.insert(ifindex, Member::default());
                let (mode, state) = (LinkMode::Default, OperState::Up);
                let request = rtnetlink::Request::SetOperation { ifindex, mode, state };
                self.change(&request, Change::MayFail);
            }
            Some((_, iftype::AP)) => {
                // What was asked before belongs to what is over.
                self.access_points.running.entry(ifindex).or_default();
                // Clients' packets pass by their own ports: the interface is open as soon as it has a BSS.
                let (mode, state) = (LinkMode::Default, OperState::Up);
                let request = rtnetlink::Request::SetOperation { ifindex, mode, state };
                self.change(&request, Change::MayFail);
            }
            Some((interface, _)) => {
                self.access_points.running.remove(&ifindex);
                self.adopt(interface);
            }
            None => {}
        }
        self.watch_clients();
        debug_assert!(refused.is_some() || now.is_some_and(|(_, iftype)| iftype == number(to)));
        self.heard.push_back(Heard::ModeSet { ifindex, outcome: refused.map_or(Ok(()), Err) });
    }

    /// The interface is gone on its way.
    pub(super) fn end_switch(&mut self, ifindex: u32) {
        if let Some(switch) = self.access_points.switching.remove(&ifindex)
            && self.announced.contains(&ifindex)
        {
            let gone = Refusal { errno: Errno::ENODEV, message: None };
            let outcome = Err(switch.refused.unwrap_or(gone));
            self.heard.push_back(Heard::ModeSet { ifindex, outcome });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUSY: Refusal = Refusal { errno: Errno::EBUSY, message: None };

    /// Takes every step, of which the one with this number is refused.
    fn walk(mode: Mode, refuse: Option<usize>) -> (Vec<Step>, Option<Refusal>) {
        let (mut switch, first) = Switch::new(iftype::STATION, mode);
        let mut steps = vec![first];
        while let Some(step) = switch.taken(if refuse == Some(steps.len() - 1) { Err(BUSY) } else { Ok(()) })
        {
            steps.push(step);
        }
        (steps, switch.refused)
    }

    #[test]
    fn an_access_point_is_registered_for_everything_that_clients_send() {
        let (steps, refused) = walk(Mode::AccessPoint, None);
        assert_eq!(steps[..3], [Step::SetUp(false), Step::SetType(iftype::AP), Step::SetUp(true)]);
        assert_eq!(steps[3..10], FRAMES.map(Step::RegisterFrame));
        assert_eq!((&steps[10..], refused), (&[Step::RegisterStrangers][..], None));
        assert_eq!(walk(Mode::Station, None).0.len(), 3);
        assert_eq!(walk(Mode::AdHoc, None).0[1], Step::SetType(iftype::ADHOC));
    }

    #[test]
    fn what_a_killed_daemon_left_is_a_station_in_two_steps() {
        let (mut switch, first) = Switch::back();
        assert_eq!(first, Step::SetUp(false));
        assert_eq!(switch.taken(Ok(())), Some(Step::SetType(iftype::STATION)));
        assert_eq!((switch.taken(Ok(())), switch.refused), (None, None));
    }

    #[test]
    fn what_is_refused_is_taken_back() {
        let (steps, refused) = walk(Mode::AccessPoint, Some(1));
        assert_eq!((&steps[2..], refused), (&[Step::SetUp(true)][..], Some(BUSY)));
        for at in 2..10 {
            let (steps, refused) = walk(Mode::AccessPoint, Some(at));
            let back = [Step::SetUp(false), Step::SetType(iftype::STATION), Step::SetUp(true)];
            assert_eq!((&steps[at + 1..], refused), (&back[..], Some(BUSY)), "{at}");
        }
        assert_eq!(walk(Mode::AccessPoint, Some(10)).1, None, "strangers are not told of everywhere");
    }
}
