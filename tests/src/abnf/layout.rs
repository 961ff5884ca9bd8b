//! Reads the layout of the case files: the little of YAML that they use.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Lines;

/// A case file.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Suite {
    /// The names that a rule may match, by rule.
    pub constraints: BTreeMap<String, Vec<String>>,
    /// The cases.
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Case {
    /// What it is about.
    pub name: String,
    /// The rule that reads the input.
    pub rule: String,
    /// The input.
    pub input: String,
    /// Where reading must fail, if it must.
    pub fail_at: Option<usize>,
}

/// A file that is not laid out as a case file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the case file has something unknown: {line}")]
pub struct LayoutError {
    line: String,
}

impl Suite {
    /// Reads a case file.
    pub fn read(text: &str) -> Result<Self, LayoutError> {
        let mut suite = Self::default();
        let mut in_cases = false;
        let mut constraint = String::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let content = line.trim();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            match line.trim_end() {
                "Constraints:" => in_cases = false,
                "TestCases:" => in_cases = true,
                _ if in_cases => suite.case_line(line, &mut lines)?,
                _ => suite.constraint_line(content, &mut constraint),
            }
        }
        Ok(suite)
    }

    fn constraint_line(&mut self, content: &str, constraint: &mut String) {
        if let Some(item) = content.strip_prefix("- ") {
            let item = scalar(item, 4, &mut "".lines().peekable());
            self.constraints.entry(constraint.clone()).or_default().push(item);
        } else if let Some((name, _)) = content.split_once(':') {
            name.clone_into(constraint);
            self.constraints.entry(name.to_owned()).or_default();
        }
    }

    fn case_line(&mut self, line: &str, lines: &mut Peekable<Lines<'_>>) -> Result<(), LayoutError> {
        let error = || LayoutError { line: line.to_owned() };
        let content = line.trim_start();
        let field = match content.strip_prefix("- ") {
            Some(field) => {
                self.cases.push(Case::default());
                field
            }
            None => content,
        };
        let (key, value) = field.split_once(':').ok_or_else(error)?;
        let value = scalar(value.trim(), 4, lines);
        let case = self.cases.last_mut().ok_or_else(error)?;
        match key {
            "Name" => case.name = value,
            "Rule" => case.rule = value,
            "Input" => case.input = value,
            "FailAt" => case.fail_at = Some(value.parse().map_err(|_| error())?),
            // The tokens that the reference parser finds: they are its own.
            "Expect" => {}
            _ => return Err(error()),
        }
        Ok(())
    }
}

/// A value that begins with `first` and may go on in lines that are indented deeper than `indent`.
fn scalar(first: &str, indent: usize, lines: &mut Peekable<Lines<'_>>) -> String {
    let mut parts = vec![first];
    while let Some(next) = lines.peek() {
        let deeper = next.trim().is_empty() || next.len() - next.trim_start().len() > indent;
        if !deeper {
            break;
        }
        parts.push(next.trim());
        lines.next();
    }
    while parts.last().is_some_and(|part| part.is_empty()) && parts.len() > 1 {
        parts.pop();
    }
    if parts.first().is_some_and(|part| part.is_empty()) && parts.len() > 1 {
        parts.remove(0);
    }
    let folded = fold(&parts);
    match folded.chars().next() {
        Some('"') => double_quoted(folded.get(1..).unwrap_or_default()),
        Some('\'') => single_quoted(folded.get(1..).unwrap_or_default()),
        _ => plain(&folded).to_owned(),
    }
}

/// Lines become one: a break is a blank, an empty line a break, a break behind a backslash nothing.
fn fold(parts: &[&str]) -> String {
    let mut out = String::new();
    let mut joint = "";
    for part in parts {
        let commented = part.starts_with('#') && !out.is_empty() && !out.starts_with(['"', '\'']);
        if commented {
            break;
        }
        if part.is_empty() {
            joint = "\n";
            continue;
        }
        out.push_str(joint);
        let open = part.strip_suffix('\\').filter(|_| out.starts_with('"') || part.starts_with('"'));
        out.push_str(open.unwrap_or(part));
        joint = if open.is_some() { "" } else { " " };
    }
    out
}

fn plain(text: &str) -> &str {
    text.split_once(" #").map_or(text, |(value, _)| value).trim_end()
}

fn single_quoted(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        if character == '\'' && rest.next_if_eq(&'\'').is_none() {
            break;
        }
        out.push(character);
    }
    out
}

fn double_quoted(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        match character {
            '"' => break,
            '\\' => out.push(match rest.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some(other) => other,
                None => break,
            }),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_of_the_files_is_read() {
        let text = "# head\nConstraints:\n  action: []\n  termName:\n    - \"@A\"\n    - B # made\nTestCases:\n  \
                    - Name: one\n    Rule: filter\n    Input: $a=b\n      c # gone\n\n  - Name:\n      two\n    \
                    Rule: \"null\"\n    FailAt: 3  # here\n    Input: \"x\\\"y \\\n      z\"\n    Expect:\n      \
                    - rule:x\n  - Name: three\n    Rule: r\n    Input: 'it''s'\n";
        let suite = Suite::read(text).unwrap();
        assert_eq!(suite.constraints["action"], Vec::<String>::new());
        assert_eq!(suite.constraints["termName"], ["@A", "B"]);
        let inputs: Vec<_> =
            suite.cases.iter().map(|case| (case.name.as_str(), case.input.as_str())).collect();
        assert_eq!(inputs, [("one", "$a=b c"), ("two", "x\"y z"), ("three", "it's")]);
        assert_eq!(suite.cases[1].fail_at, Some(3));
        assert_eq!(suite.cases[1].rule, "null");
        assert!(Suite::read("TestCases:\n  nonsense").is_err());
    }
}
