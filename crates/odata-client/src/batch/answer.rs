//! What became of each part of a batch.

use std::collections::BTreeMap;

use http::StatusCode;
use http::header::DATE;
use url::Url;
use wire::{Evidence, Response};

use super::multipart::{Piece, Pieces};
use super::{Batch, Item, json, multipart, sending};
use crate::page::byte_offset;
use crate::refusal::{self, excerpt, is_json};
use crate::resource::PartId;
use crate::write::{Written, written};
use crate::{ODataError, Reply, StatusError};

/// What became of one part.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Verdict {
    /// The change is made.
    Written(Box<Written>),
    /// What a read gave.
    Answered(Box<Reply>),
    /// The server refused it.
    Refused(Box<StatusError>),
    /// It was not refused itself, but belongs to a group that failed: nothing of the group is made,
    /// whatever else the server says of the part (some still say 200).
    RolledBack {
        /// The part that failed, if the server says which.
        because_of: Option<PartId>,
        /// Why it failed.
        error: Box<StatusError>,
    },
    /// Nothing is known: the answer lacks it, or cannot be read there. It may be done or not: look
    /// before it is repeated.
    Unknown {
        /// What is missing.
        why: String,
    },
}

impl Verdict {
    /// Whether the part is known to have succeeded.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Written(_) | Self::Answered(_))
    }

    /// Whether a change may be made though it did not succeed.
    pub fn may_have_acted(&self) -> bool {
        match self {
            Self::Written(_) | Self::Answered(_) => false,
            Self::Refused(error) | Self::RolledBack { error, .. } => error.status.is_server_error(),
            Self::Unknown { .. } => true,
        }
    }

    /// What the server said against it.
    pub fn error(&self) -> Option<&StatusError> {
        match self {
            Self::Refused(error) | Self::RolledBack { error, .. } => Some(error),
            _ => None,
        }
    }

    fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown { why: why.into() }
    }
}

/// The verdict on each part of a batch.
#[derive(Debug, Clone)]
pub struct BatchAnswer {
    verdicts: BTreeMap<PartId, Verdict>,
    missing: Verdict,
    /// The audit entry that holds the answer.
    pub evidence: Option<Evidence>,
}

impl BatchAnswer {
    /// The verdict on `part`; [`Verdict::Unknown`] for a part of another batch.
    pub fn verdict(&self, part: PartId) -> &Verdict {
        self.verdicts.get(&part).unwrap_or(&self.missing)
    }

    /// All verdicts, in the order of the parts.
    pub fn verdicts(&self) -> impl Iterator<Item = (PartId, &Verdict)> {
        self.verdicts.iter().map(|(part, verdict)| (*part, verdict))
    }

    /// Whether every part succeeded.
    pub fn is_success(&self) -> bool {
        self.verdicts.values().all(Verdict::is_success)
    }

    pub(super) fn read(
        operation: &'static str,
        batch: &Batch,
        root: &Url,
        response: &Response,
    ) -> Result<Self, ODataError> {
        let mut found = Found { batch, answers: BTreeMap::new(), groups: BTreeMap::new() };
        let whole = found.fill(operation, response)?;
        let missing = if whole { "the answer says nothing of it" } else { "the answer breaks off before it" };
        let judge = Judge { operation, root, outer: response, found, missing };
        let mut verdicts = BTreeMap::new();
        for (place, item) in batch.items.iter().enumerate() {
            judge.item(place, item, &mut verdicts);
        }
        let evidence = response.extensions().get::<Evidence>().copied();
        Ok(Self { verdicts, missing: Verdict::unknown("it is no part of this batch"), evidence })
    }
}

/// The answers to parts and to groups as a whole.
struct Found<'b> {
    batch: &'b Batch,
    /// None for a part that was answered twice.
    answers: BTreeMap<PartId, Option<Response>>,
    /// By the place of the group in the batch.
    groups: BTreeMap<usize, Response>,
}

impl Found<'_> {
    /// Whether the answer is whole.
    fn fill(&mut self, operation: &'static str, response: &Response) -> Result<bool, ODataError> {
        let malformed =
            |place: String, why: String| ODataError::Malformed { operation, what: "batch", place, why };
        if let Some(Pieces { pieces, whole }) = multipart::read(response) {
            for (place, piece) in pieces.into_iter().enumerate() {
                self.piece(place, piece);
            }
            return Ok(whole);
        }
        let text = String::from_utf8_lossy(response.body());
        if !is_json(response.headers(), &text) {
            let why = format!("it is neither multipart nor JSON: {}", excerpt(&text, 80));
            return Err(malformed("byte 0".into(), why));
        }
        let answers = json::read(&text);
        if let (false, Some(member)) = (answers.found, &answers.error) {
            let error = Box::new(refusal::from_member(response, member));
            return Err(ODataError::Status { operation, error });
        }
        if !answers.found {
            let place = answers.broken.as_ref().map_or(0, |error| byte_offset(&text, error));
            let why = answers.broken.map_or("`responses` is missing".to_owned(), |error| error.to_string());
            return Err(malformed(format!("byte {place}"), why));
        }
        for (part, response) in answers.responses.into_iter().flatten() {
            self.one(part, response);
        }
        Ok(answers.broken.is_none())
    }

    fn piece(&mut self, place: usize, piece: Piece) {
        match piece {
            Piece::Unreadable => {}
            Piece::One(id, response) => {
                if let Some(part) = id.filter(|id| self.knows(*id)) {
                    return self.one(part, response);
                }
                match self.batch.items.get(place) {
                    // One answer for many: a failure is theirs, a success says nothing of each.
                    Some(Item::Group(changes)) if changes.len() > 1 => {
                        let failure = Some(response).filter(|response| !response.status().is_success());
                        self.groups.extend(failure.map(|failure| (place, failure)));
                    }
                    Some(item) => {
                        if let Some(part) = item.parts().next() {
                            self.one(part, response);
                        }
                    }
                    None => {}
                }
            }
            Piece::Several(answers) => self.several(place, answers),
        }
    }

    fn several(&mut self, place: usize, answers: Vec<(Option<PartId>, Response)>) {
        let known = answers.iter().all(|(id, _)| id.is_some_and(|id| self.knows(id)));
        if known {
            for (id, response) in answers {
                if let Some(part) = id {
                    self.one(part, response);
                }
            }
            return;
        }
        let members: Vec<PartId> = match self.batch.items.get(place) {
            Some(item @ Item::Group(_)) => item.parts().collect(),
            _ => return,
        };
        if members.len() == answers.len() {
            for (part, (_, response)) in members.into_iter().zip(answers) {
                self.one(part, response);
            }
        }
    }

    fn knows(&self, part: PartId) -> bool {
        self.batch.items.iter().any(|item| item.parts().any(|known| known == part))
    }

    fn one(&mut self, part: PartId, response: Response) {
        let twice = self.answers.contains_key(&part);
        self.answers.insert(part, Some(response).filter(|_| !twice));
    }
}

struct Judge<'b> {
    operation: &'static str,
    root: &'b Url,
    outer: &'b Response,
    found: Found<'b>,
    missing: &'static str,
}

impl Judge<'_> {
    fn item(&self, place: usize, item: &Item, verdicts: &mut BTreeMap<PartId, Verdict>) {
        let of_parts = item.parts().map(|part| (part, self.part(item, part)));
        if !matches!(item, Item::Group(_)) {
            verdicts.extend(of_parts);
            return;
        }
        let mut members: Vec<(PartId, Verdict)> = of_parts.collect();
        if let Some(failure) = self.found.groups.get(&place) {
            let error = Box::new(refusal::from_response(&self.dressed(failure)));
            let rolled = |(part, _)| (part, Verdict::RolledBack { because_of: None, error: error.clone() });
            verdicts.extend(members.into_iter().map(rolled));
            return;
        }
        worst(&mut members);
        verdicts.extend(members);
    }

    fn part(&self, item: &Item, part: PartId) -> Verdict {
        let response = match self.found.answers.get(&part) {
            None => return Verdict::unknown(self.missing),
            Some(None) => return Verdict::unknown("it was answered twice"),
            Some(Some(response)) => self.dressed(response),
        };
        if !response.status().is_success() {
            return Verdict::Refused(Box::new(refusal::from_response(&response)));
        }
        let url = sending::url_of(self.root, item, part);
        if matches!(item, Item::Read(..)) {
            return Verdict::Answered(Box::new(Reply { operation: self.operation, url, response }));
        }
        match written(self.operation, &url, &response) {
            Ok(written) => Verdict::Written(Box::new(written)),
            // Whoever cannot read the answer does not know.
            Err(error) => Verdict::unknown(error.to_string()),
        }
    }

    /// With what is true of all parts.
    fn dressed(&self, response: &Response) -> Response {
        let mut response = response.clone();
        if let Some(evidence) = self.outer.extensions().get::<Evidence>() {
            response.extensions_mut().insert(*evidence);
        }
        if let Some(date) = self.outer.headers().get(DATE) {
            response.headers_mut().entry(DATE).or_insert_with(|| date.clone());
        }
        response
    }
}

/// The verdict on a group is that of its worst member: a refusal undoes all of it, and without one
/// what is unknown of a member is unknown of all.
fn worst(members: &mut [(PartId, Verdict)]) {
    let refused: Vec<(PartId, StatusError)> = members
        .iter()
        .filter_map(|(part, verdict)| verdict.error().map(|error| (*part, error.clone())))
        .collect();
    // 424 only says that another one failed.
    let follows = |(_, error): &&(PartId, StatusError)| error.status != StatusCode::FAILED_DEPENDENCY;
    if let Some((cause, error)) = refused.iter().find(follows).or(refused.first()) {
        for (_, verdict) in members.iter_mut().filter(|(_, verdict)| verdict.error().is_none()) {
            *verdict = Verdict::RolledBack { because_of: Some(*cause), error: Box::new(error.clone()) };
        }
        return;
    }
    let unknown = members.iter().find_map(|(part, verdict)| match verdict {
        Verdict::Unknown { why } => Some((*part, why.clone())),
        _ => None,
    });
    if let Some((part, why)) = unknown {
        for (_, verdict) in members.iter_mut().filter(|(_, verdict)| verdict.is_success()) {
            *verdict = Verdict::unknown(format!("part {} of its group is unknown: {why}", part.0));
        }
    }
}
