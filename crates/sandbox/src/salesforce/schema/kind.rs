//! What a field holds.

/// What a field holds; lengths are in UTF-16 units, numbers have their digits in all and those
/// behind the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Id,
    Reference,
    Text(u32),
    /// Text of several lines; more than 255 can be neither filtered nor sorted by.
    Area(u32),
    Phone(u32),
    Url(u32),
    Email(u32),
    Picklist(u32),
    Currency(u32, u32),
    Double(u32, u32),
    Percent(u32, u32),
    Whole(u32),
    Check,
    Date,
    Moment,
    /// Street, city and so on as one value that cannot be written.
    Address,
}

impl Kind {
    /// The type as describe names it.
    pub(crate) fn described(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Reference => "reference",
            Self::Text(_) => "string",
            Self::Area(_) => "textarea",
            Self::Phone(_) => "phone",
            Self::Url(_) => "url",
            Self::Email(_) => "email",
            Self::Picklist(_) => "picklist",
            Self::Currency(..) => "currency",
            Self::Double(..) => "double",
            Self::Percent(..) => "percent",
            Self::Whole(_) => "int",
            Self::Check => "boolean",
            Self::Date => "date",
            Self::Moment => "datetime",
            Self::Address => "address",
        }
    }

    /// The type as SOAP names it, which describe shows too.
    pub(crate) fn soap(self) -> &'static str {
        match self {
            Self::Id | Self::Reference => "tns:ID",
            Self::Currency(..) | Self::Double(..) | Self::Percent(..) => "xsd:double",
            Self::Whole(_) => "xsd:int",
            Self::Check => "xsd:boolean",
            Self::Date => "xsd:date",
            Self::Moment => "xsd:dateTime",
            Self::Address => "urn:address",
            _ => "xsd:string",
        }
    }

    /// How long a text may be.
    pub(crate) fn length(self) -> u32 {
        match self {
            Self::Id | Self::Reference => 18,
            Self::Text(length)
            | Self::Area(length)
            | Self::Phone(length)
            | Self::Url(length)
            | Self::Email(length)
            | Self::Picklist(length) => length,
            _ => 0,
        }
    }

    /// Digits in all and behind the point.
    pub(crate) fn digits(self) -> (u32, u32) {
        match self {
            Self::Currency(precision, scale)
            | Self::Double(precision, scale)
            | Self::Percent(precision, scale) => (precision, scale),
            _ => (0, 0),
        }
    }

    /// Whether it holds text that is not read as anything else.
    pub(crate) fn is_text(self) -> bool {
        self.length() > 0 && !matches!(self, Self::Id | Self::Reference)
    }

    pub(crate) fn is_number(self) -> bool {
        matches!(self, Self::Currency(..) | Self::Double(..) | Self::Percent(..) | Self::Whole(_))
    }

    /// Long texts and compounds can be neither filtered nor sorted by.
    pub(crate) fn is_filterable(self) -> bool {
        !matches!(self, Self::Address) && !self.is_long()
    }

    pub(crate) fn is_long(self) -> bool {
        matches!(self, Self::Area(length) if length > 255)
    }
}
