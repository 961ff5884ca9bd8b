//! Log lines on their way out: a thread of their own writes them, so that whoever reads the log may hang without
//! holding up a run. What nobody takes in time is counted and dropped.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// How many lines may wait.
const WAITING: usize = 1024;
/// How long the end of the program waits for the last lines.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where log lines are put.
#[derive(Debug, Clone)]
pub(crate) struct LogPipe {
    lines: SyncSender<Entry>,
    dropped: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Entry {
    Line(Vec<u8>),
    /// Tells that everything before it has been written.
    Mark(SyncSender<()>),
}

impl LogPipe {
    /// Leads to `out`.
    pub(crate) fn to(out: impl Write + Send + 'static) -> Self {
        let (lines, waiting) = sync_channel(WAITING);
        std::thread::spawn(move || write(out, &waiting));
        Self { lines, dropped: Arc::default() }
    }

    /// How many lines nobody took in time.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Waits a moment for what has been put in to be written.
    pub(crate) fn finish(&self) {
        let (done, written) = sync_channel(1);
        if self.lines.try_send(Entry::Mark(done)).is_ok() {
            // Whoever does not read at the end either has been waited for long enough.
            let _ = written.recv_timeout(PATIENCE);
        }
    }
}

/// Writes until nobody puts anything in any more. A log that cannot be written to stops nothing.
fn write(mut out: impl Write, waiting: &Receiver<Entry>) {
    while let Ok(entry) = waiting.recv() {
        match entry {
            Entry::Line(line) => drop(out.write_all(&line)),
            Entry::Mark(done) => {
                let _ = out.flush();
                let _ = done.send(());
            }
        }
    }
}

/// One line: the formatter writes it as a whole.
impl Write for LogPipe {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        if self.lines.try_send(Entry::Line(line.to_vec())).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogPipe {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes nothing until it is let go.
    struct Hanging(Receiver<()>);

    impl Write for Hanging {
        fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
            // Let go means: whoever held it is gone.
            let _ = self.0.recv();
            Ok(line.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_hangs_holds_up_nobody_and_what_is_lost_is_counted() {
        let (hold, stuck) = sync_channel(0);
        let mut pipe = LogPipe::to(Hanging(stuck));
        for _ in 0..WAITING + 100 {
            pipe.write_all(b"line\n").unwrap();
        }
        assert!((99..=100).contains(&pipe.dropped()), "{}", pipe.dropped());
        drop(hold);
        pipe.finish();
    }

    #[test]
    fn the_end_waits_for_the_last_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut pipe = LogPipe::to(file.reopen().unwrap());
        for _ in 0..100 {
            pipe.write_all(b"line\n").unwrap();
        }
        pipe.finish();
        assert_eq!(std::fs::read_to_string(file.path()).unwrap().lines().count(), 100);
        assert_eq!(pipe.dropped(), 0);
    }
}
