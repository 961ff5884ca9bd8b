//! The whole loop under virtual time, from a seed.
