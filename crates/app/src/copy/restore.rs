//! Reading a backup: verified as a whole first, then all rows in one transaction, so that a
//! restore that fails leaves nothing behind.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use bytes::Bytes;
use flate2::read::GzDecoder;
use futures_util::StreamExt as _;
use serde_json::Value as Json;
use tanggap_conversations::{self as talk, MessageId};
use tanggap_kernel::{Access, AgencyId, Fault, Result, Value, params};
use tanggap_store::{Tx, blobs};
use tanggap_ui::Ctx;
use tar::Archive;

use super::manifest::{FILES, FORMAT, Manifest, Names, PATH, Part};
use super::table::Table;

/// Values of one insertion; SQLite takes no more than 32,766.
const VALUES_MAX: usize = 8000;
/// Messages indexed at once.
const INDEX_PAGE: i64 = 1000;

const MESSAGES: &str = "select m.agency_id, m.interaction_id, m.id, m.body, c.subject, c.place
    from messages m
    left join interactions i on i.agency_id = m.agency_id and i.id = m.interaction_id
    left join cases c on c.agency_id = i.agency_id and c.id = i.case_id
    and not exists (select 1 from messages e where e.agency_id = m.agency_id
    and e.interaction_id = m.interaction_id and e.id < m.id)
    where (m.agency_id, m.interaction_id, m.id) > ($1, $2, $3)
    order by m.agency_id, m.interaction_id, m.id limit $4";

/// One part of the archive, whole.
struct Member {
    path: String,
    bytes: Vec<u8>,
}

/// Reads a backup from beginning to end and checks every hash and count.
///
/// # Errors
/// A fault that says what is wrong with it.
pub fn verify(file: &Path) -> Result<Manifest> {
    let (mut parts, mut names, mut files) = (Vec::new(), Names::default(), 0);
    let mut manifest: Option<Manifest> = None;
    each_member(file, |member| {
        if manifest.is_some() {
            return Err(Fault::new("something follows the manifest").into());
        }
        if member.path == PATH {
            manifest = Some(serde_json::from_slice(&member.bytes)?);
        } else if let Some(name) = member.path.strip_prefix(FILES) {
            if blobs::name_of(&member.bytes) != name {
                return Err(Fault::new(format!("the file {name} was changed")).into());
            }
            names.add(name);
            files += 1;
        } else {
            parts.push(Part { sha256: blobs::name_of(&member.bytes), path: member.path });
        }
        Ok(())
    })?;
    let manifest = manifest.ok_or_else(|| Fault::new("the backup was cut off"))?;
    if manifest.format != FORMAT {
        return Err(Fault::new(format!("the backup has layout {}", manifest.format)).into());
    }
    if parts != manifest.parts {
        return Err(Fault::new("the backup's rows are not those of its manifest").into());
    }
    if files != manifest.files || names.done() != manifest.files_sha256 {
        return Err(Fault::new("the backup's files are not those of its manifest").into());
    }
    Ok(manifest)
}

/// Fills an empty database and the file store from a verified backup.
///
/// # Errors
/// A fault where the target is not empty, has another schema, or cannot be written.
pub async fn restore(ctx: &Ctx, file: &Path, manifest: &Manifest) -> Result<()> {
    let sqlite = ctx.db.engine().is_sqlite();
    let schema = manifest.schema;
    ctx.db.read(move |tx| refuse_unless_empty(tx, sqlite, schema)).await?;
    if ctx.blobs.list().next().await.transpose()?.is_some() {
        return Err(Fault::new("the target is not empty: there are files already").into());
    }
    let done = match put_files(ctx, file).await {
        Ok(()) => {
            let (path, manifest) = (file.to_owned(), manifest.clone());
            ctx.db.write(move |tx| fill(tx, &path, &manifest, sqlite)).await
        }
        failed => failed,
    };
    if done.is_err() {
        take_away(ctx).await;
    }
    done
}

/// Whatever was put into a store that had been empty; what cannot be removed is named by the next
/// try.
async fn take_away(ctx: &Ctx) {
    let mut found = ctx.blobs.list();
    while let Some(Ok(kept)) = found.next().await {
        let _ = ctx.blobs.delete(&kept.name).await;
    }
}

async fn put_files(ctx: &Ctx, file: &Path) -> Result<()> {
    // Files first: a row never names what is not there.
    let (send, mut receive) = tokio::sync::mpsc::channel::<Vec<u8>>(4);
    let of_thread = file.to_owned();
    let reader = tokio::task::spawn_blocking(move || {
        each_member(&of_thread, |member| match member.path.starts_with(FILES) {
            true => send
                .blocking_send(member.bytes)
                .map_err(|_| Fault::new("keeping the files stopped").into()),
            false => Ok(()),
        })
    });
    while let Some(bytes) = receive.recv().await {
        ctx.blobs.put(Bytes::from(bytes)).await?;
    }
    reader.await.map_err(|e| Fault::new(format!("reading the backup: {e}")))?
}

fn refuse_unless_empty(tx: &mut Tx<'_>, sqlite: bool, schema: i64) -> Result<()> {
    let ours = "select max(version) from schema_migrations";
    let ours: Vec<i64> = tx.ad_hoc(ours, params![], |row| row.int())?;
    if ours.first() != Some(&schema) {
        let why = format!(
            "the backup has schema {schema}: restore it with the program that wrote it, \
             then upgrade"
        );
        return Err(Fault::new(why).into());
    }
    for table in Table::all(tx, sqlite)?.iter().filter(|table| table.name != "jobs") {
        let some = format!("select 1 from {} limit 1", table.name);
        if !tx.ad_hoc(&some, params![], |_| Ok(()))?.is_empty() {
            let why = format!("the target is not empty: there are {} already", table.name);
            return Err(Fault::new(why).into());
        }
    }
    Ok(())
}

fn fill(tx: &mut Tx<'_>, path: &Path, manifest: &Manifest, sqlite: bool) -> Result<()> {
    refuse_unless_empty(tx, sqlite, manifest.schema)?;
    // A node that was started on the empty target may have planned its own housekeeping.
    tx.script("delete from jobs")?;
    let tables = Table::all(tx, sqlite)?;
    each_member(path, |member| {
        let Some(name) = table_of(&member.path) else { return Ok(()) };
        let table = tables.iter().find(|table| table.name == name);
        let table = table.ok_or_else(|| Fault::new(format!("there is no table {name}")))?;
        let columns = manifest.tables.get(name).map(|rows| rows.columns.as_slice());
        let fitted = fitted(table, columns.unwrap_or_default())?;
        insert(tx, &fitted, &member.bytes)
    })?;
    for (name, rows) in &manifest.tables {
        let count = format!("select count(*) from {name}");
        let counted: Vec<i64> = tx.ad_hoc(&count, params![], |row| row.int())?;
        if counted.first().copied() != i64::try_from(rows.rows).ok() {
            return Err(Fault::new(format!("not all rows of {name} arrived")).into());
        }
    }
    seal(tx)?;
    index_messages(tx)?;
    // SQLite plans by its indexes alone; figures of one moment would only bind it.
    if sqlite { Ok(()) } else { Ok(tx.script("analyze")?) }
}

/// Events that the original had not sealed yet get their place in the chain.
fn seal(tx: &mut Tx<'_>) -> Result<()> {
    while tanggap_store::seal_batch(tx)? > 0 {}
    Ok(())
}

/// The table with its columns in the order of the backup.
fn fitted(table: &Table, columns: &[String]) -> Result<Table, Fault> {
    let find = |name: &String| {
        let found = table.columns.iter().find(|column| column.name == *name).cloned();
        found.ok_or_else(|| Fault::new(format!("{} has no column {name}", table.name)))
    };
    let columns = columns.iter().map(find).collect::<Result<Vec<_>, Fault>>()?;
    if columns.len() != table.columns.len() {
        return Err(Fault::new(format!("{} has other columns", table.name)));
    }
    Ok(Table { columns, ..table.clone() })
}

fn insert(tx: &mut Tx<'_>, table: &Table, bytes: &[u8]) -> Result<()> {
    let width = table.columns.len();
    let mut values: Vec<Value<'static>> = Vec::new();
    let flush = |tx: &mut Tx<'_>, values: &mut Vec<Value<'static>>| {
        let text = table.insertion(values.len() / width);
        tx.ad_hoc(&text, values, |_| Ok(())).map(|_| values.clear())
    };
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let row: Vec<Json> = serde_json::from_slice(line)?;
        if row.len() != width {
            return Err(Fault::new(format!("a row of {} has another width", table.name)).into());
        }
        for (column, value) in table.columns.iter().zip(&row) {
            values.push(column.kind.value(value)?);
        }
        if values.len() + width > VALUES_MAX {
            flush(tx, &mut values)?;
        }
    }
    if !values.is_empty() {
        flush(tx, &mut values)?;
    }
    Ok(())
}

/// Makes every message findable again: the index is no copy of the other engine's.
fn index_messages(tx: &mut Tx<'_>) -> Result<()> {
    let mut after = (0, 0, 0);
    loop {
        let page = tx.ad_hoc(MESSAGES, params![after.0, after.1, after.2, INDEX_PAGE], |row| {
            let key = (row.int::<i64>()?, row.int::<i64>()?, row.int::<i64>()?);
            let body = row.text()?;
            let (subject, place) = (row.opt_text()?, row.opt_text()?);
            let found_by = [subject, place].into_iter().flatten().collect::<Vec<_>>().join(" ");
            Ok((key, body, found_by))
        })?;
        for ((agency, _, id), body, found_by) in &page {
            let access = Access::system(AgencyId(*agency));
            talk::index(tx, &access, MessageId(*id), body, found_by)?;
        }
        match page.last() {
            Some((key, ..)) => after = *key,
            None => return Ok(()),
        }
    }
}

fn table_of(path: &str) -> Option<&str> {
    let name = path.strip_prefix("rows/")?.strip_suffix(".ndjson")?;
    name.split_once('-').map(|(_, table)| table)
}

/// Reads the archive from its beginning, one member at a time.
fn each_member(file: &Path, mut each: impl FnMut(Member) -> Result<()>) -> Result<()> {
    let wrong = |e: std::io::Error| Fault::new(format!("{}: {e}", file.display()));
    let opened = BufReader::new(File::open(file).map_err(wrong)?);
    let mut archive = Archive::new(GzDecoder::new(opened));
    for entry in archive.entries().map_err(wrong)? {
        let mut entry = entry.map_err(wrong)?;
        let path = entry.path().map_err(wrong)?.to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(wrong)?;
        each(Member { path, bytes })?;
    }
    // The compression's own checksum stands at the very end.
    let rest = std::io::copy(&mut archive.into_inner(), &mut std::io::sink());
    rest.map(drop).map_err(|e| wrong(e).into())
}
