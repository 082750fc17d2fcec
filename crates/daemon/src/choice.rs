//! Which radios and interfaces are run, by their names.

use crate::glob;

/// Patterns of names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns(Vec<String>);

impl Patterns {
    /// Adds those of a list with commas.
    pub fn add(&mut self, list: &str) {
        self.0.extend(list.split(',').filter(|pattern| !pattern.is_empty()).map(str::to_owned));
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them fits the name.
    #[must_use]
    pub fn fit(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| glob::fits(pattern, name))
    }
}

impl From<&str> for Patterns {
    fn from(list: &str) -> Self {
        let mut patterns = Self::default();
        patterns.add(list);
        patterns
    }
}

/// What is run. A name that is excluded is not run though it is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The interfaces to run; the first of each radio if none is named.
    pub interfaces: Patterns,
    /// The interfaces to leave alone.
    pub not_interfaces: Patterns,
    /// The radios to run; each if none is named.
    pub radios: Patterns,
    /// The radios to leave alone.
    pub not_radios: Patterns,
}

impl Choice {
    /// Whether the radio of this name may be touched.
    #[must_use]
    pub fn has_radio(&self, name: &str) -> bool {
        (self.radios.is_empty() || self.radios.fit(name)) && !self.not_radios.fit(name)
    }

    /// Whether the interface of this name is run. `is_first` says that no other of its radio is.
    #[must_use]
    pub fn has_interface(&self, name: &str, is_first: bool) -> bool {
        let is_wanted = if self.interfaces.is_empty() { is_first } else { self.interfaces.fit(name) };
        is_wanted && !self.not_interfaces.fit(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_and_what_is_excluded() {
        let all = Choice::default();
        assert!(all.has_radio("phy0") && all.has_interface("wlan0", true));
        assert!(!all.has_interface("wlan1", false));
        let some = Choice {
            interfaces: "wlan*,wlp1s0".into(),
            not_interfaces: "wlan3".into(),
            radios: "phy[0-3],rad".into(),
            not_radios: "phy2".into(),
        };
        assert!(some.has_interface("wlp1s0", false) && some.has_interface("wlan1", false));
        assert!(!some.has_interface("wlan3", true) && !some.has_interface("eth0", true));
        assert!(some.has_radio("phy1") && some.has_radio("rad"));
        assert!(!some.has_radio("phy2") && !some.has_radio("phy4") && !some.has_radio("radio"));
    }
}
