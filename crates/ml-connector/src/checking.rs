//! A link's mappings against what both systems have.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use audit::Scope;
use mapping::{Entity, Finding, Key, SchemaLock, Severity};
use sync_engine::{Describe, DescribeError, Observation};

use crate::config::{ConfigError, System, document};
use crate::connector::Connector;
use crate::failure::{Failure, class_exit};
use crate::mapping_files::{self, FlowMappings};
use crate::schemas;

/// Which mappings were held against both systems, in the data folder.
const CHECKED: &str = "checked-mappings";

/// Tell what both systems have.
#[derive(Debug, Clone)]
pub(crate) struct Describers {
    /// IFS Cloud.
    pub(crate) ifs: Arc<dyn Describe>,
    /// Salesforce.
    pub(crate) salesforce: Arc<dyn Describe>,
}

impl Connector {
    /// What both systems have of the kinds of records that these flows look at.
    pub(crate) async fn schemas(&self, flows: &[FlowMappings]) -> Result<SchemaLock, Failure> {
        let _turn = self.turn.lock().await;
        self.describe(flows).await.map_err(|(system, error)| Failure::System {
            system,
            what: error.to_string(),
            exit: class_exit(error.fault.class),
            hint: error.fault.hint.unwrap_or_else(|| "ml-connector doctor tells more".into()),
        })
    }

    async fn describe(&self, flows: &[FlowMappings]) -> Result<SchemaLock, (&'static str, DescribeError)> {
        self.scope.set(Scope { run: "".into(), flow: "schema".into() });
        let mut systems = BTreeMap::new();
        let Describers { ifs, salesforce } = &self.describers;
        for (system, describer) in [(System::Ifs, ifs), (System::Salesforce, salesforce)] {
            let mut entities: Vec<Entity> = flows.iter().flat_map(|flow| flow.entities(system)).collect();
            entities.sort();
            entities.dedup();
            let name = schemas::name(system);
            let schema = describer.describe(&entities).await.map_err(|error| (name, error))?;
            systems.insert(name.to_owned(), schema);
        }
        Ok(SchemaLock::new(systems))
    }

    /// One record of a flow's source, read just now.
    pub(crate) async fn fetch(&self, flow: &str, key: &str) -> Result<Option<Observation>, Failure> {
        let work = self.flow(flow)?;
        let _turn = self.turn.lock().await;
        let fetched = work.parts().source.fetch(&[Key::from(key)]).await;
        let fetched =
            fetched.map_err(|error| Failure::Flow { flow: flow.into(), error: Box::new(error.into()) })?;
        Ok(fetched.into_iter().next().flatten())
    }

    /// Before a mapping leads to its first write it is held against both systems; what is wrong with it
    /// would otherwise be met record by record.
    pub(crate) async fn check_before_writing(&self, flow: &str) -> Result<(), Failure> {
        let line = format!("{flow}\t{}", self.flow(flow)?.parts().mapper.name());
        let file = self.config.data_folder().join(CHECKED);
        let known = std::fs::read_to_string(&file).unwrap_or_default();
        if known.lines().any(|checked| checked == line) {
            return Ok(());
        }
        let flows = mapping_files::of_flows(&self.config, Some(flow))?;
        let schemas = match self.describe(&flows).await {
            Ok(schemas) => schemas,
            // The run meets the same obstacle, and says what it was for.
            Err((system, error)) => {
                tracing::info!(system, %error, "the mapping could not be checked beforehand");
                return Ok(());
            }
        };
        let there = |flow: &FlowMappings| {
            let source = schemas.system(schemas::name(flow.file.source.system));
            source.entities.contains_key(flow.file.source.entity.as_str())
        };
        if !flows.iter().all(there) {
            // A source that has no such records at all tells in the run what it has instead.
            return Ok(());
        }
        let findings: Vec<Finding> = flows.iter().flat_map(|flow| schemas::check(flow, &schemas)).collect();
        for finding in findings.iter().filter(|finding| finding.severity != Severity::Error) {
            tracing::info!(%finding, remedy = %finding.remedy, "the mapping may need a look");
        }
        let errors: Vec<&Finding> =
            findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
        if let Some(first) = errors.first() {
            return Err(wrong(first, errors.len()).into());
        }
        let other_flows = known.lines().filter(|checked| checked.split('\t').next() != Some(flow));
        let lines: Vec<&str> = other_flows.chain([line.as_str()]).collect();
        std::fs::write(&file, lines.join("\n")).map_err(|error| Failure::storage(&file, &error))
    }
}

/// The first of several findings as an error of the configuration.
fn wrong(finding: &Finding, count: usize) -> ConfigError {
    let path = PathBuf::from(&finding.file);
    let text = document::read(&path).unwrap_or_default();
    let what = if finding.field.is_empty() { String::new() } else { format!("{}: ", finding.field) };
    let more = match count {
        1 => String::new(),
        _ => format!("; {} more: ml-connector mapping check", count - 1),
    };
    ConfigError::at_line(&path, &text, finding.line, format!("{what}{}", finding.reason))
        .hint(format!("{}{more}", finding.remedy))
}
