//! What the parts do, handed on: each turn of the kernel and of an access point, with all that follows at once.

use super::flight::{Flying, Item};
use super::{Outgoing, Stage, World};
use crate::air::Transmission;
use crate::happening::{Happening, Lane, What};
use crate::named::Named;
use crate::network::Packet;
use crate::parts::{ApInput, ApOutput, EAPOL, KernelInput, KernelOutput, Message};
use crate::step::Channel;
use lapwing_core::entropy::SeededEntropy;
use lapwing_core::kernel::{Frequency, KernelEvent};
use lapwing_core::means::Means;
use lapwing_frames::MacAddr;
use std::collections::VecDeque;
use std::sync::Arc;

impl World {
    /// Something arrives.
    pub(super) fn arrive(
        &mut self,
        channel: Channel,
        item: Named<Item>,
        acknowledge: bool,
        stage: &mut Stage<'_>,
    ) {
        match item.into_inner() {
            Item::Command { ticket, command } => {
                self.tell(stage, Lane::Station, || What::Asked { ticket, command: command.clone() });
                self.drive_kernel(KernelInput::Command { ticket, command }, stage);
            }
            Item::Message(message) => {
                if let Message::Completed { ticket, .. } = &message {
                    self.unanswered.remove(ticket);
                }
                self.tell(stage, Lane::Kernel, || What::Told(message.clone()));
                stage.out.push(Outgoing::Message(message));
            }
            Item::Packet(packet) => self.bridge(packet, stage),
            Item::Domain { from, message } => self.pass_on(from, &message, stage),
            Item::Frame { number, transmission } => match channel {
                Channel::ToAp { ap, .. } => {
                    let heard = self.air.hears(&transmission);
                    if !heard {
                        self.tell(stage, Lane::Station, || What::Lost(transmission.clone()));
                    }
                    if let Some(number) = number.filter(|_| acknowledge) {
                        self.drive_kernel(KernelInput::Transmitted { number, acknowledged: heard }, stage);
                    }
                    if heard {
                        self.drive_ap(ap, ApInput::Received(transmission), stage);
                    }
                }
                Channel::FromAp { ap, .. } => {
                    if self.is_on(transmission.frequency) {
                        let receiver = transmission.receiver;
                        let ours = self.station_on(transmission.transmitter);
                        if !receiver.is_group() && receiver != ours {
                            self.tell(stage, Lane::Ap(ap), || What::Missed(transmission.clone()));
                        }
                        self.drive_kernel(KernelInput::Received(transmission), stage);
                    } else {
                        self.tell(stage, Lane::Ap(ap), || What::Lost(transmission.clone()));
                    }
                }
                Channel::Commands | Channel::Socket | Channel::Packets | Channel::Distribution => {}
            },
        }
    }

    /// Something is lost.
    pub(super) fn lose(&mut self, item: Named<Item>, stage: &mut Stage<'_>) {
        let Item::Frame { number, transmission } = item.into_inner() else { return };
        let lane =
            self.plan.bsss.get(&transmission.transmitter).map_or(Lane::Station, |(ap, _)| Lane::Ap(*ap));
        self.tell(stage, lane, || What::Lost(transmission.clone()));
        if let Some(number) = number {
            self.drive_kernel(KernelInput::Transmitted { number, acknowledged: false }, stage);
        }
    }

    /// Lets the kernel take something in, and all that follows from it at once.
    pub(super) fn drive_kernel(&mut self, input: KernelInput, stage: &mut Stage<'_>) {
        let mut inputs = VecDeque::from([input]);
        let mut outputs = Vec::new();
        while let Some(input) = inputs.pop_front() {
            let kernel = self.kernel.make_mut();
            kernel.turn(self.now, input, &mut outputs);
            if kernel.wants_curves() {
                kernel.calculate(self.now, stage.curves, &mut outputs);
            }
            let tuned = self.kernel.frequencies();
            if tuned != *self.tuned {
                inputs.extend(self.air.appearing(&self.tuned, &tuned).map(KernelInput::Beacon));
                self.tuned = Arc::new(tuned);
            }
            for output in outputs.drain(..) {
                match output {
                    KernelOutput::Message(message) => self.message(message, stage),
                    KernelOutput::Transmit { number, transmission } => {
                        self.tell(stage, Lane::Kernel, || What::Sent(transmission.clone()));
                        self.attacker.hear(&transmission, self.plan.scenario.attacker);
                        match self.plan.bsss.get(&transmission.receiver) {
                            Some(&(ap, link)) => {
                                self.notice(&transmission);
                                let receiver = transmission.receiver;
                                let link = self.flight.behind(ap, link, receiver).unwrap_or(link);
                                let item = Item::Frame { number, transmission };
                                self.dispatch(Channel::ToAp { ap, link }, item);
                            }
                            None => {
                                self.tell(stage, Lane::Kernel, || What::Lost(transmission.clone()));
                                inputs.extend(
                                    number.map(|number| KernelInput::Transmitted {
                                        number,
                                        acknowledged: false,
                                    }),
                                );
                            }
                        }
                    }
                    KernelOutput::Listen { frequencies, ssids } => self.listen(frequencies, ssids),
                    KernelOutput::Deliver { source: from, ethertype: EAPOL, payload: bytes }
                        if !self.plan.scenario.radio.control_port =>
                    {
                        let event = KernelEvent::KeyFrame { from, bytes, in_clear: true };
                        self.dispatch(Channel::Packets, Item::Message(Message::Event(event)));
                    }
                    KernelOutput::Deliver { source, ethertype, payload } => {
                        let destination = self.plan.scenario.radio.address;
                        let packet = Packet { source, destination, ethertype, payload };
                        stage.out.push(Outgoing::Packet(packet));
                    }
                    KernelOutput::Console(line) => self.tell(stage, Lane::Kernel, || What::Console(line)),
                }
            }
        }
    }

    /// Everybody hears by which address the station speaks to a BSS.
    fn notice(&mut self, transmission: &Transmission) {
        let Transmission { transmitter, receiver, .. } = *transmission;
        if self.addresses.get(&receiver) != Some(&transmitter) {
            Arc::make_mut(&mut self.addresses).insert(receiver, transmitter);
        }
    }

    fn message(&mut self, message: Message, stage: &mut Stage<'_>) {
        if let Message::Completed { ticket, outcome: Err(refusal) } = &message
            && let Some(command) = self.unanswered.get(ticket)
        {
            let (ticket, refusal) = (*ticket, refusal.clone());
            self.tell(stage, Lane::Kernel, || What::Refused { ticket, command, refusal });
        }
        self.dispatch(Channel::Socket, Item::Message(message));
    }

    /// Lets an access point take something in, and all that follows from it at once.
    pub(super) fn drive_ap(&mut self, place: u8, input: ApInput, stage: &mut Stage<'_>) {
        let Some(ap) = self.aps.get_mut(usize::from(place)) else { return };
        let mut outputs = Vec::new();
        // An access point has random numbers of its own.
        let mut means = Means { entropy: &mut SeededEntropy(0), curves: stage.curves };
        ap.make_mut().turn(self.now, input, &mut means, &mut outputs);
        for output in outputs {
            match output {
                ApOutput::Transmit(transmission) => {
                    self.tell(stage, Lane::Ap(place), || What::Sent(transmission.clone()));
                    self.attacker.hear(&transmission, self.plan.scenario.attacker);
                    let link = self.plan.bsss.get(&transmission.transmitter).map_or(0, |(_, link)| *link);
                    let item = Item::Frame { number: None, transmission };
                    self.dispatch(Channel::FromAp { ap: place, link }, item);
                }
                ApOutput::Beacon(beacon) => self.beacon(beacon, stage),
                ApOutput::Silence(bssid) => self.silence(bssid, stage),
                ApOutput::Deliver { source, destination, ethertype, payload } => {
                    self.deliver(place, Packet { source, destination, ethertype, payload });
                }
                ApOutput::Tell(message) => {
                    let message = Item::Domain { from: place, message: Box::new(message) };
                    self.dispatch(Channel::Distribution, message);
                }
                ApOutput::Note(line) => self.tell(stage, Lane::Ap(place), || What::Note(line)),
            }
        }
    }

    /// Puts something on its way.
    pub(super) fn dispatch(&mut self, channel: Channel, item: Item) {
        let last = self.flight.last_due(channel);
        let now = self.now;
        let air = self.plan.scenario.air;
        let plan = self.timing.as_mut().map(|timing| timing.plan(now, last, channel, &air));
        self.flight.push(channel, Flying { item: Named::new(item), plan });
    }

    /// Our own address towards a BSS, as everybody hears it: of the link, if there are links.
    pub(super) fn station_on(&self, bssid: MacAddr) -> MacAddr {
        self.addresses.get(&bssid).copied().unwrap_or(self.plan.scenario.radio.address)
    }

    /// Whether any BSS of an access point can be heard.
    pub(super) fn is_on_air(&self, ap: u8) -> bool {
        self.plan.bsss.iter().any(|(bssid, (of, _))| *of == ap && self.air.beacon(*bssid).is_some())
    }

    /// Whether the radio is on a channel, or visits it.
    pub(super) fn is_on(&self, frequency: Frequency) -> bool {
        self.tuned.contains(&frequency)
    }

    /// Tells who listens.
    pub(super) fn tell(&self, stage: &mut Stage<'_>, lane: Lane, what: impl FnOnce() -> What) {
        (stage.tell)(Happening { at: self.now, lane, what: what() });
    }
}
