//! Setting what a rule is about.

use crate::rule::{End, LATEST, LONGEST, Rule};
use core::time::Duration;
use lapwingd::bus::value::Value;

/// The weakest signal that a client may ask for, in hundredths of dBm.
const WEAKEST: i16 = -10_000;

/// Sets a property of a rule; nothing if the value is none for it.
pub(super) fn set(rule: &mut Rule, name: &str, value: &Value) -> Option<()> {
    match (name, value) {
        ("Source", Value::Text(text)) => {
            rule.source = text.parse().ok().filter(|source| *source != End::Group)?;
        }
        ("Destination", Value::Text(text)) => rule.destination = text.parse().ok()?,
        ("Bidirectional", Value::Boolean(set)) => rule.bidirectional = *set,
        ("Frequency", Value::Uint32(frequency)) => rule.frequency = Some(*frequency).filter(|f| *f != 0),
        ("Priority", Value::Int16(priority)) => rule.priority = *priority,
        ("SignalStrength", Value::Int16(signal @ WEAKEST..=0)) => {
            rule.signal = Some(*signal).filter(|signal| *signal != 0);
        }
        ("Drop", Value::Boolean(set)) => rule.drop = *set,
        ("Delay", Value::Uint32(delay)) => {
            rule.delay = Some(Duration::from_millis((*delay).into())).filter(|delay| *delay <= LATEST)?;
        }
        ("Prefix", value) => rule.prefix = octets(value)?,
        ("MatchBytes", value) => rule.bytes = octets(value)?,
        ("MatchBytesOffset", Value::Uint16(offset)) => rule.offset = *offset,
        ("Enabled", Value::Boolean(set)) => rule.enabled = *set,
        ("MatchTimes", Value::Uint16(times)) => rule.times = Some(*times).filter(|times| *times != u16::MAX),
        ("DropAck", Value::Boolean(set)) => rule.drop_acknowledgement = *set,
        ("FrameKind", Value::Text(text)) if text.is_empty() => rule.kind = None,
        ("FrameKind", Value::Text(text)) => rule.kind = Some(text.parse().ok()?),
        ("Loss", Value::Byte(loss @ 0..=100)) => rule.loss = *loss,
        ("Duplicate", Value::Boolean(set)) => rule.duplicate = *set,
        ("Corrupt", Value::Boolean(set)) => rule.corrupt = *set,
        _ => return None,
    }
    Some(())
}

/// The octets of a value of type `ay`, if they are not too many.
fn octets(value: &Value) -> Option<Vec<u8>> {
    super::wishes::octets(value).filter(|octets| octets.len() <= LONGEST)
}
