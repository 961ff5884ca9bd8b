//! Batches: requests that know nothing of each other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use wire::{Request, Response};

use super::{MOST, raw, raw_body, too_many, whole};
use crate::salesforce::call::Call;
use crate::salesforce::members::json_body;
use crate::salesforce::problem::Problem;

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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SingleAnswer {
    status_code: u16,
    result: Box<RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchAnswer {
    has_errors: bool,
    results: Vec<SingleAnswer>,
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
                results.push(SingleAnswer { status_code: 412, result: raw(&[problem.item()]) });
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
            let status_code = response.status().as_u16();
            results.push(SingleAnswer { status_code, result: raw_body(&response) });
        }
        Ok(whole(&BatchAnswer { has_errors: failed, results }))
    }
}
