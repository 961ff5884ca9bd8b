//! What of a request and a response may be kept.
//!
//! Headers are kept by allow-list. Bodies are kept whole, but for token calls: of these only the
//! values of a closed list of members are kept, and nothing else of the product carries secrets.

use bytes::Bytes;
use http::HeaderMap;
use wire::{Call, TOKEN_OPERATION};

/// Stands where a secret stood.
pub const REDACTED: &str = "[redacted]";

/// Request headers that are kept.
const REQUEST: &[&str] = &[
    "accept",
    "accept-language",
    "content-type",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-unmodified-since",
    "odata-maxversion",
    "odata-version",
    "prefer",
    "sforce-auto-assign",
    "sforce-call-options",
    "sforce-duplicate-rule-header",
    "sforce-query-options",
    "x-ifs-time-zone-aware-request",
];

/// Response headers that are kept.
const RESPONSE: &[&str] = &[
    "allow",
    "content-length",
    "content-type",
    "date",
    "error-code",
    "etag",
    "grpc-message",
    "grpc-status",
    "last-modified",
    "location",
    "odata-version",
    "preference-applied",
    "retry-after",
    "rpc-id",
    "server",
    "sforce-limit-info",
    "sforce-locator",
    "sforce-numberofrecords",
    "warning",
    "www-authenticate",
    "x-correlation-id",
    "x-request-id",
];

/// Members of token requests whose values are kept (RFC 6749, 4.4.2).
const TOKEN_REQUEST: &[&str] = &["client_id", "grant_type", "scope"];

/// Members of token answers whose values are kept: those of RFC 6749 (5.1, 5.2) that are no tokens,
/// and those by which Keycloak and Salesforce tell lifetimes and places.
const TOKEN_ANSWER: &[&str] = &[
    "api_instance_url",
    "error",
    "error_description",
    "expires_in",
    "id",
    "instance_url",
    "issued_at",
    "not-before-policy",
    "refresh_expires_in",
    "scope",
    "token_type",
];

/// The name under which the length of a body that was redacted is kept among the headers.
pub const ORIGINAL_LENGTH: &str = "x-audit-original-length";

/// The request headers that may be kept, in order.
pub fn request_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    kept(headers, REQUEST)
}

/// The response headers that may be kept, in order.
pub fn response_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    kept(headers, RESPONSE)
}

fn kept(headers: &HeaderMap, allowed: &[&str]) -> Vec<(String, String)> {
    let allowed = |name: &http::HeaderName| allowed.contains(&name.as_str());
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers
        .iter()
        .filter(|(name, _)| allowed(name))
        .map(|(name, value)| (name.as_str().to_owned(), text(value)))
        .collect()
}

/// Whether a call's bodies carry secrets.
pub fn is_secret(call: &Call) -> bool {
    call.operation == TOKEN_OPERATION
}

/// `headers` and the length that `body` had before it was redacted.
pub fn noted(mut headers: Vec<(String, String)>, body: &Bytes) -> Vec<(String, String)> {
    headers.push((ORIGINAL_LENGTH.to_owned(), body.len().to_string()));
    headers
}

/// The form body of a token request without its secrets.
pub fn token_request(body: &Bytes) -> Bytes {
    let text = String::from_utf8_lossy(body);
    let pair = |pair: &str| {
        // What has no name is all value.
        let Some((name, _)) = pair.split_once('=') else { return REDACTED.to_owned() };
        if TOKEN_REQUEST.contains(&name) { pair.to_owned() } else { format!("{name}={REDACTED}") }
    };
    Bytes::from(text.split('&').map(pair).collect::<Vec<_>>().join("&"))
}

/// The body of a token answer without its secrets. What is no JSON object is not kept at all: it may
/// hold anything.
pub fn token_answer(body: &Bytes) -> Bytes {
    let Ok(serde_json::Value::Object(mut members)) = serde_json::from_slice(body) else {
        return Bytes::from(format!("{REDACTED} ({} bytes that are no JSON object)", body.len()));
    };
    for (name, value) in &mut members {
        let plain = !value.is_object() && !value.is_array();
        if !plain || !TOKEN_ANSWER.contains(&name.as_str()) {
            *value = serde_json::Value::from(REDACTED);
        }
    }
    Bytes::from(serde_json::Value::Object(members).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorization_and_cookies_are_not_kept() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("authorization", "Bearer x"), ("cookie", "sid=x"), ("if-match", "W/\"a\"")] {
            headers.insert(name, value.parse().expect("a header"));
        }
        assert_eq!(request_headers(&headers), [("if-match".to_owned(), "W/\"a\"".to_owned())]);
        headers.insert("set-cookie", "sid=x".parse().expect("a header"));
        assert_eq!(response_headers(&headers), []);
    }

    #[test]
    fn token_bodies_lose_their_secrets_and_nothing_else() {
        let request =
            token_request(&Bytes::from("grant_type=client_credentials&client_id=me&client_secret=canary"));
        assert_eq!(request, "grant_type=client_credentials&client_id=me&client_secret=[redacted]");
        let answer = token_answer(&Bytes::from(r#"{"access_token":"canary","expires_in":180}"#));
        assert_eq!(answer, r#"{"access_token":"[redacted]","expires_in":180}"#);
        let more = token_answer(&Bytes::from(
            r#"{"id":{"x":"canary"},"scope":["canary"],"session":"canary","issued_at":"17","error":"e"}"#,
        ));
        assert_eq!(
            more,
            r#"{"error":"e","id":"[redacted]","issued_at":"17","scope":"[redacted]","session":"[redacted]"}"#
        );
        let disguised = token_request(&Bytes::from("client%5Fsecret=canary&password=canary&canary"));
        assert_eq!(disguised, "client%5Fsecret=[redacted]&password=[redacted]&[redacted]");
        let odd = token_answer(&Bytes::from("<html>canary</html>"));
        assert!(!String::from_utf8_lossy(&odd).contains("canary"));
    }
}
