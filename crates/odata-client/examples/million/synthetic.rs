//! Made-up pages of suppliers: 5,000 rows of about 900 bytes on each.

use std::fmt::Write as _;

use bytes::Bytes;

/// The rows of a full page.
pub(crate) const ROWS: u64 = 5_000;

/// The columns of a row that a mapping would want.
pub(crate) const COLUMNS: [&str; 12] = [
    "SupplierId",
    "Name",
    "AssociationNo",
    "Country",
    "DefaultLanguage",
    "CreationDate",
    "Modified",
    "CreditLimit",
    "Version",
    "OneTime",
    "Objstate",
    "Note",
];

/// The page that begins with row `first` of `total`.
pub(crate) fn page(first: u64, total: u64) -> Bytes {
    let end = (first + ROWS).min(total);
    let mut out = String::with_capacity(5_000_000);
    out.push_str("{\"@odata.context\":\"$metadata#SupplierSet\",\"value\":[");
    for number in first..end {
        if number > first {
            out.push(',');
        }
        row(&mut out, number);
    }
    out.push(']');
    if end < total {
        // Writing to a string cannot fail.
        let _ = write!(out, ",\"@odata.nextLink\":\"SupplierSet?$skiptoken={end}\"");
    }
    out.push('}');
    out.into()
}

fn row(out: &mut String, number: u64) {
    let (minute, second) = (number / 60 % 60, number % 60);
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "{{\"@odata.etag\":\"W/\\\"QUFBVEg1QUFHQUFCcmliQUFl{number:08}\\\"\",\"luname\":\"SupplierInfoGeneral\",\
         \"keyref\":\"SUPPLIER_ID=S{number:07}^\",\"Objgrants\":null,\"Objstate\":\"Active\",\"SupplierId\":\"S{number:07}\",\
         \"Name\":\"Nordic \\\"Parts\\\" & Söner number {number}\",\"AssociationNo\":\"SE{number:010}\",\"Country\":\"SE\",\
         \"CountryDb\":\"SE\",\"DefaultLanguage\":\"sv\",\"PartyType\":\"Supplier\",\"CreationDate\":\"2019-03-{:02}\",\
         \"Modified\":\"2026-02-28T10:{minute:02}:{second:02}Z\",\"CreditLimit\":{number}.25,\"Discount\":\"2.50\",\
         \"Version\":{number},\"OneTime\":false,\"B2bSupplier\":true,\"CorporateForm\":\"AB\",\"IdentifierReference\":null,\
         \"IdentifierRefValidation\":\"None\",\"Street\":\"Storgatan {number}\",\"ZipCode\":\"111 {:02}\",\"City\":\"Stockholm\",\
         \"Phone\":\"+46 8 {number:07}\",\"Email\":\"order{number}@example.com\",\"Cf_Class\":\"CfEnum_HIGH\",\
         \"Note\":\"delivers on weekdays between seven and four, calls before, and takes empty pallets back; invoices by the \
         end of the month\\nsecond line of the note\"}}",
        number % 28 + 1,
        number % 100,
    );
}
