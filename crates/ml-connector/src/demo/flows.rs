//! The demo's second half: customers both ways, purchase orders and their invoices.

use mapping::Key;
use sync_engine::{Conflict, ConflictQuery, Mode};

use crate::choice::conflicts::sides;
use crate::connector::Connector;
use crate::demo::show::Show;
use crate::failure::Failure;
use crate::playground::Playground;
use crate::verbs::conflicts_resolve::{Winner, decided, keep};
use crate::wiring::ends::book;

/// What `customers` and `customers-back` share.
const PAIR: &str = "customers";
/// A supplier that nobody has entered yet.
const NEWCOMER: &str = "S99001";

/// From the first load of the other flows to the story of one purchase order.
pub(crate) async fn tell(
    show: &mut Show<'_>,
    connector: &Connector,
    playground: &Playground,
) -> Result<(), Failure> {
    show.step("the other flows: customers, contacts, purchase orders with their lines, invoices");
    for flow in ["customers", "contacts", "orders", "invoices"] {
        show.carry(connector, flow, Mode::Changes).await?;
    }
    customers(show, connector, playground).await?;
    let Some(order) = playground.invoiced_order() else { return Ok(()) };
    orphan(show, connector, playground, &order).await?;
    show.step(&format!("what happened to purchase order {order}, from its first poll to its invoices"));
    show.timeline(connector, &order).await
}

/// People on both sides work on customers.
async fn customers(
    show: &mut Show<'_>,
    connector: &Connector,
    playground: &Playground,
) -> Result<(), Failure> {
    let organisations = playground.organisations();
    let [sold, bought, both, ..] = organisations.as_slice() else { return Ok(()) };
    show.step(&format!("a seller renames the Account of {sold}, a buyer renames customer {bought}"));
    there_and_back(show, connector).await?;
    playground.rename_account(&account(connector, sold).await?, "As the seller says");
    playground.rename_customer(bought, "As the buyer says");
    show.pause().await;
    there_and_back(show, connector).await?;

    show.step(&format!("both rename {both}, each in another way: nothing is overwritten, a person decides"));
    playground.rename_account(&account(connector, both).await?, "The seller's word");
    playground.rename_customer(both, "The buyer's word");
    show.pause().await;
    there_and_back(show, connector).await?;
    let open = connector.holding().state.conflicts(&ConflictQuery::default()).await?;
    let shown: Vec<_> = open.iter().map(|one| (one.clone(), sides(connector.config(), one))).collect();
    show.conflicts(&shown)?;
    show.tell("what IFS says stays: conflicts resolve --take ifs");
    settle(show, connector, open).await?;
    show.carry(connector, "customers", Mode::Changes).await
}

async fn there_and_back(show: &mut Show<'_>, connector: &Connector) -> Result<(), Failure> {
    show.carry(connector, "customers", Mode::Changes).await?;
    show.carry(connector, "customers-back", Mode::Changes).await
}

async fn settle(show: &Show<'_>, connector: &Connector, open: Vec<Conflict>) -> Result<(), Failure> {
    let session = show.session();
    let decide = |one| decided(connector.config(), one, Winner::Ifs, session);
    let decided = open.into_iter().map(decide).collect();
    keep(connector.holding(), decided, "shown in the demo", session).await
}

/// An order waits for its supplier.
async fn orphan(
    show: &mut Show<'_>,
    connector: &Connector,
    playground: &Playground,
    order: &str,
) -> Result<(), Failure> {
    show.step(&format!("order {order} goes to supplier {NEWCOMER}, whom Salesforce does not know: it waits"));
    playground.place_with(order, NEWCOMER);
    show.pause().await;
    show.carry(connector, "orders", Mode::Changes).await?;
    show.waiting(connector, order).await?;
    show.step(&format!("supplier {NEWCOMER} is entered in IFS: the order is released when it lands"));
    playground.enter(NEWCOMER);
    show.pause().await;
    show.carry(connector, "suppliers", Mode::Changes).await?;
    show.carry(connector, "orders", Mode::Changes).await
}

/// The Account of a customer.
async fn account(connector: &Connector, customer: &str) -> Result<String, Failure> {
    let keys = [Key::from(customer)];
    let links = connector.holding().state.links_by_source(&book(PAIR), &keys).await?;
    let link = links.into_iter().next().flatten();
    link.map(|link| link.target.to_string()).ok_or_else(|| Failure::Internal {
        what: format!("customer {customer} has no Account after its first load"),
    })
}
