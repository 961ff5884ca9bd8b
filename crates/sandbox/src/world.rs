//! The invented world: suppliers of a company that does not exist, from a seed.
