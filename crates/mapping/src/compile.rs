//! From the mapping file to a mapper that is ready to run: every name is resolved once.

mod origins;
mod steps;

use std::ops::Range;

use sha2::{Digest, Sha256};
use toml::Spanned;

use crate::child_list::ChildList;
use crate::condition::Condition;
use crate::conflict_rule::OnConflict;
use crate::declared::{DeclaredMapper, HeadLines};
use crate::external_id::IdRule;
use crate::file::{
    ConditionRule, ExternalIdRule, FieldRule, ListRule, MappingFile, Names, WhenAbsent, WhenNull,
};
use crate::origin::Joined;
use crate::target::{Owned, Target};
use crate::{Entity, FieldName, FieldNames, MappingFileError, Ownership};

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

/// Where the fields stand that are compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Record,
    List,
}

impl Compiler<'_> {
    fn compile(&self) -> Result<DeclaredMapper, MappingFileError> {
        let parsed = self.parsed;
        if parsed.fields.is_empty() && parsed.lists.is_empty() {
            let error = self.error("name", "the mapping has no [fields.…]");
            return Err(error.hint("add one for each target field"));
        }
        let mut targets = Vec::with_capacity(parsed.fields.len());
        for (name, rule) in &parsed.fields {
            targets.push(self.target(name, rule, Within::Record)?);
        }
        let mut lists = Vec::with_capacity(parsed.lists.len());
        for (name, rule) in &parsed.lists {
            if parsed.fields.contains_key(name) {
                let reason = format!("there is a [fields.{name}] too");
                return Err(self.error_at(rule.span(), reason).hint("give the list a name of its own"));
            }
            lists.push(self.list(name, rule)?);
        }
        let names = targets
            .iter()
            .map(|target: &Target| &target.name)
            .chain(lists.iter().map(|list: &ChildList| &list.name));
        Ok(DeclaredMapper {
            names: FieldNames::distinct(names.cloned().collect()),
            name: format!("{}@{}-{}", parsed.name, parsed.revision, digest(parsed)),
            file: self.file.to_owned(),
            head: HeadLines {
                source: self.line(self.place_of("source =")),
                target: self.line(self.place_of("target =")),
            },
            source: Entity::from(parsed.source.as_str()),
            entity: Entity::from(parsed.target.as_str()),
            each: parsed.each.clone(),
            id: self.id(&parsed.external_id, self.place_of("external_id"))?,
            conditions: self.conditions(&parsed.conditions),
            targets,
            lists,
        })
    }

    fn target(
        &self,
        name: &str,
        rule: &Spanned<FieldRule>,
        within: Within,
    ) -> Result<Target, MappingFileError> {
        let field = rule.get_ref();
        let choices = self.choices(rule)?;
        let steps = field.steps.iter().map(|step| self.op(step)).collect::<Result<_, _>>()?;
        let owned = self.owned(rule.span(), field.owner, field.on_conflict)?;
        if within == Within::List {
            // Lists are compared whole: a child with a field left out would differ for ever.
            let reason = "a field of a list cannot be kept: lists are compared and written whole";
            if field.null == WhenNull::Keep || field.absent == Some(WhenAbsent::Keep) {
                return Err(self.error_at(rule.span(), reason).hint("write \"null\" or \"error\""));
            }
            if field.owner.is_some() || field.on_conflict.is_some() {
                let reason = "a field of a list has no owner of its own";
                return Err(self.error_at(rule.span(), reason).hint("give the list an `owner`"));
            }
        }
        let absent = match within {
            Within::Record => WhenAbsent::Keep,
            Within::List => WhenAbsent::Error,
        };
        Ok(Target {
            name: FieldName::from(name),
            choices,
            steps,
            step_lines: field.steps.iter().map(|step| self.line(step.span())).collect(),
            null: field.null,
            absent: field.absent.unwrap_or(absent),
            owned,
            line: self.line(rule.span()),
        })
    }

    fn list(&self, name: &str, rule: &Spanned<ListRule>) -> Result<ChildList, MappingFileError> {
        let list = rule.get_ref();
        let fields = list.fields.iter().map(|(name, rule)| self.target(name, rule, Within::List));
        Ok(ChildList {
            name: FieldName::from(name),
            from: list.from.clone(),
            entity: Entity::from(list.entity.as_str()),
            id: self.id(&list.external_id, rule.span())?,
            conditions: self.conditions(&list.conditions),
            targets: fields.collect::<Result<_, _>>()?,
            owned: self.owned(rule.span(), list.owner, None)?,
            line: self.line(rule.span()),
        })
    }

    fn owned(
        &self,
        span: Range<usize>,
        owner: Option<Ownership>,
        on_conflict: Option<OnConflict>,
    ) -> Result<Owned, MappingFileError> {
        let stated = owner.or(self.parsed.owner);
        let owner = stated.unwrap_or_default();
        if on_conflict.is_some() && owner != Ownership::Shared {
            let error = self.error_at(span, "`on_conflict` goes with `owner = \"shared\"`");
            return Err(error.hint("only a field that both sides may change can have a conflict"));
        }
        Ok(Owned { owner, stated: stated.is_some(), on_conflict })
    }

    fn id(&self, rule: &ExternalIdRule, span: Range<usize>) -> Result<IdRule, MappingFileError> {
        if rule.from.0.is_empty() {
            return Err(self.error_at(span.clone(), "external_id.from names no field"));
        }
        let joined = |fields: &Names| Joined {
            fields: fields.0.clone(),
            prefix: rule.prefix.clone(),
            separator: rule.separator.clone(),
        };
        let fallback = (!rule.fallback.0.is_empty()).then(|| joined(&rule.fallback));
        let (id, strip) = (joined(&rule.from), rule.strip.clone());
        Ok(IdRule { id, strip, fallback, line: self.line(span) })
    }

    fn conditions(&self, rules: &[Spanned<ConditionRule>]) -> Vec<Condition> {
        rules.iter().map(|rule| self.condition(rule)).collect()
    }

    fn condition(&self, rule: &Spanned<ConditionRule>) -> Condition {
        let ConditionRule { field, is } = rule.get_ref().clone();
        Condition { field, is, line: self.line(rule.span()) }
    }

    /// The line of a place in the file, from 1.
    fn line(&self, span: Range<usize>) -> usize {
        MappingFileError::at(self.file, self.text, Some(span), "").line
    }

    /// The first occurrence of `word` in the file.
    fn place_of(&self, word: &str) -> Range<usize> {
        let start = self.text.find(word).unwrap_or(0);
        start..start + word.len()
    }

    /// An error at the first occurrence of `word` in the file.
    fn error(&self, word: &str, reason: impl Into<String>) -> MappingFileError {
        self.error_at(self.place_of(word), reason)
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
