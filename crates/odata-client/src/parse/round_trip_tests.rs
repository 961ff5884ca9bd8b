//! What is printed reads back as the same value, and nothing that is read brings the parser down.

use proptest::prelude::*;

use crate::expression::{Function, Lambda, Op, Path, Segment};
use crate::query::{
    Aggregation, Compute, Expand, Expanded, Grouping, Levels, Method, Order, Rank, Search, Select,
    Transformation,
};
use crate::{Expression, Key, Literal, Query, RelativeUri};

const NAMES: &[&str] = &["Name", "City", "Objstate", "_x1", "Größe", "OrderNo"];

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(NAMES).prop_map(str::to_owned)
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Bool),
        ".{0,12}".prop_map(Literal::Text),
        any::<i64>().prop_map(Literal::Int),
        (any::<i64>(), 1_u32..10)
            .prop_map(|(n, scale)| Literal::Decimal(rust_decimal::Decimal::new(n, scale))),
        any::<f64>()
            .prop_filter("prints as an integer", |n| n.is_finite() && *n != 0.0)
            .prop_map(Literal::double),
        (-3_000_000_000_i64..9_000_000_000, 0..1_000_000_000)
            .prop_map(|(s, n)| Literal::Timestamp(jiff::Timestamp::new(s.max(0), n).unwrap())),
        (1_i16..9999, 1_i8..13, 1_i8..29).prop_map(|(y, m, d)| Literal::Date(jiff::civil::date(y, m, d))),
        (0_i8..24, 0_i8..60, 0_i8..60).prop_map(|(h, m, s)| Literal::Time(jiff::civil::time(h, m, s, 0))),
        any::<i32>().prop_map(|s| Literal::duration(jiff::SignedDuration::from_secs(s.into()))),
        prop::collection::vec(any::<u8>(), 0..9).prop_map(Literal::Binary),
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}".prop_map(Literal::Guid),
        (name(), name()).prop_map(|(kind, member)| Literal::Enum { type_name: format!("Ns.{kind}"), member }),
    ]
}

fn path() -> impl Strategy<Value = Path> {
    let head = prop_oneof![
        4 => name().prop_map(Segment::Name),
        1 => Just(Segment::It),
        1 => Just(Segment::This),
        1 => name().prop_map(Segment::Alias),
    ];
    let rest = prop::collection::vec(name().prop_map(Segment::Name), 0..3);
    let key = prop_oneof![
        prop::collection::vec(
            (name(), literal().prop_filter("no key is null", |l| *l != Literal::Null)),
            1..3
        )
        .prop_map(Key::Composite),
        literal().prop_filter("no key is null", |l| *l != Literal::Null).prop_map(Key::Single),
    ];
    (head, rest, prop::option::weighted(0.2, (name(), key))).prop_map(|(head, rest, keyed)| {
        let mut segments = vec![head];
        segments.extend(rest);
        if let Some((name, key)) = keyed {
            segments.extend([Segment::Name(name), Segment::Key(key)]);
        }
        Path { segments }
    })
}

fn expression() -> impl Strategy<Value = Expression> {
    let leaf = prop_oneof![literal().prop_map(Expression::Literal), path().prop_map(Expression::Path)];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let many = prop::collection::vec(inner.clone(), 2..4);
        let arguments = inner.clone();
        let call = move |n: usize| {
            let functions: Vec<Function> =
                Function::ALL.iter().copied().filter(|f| f.arity().contains(&n)).collect();
            (prop::sample::select(functions), prop::collection::vec(arguments.clone(), n))
        };
        let plain = |op: &Op| !matches!(op, Op::In | Op::Has);
        let ops: Vec<Op> = Op::ALL.iter().copied().filter(plain).collect();
        prop_oneof![
            (inner.clone(), prop::sample::select(ops), inner.clone())
                .prop_map(|(left, op, right)| left.op(op, right)),
            (inner.clone(), prop::collection::vec(literal(), 0..3))
                .prop_map(|(left, list)| left.op(Op::In, Expression::List(list))),
            (inner.clone(), name()).prop_map(|(left, member)| left
                .has(Literal::Enum { type_name: "Ns.Flags".into(), member: format!("{member},4") })),
            many.clone().prop_map(Expression::All),
            many.clone().prop_map(Expression::Any),
            many.prop_map(Expression::Array),
            inner.clone().prop_map(Expression::negate),
            inner.clone().prop_map(|inner| Expression::Negate(Box::new(inner))),
            (0..3_usize).prop_flat_map(call).prop_map(|(f, arguments)| Expression::call(f, arguments)),
            prop::collection::vec((inner.clone(), inner.clone()), 1..3).prop_map(Expression::Case),
            (prop::option::of(inner.clone()), name()).prop_map(|(operand, name)| Expression::Cast {
                operand: operand.map(Box::new),
                type_name: format!("Ns.{name}")
            }),
            prop::collection::vec((".{0,4}", inner.clone()), 0..3).prop_map(Expression::Object),
            (path(), name(), inner.clone()).prop_map(|(path, variable, condition)| {
                let lambda = Lambda { variable, condition: Box::new(condition) };
                Expression::Path(match path.segments.last() {
                    Some(Segment::Key(_) | Segment::It | Segment::This) => path,
                    _ => path.then(Segment::All(lambda)),
                })
            }),
            (name(), prop::collection::vec((name(), inner), 0..3)).prop_map(|(name, parameters)| {
                let name = format!("Ns.{name}");
                Expression::Path(Path { segments: vec![Segment::Call { name, parameters }] })
            }),
        ]
    })
}

fn search() -> impl Strategy<Value = Search> {
    let leaf =
        prop_oneof!["[a-z0-9.]{1,6}".prop_map(Search::Word), "[^\"\\\\]{1,9}".prop_map(Search::Phrase),];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Search::All),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Search::Any),
            inner.prop_map(|inner| Search::Not(Box::new(inner))),
        ]
    })
}

fn transformation() -> impl Strategy<Value = Transformation> {
    let aggregation = (name(), name()).prop_map(|(path, alias)| Aggregation::of(path, Method::Sum, alias));
    let leaf = prop_oneof![
        prop::collection::vec(aggregation, 1..3).prop_map(Transformation::Aggregate),
        expression().prop_map(Transformation::Filter),
        search().prop_map(Transformation::Search),
        Just(Transformation::Identity),
        any::<u64>().prop_map(Transformation::Top),
        (prop::sample::select(Rank::ALL), expression(), expression())
            .prop_map(|(rank, amount, by)| Transformation::Ranked { rank, amount, by }),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        prop_oneof![
            (prop::collection::vec(name(), 1..3), prop::collection::vec(inner.clone(), 0..3)).prop_map(
                |(names, then)| {
                    let by = names.iter().map(|name| Grouping::Property(Path::of(name))).collect();
                    Transformation::GroupBy { by, then }
                }
            ),
            prop::collection::vec(prop::collection::vec(inner, 1..3), 2..3).prop_map(Transformation::Concat),
        ]
    })
}

fn query() -> impl Strategy<Value = Query> {
    let order = (expression(), any::<bool>()).prop_map(|(by, descending)| Order { by, descending });
    let compute = (expression(), name()).prop_map(|(expression, alias)| Compute { expression, alias });
    let plain = (
        prop::option::of(expression()),
        prop::option::of(search()),
        prop::collection::vec(name().prop_map(Select::from), 0..3),
        prop::collection::vec(order, 0..2),
        prop::collection::vec(compute, 0..2),
        (prop::option::of(any::<u64>()), any::<bool>()),
        prop::collection::vec((name(), expression()), 0..2),
    )
        .prop_map(|(filter, search, select, order_by, compute, (top, count), aliases)| Query {
            compute,
            filter,
            search,
            select,
            order_by,
            top,
            count,
            aliases,
            ..Query::default()
        })
        .boxed();
    let expand = (name(), plain.clone(), any::<bool>()).prop_map(|(name, options, deep)| Expand {
        levels: deep.then_some(Levels::Max),
        what: Expanded::Rows,
        ..Expand::of(name).with(options)
    });
    (
        plain,
        prop::collection::vec(expand, 0..2),
        prop::collection::vec(transformation(), 0..2),
        prop::collection::vec(("[a-z!é~][a-z $&=-]{0,5}x", ".{0,8}"), 0..2),
    )
        .prop_map(|(plain, expand, apply, custom)| Query { apply, expand, custom, ..plain })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn expressions(value in expression()) {
        prop_assert_eq!(Expression::parse(&value.to_string()), Ok(value));
    }

    #[test]
    fn literals_and_keys(value in literal(), name in name()) {
        prop_assert_eq!(Literal::parse(&value.to_string()), Ok(value.clone()));
        let key = Key::alternate(name, value.clone());
        let same = value == Literal::Null || Key::parse(&key.to_string()) == Ok(key);
        prop_assert!(same);
    }

    #[test]
    fn queries_in_a_url(value in query(), set in name(), key in literal()) {
        let encoded = value.encoded();
        prop_assert!(encoded.is_ascii() && !encoded.contains(['+', ' ', '#', '\'']), "{}", encoded);
        prop_assert_eq!(Query::parse(&encoded), Ok(value.clone()), "{}", encoded);
        prop_assume!(key != Literal::Null);
        let path = Path { segments: vec![Segment::Name(set), Segment::Key(Key::Single(key))] };
        let uri = RelativeUri::Resource { path, query: value };
        prop_assert_eq!(RelativeUri::parse(&uri.encoded()), Ok(uri));
    }

    #[test]
    fn searches(value in search()) {
        prop_assert_eq!(Search::parse(&value.to_string()), Ok(value));
    }

    #[test]
    fn whatever_is_read_is_read_to_an_end(text in "[ -~é]{0,40}|([$()'\"/,:;@=-]|and|not|eq|any|NOT|%2|[0-9A-Z])*") {
        let _ = (Expression::parse(&text), RelativeUri::parse(&text), Query::parse(&text));
        let _ = crate::context_url::ContextUrl::parse(&format!("#{text}"));
        let _ = crate::preference::Preference::parse_all(&text);
    }
}

#[test]
fn nesting_is_bounded() {
    for (open, close) in
        [("(", ")"), ("not ", ""), ("-", ""), ("[", "]"), ("{\"a\":", "}"), ("tolower(", ")")]
    {
        let nested = |depth: usize| format!("{}A{}", open.repeat(depth), close.repeat(depth));
        assert!(Expression::parse(&nested(30)).is_ok(), "{open}");
        assert!(Expression::parse(&nested(100_000)).is_err(), "{open}");
    }
    let deep = |open: &str| open.repeat(50_000);
    assert!(Query::parse(&format!("$expand={}", deep("A($expand="))).is_err());
    assert!(Query::parse(&format!("$select={}", deep("A($select="))).is_err());
    assert!(Query::parse(&format!("$search={}", deep("NOT ("))).is_err());
    assert!(Query::parse(&format!("$search={}a", deep("NOT "))).is_err());
    assert!(Query::parse(&format!("$apply={}", deep("concat("))).is_err());
    assert!(Query::parse(&format!("$filter={}", deep("A/any(x:"))).is_err());
    assert!(Query::parse(&format!("$filter={}", deep("case("))).is_err());
    assert!(crate::context_url::ContextUrl::parse(&format!("#S({}", deep("A("))).is_err());
}
