//! Tests of graphs: what is sent, and whose outcome is whose.

use std::sync::Arc;
use std::time::Duration;

use wire::scripted::{self, Scripted, answer};
use wire::{Call, Effect};

use crate::graph::*;
use crate::{Client, Creation, ErrorClass, Part, RecordBody, RowAt, SfdcError};

fn org(body: &str) -> (Client, Arc<Scripted>) {
    let org = Scripted::new(&scripted::clock(), Duration::ZERO, vec![Ok(answer(200, &[], body))]);
    let base = "https://acme.my.salesforce.com".parse().expect("a URL");
    (Client::new(org.clone(), &base, "64.0"), org)
}

fn call() -> Call {
    Call::new("test.graph", Effect::Append)
}

fn order(id: &str) -> Graph {
    let mut order = RecordBody::new("Order");
    order.text("Status", "Draft");
    let mut line = RecordBody::new("OrderItem");
    line.plain("Quantity", 3);
    line.id_of("OrderId", "order");
    Graph::new(id)
        .part(Part::upsert("order", &RowAt::external("Order", "K__c", id), &order).expect("a part"))
        .part(Part::upsert("line", &RowAt::external("OrderItem", "K__c", "l/1"), &line).expect("a part"))
}

fn part(reference: &str, status: u16, body: &str) -> String {
    format!(r#"{{"body":{body},"httpHeaders":{{}},"httpStatusCode":{status},"referenceId":"{reference}"}}"#)
}

fn graph(id: &str, successful: bool, parts: &[String]) -> String {
    format!(
        r#"{{"graphId":"{id}","graphResponse":{{"compositeResponse":[{}]}},"isSuccessful":{successful}}}"#,
        parts.join(",")
    )
}

const MADE: &str = r#"{"id":"801A0000006Vm9rIAC","success":true,"errors":[],"created":true}"#;
const HALTED: &str = r#"[{"errorCode":"PROCESSING_HALTED","message":"The transaction was rolled back since another operation in the same transaction failed."}]"#;
const LONG: &str = r#"[{"errorCode":"STRING_TOO_LONG","message":"m","fields":["Description"]}]"#;

#[tokio::test(start_paused = true)]
async fn each_graph_has_its_own_outcome() {
    let answer = [
        // Not in order, on purpose.
        graph("b", false, &[part("order", 400, HALTED), part("line", 400, LONG)]),
        graph("a", true, &[part("line", 201, MADE), part("order", 200, MADE)]),
        graph("c", true, &[part("order", 201, MADE)]),
        graph("d", false, &[part("order", 400, HALTED), part("line", 400, HALTED)]),
    ];
    let (client, org) = org(&format!(r#"{{"graphs":[{}]}}"#, answer.join(",")));
    let graphs = ["a", "b", "c", "d", "e"].map(order);
    let outcomes = client.graphs(call(), &graphs).await.expect("outcomes");
    let GraphOutcome::Done(answers) = &outcomes[0] else { panic!("{:?}", outcomes[0]) };
    assert_eq!((answers[0].reference.as_str(), answers[0].status, answers[1].status), ("order", 200, 201));
    assert_eq!(answers[0].id().expect("an id").as_str(), "801A0000006Vm9rIAC");
    let GraphOutcome::Failed(failure) = &outcomes[1] else { panic!("{:?}", outcomes[1]) };
    let (culprit, error) = failure.culprit.as_ref().expect("a culprit");
    assert_eq!((culprit.as_str(), error.class), ("line", ErrorClass::Data));
    assert!(matches!(outcomes[2], GraphOutcome::Missing), "a part is not told");
    assert!(matches!(&outcomes[3], GraphOutcome::Failed(failure) if failure.culprit.is_none()));
    assert!(matches!(outcomes[4], GraphOutcome::Missing));
    let seen = org.seen();
    let (_, request) = &seen[0];
    assert_eq!(request.uri().path(), "/services/data/v64.0/composite/graph");
    let body = std::str::from_utf8(request.body()).expect("UTF-8");
    let first = r#"{"graphs":[{"graphId":"a","compositeRequest":[{"method":"PATCH","url":"/services/data/v64.0/sobjects/Order/K__c/a","referenceId":"order","body":{"Status":"Draft"}},{"method":"PATCH","url":"/services/data/v64.0/sobjects/OrderItem/K__c/l%2F1","referenceId":"line","body":{"Quantity":3,"OrderId":"@{order.id}"}}]},"#;
    assert!(body.starts_with(first), "{body}");
    assert!(serde_json::from_str::<serde::de::IgnoredAny>(body).is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_the_api_would_refuse_is_not_sent() {
    let (client, org) = org("{}");
    let body = RecordBody::new("Account");
    let account = |reference: &str| Part::create(reference, "Account", &body).expect("a part");
    let chain = |length: usize| {
        (0..length).fold(Graph::new("g"), |graph, number| {
            let mut body = RecordBody::new("Account");
            if number > 0 {
                body.id_of("ParentId", &format!("p{}", number - 1));
            }
            graph.part(Part::create(&format!("p{number}"), "Account", &body).expect("a part"))
        })
    };
    let many = (0..501).fold(Graph::new("g"), |graph, number| graph.part(account(&format!("p{number}"))));
    let select = crate::Select::from("Account", ["Id"]).expect("names");
    let mut ahead = RecordBody::new("Account");
    ahead.id_of("ParentId", "later");
    for graphs in [
        vec![],
        vec![Graph::new("g")],
        vec![order("a"), order("a")],
        vec![order("1a")],
        vec![many],
        (0..76).map(|number| order(&format!("g{number}"))).collect(),
        vec![Graph::new("g").part(account("x")).part(account("x"))],
        vec![Graph::new("g").part(account("x.y"))],
        vec![Graph::new("g").part(Part::query("q", &select).expect("a part"))],
        vec![
            Graph::new("g")
                .part(Part::create("a", "Account", &ahead).expect("a part"))
                .part(account("later")),
        ],
        vec![chain(16)],
    ] {
        let shown = format!("{:.200}", format!("{graphs:?}"));
        let error = client.graphs(call(), &graphs).await.expect_err(&shown);
        assert!(matches!(error, SfdcError::Unfit { .. }), "{shown}: {error}");
    }
    assert_eq!(org.count(), 0);
    client.graphs(call(), &[chain(15)]).await.expect_err("sent, and answered by nonsense");
    assert_eq!(org.count(), 1);
    // A value of a record that the server would replace.
    let mut trap = RecordBody::new("Account");
    trap.text("Name", "@{order.id}");
    Part::create("a", "Account", &trap).expect_err("a value like an expression");
    Part::delete("a", &RowAt::external("Account", "K__c", "@{order.id}")).expect_err("in a URL too");
    assert_eq!(Creation::Unique.effect(), Effect::Put);
}

#[test]
fn a_thousand_orders_of_five_lines_take_fourteen_calls() {
    let calls = fill(&[6; 1_000]);
    assert_eq!(calls.len(), 14);
    assert_eq!(calls.iter().map(std::iter::ExactSizeIterator::len).sum::<usize>(), 1_000);
    assert_eq!(fill(&[200, 200, 200, 500, 1]), [0..2, 2..3, 3..4, 4..5]);
    assert_eq!(fill(&[600, 1]), [0..1, 1..2], "too large alone: the check says so");
    assert!(fill(&[]).is_empty());
}
