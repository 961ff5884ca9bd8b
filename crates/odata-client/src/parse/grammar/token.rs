//! What a segment may be, as a set of tokens.

use super::super::cursor::{namespace_allowed, split_name};
use super::Walk;
use crate::expression::Segment;
use crate::names::{Names, Role};

macro_rules! tokens {
    ($($name:ident)*) => { tokens!(@ 0; $($name)*); };
    (@ $bit:expr; $head:ident $($tail:ident)*) => {
        pub(in super::super) const $head: u64 = 1 << ($bit);
        tokens!(@ $bit + 1; $($tail)*);
    };
    (@ $bit:expr;) => {};
}

tokens! {
    SET SINGLETON ACTION_IMPORT
    IMPORT_SET IMPORT_ONE IMPORT_COMPLEXES IMPORT_COMPLEX IMPORT_PRIMITIVES IMPORT_PRIMITIVE IMPORT_BARE
    NAVIGATIONS NAVIGATION COMPLEXES COMPLEX PRIMITIVES PRIMITIVE STREAM CUSTOM
    ACTION QUALIFIED_ACTION
    CALL_SET CALL_ONE CALL_COMPLEXES CALL_COMPLEX CALL_PRIMITIVES CALL_PRIMITIVE FUNCTION QUALIFIED_FUNCTION
    ENTITY_TYPE COMPLEX_TYPE QUALIFIED_ENTITY_TYPE QUALIFIED_COMPLEX_TYPE
    VARIABLE ROOT THESE
    KEY KEY_SEGMENT INDEX COUNT REF VALUE QUERY EACH FILTER LAMBDA_CALL AGGREGATE_CALL
    ANNOTATION PRIMITIVE_TERM PRIMITIVES_TERM COMPLEX_TERM ENTITY_TERM CONTEXT_COMPLEX_TERM CONTEXT_ENTITY_TERM
    CROSSJOIN EVERYTHING STAR OPERATIONS
}

pub(super) const TYPE: u64 = ENTITY_TYPE | COMPLEX_TYPE;

/// Roles of names without a namespace.
const SIMPLE: &[(Role, u64)] = &[
    (Role::EntitySet, SET),
    (Role::Singleton, SINGLETON),
    (Role::ActionImport, ACTION_IMPORT),
    (Role::EntitiesImport, IMPORT_BARE),
    (Role::EntityImport, IMPORT_BARE),
    (Role::ComplexesImport, IMPORT_BARE),
    (Role::ComplexImport, IMPORT_BARE),
    (Role::PrimitivesImport, IMPORT_BARE),
    (Role::PrimitiveImport, IMPORT_BARE),
    (Role::NavigationCollection, NAVIGATIONS),
    (Role::Navigation, NAVIGATION),
    (Role::ComplexCollection, COMPLEXES),
    (Role::ComplexProperty, COMPLEX),
    (Role::PrimitiveCollection, PRIMITIVES),
    (Role::KeyProperty, PRIMITIVE),
    (Role::PrimitiveProperty, PRIMITIVE),
    (Role::CustomAggregate, PRIMITIVE | CUSTOM),
    (Role::Stream, STREAM),
    (Role::Variable, VARIABLE),
    (Role::KeySegment, KEY_SEGMENT),
];

/// Roles of names with or without a namespace, and the tokens that only those with one are.
const QUALIFIABLE: &[(Role, u64, u64)] = &[
    (Role::EntityType, ENTITY_TYPE, QUALIFIED_ENTITY_TYPE),
    (Role::ComplexType, COMPLEX_TYPE, QUALIFIED_COMPLEX_TYPE),
    (Role::Action, ACTION, QUALIFIED_ACTION),
    (Role::EntitiesFunction, FUNCTION, QUALIFIED_FUNCTION),
    (Role::EntityFunction, FUNCTION, QUALIFIED_FUNCTION),
    (Role::ComplexesFunction, FUNCTION, QUALIFIED_FUNCTION),
    (Role::ComplexFunction, FUNCTION, QUALIFIED_FUNCTION),
    (Role::PrimitivesFunction, FUNCTION, QUALIFIED_FUNCTION),
    (Role::PrimitiveFunction, FUNCTION, QUALIFIED_FUNCTION),
];

const CALLS: &[(Role, u64)] = &[
    (Role::EntitiesFunction, CALL_SET),
    (Role::EntityFunction, CALL_ONE),
    (Role::ComplexesFunction, CALL_COMPLEXES),
    (Role::ComplexFunction, CALL_COMPLEX),
    (Role::PrimitivesFunction, CALL_PRIMITIVES),
    (Role::PrimitiveFunction, CALL_PRIMITIVE),
];

const IMPORTS: &[(Role, u64)] = &[
    (Role::EntitiesImport, IMPORT_SET),
    (Role::EntityImport, IMPORT_ONE),
    (Role::ComplexesImport, IMPORT_COMPLEXES),
    (Role::ComplexImport, IMPORT_COMPLEX),
    (Role::PrimitivesImport, IMPORT_PRIMITIVES),
    (Role::PrimitiveImport, IMPORT_PRIMITIVE),
];

const TERMS: &[(Role, u64)] = &[
    (Role::PrimitiveAnnotation, PRIMITIVE_TERM),
    (Role::PrimitivesAnnotation, PRIMITIVES_TERM),
    (Role::ComplexAnnotation, COMPLEX_TERM),
    (Role::EntityAnnotation, ENTITY_TERM),
    (Role::ComplexAnnotationInContext, CONTEXT_COMPLEX_TERM),
    (Role::EntityAnnotationInContext, CONTEXT_ENTITY_TERM),
];

/// What `segment` may be where `names` says what its names may be.
pub(in super::super) fn tokens(segment: &Segment, names: &dyn Names) -> u64 {
    match segment {
        Segment::Name(name) => simple(name, names),
        Segment::Call { name, .. } => call(name, names),
        Segment::Key(_) => KEY,
        Segment::KeySegment(text) => allowed(&[(Role::KeySegment, KEY_SEGMENT)], names, text),
        Segment::Index(index) => {
            INDEX | allowed(&[(Role::KeySegment, KEY_SEGMENT)], names, &index.to_string())
        }
        Segment::Annotation { term, .. } => annotation(term, names),
        // `@Term` without its namespace looks the same.
        Segment::Alias(name) => VARIABLE | annotation(name, names),
        Segment::It | Segment::This => VARIABLE,
        Segment::These => THESE,
        Segment::Root => ROOT,
        Segment::Count { .. } => COUNT,
        Segment::Filter(_) => FILTER,
        Segment::Any(_) | Segment::All(_) => LAMBDA_CALL,
        Segment::Aggregate(_) => AGGREGATE_CALL,
        Segment::Ref => REF,
        Segment::Value => VALUE,
        Segment::Each => EACH,
        Segment::Query => QUERY,
        Segment::Everything => EVERYTHING,
        Segment::CrossJoin(_) => CROSSJOIN,
        Segment::Star => STAR,
        Segment::Operations(_) => OPERATIONS,
    }
}

fn allowed(roles: &[(Role, u64)], names: &dyn Names, name: &str) -> u64 {
    roles.iter().filter(|(role, _)| names.allows(*role, name)).fold(0, |tokens, (_, token)| tokens | token)
}

/// What a name without parentheses may be.
fn simple(name: &str, names: &dyn Names) -> u64 {
    let (namespace, last) = split_name(name);
    if !namespace_allowed(names, namespace) {
        return 0;
    }
    let mut tokens = if namespace.is_none() { allowed(SIMPLE, names, last) } else { 0 };
    for (role, token, qualified) in QUALIFIABLE {
        if names.allows(*role, last) {
            tokens |= token | if namespace.is_some() { *qualified } else { 0 };
        }
    }
    tokens
}

/// What a name with parameters may be.
fn call(name: &str, names: &dyn Names) -> u64 {
    let (namespace, last) = split_name(name);
    if !namespace_allowed(names, namespace) {
        return 0;
    }
    allowed(CALLS, names, last) | if namespace.is_none() { allowed(IMPORTS, names, last) } else { 0 }
}

/// Whether `Name(Part=1)` is a call behind `walk`; where it may be a key as well, a name with a
/// namespace is called.
pub(in super::super) fn is_call(walk: Walk, name: &str, names: &dyn Names) -> bool {
    let called = walk.can_take(&[call(name, names)]);
    let keyed = walk.can_take(&[simple(name, names), KEY]);
    called && (!keyed || name.contains('.'))
}

fn annotation(term: &str, names: &dyn Names) -> u64 {
    let (namespace, last) = split_name(term);
    if !namespace_allowed(names, namespace) || !names.allows(Role::Term, last) {
        return 0;
    }
    ANNOTATION | allowed(TERMS, names, &format!("@{term}"))
}
