//! Signs of life, for systemd's watchdog and for an alarm elsewhere: only as long as the clockwork answers.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use tokio::sync::mpsc;
use wire::Clock;

use super::ask::{Answer, Ask};
use super::channel;
use super::channels::DeadMan;
use super::keeper::Message;
use super::service_manager::ServiceManager;

/// Gives signs of life until the clockwork has ended.
pub(crate) async fn watch(
    dead_man: Option<DeadMan>,
    keeper: mpsc::Sender<Message>,
    clock: Arc<dyn Clock>,
    manager: ServiceManager,
) {
    let watchdog = ServiceManager::signs_of_life();
    let every = [watchdog, dead_man.as_ref().map(|alarm| alarm.every)].into_iter().flatten().min();
    let Some(every) = every.map(|every| every.max(Duration::from_millis(100))) else { return };
    let mut called: Option<Duration> = None;
    while let Some(answer) = super::asked(&keeper, Ask::Ready).await {
        manager.tell("WATCHDOG=1");
        let elapsed = clock.elapsed();
        let alarm = dead_man.as_ref().filter(|alarm| {
            let rested = called.is_none_or(|last| elapsed.saturating_sub(last) >= alarm.every);
            rested && matches!(answer, Answer::Text(_))
        });
        if let Some(alarm) = alarm {
            called = Some(elapsed);
            let fed = channel::call(&*alarm.transport, Method::GET, &alarm.url, None, String::new()).await;
            if let Err(reason) = fed {
                tracing::warn!(reason, "the dead man's switch was not reached");
            }
        }
        clock.sleep(every).await;
    }
}
