//! Graphs: each one is written as a whole or not at all, whatever becomes of the others.

use serde::{Deserialize, Serialize};
use wire::{Request, Response};

use super::reference::names;
use super::{Answers, CompositeAnswer, Part, check, halt, too_many, whole};
use crate::salesforce::call::Call;
use crate::salesforce::members::json_body;
use crate::salesforce::problem::Problem;

/// Most nodes in a call, over all graphs.
const MOST_NODES: usize = 500;
/// Most graphs in a call.
const MOST_GRAPHS: usize = 75;
/// Most nodes on the way from one to another that it needs.
const DEEPEST: usize = 15;
/// After so many failed graphs the others are not tried.
const MOST_FAILED: usize = 14;

#[derive(Deserialize)]
struct Graphs<'a> {
    #[serde(borrow)]
    graphs: Vec<Graph<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Graph<'a> {
    graph_id: String,
    #[serde(borrow)]
    composite_request: Vec<Part<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownGraph<'a> {
    graph_id: &'a str,
    graph_response: CompositeAnswer<'a>,
    is_successful: bool,
}

#[derive(Serialize)]
struct GraphsAnswer<'a> {
    graphs: Vec<ShownGraph<'a>>,
}

impl Call<'_> {
    pub(super) fn run_graphs(&mut self, request: &Request) -> Result<Response, Problem> {
        let Graphs { graphs } = json_body(request)?;
        if graphs.is_empty() || graphs.len() > MOST_GRAPHS {
            return Err(too_many("graphs", MOST_GRAPHS));
        }
        let nodes: usize = graphs.iter().map(|graph| graph.composite_request.len()).sum();
        if nodes > MOST_NODES {
            return Err(too_many("nodes", MOST_NODES));
        }
        for graph in &graphs {
            check(&graph.composite_request, MOST_NODES)?;
            graph.check_nodes()?;
        }
        let (mut done_with, mut failed) = (Vec::new(), 0);
        for graph in &graphs {
            let (answers, done) =
                if failed < MOST_FAILED { self.run_graph(request, graph) } else { (graph.halted(), false) };
            failed += usize::from(!done);
            done_with.push((graph, answers, done));
        }
        let shown = done_with.iter().map(|(graph, answers, done)| graph.shown(answers, *done));
        Ok(whole(&GraphsAnswer { graphs: shown.collect() }))
    }

    /// Runs the nodes in the order in which they need each other.
    fn run_graph(&mut self, request: &Request, graph: &Graph<'_>) -> (Answers, bool) {
        self.state.store.begin();
        let mut answers = Answers::new();
        let mut waiting: Vec<&Part<'_>> = graph.composite_request.iter().collect();
        while !waiting.is_empty() {
            let ready = waiting.iter().position(|part| {
                part.needs().iter().all(|name| !waiting.iter().any(|other| other.reference_id == **name))
            });
            // In a circle nobody is ready: the first one says so.
            let part = waiting.remove(ready.unwrap_or(0));
            let answered = self.part(request, part, &answers);
            let over = answered.failed();
            answers.insert(part.reference_id.clone(), answered);
            if over {
                break;
            }
        }
        for part in waiting {
            answers.insert(part.reference_id.clone(), halt());
        }
        let done = self.close(true, &mut answers);
        (answers, done)
    }
}

impl Graph<'_> {
    /// Only records are nodes, and none is too far from what it needs.
    fn check_nodes(&self) -> Result<(), Problem> {
        for part in &self.composite_request {
            let path = part.url.split('?').next().unwrap_or_default();
            if !path.contains("/sobjects/") || path.contains("/composite/") || path.ends_with("/describe") {
                let message = format!("graphs have only records as nodes, not {path}");
                return Err(Problem::bad("INVALID_INPUT", message));
            }
            if self.depth(part, 0) > DEEPEST {
                return Err(too_many("levels", DEEPEST));
            }
        }
        Ok(())
    }

    fn depth(&self, part: &Part<'_>, above: usize) -> usize {
        if above > DEEPEST {
            return above;
        }
        let needs = part.needs();
        let needed =
            self.composite_request.iter().filter(|other| needs.contains(&other.reference_id.as_str()));
        needed.map(|other| self.depth(other, above + 1)).max().unwrap_or(above + 1)
    }

    fn halted(&self) -> Answers {
        self.composite_request.iter().map(|part| (part.reference_id.clone(), halt())).collect()
    }

    fn shown<'s>(&'s self, answers: &'s Answers, done: bool) -> ShownGraph<'s> {
        let graph_response = CompositeAnswer::of(&self.composite_request, answers);
        ShownGraph { graph_id: &self.graph_id, graph_response, is_successful: done }
    }
}

impl Part<'_> {
    fn needs(&self) -> Vec<&str> {
        let body = self.body.map_or("", |body| body.get());
        names(&self.url).into_iter().chain(names(body)).collect()
    }
}
