//! The tables of the path grammars (OData ABNF 4.01, sections 1 to 4; OData Aggregation ABNF).

use super::token::{
    ACTION, ACTION_IMPORT, AGGREGATE_CALL, ANNOTATION, CALL_COMPLEX, CALL_COMPLEXES, CALL_ONE,
    CALL_PRIMITIVE, CALL_PRIMITIVES, CALL_SET, COMPLEX, COMPLEX_TERM, COMPLEX_TYPE, COMPLEXES,
    CONTEXT_COMPLEX_TERM, CONTEXT_ENTITY_TERM, COUNT, CROSSJOIN, CUSTOM, EACH, ENTITY_TERM, ENTITY_TYPE,
    EVERYTHING, FILTER, FUNCTION, IMPORT_BARE, IMPORT_COMPLEX, IMPORT_COMPLEXES, IMPORT_ONE,
    IMPORT_PRIMITIVE, IMPORT_PRIMITIVES, IMPORT_SET, INDEX, KEY, KEY_SEGMENT, LAMBDA_CALL, NAVIGATION,
    NAVIGATIONS, OPERATIONS, PRIMITIVE, PRIMITIVE_TERM, PRIMITIVES, PRIMITIVES_TERM, QUALIFIED_ACTION,
    QUALIFIED_COMPLEX_TYPE, QUALIFIED_ENTITY_TYPE, QUALIFIED_FUNCTION, QUERY, REF, ROOT, SET, SINGLETON,
    STAR, STREAM, THESE, TYPE, VALUE, VARIABLE,
};
use super::{Grammar, Rule};

/// Where a walk may be.
pub(in super::super) mod state {
    macro_rules! states {
        ($($name:ident)*) => { states!(@ 0; $($name)*); };
        (@ $bit:expr; $head:ident $($tail:ident)*) => {
            pub(in super::super::super) const $head: u64 = 1 << ($bit);
            states!(@ $bit + 1; $($tail)*);
        };
        (@ $bit:expr;) => {};
    }

    states! {
        START END
        ENTITIES ENTITIES_CAST KEYED ENTITY ENTITY_CAST EACH
        COMPLEX COMPLEX_CAST COMPLEXES COMPLEXES_CAST PRIMITIVE PRIMITIVES STREAM
        BARE EVERYTHING CAST VARIABLE ANNOTATED ROOTED THESE
        CUSTOM COUNTED STAR NAVIGATION NAVIGATION_CAST
    }
}

const fn rule(from: u64, on: u64, to: u64) -> Rule {
    Rule { from, on, to }
}

/// The kinds of value, and the tokens of the properties, functions and imports that give them.
macro_rules! rules_for_kinds {
    ($from:expr, $set:expr, $one:expr, $complexes:expr, $complex:expr, $primitives:expr, $primitive:expr) => {
        [
            rule($from, $set, state::ENTITIES),
            rule($from, $one, state::ENTITY),
            rule($from, $complexes, state::COMPLEXES),
            rule($from, $complex, state::COMPLEX),
            rule($from, $primitives, state::PRIMITIVES),
            rule($from, $primitive, state::PRIMITIVE),
        ]
    };
}

const fn join<const N: usize>(parts: &[&[Rule]]) -> [Rule; N] {
    let mut rules = [const { rule(0, 0, 0) }; N];
    let (mut part, mut index, mut filled) = (0, 0, 0);
    while part < parts.len() {
        while index < parts[part].len() {
            let Rule { from, on, to } = parts[part][index];
            rules[filled] = rule(from, on, to);
            (index, filled) = (index + 1, filled + 1);
        }
        (part, index) = (part + 1, 0);
    }
    rules
}

const IN_RESOURCE: u64 =
    state::ENTITY | state::KEYED | state::ENTITY_CAST | state::COMPLEX | state::COMPLEX_CAST;
const BINDABLE: u64 = IN_RESOURCE
    | state::ENTITIES
    | state::ENTITIES_CAST
    | state::EACH
    | state::COMPLEXES
    | state::COMPLEXES_CAST
    | state::PRIMITIVE
    | state::PRIMITIVES
    | state::STREAM;
const MANY_ENTITIES: u64 = state::ENTITIES | state::ENTITIES_CAST;
const ONE_ENTITY: u64 = state::ENTITY | state::KEYED | state::ENTITY_CAST;
const MANY_VALUES: u64 = state::COMPLEXES | state::COMPLEXES_CAST | state::PRIMITIVES;
const ONE_COMPLEX: u64 = state::COMPLEX | state::COMPLEX_CAST;

static RESOURCE_RULES: [Rule; 39] = join(&[
    &rules_for_kinds!(
        state::START,
        SET | IMPORT_SET,
        SINGLETON | IMPORT_ONE,
        IMPORT_COMPLEXES,
        IMPORT_COMPLEX,
        IMPORT_PRIMITIVES,
        IMPORT_PRIMITIVE
    ),
    &rules_for_kinds!(IN_RESOURCE, NAVIGATIONS, NAVIGATION, COMPLEXES, COMPLEX, PRIMITIVES, PRIMITIVE),
    &rules_for_kinds!(
        BINDABLE,
        CALL_SET,
        CALL_ONE,
        CALL_COMPLEXES,
        CALL_COMPLEX,
        CALL_PRIMITIVES,
        CALL_PRIMITIVE
    ),
    &[
        rule(state::START, ACTION_IMPORT, state::END),
        rule(state::START, IMPORT_BARE | CROSSJOIN, state::BARE),
        rule(state::START, EVERYTHING, state::EVERYTHING),
        rule(state::EVERYTHING, ENTITY_TYPE, state::END),
        rule(state::BARE, QUERY, state::END),
        rule(state::ENTITIES, ENTITY_TYPE, state::ENTITIES_CAST),
        rule(MANY_ENTITIES, KEY, state::ENTITY),
        rule(MANY_ENTITIES | state::KEYED, KEY_SEGMENT, state::KEYED),
        rule(MANY_ENTITIES, FILTER, state::ENTITIES),
        rule(MANY_ENTITIES, EACH, state::EACH),
        rule(MANY_ENTITIES, COUNT | REF | QUERY, state::END),
        rule(state::ENTITY | state::KEYED, ENTITY_TYPE, state::ENTITY_CAST),
        rule(ONE_ENTITY, REF | VALUE | QUERY, state::END),
        rule(IN_RESOURCE, STREAM, state::STREAM),
        rule(BINDABLE, ACTION, state::END),
        rule(BINDABLE, FUNCTION, state::BARE),
        rule(state::COMPLEXES, COMPLEX_TYPE, state::COMPLEXES_CAST),
        rule(MANY_VALUES, COUNT | INDEX | QUERY, state::END),
        rule(state::COMPLEX, COMPLEX_TYPE, state::COMPLEX_CAST),
        rule(ONE_COMPLEX, QUERY, state::END),
        rule(state::PRIMITIVE, VALUE | QUERY, state::END),
    ],
]);

/// A resource below the service root.
pub(in super::super) static RESOURCE: Grammar = Grammar { rules: &RESOURCE_RULES, finals: !state::START };

const MEMBER: u64 = state::START
    | state::VARIABLE
    | state::CAST
    | state::ENTITY
    | state::ANNOTATED
    | state::COMPLEX
    | state::COMPLEX_CAST;
const COLLECTION: u64 = state::ENTITIES
    | state::ENTITIES_CAST
    | state::COMPLEXES
    | state::COMPLEXES_CAST
    | state::PRIMITIVES
    | state::ANNOTATED
    | state::THESE;

static EXPRESSION_RULES: [Rule; 33] = join(&[
    &rules_for_kinds!(MEMBER, NAVIGATIONS, NAVIGATION, COMPLEXES, COMPLEX, PRIMITIVES, PRIMITIVE | STREAM),
    &rules_for_kinds!(
        MEMBER | COLLECTION | state::PRIMITIVE,
        CALL_SET,
        CALL_ONE,
        CALL_COMPLEXES,
        CALL_COMPLEX,
        CALL_PRIMITIVES,
        CALL_PRIMITIVE
    ),
    &rules_for_kinds!(
        state::ROOTED,
        SET | IMPORT_SET,
        SINGLETON | IMPORT_ONE,
        IMPORT_COMPLEXES,
        IMPORT_COMPLEX,
        IMPORT_PRIMITIVES,
        IMPORT_PRIMITIVE
    ),
    &[
        rule(state::START, VARIABLE, state::VARIABLE),
        rule(state::START, ROOT, state::ROOTED),
        rule(state::START, THESE, state::THESE),
        rule(MEMBER | COLLECTION | state::PRIMITIVE, ANNOTATION, state::ANNOTATED),
        rule(state::START | state::VARIABLE | state::ENTITY | state::ANNOTATED, TYPE, state::CAST),
        rule(state::ENTITIES, ENTITY_TYPE, state::ENTITIES_CAST),
        rule(MANY_ENTITIES, KEY, state::ENTITY),
        rule(MANY_ENTITIES, FILTER, state::ENTITIES),
        rule(COLLECTION & !MANY_ENTITIES, FILTER, state::PRIMITIVES),
        rule(COLLECTION, COUNT | LAMBDA_CALL | AGGREGATE_CALL, state::END),
        rule(state::COMPLEXES, COMPLEX_TYPE, state::COMPLEXES_CAST),
        rule(state::COMPLEX, COMPLEX_TYPE, state::COMPLEX_CAST),
        rule(state::ANNOTATED, COMPLEX_TYPE, state::COMPLEX_CAST),
        rule(state::ANNOTATED, COMPLEX_TYPE, state::COMPLEXES_CAST),
        rule(state::ANNOTATED, KEY, state::ENTITY),
    ],
]);

/// A path within an expression.
pub(in super::super) static EXPRESSION: Grammar = Grammar {
    rules: &EXPRESSION_RULES,
    finals: !(state::START | state::CAST | state::ENTITIES_CAST | state::ROOTED | state::THESE),
};

const SELECTABLE: u64 = state::START | state::CAST | state::COMPLEX | state::COMPLEX_CAST;

/// An item of `$select`.
pub(in super::super) static SELECT: Grammar = Grammar {
    rules: &[
        rule(state::START, STAR | OPERATIONS, state::END),
        rule(state::START, TYPE, state::CAST),
        rule(state::START | state::CAST, ACTION, state::END),
        rule(state::START | state::CAST, FUNCTION, state::BARE),
        rule(SELECTABLE, PRIMITIVE | PRIMITIVE_TERM | NAVIGATION | NAVIGATIONS | STREAM, state::END),
        rule(SELECTABLE, PRIMITIVES | PRIMITIVES_TERM, state::PRIMITIVES),
        rule(SELECTABLE, COMPLEX | COMPLEXES | COMPLEX_TERM, state::COMPLEX),
        rule(state::COMPLEX, COMPLEX_TYPE, state::COMPLEX_CAST),
    ],
    finals: state::END | state::BARE | state::PRIMITIVES | state::COMPLEX | state::COMPLEX_CAST,
};

const EXPANDABLE: u64 = state::START | state::CAST | state::COMPLEX;

/// An item of `$expand`.
pub(in super::super) static EXPAND: Grammar = Grammar {
    rules: &[
        rule(state::START, VALUE, state::END),
        rule(state::START, ENTITY_TYPE, state::CAST),
        rule(EXPANDABLE, STAR, state::STAR),
        rule(EXPANDABLE, STREAM, state::END),
        rule(EXPANDABLE, NAVIGATION | NAVIGATIONS | ENTITY_TERM, state::NAVIGATION),
        rule(EXPANDABLE, COMPLEX | COMPLEXES | COMPLEX_TYPE | COMPLEX_TERM, state::COMPLEX),
        rule(state::NAVIGATION, ENTITY_TYPE, state::NAVIGATION_CAST),
    ],
    finals: state::END | state::STAR | state::NAVIGATION | state::NAVIGATION_CAST,
};

const AGGREGATED: u64 = state::START | state::CAST | state::NAVIGATION | state::NAVIGATION_CAST;

/// What is aggregated.
pub(in super::super) static AGGREGATE: Grammar = Grammar {
    rules: &[
        rule(state::START, TYPE, state::CAST),
        rule(AGGREGATED, NAVIGATION | NAVIGATIONS | COMPLEX | COMPLEXES, state::NAVIGATION),
        rule(state::NAVIGATION, TYPE, state::NAVIGATION_CAST),
        rule(AGGREGATED, PRIMITIVE | PRIMITIVES | STREAM, state::PRIMITIVE),
        rule(AGGREGATED, CUSTOM, state::CUSTOM),
        rule(AGGREGATED | state::PRIMITIVE, COUNT, state::COUNTED),
    ],
    finals: !state::START,
};

const GROUPED: u64 = state::START | state::CAST | state::NAVIGATION | state::NAVIGATION_CAST;

/// What makes a group: single values only.
pub(in super::super) static GROUPING: Grammar = Grammar {
    rules: &[
        rule(state::START, TYPE, state::CAST),
        rule(GROUPED, NAVIGATION | COMPLEX, state::NAVIGATION),
        rule(state::NAVIGATION, TYPE, state::NAVIGATION_CAST),
        rule(GROUPED, PRIMITIVE | STREAM, state::END),
    ],
    finals: state::NAVIGATION | state::END,
};

const NESTED: u64 = state::START | state::CAST | state::COMPLEX | state::COMPLEX_CAST;

/// The relation of `addnested`.
pub(in super::super) static NEST: Grammar = Grammar {
    rules: &[
        rule(state::START, TYPE, state::CAST),
        rule(NESTED, COMPLEX | COMPLEXES, state::COMPLEX),
        rule(state::COMPLEX, COMPLEX_TYPE, state::COMPLEX_CAST),
        rule(NESTED, NAVIGATION | NAVIGATIONS, state::NAVIGATION),
        rule(state::NAVIGATION, ENTITY_TYPE, state::END),
    ],
    finals: state::COMPLEX | state::NAVIGATION | state::END,
};

/// The relation of `join`.
pub(in super::super) static JOIN: Grammar = Grammar {
    rules: &[
        rule(state::START, COMPLEXES | COMPLEX_TERM | ENTITY_TERM, state::END),
        rule(state::START, NAVIGATIONS, state::NAVIGATION),
        rule(state::NAVIGATION, ENTITY_TYPE, state::END),
    ],
    finals: state::NAVIGATION | state::END,
};

const CONTAINED: u64 = state::KEYED | state::CAST | state::COMPLEX | state::COMPLEX_CAST;

/// What a context URL describes.
pub(in super::super) static CONTEXT: Grammar = Grammar {
    rules: &[
        rule(state::START, SET, state::ENTITIES),
        rule(state::START, SINGLETON, state::ENTITY),
        rule(state::ENTITIES, QUALIFIED_ENTITY_TYPE, state::ENTITIES_CAST),
        rule(MANY_ENTITIES, KEY, state::KEYED),
        rule(state::KEYED, QUALIFIED_ENTITY_TYPE, state::CAST),
        rule(CONTAINED | state::ENTITY, COMPLEX, state::COMPLEX),
        rule(state::COMPLEX, QUALIFIED_COMPLEX_TYPE, state::COMPLEX_CAST),
        rule(CONTAINED | state::ENTITY, NAVIGATION | NAVIGATIONS, state::ENTITIES),
        rule(CONTAINED, PRIMITIVE | PRIMITIVES | COMPLEXES, state::END),
    ],
    finals: MANY_ENTITIES | state::ENTITY | state::COMPLEX | state::END,
};

const LISTED: u64 = state::START | state::CAST | state::COMPLEX | state::COMPLEX_CAST;

/// An item of the list in a context URL.
pub(in super::super) static CONTEXT_ITEM: Grammar = Grammar {
    rules: &[
        rule(state::START, STAR | OPERATIONS, state::END),
        rule(state::START, QUALIFIED_ENTITY_TYPE | QUALIFIED_COMPLEX_TYPE, state::CAST),
        rule(state::START | state::CAST, QUALIFIED_ACTION, state::END),
        rule(state::START | state::CAST, QUALIFIED_FUNCTION, state::BARE),
        rule(LISTED, PRIMITIVE | PRIMITIVES, state::END),
        rule(LISTED, NAVIGATION | NAVIGATIONS | CONTEXT_ENTITY_TERM, state::NAVIGATION),
        rule(LISTED, COMPLEX | COMPLEXES | CONTEXT_COMPLEX_TERM, state::COMPLEX),
        rule(state::COMPLEX, QUALIFIED_COMPLEX_TYPE, state::COMPLEX_CAST),
    ],
    finals: state::END | state::BARE | state::NAVIGATION | state::COMPLEX | state::COMPLEX_CAST,
};
