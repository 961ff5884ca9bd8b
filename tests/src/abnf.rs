//! The yardstick for OData URLs: the case files of OASIS' grammar, which are not part of this
//! project, and what our parser says to them.

mod layout;
mod rules;

use std::collections::BTreeMap;

use odata_client::{NameLists, Role};

pub use layout::{Case, LayoutError, Suite};

/// What came of the cases of one rule.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Accepted, as they must be.
    pub accepted: u32,
    /// Refused, as they must be.
    pub refused: u32,
    /// Of those, refused at the very place that the case names.
    pub same_place: u32,
    /// Names and inputs of the cases that came out wrong.
    pub wrong: Vec<String>,
    /// Names and inputs of the cases that were left out.
    pub left_out: Vec<String>,
    /// Why.
    pub reason: Option<&'static str>,
}

/// Puts every case of `suite` to our parser; the result by rule.
pub fn judge(suite: &Suite) -> BTreeMap<String, Tally> {
    let mut names = NameLists::default();
    for (rule, list) in &suite.constraints {
        if let Some(role) = Role::of_rule(rule) {
            names.insert(role, []);
            for name in list {
                // Lists have names as they stand in a URL, some of them in both forms.
                names.insert(role, [decoded(name).as_str()]);
            }
        }
    }
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for case in &suite.cases {
        let tally = tallies.entry(case.rule.clone()).or_default();
        match rules::read(&case.rule, &case.input, &names) {
            Err(reason) => {
                tally.left_out.push(format!("{} ({})", case.input, case.name));
                tally.reason = Some(reason);
            }
            Ok(outcome) => tally.count(case, outcome),
        }
    }
    tallies
}

/// The constraint lists of `suite` that name no rule that our parser asks for.
pub fn unknown_constraints(suite: &Suite) -> Vec<&str> {
    suite.constraints.keys().map(String::as_str).filter(|rule| Role::of_rule(rule).is_none()).collect()
}

impl Tally {
    fn count(&mut self, case: &Case, outcome: Result<(), usize>) {
        match (case.fail_at, outcome) {
            (None, Ok(())) => self.accepted += 1,
            (_, Err(rules::UNLIKE)) => {
                self.wrong.push(format!("printed and not read back: {} ({})", case.input, case.name));
            }
            (Some(expected), Err(at)) => {
                self.refused += 1;
                self.same_place += u32::from(expected == at);
            }
            (None, Err(at)) => {
                self.wrong.push(format!("refused at {at}: {} ({})", case.input, case.name));
            }
            (Some(at), Ok(())) => {
                self.wrong.push(format!("accepted, fails at {at}: {} ({})", case.input, case.name));
            }
        }
    }
}

fn decoded(name: &str) -> String {
    let mut out = Vec::new();
    let mut rest = name.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let code = behind.get(..2).filter(|_| *first == b'%').and_then(|code| std::str::from_utf8(code).ok());
        let byte = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        out.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { behind.get(2..).unwrap_or_default() } else { behind };
    }
    String::from_utf8_lossy(&out).into_owned()
}
