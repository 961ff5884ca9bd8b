//! Rows as structs of the caller, by serde.

use serde::Deserialize;

use crate::page::byte_offset;
use crate::{Entity, ODataError, Page, Single, Written};

impl Page {
    /// The rows as `T`, in the server's order. A row that is no `T` is an error that says which one;
    /// the others are still read.
    ///
    /// Texts without escapes can be borrowed from the page. Exact numbers come from [`crate::exact`],
    /// whether the server sends numbers or texts.
    ///
    /// ```no_run
    /// # async fn example(service: odata_client::Service) -> Result<(), odata_client::ODataError> {
    /// use rust_decimal::Decimal;
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize)]
    /// #[serde(rename_all = "PascalCase")]
    /// struct Line {
    ///     order_no: String,
    ///     #[serde(deserialize_with = "odata_client::exact::decimal")]
    ///     buy_unit_price: Decimal,
    /// }
    ///
    /// let page = service.page("lines", "PurchaseOrderLineSet", &odata_client::Query::default()).await?;
    /// for line in page.typed::<Line>() {
    ///     let line = line?;
    ///     println!("{} {}", line.order_no, line.buy_unit_price);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn typed<'p, T: Deserialize<'p>>(&'p self) -> impl Iterator<Item = Result<T, ODataError>> {
        let operation = self.operation;
        self.rows().enumerate().map(move |(row, text)| {
            read(text).map_err(|(byte, why)| ODataError::Malformed {
                operation,
                what: "page",
                place: format!("row {row}, byte {byte} of it"),
                why,
            })
        })
    }
}

impl Entity {
    /// The row as `T`; see [`Page::typed`].
    pub fn typed<'e, T: Deserialize<'e>>(&'e self) -> Result<T, ODataError> {
        whole(self.operation, "row", &self.text)
    }
}

impl Written {
    /// What the server sent back, as `T`: the row as it is now, or the result of an action. `None` if
    /// it sent nothing.
    pub fn typed<'w, T: Deserialize<'w>>(&'w self) -> Result<Option<T>, ODataError> {
        let text = self.entity.as_deref();
        text.map(|text| whole(self.operation, "row", text)).transpose()
    }
}

impl Single {
    /// The value as `T`.
    pub fn typed<'s, T: Deserialize<'s>>(&'s self) -> Result<T, ODataError> {
        whole(self.operation, "value", &self.text)
    }
}

/// What stands in `value` when an action gives a collection or a primitive value.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Wrapped<T> {
    /// The collection or the value.
    pub value: T,
}

fn read<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T, (usize, String)> {
    serde_json::from_str(text).map_err(|error| (byte_offset(text, &error), error.to_string()))
}

fn whole<'t, T: Deserialize<'t>>(
    operation: &'static str,
    what: &'static str,
    text: &'t str,
) -> Result<T, ODataError> {
    read(text).map_err(|(byte, why)| ODataError::Malformed {
        operation,
        what,
        place: format!("byte {byte}"),
        why,
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use rust_decimal::Decimal;
    use wire::Response;

    use super::*;
    use crate::page::Trail;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Line<'a> {
        order_no: &'a str,
        #[serde(deserialize_with = "crate::exact::decimal")]
        price: Decimal,
        #[serde(default, deserialize_with = "crate::exact::optional_int64")]
        version: Option<i64>,
    }

    #[test]
    fn rows_are_structs_and_a_bad_one_does_not_stop_the_others() {
        let body = r#"{"value":[{"OrderNo":"1","Price":"12.50","Version":"9223372036854775807","X":1},
            {"OrderNo":"2","Price":"dear"},{"OrderNo":"3","Price":0.10,"Version":null}]}"#;
        let url: url::Url = "http://h/s/Set".parse().unwrap();
        let trail = Trail::start(&url);
        let page = Page::read("t", url, trail, &Response::new(Bytes::from(body))).unwrap();
        let lines: Vec<Result<Line<'_>, _>> = page.typed().collect();
        let price = |digits: &str| digits.parse::<Decimal>().unwrap();
        assert_eq!(
            lines[0].as_ref().unwrap(),
            &Line { order_no: "1", price: price("12.50"), version: Some(i64::MAX) }
        );
        let error = lines[1].as_ref().unwrap_err().to_string();
        assert!(error.starts_with("t got a malformed page, row 1, byte "), "{error}");
        assert_eq!(lines[2].as_ref().unwrap(), &Line { order_no: "3", price: price("0.10"), version: None });
    }
}
