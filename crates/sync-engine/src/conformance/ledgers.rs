//! What every [`Ledger`] must do.

use crate::{Ledger, Pending};

fn pending(flow: &str, name: &str, note: &str) -> Pending {
    Pending { flow: flow.into(), name: name.into(), note: note.into() }
}

/// Holds a ledger against the contract of [`Ledger`]; it has to be empty.
///
/// # Panics
/// At the first thing that the ledger does otherwise than the contract says.
pub async fn ledger(ledger: &dyn Ledger) {
    let all = || async { ledger.pending().await.expect("reads") };
    assert_eq!(all().await, []);
    let entered = [pending("a", "2", "first"), pending("b", "1", "zwölf \u{0} \"x\""), pending("a", "1", "")];
    for one in &entered {
        ledger.enter(one.clone()).await.expect("enters");
    }
    ledger.enter(pending("a", "2", "second")).await.expect("enters again");
    let told = [pending("a", "1", ""), pending("a", "2", "second"), entered[1].clone()];
    assert_eq!(all().await, told, "in the order of flow and name, the newest note of each");
    for (flow, name) in [("a", "1"), ("b", "2"), ("c", "1")] {
        ledger.strike(flow, name).await.expect("strikes");
    }
    assert_eq!(all().await, told[1..], "only what is meant is struck");
}
