//! The lines of roams.

use super::{Against, IWD, Line, NANOSECONDS, Source, WPA_SUPPLICANT};
use crate::guest::bench::{Part, Security};

type Bounds = &'static [(Against, f64)];

pub(super) fn lines() -> Vec<Line> {
    let kinds: [(&str, Part, Bounds); 7] = [
        ("roam by FT-PSK", Part::roam(Security::FtPsk, false), &[(WPA_SUPPLICANT, 0.9)]),
        ("roam by FT-SAE", Part::roam(Security::FtSae, false), &[(WPA_SUPPLICANT, 0.9)]),
        ("roam with a 4-way handshake, WPA2", Part::roam(Security::Wpa2, false), &[(WPA_SUPPLICANT, 0.8)]),
        (
            "roam with a 4-way handshake, SAE",
            Part::roam(Security::SaeCached, false),
            &[(WPA_SUPPLICANT, 0.8)],
        ),
        ("roam with a full SAE", Part::roam(Security::Sae, false), &[(WPA_SUPPLICANT, 0.8)]),
        ("wish, scan and roam by FT-PSK", Part::roam(Security::FtPsk, true), &[(IWD, 0.6)]),
        ("wish, scan and roam by FT-SAE", Part::roam(Security::FtSae, true), &[(IWD, 0.6)]),
    ];
    let mut lines = Vec::new();
    for (name, part, bounds) in kinds {
        let mut add = |what: &str, unit, scale, figure, field, bounds| {
            let source = Source::Values(part, figure, field);
            lines.push(Line { what: format!("{name}: {what}"), unit, scale, source, bounds });
        };
        add("until the kernel lets data through", "ms", NANOSECONDS, "roam", "authorized", bounds);
        add("processor time of the daemon", "ms", NANOSECONDS, "roam", "processor", &[]);
        add("nl80211 requests", "", 1.0, "count", "requests", &[]);
        add("lost", "", 1.0, "lost", "", &[]);
    }
    lines
}
