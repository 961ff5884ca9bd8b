//! The whole product over real HTTP on loopback.

mod failures;
mod load;
mod outcome;
mod verbs;
