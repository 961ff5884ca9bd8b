//! Invented data, the same for the same seed.

mod suppliers;
mod words;

pub use suppliers::{SupplierSeed, suppliers};
