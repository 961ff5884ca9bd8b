//! What every org has from the beginning: users, the standard price book, order statuses.

use jiff::Timestamp;

use super::record::Cell;
use super::schema::{ORDER_STATUS, ORGANIZATION, PRICEBOOK, PROFILE, RECORD_TYPE, USER};
use super::session::{API_USERS, User};
use super::settings::SalesforceSettings;
use super::store::{Author, Store};

/// Texts by field name.
type Texts<'a> = &'a [(&'a str, &'a str)];

/// Puts the records in that every org has.
pub(crate) fn plant(store: &mut Store, settings: &SalesforceSettings, now: Timestamp) {
    let author = Author { user: User::Administrator.id().into(), origin: "".into(), now, api: false };
    let mut garden = Garden { store, author };
    let profile = garden.put(PROFILE, &[("Name", "System Administrator"), ("UserType", "Standard")], &[]);
    for user in API_USERS {
        garden.user(user, &profile);
    }
    let organization: Texts<'_> = &[
        ("Name", "Sandbox"),
        ("InstanceName", "SBX1"),
        ("OrganizationType", "Developer Edition"),
        ("LanguageLocaleKey", "en_US"),
        ("DefaultLocaleSidKey", "en_US"),
        ("TimeZoneSidKey", "Europe/Berlin"),
    ];
    garden.put(ORGANIZATION, organization, &[("IsSandbox", true)]);
    // A new org's standard price book is not active yet.
    let checks = [("IsStandard", true), ("IsActive", !settings.bare)];
    garden.put(PRICEBOOK, &[("Name", "Standard Price Book")], &checks);
    for (status, first) in [("Draft", true), ("Activated", false)] {
        let texts = [("MasterLabel", status), ("ApiName", status), ("StatusCode", status)];
        garden.put(ORDER_STATUS, &texts, &[("IsDefault", first)]);
    }
    if settings.person_accounts {
        for (name, person) in [("Business", false), ("PersonAccount", true)] {
            let texts = [("Name", name), ("DeveloperName", name), ("SobjectType", "Account")];
            garden.put(RECORD_TYPE, &texts, &[("IsActive", true), ("IsPersonType", person)]);
        }
    }
}

struct Garden<'a> {
    store: &'a mut Store,
    author: Author,
}

impl Garden<'_> {
    /// Makes a record past all rules; says its id.
    fn put(&mut self, table: usize, texts: Texts<'_>, checks: &[(&str, bool)]) -> String {
        let Some(mut record) = self.store.blank(table, &self.author) else { return String::new() };
        for (name, text) in texts {
            record.set(name, Cell::text(text));
        }
        for (name, check) in checks {
            record.set(name, Cell::Bool(*check));
        }
        let id = record.id.clone();
        self.store.derive(record);
        id
    }

    fn user(&mut self, user: User, profile: &str) {
        let (first, last) = user.names();
        let texts: Texts<'_> = &[
            ("Username", user.username()),
            ("FirstName", first),
            ("LastName", last),
            ("Name", &format!("{first} {last}")),
            ("Email", user.username()),
            ("Alias", last.get(..4).unwrap_or(last)),
            ("UserType", "Standard"),
            ("TimeZoneSidKey", "Europe/Berlin"),
            ("LocaleSidKey", "en_US"),
            ("LanguageLocaleKey", "en_US"),
            ("EmailEncodingKey", "UTF-8"),
            ("ProfileId", profile),
        ];
        self.put(USER, texts, &[("IsActive", true)]);
    }
}
