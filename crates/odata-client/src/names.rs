//! What a name may stand for: the grammar of OData URLs needs a model to tell a property from a
//! function.

use std::collections::{BTreeMap, BTreeSet};

macro_rules! roles {
    ($($(#[$doc:meta])* $name:ident = $rule:literal,)*) => {
        /// The part that a name plays in a URL, after the rules of the OASIS grammar.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Role {
            $($(#[$doc])* $name,)*
        }

        impl Role {
            /// Every role.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name of the grammar's rule.
            pub fn rule(self) -> &'static str {
                match self {
                    $(Self::$name => $rule,)*
                }
            }
        }
    };
}

roles! {
    /// An entity set.
    EntitySet = "entitySetName",
    /// A singleton.
    Singleton = "singletonEntity",
    /// An entity type, without its namespace.
    EntityType = "entityTypeName",
    /// A complex type, without its namespace.
    ComplexType = "complexTypeName",
    /// A type definition, without its namespace.
    TypeDefinition = "typeDefinitionName",
    /// An enumeration, without its namespace.
    EnumType = "enumerationTypeName",
    /// A member of an enumeration.
    EnumMember = "enumerationMember",
    /// One part of a namespace.
    NamespacePart = "namespacePart",
    /// A term, without its namespace.
    Term = "termName",
    /// A primitive property of a key.
    KeyProperty = "primitiveKeyProperty",
    /// Another name of a property of a key.
    KeyAlias = "keyPropertyAlias",
    /// A primitive property outside of the key.
    PrimitiveProperty = "primitiveNonKeyProperty",
    /// A property with many primitive values.
    PrimitiveCollection = "primitiveColProperty",
    /// A complex property.
    ComplexProperty = "complexProperty",
    /// A property with many complex values.
    ComplexCollection = "complexColProperty",
    /// A stream.
    Stream = "streamProperty",
    /// A navigation to one entity.
    Navigation = "entityNavigationProperty",
    /// A navigation to many entities.
    NavigationCollection = "entityColNavigationProperty",
    /// A custom aggregate.
    CustomAggregate = "customAggregate",
    /// A bound action.
    Action = "action",
    /// An action at the service root.
    ActionImport = "actionImport",
    /// A function that gives one entity.
    EntityFunction = "entityFunction",
    /// A function that gives many entities.
    EntitiesFunction = "entityColFunction",
    /// A function that gives one complex value.
    ComplexFunction = "complexFunction",
    /// A function that gives many complex values.
    ComplexesFunction = "complexColFunction",
    /// A function that gives one primitive value.
    PrimitiveFunction = "primitiveFunction",
    /// A function that gives many primitive values.
    PrimitivesFunction = "primitiveColFunction",
    /// As `EntityFunction`, at the service root.
    EntityImport = "entityFunctionImport",
    /// As `EntitiesFunction`, at the service root.
    EntitiesImport = "entityColFunctionImport",
    /// As `ComplexFunction`, at the service root.
    ComplexImport = "complexFunctionImport",
    /// As `ComplexesFunction`, at the service root.
    ComplexesImport = "complexColFunctionImport",
    /// As `PrimitiveFunction`, at the service root.
    PrimitiveImport = "primitiveFunctionImport",
    /// As `PrimitivesFunction`, at the service root.
    PrimitivesImport = "primitiveColFunctionImport",
    /// A parameter of a function.
    Parameter = "parameterName",
    /// The variable of `any` and `all`.
    Variable = "lambdaVariableExpr",
    /// The name that an aggregate is given.
    Alias = "expressionAlias",
    /// A key value that is a segment of its own.
    KeySegment = "keyPathLiteral",
    /// A query option that OData does not know.
    CustomOption = "customName",
    /// An annotation with one primitive value, with its `@`, as it stands in a query.
    PrimitiveAnnotation = "primitiveAnnotationInQuery",
    /// An annotation with many primitive values.
    PrimitivesAnnotation = "primitiveColAnnotationInQuery",
    /// An annotation with a complex value.
    ComplexAnnotation = "complexAnnotationInQuery",
    /// An annotation with an entity.
    EntityAnnotation = "entityAnnotationInQuery",
    /// An annotation with a complex value, as it stands in a context URL.
    ComplexAnnotationInContext = "complexAnnotationInFragment",
    /// An annotation with an entity, as it stands in a context URL.
    EntityAnnotationInContext = "entityAnnotationInFragment",
}

impl Role {
    /// The role of the grammar's rule `rule`, if it is a rule for names.
    pub fn of_rule(rule: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.rule() == rule)
    }
}

/// Says what a name may stand for. A parser without a model takes [`AnyName`].
pub trait Names {
    /// Whether `name` may play `role`.
    fn allows(&self, role: Role, name: &str) -> bool;
}

/// Every name may stand for everything: only the syntax decides.
#[derive(Debug, Clone, Copy, Default)]
pub struct AnyName;

impl Names for AnyName {
    fn allows(&self, _role: Role, _name: &str) -> bool {
        true
    }
}

/// Lists of the names that may play a role; a role without a list is open to every name.
///
/// ```
/// use odata_client::{NameLists, RelativeUri, Role};
///
/// let mut names = NameLists::default();
/// names.insert(Role::EntitySet, ["Products"]);
/// names.insert(Role::ActionImport, []);
/// names.insert(Role::Singleton, []);
/// assert!(RelativeUri::parse_with("Products(1)", &names).is_ok());
/// assert!(RelativeUri::parse_with("Secrets(1)", &names).is_err());
/// ```
#[derive(Debug, Clone, Default)]
pub struct NameLists {
    lists: BTreeMap<Role, BTreeSet<String>>,
}

impl NameLists {
    /// Closes `role` but for `names`.
    pub fn insert<'a>(&mut self, role: Role, names: impl IntoIterator<Item = &'a str>) {
        self.lists.entry(role).or_default().extend(names.into_iter().map(str::to_owned));
    }
}

impl Names for NameLists {
    fn allows(&self, role: Role, name: &str) -> bool {
        self.lists.get(&role).is_none_or(|list| list.contains(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_without_a_list_is_open() {
        let mut names = NameLists::default();
        names.insert(Role::Action, []);
        assert!(!names.allows(Role::Action, "A"));
        assert!(names.allows(Role::Stream, "A"));
        assert_eq!(Role::of_rule("action"), Some(Role::Action));
        assert_eq!(Role::of_rule("commonExpr"), None);
    }
}
