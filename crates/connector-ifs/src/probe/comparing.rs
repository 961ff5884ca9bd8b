//! Whether the server compares as it shows and as it sorts: a walk along times or keys rests on both.

use std::cmp::Ordering;

use jiff::Timestamp;
use mapping::Key;
use odata_client::{Filter, Literal, ODataError, Page, Query, Select, property};
use sync_engine::Finding;

use super::IfsProbe;
use super::finding::{green, red, yellow};
use crate::entity_settings::Precision;
use crate::key::{KeyOrder, KeyShape};
use crate::reader::{Seen, floor};

impl IfsProbe {
    /// Asks for a row by the modification that it shows.
    pub(super) async fn filterable(&self, row: &Seen) -> Option<Finding> {
        const CHECK: &str = "modified attribute";
        let name = self.settings.moved()?;
        let Some(at) = row.modified else {
            let fix =
                "choose an attribute that every change moves: rows without it are found by full walks only";
            return Some(yellow(CHECK, format!("{name} of the row looked at is empty"), fix));
        };
        let asked = async {
            if self.any(property(name).gt(Literal::Timestamp(latest()))).await? {
                let fix = "choose another `modified` attribute: changes cannot be found by this one";
                return Ok(red(CHECK, format!("the server ignores filters on {name}"), fix));
            }
            if self.shows(name, at).await? {
                return Ok(green(CHECK, format!("{name} can be filtered, exactly")));
            }
            let found = format!("a row that shows {name} = {at} is not found by it");
            Ok(red(CHECK, found, self.precision(name, at).await?))
        };
        Some(asked.await.unwrap_or_else(|error: ODataError| self.failed(CHECK, &error)))
    }

    /// Whether a row is found by exactly this time.
    async fn shows(&self, name: &str, at: Timestamp) -> Result<bool, ODataError> {
        let at = || Literal::Timestamp(at);
        self.any(property(name).ge(at()).and(property(name).le(at()))).await
    }

    /// What helps where times are not compared as they are shown.
    async fn precision(&self, name: &str, at: Timestamp) -> Result<&'static str, ODataError> {
        for (coarser, advice) in [
            (
                Precision::Millisecond,
                "set precision = \"millisecond\": the server compares no finer than that",
            ),
            (Precision::Second, "set precision = \"second\": the server compares whole seconds"),
        ] {
            let floored = floor(at, coarser);
            if floored != at && self.shows(name, floored).await? {
                return Ok(advice);
            }
        }
        let next = floor(at, Precision::Second).checked_add(jiff::SignedDuration::from_secs(1));
        let within = property(name).ge(Literal::Timestamp(at));
        let next = property(name).lt(Literal::Timestamp(next.unwrap_or(at)));
        Ok(if self.any(within.and(next)).await? {
            "the server compares finer than it shows: choose another `modified` attribute, or detect = \"sweep\""
        } else {
            "the server reads the time in another zone than it shows it: set the right time_zone"
        })
    }

    /// Whether keys are sorted as configured, and compared as they are sorted.
    pub(super) async fn key_order(&self, page: &Page) -> Option<Finding> {
        const CHECK: &str = "order of keys";
        let keys: Vec<Key> = self.reader.read(page).into_iter().filter_map(|row| row.key).collect();
        let shape = KeyShape { fields: self.settings.key.clone(), order: KeyOrder::Binary };
        let turned = |pair: &&[Key]| matches!(pair, [a, b] if shape.compare(a, b) == Some(Ordering::Greater));
        let inversion = keys.windows(2).find(turned);
        let [before, behind] = inversion.or_else(|| keys.windows(2).nth(keys.len() / 2))? else {
            return None;
        };
        let asked = async {
            let agrees = self.comes_behind(&shape, before, behind).await?
                && !self.comes_behind(&shape, behind, before).await?;
            if !agrees {
                return Ok(red(
                    CHECK,
                    format!(
                        "the server sorts {before} before {behind}, and compares them otherwise: a walk would lose rows"
                    ),
                    "let the service user's database session sort and compare alike (NLS_SORT and NLS_COMP), or \
                     use another unique `key`",
                ));
            }
            let told = format!("{before} comes before {behind}, and compares so");
            let own = inversion.is_some();
            if own && self.settings.key_order == KeyOrder::Binary {
                return Ok(red(CHECK, format!("not by bytes: {told}"), "set key_order = \"server\""));
            }
            Ok(green(CHECK, if own { format!("the server's own: {told}") } else { told }))
        };
        Some(asked.await.unwrap_or_else(|error: ODataError| self.failed(CHECK, &error)))
    }

    /// Whether the server finds `key` among what comes behind `other`.
    async fn comes_behind(&self, shape: &KeyShape, other: &Key, key: &Key) -> Result<bool, ODataError> {
        match shape.behind(other).zip(shape.is(key)) {
            Some((behind, is)) => self.any(behind.and(is)).await,
            None => Ok(false),
        }
    }

    async fn any(&self, filter: Filter) -> Result<bool, ODataError> {
        let select = Select::properties(self.settings.key.iter().map(|field| &field.name));
        let query = Query { filter: Some(filter), select, top: Some(1), ..Query::default() };
        Ok(!self.page(&query).await?.is_empty())
    }
}

/// Later than any row: 9999-12-30T00:00:00Z.
fn latest() -> Timestamp {
    Timestamp::from_second(253_402_128_000).unwrap_or(Timestamp::MAX)
}
