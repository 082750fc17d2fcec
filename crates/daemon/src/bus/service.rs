//! The service: calls in, replies and signals out. It has no socket and decides nothing about Wi-Fi.

mod access_point;
mod calls;
mod clients;
mod lists;
#[cfg(test)]
mod tests;

use super::BUS;
use super::agents::Agents;
use super::configurator::Configurator;
use super::diff::{Change, diff};
use super::errors::describe;
use super::message::{Body, Error, Incoming, MethodCall, Origin, Outgoing};
use super::resolved::Resolved;
use super::shared_codes::SharedCodes;
use super::signal_agents::SignalAgents;
use super::tree::{Before, Tree, has_station, tree};
use super::value::Value;
use super::watchers::Watchers;
use super::{errors, interfaces, path, shared_codes};
use crate::control::{
    Answer, Call, CallId, CodeId, ConfigurationId, DeviceView, News, Passed, SecretAnswer, SecretId, View,
};
use lapwing_core::station::Summary;
use lists::Lists;
use std::collections::{BTreeMap, BTreeSet};

/// How many calls may be open, in all and of one client: a person makes one at a time.
const OPEN: usize = 256;
const OPEN_OF_ONE: usize = 32;
/// The serial numbers of our own calls begin here; those of other messages are counted from 1.
const FIRST_SERIAL: u32 = 1 << 31;
/// A name whose owner runs radios too.
const RIVAL: &str = "fi.w1.wpa_supplicant1";

/// What does not change while the daemon runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Where network files are.
    pub state_directory: String,
    /// The file with the credential by which network files are encrypted, if they are.
    pub credential: Option<String>,
    /// Whether developers are served.
    pub developer: bool,
    /// Whether connections are given addresses.
    pub network_configuration: bool,
    /// The priority of the routes that another program sets in our place.
    pub route_metric: u32,
    /// Whether systemd-resolved is told where names are looked up.
    pub resolved: bool,
    /// The machine's number, if it has one.
    pub machine_id: Option<String>,
}

/// What has to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send a message.
    Send(Outgoing),
    /// Ask the daemon.
    Call(CallId, Call),
    /// Give the daemon a secret it asked for.
    Secret(SecretId, SecretAnswer),
    /// Give the daemon the code of a device that it asked for.
    Code(CodeId, SecretAnswer),
    /// Tell the daemon whether an order to set addresses was carried out.
    Addressed(ConfigurationId, bool),
    /// The bus name is ours.
    Named,
    /// The bus name is another process's, if it is known.
    NameTaken(Option<u32>),
    /// The bus does not let us have the name; the error's name says why.
    NameRefused(String),
    /// Something that people should know.
    Warn(String),
}

/// What news tells that is over again, and the interface.
const fn passed(news: &News) -> Option<(u32, Passed)> {
    match news {
        News::Passed { ifindex, what } => Some((*ifindex, *what)),
        _ => None,
    }
}

/// The service.
#[derive(Debug)]
pub struct Service {
    facts: Facts,
    view: View,
    tree: Tree,
    lists: Lists,
    agents: Agents,
    signal_agents: SignalAgents,
    configurator: Configurator,
    shared_codes: SharedCodes,
    /// Who has set the affinities of a station.
    affinities: BTreeMap<u32, String>,
    watchers: Watchers,
    /// The clients whose leave we want to hear of.
    awaited: BTreeSet<String>,
    resolved: Resolved,
    /// Calls that the daemon has not answered yet.
    open: BTreeMap<CallId, Origin>,
    /// Questions to the bus.
    asked: BTreeMap<u32, Question>,
    calls: u64,
    serial: u32,
    /// What the surface itself has to warn of: that another program runs radios.
    caution: Option<String>,
}

/// What was asked of the bus.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Question {
    /// To own the name.
    Name,
    /// Which process owns the name.
    OwnerOfName,
    /// Whether this client is still there.
    IsThere(String),
    /// Whether another supplicant is there.
    Rival,
}

impl Service {
    /// A service that has nothing to show yet.
    #[must_use]
    pub fn new(facts: Facts) -> Self {
        let view = View::default();
        let tree = tree(&view, None, facts.developer, None);
        Self {
            facts,
            view,
            tree,
            lists: Lists::default(),
            agents: Agents::default(),
            signal_agents: SignalAgents::default(),
            configurator: Configurator::default(),
            shared_codes: SharedCodes::default(),
            affinities: BTreeMap::new(),
            watchers: Watchers::default(),
            awaited: BTreeSet::new(),
            resolved: Resolved::default(),
            open: BTreeMap::new(),
            asked: BTreeMap::new(),
            calls: 0,
            serial: FIRST_SERIAL,
            caution: None,
        }
    }

    /// What has to be said first on a new connection: whose name we want, and of whom we want to hear.
    pub fn begin(&mut self) -> Vec<Outgoing> {
        /// Fail at once if the name is taken, instead of waiting for it.
        const DO_NOT_QUEUE: u32 = 4;
        let name = vec![Value::text(super::NAME), Value::Uint32(DO_NOT_QUEUE)];
        vec![
            self.ask_bus(Question::Name, "RequestName", name),
            watch(RIVAL, "AddMatch"),
            self.ask_bus(Question::Rival, "NameHasOwner", vec![Value::text(RIVAL)]),
        ]
    }

    /// The connection is gone, and all who were on it.
    pub fn end(&mut self) -> Vec<Effect> {
        self.open.clear();
        self.asked.clear();
        self.caution = None;
        self.resolved.forget();
        self.shared_codes.clear();
        self.end_clients()
    }

    /// Says goodbye to those who would wait otherwise.
    pub fn shut_down(&mut self) -> Vec<Outgoing> {
        let mut calls = self.agents.release();
        calls.extend(self.configurator.release());
        calls.extend(self.code_agents().iter().map(shared_codes::release));
        calls.extend(self.signal_agents.release(|_| true).into_iter().map(|(_, call)| call));
        calls
    }

    /// Takes a message.
    pub fn receive(&mut self, incoming: Incoming) -> Vec<Effect> {
        let mut effects = Vec::new();
        match incoming {
            Incoming::Call(call) => self.called(call, &mut effects),
            Incoming::BadCall(origin, why) => {
                effects.extend(answer(origin, Err(errors::dbus("InvalidArgs", why))));
            }
            Incoming::Reply { serial, sender, outcome } => {
                self.replied(serial, &sender, outcome, &mut effects);
            }
            Incoming::NameOwnerChanged { name, owner } if name == RIVAL => {
                self.rival(!owner.is_empty(), &mut effects);
            }
            Incoming::NameOwnerChanged { name, owner } => {
                if owner.is_empty() {
                    self.left(&name, &mut effects);
                }
            }
        }
        self.ask_agents(&mut effects);
        effects
    }

    /// Takes what the daemon has to tell after a turn, and the view if it changed. What follows is in the order
    /// of iwd: new objects, replies, the rest.
    pub fn settle(&mut self, news: Vec<News>, view: Option<View>) -> Vec<Effect> {
        let mut effects = Vec::new();
        let send = |message| Effect::Send(message);
        let is_new = view.is_some();
        for (ifindex, what) in news.iter().filter_map(passed).filter(|_| is_new) {
            effects.extend(self.show_passed(ifindex, what).into_iter().map(Change::signal).map(send));
        }
        let before = self.code_agents();
        let changes = view.map_or_else(Vec::new, |view| self.show(view));
        if is_new {
            self.forget_what_is_over(&mut effects);
        }
        let released = before.difference(&self.code_agents()).map(shared_codes::release).collect::<Vec<_>>();
        let (first, then): (Vec<_>, Vec<_>) = changes.into_iter().partition(Change::is_before_replies);
        effects.extend(first.into_iter().map(Change::signal).map(send));
        let (mut lines, mut words) = (Vec::new(), Vec::new());
        for news in news {
            match news {
                News::Answered { call, outcome } => {
                    if let Some(origin) = self.open.remove(&call) {
                        let outcome = outcome.map(values).map_err(|error| describe(&error));
                        effects.extend(answer(origin, outcome));
                    }
                }
                News::SecretWanted { secret, call, ifindex, network, secrets } => {
                    let caller = self.open.get(&call).map(|origin| origin.sender.clone()).unwrap_or_default();
                    let network = self.at(ifindex).map(|device| path::network(&device, &network));
                    let is_put =
                        network.is_some_and(|network| self.agents.put(&caller, secret, network, secrets));
                    if !is_put {
                        effects.push(Effect::Secret(secret, SecretAnswer::NoAgent));
                    }
                }
                News::SecretUnwanted { secret, why } => {
                    effects.extend(self.agents.unwanted(secret, why).map(send));
                }
                News::CodeWanted { code, agent, identifier } => {
                    let serial = next(&mut self.serial);
                    effects.push(send(self.shared_codes.ask(serial, code, agent, &identifier)));
                }
                News::CodeUnwanted { code, why } => {
                    effects.extend(self.shared_codes.unwanted(code, why).map(send));
                }
                News::SignalLevel { ifindex, level } => {
                    effects.extend(self.signal_agents.tell(ifindex, level).map(send));
                }
                // Of the way itself is told before the connection is seen where it is now.
                News::Passed { what: Passed::Way, .. } => effects.append(&mut words),
                // It was told first.
                News::Passed { what: Passed::End | Passed::Down, .. } => {}
                News::Debugged { ifindex, what } => words.extend(self.debugged(ifindex, what)),
                News::Configure { id, ifindex, addressed } => {
                    effects.push(self.order(id, ifindex, &addressed));
                }
                News::ConfigureUnwanted { id, why } => {
                    effects.extend(self.configurator.unwanted(id, why).map(send));
                }
                // To nobody but those who asked for it: a broadcast costs the bus its work for everybody, and an
                // attempt has twenty lines.
                News::Happened(line) => lines.extend(self.watchers.iter().map(|watcher| {
                    send(Outgoing::Signal {
                        destination: Some(watcher.to_owned()),
                        path: path::DAEMON.to_owned(),
                        interface: interfaces::LAPWING_DAEMON,
                        member: "Happened",
                        body: vec![Value::text(&line)],
                    })
                })),
            }
        }
        effects.extend(then.into_iter().map(Change::signal).map(send));
        // Who is told that it has come about looks at the properties next.
        effects.extend(words);
        // Whoever reads along is in no hurry.
        effects.extend(lines);
        // What is not wanted any more was said before.
        effects.extend(released.into_iter().map(Effect::Send));
        self.ask_agents(&mut effects);
        if self.facts.resolved {
            let serial = &mut self.serial;
            let calls = self.resolved.tell(&self.view, || next(serial));
            effects.extend(calls.into_iter().map(Effect::Send));
        }
        effects
    }

    /// Shows what is over again by now, if it was not seen: clients of iwd see each of its steps.
    fn show_passed(&mut self, ifindex: u32, what: Passed) -> Vec<Change> {
        let mut view = self.view.clone();
        let Some(device) = view.devices.iter_mut().find(|device| device.ifindex == ifindex) else {
            return Vec::new();
        };
        match (what, &device.state) {
            // On the way to another access point it is still one connection.
            (Passed::End, state)
                if device.connected.is_some() || matches!(state, Summary::Roaming { .. }) =>
            {
                device.state = Summary::Disconnected;
                (device.network, device.chosen, device.connected, device.links) = (None, None, None, None);
            }
            (Passed::Way, Summary::Connected { ssid, attempt }) => {
                device.state = Summary::Roaming { ssid: ssid.clone(), attempt: *attempt };
            }
            (Passed::Down, _) => device.powered = false,
            (Passed::End | Passed::Way, _) => return Vec::new(),
        }
        self.show(view)
    }

    /// Shows another view, and returns what has to be told of it.
    fn show(&mut self, view: View) -> Vec<Change> {
        let before = Some(Before { view: &self.view, tree: &self.tree });
        let after = tree(&view, self.caution.as_deref(), self.facts.developer, before);
        self.lists.keep(&view);
        self.view = view;
        let changes = diff(&self.tree, &after);
        self.tree = after;
        changes
    }

    fn called(&mut self, call: MethodCall, effects: &mut Vec<Effect>) {
        let origin = call.origin.clone();
        let outcome = self.dispatch(call);
        self.await_clients(effects);
        match outcome {
            Ok(calls::Response::Now(values)) => effects.extend(answer(origin, Ok(values))),
            Ok(calls::Response::Later(call)) => match self.open(origin) {
                Ok(id) => effects.push(Effect::Call(id, call)),
                Err((origin, error)) => effects.extend(answer(origin, Err(error))),
            },
            Ok(calls::Response::Withdrawn(questions)) => {
                effects.extend(questions.into_iter().map(|id| Effect::Secret(id, SecretAnswer::Canceled)));
                effects.extend(answer(origin, Ok(Vec::new())));
            }
            Err(error) => effects.extend(answer(origin, Err(error))),
        }
    }

    fn open(&mut self, origin: Origin) -> Result<CallId, (Origin, Error)> {
        let own = self.open.values().filter(|open| open.sender == origin.sender).count();
        if self.open.len() >= OPEN || own >= OPEN_OF_ONE {
            let error =
                errors::dbus("LimitsExceeded", "Too many calls are open. Wait for the answers first.");
            return Err((origin, error));
        }
        self.calls += 1;
        let id = CallId(self.calls);
        self.open.insert(id, origin);
        Ok(id)
    }

    fn replied(
        &mut self,
        serial: u32,
        sender: &str,
        outcome: Result<Body, String>,
        effects: &mut Vec<Effect>,
    ) {
        if self.asked.contains_key(&serial) && sender != BUS {
            return;
        }
        if let Some(warning) = self.resolved.answered(serial, outcome.as_ref().err().map(String::as_str)) {
            effects.extend(warning.map(Effect::Warn));
            return;
        }
        if let Some((id, is_done)) = self.configurator.answered(serial, sender, outcome.as_deref()) {
            effects.push(Effect::Addressed(id, is_done));
            return;
        }
        if let Some((id, answer)) = self.shared_codes.answered(serial, sender, outcome.as_deref()) {
            effects.push(Effect::Code(id, answer));
            return;
        }
        let Some(question) = self.asked.remove(&serial) else {
            let answer = self.agents.answered(serial, sender, outcome.as_deref());
            effects.extend(answer.map(|(secret, answer)| Effect::Secret(secret, answer)));
            return;
        };
        match (question, outcome.as_deref()) {
            // The primary owner; or already so.
            (Question::Name, Ok([Value::Uint32(1 | 4)])) => effects.push(Effect::Named),
            (Question::Name, Err(error)) => effects.push(Effect::NameRefused(error.clone())),
            (Question::Name, Ok(_)) => {
                let name = vec![Value::text(super::NAME)];
                let question = self.ask_bus(Question::OwnerOfName, "GetConnectionUnixProcessID", name);
                effects.push(Effect::Send(question));
            }
            (Question::OwnerOfName, Ok([Value::Uint32(process)])) => {
                effects.push(Effect::NameTaken(Some(*process)));
            }
            (Question::OwnerOfName, _) => effects.push(Effect::NameTaken(None)),
            (Question::IsThere(client), Ok([Value::Boolean(false)])) => self.left(&client, effects),
            (Question::Rival, Ok([Value::Boolean(is_there)])) => self.rival(*is_there, effects),
            (Question::IsThere(_) | Question::Rival, _) => {}
        }
    }

    fn rival(&mut self, is_there: bool, effects: &mut Vec<Effect>) {
        let caution = is_there.then(|| {
            "wpa_supplicant runs too. If it is told to run the same interface, the two disturb each other: stop one \
             of them."
                .to_owned()
        });
        if caution == self.caution {
            return;
        }
        effects.extend(caution.iter().cloned().map(Effect::Warn));
        self.caution = caution;
        let changes = self.show(self.view.clone());
        effects.extend(changes.into_iter().map(Change::signal).map(Effect::Send));
    }

    fn ask_agents(&mut self, effects: &mut Vec<Effect>) {
        let serial = &mut self.serial;
        let calls = self.agents.ask(|| next(serial));
        effects.extend(calls.into_iter().map(Effect::Send));
    }

    fn ask_bus(&mut self, question: Question, member: &'static str, body: Vec<Value>) -> Outgoing {
        let serial = next(&mut self.serial);
        self.asked.insert(serial, question);
        call_bus(Some(serial), member, body)
    }
}

fn next(serial: &mut u32) -> u32 {
    let this = *serial;
    *serial = this.checked_add(1).unwrap_or(FIRST_SERIAL);
    this
}

/// The path of an interface.
fn at(device: &DeviceView) -> String {
    path::device(device.wiphy, device.ifindex)
}

/// Wants, or no longer wants, to hear of the owner of a name.
fn watch(name: &str, member: &'static str) -> Outgoing {
    let rule = format!(
        "type='signal',sender='{BUS}',path='/org/freedesktop/DBus',interface='{BUS}',member='NameOwnerChanged',\
         arg0='{name}'"
    );
    call_bus(None, member, vec![Value::Text(rule)])
}

fn call_bus(serial: Option<u32>, member: &'static str, body: Vec<Value>) -> Outgoing {
    let path = "/org/freedesktop/DBus".to_owned();
    Outgoing::Call { serial, destination: BUS.to_owned(), path, interface: BUS, member, body }
}

/// The answer to a call, if it is wanted.
fn answer(origin: Origin, outcome: Result<Vec<Value>, Error>) -> Option<Effect> {
    origin.wants_reply.then(|| {
        Effect::Send(match outcome {
            Ok(values) => Outgoing::Return(origin, values),
            Err(error) => Outgoing::Error(origin, error),
        })
    })
}

fn values(answer: Answer) -> Vec<Value> {
    match answer {
        Answer::Done => Vec::new(),
        Answer::Diagnostics(diagnostics) => vec![calls::diagnostics(&diagnostics)],
        Answer::Heard(networks) => vec![calls::heard(&networks)],
        Answer::Clients(clients) => vec![access_point::diagnostics(&clients)],
        Answer::Links(links) => super::links::report(&links),
        Answer::Uri(uri) => vec![Value::Text(uri)],
        Answer::Pin(pin) => vec![Value::Text(pin.reveal())],
        Answer::Timeline(text) => vec![Value::Text(text.replace('\0', "\u{fffd}"))],
    }
}
