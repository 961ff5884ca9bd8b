//! Avro schemas as far as events use them: all types of the specification, without logical types,
//! aliases and defaults, which matter to readers of another schema only.

use std::collections::BTreeMap;

use serde_json::Value;

/// Most types a schema may have.
const MAX_NODES: usize = 50_000;
/// Deepest nesting of types.
const MAX_DEPTH: u32 = 32;
/// Largest `fixed`, in bytes: as large as an event may be.
const MAX_FIXED: u64 = 1 << 20;

/// A schema, ready for decoding.
#[derive(Debug, Clone, PartialEq)]
pub struct AvroSchema {
    nodes: Vec<Node>,
    root: NodeId,
}

/// A schema that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the schema of the event cannot be used: {0}")]
pub struct SchemaError(
    /// What is wrong.
    pub String,
);

/// The place of a type in its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NodeId(usize);

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Null,
    Boolean,
    Long,
    Int,
    Float,
    Double,
    Bytes,
    Text,
    Fixed(usize),
    Enum(Vec<String>),
    Array(NodeId),
    Map(NodeId),
    Union(Vec<NodeId>),
    Record(Vec<Field>),
}

/// A field of a record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// What Salesforce says about it, such as `CreatedDate:DateTime`.
    pub(crate) doc: String,
    pub(crate) node: NodeId,
}

impl AvroSchema {
    /// Reads a schema from its JSON.
    pub fn parse(json: &str) -> Result<Self, SchemaError> {
        let value: Value =
            serde_json::from_str(json).map_err(|error| SchemaError(format!("it is no JSON: {error}")))?;
        let mut parser = Parser::default();
        let root = parser.node(&value, "", 0)?;
        Ok(Self { nodes: parser.nodes, root })
    }

    pub(crate) fn root(&self) -> NodeId {
        self.root
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        self.nodes.get(id.0).unwrap_or(&Node::Null)
    }

    /// The fields of a record, also of one that is a branch of a union.
    pub(crate) fn fields(&self, id: NodeId) -> Option<&[Field]> {
        match self.node(id) {
            Node::Record(fields) => Some(fields),
            Node::Union(branches) => branches.iter().find_map(|branch| match self.node(*branch) {
                Node::Record(fields) => Some(fields.as_slice()),
                _ => None,
            }),
            _ => None,
        }
    }
}

#[derive(Default)]
struct Parser {
    nodes: Vec<Node>,
    named: BTreeMap<String, NodeId>,
}

impl Parser {
    fn node(&mut self, value: &Value, space: &str, depth: u32) -> Result<NodeId, SchemaError> {
        if depth > MAX_DEPTH || self.nodes.len() >= MAX_NODES {
            return Err(SchemaError("it is nested too deeply, or too large".into()));
        }
        match value {
            Value::String(name) => self.by_name(name, space),
            Value::Array(branches) => {
                let branches = branches.iter().map(|branch| self.node(branch, space, depth + 1));
                let branches = branches.collect::<Result<_, _>>()?;
                Ok(self.add(Node::Union(branches)))
            }
            Value::Object(object) => match object.get("type") {
                Some(Value::String(kind)) => self.complex(kind, value, space, depth),
                Some(inner) => self.node(inner, space, depth + 1),
                None => Err(SchemaError("a type without a type".into())),
            },
            other => Err(SchemaError(format!("{other} is no type"))),
        }
    }

    fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId(self.nodes.len() - 1)
    }

    fn by_name(&mut self, name: &str, space: &str) -> Result<NodeId, SchemaError> {
        if let Some(node) = primitive(name) {
            return Ok(self.add(node));
        }
        let known = self.named.get(&full(name, space)).or_else(|| self.named.get(name));
        known.copied().ok_or_else(|| SchemaError(format!("the type {name} is not known")))
    }

    fn complex(&mut self, kind: &str, value: &Value, space: &str, depth: u32) -> Result<NodeId, SchemaError> {
        match kind {
            "array" => {
                let items = self.node(member(value, "items")?, space, depth + 1)?;
                Ok(self.add(Node::Array(items)))
            }
            "map" => {
                let values = self.node(member(value, "values")?, space, depth + 1)?;
                Ok(self.add(Node::Map(values)))
            }
            "enum" => {
                let symbols = list(value, "symbols")?.iter().map(|symbol| text(symbol).map(str::to_owned));
                let node = Node::Enum(symbols.collect::<Result<_, _>>()?);
                self.name(value, space, node).map(|(id, _)| id)
            }
            "fixed" => {
                let size = member(value, "size")?.as_u64().filter(|size| *size <= MAX_FIXED);
                let size = size.and_then(|size| usize::try_from(size).ok());
                let size = size.ok_or_else(|| SchemaError("a fixed without a sensible size".into()))?;
                self.name(value, space, Node::Fixed(size)).map(|(id, _)| id)
            }
            "record" => self.record(value, space, depth),
            other => self.by_name(other, space),
        }
    }

    /// Adds a named type; gives its place and the namespace of what it contains.
    fn name(&mut self, value: &Value, space: &str, node: Node) -> Result<(NodeId, String), SchemaError> {
        let name = text(member(value, "name")?)?;
        let own = value.get("namespace").and_then(Value::as_str).unwrap_or(space);
        let full = full(name, own);
        let inner = full.rsplit_once('.').map_or("", |(space, _)| space).to_owned();
        let id = self.add(node);
        self.named.insert(full, id);
        Ok((id, inner))
    }

    fn record(&mut self, value: &Value, space: &str, depth: u32) -> Result<NodeId, SchemaError> {
        // It has its place before its fields have theirs: they may name it.
        let (id, space) = self.name(value, space, Node::Record(Vec::new()))?;
        let mut fields = Vec::new();
        for field in list(value, "fields")? {
            let name = text(member(field, "name")?)?.to_owned();
            let doc = field.get("doc").and_then(Value::as_str).unwrap_or_default().to_owned();
            let node = self.node(member(field, "type")?, &space, depth + 1)?;
            fields.push(Field { name, doc, node });
        }
        if let Some(slot) = self.nodes.get_mut(id.0) {
            *slot = Node::Record(fields);
        }
        Ok(id)
    }
}

fn primitive(name: &str) -> Option<Node> {
    Some(match name {
        "null" => Node::Null,
        "boolean" => Node::Boolean,
        "int" => Node::Int,
        "long" => Node::Long,
        "float" => Node::Float,
        "double" => Node::Double,
        "bytes" => Node::Bytes,
        "string" => Node::Text,
        _ => return None,
    })
}

fn full(name: &str, space: &str) -> String {
    if space.is_empty() || name.contains('.') { name.to_owned() } else { format!("{space}.{name}") }
}

fn member<'v>(value: &'v Value, name: &str) -> Result<&'v Value, SchemaError> {
    value.get(name).ok_or_else(|| SchemaError(format!("a type or field without {name}")))
}

fn list<'v>(value: &'v Value, name: &str) -> Result<&'v [Value], SchemaError> {
    let found = member(value, name)?.as_array();
    found.map(Vec::as_slice).ok_or_else(|| SchemaError(format!("{name} is no list")))
}

fn text(value: &Value) -> Result<&str, SchemaError> {
    value.as_str().ok_or_else(|| SchemaError(format!("{value} is no text")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_found_by_name_in_their_namespace() {
        let schema = AvroSchema::parse(
            r#"{"type":"record","name":"A","namespace":"x.y","fields":[
                {"name":"e","type":{"type":"enum","name":"E","symbols":["ONE","TWO"]}},
                {"name":"again","type":["null","E"]},
                {"name":"full","type":"x.y.E"},
                {"name":"self","type":["null","A"],"default":null,"doc":"d"},
                {"name":"java","type":{"type":"string","avro.java.string":"String"}}]}"#,
        )
        .expect("a schema");
        let fields = schema.fields(schema.root()).expect("a record");
        assert_eq!(fields.len(), 5);
        assert_eq!(fields[2].node, fields[0].node);
        assert_eq!(schema.fields(fields[3].node).expect("a record in a union").len(), 5);
        assert_eq!((schema.node(fields[4].node), &*fields[3].doc), (&Node::Text, "d"));
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        let deep = format!("{}\"null\"{}", "[".repeat(100), "]".repeat(100));
        for (json, part) in [
            ("", "no JSON"),
            ("5", "no type"),
            ("\"Nowhere\"", "not known"),
            (r#"{"name":"x"}"#, "without a type"),
            (r#"{"type":"array"}"#, "without items"),
            (r#"{"type":"record","name":"R"}"#, "without fields"),
            (r#"{"type":"record","name":"R","fields":[{"name":"f"}]}"#, "without type"),
            (r#"{"type":"fixed","name":"F","size":-1}"#, "sensible size"),
            (r#"{"type":"fixed","name":"F","size":99999999999}"#, "sensible size"),
            (r#"{"type":"enum","name":"E","symbols":[1]}"#, "no text"),
            (&deep, "too deeply"),
        ] {
            let error = AvroSchema::parse(json).expect_err(json).to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
