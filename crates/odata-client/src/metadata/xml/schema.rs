//! Elements of CSDL XML that declare a model (CSDL XML 4.01, sections 3 to 13).

use super::annotation::{annotation, targeted};
use super::{Cursor, Element, Outcome};
use crate::metadata::type_use::{Defaults, Facets, uncollected};
use crate::metadata::{
    Annotations, Constraint, Container, EntitySet, EnumMember, EnumType, Include, IncludeAnnotations, KeyRef,
    Metadata, Navigation, OnDelete, Operation, OperationImport, Parameter, Property, Reference, Returned,
    Scale, Schema, Singleton, StructuredType, Term, TypeDefinition, TypeUse,
};

const DEFAULTS: Defaults = Defaults { nullable: true, scale: Scale::Digits(0) };

/// Reads the whole document below `root`.
pub(super) fn document(cursor: &mut Cursor<'_>, root: &mut Element, metadata: &mut Metadata) -> Outcome<()> {
    if root.name != "Edmx" {
        return Err(format!("its outermost element is {}, not Edmx", root.name));
    }
    let version = root.required("Version")?;
    if !version.starts_with("4.") {
        return Err(format!("it is of version {version}, not of 4.0 or 4.01"));
    }
    version.clone_into(&mut metadata.version);
    let mut found = false;
    while let Some(child) = cursor.child(root)? {
        match child.name.as_str() {
            "Reference" => {
                let reference = reference(cursor, &child)?;
                metadata.add_reference(reference);
            }
            "DataServices" => {
                while let Some(inner) = cursor.child(&child)? {
                    if inner.name == "Schema" {
                        schema(cursor, &inner, metadata)?;
                        found = true;
                    }
                }
            }
            _ => {}
        }
    }
    cursor.finish()?;
    if found { Ok(()) } else { Err("it has no schema".into()) }
}

fn reference(cursor: &mut Cursor<'_>, element: &Element) -> Outcome<Reference> {
    let mut reference = Reference { uri: element.required("Uri")?.to_owned(), ..Reference::default() };
    while let Some(child) = cursor.child(element)? {
        match child.name.as_str() {
            "Include" => reference.includes.push(Include {
                namespace: child.required("Namespace")?.to_owned(),
                alias: child.owned("Alias"),
                annotations: only_annotations(cursor, &child)?,
            }),
            "IncludeAnnotations" => reference.include_annotations.push(IncludeAnnotations {
                term_namespace: child.required("TermNamespace")?.to_owned(),
                qualifier: child.owned("Qualifier"),
                target_namespace: child.owned("TargetNamespace"),
            }),
            "Annotation" => annotation(cursor, &child, &mut reference.annotations)?,
            _ => {}
        }
    }
    Ok(reference)
}

fn only_annotations(cursor: &mut Cursor<'_>, element: &Element) -> Outcome<Annotations> {
    let mut annotations = Annotations::default();
    while let Some(child) = cursor.child(element)? {
        if child.name == "Annotation" {
            annotation(cursor, &child, &mut annotations)?;
        }
    }
    Ok(annotations)
}

fn schema(cursor: &mut Cursor<'_>, element: &Element, metadata: &mut Metadata) -> Outcome<()> {
    let namespace = element.required("Namespace")?.to_owned();
    let mut schema = Schema { alias: element.owned("Alias"), ..Schema::default() };
    while let Some(child) = cursor.child(element)? {
        if child.name == "Annotation" {
            annotation(cursor, &child, &mut schema.annotations)?;
        } else {
            declaration(cursor, &namespace, &child, metadata)?;
        }
    }
    metadata.add_schema(namespace, schema)
}

fn declaration(
    cursor: &mut Cursor<'_>,
    namespace: &str,
    element: &Element,
    metadata: &mut Metadata,
) -> Outcome<()> {
    let full = || Ok::<_, String>(format!("{namespace}.{}", element.required("Name")?));
    match element.name.as_str() {
        "EntityType" => {
            let one = structure(cursor, element)?;
            metadata.add_entity_type(full()?, one)
        }
        "ComplexType" => {
            let one = structure(cursor, element)?;
            metadata.add_complex_type(full()?, one)
        }
        "EnumType" => {
            let one = enumeration(cursor, element)?;
            metadata.add_enum(full()?, one)
        }
        "TypeDefinition" => {
            let of = type_use(element, "UnderlyingType", Defaults { nullable: false, ..DEFAULTS })?;
            let one = TypeDefinition { of, annotations: only_annotations(cursor, element)? };
            metadata.add_type_definition(full()?, one)
        }
        "Action" | "Function" => {
            let one = operation(cursor, element)?;
            metadata.operations.entry(full()?).or_default().push(one);
            Ok(())
        }
        "Term" => {
            let one = term(cursor, element)?;
            metadata.add_term(full()?, one)
        }
        "EntityContainer" => {
            let one = container(cursor, element)?;
            metadata.add_container(full()?, one)
        }
        "Annotations" => {
            let mut annotations = Annotations::default();
            targeted(cursor, element, &mut annotations)?;
            metadata.add_external(element.required("Target")?, annotations)
        }
        _ => Ok(()),
    }
}

fn type_use(element: &Element, attribute: &str, defaults: Defaults) -> Outcome<TypeUse> {
    let (name, collection) = uncollected(element.required(attribute)?);
    let facets = Facets {
        nullable: element.flag("Nullable")?,
        max_length: element.attribute("MaxLength"),
        precision: element.attribute("Precision"),
        scale: element.attribute("Scale"),
        srid: element.attribute("SRID"),
        unicode: element.flag("Unicode")?,
    };
    let nullable = defaults.nullable && !collection;
    TypeUse::new(name, collection, &facets, Defaults { nullable, ..defaults })
}

fn structure(cursor: &mut Cursor<'_>, element: &Element) -> Outcome<StructuredType> {
    let mut one = StructuredType {
        base: element.owned("BaseType"),
        is_abstract: element.flag("Abstract")?.unwrap_or(false),
        open: element.flag("OpenType")?.unwrap_or(false),
        has_stream: element.flag("HasStream")?.unwrap_or(false),
        ..StructuredType::default()
    };
    while let Some(child) = cursor.child(element)? {
        match child.name.as_str() {
            "Key" if one.keys.is_empty() => one.keys = keys(cursor, &child)?,
            "Key" => return Err("a type has two keys".into()),
            "Property" => one.properties.push(property(cursor, &child)?),
            "NavigationProperty" => one.navigations.push(navigation(cursor, &child)?),
            "Annotation" => annotation(cursor, &child, &mut one.annotations)?,
            _ => {}
        }
    }
    one.properties.shrink_to_fit();
    Ok(one)
}

fn keys(cursor: &mut Cursor<'_>, element: &Element) -> Outcome<Vec<KeyRef>> {
    let mut keys = Vec::new();
    while let Some(child) = cursor.child(element)? {
        if child.name == "PropertyRef" {
            keys.push(KeyRef { path: child.required("Name")?.to_owned(), alias: child.owned("Alias") });
        }
    }
    Ok(keys)
}

fn property(cursor: &mut Cursor<'_>, element: &Element) -> Outcome<Property> {
    Ok(Property {
        name: element.required("Name")?.to_owned(),
        of: type_use(element, "Type", DEFAULTS)?,
        default_value: element.owned("DefaultValue"),
        annotations: only_annotations(cursor, element)?,
    })
}

fn navigation(cursor: &mut Cursor<'_>, element: &Element) -> Outcome<Navigation> {
    let (target, collection) = uncollected(element.required("Type")?);
    let mut one = Navigation {
        name: element.required("Name")?.to_owned(),
        target: target.to_owned(),
        collection,
        nullable: element.flag("Nullable")?.unwrap_or(!collection),
        partner: element.owned("Partner"),
        contains_target: element.flag("ContainsTarget")?.unwrap_or(false),
        ..Navigation::default()
    };
    one.check()?;
    while let Some(child) = cursor.child(element)? {
        match child.name.as_str() {
            "ReferentialConstraint" => one.constraints.push(Constraint {
                property: child.required("Property")?.to_owned(),
                referenced: child.required("ReferencedProperty")?.to_owned(),
                annotations: only_annotations(cursor, &child)?,
            }),
            "OnDelete" => {
                let action = child.required("Action")?.to_owned();
                one.on_delete = Some(OnDelete { action, annotations: only_annotations(cursor, &child)? });
            }
            "Annotation" => annotation(cursor, &child, &mut one.annotations)?,
            _ => {}
        }
    }
    Ok(one)
}

fn enumeration(cursor: &mut Cursor<'_>, element: &Element) -> Outcome<EnumType> {
    let mut one = EnumType {
        underlying: element.attribute("UnderlyingType").unwrap_or("Edm.Int32").to_owned(),
        is_flags: element.flag("IsFlags")?.unwrap_or(false),
        ..EnumType::default()
    };
    while let Some(child) = cursor.child(element)? {
        match child.name.as_str() {
            "Member" => {
                let name = child.required("Name")?.to_owned();
                let value = match child.attribute("Value") {
                    Some(text) => {
                        text.trim().parse().map_err(|_| format!("the value of {name} is {text:?}"))?
                    }
                    None => i64::try_from(one.members.len()).unwrap_or(i64::MAX),
                };
                let annotations = only_annotations(cursor, &child)?;
                one.members.push(EnumMember { name, value, annotations });
            }
            "Annotation" => annotation(cursor, &child, &mut one.annotations)?,
            _ => {}
        }
    }
    Ok(one)
}

fn operation(cursor: &mut Cursor<'_>, element: &Element) -> Outcome<Operation> {
    let mut one = Operation {
        is_function: element.name == "Function",
        is_bound: element.flag("IsBound")?.unwrap_or(false),
        is_composable: element.flag("IsComposable")?.unwrap_or(false),
        entity_set_path: element.owned("EntitySetPath"),
        ..Operation::default()
    };
    while let Some(child) = cursor.child(element)? {
        match child.name.as_str() {
            "Parameter" => one.parameters.push(Parameter {
                name: child.required("Name")?.to_owned(),
                of: type_use(&child, "Type", DEFAULTS)?,
                annotations: only_annotations(cursor, &child)?,
            }),
            "ReturnType" => {
                let of = type_use(&child, "Type", DEFAULTS)?;
                one.returns = Some(Returned { of, annotations: only_annotations(cursor, &child)? });
            }
            "Annotation" => annotation(cursor, &child, &mut one.annotations)?,
            _ => {}
        }
    }
    Ok(one)
}

fn term(cursor: &mut Cursor<'_>, element: &Element) -> Outcome<Term> {
    let applies_to = element.attribute("AppliesTo").unwrap_or_default();
    Ok(Term {
        of: type_use(element, "Type", DEFAULTS)?,
        base: element.owned("BaseTerm"),
        default_value: element.owned("DefaultValue"),
        applies_to: applies_to.split_whitespace().map(str::to_owned).collect(),
        annotations: only_annotations(cursor, element)?,
    })
}

fn container(cursor: &mut Cursor<'_>, element: &Element) -> Outcome<Container> {
    let mut one = Container { extends: element.owned("Extends"), ..Container::default() };
    while let Some(child) = cursor.child(element)? {
        let name = || child.required("Name").map(str::to_owned);
        let fresh = match child.name.as_str() {
            "EntitySet" => one.sets.insert(name()?, entity_set(cursor, &child)?).is_none(),
            "Singleton" => one.singletons.insert(name()?, singleton(cursor, &child)?).is_none(),
            "ActionImport" => one.action_imports.insert(name()?, import(cursor, &child, "Action")?).is_none(),
            "FunctionImport" => {
                one.function_imports.insert(name()?, import(cursor, &child, "Function")?).is_none()
            }
            "Annotation" => {
                annotation(cursor, &child, &mut one.annotations)?;
                true
            }
            _ => true,
        };
        if !fresh {
            return Err(format!("the {} {} is declared twice", child.name, name()?));
        }
    }
    Ok(one)
}

fn entity_set(cursor: &mut Cursor<'_>, element: &Element) -> Outcome<EntitySet> {
    let mut one = EntitySet {
        entity_type: element.required("EntityType")?.to_owned(),
        advertised: element.flag("IncludeInServiceDocument")?.unwrap_or(true),
        ..EntitySet::default()
    };
    while let Some(child) = cursor.child(element)? {
        match child.name.as_str() {
            "NavigationPropertyBinding" => {
                one.bindings.insert(child.required("Path")?.to_owned(), child.required("Target")?.to_owned());
            }
            "Annotation" => annotation(cursor, &child, &mut one.annotations)?,
            _ => {}
        }
    }
    Ok(one)
}

fn singleton(cursor: &mut Cursor<'_>, element: &Element) -> Outcome<Singleton> {
    let mut one = Singleton {
        entity_type: element.required("Type")?.to_owned(),
        nullable: element.flag("Nullable")?.unwrap_or(false),
        ..Singleton::default()
    };
    while let Some(child) = cursor.child(element)? {
        match child.name.as_str() {
            "NavigationPropertyBinding" => {
                one.bindings.insert(child.required("Path")?.to_owned(), child.required("Target")?.to_owned());
            }
            "Annotation" => annotation(cursor, &child, &mut one.annotations)?,
            _ => {}
        }
    }
    Ok(one)
}

fn import(cursor: &mut Cursor<'_>, element: &Element, kind: &str) -> Outcome<OperationImport> {
    Ok(OperationImport {
        operation: element.required(kind)?.to_owned(),
        entity_set: element.owned("EntitySet"),
        advertised: element.flag("IncludeInServiceDocument")?.unwrap_or(false),
        annotations: only_annotations(cursor, element)?,
    })
}
