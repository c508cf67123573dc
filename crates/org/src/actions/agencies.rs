//! Setting up and changing an agency, and adding further ones under the same roof.

use serde_json::json;
use tanggap_calendar::{Base, Zone};
use tanggap_kernel::access::Permission;
use tanggap_kernel::error::Check;
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, AgencyId, Error, Refusal, Result, params};
use tanggap_store::Tx;

use super::{email, event, plan_recount, short, text, trimmed};
use crate::model::{
    AgencySettings, CalendarId, CategoryId, CategoryInput, ComplaintManager, NewAgency, NewUser,
    RoleGrant,
};
use crate::rules::{self, Role};
use crate::store::{self, agencies as agency_rows, calendars as calendar_rows};

/// Sets up an agency with a calendar and the category `umum`. It has no people yet. Who may do so
/// is the caller's to know: the empty installation, the command line, or [`open_agency`].
///
/// # Errors
/// [`Refusal::Invalid`] for unusable input or a name in addresses that is taken.
pub fn create_agency(tx: &mut Tx<'_>, input: &NewAgency) -> Result<AgencyId> {
    let short_name = if input.short_name.trim().is_empty() {
        trimmed(&input.name)
    } else {
        trimmed(&input.short_name)
    };
    let slug = match input.slug.trim() {
        "" => rules::slug_of(&short_name),
        slug => slug.to_owned(),
    };
    let mut check = Check::new();
    text(&mut check, "name", &input.name, 160);
    short(&mut check, "short_name", &short_name, 80);
    check.require(rules::is_slug(&slug) || short_name.is_empty(), "slug", "org-invalid-slug");
    contact(&mut check, &input.address, &input.phone, &input.email);
    check.done()?;

    let id: AgencyId = tx.id();
    let calendar: CalendarId = tx.id();
    let access = Access::system(id);
    let (manager, settings) =
        (serde_json::to_string(&input.manager)?, serde_json::to_string(&input.settings)?);
    let (zone, now) = (input.zone.iana(), tx.now());
    let added = tx.exec(
        &agency_rows::INSERT,
        params![
            id,
            &slug,
            input.name.trim(),
            &short_name,
            zone,
            calendar,
            input.address.trim(),
            input.phone.trim(),
            input.email.trim(),
            manager,
            settings,
            now
        ],
    )?;
    if added == 0 {
        return Err(Refusal::field("slug", "org-invalid-taken").into());
    }
    let base = crate::word_of(input.base);
    let name = match input.base {
        Base::Government => "Kalender kantor pemerintah",
        Base::National => "Kalender kerja",
    };
    tx.put(&calendar_rows::INSERT, params![id, calendar, name, base, ""])?;
    let body = json!({ "slug": slug, "zone": zone, "calendar": calendar });
    tx.announce(event(&access, "agency.created", "agency", id.0).with(body));
    general_category(tx, &access)?;
    Ok(id)
}

/// The category that takes whatever fits no other.
fn general_category(tx: &mut Tx<'_>, access: &Access) -> Result<CategoryId> {
    super::create_category(
        tx,
        access,
        &CategoryInput {
            slug: "umum".into(),
            name: "Umum dan lainnya".into(),
            name_en: "General and other".into(),
            hint: "Bila tidak ada kategori lain yang cocok.".into(),
            hint_en: "Where no other category fits.".into(),
            active: true,
            position: 1000,
            ..CategoryInput::default()
        },
    )
}

/// Adds an agency under this roof with its first administrator. From then on it is theirs: whoever
/// added it sees nothing of it but what is public.
///
/// # Errors
/// [`Refusal::Forbidden`] for all but hosts, or [`Refusal::Invalid`], where what is wrong with the
/// administrator is named `user_…`.
pub fn open_agency(
    tx: &mut Tx<'_>,
    access: &Access,
    input: &NewAgency,
    first: &NewUser,
) -> Result<(AgencyId, UserId)> {
    access.require(Permission::AgenciesManage, None)?;
    let agency = create_agency(tx, input)?;
    let administrator = RoleGrant { role: Role::Administrator, unit_id: None };
    let first = NewUser { unit_id: None, roles: vec![administrator], ..first.clone() };
    let user = super::create_user(tx, &Access::system(agency), &first).map_err(of_user)?;
    let body = json!({ "name": input.name.trim() });
    tx.announce(event(access, "agency.opened", "agency", agency.0).with(body));
    Ok((agency, user))
}

/// Tells apart what is wrong with the person from what is wrong with the agency.
fn of_user(error: Error) -> Error {
    let Error::Refused(Refusal::Invalid(mut errors)) = error else { return error };
    for error in &mut errors {
        error.field = format!("user_{}", error.field);
    }
    Refusal::Invalid(errors).into()
}

/// What an administrator enters about the agency.
#[derive(Clone, Debug)]
pub struct AgencyInput {
    /// Its full name.
    pub name: String,
    /// Its name in headings.
    pub short_name: String,
    /// The zone of its offices.
    pub zone: Zone,
    /// Its default calendar.
    pub calendar_id: CalendarId,
    /// Postal address.
    pub address: String,
    /// Telephone.
    pub phone: String,
    /// E-mail.
    pub email: String,
    /// Who manages complaints.
    pub manager: ComplaintManager,
    /// Everything else.
    pub settings: AgencySettings,
    /// The version that was changed.
    pub version: i64,
}

/// Changes the agency. The event `agency.changed` tells whether its calendar or zone changed, so
/// that running deadlines are counted anew.
///
/// # Errors
/// [`Refusal::Forbidden`], [`Refusal::Invalid`], or [`Refusal::Stale`].
pub fn update_agency(tx: &mut Tx<'_>, access: &Access, input: &AgencyInput) -> Result<()> {
    access.require(Permission::OrgManage, None)?;
    let old = store::agency(tx, access.agency_id)?.ok_or(Refusal::NotFound)?;
    let mut check = Check::new();
    text(&mut check, "name", &input.name, 160);
    text(&mut check, "short_name", &input.short_name, 80);
    contact(&mut check, &input.address, &input.phone, &input.email);
    email(&mut check, "manager_email", &input.manager.email);
    for (field, value) in [
        ("manager_name", &input.manager.name),
        ("manager_position", &input.manager.position),
        ("manager_hours", &input.manager.hours),
        ("name_en", &input.settings.name_en),
    ] {
        short(&mut check, field, value, 300);
    }
    let known = store::calendar(tx, access, input.calendar_id)?.is_some();
    check.require(known, "calendar", "ui-invalid-choice");
    check.done()?;

    let changed = tx.exec(
        &agency_rows::UPDATE,
        params![
            access.agency_id,
            input.version,
            input.name.trim(),
            input.short_name.trim(),
            input.zone.iana(),
            input.calendar_id,
            input.address.trim(),
            input.phone.trim(),
            input.email.trim(),
            serde_json::to_string(&input.manager)?,
            serde_json::to_string(&input.settings)?
        ],
    )?;
    if changed == 0 {
        return Err(Refusal::Stale.into());
    }
    let recount = old.calendar_id != Some(input.calendar_id) || old.zone != input.zone;
    let body = json!({
        "zone": input.zone.iana(),
        "calendar": input.calendar_id,
        "recount": recount,
    });
    tx.announce(event(access, "agency.changed", "agency", access.agency_id.0).with(body));
    if recount {
        plan_recount(tx, access)?;
    }
    Ok(())
}

fn contact(check: &mut Check, address: &str, phone: &str, mail: &str) {
    short(check, "address", address, 400);
    short(check, "phone", phone, 60);
    email(check, "email", mail);
}
