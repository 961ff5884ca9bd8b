//! What queries are read as, and which mistakes have which codes.

use jiff::Timestamp;

use super::condition::{Choices, Condition, Operand};
use super::*;
use crate::salesforce::schema::objects;
use crate::salesforce::settings::SalesforceSettings;
use crate::salesforce::store::Store;
use crate::salesforce::switches::SalesforceSwitches;

fn with(text: &str, switches: &SalesforceSwitches) -> Result<Query, Problem> {
    let now = Timestamp::UNIX_EPOCH;
    let store = Store::new(objects(&SalesforceSettings::default()), now);
    parse(text, View { store: &store, switches, user: 1, now, tooling: false })
}

fn read(text: &str) -> Result<Query, String> {
    with(text, &SalesforceSwitches::default()).map_err(|problem| problem.code.to_owned())
}

#[test]
fn ordinary_queries_are_read() {
    let query = read(
        "select Id, Name from account where (Name like 'A%' or Name = null) and not Phone != '1' \
         order by Name desc nulls last, Id limit 5 offset 2",
    );
    let query = query.expect("reads");
    assert!(matches!(&query.shape, Shape::Rows(outputs) if outputs.len() == 2));
    assert_eq!((query.limit, query.offset, query.order.len()), (Some(5), 2, 2));
    assert!(query.order[0].descending && query.order[0].nulls_last && !query.order[1].descending);
    assert!(matches!(read("SELECT COUNT() FROM Account").expect("reads").shape, Shape::Count));
    let one = read(r"SELECT Id FROM Account WHERE IFS_Key__c IN ('a\'b\\c\n')").expect("reads");
    let Some(Condition::OneOf(path, choices)) = one.condition else { panic!("not an IN") };
    assert_eq!(path.name, "IFS_Key__c");
    assert_eq!(choices, Choices::new([Operand::Text("a'b\\c\n".into())]));
    for text in [
        "SELECT a.Id, a.Parent.Owner.Name FROM Account a WHERE a.Name = 'x'",
        "SELECT Account.Name FROM Account USING SCOPE everything LIMIT 1",
        "SELECT FIELDS(ALL) FROM Contact LIMIT 200",
        "SELECT FIELDS(STANDARD) FROM Contact",
        "SELECT Id, (SELECT LastName FROM Contacts WHERE Email != null ORDER BY LastName LIMIT 3) FROM Account",
        "SELECT toLabel(Status) FROM Order WHERE EffectiveDate = LAST_N_DAYS:7 FOR VIEW",
        "SELECT Type, COUNT(Id) n FROM Account GROUP BY Type HAVING COUNT(Id) > 1 ORDER BY COUNT(Id) DESC",
        "SELECT CALENDAR_YEAR(CreatedDate) y, COUNT(Id) FROM Account GROUP BY CALENDAR_YEAR(CreatedDate) \
         ORDER BY CALENDAR_YEAR(CreatedDate) DESC",
        "SELECT Id FROM Account WHERE DAY_ONLY(convertTimezone(CreatedDate)) >= 2026-01-02",
        "SELECT FORMAT(convertCurrency(AnnualRevenue)) money, toLabel(Owner.Name) FROM Account",
        "SELECT Id FROM Account WHERE toLabel(Industry) = 'Energy' AND Name LIKE '\\u0041%' FOR VIEW FOR REFERENCE",
        "SELECT Id FROM Account WHERE Id NOT IN (SELECT Account.ParentId FROM Contact)",
        "SELECT Id FROM Contact WHERE AccountId IN (SELECT Id FROM Account WHERE Name = 'x')",
        "SELECT Id FROM Account WHERE CreatedDate >= YESTERDAY AND CreatedDate < 2026-01-02T03:04:05+01:00",
    ] {
        assert!(read(text).is_ok(), "{text}: {:?}", read(text).map(|_| ()));
    }
}

#[test]
fn mistakes_have_their_codes() {
    for (condition, code) in [
        ("Nope = '1'", "INVALID_FIELD"),
        ("Owner.Nope = '1'", "INVALID_FIELD"),
        ("Nope.Name = '1'", "INVALID_FIELD"),
        ("Parent.Parent.Parent.Parent.Parent.Parent.Name = '1'", "MALFORMED_QUERY"),
        ("", "MALFORMED_QUERY"),
        ("Name = 'x", "MALFORMED_QUERY"),
        (r"Name = 'x\y'", "MALFORMED_QUERY"),
        ("Name = 'a' 'b'", "MALFORMED_QUERY"),
        ("Name = x", "MALFORMED_QUERY"),
        ("Name = 'a' AND Name = 'b' OR Name = 'c'", "MALFORMED_QUERY"),
        ("Name IN ()", "MALFORMED_QUERY"),
        ("(Name = 'a'", "MALFORMED_QUERY"),
        ("Name = 1", "INVALID_FIELD"),
        ("IFS_Credit_Limit__c = '1'", "INVALID_FIELD"),
        ("IFS_Created__c > 2026-01-02T03:04:05Z", "INVALID_FIELD"),
        ("SystemModstamp > '2026-01-02T03:04:05Z'", "INVALID_FIELD"),
        ("IsDeleted = 'false'", "INVALID_FIELD"),
        ("Description = 'x'", "INVALID_FIELD"),
        ("BillingAddress = 'x'", "INVALID_FIELD"),
        ("Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("IFS_Created__c LIKE '2%'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("Id IN (SELECT Name FROM Contact)", "MALFORMED_QUERY"),
        ("Id IN (SELECT Id FROM Contact)", "MALFORMED_QUERY"),
        ("HOUR_IN_DAY(IFS_Created__c) = 1", "MALFORMED_QUERY"),
        ("CALENDAR_YEAR(Name) = 1", "MALFORMED_QUERY"),
        ("CALENDAR_YEAR(CreatedDate) = '1'", "INVALID_FIELD"),
        ("UPPER(Name) = 'X'", "MALFORMED_QUERY"),
        ("Name = 'x' ALL ROWS", "MALFORMED_QUERY"),
    ] {
        let text = format!("SELECT Id FROM Account WHERE {condition}");
        assert_eq!(read(&text).map(|_| ()), Err(code.to_owned()), "{text}");
    }
    for (text, code) in [
        ("SELECT Nope FROM Account", "INVALID_FIELD"),
        ("SELECT Id, id FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Nope", "INVALID_TYPE"),
        ("SELECT Id FROM CustomField", "INVALID_TYPE"),
        ("SELECT Id, (SELECT Id FROM Nopes) FROM Account", "INVALID_TYPE"),
        ("SELECT Id FROM Account LIMIT x", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account LIMIT 1 LIMIT 1", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
        ("SELECT FIELDS(ALL) FROM Account", "MALFORMED_QUERY"),
        ("SELECT FIELDS(ALL) FROM Account LIMIT 201", "MALFORMED_QUERY"),
        ("SELECT Name, COUNT(Id) FROM Account", "MALFORMED_QUERY"),
        ("SELECT Name, COUNT(Id) FROM Account GROUP BY Type", "MALFORMED_QUERY"),
        ("SELECT SUM(Name) FROM Account", "MALFORMED_QUERY"),
        ("SELECT Name n FROM Account", "MALFORMED_QUERY"),
        ("SELECT CALENDAR_YEAR(CreatedDate) FROM Account", "MALFORMED_QUERY"),
        ("SELECT Id Account", "MALFORMED_QUERY"),
        ("", "MALFORMED_QUERY"),
    ] {
        assert_eq!(read(text).map(|_| ()), Err(code.to_owned()), "{text}");
    }
    let deep = format!("SELECT Id FROM Account WHERE {}Name = 'x'{}", "(".repeat(5_000), ")".repeat(5_000));
    assert_eq!(read(&deep).map(|_| ()), Err("MALFORMED_QUERY".to_owned()));
}

#[test]
fn hidden_fields_do_not_exist() {
    let switches =
        SalesforceSwitches { hidden: ["phone".to_owned()].into(), ..SalesforceSwitches::default() };
    let problem = with("SELECT Phone FROM Account", &switches).expect_err("is refused");
    assert_eq!(problem.code, "INVALID_FIELD");
    assert!(problem.message.contains("No such column 'Phone' on entity 'Account'"));
}

#[test]
fn mistakes_are_pointed_at() {
    for (text, wanted) in [
        ("SELECT Id, Nope FROM Account", "\n           ^\nERROR at Row:1:Column:12\nNo such column 'Nope'"),
        (
            "SELECT Id,\n Name FROM Nope",
            "\n                      ^\nERROR at Row:2:Column:12\nsObject type 'Nope'",
        ),
        ("SELECT Id FROM Account WHERE", "^\nERROR at Row:1:Column:29\nunexpected token: '<EOF>'"),
        ("SELECT Id, FROM Account", "^\nERROR at Row:1:Column:12\nunexpected token: 'FROM'"),
        ("SELECT Id FROM Account WHERE Name = 5", "ERROR at Row:1:Column:30\nvalue of filter criterion"),
    ] {
        let problem = with(text, &SalesforceSwitches::default()).expect_err("is refused");
        assert!(problem.message.contains(wanted), "{}", problem.message);
    }
}
