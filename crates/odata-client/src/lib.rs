//! An OData v4 client: typed queries, exact literals, safe pages, ETags, typed errors.
//!
//! It knows nothing of any vendor, sends through [`wire::HttpTransport`] and never sees a token.
//! Numbers are read from their text, rows as slices of the body.

pub mod cell;
pub mod encode;
pub mod error;
pub mod filter;
pub mod key;
pub mod literal;
pub mod metadata;
pub mod page;
pub mod query;
pub mod row;
pub mod service;

mod refusal;

pub use cell::{Cell, CellError};
pub use error::{ErrorDetail, ODataError, StatusError};
pub use filter::{Filter, Op, Operand, property};
pub use key::Key;
pub use literal::Literal;
pub use metadata::{Capabilities, Drift, Metadata, MetadataError, Property};
pub use page::{Control, Page};
pub use query::{Order, Query};
pub use row::{Columns, Row, RowError, RowReader};
pub use service::{Entity, Service, ServiceDocument};
