//! The report's form and its preview as pages: what is shown of values, choices and files.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use tanggap_calendar::{Date, Kind};
use tanggap_kernel::Result;
use tanggap_kernel::error::Invalid;
use tanggap_org::{self as org, Category, Question, QuestionKind, Unit};
use tanggap_regions::Code;
use tanggap_ui::{Choice, Field, FormState, Page, Text};

use crate::door::Door;
use crate::draft::{self, is_complaint, kind_of, region_name};
use crate::sealed::{FormToken, KeptFile};
use crate::sent::{Sent, Values, file_max_words};

/// Fields that never go around with the rest: each page writes its own.
const OWN: [&str; 6] = ["token", "csrf", "altcha", "kept", "drop", "action"];

/// The key of a kind's name.
#[must_use]
pub fn kind_key(kind: Kind) -> String {
    format!("case-kind-{}", kind.as_str().replace('_', "-"))
}

/// A report that somebody is writing, with all that its pages need.
pub struct Writing {
    /// Where.
    pub door: Door,
    /// What was typed.
    pub values: Values,
    /// Files that are kept already.
    pub kept: Vec<KeptFile>,
    /// The form's token.
    pub token: FormToken,
    /// Its category.
    pub category: Category,
    /// The units in service.
    pub units: Vec<Unit>,
    /// Today in the agency's zone.
    pub today: Date,
    /// Something to be told above the form, in the reader's language.
    pub notice: String,
}

impl Writing {
    /// Takes up what a form sent. An unknown category becomes `umum`; a token that is too old or
    /// not ours becomes a new one, which the caller can tell by `false`.
    ///
    /// # Errors
    /// A fault.
    pub async fn resume(door: Door, sent: Sent) -> Result<(Self, Vec<crate::sent::Upload>, bool)> {
        let (category, units) = surroundings(&door, sent.values.get("category")).await?;
        let read = FormToken::read(&door.ctx, sent.values.get("token"));
        let is_ours = read.is_some();
        let token = match read {
            Some(token) => token,
            None => FormToken::fresh(&door.ctx)?,
        };
        let dropped: Vec<&str> = sent.values.all("drop").collect();
        let kept = sent
            .values
            .all("kept")
            .filter_map(|sealed| KeptFile::read(&door.ctx.secrets, sealed))
            .filter(|file| !dropped.contains(&file.blob.as_str()))
            .take(tanggap_cases::report::FILES_MAX)
            .collect();
        let mut values = sent.values;
        values.0.retain(|(name, _)| !OWN.contains(&name.as_str()) || name == "altcha");
        let today = door.agency.zone.local_date(door.ctx.now().as_micros());
        let writing =
            Self { door, values, kept, token, category, units, today, notice: String::new() };
        Ok((writing, sent.files, is_ours))
    }

    /// Begins one.
    ///
    /// # Errors
    /// A fault.
    pub async fn begin(door: Door, kind: Kind, category: &str) -> Result<Self> {
        let mut values = Values::default();
        values.set("kind", kind.as_str());
        values.set("category", category);
        Ok(Self::resume(door, Sent { values, ..Sent::default() }).await?.0)
    }

    /// Checks everything that was typed.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(
        &self,
        ticket: tanggap_cases::report::Ticket,
    ) -> Result<tanggap_cases::report::Report, Vec<Invalid>> {
        let against =
            draft::Against { category: &self.category, units: &self.units, today: self.today };
        let mut report = draft::check(&self.values, &against, ticket)?;
        report.attachments = self.kept.iter().cloned().map(Into::into).collect();
        Ok(report)
    }

    fn form(&self, errors: Vec<Invalid>) -> FormState {
        let mut values = self.values.0.clone();
        if self.values.get("behalf").is_empty() {
            values.push(("behalf".into(), "self".into()));
        }
        let questions = self.category.questions.iter().map(|question| {
            (format!("q-{}", question.key), question.label_in(self.door.text().locale).to_owned())
        });
        let mut form =
            FormState::refused(self.door.text().locale, values, errors).labelled(&draft::LABELS);
        form.labels.extend(questions);
        form
    }

    /// The form, with what is wrong.
    #[must_use]
    pub fn page(&self, status: StatusCode, errors: Vec<Invalid>) -> Response {
        let door = &self.door;
        let text = door.text();
        let kind = kind_of(&self.values);
        let mut page =
            door.page(format!("portal-form-{}", kind.as_str().replace('_', "-")).as_str());
        let link = format!("/lapor?jenis={}&kategori={}", kind.as_str(), self.category.slug);
        page.path = door.link(&link);
        let form = self.form(errors);
        let questions = self.category.questions.iter().map(|q| question(&form, q, text)).collect();
        let units = self.units.iter();
        let view = FormPage {
            page,
            base: door.base.clone(),
            regions: self.regions(),
            units: units.map(|u| Choice::new(u.id.to_string(), u.name_in(text.locale))).collect(),
            behalf: ["self", "other"]
                .map(|who| Choice::new(who, text.t(format!("portal-behalf-{who}"))))
                .into(),
            questions,
            kind: kind.as_str(),
            complaint: is_complaint(kind),
            category: self.category.name_in(text.locale).to_owned(),
            slug: self.category.slug.clone(),
            token: self.token.sealed(&door.ctx),
            needs_work: !self.token.proven,
            kept: self.shown_files(),
            file_max: text.t1("portal-files-hint", "max", file_max_words(&door.ctx)).into_owned(),
            notice: self.notice.clone(),
            form,
        };
        kept_by_the_browser(door.html_status(status, view))
    }

    /// What a search for a region found, to choose from.
    fn regions(&self) -> Vec<Choice> {
        let asked = self.values.get("region_q");
        let mut found: Vec<Code> = match asked {
            "" => Vec::new(),
            asked => draft::regions_for(asked).into_iter().map(|region| region.code).collect(),
        };
        if let Ok(region) = tanggap_regions::lookup(self.values.get("region"))
            && !found.contains(&region.code)
        {
            found.insert(0, region.code);
        }
        found.into_iter().map(|code| Choice::new(code.to_string(), region_name(code))).collect()
    }

    fn shown_files(&self) -> Vec<ShownFile> {
        let shown = |file: &KeptFile| ShownFile {
            name: file.name.clone(),
            size: file.size,
            blob: file.blob.clone(),
            sealed: file.sealed(&self.door.ctx.secrets),
        };
        self.kept.iter().map(shown).collect()
    }

    /// What goes along hidden from the preview to the next step.
    fn hidden(&self) -> Vec<(String, String)> {
        let mut hidden = self.values.0.clone();
        hidden.retain(|(name, value)| name != "altcha" && !value.is_empty());
        hidden
    }

    /// The preview: what the public would see, what the officers see, and the last word.
    #[must_use]
    pub fn preview(
        &self,
        status: StatusCode,
        report: &tanggap_cases::report::Report,
        publishable: bool,
    ) -> Response {
        let door = &self.door;
        let text = door.text();
        let mut page = door.page("portal-preview");
        let link = format!("/lapor?jenis={}&kategori={}", report.kind.as_str(), self.category.slug);
        page.path = door.link(&link);
        let redact = |text: &str| tanggap_lang::personal::redact(text);
        let place = place_of(report.region_code.as_deref(), &report.place);
        let hid = redact(&report.subject) != report.subject
            || redact(&report.description) != report.description
            || redact(&report.place) != report.place;
        let view = PreviewPage {
            page,
            base: door.base.clone(),
            public: publishable && !report.confidential,
            confidential: report.confidential,
            subject: redact(&report.subject),
            description: redact(&report.description),
            place: redact(&place),
            hid,
            category: self.category.name_in(text.locale).to_owned(),
            kind: text.t(kind_key(report.kind)).into_owned(),
            rows: officer_rows(self, report, &place),
            unreachable: report
                .reporter
                .as_ref()
                .is_none_or(|who| who.phone.is_none() && who.email.is_none()),
            token: self.token.sealed(&door.ctx),
            hidden: self.hidden(),
            kept: self.shown_files(),
            notice: self.notice.clone(),
        };
        kept_by_the_browser(door.html_status(status, view))
    }
}

/// A page that a form was answered with cannot be asked for again by its address: for "back" the
/// browser that got it keeps it, and nobody else does. What it would send again is the same
/// report.
fn kept_by_the_browser(mut page: Response) -> Response {
    let kept = HeaderValue::from_static("private, no-cache");
    page.headers_mut().insert(header::CACHE_CONTROL, kept);
    page
}

/// Where, in words: the free text, then the region's name.
#[must_use]
pub fn place_of(region: Option<&str>, place: &str) -> String {
    let region = region.and_then(|code| Code::parse(code).ok()).map(region_name);
    let parts = [Some(place.to_owned()), region];
    let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

/// What the officers get to see: label and value.
fn officer_rows(
    writing: &Writing,
    report: &tanggap_cases::report::Report,
    place: &str,
) -> Vec<(String, String)> {
    let text = writing.door.text();
    let who = report.reporter.clone().unwrap_or_default();
    let hidden = |on: bool, key: &str| if on { text.t(key).into_owned() } else { String::new() };
    let unit = report.reported_unit.and_then(|id| writing.units.iter().find(|unit| unit.id == id));
    let date = report.details.service_date.as_deref().and_then(|day| day.parse::<Date>().ok());
    let files: Vec<&str> = writing.kept.iter().map(|file| file.name.as_str()).collect();
    let mut rows = vec![
        ("portal-where", place.to_owned()),
        (
            "portal-service-date",
            date.map(|day| crate::days::written(text, day)).unwrap_or_default(),
        ),
        ("portal-loss", report.details.loss.clone()),
        ("portal-wish", report.details.wish.clone()),
        ("portal-reported-unit", unit.map_or("", |u| u.name_in(text.locale)).to_owned()),
        ("portal-files", files.join(", ")),
        ("portal-name", who.name),
        ("portal-proxy-for", report.proxy_for.clone().unwrap_or_default()),
        ("portal-phone", writing.values.get("phone").to_owned()),
        ("portal-email", who.email.unwrap_or_default()),
        ("portal-address", who.address),
        ("portal-nik", who.nik.unwrap_or_default()),
        ("portal-anonymous", hidden(report.anonymous, "ui-yes")),
        ("portal-confidential", hidden(report.confidential, "ui-yes")),
    ];
    rows.retain(|(_, value)| !value.is_empty());
    let mut rows: Vec<(String, String)> =
        rows.into_iter().map(|(key, value)| (text.t(key).into_owned(), value)).collect();
    rows.splice(0..0, report.details.answers.iter().cloned());
    rows
}

/// The field of a category's own question.
fn question(form: &FormState, question: &Question, text: Text) -> Field {
    let name = format!("q-{}", question.key);
    let label = question.label_in(text.locale);
    let field = match question.kind {
        QuestionKind::Choice => {
            let offered = question.choices.iter();
            let choices: Vec<Choice> = offered
                .map(|choice| Choice::new(&choice.label, choice.label_in(text.locale)))
                .collect();
            form.radios(&name, "", &choices)
        }
        QuestionKind::Text => form.text(&name, "").maxlength(300),
        QuestionKind::Number => form.text(&name, "").inputmode("decimal").width("s"),
        QuestionKind::Date => form.text(&name, "").kind("date").width("s"),
    };
    let field = field.label(label);
    if question.required { field.required() } else { field.optional() }
}

async fn surroundings(door: &Door, slug: &str) -> Result<(Category, Vec<Unit>)> {
    let (access, slug) = (door.access(), slug.to_owned());
    door.ctx
        .db
        .read(move |tx| {
            let all = org::categories(tx, &access)?;
            let pick = |slug: &str| all.iter().find(|c| c.slug == slug && c.active).cloned();
            let category = pick(&slug).or_else(|| pick("umum")).or_else(|| all.first().cloned());
            let category = category.ok_or(tanggap_kernel::Refusal::NotFound)?;
            let mut units = org::units(tx, &access)?;
            units.retain(|unit| unit.active);
            Ok((category, units))
        })
        .await
}

/// A file that is kept already, as the form shows it.
pub struct ShownFile {
    name: String,
    size: i64,
    blob: String,
    sealed: String,
}

#[derive(Template)]
#[template(path = "form.html")]
struct FormPage {
    page: Page,
    base: String,
    form: FormState,
    regions: Vec<Choice>,
    units: Vec<Choice>,
    behalf: Vec<Choice>,
    questions: Vec<Field>,
    kind: &'static str,
    complaint: bool,
    category: String,
    slug: String,
    token: String,
    needs_work: bool,
    kept: Vec<ShownFile>,
    file_max: String,
    notice: String,
}

#[derive(Template)]
#[template(path = "preview.html")]
struct PreviewPage {
    page: Page,
    base: String,
    public: bool,
    confidential: bool,
    subject: String,
    description: String,
    place: String,
    hid: bool,
    category: String,
    kind: String,
    rows: Vec<(String, String)>,
    unreachable: bool,
    token: String,
    hidden: Vec<(String, String)>,
    kept: Vec<ShownFile>,
    notice: String,
}
