//! What clients ask, and what they are answered.

use super::super::*;
use super::air::Air;
use super::ap::{Ap, Setup};
use crate::control::{Answer, Call, CallError, CodeId, News, Party, SecretAnswer, SecretId, Unwanted, View};
use crate::networks::name::Security;
use lapwing_core::Secret;
use lapwing_core::curve::PureCurves;
use lapwing_core::entropy::SeededEntropy;
use lapwing_core::failure::Code;
use lapwing_core::kernel::Request;
use lapwing_core::radio::{Radio, SignalWatch};
use lapwing_frames::suite::{Akm, Cipher};
use lapwing_frames::{MacAddr, Ssid};
use std::fs;

const PASSPHRASE: &[u8] = b"correct horse battery";

/// A daemon with one interface, its clock and its directory.
pub(super) struct Desk {
    pub(super) daemon: Daemon<Air>,
    pub(super) now: Now,
    pub(super) directory: PathBuf,
    next: u64,
    /// The answers, each call's with its number.
    answers: Vec<(u64, Result<Answer, CallError>)>,
    wanted: Vec<SecretId>,
    unwanted: Vec<(SecretId, Unwanted)>,
    /// The questions for codes of devices, and those that were taken back.
    pub(super) codes: Vec<(CodeId, Party, String)>,
    pub(super) unwanted_codes: Vec<(CodeId, Unwanted)>,
}

impl Desk {
    pub(super) fn new(name: &str, setups: Vec<Setup>, files: &[(&str, &str)]) -> Self {
        let directory = std::env::temp_dir().join(format!("lapwing-calls-{}-{name}", std::process::id()));
        drop(fs::remove_dir_all(&directory));
        fs::create_dir_all(directory.join("state")).unwrap();
        for (file, text) in files {
            fs::write(directory.join("state").join(file), text).unwrap();
        }
        let options = Options {
            choice: Choice::default(),
            developer: false,
            network_configuration: false,
            ipv6: true,
            runtime: directory.clone(),
            hostname: None,
            hotspot_blocks: Vec::new(),
            station: station::Settings::default(),
        };
        let store = Store::new(directory.join("state"));
        let air = Air::new(setups.into_iter().map(Ap::new).collect());
        let now = Now { clock: air.now, wall: 1_000_000 };
        let entropy = Box::new(SeededEntropy(1));
        let daemon = Daemon::new(air, options, store, entropy, Box::new(PureCurves));
        let mut this = Self {
            daemon,
            now,
            directory,
            next: 0,
            answers: Vec::new(),
            wanted: Vec::new(),
            unwanted: Vec::new(),
            codes: Vec::new(),
            unwanted_codes: Vec::new(),
        };
        let mut found = super::Run::found(3, 0);
        found.radio.ciphers = vec![Cipher::Ccmp128, Cipher::BipCmac128];
        this.daemon.hear(now, Heard::Appeared(found));
        this.pass(Duration::from_secs(1));
        this
    }

    /// Hears all that is there, and fetches the news.
    pub(super) fn settle(&mut self) {
        let now = self.now;
        self.daemon.kernel.now = now.clock;
        // As the loop does it: who waits is answered before the rest is done.
        loop {
            let listened = self.daemon.listen_to_answer(|| now).unwrap();
            for news in self.daemon.take_news() {
                match news {
                    News::Answered { call, outcome } => self.answers.push((call.0, outcome)),
                    News::SecretWanted { secret, .. } => self.wanted.push(secret),
                    News::SecretUnwanted { secret, why } => self.unwanted.push((secret, why)),
                    News::CodeWanted { code, agent, identifier } => {
                        self.codes.push((code, agent, identifier));
                    }
                    News::CodeUnwanted { code, why } => self.unwanted_codes.push((code, why)),
                    _ => {}
                }
            }
            if listened != Listened::ToAnswer {
                break;
            }
        }
        // Now that everybody was told, the disk may take its time.
        self.daemon.settle(now);
    }

    /// Lets time pass, from deadline to deadline.
    pub(super) fn pass(&mut self, time: Duration) {
        self.settle();
        let end = self.now.clock + time;
        while let Some(deadline) = self.daemon.next_deadline().filter(|&deadline| deadline <= end) {
            self.now.clock = deadline.max(self.now.clock);
            self.daemon.kernel.now = self.now.clock;
            self.daemon.tick(self.now);
            self.settle();
        }
        self.now.clock = end;
    }

    /// Makes a call without waiting.
    pub(super) fn begin(&mut self, call: Call) -> u64 {
        self.next += 1;
        self.daemon.call(self.now, CallId(self.next), call);
        self.next
    }

    /// The answer to a call, of which there is one at most.
    pub(super) fn answer(&mut self, id: u64) -> Option<Result<Answer, CallError>> {
        self.settle();
        let answers: Vec<_> = self.answers.iter().filter(|(call, _)| *call == id).collect();
        assert!(answers.len() <= 1, "{answers:?}");
        answers.first().map(|(_, outcome)| outcome.clone())
    }

    /// Makes a call and lets a little time pass.
    pub(super) fn ask(&mut self, call: Call) -> Option<Result<Answer, CallError>> {
        let id = self.begin(call);
        self.pass(Duration::from_secs(2));
        self.answer(id)
    }

    pub(super) fn connect(&mut self, name: &str, security: Security) -> u64 {
        let id = self.begin(Call::Connect { ifindex: 3, network: file(name, security) });
        self.settle();
        id
    }

    /// Answers the latest question for a secret.
    fn say(&mut self, passphrase: &[u8]) {
        self.settle();
        let secret = *self.wanted.last().unwrap();
        self.daemon.secret(self.now, secret, SecretAnswer::Passphrase(Secret::new(passphrase)));
        self.pass(Duration::from_secs(5));
    }

    pub(super) fn view(&self) -> View {
        self.daemon.view(self.now)
    }

    fn current(&self) -> Option<String> {
        let device = self.view().devices.into_iter().next()?;
        device.connected?;
        device.network.map(|name| name.to_string())
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.directory.join("state").join(file)).unwrap_or_default()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.directory));
    }
}

fn file(name: &str, security: Security) -> FileName {
    FileName { ssid: Ssid::new(name.as_bytes()).unwrap(), security }
}

pub(super) fn setups() -> Vec<Setup> {
    vec![
        Setup::new(b"cafe", 2, &[]),
        Setup::new(b"home", 4, &[Akm::Sae]),
        Setup { hidden: true, ..Setup::new(b"secret", 6, &[Akm::Sae]) },
        Setup::new(b"work", 8, &[Akm::Ieee8021xSha256]),
    ]
}

const DISCONNECT: Call = Call::Disconnect { ifindex: 3 };
pub(super) const DONE: Option<Result<Answer, CallError>> = Some(Ok(Answer::Done));

pub(super) fn error(answer: Option<Result<Answer, CallError>>) -> CallError {
    answer.unwrap().unwrap_err()
}

#[test]
fn an_open_network_is_joined_stored_left_and_forgotten() {
    let mut desk = Desk::new("open", setups(), &[]);
    assert_eq!(desk.ask(Call::Scan { ifindex: 3 }), DONE);
    let names: Vec<_> = desk.view().devices[0].networks.iter().map(|it| it.name.to_string()).collect();
    assert_eq!(names, ["cafe.open", "home.psk", "work.8021x"], "by signal");
    assert_eq!(desk.view().devices[0].hidden.len(), 1);
    let call = desk.connect("cafe", Security::Open);
    desk.pass(Duration::from_secs(2));
    assert_eq!(desk.answer(call), DONE);
    let heard = desk.view().devices[0].networks.clone();
    assert_eq!(heard[0].name.to_string(), "cafe.open");
    let again = desk.view().devices[0].networks.clone();
    assert!(std::sync::Arc::ptr_eq(&heard, &again), "what has not changed is not looked at again");
    assert_eq!(desk.current().as_deref(), Some("cafe.open"));
    assert!(desk.directory.join("state/cafe.open").exists());
    assert!(desk.text(".lapwing.memory").contains("[cafe.open]"));
    assert_eq!(desk.view().known[0].last_joined, Some(1_000_000));
    // Again: it is so already.
    let call = desk.connect("cafe", Security::Open);
    assert_eq!(desk.answer(call), DONE);
    let Some(Ok(Answer::Diagnostics(figures))) = desk.ask(Call::Diagnose { ifindex: 3 }) else { panic!() };
    assert_eq!(figures.figures.signal_dbm, Some(-41));
    let Some(Ok(Answer::Links(links))) = desk.ask(Call::Links { ifindex: 3 }) else { panic!() };
    assert_eq!(links.verdict, "one link: the access point has no others; daemon and kernel agree.");
    let shown = desk.view().devices[0].links.clone().unwrap();
    assert_eq!(links.links.iter().map(|report| report.link).collect::<Vec<_>>(), shown.links);
    let Some(Ok(Answer::Timeline(text))) = desk.ask(Call::Timeline { ifindex: 3 }) else { panic!() };
    assert!(text.contains("cafe"), "{text}");
    // Who leaves stays away.
    assert_eq!(desk.ask(DISCONNECT), DONE);
    desk.pass(Duration::from_secs(120));
    assert_eq!((desk.current(), desk.daemon.kernel.peer), (None, None));
    assert_eq!(desk.ask(DISCONNECT), DONE, "as in iwd");
    assert_eq!(error(desk.ask(Call::Diagnose { ifindex: 3 })), CallError::NotConnected);
    assert_eq!(error(desk.ask(Call::Links { ifindex: 3 })), CallError::NotConnected);
    assert_eq!(desk.view().devices[0].links, None);

    let call = desk.connect("cafe", Security::Open);
    desk.pass(Duration::from_secs(2));
    assert_eq!(desk.answer(call), DONE);
    let network = file("cafe", Security::Open);
    assert_eq!(desk.ask(Call::SetAutoconnect { network: network.clone(), on: false }), DONE);
    assert_eq!(desk.text("cafe.open"), "[Settings]\nAutoConnect=false\n");
    assert_eq!(desk.ask(Call::Forget { network: network.clone() }), DONE);
    assert_eq!(desk.current(), None);
    assert!(!desk.directory.join("state/cafe.open").exists());
    assert!(!desk.text(".lapwing.memory").contains("cafe"));
    assert!(matches!(error(desk.ask(Call::Forget { network })), CallError::NotFound(_)));
}

#[test]
fn a_passphrase_is_asked_for_and_kept_only_when_it_was_right() {
    let mut desk = Desk::new("secret", setups(), &[]);
    desk.ask(Call::Scan { ifindex: 3 });
    for (answer, wanted) in [
        (SecretAnswer::Canceled, CallError::Aborted),
        (SecretAnswer::NoAgent, CallError::NoAgent),
        (SecretAnswer::Garbage("It is a number."), CallError::BadSecret("It is a number.")),
        (
            SecretAnswer::Passphrase(Secret::new(b"")),
            CallError::BadSecret("A passphrase has 1 to 255 octets."),
        ),
        (
            SecretAnswer::Passphrase(Secret::new(b"line\nbreak")),
            CallError::BadSecret("A passphrase has no control characters."),
        ),
        (
            SecretAnswer::Passphrase(Secret::new(b"\xff\xff\xff\xff\xff\xff\xff\xff")),
            CallError::BadSecret("A passphrase is text in UTF-8."),
        ),
    ] {
        let call = desk.connect("home", Security::Personal);
        assert_eq!(desk.answer(call), None);
        let secret = *desk.wanted.last().unwrap();
        desk.daemon.secret(desk.now, secret, answer.clone());
        // Twice: the second changes nothing.
        desk.daemon.secret(desk.now, secret, answer);
        assert_eq!(error(desk.answer(call)), wanted);
    }
    let call = desk.connect("home", Security::Personal);
    desk.say(b"wrong horse");
    let CallError::Failed(why) = error(desk.answer(call)) else { panic!() };
    assert_eq!(why.code, Code::WrongPassword);
    desk.pass(Duration::from_secs(60));
    assert_eq!(desk.view().known, []);
    assert!(!desk.directory.join("state/home.psk").exists(), "a wrong passphrase is never stored");
    assert_eq!(desk.daemon.kernel.aps[1].full_authentications, 0);

    let call = desk.connect("home", Security::Personal);
    desk.say(PASSPHRASE);
    assert_eq!(desk.answer(call), DONE);
    let text = desk.text("home.psk");
    assert!(text.starts_with("[Security]\nPassphrase=correct horse battery\nSAE-PT-Group19="), "{text}");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(desk.directory.join("state/home.psk")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    // What was stored can be read.
    assert!(!desk.daemon.load(), "the file says what is known already");
}

#[test]
fn a_stored_secret_that_is_wrong_is_asked_for_again_and_replaced_by_a_right_one() {
    let files = [("home.psk", "# mine\n[Security]\nPassphrase=wrong horse\n[IPv4]\nAddress=192.0.2.9\n")];
    let mut desk = Desk::new("replace", setups(), &files);
    desk.pass(Duration::from_secs(30));
    assert_eq!(desk.current(), None);
    for wrong in [&b"also wrong"[..], b"no better"] {
        let call = desk.connect("home", Security::Personal);
        desk.say(wrong);
        assert!(matches!(error(desk.answer(call)), CallError::Failed(_)));
        assert_eq!(desk.text("home.psk"), files[0].1);
    }
    let call = desk.connect("home", Security::Personal);
    desk.say(PASSPHRASE);
    assert_eq!(desk.answer(call), DONE);
    let text = desk.text("home.psk");
    assert!(text.starts_with("# mine\n[Security]\nPassphrase=correct horse battery\n"), "{text}");
    assert!(text.contains("[IPv4]\nAddress=192.0.2.9\n"));
}

#[test]
fn a_file_that_was_written_a_moment_ago_counts_for_who_asks_to_connect() {
    // So does NetworkManager: it writes a file, and asks before the change can have been heard of.
    let files = [("home.psk", "[Security]\nPassphrase=wrong horse\n")];
    let mut desk = Desk::new("moment", setups(), &files);
    desk.pass(Duration::from_secs(30));
    assert_eq!(desk.current(), None);
    let place = desk.directory.join("state/home.psk");
    fs::write(&place, "[Security]\nPassphrase=correct horse battery\n").unwrap();
    let call = desk.connect("home", Security::Personal);
    assert_eq!((desk.answer(call), desk.wanted.len()), (DONE, 0), "nobody is asked");
    assert_eq!(desk.ask(DISCONNECT), DONE);
    fs::remove_file(place).unwrap();
    let call = desk.connect("home", Security::Personal);
    assert_eq!((desk.answer(call), desk.wanted.len()), (None, 1), "it is known no more");
}

#[test]
fn a_hidden_network_that_is_not_joined_unasked_is_found_when_somebody_scans() {
    let file = "[Security]\nPassphrase=correct horse battery\n[Settings]\nHidden=true\nAutoConnect=false\n";
    let mut desk = Desk::new("hidden-unasked", setups(), &[("secret.psk", file)]);
    desk.ask(Call::Scan { ifindex: 3 });
    let call = desk.connect("secret", Security::Personal);
    assert_eq!(desk.answer(call), DONE);
}

#[test]
fn an_agent_that_never_answers_is_waited_for_in_bounds() {
    let mut desk = Desk::new("agent", setups(), &[]);
    desk.ask(Call::Scan { ifindex: 3 });
    let call = desk.connect("home", Security::Personal);
    let secret = *desk.wanted.last().unwrap();
    desk.pass(Duration::from_secs(119));
    assert_eq!(desk.answer(call), None);
    // A second request for it does not take the question off the screen.
    let again = desk.connect("home", Security::Personal);
    assert_eq!(error(desk.answer(again)), CallError::InProgress);
    desk.pass(Duration::from_secs(2));
    assert_eq!(error(desk.answer(call)), CallError::AgentTimedOut);
    assert_eq!(desk.unwanted, [(secret, Unwanted::TimedOut)]);
    desk.daemon.secret(desk.now, secret, SecretAnswer::Passphrase(Secret::new(PASSPHRASE)));
    desk.pass(Duration::from_secs(5));
    assert_eq!(desk.current(), None, "too late");

    let asked = desk.connect("home", Security::Personal);
    assert_eq!(desk.ask(DISCONNECT), DONE);
    assert_eq!(error(desk.answer(asked)), CallError::Aborted);
    assert_eq!(desk.unwanted.last().unwrap().1, Unwanted::UserCanceled);
    let asked = desk.connect("home", Security::Personal);
    desk.daemon.shut_down(desk.now);
    assert_eq!(error(desk.answer(asked)), CallError::Aborted);
    assert_eq!(desk.unwanted.last().unwrap().1, Unwanted::Shutdown);
    let late = desk.connect("cafe", Security::Open);
    assert_eq!(error(desk.answer(late)), CallError::Aborted);
}

#[test]
fn a_hidden_network_is_joined_by_its_name_and_stored_as_hidden() {
    let mut desk = Desk::new("hidden", setups(), &[]);
    let call = |ssid: &[u8]| Call::ConnectHidden { ifindex: 3, ssid: Ssid::new(ssid).unwrap() };
    desk.ask(Call::Scan { ifindex: 3 });
    assert_eq!(error(desk.ask(call(b"cafe"))), CallError::NotHidden);
    assert!(matches!(error(desk.ask(call(b"nobody"))), CallError::NotFound(_)));
    assert!(matches!(error(desk.ask(call(b""))), CallError::InvalidArguments(_)));
    let id = desk.begin(call(b"secret"));
    desk.pass(Duration::from_secs(2));
    desk.say(b"wrong horse");
    assert!(matches!(error(desk.answer(id)), CallError::Failed(_)));
    let id = desk.begin(call(b"secret"));
    desk.pass(Duration::from_secs(2));
    desk.say(PASSPHRASE);
    assert_eq!(desk.answer(id), DONE);
    assert!(desk.text("secret.psk").contains("[Settings]\nHidden=true\n"));
    assert_eq!(error(desk.ask(call(b"secret"))), CallError::AlreadyProvisioned);
    assert!(desk.view().known[0].hidden);
}

#[test]
fn the_hidden_half_of_an_open_network_is_no_hidden_network() {
    let half = Setup::new(b"half", 6, &[Akm::Owe]);
    // It should name the open half, and names itself.
    let twin = Some((half.bssid, half.ssid.clone()));
    let mut desk = Desk::new("half", vec![Setup { hidden: true, twin, ..half }], &[]);
    desk.ask(Call::Scan { ifindex: 3 });
    let call = Call::ConnectHidden { ifindex: 3, ssid: Ssid::new(b"half").unwrap() };
    assert!(matches!(error(desk.ask(call)), CallError::NotFound(_)));
}

#[test]
fn a_network_that_is_asked_for_overtakes_the_search_for_a_hidden_one() {
    let mut desk = Desk::new("overtaken", setups(), &[]);
    desk.ask(Call::Scan { ifindex: 3 });
    let hidden = |ssid: &[u8]| Call::ConnectHidden { ifindex: 3, ssid: Ssid::new(ssid).unwrap() };
    desk.daemon.kernel.silent = true;
    let search = desk.begin(hidden(b"secret"));
    desk.connect("cafe", Security::Open);
    assert_eq!(error(desk.answer(search)), CallError::Overtaken);
    let search = desk.begin(hidden(b"secret"));
    desk.begin(DISCONNECT);
    assert_eq!(error(desk.answer(search)), CallError::Aborted);
}

#[test]
fn what_cannot_be_joined_is_told_and_what_is_not_there_too() {
    let mut desk = Desk::new("refused", setups(), &[("odd.open", "[Settings\n"), ("work.8021x", "")]);
    desk.daemon.kernel.aps.push(Ap::new(Setup::new(b"odd", 10, &[])));
    desk.ask(Call::Scan { ifindex: 3 });
    for (name, security, wanted) in [
        ("work", Security::Enterprise, "802.1X"),
        ("odd", Security::Open, "odd.open\", line 1"),
        ("home", Security::Open, "not heard"),
        ("nobody", Security::Personal, "not heard"),
    ] {
        let call = desk.connect(name, security);
        let text = format!("{:?}", error(desk.answer(call)));
        assert!(text.contains(wanted) || text.replace('\\', "").contains(wanted), "{text}");
    }
    let known: Vec<_> = desk.view().known.iter().map(|known| known.name.to_string()).collect();
    assert_eq!(known, ["odd.open", "work.8021x"]);
    assert!(desk.view().devices[0].warning.as_ref().unwrap().contains("odd.open"));
    for call in [
        Call::Scan { ifindex: 9 },
        Call::Connect { ifindex: 9, network: file("cafe", Security::Open) },
        Call::Disconnect { ifindex: 9 },
        Call::Timeline { ifindex: 9 },
        Call::Diagnose { ifindex: 9 },
        Call::Links { ifindex: 9 },
        Call::SetPowered { ifindex: 9, on: true },
        Call::SetRadioPowered { wiphy: 9, on: true },
        Call::SetAutoconnect { network: file("cafe", Security::Open), on: true },
    ] {
        assert!(matches!(error(desk.ask(call)), CallError::NotFound(_)));
    }
}

#[test]
fn the_newer_wish_wins() {
    let mut desk = Desk::new("newer", setups(), &[]);
    desk.ask(Call::Scan { ifindex: 3 });
    desk.daemon.kernel.silent = true;
    let cafe = desk.connect("cafe", Security::Open);
    let again = desk.connect("cafe", Security::Open);
    assert_eq!(error(desk.answer(cafe)), CallError::Aborted, "the attempt goes on for the newer call");
    assert!(matches!(error(desk.ask(Call::Scan { ifindex: 3 })), CallError::Busy(_)));
    let leave = desk.begin(DISCONNECT);
    assert_eq!(error(desk.answer(again)), CallError::Aborted);
    let second = desk.begin(DISCONNECT);
    assert!(matches!(desk.answer(second), Some(Err(CallError::InProgress)) | Some(Ok(Answer::Done))));
    desk.pass(Duration::from_secs(60));
    assert!(desk.answer(leave).is_some(), "a silent kernel holds nobody up");
    // The interface goes: so does every wish.
    desk.daemon.kernel.silent = false;
    desk.ask(Call::Scan { ifindex: 3 });
    let asked = desk.connect("home", Security::Personal);
    desk.daemon.hear(desk.now, Heard::Gone { ifindex: 3 });
    assert!(matches!(error(desk.answer(asked)), CallError::NotFound(_)));
    assert_eq!(desk.unwanted.last().unwrap().1, Unwanted::OutOfRange);
    assert_eq!(desk.view().devices, []);
    assert_eq!(desk.view().radios, []);
}

#[test]
fn interfaces_and_radios_are_switched() {
    let mut desk = Desk::new("power", setups(), &[]);
    assert_eq!(desk.ask(Call::SetPowered { ifindex: 3, on: false }), DONE);
    assert!(!desk.view().devices[0].powered && !desk.view().radios[0].powered);
    for call in [
        Call::Scan { ifindex: 3 },
        Call::Connect { ifindex: 3, network: file("cafe", Security::Open) },
        Call::ConnectHidden { ifindex: 3, ssid: Ssid::new(b"secret").unwrap() },
    ] {
        assert!(matches!(error(desk.ask(call)), CallError::NotAvailable(_)));
    }
    assert_eq!(desk.ask(DISCONNECT), DONE);
    assert_eq!(desk.ask(Call::SetRadioPowered { wiphy: 0, on: false }), DONE);
    assert!(matches!(error(desk.ask(Call::SetPowered { ifindex: 3, on: true })), CallError::NotAvailable(_)));
    assert_eq!(desk.ask(Call::SetRadioPowered { wiphy: 0, on: true }), DONE);
    assert!(desk.view().devices[0].powered && desk.view().radios[0].powered);
    desk.daemon.kernel.silent = true;
    let call = desk.begin(Call::SetPowered { ifindex: 3, on: false });
    assert_eq!(error(desk.ask(Call::SetRadioPowered { wiphy: 0, on: false })), CallError::InProgress);
    desk.pass(Duration::from_secs(20));
    assert!(matches!(error(desk.answer(call)), CallError::Failed(_)));
}

#[test]
fn a_connection_works_though_it_cannot_be_saved() {
    let mut desk = Desk::new("full", setups(), &[]);
    desk.ask(Call::Scan { ifindex: 3 });
    // Nothing can be written below what is no directory.
    fs::remove_dir_all(desk.directory.join("state")).unwrap();
    fs::write(desk.directory.join("state"), "").unwrap();
    let call = desk.connect("home", Security::Personal);
    desk.say(PASSPHRASE);
    assert_eq!(desk.answer(call), DONE);
    assert_eq!(desk.current().as_deref(), Some("home.psk"));
    let warning = desk.view().devices[0].warning.clone().unwrap();
    assert!(warning.contains("could not be saved") && warning.contains("home.psk"), "{warning}");
    assert!(fs::read_to_string(desk.directory.join("status.json")).unwrap().contains("could not be saved"));
    let flight = fs::read_to_string(desk.directory.join("flight.jsonl")).unwrap();
    assert!(flight.contains("\"event\":\"warning\"") && !flight.contains("correct horse"));
    // That the files are read again does not end it.
    desk.daemon.reload(desk.now);
    desk.pass(Duration::from_secs(5));
    assert_eq!(desk.current().as_deref(), Some("home.psk"));
}

#[test]
fn a_file_that_breaks_ends_no_connection() {
    let mut desk = Desk::new("breaks", setups(), &[("cafe.open", "")]);
    desk.pass(Duration::from_secs(10));
    assert_eq!(desk.current().as_deref(), Some("cafe.open"));
    fs::write(desk.directory.join("state/cafe.open"), "nonsense").unwrap();
    desk.daemon.reload(desk.now);
    desk.pass(Duration::from_secs(5));
    assert_eq!(desk.current().as_deref(), Some("cafe.open"));
    assert!(desk.view().devices[0].warning.as_ref().unwrap().contains("line 1"));
    fs::write(desk.directory.join("state/cafe.open"), "").unwrap();
    desk.daemon.reload(desk.now);
    assert_eq!(desk.view().devices[0].warning, None);
    let Err(CallError::NotStored(_)) = ({
        // A directory in place of the file cannot be removed as one.
        fs::remove_file(desk.directory.join("state/cafe.open")).unwrap();
        fs::create_dir(desk.directory.join("state/cafe.open")).unwrap();
        desk.ask(Call::Forget { network: file("cafe", Security::Open) }).unwrap()
    }) else {
        panic!()
    };
    assert_eq!(desk.view().known.len(), 1, "it remains");
    fs::remove_dir(desk.directory.join("state/cafe.open")).unwrap();
    fs::write(desk.directory.join("state/cafe.open"), "").unwrap();
    fs::remove_file(desk.directory.join("state/.lapwing.memory")).unwrap();
    fs::create_dir(desk.directory.join("state/.lapwing.memory")).unwrap();
    assert_eq!(desk.ask(Call::Forget { network: file("cafe", Security::Open) }), DONE, "the file is gone");
    assert!(!desk.directory.join("state/cafe.open").exists() && desk.view().known.is_empty());
}

#[test]
fn nobody_waits_for_the_disk() {
    let mut desk = Desk::new("disk", setups(), &[]);
    desk.ask(Call::Scan { ifindex: 3 });
    let call = CallId(100);
    desk.daemon.call(desk.now, call, Call::Connect { ifindex: 3, network: file("cafe", Security::Open) });
    let now = desk.now;
    desk.daemon.kernel.now = now.clock;
    desk.daemon.listen(|| now).unwrap();
    let answered = News::Answered { call, outcome: Ok(Answer::Done) };
    assert!(desk.daemon.take_news().contains(&answered));
    let flight = |desk: &Desk| fs::read_to_string(desk.directory.join("flight.jsonl")).unwrap();
    assert!(!desk.directory.join("state/cafe.open").exists() && !flight(&desk).contains("\"connected\""));
    let before = desk.daemon.generation();
    desk.daemon.settle(now);
    assert!(desk.directory.join("state/cafe.open").exists() && flight(&desk).contains("\"connected\""));
    assert!(desk.text(".lapwing.memory").contains("Frequencies="));
    assert!(desk.daemon.generation() > before && desk.view().known.len() == 1);
    // What follows at once finds the file, whether there was time to write it or not.
    assert_eq!(desk.ask(DISCONNECT), DONE);
    desk.daemon.call(
        desk.now,
        CallId(101),
        Call::Connect { ifindex: 3, network: file("cafe", Security::Open) },
    );
    let now = desk.now;
    desk.daemon.listen(|| now).unwrap();
    desk.daemon.call(now, CallId(102), Call::Forget { network: file("cafe", Security::Open) });
    desk.settle();
    assert!(!desk.directory.join("state/cafe.open").exists() && desk.view().known.is_empty());
    assert!(!desk.text(".lapwing.memory").contains("cafe"));
    // And the end waits for nothing that it did not write.
    let call = desk.connect("home", Security::Personal);
    let secret = *desk.wanted.last().unwrap();
    desk.daemon.secret(desk.now, secret, SecretAnswer::Passphrase(Secret::new(PASSPHRASE)));
    let now = desk.now;
    desk.daemon.listen(|| now).unwrap();
    desk.daemon.shut_down(now);
    assert_eq!(desk.answer(call), DONE);
    assert!(desk.text("home.psk").contains("Passphrase="));
}

#[test]
fn nobody_waits_for_what_is_asked_of_the_kernel_besides() {
    let mut desk = Desk::new("besides", setups(), &[]);
    // Else the answer waits for an address.
    desk.daemon.options.network_configuration = false;
    assert_eq!(desk.ask(Call::Scan { ifindex: 3 }), DONE);
    let station = &mut desk.daemon.interfaces.get_mut(&3).unwrap().station;
    station.set_radio(Radio { signal_watch: SignalWatch::Thresholds, ..station.radio().clone() });
    let watches = |desk: &Desk| {
        let is_watch =
            |command: &&Command| matches!(command, Command::Ask { request: Request::WatchSignal { .. }, .. });
        desk.daemon.kernel.performed.iter().filter(is_watch).count()
    };
    desk.begin(Call::Connect { ifindex: 3, network: file("cafe", Security::Open) });
    assert!(desk.daemon.is_in_a_hurry());
    let now = desk.now;
    assert_eq!(desk.daemon.listen_to_answer(|| now).unwrap(), Listened::ToAnswer);
    assert!(!desk.daemon.is_in_a_hurry(), "there is an answer to give");
    assert_eq!(watches(&desk), 0);
    assert!(desk.daemon.take_news().iter().any(|news| matches!(news, News::Answered { outcome: Ok(_), .. })));
    assert_ne!(desk.daemon.listen_to_answer(|| now).unwrap(), Listened::ToAnswer);
    assert_eq!(watches(&desk), 1);
    assert_eq!(desk.daemon.listen_to_answer(|| now).unwrap(), Listened::ToSilence);
}

#[test]
fn a_file_without_a_passphrase_gets_it_from_the_agent_and_keeps_the_rest() {
    let mut desk = Desk::new("lacking", setups(), &[("home.psk", "[Settings]\nAutoConnect=false\n")]);
    assert!(desk.view().known.len() == 1 && desk.view().devices[0].warning.is_none());
    desk.ask(Call::Scan { ifindex: 3 });
    let call = desk.connect("home", Security::Personal);
    desk.say(PASSPHRASE);
    desk.pass(Duration::from_secs(5));
    assert_eq!(desk.answer(call), DONE);
    let text = desk.text("home.psk");
    assert!(text.contains("AutoConnect=false") && text.contains("Passphrase="), "{text}");
    let known = desk.view().known;
    assert!(known.len() == 1 && !known[0].autoconnect);
    // It may be forgotten, like any other.
    assert_eq!(desk.ask(Call::Forget { network: file("home", Security::Personal) }), DONE);
    assert!(desk.view().known.is_empty());
}

#[test]
fn a_file_of_a_moment_ago_counts_for_who_wants_to_join() {
    let mut desk = Desk::new("moment-new", setups(), &[]);
    desk.ask(Call::Scan { ifindex: 3 });
    let text = [&b"[Security]\nPassphrase="[..], PASSPHRASE, b"\n"].concat();
    fs::write(desk.directory.join("state/home.psk"), text).unwrap();
    let call = desk.connect("home", Security::Personal);
    assert!(desk.wanted.is_empty(), "nobody is asked");
    desk.pass(Duration::from_secs(10));
    assert_eq!(desk.answer(call), DONE);
}

#[test]
fn a_lost_connection_is_not_made_again_while_the_file_is_broken() {
    let mut desk = Desk::new("lost", setups(), &[("cafe.open", "")]);
    desk.ask(DISCONNECT);
    desk.ask(Call::Scan { ifindex: 3 });
    let call = desk.connect("cafe", Security::Open);
    desk.pass(Duration::from_secs(10));
    assert_eq!(desk.answer(call), DONE);
    for (text, wanted) in [("nonsense", None), ("", Some("cafe.open")), ("[IPv4]\n", Some("cafe.open"))] {
        fs::write(desk.directory.join("state/cafe.open"), text).unwrap();
        desk.daemon.reload(desk.now);
        desk.pass(Duration::from_secs(60));
        assert_eq!(desk.current().as_deref(), Some("cafe.open"), "the link stays, or is made again");
        desk.daemon.kernel.peer = None;
        let reason = lapwing_frames::management::ReasonCode(3);
        let event = KernelEvent::Disconnected { reason, by_ap: true };
        desk.daemon.hear(desk.now, Heard::Station { ifindex: Some(3), event });
        desk.pass(Duration::from_secs(300));
        assert_eq!(desk.current().as_deref(), wanted, "{text:?}");
    }
}

#[test]
fn a_network_of_the_second_generation_is_joined_with_its_passphrase() {
    let key = lapwing_core::crypto::kdf::passphrase_to_psk(PASSPHRASE, b"old");
    let psk = key.expose().try_into().unwrap();
    let mut desk = Desk::new("wpa2", vec![Setup { psk, ..Setup::new(b"old", 2, &[Akm::Psk]) }], &[]);
    desk.ask(Call::Scan { ifindex: 3 });
    let call = desk.connect("old", Security::Personal);
    desk.say(b"short");
    assert_eq!(
        error(desk.answer(call)),
        CallError::BadSecret("A passphrase has 8 to 63 characters."),
        "SAE alone takes others"
    );
    let call = desk.connect("old", Security::Personal);
    desk.say(PASSPHRASE);
    assert_eq!(desk.answer(call), DONE);
    let text = desk.text("old.psk");
    assert!(text.starts_with("[Security]\nPassphrase=correct horse battery\nPreSharedKey="), "{text}");
    let memory = desk.text(".lapwing.memory");
    assert!(
        memory.contains("Proven=rsn\n"),
        "it has proven nothing stronger, and TKIP would be less: {memory}"
    );
    assert_eq!(desk.view().devices[0].connected.as_ref().unwrap().akm, Some(Akm::Psk));
}

/// The secret of a network that is not known yet is asked for as always; where it cannot be joined, nothing is left.
#[test]
fn an_access_point_can_be_chosen_and_gone_to() {
    let mut desk = Desk::new("chosen", setups(), &[]);
    assert_eq!(desk.ask(Call::Scan { ifindex: 3 }), DONE);
    let bssid = |desk: &Desk, name: &str| {
        let network = desk.view().devices[0].networks.iter().find(|it| it.name.to_string() == name).cloned();
        network.unwrap().bsss[0].bssid
    };
    let (home, work) = (bssid(&desk, "home.psk"), bssid(&desk, "work.8021x"));
    assert_eq!(error(desk.ask(Call::Roam { ifindex: 3, bssid: home })), CallError::NotConnected);
    let nowhere = MacAddr([2, 9, 9, 9, 9, 9]);
    assert!(matches!(
        error(desk.ask(Call::ConnectTo { ifindex: 3, bssid: nowhere })),
        CallError::NotFound(_)
    ));
    assert!(matches!(
        error(desk.ask(Call::ConnectTo { ifindex: 3, bssid: work })),
        CallError::NotSupported(_)
    ));
    // One that has come since the last scan is looked for.
    let late = Setup::new(b"home", 10, &[Akm::Sae]);
    let bssid = late.bssid;
    desk.daemon.kernel.aps.push(Ap::new(late));
    let call = desk.begin(Call::ConnectTo { ifindex: 3, bssid });
    desk.say(PASSPHRASE);
    assert_eq!(desk.answer(call), DONE);
    assert_eq!(desk.daemon.kernel.peer, Some(bssid));
    assert_eq!(desk.ask(Call::Disconnect { ifindex: 3 }), DONE);
    desk.daemon.kernel.aps.pop();
    assert_eq!(desk.ask(Call::ConnectTo { ifindex: 3, bssid: home }), DONE);
    assert_eq!(desk.current().as_deref(), Some("home.psk"));
    assert!(desk.directory.join("state/home.psk").exists());
    // To itself, twice over: each time it is joined anew.
    for call in [Call::Roam { ifindex: 3, bssid: home }, Call::ConnectTo { ifindex: 3, bssid: home }] {
        let before = desk.view().devices[0].connected.as_ref().map(|connected| connected.attempt);
        assert_eq!(desk.ask(call), DONE);
        let after = desk.view().devices[0].connected.as_ref().map(|connected| connected.attempt);
        assert!(after > before, "{before:?} {after:?}");
    }
    // Not to somebody else's, and not to nowhere: the connection stays.
    let connected = desk.view().devices[0].connected.clone();
    for bssid in [work, nowhere] {
        assert!(matches!(error(desk.ask(Call::Roam { ifindex: 3, bssid })), CallError::NotFound(_)));
    }
    assert_eq!(desk.view().devices[0].connected, connected);
}
