//! One call by one user, with everything that answers it.

use std::time::Duration;

use http::StatusCode;
use wire::{Request, Response};

use super::cursors::{Found, page_size};
use super::desk::Desk;
use super::org::State;
use super::problem::{Problem, answer, json_answer};
use super::session::User;
use super::settings::SalesforceSettings;
use super::soql::{Shape, View, column_metadata, explanation, parse, select};
use super::store::Author;
use crate::door::parameter;

/// One call by one user.
pub(crate) struct Call<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) settings: &'a SalesforceSettings,
    pub(crate) user: User,
    /// Such as `64.0`.
    pub(crate) version: &'a str,
    pub(crate) now: jiff::Timestamp,
    pub(crate) elapsed: Duration,
    /// Whether this is the Tooling API.
    pub(crate) tooling: bool,
}

impl Call<'_> {
    /// What the user sees.
    pub(crate) fn view(&self) -> View<'_> {
        View {
            store: &self.state.store,
            switches: &self.state.switches,
            user: self.user.bit(),
            now: self.now,
            tooling: self.tooling,
        }
    }

    /// Everything a write needs.
    pub(crate) fn desk(&mut self, request: &Request) -> Desk<'_> {
        let header = |name: &str| {
            request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
        };
        let client = option(header("sforce-call-options"), ',', "client");
        let client = client.map(|client| format!("client={client}")).unwrap_or_default();
        let origin = format!("com/salesforce/api/rest/{};{client}", self.version);
        let saves = option(header("sforce-duplicate-rule-header"), ';', "allowSave");
        let author = Author { origin: origin.into(), ..self.author() };
        let bit = self.user.bit();
        let saves_duplicates = saves.is_some_and(|saves| saves.eq_ignore_ascii_case("true"));
        self.state.desk(author, bit, saves_duplicates)
    }

    /// The user of this call, by no particular way.
    pub(crate) fn author(&self) -> Author {
        Author { user: self.user.id().into(), origin: "".into(), now: self.now, api: true }
    }

    /// `/query?explain=…`.
    pub(crate) fn explain(&self, request: &Request) -> Result<Response, Problem> {
        let text = parameter(request, "explain").unwrap_or_default();
        let query = parse(&text, self.view())?;
        Ok(answer(StatusCode::OK, &explanation(self.view(), &query, &text)))
    }

    /// `/query` and `/queryAll`.
    pub(crate) fn query(&mut self, request: &Request, text: &str, all: bool) -> Result<Response, Problem> {
        let query = parse(text, self.view())?;
        if parameter(request, "columns").is_some_and(|wanted| wanted == "true") {
            return Ok(answer(StatusCode::OK, &column_metadata(self.view(), &query)));
        }
        let found = select(&self.state.store, &query, all);
        let outputs = match query.shape {
            Shape::Rows(outputs) => outputs,
            Shape::Count => {
                let body = serde_json::json!({ "totalSize": found.len(), "done": true, "records": [] });
                return Ok(answer(StatusCode::OK, &body));
            }
            Shape::Groups(groups) => {
                let lines = groups.write(&self.state.store, &found);
                let mut out =
                    format!("{{\"totalSize\":{},\"done\":true,\"records\":[", lines.len()).into_bytes();
                out.extend_from_slice(&lines.join(&b','));
                out.extend_from_slice(b"]}");
                return Ok(json_answer(StatusCode::OK, out.into()));
            }
        };
        let page = page_size(request, self.settings.query_page);
        let found = Found { records: found.into(), outputs: outputs.into(), page };
        let State { cursors, store, .. } = &mut *self.state;
        Ok(cursors.first(&found, store, self.version, self.elapsed))
    }
}

/// The value of an option such as `client=x` in a header.
fn option<'a>(header: &'a str, between: char, name: &str) -> Option<&'a str> {
    header.split(between).find_map(|option| {
        let (key, value) = option.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then_some(value.trim())
    })
}
