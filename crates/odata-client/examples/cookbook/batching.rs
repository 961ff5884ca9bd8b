//! Several requests in one call, some of them as one.

use odata_client::{Batch, Body, Change, Precondition, Query, Read, Resource, Verdict};

use crate::Outcome;
use crate::tenant::Tenant;

pub(crate) async fn run(tenant: &Tenant) -> Outcome {
    let service = tenant.service("CustomerHandling")?;
    let customer = |id: &str, name: &str| {
        let body = Body::new().set("CustomerId", id).set("Name", name);
        Change::create(Resource::set("CustomerInfoSet"), body)
    };

    // A read, and a group: the second change belongs to what the first one makes.
    let mut batch = Batch::new();
    let few = batch.read(Read::set("CustomerInfoSet").query(Query { top: Some(2), ..Query::default() }));
    let (made, address) = batch.group(|group| {
        let made = group.change(customer("B1", "Ann"));
        let addresses = made.resource().then("CustomerInfoAddresses");
        let body = Body::new().set("AddressId", "1").set("Country", "SE").set("DefaultDomain", true);
        (made, group.change(Change::create(addresses, body)))
    });
    let answer = service.batch("cookbook.batch", &batch).await?;
    if let Verdict::Answered(reply) = answer.verdict(few) {
        println!("  read {} rows", reply.page()?.len());
    }
    for part in [made, address] {
        if let Verdict::Written(written) = answer.verdict(part) {
            println!("  made {:?}", written.location);
        }
    }
    assert!(answer.is_success());

    // One failure undoes its group, whatever the server says of the others; what is behind it is
    // unknown, unless the server was asked to go on.
    let mut batch = Batch::new();
    let (fine, doubled) = batch.group(|group| {
        (group.change(customer("B2", "Ben")), group.change(customer("B1", "the key is taken")))
    });
    let behind = batch.change(Change::delete(Resource::set("CustomerInfoSet").then("x"), Precondition::Any));
    let answer = service.batch("cookbook.failing", &batch).await?;
    assert!(!answer.verdict(doubled).is_success());
    match answer.verdict(fine) {
        Verdict::RolledBack { error, .. } => {
            println!("  not made, though nothing was wrong with it: {error}");
        }
        other => return Err(format!("{other:?} is no verdict for it").into()),
    }
    match answer.verdict(behind) {
        Verdict::Unknown { why } => println!("  unknown: {why}"),
        other => return Err(format!("{other:?} is no verdict for it").into()),
    }
    Ok(())
}
