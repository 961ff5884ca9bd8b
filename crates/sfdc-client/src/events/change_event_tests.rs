//! Tests of change events: payloads written byte by byte, as the specification of Avro says.

use crate::RecordId;
use crate::events::*;

const ID: [&str; 2] = ["001A0000006Vm9rIAC", "001A0000006Vm9sIAC"];

/// Fields 1 to 5: a name that may be a text, an address, a stamp, a number, a text.
fn schema() -> EventSchema {
    let texts = |names: &[&str]| {
        let field = |name: &&str| format!(r#"{{"name":"{name}","type":["null","string"],"default":null}}"#);
        names.iter().map(field).collect::<Vec<_>>().join(",")
    };
    let list = |name: &str| format!(r#"{{"name":"{name}","type":{{"type":"array","items":"string"}}}}"#);
    let json = format!(
        r#"{{"name":"AccountChangeEvent","namespace":"com.sforce.eventbus","type":"record","fields":[
        {{"name":"ChangeEventHeader","type":{{"type":"record","name":"ChangeEventHeader","fields":[
            {{"name":"entityName","type":"string"}},{},
            {{"name":"changeType","type":{{"type":"enum","name":"ChangeType","symbols":["CREATE","UPDATE","DELETE","UNDELETE","GAP_CREATE","GAP_UPDATE","GAP_DELETE","GAP_UNDELETE","GAP_OVERFLOW","SNAPSHOT","FROM_THE_FUTURE"]}}}},
            {{"name":"changeOrigin","type":"string"}},{{"name":"transactionKey","type":"string"}},
            {{"name":"sequenceNumber","type":"int"}},{{"name":"commitTimestamp","type":"long"}},
            {{"name":"commitNumber","type":"long"}},{{"name":"commitUser","type":"string"}},{},{},{}]}}}},
        {{"name":"Name","type":["null","string",{{"type":"record","name":"Switchable_PersonName","fields":[{}]}}],"doc":"Data:SwitchablePersonName"}},
        {{"name":"BillingAddress","type":["null",{{"type":"record","name":"Address","fields":[{}]}}],"doc":"Data:Address"}},
        {{"name":"LastModifiedDate","type":["null","long"],"doc":"LastModifiedDate:DateTime","default":null}},
        {{"name":"AnnualRevenue","type":["null","double"],"doc":"Data:Currency","default":null}},
        {{"name":"Description","type":["null","string"],"doc":"Data:LongText","default":null}}],"uuid":"s1"}}"#,
        list("recordIds"),
        list("nulledFields"),
        list("diffFields"),
        list("changedFields"),
        texts(&["Salutation", "FirstName", "LastName"]),
        texts(&["Street", "City"]),
    );
    EventSchema::parse(&json).expect("a schema")
}

/// A number in zig-zag form.
fn long(value: i64) -> Vec<u8> {
    let mut raw = ((value << 1) ^ (value >> 63)).cast_unsigned();
    let mut out = Vec::new();
    while raw > 0x7f {
        out.push(u8::try_from(raw & 0x7f).expect("seven bits") | 0x80);
        raw >>= 7;
    }
    out.push(u8::try_from(raw).expect("seven bits"));
    out
}

fn text(text: &str) -> Vec<u8> {
    [long(i64::try_from(text.len()).expect("short")), text.as_bytes().to_vec()].concat()
}

fn list(texts: &[&str]) -> Vec<u8> {
    let count = i64::try_from(texts.len()).expect("few");
    let items: Vec<u8> = texts.iter().flat_map(|item| text(item)).collect();
    if texts.is_empty() { long(0) } else { [long(count), items, long(0)].concat() }
}

/// What a header says beside what all of them say.
struct Header<'a> {
    kind: i64,
    ids: &'a [&'a str],
    nulled: &'a [&'a str],
    diff: &'a [&'a str],
    changed: &'a [&'a str],
}

const CREATE: Header<'_> = Header { kind: 0, ids: &[ID[0]], nulled: &[], diff: &[], changed: &[] };

impl Header<'_> {
    fn bytes(&self) -> Vec<u8> {
        [
            text("Account"),
            list(self.ids),
            long(self.kind),
            text("com/salesforce/api/rest/64.0;client=ml-connector"),
            text("0000-key"),
            long(2),
            long(1_740_830_400_005),
            long(11_000_000_000_001),
            text("0055e00000AbCdEFGH"),
            list(self.nulled),
            list(self.diff),
            list(self.changed),
        ]
        .concat()
    }

    fn with(&self, fields: &[Vec<u8>]) -> Vec<u8> {
        [self.bytes(), fields.concat()].concat()
    }
}

/// Five fields without values.
fn nothing() -> Vec<u8> {
    vec![0; 5]
}

fn some(value: Vec<u8>) -> Vec<u8> {
    [long(1), value].concat()
}

fn decode(payload: &[u8]) -> ChangeEvent {
    ChangeEvent::decode(&schema(), payload).expect("an event")
}

#[test]
fn an_update_says_what_changed_and_how() {
    let header =
        Header { kind: 1, nulled: &["2-0x1"], changed: &["0x8", "1-0x6", "2-0x3"], ids: &ID, ..CREATE };
    let person = [long(2), long(0), some(text("Åsa")), some(text("Ek"))].concat();
    let address = some([long(0), some(text("Göteborg"))].concat());
    let stamp = some(long(1_740_830_400_000));
    let event = decode(&header.with(&[person, address, stamp, long(0), long(0)]));
    assert_eq!(
        (&*event.entity, &event.kind, event.remedy()),
        ("Account", &ChangeKind::Update, Remedy::Apply)
    );
    assert_eq!(event.ids, ChangedIds::These(ID.map(|id| RecordId::parse(id).expect("an id")).to_vec()));
    let changed = [
        "LastModifiedDate",
        "Name.FirstName",
        "Name.LastName",
        "BillingAddress.Street",
        "BillingAddress.City",
    ];
    assert_eq!(
        (&event.changed[..], &event.nulled[..]),
        (&changed.map(str::to_owned)[..], &["BillingAddress.Street".to_owned()][..])
    );
    let names: Vec<&str> = event.values.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Name.FirstName", "Name.LastName", "BillingAddress.City", "LastModifiedDate"]);
    assert_eq!(event.value("Name.LastName"), Some(&EventValue::Text("Ek".into())));
    assert_eq!(
        event.value("LastModifiedDate"),
        Some(&EventValue::Instant("2025-03-01T12:00:00Z".parse().expect("a stamp")))
    );
    assert_eq!(
        (event.client(), event.transaction.sequence, &*event.transaction.key),
        (Some("ml-connector"), 2, "0000-key")
    );
    assert_eq!(event.commit.stamp.to_string(), "2025-03-01T12:00:00.005Z");
    assert_eq!((event.commit.number, &*event.commit.user), (11_000_000_000_001, "0055e00000AbCdEFGH"));
}

#[test]
fn a_name_may_be_a_text_and_a_number_is_exact() {
    let revenue = some(0.1_f64.to_le_bytes().to_vec());
    let event = decode(&CREATE.with(&[some(text("Acme")), long(0), long(0), revenue, long(0)]));
    assert_eq!(event.kind, ChangeKind::Create);
    let values = [
        ("Name".to_owned(), EventValue::Text("Acme".into())),
        ("AnnualRevenue".to_owned(), EventValue::Number("0.1".parse().expect("a number"))),
    ];
    assert_eq!((&event.values[..], event.changed.len()), (&values[..], 0));
}

#[test]
fn events_that_do_not_say_it_all_tell_so() {
    let all: &[&str] = &["001*"];
    for (header, kind, remedy) in [
        (Header { kind: 0, ..CREATE }, ChangeKind::Create, Remedy::Apply),
        (Header { kind: 2, ..CREATE }, ChangeKind::Delete, Remedy::Apply),
        (Header { kind: 3, ..CREATE }, ChangeKind::Undelete, Remedy::Apply),
        (Header { kind: 4, ..CREATE }, ChangeKind::Gap(Touch::Create), Remedy::Reread),
        (Header { kind: 5, ..CREATE }, ChangeKind::Gap(Touch::Update), Remedy::Reread),
        (Header { kind: 6, ..CREATE }, ChangeKind::Gap(Touch::Delete), Remedy::Reread),
        (Header { kind: 7, ..CREATE }, ChangeKind::Gap(Touch::Undelete), Remedy::Reread),
        (Header { kind: 8, ..CREATE }, ChangeKind::Overflow, Remedy::Reconcile),
        (Header { kind: 8, ids: &["000000000000000AAA"], ..CREATE }, ChangeKind::Overflow, Remedy::Reconcile),
        (Header { kind: 9, ..CREATE }, ChangeKind::Snapshot, Remedy::Reread),
        (Header { kind: 10, ..CREATE }, ChangeKind::Other("FROM_THE_FUTURE".into()), Remedy::Reread),
        (Header { kind: 1, ids: all, ..CREATE }, ChangeKind::Update, Remedy::Reconcile),
        (Header { kind: 5, ids: all, ..CREATE }, ChangeKind::Gap(Touch::Update), Remedy::Reconcile),
        (Header { kind: 1, ids: &[], ..CREATE }, ChangeKind::Update, Remedy::Reconcile),
        (Header { kind: 1, diff: &["0x20"], ..CREATE }, ChangeKind::Update, Remedy::Reread),
    ] {
        let event = decode(&header.with(&[nothing()]));
        assert_eq!((&event.kind, event.remedy()), (&kind, remedy), "{:?}", event.ids);
        assert!(event.values.is_empty());
    }
}

#[test]
fn what_is_no_event_is_an_error() {
    let bad_id = Header { ids: &["../001"], ..CREATE }.with(&[nothing()]);
    let bad_bits = Header { changed: &["Phone"], ..CREATE }.with(&[nothing()]);
    let bad_kind = Header { kind: 11, ..CREATE }.with(&[nothing()]);
    let short = CREATE.bytes();
    let long = [CREATE.with(&[nothing()]), vec![0]].concat();
    for (payload, part) in [
        (bad_id, "names a record that is none"),
        (bad_bits, "no bitmap"),
        (bad_kind, "no such symbol"),
        (short, "breaks off"),
        (long, "behind its end"),
        (Vec::new(), "breaks off"),
    ] {
        let error = ChangeEvent::decode(&schema(), &payload).expect_err(part).to_string();
        assert!(error.contains(part), "{error}");
    }
    for json in [r#"{"type":"record","name":"E","fields":[]}"#, "\"string\""] {
        assert!(EventSchema::parse(json).is_err(), "{json}");
    }
}

#[test]
fn a_payload_cut_or_flipped_anywhere_never_panics() {
    let header = Header { kind: 1, changed: &["0x8", "1-0x6"], ..CREATE };
    let whole = header.with(&[nothing()]);
    let schema = schema();
    for place in 0..whole.len() {
        assert!(ChangeEvent::decode(&schema, &whole[..place]).is_err(), "cut at {place}");
        for bit in 0..8 {
            let mut flipped = whole.clone();
            flipped[place] ^= 1 << bit;
            let _ = ChangeEvent::decode(&schema, &flipped);
        }
    }
}
