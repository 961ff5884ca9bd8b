//! One row through its life: created, changed under its ETag, deleted.

use odata_client::{
    Body, Change, ETag, Key, Literal, Precondition, Prefer, Read, Reason, Resource, Return, StatusError,
};

use crate::Outcome;
use crate::tenant::Tenant;

pub(crate) async fn run(tenant: &Tenant) -> Outcome {
    let service = tenant.service("CustomerHandling")?;
    let addresses = Resource::set("CustomerInfoSet").key(&Key::text("C10001")).then("CustomerInfoAddresses");
    let key = [("CustomerId", "C10001"), ("AddressId", "COOK/1")];
    let key = Key::Composite(key.map(|(name, value)| (name.to_owned(), Literal::text(value))).to_vec());
    let row = addresses.clone().key(&key);

    // Only the given fields are sent. The key is our own, so that one can look whether the row is
    // there after an answer was lost.
    let body = Body::new()
        .set("AddressId", "COOK/1")
        .set("City", "Visby")
        .set("Country", "SE")
        .set("DefaultDomain", true)
        .null("ZipCode");
    let created = service.write("cookbook.create", &Change::create(addresses, body)).await?.written();
    let created = created.ok_or("it is not answered later")?;
    println!("  created: {} {:?}", created.status, created.location);

    // A change says what must be true before.
    let etag = created.etag.ok_or("rows of this set have ETags")?;
    let prefer = Prefer { returning: Some(Return::Minimal), ..Prefer::default() };
    let moved = Body::new().set("City", "Kiruna");
    let change = Change::update(row.clone(), moved, Precondition::Exact(etag.clone())).prefer(prefer);
    let changed = service.write("cookbook.update", &change).await?.written().ok_or("at once")?;
    println!("  changed: {}, preference followed: {:?}", changed.status, changed.applied.returning());

    // The old ETag is refused now, and the error says what to do about it.
    let stale = Change::update(row.clone(), Body::new().set("City", "Umeå"), Precondition::Exact(etag));
    let error = service.write("cookbook.stale", &stale).await.err().ok_or("the row has moved")?;
    assert_eq!(error.status().map(StatusError::reason), Some(Reason::Moved));
    println!("  {error}");

    // Read again, merge, write again.
    let read = Read::of(row.clone());
    let now = service.row("cookbook.read", &read).await?.ok_or("it is there")?;
    let etag = ETag::new(now.etag.ok_or("it has an ETag")?)?;
    service.write("cookbook.delete", &Change::delete(row, Precondition::Exact(etag))).await?;
    assert!(service.row("cookbook.gone", &read).await?.is_none());
    println!("  deleted");
    Ok(())
}
