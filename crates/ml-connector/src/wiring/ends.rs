//! The two ends of a flow, and the flow that leads back between the same records.

use sync_engine::Pair;

use crate::config::{Config, ConfigError, FlowFile, System};

/// A flow leads from one system to the other, and at most one leads back.
pub(crate) fn check(config: &Config, name: &str, file: &FlowFile) -> Result<(), ConfigError> {
    let wrong = |reason: String, hint: &str| Err(ConfigError::new(config.flow_file(name), reason).hint(hint));
    if file.source.system == file.target.system {
        let hint = "set source.system and target.system to `ifs` and `salesforce`, or the other way round";
        return wrong("a flow leads from one system to the other".into(), hint);
    }
    if let Some(mistake) = file.deletes.mistake() {
        return wrong(format!("[deletes]: {mistake}"), "see docs/flows.md");
    }
    let Some(pair) = &file.pair else { return Ok(()) };
    let twin = |(other, flow): &&(String, FlowFile)| {
        other != name && flow.pair.as_ref() == Some(pair) && flow.source.system == file.source.system
    };
    match config.flows.iter().find(twin) {
        Some((other, _)) => wrong(
            format!("the flows {name} and {other} of pair `{pair}` lead the same way"),
            "a pair is two flows with their ends swapped; give one of them another pair, or none",
        ),
        None => Ok(()),
    }
}

/// The name under which the links of a pair are kept.
pub(crate) fn book(pair: &str) -> String {
    format!("pair {pair}")
}

/// What the engine is told about the pair. Links are kept as the flow from IFS sees them.
pub(crate) fn pair(config: &Config, name: &str, file: &FlowFile) -> Option<Pair> {
    let shared = file.pair.as_ref()?;
    let back = |(other, flow): &&(String, FlowFile)| other != name && flow.pair.as_ref() == Some(shared);
    Some(Pair {
        name: book(shared),
        swapped: file.source.system == System::Salesforce,
        partner: config.flows.iter().find(back).map(|(other, _)| other.clone()),
    })
}
