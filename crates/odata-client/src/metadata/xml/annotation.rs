//! Annotations of CSDL XML with their expressions (CSDL XML 4.01, section 14).

use super::{Cursor, Element, Outcome, truth};
use crate::metadata::number::canonical;
use crate::metadata::{Annotation, Annotations, Expression, Record, Value};

/// Expressions that may stand as an attribute or as an element.
const CONSTANTS: &[&str] = &[
    "Binary",
    "Bool",
    "Date",
    "DateTimeOffset",
    "Decimal",
    "Duration",
    "EnumMember",
    "Float",
    "Guid",
    "Int",
    "String",
    "TimeOfDay",
    "AnnotationPath",
    "ModelElementPath",
    "NavigationPropertyPath",
    "PropertyPath",
    "Path",
    "UrlRef",
];
/// Attributes of expressions that say more about them.
const PARAMETERS: &[&str] = &["Function", "Name", "MaxLength", "Precision", "Scale", "SRID", "Unicode"];

/// Reads `element`, an `Annotation`, into `annotations`.
pub(super) fn annotation(
    cursor: &mut Cursor<'_>,
    element: &Element,
    annotations: &mut Annotations,
) -> Outcome<()> {
    qualified(cursor, element, None, annotations)
}

/// Reads the annotations of an `Annotations` element for its `target`.
pub(super) fn targeted(
    cursor: &mut Cursor<'_>,
    element: &Element,
    annotations: &mut Annotations,
) -> Outcome<()> {
    while let Some(child) = cursor.child(element)? {
        if child.name == "Annotation" {
            qualified(cursor, &child, element.attribute("Qualifier"), annotations)?;
        }
    }
    Ok(())
}

fn qualified(
    cursor: &mut Cursor<'_>,
    element: &Element,
    common: Option<&str>,
    annotations: &mut Annotations,
) -> Outcome<()> {
    let term = element.required("Term")?;
    let key = match element.attribute("Qualifier").or(common) {
        Some(qualifier) => format!("{term}#{qualifier}"),
        None => term.to_owned(),
    };
    let read = valued(cursor, element)?;
    if annotations.0.contains_key(&key) {
        return Err(format!("the annotation {key} stands twice"));
    }
    annotations.0.insert(key, Box::new(read));
    Ok(())
}

/// The value of an `Annotation`, `PropertyValue` or `LabeledElement`: an attribute, or a child.
fn valued(cursor: &mut Cursor<'_>, element: &Element) -> Outcome<Annotation> {
    let mut read = Annotation::default();
    let attribute = CONSTANTS.iter().find_map(|kind| Some((*kind, element.attribute(kind)?)));
    if let Some((kind, text)) = attribute {
        read.value = constant(kind, text)?;
    }
    while let Some(child) = cursor.child(element)? {
        if child.name == "Annotation" {
            annotation(cursor, &child, &mut read.annotations)?;
        } else if let Some(value) = expression(cursor, &child, false)? {
            read.value = value;
        }
    }
    Ok(read)
}

/// The value of an expression element; `None` if it is none. The operands of operators say of which
/// enumeration they are.
fn expression(cursor: &mut Cursor<'_>, element: &Element, operand: bool) -> Outcome<Option<Value>> {
    let name = element.name.as_str();
    Ok(Some(match name {
        "UrlRef" => operation(cursor, element)?,
        "EnumMember" if operand => cast_member(&cursor.text(element)?)?,
        _ if CONSTANTS.contains(&name) => constant(name, &cursor.text(element)?)?,
        "Null" => null(cursor, element)?,
        "Collection" => Value::Collection(operands(cursor, element, false)?.0),
        "Record" => Value::Record(record(cursor, element)?),
        "LabeledElement" => labeled(cursor, element)?,
        "LabeledElementReference" => {
            let name = cursor.text(element)?.trim().to_owned();
            operator(&element.name, vec![Value::Text(name)])
        }
        "And" | "Or" | "Not" | "Eq" | "Ne" | "Gt" | "Ge" | "Lt" | "Le" | "Has" | "In" | "Add" | "Sub"
        | "Neg" | "Mul" | "Div" | "DivBy" | "Mod" | "Apply" | "Cast" | "IsOf" | "If" => {
            operation(cursor, element)?
        }
        _ => return Ok(None),
    }))
}

fn operands(
    cursor: &mut Cursor<'_>,
    element: &Element,
    operator: bool,
) -> Outcome<(Vec<Value>, Annotations)> {
    let (mut values, mut annotations) = (Vec::new(), Annotations::default());
    while let Some(child) = cursor.child(element)? {
        if child.name == "Annotation" {
            annotation(cursor, &child, &mut annotations)?;
        } else if let Some(value) = expression(cursor, &child, operator)? {
            values.push(value);
        }
    }
    Ok((values, annotations))
}

fn operation(cursor: &mut Cursor<'_>, element: &Element) -> Outcome<Value> {
    let (operands, annotations) = operands(cursor, element, true)?;
    let mut parameters = std::collections::BTreeMap::new();
    for name in PARAMETERS {
        if let Some(value) = element.attribute(name) {
            parameters.insert((*name).to_owned(), canonical(value).unwrap_or_else(|| value.to_owned()));
        }
    }
    if let Some(spelled) = element.attribute("Type") {
        let (name, collection) = crate::metadata::type_use::uncollected(spelled);
        parameters.insert("Type".into(), name.to_owned());
        if collection {
            parameters.insert("Collection".into(), "true".into());
        }
    }
    let operator = element.name.clone();
    Ok(Value::Expression(Box::new(Expression { operator, parameters, operands, annotations })))
}

fn operator(name: &str, operands: Vec<Value>) -> Value {
    Value::Expression(Box::new(Expression { operator: name.to_owned(), operands, ..Expression::default() }))
}

fn null(cursor: &mut Cursor<'_>, element: &Element) -> Outcome<Value> {
    let (_, annotations) = operands(cursor, element, false)?;
    if annotations.is_empty() {
        return Ok(Value::Null);
    }
    let operands = vec![Value::Null];
    Ok(Value::Expression(Box::new(Expression {
        operator: "Null".into(),
        operands,
        annotations,
        ..Expression::default()
    })))
}

fn labeled(cursor: &mut Cursor<'_>, element: &Element) -> Outcome<Value> {
    let read = valued(cursor, element)?;
    let parameters = element.attribute("Name").map(|name| ("Name".to_owned(), name.to_owned()));
    Ok(Value::Expression(Box::new(Expression {
        operator: "LabeledElement".into(),
        parameters: parameters.into_iter().collect(),
        operands: vec![read.value],
        annotations: read.annotations,
    })))
}

fn record(cursor: &mut Cursor<'_>, element: &Element) -> Outcome<Record> {
    let mut record = Record { type_name: element.owned("Type"), ..Record::default() };
    while let Some(child) = cursor.child(element)? {
        match child.name.as_str() {
            "Annotation" => annotation(cursor, &child, &mut record.annotations)?,
            "PropertyValue" => {
                let name = child.required("Property")?.to_owned();
                let value = valued(cursor, &child)?;
                if record.members.insert(name, value).is_some() {
                    return Err("a record has a property twice".into());
                }
            }
            _ => {}
        }
    }
    Ok(record)
}

fn constant(kind: &str, text: &str) -> Outcome<Value> {
    Ok(match kind {
        "Bool" => Value::Bool(truth(text, kind)?),
        "Int" | "Decimal" | "Float" => match canonical(text.trim()) {
            Some(number) => Value::Number(number),
            None if matches!(text.trim(), "INF" | "-INF" | "NaN") => Value::Text(text.trim().to_owned()),
            None => return Err(format!("{kind} is {text:?}, which is no number")),
        },
        "Path" => Value::Path(text.trim().to_owned()),
        "UrlRef" => operator("UrlRef", vec![Value::Text(text.to_owned())]),
        "EnumMember" => Value::Text(members(text).1),
        "String" => Value::Text(text.to_owned()),
        _ => Value::Text(text.trim().to_owned()),
    })
}

/// The enumeration and the members, joined by commas, of `Ns.Type/A Ns.Type/B`.
fn members(text: &str) -> (Option<&str>, String) {
    let mut of = None;
    let mut names = Vec::new();
    for member in text.split_whitespace() {
        match member.rsplit_once('/') {
            Some((type_name, name)) => {
                of = Some(type_name);
                names.push(name);
            }
            None => names.push(member),
        }
    }
    (of, names.join(","))
}

fn cast_member(text: &str) -> Outcome<Value> {
    let (of, names) = members(text);
    let of = of.ok_or_else(|| format!("the member {text:?} does not name its enumeration"))?;
    Ok(Value::Expression(Box::new(Expression {
        operator: "Cast".into(),
        parameters: [("Type".to_owned(), of.to_owned())].into(),
        operands: vec![Value::Text(names)],
        ..Expression::default()
    })))
}
