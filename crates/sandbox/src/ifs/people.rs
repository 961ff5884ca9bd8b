//! What people do in the tenant: they enter, change and delete rows, at once or with a late commit.

use std::sync::Arc;

use wire::Entropy;

use super::cell::Cell;
use super::column::Column;
use super::database::{Changes, Database};
use super::entity::Entity;
use super::history::Log;
use super::row::join;
use super::schema::{SUPPLIER_INFO, entities};
use super::tenant::{IfsSandbox, State};

/// Who people are to the history log.
const PEOPLE: &str = "IFSAPP";

impl IfsSandbox {
    /// Somebody changes a supplier now; says whether it was changed: there must be one, and no
    /// open edit may hold it.
    pub fn edit(&self, key: &str, changes: &[(&str, Option<&str>)]) -> bool {
        self.edit_of(SUPPLIER_INFO.lu, &[key], changes)
    }

    /// Somebody changes a row of a logical unit now; says whether it was changed. Whoever changes the
    /// column that shows the modification sets that as well, to whatever it is to be.
    pub fn edit_of(&self, unit: &str, key: &[&str], changes: &[(&str, Option<&str>)]) -> bool {
        let Some(entity) = entity(unit) else { return false };
        self.working(|db, log| db.edit(entity, &exact(entity, key), &owned(changes), log))
    }

    /// One statement changes all these suppliers, so that they share one stamp; returns how many.
    pub fn edit_together(&self, keys: &[&str], changes: &[(&str, Option<&str>)]) -> usize {
        let changes = owned(changes);
        self.working(|db, log| keys.iter().filter(|key| db.edit(&SUPPLIER_INFO, key, &changes, log)).count())
    }

    /// Somebody enters a supplier now.
    pub fn insert(&self, key: &str, values: &[(&str, Option<&str>)]) {
        let mut all = vec![("SupplierId", Some(key))];
        all.extend(values);
        self.insert_of(SUPPLIER_INFO.lu, &all);
    }

    /// Somebody enters a row of a logical unit now, its key among the values. Says whether there is
    /// such a unit.
    pub fn insert_of(&self, unit: &str, values: &[(&str, Option<&str>)]) -> bool {
        let Some(entity) = entity(unit) else { return false };
        self.working(|db, log| db.insert(entity, &owned(values), log)).is_some()
    }

    /// Somebody deletes a supplier now; says whether there was one that no open edit holds.
    pub fn remove(&self, key: &str) -> bool {
        self.remove_of(SUPPLIER_INFO.lu, &[key])
    }

    /// Somebody deletes a row of a logical unit now, with what belongs to it; says whether there was
    /// one that no open edit holds.
    pub fn remove_of(&self, unit: &str, key: &[&str]) -> bool {
        let Some(entity) = entity(unit) else { return false };
        let key = exact(entity, key);
        self.working(|db, log| !db.is_held(entity, &key) && db.delete(entity, &key, log))
    }

    /// Somebody changes a supplier; the stamp is taken now, the commit comes later. Until then
    /// nobody sees the change and nobody else can make one. Says whether there is such a row.
    pub fn begin_edit(&self, key: &str, changes: &[(&str, Option<&str>)]) -> bool {
        self.begin_edit_of(SUPPLIER_INFO.lu, &[key], changes)
    }

    /// As [`begin_edit`](Self::begin_edit), for a row of any logical unit.
    pub fn begin_edit_of(&self, unit: &str, key: &[&str], changes: &[(&str, Option<&str>)]) -> bool {
        let Some(entity) = entity(unit) else { return false };
        self.working(|db, log| db.begin(entity, &exact(entity, key), owned(changes), log.at))
    }

    /// The open edit of one supplier commits; says whether there was one.
    pub fn commit_edit(&self, key: &str) -> bool {
        self.working(|db, log| db.commit(|unit, open| *unit == SUPPLIER_INFO && open == key, log)) > 0
    }

    /// All open edits commit; returns how many.
    pub fn commit_open(&self) -> usize {
        self.working(|db, log| db.commit(|_, _| true, log))
    }

    /// Somebody changes something about some supplier, by chance; returns its key.
    pub fn random_edit(&self, entropy: &dyn Entropy) -> Option<String> {
        let key = self.lock().some_row(entropy)?;
        let (name, value) = random_change(entropy);
        self.edit(&key, &[(name, Some(&value))]);
        Some(key.to_string())
    }

    /// Somebody begins to change some supplier, by chance; returns its key.
    pub fn random_begin(&self, entropy: &dyn Entropy) -> Option<String> {
        let key = self.lock().some_row(entropy)?;
        let (name, value) = random_change(entropy);
        self.begin_edit(&key, &[(name, Some(&value))]);
        Some(key.to_string())
    }

    /// People work in the database now.
    fn working<T>(&self, work: impl FnOnce(&mut Database, &Log<'_>) -> T) -> T {
        let at = self.clock.now();
        let State { db, switches, .. } = &mut *self.lock();
        work(db, &Log { at, user: PEOPLE, units: &switches.history })
    }
}

impl State {
    fn some_row(&self, entropy: &dyn Entropy) -> Option<Arc<str>> {
        let count = u64::try_from(self.db.table(&SUPPLIER_INFO)?.len()).ok()?;
        let place = usize::try_from(entropy.next_u64().checked_rem(count)?).ok()?;
        self.db.free_from(&SUPPLIER_INFO, place)
    }
}

/// The logical unit of this name.
pub(super) fn entity(unit: &str) -> Option<&'static Entity> {
    entities().find(|entity| entity.lu == unit)
}

/// The key of these parts as the table has it.
pub(super) fn exact(entity: &Entity, parts: &[&str]) -> String {
    let columns = entity.key_places().filter_map(|place| entity.columns.get(place));
    let part = |(part, column): (&&str, &Column)| {
        Cell::parse(column.kind, Some(part)).map_or_else(|| (*part).to_owned(), |cell| cell.key_part())
    };
    join(&parts.iter().zip(columns).map(part).collect::<Vec<_>>())
}

fn owned(changes: &[(&str, Option<&str>)]) -> Changes {
    changes.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect()
}

/// What people change: things that both sides show.
fn random_change(entropy: &dyn Entropy) -> (&'static str, String) {
    let number = entropy.next_u64();
    match number % 6 {
        0 => ("Name", format!("Renamed Ωmega №{} 株式会社", number % 10_000)),
        1 => ("City", format!("Neustadt {}", number % 1_000)),
        2 => ("Phone", format!("+49 40 {}", number % 10_000_000)),
        3 => ("CreditLimit", format!("{}.{:02}", number % 1_000_000, number % 100)),
        4 => (
            "PayTermId",
            ["10", "30", "60EOM"]
                .get(usize::try_from(number / 6 % 3).unwrap_or(0))
                .copied()
                .unwrap_or("30")
                .to_owned(),
        ),
        _ => (
            "Objstate",
            ["Active", "Blocked", "Expired"]
                .get(usize::try_from(number / 6 % 3).unwrap_or(0))
                .copied()
                .unwrap_or("Active")
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wire::SeededEntropy;

    use crate::ifs::bench::Bench;

    #[test]
    fn a_late_commit_shows_an_older_stamp_than_what_was_seen_before() {
        let bench = Bench::with(10, 100);
        assert!(bench.tenant.begin_edit("S10001", &[("City", Some("Late"))]));
        bench.clock.advance(Duration::from_mins(1));
        assert_eq!(bench.tenant.edit_together(&["S10001", "S10002", "S10003"], &[("City", Some("Now"))]), 2);
        let since =
            "/SupplierSet?$filter=ModifiedDate%20ge%202030-01-01T00:00:00Z&$orderby=ModifiedDate,SupplierId";
        assert_eq!(bench.ids(since), ["S10002", "S10003"]);
        assert!(bench.tenant.commit_edit("S10001"));
        assert!(!bench.tenant.commit_edit("S10001"));
        assert_eq!(bench.ids(since), ["S10001", "S10002", "S10003"]);
    }

    #[test]
    fn edits_by_chance_repeat_from_their_seed() {
        let run = || {
            let bench = Bench::with(100, 100);
            let entropy = SeededEntropy::new(5);
            let keys: Vec<_> = (0..20).map(|_| bench.tenant.random_edit(&entropy)).collect();
            (keys, bench.tenant.rows())
        };
        assert_eq!(run(), run());
        assert!(run().0.iter().all(Option::is_some));
    }
}
