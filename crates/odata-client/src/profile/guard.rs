//! A profile in use: it is asked before each read, and learns from each refusal.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::Profile;
use crate::{Feature, ODataError};

/// The profile of a service, shared by all its copies; without one, everything is asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Guard(Option<Arc<Mutex<Profile>>>);

impl Guard {
    pub(crate) fn new(profile: Profile) -> Self {
        Self(Some(Arc::new(Mutex::new(profile))))
    }

    /// The profile, with what it has learned so far.
    pub(crate) fn profile(&self) -> Option<Profile> {
        self.with(|profile| profile.clone())
    }

    /// Refuses what needs something that the server cannot do.
    pub(crate) fn check(&self, operation: &'static str, needs: &BTreeSet<Feature>) -> Result<(), ODataError> {
        let checked = self.with(|profile| profile.check_features(needs)).unwrap_or(Ok(()));
        checked.map_err(|refused| ODataError::Unaskable { operation, why: refused.to_string() })
    }

    /// Learns from the server's refusal of what needed `needs`.
    pub(crate) fn learn(&self, needs: &BTreeSet<Feature>, error: &ODataError) {
        if let Some(status) = error.status() {
            self.with(|profile| profile.learn_features(needs.clone(), status));
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Profile) -> T) -> Option<T> {
        // What was learned before a panic elsewhere still holds.
        self.0.as_ref().map(|profile| act(&mut profile.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use bytes::Bytes;
    use wire::{HttpTransport, Request, Response, TransportError};

    use super::*;
    use crate::{Filter, Query, Service};

    /// Implements no counts.
    #[derive(Debug, Default)]
    struct Counting(Mutex<Vec<String>>);

    #[async_trait]
    impl HttpTransport for Counting {
        async fn send(&self, request: Request) -> Result<Response, TransportError> {
            let url = request.uri().to_string();
            let (status, body) = if url.contains("$count") {
                (501, r#"{"error":{"code":"ODP_NOT_IMPLEMENTED","message":"no counts"}}"#)
            } else {
                (200, r#"{"value":[]}"#)
            };
            self.0.lock().unwrap().push(url);
            let response =
                http::Response::builder().status(status).header("content-type", "application/json");
            Ok(response.body(Bytes::from_static(body.as_bytes())).unwrap())
        }
    }

    #[tokio::test]
    async fn what_is_refused_once_is_not_asked_again_and_other_things_are() {
        let server = Arc::new(Counting::default());
        let root = "https://acme.example/int/S.svc/".parse().unwrap();
        let service = Service::new(server.clone(), root).with_profile(Profile::ifs());
        let counted = Query { count: true, ..Query::default() };
        let lambda = Query { filter: Some(Filter::Raw("L/any(x:x/A eq 1)".into())), ..Query::default() };
        let error = service.page("t", "S", &lambda).await.unwrap_err();
        assert!(matches!(error, ODataError::Unaskable { .. }), "{error}");
        assert!(!error.may_have_acted() && server.0.lock().unwrap().is_empty());
        assert!(service.page("t", "S", &counted).await.unwrap_err().status().is_some());
        let copy = service.clone();
        let error = copy.page("t", "S", &counted).await.unwrap_err();
        assert!(error.to_string().contains("no counts"), "{error}");
        assert_eq!(server.0.lock().unwrap().len(), 1);
        copy.page("t", "S", &Query::default()).await.unwrap();
        assert_eq!(service.profile().unwrap().learned().len(), 1);
    }
}
