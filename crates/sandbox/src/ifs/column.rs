//! Columns: what an attribute holds, and who may write it.

/// A column of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The attribute's name.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnKind,
    /// When a client may write it. Values for others are ignored without a word
    /// (IFS documentation, "Entity upserts").
    pub writes: Writes,
    /// Whether a row without a value is refused.
    pub required: bool,
    /// What a new row has if nobody says otherwise.
    pub default: Option<&'static str>,
}

/// When a client may write a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// Insertable and updatable.
    Always,
    /// Insertable only.
    OnCreate,
    /// Neither: the server computes it.
    Never,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text of at most so many characters.
    Text(u32),
    /// A number with so many digits, and so many of them behind the point.
    Decimal(u32, u32),
    /// A whole number of 64 bits.
    Integer,
    /// True or false.
    Flag,
    /// A day.
    Date,
    /// An instant in whole seconds.
    Timestamp,
    /// A member of the enum `<Name>`.
    Enum(&'static str),
}

impl Column {
    /// A column that clients may write and need not.
    pub const fn new(name: &'static str, kind: ColumnKind) -> Self {
        Self { name, kind, writes: Writes::Always, required: false, default: None }
    }

    /// Part of the key: chosen once.
    pub const fn key(self) -> Self {
        Self { writes: Writes::OnCreate, required: true, ..self }
    }

    /// Written by the server only.
    pub const fn computed(self) -> Self {
        Self { writes: Writes::Never, ..self }
    }

    /// Must have a value.
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// Has this value in a new row unless the client gives another.
    pub const fn otherwise(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }
}

pub(crate) const fn text(name: &'static str, length: u32) -> Column {
    Column::new(name, ColumnKind::Text(length))
}

pub(crate) const fn number(name: &'static str, digits: u32, behind: u32) -> Column {
    Column::new(name, ColumnKind::Decimal(digits, behind))
}

/// An amount of money.
pub(crate) const fn amount(name: &'static str) -> Column {
    number(name, 28, 4)
}

pub(crate) const fn whole(name: &'static str) -> Column {
    Column::new(name, ColumnKind::Integer)
}

pub(crate) const fn flag(name: &'static str) -> Column {
    Column::new(name, ColumnKind::Flag)
}

pub(crate) const fn day(name: &'static str) -> Column {
    Column::new(name, ColumnKind::Date)
}

pub(crate) const fn instant(name: &'static str) -> Column {
    Column::new(name, ColumnKind::Timestamp)
}

/// A member of the enum `kind`.
pub(crate) const fn choice(name: &'static str, kind: &'static str) -> Column {
    Column::new(name, ColumnKind::Enum(kind))
}
