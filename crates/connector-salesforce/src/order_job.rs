//! One order on its way: what is still to be written of it, and the graph for the next part of that.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mapping::{Action, Difference, FieldName, Lane, Step, Value};
use sfdc_client::graph::MAX_NODES;
use sfdc_client::{Graph, Part, RecordBody, RecordId, RowAt, SfdcError};
use sync_engine::{Fault, FaultClass};

use crate::convert::Pen;
use crate::faults::{of_call, plain, with_hint};
use crate::guarded::record_id;
use crate::order::{Activation, OrderSettings};
use crate::order_item::{LINES, LineWork, lines, work};
use crate::order_state::{CURRENCY, OrderState};
use crate::order_status::{STATUS, Statuses};
use crate::price_book::{Entries, Priced};
use crate::product::Wanted;

/// What the part that writes the order itself is called.
pub(crate) const ORDER: &str = "order";

/// One order on its way.
#[derive(Debug)]
pub(crate) struct Job<'s> {
    pub(crate) place: usize,
    pub(crate) step: &'s Step,
    /// The order, once it is known.
    pub(crate) target: Option<RecordId>,
    pub(crate) created: bool,
    pub(crate) state: OrderState,
    /// Fields of the order itself that are still to be written.
    pub(crate) fields: Option<Vec<(FieldName, Value)>>,
    pub(crate) work: VecDeque<LineWork>,
    /// The status that it has in the end.
    pub(crate) activate: Option<String>,
    /// How many lines are in the graph that is under way.
    pub(crate) sent: usize,
    pub(crate) locked: u32,
    pub(crate) innocent: u32,
    pub(crate) mended: u32,
    /// Whether parents were looked for among merged records.
    pub(crate) led: bool,
}

/// What lines need of price books.
#[derive(Debug, Default)]
pub(crate) struct Prices {
    pub(crate) products: BTreeMap<String, Result<String, Fault>>,
    pub(crate) entries: Entries,
    /// The standard price book.
    pub(crate) standard: String,
}

impl<'s> Job<'s> {
    /// What a step asks for.
    pub(crate) fn new(
        (place, step): (usize, &'s Step),
        settings: &OrderSettings,
        statuses: &Statuses,
    ) -> Result<Self, Fault> {
        let (target, fields, lines) = match &step.action {
            Action::Create => {
                let fields = step.draft.fields.iter().filter(|(name, _)| name.as_str() != LINES);
                let fields: Vec<_> = fields.map(|(name, value)| (name.clone(), value.clone())).collect();
                (None, fields, work(&[], lines(step.draft.fields.get(LINES)), &settings.products))
            }
            Action::Update { target, changes } => {
                let own = changes.iter().filter(|change| change.field.as_str() != LINES);
                let fields = own.map(|change| (change.field.clone(), change.after.clone())).collect();
                let of_lines = changes.iter().find(|change| change.field.as_str() == LINES);
                let of_lines = of_lines.map(|Difference { before, after, .. }| {
                    work(lines(Some(before)), lines(Some(after)), &settings.products)
                });
                (Some(record_id(target)?), fields, of_lines.unwrap_or_default())
            }
            other => return Err(crate::guarded::unknown_action(other)),
        };
        let mut job = Self {
            place,
            step,
            created: false,
            state: step.guard.as_deref().map(OrderState::read).unwrap_or_default(),
            fields: (target.is_none() || !fields.is_empty()).then_some(fields),
            target,
            work: lines.into(),
            activate: None,
            sent: 0,
            locked: 0,
            innocent: 0,
            mended: 0,
            led: false,
        };
        job.status(settings.activation, statuses)?;
        Ok(job)
    }

    /// A status that activates is the last thing that is written, and alone.
    fn status(&mut self, activation: Activation, statuses: &Statuses) -> Result<(), Fault> {
        let named = |(name, _): &(FieldName, Value)| name.as_str() == STATUS;
        let wanted = self.fields.iter().flatten().find(|field| named(field));
        let wanted = wanted.and_then(|(_, value)| value.as_text()).map(str::to_owned);
        let activates = wanted.filter(|status| !statuses.is_draft(status));
        match (&activates, activation) {
            (Some(status), Activation::Never) => return Err(off(status)),
            // An order without lines cannot be activated, and who does not know them does not decide.
            (None, Activation::Always) if !self.state.is_active() && has_lines(self.step) => {
                self.activate = Some(statuses.active().to_owned());
            }
            _ => self.activate.clone_from(&activates),
        }
        let Some(fields) = &mut self.fields else { return Ok(()) };
        if activates.is_some() {
            fields.retain(|field| !named(field));
        }
        if self.target.is_none() && !fields.iter().any(named) {
            fields.push((FieldName::from(STATUS), Value::text(statuses.first())));
        }
        if self.target.is_some() && fields.is_empty() {
            self.fields = None;
        }
        Ok(())
    }

    /// The currency of the order, in orgs with several.
    fn currency(&self) -> Option<String> {
        let named = self.step.draft.fields.get(CURRENCY).and_then(Value::as_text);
        named.map(str::to_owned).or_else(|| self.state.currency.clone())
    }

    /// What a line's entry is about.
    pub(crate) fn priced(&self, product: &str, standard: &str) -> Priced {
        let book = self.state.book.clone().unwrap_or_else(|| standard.to_owned());
        Priced { book, currency: self.currency(), product: product.to_owned() }
    }

    /// The products that lines which are made need.
    pub(crate) fn wanted(&self, settings: &OrderSettings) -> BTreeSet<Wanted> {
        let made = self.work.iter().filter_map(|work| match work {
            LineWork::Create(line) => settings.products.of(line).ok(),
            _ => None,
        });
        made.collect()
    }

    /// Whether nothing is left to be written.
    pub(crate) fn is_done(&self) -> bool {
        self.fields.is_none() && self.work.is_empty()
    }

    /// What was sent is done.
    pub(crate) fn advance(&mut self) {
        self.fields = None;
        self.work.drain(..self.sent.min(self.work.len()));
        while self.work.front() == Some(&LineWork::Barrier) {
            self.work.pop_front();
        }
        self.sent = 0;
    }
}

/// Writes the parts of orders.
#[derive(Clone, Copy)]
pub(crate) struct Desk<'a> {
    pub(crate) order: Pen<'a>,
    pub(crate) item: Pen<'a>,
    pub(crate) settings: &'a OrderSettings,
    pub(crate) prices: &'a Prices,
}

impl Desk<'_> {
    /// The graph of the next part of a job: as many lines as a call takes, up to the next barrier.
    pub(crate) fn graph(self, job: &mut Job<'_>, name: &str) -> Result<Graph, Fault> {
        let mut graph = Graph::new(name);
        if let Some(part) = self.order_part(job)? {
            graph = graph.part(part);
        }
        let room = MAX_NODES - graph.parts().len();
        let lines = job.work.iter().take_while(|work| **work != LineWork::Barrier).take(room);
        let mut sent = 0;
        for (place, line) in lines.enumerate() {
            graph = graph.part(self.line_part(job, &format!("l{place}"), line)?);
            sent += 1;
        }
        job.sent = sent;
        Ok(graph)
    }

    /// The part that writes the order itself, if anything of it is to be written.
    pub(crate) fn order_part(self, job: &Job<'_>) -> Result<Option<Part>, Fault> {
        let makes_lines = job.work.iter().any(|work| matches!(work, LineWork::Create(_)));
        let lacks_book = makes_lines && job.state.book.is_none() && job.target.is_some() && !job.created;
        let none = Vec::new();
        let fields = match (&job.fields, lacks_book) {
            (Some(fields), _) => fields,
            (None, true) => &none,
            (None, false) => return Ok(None),
        };
        let mut body = self.order.body(fields.iter().map(|(name, value)| (name, value)))?;
        let names_book = fields.iter().any(|(name, _)| name.as_str() == "Pricebook2Id");
        if (job.target.is_none() || lacks_book) && !names_book {
            body.text("Pricebook2Id", &self.prices.standard);
        }
        let object = self.order.object;
        let id = job.step.draft.id.as_str();
        let part = match (&job.target, job.step.lane) {
            (Some(target), _) => Part::update(ORDER, (object.name(), target), &body),
            (None, Lane::Guarded) => {
                body.text(object.external_id(), id);
                Part::create(ORDER, object.name(), &body)
            }
            (None, _) => {
                Part::upsert(ORDER, &RowAt::external(object.name(), object.external_id(), id), &body)
            }
        };
        part.map(Some).map_err(|error| unsendable(&error))
    }

    /// The part that writes one line.
    pub(crate) fn line_part(self, job: &Job<'_>, name: &str, line: &LineWork) -> Result<Part, Fault> {
        let object = self.item.object;
        let part = match line {
            LineWork::Create(line) => {
                let fields =
                    line.fields.iter().filter(|(name, _)| name.as_str() != crate::product::PRODUCT_ID);
                let mut body = self.item.body(fields)?;
                body.text(object.external_id(), line.key.as_str());
                body.text("PricebookEntryId", &self.entry(job, line)?);
                order_of(job, &mut body);
                Part::create(name, object.name(), &body)
            }
            LineWork::Update { key, fields } => {
                let body = self.item.body(fields.iter().map(|(name, value)| (name, value)))?;
                Part::upsert(name, &RowAt::external(object.name(), object.external_id(), key), &body)
            }
            LineWork::Delete { key } => {
                Part::delete(name, &RowAt::external(object.name(), object.external_id(), key))
            }
            LineWork::Barrier => {
                return Err(plain(FaultClass::Protocol, "BARRIER", "a barrier is nothing that is sent"));
            }
        };
        part.map_err(|error| unsendable(&error))
    }

    /// The price book entry of a line.
    fn entry(self, job: &Job<'_>, line: &mapping::Record) -> Result<String, Fault> {
        let wanted = self.settings.products.of(line)?;
        let missing = || {
            let message = format!("the product {} is not there yet", wanted.key);
            plain(FaultClass::Dependency, "NO_PRODUCT", &message)
        };
        let product = self.prices.products.get(&wanted.key).cloned().ok_or_else(missing)??;
        let priced = job.priced(&product, &self.prices.standard);
        if priced.currency.is_none() && self.order.object.field(CURRENCY).is_some() {
            let message = format!("the order of line {} has no currency", line.key);
            let hint = "the org has several currencies: map CurrencyIsoCode of the order";
            return Err(with_hint(plain(FaultClass::Data, "NO_CURRENCY", &message), hint));
        }
        self.prices.entries.get(&priced).cloned().ok_or_else(missing)?
    }
}

/// The mapping wants an order to be activated, and the configuration does not.
fn off(status: &str) -> Fault {
    let message = format!("the mapping wants the status {status}, which activates the order");
    let hint = "set activation = \"mapped\" in [salesforce.orders], or let the mapping give the status of a \
                draft";
    let fault = with_hint(plain(FaultClass::Data, "ACTIVATION_OFF", &message), hint);
    Fault { fields: vec![FieldName::from(STATUS)], ..fault }
}

/// Whether a step is about an order with lines.
fn has_lines(step: &Step) -> bool {
    !lines(step.draft.fields.get(LINES)).is_empty()
}

/// The order of a line: the one that is known, or the one that the same graph makes.
fn order_of(job: &Job<'_>, body: &mut RecordBody) {
    match &job.target {
        Some(target) => body.text("OrderId", target.as_str()),
        None => body.id_of("OrderId", ORDER),
    }
}

/// What the composite API cannot carry.
fn unsendable(error: &SfdcError) -> Fault {
    Fault { class: FaultClass::Data, ..of_call(error) }
}
