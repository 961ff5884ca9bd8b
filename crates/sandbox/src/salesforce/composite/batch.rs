//! Batches: requests that know nothing of each other.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use wire::{Request, Response};

use super::{MOST, too_many};
use crate::salesforce::call::Call;
use crate::salesforce::members::json_body;
use crate::salesforce::problem::{Problem, answer};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Batch<'a> {
    #[serde(default)]
    halt_on_error: bool,
    #[serde(borrow)]
    batch_requests: Vec<Single<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Single<'a> {
    method: String,
    url: String,
    #[serde(borrow)]
    rich_input: Option<&'a RawValue>,
}

impl Call<'_> {
    pub(super) fn run_batch(&mut self, request: &Request) -> Result<Response, Problem> {
        let batch: Batch<'_> = json_body(request)?;
        if batch.batch_requests.is_empty() || batch.batch_requests.len() > MOST {
            return Err(too_many("subrequests", MOST));
        }
        let (mut results, mut failed) = (Vec::new(), false);
        for single in &batch.batch_requests {
            if failed && batch.halt_on_error {
                let message = "The batch was halted because an earlier request failed";
                let problem = Problem::bad("BATCH_PROCESSING_HALTED", message);
                results.push(json!({ "statusCode": 412, "result": [problem.item()] }));
                continue;
            }
            self.state.store.next_commit();
            let url = format!(
                "/services/data/{}",
                single.url.trim_start_matches("/services/data/").trim_start_matches('/')
            );
            let body = single.rich_input.map_or("", RawValue::get).to_owned();
            let response = self
                .inner(request, (&single.method, &url), &BTreeMap::new(), body)
                .unwrap_or_else(|problem| problem.response());
            failed |= response.status().as_u16() >= 300;
            let result: Value = serde_json::from_slice(response.body()).unwrap_or_default();
            results.push(json!({ "statusCode": response.status().as_u16(), "result": result }));
        }
        Ok(answer(StatusCode::OK, &json!({ "hasErrors": failed, "results": results })))
    }
}
