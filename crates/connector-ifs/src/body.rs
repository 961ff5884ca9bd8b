//! What a record is sent as: each value typed by the kind of its field.

use mapping::{FieldName, Fields, Value};
use odata_client::Body;
use sync_engine::{Fault, FaultClass};

use crate::field::FieldKind;
use crate::time_zone::TimeZonePolicy;
use crate::writable::WriteSettings;

/// The fields that an update sends, nulls included.
pub(crate) fn changed<'a>(
    settings: &WriteSettings,
    changes: impl Iterator<Item = (&'a FieldName, &'a Value)>,
) -> Result<Body, Fault> {
    let mut body = Body::new();
    for (name, value) in changes {
        body = put(settings, body, name.as_str(), value)?;
    }
    Ok(body)
}

/// The fields that a new record is made of: its key or its carrier, what the draft has, and what it
/// must have. What is null is left out: the server has its own defaults.
pub(crate) fn whole(
    settings: &WriteSettings,
    identity: &[(String, odata_client::Literal)],
    fields: &Fields,
) -> Result<Body, Fault> {
    let mut body = Body::new();
    for (name, literal) in identity {
        body = match literal {
            odata_client::Literal::Decimal(number) => body.set(name, *number),
            odata_client::Literal::Guid(text) | odata_client::Literal::Text(text) => {
                body.set(name, text.as_str())
            }
            other => body.set(name, other.to_string()),
        };
    }
    let named = |name: &str| identity.iter().any(|(known, _)| known == name);
    let given = |name: &str| fields.get(name).is_some_and(|value| !is_empty(value));
    for (name, value) in fields.iter().filter(|(name, value)| !named(name.as_str()) && !is_empty(value)) {
        body = put(settings, body, name.as_str(), value)?;
    }
    for (name, value) in settings.create() {
        if !named(name) && !given(name) {
            body = put(settings, body, name, value)?;
        }
    }
    Ok(body)
}

/// Oracle keeps no empty text: it is null there.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) => text.trim().is_empty(),
        _ => false,
    }
}

fn put(settings: &WriteSettings, body: Body, name: &str, value: &Value) -> Result<Body, Fault> {
    let kind = settings.kind(name).ok_or_else(|| unknown(settings, name))?;
    if is_empty(value) {
        return Ok(body.null(name));
    }
    Ok(match (kind, value) {
        (FieldKind::Text | FieldKind::Enum, Value::Text(text)) => body.set(name, text.as_str()),
        (FieldKind::Decimal, Value::Decimal(number)) => body.set(name, number.normalize()),
        (FieldKind::Boolean, Value::Bool(flag)) => body.set(name, *flag),
        (FieldKind::Date, Value::Date(date)) => body.set(name, *date),
        (FieldKind::Timestamp, Value::Timestamp(at)) => {
            body.set(name, zoned(*at, &settings.entity().time_zone))
        }
        _ => return Err(unfit(name, kind, value)),
    })
}

/// An instant as the source's own time: whole seconds are what IFS keeps.
fn zoned(at: jiff::Timestamp, zone: &TimeZonePolicy) -> jiff::Timestamp {
    crate::reader::floor_second(zone.to_source(at))
}

fn data(code: &str, message: String, field: &str, hint: String) -> Fault {
    Fault {
        class: FaultClass::Data,
        code: code.into(),
        message,
        fields: vec![FieldName::from(field)],
        hint: Some(hint),
    }
}

fn unknown(settings: &WriteSettings, name: &str) -> Fault {
    let entity = settings.what().entity();
    data(
        "UNKNOWN_FIELD",
        format!("{entity} has no field {name}"),
        name,
        format!("correct the mapping, or add it: [ifs.entities.{entity}.extra_fields] {name} = \"text\""),
    )
}

fn unfit(name: &str, kind: FieldKind, value: &Value) -> Fault {
    let value = serde_json::to_string(value).unwrap_or_default();
    let shown: String = value.chars().take(80).collect();
    data(
        "UNFIT_VALUE",
        format!("{name} is a {kind:?} and cannot be {shown}").to_lowercase(),
        name,
        "let the mapping bring it into the field's form".into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writable::Writable;

    fn settings(overrides: &str) -> WriteSettings {
        WriteSettings::new(Writable::Customer, serde_json::from_str(overrides).unwrap()).unwrap()
    }

    fn fields(values: &[(&str, Value)]) -> Fields {
        values.iter().map(|(name, value)| (FieldName::from(*name), value.clone())).collect()
    }

    #[test]
    fn values_are_typed_by_their_fields() {
        let settings = settings(
            r#"{"time_zone":{"zone":"Europe/Stockholm"},
               "extra_fields":{"Cf_Credit_Score":"decimal","Cf_Last_Call":"timestamp"}}"#,
        );
        let at: jiff::Timestamp = "2026-07-01T10:00:00.7Z".parse().unwrap();
        let fields = fields(&[
            ("CustomerId", Value::text("ignored: the key says it")),
            ("Name", Value::text("Ann \"A\"")),
            ("Country", Value::text("SE")),
            ("OneTime", Value::Bool(false)),
            ("DateOfRegistration", Value::Date(jiff::civil::date(2026, 2, 28))),
            ("Cf_Credit_Score", Value::Decimal("12.500".parse().unwrap())),
            ("Cf_Last_Call", Value::Timestamp(at)),
            ("AssociationNo", Value::text("  ")),
            ("CorporateForm", Value::Null),
        ]);
        let key = [("CustomerId".to_owned(), odata_client::Literal::text("C'1"))];
        let body = whole(&settings, &key, &fields).unwrap().encoded().unwrap();
        assert_eq!(
            body,
            "{\"CustomerId\":\"C'1\",\"Name\":\"Ann \\\"A\\\"\",\"Country\":\"SE\",\"OneTime\":false,\
             \"DateOfRegistration\":\"2026-02-28\",\"Cf_Credit_Score\":12.5,\
             \"Cf_Last_Call\":\"2026-07-01T12:00:00Z\"}"
        );
        let changes = [(FieldName::from("AssociationNo"), Value::text(" "))];
        let body = changed(&settings, changes.iter().map(|(name, value)| (name, value))).unwrap();
        assert_eq!(body.encoded().unwrap(), r#"{"AssociationNo":null}"#);
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_field() {
        let settings = settings("{}");
        for (name, value, code) in [
            ("OneTime", Value::text("yes"), "UNFIT_VALUE"),
            ("Name", Value::Bool(true), "UNFIT_VALUE"),
            ("Nmae", Value::text("x"), "UNKNOWN_FIELD"),
        ] {
            let fault = whole(&settings, &[], &fields(&[(name, value)])).unwrap_err();
            assert_eq!((fault.code.as_str(), fault.class), (code, FaultClass::Data));
            assert_eq!(fault.fields, [FieldName::from(name)]);
            assert!(fault.hint.is_some());
        }
    }
}
