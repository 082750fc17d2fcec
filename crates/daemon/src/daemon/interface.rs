//! One interface and its station.

use crate::flight::status::Status;
use crate::flight::timeline;
use crate::netconf::Configuration;
use crate::networks::FileName;
use lapwing_core::Instant;
use lapwing_core::attempt::{AttemptId, Entry, Record};
use lapwing_core::station::Station;
use lapwing_frames::MacAddr;

/// How many lines of a timeline are kept: an attempt has some thirty, and rekeying adds a few each hour.
const RECORDS: usize = 1000;

/// One interface.
#[derive(Debug)]
pub(super) struct Interface {
    /// Its name.
    pub(super) name: String,
    /// Its address.
    pub(super) address: MacAddr,
    /// Its station.
    pub(super) station: Station,
    /// The addressing of its connection, while there is one.
    pub(super) configuration: Option<Configuration>,
    /// The file of the network that it is in.
    pub(super) file: Option<FileName>,
    /// What the status file says of it.
    pub(super) status: Status,
    /// The timeline of the latest attempt.
    records: Vec<Record>,
}

impl Interface {
    pub(super) fn new(name: String, address: MacAddr, station: Station) -> Self {
        Self {
            name,
            address,
            station,
            configuration: None,
            file: None,
            status: Status::default(),
            records: Vec::new(),
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let station = self.station.next_deadline().map(|(at, _)| at);
        let addressing = self.configuration.as_ref().and_then(Configuration::next_deadline);
        station.into_iter().chain(addressing).min()
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
}
