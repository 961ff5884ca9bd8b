//! Walks through all rows of a read, page by page.
//!
//! | walk | loses nothing while rows change | needs |
//! |---|---|---|
//! | [`by_key`](Walk::by_key) | yes: rows that change come again, none is passed over | an order by columns that are never null, the last of them unique |
//! | [`by_next_link`](Walk::by_next_link) | as the server does it: many of them page by numbers | nothing |
//! | [`by_skip`](Walk::by_skip) | no: a row that moves up is passed over | a total order |
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use wire::scripted::{Scripted, answer, clock};
//! # let json = [("content-type", "application/json")];
//! # let steps = vec![
//! #     Ok(answer(200, &json, r#"{"value":[{"SupplierId":"A"},{"SupplierId":"B"}]}"#)),
//! #     Ok(answer(200, &json, r#"{"value":[{"SupplierId":"C"}]}"#)),
//! #     Ok(answer(200, &json, r#"{"value":[]}"#)),
//! # ];
//! # let transport = Scripted::new(&clock(), std::time::Duration::ZERO, steps);
//! use odata_client::{KeyColumn, Read, Service, Walk};
//!
//! let service = Service::new(transport, "https://host.example/SupplierHandling.svc/".parse()?);
//! let read = Read::set("SupplierInfoGeneralSet");
//! let mut walk = Walk::by_key(service, "suppliers", read, [KeyColumn::text("SupplierId")], 2)?;
//! let mut rows = 0;
//! while let Some(page) = walk.next().await? {
//!     rows += page.len();
//! }
//! assert_eq!(rows, 3);
//! # Ok(())
//! # }
//! ```

mod position;

pub use position::{KeyColumn, Position};

use crate::{Expression, ODataError, Page, Query, Read, Service};

/// A walk under way. Each page is asked for when it is wanted, and nothing of it is kept, so that
/// memory is bounded by one page.
#[derive(Debug)]
pub struct Walk {
    service: Service,
    operation: &'static str,
    read: Read,
    page_size: u64,
    way: Way,
    over: bool,
}

#[derive(Debug)]
enum Way {
    Key { columns: Vec<KeyColumn>, after: Option<Position>, first: Option<Position> },
    NextLink { last: Option<Box<Page>> },
    Skip { rows: u64 },
}

impl Walk {
    /// Walks along `columns`: each page begins behind the last row of the page before, wherever that
    /// row has gone meanwhile. The recommended walk.
    ///
    /// The columns must be selected, never null, and unique together; put the key of the set at the
    /// end. A page that is shorter than asked is no proof of the end, because servers cut pages
    /// silently: the walk ends with an empty page. Rows that are out of order, or that should not
    /// have come, stop it with an error.
    pub fn by_key(
        service: Service,
        operation: &'static str,
        read: Read,
        columns: impl IntoIterator<Item = KeyColumn>,
        page_size: u64,
    ) -> Result<Self, ODataError> {
        let columns: Vec<KeyColumn> = columns.into_iter().collect();
        let unaskable = |why: &str| ODataError::Unaskable { operation, why: why.to_owned() };
        if columns.is_empty() {
            return Err(unaskable("a walk by key needs a column to go along"));
        }
        if !read.query.order_by.is_empty() || !read.query.apply.is_empty() {
            return Err(unaskable("a walk by key brings its own order, and cannot go through an $apply"));
        }
        let way = Way::Key { columns, after: None, first: None };
        Self::new(service, operation, read, page_size, way)
    }

    /// Takes up a walk [`by_key`](Self::by_key) behind `position`, which a walk before had reached.
    pub fn after(mut self, position: Position) -> Self {
        if let Way::Key { after, .. } = &mut self.way {
            *after = Some(position);
        }
        self
    }

    /// Follows the next links of the server to their end. How large a page is, the server decides;
    /// [`Prefer::max_page_size`](crate::Prefer::max_page_size) asks it for less.
    pub fn by_next_link(service: Service, operation: &'static str, read: Read) -> Self {
        Self { service, operation, read, page_size: 0, way: Way::NextLink { last: None }, over: false }
    }

    /// Counts rows (`$skip`, `$top`). Rows that come or go before the place of the walk make it pass
    /// over others or bring them twice: for sets that rest, or where losing rows does no harm.
    pub fn by_skip(
        service: Service,
        operation: &'static str,
        read: Read,
        page_size: u64,
    ) -> Result<Self, ODataError> {
        Self::new(service, operation, read, page_size, Way::Skip { rows: 0 })
    }

    fn new(
        service: Service,
        operation: &'static str,
        read: Read,
        page_size: u64,
        way: Way,
    ) -> Result<Self, ODataError> {
        if page_size == 0 || read.query.top.is_some() || read.query.skip.is_some() {
            let why = "the walk sets $top and $skip itself, and a page has at least one row".to_owned();
            return Err(ODataError::Unaskable { operation, why });
        }
        Ok(Self { service, operation, read, page_size, way, over: false })
    }

    /// The next page; `None` at the end. After an error the walk stands where it stood: the same page
    /// may be asked for again.
    pub async fn next(&mut self) -> Result<Option<Page>, ODataError> {
        if self.over {
            return Ok(None);
        }
        let page = match &self.way {
            Way::NextLink { last: None } => Some(self.service.rows(self.operation, &self.read).await?),
            Way::NextLink { last: Some(last) } => self.service.next(last).await?,
            Way::Key { .. } | Way::Skip { .. } => {
                let read = self.read.clone().query(self.query());
                Some(self.service.rows(self.operation, &read).await?).filter(|page| !page.is_empty())
            }
        };
        let Some(page) = page else {
            self.over = true;
            return Ok(None);
        };
        self.step(&page)?;
        Ok(Some(page))
    }

    /// Behind which row the next page begins, to be stored; `None` at the beginning, and for other
    /// walks than [`by_key`](Self::by_key).
    pub fn position(&self) -> Option<&Position> {
        match &self.way {
            Way::Key { after, .. } => after.as_ref(),
            _ => None,
        }
    }

    fn query(&self) -> Query {
        let mut query = self.read.query.clone();
        query.top = Some(self.page_size);
        match &self.way {
            Way::Key { columns, after, .. } => {
                query.order_by = columns.iter().map(KeyColumn::order).collect();
                let behind = after.as_ref().map(|position| position.behind(columns));
                query.filter = both(query.filter, behind);
            }
            Way::Skip { rows } => query.skip = Some(*rows).filter(|rows| *rows > 0),
            Way::NextLink { .. } => {}
        }
        query
    }

    fn step(&mut self, page: &Page) -> Result<(), ODataError> {
        match &mut self.way {
            Way::Skip { rows } => *rows += page.len() as u64,
            // The page itself is given away; its links are kept.
            Way::NextLink { last } => *last = Some(Box::new(page.without_rows())),
            Way::Key { columns, after, first } => {
                let ends = Position::ends(columns, page)?;
                let stuck = |why: &str| ODataError::PagingNoProgress {
                    operation: self.operation,
                    why: why.to_owned(),
                };
                if after.as_ref().is_some_and(|after| !ends.first.follows(after)) {
                    return Err(stuck("a page begins before the last row of the page before it"));
                }
                if first.as_ref() == Some(&ends.first) {
                    return Err(stuck("a page begins with the same row as the page before it"));
                }
                if page.len() > 1 && !ends.last.follows(&ends.first) {
                    return Err(stuck("the rows of a page are not in the order that was asked for"));
                }
                *after = Some(ends.last);
                *first = Some(ends.first);
            }
        }
        Ok(())
    }
}

fn both(one: Option<Expression>, other: Option<Expression>) -> Option<Expression> {
    match (one, other) {
        // The text of a caller is sealed, so that an `or` in it does not take over.
        (Some(one), Some(other)) => Some(Expression::All(vec![one, other])),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests;
