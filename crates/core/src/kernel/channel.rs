//! The channel that an interface is on, with its width, and its name in frames.

use super::Frequency;
use lapwing_frames::{
    channel::{Band, Channel, Secondary, Width},
    kde::OperatingChannel,
};

/// The width of a channel (`enum nl80211_chan_width`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChannelWidth {
    /// 20 MHz, with or without HT.
    Mhz20,
    /// 40 MHz.
    Mhz40,
    /// 80 MHz.
    Mhz80,
    /// Two separate segments of 80 MHz.
    Mhz80Plus80,
    /// 160 MHz.
    Mhz160,
    /// 320 MHz.
    Mhz320,
    /// Another width (of S1G, or for vehicles), by the kernel's number.
    Other(u32),
}

/// The channel that an interface is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelDefinition {
    /// The primary channel of 20 MHz.
    pub primary: Frequency,
    /// The width of the whole.
    pub width: ChannelWidth,
    /// The center of the whole, or of the segment with the primary channel.
    pub center1: Frequency,
    /// The center of the other segment.
    pub center2: Option<Frequency>,
}

impl ChannelDefinition {
    /// A channel of 20 MHz.
    #[must_use]
    pub const fn narrow(primary: Frequency) -> Self {
        Self { primary, width: ChannelWidth::Mhz20, center1: primary, center2: None }
    }

    /// The channel as frames name it; none if no global operating class has it.
    #[must_use]
    pub fn operating_channel(&self) -> Option<OperatingChannel> {
        let channel = Channel::from_frequency(self.primary.0)?;
        let width = match self.width {
            ChannelWidth::Mhz20 => Width::Mhz20,
            ChannelWidth::Mhz40 if self.center1 > self.primary => Width::Mhz40(Secondary::Above),
            ChannelWidth::Mhz40 => Width::Mhz40(Secondary::Below),
            ChannelWidth::Mhz80 => Width::Mhz80,
            ChannelWidth::Mhz80Plus80 => Width::Mhz80Plus80,
            ChannelWidth::Mhz160 => Width::Mhz160,
            ChannelWidth::Mhz320 => Width::Mhz320,
            ChannelWidth::Other(_) => return None,
        };
        let segment1 = match (width, self.center2) {
            (Width::Mhz80Plus80, Some(Frequency(center))) => {
                let base = if channel.band() == Band::Ghz6 { 5950 } else { 5000 };
                u8::try_from(center.checked_sub(base)? / 5).ok()?
            }
            (Width::Mhz80Plus80, None) => return None,
            _ => 0,
        };
        let operating_class = channel.operating_class(width)?;
        Some(OperatingChannel { operating_class, primary: channel.number(), segment1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_have_names_in_frames() {
        for (primary, width, center1, center2, name) in [
            (2412, ChannelWidth::Mhz20, 2412, None, Some((81, 1, 0))),
            (2412, ChannelWidth::Mhz40, 2422, None, Some((83, 1, 0))),
            (2462, ChannelWidth::Mhz40, 2452, None, Some((84, 11, 0))),
            (5180, ChannelWidth::Mhz80, 5210, None, Some((128, 36, 0))),
            (5240, ChannelWidth::Mhz160, 5250, None, Some((129, 48, 0))),
            (5180, ChannelWidth::Mhz80Plus80, 5210, Some(5775), Some((130, 36, 155))),
            (5180, ChannelWidth::Mhz80Plus80, 5210, None, None),
            (5180, ChannelWidth::Mhz80Plus80, 5210, Some(900), None),
            (5975, ChannelWidth::Mhz320, 6105, None, Some((137, 5, 0))),
            (5180, ChannelWidth::Mhz320, 5210, None, None),
            (5180, ChannelWidth::Other(6), 5180, None, None),
            (5000, ChannelWidth::Mhz20, 5000, None, None),
        ] {
            let channel = ChannelDefinition {
                primary: Frequency(primary),
                width,
                center1: Frequency(center1),
                center2: center2.map(Frequency),
            };
            let expected = name.map(|(operating_class, primary, segment1)| OperatingChannel {
                operating_class,
                primary,
                segment1,
            });
            assert_eq!(channel.operating_channel(), expected, "{channel:?}");
        }
        assert_eq!(
            ChannelDefinition::narrow(Frequency(5745)).operating_channel().map(|c| c.operating_class),
            Some(124)
        );
    }
}
