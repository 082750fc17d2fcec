//! What is heard of the kernel, and whom it is about.

use super::interface::Interface;
use super::{Daemon, Now};
use crate::kernel::{Heard, Kernel, PacketKind, Standing};
use crate::netconf::configuration;
use crate::netconf::dhcp;
use lapwing_core::station::{Event, Summary};
use std::io;
use tracing::warn;

/// How much is heard before others have their turn. A kernel may have more to tell for as long as it is heard.
const AT_ONCE: usize = 256;
/// How many radios' rules are kept. New radios get greater numbers, so that the first are the oldest.
const RADIOS: usize = 64;

/// How far the kernel was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listened {
    /// There is an answer to give, and perhaps more to hear.
    ToAnswer,
    /// All that was there was heard, or much of it.
    ToTheEnd,
    /// There was nothing.
    ToSilence,
}

impl<K: Kernel> Daemon<K> {
    /// Hears all that is there. [`Self::settle`] belongs behind it, and behind calls.
    ///
    /// # Errors
    /// If the kernel cannot be heard any more.
    pub fn listen(&mut self, mut now: impl FnMut() -> Now) -> io::Result<()> {
        while let Some(heard) = self.kernel.receive()? {
            self.hear(now(), heard);
        }
        self.tell_rest();
        Ok(())
    }

    /// Hears what is there, but no further than to an answer that somebody waits for: what else there is to do can
    /// wait until it is given. Go on with this then, and with [`Self::tell_rest`] when nothing more comes soon.
    ///
    /// # Errors
    /// If the kernel cannot be heard any more.
    pub fn listen_to_answer(&mut self, mut now: impl FnMut() -> Now) -> io::Result<Listened> {
        self.follow(now());
        for heard_before in 0..AT_ONCE {
            let Some(heard) = self.kernel.receive()? else {
                return Ok(if heard_before == 0 { Listened::ToSilence } else { Listened::ToTheEnd });
            };
            let now = now();
            self.take(now, heard);
            if self.desk.has_answers() {
                return Ok(Listened::ToAnswer);
            }
            self.follow(now);
        }
        Ok(Listened::ToTheEnd)
    }

    /// Whether an attempt is under way, and nobody waits for an answer that is there.
    #[must_use]
    pub fn is_in_a_hurry(&self) -> bool {
        let is_under_way = |interface: &Interface| {
            matches!(interface.station.summary(), Summary::Connecting { .. } | Summary::Roaming { .. })
        };
        !self.desk.has_answers() && self.interfaces.values().any(is_under_way)
    }

    /// Takes one thing that was heard.
    pub fn hear(&mut self, now: Now, heard: Heard) {
        self.take(now, heard);
        self.follow(now);
    }

    fn take(&mut self, now: Now, heard: Heard) {
        self.hear_serving(now, &heard);
        match heard {
            Heard::Appeared(found) => self.appeared(now, found),
            Heard::Gone { ifindex } => self.gone(now, ifindex),
            Heard::BareRadio { wiphy, radio_name, name, fresh } => {
                self.radio_is_bare(now, wiphy, &radio_name, name, fresh);
            }
            Heard::Renamed { ifindex, name } => {
                if let Some(interface) = self.interfaces.get_mut(&ifindex) {
                    interface.name = name;
                    self.changed();
                } else if let Some(mut found) = self.spare.remove(&ifindex) {
                    found.name = name;
                    self.appeared(now, found);
                }
            }
            Heard::RadioChanged { wiphy, radio } => {
                for interface in self.interfaces.values_mut() {
                    if interface.station.interface().wiphy == wiphy {
                        interface.station.set_radio(radio.clone());
                    }
                }
                self.changed();
            }
            Heard::Regulatory { wiphy, rules } => {
                self.regulatory.insert(wiphy, rules);
                if self.regulatory.len() > RADIOS {
                    self.regulatory.pop_first();
                }
            }
            Heard::Answered { ifindex, ticket, outcome } => {
                if self.enrolling_answered(now, ifindex, ticket, &outcome) {
                    return;
                }
                self.turn(now, ifindex, Event::Completed { ticket, outcome });
            }
            Heard::Station { ifindex: Some(ifindex), event } if !self.is_station(ifindex) => {
                self.heard_by_another(now, ifindex, event);
            }
            Heard::Station { ifindex, event } => {
                let is_for_station = ifindex.is_none_or(|ifindex| self.enrolling_heard(now, ifindex, &event));
                if let Some(interface) = ifindex.and_then(|ifindex| self.interfaces.get_mut(&ifindex)) {
                    interface.hear(&event);
                }
                if !is_for_station {
                    return;
                }
                if let Some(ifindex) = ifindex {
                    self.provisioning_heard(now, ifindex, &event);
                    self.calls_hear(ifindex, &event);
                }
                match ifindex {
                    Some(ifindex) => self.turn(now, ifindex, Event::Kernel(event)),
                    None => self.turn_all(now, &Event::Kernel(event)),
                }
            }
            Heard::EventsLost => {
                warn!("events of the kernel were lost: reading its state back");
                self.turn_all(now, &Event::EventsLost);
            }
            Heard::Packet { ifindex, kind, source, octets } => {
                let event = match kind {
                    PacketKind::Dhcp => dhcp::Event::Packet { source, octets: &octets },
                    PacketKind::Arp => dhcp::Event::Arp { octets: &octets },
                    PacketKind::Dhcp6 => {
                        return self.configure(now, ifindex, configuration::Event::Dhcp6(&octets));
                    }
                    // This machine is nobody's server.
                    PacketKind::DhcpServer => return,
                };
                self.configure(now, ifindex, configuration::Event::Dhcp(event));
            }
            Heard::Address6 { ifindex, address, standing } => {
                let event = match standing {
                    Standing::Usable => configuration::Event::Address6(address),
                    Standing::Unusable => configuration::Event::Address6Gone(address),
                    Standing::Taken => configuration::Event::Address6Taken(address),
                };
                self.configure(now, ifindex, event);
            }
            Heard::LinkLocal { ifindex, address } => {
                self.configure(now, ifindex, configuration::Event::LinkLocal(address));
            }
            Heard::Routers { ifindex, wish } => {
                self.configure(now, ifindex, configuration::Event::Routers(wish));
            }
            Heard::InterfaceRead { ifindex, outcome } => {
                self.interface_read(ifindex, &outcome);
                if let Ok(state) = outcome {
                    self.with_hotspot(now, ifindex, |hotspot, means| {
                        hotspot.checked(now.clock, &state, means)
                    });
                }
            }
            Heard::OffChannelSent { ifindex, number, outcome } => {
                self.provisioning_sent(now, ifindex, number, outcome);
            }
            Heard::Diagnosed { ifindex, outcome } => {
                self.diagnosed(ifindex, &outcome);
                if let Ok(Some(figures)) = &outcome {
                    self.signal_heard(ifindex, figures);
                }
                self.links_diagnosed(now, ifindex, &outcome);
            }
            Heard::Rivals { ifindex, rivals } => self.rivals(ifindex, &rivals),
            Heard::Powered { ifindex, outcome } => {
                if let Err(refusal) = &outcome {
                    warn!("interface {ifindex} was not switched: {refusal}");
                }
                self.switched(ifindex, &outcome);
            }
            Heard::RadioSwitched { wiphy, outcome } => {
                if let Err(refusal) = &outcome {
                    warn!("radio {wiphy} was not switched: {refusal}");
                }
                self.radio_switched(wiphy, outcome);
            }
            Heard::RadioBlocked { wiphy, by } => self.radio_blocked(wiphy, by),
            Heard::Advertised { ifindex, advertised } => {
                self.configure(now, ifindex, configuration::Event::Advertised(&advertised));
            }
            Heard::Trouble(text) => warn!("{text}"),
            // The networks of hotspots have heard them.
            Heard::Shared { .. } | Heard::Surroundings { .. } => {}
            Heard::Surveyed { ifindex, event } => self.surveyed(now, ifindex, event),
            Heard::AdHoc { ifindex, event } => self.ad_hoc_heard(now, ifindex, event),
            Heard::ModeSet { ifindex, outcome } => self.mode_set(now, ifindex, outcome),
            Heard::Served { ifindex, number, outcome } => {
                self.with_hotspot(now, ifindex, |hotspot, means| {
                    hotspot.served(now.clock, number, outcome, means)
                });
            }
            Heard::FrameServed { ifindex, number, acknowledged } => {
                self.with_hotspot(now, ifindex, |hotspot, means| {
                    hotspot.frame_served(now.clock, number, acknowledged, means)
                });
            }
            Heard::AccessPoint { ifindex, event } => {
                self.with_hotspot(now, ifindex, |hotspot, means| hotspot.hear(now.clock, &event, means));
            }
            Heard::ClientsDiagnosed { ifindex, outcome } => self.clients_diagnosed(ifindex, outcome),
        }
    }
}
