//! From text to a query, in one pass once the object is known.

use super::condition::{Choices, Condition, Operand, Operator};
use super::like::Pattern;
use super::literal::operand;
use super::location::located;
use super::path::Path;
use super::tokens::{Token, escape, malformed, tokens};
use super::{Order, Query, Shape, View};
use crate::salesforce::problem::Problem;

/// Deepest nesting of conditions.
const DEEPEST: usize = 100;
/// Most characters of a query.
const LONGEST: usize = 100_000;

/// Reads a query.
pub(crate) fn parse(text: &str, view: View<'_>) -> Result<Query, Problem> {
    if text.chars().count() > LONGEST {
        return Err(Problem::bad("QUERY_TOO_COMPLICATED", "the query is longer than 100000 characters"));
    }
    let (places, tokens): (Vec<usize>, Vec<Token>) = tokens(text)?.into_iter().unzip();
    let mut parser = Parser { tokens, at: 0, depth: 0, view, scope: Scope::default() };
    let query = parser.query().and_then(|query| match parser.peek() {
        None => Ok(query),
        Some(_) => Err(parser.unexpected()),
    });
    query.map_err(|problem| located(problem, text, (&parser.tokens, &places), parser.at))
}

/// What names in a query refer to.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    pub(super) table: usize,
    /// The object's name and its alias.
    pub(super) names: Vec<String>,
}

pub(super) struct Parser<'a> {
    pub(super) tokens: Vec<Token>,
    pub(super) at: usize,
    depth: usize,
    pub(super) view: View<'a>,
    pub(super) scope: Scope,
}

impl Parser<'_> {
    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    pub(super) fn unexpected(&self) -> Problem {
        malformed(&format!("unexpected token: '{}'", self.peek().map_or("<EOF>", Token::shown)))
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(text)) if text.eq_ignore_ascii_case(word))
    }

    pub(super) fn eat(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    pub(super) fn eat_sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(text)) if *text == sign);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, word: &str) -> Result<(), Problem> {
        if self.eat(word) { Ok(()) } else { Err(self.unexpected()) }
    }

    pub(super) fn expect_sign(&mut self, sign: &str) -> Result<(), Problem> {
        if self.eat_sign(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    pub(super) fn word(&mut self) -> Result<String, Problem> {
        let Some(Token::Word(word)) = self.peek() else { return Err(self.unexpected()) };
        let word = word.clone();
        self.at += 1;
        Ok(word)
    }

    /// A query from its SELECT on; the scope around it is restored.
    pub(super) fn query(&mut self) -> Result<Query, Problem> {
        self.expect("SELECT")?;
        let selected = self.at;
        self.skip_to_from()?;
        self.expect("FROM")?;
        let name = self.word()?;
        let table = self.view.table(&name)?;
        self.within(table, &name, selected)
    }

    /// A query over the records below the current object: `FROM` names the relationship.
    pub(super) fn child_query(&mut self) -> Result<(String, u16, Query), Problem> {
        self.expect("SELECT")?;
        let selected = self.at;
        self.skip_to_from()?;
        self.expect("FROM")?;
        let name = self.word()?;
        let (table, place, spelled) = self.children(&name)?;
        let query = self.within(table, &name, selected)?;
        Ok((spelled, place, query))
    }

    /// The rest of a query after its object's name; `selected` is where its list of fields begins.
    fn within(&mut self, table: usize, name: &str, selected: usize) -> Result<Query, Problem> {
        let mut scope = Scope { table, names: vec![name.to_owned()] };
        let clauses = ["USING", "WHERE", "WITH", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FOR", "ALL"];
        self.eat("AS");
        if let Some(Token::Word(alias)) = self.peek()
            && !clauses.iter().any(|clause| alias.eq_ignore_ascii_case(clause))
        {
            scope.names.push(alias.clone());
            self.at += 1;
        }
        let around = std::mem::replace(&mut self.scope, scope);
        let after = std::mem::replace(&mut self.at, selected);
        let shape = self.shape()?;
        if !self.is_word("FROM") {
            return Err(self.unexpected());
        }
        self.at = after;
        let query = self.clauses(table, shape);
        self.scope = around;
        query
    }

    fn clauses(&mut self, table: usize, mut shape: Shape) -> Result<Query, Problem> {
        if self.eat("USING") {
            self.expect("SCOPE")?;
            self.word()?;
        }
        let condition = if self.eat("WHERE") { Some(self.conditions()?) } else { None };
        if self.eat("WITH") {
            self.word()?;
        }
        self.grouping(&mut shape)?;
        let order = if self.is_word("ORDER") { self.order(&mut shape)? } else { Vec::new() };
        let limit = if self.eat("LIMIT") { Some(self.number()?) } else { None };
        let offset = if self.eat("OFFSET") { self.number()? } else { 0 };
        while self.eat("FOR") {
            if !["VIEW", "REFERENCE", "UPDATE"].iter().any(|word| self.eat(word)) {
                return Err(self.unexpected());
            }
        }
        if self.eat("ALL") {
            self.expect("ROWS")?;
            return Err(malformed("ALL ROWS not allowed in this context"));
        }
        if offset > 2_000 {
            return Err(Problem::bad("NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"));
        }
        if let Shape::Groups(groups) = &mut shape {
            (groups.limit, groups.offset) = (limit, offset);
            return Ok(Query { table, shape, condition, order: Vec::new(), limit: None, offset: 0 });
        }
        Ok(Query { table, shape, condition, order, limit, offset })
    }

    /// Moves to the FROM of the query whose list of fields begins here.
    fn skip_to_from(&mut self) -> Result<(), Problem> {
        let mut depth = 0_usize;
        while let Some(token) = self.peek() {
            match token {
                Token::Sign("(") => depth += 1,
                Token::Sign(")") if depth == 0 => break,
                Token::Sign(")") => depth -= 1,
                Token::Word(word) if depth == 0 && word.eq_ignore_ascii_case("FROM") => return Ok(()),
                _ => {}
            }
            self.at += 1;
        }
        Err(self.unexpected())
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
        let path = self.usable("filtered")?;
        if self.eat("NOT") {
            self.expect("IN")?;
            return Ok(Condition::Not(Box::new(self.one_of(path)?)));
        }
        if self.eat("IN") {
            return self.one_of(path);
        }
        if self.eat("LIKE") {
            return self.like(path);
        }
        let operator = self.operator()?;
        let operand = self.operand(&path)?;
        Ok(Condition::Compare(path, operator, operand))
    }

    pub(super) fn operator(&mut self) -> Result<Operator, Problem> {
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
        Ok(operator)
    }

    pub(super) fn operand(&mut self, path: &Path) -> Result<Operand, Problem> {
        let operand = operand(path, self.peek(), self.view.now)?;
        self.at += 1;
        Ok(operand)
    }

    fn one_of(&mut self, path: Path) -> Result<Condition, Problem> {
        self.expect_sign("(")?;
        if self.is_word("SELECT") {
            let values = self.joined(&path)?;
            self.expect_sign(")")?;
            return Ok(Condition::OneOf(path, Choices::new(values)));
        }
        let mut values = vec![self.operand(&path)?];
        while self.eat_sign(",") {
            values.push(self.operand(&path)?);
        }
        self.expect_sign(")")?;
        Ok(Condition::OneOf(path, Choices::new(values)))
    }

    fn like(&mut self, path: Path) -> Result<Condition, Problem> {
        if !path.kind.is_text() {
            let message = format!("invalid operator on field {}: LIKE", path.name);
            return Err(Problem::bad("INVALID_QUERY_FILTER_OPERATOR", message));
        }
        let Some(Token::Text(raw)) = self.peek() else { return Err(self.unexpected()) };
        let pattern = Pattern::read(raw, escape).ok_or_else(|| self.unexpected())?;
        self.at += 1;
        Ok(Condition::Like(path, pattern))
    }

    /// DESC or ASC, NULLS FIRST or LAST: whether it descends, and whether nulls come last.
    pub(super) fn direction(&mut self) -> Result<(bool, bool), Problem> {
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
        Ok((descending, nulls_last))
    }

    pub(super) fn order_by(&mut self) -> Result<Order, Problem> {
        let path = self.usable("sorted")?;
        let (descending, nulls_last) = self.direction()?;
        Ok(Order { path, descending, nulls_last })
    }

    fn number(&mut self) -> Result<usize, Problem> {
        let word = self.word()?;
        word.parse().map_err(|_| malformed(&format!("unexpected token: '{word}'")))
    }
}
