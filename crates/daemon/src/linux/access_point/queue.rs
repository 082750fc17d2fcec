//! Outcomes in the order of the requests: a frame that goes out as a packet is done at once, and one before it may
//! not be answered yet.

use lapwing_core::ap::Reply;
use lapwing_core::kernel::Refusal;
use std::collections::VecDeque;

/// An outcome.
type Outcome = Result<Reply, Refusal>;

/// The requests whose outcome was not told yet. Whoever asks bounds them.
#[derive(Debug, Default)]
pub(super) struct Queue {
    requests: VecDeque<(u64, Option<Outcome>)>,
}

impl Queue {
    pub(super) fn asked(&mut self, number: u64) {
        self.requests.push_back((number, None));
    }

    pub(super) fn answered(&mut self, number: u64, outcome: Outcome) {
        if let Some((_, place)) = self.requests.iter_mut().find(|(asked, _)| *asked == number) {
            *place = Some(outcome);
        }
    }

    /// What can be told now.
    pub(super) fn next(&mut self) -> Option<(u64, Outcome)> {
        match self.requests.pop_front()? {
            (number, Some(outcome)) => Some((number, outcome)),
            waiting => {
                self.requests.push_front(waiting);
                None
            }
        }
    }

    /// What can be told at the end: the kernel answers what is left, and is then told at once.
    pub(super) fn last(&mut self) -> Option<(u64, Outcome)> {
        loop {
            if let (number, Some(outcome)) = self.requests.pop_front()? {
                return Some((number, outcome));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_told_before_what_was_asked_before() {
        let mut queue = Queue::default();
        (1..=3).for_each(|number| queue.asked(number));
        queue.answered(2, Ok(Reply::Done));
        assert_eq!(queue.next(), None);
        queue.answered(1, Ok(Reply::PacketNumber(7)));
        assert_eq!(queue.next(), Some((1, Ok(Reply::PacketNumber(7)))));
        assert_eq!(queue.next(), Some((2, Ok(Reply::Done))));
        assert_eq!(queue.next(), None);
        queue.asked(4);
        queue.answered(4, Ok(Reply::Done));
        queue.answered(5, Ok(Reply::Done));
        assert_eq!((queue.next(), queue.last()), (None, Some((4, Ok(Reply::Done)))));
        assert_eq!(queue.last(), None);
    }
}
