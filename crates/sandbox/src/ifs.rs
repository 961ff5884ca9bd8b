//! The IFS Cloud sandbox.
