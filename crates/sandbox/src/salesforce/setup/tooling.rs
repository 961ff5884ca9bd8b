//! The Tooling API: what the schema is made of, as records (Tooling API Reference).

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use wire::{Request, Response};

use super::channel::{self, judge_channel, judge_member};
use super::component::Refused;
use super::custom_field::{self, located};
use super::element::Element;
use crate::salesforce::call::Call;
use crate::salesforce::members::json_body;
use crate::salesforce::problem::{Problem, answer, empty};
use crate::salesforce::rules::grant;
use crate::salesforce::schema::{CHANNEL, CHANNEL_MEMBER, CUSTOM_FIELD};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Given {
    full_name: Option<String>,
    #[serde(default)]
    metadata: Value,
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self::bad(refused.code, refused.message)
    }
}

impl Call<'_> {
    /// `/tooling…`: `rest` is what follows.
    pub(crate) fn tooling(&mut self, request: &Request, rest: &[&str]) -> Result<Response, Problem> {
        self.tooling = true;
        match (request.method().as_str(), rest) {
            ("POST", ["sobjects", object]) => {
                self.administers()?;
                let given: Given = json_body(request)?;
                let name = given.full_name.clone().ok_or_else(|| {
                    Problem::bad("REQUIRED_FIELD_MISSING", "Required fields are missing: [FullName]")
                        .about("FullName")
                })?;
                let id = self.add(object, &name, &given, true)?;
                let body = json!({ "id": id, "success": true, "errors": [], "warnings": [], "infos": [] });
                Ok(answer(StatusCode::CREATED, &body))
            }
            ("PATCH", ["sobjects", object, id]) => {
                self.administers()?;
                let given: Given = json_body(request)?;
                let table = self.view().table(object).map_err(|_| Problem::not_found())?;
                let record = self.state.store.table(table).and_then(|table| table.get(id));
                let name = record
                    .and_then(|record| record.str("FullName"))
                    .ok_or_else(Problem::not_found)?
                    .to_owned();
                self.add(object, &name, &given, false)?;
                Ok(empty(StatusCode::NO_CONTENT))
            }
            ("GET", ["query" | "sobjects", ..]) => self.resource(request, rest),
            _ => Err(Problem::not_found()),
        }
    }

    /// Adds a component, or changes it.
    fn add(&mut self, object: &str, name: &str, given: &Given, new: bool) -> Result<String, Problem> {
        let author = self.author();
        let metadata = Element::from_json("Metadata", &given.metadata);
        let table = self.view().table(object).map_err(|_| Problem::not_found())?;
        let store = &mut self.state.store;
        match table {
            CUSTOM_FIELD => {
                let (table, field_name) = located(store, name)?;
                let known = store.object(table).is_some_and(|object| object.place(field_name).is_some());
                if known && new {
                    return Err(twice(object, name));
                }
                let field = custom_field::field(store, table, field_name, &metadata)?;
                let id = custom_field::apply(store, table, field, &author);
                grant(store, author.now);
                Ok(id)
            }
            CHANNEL | CHANNEL_MEMBER => {
                let known = store.table(table).is_some_and(|table| table.one("FullName", name).is_some());
                if known && new {
                    return Err(twice(object, name));
                }
                if table == CHANNEL {
                    judge_channel(name, &metadata)?;
                } else {
                    judge_member(store, name, &metadata, &[])?;
                }
                Ok(channel::apply(store, table, name, &metadata, &author))
            }
            _ => Err(Problem::not_found()),
        }
    }
}

fn twice(object: &str, name: &str) -> Problem {
    let message = format!("There is already a {object} named {name}.");
    Problem::bad("DUPLICATE_DEVELOPER_NAME", message).about("DeveloperName")
}
