//! Which frame a status is of. The kernel names a frame by a cookie; the status of one that left at once may be
//! there before the answer that says its cookie.

use std::collections::VecDeque;

/// How many frames of each kind are remembered: a status that comes later than those of so many others is not
/// waited for.
const BOUND: usize = 256;

/// The frames that wait for their status, and statuses that wait for their frame.
#[derive(Debug, Default)]
pub(super) struct Frames {
    waiting: VecDeque<(u64, u64)>,
    early: VecDeque<(u64, bool)>,
    told: Vec<(u64, bool)>,
}

fn bounded<T>(list: &mut VecDeque<T>, item: T) {
    if list.len() >= BOUND {
        list.pop_front();
    }
    list.push_back(item);
}

fn take<T: Copy>(list: &mut VecDeque<(u64, T)>, cookie: u64) -> Option<T> {
    let at = list.iter().position(|(other, _)| *other == cookie)?;
    list.remove(at).map(|(_, value)| value)
}

impl Frames {
    /// A frame has its cookie; 0 is that of one of which nobody will say anything.
    pub(super) fn sent(&mut self, cookie: u64, number: u64) {
        match take(&mut self.early, cookie) {
            Some(acknowledged) => self.told.push((number, acknowledged)),
            None if cookie != 0 => bounded(&mut self.waiting, (cookie, number)),
            None => {}
        }
    }

    /// A status is there. Returns the number of its frame, if that is known.
    pub(super) fn status(&mut self, cookie: u64, acknowledged: bool) -> Option<u64> {
        let number = take(&mut self.waiting, cookie);
        if number.is_none() {
            bounded(&mut self.early, (cookie, acknowledged));
        }
        number
    }

    /// The status of a frame of somebody else's, if it is there.
    pub(super) fn take_early(&mut self, cookie: u64) -> Option<bool> {
        take(&mut self.early, cookie)
    }

    /// What is to be told after the answers: the numbers of frames whose status was there before.
    pub(super) fn told(&mut self) -> Vec<(u64, bool)> {
        std::mem::take(&mut self.told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_finds_its_frame_whichever_comes_first() {
        let mut frames = Frames::default();
        frames.sent(7, 1);
        assert_eq!(frames.status(7, true), Some(1));
        assert_eq!(frames.status(8, false), None);
        frames.sent(8, 2);
        assert_eq!(frames.told(), [(2, false)]);
        assert_eq!(frames.told(), []);
        frames.sent(0, 3);
        assert!(frames.waiting.is_empty());
    }

    #[test]
    fn neither_list_grows_for_ever() {
        let mut frames = Frames::default();
        for cookie in 1..=1000 {
            frames.sent(cookie, cookie);
            frames.status(cookie + 10_000, true);
        }
        assert_eq!((frames.waiting.len(), frames.early.len()), (BOUND, BOUND));
        assert_eq!((frames.status(1, true), frames.status(1000, true)), (None, Some(1000)));
    }
}
