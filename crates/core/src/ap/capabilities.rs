//! What a BSS says of its radio: rates, HT, VHT, HE and EHT, as far as the radio has them, the channel uses them and
//! we know what they ask of us.

use crate::{
    kernel::{Band, ChannelDefinition, ChannelWidth, Frequency},
    radio::{AccessPointRadio, BandCapabilities},
};
use alloc::vec::Vec;
use lapwing_frames::{
    channel::{Channel, Secondary, Width},
    element::{
        ChannelSwitch, ChannelSwitchWrapper, EhtCapabilities, EhtOperation, Element, ElementId,
        ExtendedChannelSwitch, HeCapabilities, HeOperation, HtCapabilities, HtOperation,
        SecondaryChannelOffset, VhtCapabilities, VhtOperation, WideBandwidthChannelSwitch,
        channel::SwitchMode,
        eht::{EhtMcs, EhtOperationInformation, EhtSender},
        he::{HeWidths, SixGhzOperation},
        vht::{McsMap, VhtOperationInformation},
        write_raw,
    },
};

const SUPPORTED_RATES: ElementId = ElementId::Plain(1);
const DS_PARAMETER: ElementId = ElementId::Plain(3);
const ERP: ElementId = ElementId::Plain(42);
const EXTENDED_RATES: ElementId = ElementId::Plain(50);
const HE_6GHZ_CAPABILITIES: ElementId = ElementId::Extended(59);

/// 1, 2, 5.5 and 11 Mb/s, which every station has, then those of OFDM.
const RATES_2GHZ: [u8; 12] = [2, 4, 11, 22, 12, 18, 24, 36, 48, 72, 96, 108];
/// All eight of OFDM.
const RATES_OFDM: [u8; 8] = [12, 18, 24, 36, 48, 72, 96, 108];
/// The rates that every member of a BSS in 2.4 GHz has, and in the other bands.
const BASIC: ([u8; 4], [u8; 3]) = ([2, 4, 11, 22], [12, 24, 48]);
/// How many rates fit the first of the two elements, and how many are believed of a radio.
const RATES: (usize, usize) = (8, 24);

/// HT Capability Information that asks nothing of us: LDPC, 40 MHz, short guard intervals, STBC, long A-MSDUs, DSSS in
/// 40 MHz. Not: power save, delayed block ack, and what 802.11n left optional and nobody uses.
const HT_SAFE: u16 = 0x1be3;
/// 40 MHz, their short guard interval, DSSS in them.
const HT_40: u16 = 0x1042;
/// No spatial multiplexing power save.
const HT_NO_POWER_SAVE: u16 = 0x000c;
/// VHT Capabilities Information without beamforming, which has to be calibrated, and without link adaptation.
const VHT_SAFE: u32 = 0x0380_07f3;
/// Two bits for the widths above 80 MHz.
const VHT_WIDTHS: u32 = 0x0000_000c;
/// The short guard interval of 160 MHz.
const VHT_SHORT_160: u32 = 0x0000_0040;
/// The least that all members have: MCS 0 to 7 for one stream.
const ONE_STREAM: McsMap = McsMap(0xfffc);
/// The same of EHT.
const EHT_ONE_STREAM: [u8; 4] = [0x11, 0, 0, 0];
/// HE Operation Parameters: packet extension of 16 µs, no TXOP so long that it needs RTS.
const HE_PARAMETERS: u32 = 0x3ff4;
/// A color; whoever has it too may change.
const COLOR: u8 = 1;

impl AccessPointRadio {
    /// A radio that is nowhere: two streams in each band, channels of 20 MHz. Of tests and of virtual worlds.
    #[must_use]
    pub fn simulated() -> Self {
        let ht = [0x2c, 0, 0x1b, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let he = |widths| [&[0, 0, 0, 0, 0, 0, widths][..], &[0; 10], &[0xfa, 0xff, 0xfa, 0xff]].concat();
        // Two streams for each range of MCS.
        let eht = [&[0; 11][..], &[0x22, 0x22, 0x22]].concat();
        let band = |band| BandCapabilities {
            rates: if band == Band::Band2 { RATES_2GHZ.to_vec() } else { RATES_OFDM.to_vec() },
            ht: (band != Band::Band6).then_some(ht),
            vht: (band == Band::Band5).then_some([0x20, 0, 0, 0, 0xfa, 0xff, 0, 0, 0xfa, 0xff, 0, 0]),
            he: Some(he(if band == Band::Band2 { 0x02 } else { 0x04 })),
            he_6ghz: (band == Band::Band6).then_some([0, 0]),
            eht: Some(eht.clone()),
        };
        let bands = [Band::Band2, Band::Band5, Band::Band6];
        Self { bands: bands.map(|id| (id, band(id))).into_iter().collect(), ..Self::default() }
    }
}

/// A channel in the terms of operation elements.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    channel: ChannelDefinition,
    band: Option<Band>,
}

impl Shape {
    pub(super) fn of(channel: ChannelDefinition) -> Self {
        Self { channel, band: channel.primary.band() }
    }

    pub(super) fn number(self) -> u8 {
        self.number_of(self.channel.primary)
    }

    /// The number of a center frequency, be it of a channel of 20 MHz or of a wider one.
    fn number_of(self, Frequency(mhz): Frequency) -> u8 {
        let base = match (self.band, mhz) {
            (Some(Band::Band2), 2484) => return 14,
            (Some(Band::Band2), _) => 2407,
            (Some(Band::Band6), 5935) => return 2,
            (Some(Band::Band6), _) => 5950,
            _ => 5000,
        };
        u8::try_from(mhz.saturating_sub(base) / 5).unwrap_or_default()
    }

    /// The width in MHz, of the segment with the primary channel if there are two.
    const fn width(self) -> u32 {
        match self.channel.width {
            ChannelWidth::Mhz20 | ChannelWidth::Other(_) => 20,
            ChannelWidth::Mhz40 => 40,
            ChannelWidth::Mhz80 | ChannelWidth::Mhz80Plus80 => 80,
            ChannelWidth::Mhz160 => 160,
            ChannelWidth::Mhz320 => 320,
        }
    }

    /// The center of the block of so many MHz that the primary channel is in.
    fn block(self, mhz: u32) -> Frequency {
        let Frequency(center) = self.channel.center1;
        let low = center.saturating_sub(self.width() / 2);
        let place = self.channel.primary.0.saturating_sub(low) / mhz;
        Frequency(low + place * mhz + mhz / 2)
    }

    /// Where the secondary channel is, if the channel is wider than 20 MHz.
    fn secondary(self) -> Option<Secondary> {
        let above = self.block(40) > self.channel.primary;
        let secondary = if above { Secondary::Above } else { Secondary::Below };
        (self.width() > 20).then_some(secondary)
    }

    /// The offset of the secondary channel as HT has it: 0 none, 1 above, 3 below.
    fn offset(self) -> u8 {
        self.secondary().map_or(0, |secondary| if secondary == Secondary::Above { 1 } else { 3 })
    }

    /// The channel as VHT has it; of 320 MHz the half with the primary channel.
    fn vht(self) -> VhtOperationInformation {
        let number = |frequency| self.number_of(frequency);
        let (width, center_segment_0, center_segment_1) = match self.channel.width {
            ChannelWidth::Mhz20 | ChannelWidth::Mhz40 | ChannelWidth::Other(_) => (0, 0, 0),
            ChannelWidth::Mhz80 => (1, number(self.channel.center1), 0),
            ChannelWidth::Mhz80Plus80 => {
                (1, number(self.channel.center1), self.channel.center2.map_or(0, number))
            }
            ChannelWidth::Mhz160 | ChannelWidth::Mhz320 => {
                (1, number(self.block(80)), number(self.block(160)))
            }
        };
        VhtOperationInformation { width, center_segment_0, center_segment_1 }
    }

    /// The channel as HE has it in 6 GHz.
    fn six_ghz(self) -> SixGhzOperation {
        let VhtOperationInformation { width, center_segment_0, center_segment_1 } = self.vht();
        let (code, center) = match self.width() {
            20 => (0, self.number()),
            40 => (1, self.number_of(self.block(40))),
            80 if center_segment_1 == 0 => (1 + width, center_segment_0),
            _ => (3, center_segment_0),
        };
        SixGhzOperation {
            primary_channel: self.number(),
            control: code,
            center_segment_0: center,
            center_segment_1,
            minimum_rate: 6,
        }
    }

    /// The elements that announce a switch to this channel.
    pub(super) fn write_switch(self, count: u8, out: &mut Vec<u8>) {
        let Some(to) = Channel::from_frequency(self.channel.primary.0) else { return };
        let (mode, channel) = (SwitchMode::NoRestriction, to.number());
        ChannelSwitch { mode, channel, count, tail: Vec::new() }.write(out);
        // The class of 40 MHz says on which side; wider ones are in the wrapper.
        let width = self.secondary().map_or(Width::Mhz20, Width::Mhz40);
        let class = to.operating_class(width).or_else(|| to.operating_class(Width::Mhz20));
        let operating_class = class.unwrap_or_default();
        ExtendedChannelSwitch { mode, operating_class, channel, count, tail: Vec::new() }.write(out);
        if self.width() > 20 && self.band != Some(Band::Band6) {
            SecondaryChannelOffset { offset: self.offset(), tail: Vec::new() }.write(out);
        }
        if self.width() > 40 {
            let VhtOperationInformation { width, center_segment_0, center_segment_1 } = self.vht();
            let (segment0, segment1) = (center_segment_0, center_segment_1);
            let mut octets = Vec::new();
            WideBandwidthChannelSwitch { width, segment0, segment1, tail: Vec::new() }.write(&mut octets);
            ChannelSwitchWrapper { octets }.write(out);
        }
    }
}

/// What a radio says of itself on a channel.
pub(super) struct OnChannel<'a> {
    shape: Shape,
    capabilities: Option<&'a BandCapabilities>,
}

impl<'a> OnChannel<'a> {
    pub(super) fn new(radio: &'a AccessPointRadio, channel: ChannelDefinition) -> Self {
        let shape = Shape::of(channel);
        Self { shape, capabilities: shape.band.and_then(|band| radio.bands.get(&band)) }
    }

    fn band(&self) -> Option<Band> {
        self.shape.band
    }

    /// The rates, with the mark of those that every member has.
    fn rates(&self) -> Vec<u8> {
        let in_2ghz = self.band() == Some(Band::Band2);
        let own = self.capabilities.map_or(&[][..], |capabilities| &capabilities.rates);
        let usual: &[u8] = if in_2ghz { &RATES_2GHZ } else { &RATES_OFDM };
        let rates = if own.is_empty() { usual } else { own };
        let basic: &[u8] = if in_2ghz { &BASIC.0 } else { &BASIC.1 };
        // Above are the numbers that are demands and no rates.
        let rates = rates.iter().filter(|rate| (1..=108).contains(*rate)).take(RATES.1);
        rates.map(|rate| if basic.contains(rate) { rate | 0x80 } else { *rate }).collect()
    }

    /// Rates and channel, in front of the TIM.
    pub(super) fn write_head(&self, out: &mut Vec<u8>) {
        let rates = self.rates();
        write_raw(SUPPORTED_RATES, rates.get(..RATES.0).unwrap_or(&rates), out);
        if self.band() == Some(Band::Band2) {
            write_raw(DS_PARAMETER, &[self.shape.number()], out);
        }
    }

    /// What is known since 802.11g: it stands behind the country.
    pub(super) fn write_erp(&self, out: &mut Vec<u8>) {
        if self.band() == Some(Band::Band2) {
            write_raw(ERP, &[0], out);
        }
    }

    /// The rates that the first element has no room for.
    pub(super) fn write_more_rates(&self, out: &mut Vec<u8>) {
        if let Some(more) = self.rates().get(RATES.0..).filter(|more| !more.is_empty()) {
            write_raw(EXTENDED_RATES, more, out);
        }
    }

    /// HT Capabilities and HT Operation.
    pub(super) fn write_ht(&self, out: &mut Vec<u8>) {
        let octets = self.capabilities.and_then(|capabilities| capabilities.ht);
        let Some(Ok(ht)) = octets.map(|octets| HtCapabilities::parse(&octets)) else { return };
        if self.band() == Some(Band::Band6) {
            return;
        }
        let (unused, any_width) = if self.shape.width() > 20 { (0, 0x4) } else { (HT_40, 0) };
        HtCapabilities {
            information: ht.information & HT_SAFE & !unused | HT_NO_POWER_SAVE,
            extended: 0,
            beamforming: 0,
            antenna_selection: 0,
            ..ht
        }
        .write(out);
        HtOperation {
            primary_channel: self.shape.number(),
            information: [self.shape.offset() | any_width, 0, 0, 0, 0],
            basic_mcs_set: [0; 16],
            tail: Vec::new(),
        }
        .write(out);
    }

    /// VHT Capabilities and VHT Operation.
    pub(super) fn write_vht(&self, out: &mut Vec<u8>) {
        let capabilities = self.capabilities.and_then(|capabilities| capabilities.vht);
        let vht = capabilities.map(|octets| VhtCapabilities::parse(&octets));
        let (Some(Ok(vht)), Some(Band::Band5)) = (vht, self.band()) else { return };
        let wide = match self.shape.channel.width {
            ChannelWidth::Mhz160 => VHT_WIDTHS | VHT_SHORT_160,
            ChannelWidth::Mhz80Plus80 => VHT_WIDTHS,
            _ => 0,
        };
        let information = vht.information & (VHT_SAFE & !VHT_SHORT_160 | wide);
        VhtCapabilities { information, ..vht }.write(out);
        VhtOperation { information: self.shape.vht(), basic: ONE_STREAM, tail: Vec::new() }.write(out);
    }

    fn he(&self) -> Option<HeCapabilities> {
        HeCapabilities::parse(self.capabilities?.he.as_deref()?).ok()
    }

    /// HE Capabilities, HE Operation and what belongs to them in 6 GHz.
    pub(super) fn write_he(&self, out: &mut Vec<u8>) {
        let Some(he) = self.he() else { return };
        self.fitting_he(he).write(out);
        let in_6ghz = self.band() == Some(Band::Band6);
        HeOperation {
            parameters: HE_PARAMETERS,
            bss_color: COLOR,
            basic: ONE_STREAM,
            vht: None,
            max_cohosted_bssid: None,
            six_ghz: in_6ghz.then(|| self.shape.six_ghz()),
            tail: Vec::new(),
        }
        .write(out);
        if in_6ghz {
            let six_ghz = self.capabilities.and_then(|capabilities| capabilities.he_6ghz);
            write_raw(HE_6GHZ_CAPABILITIES, &six_ghz.unwrap_or_default(), out);
        }
    }

    /// HE Capabilities without widths that are not used and without beamforming, which has to be calibrated.
    fn fitting_he(&self, he: HeCapabilities) -> HeCapabilities {
        let keep = match self.shape.channel.width {
            ChannelWidth::Mhz160 | ChannelWidth::Mhz320 => HeWidths::MHZ_160.0,
            ChannelWidth::Mhz80Plus80 => HeWidths::MHZ_160.0 | HeWidths::MHZ_80_PLUS_80.0,
            _ => 0,
        };
        let unused = (HeWidths::MHZ_160.0 | HeWidths::MHZ_80_PLUS_80.0) & !keep;
        // The widths; SU beamformer; SU beamformee and MU beamformer.
        let cleared = [(0, unused), (3, 0x80), (4, 0x03)];
        let mut phy = he.phy;
        for (place, bits) in cleared {
            if let Some(octet) = phy.get_mut(place) {
                *octet &= !bits;
            }
        }
        let there = |width: HeWidths| keep & width.0 != 0;
        HeCapabilities {
            phy,
            mcs_160: he.mcs_160.filter(|_| there(HeWidths::MHZ_160)),
            mcs_80_plus_80: he.mcs_80_plus_80.filter(|_| there(HeWidths::MHZ_80_PLUS_80)),
            ..he
        }
    }

    /// EHT Operation and EHT Capabilities.
    pub(super) fn write_eht(&self, out: &mut Vec<u8>) {
        let octets = self.capabilities.and_then(|capabilities| capabilities.eht.as_deref());
        let (Some(he), Some(Ok(eht))) = (self.he(), octets.map(EhtCapabilities::parse)) else { return };
        // The lengths in the element follow from those of HE: as the radio says them, and as we do.
        let Some(eht) = self.fitting_eht(&he, eht) else { return };
        let is_320 = self.shape.channel.width == ChannelWidth::Mhz320;
        let information = is_320.then(|| EhtOperationInformation {
            control: 4,
            center_segment_0: self.shape.number_of(self.shape.block(160)),
            center_segment_1: self.shape.number_of(self.shape.channel.center1),
        });
        EhtOperation {
            parameters: 0,
            basic: EHT_ONE_STREAM,
            information,
            disabled_subchannels: None,
            tail: Vec::new(),
        }
        .write(out);
        eht.write(out);
    }

    /// EHT Capabilities without widths that are not used, without beamforming, and without the services that we do
    /// not have.
    fn fitting_eht(&self, he: &HeCapabilities, eht: EhtCapabilities) -> Option<EhtCapabilities> {
        /// The octets of one width.
        const OF_WIDTH: usize = 3;
        let EhtMcs::Wider { mhz_80, mhz_160, mhz_320 } = eht.mcs(he, EhtSender::Ap).ok()? else {
            return None;
        };
        let used = [mhz_80, mhz_160, mhz_320].iter().flatten().count() * OF_WIDTH;
        let thresholds = eht.rest.get(used..).unwrap_or_default();
        let width = self.shape.width();
        let kept = [mhz_80, mhz_160.filter(|_| width >= 160), mhz_320.filter(|_| width >= 320)];
        let rest = kept.iter().flatten().flatten().chain(thresholds).copied().collect();
        let [mac, more_mac] = eht.mac;
        let mut phy = eht.phy;
        // 320 MHz; SU beamformer and beamformee; MU beamformer of each width.
        let cleared = [(0, if width >= 320 { 0x60 } else { 0x62 }), (7, 0x70)];
        for (place, bits) in cleared {
            if let Some(octet) = phy.get_mut(place) {
                *octet &= !bits;
            }
        }
        // Priority access, restricted TWT, stream classification.
        Some(EhtCapabilities { mac: [mac & !0x31, more_mac], phy, rest })
    }
}
