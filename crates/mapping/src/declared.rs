//! The declarative mapper: what a mapping file says, done.

use std::collections::{BTreeMap, BTreeSet};

use crate::child_list::ChildList;
use crate::compile::compile;
use crate::condition::Condition;
use crate::external_id::IdRule;
use crate::origin::Origin;
use crate::scope::Scope;
use crate::step::kind;
use crate::target::Target;
use crate::{
    Change, Draft, Entity, ExternalId, FieldName, FieldNames, Fields, MapError, Mapped, Mapper,
    MappingFileError, Note, Ownership, Policy, Rule, Value,
};

/// A [`Mapper`] read from a TOML file (`docs/mapping.md`).
#[derive(Debug, Clone)]
pub struct DeclaredMapper {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) head: HeadLines,
    pub(crate) source: Entity,
    pub(crate) entity: Entity,
    pub(crate) each: Option<String>,
    pub(crate) id: IdRule,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) targets: Vec<Target>,
    pub(crate) lists: Vec<ChildList>,
    /// Of targets and lists.
    pub(crate) names: FieldNames,
}

/// The lines of the file's head.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeadLines {
    pub(crate) source: usize,
    pub(crate) target: usize,
}

/// A target field that a mapping writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetField {
    /// Its name.
    pub name: FieldName,
    /// The most UTF-16 units the mapping will write, if it cuts.
    pub max_length: Option<usize>,
}

/// Child records that a mapping writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetList {
    /// The field of the draft that holds them.
    pub name: FieldName,
    /// What kind of records they are.
    pub entity: Entity,
    /// Their fields.
    pub fields: Vec<TargetField>,
}

impl DeclaredMapper {
    /// Reads a mapping from the text of a file; `file` names it in errors.
    pub fn from_toml(text: &str, file: &str) -> Result<Self, MappingFileError> {
        compile(text, file)
    }

    /// The file that it was read from.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The kind of records it reads.
    pub fn source(&self) -> &Entity {
        &self.source
    }

    /// The kind of records it writes.
    pub fn target(&self) -> &Entity {
        &self.entity
    }

    /// The source fields it looks at, lists of child records among them.
    pub fn reads(&self) -> BTreeSet<String> {
        self.looked_at().own
    }

    /// The fields of child records it looks at, by the source field that holds the list.
    pub fn reads_of_lists(&self) -> BTreeMap<String, BTreeSet<String>> {
        self.looked_at().lists
    }

    /// The target fields it writes; those that hold child records are [`lists`](Self::writes_lists).
    pub fn writes(&self) -> Vec<TargetField> {
        self.targets.iter().map(Target::field).collect()
    }

    /// The lists of child records it writes.
    pub fn writes_lists(&self) -> Vec<TargetList> {
        let list = |list: &ChildList| TargetList {
            name: list.name.clone(),
            entity: list.entity.clone(),
            fields: list.targets.iter().map(Target::field).collect(),
        };
        self.lists.iter().map(list).collect()
    }

    /// The kinds of target records it knows: its own, those of its lists, and those it refers to.
    pub fn targets(&self) -> BTreeSet<Entity> {
        let mut all = BTreeSet::from([self.entity.clone()]);
        let within = self.lists.iter().flat_map(|list| &list.targets);
        for chosen in self.targets.iter().chain(within).flat_map(|target| &target.choices) {
            if let Origin::Reference { entity, .. } = &chosen.origin {
                all.insert(entity.clone());
            }
        }
        all.extend(self.lists.iter().map(|list| list.entity.clone()));
        all
    }

    /// Who decides which field, where it is not the source.
    pub fn owners(&self) -> BTreeMap<FieldName, Ownership> {
        let fields = self.targets.iter().map(|target| (&target.name, target.owned.owner));
        let lists = self.lists.iter().map(|list| (&list.name, list.owned.owner));
        let kept = fields.chain(lists).filter(|(_, owner)| *owner != Ownership::Source);
        kept.map(|(name, owner)| (name.clone(), owner)).collect()
    }

    /// Who wins on shared fields that were changed on both sides, as far as the file says so.
    pub fn rules(&self) -> BTreeMap<FieldName, Rule> {
        let shared = self.targets.iter().filter(|target| target.owned.owner == Ownership::Shared);
        let ruled = shared.filter_map(|target| Some((target.name.clone(), target.owned.on_conflict?.rule())));
        ruled.collect()
    }

    /// The fields of which the file does not say who decides, each with its line.
    pub fn unowned(&self) -> Vec<(FieldName, usize)> {
        let fields = self.targets.iter().map(|target| (&target.name, target.owned, target.line));
        let lists = self.lists.iter().map(|list| (&list.name, list.owned, list.line));
        let unstated = fields.chain(lists).filter(|(_, owned, _)| !owned.stated);
        unstated.map(|(name, _, line)| (name.clone(), line)).collect()
    }

    /// The line that names the `source` or the `target`.
    pub(crate) fn head_line(&self, side: &str) -> usize {
        if side == "source" { self.head.source } else { self.head.target }
    }

    /// What the plan may do with its drafts.
    pub fn policy(&self) -> Policy {
        Policy { owners: self.owners(), rules: self.rules(), ..Policy::default() }
    }

    fn draft(&self, scope: Scope<'_>, notes: &mut Vec<Note>) -> Result<Draft, MapError> {
        let id = ExternalId::from(self.id.make(scope)?);
        let mut values = Vec::with_capacity(self.names.len());
        for target in &self.targets {
            values.push(target.value(scope, notes)?);
        }
        for list in &self.lists {
            values.push(list.value(scope, notes)?);
        }
        Ok(Draft { entity: self.entity.clone(), id, fields: self.named(values) })
    }

    /// The fields that are not to be left out.
    fn named(&self, values: Vec<Option<Value>>) -> Fields {
        let some = |(name, value): (&FieldName, Option<Value>)| Some((name.clone(), value?));
        if values.iter().any(Option::is_none) {
            return self.names.iter().zip(values).filter_map(some).collect();
        }
        self.names.fill(values.into_iter().flatten().collect()).unwrap_or_default()
    }

    /// Adds the draft of a record, or says why there is none.
    fn add(&self, scope: Scope<'_>, mapped: &mut Mapped) -> Result<(), MapError> {
        match self.conditions.iter().find(|condition| !condition.holds(scope)) {
            None => mapped.drafts.push(self.draft(scope, &mut mapped.notes)?),
            Some(missed) => {
                let text = "a condition of the mapping does not hold: the record is left out".into();
                mapped.notes.push(Note { field: FieldName::from(missed.field.as_str()), text });
            }
        }
        Ok(())
    }

    /// Adds a draft for each child in the list `each`.
    fn add_each(&self, each: &str, scope: Scope<'_>, mapped: &mut Mapped) -> Result<(), MapError> {
        let records = match scope.get(each) {
            None | Some(Value::Null) => return Ok(()),
            Some(Value::List(records)) => records,
            Some(other) => {
                return Err(MapError::new(each, format!("it is {}, not a list", kind(other))));
            }
        };
        for record in records {
            let within = |mut error: MapError| {
                error.reason = format!("in {} of {each}: {}", record.key, error.reason);
                error
            };
            self.add(scope.child(&record.fields), mapped).map_err(within)?;
        }
        let ids: BTreeSet<&ExternalId> = mapped.drafts.iter().map(|draft| &draft.id).collect();
        if ids.len() < mapped.drafts.len() {
            let error = MapError::new(each, "two of them have the same external id");
            return Err(error.hint("let `external_id` name all fields that tell them apart"));
        }
        Ok(())
    }
}

impl Mapper for DeclaredMapper {
    fn name(&self) -> &str {
        &self.name
    }

    fn refers_to(&self) -> BTreeSet<Entity> {
        self.parents()
    }

    fn map(&self, change: &Change) -> Result<Mapped, MapError> {
        let mut mapped = Mapped::default();
        let Change::Put(record) = change else { return Ok(mapped) };
        let scope = Scope::of(&record.fields);
        match &self.each {
            None => self.add(scope, &mut mapped)?,
            Some(each) => self.add_each(each, scope, &mut mapped)?,
        }
        Ok(mapped)
    }
}

impl Target {
    fn field(&self) -> TargetField {
        TargetField { name: self.name.clone(), max_length: self.max_length() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Key, Record, Version};

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
        let rounded = mapped.notes.iter().find(|note| note.field.as_str() == "IFS_Credit_Limit__c");
        assert_eq!(rounded.map(|note| note.text.as_str()), Some("rounded from 12345.605 to 12345.60"));
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
