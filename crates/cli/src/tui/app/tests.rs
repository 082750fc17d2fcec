#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use super::*;
use crate::tui::field::Field;

pub(in crate::tui) fn device(state: &str) -> Device {
    Device {
        path: "/dev/0".to_owned(),
        name: "wlan0".to_owned(),
        address: None,
        powered: true,
        mode: Some("station".to_owned()),
        state: state.to_owned(),
        scanning: false,
        radio: None,
    }
}

pub(in crate::tui) fn network(name: &str, known: bool) -> Network {
    Network {
        path: format!("/net/{name}"),
        name: Name::new(name.as_bytes().to_vec(), "psk"),
        signal_dbm: Some(-50),
        known,
        connected: false,
        bsss: Vec::new(),
    }
}

pub(in crate::tui) fn view(state: &str) -> View {
    let status = Status {
        device: device(state),
        network: None,
        connection: Some(crate::model::Connection { signal_dbm: Some(-52), ..Default::default() }),
        addresses: None,
        last_failure: None,
        warning: None,
        hotspot: None,
    };
    let known = Known {
        path: "/known/home".to_owned(),
        name: Name::new(b"home".to_vec(), "psk"),
        hidden: false,
        autoconnect: true,
        last_connected: None,
        in_range: true,
    };
    View {
        devices: Vec::from([device(state)]),
        status: Some(status),
        networks: Vec::from([network("cafe", false), network("home", true)]),
        known: Vec::from([known]),
        links: None,
        clients: Vec::new(),
    }
}

pub(in crate::tui) fn app(state: &str) -> App {
    let mut app = App::new();
    assert!(app.take(Event::Seen(Box::new(view(state)))).is_empty());
    app
}

fn press(app: &mut App, keys: &str) -> Vec<Action> {
    keys.chars().flat_map(|key| app.take(Event::Key(Key::Character(key)))).collect()
}

fn key(app: &mut App, key: Key) -> Vec<Action> {
    app.take(Event::Key(key))
}

/// What an action is, in words.
fn told(actions: &[Action]) -> Vec<String> {
    let words = |action: &Action| match action {
        Action::Quit => "quit".to_owned(),
        Action::Watch(name) => format!("watch {name}"),
        Action::Answer(secret) => format!("answer {:?}", secret.as_ref().map(|secret| secret.as_str())),
        Action::Abandon { device } => format!("abandon {device}"),
        Action::Scan { device } => format!("scan {device}"),
        Action::Connect { network } => format!("connect {network}"),
        Action::ConnectHidden { device, name } => format!("connect hidden {device} {name}"),
        Action::Disconnect { device } => format!("disconnect {device}"),
        Action::Forget { known } => format!("forget {known}"),
        Action::SetAutoconnect { known, on } => format!("autoconnect {known} {on}"),
        Action::Share(name) => format!("share {}", name.name),
        Action::StartHotspot { name, passphrase } => {
            format!("hotspot {name} {:?}", passphrase.as_ref().map(|secret| secret.as_str()))
        }
        Action::StopHotspot => "stop hotspot".to_owned(),
    };
    actions.iter().map(words).collect()
}

#[test]
fn each_key_does_what_the_help_says() {
    for (state, tab, keys, expected) in [
        ("disconnected", '1', "s", "scan /dev/0"),
        ("disconnected", '1', "d", ""),
        ("connected", '1', "d", "disconnect /dev/0"),
        ("connected", '3', "d", "disconnect /dev/0"),
        ("disconnected", '1', "\n", "connect /net/cafe"),
        ("disconnected", '1', "j\n", "connect /net/home"),
        ("disconnected", '1', "jjjk\n", "connect /net/cafe"),
        ("disconnected", '1', "G\n", "connect /net/home"),
        ("disconnected", '1', "r", ""),
        ("disconnected", '1', "jr", "share home"),
        ("disconnected", '2', "\n", "connect /net/home"),
        ("disconnected", '2', "a", "autoconnect /known/home false"),
        ("disconnected", '2', "fy", "forget /known/home"),
        ("disconnected", '2', "fx", ""),
        ("disconnected", '2', "r", "share home"),
        ("disconnected", '3', "r", ""),
        ("disconnected", '1', "hlobby\n", "connect hidden /dev/0 lobby"),
        ("disconnected", '1', "h\n", ""),
        ("disconnected", '4', "\nmine\n", "hotspot mine None"),
        ("disconnected", '4', "\nmine\topen sesame\n", "hotspot mine Some(\"open sesame\")"),
        ("disconnected", '4', "r", ""),
        ("disconnected", '5', "k\n", ""),
        ("disconnected", '1', "q", "quit"),
        ("disconnected", '1', "?q", ""),
        ("disconnected", '1', "n", ""),
    ] {
        let mut app = app(state);
        let mut actions = press(&mut app, &tab.to_string());
        for character in keys.chars() {
            actions.extend(match character {
                '\n' => key(&mut app, Key::Enter),
                '\t' => key(&mut app, Key::Next),
                other => press(&mut app, &other.to_string()),
            });
        }
        assert_eq!(told(&actions).join(", "), expected, "{state} {tab} {keys}");
        let under_way = usize::from(!actions.is_empty() && expected != "quit");
        assert_eq!(app.busy, under_way, "{keys}");
    }
}

#[test]
fn a_passphrase_is_asked_for_and_given_once() {
    let mut app = app("connecting");
    assert!(app.take(Event::Asked("/net/cafe".to_owned())).is_empty());
    // q is a letter here, and nothing is sent before it is said.
    assert!(press(&mut app, "sequoia q").is_empty());
    assert!(key(&mut app, Key::Erase).is_empty());
    assert_eq!(told(&key(&mut app, Key::Enter)), ["answer Some(\"sequoia \")"]);
    assert!(app.front.is_none());
    // Given up, withdrawn, and left in the middle of it.
    app.take(Event::Asked("/net/cafe".to_owned()));
    assert_eq!(told(&key(&mut app, Key::Escape)), ["answer None"]);
    app.take(Event::Asked("/net/nobody".to_owned()));
    assert!(app.take(Event::Withdrawn).is_empty());
    assert!(app.front.is_none() && app.notice.is_some());
    app.take(Event::Asked("/net/cafe".to_owned()));
    assert!(key(&mut app, Key::Enter).is_empty(), "an empty one is none");
    assert_eq!(told(&key(&mut app, Key::Interrupt)), ["answer None", "abandon /dev/0", "quit"]);
}

#[test]
fn what_is_chosen_stays_chosen_when_the_list_changes() {
    let mut app = app("disconnected");
    press(&mut app, "j");
    let mut view = view("disconnected");
    view.networks.insert(0, network("nearer", false));
    app.take(Event::Seen(Box::new(view.clone())));
    assert_eq!(app.cursor(), 2);
    view.networks.clear();
    app.take(Event::Seen(Box::new(view)));
    assert_eq!(app.cursor(), 0);
    assert!(key(&mut app, Key::Enter).is_empty());
}

#[test]
fn a_daemon_that_is_gone_leaves_nothing_on_the_screen() {
    let mut app = app("connected");
    app.take(Event::Unseen(Failure::no_daemon()));
    assert!(app.view == View::default() && app.signal.is_empty());
    for tab in "12345".chars() {
        press(&mut app, &tab.to_string());
        for character in "sdhrafn".chars() {
            assert!(press(&mut app, &character.to_string()).is_empty());
        }
        assert!(key(&mut app, Key::Enter).is_empty());
        app.front = None;
    }
}

#[test]
fn memory_is_bounded() {
    let mut app = app("connected");
    for _ in 0..2 * LINES {
        app.take(Event::Seen(Box::new(view("connected"))));
        let event = events::Event::parse(r#"{"at":1,"event":"entered","phase":"scan"}"#).unwrap();
        app.take(Event::Told(event));
    }
    assert_eq!((app.signal.len(), app.journal.len()), (SAMPLES, LINES));
    let mut field = Field::plain();
    for _ in 0..2 * crate::terminal::LONGEST {
        field.typed(Key::Character('é'));
    }
    assert!(field.text().len() <= crate::terminal::LONGEST);
    field.typed(Key::Character('\u{1b}'));
    assert!(!field.text().contains('\u{1b}'));
}

#[test]
fn a_failure_is_shown_with_the_next_step_until_a_key_is_pressed() {
    let mut app = app("disconnected");
    press(&mut app, "s");
    app.take(Event::Ended(Err(Failure::new(crate::failure::Kind::Failed, "It failed.").next("Do this."))));
    assert_eq!(app.notice, Some((Paint::Bad, "It failed. Do this.".to_owned())));
    assert_eq!(app.busy, 0);
    press(&mut app, "j");
    assert_eq!(app.notice, None);
}
