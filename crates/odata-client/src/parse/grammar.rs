//! Which segments may follow which: the grammar of paths as tables, walked by sets of states,
//! because without a model a name may be many things at once.

mod tables;
mod token;

pub(super) use tables::{
    AGGREGATE, CONTEXT, CONTEXT_ITEM, EXPAND, EXPRESSION, GROUPING, JOIN, NEST, RESOURCE, SELECT, state,
};
pub(super) use token::{is_call, tokens};

/// From any of the states, on any of the tokens, to the state.
pub(super) struct Rule {
    from: u64,
    on: u64,
    to: u64,
}

/// The grammar of one kind of path.
pub(super) struct Grammar {
    rules: &'static [Rule],
    finals: u64,
}

/// A walk through a [`Grammar`].
#[derive(Clone, Copy)]
pub(super) struct Walk {
    grammar: &'static Grammar,
    states: u64,
}

impl Grammar {
    pub(super) fn walk(&'static self) -> Walk {
        Walk { grammar: self, states: state::START }
    }
}

impl Walk {
    /// Steps over a segment; stays where it is and answers false if the segment cannot follow.
    pub(super) fn step(&mut self, tokens: u64) -> bool {
        let next = self
            .grammar
            .rules
            .iter()
            .filter(|rule| rule.from & self.states != 0 && rule.on & tokens != 0)
            .fold(0, |states, rule| states | rule.to);
        if next != 0 {
            self.states = next;
        }
        next != 0
    }

    /// Whether these segments can follow.
    fn can_take(mut self, tokens: &[u64]) -> bool {
        tokens.iter().all(|tokens| self.step(*tokens))
    }

    /// Whether the path may end here.
    pub(super) fn ends(self) -> bool {
        self.states & self.grammar.finals != 0
    }

    /// Whether the path may be in one of `states`.
    pub(super) fn may_be(self, states: u64) -> bool {
        self.states & states != 0
    }
}
