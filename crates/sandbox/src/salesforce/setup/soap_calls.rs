//! The Metadata API over SOAP, as the Salesforce CLI uses it: deploys with their status, and what there is
//! to deploy (Metadata API Developer Guide, "`deploy()`", "`describeMetadata()`", "`listMetadata()`").

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::element::Element;
use crate::salesforce::call::Call;
use crate::salesforce::problem::Problem;
use crate::salesforce::record::stamp;
use crate::salesforce::schema::Home;

/// What can be deployed: folder, suffix, name, and what stands within.
const KINDS: &[(&str, &str, &str, Option<&str>)] = &[
    ("objects", "object", "CustomObject", Some("CustomField")),
    ("permissionsets", "permissionset", "PermissionSet", None),
    ("platformEventChannels", "platformEventChannel", "PlatformEventChannel", None),
    ("platformEventChannelMembers", "platformEventChannelMember", "PlatformEventChannelMember", None),
];

impl Call<'_> {
    /// Answers a call of the Metadata API by SOAP; `None` if it is none that is known here.
    pub(crate) fn metadata_by_soap(&mut self, body: &Element) -> Option<Result<String, Problem>> {
        let call = body.children.first()?;
        Some(match call.name.as_str() {
            "deploy" => self.deploy_by_soap(call),
            "checkDeployStatus" => self.deploy_status(call),
            "describeMetadata" => Ok(described()),
            "listMetadata" => Ok(self.listed(call)),
            _ => return None,
        })
    }

    fn deploy_by_soap(&mut self, call: &Element) -> Result<String, Problem> {
        self.administers()?;
        let text: String = call
            .text("ZipFile")
            .unwrap_or_default()
            .chars()
            .filter(|letter| !letter.is_whitespace())
            .collect();
        let archive = STANDARD
            .decode(text)
            .map_err(|_| Problem::bad("INVALID_FIELD", "ZipFile is no archive in Base64"))?;
        let mut options = serde_json::Map::new();
        for option in call.one("DeployOptions").into_iter().flat_map(|options| &options.children) {
            options.insert(option.name.clone(), json!(option.text.trim() == "true"));
        }
        let id = self.deployed(&archive, serde_json::from_value(options.into()).unwrap_or_default());
        Ok(format!(
            "<deployResponse><result><done>false</done><id>{id}</id><state>Queued</state></result></deployResponse>"
        ))
    }

    fn deploy_status(&self, call: &Element) -> Result<String, Problem> {
        self.administers()?;
        let wanted = call.truth("includeDetails");
        let result = self.deployment(call.text("asyncProcessId").unwrap_or_default(), wanted)?;
        let mut out = String::from("<checkDeployStatusResponse>");
        write_xml(&mut out, "result", result.get("deployResult").unwrap_or(&Value::Null));
        out.push_str("</checkDeployStatusResponse>");
        Ok(out)
    }

    fn listed(&self, call: &Element) -> String {
        let (at, user) = (stamp(self.now), self.user.id());
        let mut out = String::from("<listMetadataResponse>");
        for kind in call.all("queries").filter_map(|query| query.text("type")) {
            let Some((folder, suffix, ..)) = KINDS.iter().find(|(_, _, name, _)| *name == kind) else {
                continue;
            };
            let tables = self.state.store.tables().iter().filter(|table| table.object.home == Home::Data);
            let objects = tables.map(|table| &table.object.name).filter(|_| kind == "CustomObject");
            for name in objects {
                let result = json!({
                    "createdById": user, "createdByName": "Sandbox", "createdDate": at,
                    "fileName": format!("{folder}/{name}.{suffix}"), "fullName": name, "id": "",
                    "lastModifiedById": user, "lastModifiedByName": "Sandbox", "lastModifiedDate": at, "type": kind,
                });
                write_xml(&mut out, "result", &result);
            }
        }
        out.push_str("</listMetadataResponse>");
        out
    }
}

fn described() -> String {
    let mut objects = Vec::new();
    for (folder, suffix, name, child) in KINDS {
        let mut object = json!({
            "directoryName": folder, "inFolder": false, "metaFile": false, "suffix": suffix, "xmlName": name,
        });
        if let (Some(object), Some(child)) = (object.as_object_mut(), child) {
            object.insert("childXmlNames".to_owned(), json!(child));
        }
        objects.push(object);
    }
    let result = json!({
        "metadataObjects": objects, "organizationNamespace": "", "partialSaveAllowed": true, "testRequired": false,
    });
    let mut out = String::from("<describeMetadataResponse>");
    write_xml(&mut out, "result", &result);
    out.push_str("</describeMetadataResponse>");
    out
}

/// Appends a value as an element: lists are repeated, and nothing is written for null.
fn write_xml(out: &mut String, name: &str, value: &Value) {
    let inner = match value {
        Value::Null => return,
        Value::Array(list) => return list.iter().for_each(|one| write_xml(out, name, one)),
        Value::Object(members) => {
            let mut inner = String::new();
            members.iter().for_each(|(name, value)| write_xml(&mut inner, name, value));
            inner
        }
        Value::String(text) => quick_xml::escape::escape(text.as_str()).into_owned(),
        other => other.to_string(),
    };
    // Writing to a String cannot fail.
    let _ = write!(out, "<{name}>{inner}</{name}>");
}
