//! Many Accounts, one in a hundred bad in one of eight ways, written by collections or by Bulk: what
//! became of each row, and whether that is what had to become of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use sfdc_client::bulk::{
    Bulk, Cell, IngestSpec, JobData, JobId, JobLedger, JobLimits, JobWriter, LedgerError, Manifest,
    Operation, Outcome,
};
use sfdc_client::{
    ApiError, Client, Item, Literal, Packer, RecordBody, RecordResult, Select, SfdcError, UpsertKey,
};
use wire::Clock;

/// Names that the org's validation rule refuses have this in them.
pub(crate) const REFUSED: &str = "not like this";
/// Rows that are in memory at a time.
const CHUNK: u32 = 10_000;
const COLUMNS: [&str; 7] = [
    "IFS_Key__c",
    "Name",
    "IFS_Email__c",
    "IFS_Status__c",
    "IFS_Credit_Limit__c",
    "IFS_Created__c",
    "Parent.IFS_Key__c",
];

/// The ways to be bad, and what the org says of each.
const WAYS: [&str; 8] = [
    "REQUIRED_FIELD_MISSING",
    "STRING_TOO_LONG",
    "INVALID_EMAIL_ADDRESS",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    "NUMBER_OUTSIDE_VALID_RANGE",
    "JSON_PARSER_ERROR",
    "INVALID_FIELD",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION",
];

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Packed collections, with a look-up before.
    Collections,
    /// Bulk 2.0.
    Bulk,
}

/// What became of the rows.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// Records made.
    pub(crate) created: usize,
    /// Records that were there.
    pub(crate) found: usize,
    /// Rows refused, by what the org said.
    pub(crate) failed: BTreeMap<String, usize>,
    /// Rows whose outcome is not the one that they had to have.
    pub(crate) wrong: Vec<String>,
}

impl Loaded {
    /// Rows with an outcome.
    pub(crate) fn rows(&self) -> usize {
        self.created + self.failed.values().sum::<usize>()
    }

    fn note(&mut self, row: &Row, outcome: Result<(), &str>) {
        match (outcome, row.bad) {
            (Ok(()), None) => self.created += 1,
            (Err(code), Some(wanted)) if code == wanted => {
                *self.failed.entry(code.to_owned()).or_default() += 1;
            }
            (outcome, wanted) => self.wrong.push(format!("{}: {outcome:?}, not {wanted:?}", row.key)),
        }
    }
}

struct Row {
    key: String,
    /// The cells behind the key, in the order of the columns; no text, no cell.
    cells: [String; 6],
    bad: Option<&'static str>,
}

fn row(number: u32) -> Row {
    let text = |text: &str| text.to_owned();
    let mut row = Row {
        key: format!("S{number:07}"),
        cells: [
            format!("Nordic Paper & Pulp {number} AB"),
            format!("sales{number}@supplier.example"),
            text("Active"),
            format!("{number}.50"),
            text("2025-03-01"),
            String::new(),
        ],
        bad: None,
    };
    if number % 100 == 99 {
        let way = usize::try_from(number / 100).unwrap_or(0) % WAYS.len();
        row.bad = WAYS.get(way).copied();
        let (place, value) = match way {
            0 => (0, String::new()),
            1 => (0, "x".repeat(256)),
            2 => (1, text("sales at supplier")),
            3 => (2, text("Sleeping")),
            4 => (3, text("12345678901234567890.00")),
            5 => (4, text("the first of March")),
            6 => (5, text("nobody")),
            _ => (0, format!("{REFUSED} {number}")),
        };
        if let Some(cell) = row.cells.get_mut(place) {
            *cell = value;
        }
    }
    row
}

/// Writes `rows` rows to the org of `client`.
pub(crate) async fn load(
    client: &Client,
    clock: &Arc<dyn Clock>,
    rows: u32,
    way: Way,
) -> Result<Loaded, SfdcError> {
    match way {
        Way::Collections => by_collections(client, clock, rows).await,
        Way::Bulk => by_bulk(client, clock, rows).await,
    }
}

async fn by_collections(client: &Client, clock: &Arc<dyn Clock>, rows: u32) -> Result<Loaded, SfdcError> {
    let packer = Packer::new(client.clone(), clock.clone(), 4);
    let select = Select::from("Account", ["Id", "IFS_Key__c"])?;
    let mut loaded = Loaded::default();
    for start in (0..rows).step_by(CHUNK as usize) {
        let rows: Vec<Row> = (start..rows.min(start + CHUNK)).map(row).collect();
        let keys: Vec<Literal> = rows.iter().map(|row| Literal::Text(row.key.clone())).collect();
        let found = packer.look_up("example.look_up", &select, "IFS_Key__c", &keys).await?;
        loaded.found += found.records.len();
        let bodies: Vec<RecordBody> = rows.iter().map(body).collect();
        let items: Vec<Item<'_>> =
            rows.iter().zip(&bodies).map(|(row, body)| Item::new(&row.key, body)).collect();
        let key = UpsertKey { object: "Account", field: "IFS_Key__c", case_sensitive: false };
        let results = packer.upsert(&items, key).await?;
        for (row, result) in rows.iter().zip(&results) {
            let outcome = match result {
                Ok(RecordResult::Done { .. }) => Ok(()),
                Ok(RecordResult::Failed(errors)) => Err(code(errors)),
                Ok(RecordResult::Missing) => Err("nobody knows"),
                Err(_) => Err("the call failed"),
            };
            loaded.note(row, outcome);
        }
    }
    Ok(loaded)
}

fn body(row: &Row) -> RecordBody {
    let mut body = RecordBody::new("Account");
    body.text("IFS_Key__c", &row.key);
    for (column, cell) in COLUMNS.iter().skip(1).zip(&row.cells) {
        match (*column, cell.as_str()) {
            (_, "") => {}
            ("IFS_Credit_Limit__c", number) => body.plain(column, number),
            ("Parent.IFS_Key__c", parent) => body.reference("Parent", "IFS_Key__c", parent),
            (column, text) => body.text(column, text),
        }
    }
    body
}

fn code(errors: &[ApiError]) -> &str {
    errors.first().map_or("no error", |error| error.code.as_str())
}

/// Jobs are not taken up again here.
#[derive(Debug)]
struct NoLedger;

#[async_trait]
impl JobLedger for NoLedger {
    async fn opened(&self, _: &JobId, _: &Manifest) -> Result<(), LedgerError> {
        Ok(())
    }

    async fn settled(&self, _: &JobId) -> Result<(), LedgerError> {
        Ok(())
    }

    async fn under_way(&self) -> Result<Vec<JobId>, LedgerError> {
        Ok(Vec::new())
    }
}

async fn by_bulk(client: &Client, clock: &Arc<dyn Clock>, rows: u32) -> Result<Loaded, SfdcError> {
    let bulk = Bulk::new(client.clone(), clock.clone());
    let spec = IngestSpec::new(Operation::Upsert, "Account", &COLUMNS, "IFS_Key__c")?;
    // Small jobs: what is in memory is one of them and its results.
    let mut writer = JobWriter::new(spec, JobLimits::new(8 << 20, 25_000));
    let mut loaded = Loaded::default();
    for number in 0..rows {
        let row = row(number);
        let mut cells = vec![Cell::Text(&row.key)];
        cells.extend(row.cells.iter().map(|cell| match cell.as_str() {
            "" => Cell::Unchanged,
            text => Cell::Text(text),
        }));
        let full = writer.push(None, &cells);
        let full = full.map_err(|error| SfdcError::Unfit {
            operation: "example.row".into(),
            detail: error.to_string(),
        })?;
        if let Some(job) = full {
            send(&bulk, job, &mut loaded).await;
        }
    }
    if let Some(job) = writer.finish() {
        send(&bulk, job, &mut loaded).await;
    }
    Ok(loaded)
}

async fn send(bulk: &Bulk, job: JobData, loaded: &mut Loaded) {
    let report = bulk.ingest(job, &NoLedger).await;
    if let Some(trouble) = &report.trouble {
        loaded.wrong.push(trouble.to_string());
    }
    for (key, outcome) in report.manifest.keys.iter().zip(&report.outcomes) {
        let number = key.strip_prefix('S').and_then(|number| number.parse().ok()).unwrap_or(u32::MAX);
        let outcome = match outcome {
            Outcome::Created(_) | Outcome::Updated(_) => Ok(()),
            Outcome::Failed(failure) => Err(code(&failure.errors)),
            Outcome::Unprocessed => Err("not processed"),
            _ => Err("nobody knows"),
        };
        loaded.note(&row(number), outcome);
    }
}
