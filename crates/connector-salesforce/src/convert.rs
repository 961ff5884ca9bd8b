//! Values on their way to Salesforce and back.

use jiff::Timestamp;
use jiff::civil::Date;
use mapping::{Draft, Value, canonical};
use rust_decimal::Decimal;
use sfdc_client::{RecordBody, Scalar};
use sync_engine::{Fault, FaultClass};

use crate::faults::plain;
use crate::schema::Kind;

/// A stamp as Salesforce writes it: `2026-01-02T03:04:05.000+0000`.
const STAMP: &str = "%Y-%m-%dT%H:%M:%S%.f%z";

/// The JSON of a draft, with its external id.
pub(crate) fn body(draft: &Draft, external_id: &str) -> Result<RecordBody, Fault> {
    let mut body = RecordBody::new(draft.entity.as_str());
    body.text(external_id, draft.id.as_str());
    for (name, value) in draft.fields.iter() {
        let name = name.as_str();
        if name.eq_ignore_ascii_case(external_id) {
            continue;
        }
        match value {
            Value::Null => body.plain(name, "null"),
            Value::Bool(truth) => body.plain(name, truth),
            Value::Decimal(number) => body.plain(name, number),
            Value::Text(text) => body.text(name, text),
            Value::Date(date) => body.text(name, &date.to_string()),
            Value::Timestamp(instant) => {
                body.text(name, &instant.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
            }
            Value::Reference(reference) => {
                body.reference(&relationship(name), reference.field.as_str(), reference.id.as_str());
            }
            Value::List(_) => {
                let message =
                    format!("{name} holds child records, which an upsert of single rows cannot carry");
                return Err(plain(FaultClass::Protocol, "CHILD_RECORDS", &message));
            }
        }
    }
    Ok(body)
}

/// The name of the relationship behind a reference field: `ParentId` → `Parent`, `X__c` → `X__r`.
fn relationship(field: &str) -> String {
    match field.strip_suffix("__c") {
        Some(custom) => format!("{custom}__r"),
        None => field.strip_suffix("Id").unwrap_or(field).to_owned(),
    }
}

/// A value as it was read, in canonical form. What does not fit its kind is kept as text, so that it
/// is seen as different rather than lost.
pub(crate) fn value(scalar: Scalar<'_>, kind: Kind) -> Value {
    let value = match (scalar, kind) {
        (Scalar::Null, _) => Value::Null,
        (Scalar::Bool(truth), _) => Value::Bool(truth),
        (Scalar::Number(text), Kind::Text) => Value::text(text),
        (Scalar::Number(text), _) => number(text).map_or_else(|| Value::text(text), Value::Decimal),
        (Scalar::Text(text), Kind::Date) => match text.parse::<Date>() {
            Ok(date) => Value::Date(date),
            Err(_) => Value::Text(text.into_owned()),
        },
        (Scalar::Text(text), Kind::DateTime) => {
            stamp(&text).map_or_else(|| Value::text(&*text), Value::Timestamp)
        }
        (Scalar::Text(text), _) => Value::Text(text.into_owned()),
    };
    canonical::canonical(value).0
}

/// A number, exact; Salesforce may write `1.0E7`.
fn number(text: &str) -> Option<Decimal> {
    Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).ok()
}

/// A stamp of Salesforce.
pub(crate) fn stamp(text: &str) -> Option<Timestamp> {
    jiff::fmt::strtime::parse(STAMP, text)
        .and_then(|parsed| parsed.to_timestamp())
        .ok()
        .or_else(|| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use mapping::{Entity, ExternalId, FieldName, Reference};

    use super::*;

    #[test]
    fn drafts_become_exact_json() {
        let fields = [
            ("Name", Value::text("O'Neil \"x\"")),
            ("IFS_Credit_Limit__c", Value::Decimal("123456789012345678.10".parse().expect("a number"))),
            ("IFS_Created__c", Value::Date(jiff::civil::date(2026, 1, 2))),
            ("Seen__c", Value::Timestamp("2026-01-02T03:04:05.678Z".parse().expect("a stamp"))),
            ("Fax", Value::Null),
            (
                "ParentId",
                Value::Reference(Reference {
                    entity: Entity::from("Account"),
                    field: FieldName::from("IFS_Key__c"),
                    id: ExternalId::from("S1"),
                }),
            ),
        ];
        let fields = fields.into_iter().map(|(name, value)| (FieldName::from(name), value)).collect();
        let draft = Draft { entity: Entity::from("Account"), id: ExternalId::from("S2"), fields };
        let mut expected = RecordBody::new("Account");
        expected.text("IFS_Key__c", "S2");
        expected.text("Name", "O'Neil \"x\"");
        expected.plain("IFS_Credit_Limit__c", "123456789012345678.10");
        expected.text("IFS_Created__c", "2026-01-02");
        expected.text("Seen__c", "2026-01-02T03:04:05.678Z");
        expected.plain("Fax", "null");
        expected.reference("Parent", "IFS_Key__c", "S1");
        assert_eq!(body(&draft, "IFS_Key__c"), Ok(expected));
    }

    #[test]
    fn what_is_read_equals_what_was_written() {
        let date = Value::Date(jiff::civil::date(2026, 1, 2));
        assert_eq!(value(Scalar::Text("2026-01-02".into()), Kind::Date), date);
        assert_eq!(value(Scalar::Text("2026-01-02".into()), Kind::Text), Value::text("2026-01-02"));
        let instant = Value::Timestamp("2026-01-02T03:04:05Z".parse().expect("a stamp"));
        assert_eq!(value(Scalar::Text("2026-01-02T04:04:05.000+0100".into()), Kind::DateTime), instant);
        assert_eq!(
            value(Scalar::Number("12.50"), Kind::Number),
            Value::Decimal("12.5".parse().expect("a number"))
        );
        assert_eq!(value(Scalar::Number("1.0E7"), Kind::Number), Value::Decimal(10_000_000.into()));
        assert_eq!(value(Scalar::Text("  a\r\nb ".into()), Kind::Text), Value::text("a\nb"));
        assert_eq!(value(Scalar::Text(String::new().into()), Kind::Text), Value::Null);
    }
}
