//! A daemon that does what the script says: two networks in reach, one of them with a passphrase.

use lapwing_core::attempt::{AttemptId, Phase};
use lapwing_core::failure::{Code, Failure};
use lapwing_core::kernel::Frequency;
use lapwing_core::select::{Judged, Verdict};
use lapwing_core::station::{Connected, Summary};
use lapwing_frames::suite::{Akm, Cipher};
use lapwing_frames::{MacAddr, Ssid};
use lapwingd::bus::Control;
use lapwingd::bus::service::Facts;
use lapwingd::control::{
    Answer, Call, CallError, CallId, CodeId, ConfigurationId, DeviceView, Diagnostics, Figures, FoundBy,
    KnownView, NetworkView, News, Provision, ProvisioningView, RadioView, SecretAnswer, SecretId, Secrets,
    Unwanted, View,
};
use lapwingd::daemon::Now;
use lapwingd::networks::FileName;
use lapwingd::networks::name::Security;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

pub(crate) const PASSPHRASE: &str = "correct horse";
const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 0xfe]);

pub(crate) fn facts() -> Facts {
    Facts {
        state_directory: "/var/lib/lapwing".to_owned(),
        credential: None,
        developer: false,
        network_configuration: true,
        route_metric: 300,
        resolved: false,
        machine_id: None,
    }
}

enum Step {
    Be(Summary, Option<FileName>),
    Learn(FileName),
    Scanned,
    Say(News),
}

/// How long a person may think, in a test.
const THINKING: Duration = Duration::from_millis(500);

pub(crate) struct Double {
    view: View,
    generation: u64,
    news: Vec<News>,
    steps: VecDeque<Step>,
    /// The question, the call it is for, the network, and when it was put.
    question: Option<(SecretId, CallId, FileName, Instant)>,
    questions: u64,
}

fn name(ssid: &[u8], security: Security) -> FileName {
    FileName { ssid: Ssid::new(ssid).unwrap(), security }
}

impl Default for Double {
    fn default() -> Self {
        let network = |name: FileName, bssid: MacAddr| NetworkView {
            name,
            signal_mbm: -4000,
            bsss: vec![Judged {
                bssid,
                mld: None,
                links: vec![],
                frequency: Frequency(2412),
                signal_dbm: Some(-40),
                verdict: Verdict::Usable { score: 1 },
            }],
            passpoint: None,
        };
        let device = DeviceView {
            ifindex: 3,
            wiphy: 0,
            name: "wlan0".to_owned(),
            address: MacAddr([2, 0, 0, 0, 0, 1]),
            powered: true,
            mode: lapwingd::kernel::Mode::Station,
            access_point: None,
            ad_hoc: None,
            chosen: None,
            autoconnects: true,
            affinity: None,
            state: Summary::Disconnected,
            scanning: false,
            network: None,
            connected: None,
            links: None,
            configured: None,
            awaits_address: false,
            last_failure: None,
            warning: None,
            networks: std::sync::Arc::new(vec![
                network(name(b"home", Security::Personal), AP),
                network(name(b"cafe", Security::Open), MacAddr([2, 0, 0, 0, 0, 0xfd])),
            ]),
            hidden: Vec::new(),
            provisioning: None,
            provisioned: None,
        };
        let radio = RadioView {
            wiphy: 0,
            name: "phy0".to_owned(),
            powered: true,
            model: None,
            vendor: None,
            access_point: false,
            ad_hoc: false,
        };
        Self {
            view: View {
                radios: vec![radio],
                devices: vec![device],
                known: Vec::new(),
                passpoints: Vec::new(),
            },
            generation: 0,
            news: Vec::new(),
            steps: VecDeque::new(),
            question: None,
            questions: 0,
        }
    }
}

impl Double {
    /// Does the next thing of the script. Returns whether there was one.
    pub(crate) fn step(&mut self) -> bool {
        if self.question.as_ref().is_some_and(|question| question.3.elapsed() > THINKING) {
            self.take_back(Unwanted::TimedOut, CallError::AgentTimedOut);
            return true;
        }
        let Some(step) = self.steps.pop_front() else { return false };
        let device = &mut self.view.devices[0];
        match step {
            Step::Be(state, network) => {
                device.connected = match &state {
                    Summary::Connected { ssid, attempt } => Some(Connected {
                        attempt: *attempt,
                        ssid: ssid.clone(),
                        peer: AP,
                        frequency: 2412,
                        akm: Some(Akm::Sae),
                        pairwise: Some(Cipher::Ccmp128),
                        group_management: Some(Cipher::BipCmac128),
                        weakness: None,
                        beacon_protection: false,
                        cached_pmksa: false,
                        links: Vec::new(),
                    }),
                    _ => None,
                };
                device.state = state;
                device.network = network;
            }
            Step::Learn(name) => {
                let known = KnownView { name, hidden: false, autoconnect: true, last_joined: Some(0) };
                self.view.known.push(known);
                // The rest belongs to the same turn.
                self.generation += 1;
                return self.step();
            }
            Step::Scanned => {
                device.scanning = false;
                self.news.push(News::Happened("{\"event\":\"scanned\"}".to_owned()));
            }
            Step::Say(news) => self.news.push(news),
        }
        self.generation += 1;
        true
    }

    /// Wants the answer to the question no more.
    fn take_back(&mut self, why: Unwanted, error: CallError) {
        if let Some((secret, call, ..)) = self.question.take() {
            self.news.push(News::SecretUnwanted { secret, why });
            self.news.push(News::Answered { call, outcome: Err(error) });
        }
    }

    fn join(&mut self, call: CallId, network: FileName) {
        let (ssid, attempt) = (network.ssid.clone(), AttemptId(1));
        let connecting = Summary::Connecting { ssid: ssid.clone(), attempt };
        self.steps.push_back(Step::Be(connecting, Some(network.clone())));
        if self.view.known.iter().all(|known| known.name != network) {
            self.steps.push_back(Step::Learn(network.clone()));
        }
        // Answered in the turn in which it is connected.
        self.steps.push_back(Step::Be(Summary::Connected { ssid, attempt }, Some(network)));
        self.answer_with_last(call, Ok(Answer::Done));
    }

    /// Puts the answer into the turn of the last step.
    fn answer_with_last(&mut self, call: CallId, outcome: Result<Answer, CallError>) {
        let last = self.steps.pop_back();
        self.steps.push_back(Step::Say(News::Answered { call, outcome }));
        self.steps.extend(last);
    }
}

impl Control for Double {
    fn call(&mut self, _now: Now, id: CallId, call: Call) {
        let mut outcome = Ok(Answer::Done);
        match call {
            Call::Scan { .. } => {
                self.view.devices[0].scanning = true;
                self.steps.push_back(Step::Scanned);
            }
            Call::Connect { network, .. } => {
                let is_known = self.view.known.iter().any(|known| known.name == network);
                if is_known || network.security == Security::Open {
                    return self.join(id, network);
                }
                self.take_back(Unwanted::UserCanceled, CallError::Aborted);
                self.questions += 1;
                let secret = SecretId(self.questions);
                let secrets = Secrets::Passphrase;
                let asked = network.clone();
                self.news.push(News::SecretWanted { secret, call: id, ifindex: 3, network: asked, secrets });
                self.question = Some((secret, id, network, Instant::now()));
                return;
            }
            Call::Disconnect { .. } => {
                self.steps.push_back(Step::Be(Summary::Disconnecting, None));
                self.steps.push_back(Step::Be(Summary::Disconnected, None));
                return self.answer_with_last(id, Ok(Answer::Done));
            }
            Call::Provision { wish: Provision::ConfigureByAgent(agent), .. } => {
                let by = FoundBy::Agent(agent.clone());
                self.view.devices[0].provisioning = Some(ProvisioningView { enrollee: false, by });
                let wanted = News::CodeWanted { code: CodeId(1), agent, identifier: "shelf".to_owned() };
                self.steps.push_back(Step::Say(wanted));
            }
            Call::StopProvisioning { .. } => self.view.devices[0].provisioning = None,
            Call::Forget { network } => self.view.known.retain(|known| known.name != network),
            Call::Diagnose { .. } => {
                let connected = self.view.devices[0].connected.clone();
                outcome = connected.ok_or(CallError::NotConnected).map(|connected| {
                    Answer::Diagnostics(Box::new(Diagnostics {
                        connected,
                        figures: Figures {
                            signal_dbm: Some(-40),
                            connected_s: Some(1),
                            ..Figures::default()
                        },
                    }))
                });
            }
            _ => outcome = Err(CallError::NotSupported("it is not in the script".to_owned())),
        }
        self.generation += 1;
        self.news.push(News::Answered { call: id, outcome });
    }

    fn secret(&mut self, _now: Now, id: SecretId, answer: SecretAnswer) {
        let Some((_, call, network, _)) = self.question.take_if(|question| question.0 == id) else { return };
        let error = match answer {
            SecretAnswer::Passphrase(secret) if secret.expose() == PASSPHRASE.as_bytes() => {
                return self.join(call, network);
            }
            SecretAnswer::Passphrase(_) => {
                CallError::Failed(Failure { phase: Phase::Authenticate, code: Code::WrongPassword })
            }
            SecretAnswer::UserNameAndPassword(..) => CallError::BadSecret("a passphrase was asked for"),
            SecretAnswer::Canceled => CallError::Aborted,
            SecretAnswer::NoAgent => CallError::NoAgent,
            SecretAnswer::Garbage(why) => CallError::BadSecret(why),
        };
        self.news.push(News::Answered { call, outcome: Err(error) });
    }

    fn code(&mut self, _now: Now, _id: CodeId, answer: SecretAnswer) {
        // The right code lets a device in; with another one, the next is waited for.
        if matches!(answer, SecretAnswer::Passphrase(code) if code.expose() == PASSPHRASE.as_bytes()) {
            self.view.devices[0].provisioning = None;
        }
        self.generation += 1;
    }

    fn addressed(&mut self, _now: Now, _id: ConfigurationId, _is_done: bool) {}

    fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    fn view(&mut self, _now: Now) -> View {
        self.view.clone()
    }

    fn generation(&self) -> u64 {
        self.generation
    }
}
