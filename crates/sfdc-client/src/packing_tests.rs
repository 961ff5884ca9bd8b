//! Tests of packing: how many calls, what they hold, and whose result is whose.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::value::RawValue;
use wire::scripted::{self, answer};
use wire::{Call, Clock, Effect, HttpTransport, Request, Response, TransportError, TransportErrorKind};

use crate::packing::*;
use crate::{Client, Item, RecordBody, RecordResult, SfdcError, UpsertKey};

const KEY: UpsertKey<'_> = UpsertKey { object: "Account", field: "IFS_Key__c", case_sensitive: true };

/// An org that writes everything, except where it is told otherwise.
#[derive(Debug)]
struct Org {
    clock: Arc<dyn Clock>,
    /// For each record.
    slow: Duration,
    calls: std::sync::Mutex<Vec<(String, usize)>>,
    /// What a part answers instead.
    trouble: fn(call: usize, part: usize) -> Trouble,
}

#[derive(PartialEq)]
enum Trouble {
    None,
    Refused,
    Unanswered,
    Short,
    Lost,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Composite<'a> {
    #[serde(borrow)]
    composite_request: Vec<SubRequest<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubRequest<'a> {
    reference_id: &'a str,
    method: &'a str,
    url: &'a str,
    #[serde(borrow)]
    body: &'a RawValue,
}

#[derive(Deserialize)]
struct Collection {
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "IFS_Key__c")]
    key: String,
}

/// Each record's id is made of its key.
fn results(body: &str) -> (usize, Vec<String>) {
    let collection: Collection = serde_json::from_str(body).expect("a collection");
    let result = |record: &Record| {
        format!(r#"{{"id":"001{:0>12}AAA","success":true,"errors":[],"created":true}}"#, &record.key[1..])
    };
    (collection.records.len(), collection.records.iter().map(result).collect())
}

impl Org {
    fn answer(&self, call: usize, path: &str, body: &str) -> (usize, Result<Response, TransportError>) {
        if !path.ends_with("/composite") {
            let (count, results) = results(body);
            return (count, Ok(answer(200, &[], &format!("[{}]", results.join(",")))));
        }
        let composite: Composite<'_> = serde_json::from_str(body).expect("a composite call");
        let mut count = 0;
        let mut parts = Vec::new();
        let mut lost = false;
        for (place, part) in composite.composite_request.iter().enumerate() {
            assert!(
                matches!(
                    (part.method, part.url),
                    ("PATCH", "/services/data/v64.0/composite/sobjects/Account/IFS_Key__c")
                        | ("POST", "/services/data/v64.0/composite/sobjects")
                ),
                "{} {}",
                part.method,
                part.url
            );
            let (records, mut results) = results(part.body.get());
            count += records;
            let trouble = (self.trouble)(call, place);
            let reference = part.reference_id;
            let (status, body) = match trouble {
                Trouble::Lost => {
                    lost = true;
                    continue;
                }
                Trouble::Unanswered => continue,
                Trouble::Refused => {
                    (400, r#"[{"errorCode":"INVALID_FIELD","message":"No such column"}]"#.to_owned())
                }
                Trouble::Short => (200, format!("[{}]", results.split_off(1).join(","))),
                Trouble::None => (200, format!("[{}]", results.join(","))),
            };
            parts.push(format!(
                r#"{{"body":{body},"httpHeaders":{{}},"httpStatusCode":{status},"referenceId":"{reference}"}}"#
            ));
        }
        if lost {
            return (count, Err(TransportError::new(TransportErrorKind::Unknown, "reading", "reset")));
        }
        // Parts are told by their reference, not by their order.
        parts.reverse();
        (count, Ok(answer(200, &[], &format!(r#"{{"compositeResponse":[{}]}}"#, parts.join(",")))))
    }
}

#[async_trait]
impl HttpTransport for Org {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let call = request.extensions().get::<Call>().expect("a call");
        assert_eq!(call.effect, Effect::Append);
        let path = request.uri().path().to_owned();
        let number = self.calls.lock().expect("a lock").len();
        let (count, response) =
            self.answer(number, &path, std::str::from_utf8(request.body()).expect("UTF-8"));
        assert_eq!(call.records.len(), count);
        self.calls.lock().expect("a lock").push((path, count));
        self.clock.sleep(self.slow * u32::try_from(count).expect("a small number")).await;
        response
    }
}

fn org(slow: Duration, trouble: fn(usize, usize) -> Trouble) -> (Packer, Arc<Org>) {
    let clock = scripted::clock();
    let org = Arc::new(Org { clock: clock.clone(), slow, calls: std::sync::Mutex::default(), trouble });
    let base = "https://acme.my.salesforce.com".parse().expect("a URL");
    (Packer::new(Client::new(org.clone(), &base, "64.0"), clock, 1), org)
}

struct Load {
    keys: Vec<String>,
    bodies: Vec<RecordBody>,
}

impl Load {
    fn new(count: usize) -> Self {
        let keys: Vec<String> = (0..count).map(|number| format!("K{number}")).collect();
        let body = |key: &String| {
            let mut body = RecordBody::new("Account");
            body.text("IFS_Key__c", key);
            body
        };
        Self { bodies: keys.iter().map(body).collect(), keys }
    }

    fn items(&self) -> Vec<Item<'_>> {
        self.keys.iter().zip(&self.bodies).map(|(key, body)| Item::new(key, body)).collect()
    }
}

fn is_own(result: &Packed, number: usize) -> bool {
    let wanted = format!("001{number:0>12}AAA");
    matches!(result, Ok(RecordResult::Done { id, created: true }) if *id == wanted)
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_take_little_more_than_a_hundred_calls() {
    let load = Load::new(100_000);
    // However many calls are open: an org that nobody knows is asked one at a time.
    for (concurrency, milliseconds, most) in [(8, 1, 101), (8, 100, 300)] {
        let (packer, org) = org(Duration::from_millis(milliseconds), |_, _| Trouble::None);
        let packer = Packer::new(packer.client, org.clock.clone(), concurrency);
        let results = packer.upsert(&load.items(), KEY).await.expect("results");
        assert!(results.iter().enumerate().all(|(number, result)| is_own(result, number)));
        let calls = org.calls.lock().expect("a lock");
        assert!(calls.len() <= most, "{}: with the look-ups, 120 at most", calls.len());
        let counts: Vec<usize> = calls.iter().map(|(_, count)| *count).collect();
        assert_eq!(counts.iter().sum::<usize>(), 100_000);
        let longest = counts.iter().max().copied().unwrap_or_default() as u64 * milliseconds;
        assert!(counts[0] == 400 && longest <= 40_000, "{counts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn records_are_made_in_packs_too() {
    let (packer, org) = org(Duration::ZERO, |_, _| Trouble::None);
    let load = Load::new(1_000);
    let results = packer.create(&load.items()).await.expect("results");
    assert!(results.iter().enumerate().all(|(number, result)| is_own(result, number)));
    assert_eq!(org.calls.lock().expect("a lock").len(), 2, "400, then the rest");
}

#[tokio::test(start_paused = true)]
async fn a_slow_org_gets_smaller_packs_and_every_record_its_own_result() {
    let (packer, org) = org(Duration::from_millis(300), |_, _| Trouble::None);
    let load = Load::new(1_000);
    let results = packer.upsert(&load.items(), KEY).await.expect("results");
    assert!(results.iter().enumerate().all(|(number, result)| is_own(result, number)));
    let counts: Vec<usize> = org.calls.lock().expect("a lock").iter().map(|(_, count)| *count).collect();
    assert_eq!(counts, [400, 200, 200, 200], "120 s, then at most 60 s");
}

#[tokio::test(start_paused = true)]
async fn a_part_in_trouble_leaves_the_others_alone() {
    let (packer, _) = org(Duration::ZERO, |call, part| match (call, part) {
        (1, 0) => Trouble::Refused,
        (1, 1) => Trouble::Unanswered,
        (2, 3) => Trouble::Short,
        _ => Trouble::None,
    });
    let load = Load::new(400 + 800 + 1_000);
    let results = packer.upsert(&load.items(), KEY).await.expect("results");
    for (number, result) in results.iter().enumerate() {
        match number {
            400..600 => {
                assert!(matches!(result, Err(error) if !error.may_have_acted()), "{number}: {result:?}");
            }
            600..800 | 1800..2000 => {
                assert!(matches!(result, Ok(RecordResult::Missing)), "{number}: {result:?}");
            }
            _ => assert!(is_own(result, number), "{number}: {result:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_pack_is_unknown_and_the_next_ones_are_smaller() {
    let (packer, org) = org(Duration::ZERO, |call, _| if call == 0 { Trouble::Lost } else { Trouble::None });
    let load = Load::new(700);
    let results = packer.upsert(&load.items(), KEY).await.expect("results");
    assert!(results[..400].iter().all(|result| matches!(result, Err(error) if error.may_have_acted())));
    assert!(results[400..].iter().enumerate().all(|(number, result)| is_own(result, number + 400)));
    let counts: Vec<usize> = org.calls.lock().expect("a lock").iter().map(|(_, count)| *count).collect();
    assert_eq!(counts, [400, 200, 100]);
}

#[tokio::test(start_paused = true)]
async fn values_that_a_composite_call_would_replace_travel_in_a_collection() {
    let (packer, org) = org(Duration::ZERO, |_, _| Trouble::None);
    let mut load = Load::new(400);
    load.bodies[7].text("Name", "@{c1.id}");
    let results = packer.upsert(&load.items(), KEY).await.expect("results");
    assert!(results.iter().enumerate().all(|(number, result)| is_own(result, number)));
    let calls = org.calls.lock().expect("a lock");
    let (base, path) =
        ("/services/data/v64.0/composite", "/services/data/v64.0/composite/sobjects/Account/IFS_Key__c");
    assert_eq!(*calls, [(base.to_owned(), 399), (path.to_owned(), 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_stands_twice_stops_everything_before_it_starts() {
    let (packer, org) = org(Duration::ZERO, |_, _| Trouble::None);
    let mut load = Load::new(900);
    load.keys[899] = "K0".to_owned();
    let error = packer.upsert(&load.items(), KEY).await.expect_err("refused");
    assert!(matches!(error, SfdcError::Unfit { .. }));
    assert!(org.calls.lock().expect("a lock").is_empty());
    assert!(packer.upsert(&[], KEY).await.expect("nothing to do").is_empty());
}
