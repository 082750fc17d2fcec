//! Switching interfaces and radios on and off, and hearing that others did.

use super::{Change, Linux};
use crate::kernel::{Block, Heard};
use lapwing_core::kernel::{Errno, Refusal};
use lapwing_linux::rfkill::{self, Operation, RadioKind, Rfkill, RfkillEvent};
use lapwing_linux::rtnetlink;

impl Linux {
    pub(super) fn set_powered(&mut self, ifindex: u32, on: bool) {
        if on {
            self.off.remove(&ifindex);
        } else {
            self.off.insert(ifindex);
        }
        self.change(&rtnetlink::Request::SetUp { ifindex, up: on }, Change::Power { ifindex });
    }

    /// The switches of a radio, and their states.
    fn switches_of(&self, wiphy: u32) -> Vec<RfkillEvent> {
        let name = self.radios.get(&wiphy).map(|radio| radio.name.clone());
        let is_of = |event: &&RfkillEvent| name.is_some() && rfkill::radio_of(event.index) == name;
        self.switches.values().filter(is_of).copied().collect()
    }

    pub(super) fn set_radio_blocked(&mut self, wiphy: u32, blocked: bool) {
        let switches = self.switches_of(wiphy);
        let mut outcome = Ok(());
        if switches.is_empty() {
            outcome = Err(Refusal { errno: Errno::EOPNOTSUPP, message: None });
        }
        for switch in switches {
            if let Err(error) = rfkill::set_soft(switch.index, blocked) {
                let errno = error.raw_os_error().map_or(Errno::EIO, Errno);
                outcome = Err(Refusal { errno, message: Some(error.to_string()) });
            }
        }
        self.heard.push_back(Heard::RadioSwitched { wiphy, outcome });
    }

    /// Tells which radios are blocked now.
    pub(super) fn tell_blocks(&mut self) {
        let radios: Vec<_> = self.radios.keys().copied().collect();
        for wiphy in radios {
            let switches = self.switches_of(wiphy);
            let by = if switches.iter().any(|switch| switch.hard) {
                Some(Block::Hard)
            } else {
                switches.iter().any(|switch| switch.soft).then_some(Block::Soft)
            };
            let before = match by {
                Some(by) => self.blocked.insert(wiphy, by),
                None => self.blocked.remove(&wiphy),
            };
            if before != by {
                self.heard.push_back(Heard::RadioBlocked { wiphy, by });
            }
        }
    }

    pub(super) fn heard_rfkill(&mut self) {
        while let Some(Ok(Some(event))) = self.rfkill.as_mut().map(Rfkill::receive) {
            let is_wifi = matches!(event.kind, RadioKind::Wlan | RadioKind::All);
            if event.operation == Operation::Delete {
                self.switches.remove(&event.index);
            } else if is_wifi {
                self.switches.insert(event.index, event);
            }
            self.tell_blocks();
            if is_wifi && !event.soft && !event.hard {
                // The kernel has set the interface down when it was blocked, and leaves it so.
                let is_down = |ifindex: &u32| {
                    !self.off.contains(ifindex) && self.links.get(ifindex).is_some_and(|link| !link.is_up())
                };
                let down: Vec<_> = self.adopted.iter().copied().filter(is_down).collect();
                for ifindex in down {
                    self.set_up(ifindex);
                }
            }
        }
    }
}
