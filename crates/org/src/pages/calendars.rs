//! Calendars: the list, the year with its days off and their reasons, the agency's own days.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use tanggap_calendar::hours::{Ramadan, ramadan_in};
use tanggap_calendar::{Base, Date, OverrideKind, Reason, WorkingCalendar};
use tanggap_kernel::{Access, Locale, Refusal, Result};
use tanggap_store::Tx;
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, Text, Tone, respond};

use super::hours::{self, Weekday};
use super::settings;
use crate::actions::{self, CalendarInput, DAY_KINDS};
use crate::door::{Fields, SignedFields, Staff, flash};
use crate::model::{Calendar, CalendarDay, CalendarId};
use crate::store;

const HOME: &str = "/pengaturan/kalender";
/// The years that can be looked at.
const YEARS: std::ops::RangeInclusive<i16> = 2000..=2099;

pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route(HOME, get(list))
        .route("/pengaturan/kalender/baru", get(new).post(create))
        .route("/pengaturan/kalender/{id}", get(show).post(change))
}

#[derive(Template)]
#[template(path = "calendars.html")]
struct CalendarsPage {
    page: Page,
    rows: Vec<Row>,
    may_change: bool,
}

struct Row {
    calendar: Calendar,
    base: String,
    used_by: Vec<String>,
}

async fn list(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    let may_change = settings::look(&staff)?;
    let access = staff.access.clone();
    let (calendars, units, agency) = ctx
        .db
        .read(move |tx| {
            let agency = store::agency(tx, access.agency_id)?.ok_or(Refusal::NotFound)?;
            Ok((store::calendars(tx, &access)?, store::units(tx, &access)?, agency))
        })
        .await?;
    let page = staff.page(&ctx, "org-settings-calendars");
    let row = |calendar: Calendar| {
        let mut used_by: Vec<String> = Vec::new();
        if agency.calendar_id == Some(calendar.id) {
            used_by.push(page.t("org-calendar-default").into_owned());
        }
        let own = units.iter().filter(|unit| unit.calendar_id == Some(calendar.id));
        used_by.extend(own.map(|unit| unit.name_in(page.locale).to_owned()));
        Row { base: page.t(base_key(calendar.base)).into_owned(), calendar, used_by }
    };
    let rows = calendars.into_iter().map(row).collect();
    Ok(respond::html(CalendarsPage { page, rows, may_change }))
}

const fn base_key(base: Base) -> &'static str {
    match base {
        Base::Government => "org-base-government",
        Base::National => "org-base-national",
    }
}

pub(super) fn bases(text: Text) -> Vec<Choice> {
    let named = |base: Base| {
        let key = base_key(base);
        Choice::new(crate::word_of(base), text.t(key)).hint(text.t(format!("{key}.hint")))
    };
    [Base::Government, Base::National].into_iter().map(named).collect()
}

#[derive(Template)]
#[template(path = "calendar.html")]
struct CalendarPage {
    page: Page,
    form: FormState,
    day_form: FormState,
    bases: Vec<Choice>,
    kinds: Vec<Choice>,
    weekdays: Vec<Weekday>,
    shown: Option<Year>,
    may_change: bool,
}

/// A year of a calendar.
struct Year {
    year: i16,
    is_known: bool,
    months: Vec<Month>,
    fasting: Vec<Fasting>,
    days: Vec<Day>,
}

struct Month {
    name: String,
    working: i64,
}

/// A Ramadan, in which other hours may apply.
struct Fasting {
    name: String,
    dates: String,
    estimated: bool,
}

struct Day {
    iso: String,
    date: String,
    reason: String,
    tone: Tone,
    name: String,
    decree: String,
    is_own: bool,
}

fn year_of(text: Text, calendar: &WorkingCalendar, own: &[CalendarDay], year: i16) -> Year {
    let first = Date::constant(year, 1, 1);
    let dates = || {
        let days = std::iter::successors(Some(first), |date| date.tomorrow().ok());
        days.take_while(move |date| date.year() == year)
    };
    let months = (1..=12).map(|month| Month {
        name: text.t(format!("ui-month-{month}")).into_owned(),
        working: dates()
            .filter(|date| date.month() == month && calendar.is_working_day(*date))
            .count()
            .try_into()
            .unwrap_or(0),
    });
    let named = dates().map(|date| calendar.day(date)).filter(|day| day.name.is_some());
    let days = named.map(|day| {
        let exception = own.iter().find(|own| own.date == day.date);
        let holiday = calendar.holidays().get(day.date);
        let decree = exception.map(|own| own.decree.clone());
        let decree = decree.or_else(|| holiday.map(|holiday| holiday.decree.to_string()));
        let name = day.name.as_deref().map(|name| name.get(text.locale.tag()).to_owned());
        Day {
            iso: day.date.to_string(),
            date: date_name(text, day.date),
            reason: text.t(reason_key(day.reason)).into_owned(),
            tone: if day.counted { Tone::Good } else { Tone::Info },
            name: name.unwrap_or_default(),
            decree: decree.unwrap_or_default(),
            is_own: exception.is_some(),
        }
    });
    Year {
        year,
        is_known: calendar.holidays().knows_year(year),
        months: months.collect(),
        fasting: ramadan_in(year).map(|period| fasting(text, period)).collect(),
        days: days.collect(),
    }
}

fn fasting(text: Text, period: Ramadan) -> Fasting {
    let day = |date: Date| {
        let month = text.t(format!("ui-month-{}", date.month()));
        format!("{} {month} {}", date.day(), date.year())
    };
    Fasting {
        name: text.t1("org-calendar-ramadan", "year", period.hijri.to_string()).into_owned(),
        dates: format!("{} – {}", day(period.first), day(period.last)),
        estimated: period.estimated,
    }
}

/// `Jumat, 13 Maret`.
fn date_name(text: Text, date: Date) -> String {
    let weekday = date.weekday().to_monday_one_offset();
    let (weekday, month) =
        (text.t(format!("ui-weekday-{weekday}")), text.t(format!("ui-month-{}", date.month())));
    format!("{weekday}, {} {month}", date.day())
}

const fn reason_key(reason: Reason) -> &'static str {
    match reason {
        Reason::WorkingDay => "org-day-working",
        Reason::Weekend => "org-day-weekend",
        Reason::NationalHoliday => "org-day-national-holiday",
        Reason::JointLeave => "org-day-joint-leave",
        Reason::RegionalHoliday => "org-day-regional-holiday",
        Reason::ExtraWorkingDay => "org-day-extra-working-day",
        Reason::Paused => "org-day-paused",
    }
}

fn kinds(text: Text) -> Vec<Choice> {
    let named = |kind: OverrideKind| {
        let word = crate::word_of(kind);
        let label = text.t(format!("org-override-{}", word.replace('_', "-")));
        Choice::new(word, label)
    };
    DAY_KINDS.into_iter().map(named).collect()
}

async fn new(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    settings::manage(&staff)?;
    let form = FormState::new(staff.prefs.locale).with("base", "government");
    let form = hours::filled(form, "")?;
    Ok(respond::html(new_page(&ctx, &staff, form)))
}

fn new_page(ctx: &Ctx, staff: &Staff, form: FormState) -> CalendarPage {
    let text = staff.text();
    CalendarPage {
        page: staff.page(ctx, "org-calendar-new"),
        form,
        day_form: FormState::new(text.locale),
        bases: bases(text),
        kinds: kinds(text),
        weekdays: hours::weekdays(text),
        shown: None,
        may_change: true,
    }
}

#[derive(serde::Deserialize)]
struct Wanted {
    tahun: Option<i16>,
}

async fn show(
    State(ctx): State<Ctx>,
    staff: Staff,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let id = CalendarId::parse(&id);
    let calendar = settings::load(&ctx, &staff, id, store::calendar).await?;
    let form = filled(staff.prefs.locale, &calendar)?;
    let days = FormState::new(staff.prefs.locale).with("kind", "regional_holiday");
    page(&ctx, &staff, calendar, (form, days), wanted.tahun, StatusCode::OK).await
}

fn filled(locale: Locale, calendar: &Calendar) -> Result<FormState> {
    let form = FormState::new(locale)
        .with("name", &calendar.name)
        .with("base", crate::word_of(calendar.base))
        .with("version", calendar.version);
    hours::filled(form, &calendar.hours)
}

async fn page(
    ctx: &Ctx,
    staff: &Staff,
    calendar: Calendar,
    (form, day_form): (FormState, FormState),
    year: Option<i16>,
    status: StatusCode,
) -> Answer {
    let may_change = settings::look(staff)?;
    let (access, id) = (staff.access.clone(), calendar.id);
    let (working, own) = ctx
        .db
        .read(move |tx| {
            Ok((store::working_calendar(tx, &access, id)?, store::calendar_days(tx, &access, id)?))
        })
        .await?;
    let text = staff.text();
    let today = working.zone().local_date(ctx.now().as_micros());
    let year = year.filter(|year| YEARS.contains(year)).unwrap_or(today.year());
    let template = CalendarPage {
        page: settings::titled(staff, &calendar.name),
        form,
        day_form,
        bases: bases(text),
        kinds: kinds(text),
        weekdays: hours::weekdays(text),
        shown: Some(year_of(text, &working, &own, year)),
        may_change,
    };
    Ok(respond::html_status(status, template))
}

fn input(fields: &Fields) -> Result<CalendarInput> {
    let base = crate::word(fields.get("base"));
    Ok(CalendarInput {
        name: fields.get("name").to_owned(),
        base: base.map_err(|_| Refusal::field("base", "ui-invalid-choice"))?,
        hours: hours::read(fields)?,
    })
}

async fn create(State(ctx): State<Ctx>, SignedFields { staff, fields }: SignedFields) -> Answer {
    settings::manage(&staff)?;
    let input = input(&fields);
    match settings::submit(&ctx, &staff, fields, input, actions::create_calendar).await? {
        Ok(id) => Ok(flash(&ctx.site, &format!("{HOME}/{id}"), "org-flash-saved")),
        Err(refused) => {
            let template = new_page(&ctx, &staff, refused.form);
            Ok(respond::html_status(refused.status, template))
        }
    }
}

async fn change(
    State(ctx): State<Ctx>,
    Path(id): Path<String>,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    settings::manage(&staff)?;
    let id = CalendarId::parse(&id);
    let calendar = settings::load(&ctx, &staff, id, store::calendar).await?;
    match fields.get("action") {
        "calendar" => change_calendar(&ctx, &staff, calendar, fields).await,
        "day" => add_day(&ctx, &staff, calendar, fields).await,
        "remove" => {
            let date: Option<Date> = fields.get("date").parse().ok();
            let date = date.ok_or(Refusal::NotFound)?;
            let (access, id) = (staff.access.clone(), calendar.id);
            ctx.db.write(move |tx| actions::remove_calendar_day(tx, &access, id, date)).await?;
            let place = format!("{HOME}/{id}?tahun={}", date.year());
            Ok(flash(&ctx.site, &place, "org-flash-day-removed"))
        }
        _ => Err(Refusal::Invalid(Vec::new()).into()),
    }
}

async fn change_calendar(ctx: &Ctx, staff: &Staff, calendar: Calendar, fields: Fields) -> Answer {
    let (id, input) = (calendar.id, settings::versioned(&fields, input(&fields)));
    let act = move |tx: &mut Tx<'_>, access: &Access, (version, input): &(i64, CalendarInput)| {
        actions::update_calendar(tx, access, id, *version, input)
    };
    match settings::submit(ctx, staff, fields, input, act).await? {
        Ok(()) => Ok(flash(&ctx.site, &format!("{HOME}/{}", calendar.id), "org-flash-saved")),
        Err(refused) => {
            let days = FormState::new(staff.prefs.locale);
            page(ctx, staff, calendar, (refused.form, days), None, refused.status).await
        }
    }
}

fn day_input(fields: &Fields) -> Result<CalendarDay> {
    let date = fields.get("date").parse();
    let kind = crate::word(fields.get("kind"));
    Ok(CalendarDay {
        date: date.map_err(|_| Refusal::field("date", "ui-invalid-date"))?,
        kind: kind.map_err(|_| Refusal::field("kind", "ui-invalid-choice"))?,
        name: fields.get("name").to_owned(),
        decree: fields.get("decree").to_owned(),
    })
}

async fn add_day(ctx: &Ctx, staff: &Staff, calendar: Calendar, fields: Fields) -> Answer {
    let (id, input) = (calendar.id, day_input(&fields));
    let year = input.as_ref().ok().map(|day| day.date.year());
    let act = move |tx: &mut Tx<'_>, access: &Access, day: &CalendarDay| {
        actions::set_calendar_day(tx, access, id, day)
    };
    match settings::submit(ctx, staff, fields, input, act).await? {
        Ok(()) => {
            let year = year.map(|year| format!("?tahun={year}")).unwrap_or_default();
            Ok(flash(&ctx.site, &format!("{HOME}/{id}{year}"), "org-flash-day-set"))
        }
        Err(refused) => {
            let form = filled(staff.prefs.locale, &calendar)?;
            page(ctx, staff, calendar, (form, refused.form), year, refused.status).await
        }
    }
}
