//! Shows how a long run goes on: a bar on terminals, a plain line every few seconds elsewhere.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sync_engine::{Report, Watch};
use wire::Clock;

use crate::terminal::Terminal;
use crate::view::words::{count, lasting};

/// How often a plain line is written where there is no terminal.
const LINES: Duration = Duration::from_secs(5);

/// A bar with rate and time left.
const KNOWN: &str = "{msg} [{bar:32}] {human_pos}/{human_len}  {per_sec}  {eta} left";
/// The same while the total is not known.
const UNKNOWN: &str = "{msg} {spinner} {human_pos}  {per_sec}";

/// Watches one run.
#[derive(Debug)]
pub(crate) struct Meter {
    terminal: Terminal,
    clock: Arc<dyn Clock>,
    what: String,
    bar: ProgressBar,
    told: Mutex<Told>,
}

/// What was told so far.
#[derive(Debug)]
struct Told {
    begun: Duration,
    last: Duration,
    known: bool,
}

impl Meter {
    /// Watches a run that does `what`.
    pub(crate) fn new(terminal: Terminal, clock: Arc<dyn Clock>, what: &str) -> Self {
        let target = if terminal.live { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target).with_message(what.to_owned());
        bar.set_style(style(UNKNOWN));
        let begun = clock.elapsed();
        let told = Mutex::new(Told { begun, last: begun, known: false });
        Self { terminal, clock, what: what.to_owned(), bar, told }
    }

    /// The run has ended: takes the bar away and returns how long it took.
    pub(crate) fn end(&self) -> Duration {
        self.bar.finish_and_clear();
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        self.clock.elapsed().saturating_sub(told.begun)
    }

    fn line(&self, told: &mut Told, done: u64, total: Option<u64>) {
        let now = self.clock.elapsed();
        if self.terminal.live || now.saturating_sub(told.last) < LINES {
            return;
        }
        told.last = now;
        self.terminal.say(&plain(&self.what, done, total, now.saturating_sub(told.begun)));
    }
}

impl Watch for Meter {
    fn progress(&self, so_far: &Report, total: Option<u64>) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(total), false) = (total, told.known) {
            told.known = true;
            self.bar.set_style(style(KNOWN));
            self.bar.set_length(total);
        }
        // A saved plan is carried out without reading the source page by page.
        let done = so_far.read.max(so_far.written() + so_far.equal + so_far.parked);
        self.bar.set_position(done);
        self.line(&mut told, done, total);
    }
}

fn style(template: &str) -> ProgressStyle {
    // Both templates are constants; a wrong one only costs looks.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// One line of progress: how far, how fast, how long still.
fn plain(what: &str, done: u64, total: Option<u64>, passed: Duration) -> String {
    let millis = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = done.saturating_mul(1000) / millis;
    let Some(total) = total else { return format!("{what}: {}, {}/s", count(done), count(rate)) };
    let line = format!("{what}: {} of {}, {}/s", count(done), count(total), count(rate));
    match total.saturating_sub(done).checked_div(rate) {
        Some(left) => format!("{line}, {} left", lasting(Duration::from_secs(left))),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_how_far_how_fast_and_how_long_still() {
        let line = plain("suppliers", 5_000, Some(12_500), Duration::from_secs(5));
        assert_eq!(line, "suppliers: 5,000 of 12,500, 1,000/s, 7 s left");
        assert_eq!(plain("suppliers", 0, None, Duration::ZERO), "suppliers: 0, 0/s");
    }
}
