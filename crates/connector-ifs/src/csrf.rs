//! The double-submit cookie that the web entrances of IFS ask for (IFS documentation, "Handle CSRF").

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{COOKIE, HeaderValue, SET_COOKIE};
use http::{Method, StatusCode, Uri};
use wire::{Call, Effect, HttpTransport, Request, Response, TransportError};

const NAME: &str = "XSRF-TOKEN";
const HEADER: &str = "x-xsrf-token";

/// Gives every request that changes something the cookie and the header that prove each other; reads
/// the service document for them first, and once more if they are refused.
#[derive(Debug)]
pub(crate) struct CsrfDance<T> {
    inner: T,
    token: Mutex<Option<String>>,
}

impl<T: HttpTransport> CsrfDance<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self { inner, token: Mutex::new(None) }
    }

    fn known(&self) -> Option<String> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps the token that an answer brings.
    fn learn(&self, response: &Response) {
        let cookies = response.headers().get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        let token = cookies
            .filter_map(|cookie| cookie.split(';').next()?.trim().strip_prefix(NAME)?.strip_prefix('='))
            .next_back();
        if let Some(token) = token.filter(|token| !token.is_empty()) {
            *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.to_owned());
        }
    }

    /// Reads the service document of `request`, for the cookie that comes with it.
    async fn fetch(&self, request: &Request) -> Result<(), TransportError> {
        let text = request.uri().to_string();
        let root = text.find(".svc/").and_then(|at| text.get(..at + 5)).unwrap_or(&text);
        let Ok(uri) = root.parse::<Uri>() else { return Ok(()) };
        let mut question: Request = http::Request::new(Bytes::new());
        *question.uri_mut() = uri;
        question.extensions_mut().insert(Call::new("ifs.csrf", Effect::Read));
        let response = self.inner.send(question).await?;
        self.learn(&response);
        Ok(())
    }

    async fn proven(&self, request: &Request) -> Result<Response, TransportError> {
        let mut request = request.clone();
        if let Some(token) = self.known()
            && let (Ok(header), Ok(cookie)) =
                (HeaderValue::from_str(&token), HeaderValue::from_str(&format!("{NAME}={token}")))
        {
            request.headers_mut().insert(HEADER, header);
            request.headers_mut().insert(COOKIE, cookie);
        }
        let response = self.inner.send(request).await?;
        self.learn(&response);
        Ok(response)
    }
}

#[async_trait]
impl<T: HttpTransport> HttpTransport for CsrfDance<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        if matches!(*request.method(), Method::GET | Method::HEAD) {
            let response = self.inner.send(request).await?;
            self.learn(&response);
            return Ok(response);
        }
        if self.known().is_none() {
            self.fetch(&request).await?;
        }
        let response = self.proven(&request).await?;
        if response.status() != StatusCode::FORBIDDEN || !says_csrf(&response) {
            return Ok(response);
        }
        // The refusal says that nothing was done: another token may be tried.
        self.fetch(&request).await?;
        self.proven(&request).await
    }
}

fn says_csrf(response: &Response) -> bool {
    response.body().windows(10).any(|window| window == b"CSRF_ERROR")
}
