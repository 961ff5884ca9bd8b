//! Actions and functions, bound to a row or to none.

use odata_client::{Body, Change, ETag, Filter, Literal, Precondition, Query, Read, Resource, Select};
use serde::Deserialize;

use crate::Outcome;
use crate::tenant::Tenant;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Order {
    order_no: String,
}

pub(crate) async fn run(tenant: &Tenant) -> Outcome {
    // A function of the service, with parameters that cannot break out of their place.
    let customers = tenant.service("CustomerHandling")?;
    let exists =
        Resource::set("AssociationNoExist").parameters(&[("AssociationNo", Literal::text("5560/12 'x'"))]);
    let found = customers.value("cookbook.exists", &Read::of(exists)).await?.ok_or("it gives a value")?;
    println!("  is there such an association number? {}", found.text);

    // An action bound to a row, under its ETag.
    let orders = tenant.service("PurchaseOrderHandling")?;
    let planned = Query {
        filter: Some(Filter::Raw(
            "Objstate eq IfsApp.PurchaseOrderHandling.PurchaseOrderState'Planned'".to_owned(),
        )),
        select: Select::properties(["OrderNo"]),
        top: Some(1),
        ..Query::default()
    };
    let page = orders.page("cookbook.planned", "PurchaseOrderSet", &planned).await?;
    let Some(order) = page.typed::<Order>().next().transpose()? else {
        println!("  no order is planned");
        return Ok(());
    };
    let row = Resource::set("PurchaseOrderSet").key(&odata_client::Key::text(order.order_no));
    let etag = orders.row("cookbook.order", &Read::of(row.clone())).await?.and_then(|order| order.etag);
    let condition = Precondition::Exact(ETag::new(etag.ok_or("orders have ETags")?)?);
    let release = row.then("IfsApp.PurchaseOrderHandling.PurchaseOrder_Release");
    let released = orders.write("cookbook.release", &Change::action(release, Body::new(), condition)).await?;
    println!("  released: {:?}", released.written().map(|written| written.status));
    Ok(())
}
