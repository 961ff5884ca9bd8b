//! Trees: new records with their new children in one call.
//!
//! Rules: REST API Developer Guide, "sObject Tree": at most 200 records, five types and five levels;
//! only creates; all or none.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::Deserialize;
use wire::Call;

use crate::client::{Ask, json};
use crate::collections::MAX_RECORDS;
use crate::error::ApiError;
use crate::record_body::push_json;
use crate::soql::identifier;
use crate::{Client, Creation, RecordBody, RecordId, SfdcError};

const OPERATION: &str = "salesforce.tree";
/// The most levels.
const MAX_LEVELS: usize = 5;
/// The most objects.
const MAX_TYPES: usize = 5;

/// A record of a tree, with its children.
#[derive(Debug, Clone)]
pub struct TreeNode {
    reference: String,
    body: RecordBody,
    children: Vec<(String, Vec<Self>)>,
}

impl TreeNode {
    /// A record that the answer will speak of as `reference`.
    pub fn new(reference: &str, body: RecordBody) -> Self {
        Self { reference: reference.to_owned(), body, children: Vec::new() }
    }

    /// Adds children by the name of the relationship, such as `Contacts`.
    pub fn children(mut self, relationship: &str, nodes: Vec<Self>) -> Self {
        self.children.push((relationship.to_owned(), nodes));
        self
    }

    fn push(&self, out: &mut String) {
        self.body.push_named(out, &self.reference);
        for (relationship, nodes) in &self.children {
            out.push(',');
            push_json(out, relationship);
            out.push(':');
            push_nodes(out, nodes);
        }
        out.push('}');
    }

    /// This record and all below it, with their levels.
    fn walk<'a>(&'a self, level: usize, found: &mut Vec<(usize, &'a Self)>) {
        found.push((level, self));
        // Deeper ones are too many in any case.
        if level <= MAX_LEVELS {
            for node in self.children.iter().flat_map(|(_, nodes)| nodes) {
                node.walk(level + 1, found);
            }
        }
    }
}

fn push_nodes(out: &mut String, nodes: &[TreeNode]) {
    out.push_str("{\"records\":[");
    for (place, node) in nodes.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        node.push(out);
    }
    out.push_str("]}");
}

/// What became of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TreeOutcome {
    /// Every record was made; the ids by reference.
    Created(BTreeMap<String, RecordId>),
    /// No record was made; the errors of those that are to blame, by reference.
    Refused(BTreeMap<String, Vec<ApiError>>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    has_errors: bool,
    #[serde(default)]
    results: Vec<NodeResult>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NodeResult {
    #[serde(default)]
    reference_id: String,
    id: Option<String>,
    #[serde(default)]
    errors: Vec<ApiError>,
}

impl Client {
    /// Creates trees of one object, all or none.
    pub async fn create_trees(
        &self,
        object: &str,
        nodes: &[TreeNode],
        creation: Creation,
    ) -> Result<TreeOutcome, SfdcError> {
        let references =
            check(nodes).map_err(|detail| SfdcError::Unfit { operation: OPERATION.into(), detail })?;
        let mut body = String::new();
        push_nodes(&mut body, nodes);
        let url = self.versioned(&format!("/composite/tree/{}", identifier(object)?))?;
        let about: Vec<String> = references.iter().map(|name| (*name).to_owned()).collect();
        let call = Call::new(OPERATION, creation.effect()).about(about);
        let response = self.ask(Ask::new(call, Method::POST, &url, Some(Bytes::from(body)))).await?;
        let refused = response.status() == StatusCode::BAD_REQUEST;
        if !refused && !response.status().is_success() {
            return Err(self.failure(OPERATION, &response));
        }
        match json::<Answer>(OPERATION, &response) {
            Ok(answer) if answer.has_errors => {
                let blamed = answer.results.into_iter().filter(|result| !result.errors.is_empty());
                Ok(TreeOutcome::Refused(blamed.map(|result| (result.reference_id, result.errors)).collect()))
            }
            Ok(answer) => created(&references, answer.results),
            // A refusal of the whole call has the form of all others.
            Err(_) if refused => Err(self.failure(OPERATION, &response)),
            Err(error) => Err(error),
        }
    }
}

fn created(references: &BTreeSet<&str>, results: Vec<NodeResult>) -> Result<TreeOutcome, SfdcError> {
    let told = results
        .into_iter()
        .filter_map(|result| Some((result.reference_id, RecordId::parse(&result.id?).ok()?)));
    let ids: BTreeMap<String, RecordId> = told.collect();
    if ids.len() == references.len() && ids.keys().all(|name| references.contains(name.as_str())) {
        return Ok(TreeOutcome::Created(ids));
    }
    let detail = format!("{} ids for {} records", ids.len(), references.len());
    Err(SfdcError::Malformed { operation: OPERATION.into(), detail })
}

/// The references of all records, if the API would take them.
fn check(nodes: &[TreeNode]) -> Result<BTreeSet<&str>, String> {
    let mut found = Vec::new();
    for node in nodes {
        node.walk(1, &mut found);
    }
    if found.is_empty() || found.len() > MAX_RECORDS {
        return Err(format!("{} records; a call takes 1 to {MAX_RECORDS}", found.len()));
    }
    if found.iter().any(|(level, _)| *level > MAX_LEVELS) {
        return Err(format!("the tree has more than {MAX_LEVELS} levels"));
    }
    let types: BTreeSet<&str> = found.iter().map(|(_, node)| node.body.attributes()).collect();
    if types.len() > MAX_TYPES {
        return Err(format!("{} objects; a call takes {MAX_TYPES}", types.len()));
    }
    let mut references = BTreeSet::new();
    for (_, node) in &found {
        let name = node.reference.as_str();
        if name.is_empty() || !references.insert(name) {
            return Err(format!("the reference {name:?} is empty or stands twice"));
        }
    }
    Ok(references)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use wire::Effect;
    use wire::scripted::{self, Scripted, answer};

    use super::*;
    use crate::ErrorClass;

    fn org(status: u16, body: &str) -> (Client, Arc<Scripted>) {
        let org = Scripted::new(&scripted::clock(), Duration::ZERO, vec![Ok(answer(status, &[], body))]);
        let base = "https://acme.my.salesforce.com".parse().expect("a URL");
        (Client::new(org.clone(), &base, "64.0"), org)
    }

    fn tree() -> Vec<TreeNode> {
        let node = |reference: &str, object: &str, name: &str| {
            let mut body = RecordBody::new(object);
            body.text("Name", name);
            TreeNode::new(reference, body)
        };
        vec![node("a", "Account", "@{x}").children("Contacts", vec![node("c", "Contact", "C")])]
    }

    #[tokio::test(start_paused = true)]
    async fn a_tree_is_made_whole_or_not_at_all() {
        let made = r#"{"hasErrors":false,"results":[{"referenceId":"c","id":"003A0000006Vm9rIAC"},{"referenceId":"a","id":"001A0000006Vm9rIAC"}]}"#;
        let (client, org) = org(201, made);
        let outcome = client.create_trees("Account", &tree(), Creation::Plain).await.expect("an outcome");
        let TreeOutcome::Created(ids) = outcome else { panic!("{outcome:?}") };
        assert_eq!(ids["a"].as_str(), "001A0000006Vm9rIAC");
        let seen = org.seen();
        let (_, request) = &seen[0];
        assert_eq!(request.uri().path(), "/services/data/v64.0/composite/tree/Account");
        assert_eq!(request.extensions().get::<Call>().expect("a call").effect, Effect::Append);
        assert_eq!(
            std::str::from_utf8(request.body()).expect("UTF-8"),
            r#"{"records":[{"attributes":{"type":"Account","referenceId":"a"},"Name":"@{x}","Contacts":{"records":[{"attributes":{"type":"Contact","referenceId":"c"},"Name":"C"}]}}]}"#
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_tree_says_who_is_to_blame() {
        let refused = r#"{"hasErrors":true,"results":[{"referenceId":"c","errors":[{"statusCode":"INVALID_EMAIL_ADDRESS","message":"m","fields":["Email"]}]}]}"#;
        let outcome =
            org(400, refused).0.create_trees("Account", &tree(), Creation::Unique).await.expect("an outcome");
        let TreeOutcome::Refused(errors) = outcome else { panic!("{outcome:?}") };
        assert_eq!(errors["c"][0].verdict().class, ErrorClass::Data);
        let whole = r#"[{"errorCode":"INVALID_TYPE","message":"no such object"}]"#;
        let error =
            org(400, whole).0.create_trees("Account", &tree(), Creation::Plain).await.expect_err("refused");
        assert!(matches!(&error, SfdcError::Api(failure) if failure.class == ErrorClass::Access), "{error}");
        let short = r#"{"hasErrors":false,"results":[{"referenceId":"a","id":"001A0000006Vm9rIAC"}]}"#;
        let error =
            org(201, short).0.create_trees("Account", &tree(), Creation::Plain).await.expect_err("unknown");
        assert!(error.may_have_acted());
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_api_would_refuse_is_not_sent() {
        let (client, org) = org(201, "{}");
        let leaf = |name: &str| TreeNode::new(name, RecordBody::new("Account"));
        let deep =
            (1..6).fold(leaf("n0"), |node, number| leaf(&format!("n{number}")).children("X", vec![node]));
        let many = (0..201).map(|number| leaf(&format!("n{number}"))).collect();
        let types = (0..6)
            .map(|number| TreeNode::new(&format!("n{number}"), RecordBody::new(&format!("T{number}"))))
            .collect();
        for nodes in [vec![], vec![leaf("a"), leaf("a")], vec![leaf("")], vec![deep], many, types] {
            client.create_trees("Account", &nodes, Creation::Plain).await.expect_err("refused");
        }
        assert_eq!(org.count(), 0);
    }
}
