//! The same models in XML and in JSON read equal; attacks and damage are refused.

use super::*;

const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.01">
 <edmx:Reference Uri="https://example.org/core"><edmx:Include Namespace="Org.OData.Core.V1" Alias="Core"/>
  <edmx:IncludeAnnotations TermNamespace="a.b" Qualifier="q" TargetNamespace="IfsApp.S"/></edmx:Reference>
 <edmx:DataServices><!-- a comment -->
 <Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="IfsApp.S" Alias="Self">
  <EnumType Name="State"><Member Name="Active" Value="0"/><Member Name="Blocked" Value="1">
    <Annotation Term="Core.Description" String="no &quot;more&quot; &amp; orders"/></Member></EnumType>
  <EnumType Name="Days" UnderlyingType="Edm.Int64" IsFlags="true"><Member Name="Mo" Value="1"/><Member Name="Tu" Value="2"/></EnumType>
  <TypeDefinition Name="Money" UnderlyingType="Edm.Decimal" Precision="20" Scale="variable"/>
  <ComplexType Name="Address" OpenType="true"><Property Name="City" Type="Edm.String" MaxLength="max"/></ComplexType>
  <EntityType Name="Base" Abstract="true"><Key><PropertyRef Name="Id"/><PropertyRef Name="Home/City" Alias="Town"/></Key>
   <Property Name="Id" Type="Edm.String" Nullable="false" MaxLength="20"/><Property Name="Home" Type="Self.Address" Nullable="false"/></EntityType>
  <EntityType Name="Supplier" BaseType="Self.Base" HasStream="true">
   <Property Name="Name" Type="Edm.String" MaxLength="100" Unicode="false" DefaultValue="x"><Annotation Term="Core.Computed"/></Property>
   <Property Name="Price" Type="Edm.Decimal"/>
   <Property Name="Rate" Type="Edm.Decimal" Precision="5" Scale="floating" Nullable="false" DefaultValue="1.5"/>
   <Property Name="Paid" Type="Self.Money"/>
   <Property Name="At" Type="Edm.DateTimeOffset" Precision="0"/>
   <Property Name="Tags" Type="Collection(Edm.String)" Nullable="false"/>
   <Property Name="Objstate" Type="IfsApp.S.State"/>
   <NavigationProperty Name="Lines" Type="Collection(Self.Supplier)" Partner="Parent" ContainsTarget="true"><OnDelete Action="Cascade"/></NavigationProperty>
   <NavigationProperty Name="Parent" Type="Self.Supplier"><ReferentialConstraint Property="Name" ReferencedProperty="Id"/></NavigationProperty>
  </EntityType>
  <Action Name="Pay" IsBound="true"><Parameter Name="on" Type="Self.Supplier" Nullable="false"/><Parameter Name="sum" Type="Edm.Decimal" Scale="2"/></Action>
  <Action Name="Pay"/>
  <Function Name="Top" IsComposable="true"><Parameter Name="n" Type="Edm.Int32" Nullable="false"/><ReturnType Type="Collection(Self.Supplier)"/></Function>
  <Term Name="Mark" Type="Core.Tag" Nullable="false" DefaultValue="true" AppliesTo="Property EntityType"/>
  <EntityContainer Name="C"><EntitySet Name="SupplierSet" EntityType="Self.Supplier"><NavigationPropertyBinding Path="Parent" Target="Self.C/SupplierSet"/>
    <Annotation Term="Core.OptimisticConcurrency"><Collection><PropertyPath>Name</PropertyPath></Collection></Annotation></EntitySet>
   <EntitySet Name="Hidden" EntityType="Self.Supplier" IncludeInServiceDocument="false"/>
   <Singleton Name="Me" Type="Self.Supplier" Nullable="true"/>
   <ActionImport Name="Pay" Action="Self.Pay"/><FunctionImport Name="Top" Function="Self.Top" EntitySet="IfsApp.S.C/SupplierSet" IncludeInServiceDocument="true"/></EntityContainer>
  <Annotations Target="Self.C/SupplierSet" Qualifier="web"><Annotation Term="Self.Mark"><Record Type="Self.R"><PropertyValue Property="A" Int="7"/>
     <PropertyValue Property="B"><If><Path>Self.X/P</Path><String> two
 </String><Null/></If><Annotation Term="Core.Description" String="d"/></PropertyValue><Annotation Term="Self.Mark" Qualifier="in"/></Record>
     <Annotation Term="Core.LongDescription" Decimal="1.50e1"/></Annotation></Annotations>
 </Schema></edmx:DataServices></edmx:Edmx>"#;

const JSON: &str = r##"{"$Version":"4.01","$Reference":{"https://example.org/core":{"$Include":[{"$Namespace":"Org.OData.Core.V1","$Alias":"Core"}],
  "$IncludeAnnotations":[{"$TermNamespace":"a.b","$Qualifier":"q","$TargetNamespace":"IfsApp.S"}]}},
 "$EntityContainer":"IfsApp.S.C",
 "IfsApp.S":{"$Alias":"Self",
  "State":{"$Kind":"EnumType","Active":0,"Blocked":1,"Blocked@Core.Description":"no \"more\" & orders"},
  "Days":{"$Kind":"EnumType","$UnderlyingType":"Edm.Int64","$IsFlags":true,"Mo":"1","Tu":2},
  "Money":{"$Kind":"TypeDefinition","$UnderlyingType":"Edm.Decimal","$Precision":20},
  "Address":{"$Kind":"ComplexType","$OpenType":true,"City":{"$Nullable":true}},
  "Base":{"$Kind":"EntityType","$Abstract":true,"$Key":["Id",{"Town":"Home/City"}],"Id":{"$MaxLength":20},"Home":{"$Type":"Self.Address"}},
  "Supplier":{"$Kind":"EntityType","$BaseType":"Self.Base","$HasStream":true,
   "Name":{"$Nullable":true,"$MaxLength":100,"$Unicode":false,"$DefaultValue":"x","@Core.Computed":true},
   "Price":{"$Type":"Edm.Decimal","$Nullable":true,"$Scale":0},
   "Rate":{"$Type":"Edm.Decimal","$Precision":5,"$Scale":"floating","$DefaultValue":1.5},
   "Paid":{"$Type":"Self.Money","$Nullable":true},
   "At":{"$Type":"Edm.DateTimeOffset","$Nullable":true},
   "Tags":{"$Collection":true},
   "Objstate":{"$Type":"Self.State","$Nullable":true},
   "Lines":{"$Kind":"NavigationProperty","$Collection":true,"$Type":"Self.Supplier","$Partner":"Parent","$ContainsTarget":true,"$OnDelete":"Cascade"},
   "Parent":{"$Kind":"NavigationProperty","$Type":"Self.Supplier","$Nullable":true,"$ReferentialConstraint":{"Name":"Id"}}},
  "Pay":[{"$Kind":"Action","$IsBound":true,"$Parameter":[{"$Name":"on","$Type":"Self.Supplier"},{"$Name":"sum","$Type":"Edm.Decimal","$Nullable":true,"$Scale":2}]},{"$Kind":"Action"}],
  "Top":[{"$Kind":"Function","$IsComposable":true,"$Parameter":[{"$Name":"n","$Type":"Edm.Int32"}],"$ReturnType":{"$Collection":true,"$Type":"Self.Supplier"}}],
  "Mark":{"$Kind":"Term","$Type":"Core.Tag","$DefaultValue":true,"$AppliesTo":["Property","EntityType"]},
  "C":{"$Kind":"EntityContainer","SupplierSet":{"$Collection":true,"$Type":"Self.Supplier","$NavigationPropertyBinding":{"Parent":"SupplierSet"},"@Core.OptimisticConcurrency":["Name"]},
   "Hidden":{"$Collection":true,"$Type":"Self.Supplier","$IncludeInServiceDocument":false},
   "Me":{"$Type":"Self.Supplier","$Nullable":true},
   "Pay":{"$Action":"Self.Pay"},"Top":{"$Function":"Self.Top","$EntitySet":"SupplierSet","$IncludeInServiceDocument":true}},
  "$Annotations":{"Self.C/SupplierSet":{"@Self.Mark#web@Core.LongDescription":15,
    "@Self.Mark#web":{"@type":"#Self.R","A":7,"B":{"$If":[{"$Path":"IfsApp.S.X/P"}," two\n ",null]},"B@Core.Description":"d","@Self.Mark#in":true}}}
 }}"##;

fn both() -> Metadata {
    let xml = Metadata::read(XML.as_bytes()).unwrap();
    let json = Metadata::read(JSON.as_bytes()).unwrap();
    assert_eq!(xml, json);
    xml
}

#[test]
fn one_model_is_equal_in_both_formats_and_any_difference_shows() {
    let xml = both();
    for (from, to) in [
        ("\"$MaxLength\":100", "\"$MaxLength\":99"),
        ("\"$Scale\":0", "\"$Scale\":\"variable\""),
        ("\"$Precision\":20", "\"$Precision\":21"),
        ("\"Tu\":2", "\"Tu\":4"),
        ("\"Id\",{\"Town\"", "\"Id\",{\"Place\""),
        (",\"$OnDelete\":\"Cascade\"", ""),
        ("\"B@Core.Description\":\"d\",", ""),
        ("LongDescription\":15", "LongDescription\":16"),
        ("\"@Core.Computed\":true", "\"@Core.Computed\":false"),
        ("\"Parent\":\"SupplierSet\"", "\"Parent\":\"Hidden\""),
    ] {
        assert!(JSON.contains(from), "{from}");
        let changed = Metadata::read(JSON.replacen(from, to, 1).as_bytes()).unwrap();
        assert_ne!(xml, changed, "{from}");
    }
}

#[test]
fn questions_follow_bases_aliases_and_paths() {
    let metadata = both();
    assert_eq!(metadata.property("SupplierSet", "Name").unwrap().of.max_length, Some(100));
    assert_eq!(metadata.property("SupplierSet", "Id").unwrap().of.name, "Edm.String");
    assert_eq!(metadata.property("SupplierSet", "Home/City").unwrap().name, "City");
    assert!(metadata.property("SupplierSet", "Home/Nothing").is_none());
    assert!(metadata.property("SupplierSet", "City").is_none());
    assert!(metadata.property("Nothing", "Id").is_none());
    let state = metadata.property("SupplierSet", "Objstate").unwrap();
    assert!(metadata.enumeration(&state.of.name).unwrap().names().eq(["Active", "Blocked"]));
    assert!(metadata.enumeration("Self.Days").unwrap().is_flags);
    let keys: Vec<_> = metadata.keys("IfsApp.S.Supplier").iter().map(KeyRef::name).collect();
    assert_eq!(keys, ["Id", "Town"]);
    let names: Vec<_> =
        metadata.properties("IfsApp.S.Supplier").iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names[..3], ["Id", "Home", "Name"]);
    assert_eq!(metadata.underlying("IfsApp.S.Money"), "Edm.Decimal");
    let bound = metadata.bound_operations("IfsApp.S.Supplier");
    assert_eq!(
        bound.iter().map(|(name, one)| (*name, one.signature())).collect::<Vec<_>>(),
        [("IfsApp.S.Pay", "(IfsApp.S.Supplier)".to_owned())]
    );
}

#[test]
fn attacks_and_damage_are_refused() {
    let doctype = XML.replacen("<edmx:Edmx", "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///x\">]><edmx:Edmx", 1);
    let entity = XML.replacen("Alias=\"Self\"", "Alias=\"&bomb;\"", 1);
    let inner = XML.replacen("<String> two", "<String>&bomb;", 1);
    let deep = format!("<Edmx Version=\"4.0\">{}", "<a>".repeat(1_000_000));
    let many = (0..100_000).map(|n| format!("a{n}=\"\"")).collect::<Vec<_>>().join(" ");
    let wide = XML.replacen("<Schema ", &format!("<Schema {many} "), 1);
    let twice = XML.replacen("Name=\"Days\"", "Name=\"State\"", 1);
    let property = XML.replacen("Name=\"Price\"", "Name=\"Name\"", 1);
    let old = XML.replacen("Version=\"4.01\"", "Version=\"1.0\"", 1);
    let slash = XML.replacen("Name=\"Price\"", "Name=\"Price/x\"", 1);
    let trailing = format!("{XML}<more/>");
    let primitive =
        XML.replacen("Name=\"Parent\" Type=\"Self.Supplier\"", "Name=\"Parent\" Type=\"Edm.String\"", 1);
    let short = &XML[..XML.len() - 30];
    for bad in [
        &*doctype,
        &entity,
        &inner,
        &deep,
        &wide,
        &twice,
        &property,
        &slash,
        &old,
        &trailing,
        &primitive,
        short,
        "",
        "<html></html>",
        "<Edmx Version=\"4.0\"/>",
    ] {
        assert!(Metadata::read(bad.as_bytes()).is_err(), "{}", bad.get(..60).unwrap_or(bad));
    }
    assert!(Metadata::read(b"\xff\xfe<\0").is_err());
    let nested =
        format!("{{\"$Version\":\"4.0\",\"S\":{{\"@T\":{}{}}}}}", "[".repeat(100_000), "]".repeat(100_000));
    let repeated = JSON.replacen("\"$Alias\":\"Self\",", "\"$Alias\":\"Self\",\"$Alias\":\"b\",", 1);
    let number = JSON.replacen("\"Tu\":2", "\"Tu\":2.5", 1);
    let length = JSON.replacen("\"$MaxLength\":100", "\"$MaxLength\":-1", 1);
    for bad in [
        &*nested,
        &repeated,
        &number,
        &length,
        "{}",
        "{\"$Version\":\"4.0\"}",
        "{\"$Version\":\"2.0\",\"S\":{}}",
    ] {
        assert!(Metadata::read(bad.as_bytes()).is_err(), "{}", bad.get(..60).unwrap_or(bad));
    }
}

#[test]
fn damage_is_placed() {
    let bad = JSON.replacen("\"$MaxLength\":100", "\"$MaxLength\":\"long\"", 1);
    let error = Metadata::read(bad.as_bytes()).unwrap_err();
    let place = bad.find("{\"$Nullable\":true,\"$MaxLength\":\"long\"").unwrap();
    assert_eq!(error.byte, place as u64, "{error}");
    let bad = XML.replacen("MaxLength=\"100\"", "MaxLength=\"long\"", 1);
    let error = Metadata::read(bad.as_bytes()).unwrap_err();
    assert_eq!(error.byte, bad.find("<Property Name=\"Name\"").unwrap() as u64, "{error}");
}

#[test]
fn bases_in_circles_end() {
    let circle = XML.replacen("Name=\"Base\" ", "Name=\"Base\" BaseType=\"Self.Supplier\" ", 1);
    let metadata = Metadata::read(circle.as_bytes()).unwrap();
    assert!(metadata.property("SupplierSet", "Nothing").is_none());
    assert_eq!(metadata.lineage("IfsApp.S.Supplier").count(), DEEPEST);
}

/// The example pairs of the public repository `oasis-tcs/odata-csdl-schemas`, if the folder with
/// them is named by `ODATA_CSDL_EXAMPLES`.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the examples are not part of the project: the environment says where"
)]
fn published_pairs_read_equal() {
    let Ok(folder) = std::env::var("ODATA_CSDL_EXAMPLES") else { return };
    for name in ["csdl-16.1", "csdl-16.2", "miscellaneous", "miscellaneous2", "special-characters"] {
        let read = |kind: &str| {
            let raw = std::fs::read_to_string(format!("{folder}/{name}.{kind}")).unwrap();
            let mut metadata = Metadata::read(adjusted(&raw).as_bytes()).unwrap();
            loosen(&mut metadata);
            metadata
        };
        let (xml, json) = (read("xml"), read("json"));
        assert_eq!(first_difference(&xml, &json), None, "{name}");
        assert_eq!(xml, json, "{name}");
    }
    for name in ["annotationtarget1", "test1", "test2"] {
        let raw = std::fs::read(format!("{folder}/counterexamples/{name}.xml")).unwrap();
        assert!(Metadata::read(&raw).is_err(), "{name}");
    }
}

/// The published JSON was made from the XML by a script, and differs in three places: a double has
/// the digits that JavaScript prints, `&#x0D;` became a line feed, and each reference leads to the
/// other format.
fn adjusted(raw: &str) -> String {
    raw.replace("3.1415926535897931", "3.141592653589793")
        .replace("&#x0D;&#x0A;", "&#x0A;")
        .replace("&#x0D;", "&#x0A;")
}

/// JSON does not tell paths in constants from text: both sides get theirs qualified.
fn loosen(metadata: &mut Metadata) {
    let aliases = metadata.aliases.clone();
    let mut all: Vec<&mut Annotations> = metadata.external.values_mut().collect();
    all.extend(metadata.schemas.values_mut().map(|schema| &mut schema.annotations));
    for annotations in all {
        annotations.0.values_mut().for_each(|annotation| texts(&mut annotation.value, &aliases));
    }
    for reference in &mut metadata.references {
        let end = reference.uri.rfind('.').filter(|at| [".xml", ".json"].contains(&&reference.uri[*at..]));
        reference.uri.truncate(end.unwrap_or(reference.uri.len()));
    }
}

fn texts(value: &mut Value, aliases: &alias::Aliases) {
    match value {
        Value::Text(text) => *text = aliases.path(text),
        Value::Collection(items) => items.iter_mut().for_each(|item| texts(item, aliases)),
        _ => {}
    }
}

/// Where two models differ first, in few words.
fn first_difference(left: &Metadata, right: &Metadata) -> Option<String> {
    let (left, right) = (format!("{left:#?}"), format!("{right:#?}"));
    let at = left.lines().zip(right.lines()).position(|(left, right)| left != right)?;
    let around =
        |text: &str| text.lines().skip(at.saturating_sub(12)).take(24).collect::<Vec<_>>().join("\n");
    Some(format!("{}\n--- the other\n{}", around(&left), around(&right)))
}
