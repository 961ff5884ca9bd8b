//! In which order flows run: what makes a kind of record comes before what points to it.

use std::collections::BTreeSet;

use mapping::Entity;

use super::ChosenMapper;
use crate::config::Config;

/// A flow, as far as order is concerned.
struct Place<'a> {
    name: &'a str,
    makes: Option<&'a str>,
    needs: BTreeSet<Entity>,
}

/// The names of all flows in the order in which they run.
pub(crate) fn order(config: &Config, mappers: &[ChosenMapper]) -> Vec<String> {
    let place = |((name, file), chosen): (&'_ (String, crate::config::FlowFile), &ChosenMapper)| {
        let mut needs = chosen.mapper.refers_to();
        let target = file.target.entity.as_str();
        let makes = file.settings.create.unwrap_or(true).then_some(target);
        if makes.is_none() {
            needs.insert(Entity::from(target));
        }
        (name.clone(), makes.map(str::to_owned), needs)
    };
    let places: Vec<_> = config.flows.iter().zip(mappers).map(place).collect();
    let places = places.iter().map(|(name, makes, needs)| Place {
        name,
        makes: makes.as_deref(),
        needs: needs.clone(),
    });
    sorted(places.collect())
}

/// Flows that make what others need first; where flows need one another, in the order of their names.
fn sorted(mut open: Vec<Place<'_>>) -> Vec<String> {
    let mut order = Vec::with_capacity(open.len());
    while !open.is_empty() {
        let waits = |place: &Place<'_>| {
            let makes = |other: &Place<'_>| {
                other.name != place.name && other.makes.is_some_and(|makes| place.needs.contains(makes))
            };
            open.iter().any(makes)
        };
        let next = open.iter().position(|place| !waits(place)).unwrap_or(0);
        order.push(open.remove(next).name.to_owned());
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place<'a>(name: &'a str, makes: Option<&'a str>, needs: &[&str]) -> Place<'a> {
        Place { name, makes, needs: needs.iter().map(|name| Entity::from(*name)).collect() }
    }

    #[test]
    fn parents_come_before_children() {
        let flows = vec![
            place("invoices", None, &["Order"]),
            place("orders", Some("Order"), &["Account"]),
            place("suppliers", Some("Account"), &[]),
        ];
        assert_eq!(sorted(flows), ["suppliers", "orders", "invoices"]);
    }

    #[test]
    fn a_circle_is_cut_by_name() {
        let flows = vec![place("a", Some("A"), &["B"]), place("b", Some("B"), &["A"])];
        assert_eq!(sorted(flows), ["a", "b"]);
    }
}
