//! The seam for the check of mappings: what a system has.

use std::fmt::Debug;

use async_trait::async_trait;
use mapping::{Entity, Schema};

use crate::Fault;

/// Tells what a system has, without writing to it.
///
/// # Contract
/// - A kind of records that is not there, or that we may not see, is missing from the answer; that is
///   no error. So is a field.
/// - Fields are told as mappings meet them: an enumeration is a text of listed values. Child records
///   that a record holds are a kind of records of their own, named by the record's kind and the field
///   that holds them: `PurchaseOrderSet.Lines`.
#[async_trait]
pub trait Describe: Debug + Send + Sync {
    /// What the system has of these kinds of records.
    async fn describe(&self, entities: &[Entity]) -> Result<Schema, DescribeError>;
}

/// A system did not tell what it has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {fault}")]
pub struct DescribeError {
    /// What was tried.
    pub operation: String,
    /// What went wrong.
    pub fault: Fault,
}
