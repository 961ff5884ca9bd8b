//! Streams as turns: each message out and in is an exchange that every layer sees.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A stream of messages in both directions, of which each request is a turn. It goes along in the
/// request's extensions.
///
/// # Contract
/// - The body of a request is a message to send, the body of its answer is the next message that the
///   server sends. A request without a body sends nothing and waits for the next message.
/// - A request with a body opens the stream if it is not open. One without is refused then.
/// - The answer 204 says that the server ended the stream in order; any status from 400 on that it
///   ended with an error. After both, after a [`TransportError`](crate::TransportError), and after a
///   request that was dropped while it waited, the stream is not open.
/// - One turn at a time.
///
/// Because a turn is an ordinary request, pinning, tokens and the audit log hold for streams as they
/// hold for everything else, and nothing needs to know of streams but the two ends.
#[derive(Clone, Default)]
pub struct Conversation(Arc<Mutex<Option<Box<dyn Any + Send>>>>);

impl Conversation {
    /// A stream that is not open yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// For transports: takes out what was kept for the stream, if it is open.
    pub fn take<T: 'static>(&self) -> Option<T> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        kept.downcast().ok().map(|kept| *kept)
    }

    /// For transports: keeps an open stream until the next turn.
    pub fn keep<T: Send + 'static>(&self, stream: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(stream));
    }

    /// Ends the stream from our side.
    pub fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl fmt::Debug for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        f.debug_struct("Conversation").field("open", &open).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_kept_between_turns_and_gone_after_close() {
        let conversation = Conversation::new();
        assert_eq!(conversation.take::<u8>(), None);
        conversation.clone().keep(7_u8);
        assert_eq!(format!("{conversation:?}"), "Conversation { open: true }");
        assert_eq!((conversation.take::<u8>(), conversation.take::<u8>()), (Some(7), None));
        conversation.keep(7_u8);
        conversation.close();
        assert_eq!(conversation.take::<u8>(), None);
    }
}
