//! SOQL: from text to a query, for what clients and ordinary users send.

use rust_decimal::Decimal;

use super::condition::{Condition, Operand, Operator};
use super::problem::Problem;
use super::schema::{OBJECT, SYSTEM, place};
use super::settings::SalesforceSwitches;

/// A query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    /// Fields to show; `None` for `COUNT()`.
    pub(crate) fields: Option<Vec<String>>,
    pub(crate) condition: Option<Condition>,
    pub(crate) order: Vec<Order>,
    pub(crate) limit: Option<usize>,
    pub(crate) offset: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Order {
    pub(crate) field: String,
    pub(crate) descending: bool,
    pub(crate) nulls_last: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Text(String),
    Word(String),
    Sign(&'static str),
}

pub(crate) fn parse(text: &str, switches: &SalesforceSwitches) -> Result<Query, Problem> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, switches };
    let query = parser.query()?;
    match parser.peek() {
        None => Ok(query),
        Some(token) => Err(malformed(&format!("unexpected token: {token:?}"))),
    }
}

fn malformed(what: &str) -> Problem {
    Problem::bad("MALFORMED_QUERY", what)
}

fn tokens(text: &str) -> Result<Vec<Token>, Problem> {
    const SIGNS: [&str; 10] = ["!=", "<>", "<=", ">=", "<", ">", "=", "(", ")", ","];
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if letter.is_whitespace() {
            rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        } else if letter == '\'' {
            let (literal, length) = quoted(rest)?;
            found.push(Token::Text(literal));
            rest = rest.get(length..).unwrap_or_default();
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            found.push(Token::Sign(sign));
            rest = rest.get(sign.len()..).unwrap_or_default();
        } else {
            let ends = |c: char| c.is_whitespace() || "'!<>=(),".contains(c);
            let length = rest.find(ends).unwrap_or(rest.len());
            let (word, later) = rest.split_at(length);
            found.push(Token::Word(word.to_owned()));
            rest = later;
        }
    }
    Ok(found)
}

/// A quoted text and how many bytes it took.
fn quoted(text: &str) -> Result<(String, usize), Problem> {
    let mut out = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((place, letter)) = letters.next() {
        match letter {
            '\'' => return Ok((out, place + 1)),
            '\\' => out.push(match letters.next().map(|(_, escaped)| escaped) {
                Some('n' | 'N') => '\n',
                Some('r' | 'R') => '\r',
                Some('t' | 'T') => '\t',
                Some('b' | 'B') => '\u{8}',
                Some('f' | 'F') => '\u{c}',
                Some(plain @ ('\\' | '\'' | '"' | '_' | '%')) => plain,
                _ => return Err(malformed("invalid escape sequence in a text")),
            }),
            other => out.push(other),
        }
    }
    Err(malformed("a text is not closed"))
}

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    switches: &'a SalesforceSwitches,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
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
        if self.eat(word) {
            Ok(())
        } else {
            Err(malformed(&format!("expecting {word}, found {:?}", self.peek())))
        }
    }

    fn expect_sign(&mut self, sign: &str) -> Result<(), Problem> {
        if self.eat_sign(sign) {
            Ok(())
        } else {
            Err(malformed(&format!("expecting {sign}, found {:?}", self.peek())))
        }
    }

    fn word(&mut self) -> Result<String, Problem> {
        match self.next() {
            Some(Token::Word(word)) => Ok(word),
            other => Err(malformed(&format!("expecting a name, found {other:?}"))),
        }
    }

    fn query(&mut self) -> Result<Query, Problem> {
        self.expect("SELECT")?;
        let fields = self.selected()?;
        self.expect("FROM")?;
        let object = self.word()?;
        if !object.eq_ignore_ascii_case(OBJECT) {
            let message = format!("sObject type '{object}' is not supported.");
            return Err(Problem::bad("INVALID_TYPE", message));
        }
        for field in fields.iter().flatten() {
            self.known(field)?;
        }
        let condition = if self.eat("WHERE") { Some(self.or()?) } else { None };
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
        let mut fields = vec![self.word()?];
        while self.eat_sign(",") {
            fields.push(self.word()?);
        }
        Ok(Some(fields))
    }

    fn known(&self, field: &str) -> Result<(), Problem> {
        let hidden = self.switches.hidden.as_deref().is_some_and(|hidden| hidden.eq_ignore_ascii_case(field));
        let system = SYSTEM.iter().any(|(name, _)| name.eq_ignore_ascii_case(field));
        if !hidden && (system || place(field).is_some()) {
            return Ok(());
        }
        Err(Problem::no_column(field, OBJECT))
    }

    fn or(&mut self) -> Result<Condition, Problem> {
        let mut left = self.and()?;
        while self.eat("OR") {
            left = Condition::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Condition, Problem> {
        let mut left = self.not()?;
        while self.eat("AND") {
            left = Condition::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Condition, Problem> {
        if self.eat("NOT") {
            return Ok(Condition::Not(Box::new(self.not()?)));
        }
        if self.eat_sign("(") {
            let inner = self.or()?;
            self.expect_sign(")")?;
            return Ok(inner);
        }
        self.test()
    }

    fn test(&mut self) -> Result<Condition, Problem> {
        let field = self.word()?;
        self.known(&field)?;
        let negated = self.eat("NOT");
        if self.eat("IN") {
            self.expect_sign("(")?;
            let mut values = vec![self.operand()?];
            while self.eat_sign(",") {
                values.push(self.operand()?);
            }
            self.expect_sign(")")?;
            let one_of = Condition::OneOf(field, values);
            return Ok(if negated { Condition::Not(Box::new(one_of)) } else { one_of });
        }
        let operator = if self.eat("LIKE") {
            Operator::Like
        } else {
            match self.next() {
                Some(Token::Sign("=")) => Operator::Equal,
                Some(Token::Sign("!=" | "<>")) => Operator::Unequal,
                Some(Token::Sign("<")) => Operator::Less,
                Some(Token::Sign("<=")) => Operator::AtMost,
                Some(Token::Sign(">")) => Operator::Greater,
                Some(Token::Sign(">=")) => Operator::AtLeast,
                other => return Err(malformed(&format!("expecting an operator, found {other:?}"))),
            }
        };
        Ok(Condition::Compare(field, operator, self.operand()?))
    }

    fn operand(&mut self) -> Result<Operand, Problem> {
        match self.next() {
            Some(Token::Text(text)) => Ok(Operand::Text(text)),
            Some(Token::Word(word)) => {
                literal(&word).ok_or_else(|| malformed(&format!("unexpected value: {word}")))
            }
            other => Err(malformed(&format!("expecting a value, found {other:?}"))),
        }
    }

    fn order(&mut self) -> Result<Vec<Order>, Problem> {
        self.expect("BY")?;
        let mut order = Vec::new();
        loop {
            let field = self.word()?;
            self.known(&field)?;
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
            order.push(Order { field, descending, nulls_last });
            if !self.eat_sign(",") {
                return Ok(order);
            }
        }
    }

    fn number(&mut self) -> Result<usize, Problem> {
        let word = self.word()?;
        word.parse().map_err(|_| malformed(&format!("expecting a number, found {word}")))
    }
}

/// A value without quotes.
fn literal(word: &str) -> Option<Operand> {
    match word.to_ascii_lowercase().as_str() {
        "null" => return Some(Operand::Null),
        "true" => return Some(Operand::Bool(true)),
        "false" => return Some(Operand::Bool(false)),
        _ => {}
    }
    if word.contains('T')
        && let Ok(instant) = word.parse()
    {
        return Some(Operand::Instant(instant));
    }
    let date = || word.parse::<jiff::civil::Date>().ok().map(|date| Operand::Date(date.to_string()));
    word.parse::<Decimal>().ok().map(Operand::Number).or_else(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Query, String> {
        parse(text, &SalesforceSwitches::default()).map_err(|problem| problem.code.to_owned())
    }

    #[test]
    fn ordinary_queries_are_read() {
        let query = read(
            "select Id, Name from account where (Name like 'A%' or Name = null) and not Phone != '1' order by Name desc nulls last, Id limit 5 offset 2",
        );
        let query = query.expect("reads");
        assert_eq!(query.fields.map(|fields| fields.len()), Some(2));
        assert_eq!((query.limit, query.offset, query.order.len()), (Some(5), 2, 2));
        assert_eq!(read("SELECT COUNT() FROM Account").expect("reads").fields, None);
        let one = read(r"SELECT Id FROM Account WHERE IFS_Key__c IN ('a\'b\\c\n')").expect("reads");
        assert_eq!(
            one.condition,
            Some(Condition::OneOf("IFS_Key__c".into(), vec![Operand::Text("a'b\\c\n".into())]))
        );
    }

    #[test]
    fn mistakes_have_their_codes() {
        for (text, code) in [
            ("SELECT Nope FROM Account", "INVALID_FIELD"),
            ("SELECT Id FROM Nope", "INVALID_TYPE"),
            ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY"),
            ("SELECT Id FROM Account WHERE Name = 'x", "MALFORMED_QUERY"),
            (r"SELECT Id FROM Account WHERE Name = 'x\y'", "MALFORMED_QUERY"),
            ("SELECT Id FROM Account LIMIT x", "MALFORMED_QUERY"),
            ("SELECT Id FROM Account WHERE Name = 'a' 'b'", "MALFORMED_QUERY"),
        ] {
            assert_eq!(read(text), Err(code.to_owned()), "{text}");
        }
    }
}
