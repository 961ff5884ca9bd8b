//! Mappers and transports with one mistake.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use http::HeaderValue;
use http::header::{IF_MATCH, IF_UNMODIFIED_SINCE};
use mapping::{Change, Draft, FieldName, Key, MapError, Mapped, Mapper, Record, Value};
use wire::{Call, Effect, HttpTransport, Request, Response, TransportError};

use super::variant::Variant;

/// Where the products of an order stand in a draft.
const ITEMS: &str = "OrderItems";

/// The mapper, perhaps broken.
pub fn mapper(variant: Variant, inner: Arc<dyn Mapper>) -> Arc<dyn Mapper> {
    let broken = [
        Variant::LastLineLost,
        Variant::LinesStay,
        Variant::CountsWithdrawn,
        Variant::WritesForeign,
        Variant::OldSupplier,
    ];
    if variant == Variant::StaleMapper {
        Arc::new(FirstAnswer { inner, given: Mutex::default() })
    } else if broken.contains(&variant) {
        Arc::new(Bent { variant, inner, seen: Mutex::default() })
    } else {
        inner
    }
}

/// A mapper that makes one mistake.
#[derive(Debug)]
struct Bent {
    variant: Variant,
    inner: Arc<dyn Mapper>,
    /// What drafts of a record had before: products by their keys, and the supplier.
    seen: Mutex<BTreeMap<Key, BTreeMap<String, Value>>>,
}

impl Bent {
    fn bend(&self, key: &Key, draft: &mut Draft) {
        match self.variant {
            Variant::LastLineLost => {
                if let Some(Value::List(lines)) = draft.fields.get(ITEMS) {
                    let kept = lines.iter().take(lines.len().saturating_sub(1)).cloned().collect();
                    draft.fields.set(ITEMS, Value::List(kept));
                }
            }
            Variant::LinesStay => self.keep_lines(key, draft),
            Variant::WritesForeign if draft.entity.as_str() == "CustomerSet" => {
                draft.fields.set("DefaultLanguage", Value::text("en"));
            }
            Variant::OldSupplier => {
                let Some(account) = draft.fields.get("AccountId").cloned() else { return };
                let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                let first = seen.entry(key.clone()).or_default().entry("AccountId".into()).or_insert(account);
                draft.fields.set("AccountId", first.clone());
            }
            _ => {}
        }
    }

    fn keep_lines(&self, key: &Key, draft: &mut Draft) {
        let Some(Value::List(lines)) = draft.fields.get(ITEMS) else { return };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let known = seen.entry(key.clone()).or_default();
        known.extend(lines.iter().map(|line| (line.key.to_string(), Value::List(vec![line.clone()]))));
        let all = known.values().filter_map(|line| match line {
            Value::List(line) => line.first().cloned(),
            _ => None,
        });
        draft.fields.set(ITEMS, Value::List(all.collect()));
    }
}

impl Mapper for Bent {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn map(&self, change: &Change) -> Result<Mapped, MapError> {
        let mut change = change.clone();
        if let (Variant::CountsWithdrawn, Change::Put(record)) = (self.variant, &mut change) {
            withdraw_nothing(record);
        }
        let mut mapped = self.inner.map(&change)?;
        mapped.drafts.iter_mut().for_each(|draft| self.bend(change.key(), draft));
        Ok(mapped)
    }
}

fn withdraw_nothing(record: &mut Record) {
    let Some(Value::List(invoices)) = record.fields.get("Invoices") else { return };
    let mut invoices = invoices.clone();
    for invoice in &mut invoices {
        invoice.fields.set(FieldName::from("Objstate"), Value::text("Posted"));
    }
    record.fields.set("Invoices", Value::List(invoices));
}

/// The transport, perhaps broken.
pub fn transport(variant: Variant, inner: Arc<dyn HttpTransport>) -> Arc<dyn HttpTransport> {
    match variant {
        Variant::BlindRetry => Arc::new(Careless(inner)),
        Variant::AnyVersion | Variant::NoCondition => Arc::new(Unconditional { variant, inner }),
        _ => inner,
    }
}

/// Conditions of requests get lost on their way.
#[derive(Debug)]
struct Unconditional {
    variant: Variant,
    inner: Arc<dyn HttpTransport>,
}

#[async_trait]
impl HttpTransport for Unconditional {
    async fn send(&self, mut request: Request) -> Result<Response, TransportError> {
        let headers = request.headers_mut();
        let conditional = headers.remove(IF_MATCH).is_some() | headers.remove(IF_UNMODIFIED_SINCE).is_some();
        if conditional && self.variant == Variant::AnyVersion {
            headers.insert(IF_MATCH, HeaderValue::from_static("*"));
        }
        self.inner.send(request).await
    }
}

/// Gives the answer it gave the first time.
#[derive(Debug)]
struct FirstAnswer {
    inner: Arc<dyn Mapper>,
    given: Mutex<BTreeMap<Key, Result<Mapped, MapError>>>,
}

impl Mapper for FirstAnswer {
    fn name(&self) -> &str {
        self.inner.name()
    }
    fn map(&self, change: &Change) -> Result<Mapped, MapError> {
        self.given
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(change.key().clone())
            .or_insert_with(|| self.inner.map(change))
            .clone()
    }
}

/// Says of every write that a second landing does no harm.
#[derive(Debug)]
struct Careless(Arc<dyn HttpTransport>);

#[async_trait]
impl HttpTransport for Careless {
    async fn send(&self, mut request: Request) -> Result<Response, TransportError> {
        if let Some(call) = request.extensions_mut().get_mut::<Call>()
            && call.effect == Effect::Append
        {
            call.effect = Effect::Put;
        }
        self.0.send(request).await
    }
}
