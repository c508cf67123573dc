//! Writing a backup.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use tanggap_kernel::{Error, Fault, Refusal, Result, Value, params};
use tanggap_store::blobs::{self, Blobs};
use tanggap_store::{Db, Tx};
use tar::{Builder, Header};

use super::manifest::{FILES, FORMAT, Manifest, Names, PATH, Part, Rows};
use super::table::{Table, to_json};
use crate::key;
use crate::work::sweep::NAMING;

/// Rows of one part.
const PART_ROWS: usize = 1000;

type Archive = Builder<GzEncoder<BufWriter<File>>>;

/// What the transaction leaves behind.
struct Written {
    archive: Archive,
    manifest: Manifest,
    named: BTreeSet<String>,
}

/// Copies everything into `file`, which is there only once it is whole; nothing is left of a
/// backup that failed.
///
/// # Errors
/// A fault of the engine, of the files, or of the disk.
pub async fn backup(db: &Db, blobs: &Blobs, file: &Path) -> Result<Manifest> {
    let mut draft = file.as_os_str().to_owned();
    draft.push(".part");
    let draft = PathBuf::from(draft);
    let written = write(db, blobs, file, &draft).await;
    if written.is_err() {
        // What failed is what counts; the next one by this name begins anew.
        let _ = std::fs::remove_file(&draft);
    }
    written
}

async fn write(db: &Db, blobs: &Blobs, file: &Path, draft: &Path) -> Result<Manifest> {
    let wrong = |e: std::io::Error| Fault::new(format!("{}: {e}", file.display()));
    let (of_tx, sqlite) = (draft.to_owned(), db.engine().is_sqlite());
    // One transaction, so that the rows are those of one moment; begun again from an empty file
    // where the connection was lost.
    let written = db.read(move |tx| write_rows(tx, &of_tx, sqlite)).await?;
    let Written { mut archive, mut manifest, named } = written;
    let mut names = Names::default();
    for name in named {
        match blobs.get(&name).await {
            // A restore would refuse it, and all else with it.
            Ok(bytes) if blobs::name_of(&bytes) != name => manifest.changed.push(name),
            Ok(bytes) => {
                append(&mut archive, &format!("{FILES}{name}"), &bytes).map_err(wrong)?;
                names.add(&name);
                manifest.files += 1;
            }
            Err(Error::Refused(Refusal::NotFound)) => manifest.missing.push(name),
            Err(error) => return Err(error),
        }
    }
    manifest.files_sha256 = names.done();
    append(&mut archive, PATH, &serde_json::to_vec_pretty(&manifest)?).map_err(wrong)?;
    let done = archive.into_inner().and_then(GzEncoder::finish).map_err(wrong)?;
    let done = done.into_inner().map_err(|e| wrong(e.into_error()))?;
    done.sync_all().map_err(wrong)?;
    std::fs::rename(draft, file).map_err(wrong)?;
    Ok(manifest)
}

fn write_rows(tx: &mut Tx<'_>, path: &Path, sqlite: bool) -> Result<Written> {
    let mut archive = create(path)?;
    let schema = "select max(version) from schema_migrations";
    let schema = tx.ad_hoc(schema, params![], |row| row.int())?;
    let mut manifest = Manifest {
        format: FORMAT,
        at: tx.now(),
        schema: schema.first().copied().unwrap_or_default(),
        tables: BTreeMap::new(),
        parts: Vec::new(),
        files: 0,
        files_sha256: String::new(),
        missing: Vec::new(),
        changed: Vec::new(),
        key_mark: key::noted(tx)?.map(hex::encode),
    };
    let mut named = BTreeSet::new();
    for table in Table::all(tx, sqlite)? {
        let columns = table.names().into_iter().map(str::to_owned).collect();
        let mut rows = Rows { columns, rows: 0 };
        let mut after: Option<Vec<Value<'static>>> = None;
        loop {
            let page = read_page(tx, &table, after.as_deref())?;
            rows.rows += page.len() as u64;
            name_files(&table, &page, &mut named);
            let last = page.last().map(|row| key_of(&table, row));
            if !page.is_empty() {
                let part = write_part(&mut archive, &table, manifest.parts.len(), &page);
                let part = part.map_err(|e| Fault::new(format!("{}: {e}", path.display())))?;
                manifest.parts.push(part);
            }
            if page.len() < PART_ROWS {
                break;
            }
            after = last;
        }
        manifest.tables.insert(table.name.to_owned(), rows);
    }
    Ok(Written { archive, manifest, named })
}

fn create(path: &Path) -> Result<Archive, Fault> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(|e| Fault::new(format!("{}: {e}", path.display())))?;
    Ok(Builder::new(GzEncoder::new(BufWriter::new(file), Compression::fast())))
}

fn read_page(
    tx: &mut Tx<'_>,
    table: &Table,
    after: Option<&[Value<'static>]>,
) -> Result<Vec<Vec<Value<'static>>>, Fault> {
    let text = table.page(after.is_none(), PART_ROWS);
    tx.ad_hoc(&text, after.unwrap_or_default(), |row| {
        table.columns.iter().map(|_| row.any()).collect()
    })
}

fn key_of(table: &Table, row: &[Value<'static>]) -> Vec<Value<'static>> {
    table.key_places().into_iter().map(|place| row[place].clone()).collect()
}

fn name_files(table: &Table, page: &[Vec<Value<'static>>], named: &mut BTreeSet<String>) {
    for (place, column) in table.columns.iter().enumerate() {
        if NAMING.contains(&(table.name, column.name.as_str())) {
            named.extend(page.iter().filter_map(|row| match &row[place] {
                Value::Text(name) => Some(name.to_string()),
                _ => None,
            }));
        }
    }
}

fn write_part(
    archive: &mut Archive,
    table: &Table,
    number: usize,
    page: &[Vec<Value<'static>>],
) -> std::io::Result<Part> {
    let mut bytes = Vec::new();
    for row in page {
        let values: Vec<serde_json::Value> = row.iter().map(to_json).collect();
        serde_json::to_writer(&mut bytes, &values)?;
        bytes.write_all(b"\n")?;
    }
    let path = format!("rows/{number:07}-{}.ndjson", table.name);
    append(archive, &path, &bytes)?;
    Ok(Part { path, sha256: blobs::name_of(&bytes) })
}

fn append(archive: &mut Archive, path: &str, bytes: &[u8]) -> std::io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o600);
    archive.append_data(&mut header, path, bytes)
}
