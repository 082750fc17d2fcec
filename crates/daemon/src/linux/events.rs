//! What nl80211 and rtnetlink say.

use super::{Change, Linux, Purpose, Surveyed, addresses, rivals};
use crate::kernel::{Heard, Standing};
use crate::netconf::Advertised;
use crate::netconf::dhcp6::Wish;
use lapwing_core::kernel::{Errno, KernelEvent, Refusal, Reply};
use lapwing_linux::netlink::ReplyError;
use lapwing_linux::nl80211::{self, EventKind, iftype};
use lapwing_linux::rtnetlink::{self, Address, Ipv6State, RouteProtocol};
use std::collections::BTreeSet;
use std::net::IpAddr;

impl Linux {
    pub(super) fn heard_nl80211(&mut self, incoming: nl80211::Incoming) {
        match incoming {
            nl80211::Incoming::Reply { sequence, result } => {
                let Some(purpose) = self.asked.remove(&sequence) else { return };
                self.answered(purpose, result);
            }
            nl80211::Incoming::Event(event) => self.happened(event),
            nl80211::Incoming::Malformed(error) => {
                self.trouble(format!("a message of nl80211 does not decode: {error}"));
            }
            nl80211::Incoming::EventsLost => {
                self.heard.push_back(Heard::EventsLost);
                self.radios_asked = false;
                self.survey();
            }
        }
    }

    fn answered(&mut self, purpose: Purpose, result: Result<nl80211::Reply, ReplyError>) {
        match (purpose, result) {
            (Purpose::Station { ifindex, ticket, joins }, result) => {
                let outcome = match result {
                    Ok(nl80211::Reply::Station(reply)) => Ok(reply),
                    Ok(_) => {
                        let message = Some("the reply is to another request".to_owned());
                        Err(Refusal { errno: Errno::EIO, message })
                    }
                    Err(error) => Err(Refusal::from(error)),
                };
                if joins
                    && outcome.as_ref().is_err_and(|refusal| rivals::is_suspicious_refusal(refusal.errno))
                {
                    self.look_for_rivals();
                }
                self.heard.push_back(Heard::Answered { ifindex, ticket, outcome });
            }
            (Purpose::Interface { ifindex }, result) => {
                let outcome = match result {
                    Ok(nl80211::Reply::Station(Reply::Interface(state))) => Ok(Box::new(state)),
                    Ok(_) => Err(Refusal { errno: Errno::EIO, message: None }),
                    Err(error) => Err(Refusal::from(error)),
                };
                self.heard.push_back(Heard::InterfaceRead { ifindex, outcome });
            }
            (Purpose::Figures { ifindex }, result) => {
                let outcome = match result {
                    Ok(nl80211::Reply::Figures(peers)) => Ok(peers.into_iter().next().map(Box::new)),
                    Ok(_) => Ok(None),
                    Err(error) => Err(Refusal::from(error)),
                };
                self.heard.push_back(Heard::Diagnosed { ifindex, outcome });
            }
            (Purpose::Serve { ifindex, number, is_frame }, result) => {
                self.answered_access_point((ifindex, number, is_frame), result);
            }
            (Purpose::AdHoc { ifindex }, result) => {
                self.answered_ad_hoc(ifindex, result.map(|_| ()).map_err(Refusal::from));
            }
            (Purpose::Survey { ifindex }, result) => {
                self.answered_survey(ifindex, result.map_err(Refusal::from));
            }
            (Purpose::Member { ifindex, number }, result) => {
                self.answered_member((ifindex, number), result.map_err(Refusal::from));
            }
            (Purpose::Mode { ifindex }, result) => {
                self.step_taken(ifindex, result.map(|_| ()).map_err(Refusal::from));
            }
            (Purpose::Clients { ifindex }, Ok(nl80211::Reply::Figures(clients))) => {
                self.heard_clients(ifindex, &clients);
            }
            // They are asked for again.
            (Purpose::Clients { .. }, _) => {}
            (Purpose::Probe { ifindex, client }, result) => self.probed((ifindex, client), result),
            (Purpose::ClientFigures { ifindex }, result) => {
                let outcome = match result {
                    Ok(nl80211::Reply::Figures(clients)) => Ok(clients),
                    Ok(_) => Ok(Vec::new()),
                    Err(error) => Err(Refusal::from(error)),
                };
                self.heard.push_back(Heard::ClientsDiagnosed { ifindex, outcome });
            }
            (Purpose::OffChannel { ifindex, number }, result) => {
                let outcome = match result {
                    Ok(nl80211::Reply::Station(Reply::Sent { cookie })) => Ok(cookie),
                    Ok(_) => Ok(0),
                    Err(error) => Err(Refusal::from(error)),
                };
                self.off_channel_sent(ifindex, number, outcome);
            }
            (Purpose::Registration, Err(error)) => {
                // Without it some frames are not heard; a driver that cannot do it says so here.
                self.trouble(format!("a kind of frame cannot be registered for: {error}"));
            }
            (Purpose::Setting(refused), Err(error)) => self.trouble(format!("{refused}: {error}")),
            (Purpose::Radios, result) => {
                self.radios_asked = false;
                match result {
                    Ok(nl80211::Reply::Radios(radios)) => self.radios(radios),
                    Ok(_) => {}
                    Err(error) => self.trouble(format!("cannot read the radios: {error}")),
                }
            }
            (Purpose::Regulatory { wiphy }, Ok(nl80211::Reply::Regulatory(rules))) => {
                self.heard.push_back(Heard::Regulatory { wiphy, rules });
            }
            // Not known, then: nothing is said of it on the air.
            (Purpose::Regulatory { .. }, _) => {}
            (Purpose::Interfaces, Ok(nl80211::Reply::Interfaces(list))) => {
                let here: BTreeSet<_> = list.iter().map(|info| info.interface.ifindex).collect();
                let lost: Vec<_> =
                    self.interfaces.keys().filter(|known| !here.contains(known)).copied().collect();
                for ifindex in lost {
                    self.gone(ifindex);
                }
                for info in list {
                    self.interfaces.insert(info.interface.ifindex, info);
                }
                self.announce();
                if self.surveyed == Surveyed::Nothing {
                    self.surveyed = Surveyed::Interfaces;
                }
                self.look_for_bare_radios();
            }
            (Purpose::NewInterface { .. }, Ok(nl80211::Reply::Interfaces(made))) => {
                // The event may come later, or may have come.
                for info in made {
                    self.interfaces.entry(info.interface.ifindex).or_insert(info);
                }
                self.announce();
            }
            (Purpose::NewInterface { .. }, Ok(_)) => {}
            (Purpose::NewInterface { wiphy }, Err(error)) => {
                self.trouble(format!("radio {wiphy} gets no interface: {error}"));
            }
            (Purpose::Interfaces, Err(error)) => self.trouble(format!("cannot read the interfaces: {error}")),
            (Purpose::Registration | Purpose::Setting(_) | Purpose::Interfaces, Ok(_)) => {}
        }
    }

    fn happened(&mut self, event: nl80211::Event) {
        let ifindex = event.origin.ifindex;
        let event = match ifindex {
            Some(ifindex) if self.access_points.has(ifindex) => {
                let Some(event) = self.happened_to_access_point(ifindex, event) else { return };
                event
            }
            _ => event,
        };
        match event.kind {
            EventKind::Station(KernelEvent::InterfaceRemoved) => {
                if let Some(ifindex) = ifindex {
                    self.gone(ifindex);
                }
            }
            EventKind::Station(KernelEvent::RegulatoryChanged) => {
                // The stations hear of it when the channels are known.
                self.regulatory = true;
                self.ask_radios();
            }
            EventKind::Station(event) => {
                if let Some(ifindex) = ifindex
                    && self.adopted.contains(&ifindex)
                    && self.rivals.is_suspicious(ifindex, &event)
                {
                    self.look_for_rivals();
                }
                self.heard.push_back(Heard::Station { ifindex, event });
            }
            EventKind::NewInterface(info) => {
                let ifindex = info.interface.ifindex;
                if info.iftype != iftype::STATION && self.announced.contains(&ifindex) {
                    self.gone(ifindex);
                    // It is there still, as something else.
                    self.read_links();
                }
                self.interfaces.insert(ifindex, info);
                self.announce();
            }
            EventKind::NewWiphy => self.ask_radios(),
            EventKind::DelWiphy => {
                if let Some(wiphy) = event.origin.wiphy {
                    self.radios.remove(&wiphy);
                }
            }
            EventKind::NewPeer(_)
            | EventKind::DelPeer(_)
            | EventKind::Stranger(_)
            | EventKind::ApStopped
            | EventKind::IbssJoined(_)
            | EventKind::ClientProbed { .. }
            | EventKind::PmksaCandidate { .. }
            | EventKind::OffChannelBegan { .. }
            | EventKind::OffChannelEnded { .. }
            | EventKind::Radar(_)
            | EventKind::RekeyOffload { .. }
            | EventKind::Vendor
            | EventKind::Other { .. } => {}
        }
    }

    pub(super) fn heard_rtnetlink(&mut self, incoming: rtnetlink::Incoming) {
        match incoming {
            rtnetlink::Incoming::Reply { sequence, result } => {
                let Some(change) = self.changes.remove(&sequence) else { return };
                let outcome = match result {
                    Ok(rtnetlink::Reply::Ipv6(states)) => {
                        let fresh = match change {
                            Change::Routers { ifindex } => Some(ifindex),
                            _ => None,
                        };
                        for state in states {
                            self.routers(state, fresh == Some(state.ifindex));
                        }
                        Ok(())
                    }
                    Ok(reply) => {
                        self.read_back(reply);
                        Ok(())
                    }
                    Err(error) => Err(Refusal::from(error)),
                };
                self.changed(change, outcome);
            }
            rtnetlink::Incoming::Event(event) => match event {
                rtnetlink::Event::Link(link) => self.link(link),
                rtnetlink::Event::LinkRemoved(link) => self.gone(link.ifindex),
                rtnetlink::Event::Address(address) => self.address(&address, true),
                rtnetlink::Event::AddressRemoved(address) => self.address(&address, false),
                rtnetlink::Event::Advertisement(found) => {
                    let ifindex = found.ifindex;
                    self.router_spoke(ifindex);
                    let said = found.options.into_iter().map(Advertised::from);
                    self.heard.extend(said.map(|advertised| Heard::Advertised { ifindex, advertised }));
                }
                rtnetlink::Event::Route(route) if route.protocol == RouteProtocol::RouterAdvertisement => {
                    self.router_spoke(route.ifindex);
                }
                rtnetlink::Event::Ipv6(state) => self.routers(state, false),
                rtnetlink::Event::Route(_) | rtnetlink::Event::RouteRemoved(_) => {}
            },
            rtnetlink::Incoming::Malformed(error) => {
                self.trouble(format!("a message of rtnetlink does not decode: {error}"));
            }
            rtnetlink::Incoming::EventsLost => {
                self.read_addresses();
                self.read_links();
            }
        }
    }

    fn read_back(&mut self, reply: rtnetlink::Reply) {
        match reply {
            rtnetlink::Reply::Done | rtnetlink::Reply::Ipv6(_) => {}
            rtnetlink::Reply::Links(links) => {
                for link in links {
                    self.link(link);
                }
                self.look_for_bare_radios();
            }
            rtnetlink::Reply::Addresses(addresses) => {
                for address in &addresses {
                    self.address(address, true);
                    // What we have set ourselves is no leftover.
                    if address.protocol == Some(addresses::OURS.0) && !self.adopted.contains(&address.ifindex)
                    {
                        self.leftovers.entry(address.ifindex).or_default().addresses.push(*address);
                    }
                }
            }
            rtnetlink::Reply::Routes(routes) => {
                for route in routes {
                    if route.protocol == addresses::OURS && !self.adopted.contains(&route.ifindex) {
                        self.leftovers.entry(route.ifindex).or_default().routes.push(route);
                    }
                }
            }
        }
    }

    /// An IPv6 address, of whoever's making.
    fn address(&mut self, address: &Address, present: bool) {
        let IpAddr::V6(six) = address.address else { return };
        let ifindex = address.ifindex;
        let standing = if address.is_duplicate() {
            // One that holds for a time only goes with that.
            Standing::Taken
        } else if present && !address.is_tentative() {
            Standing::Usable
        } else {
            Standing::Unusable
        };
        if address.scope == 0 {
            self.heard.push_back(Heard::Address6 { ifindex, address: six, standing });
        } else if six.is_unicast_link_local() {
            let address = (standing == Standing::Usable).then_some(six);
            self.heard.push_back(Heard::LinkLocal { ifindex, address });
        }
    }

    /// What routers say, of which the kernel keeps the last word. It does so when the link goes, and tells of a change
    /// only: the word counts if one was heard since the interface asked (the kernel's flag), or just now.
    fn routers(&mut self, state: Ipv6State, is_fresh: bool) {
        if !is_fresh && !state.has_heard_router() {
            return;
        }
        let wish = if state.is_managed() {
            Wish::Addresses
        } else if state.has_other() {
            Wish::Information
        } else {
            Wish::Nothing
        };
        self.heard.push_back(Heard::Routers { ifindex: state.ifindex, wish });
    }

    /// A router has spoken on an interface: what does it say?
    fn router_spoke(&mut self, ifindex: u32) {
        let is_asked =
            |change: &Change| matches!(change, Change::Routers { ifindex: asked } if *asked == ifindex);
        if self.adopted.contains(&ifindex) && !self.changes.values().any(is_asked) {
            self.change(&rtnetlink::Request::ReadIpv6, Change::Routers { ifindex });
        }
    }
}
