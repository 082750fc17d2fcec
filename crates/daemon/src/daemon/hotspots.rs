//! The hotspots of interfaces: what clients of ours ask of them, what they want of the kernel, and what is told.

use super::calls::{First, NO_INTERFACE, UNAVAILABLE, Wish};
use super::modes::{NO_ACCESS_POINT, Role, SWITCHING};
use super::{Daemon, Now};
use crate::control::{
    AccessPointBss, AccessPointView, Answer, CallError, CallId, ClientFigures, ClientView, Figures,
};
use crate::flight::event::{self, Place};
use crate::hotspot::{Failure, Hotspot, Note, Order, Output, Phase, plan};
use crate::kernel::{Command, Kernel, StationFigures};
use crate::networks::error::FileProblem;
use crate::networks::profile::Profile;
use lapwing_core::ap::Report;
use lapwing_core::curve::Group;
use lapwing_core::kernel::Refusal;
use lapwing_core::means::Means;
use lapwing_frames::{MacAddr, Ssid};
use std::io;

impl<K: Kernel> Daemon<K> {
    pub(super) fn start_hotspot(&mut self, now: Now, id: CallId, ifindex: u32, profile: Profile) -> First {
        let interface = self.interfaces.get(&ifindex).ok_or(NO_INTERFACE)?;
        if interface.switching.is_some() {
            return Err(SWITCHING);
        }
        let Role::AccessPoint { hotspot, heard, .. } = &interface.role else { return Err(NO_ACCESS_POINT) };
        match hotspot.phase() {
            Phase::Stopped => {}
            Phase::Started => {
                return Err(CallError::AlreadyExists("A hotspot is on the air already. Stop it first."));
            }
            Phase::Starting | Phase::Stopping => {
                return Err(CallError::Busy(
                    "The hotspot is on its way onto the air or from it. Ask again soon.",
                ));
            }
        }
        if !interface.up {
            return Err(UNAVAILABLE);
        }
        if profile.ssid.is_hidden() {
            return Err(CallError::InvalidArguments("A hotspot has a name of 1 to 32 octets."));
        }
        if !self.has_room_for(&profile) {
            return Err(CallError::AlreadyExists(
                "Other hotspots use all networks of APAddressPool. Stop one first.",
            ));
        }
        let (radio, address) = (interface.station.radio(), interface.address);
        let setup = plan::setup(&profile, radio, address, heard, &mut *self.entropy);
        let mut setup = setup.map_err(CallError::HotspotFailed)?;
        if let Some(rules) = self.regulatory.get(&interface.wiphy()) {
            setup.country = plan::country(rules, radio);
        }
        // The first client need not wait for what depends on nothing but name and passphrase.
        for password in setup.security.iter_mut().flat_map(|security| &mut security.passwords) {
            password.prepare(&*self.curves, Group::P256);
        }
        self.desk.open(now, id, Wish::StartHotspot { ifindex });
        self.with_hotspot(now, ifindex, |hotspot, means| hotspot.start(now.clock, profile, setup, means));
        Ok(None)
    }

    pub(super) fn start_profile(&mut self, now: Now, id: CallId, ifindex: u32, ssid: &Ssid) -> First {
        let profile = Profile::load(self.store.directory(), ssid).map_err(|error| match error.problem {
            FileProblem::Io(ref error) if error.kind() == io::ErrorKind::NotFound => {
                CallError::NotFound("There is no profile of a hotspot of this name in the folder ap.")
            }
            _ => CallError::NotSupported(format!("The profile cannot be used: {error}.")),
        })?;
        self.start_hotspot(now, id, ifindex, profile)
    }

    pub(super) fn stop_hotspot(&mut self, now: Now, id: CallId, ifindex: u32) -> First {
        let interface = self.interfaces.get(&ifindex).ok_or(NO_INTERFACE)?;
        let Role::AccessPoint { hotspot, .. } = &interface.role else { return Err(NO_ACCESS_POINT) };
        let is_stopped = hotspot.phase() == Phase::Stopped;
        if !is_stopped {
            self.desk.open(now, id, Wish::StopHotspot { ifindex });
        }
        // One that waits for its interface does not begin anew either.
        self.with_hotspot(now, ifindex, |hotspot, means| hotspot.stop(now.clock, true, means));
        Ok(is_stopped.then_some(Answer::Done))
    }

    pub(super) fn order_hotspot(&mut self, now: Now, id: CallId, ifindex: u32, order: Order) -> First {
        let interface = self.interfaces.get(&ifindex).ok_or(NO_INTERFACE)?;
        let Role::AccessPoint { hotspot, .. } = &interface.role else { return Err(NO_ACCESS_POINT) };
        if hotspot.phase() != Phase::Started {
            return Err(CallError::NotAvailable("No hotspot is on the air. Start one first."));
        }
        let is_there = |link| hotspot.on_air().any(|(id, _)| id == Some(link));
        let links = hotspot.on_air().count();
        let is_of_setup =
            |link| hotspot.setup().is_some_and(|setup| setup.structure.bss(Some(link)).is_some());
        match order {
            Order::RemoveLink { link, .. } if !is_there(link) => {
                return Err(CallError::NotFound("The hotspot has no such link on the air."));
            }
            Order::RemoveLink { .. } if links < 2 => {
                return Err(CallError::InvalidArguments("The last link stays. Stop the hotspot instead."));
            }
            Order::AddLink(link) if !is_of_setup(link) => {
                return Err(CallError::NotFound("The hotspot was not started with such a link."));
            }
            Order::AddLink(link) if is_there(link) => {
                return Err(CallError::AlreadyExists("The link is on the air already."));
            }
            Order::ThrowOut(Some(client))
                if hotspot.machine().is_none_or(|machine| machine.whose(client).is_none()) =>
            {
                return Err(CallError::NotFound("There is no such client."));
            }
            Order::RemoveLink { .. }
            | Order::AddLink(_)
            | Order::ThrowOut(_)
            | Order::ForgetPmksas
            | Order::RenewGroupKeys
            | Order::Restart { .. } => {}
        }
        let is_restart = matches!(order, Order::Restart { .. });
        if is_restart {
            self.desk.open(now, id, Wish::StartHotspot { ifindex });
        }
        self.with_hotspot(now, ifindex, |hotspot, means| hotspot.order(now.clock, order, means));
        Ok((!is_restart).then_some(Answer::Done))
    }

    pub(super) fn diagnose_clients(&mut self, now: Now, id: CallId, ifindex: u32) -> First {
        let interface = self.interfaces.get(&ifindex).ok_or(NO_INTERFACE)?;
        let Role::AccessPoint { hotspot, .. } = &interface.role else { return Err(NO_ACCESS_POINT) };
        if hotspot.phase() != Phase::Started {
            return Err(CallError::NotAvailable("No hotspot is on the air. Start one first."));
        }
        let is_asking =
            |wish: &Wish| matches!(wish, Wish::ClientFigures { ifindex: ours } if *ours == ifindex);
        if self.desk.which(is_asking).is_empty() {
            self.kernel.perform(Command::DiagnoseClients { ifindex });
        }
        self.desk.open(now, id, Wish::ClientFigures { ifindex });
        Ok(None)
    }

    /// The figures of the clients: all who asked meanwhile get the same.
    pub(super) fn clients_diagnosed(&mut self, ifindex: u32, outcome: Result<Vec<StationFigures>, Refusal>) {
        let is_it = |wish: &Wish| matches!(wish, Wish::ClientFigures { ifindex: ours } if *ours == ifindex);
        let figures = |figures: StationFigures| ClientFigures {
            address: figures.address,
            figures: Figures::of(&figures),
        };
        let answer = match outcome {
            Ok(clients) => Ok(Answer::Clients(clients.into_iter().map(figures).collect())),
            Err(refusal) => {
                Err(CallError::HotspotFailed(Failure::Refused { command: "GET_STATION", refusal }))
            }
        };
        for id in self.desk.which(is_it) {
            self.desk.close(id, answer.clone());
        }
    }

    /// Lets a hotspot do something, and does what it wants.
    pub(super) fn with_hotspot(
        &mut self,
        now: Now,
        ifindex: u32,
        act: impl FnOnce(&mut Hotspot, &mut Means<'_>) -> Vec<Output>,
    ) {
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        let Role::AccessPoint { hotspot, .. } = &mut interface.role else { return };
        let before = hotspot.phase();
        let mut means = Means { entropy: &mut *self.entropy, curves: &*self.curves };
        let outputs = act(hotspot, &mut means);
        if hotspot.phase() != before {
            self.generation = self.generation.saturating_add(1);
        }
        for output in outputs {
            match output {
                Output::Serve { number, request } => {
                    self.kernel.perform(Command::Serve { ifindex, number, request });
                }
                Output::Told(report) => self.hotspot_told(now, ifindex, &report),
                Output::Noted(note) => self.hotspot_noted(now, ifindex, &note),
                Output::Started => self.hotspot_started(now, ifindex),
                Output::Stopped(why) => self.hotspot_stopped(now, ifindex, why),
            }
        }
    }

    /// The machine slept: is what was on the air there still?
    pub(super) fn check_hotspots(&mut self) {
        let is_started =
            |role: &Role| role.hotspot().is_some_and(|hotspot| hotspot.phase() == Phase::Started);
        for (&ifindex, _) in self.interfaces.iter().filter(|(_, interface)| is_started(&interface.role)) {
            self.kernel.perform(Command::ReadInterface { ifindex });
        }
    }

    fn hotspot_noted(&mut self, now: Now, ifindex: u32, note: &Note) {
        let Some(interface) = self.interfaces.get(&ifindex) else { return };
        let name = interface.name.clone();
        let told = event::hotspot_noted(Place { at: now.clock, interface: &name }, note);
        self.tell(&name, told);
    }

    fn hotspot_told(&mut self, now: Now, ifindex: u32, report: &Report) {
        let Some(interface) = self.interfaces.get(&ifindex) else { return };
        let name = interface.name.clone();
        let place = Place { at: now.clock, interface: &name };
        match event::hotspot(place, report) {
            Some(told) => {
                self.changed();
                self.tell(&name, told);
            }
            // Whoever is in reach can cause these as often as they like: nothing is written of them.
            None => tracing::debug!("{name}: {report:?}"),
        }
    }

    fn hotspot_started(&mut self, now: Now, ifindex: u32) {
        self.changed();
        if let Some(interface) = self.interfaces.get(&ifindex)
            && let Some(hotspot) = interface.role.hotspot()
            && let Some(profile) = hotspot.profile()
        {
            let bsss: Vec<_> = hotspot.on_air().collect();
            let name = interface.name.clone();
            let place = Place { at: now.clock, interface: &name };
            let told = event::hotspot_started(place, profile, &bsss);
            self.tell(&name, told);
        }
        let is_start = |wish: &Wish| matches!(wish, Wish::StartHotspot { ifindex: ours } if *ours == ifindex);
        for id in self.desk.which(is_start) {
            self.desk.close(id, Ok(Answer::Done));
        }
        self.begin_serving(now, ifindex);
    }

    fn hotspot_stopped(&mut self, now: Now, ifindex: u32, why: Option<Failure>) {
        self.changed();
        self.end_serving(ifindex);
        if let Some(interface) = self.interfaces.get(&ifindex) {
            let name = interface.name.clone();
            let place = Place { at: now.clock, interface: &name };
            let told = event::hotspot_stopped(place, why.as_ref());
            self.tell(&name, told);
        }
        let failed = why.map(CallError::HotspotFailed);
        let of = |wish: &Wish| wish.ifindex() == Some(ifindex);
        for id in self.desk.which(|wish| of(wish) && matches!(wish, Wish::StartHotspot { .. })) {
            self.desk.close(id, Err(failed.clone().unwrap_or(CallError::Aborted)));
        }
        for id in self.desk.which(|wish| of(wish) && matches!(wish, Wish::StopHotspot { .. })) {
            self.desk.close(id, failed.clone().map_or(Ok(Answer::Done), Err));
        }
        for id in self.desk.which(|wish| of(wish) && matches!(wish, Wish::ClientFigures { .. })) {
            self.desk.close(id, Err(CallError::Aborted));
        }
    }
}

/// What is seen of a hotspot.
pub(super) fn view(role: &Role) -> Option<AccessPointView> {
    let hotspot = role.hotspot()?;
    let leased = |client: MacAddr| role.network()?.leased.get(&client).copied();
    let setup = hotspot.setup();
    let security = setup.and_then(|setup| setup.security.as_ref());
    let bss = |(link, bss): (_, lapwing_core::ap::Bss)| AccessPointBss {
        link,
        bssid: bss.bssid,
        channel: bss.channel,
    };
    let clients = hotspot.machine().into_iter().flat_map(|machine| {
        machine.clients().filter_map(|address| {
            let state = machine.client(address).filter(|state| state.associated)?;
            Some(ClientView {
                address,
                authorized: state.authorized,
                frame_protection: state.frame_protection,
                links: state.links,
                leased: leased(address),
            })
        })
    });
    Some(AccessPointView {
        phase: hotspot.phase(),
        ssid: setup.map(|setup| setup.ssid.clone()),
        protection: hotspot.profile().map_or("", |profile| profile.protection.name()),
        pairwise_ciphers: security
            .map(|security| security.pairwise.iter().map(ToString::to_string).collect())
            .unwrap_or_default(),
        group_cipher: security.map(|security| security.group.to_string()),
        hidden: setup.is_some_and(|setup| setup.hidden),
        mld: setup.and_then(|setup| setup.structure.mld_address()),
        bsss: hotspot.on_air().map(bss).collect(),
        missing: hotspot.missing().clone(),
        clients: clients.collect(),
        last_failure: hotspot.last_failure().cloned(),
        scanning: matches!(role, Role::AccessPoint { survey, .. } if survey.is_running()),
    })
}
