//! How a gRPC call ends.

/// The prefix of the Pub/Sub API's own codes.
const CODES: &str = "sfdc.platform.eventbus.grpc.";

/// How a call ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    /// The gRPC code.
    pub(crate) code: i32,
    /// What stands in the trailer `error-code`.
    pub(crate) error_code: String,
    pub(crate) words: &'static str,
}

impl Status {
    fn new(code: i32, error_code: &str, words: &'static str) -> Self {
        let error_code = if error_code.is_empty() { String::new() } else { format!("{CODES}{error_code}") };
        Self { code, error_code, words }
    }

    pub(crate) fn ok() -> Self {
        Self::new(0, "", "")
    }

    pub(crate) fn unauthenticated() -> Self {
        Self::new(16, "service.auth.error", "An authentication exception occurred")
    }

    pub(crate) fn place_lost() -> Self {
        let words = "The Replay ID validation failed. Ensure that the Replay ID is valid";
        Self::new(3, "subscription.fetch.replayid.corrupted", words)
    }

    pub(crate) fn exhausted() -> Self {
        Self::new(8, "subscription.limit.exceeded", "The daily event delivery limit was exceeded")
    }

    pub(crate) fn no_topic() -> Self {
        Self::new(5, "", "The topic is not found, or you lack the permission to subscribe to it")
    }

    pub(crate) fn no_schema() -> Self {
        Self::new(3, "", "The schema ID is not valid")
    }

    pub(crate) fn malformed() -> Self {
        Self::new(3, "", "The request cannot be read")
    }

    pub(crate) fn other_topic() -> Self {
        Self::new(3, "", "The topic of a stream cannot change")
    }

    pub(crate) fn unavailable() -> Self {
        Self::new(14, "", "The service is unavailable")
    }

    pub(crate) fn unimplemented() -> Self {
        Self::new(12, "", "The method is not implemented")
    }

    /// The HTTP status that says the same.
    pub(crate) fn http(&self) -> u16 {
        match self.code {
            0 => 204,
            3 => 400,
            5 => 404,
            8 => 429,
            12 => 501,
            14 => 503,
            16 => 401,
            _ => 500,
        }
    }

    /// The trailers.
    pub(crate) fn trailers(&self) -> Vec<(&'static str, String)> {
        let all = [
            ("grpc-status", self.code.to_string()),
            ("grpc-message", self.words.to_owned()),
            ("error-code", self.error_code.clone()),
        ];
        all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }
}
