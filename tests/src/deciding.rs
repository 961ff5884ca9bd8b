//! People at the desk, who decide some of the conflicts that they are shown.

use mapping::Side;
use sync_engine::{ConflictQuery, ConflictState, Desk};
use wire::Clock;

use crate::simulation::options::Dice;

/// Decides about half of the open conflicts, for either side.
pub async fn some(desk: &dyn Desk, dice: &Dice, clock: &dyn Clock) {
    let open = desk.conflicts(&ConflictQuery::default()).await.unwrap_or_default();
    let mut decided = Vec::new();
    for mut conflict in open {
        if conflict.state == ConflictState::Open && dice.one_in(2) {
            let winner = if dice.one_in(2) { Side::Source } else { Side::Target };
            let (by, at) = ("somebody".to_owned(), clock.now());
            conflict.state = ConflictState::Decided { winner, by, at };
            decided.push(conflict);
        }
    }
    desk.keep_conflicts(decided).await.ok();
}
