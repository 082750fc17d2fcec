//! What must never be in a world, and what must be when it is at rest: rules that look from outside.
//!
//! They are fed with all that happens ([`Happening`]) and with the truth of the kernel and of the access points, and
//! share no code with what they judge. Each rule is a small value of its own with a name and a sentence; what a
//! rule remembers is part of the explored state.

mod air;
mod authentication;
mod keys;
mod picture;
mod pmksa;
mod repetition;
mod roam;
mod undisturbed;

pub use air::{DataBeforePort, NonceReuse};
pub use authentication::OneReply;
pub use keys::{KeyTwice, RefusedKey};
pub use picture::{Deadlines, FalseConnected, KeysAgree, LeftBehind, LinksAgree, PicturesAgree};
pub use pmksa::PmksaScope;
pub use repetition::SameInput;
pub use roam::KeptByRoam;
pub use undisturbed::{FirstAttempt, PromptTraffic, RefusedCommand};

use crate::ap::ApTruth;
use crate::explore::Violation;
use crate::happening::{Happening, What};
use crate::kernel::Truth;
use crate::parts::Message;
use lapwing_core::Instant;
use lapwing_core::kernel::KernelEvent;
use lapwing_core::station::{Connected, Summary};
use lapwing_frames::MacAddr;

/// What can be seen from outside after a step.
pub struct Sight<'a> {
    /// The time.
    pub now: Instant,
    /// The kernel's truth.
    pub kernel: Truth,
    /// What each access point knows of the station, with the address of the access point (of an AP MLD: the MLD's).
    pub access_points: Vec<(MacAddr, Option<ApTruth>)>,
    /// At rest, the links of the AP MLDs: their BSSs, each with the address of the MLD.
    pub links: Vec<(MacAddr, MacAddr)>,
    /// What the station says that it does.
    pub summary: Summary,
    /// The connection that the station says it has.
    pub connection: Option<&'a Connected>,
    /// Whether the station waits for the end of a scan.
    pub is_scanning: bool,
    /// Whether the station waits for a moment.
    pub has_deadline: bool,
    /// Whether nothing is under way and no part waits for a moment that is near.
    pub at_rest: bool,
    /// Whether data has come back through the connection that the station has.
    pub is_online: bool,
    /// Whether nobody has interfered so far: nothing was lost, late or broken, and the person did nothing but ask.
    pub undisturbed: bool,
    /// Whether time has passed while something was under way.
    pub late: bool,
    /// Whether the machine sleeps.
    pub asleep: bool,
    /// Whether the radio can check beacons, and so takes a key for that.
    pub checks_beacons: bool,
}

/// A rule.
pub trait Rule {
    /// Its name.
    const NAME: &'static str;
    /// What it says.
    const SENTENCE: &'static str;

    /// Something happened.
    ///
    /// # Errors
    ///
    /// What was seen, if it must not be.
    fn happened(&mut self, _happening: &Happening) -> Result<(), String> {
        Ok(())
    }

    /// A step is over.
    ///
    /// # Errors
    ///
    /// What was seen, if it must not be.
    fn seen(&mut self, _sight: &Sight<'_>) -> Result<(), String> {
        Ok(())
    }
}

macro_rules! rules {
    ($($field:ident: $rule:ident,)*) => {
        /// All rules.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
        pub struct Rules { $($field: $rule,)* }

        impl Rules {
            /// The name and the sentence of each.
            pub const CATALOGUE: &'static [(&'static str, &'static str)] = &[
                $(($rule::NAME, $rule::SENTENCE),)*
            ];

            /// Something happened.
            ///
            /// # Errors
            ///
            /// The first rule that it breaks.
            pub fn happened(&mut self, happening: &Happening) -> Result<(), Violation> {
                $(self.$field.happened(happening).map_err(|seen| Violation { rule: $rule::NAME, seen })?;)*
                Ok(())
            }

            /// A step is over.
            ///
            /// # Errors
            ///
            /// The first rule that is broken.
            pub fn seen(&mut self, sight: &Sight<'_>) -> Result<(), Violation> {
                $(self.$field.seen(sight).map_err(|seen| Violation { rule: $rule::NAME, seen })?;)*
                Ok(())
            }
        }
    };
}

rules! {
    refused_key: RefusedKey,
    key_twice: KeyTwice,
    nonce_reuse: NonceReuse,
    data_before_port: DataBeforePort,
    pmksa_scope: PmksaScope,
    one_reply: OneReply,
    same_input: SameInput,
    deadlines: Deadlines,
    false_connected: FalseConnected,
    keys_agree: KeysAgree,
    pictures_agree: PicturesAgree,
    links_agree: LinksAgree,
    left_behind: LeftBehind,
    kept_by_roam: KeptByRoam,
    refused_command: RefusedCommand,
    first_attempt: FirstAttempt,
    prompt_traffic: PromptTraffic,
}

/// The event that the party is told with this happening, if it is told one.
const fn told(happening: &Happening) -> Option<&KernelEvent> {
    match &happening.what {
        What::Told(Message::Event(event)) => Some(event),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
