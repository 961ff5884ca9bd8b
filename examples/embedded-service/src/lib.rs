//! ml-connector inside of a service of your own: flows run beside whatever else it does.
//!
//! The service owns a [`Connector`]; it decides when to run which flow, and answers its own health check
//! from what the last runs came to. Nothing is printed, nothing ends the process.

mod sync_service;

pub use ml_connector::Connector;
pub use sync_service::{Health, SyncService};
