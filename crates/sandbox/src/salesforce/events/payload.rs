//! Changes as payloads of events.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use rust_decimal::prelude::ToPrimitive as _;

use super::datum::Datum;
use super::layout::{KINDS, Layout, Slot};
use crate::salesforce::changes::{Change, ChangeKind};
use crate::salesforce::record::{Cell, Record};
use crate::salesforce::schema::{Column, Kind, Users};

/// What of a change is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telling {
    Whole,
    /// Only that something was done.
    Gap,
    /// Only that a transaction was too large.
    Overflow,
    /// Without the records.
    Unlisted,
    /// Twice.
    Twice,
    /// Damaged.
    Garbled,
}

/// One or more changes alike of one transaction, for one subscriber.
pub(crate) struct Payload<'a> {
    pub(crate) changes: &'a [Change],
    pub(crate) telling: Telling,
    pub(crate) layout: &'a Layout,
    /// Fields that are told although they did not change.
    pub(crate) enriched: &'a [String],
    pub(crate) user: Users,
}

impl Payload<'_> {
    /// The event's payload; `None` without changes.
    pub(crate) fn write(&self) -> Option<Vec<u8>> {
        let change = self.changes.first()?;
        let (changed, told) = self.columns(change);
        let mut datum = Datum::default();
        self.header(change, &changed, &mut datum);
        for slot in &self.layout.slots {
            write_slot(slot, &change.after, &told, &mut datum);
        }
        if self.telling == Telling::Garbled {
            datum.0.truncate(datum.0.len() / 2);
        }
        Some(datum.0)
    }

    /// The columns that changed, and those that have values in the event.
    fn columns(&self, change: &Change) -> (Vec<Column>, Vec<Column>) {
        if matches!(self.telling, Telling::Gap | Telling::Overflow) {
            return (Vec::new(), Vec::new());
        }
        let object = &change.after.object;
        let readable = |place: &u16| object.field(*place).is_some_and(|field| field.readers & self.user != 0);
        let own: Vec<Column> =
            change.places.iter().filter(|place| readable(place)).map(|place| Column::Own(*place)).collect();
        let extra = self.enriched.iter().filter_map(|name| object.place(name)).map(Column::Own);
        let stamps = [Column::CreatedDate, Column::CreatedById];
        let last = [Column::LastModifiedDate, Column::LastModifiedById];
        match change.kind {
            ChangeKind::Create | ChangeKind::Undelete => {
                (Vec::new(), own.into_iter().chain(stamps).chain(last).collect())
            }
            ChangeKind::Update => {
                let changed: Vec<Column> = own.into_iter().chain([Column::LastModifiedDate]).collect();
                let told = changed.iter().copied().chain(extra).collect();
                (changed, told)
            }
            ChangeKind::Delete => (Vec::new(), extra.collect()),
        }
    }

    fn header(&self, change: &Change, changed: &[Column], datum: &mut Datum) {
        let record = &change.after;
        let listed: Vec<&str> = self.changes.iter().map(|change| change.after.id.as_str()).collect();
        let all = format!("{}*", record.object.prefix);
        let ids = match self.telling {
            Telling::Unlisted => vec![all.as_str()],
            Telling::Overflow => vec!["000000000000000AAA"],
            _ => listed,
        };
        let nulled: Vec<Column> = changed.iter().copied().filter(|column| empty(record, *column)).collect();
        datum.text(&record.object.name);
        datum.texts(ids.into_iter());
        datum.long(self.kind(change));
        datum.text(&change.origin);
        datum.text(&format!("{:08x}-sandbox", change.commit));
        datum.long(i64::from(change.sequence));
        datum.long(change.at.as_millisecond());
        datum.long(i64::try_from(change.commit).unwrap_or(0));
        datum.text(&change.user);
        for columns in [&nulled[..], &[], changed] {
            let bitmaps = self.bitmaps(columns);
            datum.texts(bitmaps.iter().map(String::as_str));
        }
    }

    fn kind(&self, change: &Change) -> i64 {
        let plain = match change.kind {
            ChangeKind::Create => "CREATE",
            ChangeKind::Update => "UPDATE",
            ChangeKind::Delete => "DELETE",
            ChangeKind::Undelete => "UNDELETE",
        };
        let name = match self.telling {
            Telling::Overflow => "GAP_OVERFLOW".to_owned(),
            Telling::Gap => format!("GAP_{plain}"),
            _ => plain.to_owned(),
        };
        KINDS.iter().zip(0..).find(|(kind, _)| **kind == name).map_or(0, |(_, place)| place)
    }

    /// The bitmaps of columns: one over the fields, one over the parts of each compound field.
    fn bitmaps(&self, columns: &[Column]) -> Vec<String> {
        let places: Vec<_> = columns.iter().filter_map(|column| self.layout.place(*column)).collect();
        let top = places.iter().filter(|(_, part)| part.is_none()).map(|(place, _)| *place);
        let mut bitmaps: Vec<String> = bitmap(top).into_iter().collect();
        for (place, slot) in (1..).zip(&self.layout.slots) {
            if matches!(slot, Slot::Compound { .. }) {
                let parts = places.iter().filter(|(at, _)| *at == place).filter_map(|(_, part)| *part);
                bitmaps.extend(bitmap(parts).map(|bits| format!("{place}-{bits}")));
            }
        }
        bitmaps
    }
}

/// Writes what a slot has of the told columns.
fn write_slot(slot: &Slot, record: &Arc<Record>, told: &[Column], datum: &mut Datum) {
    let present = |column: &Column| told.contains(column) && !empty(record, *column);
    match slot {
        Slot::Leaf(column) if present(column) => {
            datum.long(1);
            value(record, *column, datum);
        }
        Slot::Leaf(_) => datum.long(0),
        Slot::Compound { whole, parts, .. } => {
            if parts.iter().any(present) {
                datum.long(if whole.is_some() { 2 } else { 1 });
                for part in parts {
                    write_slot(&Slot::Leaf(*part), record, told, datum);
                }
            } else if let Some(whole) = whole.filter(|whole| present(whole)) {
                datum.long(1);
                value(record, whole, datum);
            } else {
                datum.long(0);
            }
        }
    }
}

/// Places as the bits of a number, in hexadecimal digits; `None` without places.
fn bitmap(places: impl Iterator<Item = usize>) -> Option<String> {
    let mut digits: Vec<u32> = Vec::new();
    for place in places {
        if digits.len() <= place / 4 {
            digits.resize(place / 4 + 1, 0);
        }
        if let Some(digit) = digits.get_mut(place / 4) {
            *digit |= 1 << (place % 4);
        }
    }
    // Whole bytes, as the org writes them.
    if digits.len() % 2 == 1 {
        digits.push(0);
    }
    let text: String = digits.iter().rev().filter_map(|digit| char::from_digit(*digit, 16)).collect();
    if text.is_empty() { None } else { Some(format!("0x{}", text.to_uppercase())) }
}

fn empty(record: &Record, column: Column) -> bool {
    matches!(column, Column::Own(place) if record.at(place).is_null())
}

fn value(record: &Record, column: Column, datum: &mut Datum) {
    let moment = |stamp: Timestamp| stamp.as_millisecond();
    match column {
        Column::CreatedDate => datum.long(moment(record.created)),
        Column::LastModifiedDate | Column::SystemModstamp => datum.long(moment(record.modified)),
        Column::CreatedById => datum.text(&record.created_by),
        Column::LastModifiedById => datum.text(&record.modified_by),
        Column::Id => datum.text(&record.id),
        Column::IsDeleted => datum.truth(record.deleted),
        Column::Own(place) => match (record.at(place), column.kind(&record.object)) {
            (Cell::Text(day), Kind::Date) => datum.long(midnight(day)),
            (Cell::Text(text), _) => datum.text(text),
            (Cell::Number(number), Kind::Whole(_)) => datum.long(number.to_i64().unwrap_or(0)),
            (Cell::Number(number), _) => datum.double(number.to_f64().unwrap_or(f64::NAN)),
            (Cell::Bool(truth), _) => datum.truth(*truth),
            (Cell::Moment(at), _) => datum.long(moment(*at)),
            (Cell::Null, _) => {}
        },
    }
}

/// Midnight of a day in UTC, in milliseconds.
fn midnight(day: &str) -> i64 {
    let day: Option<Date> = day.parse().ok();
    let stamp = day.and_then(|day| Offset::UTC.to_timestamp(day.to_datetime(Time::midnight())).ok());
    stamp.map_or(0, Timestamp::as_millisecond)
}
