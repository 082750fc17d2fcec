//! Scanning: cfg80211 runs it, the driver may object.

use super::driver::{Denial, Operation};
use super::{Kernel, Scan, Wdev};
use crate::air::Beacon;
use crate::parts::KernelOutput;
use lapwing_core::Instant;
use lapwing_core::kernel::{Errno, Frequency, KernelEvent, ScanRequest};
use lapwing_frames::Ssid;

impl Kernel {
    pub(super) fn trigger_scan(
        &mut self,
        now: Instant,
        request: ScanRequest,
        out: &mut Vec<KernelOutput>,
    ) -> Result<(), Denial> {
        if self.scan.is_some() {
            return Err(Errno::EBUSY.into());
        }
        let radio = &self.setup.radio;
        if request.ssids.len() > radio.max_scan_ssids || request.elements.len() > radio.max_scan_elements {
            return Err(Errno::EINVAL.into());
        }
        // Channels that the radio does not have are an error, forbidden ones are left out.
        let has = |frequency: &Frequency| self.channels.iter().any(|channel| channel.frequency == *frequency);
        if !request.frequencies.iter().all(has) {
            return Err(Errno::EINVAL.into());
        }
        let wanted =
            |frequency: Frequency| request.frequencies.is_empty() || request.frequencies.contains(&frequency);
        let allowed = self.channels.iter().filter(|channel| !channel.disabled && wanted(channel.frequency));
        let frequencies: Vec<_> = allowed.map(|channel| channel.frequency).collect();
        if frequencies.is_empty() {
            return Err(Errno::EINVAL.into());
        }
        if request.random_address {
            if !radio.random_scan_address {
                return Err(Errno::EINVAL.into());
            }
            if matches!(self.wdev, Wdev::Connected { .. }) {
                return Err(Errno::EOPNOTSUPP.into());
            }
        }
        let (ssids, flush) = (request.ssids.clone(), request.flush.then_some(now));
        self.operate(now, Operation::Scan(request), out)?;
        self.scan = Some(Scan { frequencies: frequencies.clone(), ssids: ssids.clone(), flush });
        self.event(KernelEvent::ScanStarted, out);
        out.push(KernelOutput::Listen { frequencies, ssids });
        Ok(())
    }

    pub(super) fn abort_scan(&mut self, out: &mut Vec<KernelOutput>) -> Result<(), Denial> {
        self.scan.take().ok_or(Errno::ENOENT)?;
        self.event(KernelEvent::ScanAborted, out);
        Ok(())
    }

    /// The scan ends with what was heard. One that was broken off has ended already.
    pub(super) fn heard(&mut self, now: Instant, beacons: &[Beacon], out: &mut Vec<KernelOutput>) {
        let Some(scan) = self.scan.take() else { return };
        let held = self.held_bssids();
        for beacon in beacons {
            let probed: &[Ssid] = if self.may_probe(beacon.frequency) { &scan.ssids } else { &[] };
            self.table.hear(now, beacon, probed);
        }
        if let Some(since) = scan.flush {
            self.table.flush(since, &held);
        }
        self.event(KernelEvent::ScanDone { frequencies: scan.frequencies }, out);
    }

    /// Whether the radio may send before it heard somebody there.
    fn may_probe(&self, frequency: Frequency) -> bool {
        let channel = self.channels.iter().find(|channel| channel.frequency == frequency);
        channel.is_some_and(|channel| !channel.disabled && !channel.no_initiating_radiation && !channel.radar)
    }

    /// Whether the regulatory rules in force allow this channel.
    pub(super) fn allows(&self, frequency: Frequency) -> bool {
        self.channels.iter().any(|channel| channel.frequency == frequency && !channel.disabled)
    }
}
