//! A network as a QR code in the terminal: whoever points a telephone at it joins.
//!
//! Facts: the WPA3 specification of the Wi-Fi Alliance, section 7 ("URI representation"), with the escapes that
//! telephones understand, those of ZXing's barcode contents.

use qrcode::{Color, EcLevel, QrCode};
use zeroize::Zeroizing;

/// The light border that scanners want around a code, in modules (ISO/IEC 18004).
const BORDER: usize = 4;
/// Black on white whatever the terminal's own colours are, and back to those.
const COLOURS: [&str; 2] = ["\x1b[38;5;16;48;5;231m", "\x1b[0m"];

/// What a telephone has to know to join.
#[derive(Clone, Copy)]
pub struct Invitation<'a> {
    /// The network's name.
    pub ssid: &'a [u8],
    /// How it is protected.
    pub protection: Protection<'a>,
    /// Whether it does not announce its name.
    pub hidden: bool,
}

/// How a network is protected.
#[derive(Clone, Copy)]
pub enum Protection<'a> {
    /// Without a passphrase: open, or encrypted by OWE.
    None,
    /// WPA2-Personal, perhaps beside WPA3-Personal.
    Personal {
        /// The passphrase.
        passphrase: &'a [u8],
    },
    /// WPA3-Personal alone. Whoever joins by the code is told never to fall back to WPA2 there.
    Wpa3 {
        /// The passphrase.
        passphrase: &'a [u8],
    },
}

impl Invitation<'_> {
    /// The invitation as a URI; none if name or passphrase is no text, which a URI of this kind cannot hold. It may
    /// hold a secret.
    #[must_use]
    pub fn uri(&self) -> Option<Zeroizing<String>> {
        let (passphrase, kind) = match self.protection {
            Protection::None => (None, "T:nopass;"),
            Protection::Personal { passphrase } => (Some(passphrase), "T:WPA;"),
            // Bit 0 of the Transition Disable bitmap: no WPA2-Personal.
            Protection::Wpa3 { passphrase } => (Some(passphrase), "T:WPA;R:1;"),
        };
        // Room for everything at once: a text that grows would leave copies of the passphrase behind.
        let most = self.ssid.len() + passphrase.map_or(0, <[u8]>::len);
        let mut uri = Zeroizing::new(String::with_capacity(64 + 2 * most));
        uri.push_str("WIFI:");
        uri.push_str(kind);
        uri.push_str("S:");
        escape(&mut uri, str::from_utf8(self.ssid).ok()?);
        if let Some(passphrase) = passphrase {
            uri.push_str(";P:");
            escape(&mut uri, str::from_utf8(passphrase).ok()?);
        }
        uri.push_str(if self.hidden { ";H:true;;" } else { ";;" });
        Some(uri)
    }

    /// The invitation as a drawing for the terminal, each line with its end; none if there is no URI of it. Without
    /// colours it is drawn for a dark terminal.
    #[must_use]
    pub fn draw(&self, colours: bool) -> Option<Zeroizing<String>> {
        draw(&self.uri()?, colours)
    }
}

fn escape(uri: &mut String, text: &str) {
    for character in text.chars() {
        if matches!(character, '\\' | ';' | ',' | ':' | '"') {
            uri.push('\\');
        }
        uri.push(character);
    }
}

/// A text as a drawing for the terminal, as [`Invitation::draw`]; two rows of modules in each line. None if the text
/// is longer than a code can hold.
#[must_use]
pub fn draw(text: &str, colours: bool) -> Option<Zeroizing<String>> {
    // On a screen nothing is torn off or dirty: the least redundancy gives the largest modules.
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let width = code.width();
    let modules = code.into_colors();
    let is_dark = |row: usize, column: usize| {
        let (row, column) = (row.checked_sub(BORDER)?, column.checked_sub(BORDER)?);
        let inside = row < width && column < width;
        Some(inside && modules.get(row * width + column) == Some(&Color::Dark))
    };
    let is_dark = |row, column| is_dark(row, column).unwrap_or(false);
    let size = width + 2 * BORDER;
    let mut drawing = Zeroizing::new(String::with_capacity(size * size * 2));
    let [begin, end] = if colours { COLOURS } else { [""; 2] };
    for row in (0..size).step_by(2) {
        drawing.push_str(begin);
        for column in 0..size {
            // Without colours the light modules are drawn, and the dark ones are the background.
            let [above, below] = [row, row + 1].map(|row| is_dark(row, column) == colours && row < size);
            drawing.push(match (above, below) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        drawing.push_str(end);
        drawing.push('\n');
    }
    Some(drawing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invitation<'a>(ssid: &'a str, protection: Protection<'a>) -> Invitation<'a> {
        Invitation { ssid: ssid.as_bytes(), protection, hidden: false }
    }

    #[test]
    fn the_forms_of_an_invitation() {
        let passphrase = b"open sesame";
        for (protection, uri) in [
            (Protection::None, "WIFI:T:nopass;S:cafe;;"),
            (Protection::Personal { passphrase }, "WIFI:T:WPA;S:cafe;P:open sesame;;"),
            (Protection::Wpa3 { passphrase }, "WIFI:T:WPA;R:1;S:cafe;P:open sesame;;"),
        ] {
            assert_eq!(**invitation("cafe", protection).uri().unwrap(), *uri);
        }
        let hidden = Invitation { hidden: true, ..invitation("cafe", Protection::None) };
        assert_eq!(**hidden.uri().unwrap(), *"WIFI:T:nopass;S:cafe;H:true;;");
    }

    #[test]
    fn what_means_something_in_the_uri_is_escaped() {
        let protection = Protection::Personal { passphrase: br#"a"b:c\d"# };
        let uri = invitation("caf\u{e9};P:,", protection).uri().unwrap();
        assert_eq!(**uri, *r#"WIFI:T:WPA;S:café\;P\:\,;P:a\"b\:c\\d;;"#);
        // The longest of both, all escaped, fits into a code, and into the room that was made.
        let (ssid, passphrase) = (";".repeat(32), [b'\\'; 255]);
        let longest = invitation(&ssid, Protection::Wpa3 { passphrase: &passphrase });
        let uri = longest.uri().unwrap();
        assert!(uri.len() <= 64 + 2 * (32 + 255) && longest.draw(true).is_some());
    }

    #[test]
    fn what_is_no_text_has_no_invitation() {
        let odd = Invitation { ssid: &[0xff], protection: Protection::None, hidden: false };
        assert!(odd.uri().is_none() && odd.draw(true).is_none());
        assert!(invitation("cafe", Protection::Personal { passphrase: &[0xff; 8] }).uri().is_none());
        assert!(draw(&"x".repeat(4000), true).is_none());
    }

    /// The modules of a drawing, `true` for dark, without its border, which must be light.
    fn modules(drawing: &str, colours: bool) -> Vec<Vec<bool>> {
        let mut rows = Vec::new();
        for line in drawing.lines() {
            let line = line.trim_start_matches(COLOURS[0]).trim_end_matches(COLOURS[1]);
            for half in ["█▀", "█▄"] {
                rows.push(line.chars().map(|part| half.contains(part) == colours).collect::<Vec<_>>());
            }
        }
        let size = rows[0].len();
        rows.truncate(size);
        let border = |at: usize| !(BORDER..size - BORDER).contains(&at);
        for (row, modules) in rows.iter().enumerate() {
            assert_eq!(modules.len(), size);
            for (column, dark) in modules.iter().enumerate() {
                assert!(!dark || !border(row) && !border(column), "{row} {column}");
            }
        }
        rows[BORDER..size - BORDER].iter().map(|row| row[BORDER..size - BORDER].to_vec()).collect()
    }

    #[test]
    fn the_drawing_is_the_code_on_dark_and_light_terminals() {
        let invitation = invitation("cafe", Protection::Personal { passphrase: b"open sesame" });
        let code = QrCode::with_error_correction_level(&**invitation.uri().unwrap(), EcLevel::L).unwrap();
        let expected: Vec<Vec<bool>> = code
            .to_colors()
            .chunks(code.width())
            .map(|row| row.iter().map(|colour| *colour == Color::Dark).collect())
            .collect();
        // The corner of a code, so that the expectation itself is one.
        assert_eq!(expected[0][..8], [true, true, true, true, true, true, true, false]);
        for colours in [true, false] {
            let drawing = invitation.draw(colours).unwrap();
            assert_eq!(drawing.contains('\x1b'), colours);
            assert_eq!(modules(&drawing, colours), expected);
        }
    }
}
