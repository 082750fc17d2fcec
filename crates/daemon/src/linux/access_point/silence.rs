//! Clients that are gone without a word.
//!
//! Every few seconds the kernel is asked how long each client has not been heard. One that is silent for a minute may
//! only have nothing to say: it is sent something that its radio acknowledges. Only one that does not do that
//! several times over is gone.

use crate::kernel::Heard;
use crate::linux::{Linux, Purpose, Source, rivals, watch};
use lapwing_core::ap;
use lapwing_frames::management::{Action, Body, Header, Management, action::SaQuery};
use lapwing_frames::{LinkId, MacAddr};
use lapwing_linux::netlink::ReplyError;
use lapwing_linux::nl80211::{self, StationFigures};
use std::collections::BTreeMap;

/// How often to look, in seconds.
pub(super) const EVERY: i64 = 10;
/// The silence after which a client is probed, in ms.
const SILENT: u32 = 60_000;
/// How many probes without an answer show that it is gone.
const PROBES: u8 = 3;

/// The clients that are being probed.
#[derive(Debug, Default)]
pub(super) struct Silence {
    clients: BTreeMap<MacAddr, Probed>,
}

#[derive(Debug, Default)]
struct Probed {
    unanswered: u8,
    /// Of the last probe.
    cookie: Option<u64>,
}

/// What is to be done about a silent client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Probe(MacAddr),
    Gone(MacAddr),
}

impl Silence {
    /// Judges by the figures of all clients.
    fn judge(&mut self, figures: &[StationFigures]) -> Vec<Verdict> {
        let silent: Vec<_> = figures
            .iter()
            .filter(|client| client.inactive_ms.is_some_and(|time| time >= SILENT))
            .map(|client| client.address)
            .collect();
        self.clients.retain(|client, _| silent.contains(client));
        let verdict = |client| {
            let probed = self.clients.entry(client).or_default();
            if probed.unanswered >= PROBES {
                self.clients.remove(&client);
                return Verdict::Gone(client);
            }
            *probed = Probed { unanswered: probed.unanswered.saturating_add(1), cookie: None };
            Verdict::Probe(client)
        };
        silent.into_iter().map(verdict).collect()
    }

    /// A probe went out under this name.
    fn probed(&mut self, client: MacAddr, cookie: u64) {
        if let Some(probed) = self.clients.get_mut(&client) {
            probed.cookie = Some(cookie);
        }
    }

    /// It is known what became of a frame. Returns whether it was a probe.
    pub(super) fn status(&mut self, cookie: u64, acknowledged: bool) -> bool {
        let Some(probed) = self.clients.values_mut().find(|probed| probed.cookie == Some(cookie)) else {
            return false;
        };
        if acknowledged {
            // Figures of kernels that do not count every link say nothing of it.
            probed.unanswered = 0;
        }
        true
    }
}

/// A frame that every radio acknowledges, from an AP MLD to one of its clients, or from one of its links to a plain
/// client there.
fn probe(own: MacAddr, client: MacAddr) -> Vec<u8> {
    let query = SaQuery { transaction: [0; 2], elements: Vec::new() };
    let body = Body::Action(Action::SaQueryRequest(query));
    let mut octets = Vec::new();
    Management { header: Header::new(client, own, own), body }.write(&mut octets);
    octets
}

impl Linux {
    /// Starts looking, or stops.
    pub(super) fn watch_clients(&mut self) {
        if self.access_points.running.is_empty() {
            self.access_points.timer = None;
        } else if self.access_points.timer.is_none() {
            let timer = rivals::timer(EVERY).and_then(|timer| {
                watch(&self.epoll, &timer, Source::Clients)?;
                Ok(timer)
            });
            match timer {
                Ok(timer) => self.access_points.timer = Some(timer),
                Err(error) => self.trouble(format!("clients that are gone will not be missed: {error}")),
            }
        }
    }

    /// The timer went off.
    pub(in crate::linux) fn look_for_silent_clients(&mut self) {
        let Some(timer) = &self.access_points.timer else { return };
        let mut count = [0; 8];
        if rustix::io::read(timer, &mut count).is_err() {
            return;
        }
        let running = self.access_points.running.iter().filter(|(_, running)| !running.links.is_empty());
        let ifindices: Vec<_> = running.map(|(ifindex, _)| *ifindex).collect();
        for ifindex in ifindices {
            self.ask(&nl80211::Request::ReadFigures { ifindex }, Purpose::Clients { ifindex });
        }
    }

    /// The clients' figures are there.
    pub(in crate::linux) fn heard_clients(&mut self, ifindex: u32, figures: &[StationFigures]) {
        let Some(running) = self.access_points.running.get_mut(&ifindex) else { return };
        for verdict in running.silence.judge(figures) {
            match verdict {
                Verdict::Probe(client) => self.probe(ifindex, client),
                Verdict::Gone(station) => {
                    let event = ap::KernelEvent::Silent { station };
                    self.heard.push_back(Heard::AccessPoint { ifindex, event });
                }
            }
        }
    }

    fn probe(&mut self, ifindex: u32, client: MacAddr) {
        let Some(running) = self.access_points.running.get(&ifindex) else { return };
        let request = if running.links.contains_key(&None) {
            nl80211::Request::ProbeClient { ifindex, client }
        } else {
            // The kernel's own probe knows nothing of links, and complains in its log.
            let link: Option<LinkId> = running.plain_clients.get(&client).copied();
            let of_link = running.links.get(&link).map(|(address, _)| *address);
            let of_mld = self.interfaces.get(&ifindex).map(|info| info.state.address);
            let Some(own) = of_link.or(of_mld) else { return };
            let request = ap::Request::SendFrame { link, bytes: probe(own, client) };
            nl80211::Request::AccessPoint { ifindex, control_port: true, request }
        };
        self.ask(&request, Purpose::Probe { ifindex, client });
    }

    /// A probe has its name. One that cannot be sent is one without an answer.
    pub(in crate::linux) fn probed(
        &mut self,
        (ifindex, client): (u32, MacAddr),
        result: Result<nl80211::Reply, ReplyError>,
    ) {
        if let Ok(nl80211::Reply::Station(lapwing_core::kernel::Reply::Sent { cookie })) = result
            && let Some(running) = self.access_points.running.get_mut(&ifindex)
        {
            running.silence.probed(client, cookie);
            if let Some(acknowledged) = running.frames.take_early(cookie) {
                running.silence.status(cookie, acknowledged);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: MacAddr = MacAddr([2, 0, 0, 0, 7, 1]);

    fn silent_for(inactive_ms: u32) -> [StationFigures; 1] {
        [StationFigures { address: CLIENT, inactive_ms: Some(inactive_ms), ..StationFigures::default() }]
    }

    #[test]
    fn who_answers_no_probe_is_gone_and_told_of_once() {
        let mut silence = Silence::default();
        assert_eq!(silence.judge(&silent_for(SILENT - 1)), []);
        for _ in 0..PROBES {
            assert_eq!(silence.judge(&silent_for(SILENT)), [Verdict::Probe(CLIENT)]);
        }
        assert_eq!(silence.judge(&silent_for(SILENT)), [Verdict::Gone(CLIENT)]);
        assert!(silence.clients.is_empty());
    }

    #[test]
    fn who_acknowledges_or_is_heard_is_not_gone() {
        let mut silence = Silence::default();
        for round in 0..10 {
            assert_eq!(silence.judge(&silent_for(SILENT)), [Verdict::Probe(CLIENT)]);
            silence.probed(CLIENT, round);
            assert!(!silence.status(99, true), "another frame");
            assert!(silence.status(round, round % 2 == 0));
        }
        assert_eq!(silence.judge(&silent_for(0)), []);
        assert!(silence.clients.is_empty());
        let figures = [StationFigures { address: CLIENT, ..StationFigures::default() }];
        assert_eq!(silence.judge(&figures), [], "a driver that does not say");
    }
}
