//! The JSON Schemas of the configuration files, for editors: made from the types that read these files.

/// A kind of configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ConfigFile {
    /// link.toml
    Link,
    /// A file of flows/
    Flow,
    /// daemon.toml
    Daemon,
}

impl ConfigFile {
    /// Its schema, as it ships in `docs/schema`.
    pub(crate) fn schema(self) -> &'static str {
        match self {
            Self::Link => include_str!("../../../../docs/schema/link.json"),
            Self::Flow => include_str!("../../../../docs/schema/flow.json"),
            Self::Daemon => include_str!("../../../../docs/schema/daemon.json"),
        }
    }
}

#[cfg(test)]
mod tests {
    use schemars::schema_for;

    use super::*;
    use crate::config::{DaemonFile, FlowFile, LinkFile};

    const FILES: [(ConfigFile, &str); 3] =
        [(ConfigFile::Link, "link"), (ConfigFile::Flow, "flow"), (ConfigFile::Daemon, "daemon")];

    /// The schema that the types have now.
    fn made(file: ConfigFile) -> String {
        let mut schema = match file {
            ConfigFile::Link => schema_for!(LinkFile),
            ConfigFile::Flow => schema_for!(FlowFile),
            ConfigFile::Daemon => schema_for!(DaemonFile),
        };
        // Doc comments are wrapped for people who read code.
        schemars::transform::transform_subschemas(&mut unwrapped, &mut schema);
        unwrapped(&mut schema);
        serde_json::to_string_pretty(&schema).unwrap() + "\n"
    }

    fn unwrapped(schema: &mut schemars::Schema) {
        if let Some(serde_json::Value::String(text)) = schema.get_mut("description") {
            *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        schemars::transform::transform_subschemas(&mut unwrapped, schema);
    }

    #[test]
    fn the_shipped_schemas_are_those_of_the_types() {
        for (file, name) in FILES {
            crate::shipped::is_current(&format!("schema/{name}.json"), &made(file));
        }
    }

    #[test]
    fn a_schema_refuses_unknown_keys_and_tells_what_keys_mean() {
        let schema: serde_json::Value = serde_json::from_str(ConfigFile::Link.schema()).unwrap();
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["required"], serde_json::json!(["name", "ifs", "salesforce"]));
        assert_eq!(schema["properties"]["name"]["description"], "The name of the link, for people.");
        let secret = &schema["$defs"]["SecretRef"]["oneOf"];
        assert_eq!(secret.as_array().map(Vec::len), Some(5), "{secret}");
    }
}
