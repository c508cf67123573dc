//! The audit log: search, and export as CSV. Whoever reads it reads facts, no personal data.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tanggap_calendar::Date;
use tanggap_kernel::access::Permission;
use tanggap_kernel::id::EventId;
use tanggap_kernel::{Result, Timestamp};
use tanggap_press::csv::{CsvOptions, CsvTable};
use tanggap_store::Tx;
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, Text, respond};

use super::audit_words::{Named, Names, Words};
use crate::door::{Staff, encode};
use crate::store::audit;

const SHOWN: i64 = 100;
/// The most rows of one export; a longer log is exported in stretches of dates.
const EXPORTED_MAX: usize = 100_000;
const EXPORTED_AT_ONCE: i64 = 1000;
/// Without dates the newest month is searched.
const USUAL_SPAN: i64 = 31 * Timestamp::DAY;

pub(super) fn routes() -> Router<Ctx> {
    Router::new().route("/audit", get(show)).route("/audit.csv", get(export))
}

#[derive(serde::Deserialize, Default, Clone)]
#[serde(default)]
struct Wanted {
    jenis: String,
    pelaku: String,
    subjek: String,
    dari: String,
    sampai: String,
    sebelum: String,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    page: Page,
    form: FormState,
    groups: Vec<Choice>,
    rows: Vec<Row>,
    next: String,
    export: String,
}

struct Row {
    seq: String,
    at: Timestamp,
    label: String,
    kind: String,
    actor: Named,
    on_behalf_of: String,
    subject: Named,
    subject_id: String,
    facts: String,
    hash: String,
}

/// Turns the form into what is searched. What cannot be read is told by an empty list.
fn search(
    tx: &mut Tx<'_>,
    staff: &Staff,
    wanted: &Wanted,
    now: Timestamp,
    limit: i64,
) -> Result<Option<audit::Search>> {
    let zone = staff.zone;
    let date = |text: &str| text.parse::<Date>().ok();
    let subject_id = match wanted.subjek.trim() {
        "" => None,
        text => match audit::subject(tx, &staff.access, text)? {
            Some(id) => Some(id),
            None => return Ok(None),
        },
    };
    let actor = match wanted.pelaku.trim() {
        "" => None,
        text => match audit::actor(tx, &staff.access, text)? {
            Some(actor) => Some(actor),
            None => return Ok(None),
        },
    };
    let from = match date(&wanted.dari) {
        Some(date) => Timestamp::from_micros(zone.start_of_day(date)),
        None if subject_id.is_some() => Timestamp::from_micros(0),
        None => now.plus(-USUAL_SPAN),
    };
    let to = date(&wanted.sampai).map(|date| Timestamp::from_micros(zone.end_of_day(date)));
    Ok(Some(audit::Search {
        group: wanted.jenis.trim().to_owned(),
        actor,
        subject_id,
        from,
        to,
        before: EventId::parse(&wanted.sebelum),
        limit,
    }))
}

async fn show(State(ctx): State<Ctx>, staff: Staff, Query(wanted): Query<Wanted>) -> Answer {
    staff.access.require(Permission::AuditRead, None)?;
    let (mut entries, names) = read(&ctx, &staff, &wanted, SHOWN + 1).await?;
    let more = i64::try_from(entries.len()).unwrap_or(0) > SHOWN;
    entries.truncate(usize::try_from(SHOWN).unwrap_or(100));
    let query = query(&wanted);
    let next = entries.last().filter(|_| more);
    let next = next.map(|entry| format!("/audit?{query}&sebelum={}", entry.id));
    let text = staff.text();
    let words = Words { text, access: &staff.access, names: &names };
    let rows = entries.into_iter().map(|entry| row(&words, entry)).collect();
    let form = FormState::new(text.locale)
        .with("jenis", &wanted.jenis)
        .with("pelaku", &wanted.pelaku)
        .with("subjek", &wanted.subjek)
        .with("dari", &wanted.dari)
        .with("sampai", &wanted.sampai);
    Ok(respond::html(AuditPage {
        page: staff.page(&ctx, "org-nav-audit"),
        form,
        groups: super::people::all_or(text, groups(text)),
        rows,
        next: next.unwrap_or_default(),
        export: format!("/audit.csv?{query}"),
    }))
}

fn query(wanted: &Wanted) -> String {
    let pairs = [
        ("jenis", &wanted.jenis),
        ("pelaku", &wanted.pelaku),
        ("subjek", &wanted.subjek),
        ("dari", &wanted.dari),
        ("sampai", &wanted.sampai),
    ];
    let given = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    given.map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}

/// What events are about, to choose from.
fn groups(text: Text) -> Vec<Choice> {
    audit::GROUPS
        .into_iter()
        .map(|group| Choice::new(group, text.t(format!("org-audit-group-{group}"))))
        .collect()
}

fn row(words: &Words<'_>, entry: audit::Entry) -> Row {
    let id = tanggap_kernel::id::to_text(entry.subject_id);
    let behalf = entry.on_behalf_of.as_deref().map(|actor| words.actor(actor).name);
    Row {
        seq: entry.seq.map(|seq| words.text.number(seq)).unwrap_or_default(),
        at: entry.at,
        label: words.label(&entry.kind),
        actor: words.actor(&entry.actor),
        on_behalf_of: behalf.unwrap_or_default(),
        subject: words.subject(&entry.subject_kind, entry.subject_id),
        subject_id: id,
        facts: words.facts(&entry.body),
        hash: entry.hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect(),
        kind: entry.kind,
    }
}

/// A page of the log with the names it needs.
async fn read(
    ctx: &Ctx,
    staff: &Staff,
    wanted: &Wanted,
    limit: i64,
) -> Result<(Vec<audit::Entry>, Names)> {
    let (asked, of, now) = (wanted.clone(), staff.clone(), ctx.now());
    let read = ctx.db.read(move |tx| {
        let Some(search) = search(tx, &of, &asked, now, limit)? else {
            return Ok((Vec::new(), Names::default()));
        };
        let entries = audit::search(tx, &of.access, &search)?;
        let names = Names::of(tx, &of.access, &entries)?;
        Ok((entries, names))
    });
    read.await
}

async fn export(State(ctx): State<Ctx>, staff: Staff, Query(wanted): Query<Wanted>) -> Answer {
    staff.access.require(Permission::AuditRead, None)?;
    let mut table = CsvTable::new(CsvOptions::default());
    let text = staff.text();
    table.row(
        ["seq", "at", "event", "what", "subject", "id", "actor", "behalf", "facts", "hash"]
            .map(|column| text.t(format!("org-audit-{column}"))),
    );
    let (mut asked, mut count) = (wanted, 0);
    while count < EXPORTED_MAX {
        let (entries, names) = read(&ctx, &staff, &asked, EXPORTED_AT_ONCE).await?;
        count += entries.len();
        let last = entries.last().map(|entry| entry.id);
        let is_last = i64::try_from(entries.len()).unwrap_or(0) < EXPORTED_AT_ONCE;
        let words = Words { text, access: &staff.access, names: &names };
        for entry in entries {
            let hash: String = entry.hash.iter().map(|byte| format!("{byte:02x}")).collect();
            let row = row(&words, entry);
            let at = text.machine(row.at);
            let cells = [
                row.seq.replace(['.', ','], ""),
                at,
                row.kind,
                row.label,
                row.subject.name,
                row.subject_id,
                row.actor.name,
                row.on_behalf_of,
                row.facts,
                hash,
            ];
            table.row(cells);
        }
        match last {
            Some(last) if !is_last => asked.sebelum = last.to_string(),
            _ => break,
        }
    }
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"jejak-audit.csv\""),
        ),
    ];
    Ok((headers, table.finish()).into_response())
}
