//! The links of a connection: what the daemon believes, held against what the kernel says.

use super::calls::{First, NO_INTERFACE, Wish, refused};
use super::interface::Interface;
use super::{Daemon, Now};
use crate::control::{
    Answer, CallError, CallId, KernelLink, LinkFigures, LinkReport, LinkView, LinksReport, LinksView,
    RateView,
};
use crate::kernel::{Command, Kernel, StationFigures};
use lapwing_core::Instant;
use lapwing_core::attempt::Phase;
use lapwing_core::kernel::{ChannelDefinition, ChannelWidth, InterfaceState, Refusal};
use lapwing_core::select::Manner;
use lapwing_core::station::LinkState;
use lapwing_frames::LinkId;
use std::collections::{BTreeMap, BTreeSet};

/// For when daemon and kernel do not believe the same.
const ASK_AGAIN: &str = "Run lapwing links again in a moment: a change under way ends by itself. If it stays so, join \
                         the network anew with lapwing connect, and report it with what lapwing timeline says.";
/// For when only the kernel's entry of the access point is out of date.
const KEPT: &str = "Nothing: lapwingd knows that this kernel does so, and adds the link by a new connection.";

/// The links of an interface's connection and those that its access point has besides.
pub(super) fn links(interface: &Interface, now: Instant) -> Option<LinksView> {
    let connected = interface.station.connection()?;
    let Some(multi_link) = interface.station.multi_link(now) else {
        let link = LinkView {
            id: None,
            bssid: Some(connected.peer),
            frequency: Some(connected.frequency),
            association: true,
            state: Some(LinkState::Used),
        };
        let (peer, links) = (connected.peer, vec![link]);
        return Some(LinksView { peer, manner: Manner::Plain, fell_back: None, links });
    };
    let links = multi_link.links.iter().map(|link| LinkView {
        id: Some(link.id),
        bssid: Some(link.bssid),
        frequency: link.frequency.map(|frequency| frequency.0),
        association: link.association,
        state: Some(link.state),
    });
    Some(LinksView {
        peer: connected.peer,
        manner: multi_link.manner,
        links: links.collect(),
        fell_back: multi_link.fell_back,
    })
}

impl<K: Kernel> Daemon<K> {
    pub(super) fn ask_links(&mut self, now: Now, id: CallId, ifindex: u32) -> First {
        let interface = self.interfaces.get(&ifindex).ok_or(NO_INTERFACE)?;
        if interface.station.connection().is_none() {
            return Err(CallError::NotConnected);
        }
        self.desk.open(now, id, Wish::Links { ifindex, state: None });
        self.kernel.perform(Command::ReadInterface { ifindex });
        self.kernel.perform(Command::Diagnose { ifindex });
        Ok(None)
    }

    /// The kernel's side of an interface, for those who asked about its links.
    pub(super) fn interface_read(&mut self, ifindex: u32, outcome: &Result<Box<InterfaceState>, Refusal>) {
        let is_it = |wish: &Wish| matches!(wish, Wish::Links { ifindex: ours, .. } if *ours == ifindex);
        for id in self.desk.which(is_it) {
            match (outcome, self.desk.wish_mut(id)) {
                (Ok(read), Some(Wish::Links { state, .. })) => *state = Some(read.clone()),
                (Err(refusal), _) => {
                    self.desk.close(id, Err(refused(Phase::Online, "GET_INTERFACE", refusal)));
                }
                (Ok(_), _) => {}
            }
        }
    }

    /// The figures, for those who asked about links and know the kernel's side of the interface.
    pub(super) fn links_diagnosed(
        &mut self,
        now: Now,
        ifindex: u32,
        outcome: &Result<Option<Box<StationFigures>>, Refusal>,
    ) {
        let is_it =
            |wish: &Wish| matches!(wish, Wish::Links { ifindex: ours, state: Some(_) } if *ours == ifindex);
        for id in self.desk.which(is_it) {
            let Some(Wish::Links { state: Some(state), .. }) = self.desk.wish(id) else { continue };
            let interface = self.interfaces.get(&ifindex);
            let held = interface.and_then(|interface| Some((interface, links(interface, now.clock)?)));
            let answer = match (outcome, held) {
                (Err(refusal), _) => Err(refused(Phase::Online, "GET_STATION", refusal)),
                (Ok(_), None) => Err(CallError::NotConnected),
                (Ok(figures), Some((interface, links))) => {
                    let beacons = |link: &LinkView| {
                        let bss = link.bssid.and_then(|bssid| interface.station.table().get(bssid));
                        bss.and_then(|bss| i8::try_from(bss.signal_dbm()?).ok())
                    };
                    // The kernel may have given up the peer and not have told it yet.
                    let figures = figures.as_deref().filter(|figures| figures.address == links.peer);
                    Ok(Answer::Links(Box::new(compare(&links, state, figures, beacons))))
                }
            };
            self.desk.close(id, answer);
        }
    }
}

/// Both sides of every link.
fn compare(
    view: &LinksView,
    kernel: &InterfaceState,
    figures: Option<&StationFigures>,
    beacons: impl Fn(&LinkView) -> Option<i8>,
) -> LinksReport {
    let multi_link = view.manner != Manner::Plain;
    let kept: BTreeSet<LinkId> =
        figures.into_iter().flat_map(|figures| figures.links.keys().copied()).collect();
    let mut all: BTreeMap<Option<LinkId>, LinkView> =
        view.links.iter().map(|link| (link.id, *link)).collect();
    for id in kernel.links.iter().map(|link| Some(link.id)).chain(kept.iter().copied().map(Some)) {
        let unknown = LinkView { id, bssid: None, frequency: None, association: false, state: None };
        all.entry(id).or_insert(unknown);
    }
    let together = figures.map(link_figures).unwrap_or_default();
    let report = |link: LinkView| {
        let held = kernel.links.iter().find(|held| Some(held.id) == link.id);
        let is_plain = !multi_link && link.is_used();
        let kernel_link = match link.id {
            // The interface of a plain connection has no links: its peer says whether it stands.
            _ if is_plain && kernel.links.is_empty() && figures.is_some() => KernelLink::Used,
            _ if held.is_some() => KernelLink::Used,
            Some(id) if kept.contains(&id) => KernelLink::Kept,
            _ => KernelLink::Absent,
        };
        let channel = if is_plain { kernel.channel } else { held.and_then(|held| held.channel) };
        let kernel_frequency = channel.map(|channel| channel.primary.0);
        let same_state = match kernel_link {
            // While a link is being added, either may be first.
            KernelLink::Used => link.is_used() || link.state == Some(LinkState::BeingAdded),
            KernelLink::Kept => false,
            KernelLink::Absent => !link.is_used(),
        };
        let same_channel = !link.is_used()
            || kernel_frequency.zip(link.frequency).is_none_or(|(theirs, ours)| theirs == ours);
        LinkReport {
            link,
            kernel: kernel_link,
            agree: same_state && same_channel,
            address: if is_plain { Some(kernel.address) } else { held.map(|held| held.address) },
            kernel_frequency,
            width_mhz: channel.and_then(width),
            beacon_dbm: beacons(&link),
            figures: match link.id {
                _ if is_plain => Some(together),
                Some(id) => figures.and_then(|figures| figures.links.get(&id)).map(link_figures),
                None => None,
            },
        }
    };
    let links: Vec<_> = all.into_values().map(report).collect();
    let agree = links.iter().all(|link| link.agree);
    let mut differ = links.iter().filter(|link| !link.agree);
    let only_kept = differ.all(|report| report.kernel == KernelLink::Kept && !report.link.is_used());
    let next_step = match (agree, only_kept) {
        (true, _) => "",
        (false, true) => KEPT,
        (false, false) => ASK_AGAIN,
    };
    LinksReport {
        peer: view.peer,
        multi_link,
        verdict: verdict(view, &links),
        links,
        together,
        agree,
        next_step,
    }
}

/// How it is, in one line.
fn verdict(view: &LinksView, links: &[LinkReport]) -> String {
    let used = links.iter().filter(|report| report.link.is_used()).count();
    let known = links.iter().filter(|report| report.link.state.is_some()).count();
    let mut parts = vec![match links {
        [LinkReport { link: LinkView { id: None, .. }, .. }] => {
            "one link: the access point has no others".to_owned()
        }
        _ => format!("{used} of {known} links in use"),
    }];
    for LinkReport { link, .. } in links {
        let Some((id, state)) = link.id.zip(link.state) else { continue };
        match state {
            LinkState::Used => {}
            LinkState::LeftOut(_) => parts.push(format!("link {id} left out: {state}")),
            _ => parts.push(format!("link {id}: {state}")),
        }
    }
    parts.extend(view.fell_back.as_ref().map(|why| format!("with all links it failed: {why}")));
    let mut differ = links.iter().filter(|report| !report.agree).map(difference).peekable();
    if differ.peek().is_none() {
        parts.push("daemon and kernel agree".to_owned());
    }
    parts.extend(differ);
    parts.join("; ") + "."
}

/// What the kernel and the daemon believe of a link about which they do not agree.
fn difference(report: &LinkReport) -> String {
    let link = report.link.id.map_or_else(|| "the link".to_owned(), |id| format!("link {id}"));
    match (report.kernel, report.link.is_used()) {
        (KernelLink::Absent, _) => format!("the kernel does not have {link}, which the daemon uses"),
        (KernelLink::Kept, true) => format!("the interface does not have {link}, which the daemon uses"),
        (KernelLink::Kept, false) => {
            format!("the kernel's entry of the access point keeps {link}, which the interface does not have")
        }
        (KernelLink::Used, true) => {
            let mhz =
                |mhz: Option<u32>| mhz.map_or_else(|| "no channel".to_owned(), |mhz| format!("{mhz} MHz"));
            let (theirs, ours) = (mhz(report.kernel_frequency), mhz(report.link.frequency));
            format!("the kernel has {link} on {theirs}, the daemon on {ours}")
        }
        (KernelLink::Used, false) => format!("the kernel has {link}, which the daemon does not use"),
    }
}

/// The width of a channel in MHz; none of a kind that has no such number.
const fn width(channel: ChannelDefinition) -> Option<u16> {
    Some(match channel.width {
        ChannelWidth::Mhz20 => 20,
        ChannelWidth::Mhz40 => 40,
        ChannelWidth::Mhz80 => 80,
        ChannelWidth::Mhz80Plus80 | ChannelWidth::Mhz160 => 160,
        ChannelWidth::Mhz320 => 320,
        ChannelWidth::Other(_) => return None,
    })
}

fn link_figures(figures: &StationFigures) -> LinkFigures {
    LinkFigures {
        signal_dbm: figures.signal_dbm,
        receive: figures.receive.and_then(RateView::of),
        transmit: figures.transmit.and_then(RateView::of),
        received_octets: figures.received_octets,
        sent_octets: figures.sent_octets,
        retries: figures.retries,
        failures: figures.failures,
    }
}

#[cfg(test)]
mod tests;
