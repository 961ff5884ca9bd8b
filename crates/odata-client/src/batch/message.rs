//! A request or an answer of HTTP as text, inside of a batch or of an answer that came later.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use wire::Response;

/// Headers, and what comes behind the empty line. Lines that are no headers are passed over: what
/// matters are the status and the body.
pub(crate) fn headers(text: &[u8]) -> (HeaderMap, &[u8]) {
    let mut headers = HeaderMap::new();
    let mut at = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        let line = line.trim_ascii_end();
        if line.is_empty() {
            return (headers, text.get(at..).unwrap_or_default());
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.trim_ascii()), HeaderValue::from_bytes(value))
        {
            headers.append(name, value);
        }
    }
    (headers, &[])
}

/// `HTTP/1.1 200 OK`, headers, body. `None` if it does not begin with a status.
pub(crate) fn response(text: &[u8]) -> Option<Response> {
    let start = text.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let text = text.get(start..)?;
    let end = text.iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| at + 1);
    let (line, rest) = text.split_at(end);
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    words.next().filter(|version| version.starts_with("HTTP/"))?;
    let status: u16 = words.next()?.parse().ok()?;
    let (headers, body) = headers(rest);
    let mut response = Response::new(Bytes::copy_from_slice(body));
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    *response.headers_mut() = headers;
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_with_both_line_ends_and_without_reason() {
        for text in [
            "HTTP/1.1 201\r\nETag: W/\"a\"\r\n x\r\nA: 1\r\n\r\n{}",
            "\r\nHTTP/1.1 201 Created\nETag:W/\"a\"\nA: 1\n\n{}",
        ] {
            let found = response(text.as_bytes()).unwrap();
            assert_eq!((found.status().as_u16(), &found.body()[..]), (201, &b"{}"[..]), "{text}");
            assert_eq!(
                (&found.headers()["etag"], &found.headers()["a"]),
                (&HeaderValue::from_static("W/\"a\""), &HeaderValue::from_static("1"))
            );
        }
        for bad in ["", "{}", "HTTP/1.1", "HTTP/1.1 abc", "HTTP/1.1 99", "200 OK"] {
            assert!(response(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
