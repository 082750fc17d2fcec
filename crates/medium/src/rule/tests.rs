use super::*;

const A: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const B: MacAddr = MacAddr([2, 0, 0, 0, 0, 2]);
const BEACON: [u8; 24] = [0x80; 24];

fn way<'a>(from: &'a [MacAddr], to: Option<&'a [MacAddr]>) -> Way<'a> {
    Way { from, to, octets: &BEACON, frequency: 2412, acknowledgement: false }
}

#[test]
fn a_rule_is_about_its_ends() {
    let rule = Rule { source: End::Radio(A), destination: End::Radio(B), ..Rule::default() };
    assert!(rule.fits(&way(&[A], Some(&[B]))));
    assert!(!rule.fits(&way(&[B], Some(&[A]))));
    assert!(!rule.fits(&way(&[A], None)));
    let both = Rule { bidirectional: true, ..rule };
    assert!(both.fits(&way(&[B], Some(&[A]))));
    assert!(!both.fits(&way(&[A], Some(&[A]))));
    let group = Rule { destination: End::Group, ..Rule::default() };
    assert!(group.fits(&way(&[A], None)) && !group.fits(&way(&[A], Some(&[B]))));
}

#[test]
fn a_rule_is_about_its_frames() {
    let fits = |change: fn(&mut Rule)| {
        let mut rule = Rule::default();
        change(&mut rule);
        rule.fits(&way(&[A], Some(&[B])))
    };
    assert!(fits(|_| ()));
    assert!(!fits(|rule| rule.enabled = false));
    assert!(!fits(|rule| rule.times = Some(0)));
    assert!(!fits(|rule| rule.frequency = Some(5180)));
    assert!(fits(|rule| rule.prefix = vec![0x80, 0x80]));
    assert!(!fits(|rule| rule.prefix = vec![0x81]));
    // A frame that is shorter than what is looked for does not have it.
    assert!(!fits(|rule| rule.prefix = vec![0x80; 25]));
    assert!(fits(|rule| (rule.bytes, rule.offset) = (vec![0x80], 23)));
    assert!(!fits(|rule| (rule.bytes, rule.offset) = (vec![0x80], 24)));
    assert!(fits(|rule| rule.kind = Some(FrameKind::Subtype(8))));
    assert!(!fits(|rule| rule.kind = Some(FrameKind::Data)));
}

#[test]
fn the_higher_priority_decides_and_then_the_older() {
    let mut rules = Rules::default();
    let signal = |signal| Rule { signal: Some(signal), ..Rule::default() };
    let first = rules.add(signal(-4000)).unwrap();
    let second = rules.add(signal(-5000)).unwrap();
    let judged = |rules: &Rules| {
        let mut effect = Effect::default();
        rules.judge(&way(&[A], Some(&[B])), &mut effect);
        effect.signal
    };
    assert_eq!(judged(&rules), -4000);
    assert!(rules.change(second, |rule| rule.priority = 1));
    assert_eq!(judged(&rules), -5000);
    assert!(rules.remove(second) && !rules.remove(second));
    assert_eq!(judged(&rules), -4000);
    assert!(rules.remove(first));
    assert_eq!(judged(&rules), USUAL_SIGNAL);
}

#[test]
fn a_rule_that_is_used_up_is_about_nothing() {
    let mut rules = Rules::default();
    let rule = rules.add(Rule { drop: true, times: Some(1), ..Rule::default() }).unwrap();
    let mut effect = Effect::default();
    let about = rules.judge(&way(&[A], Some(&[B])), &mut effect);
    assert_eq!((about.as_slice(), effect.drop), (&[rule][..], true));
    rules.count(&about);
    assert!(rules.judge(&way(&[A], Some(&[B])), &mut Effect::default()).is_empty());
}

#[test]
fn an_acknowledgement_is_spared_if_the_rule_says_so() {
    let mut effect = Effect::default();
    let rule = Rule { drop: true, drop_acknowledgement: false, ..Rule::default() };
    rule.apply(true, &mut effect);
    assert!(!effect.drop);
    rule.apply(false, &mut effect);
    assert!(effect.drop);
}

#[test]
fn there_is_a_bound() {
    let mut rules = Rules::default();
    for _ in 0..MOST {
        assert!(rules.add(Rule::default()).is_some());
    }
    assert!(rules.add(Rule::default()).is_none());
}

#[test]
fn ends_are_read_and_written() {
    for text in ["any", "multicast", "02:00:00:00:00:01"] {
        assert_eq!(text.parse::<End>().unwrap().to_string(), text);
    }
    assert_eq!("ff:ff:ff:ff:ff:ff".parse::<End>().unwrap(), End::Group);
    assert!("somebody".parse::<End>().is_err());
}
