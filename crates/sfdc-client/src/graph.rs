//! Composite graphs: many small transactions in one call, such as an order with its lines.
//!
//! Rules: REST API Developer Guide, "Composite Graph": at most 75 graphs and 500 parts in a call;
//! each graph is done whole or not at all; a graph reaches at most 15 parts deep; only records.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use wire::Call;

use crate::client::json;
use crate::codes::ErrorClass;
use crate::error::ApiFailure;
use crate::part::{Part, PartAnswer, PartOutcome, check_references, outcomes};
use crate::record_body::{MARKER, push_json};
use crate::{Client, SfdcError};

/// The most graphs in a call.
pub const MAX_GRAPHS: usize = 75;
/// The most parts in a call, of all graphs together.
pub const MAX_NODES: usize = 500;
/// How far references may lead.
pub const MAX_DEPTH: usize = 15;

/// Parts that are done together or not at all.
///
/// ```
/// use sfdc_client::{Graph, Part, RecordBody, RowAt};
/// let mut order = RecordBody::new("Order");
/// order.text("Status", "Draft");
/// let mut line = RecordBody::new("OrderItem");
/// line.plain("Quantity", 3);
/// line.id_of("OrderId", "order");
/// let graph = Graph::new("po1000")
///     .part(Part::upsert("order", &RowAt::external("Order", "IFS_Key__c", "1000"), &order)?)
///     .part(Part::upsert("line1", &RowAt::external("OrderItem", "IFS_Key__c", "1000-1"), &line)?);
/// assert_eq!(graph.parts().len(), 2);
/// # Ok::<(), sfdc_client::SfdcError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Graph {
    id: String,
    parts: Vec<Part>,
}

impl Graph {
    /// An empty graph. Its name is unique in its call: letters, digits and `_`, a letter first.
    pub fn new(id: &str) -> Self {
        Self { id: id.to_owned(), parts: Vec::new() }
    }

    /// Adds a part.
    pub fn part(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }

    /// Its parts.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// How far its references lead, or what is wrong with it.
    fn depth(&self) -> Result<usize, String> {
        check_references(self.parts.iter())?;
        if let Some(part) = self.parts.iter().find(|part| !part.path.starts_with("/sobjects/")) {
            return Err(format!("graph {}: {} is no record", self.id, part.reference));
        }
        let mut depths: BTreeMap<&str, usize> = BTreeMap::new();
        for part in &self.parts {
            let mut depth = 1;
            for name in references(part.body.as_deref().unwrap_or_default()) {
                let known = depths.get(name).ok_or_else(|| {
                    format!(
                        "graph {}: {} refers to {name}, which does not come before it",
                        self.id, part.reference
                    )
                })?;
                depth = depth.max(known + 1);
            }
            depths.insert(&part.reference, depth);
        }
        Ok(depths.into_values().max().unwrap_or_default())
    }

    fn push(&self, out: &mut String, client: &Client) {
        out.push_str("{\"graphId\":");
        push_json(out, &self.id);
        out.push_str(",\"compositeRequest\":[");
        for (place, part) in self.parts.iter().enumerate() {
            if place > 0 {
                out.push(',');
            }
            part.push(out, client);
        }
        out.push_str("]}");
    }
}

/// The parts that a body refers to.
fn references(body: &str) -> impl Iterator<Item = &str> {
    body.split(MARKER).skip(1).filter_map(|rest| rest.split(['.', '}']).next())
}

/// What became of a graph.
#[derive(Debug, Clone)]
pub enum GraphOutcome {
    /// All parts were done; their answers, in order.
    Done(Vec<PartAnswer>),
    /// Nothing of it was done.
    Failed(GraphFailure),
    /// The answer does not speak of it, or not of all of its parts: nobody knows.
    Missing,
}

/// Why nothing of a graph was done.
#[derive(Debug, Clone)]
pub struct GraphFailure {
    /// The part that is to blame, and its error; `None` if another graph or the org is.
    pub culprit: Option<(String, Box<ApiFailure>)>,
    /// The outcomes of its parts, in order.
    pub parts: Vec<PartOutcome>,
}

#[derive(Deserialize)]
struct Answer {
    graphs: Vec<GraphAnswer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GraphAnswer {
    graph_id: String,
    graph_response: Option<GraphResponse>,
    is_successful: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GraphResponse {
    #[serde(default)]
    composite_response: Vec<PartAnswer>,
}

impl Client {
    /// Sends graphs in one call; one outcome for each, in order. `call` names the operation and the
    /// records, and says what sending it twice would do. [`fill`] says how many fit.
    pub async fn graphs(&self, call: Call, graphs: &[Graph]) -> Result<Vec<GraphOutcome>, SfdcError> {
        let operation = call.operation;
        check(graphs).map_err(|detail| SfdcError::Unfit { operation: operation.into(), detail })?;
        let mut body = String::from("{\"graphs\":[");
        for (place, graph) in graphs.iter().enumerate() {
            if place > 0 {
                body.push(',');
            }
            graph.push(&mut body, self);
        }
        body.push_str("]}");
        let url = self.versioned("/composite/graph")?;
        let response = self.send(call, Method::POST, &url, Some(Bytes::from(body))).await?;
        let answer: Answer = json(operation, &response)?;
        let mut by_id: BTreeMap<String, Option<GraphAnswer>> = BTreeMap::new();
        for answer in answer.graphs {
            by_id.entry(answer.graph_id.clone()).and_modify(|known| *known = None).or_insert(Some(answer));
        }
        let outcome = |graph: &Graph| match by_id.remove(&graph.id).flatten() {
            Some(answer) => self.graph_outcome(operation, graph, answer),
            None => GraphOutcome::Missing,
        };
        Ok(graphs.iter().map(outcome).collect())
    }

    fn graph_outcome(&self, operation: &str, graph: &Graph, answer: GraphAnswer) -> GraphOutcome {
        let answers = answer.graph_response.map(|response| response.composite_response).unwrap_or_default();
        let references = graph.parts.iter().map(|part| part.reference.as_str());
        let parts = outcomes(references, answers, (operation, self.errors()));
        if !answer.is_successful {
            let culprit = graph.parts.iter().zip(&parts).find_map(|(part, outcome)| match outcome {
                PartOutcome::Failed(failure) if failure.class != ErrorClass::Collateral => {
                    Some((part.reference.clone(), failure.clone()))
                }
                _ => None,
            });
            return GraphOutcome::Failed(GraphFailure { culprit, parts });
        }
        let done = |outcome| match outcome {
            PartOutcome::Done(answer) => Some(answer),
            PartOutcome::Failed(_) | PartOutcome::Missing => None,
        };
        // "Successful" with a part that is not says nothing that could be relied upon.
        parts.into_iter().map(done).collect::<Option<_>>().map_or(GraphOutcome::Missing, GraphOutcome::Done)
    }
}

fn check(graphs: &[Graph]) -> Result<(), String> {
    let nodes: usize = graphs.iter().map(|graph| graph.parts.len()).sum();
    if graphs.is_empty() || graphs.len() > MAX_GRAPHS {
        return Err(format!("{} graphs; a call takes 1 to {MAX_GRAPHS}", graphs.len()));
    }
    if nodes > MAX_NODES {
        return Err(format!("{nodes} parts; a call takes {MAX_NODES}"));
    }
    let mut ids = BTreeSet::new();
    for graph in graphs {
        let named = graph.id.starts_with(|first: char| first.is_ascii_alphabetic())
            && graph.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !named || !ids.insert(&graph.id) {
            return Err(format!("{:?} is no name for a graph, or stands twice", graph.id));
        }
        let depth = graph.depth()?;
        if depth > MAX_DEPTH || graph.parts.is_empty() {
            return Err(format!("graph {} is {depth} parts deep; 1 to {MAX_DEPTH} are allowed", graph.id));
        }
    }
    Ok(())
}

/// How graphs of so many parts are spread over calls, in order: each range is one call.
///
/// ```
/// let lines = [6; 100];
/// assert_eq!(sfdc_client::graph::fill(&lines), [0..75, 75..100]);
/// ```
pub fn fill(parts: &[usize]) -> Vec<Range<usize>> {
    let mut calls = Vec::new();
    let (mut start, mut nodes) = (0, 0);
    for (place, count) in parts.iter().enumerate() {
        let full = place - start == MAX_GRAPHS || nodes + count > MAX_NODES;
        if full && place > start {
            calls.push(start..place);
            (start, nodes) = (place, 0);
        }
        nodes += count;
    }
    if start < parts.len() {
        calls.push(start..parts.len());
    }
    calls
}
