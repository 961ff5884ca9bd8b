//! Events and schemas that lie.

use sfdc_client::events::{MissedCause, MissedRecords, Notice, Place, ReplayId, Topic};

use crate::org::Org;

#[tokio::test(start_paused = true)]
async fn attack_35_an_event_that_cannot_be_read_is_missed_and_not_skipped() {
    for swapped in [false, true] {
        let org = Org::new();
        let mut subscriber = org.subscriber(Topic::standard(), None);
        let Notice::Batch(first) = subscriber.next().await else { panic!("a stream") };
        subscriber.keep(first);
        if swapped {
            // Another schema comes under the id that was asked for.
            org.sandbox.human_create("Contact", &[("LastName", "Ek")]).expect("made");
            let Notice::Batch(told) = subscriber.next().await else { panic!("a stream") };
            subscriber.keep(told);
        }
        org.sandbox.switch(|switches| {
            switches.events.garbled = u32::from(!swapped);
            switches.events.swaps_schemas = swapped;
        });
        org.insert("unreadable");
        org.sandbox.switch(|switches| switches.events.swaps_schemas = swapped);
        let Notice::Batch(told) = subscriber.next().await else { panic!("a stream") };
        let [missed] = &told.missed[..] else { panic!("{:?}", told.missed) };
        assert!(matches!(missed.cause, MissedCause::Undecodable(_)), "{missed}");
        assert_eq!((missed.records.clone(), missed.since.is_some()), (MissedRecords::Changed, true));
        assert!(told.events.is_empty());
        // The stream goes on behind it.
        subscriber.keep(told);
        org.sandbox.switch(|switches| switches.events.swaps_schemas = false);
        org.sandbox.human_create("Contact", &[("LastName", "Li")]).expect("made");
        let Notice::Batch(told) = subscriber.next().await else { panic!("a stream") };
        assert_eq!(told.events.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn attack_35_a_place_of_another_org_or_topic_is_lost_and_nothing_else() {
    let org = Org::new();
    let told = org.clock.now();
    for bytes in [&b"\x00"[..], &[0xff; 300], &[0; 12]] {
        let place = Place { replay: ReplayId::new(bytes), told };
        let mut subscriber = org.subscriber(Topic::standard(), Some(place));
        assert!(matches!(subscriber.next().await, Notice::Down(down) if down.pause.is_zero()));
        let Notice::Batch(first) = subscriber.next().await else { panic!("a stream") };
        assert!(matches!(first.missed[0].cause, MissedCause::PlaceLost(_)));
    }
}
