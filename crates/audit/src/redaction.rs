//! What of a request and a response may be kept.
//!
//! Headers are kept by allow-list. Bodies are kept whole, but for token calls: these have a closed
//! list of members whose values are secrets, and nothing else of the product carries any.

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
    "sforce-call-options",
    "sforce-query-options",
    "x-ifs-time-zone-aware-request",
];

/// Response headers that are kept.
const RESPONSE: &[&str] = &[
    "content-length",
    "content-type",
    "date",
    "etag",
    "last-modified",
    "location",
    "odata-version",
    "preference-applied",
    "retry-after",
    "sforce-limit-info",
    "x-correlation-id",
];

/// Members of token requests and answers whose values are secrets.
const SECRETS: &[&str] = &[
    "access_token",
    "assertion",
    "client_assertion",
    "client_secret",
    "id_token",
    "password",
    "refresh_token",
    "signature",
];

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

/// The form body of a token request without its secrets.
pub fn token_request(body: &Bytes) -> Bytes {
    let text = String::from_utf8_lossy(body);
    let pair = |pair: &str| {
        let name = pair.split('=').next().unwrap_or_default();
        if SECRETS.contains(&name) { format!("{name}={REDACTED}") } else { pair.to_owned() }
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
        if SECRETS.contains(&name.as_str()) {
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
        let odd = token_answer(&Bytes::from("<html>canary</html>"));
        assert!(!String::from_utf8_lossy(&odd).contains("canary"));
    }
}
