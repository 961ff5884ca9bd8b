//! Annotation values of CSDL JSON with their expressions (CSDL JSON 4.01, section 14).

use super::{Object, Outcome, Slice};
use crate::metadata::number::canonical;
use crate::metadata::{Annotation, DEEPEST, Expression, Record, Value};

/// Operators with one operand, which may itself be an array.
const UNARY: &[&str] =
    &["$Not", "$Neg", "$Cast", "$IsOf", "$LabeledElement", "$LabeledElementReference", "$UrlRef", "$Null"];
/// Operators with their operands in an array.
const LISTED: &[&str] = &[
    "$And", "$Or", "$Eq", "$Ne", "$Gt", "$Ge", "$Lt", "$Le", "$Has", "$In", "$Add", "$Sub", "$Mul", "$Div",
    "$DivBy", "$Mod", "$Apply", "$If",
];

/// The value that `slice` says, at `depth` inside other values.
pub(super) fn value(slice: Slice<'_>, depth: usize) -> Outcome<Value> {
    if depth >= DEEPEST {
        return Err(slice.refuse(format!("it is nested deeper than {DEEPEST}")));
    }
    Ok(match slice.first() {
        b'n' => Value::Null,
        b't' => Value::Bool(true),
        b'f' => Value::Bool(false),
        b'"' => Value::Text(slice.string()?),
        b'[' => {
            let items = slice.array()?.into_iter().map(|item| value(item, depth + 1));
            Value::Collection(items.collect::<Outcome<_>>()?)
        }
        b'{' => object(slice.object()?, depth)?,
        _ => Value::Number(
            canonical(slice.text()).ok_or_else(|| slice.refuse("it is a number out of all bounds"))?,
        ),
    })
}

fn object(mut object: Object<'_>, depth: usize) -> Outcome<Value> {
    if let Some(path) = object.get("$Path") {
        return path.string().map(Value::Path);
    }
    let found = object.members.iter().find_map(|(name, slice)| {
        let known = |list: &[&'static str]| list.iter().find(|known| *known == name).copied();
        known(UNARY)
            .map(|name| (name, *slice, true))
            .or_else(|| known(LISTED).map(|name| (name, *slice, false)))
    });
    let Some((name, slice, unary)) = found else {
        return record(object, depth).map(Value::Record);
    };
    let operands = if unary {
        vec![value(slice, depth + 1)?]
    } else {
        slice.array()?.into_iter().map(|item| value(item, depth + 1)).collect::<Outcome<_>>()?
    };
    let mut expression = Expression {
        operator: name.trim_start_matches('$').to_owned(),
        operands,
        annotations: object.own()?,
        ..Expression::default()
    };
    for (key, slice) in object.members.iter().filter(|(key, _)| key != name && key.starts_with('$')) {
        let text = slice.loose()?;
        let text = canonical(&text).unwrap_or(text);
        expression.parameters.insert(key.trim_start_matches('$').to_owned(), text);
    }
    if matches!(name, "$Cast" | "$IsOf") {
        expression.parameters.entry("Type".into()).or_insert_with(|| "Edm.String".into());
    }
    Ok(Value::Expression(Box::new(expression)))
}

fn record(mut object: Object<'_>, depth: usize) -> Outcome<Record> {
    let mut record = Record::default();
    for (name, slice) in object.named() {
        let value = value(slice, depth + 1)?;
        record.members.insert(name.to_owned(), Annotation { value, ..Annotation::default() });
    }
    for (name, member) in &mut record.members {
        member.annotations = object.about(name)?;
    }
    record.annotations = object.own()?;
    let typed = ["type", "odata.type"].iter().find_map(|name| record.annotations.0.remove(*name));
    if let Some(Value::Text(url)) = typed.map(|annotation| annotation.value) {
        // A context URL, of which the fragment is the name.
        record.type_name = Some(url.rsplit_once('#').map_or(url.as_str(), |(_, name)| name).to_owned());
    }
    Ok(record)
}
