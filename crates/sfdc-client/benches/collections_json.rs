//! Encoding of a packed call, beside the JSON encoding of the same records alone.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde::Serialize;
use sfdc_client::{Item, RecordBody, UpsertKey, collections};

const RECORDS: usize = 200;

/// The floor: the same members through derived serialization.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Account<'a> {
    attributes: Attributes<'a>,
    #[serde(rename = "IFS_Key__c")]
    key: &'a str,
    name: &'a str,
    phone: &'a str,
    billing_street: &'a str,
    billing_city: &'a str,
    billing_country: &'a str,
    credit_limit: i64,
    active: bool,
}

#[derive(Serialize)]
struct Attributes<'a> {
    r#type: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Collection<'a> {
    all_or_none: bool,
    records: Vec<Account<'a>>,
}

fn keys() -> Vec<String> {
    (0..RECORDS).map(|number| format!("S{number:06}")).collect()
}

const STREET: &str = "Götgatan 12\n2nd floor \"left\"";

fn floor(keys: &[String]) -> usize {
    let record = |key| Account {
        attributes: Attributes { r#type: "Account" },
        key,
        name: "Nordic Paper & Pulp AB",
        phone: "+46 8 123 456 78",
        billing_street: STREET,
        billing_city: "Stockholm",
        billing_country: "Sweden",
        credit_limit: 1_250_000,
        active: true,
    };
    let collection = Collection { all_or_none: false, records: keys.iter().map(|key| record(key)).collect() };
    serde_json::to_string(&collection).map_or(0, |text| text.len())
}

fn ours(keys: &[String]) -> usize {
    let bodies: Vec<RecordBody> = keys
        .iter()
        .map(|key| {
            let mut body = RecordBody::new("Account");
            body.text("IFS_Key__c", key);
            body.text("Name", "Nordic Paper & Pulp AB");
            body.text("Phone", "+46 8 123 456 78");
            body.text("BillingStreet", STREET);
            body.text("BillingCity", "Stockholm");
            body.text("BillingCountry", "Sweden");
            body.plain("CreditLimit", 1_250_000);
            body.plain("Active", true);
            body
        })
        .collect();
    let items: Vec<Item<'_>> = keys.iter().zip(&bodies).map(|(key, body)| Item::new(key, body)).collect();
    let key = UpsertKey { object: "Account", field: "IFS_Key__c", case_sensitive: false };
    collections::upsert_body(&items, key).map_or(0, |body| body.len())
}

fn encode(criterion: &mut Criterion) {
    let keys = keys();
    assert_eq!(floor(&keys), ours(&keys));
    let mut group = criterion.benchmark_group("collection of 200");
    group.throughput(Throughput::Elements(RECORDS as u64));
    group.bench_function("JSON alone", |bencher| bencher.iter(|| floor(black_box(&keys))));
    group.bench_function("checked call", |bencher| bencher.iter(|| ours(black_box(&keys))));
    group.finish();
}

criterion_group!(benches, encode);
criterion_main!(benches);
