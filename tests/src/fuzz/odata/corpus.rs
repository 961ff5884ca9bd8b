//! What a service of OData answers, and the words of its languages.

pub(super) const XML: &[&str] = &[
    r#"<?xml version="1.0"?><edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0"><edmx:Reference Uri="u"><edmx:Include Namespace="Org.OData.Core.V1" Alias="Core"/><edmx:Include Namespace="Org.OData.Capabilities.V1" Alias="Cap"/></edmx:Reference><edmx:DataServices><Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="N" Alias="Self"><EnumType Name="E" IsFlags="true"><Member Name="A" Value="1"/></EnumType><EntityType Name="B"><Key><PropertyRef Name="Id"/></Key><Property Name="Id" Type="Edm.String" Nullable="false" MaxLength="20"/></EntityType><EntityType Name="T" BaseType="Self.B"><Property Name="P" Type="Edm.Decimal" Precision="5" Scale="2"><Annotation Term="Core.Computed"/></Property><NavigationProperty Name="Nav" Type="Collection(Self.T)" Partner="Back"><OnDelete Action="Cascade"/></NavigationProperty></EntityType><EntityContainer Name="C"><EntitySet Name="S" EntityType="Self.T"><Annotation Term="Cap.FilterRestrictions"><Record><PropertyValue Property="NonFilterableProperties"><Collection><PropertyPath>P</PropertyPath></Collection></PropertyValue></Record></Annotation></EntitySet></EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"#,
    r#"<Edmx Version="4.01"><DataServices><Schema Namespace="N"><Annotations Target="N.C/S"><Annotation Term="X.Y" Qualifier="q"><If><Path>A/B</Path><String>&lt;&amp;&#x41;</String><Null/></If></Annotation></Annotations><Function Name="F" IsBound="true"><Parameter Name="a" Type="Edm.Int32"/><ReturnType Type="Edm.String"/></Function><Term Name="Z" Type="Edm.String"/></Schema></DataServices></Edmx>"#,
];

pub(super) const XML_WORDS: &[&str] = &[
    "<!DOCTYPE a [<!ENTITY b 'c'>]>",
    "&b;",
    "&#0;",
    "&#x110000;",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?x",
    "?>",
    "<a>",
    "</a>",
    "<Schema Namespace=\"N\">",
    "</Schema>",
    "<Record>",
    "</Record>",
    "<Collection>",
    "<And>",
    " BaseType=\"N.T\"",
    " BaseType=\"Self.B\"",
    " Name=\"T\"",
    "Alias=\"N\"",
    "Collection(",
    "Edm.Decimal",
    "max",
    "variable",
    "4.01",
    "=\"",
    "/>",
];

pub(super) const CSDL: &[&str] = &[
    r#"{"$Version":"4.01","$Reference":{"u":{"$Include":[{"$Namespace":"Org.OData.Core.V1","$Alias":"Core"}]}},"N":{"$Alias":"Self","E":{"$Kind":"EnumType","A":0,"A@Core.Description":"d"},"B":{"$Kind":"EntityType","$Key":["Id",{"X":"P/Q"}],"Id":{"$MaxLength":20}},"T":{"$Kind":"EntityType","$BaseType":"Self.B","P":{"$Type":"Edm.Decimal","$Scale":2,"@Core.Computed":true},"Nav":{"$Kind":"NavigationProperty","$Collection":true,"$Type":"Self.T","$OnDelete":"Cascade"}},"F":[{"$Kind":"Function","$Parameter":[{"$Name":"a"}],"$ReturnType":{}}],"C":{"$Kind":"EntityContainer","S":{"$Collection":true,"$Type":"Self.T","@Core.OptimisticConcurrency":["P"]}},"$Annotations":{"Self.C/S":{"@X.Y#q@X.Z":1,"@X.Y#q":{"$If":[{"$Path":"A"},"b",null]}}}}}"#,
];

pub(super) const CSDL_WORDS: &[&str] = &[
    "\"$Kind\":\"EntityType\",",
    "\"$BaseType\":\"N.T\",",
    "{\"$And\":[",
    "{\"$Cast\":",
    "{\"$Path\":",
    "\"@A@B@C\":",
    "\"@\":",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"\"",
    "\"$Key\":[{}],",
    "\"$Collection\":true,",
    "null",
    "\"a.b\"",
];

pub(super) const PAGES: &[&str] = &[
    r#"{"@odata.context":"c","@odata.count":"2","value":[{"a":1}, {"b":[2,{"c":null}]}],"@odata.nextLink":"S?$skiptoken=1"}"#,
    "{ \"value\" : [ ] ,\n\"@context\":\"c\",\"@count\":2,\"@Ns.Term\":{},\"@deltaLink\":\"d\"}",
    r#"{"value":[{"a":1}],"error":{"code":null,"message":"m"}}"#,
];

pub(super) const JSON_WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"value\":[]",
    "\"@odata.nextLink\":\"n\"",
    "\"@nextLink\":\"n\"",
    "\"error\":{}",
    "\"@odata.etag\":\"W/\\\"x\\\"\"",
    "\"A\":",
    "\"B\":",
    "\\u0041",
    "\\",
    "\"",
    " ",
    "1.5",
    "tru",
];

pub(super) const ROWS: &[&str] = &[
    r#"{"@odata.etag":"W/\"a\"","x":{"A":[1,{"B":2}]},"B":null,"\u0041":"t\n","C":12.50,"@odata.id":"i"}"#,
    r#"{"A":"2026-02-28T10:00:00Z","B":"9223372036854775807","C":true}"#,
];

pub(super) const CELLS: &[&str] = &[
    "12.50",
    "\"12.50\"",
    "-1e3",
    "\"a\\u00e9\\n\"",
    "\"2026-02-28T10:00:00.123Z\"",
    "\"2026-02-28\"",
    "null",
    "true",
    "\"2026-02-28T10:00:00\"",
    "9223372036854775807",
    "[1]",
    "{}",
];

pub(super) const ERRORS: &[&str] = &[
    r#"{"error":{"code":"X","message":"m","target":"t","details":[{"code":null,"message":"d"}],"innererror":{}}}"#,
    r#"{"error":"invalid_grant","error_description":"d"}"#,
    r#"{"odata.error":{"code":7,"message":{"lang":"en","value":"m"}}}"#,
    "<html><body>503</body></html>",
];

pub(super) const DOCUMENTS: &[&str] = &[
    r#"{"@odata.context":"$metadata","value":[{"name":"A","kind":"EntitySet","url":"A"},{"name":"F","kind":"FunctionImport"},{"name":"B"}]}"#,
];

pub(super) const LINKS: &[&str] = &[
    "S?$skiptoken=1",
    "https://acme.example/int/S.svc/S?$skiptoken=2",
    "/int/S.svc/S?%24skip=1",
    "../S.svc/S",
    "?a=b",
];

pub(super) const LINK_WORDS: &[&str] = &[
    "https://acme.example@evil.example/",
    "//evil.example/",
    "http://",
    "..",
    "%2e%2e",
    "/",
    "\\",
    "@",
    ":443",
    ":80",
    "#",
    "?",
    "javascript:",
    "\t",
    "https:acme.example",
    "int",
    "S.svc",
    "[::1]",
    "%2f",
    "\u{3002}",
];

pub(super) const FILTERS: &[&str] = &[
    "(Flags has N.E'A') and (Qty mod 2 eq 0) or not contains(Name,'it''s')",
    "Lines/any(l:l/Qty gt 5) and Lines/$count gt 2",
    "At add duration'PT1H' gt 2026-01-01T00:00:00Z",
    "Name in ('a','b') and geo.distance(P,geography'SRID=0;Point(1 2)') lt 1",
];

pub(super) const URLS: &[&str] = &[
    "Orders(No='A%2F1',Line=2)/Lines?$filter=(Qty%20mod%202%20eq%200)&$select=A,B&$expand=L($top=3;$orderby=A%20desc)&$count=true",
    "S?$search=a%20AND%20%22b%20c%22&$skip=3&@p=%27x%27&$filter=contains(Name,@p)%20or%20L/any(x:x/A%20gt%201)",
    "S/N.F(a=@p)?@p=[1,2]&$apply=filter(A%20gt%201)/groupby((B),aggregate(C%20with%20sum%20as%20D))",
    "S('x')/$value",
];

pub(super) const FILTER_WORDS: &[&str] = &[
    " has ",
    " in ",
    " mod ",
    " add ",
    "not ",
    "/any(",
    "/all(",
    "x:",
    "/$count",
    "floor(",
    "'",
    "''",
    "(",
    ")",
    ",",
    "@p",
    "duration'",
];
