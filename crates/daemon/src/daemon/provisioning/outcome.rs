//! What comes of it: a network that is stored and joined, or a reason why not.

use super::{Provisioning, Stage};
use crate::control::{CallError, ProvisionedView, Unwanted};
use crate::daemon::interface::Warning;
use crate::daemon::{Daemon, Now};
use crate::kernel::{Command, Kernel, OffChannel};
use crate::networks::FileName;
use lapwing_core::dpp::{Configuration, Troubles};
use lapwing_core::network::Network;
use lapwing_core::station;
use tracing::{info, warn};

impl<K: Kernel> Daemon<K> {
    /// A network was handed to us: it is known from now on, whether it can be joined here or not.
    pub(super) fn provisioned(&mut self, now: Now, ifindex: u32, configuration: &Configuration) {
        let network = configuration.network();
        self.keep(now, ifindex, &network, configuration.send_hostname);
        if let Some(interface) = self.interfaces.get_mut(&ifindex)
            && let Some(provisioning) = &mut interface.provisioning
        {
            provisioning.network = Some(network);
        }
    }

    /// Stores a network that was handed over, before anybody has joined it.
    pub(in crate::daemon) fn keep(&mut self, now: Now, ifindex: u32, network: &Network, send_hostname: bool) {
        let name = FileName::of(network);
        info!("the network \"{}\" was handed over", network.ssid);
        let stored = self.store.receive(&name, network, send_hostname, now.wall);
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        match stored {
            Ok(known) => {
                interface.warnings.remove(&Warning::NotStored);
                self.wrong.remove(&name);
                self.unreadable.remove(&name);
                self.networks.insert(name, known);
                self.networks_changed = true;
            }
            Err(error) => {
                let text = format!(
                    "The network \"{}\" was handed over, but could not be saved: {error}.",
                    network.ssid
                );
                warn!("{text}");
                interface.warnings.insert(Warning::NotStored, text);
            }
        }
        self.changed();
    }

    pub(super) fn provisioning_ended(&mut self, now: Now, ifindex: u32, outcome: Result<(), Troubles>) {
        self.withdraw_code(ifindex, Unwanted::UserCanceled);
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        let Some(Provisioning { session, stage, autoconnects, network, .. }) = interface.provisioning.take()
        else {
            return;
        };
        let enrollee = session.is_enrollee();
        interface.provisioned = Some(ProvisionedView { enrollee, outcome });
        match outcome {
            Ok(()) => info!("{}: a network was handed over", interface.name),
            Err(troubles) => info!("{}: no network was handed over: {troubles}", interface.name),
        }
        if !enrollee && matches!(stage, Stage::Running { .. }) {
            self.kernel.perform(Command::OffChannel { ifindex, what: OffChannel::Hear { groups: false } });
        }
        if let Err(troubles) = outcome {
            self.close_announcement(ifindex, &Err(CallError::NotProvisioned(troubles)));
        }
        self.changed();
        if !enrollee {
            self.turn(now, ifindex, station::Event::HoldScan(false));
        }
        if !enrollee || self.is_closing() {
            return;
        }
        // Who wanted a network wants to be in it from now on; who has got none has what was before.
        let joins = network.is_some();
        if let Some(network) = network {
            self.turn(now, ifindex, station::Event::Connect(network));
        }
        if joins || autoconnects {
            self.turn(now, ifindex, station::Event::Autoconnect(true));
        }
    }
}
