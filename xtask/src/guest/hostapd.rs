//! What an access point is to be: a configuration for hostapd.

use crate::guest::network::hexadecimal;
use std::fmt::Write;

/// A configuration: a name, its security, and whatever a scenario changes.
#[derive(Clone, Debug)]
pub(crate) struct Hostapd {
    pub(crate) ssid: Vec<u8>,
    channel: u8,
    settings: Vec<(String, String)>,
    /// The open network beside an OWE network in transition mode.
    pub(crate) open_twin: Option<Vec<u8>>,
    /// Whether hostapd is to spare itself the log of all that it does.
    pub(crate) quiet: bool,
}

impl Hostapd {
    /// No security.
    pub(crate) fn open(ssid: impl AsRef<[u8]>) -> Self {
        Self {
            ssid: ssid.as_ref().to_owned(),
            channel: 1,
            settings: Vec::new(),
            open_twin: None,
            quiet: false,
        }
    }

    /// WPA2 with a passphrase and CCMP.
    pub(crate) fn wpa2(ssid: impl AsRef<[u8]>, passphrase: &str) -> Self {
        Self::secured(ssid, "WPA-PSK", "0").set("wpa_passphrase", passphrase)
    }

    /// The first WPA with a passphrase and TKIP, and beside it WPA2 with CCMP if both are wanted.
    pub(crate) fn first_wpa(ssid: impl AsRef<[u8]>, passphrase: &str, with_wpa2: bool) -> Self {
        let config = Self::wpa2(ssid, passphrase).set("wpa_pairwise", "TKIP").set("wpa_group_rekey", 4);
        if with_wpa2 { config.set("wpa", 3) } else { config.set("wpa", 1) }
    }

    /// WPA2 with a passphrase, SHA-256 and protected management frames.
    pub(crate) fn psk_sha256(ssid: impl AsRef<[u8]>, passphrase: &str) -> Self {
        Self::secured(ssid, "WPA-PSK-SHA256", "2").set("wpa_passphrase", passphrase)
    }

    /// WPA3: SAE with hash-to-element only.
    pub(crate) fn wpa3(ssid: impl AsRef<[u8]>, password: &str) -> Self {
        Self::secured(ssid, "SAE", "2").set("sae_password", password).set("sae_pwe", "1")
    }

    /// SAE as it came first: hunting and pecking only.
    pub(crate) fn wpa3_loop(ssid: impl AsRef<[u8]>, password: &str) -> Self {
        Self::wpa3(ssid, password).set("sae_pwe", "0")
    }

    /// SAE with the hash that follows the group (AKM 24), GCMP-256 and BIP-GMAC-256.
    pub(crate) fn wpa3_256(ssid: impl AsRef<[u8]>, password: &str) -> Self {
        Self::wpa3(ssid, password)
            .set("wpa_key_mgmt", "SAE-EXT-KEY")
            .set("rsn_pairwise", "GCMP-256")
            .set("group_cipher", "GCMP-256")
            .set("group_mgmt_cipher", "BIP-GMAC-256")
    }

    /// WPA2 and WPA3 with one passphrase.
    pub(crate) fn transition(ssid: impl AsRef<[u8]>, passphrase: &str) -> Self {
        Self::secured(ssid, "WPA-PSK SAE", "1").set("wpa_passphrase", passphrase).set("sae_pwe", "2")
    }

    /// Encryption without a secret.
    pub(crate) fn owe(ssid: impl AsRef<[u8]>) -> Self {
        Self::secured(ssid, "OWE", "2")
    }

    /// An open network that leads those who can to a hidden one with OWE.
    pub(crate) fn owe_transition(ssid: impl AsRef<[u8]>) -> Self {
        let hidden = [ssid.as_ref(), b"-owe"].concat();
        let mut own = Self::owe(hidden).set("ignore_broadcast_ssid", "1");
        own.open_twin = Some(ssid.as_ref().to_owned());
        own
    }

    /// Sets one of hostapd's settings, instead of an earlier value.
    pub(crate) fn set(mut self, name: &str, value: impl ToString) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.into(), value.to_string()));
        self
    }

    /// The groups that SAE offers.
    pub(crate) fn sae_groups(self, groups: &[u16]) -> Self {
        let groups: Vec<_> = groups.iter().map(u16::to_string).collect();
        self.set("sae_groups", groups.join(" "))
    }

    /// Is on another channel than the first.
    pub(crate) fn channel(mut self, number: u8) -> Self {
        self.channel = number;
        self
    }

    /// Does not tell the name.
    pub(crate) fn hidden(self) -> Self {
        self.set("ignore_broadcast_ssid", "1")
    }

    /// Leaves no log that would take the time of what is measured.
    pub(crate) fn quiet(self) -> Self {
        Self { quiet: true, ..self }.set("logger_stdout_level", 4)
    }

    /// The text of the file. `second` is the interface of the open twin, if there is one.
    pub(crate) fn text(&self, interface: &str, control: &str, second: &str) -> String {
        let mut text = format!(
            "driver=nl80211\ninterface={interface}\nctrl_interface={control}\nhw_mode={}\nchannel={}\nieee80211n=1\n\
             logger_stdout=-1\nlogger_stdout_level=0\n{}",
            if self.channel > 14 { "a" } else { "g" },
            self.channel,
            self.network()
        );
        if let Some(open) = &self.open_twin {
            let twin = Self::open(open);
            let lines = format!("owe_transition_ifname={second}\n\nbss={second}\n");
            let back = format!("owe_transition_ifname={interface}\n");
            let _ = write!(text, "{lines}ctrl_interface={control}\n{}{back}", twin.network());
        }
        text
    }

    fn network(&self) -> String {
        let mut text = format!("ssid2={}\n", hexadecimal(&self.ssid));
        for (name, value) in &self.settings {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name}={value}");
        }
        text
    }

    fn secured(ssid: impl AsRef<[u8]>, akm: &str, protected_management: &str) -> Self {
        Self::open(ssid)
            .set("wpa", "2")
            .set("wpa_key_mgmt", akm)
            .set("rsn_pairwise", "CCMP")
            .set("ieee80211w", protected_management)
    }
}
