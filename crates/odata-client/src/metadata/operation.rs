//! Actions, functions and terms that a model declares.

use super::{Annotations, TypeUse};

/// One overload of an action or a function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Operation {
    /// Whether it is a function, which changes nothing.
    pub is_function: bool,
    /// Whether its first parameter is what it is called on.
    pub is_bound: bool,
    /// Whether more may be asked of the result of the function.
    pub is_composable: bool,
    /// From which set the result is, as a path that starts with the binding parameter.
    pub entity_set_path: Option<String>,
    /// The parameters in order.
    pub parameters: Vec<Parameter>,
    /// What it gives back.
    pub returns: Option<Returned>,
    /// What is said about it.
    pub annotations: Annotations,
}

/// A parameter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type.
    pub of: TypeUse,
    /// What is said about it.
    pub annotations: Annotations,
}

/// What an operation gives back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Returned {
    /// Its type.
    pub of: TypeUse,
    /// What is said about it.
    pub annotations: Annotations,
}

/// A term of a vocabulary.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Term {
    /// The type of its values.
    pub of: TypeUse,
    /// The term it extends.
    pub base: Option<String>,
    /// What an annotation without a value means, as text.
    pub default_value: Option<String>,
    /// To which kinds of things it applies; to all, if it is empty.
    pub applies_to: Vec<String>,
    /// What is said about it.
    pub annotations: Annotations,
}

impl Operation {
    /// The overload, as annotations target it: `(Ns.Type,Edm.String)`. Overloads of actions differ
    /// by the binding parameter alone (CSDL 4.01, 12.2).
    pub fn signature(&self) -> String {
        let told = match (self.is_function, self.is_bound) {
            (true, _) => self.parameters.len(),
            (false, bound) => usize::from(bound),
        };
        let types: Vec<String> = self.parameters.iter().take(told).map(|one| one.of.spelled()).collect();
        format!("({})", types.join(","))
    }

    /// The type that it is called on, if it is bound.
    pub fn bound_to(&self) -> Option<&TypeUse> {
        self.parameters.first().filter(|_| self.is_bound).map(|parameter| &parameter.of)
    }
}
