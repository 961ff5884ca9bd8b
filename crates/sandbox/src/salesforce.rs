//! The Salesforce sandbox.
