//! Operating channel validation: is a peer where we are (802.11-2020 12.2.9)?

use lapwing_frames::{
    channel::{Band, Channel, Secondary, Width},
    kde::OperatingChannel,
};

/// What an operating channel means: the primary channel and the width.
fn meaning(named: OperatingChannel) -> Option<(Channel, Width)> {
    let channel = Channel::in_operating_class(named.operating_class, named.primary)?;
    let width = match named.operating_class {
        83 | 116 | 119 | 122 | 126 => Width::Mhz40(Secondary::Above),
        84 | 117 | 120 | 123 | 127 => Width::Mhz40(Secondary::Below),
        // The class of 40 MHz at 6 GHz does not say where the secondary channel is: that follows from the
        // number of the primary one.
        132 => Width::Mhz40(if named.primary % 8 == 1 { Secondary::Above } else { Secondary::Below }),
        128 | 133 => Width::Mhz80,
        129 | 134 => Width::Mhz160,
        130 | 135 => Width::Mhz80Plus80,
        137 => Width::Mhz320,
        _ => Width::Mhz20,
    };
    Some((channel, width))
}

/// Whether what we send on our channel reaches a peer that says it is on the other one: the primary
/// channel is the same, and the peer's is at least as wide as ours.
///
/// An AP may well be wider than a station. Several classes may name one channel, so they are compared by
/// what they mean.
#[must_use]
pub fn reaches(own: OperatingChannel, told: OperatingChannel) -> bool {
    let (Some((channel, width)), Some((peer_channel, peer_width))) = (meaning(own), meaning(told)) else {
        return own == told;
    };
    let same_side = match (width, peer_width) {
        // Elsewhere the secondary channel follows from the primary one.
        (Width::Mhz40(_), Width::Mhz40(_)) if channel.band() == Band::Ghz2 => width == peer_width,
        (Width::Mhz160 | Width::Mhz80Plus80, _) => own.segment1 == told.segment1,
        _ => true,
    };
    channel == peer_channel && peer_width.mhz() >= width.mhz() && same_side
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named((operating_class, primary, segment1): (u8, u8, u8)) -> OperatingChannel {
        OperatingChannel { operating_class, primary, segment1 }
    }

    #[test]
    fn reaches_the_same_primary_channel_and_what_is_as_wide() {
        for (own, told, expected) in [
            ((81, 6, 0), (81, 6, 0), true),
            ((81, 6, 0), (81, 11, 0), false),
            ((81, 6, 0), (83, 6, 0), true),
            ((83, 6, 0), (81, 6, 0), false),
            ((83, 6, 0), (84, 6, 0), false),
            ((115, 36, 0), (128, 36, 0), true),
            ((128, 36, 0), (115, 36, 0), false),
            ((128, 36, 0), (128, 40, 0), false),
            ((116, 36, 0), (128, 36, 0), true),
            // Two classes for one channel.
            ((124, 149, 0), (125, 149, 0), true),
            ((130, 36, 155), (130, 36, 155), true),
            ((130, 36, 155), (130, 36, 138), false),
            ((128, 36, 0), (130, 36, 155), true),
            ((132, 5, 0), (133, 5, 0), true),
            ((134, 37, 0), (137, 37, 0), true),
            ((137, 37, 0), (134, 37, 0), false),
            // The same number in another band.
            ((131, 5, 0), (81, 5, 0), false),
            // Classes that nobody knows are compared as they are.
            ((200, 5, 0), (200, 5, 0), true),
            ((200, 5, 0), (81, 5, 0), false),
            ((115, 36, 0), (0, 36, 0), false),
        ] {
            assert_eq!(reaches(named(own), named(told)), expected, "{own:?} {told:?}");
        }
    }
}
