//! Items of `$select`.

use super::cursor::{Cursor, Parsed};
use super::grammar::{SELECT, state};
use super::{options, path};
use crate::Query;
use crate::names::Role;
use crate::query::Select;

pub(super) fn item(cursor: &mut Cursor<'_>) -> Parsed<Select> {
    let reader = path::name_path(cursor, &SELECT)?;
    let walk = reader.walk;
    let path = reader.path(cursor)?;
    let mut select = Select { path, overload: None, options: Query::default() };
    if cursor.peek() != Some('(') {
        return Ok(select);
    }
    if walk.may_be(state::BARE) {
        select.overload = cursor.attempt(parameter_names);
    }
    if select.overload.is_none() {
        let allowed = if walk.may_be(state::PRIMITIVES | state::COMPLEX | state::COMPLEX_CAST) {
            options::OF_SELECT
        } else {
            &[]
        };
        select.options = options::nested(cursor, allowed)?.0;
    }
    Ok(select)
}

/// `(name,name)`: which of several functions of one name.
fn parameter_names(cursor: &mut Cursor<'_>) -> Parsed<Vec<String>> {
    cursor.open()?;
    let names = cursor.list(|cursor| cursor.name(Role::Parameter))?;
    cursor.close()?;
    Ok(names)
}
