//! Members of CSDL JSON that declare a model (CSDL JSON 4.01, sections 3 to 13).

use std::collections::BTreeMap;

use super::{Object, Outcome, Slice};
use crate::metadata::type_use::{Defaults, Facets};
use crate::metadata::{
    Constraint, Container, EntitySet, EnumMember, EnumType, Include, IncludeAnnotations, KeyRef, Metadata,
    Navigation, OnDelete, Operation, OperationImport, Parameter, Property, Reference, Returned, Scale,
    Schema, Singleton, StructuredType, Term, TypeDefinition, TypeUse,
};

const DEFAULTS: Defaults = Defaults { nullable: false, scale: Scale::Variable };

/// Reads the whole document.
pub(super) fn document(slice: Slice<'_>, metadata: &mut Metadata) -> Outcome<()> {
    let object = slice.object()?;
    let version = object.required("$Version")?;
    metadata.version = version.string()?;
    if !metadata.version.starts_with("4.") {
        return Err(version.refuse(format!("it is of version {}, not of 4.0 or 4.01", metadata.version)));
    }
    if let Some(references) = object.get("$Reference") {
        for (uri, slice) in references.entries()? {
            let reference = reference(&uri, slice)?;
            metadata.add_reference(reference);
        }
    }
    let mut found = false;
    for (namespace, slice) in object.named().filter(|(_, slice)| slice.is_object()) {
        schema(namespace, slice, metadata)?;
        found = true;
    }
    if found { Ok(()) } else { Err(slice.refuse("it has no schema")) }
}

fn reference(uri: &str, slice: Slice<'_>) -> Outcome<Reference> {
    let mut object = slice.object()?;
    let mut reference = Reference { uri: uri.to_owned(), annotations: object.own()?, ..Reference::default() };
    for include in items(&object, "$Include")? {
        let mut include = include.object()?;
        reference.includes.push(Include {
            namespace: include.required("$Namespace")?.string()?,
            alias: include.text("$Alias")?,
            annotations: include.own()?,
        });
    }
    for include in items(&object, "$IncludeAnnotations")? {
        let include = include.object()?;
        reference.include_annotations.push(IncludeAnnotations {
            term_namespace: include.required("$TermNamespace")?.string()?,
            qualifier: include.text("$Qualifier")?,
            target_namespace: include.text("$TargetNamespace")?,
        });
    }
    Ok(reference)
}

fn items<'t>(object: &Object<'t>, name: &str) -> Outcome<Vec<Slice<'t>>> {
    object.get(name).map_or(Ok(Vec::new()), Slice::array)
}

fn schema(namespace: &str, slice: Slice<'_>, metadata: &mut Metadata) -> Outcome<()> {
    let mut object = slice.object()?;
    let schema = Schema { alias: object.text("$Alias")?, annotations: object.own()? };
    metadata.add_schema(namespace.to_owned(), schema).map_err(|why| slice.refuse(why))?;
    if let Some(external) = object.get("$Annotations") {
        // A target may lead to an annotation, with an `@` that is no mark of this format.
        for (target, slice) in external.entries()? {
            let annotations = slice.object()?.own()?;
            metadata.add_external(&target, annotations).map_err(|why| slice.refuse(why))?;
        }
    }
    for (name, slice) in object.named() {
        declaration(format!("{namespace}.{name}"), slice, metadata)?;
    }
    Ok(())
}

fn declaration(full: String, slice: Slice<'_>, metadata: &mut Metadata) -> Outcome<()> {
    if slice.is_array() {
        let overloads = slice.array()?.into_iter().map(operation).collect::<Outcome<Vec<_>>>()?;
        metadata.operations.insert(full, overloads);
        return Ok(());
    }
    let object = slice.object()?;
    let kind = object.text("$Kind")?;
    let added = match kind.as_deref() {
        Some("EntityType") => metadata.add_entity_type(full, structure(object)?),
        Some("ComplexType") => metadata.add_complex_type(full, structure(object)?),
        Some("EnumType") => metadata.add_enum(full, enumeration(object)?),
        Some("TypeDefinition") => metadata.add_type_definition(full, type_definition(object)?),
        Some("Term") => metadata.add_term(full, term(object)?),
        Some("EntityContainer") => metadata.add_container(full, container(object)?),
        _ => Ok(()),
    };
    added.map_err(|why| slice.refuse(why))
}

fn type_use(object: &Object<'_>, name: &str) -> Outcome<TypeUse> {
    let type_name = object.text(name)?.unwrap_or_else(|| "Edm.String".into());
    let facet = |name: &str| object.get(name).map(Slice::loose).transpose();
    let (max_length, precision) = (facet("$MaxLength")?, facet("$Precision")?);
    let (scale, srid) = (facet("$Scale")?, facet("$SRID")?);
    let facets = Facets {
        nullable: object.get("$Nullable").map(Slice::bool).transpose()?,
        max_length: max_length.as_deref(),
        precision: precision.as_deref(),
        scale: scale.as_deref(),
        srid: srid.as_deref(),
        unicode: object.get("$Unicode").map(Slice::bool).transpose()?,
    };
    TypeUse::new(&type_name, object.flag("$Collection")?, &facets, DEFAULTS)
        .map_err(|why| object.at.refuse(why))
}

fn default_value(object: &Object<'_>) -> Outcome<Option<String>> {
    object.get("$DefaultValue").map(Slice::loose).transpose()
}

fn structure(mut object: Object<'_>) -> Outcome<StructuredType> {
    let mut one = StructuredType {
        base: object.text("$BaseType")?,
        is_abstract: object.flag("$Abstract")?,
        open: object.flag("$OpenType")?,
        has_stream: object.flag("$HasStream")?,
        annotations: object.own()?,
        ..StructuredType::default()
    };
    for part in items(&object, "$Key")? {
        one.keys.extend(key(part)?);
    }
    for (name, slice) in object.named() {
        let member = slice.object()?;
        match member.text("$Kind")?.as_deref() {
            Some("NavigationProperty") => one.navigations.push(navigation(name, member)?),
            _ => one.properties.push(property(name, member)?),
        }
    }
    one.properties.shrink_to_fit();
    Ok(one)
}

fn key(part: Slice<'_>) -> Outcome<Vec<KeyRef>> {
    if !part.is_object() {
        return Ok(vec![KeyRef { path: part.string()?, alias: None }]);
    }
    let aliased = part.object()?;
    let keys = aliased.members.iter();
    keys.map(|(alias, path)| Ok(KeyRef { path: path.string()?, alias: Some(alias.clone().into_owned()) }))
        .collect()
}

fn property(name: &str, mut object: Object<'_>) -> Outcome<Property> {
    Ok(Property {
        name: name.to_owned(),
        of: type_use(&object, "$Type")?,
        default_value: default_value(&object)?,
        annotations: object.own()?,
    })
}

fn navigation(name: &str, mut object: Object<'_>) -> Outcome<Navigation> {
    let mut one = Navigation {
        name: name.to_owned(),
        target: object.required("$Type")?.string()?,
        collection: object.flag("$Collection")?,
        nullable: object.flag("$Nullable")?,
        partner: object.text("$Partner")?,
        contains_target: object.flag("$ContainsTarget")?,
        annotations: object.own()?,
        ..Navigation::default()
    };
    one.check().map_err(|why| object.at.refuse(why))?;
    if let Some(constraints) = object.get("$ReferentialConstraint") {
        let mut constraints = constraints.object()?;
        for (property, referenced) in std::mem::take(&mut constraints.members) {
            let (property, referenced) = (property.into_owned(), referenced.string()?);
            let annotations = constraints.about(&property)?;
            one.constraints.push(Constraint { property, referenced, annotations });
        }
    }
    if let Some(action) = object.text("$OnDelete")? {
        one.on_delete = Some(OnDelete { action, annotations: object.about("$OnDelete")? });
    }
    Ok(one)
}

fn enumeration(mut object: Object<'_>) -> Outcome<EnumType> {
    let mut one = EnumType {
        underlying: object.text("$UnderlyingType")?.unwrap_or_else(|| "Edm.Int32".into()),
        is_flags: object.flag("$IsFlags")?,
        annotations: object.own()?,
        ..EnumType::default()
    };
    for (name, slice) in std::mem::take(&mut object.members) {
        if name.starts_with('$') {
            continue;
        }
        let value =
            slice.loose()?.parse().map_err(|_| slice.refuse(format!("the value of {name} is no integer")))?;
        let annotations = object.about(&name)?;
        one.members.push(EnumMember { name: name.into_owned(), value, annotations });
    }
    Ok(one)
}

fn type_definition(mut object: Object<'_>) -> Outcome<TypeDefinition> {
    object.required("$UnderlyingType")?;
    Ok(TypeDefinition { of: type_use(&object, "$UnderlyingType")?, annotations: object.own()? })
}

fn operation(slice: Slice<'_>) -> Outcome<Operation> {
    let mut object = slice.object()?;
    let mut one = Operation {
        is_function: object.required("$Kind")?.string()? == "Function",
        is_bound: object.flag("$IsBound")?,
        is_composable: object.flag("$IsComposable")?,
        entity_set_path: object.text("$EntitySetPath")?,
        annotations: object.own()?,
        ..Operation::default()
    };
    for parameter in items(&object, "$Parameter")? {
        let mut parameter = parameter.object()?;
        let name = parameter.required("$Name")?.string()?;
        let of = type_use(&parameter, "$Type")?;
        one.parameters.push(Parameter { name, of, annotations: parameter.own()? });
    }
    if let Some(returned) = object.get("$ReturnType") {
        let mut returned = returned.object()?;
        one.returns = Some(Returned { of: type_use(&returned, "$Type")?, annotations: returned.own()? });
    }
    Ok(one)
}

fn term(mut object: Object<'_>) -> Outcome<Term> {
    let applies_to = items(&object, "$AppliesTo")?.into_iter().map(Slice::string);
    Ok(Term {
        applies_to: applies_to.collect::<Outcome<_>>()?,
        of: type_use(&object, "$Type")?,
        base: object.text("$BaseTerm")?,
        default_value: default_value(&object)?,
        annotations: object.own()?,
    })
}

fn container(mut object: Object<'_>) -> Outcome<Container> {
    let mut one =
        Container { extends: object.text("$Extends")?, annotations: object.own()?, ..Container::default() };
    for (name, slice) in object.named() {
        let child = slice.object()?;
        let name = name.to_owned();
        if child.get("$Action").is_some() {
            one.action_imports.insert(name, import(child, "$Action")?);
        } else if child.get("$Function").is_some() {
            one.function_imports.insert(name, import(child, "$Function")?);
        } else if child.flag("$Collection")? {
            one.sets.insert(name, entity_set(child)?);
        } else {
            one.singletons.insert(name, singleton(child)?);
        }
    }
    Ok(one)
}

fn bindings(object: &Object<'_>) -> Outcome<BTreeMap<String, String>> {
    let Some(bindings) = object.get("$NavigationPropertyBinding") else { return Ok(BTreeMap::new()) };
    bindings
        .object()?
        .members
        .into_iter()
        .map(|(path, target)| Ok((path.into_owned(), target.string()?)))
        .collect()
}

fn entity_set(mut object: Object<'_>) -> Outcome<EntitySet> {
    let advertised = object.get("$IncludeInServiceDocument").map(Slice::bool).transpose()?;
    Ok(EntitySet {
        entity_type: object.required("$Type")?.string()?,
        advertised: advertised.unwrap_or(true),
        bindings: bindings(&object)?,
        annotations: object.own()?,
    })
}

fn singleton(mut object: Object<'_>) -> Outcome<Singleton> {
    Ok(Singleton {
        entity_type: object.required("$Type")?.string()?,
        nullable: object.flag("$Nullable")?,
        bindings: bindings(&object)?,
        annotations: object.own()?,
    })
}

fn import(mut object: Object<'_>, kind: &str) -> Outcome<OperationImport> {
    Ok(OperationImport {
        operation: object.required(kind)?.string()?,
        entity_set: object.text("$EntitySet")?,
        advertised: object.flag("$IncludeInServiceDocument")?,
        annotations: object.own()?,
    })
}
