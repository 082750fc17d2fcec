//! Rules in a file: JSON.
//!
//! ```json
//! { "rules": [ { "source": "02:00:00:00:00:00", "destination": "02:00:00:00:01:00", "bidirectional": true,
//!               "signal": -71.5 },
//!             { "frame": "deauthentication", "drop": true, "times": 2 } ] }
//! ```
//!
//! Every member of a rule may be left out: `source` and `destination` (`any`, `multicast` or an address),
//! `bidirectional`, `frequency` (MHz), `frame` (a kind of frames), `prefix` and `bytes` (hexadecimal), `offset`,
//! `priority`, `times`, `signal` (dBm), `drop`, `drop-acknowledgement`, `loss` (percent), `delay` (ms), `duplicate`,
//! `corrupt`. A member that is none of these is an error: a rule that was meant differently would test nothing.

use crate::rule::{LATEST, LONGEST, MOST, Rule};
use core::fmt;
use core::time::Duration;
use serde_json::{Map, Value};

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFile {
    /// In which rule, counted from 1; none if it is the file as such.
    pub rule: Option<usize>,
    /// What.
    pub what: String,
}

impl fmt::Display for BadFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rule {
            Some(number) => write!(f, "rule {number}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl std::error::Error for BadFile {}

/// Reads the rules of a file.
///
/// # Errors
/// The first thing that is wrong.
pub fn parse(text: &str) -> Result<Vec<Rule>, BadFile> {
    let whole = |what: String| BadFile { rule: None, what };
    let value: Value = serde_json::from_str(text).map_err(|error| whole(error.to_string()))?;
    let object = value.as_object().ok_or_else(|| whole("an object is expected".into()))?;
    if let Some(other) = object.keys().find(|key| *key != "rules") {
        return Err(whole(format!("there is no \"{other}\"")));
    }
    let rules = object.get("rules").and_then(Value::as_array);
    let rules = rules.ok_or_else(|| whole("\"rules\" is to be a list".into()))?;
    if rules.len() > MOST {
        return Err(whole(format!("there may be {MOST} rules")));
    }
    let read = |(number, rule): (usize, &Value)| {
        let bad = |what| BadFile { rule: Some(number), what };
        let members = rule.as_object().ok_or_else(|| bad("an object is expected".into()))?;
        self::rule(members).map_err(bad)
    };
    (1..).zip(rules).map(read).collect()
}

fn rule(members: &Map<String, Value>) -> Result<Rule, String> {
    let mut rule = Rule::default();
    for (name, value) in members {
        let expected = |what: &str| format!("\"{name}\" is to be {what}, not {value}");
        let text = || value.as_str().ok_or_else(|| expected("a text"));
        let truth = || value.as_bool().ok_or_else(|| expected("true or false"));
        let number = |most: u64| {
            let number = value.as_u64().filter(|number| *number <= most);
            number.ok_or_else(|| expected(&format!("a number from 0 to {most}")))
        };
        let octets = || {
            let octets = text().map(octets)?.filter(|octets| octets.len() <= LONGEST);
            octets.ok_or_else(|| expected(&format!("at most {LONGEST} octets in hexadecimal")))
        };
        match name.as_str() {
            "source" => rule.source = text()?.parse().map_err(|_| expected("any or an address"))?,
            "destination" => {
                rule.destination = text()?.parse().map_err(|_| expected("any, multicast or an address"))?;
            }
            "bidirectional" => rule.bidirectional = truth()?,
            "frequency" => rule.frequency = u32::try_from(number(u64::from(u32::MAX))?).ok(),
            "frame" => rule.kind = Some(text()?.parse().map_err(|error| format!("{error}"))?),
            "prefix" => rule.prefix = octets()?,
            "bytes" => rule.bytes = octets()?,
            "offset" => rule.offset = u16::try_from(number(u64::from(u16::MAX))?).unwrap_or(u16::MAX),
            "priority" => {
                let priority = value.as_i64().and_then(|number| i16::try_from(number).ok());
                rule.priority = priority.ok_or_else(|| expected("a number of 16 bits"))?;
            }
            "times" => rule.times = u16::try_from(number(u64::from(u16::MAX))?).ok(),
            "signal" => {
                let signal = value.as_f64().filter(|signal| (-100.0..=0.0).contains(signal));
                rule.signal = Some(hundredths(signal.ok_or_else(|| expected("from -100 to 0"))?));
            }
            "drop" => rule.drop = truth()?,
            "drop-acknowledgement" => rule.drop_acknowledgement = truth()?,
            "loss" => rule.loss = u8::try_from(number(100)?).unwrap_or(100),
            "delay" => {
                let most = u64::try_from(LATEST.as_millis()).unwrap_or(u64::MAX);
                rule.delay = Duration::from_millis(number(most)?);
            }
            "duplicate" => rule.duplicate = truth()?,
            "corrupt" => rule.corrupt = truth()?,
            _ => return Err(format!("there is no \"{name}\"")),
        }
    }
    Ok(rule)
}

/// A signal in hundredths of dBm; it is known to lie between −100 and 0 dBm, so nothing is cut off.
#[expect(clippy::cast_possible_truncation, reason = "between -10000 and 0")]
fn hundredths(signal: f64) -> i16 {
    (signal * 100.0).round() as i16
}

/// Octets from pairs of hexadecimal digits.
fn octets(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let octet = |pair: &[u8; 2]| {
        let digits = core::str::from_utf8(pair).ok().filter(|_| pair.iter().all(u8::is_ascii_hexdigit))?;
        u8::from_str_radix(digits, 16).ok()
    };
    rest.is_empty().then(|| pairs.iter().map(octet).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::FrameKind;
    use crate::rule::End;

    #[test]
    fn a_rule_with_everything() {
        let text = r#"{"rules":[{"source":"02:00:00:00:00:01","destination":"multicast","bidirectional":true,
            "frequency":2412,"frame":"beacon","prefix":"8000","bytes":"ff","offset":24,"priority":-1,"times":3,
            "signal":-71.5,"drop":true,"drop-acknowledgement":false,"loss":10,"delay":50,"duplicate":true,
            "corrupt":true}]}"#;
        let expected = Rule {
            source: End::Radio("02:00:00:00:00:01".parse().unwrap()),
            destination: End::Group,
            bidirectional: true,
            frequency: Some(2412),
            kind: Some(FrameKind::Subtype(8)),
            prefix: vec![0x80, 0],
            bytes: vec![0xff],
            offset: 24,
            priority: -1,
            times: Some(3),
            enabled: true,
            signal: Some(-7150),
            drop: true,
            drop_acknowledgement: false,
            loss: 10,
            delay: Duration::from_millis(50),
            duplicate: true,
            corrupt: true,
        };
        assert_eq!(parse(text).unwrap(), [expected]);
        assert_eq!(parse(r#"{"rules":[{}]}"#).unwrap(), [Rule::default()]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, what) in [
            ("", "EOF"),
            ("[]", "an object"),
            (r#"{"rules":1}"#, "a list"),
            (r#"{"rule":[]}"#, "no \"rule\""),
            (r#"{"rules":[{},{"drop":1}]}"#, "rule 2: \"drop\""),
            (r#"{"rules":[{"dropp":true}]}"#, "no \"dropp\""),
            (r#"{"rules":[{"signal":3}]}"#, "from -100 to 0"),
            (r#"{"rules":[{"loss":101}]}"#, "from 0 to 100"),
            (r#"{"rules":[{"frame":"becon"}]}"#, "beacon"),
            (r#"{"rules":[{"prefix":"8"}]}"#, "hexadecimal"),
            (r#"{"rules":[{"prefix":"+8"}]}"#, "hexadecimal"),
            (r#"{"rules":[{"source":"x"}]}"#, "an address"),
            (r#"{"rules":[{"delay":10001}]}"#, "from 0 to 10000"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(what), "{text}: {error}");
        }
    }
}
