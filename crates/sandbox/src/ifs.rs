//! An IFS Cloud: a token endpoint, and suppliers, customers, purchase orders, invoices, books and the
//! history log behind OData v4.
//!
//! It answers as the real one does, as far as that is known from IFS' documentation and from public
//! integrations: projections and entity services (which must be activated), enum literals by
//! namespace, ODP error codes, weak ETags in base64, pages of at most 5,000 rows, whole-second stamps
//! whose `Z` is only true when the time-zone header was sent, `$expand` to one row, multipart
//! `$batch`. Where nothing is known the code says "assumed".
//!
//! | assumed | because |
//! |---|---|
//! | 428 for `ODP_MISSING_PRECONDITION` (a switch changes it) | Olingo answers so |
//! | codes `ODP_PRECONDITION_FAILED`, `ODP_ROW_LOCKED`, `ODP_FORBIDDEN`, `DATABASE_ERROR` | no sample was found |
//! | blanks at the end of a written text are not kept | clients must stand it either way |
//! | a PATCH that changes nothing still makes a new version | the harder case for clients |
//! | `HistoryType` of a deletion is `Delete` | no sample was found |
//! | posting proposals live in `PostingProposalHandling`, books in `AccountHandling` and `GenLedVoucherHandling` | no sample was found |
//!
//! `GET /sandbox/stats` shows, among its figures, `writes_without_exact_etag` and
//! `financial_writes_refused`. Beside the shared door the tenant has levers of its own:
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
//! | `GET /sandbox/rows?unit=PurchaseOrderLine[&key=100001^1^1]` | rows of any logical unit, as text |
//! | `POST /sandbox/{edit,begin,insert,remove}?unit=CustomerInfo&key=C1` | the same in any unit; the body is `{"Name": "N", "Country": null}` |
//! | `GET /sandbox/switches` | the switches as they are |
//! | `POST /sandbox/revoke` | all tokens end |
//! | `POST /sandbox/switches` | replaces the switches by the JSON in the body: [`IfsSwitches`] |

mod address;
mod apply;
mod batch;
#[cfg(test)]
mod batch_tests;
#[cfg(test)]
mod bench;
mod body;
mod bounds;
mod cell;
mod column;
mod csrf;
mod database;
mod entity;
mod expression;
mod history;
mod key;
mod kinds;
mod levers;
mod metadata;
mod multipart;
mod operation;
mod options;
mod page;
mod parser;
mod people;
mod precondition;
mod problem;
mod read;
#[cfg(test)]
mod read_tests;
mod resource;
mod routes;
mod row;
mod schema;
mod seeding;
mod settings;
mod table;
mod tenant;
#[cfg(test)]
mod tenant_tests;
mod token;
mod tokens;
mod view;
mod write;
#[cfg(test)]
mod write_tests;
mod writer;
mod zone;

pub use cell::Cell;
pub use column::{Column, ColumnKind, Writes};
pub use row::Row;
pub use schema::SUPPLIER;
pub use settings::{Activated, IfsSettings, IfsSwitches, OddAnswer, Renamed};
pub use tenant::IfsSandbox;
