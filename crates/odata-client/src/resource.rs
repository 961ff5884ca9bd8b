//! The path of a resource below the service root, percent-encoded as it is built.

use crate::encode::push_segment;
use crate::{Feature, Key, Literal};

/// What a request is about: a set, a row, what hangs on it, or an operation.
///
/// ```
/// use odata_client::{Key, Resource};
/// let line = Resource::set("PurchaseOrderSet").key(&Key::text("A/1")).then("LinePartArray");
/// assert_eq!(line.path(), "PurchaseOrderSet(%27A%2F1%27)/LinePartArray");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    path: String,
    part: Option<PartId>,
    /// Whether a key in it is a segment of its own.
    segments: bool,
}

/// The number of one part of a batch, which later parts may refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartId(pub(crate) u32);

impl PartId {
    /// The row that the part wrote, as a resource for later parts (`$1`).
    pub fn resource(self) -> Resource {
        Resource { path: self.reference(), part: Some(self), segments: false }
    }

    /// `$1`, as it stands in paths and in `If-Match`.
    pub(crate) fn reference(self) -> String {
        format!("${}", self.0)
    }
}

impl Resource {
    /// An entity set, a singleton, or an unbound operation.
    pub fn set(name: &str) -> Self {
        let mut path = String::new();
        push_segment(&mut path, name);
        Self { path, part: None, segments: false }
    }

    /// The row of it with `key`.
    pub fn key(mut self, key: &Key) -> Self {
        key.push_path(&mut self.path);
        self
    }

    /// The row of it with `key`, as segments of their own: `Orders/A-1` (OData 4.01, section
    /// key-as-segment). A key that cannot be one, such as `..` or an empty text, keeps its
    /// parentheses, which every server understands.
    pub fn key_segment(mut self, key: &Key) -> Self {
        if key.fits_segments() {
            self.segments = true;
            key.push_segments(&mut self.path);
            return self;
        }
        self.key(key)
    }

    /// What `segment` of it names: a property, a navigation, or a bound operation by its qualified
    /// name.
    pub fn then(mut self, segment: &str) -> Self {
        self.path.push('/');
        push_segment(&mut self.path, segment);
        self
    }

    /// The parameters of the function that it ends in, inline. Long values belong into aliases.
    pub fn parameters(mut self, parameters: &[(&str, Literal)]) -> Self {
        let pairs = parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Key::Composite(pairs.collect()).push_path(&mut self.path);
        self
    }

    /// How many rows it has, as a bare number.
    pub fn count(self) -> Self {
        self.system("$count")
    }

    /// Its raw value without JSON around it.
    pub fn value(self) -> Self {
        self.system("$value")
    }

    /// The link to it instead of itself.
    pub fn reference(self) -> Self {
        self.system("$ref")
    }

    /// The path below the root, percent-encoded.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What it needs of a server.
    pub(crate) fn needs(&self) -> Option<Feature> {
        self.segments.then_some(Feature::KeyAsSegment)
    }

    /// The part of a batch that it starts from.
    pub(crate) fn part(&self) -> Option<PartId> {
        self.part
    }

    fn system(mut self, segment: &str) -> Self {
        self.path.push('/');
        self.path.push_str(segment);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_cannot_leave_their_place() {
        let row = Resource::set("A Set").key(&Key::text("x/../y")).then("Nav/$value?");
        assert_eq!(row.path(), "A%20Set(%27x%2F..%2Fy%27)/Nav%2F%24value%3F");
        let exists =
            Resource::set("Exists").parameters(&[("No", Literal::text("a b")), ("Max", Literal::Int(2))]);
        assert_eq!(exists.path(), "Exists(No=%27a%20b%27,Max=2)");
        assert_eq!(Resource::set("Now").parameters(&[]).path(), "Now()");
        assert_eq!(Resource::set("S").count().path(), "S/$count");
        assert_eq!(Resource::set("S").key_segment(&Key::text("A-1")).then("Nav").path(), "S/A-1/Nav");
        for (key, path) in [("..", "S(%27..%27)"), ("", "S(%27%27)"), ("$count", "S(%27%24count%27)")] {
            assert_eq!(Resource::set("S").key_segment(&Key::text(key)).path(), path);
        }
        assert_eq!(PartId(3).resource().then("Lines").reference().path(), "$3/Lines/$ref");
    }
}
