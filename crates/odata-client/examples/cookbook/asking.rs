//! What is wanted, as values.

use odata_client::{Expand, Expression, Filter, Literal, Order, Query, Search, Select, property};

use crate::Outcome;
use crate::tenant::Tenant;

pub(crate) async fn run(tenant: &Tenant) -> Outcome {
    // Values are sealed: whatever stands in a text stays one literal.
    let name = property("Name").to_lower().contains("o'neill & sons");
    let recent = property("OrderDate").ge(Literal::Date(jiff::civil::date(2020, 1, 1)));
    let open = property("Objstate")
        .eq(Expression::parse("IfsApp.PurchaseOrderHandling.PurchaseOrderState'Released'")?);
    let query = Query {
        filter: Some(open.clone().and(recent)),
        select: Select::properties(["OrderNo", "VendorNo", "OrderDate"]),
        expand: vec![
            Expand::of("VendorNoRef").with(Query { select: vec!["Name".into()], ..Query::default() }),
        ],
        order_by: vec![Order::descending("OrderDate"), Order::ascending("OrderNo")],
        top: Some(3),
        ..Query::default()
    };
    println!("  {}", query.encoded());
    println!("  {name}");

    // What is printed can be read back, and so can what others write.
    assert_eq!(Query::parse(&query.encoded())?, query);

    let service = tenant.service("PurchaseOrderHandling")?;
    let page = service.page("cookbook.orders", "PurchaseOrderSet", &query).await?;
    page.rows().for_each(|row| println!("  {row:.140}"));

    // What this server cannot do is refused before it is asked, with the reason.
    let searched = Query { search: Some(Search::Word("steel".into())), ..Query::default() };
    let refused = service.page("cookbook.search", "PurchaseOrderSet", &searched).await;
    println!("  {}", refused.err().ok_or("IFS has no $search")?);

    // And there is a way out for what these values cannot say.
    let raw = Query { filter: Some(Filter::Raw("OrderNo eq '100001'".into())), ..Query::default() };
    assert_eq!(service.page("cookbook.raw", "PurchaseOrderSet", &raw).await?.len(), 1);
    Ok(())
}
