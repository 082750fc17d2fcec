//! The timeline of attempts for a person: what happened, and how long each phase took.

use lapwing_core::attempt::{AttemptId, Cause, Difference, Entry, Phase, Record, RoamTrigger};
use lapwing_core::select::{Judged, LeftOut};
use lapwing_core::{Duration, Instant};
use lapwing_frames::LinkId;
use std::fmt::Write;

/// The width of the longest bar, in characters.
const BAR: u128 = 40;

/// Why an attempt was begun, in words.
#[must_use]
pub const fn cause(cause: &Cause) -> &'static str {
    match cause {
        Cause::Asked => "asked for",
        Cause::Automatic => "by itself",
        Cause::Lost => "after a loss",
        Cause::Roam(trigger) => match trigger {
            RoamTrigger::Asked => "to another access point, asked for",
            RoamTrigger::LowSignal(_) => "to another access point, as the signal is weak",
            RoamTrigger::PacketLoss => "to another access point, as packets are lost",
            RoamTrigger::BeaconLoss => "to another access point, as beacons stopped coming",
            RoamTrigger::AccessPointAsked => "to another access point, as this one wishes it",
            RoamTrigger::AccessPointLeaves => "to another access point, as this one is about to end it",
        },
        Cause::Retry(difference) => match difference {
            Difference::WithoutPmksa => "again, without the cached key",
            Difference::OtherAccessPoint => "again, with another access point",
            Difference::FreshScan => "again, after a fresh scan",
            Difference::AfterFarewell => "again, after saying goodbye",
            Difference::FewerLinks => "again, with one link",
            Difference::WithoutLinks => "again, without multi-link operation",
            Difference::Later => "again, some time later",
        },
    }
}

/// A table for each attempt in these records: its phases with their durations, and how it ended.
///
/// ```text
/// attempt 1: "home", by itself
///   scan            33.1 ms  ######################
///   authenticate    11.9 ms  ########
///   …
///   online after    58.7 ms
/// ```
#[must_use]
pub fn render(records: &[Record]) -> String {
    let mut attempts: Vec<AttemptId> = Vec::new();
    for attempt in records.iter().filter_map(|record| record.attempt) {
        if !attempts.contains(&attempt) {
            attempts.push(attempt);
        }
    }
    let mut text = String::new();
    for attempt in attempts {
        let of_attempt: Vec<_> = records.iter().filter(|record| record.attempt == Some(attempt)).collect();
        render_attempt(&mut text, attempt, &of_attempt);
    }
    text
}

/// A phase and when it was entered and left.
struct Span {
    phase: Phase,
    from: Instant,
    to: Option<Instant>,
}

impl Span {
    fn duration(&self) -> Duration {
        self.to.map(|to| to.since(self.from)).unwrap_or_default()
    }
}

fn render_attempt(text: &mut String, attempt: AttemptId, records: &[&Record]) {
    let Some(first) = records.first() else { return };
    let mut spans: Vec<Span> = Vec::new();
    let mut ending = None;
    let mut weakness = None;
    let mut links = LinkStory::default();
    let mut title = format!("{attempt}");
    for record in records {
        links.hear(record);
        match &record.entry {
            Entry::Began { ssid, cause: why } => title = format!("{attempt}: \"{ssid}\", {}", cause(why)),
            Entry::Entered(phase) => {
                leave(&mut spans, record.at);
                spans.push(Span { phase: *phase, from: record.at, to: None });
            }
            Entry::Failed(failure) => {
                leave(&mut spans, record.at);
                ending = Some((record.at, format!("failed: {failure}. {}", failure.next_step())));
            }
            Entry::Ended(failure) => {
                leave(&mut spans, record.at);
                ending = Some((record.at, format!("ended: {failure}")));
            }
            Entry::Weak(found) => weakness = Some(*found),
            Entry::Scanning { .. }
            | Entry::Judged(_)
            | Entry::Chosen { .. }
            | Entry::Way { .. }
            | Entry::Asked { .. }
            | Entry::Refused { .. }
            | Entry::Answered { .. }
            | Entry::Handshake(_)
            | Entry::Ignored(_)
            | Entry::Farewell { .. }
            | Entry::Link { .. }
            | Entry::Links { .. }
            | Entry::Rekeyed(_)
            | Entry::Roam(_)
            | Entry::Configuration(_) => {}
        }
    }
    // Writing into a text does not fail.
    let _done = writeln!(text, "{title}");
    let online = spans.iter().find(|span| span.phase == Phase::Online).map(|span| span.from);
    spans.retain(|span| span.phase != Phase::Online && span.to.is_some());
    let longest = spans.iter().map(Span::duration).max().unwrap_or_default().as_micros().max(1);
    for span in &spans {
        let micros = span.duration().as_micros();
        // Rounded up, so that a phase that took any time at all has a mark.
        let length = usize::try_from((micros.saturating_mul(BAR)).div_ceil(longest)).unwrap_or(0);
        let bar = "#".repeat(length);
        let row = format!("  {:<14}{:>9}  {bar}", span.phase.name(), milliseconds(span.duration()));
        let _done = writeln!(text, "{}", row.trim_end());
    }
    if let Some(online) = online {
        let _done = writeln!(text, "  {:<14}{:>9}", "online after", milliseconds(online.since(first.at)));
    }
    if let Some(weakness) = weakness {
        let _done = writeln!(text, "  warning: {}", weakness.text());
    }
    links.render(text, first.at);
    if let Some((at, how)) = ending {
        let _done = writeln!(text, "  after {}: {how}", milliseconds(at.since(first.at)));
    }
}

/// What became of the links of an AP MLD.
#[derive(Default)]
struct LinkStory<'a> {
    judged: &'a [Judged],
    /// Those that were asked for, and why each other one was not.
    chosen: Vec<LinkId>,
    left_out: Vec<(LinkId, LeftOut)>,
    /// What came later.
    changes: Vec<(Instant, String)>,
    /// How often keys were renewed, and when last.
    rekeyed: Option<(u32, Instant)>,
}

impl<'a> LinkStory<'a> {
    fn hear(&mut self, record: &'a Record) {
        match &record.entry {
            Entry::Judged(judged) => self.judged = judged,
            Entry::Chosen { bssid, links, .. } => {
                self.chosen.clone_from(links);
                let chosen = self.judged.iter().find(|judged| judged.bssid == *bssid);
                let left_out = chosen.into_iter().flat_map(|judged| &judged.links);
                self.left_out = left_out.filter_map(|link| Some((link.id, link.left_out?))).collect();
            }
            Entry::Link { id, state } => self.changes.push((record.at, format!("link {id}: {state}"))),
            Entry::Links { links, removed, added } => {
                let part = |verb, links: &[LinkId]| {
                    (!links.is_empty()).then(|| format!("{verb} {}", numbers(links)))
                };
                let parts = [part("without", removed), part("with", added)].into_iter().flatten();
                let now = if links.is_empty() { "none".to_owned() } else { numbers(links) };
                let text = format!("{}: the links are {now} now", parts.collect::<Vec<_>>().join(", "));
                self.changes.push((record.at, text));
            }
            Entry::Rekeyed(_) => {
                let (count, _) = self.rekeyed.unwrap_or((0, record.at));
                self.rekeyed = Some((count.saturating_add(1), record.at));
            }
            _ => {}
        }
    }

    fn render(&self, text: &mut String, began: Instant) {
        // Writing into a text does not fail.
        if !self.chosen.is_empty() {
            let _done = writeln!(text, "  {:<14}{:>9}", "links", numbers(&self.chosen));
        }
        for (id, why) in &self.left_out {
            let _done = writeln!(text, "  link {id} left out: {}", why.text());
        }
        for (at, what) in &self.changes {
            let _done = writeln!(text, "  after {}: {what}", milliseconds(at.since(began)));
        }
        if let Some((count, last)) = self.rekeyed {
            let after = milliseconds(last.since(began));
            let _done = writeln!(text, "  keys renewed {count} times, last after {after}");
        }
    }
}

/// The numbers of links.
fn numbers(links: &[LinkId]) -> String {
    links.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The phase that was entered last ends here, unless it has ended.
fn leave(spans: &mut [Span], at: Instant) {
    if let Some(span) = spans.last_mut() {
        span.to.get_or_insert(at);
    }
}

/// A duration as people compare them: milliseconds, and seconds from ten on.
#[must_use]
pub fn milliseconds(duration: Duration) -> String {
    let micros = duration.as_micros();
    if duration >= Duration::from_secs(10) {
        format!("{}.{} s", duration.as_secs(), duration.subsec_millis() / 100)
    } else {
        format!("{}.{} ms", micros / 1000, micros % 1000 / 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lapwing_core::failure::{Code, Failure};
    use lapwing_core::kernel::Frequency;
    use lapwing_core::select::{JudgedLink, Verdict};
    use lapwing_core::station::LinkState;
    use lapwing_frames::management::StatusCode;
    use lapwing_frames::{MacAddr, Ssid};

    fn record(attempt: u32, micros: u64, entry: Entry) -> Record {
        let at = Instant::after_start(Duration::from_micros(5_000_000 + micros));
        Record { at, attempt: Some(AttemptId(attempt)), entry }
    }

    fn began(attempt: u32, cause: Cause) -> Record {
        record(attempt, 0, Entry::Began { ssid: Ssid::new(b"home\x1b").unwrap(), cause })
    }

    #[test]
    fn a_connection() {
        let records = [
            began(1, Cause::Automatic),
            record(1, 0, Entry::Entered(Phase::Scan)),
            record(1, 33_100, Entry::Entered(Phase::Select)),
            record(1, 33_110, Entry::Entered(Phase::Authenticate)),
            record(1, 40_000, Entry::Handshake("commit")),
            record(1, 45_060, Entry::Entered(Phase::Associate)),
            record(1, 47_060, Entry::Entered(Phase::Handshake)),
            record(1, 52_060, Entry::Entered(Phase::Secure)),
            record(1, 53_060, Entry::Entered(Phase::Address)),
            record(1, 12_053_060, Entry::Entered(Phase::Online)),
        ];
        let expected = "\
attempt 1: \"home\\u{1b}\", by itself
  scan            33.1 ms  #
  select           0.0 ms  #
  authenticate    11.9 ms  #
  associate        2.0 ms  #
  handshake        5.0 ms  #
  secure           1.0 ms  #
  address          12.0 s  ########################################
  online after     12.0 s
";
        assert_eq!(render(&records), expected);
    }

    #[test]
    fn the_story_of_links() {
        let id = |number| LinkId::new(number).unwrap();
        let bssid = MacAddr([2, 0, 0, 0, 0, 7]);
        let link = |number, left_out| JudgedLink { id: id(number), bssid, frequency: None, left_out };
        let judged = Judged {
            bssid,
            mld: Some(MacAddr([2, 0, 0, 0, 0, 6])),
            links: vec![link(0, None), link(1, None), link(2, Some(LeftOut::NotHeard)), link(3, None)],
            frequency: Frequency(2412),
            signal_dbm: None,
            verdict: Verdict::Usable { score: 1 },
        };
        let chosen = Entry::Chosen {
            bssid,
            frequency: Frequency(2412),
            signal_dbm: None,
            akm: None,
            pairwise: None,
            links: [0, 1, 3].map(id).to_vec(),
            cached_pmksa: false,
        };
        let links = |links: &[u8], removed: &[u8], added: &[u8]| {
            let [links, removed, added] =
                [links, removed, added].map(|links| links.iter().copied().map(id).collect());
            Entry::Links { links, removed, added }
        };
        let refused = LinkState::Refused(StatusCode::DeniedPoorChannelConditions);
        let records = [
            began(1, Cause::Automatic),
            record(1, 10, Entry::Judged(vec![judged])),
            record(1, 20, chosen),
            record(1, 1_000, Entry::Link { id: id(3), state: refused }),
            record(1, 2_000, Entry::Entered(Phase::Online)),
            record(1, 3_000, Entry::Link { id: id(1), state: LinkState::Disabled }),
            record(1, 4_000, Entry::Link { id: id(1), state: LinkState::Used }),
            record(1, 5_000, links(&[0], &[1], &[])),
            record(1, 6_000, Entry::Rekeyed("group keys")),
            record(1, 7_000, Entry::Rekeyed("group keys")),
            record(1, 12_000_000, links(&[0, 1], &[], &[1])),
            record(1, 13_000_000, links(&[], &[0, 1], &[])),
        ];
        let expected = "\
attempt 1: \"home\\u{1b}\", by itself
  online after     2.0 ms
  links           0, 1, 3
  link 2 left out: it was not heard
  after 1.0 ms: link 3: the access point refused it with status DeniedPoorChannelConditions(34)
  after 3.0 ms: link 1: the access point has disabled it for the moment
  after 4.0 ms: link 1: in use
  after 5.0 ms: without 1: the links are 0 now
  after 12.0 s: with 1: the links are 0, 1 now
  after 13.0 s: without 0, 1: the links are none now
  keys renewed 2 times, last after 7.0 ms
";
        assert_eq!(render(&records), expected);
    }

    #[test]
    fn a_failure_and_the_next_attempt() {
        let failure = Failure { phase: Phase::Authenticate, code: Code::WrongPassword };
        let records = [
            began(4, Cause::Asked),
            record(4, 0, Entry::Entered(Phase::Authenticate)),
            record(4, 20_000, Entry::Failed(failure.clone())),
            began(5, Cause::Retry(Difference::FreshScan)),
            record(5, 30_000, Entry::Entered(Phase::Scan)),
            record(5, 35_000, Entry::Entered(Phase::Online)),
            record(5, 99_000, Entry::Ended(Failure { phase: Phase::Online, code: Code::Asked })),
        ];
        let expected = "\
attempt 4: \"home\\u{1b}\", asked for
  authenticate    20.0 ms  ########################################
  after 20.0 ms: failed: the passphrase is wrong. Enter the passphrase again.
attempt 5: \"home\\u{1b}\", again, after a fresh scan
  scan             5.0 ms  ########################################
  online after    35.0 ms
  after 99.0 ms: ended: it was asked for
";
        assert_eq!(render(&records), expected);
        assert_eq!(render(&[]), "");
    }
}
