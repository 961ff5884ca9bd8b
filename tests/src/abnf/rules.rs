//! Which part of our parser reads which rule of the grammar.

use odata_client::context_url::ContextUrl;
use odata_client::literal::VerbatimKind;
use odata_client::preference::Preference;
use odata_client::{Expression, Literal, Names, ParseError, Query, RelativeUri};

/// Accepted, or refused at a place.
type Outcome = Result<(), usize>;

/// The place of an input that is read, but printed as something that does not read back the same.
pub(super) const UNLIKE: usize = usize::MAX;

/// What our parser says to `input` as a `rule`; an error says why we have no parser for it.
pub(super) fn read(rule: &str, input: &str, names: &dyn Names) -> Result<Outcome, &'static str> {
    if ["$at=", "$from=", "$to=", "$toInclusive="].iter().any(|option| input.contains(option)) {
        return Err("options of the temporal extension are not read: no server that we know of has them");
    }
    if let Some(outcome) = url(rule, input, names).or_else(|| value(rule, input, names)) {
        return Ok(outcome);
    }
    let expression = || Expression::parse_with(input, names);
    let outcome = match rule {
        "commonExpr" | "boolCommonExpr" | "boolcommonExpr" => expression_twice(input, names),
        "firstMemberExpr" | "propertyPathExpr" => {
            kind(expression(), |value| matches!(value, Expression::Path(_)))
        }
        "notExpr" => kind(expression(), |value| matches!(value, Expression::Not(_))),
        "isofExpr" => kind(expression(), |value| matches!(value, Expression::IsOf { .. })),
        // Only behind a collection: the current one is there without a name.
        "anyExpr" => within("$these/", input, "", |text| done(Expression::parse_with(text, names))),
        "stringInUrl" => within("[", input, "]", |text| done(Expression::parse_with(text, names))),
        "preference" | "maxpagesizePreference" | "includeAnnotationsPreference" => {
            done(Preference::parse_all(input))
        }
        "prefer" => match input.split_once(':') {
            Some((name, list)) if name.eq_ignore_ascii_case("prefer") => {
                shifted(name.len() + 1, done(Preference::parse_all(list)))
            }
            _ => Err(0),
        },
        "header" | "request-id" => {
            return Err("the HTTP library takes the lines of headers apart");
        }
        _ => return Err("no part of our parser reads this rule"),
    };
    Ok(outcome)
}

/// URIs and what they are made of.
fn url(rule: &str, input: &str, names: &dyn Names) -> Option<Outcome> {
    let query = |prefix: &str| within(prefix, input, "", |text| query_twice(text, names));
    let outcome = match rule {
        "odataUri" => absolute(input, names),
        "odataRelativeUri" => uri_twice(input, names),
        "resourcePath" | "entitySetName" => kind(RelativeUri::parse_with(input, names), |uri| match uri {
            RelativeUri::Resource { query, .. } => *query == Query::default(),
            _ => false,
        }),
        "functionParameter" => {
            within("ProductsByColor(", input, ")", |text| done(RelativeUri::parse_with(text, names)))
        }
        "queryOptions" => query(""),
        "filter" | "expand" | "select" | "orderby" | "orderBy" | "compute" | "search" | "deltatoken"
        | "skiptoken" | "systemQueryOption" | "customQueryOption" => match query("") {
            Ok(()) if input.contains('&') => Err(input.find('&').unwrap_or_default()),
            outcome => outcome,
        },
        "searchExpr" if input.starts_with('\'') => Err(0),
        "searchExpr" => query("$search="),
        "context" => context_twice(input, names),
        "odataIdentifier" => identifier(input),
        _ => return None,
    };
    Some(outcome)
}

/// Literals in URLs, and values in bodies.
fn value(rule: &str, input: &str, names: &dyn Names) -> Option<Outcome> {
    let literal = |wanted: fn(&Literal) -> bool| kind(Literal::parse_with(input, names), wanted);
    let body = |type_name: &str| done(Literal::of_type_with(type_name, input, names));
    let outcome = match rule {
        "primitiveLiteral" => literal(|_| true),
        "null" => literal(|value| *value == Literal::Null),
        "boolean" => literal(|value| matches!(value, Literal::Bool(_))),
        "guid" => literal(|value| matches!(value, Literal::Guid(_))),
        "stringLiteral" => literal(|value| matches!(value, Literal::Text(_))),
        "binaryLiteral" => literal(|value| matches!(value, Literal::Binary(_))),
        "date" => literal(|value| matches!(value, Literal::Date(_)) || verbatim(value, VerbatimKind::Date)),
        "timeOfDayLiteral" => {
            literal(|value| matches!(value, Literal::Time(_)) || verbatim(value, VerbatimKind::TimeOfDay))
        }
        "dateTimeOffsetLiteral" | "dateTimeOffsetValueInUrl" => literal(|value| {
            matches!(value, Literal::Timestamp(_)) || verbatim(value, VerbatimKind::DateTimeOffset)
        }),
        "decimalLiteral" | "doubleLiteral" | "singleLiteral" | "sbyteLiteral" | "int16Literal"
        | "int32Literal" | "int64Literal" => literal(is_number),
        // Without prefix it is a text, whose type the property decides.
        "durationLiteral" => match Literal::parse_with(input, names) {
            Ok(Literal::Text(text)) => done(Literal::of_type("Edm.Duration", &text)),
            other => kind(other, |value| verbatim(value, VerbatimKind::Duration)),
        },
        "enumLiteral" => match Literal::parse_with(input, names) {
            Ok(Literal::Text(text)) => done(Literal::of_type_with("Ns.Any", &text, names)),
            other => kind(other, |value| matches!(value, Literal::Enum { .. })),
        },
        "booleanValue" => body("Edm.Boolean"),
        "dateValue" => body("Edm.Date"),
        "timeOfDayValue" => body("Edm.TimeOfDay"),
        "dateTimeOffsetValue" => body("Edm.DateTimeOffset"),
        "durationValue" => body("Edm.Duration"),
        "enumValue" => body("Ns.Any"),
        "decimalValue" => body("Edm.Decimal"),
        "doubleValue" => body("Edm.Double"),
        "singleValue" => body("Edm.Single"),
        "byteValue" => body("Edm.Byte"),
        "sbyteValue" => body("Edm.SByte"),
        "int16Value" => body("Edm.Int16"),
        "int32Value" => body("Edm.Int32"),
        "int64Value" => body("Edm.Int64"),
        "primitiveValue" => any_type(input, names),
        shape => return geometry(shape, input, names),
    };
    Some(outcome)
}

fn geometry(rule: &str, input: &str, names: &dyn Names) -> Option<Outcome> {
    let (kind, shape) = if let Some(shape) = rule.strip_prefix("geography") {
        (VerbatimKind::Geography, shape)
    } else {
        (VerbatimKind::Geometry, rule.strip_prefix("geometry")?)
    };
    let shape = if shape == "Collection" { "GeometryCollection" } else { shape };
    Some(match Literal::parse_with(input, names) {
        Ok(Literal::Verbatim(found)) if found.kind() == kind && found.text().contains(shape) => Ok(()),
        Ok(_) => Err(0),
        Err(error) => Err(error.at()),
    })
}

fn any_type(input: &str, names: &dyn Names) -> Outcome {
    let types =
        ["Boolean", "Guid", "Duration", "DateTimeOffset", "Date", "TimeOfDay", "Geography", "Decimal"];
    let types = types.into_iter().chain(["Binary"]).map(|name| format!("Edm.{name}"));
    let outcomes =
        types.chain(["Ns.Any".to_owned()]).map(|name| done(Literal::of_type_with(&name, input, names)));
    let mut furthest = 0;
    for outcome in outcomes {
        match outcome {
            Ok(()) => return Ok(()),
            Err(at) => furthest = furthest.max(at),
        }
    }
    Err(furthest)
}

fn verbatim(value: &Literal, kind: VerbatimKind) -> bool {
    matches!(value, Literal::Verbatim(verbatim) if verbatim.kind() == kind)
}

fn is_number(value: &Literal) -> bool {
    matches!(value, Literal::Int(_) | Literal::Decimal(_)) || verbatim(value, VerbatimKind::Number)
}

/// A whole URL: the grammar does not say where the service root ends, so every slash may be its end.
fn absolute(input: &str, names: &dyn Names) -> Outcome {
    let Some((scheme, rest)) = input.split_once("://") else {
        return Err(input.find("//").map_or(0, |at| at.min(4)));
    };
    if !matches!(scheme, "http" | "https") || rest.starts_with('/') {
        return Err(0);
    }
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let mut refused = Err(scheme.len() + 3);
    for (slash, _) in path.match_indices('/') {
        let relative = rest.get(slash + 1..).unwrap_or_default();
        let outcome =
            if relative.is_empty() { Ok(()) } else { done(RelativeUri::parse_with(relative, names)) };
        if outcome.is_ok() {
            return Ok(());
        }
        refused = shifted(scheme.len() + 4 + slash, outcome);
    }
    refused
}

fn identifier(input: &str) -> Outcome {
    let single = input.find('.').map_or(input, |at| input.get(..at).unwrap_or_default());
    if !odata_client::encode::is_identifier_path(single) {
        return Err(0);
    }
    if single.len() == input.len() { Ok(()) } else { Err(single.len()) }
}

fn uri_twice(input: &str, names: &dyn Names) -> Outcome {
    twice(RelativeUri::parse_with(input, names), RelativeUri::encoded, |text| {
        RelativeUri::parse_with(text, names)
    })
}

fn query_twice(input: &str, names: &dyn Names) -> Outcome {
    twice(Query::parse_with(input, names), Query::encoded, |text| Query::parse_with(text, names))
}

// An expression is put into a URL by the option that it belongs to.
fn expression_twice(input: &str, names: &dyn Names) -> Outcome {
    let filter = Expression::parse_with(input, names).map(Some);
    let query = filter.map(|filter| Query { filter, ..Query::default() });
    twice(query, Query::encoded, |text| Query::parse_with(text, names))
}

fn context_twice(input: &str, names: &dyn Names) -> Outcome {
    twice(ContextUrl::parse_with(input, names), ToString::to_string, |text| {
        ContextUrl::parse_with(text, names)
    })
}

/// Reads, prints, reads and prints again: the same text must come out twice.
fn twice<T>(
    read: Result<T, ParseError>,
    print: impl Fn(&T) -> String,
    again: impl FnOnce(&str) -> Result<T, ParseError>,
) -> Outcome {
    let first = print(&read.map_err(|error| error.at())?);
    let second = again(&first).map(|value| print(&value));
    if second.is_ok_and(|second| second == first) { Ok(()) } else { Err(UNLIKE) }
}

fn done<T>(parsed: Result<T, ParseError>) -> Outcome {
    parsed.map(|_| ()).map_err(|error| error.at())
}

fn kind<T>(parsed: Result<T, ParseError>, wanted: impl FnOnce(&T) -> bool) -> Outcome {
    match parsed {
        Ok(value) if wanted(&value) => Ok(()),
        Ok(_) => Err(0),
        Err(error) => Err(error.at()),
    }
}

/// Reads `input` where it can stand, and gives places as if it stood alone.
fn within(before: &str, input: &str, behind: &str, read: impl FnOnce(&str) -> Outcome) -> Outcome {
    read(&format!("{before}{input}{behind}"))
        .map_err(|at| if at == UNLIKE { at } else { at.saturating_sub(before.len()) })
}

fn shifted(by: usize, outcome: Outcome) -> Outcome {
    outcome.map_err(|at| at.saturating_add(by))
}
