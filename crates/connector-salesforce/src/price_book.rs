//! Price books: where the products of orders get their prices from.
//!
//! Every order has a price book, and every order product an entry of it. The standard one is found by
//! `IsStandard`, never by its name; entries are made where they are missing, at a price of zero: the
//! price of a line is the line's own. Both are kept as long as the sink lives.

use std::collections::{BTreeMap, BTreeSet};

use futures::lock::Mutex;
use sfdc_client::{
    Creation, Item, Literal, Operator, RecordBody, RecordResult, Row, Select, SfdcError, Together,
};
use sync_engine::{Fault, FaultClass};
use wire::{Call, Effect};

use crate::faults::{of_record, plain, with_hint};
use crate::org::Org;

/// The object's API name.
pub const ENTITY: &str = "Pricebook2";
/// The API name of its entries.
pub const ENTRY: &str = "PricebookEntry";
/// Records of one call.
const MOST: usize = 200;

/// What is known about price books.
#[derive(Debug, Default)]
pub(crate) struct Books {
    standard: Mutex<Option<String>>,
    entries: Mutex<BTreeMap<Priced, String>>,
    /// Products by external id.
    pub(crate) products: Mutex<BTreeMap<String, String>>,
}

/// What an entry is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Priced {
    /// The price book.
    pub(crate) book: String,
    /// The currency, in orgs with several.
    pub(crate) currency: Option<String>,
    /// The product's id.
    pub(crate) product: String,
}

/// The ids of entries, or why there is none.
pub(crate) type Entries = BTreeMap<Priced, Result<String, Fault>>;

impl Org {
    /// The id of the standard price book.
    pub(crate) async fn standard_book(&self) -> Result<Result<String, Fault>, SfdcError> {
        let mut known = self.books.standard.lock().await;
        if let Some(book) = &*known {
            return Ok(Ok(book.clone()));
        }
        let columns = ["Id", "IsActive"];
        let select =
            Select::from(ENTITY, columns)?.where_is("IsStandard", Operator::Equal, &Literal::Bool(true))?;
        let call = Call::new("salesforce.standard_price_book", Effect::Read);
        let found = self.client().query(call, &select).await?;
        let Some(record) = found.records.first() else {
            return Ok(Err(closed("the org has no standard price book that the integration user may see")));
        };
        let row = Row::read(record, &columns)?;
        if row.scalar(1)? != sfdc_client::Scalar::Bool(true) {
            return Ok(Err(closed("the standard price book is not active")));
        }
        let id = row.text(0)?.unwrap_or_default().into_owned();
        *known = Some(id.clone());
        Ok(Ok(id))
    }

    /// The entries of products, made where they are missing.
    pub(crate) async fn entries(
        &self,
        wanted: &BTreeSet<Priced>,
        standard: &str,
    ) -> Result<Entries, SfdcError> {
        let mut known = self.books.entries.lock().await;
        let fresh: Vec<&Priced> = wanted.iter().filter(|priced| !known.contains_key(priced)).collect();
        let mut failed = BTreeMap::new();
        if !fresh.is_empty() {
            // A price book of its own has prices only where the standard one has.
            let mut needed: BTreeSet<Priced> = fresh.iter().map(|priced| (*priced).clone()).collect();
            needed
                .extend(fresh.iter().map(|priced| Priced { book: standard.to_owned(), ..(*priced).clone() }));
            known.extend(self.read_entries(&needed).await?);
            let missing = |first: bool| -> Vec<Priced> {
                let absent = needed.iter().filter(|priced| (priced.book == standard) == first);
                absent.cloned().collect()
            };
            for first in [true, false] {
                let missing: Vec<Priced> =
                    missing(first).into_iter().filter(|priced| !known.contains_key(priced)).collect();
                for (priced, made) in self.make_entries(&missing).await? {
                    match made {
                        Ok(id) => drop(known.insert(priced, id)),
                        Err(fault) => drop(failed.insert(priced, fault)),
                    }
                }
            }
        }
        let entry = |priced: &Priced| {
            let id = known.get(priced).cloned().ok_or_else(|| {
                failed.remove(priced).unwrap_or_else(|| {
                    plain(
                        FaultClass::Dependency,
                        "NO_PRICE_BOOK_ENTRY",
                        "the product has no price book entry",
                    )
                })
            });
            (priced.clone(), id)
        };
        Ok(wanted.iter().map(entry).collect())
    }

    async fn read_entries(&self, needed: &BTreeSet<Priced>) -> Result<Vec<(Priced, String)>, SfdcError> {
        let mut columns = vec!["Id", "Pricebook2Id", "Product2Id"];
        if needed.iter().any(|priced| priced.currency.is_some()) {
            columns.push("CurrencyIsoCode");
        }
        let products: BTreeSet<&str> = needed.iter().map(|priced| priced.product.as_str()).collect();
        let products: Vec<Literal> = products.into_iter().map(|id| Literal::Text(id.to_owned())).collect();
        let select = Select::from(ENTRY, columns.iter().copied())?;
        let read = self.packer.look_up("salesforce.price_book_entries", &select, "Product2Id", &products);
        let mut entries = Vec::new();
        for record in &read.await?.records {
            let row = Row::read(record, &columns)?;
            let text = |place| Ok::<_, SfdcError>(row.text(place)?.unwrap_or_default().into_owned());
            let currency = (columns.len() > 3).then(|| text(3)).transpose()?;
            entries.push((Priced { book: text(1)?, currency, product: text(2)? }, text(0)?));
        }
        Ok(entries)
    }

    async fn make_entries(
        &self,
        missing: &[Priced],
    ) -> Result<Vec<(Priced, Result<String, Fault>)>, SfdcError> {
        let mut made = Vec::with_capacity(missing.len());
        for chunk in missing.chunks(MOST) {
            let body = |priced: &Priced| {
                let mut body = RecordBody::new(ENTRY);
                body.text("Pricebook2Id", &priced.book);
                body.text("Product2Id", &priced.product);
                body.plain("UnitPrice", 0);
                body.plain("IsActive", true);
                if let Some(currency) = &priced.currency {
                    body.text("CurrencyIsoCode", currency);
                }
                body
            };
            let bodies: Vec<RecordBody> = chunk.iter().map(body).collect();
            let names: Vec<String> =
                chunk.iter().map(|priced| format!("{} {}", priced.book, priced.product)).collect();
            let items: Vec<Item<'_>> =
                names.iter().zip(&bodies).map(|(name, body)| Item::new(name, body)).collect();
            // There is one entry for each product, book and currency.
            let results = self.client().create_all(&items, Together::Each, Creation::Unique).await?;
            made.extend(chunk.iter().cloned().zip(results.into_iter().map(entry)));
        }
        Ok(made)
    }
}

fn entry(result: RecordResult) -> Result<String, Fault> {
    match result {
        RecordResult::Done { id, .. } => Ok(id),
        RecordResult::Failed(errors) => Err(of_record(&errors)),
        RecordResult::Missing => Err(plain(
            FaultClass::Transient,
            "NO_RESULT",
            "nobody knows whether the price book entry was made",
        )),
    }
}

fn closed(message: &str) -> Fault {
    let hint = "activate the standard price book in Salesforce, and let the integration user see it: \
                `ml-connector salesforce setup` does both";
    with_hint(plain(FaultClass::Access, "PRICE_BOOK_CLOSED", message), hint)
}
