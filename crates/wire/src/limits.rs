//! How long to wait and how much to take, by class of operation.

use std::time::Duration;

use crate::{Call, Effect, Request};

/// The operation name of every token call, in [`Call::operation`].
pub const TOKEN_OPERATION: &str = "token";

/// The class of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Asking an identity provider for a token.
    Token,
    /// Reading.
    Read,
    /// Writing.
    Write,
}

impl Class {
    /// The class of `request`, as its [`Call`] tells; a request without one counts as a write.
    pub fn of(request: &Request) -> Self {
        match request.extensions().get::<Call>() {
            Some(call) if call.operation == TOKEN_OPERATION => Self::Token,
            Some(Call { effect: Effect::Read, .. }) => Self::Read,
            _ => Self::Write,
        }
    }
}

/// The limits of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassLimits {
    /// Until the response's headers are here.
    pub headers: Duration,
    /// Until the whole body is here.
    pub total: Duration,
    /// Bytes of body, decompressed.
    pub body: usize,
}

/// The limits of a transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until a connection stands, TLS included.
    pub connect: Duration,
    /// Longest silence while a response comes.
    pub idle: Duration,
    /// Bytes of all response header names and values.
    pub header_bytes: usize,
    /// For token calls.
    pub token: ClassLimits,
    /// For reads.
    pub read: ClassLimits,
    /// For writes.
    pub write: ClassLimits,
}

impl Limits {
    /// The limits of `class`.
    pub fn of(&self, class: Class) -> &ClassLimits {
        match class {
            Class::Token => &self.token,
            Class::Read => &self.read,
            Class::Write => &self.write,
        }
    }
}

impl Default for Limits {
    /// Connect 10 s, 30 s of silence, 64 KiB of headers; a token call takes 30 s and 64 KiB, a read
    /// 120 s, a write 150 s (both servers give up on their own after 120 s), both 64 MiB.
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(10),
            idle: seconds(30),
            header_bytes: 64 << 10,
            token: ClassLimits { headers: seconds(15), total: seconds(30), body: 64 << 10 },
            read: ClassLimits { headers: seconds(90), total: seconds(120), body: 64 << 20 },
            write: ClassLimits { headers: seconds(140), total: seconds(150), body: 64 << 20 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_tells_the_class() {
        for (call, class) in [
            (Some(Call::new(TOKEN_OPERATION, Effect::Read)), Class::Token),
            (Some(Call::new("ifs.page", Effect::Read)), Class::Read),
            (Some(Call::new("salesforce.upsert", Effect::Put)), Class::Write),
            (Some(Call::new("salesforce.insert", Effect::Append)), Class::Write),
            (None, Class::Write),
        ] {
            let mut request = Request::default();
            if let Some(call) = call.clone() {
                request.extensions_mut().insert(call);
            }
            assert_eq!(Class::of(&request), class, "{call:?}");
        }
        assert_eq!(Limits::default().of(Class::Token).body, 64 << 10);
    }
}
