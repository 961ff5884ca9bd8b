//! The demo: what is told, and how it is shown. `verbs/demo.rs` begins it.

pub(crate) mod flows;
pub(crate) mod script;
pub(crate) mod show;
