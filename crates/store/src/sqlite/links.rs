//! Links in their table.

use mapping::{Base, ExternalId, Key, Rewrite, Value};
use rusqlite::{Connection, Row, Statement};
use serde::{Deserialize, Serialize};
use sync_engine::{Gone, Link, Seen, Trace};

use super::forms::{Filled, Forms, Values, json, parse};
use super::stamp;

/// By what links are looked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum By {
    Id,
    Key,
    Target,
}

/// What few links have.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Extra {
    #[serde(skip_serializing_if = "Option::is_none")]
    back: Option<Seen>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gone: Option<Gone>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rewrites: Vec<Rewrite>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trail: Vec<Trace>,
}

/// Keeps links; `shared` ones are found by their target too.
pub(super) fn keep(
    connection: &Connection,
    (flow, shared): (i64, bool),
    links: Vec<Link>,
) -> rusqlite::Result<()> {
    let mut forms = Forms::new(connection);
    let mut insert = connection.prepare_cached(
        "INSERT INTO links (flow, id, key, target, version, at, form, body, extra, shared)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (flow, id) DO UPDATE SET key = excluded.key, target = excluded.target,
            version = excluded.version, at = excluded.at, form = excluded.form, body = excluded.body,
            extra = excluded.extra, shared = excluded.shared",
    )?;
    for link in links {
        let Link { key, id, target, version, mapper, base, at, entity, back, gone, rewrites, trail } = link;
        let entity = entity.as_ref();
        let filled = Filled { mapper: &mapper, entity, source: &base.source, target: &base.target };
        let form = forms.number(&filled)?;
        let body = json(&(Values(&base.source), Values(&base.target)))?;
        let extra = Extra { back, gone, rewrites, trail };
        let extra = if extra == Extra::default() { None } else { Some(json(&extra)?) };
        let (id, key, target, version) = (id.as_str(), key.as_str(), target.as_str(), version.as_str());
        insert.execute((flow, id, key, target, version, stamp::sql(at), form, body, extra, shared))?;
    }
    Ok(())
}

/// Forgets links; unknown ones are no error.
pub(super) fn remove(connection: &Connection, flow: i64, ids: &[ExternalId]) -> rusqlite::Result<()> {
    let mut delete = connection.prepare_cached("DELETE FROM links WHERE flow = ?1 AND id = ?2")?;
    for id in ids {
        delete.execute((flow, id.as_str()))?;
    }
    Ok(())
}

/// One answer for each of `names`, in order. Of several links of one record it is the one that was
/// confirmed last.
pub(super) fn find<'a>(
    connection: &Connection,
    flow: &str,
    by: By,
    names: impl ExactSizeIterator<Item = &'a str>,
) -> rusqlite::Result<Vec<Option<Link>>> {
    let flow: Option<i64> = super::state::number(connection, flow)?;
    let Some(flow) = flow else { return Ok(names.map(|_| None).collect()) };
    let mut forms = Forms::new(connection);
    let mut selects = by
        .conditions()
        .iter()
        .map(|condition| connection.prepare_cached(&format!("{COLUMNS} WHERE flow = ?1 AND {condition}")))
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut find = |name: &str| {
        for select in &mut selects {
            let found = latest(select, (flow, name), &mut forms)?;
            if found.is_some() {
                return Ok::<_, rusqlite::Error>(found);
            }
        }
        Ok(None)
    };
    // Links are large: their places are made before they come.
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        found.push(find(name)?);
    }
    Ok(found)
}

const COLUMNS: &str = "SELECT id, key, target, version, at, form, body, extra FROM links";

impl By {
    /// Shared links are found by their index; the others are only looked for where a person asks.
    fn conditions(self) -> &'static [&'static str] {
        match self {
            Self::Id => &["id = ?2"],
            Self::Key => &["key = ?2"],
            Self::Target => &["shared = 1 AND target = ?2", "shared = 0 AND target = ?2"],
        }
    }
}

fn latest(
    select: &mut Statement<'_>,
    of: (i64, &str),
    forms: &mut Forms<'_>,
) -> rusqlite::Result<Option<Link>> {
    let mut rows = select.query(of)?;
    let mut found: Option<Link> = None;
    while let Some(row) = rows.next()? {
        let link = read(row, forms)?;
        if found.as_ref().is_none_or(|found| (found.at, &found.id) < (link.at, &link.id)) {
            found = Some(link);
        }
    }
    Ok(found)
}

/// Links in the order of their ids, behind `after`.
pub(super) fn behind(
    connection: &Connection,
    flow: &str,
    after: Option<&ExternalId>,
    limit: usize,
) -> rusqlite::Result<Vec<Link>> {
    let Some(flow) = super::state::number(connection, flow)? else { return Ok(Vec::new()) };
    let mut forms = Forms::new(connection);
    let select = format!("{COLUMNS} WHERE flow = ?1 AND id > ?2 ORDER BY id LIMIT ?3");
    let mut select = connection.prepare_cached(&select)?;
    let after = after.map_or("", ExternalId::as_str);
    let mut rows = select.query((flow, after, i64::try_from(limit).unwrap_or(i64::MAX)))?;
    let mut links = Vec::new();
    while let Some(row) = rows.next()? {
        links.push(read(row, &mut forms)?);
    }
    Ok(links)
}

fn read(row: &Row<'_>, forms: &mut Forms<'_>) -> rusqlite::Result<Link> {
    let form = forms.get(row.get(5)?)?;
    let (source, target): (Vec<Value>, Vec<Value>) = parse(row.get_ref(6)?.as_bytes()?)?;
    let (source, fields) = form.fill(source, target)?;
    let extra: Option<Vec<u8>> = row.get(7)?;
    let extra: Extra = extra.map(|extra| parse(&extra)).transpose()?.unwrap_or_default();
    let Extra { back, gone, rewrites, trail } = extra;
    Ok(Link {
        id: ExternalId::from(row.get_ref(0)?.as_str()?),
        key: Key::from(row.get_ref(1)?.as_str()?),
        target: row.get_ref(2)?.as_str()?.into(),
        version: row.get_ref(3)?.as_str()?.into(),
        mapper: form.mapper.clone(),
        base: Base { source, target: fields },
        at: stamp::read(row.get_ref(4)?)?,
        entity: form.entity.clone(),
        back,
        gone,
        rewrites,
        trail,
    })
}
