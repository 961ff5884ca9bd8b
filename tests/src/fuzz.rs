//! Feeds readers of untrusted bytes with damaged input, repeatably from a seed.
//!
//! A target is a corpus and a check. The check calls the reader and says what does not hold: a
//! reader must not panic, must answer within bounds, and what it accepts must mean what the bytes
//! say. Runs of one seed are independent of each other, so that each can be repeated alone.

pub mod mutation;
pub mod odata;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use wire::{Clock as _, SeededEntropy, SystemClock};

/// A reader of untrusted bytes.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// Well-formed and slightly broken inputs from which others are made.
    pub corpus: &'static [&'static str],
    /// Words of its language, to be strewn in.
    pub words: &'static [&'static str],
    /// Reads, and says what does not hold.
    pub check: fn(&[u8]) -> Result<(), String>,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target").field("name", &self.name).finish_non_exhaustive()
    }
}

/// All targets. A new reader gets its line here.
pub const TARGETS: &[&[Target]] = &[odata::TARGETS];

/// All targets, or those whose name begins with `name`.
pub fn targets(name: Option<&str>) -> Vec<Target> {
    let wanted = |target: &&Target| name.is_none_or(|name| target.name.starts_with(name));
    TARGETS.iter().copied().flatten().filter(wanted).copied().collect()
}

/// An input for which something does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The target.
    pub target: &'static str,
    /// The seed and the number of the run, which make the input again.
    pub seed: u64,
    /// See `seed`.
    pub run: u64,
    /// What does not hold.
    pub what: String,
    /// The input.
    pub input: Vec<u8>,
}

/// How long to go on.
#[derive(Debug, Clone, Copy)]
pub enum Span {
    /// So many runs.
    Runs(u64),
    /// So long by the clock of the machine; how many runs that are differs from time to time.
    Time(Duration),
}

/// One run may take so long, on a busy machine too.
const SLOW: Duration = Duration::from_secs(10);

/// Runs `target` from run `from` on. Gives the number of runs, or what was found.
pub fn fuzz(target: &Target, seed: u64, from: u64, span: Span) -> Result<u64, Box<Finding>> {
    let begun = SystemClock.elapsed();
    let mut run = from;
    loop {
        let over = match span {
            Span::Runs(runs) => run - from >= runs,
            Span::Time(time) => SystemClock.elapsed().saturating_sub(begun) >= time,
        };
        if over {
            return Ok(run - from);
        }
        once(target, seed, run)?;
        run += 1;
    }
}

/// The input of one run: the corpus itself comes first, unchanged.
pub fn input(target: &Target, seed: u64, run: u64) -> Vec<u8> {
    let place = usize::try_from(run).unwrap_or(usize::MAX);
    match target.corpus.get(place) {
        Some(text) => text.as_bytes().to_vec(),
        None => mutation::made(target.corpus, target.words, &SeededEntropy::new(seed ^ run.rotate_left(32))),
    }
}

fn once(target: &Target, seed: u64, run: u64) -> Result<(), Box<Finding>> {
    let input = input(target, seed, run);
    let begun = SystemClock.elapsed();
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.check)(&input)));
    let took = SystemClock.elapsed().saturating_sub(begun);
    let what = match outcome {
        Err(_) => "it panicked".to_owned(),
        Ok(Err(what)) => what,
        Ok(Ok(())) if took > SLOW => format!("it took {took:?}"),
        Ok(Ok(())) => return Ok(()),
    };
    Err(Box::new(Finding { target: target.name, seed, run, what, input }))
}
