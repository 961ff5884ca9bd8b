//! What systemd is told: ready, reloading, stopping, alive. Elsewhere nobody listens, and nothing happens.

use std::time::Duration;

use crate::config::environment;

/// Where systemd listens.
const SOCKET: &str = "NOTIFY_SOCKET";
/// How often systemd wants a sign of life, in microseconds.
const WATCHDOG: &str = "WATCHDOG_USEC";

/// Tells systemd.
#[derive(Debug, Clone)]
pub(crate) struct ServiceManager {
    socket: Option<std::ffi::OsString>,
}

impl ServiceManager {
    /// Whoever started this process.
    pub(crate) fn of_process() -> Self {
        Self { socket: environment::variable(SOCKET) }
    }

    /// How often a sign of life is wanted: twice as often as systemd asks for.
    pub(crate) fn signs_of_life() -> Option<Duration> {
        let wanted = environment::variable(WATCHDOG)?.into_string().ok()?.parse().ok()?;
        Some(Duration::from_micros(wanted) / 2)
    }

    /// Tells `state`, such as `READY=1`.
    pub(crate) fn tell(&self, state: &str) {
        let Some(socket) = &self.socket else { return };
        if let Err(error) = send(socket, state) {
            tracing::warn!(%error, state, "systemd could not be told");
        }
    }
}

#[cfg(target_os = "linux")]
fn send(socket: &std::ffi::OsStr, state: &str) -> std::io::Result<()> {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    let address = match socket.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(socket)?,
    };
    UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address).map(drop)
}

#[cfg(not(target_os = "linux"))]
fn send(_: &std::ffi::OsStr, _: &str) -> std::io::Result<()> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn systemd_hears_what_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let listener = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
        ServiceManager { socket: Some(path.into()) }.tell("READY=1");
        let mut heard = [0_u8; 32];
        let length = listener.recv(&mut heard).unwrap();
        assert_eq!(&heard[..length], b"READY=1");
        ServiceManager { socket: None }.tell("READY=1");
    }
}
