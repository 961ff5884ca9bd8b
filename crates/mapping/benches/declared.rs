//! A declared mapping over one record, beside the same fields written out by hand in Rust.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mapping::{Change, DeclaredMapper, Entity, FieldName, Fields, Key, Mapper, Record, Value, Version};

const MAPPING: &str = r#"
name = "bench"
revision = 1
source = "SupplierSet"
target = "Account"
external_id = { from = "SupplierId" }

[fields.Name]
from = "Name"
steps = ["trim", { truncate = 255 }, "required"]

[fields.BillingStreet]
from = ["Address1", "Address2"]
separator = "\n"

[fields.BillingCity]
from = "City"
steps = [{ truncate = 40 }]

[fields.BillingCountry]
from = "Country"
steps = [{ case = "upper" }, { table = { name = "countries", unknown = "keep" } }]

[fields.Email__c]
from = "Email"
steps = ["trim", { case = "lower" }]

[fields.Phone]
from = "Phone"
steps = [{ truncate = 40 }]

[fields.Type]
constant = "Supplier"

[tables.countries]
DE = "Germany"
FR = "France"
SE = "Sweden"
"#;

fn supplier() -> Record {
    let text = |name: &str, value: &str| (FieldName::from(name), Value::text(value));
    let fields = [
        text("SupplierId", "S10001"),
        text("Name", " Nordic Paper & Pulp AB "),
        text("Address1", "Götgatan 12"),
        text("Address2", "2nd floor"),
        text("City", "Stockholm"),
        text("Country", "se"),
        text("Email", "Office@Nordic.example"),
        text("Phone", "+46 8 123 456 78"),
    ];
    let (entity, key, version) = (Entity::from("SupplierSet"), Key::from("S10001"), Version::from("v1"));
    Record { entity, key, version, fields: fields.into_iter().collect() }
}

/// The floor: what the mapping says, in Rust.
fn by_hand(record: &Record) -> Option<Fields> {
    let text = |name: &str| record.fields.get(name).and_then(Value::as_text);
    let cut = |name: &str, most: usize| text(name).map(|text| text.chars().take(most).collect::<String>());
    let country = text("Country")?.to_uppercase();
    let country = match country.as_str() {
        "DE" => "Germany",
        "FR" => "France",
        "SE" => "Sweden",
        other => other,
    };
    let mut fields = Fields::new();
    fields.set("Name", Value::text(cut("Name", 255)?.trim()));
    fields.set("BillingStreet", Value::text(format!("{}\n{}", text("Address1")?, text("Address2")?)));
    fields.set("BillingCity", Value::text(cut("City", 40)?));
    fields.set("BillingCountry", Value::text(country));
    fields.set("Email__c", Value::text(text("Email")?.trim().to_lowercase()));
    fields.set("Phone", Value::text(cut("Phone", 40)?));
    fields.set("Type", Value::text("Supplier"));
    Some(fields)
}

fn declared(mapper: &DeclaredMapper, change: &Change) -> Option<Fields> {
    Some(mapper.map(change).ok()?.drafts.pop()?.fields)
}

fn map(criterion: &mut Criterion) {
    let mapper = DeclaredMapper::from_toml(MAPPING, "bench.toml");
    assert!(mapper.is_ok(), "{:?}", mapper.err());
    let Ok(mapper) = mapper else { return };
    let record = supplier();
    let change = Change::Put(record.clone());
    let made = declared(&mapper, &change);
    assert!(made.is_some());
    assert_eq!(made, by_hand(&record));
    let mut group = criterion.benchmark_group("seven fields of a record");
    group.throughput(Throughput::Elements(1));
    group.bench_function("by hand", |bencher| bencher.iter(|| by_hand(black_box(&record))));
    group.bench_function("declared", |bencher| bencher.iter(|| declared(&mapper, black_box(&change))));
    group.finish();
}

criterion_group!(benches, map);
criterion_main!(benches);
