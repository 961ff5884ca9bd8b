//! Everything, page by page.

use odata_client::{KeyColumn, Position, Query, Read, Select, Walk};

use crate::Outcome;
use crate::tenant::Tenant;

pub(crate) async fn run(tenant: &Tenant) -> Outcome {
    let service = tenant.service("SupplierHandling")?;
    let select = Select::properties(["SupplierId", "Name", "ModifiedDate"]);
    let read = || Read::set("SupplierSet").query(Query { select: select.clone(), ..Query::default() });

    // Along a key: nothing is passed over, whatever changes meanwhile.
    let metadata = service.metadata("cookbook.metadata").await?;
    let columns = KeyColumn::of_set(&metadata, "SupplierSet", &["ModifiedDate"]).ok_or("both are there")?;
    let mut walk = Walk::by_key(service.clone(), "cookbook.walk", read(), columns.clone(), 100)?;
    let mut rows = 0;
    let mut stored = None;
    while let Some(page) = walk.next().await? {
        rows += page.len();
        println!("  a page of {}", page.len());
        // The place may be stored after each page, together with what was made of it.
        stored = walk.position().map(serde_json::to_string).transpose()?;
        if rows >= 200 {
            break;
        }
    }

    // Another day, another process:
    let stored = stored.ok_or("there was a page")?;
    println!("  taken up behind {stored}");
    let position: Position = serde_json::from_str(&stored)?;
    let mut walk = Walk::by_key(service.clone(), "cookbook.walk", read(), columns, 100)?.after(position);
    while let Some(page) = walk.next().await? {
        rows += page.len();
    }
    println!("  {rows} rows in all");

    // By the links of the server.
    let mut walk = Walk::by_next_link(service, "cookbook.links", read());
    let mut linked = 0;
    while let Some(page) = walk.next().await? {
        linked += page.len();
    }
    assert_eq!((rows, linked), (230, 230));
    Ok(())
}
