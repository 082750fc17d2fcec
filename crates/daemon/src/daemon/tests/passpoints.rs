//! Profiles of others' hotspots: they are listed, changed and forgotten.

use super::desk::{DONE, Desk, error};
use crate::control::{Call, CallError, PasspointView};
use std::fs;

const PROFILE: &str = "[Security]\nEAP-Method=TTLS\n[Hotspot]\nNAIRealmNames=realm1.random.net,example.com\n\
    Name=Hotspot Network\n[Settings]\nAutoConnect=False\n";

#[test]
fn profiles_are_listed_changed_and_forgotten() {
    let mut desk = Desk::new("passpoints", Vec::new(), &[]);
    let directory = desk.directory.join("state/hotspot");
    fs::create_dir(&directory).unwrap();
    let file = directory.join("hotspot.conf");
    fs::write(&file, PROFILE).unwrap();
    // What is none is told and left alone, and another of the same realms does not count.
    fs::write(directory.join("broken.conf"), "[Hotspot]\nName=x\n").unwrap();
    fs::write(directory.join("second.conf"), PROFILE.replace("Hotspot Network", "Other")).unwrap();
    fs::write(directory.join("notes.txt"), "mine").unwrap();
    desk.daemon.reload(desk.now);
    let passpoints = desk.view().passpoints;
    let [PasspointView { id, name, hidden: false, autoconnect: false }] = &passpoints[..] else {
        panic!("{passpoints:?}")
    };
    assert_eq!(name, "Hotspot Network");
    assert_eq!(desk.ask(Call::SetPasspointAutoconnect { id: *id, on: true }), DONE);
    assert!(desk.view().passpoints[0].autoconnect);
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text, PROFILE.replace("False", "true"));
    assert_eq!(desk.ask(Call::ForgetPasspoint { id: *id }), DONE);
    assert!(desk.view().passpoints.is_empty() && !file.exists());
    assert!(matches!(error(desk.ask(Call::ForgetPasspoint { id: *id })), CallError::NotFound(_)));
    assert!(directory.join("broken.conf").exists());
}
