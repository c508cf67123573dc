//! The agency of the demo: its units, its staff with their roles, its categories.

use std::collections::HashMap;

use tanggap_calendar::Zone;
use tanggap_conversations::accounts::{self, AccountInput};
use tanggap_conversations::chat;
use tanggap_kernel::id::UnitId;
use tanggap_kernel::{Access, AgencyId, Fault, Locale, Result};
use tanggap_org::actions as org;
use tanggap_org::model::{
    AgencySettings, CategoryInput, ComplaintManager, NewAgency, NewUser, Question, QuestionChoice,
    QuestionKind, RoleGrant, UnitInput,
};
use tanggap_org::rules::Role;
use tanggap_store::Tx;

use super::corpus::{AgencyFile, CategoryText, Corpus, QuestionText, StaffText};

/// The zone of the demo's offices.
pub(super) const ZONE: Zone = Zone::Wib;

/// Who plays in the demo.
pub(super) struct Cast {
    pub(super) agency: AgencyId,
    /// By their keys.
    pub(super) units: HashMap<String, UnitId>,
    /// What each member of staff may do, in the order of the file.
    pub(super) staff: Vec<Access>,
    /// Who takes reports in.
    pub(super) agents: Vec<usize>,
    /// Who decides objections.
    pub(super) supervisors: Vec<usize>,
    /// Who follows up, by the key of their unit.
    pub(super) officers: HashMap<String, Vec<usize>>,
}

/// Sets the agency up.
pub(super) fn found(tx: &mut Tx<'_>, corpus: &Corpus, password_hash: &str) -> Result<Cast> {
    let agency = org::create_agency(tx, &new_agency(&corpus.agency))?;
    let access = Access::system(agency);
    let mut units = HashMap::new();
    for unit in &corpus.agency.units {
        let parent_id = unit.parent.as_ref().and_then(|parent| units.get(parent).copied());
        let input = UnitInput {
            parent_id,
            code: unit.code.clone(),
            name: unit.name_id.clone(),
            name_en: unit.name_en.clone(),
            phone: unit.phone.clone(),
            email: unit.email.clone(),
            agreed_days: unit.agreed_days,
            calendar_id: None,
            active: true,
        };
        units.insert(unit.key.clone(), org::create_unit(tx, &access, &input)?);
    }
    for (position, category) in corpus.categories.iter().enumerate() {
        put_category(tx, &access, category, position, units.get(&category.unit).copied())?;
    }
    let mut cast = Cast {
        agency,
        units,
        staff: Vec::new(),
        agents: Vec::new(),
        supervisors: Vec::new(),
        officers: HashMap::new(),
    };
    for person in &corpus.agency.staff {
        hire(tx, &access, &mut cast, person, &corpus.agency.agency.mail_domain, password_hash)?;
    }
    open_chat(tx, &access)?;
    Ok(cast)
}

/// A chat that is open day and night, so that whoever looks at the demo finds somebody there.
fn open_chat(tx: &mut Tx<'_>, access: &Access) -> Result<()> {
    let settings = chat::Settings { hours: chat::Hours::Always, ..chat::Settings::default() };
    let input = AccountInput {
        channel: chat::CHANNEL,
        name: "Situs kabupaten".to_owned(),
        address: "situs".to_owned(),
        settings: settings.to_json(),
        secrets: Vec::new(),
        active: true,
    };
    accounts::create(tx, access, &input).map(drop)
}

fn new_agency(file: &AgencyFile) -> NewAgency {
    let (own, manager) = (&file.agency, &file.complaint_manager);
    NewAgency {
        slug: String::new(),
        name: own.name.clone(),
        short_name: own.short_name.clone(),
        zone: ZONE,
        base: tanggap_calendar::Base::Government,
        address: own.address.clone(),
        phone: own.phone.clone(),
        email: own.email.clone(),
        manager: ComplaintManager {
            name: manager.name.clone(),
            position: manager.position_id.clone(),
            position_en: manager.position_en.clone(),
            address: manager.address.clone(),
            phone: manager.phone.clone(),
            whatsapp: manager.whatsapp.clone(),
            email: manager.email.clone(),
            hours: manager.hours_id.clone(),
            hours_en: manager.hours_en.clone(),
        },
        settings: AgencySettings {
            name_en: own.name_en.clone(),
            service_name: own.service_name.clone(),
            website: own.website.clone(),
            letterhead: own.letterhead.clone(),
        },
    }
}

fn put_category(
    tx: &mut Tx<'_>,
    access: &Access,
    text: &CategoryText,
    position: usize,
    unit_id: Option<UnitId>,
) -> Result<()> {
    let input = CategoryInput {
        slug: text.slug.clone(),
        name: text.name_id.clone(),
        name_en: text.name_en.clone(),
        hint: text.hint_id.clone(),
        hint_en: text.hint_en.clone(),
        words: text.words.clone(),
        kind: text.kind.parse().ok(),
        unit_id,
        questions: text.questions.iter().map(question).collect(),
        active: true,
        position: i64::try_from(position).unwrap_or(0) + 1,
    };
    // The category for everything else comes with every agency.
    match tanggap_org::category_by_slug(tx, access, &text.slug)? {
        Some(known) => {
            org::update_category(tx, access, known.id, known.version, &input)?;
        }
        None => {
            org::create_category(tx, access, &input)?;
        }
    }
    Ok(())
}

fn question(text: &QuestionText) -> Question {
    let choices = text.choices_id.iter().enumerate().map(|(at, label)| QuestionChoice {
        label: label.clone(),
        label_en: text.choices_en.get(at).cloned().unwrap_or_default(),
    });
    Question {
        key: text.key.clone(),
        label: text.label_id.clone(),
        label_en: text.label_en.clone(),
        kind: QuestionKind::parse(&text.kind).unwrap_or_default(),
        choices: choices.collect(),
        required: text.required,
    }
}

fn hire(
    tx: &mut Tx<'_>,
    access: &Access,
    cast: &mut Cast,
    person: &StaffText,
    domain: &str,
    password_hash: &str,
) -> Result<()> {
    let unit_id = cast.units.get(&person.unit).copied();
    let roles: Vec<RoleGrant> = person
        .roles
        .iter()
        .filter_map(|word| Role::parse(word))
        .map(|role| RoleGrant { role, unit_id: unit_id.filter(|_| role.needs_unit()) })
        .collect();
    let has = |role| roles.iter().any(|grant| grant.role == role);
    let at = cast.staff.len();
    if has(Role::Agent) {
        cast.agents.push(at);
    }
    if has(Role::Supervisor) {
        cast.supervisors.push(at);
    }
    if has(Role::UnitOfficer) {
        cast.officers.entry(person.unit.clone()).or_default().push(at);
    }
    let new = NewUser {
        email: format!("{}@{domain}", person.email),
        name: person.name.clone(),
        title: person.title.clone(),
        unit_id,
        password_hash: password_hash.to_owned(),
        is_temporary: false,
        locale: Locale::Id,
        roles,
    };
    let id = org::create_user(tx, access, &new)?;
    let gone = || Fault::new("a member of staff is gone at once");
    let user = tanggap_org::user(tx, access, id)?.ok_or_else(gone)?;
    cast.staff.push(tanggap_org::access_of(tx, access.agency_id, &user)?);
    Ok(())
}
