//! Networks handed over by a QR code or a shared code (Device Provisioning Protocol), to this machine and by it.
//!
//! The station keeps its interface: all that is done are public action frames beside it. An enrollee's station has left
//! its network before, and stays out of any until one was handed over; a configurator's is in the network that it
//! hands over, and when it goes somewhere else, it is over.

mod outcome;

use super::calls::{First, NO_INTERFACE, UNAVAILABLE, Wish, refused};
use super::interface::Interface;
use super::{Daemon, Now};
use crate::control::{
    Answer, CallError, CallId, CodeId, FoundBy, News, Party, Provision, ProvisioningView, SecretAnswer,
    Unwanted,
};
use crate::kernel::{Command, Kernel, OffChannel};
use lapwing_core::attempt::Phase;
use lapwing_core::dpp::{Action, Akms, Bootstrapping, Configuration, Event, Part, Session, Setup};
use lapwing_core::kernel::{Errno, Frequency, KernelEvent, Refusal};
use lapwing_core::means::Means;
use lapwing_core::network::{Credentials, Network};
use lapwing_core::station::{self, Summary};
use lapwing_core::{Duration, Instant};
use lapwing_frames::MacAddr;
use lapwing_frames::management::{Body, Header, Management, Subtype};
use tracing::info;

/// Where whoever looks for another looks first (Easy Connect 3.0 5.2): channels 6, 149 and 44.
const USUAL: [Frequency; 3] = [Frequency(2437), Frequency(5745), Frequency(5220)];
/// The other is somewhere near: as many channels are looked at as a person waits for.
const MAX_CHANNELS: usize = 16;
/// How long the station may take to leave its network.
const LEAVING: Duration = Duration::from_secs(6);
/// How long it may take to look where there are access points.
const LOOKING: Duration = Duration::from_secs(10);

/// How many frames may have the radio stay on a channel: more than go out in the time that one has it stay there.
const STAYS: usize = 8;

/// Somebody asks for something else meanwhile.
const PROVISIONING: CallError = CallError::Busy(
    "A network is being handed over by a QR code or a shared code. Wait until that has ended, or stop it.",
);

/// That a network is being handed over, to us or by us.
#[derive(Debug)]
pub(super) struct Provisioning {
    session: Box<Session>,
    by: FoundBy,
    stage: Stage,
    /// Whether known networks were joined without being asked, before it began.
    autoconnects: bool,
    /// The question for a code that is open.
    question: Option<CodeId>,
    /// The kernel's names of the last frames after which it stays on another channel: each has it stay for itself.
    stays: Vec<u64>,
    /// What was handed over, to be joined in the end.
    network: Option<Network>,
}

/// How far it is.
#[derive(Debug)]
enum Stage {
    /// The station leaves its network.
    Leaving {
        /// When it goes on in any case.
        until: Instant,
        /// Whether to look then where there are access points: there, too, are those who hand networks over.
        looks: bool,
    },
    /// It looks where there are access points.
    Looking { until: Instant },
    /// The session runs.
    Running { sent: Sent },
}

/// The last frame.
#[derive(Debug)]
enum Sent {
    /// There was none.
    Nothing,
    /// The kernel is asked to send it.
    Asked {
        number: u64,
        /// Whether the radio is to stay on another channel after it.
        stays: bool,
        /// What became of a frame whose name we have not heard yet.
        early: Option<(u64, bool)>,
    },
    /// The kernel's name for it.
    Out(u64),
}

impl Provisioning {
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::Leaving { until, .. } | Stage::Looking { until } => Some(until),
            Stage::Running { .. } => self.session.next_deadline(),
        }
    }

    pub(super) fn view(&self) -> ProvisioningView {
        ProvisioningView { enrollee: self.session.is_enrollee(), by: self.by.clone() }
    }
}

impl Interface {
    /// Whether a frame may be sent on a channel before anybody was heard there.
    fn may_begin_on(&self, frequency: Frequency) -> bool {
        let mut channels = self.station.radio().channels.iter();
        channels.any(|channel| {
            channel.frequency == frequency
                && !(channel.disabled || channel.no_initiating_radiation || channel.radar)
        })
    }

    /// The channels on which the other may be, the likeliest first.
    fn meeting_channels(&self) -> Vec<Frequency> {
        let home = self.station.connection().map(|connection| Frequency(connection.frequency));
        let heard = self.station.table().iter().map(|bss| bss.frequency);
        let mut channels = Vec::new();
        for frequency in home.into_iter().chain(USUAL).chain(heard) {
            let is_allowed = home == Some(frequency) || self.may_begin_on(frequency);
            if is_allowed && channels.len() < MAX_CHANNELS && !channels.contains(&frequency) {
                channels.push(frequency);
            }
        }
        channels
    }

    /// The network of the connection, as it is handed over.
    fn configuration(
        &self,
        known: Option<&crate::networks::KnownNetwork>,
    ) -> Result<Configuration, CallError> {
        let connected = self.station.connection().ok_or(CallError::NotConnected)?;
        let network = known.map(|known| &known.network).or_else(|| self.station.network());
        let network = network.ok_or(CallError::NotConnected)?;
        let Credentials::Personal(secret) = &network.credentials else {
            return Err(CallError::NotSupported(
                "Only networks with a passphrase can be handed over.".to_owned(),
            ));
        };
        let sae = connected.akm.is_some_and(lapwing_frames::suite::Akm::is_sae);
        if sae && secret.passphrase.is_none() || secret.password_identifier.is_some() {
            return Err(CallError::NotSupported(
                "What is stored of this network is not its passphrase alone, and cannot be handed over."
                    .to_owned(),
            ));
        }
        Ok(Configuration {
            ssid: network.ssid.clone(),
            akms: Akms { psk: !sae, sae },
            secret: secret.clone(),
            hidden: network.hidden,
            send_hostname: known.is_some_and(|known| known.addressing.send_hostname),
        })
    }
}

impl<K: Kernel> Daemon<K> {
    /// Whether an interface is free for another way to have a network handed over.
    pub(super) fn check_provisioning(&self, ifindex: u32) -> Result<(), CallError> {
        match self.interfaces.get(&ifindex) {
            Some(Interface { provisioning: Some(_), .. }) => Err(PROVISIONING),
            Some(_) | None => Ok(()),
        }
    }

    pub(super) fn provision(&mut self, now: Now, id: CallId, ifindex: u32, wish: Provision) -> First {
        self.check_provisioning(ifindex)?;
        let interface = self.interfaces.get(&ifindex).ok_or(NO_INTERFACE)?;
        if interface.station.summary() == Summary::Unavailable {
            return Err(UNAVAILABLE);
        }
        let enrols = matches!(wish, Provision::Enrol | Provision::EnrolByCode { .. });
        let home = interface.station.connection().map(|connection| Frequency(connection.frequency));
        let home = home.filter(|_| !enrols);
        let known = interface.network().and_then(|name| self.networks.get(&name));
        let part = if enrols { Part::Enrollee } else { Part::Configurator(interface.configuration(known)?) };
        let channels = interface.meeting_channels();
        let is_announced = matches!(wish, Provision::Enrol);
        let shows = is_announced || matches!(wish, Provision::Configure | Provision::ConfigureWith(_));
        let mut looks = false;
        let (bootstrapping, agent) = match wish {
            // On one channel alone, which the URI names: there the other finds us, however seldom it looks.
            Provision::Enrol => {
                let channel = USUAL.into_iter().find(|channel| interface.may_begin_on(*channel));
                let channel = channel.ok_or_else(|| {
                    CallError::NotSupported(
                        "The country's rules forbid all channels on which networks are handed over."
                            .to_owned(),
                    )
                })?;
                (Bootstrapping::Announce(vec![channel]), None)
            }
            Provision::Configure => (Bootstrapping::Wait, None),
            Provision::ConfigureWith(uri) => {
                let told: Vec<_> =
                    uri.channels.iter().map(|channel| Frequency(channel.frequency())).collect();
                (Bootstrapping::Begin(*uri, if told.is_empty() { channels } else { told }), None)
            }
            Provision::EnrolByCode { code, address, frequency } => {
                looks = frequency.is_none();
                let channels = frequency.map_or(channels, |frequency| vec![frequency]);
                (Bootstrapping::Code(code, address, channels), None)
            }
            Provision::ConfigureByCode(code) => (Bootstrapping::WaitForCode(Some(code)), None),
            Provision::ConfigureByAgent(agent) => (Bootstrapping::WaitForCode(None), Some(agent)),
        };
        let name = self.options.hostname.clone().unwrap_or_else(|| "Lapwing".to_owned());
        let setup = Setup { address: interface.address, name, home };
        let mut means = Means { entropy: &mut *self.entropy, curves: &*self.curves };
        let session = Session::new(setup, part, bootstrapping, now.clock, &mut means)
            .ok_or(CallError::InvalidArguments("The key of this device is not on its curve."))?;
        let by = match agent {
            Some(agent) => FoundBy::Agent(agent),
            None if shows => FoundBy::Uri(session.uri().to_string()),
            None => FoundBy::Code,
        };
        let answer = if let FoundBy::Uri(uri) = &by { Answer::Uri(uri.clone()) } else { Answer::Done };
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return Err(NO_INTERFACE) };
        info!("{}: a network is to be handed over", interface.name);
        interface.provisioned = None;
        let autoconnects = interface.station.autoconnects();
        let stage = if enrols {
            Stage::Leaving { until: now.clock + LEAVING, looks }
        } else {
            Stage::Running { sent: Sent::Nothing }
        };
        let session = Box::new(session);
        interface.provisioning = Some(Provisioning {
            session,
            by,
            stage,
            autoconnects,
            question: None,
            stays: Vec::new(),
            network: None,
        });
        self.kernel.perform(Command::OffChannel { ifindex, what: OffChannel::Hear { groups: !enrols } });
        self.changed();
        if enrols {
            self.supersede(ifindex);
            self.turn(now, ifindex, station::Event::Disconnect);
        } else {
            // The other is heard on one channel, for a moment at a time.
            self.turn(now, ifindex, station::Event::HoldScan(true));
            self.provisioning_hears(now, ifindex, &Event::Tick);
        }
        if is_announced {
            self.desk.open(now, id, Wish::Announce { ifindex });
            return Ok(None);
        }
        Ok(Some(answer))
    }

    pub(super) fn stop_provisioning(&mut self, now: Now, ifindex: u32, by_code: bool) -> First {
        let interface = self.interfaces.get(&ifindex).ok_or(NO_INTERFACE)?;
        let is_it = |provisioning: &Provisioning| matches!(provisioning.by, FoundBy::Uri(_)) != by_code;
        if !interface.provisioning.as_ref().is_some_and(is_it) {
            return Err(CallError::NotFound("No network is being handed over in this way."));
        }
        self.cancel_provisioning(now, ifindex, Unwanted::UserCanceled);
        Ok(Some(Answer::Done))
    }

    /// The daemon ends.
    pub(super) fn cancel_all_provisioning(&mut self, now: Now) {
        for ifindex in self.interfaces.keys().copied().collect::<Vec<_>>() {
            self.cancel_provisioning(now, ifindex, Unwanted::Shutdown);
        }
    }

    fn cancel_provisioning(&mut self, now: Now, ifindex: u32, why: Unwanted) {
        self.withdraw_code(ifindex, why);
        self.provisioning_hears(now, ifindex, &Event::Cancel);
    }

    /// Begins the sessions whose stations are out of the way, and ends those whose stations went another way.
    pub(super) fn tend_provisioning(&mut self, now: Now) {
        for ifindex in self.interfaces.keys().copied().collect::<Vec<_>>() {
            let Some(interface) = self.interfaces.get_mut(&ifindex) else { continue };
            let heard = interface.meeting_channels();
            let Some(provisioning) = &mut interface.provisioning else { continue };
            let station = &interface.station;
            let summary = station.summary();
            let is_free = summary == Summary::Disconnected && !station.is_scanning();
            let home = station.connection().map(|connection| Frequency(connection.frequency));
            let is_astray = match &provisioning.stage {
                _ if summary == Summary::Unavailable || interface.switching.is_some() => true,
                _ if !provisioning.session.is_enrollee() => {
                    home.is_none() || home != provisioning.session.home()
                }
                Stage::Leaving { .. } => false,
                // Somebody wants a network that is known.
                Stage::Looking { .. } | Stage::Running { .. } => {
                    !matches!(summary, Summary::Disconnected | Summary::Disconnecting)
                }
            };
            let is_due = |until: Instant| is_free || until <= now.clock;
            match provisioning.stage {
                _ if is_astray => self.cancel_provisioning(now, ifindex, Unwanted::UserCanceled),
                Stage::Leaving { until, looks: true } if is_due(until) => {
                    provisioning.stage = Stage::Looking { until: now.clock + LOOKING };
                    self.turn(now, ifindex, station::Event::Scan);
                }
                Stage::Looking { until } if is_due(until) => {
                    provisioning.session.look_on(heard);
                    self.run_provisioning(now, ifindex);
                }
                Stage::Leaving { until, looks: false } if is_due(until) => {
                    self.run_provisioning(now, ifindex)
                }
                Stage::Leaving { .. } | Stage::Looking { .. } | Stage::Running { .. } => {}
            }
        }
    }

    fn run_provisioning(&mut self, now: Now, ifindex: u32) {
        if let Some(interface) = self.interfaces.get_mut(&ifindex)
            && let Some(provisioning) = &mut interface.provisioning
        {
            provisioning.stage = Stage::Running { sent: Sent::Nothing };
            self.provisioning_hears(now, ifindex, &Event::Tick);
        }
    }

    fn sent(&mut self, ifindex: u32) -> Option<&mut Sent> {
        match &mut self.interfaces.get_mut(&ifindex)?.provisioning.as_mut()?.stage {
            Stage::Running { sent } => Some(sent),
            Stage::Leaving { .. } | Stage::Looking { .. } => None,
        }
    }

    /// A frame was given to the kernel, or was not.
    pub(super) fn provisioning_sent(
        &mut self,
        now: Now,
        ifindex: u32,
        number: u64,
        outcome: Result<u64, Refusal>,
    ) {
        let Some(sent) = self.sent(ifindex) else { return };
        let Sent::Asked { number: asked, stays, early } = *sent else { return };
        if asked != number {
            return;
        }
        match outcome {
            Ok(cookie) => {
                *sent = Sent::Out(cookie);
                if stays {
                    self.stays(ifindex, cookie);
                }
                self.announced(ifindex);
                if let Some((_, acknowledged)) = early.filter(|(name, _)| *name == cookie) {
                    self.provisioning_hears(now, ifindex, &Event::Transmitted { acknowledged });
                }
            }
            // The radio is busy with something else: it is tried again like a frame that nobody heard.
            Err(Refusal { errno: Errno::EBUSY, .. }) => {
                self.provisioning_hears(now, ifindex, &Event::Transmitted { acknowledged: false });
            }
            Err(refusal) => {
                let error = refused(Phase::Scan, "FRAME", &refusal);
                self.close_announcement(ifindex, &Err(error));
                self.provisioning_hears(now, ifindex, &Event::Transmitted { acknowledged: false });
            }
        }
    }

    /// The radio stays on another channel for the sake of a frame.
    fn stays(&mut self, ifindex: u32, cookie: u64) {
        let interface = self.interfaces.get_mut(&ifindex);
        if let Some(provisioning) = interface.and_then(|interface| interface.provisioning.as_mut()) {
            if provisioning.stays.len() >= STAYS {
                // Its time is over.
                provisioning.stays.remove(0);
            }
            provisioning.stays.push(cookie);
        }
    }

    /// The first announcement is on its way: our URI can be used.
    fn announced(&mut self, ifindex: u32) {
        let interface = self.interfaces.get(&ifindex);
        if let Some(Provisioning { by: FoundBy::Uri(uri), .. }) =
            interface.and_then(|interface| interface.provisioning.as_ref())
        {
            let answer = Answer::Uri(uri.clone());
            self.close_announcement(ifindex, &Ok(answer));
        }
    }

    fn close_announcement(&mut self, ifindex: u32, outcome: &Result<Answer, CallError>) {
        let is_it = |wish: &Wish| matches!(wish, Wish::Announce { ifindex: ours } if *ours == ifindex);
        for id in self.desk.which(is_it) {
            self.desk.close(id, outcome.clone());
        }
    }

    /// What the kernel says of an interface may be for a session too.
    pub(super) fn provisioning_heard(&mut self, now: Now, ifindex: u32, event: &KernelEvent) {
        match event {
            KernelEvent::FrameStatus { cookie, acknowledged } => match self.sent(ifindex) {
                Some(Sent::Out(name)) if name == cookie => {
                    self.provisioning_hears(
                        now,
                        ifindex,
                        &Event::Transmitted { acknowledged: *acknowledged },
                    );
                }
                Some(Sent::Asked { early, .. }) => *early = Some((*cookie, *acknowledged)),
                _ => {}
            },
            KernelEvent::Frame { frequency, bytes } if self.sent(ifindex).is_some() => {
                if let Ok((header, body)) = Management::split_action(bytes) {
                    let event = Event::Frame { from: header.transmitter, frequency: *frequency, body };
                    self.provisioning_hears(now, ifindex, &event);
                }
            }
            _ => {}
        }
    }

    /// Takes the answer to [`News::CodeWanted`]. One that nothing waits for any more changes nothing.
    pub fn code(&mut self, now: Now, code: CodeId, answer: SecretAnswer) {
        let is_it = |interface: &Interface| {
            interface.provisioning.as_ref().is_some_and(|provisioning| provisioning.question == Some(code))
        };
        let found = self.interfaces.iter_mut().find(|(_, interface)| is_it(interface));
        if let Some((&ifindex, Interface { provisioning: Some(provisioning), .. })) = found {
            provisioning.question = None;
            let answer = match answer {
                SecretAnswer::Passphrase(code) => Some(code),
                _ => None,
            };
            self.provisioning_hears(now, ifindex, &Event::Code(answer));
        }
        self.follow(now);
    }

    fn withdraw_code(&mut self, ifindex: u32, why: Unwanted) {
        let interface = self.interfaces.get_mut(&ifindex);
        let provisioning = interface.and_then(|interface| interface.provisioning.as_mut());
        if let Some(code) = provisioning.and_then(|provisioning| provisioning.question.take()) {
            self.desk.tell(News::CodeUnwanted { code, why });
        }
    }

    /// Gives a session an event, and does what it wants.
    pub(super) fn provisioning_hears(&mut self, now: Now, ifindex: u32, event: &Event<'_>) {
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        let (address, Some(provisioning)) = (interface.address, &mut interface.provisioning) else { return };
        if !matches!(provisioning.stage, Stage::Running { .. }) && *event != Event::Cancel {
            return;
        }
        let mut means = Means { entropy: &mut *self.entropy, curves: &*self.curves };
        for action in provisioning.session.turn(now.clock, event, &mut means) {
            self.perform_provisioning(now, (ifindex, address), action);
        }
    }

    fn perform_provisioning(&mut self, now: Now, (ifindex, address): (u32, MacAddr), action: Action) {
        match action {
            Action::Transmit { to, frequency, wait, body } => {
                self.numbers = self.numbers.saturating_add(1);
                let number = self.numbers;
                if let Some(sent) = self.sent(ifindex) {
                    *sent = Sent::Asked { number, stays: !wait.is_zero(), early: None };
                }
                let header = Header::new(to, address, MacAddr::BROADCAST);
                let body = Body::Other { subtype: Subtype::Action, octets: body };
                let mut bytes = Vec::new();
                Management { header, body }.write(&mut bytes);
                let what = OffChannel::Send { number, frequency, wait, bytes };
                self.kernel.perform(Command::OffChannel { ifindex, what });
            }
            Action::Listen { frequency, wait } => {
                let what = OffChannel::Listen { frequency, wait };
                self.kernel.perform(Command::OffChannel { ifindex, what });
            }
            Action::Return => {
                let interface = self.interfaces.get_mut(&ifindex);
                let provisioning = interface.and_then(|interface| interface.provisioning.as_mut());
                let stays = provisioning.map(|provisioning| std::mem::take(&mut provisioning.stays));
                for cookie in stays.unwrap_or_default() {
                    let what = OffChannel::Return { cookie };
                    self.kernel.perform(Command::OffChannel { ifindex, what });
                }
            }
            Action::AskCode(identifier) => {
                self.numbers = self.numbers.saturating_add(1);
                let code = CodeId(self.numbers);
                let interface = self.interfaces.get_mut(&ifindex);
                let provisioning = interface.and_then(|interface| interface.provisioning.as_mut());
                if let Some(Provisioning { question, by: FoundBy::Agent(agent), .. }) = provisioning {
                    *question = Some(code);
                    let agent: Party = agent.clone();
                    self.desk.tell(News::CodeWanted { code, agent, identifier });
                }
            }
            Action::WithdrawCode => self.withdraw_code(ifindex, Unwanted::TimedOut),
            Action::Provisioned(configuration) => self.provisioned(now, ifindex, &configuration),
            Action::Ended(outcome) => self.provisioning_ended(now, ifindex, outcome),
        }
    }
}
