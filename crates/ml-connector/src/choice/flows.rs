//! Which flows a command is about.

use crate::config::Config;
use crate::config::nearest::nearest;
use crate::failure::Failure;

/// The flows that were named, or all that are enabled.
pub(crate) fn several(config: &Config, named: &[String]) -> Result<Vec<String>, Failure> {
    if named.is_empty() {
        let enabled = config.flows.iter().filter(|(_, flow)| flow.enabled);
        return Ok(enabled.map(|(name, _)| name.clone()).collect());
    }
    named.iter().map(|name| known(config, name)).collect()
}

/// The flow that was named, or the only one there is, or the only one that is enabled.
pub(crate) fn one(config: &Config, named: Option<&str>) -> Result<String, Failure> {
    if let Some(name) = named {
        return known(config, name);
    }
    let enabled = several(config, &[])?;
    match (config.flows.as_slice(), enabled.as_slice()) {
        ([(only, _)], _) | (_, [only]) => Ok(only.clone()),
        _ => Err(Failure::Usage {
            what: "there are several flows".into(),
            hint: format!("name one: --flow {}", names(config).join(" or --flow ")),
        }),
    }
}

fn known(config: &Config, name: &str) -> Result<String, Failure> {
    if config.flows.iter().any(|(known, _)| known == name) {
        return Ok(name.to_owned());
    }
    let names = names(config);
    let hint = match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are: {}", names.join(", ")),
    };
    Err(Failure::Missing { what: format!("there is no flow `{name}`"), hint })
}

fn names(config: &Config) -> Vec<&str> {
    config.flows.iter().map(|(name, _)| name.as_str()).collect()
}
