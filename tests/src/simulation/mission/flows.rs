//! The flows of the mission in one process, with the shipped mappings.

use std::sync::{Arc, LazyLock};

use connector_ifs::{customer, posting_proposal, purchase_order, supplier};
use mapping::{CombinedMapper, DeclaredMapper, FieldName, Fields, Mapper, Value};
use sync_engine::{Deletes, Flow, FlowSettings, Missing, Pair, Sink};

use super::twins::Shuffled;
use crate::simulation::options::Removal;
use crate::simulation::process::{Ends, Process};
use crate::simulation::variant::Variant;
use crate::simulation::world::World;

/// The flows, in the order in which a link runs them.
pub const NAMES: [&str; 6] = ["suppliers", "customers", "customers-back", "contacts", "orders", "invoices"];
/// Under this name the two flows of customers keep their links.
pub const BOOK: &str = "pair customers";

/// The shipped mappings, compiled once.
struct Shipped {
    supplier: DeclaredMapper,
    customer: DeclaredMapper,
    back: DeclaredMapper,
    making: DeclaredMapper,
    person: DeclaredMapper,
    contact: DeclaredMapper,
    order: DeclaredMapper,
    invoice: DeclaredMapper,
}

static SHIPPED: LazyLock<Shipped> = LazyLock::new(|| Shipped {
    supplier: shipped(include_str!("../../../../crates/ml-connector/mappings/supplier-to-account.toml")),
    customer: shipped(include_str!("../../../../crates/ml-connector/mappings/customer-to-account.toml")),
    back: shipped(include_str!("../../../../crates/ml-connector/mappings/account-to-customer.toml")),
    making: shipped(&making(include_str!(
        "../../../../crates/ml-connector/mappings/account-to-customer.toml"
    ))),
    person: shipped(include_str!("../../../../crates/ml-connector/mappings/customer-to-contact.toml")),
    contact: shipped(include_str!(
        "../../../../crates/ml-connector/mappings/customer-contacts-to-contact.toml"
    )),
    order: shipped(include_str!("../../../../crates/ml-connector/mappings/purchase-order-to-order.toml")),
    invoice: shipped(include_str!("../../../../crates/ml-connector/mappings/invoices-to-order.toml")),
});

fn shipped(text: &str) -> DeclaredMapper {
    DeclaredMapper::from_toml(text, "shipped.toml").expect("the shipped mapping compiles")
}

/// The mapping with the switch on that makes customers in IFS, as its own comment says.
fn making(text: &str) -> String {
    let condition = "[[where]]\nfield = \"IFS_Key__c\"\nis = \"present\"\n";
    let (id, fallback) = ("from = \"IFS_Key__c\" }", "from = \"IFS_Key__c\", fallback = \"Id\" }");
    assert!(text.contains(condition) && text.contains(id), "the comment of the mapping holds");
    text.replace(condition, "").replacen(id, fallback, 1)
}

/// All flows of a fresh process, in their order.
pub fn flows(world: &Arc<World>, variant: Variant, number: u64) -> Vec<Flow> {
    let process = Process::new(world, variant, number);
    NAMES.iter().map(|name| flow(&process, world, name)).collect()
}

fn flow(process: &Process<'_>, world: &World, name: &str) -> Flow {
    let all = &*SHIPPED;
    let creates = world.options.mission.as_ref().is_some_and(|mission| mission.creates);
    let from_ifs = |entity| Arc::new(process.ifs_source(entity));
    let shuffled = world.options.mission.as_ref().is_some_and(|mission| mission.shuffled);
    let to_salesforce = || -> Arc<dyn Sink> {
        let sink = Arc::new(process.salesforce_sink(Vec::new()));
        if shuffled { Arc::new(Shuffled::new(sink, world.options.seed)) } else { sink }
    };
    let declared = match name {
        "suppliers" => &all.supplier,
        "customers" => &all.customer,
        "customers-back" if creates => &all.making,
        "customers-back" => &all.back,
        "orders" => &all.order,
        "invoices" => &all.invoice,
        _ => &all.person,
    };
    let mapper: Arc<dyn Mapper> = match name {
        "contacts" => {
            Arc::new(CombinedMapper::new(vec![Arc::new(all.person.clone()), Arc::new(all.contact.clone())]))
        }
        _ => Arc::new(declared.clone()),
    };
    let mut settings = FlowSettings { policy: declared.policy(), batch: 1, ..FlowSettings::default() };
    let ends = match name {
        "customers-back" => {
            settings.policy.create = creates;
            let source = Arc::new(process.salesforce_source("Account", &declared.reads()));
            return process.flow(
                name,
                Ends { source, sink: Arc::new(process.ifs_sink()), mapper },
                FlowSettings { pair: Some(pair(true)), ..settings },
            );
        }
        "suppliers" => Ends { source: from_ifs(supplier::settings()), sink: to_salesforce(), mapper },
        "orders" => Ends { source: from_ifs(purchase_order::settings()), sink: to_salesforce(), mapper },
        "invoices" => Ends { source: from_ifs(posting_proposal::settings()), sink: to_salesforce(), mapper },
        _ => Ends { source: from_ifs(customer::settings()), sink: to_salesforce(), mapper },
    };
    settings.pair = (name == "customers").then(|| pair(false));
    settings.deletes = deletes(world, name);
    if name == "invoices" {
        settings.policy.create = false;
        settings.missing = Missing::Wait;
    }
    process.flow(name, ends, settings)
}

fn pair(swapped: bool) -> Pair {
    let partner = if swapped { "customers" } else { "customers-back" };
    Pair { name: BOOK.into(), swapped, partner: Some(partner.into()) }
}

fn deletes(world: &World, name: &str) -> Deletes {
    let removal = world.options.mission.as_ref().map_or(Removal::Ignore, |mission| mission.removal);
    let mark = match name {
        "suppliers" => ("IFS_Status__c", "Expired"),
        "orders" => ("IFS_Status__c", "Closed"),
        "customers" => ("IFS_Corporate_Form__c", "gone"),
        _ => {
            return if removal == Removal::Delete && name == "contacts" {
                Deletes::Delete
            } else {
                Deletes::Ignore
            };
        }
    };
    match removal {
        Removal::Ignore => Deletes::Ignore,
        Removal::Unlink => Deletes::Unlink,
        Removal::Mark => {
            let (field, value) = mark;
            Deletes::Mark(Fields::from_iter([(FieldName::from(field), Value::text(value))]))
        }
        Removal::Delete => Deletes::Delete,
    }
}
