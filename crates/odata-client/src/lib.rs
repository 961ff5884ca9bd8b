//! An OData v4 client: typed queries, exact literals, safe pages, ETags, typed errors.
//!
//! It knows nothing of any vendor, sends through [`wire::HttpTransport`] and never sees a token.
//! Numbers are read from their text, rows as slices of the body.

pub mod body;
pub mod cell;
pub mod change;
pub mod encode;
pub mod error;
pub mod etag;
pub mod filter;
pub mod key;
pub mod literal;
pub mod metadata;
pub mod monitor;
pub mod page;
pub mod precondition;
pub mod prefer;
pub mod profile;
pub mod query;
pub mod resource;
pub mod row;
pub mod service;
pub mod write;

mod refusal;

pub use body::{Body, BodyError, Value};
pub use cell::{Cell, CellError};
pub use change::Change;
pub use error::{ErrorDetail, ODataError, Reason, StatusError};
pub use etag::{ETag, ETagError};
pub use filter::{Filter, Op, Operand, property};
pub use key::Key;
pub use literal::Literal;
pub use metadata::{Capabilities, Drift, Metadata, MetadataError, Property};
pub use monitor::Monitor;
pub use page::{Control, Page};
pub use precondition::Precondition;
pub use prefer::{Applied, Prefer, Return};
pub use profile::{Feature, Profile, Unsupported};
pub use query::{Order, Query};
pub use resource::{PartId, Resource};
pub use row::{Columns, Row, RowError, RowReader};
pub use service::{Entity, Service, ServiceDocument};
pub use write::{Outcome, Written};
