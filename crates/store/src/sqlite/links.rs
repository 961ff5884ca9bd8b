//! Links in their table.

use mapping::{Base, ExternalId, Key, Value};
use rusqlite::{Connection, Row};
use sync_engine::Link;

use super::forms::{Filled, Forms, Values, json, parse};
use super::stamp;

/// By what links are looked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum By {
    Id,
    Key,
}

pub(super) fn keep(connection: &Connection, flow: i64, links: Vec<Link>) -> rusqlite::Result<()> {
    let mut forms = Forms::new(connection);
    let mut insert = connection.prepare_cached(
        "INSERT INTO links (flow, id, key, target, version, at, form, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (flow, id) DO UPDATE SET key = excluded.key, target = excluded.target,
            version = excluded.version, at = excluded.at, form = excluded.form, body = excluded.body",
    )?;
    for link in links {
        let Link { key, id, target, version, mapper, base, at } = link;
        let filled = Filled { mapper: &mapper, entity: None, source: &base.source, target: &base.target };
        let form = forms.number(&filled)?;
        let body = json(&(Values(&base.source), Values(&base.target)))?;
        let (id, key, target, version) = (id.as_str(), key.as_str(), target.as_str(), version.as_str());
        insert.execute((flow, id, key, target, version, stamp::sql(at), form, body))?;
    }
    Ok(())
}

/// One answer for each of `names`, in order. Of several links of one source record it is the one
/// that was confirmed last.
pub(super) fn find<'a>(
    connection: &Connection,
    flow: &str,
    by: By,
    names: impl Iterator<Item = &'a str>,
) -> rusqlite::Result<Vec<Option<Link>>> {
    let flow: Option<i64> = super::state::number(connection, flow)?;
    let Some(flow) = flow else { return Ok(names.map(|_| None).collect()) };
    let mut forms = Forms::new(connection);
    let mut select = connection.prepare_cached(match by {
        By::Id => "SELECT id, key, target, version, at, form, body FROM links WHERE flow = ?1 AND id = ?2",
        By::Key => "SELECT id, key, target, version, at, form, body FROM links WHERE flow = ?1 AND key = ?2",
    })?;
    let mut find = |name: &str| {
        let mut rows = select.query((flow, name))?;
        let mut found: Option<Link> = None;
        while let Some(row) = rows.next()? {
            let link = read(row, &mut forms)?;
            if found.as_ref().is_none_or(|found| (found.at, &found.id) < (link.at, &link.id)) {
                found = Some(link);
            }
        }
        Ok(found)
    };
    names.map(&mut find).collect()
}

fn read(row: &Row<'_>, forms: &mut Forms<'_>) -> rusqlite::Result<Link> {
    let form = forms.get(row.get(5)?)?;
    let (source, target): (Vec<Value>, Vec<Value>) = parse(row.get_ref(6)?.as_bytes()?)?;
    let (source, fields) = form.fill(source, target)?;
    Ok(Link {
        id: ExternalId::from(row.get_ref(0)?.as_str()?),
        key: Key::from(row.get_ref(1)?.as_str()?),
        target: row.get_ref(2)?.as_str()?.into(),
        version: row.get_ref(3)?.as_str()?.into(),
        mapper: form.mapper.clone(),
        base: Base { source, target: fields },
        at: stamp::read(row.get_ref(4)?)?,
    })
}
