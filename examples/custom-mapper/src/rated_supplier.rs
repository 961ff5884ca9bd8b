//! Suppliers as a file says it, and a rating that no file can say.

use ml_connector::mapping::{
    Change, DeclaredMapper, FieldName, MapError, Mapped, Mapper, MappingFileError, Note, Value,
};

/// The fields that need no code.
const FILE: &str = include_str!("../supplier.toml");

/// Maps suppliers to Accounts, and rates them: hot, warm or cold.
///
/// A mapper is a pure function of one change: no clock, no network, no memory of other records. That is
/// why every run can be replayed from the audit log.
#[derive(Debug)]
pub(crate) struct RatedSupplier {
    name: String,
    file: DeclaredMapper,
}

impl RatedSupplier {
    /// Raise it whenever the rules below change: all suppliers are mapped anew then.
    const REVISION: u32 = 1;

    /// The mapper, if its file is well.
    pub(crate) fn new() -> Result<Self, MappingFileError> {
        let file = DeclaredMapper::from_toml(FILE, "supplier.toml")?;
        // A change of the file changes its name too, and so ours.
        let name = format!("rated-supplier@{}+{}", Self::REVISION, file.name());
        Ok(Self { name, file })
    }
}

impl Mapper for RatedSupplier {
    fn name(&self) -> &str {
        &self.name
    }

    fn map(&self, change: &Change) -> Result<Mapped, MapError> {
        let mut mapped = self.file.map(change)?;
        let Change::Put(record) = change else { return Ok(mapped) };
        for draft in &mut mapped.drafts {
            let (rating, why) = rate(record.fields.get("CreditLimit"), record.fields.get("Objstate"))?;
            draft.fields.set("Rating", Value::text(rating));
            mapped.notes.push(Note { field: FieldName::from("Rating"), text: why.into() });
        }
        Ok(mapped)
    }
}

/// The rating, and why it is that.
fn rate(limit: Option<&Value>, state: Option<&Value>) -> Result<(&'static str, &'static str), MapError> {
    if state.and_then(Value::as_text) != Some("Active") {
        return Ok(("Cold", "the supplier is not active"));
    }
    match limit {
        None | Some(Value::Null) => Ok(("Cold", "there is no credit limit")),
        Some(Value::Decimal(limit)) if *limit >= 100_000.into() => {
            Ok(("Hot", "a credit limit of 100,000 or more"))
        }
        Some(Value::Decimal(_)) => Ok(("Warm", "a credit limit below 100,000")),
        // Never a panic: the record goes to quarantine with the reason, the others go on.
        Some(other) => {
            Err(MapError::new("CreditLimit", "the credit limit is no number").value(other.clone()))
        }
    }
}

#[cfg(test)]
mod tests {
    use ml_connector::mapping::{Entity, Fields, Key, Record, Version};

    use super::*;

    fn rating(limit: &str, state: &str) -> Result<String, MapError> {
        let json = format!(r#"{{"SupplierId":"S1","Name":"N","CreditLimit":{limit},"Objstate":"{state}"}}"#);
        let fields: Fields = serde_json::from_str(&json).expect("fields have this JSON form");
        let (entity, key, version) = (Entity::from("SupplierSet"), Key::from("S1"), Version::from("v"));
        let change = Change::Put(Record { entity, key, version, fields });
        let mapped = RatedSupplier::new().expect("the file is well").map(&change)?;
        let draft = &mapped.drafts[0];
        assert_eq!((draft.id.as_str(), draft.fields.get("Name")), ("S1", Some(&Value::text("N"))));
        Ok(draft.fields.get("Rating").and_then(Value::as_text).unwrap_or_default().to_owned())
    }

    #[test]
    fn suppliers_are_rated_by_state_and_limit() {
        for (limit, state, due) in [
            (r#"{"decimal":"100000"}"#, "Active", "Hot"),
            (r#"{"decimal":"99999.99"}"#, "Active", "Warm"),
            ("null", "Active", "Cold"),
            (r#"{"decimal":"100000"}"#, "Blocked", "Cold"),
        ] {
            assert_eq!(rating(limit, state).as_deref(), Ok(due), "{limit} {state}");
        }
        let error = rating("\"a lot\"", "Active").expect_err("no number");
        assert_eq!(error.field.as_str(), "CreditLimit");
    }

    #[test]
    fn the_name_says_which_rules_and_which_file() {
        let name = RatedSupplier::new().expect("the file is well").name;
        assert!(name.starts_with("rated-supplier@1+rated-supplier-fields@1-"), "{name}");
    }
}
