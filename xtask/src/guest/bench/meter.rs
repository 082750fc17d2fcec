//! What is read off the kernel: its clock, a process's time and memory, and its tracepoints.

use crate::command::{command, output};
use crate::failure::{Doing, Failure, Result};
use rustix::time::{ClockId, clock_gettime};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// The monotonic clock, which the tracepoints are stamped with too.
pub(super) fn now() -> Duration {
    read(ClockId::Monotonic)
}

/// The clock of captures.
pub(super) fn wall() -> Duration {
    read(ClockId::Realtime)
}

/// The kernel's tick, 250 a second as Debian has it: what the kernel does from a timer it does at a multiple of it.
const TICK: Duration = Duration::from_millis(4);
/// How long sleeping may last longer than asked for.
const OVERSLEPT: Duration = Duration::from_micros(200);

/// A moment within the kernel's tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Phase(Duration);

impl Phase {
    /// That of one of so many rounds, which are spread evenly over the tick: whoever waits for the next one waits for
    /// all that there is to wait, and for as long on average as everybody else.
    pub(super) fn of(round: u32, rounds: u32) -> Self {
        let rounds = rounds.max(1);
        Self(TICK * (2 * (round % rounds) + 1) / (2 * rounds))
    }

    /// Waits until the clock is there.
    pub(super) fn meet(self) {
        let nanoseconds = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let earliest = nanoseconds(now() + OVERSLEPT);
        let tick = nanoseconds(TICK);
        let past = (nanoseconds(self.0) + tick - earliest % tick) % tick;
        let moment = Duration::from_nanos(earliest + past);
        std::thread::sleep(moment.saturating_sub(now() + OVERSLEPT));
        while now() < moment {}
    }
}

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// The threads of a process.
pub(super) fn threads(process: u32) -> Vec<u32> {
    let entries = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// How long a process has run, as the scheduler counts it: in nanoseconds, not in ticks.
pub(super) fn processor_time(process: u32) -> Duration {
    let one = |thread: u32| {
        let text = fs::read_to_string(format!("/proc/{process}/task/{thread}/schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    };
    Duration::from_nanos(threads(process).into_iter().filter_map(one).sum())
}

/// The proportional set size of a process in kB: pages that it shares count in parts.
pub(super) fn proportional_set_size(process: u32) -> Result<u64> {
    let place = format!("/proc/{process}/smaps_rollup");
    let text = fs::read_to_string(&place).doing(|| format!("read {place}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| Failure::unmet("Pss in smaps_rollup", text))
}

/// A process's memory in detail.
pub(super) fn mappings(process: u32) -> Result<String> {
    let place = format!("/proc/{process}/smaps");
    fs::read_to_string(&place).doing(|| format!("read {place}"))
}

/// The kernel's own recorder.
#[derive(Debug)]
pub(super) struct Trace {
    counts_calls: bool,
}

/// A moment at which something was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) at: Duration,
    pub(super) event: String,
    pub(super) text: String,
}

/// The event that tells what the kernel thinks of a station.
const STATION_STATE: &str = "mac80211/drv_sta_state";
/// The event of every system call.
const SYSTEM_CALL: &str = "raw_syscalls/sys_enter";
const DIRECTORY: &str = "/sys/kernel/tracing";
/// What tells where the time of a connection goes: who runs, what the daemon asks and is told, what the kernel does with
/// it, and which pages it has to find.
const COURSE: [&str; 5] =
    ["sched/sched_switch", "raw_syscalls/sys_exit", "cfg80211", "mac80211", "exceptions/page_fault_user"];

impl Trace {
    /// Records what becomes of stations, from now on.
    pub(super) fn open() -> Result<Self> {
        let place = Path::new(DIRECTORY);
        if !place.join("trace").exists() {
            output(&mut command("mount", ["-t", "tracefs", "tracefs", DIRECTORY]))?;
        }
        set("trace_clock", "mono")?;
        set(&format!("events/{STATION_STATE}/enable"), "1")?;
        Ok(Self { counts_calls: false })
    }

    /// Records the system calls of these threads too.
    pub(super) fn system_calls(&self, threads: &[u32]) -> Result<()> {
        let filter: Vec<_> = threads.iter().map(|thread| format!("common_pid=={thread}")).collect();
        set(&format!("events/{SYSTEM_CALL}/filter"), &filter.join("||"))?;
        set(&format!("events/{SYSTEM_CALL}/enable"), "1")
    }

    /// Records system calls no longer.
    pub(super) fn no_system_calls(&self) -> Result<()> {
        set(&format!("events/{SYSTEM_CALL}/enable"), "0")
    }

    /// Records all that happens on the way of these threads to a connection.
    pub(super) fn course(&self, threads: &[u32]) -> Result<()> {
        let filter: Vec<_> = threads.iter().map(|thread| format!("common_pid=={thread}")).collect();
        set("events/raw_syscalls/sys_exit/filter", &filter.join("||"))?;
        self.system_calls(threads)?;
        COURSE.iter().try_for_each(|event| set(&format!("events/{event}/enable"), "1"))
    }

    /// Records no more than what becomes of stations.
    pub(super) fn no_course(&self) -> Result<()> {
        self.no_system_calls()?;
        COURSE.iter().try_for_each(|event| set(&format!("events/{event}/enable"), "0"))?;
        set(&format!("events/{STATION_STATE}/enable"), "1")
    }

    /// Counts from now on how often these functions are called, each line a probe.
    pub(super) fn count_calls(&mut self, probes: &str) -> Result<()> {
        let place = format!("{DIRECTORY}/uprobe_events");
        let doing = || format!("write {place}");
        let mut file = fs::File::options().append(true).open(&place).doing(doing)?;
        // The kernel takes one with each call.
        probes.lines().try_for_each(|line| file.write_all(format!("{line}\n").as_bytes())).doing(doing)?;
        set("events/layout/enable", "1")?;
        self.counts_calls = true;
        Ok(())
    }

    /// Does something; and which functions were called meanwhile, by the names of their probes, if calls are counted.
    pub(super) fn calls_of<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<(T, BTreeSet<String>)> {
        if !self.counts_calls {
            return Ok((work()?, BTreeSet::new()));
        }
        let before = self.calls()?;
        let done = work()?;
        let after = self.calls()?;
        let counted = before.lines().zip(after.lines()).filter(|(before, after)| before != after);
        let names = counted.filter_map(|(_, after)| after.split_whitespace().rev().nth(1));
        Ok((done, names.map(str::to_owned).collect()))
    }

    /// How often each was.
    pub(super) fn calls(&self) -> Result<String> {
        let place = format!("{DIRECTORY}/uprobe_profile");
        fs::read_to_string(&place).doing(|| format!("read {place}"))
    }

    /// Forgets all.
    pub(super) fn clear(&self) -> Result<()> {
        set("trace", "")
    }

    /// What was recorded.
    pub(super) fn records(&self) -> Result<Vec<Record>> {
        Ok(self.text()?.lines().filter_map(Record::parse).collect())
    }

    /// The same as the kernel writes it.
    pub(super) fn text(&self) -> Result<String> {
        let place = format!("{DIRECTORY}/trace");
        fs::read_to_string(&place).doing(|| format!("read {place}"))
    }
}

impl Record {
    /// Reads `name-12 [000] ..... 1.234567: event: text`.
    fn parse(line: &str) -> Option<Self> {
        let line = line.split_once("] ")?.1;
        let (stamp, rest) = line.split_once(": ")?;
        let (event, text) = rest.split_once(": ")?;
        let seconds = stamp.split_whitespace().next_back()?.parse().ok()?;
        let at = Duration::try_from_secs_f64(seconds).ok()?;
        Some(Self { at, event: event.into(), text: text.trim().into() })
    }

    /// Whether a radio's station was let through: associated became authorized.
    pub(super) fn authorizes(&self, radio: &str) -> bool {
        let text = self.text.strip_prefix(radio);
        self.event == "drv_sta_state"
            && text.is_some_and(|text| text.starts_with(' ') && text.contains("state: 3->4"))
    }

    pub(super) fn is_system_call(&self) -> bool {
        self.event == "sys_enter"
    }
}

fn set(file: &str, value: &str) -> Result<()> {
    let place = format!("{DIRECTORY}/{file}");
    fs::write(&place, value).doing(|| format!("write {place}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_trace_is_read() {
        let line = "  wpa_supplicant-92  [000] .....    12.345678: drv_sta_state: phy0 vif:wlan0(2) sta:02:00:00:00:01:00 state: 3->4";
        let record = Record::parse(line).unwrap();
        assert_eq!(record.at, Duration::from_micros(12_345_678));
        assert!(record.authorizes("phy0") && !record.authorizes("phy") && !record.is_system_call());
        let call = Record::parse("a b-9 [000] ..... 1.000001: sys_enter: NR 1 (3, 4, 5)").unwrap();
        assert!(call.is_system_call());
        assert_eq!(Record::parse("# tracer: nop"), None);
    }
}
