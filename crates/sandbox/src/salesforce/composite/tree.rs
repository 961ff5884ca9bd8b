//! Trees: new records with new records below them, all or none.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use wire::{Request, Response};

use crate::salesforce::call::Call;
use crate::salesforce::desk::Desk;
use crate::salesforce::members::{Given, Members, from_json, json_body};
use crate::salesforce::problem::{Problem, answer};
use crate::salesforce::schema::Object;

/// Most records in a call.
const MOST: usize = 200;
/// Most levels.
const DEEPEST: usize = 5;

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    records: Vec<Members<'a>>,
}

/// Records below another one: their object, their reference, and they.
type Branch<'m> = (usize, String, Vec<Members<'m>>);

/// What became of the records so far.
#[derive(Default)]
struct Grown {
    made: Vec<Value>,
    failed: Vec<Value>,
}

impl Call<'_> {
    pub(super) fn run_tree(&mut self, request: &Request, object: &str) -> Result<Response, Problem> {
        let List { records } = json_body(request)?;
        let mut desk = self.desk(request);
        let table = desk.writable(object)?;
        desk.store.begin();
        let mut grown = Grown::default();
        let planted = desk.plant(table, &records, None, &mut grown);
        let over = grown.made.len() + grown.failed.len() > MOST;
        if planted.is_err() || over || !grown.failed.is_empty() {
            desk.store.roll_back();
            planted?;
            if over {
                return Err(Problem::bad("LIMIT_EXCEEDED", format!("a tree has at most {MOST} records")));
            }
            let body = json!({ "hasErrors": true, "results": grown.failed });
            return Ok(answer(StatusCode::BAD_REQUEST, &body));
        }
        desk.store.keep();
        Ok(answer(StatusCode::CREATED, &json!({ "hasErrors": false, "results": grown.made })))
    }
}

/// A parent: the reference of its children, its id, and how deep it lies.
type Above<'a> = Option<(&'a str, &'a str, usize)>;

impl Desk<'_> {
    fn plant(
        &mut self,
        table: usize,
        records: &[Members<'_>],
        above: Above<'_>,
        grown: &mut Grown,
    ) -> Result<(), Problem> {
        let depth = above.map_or(1, |(.., depth)| depth + 1);
        if depth > DEEPEST {
            return Err(Problem::bad("LIMIT_EXCEEDED", format!("a tree has at most {DEEPEST} levels")));
        }
        for members in records {
            let Some(name) = members.reference() else {
                let message = "Include a reference ID for each record in the request.";
                return Err(Problem::bad("INVALID_INPUT", message));
            };
            let object = self.store.object(table).cloned().ok_or_else(Problem::not_found)?;
            let (own, below) = self.divided(&object, members)?;
            let own = match above {
                Some((reference, id, _)) => own.and(reference, Given::Cell(id)),
                None => own,
            };
            match self.create(table, &own) {
                Err(problem) => {
                    let errors = problem.result();
                    grown.failed.push(json!({ "referenceId": name, "errors": errors["errors"] }));
                }
                Ok(written) => {
                    grown.made.push(json!({ "referenceId": name, "id": written.id }));
                    for (child, reference, list) in &below {
                        self.plant(*child, list, Some((reference, &written.id, depth)), grown)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A record without those below it, and those.
    fn divided<'m>(
        &self,
        object: &Object,
        members: &Members<'m>,
    ) -> Result<(Members<'m>, Vec<Branch<'m>>), Problem> {
        let mut below = Vec::new();
        let mut names = Vec::new();
        for (name, given) in members.fields() {
            let Given::Json(raw) = given else { continue };
            if !given.record().is_some_and(|inner| inner.has("records")) {
                continue;
            }
            let List { records } = from_json(raw.as_bytes())?;
            let (child, reference) = self.child(object, name)?;
            below.push((child, reference, records));
            names.push(name.to_owned());
        }
        Ok((members.without(&names), below))
    }

    fn child(&self, object: &Object, name: &str) -> Result<(usize, String), Problem> {
        for (place, table) in self.store.tables().iter().enumerate() {
            let found = table.object.places().find(|(_, field)| {
                field.children.eq_ignore_ascii_case(name) && field.to.contains(&object.name)
            });
            if let Some((_, field)) = found {
                return Ok((place, field.name.clone()));
            }
        }
        Err(Problem::no_member(name, &object.name))
    }
}
