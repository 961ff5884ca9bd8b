//! The declarative mapper: what a mapping file says, done.

use std::collections::BTreeSet;

use crate::canonical::canonical;
use crate::compile::compile;
use crate::file::{Condition, ExternalIdRule};
use crate::step::{Bench, Op, is_empty};
use crate::{
    Change, Draft, Entity, ExternalId, FieldName, Fields, MapError, Mapped, Mapper, MappingFileError, Note,
    Ownership, Policy, Record, Value,
};

/// A [`Mapper`] read from a TOML file (`docs/mapping.md`).
#[derive(Debug, Clone)]
pub struct DeclaredMapper {
    pub(crate) name: String,
    pub(crate) source: Entity,
    pub(crate) entity: Entity,
    pub(crate) id: ExternalIdRule,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) targets: Vec<Target>,
}

/// One target field, ready to run.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) name: FieldName,
    pub(crate) choices: Vec<Chosen>,
    pub(crate) steps: Vec<Op>,
    pub(crate) owner: Ownership,
}

/// Where a value comes from, if its condition holds.
#[derive(Debug, Clone)]
pub(crate) struct Chosen {
    pub(crate) when: Option<Condition>,
    pub(crate) origin: Origin,
}

#[derive(Debug, Clone)]
pub(crate) enum Origin {
    Field(String),
    Constant(Value),
    Concat { fields: Vec<String>, separator: String },
}

/// A target field that a mapping writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetField {
    /// Its name.
    pub name: FieldName,
    /// The most UTF-16 units the mapping will write, if it cuts.
    pub max_length: Option<usize>,
}

impl DeclaredMapper {
    /// Reads a mapping from the text of a file; `file` names it in errors.
    pub fn from_toml(text: &str, file: &str) -> Result<Self, MappingFileError> {
        compile(text, file)
    }

    /// The kind of records it reads.
    pub fn source(&self) -> &Entity {
        &self.source
    }

    /// The kind of records it writes.
    pub fn target(&self) -> &Entity {
        &self.entity
    }

    /// The source fields it looks at.
    pub fn reads(&self) -> BTreeSet<String> {
        let mut fields: BTreeSet<String> = self.id.from.iter().cloned().collect();
        self.conditions.iter().for_each(|condition| condition.reads(&mut fields));
        for chosen in self.targets.iter().flat_map(|target| &target.choices) {
            if let Some(when) = &chosen.when {
                when.reads(&mut fields);
            }
            match &chosen.origin {
                Origin::Field(field) => fields.extend([field.clone()]),
                Origin::Concat { fields: joined, .. } => fields.extend(joined.iter().cloned()),
                Origin::Constant(_) => {}
            }
        }
        fields
    }

    /// The target fields it writes.
    pub fn writes(&self) -> Vec<TargetField> {
        let cut = |op: &Op| if let Op::Truncate(units) = op { Some(*units) } else { None };
        let field = |target: &Target| TargetField {
            name: target.name.clone(),
            max_length: target.steps.iter().rev().find_map(cut),
        };
        self.targets.iter().map(field).collect()
    }

    /// What the plan may do with its drafts.
    pub fn policy(&self) -> Policy {
        Policy { owners: self.owners(), ..Policy::default() }
    }

    fn draft(&self, record: &Record, notes: &mut Vec<Note>) -> Result<Draft, MapError> {
        let id = self.external_id(&record.fields)?;
        let mut fields = Fields::with_capacity(self.targets.len());
        for target in &self.targets {
            fields.set(target.name.clone(), target.value(&record.fields, notes)?);
        }
        Ok(Draft { entity: self.entity.clone(), id, fields })
    }

    fn external_id(&self, fields: &Fields) -> Result<ExternalId, MapError> {
        let mut id = self.id.prefix.clone();
        for (place, name) in self.id.from.iter().enumerate() {
            let value = fields.get(name).unwrap_or(&Value::Null);
            if is_empty(value) {
                let hint = "a record without its key cannot be told from others; look at it in the source";
                return Err(
                    MapError::new(name.as_str(), "the external id needs it and it is empty").hint(hint)
                );
            }
            if place > 0 {
                id.push_str(&self.id.separator);
            }
            push_text(&mut id, value);
        }
        Ok(ExternalId::from(id))
    }
}

impl Mapper for DeclaredMapper {
    fn name(&self) -> &str {
        &self.name
    }

    fn map(&self, change: &Change) -> Result<Mapped, MapError> {
        let Change::Put(record) = change else { return Ok(Mapped::default()) };
        if let Some(missed) = self.conditions.iter().find(|condition| !condition.holds(&record.fields)) {
            let text = "a condition of the mapping does not hold: the record is left out".into();
            let note = Note { field: FieldName::from(missed.field.as_str()), text };
            return Ok(Mapped { drafts: Vec::new(), notes: vec![note] });
        }
        let mut notes = Vec::new();
        let draft = self.draft(record, &mut notes)?;
        Ok(Mapped { drafts: vec![draft], notes })
    }
}

impl Target {
    fn value(&self, fields: &Fields, notes: &mut Vec<Note>) -> Result<Value, MapError> {
        let mut bench = Bench { field: &self.name, notes };
        let holds = |chosen: &&Chosen| chosen.when.as_ref().is_none_or(|when| when.holds(fields));
        let mut value =
            self.choices.iter().find(holds).map_or(Value::Null, |chosen| chosen.origin.value(fields));
        for step in &self.steps {
            value = step.apply(value, &mut bench)?;
        }
        let (value, cleaned) = canonical(value);
        if cleaned {
            bench.note("control characters were removed");
        }
        Ok(value)
    }
}

impl Origin {
    fn value(&self, fields: &Fields) -> Value {
        match self {
            Self::Constant(value) => value.clone(),
            Self::Field(field) => fields.get(field).cloned().unwrap_or(Value::Null),
            Self::Concat { fields: names, separator } => {
                let mut joined = String::new();
                let values = names.iter().filter_map(|name| fields.get(name));
                for value in values.filter(|value| !is_empty(value)) {
                    if !joined.is_empty() {
                        joined.push_str(separator);
                    }
                    push_text(&mut joined, value);
                }
                if joined.is_empty() { Value::Null } else { Value::Text(joined) }
            }
        }
    }
}

/// Adds the text of a value, trimmed.
fn push_text(out: &mut String, value: &Value) {
    match value {
        Value::Text(text) => out.push_str(text.trim()),
        Value::Decimal(number) => out.push_str(&number.normalize().to_string()),
        Value::Date(date) => out.push_str(&date.to_string()),
        Value::Timestamp(instant) => out.push_str(&instant.to_string()),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Reference(reference) => out.push_str(reference.id.as_str()),
        Value::Null | Value::List(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Key, Version};

    const HEAD: &str =
        "name = \"m\"\nrevision = 2\nsource = \"S\"\ntarget = \"T\"\nexternal_id = { from = [\"Id\"] }\n";

    fn mapper(fields: &str) -> DeclaredMapper {
        DeclaredMapper::from_toml(&format!("{HEAD}{fields}"), "m.toml").expect("compiles")
    }

    fn record(values: &[(&str, Value)]) -> Change {
        let fields = values.iter().map(|(name, value)| (FieldName::from(*name), value.clone())).collect();
        Change::Put(Record {
            entity: Entity::from("S"),
            key: Key::from("1"),
            version: Version::from("v"),
            fields,
        })
    }

    fn shipped() -> DeclaredMapper {
        let text = include_str!("../../ml-connector/mappings/supplier-to-account.toml");
        DeclaredMapper::from_toml(text, "supplier-to-account.toml").expect("the shipped mapping compiles")
    }

    #[test]
    fn the_shipped_mapping_carries_a_supplier() {
        let mapped = shipped()
            .map(&record(&[
                ("SupplierId", Value::text("S10001")),
                ("Name", Value::text("  Жёлтый О'Neil \"Größe\" 株式会社 ")),
                ("Country", Value::text("de")),
                ("Address1", Value::text("Hauptstraße 1")),
                ("Address2", Value::text("Hof")),
                ("City", Value::text("")),
                ("Email", Value::text("Info@Example.COM")),
                ("CreditLimit", Value::Decimal("12345.605".parse().expect("a number"))),
                ("CreationDate", Value::Date(jiff::civil::date(2020, 2, 29))),
                ("Objstate", Value::text("Active")),
            ]))
            .expect("maps");
        let draft = &mapped.drafts[0];
        assert_eq!((draft.entity.as_str(), draft.id.as_str()), ("Account", "S10001"));
        let show = |name: &str| serde_json::to_string(draft.fields.get(name).expect(name)).expect("JSON");
        assert_eq!(show("Name"), r#""Жёлтый О'Neil \"Größe\" 株式会社""#);
        assert_eq!(show("BillingStreet"), r#""Hauptstraße 1\nHof""#);
        assert_eq!(show("BillingCountry"), r#""Germany""#);
        assert_eq!(show("BillingCity"), "null");
        assert_eq!(show("IFS_Email__c"), r#""info@example.com""#);
        assert_eq!(show("IFS_Credit_Limit__c"), r#"{"decimal":"12345.6"}"#);
        assert_eq!(show("IFS_Created__c"), r#"{"date":"2020-02-29"}"#);
        assert_eq!(show("IFS_Status__c"), r#""Active""#);
        assert_eq!(mapped.notes[0].text, "rounded from 12345.605 to 12345.60");
        assert_eq!(shipped().owners().keys().map(FieldName::as_str).collect::<Vec<_>>(), ["Type"]);
    }

    #[test]
    fn a_supplier_without_name_or_key_goes_to_quarantine() {
        let error = shipped().map(&record(&[("SupplierId", Value::text("S1"))])).expect_err("no name");
        assert_eq!(error.field.as_str(), "Name");
        let error = shipped().map(&record(&[("Name", Value::text("N"))])).expect_err("no key");
        assert_eq!(error.field.as_str(), "SupplierId");
    }

    #[test]
    fn records_that_miss_a_condition_are_left_out() {
        let picky = mapper(
            "[[where]]\nfield = \"State\"\nis = { one_of = [\"A\", \"B\"] }\n[fields.X]\nfrom = \"Id\"\n",
        );
        let drafts = |state: &str| {
            let change = record(&[("Id", Value::text("1")), ("State", Value::text(state))]);
            picky.map(&change).expect("maps").drafts.len()
        };
        assert_eq!((drafts("A"), drafts("C")), (1, 0));
    }

    #[test]
    fn choices_are_taken_in_order() {
        let choosy = mapper(
            "[fields.X]\nchoose = [{ when = { field = \"A\", is = \"present\" }, from = \"A\" }, { constant = \"none\" }]\n",
        );
        let x = |a: Value| {
            let done = choosy.map(&record(&[("Id", Value::text("1")), ("A", a)])).expect("maps");
            done.drafts[0].fields.get("X").cloned()
        };
        assert_eq!(x(Value::text("here")), Some(Value::text("here")));
        assert_eq!(x(Value::Null), Some(Value::text("none")));
    }

    #[test]
    fn any_change_of_content_changes_the_name_and_comments_do_not() {
        let name = |text: &str| mapper(text).name;
        assert_eq!(name("[fields.X]\nfrom = \"A\"\n"), name("# words\n[fields.X]\nfrom = 'A'\n"));
        assert_ne!(name("[fields.X]\nfrom = \"A\"\n"), name("[fields.X]\nfrom = \"B\"\n"));
        assert!(name("[fields.X]\nfrom = \"A\"\n").starts_with("m@2-"));
    }

    #[test]
    fn mistakes_are_found_with_place_and_advice() {
        let cases = [
            ("[fields.X]\nfrm = \"A\"\n", 7, "unknown field `frm`"),
            ("[fields.X]\nfrom = \"A\"\nconstant = 1\n", 6, "exactly one of"),
            ("[fields.X]\nfrom = \"A\"\nsteps = [{ truncat = 3 }]\n", 8, "unknown variant `truncat`"),
            (
                "[fields.X]\nfrom = \"A\"\nsteps = [{ table = { name = \"cuntries\" } }]\n[tables.countries]\n",
                8,
                "no table",
            ),
            ("[fields.X]\nfrom = \"A\"\nsteps = [{ to_date = \"%Q\" }]\n", 8, "not a date pattern"),
            ("[fields.X]\nconstant = 1.5\n", 7, "write other numbers in quotes"),
            ("[fields.X]\nfrom = \"A\"\nseparator = \"\"\n", 6, "goes with `concat`"),
        ];
        for (text, line, reason) in cases {
            let error = DeclaredMapper::from_toml(&format!("{HEAD}{text}"), "m.toml").expect_err(text);
            assert_eq!(error.line, line, "{error}");
            assert!(error.reason.contains(reason), "{error}");
        }
    }

    #[test]
    fn it_tells_what_it_reads_and_writes() {
        let mapper = shipped();
        assert!(mapper.reads().contains("Address2") && mapper.reads().contains("SupplierId"));
        let name = mapper.writes().into_iter().find(|field| field.name.as_str() == "Name").expect("Name");
        assert_eq!(name.max_length, Some(255));
    }
}
