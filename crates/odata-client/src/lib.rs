//! An OData v4 client: typed queries, exact literals, safe pages, ETags, typed errors.
//!
//! It speaks OData 4.0 and 4.01 with any server, knows nothing of any vendor, sends through
//! [`wire::HttpTransport`] and never sees a token. Numbers are read from their text, rows as slices of
//! the body.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use wire::scripted::{Scripted, answer, clock};
//! # let body = r#"{"value":[{"SupplierId":"S1","Name":"O'Neill","Credit":"12.50","Version":9007199254740993}]}"#;
//! # let step = Ok(answer(200, &[("content-type", "application/json")], body));
//! # let transport = Scripted::new(&clock(), std::time::Duration::ZERO, vec![step]);
//! use odata_client::{Order, Query, Select, Service, property};
//! use rust_decimal::Decimal;
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! #[serde(rename_all = "PascalCase")]
//! struct Supplier {
//!     supplier_id: String,
//!     #[serde(deserialize_with = "odata_client::exact::decimal")]
//!     credit: Decimal,
//! }
//!
//! let service = Service::new(transport, "https://host.example/SupplierHandling.svc/".parse()?);
//! let query = Query {
//!     filter: Some(property("Name").eq("O'Neill").and(property("Credit").gt(10))),
//!     select: Select::properties(["SupplierId", "Name", "Credit"]),
//!     order_by: vec![Order::ascending("SupplierId")],
//!     top: Some(100),
//!     ..Query::default()
//! };
//! let page = service.page("suppliers", "SupplierSet", &query).await?;
//! for supplier in page.typed::<Supplier>() {
//!     let supplier = supplier?;
//!     assert_eq!((supplier.supplier_id.as_str(), supplier.credit.to_string().as_str()), ("S1", "12.50"));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What for what
//!
//! | to | use | recipe |
//! |---|---|---|
//! | say what is wanted | [`Query`], [`Expression`], [`property`], [`Expand`] | `ask` |
//! | read rows, one row, a value, a count, a stream | [`Service::rows`], [`row`](Service::row), [`value`](Service::value), [`count`](Service::count), [`media`](Service::media) with [`Read`] and [`Resource`] | `read` |
//! | get structs | [`Page::typed`], [`exact`] | `read` |
//! | get cells without allocating | [`Columns`], [`RowReader`], [`Cell`] | `read` |
//! | read everything | [`Walk`]: along a key, by next links, by numbers | `walk` |
//! | follow what is nested in a row | [`Page::inner`] | |
//! | know what changed since | [`Service::changes`], module [`delta`] | |
//! | create, change, delete, relate | [`Change`], [`Body`], [`Precondition`], [`Service::write`] | `write` |
//! | send many at once | [`Batch`], [`Service::batch`], [`Verdict`] | `batch` |
//! | call actions and functions | [`Change::action`], [`Resource::parameters`] | `call` |
//! | let the server answer later | [`Prefer::respond_async`], [`Monitor`], [`Service::poll`] | |
//! | know the model and its limits | [`Metadata`], [`Capabilities`] | `describe` |
//! | notice that the model has changed | [`Drift`], [`Service::metadata_unless`] | `describe` |
//! | know before asking what a server cannot do | [`Profile`] | `ask` |
//! | read URLs that others write | [`RelativeUri`], [`Query::parse`], [`context_url`] | |
//!
//! The recipes run against a server in the same process:
//! `cargo run -p odata-client --example cookbook -- walk`.
//!
//! # What one can rely on
//!
//! - **Values stay values.** A text, a key or a parameter is one literal whatever stands in it; a blank
//!   is `%20` and never `+`; keys cannot leave their segment. What is printed can be parsed, and says
//!   the same.
//! - **Nothing is taken for an empty set.** An answer of another shape, an error inside of a `200`, a
//!   stream that breaks off: each is an error that says where.
//! - **Links stay in the service.** One that leads to another origin or out of the root is an error,
//!   and nothing is sent; chains of links that go in circles end.
//! - **Numbers are exact.** `Edm.Int64` and `Edm.Decimal` come as numbers or as texts, and what does
//!   not fit is refused instead of rounded.
//! - **One knows whether something happened.** [`ODataError::may_have_acted`] and [`Verdict::Unknown`]
//!   tell a refusal from a lost answer; [`Reason`] says what to do about a refusal.
//! - **Preferences are wishes.** Only what [`Applied`] says was done.
//! - **Memory is bounded by a page**, however many of them a walk reads.

pub mod batch;
pub mod body;
pub mod cell;
pub mod change;
pub mod context_url;
pub mod delta;
pub mod document;
pub mod encode;
pub mod entity;
pub mod error;
pub mod etag;
pub mod exact;
pub mod expression;
pub mod key;
pub mod literal;
pub mod metadata;
pub mod monitor;
pub mod names;
pub mod page;
pub mod precondition;
pub mod prefer;
pub mod preference;
pub mod profile;
pub mod query;
pub mod read;
pub mod reply;
pub mod resource;
pub mod row;
pub mod service;
pub mod typed;
pub mod uri;
pub mod walk;
pub mod write;

mod inner;
mod members;
mod parse;
mod refusal;

pub use batch::{Batch, BatchAnswer, BatchFormat, Group, Verdict};
pub use body::{Body, BodyError, Value};
pub use cell::{Cell, CellError};
pub use change::Change;
pub use delta::{ChangePage, Changes, Entry, Gone, Relation, Removed};
pub use document::ServiceDocument;
pub use entity::Entity;
pub use error::{ErrorDetail, ODataError, Reason, StatusError};
pub use etag::{ETag, ETagError};
pub use expression::{Expression, Filter, Function, Op, Path, Segment, property};
pub use key::Key;
pub use literal::Literal;
pub use metadata::{Capabilities, Drift, Metadata, MetadataError, Property};
pub use monitor::{Monitor, Polled};
pub use names::{AnyName, NameLists, Names, Role};
pub use page::{Control, Page};
pub use parse::ParseError;
pub use precondition::Precondition;
pub use prefer::{Applied, Prefer, Return};
pub use profile::{Feature, Profile, Unsupported};
pub use query::{
    Aggregation, Compute, Expand, Grouping, Levels, Method, Order, Query, Search, Select, Transformation,
};
pub use read::{Freshness, Read};
pub use reply::{Media, Reply, Single};
pub use resource::{PartId, Resource};
pub use row::{Columns, Row, RowError, RowReader};
pub use service::Service;
pub use typed::Wrapped;
pub use uri::RelativeUri;
pub use walk::{KeyColumn, Position, Walk};
pub use write::{Outcome, Written};

#[cfg(test)]
mod attack_tests;
#[cfg(test)]
mod fault_tests;
