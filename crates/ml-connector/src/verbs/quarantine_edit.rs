//! `quarantine edit`: a waiting record is tried again with other values.

use mapping::{Change, FieldName, Fields, Value};
use serde_json::json;
use sync_engine::{Annotation, Parked};

use super::Session;
use super::quarantine_assign::annotate;
use crate::choice::parked::ParkedFilter;
use crate::config::nearest::nearest;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::holding::Holding;

/// Try a waiting record again with other values, until its source record changes
///
/// The source is not touched: the values stand in for its own when the record is mapped. What was given is
/// in the audit log.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The record, by its key at the source
    #[arg(value_name = "KEY")]
    key: String,
    /// The flow; may be left out if the record waits in one only
    #[arg(long, value_name = "NAME")]
    flow: Option<String>,
    /// A source field and its value; nothing behind the `=` empties it
    #[arg(long = "set", value_name = "FIELD=VALUE", required = true)]
    set: Vec<String>,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let filter = ParkedFilter { key: Some(args.key.clone()), flow: args.flow, ..ParkedFilter::default() };
    let parked = Holding::look(&session.config()?)?.state.parked(&filter.query()).await?;
    let [parked] = parked.as_slice() else {
        return Err(Failure::Missing {
            what: format!("{} records of key {} wait", parked.len(), args.key),
            hint: "see `ml-connector quarantine list`, and name the --flow".into(),
        });
    };
    let amended = given(parked, &args.set)?;
    let detail = json!({ "reason": args.reason, "amended": amended });
    let note = Annotation { assigned: None, amended: Some(amended) };
    annotate(&filter, &note, ("quarantine.edit", detail), session).await?;
    let holding = Holding::borrow(&session.config()?, session).await?;
    holding.state.release_parked(&filter.query(), session.clock.now()).await?;
    if session.terminal.json {
        session.terminal.print_json(&json!({ "deed": "edit", "records": 1 }))?;
    } else {
        session.terminal.print("noted: the next `ml-connector run` tries it with these values")?;
    }
    Ok(Exit::Ok)
}

/// The values that were given, of the kinds that the record has.
fn given(parked: &Parked, set: &[String]) -> Result<Fields, Failure> {
    let Some(Change::Put(record)) = &parked.change else {
        return Err(Failure::Usage {
            what: "its row could not even be read".into(),
            hint: "correct it in the source".into(),
        });
    };
    let mut fields = Fields::new();
    for text in set {
        let wrong = |what: String, hint: String| Failure::Usage { what, hint };
        let Some((name, value)) = text.split_once('=') else {
            return Err(wrong(format!("`{text}` is no FIELD=VALUE"), "write --set Name=Short".into()));
        };
        let Some(before) = record.fields.get(name) else {
            let known = record.fields.iter().map(|(name, _)| name.as_str());
            let hint = nearest(name, known).map_or_else(
                || "see `ml-connector quarantine show`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(wrong(format!("the record has no field `{name}`"), hint));
        };
        let Some(value) = like(before, value) else {
            return Err(wrong(
                format!("`{value}` is not of the kind of `{name}`"),
                "numbers as 12.5, dates as 2026-03-01, truths as true or false".into(),
            ));
        };
        fields.set(FieldName::from(name), value);
    }
    Ok(fields)
}

/// The text as a value of the kind that stood there.
fn like(before: &Value, text: &str) -> Option<Value> {
    if text.is_empty() {
        return Some(Value::Null);
    }
    match before {
        Value::Bool(_) => text.parse().ok().map(Value::Bool),
        Value::Decimal(_) => serde_json::from_value(json!({ "decimal": text })).ok(),
        Value::Date(_) => text.parse().ok().map(Value::Date),
        Value::Timestamp(_) => text.parse().ok().map(Value::Timestamp),
        Value::Null | Value::Text(_) => Some(Value::text(text)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_kind() {
        assert_eq!(like(&Value::text("a"), "1.5"), Some(Value::text("1.5")));
        let number = Value::Decimal(1.into());
        assert!(matches!(like(&number, "12.50"), Some(Value::Decimal(_))));
        assert_eq!(like(&number, "twelve"), None);
        assert_eq!(like(&number, ""), Some(Value::Null));
        assert_eq!(like(&Value::Bool(true), "false"), Some(Value::Bool(false)));
        assert_eq!(like(&Value::List(Vec::new()), "x"), None);
    }
}
