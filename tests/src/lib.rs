//! Scripted sources and sinks for the tests of the engine, and a bench to run a flow on.

#![expect(clippy::missing_panics_doc, reason = "a test rig panics when it finds something wrong")]

pub mod abnf;
pub mod bench;
pub mod cursors;
pub mod deciding;
pub mod forgetful_log;
pub mod fuzz;
pub mod hand_clock;
pub mod playground;
pub mod scripted_sink;
pub mod scripted_source;
pub mod seeds;
pub mod simulation;
pub mod tenant;
pub mod two_way;

mod through;

pub use bench::Bench;
pub use hand_clock::HandClock;
pub use playground::Playground;
pub use scripted_sink::{Answer, ScriptedSink};
pub use scripted_source::ScriptedSource;
pub use tenant::Tenant;
