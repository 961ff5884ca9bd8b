//! Walks a million rows and shows that memory is bounded by the page:
//! `cargo run --release -p odata-client --example million -- 1000000`.

mod synthetic;

use std::sync::Arc;

use async_trait::async_trait;
use odata_client::{Cell, Columns, Query, Row, Service};
use synthetic::{COLUMNS, page};
use wire::{Clock as _, HttpTransport, Request, Response, SystemClock, TransportError, TransportErrorKind};

/// Serves `total` rows, page by page.
#[derive(Debug)]
struct Synthetic {
    /// How many rows there are in all.
    total: u64,
}

#[async_trait]
impl HttpTransport for Synthetic {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let token = request.uri().query().and_then(|query| query.rsplit_once("skiptoken="));
        let first = token.map_or(Ok(0), |(_, token)| token.parse());
        let first = first.map_err(|_| refused("the skip token is no number"))?;
        http::Response::builder()
            .header("content-type", "application/json;odata.metadata=minimal")
            .body(page(first, self.total))
            .map_err(|_| refused("the answer cannot be built"))
    }
}

fn refused(why: &'static str) -> TransportError {
    TransportError::new(TransportErrorKind::Unreached, "synthetic service", why)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let total = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    println!("{:>9} rows {:>9} peak", "", "");
    for total in [total / 100, total / 10, total] {
        let begun = SystemClock.elapsed();
        let (rows, credit) = walk(total).await?;
        let took = SystemClock.elapsed().saturating_sub(begun).as_secs_f64();
        println!("{rows:>9} rows {:>9} after {took:.1} s, versions add up to {credit}", peak());
    }
    Ok(())
}

/// How many rows there are, and the sum of a number in each: every row is read, none is kept.
async fn walk(total: u64) -> Result<(u64, i64), Box<dyn std::error::Error>> {
    let service = Service::new(Arc::new(Synthetic { total }), "https://synthetic.example/S.svc/".parse()?);
    let columns = Columns::new(COLUMNS);
    let version = columns.names().iter().position(|name| name == "Version").unwrap_or_default();
    let mut reader = columns.reader();
    let (mut rows, mut sum) = (0, 0);
    let mut next = Some(service.page("million", "SupplierSet", &Query::default()).await?);
    while let Some(page) = next {
        let mut row = Row::default();
        for text in page.rows() {
            reader.read(text, &mut row)?;
            sum += row.cell(version).map(Cell::int64).transpose()?.flatten().unwrap_or_default();
            rows += 1;
        }
        next = service.next(&page).await?;
    }
    Ok((rows, sum))
}

/// The most memory that the process has held, as Linux tells it.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.map_or_else(|| "unknown".to_owned(), |peak| peak.trim().to_owned())
}
