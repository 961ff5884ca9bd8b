//! Fields of compound fields, as events name them and as the object does.

/// The API name of the field that an event calls `path`: `Name.FirstName` is `FirstName`,
/// `BillingAddress.City` is `BillingCity`, and `Site__c.Latitude` is `Site__Latitude__s`.
///
/// A name that is no path is itself.
///
/// ```
/// use sfdc_client::events::api_name;
/// assert_eq!(api_name("MailingAddress.PostalCode"), "MailingPostalCode");
/// assert_eq!(api_name("Phone"), "Phone");
/// ```
pub fn api_name(path: &str) -> String {
    let Some((parent, child)) = path.split_once('.') else { return path.to_owned() };
    if let Some(custom) = parent.strip_suffix("__c") {
        return format!("{custom}__{child}__s");
    }
    match parent.strip_suffix("Address") {
        Some(prefix) => format!("{prefix}{child}"),
        None => child.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_fields() {
        for (path, name) in [
            ("Name.LastName", "LastName"),
            ("BillingAddress.StateCode", "BillingStateCode"),
            ("Address.Street", "Street"),
            ("Site__c.Longitude", "Site__Longitude__s"),
            ("IFS_Key__c", "IFS_Key__c"),
        ] {
            assert_eq!(api_name(path), name);
        }
    }
}
