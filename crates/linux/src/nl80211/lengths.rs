//! How long capabilities are whose length depends on what they say.

/// Octets of HE capabilities in front of the MCS and streams: 6 of MAC, 11 of PHY.
const HE_FIXED: usize = 17;
/// The first octet of the PHY capabilities of HE.
const HE_WIDTHS: usize = 6;
/// The seventh, whose highest bit announces the PPE thresholds.
const HE_PPE: usize = 12;
/// Octets of EHT capabilities in front of the MCS and streams: 2 of MAC, 9 of PHY.
const EHT_FIXED: usize = 11;
/// Who says what EHT can do: for one that uses 20 MHz alone the field is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EhtSender {
    Ap,
    Station,
}

fn has(octets: &[u8], at: usize, bits: u8) -> Option<bool> {
    octets.get(at).map(|octet| octet & bits != 0)
}

/// Octets for thresholds of so many streams and widths, of 3 bits twice, behind a header of so many bits.
fn thresholds(header_bits: usize, widths: u32, streams: u16) -> usize {
    let pairs = usize::from(streams).saturating_mul(usize::try_from(widths).unwrap_or_default());
    pairs.saturating_mul(6).saturating_add(header_bits).div_ceil(8)
}

/// Octets of the Supported HE-MCS and NSS Set (802.11-2024 9.4.2.247.4).
pub(super) fn he_mcs(he: &[u8]) -> Option<usize> {
    let wider = [0x08, 0x10].into_iter().filter(|bit| has(he, HE_WIDTHS, *bit) == Some(true)).count();
    (he.len() >= HE_FIXED).then(|| wider.saturating_add(1).saturating_mul(4))
}

/// Octets of HE capabilities, of which these are at least the beginning; nothing if it is cut short.
pub(super) fn he(he: &[u8]) -> Option<usize> {
    let mut length = HE_FIXED.saturating_add(he_mcs(he)?);
    if has(he, HE_PPE, 0x80)? {
        let header = *he.get(length)?;
        let streams = u16::from(header & 7).saturating_add(1);
        length = length.saturating_add(thresholds(7, (header >> 3 & 0xf).count_ones(), streams));
    }
    (he.len() >= length).then_some(length)
}

/// Octets of EHT capabilities (802.11be-2024 9.4.2.323), of which these are at least the beginning, beside the HE
/// capabilities of the same sender; nothing if it is cut short.
pub(super) fn eht(he: &[u8], eht: &[u8], sender: EhtSender) -> Option<usize> {
    let mcs = if has(he, HE_WIDTHS, 0x02)? {
        3
    } else {
        let wide = [has(he, HE_WIDTHS, 0x04)?, has(he, HE_WIDTHS, 0x08)?, has(eht, 2, 0x02)?];
        match (wide.into_iter().filter(|width| *width).count(), sender) {
            (0, EhtSender::Ap) => 3,
            (0, EhtSender::Station) => 4,
            (widths, _) => widths.saturating_mul(3),
        }
    };
    let mut length = EHT_FIXED.saturating_add(mcs);
    if has(eht, 7, 0x08)? {
        let header =
            eht.get(length..).and_then(<[u8]>::first_chunk).map(|octets| u16::from_le_bytes(*octets))?;
        let streams = (header & 0xf).saturating_add(1);
        length = length.saturating_add(thresholds(9, (header & 0x1f0).count_ones(), streams));
    }
    (eht.len() >= length).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn he_is_as_long_as_its_widths_and_thresholds_say() {
        let mut octets = [0; 64];
        assert_eq!(he(&octets), Some(21));
        assert_eq!((he(&octets[..20]), he(&[])), (None, None));
        octets[HE_WIDTHS] = 0x1c;
        assert_eq!((he(&octets), he_mcs(&octets)), (Some(29), Some(12)));
        octets[HE_WIDTHS] = 0x04;
        octets[HE_PPE] = 0x80;
        // Two streams and all four widths: 8 pairs of 6 bits and 7 of the header.
        octets[21] = 0x79;
        assert_eq!(he(&octets), Some(21 + 7));
        assert_eq!((he(&octets[..28]), he(&octets[..27])), (Some(28), None));
        assert_eq!(he(&octets[..21]), None, "no header");
    }

    #[test]
    fn eht_is_as_long_as_the_widths_of_both_and_its_thresholds_say() {
        let (mut of_he, mut octets) = ([0; 21], [0; 64]);
        assert_eq!(eht(&of_he, &octets, EhtSender::Station), Some(15));
        assert_eq!(eht(&of_he, &octets, EhtSender::Ap), Some(14));
        of_he[HE_WIDTHS] = 0x02;
        assert_eq!(eht(&of_he, &octets, EhtSender::Station), Some(14));
        of_he[HE_WIDTHS] = 0x0c;
        octets[2] = 0x02;
        assert_eq!(eht(&of_he, &octets, EhtSender::Station), Some(20));
        assert_eq!(eht(&of_he, &octets[..19], EhtSender::Station), None);
        octets[7] = 0x08;
        // Two streams and five widths: 10 pairs of 6 bits and 9 of the header.
        octets[20..22].copy_from_slice(&0x01f1_u16.to_le_bytes());
        assert_eq!(eht(&of_he, &octets, EhtSender::Ap), Some(20 + 9));
        assert_eq!(
            (eht(&of_he, &octets[..21], EhtSender::Ap), eht(&[], &octets, EhtSender::Ap)),
            (None, None)
        );
    }
}
