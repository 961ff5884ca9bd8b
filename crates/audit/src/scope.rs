//! Which run of which flow the calls of one transport stack belong to right now.

use std::sync::{Mutex, PoisonError};

use crate::Scope;

/// The scope that a flow and its recording layers share: the flow sets it when a run begins, and
/// every recorded call names it.
#[derive(Debug, Default)]
pub struct ScopeCell(Mutex<Scope>);

impl ScopeCell {
    /// A cell that starts with `scope`.
    pub fn new(scope: Scope) -> Self {
        Self(Mutex::new(scope))
    }

    /// The scope in force.
    pub fn get(&self) -> Scope {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts `scope` in force.
    pub fn set(&self, scope: Scope) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = scope;
    }
}
