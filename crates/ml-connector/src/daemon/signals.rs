//! Signals: SIGTERM and Ctrl-C end the daemon, SIGHUP has it read its files anew.

use tokio::sync::mpsc;

use super::ask::Ask;
use super::keeper::Message;
use super::service_manager::ServiceManager;
use crate::exit::Exit;
use crate::stop::Stop;

/// Listens for as long as the daemon runs.
#[cfg(unix)]
pub(crate) async fn listen(stop: Stop, keeper: mpsc::Sender<Message>, manager: ServiceManager) {
    use tokio::signal::unix::{SignalKind, signal};
    let of = |kind| signal(kind).inspect_err(|error| tracing::warn!(%error, "a signal cannot be heard"));
    let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hang_up)) =
        (of(SignalKind::terminate()), of(SignalKind::interrupt()), of(SignalKind::hangup()))
    else {
        return;
    };
    let mut asked = false;
    loop {
        tokio::select! {
            _ = terminate.recv() => end(&mut asked, &stop, &manager),
            _ = interrupt.recv() => end(&mut asked, &stop, &manager),
            _ = hang_up.recv() => {
                manager.tell("RELOADING=1");
                super::asked(&keeper, Ask::Reload).await;
                manager.tell("READY=1");
            }
        }
    }
}

/// Listens for as long as the daemon runs.
#[cfg(not(unix))]
pub(crate) async fn listen(stop: Stop, _: mpsc::Sender<Message>, manager: ServiceManager) {
    let mut asked = false;
    while tokio::signal::ctrl_c().await.is_ok() {
        end(&mut asked, &stop, &manager);
    }
}

/// The first signal asks, whether or not the end was asked for in another way before; the second one does not.
fn end(asked: &mut bool, stop: &Stop, manager: &ServiceManager) {
    manager.tell("STOPPING=1");
    stop.ask();
    if std::mem::replace(asked, true) {
        // Safe at any moment: whatever is durable stays, whatever is not is done again.
        std::process::exit(Exit::Interrupted.code().into());
    }
    tracing::info!("stopping in good order; a second signal stops at once (both are safe)");
}
