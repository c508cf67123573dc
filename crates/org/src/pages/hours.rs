//! Working hours in a form: two weeks, the ordinary one and that of Ramadan, a line for each
//! weekday with as many stretches as it has (`07:30-11:30, 13:00-16:30`).

use tanggap_calendar::hours::{HoursError, Week};
use tanggap_calendar::{Interval, OfficeHours, Weekday as Day};
use tanggap_kernel::{Refusal, Result};
use tanggap_ui::{FormState, Text};

use super::settings::ticked;
use crate::door::Fields;
use crate::store::calendars;

/// The fields of the two weeks: the ordinary one's, and after `r_` that of Ramadan.
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const RAMADAN: &str = "r_";

/// A weekday's lines in the form.
pub(super) struct Weekday {
    pub name: String,
    pub normal: &'static str,
    pub ramadan: String,
}

pub(super) fn weekdays(text: Text) -> Vec<Weekday> {
    let named = |(n, key): (usize, &&'static str)| Weekday {
        name: text.t(format!("ui-weekday-{}", n + 1)).into_owned(),
        normal: key,
        ramadan: format!("{RAMADAN}{key}"),
    };
    WEEKDAYS.iter().enumerate().map(named).collect()
}

/// The form with hours as they are stored. Where there are none of one's own it offers those of
/// government offices to begin from.
///
/// # Errors
/// A fault where what is stored cannot be read.
pub(super) fn filled(form: FormState, stored: &str) -> Result<FormState> {
    let hours = calendars::hours(stored)?;
    let own = !stored.is_empty();
    let source = if own { hours.source.as_str() } else { "" };
    let form = form
        .with("own_hours", ticked(own))
        .with("hours_source", source)
        .with("own_ramadan", ticked(own && hours.ramadan.is_some()));
    let ramadan = hours.ramadan.as_ref().unwrap_or(&hours.normal);
    Ok(written(written(form, "", &hours.normal), RAMADAN, ramadan))
}

fn written(form: FormState, prefix: &str, week: &Week) -> FormState {
    let days = [&week.mon, &week.tue, &week.wed, &week.thu, &week.fri, &week.sat, &week.sun];
    WEEKDAYS.iter().zip(days).fold(form, |form, (key, day)| {
        let stretches: Vec<String> = day.iter().map(ToString::to_string).collect();
        form.with(format!("{prefix}{key}"), stretches.join(", "))
    })
}

/// The hours of a form as they are stored: nothing where those of government offices apply.
///
/// # Errors
/// [`Refusal::Invalid`] at the weekday that cannot be.
pub(super) fn read(fields: &Fields) -> Result<String> {
    if !fields.is_on("own_hours") {
        return Ok(String::new());
    }
    let source = fields.get("hours_source").chars().take(200).collect();
    let normal = week(fields, "")?;
    let ordinary = OfficeHours { source, normal, ramadan: None };
    ordinary.check().map_err(|error| refusal("", &error))?;
    let ramadan = fields.is_on("own_ramadan").then(|| week(fields, RAMADAN)).transpose()?;
    let hours = OfficeHours { ramadan, ..ordinary };
    hours.check().map_err(|error| refusal(RAMADAN, &error))?;
    Ok(serde_json::to_string(&hours)?)
}

fn week(fields: &Fields, prefix: &str) -> Result<Week> {
    let mut days = WEEKDAYS.map(|key| day(fields, &format!("{prefix}{key}"))).into_iter();
    let mut next = || days.next().unwrap_or_else(|| Ok(Vec::new()));
    Ok(Week {
        mon: next()?,
        tue: next()?,
        wed: next()?,
        thu: next()?,
        fri: next()?,
        sat: next()?,
        sun: next()?,
    })
}

/// The stretches of a weekday; `07.30–12.00` is read too.
fn day(fields: &Fields, field: &str) -> Result<Vec<Interval>> {
    let stretches = fields.get(field).split([',', ';']).filter(|part| !part.trim().is_empty());
    let read = |part: &str| part.trim().replace('.', ":").replace('–', "-").parse();
    let read: Result<Vec<Interval>, HoursError> = stretches.map(read).collect();
    read.map_err(|_| Refusal::field(field, "org-invalid-hours").into())
}

/// What is wrong, at the weekday where it is.
fn refusal(prefix: &str, error: &HoursError) -> Refusal {
    let (day, key) = match error {
        HoursError::Overlap(day) => (*day, "org-invalid-hours-overlap"),
        HoursError::RamadanOnly(day) => (*day, "org-invalid-hours-ramadan"),
        // Where a whole week is wrong, its first line says so.
        _ => (Day::Monday, "org-invalid-hours"),
    };
    let at = usize::try_from(day.to_monday_zero_offset()).unwrap_or(0);
    Refusal::field(format!("{prefix}{}", WEEKDAYS[at]), key)
}

#[cfg(test)]
mod tests {
    use tanggap_kernel::{Error, Locale};

    use super::*;

    fn form(lines: &[(&str, &str)]) -> Fields {
        let pairs: Vec<String> =
            lines.iter().map(|(n, v)| format!("{n}={}", crate::door::encode(v))).collect();
        Fields::parse(pairs.join("&").as_bytes())
    }

    #[test]
    fn both_weeks_are_read_with_any_number_of_stretches() {
        let fields = form(&[
            ("own_hours", "ya"),
            ("hours_source", "SK Direktur 12/2026"),
            ("mon", "07.00–12.00, 13.00–16.00; 18.00-21.00"),
            ("fri", "7:30-11:30,13:00-16:30"),
            ("own_ramadan", "ya"),
            ("r_mon", "08:00-12:00"),
            ("r_fri", "08:00-11:30, 12:30-15:30"),
        ]);
        let stored = read(&fields).expect("sound");
        let hours: OfficeHours = crate::json(&stored).expect("JSON");
        assert_eq!((hours.normal.mon.len(), hours.normal.fri.len()), (3, 2));
        assert_eq!(hours.ramadan.as_ref().map(|week| week.fri.len()), Some(2));
        let shown = filled(FormState::new(Locale::Id), &stored).expect("a form");
        assert_eq!(shown.value("fri"), "07:30-11:30, 13:00-16:30");
        assert_eq!(shown.value("r_mon"), "08:00-12:00");
        assert_eq!(shown.value("hours_source"), "SK Direktur 12/2026");
        assert!(shown.has("own_ramadan", "ya"));
    }

    #[test]
    fn the_hours_of_government_offices_are_offered_and_not_stored() {
        let shown = filled(FormState::new(Locale::Id), "").expect("a form");
        assert!(!shown.has("own_hours", "ya"));
        assert_eq!(shown.value("fri"), "07:30-11:30, 13:00-16:30");
        assert_eq!(shown.value("r_fri"), "08:00-11:30, 12:30-15:30");
        assert_eq!(read(&form(&[("mon", "07:30-16:00")])).expect("sound"), "");
    }

    #[test]
    fn what_is_wrong_is_told_at_its_own_line() {
        let own = ("own_hours", "ya");
        let ramadan = ("own_ramadan", "ya");
        for (lines, field) in [
            (&[own, ("tue", "pagi")][..], "tue"),
            (&[own, ("wed", "08:00-12:00, 11:00-15:00")], "wed"),
            (&[own], "mon"),
            (&[own, ramadan, ("mon", "08:00-12:00"), ("r_tue", "08:00-12:00")], "r_mon"),
            (&[own, ramadan, ("mon", "08:00-12:00"), ("r_mon", "8-12")], "r_mon"),
        ] {
            match read(&form(lines)) {
                Err(Error::Refused(Refusal::Invalid(errors))) => assert_eq!(errors[0].field, field),
                other => panic!("{lines:?}: {other:?}"),
            }
        }
    }
}
