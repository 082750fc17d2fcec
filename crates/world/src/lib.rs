//! A world for a station without a radio: the kernel, the firmware, the air, the access points and the people,
//! each a machine of its own, all of it driven by one 64-bit number.
//!
//! ```text
//!   party ──command──▶ kernel ──transmission──▶ air ──▶ access points ──▶ distribution system (DHCP)
//!     ▲                  │ ▲                     │            │
//!     └──────socket──────┘ └─────────────────────┴────────────┘
//! ```
//!
//! A *party* is whoever sits where the station sits: the product's own [`Station`](lapwing_core::station::Station),
//! or the policy of another supplicant. A part never reads a clock and never draws a number by itself: time and
//! inputs go in, outputs come out, in order. What is between the parts is in flight on a channel that keeps its
//! order; which channel delivers next is the world's choice, made by the seed (a timed run) or by the explorer.
//!
//! Bad habits of real parts are switches with names ([`Habit`]).
#![forbid(unsafe_code)]

pub mod air;
pub mod ap;
pub mod attacker;
pub mod check;
pub mod explore;
pub mod habit;
pub mod happening;
mod host;
pub mod kernel;
pub mod kernels;
pub mod lanes;
mod named;
pub mod network;
pub mod parts;
pub mod party;
pub mod person;
pub mod policy;
mod pre_shared;
pub mod run;
pub mod scenario;
pub mod step;
pub mod verdict;
pub mod world;

pub use air::{Content, KeyPrint, Protection, Transmission};
pub use ap::{Ap, ApSetup, ApTruth};
pub use habit::{Habit, Habits};
pub use happening::{Happening, Lane, What};
pub use kernel::{Held, HeldLink, Kernel, KernelSetup, Truth};
pub use party::{Party, Policy};
pub use run::Run;
pub use scenario::Scenario;
pub use step::{Channel, Step};
pub use world::World;
