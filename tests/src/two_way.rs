//! Two flows to and fro between two model systems: the real engine, every fault, and people on both
//! sides.
//!
//! The models stand at the seams of the engine, not at the wire, so that a seed takes a millisecond.

pub mod checker;
pub mod end;
pub mod process;
pub mod rest;
pub mod scenario;
pub mod side;
pub mod strategies;
pub mod variant;
pub mod world;

pub use checker::{Finding, Kind};
pub use rest::{Run, unchanged};
pub use scenario::{Outcome, simulate, simulate_with};
pub use side::Validator;
pub use strategies::{Losses, STRATEGIES, Strategy, losses};
pub use variant::Variant;
pub use world::Options;

/// The flow from the first system to the second.
pub const FORWARD: &str = "customers";
/// The flow that leads back.
pub const BACK: &str = "customers-back";
/// Where both keep their links.
pub const BOOK: &str = "pair customers";
