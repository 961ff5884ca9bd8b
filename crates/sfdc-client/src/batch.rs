//! Batch: up to 25 independent requests in one round trip; each counts as a call of its own.
//!
//! Rules: REST API Developer Guide, "Batch". Parts cannot use each other's answers, and each is
//! done or not, whatever becomes of the others.

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde_json::value::RawValue;
use wire::Call;

use crate::client::json;
use crate::composite::MAX_PARTS;
use crate::part::{Part, PartAnswer, PartOutcome};
use crate::record_body::push_json;
use crate::{Client, SfdcError};

/// What happens after a part failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AfterFailure {
    /// The others are done.
    #[default]
    GoOn,
    /// The later ones are not (`haltOnError`); they fail with `BATCH_PROCESSING_HALTED`.
    Halt,
}

#[derive(Deserialize)]
struct Answer {
    results: Vec<PlaceAnswer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlaceAnswer {
    status_code: u16,
    result: Option<Box<RawValue>>,
}

impl Client {
    /// Sends parts as one batch; one outcome for each, in order. `call` names the operation and the
    /// records, and says what sending it twice would do.
    pub async fn batch(
        &self,
        call: Call,
        parts: &[Part],
        after: AfterFailure,
    ) -> Result<Vec<PartOutcome>, SfdcError> {
        let operation = call.operation;
        if parts.is_empty() || parts.len() > MAX_PARTS {
            let detail = format!("{} parts; a batch takes 1 to {MAX_PARTS}", parts.len());
            return Err(SfdcError::Unfit { operation: operation.into(), detail });
        }
        let mut body = format!("{{\"haltOnError\":{},\"batchRequests\":[", after == AfterFailure::Halt);
        for (place, part) in parts.iter().enumerate() {
            if place > 0 {
                body.push(',');
            }
            self.push_batched(&mut body, part);
        }
        body.push_str("]}");
        let url = self.versioned("/composite/batch")?;
        let response = self.send(call, Method::POST, &url, Some(Bytes::from(body))).await?;
        let answer: Answer = json(operation, &response)?;
        // Answers are told by their order alone: a wrong number of them says nothing.
        if answer.results.len() != parts.len() {
            return Ok(parts.iter().map(|_| PartOutcome::Missing).collect());
        }
        let outcome = |(part, answer): (&Part, PlaceAnswer)| {
            let body = answer.result.unwrap_or_else(|| RawValue::NULL.to_owned());
            let headers = std::collections::BTreeMap::new();
            let reference = part.reference.clone();
            let answer = PartAnswer { reference, status: answer.status_code, headers, body: body.into() };
            answer.outcome(operation, self.errors())
        };
        Ok(parts.iter().zip(answer.results).map(outcome).collect())
    }

    fn push_batched(&self, out: &mut String, part: &Part) {
        let path = self.versioned_path(&part.path);
        out.push_str("{\"method\":\"");
        out.push_str(part.method.as_str());
        out.push_str("\",\"url\":");
        // Batches name their parts from the version on: `v64.0/…`.
        push_json(out, path.strip_prefix("/services/data/").unwrap_or(&path));
        if let Some(body) = &part.body {
            out.push_str(",\"richInput\":");
            out.push_str(body);
        }
        out.push('}');
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use wire::Effect;
    use wire::scripted::{self, Scripted, answer};

    use super::*;
    use crate::{ErrorClass, RecordBody, RecordId, RowAt};

    fn org(body: &str) -> (Client, Arc<Scripted>) {
        let org = Scripted::new(&scripted::clock(), Duration::ZERO, vec![Ok(answer(200, &[], body))]);
        let base = "https://acme.my.salesforce.com".parse().expect("a URL");
        (Client::new(org.clone(), &base, "64.0"), org)
    }

    fn parts() -> Vec<Part> {
        let id = RecordId::parse("001A0000006Vm9rIAC").expect("an id");
        let mut body = RecordBody::new("Account");
        body.text("Name", "x");
        vec![
            Part::update("a", ("Account", &id), &body).expect("a part"),
            Part::read("b", &RowAt::id("Account", &id), &["Name"]).expect("a part"),
            Part::delete("c", &RowAt::id("Account", &id)).expect("a part"),
        ]
    }

    #[tokio::test(start_paused = true)]
    async fn parts_are_told_by_their_order() {
        let halted = r#"[{"errorCode":"BATCH_PROCESSING_HALTED","message":"m"}]"#;
        let deleted = r#"[{"errorCode":"ENTITY_IS_DELETED","message":"m"}]"#;
        let (client, org) = org(&format!(
            r#"{{"hasErrors":true,"results":[{{"statusCode":204,"result":null}},{{"statusCode":404,"result":{deleted}}},{{"statusCode":412,"result":{halted}}}]}}"#
        ));
        let call = || Call::new("test.batch", Effect::Append);
        let outcomes = client.batch(call(), &parts(), AfterFailure::Halt).await.expect("outcomes");
        assert!(matches!(&outcomes[0], PartOutcome::Done(answer) if answer.status == 204));
        assert!(matches!(&outcomes[1], PartOutcome::Failed(failure) if failure.class == ErrorClass::Stale));
        assert!(
            matches!(&outcomes[2], PartOutcome::Failed(failure) if failure.class == ErrorClass::Collateral)
        );
        let body = org.seen()[0].1.body().clone();
        assert_eq!(
            std::str::from_utf8(&body).expect("UTF-8"),
            r#"{"haltOnError":true,"batchRequests":[{"method":"PATCH","url":"v64.0/sobjects/Account/001A0000006Vm9rIAC","richInput":{"Name":"x"}},{"method":"GET","url":"v64.0/sobjects/Account/001A0000006Vm9rIAC?fields=Name"},{"method":"DELETE","url":"v64.0/sobjects/Account/001A0000006Vm9rIAC"}]}"#
        );
        let (client, _) = self::org(r#"{"hasErrors":false,"results":[{"statusCode":204,"result":null}]}"#);
        let outcomes = client.batch(call(), &parts(), AfterFailure::GoOn).await.expect("outcomes");
        assert!(outcomes.iter().all(|outcome| matches!(outcome, PartOutcome::Missing)));
        client.batch(call(), &[], AfterFailure::GoOn).await.expect_err("nothing to do");
    }
}
