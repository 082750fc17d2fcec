#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use super::*;
use crate::model::Name;
use crate::tui::app::tests::{app, view};
use crate::tui::app::{Event, Key, Picture};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use zeroize::Zeroizing;

fn screen(app: &App, style: Style, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, app, style)).unwrap();
    terminal.backend().to_string()
}

const COLOUR: Style = Style { colour: true, unicode: true };

fn press(app: &mut App, keys: &str) {
    for key in keys.chars() {
        app.take(Event::Key(Key::Character(key)));
    }
}

#[test]
fn each_page_shows_its_own() {
    let mut app = app("connected");
    for (key, expected) in [
        ("1", &["cafe", "home", "-52 dBm", "s scan"][..]),
        ("2", &["home", "never", "f forget"]),
        ("3", &["wlan0", "signal", "dBm ", "▂\""]),
        ("4", &["no hotspot"]),
        ("5", &["scroll"]),
    ] {
        press(&mut app, key);
        let screen = screen(&app, COLOUR, 80, 24);
        for text in expected {
            assert!(screen.contains(text), "{key}: no {text} in\n{screen}");
        }
    }
}

#[test]
fn what_is_typed_is_hidden_until_a_person_wants_to_see_it() {
    let mut app = app("connecting");
    app.take(Event::Asked("/net/cafe".to_owned()));
    press(&mut app, "sesame");
    let hidden = screen(&app, COLOUR, 80, 24);
    assert!(hidden.contains("Joining cafe") && hidden.contains("******_") && !hidden.contains("sesame"));
    app.take(Event::Key(Key::Reveal));
    assert!(screen(&app, COLOUR, 80, 24).contains("sesame_"));
}

#[test]
fn names_of_strangers_do_not_change_the_screen() {
    let mut app = app("disconnected");
    let mut hostile = view("disconnected");
    hostile.networks[0].name = Name::new(b"\x1b[2Jev\x07il\n".to_vec(), "psk");
    app.take(Event::Seen(Box::new(hostile)));
    app.take(Event::Asked("/net/cafe".to_owned()));
    let screen = screen(&app, COLOUR, 80, 24);
    assert!(screen.contains(r"\u{1b}[2Jev\u{7}il"), "{screen}");
}

#[test]
fn any_terminal_will_do() {
    let mut app = app("connected");
    app.view
        .networks
        .extend((0..300).map(|place| crate::tui::app::tests::network(&format!("n{place}"), false)));
    let ascii = Style { colour: false, unicode: false };
    for page in ["1G", "2", "3", "4", "5", "?"] {
        press(&mut app, page);
        for (width, height) in [(1, 1), (5, 3), (20, 6), (80, 24), (300, 100)] {
            let drawn = screen(&app, ascii, width, height);
            assert!(drawn.is_ascii(), "{drawn}");
            if width > 20 && page == "1G" {
                assert!(drawn.contains("n299"), "the chosen line is in sight:\n{drawn}");
            }
        }
    }
}

#[test]
fn a_picture_stands_in_front() {
    let mut app = app("connected");
    let picture = Picture(Zeroizing::new("█▀▄\n▄▀█\n".to_owned()));
    app.take(Event::Drawn(Name::new(b"home".to_vec(), "psk"), picture));
    let drawn = screen(&app, COLOUR, 80, 24);
    assert!(drawn.contains("█▀▄") && drawn.contains("Join home"), "{drawn}");
    press(&mut app, "x");
    assert!(!screen(&app, COLOUR, 80, 24).contains("█▀▄"));
}

#[test]
fn colours_are_those_of_the_other_commands() {
    let line = painted(&COLOUR.paint(Paint::Good, "good"));
    assert_eq!(line.spans, [Span::styled("good", Look::new().fg(Color::Green))]);
    assert_eq!(painted("plain").spans, [Span::raw("plain")]);
}
