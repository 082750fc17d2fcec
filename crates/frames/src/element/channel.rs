//! Where a BSS is, how loud it may be, and where it goes: DSSS parameters, power, channel switches.

use super::{ElementId, Elements};
use alloc::vec::Vec;

fields! {
    /// DSSS Parameter Set (3): the primary channel in 2.4 GHz.
    pub struct DsParameter {
        /// The channel number.
        channel: u8,
        /// What a later standard appends.
        tail: Vec<u8>,
    }
}
element!(DsParameter, "DSSS Parameter Set", ElementId::Plain(3));

fields! {
    /// Power Constraint (32).
    pub struct PowerConstraint {
        /// How far to stay below the maximum of the Country element, in dB.
        decibels: u8,
        /// What a later standard appends.
        tail: Vec<u8>,
    }
}
element!(PowerConstraint, "Power Constraint", ElementId::Plain(32));

fields! {
    /// Power Capability (33): what a station that associates can send with.
    pub struct PowerCapability {
        /// The least power in dBm, a signed number.
        minimum: u8,
        /// The greatest power in dBm, a signed number.
        maximum: u8,
        /// What a later standard appends.
        tail: Vec<u8>,
    }
}
element!(PowerCapability, "Power Capability", ElementId::Plain(33));

fields! {
    /// Transmit Power Envelope (195): the regulator's limits.
    pub struct TransmitPowerEnvelope {
        /// How many limits, in which unit, of which kind.
        information: u8,
        /// The limits, in half dBm, signed numbers; the first is for 20 MHz.
        limits: Vec<u8>,
    }
}
element!(TransmitPowerEnvelope, "Transmit Power Envelope", ElementId::Plain(195));

fields! {
    /// TPC Report (35).
    pub struct TpcReport {
        /// The power of this frame in dBm, a signed number.
        transmit_power: u8,
        /// The link margin in dB, 0 outside of an answer.
        link_margin: u8,
        /// What a later standard appends.
        tail: Vec<u8>,
    }
}
element!(TpcReport, "TPC Report", ElementId::Plain(35));

fields! {
    /// A run of channels.
    pub struct ChannelRun {
        /// The first channel number.
        first: u8,
        /// How many.
        count: u8,
    }
}

fields! {
    /// Supported Channels (36): where a station that associates can follow.
    pub struct SupportedChannels {
        /// The runs of channels.
        runs: Vec<ChannelRun>,
    }
}
element!(SupportedChannels, "Supported Channels", ElementId::Plain(36));

fields! {
    /// Supported Operating Classes (59).
    pub struct SupportedOperatingClasses {
        /// The class in use.
        current: u8,
        /// The others; values above 127 are delimiters of extensions.
        others: Vec<u8>,
    }
}
element!(SupportedOperatingClasses, "Supported Operating Classes", ElementId::Plain(59));

fields! {
    /// ERP (42): how stations of 802.11b are looked after.
    pub struct Erp {
        /// Bit 0: there are any; bit 1: use protection; bit 2: use long preambles.
        parameters: u8,
        /// What a later standard appends.
        tail: Vec<u8>,
    }
}
element!(Erp, "ERP", ElementId::Plain(42));

open_enum! {
    /// What stations may do until a channel switch.
    pub enum SwitchMode: u8 {
        /// Send as ever.
        NoRestriction = 0,
        /// Send nothing more.
        Quiet = 1,
    }
}
wrapped_field! { SwitchMode }

fields! {
    /// Channel Switch Announcement (37).
    pub struct ChannelSwitch {
        /// What stations may do until then.
        mode: SwitchMode,
        /// The new channel number.
        channel: u8,
        /// Beacons until the switch; 0 means at any time.
        count: u8,
        /// What a later standard appends.
        tail: Vec<u8>,
    }
}
element!(ChannelSwitch, "Channel Switch Announcement", ElementId::Plain(37));

fields! {
    /// Extended Channel Switch Announcement (60).
    pub struct ExtendedChannelSwitch {
        /// What stations may do until then.
        mode: SwitchMode,
        /// The new operating class.
        operating_class: u8,
        /// The new channel number.
        channel: u8,
        /// Beacons until the switch; 0 means at any time.
        count: u8,
        /// What a later standard appends.
        tail: Vec<u8>,
    }
}
element!(ExtendedChannelSwitch, "Extended Channel Switch Announcement", ElementId::Plain(60));

fields! {
    /// Secondary Channel Offset (62), beside a channel switch.
    pub struct SecondaryChannelOffset {
        /// 0 none, 1 above, 3 below.
        offset: u8,
        /// What a later standard appends.
        tail: Vec<u8>,
    }
}
element!(SecondaryChannelOffset, "Secondary Channel Offset", ElementId::Plain(62));

fields! {
    /// Wide Bandwidth Channel Switch (194).
    pub struct WideBandwidthChannelSwitch {
        /// The new channel width, as in VHT Operation.
        width: u8,
        /// The new centre of segment 0, a channel number.
        segment0: u8,
        /// The new centre of segment 1, a channel number.
        segment1: u8,
        /// What a later standard appends.
        tail: Vec<u8>,
    }
}
element!(WideBandwidthChannelSwitch, "Wide Bandwidth Channel Switch", ElementId::Plain(194));

fields! {
    /// Channel Switch Wrapper (196): elements that describe the BSS after the switch.
    pub struct ChannelSwitchWrapper {
        /// The elements as octets.
        octets: Vec<u8>,
    }
}
element!(ChannelSwitchWrapper, "Channel Switch Wrapper", ElementId::Plain(196));

impl ChannelSwitchWrapper {
    /// The elements inside.
    #[must_use]
    pub fn elements(&self) -> Elements<'_> {
        Elements::new(&self.octets)
    }
}

fields! {
    /// Max Channel Switch Time (255/52).
    pub struct MaxChannelSwitchTime {
        /// The longest silence between the old channel and the new one, in TU, 24 bits little endian.
        time: [u8; 3],
        /// What a later standard appends.
        tail: Vec<u8>,
    }
}
element!(MaxChannelSwitchTime, "Max Channel Switch Time", ElementId::Extended(52));

fields! {
    /// Operating Channel Information (255/54); the OCI KDE has the same fields.
    pub struct OperatingChannel {
        /// The operating class.
        operating_class: u8,
        /// The primary channel number.
        primary_channel: u8,
        /// The centre of segment 1, a channel number; 0 without one.
        segment1: u8,
        /// What a later standard appends.
        tail: Vec<u8>,
    }
}
element!(OperatingChannel, "Operating Channel Information", ElementId::Extended(54));
