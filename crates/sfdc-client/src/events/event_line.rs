//! The calls of the Pub/Sub API.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use prost::Message;
use url::Url;
use wire::{Call, Clock, Conversation, Effect, HttpTransport, Response};

use crate::events::protocol::{
    FetchRequest, FetchResponse, SchemaInfo, SchemaRequest, TopicInfo, TopicRequest,
};
use crate::events::{EventFailure, EventSchema, Topic};

/// Where the Pub/Sub API is, for every org outside the EU operating zone.
pub const PUBSUB: &str = "https://api.pubsub.salesforce.com:7443";

/// The Pub/Sub API of one org, through a ready-made transport that adds the session (see
/// [`SessionMetadata`](crate::events::SessionMetadata)) and puts every exchange on record. It must
/// not repeat anything: a stream is resumed where its events are durable, which only the subscriber
/// knows.
#[derive(Debug, Clone)]
pub struct EventLine {
    transport: Arc<dyn HttpTransport>,
    endpoint: Url,
    clock: Arc<dyn Clock>,
}

impl EventLine {
    /// The API at `endpoint`, usually [`PUBSUB`].
    pub fn new(transport: Arc<dyn HttpTransport>, endpoint: &Url, clock: Arc<dyn Clock>) -> Self {
        Self { transport, endpoint: endpoint.clone(), clock }
    }

    /// Looks at a topic.
    pub async fn topic(&self, topic: &Topic) -> Result<TopicInfo, EventFailure> {
        let request = TopicRequest { topic_name: topic.name().to_owned() };
        self.ask(("salesforce.events.topic", "GetTopic"), &request).await
    }

    /// Asks for a schema. What comes under another id than was asked for is refused.
    pub async fn schema(&self, id: &str) -> Result<EventSchema, EventFailure> {
        let request = SchemaRequest { schema_id: id.to_owned() };
        let info: SchemaInfo = self.ask(("salesforce.events.schema", "GetSchema"), &request).await?;
        let what = "asking for the schema of an event";
        if info.schema_id != id {
            let detail = format!("schema {:?} came instead of {id:?}", info.schema_id);
            return Err(EventFailure::malformed(what, detail));
        }
        EventSchema::parse(&info.schema_json)
            .map_err(|error| EventFailure::malformed(what, error.to_string()))
    }

    /// Asks for more events, or waits for what was asked for.
    pub(crate) async fn fetch(
        &self,
        stream: &Conversation,
        request: Option<FetchRequest>,
    ) -> Result<FetchResponse, EventFailure> {
        let body = request.map(|request| request.encode_to_vec()).unwrap_or_default();
        self.send(("salesforce.events.fetch", "Subscribe"), body, Some(stream)).await
    }

    async fn ask<M: Message + Default>(
        &self,
        method: (&'static str, &str),
        request: &impl Message,
    ) -> Result<M, EventFailure> {
        self.send(method, request.encode_to_vec(), None).await
    }

    async fn send<M: Message + Default>(
        &self,
        (operation, method): (&'static str, &str),
        body: Vec<u8>,
        stream: Option<&Conversation>,
    ) -> Result<M, EventFailure> {
        let path = format!("/eventbus.v1.PubSub/{method}");
        let url =
            self.endpoint.join(&path).map_err(|error| EventFailure::malformed(&path, error.to_string()))?;
        let request = http::Request::builder().method(Method::POST).uri(url.as_str()).body(Bytes::from(body));
        let mut request = request.map_err(|error| EventFailure::malformed(&path, error.to_string()))?;
        request.extensions_mut().insert(Call::new(operation, Effect::Read));
        if let Some(stream) = stream {
            request.extensions_mut().insert(stream.clone());
        }
        let begun = self.clock.elapsed();
        let answer = self.transport.send(request).await;
        let waited = self.clock.elapsed().saturating_sub(begun);
        read(method, &answer.map_err(|error| EventFailure::lost(&error, waited))?)
    }
}

fn read<M: Message + Default>(method: &str, answer: &Response) -> Result<M, EventFailure> {
    if answer.status() != http::StatusCode::OK {
        return Err(EventFailure::told(method, answer));
    }
    M::decode(answer.body().as_ref()).map_err(|error| EventFailure::malformed(method, error.to_string()))
}
