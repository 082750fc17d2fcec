//! What is shown, drawn from the state and nothing else. Tables and sentences are those of the other commands.

use super::app::{App, Tab};
use super::front::{Entry, Front, Question};
use super::graph;
use crate::text::{Paint, Style};
use crate::view;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style as Look};
use ratatui::symbols::border;
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Block, Clear, Paragraph, Wrap};

/// How high the picture of the signal is.
const GRAPH: u16 = 8;

const HELP: &str = "\
1 to 5, Tab   another page          n  the next device
arrows, j k   another line          ?  this help
Enter         what is chosen        q  leave; connections stay

Networks      s  look around        h  join one that does not announce its name
              d  leave the network  r  show it as a QR code
Known         a  join it by itself, or not
              f  forget it          r  show it as a QR code
Hotspot       Enter  start or stop  r  show it as a QR code

While a passphrase is typed, Ctrl-T shows it.";

/// Frames of characters that every terminal has.
const PLAIN_BORDER: border::Set<'_> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// Draws everything.
pub(super) fn draw(frame: &mut Frame<'_>, app: &App, style: Style) {
    let [head, tabs, body, notice, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(2),
        Constraint::Fill(1),
        Constraint::Length(1),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(Line::from(header(app, style)), head);
    frame.render_widget(titles(app), tabs);
    page(frame, app, style, body);
    if let Some((paint, sentence)) = &app.notice {
        frame.render_widget(Span::styled(style.text(sentence), look(style, *paint)), notice);
    } else if app.busy > 0 {
        frame.render_widget(Span::styled("working", look(style, Paint::Faint)), notice);
    }
    let hint = format!("{}  Tab page  ? help  q quit", app.tab.keys());
    frame.render_widget(Span::styled(hint, look(style, Paint::Faint)), keys);
    if let Some(front) = &app.front {
        draw_front(frame, front, style);
    }
}

fn header(app: &App, style: Style) -> Vec<Span<'static>> {
    let status = app.view.status.as_ref();
    let block = status.map(|status| view::status(style, std::slice::from_ref(status)));
    let mut spans = match block.as_deref().and_then(|block| block.lines().next()) {
        Some(line) => painted(line).spans,
        None => Vec::from([Span::raw("There is no Wi-Fi device.")]),
    };
    let signal = status.and_then(|status| status.connection.as_ref()?.signal_dbm);
    if let Some(dbm) = signal {
        let (bar, paint) = style.bar(dbm);
        spans.push(Span::styled(format!("  {bar} "), look(style, paint)));
        spans.push(Span::raw(format!("{dbm} dBm")));
    }
    if app.view.devices.len() > 1 {
        spans.push(Span::styled(
            format!("  (1 of {} devices)", app.view.devices.len()),
            look(style, Paint::Faint),
        ));
    }
    spans
}

fn titles(app: &App) -> Line<'static> {
    let titles = Tab::ALL.iter().enumerate().flat_map(|(place, tab)| {
        let marked = if *tab == app.tab { Modifier::REVERSED | Modifier::BOLD } else { Modifier::empty() };
        let title = Span::styled(format!(" {} {} ", place + 1, tab.name()), Look::new().add_modifier(marked));
        [title, Span::raw(" ")]
    });
    Line::from_iter(titles)
}

fn page(frame: &mut Frame<'_>, app: &App, style: Style, area: Rect) {
    let device = app.view.device().map(|device| device.name.clone()).unwrap_or_default();
    match app.tab {
        Tab::Networks if app.view.networks.is_empty() => {
            frame.render_widget("No network is heard. Press s to look around.", area);
        }
        Tab::Networks => {
            let table = view::networks(style, &device, &app.view.networks, false);
            list(frame, area, &table, app.cursor());
        }
        Tab::Known if app.view.known.is_empty() => {
            frame.render_widget("No network is known yet. Join one: it is known then.", area);
        }
        Tab::Known => list(frame, area, &view::known(style, &app.view.known), app.cursor()),
        Tab::Connection => connection(frame, app, style, area),
        Tab::Hotspot => hotspot(frame, app, style, area),
        Tab::Journal => journal(frame, app, style, area),
    }
}

/// A table with a heading and a chosen line, as much of it as fits around that line.
fn list(frame: &mut Frame<'_>, area: Rect, table: &str, cursor: usize) {
    let mut rows = table.lines();
    let heading = rows.next().map(painted);
    let room = usize::from(area.height).saturating_sub(1);
    let first = (cursor + 1).saturating_sub(room);
    let rows = rows.enumerate().skip(first).take(room).map(|(place, row)| {
        let line = painted(row);
        if place == cursor { line.patch_style(Look::new().add_modifier(Modifier::REVERSED)) } else { line }
    });
    frame.render_widget(Text::from_iter(heading.into_iter().chain(rows)), area);
}

fn connection(frame: &mut Frame<'_>, app: &App, style: Style, area: Rect) {
    let Some(status) = &app.view.status else { return };
    let mut text = view::status(style, std::slice::from_ref(status));
    if let Some(links) = app.view.links.as_ref().filter(|links| links.multi_link) {
        text.push('\n');
        text.push_str(&view::links(style, &status.device.name, links));
    }
    let wants_graph = app.signal.iter().any(Option::is_some) && area.height > GRAPH + 4;
    let [above, below] =
        Layout::vertical([Constraint::Fill(1), Constraint::Length(if wants_graph { GRAPH } else { 0 })])
            .areas(area);
    frame.render_widget(Text::from_iter(text.lines().map(painted)), above);
    if wants_graph {
        let samples: Vec<Option<i32>> = app.signal.iter().copied().collect();
        let rows = graph::rows(&samples, below.width.into(), below.height.into(), style.unicode);
        frame.render_widget(Text::from_iter(rows), below);
    }
}

fn hotspot(frame: &mut Frame<'_>, app: &App, style: Style, area: Rect) {
    let Some(hotspot) = app.view.hotspot() else {
        let sentence = "This device is no hotspot. Enter makes it one; it leaves its network for that.";
        frame.render_widget(Paragraph::new(sentence).wrap(Wrap { trim: true }), area);
        return;
    };
    let mut text = crate::hotspot::status(style, hotspot);
    if let Some(passphrase) = app.invitation() {
        text.push_str(&format!("  passphrase  {}\n", style.text(passphrase)));
    }
    text.push('\n');
    text.push_str(&crate::hotspot::clients(style, &app.view.clients));
    frame.render_widget(Text::from_iter(text.lines().map(painted)), area);
}

fn journal(frame: &mut Frame<'_>, app: &App, style: Style, area: Rect) {
    let room = usize::from(area.height);
    let first = (app.cursor() + 1).saturating_sub(room);
    let start = app.journal.front().and_then(|(at, ..)| *at);
    let lines = app.journal.iter().skip(first).take(room).map(|(at, paint, sentence)| {
        let at = at.zip(start).map(|(at, start)| format!("{:+.3}", at - start)).unwrap_or_default();
        Line::from_iter([
            Span::styled(format!("{at:>10}  "), look(style, Paint::Faint)),
            Span::styled(style.text(sentence), look(style, *paint)),
        ])
    });
    frame.render_widget(Text::from_iter(lines), area);
}

fn draw_front(frame: &mut Frame<'_>, front: &Front, style: Style) {
    let name = |name: &crate::model::Name| style.title(&name.octets);
    let typed = |title: &str, text: &str| Line::raw(format!("{title:<12}{}_", style.text(text)));
    let (title, lines, keys) = match front {
        Front::Question(Question { name: network, typed: field }) => {
            let whose = network.as_ref().map_or_else(|| "the network".to_owned(), name);
            let lines = Vec::from([typed("Passphrase", &field.shown())]);
            (format!("Joining {whose}"), lines, "Enter join  Ctrl-T show  Esc give up")
        }
        Front::Hidden(field) => {
            let lines = Vec::from([typed("Name", field.text())]);
            ("A network that does not announce its name".to_owned(), lines, "Enter join  Esc back")
        }
        Front::Forget(known) => {
            let lines = Vec::from([Line::raw("Its passphrase and all that was learned of it are deleted.")]);
            (format!("Forget {}?", name(&known.name)), lines, "y forget  any other key: keep")
        }
        Front::EndHotspot => {
            let lines = Vec::from([Line::raw("Its clients are sent away.")]);
            ("End the hotspot?".to_owned(), lines, "y end  any other key: go on")
        }
        Front::Hotspot { name, passphrase, at } => {
            let mark = |entry| if *at == entry { "> " } else { "  " };
            let lines = Vec::from([
                typed(&format!("{}Name", mark(Entry::Name)), name.text()),
                typed(&format!("{}Passphrase", mark(Entry::Passphrase)), &passphrase.shown()),
                Line::raw("  Without a passphrase one is made."),
            ]);
            ("A hotspot".to_owned(), lines, "Enter start  Tab other line  Ctrl-T show  Esc back")
        }
        Front::Picture(network, picture) => {
            // Light modules are drawn: on black, whatever the terminal's own colours are.
            let look = Look::new().fg(Color::White).bg(Color::Black);
            let lines = picture.0.lines().map(|row| Line::styled(row.to_owned(), look)).collect();
            (format!("Join {} with a telephone", name(network)), lines, "any key: back")
        }
        Front::Help => ("Keys".to_owned(), HELP.lines().map(Line::raw).collect(), "any key: back"),
    };
    let width = lines.iter().map(Line::width).chain([title.len(), keys.len(), 44]).max().unwrap_or_default();
    let area = centred(frame.area(), width + 4, lines.len() + 4);
    let set = if style.unicode { border::PLAIN } else { PLAIN_BORDER };
    let block = Block::bordered().border_set(set).title(format!(" {title} "));
    let mut text = Text::from(lines);
    text.push_line("");
    text.push_line(Line::styled(keys, look(style, Paint::Faint)));
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(text).block(block), area);
}

fn centred(area: Rect, width: usize, height: usize) -> Rect {
    let fits = |wanted: usize, room: u16| u16::try_from(wanted).unwrap_or(u16::MAX).min(room);
    let (width, height) = (fits(width, area.width), fits(height, area.height));
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}

/// How a colour that is named by what it says looks here.
fn look(style: Style, paint: Paint) -> Look {
    let look = Look::new();
    match paint {
        Paint::Strong => look.add_modifier(Modifier::BOLD),
        Paint::Faint => look.add_modifier(Modifier::DIM),
        _ if !style.colour => look,
        Paint::Good => look.fg(Color::Green),
        Paint::Fair => look.fg(Color::Yellow),
        Paint::Bad => look.fg(Color::Red),
        Paint::Plain => look,
    }
}

/// A line that [`Style::paint`] painted, as the terminal library wants it.
fn painted(line: &str) -> Line<'static> {
    let mut spans = Vec::new();
    let mut look = Look::new();
    for (place, part) in line.split('\x1b').enumerate() {
        let text = match part.strip_prefix('[').and_then(|part| part.split_once('m')) {
            Some((code, text)) if place > 0 => {
                look = match code {
                    "1" => Look::new().add_modifier(Modifier::BOLD),
                    "2" => Look::new().add_modifier(Modifier::DIM),
                    "31" => Look::new().fg(Color::Red),
                    "32" => Look::new().fg(Color::Green),
                    "33" => Look::new().fg(Color::Yellow),
                    _ => Look::new(),
                };
                text
            }
            _ => part,
        };
        if !text.is_empty() {
            spans.push(Span::styled(text.to_owned(), look));
        }
    }
    Line::from(spans)
}

#[cfg(test)]
mod tests;
