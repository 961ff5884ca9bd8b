//! The whole product over real HTTP on loopback.

mod failures;
mod flows;
mod load;
mod mappings;
mod outcome;
mod people;
mod verbs;
