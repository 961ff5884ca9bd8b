//! Many rows, some of them bad: the small form of the example `accounts`.

use sandbox::salesforce::Matching;

use crate::load::{REFUSED, Way, load};
use crate::org::Org;

/// Every row has the outcome that it had to have, and the sums agree.
#[tokio::test(start_paused = true)]
async fn f35_f37_every_row_of_many_has_its_outcome() {
    for way in [Way::Collections, Way::Bulk] {
        let org = Org::new();
        org.sandbox.switch(|switches| {
            switches.refused = Some(Matching { field: "Name".to_owned(), contains: REFUSED.to_owned() });
        });
        let loaded = load(&org.client, &org.clock, 4_000, way).await.expect("the load goes through");
        assert_eq!(loaded.wrong, [""; 0], "{way:?}");
        assert_eq!((loaded.rows(), loaded.created), (4_000, 3_960), "{way:?}");
        assert_eq!(loaded.failed.len(), 8, "{way:?}: {:?}", loaded.failed);
        assert!(loaded.failed.values().all(|count| *count == 5), "{way:?}: {:?}", loaded.failed);
        assert_eq!(org.sandbox.accounts().len(), 3_960, "{way:?}");
        assert!(org.sandbox.stats()["calls"] <= 12, "{way:?}: {}", org.sandbox.stats()["calls"]);
    }
}
