//! What each record of Salesforce must show, written down a second time from the documentation of the
//! mappings: no code of the product takes part.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;
use sandbox::ifs::{Cell, Row};
use sandbox::salesforce::Record;

use crate::simulation::checker::country_name;
use crate::simulation::world::World;

/// Fields of a customer that people on both sides share: in IFS, and in the Account.
pub const SHARED: [(&str, &str); 3] =
    [("Name", "Name"), ("AssociationNo", "IFS_Association_No__c"), ("Country", "BillingCountry")];

/// Fields and what must stand in them.
pub type Shown = Vec<(&'static str, Option<String>)>;

/// What differs from what must stand in `record`.
pub fn differences(record: &Record, shown: &Shown) -> Vec<String> {
    let differs = |(field, wanted): &(&'static str, Option<String>)| {
        let found = record.text(field);
        (!same(found.as_deref(), wanted.as_deref()))
            .then(|| format!("{field} shows {found:?} instead of {wanted:?}"))
    };
    shown.iter().filter_map(differs).collect()
}

/// Equal as texts or as numbers; nothing and an empty text are one.
pub fn same(one: Option<&str>, other: Option<&str>) -> bool {
    let (one, other) = (one.unwrap_or_default().trim(), other.unwrap_or_default().trim());
    if one == other {
        return true;
    }
    match (one.parse::<Decimal>(), other.parse::<Decimal>()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// A value of a row, without blanks around it.
pub fn text(row: &Row, column: &str) -> Option<String> {
    let text = row.get(column).text()?;
    let trimmed = text.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

/// A shared field of IFS in the form in which Salesforce shows it.
pub fn in_salesforce(field: &str, value: &str) -> String {
    if field == "Country" { customers_country(value) } else { value.trim().to_owned() }
}

/// The customers' table of countries knows one more than the suppliers'.
fn customers_country(code: &str) -> String {
    if code == "XK" { "Kosovo".to_owned() } else { country_name(code) }
}

/// The rows of a unit whose column says this, in the order of their keys.
pub fn children(world: &World, unit: &str, column: &str, key: &str) -> Vec<Arc<Row>> {
    let mut rows = world.ifs.rows_of(unit);
    rows.retain(|row| row.get(column).text().as_deref() == Some(key));
    rows.sort_by_key(|row| row.key());
    rows
}

/// What the Account of a customer must show in fields that are IFS' own.
pub fn customer(world: &World, row: &Row) -> Shown {
    let key = row.key().to_string();
    let addresses = children(world, "CustomerInfoAddress", "CustomerId", &key);
    let address = addresses.into_iter().find(|row| *row.get("DefaultDomain") == Cell::Flag(true));
    let at = |column: &str| address.as_ref().and_then(|row| text(row, column));
    let street: Vec<String> = [at("Address1"), at("Address2")].into_iter().flatten().collect();
    let category = text(row, "CustomerCategory");
    vec![
        ("AccountNumber", text(row, "CustomerId")),
        ("IFS_Category__c", category),
        ("IFS_Corporate_Form__c", text(row, "CorporateForm")),
        ("IFS_Language__c", text(row, "DefaultLanguage")),
        ("BillingStreet", (!street.is_empty()).then(|| street.join("\n"))),
        ("BillingCity", at("City")),
        ("BillingState", at("State")),
        ("BillingPostalCode", at("ZipCode")),
        ("Phone", reached(world, &key, "Phone")),
        ("Website", reached(world, &key, "Www")),
        ("IFS_Email__c", reached(world, &key, "EMail").map(|mail| mail.to_lowercase())),
        ("IFS_Created__c", text(row, "CreationDate")),
        ("IFS_Registered__c", text(row, "DateOfRegistration")),
    ]
}

fn reached(world: &World, key: &str, method: &str) -> Option<String> {
    let ways = children(world, "CustomerInfoCommMethod", "CustomerId", key);
    ways.iter()
        .find(|row| row.get("MethodId").text().as_deref() == Some(method))
        .and_then(|row| text(row, "Value"))
}

/// What the Contact of a customer that is a person must show.
pub fn person(world: &World, row: &Row) -> Shown {
    let key = row.key().to_string();
    let addresses = children(world, "CustomerInfoAddress", "CustomerId", &key);
    let city = addresses.iter().find(|row| *row.get("DefaultDomain") == Cell::Flag(true));
    let mut shown = named(row);
    shown.push(("MailingCity", city.and_then(|row| text(row, "City"))));
    shown.push(("MailingCountry", text(row, "Country").map(|code| customers_country(&code))));
    shown.push(("Phone", reached(world, &key, "Phone")));
    shown
}

/// What a contact person must show.
pub fn contact(row: &Row) -> Shown {
    let mut shown = named(row);
    shown.push(("Phone", text(row, "Phone")));
    shown.push(("Email", text(row, "Email").map(|mail| mail.to_lowercase())));
    shown
}

fn named(row: &Row) -> Shown {
    let name = text(row, "Name").unwrap_or_default();
    let (first, last) = match name.rsplit_once(char::is_whitespace) {
        Some((first, last)) => (Some(first.trim().to_owned()), last.to_owned()),
        None => (None, name.clone()),
    };
    vec![("LastName", Some(last)), ("FirstName", first)]
}

/// What an Order must show; `account` is the Account of its supplier.
pub fn order(row: &Row, account: &str) -> Shown {
    let entered = text(row, "DateEntered").map(|stamp| stamp.chars().take(10).collect::<String>());
    vec![
        ("AccountId", Some(account.to_owned())),
        ("PoNumber", text(row, "OrderNo")),
        ("Description", text(row, "NoteText")),
        ("IFS_Company__c", text(row, "Company")),
        ("IFS_Site__c", text(row, "Contract")),
        ("IFS_Buyer__c", text(row, "BuyerCode")),
        ("EffectiveDate", text(row, "OrderDate").or(entered)),
        ("IFS_Wanted_Receipt__c", text(row, "WantedReceiptDate")),
        ("IFS_Status__c", text(row, "Objstate")),
        ("IFS_Currency__c", text(row, "CurrencyCode")),
        ("IFS_Payment_Terms__c", text(row, "PayTermId")),
        ("IFS_Delivery_Terms__c", text(row, "DeliveryTerms")),
    ]
}

/// The products of an order, by external id.
pub fn lines(world: &World, order: &str) -> BTreeMap<String, Shown> {
    let rows = children(world, "PurchaseOrderLine", "OrderNo", order).into_iter();
    let carried = rows.filter(|row| row.get("Objstate").text().as_deref() != Some("Cancelled"));
    carried.map(|row| (row.key().replace('\0', "-"), line(&row))).collect()
}

fn line(row: &Row) -> Shown {
    let day = ["PromisedDeliveryDate", "PlannedReceiptDate", "WantedDeliveryDate"];
    vec![
        ("Quantity", cents(row, "BuyQtyDue")),
        ("UnitPrice", Some(cents(row, "BuyUnitPrice").unwrap_or_else(|| "0".into()))),
        ("Description", text(row, "Description")),
        ("ServiceDate", day.iter().find_map(|column| text(row, column))),
        ("IFS_Part_No__c", text(row, "PartNo")),
        ("IFS_Unit__c", text(row, "BuyUnitMeas")),
        ("IFS_Net_Amount__c", cents(row, "NetAmtCurr")),
        ("IFS_Discount__c", cents(row, "Discount")),
        ("IFS_Status__c", text(row, "Objstate")),
    ]
}

/// Two digits behind the point, halves to the even neighbour.
fn cents(row: &Row, column: &str) -> Option<String> {
    row.get(column).text()?.parse::<Decimal>().ok().map(|number| number.round_dp(2).normalize().to_string())
}

/// What an Order must show of its invoices.
pub fn invoices(world: &World, order: &str) -> Shown {
    let mut rows = children(world, "PostingProposalHead", "PoRefNumber", order);
    rows.retain(|row| row.get("Objstate").text().as_deref() != Some("Cancelled"));
    let currencies: std::collections::BTreeSet<Option<String>> =
        rows.iter().map(|row| text(row, "Currency")).collect();
    let sum = |column: &str| {
        let amounts = rows.iter().filter_map(|row| row.get(column).text()?.parse::<Decimal>().ok());
        (currencies.len() <= 1).then(|| amounts.sum::<Decimal>().round_dp(2).normalize().to_string())
    };
    let currency = if currencies.len() == 1 { currencies.first().cloned().flatten() } else { None };
    let latest = |column: &str| rows.iter().filter_map(|row| text(row, column)).max();
    vec![
        ("IFS_Invoice_Count__c", Some(rows.len().to_string())),
        ("IFS_Invoice_Net__c", sum("NetCurrAmount")),
        ("IFS_Invoice_Tax__c", sum("VatCurrAmount")),
        ("IFS_Invoice_Amount__c", sum("GrossCurrAmount")),
        ("IFS_Invoice_Currency__c", currency),
        ("IFS_Invoice_Date__c", latest("InvoiceDate")),
        ("IFS_Invoice_Due__c", latest("DueDate")),
    ]
}
