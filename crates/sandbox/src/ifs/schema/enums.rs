//! The enums of the tenant and their members, as the database keeps them.
//!
//! In JSON a member stands bare; in a filter or a key it is qualified by the projection's namespace
//! (`IfsApp.CustomerHandling.Lookup_IsoCountry'SE'`). Members of custom enums begin with `CfEnum_`.

/// The members of an enum; none if there is no such enum.
pub(crate) fn members(name: &str) -> &'static [&'static str] {
    ENUMS.iter().find(|(known, _)| *known == name).map_or(&[], |(_, members)| members)
}

const ENUMS: &[(&str, &[&str])] = &[
    ("SupplierState", &["Active", "Blocked", "Expired"]),
    ("PartyType", &["Company", "Customer", "Supplier", "Person", "Manufacturer"]),
    ("CustomerCategory", &["Customer", "Prospect", "EndCustomer"]),
    ("IdentifierRefValidation", &["None", "Warning", "Error"]),
    ("CommMethodCode", &["Phone", "Mobile", "Fax", "EMail", "Www"]),
    ("PurchaseOrderState", ORDER_STATES),
    ("PurchaseOrderLineState", ORDER_STATES),
    ("PostingProposalHeadState", &["Created", "Proposed", "Approved", "Posted", "Cancelled"]),
    ("AccountingPartyType", &["Assets", "Liabilities", "Revenues", "Costs", "Statistical"]),
    ("VoucherState", &["Approved", "Cancelled"]),
    ("HistoryType", &["Insert", "Modify", "Delete"]),
    ("CfSegment", &["CfEnum_HIGH", "CfEnum_MEDIUM", "CfEnum_LOW"]),
    ("Lookup_IsoCountry", COUNTRIES),
];

const ORDER_STATES: &[&str] =
    &["Planned", "Released", "Confirmed", "Arrived", "Received", "Stopped", "Closed", "Cancelled"];

/// ISO 3166-1, and Kosovo.
#[rustfmt::skip]
const COUNTRIES: &[&str] = &[
    "AD", "AE", "AF", "AG", "AI", "AL", "AM", "AO", "AQ", "AR", "AS", "AT", "AU", "AW", "AX", "AZ",
    "BA", "BB", "BD", "BE", "BF", "BG", "BH", "BI", "BJ", "BL", "BM", "BN", "BO", "BQ", "BR", "BS",
    "BT", "BV", "BW", "BY", "BZ", "CA", "CC", "CD", "CF", "CG", "CH", "CI", "CK", "CL", "CM", "CN",
    "CO", "CR", "CU", "CV", "CW", "CX", "CY", "CZ", "DE", "DJ", "DK", "DM", "DO", "DZ", "EC", "EE",
    "EG", "EH", "ER", "ES", "ET", "FI", "FJ", "FK", "FM", "FO", "FR", "GA", "GB", "GD", "GE", "GF",
    "GG", "GH", "GI", "GL", "GM", "GN", "GP", "GQ", "GR", "GS", "GT", "GU", "GW", "GY", "HK", "HM",
    "HN", "HR", "HT", "HU", "ID", "IE", "IL", "IM", "IN", "IO", "IQ", "IR", "IS", "IT", "JE", "JM",
    "JO", "JP", "KE", "KG", "KH", "KI", "KM", "KN", "KP", "KR", "KW", "KY", "KZ", "LA", "LB", "LC",
    "LI", "LK", "LR", "LS", "LT", "LU", "LV", "LY", "MA", "MC", "MD", "ME", "MF", "MG", "MH", "MK",
    "ML", "MM", "MN", "MO", "MP", "MQ", "MR", "MS", "MT", "MU", "MV", "MW", "MX", "MY", "MZ", "NA",
    "NC", "NE", "NF", "NG", "NI", "NL", "NO", "NP", "NR", "NU", "NZ", "OM", "PA", "PE", "PF", "PG",
    "PH", "PK", "PL", "PM", "PN", "PR", "PS", "PT", "PW", "PY", "QA", "RE", "RO", "RS", "RU", "RW",
    "SA", "SB", "SC", "SD", "SE", "SG", "SH", "SI", "SJ", "SK", "SL", "SM", "SN", "SO", "SR", "SS",
    "ST", "SV", "SX", "SY", "SZ", "TC", "TD", "TF", "TG", "TH", "TJ", "TK", "TL", "TM", "TN", "TO",
    "TR", "TT", "TV", "TW", "TZ", "UA", "UG", "UM", "US", "UY", "UZ", "VA", "VC", "VE", "VG", "VI",
    "VN", "VU", "WF", "WS", "XK", "YE", "YT", "ZA", "ZM", "ZW",
];
