//! An OData v4 client: typed queries, exact literals, safe pages, ETags, typed errors.
//!
//! It knows nothing of any vendor, sends through [`wire::HttpTransport`] and never sees a token.
//! Numbers are read from their text, rows as slices of the body.

pub mod body;
pub mod cell;
pub mod change;
pub mod context_url;
pub mod encode;
pub mod error;
pub mod etag;
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
pub mod resource;
pub mod row;
pub mod service;
pub mod uri;
pub mod write;

mod parse;
mod refusal;

pub use body::{Body, BodyError, Value};
pub use cell::{Cell, CellError};
pub use change::Change;
pub use error::{ErrorDetail, ODataError, Reason, StatusError};
pub use etag::{ETag, ETagError};
pub use expression::{Expression, Filter, Function, Op, Path, Segment, property};
pub use key::Key;
pub use literal::Literal;
pub use metadata::{Capabilities, Drift, Metadata, MetadataError, Property};
pub use monitor::Monitor;
pub use names::{AnyName, NameLists, Names, Role};
pub use page::{Control, Page};
pub use parse::ParseError;
pub use precondition::Precondition;
pub use prefer::{Applied, Prefer, Return};
pub use profile::{Feature, Profile, Unsupported};
pub use query::{
    Aggregation, Compute, Expand, Grouping, Levels, Method, Order, Query, Search, Select, Transformation,
};
pub use read::Read;
pub use resource::{PartId, Resource};
pub use row::{Columns, Row, RowError, RowReader};
pub use service::{Entity, Service, ServiceDocument};
pub use uri::RelativeUri;
pub use write::{Outcome, Written};
