//! Products: what the lines of orders point to.
//!
//! An order product needs a product, whatever the order is about. Either all lines share one
//! ("generic line product"), or each part of IFS is a product of its own; the configuration decides.

use std::collections::BTreeMap;

use mapping::{FieldName, Record, Value};
use serde::Deserialize;
use sfdc_client::{Item, Literal, RecordBody, RecordResult, Row, Select, SfdcError, UpsertKey};
use sync_engine::{Fault, FaultClass};

use crate::ObjectSettings;
use crate::faults::{of_call, of_record, plain, with_hint};
use crate::org::Org;

/// The object's API name.
pub const ENTITY: &str = "Product2";
/// The field of a line that may name its product itself.
pub(crate) const PRODUCT_ID: &str = "Product2Id";
/// Longest name of a product.
const LONGEST: usize = 255;

/// Products as the shipped mappings write them.
pub fn settings() -> ObjectSettings {
    ObjectSettings::shipped(ENTITY)
}

/// Which products the lines of orders have.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ProductStrategy {
    /// One product for all lines.
    LineProduct {
        /// Its external id.
        #[serde(default = "line_key")]
        key: String,
        /// Its name.
        #[serde(default = "line_name")]
        name: String,
    },
    /// Each part is a product, which is made where it is missing.
    Parts {
        /// The field of the line that has the part's number.
        field: String,
    },
}

fn line_key() -> String {
    "ML-CONNECTOR-LINE".to_owned()
}

fn line_name() -> String {
    "Purchase order line".to_owned()
}

impl Default for ProductStrategy {
    fn default() -> Self {
        Self::LineProduct { key: line_key(), name: line_name() }
    }
}

/// A product that a line needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wanted {
    /// Its external id.
    pub(crate) key: String,
    /// What it is called where it has to be made.
    pub(crate) name: String,
}

impl ProductStrategy {
    /// The product of a line.
    pub(crate) fn of(&self, line: &Record) -> Result<Wanted, Fault> {
        if let Some(Value::Reference(product)) = line.fields.get(PRODUCT_ID) {
            let key = product.id.to_string();
            return Ok(Wanted { name: named(line, &key), key });
        }
        match self {
            Self::LineProduct { key, name } => Ok(Wanted { key: key.clone(), name: name.clone() }),
            Self::Parts { field } => {
                let part = line.fields.get(field).and_then(Value::as_text);
                let part = part.ok_or_else(|| no_part(line, field))?;
                Ok(Wanted { key: part.to_owned(), name: named(line, part) })
            }
        }
    }

    /// Whether another value of this field makes it another product.
    pub(crate) fn decides(&self, field: &FieldName) -> bool {
        match self {
            _ if field.as_str() == PRODUCT_ID => true,
            Self::LineProduct { .. } => false,
            Self::Parts { field: part } => part == field.as_str(),
        }
    }
}

fn no_part(line: &Record, field: &str) -> Fault {
    let message = format!("line {} has no part number in {field}", line.key);
    let hint = "fill the part in IFS, or give lines without one a default in the mapping, or set \
                products = { line_product = {} } in [salesforce.orders]";
    let fault = with_hint(plain(FaultClass::Data, "NO_PART", &message), hint);
    Fault { fields: vec![FieldName::from(field)], ..fault }
}

/// What a part is called: as the line describes it, else by its number.
fn named(line: &Record, part: &str) -> String {
    let described = line.fields.get("Description").and_then(Value::as_text).unwrap_or(part);
    described.chars().take(LONGEST).collect()
}

impl Org {
    /// The ids of products by external id; missing ones are made. A product that cannot be made has
    /// its fault.
    pub(crate) async fn products(
        &self,
        wanted: &[Wanted],
    ) -> Result<BTreeMap<String, Result<String, Fault>>, SfdcError> {
        let mut known = self.books.products.lock().await;
        let cached = |product: &Wanted| Some((product.key.clone(), Ok(known.get(&product.key)?.clone())));
        let mut all: BTreeMap<String, Result<String, Fault>> = wanted.iter().filter_map(cached).collect();
        let wanted: Vec<&Wanted> = wanted.iter().filter(|product| !all.contains_key(&product.key)).collect();
        if wanted.is_empty() {
            return Ok(all);
        }
        let Some(settings) = self.objects.of_object(ENTITY) else { return Ok(all) };
        let field = settings.external_id.as_str();
        let keys: Vec<Literal> = wanted.iter().map(|product| Literal::Text(product.key.clone())).collect();
        let columns = ["Id", field];
        let select = Select::from(ENTITY, columns)?;
        let found = self.packer.look_up("salesforce.products", &select, field, &keys).await?;
        for record in &found.records {
            let row = Row::read(record, &columns)?;
            if let (Some(id), Some(key)) = (row.text(0)?, row.text(1)?) {
                all.insert(key.into_owned(), Ok(id.into_owned()));
            }
        }
        let missing: Vec<&Wanted> =
            wanted.iter().copied().filter(|product| !all.contains_key(&product.key)).collect();
        all.extend(self.make_products(field, &missing).await?);
        let found = all.iter().filter_map(|(key, id)| Some((key.clone(), id.clone().ok()?)));
        known.extend(found);
        Ok(all)
    }

    async fn make_products(
        &self,
        field: &str,
        missing: &[&Wanted],
    ) -> Result<Vec<(String, Result<String, Fault>)>, SfdcError> {
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        let body = |product: &&Wanted| {
            let mut body = RecordBody::new(ENTITY);
            body.text(field, &product.key);
            body.text("Name", &product.name);
            body.text("ProductCode", &product.key);
            body.plain("IsActive", true);
            body
        };
        let bodies: Vec<RecordBody> = missing.iter().map(body).collect();
        let items: Vec<Item<'_>> =
            missing.iter().zip(&bodies).map(|(product, body)| Item::new(&product.key, body)).collect();
        let key = UpsertKey { object: ENTITY, field, case_sensitive: true };
        let results = self.packer.upsert(&items, key).await?;
        let made = missing.iter().zip(results).map(|(product, result)| {
            let id = match result {
                Ok(RecordResult::Done { id, .. }) => Ok(id),
                Ok(RecordResult::Failed(errors)) => Err(of_record(&errors)),
                Ok(RecordResult::Missing) => Err(plain(
                    FaultClass::Transient,
                    "NO_RESULT",
                    "nobody knows whether the product was made",
                )),
                Err(error) => Err(of_call(&error)),
            };
            (product.key.clone(), id)
        });
        Ok(made.collect())
    }
}
