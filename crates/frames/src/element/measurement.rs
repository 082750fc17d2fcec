//! Measurement Request (38) and Measurement Report (39) (802.11-2020 9.4.2.20, 9.4.2.21), and of them the beacon
//! measurement.

use super::{ElementId, Subelement, layout::Field};
use crate::{
    address::MacAddr,
    reader::{ParseError, Reader},
};
use alloc::vec::Vec;

crate::open_enum! {
    /// What is measured (802.11-2020 tables 9-99 and 9-127).
    pub enum MeasurementType: u8 {
        /// Basic.
        Basic = 0,
        /// Clear channel assessment.
        Cca = 1,
        /// Received power histogram.
        RpiHistogram = 2,
        /// Channel load.
        ChannelLoad = 3,
        /// Noise histogram.
        NoiseHistogram = 4,
        /// Beacons.
        Beacon = 5,
        /// Frames.
        Frame = 6,
        /// Statistics of the station.
        Statistics = 7,
        /// Location.
        Lci = 8,
        /// A transmit stream.
        TransmitStream = 9,
        /// Multicast diagnostics.
        MulticastDiagnostics = 10,
        /// Civic location.
        LocationCivic = 11,
        /// The location's identifier.
        LocationIdentifier = 12,
    }
}
wrapped_field! { MeasurementType }

bit_set! {
    /// The Measurement Request Mode field.
    pub struct MeasurementRequestMode: u8 {
        /// At the same time as the one before.
        PARALLEL = 1 << 0,
        /// Not a measurement: it says which requests and reports are accepted.
        ENABLE = 1 << 1,
        /// Requests are accepted.
        REQUEST = 1 << 2,
        /// Reports are accepted.
        REPORT = 1 << 3,
        /// As long as it says, or not at all.
        DURATION_MANDATORY = 1 << 4,
    }
}
wrapped_field! { MeasurementRequestMode }

bit_set! {
    /// The Measurement Report Mode field: why there is no measurement.
    pub struct MeasurementReportMode: u8 {
        /// The request came too late.
        LATE = 1 << 0,
        /// It cannot be done.
        INCAPABLE = 1 << 1,
        /// It could, and is not.
        REFUSED = 1 << 2,
    }
}
wrapped_field! { MeasurementReportMode }

fields! {
    /// Measurement Request (38).
    pub struct MeasurementRequest {
        /// Which of the requests of a frame, not 0.
        token: u8,
        /// How.
        mode: MeasurementRequestMode,
        /// What.
        kind: MeasurementType,
        /// The details: of beacons a [`BeaconRequest`].
        request: Vec<u8>,
    }
}
element!(MeasurementRequest, "Measurement Request", ElementId::Plain(38));

fields! {
    /// Measurement Report (39).
    pub struct MeasurementReport {
        /// That of the request.
        token: u8,
        /// Why there is no measurement, if there is none.
        mode: MeasurementReportMode,
        /// What.
        kind: MeasurementType,
        /// The details: of beacons a [`BeaconReport`], or nothing if none was heard.
        report: Vec<u8>,
    }
}
element!(MeasurementReport, "Measurement Report", ElementId::Plain(39));

crate::open_enum! {
    /// How beacons are measured.
    pub enum BeaconMode: u8 {
        /// By listening.
        Passive = 0,
        /// By probing.
        Active = 1,
        /// Not: what was heard before is reported.
        Table = 2,
    }
}
wrapped_field! { BeaconMode }

fields! {
    /// The details of a request for beacons (802.11-2020 9.4.2.20.7).
    pub struct BeaconRequest {
        /// The operating class.
        operating_class: u8,
        /// The channel; 0 for all of the class, 255 for those of AP Channel Report subelements.
        channel: u8,
        /// The greatest delay before it begins, in time units.
        randomization_interval: u16,
        /// For how long, in time units.
        duration: u16,
        /// How.
        mode: BeaconMode,
        /// Which BSS; all ones for any.
        bssid: MacAddr,
        /// What else is asked for.
        subelements: Vec<Subelement>,
    }
}

impl BeaconRequest {
    /// The subelement SSID.
    pub const SSID: u8 = 0;
    /// The subelement Reporting Detail.
    pub const REPORTING_DETAIL: u8 = 2;
    /// The subelement AP Channel Report.
    pub const AP_CHANNEL_REPORT: u8 = 51;

    /// Reads the details.
    ///
    /// # Errors
    /// If they are cut short.
    pub fn parse(octets: &[u8]) -> Result<Self, ParseError> {
        read("beacon request", octets)
    }

    /// The bodies of the subelements of this ID.
    pub fn subelements_of(&self, id: u8) -> impl Iterator<Item = &[u8]> {
        self.subelements
            .iter()
            .filter(move |subelement| subelement.id == id)
            .map(|subelement| &*subelement.body)
    }
}

fields! {
    /// The details of a report of a beacon (802.11-2020 9.4.2.21.7).
    pub struct BeaconReport {
        /// The operating class.
        operating_class: u8,
        /// The channel.
        channel: u8,
        /// When it began, by the TSF timer of our AP in µs; 0 if unknown.
        start: u64,
        /// For how long, in time units.
        duration: u16,
        /// Bits 0 to 6: the PHY type of the frame; bit 7: it was a measurement pilot.
        frame_information: u8,
        /// The received power in half dBm above -110 dBm; 255 if unknown.
        rcpi: u8,
        /// The signal to noise ratio; 255 if unknown.
        rsni: u8,
        /// Who sent it.
        bssid: MacAddr,
        /// The antenna; 0 if unknown.
        antenna: u8,
        /// The low half of its TSF timer.
        parent_tsf: u32,
        /// What else is reported.
        subelements: Vec<Subelement>,
    }
}

impl BeaconReport {
    /// The subelement Reported Frame Body: what comes before the elements, and those that fit.
    pub const FRAME_BODY: u8 = 1;

    /// The received power field of a signal in dBm.
    #[must_use]
    pub fn rcpi_of(dbm: i32) -> u8 {
        u8::try_from(dbm.saturating_add(110).saturating_mul(2).clamp(0, 220)).unwrap_or(u8::MAX)
    }

    /// Reads the details.
    ///
    /// # Errors
    /// If they are cut short.
    pub fn parse(octets: &[u8]) -> Result<Self, ParseError> {
        read("beacon report", octets)
    }

    /// Appends the details.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        self.write(out);
    }
}

fn read<T: Field>(what: &'static str, octets: &[u8]) -> Result<T, ParseError> {
    let mut reader = Reader::new(what, octets);
    let value = T::read(&mut reader)?;
    reader.finish()?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::Element;
    use alloc::vec;

    /// Checks octets and element against each other, and every shorter body for an error or no loss.
    fn both_ways<E: Element + PartialEq + core::fmt::Debug>(octets: &[u8], element: &E) {
        for length in 0..=octets.len() {
            let Ok(shorter) = E::parse(&octets[..length]) else { continue };
            let mut written = vec![];
            shorter.write_body(&mut written);
            assert_eq!(written, &octets[..length]);
        }
        assert_eq!(&E::parse(octets).unwrap(), element);
    }

    const REQUEST: [u8; 18] = [7, 0, 5, 115, 36, 0, 1, 50, 0, 2, 255, 255, 255, 255, 255, 255, 0, 0];

    #[test]
    fn a_request_for_beacons() {
        let request = MeasurementRequest {
            token: 7,
            mode: MeasurementRequestMode::default(),
            kind: MeasurementType::Beacon,
            request: REQUEST[3..].to_vec(),
        };
        both_ways(&REQUEST, &request);
        let details = BeaconRequest::parse(&request.request).unwrap();
        assert_eq!((details.operating_class, details.channel, details.mode), (115, 36, BeaconMode::Table));
        assert_eq!((details.randomization_interval, details.duration), (256, 50));
        assert_eq!(details.subelements_of(BeaconRequest::SSID).collect::<Vec<_>>(), [&[] as &[u8]]);
        for length in 0..13 {
            assert!(BeaconRequest::parse(&REQUEST[3..3 + length]).is_err(), "{length}");
        }
    }

    #[test]
    fn a_report_of_a_beacon() {
        let report = BeaconReport {
            operating_class: 81,
            channel: 6,
            start: 0x0807_0605_0403_0201,
            duration: 20,
            frame_information: 7,
            rcpi: BeaconReport::rcpi_of(-60),
            rsni: 255,
            bssid: MacAddr([2, 0, 0, 0, 0, 9]),
            antenna: 0,
            parent_tsf: 0,
            subelements: Subelement::new(BeaconReport::FRAME_BODY, vec![1, 2]).into_iter().collect(),
        };
        let mut octets = vec![];
        report.write_to(&mut octets);
        assert_eq!(octets[..4], [81, 6, 1, 2]);
        assert_eq!(octets[12..16], [7, 100, 255, 2]);
        assert_eq!(BeaconReport::parse(&octets), Ok(report));
        let refused = MeasurementReport {
            token: 7,
            mode: MeasurementReportMode::INCAPABLE,
            kind: MeasurementType::ChannelLoad,
            report: vec![],
        };
        both_ways(&[7, 2, 3], &refused);
    }

    #[test]
    fn power_is_in_half_dbm_and_stays_in_its_field() {
        assert_eq!([-200, -110, -60, 0, 90].map(BeaconReport::rcpi_of), [0, 0, 100, 220, 220]);
    }
}
