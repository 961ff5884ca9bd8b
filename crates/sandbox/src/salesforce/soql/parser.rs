//! From text to a query, in one pass once the object is known.

use super::condition::{Choices, Condition, Operand, Operator};
use super::like::Pattern;
use super::literal::operand;
use super::path::{Path, Value};
use super::tokens::{Token, escape, malformed, tokens};
use super::{Order, Query, Shape, View, select};
use crate::salesforce::problem::Problem;
use crate::salesforce::schema::{Column, Kind};

/// Deepest nesting of conditions.
const DEEPEST: usize = 100;
/// Most references on the way to a field (SOQL and SOSL Reference, "Understanding Relationship
/// Query Limitations").
const STEPS: usize = 5;
/// Most characters of a query.
const LONGEST: usize = 100_000;

/// Reads a query.
pub(crate) fn parse(text: &str, view: View<'_>) -> Result<Query, Problem> {
    if text.chars().count() > LONGEST {
        return Err(Problem::bad("QUERY_TOO_COMPLICATED", "the query is longer than 100000 characters"));
    }
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0, view, scope: Scope::default() };
    let query = parser.query()?;
    match parser.peek() {
        None => Ok(query),
        Some(_) => Err(parser.unexpected()),
    }
}

/// What names in a query refer to.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    pub(super) table: usize,
    /// The object's name and its alias.
    names: Vec<String>,
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
    fn query(&mut self) -> Result<Query, Problem> {
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
        if self.eat("FOR") {
            self.word()?;
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

    /// A field by its name, over relationships.
    pub(super) fn path(&self, name: &str) -> Result<Path, Problem> {
        let mut steps: Vec<&str> = name.split('.').collect();
        let own = steps.first().is_some_and(|first| {
            steps.len() > 1 && self.scope.names.iter().any(|name| name.eq_ignore_ascii_case(first))
        });
        if own {
            steps.remove(0);
        }
        let last = steps.pop().unwrap_or_default();
        if steps.len() > STEPS {
            return Err(malformed(&format!("{name}: more than five relationships on the way to a field")));
        }
        let missing = Problem::not_found;
        let mut object = self.view.store.object(self.scope.table).ok_or_else(missing)?;
        let (mut parents, mut spelled) = (Vec::new(), String::new());
        for step in steps {
            let (column, relationship, target) =
                Column::reference(object, step).ok_or_else(|| Problem::no_relationship(step))?;
            if !self.view.sees(object, column) {
                return Err(Problem::no_relationship(step));
            }
            parents.push(column);
            spelled.push_str(relationship);
            spelled.push('.');
            let table = self.view.store.named(target).ok_or_else(missing)?;
            object = self.view.store.object(table).ok_or_else(missing)?;
        }
        let column = self.view.column(object, last)?;
        spelled.push_str(column.name(object));
        let exact = match column {
            Column::Own(place) => object.field(place).is_some_and(|field| {
                use crate::salesforce::schema::Flag;
                field.is(Flag::Exact) || field.is(Flag::ExternalId) && self.view.switches.case_sensitive
            }),
            _ => false,
        };
        Ok(Path { parents, column, kind: column.kind(object), name: spelled, exact })
    }

    /// A field to filter, sort or group by.
    pub(super) fn usable(&mut self, how: &str) -> Result<Path, Problem> {
        let name = self.word()?;
        let path = self.path(&name)?;
        if path.kind.is_filterable() {
            return Ok(path);
        }
        let message = format!("field '{}' can not be {how} in a query call", path.name);
        Err(Problem::bad("INVALID_FIELD", message))
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
            let values = self.joined()?;
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

    /// What a query within a condition finds: ids.
    fn joined(&mut self) -> Result<Vec<Operand>, Problem> {
        let selected = self.at + 1;
        let query = self.query()?;
        let name = match self.tokens.get(selected) {
            Some(Token::Word(name)) => name.clone(),
            _ => return Err(self.unexpected()),
        };
        let scope = Scope { table: query.table, names: Vec::new() };
        let around = std::mem::replace(&mut self.scope, scope);
        let path = self.path(&name);
        self.scope = around;
        let path = path?;
        if !matches!(path.kind, Kind::Id | Kind::Reference) {
            let message = format!("the inner select field '{}' must be an id", path.name);
            return Err(Problem::bad("MALFORMED_QUERY", message));
        }
        let store = self.view.store;
        let found = select(store, &query, false);
        let ids = found.iter().filter_map(|record| match path.value(store, record) {
            Value::Text(id) => Some(Operand::Exact(id.to_owned())),
            _ => None,
        });
        Ok(ids.collect())
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
