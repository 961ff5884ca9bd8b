//! Cases of our own: what must be read, as what, and what must be refused.

use crate::context_url::ContextUrl;
use crate::names::{NameLists, Role};
use crate::preference::Preference;
use crate::{Expression, Query, RelativeUri};

fn printed(text: &str) -> String {
    Expression::parse(text).map_or_else(|error| error.to_string(), |value| value.to_string())
}

#[test]
fn operators_bind_as_the_standard_says() {
    for (text, expected) in [
        ("a or b and c", "(a or (b and c))"),
        ("a and b or c and d or e", "((a and b) or (c and d) or e)"),
        ("not a eq b", "((not a) eq b)"),
        ("a add b mul c sub d eq 7", "(((a add (b mul c)) sub d) eq 7)"),
        ("-a mul b", "((-(a)) mul b)"),
        ("a lt b eq true", "((a lt b) eq true)"),
        ("not a in (1,2)", "(not (a in (1,2)))"),
        ("A EQ 1 And Contains(B,'x')", "((A eq 1) and contains(B,'x'))"),
        ("case(a gt 10 : 15,true:0)", "case((a gt 10) : 15,true : 0)"),
        (
            "Lines/any(l:l/Qty gt 1 and l/Site eq $it/Site)",
            "Lines/any(l:((l/Qty gt 1) and (l/Site eq $it/Site)))",
        ),
    ] {
        assert_eq!(printed(text), expected, "{text}");
    }
}

#[test]
fn literals_keep_what_they_are() {
    for text in [
        "0001-01-01T00:00:00Z",
        "2026-02-28T10:00:00+02:00",
        "-10000-01-01",
        "10:15",
        "23:59:59.123456789012",
        "1e-101",
        "-INF",
        "NaN",
        "9223372036854775808",
        "79228162514264337593543950336",
        "duration'-P1DT2H3M4.5S'",
        "binary'_-8='",
        "geography'SRID=4326;Point(18.06 59.33)'",
        "IfsApp.S.State'Released,4'",
    ] {
        assert_eq!(printed(text), text);
    }
    for bad in ["2026-13-01", "24:00", "1.", ".5", "1a", "'open", "Ns.State'a b'", "binary'a'", "State'x'"] {
        assert!(Expression::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn errors_say_where_and_what() {
    let error = |text| printed(text);
    assert_eq!(error("Name eq"), "expected a blank at byte 7");
    assert_eq!(error("Name Eq "), "expected a name at byte 8");
    assert_eq!(error("Name eq 'x"), "expected an apostrophe at byte 10");
    assert_eq!(error("substring(A)"), "expected as many arguments as the function takes at byte 11");
    assert_eq!(error("(A eq 1"), "expected a closing parenthesis at byte 7");
}

#[test]
fn paths_follow_what_they_pass() {
    for good in [
        "Orders(1)/Lines/$count",
        "Orders/$filter(Qty%20gt%201)/$each",
        "Orders(No='1',Rel='2')/Ns.Release",
        "$crossjoin(A,B)?$filter=A/Id%20eq%20B/Id",
        "$all?$search=red",
        "$batch",
        "$metadata?$format=xml",
        "$metadata#Orders(No)/$entity",
        "$entity/Ns.Order?$id=Orders(1)&$select=No",
        "Orders?",
        "Orders/A-1/Lines",
    ] {
        assert!(RelativeUri::parse(good).is_ok(), "{good}: {:?}", RelativeUri::parse(good));
    }
    for bad in [
        "",
        "Orders/",
        "Orders/$count/$ref",
        "Orders(1)/$value/x",
        "Ns.Release",
        "Orders(x)",
        "Orders('a/b')",
        "Orders('it%27s')",
        "$entity",
        "$batch?$top=1",
        "Orders?$top=1&$top=2",
        "Orders?$top=x",
        "Orders?$unknown=1",
        "Orders?$filter=%C3%28",
    ] {
        assert!(RelativeUri::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_model_decides_what_names_are() {
    let mut names = NameLists::default();
    names.insert(Role::EntitySet, ["Orders"]);
    names.insert(Role::Singleton, []);
    names.insert(Role::ActionImport, []);
    names.insert(Role::EntitiesImport, ["OrdersBySite"]);
    for role in Role::ALL.iter().filter(|role| role.rule().ends_with("FunctionImport")) {
        names.insert(*role, []);
    }
    let parse = |text: &str| RelativeUri::parse_with(text, &names);
    assert!(parse("Orders(No=1)").is_ok());
    let RelativeUri::Resource { path, .. } = parse("OrdersBySite(Site='1')(7)").unwrap() else { panic!() };
    assert!(matches!(path.segments.as_slice(), [crate::Segment::Call { .. }, crate::Segment::Key(_)]));
    assert_eq!(parse("Orders(1)/Lines?$filter=X eq 1&$select=Y").map(|_| ()), Ok(()));
    assert!(parse("Lines").is_err());
}

#[test]
fn options_nest_with_semicolons() {
    let text = "$expand=Lines($filter=Qty gt 1;$orderby=No desc;$expand=Part/$ref;$levels=2),Site/$count";
    let query = Query::parse(text).unwrap();
    assert_eq!(
        query.encoded(),
        "$expand=Lines($filter=(Qty%20gt%201);$expand=Part/$ref;$orderby=No%20desc;$levels=2),Site/$count"
    );
    for bad in [
        "$expand=Lines($top=1;$top=2)",
        "$expand=Lines()",
        "$expand=Lines/$count($top=1)",
        "$expand=Lines($levels=0)",
        "$select=Lines($expand=A)",
        "$apply=aggregate(A)/",
        "$apply=aggregate(A with sum)",
        "$apply=groupby((A),)",
        "$search=a;b",
        "$search=\"a",
    ] {
        assert!(Query::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn contexts_and_preferences() {
    for text in [
        "#Orders",
        "#Orders(No,Lines+(Qty),@Ns.Term#q)",
        "#Orders('1')/Lines(Qty)/$entity",
        "#Orders/Ns.Rush/$delta",
        "#Collection(Edm.String)",
        "#$ref",
        "#Orders/$deletedLink",
    ] {
        assert_eq!(ContextUrl::parse(text).map(|context| context.to_string()), Ok(text.to_owned()));
    }
    for bad in ["Orders", "#", "#Orders/", "#Orders(/$entity", "#Orders(A)/$link", "#Orders(@Ns.T%23q)"] {
        assert!(ContextUrl::parse(bad).is_err(), "{bad}");
    }
    let list = "odata.maxpagesize=5, odata.continue-on-error=false, odata.include-annotations=\"-*,Ns.T#q\"";
    let parsed = Preference::parse_all(list).unwrap();
    assert_eq!(parsed.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "), list);
    for bad in
        ["", "maxpagesize=0", "return=all", "wait", "odata.return=minimal", "a, b", "callback;url=\"x\""]
    {
        assert!(Preference::parse_all(bad).is_err(), "{bad}");
    }
}
