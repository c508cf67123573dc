//! Units and people from a spreadsheet: a file to fill in, a look at what will be made, then all
//! of it at once.
//!
//! Nothing is kept between the steps: the second form brings the table along, and it is read and
//! checked again as if it were new.

use askama::Template;
use axum::Router;
use axum::extract::{FromRequest, FromRequestParts, Multipart, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tanggap_kernel::access::Permission;
use tanggap_kernel::error::Invalid;
use tanggap_kernel::{Access, Error, Fault, Refusal, Result};
use tanggap_press::csv::{CsvOptions, CsvTable};
use tanggap_store::Tx;
use tanggap_ui::{Answer, Ctx, Failed, FormState, Page, Text, respond};

use super::settings;
use crate::actions::import::{self, LOOKED, PEOPLE_COLUMNS, UNIT_COLUMNS};
use crate::door::{Fields, SignedFields, Staff, flash};
use crate::password;
use crate::sheet::{self, BYTES_MAX, Column, Line};

pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/pengaturan/unit/impor", get(units).post(take_units))
        .route("/pengaturan/unit/contoh.csv", get(sample_units))
        .route("/pengaturan/orang/impor", get(people).post(take_people))
        .route("/pengaturan/orang/contoh.csv", get(sample_people))
}

/// What a table is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Units,
    People,
}

impl What {
    const fn columns(self) -> &'static [Column] {
        match self {
            Self::Units => UNIT_COLUMNS,
            Self::People => PEOPLE_COLUMNS,
        }
    }

    const fn home(self) -> &'static str {
        match self {
            Self::Units => "/pengaturan/unit",
            Self::People => "/pengaturan/orang",
        }
    }

    const fn lines_max(self) -> usize {
        match self {
            Self::Units => import::UNITS_MAX,
            Self::People => import::PEOPLE_MAX,
        }
    }

    /// A text that is different for each.
    const fn key(self, units: &'static str, people: &'static str) -> &'static str {
        match self {
            Self::Units => units,
            Self::People => people,
        }
    }
}

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    page: Page,
    home: &'static str,
    home_key: &'static str,
    hint: String,
    columns: Vec<(String, String, bool)>,
    form: FormState,
    problems: Vec<String>,
    /// The table that was read, and its text for the next form.
    rows: Vec<Vec<String>>,
    text: String,
    ready: String,
}

#[derive(Template)]
#[template(path = "import_made.html")]
struct MadePage {
    page: Page,
    rows: Vec<[String; 3]>,
}

async fn units(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    settings::manage(&staff)?;
    Ok(show(&ctx, &staff, What::Units, Vec::new(), None))
}

async fn people(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    settings::manage(&staff)?;
    Ok(show(&ctx, &staff, What::People, Vec::new(), None))
}

/// The page: to choose a file, to mend one, or to look at what will be made.
fn show(
    ctx: &Ctx,
    staff: &Staff,
    what: What,
    problems: Vec<Invalid>,
    found: Option<(Vec<Line>, String)>,
) -> Response {
    let text = staff.text();
    let (lines, table) = found.unwrap_or_default();
    let columns = what.columns();
    let cells = |line: &Line| columns.iter().map(|c| line.get(c.field).to_owned()).collect();
    let status = match problems.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let max = [("max", what.lines_max().into())];
    let count = [("n", lines.len().into())];
    let ready = what.key("org-import-units-make", "org-import-people-make");
    let hint = what.key("org-import-units.hint", "org-import-people.hint");
    let told = |c: &Column| {
        let hint = text.t(format!("{}.hint", c.key)).into_owned();
        (text.t(c.key).into_owned(), hint, c.required)
    };
    let template = ImportPage {
        page: staff.page(ctx, what.key("org-import-units", "org-import-people")),
        home: what.home(),
        home_key: what.key("org-settings-units", "org-settings-people"),
        hint: text.ta(hint, &max).into_owned(),
        columns: columns.iter().map(told).collect(),
        form: FormState::new(text.locale),
        problems: problems.iter().map(|invalid| in_words(text, columns, invalid)).collect(),
        rows: lines.iter().map(cells).collect(),
        text: table,
        ready: text.ta(ready, &count).into_owned(),
    };
    respond::html_status(status, template)
}

/// `Line 3, Unit: there is no such unit`.
fn in_words(text: Text, columns: &[Column], invalid: &Invalid) -> String {
    let args: Vec<_> =
        invalid.args.iter().map(|(name, value)| (*name, value.as_str().into())).collect();
    let said = text.ta(invalid.message, &args);
    let column = columns.iter().find(|column| column.field == invalid.field);
    match (import::line_of(invalid), column) {
        (0, _) => said.into_owned(),
        (line, column) => {
            let line = line.to_string();
            let name = column.map(|c| text.t(c.key).into_owned()).unwrap_or_default();
            let key = if name.is_empty() { "org-import-at-line" } else { "org-import-at" };
            let args = [
                ("line", line.as_str().into()),
                ("column", name.as_str().into()),
                ("said", said.as_ref().into()),
            ];
            text.ta(key, &args).into_owned()
        }
    }
}

/// What came with either form.
struct Brought {
    staff: Staff,
    /// The table; none where the file is no text.
    table: Option<String>,
    /// Whether it was looked at before.
    sure: bool,
}

impl FromRequest<Ctx> for Brought {
    type Rejection = Response;

    async fn from_request(request: Request, ctx: &Ctx) -> Result<Self, Response> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let has_file = kind
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| kind.starts_with("multipart/form-data"));
        if !has_file {
            let SignedFields { staff, fields } = SignedFields::from_request(request, ctx).await?;
            return Ok(Self::again(staff, &fields));
        }
        let (mut parts, body) = request.into_parts();
        let staff = Staff::from_request_parts(&mut parts, ctx).await?;
        let form = Multipart::from_request(Request::from_parts(parts, body), ctx).await;
        let (token, file) = read(form.map_err(IntoResponse::into_response)?).await?;
        staff.check_csrf(&token).map_err(|error| Failed(error).into_response())?;
        Ok(Self { staff, table: sheet::decode(&file), sure: false })
    }
}

impl Brought {
    fn again(staff: Staff, fields: &Fields) -> Self {
        Self { staff, table: Some(fields.get("table").to_owned()), sure: true }
    }
}

/// The token and the file, which is cut off where it is too large.
async fn read(mut form: Multipart) -> Result<(String, Vec<u8>), Response> {
    let (mut token, mut file) = (String::new(), Vec::new());
    while let Some(mut field) = form.next_field().await.map_err(IntoResponse::into_response)? {
        let is_file = field.file_name().is_some();
        let is_token = field.name() == Some("csrf");
        let mut bytes = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(IntoResponse::into_response)? {
            if bytes.len() <= BYTES_MAX {
                bytes.extend_from_slice(&chunk);
            }
        }
        if is_file {
            file = bytes;
        } else if is_token {
            token = String::from_utf8_lossy(&bytes).into_owned();
        }
    }
    Ok((token, file))
}

/// The lines of a table, or what is wrong with it.
fn lines(what: What, table: Option<&String>) -> Result<Vec<Line>, Vec<Invalid>> {
    let of = |key| vec![Invalid::new("file", key)];
    let table = table.ok_or_else(|| of("org-import-unread"))?;
    if table.len() > BYTES_MAX {
        return Err(vec![Invalid::new("file", "org-import-large").arg("max", BYTES_MAX >> 10)]);
    }
    sheet::read(table, what.columns(), what.lines_max())
}

async fn take_units(State(ctx): State<Ctx>, brought: Brought) -> Answer {
    let Brought { staff, table, sure } = brought;
    settings::manage(&staff)?;
    let found = match lines(What::Units, table.as_ref()) {
        Ok(found) => found,
        Err(problems) => return Ok(show(&ctx, &staff, What::Units, problems, None)),
    };
    let act = |tx: &mut Tx<'_>, access: &Access, lines: &Vec<Line>, only_look: bool| {
        import::import_units(tx, access, lines, only_look)
    };
    match attempt(&ctx, &staff, found.clone(), !sure, act).await? {
        Outcome::Done => Ok(flash(&ctx.site, What::Units.home(), "org-flash-imported")),
        Outcome::Sound => {
            let found = (found, table.unwrap_or_default());
            Ok(show(&ctx, &staff, What::Units, Vec::new(), Some(found)))
        }
        Outcome::Wrong(problems) => Ok(show(&ctx, &staff, What::Units, problems, None)),
    }
}

async fn take_people(State(ctx): State<Ctx>, brought: Brought) -> Answer {
    let Brought { staff, table, sure } = brought;
    settings::manage(&staff)?;
    let found = match lines(What::People, table.as_ref()) {
        Ok(found) => found,
        Err(problems) => return Ok(show(&ctx, &staff, What::People, problems, None)),
    };
    let act = |tx: &mut Tx<'_>, access: &Access, people: &Vec<(Line, String)>, only_look: bool| {
        import::import_people(tx, access, people, only_look)
    };
    // Looked at first in any case: passwords are made for those only who will be there.
    let unhashed = found.iter().cloned().map(|line| (line, String::new())).collect();
    match attempt(&ctx, &staff, unhashed, true, act).await? {
        Outcome::Wrong(problems) => return Ok(show(&ctx, &staff, What::People, problems, None)),
        Outcome::Sound if !sure => {
            let found = (found, table.unwrap_or_default());
            return Ok(show(&ctx, &staff, What::People, Vec::new(), Some(found)));
        }
        Outcome::Sound | Outcome::Done => {}
    }
    let (mut people, mut rows) = (Vec::new(), Vec::new());
    for line in found {
        let made = password::made()?;
        let (name, email) = (line.get("name").to_owned(), line.get("email").to_lowercase());
        people.push((line, password::hash(made.clone()).await?));
        rows.push([name, email, made]);
    }
    match attempt(&ctx, &staff, people, false, act).await? {
        Outcome::Wrong(problems) => Ok(show(&ctx, &staff, What::People, problems, None)),
        Outcome::Sound | Outcome::Done => {
            let page = staff.page(&ctx, "org-import-people-made");
            Ok(respond::html(MadePage { page, rows }))
        }
    }
}

/// What became of a table.
enum Outcome {
    Done,
    Sound,
    Wrong(Vec<Invalid>),
}

async fn attempt<I: Send + 'static>(
    ctx: &Ctx,
    staff: &Staff,
    input: I,
    only_look: bool,
    act: impl Fn(&mut Tx<'_>, &Access, &I, bool) -> Result<()> + Send + 'static,
) -> Result<Outcome, Failed> {
    let access = staff.access.clone();
    let done = ctx.db.write(move |tx| act(tx, &access, &input, only_look)).await;
    match done {
        Ok(()) => Ok(Outcome::Done),
        Err(Error::Refused(Refusal::Illegal(LOOKED))) => Ok(Outcome::Sound),
        Err(Error::Refused(Refusal::Invalid(problems))) => Ok(Outcome::Wrong(problems)),
        Err(error) => Err(error.into()),
    }
}

async fn sample_units(staff: Staff) -> Answer {
    sample(&staff, What::Units)
}

async fn sample_people(staff: Staff) -> Answer {
    sample(&staff, What::People)
}

/// A table to fill in, in the language of whoever asks.
fn sample(staff: &Staff, what: What) -> Answer {
    staff.access.require(Permission::OrgManage, None)?;
    let text = staff.text();
    let mut table = CsvTable::new(CsvOptions::default());
    table.row(what.columns().iter().map(|column| text.t(column.key)));
    let lines = text.t(what.key("org-import-units-sample", "org-import-people-sample"));
    for line in lines.lines() {
        table.row(line.split('|').map(str::trim));
    }
    let name = text.t(what.key("org-import-units-file", "org-import-people-file"));
    let attached = HeaderValue::from_str(&format!("attachment; filename=\"{name}.csv\""))
        .map_err(|e| Fault::new(format!("a file's name: {e}")))?;
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, attached)];
    Ok((headers, table.finish()).into_response())
}
