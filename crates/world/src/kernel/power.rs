//! What happens to the interface and the machine: up and down, rfkill, sleep, removal, names, regulatory rules.

use super::driver::Stimulus;
use super::shared::Shared;
use super::{Kernel, Power, REGULATORY_GRACE, Wdev};
use crate::parts::{KernelInput, KernelOutput};
use lapwing_core::Instant;
use lapwing_core::kernel::KernelEvent;
use lapwing_core::radio::Channel;
use lapwing_frames::MacAddr;
use lapwing_frames::management::ReasonCode;
use std::time::Duration;

impl Kernel {
    /// The inputs that are somebody's doing at the machine.
    pub(super) fn administer(&mut self, now: Instant, input: KernelInput, out: &mut Vec<KernelOutput>) {
        match (input, self.power) {
            (_, Power::Gone) => {}
            (KernelInput::SetUp(true), Power::Down) => {
                self.power = Power::Up;
                self.event(KernelEvent::InterfaceUp, out);
            }
            (KernelInput::SetUp(false), Power::Up) => self.set_down(now, Power::Down, out),
            (KernelInput::Block(true), Power::Up) => self.set_down(now, Power::Blocked, out),
            (KernelInput::Block(true), Power::Down) => self.power = Power::Blocked,
            (KernelInput::Block(false), Power::Blocked) => self.power = Power::Down,
            (KernelInput::Remove, power) => {
                if power == Power::Up {
                    self.set_down(now, Power::Down, out);
                }
                self.power = Power::Gone;
                self.event(KernelEvent::InterfaceRemoved, out);
            }
            (KernelInput::Sleep(duration), _) => self.sleep(now, duration, out),
            (KernelInput::Regulatory(channels), _) => self.regulate(now, channels, out),
            (KernelInput::Rename(name), _) => self.name = Shared::new(name),
            (KernelInput::SetAddress(address), Power::Down | Power::Blocked) => self.readdress(address, out),
            _ => {}
        }
    }

    pub(super) fn readdress(&mut self, address: MacAddr, out: &mut Vec<KernelOutput>) {
        if self.address != address {
            self.address = address;
            self.event(KernelEvent::AddressChanged { address }, out);
        }
    }

    /// Ends whatever the interface does (`cfg80211_leave`), and lets the driver end the rest.
    fn quiesce(&mut self, now: Instant, how: Stimulus, out: &mut Vec<KernelOutput>) {
        // A connection that the driver does not want to end is ended below.
        let _ = self.disconnect(now, ReasonCode::LeavingDeauthenticated, out);
        self.drive(now, out, |driver, context| driver.happen(how, context));
        self.do_work(now, out);
        if let Wdev::Connected { .. } = self.wdev {
            self.disconnected(now, ReasonCode::LeavingDeauthenticated, false, out);
        }
        self.wdev = Wdev::Idle;
        if self.scan.take().is_some() {
            self.event(KernelEvent::ScanAborted, out);
        }
        self.resume(now, out);
    }

    fn set_down(&mut self, now: Instant, power: Power, out: &mut Vec<KernelOutput>) {
        self.quiesce(now, Stimulus::Stop, out);
        self.power = power;
        self.late = None;
        self.event(KernelEvent::InterfaceDown, out);
    }

    /// Without Wake-on-WLAN the kernel disconnects before it sleeps; the BSS table ages meanwhile.
    fn sleep(&mut self, now: Instant, duration: Duration, out: &mut Vec<KernelOutput>) {
        if self.power == Power::Up {
            self.quiesce(now, Stimulus::Suspend, out);
        }
        self.asleep = Some(now + duration);
    }

    fn regulate(&mut self, now: Instant, channels: Vec<Channel>, out: &mut Vec<KernelOutput>) {
        self.channels = Shared::new(channels);
        self.event(KernelEvent::RegulatoryChanged, out);
        self.grace = self.on_forbidden_channel().then(|| now + REGULATORY_GRACE);
    }

    fn on_forbidden_channel(&self) -> bool {
        match &self.wdev {
            Wdev::Connected { links, .. } => links.values().any(|link| !self.allows(link.frequency)),
            _ => false,
        }
    }

    pub(super) fn leave_forbidden_channels(&mut self, now: Instant, out: &mut Vec<KernelOutput>) {
        if self.on_forbidden_channel() {
            // If the driver does not want to, there is nobody to tell.
            let _ = self.disconnect(now, ReasonCode::LeavingDeauthenticated, out);
        }
    }
}
