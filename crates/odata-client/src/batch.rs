//! Several requests in one call (OData Protocol 11.7), some of them in groups that succeed or fail
//! together.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use wire::scripted::{Scripted, answer, clock};
//! # let body = "--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"value\":[]}\r\n\
//! #   --b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n\
//! #   --c\r\nContent-Type: application/http\r\nContent-ID: 2\r\n\r\nHTTP/1.1 201 Created\r\nETag: W/\"1\"\r\n\r\n\r\n\
//! #   --c\r\nContent-Type: application/http\r\nContent-ID: 3\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n\r\n--c--\r\n--b--\r\n";
//! # let transport = Scripted::new(&clock(), std::time::Duration::ZERO, vec![Ok(answer(200, &[("content-type", "multipart/mixed; boundary=b")], body))]);
//! use odata_client::{Batch, Body, Change, Read, Resource, Service, Verdict};
//!
//! let service = Service::new(transport, "https://host.example/CustomerHandling.svc/".parse()?);
//! let mut batch = Batch::new();
//! let countries = batch.read(Read::set("CountrySet"));
//! let (customer, address) = batch.group(|group| {
//!     let body = Body::new().set("CustomerId", "C1").set("Name", "Ann");
//!     let customer = group.change(Change::create(Resource::set("CustomerInfoSet"), body));
//!     let addresses = customer.resource().then("CustomerInfoAddresses");
//!     (customer, group.change(Change::create(addresses, Body::new().set("AddressId", "1"))))
//! });
//! let answer = service.batch("customer.create", &batch).await?;
//! assert!(matches!(answer.verdict(countries), Verdict::Answered(_)));
//! assert!(matches!(answer.verdict(customer), Verdict::Written(_)));
//! assert!(matches!(answer.verdict(address), Verdict::Written(_)));
//! # Ok(())
//! # }
//! ```

mod answer;
mod json;
pub(crate) mod message;
mod multipart;
mod sending;

pub use answer::{BatchAnswer, Verdict};

use crate::resource::PartId;
use crate::{Change, Prefer, Read};

/// How a batch is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BatchFormat {
    /// `multipart/mixed`, which every server of OData 4 understands, and IFS alone.
    #[default]
    Multipart,
    /// JSON (4.01).
    Json,
}

/// Requests that travel together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    pub(crate) items: Vec<Item>,
    parts: u32,
    pub(crate) format: BatchFormat,
    pub(crate) prefer: Prefer,
}

/// What succeeds or fails by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    Read(PartId, Box<Read>),
    Change(PartId, Box<Change>),
    /// A change set, or an atomicity group.
    Group(Vec<(PartId, Change)>),
}

/// Changes that succeed or fail together: a change set.
#[derive(Debug)]
pub struct Group<'b> {
    parts: &'b mut u32,
    changes: Vec<(PartId, Change)>,
}

impl Batch {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Written as `format` says; [`BatchFormat::Multipart`] if nothing is said.
    pub fn format(mut self, format: BatchFormat) -> Self {
        self.format = format;
        self
    }

    /// Goes on after a part that fails. Otherwise most servers stop there, and the parts behind it
    /// remain unknown.
    pub fn continue_on_error(mut self) -> Self {
        self.prefer.continue_on_error = Some(true);
        self
    }

    /// Adds preferences of the batch as a whole; those of its parts belong to them.
    pub fn prefer(mut self, prefer: Prefer) -> Self {
        let continue_on_error = prefer.continue_on_error.or(self.prefer.continue_on_error);
        self.prefer = Prefer { continue_on_error, ..prefer };
        self
    }

    /// Adds a read.
    pub fn read(&mut self, read: Read) -> PartId {
        let part = next(&mut self.parts);
        self.items.push(Item::Read(part, Box::new(read)));
        part
    }

    /// Adds a change that succeeds or fails by itself.
    pub fn change(&mut self, change: Change) -> PartId {
        let part = next(&mut self.parts);
        self.items.push(Item::Change(part, Box::new(change)));
        part
    }

    /// Adds changes that succeed or fail together.
    pub fn group<T>(&mut self, build: impl FnOnce(&mut Group<'_>) -> T) -> T {
        let mut group = Group { parts: &mut self.parts, changes: Vec::new() };
        let given = build(&mut group);
        if !group.changes.is_empty() {
            self.items.push(Item::Group(group.changes));
        }
        given
    }

    /// How many parts it has.
    pub fn len(&self) -> usize {
        self.items.iter().map(Item::len).sum()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl Group<'_> {
    /// Adds a change.
    pub fn change(&mut self, change: Change) -> PartId {
        let part = next(self.parts);
        self.changes.push((part, change));
        part
    }
}

impl Item {
    pub(crate) fn len(&self) -> usize {
        self.parts().count()
    }

    /// Its parts, in their order.
    pub(crate) fn parts(&self) -> impl Iterator<Item = PartId> {
        let (one, several) = match self {
            Self::Read(part, _) | Self::Change(part, _) => (Some(*part), None),
            Self::Group(changes) => (None, Some(changes)),
        };
        one.into_iter().chain(several.into_iter().flatten().map(|(part, _)| *part))
    }

    /// Its changes, in their order.
    pub(crate) fn changes(&self) -> impl Iterator<Item = (PartId, &Change)> {
        let (one, several) = match self {
            Self::Read(..) => (None, None),
            Self::Change(part, change) => (Some((*part, &**change)), None),
            Self::Group(changes) => (None, Some(changes)),
        };
        one.into_iter().chain(several.into_iter().flatten().map(|(part, change)| (*part, change)))
    }
}

fn next(parts: &mut u32) -> PartId {
    *parts += 1;
    PartId(*parts)
}

#[cfg(test)]
mod tests;
