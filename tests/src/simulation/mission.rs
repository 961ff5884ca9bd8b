//! All flows of the mission in one world, both directions: the real connectors, the real mappings, people
//! on both sides, and every fault that the seams can express.

mod buyers;
pub mod checks;
pub mod flows;
pub mod people;
pub mod shows;
pub mod story;
pub mod twins;

pub use story::{simulate, simulate_with};
