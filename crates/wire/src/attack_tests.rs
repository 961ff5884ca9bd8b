//! Attacks by a server on the bytes of HTTP: what is too much, never ends, or means two things.
//!
//! Each test carries the number of its attack in the project's list of bad inputs.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{
    Call, Clock, Effect, HttpTransport, Limits, Request, ReqwestTransport, Response, SystemClock, Timestamp,
    TransportError, TransportErrorKind,
};

/// 100,000 times `0` in 133 bytes of gzip.
fn bomb() -> Vec<u8> {
    let begin = [
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xed, 0xc1, 0x31, 0x01, 0x00, 0x00, 0x00,
        0xc2, 0xa0, 0x4a, 0xeb, 0x9f, 0xce, 0x1a, 0x1e, 0x40, 0x01,
    ];
    let end = [0xaf, 0x06, 0x85, 0xc2, 0x4d, 0xc5, 0xa0, 0x86, 0x01, 0x00];
    [&begin[..], &[0; 96], &end].concat()
}

/// `bytes` as gzip without compression.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("short");
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    let mut out = vec![0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0xff, 0x01];
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(bytes);
    out.extend((!crc).to_le_bytes());
    out.extend(u32::from(length).to_le_bytes());
    out
}

/// Writes what its part of the script says on each connection, again and again if it is endless.
fn serving(connections: Vec<Vec<u8>>, endless: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for bytes in connections {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut request = [0; 2048];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(&bytes);
            let tail = b"400\r\n".iter().chain(&[b'x'; 1024]).chain(b"\r\n").copied().collect::<Vec<u8>>();
            // Until the client goes away.
            while endless && stream.write_all(&tail).is_ok() {}
            let _ = stream.read(&mut request);
        }
    });
    format!("http://{address}/x")
}

fn transport(limits: Limits, clock: Arc<dyn Clock>) -> ReqwestTransport {
    ReqwestTransport::new(limits, None, clock).expect("a transport")
}

async fn asked(url: &str, limits: Limits, effect: Effect) -> Result<Response, TransportError> {
    let mut request: Request = http::Request::get(url).body(Bytes::new()).expect("a request");
    request.extensions_mut().insert(Call::new("test.call", effect));
    transport(limits, Arc::new(SystemClock)).send(request).await
}

fn small() -> Limits {
    let mut limits = Limits::default();
    limits.read.body = 1 << 20;
    limits
}

fn gzip(encoding: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn attack_11_what_grows_when_it_is_unpacked_is_stopped_at_the_limit() {
    let mut limits = Limits::default();
    limits.read.body = 99_999;
    let url = serving(vec![gzip("gzip", &bomb())], false);
    let error = asked(&url, limits, Effect::Read).await.expect_err("too large");
    assert!(error.detail.contains("larger than 99999 bytes"), "{error}");
    // What is packed twice, or in a way that nobody asked for, is unpacked once or not at all: what is
    // left is no JSON, which the reader says.
    let twice = stored(&bomb());
    let url = serving(vec![gzip("gzip", &twice)], false);
    assert_eq!(asked(&url, small(), Effect::Read).await.expect("once").body(), &bomb());
    for encoding in ["gzip, gzip", "br", "x-unknown"] {
        let url = serving(vec![gzip(encoding, &twice)], false);
        let size = asked(&url, small(), Effect::Read).await.map_or(0, |response| response.body().len());
        assert!(size <= twice.len(), "{encoding}: {size} bytes");
    }
}

#[tokio::test]
async fn attack_12_what_never_ends_is_cut_off() {
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let url = serving(vec![chunked], true);
    let error = asked(&url, small(), Effect::Read).await.expect_err("endless");
    assert!(error.detail.contains("larger than 1048576 bytes"), "{error}");
    let headers = "x-again: 1\r\n".repeat(100_000);
    let many = format!("HTTP/1.1 200 OK\r\n{headers}content-length: 0\r\n\r\n").into_bytes();
    let error =
        asked(&serving(vec![many], false), small(), Effect::Read).await.expect_err("too many headers");
    assert_eq!(error.kind, TransportErrorKind::Unknown);
    let url = serving(vec![b"HTTP/1.1 200 OK\r\nx: ".to_vec()], true);
    let error = asked(&url, small(), Effect::Read).await.expect_err("headers without an end");
    assert_eq!(error.kind, TransportErrorKind::Unknown);
}

/// Only waits of just this length are ever over.
#[derive(Debug)]
struct Hasty(Duration);

#[async_trait]
impl Clock for Hasty {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
    async fn sleep(&self, span: Duration) {
        if span != self.0 {
            std::future::pending::<()>().await;
        }
    }
}

#[tokio::test]
async fn attack_12_a_body_that_drips_is_given_up_in_the_end() {
    let limits = Limits::default();
    let drip = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{".to_vec();
    for (span, part) in [(limits.idle, "the body stopped"), (limits.read.total, "no whole answer")] {
        let url = serving(vec![drip.clone()], false);
        let mut request: Request = http::Request::get(url).body(Bytes::new()).expect("a request");
        request.extensions_mut().insert(Call::new("test.call", Effect::Read));
        let outcome = transport(limits, Arc::new(Hasty(span))).send(request).await;
        let error = outcome.expect_err("it drips");
        assert!(error.detail.contains(part), "{error}");
    }
}

#[tokio::test]
async fn attack_14_answers_whose_length_means_two_things_are_in_doubt() {
    for (head, body) in [
        ("content-length: 100", "{}"),
        ("content-length: 2\r\ncontent-length: 4", "{}{}"),
        ("content-length: -1", "{}"),
        ("content-length: 2x", "{}"),
        ("transfer-encoding: chunked\r\ncontent-length: 2", "2\r\n{}\r\n0\r\n\r\n"),
        ("transfer-encoding: chunked", "2\r\n{}\r\nzz"),
    ] {
        let text = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{head}\r\n\r\n{body}").into_bytes();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/x", listener.local_addr().expect("an address"));
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let _ = stream.read(&mut [0; 2048]);
            let _ = stream.write_all(&text);
        });
        let error = asked(&url, small(), Effect::Append).await.expect_err(head);
        assert_eq!(error.kind, TransportErrorKind::Unknown, "{head}: {error}");
    }
}

#[tokio::test]
async fn attack_14_bytes_behind_an_answer_are_no_answer_to_the_next_request() {
    let smuggled =
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n\"evil\"";
    let honest = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n\"a\"";
    let url = serving(vec![smuggled.to_vec(), honest.to_vec()], false);
    let transport = transport(small(), Arc::new(SystemClock));
    let ask = || {
        let mut request: Request = http::Request::get(&url).body(Bytes::new()).expect("a request");
        request.extensions_mut().insert(Call::new("test.call", Effect::Read));
        transport.send(request)
    };
    assert_eq!(ask().await.expect("an answer").body(), "{}");
    // It may fail, but it is not what was smuggled in.
    let next = ask().await.map(|response| response.body().clone()).unwrap_or_default();
    assert_ne!(next, "\"evil\"");
}
