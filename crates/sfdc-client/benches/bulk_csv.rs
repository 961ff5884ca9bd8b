//! Encoding rows for a bulk job, beside the `csv` crate alone as the floor.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sfdc_client::bulk::{Cell, IngestSpec, JobLimits, JobWriter, Operation};

const ROWS: usize = 10_000;
const COLUMNS: [&str; 12] = [
    "Key__c",
    "Name",
    "Phone",
    "Website",
    "BillingStreet",
    "BillingCity",
    "BillingPostalCode",
    "BillingCountryCode",
    "VatNumber__c",
    "Description",
    "IsBlocked__c",
    "Parent.Key__c",
];

/// Rows as wide as accounts are: some 300 bytes, one field with line breaks, one with quotes.
fn rows() -> Vec<[String; 12]> {
    (0..ROWS)
        .map(|number| {
            [
                format!("S{number:07}"),
                format!("Supplier \"{number}\" of Parts, Ltd"),
                format!("+46 8 {number:07}"),
                format!("https://supplier{number}.example"),
                format!("Industrigatan {number}\nBuilding 7"),
                "Göteborg".to_owned(),
                format!("{:05}", number % 100_000),
                "SE".to_owned(),
                format!("SE{number:010}01"),
                "Delivers on Mondays; asks for a call before each delivery of more than two pallets."
                    .repeat(2),
                "false".to_owned(),
                format!("P{:04}", number % 500),
            ]
        })
        .collect()
}

fn written(rows: &[[String; 12]], mut writer: JobWriter, parents: bool) -> usize {
    for row in rows {
        let cells: [Cell<'_>; 12] = std::array::from_fn(|place| Cell::Text(&row[place]));
        let parent = parents.then_some(row[11].as_str());
        // A refused row would be missing in the figures, so it ends them.
        assert!(writer.push(parent, &cells).is_ok_and(|job| job.is_none()));
    }
    writer.finish().map_or(0, |job| job.csv().len())
}

fn encoding(criterion: &mut Criterion) {
    let rows = rows();
    let Ok(spec) = IngestSpec::new(Operation::Upsert, "Account", &COLUMNS, "Key__c") else { return };
    let writer = || JobWriter::new(spec.clone(), JobLimits::default());
    let mut group = criterion.benchmark_group("bulk_csv");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("csv_alone", |bench| {
        bench.iter(|| {
            let mut writer = csv::Writer::from_writer(Vec::new());
            for row in &rows {
                assert!(writer.write_record(row).is_ok());
            }
            black_box(writer.into_inner().map_or(0, |out| out.len()))
        });
    });
    for (name, parents) in [("job", false), ("job_sorted_by_parent", true)] {
        group.bench_function(name, |bench| {
            bench.iter_batched(
                writer,
                |writer| black_box(written(&rows, writer, parents)),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, encoding);
criterion_main!(benches);
