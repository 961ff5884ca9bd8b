//! Tests of subscriptions against a server by script: what is asked for, and what is believed.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use wire::scripted::{self, Scripted, Step, answer};
use wire::{Response, SeededEntropy};

use crate::events::protocol::*;
use crate::events::*;

#[expect(clippy::unnecessary_wraps, reason = "a step of a script may be an error too")]
fn says(message: &impl Message) -> Step {
    Ok(Response::new(Bytes::from(message.encode_to_vec())))
}

fn topic() -> Step {
    says(&TopicInfo { can_subscribe: true, ..TopicInfo::default() })
}

fn quiet(place: u8, pending: i32) -> Step {
    says(&FetchResponse {
        latest_replay_id: vec![place],
        pending_num_requested: pending,
        ..FetchResponse::default()
    })
}

fn unreadable(place: u8) -> Step {
    let event = ProducerEvent { id: "e1".into(), schema_id: "s1".into(), payload: vec![1] };
    says(&FetchResponse {
        events: vec![ConsumerEvent { event: Some(event), replay_id: vec![place] }],
        latest_replay_id: vec![place],
        ..FetchResponse::default()
    })
}

fn subscriber(steps: Vec<Step>, place: Option<Place>) -> (Subscriber, Arc<Scripted>) {
    let clock = scripted::clock();
    let org = Scripted::new(&clock, Duration::ZERO, steps);
    let endpoint = PUBSUB.parse().expect("a URL");
    let subscriber = Subscriber::new(SubscriberParts {
        line: EventLine::new(org.clone(), &endpoint, clock.clone()),
        topic: Topic::standard(),
        place,
        clock,
        entropy: Arc::new(SeededEntropy::new(1)),
        settings: SubscriberSettings { window: 10, ..SubscriberSettings::default() },
    });
    (subscriber, org)
}

/// What was asked on the stream: preset, place, and how many; nothing for a mere wait.
fn asked(org: &Scripted) -> Vec<Option<(i32, Vec<u8>, i32)>> {
    let fetches = org.seen();
    let fetches = fetches.iter().filter(|(_, request)| request.uri().path().ends_with("/Subscribe"));
    fetches
        .map(|(_, request)| {
            let fetch = FetchRequest::decode(request.body().as_ref()).expect("a fetch");
            let empty = request.body().is_empty();
            (!empty).then_some((fetch.replay_preset, fetch.replay_id, fetch.num_requested))
        })
        .collect()
}

fn place(replay: u8) -> Place {
    Place { replay: ReplayId::new([replay]), told: jiff::Timestamp::UNIX_EPOCH }
}

#[tokio::test(start_paused = true)]
async fn more_is_asked_for_when_nothing_is_awaited() {
    let steps = vec![topic(), quiet(2, 10), quiet(3, 0), quiet(4, 10), quiet(5, 10)];
    let (mut subscriber, org) = subscriber(steps, Some(place(1)));
    let mut places = Vec::new();
    for _ in 0..4 {
        let Notice::Batch(batch) = subscriber.next().await else { panic!("a stream") };
        assert!(batch.is_quiet());
        places.push(subscriber.keep(batch).replay.as_bytes()[0]);
    }
    assert_eq!(places, [2, 3, 4, 5]);
    let first = Some((2, vec![1], 10));
    assert_eq!(asked(&org), [first, None, Some((0, Vec::new(), 10)), None]);
}

#[tokio::test(start_paused = true)]
async fn a_broken_stream_is_resumed_at_the_kept_place() {
    let broken = || Ok(answer(503, &[("grpc-status", "14")], ""));
    let steps = vec![topic(), quiet(2, 10), quiet(3, 10), broken(), broken(), broken(), quiet(4, 10)];
    let (mut subscriber, org) = subscriber(steps, Some(place(1)));
    let Notice::Batch(kept) = subscriber.next().await else { panic!("a stream") };
    subscriber.keep(kept);
    let Notice::Batch(_not_kept) = subscriber.next().await else { panic!("a stream") };
    for poll_instead in [false, false, true] {
        let Notice::Down(down) = subscriber.next().await else { panic!("broken") };
        assert_eq!((down.failure.class, down.poll_instead), (EventFailureClass::Transient, poll_instead));
        assert!(down.pause > Duration::ZERO && down.pause <= Duration::from_secs(4));
    }
    let Notice::Batch(batch) = subscriber.next().await else { panic!("a stream") };
    assert!(batch.missed.is_empty());
    assert_eq!(asked(&org).last(), Some(&Some((2, vec![2], 10))));
}

#[tokio::test(start_paused = true)]
async fn a_schema_that_does_not_come_is_tried_again_and_then_missed() {
    let none = || Ok(answer(503, &[("grpc-status", "14")], ""));
    let round = || vec![unreadable(2), none()];
    let steps = [vec![topic()], round(), round(), round(), vec![quiet(3, 10)]].concat();
    let (mut subscriber, org) = subscriber(steps, Some(place(1)));
    for _ in 0..2 {
        assert!(matches!(subscriber.next().await, Notice::Down(_)));
    }
    let Notice::Batch(batch) = subscriber.next().await else { panic!("given up") };
    assert!(matches!(batch.missed[..], [Missed { cause: MissedCause::Undecodable(_), .. }]));
    assert_eq!(asked(&org).len(), 3);
    assert_eq!(subscriber.keep(batch).replay.as_bytes(), [2]);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_answer_is_not_believed() {
    let garbage = || Ok(Response::new(Bytes::from_static(b"\xff\xff\xff")));
    let nowhere = says(&FetchResponse::default());
    for step in [garbage(), nowhere] {
        let (mut subscriber, _) = subscriber(vec![topic(), step], Some(place(1)));
        let Notice::Down(down) = subscriber.next().await else { panic!("believed") };
        assert_eq!(down.failure.class, EventFailureClass::Malformed, "{}", down.failure);
    }
    let (mut subscriber, _) = subscriber(vec![says(&TopicInfo::default())], None);
    let Notice::Down(down) = subscriber.next().await else { panic!("not ours") };
    assert_eq!((down.failure.class, down.poll_instead), (EventFailureClass::Topic, true));
}

/// A session that is refused five times in a row needs somebody to look.
#[tokio::test(start_paused = true)]
async fn a_refused_session_is_not_tried_for_ever() {
    let code = "sfdc.platform.eventbus.grpc.service.auth.error";
    let refused = Ok(answer(401, &[("grpc-status", "16"), ("error-code", code)], ""));
    let (mut subscriber, _) = subscriber(vec![refused], None);
    for number in 1..=6 {
        let Notice::Down(down) = subscriber.next().await else { panic!("refused") };
        assert_eq!((down.failure.class, down.poll_instead), (EventFailureClass::Session, true));
        assert_eq!(down.pause >= Duration::from_secs(3_600), number >= 5, "{number}");
    }
}

/// A place that the org has forgotten is no end: the stream goes on with what is new, and tells that there
/// is a hole to be filled by asking.
#[tokio::test(start_paused = true)]
async fn a_forgotten_place_is_told_as_a_hole_and_the_stream_goes_on() {
    let code = "sfdc.platform.eventbus.grpc.subscription.fetch.replayid.corrupted";
    let forgotten = Ok(answer(400, &[("grpc-status", "3"), ("error-code", code)], ""));
    let (mut subscriber, org) = subscriber(vec![topic(), forgotten, quiet(9, 10)], Some(place(1)));
    let Notice::Down(down) = subscriber.next().await else { panic!("forgotten") };
    assert_eq!((down.failure.class, down.pause), (EventFailureClass::Place, Duration::ZERO));
    let Notice::Batch(batch) = subscriber.next().await else { panic!("a stream") };
    assert!(matches!(batch.missed[0].cause, MissedCause::PlaceLost(_)), "{:?}", batch.missed);
    assert_eq!(asked(&org).last(), Some(&Some((0, Vec::new(), 10))), "from now on");
}
