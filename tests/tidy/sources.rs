//! Names, headers and lengths of source files.

use std::fs;
use std::path::{Path, PathBuf};

/// Production lines a file may have; the tests at its end do not count.
const FILE_LINES: usize = 400;
/// Lines a function may have.
const FUNCTION_LINES: usize = 70;
/// Lines `ARCHITECTURE.md` may have.
const ARCHITECTURE_LINES: usize = 250;
/// File names that say nothing.
const EMPTY_NAMES: &[&str] = &["mod", "util", "utils", "common", "helper", "helpers", "misc"];

/// The workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests live below the workspace").to_owned()
}

struct Source {
    path: String,
    text: String,
    /// Declared as `#[cfg(test)] mod …;`.
    for_tests: bool,
}

fn files(extensions: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    for top in ["crates", "bins", "examples", "tests", "docs"] {
        collect(&root().join(top), extensions, &mut found);
    }
    let declared: Vec<String> = found.iter().flat_map(test_modules).collect();
    for source in &mut found {
        source.for_tests = declared.contains(&source.path);
    }
    found
}

/// The files that `source` declares for tests only, beside it or below it.
fn test_modules(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().collect();
    let declared = lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]");
    let names =
        declared.filter_map(|pair| pair[1].strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')));
    let path = Path::new(&source.path);
    let beside = path.parent().unwrap_or(Path::new(""));
    let below = path.with_extension("");
    names
        .flat_map(|name| {
            [beside, &below].map(|folder| folder.join(format!("{name}.rs")).display().to_string())
        })
        .collect()
}

fn collect(folder: &Path, extensions: &[&str], found: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                collect(&path, extensions, found);
            }
        } else if path.extension().and_then(|e| e.to_str()).is_some_and(|e| extensions.contains(&e)) {
            let text = fs::read_to_string(&path).expect("sources are UTF-8");
            let path = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
            found.push(Source { path, text, for_tests: false });
        }
    }
}

impl Source {
    /// The lines before the unit tests; none of a file that is compiled for tests only.
    fn production(&self) -> impl Iterator<Item = &str> {
        let all = if self.for_tests { "" } else { self.text.as_str() };
        all.lines()
            .take_while(|line| !line.starts_with("#[cfg(test)]") && !line.starts_with("#[cfg(all(test"))
    }

    /// Tests, examples and conformance suites: what is expected there may panic.
    fn is_test(&self) -> bool {
        let folders = ["tests/", "examples/", "conformance/"];
        self.path.starts_with("tests/")
            || self.path.ends_with("/conformance.rs")
            || folders.iter().any(|folder| self.path.contains(&format!("/{folder}")))
    }
}

/// The functions of rustfmt's output, with their lengths.
fn functions(lines: &[&str]) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        let heads =
            ["fn ", "pub fn ", "pub(crate) fn ", "async fn ", "pub async fn ", "pub(crate) async fn "];
        if !heads.iter().any(|head| code.starts_with(head)) {
            continue;
        }
        let closing = format!("{}}}", " ".repeat(indent));
        let semicolon =
            |line: &str| line.trim_end().ends_with(';') && line.len() - line.trim_start().len() <= indent;
        let end = lines[start..].iter().position(|line| *line == closing || semicolon(line));
        found.push((code.to_owned(), end.map_or(1, |length| length + 1)));
    }
    found
}

#[test]
fn every_file_opens_with_a_sentence() {
    let bad: Vec<String> = files(&["rs"])
        .into_iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|s| s.path)
        .collect();
    assert!(bad.is_empty(), "no //! header: {bad:#?}");
}

#[test]
fn files_are_short() {
    let long: Vec<String> = files(&["rs"])
        .iter()
        .map(|source| (source.production().count(), &source.path))
        .filter(|(lines, _)| *lines > FILE_LINES)
        .map(|(lines, path)| format!("{path}: {lines}"))
        .collect();
    assert!(long.is_empty(), "more than {FILE_LINES} production lines: {long:#?}");
}

#[test]
fn functions_are_short() {
    let mut long = Vec::new();
    for source in files(&["rs"]) {
        let lines: Vec<&str> = source.production().collect();
        for (head, length) in functions(&lines) {
            if length > FUNCTION_LINES {
                long.push(format!("{}: {head} has {length} lines", source.path));
            }
        }
    }
    assert!(long.is_empty(), "more than {FUNCTION_LINES} lines: {long:#?}");
}

#[test]
fn the_measure_of_functions_measures() {
    let text = "impl A {\n    fn short(&self) {\n        1\n    }\n\n    async fn declared(&self);\n}\n\nfn long() {\n\n\n\n}";
    let lines: Vec<&str> = text.lines().collect();
    let found: Vec<usize> = functions(&lines).into_iter().map(|(_, length)| length).collect();
    assert_eq!(found, [3, 1, 5]);
}

#[test]
fn files_are_named_by_a_noun() {
    let empty = |source: &Source| {
        let stem = Path::new(&source.path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        EMPTY_NAMES.contains(&stem)
    };
    let bad: Vec<String> = files(&["rs"]).into_iter().filter(empty).map(|source| source.path).collect();
    assert!(bad.is_empty(), "names that say nothing: {bad:#?}");
}

#[test]
fn one_file_names_each_library_that_reaches_the_network() {
    for (library, file) in [("req".to_owned() + "west::", "reqwest"), ("ton".to_owned() + "ic::", "grpc")] {
        let naming = |source: &Source| {
            source.text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(&library))
        };
        let found: Vec<String> =
            files(&["rs"]).into_iter().filter(naming).map(|source| source.path).collect();
        assert_eq!(found, [format!("crates/wire/src/{file}_transport.rs")]);
    }
}

#[test]
fn nothing_is_left_unfinished_or_tied_to_a_machine() {
    let forbidden: Vec<String> = [
        ("to", "do!("),
        ("unimple", "mented!("),
        ("FIX", "ME"),
        ("/wo", "rk/"),
        ("/ro", "ot/"),
        ("crates", ".io/"),
    ]
    .iter()
    .map(|(a, b)| format!("{a}{b}"))
    .collect();
    let mut bad = Vec::new();
    for source in files(&["rs", "md", "toml", "sh"]) {
        for (number, line) in source.text.lines().enumerate() {
            if let Some(word) = forbidden.iter().find(|word| line.contains(*word)) {
                bad.push(format!("{}:{}: {word}", source.path, number + 1));
            }
        }
    }
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn production_code_does_not_panic_on_purpose() {
    let words = [".unw".to_owned() + "rap()", ".exp".to_owned() + "ect(", "pan".to_owned() + "ic!("];
    let mut bad = Vec::new();
    for source in files(&["rs"]).iter().filter(|source| !source.is_test()) {
        for (number, line) in source.production().enumerate() {
            let code = line.trim_start();
            let own = code.contains("self.expect(");
            if !code.starts_with("//") && !own && words.iter().any(|word| code.contains(word)) {
                bad.push(format!("{}:{}: {code}", source.path, number + 1));
            }
        }
    }
    assert!(bad.is_empty(), "say why it cannot fail by types instead: {bad:#?}");
}

#[test]
fn the_map_of_the_house_stays_short() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("there is a map");
    assert!(text.lines().count() <= ARCHITECTURE_LINES);
}
