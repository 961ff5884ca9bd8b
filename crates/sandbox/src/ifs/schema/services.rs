//! The services of the tenant: projections by page or purpose, entity services by logical unit.

use super::{customers, finance, history, purchasing, suppliers};
use crate::ifs::entity::Entity;
use crate::ifs::view::View;

/// A projection or an entity service.
#[derive(Debug)]
pub(crate) struct Service {
    /// Its name, without `.svc`.
    pub(crate) name: &'static str,
    pub(crate) kind: ServiceKind,
    /// Entity sets and what they show.
    pub(crate) sets: &'static [(&'static str, &'static View)],
}

/// Where a service is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServiceKind {
    /// `/main`, `/int` and `/b2b`, under `projection/v1`.
    Projection,
    /// `/int` only, under `entity/v1`, once an administrator has activated it.
    Entity,
}

impl Service {
    /// The namespace of its types.
    pub(crate) fn namespace(&self) -> String {
        format!("IfsApp.{}", self.name)
    }
}

/// The service of this name and kind.
pub(crate) fn service(kind: ServiceKind, name: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.kind == kind && service.name == name)
}

/// All logical units.
pub(crate) fn entities() -> impl Iterator<Item = &'static Entity> {
    let all: [&[&'static Entity]; 5] = [
        &suppliers::ENTITIES,
        &customers::ENTITIES,
        &purchasing::ENTITIES,
        &finance::ENTITIES,
        &history::ENTITIES,
    ];
    all.into_iter().flatten().copied()
}

const fn projection(name: &'static str, sets: &'static [(&'static str, &'static View)]) -> Service {
    Service { name, kind: ServiceKind::Projection, sets }
}

const fn entity(name: &'static str, sets: &'static [(&'static str, &'static View)]) -> Service {
    Service { name, kind: ServiceKind::Entity, sets }
}

static SERVICES: &[Service] = &[
    projection(
        "SupplierHandling",
        &[("SupplierSet", &suppliers::SUPPLIER_VIEW), ("SupplierInfoGeneralSet", &suppliers::SUPPLIER_VIEW)],
    ),
    projection("SuppliersHandling", &[("SupplierInfoGeneralSet", &suppliers::SUPPLIER_VIEW)]),
    projection(
        "CustomerHandling",
        &[("CustomerSet", &customers::CUSTOMER_VIEW), ("CustomerInfoSet", &customers::CUSTOMER_VIEW)],
    ),
    projection("CustomersHandling", &[("CustomerInfoSet", &customers::CUSTOMER_VIEW)]),
    projection(
        "PurchaseOrderHandling",
        &[
            ("PurchaseOrderSet", &purchasing::ORDER_VIEW),
            ("PurchaseOrderLineNopartSet", &purchasing::NOPART_VIEW),
        ],
    ),
    projection("PostingProposalHandling", &[("PostingProposalHeadSet", &finance::PROPOSAL_VIEW)]),
    projection("AccountHandling", &[("AccountSet", &finance::ACCOUNT_VIEW)]),
    projection(
        "GenLedVoucherHandling",
        &[("GenLedVoucherSet", &finance::VOUCHER_VIEW), ("GenLedVoucherRowSet", &finance::VOUCHER_ROW_VIEW)],
    ),
    projection(
        "HistoryLogHandling",
        &[
            ("HistoryLogOverviewSet", &history::HISTORY_VIEW),
            ("HistoryLogDetailsSet", &history::HISTORY_VIEW),
        ],
    ),
    entity("SupplierInfoGeneralEntity", &[("SupplierInfoGeneralSet", &suppliers::SUPPLIER_VIEW)]),
    entity("SupplierInfoAddressEntity", &[("SupplierInfoAddressSet", &suppliers::ADDRESS_VIEW)]),
    entity("SupplierInfoCommMethodEntity", &[("SupplierInfoCommMethodSet", &suppliers::METHOD_VIEW)]),
    entity("SupplierInfoContactEntity", &[("SupplierInfoContactSet", &suppliers::CONTACT_VIEW)]),
    entity("SupplierPaymentEntity", &[("SupplierPaymentSet", &suppliers::PAYMENT_VIEW)]),
    entity("CustomerInfoEntity", &[("CustomerInfoSet", &customers::CUSTOMER_VIEW)]),
    entity("CustomerInfoAddressEntity", &[("CustomerInfoAddressSet", &customers::ADDRESS_VIEW)]),
    entity("CustomerInfoCommMethodEntity", &[("CustomerInfoCommMethodSet", &customers::METHOD_VIEW)]),
    entity("CustomerInfoContactEntity", &[("CustomerInfoContactSet", &customers::CONTACT_VIEW)]),
    entity("PurchaseOrderEntity", &[("PurchaseOrderSet", &purchasing::ORDER_VIEW)]),
    entity("PurchaseOrderLineEntity", &[("PurchaseOrderLineSet", &purchasing::LINE_VIEW)]),
    entity("PurchaseOrderLinePartEntity", &[("PurchaseOrderLinePartSet", &purchasing::PART_VIEW)]),
    entity("PurchaseOrderLineNopartEntity", &[("PurchaseOrderLineNopartSet", &purchasing::NOPART_VIEW)]),
    entity("PostingProposalHeadEntity", &[("PostingProposalHeadSet", &finance::PROPOSAL_VIEW)]),
    entity("AccountEntity", &[("AccountSet", &finance::ACCOUNT_VIEW)]),
    entity("GenLedVoucherEntity", &[("GenLedVoucherSet", &finance::VOUCHER_VIEW)]),
    entity("GenLedVoucherRowEntity", &[("GenLedVoucherRowSet", &finance::VOUCHER_ROW_VIEW)]),
];
