//! What is under way between the parts.

use crate::air::Transmission;
use crate::named::Named;
use crate::network::Packet;
use crate::parts::{Command, Message};
use crate::step::{Channel, Step};
use lapwing_core::Instant;
use lapwing_core::ap::mobility;
use lapwing_core::attempt::Ticket;
use lapwing_frames::MacAddr;
use std::collections::{BTreeMap, VecDeque};

/// A thing under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Item {
    Command {
        ticket: Ticket,
        command: Command,
    },
    Message(Message),
    Frame {
        number: Option<u64>,
        transmission: Transmission,
    },
    Packet(Packet),
    /// What one access point tells the others of its mobility domain.
    Domain {
        from: u8,
        message: Box<mobility::Message>,
    },
}

/// What becomes of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fate {
    Arrives,
    Lost,
    Doubled,
}

/// What the dice have decided about a thing, in a timed world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Plan {
    pub(super) due: Instant,
    pub(super) fate: Fate,
}

/// A thing on a channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Flying {
    pub(super) item: Named<Item>,
    pub(super) plan: Option<Plan>,
}

/// Everything under way. No channel in it is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Flight(BTreeMap<Channel, VecDeque<Flying>>);

impl Flight {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn channels(&self) -> impl Iterator<Item = (Channel, usize)> {
        self.0.iter().map(|(channel, queue)| (*channel, queue.len()))
    }

    pub(super) fn push(&mut self, channel: Channel, flying: Flying) {
        self.0.entry(channel).or_default().push_back(flying);
    }

    pub(super) fn push_front(&mut self, channel: Channel, flying: Flying) {
        self.0.entry(channel).or_default().push_front(flying);
    }

    pub(super) fn pop(&mut self, channel: Channel) -> Option<Flying> {
        let queue = self.0.get_mut(&channel)?;
        let first = queue.pop_front();
        if queue.is_empty() {
            self.0.remove(&channel);
        }
        first
    }

    /// The link whose queue a frame to a BSS of an access point joins, if not its own.
    ///
    /// A goodbye is not overtaken: the kernel goes on only when its queues are flushed (`ieee80211_set_disassoc`), so what
    /// it sends after that, on whichever link, comes after it. Nor is what had to wait for a goodbye overtaken by what
    /// is sent to the same BSS later: they are on one channel.
    pub(super) fn behind(&self, ap: u8, link: u8, receiver: MacAddr) -> Option<u8> {
        let holding = |which: &dyn Fn(u8, &Transmission) -> bool| {
            self.0.iter().find_map(|(channel, queue)| match channel {
                Channel::ToAp { ap: to, link } if *to == ap => {
                    let mut frames = queue.iter().filter_map(|flying| match &*flying.item {
                        Item::Frame { transmission, .. } => Some(transmission),
                        _ => None,
                    });
                    frames.any(|frame| which(*link, frame)).then_some(*link)
                }
                _ => None,
            })
        };
        holding(&|_, frame| frame.content.is_goodbye())
            .or_else(|| holding(&|on, frame| on != link && frame.receiver == receiver))
    }

    /// When the last thing on a channel arrives.
    pub(super) fn last_due(&self, channel: Channel) -> Option<Instant> {
        self.0.get(&channel)?.back()?.plan.map(|plan| plan.due)
    }

    /// What arrives next on some of the channels, in a timed world.
    pub(super) fn next(&self, which: impl Fn(Channel) -> bool) -> Option<(Instant, Step)> {
        let queues = self.0.iter().filter(|(channel, _)| which(**channel));
        let first = queues.filter_map(|(channel, queue)| {
            let Plan { due, fate } = queue.front()?.plan?;
            let step = match fate {
                Fate::Arrives => Step::Deliver(*channel),
                Fate::Lost => Step::Lose(*channel),
                Fate::Doubled => Step::Duplicate(*channel),
            };
            Some((due, step))
        });
        first.min_by_key(|(due, _)| *due)
    }

    /// Gives everything a plan.
    pub(super) fn plan_all(&mut self, mut plan: impl FnMut(Channel, Option<Instant>) -> Plan) {
        for (channel, queue) in &mut self.0 {
            let mut last = None;
            for flying in queue {
                let made = plan(*channel, last);
                last = Some(made.due);
                flying.plan = Some(made);
            }
        }
    }

    /// The socket overflows: answers have their place in it, events have not.
    pub(super) fn drop_events(&mut self) {
        if let Some(queue) = self.0.get_mut(&Channel::Socket) {
            queue.retain(|flying| !matches!(*flying.item, Item::Message(Message::Event(_))));
            if queue.is_empty() {
                self.0.remove(&Channel::Socket);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::air::Content;
    use lapwing_core::kernel::Frequency;

    const FIRST: MacAddr = MacAddr([2, 0, 0, 0, 0, 0]);
    const SECOND: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);

    fn frame(receiver: MacAddr, subtype: u8) -> Flying {
        let transmission = Transmission {
            frequency: Frequency(5180),
            transmitter: MacAddr([2, 0, 0, 0, 0, 9]),
            receiver,
            content: Content::Management { frame: vec![subtype], protection: None },
        };
        Flying { item: Named::new(Item::Frame { number: None, transmission }), plan: None }
    }

    #[test]
    fn what_waited_for_a_goodbye_is_not_overtaken_on_its_own_link() {
        let on = |link| Channel::ToAp { ap: 0, link };
        let mut flight = Flight::default();
        flight.push(on(1), frame(SECOND, 0xc0));
        assert_eq!(flight.behind(0, 0, FIRST), Some(1), "nothing overtakes a goodbye");
        assert_eq!(flight.behind(1, 0, FIRST), None, "which is for this access point only");
        flight.push(on(1), frame(FIRST, 0xb0));
        flight.pop(on(1));
        assert_eq!(flight.behind(0, 0, FIRST), Some(1), "an authentication waits there, on the same channel");
        assert_eq!(flight.behind(0, 1, SECOND), None, "and nothing else does");
        flight.pop(on(1));
        assert_eq!(flight.behind(0, 0, FIRST), None);
    }
}
