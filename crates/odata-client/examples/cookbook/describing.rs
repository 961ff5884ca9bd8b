//! What a service says of itself, and what has changed in it.

use odata_client::metadata::Used;
use odata_client::{Drift, Metadata};

use crate::Outcome;
use crate::tenant::Tenant;

pub(crate) async fn run(tenant: &Tenant) -> Outcome {
    let service = tenant.service("CustomerHandling")?;
    let document = service.service_document("cookbook.document").await?;
    println!("  sets: {}", document.entity_sets.join(", "));

    let raw = service.metadata_raw("cookbook.metadata").await?;
    let metadata = Metadata::read(&raw)?;
    let set = metadata.entity_set("CustomerInfoSet").ok_or("it is there")?;
    let keys = metadata.keys(&set.entity_type);
    println!("  the key: {:?}", keys.iter().map(|key| key.path.as_str()).collect::<Vec<_>>());
    for property in metadata.properties(&set.entity_type).iter().take(4) {
        println!("  {}: {} {:?}", property.name, property.of.spelled(), property.of.max_length);
    }
    let capabilities = metadata.capabilities("CustomerInfoSet").ok_or("it is a set")?;
    println!("  CreationDate is computed by the server: {}", capabilities.computed("CreationDate"));

    // After an update of the server: what has changed, and does it matter to us?
    let updated = String::from_utf8(raw.to_vec())?.replace("Name=\"AssociationNo\"", "Name=\"OrgNo\"");
    let used = [Used::written("CustomerInfoSet", "AssociationNo"), Used::read("CustomerInfoSet", "Name")];
    let drift = Drift::between(&metadata, &Metadata::read(updated.as_bytes())?, &used);
    drift.to_string().lines().for_each(|line| println!("  {line}"));
    assert!(!drift.is_empty());
    Ok(())
}
