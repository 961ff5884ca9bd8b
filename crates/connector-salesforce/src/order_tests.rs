//! Orders with their lines against a sandbox org: written whole, changed line by line, activated or
//! not, and the calls that it takes.

use mapping::{Action, Draft, FieldName, Lane, Step, Value};
use sandbox::salesforce::SalesforceSettings as OrgSettings;

use crate::sandbox_org::{Stage, account, draft, number, order, planned};
use crate::{Activated, Activation, ProductStrategy};

async fn stage(change: impl FnOnce(&mut crate::OrderSettings)) -> Stage {
    let stage = Stage::with(OrgSettings::default(), |settings| change(&mut settings.orders)).await;
    stage.carry(vec![account("S1")]).await;
    stage
}

fn with_status(mut order: Draft, status: &str) -> Draft {
    order.fields.set("Status", Value::text(status));
    order
}

/// Somebody activates all orders.
async fn activate(stage: &Stage) {
    let mut body = sfdc_client::RecordBody::new("Order");
    body.text("Status", "Activated");
    for order in stage.org.records("Order") {
        let id = sfdc_client::RecordId::parse(&order.id).expect("an id");
        let at = sfdc_client::RowAt::id("Order", &id);
        stage.sink.client().update(&at, &body, &sfdc_client::Condition::None).await.expect("activated");
    }
    stage.pass(5);
}

#[tokio::test]
async fn an_order_comes_with_its_lines_and_stays_a_draft() {
    let stage = stage(|_| ()).await;
    let wanted = || order("P1", "S1", &[("P1-1", 2, "10.50"), ("P1-2", 1, "3")]);
    assert_eq!(stage.carry(vec![wanted()]).await, ["created"]);
    assert_eq!(stage.records("Order", "Status"), ["P1: Draft"]);
    assert_eq!(stage.records("Order", "TotalAmount"), ["P1: 24"]);
    assert_eq!(stage.records("OrderItem", "Quantity"), ["P1-1: 2", "P1-2: 1"]);
    assert_eq!(stage.carry(vec![wanted()]).await, ["nothing"]);
}

#[tokio::test]
async fn lines_are_added_changed_and_removed() {
    let stage = stage(|_| ()).await;
    stage.carry(vec![order("P1", "S1", &[("P1-1", 2, "10"), ("P1-2", 1, "3"), ("P1-3", 1, "1")])]).await;
    let order_id = stage.org.records("Order")[0].id.clone();
    let entry = stage.org.records("OrderItem")[0].text("PricebookEntryId").expect("an entry");
    let values =
        [("OrderId", &*order_id), ("PricebookEntryId", &*entry), ("Quantity", "1"), ("UnitPrice", "7")];
    stage.org.human_create("OrderItem", &values).expect("a line by hand");
    let wanted = || order("P1", "S1", &[("P1-1", 5, "10"), ("P1-2", 1, "3"), ("P1-4", 9, "1")]);
    assert_eq!(stage.carry(vec![wanted()]).await, ["written"]);
    assert_eq!(stage.records("OrderItem", "Quantity"), ["P1-1: 5", "P1-2: 1", "P1-4: 9"]);
    let all = stage.org.records("OrderItem").into_iter().filter(|item| !item.deleted).count();
    assert_eq!(all, 4, "the line by hand is left alone");
    assert_eq!(stage.carry(vec![wanted()]).await, ["nothing"]);
    assert_eq!(stage.carry(vec![order("P1", "S1", &[])]).await, ["written"]);
    assert_eq!(stage.records("OrderItem", "Quantity"), Vec::<String>::new());
}

#[tokio::test]
async fn a_line_that_moved_is_deleted_and_made_anew() {
    let stage = stage(|_| ()).await;
    stage.carry(vec![order("P1", "S1", &[("L1", 1, "1"), ("L2", 2, "2")]), order("P2", "S1", &[])]).await;
    // Both orders change in one call.
    let told =
        stage.carry(vec![order("P2", "S1", &[("L2", 2, "2")]), order("P1", "S1", &[("L1", 1, "1")])]).await;
    assert_eq!(told, ["written", "written"]);
    let orders: Vec<_> = stage.org.records("Order").iter().map(|order| order.id.clone()).collect();
    let of = |key: &str| {
        let items = stage.org.records("OrderItem");
        items
            .into_iter()
            .find(|item| !item.deleted && item.key() == Some(key))
            .and_then(|item| item.text("OrderId"))
    };
    assert_eq!(of("L1").as_ref(), orders.first());
    assert_eq!(of("L2").as_ref(), orders.get(1));
    // A line that vanished meanwhile is made, one that is there already is changed.
    let item =
        stage.org.records("OrderItem").into_iter().find(|item| item.key() == Some("L1")).expect("there");
    let wanted = order("P1", "S1", &[("L1", 7, "1")]);
    let found = stage.find(&wanted).await.expect("there");
    let step = planned(wanted, Some(&found));
    assert!(stage.org.human_delete(&item.id));
    assert_eq!(stage.apply(vec![step.clone()]).await, ["written"]);
    assert_eq!(stage.apply(vec![step]).await, ["written"]);
    assert_eq!(stage.records("OrderItem", "Quantity"), ["L1: 7", "L2: 2"]);
}

#[tokio::test]
async fn one_bad_order_does_not_hold_the_others_up() {
    let stage = stage(|_| ()).await;
    let mut long = order("P2", "S1", &[("P2-1", 1, "1")]);
    long.fields.set("PoNumber", Value::text("x".repeat(81)));
    let orders = vec![
        order("P1", "S1", &[("P1-1", 1, "1")]),
        long,
        order("P3", "nobody", &[]),
        order("P4", "S1", &[("P4-1", 0, "1")]),
        order("P5", "S1", &[]),
    ];
    let told = stage.carry(orders).await;
    let expected = [
        "created",
        "Data STRING_TOO_LONG",
        "Dependency INVALID_FIELD",
        "Data FIELD_INTEGRITY_EXCEPTION",
        "created",
    ];
    assert_eq!(told, expected);
    assert_eq!(
        stage.records("OrderItem", "Quantity"),
        ["P1-1: 1"],
        "an order is written whole or not at all"
    );
}

#[tokio::test]
async fn activation_is_the_last_step_and_off_by_default() {
    let off = stage(|_| ()).await;
    let wanted = || with_status(order("P1", "S1", &[("P1-1", 1, "1")]), "Activated");
    assert_eq!(off.carry(vec![wanted()]).await, ["Data ACTIVATION_OFF"]);
    let on = stage(|orders| orders.activation = Activation::Mapped).await;
    assert_eq!(on.carry(vec![wanted()]).await, ["created"]);
    assert_eq!(on.records("Order", "Status"), ["P1: Activated"]);
    assert_eq!(on.carry(vec![wanted()]).await, ["nothing"]);
    let empty = with_status(order("P2", "S1", &[]), "Activated");
    assert_eq!(on.carry(vec![empty]).await, ["Data FAILED_ACTIVATION"]);
    assert_eq!(
        on.records("Order", "Status"),
        ["P1: Activated", "P2: Draft"],
        "it is tried again with the next change"
    );
}

#[tokio::test]
async fn where_orders_are_always_activated_they_are_so_once_they_have_lines() {
    let stage = stage(|orders| {
        orders.activation = Activation::Always;
        orders.activated = Activated::Revert;
    })
    .await;
    let one = || order("P1", "S1", &[("P1-1", 1, "1")]);
    assert_eq!(stage.carry(vec![one(), order("P2", "S1", &[])]).await, ["created", "created"]);
    assert_eq!(stage.records("Order", "Status"), ["P1: Activated", "P2: Draft"]);
    assert_eq!(stage.carry(vec![one()]).await, ["nothing"]);
    let two = [("P1-1", 2, "1"), ("P1-2", 1, "1")];
    stage.pass(5);
    let grown = order("P2", "S1", &[("P2-1", 1, "1")]);
    assert_eq!(stage.carry(vec![order("P1", "S1", &two), grown]).await, ["written", "written"]);
    assert_eq!(stage.records("OrderItem", "Quantity"), ["P1-1: 2", "P1-2: 1", "P2-1: 1"]);
    assert_eq!(stage.records("Order", "Status"), ["P1: Activated", "P2: Activated"]);
    // The flow of invoices does not know the lines: it activates nothing.
    assert_eq!(stage.carry(vec![order("P3", "S1", &[])]).await, ["created"]);
    let invoice = draft("Order", "P3", &[("IFS_Invoice_No__c", Value::text("I1"))]);
    assert_eq!(stage.carry(vec![invoice]).await, ["written"]);
    assert_eq!(stage.records("Order", "Status")[2], "P3: Draft");
}

#[tokio::test]
async fn activated_orders_follow_the_policy() {
    let before = || order("P1", "S1", &[("P1-1", 1, "1")]);
    let after = || order("P1", "S1", &[("P1-1", 2, "1"), ("P1-2", 1, "1")]);
    for (policy, told, items) in [
        (Activated::Park, "Data ORDER_ACTIVATED", vec!["P1-1: 1"]),
        (Activated::Skip, "Data LEFT_ALONE", vec!["P1-1: 1"]),
        (Activated::Revert, "written", vec!["P1-1: 2", "P1-2: 1"]),
    ] {
        let stage = stage(|orders| orders.activated = policy).await;
        stage.carry(vec![before()]).await;
        activate(&stage).await;
        assert_eq!(stage.carry(vec![after()]).await, [told], "{policy:?}");
        assert_eq!(stage.records("OrderItem", "Quantity"), items);
        assert_eq!(stage.records("Order", "Status"), ["P1: Activated"]);
        let found = stage.find(&before()).await.expect("there");
        let action = Action::Remove { target: found.target.clone() };
        let step = Step { guard: found.validator, ..Step::owned(before(), action) };
        assert_eq!(stage.apply(vec![step]).await, [told], "{policy:?}");
        assert_eq!(stage.records("Order", "Status").is_empty(), policy == Activated::Revert);
    }
    // Activated between the look and the write.
    let stage = stage(|orders| orders.activated = Activated::Revert).await;
    stage.carry(vec![before()]).await;
    let found = stage.find(&after()).await.expect("there");
    let step = planned(after(), Some(&found));
    activate(&stage).await;
    assert_eq!(stage.apply(vec![step]).await, ["written"]);
    assert_eq!(stage.records("Order", "Status"), ["P1: Activated"]);
}

#[tokio::test]
async fn guarded_orders_are_not_written_over_edits_by_people() {
    let stage = stage(|_| ()).await;
    let guarded = |step: &mut Step| step.lane = Lane::Guarded;
    let first = || order("P1", "S1", &[("P1-1", 1, "1")]);
    assert_eq!(stage.carry_on(vec![first()], guarded).await, ["created"]);
    let again = Step { lane: Lane::Guarded, ..Step::owned(first(), Action::Create) };
    assert_eq!(stage.apply(vec![again]).await, ["Conflict EXISTS"]);
    stage.pass(5);
    let wanted = order("P1", "S1", &[("P1-1", 2, "1")]);
    let found = stage.find(&wanted).await.expect("there");
    let mut step = planned(wanted, Some(&found));
    guarded(&mut step);
    assert!(stage.org.human_edit(found.target.as_str(), "Description", Some("by hand")));
    assert_eq!(stage.apply(vec![step]).await, ["Conflict MOVED"]);
    assert_eq!(stage.records("OrderItem", "Quantity"), ["P1-1: 1"]);
}

#[tokio::test]
async fn invoices_wait_for_their_order_and_make_none() {
    let stage = stage(|_| ()).await;
    let invoices = || {
        let fields = [("IFS_Invoice_No__c", Value::text("I1")), ("IFS_Invoice_Amount__c", number("12.5"))];
        draft("Order", "P1", &fields)
    };
    assert_eq!(stage.carry(vec![invoices()]).await, ["Dependency ORDER_MISSING"]);
    stage.carry(vec![order("P1", "S1", &[("P1-1", 1, "1")])]).await;
    stage.pass(5);
    assert_eq!(stage.carry(vec![invoices()]).await, ["written"]);
    assert_eq!(stage.records("Order", "IFS_Invoice_Amount__c"), ["P1: 12.5"]);
    assert_eq!(stage.carry(vec![order("P1", "S1", &[("P1-1", 1, "1")])]).await, ["nothing"]);
    stage.pass(5);
    let mut next = invoices();
    next.fields.set("IFS_Invoice_No__c", Value::text("I2"));
    assert_eq!(stage.carry_on(vec![next], |step| step.lane = Lane::Guarded).await, ["written"]);
    assert_eq!(stage.records("Order", "IFS_Invoice_No__c"), ["P1: I2"]);
}

#[tokio::test]
async fn parts_are_products_where_the_configuration_says_so() {
    let field = "Description".to_owned();
    let stage = stage(|orders| orders.products = ProductStrategy::Parts { field }).await;
    let with_part = |id: &str, part: &str| {
        let mut order = order(id, "S1", &[(&format!("{id}-1"), 1, "1")]);
        if let Some(Value::List(mut lines)) = order.fields.get("OrderItems").cloned() {
            lines[0].fields.set("Description", Value::text(part));
            order.fields.set(FieldName::from("OrderItems"), Value::List(lines));
        }
        order
    };
    assert_eq!(
        stage.carry(vec![with_part("P1", "bolt"), with_part("P2", "nut")]).await,
        ["created", "created"]
    );
    assert_eq!(stage.records("Product2", "ProductCode"), ["bolt: bolt", "nut: nut"]);
    let calls = stage.calls("");
    assert_eq!(stage.carry(vec![with_part("P3", "nut")]).await, ["created"]);
    assert_eq!(stage.calls("") - calls, 2, "one look-up and one graph: products and entries are known");
    // Another part is another line of the same key.
    assert_eq!(stage.carry(vec![with_part("P1", "nut")]).await, ["written"]);
    assert_eq!(stage.records("OrderItem", "Description"), ["P1-1: nut", "P2-1: nut", "P3-1: nut"]);
}

#[tokio::test]
async fn an_order_of_more_lines_than_a_graph_holds_is_written_all_the_same() {
    let stage = stage(|_| ()).await;
    let keys: Vec<String> = (0..620).map(|number| format!("P1-{number:04}")).collect();
    let lines: Vec<(&str, u32, &str)> = keys.iter().map(|key| (key.as_str(), 1, "1")).collect();
    assert_eq!(stage.carry(vec![order("P1", "S1", &lines)]).await, ["created"]);
    assert_eq!(stage.records("OrderItem", "Quantity").len(), 620);
    assert_eq!(stage.calls("composite/graph"), 2);
}

#[tokio::test]
async fn a_thousand_orders_take_fourteen_calls() {
    let stage = stage(|_| ()).await;
    let orders: Vec<Draft> = (0..1_000)
        .map(|number| {
            let keys: Vec<String> = (0..5).map(|line| format!("P{number}-{line}")).collect();
            let lines: Vec<(&str, u32, &str)> = keys.iter().map(|key| (key.as_str(), 1, "2.5")).collect();
            order(&format!("P{number}"), "S1", &lines)
        })
        .collect();
    let steps = orders.iter().cloned().map(|draft| Step::owned(draft, Action::Create)).collect();
    let told = stage.apply(steps).await;
    assert!(told.iter().all(|outcome| outcome == "created"));
    assert_eq!(stage.calls("composite/graph"), 14);
    let before = stage.calls("");
    let ids: Vec<_> = orders.iter().map(|draft| draft.id.clone()).collect();
    let fields = ["PoNumber", "OrderItems", "OrderItems.Quantity"].map(FieldName::from);
    let found = sync_engine::Sink::find(&stage.sink, &"Order".into(), &ids, &fields).await.expect("answers");
    let whole = |lookup: &sync_engine::Lookup| match lookup {
        sync_engine::Lookup::One(found) => {
            matches!(found.fields.get("OrderItems"), Some(Value::List(lines)) if lines.len() == 5)
        }
        _ => false,
    };
    assert!(found.iter().all(whole));
    assert_eq!(stage.calls("") - before, 2, "one call for orders, one for their lines");
}

#[tokio::test]
async fn a_lost_answer_leaves_all_orders_of_the_call_open() {
    let stage = stage(|_| ()).await;
    stage.lose("composite/graph");
    let orders = vec![order("P1", "S1", &[("P1-1", 1, "1")]), order("P2", "S1", &[])];
    assert_eq!(stage.carry(orders.clone()).await, ["unknown", "unknown"]);
    assert_eq!(stage.carry(orders).await, ["nothing", "nothing"], "it had landed");
}
