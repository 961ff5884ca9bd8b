//! The seam for `doctor`: what a connector can tell about the system behind it.

use std::fmt::Debug;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// Examines the system behind a connector, without writing to it.
///
/// # Contract
/// Each question asked is one [`Finding`], in the order a newcomer would ask; a failed one does not
/// end the examination unless all later ones depend on it.
#[async_trait]
pub trait Probe: Debug + Send + Sync {
    /// Examines.
    async fn probe(&self) -> Vec<Finding>;
}

/// The answer to one question of an examination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which system: `ifs`, `salesforce`, `local`.
    pub system: String,
    /// What was asked, such as `token` or `external id field`.
    pub check: String,
    /// How it looks.
    pub health: Health,
    /// What was found.
    pub detail: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// How an answer looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As it should be.
    Green,
    /// Works, but look at it.
    Yellow,
    /// Must be mended first.
    Red,
}
