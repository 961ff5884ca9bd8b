//! The whole loop, both systems included, under virtual time from a seed.

pub mod broken;
pub mod checker;
pub mod fuse;
pub mod fused;
pub mod journal;
pub mod mission;
pub mod options;
pub mod process;
pub mod scenario;
pub mod variant;
pub mod world;

pub use options::{Mission, Options, Removal};
pub use scenario::{Finding, Outcome, simulate};
pub use variant::Variant;
