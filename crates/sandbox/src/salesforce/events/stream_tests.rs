//! Tests of streams of events: what is asked for comes, and nothing else; places live three days.

use std::sync::Arc;
use std::time::Duration;

use super::message::{CUSTOM, EARLIEST, Fetch, Fetched, LATEST};
use super::status::Status;
use super::stream::{Next, Stream};
use crate::ServerClock;
use crate::manual_clock::ManualClock;
use crate::salesforce::session::User;
use crate::salesforce::{SalesforceSandbox, SalesforceSettings};

fn org() -> (Arc<ManualClock>, SalesforceSandbox) {
    let clock = Arc::new(ManualClock::at("2026-03-01T10:00:00Z"));
    let org = SalesforceSandbox::new(ServerClock::new(clock.clone()), SalesforceSettings::default());
    (clock, org)
}

fn fetch(topic: &str, preset: i32, replay_id: &[u8], count: i32) -> Fetch {
    Fetch {
        topic_name: topic.to_owned(),
        replay_preset: preset,
        replay_id: replay_id.to_vec(),
        num_requested: count,
    }
}

fn open(org: &SalesforceSandbox, preset: i32, replay_id: &[u8], count: i32) -> Result<Stream, Status> {
    Stream::open(org, User::Integration, &fetch("/data/AccountChangeEvent", preset, replay_id, count))
}

fn message(stream: &mut Stream, org: &SalesforceSandbox) -> Fetched {
    match stream.next(org) {
        Next::Message(message) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_more_events_come_than_were_asked_for() {
    let (clock, org) = org();
    let mut stream = open(&org, LATEST, b"", 2).expect("a stream");
    assert_eq!(stream.next(&org), Next::Nothing);
    for number in 0..5 {
        org.human_insert(&[("Name", &format!("A{number}"))]);
    }
    let first = message(&mut stream, &org);
    assert_eq!((first.events.len(), first.pending_num_requested), (2, 0));
    assert_eq!(stream.next(&org), Next::Nothing, "nothing was asked for");
    stream.more(&org, &fetch("", LATEST, b"", 1_000)).expect("more");
    let second = message(&mut stream, &org);
    assert_eq!((second.events.len(), second.pending_num_requested), (3, 97), "at most 100 are asked for");
    assert_eq!(stream.more(&org, &fetch("/data/ChangeEvents", LATEST, b"", 1)), Err(Status::other_topic()));
    clock.advance(Duration::from_secs(269));
    assert_eq!(stream.next(&org), Next::Nothing);
    clock.advance(Duration::from_secs(1));
    let sign = message(&mut stream, &org);
    assert_eq!((sign.events.len(), sign.latest_replay_id), (0, second.latest_replay_id));
}

#[test]
fn a_stream_on_which_nothing_is_asked_for_ends() {
    let (clock, org) = org();
    let mut stream = open(&org, LATEST, b"", 1).expect("a stream");
    org.human_insert(&[("Name", "x")]);
    message(&mut stream, &org);
    clock.advance(Duration::from_secs(59));
    assert_eq!(stream.next(&org), Next::Nothing);
    clock.advance(Duration::from_secs(1));
    assert_eq!(stream.next(&org), Next::End(Status::ok()));
}

#[test]
fn a_place_lives_three_days_and_in_its_own_topic_and_org() {
    let (clock, org) = org();
    org.human_insert(&[("Name", "first")]);
    let all = message(&mut open(&org, EARLIEST, b"", 100).expect("a stream"), &org);
    let place = all.latest_replay_id;
    org.human_insert(&[("Name", "second")]);
    let mut stream = open(&org, CUSTOM, &place, 100).expect("a stream");
    assert_eq!(message(&mut stream, &org).events.len(), 1);
    let other = fetch("/data/ChangeEvents", CUSTOM, &place, 100);
    assert_eq!(Stream::open(&org, User::Integration, &other).err(), Some(Status::place_lost()));
    org.switch(|switches| switches.events.generation = 1);
    assert_eq!(open(&org, CUSTOM, &place, 100).err(), Some(Status::place_lost()));
    org.switch(|switches| switches.events.generation = 0);
    clock.advance(Duration::from_hours(73));
    assert_eq!(open(&org, CUSTOM, &place, 100).err(), Some(Status::place_lost()));
    let unknown = fetch("/data/NobodyChangeEvent", LATEST, b"", 1);
    assert_eq!(Stream::open(&org, User::Integration, &unknown).err(), Some(Status::no_topic()));
}

#[test]
fn a_day_has_so_many_deliveries() {
    let clock = Arc::new(ManualClock::at("2026-03-01T10:00:00Z"));
    let settings = SalesforceSettings { daily_events: 1, ..SalesforceSettings::default() };
    let org = SalesforceSandbox::new(ServerClock::new(clock.clone()), settings);
    let mut stream = open(&org, LATEST, b"", 100).expect("a stream");
    org.human_insert(&[("Name", "x")]);
    let place = message(&mut stream, &org).latest_replay_id;
    org.human_insert(&[("Name", "y")]);
    assert_eq!(stream.next(&org), Next::End(Status::exhausted()));
    clock.advance(Duration::from_hours(25));
    let mut stream = open(&org, CUSTOM, &place, 100).expect("a stream");
    assert_eq!(message(&mut stream, &org).events.len(), 1);
}
