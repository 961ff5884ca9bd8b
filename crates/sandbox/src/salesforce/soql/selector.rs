//! What a query selects: fields, parents, children, groups.

use super::aggregate::{Cell, Function, Groups};
use super::condition::{Operand, Operator};
use super::date_part::DatePart;
use super::localized::Wrapping;
use super::output::Output;
use super::parser::Parser;
use super::path::Path;
use super::tokens::{Token, malformed};
use super::{Order, Shape};
use crate::salesforce::problem::Problem;
use crate::salesforce::schema::{Column, Kind};

/// Most records of a query that selects all fields.
const FIELDS_LIMIT: usize = 200;

/// One entry of the list.
enum Item {
    Field(String, Option<String>),
    Reckoned(Function, Option<String>, Option<String>),
    /// A part of a date.
    Part(Path, Option<String>),
    /// `FORMAT(…)` and the like.
    Wrapped(Wrapping, String, Option<String>),
    Output(Output),
    /// `FIELDS(…)`.
    All(Vec<Output>),
}

impl Parser<'_> {
    /// The list of fields, up to FROM.
    pub(super) fn shape(&mut self) -> Result<Shape, Problem> {
        let mut items = vec![self.item()?];
        while self.eat_sign(",") {
            items.push(self.item()?);
        }
        if let [Item::Reckoned(Function::Count, None, None)] = items.as_slice() {
            return Ok(Shape::Count);
        }
        let grouped = items.iter().any(|item| matches!(item, Item::Reckoned(..))) || self.groups_later();
        if grouped { self.grouped(items).map(Shape::Groups) } else { self.rows(items).map(Shape::Rows) }
    }

    /// Whether a GROUP follows before this query ends.
    fn groups_later(&self) -> bool {
        let mut depth = 0_usize;
        for token in self.tokens.iter().skip(self.at) {
            match token {
                Token::Sign("(") => depth += 1,
                Token::Sign(")") if depth == 0 => return false,
                Token::Sign(")") => depth -= 1,
                Token::Word(word) if depth == 0 && word.eq_ignore_ascii_case("GROUP") => return true,
                _ => {}
            }
        }
        false
    }

    fn item(&mut self) -> Result<Item, Problem> {
        if self.eat_sign("(") {
            let (name, reference, query) = self.child_query()?;
            self.expect_sign(")")?;
            let Shape::Rows(inner) = query.shape.clone() else {
                return Err(malformed("only fields are selected in a nested query"));
            };
            return Ok(Item::Output(Output::Children { name, reference, query: Box::new(query), inner }));
        }
        if self.is_word("FROM") {
            return Err(self.unexpected());
        }
        let word = self.word()?;
        if !self.eat_sign("(") {
            return Ok(Item::Field(word, self.alias()?));
        }
        if word.eq_ignore_ascii_case("FIELDS") {
            return self.all_fields();
        }
        if let Some(wrapping) = Wrapping::named(&word) {
            return self.wrapped(wrapping);
        }
        if let Some(part) = DatePart::named(&word) {
            let path = self.part(part, &word)?;
            return Ok(Item::Part(path, self.alias()?));
        }
        let function =
            Function::named(&word).ok_or_else(|| malformed(&format!("unexpected token: '{word}'")))?;
        let field = if self.eat_sign(")") {
            None
        } else {
            let field = self.word()?;
            self.expect_sign(")")?;
            Some(field)
        };
        if field.is_none() && function != Function::Count {
            return Err(malformed(&format!("{word} needs a field")));
        }
        Ok(Item::Reckoned(function, field, self.alias()?))
    }

    /// What is shown in another form, behind the parenthesis; an aggregate within stays as it is.
    fn wrapped(&mut self, wrapping: Wrapping) -> Result<Item, Problem> {
        let mut wrapping = wrapping;
        let mut field = self.word()?;
        let mut open = 1;
        let mut function = None;
        while self.eat_sign("(") {
            open += 1;
            match (Wrapping::named(&field), Function::named(&field)) {
                (Some(inner), _) => wrapping = wrapping.of(inner),
                (_, Some(inner)) if function.is_none() => function = Some(inner),
                _ => return Err(malformed(&format!("unexpected token: '{field}'"))),
            }
            field = self.word()?;
        }
        for _ in 0..open {
            self.expect_sign(")")?;
        }
        let alias = self.alias()?;
        Ok(match function {
            Some(function) => Item::Reckoned(function, Some(field), alias),
            None => Item::Wrapped(wrapping, field, alias),
        })
    }

    fn alias(&mut self) -> Result<Option<String>, Problem> {
        match self.peek() {
            Some(Token::Word(word)) if !word.eq_ignore_ascii_case("FROM") => self.word().map(Some),
            _ => Ok(None),
        }
    }

    fn all_fields(&mut self) -> Result<Item, Problem> {
        let which = self.word()?;
        self.expect_sign(")")?;
        let custom = match which.to_ascii_uppercase().as_str() {
            "ALL" => None,
            "STANDARD" => Some(false),
            "CUSTOM" => Some(true),
            _ => return Err(malformed(&format!("unexpected token: '{which}'"))),
        };
        if custom != Some(false) && !self.limited() {
            let message = "The SOQL FIELDS function must have a LIMIT of at most 200";
            return Err(malformed(message));
        }
        let object = self.view.store.object(self.scope.table).ok_or_else(Problem::not_found)?;
        let fits = |column: &Column| {
            self.view.sees(object, *column)
                && custom.is_none_or(|custom| column.name(object).ends_with("__c") == custom)
        };
        Ok(Item::All(Column::all(object).filter(fits).map(Output::Column).collect()))
    }

    /// Whether this query says LIMIT with a small number.
    fn limited(&self) -> bool {
        let mut words =
            self.tokens.iter().skip(self.at).skip_while(
                |token| !matches!(token, Token::Word(word) if word.eq_ignore_ascii_case("LIMIT")),
            );
        words.next();
        match words.next() {
            Some(Token::Word(number)) => number.parse::<usize>().is_ok_and(|limit| limit <= FIELDS_LIMIT),
            _ => false,
        }
    }

    fn rows(&self, items: Vec<Item>) -> Result<Vec<Output>, Problem> {
        let mut outputs: Vec<Output> = Vec::new();
        let mut names: Vec<String> = Vec::new();
        for item in items {
            match item {
                Item::Field(name, alias) => {
                    if alias.is_some() {
                        return Err(malformed("only aggregate expressions use field aliasing"));
                    }
                    let path = self.path(&name)?;
                    if names.contains(&path.name) {
                        let message = format!("duplicate field selected: {}", path.name);
                        return Err(Problem::bad("INVALID_FIELD", message));
                    }
                    let mut relationships: Vec<&str> = path.name.split('.').collect();
                    relationships.pop();
                    place(&mut outputs, &path.parents, &relationships, path.column);
                    names.push(path.name.clone());
                }
                Item::Wrapped(wrapping, name, alias) => {
                    let path = self.path(&name)?;
                    let last = path.name.rsplit('.').next().unwrap_or_default().to_owned();
                    outputs.push(Output::Wrapped { name: alias.unwrap_or(last), path, wrapping });
                }
                Item::Part(path, _) => {
                    let message = format!("Field must be grouped or aggregated: {}", path.name);
                    return Err(malformed(&message));
                }
                Item::Output(output) => outputs.push(output),
                Item::All(all) => outputs.extend(all),
                Item::Reckoned(..) => return Err(malformed("aggregates and fields do not mix")),
            }
        }
        Ok(outputs)
    }

    fn grouped(&self, items: Vec<Item>) -> Result<Groups, Problem> {
        let mut groups = Groups::default();
        let mut numbers = 0_usize..;
        let mut unnamed = || format!("expr{}", numbers.next().unwrap_or_default());
        for item in items {
            let (name, cell) = match item {
                Item::Part(path, alias) => {
                    groups.keys.push(path);
                    let name = alias.unwrap_or_else(&mut unnamed);
                    (name, Cell::Key(groups.keys.len() - 1))
                }
                Item::Field(name, alias) | Item::Wrapped(_, name, alias) => {
                    let path = self.path(&name)?;
                    let last = path.name.rsplit('.').next().unwrap_or_default().to_owned();
                    groups.keys.push(path);
                    (alias.unwrap_or(last), Cell::Key(groups.keys.len() - 1))
                }
                Item::Reckoned(function, field, alias) => {
                    let name = alias.unwrap_or_else(&mut unnamed);
                    (name, self.reckoned(function, field.as_deref())?)
                }
                Item::Output(_) | Item::All(_) => {
                    return Err(malformed("only fields and aggregates are selected with GROUP BY"));
                }
            };
            groups.cells.push((name, cell));
        }
        Ok(groups)
    }

    fn reckoned(&self, function: Function, field: Option<&str>) -> Result<Cell, Problem> {
        let Some(field) = field else { return Ok(Cell::Size) };
        let path = self.path(field)?;
        let fits = match function {
            Function::Sum | Function::Average => path.kind.is_number(),
            Function::Least | Function::Greatest => !matches!(path.kind, Kind::Check | Kind::Address),
            _ => path.kind.is_filterable(),
        };
        if fits {
            return Ok(Cell::Reckoned(function, path));
        }
        let message = format!("field {} does not support aggregate operator {}", path.name, function.name());
        Err(Problem::bad("MALFORMED_QUERY", message))
    }

    /// GROUP BY and HAVING. What is selected alone has to be among the groups.
    pub(super) fn grouping(&mut self, shape: &mut Shape) -> Result<(), Problem> {
        let mut keys = Vec::new();
        if self.eat("GROUP") {
            self.expect("BY")?;
            keys.push(self.usable("grouped")?);
            while self.eat_sign(",") {
                keys.push(self.usable("grouped")?);
            }
        }
        let Shape::Groups(groups) = shape else { return Ok(()) };
        if let Some(lone) = groups.keys.iter().find(|key| !keys.contains(key)) {
            let message = format!("Field must be grouped or aggregated: {}", lone.name);
            return Err(malformed(&message));
        }
        for cell in &mut groups.cells {
            if let Cell::Key(place) = &mut cell.1 {
                let wanted = groups.keys.get(*place);
                *place = keys.iter().position(|key| Some(key) == wanted).unwrap_or_default();
            }
        }
        groups.keys = keys;
        if self.eat("HAVING") {
            groups.having.push(self.having()?);
            while self.eat("AND") {
                groups.having.push(self.having()?);
            }
        }
        Ok(())
    }

    fn having(&mut self) -> Result<(Cell, Operator, Operand), Problem> {
        let word = self.word()?;
        let function =
            Function::named(&word).ok_or_else(|| malformed(&format!("unexpected token: '{word}'")))?;
        self.expect_sign("(")?;
        let field = if matches!(self.peek(), Some(Token::Sign(")"))) { None } else { Some(self.word()?) };
        self.expect_sign(")")?;
        let cell = self.reckoned(function, field.as_deref())?;
        let operator = self.operator()?;
        let mut path = self.path(field.as_deref().unwrap_or("Id"))?;
        if matches!(function, Function::Count | Function::CountDistinct) {
            path.kind = Kind::Whole(18);
        }
        Ok((cell, operator, self.operand(&path)?))
    }

    /// ORDER BY; groups are sorted by their keys, their names and their aggregates.
    pub(super) fn order(&mut self, shape: &mut Shape) -> Result<Vec<Order>, Problem> {
        self.expect("ORDER")?;
        self.expect("BY")?;
        let mut order = Vec::new();
        loop {
            match shape {
                Shape::Groups(groups) => {
                    let cell = self.group_cell(groups)?;
                    let (descending, nulls_last) = self.direction()?;
                    groups.order.push((cell, descending, nulls_last));
                }
                _ => order.push(self.order_by()?),
            }
            if !self.eat_sign(",") {
                return Ok(order);
            }
        }
    }

    fn group_cell(&mut self, groups: &Groups) -> Result<Cell, Problem> {
        let word = self.word()?;
        if let Some((_, cell)) = groups.cells.iter().find(|(name, _)| name.eq_ignore_ascii_case(&word)) {
            return Ok(cell.clone());
        }
        if let Some(function) = Function::named(&word).filter(|_| self.eat_sign("(")) {
            let field = if matches!(self.peek(), Some(Token::Sign(")"))) { None } else { Some(self.word()?) };
            self.expect_sign(")")?;
            return self.reckoned(function, field.as_deref());
        }
        let path = match DatePart::named(&word).filter(|_| self.eat_sign("(")) {
            Some(part) => self.part(part, &word)?,
            None => self.path(&word)?,
        };
        let found = groups.keys.iter().position(|key| *key == path);
        found
            .map(Cell::Key)
            .ok_or_else(|| malformed(&format!("Ordered field must be grouped or aggregated: {word}")))
    }

    /// The records below the current object by what they are called: the place of their object,
    /// that of their reference, and the name as the schema spells it.
    pub(super) fn children(&self, name: &str) -> Result<(usize, u16, String), Problem> {
        let parent = self.view.store.object(self.scope.table).ok_or_else(Problem::not_found)?;
        for (table, candidates) in self.view.store.tables().iter().enumerate() {
            let found = candidates.object.places().find(|(_, field)| {
                field.children.eq_ignore_ascii_case(name) && field.to.contains(&parent.name)
            });
            if let Some((place, field)) = found {
                return Ok((table, place, field.children.clone()));
            }
        }
        let message = format!(
            "Didn't understand relationship '{name}' in FROM part of query call. If you are attempting to use a \
             custom relationship, be sure to append the '__r' after the custom relationship name. Please reference \
             your WSDL or the describe call for the appropriate names."
        );
        Err(Problem::bad("INVALID_TYPE", message))
    }
}

/// Puts a field where it is shown: within the records behind, as far as they are there already.
fn place(outputs: &mut Vec<Output>, parents: &[Column], names: &[&str], column: Column) {
    let (Some((reference, later)), Some((name, later_names))) = (parents.split_first(), names.split_first())
    else {
        outputs.push(Output::Column(column));
        return;
    };
    let known = outputs
        .iter()
        .position(|output| matches!(output, Output::Parent { reference: other, .. } if other == reference));
    let at = known.unwrap_or_else(|| {
        let name = (*name).to_owned();
        outputs.push(Output::Parent { name, reference: *reference, inner: Vec::new() });
        outputs.len() - 1
    });
    if let Some(Output::Parent { inner, .. }) = outputs.get_mut(at) {
        place(inner, later, later_names, column);
    }
}
