//! Composite: up to 25 parts that run one after the other and count as one call.
//!
//! Rules: REST API Developer Guide, "Composite": at most 25 parts, of which at most five may be
//! collections or queries; later parts may use the answers of earlier ones (`@{reference.id}`); the
//! answer is HTTP 200 whatever became of the parts.

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use wire::{Call, Evidence};

use crate::client::json;
use crate::part::{Part, PartAnswer, PartOutcome, check_references, outcomes};
use crate::{Client, SfdcError, Together};

/// The most parts in a call.
pub const MAX_PARTS: usize = 25;
/// The most collections and queries among them.
pub const MAX_HEAVY: usize = 5;

/// The outcome of each part, and the audit entry of the answer, if it was recorded.
pub(crate) type Recorded = (Vec<PartOutcome>, Option<u64>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    composite_response: Vec<PartAnswer>,
}

impl Client {
    /// Sends parts as one composite call; one outcome for each, in order. `call` names the operation
    /// and the records, and says what sending it twice would do.
    ///
    /// ```
    /// # use std::{sync::Arc, time::Duration};
    /// # use wire::{Call, Effect, scripted::{self, Scripted}};
    /// use sfdc_client::{Client, Part, PartOutcome, RecordBody, Together};
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// # let answer = r#"{"compositeResponse":[
    /// #   {"body":{"id":"001A0000006Vm9rIAC","success":true,"errors":[]},"httpHeaders":{},"httpStatusCode":201,"referenceId":"acme"},
    /// #   {"body":{"id":"003A0000006Vm9rIAC","success":true,"errors":[]},"httpHeaders":{},"httpStatusCode":201,"referenceId":"jo"}]}"#;
    /// # let org = Scripted::new(&scripted::clock(), Duration::ZERO, vec![Ok(scripted::answer(200, &[], answer))]);
    /// # let base = "https://acme.my.salesforce.com".parse()?;
    /// let client = Client::new(org.clone(), &base, "64.0");
    /// let mut account = RecordBody::new("Account");
    /// account.text("Name", "Acme");
    /// let mut contact = RecordBody::new("Contact");
    /// contact.text("LastName", "Doe");
    /// contact.id_of("AccountId", "acme");
    /// let parts = [Part::create("acme", "Account", &account)?, Part::create("jo", "Contact", &contact)?];
    /// let call = Call::new("salesforce.new_customer", Effect::Append).about(vec!["1000".to_owned()]);
    /// let outcomes = client.composite(call, &parts, Together::AllOrNone).await?;
    /// assert!(matches!(&outcomes[1], PartOutcome::Done(answer) if answer.id().is_some()));
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn composite(
        &self,
        call: Call,
        parts: &[Part],
        together: Together,
    ) -> Result<Vec<PartOutcome>, SfdcError> {
        self.composite_recorded(call, parts, together).await.map(|(outcomes, _)| outcomes)
    }

    /// The same, with the audit entry of the answer.
    pub(crate) async fn composite_recorded(
        &self,
        call: Call,
        parts: &[Part],
        together: Together,
    ) -> Result<Recorded, SfdcError> {
        let operation = call.operation;
        check(parts).map_err(|detail| SfdcError::Unfit { operation: operation.into(), detail })?;
        let length =
            parts.iter().map(|part| part.body.as_ref().map_or(0, String::len) + part.path.len() + 120).sum();
        let mut body = String::with_capacity(length);
        push_opening(&mut body, together);
        for (place, part) in parts.iter().enumerate() {
            if place > 0 {
                body.push(',');
            }
            part.push(&mut body, self);
        }
        body.push_str("]}");
        let references = parts.iter().map(|part| part.reference.as_str());
        self.send_composite(call, body, references).await
    }

    /// Sends a finished body; one outcome for each reference.
    pub(crate) async fn send_composite<'a>(
        &self,
        call: Call,
        body: String,
        references: impl Iterator<Item = &'a str>,
    ) -> Result<Recorded, SfdcError> {
        let operation = call.operation;
        let url = self.versioned("/composite")?;
        let response = self.send(call, Method::POST, &url, Some(Bytes::from(body))).await?;
        let answer: Answer = json(operation, &response)?;
        let evidence = response.extensions().get::<Evidence>().map(|evidence| evidence.0);
        let outcomes = outcomes(references, answer.composite_response, (operation, self.errors()));
        Ok((outcomes, evidence))
    }
}

/// Writes the body of a composite call up to its first part.
pub(crate) fn push_opening(out: &mut String, together: Together) {
    out.push_str(match together {
        Together::Each => "{\"allOrNone\":false,\"compositeRequest\":[",
        Together::AllOrNone => "{\"allOrNone\":true,\"compositeRequest\":[",
    });
}

fn check(parts: &[Part]) -> Result<(), String> {
    let heavy = parts.iter().filter(|part| part.is_heavy()).count();
    if parts.is_empty() || parts.len() > MAX_PARTS {
        return Err(format!("{} parts; a composite call takes 1 to {MAX_PARTS}", parts.len()));
    }
    if heavy > MAX_HEAVY {
        return Err(format!("{heavy} collections and queries; a composite call takes {MAX_HEAVY}"));
    }
    check_references(parts.iter())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use wire::Effect;
    use wire::scripted::{self, Scripted, answer};

    use super::*;
    use crate::{ErrorClass, RecordBody, RecordId, RowAt, Select};

    fn org(status: u16, body: &str) -> (Client, Arc<Scripted>) {
        let org = Scripted::new(&scripted::clock(), Duration::ZERO, vec![Ok(answer(status, &[], body))]);
        let base = "https://acme.my.salesforce.com".parse().expect("a URL");
        (Client::new(org.clone(), &base, "64.0"), org)
    }

    fn call() -> Call {
        Call::new("test.composite", Effect::Put)
    }

    #[tokio::test(start_paused = true)]
    async fn parts_are_told_by_their_reference() {
        let (client, org) = org(
            200,
            r#"{"compositeResponse":[
            {"body":[{"errorCode":"PROCESSING_HALTED","message":"m"}],"httpHeaders":{},"httpStatusCode":400,"referenceId":"b"},
            {"body":null,"httpHeaders":{"Location":"/x"},"httpStatusCode":204,"referenceId":"a"},
            {"body":null,"httpHeaders":{},"httpStatusCode":204,"referenceId":"d"},
            {"body":null,"httpHeaders":{},"httpStatusCode":204,"referenceId":"d"},
            {"body":["/services/data/v64.0/sobjects/Account/001A0000006Vm9rIAC"],"httpHeaders":{},"httpStatusCode":300,"referenceId":"e"}]}"#,
        );
        let id = RecordId::parse("001A0000006Vm9rIAC").expect("an id");
        let part = |name: &str| Part::delete(name, &RowAt::id("Account", &id)).expect("a part");
        let first = part("a").header("If-Match", "\"x\"");
        let parts = [first, part("b"), part("c"), part("d"), part("e")];
        let outcomes = client.composite(call(), &parts, Together::AllOrNone).await.expect("outcomes");
        assert!(matches!(&outcomes[0], PartOutcome::Done(answer) if answer.headers["Location"] == "/x"));
        assert!(
            matches!(&outcomes[1], PartOutcome::Failed(failure) if failure.class == ErrorClass::Collateral)
        );
        assert!(matches!(outcomes[2], PartOutcome::Missing));
        assert!(matches!(outcomes[3], PartOutcome::Missing), "two answers for one part");
        assert!(
            matches!(&outcomes[4], PartOutcome::Failed(failure) if failure.class == ErrorClass::Identity)
        );
        let seen = org.seen();
        let body = std::str::from_utf8(seen[0].1.body()).expect("UTF-8");
        let wanted = r#"{"allOrNone":true,"compositeRequest":[{"method":"DELETE","url":"/services/data/v64.0/sobjects/Account/001A0000006Vm9rIAC","referenceId":"a","httpHeaders":{"If-Match":"\"x\""}},{"method":"DELETE""#;
        assert!(body.starts_with(wanted), "{body}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_api_would_refuse_is_not_sent() {
        let (client, org) = org(200, "{}");
        let body = RecordBody::new("Account");
        let create = |name: String| Part::create(&name, "Account", &body).expect("a part");
        let select = Select::from("Account", ["Id"]).expect("names");
        let query = |name: String| Part::query(&name, &select).expect("a part");
        for parts in [
            vec![],
            (0..26).map(|number| create(format!("p{number}"))).collect(),
            (0..6).map(|number| query(format!("q{number}"))).collect(),
            vec![create("a".into()), create("a".into())],
            vec![create("1".into())],
        ] {
            client.composite(call(), &parts, Together::Each).await.expect_err("refused");
        }
        assert_eq!(org.count(), 0);
    }
}
