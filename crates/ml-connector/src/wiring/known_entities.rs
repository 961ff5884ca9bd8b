//! Tables of `link.toml` that are named after kinds of records: a slip in such a name would otherwise change
//! nothing, in silence.

use connector_ifs::{Writable, entities};

use crate::config::nearest::nearest;
use crate::config::{Config, ConfigError, System, document};

/// Every `[ifs.entities.NAME]` is about a kind of record that ships, or that a flow reads or writes.
pub(crate) fn check(config: &Config) -> Result<(), ConfigError> {
    let ends = config.flows.iter().flat_map(|(_, flow)| [&flow.source, &flow.target]);
    let used = ends.filter(|end| end.system == System::Ifs).map(|end| end.entity.as_str());
    let written = Writable::ALL.iter().map(|what| what.entity());
    let known: Vec<&str> = entities::NAMES.into_iter().chain(written).chain(used).collect();
    let stranger = config.link.ifs.entities.keys().find(|name| !known.contains(&name.as_str()));
    stranger.map_or(Ok(()), |name| Err(unknown(config, name, &known)))
}

fn unknown(config: &Config, name: &str, known: &[&str]) -> ConfigError {
    let file = config.link_file();
    let reason = format!("no flow reads or writes `{name}`, and no such kind of record ships");
    let text = document::read(&file).unwrap_or_default();
    let line = text.lines().position(|line| {
        let table = line.trim_start().trim_start_matches('[').trim_start();
        table.starts_with(&format!("ifs.entities.{name}"))
            || table.starts_with(&format!("ifs.entities.\"{name}"))
    });
    let error = match line {
        Some(line) => ConfigError::at_line(&file, &text, line + 1, reason),
        None => ConfigError::new(&file, reason),
    };
    error.hint(match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "add the flow that reads it, or take the table out".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mappers::Mappers;
    use crate::template::{Answers, SecretPlace, write};

    fn checked(more: &str) -> Result<(), ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let answers = Answers {
            name: "acme".into(),
            ifs_url: "https://acme.ifs.example".into(),
            realm: "acme".into(),
            ifs_client: "ML".into(),
            ifs_secret: SecretPlace::Env("IFS".into()),
            salesforce_url: "https://acme.my.salesforce.example".into(),
            salesforce_client: "KEY".into(),
            salesforce_secret: SecretPlace::Env("SF".into()),
            rest: more.into(),
        };
        write(folder.path(), &answers).unwrap();
        super::super::check(&Config::load(folder.path()).unwrap(), &Mappers::default()).map(drop)
    }

    #[test]
    fn a_slip_in_the_name_of_a_table_is_found_with_its_line() {
        checked("\n[ifs.entities.SupplierSet]\nlag = \"1s\"\n").unwrap();
        let error = checked("\n[ifs.entities.SuplierSet]\nlag = \"1s\"\n").unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("did you mean `SupplierSet`?"));
        assert_eq!(error.place.unwrap().text, "[ifs.entities.SuplierSet]");
        let error = checked("\n[ifs.entities.Weather]\nlag = \"1s\"\n").unwrap_err();
        assert!(error.hint.unwrap().contains("take the table out"));
    }
}
