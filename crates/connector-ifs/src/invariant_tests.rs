//! More invariants of the walk: bounded memory and work, clocks that are wrong, nights on which
//! clocks change.

use std::time::Duration;

use proptest::prelude::*;
use sync_engine::{Page, Source};

use crate::IfsSource;
use crate::detection::SweepSettings;
use crate::entity_settings::EntitySettings;
use crate::fake_ifs::{BASE, Edit, FakeIfs, World};
use crate::replica::{Replica, W, block_on, fake, settings, source, source_of};
use crate::time_zone::{TimeZonePolicy, Zone};

/// Pulls one run and hands every page to `look`.
fn pages(source: &IfsSource, replica: &mut Replica, mut look: impl FnMut(&Page)) {
    loop {
        let page = block_on(source.pull(replica.cursor.as_ref())).unwrap();
        look(&page);
        let more = page.more;
        replica.take(page).unwrap();
        if !more {
            return;
        }
    }
}

/// The longest cursor of a first walk over so many rows.
fn longest_cursor(rows: usize, settings: EntitySettings) -> usize {
    let mut world = World { now: 1_000, ..World::default() };
    for n in 0..rows {
        world.put(&format!("K{n:06}"), Some(500));
    }
    let fake = fake(world);
    let source = source_of(&fake, settings);
    let (mut replica, mut longest) = (Replica::default(), 0);
    pages(&source, &mut replica, |page| {
        assert!(page.observations.len() <= 20);
        longest = longest.max(page.cursor.0.len());
    });
    assert_eq!(replica.rows.len(), rows);
    longest
}

/// X8: what is held at once is a page and a cursor of constant size, however many rows there are.
#[test]
fn x8_memory_is_a_page_and_a_short_cursor() {
    let grown = |settings: EntitySettings, rows| {
        longest_cursor(rows, settings.clone()).saturating_sub(longest_cursor(50, settings))
    };
    assert!(grown(settings(20), 5_000) < 20);
    // Who has to find deletions remembers every row, which the measure sees.
    let remembering = EntitySettings { sweep: Some(SweepSettings::default()), ..settings(20) };
    assert!(grown(remembering, 500) > 500);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// X9: a row is read once for its change and once more for each poll whose overlap reaches it.
    #[test]
    fn x9_no_row_is_read_more_often_than_the_overlap_asks(gap in 10_i64..200, edits in 1_usize..40) {
        let read = read_for(gap, edits, settings(10));
        prop_assert!(read <= most_reads(gap, edits), "{read} for {edits}");
        prop_assert!(read >= edits - 1);
    }

    /// X13: what is delivered does not depend on what any clock shows.
    #[test]
    fn x13_clocks_that_are_all_wrong_change_nothing(
        shift in prop_oneof![Just(0_i64), -50_000_000_i64..50_000_000],
        edits in proptest::collection::vec((0_u8..20, 1_u8..90), 1..40),
    ) {
        prop_assert_eq!(told(&edits, shift, 0), told(&edits, 0, 0));
    }
}

/// How many rows are read while so many are edited, one a poll.
fn read_for(gap: i64, edits: usize, settings: EntitySettings) -> usize {
    let fake = fake(World { now: 1_000, ..World::default() });
    let source = source_of(&fake, settings);
    let mut replica = Replica::default();
    pages(&source, &mut replica, |_| {});
    let mut read = 0;
    for n in 0..edits {
        {
            let mut world = fake.0.lock().unwrap();
            let now = world.now;
            world.put(&format!("K{n:03}"), Some(now));
            world.pass(gap);
        }
        pages(&source, &mut replica, |page| read += page.observations.len());
    }
    read
}

/// Positions before the newest row by up to W are asked for again.
fn most_reads(gap: i64, edits: usize) -> usize {
    edits * usize::try_from(2 + W / gap).unwrap()
}

/// What is delivered, page by page, with all clocks ahead by `shift`, and the rows' behind by `lag`.
fn told(edits: &[(u8, u8)], shift: i64, lag: i64) -> (Vec<Vec<String>>, usize) {
    let fake = fake(World { now: 60_000_000 + shift, ..World::default() });
    let source = source(&fake, 5);
    let mut replica = Replica::default();
    let mut told = Vec::new();
    for (key, pause) in edits {
        pages(&source, &mut replica, |page| {
            told.push(page.observations.iter().map(|row| row.key().to_string()).collect());
        });
        let mut world = fake.0.lock().unwrap();
        let now = world.now;
        world.put(&format!("K{key:02}"), Some(now - lag));
        world.pass(i64::from(*pause));
        // Whose stamps lag behind loses them as soon as others do not.
        world.put("K99", Some(now));
    }
    (told, replica.rows.len())
}

#[test]
fn x9_and_x13_are_measures_that_can_fail() {
    let far = EntitySettings { overlap: Duration::from_hours(1), ..settings(10) };
    assert!(read_for(100, 30, far) > most_reads(100, 30), "an overlap that is too long is seen");
    let edits: Vec<(u8, u8)> = (0..20).map(|n| (n, 60)).collect();
    assert_ne!(told(&edits, 0, 5_000), told(&edits, 0, 0), "a clock that is wrong alone is seen");
}

/// An edit every few minutes of a night; the server shows what its wall clock shows, with a `Z`.
fn night(zone_name: &str, from: &str, policy: TimeZonePolicy) -> Result<usize, String> {
    let zone = jiff::tz::TimeZone::get(zone_name).unwrap();
    let start: jiff::Timestamp = from.parse().unwrap();
    let seconds = |at: jiff::Timestamp| at.as_second() - BASE;
    let wall =
        |at: jiff::Timestamp| seconds(jiff::tz::Offset::UTC.to_timestamp(zone.to_datetime(at)).unwrap());
    let mut world = World { now: seconds(start) - 600, ..World::default() };
    for n in 0..90_i64 {
        let at = start + Duration::from_secs(u64::try_from(n * 240).unwrap());
        let late = (n % 4) * 30;
        let edit = Edit { key: format!("K{:02}", n % 37), at: Some(wall(at)), visible: seconds(at) + late };
        world.coming.push(edit);
    }
    let fake = fake(world);
    let source = source_of(&fake, EntitySettings { time_zone: policy, ..settings(7) });
    walk_the_night(&source, &fake)
}

fn walk_the_night(source: &IfsSource, fake: &FakeIfs) -> Result<usize, String> {
    let mut replica = Replica::default();
    for _ in 0..90 {
        loop {
            let page = block_on(source.pull(replica.cursor.as_ref())).map_err(|error| error.to_string())?;
            let more = page.more;
            replica.take(page)?;
            if !more {
                break;
            }
        }
        fake.0.lock().unwrap().pass(300);
    }
    replica.compare(fake)?;
    Ok(replica.rows.len())
}

/// X14: nights on which clocks are set back and forward, in zones that do so by an hour or by half
/// of one, lose nothing.
#[test]
fn x14_nights_on_which_clocks_change_lose_nothing() {
    for (zone, from) in [
        ("Europe/Stockholm", "2026-10-24T22:00:00Z"),
        ("Europe/Stockholm", "2026-03-28T22:00:00Z"),
        ("America/New_York", "2026-11-01T03:00:00Z"),
        ("America/New_York", "2026-03-08T04:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T12:30:00Z"),
        ("Australia/Lord_Howe", "2026-10-03T12:30:00Z"),
    ] {
        let policy = TimeZonePolicy::Zone(Zone::try_from(zone.to_owned()).unwrap());
        assert_eq!(night(zone, from, policy), Ok(37), "{zone} {from}");
    }
    // Who believes the `Z` west of Greenwich loses the hour that comes twice: the night can tell.
    let believed = night("America/New_York", "2026-11-01T03:00:00Z", TimeZonePolicy::Utc);
    assert!(believed.is_err(), "{believed:?}");
}
