//! Radios without an interface: iwd takes its own along when it ends, and so do other programs.

use super::{Linux, Purpose, Surveyed};
use crate::kernel::Heard;
use lapwing_linux::nl80211::{self, iftype};

impl Linux {
    /// Tells of radios that have no interface. Nothing is said before all of them are known.
    pub(super) fn look_for_bare_radios(&mut self) {
        if self.surveyed == Surveyed::Nothing || self.links.is_empty() {
            return;
        }
        let fresh = self.surveyed == Surveyed::All;
        self.surveyed = Surveyed::All;
        self.furnished.retain(|wiphy| self.radios.contains_key(wiphy));
        for (&wiphy, radio) in &self.radios {
            if self.furnished.insert(wiphy) && !self.is_furnished(wiphy) {
                let name = free_name(wiphy, |name| self.links.values().any(|link| link.name == name));
                let radio_name = radio.name.clone();
                self.heard.push_back(Heard::BareRadio { wiphy, radio_name, name, fresh });
            }
        }
    }

    fn is_furnished(&self, wiphy: u32) -> bool {
        self.interfaces.values().any(|info| info.interface.wiphy == wiphy)
    }

    pub(super) fn make_interface(&mut self, wiphy: u32, name: String) {
        if self.radios.contains_key(&wiphy) && !self.is_furnished(wiphy) {
            let request = nl80211::Request::NewInterface {
                wiphy,
                name,
                iftype: iftype::STATION,
                address: None,
                owned: true,
            };
            self.ask(&request, Purpose::NewInterface { wiphy });
        }
    }
}

/// The first name that no interface has, from that with the number of the radio on.
fn free_name(wiphy: u32, is_taken: impl Fn(&str) -> bool) -> String {
    let mut names = (wiphy..=u32::MAX).map(|number| format!("wlan{number}"));
    // There are fewer interfaces than numbers.
    names.find(|name| !is_taken(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_gets_a_name_that_no_other_has() {
        assert_eq!(free_name(3, |_| false), "wlan3");
        assert_eq!(free_name(0, |name| ["wlan0", "wlan1", "wlan3"].contains(&name)), "wlan2");
    }
}
