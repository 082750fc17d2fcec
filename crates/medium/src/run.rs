//! The program: sockets and the clock around the machine.

use crate::bus::service::{Effect, Known, Service, answer, failed};
use crate::file;
use crate::machine::{Action, Event, Medium};
use crate::options::{self, Bus, HELP, Invocation, Options};
use crate::radios;
use core::future::pending;
use lapwing_core::Instant;
use lapwing_linux::clock::now;
use lapwing_linux::hwsim::{self, Hwsim, Incoming, NewRadio, Radio, Reply, Request};
use lapwing_linux::netlink::ReplyError;
use lapwingd::bus::connection::Connection;
use lapwingd::bus::message::{Origin, Outgoing};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The exit status if the command line cannot be understood.
const USAGE: u8 = 2;
/// The rate by which a client's frame arrives: 5.5 Mb/s, or 12 where that is none.
const RATE: u32 = 2;

/// Runs the program to its end, with these arguments (without its name).
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let options = match options::parse(arguments) {
        Ok(Invocation::Run(options)) => options,
        Ok(Invocation::Help) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("lapwing-medium: {error}\nTry 'lapwing-medium --help'.");
            return ExitCode::from(USAGE);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
    let ended = runtime
        .map_err(|error| error.to_string())
        .and_then(|runtime| runtime.block_on(async { Running::begin(&options).await?.run(&options).await }));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lapwing-medium: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Who waits for an answer of the kernel.
#[derive(Debug)]
enum Waiting {
    /// The machine: what became of a delivery.
    Arrival(u64),
    /// A refusal is the end.
    Start(&'static str),
    Create(Origin),
    Destroy(Origin),
    SendFrame(Origin),
    /// Nobody at all: beacons to radios on other channels are refused all the time.
    Ignored,
}

struct Running {
    kernel: AsyncFd<Hwsim>,
    bus: Option<Connection>,
    medium: Medium,
    service: Service,
    waiting: BTreeMap<u32, Waiting>,
    /// The rules that a file has brought.
    from_file: Vec<u32>,
}

impl Running {
    async fn begin(options: &Options) -> Result<Self, String> {
        let kernel = Hwsim::open().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                "the kernel has no virtual radios: load mac80211_hwsim first (radios=0 will do)".to_owned()
            }
            _ => format!("the kernel's virtual radios cannot be spoken to: {error}"),
        })?;
        let bus = match &options.bus {
            Bus::Without => None,
            Bus::System => Some(Connection::open(None).await),
            Bus::At(address) => Some(Connection::open(Some(address.clone())).await),
        };
        let bus = bus.transpose().map_err(|error| format!("there is no bus (see --no-bus): {error}"))?;
        let mut running = Self {
            kernel: wait_on(kernel).map_err(|error| error.to_string())?,
            bus,
            medium: Medium::new(options.seed),
            service: Service::default(),
            waiting: BTreeMap::new(),
            from_file: Vec::new(),
        };
        if let Some(path) = &options.rules {
            running.read_rules(path)?;
        }
        if options.register {
            running.ask(&Request::Register, Waiting::Start("be the medium"))?;
        }
        let radio = NewRadio {
            channels: options.channels,
            multi_link: options.multi_link,
            goes_with_us: true,
            ..NewRadio::default()
        };
        for _ in 0..options.radios {
            running.ask(&Request::NewRadio(radio.clone()), Waiting::Start("make a radio"))?;
        }
        running.ask(&Request::GetRadios, Waiting::Start("tell of its radios"))?;
        running.listen()?;
        running.service.interfaces = radios::interfaces();
        if running.bus.is_some() {
            let hello = running.service.begin();
            running.say(&hello)?;
            // What is there already is told to nobody as new.
            running.service.settle(&running.medium.rules);
        } else {
            println!("ready");
        }
        Ok(running)
    }

    async fn run(mut self, options: &Options) -> Result<(), String> {
        let stream = |kind| signal(kind).map_err(|error| error.to_string());
        let mut reload = stream(SignalKind::hangup())?;
        let mut end = [stream(SignalKind::terminate())?, stream(SignalKind::interrupt())?];
        loop {
            let deadline = self.medium.next_deadline();
            let mut heard = Vec::new();
            tokio::select! {
                ready = self.kernel.readable() => {
                    ready.map_err(|error| error.to_string())?.clear_ready();
                }
                messages = heard_on(&mut self.bus) => heard = messages?,
                () = until(deadline) => {}
                _ = reload.recv() => {
                    if let Some(path) = &options.rules {
                        // Whoever has written it looks for this line.
                        match self.read_rules(path) {
                            Ok(()) => println!("{} rules of {}", self.from_file.len(), path.display()),
                            Err(error) => eprintln!("{error}"),
                        }
                    }
                }
                () = first(&mut end) => return Ok(()),
            }
            self.listen()?;
            if !heard.is_empty() {
                self.service.interfaces = radios::interfaces();
            }
            for message in heard {
                let effects = self.service.receive(message, &mut self.medium.rules);
                self.perform_all(effects)?;
            }
            self.listen()?;
            self.event(Event::Tick)?;
            self.listen()?;
            if self.bus.is_some() {
                for signal in self.service.settle(&self.medium.rules) {
                    self.say(&signal)?;
                }
            }
            if let Some(bus) = &mut self.bus {
                bus.flush().await?;
            }
        }
    }

    /// Puts the rules of a file in the place of those that it brought before.
    fn read_rules(&mut self, path: &Path) -> Result<(), String> {
        let shown = path.display();
        let text = fs::read_to_string(path).map_err(|error| format!("{shown}: {error}"))?;
        let rules = file::parse(&text).map_err(|error| format!("{shown}: {error}"))?;
        for number in self.from_file.drain(..) {
            self.medium.rules.remove(number);
        }
        // Of two rules the later one in the file decides, and the machine lets the older one decide.
        for rule in rules.into_iter().rev() {
            self.from_file.extend(self.medium.rules.add(rule));
        }
        Ok(())
    }

    fn ask(&mut self, request: &Request, waiting: Waiting) -> Result<(), String> {
        let sent = self.kernel.get_mut().send(request);
        let sequence = sent.map_err(|error| format!("the kernel does not listen: {error}"))?;
        self.waiting.insert(sequence, waiting);
        Ok(())
    }

    /// Hears all that the kernel has to say, and does what follows.
    fn listen(&mut self) -> Result<(), String> {
        let gone = |error: io::Error| format!("the kernel cannot be heard: {error}");
        while let Some(heard) = self.kernel.get_mut().receive().map_err(gone)? {
            for incoming in heard {
                match incoming {
                    Incoming::Event(event) => self.happened(event)?,
                    Incoming::Answer { sequence, result } => self.answered(sequence, result)?,
                    Incoming::Malformed(error) => eprintln!("the kernel is not understood: {error}"),
                    Incoming::EventsLost => eprintln!("frames are lost: more came than could be read"),
                }
            }
        }
        Ok(())
    }

    fn happened(&mut self, event: hwsim::Event) -> Result<(), String> {
        match event {
            hwsim::Event::Frame(frame) => self.event(Event::Sent(frame)),
            hwsim::Event::AddressAdded { radio, address } => {
                self.event(Event::AddressAdded { radio, address })
            }
            hwsim::Event::AddressRemoved { radio, address } => {
                self.event(Event::AddressRemoved { radio, address })
            }
            hwsim::Event::RadioAdded(radio) => self.added(radio),
            hwsim::Event::RadioRemoved(number) => match self.service.radios.remove(&number) {
                Some(Known { addresses: [_, radio], .. }) => self.event(Event::RadioRemoved(radio)),
                None => Ok(()),
            },
            hwsim::Event::Other(_) => Ok(()),
        }
    }

    /// A radio whose addresses cannot be seen, because it is in another network namespace, is known when it is heard.
    fn added(&mut self, radio: Radio) -> Result<(), String> {
        let Some(addresses) = radios::addresses(&radio.name) else { return Ok(()) };
        self.service.radios.insert(radio.id, Known { radio, addresses });
        let [address, radio] = addresses;
        self.event(Event::RadioAdded { radio, address })
    }

    fn event(&mut self, event: Event) -> Result<(), String> {
        for action in self.medium.turn(now(), event) {
            let waiting = match &action {
                Action::Deliver { arrival: Some(arrival), .. } => Waiting::Arrival(*arrival),
                Action::Deliver { arrival: None, .. } => Waiting::Ignored,
                // A radio that went down has forgotten the frame.
                Action::Report { .. } => Waiting::Ignored,
            };
            self.ask(&action.request(), waiting)?;
        }
        Ok(())
    }

    fn answered(&mut self, sequence: u32, result: Result<Reply, ReplyError>) -> Result<(), String> {
        let Some(waiting) = self.waiting.remove(&sequence) else { return Ok(()) };
        let said = |result: Result<Reply, ReplyError>, what: &str| {
            let refused = |error| failed(format!("The kernel refuses to {what}: {error}."));
            result.map(|_| Vec::new()).map_err(refused)
        };
        let effect = match (waiting, result) {
            (Waiting::Ignored, _) => None,
            (Waiting::Arrival(arrival), result) => {
                return self.event(Event::Taken { arrival, accepted: result.is_ok() });
            }
            (Waiting::Start(_), Ok(Reply::Radios(radios))) => {
                return radios.into_iter().try_for_each(|radio| self.added(radio));
            }
            (Waiting::Start(_), Ok(_)) => None,
            (Waiting::Start(what), Err(error)) => {
                return Err(format!("the kernel refuses to {what}: {error}"));
            }
            (Waiting::Create(origin), Ok(Reply::Number(number))) => self.service.created(origin, number),
            (Waiting::Create(origin), result) => answer(origin, said(result, "make the radio")),
            (Waiting::Destroy(origin), result) => answer(origin, said(result, "remove the radio")),
            (Waiting::SendFrame(origin), result) => answer(origin, said(result, "let the frame be heard")),
        };
        self.perform_all(effect)
    }

    fn perform_all(&mut self, effects: impl IntoIterator<Item = Effect>) -> Result<(), String> {
        effects.into_iter().try_for_each(|effect| self.perform(effect))
    }

    fn perform(&mut self, effect: Effect) -> Result<(), String> {
        match effect {
            Effect::Send(message) => self.say(&message),
            Effect::Create(origin, radio) => self.ask(&Request::NewRadio(radio), Waiting::Create(origin)),
            Effect::Destroy(origin, number) => {
                self.ask(&Request::DeleteRadio(number), Waiting::Destroy(origin))
            }
            Effect::SendFrame { origin, station, frequency, signal, octets } => {
                let Some(receiver) = self.medium.owner(station) else {
                    let nobody = failed(format!("No radio has the address {station}."));
                    return self.perform_all(answer(origin, Err(nobody)));
                };
                let request = Request::Deliver { receiver, octets, frequency, rate: RATE, signal };
                self.ask(&request, Waiting::SendFrame(origin))
            }
            Effect::NameTaken => Err("another program is net.connman.hwsim already".to_owned()),
            Effect::Ready => {
                println!("ready");
                Ok(())
            }
        }
    }

    fn say(&mut self, message: &Outgoing) -> Result<(), String> {
        self.bus.as_mut().map_or(Ok(()), |bus| bus.push(message))
    }
}

#[allow(deprecated)] // The other constructor is unsafe, for the sake of types whose descriptor may change.
fn wait_on(kernel: Hwsim) -> io::Result<AsyncFd<Hwsim>> {
    AsyncFd::with_interest(kernel, Interest::READABLE)
}

async fn heard_on(bus: &mut Option<Connection>) -> Result<Vec<lapwingd::bus::message::Incoming>, String> {
    match bus {
        Some(bus) => bus.wait(false).await.map_err(|error| format!("the bus is gone: {error}")),
        None => pending().await,
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep(deadline.since(now())).await,
        None => pending().await,
    }
}

async fn first(signals: &mut [Signal; 2]) {
    let [one, other] = signals;
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
