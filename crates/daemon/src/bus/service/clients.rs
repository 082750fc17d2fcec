//! What clients have here, and what becomes of it when they leave or when its time is over.

use super::{Effect, Question, Service, at, has_station, next, watch};
use crate::bus::interfaces;
use crate::bus::message::Outgoing;
use crate::bus::value::Value;
use crate::control::{Addressed, Call, CallId, ConfigurationId, DeviceView, FoundBy, Party, SecretAnswer};
use std::collections::BTreeSet;

/// The agent that knows the codes of those to whom an interface hands its network over.
fn code_agent(device: &DeviceView) -> Option<&Party> {
    match &device.provisioning.as_ref()?.by {
        FoundBy::Agent(agent) => Some(agent),
        FoundBy::Uri(_) | FoundBy::Code => None,
    }
}

impl Service {
    /// The path of an interface, if it is there.
    pub(super) fn at(&self, ifindex: u32) -> Option<String> {
        self.device(ifindex).map(at)
    }

    /// Wants to hear when clients leave that have something here, and of no others any more.
    pub(super) fn await_clients(&mut self, effects: &mut Vec<Effect>) {
        let owners = self.agents.owners().chain(self.signal_agents.owners()).chain(self.configurator.owner());
        let owners = owners.chain(self.watchers.iter()).chain(self.affinities.values().map(String::as_str));
        let codes = self.code_agents().into_iter().map(|agent| agent.owner);
        let wanted: BTreeSet<String> = owners.map(str::to_owned).chain(codes).collect();
        for client in wanted.difference(&self.awaited.clone()) {
            // The client may have left before the bus knows that we want to hear of it: so ask, after.
            let name = vec![Value::text(client)];
            let question = self.ask_bus(Question::IsThere(client.clone()), "NameHasOwner", name);
            effects.extend([watch(client, "AddMatch"), question].map(Effect::Send));
        }
        for client in self.awaited.difference(&wanted) {
            effects.push(Effect::Send(watch(client, "RemoveMatch")));
        }
        self.awaited = wanted;
    }

    /// A client has left. Its calls go on, as with iwd; nobody hears of them.
    pub(super) fn left(&mut self, client: &str, effects: &mut Vec<Effect>) {
        self.watchers.remove(client);
        let questions = self.agents.remove(client).unwrap_or_default();
        effects.extend(questions.into_iter().map(|secret| Effect::Secret(secret, SecretAnswer::NoAgent)));
        for ifindex in self.signal_agents.left(client) {
            self.order_daemon(Call::WatchSignal { ifindex, levels: Vec::new() }, effects);
        }
        if self.configurator.left(client) {
            self.order_daemon(Call::HandOver { on: false }, effects);
        }
        let gone: Vec<_> = self.affinities.extract_if(.., |_, owner| owner == client).collect();
        for (ifindex, _) in gone {
            self.order_daemon(Call::SetAffinity { ifindex, bssid: None }, effects);
        }
        let hands_over = |device: &&DeviceView| code_agent(device).is_some_and(|agent| agent.owner == client);
        let devices: Vec<_> =
            self.view.devices.iter().filter(hands_over).map(|device| device.ifindex).collect();
        for ifindex in devices {
            self.order_daemon(Call::StopProvisioning { ifindex, by_code: true }, effects);
        }
        self.await_clients(effects);
    }

    /// The agents that know the codes of devices.
    pub(super) fn code_agents(&self) -> BTreeSet<Party> {
        self.view.devices.iter().filter_map(code_agent).cloned().collect()
    }

    /// The connection is gone, and all who were on it.
    pub(super) fn end_clients(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        let clients = std::mem::take(&mut self.awaited);
        for client in &clients {
            self.left(client, &mut effects);
        }
        // There is nobody to whom it could be said.
        effects.retain(|effect| !matches!(effect, Effect::Send(_)));
        effects
    }

    /// Asks the daemon for something that no client waits for.
    fn order_daemon(&mut self, call: Call, effects: &mut Vec<Effect>) {
        self.calls += 1;
        effects.push(Effect::Call(CallId(self.calls), call));
    }

    /// Forgets what was said of connections and stations that are not there any more.
    pub(super) fn forget_what_is_over(&mut self, effects: &mut Vec<Effect>) {
        let devices = &self.view.devices;
        let find = |ifindex: u32| devices.iter().find(|device| device.ifindex == ifindex);
        self.affinities.retain(|&ifindex, _| find(ifindex).is_some_and(|device| device.affinity.is_some()));
        let released = self.signal_agents.release(|ifindex| !find(ifindex).is_some_and(has_station));
        for (ifindex, call) in released {
            effects.push(Effect::Send(call));
            self.order_daemon(Call::WatchSignal { ifindex, levels: Vec::new() }, effects);
        }
        self.await_clients(effects);
    }

    /// The signal that tells developers what happens.
    pub(super) fn debugged(&self, ifindex: u32, what: &'static str) -> Option<Effect> {
        let path = self.at(ifindex).filter(|_| self.facts.developer)?;
        Some(Effect::Send(Outgoing::Signal {
            destination: None,
            path,
            interface: interfaces::DEBUG,
            member: "Event",
            body: vec![Value::text(what), Value::Array("v", Vec::new())],
        }))
    }

    /// Hands an order to the program that sets addresses.
    pub(super) fn order(&mut self, id: ConfigurationId, ifindex: u32, addressed: &Addressed) -> Effect {
        let device = self.at(ifindex);
        let serial = next(&mut self.serial);
        let metric = self.facts.route_metric;
        let call = device.and_then(|device| self.configurator.order(serial, id, &device, addressed, metric));
        call.map_or(Effect::Addressed(id, false), Effect::Send)
    }
}
