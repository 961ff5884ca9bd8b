//! Client credentials, as both token endpoints receive them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header;
use wire::Request;

/// Credentials in the header, each form-encoded before the base64 (RFC 6749 section 2.3.1).
pub(crate) fn basic(request: &Request) -> Option<(String, String)> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let bytes = STANDARD.decode(value.strip_prefix("Basic ")?.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decoded = |part: &str| {
        let pair = format!("x={part}");
        url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    Some((decoded(id)?, decoded(secret)?))
}
