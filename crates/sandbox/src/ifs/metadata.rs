//! `$metadata`: the projection as CSDL 4.0.

use std::fmt::Write as _;

use super::cell::{ColumnKind, SUPPLIER, members};
use super::settings::IfsSwitches;

/// The CSDL document of a projection with these sets.
pub(crate) fn csdl(namespace: &str, sets: &[&str], switches: &IfsSwitches) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<edmx:Edmx Version=\"4.0\" \
         xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\"><edmx:DataServices>\
         <Schema xmlns=\"http://docs.oasis-open.org/odata/ns/edm\" Namespace=\"",
    );
    out.push_str(namespace);
    out.push_str("\">");
    out.push_str("<EnumType Name=\"SupplierState\">");
    for member in members("SupplierState") {
        // Writing to a String cannot fail, here and below.
        let _ = write!(out, "<Member Name=\"{member}\"/>");
    }
    out.push_str(
        "</EnumType><EntityType Name=\"SupplierInfoGeneral\"><Key><PropertyRef Name=\"SupplierId\"/></Key>",
    );
    for column in SUPPLIER.iter().filter(|column| switches.hidden.as_deref() != Some(column.name)) {
        let _ = write!(out, "<Property Name=\"{}\" {}", column.name, edm(namespace, column.kind));
        if column.name == "SupplierId" {
            out.push_str(" Nullable=\"false\"");
        }
        out.push_str("/>");
    }
    // Every row carries these beside its attributes.
    for name in ["luname", "keyref"] {
        let _ = write!(out, "<Property Name=\"{name}\" Type=\"Edm.String\"/>");
    }
    out.push_str("</EntityType><EntityContainer Name=\"Container\">");
    for set in sets {
        let _ = write!(out, "<EntitySet Name=\"{set}\" EntityType=\"{namespace}.SupplierInfoGeneral\"/>");
    }
    out.push_str("</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>");
    out
}

fn edm(namespace: &str, kind: ColumnKind) -> String {
    match kind {
        ColumnKind::Text(length) => format!("Type=\"Edm.String\" MaxLength=\"{length}\""),
        ColumnKind::Decimal(precision, scale) => {
            format!("Type=\"Edm.Decimal\" Precision=\"{precision}\" Scale=\"{scale}\"")
        }
        ColumnKind::Date => "Type=\"Edm.Date\"".to_owned(),
        ColumnKind::Timestamp => "Type=\"Edm.DateTimeOffset\" Precision=\"0\"".to_owned(),
        ColumnKind::Enum(name) => format!("Type=\"{namespace}.{name}\""),
    }
}
