//! Puts the cases of OASIS' grammar of OData URLs to our parser and prints what came of them.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use ml_connector_tests::abnf::{Suite, Tally, judge, unknown_constraints};

/// Reads case files of the public repository oasis-tcs/odata-abnf, which are not part of this
/// project; exits with an error if one case comes out wrong.
#[derive(Debug, Parser)]
struct Args {
    /// The case files, such as odata-abnf-testcases.yaml; many with commas between them
    #[arg(long, env = "ODATA_ABNF_CASES", value_delimiter = ',', required = true)]
    cases: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let mut wrong = 0;
    for path in Args::parse().cases {
        let read = std::fs::read_to_string(&path).map_err(|error| error.to_string());
        let suite = read.and_then(|text| Suite::read(&text).map_err(|error| error.to_string()));
        match suite {
            Ok(suite) => wrong += report(&path.display().to_string(), &suite),
            Err(error) => {
                eprintln!("{}: {error}", path.display());
                return ExitCode::FAILURE;
            }
        }
    }
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints the tally of `suite` and answers how many cases came out wrong.
fn report(title: &str, suite: &Suite) -> usize {
    println!("{title}: {} cases, {} constraint lists", suite.cases.len(), suite.constraints.len());
    println!("{:32} {:>8} {:>8} {:>8} {:>8}", "rule", "accepted", "refused", "wrong", "left out");
    let mut total = Tally::default();
    for (rule, tally) in judge(suite) {
        line(&rule, &tally);
        total.accepted += tally.accepted;
        total.refused += tally.refused;
        total.same_place += tally.same_place;
        total.left_out.extend(tally.left_out);
        total.wrong.extend(tally.wrong);
    }
    line("all", &total);
    println!("what is accepted of URIs, options, expressions and contexts was printed and read again");
    println!("{} of {} refused at the very place that the case names", total.same_place, total.refused);
    let unknown = unknown_constraints(suite);
    if !unknown.is_empty() {
        println!("constraint lists that no part of our parser asks for: {}", unknown.join(", "));
    }
    println!();
    total.wrong.len()
}

fn line(rule: &str, tally: &Tally) {
    let Tally { accepted, refused, wrong, left_out, reason, .. } = tally;
    let reason = reason.map_or(String::new(), |reason| format!("  {reason}"));
    println!("{rule:32} {accepted:8} {refused:8} {:8} {:8}{reason}", wrong.len(), left_out.len());
    if rule != "all" {
        for case in wrong.iter().chain(left_out) {
            println!("    {case}");
        }
    }
}
