//! The rows that came inside of a row, by `$expand` or as a collection of complex values.

use url::Url;

use crate::members::{control, members, text_of};
use crate::page::{Control, Origin};
use crate::{Entity, ODataError, Page, RowError};

impl Page {
    /// The rows that came as member `name` of the row with the number `row`, as a page of their own:
    /// if the server cut them, [`Service::next`](crate::Service::next) brings the others. `None` if
    /// the row is not there, or did not bring any.
    ///
    /// ```no_run
    /// # async fn example(service: odata_client::Service) -> Result<(), odata_client::ODataError> {
    /// use odata_client::{Expand, Query};
    ///
    /// let query = Query { expand: vec![Expand::of("Lines")], ..Query::default() };
    /// let page = service.page("orders", "OrderSet", &query).await?;
    /// for order in 0..page.len() {
    ///     let mut lines = page.inner(order, "Lines")?;
    ///     while let Some(some) = lines {
    ///         println!("{} lines", some.len());
    ///         lines = service.next(&some).await?;
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn inner(&self, row: usize, name: &str) -> Result<Option<Page>, ODataError> {
        let Some(text) = self.row(row) else { return Ok(None) };
        let origin =
            Origin { url: &self.url, operation: self.operation, date: self.date, evidence: self.evidence };
        within(text, &format!("row {row}"), name, &origin)
    }

    /// The links of rows that are references (`$ref`), as they came.
    pub fn references(&self) -> impl Iterator<Item = Result<String, RowError>> {
        self.rows().map(|row| {
            let [id] = members(row, |name| (control(name) == Some("id")).then_some(0))?;
            text_of(id).ok_or_else(|| RowError("it has no `@odata.id`".into()))
        })
    }
}

impl Entity {
    /// The rows that came as member `name`, as a page of their own; see [`Page::inner`].
    pub fn inner(&self, name: &str) -> Result<Option<Page>, ODataError> {
        let origin =
            Origin { url: &self.url, operation: self.operation, date: self.date, evidence: self.evidence };
        within(&self.text, "its member", name, &origin)
    }

    /// Where it was asked for.
    pub fn url(&self) -> &Url {
        &self.url
    }
}

fn within(text: &str, place: &str, name: &str, origin: &Origin<'_>) -> Result<Option<Page>, ODataError> {
    let operation = origin.operation;
    let malformed = |why: String| ODataError::Malformed {
        operation,
        what: "row",
        place: format!("{place}, `{name}`"),
        why,
    };
    let wanted = |member: &str| {
        let (own, about) = member.split_at_checked(name.len())?;
        match (own == name, about, control(about)) {
            (true, "", _) => Some(0),
            (true, _, Some("nextLink")) => Some(1),
            (true, _, Some("count")) => Some(2),
            _ => None,
        }
    };
    let [rows, next, count] = members::<3>(text, wanted).map_err(|error| malformed(error.to_string()))?;
    let next_link = text_of(next);
    if next.is_some_and(|next| next != "null") && next_link.is_none() {
        return Err(malformed("its next link is no text".into()));
    }
    let count = count.map(|count| count.trim_matches('"').parse()).transpose();
    let count = count.map_err(|_| malformed("its count is no number".into()))?;
    let control = Control { count, next_link, ..Control::default() };
    // A server may send nothing but the link.
    let rows = match rows {
        Some("null") | None if control.next_link.is_none() => return Ok(None),
        Some("null") | None => "[]",
        Some(rows) => rows,
    };
    Page::within(rows.to_owned(), origin, control).map(Some).map_err(|error| malformed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wire::scripted::{Scripted, answer, clock};

    use super::*;
    use crate::{Key, Query, Read, Resource, Service};

    const JSON: (&str, &str) = ("content-type", "application/json");

    fn service(bodies: &[&str]) -> (std::sync::Arc<Scripted>, Service) {
        let steps = bodies.iter().map(|body| Ok(answer(200, &[JSON], body))).collect();
        let script = Scripted::new(&clock(), Duration::ZERO, steps);
        (script.clone(), Service::new(script, "https://h.example/int/S.svc/".parse().unwrap()))
    }

    #[tokio::test]
    async fn nested_next_links_are_followed_to_the_end() {
        let (script, service) = service(&[
            r#"{"value":[{"Lines":[{"No":1}],"Lines@odata.count":"3","Lines@odata.nextLink":"Orders('1')/Lines?$skiptoken=1"},
                {"Lines":[]},{"Lines@nextLink":"Orders('3')/Lines"},{"Other":1},{"Lines":null}]}"#,
            r#"{"value":[{"No":2}],"@odata.nextLink":"Orders('1')/Lines?$skiptoken=2"}"#,
            r#"{"value":[{"No":3}]}"#,
        ]);
        let page = service.page("t", "Orders", &Query::default()).await.unwrap();
        let mut lines = page.inner(0, "Lines").unwrap();
        assert_eq!(lines.as_ref().unwrap().control().count, Some(3));
        let mut found = Vec::new();
        while let Some(some) = lines {
            found.extend(some.rows().map(str::to_owned));
            lines = service.next(&some).await.unwrap();
        }
        assert_eq!(found, [r#"{"No":1}"#, r#"{"No":2}"#, r#"{"No":3}"#]);
        assert_eq!(script.seen()[1].1.uri().path(), "/int/S.svc/Orders('1')/Lines");
        assert!(page.inner(1, "Lines").unwrap().unwrap().is_empty());
        assert!(page.inner(2, "Lines").unwrap().unwrap().control().next_link.is_some());
        for nothing in [3, 4, 9] {
            assert!(page.inner(nothing, "Lines").unwrap().is_none(), "{nothing}");
        }
    }

    #[tokio::test]
    async fn nested_links_stay_in_the_service_and_damage_is_placed() {
        let (script, service) = service(&[
            r#"{"L":[1],"L@odata.nextLink":"https://evil.example/x"}"#,
            r#"{"L":[1],"L@odata.nextLink":7}"#,
            r#"{"L":{"a":1}}"#,
            r#"{"L":[1],"L@odata.count":"x"}"#,
        ]);
        let read = Read::of(Resource::set("S").key(&Key::text("1")));
        let row = service.row("t", &read).await.unwrap().unwrap();
        let error = service.next(&row.inner("L").unwrap().unwrap()).await.unwrap_err();
        assert!(matches!(error, ODataError::ForeignLink { .. }), "{error}");
        assert_eq!(script.count(), 1);
        for _ in 0..3 {
            let row = service.row("t", &read).await.unwrap().unwrap();
            let error = row.inner("L").unwrap_err().to_string();
            assert!(error.contains("malformed row, its member, `L`: "), "{error}");
        }
    }

    #[tokio::test]
    async fn references_are_links() {
        let (_, service) = service(&[r#"{"value":[{"@odata.id":"Lines(1)"},{"@id":"Lines(2)"},{"id":1}]}"#]);
        let read = Read::of(Resource::set("Orders").key(&Key::text("1")).then("Lines").reference());
        let page = service.rows("t", &read).await.unwrap();
        let found: Vec<_> = page.references().map(Result::ok).collect();
        assert_eq!(found, [Some("Lines(1)".to_owned()), Some("Lines(2)".to_owned()), None]);
    }
}
