//! Mapping tests as data: example records, and what a mapping must make of them.

mod example;

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::{
    Change, Draft, Entity, Fields, Key, MapError, Mapped, Mapper, MappingFileError, Record, Version,
};
use example::Example;

/// The examples of one mapping, read from a file that lies beside it (`docs/mapping.md`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappingTests {
    /// The examples.
    #[serde(rename = "case")]
    cases: Vec<Spanned<Case>>,
    /// The file they were read from.
    #[serde(skip)]
    file: String,
    /// The line of each example.
    #[serde(skip)]
    lines: Vec<usize>,
}

/// One example.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What it shows.
    name: String,
    /// The record's key at the source.
    #[serde(default)]
    key: String,
    /// The record's fields.
    source: BTreeMap<String, Example>,
    /// The drafts that it must become, in order; none: it must be left out.
    #[serde(default)]
    expect: Vec<Expected>,
    /// A part of the error that it must lead to.
    error: Option<String>,
    /// Parts of notes that must be left.
    #[serde(default)]
    notes: Vec<String>,
}

/// One draft that an example must become.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    entity: String,
    id: String,
    /// The fields that are looked at; others may be there too.
    #[serde(default)]
    fields: BTreeMap<String, Example>,
    /// Fields that must not be in it.
    #[serde(default)]
    left_out: Vec<String>,
}

/// What became of one example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// What it shows.
    pub name: String,
    /// The file.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// What is not as expected; none: it passed.
    pub faults: Vec<String>,
}

impl MappingTests {
    /// Reads examples from the text of a file; `file` names it in errors.
    pub fn from_toml(text: &str, file: &str) -> Result<Self, MappingFileError> {
        let mut tests: Self = toml::from_str(text).map_err(|error| {
            MappingFileError::at(file, text, error.span(), error.message().trim())
                .hint("see \"Mapping tests\" in docs/mapping.md")
        })?;
        let line = |case: &Spanned<Case>| MappingFileError::at(file, text, Some(case.span()), "").line;
        tests.lines = tests.cases.iter().map(line).collect();
        file.clone_into(&mut tests.file);
        Ok(tests)
    }

    /// Maps each example, a record of `source`, and compares.
    pub fn run(&self, mapper: &dyn Mapper, source: &Entity) -> Vec<Tested> {
        let test = |(case, line): (&Spanned<Case>, &usize)| {
            let case = case.get_ref();
            let made = mapper.map(&Change::Put(case.record(source)));
            Tested {
                name: case.name.clone(),
                file: self.file.clone(),
                line: *line,
                faults: case.faults(made),
            }
        };
        self.cases.iter().zip(&self.lines).map(test).collect()
    }
}

impl Case {
    fn record(&self, source: &Entity) -> Record {
        let fields: Fields =
            self.source.iter().map(|(name, example)| (name.as_str().into(), example.value(name))).collect();
        let key = if self.key.is_empty() { Key::from("example") } else { Key::from(self.key.as_str()) };
        Record { entity: source.clone(), key, version: Version::from("example"), fields }
    }

    /// What is not as expected.
    fn faults(&self, made: Result<Mapped, MapError>) -> Vec<String> {
        let mut faults = Vec::new();
        match (made.map_err(|error| error.to_string()), &self.error) {
            (Err(error), Some(part)) if error.contains(part) => {}
            (Err(error), Some(part)) => faults.push(format!("the error is {error:?}, not {part:?}")),
            (Err(error), None) => faults.push(format!("it cannot be mapped: {error}")),
            (Ok(_), Some(part)) => faults.push(format!("it is mapped, the error {part:?} was expected")),
            (Ok(mapped), None) => self.compare(&mapped, &mut faults),
        }
        faults
    }

    fn compare(&self, mapped: &Mapped, faults: &mut Vec<String>) {
        if mapped.drafts.len() != self.expect.len() {
            let drafts: Vec<String> =
                mapped.drafts.iter().map(|draft| format!("{} {}", draft.entity, draft.id)).collect();
            let made = if drafts.is_empty() { "nothing".to_owned() } else { drafts.join(", ") };
            faults.push(format!("it becomes {made}, {} drafts were expected", self.expect.len()));
            return;
        }
        for (expected, draft) in self.expect.iter().zip(&mapped.drafts) {
            expected.compare(draft, faults);
        }
        for part in &self.notes {
            let said = |note: &crate::Note| format!("{}: {}", note.field, note.text).contains(part);
            if !mapped.notes.iter().any(said) {
                faults.push(format!("no note says {part:?}"));
            }
        }
    }
}

impl Expected {
    fn compare(&self, draft: &Draft, faults: &mut Vec<String>) {
        if (draft.entity.as_str(), draft.id.as_str()) != (self.entity.as_str(), self.id.as_str()) {
            faults.push(format!("it becomes {} {}, not {} {}", draft.entity, draft.id, self.entity, self.id));
        }
        for (name, example) in &self.fields {
            match draft.fields.get(name) {
                None => faults.push(format!("{name} is left out")),
                Some(value) => faults.extend(example.compare(value).map(|fault| format!("{name}: {fault}"))),
            }
        }
        for name in self.left_out.iter().filter(|name| draft.fields.get(name).is_some()) {
            faults.push(format!("{name} is there and should be left out"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DeclaredMapper;

    fn run(case: &str) -> Vec<String> {
        let mapping = DeclaredMapper::from_toml(
            "name = \"m\"\nrevision = 1\nsource = \"S\"\ntarget = \"T\"\nexternal_id = { from = \"Id\" }\n\
             [[where]]\nfield = \"Kind\"\nis = { unequal = \"no\" }\n\
             [fields.Name]\nfrom = \"Name\"\nsteps = [{ truncate = 3 }, \"required\"]\n\
             [fields.Sum]\nfrom = \"Sum\"\n[fields.On]\nfrom = \"On\"\n\
             [lists.Items]\nfrom = \"Lines\"\nentity = \"I\"\nexternal_id = { from = \"No\" }\n\
             [lists.Items.fields.Q]\nfrom = \"Q\"\n",
            "m.toml",
        );
        let tests = MappingTests::from_toml(&format!("[[case]]\nname = \"n\"\n{case}"), "m.tests.toml");
        let tested = tests.expect("reads").run(&mapping.expect("compiles"), &Entity::from("S"));
        assert_eq!((tested.len(), tested[0].line), (1, 1));
        tested[0].faults.clone()
    }

    const SOURCE: &str = "source = { Id = \"1\", Kind = \"yes\", Name = \"Adam\", Sum = { decimal = \"1.50\" }, \
                          On = 2024-02-29, Lines = [{ No = \"a\", Q = 5 }] }\n";

    #[test]
    fn what_is_as_expected_passes() {
        let expect = "notes = [\"Name: cut\"]\n[[case.expect]]\nentity = \"T\"\nid = \"1\"\nfields = { Name = \"Ada\", \
                      Sum = { decimal = \"1.5\" }, On = 2024-02-29, Items = [{ id = \"a\", Q = 5 }] }\n";
        assert_eq!(run(&format!("{SOURCE}{expect}")), Vec::<String>::new());
        assert_eq!(run("source = { Id = \"1\", Kind = \"no\" }\n"), Vec::<String>::new());
        assert_eq!(
            run("error = \"a value is required\"\nsource = { Id = \"1\", Kind = \"x\", Name = {} }\n"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn whatever_differs_is_told() {
        let one = |rest: &str| run(&format!("{SOURCE}{rest}")).join("; ");
        let expect = |fields: &str| format!("[[case.expect]]\nentity = \"T\"\nid = \"1\"\n{fields}\n");
        for (rest, fault) in [
            (String::new(), "it becomes T 1, 0 drafts were expected"),
            ("error = \"x\"\n".into(), "it is mapped, the error \"x\" was expected"),
            (expect("").replace("\"1\"", "\"2\""), "it becomes T 1, not T 2"),
            (expect("fields = { Name = \"Bob\" }"), "Name: it is \"Ada\", not \"Bob\""),
            (expect("fields = { Name = {} }"), "Name: it is \"Ada\", not nothing"),
            (expect("fields = { Sum = 2 }"), "Sum: it is 1.5, not 2"),
            (expect("fields = { On = 2024-03-01 }"), "On: it is 2024-02-29, not 2024-03-01"),
            (expect("fields = { Nam = \"Ada\" }"), "Nam is left out"),
            (expect("left_out = [\"Name\"]"), "Name is there and should be left out"),
            (expect("fields = { Items = [] }"), "Items: it has the records a, not none"),
            (expect("fields = { Items = [{ id = \"a\", Q = 6 }] }"), "Items: a: Q: it is 5, not 6"),
        ] {
            assert_eq!(one(&rest), fault, "{rest}");
        }
        assert_eq!(one(&format!("notes = [\"other\"]\n{}", expect(""))), "no note says \"other\"");
    }

    #[test]
    fn files_that_cannot_be_read_say_why() {
        let wrong = |text: &str| MappingTests::from_toml(text, "x.tests.toml").expect_err(text).to_string();
        assert!(wrong("[[case]]\nname = \"n\"\nsource = { A = 1.5 }\n").contains("{ decimal = \"1.5\" }"));
        assert!(wrong("[[case]]\nname = \"n\"\nsource = { A = { decmal = \"1\" } }\n").contains("decmal"));
    }
}
