//! Patterns of names, as a shell has them (POSIX `fnmatch` without flags): `*`, `?`, `[abc]`, `[!a-z]`,
//! `[[:digit:]]`, and a backslash before what is meant as it is.

/// Whether a name fits a pattern. A bracket that nothing closes is meant as it is.
#[must_use]
pub fn fits(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut at, mut read) = (0, 0);
    // Behind the last star: what it takes is grown when the rest does not fit, and no star before it needs to be.
    let mut back = None;
    loop {
        let step = match pattern.get(at) {
            Some('*') => {
                at += 1;
                back = Some((at, read));
                continue;
            }
            None if read == name.len() => return true,
            None => None,
            Some(_) => name.get(read).and_then(|&letter| one(pattern.get(at..)?, letter)),
        };
        if let Some(length) = step {
            at += length;
            read += 1;
        } else if let Some((star, taken)) = back.filter(|&(_, taken)| taken < name.len()) {
            back = Some((star, taken + 1));
            (at, read) = (star, taken + 1);
        } else {
            return false;
        }
    }
}

/// How long the part of the pattern is that stands for this letter, if it does.
fn one(pattern: &[char], letter: char) -> Option<usize> {
    match pattern {
        ['?', ..] => Some(1),
        ['\\', meant, ..] => (*meant == letter).then_some(2),
        ['[', set @ ..] => match bracket(set, letter) {
            Some((fits, length)) => fits.then_some(length + 1),
            None => (letter == '[').then_some(1),
        },
        [meant, ..] => (*meant == letter).then_some(1),
        [] => None,
    }
}

/// Whether the set behind a `[` has the letter, and its length with the closing bracket; nothing without one.
fn bracket(set: &[char], letter: char) -> Option<(bool, usize)> {
    let negated = matches!(set.first(), Some('!' | '^'));
    let mut at = usize::from(negated);
    let first = at;
    let mut has = false;
    loop {
        match set.get(at..)? {
            [']', ..] if at > first => return Some((has != negated, at + 1)),
            ['[', ':', rest @ ..] if rest.windows(2).any(|two| two == [':', ']']) => {
                let length = rest.windows(2).position(|two| two == [':', ']'])?;
                has |= is_of(&rest.get(..length)?.iter().collect::<String>(), letter);
                at += length + 4;
            }
            rest => {
                let (low, length) = member(rest)?;
                at += length;
                let range = match set.get(at..)? {
                    ['-', high, ..] if *high != ']' => member(set.get(at + 1..)?),
                    _ => None,
                };
                let high = range.map_or(low, |(high, _)| high);
                at += range.map_or(0, |(_, length)| length + 1);
                has |= (low..=high).contains(&letter);
            }
        }
    }
}

/// The first member of a set, and its length.
fn member(set: &[char]) -> Option<(char, usize)> {
    match set {
        ['\\', meant, ..] => Some((*meant, 2)),
        [meant, ..] => Some((*meant, 1)),
        [] => None,
    }
}

fn is_of(class: &str, letter: char) -> bool {
    match class {
        "alnum" => letter.is_ascii_alphanumeric(),
        "alpha" => letter.is_ascii_alphabetic(),
        "blank" => matches!(letter, ' ' | '\t'),
        "cntrl" => letter.is_ascii_control(),
        "digit" => letter.is_ascii_digit(),
        "graph" => letter.is_ascii_graphic(),
        "lower" => letter.is_ascii_lowercase(),
        "print" => letter.is_ascii_graphic() || letter == ' ',
        "punct" => letter.is_ascii_punctuation(),
        "space" => letter.is_ascii_whitespace() || letter == '\u{b}',
        "upper" => letter.is_ascii_uppercase(),
        "xdigit" => letter.is_ascii_hexdigit(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_and_names() {
        let yes = [
            ("wlan0", "wlan0"),
            ("wlan*", "wlan"),
            ("wl*p?s*", "wlx9p1s0"),
            ("*", ""),
            ("**a", "bba"),
            ("phy[0-36]", "phy6"),
            ("phy[!0-3]", "phy7"),
            ("phy[^0-3]", "phya"),
            ("[]x]", "]"),
            ("[[:digit:]a][[:upper:]]", "aZ"),
            ("\\*", "*"),
            ("[\\]]", "]"),
            ("[a", "[a"),
            ("[a-", "[a-"),
            ("[a-]", "-"),
            ("caf?", "caf\u{e9}"),
        ];
        for (pattern, name) in yes {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        let no = [
            ("wlan0", "wlan01"),
            ("wlan?", "wlan"),
            ("phy[0-3]", "phy4"),
            ("phy[!0-3]", "phy2"),
            ("", "a"),
            ("a\\", "a"),
            ("[[:digit:]]", "a"),
            ("[[:nonsense:]]", ":"),
            ("*a", "ab"),
        ];
        for (pattern, name) in no {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn many_stars_take_no_time() {
        assert!(!fits(&"*a".repeat(50), &"a".repeat(49)));
        assert!(!fits(&("*a".repeat(100) + "b"), &"a".repeat(1000)));
    }
}
