//! Several mappers as one: each makes its drafts of the same change.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::{Change, Entity, MapError, Mapped, Mapper};

/// Several mappers as one, such as those of customers that become Accounts or Contacts. Each looks at
/// every change; the drafts of all of them are the answer. If one of them cannot map a record, none
/// does: half of what a record asks for is not what it asks for.
#[derive(Debug, Clone)]
pub struct CombinedMapper {
    name: String,
    parts: Vec<Arc<dyn Mapper>>,
}

impl CombinedMapper {
    /// These mappers, in this order; the name is made of theirs.
    pub fn new(parts: Vec<Arc<dyn Mapper>>) -> Self {
        let names: Vec<&str> = parts.iter().map(|part| part.name()).collect();
        Self { name: names.join("+"), parts }
    }
}

impl Mapper for CombinedMapper {
    fn name(&self) -> &str {
        &self.name
    }

    fn refers_to(&self) -> BTreeSet<Entity> {
        self.parts.iter().flat_map(|part| part.refers_to()).collect()
    }

    fn map(&self, change: &Change) -> Result<Mapped, MapError> {
        let mut all = Mapped::default();
        let mut left_out = Vec::new();
        for part in &self.parts {
            let mapped = part.map(change)?;
            if mapped.drafts.is_empty() {
                left_out.extend(mapped.notes);
            } else {
                all.drafts.extend(mapped.drafts);
                all.notes.extend(mapped.notes);
            }
        }
        if all.drafts.is_empty() {
            // Why nobody wanted it; where somebody did, that the others did not is no news.
            all.notes = left_out;
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DeclaredMapper, FieldName, Key, Record, Value, Version};

    fn part(name: &str, kind: &str) -> Arc<dyn Mapper> {
        let text = format!(
            "name = \"{name}\"\nrevision = 1\nsource = \"S\"\ntarget = \"{name}\"\n\
             external_id = {{ from = [\"Id\"] }}\n\
             [[where]]\nfield = \"Kind\"\nis = {{ equal = \"{kind}\" }}\n\
             [fields.Name]\nfrom = \"Name\"\nsteps = [\"required\"]\n"
        );
        Arc::new(DeclaredMapper::from_toml(&text, "m.toml").expect("compiles"))
    }

    fn change(kind: &str, name: &str) -> Change {
        let fields = [("Id", "1"), ("Kind", kind), ("Name", name)];
        Change::Put(Record {
            entity: Entity::from("S"),
            key: Key::from("1"),
            version: Version::from("v"),
            fields: fields
                .map(|(field, text)| (FieldName::from(field), Value::text(text)))
                .into_iter()
                .collect(),
        })
    }

    #[test]
    fn each_record_goes_where_its_conditions_hold() {
        let both = CombinedMapper::new(vec![part("Account", "firm"), part("Contact", "person")]);
        let entities = |kind: &str| -> Vec<String> {
            let mapped = both.map(&change(kind, "N")).expect("maps");
            mapped.drafts.iter().map(|draft| draft.entity.to_string()).collect()
        };
        assert_eq!(entities("firm"), ["Account"]);
        assert_eq!(entities("person"), ["Contact"]);
        let nobody = both.map(&change("other", "N")).expect("maps");
        assert_eq!((nobody.drafts.len(), nobody.notes.len()), (0, 2), "it is said why nobody wanted it");
        assert!(both.map(&change("person", " ")).is_err(), "what one cannot map goes to quarantine");
        assert!(both.name().starts_with("Account@1-") && both.name().contains("+Contact@1-"));
    }
}
