//! The state of an order as a validator carries it from a look-up to a write.

/// The fields that it is made of, after the stamp.
pub(crate) const FIELDS: [&str; 2] = ["StatusCode", "Pricebook2Id"];
/// The field that comes last in orgs with several currencies.
pub(crate) const CURRENCY: &str = "CurrencyIsoCode";
/// The code of orders that can be edited.
pub(crate) const DRAFT: &str = "Draft";

/// The state of an order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OrderState {
    /// When it was changed last.
    pub(crate) stamp: String,
    /// The category of its status.
    pub(crate) code: String,
    /// Its price book, if it has one.
    pub(crate) book: Option<String>,
    /// Its currency, in orgs with several.
    pub(crate) currency: Option<String>,
}

impl OrderState {
    /// Reads a validator: the stamp, and the fields, between bars.
    pub(crate) fn read(validator: &str) -> Self {
        let mut parts = validator.split('|').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        let (stamp, code) = (next(), next());
        let mut some = || Some(next()).filter(|text| !text.is_empty());
        Self { stamp, code, book: some(), currency: some() }
    }

    /// Whether the order is activated; one whose state is not known is taken for a draft, and the org
    /// will say so.
    pub(crate) fn is_active(&self) -> bool {
        !self.code.is_empty() && self.code != DRAFT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validators_read_back() {
        let state = OrderState::read("2026-01-02T03:04:05.000+0000|Activated|01s1|EUR");
        assert_eq!((state.stamp.as_str(), state.is_active()), ("2026-01-02T03:04:05.000+0000", true));
        assert_eq!((state.book.as_deref(), state.currency.as_deref()), (Some("01s1"), Some("EUR")));
        let state = OrderState::read("x|Draft|");
        assert_eq!((state.is_active(), state.book), (false, None));
        assert!(!OrderState::read("").is_active());
    }
}
