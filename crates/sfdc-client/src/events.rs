//! Change events: what the org tells about changed records, as they come over the Pub/Sub API.
//!
//! A payload is a bare Avro datum of the schema that the event names, and schemas change when
//! fields do: each event is decoded with its own. Which fields changed stands in bitmaps over that
//! schema. The rules come from the Change Data Capture Developer Guide and the Pub/Sub API guide.
//!
//! Events are an accelerator: what they say may be less than what happened ([`Remedy`]), and one
//! that cannot be decoded is a gap as well. Polling stays the truth.
//!
//! # Subscribing
//! A [`Subscriber`] reads a [`Topic`] through an [`EventLine`]. Its transport is a stack like any
//! other, `Authorized(SessionMetadata(Pinned(Recorded(..))))`, and each message of the stream is a
//! turn that the stack sees ([`wire::Conversation`]). What is durable with the caller is
//! [kept](Subscriber::keep), and only that gives a [`Place`] to go on from; what the org did not tell
//! comes as [`Missed`].
//!
//! ```
//! use sfdc_client::events::{ChangeEvent, EventError, EventSchema, Remedy};
//!
//! /// Names the fields to take over, unless the event does not say enough.
//! fn fields(schema_json: &str, payload: &[u8]) -> Result<Option<Vec<String>>, EventError> {
//!     let schema = EventSchema::parse(schema_json)?;
//!     let event = ChangeEvent::decode(&schema, payload)?;
//!     Ok((event.remedy() == Remedy::Apply).then_some(event.changed))
//! }
//! assert!(fields("\"string\"", b"").is_err());
//! ```

pub mod avro_schema;
pub mod avro_value;
pub mod batch;
pub mod bitmap;
pub mod change_event;
#[cfg(test)]
mod change_event_tests;
pub mod changed_ids;
pub mod datum;
pub mod event_failure;
pub mod event_header;
pub mod event_line;
pub mod event_schema;
pub mod event_value;
pub mod field_path;
pub mod missed;
pub mod place;
pub mod protocol;
pub mod replay_id;
mod schema_shelf;
pub mod session_metadata;
pub mod subscriber;
#[cfg(test)]
mod subscriber_tests;
pub mod topic;

pub use avro_schema::{AvroSchema, SchemaError};
pub use avro_value::AvroValue;
pub use batch::{Batch, Told};
pub use change_event::{ChangeEvent, ChangeKind, Commit, EventError, Remedy, Touch, Transaction};
pub use changed_ids::ChangedIds;
pub use datum::DatumError;
pub use event_failure::{EventFailure, EventFailureClass, is_session_refused};
pub use event_line::{EventLine, PUBSUB};
pub use event_schema::EventSchema;
pub use event_value::EventValue;
pub use field_path::api_name;
pub use missed::{Missed, MissedCause, MissedRecords};
pub use place::Place;
pub use replay_id::ReplayId;
pub use session_metadata::SessionMetadata;
pub use subscriber::{Down, MOST_REQUESTED, Notice, Subscriber, SubscriberParts, SubscriberSettings};
pub use topic::{Topic, TopicError};
