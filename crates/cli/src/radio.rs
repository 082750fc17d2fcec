//! Channels, bands and kinds of protection, as people name them.

/// The channel of a frequency in MHz, and its band (IEEE Std 802.11-2024, annex E).
#[must_use]
pub const fn channel(mhz: u32) -> Option<(u32, &'static str)> {
    match mhz {
        2484 => Some((14, "2.4 GHz")),
        2412..=2472 => Some(((mhz - 2407) / 5, "2.4 GHz")),
        // Operating class 136 has one channel, below all others.
        5935 => Some((2, "6 GHz")),
        5000..=5895 => Some(((mhz - 5000) / 5, "5 GHz")),
        5955..=7115 => Some(((mhz - 5950) / 5, "6 GHz")),
        _ => None,
    }
}

/// What the marks on boxes say of a connection's authentication and key management.
#[must_use]
pub fn security(akm: &str) -> &'static str {
    match akm {
        _ if akm.contains("SAE") => "WPA3-Personal",
        "OWE" => "Enhanced Open",
        "WPA-PSK" => "WPA-Personal",
        _ if akm.contains("PSK") => "WPA2-Personal",
        _ if akm.contains("802.1X") || akm.contains("FILS") => "WPA-Enterprise",
        _ => "protected",
    }
}

/// What people call a kind of network.
#[must_use]
pub fn kind(kind: &str) -> &str {
    match kind {
        "psk" => "personal",
        "8021x" => "enterprise",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels() {
        for (mhz, expected) in [
            (2412, Some((1, "2.4 GHz"))),
            (2472, Some((13, "2.4 GHz"))),
            (2484, Some((14, "2.4 GHz"))),
            (5180, Some((36, "5 GHz"))),
            (5825, Some((165, "5 GHz"))),
            (5885, Some((177, "5 GHz"))),
            (5935, Some((2, "6 GHz"))),
            (5955, Some((1, "6 GHz"))),
            (7115, Some((233, "6 GHz"))),
            (58320, None),
            (0, None),
            (u32::MAX, None),
        ] {
            assert_eq!(channel(mhz), expected, "{mhz}");
        }
    }

    #[test]
    fn marks() {
        for (akm, mark) in [
            ("SAE", "WPA3-Personal"),
            ("FT-SAE", "WPA3-Personal"),
            ("SAE-EXT-KEY", "WPA3-Personal"),
            ("PSK", "WPA2-Personal"),
            ("PSK-SHA256", "WPA2-Personal"),
            ("OWE", "Enhanced Open"),
            ("802.1X-SUITE-B", "WPA-Enterprise"),
            ("TDLS", "protected"),
        ] {
            assert_eq!(security(akm), mark);
        }
    }
}
