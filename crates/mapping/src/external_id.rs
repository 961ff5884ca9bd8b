//! How an external id is made of fields.

use crate::MapError;
use crate::origin::Joined;
use crate::scope::Scope;

/// How an external id is made, ready to run.
#[derive(Debug, Clone)]
pub(crate) struct IdRule {
    pub(crate) id: Joined,
    /// Stands before the text of `id` in the source, and is taken off.
    pub(crate) strip: String,
    /// Taken when all fields of `id` are empty.
    pub(crate) fallback: Option<Joined>,
    /// The line of the file that it stands in.
    pub(crate) line: usize,
}

impl IdRule {
    /// The external id.
    pub(crate) fn make(&self, scope: Scope<'_>) -> Result<String, MapError> {
        let empty = |empty: &str| {
            let hint = "a record without its key cannot be told from others; look at it in the source";
            MapError::new(empty, "the external id needs it and it is empty").hint(hint)
        };
        if let Some(fallback) = self.fallback.as_ref().filter(|_| self.id.is_empty(scope)) {
            return fallback.of_all(scope).map_err(empty);
        }
        let id = self.id.of_all(scope).map_err(empty)?;
        match id.strip_prefix(&self.strip) {
            Some(bare) if !bare.is_empty() => Ok(bare.to_owned()),
            _ => {
                let field = self.id.fields.first().map_or("external_id", String::as_str);
                let reason = format!("{id} does not begin with {:?}, which is to be taken off", self.strip);
                let hint = "leave such records out with [[where]], or look at `external_id` in the mapping \
                            that leads there";
                Err(MapError::new(field, reason).hint(hint))
            }
        }
    }

    /// The source fields it looks at.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &String> {
        self.id.fields.iter().chain(self.fallback.iter().flat_map(|fallback| &fallback.fields))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Change, DeclaredMapper, FieldName, Mapper as _, Record, Value};

    fn id_of(rule: &str, key: &str) -> Result<String, String> {
        let text = format!(
            "name = \"m\"\nrevision = 1\nsource = \"S\"\ntarget = \"T\"\nexternal_id = {rule}\n\
             [fields.X]\nfrom = \"Key\"\n"
        );
        let mapper = DeclaredMapper::from_toml(&text, "m.toml").expect("it compiles");
        let key = if key.is_empty() { Value::Null } else { Value::text(key) };
        let fields = [("Key", key), ("Id", Value::text("001"))];
        let fields = fields.into_iter().map(|(name, value)| (FieldName::from(name), value)).collect();
        let record = Record { entity: "S".into(), key: "1".into(), version: "v".into(), fields };
        let made = mapper.map(&Change::Put(record)).map_err(|error| error.reason)?;
        Ok(made.drafts[0].id.to_string())
    }

    #[test]
    fn a_prefix_is_put_before_and_taken_off_on_the_way_back() {
        assert_eq!(id_of("{ from = \"Key\", prefix = \"C-\" }", "10").as_deref(), Ok("C-10"));
        let back = "{ from = \"Key\", strip = \"C-\", fallback = \"Id\" }";
        assert_eq!(id_of(back, "C-10").as_deref(), Ok("10"));
        assert_eq!(id_of(back, "").as_deref(), Ok("001"), "a number of its own has no prefix");
        for foreign in ["S-10", "10", "C-"] {
            let reason = id_of(back, foreign).expect_err("it is another's key");
            assert!(reason.contains("does not begin with \"C-\""), "{reason}");
        }
    }
}
