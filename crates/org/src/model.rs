//! Plain data of the organisation: agencies, units, people, roles, calendars, categories, tokens.
//!
//! What is shown in two languages has an `_en` twin; Indonesian is the source and the fallback
//! ([`pick`]).

use serde::{Deserialize, Serialize};
use tanggap_calendar::{Base, Date, Kind, OverrideKind, Zone};
use tanggap_kernel::id::{TokenId, UnitId, UserId};
use tanggap_kernel::{AgencyId, Locale, Timestamp, id};

use crate::rules::Role;

id!(
    /// A working calendar of an agency.
    CalendarId
);
id!(
    /// A category of an agency's reports.
    CategoryId
);

/// The wording for a language: English where it is asked for and there is one, else Indonesian.
#[must_use]
pub fn pick<'a>(locale: Locale, source: &'a str, english: &'a str) -> &'a str {
    if locale == Locale::En && !english.is_empty() { english } else { source }
}

/// A public body whose data is its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agency {
    /// Its id.
    pub id: AgencyId,
    /// Its name in addresses: lower-case letters, digits and hyphens.
    pub slug: String,
    /// Its full name.
    pub name: String,
    /// Its name in headings.
    pub short_name: String,
    /// The zone of its offices: legal dates are dates in it.
    pub zone: Zone,
    /// Its default calendar.
    pub calendar_id: Option<CalendarId>,
    /// Postal address.
    pub address: String,
    /// Telephone.
    pub phone: String,
    /// E-mail.
    pub email: String,
    /// Who manages complaints.
    pub manager: ComplaintManager,
    /// Everything else that it sets.
    pub settings: AgencySettings,
    /// When it was set up.
    pub created_at: Timestamp,
    /// For telling concurrent changes apart.
    pub version: i64,
}

impl Agency {
    /// Its name in a language.
    #[must_use]
    pub fn name_in(&self, locale: Locale) -> &str {
        pick(locale, &self.name, &self.settings.name_en)
    }
}

/// Who manages complaints and where, as UU 25/2009 article 36(4) has every agency publish it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ComplaintManager {
    /// The person.
    pub name: String,
    /// Their office.
    pub position: String,
    /// Their office in English; may be empty.
    pub position_en: String,
    /// Where they are found.
    pub address: String,
    /// Telephone.
    pub phone: String,
    /// WhatsApp number; may be empty.
    pub whatsapp: String,
    /// E-mail.
    pub email: String,
    /// When they can be met.
    pub hours: String,
    /// The same in English; may be empty.
    pub hours_en: String,
}

impl ComplaintManager {
    /// Whether the agency still owes the public this name.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.name.is_empty() || (self.phone.is_empty() && self.email.is_empty())
    }
}

/// What an agency sets besides its columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgencySettings {
    /// Its name in English; may be empty.
    pub name_en: String,
    /// What it calls its complaint service; may be empty.
    pub service_name: String,
    /// Its own site; may be empty.
    pub website: String,
    /// The lines at the head of its letters.
    pub letterhead: Vec<String>,
}

/// An agency that is to be set up.
#[derive(Clone, Debug)]
pub struct NewAgency {
    /// Its name in addresses; empty: made from its short name.
    pub slug: String,
    /// Its full name.
    pub name: String,
    /// Its name in headings; empty: the full name.
    pub short_name: String,
    /// The zone of its offices.
    pub zone: Zone,
    /// Whether its first calendar is closed on joint leave.
    pub base: Base,
    /// Postal address.
    pub address: String,
    /// Telephone.
    pub phone: String,
    /// E-mail.
    pub email: String,
    /// Who manages complaints; may be filled in later.
    pub manager: ComplaintManager,
    /// Everything else.
    pub settings: AgencySettings,
}

impl NewAgency {
    /// An agency of which only the name and the zone are known yet, with a government office's
    /// calendar.
    #[must_use]
    pub fn named(name: impl Into<String>, zone: Zone) -> Self {
        Self {
            slug: String::new(),
            name: name.into(),
            short_name: String::new(),
            zone,
            base: Base::Government,
            address: String::new(),
            phone: String::new(),
            email: String::new(),
            manager: ComplaintManager::default(),
            settings: AgencySettings::default(),
        }
    }
}

/// A part of an agency that work is forwarded to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its id.
    pub id: UnitId,
    /// The unit above it: where objections and escalations go.
    pub parent_id: Option<UnitId>,
    /// Its short code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its name in English; may be empty.
    pub name_en: String,
    /// Telephone; may be empty.
    pub phone: String,
    /// E-mail; may be empty.
    pub email: String,
    /// Within how many working days it agreed to follow up (OLA).
    pub agreed_days: i64,
    /// Its own calendar; `None`: the agency's.
    pub calendar_id: Option<CalendarId>,
    /// Whether work may still be forwarded to it.
    pub active: bool,
    /// For telling concurrent changes apart.
    pub version: i64,
}

impl Unit {
    /// Its name in a language.
    #[must_use]
    pub fn name_in(&self, locale: Locale) -> &str {
        pick(locale, &self.name, &self.name_en)
    }
}

/// What somebody enters about a unit.
#[derive(Clone, Debug, Default)]
pub struct UnitInput {
    /// The unit above it.
    pub parent_id: Option<UnitId>,
    /// Its short code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its name in English; may be empty.
    pub name_en: String,
    /// Telephone; may be empty.
    pub phone: String,
    /// E-mail; may be empty.
    pub email: String,
    /// Agreed follow-up time, in working days.
    pub agreed_days: i64,
    /// Its own calendar.
    pub calendar_id: Option<CalendarId>,
    /// Whether work may be forwarded to it.
    pub active: bool,
}

/// A member of staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their sign-in name, in lower case.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Their office.
    pub title: String,
    /// The unit they belong to.
    pub unit_id: Option<UnitId>,
    /// The language they read.
    pub locale: Locale,
    /// Whether they may sign in.
    pub active: bool,
    /// Whether they use an authenticator.
    pub has_totp: bool,
    /// Whether their password was made by somebody else, so that they must choose their own
    /// before anything else.
    pub must_change_password: bool,
    /// When they were added.
    pub created_at: Timestamp,
    /// For telling concurrent changes apart.
    pub version: i64,
}

/// A role as somebody holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RoleGrant {
    /// The role.
    pub role: Role,
    /// For this unit and those under it; `None`: the whole agency.
    pub unit_id: Option<UnitId>,
}

/// A member of staff who is to be added.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Their sign-in name.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Their office; may be empty.
    pub title: String,
    /// The unit they belong to.
    pub unit_id: Option<UnitId>,
    /// The hash that [`crate::password::hash`] made.
    pub password_hash: String,
    /// Whether somebody else knows that password, so that it must be changed at the first sign-in.
    pub is_temporary: bool,
    /// The language they read.
    pub locale: Locale,
    /// Their roles.
    pub roles: Vec<RoleGrant>,
}

/// A calendar as an agency keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Its id.
    pub id: CalendarId,
    /// What people call it.
    pub name: String,
    /// Whether it is closed on joint leave.
    pub base: Base,
    /// Working hours as JSON; empty: those of government offices.
    pub hours: String,
    /// For telling concurrent changes apart.
    pub version: i64,
}

/// An exception of a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarDay {
    /// The day.
    pub date: Date,
    /// What it does.
    pub kind: OverrideKind,
    /// What people read as the reason.
    pub name: String,
    /// The decision behind it.
    pub decree: String,
}

/// What a question is answered with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    /// A line of text.
    #[default]
    Text,
    /// One of the choices.
    Choice,
    /// A number.
    Number,
    /// A date.
    Date,
}

impl QuestionKind {
    /// All of them, the most usual first.
    pub const ALL: [Self; 4] = [Self::Text, Self::Choice, Self::Number, Self::Date];

    /// Its word in files, forms and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Choice => "choice",
            Self::Number => "number",
            Self::Date => "date",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One of the answers that a question offers; its Indonesian label is the value that is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionChoice {
    /// What is shown and kept.
    pub label: String,
    /// The same in English; may be empty.
    #[serde(default)]
    pub label_en: String,
}

impl QuestionChoice {
    /// Its label in a language.
    #[must_use]
    pub fn label_in(&self, locale: Locale) -> &str {
        pick(locale, &self.label, &self.label_en)
    }
}

/// A question that a category asks on the report form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its stable name: lower-case letters, digits and underscores.
    pub key: String,
    /// The question.
    pub label: String,
    /// The question in English; may be empty.
    #[serde(default)]
    pub label_en: String,
    /// What it is answered with.
    #[serde(default)]
    pub kind: QuestionKind,
    /// The answers it offers, where it offers any.
    #[serde(default)]
    pub choices: Vec<QuestionChoice>,
    /// Whether it must be answered.
    #[serde(default)]
    pub required: bool,
}

impl Question {
    /// The question in a language.
    #[must_use]
    pub fn label_in(&self, locale: Locale) -> &str {
        pick(locale, &self.label, &self.label_en)
    }
}

/// What a report can be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Its id.
    pub id: CategoryId,
    /// Its name in addresses and the API.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Its name in English; may be empty.
    pub name_en: String,
    /// What belongs to it.
    pub hint: String,
    /// The same in English; may be empty.
    pub hint_en: String,
    /// Words by which people look for it.
    pub words: Vec<String>,
    /// The kind of report it usually is.
    pub kind: Option<Kind>,
    /// The unit that usually follows it up.
    pub unit_id: Option<UnitId>,
    /// Its own questions.
    pub questions: Vec<Question>,
    /// Whether it is offered.
    pub active: bool,
    /// Its place in lists.
    pub position: i64,
    /// For telling concurrent changes apart.
    pub version: i64,
}

impl Category {
    /// Its name in a language.
    #[must_use]
    pub fn name_in(&self, locale: Locale) -> &str {
        pick(locale, &self.name, &self.name_en)
    }

    /// Its hint in a language.
    #[must_use]
    pub fn hint_in(&self, locale: Locale) -> &str {
        pick(locale, &self.hint, &self.hint_en)
    }
}

/// What somebody enters about a category.
#[derive(Clone, Debug, Default)]
pub struct CategoryInput {
    /// Its name in addresses; empty: made from its name.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Its name in English; may be empty.
    pub name_en: String,
    /// What belongs to it.
    pub hint: String,
    /// The same in English; may be empty.
    pub hint_en: String,
    /// Words by which people look for it.
    pub words: Vec<String>,
    /// The kind of report it usually is.
    pub kind: Option<Kind>,
    /// The unit that usually follows it up.
    pub unit_id: Option<UnitId>,
    /// Its own questions.
    pub questions: Vec<Question>,
    /// Whether it is offered.
    pub active: bool,
    /// Its place in lists.
    pub position: i64,
}

/// A bearer token of the API; its secret is known to its holder only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id.
    pub id: TokenId,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<crate::rules::TokenScope>,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A law profile that an agency put in place of the program's.
#[derive(Clone, Debug)]
pub struct LawOverride {
    /// Its name.
    pub id: String,
    /// Its version.
    pub version: i64,
    /// The kind of report it rules, as its word.
    pub kind: String,
    /// Its text in TOML.
    pub text: String,
    /// When it was put in place.
    pub created_at: Timestamp,
    /// Since when it binds no new case.
    pub retired_at: Option<Timestamp>,
}
