//! An IFS Cloud: a token endpoint, a service document, metadata, and suppliers behind OData v4.
//!
//! It answers as the real one does, as far as it is known: projection URLs, enum literals by
//! namespace, ODP error codes, weak ETags in base64, pages of at most 5,000 rows, whole-second stamps.
//!
//! Beside the shared door it has levers of its own:
//!
//! | call | what it does |
//! |---|---|
//! | `GET /sandbox/suppliers` | all rows as they are, every value as text |
//! | `POST /sandbox/edit?count=20` | people change so many suppliers, by chance |
//! | `POST /sandbox/touch?count=3000` | one statement changes the first so many: one stamp for all |
//! | `POST /sandbox/insert?key=S1&name=N` | somebody enters a supplier |
//! | `POST /sandbox/remove?key=S1` | somebody deletes a supplier |
//! | `POST /sandbox/begin?count=5` | so many edits begin, unseen until the commit |
//! | `POST /sandbox/commit` | all open edits commit |
//! | `POST /sandbox/revoke` | all tokens end |
//! | `POST /sandbox/switches` | replaces the switches by the JSON in the body: [`IfsSwitches`] |

#[expect(dead_code, reason = "writes need more than reads")]
mod address;
mod apply;
#[cfg(test)]
mod bench;
mod bounds;
mod cell;
mod column;
#[expect(dead_code, reason = "writes need more than reads")]
mod database;
#[expect(dead_code, reason = "writes need more than reads")]
mod entity;
mod expression;
mod history;
mod key;
mod kinds;
mod levers;
mod metadata;
mod options;
mod page;
mod parser;
mod problem;
mod read;
#[cfg(test)]
mod read_tests;
#[expect(dead_code, reason = "writes need more than reads")]
mod resource;
mod routes;
mod row;
mod schema;
mod seeding;
mod settings;
mod table;
mod tenant;
mod token;
mod tokens;
mod view;
mod writer;
#[expect(dead_code, reason = "writes need more than reads")]
mod zone;

pub use cell::Cell;
pub use column::{Column, ColumnKind, Writes};
pub use row::Row;
pub use schema::SUPPLIER;
pub use settings::{IfsSettings, IfsSwitches};
pub use tenant::IfsSandbox;
