//! From the mapping file to a mapper that is ready to run: every name is resolved once.

use std::collections::BTreeMap;
use std::ops::Range;

use sha2::{Digest as _, Sha256};
use toml::Spanned;

use crate::declared::{Chosen, DeclaredMapper, Origin, Target};
use crate::file::{FieldRule, MappingFile, Step};
use crate::file_error::nearest;
use crate::step::Op;
use crate::{Entity, FieldName, MappingFileError, Ownership, Value};

/// Compiles the text of a mapping file; `file` names it in errors.
pub(crate) fn compile(text: &str, file: &str) -> Result<DeclaredMapper, MappingFileError> {
    let parsed: MappingFile = toml::from_str(text).map_err(|error| {
        MappingFileError::at(file, text, error.span(), error.message().trim())
            .hint("see docs/mapping.md for all keys")
    })?;
    Compiler { text, file, parsed: &parsed }.compile()
}

struct Compiler<'a> {
    text: &'a str,
    file: &'a str,
    parsed: &'a MappingFile,
}

impl Compiler<'_> {
    fn compile(&self) -> Result<DeclaredMapper, MappingFileError> {
        let parsed = self.parsed;
        if parsed.external_id.from.is_empty() {
            return Err(self.error("external_id", "external_id.from names no field"));
        }
        let mut targets = Vec::with_capacity(parsed.fields.len());
        for (name, rule) in &parsed.fields {
            targets.push(self.target(name, rule)?);
        }
        Ok(DeclaredMapper {
            name: format!("{}@{}-{}", parsed.name, parsed.revision, digest(parsed)),
            source: Entity::from(parsed.source.as_str()),
            entity: Entity::from(parsed.target.as_str()),
            id: parsed.external_id.clone(),
            conditions: parsed.conditions.clone(),
            targets,
        })
    }

    fn target(&self, name: &str, rule: &FieldRule) -> Result<Target, MappingFileError> {
        let place = format!("[fields.{name}]");
        let choices = self.choices(&place, rule)?;
        let steps = rule.steps.iter().map(|step| self.op(step)).collect::<Result<_, _>>()?;
        Ok(Target { name: FieldName::from(name), choices, steps, owner: rule.owner })
    }

    fn choices(&self, place: &str, rule: &FieldRule) -> Result<Vec<Chosen>, MappingFileError> {
        if rule.separator.is_some() && rule.concat.is_none() {
            return Err(self.error(place, "`separator` goes with `concat`"));
        }
        let always = |origin| vec![Chosen { when: None, origin }];
        match (&rule.from, &rule.concat, &rule.constant, &rule.choose) {
            (Some(from), None, None, None) => Ok(always(Origin::Field(from.clone()))),
            (None, Some(fields), None, None) => {
                let separator = rule.separator.clone().unwrap_or_else(|| " ".into());
                Ok(always(Origin::Concat { fields: fields.clone(), separator }))
            }
            (None, None, Some(constant), None) => Ok(always(Origin::Constant(constant.value()))),
            (None, None, None, Some(choices)) => choices
                .iter()
                .map(|choice| {
                    let origin = match (&choice.from, &choice.constant) {
                        (Some(from), None) => Origin::Field(from.clone()),
                        (None, Some(constant)) => Origin::Constant(constant.value()),
                        _ => return Err(self.error(place, "each choice has either `from` or `constant`")),
                    };
                    Ok(Chosen { when: choice.when.clone(), origin })
                })
                .collect(),
            _ => Err(self.error(
                place,
                "exactly one of `from`, `concat`, `constant` and `choose` says where the value comes from",
            )),
        }
    }

    fn op(&self, step: &Spanned<Step>) -> Result<Op, MappingFileError> {
        Ok(match step.get_ref() {
            Step::Trim => Op::Trim,
            Step::Case(case) => Op::Case(*case),
            Step::Default(scalar) => Op::Default(scalar.value()),
            Step::Table(table) => {
                let tables = &self.parsed.tables;
                let Some(rows) = tables.get(&table.name) else {
                    let error = self.error_at(step.span(), format!("there is no table {}", table.name));
                    return Err(match nearest(&table.name, tables.keys().map(String::as_str)) {
                        Some(name) => error.hint(format!("did you mean {name}?")),
                        None => error.hint(format!("add [tables.{}] to the file", table.name)),
                    });
                };
                let rows: BTreeMap<String, Value> =
                    rows.iter().map(|(code, text)| (code.trim().to_owned(), Value::text(text))).collect();
                Op::Table { name: table.name.clone(), rows, unknown: table.unknown }
            }
            Step::Truncate(0) => return Err(self.error_at(step.span(), "a text cannot be cut to nothing")),
            Step::Truncate(units) => Op::Truncate(*units as usize),
            Step::ToDate(pattern) => Op::ToDate(self.pattern(step, pattern)?),
            Step::DateText(pattern) => Op::DateText(self.pattern(step, pattern)?),
            Step::ToNumber(number) => Op::ToNumber(*number),
            Step::NumberText(number) => Op::NumberText(*number),
            Step::Required => Op::Required,
        })
    }

    /// The pattern, if a date can be written by it.
    fn pattern(&self, step: &Spanned<Step>, pattern: &str) -> Result<String, MappingFileError> {
        let sample = jiff::civil::Date::constant(2026, 2, 28);
        match jiff::fmt::strtime::format(pattern, sample) {
            Ok(_) => Ok(pattern.to_owned()),
            Err(error) => {
                let hint = "use %Y, %m, %d, %j and plain text, such as \"%d.%m.%Y\"";
                Err(self.error_at(step.span(), format!("not a date pattern: {error}")).hint(hint))
            }
        }
    }

    /// An error at the first occurrence of `place` in the file.
    fn error(&self, place: &str, reason: impl Into<String>) -> MappingFileError {
        let span = self.text.find(place).map(|start| start..start + place.len());
        MappingFileError::at(self.file, self.text, span, reason)
    }

    fn error_at(&self, span: Range<usize>, reason: impl Into<String>) -> MappingFileError {
        MappingFileError::at(self.file, self.text, Some(span), reason)
    }
}

/// The first 32 bits of a digest of what the file says (not of how it is written).
fn digest(parsed: &MappingFile) -> String {
    let json = serde_json::to_vec(parsed).unwrap_or_default();
    let hash: [u8; 32] = Sha256::digest(&json).into();
    let [a, b, c, d, ..] = hash;
    format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
}

impl DeclaredMapper {
    /// Who decides which field.
    pub fn owners(&self) -> BTreeMap<FieldName, Ownership> {
        let kept = self.targets.iter().filter(|target| target.owner != Ownership::Source);
        kept.map(|target| (target.name.clone(), target.owner)).collect()
    }
}
