//! Why a record has to wait, in words.

use jiff::Timestamp;
use mapping::{ExternalId, Key, MapError, Reference};

use crate::flow::raw;
use crate::{Fault, FaultClass, ParkedClass};

/// Why a record has to wait.
#[derive(Debug)]
pub(crate) struct Halt {
    pub(crate) class: ParkedClass,
    pub(crate) fault: Fault,
    pub(crate) due: Option<Timestamp>,
    /// The records it waits for.
    pub(crate) waits_for: Vec<Reference>,
}

impl Halt {
    pub(crate) fn new(class: ParkedClass, fault: Fault, due: Option<Timestamp>) -> Self {
        Self { class, fault, due, waits_for: Vec::new() }
    }

    fn quarantine(class: FaultClass, code: &str, message: String, hint: &str) -> Self {
        let hint = Some(hint.into());
        let fault = Fault { class, code: code.into(), message, fields: vec![], hint };
        Self::new(ParkedClass::Quarantine, fault, None)
    }
}

/// A fault out of a mapping error.
pub(crate) fn unmappable(error: MapError) -> Halt {
    let value = error.value.map(|value| format!(" (value: {})", raw(&value).get())).unwrap_or_default();
    let fault = Fault {
        class: FaultClass::Data,
        code: "UNMAPPABLE".into(),
        message: format!("{}{value}", error.reason),
        fields: vec![error.field],
        hint: error.hint,
    };
    Halt::new(ParkedClass::Quarantine, fault, None)
}

pub(crate) fn rival(id: &ExternalId, holder: &Key) -> Halt {
    Halt::quarantine(
        FaultClass::Identity,
        "RIVAL",
        format!("external id {id} is already claimed by source record {holder}"),
        "make the external id unique in the mapping, or remove one of the two source records",
    )
}

pub(crate) fn repointed(id: &ExternalId, before: &ExternalId) -> Halt {
    Halt::quarantine(
        FaultClass::Identity,
        "REPOINTED",
        format!("the record belongs to {before} and now names {id}"),
        "put the external id back, or take the pair apart with the delete policy `unlink` and link it anew",
    )
}

pub(crate) fn held(reason: &str) -> Halt {
    Halt::quarantine(
        FaultClass::Data,
        "HELD",
        reason.into(),
        "the flow's policy forbids this write; change it in the flow's file",
    )
}

pub(crate) fn settling(until: Timestamp) -> Halt {
    let message = format!("an earlier write whose answer was lost may still land until {until}");
    let fault =
        Fault { class: FaultClass::Transient, code: "SETTLING".into(), message, fields: vec![], hint: None };
    Halt::new(ParkedClass::Settling, fault, Some(until))
}

pub(crate) fn crossed(partner: &str, due: Timestamp) -> Halt {
    let message = format!("flow {partner} has written this record and does not know yet what became of it");
    let fault =
        Fault { class: FaultClass::Transient, code: "CROSSED".into(), message, fields: vec![], hint: None };
    Halt::new(ParkedClass::Settling, fault, Some(due))
}

pub(crate) fn frozen(fields: Vec<mapping::FieldName>) -> Halt {
    let fault = Fault {
        class: FaultClass::Conflict,
        code: "FLIP_FLOP".into(),
        message: "the same field was written to and fro three times within an hour".into(),
        fields,
        hint: Some(
            "another program or a rule in one of the systems changes it back; end that, then \
             `ml-connector quarantine retry`"
                .into(),
        ),
    };
    Halt::new(ParkedClass::Frozen, fault, None)
}
