//! Channels: bands, numbers, frequencies, widths, and the operating classes that name them together
//! (802.11-2020 annex E, table E-4, the global ones).

/// A frequency band.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Band {
    /// 2.4 GHz.
    Ghz2,
    /// 5 GHz.
    Ghz5,
    /// 6 GHz.
    Ghz6,
}

/// A channel of 20 MHz: a number in a band.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel {
    band: Band,
    number: u8,
}

/// Where the secondary channel of a 40 MHz channel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Secondary {
    /// At the higher frequency.
    Above,
    /// At the lower frequency.
    Below,
}

/// The width of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Width {
    /// 20 MHz.
    Mhz20,
    /// 40 MHz.
    Mhz40(Secondary),
    /// 80 MHz.
    Mhz80,
    /// 160 MHz.
    Mhz160,
    /// Two separate segments of 80 MHz.
    Mhz80Plus80,
    /// 320 MHz.
    Mhz320,
}

impl Width {
    /// The width in MHz, both segments together.
    #[must_use]
    pub const fn mhz(self) -> u16 {
        match self {
            Self::Mhz20 => 20,
            Self::Mhz40(_) => 40,
            Self::Mhz80 => 80,
            Self::Mhz160 | Self::Mhz80Plus80 => 160,
            Self::Mhz320 => 320,
        }
    }
}

impl Channel {
    /// The channel with this number, if the band has it.
    #[must_use]
    pub const fn new(band: Band, number: u8) -> Option<Self> {
        let known = match band {
            Band::Ghz2 => matches!(number, 1..=14),
            Band::Ghz5 => {
                matches!(number, 36..=64 | 100..=144 if number.is_multiple_of(4))
                    || matches!(number, 149..=177 if number % 4 == 1)
            }
            Band::Ghz6 => number == 2 || (number <= 233 && number % 4 == 1),
        };
        if known { Some(Self { band, number }) } else { None }
    }

    /// The channel with this center frequency in MHz.
    #[must_use]
    pub fn from_frequency(mhz: u32) -> Option<Self> {
        let (band, number) = match mhz {
            2484 => (Band::Ghz2, 14),
            2412..=2472 => (Band::Ghz2, steps(mhz, 2407)?),
            5180..=5885 => (Band::Ghz5, steps(mhz, 5000)?),
            5935 => (Band::Ghz6, 2),
            5955..=7115 => (Band::Ghz6, steps(mhz, 5950)?),
            _ => return None,
        };
        // Channel 2 of the 6 GHz band stands outside of the band's steps.
        Self::new(band, number).filter(|channel| channel.frequency() == mhz)
    }

    /// The center frequency in MHz.
    #[must_use]
    pub fn frequency(self) -> u32 {
        let number = u32::from(self.number);
        match (self.band, number) {
            (Band::Ghz2, 14) => 2484,
            (Band::Ghz2, _) => 2407 + 5 * number,
            (Band::Ghz5, _) => 5000 + 5 * number,
            (Band::Ghz6, 2) => 5935,
            (Band::Ghz6, _) => 5950 + 5 * number,
        }
    }

    /// The band.
    #[must_use]
    pub const fn band(self) -> Band {
        self.band
    }

    /// The number in the band.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.number
    }

    /// The primary channel with this number in a global operating class. Frames name the primary channel even
    /// with the classes of 80 MHz and more, whose tables list centers.
    #[must_use]
    pub const fn in_operating_class(class: u8, number: u8) -> Option<Self> {
        let (band, belongs) = match class {
            81 => (Band::Ghz2, number <= 13),
            82 => (Band::Ghz2, number == 14),
            83 => (Band::Ghz2, number <= 9),
            84 => (Band::Ghz2, matches!(number, 5..=13)),
            115 => (Band::Ghz5, number <= 48),
            116 => (Band::Ghz5, matches!(number, 36 | 44)),
            117 => (Band::Ghz5, matches!(number, 40 | 48)),
            118 => (Band::Ghz5, matches!(number, 52..=64)),
            119 => (Band::Ghz5, matches!(number, 52 | 60)),
            120 => (Band::Ghz5, matches!(number, 56 | 64)),
            121 => (Band::Ghz5, matches!(number, 100..=144)),
            122 => (Band::Ghz5, matches!(number, 100..=140) && number % 8 == 4),
            123 => (Band::Ghz5, matches!(number, 104..=144) && number.is_multiple_of(8)),
            124 => (Band::Ghz5, matches!(number, 149..=161)),
            125 => (Band::Ghz5, matches!(number, 149..=177)),
            126 => (Band::Ghz5, matches!(number, 149..=173) && number % 8 == 5),
            127 => (Band::Ghz5, matches!(number, 153..=177) && number % 8 == 1),
            128..=130 => (Band::Ghz5, true),
            131..=135 | 137 => (Band::Ghz6, number != 2),
            136 => (Band::Ghz6, number == 2),
            _ => return None,
        };
        if belongs { Self::new(band, number) } else { None }
    }

    /// The global operating class for this primary channel and width; nothing if there is none.
    #[must_use]
    pub const fn operating_class(self, width: Width) -> Option<u8> {
        let class = match (self.band, self.number, width) {
            (Band::Ghz2, 14, Width::Mhz20) => 82,
            (Band::Ghz2, _, Width::Mhz20) => 81,
            (Band::Ghz2, _, Width::Mhz40(Secondary::Above)) => 83,
            (Band::Ghz2, _, Width::Mhz40(Secondary::Below)) => 84,
            (Band::Ghz5, ..=48, Width::Mhz20) => 115,
            (Band::Ghz5, ..=48, Width::Mhz40(Secondary::Above)) => 116,
            (Band::Ghz5, ..=48, Width::Mhz40(Secondary::Below)) => 117,
            (Band::Ghz5, ..=64, Width::Mhz20) => 118,
            (Band::Ghz5, ..=64, Width::Mhz40(Secondary::Above)) => 119,
            (Band::Ghz5, ..=64, Width::Mhz40(Secondary::Below)) => 120,
            (Band::Ghz5, ..=144, Width::Mhz20) => 121,
            (Band::Ghz5, ..=144, Width::Mhz40(Secondary::Above)) => 122,
            (Band::Ghz5, ..=144, Width::Mhz40(Secondary::Below)) => 123,
            (Band::Ghz5, ..=161, Width::Mhz20) => 124,
            (Band::Ghz5, _, Width::Mhz20) => 125,
            (Band::Ghz5, _, Width::Mhz40(Secondary::Above)) => 126,
            (Band::Ghz5, _, Width::Mhz40(Secondary::Below)) => 127,
            (Band::Ghz5, _, Width::Mhz80) => 128,
            (Band::Ghz5, _, Width::Mhz160) => 129,
            (Band::Ghz5, _, Width::Mhz80Plus80) => 130,
            (Band::Ghz6, 2, Width::Mhz20) => 136,
            (Band::Ghz6, 2, _) => return None,
            (Band::Ghz6, _, Width::Mhz20) => 131,
            (Band::Ghz6, _, Width::Mhz40(_)) => 132,
            (Band::Ghz6, _, Width::Mhz80) => 133,
            (Band::Ghz6, _, Width::Mhz160) => 134,
            (Band::Ghz6, _, Width::Mhz80Plus80) => 135,
            (Band::Ghz6, _, Width::Mhz320) => 137,
            (Band::Ghz2 | Band::Ghz5, _, _) => return None,
        };
        // The class must have the channel: not every primary has a secondary on both sides.
        match Self::in_operating_class(class, self.number) {
            Some(_) => Some(class),
            None => None,
        }
    }
}

/// How many steps of 5 MHz a frequency is above `base`.
fn steps(mhz: u32, base: u32) -> Option<u8> {
    let above = mhz.checked_sub(base)?;
    if above.is_multiple_of(5) { u8::try_from(above / 5).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_both_ways() {
        for (band, number, mhz) in [
            (Band::Ghz2, 1, 2412),
            (Band::Ghz2, 13, 2472),
            (Band::Ghz2, 14, 2484),
            (Band::Ghz5, 36, 5180),
            (Band::Ghz5, 144, 5720),
            (Band::Ghz5, 149, 5745),
            (Band::Ghz5, 177, 5885),
            (Band::Ghz6, 2, 5935),
            (Band::Ghz6, 1, 5955),
            (Band::Ghz6, 233, 7115),
        ] {
            let channel = Channel::new(band, number).unwrap();
            assert_eq!(channel.frequency(), mhz);
            assert_eq!(Channel::from_frequency(mhz), Some(channel));
        }
        for mhz in [0, 2407, 2413, 2483, 5000, 5185, 5340, 5950, 5960, 7120, u32::MAX] {
            assert_eq!(Channel::from_frequency(mhz), None, "{mhz}");
        }
        let count = (0..8000).filter_map(Channel::from_frequency).count();
        assert_eq!(count, 14 + 8 + 12 + 8 + 60);
    }

    #[test]
    fn operating_classes_both_ways() {
        let (above, below) = (Width::Mhz40(Secondary::Above), Width::Mhz40(Secondary::Below));
        for (class, number, mhz, width) in [
            (81, 6, 2437, Width::Mhz20),
            (82, 14, 2484, Width::Mhz20),
            (83, 1, 2412, above),
            (84, 11, 2462, below),
            (115, 36, 5180, Width::Mhz20),
            (116, 44, 5220, above),
            (117, 48, 5240, below),
            (118, 52, 5260, Width::Mhz20),
            (119, 60, 5300, above),
            (120, 64, 5320, below),
            (121, 100, 5500, Width::Mhz20),
            (122, 108, 5540, above),
            (123, 112, 5560, below),
            (124, 149, 5745, Width::Mhz20),
            (125, 165, 5825, Width::Mhz20),
            (126, 157, 5785, above),
            (127, 161, 5805, below),
            (128, 36, 5180, Width::Mhz80),
            (129, 36, 5180, Width::Mhz160),
            (130, 36, 5180, Width::Mhz80Plus80),
            (131, 5, 5975, Width::Mhz20),
            (132, 5, 5975, above),
            (133, 37, 6135, Width::Mhz80),
            (134, 37, 6135, Width::Mhz160),
            (135, 37, 6135, Width::Mhz80Plus80),
            (136, 2, 5935, Width::Mhz20),
            (137, 37, 6135, Width::Mhz320),
        ] {
            let channel = Channel::in_operating_class(class, number).unwrap();
            assert_eq!(channel.frequency(), mhz, "class {class}");
            assert_eq!(channel.operating_class(width), Some(class));
        }
        for (class, number) in [(0, 1), (81, 14), (81, 0), (115, 37), (116, 40), (131, 2), (200, 1)] {
            assert_eq!(Channel::in_operating_class(class, number), None, "{class} {number}");
        }
        assert_eq!(Channel::new(Band::Ghz2, 13).unwrap().operating_class(above), None);
        assert_eq!(Channel::new(Band::Ghz5, 40).unwrap().operating_class(above), None);
        assert_eq!(Channel::new(Band::Ghz2, 1).unwrap().operating_class(Width::Mhz80), None);
    }
}
