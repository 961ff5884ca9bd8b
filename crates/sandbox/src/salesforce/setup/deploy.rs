//! Metadata deploys over REST: a package is tried, and applied unless it is only checked (Metadata
//! API Developer Guide, "Deploying with REST").

use std::collections::BTreeMap;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wire::{Request, Response};

use super::package::Package;
use super::zip::files;
use crate::door::parameter;
use crate::salesforce::bulk::parts;
use crate::salesforce::call::Call;
use crate::salesforce::identifier::{full, id_of};
use crate::salesforce::members::from_json;
use crate::salesforce::problem::{Problem, answer};
use crate::salesforce::record::stamp;
use crate::salesforce::session::User;

/// Deploys and what became of them, by id.
#[derive(Debug, Default)]
pub(crate) struct Deployments {
    numbers: u64,
    done: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    #[serde(default)]
    deploy_options: Options,
}

#[derive(Clone, Copy, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Options {
    pub(super) check_only: bool,
    rollback_on_error: bool,
    ignore_warnings: bool,
}

impl Call<'_> {
    /// `/metadata…`: `rest` is what follows.
    pub(crate) fn metadata(&mut self, request: &Request, rest: &[&str]) -> Result<Response, Problem> {
        self.administers()?;
        match (request.method().as_str(), rest) {
            ("POST", ["deployRequest"]) => self.deploy(request),
            ("GET", ["deployRequest", id]) => {
                let wanted = parameter(request, "includeDetails").is_some_and(|wanted| wanted == "true");
                Ok(answer(StatusCode::OK, &self.deployment(id, wanted)?))
            }
            _ => Err(Problem::not_found()),
        }
    }

    /// A deploy and what became of it.
    pub(super) fn deployment(&self, id: &str, details: bool) -> Result<Value, Problem> {
        let id = full(id).unwrap_or_default();
        let mut found = self.state.deployments.done.get(&id).ok_or_else(Problem::not_found)?.clone();
        if !details && let Some(result) = found.get_mut("deployResult").and_then(Value::as_object_mut) {
            result.remove("details");
        }
        Ok(found)
    }

    /// Only administrators change what the org is.
    pub(super) fn administers(&self) -> Result<(), Problem> {
        if self.user == User::Administrator {
            return Ok(());
        }
        let message = "This needs the permissions Customize Application and Modify Metadata";
        Err(Problem::new(StatusCode::FORBIDDEN, "INSUFFICIENT_ACCESS", message))
    }

    fn deploy(&mut self, request: &Request) -> Result<Response, Problem> {
        let parts = parts(request).unwrap_or_default();
        let part = |name: &str| parts.iter().find(|(part, _)| part == name).map(|(_, content)| *content);
        let missing = |name: &str| Problem::bad("MISSING_ARGUMENT", format!("the part {name} is missing"));
        // jsforce calls the part as other multipart resources do.
        let order = part("json").or_else(|| part("entity_content")).ok_or_else(|| missing("json"))?;
        let order: Order = from_json(order)?;
        let archive = part("file").ok_or_else(|| missing("file"))?;
        let options = order.deploy_options;
        let id = self.deployed(archive, options);
        let url = format!("/services/data/v{}/metadata/deployRequest/{id}", self.version);
        let pending = json!({ "id": id, "status": "Pending", "done": false, "success": false });
        let body = json!({ "id": id, "url": url, "deployOptions": options, "deployResult": pending });
        Ok(answer(StatusCode::CREATED, &body))
    }

    /// Deploys an archive; tells the id of the deploy.
    pub(super) fn deployed(&mut self, archive: &[u8], options: Options) -> String {
        self.state.deployments.numbers += 1;
        let id = id_of("0Af", self.state.deployments.numbers);
        let package = files(archive).and_then(|files| Package::read(&self.state.store, &files));
        let result = match package {
            Err(message) => self.failed(&id, options, &message),
            Ok(package) => self.tried(&id, options, &package),
        };
        let url = format!("/services/data/v{}/metadata/deployRequest/{id}", self.version);
        let whole = json!({ "id": id, "url": url, "deployOptions": options, "deployResult": result });
        self.state.deployments.done.insert(id.clone(), whole);
        id
    }

    fn tried(&mut self, id: &str, options: Options, package: &Package) -> Value {
        let judged = package.judge(&self.state.store);
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for (component, verdict) in &judged {
            match verdict {
                Ok(()) => good.push(component.shown(None)),
                Err(refused) => bad.push(component.shown(Some(refused))),
            }
        }
        if bad.is_empty() && !options.check_only {
            let author = self.author();
            package.apply(&mut self.state.store, &author);
        }
        self.result(id, options, (good, bad), None)
    }

    fn failed(&self, id: &str, options: Options, message: &str) -> Value {
        self.result(id, options, (Vec::new(), Vec::new()), Some(message))
    }

    fn result(
        &self,
        id: &str,
        options: Options,
        (good, bad): (Vec<Value>, Vec<Value>),
        message: Option<&str>,
    ) -> Value {
        let success = bad.is_empty() && message.is_none();
        let (at, user) = (stamp(self.now), self.user.id());
        let mut result = json!({
            "id": id, "checkOnly": options.check_only, "ignoreWarnings": options.ignore_warnings,
            "rollbackOnError": options.rollback_on_error, "runTestsEnabled": false, "done": true,
            "success": success, "status": if success { "Succeeded" } else { "Failed" },
            "numberComponentsTotal": good.len() + bad.len(), "numberComponentsDeployed": good.len(),
            "numberComponentErrors": bad.len(), "numberTestsTotal": 0, "numberTestsCompleted": 0,
            "numberTestErrors": 0, "createdBy": user, "createdDate": at, "startDate": at, "completedDate": at,
            "lastModifiedDate": at,
            "details": {
                "componentSuccesses": good, "componentFailures": bad, "retrieveResult": null,
                "runTestResult": { "numFailures": 0, "numTestsRun": 0, "successes": [], "failures": [] },
            },
        });
        if let (Some(result), Some(message)) = (result.as_object_mut(), message) {
            result.insert("errorMessage".to_owned(), json!(message));
            result.insert("errorStatusCode".to_owned(), json!("UNKNOWN_EXCEPTION"));
        }
        result
    }
}
