//! A database of a known size: an agency with twelve units, its people, and so many cases with
//! five messages each, spread over two years; three in a hundred are still open.
//!
//! Rows are written many at a time as literal text, the same for both engines, so that a million
//! cases take minutes. Words go through the product's own tokeniser.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tanggap_calendar::Zone;
use tanggap_kernel::id::{self, UnitId};
use tanggap_kernel::{Access, AgencyId, Fault, Locale, Result, Timestamp, code};
use tanggap_org::{self as org, CategoryId, NewAgency, NewUser, Role, RoleGrant, UnitInput};
use tanggap_store::{Db, Tx};

use crate::words::{Dice, rare_word, text};

const BATCH: i64 = 500;
const SPAN_DAYS: i64 = 730;
const MESSAGES: i64 = 5;
const LONG_CASE_MESSAGES: i64 = 50;
const SESSION: &str = "bangku-uji-sesi";
const KINDS: [&str; 6] =
    ["complaint", "complaint", "complaint", "information_request", "aspiration", "service_request"];
const OPEN: [&str; 6] =
    ["received", "verified", "forwarded", "in_progress", "in_progress", "answered"];

struct House {
    agency: AgencyId,
    units: Vec<UnitId>,
    category: CategoryId,
    token: String,
}

/// Fills the database; tells what a load needs to know of it.
pub async fn run(db: &Db, cases: i64) -> Result<Value> {
    let sqlite = db.engine().is_sqlite();
    let house = db.write(move |tx| build(tx, sqlite)).await?;
    let now = db.now();
    let mut begun = 0;
    while begun < cases {
        // PostgreSQL takes a few batches side by side.
        let mut running = Vec::new();
        for _ in 0..4 {
            let (from, until) = (begun, (begun + BATCH).min(cases));
            let script = batch(&house, now, from, until, cases, sqlite);
            let db = db.clone();
            running.push(tokio::spawn(
                async move { db.write(move |tx| Ok(tx.script(&script)?)).await },
            ));
            begun = until;
        }
        for one in running {
            one.await.map_err(|e| Fault::new(e.to_string()))??;
        }
    }
    if sqlite {
        let tidy = "insert into message_search(message_search) values ('optimize'); analyze";
        db.write(move |tx| Ok(tx.script(tidy)?)).await?;
    }
    Ok(json!({
        "cases": cases,
        "cookie": format!("sesi={SESSION}"),
        "token": house.token,
        "long_case": code_of(cases - 1),
        "rare": rare_word((cases - 1) / 5_000 / 2),
    }))
}

fn build(tx: &mut Tx<'_>, sqlite: bool) -> Result<House> {
    let agency = org::create_agency(tx, &NewAgency::named("Kabupaten Uji Beban", Zone::Wib))?;
    let access = Access::system(agency);
    let mut units = Vec::new();
    for n in 1..=12 {
        let input = UnitInput {
            parent_id: None,
            code: format!("U{n}"),
            name: format!("Dinas {n}"),
            name_en: String::new(),
            phone: String::new(),
            email: String::new(),
            agreed_days: 5,
            calendar_id: None,
            active: true,
        };
        units.push(org::create_unit(tx, &access, &input)?);
    }
    let input = NewUser {
        email: "penyelia@uji.example".into(),
        name: "Penyelia Uji".into(),
        title: "Penyelia".into(),
        unit_id: None,
        password_hash: "!".into(),
        is_temporary: false,
        locale: Locale::Id,
        roles: vec![RoleGrant { role: Role::Supervisor, unit_id: None }],
    };
    let user = org::create_user(tx, &access, &input)?;
    let user = org::user(tx, &access, user)?.ok_or_else(|| Fault::new("no user"))?;
    let of_user = org::access_of(tx, agency, &user)?;
    org::sessions::begin(tx, &of_user, &org::sessions::hash(SESSION), "bench")?;
    let secret = org::actions::token_secret([7; 32]);
    let token = org::actions::NewToken {
        name: "bench".into(),
        scopes: org::TokenScope::ALL.to_vec(),
        secret_hash: org::actions::token_hash(&secret),
        expires_at: None,
    };
    org::create_token(tx, &access, &token)?;
    let chat: i64 = tx.id();
    tx.script(&format!(
        "insert into channel_accounts (agency_id, id, channel, name, address, settings, secrets,
        active, created_at, version) values ({}, {chat}, 'webchat', 'Situs', 'situs',
        '{{\"hours\":\"always\"}}', {}, {}, 0, 1)",
        agency.0,
        if sqlite { "x''" } else { "''" },
        if sqlite { "1" } else { "true" },
    ))?;
    let category = org::category_by_slug(tx, &access, "umum")?;
    let category = category.ok_or_else(|| Fault::new("no category"))?.id;
    Ok(House { agency, units, category, token: secret })
}

fn code_of(n: i64) -> String {
    let (mut random, mut rest) = ([0u8; 16], n);
    for pair in random.chunks_exact_mut(2) {
        pair[1] = u8::try_from(rest % 29).unwrap_or(0);
        rest /= 29;
    }
    code::from_random(random)
}

/// The script that inserts the cases `from..until` of `total`.
fn batch(house: &House, now: Timestamp, from: i64, until: i64, total: i64, sqlite: bool) -> String {
    let mut dice = Dice::new(from.unsigned_abs() + 1);
    let mut rows = Rows::default();
    for n in from..until {
        one(&mut rows, house, now, n, total, &mut dice, sqlite);
    }
    let mut script = String::new();
    let mut put = |table: &str, columns: &str, values: &str| {
        if !values.is_empty() {
            let values = values.trim_end_matches(',');
            let _ = writeln!(script, "insert into {table} ({columns}) values {values};");
        }
    };
    put("contacts", "agency_id, id, name, address, created_at, version", &rows.contacts);
    put("contact_identities", "agency_id, contact_id, kind, value", &rows.identities);
    put("cases", CASE_COLUMNS, &rows.cases);
    put("case_deadlines", DEADLINE_COLUMNS, &rows.deadlines);
    put(
        "interactions",
        "agency_id, id, contact_id, case_id, channel, subject, started_at",
        &rows.interactions,
    );
    put("messages", "agency_id, interaction_id, id, at, direction, actor, body", &rows.messages);
    let search = if sqlite { "rowid, words" } else { "agency_id, message_id, words" };
    put("message_search", search, &rows.search);
    script
}

const CASE_COLUMNS: &str = "agency_id, id, code, pin_hash, kind, status, open, subject,
    category_id, channel, unit_id, contact_id, anonymous, confidential, place, details,
    profile_id, profile_version, received_at, due_at, risk_at, due_policy, escalation, returns,
    reopens, closed_at, unproven, awaiting, updated_at, version";
const DEADLINE_COLUMNS: &str = "agency_id, case_id, policy, owner, starts_at, limit_count, unit,
    first_due_at, due_at, due_date, state, pauses, extended, warned, risk_at, source";

#[derive(Default)]
struct Rows {
    contacts: String,
    identities: String,
    cases: String,
    deadlines: String,
    interactions: String,
    messages: String,
    search: String,
}

fn one(
    rows: &mut Rows,
    house: &House,
    now: Timestamp,
    n: i64,
    total: i64,
    dice: &mut Dice,
    sqlite: bool,
) {
    let agency = house.agency.0;
    let span = SPAN_DAYS * Timestamp::DAY;
    let at = now.plus(-span + span / total * n);
    let made = |kind: i64| id::floor_at(at) + ((500 + kind) << 12) + n % 4096;
    let case = made(0);
    let open = n >= total - total * 3 / 100;
    let status = if open { dice.pick(&OPEN) } else { "closed" };
    let unit = match status {
        "received" | "verified" => "null".to_owned(),
        _ => house.units[usize::try_from(n % 12).unwrap_or(0)].0.to_string(),
    };
    let due = at.plus((14 + i64::try_from(dice.below(8)).unwrap_or(0)) * Timestamp::DAY);
    let (due_at, risk_at) = match open {
        true => (due.as_micros(), due.plus(-3 * Timestamp::DAY).as_micros()),
        false => (i64::MAX, i64::MAX),
    };
    let closed = if open { "null".into() } else { due.as_micros().to_string() };
    let policy = if open { "'SP4N_TBP'" } else { "null" };
    let (subject, kind, code) = (text(dice, 4, 1), dice.pick(&KINDS), code_of(n));
    let (received, category) = (at.as_micros(), house.category.0);
    let empty = if sqlite { "x'00'" } else { "'\\x00'" };
    let _ = write!(
        rows.cases,
        "({agency},{case},'{code}',{empty},'{kind}','{status}',{open},'{subject}',{category},'web',
        {unit},{case},false,false,'','{{}}','complaint',1,{received},{due_at},{risk_at},{policy},
        0,0,0,{closed},false,false,{received},1),"
    );
    let _ = write!(rows.contacts, "({agency},{case},'Warga {n}','',{received},1),");
    let _ = write!(rows.identities, "({agency},{case},'phone','+62812{n:08}'),");
    if open {
        let due = due.as_micros();
        let _ = write!(
            rows.deadlines,
            "({agency},{case},'SP4N_TBP','agency',{received},14,'working_day',{due},{due},
            '2026-01-01','running','[]',false,0,{risk_at},'SP4N-LAPOR!'),"
        );
    }
    let _ =
        write!(rows.interactions, "({agency},{case},{case},{case},'web','{subject}',{received}),");
    let count = if n == total - 1 { LONG_CASE_MESSAGES } else { MESSAGES };
    for m in 0..count {
        let id = made(1) + m * (1 << 21);
        let words = 12 + dice.below(40);
        let body = text(dice, words, if m == 0 { n } else { 1 });
        let direction = if m % 2 == 0 { "in" } else { "out" };
        let _ = write!(
            rows.messages,
            "({agency},{case},{id},{received},'{direction}','citizen','{body}'),"
        );
        let tokens = tanggap_lang::tokens(&body).join(" ");
        let _ = match sqlite {
            true => write!(rows.search, "({id},'agency{} {tokens}'),", house.agency),
            false => write!(
                rows.search,
                "({agency},{id},to_tsvector('simple','agency{} {tokens}')),",
                house.agency
            ),
        };
    }
}
