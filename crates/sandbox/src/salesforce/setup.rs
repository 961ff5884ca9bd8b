//! Setting the org up: custom fields, permission sets and event channels through the Tooling API
//! and by metadata deploy.

mod channel;
mod component;
mod custom_field;
mod deploy;
mod element;
mod package;
mod permission_set;
mod soap_calls;
mod tooling;
mod zip;

pub(crate) use deploy::Deployments;
pub(crate) use element::Element;
#[cfg(test)]
pub(crate) use zip::tests::pack;
