//! Where a query is wrong: the org shows the words around the place and points at it.

use super::tokens::Token;
use crate::salesforce::problem::Problem;

/// How many letters are shown on either side.
const AROUND: usize = 40;

/// The problem with its place in `text`; `at` is the word that was read next.
pub(super) fn located(problem: Problem, text: &str, words: (&[Token], &[usize]), at: usize) -> Problem {
    let (tokens, places) = words;
    let name = problem.message.split('\'').nth(1);
    let says = |token: &Token| match (token, name) {
        (Token::Word(word), Some(name)) => word.split('.').any(|part| part == name),
        _ => false,
    };
    let place = if problem.message.starts_with("unexpected token") {
        places.get(at)
    } else {
        let blamed = tokens.iter().position(says).unwrap_or_else(|| at.saturating_sub(1));
        places.get(blamed)
    };
    let place = place.copied().unwrap_or(text.len());
    let (before, after) = text.split_at_checked(place).unwrap_or((text, ""));
    let skipped = before.chars().count().saturating_sub(AROUND);
    let line: String = before.chars().skip(skipped).chain(after.chars().take(AROUND)).collect();
    let line = line.replace(['\n', '\r', '\t'], " ");
    let row = 1 + before.matches('\n').count();
    let column = 1 + before.chars().rev().take_while(|letter| *letter != '\n').count();
    let blanks = " ".repeat(before.chars().count() - skipped);
    let message = format!("\n{line}\n{blanks}^\nERROR at Row:{row}:Column:{column}\n{}", problem.message);
    Problem { message, ..problem }
}
