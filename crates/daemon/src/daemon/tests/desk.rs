//! A daemon in front of access points, and who asks it.

use super::super::*;
use super::air::Air;
use super::ap::{Ap, Setup};
use crate::control::{
    Answer, Call, CallError, CodeId, ConfigurationId, News, Party, SecretAnswer, SecretId, Unwanted, View,
};
use crate::kernel::Heard;
use crate::networks::name::Security;
use lapwing_core::Secret;
use lapwing_core::curve::PureCurves;
use lapwing_core::entropy::SeededEntropy;
use lapwing_frames::Ssid;
use lapwing_frames::suite::{Akm, Cipher};
use std::fs;

pub(super) const PASSPHRASE: &[u8] = b"correct horse battery";
pub(super) const DISCONNECT: Call = Call::Disconnect { ifindex: 3 };
pub(super) const DONE: Option<Result<Answer, CallError>> = Some(Ok(Answer::Done));

/// A daemon with one interface, its clock and its directory.
pub(super) struct Desk {
    pub(super) daemon: Daemon<Air>,
    pub(super) now: Now,
    pub(super) directory: PathBuf,
    next: u64,
    /// The answers, each call's with its number.
    pub(super) answers: Vec<(u64, Result<Answer, CallError>)>,
    pub(super) wanted: Vec<SecretId>,
    pub(super) unwanted: Vec<(SecretId, Unwanted)>,
    /// The questions for codes of devices, and those that were taken back.
    pub(super) codes: Vec<(CodeId, Party, String)>,
    pub(super) unwanted_codes: Vec<(CodeId, Unwanted)>,
    /// What the program that sets addresses was told to do.
    pub(super) orders: Vec<ConfigurationId>,
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
            orders: Vec::new(),
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
                    News::Configure { id, .. } => self.orders.push(id),
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
    pub(super) fn say(&mut self, passphrase: &[u8]) {
        self.settle();
        let secret = *self.wanted.last().unwrap();
        self.daemon.secret(self.now, secret, SecretAnswer::Passphrase(Secret::new(passphrase)));
        self.pass(Duration::from_secs(5));
    }

    pub(super) fn view(&self) -> View {
        self.daemon.view(self.now)
    }

    pub(super) fn current(&self) -> Option<String> {
        let device = self.view().devices.into_iter().next()?;
        device.connected?;
        device.network.map(|name| name.to_string())
    }

    pub(super) fn text(&self, file: &str) -> String {
        fs::read_to_string(self.directory.join("state").join(file)).unwrap_or_default()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.directory));
    }
}

pub(super) fn file(name: &str, security: Security) -> FileName {
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

pub(super) fn error(answer: Option<Result<Answer, CallError>>) -> CallError {
    answer.unwrap().unwrap_err()
}
