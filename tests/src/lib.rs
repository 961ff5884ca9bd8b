//! Shared rig of the integration tests.
