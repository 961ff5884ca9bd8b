//! How the standard objects are written down: tables of constants.

use super::Kind;

/// What is true of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Flag {
    Required = 1,
    /// Nobody gives it when a record is made.
    NoCreate = 1 << 1,
    /// Nobody changes it later.
    NoUpdate = 1 << 2,
    ExternalId = 1 << 3,
    Unique = 1 << 4,
    /// Upper and lower case are told apart.
    Exact = 1 << 5,
    /// Records can be addressed by it although it is no external id.
    IdLookup = 1 << 6,
    Calculated = 1 << 7,
    AutoNumber = 1 << 8,
    /// Only the listed values are taken.
    Restricted = 1 << 9,
    /// The field that names the record.
    Name = 1 << 10,
    /// Only there if the org has person accounts.
    Person = 1 << 11,
    /// Only there if the org has several currencies.
    Currencies = 1 << 12,
    /// Nobody sees it until a permission set grants it.
    Granted = 1 << 13,
    /// Has a value if none is given.
    Defaulted = 1 << 14,
}

/// One field of a standard object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) flags: u32,
    pub(crate) values: &'static [&'static str],
    /// The objects a reference points to.
    pub(crate) to: &'static [&'static str],
    /// What the record behind a reference is called.
    pub(crate) relationship: &'static str,
    /// What the records that point here are called over there.
    pub(crate) children: &'static str,
    pub(crate) default: &'static str,
}

/// A standard object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sheet {
    pub(crate) name: &'static str,
    pub(crate) plural: &'static str,
    /// How its ids begin.
    pub(crate) prefix: &'static str,
    /// Whether records are made, changed and deleted through the API.
    pub(crate) writable: bool,
    /// Whether deleted records can be taken back.
    pub(crate) undeletable: bool,
    pub(crate) fields: &'static [&'static [Spec]],
}

const fn spec(name: &'static str, kind: Kind) -> Spec {
    Spec { name, kind, flags: 0, values: &[], to: &[], relationship: "", children: "", default: "" }
}

pub(super) const fn text(name: &'static str, length: u32) -> Spec {
    spec(name, Kind::Text(length))
}

pub(super) const fn area(name: &'static str, length: u32) -> Spec {
    spec(name, Kind::Area(length))
}

pub(super) const fn phone(name: &'static str) -> Spec {
    spec(name, Kind::Phone(40))
}

pub(super) const fn url(name: &'static str, length: u32) -> Spec {
    spec(name, Kind::Url(length))
}

pub(super) const fn email(name: &'static str) -> Spec {
    spec(name, Kind::Email(80))
}

pub(super) const fn picklist(name: &'static str, values: &'static [&'static str]) -> Spec {
    let mut spec = spec(name, Kind::Picklist(255));
    spec.values = values;
    spec
}

pub(super) const fn currency(name: &'static str, scale: u32) -> Spec {
    spec(name, Kind::Currency(18, scale))
}

pub(super) const fn double(name: &'static str, precision: u32, scale: u32) -> Spec {
    spec(name, Kind::Double(precision, scale))
}

pub(super) const fn whole(name: &'static str, digits: u32) -> Spec {
    spec(name, Kind::Whole(digits))
}

pub(super) const fn check(name: &'static str) -> Spec {
    spec(name, Kind::Check).default("false")
}

pub(super) const fn date(name: &'static str) -> Spec {
    spec(name, Kind::Date)
}

pub(super) const fn moment(name: &'static str) -> Spec {
    spec(name, Kind::Moment)
}

pub(super) const fn compound(name: &'static str) -> Spec {
    spec(name, Kind::Address).read_only()
}

/// A reference; its relationship is the name without `Id`, given because constants cannot cut.
pub(super) const fn refer(
    name: &'static str,
    to: &'static [&'static str],
    relationship: &'static str,
    children: &'static str,
) -> Spec {
    Spec { to, relationship, children, ..spec(name, Kind::Reference) }
}

impl Spec {
    pub(super) const fn with(mut self, flag: Flag) -> Self {
        self.flags |= flag as u32;
        self
    }

    pub(super) const fn required(self) -> Self {
        self.with(Flag::Required)
    }

    pub(super) const fn read_only(self) -> Self {
        self.with(Flag::NoCreate).with(Flag::NoUpdate)
    }

    pub(super) const fn create_only(self) -> Self {
        self.with(Flag::NoUpdate)
    }

    pub(super) const fn external(self) -> Self {
        self.with(Flag::ExternalId).with(Flag::Unique)
    }

    pub(super) const fn restricted(self) -> Self {
        self.with(Flag::Restricted)
    }

    pub(super) const fn person(self) -> Self {
        self.with(Flag::Person)
    }

    pub(super) const fn default(mut self, value: &'static str) -> Self {
        self.default = value;
        self.with(Flag::Defaulted)
    }
}

/// The fields of one address.
macro_rules! address {
    ($prefix:literal) => {
        address!($prefix, Address)
    };
    ($prefix:literal, $whole:ident) => {
        &[
            area(concat!($prefix, "Street"), 255),
            text(concat!($prefix, "City"), 40),
            text(concat!($prefix, "State"), 80),
            text(concat!($prefix, "PostalCode"), 20),
            text(concat!($prefix, "Country"), 80),
            double(concat!($prefix, "Latitude"), 18, 15),
            double(concat!($prefix, "Longitude"), 18, 15),
            picklist(
                concat!($prefix, "GeocodeAccuracy"),
                &[
                    "Address",
                    "NearAddress",
                    "Block",
                    "Street",
                    "ExtendedZip",
                    "Zip",
                    "Neighborhood",
                    "City",
                    "County",
                    "State",
                    "Unknown",
                ],
            ),
            compound(concat!($prefix, stringify!($whole))),
        ]
    };
}
pub(super) use address;
