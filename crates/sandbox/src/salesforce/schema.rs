//! The Account of this org.

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text of at most so many UTF-16 units.
    Text(u32),
    /// A restricted picklist.
    Picklist(&'static [&'static str]),
    /// An e-mail address.
    Email(u32),
    /// Digits in all, and behind the point.
    Currency(u32, u32),
    Date,
}

/// A field that users of the API may write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
}

const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false }
}

/// The object's name and the prefix of its ids.
pub(crate) const OBJECT: &str = "Account";
pub(crate) const PREFIX: &str = "001";
/// The external id.
pub(crate) const KEY: &str = "IFS_Key__c";

/// The writable fields of an Account.
pub(crate) const FIELDS: &[Field] = &[
    field(KEY, Kind::Text(100)),
    Field { name: "Name", kind: Kind::Text(255), required: true },
    field("AccountNumber", Kind::Text(40)),
    field("Type", Kind::Text(255)),
    field("BillingStreet", Kind::Text(255)),
    field("BillingCity", Kind::Text(40)),
    field("BillingState", Kind::Text(80)),
    field("BillingPostalCode", Kind::Text(20)),
    field("BillingCountry", Kind::Text(80)),
    field("Phone", Kind::Text(40)),
    field("Fax", Kind::Text(40)),
    field("Website", Kind::Text(255)),
    field("Description", Kind::Text(32_000)),
    field("IFS_Association_No__c", Kind::Text(50)),
    field("IFS_Email__c", Kind::Email(80)),
    field("IFS_Currency__c", Kind::Text(3)),
    field("IFS_Payment_Terms__c", Kind::Text(20)),
    field("IFS_Delivery_Terms__c", Kind::Text(20)),
    field("IFS_Credit_Limit__c", Kind::Currency(18, 2)),
    field("IFS_Created__c", Kind::Date),
    field("IFS_Expires__c", Kind::Date),
    field("IFS_Status__c", Kind::Picklist(&["Active", "Blocked", "Expired"])),
];

/// The place of a writable field; names are compared without case.
pub(crate) fn place(name: &str) -> Option<usize> {
    FIELDS.iter().position(|field| field.name.eq_ignore_ascii_case(name))
}

/// A field that can be read: the org's own, or a writable one by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Id,
    IsDeleted,
    CreatedDate,
    LastModifiedDate,
    SystemModstamp,
    Own(usize),
}

/// Fields that the org itself keeps, with their types.
pub(crate) const SYSTEM: &[(Column, &str, &str)] = &[
    (Column::Id, "Id", "id"),
    (Column::IsDeleted, "IsDeleted", "boolean"),
    (Column::CreatedDate, "CreatedDate", "datetime"),
    (Column::LastModifiedDate, "LastModifiedDate", "datetime"),
    (Column::SystemModstamp, "SystemModstamp", "datetime"),
];

impl Column {
    /// Every field, the org's own first.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        SYSTEM.iter().map(|(column, ..)| *column).chain((0..FIELDS.len()).map(Self::Own))
    }

    /// A field by name; names are compared without case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let system = SYSTEM.iter().find(|(_, system, _)| system.eq_ignore_ascii_case(name));
        system.map(|(column, ..)| *column).or_else(|| place(name).map(Self::Own))
    }

    /// The name as the schema spells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Own(place) => FIELDS.get(place).map_or("", |field| field.name),
            system => SYSTEM.iter().find(|(column, ..)| *column == system).map_or("", |(_, name, _)| name),
        }
    }

    /// The kind of a writable field.
    pub(crate) fn kind(self) -> Option<Kind> {
        let Self::Own(place) = self else { return None };
        FIELDS.get(place).map(|field| field.kind)
    }

    /// Whether this is the external id.
    pub(crate) fn is_key(self) -> bool {
        self.name() == KEY
    }

    /// Long texts can be neither filtered nor sorted by.
    pub(crate) fn is_long(self) -> bool {
        matches!(self.kind(), Some(Kind::Text(length)) if length > 255)
    }

    /// Whether it holds text that is not read as anything else.
    pub(crate) fn is_text(self) -> bool {
        matches!(self.kind(), Some(Kind::Text(_) | Kind::Picklist(_) | Kind::Email(_)))
    }
}
