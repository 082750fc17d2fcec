//! One interface and its station.

use super::ad_hoc::AdHoc;
use super::debugging::Awaited;
use super::enrolling::Enrolling;
use super::handover::Handed;
use super::joining::Join;
use super::looking::Look;
use super::modes::{Role, Switching};
use super::provisioning::Provisioning;
use super::serving::ClientNetwork;
use super::signal::SignalWatch;
use crate::control::{DeviceView, NetworkView, ProvisionedView};
use crate::flight::timeline;
use crate::hotspot::Hotspot;
use crate::hotspot::plan::Neighbour;
use crate::kernel::Found;
use crate::netconf::dhcp6::Leases;
use crate::netconf::{Configuration, Configured};
use crate::networks::FileName;
use lapwing_core::Instant;
use lapwing_core::attempt::{AttemptId, Entry, Record};
use lapwing_core::kernel::KernelEvent;
use lapwing_core::station::{Settings, Station};
use lapwing_frames::MacAddr;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many lines of a timeline are kept: an attempt has some thirty, and rekeying adds a few each hour.
const RECORDS: usize = 1000;

/// What a person should know of an interface though no attempt failed; one sentence of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Warning {
    /// Another program runs the radio.
    Rival,
    /// Another program did something to the interface since it was last connected.
    Interfered,
    /// What belongs into the state directory could not be written.
    NotStored,
}

/// Networks as they were shown, and for how long that holds.
#[derive(Debug)]
pub(super) struct Shown {
    /// When.
    pub(super) at: Instant,
    /// The network that the interface was in, which is the first.
    pub(super) current: Option<FileName>,
    /// They themselves.
    pub(super) networks: Arc<Vec<NetworkView>>,
}

/// One interface.
#[derive(Debug)]
pub(super) struct Interface {
    /// Its name.
    pub(super) name: String,
    /// Its address.
    pub(super) address: MacAddr,
    /// Whether it is up.
    pub(super) up: bool,
    /// What it is used for.
    pub(super) role: Role,
    /// That this is being changed.
    pub(super) switching: Option<Switching>,
    /// That a network is being handed over to it by a button or a PIN.
    pub(super) enrolling: Option<Enrolling>,
    /// That a network is being handed over to it, or by it, by device provisioning.
    pub(super) provisioning: Option<Provisioning>,
    /// What came of the last time.
    pub(super) provisioned: Option<ProvisionedView>,
    /// What it heard as a station, for the hotspot that it is on the way to.
    pub(super) heard: Vec<Neighbour>,
    /// Its station, which is out of the way while the interface is used for something else.
    pub(super) station: Station,
    /// The addressing of its connection, while there is one.
    pub(super) configuration: Option<Configuration>,
    /// What came of that.
    pub(super) configured: Option<Configured>,
    /// What DHCPv6 servers gave in networks whose connections were lost.
    pub(super) leases6: Leases<FileName>,
    /// What of its addresses another program is told to set, if one does.
    pub(super) handed: Option<Handed>,
    /// Who wants to know its signal.
    pub(super) signal: Option<SignalWatch>,
    /// The access point that a client wants to stay with.
    pub(super) affinity: Option<MacAddr>,
    /// When it listens around next, while it has nothing else to do.
    pub(super) look: Option<Look>,
    /// What developers wait for.
    pub(super) awaited: Awaited,
    /// The file of the network that it is in.
    pub(super) file: Option<FileName>,
    /// The network that it has just joined and that is not stored so far.
    pub(super) unstored: Option<Join>,
    /// What a person should know.
    pub(super) warnings: BTreeMap<Warning, String>,
    /// The networks that were heard, as they were shown last.
    pub(super) shown: RefCell<Option<Shown>>,
    /// The timeline of the latest attempt.
    records: Vec<Record>,
}

impl Interface {
    pub(super) fn new(found: Found, settings: Settings) -> Self {
        let mut station = Station::new(found.interface, found.radio, found.address, settings);
        station.set_permanent_address(found.permanent);
        Self {
            station,
            name: found.name,
            address: found.address,
            up: found.up,
            role: Role::Station,
            switching: None,
            enrolling: None,
            provisioning: None,
            provisioned: None,
            heard: Vec::new(),
            configuration: None,
            leases6: Leases::default(),
            configured: None,
            handed: None,
            signal: None,
            affinity: None,
            look: None,
            awaited: Awaited::Nothing,
            file: None,
            unstored: None,
            warnings: BTreeMap::new(),
            shown: RefCell::default(),
            records: Vec::new(),
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let station = self.station.next_deadline().map(|(at, _)| at);
        let addressing = self.configuration.as_ref().and_then(Configuration::next_deadline);
        let switching = self.switching.as_ref().and_then(Switching::deadline);
        let hotspot = self.role.hotspot().and_then(Hotspot::next_deadline);
        let network = self.role.network().and_then(ClientNetwork::deadline);
        let ad_hoc = self.role.ad_hoc().and_then(AdHoc::next_deadline);
        let handed = self.handed.as_ref().and_then(Handed::deadline);
        let signal = self.signal.as_ref().and_then(SignalWatch::deadline);
        let enrolling = self.enrolling.as_ref().and_then(Enrolling::deadline);
        let look = self.look.map(Look::deadline);
        let provisioning = self.provisioning.as_ref().and_then(Provisioning::deadline);
        let others = handed.into_iter().chain(signal).chain(enrolling).chain(look).chain(provisioning);
        station
            .into_iter()
            .chain(others)
            .chain(addressing)
            .chain(switching)
            .chain(hotspot)
            .chain(network)
            .chain(ad_hoc)
            .chain(self.role.survey_deadline())
            .min()
    }

    pub(super) fn wiphy(&self) -> u32 {
        self.station.interface().wiphy
    }

    /// The network that it is in, or on the way into.
    pub(super) fn network(&self) -> Option<FileName> {
        self.station.network().map(FileName::of)
    }

    /// Takes what the kernel says of the interface itself.
    pub(super) fn hear(&mut self, event: &KernelEvent) {
        match event {
            KernelEvent::AddressChanged { address } => self.address = *address,
            KernelEvent::InterfaceUp => self.up = true,
            KernelEvent::InterfaceDown | KernelEvent::InterfaceRemoved => self.up = false,
            _ => {}
        }
    }

    /// Keeps a line of the timeline. A new attempt begins a new one.
    pub(super) fn remember(&mut self, record: &Record) {
        if matches!(record.entry, Entry::Began { .. }) {
            self.records.clear();
        }
        if record.attempt.is_some() && self.records.len() < RECORDS {
            self.records.push(record.clone());
        }
    }

    /// The timeline of an attempt, if it is the latest.
    pub(super) fn timeline(&self, attempt: AttemptId) -> String {
        let is_of = |record: &&Record| record.attempt == Some(attempt);
        let records: Vec<_> = self.records.iter().filter(is_of).cloned().collect();
        timeline::render(&records)
    }

    /// The timeline of the latest attempt.
    pub(super) fn latest_timeline(&self) -> String {
        let latest = self.records.iter().rev().find_map(|record| record.attempt);
        latest.map(|attempt| self.timeline(attempt)).unwrap_or_default()
    }

    /// All that is seen of it but its links and the networks that were heard.
    pub(super) fn view(&self) -> DeviceView {
        let warnings: Vec<_> = self.warnings.values().map(String::as_str).collect();
        DeviceView {
            ifindex: self.station.interface().ifindex,
            wiphy: self.wiphy(),
            name: self.name.clone(),
            address: self.address,
            // The kernel sets it down and up to change its mode, and clients of iwd wait to hear of that: what it is
            // then has its interface by the time that it is on again.
            powered: self.up && !self.switching.as_ref().is_some_and(Switching::is_asked),
            mode: self.role.mode(),
            access_point: super::hotspots::view(&self.role),
            ad_hoc: self.role.ad_hoc().map(AdHoc::view),
            state: self.station.summary(),
            scanning: self.station.is_scanning(),
            network: self.network(),
            chosen: self.station.chosen(),
            autoconnects: self.station.autoconnects(),
            affinity: self.affinity,
            connected: self.station.connection().cloned(),
            links: None,
            configured: self.configured.clone(),
            awaits_address: self.configuration.as_ref().is_some_and(Configuration::is_waiting),
            last_failure: self.station.last_failure().cloned(),
            warning: (!warnings.is_empty()).then(|| warnings.join(" ")),
            networks: Arc::default(),
            hidden: Vec::new(),
            provisioning: self.provisioning.as_ref().map(Provisioning::view),
            provisioned: self.provisioned,
        }
    }
}
