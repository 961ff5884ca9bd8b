//! Where values come from, compiled.

use toml::Spanned;

use super::Compiler;
use crate::aggregate::Aggregate;
use crate::file::{AggregateRule, Choice, Differ, FieldRule, Take};
use crate::origin::{Chosen, Joined, Origin};
use crate::{Entity, FieldName, MappingFileError};

const ORIGINS: &str = "a field needs exactly one of `from`, `concat`, `constant`, `choose`, `reference`, `aggregate`, `expression`";

impl Compiler<'_> {
    pub(super) fn choices(&self, rule: &Spanned<FieldRule>) -> Result<Vec<Chosen>, MappingFileError> {
        let field = rule.get_ref();
        if field.separator.is_some() && field.concat.is_none() {
            return Err(self.error_at(rule.span(), "`separator` goes with `concat`"));
        }
        let mut origins: Vec<Origin> = Vec::new();
        origins.extend(field.from.clone().map(Origin::Field));
        origins.extend(field.constant.as_ref().map(|scalar| Origin::Constant(scalar.value())));
        origins.extend(field.concat.clone().map(|fields| {
            let separator = field.separator.clone().unwrap_or_else(|| " ".into());
            Origin::Concat(Joined { fields, prefix: String::new(), separator })
        }));
        origins.extend(field.reference.clone().map(|parent| Origin::Reference {
            entity: Entity::from(parent.entity),
            field: FieldName::from(parent.field),
            id: Joined { fields: parent.from.0, prefix: parent.prefix, separator: parent.separator },
        }));
        if let Some(aggregate) = &field.aggregate {
            origins.push(Origin::Aggregate(Box::new(self.aggregate(rule, aggregate)?)));
        }
        if let Some(expression) = &field.expression {
            let formula = crate::expression::compile(expression.get_ref()).map_err(|reason| {
                let error = self.error_at(expression.span(), format!("not an expression: {reason}"));
                error.hint("see \"Expressions\" in docs/mapping.md")
            })?;
            origins.push(Origin::Expression(formula));
        }
        match (origins.pop(), &field.choose) {
            (Some(origin), None) if origins.is_empty() => Ok(vec![Chosen { when: None, origin }]),
            (None, Some(choices)) => choices.iter().map(|choice| self.choice(rule, choice)).collect(),
            _ => Err(self.error_at(rule.span(), ORIGINS)),
        }
    }

    fn choice(&self, rule: &Spanned<FieldRule>, choice: &Choice) -> Result<Chosen, MappingFileError> {
        let origin = match (&choice.from, &choice.constant) {
            (Some(from), None) => Origin::Field(from.clone()),
            (None, Some(constant)) => Origin::Constant(constant.value()),
            _ => {
                return Err(self.error_at(rule.span(), "a choice needs exactly one of `from` and `constant`"));
            }
        };
        Ok(Chosen { when: choice.when.as_ref().map(|when| self.condition(when)), origin })
    }

    fn aggregate(
        &self,
        rule: &Spanned<FieldRule>,
        aggregate: &AggregateRule,
    ) -> Result<Aggregate, MappingFileError> {
        let wrong = |reason: &str| Err(self.error_at(rule.span(), reason));
        let ordered = matches!(aggregate.take, Take::Latest | Take::Earliest);
        let of = &aggregate.of.0;
        if aggregate.take == Take::Count && !of.is_empty() {
            return wrong("`count` counts records: take `of` out");
        }
        if aggregate.take != Take::Count && of.is_empty() {
            return wrong("`of` is missing: the children's field to take");
        }
        if of.len() > 1 && !(ordered || aggregate.take == Take::First) {
            return wrong("several fields can be taken of one child only: `first`, `latest`, `earliest`");
        }
        if ordered != aggregate.by.is_some() {
            return wrong("`by` goes with `latest` and `earliest`, and they need it");
        }
        if aggregate.same.is_some() && aggregate.differ == Differ::First {
            return wrong("`same` cannot be met by taking the first: use \"error\" or \"null\"");
        }
        if aggregate.separator.is_some() && aggregate.take != Take::Join && of.len() < 2 {
            return wrong("`separator` goes with `join`, or with several fields in `of`");
        }
        let separator = if of.len() > 1 { " " } else { ", " };
        Ok(Aggregate {
            list: aggregate.list.clone(),
            take: aggregate.take,
            of: of.clone(),
            by: aggregate.by.clone().unwrap_or_default(),
            same: aggregate.same.clone(),
            differ: aggregate.differ,
            separator: aggregate.separator.clone().unwrap_or_else(|| separator.into()),
            conditions: self.conditions(&aggregate.conditions),
        })
    }
}
