//! An IFS Cloud: a token endpoint, a service document, metadata, and suppliers behind OData v4.
//!
//! It answers as the real one does, as far as it is known: projection URLs, enum literals by
//! namespace, ODP error codes, weak ETags in base64, pages of at most 5,000 rows, whole-second stamps.
//!
//! Beside the shared door there are `POST /sandbox/edit?count=20` (people edit suppliers now) and
//! `GET /sandbox/suppliers` (all rows as they are, for whoever compares).

mod cell;
mod expression;
mod metadata;
mod options;
mod page;
mod parser;
mod problem;
mod routes;
mod settings;
mod table;
mod token;
mod tokens;

pub use cell::{Cell, Column, ColumnKind, SUPPLIER};
pub use routes::IfsSandbox;
pub use settings::{IfsSettings, IfsSwitches};
pub use table::Row;
pub(crate) use token::basic;
