//! Radio measurements for the AP (802.11-2020 11.10): it asks what beacons we hear. What cannot be measured is refused
//! by the bits that the standard has for it.

use super::said::RoamStep;
use crate::{
    attempt::Entry,
    kernel::{Frequency, ScanRequest},
    scan::Bss,
    station::{connected::Connected, context::Turn},
    time::{Duration, Instant},
};
use alloc::{collections::BTreeSet, vec::Vec};
use lapwing_frames::{
    MacAddr, Ssid,
    channel::{Channel, Width},
    element::{
        Element, Elements, MeasurementReport, MeasurementRequest, RmCapability, RmEnabledCapabilities,
        Subelement,
        measurement::{
            BeaconMode, BeaconReport, BeaconRequest, MeasurementReportMode, MeasurementRequestMode,
            MeasurementType,
        },
    },
    management::{Action, action},
};

/// How many requests of a frame are looked at.
const MAX_REQUESTS: usize = 8;
/// How many BSSs are reported at most, so that a report fits into a frame.
const MAX_REPORTS: usize = 5;
/// How long what was heard counts where the AP asks for what is known.
const KNOWN_FOR: Duration = Duration::from_secs(60);
/// How long after a scan for the AP the next one is made for it at the earliest, for each channel of the one before:
/// traffic has most of the time.
const SCANS_AGAIN: Duration = Duration::from_millis(800);
/// On how many channels beacons are measured at most, at once.
const MAX_CHANNELS: usize = 4;
/// How many octets of the elements of a beacon fit into a report beside the rest.
const MAX_ELEMENTS: usize = 212;
/// The number of a channel that stands for all of its class.
const ALL_CHANNELS: u8 = 0;
/// The number of a channel that stands for those of the subelements.
const LISTED_CHANNELS: u8 = 255;

/// What we take part in of the measurements, announced to an AP that does so too.
pub(in crate::station) fn announced(bss: &Bss) -> Option<RmEnabledCapabilities> {
    let capabilities = [
        RmCapability::NeighborReport,
        RmCapability::BeaconPassive,
        RmCapability::BeaconActive,
        RmCapability::BeaconTable,
    ];
    let theirs = Elements::new(&bss.elements).find::<RmEnabledCapabilities>().ok().flatten();
    // Five octets, whatever they say: APs pass over a shorter one.
    let mut octets = RmEnabledCapabilities::new(&capabilities).octets().to_vec();
    octets.resize(5, 0);
    theirs.and_then(|_| RmEnabledCapabilities::parse(&octets).ok())
}

/// What beacons the AP asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Wanted {
    /// The token of the request.
    token: u8,
    /// Nothing for all: a table is of every channel, whichever are named (802.11-2020 11.10.9.1).
    channels: Option<BTreeSet<Frequency>>,
    /// Nothing for any.
    bssid: Option<MacAddr>,
    ssid: Option<Ssid>,
    /// Whether the elements of the beacon are wanted too.
    elements: bool,
}

/// A measurement for which channels are scanned.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Measurement {
    dialog_token: u8,
    wanted: Wanted,
    since: Instant,
}

impl Wanted {
    fn of(token: u8, request: &BeaconRequest) -> Self {
        let of_class = |class: u8, number: u8| {
            Channel::in_operating_class(class, number).map(|channel| Frequency(channel.frequency()))
        };
        let class = request.operating_class;
        let named = || match request.channel {
            ALL_CHANNELS => (1..=u8::MAX).filter_map(|number| of_class(class, number)).collect(),
            LISTED_CHANNELS => {
                let reports = request.subelements_of(BeaconRequest::AP_CHANNEL_REPORT);
                let listed = reports.filter_map(<[u8]>::split_first).flat_map(|(class, numbers)| {
                    numbers.iter().filter_map(move |number| of_class(*class, *number))
                });
                listed.collect()
            }
            number => of_class(class, number).into_iter().collect(),
        };
        let channels = (request.mode != BeaconMode::Table).then(named);
        let ssid = request.subelements_of(BeaconRequest::SSID).next().and_then(|name| Ssid::new(name).ok());
        let detail = request.subelements_of(BeaconRequest::REPORTING_DETAIL).next();
        Self {
            token,
            channels,
            bssid: (!request.bssid.is_group()).then_some(request.bssid),
            ssid: ssid.filter(|name| !name.is_hidden()),
            elements: detail.and_then(<[u8]>::first) != Some(&0),
        }
    }

    fn is(&self, bss: &Bss, since: Instant) -> bool {
        bss.heard >= since
            && self.channels.as_ref().is_none_or(|channels| channels.contains(&bss.frequency))
            && self.bssid.is_none_or(|bssid| bssid == bss.bssid)
            && self.ssid.as_ref().is_none_or(|ssid| *ssid == bss.ssid)
    }

    /// The reports of what was heard since then; one without details if nothing was.
    fn reports(&self, turn: &Turn<'_>, since: Instant) -> Vec<MeasurementReport> {
        let mut heard: Vec<_> = turn.context.table.iter().filter(|bss| self.is(bss, since)).collect();
        heard.sort_by_key(|bss| core::cmp::Reverse(bss.signal_mbm));
        let report = |details| MeasurementReport {
            token: self.token,
            mode: MeasurementReportMode::default(),
            kind: MeasurementType::Beacon,
            report: details,
        };
        let reports: Vec<_> =
            heard.into_iter().take(MAX_REPORTS).filter_map(|bss| Some(report(self.details(bss)?))).collect();
        if reports.is_empty() { Vec::from([report(Vec::new())]) } else { reports }
    }

    fn details(&self, bss: &Bss) -> Option<Vec<u8>> {
        let channel = Channel::from_frequency(bss.frequency.0)?;
        let mut details = Vec::new();
        let frame =
            self.elements.then(|| Subelement::new(BeaconReport::FRAME_BODY, frame_body(bss))).flatten();
        BeaconReport {
            operating_class: channel.operating_class(Width::Mhz20)?,
            channel: channel.number(),
            start: 0,
            duration: 0,
            frame_information: 0,
            rcpi: bss.signal_dbm().map_or(u8::MAX, BeaconReport::rcpi_of),
            rsni: u8::MAX,
            bssid: bss.bssid,
            antenna: 0,
            parent_tsf: 0,
            subelements: frame.into_iter().collect(),
        }
        .write_to(&mut details);
        Some(details)
    }
}

/// The body of a beacon: what comes before the elements, without the time of which nothing is known, and the elements
/// that fit.
fn frame_body(bss: &Bss) -> Vec<u8> {
    let mut body = Vec::from([0; 8]);
    body.extend(bss.beacon_interval.to_le_bytes());
    body.extend(bss.capability.to_le_bytes());
    let mut room = MAX_ELEMENTS;
    for element in Elements::new(&bss.elements).iter() {
        match room.checked_sub(element.octets.len()) {
            Some(left) => room = left,
            None => break,
        }
        body.extend_from_slice(element.octets);
    }
    body
}

/// The report of a measurement that is not made.
fn refused(request: &MeasurementRequest, mode: MeasurementReportMode) -> MeasurementReport {
    MeasurementReport { token: request.token, mode, kind: request.kind, report: Vec::new() }
}

impl Connected {
    /// The AP asks for measurements.
    pub(super) fn measure(&mut self, turn: &mut Turn<'_>, asked: &action::MeasurementRequest) {
        let elements = asked.elements();
        let requests = elements.iter().filter(|raw| raw.id == MeasurementRequest::ID).take(MAX_REQUESTS);
        let mut reports = Vec::new();
        for request in requests.filter_map(|raw| MeasurementRequest::parse(&raw.body).ok()) {
            if request.mode.contains(MeasurementRequestMode::ENABLE) {
                continue;
            }
            let details = BeaconRequest::parse(&request.request);
            match (request.kind, details) {
                (MeasurementType::Beacon, Ok(details)) => {
                    let wanted = Wanted::of(request.token, &details);
                    match details.mode {
                        BeaconMode::Table => reports.extend(wanted.reports(turn, turn.now - KNOWN_FOR)),
                        BeaconMode::Passive | BeaconMode::Active
                            if !request.mode.contains(MeasurementRequestMode::DURATION_MANDATORY)
                                && self.scan_for_ap(turn, asked.dialog_token, &wanted, details.mode) => {}
                        _ => reports.push(refused(&request, MeasurementReportMode::REFUSED)),
                    }
                }
                _ => reports.push(refused(&request, MeasurementReportMode::INCAPABLE)),
            }
        }
        self.report_measurements(turn, asked.dialog_token, &reports);
    }

    /// Begins a scan for the AP, if there is nothing better to do.
    fn scan_for_ap(
        &mut self,
        turn: &mut Turn<'_>,
        dialog_token: u8,
        wanted: &Wanted,
        mode: BeaconMode,
    ) -> bool {
        let Some(channels) = &wanted.channels else { return false };
        let lately = self.watch.rests_until.is_some_and(|until| turn.now < until);
        let fits = (1..=MAX_CHANNELS).contains(&channels.len());
        let allowed = channels.iter().all(|frequency| {
            turn.context.radio.channels.iter().any(|it| it.frequency == *frequency && !it.disabled)
        });
        if lately || !fits || !allowed || self.watch.look.is_some() || !turn.context.settings.roam.scan {
            return false;
        }
        let name = wanted.ssid.clone().unwrap_or_default();
        let request = ScanRequest {
            frequencies: channels.iter().copied().collect(),
            ssids: if mode == BeaconMode::Active { Vec::from([name]) } else { Vec::new() },
            ..ScanRequest::default()
        };
        let begun = turn.scan(Some(self.journey.id), None, request);
        if begun {
            let count = u32::try_from(channels.len()).unwrap_or(u32::MAX);
            self.watch.rests_until = Some(turn.now + SCANS_AGAIN.saturating_mul(count));
            let wanted = wanted.clone();
            self.watch.measurement = Some(Measurement { dialog_token, wanted, since: turn.now });
        }
        begun
    }

    /// The table is up to date: what the AP asked for is reported.
    pub(super) fn measurement_surveyed(&mut self, turn: &mut Turn<'_>) {
        if let Some(Measurement { dialog_token, wanted, since }) = self.watch.measurement.take() {
            let reports = wanted.reports(turn, since);
            self.report_measurements(turn, dialog_token, &reports);
        }
    }

    fn report_measurements(&mut self, turn: &mut Turn<'_>, dialog_token: u8, reports: &[MeasurementReport]) {
        if reports.is_empty() {
            return;
        }
        let refused = reports.iter().filter(|report| report.mode != MeasurementReportMode::default()).count();
        let step = RoamStep::Measured { reported: reports.len() - refused, refused };
        turn.log(Some(self.journey.id), Entry::Roam(step));
        let mut elements = Vec::new();
        reports.iter().for_each(|report| report.write(&mut elements));
        self.send_action(
            turn,
            Action::MeasurementReport(action::MeasurementReport { dialog_token, elements }),
        );
    }
}
