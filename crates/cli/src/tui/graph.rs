//! The signal over time, as columns of text.

use std::iter::repeat_n;

/// The range that is drawn, in dBm: below, nothing holds; above, nothing gains.
const RANGE: (i32, i32) = (-95, -30);
/// The parts of a character that can be filled from below.
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// How wide the numbers at the side are, with what is behind them.
const MARGIN: usize = 9;

/// The newest samples, so many columns of them, the last at the right; and a scale.
pub(super) fn rows(samples: &[Option<i32>], width: usize, height: usize, unicode: bool) -> Vec<String> {
    let columns = width.saturating_sub(MARGIN);
    let shown = samples.get(samples.len().saturating_sub(columns)..).unwrap_or_default();
    let steps = i32::try_from(height).unwrap_or(1).max(1) * 8;
    let (lowest, highest) = RANGE;
    let filled = |dbm: i32| (dbm.clamp(lowest, highest) - lowest) * steps / (highest - lowest);
    let row = |number: usize| {
        // Of this row, counted from below.
        let base = i32::try_from(height - 1 - number).unwrap_or_default() * 8;
        let dbm = lowest + (highest - lowest) * (base + 4) / steps;
        let mark = |sample: &Option<i32>| {
            let eighths = sample.map_or(0, |dbm| (filled(dbm) - base).clamp(0, 8));
            match unicode {
                true => EIGHTHS.get(usize::try_from(eighths).unwrap_or_default()).copied().unwrap_or(' '),
                false if eighths >= 4 => '#',
                false => ' ',
            }
        };
        let blank = repeat_n(' ', columns - shown.len());
        format!("{dbm:>4} dBm ").chars().chain(blank).chain(shown.iter().map(mark)).collect()
    };
    (0..height).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_better_signal_is_higher() {
        let samples = [None, Some(-95), Some(-60), Some(-30), Some(0)];
        let drawn = rows(&samples, MARGIN + 6, 4, true);
        assert_eq!(drawn, [" -39 dBm     ██", " -55 dBm    ▁██", " -71 dBm    ███", " -87 dBm    ███"]);
        let drawn = rows(&samples, MARGIN + 3, 2, false);
        assert_eq!(drawn, [" -47 dBm  ##", " -79 dBm ###"]);
    }

    #[test]
    fn any_room_will_do() {
        for (width, height) in [(0, 0), (3, 1), (MARGIN, 2), (200, 1)] {
            assert_eq!(rows(&[Some(-50); 30], width, height, true).len(), height);
        }
    }
}
