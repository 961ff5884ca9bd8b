//! What people do in both systems while the product works: they edit, enter, delete, merge, and move lines
//! and invoices from order to order.

use sandbox::ifs::Row;

use crate::simulation::journal::System;
use crate::simulation::world::World;

/// Countries that people choose: IFS' codes and the names that Salesforce users read.
pub const COUNTRIES: [(&str, &str); 6] = [
    ("DE", "Germany"),
    ("SE", "Sweden"),
    ("FR", "France"),
    ("JP", "Japan"),
    ("US", "United States"),
    ("PL", "Poland"),
];

/// People do so many things.
pub fn act(world: &World, times: u64) {
    for _ in 0..times {
        let people = People { world };
        match world.dice.below(34) {
            0..=4 => people.edit_customer(),
            5..=9 => people.edit_account(),
            10..=12 => people.edit_supplier(),
            13 => people.open_edit(),
            14 => people.enter_partner(),
            15 | 16 => people.edit_order(),
            17..=19 => people.edit_line(),
            20 => people.add_line(),
            21 => people.move_line(),
            22 | 23 => people.edit_invoice(),
            24 => people.add_invoice(),
            25 => people.enter_order(),
            26 => people.enter_missing_supplier(),
            27 => people.meddle_with_order(),
            28 => people.edit_child(),
            29 | 30 => people.delete(),
            31 | 32 => people.enter_account(),
            _ => people.merge(),
        }
    }
}

/// The people of a world.
pub(super) struct People<'a> {
    pub(super) world: &'a World,
}

pub(super) type Values<'a> = [(&'a str, Option<&'a str>)];

impl People<'_> {
    pub(super) fn below(&self, bound: usize) -> usize {
        usize::try_from(self.world.dice.below(bound as u64)).unwrap_or(0)
    }

    pub(super) fn pick<T: Copy>(&self, of: &[T]) -> Option<T> {
        of.get(self.below(of.len())).copied()
    }

    /// A text that nobody has typed before.
    pub(super) fn word(&self, what: &str) -> String {
        format!("{what} {:x}", self.world.dice.below(u64::from(u32::MAX)))
    }

    pub(super) fn some_row(&self, unit: &str) -> Option<std::sync::Arc<Row>> {
        let rows = self.world.ifs.rows_of(unit);
        rows.get(self.below(rows.len())).cloned()
    }

    pub(super) fn in_ifs(&self, unit: &str, row: &Row, values: &Values<'_>) {
        let key = row.key().to_string();
        let key: Vec<&str> = key.split('\0').collect();
        self.world.by_people(System::Ifs, || self.world.ifs.edit_of(unit, &key, values));
    }

    pub(super) fn enter(&self, unit: &str, values: &Values<'_>) {
        self.world.by_people(System::Ifs, || self.world.ifs.insert_of(unit, values));
    }

    pub(super) fn remove(&self, unit: &str, row: &Row) {
        let key = row.key().to_string();
        let key: Vec<&str> = key.split('\0').collect();
        self.world.by_people(System::Ifs, || self.world.ifs.remove_of(unit, &key));
    }

    /// A living record of an object in Salesforce.
    fn some_record(&self, object: &str) -> Option<String> {
        let living: Vec<String> = self.living(object).map(|record| record.id.clone()).collect();
        living.get(self.below(living.len())).cloned()
    }

    fn living(&self, object: &str) -> impl Iterator<Item = std::sync::Arc<sandbox::salesforce::Record>> {
        self.world.salesforce.records(object).into_iter().filter(|record| !record.deleted)
    }

    fn in_salesforce(&self, id: &str, field: &str, value: &str) {
        self.world.by_people(System::Salesforce, || {
            self.world.salesforce.human_edit(id, field, (!value.is_empty()).then_some(value))
        });
    }

    fn edit_customer(&self) {
        let Some(row) = self.some_row("CustomerInfo") else { return };
        let (name, number) = (self.word("Buyer"), self.word("VAT"));
        let country = self.pick(&COUNTRIES).map(|(code, _)| code);
        let change = match self.below(5) {
            0 | 1 => ("Name", Some(name.as_str())),
            2 => ("AssociationNo", Some(number.as_str())),
            3 => ("Country", country),
            _ => ("DefaultLanguage", self.pick(&["en", "de", "sv"])),
        };
        self.in_ifs("CustomerInfo", &row, &[change]);
    }

    /// Sellers change what is shared; now and then what belongs to IFS, or to nobody.
    fn edit_account(&self) {
        let Some(id) = self.some_record("Account") else { return };
        let country = self.pick(&COUNTRIES).map_or("Germany", |(_, name)| name);
        match self.below(9) {
            0..=2 => self.in_salesforce(&id, "Name", &self.word("Seller")),
            3 => self.in_salesforce(&id, "IFS_Association_No__c", &self.word("REG")),
            4 => self.in_salesforce(&id, "BillingCountry", country),
            5 if self.world.options.owned_edits => self.in_salesforce(&id, "BillingCity", &self.word("Town")),
            6 if self.world.options.owned_edits => self.in_salesforce(&id, "Phone", &self.word("+1")),
            _ => self.in_salesforce(&id, "Description", "a note of a colleague"),
        }
    }

    /// Sellers change what is shared of a customer.
    fn edit_shared(&self) {
        let customers: Vec<_> = self.living("Account").filter(|account| is_customer(account.key())).collect();
        let Some(account) = customers.get(self.below(customers.len())) else { return };
        if self.world.dice.one_in(2) {
            self.in_salesforce(&account.id, "Name", &self.word("Seller"));
        } else {
            self.in_salesforce(&account.id, "IFS_Association_No__c", &self.word("REG"));
        }
    }

    fn edit_supplier(&self) {
        let world = self.world;
        world.by_people(System::Ifs, || world.ifs.random_edit(world.dice.entropy()));
    }

    fn open_edit(&self) {
        let unit = if self.world.dice.one_in(2) { "CustomerInfo" } else { "SupplierInfoGeneral" };
        let Some(row) = self.some_row(unit) else { return };
        let name = self.word("Late");
        let key = row.key().to_string();
        self.world
            .by_people(System::Ifs, || self.world.ifs.begin_edit_of(unit, &[&key], &[("Name", Some(&name))]));
        self.world.leave_open();
    }

    fn enter_partner(&self) {
        let number = self.world.dice.below(1_000_000);
        let (supplier, customer) = (format!("N{number}"), format!("K{number}"));
        if self.world.dice.one_in(2) {
            let values = [
                ("SupplierId", Some(supplier.as_str())),
                ("Name", Some("New supplier")),
                ("Country", Some("SE")),
                ("Objstate", Some("Active")),
            ];
            return self.enter("SupplierInfoGeneral", &values);
        }
        let name = self.word("New customer");
        let category = self.pick(&["Customer", "Prospect", "EndCustomer"]);
        let values = [
            ("CustomerId", Some(customer.as_str())),
            ("Name", Some(name.as_str())),
            ("CustomerCategory", category),
            ("Country", Some("DE")),
            ("DefaultDomain", Some("true")),
        ];
        self.enter("CustomerInfo", &values);
    }

    /// Sellers enter somebody who is to become a customer.
    fn enter_account(&self) {
        if !self.world.options.mission.as_ref().is_some_and(|mission| mission.creates) {
            return self.edit_account();
        }
        let (name, country) =
            (self.word("Prospect"), self.pick(&COUNTRIES).map_or("Germany", |(_, name)| name));
        let values = [("Name", name.as_str()), ("BillingCountry", country)];
        self.world.by_people(System::Salesforce, || self.world.salesforce.human_insert(&values));
    }

    /// Sellers touch what belongs to IFS in orders and their lines.
    fn meddle_with_order(&self) {
        if !self.world.options.owned_edits {
            return;
        }
        if self.world.dice.one_in(2) {
            let Some(id) = self.some_record("Order") else { return };
            return self.in_salesforce(&id, "Description", &self.word("Scribble"));
        }
        let Some(id) = self.some_record("OrderItem") else { return };
        self.in_salesforce(&id, "Description", &self.word("Scribble"));
    }

    /// Addresses and ways to reach a customer show with their customer only.
    fn edit_child(&self) {
        let unit = if self.world.dice.one_in(2) { "CustomerInfoAddress" } else { "CustomerInfoCommMethod" };
        let Some(row) = self.some_row(unit) else { return };
        let number = self.world.dice.below(1_000_000);
        let (field, text) = match row.get("MethodId").text().as_deref() {
            None => ("City", format!("Place {number}")),
            Some("EMail") => ("Value", format!("office{number}@place.example")),
            Some(_) => ("Value", format!("+49 {number}")),
        };
        self.in_ifs(unit, &row, &[(field, Some(&text))]);
    }

    fn delete(&self) {
        let mission = self.world.options.mission.as_ref();
        if !mission.is_some_and(|mission| mission.deletes) {
            return;
        }
        let units = ["CustomerInfo", "SupplierInfoGeneral", "PurchaseOrder", "PurchaseOrderLine"];
        let objects = ["Account", "Order", "OrderItem", "Contact"];
        match self.below(3) {
            0 => {
                let Some(unit) = self.pick(&units) else { return };
                let Some(row) = self.some_row(unit) else { return };
                self.remove(unit, &row);
            }
            1 => {
                let Some(id) = self.pick(&objects).and_then(|object| self.some_record(object)) else {
                    return;
                };
                self.world.by_people(System::Salesforce, || self.world.salesforce.human_delete(&id));
            }
            _ => {
                let binned = self.world.salesforce.records("Account").into_iter();
                // A customer whose Account was made anew meanwhile keeps that one.
                let taken = |id: &str| self.living("Account").any(|account| account.key() == Some(id));
                let back = |record: &std::sync::Arc<sandbox::salesforce::Record>| {
                    record.deleted && !taken(&record.id)
                };
                let Some(record) = binned.into_iter().find(back) else { return };
                self.world.by_people(System::Salesforce, || self.world.salesforce.human_undelete(&record.id));
            }
        }
    }

    /// Two Accounts of one kind become one; now and then an Account that nobody mapped takes part.
    fn merge(&self) {
        let mission = self.world.options.mission.as_ref();
        if !mission.is_some_and(|mission| mission.merges) {
            return;
        }
        let world = self.world;
        let creates = mission.is_some_and(|mission| mission.creates);
        // Who makes customers of Accounts keeps suppliers apart from them.
        let of = |account: &sandbox::salesforce::Record| {
            !creates || account.key().is_none_or(|key| is_customer(Some(key)))
        };
        let accounts: Vec<_> = self.living("Account").filter(|account| of(account)).collect();
        let pick = || accounts.get(self.below(accounts.len())).map(|account| account.id.clone());
        let (Some(one), Some(other)) = (pick(), pick()) else { return };
        if world.dice.one_in(2) {
            let made = world
                .by_people(System::Salesforce, || world.salesforce.human_insert(&[("Name", "Made by hand")]));
            world.by_people(System::Salesforce, || world.salesforce.human_merge(&made, &[&one]).ok());
        } else if one != other {
            world.by_people(System::Salesforce, || world.salesforce.human_merge(&one, &[&other]).ok());
        }
    }
}

/// One change on each side that is carried by every flow without a person: for what must arrive soon.
pub fn fresh(world: &World) {
    let people = People { world };
    people.edit_supplier();
    people.edit_line();
    people.edit_invoice();
    people.edit_order();
    if world.dice.one_in(2) {
        people.edit_customer();
    } else {
        people.edit_shared();
    }
}

/// People of IFS alone do so many things, which one and the same world meets alike whatever ids Salesforce
/// gave out.
pub fn in_ifs(world: &World, times: u64) {
    let people = People { world };
    for _ in 0..times {
        match world.dice.below(10) {
            0 | 1 => people.edit_customer(),
            2 => people.edit_supplier(),
            3 => people.edit_order(),
            4 => people.edit_line(),
            5 => people.add_line(),
            6 => people.move_line(),
            7 => people.edit_invoice(),
            8 => people.add_invoice(),
            _ => people.enter_order(),
        }
    }
}

/// Whether a key of both systems is that of a customer: suppliers' begin with other letters, and who was an
/// Account first goes by its id.
pub fn is_customer(key: Option<&str>) -> bool {
    key.is_some_and(|key| key.starts_with(['C', 'K']) || key.starts_with("001"))
}
