//! `$filter`: from words to an expression, by OData's precedence (URL Conventions, section 5.1.1.17).

use super::cell::{SUPPLIER, members, place};
use super::expression::{Comparison, Expression, Function, Value};
use super::problem::Problem;
use super::tokens::{Token, tokens};

/// Parses a decoded filter. `namespace` is the projection's; `hidden` an attribute that is not there.
pub(crate) fn parse(text: &str, namespace: &str, hidden: Option<&str>) -> Result<Expression, Problem> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, namespace, hidden };
    let expression = parser.or()?;
    match parser.peek() {
        None => Ok(expression),
        Some(token) => Err(Problem::bad(format!("the filter goes on unexpectedly at {token:?}"))),
    }
}

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    namespace: &'a str,
    hidden: Option<&'a str>,
}

type Parsed = Result<Expression, Problem>;

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(text)) if text == word);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, token: &Token) -> Result<(), Problem> {
        if self.next().as_ref() == Some(token) {
            return Ok(());
        }
        Err(Problem::bad(format!("the filter lacks {token:?}")))
    }

    fn or(&mut self) -> Parsed {
        let mut left = self.and()?;
        while self.eat_word("or") {
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed {
        let mut left = self.not()?;
        while self.eat_word("and") {
            left = Expression::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Parsed {
        if self.eat_word("not") {
            return Ok(Expression::Not(Box::new(self.not()?)));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Parsed {
        let left = self.sum()?;
        let Some(Token::Word(word)) = self.peek() else { return Ok(left) };
        let comparison = match word.as_str() {
            "eq" => Comparison::Eq,
            "ne" => Comparison::Ne,
            "gt" => Comparison::Gt,
            "ge" => Comparison::Ge,
            "lt" => Comparison::Lt,
            "le" => Comparison::Le,
            "has" | "in" => {
                return Err(Problem::unsupported(format!("the operator {word} is not supported")));
            }
            _ => return Ok(left),
        };
        self.at += 1;
        let right = self.sum()?;
        Ok(Expression::Compare(comparison, Box::new(left), Box::new(right)))
    }

    fn sum(&mut self) -> Parsed {
        let mut left = self.product()?;
        loop {
            let operator = if self.eat_word("add") {
                '+'
            } else if self.eat_word("sub") {
                '-'
            } else {
                return Ok(left);
            };
            left = Expression::Arithmetic(operator, Box::new(left), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Parsed {
        let mut left = self.primary()?;
        loop {
            let operator = if self.eat_word("mul") {
                '*'
            } else if self.eat_word("div") {
                '/'
            } else if self.eat_word("mod") {
                return Err(Problem::unsupported("the operator mod is not supported"));
            } else {
                return Ok(left);
            };
            left = Expression::Arithmetic(operator, Box::new(left), Box::new(self.primary()?));
        }
    }

    fn primary(&mut self) -> Parsed {
        match self.next() {
            Some(Token::Open) => {
                let inner = self.or()?;
                self.expect(&Token::Close)?;
                Ok(inner)
            }
            Some(Token::Text(text)) => Ok(Expression::Literal(Value::Text(text))),
            Some(Token::Enum(kind, member)) => self.enumeration(&kind, &member),
            Some(Token::Word(word)) => self.word(&word),
            other => Err(Problem::bad(format!("the filter has {other:?} where a value should be"))),
        }
    }

    fn enumeration(&self, kind: &str, member: &str) -> Parsed {
        let name = kind.strip_prefix(self.namespace).and_then(|rest| rest.strip_prefix('.'));
        let known = name.map(members).filter(|members| !members.is_empty());
        let Some(members) = known else { return Err(Problem::bad(format!("there is no enum {kind}"))) };
        if !members.contains(&member) {
            return Err(Problem::bad(format!("{kind} has no member {member}")));
        }
        Ok(Expression::Literal(Value::Enum(member.to_owned())))
    }

    fn word(&mut self, word: &str) -> Parsed {
        if self.peek() == Some(&Token::Open) {
            return self.function(word);
        }
        if let Some(value) = literal(word) {
            return Ok(Expression::Literal(value));
        }
        if word.contains('/') {
            return Err(Problem::unsupported("lambda operators and paths are not supported in filters"));
        }
        match place(word).filter(|_| self.hidden != Some(word)) {
            Some(place) if SUPPLIER.get(place).is_some() => Ok(Expression::Column(place)),
            _ => Err(Problem::bad(format!("the property {word} does not exist"))),
        }
    }

    fn function(&mut self, name: &str) -> Parsed {
        let function = match name {
            "contains" => Function::Contains,
            "startswith" => Function::StartsWith,
            "endswith" => Function::EndsWith,
            "tolower" => Function::ToLower,
            "toupper" => Function::ToUpper,
            "trim" => Function::Trim,
            "length" => Function::Length,
            "indexof" => Function::IndexOf,
            "substring" => Function::Substring,
            "concat" => Function::Concat,
            _ => return Err(Problem::unsupported(format!("the function {name} is not supported"))),
        };
        self.expect(&Token::Open)?;
        let mut arguments = vec![self.or()?];
        while self.peek() == Some(&Token::Comma) {
            self.at += 1;
            arguments.push(self.or()?);
        }
        self.expect(&Token::Close)?;
        Ok(Expression::Call(function, arguments))
    }
}

/// A literal without quotes: bare stamps, days and numbers.
fn literal(word: &str) -> Option<Value> {
    match word {
        "null" => return Some(Value::Null),
        "true" => return Some(Value::Bool(true)),
        "false" => return Some(Value::Bool(false)),
        _ => {}
    }
    if !word.starts_with(|first: char| first.is_ascii_digit() || first == '-') {
        return None;
    }
    let date = || word.parse().ok().map(Value::Date);
    let number = || word.parse().ok().map(Value::Number);
    if word.contains('T') { word.parse().ok().map(Value::Timestamp) } else { number().or_else(date) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ifs_cloud::table::Table;

    fn matching(filter: &str) -> Result<usize, u16> {
        let table = Table::seeded(1, 200);
        let parsed =
            parse(filter, "IfsApp.SupplierHandling", None).map_err(|problem| problem.status.as_u16())?;
        let mut count = 0;
        for row in table.all() {
            count += usize::from(parsed.holds(row).map_err(|problem| problem.status.as_u16())?);
        }
        Ok(count)
    }

    #[test]
    fn documented_operators_work() {
        assert_eq!(matching("SupplierId eq 'S10001' or SupplierId eq 'S10002' and Name eq null"), Ok(1));
        assert_eq!(
            matching("(SupplierId eq 'S10001' or SupplierId eq 'S10002') and not (Name eq null)"),
            Ok(2)
        );
        assert_eq!(matching("Name eq 'O''Neil'"), Ok(0));
        assert_eq!(matching("startswith(SupplierId,'S1') and length(SupplierId) eq 6"), Ok(200));
        assert_eq!(matching("indexof(SupplierId, '1000') eq 1 and concat(tolower('A'),'b') eq 'ab'"), Ok(9));
        assert_eq!(matching("CreditLimit add 1 gt CreditLimit").map(|count| count > 100), Ok(true));
        let all = matching("ModifiedDate ge 2000-01-01T00:00:00Z")
            .and_then(|some| matching("ModifiedDate eq null").map(|none| some + none));
        assert_eq!(all, Ok(200));
        assert_eq!(matching("CreationDate ge 2001-01-01").map(|count| count == 200), Ok(true));
        let states = ["Active", "Blocked", "Expired"].map(|state| {
            matching(&format!("Objstate eq IfsApp.SupplierHandling.SupplierState'{state}'")).expect("an enum")
        });
        assert_eq!(states.iter().sum::<usize>(), 200);
    }

    #[test]
    fn what_the_provider_does_not_know_is_refused() {
        for (filter, status) in [
            ("Objstate eq 'Active'", 400),
            ("Objstate eq IfsApp.Other.SupplierState'Active'", 400),
            ("Nam eq 'x'", 400),
            ("SupplierId eq 'x", 400),
            ("SupplierId in ('x')", 501),
            ("CreditLimit mod 2 eq 0", 501),
            ("year(CreationDate) eq 2020", 501),
            ("Addresses/any(a:a/City eq 'x')", 501),
            ("SupplierId eq 'x') or true or (Name eq 'y'", 400),
        ] {
            assert_eq!(matching(filter), Err(status), "{filter}");
        }
    }
}
