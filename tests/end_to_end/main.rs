//! The whole product over real HTTP on loopback.
