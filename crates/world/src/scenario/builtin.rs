//! The scenarios that are built in: the files of `crates/world/scenarios`.

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        /// Each with its name.
        pub(super) const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../scenarios/", $name, ".toml")))),*];
    };
}

files! {
    "open",
    "home",
    "tour",
    "crowd",
    "mlo",
    "mlo-three",
    "fullmac-external-sae",
    "fullmac-sae-offload",
    "fullmac-psk-offload",
    "fullmac-wpa2",
    "mlo-loop",
    "mlo-pmksa",
    "removed-link",
    "external-sae",
    "fast-transition",
    "restart-silent",
    "restart-goodbye",
    "small-reconnect",
    "small-links",
    "small-firmware",
    "small-two",
    "small-handshake",
    "small-mind",
    "small-attacker",
    "small-nine",
    "small-removal",
    "small-removal-three",
    "small-restart",
    "small-roam",
    "small-roam-over-ds",
    "small-roam-plain",
    "small-roam-shared",
}
