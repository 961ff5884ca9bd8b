//! SOQL: from text to a query, for what clients and ordinary users send.

use super::condition::{Choices, Condition, Operator};
use super::like::Pattern;
use super::literal::operand;
use super::problem::Problem;
use super::schema::{Column, OBJECT};
use super::settings::SalesforceSwitches;
use super::soql_tokens::{Token, escape, malformed, tokens};

/// Deepest nesting of conditions.
const DEEPEST: usize = 100;

/// A query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    /// Fields to show; `None` for `COUNT()`.
    pub(crate) fields: Option<Vec<Column>>,
    pub(crate) condition: Option<Condition>,
    pub(crate) order: Vec<Order>,
    pub(crate) limit: Option<usize>,
    pub(crate) offset: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) column: Column,
    pub(crate) descending: bool,
    pub(crate) nulls_last: bool,
}

/// Reads a query.
pub(crate) fn parse(text: &str, switches: &SalesforceSwitches) -> Result<Query, Problem> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0, switches };
    let query = parser.query()?;
    match parser.peek() {
        None => Ok(query),
        Some(_) => Err(parser.unexpected()),
    }
}

/// A field by name, if the user of the API sees it.
pub(crate) fn visible(name: &str, switches: &SalesforceSwitches) -> Result<Column, Problem> {
    Column::named(name)
        .filter(|column| !switches.hides(column.name()))
        .ok_or_else(|| Problem::no_column(name, OBJECT))
}

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    switches: &'a SalesforceSwitches,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn unexpected(&self) -> Problem {
        malformed(&format!("unexpected token: '{}'", self.peek().map_or("<EOF>", Token::shown)))
    }

    fn eat(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(text)) if text.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn eat_sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(text)) if *text == sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, word: &str) -> Result<(), Problem> {
        if self.eat(word) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn expect_sign(&mut self, sign: &str) -> Result<(), Problem> {
        if self.eat_sign(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn word(&mut self) -> Result<String, Problem> {
        let Some(Token::Word(word)) = self.peek() else { return Err(self.unexpected()) };
        let word = word.clone();
        self.at += 1;
        Ok(word)
    }

    fn query(&mut self) -> Result<Query, Problem> {
        self.expect("SELECT")?;
        let names = self.selected()?;
        self.expect("FROM")?;
        let object = self.word()?;
        if !object.eq_ignore_ascii_case(OBJECT) {
            let message = format!("sObject type '{object}' is not supported.");
            return Err(Problem::bad("INVALID_TYPE", message));
        }
        let fields = names.map(|names| self.columns(&names)).transpose()?;
        let condition = if self.eat("WHERE") { Some(self.conditions()?) } else { None };
        let order = if self.eat("ORDER") { self.order()? } else { Vec::new() };
        let limit = if self.eat("LIMIT") { Some(self.number()?) } else { None };
        let offset = if self.eat("OFFSET") { self.number()? } else { 0 };
        if offset > 2_000 {
            return Err(Problem::bad("NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"));
        }
        Ok(Query { fields, condition, order, limit, offset })
    }

    fn selected(&mut self) -> Result<Option<Vec<String>>, Problem> {
        if self.eat("COUNT") {
            self.expect_sign("(")?;
            self.expect_sign(")")?;
            return Ok(None);
        }
        let mut names = vec![self.word()?];
        while self.eat_sign(",") {
            names.push(self.word()?);
        }
        Ok(Some(names))
    }

    fn columns(&self, names: &[String]) -> Result<Vec<Column>, Problem> {
        let mut columns = Vec::with_capacity(names.len());
        for name in names {
            let column = visible(name, self.switches)?;
            if columns.contains(&column) {
                return Err(Problem::bad("INVALID_FIELD", format!("duplicate field selected: {name}")));
            }
            columns.push(column);
        }
        Ok(columns)
    }

    /// A field to filter or sort by.
    fn column(&mut self, how: &str) -> Result<Column, Problem> {
        let name = self.word()?;
        let column = visible(&name, self.switches)?;
        if column.is_long() {
            let message = format!("field '{}' can not be {how} in a query call", column.name());
            return Err(Problem::bad("INVALID_FIELD", message));
        }
        Ok(column)
    }

    /// Conditions that are all joined by AND, or all by OR: the two do not mix without parentheses.
    fn conditions(&mut self) -> Result<Condition, Problem> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(malformed("conditions are nested too deeply"));
        }
        let first = self.single()?;
        let joined = ["AND", "OR"].into_iter().find(|word| self.eat(word));
        let mut parts = vec![first];
        if let Some(word) = joined {
            parts.push(self.single()?);
            while self.eat(word) {
                parts.push(self.single()?);
            }
        }
        self.depth -= 1;
        Ok(match (joined, parts.len()) {
            (None, _) => parts.remove(0),
            (Some("OR"), _) => Condition::Any(parts),
            _ => Condition::All(parts),
        })
    }

    fn single(&mut self) -> Result<Condition, Problem> {
        let mut negated = false;
        while self.eat("NOT") {
            negated = !negated;
        }
        let condition = if self.eat_sign("(") {
            let inner = self.conditions()?;
            self.expect_sign(")")?;
            inner
        } else {
            self.test()?
        };
        Ok(if negated { Condition::Not(Box::new(condition)) } else { condition })
    }

    fn test(&mut self) -> Result<Condition, Problem> {
        let column = self.column("filtered")?;
        if self.eat("NOT") {
            self.expect("IN")?;
            return Ok(Condition::Not(Box::new(self.one_of(column)?)));
        }
        if self.eat("IN") {
            return self.one_of(column);
        }
        if self.eat("LIKE") {
            return self.like(column);
        }
        let Some(Token::Sign(sign)) = self.peek() else { return Err(self.unexpected()) };
        let operator = match *sign {
            "=" => Operator::Equal,
            "!=" | "<>" => Operator::Unequal,
            "<" => Operator::Less,
            "<=" => Operator::AtMost,
            ">" => Operator::Greater,
            ">=" => Operator::AtLeast,
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        Ok(Condition::Compare(column, operator, self.operand(column)?))
    }

    fn operand(&mut self, column: Column) -> Result<super::condition::Operand, Problem> {
        let operand = operand(column, self.peek(), self.switches.case_sensitive)?;
        self.at += 1;
        Ok(operand)
    }

    fn one_of(&mut self, column: Column) -> Result<Condition, Problem> {
        self.expect_sign("(")?;
        let mut values = vec![self.operand(column)?];
        while self.eat_sign(",") {
            values.push(self.operand(column)?);
        }
        self.expect_sign(")")?;
        Ok(Condition::OneOf(column, Choices::new(values)))
    }

    fn like(&mut self, column: Column) -> Result<Condition, Problem> {
        if !column.is_text() {
            let message = format!("invalid operator on field {}: LIKE", column.name());
            return Err(Problem::bad("INVALID_QUERY_FILTER_OPERATOR", message));
        }
        let Some(Token::Text(raw)) = self.peek() else { return Err(self.unexpected()) };
        let pattern = Pattern::read(raw, escape).ok_or_else(|| self.unexpected())?;
        self.at += 1;
        Ok(Condition::Like(column, pattern))
    }

    fn order(&mut self) -> Result<Vec<Order>, Problem> {
        self.expect("BY")?;
        let mut order = Vec::new();
        loop {
            let column = self.column("sorted")?;
            let descending = self.eat("DESC");
            if !descending {
                self.eat("ASC");
            }
            let mut nulls_last = false;
            if self.eat("NULLS") {
                nulls_last = self.eat("LAST");
                if !nulls_last {
                    self.expect("FIRST")?;
                }
            }
            order.push(Order { column, descending, nulls_last });
            if !self.eat_sign(",") {
                return Ok(order);
            }
        }
    }

    fn number(&mut self) -> Result<usize, Problem> {
        let word = self.word()?;
        word.parse().map_err(|_| malformed(&format!("unexpected token: '{word}'")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::condition::Operand;
    use super::*;

    fn read(text: &str) -> Result<Query, String> {
        parse(text, &SalesforceSwitches::default()).map_err(|problem| problem.code.to_owned())
    }

    #[test]
    fn ordinary_queries_are_read() {
        let query = read(
            "select Id, Name from account where (Name like 'A%' or Name = null) and not Phone != '1' \
             order by Name desc nulls last, Id limit 5 offset 2",
        );
        let query = query.expect("reads");
        assert_eq!(
            query.fields,
            Some(["Id", "Name"].map(|name| Column::named(name).expect("a field")).into())
        );
        assert_eq!((query.limit, query.offset, query.order.len()), (Some(5), 2, 2));
        assert!(query.order[0].descending && query.order[0].nulls_last && !query.order[1].descending);
        assert_eq!(read("SELECT COUNT() FROM Account").expect("reads").fields, None);
        let one = read(r"SELECT Id FROM Account WHERE IFS_Key__c IN ('a\'b\\c\n')").expect("reads");
        let key = Column::named("IFS_Key__c").expect("a field");
        let choices = Choices::new(vec![Operand::Text("a'b\\c\n".into())]);
        assert_eq!(one.condition, Some(Condition::OneOf(key, choices)));
    }

    #[test]
    fn mistakes_have_their_codes() {
        for (condition, code) in [
            ("Nope = '1'", "INVALID_FIELD"),
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
            ("Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR"),
            ("IFS_Created__c LIKE '2%'", "INVALID_QUERY_FILTER_OPERATOR"),
        ] {
            let text = format!("SELECT Id FROM Account WHERE {condition}");
            assert_eq!(read(&text).map(|_| ()), Err(code.to_owned()), "{text}");
        }
        for (text, code) in [
            ("SELECT Nope FROM Account", "INVALID_FIELD"),
            ("SELECT Id, id FROM Account", "INVALID_FIELD"),
            ("SELECT Id FROM Nope", "INVALID_TYPE"),
            ("SELECT Id FROM Account LIMIT x", "MALFORMED_QUERY"),
            ("SELECT Id FROM Account LIMIT 1 LIMIT 1", "MALFORMED_QUERY"),
            ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
            ("", "MALFORMED_QUERY"),
        ] {
            assert_eq!(read(text).map(|_| ()), Err(code.to_owned()), "{text}");
        }
        let deep =
            format!("SELECT Id FROM Account WHERE {}Name = 'x'{}", "(".repeat(5_000), ")".repeat(5_000));
        assert_eq!(read(&deep).map(|_| ()), Err("MALFORMED_QUERY".to_owned()));
    }

    #[test]
    fn hidden_fields_do_not_exist() {
        let switches =
            SalesforceSwitches { hidden: ["phone".to_owned()].into(), ..SalesforceSwitches::default() };
        let problem = parse("SELECT Phone FROM Account", &switches).expect_err("is refused");
        assert_eq!(problem.code, "INVALID_FIELD");
        assert!(problem.message.starts_with("No such column 'Phone' on entity 'Account'"));
    }
}
