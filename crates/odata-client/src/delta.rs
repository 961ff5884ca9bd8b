//! What has changed since a delta link was given (OData Protocol 11.3).
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use wire::scripted::{Scripted, answer, clock};
//! # let json = [("content-type", "application/json"), ("preference-applied", "odata.track-changes")];
//! # let steps = vec![
//! #     Ok(answer(200, &json, r#"{"value":[{"Id":"A"}],"@odata.deltaLink":"S?$deltatoken=1"}"#)),
//! #     Ok(answer(200, &json, r##"{"@context":"$metadata#S/$delta","value":[{"Id":"B"},{"@removed":{"reason":"deleted"},"@id":"S('A')"}],"@deltaLink":"S?$deltatoken=2"}"##)),
//! #     Ok(answer(410, &[], "")),
//! # ];
//! # let transport = Scripted::new(&clock(), std::time::Duration::ZERO, steps);
//! use odata_client::{Changes, Entry, Prefer, Read, Service};
//!
//! let service = Service::new(transport, "https://host.example/S.svc/".parse()?);
//! let tracked = Prefer { track_changes: true, ..Prefer::default() };
//! let page = service.rows("first", &Read::set("S").prefer(tracked)).await?;
//! let mut link = service.delta_link(&page)?.ok_or("the server does not track changes")?;
//! // Keep the link, come back later:
//! let mut changes = Some(service.changes("delta", &link).await?);
//! while let Some(Changes::Page(page)) = changes {
//!     for entry in page.entries() {
//!         match entry? {
//!             Entry::Row(row) => println!("new or changed: {row}"),
//!             Entry::Removed(removed) => println!("gone: {:?}", removed.id),
//!             other => println!("a relation: {other:?}"),
//!         }
//!     }
//!     link = page.link().to_owned();
//!     changes = service.more_changes(&page).await?;
//! }
//! // One day the server has forgotten what was then:
//! let later = service.changes("delta", &link).await?;
//! assert!(matches!(later, Changes::ResyncNeeded(_)), "everything must be read anew");
//! # Ok(())
//! # }
//! ```

mod entry;

pub use entry::{Entry, Gone, Relation, Removed};

use http::StatusCode;
use url::Url;

use crate::page::Trail;
use crate::{ODataError, Page, Prefer, RowError, Service, StatusError};

/// What came of asking a delta link.
#[derive(Debug, Clone)]
pub enum Changes {
    /// Some changes, or all of them.
    Page(Box<ChangePage>),
    /// The server no longer knows what has changed since then (`410`): everything must be read anew,
    /// and a new delta link with it.
    ResyncNeeded(Box<StatusError>),
}

/// One page of changes, and the link behind it: to the next page if there are
/// [`more`](ChangePage::more), or else to be asked later.
#[derive(Debug, Clone)]
pub struct ChangePage {
    page: Page,
    link: String,
    more: bool,
}

impl ChangePage {
    /// The changes, in the order in which they must be applied.
    pub fn entries(&self) -> impl Iterator<Item = Result<Entry<'_>, RowError>> {
        self.page.rows().map(Entry::read)
    }

    /// Where it goes on, as an absolute address to be stored.
    pub fn link(&self) -> &str {
        &self.link
    }

    /// Whether there are more changes at once. As long as there are, nobody may take the changes for
    /// complete.
    pub fn more(&self) -> bool {
        self.more
    }

    /// The page as it came.
    pub fn page(&self) -> &Page {
        &self.page
    }
}

impl Service {
    /// The delta link of `page`, as an absolute address to be stored. `None` if it has none: it is not
    /// the last page, or the server does not track changes, whatever it was asked for.
    pub fn delta_link(&self, page: &Page) -> Result<Option<String>, ODataError> {
        let link = page.control().delta_link.as_deref();
        link.map(|link| self.resolve(page.operation, &page.url, link).map(Into::into)).transpose()
    }

    /// What has changed since `link` was given: a stored one, or that of a page of changes.
    pub async fn changes(&self, operation: &'static str, link: &str) -> Result<Changes, ODataError> {
        let url = self.resolve(operation, self.root(), link)?;
        let trail = Trail::start(&url);
        self.changes_at(operation, url, trail).await
    }

    /// The changes behind `page`, if there are [`more`](ChangePage::more) at once; never in circles.
    pub async fn more_changes(&self, page: &ChangePage) -> Result<Option<Changes>, ODataError> {
        if !page.more {
            return Ok(None);
        }
        let operation = page.page.operation;
        let url = self.resolve(operation, &page.page.url, &page.link)?;
        let Some(trail) = page.page.trail.step(&url) else {
            let why = "a next link leads back to changes that were read before".into();
            return Err(ODataError::PagingNoProgress { operation, why });
        };
        self.changes_at(operation, url, trail).await.map(Some)
    }

    async fn changes_at(
        &self,
        operation: &'static str,
        url: Url,
        trail: Trail,
    ) -> Result<Changes, ODataError> {
        let response = match self.follow(operation, &url, &Prefer::default()).await {
            Err(ODataError::Status { error, .. }) if error.status == StatusCode::GONE => {
                return Ok(Changes::ResyncNeeded(error));
            }
            other => other?,
        };
        let page = Page::read(operation, url, trail, &response)?;
        let malformed = |place: &str, why: &str| ODataError::Malformed {
            operation,
            what: "delta",
            place: place.to_owned(),
            why: why.to_owned(),
        };
        let context = page.control().context.as_deref().unwrap_or("$delta");
        if !context.ends_with("$delta") {
            // A server that ignores the token sends everything, and nothing that is gone.
            return Err(malformed("its context", "it says that these are all rows, not changes"));
        }
        let control = page.control();
        let (next, delta) = (control.next_link.as_deref(), control.delta_link.as_deref());
        let Some(found) = next.or(delta) else {
            return Err(malformed("its end", "it has neither a next link nor a delta link"));
        };
        let found = self.resolve(operation, &page.url, found)?;
        let more = next.is_some();
        Ok(Changes::Page(Box::new(ChangePage { link: found.into(), more, page })))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use wire::scripted::{Scripted, answer, clock};

    use super::*;
    use crate::{Profile, Read};

    const JSON: (&str, &str) = ("content-type", "application/json");

    fn service(steps: &[(u16, &str)]) -> (Arc<Scripted>, Service) {
        let steps = steps.iter().map(|(status, body)| Ok(answer(*status, &[JSON], body))).collect();
        let script = Scripted::new(&clock(), Duration::ZERO, steps);
        (script.clone(), Service::new(script, "https://h.example/S.svc/".parse().unwrap()))
    }

    #[tokio::test]
    async fn both_versions_tell_rows_removals_and_relations() {
        let four = r##"{"@odata.context":"$metadata#S/$delta","value":[
            {"Id":"A","Name":"x"},
            {"@odata.context":"#S/$deletedEntity","id":"S('B')","reason":"deleted"},
            {"@odata.context":"#S/$deletedEntity","id":"S('C')"},
            {"@odata.context":"#S/$link","source":"S('A')","relationship":"Lines","target":"L(1)"},
            {"@odata.context":"#S/$deletedLink","source":"S('A')","relationship":"Lines","target":"L(2)"}],
            "@odata.deltaLink":"S?$deltatoken=2"}"##;
        let later = r#"{"@context":"https://h.example/S.svc/$metadata#S/$delta","value":[
            {"@removed":{"reason":"changed"},"@id":"S('D')"},
            {"@odata.removed":{},"Id":"E"},
            {"@removed":null,"Id":"F"}],
            "@nextLink":"https://h.example/S.svc/S?$deltatoken=3"}"#;
        let (script, service) = service(&[(200, four), (200, later)]);
        let Changes::Page(page) = service.changes("t", "S?$deltatoken=1").await.unwrap() else { panic!() };
        assert_eq!((page.link(), page.more()), ("https://h.example/S.svc/S?$deltatoken=2", false));
        let entries: Vec<_> = page.entries().map(Result::unwrap).collect();
        assert!(matches!(&entries[0], Entry::Row(row) if row.contains("Name")));
        let gone = |entry: &Entry<'_>| match entry {
            Entry::Removed(removed) => (removed.id.clone(), removed.reason),
            other => panic!("{other:?}"),
        };
        assert_eq!(gone(&entries[1]), (Some("S('B')".into()), Gone::Deleted));
        assert_eq!(gone(&entries[2]), (Some("S('C')".into()), Gone::Unknown));
        let relation = |target: &str| Relation {
            source: "S('A')".into(),
            relationship: "Lines".into(),
            target: target.into(),
        };
        assert_eq!(entries[3], Entry::Linked(relation("L(1)")));
        assert_eq!(entries[4], Entry::Unlinked(relation("L(2)")));
        let Changes::Page(page) = service.changes("t", page.link()).await.unwrap() else { panic!() };
        assert!(page.more());
        let entries: Vec<_> = page.entries().map(Result::unwrap).collect();
        assert_eq!(gone(&entries[0]), (Some("S('D')".into()), Gone::OutOfScope));
        assert_eq!(gone(&entries[1]), (None, Gone::Unknown));
        assert!(matches!(&entries[1], Entry::Removed(removed) if removed.row.contains("\"E\"")));
        assert!(matches!(entries[2], Entry::Row(_)), "null is not removed");
        assert_eq!(script.seen()[1].1.uri().query(), Some("$deltatoken=2"));
    }

    #[tokio::test]
    async fn a_forgotten_link_needs_a_full_resync_and_nothing_else_is_taken_for_one() {
        let (_, service) = service(&[
            (410, r#"{"error":{"code":"Gone","message":"the token is too old"}}"#),
            (404, ""),
            (200, r#"{"@odata.context":"$metadata#S","value":[],"@odata.deltaLink":"x"}"#),
            (200, r#"{"value":[]}"#),
            (200, r#"{"value":[],"@odata.deltaLink":"https://evil.example/"}"#),
        ]);
        let ask = || service.changes("t", "S?$deltatoken=1");
        let Changes::ResyncNeeded(why) = ask().await.unwrap() else { panic!("410") };
        assert_eq!(why.message, "the token is too old");
        assert_eq!(ask().await.unwrap_err().status().unwrap().status, StatusCode::NOT_FOUND);
        assert!(ask().await.unwrap_err().to_string().contains("all rows"));
        assert!(ask().await.unwrap_err().to_string().contains("neither"));
        assert!(matches!(ask().await.unwrap_err(), ODataError::ForeignLink { .. }));
        let foreign = service.changes("t", "https://evil.example/S.svc/S").await.unwrap_err();
        assert!(matches!(foreign, ODataError::ForeignLink { .. }));
    }

    #[tokio::test]
    async fn next_links_between_changes_do_not_go_in_circles() {
        let to = |n: u8| {
            (
                200,
                [
                    "",
                    r#"{"value":[],"@nextLink":"S?$deltatoken=1"}"#,
                    r#"{"value":[],"@nextLink":"S?$deltatoken=2"}"#,
                ][usize::from(n)],
            )
        };
        let (script, service) = service(&[to(2), to(1), to(2), to(1), to(2), to(1)]);
        let mut changes = service.changes("t", "S?$deltatoken=1").await.unwrap();
        let error = loop {
            let Changes::Page(page) = changes else { panic!() };
            match service.more_changes(&page).await {
                Ok(Some(more)) => changes = more,
                Ok(None) => panic!("there is always more"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, ODataError::PagingNoProgress { .. }), "{error}");
        assert!(script.count() < 6);
    }

    #[tokio::test]
    async fn what_is_preferred_is_not_what_is_applied_and_ifs_is_not_asked() {
        let (script, service) = service(&[(200, r#"{"value":[]}"#)]);
        let read = Read::set("S").prefer(Prefer { track_changes: true, ..Prefer::default() });
        let page = service.rows("t", &read).await.unwrap();
        assert!(!page.applied.tracks_changes());
        assert_eq!(service.delta_link(&page).unwrap(), None);
        assert_eq!(script.seen()[0].1.headers()["prefer"], "odata.track-changes");
        let error = service.with_profile(Profile::ifs()).rows("t", &read).await.unwrap_err();
        assert!(error.to_string().contains("delta links"), "{error}");
    }
}
