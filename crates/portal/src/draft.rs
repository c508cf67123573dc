//! A report on its way from the form: read, checked all at once, shown again as it was typed.
//! Pure, apart from reading the catalogues.

use tanggap_calendar::{Date, Kind};
use tanggap_cases::model::Details;
use tanggap_cases::report::{LINE_MAX, Report, Ticket};
use tanggap_contacts::NewContact;
use tanggap_contacts::identity::{Email, Nik, Phone};
use tanggap_kernel::error::Invalid;
use tanggap_kernel::id::UnitId;
use tanggap_kernel::{Error, Refusal};
use tanggap_org::{Category, QuestionKind, Unit};
use tanggap_regions::{Code, Region};

use crate::sent::Values;

/// The most regions that a search offers.
pub const REGIONS_SHOWN: usize = 12;
/// The earliest year in which a service can have been received.
const SERVICE_YEAR_MIN: i16 = 1990;

/// What a report needs to be checked against.
pub struct Against<'a> {
    /// Its category.
    pub category: &'a Category,
    /// The units that it may be about.
    pub units: &'a [Unit],
    /// Today in the agency's zone.
    pub today: Date,
}

/// The kind that a form is about; a complaint where it says nothing we know.
#[must_use]
pub fn kind_of(values: &Values) -> Kind {
    values.get("kind").parse().unwrap_or(Kind::Complaint)
}

/// Whether reports of a kind have loss, wish and the date of the service.
#[must_use]
pub fn is_complaint(kind: Kind) -> bool {
    matches!(kind, Kind::Complaint | Kind::SupervisoryComplaint)
}

/// Reads a report from a form; its ticket and files are added by the caller.
///
/// # Errors
/// All that is wrong, at once, in the order of the form.
pub fn check(
    values: &Values,
    against: &Against<'_>,
    ticket: Ticket,
) -> Result<Report, Vec<Invalid>> {
    let mut wrong = Vec::new();
    let kind = kind_of(values);
    let mut report = Report::new(kind, values.get("subject"), values.get("description"), ticket);
    report.category.clone_from(&against.category.slug);
    report.place = values.get("place").to_owned();
    report.anonymous = values.is_on("anonymous");
    report.confidential = values.is_on("confidential");
    if values.get("behalf") == "other" {
        let name = values.get("proxy_for").to_owned();
        if name.is_empty() {
            wrong.push(Invalid::new("proxy_for", "ui-invalid-required"));
        }
        report.proxy_for = Some(name);
    }
    report.region_code = region(values, &mut wrong);
    report.details = details(values, kind, against, &mut wrong);
    report.reporter = reporter(values, against.today, &mut wrong);
    report.reported_unit = reported_unit(values, against.units, &mut wrong);
    if let Err(Error::Refused(Refusal::Invalid(more))) = report.check() {
        wrong.splice(0..0, more);
    }
    if wrong.is_empty() { Ok(report) } else { Err(wrong) }
}

fn region(values: &Values, wrong: &mut Vec<Invalid>) -> Option<String> {
    let chosen = values.get("region");
    if !chosen.is_empty() {
        return match tanggap_regions::lookup(chosen) {
            Ok(region) => Some(region.code.to_string()),
            Err(_) => {
                wrong.push(Invalid::new("region", "ui-invalid-choice"));
                None
            }
        };
    }
    let asked = values.get("region_q");
    if asked.is_empty() {
        return None;
    }
    match &regions_for(asked)[..] {
        [only] => Some(only.code.to_string()),
        [] => {
            wrong.push(Invalid::new("region_q", "portal-invalid-region-none"));
            None
        }
        _ => {
            wrong.push(Invalid::new("region", "portal-invalid-region-many"));
            None
        }
    }
}

/// Regions that fit what somebody typed: a code, the full name that a suggestion left in the
/// field (then that one alone), or beginnings of names.
#[must_use]
pub fn regions_for(asked: &str) -> Vec<Region> {
    if let Ok(region) = tanggap_regions::lookup(asked) {
        return vec![region];
    }
    let mut found = tanggap_regions::search(asked, REGIONS_SHOWN);
    if let Some(at) = found.iter().position(|region| region_name(region.code) == asked) {
        found = vec![found.swap_remove(at)];
    }
    found
}

/// `Desa Sukamaju, Kec. Ciamis, Kabupaten Ciamis, Jawa Barat`: from the narrowest up.
#[must_use]
pub fn region_name(code: Code) -> String {
    let mut names: Vec<&str> =
        tanggap_regions::chain(code).into_iter().map(|region| region.name).collect();
    names.reverse();
    names.join(", ")
}

fn details(
    values: &Values,
    kind: Kind,
    against: &Against<'_>,
    wrong: &mut Vec<Invalid>,
) -> Details {
    let mut details = Details::default();
    if is_complaint(kind) {
        details.loss = values.get("loss").to_owned();
        details.wish = values.get("wish").to_owned();
        details.service_date = date(values.get("service_date"), "service_date", wrong);
        if let Some(day) = details.service_date.as_deref().and_then(|d| d.parse::<Date>().ok())
            && (day > against.today || day.year() < SERVICE_YEAR_MIN)
        {
            wrong.push(Invalid::new("service_date", "portal-invalid-service-date"));
        }
    }
    for question in &against.category.questions {
        let field = format!("q-{}", question.key);
        let answer = values.get(&field);
        if answer.is_empty() {
            if question.required {
                wrong.push(Invalid::new(field, "ui-invalid-required"));
            }
            continue;
        }
        let fits = match question.kind {
            QuestionKind::Text => answer.chars().count() <= LINE_MAX,
            QuestionKind::Choice => question.choices.iter().any(|choice| choice.label == answer),
            QuestionKind::Number => answer.replace(['.', ','], "").parse::<i64>().is_ok(),
            QuestionKind::Date => answer.parse::<Date>().is_ok(),
        };
        if fits {
            details.answers.push((question.label.clone(), answer.to_owned()));
        } else {
            wrong.push(match question.kind {
                QuestionKind::Text => Invalid::new(field, "ui-invalid-long").arg("max", LINE_MAX),
                QuestionKind::Choice => Invalid::new(field, "ui-invalid-choice"),
                QuestionKind::Number => Invalid::new(field, "ui-invalid-number"),
                QuestionKind::Date => Invalid::new(field, "ui-invalid-date"),
            });
        }
    }
    details
}

fn date(text: &str, field: &str, wrong: &mut Vec<Invalid>) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    match text.parse::<Date>() {
        Ok(date) => Some(date.to_string()),
        Err(_) => {
            wrong.push(Invalid::new(field, "ui-invalid-date"));
            None
        }
    }
}

fn reporter(values: &Values, today: Date, wrong: &mut Vec<Invalid>) -> Option<NewContact> {
    let mut contact = NewContact {
        name: values.get("name").to_owned(),
        address: values.get("address").to_owned(),
        ..NewContact::default()
    };
    let typed = values.get("phone");
    if !typed.is_empty() {
        match Phone::parse(typed) {
            Ok(phone) => contact.phone = Some(phone.e164().to_owned()),
            Err(_) => wrong.push(Invalid::new("phone", "ui-invalid-phone")),
        }
    }
    let typed = values.get("email");
    if !typed.is_empty() {
        match Email::parse(typed) {
            Ok(email) => contact.email = Some(email.as_str().to_owned()),
            Err(_) => wrong.push(Invalid::new("email", "ui-invalid-email")),
        }
    }
    let typed = values.get("nik");
    if !typed.is_empty() {
        match Nik::parse(typed, today) {
            Ok(nik) => contact.nik = Some(nik.expose().to_owned()),
            Err(_) => wrong.push(Invalid::new("nik", "portal-invalid-nik")),
        }
    }
    (contact != NewContact::default()).then_some(contact)
}

fn reported_unit(values: &Values, units: &[Unit], wrong: &mut Vec<Invalid>) -> Option<UnitId> {
    let chosen = values.get("reported_unit");
    if chosen.is_empty() {
        return None;
    }
    let unit = UnitId::parse(chosen).and_then(|id| units.iter().find(|unit| unit.id == id));
    if unit.is_none() {
        wrong.push(Invalid::new("reported_unit", "ui-invalid-choice"));
    }
    unit.map(|unit| unit.id)
}

/// Fields with the keys of their labels, for the summary of errors.
pub const LABELS: [(&str, &str); 18] = [
    ("subject", "portal-subject"),
    ("description", "portal-description"),
    ("region_q", "portal-region"),
    ("region", "portal-region"),
    ("place", "portal-place"),
    ("service_date", "portal-service-date"),
    ("loss", "portal-loss"),
    ("wish", "portal-wish"),
    ("files", "portal-files"),
    ("behalf", "portal-behalf"),
    ("proxy_for", "portal-proxy-for"),
    ("name", "portal-name"),
    ("phone", "portal-phone"),
    ("email", "portal-email"),
    ("address", "portal-address"),
    ("nik", "portal-nik"),
    ("reported_unit", "portal-reported-unit"),
    ("anonymous", "portal-anonymous"),
];
