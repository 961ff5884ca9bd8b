//! Calls of the Pub/Sub API: who asks, and the methods that are no streams.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use prost::Message as _;
use wire::Request;

use super::message::{Fetch, Named, Schema, TopicInfo};
use super::status::Status;
use super::stream::Stream;
use super::topic::selection;
use crate::salesforce::org::SalesforceSandbox;
use crate::salesforce::session::{User, org_id};

/// How the path of every method begins.
const SERVICE: &str = "/eventbus.v1.PubSub/";

impl SalesforceSandbox {
    /// Ends every stream of events now, as a deployment of the service does.
    pub fn end_streams(&self) {
        self.lock().bus.ended += 1;
    }

    /// Answers a method that is no stream.
    pub(crate) fn event_call(&self, path: &str, headers: &HeaderMap, body: &Bytes) -> Result<Bytes, Status> {
        self.event_user(headers)?;
        let asked = Named::decode(body.as_ref()).map_err(|_| Status::malformed())?;
        match path.strip_prefix(SERVICE) {
            Some("GetTopic") => self.event_topic(&asked.name),
            Some("GetSchema") => self.event_schema(&asked.name),
            _ => Err(Status::unimplemented()),
        }
    }

    /// Opens a stream.
    pub(crate) fn event_stream(&self, headers: &HeaderMap, first: &Fetch) -> Result<Stream, Status> {
        let user = self.event_user(headers)?;
        Stream::open(self, user, first)
    }

    /// Whether the path is that of the streaming method.
    pub(crate) fn is_event_stream(path: &str) -> bool {
        path.strip_prefix(SERVICE) == Some("Subscribe")
    }

    /// Who asks, by the metadata that the Pub/Sub API wants.
    fn event_user(&self, headers: &HeaderMap) -> Result<User, Status> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let org = org_id();
        let tenant = text("tenantid");
        let ours = tenant == org || Some(tenant) == org.get(..15);
        if text("instanceurl").is_empty() || !ours {
            return Err(Status::unauthenticated());
        }
        let bearer = HeaderValue::from_str(&format!("Bearer {}", text("accesstoken")));
        let mut request = Request::new(Bytes::new());
        request.headers_mut().insert(header::AUTHORIZATION, bearer.map_err(|_| Status::unauthenticated())?);
        self.lock().sessions.admit(&request, self.clock.elapsed()).map_err(|_| Status::unauthenticated())
    }

    fn event_topic(&self, topic: &str) -> Result<Bytes, Status> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let selected = selection(&state.store, &self.settings, topic).ok_or_else(Status::no_topic)?;
        let schema_id = match selected.as_slice() {
            [one] => state.store.object(one.table).map(|object| state.bus.layout(object).id.clone()),
            _ => None,
        };
        let info = TopicInfo {
            topic_name: topic.to_owned(),
            tenant_guid: org_id(),
            can_publish: false,
            can_subscribe: true,
            schema_id: schema_id.unwrap_or_default(),
            rpc_id: "sandbox".to_owned(),
        };
        Ok(info.encode_to_vec().into())
    }

    fn event_schema(&self, id: &str) -> Result<Bytes, Status> {
        let guard = self.lock();
        let json = guard.bus.schema(id, guard.switches.events.swaps_schemas);
        let json = json.ok_or_else(Status::no_schema)?;
        let schema = Schema { json, id: id.to_owned(), rpc_id: "sandbox".to_owned() };
        Ok(schema.encode_to_vec().into())
    }
}
