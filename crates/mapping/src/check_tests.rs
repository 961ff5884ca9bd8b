//! The check finds what is wrong, where, and nothing else.

use std::collections::BTreeMap;

use crate::bench_record::mapper;
use crate::{
    DeclaredMapper, EntitySchema, FieldSchema, FieldType, Finding, Purpose, Schema, Severity, check,
};

fn text(length: u32) -> FieldSchema {
    FieldSchema { length: Some(length), ..FieldSchema::new(FieldType::Text) }
}

fn number(precision: u32, scale: u32) -> FieldSchema {
    FieldSchema { precision: Some(precision), scale: Some(scale), ..FieldSchema::new(FieldType::Number) }
}

fn listed(values: &[&str]) -> FieldSchema {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    FieldSchema { values, restricted: true, ..text(20) }
}

fn needed(field: FieldSchema) -> FieldSchema {
    FieldSchema { nullable: false, ..field }
}

fn entity(fields: Vec<(&str, FieldSchema)>) -> EntitySchema {
    EntitySchema {
        read: true,
        create: true,
        update: true,
        exact_names: true,
        fields: fields.into_iter().map(|(name, field)| (name.to_owned(), field)).collect(),
        ..EntitySchema::default()
    }
}

fn source() -> Schema {
    let record = entity(vec![
        ("Id", needed(text(10))),
        ("Name", text(100)),
        ("Note", text(2_000)),
        ("Amount", number(28, 10)),
        ("State", needed(listed(&["Active", "Blocked", "Expired"]))),
        ("On", FieldSchema::new(FieldType::Date)),
        ("Lines", FieldSchema::list("S.Lines")),
    ]);
    let line = entity(vec![
        ("No", needed(text(4))),
        ("Qty", number(28, 10)),
        ("State", needed(listed(&["Open", "Cancelled"]))),
    ]);
    let record = EntitySchema { key: vec!["Id".into()], ..record };
    let line = EntitySchema { key: vec!["No".into()], ..line };
    Schema { entities: BTreeMap::from([("S".into(), record), ("S.Lines".into(), line)]) }
}

fn target() -> Schema {
    let unique = FieldSchema { unique: true, external_id: true, ..text(100) };
    let fixed = FieldSchema { create: false, update: false, ..text(20) };
    let once = FieldSchema { update: false, ..text(20) };
    let parent = FieldSchema { of: vec!["A".into()], ..FieldSchema::new(FieldType::Reference) };
    let record = entity(vec![
        ("Key", unique.clone()),
        ("Name", needed(text(40))),
        ("Amount", number(18, 2)),
        ("Status", listed(&["On", "Off"])),
        ("Count", number(18, 0)),
        ("Fixed", fixed),
        ("Once", once),
        ("Parent", parent),
        ("On", FieldSchema::new(FieldType::Date)),
        ("Long", text(32_000)),
    ]);
    let record = EntitySchema { external_id: Some("Key".into()), exact_names: false, ..record };
    let parent = entity(vec![("Key", unique), ("Name", text(10))]);
    Schema { entities: BTreeMap::from([("T".into(), record), ("A".into(), parent)]) }
}

fn found(mapping: &DeclaredMapper) -> Vec<Finding> {
    check(mapping, &source(), &target(), Purpose::default())
}

fn told(mapping: &str) -> Vec<String> {
    let mapping = mapper(&format!("owner = \"source\"\n{mapping}"));
    found(&mapping).iter().map(|finding| format!("{}: {}", finding.field, finding.reason)).collect()
}

/// The name that every record needs.
const NAME: &str = "[fields.Name]\nfrom = \"Name\"\nsteps = [{ truncate = 40 }, \"required\"]\n";

const TWELVE: &str = r#"name = "m"
revision = 1
source = "S"
target = "T"
external_id = { from = "Name" }
[fields.Name]
owner = "source"
from = "Name"
[fields.Nmae]
owner = "source"
constant = "x"
[fields.Long]
owner = "source"
from = "Titel"
[fields.Amount]
owner = "source"
from = "Amount"
steps = [{ to_number = { precision = 16 } }]
[fields.Status]
owner = "source"
from = "State"
steps = [
    { table = { name = "states" } },
]
[fields.Count]
owner = "source"
from = "On"
[fields.Fixed]
owner = "source"
constant = "x"
[fields.On]
from = "On"
[tables.states]
Active = "On"
Blocked = "Gone"
"#;

#[test]
fn twelve_mistakes_are_twelve_findings() {
    let mapping = DeclaredMapper::from_toml(TWELVE, "m.toml").expect("it is well formed");
    let mut org = target();
    if let Some(key) = org.entities.get_mut("T").and_then(|record| record.fields.get_mut("Key")) {
        key.unique = false;
    }
    let findings = check(&mapping, &source(), &org, Purpose::default());
    let told: Vec<String> =
        findings.iter().map(|finding| format!("{finding}\n    {}", finding.remedy)).collect();
    assert!(findings.iter().all(|finding| finding.severity == Severity::Error), "{}", told.join("\n"));
    insta::assert_snapshot!(told.join("\n"), @r#"
    m.toml:5: external_id: the external id leaves out Id: two records of S could get the same one
        name all of its key: Id
    m.toml:5: external_id: Key is not a unique external id: records could be doubled
        mark it as External ID and as Unique in the target
    m.toml:6: Name: texts can have 100 characters, the target holds 40
        add { truncate = 40 }, or { limit = { length = 40 } } to refuse longer ones
    m.toml:6: Name: the target needs a value, and there may be none
        add the step "required" or a `default`
    m.toml:9: Nmae: T has no such field
        did you mean Name? Or give the integration user the right to see it
    m.toml:12: Long: S has no field Titel
        correct the name, or let the source read the field
    m.toml:15: Amount: numbers can have 10 digits behind the point, the target keeps 2
        add { to_number = { scale = 2, rounding = "half_even" } }: what the target rounds by itself differs for ever
    m.toml:19: Status: the target does not take Gone
        it takes On, Off; add the values there, or correct the table
    m.toml:23: Status: table states has no line for Expired
        add them to [tables.states], or say what becomes of the unknown
    m.toml:25: Count: a date does not fit a field of the type number
        take another source field, or another target field
    m.toml:28: Fixed: it may not be written
        take it out, or give the integration user edit rights
    m.toml:31: On: nothing says who decides the field
        give it an `owner`, or the whole file: owner = "source"
    "#);
    assert_eq!(findings.len(), 12);
}

const FITTING: &str = r#"
[fields.Amount]
from = "Amount"
steps = [{ to_number = { scale = 2, precision = 18, rounding = "half_even" } }]
[fields.Status]
from = "State"
steps = [{ table = { name = "s", otherwise = "Off" } }]
[fields.Count]
aggregate = { list = "Lines", take = "count", where = [{ field = "No", is = "present" }] }
[fields.Once]
from = "Id"
owner = "target"
[fields.Parent]
reference = { entity = "A", field = "Key", from = "Id" }
[fields.Long]
concat = ["Name", "Note"]
[fields.On]
from = "On"
[tables.s]
Active = "On"
"#;

#[test]
fn a_mapping_that_fits_has_no_findings() {
    assert_eq!(told(&format!("{NAME}{FITTING}")), Vec::<String>::new());
}

#[test]
fn each_kind_of_mistake_has_its_words() {
    for (field, keys, due) in [
        ("Parent", r#"reference = { entity = "B", field = "Key", from = "Id" }"#, "it refers to A, not to B"),
        (
            "Parent",
            r#"reference = { entity = "A", field = "Name", from = "Id" }"#,
            "A cannot be found by Name: it is no external id",
        ),
        ("Once", r#"from = "Id""#, "it may only be given when a record is made"),
        (
            "Status",
            "from = \"Name\"\nsteps = [{ truncate = 20 }]",
            "the target takes listed values only, and any text can come",
        ),
        (
            "Amount",
            "from = \"Amount\"\nsteps = [{ case = \"upper\" }]",
            "the step case does not fit a number",
        ),
        ("Count", r#"aggregate = { list = "Name", take = "count" }"#, "Name is a text and no list"),
        (
            "Amount",
            r#"aggregate = { list = "Lines", take = "sum", of = "Qty" }"#,
            "numbers can have 10 digits behind the point, the target keeps 2",
        ),
        ("name", r#"from = "Id""#, "Name is written twice"),
        ("Amount", r#"expression = "Amount + Nmae""#, "S has no field Nmae"),
        ("Amount", r#"expression = "Amount * Name""#, "the expression has no value"),
        (
            "On",
            r#"expression = "Amount == null ? number(0) : Amount * 2""#,
            "a number does not fit a field of the type date",
        ),
    ] {
        let told = told(&format!("{NAME}[fields.{field}]\n{keys}\n"));
        let due = format!("{field}: {due}");
        assert!(told.iter().any(|one| one.starts_with(&due)), "{due}: {told:?}");
    }
    let slip = "[[where]]\nfield = \"State\"\nis = { equal = \"Actve\" }\n";
    assert_eq!(told(&format!("{slip}{NAME}")), ["where: State never is \"Actve\""]);
    assert_eq!(
        told("[fields.On]\nfrom = \"On\"\n"),
        ["Name: T cannot be made without it, and the mapping does not write it"]
    );
}

#[test]
fn a_flow_that_makes_no_records_needs_no_whole_ones() {
    let mapping = mapper("owner = \"source\"\n[fields.On]\nfrom = \"On\"\n");
    let purpose = Purpose { create: false, update: true };
    assert_eq!(check(&mapping, &source(), &target(), purpose), []);
}

#[test]
fn what_a_condition_keeps_out_needs_no_line_in_a_table() {
    let status = |condition: &str| {
        told(&format!(
            "{NAME}[fields.Status]\naggregate = {{ list = \"Lines\", take = \"latest\", of = \"State\", by = \"No\"{condition} }}\n\
             steps = [{{ table = {{ name = \"s\" }} }}]\n[tables.s]\nOpen = \"On\"\n"
        ))
    };
    assert_eq!(status(""), ["Status: table s has no line for Cancelled"]);
    for condition in [r#"none_of = ["Cancelled"]"#, r#"unequal = "Cancelled""#, r#"equal = "Open""#] {
        let condition = format!(", where = [{{ field = \"State\", is = {{ {condition} }} }}]");
        assert_eq!(status(&condition), Vec::<String>::new(), "{condition}");
    }
}

#[test]
fn what_is_not_there_at_all_is_said_once() {
    let mapping = mapper(&format!("owner = \"source\"\n{NAME}"));
    let findings = check(&mapping, &Schema::default(), &target(), Purpose::default());
    let told: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["m.toml:3: the source has no S"]);
}
