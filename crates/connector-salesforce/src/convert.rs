//! Values on their way to Salesforce and back.

use jiff::Timestamp;
use jiff::civil::Date;
use mapping::{FieldName, Value, canonical};
use rust_decimal::Decimal;
use sfdc_client::{RecordBody, Scalar, stamp};
use sync_engine::{Fault, FaultClass};

use crate::faults::plain;
use crate::org::Aliases;
use crate::schema::{Kind, Object};

/// How the values of one object are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pen<'a> {
    pub(crate) object: &'a Object,
    /// Parents that were merged away: they are named by the id of the winner.
    pub(crate) aliases: &'a Aliases,
}

impl Pen<'_> {
    /// A record with these values, without its external id.
    pub(crate) fn body<'f>(
        self,
        fields: impl IntoIterator<Item = (&'f FieldName, &'f Value)>,
    ) -> Result<RecordBody, Fault> {
        let mut body = RecordBody::new(self.object.name());
        for (name, value) in fields {
            if !name.as_str().eq_ignore_ascii_case(self.object.external_id()) {
                self.put(&mut body, name.as_str(), value)?;
            }
        }
        Ok(body)
    }

    pub(crate) fn put(self, body: &mut RecordBody, name: &str, value: &Value) -> Result<(), Fault> {
        match value {
            Value::Null => body.plain(name, "null"),
            Value::Bool(truth) => body.plain(name, truth),
            Value::Decimal(number) => body.plain(name, number),
            Value::Text(text) => body.text(name, text),
            Value::Date(date) => body.text(name, &date.to_string()),
            Value::Timestamp(instant) => body.text(name, &stamp::written(*instant)),
            Value::Reference(parent) => {
                let place = (parent.entity.to_string(), parent.id.as_str().to_lowercase());
                if let Some(winner) = self.aliases.get(&place) {
                    body.text(name, winner);
                } else {
                    let relationship = self.object.relationship(name);
                    body.reference(&relationship, parent.field.as_str(), parent.id.as_str());
                }
            }
            Value::List(_) => {
                let message = format!(
                    "{name} holds child records, which a record of {} cannot carry",
                    self.object.name()
                );
                return Err(plain(FaultClass::Protocol, "CHILD_RECORDS", &message));
            }
        }
        Ok(())
    }
}

/// A value as it was read, in canonical form. What does not fit its kind is kept as text, so that it
/// is seen as different rather than lost.
pub(crate) fn value(scalar: Scalar<'_>, kind: Kind) -> Value {
    let value = match (scalar, kind) {
        (Scalar::Null, _) => Value::Null,
        (Scalar::Bool(truth), _) => Value::Bool(truth),
        (Scalar::Number(text), Kind::Text | Kind::Reference) => Value::text(text),
        (Scalar::Number(text), _) => number(text).map_or_else(|| Value::text(text), Value::Decimal),
        (Scalar::Text(text), Kind::Date) => match text.parse::<Date>() {
            Ok(date) => Value::Date(date),
            Err(_) => Value::Text(text.into_owned()),
        },
        (Scalar::Text(text), Kind::DateTime) => {
            instant(&text).map_or_else(|| Value::text(&*text), Value::Timestamp)
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
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    stamp::read(text)
}

#[cfg(test)]
mod tests {
    use mapping::{Entity, ExternalId, FieldName, Reference};

    use super::*;
    use crate::scripted_org::object;

    #[test]
    fn drafts_become_exact_json() {
        let parent = |id: &str| {
            Value::from(Reference {
                entity: Entity::from("Account"),
                field: FieldName::from("IFS_Key__c"),
                id: ExternalId::from(id),
            })
        };
        let fields = [
            ("IFS_Key__c", Value::text("S2")),
            ("Name", Value::text("O'Neil \"x\"")),
            ("IFS_Credit_Limit__c", Value::Decimal("123456789012345678.10".parse().expect("a number"))),
            ("IFS_Created__c", Value::Date(jiff::civil::date(2026, 1, 2))),
            ("Seen__c", Value::Timestamp("2026-01-02T03:04:05.678Z".parse().expect("a stamp"))),
            ("Fax", Value::Null),
            ("ParentId", parent("S1")),
            ("Payer__c", parent("Old")),
        ];
        let fields: Vec<_> = fields.into_iter().map(|(name, value)| (FieldName::from(name), value)).collect();
        let mut expected = RecordBody::new("Account");
        expected.text("Name", "O'Neil \"x\"");
        expected.plain("IFS_Credit_Limit__c", "123456789012345678.10");
        expected.text("IFS_Created__c", "2026-01-02");
        expected.text("Seen__c", "2026-01-02T03:04:05.678Z");
        expected.plain("Fax", "null");
        expected.reference("Parent", "IFS_Key__c", "S1");
        expected.text("Payer__c", "001winner");
        let aliases = [(("Account".to_owned(), "old".to_owned()), "001winner".to_owned())].into();
        let pen = Pen { object: &object(), aliases: &aliases };
        assert_eq!(pen.body(fields.iter().map(|(name, value)| (name, value))), Ok(expected));
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
