//! Rows as they are wanted: as structs, as exact cells, one alone, one value of it.

use jiff::civil::Date;
use odata_client::{Cell, Columns, Key, Query, Read, Resource, Row, Select};
use serde::Deserialize;

use crate::Outcome;
use crate::tenant::Tenant;

/// A supplier as this program wants it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Supplier {
    #[serde(rename = "SupplierId")]
    id: String,
    name: String,
    country: Option<String>,
    creation_date: Option<Date>,
}

const WANTED: [&str; 4] = ["SupplierId", "Name", "Country", "CreationDate"];

pub(crate) async fn run(tenant: &Tenant) -> Outcome {
    let service = tenant.service("SupplierHandling")?;
    let few = Query { select: Select::properties(WANTED), top: Some(3), count: true, ..Query::default() };
    let page = service.page("cookbook.suppliers", "SupplierSet", &few).await?;
    println!(
        "  {} of {:?} rows, read by a server whose clock says {:?}",
        page.len(),
        page.control().count,
        page.date
    );

    // As structs.
    for supplier in page.typed::<Supplier>() {
        let Supplier { id, name, country, creation_date } = supplier?;
        println!("  {id}: {name}, {country:?}, since {creation_date:?}");
    }

    // As cells: no allocation for each row, every type exact, absent told from null.
    let columns = Columns::new(WANTED);
    let mut reader = columns.reader();
    let mut row = Row::default();
    for text in page.rows() {
        reader.read(text, &mut row)?;
        let created = row.cell(3).map(Cell::date).transpose()?.flatten();
        println!("  {:?} {created:?} {:?}", row.cell(0).map(Cell::raw), row.etag().map(Cell::raw));
    }

    // One row, one value of it, and how many there are.
    let first = page.typed::<Supplier>().next().ok_or("there are suppliers")??;
    let resource = Resource::set("SupplierSet").key(&Key::text(first.id));
    let supplier =
        service.row("cookbook.supplier", &Read::of(resource.clone())).await?.ok_or("it is there")?;
    println!("  {} has the ETag {:?}", supplier.typed::<Supplier>()?.name, supplier.etag);
    let name =
        service.value("cookbook.name", &Read::of(resource.then("Name"))).await?.ok_or("it has a name")?;
    println!("  its name alone: {}", name.typed::<String>()?);
    let count = service.count("cookbook.count", &Read::of(Resource::set("SupplierSet").count())).await?;
    assert_eq!(Some(count), page.control().count);
    Ok(())
}
