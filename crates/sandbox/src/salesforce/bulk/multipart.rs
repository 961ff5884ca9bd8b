//! Bodies of several parts (RFC 7578).

use http::header;
use wire::Request;

/// The parts of a body by name; none if it is no such body.
pub(crate) fn parts(request: &Request) -> Option<Vec<(String, &[u8])>> {
    let kind = request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
    if !kind.trim_start().to_ascii_lowercase().starts_with("multipart/") {
        return None;
    }
    let boundary = kind.split(';').find_map(|option| option.trim().strip_prefix("boundary="))?;
    let mark = format!("--{}", boundary.trim_matches('"'));
    let mut found = Vec::new();
    let mut rest = after(request.body(), mark.as_bytes())?;
    while !rest.starts_with(b"--") {
        let end = position(rest, mark.as_bytes())?;
        let (part, later) = rest.split_at(end);
        found.extend(one(part));
        rest = later.get(mark.len()..)?;
    }
    Some(found)
}

/// A part's name and content.
fn one(part: &[u8]) -> Option<(String, &[u8])> {
    let part = part.strip_prefix(b"\r\n").or_else(|| part.strip_prefix(b"\n")).unwrap_or(part);
    let (heads, content) = [&b"\r\n\r\n"[..], b"\n\n"].iter().find_map(|gap| {
        let at = position(part, gap)?;
        Some((part.get(..at)?, part.get(at + gap.len()..)?))
    })?;
    let heads = std::str::from_utf8(heads).ok()?;
    let name = heads.split(['\r', '\n', ';']).find_map(|option| {
        let option = option.trim();
        option.strip_prefix("name=").map(|name| name.trim_matches('"').to_owned())
    })?;
    let content = content.strip_suffix(b"\r\n").or_else(|| content.strip_suffix(b"\n")).unwrap_or(content);
    Some((name, content))
}

fn after<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    bytes.get(position(bytes, mark)? + mark.len()..)
}

fn position(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|window| window == mark)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn request(kind: &str, body: &str) -> Request {
        let request = http::Request::post("/").header("content-type", kind);
        request.body(Bytes::from(body.to_owned())).expect("a request")
    }

    #[test]
    fn parts_have_names_and_contents() {
        let body = "--xx\r\nContent-Type: application/json\r\nContent-Disposition: form-data; name=\"job\"\r\n\r\n{}\r\n\
                    --xx\r\nContent-Disposition: form-data; name=\"content\"; filename=\"a\"\r\n\r\nId\n1\n\r\n--xx--\r\n";
        let request = request("multipart/form-data; boundary=\"xx\"", body);
        let wanted = vec![("job".to_owned(), &b"{}"[..]), ("content".to_owned(), &b"Id\n1\n"[..])];
        assert_eq!(parts(&request), Some(wanted));
    }

    #[test]
    fn other_bodies_have_none() {
        assert_eq!(parts(&request("application/json", "{}")), None);
        assert_eq!(parts(&request("multipart/form-data; boundary=x", "--x\r\nbroken")), None);
    }
}
