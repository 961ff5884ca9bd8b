//! How fast rows are read, from the bytes of a page of 5,000 rows of about 900 bytes, beside a plain
//! parse of the same bytes into a tree: `cargo bench -p odata-client --bench rows`.

#[path = "../examples/million/synthetic.rs"]
mod synthetic;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use jiff::civil::Date;
use odata_client::{Columns, Page, Query, Row, Service};
use rust_decimal::Decimal;
use serde::Deserialize;
use synthetic::{COLUMNS, ROWS, page};
use wire::{Clock as _, HttpTransport, Request, Response, SystemClock, TransportError};

/// Always answers with the same page.
#[derive(Debug)]
struct Fixed(Bytes);

#[async_trait]
impl HttpTransport for Fixed {
    async fn send(&self, _: Request) -> Result<Response, TransportError> {
        let mut response = http::Response::new(self.0.clone());
        let kind = http::HeaderValue::from_static("application/json");
        response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
        Ok(response)
    }
}

/// The road from bytes to a page, as the walk takes it.
struct Road {
    bytes: Bytes,
    service: Service,
    runtime: tokio::runtime::Runtime,
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

impl Road {
    fn new() -> Outcome<Self> {
        let bytes = page(0, ROWS);
        let root = "https://synthetic.example/S.svc/".parse()?;
        let service = Service::new(Arc::new(Fixed(bytes.clone())), root);
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        Ok(Self { bytes, service, runtime })
    }

    fn page(&self) -> Outcome<Page> {
        let query = Query::default();
        let page = self.service.page("bench", "SupplierSet", &query);
        Ok(self.runtime.block_on(page)?)
    }

    /// A plain tree of everything.
    fn tree(&self) -> Outcome<usize> {
        let tree: serde_json::Value = serde_json::from_slice(&self.bytes)?;
        Ok(tree["value"].as_array().map_or(0, Vec::len))
    }

    /// Rows as slices, nothing looked at.
    fn split(&self) -> Outcome<usize> {
        Ok(self.page()?.rows().map(str::len).sum())
    }

    /// Twelve columns of each row, five of them as exact values.
    fn dynamic(&self) -> Outcome<usize> {
        let columns = Columns::new(COLUMNS);
        let mut reader = columns.reader();
        let page = self.page()?;
        let mut row = Row::default();
        let mut found = 0;
        for text in page.rows() {
            reader.read(text, &mut row)?;
            found += values(&row).ok_or("a value is missing")?;
        }
        Ok(found)
    }

    /// A struct for each row, by serde.
    fn typed(&self) -> Outcome<usize> {
        let page = self.page()?;
        let mut found = 0;
        for text in page.rows() {
            found += serde_json::from_str::<Supplier<'_>>(text)?.size();
        }
        Ok(found)
    }
}

fn values(row: &Row<'_>) -> Option<usize> {
    let name = row.cell(1)?.text().ok()??.len();
    let date = row.cell(5)?.date().ok()??.year();
    let modified = row.cell(6)?.timestamp().ok()??.as_second();
    let limit = row.cell(7)?.decimal().ok()??.scale();
    let version = row.cell(8)?.int64().ok()??;
    Some(
        name + usize::from(date > 0) + usize::from(modified > 0) + usize::from(version >= 0) + limit as usize,
    )
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Supplier<'a> {
    #[serde(rename = "SupplierId")]
    id: &'a str,
    #[serde(borrow)]
    name: std::borrow::Cow<'a, str>,
    association_no: &'a str,
    country: &'a str,
    default_language: &'a str,
    creation_date: Date,
    modified: Timestamp,
    #[serde(borrow)]
    credit_limit: &'a serde_json::value::RawValue,
    version: i64,
    one_time: bool,
    objstate: Option<&'a str>,
    #[serde(borrow)]
    note: std::borrow::Cow<'a, str>,
}

impl Supplier<'_> {
    fn size(&self) -> usize {
        let limit: Decimal = self.credit_limit.get().parse().unwrap_or_default();
        let texts =
            [self.id, self.association_no, self.country, self.default_language, &self.name, &self.note];
        let text: usize = texts.iter().map(|text| text.len()).sum();
        let flags =
            [self.one_time, self.objstate.is_some(), self.creation_date.year() > 0, self.version >= 0];
        text + flags.iter().filter(|flag| **flag).count()
            + usize::from(self.modified.as_second() > 0)
            + limit.scale() as usize
    }
}

type Way = fn(&Road) -> Outcome<usize>;

const WAYS: [(&str, Way); 4] = [
    ("tree of serde_json", Road::tree),
    ("split", Road::split),
    ("dynamic", Road::dynamic),
    ("typed", Road::typed),
];

fn rows(criterion: &mut Criterion) {
    if let Err(error) = Road::new().and_then(|road| measured(criterion, &road)) {
        eprintln!("nothing was measured: {error}");
        std::process::exit(1);
    }
}

fn measured(criterion: &mut Criterion, road: &Road) -> Outcome<()> {
    let mut group = criterion.benchmark_group("rows");
    group.throughput(Throughput::Elements(ROWS)).sample_size(20).measurement_time(Duration::from_secs(4));
    for (name, way) in WAYS {
        way(road)?;
        group.bench_function(name, |bencher| bencher.iter(|| way(road)));
    }
    group.finish();
    ratios(road)
}

/// The ways in turn, so that a noisy machine slows all of them alike, and the best time of each.
fn ratios(road: &Road) -> Outcome<()> {
    let mut best = [Duration::MAX; WAYS.len()];
    for _ in 0..15 {
        for ((_, way), best) in WAYS.iter().zip(&mut best) {
            let begun = SystemClock.elapsed();
            std::hint::black_box(way(road)?);
            *best = (*best).min(SystemClock.elapsed().saturating_sub(begun));
        }
    }
    println!("{} rows of {} bytes each", ROWS, road.bytes.len() as u64 / ROWS);
    let plain = best[0].as_secs_f64();
    for ((name, _), best) in WAYS.iter().zip(best) {
        let seconds = best.as_secs_f64();
        println!("{name:>20}: {:>9.0} rows/s, {:>5.2} x the tree", 5_000.0 / seconds, plain / seconds);
    }
    Ok(())
}

criterion_group!(benches, rows);
criterion_main!(benches);
