//! Reading: collections, rows, properties, counts.

use http::{HeaderValue, StatusCode, header};
use wire::{Request, Response};

use super::address::{Address, next_link};
use super::cell::Cell;
use super::options::Options;
use super::page::{Scope, Search};
use super::problem::{Problem, broken, json_response};
use super::resource::{Spot, absent};
use super::settings::IfsSettings;
use super::table::Table;
use super::tenant::State;
use super::view::{Sight, View};
use super::writer::Writer;
use super::zone::Lens;

/// A request to a service, with what is known about it.
pub(crate) struct Asked<'a> {
    pub(crate) state: &'a State,
    pub(crate) settings: &'a IfsSettings,
    pub(crate) request: &'a Request,
    pub(crate) address: &'a Address,
    pub(crate) namespace: &'a str,
    pub(crate) lens: &'a Lens,
}

impl Asked<'_> {
    /// What the request sees of a view.
    pub(crate) fn sight(&self, view: &'static View) -> Sight<'_> {
        Sight { view, namespace: self.namespace, drift: self.state.switches.drift() }
    }

    fn options(&self, view: &'static View) -> Result<Options, Problem> {
        let query = self.request.uri().query().unwrap_or_default();
        let mut options = Options::parse(query, self.sight(view))?;
        let stamped = options.filter.as_ref().is_some_and(super::expression::Expression::has_stamp);
        if self.lens.refuses_stamps && stamped {
            return Err(unaware());
        }
        if self.state.switches.ignore_filter {
            options.filter = None;
        }
        Ok(options)
    }

    fn writer<'w>(&'w self, view: &'static View, label: &'w str, options: &'w Options) -> Writer<'w> {
        Writer {
            root: &self.address.root,
            label,
            sight: self.sight(view),
            select: options.select.as_deref(),
            expand: &options.expand,
            db: &self.state.db,
            lens: self.lens,
            switches: &self.state.switches,
            exact: self.wants_exact(),
        }
    }

    fn wants_exact(&self) -> bool {
        let accept = self.request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
        accept.unwrap_or_default().to_ascii_lowercase().contains("ieee754compatible=true")
    }

    fn table(&self, scope: &Scope) -> Result<&Table, Problem> {
        let table = self.state.db.table(scope.view.entity);
        table.ok_or_else(|| Problem::missing(format!("there is no table of {}", scope.view.name)))
    }

    /// The path without the last predicate: what the context says that a row belongs to.
    fn label(&self) -> &str {
        let path = self.address.path.as_str();
        path.rfind('(').filter(|_| path.ends_with(')')).and_then(|at| path.get(..at)).unwrap_or(path)
    }

    pub(crate) fn collection(&self, scope: &Scope) -> Result<Response, Problem> {
        let (mut options, switches) = (self.options(scope.view)?, &self.state.switches);
        if let Some(odd) = switches.odd_answer {
            return Ok(odd.response());
        }
        options.top = options.top.map(|top| top.saturating_add(switches.rows_too_many));
        let table = self.table(scope)?;
        if options.apply.is_some() {
            return self.groups(scope, options);
        }
        if switches.lines_need_select && options.select.is_none() && !scope.equal.is_empty() {
            options.select = Some(Vec::new());
        }
        let wish = preferred_size(self.request);
        let mut cap = wish.map_or(self.settings.page_cap, |wish| wish.min(self.settings.page_cap));
        let cut = switches.silent_cut.filter(|_| options.top.is_none());
        cap = cut.map_or(cap, |cut| cut.min(cap));
        let search = Search { table, scope, options: &options, lens: self.lens };
        let mut chosen = search.choose(cap, switches.next_link_when_full)?;
        if cut.is_some() {
            chosen.next = None;
        }
        if switches.timeout_above.is_some_and(|most| chosen.rows.len() > most) {
            let words = "The operation took too long";
            return Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, "ODP_OPERATION_TIMEOUT", words));
        }
        if let Some(key) = &switches.poisoned
            && chosen.rows.iter().any(|row| row.key_str() == key)
        {
            return Ok(broken("DATABASE_ERROR", "ORA-20110: SupplierInfo.INVALID: the row cannot be read"));
        }
        switches.spoil_page(&mut chosen, options.skip_token);
        let next = chosen
            .next
            .map(|token| next_link(&self.address.root, (&self.address.path, &options.raw), token, switches));
        let body = self.writer(scope.view, &self.address.path, &options).page(&chosen, next.as_deref());
        let mut response = self.rows(body);
        if let Some(wish) = wish {
            let applied = HeaderValue::from_str(&format!("odata.maxpagesize={wish}"));
            applied.map(|value| response.headers_mut().insert("preference-applied", value)).ok();
        }
        Ok(response)
    }

    /// The answer to `$apply`.
    fn groups(&self, scope: &Scope, mut options: Options) -> Result<Response, Problem> {
        let apply = options.apply.take().unwrap_or_default();
        options.filter.clone_from(&apply.filter);
        let table = self.table(scope)?;
        let rows = Search { table, scope, options: &options, lens: self.lens }.matching(usize::MAX)?;
        let writer = self.writer(scope.view, &self.address.path, &options);
        let mut out = format!(
            "{{\"@odata.context\":\"{}$metadata#{}\",\"value\":[",
            self.address.root, self.address.path
        )
        .into_bytes();
        let wanted = options.top.unwrap_or(usize::MAX);
        for (number, group) in apply.groups(&rows).iter().skip(options.skip).take(wanted).enumerate() {
            out.extend_from_slice(if number > 0 { b",{" } else { b"{" });
            for (place, (name, cell)) in group.iter().enumerate() {
                let comma = if place > 0 { "," } else { "" };
                out.extend_from_slice(format!("{comma}\"{name}\":").as_bytes());
                writer.cell(&mut out, cell);
            }
            out.push(b'}');
        }
        out.extend_from_slice(b"]}");
        Ok(self.rows(out.into()))
    }

    pub(crate) fn count(&self, scope: &Scope) -> Result<Response, Problem> {
        let options = Options { count: true, top: Some(0), ..self.options(scope.view)? };
        let table = self.table(scope)?;
        let all = Search { table, scope, options: &options, lens: self.lens }.choose(0, false)?;
        Ok(plain(all.count.unwrap_or(0).to_string()))
    }

    pub(crate) fn entity(&self, spot: &Spot) -> Result<Response, Problem> {
        let options = self.options(spot.view)?;
        let row = self.state.db.row(spot.view.entity, &spot.key).filter(|row| spot.view.shows(row));
        let row = self.lens.outward(row.ok_or_else(|| absent(spot))?);
        let mut response = self.rows(self.writer(spot.view, self.label(), &options).entity(&row));
        if let Ok(etag) = HeaderValue::from_str(row.etag())
            && !row.etag().is_empty()
        {
            response.headers_mut().insert(header::ETAG, etag);
        }
        Ok(response)
    }

    pub(crate) fn property(&self, spot: &Spot, name: &str, bare: bool) -> Result<Response, Problem> {
        let place = self
            .sight(spot.view)
            .column(name)
            .map_err(|_| Problem::missing(format!("{} has no property {name}", spot.view.name)))?;
        let row = self.state.db.row(spot.view.entity, &spot.key).filter(|row| spot.view.shows(row));
        let row = self.lens.outward(row.ok_or_else(|| absent(spot))?);
        let cell = row.at(place);
        if *cell == Cell::Null {
            let mut response = Response::new(bytes::Bytes::new());
            *response.status_mut() = StatusCode::NO_CONTENT;
            return Ok(response);
        }
        if bare {
            return Ok(plain(cell.text().unwrap_or_default()));
        }
        let options = Options::default();
        Ok(self.rows(
            self.writer(spot.view, &self.address.path.replace(&format!("/{name}"), ""), &options)
                .property(name, cell),
        ))
    }

    fn rows(&self, body: bytes::Bytes) -> Response {
        let mut response = json_response(StatusCode::OK, body);
        if self.wants_exact() {
            let kind = "application/json;odata.metadata=minimal;IEEE754Compatible=true";
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        response
    }
}

/// The endpoint cannot convert, and the request carries a timestamp.
pub(crate) fn unaware() -> Problem {
    Problem::bad("the endpoint is not time zone aware, and the request carries timestamps")
}

fn plain(text: String) -> Response {
    let mut response = Response::new(text.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

/// `Prefer: odata.maxpagesize=100`, also without its prefix (OData 4.01).
fn preferred_size(request: &Request) -> Option<usize> {
    let prefer = request.headers().get("prefer")?.to_str().ok()?;
    let sizes = prefer.split([',', ';']).map(str::trim).filter_map(|part| {
        part.strip_prefix("odata.").unwrap_or(part).strip_prefix("maxpagesize=")?.parse().ok()
    });
    sizes.into_iter().find(|size| *size > 0)
}
