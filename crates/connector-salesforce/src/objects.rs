//! The objects that records are written to, by the names that flows call them.

use std::collections::BTreeMap;

use mapping::Entity;

use crate::{ObjectSettings, account, contact, order, order_item, person_account, product};

/// The object that a flow calls by this name, as it is shipped.
pub fn shipped(entity: &str) -> Option<ObjectSettings> {
    Objects::new([]).0.remove(entity)
}

/// The objects of an org, by entity.
#[derive(Debug, Clone)]
pub(crate) struct Objects(BTreeMap<Entity, ObjectSettings>);

impl Objects {
    /// Those that are shipped, and what the configuration says otherwise.
    pub(crate) fn new(configured: impl IntoIterator<Item = ObjectSettings>) -> Self {
        let shipped = [
            account::settings(),
            contact::settings(),
            order::settings(),
            order_item::settings(),
            product::settings(),
        ];
        let mut objects: BTreeMap<Entity, ObjectSettings> = shipped
            .into_iter()
            .chain(configured)
            .map(|object| (Entity::from(object.object.as_str()), object))
            .collect();
        // Person accounts are Accounts of another kind.
        if let Some(account) = objects.get(account::ENTITY).cloned() {
            objects.insert(Entity::from(person_account::ENTITY), account);
        }
        Self(objects)
    }

    pub(crate) fn get(&self, entity: &Entity) -> Option<&ObjectSettings> {
        self.0.get(entity)
    }

    /// An object by its API name.
    pub(crate) fn of_object(&self, name: &str) -> Option<&ObjectSettings> {
        self.0.get(name).filter(|settings| settings.object == name)
    }
}
