//! What the terminal shows and what a key does: a machine that takes events and gives actions. It draws nothing and
//! asks nobody.

use super::field::Field;
use super::front::{Front, Question};
use crate::events;
use crate::failure::Failure;
use crate::hotspot::{Client, Status as Hotspot};
use crate::model::{Device, Known, Links, Name, Network, Status};
use crate::secret::Secret;
use crate::text::Paint;
use std::collections::VecDeque;
use zeroize::Zeroizing;

/// How many samples of the signal are kept: at one a second, some minutes.
pub(super) const SAMPLES: usize = 240;
/// How many lines of what happened are kept.
const LINES: usize = 500;

/// A key, without what the terminal makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Up,
    Down,
    Top,
    Bottom,
    Next,
    Back,
    Enter,
    Escape,
    Erase,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-T: shows a passphrase that is typed, or hides it.
    Reveal,
    /// None: the terminal has another size.
    Redraw,
    Character(char),
}

/// What the daemon shows at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    pub(super) devices: Vec<Device>,
    /// The device that is looked at.
    pub(super) status: Option<Status>,
    pub(super) networks: Vec<Network>,
    pub(super) known: Vec<Known>,
    pub(super) links: Option<Links>,
    pub(super) clients: Vec<Client>,
}

impl View {
    pub(super) fn device(&self) -> Option<&Device> {
        self.status.as_ref().map(|status| &status.device)
    }

    pub(super) fn hotspot(&self) -> Option<&Hotspot> {
        self.status.as_ref()?.hotspot.as_ref()
    }

    fn is_connected(&self) -> bool {
        self.device().is_some_and(|device| matches!(device.state.as_str(), "connected" | "roaming"))
    }
}

/// What comes in.
#[derive(Debug)]
pub(super) enum Event {
    /// A key was pressed.
    Key(Key),
    /// The daemon was looked at.
    Seen(Box<View>),
    /// It cannot be looked at.
    Unseen(Failure),
    /// It told something.
    Told(events::Event),
    /// It wants the passphrase of the network at this path.
    Asked(String),
    /// It does not want it any more.
    Withdrawn,
    /// An action has ended: with a sentence, if there is something to say.
    Ended(Result<Option<String>, Failure>),
    /// The picture of a network, to be scanned by a telephone.
    Drawn(Name, Picture),
}

/// A QR code as text.
pub(super) struct Picture(pub(super) Zeroizing<String>);

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Picture")
    }
}

/// What is to be done. Each of them but the first four ends with [`Event::Ended`] or [`Event::Drawn`].
pub(super) enum Action {
    /// Leave.
    Quit,
    /// Look at the device with this name from now on.
    Watch(String),
    /// The answer to [`Event::Asked`]; none if a person does not want to give it.
    Answer(Option<Secret>),
    /// The attempt that asks is given up.
    Abandon { device: String },
    /// Look for networks.
    Scan { device: String },
    /// Join a network that was heard.
    Connect { network: String },
    /// Join one that does not announce its name.
    ConnectHidden { device: String, name: String },
    /// Leave the network.
    Disconnect { device: String },
    /// Forget a known network.
    Forget { known: String },
    /// Join a known network without being asked, or do not.
    SetAutoconnect { known: String, on: bool },
    /// Draw a known network's QR code.
    Share(Name),
    /// Make the device a hotspot.
    StartHotspot { name: String, passphrase: Option<Secret> },
    /// End it.
    StopHotspot,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tab {
    Networks,
    Known,
    Connection,
    Hotspot,
    Journal,
}

impl Tab {
    pub(super) const ALL: [Self; 5] =
        [Self::Networks, Self::Known, Self::Connection, Self::Hotspot, Self::Journal];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Networks => "Networks",
            Self::Known => "Known",
            Self::Connection => "Connection",
            Self::Hotspot => "Hotspot",
            Self::Journal => "Journal",
        }
    }

    fn place(self) -> usize {
        Self::ALL.iter().position(|tab| *tab == self).unwrap_or_default()
    }

    fn beside(self, step: usize) -> Self {
        let place = (self.place() + step) % Self::ALL.len();
        Self::ALL.get(place).copied().unwrap_or(Self::Networks)
    }

    /// What the keys do here.
    pub(super) const fn keys(self) -> &'static str {
        match self {
            Self::Networks => "Enter join  s scan  d disconnect  h hidden  r share",
            Self::Known => "Enter join  a autoconnect  f forget  r share",
            Self::Connection => "d disconnect  r share",
            Self::Hotspot => "Enter start or stop  r QR code",
            Self::Journal => "arrows scroll",
        }
    }
}

/// The whole of what is shown.
pub(super) struct App {
    pub(super) view: View,
    pub(super) tab: Tab,
    /// What stands in front of everything.
    pub(super) front: Option<Front>,
    /// The line that is chosen in each tab.
    cursors: [usize; Tab::ALL.len()],
    /// The signal in dBm at each look, the newest last; none while not connected.
    pub(super) signal: VecDeque<Option<i32>>,
    /// What happened, the newest last.
    pub(super) journal: VecDeque<(Option<f64>, Paint, String)>,
    /// What is said at the bottom.
    pub(super) notice: Option<(Paint, String)>,
    /// How many actions have not ended.
    pub(super) busy: usize,
    /// The invitation to our own hotspot: nobody else tells its passphrase.
    invitation: Option<(String, Secret)>,
}

impl App {
    pub(super) fn new() -> Self {
        Self {
            view: View::default(),
            tab: Tab::Networks,
            front: None,
            cursors: [0; Tab::ALL.len()],
            signal: VecDeque::with_capacity(SAMPLES),
            journal: VecDeque::new(),
            notice: None,
            busy: 0,
            invitation: None,
        }
    }

    /// The line that is chosen, of so many.
    pub(super) fn cursor(&self) -> usize {
        self.cursors.get(self.tab.place()).copied().unwrap_or_default()
    }

    fn lines(&self) -> usize {
        match self.tab {
            Tab::Networks => self.view.networks.len(),
            Tab::Known => self.view.known.len(),
            Tab::Connection => 0,
            Tab::Hotspot => self.view.clients.len(),
            Tab::Journal => self.journal.len(),
        }
    }

    fn move_to(&mut self, line: usize) {
        let last = self.lines().saturating_sub(1);
        if let Some(cursor) = self.cursors.get_mut(self.tab.place()) {
            *cursor = line.min(last);
        }
    }

    /// The passphrase of the hotspot with this name, if it was started here.
    pub(super) fn invitation(&self) -> Option<&Secret> {
        let (name, passphrase) = self.invitation.as_ref()?;
        let hotspot = self.view.hotspot()?;
        (hotspot.state == "started" && hotspot.octets == name.as_bytes()).then_some(passphrase)
    }

    /// Takes an event, and says what is to be done.
    pub(super) fn take(&mut self, event: Event) -> Vec<Action> {
        match event {
            Event::Key(Key::Interrupt) => self.quit(),
            Event::Key(Key::Redraw) => Vec::new(),
            Event::Key(key) => match self.front.take() {
                Some(front) => self.answer(front, key),
                None => {
                    self.notice = None;
                    self.key(key)
                }
            },
            Event::Seen(view) => {
                self.see(*view);
                Vec::new()
            }
            Event::Unseen(failure) => {
                self.view = View::default();
                self.signal.clear();
                self.fail(&failure);
                Vec::new()
            }
            Event::Told(event) => {
                self.hear(&event);
                Vec::new()
            }
            Event::Asked(path) => {
                let network = self.view.networks.iter().find(|network| network.path == path);
                let name = network.map(|network| network.name.clone());
                self.front = Some(Front::Question(Question { name, typed: Field::secret() }));
                Vec::new()
            }
            Event::Withdrawn => {
                if matches!(self.front, Some(Front::Question(_))) {
                    self.front = None;
                    self.notice = Some((Paint::Fair, "The passphrase is not wanted any more.".to_owned()));
                }
                Vec::new()
            }
            Event::Ended(outcome) => {
                self.busy = self.busy.saturating_sub(1);
                match outcome {
                    Ok(Some(sentence)) => self.notice = Some((Paint::Good, sentence)),
                    Ok(None) => {}
                    Err(failure) => self.fail(&failure),
                }
                Vec::new()
            }
            Event::Drawn(name, picture) => {
                self.busy = self.busy.saturating_sub(1);
                self.front = Some(Front::Picture(name, picture));
                Vec::new()
            }
        }
    }

    fn see(&mut self, view: View) {
        let chosen = |app: &Self| match app.tab {
            Tab::Networks => app.view.networks.get(app.cursor()).map(|network| network.path.clone()),
            Tab::Known => app.view.known.get(app.cursor()).map(|known| known.path.clone()),
            Tab::Connection | Tab::Hotspot | Tab::Journal => None,
        };
        // Who is about to press Enter on a network means that one, wherever it stands now.
        let path = chosen(self);
        let signal = view.status.as_ref().and_then(|status| status.connection.as_ref()?.signal_dbm);
        let is_connected = view.is_connected();
        self.view = view;
        if self.signal.len() >= SAMPLES {
            self.signal.pop_front();
        }
        self.signal.push_back(signal.filter(|_| is_connected));
        let place = path.and_then(|path| match self.tab {
            Tab::Networks => self.view.networks.iter().position(|network| network.path == path),
            Tab::Known => self.view.known.iter().position(|known| known.path == path),
            Tab::Connection | Tab::Hotspot | Tab::Journal => None,
        });
        self.move_to(place.unwrap_or(self.cursor()));
    }

    fn hear(&mut self, event: &events::Event) {
        let is_meant = match (event.text("interface"), self.view.device()) {
            (Some(interface), Some(device)) => interface == device.name,
            _ => true,
        };
        if !is_meant {
            return;
        }
        if let Some(text) = event.progress() {
            self.notice = Some((Paint::Plain, text));
        }
        let (paint, sentence) = event.sentence();
        let at_end = self.cursors.get(Tab::Journal.place()).is_none_or(|at| at + 1 >= self.journal.len());
        if self.journal.len() >= LINES {
            self.journal.pop_front();
        }
        self.journal.push_back((event.at(), paint, sentence));
        if at_end && let Some(cursor) = self.cursors.get_mut(Tab::Journal.place()) {
            *cursor = self.journal.len() - 1;
        }
    }

    fn fail(&mut self, failure: &Failure) {
        let next = failure.next_step.as_ref().map(|next| format!(" {next}")).unwrap_or_default();
        self.notice = Some((Paint::Bad, format!("{}{next}", failure.sentence)));
    }

    fn begin(&mut self, action: Action) -> Vec<Action> {
        self.busy += 1;
        Vec::from([action])
    }

    fn quit(&mut self) -> Vec<Action> {
        // An attempt that waits for an answer would wait until the daemon loses patience.
        let device = self.view.device().map(|device| device.path.clone());
        match (self.front.take(), device) {
            (Some(Front::Question(_)), Some(device)) => {
                Vec::from([Action::Answer(None), Action::Abandon { device }, Action::Quit])
            }
            _ => Vec::from([Action::Quit]),
        }
    }

    /// A key while nothing stands in front.
    fn key(&mut self, key: Key) -> Vec<Action> {
        let cursor = self.cursor();
        match key {
            Key::Up | Key::Character('k') => self.move_to(cursor.saturating_sub(1)),
            Key::Down | Key::Character('j') => self.move_to(cursor + 1),
            Key::Top | Key::Character('g') => self.move_to(0),
            Key::Bottom | Key::Character('G') => self.move_to(usize::MAX),
            Key::Next => self.tab = self.tab.beside(1),
            Key::Back => self.tab = self.tab.beside(Tab::ALL.len() - 1),
            Key::Character(digit @ '1'..='5') => {
                let place = usize::try_from(digit.to_digit(10).unwrap_or(1) - 1).unwrap_or_default();
                self.tab = Tab::ALL.get(place).copied().unwrap_or(self.tab);
            }
            Key::Character('q') => return self.quit(),
            Key::Character('?') => self.front = Some(Front::Help),
            Key::Character('n') => return self.next_device(),
            _ => return self.act(key),
        }
        Vec::new()
    }

    fn next_device(&self) -> Vec<Action> {
        let devices = &self.view.devices;
        let own = self.view.device().map(|device| device.name.as_str());
        let place = devices.iter().position(|device| Some(device.name.as_str()) == own).unwrap_or_default();
        match devices.get((place + 1) % devices.len().max(1)) {
            Some(device) if Some(device.name.as_str()) != own => {
                Vec::from([Action::Watch(device.name.clone())])
            }
            _ => Vec::new(),
        }
    }

    /// A key that does something to the device or to what is chosen.
    fn act(&mut self, key: Key) -> Vec<Action> {
        let Some(device) = self.view.device().map(|device| device.path.clone()) else { return Vec::new() };
        match (self.tab, key) {
            (Tab::Networks, Key::Character('s')) => self.begin(Action::Scan { device }),
            (Tab::Networks, Key::Character('h')) => {
                self.front = Some(Front::Hidden(Field::plain()));
                Vec::new()
            }
            (Tab::Networks | Tab::Connection, Key::Character('d')) if self.view.is_connected() => {
                self.begin(Action::Disconnect { device })
            }
            (Tab::Networks, Key::Enter) => self.join(self.cursor()),
            (Tab::Known, Key::Enter) => {
                let known = self.view.known.get(self.cursor()).map(|known| &known.name);
                match known.and_then(|name| self.view.networks.iter().position(|one| one.name == *name)) {
                    Some(place) => self.join(place),
                    None => {
                        self.notice = Some((Paint::Fair, "It is not heard at the moment.".to_owned()));
                        Vec::new()
                    }
                }
            }
            (Tab::Known, Key::Character('a')) => {
                let wish = self.view.known.get(self.cursor());
                let wish = wish.map(|known| (known.path.clone(), !known.autoconnect));
                wish.map_or_else(Vec::new, |(known, on)| self.begin(Action::SetAutoconnect { known, on }))
            }
            (Tab::Known, Key::Character('f')) => {
                self.front = self.view.known.get(self.cursor()).cloned().map(Front::Forget);
                Vec::new()
            }
            (Tab::Hotspot, Key::Enter) => match self.view.hotspot() {
                Some(hotspot) if hotspot.state != "stopped" => {
                    self.front = Some(Front::EndHotspot);
                    Vec::new()
                }
                _ => {
                    self.front = Some(Front::hotspot());
                    Vec::new()
                }
            },
            (Tab::Hotspot, Key::Character('r')) => self.show_invitation(),
            (_, Key::Character('r')) => match self.shared() {
                Some(name) => self.begin(Action::Share(name)),
                None => {
                    self.notice = Some((Paint::Fair, "Only a known network can be shared.".to_owned()));
                    Vec::new()
                }
            },
            _ => Vec::new(),
        }
    }

    fn join(&mut self, place: usize) -> Vec<Action> {
        let network = self.view.networks.get(place).map(|network| network.path.clone());
        network.map_or_else(Vec::new, |network| self.begin(Action::Connect { network }))
    }

    /// The known network that is meant.
    fn shared(&self) -> Option<Name> {
        let is_known = |name: &Name| self.view.known.iter().any(|known| known.name == *name);
        let name = match self.tab {
            Tab::Networks => self.view.networks.get(self.cursor()).map(|network| &network.name),
            Tab::Known => self.view.known.get(self.cursor()).map(|known| &known.name),
            Tab::Connection | Tab::Hotspot | Tab::Journal => {
                self.view.status.as_ref().and_then(|status| status.network.as_ref())
            }
        };
        name.filter(|name| is_known(name)).cloned()
    }

    fn show_invitation(&mut self) -> Vec<Action> {
        let drawn = self.view.hotspot().and_then(|hotspot| {
            let passphrase = self.invitation().map(|secret| secret.as_bytes());
            let name = Name::new(hotspot.octets.clone(), hotspot.security.clone().unwrap_or_default());
            let drawing = hotspot.invitation(passphrase)?.draw(false)?;
            Some(Front::Picture(name, Picture(drawing)))
        });
        if drawn.is_none() {
            let sentence = "Only a hotspot that was started here, or is open, can be drawn: nobody tells its passphrase.";
            self.notice = Some((Paint::Fair, sentence.to_owned()));
        }
        self.front = drawn;
        Vec::new()
    }

    /// A key while something stands in front.
    fn answer(&mut self, front: Front, key: Key) -> Vec<Action> {
        match (front, key) {
            (Front::Question(Question { typed, .. }), Key::Enter) if !typed.is_empty() => {
                Vec::from([Action::Answer(Some(typed.into_secret()))])
            }
            (Front::Question(_), Key::Escape) => Vec::from([Action::Answer(None)]),
            (Front::Hidden(typed), Key::Enter) if !typed.is_empty() => {
                let Some(device) = self.view.device().map(|device| device.path.clone()) else {
                    return Vec::new();
                };
                self.begin(Action::ConnectHidden { device, name: typed.text().to_owned() })
            }
            (Front::Hotspot { name, passphrase, .. }, Key::Enter) if !name.is_empty() => {
                let name = name.text().to_owned();
                let passphrase = (!passphrase.is_empty()).then(|| passphrase.into_secret());
                self.begin(Action::StartHotspot { name, passphrase })
            }
            (Front::Forget(known), Key::Character('y') | Key::Enter) => {
                self.begin(Action::Forget { known: known.path })
            }
            (Front::EndHotspot, Key::Character('y') | Key::Enter) => {
                self.invitation = None;
                self.begin(Action::StopHotspot)
            }
            (Front::Forget(_) | Front::EndHotspot | Front::Picture(..) | Front::Help, _)
            | (_, Key::Escape) => Vec::new(),
            (mut front, key) => {
                front.typed(key);
                self.front = Some(front);
                Vec::new()
            }
        }
    }

    /// The hotspot began with this passphrase.
    pub(super) fn invited(&mut self, name: String, passphrase: Secret) {
        self.invitation = Some((name, passphrase));
    }
}

#[cfg(test)]
pub(in crate::tui) mod tests;
