//! The messages of the Pub/Sub API that subscribing needs (package `eventbus.v1`, published under
//! CC0): written out, so that building needs no protocol compiler.

use prost::{Enumeration, Message};

/// Where a stream begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enumeration)]
#[repr(i32)]
pub enum ReplayPreset {
    /// With what comes.
    Latest = 0,
    /// With the oldest event that is kept.
    Earliest = 1,
    /// After the event that `replay_id` names.
    Custom = 2,
}

/// Asks for more events; the first one of a stream says where from.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct FetchRequest {
    /// The topic.
    #[prost(string, tag = "1")]
    pub topic_name: String,
    /// Where to begin.
    #[prost(enumeration = "ReplayPreset", tag = "2")]
    pub replay_preset: i32,
    /// After which event to begin.
    #[prost(bytes = "vec", tag = "3")]
    pub replay_id: Vec<u8>,
    /// How many more events are welcome.
    #[prost(int32, tag = "4")]
    pub num_requested: i32,
}

/// Events, or a sign of life.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct FetchResponse {
    /// The events.
    #[prost(message, repeated, tag = "1")]
    pub events: Vec<ConsumerEvent>,
    /// How far the stream has come.
    #[prost(bytes = "vec", tag = "2")]
    pub latest_replay_id: Vec<u8>,
    /// For the vendor's support.
    #[prost(string, tag = "3")]
    pub rpc_id: String,
    /// How many of the events asked for are still to come.
    #[prost(int32, tag = "4")]
    pub pending_num_requested: i32,
}

/// An event and its place.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ConsumerEvent {
    /// The event.
    #[prost(message, optional, tag = "1")]
    pub event: Option<ProducerEvent>,
    /// Its place.
    #[prost(bytes = "vec", tag = "2")]
    pub replay_id: Vec<u8>,
}

/// An event.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ProducerEvent {
    /// The same however often it is delivered.
    #[prost(string, tag = "1")]
    pub id: String,
    /// The schema of the payload.
    #[prost(string, tag = "2")]
    pub schema_id: String,
    /// An Avro datum.
    #[prost(bytes = "vec", tag = "3")]
    pub payload: Vec<u8>,
}

/// Asks for a schema.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct SchemaRequest {
    /// Its id.
    #[prost(string, tag = "1")]
    pub schema_id: String,
}

/// A schema.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct SchemaInfo {
    /// Its JSON.
    #[prost(string, tag = "1")]
    pub schema_json: String,
    /// Its id.
    #[prost(string, tag = "2")]
    pub schema_id: String,
    /// For the vendor's support.
    #[prost(string, tag = "3")]
    pub rpc_id: String,
}

/// Asks for a topic.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct TopicRequest {
    /// Its name.
    #[prost(string, tag = "1")]
    pub topic_name: String,
}

/// A topic.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct TopicInfo {
    /// Its name.
    #[prost(string, tag = "1")]
    pub topic_name: String,
    /// The org.
    #[prost(string, tag = "2")]
    pub tenant_guid: String,
    /// Whether events may be published.
    #[prost(bool, tag = "3")]
    pub can_publish: bool,
    /// Whether events may be subscribed to.
    #[prost(bool, tag = "4")]
    pub can_subscribe: bool,
    /// The schema of its events; empty for channels of several objects.
    #[prost(string, tag = "5")]
    pub schema_id: String,
    /// For the vendor's support.
    #[prost(string, tag = "6")]
    pub rpc_id: String,
}
