//! The double-submit cookie of the web entrances (IFS documentation, "Handle CSRF").

use http::{HeaderValue, Method, StatusCode, header};
use wire::{Request, Response};

use super::address::Entrance;
use super::problem::Problem;

const COOKIE: &str = "XSRF-TOKEN";

/// Whether a request through `entrance` proves that it comes from whoever has the cookie. Reads and
/// integrations need not.
pub(crate) fn check(request: &Request, entrance: Entrance) -> Result<(), Problem> {
    if entrance == Entrance::Integration || matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(());
    }
    let cookies = request.headers().get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let cookie = cookies
        .flat_map(|cookies| cookies.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix(COOKIE)?.strip_prefix('='));
    let header = request.headers().get("x-xsrf-token").and_then(|value| value.to_str().ok());
    match (cookie, header) {
        (Some(cookie), Some(header)) if cookie == header && !cookie.is_empty() => Ok(()),
        _ => Err(Problem::new(StatusCode::FORBIDDEN, "CSRF_ERROR", "the CSRF token is missing or wrong")),
    }
}

/// Gives the answer to a read the cookie.
pub(crate) fn give(response: &mut Response, request: &Request, entrance: Entrance, seed: u64) {
    if entrance == Entrance::Integration || request.method() != Method::GET {
        return;
    }
    let cookie = format!("{COOKIE}={seed:016x}; Path=/; Secure; SameSite=Strict");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
