//! `$filter`: from words to an expression, by OData's precedence (URL Conventions, section 5.1.1.17).

use super::expression::{Comparison, Expression, Function, Value};
use super::kinds::{Kind, kind};
use super::problem::Problem;
use super::schema::members;
use super::tokens::{Token, tokens};
use super::view::Sight;

/// Parses a decoded filter over what the request sees.
pub(crate) fn parse(text: &str, sight: Sight<'_>) -> Result<Expression, Problem> {
    let tokens = tokens(text)?;
    if tokens.len() > MOST_TOKENS {
        return Err(Problem::bad("the filter is too long"));
    }
    let mut parser = Parser { tokens, at: 0, depth: 0, calculations: 0, sight };
    let expression = parser.or()?;
    if let Some(token) = parser.peek() {
        return Err(Problem::bad(format!("the filter goes on unexpectedly at {token:?}")));
    }
    match kind(&expression, sight.view.entity)? {
        Kind::Bool | Kind::Null => Ok(expression),
        other => Err(Problem::bad(format!("the filter is a {other:?} and no condition"))),
    }
}

/// Words of the longest filter.
const MOST_TOKENS: usize = 5_000;
/// Sums and products of a filter: each makes its expression one level deeper.
const MOST_CALCULATIONS: usize = 50;
/// Parentheses, negations and calls within each other.
const DEEPEST: usize = 50;

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    calculations: usize,
    sight: Sight<'a>,
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

    /// Goes one level deeper, so that no filter can exhaust the stack.
    fn nested(&mut self, inner: fn(&mut Self) -> Parsed) -> Parsed {
        if self.depth >= DEEPEST {
            return Err(Problem::bad("the filter is nested too deeply"));
        }
        self.depth += 1;
        let parsed = inner(self);
        self.depth -= 1;
        parsed
    }

    fn or(&mut self) -> Parsed {
        let first = self.and()?;
        self.chain(first, "or", Self::and, Expression::Or)
    }

    fn and(&mut self) -> Parsed {
        let first = self.not()?;
        self.chain(first, "and", Self::not, Expression::And)
    }

    /// What follows `first` behind each `word`.
    fn chain(
        &mut self,
        first: Expression,
        word: &str,
        part: fn(&mut Self) -> Parsed,
        whole: fn(Vec<Expression>) -> Expression,
    ) -> Parsed {
        if !self.eat_word(word) {
            return Ok(first);
        }
        let mut parts = vec![first, part(self)?];
        while self.eat_word(word) {
            parts.push(part(self)?);
        }
        Ok(whole(parts))
    }

    fn not(&mut self) -> Parsed {
        if self.eat_word("not") {
            return Ok(Expression::Not(Box::new(self.nested(Self::not)?)));
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
            let right = self.product()?;
            left = self.calculation(operator, left, right)?;
        }
    }

    fn calculation(&mut self, operator: char, left: Expression, right: Expression) -> Parsed {
        self.calculations += 1;
        if self.calculations > MOST_CALCULATIONS {
            return Err(Problem::bad("the filter calculates too much"));
        }
        Ok(Expression::Arithmetic(operator, Box::new(left), Box::new(right)))
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
            let right = self.primary()?;
            left = self.calculation(operator, left, right)?;
        }
    }

    fn primary(&mut self) -> Parsed {
        match self.next() {
            Some(Token::Open) => {
                let inner = self.nested(Self::or)?;
                self.expect(&Token::Close)?;
                Ok(inner)
            }
            Some(Token::Text(text)) => Ok(Expression::Literal(Value::Text(text.into()))),
            Some(Token::Enum(kind, member)) => self.enumeration(&kind, &member),
            Some(Token::Word(word)) => self.word(&word),
            other => Err(Problem::bad(format!("the filter has {other:?} where a value should be"))),
        }
    }

    fn enumeration(&self, kind: &str, member: &str) -> Parsed {
        let name = kind.strip_prefix(self.sight.namespace).and_then(|rest| rest.strip_prefix('.'));
        let known = name.map(members).filter(|members| !members.is_empty());
        let Some(members) = known else { return Err(Problem::bad(format!("there is no enum {kind}"))) };
        if !members.contains(&member) {
            return Err(Problem::bad(format!("{kind} has no member {member}")));
        }
        Ok(Expression::Literal(Value::Enum(member.to_owned().into())))
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
        self.sight.column(word).map(Expression::Column)
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
        let mut arguments = vec![self.nested(Self::or)?];
        while self.peek() == Some(&Token::Comma) {
            self.at += 1;
            arguments.push(self.nested(Self::or)?);
        }
        self.expect(&Token::Close)?;
        Ok(Expression::Call(function, arguments))
    }
}

/// A literal without quotes: bare stamps, days and numbers.
fn literal(word: &str) -> Option<Value<'static>> {
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
    use crate::ifs::schema::{SUPPLIER_INFO, SUPPLIER_VIEW};
    use crate::ifs::table::Table;
    use crate::ifs::view::Drift;
    use crate::world::suppliers;

    const SIGHT: Sight<'static> =
        Sight { view: &SUPPLIER_VIEW, namespace: "IfsApp.SupplierHandling", drift: Drift::NONE };

    fn matching(filter: &str) -> Result<usize, u16> {
        let table = Table::seeded(&SUPPLIER_INFO, suppliers(1, 200).map(Into::into));
        let parsed = parse(filter, SIGHT).map_err(|problem| problem.status.as_u16())?;
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
            // Types are checked before any row is looked at.
            ("SupplierId gt 'Z' and Objstate eq 'Active'", 400),
            ("SupplierId eq 5", 400),
            ("ModifiedDate gt '2026-01-01T00:00:00Z'", 400),
            ("ModifiedDate gt 2026-01-01", 400),
            ("CreationDate gt datetime'2026-01-01'", 400),
            ("Name", 400),
            ("Name and true", 400),
            ("not Name", 400),
            ("contains(Name)", 400),
            ("length(CreditLimit) gt 1", 400),
            ("Name add 1 eq 2", 400),
            ("CreationDate add 1 gt 2026-01-01", 400),
            ("Name+eq+'x'", 400),
            ("", 400),
        ] {
            assert_eq!(matching(filter), Err(status), "{filter}");
        }
    }

    #[test]
    fn null_equals_null_only_and_unknown_stays_unknown() {
        let nulls = matching("AssociationNo eq null").expect("count");
        assert!((10..100).contains(&nulls), "{nulls}");
        assert_eq!(matching("AssociationNo ne null"), Ok(200 - nulls));
        assert_eq!(matching("AssociationNo ne 'none'"), Ok(200));
        assert_eq!(matching("AssociationNo gt ''"), Ok(200 - nulls));
        assert_eq!(matching("contains(AssociationNo,'-')"), Ok(200 - nulls));
        assert_eq!(matching("not contains(AssociationNo,'-')"), Ok(0));
        assert_eq!(matching("contains(AssociationNo,'-') or true"), Ok(200));
    }

    #[test]
    fn precedence_is_the_standards() {
        assert_eq!(matching("1 add 2 mul 3 eq 7"), Ok(200));
        assert_eq!(matching("(1 add 2) mul 3 eq 9"), Ok(200));
        assert_eq!(matching("10 sub 4 sub 3 eq 3 and 7 div 2 eq 3.5"), Ok(200));
        assert_eq!(matching("false and true or true"), Ok(200));
        assert_eq!(matching("not false and false"), Ok(0));
        assert_eq!(matching("substring('abcdef',2,3) eq 'cde' and substring('äöü',1) eq 'öü'"), Ok(200));
        assert_eq!(matching("trim('  x ') eq 'x' and toupper('ß') eq 'SS' and endswith('ab','b')"), Ok(200));
    }

    #[test]
    fn no_filter_exhausts_the_stack() {
        assert_eq!(matching(&format!("{}true{}", "(".repeat(20_000), ")".repeat(20_000))), Err(400));
        assert_eq!(matching(&format!("{}true{}", "(".repeat(2_000), ")".repeat(2_000))), Err(400));
        assert_eq!(matching(&format!("{}true", "not ".repeat(2_000))), Err(400));
        assert_eq!(matching(&format!("true{}", " or true".repeat(2_400))), Ok(200));
        assert_eq!(matching(&format!("true{}", " or true".repeat(20_000))), Err(400));
        assert_eq!(matching(&format!("1{} gt 0", " add 1".repeat(2_000))), Err(400));
        let deepest =
            format!("{}1{} gt 0 and {}true", "(".repeat(50), " add 1)".repeat(50), "not ".repeat(50));
        assert_eq!(matching(&deepest), Ok(200));
    }
}
