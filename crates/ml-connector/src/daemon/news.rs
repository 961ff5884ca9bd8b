//! Listening for news of a system between the runs of a flow.

use super::keeper::{Keeper, Message};
use super::names::FlowId;

impl Keeper {
    /// Waits for news of a flow that has just run well, if it listens to any.
    pub(crate) fn listen(&self, id: &FlowId) {
        let Some(news) = self.worker.news(id) else { return };
        let (sender, id) = (self.sender(), id.clone());
        tokio::spawn(async move {
            if news.await {
                // The clockwork is gone only when the daemon has ended.
                let _ = sender.send(Message::Told(id)).await;
            }
        });
    }
}
