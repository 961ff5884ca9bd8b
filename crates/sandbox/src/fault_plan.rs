//! Who decides which call goes wrong: nobody, a script, or chance from a seed.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use http::Method;
use serde::{Deserialize, Serialize};
use wire::{Entropy, SeededEntropy};

use crate::fault::Fault;

/// What a fault plan may know of a call.
#[derive(Debug, Clone)]
pub struct SeenCall<'a> {
    /// Counts from 1 over the life of the gate.
    pub number: u64,
    /// The method.
    pub method: &'a Method,
    /// Path and query as they were sent.
    pub path: &'a str,
    /// The endpoint's name for the kind of call.
    pub kind: &'static str,
    /// Whether it may change records.
    pub writes: bool,
}

/// Decides which call goes wrong.
///
/// # Contract
/// Asked exactly once for every call, in order. The same plan asked about the same calls answers
/// the same: chance comes from a seed.
pub trait FaultPlan: Debug + Send + Sync + 'static {
    /// What goes wrong with `call`, if anything.
    fn next(&self, call: &SeenCall<'_>) -> Option<Fault>;
}

/// Nothing goes wrong.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFaults;

impl FaultPlan for NoFaults {
    fn next(&self, _call: &SeenCall<'_>) -> Option<Fault> {
        None
    }
}

/// Which calls are meant. Empty means all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Only {
    /// Path and query contain this text.
    pub path: Option<String>,
    /// The endpoint's name for the kind of call.
    pub kind: Option<String>,
    /// Writes (`true`) or reads (`false`).
    pub writes: Option<bool>,
}

impl Only {
    /// Calls of this kind.
    pub fn kind(kind: impl Into<String>) -> Self {
        Self { kind: Some(kind.into()), ..Self::default() }
    }

    /// Calls that may change records.
    pub fn writes() -> Self {
        Self { writes: Some(true), ..Self::default() }
    }

    /// Whether `call` is meant.
    pub fn matches(&self, call: &SeenCall<'_>) -> bool {
        self.path.as_ref().is_none_or(|part| call.path.contains(part.as_str()))
            && self.kind.as_ref().is_none_or(|kind| kind == call.kind)
            && self.writes.is_none_or(|writes| writes == call.writes)
    }
}

/// One line of a script: the calls `from .. from + times` among those meant go wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptedFault {
    /// The first call that goes wrong, counted from 1 among the calls that `only` means.
    pub from: u64,
    /// How many calls in a row go wrong.
    #[serde(default = "once")]
    pub times: u64,
    /// Which calls are counted.
    #[serde(default)]
    pub only: Only,
    /// What goes wrong.
    pub fault: Fault,
}

fn once() -> u64 {
    1
}

/// The n-th call goes wrong, exactly.
#[derive(Debug, Default)]
pub struct Scripted(Mutex<Vec<(ScriptedFault, u64)>>);

impl Scripted {
    /// Goes wrong as `lines` say; where two mean the same call the first one wins.
    pub fn new(lines: impl IntoIterator<Item = ScriptedFault>) -> Self {
        Self(Mutex::new(lines.into_iter().map(|line| (line, 0)).collect()))
    }

    /// The `number`-th call of all goes wrong with `fault`.
    pub fn nth(number: u64, fault: Fault) -> Self {
        Self::new([ScriptedFault { from: number, times: 1, only: Only::default(), fault }])
    }
}

impl FaultPlan for Scripted {
    fn next(&self, call: &SeenCall<'_>) -> Option<Fault> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut fault = None;
        // Every line counts every call it means, also when an earlier line wins.
        for (line, seen) in lines.iter_mut().filter(|(line, _)| line.only.matches(call)) {
            *seen += 1;
            let due = *seen >= line.from && *seen - line.from < line.times;
            if due && fault.is_none() {
                fault = Some(line.fault.clone());
            }
        }
        fault
    }
}

/// How often a fault strikes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Calls out of a thousand.
    pub per_mille: u32,
    /// Which calls it can strike.
    #[serde(default)]
    pub only: Only,
    /// What goes wrong.
    pub fault: Fault,
}

/// Faults strike by chance, repeatably.
#[derive(Debug)]
pub struct SeededRates {
    entropy: SeededEntropy,
    rates: Vec<Rate>,
}

impl SeededRates {
    /// Faults at `rates`, drawn from `seed`. One draw a call: the rates of one call add up.
    pub fn new(seed: u64, rates: Vec<Rate>) -> Self {
        Self { entropy: SeededEntropy::new(seed), rates }
    }
}

impl FaultPlan for SeededRates {
    fn next(&self, call: &SeenCall<'_>) -> Option<Fault> {
        let mut draw = self.entropy.next_u64() % 1000;
        for rate in self.rates.iter().filter(|rate| rate.only.matches(call)) {
            match draw.checked_sub(u64::from(rate.per_mille)) {
                Some(rest) => draw = rest,
                None => return Some(rate.fault.clone()),
            }
        }
        None
    }
}

/// A plan that can be exchanged while the server runs.
#[derive(Debug)]
pub struct FaultSwitch(Mutex<Arc<dyn FaultPlan>>);

impl FaultSwitch {
    /// Starts with `plan`.
    pub fn new(plan: impl FaultPlan) -> Self {
        Self(Mutex::new(Arc::new(plan)))
    }

    /// From the next call on, `plan` decides.
    pub fn set(&self, plan: impl FaultPlan) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(plan);
    }
}

impl Default for FaultSwitch {
    fn default() -> Self {
        Self::new(NoFaults)
    }
}

impl FaultPlan for FaultSwitch {
    fn next(&self, call: &SeenCall<'_>) -> Option<Fault> {
        let plan = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        plan.next(call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(number: u64, path: &str, writes: bool) -> SeenCall<'_> {
        SeenCall { number, method: &Method::GET, path, kind: "page", writes }
    }

    #[test]
    fn a_script_counts_only_the_calls_it_means() {
        let plan = Scripted::new([ScriptedFault {
            from: 2,
            times: 2,
            only: Only { path: Some("/pages".into()), ..Only::default() },
            fault: Fault::MalformedJson,
        }]);
        let seen: Vec<bool> = ["/pages", "/token", "/pages?a", "/pages?b", "/pages?c"]
            .iter()
            .enumerate()
            .map(|(n, path)| plan.next(&call(n as u64 + 1, path, false)).is_some())
            .collect();
        assert_eq!(seen, [false, false, true, true, false]);
    }

    #[test]
    fn rates_repeat_from_their_seed_and_are_near_their_mark() {
        let rates = vec![
            Rate { per_mille: 100, only: Only::writes(), fault: Fault::LostAnswer },
            Rate { per_mille: 100, only: Only::default(), fault: Fault::Unavailable },
        ];
        let run = |seed| {
            let plan = SeededRates::new(seed, rates.clone());
            (0..4000).map(|n| plan.next(&call(n, "/", n % 2 == 0))).collect::<Vec<_>>()
        };
        let first = run(7);
        assert_eq!(first, run(7));
        assert_ne!(first, run(8));
        let lost = first.iter().filter(|fault| **fault == Some(Fault::LostAnswer)).count();
        assert!((150..250).contains(&lost), "{lost} of 2000 writes were lost at 10 %");
        assert!(first.iter().skip(1).step_by(2).all(|fault| *fault != Some(Fault::LostAnswer)));
    }

    #[test]
    fn a_switch_changes_the_plan() {
        let switch = FaultSwitch::default();
        assert_eq!(switch.next(&call(1, "/", true)), None);
        switch.set(Scripted::nth(1, Fault::Unreached));
        assert_eq!(switch.next(&call(2, "/", true)), Some(Fault::Unreached));
    }
}
