use super::*;
use crate::networks::error::Problem;
use crate::networks::name::Security;
use lapwing_core::network::{Credentials, Network, Personal, Proven, TransitionDisable};
use lapwing_frames::Ssid;
use std::os::unix::fs::PermissionsExt;

/// A directory that goes away with the test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lapwing-store-{}-{name}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    fn store(&self) -> Store {
        Store::new(self.0.clone())
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn name(ssid: &[u8], security: Security) -> FileName {
    FileName { ssid: Ssid::new(ssid).unwrap(), security }
}

fn learned(ssid: &[u8]) -> Learned {
    Learned {
        ssid: Ssid::new(ssid).unwrap(),
        frequency: 5180,
        psk: Some(Secret::new(&[7; 32])),
        password_elements: Vec::new(),
        transition_disable: TransitionDisable::default(),
        proven: Proven::default(),
    }
}

/// The network that was joined.
fn home() -> Network {
    let passphrase = Some(Secret::new(b"secret123"));
    let personal = Personal { passphrase, ..Personal::default() };
    Network::new(Ssid::new(b"home").unwrap(), Credentials::Personal(personal))
}

fn learn(store: &mut Store, now: u64) -> Result<(), FileError> {
    store.learn(&name(b"home", Security::Personal), &home(), &learned(b"home"), now)?;
    store.flush()
}

#[test]
fn a_broken_file_is_told_and_left_and_the_others_work() {
    let directory = Directory::new("broken");
    directory.put("home.psk", "[Security]\nPassphrase=secret123\n");
    directory.put("bad.psk", "[Security]\nPassphrase\n");
    directory.put("missing.psk", "");
    directory.put("work.8021x", "");
    directory.put("notes.txt", "x");
    fs::create_dir(directory.0.join("dir.open")).unwrap();
    let mut store = directory.store();
    let loaded = store.load();
    assert_eq!(loaded.networks.len(), 1);
    let told: Vec<_> = loaded
        .errors
        .iter()
        .map(|error| (error.path.file_name().unwrap().to_str().unwrap().to_owned(), error.line))
        .collect();
    assert_eq!(
        told,
        [("bad.psk".to_owned(), Some(2)), ("dir.open".to_owned(), None), ("work.8021x".to_owned(), None)]
    );
    assert_eq!(loaded.lacking, [name(b"missing", Security::Personal)].into(), "it is asked for");
    assert!(loaded.errors[0].to_string().contains("bad.psk\", line 2: a line is a [Group]"));

    // The file breaks after it was read: it stays as it is.
    directory.put("home.psk", "[Security]\nPassphrase=secret123\nhalf a li");
    let error = learn(&mut store, 1).unwrap_err();
    assert!(matches!(error.problem, FileProblem::Content(Problem::NoEquals)));
    assert_eq!(error.line, Some(3));
    assert!(directory.text("home.psk").ends_with("half a li"));
}

#[test]
fn what_was_learned_is_written_once_and_for_the_owner_only() {
    let directory = Directory::new("learn");
    directory.put("home.psk", "# mine\n[Security]\nPassphrase=secret123\n");
    let mut store = directory.store();
    store.load();
    learn(&mut store, 1000).unwrap();
    let text = directory.text("home.psk");
    assert!(text.starts_with("# mine\n[Security]\nPassphrase=secret123\nPreSharedKey=0707"));
    let mode = fs::metadata(directory.0.join("home.psk")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let written = |file: &str| fs::metadata(directory.0.join(file)).unwrap();
    let inode = MetadataExt::ino(&written("home.psk"));
    learn(&mut store, 1001).unwrap();
    assert_eq!(MetadataExt::ino(&written("home.psk")), inode, "nothing new, nothing written");
    let names: Vec<_> = fs::read_dir(&directory.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_str().unwrap().ends_with(".tmp")), "{names:?}");

    let mut again = directory.store();
    let loaded = again.load();
    assert_eq!(loaded.networks[0].network.known_frequencies, [5180]);
    assert_eq!(loaded.networks[0].network.last_joined, Some(1001));
}

#[test]
fn a_directory_that_cannot_be_written_is_an_error_and_no_more() {
    let directory = Directory::new("link");
    directory.put("elsewhere", "[Security]\nPassphrase=secret123\n");
    std::os::unix::fs::symlink(directory.0.join("elsewhere"), directory.0.join("home.psk")).unwrap();
    let mut store = directory.store();
    assert_eq!(store.load().networks.len(), 1);
    let error = learn(&mut store, 1).unwrap_err();
    assert!(
        matches!(error.problem, FileProblem::Io(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem)
    );
    assert_eq!(directory.text("elsewhere"), "[Security]\nPassphrase=secret123\n");

    let mut store = Store::new(PathBuf::from("/nonexistent/lapwing"));
    let loaded = store.load();
    assert!(loaded.networks.is_empty() && loaded.errors.is_empty());
    assert!(learn(&mut store, 1).is_err());
}

#[test]
fn what_lies_in_wait_under_the_temporary_name_is_not_followed() {
    let directory = Directory::new("planted");
    directory.put("victim", "precious");
    directory.put("home.psk", "[Security]\nPassphrase=secret123\n");
    let planted = directory.0.join(format!("home.psk.{}.tmp", std::process::id()));
    std::os::unix::fs::symlink(directory.0.join("victim"), &planted).unwrap();
    let mut store = directory.store();
    store.load();
    learn(&mut store, 1).unwrap();
    assert_eq!(directory.text("victim"), "precious");
    assert!(fs::symlink_metadata(directory.0.join("home.psk")).unwrap().is_file());
    assert!(directory.text("home.psk").contains("PreSharedKey"));
}

#[test]
fn a_pipe_is_no_network_file_and_holds_nobody_up() {
    let directory = Directory::new("pipe");
    let path = directory.0.join("home.open");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let loaded = directory.store().load();
    assert_eq!((loaded.networks.len(), loaded.errors.len()), (0, 1));
}

#[test]
fn five_hundred_files_of_any_name() {
    let directory = Directory::new("many");
    let mut entropy = lapwing_core::entropy::SeededEntropy(1);
    for number in 0..500_u16 {
        let mut octets: [u8; 32] = random(&mut entropy);
        octets[..2].copy_from_slice(&number.to_be_bytes());
        let length = 2 + usize::from(number) % 31;
        let name = name(&octets[..length], Security::Personal);
        directory.put(&name.to_string(), "[Security]\nPassphrase=secret123\n");
    }
    let loaded = directory.store().load();
    assert_eq!((loaded.networks.len(), loaded.errors.len()), (500, 0));
}

#[test]
fn what_has_not_changed_is_not_read_again() {
    let directory = Directory::new("unchanged");
    let names = ["home.psk", "school.psk", "work.psk"];
    for file in names {
        directory.put(file, "[Security]\nPassphrase=secret123\n");
    }
    let mut store = directory.store();
    store.load();
    assert!(store.read.is_empty(), "changed a moment ago: the next change could not be told from it");
    store.tellable = Duration::ZERO;
    store.load();
    // What was noted is believed, not the file.
    for (_, known) in store.read.values_mut() {
        known.network.hidden = true;
    }
    directory.put("home.psk", "[Security]\nPassphrase=secret12\n");
    replace(&directory.0.join("work.psk"), b"[Security]\nPassphrase=secret124\n", 0o600).unwrap();
    let hidden = |store: &mut Store| -> Vec<bool> {
        store.load().networks.iter().map(|known| known.network.hidden).collect()
    };
    assert_eq!(hidden(&mut store), [false, true, false], "another length, the same, another file");
    directory.put("home.psk", "nonsense");
    fs::remove_file(directory.0.join("work.psk")).unwrap();
    let loaded = store.load();
    assert_eq!((loaded.networks.len(), loaded.errors.len(), store.read.len()), (1, 1, 1));
    assert_eq!(store.load().errors.len(), 1, "a broken file is told each time");
}

#[test]
fn what_was_only_given_its_time_is_not_read_again_and_what_was_written_since_is() {
    let directory = Directory::new("touched");
    directory.put("home.psk", "[Security]\nPassphrase=secret123\n");
    let home = name(b"home", Security::Personal);
    let mut store = directory.store();
    store.load();
    learn(&mut store, 1_000_000).unwrap();
    assert!(!store.is_as_read(&home), "written a moment ago");
    learn(&mut store, 1_000_007).unwrap();
    assert!(store.is_as_read(&home), "nothing was new but the time");
    store.load();
    assert!(store.is_as_read(&home));
    // An edit of the same length, in the same step of the clock perhaps.
    let text = directory.text("home.psk");
    directory.put("home.psk", &text.replace("secret123", "secret124"));
    assert!(!store.is_as_read(&home));
    let known = store.load().networks.remove(0);
    let other = Personal { passphrase: Some(Secret::new(b"secret124")), ..Personal::default() };
    let other = Network::new(home.ssid.clone(), Credentials::Personal(other));
    assert!(known.network.is_same(&other));
    // One of which nothing is known yet when it gets its time.
    directory.put("home.psk", &text);
    learn(&mut store, 1_000_014).unwrap();
    assert!(store.is_as_read(&home));
    assert!(!store.load().networks[0].network.is_same(&other));
}

#[test]
fn another_secret_has_proven_nothing() {
    let directory = Directory::new("proven");
    directory.put("home.psk", "[Security]\nPassphrase=secret123\n");
    let mut store = directory.store();
    store.load();
    let name = name(b"home", Security::Personal);
    let learned = Learned { proven: Proven(Proven::SAE), ..learned(b"home") };
    let known = store.learn(&name, &home(), &learned, 1).unwrap().unwrap();
    assert_eq!(known.network.proven, Proven(Proven::SAE));
    store.flush().unwrap();
    let proven = || directory.store().load().networks[0].network.proven;
    assert_eq!(proven(), Proven(Proven::SAE));
    // While nobody looks, the passphrase is edited.
    directory.put("home.psk", "[Security]\nPassphrase=secret124\n");
    assert_eq!(proven(), Proven(0));
    // What is learned with the old one does not get into the file.
    store.learn(&name, &home(), &learned, 2).unwrap();
    assert_eq!(directory.text("home.psk"), "[Security]\nPassphrase=secret124\n");
    assert!(!directory.text(".lapwing.memory").contains("secret12"));
}

#[test]
fn of_two_spellings_the_proper_one_counts() {
    let directory = Directory::new("spelling");
    directory.put("=686f6d65.psk", "[Security]\nPassphrase=wrong1234\n");
    directory.put("home.psk", "[Security]\nPassphrase=secret123\n");
    let mut store = directory.store();
    assert_eq!(store.load().networks.len(), 1);
    learn(&mut store, 1).unwrap();
    assert!(directory.text("home.psk").contains("PreSharedKey"));
    assert!(!directory.text("=686f6d65.psk").contains("PreSharedKey"));
}

#[test]
fn files_of_iwd_that_are_encrypted_are_read_and_written_so() {
    let directory = Directory::new("sealed");
    directory.put("home.psk", "# mine\n[Settings]\nHidden=true\n[Security]\nPassphrase=secret123\n");
    directory.put("cafe.open", "[Settings]\nHidden=true\n");
    directory.put("work.8021x", "[Security]\nEAP-Method=PWD\nEAP-Password=secret456\n");
    let seal = Seal::of_credential(b"abc123");
    let mut store = directory.store().sealed(seal.clone());
    let known = |loaded: Loaded| loaded.networks.into_iter().find(|known| known.network.hidden).unwrap();
    let loaded = store.load();
    assert_eq!(loaded.networks.len(), 2);
    assert!(loaded.networks.iter().all(|known| known.network.hidden));
    let text = directory.text("home.psk");
    assert!(!text.contains("secret123") && text.contains("EncryptedSecurity=") && text.contains("# mine"));
    assert!(directory.text("work.8021x").contains("secret456"), "it is not ours");
    assert_eq!(directory.text("cafe.open"), "[Settings]\nHidden=true\n");
    // What is learned is encrypted too, and nothing tells of the passphrase.
    learn(&mut store, 5).unwrap();
    store.set_autoconnect(&name(b"home", Security::Personal), false).unwrap();
    let text = directory.text("home.psk");
    assert!(
        !text.contains("0707") && !text.contains("Lapwing") && text.contains("AutoConnect=false"),
        "{text}"
    );
    let again = directory.store().sealed(seal).load();
    assert!(again.networks.iter().any(|known| match &known.network.credentials {
        Credentials::Personal(personal) => {
            personal.psk == Some(Secret::new(&[7; 32]))
                && personal.passphrase == Some(Secret::new(b"secret123"))
        }
        Credentials::Open => false,
    }));
    // Without the key it is told, and not damaged.
    let loaded = directory.store().load();
    assert!(loaded.unreadable[&name(b"home", Security::Personal)].contains("SystemdEncrypt"));
    assert_eq!(loaded.locked, [name(b"home", Security::Personal)].into());
    let other = directory.store().sealed(Seal::of_credential(b"other")).load();
    assert!(other.unreadable[&name(b"home", Security::Personal)].contains("another credential"));
    assert_eq!(directory.text("home.psk"), text);
    assert_eq!(known(loaded).name, name(b"cafe", Security::Open));
}

#[test]
fn a_full_disk_leaves_the_old_file_whole_and_nothing_else() {
    let directory = Directory::new("full");
    directory.put("home.psk", "[Security]\nPassphrase=secret123\n");
    let path = directory.0.join("home.psk");
    let error = replace_by(&path, 0o600, |file| {
        file.write_all(b"[Security]\nPass")?;
        Err(io::ErrorKind::StorageFull.into())
    });
    assert_eq!(error.unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_eq!(directory.text("home.psk"), "[Security]\nPassphrase=secret123\n");
    assert_eq!(fs::read_dir(&directory.0).unwrap().count(), 1);
}

#[test]
fn iwd_finds_the_channels_and_the_order_of_joining() {
    let directory = Directory::new("order");
    directory.put("home.psk", "[Security]\nPassphrase=secret123\n");
    let mut store = directory.store();
    store.load();
    learn(&mut store, 1_000_000).unwrap();
    let text = directory.text(memory::IWD_FREQUENCIES);
    let named = format!("name={}/home.psk\n", directory.0.display());
    assert!(text.starts_with('[') && text.contains("]\nlist=5180\n") && text.ends_with(&named), "{text}");
    let joined = || fs::metadata(directory.0.join("home.psk")).unwrap().mtime();
    assert_eq!(joined(), 1_000_000);
    // The next time nothing is new but the time.
    let inode = MetadataExt::ino(&fs::metadata(directory.0.join(memory::IWD_FREQUENCIES)).unwrap());
    learn(&mut store, 1_000_007).unwrap();
    assert_eq!(joined(), 1_000_007);
    let again = MetadataExt::ino(&fs::metadata(directory.0.join(memory::IWD_FREQUENCIES)).unwrap());
    assert_eq!(inode, again);
}

#[test]
fn what_another_device_hands_over_is_stored_before_it_is_joined_and_keeps_the_rest_of_the_file() {
    let directory = Directory::new("received");
    let file = directory.0.join("home.psk");
    fs::write(&file, "[Security]\nPassphrase=of before\n[Settings]\nAutoConnect=false\n").unwrap();
    let mut store = directory.store();
    store.load();
    let personal = |personal| Network::new(Ssid::new(b"home").unwrap(), Credentials::Personal(personal));
    let home = name(b"home", Security::Personal);
    // A key alone takes the place of a passphrase, and the other way round.
    let key = Personal { psk: Some(Secret::new(&[0xab; 32])), ..Personal::default() };
    let known = store.receive(&home, &personal(key), true, 1_000_000).unwrap();
    assert!(known.addressing.send_hostname && !known.network.autoconnect);
    assert_eq!(known.network.last_joined, None);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(&"ab".repeat(32)) && !text.contains("Passphrase"), "{text}");
    let passphrase = Personal { passphrase: Some(Secret::new(b"another one")), ..Personal::default() };
    store.receive(&home, &personal(passphrase), false, 1_000_000).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("Passphrase=another one") && !text.contains("PreSharedKey"), "{text}");
    assert!(text.contains("AutoConnect=false") && text.contains("SendHostname=true"), "{text}");
}
