//! The check of what a mapping writes.

use std::collections::BTreeSet;

use super::shape::Shape;
use super::source_side::View;
use super::{At, Checker};
use crate::external_id::IdRule;
use crate::schema::{FieldSchema, FieldType};
use crate::target::Target;
use crate::{EntitySchema, Ownership};

impl<'a> Checker<'a> {
    /// Whether records of this kind may be written at all.
    pub(super) fn rights(&mut self, name: &str, entity: &EntitySchema, line: usize) {
        let wanted = [
            ("read", true, entity.read),
            ("create", self.purpose.create, entity.create),
            ("update", self.purpose.update, entity.update),
        ];
        for (right, needed, held) in wanted {
            if needed && !held {
                let reason = format!("the integration user may not {right} {name}");
                self.error(At { line, field: "" }, reason, "give its permission set this right");
            }
        }
    }

    /// The external id must be unique on both sides.
    pub(super) fn external_id(
        &mut self,
        view: Option<View<'a>>,
        entity: &EntitySchema,
        at: At<'_>,
        id: &IdRule,
    ) {
        let length = self.joined(view, &id.id, at);
        if let Some(fallback) = &id.fallback {
            self.joined(view, fallback, at);
        }
        self.key_covered(view, id, at);
        let Some(name) = &entity.external_id else { return };
        let Some(field) = entity.field(name) else {
            let remedy = "make it (text, external id, unique), and give the integration user rights on it";
            self.error(at, format!("the target has no external-id field {name}"), remedy);
            return;
        };
        if !field.external_id || !field.unique {
            let reason = format!("{name} is not a unique external id: records could be doubled");
            self.error(at, reason, "mark it as External ID and as Unique in the target");
        }
        if !field.create {
            self.error(
                at,
                format!("{name} may not be written"),
                "give the integration user edit rights on it",
            );
        }
        if let (Some(length), Some(most)) = (length, field.length)
            && length > most
        {
            let reason = format!("external ids can have {length} characters, {name} holds {most}");
            self.error(at, reason, "make the field longer, or the id shorter");
        }
    }

    /// Whether what comes out of a field's steps can stand in the target's field.
    pub(super) fn fits(&mut self, at: At<'_>, target: &Target, shape: &Shape, field: &FieldSchema) {
        self.writable(at, target, field);
        let Some(kind) = shape.kind else { return };
        let same = kind == field.kind || (kind == FieldType::Text && field.kind == FieldType::Reference);
        if !same {
            let reason = format!("a {} does not fit a field of the type {}", kind.name(), field.kind.name());
            self.error(at, reason, advice(kind, field.kind));
            return;
        }
        match field.kind {
            FieldType::Text => self.text_fits(at, shape, field),
            FieldType::Number => self.number_fits(at, shape, field),
            FieldType::Reference => self.parent_fits(at, shape, field),
            _ => {}
        }
        if shape.nullable && !field.nullable && !field.defaulted {
            let remedy = "add the step \"required\" or a `default`";
            self.error(at, "the target needs a value, and there may be none", remedy);
        }
    }

    fn writable(&mut self, at: At<'_>, target: &Target, field: &FieldSchema) {
        let once = target.owned.owner == Ownership::Target;
        let create = self.purpose.create && !field.create;
        let update = self.purpose.update && !once && !field.update;
        if !field.create && !field.update {
            self.error(at, "it may not be written", "take it out, or give the integration user edit rights");
        } else if update {
            let remedy = "say `owner = \"target\"`: then it is set once and left alone";
            self.error(at, "it may only be given when a record is made", remedy);
        } else if create && once {
            self.error(at, "it may not be given when a record is made", "give it another owner");
        } else if create {
            self.warn(
                at,
                "it may not be given when a record is made, only later",
                "see that the target fills it by itself",
            );
        }
    }

    fn text_fits(&mut self, at: At<'_>, shape: &Shape, field: &FieldSchema) {
        if let Some(most) = field.length
            && shape.length.is_none_or(|length| length > most)
        {
            let reason = match shape.length {
                Some(length) => format!("texts can have {length} characters, the target holds {most}"),
                None => format!("texts can have any length, the target holds {most}"),
            };
            let remedy = format!(
                "add {{ truncate = {most} }}, or {{ limit = {{ length = {most} }} }} to refuse longer ones"
            );
            self.error(at, reason, remedy);
        }
        if !field.restricted || field.values.is_empty() {
            return;
        }
        let taken: BTreeSet<&str> = field.values.iter().map(String::as_str).collect();
        match &shape.values {
            None => {
                let remedy = format!("map it through a table to {}", field.values.join(", "));
                self.error(at, "the target takes listed values only, and any text can come", remedy);
            }
            Some(values) => {
                let refused: Vec<&str> =
                    values.iter().map(String::as_str).filter(|value| !taken.contains(value)).collect();
                if !refused.is_empty() {
                    let reason = format!("the target does not take {}", refused.join(", "));
                    let remedy = format!(
                        "it takes {}; add the values there, or correct the table",
                        field.values.join(", ")
                    );
                    self.error(at, reason, remedy);
                }
            }
        }
    }

    fn number_fits(&mut self, at: At<'_>, shape: &Shape, field: &FieldSchema) {
        if let Some(most) = field.scale
            && shape.scale.is_none_or(|scale| scale > most)
        {
            let reason = match shape.scale {
                Some(scale) => {
                    format!("numbers can have {scale} digits behind the point, the target keeps {most}")
                }
                None => format!("numbers can have any digits behind the point, the target keeps {most}"),
            };
            let remedy = format!(
                "add {{ to_number = {{ scale = {most}, rounding = \"half_even\" }} }}: what the target rounds by itself differs for ever"
            );
            self.error(at, reason, remedy);
        }
        if let Some(precision) = field.precision {
            let most = precision.saturating_sub(field.scale.unwrap_or(0));
            if shape.whole.is_none_or(|whole| whole > most) {
                let reason =
                    format!("numbers can have more than the {most} digits before the point that fit");
                let remedy = format!(
                    "add `precision = {precision}` to the step to_number: larger ones go to quarantine"
                );
                self.warn(at, reason, remedy);
            }
        }
    }

    fn parent_fits(&mut self, at: At<'_>, shape: &Shape, field: &FieldSchema) {
        let Some((entity, name)) = &shape.parent else { return };
        if !field.of.is_empty() && !field.of.iter().any(|of| of == entity.as_str()) {
            let reason = format!("it refers to {}, not to {entity}", field.of.join(" or "));
            self.error(at, reason, "correct `entity` in the reference");
            return;
        }
        let Some(parent) = self.target.entity(entity.as_str()) else { return };
        match parent.field(name.as_str()) {
            None => {
                let near = parent.nearest(name.as_str()).map(|near| format!("did you mean {near}?"));
                let remedy = near.unwrap_or_else(|| "name its external-id field".into());
                self.error(at, format!("{entity} has no field {name}"), remedy);
            }
            Some(known) if !known.external_id => {
                let reason = format!("{entity} cannot be found by {name}: it is no external id");
                self.error(at, reason, "name its external-id field");
            }
            Some(_) => {}
        }
    }

    /// Fields without which no record can be made must be written.
    pub(super) fn covers(&mut self, entity: &EntitySchema, written: &BTreeSet<String>, name: &str) {
        if !self.purpose.create {
            return;
        }
        let given = |name: &String| written.contains(name) || entity.external_id.as_ref() == Some(name);
        let keyed = |name: &String| entity.external_id.is_none() && entity.key.contains(name);
        for (missing, _) in
            entity.fields.iter().filter(|(name, field)| field.is_required() && !given(name) && !keyed(name))
        {
            let at = At { line: self.mapping.head_line("target"), field: missing };
            let reason = format!("{name} cannot be made without it, and the mapping does not write it");
            self.error(at, reason, format!("add [fields.{missing}], or give it a default in the target"));
        }
    }
}

/// How to make what fits.
fn advice(given: FieldType, wanted: FieldType) -> &'static str {
    match (given, wanted) {
        (FieldType::Number, FieldType::Text) => "add the step `number_text`",
        (FieldType::Text, FieldType::Number) => "add the step `to_number`",
        (FieldType::Text, FieldType::Date) => "add the step `to_date`",
        (FieldType::Date, FieldType::Text) => "add the step `date_text`",
        (FieldType::Timestamp, FieldType::Date) => "add the step `day_in` with a time zone",
        (FieldType::Date | FieldType::Text, FieldType::Timestamp) => {
            "add the step `to_timestamp` with a time zone"
        }
        (FieldType::Text, FieldType::Truth) => "add the step `truth`",
        (FieldType::Truth, FieldType::Text) => "add the step `truth_text`",
        _ => "take another source field, or another target field",
    }
}
