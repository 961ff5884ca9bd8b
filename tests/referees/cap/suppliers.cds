// What a foreign OData server serves to the client: the default fields of the supplier mapping, and a
// few that no mapping asks for, of the types that clients get wrong.
namespace referee;

entity Suppliers {
  key SupplierId    : String(40);
      Name          : String(300);
      AssociationNo : String(50);
      Country       : String(2);
      Address1      : String(100);
      Address2      : String(100);
      ZipCode       : String(35);
      City          : String(35);
      State         : String(35);
      Phone         : String(50);
      Fax           : String(50);
      Email         : String(200);
      WebAddress    : String(200);
      CurrencyCode  : String(3);
      PayTermId     : String(20);
      DeliveryTerms : String(20);
      CreditLimit   : Decimal(17, 2);
      CreationDate  : Date;
      ExpireDate    : Date;
      Objstate      : String(20) enum { Active; Blocked; Expired; };
      ModifiedDate  : Timestamp;
      Revision      : Int64 @odata.etag;
      Note          : LargeString;
}

entity Customers {
  key CustomerId   : String(20);
      Name         : String(100);
      ModifiedDate : Timestamp;
}

@path: '/int/ifsapplications/projection/v1/SupplierHandling.svc'
@cds.query.limit: { default: 5000, max: 5000 }
service SupplierHandling {
  entity SupplierSet as projection on Suppliers;
}

// Laid out as such servers are, not as IFS is.
@path: '/odata/v4/catalog'
@cds.query.limit: { default: 5000, max: 5000 }
service Catalog {
  entity Vendors as projection on Suppliers;
}

@path: '/int/ifsapplications/projection/v1/CustomerHandling.svc'
@cds.query.limit: { default: 5000, max: 5000 }
service CustomerHandling {
  entity CustomerSet as projection on Customers;
}
