//! The rules of the house that no compiler checks.

mod dependencies;
mod licences;
mod sources;
